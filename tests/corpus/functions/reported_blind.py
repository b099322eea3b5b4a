"""More functions with one mistake each, after public reports and homework: held back until the first were looked at."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("reported blind")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(8104)
mpf, mpm = mp.mpf, mp.mpmath

# torsions of six terms
FORCES, SIGNS = np.array([0.5, 1.2, -0.4, 0.8, 0.3, -0.9]), np.array([1.0, -1, 1, 1, -1, 1])
TWISTS = np.array([0.4, 1.9, -0.8])


def torsion(phi):
    total = 0.0
    for n in range(6):
        total = total + FORCES[n] * (1.0 + SIGNS[n] * np.cos((n + 1) * phi))
    return np.sum(total)


def torsion_gradient(phi, last=5):
    d = 0.0
    for n in range(6):
        k = last if n == 5 else n
        d = d - (n + 1) * FORCES[k] * SIGNS[k] * np.sin((n + 1) * phi)
    return d


def mp_torsion(phi):
    k, s = mp.lift(FORCES), mp.lift(SIGNS)
    return sum((k[n] * (1 + s[n] * mp.cos((n + 1) * phi))).sum() for n in range(6))


TORSION = Reference(mp_torsion)
right("torsion_of_six_terms", "gradient", torsion, torsion_gradient, TWISTS, "Six constants.", TORSION)
wrong("torsion_of_six_terms_fifth_for_sixth", "gradient", torsion, lambda p: torsion_gradient(p, last=4), TWISTS,
      "The sixth term has the constants of the fifth (rdkit #8715).", TORSION)  # fmt: skip

# splats seen from above
CONIC, PIXELS = np.array([1.2, 0.3, 0.9]), rng.standard_normal((4, 2))


def splat(conic):
    dx, dy = PIXELS[:, 0], PIXELS[:, 1]
    power = -0.5 * (conic[0] * dx**2 + conic[2] * dy**2) - conic[1] * dx * dy
    return np.exp(power)


def splat_backward(c, conic, cross=-1.0):
    dx, dy = PIXELS[:, 0], PIXELS[:, 1]
    g = c * splat(conic)
    return np.array([-0.5 * g @ dx**2, cross * g @ (dx * dy), -0.5 * g @ dy**2])


def mp_splat(conic):
    dx, dy = mp.lift(PIXELS).T
    return mp.exp(-(conic[0] * dx**2 + conic[2] * dy**2) / 2 - conic[1] * dx * dy)


right("splat_by_its_conic", "vjp", splat, splat_backward, CONIC, "The mixed term counts whole.", Reference(mp_splat))
wrong("splat_by_its_conic_half_the_mixed_term", "vjp", splat, lambda c, q: splat_backward(c, q, cross=-0.5), CONIC,
      "-0.5 where -1 is due (graphdeco-inria/gaussian-splatting #551).", Reference(mp_splat))  # fmt: skip

# two views whose correlations are to be the identity
VIEWS = (rng.standard_normal((5, 3)), rng.standard_normal((5, 3)))


def twins(a, b):
    corr = a.T @ b / 5
    gap = corr - np.eye(3)
    weight = np.where(np.eye(3) > 0, 1.0, 0.2)
    return np.sum(weight * gap**2)


def twins_gradient(a, b, two=2.0):
    weight = np.where(np.eye(3) > 0, 1.0, 0.2)
    d = two * weight * (a.T @ b / 5 - np.eye(3)) / 5
    return b @ d.T, a @ d


def mp_twins(a, b):
    gap = a.T @ b / 5 - mp.lift(np.eye(3))
    return (mp.lift(np.where(np.eye(3) > 0, 1.0, 0.2)) * gap * gap).sum()


wrong("twins_without_the_two", "gradient", twins, lambda *v: twins_gradient(*v, two=1.0), VIEWS,
      "The factor 2 of the square is missing (dlib PR #2518).", Reference(mp_twins))  # fmt: skip

# ratings by biases
RATED, BIASES = np.array([[4.0, 3.0], [2.0, 5.0], [1.0, 4.0]]), (rng.standard_normal(3), rng.standard_normal(2))


def rated(users, items):
    error = RATED - 3.0 - users[:, None] - items
    return np.sum(error**2) + 0.4 * np.sum(users**2) + 0.4 * np.sum(items**2)


def rated_gradient(users, items, inside=False):
    error = RATED - 3.0 - users[:, None] - items
    by_users = np.sum(2 * error * (-1 + 0.4 * users[:, None]), 1) if inside else -2 * error.sum(1) + 0.8 * users
    return by_users, -2 * error.sum(0) + 0.8 * items


def mp_rated(users, items):
    error = mp.lift(RATED) - 3 - users[:, None] - items
    return (error * error).sum() + mpf(0.4) * ((users * users).sum() + (items * items).sum())


wrong("rated_penalty_within_the_error", "gradient", rated, lambda *b: rated_gradient(*b, inside=True), BIASES,
      "The parenthesis ends too late (dandxy89/BellkorAlgorithm #3).", Reference(mp_rated))  # fmt: skip

# a normalised batch with scales
BATCH = (rng.standard_normal((6, 3)), np.array([1.3, 0.6, -0.8]), np.array([0.1, 0.2, 0.3]))


def scaled_norm(x, g, b):
    mu = x.mean(axis=0)
    centred = x - mu
    ivar = 1 / np.sqrt((centred**2).mean(axis=0) + 1e-5)
    return g * (centred * ivar) + b


def scaled_norm_backward(c, x, g, b, scaled=True, centre=1.0):
    centred = x - x.mean(0)
    ivar = 1 / np.sqrt((centred**2).mean(0) + 1e-5)
    unit = centred * ivar
    d = c * g if scaled else c
    dx = ivar * (d - centre * d.mean(0) - unit * (d * unit).mean(0))
    return dx, (c * unit).sum(0), c.sum(0)


def mp_scaled_norm(x, g, b):
    centred = x - x.sum(axis=0) / 6
    return g * centred / mp.sqrt((centred * centred).sum(axis=0) / 6 + mpf(1e-5)) + b


right("scaled_norm", "vjp", scaled_norm, scaled_norm_backward, BATCH, "Scales, mean and spread.",
      Reference(mp_scaled_norm))  # fmt: skip
wrong("scaled_norm_without_its_scales", "vjp", scaled_norm, lambda c, *a: scaled_norm_backward(c, *a, scaled=False),
      BATCH, "dx from dy before it is multiplied by the scales (Knet.jl #288).", Reference(mp_scaled_norm))  # fmt: skip

# an angle in degrees that is stretched and bent
BEND = (np.array([1.1, 0.8]), np.array([0.9, 1.3]))


def stretch_bend(r, theta):
    degrees = 180.0 / np.pi * theta
    return np.sum((2.5 * (r - 1.0)) * (degrees - 60.0))


def stretch_bend_gradient(r, theta, unit=180.0 / np.pi):
    return 2.5 * (180.0 / np.pi * theta - 60.0), unit * 2.5 * (r - 1.0)


STRETCH = Reference(lambda r, t: (mpf(2.5) * (r - 1) * (mpf(180.0 / np.pi) * t - 60)).sum())
wrong("stretch_bend_in_radians", "gradient", stretch_bend, lambda *a: stretch_bend_gradient(*a, unit=1.0), BEND,
      "180/pi is lost in the derivative (after rdkit PR #126).", STRETCH)  # fmt: skip

# cosine similarity to a class's centre
CENTRES, EMBEDDED = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))


def cosines(x):
    length = np.sqrt(np.sum(x**2, axis=1))
    return np.sum(x * CENTRES, axis=1) / length


def cosines_backward(c, x, norm=1.0):
    length = np.sqrt(np.sum(x**2, axis=1, keepdims=True))
    dots = np.sum(x * CENTRES, axis=1, keepdims=True)
    return c[:, None] * (CENTRES / length - norm * dots * x / length**3)


COSINES = Reference(lambda x: (x * mp.lift(CENTRES)).sum(axis=1) / mp.sqrt((x * x).sum(axis=1)))
right("cosine_to_a_centre", "vjp", cosines, cosines_backward, EMBEDDED, "With the length's part.", COSINES)
wrong("cosine_to_a_centre_length_held", "vjp", cosines, lambda c, x: cosines_backward(c, x, norm=0.0), EMBEDDED,
      "The length is held.", COSINES)  # fmt: skip

# a temporal convolution with dilation
SEQUENCE, TAPS = rng.standard_normal((2, 8)), rng.standard_normal((2, 3))


def dilated(x, w):
    out = 0.0
    for k in range(3):
        out = out + w[:, k : k + 1] * x[:, 2 * k : 2 * k + 4]
    return out.sum(axis=0)


def dilated_backward(c, x, w, flipped=False):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for k in range(3):
        dx[:, 2 * k : 2 * k + 4] += w[:, (2 - k if flipped else k)][:, None] * c
        dw[:, k] = (x[:, 2 * k : 2 * k + 4] * c).sum(1)
    return dx, dw


DILATED = Reference(lambda x, w: sum(w[:, k : k + 1] * x[:, 2 * k : 2 * k + 4] for k in range(3)).sum(axis=0))
wrong("dilated_taps_flipped", "vjp", dilated, lambda c, *a: dilated_backward(c, *a, flipped=True), (SEQUENCE, TAPS),
      "The taps are turned round on the way back.", DILATED)  # fmt: skip

# a highway layer
HIGHWAY = (rng.standard_normal((3, 2)), rng.standard_normal((2, 2)), rng.standard_normal((2, 2)))


def highway(x, wt, wh):
    t = 1 / (1 + np.exp(-(x @ wt)))
    h = np.tanh(x @ wh)
    return t * h + (1 - t) * x


def highway_backward(c, x, wt, wh, carry=1.0, own=1.0):
    t, h = 1 / (1 + np.exp(-(x @ wt))), np.tanh(x @ wh)
    dt, dh = c * (h - own * x) * t * (1 - t), c * t * (1 - h * h)
    return dt @ wt.T + dh @ wh.T + carry * c * (1 - t), x.T @ dt, x.T @ dh


def mp_highway(x, wt, wh):
    t = mp.sigmoid(x @ wt)
    return t * mp.tanh(x @ wh) + (1 - t) * x


right("highway_layer_of_two_gates", "vjp", highway, highway_backward, HIGHWAY, "Both ways.", Reference(mp_highway))
wrong("highway_layer_gate_of_one_side", "vjp", highway, lambda c, *a: highway_backward(c, *a, own=0.0), HIGHWAY,
      "The gate's part in 1 - t is forgotten.", Reference(mp_highway))  # fmt: skip

# distances between all points
SCATTERED = rng.standard_normal((4, 2))


def stress(x):
    gaps = x[:, None] - x
    r2 = np.sum(gaps**2, axis=-1)
    return np.sum((r2 - 1.0) ** 2)


def stress_gradient(x, both=2.0):
    gaps = x[:, None] - x
    r2 = np.sum(gaps**2, axis=-1)
    return both * np.sum(4 * (r2 - 1.0)[..., None] * gaps, axis=1)


def mp_stress(x):
    return (((x[:, None] - x) ** 2).sum(axis=-1) - 1).__pow__(2).sum()


wrong("stress_of_one_side_of_pairs", "gradient", stress, lambda x: stress_gradient(x, both=1.0), SCATTERED,
      "Every pair stands twice, and counts once.", Reference(mp_stress))  # fmt: skip

# a graph smoothed by its normalised neighbours
EDGES = np.array([[0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 0]], dtype=float)
SPREADING = (EDGES + np.eye(4)) / (EDGES + np.eye(4)).sum(axis=1, keepdims=True)
GRAPH = (rng.standard_normal((4, 3)), rng.standard_normal((3, 2)))


def graph_layer(x, w):
    mixed = SPREADING @ x
    return np.maximum(mixed @ w, 0.0)


def graph_layer_backward(c, x, w, turned=True):
    mixed = SPREADING @ x
    g = c * (mixed @ w > 0)
    return (SPREADING.T if turned else SPREADING) @ g @ w.T, mixed.T @ g


GRAPHS = Reference(lambda x, w: mp.relu(mp.lift(SPREADING) @ x @ w))
right("graph_layer", "vjp", graph_layer, graph_layer_backward, GRAPH, "Back along the edges.", GRAPHS)
wrong("graph_layer_taken_for_symmetric", "vjp", graph_layer, lambda c, *a: graph_layer_backward(c, *a, turned=False),
      GRAPH, "The averaging matrix is not symmetric.", GRAPHS)  # fmt: skip

# gradient of a softplus barrier, evaluated by its sigmoid
BARRIER = rng.standard_normal((3, 2))


def barrier(x):
    return np.sum(np.log1p(np.exp(3.0 * (x - 0.5))) / 3.0) + np.sum(x**2)


def barrier_gradient(x, inner=1.0):
    return inner / (1 + np.exp(-3.0 * (x - 0.5))) + 2 * x


BARRIERS = Reference(lambda x: (mp.log1p(mp.exp(3 * (x - mpf(0.5)))) / 3).sum() + (x * x).sum())
wrong("barrier_inner_three", "gradient", barrier, lambda x: barrier_gradient(x, inner=1 / 3), BARRIER,
      "The inner derivative 3 is forgotten.", BARRIERS)  # fmt: skip

# a beta distribution's likelihood
SHARES, BETA = np.array([0.2, 0.7, 0.4, 0.9]), np.array([1.4, 2.2])


def beta_likelihood(a):
    from scipy.special import betaln

    return 4 * betaln(a[0], a[1]) - (a[0] - 1) * np.sum(np.log(SHARES)) - (a[1] - 1) * np.sum(np.log(1 - SHARES))


def beta_gradient(a, total=1.0):
    from scipy.special import digamma

    common = total * digamma(a.sum())
    return np.array([4 * (digamma(a[0]) - common) - np.log(SHARES).sum(),
                     4 * (digamma(a[1]) - common) - np.log(1 - SHARES).sum()])  # fmt: skip


def mp_beta(a):
    s = mp.lift(SHARES)
    lg = mpm.loggamma
    common = 4 * (lg(a[0]) + lg(a[1]) - lg(a[0] + a[1]))
    return common - (a[0] - 1) * mp.log(s).sum() - (a[1] - 1) * mp.log(1 - s).sum()


right("beta_likelihood", "gradient", beta_likelihood, beta_gradient, BETA, "Both parts of the normaliser.",
      Reference(mp_beta))  # fmt: skip
wrong("beta_likelihood_without_total", "gradient", beta_likelihood, lambda a: beta_gradient(a, total=0.0), BETA,
      "digamma(a + b) is left out.", Reference(mp_beta))  # fmt: skip

# a robot's hand
JOINTS = np.array([0.4, -0.7, 1.1])


def hand(q):
    angles = np.cumsum(q)
    return np.array([np.sum(np.cos(angles)), np.sum(np.sin(angles))])


def hand_backward(c, q, from_end=True):
    angles = np.cumsum(q)
    d = -c[0] * np.sin(angles) + c[1] * np.cos(angles)
    return np.cumsum(d[::-1])[::-1] if from_end else np.cumsum(d)


def mp_hand(q):
    angles = [q[: k + 1].sum() for k in range(3)]
    return np.array([sum(map(mpm.cos, angles)), sum(map(mpm.sin, angles))])


right("hand_of_three_joints", "vjp", hand, hand_backward, JOINTS, "What lies beyond a joint.", Reference(mp_hand))
wrong("hand_of_three_joints_before_the_joint", "vjp", hand, lambda c, q: hand_backward(c, q, from_end=False), JOINTS,
      "What lies before a joint is summed.", Reference(mp_hand))  # fmt: skip

# a logistic map of several turns
LOGISTIC = np.array([0.3, 0.55, 0.8])


def logistic_map(x):
    for _ in range(4):
        x = 3.2 * x * (1 - x)
    return x


def logistic_map_backward(c, x, part=2.0):
    slope = c
    for _ in range(4):
        slope = slope * 3.2 * (1 - part * x)
        x = 3.2 * x * (1 - x)
    return slope


def mp_logistic_map(x):
    for _ in range(4):
        x = mpf(3.2) * x * (1 - x)
    return x


wrong("logistic_map_one_factor", "vjp", logistic_map, lambda c, x: logistic_map_backward(c, x, part=1.0), LOGISTIC,
      "x (1 - x) differentiated by its first factor alone.", Reference(mp_logistic_map))  # fmt: skip

# a hinge on squared distances
PAIRED = (rng.standard_normal((4, 2)), rng.standard_normal((4, 2)))
SAME = np.array([1.0, 0, 0, 1])


def contrastive(a, b):
    d = np.sqrt(np.sum((a - b) ** 2, axis=1))
    apart = np.maximum(2.5 - d, 0.0)
    return np.mean(SAME * d**2 + (1 - SAME) * apart**2)


def contrastive_gradient(a, b, turned=1.0):
    d = np.sqrt(np.sum((a - b) ** 2, axis=1))
    by_d = (2 * SAME * d - turned * 2 * (1 - SAME) * np.maximum(2.5 - d, 0.0)) / 4
    g = (by_d / d)[:, None] * (a - b)
    return g, -g


def mp_contrastive(a, b):
    d = mp.sqrt(((a - b) ** 2).sum(axis=1))
    return (mp.lift(SAME) * d * d + (1 - mp.lift(SAME)) * mp.relu(mpf(2.5) - d) ** 2).sum() / 4


right("contrastive_pairs", "gradient", contrastive, contrastive_gradient, PAIRED, "Those apart are pushed.",
      Reference(mp_contrastive))  # fmt: skip
wrong("contrastive_pairs_pulled", "gradient", contrastive, lambda *p: contrastive_gradient(*p, turned=-1.0), PAIRED,
      "Those apart are pulled: -1 of margin - d is forgotten.", Reference(mp_contrastive))  # fmt: skip

# a softened maximum with its temperature
SOFT = (rng.standard_normal(5), np.array(0.7))


def soft_maximum(x, t):
    return t * np.log(np.sum(np.exp(x / t)))


def soft_maximum_gradient(x, t, whole=True):
    p = np.exp(x / t) / np.exp(x / t).sum()
    value = np.log(np.exp(x / t).sum())
    return p, value - (p @ x / t if whole else 0.0)


SOFTENED = Reference(lambda x, t: t * mp.log(mp.exp(x / t).sum()))
wrong("soft_maximum_temperature_inside", "gradient", soft_maximum, lambda *a: soft_maximum_gradient(*a, whole=False),
      SOFT, "By the temperature outside the logarithm alone.", SOFTENED)  # fmt: skip

# depthwise gains per channel, NCHW
MAPS, CHANNELS = rng.standard_normal((2, 3, 2, 2)), rng.standard_normal((1, 3, 1, 1))


def channel_gain(x, g):
    return np.tanh(x * g)


def channel_gain_backward(c, x, g, axes=(0, 2, 3)):
    d = c * (1 - np.tanh(x * g) ** 2)
    total = (d * x).sum(axis=axes, keepdims=True)
    return d * g, total[:1] if total.shape[0] > 1 else total


GAINS = Reference(lambda x, g: mp.tanh(x * g))
wrong("channel_gain_of_the_first_image", "vjp", channel_gain, lambda c, *a: channel_gain_backward(c, *a, axes=(2, 3)),
      (MAPS, CHANNELS), "Summed over the places, and not over the images.", GAINS)  # fmt: skip

# a leaky rectifier whose leak is learnt
LEAKY = (rng.standard_normal((3, 4)), np.array(0.2))


def learnt_leak(x, a):
    return np.where(x > 0, x, a * x)


def learnt_leak_backward(c, x, a, chosen=True):
    return c * np.where(x > 0, 1.0, a), np.sum(c * x * (x < 0)) if chosen else np.sum(c * x)


LEAKS = Reference(lambda x, a: np.array([[v if v > 0 else a * v for v in row] for row in x]))
right("learnt_leak", "vjp", learnt_leak, learnt_leak_backward, LEAKY, "The leak by the negative ones.", LEAKS)
wrong("learnt_leak_by_all", "vjp", learnt_leak, lambda c, *a: learnt_leak_backward(c, *a, chosen=False), LEAKY,
      "The leak gets what the positive ones send, too.", LEAKS)  # fmt: skip

# a Poisson regression with an offset
EXPOSED, CLAIMS, RATES = np.array([1.0, 2.5, 0.7, 1.8]), np.array([0.0, 3, 1, 2]), rng.standard_normal(3)
DRIVERS = rng.standard_normal((4, 3))


def claims(beta):
    mu = EXPOSED * np.exp(DRIVERS @ beta)
    return np.sum(mu - CLAIMS * np.log(mu))


def claims_gradient(beta, exposed=True):
    mu = np.exp(DRIVERS @ beta) * (EXPOSED if exposed else 1.0)
    return DRIVERS.T @ (mu - CLAIMS)


def mp_claims(beta):
    eta = mp.lift(DRIVERS) @ beta
    return (mp.lift(EXPOSED) * mp.exp(eta) - mp.lift(CLAIMS) * (eta + mp.log(mp.lift(EXPOSED)))).sum()


wrong("claims_without_exposure", "gradient", claims, lambda b: claims_gradient(b, exposed=False), RATES,
      "The expected counts lack the exposure.", Reference(mp_claims))  # fmt: skip

# a value and its target, both by one table
VALUES, VISITED, REWARDED = rng.standard_normal(4), np.array([0, 2, 1]), np.array([1.0, 0.0, 0.5])


def bellman(v):
    delta = REWARDED + 0.9 * v[VISITED + 1] - v[VISITED]
    return 0.5 * np.sum(delta**2)


def bellman_gradient(v, target=1.0):
    delta = REWARDED + 0.9 * v[VISITED + 1] - v[VISITED]
    g = np.zeros(4)
    np.add.at(g, VISITED, -delta)
    np.add.at(g, VISITED + 1, target * 0.9 * delta)
    return g


def mp_bellman(v):
    delta = mp.lift(REWARDED) + mpf(0.9) * v[VISITED + 1] - v[VISITED]
    return (delta * delta).sum() / 2


wrong("bellman_residual_target_held", "gradient", bellman, lambda v: bellman_gradient(v, target=0.0), VALUES,
      "The semi-gradient: the target is taken for a constant.", Reference(mp_bellman))  # fmt: skip

# a quadratic form over differences
PATH, STIFF = rng.standard_normal((5, 2)), np.array([[1.5, 0.4], [0.1, 0.8]])


def energy_of_path(x):
    v = np.diff(x, axis=0)
    return 0.5 * np.sum((v @ STIFF) * v)


def energy_of_path_gradient(x, half=True):
    v = np.diff(x, axis=0)
    p = 0.5 * v @ (STIFF + STIFF.T) if half else v @ STIFF
    g = np.zeros_like(x)
    g[1:] += p
    g[:-1] -= p
    return g


def mp_energy_of_path(x):
    v = x[1:] - x[:-1]
    return ((v @ mp.lift(STIFF)) * v).sum() / 2


wrong("energy_of_path_not_symmetrised", "gradient", energy_of_path, lambda x: energy_of_path_gradient(x, half=False),
      PATH, "v S for v (S + S^T)/2.", Reference(mp_energy_of_path))  # fmt: skip

# an expectation over a softmax of scores
BANDIT, PAYOFFS = rng.standard_normal(4), np.array([1.0, -0.5, 2.0, 0.3])


def expected_payoff(z):
    p = np.exp(z) / np.sum(np.exp(z))
    return p @ PAYOFFS


def expected_payoff_gradient(z, baseline=1.0):
    p = np.exp(z) / np.sum(np.exp(z))
    return p * (PAYOFFS - baseline * (p @ PAYOFFS))


EXPECTED = Reference(lambda z: (mp.exp(z) / mp.exp(z).sum() * mp.lift(PAYOFFS)).sum())
right("expected_payoff", "gradient", expected_payoff, expected_payoff_gradient, BANDIT, "Less the mean.", EXPECTED)
wrong("expected_payoff_without_the_mean", "gradient", expected_payoff,
      lambda z: expected_payoff_gradient(z, baseline=0.0), BANDIT, "The normaliser is held.", EXPECTED)  # fmt: skip

# an affine coupling and its volume
COUPLED, COUPLING = rng.standard_normal((3, 4)), rng.standard_normal((2, 2))


def coupling(x, w):
    s = np.tanh(x[:, :2] @ w)
    y = x[:, 2:] * np.exp(s)
    return 0.5 * np.sum(y**2) - np.sum(s)


def coupling_gradient(x, w, volume=1.0):
    s = np.tanh(x[:, :2] @ w)
    y = x[:, 2:] * np.exp(s)
    ds = (y * y - volume) * (1 - s * s)
    return np.concatenate([ds @ w.T, y * np.exp(s)], axis=1), x[:, :2].T @ ds


def mp_coupling(x, w):
    s = mp.tanh(x[:, :2] @ w)
    return ((x[:, 2:] * mp.exp(s)) ** 2).sum() / 2 - s.sum()


wrong("coupling_without_its_volume", "gradient", coupling, lambda *a: coupling_gradient(*a, volume=0.0),
      (COUPLED, COUPLING), "The logarithm of the volume is not differentiated.", Reference(mp_coupling))  # fmt: skip

# a spring network with rest lengths
BEADS, LINKS, RESTS = (
    rng.standard_normal((4, 2)),
    np.array([[0, 1], [1, 2], [2, 3], [3, 0]]),
    np.array([1.0, 0.8, 1.2, 0.9]),
)


def springs(x):
    d = x[LINKS[:, 0]] - x[LINKS[:, 1]]
    length = np.sqrt(np.sum(d**2, axis=1))
    return 0.5 * np.sum((length - RESTS) ** 2)


def springs_gradient(x, added=True):
    d = x[LINKS[:, 0]] - x[LINKS[:, 1]]
    length = np.sqrt(np.sum(d**2, axis=1))
    pull = ((length - RESTS) / length)[:, None] * d
    g = np.zeros_like(x)
    if added:
        np.add.at(g, LINKS[:, 0], pull)
        np.add.at(g, LINKS[:, 1], -pull)
    else:
        g[LINKS[:, 0]] = pull
        g[LINKS[:, 1]] = -pull
    return g


def mp_springs(x):
    return sum((mpm.sqrt(((x[i] - x[j]) ** 2).sum()) - mpf(r)) ** 2 for (i, j), r in zip(LINKS, RESTS, strict=True)) / 2


right("springs_in_a_ring", "gradient", springs, springs_gradient, BEADS, "Both ends add up.", Reference(mp_springs))
wrong("springs_in_a_ring_assigned", "gradient", springs, lambda x: springs_gradient(x, added=False), BEADS,
      "Forces are assigned to the beads, not added up.", Reference(mp_springs))  # fmt: skip

# a log-normal density
PRICES, LOGNORMAL = np.array([0.8, 1.5, 2.3]), (np.array(0.2), np.array(0.7))


def lognormal(mu, sigma):
    z = (np.log(PRICES) - mu) / sigma
    return np.sum(0.5 * z**2 + np.log(sigma) + np.log(PRICES))


def lognormal_gradient(mu, sigma, count=3):
    z = (np.log(PRICES) - mu) / sigma
    return -np.sum(z) / sigma, -np.sum(z**2) / sigma + count / sigma


def mp_lognormal(mu, sigma):
    logs = mp.log(mp.lift(PRICES))
    return (((logs - mu) / sigma) ** 2 / 2 + mp.log(sigma) + logs).sum()


LOGNORMALS = Reference(mp_lognormal)
wrong("lognormal_one_volume", "gradient", lognormal, lambda *a: lognormal_gradient(*a, count=1), LOGNORMAL,
      "log(sigma) counts once, not for every price.", LOGNORMALS)  # fmt: skip

# a triangle's area by its corners
CORNERS = np.array([[0.1, 0.2], [1.3, 0.4], [0.5, 1.6]])


def area(p):
    u, v = p[1] - p[0], p[2] - p[0]
    return 0.5 * (u[0] * v[1] - u[1] * v[0])


def area_gradient(p, sign=-1.0):
    u, v = p[1] - p[0], p[2] - p[0]
    du, dv = 0.5 * np.array([v[1], -v[0]]), 0.5 * np.array([-u[1], u[0]])
    return np.stack([sign * (du + dv), du, dv])


AREA = Reference(lambda p: ((p[1] - p[0])[0] * (p[2] - p[0])[1] - (p[1] - p[0])[1] * (p[2] - p[0])[0]) / 2)
wrong("area_of_a_triangle_first_corner", "gradient", area, lambda p: area_gradient(p, sign=1.0), CORNERS,
      "What the first corner gets has the wrong sign.", AREA)  # fmt: skip

# a huberised total variation
ROUGH = rng.standard_normal(6)


def variation(x):
    d = x[1:] - x[:-1]
    return np.sum(np.sqrt(d**2 + 0.01))


def variation_gradient(x, floor=0.01):
    d = x[1:] - x[:-1]
    p = d / np.sqrt(d**2 + floor)
    return np.concatenate([[0.0], p]) - np.concatenate([p, [0.0]])


VARIATION = Reference(lambda x: mp.sqrt((x[1:] - x[:-1]) ** 2 + mpf(0.01)).sum())
wrong("variation_with_another_floor", "gradient", variation, lambda x: variation_gradient(x, floor=0.1), ROUGH,
      "0.1 under the root for 0.1 squared.", VARIATION)  # fmt: skip

# words pooled where there are any
SENTENCE, PRESENT = rng.standard_normal((5, 3)), np.array([1.0, 1, 0, 1, 0])


def pooled(x):
    mean = (x * PRESENT[:, None]).sum(axis=0) / PRESENT.sum()
    return np.tanh(mean)


def pooled_backward(c, x, count=3.0):
    y = np.tanh((x * PRESENT[:, None]).sum(0) / 3.0)
    return PRESENT[:, None] * (c * (1 - y * y)) / count


POOLED = Reference(lambda x: mp.tanh((x * mp.lift(PRESENT)[:, None]).sum(axis=0) / 3))
right("words_pooled_where_present", "vjp", pooled, pooled_backward, SENTENCE, "Over those present.", POOLED)
wrong("words_pooled_over_all", "vjp", pooled, lambda c, x: pooled_backward(c, x, count=5.0), SENTENCE,
      "Divided by all words, not by those present.", POOLED)  # fmt: skip

# a quantile's loss
NEEDED, STOCK = np.array([1.0, 2.5, 0.7, 1.9]), np.array([1.4, 1.8, 1.2, 0.9])


def pinball(q):
    short = NEEDED - q
    return np.sum(np.where(short > 0, 0.8 * short, -0.2 * short))


def pinball_gradient(q, over=0.2):
    return np.where(NEEDED - q > 0, -0.8, over)


PINBALL = Reference(lambda q: sum(mpf(0.8) * v if v > 0 else -mpf(0.2) * v for v in mp.lift(NEEDED) - q))
wrong("pinball_over_not_turned", "gradient", pinball, lambda q: pinball_gradient(q, over=-0.2), STOCK,
      "Too much has the sign of too little.", PINBALL)  # fmt: skip
