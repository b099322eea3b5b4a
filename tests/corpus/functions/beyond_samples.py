"""Likelihoods, kernels, contrasts, rankings, prices, portfolios, graphs and curves: the seventh held-out set."""

import numpy as np

from ..edited import edited
from ..item import Category
from ..retold import retold

CATEGORY = Category("beyond samples")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(8103)


# a Gaussian process by its evidence, two lengths and a noise
SITES, HEIGHTS = rng.standard_normal((4, 2)), rng.standard_normal(4)
KERNEL_LOGS = np.array([0.2, -0.3, 0.1, -1.0])


def evidence(p):
    scaled = SITES / np.exp(p[:2])
    d2 = np.sum((scaled[:, None, :] - scaled[None, :, :]) ** 2, axis=2)
    K = np.exp(2 * p[2]) * np.exp(-0.5 * d2) + np.exp(2 * p[3]) * np.eye(4)
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(K, HEIGHTS)
    return 0.5 * HEIGHTS @ alpha + np.sum(np.log(np.diag(L)))


def evidence_gradient(p):
    diff2 = (SITES[:, None, :] - SITES[None, :, :]) ** 2 / np.exp(2 * p[:2])
    rbf = np.exp(2 * p[2]) * np.exp(-0.5 * diff2.sum(axis=2))
    K = rbf + np.exp(2 * p[3]) * np.eye(4)
    Kinv = np.linalg.inv(K)
    alpha = Kinv @ HEIGHTS
    inner = Kinv - np.outer(alpha, alpha)
    grad = np.zeros(4)
    for k in range(2):
        grad[k] = 0.5 * np.sum(inner * rbf * diff2[:, :, k])
    grad[2] = np.sum(inner * rbf)
    grad[3] = np.exp(2 * p[3]) * np.trace(inner)
    return grad


T = retold(evidence)
right("beyond_evidence", "gradient", evidence, evidence_gradient, (KERNEL_LOGS,),
      "Fit and volume by the trace formula.", T)  # fmt: skip
wrong("beyond_evidence_volume_forgotten", "gradient", evidence, edited(evidence_gradient,
      ("inner = Kinv - np.outer(alpha, alpha)", "inner = -np.outer(alpha, alpha)")), (KERNEL_LOGS,),
      "The determinant's term is forgotten.", T)  # fmt: skip
wrong("beyond_evidence_fit_sign", "gradient", evidence, edited(evidence_gradient,
      ("inner = Kinv - np.outer", "inner = Kinv + np.outer")), (KERNEL_LOGS,),
      "The minus of the inverse's derivative is lost.", T)  # fmt: skip
wrong("beyond_evidence_variance_not_squared", "gradient", evidence, edited(evidence_gradient,
      ("grad[2] = np.sum(inner * rbf)", "grad[2] = 0.5 * np.sum(inner * rbf)")), (KERNEL_LOGS,),
      "The 2 of the height's logarithm is forgotten.", T)  # fmt: skip


def evidence_by_adjoints(p):
    lengths, height, noise = np.exp(p[:2]), np.exp(2 * p[2]), np.exp(2 * p[3])
    scaled = SITES / lengths
    d = scaled[:, None, :] - scaled[None, :, :]
    bell = np.exp(-0.5 * (d**2).sum(axis=2))
    K = height * bell + noise * np.eye(4)
    alpha = np.linalg.solve(K, HEIGHTS)
    dK = 0.5 * (np.linalg.solve(K, np.eye(4)) - np.outer(alpha, alpha))
    dd = -(dK * height * bell)[:, :, None] * d
    dscaled = dd.sum(axis=1) - dd.sum(axis=0)
    return np.array([*-(dscaled * scaled).sum(axis=0), 2 * (dK * height * bell).sum(), 2 * noise * np.trace(dK)])


right("beyond_evidence_by_adjoints", "gradient", evidence, evidence_by_adjoints, (KERNEL_LOGS,),
      "Back through the factor and the solve.", T)  # fmt: skip

# a mixture of three bells
DRAWS = np.array([-1.2, 0.1, 0.4, 1.9, 2.3])
LOGIT_SHARES, CENTRES, LOG_WIDTHS = np.array([0.2, -0.4, 0.5]), np.array([-1.0, 0.5, 2.0]), np.array([-0.2, 0.1, 0.3])


def mixture(logits, mu, log_sd):
    share = np.exp(logits) / np.sum(np.exp(logits))
    z = (DRAWS[:, None] - mu) / np.exp(log_sd)
    density = share * np.exp(-0.5 * z**2 - log_sd)
    return -np.mean(np.log(np.sum(density, axis=1)))


def mixture_gradient(logits, mu, log_sd):
    share = np.exp(logits) / np.exp(logits).sum()
    sd = np.exp(log_sd)
    z = (DRAWS[:, None] - mu) / sd
    density = share * np.exp(-0.5 * z**2 - log_sd)
    resp = density / density.sum(axis=1, keepdims=True)
    n = len(DRAWS)
    d_logits = share - resp.mean(axis=0)
    d_mu = -(resp * z / sd).sum(axis=0) / n
    d_log_sd = -(resp * (z**2 - 1)).sum(axis=0) / n
    return d_logits, d_mu, d_log_sd


T = retold(mixture)
right("beyond_mixture", "gradient", mixture, mixture_gradient, (LOGIT_SHARES, CENTRES, LOG_WIDTHS),
      "Responsibilities, shares by a softmax.", T)  # fmt: skip
wrong("beyond_mixture_shares_total", "gradient", mixture, edited(mixture_gradient,
      ("d_logits = share - resp.mean(axis=0)", "d_logits = -resp.mean(axis=0)")),
      (LOGIT_SHARES, CENTRES, LOG_WIDTHS), "The softmax's denominator is taken for given.", T)  # fmt: skip
wrong("beyond_mixture_width_volume", "gradient", mixture, edited(mixture_gradient,
      ("(z**2 - 1)", "z**2")), (LOGIT_SHARES, CENTRES, LOG_WIDTHS),
      "The density's 1/width is taken for given.", T)  # fmt: skip
wrong("beyond_mixture_width_itself", "gradient", mixture, edited(mixture_gradient,
      ("d_mu = -(resp * z / sd)", "d_mu = -(resp * z)")), (LOGIT_SHARES, CENTRES, LOG_WIDTHS),
      "The centres' division by the width is forgotten.", T)  # fmt: skip
wrong("beyond_mixture_sums", "gradient", mixture, edited(mixture_gradient,
      (" / n\n    d_log_sd = -(resp * (z**2 - 1)).sum(axis=0) / n",
       "\n    d_log_sd = -(resp * (z**2 - 1)).sum(axis=0)")),
      (LOGIT_SHARES, CENTRES, LOG_WIDTHS), "Sums over the draws, but for the shares.", T)  # fmt: skip


def mixture_by_draws(logits, mu, log_sd):
    e = np.exp(logits - logits.max())
    share, precision = e / e.sum(), np.exp(-2 * log_sd)
    grads = np.zeros((3, 3))
    for x in DRAWS:
        each = share * np.exp(-0.5 * precision * (x - mu) ** 2 - log_sd)
        resp = each / each.sum()
        grads[0] += resp - share
        grads[1] += resp * precision * (x - mu)
        grads[2] += resp * (precision * (x - mu) ** 2 - 1)
    return tuple(-grads / DRAWS.size)


right("beyond_mixture_by_draws", "gradient", mixture, mixture_by_draws,
      (LOGIT_SHARES, CENTRES, LOG_WIDTHS), "Draw by draw.", T)  # fmt: skip

# ordered answers
CUTS, SCORES = np.array([-0.8, 0.1, -0.2]), np.array([0.3, -0.5, 1.2, 0.9, -1.4])
ANSWERS = np.array([1, 0, 3, 2, 0])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def ordinal(cuts, score):
    edges = np.concatenate([cuts[:1], cuts[0] + np.cumsum(np.exp(cuts[1:]))])
    below = sigmoid(edges[None, :] - score[:, None])
    p = np.concatenate([below, np.ones((5, 1))], axis=1) - np.concatenate([np.zeros((5, 1)), below], axis=1)
    return -np.sum(np.log(p[np.arange(5), ANSWERS]))


def ordinal_gradient(cuts, score):
    edges = np.concatenate([cuts[:1], cuts[0] + np.cumsum(np.exp(cuts[1:]))])
    below = sigmoid(edges[None, :] - score[:, None])
    slope = below * (1 - below)
    p = np.diff(np.hstack([np.zeros((5, 1)), below, np.ones((5, 1))]), axis=1)
    dscore, dedges = np.zeros(5), np.zeros(3)
    for i, k in enumerate(ANSWERS):
        w = -1 / p[i, k]
        if k < 3:
            dedges[k] += w * slope[i, k]
            dscore[i] -= w * slope[i, k]
        if k > 0:
            dedges[k - 1] -= w * slope[i, k - 1]
            dscore[i] += w * slope[i, k - 1]
    later = np.cumsum(dedges[::-1])[::-1]
    dcuts = np.concatenate([later[:1], later[1:] * np.exp(cuts[1:])])
    return dcuts, dscore


T = retold(ordinal)
right("beyond_ordinal", "gradient", ordinal, ordinal_gradient, (CUTS, SCORES),
      "Ordered cuts by sums of exponentials.", T)  # fmt: skip
wrong("beyond_ordinal_sum_not_reversed", "gradient", ordinal, edited(ordinal_gradient,
      ("later = np.cumsum(dedges[::-1])[::-1]",
       "later = np.concatenate([dedges.sum(keepdims=True), np.cumsum(dedges[1:])])")),
      (CUTS, SCORES), "The cumulative sum is not turned round.", T)  # fmt: skip
wrong("beyond_ordinal_gaps_themselves", "gradient", ordinal, edited(ordinal_gradient,
      ("later[1:] * np.exp(cuts[1:])", "later[1:]")), (CUTS, SCORES), "The slope of exp is forgotten.", T)  # fmt: skip
wrong("beyond_ordinal_lower_edge", "gradient", ordinal, edited(ordinal_gradient,
      ("if k > 0:", "if k > 3:")), (CUTS, SCORES), "The lower edge of an answer is taken for given.", T)  # fmt: skip

# a hidden state with two means
PULSES, STAY = np.array([0.2, 1.1, 0.9, -0.3]), np.array([0.4, -0.2, 1.3])


def switching(x, p):
    keep = 1 / (1 + np.exp(-p[0]))
    move = np.array([[1.0, 0.0], [0.0, 1.0]]) * keep + np.array([[0.0, 1.0], [1.0, 0.0]]) * (1 - keep)
    a = np.array([0.5, 0.5])
    loss = 0.0
    for t in range(4):
        a = (a @ move) * np.exp(-0.5 * (x[t] - p[1:]) ** 2)
        total = np.sum(a)
        loss = loss - np.log(total)
        a = a / total
    return loss


def switching_gradient(x, p):
    keep = 1 / (1 + np.exp(-p[0]))
    move = np.array([[keep, 1 - keep], [1 - keep, keep]])
    like = np.exp(-0.5 * (x[:, None] - p[1:]) ** 2)
    ahead, a = [np.array([0.5, 0.5])], np.array([0.5, 0.5])
    scale = []
    for t in range(4):
        a = (a @ move) * like[t]
        scale.append(a.sum())
        a = a / a.sum()
        ahead.append(a)
    back = np.ones(2)
    dx, dmeans, dmove = np.zeros(4), np.zeros(2), np.zeros((2, 2))
    for t in range(3, -1, -1):
        post = ahead[t + 1] * back
        dx[t] = (post * (x[t] - p[1:])).sum()
        dmeans -= post * (x[t] - p[1:])
        w = like[t] * back / scale[t]
        dmove -= np.outer(ahead[t], w)
        back = move @ w
    dkeep = dmove[0, 0] + dmove[1, 1] - dmove[0, 1] - dmove[1, 0]
    return dx, np.concatenate([[dkeep * keep * (1 - keep)], dmeans])


T = retold(switching)
right("beyond_switching", "gradient", switching, switching_gradient, (PULSES, STAY),
      "Two states, by a normalised forward pass.", T)  # fmt: skip
wrong("beyond_switching_filtered_for_smoothed", "gradient", switching, edited(switching_gradient,
      ("back = move @ w", "back = np.ones(2)")), (PULSES, STAY),
      "What is known so far stands for what is known in the end.", T)  # fmt: skip
wrong("beyond_switching_changes_held", "gradient", switching, edited(switching_gradient,
      ("dkeep = dmove[0, 0] + dmove[1, 1] - dmove[0, 1] - dmove[1, 0]", "dkeep = dmove[0, 0] + dmove[1, 1]")),
      (PULSES, STAY), "The probability of a change is taken for given.", T)  # fmt: skip
wrong("beyond_switching_link_forgotten", "gradient", switching, edited(switching_gradient,
      ("[dkeep * keep * (1 - keep)]", "[dkeep]")), (PULSES, STAY),
      "The slope of the sigmoid is forgotten.", T)  # fmt: skip

# Tukey's loss of a line
WHERE, TILT = np.array([0.0, 0.5, 1.0, 1.5, 2.0]), np.array([0.4, 0.8])
OBSERVED = np.array([0.3, 1.2, 0.9, 4.0, 2.4])


def bisquare(b, y):
    r = y - b[0] - b[1] * WHERE
    inside = np.abs(r) < 1.5
    return np.sum(np.where(inside, 1 - (1 - (r / 1.5) ** 2) ** 3, 1.0))


def bisquare_gradient(b, y):
    r = y - b[0] - b[1] * WHERE
    psi = 6 * r / 1.5**2 * (1 - (r / 1.5) ** 2) ** 2 * (np.abs(r) < 1.5)
    return -np.array([psi.sum(), (psi * WHERE).sum()]), psi


T = retold(bisquare)
right("beyond_bisquare", "gradient", bisquare, bisquare_gradient, (TILT, OBSERVED),
      "Zero slope beyond the cutoff.", T)  # fmt: skip
wrong("beyond_bisquare_cutoff_ignored", "gradient", bisquare, edited(bisquare_gradient,
      ("* (np.abs(r) < 1.5)", "")), (TILT, OBSERVED), "Residuals beyond the cutoff pull, too.", T)  # fmt: skip
wrong("beyond_bisquare_cutoff_once", "gradient", bisquare, edited(bisquare_gradient,
      ("6 * r / 1.5**2 *", "6 * r / 1.5 *")), (TILT, OBSERVED), "The cutoff's square is forgotten.", T)  # fmt: skip
wrong("beyond_bisquare_power_of_weight", "gradient", bisquare, edited(bisquare_gradient,
      ("(r / 1.5) ** 2) ** 2 * (np", "(r / 1.5) ** 2) ** 3 * (np")), (TILT, OBSERVED),
      "The cube's exponent is not lowered.", T)  # fmt: skip

# embeddings that belong together by label
EMBEDDED = rng.standard_normal((5, 3))
SAME = np.array([0, 1, 0, 1, 0])[:, None] == np.array([0, 1, 0, 1, 0])[None, :]
OTHERS = 1.0 - np.eye(5)
MATES = SAME * OTHERS / np.sum(SAME * OTHERS, axis=1, keepdims=True)


def supervised_contrast(z):
    u = z / np.sqrt(np.sum(z**2, axis=1, keepdims=True))
    s = u @ u.T / 0.5
    log_total = np.log(np.sum(np.exp(s) * OTHERS, axis=1, keepdims=True))
    return -np.sum(MATES * (s - log_total)) / 5


def supervised_contrast_gradient(z):
    size = np.sqrt((z**2).sum(axis=1, keepdims=True))
    u = z / size
    e = np.exp(u @ u.T / 0.5) * OTHERS
    p = e / e.sum(axis=1, keepdims=True)
    ds = (p - MATES) / 5
    du = (ds + ds.T) @ u / 0.5
    return (du - u * (du * u).sum(axis=1, keepdims=True)) / size


T = retold(supervised_contrast)
right("beyond_supervised_contrast", "gradient", supervised_contrast, supervised_contrast_gradient,
      (EMBEDDED,), "Over all of a label, self left out.", T)  # fmt: skip
wrong("beyond_supervised_contrast_anchors_alone", "gradient", supervised_contrast,
      edited(supervised_contrast_gradient, ("du = (ds + ds.T) @ u / 0.5", "du = ds @ u / 0.5")),
      (EMBEDDED,), "What is compared with is taken for given.", T)  # fmt: skip
wrong("beyond_supervised_contrast_as_if_symmetric", "gradient", supervised_contrast,
      edited(supervised_contrast_gradient, ("du = (ds + ds.T) @ u / 0.5", "du = 2 * ds @ u / 0.5")),
      (EMBEDDED,), "Twice one side, as if the scores' gradient were symmetric.", T)  # fmt: skip
wrong("beyond_supervised_contrast_itself_among_the_others", "gradient", supervised_contrast,
      edited(supervised_contrast_gradient,
      ("e = np.exp(u @ u.T / 0.5) * OTHERS", "e = np.exp(u @ u.T / 0.5)")), (EMBEDDED,),
      "An embedding is among its own negatives.", T)  # fmt: skip
wrong("beyond_supervised_contrast_lengths_held", "gradient", supervised_contrast,
      edited(supervised_contrast_gradient,
      ("return (du - u * (du * u).sum(axis=1, keepdims=True)) / size", "return du / size")), (EMBEDDED,),
      "The lengths are taken for given.", T)  # fmt: skip

# an order by worth
WORTH, PLACED = np.array([0.4, -0.3, 0.9, 0.2]), np.array([2, 0, 3, 1])


def plackett(w):
    s = w[PLACED]
    loss = 0.0
    for k in range(3):
        loss = loss + np.log(np.sum(np.exp(s[k:]))) - s[k]
    return loss


def plackett_gradient(w):
    s = w[PLACED]
    ds = np.zeros(4)
    for k in range(3):
        e = np.exp(s[k:])
        ds[k:] += e / e.sum()
        ds[k] -= 1
    dw = np.zeros(4)
    dw[PLACED] = ds
    return dw


T = retold(plackett)
right("beyond_plackett", "gradient", plackett, plackett_gradient, (WORTH,),
      "The best of those that are left, place by place.", T)  # fmt: skip
wrong("beyond_plackett_in_order_of_places", "gradient", plackett, edited(plackett_gradient,
      ("dw[PLACED] = ds", "dw = ds")), (WORTH,), "The gradient stays in the order of the places.", T)  # fmt: skip
wrong("beyond_plackett_gathered_again", "gradient", plackett, edited(plackett_gradient,
      ("dw[PLACED] = ds", "dw = ds[PLACED]")), (WORTH,), "Gathered again instead of put back.", T)  # fmt: skip
wrong("beyond_plackett_all_compete", "gradient", plackett, edited(plackett_gradient,
      ("e = np.exp(s[k:])", "e = np.exp(s)"), ("ds[k:] += e / e.sum()", "ds += e / e.sum()")), (WORTH,),
      "Those already placed compete again.", T)  # fmt: skip


def plackett_by_inverse_order(w):
    s = w[PLACED]
    e = np.exp(s - s.max())
    left = np.cumsum(e[::-1])[::-1]
    ds = e * np.cumsum(1 / left) - 1
    return ds[np.argsort(PLACED)]


right("beyond_plackett_by_inverse_order", "gradient", plackett, plackett_by_inverse_order, (WORTH,),
      "Put back by the inverse of the order.", T)  # fmt: skip

# a call by a binomial tree
SPOT, VOLATILITY, RATE = np.array(1.05), np.array(0.3), np.array(0.04)


def tree(spot, vol, rate):
    dt = 0.25
    up = np.exp(vol * np.sqrt(dt))
    p = (np.exp(rate * dt) - 1 / up) / (up - 1 / up)
    v = [np.maximum(spot * up ** (2 * j - 4) - 1.0, 0.0) for j in range(5)]
    for n in range(4, 0, -1):
        v = [np.exp(-rate * dt) * (p * v[j + 1] + (1 - p) * v[j]) for j in range(n)]
    return v[0]


def tree_gradient(spot, vol, rate):
    dt = 0.25
    up = np.exp(vol * np.sqrt(dt))
    grow, disc = np.exp(rate * dt), np.exp(-rate * dt)
    p = (grow - 1 / up) / (up - 1 / up)
    levels = [np.array([max(spot * up ** (2 * j - 4) - 1.0, 0.0) for j in range(5)])]
    for _ in range(4):
        v = levels[-1]
        levels.append(disc * (p * v[1:] + (1 - p) * v[:-1]))
    dv, dp, ddisc = np.array([1.0]), 0.0, 0.0
    for v in levels[-2::-1]:
        ddisc += (dv * (p * v[1:] + (1 - p) * v[:-1])).sum()
        dp += (dv * disc * (v[1:] - v[:-1])).sum()
        below = np.zeros(len(v))
        below[1:] += dv * disc * p
        below[:-1] += dv * disc * (1 - p)
        dv = below
    j = np.arange(5)
    paid = dv * (levels[0] > 0)
    dspot = (paid * up ** (2.0 * j - 4)).sum()
    dup = (paid * spot * (2 * j - 4) * up ** (2.0 * j - 5)).sum()
    spread = up - 1 / up
    dup += dp * (1 / up**2 / spread - (grow - 1 / up) / spread**2 * (1 + 1 / up**2))
    dvol = dup * up * np.sqrt(dt)
    drate = dp * dt * grow / spread - ddisc * dt * disc
    return np.array(dspot), np.array(dvol), np.array(drate)


T = retold(tree)
right("beyond_tree", "gradient", tree, tree_gradient, (SPOT, VOLATILITY, RATE),
      "Back through a tree of four steps.", T)  # fmt: skip
wrong("beyond_tree_chance_held_in_the_volatility", "gradient", tree, edited(tree_gradient,
      ("dup += dp * (1 / up**2 / spread - (grow - 1 / up) / spread**2 * (1 + 1 / up**2))", "pass")),
      (SPOT, VOLATILITY, RATE), "The chance of a rise does not move with the volatility.", T)  # fmt: skip
wrong("beyond_tree_discount_held", "gradient", tree, edited(tree_gradient, ("- ddisc * dt * disc", "")),
      (SPOT, VOLATILITY, RATE), "The discount is taken for given.", T)  # fmt: skip
wrong("beyond_tree_root_of_time", "gradient", tree, edited(tree_gradient,
      ("dvol = dup * up * np.sqrt(dt)", "dvol = dup * up")), (SPOT, VOLATILITY, RATE),
      "The root of the step's length is forgotten.", T)  # fmt: skip

# a portfolio whose parts share the risk
HOLDINGS = np.array([0.5, 0.3, 0.2])
COVARIANCES = np.array([[0.4, 0.1, -0.05], [0.1, 0.3, 0.08], [-0.05, 0.08, 0.2]])


def budgeted(w, cov):
    part = w * (cov @ w)
    share = part / np.sum(part)
    return np.sum((share - 1 / 3) ** 2) + 0.1 * np.sum(np.abs(w - 0.25))


def budgeted_gradient(w, cov):
    marginal = cov @ w
    part = w * marginal
    total = part.sum()
    share = part / total
    dshare = 2 * (share - 1 / 3)
    dpart = dshare / total - (dshare * part).sum() / total**2
    dmarginal = dpart * w
    dw = dpart * marginal + cov.T @ dmarginal + 0.1 * np.sign(w - 0.25)
    return dw, np.outer(dmarginal, w)


T = retold(budgeted)
right("beyond_budgeted", "gradient", budgeted, budgeted_gradient, (HOLDINGS, COVARIANCES),
      "Shares of risk against a budget.", T)  # fmt: skip
wrong("beyond_budgeted_total_held", "gradient", budgeted, edited(budgeted_gradient,
      ("- (dshare * part).sum() / total**2", "")), (HOLDINGS, COVARIANCES),
      "The whole risk is taken for given.", T)  # fmt: skip
wrong("beyond_budgeted_turnover", "gradient", budgeted, edited(budgeted_gradient,
      ("+ 0.1 * np.sign(w - 0.25)", "")), (HOLDINGS, COVARIANCES), "The cost of trading is forgotten.", T)  # fmt: skip
wrong("beyond_budgeted_covariance_other_way", "gradient", budgeted, edited(budgeted_gradient,
      ("np.outer(dmarginal, w)", "np.outer(w, dmarginal)")), (HOLDINGS, COVARIANCES),
      "The outer product is the other way round.", T)  # fmt: skip

# smoothness of signals on a graph
LINKS, SIGNALS = rng.uniform(0.2, 1.0, (4, 4)), rng.standard_normal((4, 2))


def laplacian(w, x):
    a = (w + w.T) / 2
    deg = np.sum(a, axis=1)
    scaled = x / np.sqrt(deg)[:, None]
    return np.sum(x**2) - np.sum(scaled * (a @ scaled))


def laplacian_gradient(w, x):
    a = (w + w.T) / 2
    deg = a.sum(axis=1)
    root = np.sqrt(deg)[:, None]
    scaled = x / root
    dscaled = -2 * a @ scaled
    dx = 2 * x + dscaled / root
    ddeg = -0.5 * (dscaled * scaled).sum(axis=1) / deg
    da = -scaled @ scaled.T + ddeg[:, None]
    return (da + da.T) / 2, dx


T = retold(laplacian)
right("beyond_laplacian", "gradient", laplacian, laplacian_gradient, (LINKS, SIGNALS),
      "Normalised by the roots of degrees.", T)  # fmt: skip
wrong("beyond_laplacian_degrees_held", "gradient", laplacian, edited(laplacian_gradient,
      ("da = -scaled @ scaled.T + ddeg[:, None]", "da = -scaled @ scaled.T")), (LINKS, SIGNALS),
      "The degrees are taken for given.", T)  # fmt: skip
wrong("beyond_laplacian_not_made_symmetric", "gradient", laplacian, edited(laplacian_gradient,
      ("return (da + da.T) / 2, dx", "return da, dx")), (LINKS, SIGNALS),
      "The symmetric part is not taken on the way back.", T)  # fmt: skip
wrong("beyond_laplacian_one_of_two_sides", "gradient", laplacian, edited(laplacian_gradient,
      ("dscaled = -2 * a @ scaled", "dscaled = -a @ scaled")), (LINKS, SIGNALS),
      "The signals stand on both sides of the matrix.", T)  # fmt: skip

# ratings by factors and biases
USERS, THINGS, LIKING = rng.standard_normal((3, 2)), rng.standard_normal((4, 2)), rng.standard_normal(4)
WHO, WHAT = np.array([0, 0, 1, 2, 2, 2]), np.array([1, 3, 0, 1, 2, 3])
STARS = np.array([3.0, 1.0, 4.0, 5.0, 2.0, 3.5])


def factorised(u, v, b):
    guess = np.sum(u[WHO] * v[WHAT], axis=1) + b[WHAT] + 3.0
    miss = guess - STARS
    return np.mean(miss**2) + 0.05 * (np.sum(u**2) + np.sum(v**2))


def factorised_gradient(u, v, b):
    miss = (u[WHO] * v[WHAT]).sum(axis=1) + b[WHAT] + 3.0 - STARS
    d = 2 * miss / len(STARS)
    du, dv, db = 0.1 * u, 0.1 * v, np.zeros_like(b)
    np.add.at(du, WHO, d[:, None] * v[WHAT])
    np.add.at(dv, WHAT, d[:, None] * u[WHO])
    np.add.at(db, WHAT, d)
    return du, dv, db


T = retold(factorised)
right("beyond_factorised", "gradient", factorised, factorised_gradient, (USERS, THINGS, LIKING),
      "Biases, a penalty, only what was rated.", T)  # fmt: skip
wrong("beyond_factorised_users_put_over_each_other", "gradient", factorised, edited(factorised_gradient,
      ("np.add.at(du, WHO, d[:, None] * v[WHAT])", "du[WHO] = du[WHO] + d[:, None] * v[WHAT]")),
      (USERS, THINGS, LIKING), "Ratings of one user overwrite each other.", T)  # fmt: skip
wrong("beyond_factorised_per_number_of_users", "gradient", factorised, edited(factorised_gradient,
      ("d = 2 * miss / len(STARS)", "d = 2 * miss / len(u)")), (USERS, THINGS, LIKING),
      "Averaged over the users, not over the ratings.", T)  # fmt: skip
wrong("beyond_factorised_penalty_of_things", "gradient", factorised, edited(factorised_gradient,
      ("0.1 * u, 0.1 * v, np", "0.1 * u, np.zeros_like(v), np")), (USERS, THINGS, LIKING),
      "The penalty on the things' factors is forgotten.", T)  # fmt: skip

# a factorisation machine
FEATURES, LINEAR, PAIRED = rng.standard_normal((3, 4)), rng.standard_normal(4), rng.standard_normal((4, 2))


def machine(x, w, v):
    total = x @ v
    own = x**2 @ v**2
    return x @ w + 0.5 * np.sum(total**2 - own, axis=1)


def machine_backward(g, x, w, v):
    total = x @ v
    gt = g[:, None] * total
    dx = np.outer(g, w) + gt @ v.T - g[:, None] * x * (v**2).sum(axis=1)
    dw = x.T @ g
    dv = x.T @ gt - v * ((x**2).T @ g)[:, None]
    return dx, dw, dv


T = retold(machine)
right("beyond_machine", "vjp", machine, machine_backward, (FEATURES, LINEAR, PAIRED),
      "Pairs by half of the square minus the squares.", T)  # fmt: skip
wrong("beyond_machine_own_squares", "vjp", machine, edited(machine_backward,
      ("- v * ((x**2).T @ g)[:, None]", "")), (FEATURES, LINEAR, PAIRED),
      "What pairs with itself is not taken away.", T)  # fmt: skip
wrong("beyond_machine_upstream_of_squares", "vjp", machine, edited(machine_backward,
      ("- g[:, None] * x *", "- x *")), (FEATURES, LINEAR, PAIRED),
      "The squares' part of the inputs forgets what comes from above.", T)  # fmt: skip
wrong("beyond_machine_x_once", "vjp", machine, edited(machine_backward, ("((x**2).T @ g)", "(x.T @ g)")),
      (FEATURES, LINEAR, PAIRED), "The input's square is taken for the input.", T)  # fmt: skip

# times to failure, some cut off
TRIAL, ENDPOINT = np.array([0.3, -0.5]), np.array(0.2)
GROUP, LASTING = rng.standard_normal((5, 2)), np.array([0.6, 1.4, 2.2, 0.9, 3.0])
EVENT = np.array([1.0, 1.0, 0.0, 1.0, 0.0])


def log_logistic(beta, log_shape):
    shape = np.exp(log_shape)
    z = shape * (np.log(LASTING) - GROUP @ beta)
    survival = np.log(1 + np.exp(z))
    hazard = log_shape + z - np.log(LASTING) - survival
    return np.sum(survival - EVENT * hazard)


def log_logistic_gradient(beta, log_shape):
    shape = np.exp(log_shape)
    z = shape * (np.log(LASTING) - GROUP @ beta)
    p = 1 / (1 + np.exp(-z))
    dz = p - EVENT * (1 - p)
    return -shape * GROUP.T @ dz, np.array((dz * z).sum() - EVENT.sum())


T = retold(log_logistic)
right("beyond_log_logistic", "gradient", log_logistic, log_logistic_gradient, (TRIAL, ENDPOINT),
      "Failures by density, others by survival.", T)  # fmt: skip
wrong("beyond_log_logistic_survival_of_failures", "gradient", log_logistic, edited(log_logistic_gradient,
      ("dz = p - EVENT * (1 - p)", "dz = p - EVENT")), (TRIAL, ENDPOINT),
      "The survival within the hazard is taken for given.", T)  # fmt: skip
wrong("beyond_log_logistic_shape_forgotten", "gradient", log_logistic, edited(log_logistic_gradient,
      ("return -shape * GROUP.T @ dz", "return -GROUP.T @ dz")), (TRIAL, ENDPOINT),
      "The shape is left out of the effects.", T)  # fmt: skip
wrong("beyond_log_logistic_all_failed", "gradient", log_logistic, edited(log_logistic_gradient,
      ("- EVENT.sum())", "- len(EVENT))")), (TRIAL, ENDPOINT),
      "The number of all stands for the number of failures.", T)  # fmt: skip

# a natural cubic spline through five heights
ORDINATES = np.array([0.3, 1.2, -0.4, 0.8, 0.1])
GRID = np.array([0.0, 0.8, 1.5, 2.7, 3.2])
STEPS = np.diff(GRID)
SYSTEM = np.diag(2 * (STEPS[:-1] + STEPS[1:])) + np.diag(STEPS[1:-1], 1) + np.diag(STEPS[1:-1], -1)
CELL, AT = np.array([0, 1, 1, 3]), np.array([0.5, 0.9, 1.4, 3.0])


def spline(y):
    slope = (y[1:] - y[:-1]) / STEPS
    inner = np.linalg.solve(SYSTEM, 6 * (slope[1:] - slope[:-1]))
    m = np.concatenate([np.zeros(1), inner, np.zeros(1)])
    h, t = STEPS[CELL], AT - GRID[CELL]
    a, b = y[CELL], slope[CELL] - h * (2 * m[CELL] + m[CELL + 1]) / 6
    return a + b * t + m[CELL] / 2 * t**2 + (m[CELL + 1] - m[CELL]) / (6 * h) * t**3


def spline_backward(c, y):
    h, t = STEPS[CELL], AT - GRID[CELL]
    dy, dslope, dm = np.zeros(5), np.zeros(4), np.zeros(5)
    np.add.at(dy, CELL, c)
    np.add.at(dslope, CELL, c * t)
    np.add.at(dm, CELL, c * (t**2 / 2 - t**3 / (6 * h) - h * t / 3))
    np.add.at(dm, CELL + 1, c * (t**3 / (6 * h) - h * t / 6))
    drhs = 6 * np.linalg.solve(SYSTEM.T, dm[1:-1])
    dslope[1:] += drhs
    dslope[:-1] -= drhs
    dy[1:] += dslope / STEPS
    dy[:-1] -= dslope / STEPS
    return dy


T = retold(spline)
right("beyond_spline", "vjp", spline, spline_backward, (ORDINATES,),
      "A natural spline, its second differences by an adjoint solve.", T)  # fmt: skip
wrong("beyond_spline_bends_held", "vjp", spline, edited(spline_backward, ("dslope[1:] += drhs", "pass"),
      ("dslope[:-1] -= drhs", "pass")), (ORDINATES,), "The second derivatives are taken for given.", T)  # fmt: skip
wrong("beyond_spline_bend_of_the_slope", "vjp", spline, edited(spline_backward,
      ("- t**3 / (6 * h) - h * t / 3))", "- t**3 / (6 * h)))")), (ORDINATES,),
      "The bend at the left knot is taken for given in the slope.", T)  # fmt: skip
wrong("beyond_spline_cells_assigned", "vjp", spline, edited(spline_backward,
      ("np.add.at(dy, CELL, c)", "dy[CELL] = c")), (ORDINATES,),
      "Two places of one cell overwrite each other's height.", T)  # fmt: skip

# a point on a curve by repeated mixing
CONTROL, WHEN = rng.standard_normal((4, 2)), np.array(0.35)


def bezier(p, t):
    for _ in range(3):
        p = (1 - t) * p[:-1] + t * p[1:]
    return p[0]


def bezier_backward(c, p, t):
    levels = [p]
    for _ in range(3):
        levels.append((1 - t) * levels[-1][:-1] + t * levels[-1][1:])
    d, dt = c[None, :], 0.0
    for q in levels[-2::-1]:
        dt += (d * (q[1:] - q[:-1])).sum()
        below = np.zeros_like(q)
        below[:-1] += (1 - t) * d
        below[1:] += t * d
        d = below
    return d, np.array(dt)


T = retold(bezier)
right("beyond_bezier", "vjp", bezier, bezier_backward, (CONTROL, WHEN),
      "By de Casteljau's steps and their differences.", T)  # fmt: skip
wrong("beyond_bezier_time_of_the_last_mix", "vjp", bezier, edited(bezier_backward,
      ("dt += (d * (q[1:] - q[:-1])).sum()", "dt = (d * (q[1:] - q[:-1])).sum()")), (CONTROL, WHEN),
      "Only one mixture moves with t.", T)  # fmt: skip
wrong("beyond_bezier_weights_exchanged", "vjp", bezier, edited(bezier_backward,
      ("below[:-1] += (1 - t) * d", "below[:-1] += t * d"),
      ("below[1:] += t * d", "below[1:] += (1 - t) * d")), (CONTROL, WHEN),
      "The two weights are exchanged.", T)  # fmt: skip


def bezier_by_bernstein(c, p, t):
    s = 1 - t
    weight = np.array([s**3, 3 * s**2 * t, 3 * s * t**2, t**3])
    speed = 3 * (s**2 * (p[1] - p[0]) + 2 * s * t * (p[2] - p[1]) + t**2 * (p[3] - p[2]))
    return np.outer(weight, c), np.array(c @ speed)


right("beyond_bezier_by_bernstein", "vjp", bezier, bezier_by_bernstein, (CONTROL, WHEN),
      "In powers of t.", T)  # fmt: skip

# how far apart two samples are, by a kernel
FIRST_CLOUD, SECOND_CLOUD = rng.standard_normal((3, 2)), rng.standard_normal((4, 2)) + 0.5


def rational(a, b):
    d2 = np.sum((a[:, None, :] - b[None, :, :]) ** 2, axis=2)
    return 1 / (1 + d2 / 2)


def matched(x, y):
    return np.mean(rational(x, x)) + np.mean(rational(y, y)) - 2 * np.mean(rational(x, y))


def pull(a, b):
    d = a[:, None, :] - b[None, :, :]
    k = 1 / (1 + (d**2).sum(axis=2) / 2)
    return -(k**2)[:, :, None] * d


def matched_gradient(x, y):
    n, m = len(x), len(y)
    within_x = 2 * pull(x, x).sum(axis=1) / n**2
    within_y = 2 * pull(y, y).sum(axis=1) / m**2
    between = pull(x, y)
    dx = within_x - 2 * between.sum(axis=1) / (n * m)
    dy = within_y + 2 * between.sum(axis=0) / (n * m)
    return dx, dy


T = retold(matched)
right("beyond_matched", "gradient", matched, matched_gradient, (FIRST_CLOUD, SECOND_CLOUD),
      "Means of a kernel within and between.", T)  # fmt: skip
wrong("beyond_matched_within_once", "gradient", matched, edited(matched_gradient,
      ("within_x = 2 * pull", "within_x = pull")), (FIRST_CLOUD, SECOND_CLOUD),
      "A point is on both sides of the kernel within.", T)  # fmt: skip
wrong("beyond_matched_between_sign", "gradient", matched, edited(matched_gradient,
      ("dy = within_y + 2", "dy = within_y - 2")), (FIRST_CLOUD, SECOND_CLOUD),
      "The second sample's pull has the sign of the first's.", T)  # fmt: skip
wrong("beyond_matched_within_over_pairs", "gradient", matched, edited(matched_gradient,
      ("/ n**2", "/ n")), (FIRST_CLOUD, SECOND_CLOUD), "Within, averaged over n instead of n squared.", T)  # fmt: skip
