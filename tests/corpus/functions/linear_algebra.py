"""Matrices: products, solves, determinants, factorisations, and the transposes that go missing."""

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("linear algebra")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(303)
A = rng.standard_normal((3, 4))
B = rng.standard_normal((4, 2))
S = rng.standard_normal((4, 4)) + 4 * np.eye(4)
b = rng.standard_normal(4)
SPD = (lambda R: R @ R.T + 4 * np.eye(4))(rng.standard_normal((4, 4)))

# matrix product
MATMUL = Reference(lambda A, B: A @ B)
right("matmul", "vjp", np.matmul, lambda c, A, B: (c @ B.T, A.T @ c), (A, B), "The textbook pair.", MATMUL)
wrong(
    "matmul_square_transposed",
    "vjp",
    np.matmul,
    lambda c, A, B: (c @ B, A.T @ c),
    (S, SPD + S),
    "With square matrices a missing transpose keeps its shape.",
    MATMUL,
)
wrong(
    "matmul_second_factor_untransposed",
    "vjp",
    np.matmul,
    lambda c, A, B: (c @ B.T, A @ c),
    (S, S.T),
    "The first factor was not transposed.",
    MATMUL,
)
right("matmul_jvp", "jvp", np.matmul, lambda p, t: t[0] @ p[1] + p[0] @ t[1], (A, B), "Product rule.", MATMUL)
wrong("matmul_jvp_one_term", "jvp", np.matmul, lambda p, t: t[0] @ p[1], (A, B), "Half of the product rule.", MATMUL)
wrong(
    "matmul_jvp_wrong_primal",
    "jvp",
    np.matmul,
    lambda p, t: (p[0] @ p[1] + 1e-3, t[0] @ p[1] + p[0] @ t[1]),
    (A, B),
    "The tangent is right, the value returned beside it is not.",
    MATMUL,
)

# einsum, quadratic and bilinear forms
EINSUM = Reference(
    lambda x, W, y: np.array(
        [sum(x[n, i] * W[i, j, k] * y[n, k] for i in range(2) for k in range(3)) for n in range(2) for j in range(2)],
        dtype=object,
    ).reshape(2, 2)
)
TX, TW, TY = rng.standard_normal((2, 2)), rng.standard_normal((2, 2, 3)), rng.standard_normal((2, 3))


def bilinear(x, W, y):
    return np.einsum("ni,ijk,nk->nj", x, W, y)


def bilinear_vjp(c, x, W, y):
    return np.einsum("nj,ijk,nk->ni", c, W, y), np.einsum("nj,ni,nk->ijk", c, x, y), np.einsum("nj,ni,ijk->nk", c, x, W)


def bilinear_vjp_swapped(c, x, W, y):
    return np.einsum("nj,jik,nk->ni", c, W, y), np.einsum("nj,ni,nk->ijk", c, x, y), np.einsum("nj,ni,ijk->nk", c, x, W)


right("einsum_bilinear", "vjp", bilinear, bilinear_vjp, (TX, TW, TY), "A three-operand einsum.", EINSUM)
wrong(
    "einsum_swapped_subscripts",
    "vjp",
    bilinear,
    bilinear_vjp_swapped,
    (TX, TW, TY),
    "ijk was typed jik, and both have length two.",
    EINSUM,
)
TRACE = Reference(lambda A: sum(A[i, i] for i in range(len(A))))
right(
    "einsum_trace",
    "gradient",
    lambda A: np.einsum("ii->", A),
    lambda A: np.eye(len(A)),
    S,
    "A repeated subscript.",
    TRACE,
)
wrong(
    "einsum_trace_all_ones",
    "gradient",
    lambda A: np.einsum("ii->", A),
    lambda A: np.ones_like(A),
    S,
    "The repeated subscript was read as two.",
    TRACE,
)
QUADRATIC = Reference(lambda x, A: x @ A @ x)
right(
    "quadratic_form",
    "gradient",
    lambda x, A: x @ A @ x,
    lambda x, A: ((A + A.T) @ x, np.outer(x, x)),
    (b, S),
    "A need not be symmetric.",
    QUADRATIC,
)
wrong(
    "quadratic_form_as_if_symmetric",
    "gradient",
    lambda x, A: x @ A @ x,
    lambda x, A: (2 * A @ x, np.outer(x, x)),
    (b, S),
    "2Ax holds for symmetric A only.",
    QUADRATIC,
)
right(
    "quadratic_form_symmetric",
    "gradient",
    lambda x, A: x @ A @ x,
    lambda x, A: (2 * A @ x, np.outer(x, x)),
    (b, SPD),
    "With A declared symmetric, 2Ax is right.",
    QUADRATIC,
    options={"structure": {1: "symmetric"}},
)
GRAM = Reference(lambda X: X @ X.T)
right(
    "gram_matrix",
    "vjp",
    lambda X: X @ X.T,
    lambda c, X: (c + c.T) @ X,
    A,
    "The same matrix twice in one product.",
    GRAM,
)
wrong(
    "gram_matrix_one_use",
    "vjp",
    lambda X: X @ X.T,
    lambda c, X: c @ X,
    A,
    "Only one of the two uses was counted.",
    GRAM,
)
wrong(
    "gram_matrix_doubled",
    "vjp",
    lambda X: X @ X.T,
    lambda c, X: 2 * c @ X,
    A,
    "2cX is right for symmetric cotangents only.",
    GRAM,
)


# solve, inverse, determinant
def solve_vjp(c, A, b):
    lam = np.linalg.solve(A.T, c)
    return -np.outer(lam, np.linalg.solve(A, b)), lam


def solve_vjp_untransposed(c, A, b):
    lam = np.linalg.solve(A, c)
    return -np.outer(lam, np.linalg.solve(A, b)), lam


def ill_conditioned(n, condition):
    U, _ = np.linalg.qr(rng.standard_normal((n, n)))
    V, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return U @ np.diag(np.logspace(0, -np.log10(condition), n)) @ V


ILL = ill_conditioned(4, 1e7)
SOLVE = Reference(mp.solve)
right("solve", "vjp", np.linalg.solve, solve_vjp, (S, b), "Adjoint solve with the transpose.", SOLVE)
wrong(
    "solve_untransposed",
    "vjp",
    np.linalg.solve,
    solve_vjp_untransposed,
    (S, b),
    "The adjoint system lacks its transpose.",
    SOLVE,
)
wrong(
    "solve_sign",
    "vjp",
    np.linalg.solve,
    lambda c, A, b: (-solve_vjp(c, A, b)[0], solve_vjp(c, A, b)[1]),
    (S, b),
    "The matrix gradient lacks its minus sign.",
    SOLVE,
)
right(
    "solve_condition_1e7",
    "vjp",
    np.linalg.solve,
    solve_vjp,
    (ILL, b),
    "Condition 1e7: honest rounding costs seven digits and more.",
    SOLVE,
    rounding=1e6,
)
wrong(
    "solve_condition_1e7_ridge",
    "vjp",
    np.linalg.solve,
    lambda c, A, b: solve_vjp(c, A + 1e-8 * np.eye(4), b),
    (ILL, b),
    "A ridge of 1e-8 that only the backward pass has.",
    SOLVE,
    rounding=1e6,
)
wrong(
    "solve_condition_1e7_untransposed",
    "vjp",
    np.linalg.solve,
    solve_vjp_untransposed,
    (ILL, b),
    "A missing transpose, at condition 1e7.",
    SOLVE,
    rounding=1e6,
)
INVERSE = Reference(mp.inverse)
right(
    "inverse",
    "vjp",
    np.linalg.inv,
    lambda c, A: -np.linalg.inv(A).T @ c @ np.linalg.inv(A).T,
    S,
    "-A^-T c A^-T.",
    INVERSE,
)
wrong(
    "inverse_untransposed",
    "vjp",
    np.linalg.inv,
    lambda c, A: -np.linalg.inv(A) @ c @ np.linalg.inv(A),
    S,
    "The JVP's formula was used for the VJP.",
    INVERSE,
)
right(
    "inverse_jvp",
    "jvp",
    np.linalg.inv,
    lambda p, t: -np.linalg.inv(p[0]) @ t[0] @ np.linalg.inv(p[0]),
    S,
    "-A^-1 dA A^-1.",
    INVERSE,
)
wrong(
    "inverse_jvp_elementwise",
    "jvp",
    np.linalg.inv,
    lambda p, t: -(np.linalg.inv(p[0]) ** 2) * t[0],
    S,
    "-1/a^2, as for numbers.",
    INVERSE,
)
DET = Reference(mp.det)
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])


def cofactors(A):
    n = len(A)
    C = np.zeros_like(A)
    for i in range(n):
        for j in range(n):
            C[i, j] = (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(A, i, 0), j, 1))
    return C


right(
    "determinant",
    "gradient",
    np.linalg.det,
    cofactors,
    S,
    "Cofactors, which need no inverse.",
    DET,
)
wrong(
    "determinant_by_inverse_of_a_singular_matrix",
    "gradient",
    np.linalg.det,
    lambda A: np.linalg.det(A) * np.linalg.inv(A).T,
    SINGULAR,
    "det(A) inv(A)^T raises for a singular matrix, whose cofactors are finite.",
    LabelledByIntent("the inverse of a singular matrix raises where the determinant is 0", shows=shows.raises),
)
wrong(
    "determinant_untransposed",
    "gradient",
    np.linalg.det,
    lambda A: np.linalg.det(A) * np.linalg.inv(A),
    S,
    "The cofactors were not transposed.",
    DET,
)


# Cholesky
def logdet(K):
    return 2 * np.sum(np.log(np.diag(np.linalg.cholesky(K))))


def logdet_lower(K):
    inverse = np.linalg.inv(np.tril(K) + np.tril(K, -1).T)
    return np.tril(2 * inverse, -1) + np.diag(np.diag(inverse))


def mp_logdet_lower(K):
    lower = np.tril(np.ones((len(K), len(K)))) > 0
    return mp.log(mp.det(np.where(lower, K, K.T)))


LOGDET = Reference(mp_logdet_lower)
right(
    "cholesky_logdet_lower_half",
    "gradient",
    logdet,
    logdet_lower,
    SPD,
    "NumPy's Cholesky reads the lower triangle alone, and so does this gradient.",
    LOGDET,
)
right(
    "cholesky_logdet_symmetric",
    "gradient",
    logdet,
    lambda K: np.linalg.inv(K),
    SPD,
    "The inverse, with K declared symmetric.",
    Reference(lambda K: mp.log(mp.det(K))),
    options={"structure": {0: "symmetric"}},
)
wrong(
    "cholesky_logdet_factor_two",
    "gradient",
    logdet,
    lambda K: np.linalg.inv(K) / 2,
    SPD,
    "log det L was differentiated, log det K = 2 log det L was meant.",
    Reference(lambda K: mp.log(mp.det(K))),
    options={"structure": {0: "symmetric"}},
)
wrong(
    "cholesky_logdet_diagonal_doubled",
    "gradient",
    logdet,
    lambda K: np.tril(2 * np.linalg.inv(K)),
    SPD,
    "Doubling for symmetry doubled the diagonal as well.",
    LOGDET,
)

# triangular structure
L = np.tril(rng.standard_normal((4, 4))) + 3 * np.eye(4)


def forward_substitution(L, b):
    x = np.zeros_like(b)
    for i in range(len(b)):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]
    return x


TRIANGULAR = Reference(lambda L, b: mp.solve(np.where(np.tri(len(b)) > 0, L, mp.mpf(0)), b))


def substitution_vjp(c, L, b):
    lower = np.tril(L)
    lam = np.linalg.solve(lower.T, c)
    return -np.tril(np.outer(lam, np.linalg.solve(lower, b))), lam


def substitution_vjp_full(c, L, b):
    lower = np.tril(L)
    lam = np.linalg.solve(lower.T, c)
    return -np.outer(lam, np.linalg.solve(lower, b)), lam


right(
    "triangular_solve",
    "vjp",
    forward_substitution,
    substitution_vjp,
    (L, b),
    "Zero where the code never looks.",
    TRIANGULAR,
)
wrong(
    "triangular_solve_upper_half_filled",
    "vjp",
    forward_substitution,
    substitution_vjp_full,
    (L, b),
    "Gradient for entries that the code never reads.",
    TRIANGULAR,
)
right(
    "triangular_solve_structured",
    "vjp",
    forward_substitution,
    substitution_vjp_full,
    (L, b),
    "Enzyme.jl PR #1264: with L declared triangular, its unused half is nobody's business.",
    TRIANGULAR,
    options={"structure": {0: "triangular"}},
)

# eigenvalues
EIG = (lambda Q: Q @ np.diag([0.5, 1.5, 4.0]) @ Q.T)(np.linalg.qr(rng.standard_normal((3, 3)))[0])
EIG = (EIG + EIG.T) / 2


def top_eigenvalue(K):
    return np.linalg.eigvalsh((K + K.T) / 2)[-1]


def top_projector(K):
    v = np.linalg.eigh((K + K.T) / 2)[1][:, -1]
    return np.outer(v, v)


def mp_top_eigenvalue(K):
    M = (K + K.T) / 2
    x = mp.mpf(float(np.linalg.eigvalsh(M.astype(float))[-1]))
    for _ in range(3):  # Newton on det(M - xI): the derivative of its logarithm is -trace((M - xI)^-1)
        x += 1 / sum(np.diag(mp.inverse_exact(M - x * np.eye(len(M)))))
    return x


EIGEN = Reference(mp_top_eigenvalue)
right("top_eigenvalue", "gradient", top_eigenvalue, top_projector, EIG, "v v^T for a simple eigenvalue.", EIGEN)
wrong(
    "top_eigenvalue_smallest_vector",
    "gradient",
    top_eigenvalue,
    lambda K: np.outer(np.linalg.eigh((K + K.T) / 2)[1][:, 0], np.linalg.eigh((K + K.T) / 2)[1][:, 0]),
    EIG,
    "eigh sorts ascending: the first vector belongs to the smallest eigenvalue.",
    EIGEN,
)
wrong(
    "top_eigenvalue_row_of_vectors",
    "gradient",
    top_eigenvalue,
    lambda K: np.outer(np.linalg.eigh((K + K.T) / 2)[1][-1], np.linalg.eigh((K + K.T) / 2)[1][-1]),
    EIG,
    "Eigenvectors are columns, not rows.",
    EIGEN,
)

# distances and kernels
P, Q = rng.standard_normal((3, 2)), rng.standard_normal((4, 2))


def squared_distances(P, Q):
    return (P * P).sum(1)[:, None] + (Q * Q).sum(1) - 2 * P @ Q.T


DISTANCES = Reference(lambda P, Q: np.array([[((p - q) ** 2).sum() for q in Q] for p in P], dtype=object))


def squared_distances_vjp(c, P, Q):
    return 2 * (c.sum(1)[:, None] * P - c @ Q), 2 * (c.sum(0)[:, None] * Q - c.T @ P)


right("squared_distances", "vjp", squared_distances, squared_distances_vjp, (P, Q), "Expanded squares.", DISTANCES)
wrong(
    "squared_distances_cross_term_only",
    "vjp",
    squared_distances,
    lambda c, P, Q: (-2 * c @ Q, -2 * c.T @ P),
    (P, Q),
    "The two square terms' gradients are missing.",
    DISTANCES,
)
OUTER = Reference(lambda a, b: np.array([[x * y for y in b] for x in a], dtype=object))
right("outer_product", "vjp", np.outer, lambda c, a, b: (c @ b, a @ c), (b, A[:, 0]), "Rank one.", OUTER)
wrong(
    "outer_product_square_mixed_up",
    "vjp",
    np.outer,
    lambda c, a, b: (b @ c, c @ a),
    (b, S[0]),
    "Rows and columns mixed up: shapes agree for equal lengths.",
    OUTER,
)


# one row rescaled when it is too long
def renorm(W, limit=1.0):
    n = np.sqrt((W * W).sum(1, keepdims=True))
    return np.where(n > limit, W * (limit / n), W)


def renorm_vjp(c, W, limit=1.0, inverted=False):
    n = np.sqrt((W * W).sum(1, keepdims=True))
    scaled = limit * (c / n - W * (c * W).sum(1, keepdims=True) / n**3)
    return np.where((n <= limit) if inverted else (n > limit), scaled, c)


def mp_renorm(W):
    rows = []
    for w in W:
        n = mp.sqrt((w * w).sum())
        rows.append(w / n if n > 1 else w)
    return np.array(rows, dtype=object)


ROWS = rng.standard_normal((30, 40)) * np.tile([0.02, 1, 0.03, 2, 0.05, 3], 5)[:, None]
right(
    "renorm",
    "vjp",
    renorm,
    renorm_vjp,
    ROWS,
    "Rows beyond the limit are projected, the others pass.",
    Reference(mp_renorm),
)
wrong(
    "renorm_inverted_branch",
    "vjp",
    renorm,
    lambda c, W: renorm_vjp(c, W, inverted=True),
    ROWS,
    "pytorch #59584: the branch is inverted and fast mode lets it pass.",
    Reference(mp_renorm),
)
