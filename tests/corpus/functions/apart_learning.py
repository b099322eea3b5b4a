"""Embeddings, gates, overlaps, correlations, choices and series with one mistake each: the ninth held-out set."""

import numpy as np

from ..edited import edited
from ..item import Category
from ..retold import retold

CATEGORY = Category("apart learning")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9301)


# words by their neighbours, with words drawn at random
WORDS_IN, WORDS_OUT = rng.standard_normal((4, 2)), rng.standard_normal((4, 2))
CENTRE, AROUND, DRAWN = np.array([0, 1, 0, 3]), np.array([1, 2, 3, 1]), np.array([[2, 3], [0, 3], [1, 2], [2, 0]])


def skip_gram(w_in, w_out):
    v = w_in[CENTRE]
    seen = np.sum(v * w_out[AROUND], axis=1)
    noise = np.sum(v[:, None, :] * w_out[DRAWN], axis=2)
    return np.mean(np.log(1 + np.exp(-seen))) + np.mean(np.sum(np.log(1 + np.exp(noise)), axis=1))


def skip_gram_gradient(w_in, w_out):
    v = w_in[CENTRE]
    seen = (v * w_out[AROUND]).sum(axis=1)
    noise = np.einsum("ij,ikj->ik", v, w_out[DRAWN])
    dseen = -1 / (1 + np.exp(seen)) / 4
    dnoise = 1 / (1 + np.exp(-noise)) / 4
    dv = dseen[:, None] * w_out[AROUND] + np.einsum("ik,ikj->ij", dnoise, w_out[DRAWN])
    d_in, d_out = np.zeros_like(w_in), np.zeros_like(w_out)
    np.add.at(d_in, CENTRE, dv)
    np.add.at(d_out, AROUND, dseen[:, None] * v)
    np.add.at(d_out, DRAWN, dnoise[:, :, None] * v[:, None, :])
    return d_in, d_out


T = retold(skip_gram)
right("apart_skip_gram", "gradient", skip_gram, skip_gram_gradient, (WORDS_IN, WORDS_OUT),
      "Pairs that are seen, and pairs that are drawn.", T)  # fmt: skip
wrong("apart_skip_gram_centres_assigned", "gradient", skip_gram, edited(skip_gram_gradient,
      ("np.add.at(d_in, CENTRE, dv)", "d_in[CENTRE] = dv")), (WORDS_IN, WORDS_OUT),
      "Pairs of one centre overwrite each other.", T)  # fmt: skip
wrong("apart_skip_gram_drawn_words_held", "gradient", skip_gram, edited(skip_gram_gradient,
      ("np.add.at(d_out, DRAWN, dnoise[:, :, None] * v[:, None, :])", "pass")), (WORDS_IN, WORDS_OUT),
      "The words that are drawn are taken for given.", T)  # fmt: skip
wrong("apart_skip_gram_noise_sign", "gradient", skip_gram, edited(skip_gram_gradient,
      ("dnoise = 1 / (1 + np.exp(-noise)) / 4", "dnoise = -1 / (1 + np.exp(-noise)) / 4")),
      (WORDS_IN, WORDS_OUT), "Words drawn are pulled as those seen are.", T)  # fmt: skip

# a soft draw of one of several
LUCK = -np.log(-np.log(rng.uniform(0.1, 0.9, (3, 4))))
SCORES, HEAT = rng.standard_normal((3, 4)), np.array(0.7)


def soft_draws(s, heat):
    z = (s + LUCK) / heat
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def soft_draws_backward(c, s, heat):
    z = (s + LUCK) / heat
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    dz = p * (c - (c * p).sum(axis=1, keepdims=True))
    return dz / heat, np.array(-(dz * z).sum() / heat)


T = retold(soft_draws)
right("apart_soft_draws", "vjp", soft_draws, soft_draws_backward, (SCORES, HEAT),
      "Scores with noise, over a heat.", T)  # fmt: skip
wrong("apart_soft_draws_diagonal", "vjp", soft_draws, edited(soft_draws_backward,
      ("dz = p * (c - (c * p).sum(axis=1, keepdims=True))", "dz = p * c")), (SCORES, HEAT),
      "The softmax's denominator is taken for given.", T)  # fmt: skip
wrong("apart_soft_draws_not_cooled", "vjp", soft_draws, edited(soft_draws_backward,
      ("return dz / heat, np", "return dz, np")), (SCORES, HEAT),
      "The division by the heat is forgotten.", T)  # fmt: skip
wrong("apart_soft_draws_heat_squared", "vjp", soft_draws, edited(soft_draws_backward,
      ("-(dz * z).sum() / heat)", "-(dz * z).sum() / heat**2)")), (SCORES, HEAT),
      "The heat's share is divided once too often.", T)  # fmt: skip
wrong("apart_soft_draws_noise_left_out_of_the_heat", "vjp", soft_draws, edited(soft_draws_backward,
      ("-(dz * z).sum() / heat)", "-(dz * s).sum() / heat**2)")), (SCORES, HEAT),
      "The heat's share leaves the noise out.", T)  # fmt: skip

# channels that are weighed by their own means
CHANNELS, SQUEEZE, EXPAND = rng.standard_normal((2, 4, 3)), rng.standard_normal((4, 2)), rng.standard_normal((2, 4))


def excited(x, w1, w2):
    pooled = np.mean(x, axis=2)
    hidden = np.maximum(pooled @ w1, 0)
    gate = 1 / (1 + np.exp(-hidden @ w2))
    return x * gate[:, :, None]


def excited_backward(c, x, w1, w2):
    pooled = x.mean(axis=2)
    a = pooled @ w1
    hidden = np.maximum(a, 0)
    gate = 1 / (1 + np.exp(-hidden @ w2))
    dgate = (c * x).sum(axis=2)
    db = dgate * gate * (1 - gate)
    da = (db @ w2.T) * (a > 0)
    dpooled = da @ w1.T
    dx = c * gate[:, :, None] + dpooled[:, :, None] / x.shape[2]
    return dx, pooled.T @ da, hidden.T @ db


T = retold(excited)
right("apart_excited", "vjp", excited, excited_backward, (CHANNELS, SQUEEZE, EXPAND),
      "Channels weighed by what they are on average.", T)  # fmt: skip
wrong("apart_excited_gate_held", "vjp", excited, edited(excited_backward,
      ("dx = c * gate[:, :, None] + dpooled[:, :, None] / x.shape[2]", "dx = c * gate[:, :, None]")),
      (CHANNELS, SQUEEZE, EXPAND), "The gate does not move with the channels.", T)  # fmt: skip
wrong("apart_excited_pool_summed", "vjp", excited, edited(excited_backward,
      ("dpooled[:, :, None] / x.shape[2]", "dpooled[:, :, None]")), (CHANNELS, SQUEEZE, EXPAND),
      "The mean's gradient is that of a sum.", T)  # fmt: skip
wrong("apart_excited_gate_slope", "vjp", excited, edited(excited_backward,
      ("db = dgate * gate * (1 - gate)", "db = dgate")), (CHANNELS, SQUEEZE, EXPAND),
      "The sigmoid's slope is forgotten.", T)  # fmt: skip
wrong("apart_excited_channels_averaged_in_the_gate", "vjp", excited, edited(excited_backward,
      ("dgate = (c * x).sum(axis=2)", "dgate = (c * x).mean(axis=2)")), (CHANNELS, SQUEEZE, EXPAND),
      "The gate's share is averaged over the places.", T)  # fmt: skip
wrong("apart_excited_rectifier_open", "vjp", excited, edited(excited_backward,
      ("da = (db @ w2.T) * (a > 0)", "da = db @ w2.T")), (CHANNELS, SQUEEZE, EXPAND),
      "The rectifier passes everything.", T)  # fmt: skip

# a highway layer
FLOW, CARRY, CHANGE = rng.standard_normal((3, 3)), rng.standard_normal((3, 3)), rng.standard_normal((3, 3))


def highway(x, wt, wh):
    t = 1 / (1 + np.exp(-(x @ wt - 0.5)))
    h = np.tanh(x @ wh)
    return t * h + (1 - t) * x


def highway_backward(c, x, wt, wh):
    t = 1 / (1 + np.exp(-(x @ wt - 0.5)))
    h = np.tanh(x @ wh)
    dt = c * (h - x) * t * (1 - t)
    dh = c * t * (1 - h**2)
    return c * (1 - t) + dt @ wt.T + dh @ wh.T, x.T @ dt, x.T @ dh


T = retold(highway)
right("apart_highway", "vjp", highway, highway_backward, (FLOW, CARRY, CHANGE),
      "Part is carried and part is changed.", T)  # fmt: skip
wrong("apart_highway_carried_in_the_gate", "vjp", highway, edited(highway_backward,
      ("dt = c * (h - x) * t * (1 - t)", "dt = c * h * t * (1 - t)")), (FLOW, CARRY, CHANGE),
      "The gate's share lacks what is carried.", T)  # fmt: skip
wrong("apart_highway_all_is_carried", "vjp", highway, edited(highway_backward,
      ("return c * (1 - t) + dt", "return c + dt")), (FLOW, CARRY, CHANGE),
      "What is carried is all of it.", T)  # fmt: skip
wrong("apart_highway_change_not_turned", "vjp", highway, edited(highway_backward,
      ("dh @ wh.T,", "dh @ wh,")), (FLOW, CARRY, CHANGE), "The matrix of the change is not transposed.",
      T)  # fmt: skip
wrong("apart_highway_slope_of_the_gate_for_the_change", "vjp", highway, edited(highway_backward,
      ("dh = c * t * (1 - h**2)", "dh = c * t * h * (1 - h)")), (FLOW, CARRY, CHANGE),
      "The change has the slope of a sigmoid.", T)  # fmt: skip

# an overlap of two masks
MASK_LOGITS, WANTED = rng.standard_normal((3, 4)), (rng.uniform(0, 1, (3, 4)) > 0.5) * 1.0


def overlap(z):
    p = 1 / (1 + np.exp(-z))
    both = np.sum(p * WANTED)
    extra = np.sum(p * (1 - WANTED))
    missed = np.sum((1 - p) * WANTED)
    return 1 - (both + 1) / (both + 0.3 * extra + 0.7 * missed + 1)


def overlap_gradient(z):
    p = 1 / (1 + np.exp(-z))
    both = (p * WANTED).sum()
    below = both + 0.3 * (p * (1 - WANTED)).sum() + 0.7 * ((1 - p) * WANTED).sum() + 1
    dboth = -1 / below
    dbelow = (both + 1) / below**2
    dp = dboth * WANTED + dbelow * (WANTED + 0.3 * (1 - WANTED) - 0.7 * WANTED)
    return dp * p * (1 - p)


T = retold(overlap)
right("apart_overlap", "gradient", overlap, overlap_gradient, (MASK_LOGITS,),
      "Tversky's, by soft counts.", T)  # fmt: skip
wrong("apart_overlap_below_held", "gradient", overlap, edited(overlap_gradient,
      ("dp = dboth * WANTED + dbelow * (WANTED + 0.3 * (1 - WANTED) - 0.7 * WANTED)", "dp = dboth * WANTED")),
      (MASK_LOGITS,), "What stands below is taken for given.", T)  # fmt: skip
wrong("apart_overlap_below_once", "gradient", overlap, edited(overlap_gradient,
      ("dbelow = (both + 1) / below**2", "dbelow = (both + 1) / below")), (MASK_LOGITS,),
      "The square of the denominator is forgotten.", T)  # fmt: skip
wrong("apart_overlap_missed_sign", "gradient", overlap, edited(overlap_gradient,
      ("- 0.7 * WANTED)", "+ 0.7 * WANTED)")), (MASK_LOGITS,), "What is missed grows with the chance.", T)  # fmt: skip
wrong("apart_overlap_by_chances", "gradient", overlap, edited(overlap_gradient,
      ("return dp * p * (1 - p)", "return dp")), (MASK_LOGITS,), "The sigmoid's slope is forgotten.", T)  # fmt: skip

# two views whose features shall correlate one by one
LEFT, RIGHT = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
OFF = 1 - np.eye(3)


def scored(x):
    apart = x - np.mean(x, axis=0)
    return apart / np.sqrt(np.sum(apart**2, axis=0))


def twins(x, y):
    c = scored(x).T @ scored(y)
    return np.sum((1 - np.diag(c)) ** 2) + 0.1 * np.sum(OFF * c**2)


def unscored(d, x):
    apart = x - x.mean(axis=0)
    size = np.sqrt((apart**2).sum(axis=0))
    u = apart / size
    d = (d - u * (u * d).sum(axis=0)) / size
    return d - d.mean(axis=0)


def twins_gradient(x, y):
    u, v = scored(x), scored(y)
    c = u.T @ v
    dc = 0.2 * OFF * c - 2 * np.diag(1 - np.diag(c))
    return unscored(v @ dc.T, x), unscored(u @ dc, y)


T = retold(twins)
right("apart_twins", "gradient", twins, twins_gradient, (LEFT, RIGHT),
      "Correlations one on the diagonal, zero beside it.", T)  # fmt: skip
wrong("apart_twins_correlations_turned", "gradient", twins, edited(twins_gradient,
      ("return unscored(v @ dc.T, x),", "return unscored(v @ dc, x),")), (LEFT, RIGHT),
      "The correlations' gradient is not transposed for the first view.", T)  # fmt: skip
wrong("apart_twins_second_view_held", "gradient", twins, edited(twins_gradient,
      (", unscored(u @ dc, y)", ", np.zeros_like(y)")), (LEFT, RIGHT),
      "The second view is a target that stands still.", T)  # fmt: skip
wrong("apart_twins_diagonal_alone", "gradient", twins, edited(twins_gradient,
      ("dc = 0.2 * OFF * c - 2", "dc = -2")), (LEFT, RIGHT),
      "What lies beside the diagonal is forgotten.", T)  # fmt: skip
wrong("apart_twins_diagonal_among_the_others", "gradient", twins, edited(twins_gradient,
      ("dc = 0.2 * OFF * c - 2", "dc = 0.2 * c - 2")), (LEFT, RIGHT),
      "The mask of what lies beside the diagonal is forgotten.", T)  # fmt: skip

# steps by moments of the slope
FROM, DECAYS = np.array([0.8, -1.2]), np.array([0.9, 0.95])


def adaptive_steps(x, decays):
    m, v = np.zeros(2), np.zeros(2)
    for t in range(1, 4):
        g = 2 * x + np.cos(x)
        m = decays[0] * m + (1 - decays[0]) * g
        v = decays[1] * v + (1 - decays[1]) * g**2
        x = x - 0.1 * m / (1 - decays[0] ** t) / np.sqrt(v + 0.01)
    return np.sum(x**2 + np.sin(x))


def adaptive_steps_gradient(x, decays):
    a, b = decays
    m, v, tape = np.zeros(2), np.zeros(2), []
    for t in range(1, 4):
        g = 2 * x + np.cos(x)
        old_m, old_v, old_x = m, v, x
        m = a * m + (1 - a) * g
        v = b * v + (1 - b) * g**2
        x = x - 0.1 * m / (1 - a**t) / np.sqrt(v + 0.01)
        tape.append((t, old_x, g, old_m, old_v, m, v))
    dx, dm, dv, da, db = 2 * x + np.cos(x), np.zeros(2), np.zeros(2), 0.0, 0.0
    for t, x, g, old_m, old_v, m, v in tape[::-1]:
        right_of, root = 1 - a**t, np.sqrt(v + 0.01)
        dm = dm - 0.1 * dx / right_of / root
        dv = dv + 0.05 * dx * m / right_of / root**3
        da -= (0.1 * dx * m / root).sum() / right_of**2 * t * a ** (t - 1)
        da += (dm * (old_m - g)).sum()
        db += (dv * (old_v - g**2)).sum()
        dg = dm * (1 - a) + dv * (1 - b) * 2 * g
        dx = dx + dg * (2 - np.sin(x))
        dm, dv = a * dm, b * dv
    return dx, np.array([da, db])


T = retold(adaptive_steps)
right("apart_adaptive_steps", "gradient", adaptive_steps, adaptive_steps_gradient, (FROM, DECAYS),
      "Moments of the gradient, corrected.", T)  # fmt: skip
wrong("apart_adaptive_steps_correction_held", "gradient", adaptive_steps, edited(adaptive_steps_gradient,
      ("da -= (0.1 * dx * m / root).sum() / right_of**2 * t * a ** (t - 1)", "pass")), (FROM, DECAYS),
      "The correction of the first steps is taken for given.", T)  # fmt: skip
wrong("apart_adaptive_steps_moments_not_carried", "gradient", adaptive_steps,
      edited(adaptive_steps_gradient, ("dm, dv = a * dm, b * dv", "dm, dv = 0 * dm, b * dv")),
      (FROM, DECAYS), "The first moment of a step is not carried to the one before.", T)  # fmt: skip
wrong("apart_adaptive_steps_squares_held", "gradient", adaptive_steps, edited(adaptive_steps_gradient,
      ("+ dv * (1 - b) * 2 * g", "")), (FROM, DECAYS), "The squares of slopes are taken for given.", T)  # fmt: skip
wrong("apart_adaptive_steps_inner_slope_of_the_cosine", "gradient", adaptive_steps,
      edited(adaptive_steps_gradient,
      ("dx = dx + dg * (2 - np.sin(x))", "dx = dx + dg * (2 + np.sin(x))")), (FROM, DECAYS),
      "The minus of the cosine's slope is lost.", T)  # fmt: skip

# several quantiles that cannot cross
HELD_BACK = np.array([0.4, -1.0, 2.2, 0.9])
LEVELS = np.array([0.1, 0.5, 0.9])
BASE, GAPS = np.array(-0.5), np.array([0.3, -0.2])


def pinball(base, gaps):
    steps = np.log(1 + np.exp(gaps))
    q = base + np.concatenate([np.zeros(1), np.cumsum(steps)])
    e = HELD_BACK[:, None] - q
    return np.mean(np.maximum(LEVELS * e, (LEVELS - 1) * e))


def pinball_gradient(base, gaps):
    steps = np.log1p(np.exp(gaps))
    q = base + np.array([0.0, steps[0], steps[0] + steps[1]])
    e = HELD_BACK[:, None] - q
    de = np.where(e > 0, LEVELS, LEVELS - 1) / e.size
    dq = -de.sum(axis=0)
    dsteps = np.array([dq[1] + dq[2], dq[2]])
    return np.array(dq.sum()), dsteps / (1 + np.exp(-gaps))


T = retold(pinball)
right("apart_pinball", "gradient", pinball, pinball_gradient, (BASE, GAPS),
      "Levels in order by sums of softplus.", T)  # fmt: skip
wrong("apart_pinball_gaps_apart", "gradient", pinball, edited(pinball_gradient,
      ("np.array([dq[1] + dq[2], dq[2]])", "np.array([dq[1], dq[2]])")), (BASE, GAPS),
      "A gap moves its own level alone.", T)  # fmt: skip
wrong("apart_pinball_gaps_forwards", "gradient", pinball, edited(pinball_gradient,
      ("np.array([dq[1] + dq[2], dq[2]])", "np.array([dq[1], dq[1] + dq[2]])")), (BASE, GAPS),
      "The sum of the gaps is not turned round.", T)  # fmt: skip
wrong("apart_pinball_softplus_slope", "gradient", pinball, edited(pinball_gradient,
      ("dsteps / (1 + np.exp(-gaps))", "dsteps")), (BASE, GAPS), "The slope of softplus is forgotten.", T)  # fmt: skip
wrong("apart_pinball_per_level", "gradient", pinball, edited(pinball_gradient, ("/ e.size", "/ len(e)")),
      (BASE, GAPS), "Averaged over the draws, not over the levels.", T)  # fmt: skip

# a process that is measured at uneven times
WAITS = np.array([0.5, 1.2, 0.3])
MEASUREMENTS, PULL = np.array([0.4, 0.9, 0.2, 0.7]), np.array([0.6, -0.3])


def reverting_gaps(x, p):
    rate, var = np.exp(p[0]), np.exp(p[1])
    keep = np.exp(-rate * WAITS)
    spread = var * (1 - keep**2)
    e = x[1:] - keep * x[:-1]
    return 0.5 * np.sum(e**2 / spread + np.log(spread))


def reverting_gaps_gradient(x, p):
    rate, var = np.exp(p[0]), np.exp(p[1])
    keep = np.exp(-rate * WAITS)
    spread = var * (1 - keep**2)
    e = x[1:] - keep * x[:-1]
    de = e / spread
    dspread = 0.5 * (1 / spread - e**2 / spread**2)
    dkeep = -de * x[:-1] - 2 * var * keep * dspread
    dx = np.zeros(4)
    dx[1:] += de
    dx[:-1] -= keep * de
    drate = -(dkeep * WAITS * keep).sum() * rate
    return dx, np.array([drate, (dspread * spread).sum()])


T = retold(reverting_gaps)
right("apart_reverting_gaps", "gradient", reverting_gaps, reverting_gaps_gradient, (MEASUREMENTS, PULL),
      "Gaps of unlike lengths between measurements.", T)  # fmt: skip
wrong("apart_reverting_gaps_spread_by_its_size_alone", "gradient", reverting_gaps,
      edited(reverting_gaps_gradient, ("- 2 * var * keep * dspread", "")), (MEASUREMENTS, PULL),
      "The spread does not move with the rate.", T)  # fmt: skip
wrong("apart_reverting_gaps_logarithm_of_the_spread", "gradient", reverting_gaps,
      edited(reverting_gaps_gradient,
      ("dspread = 0.5 * (1 / spread - e**2 / spread**2)", "dspread = -0.5 * e**2 / spread**2")),
      (MEASUREMENTS, PULL), "The logarithm is forgotten.", T)  # fmt: skip
wrong("apart_reverting_gaps_waits_forgotten", "gradient", reverting_gaps, edited(reverting_gaps_gradient,
      ("drate = -(dkeep * WAITS * keep).sum() * rate", "drate = -(dkeep * keep).sum() * rate")),
      (MEASUREMENTS, PULL), "The waits are forgotten.", T)  # fmt: skip
wrong("apart_reverting_gaps_rate_itself", "gradient", reverting_gaps, edited(reverting_gaps_gradient,
      (".sum() * rate", ".sum()")), (MEASUREMENTS, PULL), "The slope of exp is forgotten for the rate.",
      T)  # fmt: skip

# counts that spread more than Poisson's
AGES, SEEN_TIMES, EXPOSED = rng.standard_normal((5, 2)), np.array([1.0, 0, 3, 2, 0]), np.array([1.0, 2, 1.5, 1, 0.5])
EFFECTS, LOG_SIZE = np.array([0.3, -0.5]), np.array(0.4)


def counts(beta, log_r):
    r = np.exp(log_r)
    mu = EXPOSED * np.exp(AGES @ beta)
    mixed = (SEEN_TIMES + r) * np.log(r + mu) - SEEN_TIMES * np.log(mu)
    return np.sum(mixed - r * log_r)


def counts_gradient(beta, log_r):
    r = np.exp(log_r)
    mu = EXPOSED * np.exp(AGES @ beta)
    dmu = (SEEN_TIMES + r) / (r + mu) - SEEN_TIMES / mu
    dr = np.log(r + mu) + (SEEN_TIMES + r) / (r + mu) - log_r - 1
    return AGES.T @ (dmu * mu), np.array(r * dr.sum())


T = retold(counts)
right("apart_counts", "gradient", counts, counts_gradient, (EFFECTS, LOG_SIZE),
      "A negative binomial but for what is constant.", T)  # fmt: skip
wrong("apart_counts_link_forgotten", "gradient", counts, edited(counts_gradient,
      ("AGES.T @ (dmu * mu)", "AGES.T @ dmu")), (EFFECTS, LOG_SIZE), "The slope of exp is forgotten.", T)  # fmt: skip
wrong("apart_counts_size_before_the_logarithm", "gradient", counts, edited(counts_gradient,
      ("dr = np.log(r + mu) + (SEEN_TIMES + r)", "dr = (SEEN_TIMES + r)")), (EFFECTS, LOG_SIZE),
      "The size in front of the logarithm is taken for given.", T)  # fmt: skip
wrong("apart_counts_size_itself", "gradient", counts, edited(counts_gradient,
      ("np.array(r * dr.sum())", "np.array(dr.sum())")), (EFFECTS, LOG_SIZE),
      "The size's logarithm is forgotten.", T)  # fmt: skip
wrong("apart_counts_counts_term", "gradient", counts, edited(counts_gradient,
      ("/ (r + mu) - SEEN_TIMES / mu", "/ (r + mu)")), (EFFECTS, LOG_SIZE),
      "The term of the counts is forgotten.", T)  # fmt: skip
