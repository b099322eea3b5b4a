"""Energies, geometry, motion, signals and curves with one mistake each: the seventh held-out set."""

import numpy as np

from ..edited import edited
from ..item import Category
from ..retold import retold

CATEGORY = Category("beyond bodies")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(8102)


# atoms that attract and repel
ATOMS = np.array([[0.0, 0.0, 0.0], [1.2, 0.1, -0.1], [0.4, 1.1, 0.3], [-0.9, 0.5, 0.8]])


def argon(pos):
    energy = 0.0
    for i in range(4):
        for j in range(i + 1, 4):
            d = pos[i] - pos[j]
            r2 = np.sum(d * d)
            s6 = 1 / r2**3
            energy = energy + 4 * (s6 * s6 - s6) + 0.016
    return energy


def argon_gradient(pos):
    grad = np.zeros_like(pos)
    for i in range(4):
        for j in range(i + 1, 4):
            d = pos[i] - pos[j]
            r2 = d @ d
            s6 = 1 / r2**3
            pull = -24 * (2 * s6 * s6 - s6) / r2 * d
            grad[i] += pull
            grad[j] -= pull
    return grad


T = retold(argon)
right("beyond_argon", "gradient", argon, argon_gradient, (ATOMS,), "Pair by pair, shifted at the cutoff.",
      T)  # fmt: skip
wrong("beyond_argon_newton_third_law", "gradient", argon, edited(argon_gradient,
      ("grad[j] -= pull", "grad[j] += pull")), (ATOMS,), "Both atoms of a pair are pulled the same way.",
      T)  # fmt: skip
wrong("beyond_argon_one_of_a_pair", "gradient", argon, edited(argon_gradient,
      ("grad[j] -= pull", "pass")), (ATOMS,), "The second atom of a pair feels nothing.", T)  # fmt: skip
wrong("beyond_argon_over_r", "gradient", argon, edited(argon_gradient, ("/ r2 * d", "/ np.sqrt(r2) * d")),
      (ATOMS,), "The force is divided by r, not by its square.", T)  # fmt: skip
wrong("beyond_argon_attraction_at_twice", "gradient", argon, edited(argon_gradient,
      ("(2 * s6 * s6 - s6)", "(2 * s6 * s6 - 2 * s6)")), (ATOMS,), "The attraction's 6 is 12.", T)  # fmt: skip

# the angle between two bonds
CORNER = np.array([[0.9, 0.2, -0.1], [0.0, 0.1, 0.0], [-0.3, 1.0, 0.4]])


def bond_angle(p):
    a, b = p[0] - p[1], p[2] - p[1]
    la, lb = np.sqrt(a @ a), np.sqrt(b @ b)
    cosine = a @ b / (la * lb)
    return 0.5 * 3.0 * (np.arccos(cosine) - 1.9) ** 2


def bond_angle_gradient(p):
    a, b = p[0] - p[1], p[2] - p[1]
    la, lb = np.sqrt(a @ a), np.sqrt(b @ b)
    cosine = a @ b / (la * lb)
    dtheta = 3.0 * (np.arccos(cosine) - 1.9)
    dcos = -dtheta / np.sqrt(1 - cosine**2)
    da = dcos * (b / (la * lb) - cosine * a / la**2)
    db = dcos * (a / (la * lb) - cosine * b / lb**2)
    return np.stack([da, -da - db, db])


T = retold(bond_angle)
right("beyond_bond_angle", "gradient", bond_angle, bond_angle_gradient, (CORNER,),
      "A harmonic angle between three atoms.", T)  # fmt: skip
wrong("beyond_bond_angle_lengths_held", "gradient", bond_angle, edited(bond_angle_gradient,
      ("da = dcos * (b / (la * lb) - cosine * a / la**2)", "da = dcos * (b / (la * lb))"),
      ("db = dcos * (a / (la * lb) - cosine * b / lb**2)", "db = dcos * (a / (la * lb))")), (CORNER,),
      "The lengths of the bonds are constants.", T)  # fmt: skip
wrong("beyond_bond_angle_arccos_plus", "gradient", bond_angle, edited(bond_angle_gradient,
      ("dcos = -dtheta", "dcos = dtheta")), (CORNER,), "The minus of arccos's slope is lost.", T)  # fmt: skip
wrong("beyond_bond_angle_middle_atom", "gradient", bond_angle, edited(bond_angle_gradient,
      ("-da - db, db", "-da, db")), (CORNER,), "The atom in the middle gets only one bond's share.", T)  # fmt: skip
wrong("beyond_bond_angle_slope_of_arcsin_root", "gradient", bond_angle, edited(bond_angle_gradient,
      ("/ np.sqrt(1 - cosine**2)", "/ (1 - cosine**2)")), (CORNER,),
      "The slope of arccos lacks its root.", T)  # fmt: skip

# metal atoms: a pair term and an embedding
NUCLEI, BINDING = rng.standard_normal((3, 2)) * 1.5, np.array([0.8, 1.3])


def embedded(x, k):
    d = x[:, None, :] - x[None, :, :]
    r2 = np.sum(d**2, axis=2)
    near = np.exp(-k[0] * r2) * (1 - np.eye(3))
    density = np.sum(near, axis=1)
    return 0.5 * np.sum(near**2) - k[1] * np.sum(np.sqrt(density))


def embedded_gradient(x, k):
    d = x[:, None, :] - x[None, :, :]
    r2 = (d**2).sum(axis=2)
    near = np.exp(-k[0] * r2) * (1 - np.eye(3))
    density = near.sum(axis=1)
    ddensity = -k[1] * 0.5 / np.sqrt(density)
    dnear = near + ddensity[:, None]
    dr2 = -k[0] * dnear * near
    both = dr2 + dr2.T
    dx = 2 * (both[:, :, None] * d).sum(axis=1)
    return dx, np.array([-(dnear * near * r2).sum(), -np.sqrt(density).sum()])


T = retold(embedded)
right("beyond_embedded", "gradient", embedded, embedded_gradient, (NUCLEI, BINDING),
      "Pairs, and minus the root of a density.", T)  # fmt: skip
wrong("beyond_embedded_as_if_symmetric", "gradient", embedded, edited(embedded_gradient,
      ("both = dr2 + dr2.T", "both = dr2")), (NUCLEI, BINDING),
      "The share of the second index is forgotten.", T)  # fmt: skip
wrong("beyond_embedded_embedding_held", "gradient", embedded, edited(embedded_gradient,
      ("dnear = near + ddensity[:, None]", "dnear = near")), (NUCLEI, BINDING),
      "The embedding does not move with the atoms.", T)  # fmt: skip
wrong("beyond_embedded_root_slope", "gradient", embedded, edited(embedded_gradient,
      ("* 0.5 / np.sqrt(density)", "/ np.sqrt(density)")), (NUCLEI, BINDING),
      "The root's 1/2 is forgotten.", T)  # fmt: skip

# a stretched triangle
TRIANGLE = np.array([[0.1, -0.1], [1.2, 0.2], [0.3, 0.9]])
REST = np.array([[1.1, -0.2], [0.1, 0.9]])


def hyperelastic(x):
    ds = np.stack([x[1] - x[0], x[2] - x[0]]).T
    F = ds @ REST
    J = F[0, 0] * F[1, 1] - F[0, 1] * F[1, 0]
    return 0.5 * (np.sum(F**2) - 2) - np.log(J) + 0.5 * 2.0 * np.log(J) ** 2


def hyperelastic_gradient(x):
    ds = np.stack([x[1] - x[0], x[2] - x[0]]).T
    F = ds @ REST
    J = np.linalg.det(F)
    inv_t = np.linalg.inv(F).T
    P = F - inv_t + 2.0 * np.log(J) * inv_t
    H = P @ REST.T
    return np.stack([-H[:, 0] - H[:, 1], H[:, 0], H[:, 1]])


T = retold(hyperelastic)
right("beyond_hyperelastic", "gradient", hyperelastic, hyperelastic_gradient, (TRIANGLE,),
      "Neo-Hookean: stretches and the logarithm of the area.", T)  # fmt: skip
wrong("beyond_hyperelastic_inverse_unturned", "gradient", hyperelastic, edited(hyperelastic_gradient,
      ("inv_t = np.linalg.inv(F).T", "inv_t = np.linalg.inv(F)")), (TRIANGLE,),
      "The inverse is not transposed.", T)  # fmt: skip
wrong("beyond_hyperelastic_no_volume_stress", "gradient", hyperelastic, edited(hyperelastic_gradient,
      ("+ 2.0 * np.log(J) * inv_t", "")), (TRIANGLE,), "The square of log J is forgotten.", T)  # fmt: skip
wrong("beyond_hyperelastic_forces_by_rows", "gradient", hyperelastic, edited(hyperelastic_gradient,
      ("[-H[:, 0] - H[:, 1], H[:, 0], H[:, 1]]", "[-H[0] - H[1], H[0], H[1]]")), (TRIANGLE,),
      "Rows of H are taken for its columns.", T)  # fmt: skip
wrong("beyond_hyperelastic_rest_unturned", "gradient", hyperelastic, edited(hyperelastic_gradient,
      ("H = P @ REST.T", "H = P @ REST")), (TRIANGLE,), "The rest shape's matrix is not transposed.", T)  # fmt: skip

# two phases and their boundary
FIELD = rng.standard_normal((4, 4)) * 0.7


def phase_field(u):
    across = np.roll(u, -1, axis=0) - u
    along = np.roll(u, -1, axis=1) - u
    return np.sum(0.25 * (u**2 - 1) ** 2) + 0.4 * np.sum(across**2 + along**2)


def phase_field_gradient(u):
    well = u * (u**2 - 1)
    lap = -4 * u
    for axis in (0, 1):
        lap = lap + np.roll(u, 1, axis=axis) + np.roll(u, -1, axis=axis)
    return well - 0.8 * lap


T = retold(phase_field)
right("beyond_phase_field", "gradient", phase_field, phase_field_gradient, (FIELD,),
      "A double well and squared differences, periodic.", T)  # fmt: skip
wrong("beyond_phase_field_laplacian_sign", "gradient", phase_field, edited(phase_field_gradient,
      ("- 0.8 * lap", "+ 0.8 * lap")), (FIELD,), "The Laplacian is added.", T)  # fmt: skip
wrong("beyond_phase_field_half_the_stiffness", "gradient", phase_field, edited(phase_field_gradient,
      ("- 0.8 * lap", "- 0.4 * lap")), (FIELD,), "The squares' 2 is forgotten in the Laplacian.", T)  # fmt: skip
wrong("beyond_phase_field_one_axis", "gradient", phase_field, edited(phase_field_gradient,
      ("lap = -4 * u", "lap = -2 * u"), ("for axis in (0, 1):", "for axis in (0,):")), (FIELD,),
      "Differences along the second axis are forgotten.", T)  # fmt: skip


def phase_field_by_edges(u):
    grad = u**3 - u
    for i in range(4):
        for j in range(4):
            for k, m in (((i + 1) % 4, j), (i, (j + 1) % 4)):
                pull = 0.8 * (u[k, m] - u[i, j])
                grad[k, m] += pull
                grad[i, j] -= pull
    return grad


right("beyond_phase_field_by_edges", "gradient", phase_field, phase_field_by_edges, (FIELD,),
      "Edge by edge.", T)  # fmt: skip

# points seen through a lens
POINTS = np.array([[0.4, -0.2, 2.0], [-0.5, 0.3, 1.6], [0.1, 0.6, 2.5]])
CAMERA = np.array([1.4, 0.2, -0.1, 0.15, -0.05])


def lens(points, cam):
    u = points[:, :2] / points[:, 2:]
    r2 = np.sum(u**2, axis=1, keepdims=True)
    bend = 1 + cam[3] * r2 + cam[4] * r2**2
    return cam[0] * bend * u + cam[1:3]


def lens_backward(g, points, cam):
    z = points[:, 2:]
    u = points[:, :2] / z
    r2 = (u**2).sum(axis=1, keepdims=True)
    bend = 1 + cam[3] * r2 + cam[4] * r2**2
    dbend = (g * u).sum(axis=1, keepdims=True) * cam[0]
    dr2 = dbend * (cam[3] + 2 * cam[4] * r2)
    du = cam[0] * bend * g + 2 * u * dr2
    dz = -(du * u).sum(axis=1, keepdims=True) / z
    df = (g * bend * u).sum()
    dcam = np.array([df, *g.sum(axis=0), (dbend * r2).sum(), (dbend * r2**2).sum()])
    return np.hstack([du / z, dz]), dcam


T = retold(lens)
right("beyond_lens", "vjp", lens, lens_backward, (POINTS, CAMERA),
      "Radial distortion about the principal point.", T)  # fmt: skip
wrong("beyond_lens_bend_held", "vjp", lens, edited(lens_backward, ("+ 2 * u * dr2", "")),
      (POINTS, CAMERA), "The distortion does not move with the point.", T)  # fmt: skip
wrong("beyond_lens_depth_held", "vjp", lens, edited(lens_backward,
      ("np.hstack([du / z, dz])", "np.hstack([du / z, 0 * dz])")), (POINTS, CAMERA),
      "The depth is taken for given.", T)  # fmt: skip
wrong("beyond_lens_depth_once", "vjp", lens, edited(lens_backward,
      ("keepdims=True) / z", "keepdims=True)")), (POINTS, CAMERA),
      "The depth's share is divided by the depth once too rarely.", T)  # fmt: skip
wrong("beyond_lens_distortion_without_focal", "vjp", lens, edited(lens_backward,
      ("keepdims=True) * cam[0]", "keepdims=True)")), (POINTS, CAMERA),
      "The focal length is left out of the distortion's share.", T)  # fmt: skip

# points turned by a quaternion
SPIN, CLOUD = np.array([0.9, 0.3, -0.4, 0.2]), rng.standard_normal((3, 3))


def quaternion(q, points):
    q = q / np.sqrt(q @ q)
    w, v = q[0], q[1:]
    t = 2 * np.cross(v, points)
    return points + w * t + np.cross(v, t)


def quaternion_backward(g, q, points):
    n = np.sqrt(q @ q)
    u = q / n
    w, v = u[0], u[1:]
    t = 2 * np.cross(v, points)
    dt = w * g + np.cross(g, v)
    dw = (g * t).sum()
    dv = np.cross(t, g).sum(axis=0) + 2 * np.cross(points, dt).sum(axis=0)
    dpoints = g + 2 * np.cross(dt, v)
    du = np.concatenate([[dw], dv])
    return (du - u * (u @ du)) / n, dpoints


T = retold(quaternion)
right("beyond_quaternion", "vjp", quaternion, quaternion_backward, (SPIN, CLOUD),
      "Rotation by a quaternion that is brought to length one.", T)  # fmt: skip
wrong("beyond_quaternion_not_projected", "vjp", quaternion, edited(quaternion_backward,
      ("return (du - u * (u @ du)) / n, dpoints", "return du / n, dpoints")), (SPIN, CLOUD),
      "The quaternion's length is a constant.", T)  # fmt: skip
wrong("beyond_quaternion_cross_in_order", "vjp", quaternion, edited(quaternion_backward,
      ("dpoints = g + 2 * np.cross(dt, v)", "dpoints = g + 2 * np.cross(v, dt)")), (SPIN, CLOUD),
      "The cross product of the points' share keeps its order.", T)  # fmt: skip
wrong("beyond_quaternion_outer_cross_forgotten", "vjp", quaternion, edited(quaternion_backward,
      ("dv = np.cross(t, g).sum(axis=0) + 2 *", "dv = 2 *")), (SPIN, CLOUD),
      "The axis outside is taken for given.", T)  # fmt: skip

# how round a polygon is
CORNERS = np.array([[1.0, 0.1], [0.4, 1.0], [-0.8, 0.6], [-0.7, -0.7], [0.5, -0.9]])


def polygon(p):
    after = np.roll(p, -1, axis=0)
    area = 0.5 * np.sum(p[:, 0] * after[:, 1] - p[:, 1] * after[:, 0])
    length = np.sum(np.sqrt(np.sum((after - p) ** 2, axis=1)))
    return length**2 / area


def polygon_gradient(p):
    after, before = np.roll(p, -1, axis=0), np.roll(p, 1, axis=0)
    area = 0.5 * (p[:, 0] * after[:, 1] - p[:, 1] * after[:, 0]).sum()
    edge = after - p
    size = np.sqrt((edge**2).sum(axis=1, keepdims=True))
    length = size.sum()
    unit = edge / size
    dlength = np.roll(unit, 1, axis=0) - unit
    darea = 0.5 * np.stack([after[:, 1] - before[:, 1], before[:, 0] - after[:, 0]], axis=1)
    return 2 * length / area * dlength - length**2 / area**2 * darea


T = retold(polygon)
right("beyond_polygon", "gradient", polygon, polygon_gradient, (CORNERS,),
      "Perimeter squared over the area.", T)  # fmt: skip
wrong("beyond_polygon_rolled_the_wrong_way", "gradient", polygon, edited(polygon_gradient,
      ("np.roll(unit, 1, axis=0) - unit", "np.roll(unit, -1, axis=0) - unit")), (CORNERS,),
      "The edge that arrives is taken from the wrong side.", T)  # fmt: skip
wrong("beyond_polygon_area_once", "gradient", polygon, edited(polygon_gradient,
      ("length**2 / area**2 * darea", "length**2 / area * darea")), (CORNERS,),
      "The quotient's square is forgotten.", T)  # fmt: skip
wrong("beyond_polygon_area_held", "gradient", polygon, edited(polygon_gradient,
      ("- length**2 / area**2 * darea", "")), (CORNERS,), "The area is taken for given.", T)  # fmt: skip


def polygon_by_corners(p):
    n = len(p)
    area = sum(p[i, 0] * p[(i + 1) % n, 1] - p[i, 1] * p[(i + 1) % n, 0] for i in range(n)) / 2
    edges = [p[(i + 1) % n] - p[i] for i in range(n)]
    length = sum(np.hypot(*e) for e in edges)
    grad = np.empty_like(p)
    for i in range(n):
        arrives, leaves = edges[i - 1], edges[i]
        dlength = arrives / np.hypot(*arrives) - leaves / np.hypot(*leaves)
        across = p[(i + 1) % n] - p[i - 1]
        darea = np.array([across[1], -across[0]]) / 2
        grad[i] = length / area * (2 * dlength - length / area * darea)
    return grad


right("beyond_polygon_by_corners", "gradient", polygon, polygon_by_corners, (CORNERS,),
      "Corner by corner.", T)  # fmt: skip

# direct collocation of a pendulum
KNOTS, PUSHES = rng.standard_normal((4, 2)), rng.standard_normal(4)


def trapezoids(x, u):
    rate = np.stack([x[:, 1], u - np.sin(x[:, 0]) - 0.2 * x[:, 1]], axis=1)
    defect = x[1:] - x[:-1] - 0.05 * (rate[1:] + rate[:-1])
    return np.sum(defect**2) + 0.01 * np.sum(u**2)


def trapezoids_gradient(x, u):
    rate = np.stack([x[:, 1], u - np.sin(x[:, 0]) - 0.2 * x[:, 1]], axis=1)
    defect = x[1:] - x[:-1] - 0.05 * (rate[1:] + rate[:-1])
    dd = 2 * defect
    dx, drate = np.zeros_like(x), np.zeros_like(x)
    dx[1:] += dd
    dx[:-1] -= dd
    drate[1:] -= 0.05 * dd
    drate[:-1] -= 0.05 * dd
    dx[:, 0] -= np.cos(x[:, 0]) * drate[:, 1]
    dx[:, 1] += drate[:, 0] - 0.2 * drate[:, 1]
    return dx, drate[:, 1] + 0.02 * u


T = retold(trapezoids)
right("beyond_trapezoids", "gradient", trapezoids, trapezoids_gradient, (KNOTS, PUSHES),
      "Defects of a pendulum between knots, squared.", T)  # fmt: skip
wrong("beyond_trapezoids_euler_instead", "gradient", trapezoids, edited(trapezoids_gradient,
      ("drate[1:] -= 0.05 * dd", "pass")), (KNOTS, PUSHES),
      "The rate at the end of an interval is forgotten.", T)  # fmt: skip
wrong("beyond_trapezoids_sine_for_cosine", "gradient", trapezoids, edited(trapezoids_gradient,
      ("np.cos(x[:, 0]) * drate", "np.sin(x[:, 0]) * drate")), (KNOTS, PUSHES),
      "The slope of sin is sin.", T)  # fmt: skip
wrong("beyond_trapezoids_damping", "gradient", trapezoids, edited(trapezoids_gradient,
      ("drate[:, 0] - 0.2 * drate[:, 1]", "drate[:, 0]")), (KNOTS, PUSHES),
      "The damping is taken for given.", T)  # fmt: skip
wrong("beyond_trapezoids_effort_once", "gradient", trapezoids, edited(trapezoids_gradient,
      ("0.02 * u", "0.01 * u")), (KNOTS, PUSHES), "The effort's 2 is forgotten.", T)  # fmt: skip

# heat by implicit steps
WARM, SPREADING = np.array([1.0, 0.2, -0.5, 0.7]), np.array([0.4, 0.9, 0.6])


def stencil(k):
    a = np.zeros((4, 4))
    for i in range(3):
        a[i, i] += k[i]
        a[i + 1, i + 1] += k[i]
        a[i, i + 1] -= k[i]
        a[i + 1, i] -= 2 * k[i]
    return a


def implicit(u, k):
    m = np.eye(4) + 0.3 * stencil(k)
    for _ in range(2):
        u = np.linalg.solve(m, u)
    return np.sum(u**4)


def implicit_gradient(u, k):
    m = np.eye(4) + 0.3 * stencil(k)
    u1 = np.linalg.solve(m, u)
    u2 = np.linalg.solve(m, u1)
    l2 = np.linalg.solve(m.T, 4 * u2**3)
    l1 = np.linalg.solve(m.T, l2)
    dm = -np.outer(l2, u2) - np.outer(l1, u1)
    da = 0.3 * dm
    dk = [da[i, i] + da[i + 1, i + 1] - da[i, i + 1] - 2 * da[i + 1, i] for i in range(3)]
    return l1, np.array(dk)


T = retold(implicit)
right("beyond_implicit", "gradient", implicit, implicit_gradient, (WARM, SPREADING),
      "Two implicit steps, each an adjoint solve.", T)  # fmt: skip
wrong("beyond_implicit_adjoint_unturned", "gradient", implicit, edited(implicit_gradient,
      ("l2 = np.linalg.solve(m.T, 4 * u2**3)", "l2 = np.linalg.solve(m, 4 * u2**3)"),
      ("l1 = np.linalg.solve(m.T, l2)", "l1 = np.linalg.solve(m, l2)")), (WARM, SPREADING),
      "The adjoint systems are not transposed.", T)  # fmt: skip
wrong("beyond_implicit_last_step_of_the_matrix", "gradient", implicit, edited(implicit_gradient,
      ("dm = -np.outer(l2, u2) - np.outer(l1, u1)", "dm = -np.outer(l2, u2)")), (WARM, SPREADING),
      "The matrix counts in the last step alone.", T)  # fmt: skip
wrong("beyond_implicit_states_before_the_solve", "gradient", implicit, edited(implicit_gradient,
      ("dm = -np.outer(l2, u2) - np.outer(l1, u1)", "dm = -np.outer(l2, u1) - np.outer(l1, u)")),
      (WARM, SPREADING), "The right sides stand for the solutions.", T)  # fmt: skip

# a sparse code by unrolled thresholds
DICTIONARY, MEASURED = 0.6 * rng.standard_normal((4, 5)), 2.0 * rng.standard_normal(4)


def thresholded(a, y):
    z = np.zeros(5)
    for _ in range(3):
        v = z - 0.3 * a.T @ (a @ z - y)
        z = np.sign(v) * np.maximum(np.abs(v) - 0.05, 0.0)
    return z


def thresholded_backward(g, a, y):
    zs, vs = [np.zeros(5)], []
    for _ in range(3):
        v = zs[-1] - 0.3 * a.T @ (a @ zs[-1] - y)
        vs.append(v)
        zs.append(np.sign(v) * np.maximum(np.abs(v) - 0.05, 0.0))
    da, dy = np.zeros_like(a), np.zeros_like(y)
    for z, v in zip(zs[-2::-1], vs[::-1], strict=True):
        g = g * (np.abs(v) > 0.05)
        e = a @ z - y
        de = -0.3 * a @ g
        da += -0.3 * np.outer(e, g) + np.outer(de, z)
        dy -= de
        g = g + a.T @ de
    return da, dy


T = retold(thresholded)
right("beyond_thresholded", "vjp", thresholded, thresholded_backward, (DICTIONARY, MEASURED),
      "Soft thresholds, three steps.", T)  # fmt: skip
wrong("beyond_thresholded_residual_held", "vjp", thresholded, edited(thresholded_backward,
      ("+ np.outer(de, z)", "")), (DICTIONARY, MEASURED),
      "The dictionary in the residual is taken for given.", T)  # fmt: skip
wrong("beyond_thresholded_identity_lost", "vjp", thresholded, edited(thresholded_backward,
      ("g = g + a.T @ de", "g = a.T @ de")), (DICTIONARY, MEASURED),
      "The step's starting point is not followed.", T)  # fmt: skip
wrong("beyond_thresholded_threshold_passes_all", "vjp", thresholded, edited(thresholded_backward,
      ("g = g * (np.abs(v) > 0.05)", "pass")), (DICTIONARY, MEASURED),
      "What is cut to zero passes backwards.", T)  # fmt: skip

# a transposed convolution with stride two
COARSE, STENCIL = rng.standard_normal((3, 2)), rng.standard_normal((4, 2, 3))


def upsampled(x, w):
    y = np.zeros((8, 3))
    for i in range(3):
        y[2 * i : 2 * i + 4] += np.sum(x[i][None, :, None] * w, axis=1)
    return y


def upsampled_backward(dy, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(3):
        window = dy[2 * i : 2 * i + 4]
        dx[i] = np.einsum("ko,kio->i", window, w)
        dw += window[:, None, :] * x[i][None, :, None]
    return dx, dw


T = retold(upsampled)
right("beyond_upsampled", "vjp", upsampled, upsampled_backward, (COARSE, STENCIL),
      "A strided convolution, the other way round.", T)  # fmt: skip
wrong("beyond_upsampled_kernel_reversed", "vjp", upsampled, edited(upsampled_backward,
      ("\"ko,kio->i\", window, w)", "\"ko,kio->i\", window, w[::-1])")), (COARSE, STENCIL),
      "The kernel is turned round on the way back.", T)  # fmt: skip
wrong("beyond_upsampled_stride_of_one", "vjp", upsampled, edited(upsampled_backward,
      ("dy[2 * i : 2 * i + 4]", "dy[i : i + 4]")), (COARSE, STENCIL),
      "Backwards the stride is forgotten.", T)  # fmt: skip
wrong("beyond_upsampled_kernel_of_the_last_place", "vjp", upsampled, edited(upsampled_backward,
      ("dw += window", "dw = window")), (COARSE, STENCIL), "The kernel's shares overwrite each other.", T)  # fmt: skip


def upsampled_by_gathering(dy, x, w):
    taps = np.stack([dy[k : k + 5 : 2] for k in range(4)])
    return np.tensordot(taps, w, axes=((0, 2), (0, 2))), np.transpose(np.tensordot(taps, x, axes=(1, 0)), (0, 2, 1))


right("beyond_upsampled_by_gathering", "vjp", upsampled, upsampled_by_gathering, (COARSE, STENCIL),
      "Every tap gathers its own places.", T)  # fmt: skip

# a level and a trend
SALES, SMOOTH = np.array([1.0, 1.4, 1.3, 1.9, 2.4]), np.array([0.6, 0.3])


def holt(y, p):
    level, trend, loss = y[0], y[1] - y[0], 0.0
    for t in range(1, 5):
        ahead = level + trend
        loss = loss + (y[t] - ahead) ** 2
        new = p[0] * y[t] + (1 - p[0]) * ahead
        trend = p[1] * (new - level) + (1 - p[1]) * trend
        level = new
    return loss / 4


def holt_gradient(y, p):
    a, b = p
    levels, trends = [y[0]], [y[1] - y[0]]
    for t in range(1, 5):
        ahead = levels[-1] + trends[-1]
        levels.append(a * y[t] + (1 - a) * ahead)
        trends.append(b * (levels[-1] - levels[-2]) + (1 - b) * trends[-1])
    dy, da, db, dl, dt = np.zeros(5), 0.0, 0.0, 0.0, 0.0
    for t in range(4, 0, -1):
        level, trend = levels[t - 1], trends[t - 1]
        ahead = level + trend
        db += dt * (levels[t] - level - trend)
        dl += dt * b
        dold, dtrend = -dt * b, dt * (1 - b)
        da += dl * (y[t] - ahead)
        dy[t] += dl * a
        dahead = dl * (1 - a)
        miss = 2 * (y[t] - ahead) / 4
        dy[t] += miss
        dahead -= miss
        dl = dahead + dold
        dt = dahead + dtrend
    dy[0] += dl - dt
    dy[1] += dt
    return dy, np.array([da, db])


T = retold(holt)
right("beyond_holt", "gradient", holt, holt_gradient, (SALES, SMOOTH), "Level and trend, one step ahead.",
      T)  # fmt: skip
wrong("beyond_holt_level_before", "gradient", holt, edited(holt_gradient,
      ("dl = dahead + dold", "dl = dahead")), (SALES, SMOOTH),
      "The level before is taken for given in the trend.", T)  # fmt: skip
wrong("beyond_holt_first_trend", "gradient", holt, edited(holt_gradient,
      ("    dy[0] += dl - dt\n    dy[1] += dt", "    dy[0] += dl")), (SALES, SMOOTH),
      "The first trend is taken for given.", T)  # fmt: skip
wrong("beyond_holt_not_averaged", "gradient", holt, edited(holt_gradient,
      ("miss = 2 * (y[t] - ahead) / 4", "miss = 2 * (y[t] - ahead)")), (SALES, SMOOTH),
      "The sum for the mean.", T)  # fmt: skip
