"""Linear algebra rules of real libraries: factorisations, matrix functions, solvers, batches."""

import numpy as np
import scipy.linalg

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("library linear algebra")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2204)
S = rng.standard_normal((3, 3)) + 2 * np.eye(3)
SPD = (lambda R: R @ R.T + 3 * np.eye(3))(rng.standard_normal((3, 3)))
TALL = rng.standard_normal((5, 3))


# Cholesky
def cholesky_core(c, L, halve=True):
    """L^-T Phi(L^T c) L^-1, where Phi keeps the lower triangle and halves the diagonal."""
    phi = np.tril(L.T @ np.tril(c))
    if halve:
        phi -= np.diag(np.diag(phi)) / 2
    inverse = np.linalg.inv(L)
    return inverse.T @ phi @ inverse


def cholesky_vjp_lower(c, K):
    core = cholesky_core(c, np.linalg.cholesky(K))
    return np.tril(core + core.T) - np.diag(np.diag(core))


def cholesky_vjp_symmetric(c, K):
    core = cholesky_core(c, np.linalg.cholesky(K))
    return (core + core.T) / 2


def cholesky_vjp_unhalved(c, K):
    core = cholesky_core(c, np.linalg.cholesky(K), halve=False)
    return np.tril(core + core.T) - np.diag(np.diag(core))


def mp_cholesky(K):
    n = len(K)
    L = np.full((n, n), mp.mpf(0), dtype=object)
    for j in range(n):
        L[j, j] = mp.mpmath.sqrt(K[j, j] - sum(L[j, k] ** 2 for k in range(j)))
        for i in range(j + 1, n):
            L[i, j] = (K[i, j] - sum(L[i, k] * L[j, k] for k in range(j))) / L[j, j]
    return L


CHOLESKY = Reference(mp_cholesky)
DECLARED = {"structure": {0: "symmetric"}}
right("cholesky_factor", "vjp", np.linalg.cholesky, cholesky_vjp_lower, SPD, "NumPy reads the lower half.", CHOLESKY)
right(
    "cholesky_factor_symmetric",
    "vjp",
    np.linalg.cholesky,
    cholesky_vjp_symmetric,
    SPD,
    "pytorch #18825, #137284: the symmetric gradient, right where the input is declared symmetric.",
    CHOLESKY,
    options=DECLARED,
)
wrong(
    "cholesky_factor_symmetric_undeclared",
    "vjp",
    np.linalg.cholesky,
    cholesky_vjp_symmetric,
    SPD,
    "The same for a matrix of free entries, of which the upper half is never read.",
    CHOLESKY,
)
wrong(
    "cholesky_factor_diagonal_unhalved",
    "vjp",
    np.linalg.cholesky,
    cholesky_vjp_unhalved,
    SPD,
    "Phi without its halved diagonal.",
    CHOLESKY,
)
wrong(
    "cholesky_factor_half_scaled",
    "vjp",
    np.linalg.cholesky,
    lambda c, K: np.tril(cholesky_vjp_symmetric(c, K)),
    SPD,
    "The lower half of the symmetric gradient: off-diagonal entries lack their factor 2 (pytorch #30578 on symeig).",
    CHOLESKY,
    options=DECLARED,
)


# QR
def qr_jvp(primals, tangents, whole=True):
    Q, R = np.linalg.qr(primals[0])
    dx = tangents[0] @ np.linalg.inv(R)
    qtdx = Q.T @ dx
    lower = np.tril(qtdx, -1)
    omega = lower - lower.T
    dQ = Q @ (omega - qtdx) + dx
    dR = (qtdx - omega) @ R if whole else np.triu(Q.T @ tangents[0])
    return (Q, R), (dQ, dR)


def mp_qr(A):
    signs = np.sign(np.diag(np.linalg.qr(A.astype(float))[1])).astype(int)
    m, n = A.shape
    Q = np.full((m, n), mp.mpf(0), dtype=object)
    R = np.full((n, n), mp.mpf(0), dtype=object)
    for j in range(n):
        v = A[:, j]
        for i in range(j):
            R[i, j] = (Q[:, i] * A[:, j]).sum()
            v = v - R[i, j] * Q[:, i]
        R[j, j] = int(signs[j]) * mp.mpmath.sqrt((v * v).sum())
        Q[:, j] = v / R[j, j]
    return Q, R


def r_vjp(c, A):
    """Q copyltu(R c^T) R^-T: the lower triangle copied to the upper one."""
    Q, R = np.linalg.qr(A)
    M = R @ np.triu(c).T
    return Q @ (np.tril(M) + np.tril(M, -1).T) @ np.linalg.inv(R).T


def r_vjp_uncopied(c, A):
    Q, R = np.linalg.qr(A)
    M = R @ np.triu(c).T
    return Q @ np.tril(M) @ np.linalg.inv(R).T


R_FACTOR = Reference(lambda A: mp_qr(A)[1])
right("qr_r_factor", "vjp", lambda A: np.linalg.qr(A)[1], r_vjp, TALL, "Q copyltu(R c^T) R^-T.", R_FACTOR)
wrong(
    "qr_r_factor_not_symmetrised",
    "vjp",
    lambda A: np.linalg.qr(A)[1],
    r_vjp_uncopied,
    TALL,
    "The lower triangle is not copied to the upper one.",
    R_FACTOR,
)


def q_jvp(primals, tangents):
    return qr_jvp(primals, tangents)[1][0]


def r_jvp(primals, tangents):
    return qr_jvp(primals, tangents)[1][1]


right("qr_r_factor_jvp", "jvp", lambda A: np.linalg.qr(A)[1], r_jvp, S, "Square.", R_FACTOR)
wrong(
    "qr_r_factor_jvp_rotation_ignored",
    "jvp",
    lambda A: np.linalg.qr(A)[1],
    lambda p, t: qr_jvp(p, t, whole=False)[1][1],
    S,
    "jax #2863: dQ right, dR not; here Q^T dA, as if Q did not turn.",
    R_FACTOR,
)
right(
    "qr_q_factor_jvp",
    "jvp",
    lambda A: np.linalg.qr(A)[0],
    q_jvp,
    TALL,
    "Tall: with the part outside the range.",
    Reference(lambda A: mp_qr(A)[0]),
)


# functions of symmetric matrices
def tanh_of_matrix(K):
    w, V = np.linalg.eigh((K + K.T) / 2)
    return (V * np.tanh(w)) @ V.T


def tanh_of_matrix_vjp(c, K, guarded=True, diagonal=True):
    w, V = np.linalg.eigh((K + K.T) / 2)
    gap = w[:, None] - w
    slope = 1 - np.tanh(w) ** 2
    rise = np.tanh(w)[:, None] - np.tanh(w)
    if guarded:
        close = np.abs(gap) < 1e-9
        F = np.where(close, (slope[:, None] + slope) / 2, rise / np.where(close, 1.0, gap))
    else:
        with np.errstate(all="ignore"):
            F = rise / gap
        np.fill_diagonal(F, slope)
    if not diagonal:
        np.fill_diagonal(F, 0.0)
    inner = V.T @ ((c + c.T) / 2) @ V
    return V @ (F * inner) @ V.T


def mp_tanh_of_matrix(K):
    K = (K + K.T) / 2
    e = np.array(mp.mpmath.expm(mp.mpmath.matrix((2 * K).tolist())).tolist(), dtype=object).reshape(K.shape)
    one = mp.lift(np.eye(len(K)))
    return mp.solve(e + one, e - one)


TANH = Reference(mp_tanh_of_matrix)
SYM = (S + S.T) / 2
TWICE = np.diag([0.5, 0.5, -1.0])
right("tanh_of_a_symmetric_matrix", "vjp", tanh_of_matrix, tanh_of_matrix_vjp, SYM, "Divided differences.", TANH)
wrong(
    "tanh_of_a_symmetric_matrix_diagonal_zero",
    "vjp",
    tanh_of_matrix,
    lambda c, K: tanh_of_matrix_vjp(c, K, diagonal=False),
    SYM,
    "The eigenvectors' part alone.",
    TANH,
)
right(
    "tanh_of_a_matrix_with_equal_eigenvalues",
    "vjp",
    tanh_of_matrix,
    tanh_of_matrix_vjp,
    TWICE,
    "Smooth, although its eigenvectors are not.",
    TANH,
)
wrong(
    "tanh_of_a_matrix_with_equal_eigenvalues_nan",
    "vjp",
    tanh_of_matrix,
    lambda c, K: tanh_of_matrix_vjp(c, K, guarded=False),
    TWICE,
    "Theano #6379, pytorch #49886: 0/0 where two eigenvalues agree.",
    TANH,
)


def expm_vjp(c, A):
    return scipy.linalg.expm_frechet(A.T, c, compute_expm=False)


def mp_expm(A):
    e = mp.mpmath.expm(mp.mpmath.matrix(A.tolist()))
    return np.array(e.tolist(), dtype=object).reshape(A.shape)


EXPM = Reference(mp_expm)
HALF = 0.4 * S
right("matrix_exponential", "vjp", scipy.linalg.expm, expm_vjp, HALF, "The Frechet derivative at A^T.", EXPM)
wrong(
    "matrix_exponential_untransposed",
    "vjp",
    scipy.linalg.expm,
    lambda c, A: scipy.linalg.expm_frechet(A, c, compute_expm=False),
    HALF,
    "tensorflow #15465: the Frechet derivative itself is forward mode; backward it takes A^T.",
    EXPM,
)
POWER3 = Reference(lambda A: A @ A @ A)


def cube_vjp(c, A):
    T = A.T
    return c @ T @ T + T @ c @ T + T @ T @ c


right("matrix_power_3", "vjp", lambda A: np.linalg.matrix_power(A, 3), cube_vjp, S, "Three places.", POWER3)
wrong(
    "matrix_power_3_as_a_number",
    "vjp",
    lambda A: np.linalg.matrix_power(A, 3),
    lambda c, A: 3 * A.T @ A.T @ c,
    S,
    "3 A^2, as for numbers.",
    POWER3,
)


# singular values, norms, determinants
def singular_values(A):
    return np.linalg.svd(A, compute_uv=False)


def singular_values_vjp(c, A):
    U, _, Vt = np.linalg.svd(A, full_matrices=False)
    return (U * c) @ Vt


def mp_singular_values(A):
    s = mp.mpmath.svd_r(mp.mpmath.matrix(A.tolist()), compute_uv=False)
    return np.array(list(s), dtype=object)


SINGULAR = Reference(mp_singular_values)
right("singular_values", "vjp", singular_values, singular_values_vjp, TALL, "u_i v_i^T.", SINGULAR)
wrong(
    "singular_values_v_transposed",
    "vjp",
    singular_values,
    lambda c, A: (np.linalg.svd(A)[0] * c) @ np.linalg.svd(A)[2].T,
    S,
    "numpy's svd returns V^T already.",
    SINGULAR,
)


def two_norm_gradient(A):
    U, _, Vt = np.linalg.svd(A)
    return np.outer(U[:, 0], Vt[0])


TWO_NORM = Reference(lambda A: max(mp_singular_values(A)))
right("spectral_norm", "gradient", lambda A: np.linalg.norm(A, 2), two_norm_gradient, S, "u v^T.", TWO_NORM)
wrong(
    "spectral_norm_as_frobenius",
    "gradient",
    lambda A: np.linalg.norm(A, 2),
    lambda A: A / np.linalg.norm(A, 2),
    S,
    "The Frobenius norm's rule with the other norm.",
    TWO_NORM,
)
FLIPPED = S * np.array([-1.0, 1.0, 1.0])
LOGABSDET = Reference(lambda A: mp.log(abs(mp.det(A))))
right(
    "log_abs_det_negative",
    "gradient",
    lambda A: np.linalg.slogdet(A)[1],
    lambda A: np.linalg.inv(A).T,
    FLIPPED,
    "A^-T whatever the sign.",
    LOGABSDET,
)
wrong(
    "log_abs_det_times_sign",
    "gradient",
    lambda A: np.linalg.slogdet(A)[1],
    lambda A: np.linalg.slogdet(A)[0] * np.linalg.inv(A).T,
    FLIPPED,
    "The sign does not enter.",
    LOGABSDET,
)
BATCH = rng.standard_normal((2, 2, 2))


def dets_vjp(c, A):
    return (c * np.linalg.det(A))[:, None, None] * np.swapaxes(np.linalg.inv(A), -1, -2)


DETS = Reference(lambda A: A[:, 0, 0] * A[:, 1, 1] - A[:, 0, 1] * A[:, 1, 0])
right("determinants_of_a_batch", "vjp", np.linalg.det, dets_vjp, BATCH, "Transposed per matrix.", DETS)
wrong(
    "determinants_of_a_batch_all_axes_reversed",
    "vjp",
    np.linalg.det,
    lambda c, A: (c * np.linalg.det(A))[:, None, None] * np.linalg.inv(A).T,
    BATCH,
    ".T reverses the batch axis as well, and the shape happens to agree.",
    DETS,
)


# least squares
def pinv_vjp(c, A, tail=True):
    P = np.linalg.pinv(A)
    g = -P.T @ c @ P.T
    if tail:
        g += (np.eye(len(A)) - A @ P) @ c.T @ P @ P.T
    return g


PINV = Reference(lambda A: mp.solve(A.T @ A, A.T))
right("pseudo_inverse", "vjp", np.linalg.pinv, pinv_vjp, TALL, "Golub and Pereyra's two terms.", PINV)
wrong(
    "pseudo_inverse_as_inverse",
    "vjp",
    np.linalg.pinv,
    lambda c, A: pinv_vjp(c, A, tail=False),
    TALL,
    "The inverse's rule: the part outside the range is missing.",
    PINV,
)


def least_squares(A, b):
    return np.linalg.lstsq(A, b, rcond=None)[0]


def least_squares_vjp(c, A, b, residual=True):
    x = least_squares(A, b)
    lam = np.linalg.solve(A.T @ A, c)
    g = -np.outer(A @ lam, x)
    if residual:
        g += np.outer(b - A @ x, lam)
    return g, A @ lam


NEARLY = (TALL, TALL @ np.array([1.0, -2.0, 0.5]) + 1e-5 * rng.standard_normal(5))
LSTSQ = Reference(lambda A, b: mp.solve(A.T @ A, A.T @ b))
right("least_squares", "vjp", least_squares, least_squares_vjp, NEARLY, "With a residual of 1e-5.", LSTSQ, rounding=1e5)
wrong(
    "least_squares_residual_dropped",
    "vjp",
    least_squares,
    lambda c, A, b: least_squares_vjp(c, A, b, residual=False),
    NEARLY,
    "The residual's term is missing, and the residual is 1e-5.",
    LSTSQ,
    rounding=1e5,
)


# solvers with a flag
def unit_solve(L, b):
    return scipy.linalg.solve_triangular(L, b, lower=True, unit_diagonal=True)


def unit_solve_vjp(c, L, b, strict=True):
    x = unit_solve(L, b)
    lam = scipy.linalg.solve_triangular(L, c, lower=True, unit_diagonal=True, trans="T")
    return -np.tril(np.outer(lam, x), -1 if strict else 0), lam


TRIANGLE = (np.tril(S) + 0.1 * rng.standard_normal((3, 3)), rng.standard_normal(3))
UNIT = Reference(lambda L, b: mp.solve(np.where(np.tri(3, k=-1) > 0, L, mp.lift(np.eye(3))), b))
right("solve_unit_triangular", "vjp", unit_solve, unit_solve_vjp, TRIANGLE, "The diagonal is never read.", UNIT)
wrong(
    "solve_unit_triangular_diagonal_filled",
    "vjp",
    unit_solve,
    lambda c, L, b: unit_solve_vjp(c, L, b, strict=False),
    TRIANGLE,
    "A gradient for the diagonal, which unit_diagonal=True ignores.",
    UNIT,
)


def lyapunov(A, Q):
    n = len(A)
    operator = np.kron(A, np.eye(n)) + np.kron(np.eye(n), A)
    return np.linalg.solve(operator, Q.ravel()).reshape(n, n)


def lyapunov_vjp(c, A, Q, both=True):
    X = lyapunov(A, Q)
    Y = lyapunov(A.T, c)
    return -(Y @ X.T + (Y.T @ X if both else 0.0)), Y


def mp_lyapunov(A, Q):
    n = len(A)
    one = mp.lift(np.eye(n))
    return mp.solve(np.kron(A, one) + np.kron(one, A), Q.ravel()).reshape(n, n)


LYAPUNOV = Reference(mp_lyapunov)
AQ = (S, rng.standard_normal((3, 3)))
right("lyapunov_equation", "vjp", lyapunov, lyapunov_vjp, AQ, "A X + X A^T = Q.", LYAPUNOV)
wrong(
    "lyapunov_equation_one_use_of_a",
    "vjp",
    lyapunov,
    lambda c, A, Q: lyapunov_vjp(c, A, Q, both=False),
    AQ,
    "A appears twice.",
    LYAPUNOV,
)

# a factor without batch axis
LEFT, STACK = rng.standard_normal((3, 4)), rng.standard_normal((2, 4, 2))


def batched_vjp(c, A, B, reduce=np.sum):
    return reduce(c @ np.swapaxes(B, -1, -2), axis=0), A.T @ c


BROADCAST = Reference(lambda A, B: np.array([A @ B[0], A @ B[1]], dtype=object))
right("matmul_broadcast_over_a_batch", "vjp", np.matmul, batched_vjp, (LEFT, STACK), "Summed over it.", BROADCAST)
wrong(
    "matmul_broadcast_averaged",
    "vjp",
    np.matmul,
    lambda c, A, B: batched_vjp(c, A, B, np.mean),
    (LEFT, STACK),
    "Averaged over the batch.",
    BROADCAST,
)
