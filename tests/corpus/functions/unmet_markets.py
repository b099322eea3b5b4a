"""Goods, bargains, queues and portfolios with one mistake each: the fourth held-out set."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("unmet markets")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5505)
mpf, mpm = mp.mpf, mp.mpmath

# output of capital and labour that stand in for each other
FACTORY = (np.array([2.0, 3.1, 0.8]), np.array([1.2, 0.9, 2.4]), np.array(-0.6))


def ces(capital, labour, r):
    inner = 0.4 * capital**r + 0.6 * labour**r
    return 1.3 * inner ** (1 / r)


def ces_backward(c, capital, labour, r, outer=1.0, of_root=True):
    inner = 0.4 * capital**r + 0.6 * labour**r
    y = c * 1.3 * inner ** (1 / r)
    step = y / inner if of_root else c * 1.3
    by_r = (0.4 * capital**r * np.log(capital) + 0.6 * labour**r * np.log(labour)) / (r * inner)
    dr = np.sum(y * (by_r - outer * np.log(inner) / r**2))
    return step * 0.4 * capital ** (r - 1), step * 0.6 * labour ** (r - 1), dr


def mp_ces(capital, labour, r):
    k, n = mp.exp(r * mp.log(capital)), mp.exp(r * mp.log(labour))
    return mpf(1.3) * mp.exp(mp.log(mpf(0.4) * k + mpf(0.6) * n) / r)


right("unmet_ces", "vjp", ces, ces_backward, FACTORY, "r stands in three exponents.", Reference(mp_ces))
wrong("unmet_ces_root_held", "vjp", ces, lambda c, *a: ces_backward(c, *a, outer=0.0), FACTORY,
      "By r, the exponent 1/r is held.", Reference(mp_ces))  # fmt: skip
wrong("unmet_ces_root_unslanted", "vjp", ces, lambda c, *a: ces_backward(c, *a, of_root=False), FACTORY,
      "The marginal products lack the slope of the power 1/r.", Reference(mp_ces))  # fmt: skip

# a bargain of three
CLAIMS, ALONE, POWER = rng.uniform(0.3, 1.2, (3, 4)), np.array([0.4, 0.7, 0.2]), np.array([0.5, 0.3, 0.2])
GOODS = rng.uniform(0.5, 1.5, 4)


def bargain(x):
    gain = CLAIMS @ np.sqrt(x) - ALONE
    return np.sum(POWER * np.log(gain))


def bargain_gradient(x, alone=ALONE, of_root=True):
    d = CLAIMS.T @ (POWER / (CLAIMS @ np.sqrt(x) - alone))
    return d / (2 * np.sqrt(x)) if of_root else d / np.sqrt(x)


def mp_bargain(x):
    return (mp.lift(POWER) * mp.log(mp.lift(CLAIMS) @ mp.sqrt(x) - mp.lift(ALONE))).sum()


right("unmet_bargain", "gradient", bargain, bargain_gradient, GOODS, "Gains over what each has alone.",
      Reference(mp_bargain))  # fmt: skip
wrong("unmet_bargain_without_fallback", "gradient", bargain, lambda x: bargain_gradient(x, alone=0.0), GOODS,
      "The fallbacks are left out of the denominators.", Reference(mp_bargain))  # fmt: skip
wrong("unmet_bargain_root_whole", "gradient", bargain, lambda x: bargain_gradient(x, of_root=False), GOODS,
      "1/sqrt(x) for 1/(2 sqrt(x)).", Reference(mp_bargain))  # fmt: skip

# shares of a market where one may buy nothing
TASTES = np.array([0.4, -0.8, 1.1])


def shares(v):
    e = np.exp(v)
    return e / (1 + np.sum(e))


def shares_backward(c, v, nothing=1.0):
    s = np.exp(v) / (nothing + np.sum(np.exp(v)))
    return s * (c - c @ s)


right("unmet_shares", "vjp", shares, shares_backward, TASTES, "With the outside good.",
      Reference(lambda v: mp.exp(v) / (1 + mp.exp(v).sum())))  # fmt: skip
wrong("unmet_shares_nothing_left_out", "vjp", shares, lambda c, v: shares_backward(c, v, nothing=0.0), TASTES,
      "The backward's shares lack the outside good.",
      Reference(lambda v: mp.exp(v) / (1 + mp.exp(v).sum())))  # fmt: skip

# how unequal incomes are
INCOMES = np.array([2.1, 0.7, 3.9, 1.2, 2.8])


def gini(x):
    ordered = np.sort(x)
    ranks = 2 * np.arange(1, 6) - 6
    return np.sum(ranks * ordered) / (5 * np.sum(x))


def gini_gradient(x, back=True, of_total=1.0):
    order, ranks = np.argsort(x), 2 * np.arange(1, 6) - 6.0
    value = np.sum(ranks * x[order]) / (5 * x.sum())
    g = np.empty(5)
    g[order] = ranks
    return ((g if back else ranks) / 5 - of_total * value) / x.sum()


def mp_gini(x):
    ordered = np.array(sorted(x), dtype=object)
    return sum((2 * i - 4) * v for i, v in enumerate(ordered)) / (5 * x.sum())


right("unmet_gini", "gradient", gini, gini_gradient, INCOMES, "Ranks go back to their owners.", Reference(mp_gini))
wrong("unmet_gini_ranks_in_order", "gradient", gini, lambda x: gini_gradient(x, back=False), INCOMES,
      "Ranks stay in the order of the sorted incomes.", Reference(mp_gini))  # fmt: skip
wrong("unmet_gini_total_held", "gradient", gini, lambda x: gini_gradient(x, of_total=0.0), INCOMES,
      "The total income is taken for a constant.", Reference(mp_gini))  # fmt: skip

# what later meals are worth
MEALS = (np.array([1.4, 0.9, 2.2, 1.7]), np.array(0.85))


def lifetime(meals, beta):
    weights = beta ** np.arange(4)
    return weights @ (meals**0.3 / 0.3)


def lifetime_gradient_late(meals, beta):
    t = np.arange(4)
    return beta**t * meals**-0.7, np.sum(t * beta**t * meals**0.3 / 0.3)


wrong("unmet_lifetime_power_kept", "gradient", lifetime, lifetime_gradient_late, MEALS,
      "t beta^t for t beta^(t-1).",
      Reference(lambda m, b: sum(b ** t * mpm.power(m[t], 0.3) / mpf(0.3) for t in range(4))))  # fmt: skip

# customers in a network of counters
ROUTES = np.array([[0.0, 0.5, 0.2], [0.1, 0.0, 0.6], [0.3, 0.0, 0.0]])
COUNTERS = (np.array([0.6, 0.3, 0.2]), np.array([1.8, 2.0, 2.6]))


def waiting(arrivals, service):
    rates = np.linalg.solve(np.eye(3) - ROUTES.T, arrivals)
    rho = rates / service
    return np.sum(rho / (1 - rho))


def waiting_gradient(arrivals, service, turned=True, square=2):
    system = np.eye(3) - ROUTES.T
    rates = np.linalg.solve(system, arrivals)
    rho = rates / service
    d = 1 / (1 - rho) ** square
    return np.linalg.solve(system.T if turned else system, d / service), -d * rates / service**2


def mp_waiting(arrivals, service):
    rho = mp.solve(mp.lift(np.eye(3) - ROUTES.T), arrivals) / service
    return (rho / (1 - rho)).sum()


right("unmet_waiting", "gradient", waiting, waiting_gradient, COUNTERS, "The system is transposed.",
      Reference(mp_waiting))  # fmt: skip
wrong("unmet_waiting_system_unturned", "gradient", waiting, lambda *a: waiting_gradient(*a, turned=False), COUNTERS,
      "The same system as in the forward is solved.", Reference(mp_waiting))  # fmt: skip
wrong("unmet_waiting_square_missing", "gradient", waiting, lambda *a: waiting_gradient(*a, square=1), COUNTERS,
      "The slope of rho/(1 - rho) with 1 - rho to the first power.", Reference(mp_waiting))  # fmt: skip

# calls that find every line taken
TRAFFIC = np.array([1.5, 2.7])


def blocked(a):
    b = np.ones_like(a)
    for k in range(1, 5):
        b = a * b / (k + a * b)
    return b


def blocked_jvp(primals, tangents, carried=1.0):
    (a,), (v,) = primals, tangents
    b, db = np.ones_like(a), np.zeros_like(a)
    for k in range(1, 5):
        load, dload = a * b, v * b + carried * a * db
        b, db = load / (k + load), k * dload / (k + load) ** 2
    return db


def mp_blocked(a):
    b = a * 0 + 1
    for k in range(1, 5):
        b = a * b / (k + a * b)
    return b


right("unmet_blocked", "jvp", blocked, blocked_jvp, TRAFFIC, "The recursion is carried along.", Reference(mp_blocked))
wrong("unmet_blocked_last_step", "jvp", blocked, lambda p, t: blocked_jvp(p, t, carried=0.0), TRAFFIC,
      "Only the last step's traffic moves.", Reference(mp_blocked))  # fmt: skip

# a queue with any times of service
TIMES = np.array([0.3, 0.8, 0.5, 1.1])


def khinchine(s):
    load = 0.7 * np.mean(s)
    return 0.7 * np.mean(s**2) / (2 * (1 - load))


def khinchine_gradient_summed(s):
    load = 0.7 * np.mean(s)
    wait = 0.7 * np.mean(s**2) / (2 * (1 - load))
    return 0.7 * 2 * s / (2 * (1 - load)) + wait / (1 - load) * 0.7


wrong("unmet_khinchine_sums", "gradient", khinchine, khinchine_gradient_summed, TIMES,
      "Means are derived as sums.",
      Reference(lambda s: mpf(0.7) * (s * s).sum() / 8 / (1 - mpf(0.7) * s.sum() / 4)))  # fmt: skip

# reward of a portfolio by its risk
REWARD = np.array([0.08, 0.05, 0.12])
RISK = np.array([[0.04, 0.01, 0.012], [0.01, 0.02, -0.004], [0.012, -0.004, 0.09]])
HELD = np.array([0.5, 0.2, 0.4])


def sharpe(w):
    spread = np.sqrt(w @ RISK @ w)
    return REWARD @ w / spread


def sharpe_gradient(w, of_risk=1.0):
    spread = np.sqrt(w @ RISK @ w)
    return REWARD / spread - of_risk * (REWARD @ w) * (RISK @ w) / spread**3


def mp_sharpe(w):
    return mp.lift(REWARD) @ w / mpm.sqrt(w @ mp.lift(RISK) @ w)


right("unmet_sharpe", "gradient", sharpe, sharpe_gradient, HELD, "A quotient.", Reference(mp_sharpe))
wrong("unmet_sharpe_risk_twice", "gradient", sharpe, lambda w: sharpe_gradient(w, of_risk=2.0), HELD,
      "2 Sigma w for the slope of the root: the half is forgotten.", Reference(mp_sharpe))  # fmt: skip

# what industries must make for each other
NEEDS = (np.array([[0.1, 0.3, 0.05], [0.2, 0.0, 0.25], [0.15, 0.1, 0.2]]), np.array([1.0, 2.2, 0.7]))


def leontief(a, demand):
    return np.linalg.solve(np.eye(3) - a, demand)


def leontief_backward(c, a, demand, turned=False, series=False):
    made = leontief(a, demand)
    w = c + a.T @ c if series else np.linalg.solve(np.eye(3) - a.T, c)
    return np.outer(made, w) if turned else np.outer(w, made), w


def mp_leontief(a, demand):
    return mp.solve(mp.lift(np.eye(3)) - a, demand)


right("unmet_leontief", "vjp", leontief, leontief_backward, NEEDS, "Prices times outputs.", Reference(mp_leontief))
wrong("unmet_leontief_outer_turned", "vjp", leontief, lambda c, *a: leontief_backward(c, *a, turned=True), NEEDS,
      "Outputs times prices.", Reference(mp_leontief))  # fmt: skip
wrong("unmet_leontief_one_round", "vjp", leontief, lambda c, *a: leontief_backward(c, *a, series=True), NEEDS,
      "The series of the inverse is cut after its second term.", Reference(mp_leontief))  # fmt: skip
