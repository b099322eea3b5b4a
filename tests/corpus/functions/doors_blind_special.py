"""scipy.special and scipy.linalg, held back."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh, expm, expm_frechet, lu, solve_sylvester, solve_triangular, sqrtm
from scipy.special import betainc, betaln, erfcx, gammaincc, gammaln, iv, kv, lambertw, log_ndtr, ndtr

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors blind special functions", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6107)
mpf, mpm = mp.mpf, mp.mpmath


def each(function):
    return lambda x: np.array([function(v) for v in x], dtype=object)


# the sum of singular values
MATRIX = rng.standard_normal((3, 4))


def nuclear(A):
    return np.sum(np.linalg.svd(A, compute_uv=False))


def nuclear_gradient(A, right_turned=True, values=False):
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return (U * s if values else U) @ (Vt if right_turned else Vt[::-1])


def mp_nuclear(A):
    return sum(mpm.sqrt(v) for v in mpm.eigsy(mp.as_matrix(A @ A.T), eigvals_only=True))


NUCLEAR = Reference(mp_nuclear)
right("nuclear_norm", "gradient", nuclear, nuclear_gradient, MATRIX, "U V^T.", NUCLEAR, rounding=1e4)
wrong("nuclear_norm_order", "gradient", nuclear, lambda A: nuclear_gradient(A, False), MATRIX,
      "The right vectors in rising order, the left ones in falling.", NUCLEAR, rounding=1e4)  # fmt: skip
wrong("nuclear_norm_of_squares", "gradient", nuclear, lambda A: nuclear_gradient(A, values=True), MATRIX,
      "U s V^T, which is A: that of half the squares.", NUCLEAR, rounding=1e4)  # fmt: skip

# natural frequencies by stiffness and mass
STIFF, MASS = np.array([2.0, 1.3, 0.8]), np.array([1.0, 0.6, 1.7])
LINKS = np.array([[1.0, 0, 0], [-1, 1, 0], [0, -1, 1]])


def frequency(k, m):
    return np.sqrt(eigh(LINKS.T @ np.diag(k) @ LINKS, np.diag(m), eigvals_only=True)[0])


def frequency_gradient(k, m, mass=True, root=True):
    values, shapes = eigh(LINKS.T @ np.diag(k) @ LINKS, np.diag(m))
    v = shapes[:, 0]
    half = 0.5 / np.sqrt(values[0]) if root else 1.0
    return half * (LINKS @ v) ** 2, half * -values[0] * v**2 if mass else -half * v**2


def mp_frequency(k, m):
    L = mp.lift(LINKS)
    scaled = L / np.array([mpm.sqrt(v) for v in m], dtype=object)
    return mpm.sqrt(min(mpm.eigsy(mp.as_matrix(scaled.T @ (k[:, None] * scaled)), eigvals_only=True)))


FREQUENCY = Reference(mp_frequency)
right("natural_frequency", "gradient", frequency, frequency_gradient, (STIFF, MASS), "eigh(K, M).", FREQUENCY)
wrong("natural_frequency_mass", "gradient", frequency, lambda k, m: frequency_gradient(k, m, mass=False), (STIFF, MASS),
      "The eigenvalue that multiplies the masses is forgotten.", FREQUENCY)  # fmt: skip
wrong("natural_frequency_squared", "gradient", frequency, lambda k, m: frequency_gradient(k, m, root=False),
      (STIFF, MASS), "That of the frequency's square.", FREQUENCY)  # fmt: skip

# a log-determinant by LU
SQUARE = rng.standard_normal((4, 4)) + 2 * np.eye(4)


def lu_determinant(A):
    return np.sum(np.log(np.abs(np.diag(lu(A)[2]))))


LU = Reference(lambda A: mpm.log(abs(mp.det(A))))
right("log_determinant_by_lu", "gradient", lu_determinant, lambda A: np.linalg.inv(A).T, SQUARE, "A^-T.", LU)
wrong("log_determinant_by_lu_untransposed", "gradient", lu_determinant, np.linalg.inv, SQUARE, "A^-1.", LU)

# whitening
LOWER, BLOCK = np.tril(rng.standard_normal((3, 3))) + 2 * np.eye(3), rng.standard_normal((3, 2))


def whiten(L, B):
    return solve_triangular(L, B, lower=True)


def whiten_backward(c, L, B, cut=True, outer=True):
    Z = whiten(L, B)
    g = solve_triangular(L, c, lower=True, trans=1)
    full = -g @ (Z if outer else B).T
    return np.tril(full) if cut else full, g


WHITEN = Reference(lambda L, B: mp.solve(np.tril(L), B))
right("whitening", "vjp", whiten, whiten_backward, (LOWER, BLOCK), "tril.", WHITEN)
wrong("whitening_uncut", "vjp", whiten, lambda c, L, B: whiten_backward(c, L, B, cut=False), (LOWER, BLOCK),
      "solve_triangular reads one triangle; the other has a gradient here.", WHITEN)  # fmt: skip
wrong("whitening_right_side", "vjp", whiten, lambda c, L, B: whiten_backward(c, L, B, outer=False), (LOWER, BLOCK),
      "The right side where the solution belongs.", WHITEN)  # fmt: skip

# the chance of at most four hits, by the log-odds of one
ODDS = np.array([-0.7, 0.2, 1.1])


def at_most(z):
    return np.log(betainc(6, 5, 1 / (1 + np.exp(z))))


def at_most_gradient(c, z, slope=True):
    p = 1 / (1 + np.exp(z))
    density = np.exp(5 * np.log(p) + 4 * np.log1p(-p) - betaln(6, 5))
    return -c * density * (p * (1 - p) if slope else 1.0) / betainc(6, 5, p)


AT_MOST = Reference(each(lambda z: mpm.log(mpm.betainc(6, 5, 0, 1 / (1 + mpm.exp(z)), regularized=True))))
right("at_most_four_hits", "vjp", at_most, at_most_gradient, ODDS, "By the log-odds.", AT_MOST, rounding=1e4)
wrong("at_most_four_hits_slope", "vjp", at_most, lambda c, z: at_most_gradient(c, z, False), ODDS,
      "The log-odds' slope p (1 - p) is forgotten.", AT_MOST, rounding=1e4)  # fmt: skip

# counts with a rate
EXPECTED = np.array([0.8, 2.5, 6.0])


def few(m):
    return gammaincc(4, m)


FEW = Reference(each(lambda m: mpm.gammainc(4, m, mpm.inf, regularized=True)))
right("poisson_tail", "vjp", few, lambda c, m: -c * np.exp(3 * np.log(m) - m - gammaln(4)), EXPECTED, "-density.", FEW,
      rounding=1e4)  # fmt: skip
wrong("poisson_tail_sign", "vjp", few, lambda c, m: c * np.exp(3 * np.log(m) - m - gammaln(4)), EXPECTED,
      "That of the other tail.", FEW, rounding=1e4)  # fmt: skip
wrong("poisson_tail_factorial", "vjp", few, lambda c, m: -c * np.exp(3 * np.log(m) - m - gammaln(5)), EXPECTED,
      "gammaln(n + 1) for gammaln(n): 4! for 3!.", FEW, rounding=1e4)  # fmt: skip

# a probit likelihood
DESIGN, SIGNS, WEIGHTS = rng.standard_normal((4, 2)), np.array([1.0, -1, 1, 1]), np.array([0.4, -1.1])


def probit(w):
    return -np.sum(log_ndtr(SIGNS * (DESIGN @ w)))


def probit_gradient(w, ratio=True, sign=True):
    m = SIGNS * (DESIGN @ w)
    mills = np.sqrt(2 / np.pi) / erfcx(-m / np.sqrt(2)) if ratio else np.exp(-0.5 * m * m) / np.sqrt(2 * np.pi)
    return -DESIGN.T @ (mills * SIGNS if sign else mills)


def mp_probit(w):
    m = mp.lift(SIGNS) * (mp.lift(DESIGN) @ w)
    return -sum(mpm.log(mpm.ncdf(v)) for v in m)


PROBIT = Reference(mp_probit)
right("probit_likelihood", "gradient", probit, probit_gradient, WEIGHTS, "Mills's ratio by erfcx.", PROBIT)
wrong("probit_likelihood_ratio", "gradient", probit, lambda w: probit_gradient(w, ratio=False), WEIGHTS,
      "The density without 1 / ndtr.", PROBIT)  # fmt: skip
wrong("probit_likelihood_sign", "gradient", probit, lambda w: probit_gradient(w, sign=False), WEIGHTS,
      "The labels' signs are forgotten on the way back.", PROBIT)  # fmt: skip

# a Matern covariance by distance
FAR = np.array([0.4, 1.1, 2.3])


def matern(r):
    return r * kv(1, r)


MATERN = Reference(each(lambda r: r * mpm.besselk(1, r)))
right("matern_by_bessel", "vjp", matern, lambda c, r: -c * r * kv(0, r), FAR, "-r K0.", MATERN)
wrong("matern_by_bessel_recurrence", "vjp", matern, lambda c, r: c * (kv(1, r) - r * (kv(0, r) + kv(1, r) / r) / 2),
      FAR, "The recurrence's half taken where it does not belong.", MATERN)  # fmt: skip
wrong("matern_by_bessel_sign", "vjp", matern, lambda c, r: c * r * kv(0, r), FAR, "K falls, I grows: the sign.", MATERN)

# the normalisation of von Mises and Fisher in five dimensions
KAPPA = np.array([0.9, 2.7])


def fisher(k):
    return np.log(iv(1.5, k)) - 1.5 * np.log(k)


def fisher_backward(c, k, power=True):
    ratio = iv(2.5, k) / iv(1.5, k)
    return c * ratio if power else c * (ratio + 1.5 / k)


FISHER = Reference(each(lambda k: mpm.log(mpm.besseli(mpf("1.5"), k)) - mpf("1.5") * mpm.log(k)))
right("von_mises_fisher_constant", "vjp", fisher, fisher_backward, KAPPA, "A ratio of Bessel functions.", FISHER)
wrong("von_mises_fisher_constant_power", "vjp", fisher, lambda c, k: fisher_backward(c, k, False), KAPPA,
      "The power of kappa is left out.", FISHER)  # fmt: skip

# how large an epidemic becomes
NUMBER = np.array([1.4, 2.2, 3.0])


def final_size(r):
    return 1 + lambertw(-r * np.exp(-r)).real / r


def final_size_backward(c, r, explicit=True):
    z = final_size(r)
    through = z * (1 - z) / (1 - r * (1 - z))
    return c * (through if explicit else through * r)


def mp_final_size(r):
    return 1 + mpm.lambertw(-r * mpm.exp(-r)).real / r


SIZE = Reference(each(mp_final_size))
right("final_size_of_epidemic", "vjp", final_size, final_size_backward, NUMBER, "By the implicit equation.", SIZE)
wrong("final_size_of_epidemic_by_force", "vjp", final_size, lambda c, r: final_size_backward(c, r, False), NUMBER,
      "A factor r too many: by log r.", SIZE)  # fmt: skip

# real exponential of a matrix
RATES = 0.5 * rng.standard_normal((3, 3))
EXP = Reference(mp.expm)
right("transition_matrix", "vjp", expm, lambda c, A: expm_frechet(A.T, c, compute_expm=False), RATES, "At A^T.", EXP)
wrong("transition_matrix_untransposed", "vjp", expm, lambda c, A: expm_frechet(A, c, compute_expm=False), RATES,
      "At A.", EXP)  # fmt: skip
wrong("transition_matrix_product", "vjp", expm, lambda c, A: expm(A).T @ c, RATES, "expm(A)^T c, as for numbers.", EXP)

# the square root of a matrix
POSITIVE = rng.standard_normal((3, 3))
POSITIVE = POSITIVE @ POSITIVE.T + np.eye(3) + 0.2 * rng.standard_normal((3, 3))


def root_backward(c, A, transposed=True):
    R = sqrtm(A).real
    R = R.T if transposed else R
    return solve_sylvester(R, R, c)


def principal_root(A):
    return sqrtm(A).real


def mp_root(A):
    return mp.real(mp.as_array(mpm.sqrtm(mp.as_matrix(A))))


SQUARE_ROOT = Reference(mp_root)
right("matrix_square_root", "vjp", principal_root, root_backward, POSITIVE, "Sylvester's equation.", SQUARE_ROOT,
      rounding=1e4)  # fmt: skip
wrong("matrix_square_root_untransposed", "vjp", principal_root, lambda c, A: root_backward(c, A, False), POSITIVE,
      "R for R^T in Sylvester's equation.", SQUARE_ROOT, rounding=1e4)  # fmt: skip
wrong("matrix_square_root_by_inverse", "vjp", principal_root, lambda c, A: 0.5 * np.linalg.inv(sqrtm(A).real).T @ c,
      POSITIVE, "R^-T c / 2, as for numbers.", SQUARE_ROOT, rounding=1e4)  # fmt: skip

# a posterior mean by cho_solve
NOISY, TARGET = POSITIVE @ POSITIVE.T + np.eye(3), rng.standard_normal(3)


def posterior(log_noise, y):
    return cho_solve(cho_factor(NOISY + np.exp(log_noise) * np.eye(3)), y)


def posterior_backward(c, log_noise, y, chain=True):
    factor = cho_factor(NOISY + np.exp(log_noise) * np.eye(3))
    g = cho_solve(factor, c)
    return np.asarray(-(g @ cho_solve(factor, y)) * (np.exp(log_noise) if chain else 1.0)), g


POSTERIOR = Reference(lambda s, y: mp.solve(mp.lift(NOISY) + mp.exp(s) * np.eye(3, dtype=int), y))
right("posterior_by_cho_solve", "vjp", posterior, posterior_backward, (np.array(-0.9), TARGET), "By log noise.",
      POSTERIOR)  # fmt: skip
wrong("posterior_by_cho_solve_chain_rule", "vjp", posterior, lambda c, s, y: posterior_backward(c, s, y, False),
      (np.array(-0.9), TARGET), "By the noise, not by its logarithm.", POSTERIOR)  # fmt: skip

# expected improvement
FORECAST = (np.array([0.3, -0.5, 0.1]), np.array([0.4, 0.9, 0.2]))


def improvement(mean, spread):
    z = mean / spread
    return mean * ndtr(z) + spread * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def improvement_backward(c, mean, spread, swapped=False):
    z = mean / spread
    by_mean, by_spread = c * ndtr(z), c * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return (by_spread, by_mean) if swapped else (by_mean, by_spread)


def mp_improvement(m, s):
    pairs = zip(m, s, strict=True)
    return np.array([a * mpm.ncdf(a / b) + b * mpm.npdf(a / b) for a, b in pairs], dtype=object)


IMPROVEMENT = Reference(mp_improvement)
right("improvement_of_forecasts", "vjp", improvement, improvement_backward, FORECAST, "Terms cancel.", IMPROVEMENT)
wrong("improvement_of_forecasts_exchanged", "vjp", improvement,
      lambda c, m, s: improvement_backward(c, m, s, True), FORECAST, "The two exchanged.", IMPROVEMENT)  # fmt: skip
