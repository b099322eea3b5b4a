"""Policies, rankings, transport and survival with one mistake each: the sixth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("later choices")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7202)

# a policy that moves a little (github.com/huggingface/trl/issues/1720)
ACTS, OLD = rng.standard_normal((4, 3)) * 0.6, np.array([-2.2, -1.3, -0.9, -1.9])
TAKEN, GAIN = np.array([0, 2, 1, 1]), np.array([1.2, -0.7, 0.5, 0.9])


def proximal(z):
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    ratio = np.exp(log_p[np.arange(4), TAKEN] - OLD)
    kept = np.minimum(ratio * GAIN, np.minimum(np.maximum(ratio, 0.8), 1.2) * GAIN)
    entropy = -np.sum(np.exp(log_p) * log_p, axis=1)
    return -np.mean(kept) - 0.1 * np.mean(entropy)


def proximal_gradient(z, clipped=True, weighed=True, bonus=1.0, batch=4):
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    p = np.exp(log_p)
    ratio = np.exp(log_p[np.arange(4), TAKEN] - OLD)
    bound = np.clip(ratio, 0.8, 1.2)
    moves = (ratio * GAIN <= bound * GAIN) | ~np.array(clipped)
    d = -1.0 * moves * GAIN * (ratio if weighed else 1.0) / batch
    dz = d[:, None] * (np.eye(3)[TAKEN] - p)
    entropy = -(p * log_p).sum(axis=1, keepdims=True)
    return dz + bonus * 0.1 / batch * p * (log_p + entropy)


T = retold(proximal)
right("later_proximal", "gradient", proximal, proximal_gradient, (ACTS,), "Nothing comes back beyond the bound.", T)
wrong("later_proximal_unclipped", "gradient", proximal, lambda z: proximal_gradient(z, clipped=False), (ACTS,),
      "What is beyond the bound counts, too.", T)  # fmt: skip
wrong("later_proximal_ratio_forgotten", "gradient", proximal, lambda z: proximal_gradient(z, weighed=False), (ACTS,),
      "The slope of exp, which is the ratio, is forgotten.", T)  # fmt: skip
wrong("later_proximal_without_entropy", "gradient", proximal, lambda z: proximal_gradient(z, bonus=0.0), (ACTS,),
      "The entropy's part is forgotten.", T)  # fmt: skip
wrong("later_proximal_entropy_sign", "gradient", proximal, lambda z: proximal_gradient(z, bonus=-1.0), (ACTS,),
      "The entropy is punished where it is to be rewarded.", T)  # fmt: skip

# advantages that look ahead
WORTH, REWARDS = np.array([0.5, -0.2, 0.8, 0.3, 0.6]), np.array([1.0, 0.2, -0.5, 0.7])


def ahead(v, r):
    total, out = 0.0, []
    for t in range(3, -1, -1):
        surprise = r[t] + 0.9 * v[t + 1] - v[t]
        total = surprise + 0.72 * total
        out.append(total)
    return np.array(out[::-1])


def ahead_backward(c, v, r, carried=0.72, next_state=1.0, fade=0.9):
    dv, dr, d = np.zeros(5), np.zeros(4), 0.0
    for t in range(4):
        d = c[t] + carried * d
        dr[t] = d
        dv[t + 1] += next_state * fade * d
        dv[t] -= d
    return dv, dr


T = retold(ahead)
STEPS = (WORTH, REWARDS)
right("later_ahead", "vjp", ahead, ahead_backward, STEPS, "Runs the other way.", T)
wrong("later_ahead_next_state_held", "vjp", ahead, lambda c, *a: ahead_backward(c, *a, next_state=0.0), STEPS,
      "The next state's worth is taken for given.", T)  # fmt: skip
wrong("later_ahead_one_step", "vjp", ahead, lambda c, *a: ahead_backward(c, *a, carried=0.0), STEPS,
      "What is carried on is left out.", T)  # fmt: skip
wrong("later_ahead_not_faded", "vjp", ahead, lambda c, *a: ahead_backward(c, *a, fade=1.0), STEPS,
      "The discount of the next state is forgotten.", T)  # fmt: skip

# an action squeezed into a range
MEANS, SPREADS, DRAWN = np.array([0.3, -0.5, 0.9]), np.array([-0.4, 0.1, -0.8]), np.array([0.6, -1.1, 0.4])


def squeezed(mean, log_spread):
    u = mean + np.exp(log_spread) * DRAWN
    a = np.tanh(u)
    log_p = -0.5 * DRAWN**2 - log_spread
    return np.sum(log_p - np.log(1 - a**2)) + np.sum(a * a)


def squeezed_gradient(mean, log_spread, volume=1.0, drawn=True, slope=True):
    s = np.exp(log_spread)
    a = np.tanh(mean + s * DRAWN)
    da = 2 * a / (1 - a**2) * volume + 2 * a
    du = da * (1 - a**2) if slope else da
    return du, du * DRAWN * (s if drawn else 1.0) - 1


T = retold(squeezed)
SQUEEZED = (MEANS, SPREADS)
right("later_squeezed", "gradient", squeezed, squeezed_gradient, SQUEEZED, "With the change of volume.", T)
wrong("later_squeezed_without_volume", "gradient", squeezed, lambda *a: squeezed_gradient(*a, volume=0.0), SQUEEZED,
      "The change of volume is left out.", T)  # fmt: skip
wrong("later_squeezed_spread_not_a_logarithm", "gradient", squeezed, lambda *a: squeezed_gradient(*a, drawn=False),
      SQUEEZED, "The slope of exp is forgotten.", T)  # fmt: skip
wrong("later_squeezed_not_squeezed", "gradient", squeezed, lambda *a: squeezed_gradient(*a, slope=False), SQUEEZED,
      "The slope of tanh is forgotten.", T)  # fmt: skip

# who fails first (github.com/Novartis/torchsurv/issues/117)
RISK, FAILED = np.array([0.4, -0.3, 1.1, 0.2, -0.8]), np.array([1.0, 0.0, 1.0, 1.0, 0.0])


def outlived(eta):
    at_risk = np.cumsum(np.exp(eta)[::-1])[::-1]
    return -np.sum(FAILED * (eta - np.log(at_risk)))


def outlived_gradient(eta, way=1, events=FAILED, below=1.0):
    e = np.exp(eta)
    at_risk = np.cumsum(e[::-1])[::-1]
    share = events / at_risk
    hazard = np.cumsum(share) if way > 0 else np.cumsum(share[::-1])[::-1]
    return -FAILED + below * e * hazard


T = retold(outlived)
right("later_outlived", "gradient", outlived, outlived_gradient, (RISK,), "Sums run the other way.", T)
wrong("later_outlived_same_way", "gradient", outlived, lambda x: outlived_gradient(x, way=-1), (RISK,),
      "The hazard is summed the way of those at risk.", T)  # fmt: skip
wrong("later_outlived_censored_fail", "gradient", outlived, lambda x: outlived_gradient(x, events=np.ones(5)), (RISK,),
      "Who was lost from sight adds to the hazard.", T)  # fmt: skip
wrong("later_outlived_risk_held", "gradient", outlived, lambda x: outlived_gradient(x, below=0.0), (RISK,),
      "Those at risk are taken for given.", T)  # fmt: skip

# pairs of pages
SCORES, GRADES = np.array([0.5, -0.4, 1.2, 0.1]), np.array([2, 0, 1, 2])
BETTER = (GRADES[:, None] > GRADES[None, :]).astype(float)


def preferred(s):
    apart = s[:, None] - s[None, :]
    return np.sum(BETTER * np.log(1 + np.exp(-1.5 * apart)))


def preferred_gradient(s, loser=1.0, steep=1.5, sign=1.0):
    apart = s[:, None] - s[None, :]
    d = -steep * BETTER / (1 + np.exp(1.5 * apart))
    return sign * (d.sum(axis=1) - loser * d.sum(axis=0))


T = retold(preferred)
right("later_preferred", "gradient", preferred, preferred_gradient, (SCORES,), "Winners and losers.", T)
wrong("later_preferred_winners_alone", "gradient", preferred, lambda s: preferred_gradient(s, loser=0.0), (SCORES,),
      "The loser gets nothing.", T)  # fmt: skip
wrong("later_preferred_not_steep", "gradient", preferred, lambda s: preferred_gradient(s, steep=1.0), (SCORES,),
      "The factor of the difference is forgotten.", T)  # fmt: skip
wrong("later_preferred_losers_sign", "gradient", preferred, lambda s: preferred_gradient(s, loser=-1.0), (SCORES,),
      "The loser gets the winner's sign.", T)  # fmt: skip

# mass that is moved at a cost
COSTS, GIVEN, WANTED = rng.uniform(0.2, 1.5, (3, 3)), np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])


def carried_over(cost):
    kernel = np.exp(-cost / 0.5)
    v = np.ones(3)
    for _ in range(3):
        u = GIVEN / (kernel @ v)
        v = WANTED / (kernel.T @ u)
    return np.sum(u[:, None] * kernel * v[None, :] * cost)


def carried_over_gradient(cost, scaled=0.5, direct=1.0, through=3):
    kernel = np.exp(-cost / 0.5)
    vs, us = [np.ones(3)], []
    for _ in range(3):
        us.append(GIVEN / (kernel @ vs[-1]))
        vs.append(WANTED / (kernel.T @ us[-1]))
    u, v = us[-1], vs[-1]
    g = direct * u[:, None] * kernel * v
    dk = u[:, None] * v * cost
    du, dv = (kernel * v * cost).sum(axis=1), (kernel * u[:, None] * cost).sum(axis=0)
    for k in range(2, 2 - through, -1):
        dw = -dv * vs[k + 1] ** 2 / WANTED
        dk += np.outer(us[k], dw)
        du = du + kernel @ dw
        dz = -du * us[k] ** 2 / GIVEN
        dk += np.outer(dz, vs[k])
        dv, du = kernel.T @ dz, np.zeros(3)
    return g - dk * kernel / scaled


T = retold(carried_over)
right("later_carried_over", "gradient", carried_over, carried_over_gradient, (COSTS,), "Through three rounds.", T)
wrong("later_carried_over_plan_held", "gradient", carried_over,
      lambda c: carried_over_gradient(c, scaled=np.inf), (COSTS,), "The plan is taken for given.", T)  # fmt: skip
wrong("later_carried_over_last_round", "gradient", carried_over, lambda c: carried_over_gradient(c, through=1),
      (COSTS,), "The last round alone.", T)  # fmt: skip
wrong("later_carried_over_not_cooled", "gradient", carried_over, lambda c: carried_over_gradient(c, scaled=1.0),
      (COSTS,), "The division by the temperature is forgotten.", T)  # fmt: skip
wrong("later_carried_over_cost_itself", "gradient", carried_over, lambda c: carried_over_gradient(c, direct=0.0),
      (COSTS,), "The cost moves the plan alone.", T)  # fmt: skip

# how far apart two samples lie on a line
HERE, THERE = np.array([0.4, -1.2, 0.9, 0.1]), np.array([0.0, 1.5, -0.3, 0.6])


def moved_apart(x, y):
    gap = np.sort(x) - np.sort(y)
    return np.mean(gap**2)


def moved_apart_gradient(x, y, unsorted=True, halved=False, mean=4):
    i, j = np.argsort(x), np.argsort(y)
    d = (1.0 if halved else 2.0) * (x[i] - y[j]) / mean
    dx, dy = np.zeros(4), np.zeros(4)
    dx[i], dy[j] = d, -d
    return (dx, dy) if unsorted else (d, -d)


T = retold(moved_apart)
SAMPLES = (HERE, THERE)
right("later_moved_apart", "gradient", moved_apart, moved_apart_gradient, SAMPLES, "Put back in order.", T)
wrong("later_moved_apart_in_order", "gradient", moved_apart, lambda *a: moved_apart_gradient(*a, unsorted=False),
      SAMPLES, "Left in the order of the sorted numbers.", T)  # fmt: skip
wrong("later_moved_apart_without_two", "gradient", moved_apart, lambda *a: moved_apart_gradient(*a, halved=True),
      SAMPLES, "The square's 2 is forgotten.", T)  # fmt: skip
wrong("later_moved_apart_summed", "gradient", moved_apart, lambda *a: moved_apart_gradient(*a, mean=1), SAMPLES,
      "A sum where f takes the mean.", T)  # fmt: skip

# rare answers count more (github.com/rahowa/catboost_focal_loss/issues/2)
ODDS, TRUE = np.array([0.7, -1.1, 0.2, 1.6]), np.array([1.0, 0.0, 0.0, 1.0])


def focused(z):
    p = 1 / (1 + np.exp(-z))
    hit = TRUE * p + (1 - TRUE) * (1 - p)
    return -np.sum((1 - hit) ** 2 * np.log(hit))


def focused_gradient(z, slope=True, focus=1.0, power=1, sides=True):
    p = 1 / (1 + np.exp(-z))
    hit = TRUE * p + (1 - TRUE) * (1 - p)
    d = focus * 2 * (1 - hit) ** power * np.log(hit) - (1 - hit) ** 2 / hit
    d = d * (2 * TRUE - 1) if sides else d
    return d * p * (1 - p) if slope else d


T = retold(focused)
right("later_focused", "gradient", focused, focused_gradient, (ODDS,), "Through both factors.", T)
wrong("later_focused_by_the_chance", "gradient", focused, lambda z: focused_gradient(z, slope=False), (ODDS,),
      "The slope of the sigmoid is forgotten.", T)  # fmt: skip
wrong("later_focused_weight_held", "gradient", focused, lambda z: focused_gradient(z, focus=0.0), (ODDS,),
      "The weight is taken for given.", T)  # fmt: skip
wrong("later_focused_power_not_lowered", "gradient", focused, lambda z: focused_gradient(z, power=2), (ODDS,),
      "The exponent is not lowered by one.", T)  # fmt: skip
wrong("later_focused_misses_as_hits", "gradient", focused, lambda z: focused_gradient(z, sides=False), (ODDS,),
      "The minus of 1 - p is forgotten where the answer is no.", T)  # fmt: skip

# claims of any size
LEVELS, CLAIMS = np.array([0.3, -0.5, 0.8]), np.array([1.2, 0.0, 3.1])


def claimed(eta):
    mu = np.exp(eta)
    return np.sum(-CLAIMS * mu**-0.5 / -0.5 + mu**0.5 / 0.5)


def claimed_gradient(eta, link=True, size=1.0, power=-1.5):
    mu = np.exp(eta)
    d = -CLAIMS * mu**power + size * mu**-0.5
    return d * mu if link else d


T = retold(claimed)
right("later_claimed", "gradient", claimed, claimed_gradient, (LEVELS,), "By the logarithm of the mean.", T)
wrong("later_claimed_without_link", "gradient", claimed, lambda e: claimed_gradient(e, link=False), (LEVELS,),
      "The slope of exp is forgotten.", T)  # fmt: skip
wrong("later_claimed_mean_term", "gradient", claimed, lambda e: claimed_gradient(e, size=0.0), (LEVELS,),
      "The second term is left out.", T)  # fmt: skip
wrong("later_claimed_power_not_lowered", "gradient", claimed, lambda e: claimed_gradient(e, power=-0.5), (LEVELS,),
      "The exponent -1/2 is not lowered.", T)  # fmt: skip

# how well two raters agree
FIRST, SECOND = np.array([0.2, 1.4, -0.6, 0.9]), np.array([0.5, 1.1, -0.9, 0.4])


def agreed(x, y):
    a, b = x - np.mean(x), y - np.mean(y)
    apart = (np.mean(x) - np.mean(y)) ** 2
    return 2 * np.mean(a * b) / (np.mean(a * a) + np.mean(b * b) + apart)


def agreed_gradient(x, y, means=1.0, below=1.0, spreads=2.0):
    a, b = x - x.mean(), y - y.mean()
    gap = x.mean() - y.mean()
    total = (a * a).mean() + (b * b).mean() + gap**2
    value = 2 * (a * b).mean() / total
    dx = 2 * b / 4 / total - below * value / total * (spreads * a / 4 + means * 2 * gap / 4)
    dy = 2 * a / 4 / total - below * value / total * (spreads * b / 4 - means * 2 * gap / 4)
    return dx, dy


T = retold(agreed)
RATERS = (FIRST, SECOND)
right("later_agreed", "gradient", agreed, agreed_gradient, RATERS, "Above and below.", T)
wrong("later_agreed_means_held", "gradient", agreed, lambda *a: agreed_gradient(*a, means=0.0), RATERS,
      "The distance of the means is taken for given.", T)  # fmt: skip
wrong("later_agreed_spread_held", "gradient", agreed, lambda *a: agreed_gradient(*a, below=0.0), RATERS,
      "What stands below is taken for given.", T)  # fmt: skip
wrong("later_agreed_squares_without_two", "gradient", agreed, lambda *a: agreed_gradient(*a, spreads=1.0), RATERS,
      "The 2 of the spreads' squares is forgotten.", T)  # fmt: skip
