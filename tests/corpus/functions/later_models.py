"""Prices, regressions and pictures with one mistake each: the sixth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("later models")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7204)

# a bond by its yields
YIELDS, PAID, DUE = np.array([0.03, 0.045, 0.06]), np.array([4.0, 4.0, 104.0]), np.array([1.0, 2.0, 3.5])


def discounted(y):
    return np.sum(PAID[:, None] / (1 + y[None, :] / 2) ** (2 * DUE[:, None]), axis=0)


def discounted_backward(c, y, lowered=1.0, half=0.5, sign=-1.0):
    power = PAID[:, None] * 2 * DUE[:, None] * (1 + y / 2) ** (-2 * DUE[:, None] - lowered)
    return sign * c * half * power.sum(axis=0)


T = retold(discounted)
right("later_discounted", "vjp", discounted, discounted_backward, (YIELDS,), "Twice a year.", T)
wrong("later_discounted_power_not_lowered", "vjp", discounted,
      lambda c, y: discounted_backward(c, y, lowered=0.0), (YIELDS,), "Macaulay's for the modified.", T)  # fmt: skip
wrong("later_discounted_without_half", "vjp", discounted, lambda c, y: discounted_backward(c, y, half=1.0), (YIELDS,),
      "The inner 1/2 is forgotten.", T)  # fmt: skip
wrong("later_discounted_sign", "vjp", discounted, lambda c, y: discounted_backward(c, y, sign=1.0), (YIELDS,),
      "Prices that rise with the yield.", T)  # fmt: skip

# returns whose spread remembers
RETURNS, MEMORY = np.array([0.5, -1.1, 0.3, 0.8, -0.4]), np.array([0.2, 0.15, 0.7])


def remembered(r, w):
    h, loss = 1.0, 0.0
    for t in range(5):
        loss = loss + 0.5 * (np.log(h) + r[t] ** 2 / h)
        h = w[0] + w[1] * r[t] ** 2 + w[2] * h
    return loss


def remembered_gradient(r, w, carried=1.0, shocks=1.0, size=1.0):
    hs = [1.0]
    for t in range(5):
        hs.append(w[0] + w[1] * r[t] ** 2 + w[2] * hs[-1])
    dr, dw, dh = np.zeros(5), np.zeros(3), 0.0
    for t in range(4, -1, -1):
        dw += dh * np.array([1.0, r[t] ** 2, hs[t]])
        dr[t] = r[t] / hs[t] + shocks * dh * w[1] * 2 * r[t]
        dh = carried * dh * w[2] + 0.5 * (size / hs[t] - r[t] ** 2 / hs[t] ** 2)
    return dr, dw


T = retold(remembered)
MARKET = (RETURNS, MEMORY)
right("later_remembered", "gradient", remembered, remembered_gradient, MARKET, "The spread carries on.", T)
wrong("later_remembered_spread_not_carried", "gradient", remembered,
      lambda *a: remembered_gradient(*a, carried=0.0), MARKET, "Spreads are constants for the next.", T)  # fmt: skip
wrong("later_remembered_shocks_held", "gradient", remembered, lambda *a: remembered_gradient(*a, shocks=0.0), MARKET,
      "A return moves later spreads, too.", T)  # fmt: skip
wrong("later_remembered_logarithm", "gradient", remembered, lambda *a: remembered_gradient(*a, size=0.0), MARKET,
      "The logarithm of the spread is forgotten.", T)  # fmt: skip

# a series that returns to its mean
SERIES, PULL = np.array([0.6, 0.9, -0.2, 0.4]), np.array([0.1, 0.5])


def reverting(x, p):
    mean, a = p[0], p[1]
    e = x[1:] - mean - a * (x[:-1] - mean)
    first = (x[0] - mean) ** 2 * (1 - a**2)
    return 0.5 * np.sum(e**2) + 0.5 * first - 0.5 * np.log(1 - a**2)


def reverting_gradient(x, p, start=1.0, own=1.0, volume=1.0, lagged=1.0):
    mean, a = p
    e = x[1:] - mean - a * (x[:-1] - mean)
    apart = x[0] - mean
    dx = np.zeros(4)
    dx[1:] += e
    dx[:-1] -= lagged * a * e
    dx[0] += start * apart * (1 - a**2)
    dmean = -(1 - own * a) * e.sum() - start * apart * (1 - a**2)
    da = -(e * (x[:-1] - mean)).sum() - start * apart**2 * a + volume * a / (1 - a**2)
    return dx, np.array([dmean, da])


T = retold(reverting)
AUTO = (SERIES, PULL)
right("later_reverting", "gradient", reverting, reverting_gradient, AUTO, "With its first value.", T)
wrong("later_reverting_first_value", "gradient", reverting, lambda *a: reverting_gradient(*a, start=0.0), AUTO,
      "The first value's term is left out.", T)  # fmt: skip
wrong("later_reverting_mean_once", "gradient", reverting, lambda *a: reverting_gradient(*a, own=0.0), AUTO,
      "The mean in the lagged value is taken for given.", T)  # fmt: skip
wrong("later_reverting_volume", "gradient", reverting, lambda *a: reverting_gradient(*a, volume=0.0), AUTO,
      "The logarithm is left out.", T)  # fmt: skip
wrong("later_reverting_lags_held", "gradient", reverting, lambda *a: reverting_gradient(*a, lagged=0.0), AUTO,
      "The lagged values are taken for given.", T)  # fmt: skip

# a regression that is held back
DESIGN, OUTCOME, RIDGE = rng.standard_normal((5, 3)), rng.standard_normal(5), np.array(0.7)


def held_back(y, ridge):
    b = np.linalg.solve(DESIGN.T @ DESIGN + ridge * np.eye(3), DESIGN.T @ y)
    e = y - DESIGN @ b
    return np.sum(e**2)


def held_back_gradient(y, ridge, fitted=1.0, sign=-1.0, two=2.0):
    a = DESIGN.T @ DESIGN + ridge * np.eye(3)
    b = np.linalg.solve(a, DESIGN.T @ y)
    e = y - DESIGN @ b
    z = np.linalg.solve(a, DESIGN.T @ (-two * e))
    return two * e + fitted * DESIGN @ z, np.array(sign * z @ b)


T = retold(held_back)
REGRESSED = (OUTCOME, RIDGE)
right("later_held_back", "gradient", held_back, held_back_gradient, REGRESSED, "By the adjoint system.", T)
wrong("later_held_back_fit_held", "gradient", held_back, lambda *a: held_back_gradient(*a, fitted=0.0), REGRESSED,
      "The fit is taken for given where y moves.", T)  # fmt: skip
wrong("later_held_back_sign", "gradient", held_back, lambda *a: held_back_gradient(*a, sign=1.0), REGRESSED,
      "The minus of the inverse's derivative is lost.", T)  # fmt: skip
wrong("later_held_back_without_two", "gradient", held_back, lambda *a: held_back_gradient(*a, two=1.0), REGRESSED,
      "The squares' 2 is forgotten.", T)  # fmt: skip

# a choice whose noise differs
TASTES, NOISY = np.array([0.8, -0.5]), np.array([0.3, -0.2])
FACTS, AFFECTS, CHOSEN = rng.standard_normal((4, 2)), rng.standard_normal((4, 2)), np.array([1.0, 0.0, 1.0, 1.0])


def noisy_choice(b, g):
    size = np.exp(AFFECTS @ g)
    u = FACTS @ b / size
    return np.sum(np.log(1 + np.exp(u)) - CHOSEN * u)


def noisy_choice_gradient(b, g, scaled=True, sign=-1.0, chosen=1.0):
    size = np.exp(AFFECTS @ g)
    u = FACTS @ b / size
    d = 1 / (1 + np.exp(-u)) - chosen * CHOSEN
    return FACTS.T @ (d / size if scaled else d), sign * AFFECTS.T @ (d * u)


T = retold(noisy_choice)
CHOICE = (TASTES, NOISY)
right("later_noisy_choice", "gradient", noisy_choice, noisy_choice_gradient, CHOICE, "Two sets of numbers.", T)
wrong("later_noisy_choice_unscaled", "gradient", noisy_choice, lambda *a: noisy_choice_gradient(*a, scaled=False),
      CHOICE, "The division by the size of the noise is forgotten.", T)  # fmt: skip
wrong("later_noisy_choice_noise_sign", "gradient", noisy_choice, lambda *a: noisy_choice_gradient(*a, sign=1.0),
      CHOICE, "The minus of the quotient is lost.", T)  # fmt: skip
wrong("later_noisy_choice_term", "gradient", noisy_choice, lambda *a: noisy_choice_gradient(*a, chosen=0.0), CHOICE,
      "What was chosen is forgotten.", T)  # fmt: skip

# brands within kinds
WORTHS, NEAR = np.array([0.5, -0.3, 0.8, 0.1]), np.array(0.6)


def nested(v, near):
    e = np.exp(v / near)
    inside = np.array([1.0, 1.0, 0.0, 0.0]) * np.sum(e[:2]) + np.array([0.0, 0.0, 1.0, 1.0]) * np.sum(e[2:])
    kinds = np.sum(e[:2]) ** near + np.sum(e[2:]) ** near
    return e * inside ** (near - 1) / kinds


def nested_backward(c, v, near, below=1.0, within=1.0, divided=True):
    e = np.exp(v / near)
    one, two = e[:2].sum(), e[2:].sum()
    inside = np.array([one, one, two, two])
    kinds = one**near + two**near
    share = e * inside ** (near - 1) / kinds
    w = c * share
    dk = -below * w.sum() / kinds
    de = w / e
    di = w * (near - 1) / inside
    for k, total in ((slice(0, 2), one), (slice(2, 4), two)):
        de[k] += within * di[k].sum() + dk * near * total ** (near - 1)
    dnear = (w * np.log(inside)).sum() + dk * (one**near * np.log(one) + two**near * np.log(two))
    return de * e / (near if divided else 1.0), np.array(dnear - (de * e * v).sum() / near**2)


T = retold(nested)
NESTS = (WORTHS, NEAR)
right("later_nested", "vjp", nested, nested_backward, NESTS, "Within and between.", T)
wrong("later_nested_kinds_held", "vjp", nested, lambda c, *a: nested_backward(c, *a, below=0.0), NESTS,
      "The sum over the kinds is taken for given.", T)  # fmt: skip
wrong("later_nested_undivided", "vjp", nested, lambda c, *a: nested_backward(c, *a, divided=False), NESTS,
      "1/near of the worths is forgotten.", T)  # fmt: skip

# parts of the risk
PARTS, RISKS = np.array([0.4, 0.35, 0.25]), np.array([[0.5, 0.1, 0.05], [0.1, 0.3, 0.08], [0.05, 0.08, 0.2]])


def risked(w):
    moved = RISKS @ w
    return w * moved / np.sqrt(w @ moved)


def risked_backward(c, w, whole=1.0, marginal=1.0, half=0.5):
    moved = RISKS @ w
    size = np.sqrt(w @ moved)
    ds = -(c * w * moved).sum() / size**2
    return c * moved / size + marginal * RISKS @ (c * w / size) + whole * ds * half * 2 * moved / size


T = retold(risked)
right("later_risked", "vjp", risked, risked_backward, (PARTS,), "Weights, margins and the whole.", T)
wrong("later_risked_whole_held", "vjp", risked, lambda c, w: risked_backward(c, w, whole=0.0), (PARTS,),
      "The whole risk is taken for given.", T)  # fmt: skip
wrong("later_risked_margins_held", "vjp", risked, lambda c, w: risked_backward(c, w, marginal=0.0), (PARTS,),
      "The marginal risks are taken for given above.", T)  # fmt: skip
wrong("later_risked_root_doubled", "vjp", risked, lambda c, w: risked_backward(c, w, half=1.0), (PARTS,),
      "The root's 1/2 is forgotten.", T)  # fmt: skip

# how long things last
LASTED, GONE = np.array([0.8, 1.7, 2.4, 0.5]), np.array([1.0, 1.0, 0.0, 1.0])
WEAR = (np.array(0.4), np.array(0.2))


def lasted(log_shape, log_scale):
    shape = np.exp(log_shape)
    z = np.log(LASTED) - log_scale
    return -np.sum(GONE * (log_shape + shape * z - np.log(LASTED)) - np.exp(shape * z))


def lasted_gradient(log_shape, log_scale, own=1.0, link=True, censored=False):
    shape = np.exp(log_shape)
    z = np.log(LASTED) - log_scale
    gone = np.ones(4) if censored else GONE
    d = gone - np.exp(shape * z)
    return np.array(-(own * gone.sum() + (d * z).sum() * (shape if link else 1.0))), np.array(shape * d.sum())


T = retold(lasted)
right("later_lasted", "gradient", lasted, lasted_gradient, WEAR, "Some still last.", T)
wrong("later_lasted_shape_itself", "gradient", lasted, lambda *a: lasted_gradient(*a, own=0.0), WEAR,
      "The logarithm of the shape is left out.", T)  # fmt: skip
wrong("later_lasted_not_a_logarithm", "gradient", lasted, lambda *a: lasted_gradient(*a, link=False), WEAR,
      "The slope of exp is forgotten.", T)  # fmt: skip
wrong("later_lasted_all_gone", "gradient", lasted, lambda *a: lasted_gradient(*a, censored=True), WEAR,
      "What still lasts counts as gone.", T)  # fmt: skip

# a highlight
NORMALS, SUN = rng.standard_normal((3, 3)) + np.array([0.0, 0.0, 2.0]), np.array([0.3, 0.5, 0.9])
EYE = np.array([0.1, -0.2, 1.0])


def shone(normals, sun):
    n = normals / np.sqrt(np.sum(normals**2, axis=1, keepdims=True))
    lit = n @ sun
    half = (sun + EYE) / np.sqrt(np.sum((sun + EYE) ** 2))
    return 0.6 * lit + 0.4 * (n @ half) ** 8


def shone_backward(c, normals, sun, lengths=1.0, halfway=1.0, power=7, eight=8.0):
    size = np.sqrt((normals**2).sum(axis=1, keepdims=True))
    n = normals / size
    raw = sun + EYE
    long = np.sqrt((raw**2).sum())
    half = raw / long
    ds = c * 0.4 * eight * (n @ half) ** power
    dn = 0.6 * np.outer(c, sun) + np.outer(ds, half)
    dhalf = n.T @ ds
    dsun = 0.6 * n.T @ c + (dhalf - halfway * half * (half @ dhalf)) / long
    return (dn - lengths * n * (dn * n).sum(axis=1, keepdims=True)) / size, dsun


T = retold(shone)
SCENE = (NORMALS, SUN)
right("later_shone", "vjp", shone, shone_backward, SCENE, "Unit vectors, twice.", T)
wrong("later_shone_lengths_held", "vjp", shone, lambda c, *a: shone_backward(c, *a, lengths=0.0), SCENE,
      "The lengths of the normals are taken for given.", T)  # fmt: skip
wrong("later_shone_halfway_held", "vjp", shone, lambda c, *a: shone_backward(c, *a, halfway=0.0), SCENE,
      "The length of the vector halfway is taken for given.", T)  # fmt: skip
wrong("later_shone_power_not_lowered", "vjp", shone, lambda c, *a: shone_backward(c, *a, power=8), SCENE,
      "The exponent is not lowered by one.", T)  # fmt: skip
wrong("later_shone_without_eight", "vjp", shone, lambda c, *a: shone_backward(c, *a, eight=1.0), SCENE,
      "The exponent's factor is forgotten.", T)  # fmt: skip

# shapes that melt together
BALL, BOX = np.array([0.3, -0.1, 0.6]), np.array([0.2, 0.4, 0.5])


def melted(a, b):
    h = 0.5 + 0.5 * (b - a) / 1.5
    return b + (a - b) * h - 1.5 * h * (1 - h)


def melted_backward(c, a, b, mixed=1.0, bulge=1.0):
    h = 0.5 + 0.5 * (b - a) / 1.5
    dh = mixed * c * (a - b) - bulge * c * 1.5 * (1 - 2 * h)
    return c * h - dh * 0.5 / 1.5, c * (1 - h) + dh * 0.5 / 1.5


T = retold(melted)
MELTED = (BALL, BOX)
right("later_melted", "vjp", melted, melted_backward, MELTED, "The mixture moves, too.", T)
wrong("later_melted_without_bulge", "vjp", melted, lambda c, *a: melted_backward(c, *a, bulge=0.0), MELTED,
      "The bulge is left out.", T)  # fmt: skip
wrong("later_melted_share_of_the_bulge", "vjp", melted, lambda c, *a: melted_backward(c, *a, mixed=0.0), MELTED,
      "The share of the mixture is taken for given.", T)  # fmt: skip

# colours that fit a screen
LIGHTS = rng.uniform(0.2, 2.5, (2, 3))
BRIGHTNESS = np.array([0.2, 0.7, 0.1])


def toned(x):
    bright = x @ BRIGHTNESS
    dimmed = x / (1 + bright)[:, None]
    return dimmed ** (1 / 2.2)


def toned_backward(c, x, bright_moves=1.0, gamma=1 / 2.2, weights=BRIGHTNESS):
    bright = x @ BRIGHTNESS
    dimmed = x / (1 + bright)[:, None]
    d = c * gamma * dimmed ** (1 / 2.2 - 1)
    db = -(d * x).sum(axis=1) / (1 + bright) ** 2
    return d / (1 + bright)[:, None] + bright_moves * db[:, None] * weights


T = retold(toned)
right("later_toned", "vjp", toned, toned_backward, (LIGHTS,), "Brightness moves with every colour.", T)
wrong("later_toned_brightness_held", "vjp", toned, lambda c, x: toned_backward(c, x, bright_moves=0.0), (LIGHTS,),
      "The brightness is taken for given.", T)  # fmt: skip
wrong("later_toned_gamma_forgotten", "vjp", toned, lambda c, x: toned_backward(c, x, gamma=1.0), (LIGHTS,),
      "The exponent's factor is forgotten.", T)  # fmt: skip
wrong("later_toned_colours_alike", "vjp", toned, lambda c, x: toned_backward(c, x, weights=np.ones(3)), (LIGHTS,),
      "The weights of the colours are forgotten.", T)  # fmt: skip

# a patch that covers pixels
SPOT, SHARPNESS = np.array([0.2, -0.3]), np.array([[1.5, 0.4], [0.2, 0.9]])
PIXELS = np.array([[0.0, 0.0], [0.6, -0.2], [-0.4, 0.5], [0.9, 0.8]])


def splatted(spot, sharp):
    d = PIXELS - spot
    return 0.8 * np.exp(-0.5 * np.sum((d @ sharp) * d, axis=1))


def splatted_backward(c, spot, sharp, sign=-1.0, symmetric=False, half=0.5, outer=True):
    d = PIXELS - spot
    e = c * 0.8 * np.exp(-0.5 * ((d @ sharp) * d).sum(axis=1)) if outer else c
    pull = 2 * d @ sharp if symmetric else d @ sharp + d @ sharp.T
    return sign * (-half * e[:, None] * pull).sum(axis=0), -half * (d * e[:, None]).T @ d


T = retold(splatted)
SPLAT = (SPOT, SHARPNESS)
right("later_splatted", "vjp", splatted, splatted_backward, SPLAT, "For any matrix.", T)
wrong("later_splatted_as_if_symmetric", "vjp", splatted, lambda c, *a: splatted_backward(c, *a, symmetric=True), SPLAT,
      "2 S d for (S + S^T) d.", T)  # fmt: skip
wrong("later_splatted_wrong_way", "vjp", splatted, lambda c, *a: splatted_backward(c, *a, sign=1.0), SPLAT,
      "The minus of pixel minus spot is lost.", T)  # fmt: skip
wrong("later_splatted_without_half", "vjp", splatted, lambda c, *a: splatted_backward(c, *a, half=1.0), SPLAT,
      "The 1/2 of the exponent is forgotten.", T)  # fmt: skip
wrong("later_splatted_slope_of_exp", "vjp", splatted, lambda c, *a: splatted_backward(c, *a, outer=False), SPLAT,
      "The slope of exp is forgotten.", T)  # fmt: skip
