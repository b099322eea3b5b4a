"""Rules after public reports of libraries: Jacobians, Hessians, adjoints, complex numbers and containers."""

import numpy as np
from scipy.linalg import expm, expm_frechet, solve_discrete_lyapunov, solve_sylvester
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import LinearOperator
from scipy.special import erfcx, expit, gammaln, log_ndtr, polygamma

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("reports of doors", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7302)
mpf, mpm = mp.mpf, mp.mpmath


def each(function):
    return lambda x: np.array([function(v) for v in np.ravel(x)], dtype=object).reshape(np.shape(x))


# a profile likelihood's Hessian (statsmodels #9469)
DESIGN, OUTCOME = rng.standard_normal((6, 2)), rng.standard_normal(6)


def profile(b):
    return -3.0 * np.log(np.sum((OUTCOME - DESIGN @ b) ** 2))


def profile_hessian(b, two=2.0):
    r = OUTCOME - DESIGN @ b
    ssr, slope = r @ r, -2 * DESIGN.T @ r
    return -3.0 * (two * DESIGN.T @ DESIGN / ssr - np.outer(slope, slope) / ssr**2)


PROFILE = Reference(lambda b: -3 * mpm.log(((mp.lift(OUTCOME) - mp.lift(DESIGN) @ b) ** 2).sum()))
BETA = np.array([0.3, -0.8])
right("profile_hessian", "hessian", profile, profile_hessian, BETA, "2 X'X.", PROFILE)
wrong("profile_hessian_half", "hessian", profile, lambda b: profile_hessian(b, 1.0), BETA, "X'X.", PROFILE)


# constraints of a tutorial (scipy #9122)
def constraints(x):
    return np.array([1 - x[0] - 2 * x[1], 1 - x[0] ** 2 - x[1], 1 - x[0] ** 2 + x[1]])


def constraints_jacobian(x, sign=-1.0):
    return np.array([[sign, 2 * sign], [-2 * x[0], -1.0], [-2 * x[0], 1.0]])


CONSTRAINTS = Reference(lambda x: np.array([1 - x[0] - 2 * x[1], 1 - x[0] ** 2 - x[1], 1 - x[0] ** 2 + x[1]]))
right("tutorial_constraints", "jacobian", constraints, constraints_jacobian, BETA, "Minus.", CONSTRAINTS)
wrong("tutorial_constraints_sign", "jacobian", constraints, lambda x: constraints_jacobian(x, 1.0), BETA,
      "The first row's sign.", CONSTRAINTS)  # fmt: skip

# a product of all entries, one of them zero (tensorflow #61117)
WITH_ZERO = np.array([0.0, 1.5, -0.8])


def product_hessian(x, zeros=True):
    H = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            if i != j:
                H[i, j] = np.prod(np.delete(x, [i, j])) if zeros else (np.prod(x) / (x[i] * x[j]) if x[i] * x[j] else 0)
    return H


PRODUCT = Reference(lambda x: x[0] * x[1] * x[2])
right("product_hessian_at_zero", "hessian", np.prod, product_hessian, WITH_ZERO, "Left out.", PRODUCT)
wrong("product_hessian_at_zero_divided", "hessian", np.prod, lambda x: product_hessian(x, False), WITH_ZERO,
      "Divided, 0 where that is 0/0.", PRODUCT)  # fmt: skip


# sinc's second derivative at zero (jax #5054)
def sinc_hessian(x, limit=True):
    u = np.pi * x
    safe = np.where(u == 0, 1.0, u)
    inner = -np.sin(safe) / safe - 2 * np.cos(safe) / safe**2 + 2 * np.sin(safe) / safe**3
    return np.diag(np.pi**2 * np.where(u == 0, -1 / 3 if limit else 0.0, inner))


SINCS = Reference(lambda x: sum(mpm.sincpi(v) for v in x))
AT_ZERO = np.array([0.0, 0.8])
right("sinc_hessian", "hessian", lambda x: np.sum(np.sinc(x)), sinc_hessian, AT_ZERO, "-pi^2/3.", SINCS)
wrong("sinc_hessian_at_zero", "hessian", lambda x: np.sum(np.sinc(x)), lambda x: sinc_hessian(x, False), AT_ZERO,
      "0 at zero.", SINCS)  # fmt: skip

# Fourier transforms (pysap #78, odl #735, deepinv #89)
SIGNAL, SPECTRUM = rng.standard_normal(5), rng.standard_normal(5) + 1j * rng.standard_normal(5)
HALF = rng.standard_normal(3) + 1j * rng.standard_normal(3)


def mp_fourier(x):
    n = len(x)
    return np.array([sum(x[j] * mpm.expjpi(mpf(-2 * j * k) / n) for j in range(n)) for k in range(n)], dtype=object)


FOURIER = Reference(mp_fourier)
HALVED = Reference(lambda x: mp_fourier(x)[:3])
right("fourier_adjoint", "adjoint", np.fft.fft, lambda y: np.fft.ifft(y) * 5, (SPECTRUM, SPECTRUM), "n.", FOURIER)
wrong("fourier_adjoint_inverse", "adjoint", np.fft.fft, np.fft.ifft, (SPECTRUM, SPECTRUM), "The inverse.", FOURIER)


def half_adjoint(y, inner=0.5):
    weighed = y.copy()
    weighed[1:] *= inner
    return np.fft.irfft(weighed, 5) * 5


right("half_spectrum_adjoint", "adjoint", np.fft.rfft, half_adjoint, (SIGNAL, HALF), "Halved.", HALVED)
wrong("half_spectrum_adjoint_full", "adjoint", np.fft.rfft, lambda y: half_adjoint(y, 1.0), (SIGNAL, HALF),
      "The frequencies that irfft doubles.", HALVED)  # fmt: skip

# a sum of i x (Zygote.jl #160)
TURNED = Reference(lambda x: (mpm.mpc(0, 1) * x).sum())
right("turned_sum", "vjp", lambda x: np.sum(1j * x), lambda c, x: -1j * c * np.ones_like(x), SPECTRUM, "conj.",
      TURNED, options={"convention": "conjugate"})  # fmt: skip
wrong("turned_sum_unconjugated", "vjp", lambda x: np.sum(1j * x), lambda c, x: 1j * c * np.ones_like(x), SPECTRUM,
      "i c.", TURNED, options={"convention": "conjugate"})  # fmt: skip

# the imaginary part of exp (Zygote.jl #705)
IMAGINARY = Reference(lambda x: mp.imag(mp.exp(x)).sum())
right("imaginary_exp", "gradient", lambda x: np.sum(np.exp(x).imag), lambda x: 1j * np.conj(np.exp(x)), SPECTRUM,
      "i conj(exp).", IMAGINARY, options={"convention": "conjugate"})  # fmt: skip
wrong("imaginary_exp_slope", "gradient", lambda x: np.sum(np.exp(x).imag), lambda x: 1j * np.ones_like(x), SPECTRUM,
      "i alone.", IMAGINARY, options={"convention": "conjugate"})  # fmt: skip
wrong("imaginary_exp_unconjugated", "gradient", lambda x: np.sum(np.exp(x).imag), lambda x: 1j * np.exp(x), SPECTRUM,
      "Unconjugated.", IMAGINARY, options={"convention": "conjugate"})  # fmt: skip

# a modulus of an amplitude by a real angle (Zygote.jl #199)
AMPLITUDES = SPECTRUM[:3]


def overlap(x):
    return np.sum(np.abs(np.vdot(AMPLITUDES, np.exp(1j * x))) ** 2)


def overlap_gradient(x, conjugated=True):
    a = np.vdot(AMPLITUDES, np.exp(1j * x))
    inner = np.conj(a) * np.conj(AMPLITUDES) * 1j * np.exp(1j * x)
    return 2 * (inner.real if conjugated else (a * np.conj(AMPLITUDES) * 1j * np.exp(1j * x)).real)


OVERLAP = Reference(lambda x: abs((mp.conj(mp.lift(AMPLITUDES)) * mp.exp(mpm.mpc(0, 1) * x)).sum()) ** 2)
ANGLES = np.array([0.3, -1.2, 2.0])
right("overlap_by_angles", "gradient", overlap, overlap_gradient, ANGLES, "conj(a).", OVERLAP)
wrong("overlap_by_angles_conjugate", "gradient", overlap, lambda x: overlap_gradient(x, False), ANGLES, "a.", OVERLAP)


# a resistor chain's sparse Jacobian
def chain(u):
    full = np.concatenate([[1.0], u, [0.0]])
    return full[2:] - 2 * full[1:-1] + full[:-2] - np.exp(u) / 9


def chain_jacobian(u, both=True):
    main = -2 - np.exp(u) / 9
    ones = np.ones(len(u) - 1)
    return csr_array(diags_array([ones, main, ones if both else -ones], offsets=[-1, 0, 1]))


def mp_chain(u):
    full = [mpf(1), *u, mpf(0)]
    return np.array([full[k + 1] - 2 * full[k] + full[k - 1] - mpm.exp(full[k]) / 9 for k in range(1, len(u) + 1)])


CHAIN = Reference(mp_chain)
right("resistor_chain", "jacobian", chain, chain_jacobian, ANGLES, "Three bands.", CHAIN)
wrong("resistor_chain_band", "jacobian", chain, lambda u: chain_jacobian(u, False), ANGLES, "The upper band.", CHAIN)

# a Hessian's product for a weighted logistic loss
ROWS, SIGNS = rng.standard_normal((5, 3)), np.array([1.0, -1, 1, 1, -1])
COST = np.array([1.0, 3.0, 0.5, 2.0, 1.0])


def logistic(w):
    return np.sum(COST * np.logaddexp(0, -SIGNS * (ROWS @ w))) + 0.05 * w[1:] @ w[1:]


def logistic_hvp(w, v, cost=True, bias=True):
    p = expit(ROWS @ w)
    d = p * (1 - p) * (COST if cost else 1.0)
    ridge = 0.1 * v
    if bias:
        ridge[0] = 0.0
    return ROWS.T @ (d * (ROWS @ v)) + ridge


def mp_logistic(w):
    margin = mp.lift(SIGNS) * (mp.lift(ROWS) @ w)
    return (mp.lift(COST) * mp.log1p(mp.exp(-margin))).sum() + mpf(0.05) * (w[1:] ** 2).sum()


LOGISTIC = Reference(mp_logistic)
right("weighted_logistic_hvp", "hvp", logistic, logistic_hvp, ANGLES, "d.", LOGISTIC, rounding=1e4)
wrong("weighted_logistic_hvp_cost", "hvp", logistic, lambda w, v: logistic_hvp(w, v, cost=False), ANGLES,
      "The costs.", LOGISTIC, rounding=1e4)  # fmt: skip
wrong("weighted_logistic_hvp_bias", "hvp", logistic, lambda w, v: logistic_hvp(w, v, bias=False), ANGLES,
      "The bias is not penalised.", LOGISTIC, rounding=1e4)  # fmt: skip

# a Dirichlet-multinomial's Hessian
TALLY = np.array([2, 0, 5])


def dirichlet(a):
    return gammaln(a.sum()) - gammaln(a.sum() + 7) + np.sum(gammaln(a + TALLY) - gammaln(a))


def dirichlet_hessian(a, shared=True):
    whole = polygamma(1, a.sum()) - polygamma(1, a.sum() + 7)
    return np.diag(polygamma(1, a + TALLY) - polygamma(1, a)) + (whole if shared else whole * np.eye(3))


def mp_dirichlet(a):
    s = a.sum()
    inner = sum(mpm.loggamma(v + int(n)) - mpm.loggamma(v) for v, n in zip(a, TALLY, strict=True))
    return mpm.loggamma(s) - mpm.loggamma(s + 7) + inner


DIRICHLET = Reference(mp_dirichlet)
CONCENTRATION = np.array([0.7, 1.4, 2.2])
right("dirichlet_hessian", "hessian", dirichlet, dirichlet_hessian, CONCENTRATION, "Shared.", DIRICHLET)
wrong("dirichlet_hessian_diagonal", "hessian", dirichlet, lambda a: dirichlet_hessian(a, False), CONCENTRATION,
      "The shared part on the diagonal alone.", DIRICHLET)  # fmt: skip

# matrices: Sylvester, discrete Lyapunov, square root, exponential
A, B, C = (
    rng.standard_normal((3, 3)) + 3 * np.eye(3),
    rng.standard_normal((2, 2)) + 2 * np.eye(2),
    rng.standard_normal((3, 2)),
)


def sylvester_backward(c, A, B, C, turned=True):
    X = solve_sylvester(A, B, C)
    g = solve_sylvester(A.T, B.T, c)
    return -g @ X.T, -X.T @ g if turned else -g.T @ X, g


def mp_sylvester(A, B, C):
    big = np.array([[A[i, k] * mpf(j == m) + B[m, j] * mpf(i == k) for k in range(3) for m in range(2)]
                    for i in range(3) for j in range(2)], dtype=object)  # fmt: skip
    return mp.solve(big, C.reshape(-1)).reshape(3, 2)


SYLVESTER = Reference(mp_sylvester)
right("sylvester_all", "vjp", solve_sylvester, sylvester_backward, (A, B, C), "X^T g.", SYLVESTER, rounding=1e5)
wrong("sylvester_all_second", "vjp", solve_sylvester,
      lambda c, A, B, C: sylvester_backward(c, A, B, C, False), (A, B, C), "g^T X.", SYLVESTER,
      rounding=1e5)  # fmt: skip

STABLE, NOISE = 0.3 * rng.standard_normal((2, 2)), np.array([[1.0, 0.2], [0.2, 0.7]])


def lyapunov_backward(c, A, Q, both=True):
    X = solve_discrete_lyapunov(A, Q)
    g = solve_discrete_lyapunov(A.T, c)
    return g @ A @ X.T + (g.T @ A @ X if both else 0.0), g


def mp_lyapunov(A, Q):
    big = np.array([[mpf((i, j) == (k, m)) - A[i, k] * A[j, m] for k in range(2) for m in range(2)]
                    for i in range(2) for j in range(2)], dtype=object)  # fmt: skip
    return mp.solve(big, Q.reshape(-1)).reshape(2, 2)


LYAPUNOV = Reference(mp_lyapunov)
right("discrete_lyapunov", "vjp", solve_discrete_lyapunov, lyapunov_backward, (STABLE, NOISE), "Both sides.", LYAPUNOV,
      rounding=1e5)  # fmt: skip
wrong("discrete_lyapunov_one_side", "vjp", solve_discrete_lyapunov, lambda c, A, Q: lyapunov_backward(c, A, Q, False),
      (STABLE, NOISE), "One side.", LYAPUNOV, rounding=1e5)  # fmt: skip


def exponential_trace(H):
    return np.trace(expm(H) @ NOISE)


def exponential_gradient(H, frechet=True):
    return expm_frechet(H.T, NOISE.T, compute_expm=False) if frechet else (expm(H) @ NOISE).T


EXPONENTIAL = Reference(lambda H: np.trace(mp.expm(H) @ mp.lift(NOISE)))
right("exponential_by_frechet", "gradient", exponential_trace, exponential_gradient, STABLE, "Frechet.", EXPONENTIAL,
      rounding=1e4)  # fmt: skip
wrong("exponential_by_frechet_commutes", "gradient", exponential_trace,
      lambda H: exponential_gradient(H, False), STABLE, "As if all commuted.", EXPONENTIAL, rounding=1e4)  # fmt: skip


# special functions
def scaled_error_slope(c, x, inner=2.0):
    return c * (inner * x * erfcx(x) - 2 / np.sqrt(np.pi))


SCALED_ERROR = Reference(each(lambda v: mpm.exp(v * v) * mpm.erfc(v)))
right("scaled_error", "vjp", erfcx, scaled_error_slope, CONCENTRATION, "2x.", SCALED_ERROR, rounding=1e4)
wrong("scaled_error_inner", "vjp", erfcx, lambda c, x: scaled_error_slope(c, x, 1.0), CONCENTRATION, "x.", SCALED_ERROR,
      rounding=1e4)  # fmt: skip


def censored(theta):
    return -np.sum(log_ndtr((theta["mean"] - OUTCOME) * np.exp(-theta["log_scale"])))


def censored_gradient(theta, chain_rule=True):
    z = (theta["mean"] - OUTCOME) * np.exp(-theta["log_scale"])
    ratio = np.exp(-0.5 * z**2 - log_ndtr(z)) / np.sqrt(2 * np.pi)
    return {
        "mean": -np.sum(ratio) * (np.exp(-theta["log_scale"]) if chain_rule else 1.0),
        "log_scale": np.sum(ratio * z),
    }


def mp_censored(theta):
    zs = [(theta["mean"] - mpf(float(y))) * mpm.exp(-theta["log_scale"]) for y in OUTCOME]
    return -sum(mpm.log(mpm.ncdf(z)) for z in zs)


CENSORED = Reference(mp_censored)
THETA = ({"mean": 0.4, "log_scale": -0.3},)
right("censored_normal", "gradient", censored, censored_gradient, THETA, "Scale.", CENSORED)
wrong(
    "censored_normal_scale", "gradient", censored, lambda t: censored_gradient(t, False), THETA, "The scale.", CENSORED
)

# a blur as an operator
KERNEL = np.array([0.5, 0.3, 0.2])


def blur(x):
    return np.convolve(x, KERNEL)


def blur_operator(turn=True):
    taps = KERNEL[::-1] if turn else KERNEL
    return LinearOperator(
        (7, 5),
        dtype=float,
        matvec=lambda x: np.convolve(np.ravel(x), KERNEL),
        rmatvec=lambda y: np.convolve(np.ravel(y), taps, "valid"),
    )


BLUR = Reference(lambda x: np.array([sum(mpf(KERNEL[k - j]) * x[j] for j in range(5) if 0 <= k - j < 3)
                                     for k in range(7)], dtype=object))  # fmt: skip
LONG = rng.standard_normal(7)
right("blur_operator", "adjoint", blur, lambda y: blur_operator().rmatvec(y), (SIGNAL, LONG), "Correlates.", BLUR)
wrong("blur_operator_convolves", "adjoint", blur, lambda y: blur_operator(False).rmatvec(y), (SIGNAL, LONG),
      "Convolves.", BLUR)  # fmt: skip
