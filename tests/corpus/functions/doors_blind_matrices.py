"""Jacobians held back: of a reaction on a grid, of cameras, robots, quaternions and models; in every make."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors blind jacobians", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6101)
mpf, mpm = mp.mpf, mp.mpmath

# a reaction that diffuses on a grid of 3 by 4 cells, unknowns row by row
ROWS, COLUMNS, SPEED = 3, 4, 0.7
CELLS = rng.uniform(0.2, 0.9, 12)


def reaction(u):
    grid = np.pad(u.reshape(ROWS, COLUMNS), 1)
    spread = grid[2:, 1:-1] + grid[:-2, 1:-1] + grid[1:-1, 2:] + grid[1:-1, :-2] - 4 * grid[1:-1, 1:-1]
    return SPEED * spread.ravel() + u * u * (1 - u)


def reaction_jacobian(u, row_ends=True, slope=True):
    side = np.ones(11)
    if row_ends:
        side[COLUMNS - 1 :: COLUMNS] = 0
    main = -4 * SPEED + (2 * u - 3 * u * u if slope else 0 * u)
    far = np.ones(12 - COLUMNS)
    bands = [SPEED * far, SPEED * side, main, SPEED * side, SPEED * far]
    return sparse.diags_array(bands, offsets=[-COLUMNS, -1, 0, 1, COLUMNS]).tocoo()


def mp_reaction(u):
    result = []
    for i in range(ROWS):
        for j in range(COLUMNS):
            beside = [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
            inside = [u[a * COLUMNS + b] for a, b in beside if 0 <= a < ROWS and 0 <= b < COLUMNS]
            here = u[i * COLUMNS + j]
            result.append(mpf(SPEED) * (sum(inside) - 4 * here) + here**2 - here**3)
    return np.array(result, dtype=object)


GRID = Reference(mp_reaction)
right("reaction_on_grid_sparse", "jacobian", reaction, reaction_jacobian, CELLS, "Five bands, cut at row ends.", GRID)
wrong("reaction_on_grid_row_ends", "jacobian", reaction, lambda u: reaction_jacobian(u, row_ends=False), CELLS,
      "The last cell of a row and the first of the next are taken for neighbours.", GRID)  # fmt: skip
wrong("reaction_on_grid_linear_part", "jacobian", reaction, lambda u: reaction_jacobian(u, slope=False), CELLS,
      "The reaction's slope is missing.", GRID)  # fmt: skip

# upwind differences, whose neighbour depends on the sign of the wind
WIND = np.array([0.8, 0.3, -0.6, -0.9, 0.5, 0.2])


def upwind(u):
    left, ahead = u - np.roll(u, 1), np.roll(u, -1) - u
    return np.where(u > 0, u * left, u * ahead)


def upwind_jacobian(u, both=True):
    n, J = len(u), np.zeros((len(u), len(u)))
    for i in range(n):
        if u[i] > 0 or not both:
            J[i, i], J[i, i - 1] = 2 * u[i] - u[i - 1], -u[i]
        else:
            J[i, i], J[i, (i + 1) % n] = u[(i + 1) % n] - 2 * u[i], u[i]
    return J


UPWIND = Reference(
    lambda u: np.array([u[i] * ((u[i] - u[i - 1]) if u[i] > 0 else (u[(i + 1) % 6] - u[i])) for i in range(6)], object)
)
right("upwind_differences", "jacobian", upwind, upwind_jacobian, WIND, "By the wind's sign.", UPWIND)
wrong("upwind_differences_one_wind", "jacobian", upwind, lambda u: upwind_jacobian(u, False), WIND,
      "As if the wind blew forwards everywhere.", UPWIND)  # fmt: skip

# bundle adjustment: a camera's rotation vector and place, and the point that it sees
ROTATION, PLACE, SEEN = np.array([0.3, -0.5, 0.2]), np.array([0.1, -0.2, 2.5]), np.array([0.7, 0.4, 1.1])


def skew(v):
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def rodrigues(w):
    angle, K = np.sqrt(w @ w), skew(w)
    return np.eye(3) + np.sin(angle) / angle * K + (1 - np.cos(angle)) / angle**2 * K @ K


def observe(w, t, point):
    p = rodrigues(w) @ point + t
    return p[:2] / p[2]


def observe_jacobian(w, t, point, additive=True, turned=True):
    angle, K, R = np.sqrt(w @ w), skew(w), rodrigues(w)
    p = R @ point + t
    normal = np.array([[1 / p[2], 0, -p[0] / p[2] ** 2], [0, 1 / p[2], -p[1] / p[2] ** 2]])
    left = np.eye(3) + (1 - np.cos(angle)) / angle**2 * K + (angle - np.sin(angle)) / angle**3 * K @ K
    by_rotation = -normal @ skew(R @ point) @ (left if additive else np.eye(3))
    return by_rotation, normal, normal @ R if turned else normal


def mp_observe(w, t, point):
    K = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]], dtype=object)
    p = mp.expm(K) @ point + t
    return p[:2] / p[2]


BUNDLE = Reference(mp_observe)
right("bundle_adjustment", "jacobian", observe, observe_jacobian, (ROTATION, PLACE, SEEN), "Three blocks.", BUNDLE)
wrong("bundle_adjustment_perturbation", "jacobian", observe,
      lambda w, t, p: observe_jacobian(w, t, p, additive=False), (ROTATION, PLACE, SEEN),
      "By a perturbation of the rotation, not by the rotation vector.", BUNDLE)  # fmt: skip
wrong("bundle_adjustment_point_unturned", "jacobian", observe, lambda w, t, p: observe_jacobian(w, t, p, turned=False),
      (ROTATION, PLACE, SEEN), "By the point in the camera's frame.", BUNDLE)  # fmt: skip

# a planar arm of three links
LINKS, JOINTS = np.array([1.0, 0.7, 0.4]), np.array([0.4, -0.9, 0.6])


def hand(q):
    angles = np.cumsum(q)
    return np.array([np.sum(LINKS * np.cos(angles)), np.sum(LINKS * np.sin(angles)), angles[-1]])


def hand_jacobian(q, carried=True):
    angles = np.cumsum(q)
    x, y = -LINKS * np.sin(angles), LINKS * np.cos(angles)
    if carried:
        x, y = np.cumsum(x[::-1])[::-1], np.cumsum(y[::-1])[::-1]
    return np.stack([x, y, np.ones(3)])


def mp_hand(q):
    angles = [q[0], q[0] + q[1], q[0] + q[1] + q[2]]
    pairs = list(zip(LINKS, angles, strict=True))
    return np.array([sum(mpf(n) * f(a) for n, a in pairs) for f in (mpm.cos, mpm.sin)] + [angles[2]], dtype=object)


HAND = Reference(mp_hand)
right("three_link_hand", "jacobian", hand, hand_jacobian, JOINTS, "A joint moves all links after it.", HAND)
wrong("three_link_hand_own_link", "jacobian", hand, lambda q: hand_jacobian(q, False), JOINTS,
      "A joint moves its own link alone.", HAND)  # fmt: skip

# Robertson's reaction
SPECIES = np.array([0.7, 0.4, 0.9])


def robertson(y):
    a, b, c = 0.04 * y[0], 10.0 * y[1] * y[2], 3.0 * y[1] ** 2
    return np.array([-a + b, a - b - c, c])


def robertson_jacobian(y, two=2.0, last=1.0):
    return np.array(
        [
            [-0.04, 10 * y[2], 10 * y[1]],
            [0.04, -10 * y[2] - two * 3 * y[1], -10 * y[1]],
            [0.0, last * two * 3 * y[1], 0.0],
        ]
    )


def mp_robertson(y):
    a, b, c = mpf(0.04) * y[0], 10 * y[1] * y[2], 3 * y[1] * y[1]
    return np.array([b - a, a - b - c, c], dtype=object)


KINETICS = Reference(mp_robertson)
right("robertson_kinetics", "jacobian", robertson, robertson_jacobian, SPECIES, "Dense.", KINETICS)
right("robertson_kinetics_csc", "jacobian", robertson, lambda y: sparse.csc_array(robertson_jacobian(y)), SPECIES,
      "As csc, with zeros.", KINETICS)  # fmt: skip
wrong("robertson_kinetics_square", "jacobian", robertson, lambda y: robertson_jacobian(y, 1.0), SPECIES,
      "The square's 2 is missing.", KINETICS)  # fmt: skip
wrong("robertson_kinetics_gain", "jacobian", robertson, lambda y: robertson_jacobian(y, last=-1.0), SPECIES,
      "What one species loses, the other loses, too.", KINETICS)  # fmt: skip

# the product of quaternions (w, x, y, z)
ONE, OTHER = np.array([0.9, 0.2, -0.4, 0.5]), np.array([-0.3, 0.8, 0.6, 0.1])


def hamilton(p, q):
    return np.array(
        [
            p[0] * q[0] - p[1:] @ q[1:],
            *(p[0] * q[1:] + q[0] * p[1:] + np.cross(p[1:], q[1:])),
        ]
    )


def left_matrix(p, turn=1.0):
    corner = np.concatenate([[[p[0]]], -p[None, 1:]], axis=1)
    rest = np.concatenate([p[1:, None], p[0] * np.eye(3) + turn * skew(p[1:])], axis=1)
    return np.concatenate([corner, rest])


def mp_hamilton(p, q):
    a, b, c, d = p
    w, x, y, z = q
    return np.array(
        [
            a * w - b * x - c * y - d * z,
            a * x + b * w + c * z - d * y,
            a * y - b * z + c * w + d * x,
            a * z + b * y - c * x + d * w,
        ],
        dtype=object,
    )


HAMILTON = Reference(mp_hamilton)
right("quaternion_product", "jacobian", hamilton, lambda p, q: (left_matrix(q, -1.0), left_matrix(p)), (ONE, OTHER),
      "Right matrix of q, left matrix of p.", HAMILTON)  # fmt: skip
wrong("quaternion_product_sides", "jacobian", hamilton, lambda p, q: (left_matrix(q), left_matrix(p, -1.0)),
      (ONE, OTHER), "Left and right matrix confused.", HAMILTON)  # fmt: skip

# a curve fitted by the logarithms of its parameters
TIMES = np.array([0.0, 0.5, 1.0, 2.0])
LOGS = np.array([0.3, -0.4])


def curve(p):
    return np.exp(p[0]) * (1 - np.exp(-np.exp(p[1]) * TIMES))


def curve_jacobian(p, chain=True):
    a, k = np.exp(p)
    fall = np.exp(-k * TIMES)
    J = np.stack([1 - fall, a * TIMES * fall], axis=1)
    return J * np.exp(p) if chain else J


CURVE = Reference(
    lambda p: np.array([mpm.exp(p[0]) * (1 - mpm.exp(-mpm.exp(p[1]) * mpf(t))) for t in TIMES], dtype=object)
)
right("curve_by_logarithms", "jacobian", curve, curve_jacobian, LOGS, "For least_squares.", CURVE)
wrong("curve_by_logarithms_chain_rule", "jacobian", curve, lambda p: curve_jacobian(p, False), LOGS,
      "By the parameters themselves.", CURVE)  # fmt: skip
wrong("curve_by_logarithms_transposed", "jacobian", curve, lambda p: curve_jacobian(p).T, LOGS,
      "Shape (2, 4) for (4, 2).", CURVE)  # fmt: skip

# a layer of softmaxes: four axes
LOGITS = rng.standard_normal((2, 3))


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_jacobian(x, full=True):
    p = softmax(x)
    J = np.zeros((2, 3, 2, 3))
    for i in range(2):
        J[i, :, i] = np.diag(p[i]) - np.outer(p[i], p[i]) if full else np.diag(p[i] * (1 - p[i]))
    return J


SOFTMAX = Reference(mp.softmax)
right("softmax_of_rows", "jacobian", softmax, softmax_jacobian, LOGITS, "Shape (2, 3, 2, 3).", SOFTMAX)
wrong("softmax_of_rows_diagonal", "jacobian", softmax, lambda x: softmax_jacobian(x, False), LOGITS,
      "p (1 - p) on the diagonal alone.", SOFTMAX)  # fmt: skip

# a blurred and squashed signal, its Jacobian as an operator
BLUR, TRACE = np.array([0.2, 0.5, -0.1]), rng.standard_normal(6)


def squashed(x):
    return np.tanh(np.convolve(x, BLUR, "same"))


def squashed_operator(x, reversed_kernel=False):
    slope = 1 - squashed(x) ** 2
    kernel = BLUR[::-1] if reversed_kernel else BLUR
    return LinearOperator(
        (6, 6),
        matvec=lambda v: slope * np.convolve(np.ravel(v), kernel, "same"),
        rmatvec=lambda w: np.convolve(slope * np.ravel(w), kernel[::-1], "same"),
        dtype=float,
    )


def mp_squashed(x):
    wide = [mpf(0), *x, mpf(0)]
    a, b, c = (mpf(v) for v in BLUR)
    return np.array([mpm.tanh(a * wide[k + 2] + b * wide[k + 1] + c * wide[k]) for k in range(6)], dtype=object)


SQUASHED = Reference(mp_squashed)
right("squashed_blur_operator", "jacobian", squashed, squashed_operator, TRACE, "matvec and rmatvec.", SQUASHED)
wrong("squashed_blur_operator_kernel", "jacobian", squashed, lambda x: squashed_operator(x, True), TRACE,
      "The kernel is reversed: correlation for convolution.", SQUASHED)  # fmt: skip

# polar coordinates in single precision
POLAR = np.array([1.7, 0.6], dtype=np.float32)


def to_plane(p):
    return p[0] * np.array([np.cos(p[1]), np.sin(p[1])])


def to_plane_jacobian(p, sign=-1):
    c, s = np.cos(p[1]), np.sin(p[1])
    return np.array([[c, sign * p[0] * s], [s, p[0] * c]])


PLANE = Reference(lambda p: np.array([p[0] * mpm.cos(p[1]), p[0] * mpm.sin(p[1])], dtype=object))
right("polar_in_single_precision", "jacobian", to_plane, to_plane_jacobian, POLAR, "float32.", PLANE)
wrong("polar_in_single_precision_sine", "jacobian", to_plane, lambda p: to_plane_jacobian(p, 1), POLAR,
      "The cosine's minus sign is lost.", PLANE)  # fmt: skip

# a resonator's complex response by its real parameters
RESONATOR, FREQUENCIES = np.array([1.2, 0.15]), np.array([0.5, 1.1, 1.9])


def response(p):
    return 1 / (p[0] ** 2 - FREQUENCIES**2 + 2j * p[1] * FREQUENCIES)


def response_jacobian(p, unit=1j):
    H = response(p)
    return np.stack([-2 * p[0] * H**2, -2 * unit * FREQUENCIES * H**2], axis=1)


RESPONSE = Reference(
    lambda p: np.array([1 / (p[0] ** 2 - mpf(w) ** 2 + mpm.mpc(0, 2) * p[1] * mpf(w)) for w in FREQUENCIES], object)
)
right("resonator_response", "jacobian", response, response_jacobian, RESONATOR, "Complex rows.", RESPONSE)
wrong("resonator_response_damping", "jacobian", response, lambda p: response_jacobian(p, 1.0), RESONATOR,
      "The i of the damping is lost.", RESPONSE)  # fmt: skip
