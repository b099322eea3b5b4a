"""Motion, physics, geometry, kernels and markets with one mistake each: the eighth held-out set."""

import numpy as np

from ..edited import edited
from ..item import Category
from ..retold import retold

CATEGORY = Category("unseen science")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9102)


# two species by Runge-Kutta
HARES, LYNXES = np.array([1.2, 0.7]), np.array([0.9, 0.6, 0.8, 0.5])


def growth(s, p):
    eaten = s[0] * s[1]
    return np.stack([p[0] * s[0] - p[1] * eaten, p[2] * eaten - p[3] * s[1]])


def prey(s, p):
    for _ in range(2):
        k1 = growth(s, p)
        k2 = growth(s + 0.1 * k1, p)
        k3 = growth(s + 0.1 * k2, p)
        k4 = growth(s + 0.2 * k3, p)
        s = s + 0.2 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(s**2)


def growth_back(d, s, p):
    a, b = s
    ds = np.array([d[0] * (p[0] - p[1] * b) + d[1] * p[2] * b, -d[0] * p[1] * a + d[1] * (p[2] * a - p[3])])
    return ds, np.array([d[0] * a, -d[0] * a * b, d[1] * a * b, -d[1] * b])


def prey_gradient(s, p):
    saved = []
    for _ in range(2):
        k1 = growth(s, p)
        k2 = growth(s + 0.1 * k1, p)
        k3 = growth(s + 0.1 * k2, p)
        k4 = growth(s + 0.2 * k3, p)
        saved.append((s, k1, k2, k3))
        s = s + 0.2 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    ds, dp = 2 * s, np.zeros(4)
    for s, k1, k2, k3 in saved[::-1]:
        d4, p4 = growth_back(ds / 30, s + 0.2 * k3, p)
        d3, p3 = growth_back(ds / 15 + 0.2 * d4, s + 0.1 * k2, p)
        d2, p2 = growth_back(ds / 15 + 0.1 * d3, s + 0.1 * k1, p)
        d1, p1 = growth_back(ds / 30 + 0.1 * d2, s, p)
        dp += p1 + p2 + p3 + p4
        ds = ds + d1 + d2 + d3 + d4
    return ds, dp


T = retold(prey)
right("unseen_prey", "gradient", prey, prey_gradient, (HARES, LYNXES),
      "Runge-Kutta of order four, stage by stage.", T)  # fmt: skip
wrong("unseen_prey_stages_apart", "gradient", prey, edited(prey_gradient,
      ("d1, p1 = growth_back(ds / 30 + 0.1 * d2, s, p)", "d1, p1 = growth_back(ds / 30, s, p)")),
      (HARES, LYNXES), "The second stage's start does not depend on the first.", T)  # fmt: skip
wrong("unseen_prey_last_stage_lost_for_the_parameters", "gradient", prey, edited(prey_gradient,
      ("dp += p1 + p2 + p3 + p4", "dp += p1 + p2 + p3")), (HARES, LYNXES),
      "The last stage's share of the parameters is forgotten.", T)  # fmt: skip
wrong("unseen_prey_parameters_of_the_last_step", "gradient", prey, edited(prey_gradient,
      ("dp += p1 + p2 + p3 + p4", "dp = p1 + p2 + p3 + p4")), (HARES, LYNXES),
      "The parameters' shares of the steps overwrite each other.", T)  # fmt: skip

# a planet by leapfrog steps
PLACE, SPEED, PULLING = np.array([1.0, 0.2]), np.array([-0.1, 0.9]), np.array(1.1)


def orbiting(q, v, m):
    for _ in range(3):
        r = np.sqrt(q @ q)
        v = v - 0.1 * m * q / r**3
        q = q + 0.2 * v
    return q @ q + v[0] * q[1]


def orbiting_gradient(q, v, m):
    saved = []
    for _ in range(3):
        saved.append(q)
        v = v - 0.1 * m * q / np.sqrt(q @ q) ** 3
        q = q + 0.2 * v
    dq, dv, dm = 2 * q + np.array([0.0, v[0]]), np.array([q[1], 0.0]), 0.0
    for q in saved[::-1]:
        r = np.sqrt(q @ q)
        dv = dv + 0.2 * dq
        dm -= 0.1 * (dv @ q) / r**3
        dq = dq - 0.1 * m * (dv / r**3 - 3 * q * (q @ dv) / r**5)
    return dq, dv, np.array(dm)


T = retold(orbiting)
right("unseen_orbiting", "gradient", orbiting, orbiting_gradient, (PLACE, SPEED, PULLING),
      "Kick, drift, kick.", T)  # fmt: skip
wrong("unseen_orbiting_distance_held", "gradient", orbiting, edited(orbiting_gradient,
      ("- 3 * q * (q @ dv) / r**5)", ")")), (PLACE, SPEED, PULLING), "The distance is taken for given.",
      T)  # fmt: skip
wrong("unseen_orbiting_distance_cubed", "gradient", orbiting, edited(orbiting_gradient,
      ("- 3 * q * (q @ dv) / r**5)", "- 3 * q * (q @ dv) / r**3)")), (PLACE, SPEED, PULLING),
      "The distance's share has the wrong power.", T)  # fmt: skip
wrong("unseen_orbiting_without_three", "gradient", orbiting, edited(orbiting_gradient,
      ("- 3 * q * (q @ dv) / r**5)", "- q * (q @ dv) / r**5)")), (PLACE, SPEED, PULLING),
      "The exponent's 3 is forgotten.", T)  # fmt: skip
wrong("unseen_orbiting_speed_before_the_drift", "gradient", orbiting, edited(orbiting_gradient,
      ("dv = dv + 0.2 * dq", "pass")), (PLACE, SPEED, PULLING),
      "The drift does not pass on to the speed.", T)  # fmt: skip

# a ball through air
AIM, FRICTION = np.array([3.0, 2.0]), np.array(0.15)


def dragged(v, c):
    x = np.zeros(2)
    for _ in range(4):
        size = np.sqrt(np.sum(v**2))
        x = x + 0.1 * v
        v = v - 0.1 * (c * size * v + np.array([0.0, 9.8]))
    return (x[0] - 1.0) ** 2 + x[1]


def dragged_gradient(v, c):
    x, vs = np.zeros(2), []
    for _ in range(4):
        vs.append(v)
        x = x + 0.1 * v
        v = v - 0.1 * (c * np.hypot(*v) * v + np.array([0.0, 9.8]))
    dx, dv, dc = np.array([2 * (x[0] - 1.0), 1.0]), np.zeros(2), 0.0
    for v in vs[::-1]:
        size = np.hypot(*v)
        dc -= 0.1 * size * (dv @ v)
        dv = dv - 0.1 * c * (size * dv + v * (v @ dv) / size) + 0.1 * dx
    return dv, np.array(dc)


T = retold(dragged)
right("unseen_dragged", "gradient", dragged, dragged_gradient, (AIM, FRICTION),
      "Small steps with a drag that grows with the speed.", T)  # fmt: skip
wrong("unseen_dragged_size_held", "gradient", dragged, edited(dragged_gradient,
      ("(size * dv + v * (v @ dv) / size)", "size * dv")), (AIM, FRICTION),
      "The size of the speed is taken for given.", T)  # fmt: skip
wrong("unseen_dragged_linear_drag", "gradient", dragged, edited(dragged_gradient,
      ("dc -= 0.1 * size * (dv @ v)", "dc -= 0.1 * (dv @ v)")), (AIM, FRICTION),
      "The friction's share lacks the size of the speed.", T)  # fmt: skip
wrong("unseen_dragged_places_of_the_last_step", "gradient", dragged, edited(dragged_gradient,
      ("+ 0.1 * dx", "+ 0.1 * dx * (v is vs[0])")), (AIM, FRICTION),
      "The place does not pass on to the speeds.", T)  # fmt: skip

# spins by their means
LEANING, BONDS = np.array([0.2, -0.4, 0.6]), rng.standard_normal((3, 3))


def spins(m, j):
    energy = -0.5 * m @ j @ m
    up, down = (1 + m) / 2, (1 - m) / 2
    entropy = -np.sum(up * np.log(up) + down * np.log(down))
    return energy - 0.7 * entropy


def spins_gradient(m, j):
    return -0.5 * (j + j.T) @ m + 0.7 * np.arctanh(m), -0.5 * np.outer(m, m)


T = retold(spins)
right("unseen_spins", "gradient", spins, spins_gradient, (LEANING, BONDS),
      "Energy minus temperature times entropy.", T)  # fmt: skip
wrong("unseen_spins_as_if_symmetric", "gradient", spins, edited(spins_gradient,
      ("return -0.5 * (j + j.T) @ m +", "return -j @ m +")), (LEANING, BONDS),
      "J m for half of (J + J^T) m.", T)  # fmt: skip
wrong("unseen_spins_bonds_twice", "gradient", spins, edited(spins_gradient,
      (", -0.5 * np.outer(m, m)", ", -np.outer(m, m)")), (LEANING, BONDS),
      "The 1/2 of the energy is forgotten for the bonds.", T)  # fmt: skip
wrong("unseen_spins_entropy_by_log", "gradient", spins, edited(spins_gradient,
      ("0.7 * np.arctanh(m)", "0.35 * (np.log((1 + m) / 2) + 1)")), (LEANING, BONDS),
      "The entropy of the other side is forgotten.", T)  # fmt: skip

# a rod that bends and stretches
CENTRELINE = np.array([[0.0, 0.0], [1.0, 0.2], [1.9, 0.9], [2.2, 2.0]])


def rod(p):
    e = p[1:] - p[:-1]
    long = np.sqrt(np.sum(e**2, axis=1))
    t = e / long[:, None]
    bend = t[1:] - t[:-1]
    return 0.8 * np.sum(bend**2) + 0.5 * np.sum((long - 1) ** 2)


def rod_gradient(p):
    e = p[1:] - p[:-1]
    long = np.sqrt((e**2).sum(axis=1))
    t = e / long[:, None]
    bend = 1.6 * (t[1:] - t[:-1])
    dt = np.zeros_like(t)
    dt[1:] += bend
    dt[:-1] -= bend
    de = (dt - t * (t * dt).sum(axis=1, keepdims=True)) / long[:, None] + (long - 1)[:, None] * t
    dp = np.zeros_like(p)
    dp[1:] += de
    dp[:-1] -= de
    return dp


T = retold(rod)
right("unseen_rod", "gradient", rod, rod_gradient, (CENTRELINE,),
      "Turning between edges, and stretching.", T)  # fmt: skip
wrong("unseen_rod_lengths_held", "gradient", rod, edited(rod_gradient,
      ("(dt - t * (t * dt).sum(axis=1, keepdims=True))", "dt")), (CENTRELINE,),
      "The lengths of the edges are taken for given in the directions.", T)  # fmt: skip
wrong("unseen_rod_undivided", "gradient", rod, edited(rod_gradient,
      ("keepdims=True)) / long[:, None] +", "keepdims=True)) +")), (CENTRELINE,),
      "The division by the length is forgotten.", T)  # fmt: skip
wrong("unseen_rod_one_side_of_a_bend", "gradient", rod, edited(rod_gradient, ("dt[:-1] -= bend", "pass")),
      (CENTRELINE,), "The edge before a bend is taken for given.", T)  # fmt: skip
wrong("unseen_rod_stretch_by_the_edge", "gradient", rod, edited(rod_gradient,
      ("(long - 1)[:, None] * t", "(long - 1)[:, None] * e")), (CENTRELINE,),
      "The stretch pulls along the edge, not along its direction.", T)  # fmt: skip

# a voltage across a membrane
OUTSIDE, PERMEABLE = np.array([4.0, 145.0, 110.0]), np.array([1.0, 0.05, 0.45])
INNER = np.array([140.0, 12.0, 10.0])


def membrane(out, p):
    above = p[0] * out[0] + p[1] * out[1] + p[2] * INNER[2]
    below = p[0] * INNER[0] + p[1] * INNER[1] + p[2] * out[2]
    return 26.0 * np.log(above / below)


def membrane_backward(c, out, p):
    above = p[0] * out[0] + p[1] * out[1] + p[2] * INNER[2]
    below = p[0] * INNER[0] + p[1] * INNER[1] + p[2] * out[2]
    da, db = 26.0 * c / above, -26.0 * c / below
    dout = np.array([da * p[0], da * p[1], db * p[2]])
    return dout, da * np.array([out[0], out[1], INNER[2]]) + db * np.array([INNER[0], INNER[1], out[2]])


T = retold(membrane)
right("unseen_membrane", "vjp", membrane, membrane_backward, (OUTSIDE, PERMEABLE), "Goldman's voltage.",
      T)  # fmt: skip
wrong("unseen_membrane_below_held", "vjp", membrane, edited(membrane_backward,
      ("+ db * np.array([INNER[0], INNER[1], out[2]])", "")), (OUTSIDE, PERMEABLE),
      "What stands below is taken for given by the permeabilities.", T)  # fmt: skip
wrong("unseen_membrane_chloride_sign", "vjp", membrane, edited(membrane_backward,
      ("db * p[2]])", "-db * p[2]])")), (OUTSIDE, PERMEABLE),
      "Chloride counts the same way as the others.", T)  # fmt: skip
wrong("unseen_membrane_in_other_units", "vjp", membrane, edited(membrane_backward,
      ("da, db = 26.0 * c / above, -26.0 * c / below", "da, db = c / above, -c / below")),
      (OUTSIDE, PERMEABLE), "The thermal voltage is forgotten.", T)  # fmt: skip

# a way around the Earth
PORT_A, PORT_B = np.array([0.7, -0.2]), np.array([0.4, 0.9])


def great_circle(a, b):
    h = np.sin((b[0] - a[0]) / 2) ** 2 + np.cos(a[0]) * np.cos(b[0]) * np.sin((b[1] - a[1]) / 2) ** 2
    return 2 * np.arcsin(np.sqrt(h))


def great_circle_gradient(a, b):
    up, along = (b[0] - a[0]) / 2, (b[1] - a[1]) / 2
    h = np.sin(up) ** 2 + np.cos(a[0]) * np.cos(b[0]) * np.sin(along) ** 2
    dh = 1 / np.sqrt(h * (1 - h))
    dup = np.sin(up) * np.cos(up)
    dalong = np.cos(a[0]) * np.cos(b[0]) * np.sin(along) * np.cos(along)
    da = np.array([-dup - np.sin(a[0]) * np.cos(b[0]) * np.sin(along) ** 2, -dalong])
    db = np.array([dup - np.cos(a[0]) * np.sin(b[0]) * np.sin(along) ** 2, dalong])
    return dh * da, dh * db


T = retold(great_circle)
right("unseen_great_circle", "gradient", great_circle, great_circle_gradient, (PORT_A, PORT_B),
      "By haversines.", T)  # fmt: skip
wrong("unseen_great_circle_root_of_the_sine", "gradient", great_circle, edited(great_circle_gradient,
      ("dh = 1 / np.sqrt(h * (1 - h))", "dh = 1 / np.sqrt(h)")), (PORT_A, PORT_B),
      "The slope of the root alone.", T)  # fmt: skip
wrong("unseen_great_circle_half_angles_twice", "gradient", great_circle, edited(great_circle_gradient,
      ("* np.sin(along) * np.cos(along)", "* 2 * np.sin(along) * np.cos(along)")), (PORT_A, PORT_B),
      "The halves of the differences in longitude are forgotten.", T)  # fmt: skip
wrong("unseen_great_circle_latitudes_held", "gradient", great_circle, edited(great_circle_gradient,
      ("da = np.array([-dup - np.sin(a[0]) * np.cos(b[0]) * np.sin(along) ** 2, -dalong])",
       "da = np.array([-dup, -dalong])")),
      (PORT_A, PORT_B), "The first port's cosine is taken for given.", T)  # fmt: skip

# two scans laid over each other
MAP_POINTS = rng.standard_normal((5, 2))
ANGLE, SHIFT, SEEN_AT = np.array(0.4), np.array([0.2, -0.1]), rng.standard_normal((5, 2))


def aligned(angle, shift, seen):
    turn = np.stack([np.stack([np.cos(angle), -np.sin(angle)]), np.stack([np.sin(angle), np.cos(angle)])])
    e = seen @ turn.T + shift - MAP_POINTS
    return np.sum(np.log(1 + np.sum(e**2, axis=1)))


def aligned_gradient(angle, shift, seen):
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    e = seen @ turn.T + shift - MAP_POINTS
    de = 2 * e / (1 + (e**2).sum(axis=1, keepdims=True))
    dturn = de.T @ seen
    dangle = -s * (dturn[0, 0] + dturn[1, 1]) - c * dturn[0, 1] + c * dturn[1, 0]
    return np.array(dangle), de.sum(axis=0), de @ turn


T = retold(aligned)
right("unseen_aligned", "gradient", aligned, aligned_gradient, (ANGLE, SHIFT, SEEN_AT),
      "A turn, a shift, and robust weights.", T)  # fmt: skip
wrong("unseen_aligned_not_turned_back", "gradient", aligned, edited(aligned_gradient,
      (", de @ turn", ", de @ turn.T")), (ANGLE, SHIFT, SEEN_AT), "The points' share is not turned back.",
      T)  # fmt: skip
wrong("unseen_aligned_sines_alike", "gradient", aligned, edited(aligned_gradient,
      ("- c * dturn[0, 1] + c * dturn[1, 0]", "+ c * dturn[0, 1] + c * dturn[1, 0]")),
      (ANGLE, SHIFT, SEEN_AT), "Both sines have one sign.", T)  # fmt: skip
wrong("unseen_aligned_shift_averaged", "gradient", aligned, edited(aligned_gradient,
      (", de.sum(axis=0),", ", de.mean(axis=0),")), (ANGLE, SHIFT, SEEN_AT),
      "The shift's share is averaged over the points.", T)  # fmt: skip
wrong("unseen_aligned_weights_forgotten", "gradient", aligned, edited(aligned_gradient,
      ("de = 2 * e / (1 + (e**2).sum(axis=1, keepdims=True))", "de = 2 * e")), (ANGLE, SHIFT, SEEN_AT),
      "The logarithm's slope is forgotten.", T)  # fmt: skip

# a kernel regression on points left out
KNOWN_AT, KNOWN = np.array([-1.0, -0.2, 0.5, 1.3]), np.array([0.3, -0.6, 0.8, 0.1])
NEW_AT, NEW = np.array([-0.5, 0.9]), np.array([0.2, 0.5])
LOG_REACH, LOG_PENALTY = np.array(-0.2), np.array(-1.5)


def kernel_ridge(reach, penalty):
    width = np.exp(reach)
    k = np.exp(-(((KNOWN_AT[:, None] - KNOWN_AT[None, :]) / width) ** 2)) + np.exp(penalty) * np.eye(4)
    q = np.exp(-(((NEW_AT[:, None] - KNOWN_AT[None, :]) / width) ** 2))
    alpha = np.linalg.solve(k, KNOWN)
    return np.mean((q @ alpha - NEW) ** 2)


def kernel_ridge_gradient(reach, penalty):
    width = np.exp(reach)
    z, y = (KNOWN_AT[:, None] - KNOWN_AT[None, :]) / width, (NEW_AT[:, None] - KNOWN_AT[None, :]) / width
    bell, q = np.exp(-(z**2)), np.exp(-(y**2))
    k = bell + np.exp(penalty) * np.eye(4)
    alpha = np.linalg.solve(k, KNOWN)
    dout = 2 * (q @ alpha - NEW) / 2
    dq = np.outer(dout, alpha)
    b = np.linalg.solve(k, q.T @ dout)
    dk = -np.outer(b, alpha)
    dreach = (dk * bell * 2 * z**2).sum() + (dq * q * 2 * y**2).sum()
    return np.array(dreach), np.array(np.trace(dk) * np.exp(penalty))


T = retold(kernel_ridge)
right("unseen_kernel_ridge", "gradient", kernel_ridge, kernel_ridge_gradient, (LOG_REACH, LOG_PENALTY),
      "On points left out, by an adjoint solve.", T)  # fmt: skip
wrong("unseen_kernel_ridge_weights_held", "gradient", kernel_ridge, edited(kernel_ridge_gradient,
      ("dreach = (dk * bell * 2 * z**2).sum() + (dq * q * 2 * y**2).sum()",
       "dreach = (dq * q * 2 * y**2).sum()")),
      (LOG_REACH, LOG_PENALTY), "The weights do not depend on the reach.", T)  # fmt: skip
wrong("unseen_kernel_ridge_solve_sign", "gradient", kernel_ridge, edited(kernel_ridge_gradient,
      ("dk = -np.outer(b, alpha)", "dk = np.outer(b, alpha)")), (LOG_REACH, LOG_PENALTY),
      "The minus of the inverse's derivative is lost.", T)  # fmt: skip
wrong("unseen_kernel_ridge_penalty_itself", "gradient", kernel_ridge, edited(kernel_ridge_gradient,
      ("np.trace(dk) * np.exp(penalty)", "np.trace(dk)")), (LOG_REACH, LOG_PENALTY),
      "The penalty's logarithm is forgotten.", T)  # fmt: skip

# a surface through points by radial functions
SOURCES, STRENGTHS = rng.standard_normal((4, 2)), rng.standard_normal(4)
PROBES = rng.standard_normal((3, 2))


def radial(s, w):
    d = PROBES[:, None, :] - s[None, :, :]
    r = np.sqrt(np.sum(d**2, axis=2))
    return r**3 @ w + 0.3 * PROBES[:, 0]


def radial_backward(c, s, w):
    d = PROBES[:, None, :] - s[None, :, :]
    r = np.sqrt((d**2).sum(axis=2))
    dr3 = np.outer(c, w)
    ds = -(3 * dr3 * r)[:, :, None] * d
    return ds.sum(axis=0), (r**3).T @ c


T = retold(radial)
right("unseen_radial", "vjp", radial, radial_backward, (SOURCES, STRENGTHS),
      "Cubes of distances and a plane.", T)  # fmt: skip
wrong("unseen_radial_exponent_kept", "vjp", radial, edited(radial_backward,
      ("ds = -(3 * dr3 * r)[:, :, None] * d", "ds = -(3 * dr3 * r**2)[:, :, None] * d")),
      (SOURCES, STRENGTHS), "The exponent is not lowered.", T)  # fmt: skip
wrong("unseen_radial_sources_attract", "vjp", radial, edited(radial_backward,
      ("ds = -(3 * dr3 * r)", "ds = (3 * dr3 * r)")), (SOURCES, STRENGTHS),
      "The minus of the sources is lost.", T)  # fmt: skip
wrong("unseen_radial_squares_for_cubes", "vjp", radial, edited(radial_backward,
      ("(r**3).T @ c", "(r**2).T @ c")), (SOURCES, STRENGTHS), "Strengths by the squares of distances.",
      T)  # fmt: skip
wrong("unseen_radial_over_probes_averaged", "vjp", radial, edited(radial_backward,
      ("ds.sum(axis=0)", "ds.mean(axis=0)")), (SOURCES, STRENGTHS),
      "The sources' share is averaged over the probes.", T)  # fmt: skip

# an average of prices along given paths
SHOCKS = 0.5 * rng.standard_normal((4, 3))
PRICE_NOW, SIGMA, DRIFT = np.array(1.1), np.array(0.4), np.array(0.05)


def asian(s0, sigma, r):
    steps = (r - 0.5 * sigma**2) * 0.25 + sigma * 0.5 * SHOCKS
    paths = s0 * np.exp(np.cumsum(steps, axis=1))
    paid = np.log(1 + np.exp(4 * (np.mean(paths, axis=1) - 1.0))) / 4
    return np.exp(-0.75 * r) * np.mean(paid)


def asian_gradient(s0, sigma, r):
    steps = (r - 0.5 * sigma**2) * 0.25 + sigma * 0.5 * SHOCKS
    paths = s0 * np.exp(np.cumsum(steps, axis=1))
    arg = 4 * (paths.mean(axis=1) - 1.0)
    paid, disc = np.log1p(np.exp(arg)) / 4, np.exp(-0.75 * r)
    davg = disc / 4 / (1 + np.exp(-arg))
    dpaths = np.repeat(davg[:, None] / 3, 3, axis=1)
    dlog = dpaths * paths
    dsteps = np.cumsum(dlog[:, ::-1], axis=1)[:, ::-1]
    dr = 0.25 * dsteps.sum() - 0.75 * disc * paid.mean()
    dsigma = (dsteps * (0.5 * SHOCKS - 0.25 * sigma)).sum()
    return np.array(dlog.sum() / s0), np.array(dsigma), np.array(dr)


T = retold(asian)
right("unseen_asian", "gradient", asian, asian_gradient, (PRICE_NOW, SIGMA, DRIFT),
      "By the paths, over the average of each.", T)  # fmt: skip
wrong("unseen_asian_sum_forwards", "gradient", asian, edited(asian_gradient,
      ("dsteps = np.cumsum(dlog[:, ::-1], axis=1)[:, ::-1]", "dsteps = np.cumsum(dlog, axis=1)")),
      (PRICE_NOW, SIGMA, DRIFT), "The running sum is not turned round.", T)  # fmt: skip
wrong("unseen_asian_discount_held", "gradient", asian, edited(asian_gradient,
      ("- 0.75 * disc * paid.mean()", "")), (PRICE_NOW, SIGMA, DRIFT), "The discount is taken for given.",
      T)  # fmt: skip
wrong("unseen_asian_correction_held", "gradient", asian, edited(asian_gradient,
      ("(0.5 * SHOCKS - 0.25 * sigma)", "(0.5 * SHOCKS)")), (PRICE_NOW, SIGMA, DRIFT),
      "The correction of the drift is taken for given.", T)  # fmt: skip
wrong("unseen_asian_steps_apart", "gradient", asian, edited(asian_gradient,
      ("dsteps = np.cumsum(dlog[:, ::-1], axis=1)[:, ::-1]", "dsteps = dlog")), (PRICE_NOW, SIGMA, DRIFT),
      "A shock moves its own price alone.", T)  # fmt: skip

# the reward of a mixture for its risk
MIX, GAINS = np.array([0.5, 0.2, 0.3]), rng.standard_normal((6, 3)) * 0.2 + 0.05


def sharpe(w, gains):
    g = gains @ w
    mean = np.mean(g)
    spread = np.sqrt(np.sum((g - mean) ** 2) / 5)
    return mean / spread - 0.02 * np.sum((w - 1 / 3) ** 2)


def sharpe_gradient(w, gains):
    g = gains @ w
    mean = g.mean()
    spread = np.sqrt(((g - mean) ** 2).sum() / 5)
    dg = 1 / (6 * spread) - mean / spread**2 * (g - mean) / (5 * spread)
    return gains.T @ dg - 0.04 * (w - 1 / 3), np.outer(dg, w)


T = retold(sharpe)
right("unseen_sharpe", "gradient", sharpe, sharpe_gradient, (MIX, GAINS),
      "Mean over spread, minus what trading costs.", T)  # fmt: skip
wrong("unseen_sharpe_spread_held", "gradient", sharpe, edited(sharpe_gradient,
      ("dg = 1 / (6 * spread) - mean / spread**2 * (g - mean) / (5 * spread)",
       "dg = np.full(6, 1 / (6 * spread))")),
      (MIX, GAINS), "The spread is taken for given.", T)  # fmt: skip
wrong("unseen_sharpe_spread_once", "gradient", sharpe, edited(sharpe_gradient,
      ("- mean / spread**2 * (g - mean)", "- mean / spread * (g - mean)")), (MIX, GAINS),
      "The square of the spread is forgotten.", T)  # fmt: skip
wrong("unseen_sharpe_six_for_five", "gradient", sharpe, edited(sharpe_gradient,
      ("/ (5 * spread)", "/ (6 * spread)")), (MIX, GAINS), "Six returns for five degrees of freedom.", T)  # fmt: skip
wrong("unseen_sharpe_trading_free", "gradient", sharpe, edited(sharpe_gradient,
      ("- 0.04 * (w - 1 / 3)", "")), (MIX, GAINS), "The cost of trading is forgotten.", T)  # fmt: skip
