"""Attention, contrasts, experts, rankings and flows with one mistake each: the fifth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("further learning")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6103)

# two heads of queries share one of keys (github.com/fla-org/flash-linear-attention/pull/384)
HEADS = (rng.standard_normal((2, 3, 2)), rng.standard_normal((3, 2)), rng.standard_normal((3, 2)))


def grouped(q, k, v):
    s = q @ k.T / np.sqrt(2.0)
    e = np.exp(s)
    p = e / np.sum(e, axis=2, keepdims=True)
    return p @ v


def grouped_backward(c, q, k, v, over=np.sum, centred=True, values=True):
    e = np.exp(q @ k.T / np.sqrt(2.0))
    p = e / e.sum(axis=2, keepdims=True)
    dp = c @ v.T
    ds = p * (dp - (p * dp).sum(axis=2, keepdims=True) if centred else dp) / np.sqrt(2.0)
    dv = np.swapaxes(p, 1, 2) @ c
    return ds @ k, over(np.swapaxes(ds, 1, 2) @ q, axis=0), (np.sum if values else over)(dv, axis=0)


def last_head(x, axis):
    return x[-1]


T = retold(grouped)
right("further_grouped", "vjp", grouped, grouped_backward, HEADS, "Keys gather from both heads.", T)
wrong("further_grouped_keys_of_the_last_head", "vjp", grouped, lambda c, *a: grouped_backward(c, *a, over=last_head),
      HEADS, "Each head writes the keys' gradient anew.", T)  # fmt: skip
wrong("further_grouped_heads_averaged", "vjp", grouped,
      lambda c, *a: grouped_backward(c, *a, over=np.mean, values=False), HEADS,
      "Keys and values get the mean over the heads.", T)  # fmt: skip
wrong("further_grouped_rows_uncentred", "vjp", grouped, lambda c, *a: grouped_backward(c, *a, centred=False), HEADS,
      "The softmax as if its sum did not move.", T)  # fmt: skip

# a residual with a learnt scale
SCALED = (rng.standard_normal((4, 3)), rng.standard_normal((3, 3)), np.array([0.1, 0.5, 0.3]))


def layer_scaled(x, w, gamma):
    h = np.tanh(x @ w)
    return x + gamma * h


def layer_scaled_backward(c, x, w, gamma, skip=1.0, over=np.sum, scaled=True):
    h = np.tanh(x @ w)
    dz = (gamma * c if scaled else c) * (1 - h**2)
    return skip * c + dz @ w.T, x.T @ dz, over(c * h, axis=0)


T = retold(layer_scaled)
right("further_layer_scaled", "vjp", layer_scaled, layer_scaled_backward, SCALED, "Skip and branch.", T)
wrong("further_layer_scaled_no_skip", "vjp", layer_scaled, lambda c, *a: layer_scaled_backward(c, *a, skip=0.0), SCALED,
      "The residual is forgotten.", T)  # fmt: skip
wrong("further_layer_scaled_mean_of_scales", "vjp", layer_scaled,
      lambda c, *a: layer_scaled_backward(c, *a, over=np.mean), SCALED, "The scales are averaged.", T)  # fmt: skip
wrong("further_layer_scaled_branch_unscaled", "vjp", layer_scaled,
      lambda c, *a: layer_scaled_backward(c, *a, scaled=False), SCALED, "The branch lacks its scale.", T)  # fmt: skip

# variance and covariance of features
FEATURES = rng.standard_normal((5, 3))


def decorrelated(x):
    z = x - np.mean(x, axis=0)
    cov = z.T @ z / 4
    apart = cov - np.diag(np.diag(cov))
    spread = np.sqrt(np.sum(z**2, axis=0) / 4 + 0.01)
    return np.sum(apart**2) - np.sum(spread)


def decorrelated_gradient(x, twice=4.0, spreads=1.0, number=4):
    z = x - x.mean(axis=0)
    cov = z.T @ z / 4
    apart = cov - np.diag(np.diag(cov))
    dz = twice * z @ apart / number - spreads * z / 4 / np.sqrt((z**2).sum(axis=0) / 4 + 0.01)
    return dz - dz.mean(axis=0)


T = retold(decorrelated)
right("further_decorrelated", "gradient", decorrelated, decorrelated_gradient, (FEATURES,), "Both sides of z'z.", T)
wrong("further_decorrelated_one_side", "gradient", decorrelated, lambda x: decorrelated_gradient(x, twice=2.0),
      (FEATURES,), "One of the two z of the covariance.", T)  # fmt: skip
wrong("further_decorrelated_no_spread", "gradient", decorrelated, lambda x: decorrelated_gradient(x, spreads=0.0),
      (FEATURES,), "The term of the spread is left out.", T)  # fmt: skip

# a lattice of blanks and letters (github.com/k2-fsa/k2/issues/341)
LATTICE = (rng.standard_normal((3, 3)), rng.standard_normal((3, 2)))


def transduced(blank, letter):
    a = np.zeros((3, 3))
    for t in range(3):
        for u in range(3):
            if t and u:
                a[t, u] = np.logaddexp(a[t - 1, u] + blank[t - 1, u], a[t, u - 1] + letter[t, u - 1])
            elif t:
                a[t, u] = a[t - 1, u] + blank[t - 1, u]
            elif u:
                a[t, u] = a[t, u - 1] + letter[t, u - 1]
    return a[2, 2] + blank[2, 2]


def transduced_backward(c, blank, letter, upstream=True, onwards=True):
    a = np.zeros((3, 3))
    d, db, dl = np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 2))
    for t in range(3):
        for u in range(3):
            if t and u:
                a[t, u] = np.logaddexp(a[t - 1, u] + blank[t - 1, u], a[t, u - 1] + letter[t, u - 1])
            elif t:
                a[t, u] = a[t - 1, u] + blank[t - 1, u]
            elif u:
                a[t, u] = a[t, u - 1] + letter[t, u - 1]
    d[2, 2] = db[2, 2] = c if upstream else 1.0
    for t in range(2, -1, -1):
        for u in range(2, -1, -1):
            if t:
                share = d[t, u] * np.exp(a[t - 1, u] + blank[t - 1, u] - a[t, u])
                db[t - 1, u] = share
                d[t - 1, u] += share
            if u:
                share = d[t, u] * np.exp(a[t, u - 1] + letter[t, u - 1] - a[t, u])
                dl[t, u - 1] = share
                d[t, u - 1] += share if onwards else 0.0
    return db, dl


T = retold(transduced)
right("further_transduced", "vjp", transduced, transduced_backward, LATTICE, "All paths through the lattice.", T)
wrong("further_transduced_upstream_ignored", "vjp", transduced,
      lambda c, *a: transduced_backward(c, *a, upstream=False), LATTICE,
      "The cotangent is taken for 1, as in a public report.", T)  # fmt: skip
wrong("further_transduced_letters_end_paths", "vjp", transduced,
      lambda c, *a: transduced_backward(c, *a, onwards=False), LATTICE,
      "What is before a letter gets nothing through it.", T)  # fmt: skip

# a radial flow
CLOUD, CENTRE = rng.standard_normal((4, 2)), np.array([0.2, -0.3])
RADIAL = np.array([0.8, 0.5])


def radial(p, z):
    alpha, beta = p
    away = z - CENTRE
    r = np.sqrt(np.sum(away**2, axis=1))
    h = 1 / (alpha + r)
    volume = np.log(1 + beta * h) + np.log(1 + beta * alpha * h**2)
    return np.sum((z + beta * h[:, None] * away) ** 2) - np.sum(volume)


def radial_gradient(p, z, radius_moves=1.0, volumes=1.0, square=2):
    alpha, beta = p
    away = z - CENTRE
    r = np.sqrt((away**2).sum(axis=1))
    h = 1 / (alpha + r)
    dy = 2 * (z + beta * h[:, None] * away)
    one, two = 1 + beta * h, 1 + beta * alpha * h**2
    inner = (dy * away).sum(axis=1)
    dh = beta * inner - volumes * (beta / one + 2 * beta * alpha * h / two)
    dr = -dh * h**square
    dalpha = dr.sum() - volumes * np.sum(beta * h**2 / two)
    dbeta = np.sum(h * inner) - volumes * np.sum(h / one + alpha * h**2 / two)
    dz = dy * (1 + beta * h)[:, None] + radius_moves * (dr / r)[:, None] * away
    return np.array([dalpha, dbeta]), dz


T = retold(radial)
FLOW = (RADIAL, CLOUD)
right("further_radial", "gradient", radial, radial_gradient, FLOW, "With its volume.", T)
wrong("further_radial_radius_held", "gradient", radial, lambda *a: radial_gradient(*a, radius_moves=0.0), FLOW,
      "The radius is taken for given.", T)  # fmt: skip
wrong("further_radial_without_volume", "gradient", radial, lambda *a: radial_gradient(*a, volumes=0.0), FLOW,
      "The change of volume is left out.", T)  # fmt: skip
wrong("further_radial_reciprocal_once", "gradient", radial, lambda *a: radial_gradient(*a, square=1), FLOW,
      "-h for -h^2 as the slope of 1/(alpha + r).", T)  # fmt: skip

# a bound by several samples
DRAWN, MEANS = rng.standard_normal((3, 4)), rng.standard_normal(3)


def sharpened(mu):
    log_w = -0.5 * (DRAWN - mu[:, None]) ** 2 + 0.3 * mu[:, None] * DRAWN
    w = np.exp(log_w)
    return np.sum(np.log(np.mean(w, axis=1)))


def sharpened_gradient(mu, weighted=True, data=1.0):
    w = np.exp(-0.5 * (DRAWN - mu[:, None]) ** 2 + 0.3 * mu[:, None] * DRAWN)
    share = w / w.sum(axis=1, keepdims=True) if weighted else np.full(w.shape, 0.25)
    return (share * (DRAWN - mu[:, None] + data * 0.3 * DRAWN)).sum(axis=1)


T = retold(sharpened)
right("further_sharpened", "gradient", sharpened, sharpened_gradient, (MEANS,), "Weighted by the weights.", T)
wrong("further_sharpened_plain_mean", "gradient", sharpened, lambda m: sharpened_gradient(m, weighted=False), (MEANS,),
      "All samples count alike: the mean of logs for the log of the mean.", T)  # fmt: skip
wrong("further_sharpened_drift_left_out", "gradient", sharpened, lambda m: sharpened_gradient(m, data=0.0), (MEANS,),
      "The term of the drift is left out.", T)  # fmt: skip

# experts that shall be used alike
ROUTED = rng.standard_normal((6, 3))
CHOSEN = np.array([0.5, 1 / 3, 1 / 6])


def balanced(z):
    e = np.exp(z)
    p = e / np.sum(e, axis=1, keepdims=True)
    load = np.mean(p, axis=0)
    return 3 * np.sum(CHOSEN * load)


def balanced_gradient(z, n=3.0, centred=True, mean=True):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    dp = np.broadcast_to(n * CHOSEN / (6 if mean else 1), p.shape)
    return p * (dp - (p * dp).sum(axis=1, keepdims=True)) if centred else p * (1 - p) * dp


T = retold(balanced)
right("further_balanced", "gradient", balanced, balanced_gradient, (ROUTED,), "Through the shares.", T)
wrong("further_balanced_number_of_experts", "gradient", balanced, lambda z: balanced_gradient(z, n=1.0), (ROUTED,),
      "The number of experts is forgotten.", T)  # fmt: skip
wrong("further_balanced_own_logit", "gradient", balanced, lambda z: balanced_gradient(z, centred=False), (ROUTED,),
      "The diagonal of the softmax alone.", T)  # fmt: skip
wrong("further_balanced_tokens_summed", "gradient", balanced, lambda z: balanced_gradient(z, mean=False), (ROUTED,),
      "The sum over tokens for their mean.", T)  # fmt: skip

# attention over the neighbours in a graph
FROM, TO = np.array([0, 1, 2, 2, 3, 0, 1]), np.array([1, 1, 1, 0, 0, 2, 2])
PAIRS = (rng.standard_normal((4, 2)), np.array([1.7, -1.4]), np.array([-0.3, 0.9]))


def neighbours(x, left, right_):
    s = x[FROM] @ left + x[TO] @ right_
    s = np.where(s > 0, s, 0.2 * s)
    e = np.exp(s)
    total = np.zeros(4)
    np.add.at(total, TO, e)
    out = np.zeros((4, 2))
    np.add.at(out, TO, (e / total[TO])[:, None] * x[FROM])
    return out


def neighbours_backward(c, x, left, right_, leak=0.2, centred=True, assigned=False, scores=1.0):
    s = x[FROM] @ left + x[TO] @ right_
    e = np.exp(np.where(s > 0, s, 0.2 * s))
    total = np.bincount(TO, e, 4)
    p = e / total[TO]
    dp = (c[TO] * x[FROM]).sum(axis=1)
    ds = p * (dp - np.bincount(TO, p * dp, 4)[TO]) if centred else p * dp
    ds = ds * np.where(s > 0, 1.0, leak)
    dx = np.zeros_like(x)
    if assigned:
        dx[FROM] = p[:, None] * c[TO]
    else:
        np.add.at(dx, FROM, p[:, None] * c[TO])
    np.add.at(dx, FROM, scores * ds[:, None] * left)
    np.add.at(dx, TO, scores * ds[:, None] * right_)
    return dx, ds @ x[FROM], ds @ x[TO]


T = retold(neighbours)
right("further_neighbours", "vjp", neighbours, neighbours_backward, PAIRS, "Shares among neighbours.", T)
wrong("further_neighbours_no_leak", "vjp", neighbours, lambda c, *a: neighbours_backward(c, *a, leak=0.0), PAIRS,
      "Scores below zero get nothing.", T)  # fmt: skip
wrong("further_neighbours_total_held", "vjp", neighbours, lambda c, *a: neighbours_backward(c, *a, centred=False),
      PAIRS, "The totals of the neighbours are taken for given.", T)  # fmt: skip
wrong("further_neighbours_assigned", "vjp", neighbours, lambda c, *a: neighbours_backward(c, *a, assigned=True), PAIRS,
      "A node that sends twice keeps the last message's part.", T)  # fmt: skip
wrong("further_neighbours_scores_held", "vjp", neighbours, lambda c, *a: neighbours_backward(c, *a, scores=0.0), PAIRS,
      "The nodes' part in the scores is left out.", T)  # fmt: skip

# a student and a teacher
TAUGHT, TEACHER = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))


def distilled(z):
    t = np.exp(TEACHER / 2.5)
    t = t / np.sum(t, axis=1, keepdims=True)
    e = np.exp(z / 2.5)
    log_p = z / 2.5 - np.log(np.sum(e, axis=1, keepdims=True))
    return -(2.5**2) * np.mean(np.sum(t * log_p, axis=1))


def distilled_gradient(z, heat=2.5, sign=1.0, rows=3):
    t = np.exp(TEACHER / 2.5)
    p = np.exp(z / 2.5)
    return sign * heat * (p / p.sum(axis=1, keepdims=True) - t / t.sum(axis=1, keepdims=True)) / rows


T = retold(distilled)
right("further_distilled", "gradient", distilled, distilled_gradient, (TAUGHT,), "T^2 / T remains.", T)
wrong("further_distilled_squared_heat", "gradient", distilled, lambda z: distilled_gradient(z, heat=2.5**2), (TAUGHT,),
      "The 1/T of the logits is forgotten.", T)  # fmt: skip
wrong("further_distilled_uphill", "gradient", distilled, lambda z: distilled_gradient(z, sign=-1.0), (TAUGHT,),
      "Teacher minus student.", T)  # fmt: skip

# angles with a margin
FACES, NAMES_OF = rng.standard_normal(4), rng.standard_normal(4)


def margin(x, w):
    cosine = x @ w / (np.sqrt(np.sum(x**2)) * np.sqrt(np.sum(w**2)))
    angle = np.arccos(cosine)
    return 8 * np.cos(angle + 0.5)


def margin_backward(c, x, w, slope=True, unit=True, plus=0.5):
    nx, nw = np.sqrt(x @ x), np.sqrt(w @ w)
    cosine = x @ w / (nx * nw)
    angle = np.arccos(cosine)
    d = c * 8 * (np.sin(angle + plus) / np.sin(angle) if slope else 1.0)
    dx, dw = w / (nx * nw), x / (nx * nw)
    return (d * (dx - cosine * x / nx**2), d * (dw - cosine * w / nw**2)) if unit else (d * dx, d * dw)


T = retold(margin)
ANGLES = (FACES, NAMES_OF)
right("further_margin", "vjp", margin, margin_backward, ANGLES, "By the angle.", T)
wrong("further_margin_of_the_cosine", "vjp", margin, lambda c, *a: margin_backward(c, *a, slope=False), ANGLES,
      "As if the margin had not been added: 8 for 8 sin(angle + m) / sin(angle).", T)  # fmt: skip
wrong("further_margin_lengths_held", "vjp", margin, lambda c, *a: margin_backward(c, *a, unit=False), ANGLES,
      "The lengths are taken for given.", T)  # fmt: skip

# the free energy of a restricted machine
VISIBLE = (rng.standard_normal(4), rng.standard_normal((3, 4)), rng.standard_normal(3))


def free_energy(v, w, c):
    z = w @ v + c
    return -np.sum(np.log1p(np.exp(z))) - 0.5 * np.sum(v)


def free_energy_gradient(v, w, c, hidden=lambda z: 1 / (1 + np.exp(-z)), bias=0.5, turned=False):
    h = hidden(w @ v + c)
    return -w.T @ h - bias, -np.outer(h, v), -h


T = retold(free_energy)
right("further_free_energy", "gradient", free_energy, free_energy_gradient, VISIBLE, "Sigmoids of the sums.", T)
wrong("further_free_energy_tanh", "gradient", free_energy, lambda *a: free_energy_gradient(*a, hidden=np.tanh), VISIBLE,
      "tanh for the slope of softplus.", T)  # fmt: skip
wrong("further_free_energy_hidden_on", "gradient", free_energy,
      lambda *a: free_energy_gradient(*a, hidden=lambda z: np.ones_like(z)), VISIBLE,
      "The slope of softplus is taken for 1.", T)  # fmt: skip
wrong("further_free_energy_visible_bias", "gradient", free_energy, lambda *a: free_energy_gradient(*a, bias=0.0),
      VISIBLE, "The visible bias is left out.", T)  # fmt: skip

# waves of a network
SIREN = (rng.standard_normal((3, 2)), rng.standard_normal((2, 2)) * 0.2)


def sirens(x, w):
    return np.sum(np.sin(6.0 * (x @ w)) ** 2)


def sirens_gradient(x, w, pace=6.0, outer=2.0):
    s = 6.0 * (x @ w)
    dz = outer * np.sin(s) * np.cos(s) * pace
    return dz @ w.T, x.T @ dz


T = retold(sirens)
right("further_sirens", "gradient", sirens, sirens_gradient, SIREN, "With the pace.", T)
wrong("further_sirens_pace_forgotten", "gradient", sirens, lambda *a: sirens_gradient(*a, pace=1.0), SIREN,
      "The factor 6 inside the sine is forgotten.", T)  # fmt: skip
wrong("further_sirens_pace_squared", "gradient", sirens, lambda *a: sirens_gradient(*a, pace=36.0), SIREN,
      "The factor 6 inside the sine is used twice.", T)  # fmt: skip

# a list in its order
SCORES = np.array([0.8, -0.4, 1.1, 0.2, -0.9])


def listed(s):
    left = np.cumsum(np.exp(s)[::-1])[::-1]
    return np.sum(np.log(left) - s)


def listed_gradient(s, along=True, own=1.0):
    e = np.exp(s)
    left = np.cumsum(e[::-1])[::-1]
    run = np.cumsum(1 / left) if along else np.cumsum((1 / left)[::-1])[::-1]
    return e * run - own


T = retold(listed)
right("further_listed", "gradient", listed, listed_gradient, (SCORES,), "Each is left in all places before it.", T)
wrong("further_listed_other_way", "gradient", listed, lambda s: listed_gradient(s, along=False), (SCORES,),
      "The running sum goes the forward's way.", T)  # fmt: skip
wrong("further_listed_own_score", "gradient", listed, lambda s: listed_gradient(s, own=0.0), (SCORES,),
      "The score itself is left out.", T)  # fmt: skip

# gains by smooth ranks
LOG_2 = np.log(2.0)
GAINS = np.array([3.0, 0.0, 1.0, 2.0])
RANKED = np.array([0.3, 1.2, -0.5, 0.6])


def discounted(s):
    above = 1 / (1 + np.exp(-(s[None, :] - s[:, None]) / 0.5))
    rank = 0.5 + np.sum(above, axis=1)
    return np.sum(GAINS / np.log2(1 + rank))


def discounted_gradient(s, base=LOG_2, both=True, heat=0.5, square=2):
    a = 1 / (1 + np.exp(-(s[None, :] - s[:, None]) / 0.5))
    rank = 0.5 + a.sum(axis=1)
    drank = -GAINS / np.log2(1 + rank) ** square / (1 + rank) / base
    d = drank[:, None] * a * (1 - a) / heat
    return d.sum(axis=0) - d.sum(axis=1) if both else -d.sum(axis=1)


T = retold(discounted)
right("further_discounted", "gradient", discounted, discounted_gradient, (RANKED,), "Both of each pair.", T)
wrong("further_discounted_natural_logarithm", "gradient", discounted, lambda s: discounted_gradient(s, base=1.0),
      (RANKED,), "ln 2 of log2 is forgotten.", T)  # fmt: skip
wrong("further_discounted_own_rank", "gradient", discounted, lambda s: discounted_gradient(s, both=False), (RANKED,),
      "A score moves its own rank alone.", T)  # fmt: skip
wrong("further_discounted_logarithm_once", "gradient", discounted, lambda s: discounted_gradient(s, square=1),
      (RANKED,), "1/log for 1/log^2.", T)  # fmt: skip
wrong("further_discounted_heat_forgotten", "gradient", discounted, lambda s: discounted_gradient(s, heat=1.0),
      (RANKED,), "The temperature of the ranks is forgotten.", T)  # fmt: skip
