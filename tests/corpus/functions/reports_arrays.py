"""Rules after public reports of libraries, by gradient, VJP and JVP."""

import numpy as np
from scipy.integrate import quad
from scipy.special import digamma, gammainc, gammaln, i0, i1, xlog1py

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("reports of arrays")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7301)
mpf, mpm = mp.mpf, mp.mpmath


log_gamma = np.frompyfunc(mpm.loggamma, 1, 1)


def each(function):
    return lambda x: np.array([function(v) for v in np.ravel(x)], dtype=object).reshape(np.shape(x))


# an inverse-square-root linear unit (pytorch #4355)
UNITS = rng.standard_normal((3, 4))


def isrlu(x):
    low = np.minimum(x, 0.0)
    return x / np.sqrt(1.0 + 0.5 * low**2)


def isrlu_backward(c, x):
    return c * (1.0 + 0.5 * np.minimum(x, 0.0) ** 2) ** -1.5


ISRLU = Reference(lambda x: x / mp.sqrt(1 + mp.minimum(x, mpf(0)) ** 2 / 2))
right("isrlu", "vjp", isrlu, isrlu_backward, UNITS, "Cubed.", ISRLU)
wrong("isrlu_cotangent", "vjp", isrlu, lambda c, x: isrlu_backward(1.0, x), UNITS, "The cotangent is left out.", ISRLU)

# a factor of a symmetrised matrix (pytorch #137284)
ROOT = rng.standard_normal((3, 3))
POSITIVE = ROOT @ ROOT.T + 2 * np.eye(3)


def factor(A):
    return np.linalg.cholesky((A + A.T) / 2)


def factor_backward(c, A, halves=True):
    L = factor(A)
    inner = np.tril(L.T @ c)
    inner[np.diag_indices(3)] /= 2
    S = np.linalg.solve(L.T, np.linalg.solve(L.T, inner.T).T)
    return (S + S.T) / 2 if halves else S + S.T - np.diag(np.diag(S))


FACTOR = Reference(lambda A: mp.cholesky((A + A.T) / 2))
right("cholesky_of_symmetrised", "vjp", factor, factor_backward, POSITIVE, "Both halves.", FACTOR, rounding=1e4)
wrong("cholesky_of_symmetrised_sums", "vjp", factor, lambda c, A: factor_backward(c, A, False), POSITIVE,
      "S + S^T - diag(S), which is the gradient by one triangle.", FACTOR, rounding=1e4)  # fmt: skip

# an inverse (pytorch.github.io #2135)
SQUARE = rng.standard_normal((3, 3)) + 2 * np.eye(3)


def inverse_backward(c, A):
    B = np.linalg.inv(A).T
    return -B @ c @ B


def inverse_backward_unturned(c, A):
    B = np.linalg.inv(A).transpose(-2, -1)
    return -B @ c @ B


INVERSE = Reference(mp.inverse)
right("inverse_of_blog", "vjp", np.linalg.inv, inverse_backward, SQUARE, "-B c B.", INVERSE, rounding=1e4)
wrong("inverse_of_blog_transpose", "vjp", np.linalg.inv, inverse_backward_unturned, SQUARE,
      "transpose(-2, -1) names the axes as they are, in NumPy.", INVERSE, rounding=1e4)  # fmt: skip

# Bessel functions at zero (jax #40628, tensorflow #120578)
ARGUMENTS = np.array([-1.3, 0.0, 0.7, 2.2])


def bessel_zero_backward(c, x):
    return c * i1(x)


def bessel_one_backward(c, x, limit=0.5):
    ratio = np.full_like(x, limit)
    np.divide(i1(x), x, out=ratio, where=x != 0)
    return c * (i0(x) - ratio)


BESSEL_ZERO = Reference(each(lambda v: mpm.besseli(0, v)))
BESSEL_ONE = Reference(each(lambda v: mpm.besseli(1, v)))
right("bessel_i0_at_zero", "vjp", i0, bessel_zero_backward, ARGUMENTS, "i1.", BESSEL_ZERO)
wrong("bessel_i0_at_zero_one", "vjp", i0, lambda c, x: np.where(x == 0, c, bessel_zero_backward(c, x)), ARGUMENTS,
      "1 at zero, where an absolute value was differentiated.", BESSEL_ZERO)  # fmt: skip
right("bessel_i1_at_zero", "vjp", i1, bessel_one_backward, ARGUMENTS, "1/2 at zero.", BESSEL_ONE)
wrong("bessel_i1_at_zero_no_nan", "vjp", i1, lambda c, x: bessel_one_backward(c, x, 0.0), ARGUMENTS,
      "0/0 is taken as 0.", BESSEL_ONE)  # fmt: skip

# x log(1 + y) (tensorflow #56873)
FACTORS, LOGS = np.array([0.0, 1.2, -0.4]), np.array([1.0, 0.3, 2.5])


def xlog_backward(c, x, y, safe=False):
    first = np.log1p(y)
    return c * (np.where(x == 0, 0.0, first) if safe else first), c * x / (1 + y)


XLOG = Reference(lambda x, y: x * mp.log1p(y))
right("xlog1py_at_zero", "vjp", xlog1py, xlog_backward, (FACTORS, LOGS), "log1p(y) at zero, too.", XLOG)
wrong("xlog1py_at_zero_masked", "vjp", xlog1py, lambda c, x, y: xlog_backward(c, x, y, True), (FACTORS, LOGS),
      "0 where x is 0.", XLOG)  # fmt: skip

# an incomplete gamma function by its parameter (tensorflow #17995)
SHAPES, BOUNDS = np.array([0.8, 2.5]), np.array([1.1, 1.9])


def by_parameter(a, x):
    inner = quad(lambda s: a * s ** (a - 1) * np.exp(-x * s) * np.log(s), 0, 1, epsabs=1e-14, epsrel=1e-13)[0]
    scale = np.exp(a * np.log(x) - gammaln(a + 1))
    return scale * inner + (np.log(x) - digamma(a)) * gammainc(a, x)


def incomplete_backward(c, a, x, parameter=True):
    density = np.exp((a - 1) * np.log(x) - x - gammaln(a))
    return c * np.vectorize(by_parameter)(a, x) if parameter else np.zeros_like(a), c * density


INCOMPLETE = Reference(
    lambda a, x: np.array([mpm.gammainc(s, 0, t, regularized=True) for s, t in zip(a, x, strict=True)], dtype=object)
)
right("incomplete_gamma_both", "vjp", gammainc, incomplete_backward, (SHAPES, BOUNDS), "By quadrature.", INCOMPLETE,
      rounding=1e5)  # fmt: skip
wrong("incomplete_gamma_zero", "vjp", gammainc, lambda c, a, x: incomplete_backward(c, a, x, False), (SHAPES, BOUNDS),
      "No gradient by the parameter.", INCOMPLETE, rounding=1e5)  # fmt: skip

# counts with one concentration (stan-dev/math #1662)
COUNTS = np.array([3, 0, 5, 2])


def counts_likelihood(alpha, beta):
    terms = gammaln(COUNTS + alpha) - gammaln(alpha) + alpha * np.log(beta / (1 + beta)) - COUNTS * np.log1p(beta)
    return np.sum(terms)


def counts_gradient(alpha, beta, all_of_them=True):
    n = COUNTS if all_of_them else COUNTS[:1]
    by_alpha = np.sum(digamma(n + alpha)) * (1 if all_of_them else len(COUNTS))
    by_alpha += len(COUNTS) * (np.log(beta / (1 + beta)) - digamma(alpha))
    by_beta = len(COUNTS) * alpha / (beta * (1 + beta)) - np.sum(COUNTS) / (1 + beta)
    return by_alpha, by_beta


COUNTED = Reference(
    lambda a, b: sum(
        log_gamma(int(n) + a) - log_gamma(a) + a * mp.log(b / (1 + b)) - int(n) * mp.log1p(b) for n in COUNTS
    )
)
right("negative_binomial_counts", "gradient", counts_likelihood, counts_gradient, (np.array(1.7), np.array(0.8)),
      "Every count.", COUNTED)  # fmt: skip
wrong("negative_binomial_counts_first", "gradient", counts_likelihood, lambda a, b: counts_gradient(a, b, False),
      (np.array(1.7), np.array(0.8)), "The first count stands for all.", COUNTED)  # fmt: skip

# a logit-normal density (Distributions.jl #1221)
SHARES = np.array([0.2, 0.55, 0.9])


def logit_normal(x):
    return np.sum(-0.5 * ((np.log(x / (1 - x)) - 0.3) / 1.4) ** 2 - np.log(x * (1 - x)))


def logit_normal_gradient(x, logit=True):
    z = np.log(x / (1 - x)) if logit else np.log(x)
    return (-(z - 0.3) / 1.4**2 - 1 + 2 * x) / (x * (1 - x))


def mp_logit_normal(x):
    z = (mp.log(x / (1 - x)) - mpf(0.3)) / mpf(1.4)
    return (-(z**2) / 2 - mp.log(x * (1 - x))).sum()


LOGIT = Reference(mp_logit_normal)
right("logit_normal", "gradient", logit_normal, logit_normal_gradient, SHARES, "By the logit.", LOGIT)
wrong("logit_normal_log", "gradient", logit_normal, lambda x: logit_normal_gradient(x, False), SHARES,
      "log(x) for the logit.", LOGIT)  # fmt: skip

# a Laplace score (ngboost #177)
ANSWERS = np.array([0.4, 1.9, -0.6])


def laplace(location, log_scale):
    return np.sum(np.abs(ANSWERS - location) * np.exp(-log_scale) + log_scale)


def laplace_gradient(location, log_scale, of_location=True):
    center = location if of_location else log_scale
    return (
        np.sum(np.sign(center - ANSWERS)) * np.exp(-log_scale),
        np.sum(1 - np.abs(center - ANSWERS) * np.exp(-log_scale)),
    )


LAPLACE = Reference(lambda m, s: sum(abs(mpf(a) - m) * mp.exp(-s) + s for a in ANSWERS))
LAPLACE_AT = (np.array(1.1), np.array(-0.2))
right("laplace_score", "gradient", laplace, laplace_gradient, LAPLACE_AT, "About the location.", LAPLACE)
wrong("laplace_score_centre", "gradient", laplace, lambda m, s: laplace_gradient(m, s, False), LAPLACE_AT,
      "About the log of the scale.", LAPLACE)  # fmt: skip

# a log-partition (ExponentialFamily.jl #293)
GEOMETRIC = Reference(lambda p: -mp.log(p).sum())
right("geometric_partition", "gradient", lambda p: -np.sum(np.log(p)), lambda p: -1 / p, SHARES, "-1/p.", GEOMETRIC)
wrong("geometric_partition_fisher", "gradient", lambda p: -np.sum(np.log(p)), lambda p: 1 / (p**2 - p), SHARES,
      "1/(p^2 - p).", GEOMETRIC)  # fmt: skip

# eight schools, tested at ones (pints #1136)
EFFECTS, ERRORS = np.array([28.0, 8.0, -3.0]), np.array([15.0, 10.0, 16.0])


def schools(mu, tau, theta):
    prior = -0.5 * (mu / 5) ** 2 - np.log1p((tau / 5) ** 2)
    return prior + np.sum(-np.log(tau) - 0.5 * ((theta - mu) / tau) ** 2 - 0.5 * ((EFFECTS - theta) / ERRORS) ** 2)


def schools_gradient(mu, tau, theta, effects=True):
    pull = (theta - mu) / tau**2
    by_mu = -mu / 25 + (np.sum(pull) if effects else 0.0)
    by_tau = -2 * tau / (25 + tau**2) + np.sum(-1 / tau + (theta - mu) ** 2 / tau**3)
    return by_mu, by_tau, -pull + (EFFECTS - theta) / ERRORS**2


def mp_schools(mu, tau, theta):
    y, s = mp.lift(EFFECTS), mp.lift(ERRORS)
    terms = -mp.log(tau) - ((theta - mu) / tau) ** 2 / 2 - ((y - theta) / s) ** 2 / 2
    return -((mu / 5) ** 2) / 2 - mp.log1p((tau / 5) ** 2) + terms.sum()


SCHOOLS = Reference(mp_schools, at=((np.array(0.5), np.array(2.0), np.array([1.0, 3.0, -2.0])),))
AT_ONES = (np.array(1.0), np.array(1.0), np.ones(3))
right("eight_schools_at_ones", "gradient", schools, schools_gradient, AT_ONES, "With the pull.", SCHOOLS)
wrong("eight_schools_at_ones_pull", "gradient", schools, lambda m, t, e: schools_gradient(m, t, e, False), AT_ONES,
      "The effects' pull on the mean, which is zero at ones.", SCHOOLS)  # fmt: skip

# a kernel by its length scale, asked at length 1 (scikit-learn #11113)
PLACES = np.array([0.0, 0.7, 1.9])
SQUARED = (PLACES[:, None] - PLACES) ** 2


def radial(length):
    return np.exp(-SQUARED / (2 * length**2))


def radial_backward(c, length, power=3):
    return np.sum(c * radial(length) * SQUARED) / length**power


RADIAL = Reference(lambda s: mp.exp(-mp.lift(SQUARED) / (2 * s**2)), at=((np.array(1.7),),))
right("kernel_at_length_one", "vjp", radial, radial_backward, np.array(1.0), "l^3.", RADIAL)
wrong("kernel_at_length_one_squared", "vjp", radial, lambda c, s: radial_backward(c, s, 2), np.array(1.0),
      "l^2, which is the same at 1.", RADIAL)  # fmt: skip

# a boosting loss (scikit-learn #5266)
WEIGHTS, TARGETS = np.array([1.0, 2.0, 0.5]), np.array([1.0, 2.0, 0.0])


def boosting(p):
    return np.sum(WEIGHTS * (TARGETS - p) ** 2) / WEIGHTS.sum()


BOOSTING = Reference(lambda p: (mp.lift(WEIGHTS) * (mp.lift(TARGETS) - p) ** 2).sum() / mp.lift(WEIGHTS).sum())
right("boosting_loss", "gradient", boosting, lambda p: -2 * WEIGHTS * (TARGETS - p) / WEIGHTS.sum(), SHARES, "-2 w r.",
      BOOSTING)  # fmt: skip
wrong("boosting_loss_residual", "gradient", boosting, lambda p: -(TARGETS - p), SHARES,
      "The residual without weights and factor.", BOOSTING)  # fmt: skip

# a normal density by its covariance (autograd #412)
RESIDUAL = np.array([0.4, -1.1, 0.8])


def normal(S):
    return -0.5 * (np.linalg.slogdet(S)[1] + RESIDUAL @ np.linalg.solve(S, RESIDUAL))


def normal_gradient(S, sign=1.0):
    v = np.linalg.solve(S.T, RESIDUAL)
    u = np.linalg.solve(S, RESIDUAL)
    return sign * 0.5 * (np.outer(v, u) - np.linalg.inv(S).T)


def mp_normal(S):
    r = mp.lift(RESIDUAL)
    return -(mpm.log(mp.det(S)) + mp.dot(r, mp.solve(S, r))) / 2


NORMAL = Reference(mp_normal)
right("normal_by_covariance", "gradient", normal, normal_gradient, POSITIVE, "Half of both.", NORMAL, rounding=1e4)
wrong("normal_by_covariance_sign", "gradient", normal, lambda S: normal_gradient(S, -1.0), POSITIVE, "The sign.",
      NORMAL, rounding=1e4)  # fmt: skip

# an axis rolled to the end of a cube (autograd #350)
CUBE = rng.standard_normal((2, 2, 2))


def rolled(x):
    return np.moveaxis(x, 0, -1) ** 2


def rolled_backward(c, x, back=True):
    inner = 2 * c * np.moveaxis(x, 0, -1)
    return np.moveaxis(inner, -1, 0) if back else np.moveaxis(inner, 0, -1)


ROLLED = Reference(lambda x: np.moveaxis(x, 0, -1) ** 2)
right("axis_rolled", "vjp", rolled, rolled_backward, CUBE, "Rolled back.", ROLLED)
wrong("axis_rolled_onwards", "vjp", rolled, lambda c, x: rolled_backward(c, x, False), CUBE, "Rolled on.", ROLLED)

# powers by whole numbers (jax #17995)
BASES = np.array([1.3, -0.7, 0.0])


def powers(x):
    return x[:, None] ** np.arange(3)


def powers_jvp(primals, tangents, zeroth=0.0):
    (x,), (t,) = primals, tangents
    slopes = np.stack([np.full_like(x, zeroth), np.ones_like(x), 2 * x], axis=1)
    return slopes * t[:, None]


POWERS = Reference(lambda x: np.stack([x * 0 + 1, x, x * x], axis=1))
right("powers_of_three", "jvp", powers, powers_jvp, BASES, "0, 1, 2x.", POWERS)
wrong("powers_of_three_ones", "jvp", powers, lambda p, t: powers_jvp(p, t, 1.0), BASES, "1 for the zeroth.", POWERS)

# a sinc beside zero (jax #40629)
BESIDE, AT_SERIES, AT_HALF = (np.array([x, 0.3, 1.4]) for x in (-2e-9, -2e-4, -1e-7))


def sinc_jvp(primals, tangents, series=True, thirds=3.0):
    (x,), (t,) = primals, tangents
    u = np.pi * x
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.pi * (u * np.cos(u) - np.sin(u)) / u**2
    return t * (
        np.where(np.abs(u) < 1e-3, -np.pi * u * (1 / thirds - u**2 / 30 + u**4 / 840), slope) if series else slope
    )


SINC = Reference(each(lambda v: mpm.sin(mpm.pi * v) / (mpm.pi * v)))
right("sinc_beside_zero", "jvp", np.sinc, sinc_jvp, BESIDE, "A series.", SINC, rounding=1e5)
right("sinc_beside_zero_cancels", "jvp", np.sinc, lambda p, t: sinc_jvp(p, t, False), AT_HALF,
      "It cancels: half of its digits, at the block's scale, are left.", SINC, rounding=1e8)  # fmt: skip
wrong("sinc_beside_zero_series", "jvp", np.sinc, lambda p, t: sinc_jvp(p, t, thirds=6.0), AT_SERIES,
      "u/6 in the series.", SINC, rounding=1e5)  # fmt: skip

# softplus at zero (jax #2107)
ACTIVE = np.array([-1.0, 0.0, 2.0])
SOFTPLUS = Reference(lambda x: mp.log1p(mp.exp(x)))


def softplus_backward(c, x):
    return c / (1 + np.exp(-x))


right("softplus_at_zero", "vjp", lambda x: np.logaddexp(0.0, x), softplus_backward, ACTIVE, "Half.", SOFTPLUS)
wrong("softplus_at_zero_none", "vjp", lambda x: np.logaddexp(0.0, x),
      lambda c, x: softplus_backward(c, x) * (x != 0), ACTIVE, "0 at zero.", SOFTPLUS)  # fmt: skip

# scaled by powers of two (tensorflow #127244)
EXPONENTS = np.array([3, -2, 5])
SCALED = Reference(lambda x: x * mp.lift(np.exp2(EXPONENTS)))
right("ldexp_at_zero", "vjp", lambda x: np.ldexp(x, EXPONENTS), lambda c, x: np.ldexp(c, EXPONENTS), ACTIVE, "2^e.",
      SCALED)  # fmt: skip
wrong("ldexp_at_zero_none", "vjp", lambda x: np.ldexp(x, EXPONENTS), lambda c, x: np.ldexp(c, EXPONENTS) * (x != 0),
      ACTIVE, "0 at zero.", SCALED)  # fmt: skip

# a documentation's example (jax #3213)
DOCUMENTED = Reference(lambda x, y: mp.sin(x) * y)


def documented_jvp(primals, tangents, sign=1.0):
    (x, y), (s, t) = primals, tangents
    return np.cos(x) * s * y + sign * np.sin(x) * t


right("sine_times", "jvp", lambda x, y: np.sin(x) * y, documented_jvp, (SHARES, BASES), "Product rule.", DOCUMENTED)
wrong("sine_times_sign", "jvp", lambda x, y: np.sin(x) * y, lambda p, t: documented_jvp(p, t, -1.0), (SHARES, BASES),
      "-sin(x).", DOCUMENTED)  # fmt: skip

# a solve that reads one triangle (jax #1458)
RIGHT_SIDE = np.array([1.0, -0.5, 2.0])


def positive_solve(A):
    L = np.linalg.cholesky(A)
    return np.linalg.solve(L.T, np.linalg.solve(L, RIGHT_SIDE))


def positive_solve_jvp(primals, tangents, triangle=True):
    (A,), (T,) = primals, tangents
    lower = np.tril(A)
    full = lower + np.tril(A, -1).T
    moved = np.tril(T) + np.tril(T, -1).T if triangle else T
    return -np.linalg.solve(full, moved @ np.linalg.solve(full, RIGHT_SIDE))


READ = Reference(lambda A: mp.solve(np.tril(A) + np.tril(A, -1).T, mp.lift(RIGHT_SIDE)))
right("solve_by_triangle", "jvp", positive_solve, positive_solve_jvp, POSITIVE, "Its triangle.", READ, rounding=1e4)
wrong("solve_by_triangle_full", "jvp", positive_solve, lambda p, t: positive_solve_jvp(p, t, False), POSITIVE,
      "All of the tangent, of which f reads one triangle.", READ, rounding=1e4)  # fmt: skip

# cumulative products (ChainRules.jl #254)
CHAIN = np.array([1.2, 0.0, -0.7, 2.0])


def products_backward(c, x):
    total = np.zeros_like(x)
    for k in range(len(x)):
        for j in range(k + 1):
            total[j] += c[k] * np.prod(np.delete(x[: k + 1], j))
    return total


def products_by_division(c, x):
    safe = np.where(x == 0, 1.0, x)
    return np.cumsum((c * np.cumprod(x))[::-1])[::-1] / safe


PRODUCTS = Reference(lambda x: np.multiply.accumulate(x))
right("cumprod_with_zero", "vjp", np.cumprod, products_backward, CHAIN, "By leaving each out.", PRODUCTS)
wrong("cumprod_with_zero_divided", "vjp", np.cumprod, products_by_division, CHAIN, "y/x, with 1 for 0.", PRODUCTS)
