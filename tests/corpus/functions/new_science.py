"""Models of scientific code: dose and response, survival, returns, robust fits, stencils, pairs, rankings."""

import numpy as np
from scipy.special import erf

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("new science")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1005)
mpf, mpm = mp.mpf, mp.mpmath


def draw(*shape):
    return rng.standard_normal(shape)


# survival from a cumulative hazard
DT, EVENTS = np.array([0.5, 0.3, 0.7, 0.4, 0.6]), np.array([0.2, 0.1, 0.3, 0.25, 0.15])


def survival_loss(log_hazard):
    hazard = np.exp(log_hazard)
    cumulated = np.cumsum(hazard * DT)
    survival = np.exp(-cumulated)
    return np.sum(EVENTS * survival) - 0.1 * np.sum(log_hazard)


def survival_gradient(log_hazard, gather):
    hazard = np.exp(log_hazard)
    by_cumulated = -EVENTS * np.exp(-np.cumsum(hazard * DT))
    return gather(by_cumulated) * DT * hazard - 0.1


SURVIVAL = Reference(
    lambda q: (mp.lift(EVENTS) * mp.exp(-np.cumsum(mp.exp(q) * mp.lift(DT)))).sum() - mpf(0.1) * q.sum()
)
for name, label, gather, why in (
    ("", right, lambda g: np.cumsum(g[::-1])[::-1], "Summed from the end."),
    ("_forwards", wrong, np.cumsum, "Summed from the start."),
    ("_own_interval", wrong, lambda g: g, "Every hazard acts on its own interval alone."),
):
    label(
        f"survival_from_hazard{name}", "gradient", survival_loss,
        lambda q, gather=gather: survival_gradient(q, gather), draw(5), why, SURVIVAL,
    )  # fmt: skip

# discounted returns
GAMMA = 0.9


def returns(rewards):
    out, running = np.zeros_like(rewards), 0.0
    for t in range(len(rewards) - 1, -1, -1):
        running = np.tanh(rewards[t]) + GAMMA * running
        out[t] = running
    return out


def returns_vjp(c, rewards, kind="right"):
    g, running = np.zeros_like(rewards), 0.0
    order = range(len(rewards) - 1, -1, -1) if kind == "backwards" else range(len(rewards))
    for t in order:
        running = c[t] + (GAMMA**2 if kind == "squared" else GAMMA) * running
        g[t] = running * (1 - np.tanh(rewards[t]) ** 2)
    return g


def mp_returns(rewards):
    h = mp.tanh(rewards)
    return np.array([sum(mpf(GAMMA) ** (k - t) * h[k] for k in range(t, len(h))) for t in range(len(h))], dtype=object)


RETURNS = Reference(mp_returns)
for kind, label, why in (
    ("right", right, "The scan runs the other way."),
    ("backwards", wrong, "The scan of the forward pass once more."),
    ("squared", wrong, "The discount is applied twice per step."),
):
    label(
        "discounted_returns" + ("" if kind == "right" else f"_{kind}"), "vjp", returns,
        lambda c, r, kind=kind: returns_vjp(c, r, kind), draw(5), why, RETURNS,
    )  # fmt: skip


# expected improvement
BEST = 0.3


def expected_improvement(mu, sigma):
    z = (mu - BEST) / sigma
    cdf = 0.5 * (1 + erf(z / np.sqrt(2)))
    pdf = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return np.sum((mu - BEST) * cdf + sigma * pdf)


def improvement_gradient(mu, sigma, scale=0.3989422804014327, kind="right"):
    z = (mu - BEST) / sigma
    cdf = 0.5 * (1 + erf(z / np.sqrt(2)))
    pdf = scale * np.exp(-0.5 * z**2)
    return (cdf + z * pdf if kind == "held" else cdf), pdf


def mp_improvement(mu, sigma):
    z = (mu - mpf(BEST)) / sigma
    pdf = mp.exp(-z * z / 2) / mpm.sqrt(2 * mpm.pi)
    return ((mu - mpf(BEST)) * (1 + mp.erf(z / mpm.sqrt(2))) / 2 + sigma * pdf).sum()


IMPROVEMENT, IMPROVEMENT_IN = Reference(mp_improvement), (draw(4), np.array([0.5, 1.2, 0.8, 2.0]))
right(
    "expected_improvement", "gradient", expected_improvement, improvement_gradient, IMPROVEMENT_IN,
    "Everything but Phi and phi cancels.", IMPROVEMENT,
)  # fmt: skip
wrong(
    "expected_improvement_0.39894", "gradient", expected_improvement,
    lambda m, s: improvement_gradient(m, s, 0.39894), IMPROVEMENT_IN, "1/sqrt(2 pi) with five digits.", IMPROVEMENT,
)  # fmt: skip
wrong(
    "expected_improvement_density_constant", "gradient", expected_improvement,
    lambda m, s: improvement_gradient(m, s, kind="held"), IMPROVEMENT_IN,
    "The term of sigma phi(z) is left out for mu, where it cancels the other.", IMPROVEMENT,
)  # fmt: skip

# Tukey's biweight
DESIGN, OBSERVED = draw(7, 2), draw(7) * np.array([1, 1, 1, 1, 1, 1, 9.0])


def biweight(beta):
    r = OBSERVED - DESIGN @ beta
    u = np.minimum(np.abs(r) / 3.0, 1.0)
    return np.sum(1 - (1 - u**2) ** 3)


def biweight_gradient(beta, redescending=True):
    r = OBSERVED - DESIGN @ beta
    psi = 6 * r / 9 * (1 - r**2 / 9) ** 2
    return -DESIGN.T @ (np.where(np.abs(r) < 3.0, psi, 0.0) if redescending else psi)


def mp_biweight(beta):
    r = mp.lift(OBSERVED) - mp.lift(DESIGN) @ beta
    return (1 - (1 - mp.minimum(r * r / 9, mpf(1))) ** 3).sum()


BIWEIGHT = Reference(mp_biweight)
right("biweight_regression", "gradient", biweight, biweight_gradient, draw(2) * 0.3, "Zero for outliers.", BIWEIGHT)
wrong(
    "biweight_regression_never_descending", "gradient", biweight, lambda b: biweight_gradient(b, False), draw(2) * 0.3,
    "The inner formula for outliers, too.", BIWEIGHT,
)  # fmt: skip


# charges in pairs
CHARGES = np.array([1.0, -2.0, 1.5, 0.5])


def coulomb(x):
    energy = 0.0
    for i in range(4):
        for j in range(i):
            r = x[i] - x[j]
            energy = energy + CHARGES[i] * CHARGES[j] / np.sqrt(r @ r)
    return energy


def coulomb_gradient(x, kind="right"):
    g = np.zeros_like(x)
    for i in range(4):
        for j in range(i):
            r = x[i] - x[j]
            pull = -CHARGES[i] * CHARGES[j] * r / (r @ r if kind == "square" else (r @ r) ** 1.5)
            if kind == "assigned":
                g[i], g[j] = pull, -pull
            else:
                g[i] += pull
                g[j] += pull if kind == "reaction" else -pull
    return g


def mp_coulomb(x):
    pairs = [(i, j) for i in range(4) for j in range(i)]
    return sum(mpf(CHARGES[i] * CHARGES[j]) / mpm.sqrt(((x[i] - x[j]) ** 2).sum()) for i, j in pairs)


COULOMB = Reference(mp_coulomb)
for kind, label, why in (
    ("right", right, "Action and reaction."),
    ("reaction", wrong, "The reaction has the sign of the action."),
    ("assigned", wrong, "The last pair of a charge is all that remains."),
    ("square", wrong, "r / r^2 where r / r^3 belongs."),
):
    label(
        "charges_in_pairs" + ("" if kind == "right" else f"_{kind}"), "gradient", coulomb,
        lambda x, kind=kind: coulomb_gradient(x, kind), draw(4, 3), why, COULOMB,
    )  # fmt: skip

# strain energy of a deformation
LOADED = np.eye(3) + 0.2 * draw(3, 3)


def strain_energy(F):
    J = np.linalg.det(F)
    C = F.T @ F
    return 0.5 * np.trace(C) - np.log(J) + 2.0 * np.log(J) ** 2


def first_piola(F, untransposed=False, shear=1.0):
    inverse = np.linalg.inv(F)
    return shear * F + (4.0 * np.log(np.linalg.det(F)) - 1) * (inverse if untransposed else inverse.T)


STRAIN = Reference(lambda F: (F * F).sum() / 2 - mpm.log(mp.det(F)) + 2 * mpm.log(mp.det(F)) ** 2)
right("strain_energy", "gradient", strain_energy, first_piola, LOADED, "Neo-Hooke's stress.", STRAIN)
wrong(
    "strain_energy_inverse_untransposed", "gradient", strain_energy, lambda F: first_piola(F, True), LOADED,
    "d log det F is F^-T, and F^-1 was written.", STRAIN,
)  # fmt: skip
wrong(
    "strain_energy_stress_transposed", "gradient", strain_energy, lambda F: first_piola(F).T, LOADED,
    "The transposed stress.", STRAIN,
)  # fmt: skip
wrong(
    "strain_energy_shear_doubled", "gradient", strain_energy, lambda F: first_piola(F, shear=2.0), LOADED,
    "The half of the first term is forgotten.", STRAIN,
)  # fmt: skip


# skewness
def skewness(x):
    d = x - np.mean(x)
    m2 = np.mean(d**2)
    m3 = np.mean(d**3)
    return m3 / m2**1.5


def skewness_gradient(x, kind="right"):
    n, d = len(x), x - np.mean(x)
    m2, m3 = np.mean(d**2), np.mean(d**3)
    dm3 = 3 * (d**2 - (0 if kind == "mean" else m2)) / n
    return dm3 / m2**1.5 - 1.5 * m3 / (m2**1.5 if kind == "power" else m2**2.5) * 2 * d / n


def mp_skewness(x):
    d = x - x.sum() / len(x)
    return (d**3).sum() / len(x) / ((d**2).sum() / len(x)) ** mpf(1.5)


SKEW, SAMPLES = Reference(mp_skewness), np.array([0.3, 1.9, -0.4, 2.8, 0.1, 0.6])
for kind, label, why in (
    ("right", right, "Through the mean, too."),
    ("mean", wrong, "The third moment's dependence on the mean is dropped."),
    ("power", wrong, "m2^-1.5 derived without lowering its exponent."),
):
    label(
        "skewness_of_samples" + ("" if kind == "right" else f"_{kind}"), "gradient", skewness,
        lambda x, kind=kind: skewness_gradient(x, kind), SAMPLES, why, SKEW,
    )  # fmt: skip

# distillation at a temperature, on padded sequences
TEACHER, PADDING = draw(3, 4), np.array([1.0, 1.0, 0.0])
T = 3.0


def distillation(z):
    s = z / T
    logp = s - np.log(np.sum(np.exp(s), axis=1, keepdims=True))
    q = np.exp(TEACHER / T) / np.sum(np.exp(TEACHER / T), axis=1, keepdims=True)
    per_token = -np.sum(q * logp, axis=1)
    return np.sum(per_token * PADDING) / np.sum(PADDING)


def distillation_gradient(z, temperature=T, mask=PADDING, count=2.0):
    p = np.exp(z / T) / np.sum(np.exp(z / T), axis=1, keepdims=True)
    q = np.exp(TEACHER / T) / np.sum(np.exp(TEACHER / T), axis=1, keepdims=True)
    return (p - q) * mask[:, None] / count / temperature


def mp_distillation(z):
    q, s = mp.softmax(mp.lift(TEACHER) / 3), z / 3
    logp = s - mp.logsumexp(s, axis=1)[:, None]
    return -(q * logp)[:2].sum() / 2


DISTIL, DISTIL_IN = Reference(mp_distillation), draw(3, 4)
for name, label, how, why in (
    ("", right, {}, "1 / T and the mask."),
    ("_temperature_missing", wrong, {"temperature": 1.0}, "1 / T is missing."),
    ("_mask_missing", wrong, {"mask": np.ones(3)}, "Padding pulls as well."),
    ("_over_all_tokens", wrong, {"count": 3.0}, "Averaged over three tokens, of which one is padding."),
):
    label(
        f"distillation_padded{name}", "gradient", distillation,
        lambda z, how=how: distillation_gradient(z, **how), DISTIL_IN, why, DISTIL,
    )  # fmt: skip

# an overlap loss of masks
TRUTH_MASK = np.array([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])


def tversky(z):
    p = 1 / (1 + np.exp(-z))
    hit = np.sum(p * TRUTH_MASK, axis=1)
    missed = np.sum((1 - p) * TRUTH_MASK, axis=1)
    extra = np.sum(p * (1 - TRUTH_MASK), axis=1)
    return np.sum(1 - hit / (hit + 0.7 * missed + 0.3 * extra + 0.05))


def tversky_gradient(z, kind="right"):
    p = 1 / (1 + np.exp(-z))
    hit = np.sum(p * TRUTH_MASK, axis=1, keepdims=True)
    bottom = hit + 0.7 * np.sum((1 - p) * TRUTH_MASK, axis=1, keepdims=True)
    bottom = bottom + 0.3 * np.sum(p * (1 - TRUTH_MASK), axis=1, keepdims=True) + (0 if kind == "smooth" else 0.05)
    by_bottom = 0.3 * TRUTH_MASK + 0.3 * (1 - TRUTH_MASK)
    if kind == "plus":
        by_bottom = 1.7 * TRUTH_MASK + 0.3 * (1 - TRUTH_MASK)
    square = bottom if kind == "square" else bottom**2
    dp = -TRUTH_MASK / bottom + (0 if kind == "held" else hit * by_bottom / square)
    return dp if kind == "sigmoid" else dp * p * (1 - p)


def mp_tversky(z):
    total = mpf(0)
    for row, mask in zip(mp.sigmoid(z), TRUTH_MASK.astype(int), strict=True):
        hit, missed, extra = (row * mask).sum(), ((1 - row) * mask).sum(), (row * (1 - mask)).sum()
        total += 1 - hit / (hit + mpf(0.7) * missed + mpf(0.3) * extra + mpf(0.05))
    return total


TVERSKY, TVERSKY_IN = Reference(mp_tversky), draw(3, 4)
for kind, label, why in (
    ("right", right, "Numerator and denominator."),
    ("smooth", wrong, "The smoothing of 0.05 is left out."),
    ("plus", wrong, "What is missed enters the denominator with a plus."),
    ("square", wrong, "The denominator is not squared."),
    ("held", wrong, "The denominator is held constant."),
    ("sigmoid", wrong, "The sigmoid's slope is forgotten."),
):
    label(
        "tversky_overlap" + ("" if kind == "right" else f"_{kind}"), "gradient", tversky,
        lambda z, kind=kind: tversky_gradient(z, kind), TVERSKY_IN, why, TVERSKY,
    )  # fmt: skip


# compounding by a product of growth factors
def wealth(returns):
    factors = 1.0 + returns
    path = np.cumprod(factors)
    return np.log(path[-1]) + 0.5 * np.mean(path)


def wealth_gradient(returns, kind="right"):
    path = np.cumprod(1.0 + returns)
    share = 0.5 / (1 if kind == "mean" else len(path)) * path
    summed = np.cumsum(share) if kind == "forwards" else np.cumsum(share[::-1])[::-1]
    return ((0.0 if kind == "term" else 1.0) + summed) / (1.0 + returns)


def mp_wealth(returns):
    path, value = [], mpf(1)
    for r in returns:
        value = value * (1 + r)
        path.append(value)
    return mpm.log(path[-1]) + sum(path) / (2 * len(path))


WEALTH, WEALTH_IN = Reference(mp_wealth), np.array([0.02, -0.05, 0.11, 0.07, -0.01])
for kind, label, why in (
    ("right", right, "A product's gradient by division, far from zero."),
    ("mean", wrong, "The mean of the path as a sum."),
    ("forwards", wrong, "Shares summed from the start."),
    ("term", wrong, "The logarithm of the last value is left out."),
):
    label(
        "compounded_wealth" + ("" if kind == "right" else f"_{kind}"), "gradient", wealth,
        lambda r, kind=kind: wealth_gradient(r, kind), WEALTH_IN, why, WEALTH,
    )  # fmt: skip
