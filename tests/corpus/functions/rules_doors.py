"""Rules of libraries that were reported wrong or are easily got wrong: matrices, complex numbers, containers."""

import numpy as np
from scipy.linalg import solve_continuous_lyapunov
from scipy.optimize import rosen, rosen_hess_prod
from scipy.sparse import csr_array, eye_array, kron
from scipy.special import expit, spherical_jn, wofz

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("rules of doors", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7402)
mpf, mpm = mp.mpf, mp.mpmath
V = np.array([0.4, -1.3, 0.9])
Z = rng.standard_normal(4) + 1j * rng.standard_normal(4)
W = rng.standard_normal(4) + 1j * rng.standard_normal(4)


# a rotation by its vector, as a Jacobian
POINT = np.array([0.3, 1.1, -0.7])


def cross(v):
    return np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])


def turned(v):
    t = np.sqrt(v @ v)
    K = np.array([[0 * t, -v[2], v[1]], [v[2], 0 * t, -v[0]], [-v[1], v[0], 0 * t]])
    return POINT + np.sin(t) / t * (K @ POINT) + (1 - np.cos(t)) / t**2 * (K @ (K @ POINT))


def turned_jacobian(v, left=True):
    t = np.linalg.norm(v)
    K = cross(v)
    sign = 1.0 if left else -1.0
    J = np.eye(3) + sign * (1 - np.cos(t)) / t**2 * K + (t - np.sin(t)) / t**3 * K @ K
    return -cross(turned(v)) @ J


def mp_turned(v):
    t = mpm.sqrt((v * v).sum())
    K = np.array([[mpf(0), -v[2], v[1]], [v[2], mpf(0), -v[0]], [-v[1], v[0], mpf(0)]], dtype=object)
    p = mp.lift(POINT)
    return p + mpm.sin(t) / t * (K @ p) + (1 - mpm.cos(t)) / t**2 * (K @ (K @ p))


TURNED = Reference(mp_turned)
right("rotated_point", "jacobian", turned, turned_jacobian, V, "The left Jacobian.", TURNED)
wrong("rotated_point_right", "jacobian", turned, lambda v: turned_jacobian(v, False), V, "The right Jacobian.", TURNED)

# Rosenbrock's Hessian times a vector
FOUR = np.array([0.8, 1.3, 0.7, -0.4])


def mp_rosen(x):
    return sum(100 * (x[k + 1] - x[k] ** 2) ** 2 + (1 - x[k]) ** 2 for k in range(3))


def rosen_product(x, p):
    full = rosen_hess_prod(x, p)
    full[-1] += 400 * x[-2] * p[-2]
    return full


ROSEN = Reference(mp_rosen)
right("rosenbrock_product", "hvp", rosen, rosen_hess_prod, FOUR, "SciPy's own.", ROSEN)
wrong("rosenbrock_product_last", "hvp", rosen, rosen_product, FOUR, "The last row has no neighbour's term.", ROSEN)

# Gauss and Newton
TIMES, SEEN = np.array([0.1, 0.5, 1.1, 2.0]), np.array([1.9, 1.2, 0.9, 0.2])


def decay(p):
    return 0.5 * np.sum((p[0] * np.exp(-p[1] * TIMES) - SEEN) ** 2)


def decay_hessian(p, curved=True):
    e = np.exp(-p[1] * TIMES)
    r = p[0] * e - SEEN
    J = np.stack([e, -p[0] * TIMES * e], axis=1)
    H = J.T @ J
    if curved:
        off = np.sum(r * -TIMES * e)
        H += np.array([[0.0, off], [off, np.sum(r * p[0] * TIMES**2 * e)]])
    return H


DECAY = Reference(
    lambda p: sum((p[0] * mpm.exp(-p[1] * mpf(t)) - mpf(y)) ** 2 for t, y in zip(TIMES, SEEN, strict=True)) / 2
)
right("decay_hessian", "hessian", decay, decay_hessian, np.array([1.7, 0.8]), "With curvature.", DECAY)
wrong("decay_hessian_gauss_newton", "hessian", decay, lambda p: decay_hessian(p, False), np.array([1.7, 0.8]),
      "J^T J alone.", DECAY)  # fmt: skip


# a circular convolution by Fourier transforms
def circular(x):
    return np.fft.ifft(np.fft.fft(x) * np.fft.fft(W))


def circular_adjoint(y, conjugated=True):
    h = np.fft.fft(W)
    return np.fft.ifft(np.fft.fft(y) * (np.conj(h) if conjugated else h))


CIRCULAR = Reference(
    lambda x: np.array([sum(mp.lift(W)[(k - j) % 4] * x[j] for j in range(4)) for k in range(4)], dtype=object)
)
right("circular_convolution", "adjoint", circular, circular_adjoint, (Z, W[::-1].copy()), "conj.", CIRCULAR)
wrong("circular_convolution_unconjugated", "adjoint", circular, lambda y: circular_adjoint(y, False),
      (Z, W[::-1].copy()), "The same filter.", CIRCULAR)  # fmt: skip


# first differences with a border
def differences(x):
    return np.concatenate([np.diff(x), [0.0 * x[-1]]])


def differences_adjoint(y, border=True):
    g = np.zeros(4)
    g[:-1] -= y[:-1]
    g[1:] += y[:-1]
    if not border:
        g[-1] -= y[-1]
    return g


DIFFERENCES = Reference(lambda x: np.array([x[1] - x[0], x[2] - x[1], x[3] - x[2], mpf(0)], dtype=object))
right("bordered_differences", "adjoint", differences, differences_adjoint, (FOUR, FOUR[::-1].copy()),
      "0 at the border.", DIFFERENCES)  # fmt: skip
wrong("bordered_differences_last", "adjoint", differences, lambda y: differences_adjoint(y, False),
      (FOUR, FOUR[::-1].copy()), "A border's term that the operator has not.", DIFFERENCES)  # fmt: skip


# phase alone
def phases(z):
    return np.sum(np.angle(z * np.conj(W)) ** 2)


def phases_gradient(z, turn=1j):
    return 2 * np.angle(z * np.conj(W)) * turn * z / np.abs(z) ** 2


PHASES = Reference(lambda z: sum(mpm.arg(a * mpm.conj(b)) ** 2 for a, b in zip(z, mp.lift(W), strict=True)))
CONJUGATE = {"convention": "conjugate"}
right("phase_misfit", "gradient", phases, phases_gradient, Z, "i z/|z|^2.", PHASES, options=CONJUGATE)
wrong("phase_misfit_radial", "gradient", phases, lambda z: phases_gradient(z, 1.0), Z, "z/|z|^2: along the radius.",
      PHASES, options=CONJUGATE)  # fmt: skip
wrong("phase_misfit_conjugate", "gradient", phases, lambda z: np.conj(phases_gradient(z)), Z, "Conjugated.", PHASES,
      options=CONJUGATE)  # fmt: skip


# a complex solve
SYSTEM = rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3)) + 3 * np.eye(3)
LOAD = Z[:3]


def solve_backward(c, A, b, hermitian=True):
    x = np.linalg.solve(A, b)
    g = np.linalg.solve(A.conj().T if hermitian else A.T, c)
    return -np.outer(g, x.conj()), g


SOLVE = Reference(mp.solve)
right("complex_system", "vjp", np.linalg.solve, solve_backward, (SYSTEM, LOAD), "A^H.", SOLVE, options=CONJUGATE)
wrong("complex_system_transposed", "vjp", np.linalg.solve, lambda c, A, b: solve_backward(c, A, b, False),
      (SYSTEM, LOAD), "A^T.", SOLVE, options=CONJUGATE)  # fmt: skip

# a two-dimensional Laplacian, sparse
BAND = csr_array(-2 * eye_array(3) + eye_array(3, k=1) + eye_array(3, k=-1))
PLANE = csr_array(kron(eye_array(2), BAND))
GRID = rng.standard_normal(6)


def reaction(u):
    return PLANE.toarray() @ u + u**3


def reaction_jacobian(u, cubic=3.0):
    return PLANE + csr_array(np.diag(cubic * u**2))


REACTION = Reference(lambda u: mp.lift(PLANE.toarray()) @ u + u**3)
right("reaction_on_grid", "jacobian", reaction, reaction_jacobian, GRID, "3 u^2.", REACTION)
wrong("reaction_on_grid_square", "jacobian", reaction, lambda u: reaction_jacobian(u, 1.0), GRID, "u^2.", REACTION)

# a Lyapunov equation
FLOW, PUSH = rng.standard_normal((2, 2)) - 2 * np.eye(2), np.array([[1.0, 0.3], [0.3, 0.8]])


def lyapunov_backward(c, A, Q, sign=-1.0):
    X = solve_continuous_lyapunov(A, Q)
    g = solve_continuous_lyapunov(A.T, c)
    return sign * (g @ X.T + g.T @ X), g


def mp_lyapunov(A, Q):
    big = np.array([[A[i, k] * mpf(j == m) + A[j, m] * mpf(i == k) for k in range(2) for m in range(2)]
                    for i in range(2) for j in range(2)], dtype=object)  # fmt: skip
    return mp.solve(big, Q.reshape(-1)).reshape(2, 2)


LYAPUNOV = Reference(mp_lyapunov)
right("lyapunov_by_itself", "vjp", solve_continuous_lyapunov, lyapunov_backward, (FLOW, PUSH), "-(g X + g^T X).",
      LYAPUNOV, rounding=1e5)  # fmt: skip
wrong("lyapunov_equation_sign", "vjp", solve_continuous_lyapunov, lambda c, A, Q: lyapunov_backward(c, A, Q, 1.0),
      (FLOW, PUSH), "The sign.", LYAPUNOV, rounding=1e5)  # fmt: skip


# spherical Bessel functions, and a Voigt profile
ARGUMENTS = np.array([0.7, 1.9, 4.2])


def spherical(x):
    return spherical_jn(2, x)


def spherical_backward(c, x, order=3):
    return c * (spherical_jn(1, x) - order / x * spherical_jn(2, x))


SPHERICAL = Reference(
    lambda x: np.array([mpm.sqrt(mpm.pi / (2 * v)) * mpm.besselj(mpf(5) / 2, v) for v in x], dtype=object)
)
right("spherical_bessel", "vjp", spherical, spherical_backward, ARGUMENTS, "(n + 1)/x.", SPHERICAL, rounding=1e4)
wrong("spherical_bessel_order", "vjp", spherical, lambda c, x: spherical_backward(c, x, 2), ARGUMENTS, "n/x.",
      SPHERICAL, rounding=1e4)  # fmt: skip


def voigt(x):
    return np.sum(wofz(x + 0.5j).real)


def voigt_gradient(x):
    z = x + 0.5j
    return (-2 * z * wofz(z)).real


def voigt_half(x):
    z = x + 0.5j
    return -2 * x * wofz(z).real


VOIGT = Reference(
    lambda x: sum(mpm.re(mpm.exp(-((v + mpm.mpc(0, 0.5)) ** 2)) * mpm.erfc(-1j * (v + mpm.mpc(0, 0.5)))) for v in x)
)
right("voigt_profile_sum", "gradient", voigt, voigt_gradient, ARGUMENTS, "Re w'.", VOIGT, rounding=1e4)
wrong("voigt_profile_sum_real", "gradient", voigt, voigt_half, ARGUMENTS, "-2 x Re w.", VOIGT, rounding=1e4)


# a cell of a recurrent network by its parameters
def cell(p, x):
    z = expit(p["W"]["update"] @ x + p["b"])
    return np.sum(z * np.tanh(p["W"]["state"] @ x))


def cell_gradient(p, x, gate=True):
    z, h = expit(p["W"]["update"] @ x + p["b"]), np.tanh(p["W"]["state"] @ x)
    a, s = h * z * (1 - z), (z if gate else 1.0) * (1 - h**2)
    by = {"W": {"update": np.outer(a, x), "state": np.outer(s, x)}, "b": a}
    return by, p["W"]["update"].T @ a + p["W"]["state"].T @ s


def mp_cell(p, x):
    z = mp.sigmoid(p["W"]["update"] @ x + p["b"])
    return (z * mp.tanh(p["W"]["state"] @ x)).sum()


CELL = Reference(mp_cell)
WEIGHTS = {"update": rng.standard_normal((2, 3)), "state": rng.standard_normal((2, 3))}
PARAMETERS = {"W": WEIGHTS, "b": np.array([0.1, -0.4])}
right("gated_cell", "gradient", cell, cell_gradient, (PARAMETERS, V), "Gated.", CELL)
wrong("gated_cell_gate", "gradient", cell, lambda p, x: cell_gradient(p, x, False), (PARAMETERS, V), "The gate.", CELL)
