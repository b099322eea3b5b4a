"""Losses, distances, log-densities and log-determinants of real libraries."""

import numpy as np
from scipy import special

from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("library losses")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2206)
X, T = rng.standard_normal(6), rng.standard_normal(6)
loggamma = np.frompyfunc(mp.mpmath.loggamma, 1, 1)


# robust losses
def smooth_l1(x, t, beta=0.8):
    d = np.abs(x - t)
    return np.sum(np.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta))


def smooth_l1_gradient(x, t, beta=0.8, signed=False):
    d = x - t
    inner = (d if signed else np.abs(d)) < beta
    g = np.where(inner, d / beta, np.sign(d))
    return g, -g


def mp_smooth_l1(x, t):
    beta = mp.mpf(0.8)
    return sum(d * d / (2 * beta) if d < beta else d - beta / 2 for d in mp.absolute(x - t))


SPREAD = (np.array([-3.0, -0.5, 0.2, 1.4, 3.0]), np.zeros(5))
SMOOTH = Reference(mp_smooth_l1)
right("smooth_l1", "gradient", smooth_l1, smooth_l1_gradient, SPREAD, "Threshold on |x - t|.", SMOOTH)
wrong(
    "smooth_l1_signed_threshold",
    "gradient",
    smooth_l1,
    lambda x, t: smooth_l1_gradient(x, t, signed=True),
    SPREAD,
    "attorch #13: the signed difference is compared, so that large negative ones count as small.",
    SMOOTH,
)


def l1_with_beta_zero(x):
    return np.sum(np.abs(x))


AT_TARGET = np.array([0.0, -1.0, 2.0])
L1 = LabelledByIntent("slopes from -1 to 1 at 0", (Hull([-1, -1, 1], [1, -1, 1]),))
wrong(
    "smooth_l1_beta_zero_nan",
    "gradient",
    l1_with_beta_zero,
    lambda x: np.where(np.abs(x) <= 0, x / np.zeros_like(x), np.sign(x)),
    AT_TARGET,
    "pytorch #96813: with beta = 0 a difference of 0 is divided by beta.",
    L1,
)
right("smooth_l1_beta_zero", "gradient", l1_with_beta_zero, np.sign, AT_TARGET, "The least subgradient, 0.", L1)


# divergences
def kl_pointwise(x, t):
    return np.sum(np.exp(t) * (t - x))


KL = Reference(lambda x, t: (mp.exp(t) * (t - x)).sum())
LOGS = (X - 2, T - 2)
right(
    "kl_log_target",
    "gradient",
    kl_pointwise,
    lambda x, t: (-np.exp(t), np.exp(t) * (t - x + 1)),
    LOGS,
    "Both arguments.",
    KL,
)
wrong(
    "kl_log_target_constant",
    "gradient",
    kl_pointwise,
    lambda x, t: (-np.exp(t), None),
    LOGS,
    "Liger-Kernel #1021: an implementation skips the target's gradient.",
    KL,
)
wrong(
    "kl_log_target_entropy_term",
    "gradient",
    kl_pointwise,
    lambda x, t: (-np.exp(t), np.exp(t) * (t - x)),
    LOGS,
    "The derivative of the last factor is missing.",
    KL,
)
P, Q = rng.uniform(0.1, 1, 5), rng.uniform(0.1, 1, 5)


def jensen_shannon(p, q):
    m = (p + q) / 2
    return 0.5 * np.sum(p * np.log(p / m)) + 0.5 * np.sum(q * np.log(q / m))


JS = Reference(
    lambda p, q: ((p * mp.log(2 * p / (p + q))).sum() + (q * mp.log(2 * q / (p + q))).sum()) / 2,
)
right(
    "jensen_shannon",
    "gradient",
    jensen_shannon,
    lambda p, q: (0.5 * np.log(2 * p / (p + q)), 0.5 * np.log(2 * q / (p + q))),
    (P, Q),
    "The mixture's terms cancel.",
    JS,
)
wrong(
    "jensen_shannon_mixture_constant",
    "gradient",
    jensen_shannon,
    lambda p, q: (0.5 * np.log(2 * p / (p + q)) + 0.5, 0.5 * np.log(2 * q / (p + q)) + 0.5),
    (P, Q),
    "With the mixture held constant they do not.",
    JS,
)


# margins and overlaps
def multi_margin(x):
    m = np.maximum(0, 1 - x[2] + x)
    return (np.sum(m * m) - m[2] ** 2) / len(x)


def multi_margin_gradient(x, each=True):
    m = np.maximum(0, 1 - x[2] + x)
    m[2] = 0.0
    g = 2 * m / len(x)
    g[2] = -g.sum() if each else -2 * m.max() / len(x)
    return g


MARGIN = Reference(lambda x: sum(max(mp.mpf(0), 1 - x[2] + v) ** 2 for i, v in enumerate(x) if i != 2) / len(x))
right("multi_margin_squared", "gradient", multi_margin, multi_margin_gradient, X, "p = 2.", MARGIN)
wrong(
    "multi_margin_squared_worst_rival",
    "gradient",
    multi_margin,
    lambda x: multi_margin_gradient(x, each=False),
    X,
    "The target pays for its worst rival alone.",
    MARGIN,
)


def triplet_swap(a, p, n):
    dp, dn, ds = (np.sqrt(np.sum((u - v) ** 2)) for u, v in ((a, p), (a, n), (p, n)))
    return np.maximum(0, dp - np.minimum(dn, ds) + 1.0)


def triplet_swap_gradient(a, p, n, swap=True):
    dp, dn, ds = (np.sqrt(np.sum((u - v) ** 2)) for u, v in ((a, p), (a, n), (p, n)))
    up = (a - p) / dp
    if swap and ds < dn:
        us = (p - n) / ds
        return up, -up - us, us
    un = (a - n) / dn
    return up - un, -up, un


def mp_triplet_swap(a, p, n):
    dp, dn, ds = (mp.mpmath.sqrt(((u - v) ** 2).sum()) for u, v in ((a, p), (a, n), (p, n)))
    return max(mp.mpf(0), dp - min(dn, ds) + 1)


TRIPLET = (np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.2, 0.3]), np.array([1.9, 0.5, -0.4]))
SWAP = Reference(mp_triplet_swap)
wrong(
    "triplet_distance_swap",
    "gradient",
    triplet_swap,
    triplet_swap_gradient,
    TRIPLET,
    "Once labelled right, which was false: the hinge is not in the gradient, so that a triplet beyond its margin still "
    "pulls. Right at this point, wrong where the loss is 0.",
    Reference(mp_triplet_swap, at=((TRIPLET[0], TRIPLET[1], 9 * TRIPLET[2]),)),
)


def triplet_swap_gradient_hinged(a, p, n):
    active = triplet_swap(a, p, n) > 0
    return tuple(g * active for g in triplet_swap_gradient(a, p, n))


right(
    "triplet_distance_swap_hinged",
    "gradient",
    triplet_swap,
    triplet_swap_gradient_hinged,
    TRIPLET,
    "Positive is nearer; nothing beyond the margin.",
    SWAP,
)
wrong(
    "triplet_distance_swap_ignored",
    "gradient",
    triplet_swap,
    lambda a, p, n: triplet_swap_gradient(a, p, n, swap=False),
    TRIPLET,
    "The swap of the forward pass is unknown to the backward pass.",
    SWAP,
)
LABELS = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])


def weighted_bce(x):
    return np.mean((1 - LABELS) * x + (1 + 2.0 * LABELS) * np.logaddexp(0, -x))


BCE = Reference(lambda x: ((1 - LABELS) * x + (1 + 2 * LABELS) * mp.log1p(mp.exp(-x))).mean())
right(
    "bce_with_positive_weight",
    "gradient",
    weighted_bce,
    lambda x: ((1 - LABELS) - (1 + 2.0 * LABELS) * special.expit(-x)) / len(x),
    X,
    "Weight 3 for positives.",
    BCE,
)
wrong(
    "bce_with_positive_weight_on_both",
    "gradient",
    weighted_bce,
    lambda x: (1 + 2.0 * LABELS) * (special.expit(x) - LABELS) / len(x) * np.where(LABELS == 1, 1.0, 1.0 + 1e-6),
    X,
    "sigmoid - label times the weight, which is right, but negatives are off by 1e-6.",
    BCE,
)


def dice(p):
    return 1 - (2 * np.sum(p * LABELS) + 1) / (np.sum(p) + np.sum(LABELS) + 1)


def dice_gradient(p, through=True):
    s = np.sum(p) + np.sum(LABELS) + 1
    return -2 * LABELS / s + ((2 * np.sum(p * LABELS) + 1) / s**2 if through else 0.0)


DICE = Reference(lambda p: 1 - (2 * (p * LABELS).sum() + 1) / (p.sum() + LABELS.sum() + 1))
SHARES = rng.uniform(0, 1, 6)
right("dice_loss", "gradient", dice, dice_gradient, SHARES, "Quotient rule.", DICE)
wrong(
    "dice_loss_denominator_constant", "gradient", dice, lambda p: dice_gradient(p, False), SHARES, "Half of it.", DICE
)

# distances between sets
A, B = rng.standard_normal((3, 2)), rng.standard_normal((4, 2))


def distances(a, b, p=3.0):
    return (np.abs(a[:, None] - b) ** p).sum(-1) ** (1 / p)


def distances_vjp(c, a, b, p=3.0, rule=3.0):
    d = a[:, None] - b
    g = c[..., None] * np.sign(d) * np.abs(d) ** (rule - 1) / distances(a, b, p)[..., None] ** (rule - 1)
    return g.sum(1), -g.sum(0)


CDIST = Reference(
    lambda a, b: np.array(
        [[mp.mpmath.power((mp.absolute(u - v) ** 3).sum(), mp.mpf(1) / 3) for v in b] for u in a], dtype=object
    )
)
right("cdist_p_3", "vjp", distances, distances_vjp, (A, B), "The general p.", CDIST)
wrong(
    "cdist_p_3_rule_of_p_2",
    "vjp",
    distances,
    lambda c, a, b: distances_vjp(c, a, b, rule=2.0),
    (A, B),
    "FlagGems #5023: p is ignored, the Euclidean rule is used for every p.",
    CDIST,
)
PULL = rng.uniform(0.5, 1.5, (4, 4))


def stress(x):
    d = np.sqrt(((x[:, None] - x) ** 2).sum(-1))
    return np.sum(PULL * d)


def stress_gradient(x, guarded=True, both=True):
    diff = x[:, None] - x
    d = np.sqrt((diff**2).sum(-1))
    if guarded:
        d = np.where(d == 0, 1.0, d)
    with np.errstate(all="ignore"):
        g = PULL[..., None] * diff / d[..., None]
    return g.sum(1) - g.sum(0) if both else g.sum(1)


STRESS = Reference(
    lambda x: sum(PULL[i, j] * mp.mpmath.sqrt(((x[i] - x[j]) ** 2).sum()) for i in range(4) for j in range(4) if i != j)
)
right("distances_to_themselves", "gradient", stress, stress_gradient, B, "A diagonal of zeros stays zero.", STRESS)
wrong(
    "distances_to_themselves_nan",
    "gradient",
    stress,
    lambda x: stress_gradient(x, guarded=False),
    B,
    "0/0 on the diagonal (tmol PR #146 mends such a gradient).",
    STRESS,
)
wrong(
    "distances_to_themselves_one_end",
    "gradient",
    stress,
    lambda x: stress_gradient(x, both=False),
    B,
    "Either point of a pair moves it.",
    STRESS,
)


def mmd(x, y, width=None):
    d2 = ((x[:, None] - y) ** 2).sum(-1)
    return np.mean(np.exp(-d2 / (d2.mean() if width is None else width)))


def mmd_gradient(x, y, through=True):
    diff = x[:, None] - y
    d2 = (diff**2).sum(-1)
    h = d2.mean()
    k = np.exp(-d2 / h)
    g = -k / h / k.size
    if through:
        g = g + np.sum(k * d2) / h**2 / k.size / d2.size
    g = 2 * g[..., None] * diff
    return g.sum(1), -g.sum(0)


def mp_mmd(x, y):
    d2 = np.array([[((u - v) ** 2).sum() for v in y] for u in x], dtype=object)
    return mp.exp(-d2 / d2.mean()).mean()


MMD = Reference(mp_mmd)
right("kernel_with_mean_bandwidth", "gradient", mmd, mmd_gradient, (A, B), "Through the bandwidth.", MMD)
wrong(
    "kernel_with_mean_bandwidth_constant",
    "gradient",
    mmd,
    lambda x, y: mmd_gradient(x, y, through=False),
    (A, B),
    "The bandwidth is data, too.",
    MMD,
)


def wasserstein(x, y):
    return np.mean(np.abs(np.sort(x) - np.sort(y)))


def wasserstein_gradient(x, y, unsorted=True):
    s = np.sign(np.sort(x) - np.sort(y)) / len(x)
    if not unsorted:
        return s, -s
    gx, gy = np.empty_like(x), np.empty_like(y)
    gx[np.argsort(x)], gy[np.argsort(y)] = s, -s
    return gx, gy


W1 = Reference(lambda x, y: sum(abs(a - b) for a, b in zip(sorted(x), sorted(y), strict=True)) / len(x))
right("wasserstein_on_a_line", "gradient", wasserstein, wasserstein_gradient, (X, T), "Back to the places.", W1)
wrong(
    "wasserstein_on_a_line_left_sorted",
    "gradient",
    wasserstein,
    lambda x, y: wasserstein_gradient(x, y, unsorted=False),
    (X, T),
    "The signs stay in sorted order.",
    W1,
)

# log-densities
POSITIVE = rng.uniform(0.5, 3.0, 5)


def student_t(x, nu, s):
    z = x / s
    constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(nu * np.pi) - np.log(s)
    return np.sum(constant - (nu + 1) / 2 * np.log1p(z * z / nu))


def student_t_gradient(x, nu, s, last=0.5):
    z = x / s
    w = (nu + 1) / (nu + z * z)
    dnu = 0.5 * (special.psi((nu + 1) / 2) - special.psi(nu / 2) - np.log1p(z * z / nu) + w * z * z / nu)
    return -w * z / s, dnu - last / nu, (w * z * z - 1) / s


def mp_student_t(x, nu, s):
    z = x / s
    constant = loggamma((nu + 1) / 2) - loggamma(nu / 2) - mp.log(nu * mp.mpmath.pi) / 2 - mp.log(s)
    return (constant - (nu + 1) / 2 * mp.log1p(z * z / nu)).sum()


STUDENT = Reference(mp_student_t)
XNS = (X[:5], np.array([2.5, 4.0, 9.0, 30.0, 200.0]), POSITIVE)
right("student_t_density", "gradient", student_t, student_t_gradient, XNS, "All parameters.", STUDENT, rounding=1e4)
wrong(
    "student_t_density_normaliser",
    "gradient",
    student_t,
    lambda x, nu, s: student_t_gradient(x, nu, s, last=0.4999),
    XNS,
    "1/(2 nu) with 0.4999 for 1/2.",
    STUDENT,
    rounding=1e4,
)


def gaussian(S):
    return -0.5 * (np.linalg.slogdet(S)[1] + D @ np.linalg.solve(S, D))


def gaussian_gradient(S, sign=1.0):
    v = np.linalg.solve(S, D)
    w = np.linalg.solve(S.T, D)
    return sign * -0.5 * (np.linalg.inv(S).T - np.outer(w, v))


D = rng.standard_normal(3)
COVARIANCE = (lambda R: R @ R.T + np.eye(3))(rng.standard_normal((3, 3)))
GAUSSIAN = Reference(lambda S: -(mp.log(mp.det(S)) + (mp.lift(D) * mp.solve(S, mp.lift(D))).sum()) / 2)
right("normal_density_covariance", "gradient", gaussian, gaussian_gradient, COVARIANCE, "Both terms.", GAUSSIAN)
wrong(
    "normal_density_covariance_sign",
    "gradient",
    gaussian,
    lambda S: gaussian_gradient(S, sign=-1.0),
    COVARIANCE,
    "HIPS autograd #401, PR #412: the covariance's gradient had the wrong sign.",
    GAUSSIAN,
)


def weibull(alpha, beta):
    z = POSITIVE / beta
    return np.sum(alpha / beta * z ** (alpha - 1) * np.exp(-(z**alpha)))


def weibull_gradient(alpha, beta):
    power = (POSITIVE / beta) ** alpha
    factor = power / POSITIVE * np.exp(-power)
    return factor * (1 + (1 - power) * np.log(power)), factor * (power - 1) * alpha**2 / beta


def mp_weibull(alpha, beta):
    z = mp.lift(POSITIVE) / beta
    return (alpha / beta * mp.power(z, alpha - 1) * mp.exp(-mp.power(z, alpha))).sum()


WEIBULL = Reference(mp_weibull)
AB = (rng.uniform(0.8, 2.0, 5), rng.uniform(0.8, 2.0, 5))
right("weibull_density", "gradient", weibull, weibull_gradient, AB, "Shape and scale.", WEIBULL)
wrong(
    "weibull_density_swapped",
    "gradient",
    weibull,
    lambda a, b: weibull_gradient(a, b)[::-1],
    AB,
    "openturns #1556: the two partial derivatives are stored in each other's place.",
    WEIBULL,
)


def dirichlet(a):
    return special.gammaln(a.sum()) - special.gammaln(a).sum() + np.sum((a - 1) * np.log(P))


DIRICHLET = Reference(
    lambda a: loggamma(np.array([a.sum()]))[0] - loggamma(a).sum() + ((a - 1) * mp.log(mp.lift(P))).sum()
)
right(
    "dirichlet_density",
    "gradient",
    dirichlet,
    lambda a: special.psi(a.sum()) - special.psi(a) + np.log(P),
    POSITIVE,
    "digamma of the sum and of each.",
    DIRICHLET,
)
wrong(
    "dirichlet_density_sum_forgotten",
    "gradient",
    dirichlet,
    lambda a: -special.psi(a) + np.log(P),
    POSITIVE,
    "The normaliser's first term is missing.",
    DIRICHLET,
)


def von_mises(k):
    return np.sum(k * np.cos(0.4) - np.log(2 * np.pi * special.i0(k)))


MISES = Reference(
    lambda k: sum(v * mp.mpmath.cos(0.4) - mp.mpmath.log(2 * mp.mpmath.pi * mp.mpmath.besseli(0, v)) for v in k)
)
KAPPA = np.array([0.5, 3.0, 40.0])
right(
    "von_mises_concentration",
    "gradient",
    von_mises,
    lambda k: np.cos(0.4) - special.i1e(k) / special.i0e(k),
    KAPPA,
    "I1/I0, scaled.",
    MISES,
)
wrong(
    "von_mises_concentration_asymptotic",
    "gradient",
    von_mises,
    lambda k: np.cos(0.4) - np.where(k > 30, 1 - 0.5 / k, special.i1e(k) / special.i0e(k)),
    KAPPA,
    "Beyond 30 an expansion cut after 1/(2k): 8e-5 off at one entry.",
    MISES,
)
Y8, S8 = rng.standard_normal(4) * 10, rng.uniform(9, 18, 4)


def eight_schools(mu, theta, logtau):
    tau = np.exp(logtau)
    prior = -np.sum((theta - mu) ** 2) / (2 * tau**2) - len(theta) * logtau - mu**2 / 50
    return prior - np.sum((Y8 - theta) ** 2 / (2 * S8**2))


def eight_schools_gradient(mu, theta, logtau, pull=True):
    tau = np.exp(logtau)
    r = (theta - mu) / tau**2
    dmu = (np.sum(r) if pull else 0.0) - mu / 25
    return dmu, -r + (Y8 - theta) / S8**2, np.sum((theta - mu) * r) - len(theta)


SCHOOLS = Reference(
    lambda mu, theta, lt: (
        -((theta - mu) ** 2).sum() / (2 * mp.exp(lt) ** 2)
        - 4 * lt
        - mu**2 / 50
        - ((mp.lift(Y8) - theta) ** 2 / (2 * mp.lift(S8) ** 2)).sum()
    )
)
HIERARCHY = (np.array(1.5), rng.standard_normal(4), np.array(0.3))
right("eight_schools", "gradient", eight_schools, eight_schools_gradient, HIERARCHY, "0-d parameters.", SCHOOLS)
wrong(
    "eight_schools_mean_pull_missing",
    "gradient",
    eight_schools,
    lambda m, t, s: eight_schools_gradient(m, t, s, pull=False),
    HIERARCHY,
    "pints #1136: the schools' term is missing in dL/dmu.",
    SCHOOLS,
)


# log-determinants of transforms
def planar(x, w, u):
    return np.log(np.abs(1 + (1 - np.tanh(x @ w) ** 2) * (u @ w)))


def planar_gradient(x, w, u, curvature=True):
    t = np.tanh(x @ w)
    s = 1 - t * t
    det = 1 + s * (u @ w)
    bend = -2 * t * s * (u @ w) / det if curvature else 0.0
    return bend * w, bend * x + s * u / det, s * w / det


PLANAR = Reference(lambda x, w, u: mp.log(abs(1 + (1 - mp.tanh((x * w).sum()) ** 2) * (u * w).sum())))
FLOW = (rng.standard_normal(3), rng.standard_normal(3), rng.standard_normal(3))
right("planar_flow_log_det", "gradient", planar, planar_gradient, FLOW, "Second derivative of tanh.", PLANAR)
wrong(
    "planar_flow_log_det_slope_constant",
    "gradient",
    planar,
    lambda x, w, u: planar_gradient(x, w, u, curvature=False),
    FLOW,
    "The slope of tanh is held constant.",
    PLANAR,
)


def tanh_log_det(x):
    return 2 * (np.log(2.0) - x - np.logaddexp(0, -2 * x))


TANH_DET = Reference(lambda x: 2 * (mp.log(mp.mpf(2)) - x - mp.log1p(mp.exp(-2 * x))))
FAR = np.array([-25.0, -0.3, 1.0, 25.0])
right("tanh_log_det", "vjp", tanh_log_det, lambda c, x: -2 * c * np.tanh(x), FAR, "Far out, too.", TANH_DET)
wrong(
    "tanh_log_det_through_its_output",
    "vjp",
    tanh_log_det,
    lambda c, x: c * -2 * np.tanh(x) * (1 - np.tanh(x) ** 2) / (1 - np.tanh(x) ** 2),
    FAR,
    "log(1 - y^2) from the output: 0/0 at 25.",
    TANH_DET,
)
SOFTPLUS_DET = Reference(lambda x: -mp.log1p(mp.exp(-x)))
right(
    "softplus_log_det",
    "vjp",
    lambda x: -np.logaddexp(0, -x),
    lambda c, x: c * special.expit(-x),
    X,
    "log sigmoid(x).",
    SOFTPLUS_DET,
)
wrong(
    "softplus_log_det_of_the_inverse",
    "vjp",
    lambda x: -np.logaddexp(0, -x),
    lambda c, x: -c * special.expit(-x),
    X,
    "flowjax #208: the inverse's log-determinant lacks its minus sign; here backward alone has it.",
    SOFTPLUS_DET,
)


def stick_breaking(y):
    """Log-determinant of the simplex transform with the offsets log(K - k)."""
    total, rest = 0.0, 1.0
    for k, v in enumerate(y):
        z = 1 / (1 + np.exp(-(v - np.log(len(y) - k))))
        total = total + np.log(z) + np.log(1 - z) + np.log(rest)
        rest = rest * (1 - z)
    return total


def stick_breaking_gradient(y, offsets=True):
    n = len(y)
    z = special.expit(y - (np.log(n - np.arange(n)) if offsets else 0.0))
    return 1 - 2 * z - z * (n - 1 - np.arange(n))


def mp_stick_breaking(y):
    total, rest = mp.mpf(0), mp.mpf(1)
    for k, v in enumerate(y):
        z = 1 / (1 + mp.mpmath.exp(-v) * (len(y) - k))
        total += mp.mpmath.log(z * (1 - z) * rest)
        rest *= 1 - z
    return total


STICK = Reference(mp_stick_breaking)
right("stick_breaking_log_det", "gradient", stick_breaking, stick_breaking_gradient, X[:4], "With offsets.", STICK)
wrong(
    "stick_breaking_log_det_offsets_lost",
    "gradient",
    stick_breaking,
    lambda y: stick_breaking_gradient(y, offsets=False),
    X[:4],
    "log(K - k) is missing in the backward pass; it is 0 for the last entry.",
    STICK,
)


def batch_norm_log_det(g, v):
    return 6.0 * np.sum(np.log(g) - 0.5 * np.log(v + 1e-3))


NORM_DET = Reference(lambda g, v: 6 * (mp.log(g) - mp.log(v + mp.mpf(1e-3)) / 2).sum())
right(
    "batch_norm_log_det",
    "gradient",
    batch_norm_log_det,
    lambda g, v: (6.0 / g, -3.0 / (v + 1e-3)),
    (P, Q),
    "Once per pixel.",
    NORM_DET,
)
wrong(
    "batch_norm_log_det_pixels_once",
    "gradient",
    batch_norm_log_det,
    lambda g, v: (1.0 / g, -0.5 / (v + 1e-3)),
    (P, Q),
    "tensorflow/probability #238: the number of pixels is missing.",
    NORM_DET,
)


# CTC on free log-probabilities: blank 0, target (1,), four frames
def ctc(x):
    """-log of the sum over alignments blank* 1+ blank*."""
    paths = [[int(a <= t < b) for t in range(len(x))] for a in range(len(x)) for b in range(a + 1, len(x) + 1)]
    scores = np.array([sum(x[t, k] for t, k in enumerate(path)) for path in paths])
    return -np.logaddexp.reduce(scores)


def ctc_gradient(x, normalised=False):
    g = np.zeros_like(x)
    total = -ctc(x)
    for a in range(len(x)):
        for b in range(a + 1, len(x) + 1):
            score = x[:a, 0].sum() + x[a:b, 1].sum() + x[b:, 0].sum()
            share = np.exp(score - total)
            g[:a, 0] -= share
            g[a:b, 1] -= share
            g[b:, 0] -= share
    return g + np.exp(x) if normalised else g


def mp_ctc(x):
    n = len(x)
    return -mp.log(
        sum(mp.exp(x[:a, 0].sum() + x[a:b, 1].sum() + x[b:, 0].sum()) for a in range(n) for b in range(a + 1, n + 1))
    )


LOGITS = rng.standard_normal((4, 3))
FRAMES = LOGITS - special.logsumexp(LOGITS, axis=1, keepdims=True)
CTC = Reference(mp_ctc)
right("ctc_free_log_probabilities", "gradient", ctc, ctc_gradient, FRAMES, "Minus the occupancies.", CTC)
wrong(
    "ctc_as_if_normalised",
    "gradient",
    ctc,
    lambda x: ctc_gradient(x, normalised=True),
    FRAMES,
    "pytorch #52241, #82545: probabilities are added, which holds only after a log-softmax.",
    CTC,
)
