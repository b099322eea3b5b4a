"""Jacobians: of a PDE's residual, of cameras, rotations and coordinates; dense, sparse, as an operator."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors jacobians", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5101)
mpf, mpm = mp.mpf, mp.mpmath

# viscous Burgers' equation, one implicit step on a grid with zero walls
DX, DT, NU = 0.1, 0.01, 0.05
BEFORE = np.sin(np.pi * np.linspace(0.1, 0.9, 9))
NOW = BEFORE + 0.05 * rng.standard_normal(9)


def burgers(u):
    wide = np.concatenate([[0.0], u, [0.0]])
    flux = u * (wide[2:] - wide[:-2]) / (2 * DX)
    diffusion = NU * (wide[2:] - 2 * u + wide[:-2]) / DX**2
    return (u - BEFORE) / DT + flux - diffusion


def burgers_bands(u):
    wide = np.concatenate([[0.0], u, [0.0]])
    main = 1 / DT + (wide[2:] - wide[:-2]) / (2 * DX) + 2 * NU / DX**2
    above = u / (2 * DX) - NU / DX**2
    below = -u / (2 * DX) - NU / DX**2
    return below, main, above


def burgers_jacobian(u):
    below, main, above = burgers_bands(u)
    return sparse.diags_array([below[1:], main, above[:-1]], offsets=[-1, 0, 1], format="csr")


def burgers_off_by_one(u):
    below, main, above = burgers_bands(u)
    return sparse.diags_array([below[:-1], main, above[1:]], offsets=[-1, 0, 1], format="csr")


def burgers_frozen_slope(u):
    below, _, above = burgers_bands(u)
    return sparse.diags_array(
        [below[1:], 0 * u + 1 / DT + 2 * NU / DX**2, above[:-1]], offsets=[-1, 0, 1], format="csc"
    )


def burgers_operator(u, sign=1.0):
    below, main, above = burgers_bands(u)

    def forwards(v):
        v = np.ravel(v)
        wide = np.concatenate([[0.0], v, [0.0]])
        return main * v + above * wide[2:] + sign * below * wide[:-2]

    def backwards(w):
        w = np.ravel(w)
        result = main * w
        result[1:] += (above * w)[:-1]
        result[:-1] += sign * (below * w)[1:]
        return result

    return LinearOperator((9, 9), matvec=forwards, rmatvec=backwards, dtype=float)


def mp_burgers(u):
    dx, dt, nu, before = mpf(DX), mpf(DT), mpf(NU), mp.lift(BEFORE)
    wide = [mpf(0), *u, mpf(0)]
    return np.array(
        [
            (u[k] - before[k]) / dt
            + u[k] * (wide[k + 2] - wide[k]) / (2 * dx)
            - nu * (wide[k + 2] - 2 * u[k] + wide[k]) / dx**2
            for k in range(9)
        ],
        dtype=object,
    )


BURGERS = Reference(mp_burgers)
right("burgers_residual_sparse", "jacobian", burgers, burgers_jacobian, NOW, "Three bands as csr.", BURGERS)
right("burgers_residual_operator", "jacobian", burgers, burgers_operator, NOW, "As a LinearOperator.", BURGERS)
wrong("burgers_residual_bands_off_by_one", "jacobian", burgers, burgers_off_by_one, NOW,
      "Each band begins one row too early: scipy and MATLAB cut bands at other ends.", BURGERS)  # fmt: skip
wrong("burgers_residual_slope_frozen", "jacobian", burgers, burgers_frozen_slope, NOW,
      "A Picard matrix: the slope that u is multiplied by is held.", BURGERS)  # fmt: skip
wrong("burgers_residual_operator_lower_band", "jacobian", burgers, lambda u: burgers_operator(u, -1.0), NOW,
      "The lower band has the wrong sign.", BURGERS)  # fmt: skip

# a pinhole camera with Brown's distortion
FOCAL, CENTRE = np.array([520.0, 515.0]), np.array([320.0, 240.0])
POINT, LENS = np.array([0.4, -0.3, 2.1]), np.array([-0.21, 0.08, 0.002, -0.0013])


def project(point, lens):
    x, y = point[0] / point[2], point[1] / point[2]
    r2 = x * x + y * y
    radial = 1 + lens[0] * r2 + lens[1] * r2 * r2
    u = x * radial + 2 * lens[2] * x * y + lens[3] * (r2 + 2 * x * x)
    v = y * radial + lens[2] * (r2 + 2 * y * y) + 2 * lens[3] * x * y
    return np.array([FOCAL[0] * u + CENTRE[0], FOCAL[1] * v + CENTRE[1]])


def projection_jacobian(point, lens, radial_slope=True, cross=2.0):
    x, y = point[0] / point[2], point[1] / point[2]
    k1, k2, p1, p2 = lens
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2 * r2
    slope = 2 * (k1 + 2 * k2 * r2) if radial_slope else 0.0
    distorted = np.array(
        [
            [radial + slope * x * x + 2 * p1 * y + 6 * p2 * x, slope * x * y + cross * p1 * x + 2 * p2 * y],
            [slope * x * y + 2 * p1 * x + cross * p2 * y, radial + slope * y * y + 6 * p1 * y + 2 * p2 * x],
        ]
    )
    normal = np.array([[1 / point[2], 0, -x / point[2]], [0, 1 / point[2], -y / point[2]]])
    by_lens = np.array(
        [[x * r2, x * r2 * r2, 2 * x * y, r2 + 2 * x * x], [y * r2, y * r2 * r2, r2 + 2 * y * y, 2 * x * y]]
    )
    return FOCAL[:, None] * (distorted @ normal), FOCAL[:, None] * by_lens


def mp_project(point, lens):
    x, y = point[0] / point[2], point[1] / point[2]
    r = x * x + y * y
    k1, k2, p1, p2 = lens
    u = x + k1 * r * x + k2 * r**2 * x + 2 * p1 * x * y + p2 * (3 * x * x + y * y)
    v = y + k1 * r * y + k2 * r**2 * y + p1 * (3 * y * y + x * x) + 2 * p2 * x * y
    return np.array([520 * u + 320, 515 * v + 240], dtype=object)


CAMERA = Reference(mp_project)
right("camera_with_distortion", "jacobian", project, projection_jacobian, (POINT, LENS),
      "By the point and by the lens.", CAMERA)  # fmt: skip
wrong("camera_with_distortion_radial_constant", "jacobian", project, lambda p, k: projection_jacobian(p, k, False),
      (POINT, LENS), "The radial factor is differentiated by the lens alone, not by the point.", CAMERA)  # fmt: skip
wrong("camera_with_distortion_transposed", "jacobian", project,
      lambda p, k: tuple(J.T for J in projection_jacobian(p, k)), (POINT, LENS),
      "Denominator layout: (inputs, outputs).", CAMERA)  # fmt: skip

# rotation matrices of quaternions (w, x, y, z) of any length
QUATERNION = np.array([0.9, -0.4, 0.3, 0.7])


def rotation(q):
    w, x, y, z = q / np.sqrt(q @ q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def rotation_jacobian(q, normalised=True):
    length = np.sqrt(q @ q)
    w, x, y, z = q / length
    by_unit = 2 * np.array(
        [
            [[0, 0, -2 * y, -2 * z], [-z, y, x, -w], [y, z, w, x]],
            [[z, y, x, w], [0, -2 * x, 0, -2 * z], [-x, -w, z, y]],
            [[-y, z, -w, x], [x, w, z, y], [0, -2 * x, -2 * y, 0]],
        ]
    )
    if not normalised:
        return by_unit
    unit = q / length
    return by_unit @ (np.eye(4) - np.outer(unit, unit)) / length


def mp_rotation(q):
    w, x, y, z = q
    n = w * w + x * x + y * y + z * z
    rows = [
        [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ]
    return np.array([[v / n for v in row] for row in rows], dtype=object)


ROTATION = Reference(mp_rotation)
right("quaternion_to_rotation", "jacobian", rotation, rotation_jacobian, QUATERNION,
      "A Jacobian of three axes.", ROTATION)  # fmt: skip
right("quaternion_to_rotation_flat", "jacobian", rotation, lambda q: rotation_jacobian(q).reshape(9, 4), QUATERNION,
      "Flattened to nine rows.", ROTATION)  # fmt: skip
wrong("quaternion_to_rotation_length", "jacobian", rotation, lambda q: rotation_jacobian(q, False), QUATERNION,
      "The normalisation of q is not differentiated.", ROTATION)  # fmt: skip
wrong("quaternion_to_rotation_scalar_last", "jacobian", rotation,
      lambda q: rotation_jacobian(q)[..., [1, 2, 3, 0]], QUATERNION,
      "Columns in the order x, y, z, w.", ROTATION)  # fmt: skip

# a vector turned by a rotation vector (Rodrigues), near zero by series
ARM = np.array([0.3, -1.1, 0.6])
TURN, SMALL_TURN = np.array([0.7, -0.2, 0.4]), np.array([3e-5, -2e-5, 4e-5])


def skew(v):
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def turned(w):
    angle = np.sqrt(w @ w)
    if angle < 1e-3:
        a, b = 1 - angle**2 / 6, 0.5 - angle**2 / 24
    else:
        a, b = np.sin(angle) / angle, (1 - np.cos(angle)) / angle**2
    return ARM + a * np.cross(w, ARM) + b * np.cross(w, np.cross(w, ARM))


def turned_jacobian(w, small=True, side=-1.0):
    angle = np.sqrt(w @ w)
    K = skew(w)
    if angle < 1e-3:
        R = np.eye(3) + (1 - angle**2 / 6) * K + (0.5 - angle**2 / 24) * K @ K
        if not small:
            return -R @ skew(ARM)
        right_jacobian = np.eye(3) - (0.5 - angle**2 / 24) * K + (1 / 6 - angle**2 / 120) * K @ K
    else:
        R = np.eye(3) + np.sin(angle) / angle * K + (1 - np.cos(angle)) / angle**2 * K @ K
        right_jacobian = np.eye(3) + side * (1 - np.cos(angle)) / angle**2 * K
        right_jacobian += (angle - np.sin(angle)) / angle**3 * K @ K
    return -R @ skew(ARM) @ right_jacobian


def mp_turned(w):
    K = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]], dtype=object)
    return mp.expm(K) @ mp.lift(ARM)


TURNED = Reference(mp_turned)
right("rotation_vector", "jacobian", turned, turned_jacobian, TURN, "By the right Jacobian of SO(3).", TURNED)
right("rotation_vector_small", "jacobian", turned, turned_jacobian, SMALL_TURN, "Its series near zero.", TURNED,
      rounding=1e-9 * 2**53)  # fmt: skip
wrong("rotation_vector_small_first_order", "jacobian", turned, lambda w: turned_jacobian(w, False), SMALL_TURN,
      "Below 1e-3 the right Jacobian is taken as the identity.", TURNED, rounding=1e-9 * 2**53)  # fmt: skip
wrong("rotation_vector_left_for_right", "jacobian", turned,
      lambda w: turned_jacobian(w, side=1.0), TURN, "The left Jacobian for the right one.", TURNED)  # fmt: skip

# geodetic to Cartesian
AXIS, FLAT2 = 6.378137, 0.00669438
PLACE = np.array([0.82, 0.14, 0.3])


def cartesian(g):
    n = AXIS / np.sqrt(1 - FLAT2 * np.sin(g[0]) ** 2)
    across = (n + g[2]) * np.cos(g[0])
    return np.array([across * np.cos(g[1]), across * np.sin(g[1]), (n * (1 - FLAT2) + g[2]) * np.sin(g[0])])


def cartesian_jacobian(g):
    s, c, s2, c2 = np.sin(g[0]), np.cos(g[0]), np.sin(g[1]), np.cos(g[1])
    n = AXIS / np.sqrt(1 - FLAT2 * s * s)
    m = n * (1 - FLAT2) / (1 - FLAT2 * s * s)
    north = (m + g[2]) * np.array([-s * c2, -s * s2, c])
    east = (n + g[2]) * c * np.array([-s2, c2, 0])
    return np.stack([north, east, np.array([c * c2, c * s2, s])], axis=1)


def mp_cartesian(g):
    axis, e2 = mpf(AXIS), mpf(FLAT2)
    n = axis / mpm.sqrt(1 - e2 * mpm.sin(g[0]) ** 2)
    across = (n + g[2]) * mpm.cos(g[0])
    return np.array(
        [across * mpm.cos(g[1]), across * mpm.sin(g[1]), (n * (1 - e2) + g[2]) * mpm.sin(g[0])], dtype=object
    )


CARTESIAN = Reference(mp_cartesian)
right("geodetic_to_cartesian", "jacobian", cartesian, cartesian_jacobian, PLACE, "By north, east, up.", CARTESIAN)
wrong("geodetic_to_cartesian_transposed", "jacobian", cartesian, lambda g: cartesian_jacobian(g).T.copy(), PLACE,
      "Rows for columns, which the square shape does not show.", CARTESIAN)  # fmt: skip
