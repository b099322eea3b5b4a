"""Models of scientific code with one mistake in each wrong gradient."""

import numpy as np
from scipy.special import ndtr

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("blind models")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2005)
mpf, mpm = mp.mpf, mp.mpmath


def draw(*shape):
    return rng.standard_normal(shape)


# Hill's dose and response
RESPONSE = np.array([0.1, 0.35, 0.6, 0.9])
HILL_IN = (np.array([0.4, 1.1, 2.3, 5.0]), np.array(1.7), np.array(2.4))


def hill_loss(dose, half, n):
    top = dose**n
    bottom = half**n + top
    return np.sum((top / bottom - RESPONSE) ** 2)


def hill_gradient(dose, half, n, kind="right"):
    top = dose**n
    bottom = half**n + top
    w = 2 * (top / bottom - RESPONSE)
    by_top, by_bottom = w / bottom, -w * top / (bottom if kind == "quotient" else bottom**2)
    lowered = n if kind == "exponent" else n - 1
    g_dose = (by_top + by_bottom) * n * dose ** (n - 1)
    g_half = np.sum(by_bottom) * n * half**lowered
    g_n = np.sum((by_top + by_bottom) * top * np.log(dose))
    if kind != "logarithm":
        g_n = g_n + np.sum(by_bottom) * half**n * np.log(half)
    return g_dose, g_half, g_n


def mp_hill(dose, half, n):
    top = mp.power(dose, n)
    return ((top / (mp.power(half, n) + top) - mp.lift(RESPONSE)) ** 2).sum()


HILL = Reference(mp_hill)
for kind, label, why in (
    ("right", right, "Doses, half-saturation and exponent."),
    ("quotient", wrong, "The denominator is not squared."),
    ("exponent", wrong, "d half^n has the exponent n, not n - 1."),
    ("logarithm", wrong, "half^n is taken not to depend on n."),
):
    label(
        "hill_response" + ("" if kind == "right" else f"_{kind}"), "gradient", hill_loss,
        lambda d, h, n, kind=kind: hill_gradient(d, h, n, kind), HILL_IN, why, HILL,
    )  # fmt: skip


# diffusion with walls
def diffuse(u, kappa):
    for _ in range(3):
        padded = np.concatenate([u[:1], u, u[-1:]])
        flux = padded[1:] - padded[:-1]
        u = u + kappa * (flux[1:] - flux[:-1])
    return u


def diffuse_vjp(c, u, kappa, kind="right"):
    def curvature(v):
        flux = np.diff(np.concatenate([v[:1], v, v[-1:]]))
        return flux[1:] - flux[:-1]

    states = [u]
    for _ in range(2):
        states.append(states[-1] + kappa * curvature(states[-1]))
    by_kappa = 0.0
    for v in reversed(states[2:] if kind == "last" else states):
        by_kappa = by_kappa + c @ curvature(v)
        bent = curvature(c)
        if kind == "walls":
            bent[[0, -1]] = 0.0
        c = c + kappa * (-bent if kind == "sign" else bent)
    return c, by_kappa


def mp_diffuse(u, kappa):
    for _ in range(3):
        v = [u[0], *u, u[-1]]
        u = np.array([v[i] + kappa * (v[i - 1] - 2 * v[i] + v[i + 1]) for i in range(1, len(v) - 1)], dtype=object)
    return u


DIFFUSE, DIFFUSE_IN = Reference(mp_diffuse), (draw(6), np.array(0.2))
for kind, label, why in (
    ("right", right, "The stencil is its own adjoint, walls included."),
    ("walls", wrong, "Cells at the walls are not bent back."),
    ("sign", wrong, "The flux enters with the wrong sign."),
    ("last", wrong, "Only the last of three steps."),
):
    label(
        "diffusion_with_walls" + ("" if kind == "right" else f"_{kind}"), "vjp", diffuse,
        lambda c, u, k, kind=kind: diffuse_vjp(c, u, k, kind), DIFFUSE_IN, why, DIFFUSE,
    )  # fmt: skip

# Plackett and Luce's model of rankings
RANKING = np.array([2, 0, 3, 1])


def ranking_loss(theta):
    loss = 0.0
    for k in range(4):
        rest = theta[RANKING[k:]]
        total = np.sum(np.exp(rest))
        loss = loss - theta[RANKING[k]] + np.log(total)
    return loss


def ranking_gradient(theta, kind="right"):
    g = np.zeros_like(theta)
    for k in range(4):
        rest = RANKING[k:]
        e = np.exp(theta[rest])
        if kind != "constant":
            g[rest] += e if kind == "logarithm" else e / e.sum()
        g[RANKING[k]] -= 1
    return g


RANKED = Reference(lambda q: sum(mpm.log(mp.exp(q[RANKING[k:]]).sum()) - q[RANKING[k]] for k in range(4)))
for kind, label, why in (
    ("right", right, "Every stage its softmax."),
    ("constant", wrong, "The normalisers are treated as constants."),
    ("logarithm", wrong, "The slope 1 / total of the logarithm is missing."),
):
    label(
        "ranking_likelihood" + ("" if kind == "right" else f"_{kind}"), "gradient", ranking_loss,
        lambda q, kind=kind: ranking_gradient(q, kind), draw(4), why, RANKED,
    )  # fmt: skip


# a queue: waiting times cumulate
ARRIVALS, PRICE = draw(6), np.array([1.0, 0.5, 2.0, 0.3, 0.8, 1.2])


def waiting_cost(log_service):
    service = np.exp(log_service)
    finished = np.cumsum(service)
    return PRICE @ np.sqrt(1.0 + finished**2)


def waiting_gradient(log_service, gather):
    service = np.exp(log_service)
    finished = np.cumsum(service)
    return service * gather(PRICE * finished / np.sqrt(1.0 + finished**2))


WAITING = Reference(lambda q: (mp.lift(PRICE) * mp.sqrt(1 + np.cumsum(mp.exp(q)) ** 2)).sum())
for name, label, gather, why in (
    ("", right, lambda g: g[::-1].cumsum()[::-1], "Summed from the end."),
    ("_same_way", wrong, np.cumsum, "Summed in the direction of the forward pass."),
    ("_exclusive", wrong, lambda g: g[::-1].cumsum()[::-1] - g, "One's own finishing time is left out."),
):
    label(
        f"queue_waiting{name}", "gradient", waiting_cost,
        lambda q, gather=gather: waiting_gradient(q, gather), draw(6) * 0.5, why, WAITING,
    )  # fmt: skip


# a power law with an offset
AGES, SIZES = np.array([0.5, 1.0, 2.5, 4.0, 7.0]), np.array([0.7, 1.1, 2.0, 2.6, 3.9])


def power_law(a, b, shift):
    base = AGES + shift
    model = a * base**b
    return np.sum((np.log(SIZES) - np.log(model)) ** 2) + 0.01 * np.sum((SIZES - model) ** 2)


def power_law_gradient(a, b, shift, kind="right"):
    base = AGES + shift
    model = a * base**b
    w = -2 * (np.log(SIZES) - np.log(model)) / (1.0 if kind == "logarithm" else model)
    w = w - 0.02 * (SIZES - model)
    by_exponent = w * b * model if kind == "exponent" else w * model * np.log(base)
    by_base = w * a * base ** (b - 1) if kind == "factor" else w * a * b * base ** (b if kind == "kept" else b - 1)
    return np.sum(w * base**b), np.sum(by_exponent), np.sum(by_base)


def mp_power_law(a, b, shift):
    model = a * mp.power(mp.lift(AGES) + shift, b)
    sizes = mp.lift(SIZES)
    return ((mp.log(sizes) - mp.log(model)) ** 2).sum() + mpf(0.01) * ((sizes - model) ** 2).sum()


LAW, LAW_IN = Reference(mp_power_law), (np.array(1.2), np.array(0.65), np.array(0.3))
for kind, label, why in (
    ("right", right, "Factor, exponent and offset."),
    ("logarithm", wrong, "The slope of the second logarithm is forgotten."),
    ("exponent", wrong, "b a x^b for the exponent, without its logarithm."),
    ("factor", wrong, "The factor b of the power rule is forgotten."),
    ("kept", wrong, "The exponent is not lowered."),
):
    label(
        "power_law_fit" + ("" if kind == "right" else f"_{kind}"), "gradient", power_law,
        lambda a, b, s, kind=kind: power_law_gradient(a, b, s, kind), LAW_IN, why, LAW,
    )  # fmt: skip

# bonds of a molecule, a stencil of gathered nodes
BONDS = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [1, 3]])
REST = np.array([1.0, 1.2, 0.9, 1.1, 1.5])


def bond_energy(x):
    arms = x[BONDS[:, 0]] - x[BONDS[:, 1]]
    lengths = np.sqrt(np.sum(arms**2, axis=1))
    return 0.5 * np.sum((lengths - REST) ** 2)


def bond_gradient(x, kind="right"):
    arms = x[BONDS[:, 0]] - x[BONDS[:, 1]]
    lengths = np.sqrt(np.sum(arms**2, axis=1))
    pull = (lengths - REST)[:, None] * (arms if kind == "length" else arms / lengths[:, None])
    g = np.zeros_like(x)
    if kind == "buffered":
        g[BONDS[:, 0]] += pull
        g[BONDS[:, 1]] -= pull
        return g
    np.add.at(g, BONDS[:, 0], pull)
    if kind != "one_end":
        np.add.at(g, BONDS[:, 1], pull if kind == "sign" else -pull)
    return g


def mp_bond_energy(x):
    lengths = mp.sqrt(((x[BONDS[:, 0]] - x[BONDS[:, 1]]) ** 2).sum(axis=1))
    return ((lengths - mp.lift(REST)) ** 2).sum() / 2


BOND, BOND_IN = Reference(mp_bond_energy), draw(4, 3)
for kind, label, why in (
    ("right", right, "Scattered to both ends."),
    ("length", wrong, "arms are not divided by their lengths."),
    ("buffered", wrong, "g[index] += loses nodes that occur twice."),
    ("one_end", wrong, "The second end gets nothing."),
    ("sign", wrong, "The second end is pulled the same way."),
):
    label(
        "bonds_of_a_molecule" + ("" if kind == "right" else f"_{kind}"), "gradient", bond_energy,
        lambda x, kind=kind: bond_gradient(x, kind), BOND_IN, why, BOND,
    )  # fmt: skip

# residuals with heavy tails
COVARIATES, CHOICES = draw(6, 2), np.array([1.0, -1, 1, 1, -1, 1])


def student_loss(beta, log_scale):
    r = (CHOICES - COVARIATES @ beta) / np.exp(log_scale)
    return 2.5 * np.sum(np.log1p(r**2 / 4.0)) + 6 * log_scale - 6 * np.log(0.375)


def student_gradient(beta, log_scale, freedom=4.0, samples=6.0):
    scale = np.exp(log_scale)
    r = (CHOICES - COVARIATES @ beta) / scale
    by_r = 2.5 * 2 * r / freedom / (1 + r**2 / freedom)
    return -COVARIATES.T @ by_r / scale, -np.sum(by_r * r) + samples


def mp_student(beta, log_scale):
    r = (mp.lift(CHOICES) - mp.lift(COVARIATES) @ beta) / mp.exp(log_scale)
    return mpf(2.5) * mp.log1p(r * r / 4).sum() + 6 * log_scale - 6 * mpm.log(mpf(0.375))


STUDENT, STUDENT_IN = Reference(mp_student), (draw(2), np.array(-0.3))
for name, label, how, why in (
    ("", right, {}, "Four degrees of freedom."),
    ("_log_scale_term", wrong, {"samples": 0.0}, "The term 6 log(scale) is left out."),
    ("_one_sample", wrong, {"samples": 1.0}, "log(scale) is counted once, not for every sample."),
    ("_freedom_3.9999", wrong, {"freedom": 3.9999}, "3.9999 for 4."),
):
    label(
        f"student_residuals{name}", "gradient", student_loss,
        lambda b, s, how=how: student_gradient(b, s, **how), STUDENT_IN, why, STUDENT,
    )  # fmt: skip


# cumulative normal by its density
def accept_rate(delta):
    moved = delta * np.array([1.0, -0.5, 2.0])
    return ndtr(moved) * np.cos(delta)


def accept_rate_vjp(c, delta, root=2.5066282746310002):
    k = np.array([1.0, -0.5, 2.0])
    density = np.exp(-0.5 * (k * delta) ** 2) / root
    return c * (k * density * np.cos(delta) - ndtr(k * delta) * np.sin(delta))


ACCEPT = Reference(
    lambda d: np.array([mpm.ncdf(k * v) * mpm.cos(v) for k, v in zip((1, mpf(-0.5), 2), d, strict=True)], dtype=object)
)
right("acceptance_rate", "vjp", accept_rate, accept_rate_vjp, draw(3), "sqrt(2 pi) in full.", ACCEPT)
wrong(
    "acceptance_rate_2.5066", "vjp", accept_rate, lambda c, d: accept_rate_vjp(c, d, 2.5066), draw(3),
    "sqrt(2 pi) with five digits.", ACCEPT,
)  # fmt: skip

# an ordered sum of incomes
RANKS = np.array([0.9, 0.7, 0.5, 0.3, 0.1])


def ordered_welfare(x):
    income = np.exp(x)
    ordered = np.sort(income)
    return RANKS @ np.log1p(ordered)


def ordered_gradient(x, kind="right"):
    income = np.exp(x)
    order = np.argsort(income)
    g = np.empty_like(x)
    ranked = RANKS / (1 + income[order])
    if kind == "gathered":
        g = ranked[order]
    elif kind == "unsorted":
        g = ranked
    else:
        g[order] = ranked
    return g if kind == "inner" else g * income


ORDERED = Reference(lambda x: (mp.lift(RANKS) * mp.log1p(mp.exp(np.sort(x)))).sum())
ORDERED_IN = np.array([0.4, -0.7, 1.5, 0.9, -0.2])
for kind, label, why in (
    ("right", right, "Scattered back by the order."),
    ("gathered", wrong, "Gathered by the order instead of scattered."),
    ("unsorted", wrong, "Left in sorted order."),
    ("inner", wrong, "The exponential's slope is missing."),
):
    label(
        "ordered_welfare" + ("" if kind == "right" else f"_{kind}"), "gradient", ordered_welfare,
        lambda x, kind=kind: ordered_gradient(x, kind), ORDERED_IN, why, ORDERED,
    )  # fmt: skip


# coefficient of variation and kurtosis
def tail_weight(x):
    d = x - x.mean()
    fourth = (d**4).mean()
    second = (d**2).mean()
    return fourth / second**2


def tail_weight_gradient(x, kind="right"):
    n, d = len(x), x - x.mean()
    fourth, second = (d**4).mean(), (d**2).mean()
    by_fourth = 4 * d**3 / n if kind == "mean" else 4 * (d**3 - (d**3).mean()) / n
    outer = second if kind == "square" else second**2
    return by_fourth / outer - (1 if kind == "two" else 2) * fourth / second**3 * 2 * d / n


def mp_tail_weight(x):
    d = x - x.sum() / len(x)
    return len(x) * (d**4).sum() / (d**2).sum() ** 2


TAIL, TAIL_IN = Reference(mp_tail_weight), np.array([0.1, 2.2, -0.5, 0.4, 1.0, -0.3, 0.2])
for kind, label, why in (
    ("right", right, "Through the mean."),
    ("mean", wrong, "The fourth moment's dependence on the mean is dropped."),
    ("square", wrong, "second instead of its square under the fourth moment."),
    ("two", wrong, "The 2 of second^-2 is forgotten."),
):
    label(
        "kurtosis_of_samples" + ("" if kind == "right" else f"_{kind}"), "gradient", tail_weight,
        lambda x, kind=kind: tail_weight_gradient(x, kind), TAIL_IN, why, TAIL,
    )  # fmt: skip

# a piecewise tariff, of which the point pays one rate
USE = np.array([12.0, 35.0, 48.0])
HEAVY = (np.array([12.0, 75.0, 120.0]),)


def tariff(use):
    base = 0.2 * use
    extra = np.where(use > 60.0, 0.004 * (use - 60.0) ** 2, 0.0)
    return np.sum(base + extra) ** 1.5


def tariff_gradient(use, progressive=True):
    extra = np.where(use > 60.0, 0.004 * (use - 60.0) ** 2, 0.0)
    slope = 0.2 + (np.where(use > 60.0, 0.008 * (use - 60.0), 0.0) if progressive else 0.0)
    return 1.5 * np.sqrt(np.sum(0.2 * use + extra)) * slope * np.ones_like(use)


TARIFF = Reference(
    lambda u: sum(mpf(0.2) * v + (mpf(0.004) * (v - 60) ** 2 if v > 60 else 0) for v in u) ** mpf(1.5), at=(HEAVY,)
)
right("tariff_progressive", "gradient", tariff, tariff_gradient, USE, "Both rates.", TARIFF)
wrong(
    "tariff_progressive_base_rate_only", "gradient", tariff, lambda u: tariff_gradient(u, False), USE,
    "The rate beyond 60 is not derived.", TARIFF,
)  # fmt: skip
