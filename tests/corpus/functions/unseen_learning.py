"""Losses, factors, flows, rankings, filters and layers with one mistake each: the eighth held-out set."""

import numpy as np

from ..edited import edited
from ..item import Category
from ..retold import retold

CATEGORY = Category("unseen learning")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9101)


# a robust regression with a learned width
INPUTS, TARGETS = rng.standard_normal((5, 2)), rng.standard_normal(5) * 2
SLOPES, WIDTH = np.array([0.6, -0.4]), np.array(0.8)


def general_robust(w, c):
    e = (INPUTS @ w - TARGETS) / c
    bent = np.sqrt(e**2 / 1.5 + 1)
    return np.mean(bent - 1) + np.log(c)


def general_robust_gradient(w, c):
    e = (INPUTS @ w - TARGETS) / c
    bent = np.sqrt(e**2 / 1.5 + 1)
    de = e / (1.5 * bent) / len(e)
    return INPUTS.T @ de / c, np.array(1 / c - (de * e).sum() / c)


T = retold(general_robust)
right("unseen_general_robust", "gradient", general_robust, general_robust_gradient, (SLOPES, WIDTH),
      "Barron's loss at one shape.", T)  # fmt: skip
wrong("unseen_general_robust_width_of_the_logarithm", "gradient", general_robust,
      edited(general_robust_gradient, ("np.array(1 / c - (de * e).sum() / c)", "np.array(1 / c)")),
      (SLOPES, WIDTH), "The width in the residuals is taken for given.", T)  # fmt: skip
wrong("unseen_general_robust_root_forgotten", "gradient", general_robust, edited(general_robust_gradient,
      ("de = e / (1.5 * bent) / len(e)", "de = e / 1.5 / len(e)")), (SLOPES, WIDTH),
      "The root's denominator is forgotten.", T)  # fmt: skip
wrong("unseen_general_robust_residuals_unscaled", "gradient", general_robust,
      edited(general_robust_gradient, ("INPUTS.T @ de / c,", "INPUTS.T @ de,")), (SLOPES, WIDTH),
      "The division by the width is forgotten.", T)  # fmt: skip
wrong("unseen_general_robust_summed", "gradient", general_robust, edited(general_robust_gradient,
      ("de = e / (1.5 * bent) / len(e)", "de = e / (1.5 * bent)")), (SLOPES, WIDTH),
      "The sum for the mean.", T)  # fmt: skip

# a nonnegative factorisation by a divergence
COUNTED = rng.uniform(0.5, 3.0, (4, 3))
PARTS, WEIGHTS = rng.uniform(0.3, 1.2, (4, 2)), rng.uniform(0.3, 1.2, (2, 3))


def divergence(w, h):
    fit = w @ h
    return np.sum(COUNTED * np.log(COUNTED / fit) - COUNTED + fit) + 0.2 * np.sum(h)


def divergence_gradient(w, h):
    d = 1 - COUNTED / (w @ h)
    return d @ h.T, w.T @ d + 0.2


T = retold(divergence)
right("unseen_divergence", "gradient", divergence, divergence_gradient, (PARTS, WEIGHTS),
      "Generalised Kullback-Leibler, nonnegative factors.", T)  # fmt: skip
wrong("unseen_divergence_ratio_alone", "gradient", divergence, edited(divergence_gradient,
      ("d = 1 - COUNTED / (w @ h)", "d = -COUNTED / (w @ h)")), (PARTS, WEIGHTS),
      "The fit itself is forgotten.", T)  # fmt: skip
wrong("unseen_divergence_ratio_squared", "gradient", divergence, edited(divergence_gradient,
      ("d = 1 - COUNTED / (w @ h)", "d = 1 - COUNTED / (w @ h) ** 2")), (PARTS, WEIGHTS),
      "The fit is squared below.", T)  # fmt: skip
wrong("unseen_divergence_sparsity_as_a_square", "gradient", divergence, edited(divergence_gradient,
      ("w.T @ d + 0.2", "w.T @ d + 0.2 * h")), (PARTS, WEIGHTS),
      "The penalty's slope is that of a square.", T)  # fmt: skip

# a linear autoencoder with noise in the middle
PICTURES, NOISE = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
ENCODER, LOG_NOISE, DECODER = rng.standard_normal((3, 2)), np.array([-0.4, 0.2]), rng.standard_normal((2, 3))


def bottleneck(enc, log_sd, dec):
    mu = PICTURES @ enc
    z = mu + np.exp(log_sd) * NOISE
    miss = PICTURES - np.tanh(z) @ dec
    kl = 0.5 * np.sum(mu**2) + 2 * np.sum(np.exp(2 * log_sd) - 2 * log_sd)
    return (0.5 * np.sum(miss**2) + kl) / 4


def bottleneck_gradient(enc, log_sd, dec):
    mu = PICTURES @ enc
    sd = np.exp(log_sd)
    code = np.tanh(mu + sd * NOISE)
    miss = PICTURES - code @ dec
    dz = -(miss @ dec.T) * (1 - code**2)
    dmu = dz + mu
    dlog = (dz * NOISE).sum(axis=0) * sd + 4 * (sd**2 - 1)
    return PICTURES.T @ dmu / 4, dlog / 4, -code.T @ miss / 4


T = retold(bottleneck)
right("unseen_bottleneck", "gradient", bottleneck, bottleneck_gradient, (ENCODER, LOG_NOISE, DECODER),
      "Reparametrised, with the noise given.", T)  # fmt: skip
wrong("unseen_bottleneck_noise_not_followed", "gradient", bottleneck, edited(bottleneck_gradient,
      ("(dz * NOISE).sum(axis=0) * sd + 4 * (sd**2 - 1)", "4 * (sd**2 - 1)")),
      (ENCODER, LOG_NOISE, DECODER), "The width of the noise is taken for given in the code.", T)  # fmt: skip
wrong("unseen_bottleneck_divergence_of_the_mean", "gradient", bottleneck, edited(bottleneck_gradient,
      ("dmu = dz + mu", "dmu = dz")), (ENCODER, LOG_NOISE, DECODER),
      "The mean's part of the divergence is forgotten.", T)  # fmt: skip
wrong("unseen_bottleneck_log_noise_itself", "gradient", bottleneck, edited(bottleneck_gradient,
      ("(dz * NOISE).sum(axis=0) * sd", "(dz * NOISE).sum(axis=0)")), (ENCODER, LOG_NOISE, DECODER),
      "The slope of exp is forgotten where the noise comes in.", T)  # fmt: skip
wrong("unseen_bottleneck_code_not_squashed", "gradient", bottleneck, edited(bottleneck_gradient,
      ("* (1 - code**2)", "")), (ENCODER, LOG_NOISE, DECODER), "The slope of tanh is forgotten.", T)  # fmt: skip
wrong("unseen_bottleneck_divergence_not_averaged", "gradient", bottleneck, edited(bottleneck_gradient,
      ("+ 4 * (sd**2 - 1)", "+ 16 * (sd**2 - 1)")), (ENCODER, LOG_NOISE, DECODER),
      "The noise's divergence is summed, not averaged.", T)  # fmt: skip

# a planar flow
STARTS, BEND, AXIS, OFFSET = rng.standard_normal((3, 2)), np.array([0.5, -0.3]), np.array([0.7, 0.6]), np.array(0.1)


def planar(z, u, w, b):
    h = np.tanh(z @ w + b)
    moved = z + h[:, None] * u
    volume = 1 + (1 - h**2) * (u @ w)
    return np.sum(moved**2) / 2 - np.sum(np.log(volume))


def planar_gradient(z, u, w, b):
    h = np.tanh(z @ w + b)
    moved = z + h[:, None] * u
    uw = u @ w
    slope = 1 - h**2
    volume = 1 + slope * uw
    dvolume = -1 / volume
    dh = moved @ u - 2 * h * uw * dvolume
    da = dh * slope
    duw = (dvolume * slope).sum()
    dz = moved + np.outer(da, w)
    du = h @ moved + duw * w
    dw = z.T @ da + duw * u
    return dz, du, dw, np.array(da.sum())


T = retold(planar)
right("unseen_planar", "gradient", planar, planar_gradient, (STARTS, BEND, AXIS, OFFSET),
      "A planar flow and its volume.", T)  # fmt: skip
wrong("unseen_planar_volume_of_the_points", "gradient", planar, edited(planar_gradient,
      ("dh = moved @ u - 2 * h * uw * dvolume", "dh = moved @ u")), (STARTS, BEND, AXIS, OFFSET),
      "The points do not move the volume.", T)  # fmt: skip
wrong("unseen_planar_volume_of_the_axis", "gradient", planar, edited(planar_gradient,
      ("dw = z.T @ da + duw * u", "dw = z.T @ da")), (STARTS, BEND, AXIS, OFFSET),
      "The axis does not move the volume by itself.", T)  # fmt: skip
wrong("unseen_planar_identity_lost", "gradient", planar, edited(planar_gradient,
      ("dz = moved + np.outer(da, w)", "dz = np.outer(da, w)")), (STARTS, BEND, AXIS, OFFSET),
      "The way around the bend is forgotten.", T)  # fmt: skip
wrong("unseen_planar_volume_sign", "gradient", planar, edited(planar_gradient,
      ("dvolume = -1 / volume", "dvolume = 1 / volume")), (STARTS, BEND, AXIS, OFFSET),
      "The volume's logarithm is added.", T)  # fmt: skip

# a test by ability, steepness and hardness
ABILITY, STEEPNESS, HARDNESS = (
    np.array([0.3, -0.8, 1.1]),
    np.array([0.2, -0.1, 0.4, 0.0]),
    np.array([0.5, -0.6, 0.1, 1.2]),
)
SOLVED = np.array([[1.0, 1, 0, 0], [0, 1, 0, 0], [1, 1, 1, 0]])


def answers(theta, log_a, b):
    logit = np.exp(log_a) * (theta[:, None] - b)
    return np.sum(np.log(1 + np.exp(logit)) - SOLVED * logit) + 0.5 * np.sum(theta**2)


def answers_gradient(theta, log_a, b):
    a = np.exp(log_a)
    apart = theta[:, None] - b
    err = 1 / (1 + np.exp(-a * apart)) - SOLVED
    return err @ a + theta, (err * apart).sum(axis=0) * a, -err.sum(axis=0) * a


T = retold(answers)
right("unseen_answers", "gradient", answers, answers_gradient, (ABILITY, STEEPNESS, HARDNESS),
      "Two parameters per item.", T)  # fmt: skip
wrong("unseen_answers_steepness_left_out", "gradient", answers, edited(answers_gradient,
      (", -err.sum(axis=0) * a", ", -err.sum(axis=0)")), (ABILITY, STEEPNESS, HARDNESS),
      "The steepness is left out of the hardness.", T)  # fmt: skip
wrong("unseen_answers_prior_forgotten", "gradient", answers, edited(answers_gradient,
      ("return err @ a + theta,", "return err @ a,")), (ABILITY, STEEPNESS, HARDNESS),
      "The prior of the ability is forgotten.", T)  # fmt: skip
wrong("unseen_answers_averaged_over_people", "gradient", answers, edited(answers_gradient,
      (", -err.sum(axis=0) * a", ", -err.mean(axis=0) * a")), (ABILITY, STEEPNESS, HARDNESS),
      "Hardness is averaged over people.", T)  # fmt: skip
wrong("unseen_answers_hardness_sign", "gradient", answers, edited(answers_gradient,
      (", -err.sum(axis=0) * a", ", err.sum(axis=0) * a")), (ABILITY, STEEPNESS, HARDNESS),
      "The minus of the hardness is lost.", T)  # fmt: skip

# ratings that move after every game
PLAYED, WON = [(0, 1), (1, 2), (2, 0), (0, 1)], np.array([1.0, 0.0, 1.0, 1.0])
RATINGS, STEP = np.array([0.2, -0.4, 0.5]), np.array(0.6)


def rated_games(r, k):
    loss = 0.0
    for (a, b), w in zip(PLAYED, WON, strict=True):
        p = 1 / (1 + np.exp(-(r[a] - r[b])))
        loss = loss - w * np.log(p) - (1 - w) * np.log(1 - p)
        sign = (np.arange(3) == a) * 1.0 - (np.arange(3) == b) * 1.0
        r = r + k * (w - p) * sign
    return loss


def rated_games_gradient(r, k):
    tape = []
    for (a, b), w in zip(PLAYED, WON, strict=True):
        p = 1 / (1 + np.exp(-(r[a] - r[b])))
        tape.append((a, b, w, p))
        r = r.copy()
        r[a] += k * (w - p)
        r[b] -= k * (w - p)
    dr, dk = np.zeros(3), 0.0
    for a, b, w, p in tape[::-1]:
        moved = dr[a] - dr[b]
        dk += (w - p) * moved
        dgap = p - w - k * moved * p * (1 - p)
        dr[a] += dgap
        dr[b] -= dgap
    return dr, np.array(dk)


T = retold(rated_games)
right("unseen_rated_games", "gradient", rated_games, rated_games_gradient, (RATINGS, STEP),
      "Ratings move after every game, and later games see it.", T)  # fmt: skip
wrong("unseen_rated_games_updates_held", "gradient", rated_games, edited(rated_games_gradient,
      ("- k * moved * p * (1 - p)", "")), (RATINGS, STEP),
      "What a game changes does not depend on the ratings.", T)  # fmt: skip
wrong("unseen_rated_games_slope_forgotten", "gradient", rated_games, edited(rated_games_gradient,
      ("- k * moved * p * (1 - p)", "- k * moved")), (RATINGS, STEP),
      "The slope of the sigmoid is forgotten in the update.", T)  # fmt: skip
wrong("unseen_rated_games_step_of_the_first_game", "gradient", rated_games, edited(rated_games_gradient,
      ("dk += (w - p) * moved", "dk = (w - p) * moved")), (RATINGS, STEP),
      "The step's shares overwrite each other.", T)  # fmt: skip

# triplets with the hardest of both kinds
ANCHORED, KINDS = rng.standard_normal((5, 2)) * 1.5, np.array([0, 0, 1, 1, 0])
TOGETHER = np.equal.outer(KINDS, KINDS)


def hinged(x):
    d = x[:, None, :] - x[None, :, :]
    far = np.sqrt(np.sum(d**2, axis=2) + 0.01)
    loss = 0.0
    for i in range(5):
        worst = np.max(far[i, TOGETHER[i]])
        near = np.min(far[i, ~TOGETHER[i]])
        loss = loss + np.maximum(worst - near + 0.7, 0.0)
    return loss / 5


def hinged_gradient(x):
    d = x[:, None, :] - x[None, :, :]
    far = np.sqrt((d**2).sum(axis=2) + 0.01)
    dfar = np.zeros((5, 5))
    for i in range(5):
        same = TOGETHER[i]
        p = np.argmax(np.where(same, far[i], -np.inf))
        n = np.argmin(np.where(same, np.inf, far[i]))
        if far[i, p] - far[i, n] + 0.7 > 0:
            dfar[i, p] += 0.2
            dfar[i, n] -= 0.2
    dd = (dfar / far)[:, :, None] * d
    return dd.sum(axis=1) - dd.sum(axis=0)


T = retold(hinged)
right("unseen_hinged", "gradient", hinged, hinged_gradient, (ANCHORED,),
      "The hardest of both kinds, with a margin.", T)  # fmt: skip
wrong("unseen_hinged_anchors_alone", "gradient", hinged, edited(hinged_gradient,
      ("return dd.sum(axis=1) - dd.sum(axis=0)", "return dd.sum(axis=1)")), (ANCHORED,),
      "Only the anchors move.", T)  # fmt: skip
wrong("unseen_hinged_without_the_near", "gradient", hinged, edited(hinged_gradient,
      ("dfar[i, n] -= 0.2", "pass")), (ANCHORED,), "The nearest of the other kind is taken for given.", T)  # fmt: skip
wrong("unseen_hinged_distance_not_divided", "gradient", hinged, edited(hinged_gradient,
      ("dd = (dfar / far)[:, :, None] * d", "dd = dfar[:, :, None] * d")), (ANCHORED,),
      "The distance's slope lacks its denominator.", T)  # fmt: skip

# a small convolutional net
WAVE, TAPS, READ = rng.standard_normal(8), rng.standard_normal((2, 3)), rng.standard_normal((2, 3))


def pooled_net(x, taps, read):
    windows = np.stack([x[i : i + 3] for i in range(6)])
    a = windows @ taps.T
    r = np.maximum(a, 0.1 * a)
    top = np.max(r.reshape(3, 2, 2), axis=1)
    score = np.sum(top.T * read)
    return np.log(1 + np.exp(-score))


def pooled_net_gradient(x, taps, read):
    windows = np.stack([x[i : i + 3] for i in range(6)])
    a = windows @ taps.T
    r = np.where(a > 0, a, 0.1 * a)
    pairs = r.reshape(3, 2, 2)
    top = pairs.max(axis=1)
    score = (top.T * read).sum()
    dscore = -1 / (1 + np.exp(score))
    dtop = dscore * read.T
    dr = ((pairs == top[:, None, :]) * dtop[:, None, :]).reshape(6, 2)
    da = dr * np.where(a > 0, 1.0, 0.1)
    dwin = da @ taps
    dx = np.zeros_like(x)
    for i in range(6):
        dx[i : i + 3] += dwin[i]
    return dx, da.T @ windows, dscore * top.T


T = retold(pooled_net)
right("unseen_pooled_net", "gradient", pooled_net, pooled_net_gradient, (WAVE, TAPS, READ),
      "Convolved, rectified, pooled by the largest, read out.", T)  # fmt: skip
wrong("unseen_pooled_net_windows_overwrite", "gradient", pooled_net, edited(pooled_net_gradient,
      ("dx[i : i + 3] += dwin[i]", "dx[i : i + 3] = dwin[i]")), (WAVE, TAPS, READ),
      "Overlapping windows overwrite each other.", T)  # fmt: skip
wrong("unseen_pooled_net_pool_spread", "gradient", pooled_net, edited(pooled_net_gradient,
      ("dr = ((pairs == top[:, None, :]) * dtop[:, None, :]).reshape(6, 2)", "dr = np.repeat(dtop, 2, axis=0)")),
      (WAVE, TAPS, READ), "The pool's gradient goes to all.", T)  # fmt: skip
wrong("unseen_pooled_net_leak_forgotten", "gradient", pooled_net, edited(pooled_net_gradient,
      ("da = dr * np.where(a > 0, 1.0, 0.1)", "da = dr")), (WAVE, TAPS, READ),
      "The rectifier is taken for the identity.", T)  # fmt: skip
wrong("unseen_pooled_net_taps_reversed", "gradient", pooled_net, edited(pooled_net_gradient,
      ("dwin = da @ taps", "dwin = da @ taps[:, ::-1]")), (WAVE, TAPS, READ),
      "The kernel is turned round on the way back.", T)  # fmt: skip
wrong("unseen_pooled_net_logistic_sign", "gradient", pooled_net, edited(pooled_net_gradient,
      ("dscore = -1 / (1 + np.exp(score))", "dscore = 1 / (1 + np.exp(score))")), (WAVE, TAPS, READ),
      "The minus of the score is lost.", T)  # fmt: skip

# an adaptive filter that learns as it goes
SOUND, HEARD, PACE_OF_STEPS = rng.standard_normal(6), rng.standard_normal(4), np.array(0.2)


def adapted(x, d, mu):
    w = np.zeros(3)
    cost = 0.0
    for n in range(4):
        seg = x[n : n + 3]
        e = d[n] - w @ seg
        cost = cost + e**2
        w = w + mu * e * seg
    return cost


def adapted_gradient(x, d, mu):
    w, saved = np.zeros(3), []
    for n in range(4):
        seg = x[n : n + 3]
        e = d[n] - w @ seg
        saved.append((w, seg, e))
        w = w + mu * e * seg
    dx, dd, dmu, dw = np.zeros(6), np.zeros(4), 0.0, np.zeros(3)
    for n in range(3, -1, -1):
        w, seg, e = saved[n]
        dmu += e * (dw @ seg)
        de = 2 * e + mu * (dw @ seg)
        dd[n] = de
        dx[n : n + 3] += mu * e * dw - de * w
        dw = dw - de * seg
    return dx, dd, np.array(dmu)


T = retold(adapted)
right("unseen_adapted", "gradient", adapted, adapted_gradient, (SOUND, HEARD, PACE_OF_STEPS),
      "Taps learned on the way, all errors counted.", T)  # fmt: skip
wrong("unseen_adapted_taps_held", "gradient", adapted, edited(adapted_gradient,
      ("dw = dw - de * seg", "dw = np.zeros(3)")), (SOUND, HEARD, PACE_OF_STEPS),
      "The taps at each step are taken for given.", T)  # fmt: skip
wrong("unseen_adapted_segment_of_the_update", "gradient", adapted, edited(adapted_gradient,
      ("mu * e * dw - de * w", "-de * w")), (SOUND, HEARD, PACE_OF_STEPS),
      "The segment in the update is taken for given.", T)  # fmt: skip
wrong("unseen_adapted_error_of_the_update", "gradient", adapted, edited(adapted_gradient,
      ("de = 2 * e + mu * (dw @ seg)", "de = 2 * e")), (SOUND, HEARD, PACE_OF_STEPS),
      "The error in the update is taken for given.", T)  # fmt: skip

# pages by the links to them
LINKED = rng.uniform(0.1, 1.0, (4, 4))


def ranked_pages(a):
    m = a / np.sum(a, axis=0)
    r = np.ones(4) / 4
    for _ in range(4):
        r = 0.85 * (m @ r) + 0.15 / 4
    return r


def ranked_pages_backward(c, a):
    total = a.sum(axis=0)
    m = a / total
    rs = [np.ones(4) / 4]
    for _ in range(3):
        rs.append(0.85 * (m @ rs[-1]) + 0.15 / 4)
    dm = np.zeros((4, 4))
    for r in rs[::-1]:
        dm += 0.85 * np.outer(c, r)
        c = 0.85 * m.T @ c
    return (dm - (dm * m).sum(axis=0)) / total


T = retold(ranked_pages)
right("unseen_ranked_pages", "vjp", ranked_pages, ranked_pages_backward, (LINKED,),
      "Columns by their sums, four rounds.", T)  # fmt: skip
wrong("unseen_ranked_pages_totals_held", "vjp", ranked_pages, edited(ranked_pages_backward,
      ("return (dm - (dm * m).sum(axis=0)) / total", "return dm / total")), (LINKED,),
      "The totals of the columns are taken for given.", T)  # fmt: skip
wrong("unseen_ranked_pages_not_turned", "vjp", ranked_pages, edited(ranked_pages_backward,
      ("c = 0.85 * m.T @ c", "c = 0.85 * m @ c")), (LINKED,),
      "The matrix is not transposed on the way back.", T)  # fmt: skip
wrong("unseen_ranked_pages_undamped_on_the_way_back", "vjp", ranked_pages, edited(ranked_pages_backward,
      ("c = 0.85 * m.T @ c", "c = m.T @ c")), (LINKED,), "The damping is forgotten from round to round.",
      T)  # fmt: skip
wrong("unseen_ranked_pages_last_round", "vjp", ranked_pages, edited(ranked_pages_backward,
      ("dm += 0.85", "dm = 0.85")), (LINKED,), "The shares of the rounds overwrite each other.", T)  # fmt: skip

# a layer over its largest singular value
LAYER, FED_ROWS = rng.standard_normal((3, 3)) + np.eye(3), rng.standard_normal((2, 3))
BEGIN = np.array([0.6, 0.0, 0.8])


def spectral(w, x):
    v = BEGIN
    for _ in range(2):
        u = w @ v
        u = u / np.sqrt(u @ u)
        v = w.T @ u
        size = np.sqrt(v @ v)
        v = v / size
    return x @ w.T / size


def spectral_backward(c, w, x):
    v, saved = BEGIN, []
    for _ in range(2):
        raw = w @ v
        long = np.sqrt(raw @ raw)
        u = raw / long
        back = w.T @ u
        size = np.sqrt(back @ back)
        saved.append((v, u, long, size))
        v = back / size
    y = x @ w.T / size
    dw = c.T @ x / size
    dsize = -(c * y).sum() / size
    dv = np.zeros(3)
    for (old, u, long, size), new in zip(saved[::-1], (v, saved[1][0]), strict=True):
        dback = (dv - new * (new @ dv)) / size + dsize * new
        dsize = 0.0
        dw += np.outer(u, dback)
        du = w @ dback
        draw = (du - u * (u @ du)) / long
        dw += np.outer(draw, old)
        dv = w.T @ draw
    return dw, c @ w / saved[-1][3]


T = retold(spectral)
right("unseen_spectral", "vjp", spectral, spectral_backward, (LAYER, FED_ROWS),
      "The largest singular value by rounds from a given start, all of it followed.", T)  # fmt: skip
wrong("unseen_spectral_size_held", "vjp", spectral, edited(spectral_backward,
      ("dsize = -(c * y).sum() / size", "dsize = 0.0")), (LAYER, FED_ROWS),
      "The singular value is taken for given.", T)  # fmt: skip
wrong("unseen_spectral_size_once", "vjp", spectral, edited(spectral_backward,
      ("dsize = -(c * y).sum() / size", "dsize = -(c * y).sum()")), (LAYER, FED_ROWS),
      "The singular value's share is divided once too rarely.", T)  # fmt: skip
wrong("unseen_spectral_unit_vectors_not_projected", "vjp", spectral, edited(spectral_backward,
      ("draw = (du - u * (u @ du)) / long", "draw = du / long")), (LAYER, FED_ROWS),
      "The length of u is taken for given.", T)  # fmt: skip

# training that is differentiated
BEGUN, RATE_OF_STEPS, DRAG = np.array([0.9, -0.7]), np.array(0.1), np.array(0.8)


def momentum(x, rate, drag):
    v = np.zeros(2)
    for _ in range(4):
        v = drag * v - rate * (x**3 + 0.5 * x[::-1])
        x = x + v
    return np.sum(x**4) / 4 + 0.5 * x[0] * x[1]


def momentum_gradient(x, rate, drag):
    v, saved = np.zeros(2), []
    for _ in range(4):
        saved.append((x, v))
        v = drag * v - rate * (x**3 + 0.5 * x[::-1])
        x = x + v
    dx, dv = x**3 + 0.5 * x[::-1], np.zeros(2)
    drate, ddrag = 0.0, 0.0
    for x, v in saved[::-1]:
        dv = dv + dx
        drate -= dv @ (x**3 + 0.5 * x[::-1])
        ddrag += dv @ v
        dforce = -rate * dv
        dx = dx + 3 * x**2 * dforce + 0.5 * dforce[::-1]
        dv = drag * dv
    return dx, np.array(drate), np.array(ddrag)


T = retold(momentum)
right("unseen_momentum", "gradient", momentum, momentum_gradient, (BEGUN, RATE_OF_STEPS, DRAG),
      "Steps with momentum on a quartic.", T)  # fmt: skip
wrong("unseen_momentum_curvature_held", "gradient", momentum, edited(momentum_gradient,
      ("+ 3 * x**2 * dforce", "")), (BEGUN, RATE_OF_STEPS, DRAG),
      "The force's cube does not depend on where it is.", T)  # fmt: skip
wrong("unseen_momentum_velocity_not_carried", "gradient", momentum, edited(momentum_gradient,
      ("dv = drag * dv", "dv = np.zeros(2)")), (BEGUN, RATE_OF_STEPS, DRAG),
      "The velocity of a step is not carried to the one before.", T)  # fmt: skip
wrong("unseen_momentum_coupling_unturned", "gradient", momentum, edited(momentum_gradient,
      ("0.5 * dforce[::-1]", "0.5 * dforce")), (BEGUN, RATE_OF_STEPS, DRAG),
      "The coupling is not turned round on the way back.", T)  # fmt: skip
wrong("unseen_momentum_drag_of_what_is_carried", "gradient", momentum, edited(momentum_gradient,
      ("ddrag += dv @ v", "ddrag += (dv - dx) @ v")), (BEGUN, RATE_OF_STEPS, DRAG),
      "The drag is multiplied by the gradient's velocity before it has the step's own.", T)  # fmt: skip
