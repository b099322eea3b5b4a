"""Forces, structures, heat and light with one mistake each, after public reports."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("fresh physics")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9307)
mpf, mpm = mp.mpf, mp.mpmath

# groups of atoms that are tied to places
ATOMS, MASSES = rng.standard_normal((4, 2)), np.array([1.0, 3.0, 2.0, 0.5])
GROUPS, ANCHORS = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]]), np.array([[1.5, 0.0], [-0.5, 2.0]])
SHARES = GROUPS * MASSES / (GROUPS @ MASSES)[:, None]


def tethers(x):
    gap = SHARES @ x - ANCHORS
    r = np.sqrt(np.sum(gap**2, axis=1))
    return np.sum(0.5 * 2.0 * r**2)


def tethers_gradient(x, of_square=True):
    gap = SHARES @ x - ANCHORS
    r = np.sqrt(np.sum(gap**2, axis=1, keepdims=True))
    pull = 2.0 * r if of_square else 2.0
    return SHARES.T @ (pull * gap / r)


def mp_tethers(x):
    gap = mp.lift(SHARES) @ x - mp.lift(ANCHORS)
    return (gap * gap).sum()


right("fresh_tethers", "gradient", tethers, tethers_gradient, ATOMS, "K r along the gap.", Reference(mp_tethers))
wrong("fresh_tethers_of_constant_force", "gradient", tethers, lambda x: tethers_gradient(x, of_square=False), ATOMS,
      "K along the gap whatever its length, for an energy of K r^2 / 2 (lammps #5119).",
      Reference(mp_tethers))  # fmt: skip

# a chain that bends
CHAIN = np.array([[0.0, 0, 0], [1.0, 0.2, 0.1], [1.4, 1.1, 0.3], [2.1, 1.0, 1.2]])


def bends(x):
    cost = 0.0
    for i in range(2):
        u, v = x[i] - x[i + 1], x[i + 2] - x[i + 1]
        cosine = np.dot(u, v) / np.sqrt(np.dot(u, u) * np.dot(v, v))
        theta = np.arccos(cosine)
        cost = cost + (theta - 1.9) ** 2
    return cost


def bends_gradient(x, of_arccos=True):
    g = np.zeros_like(x)
    for i in range(2):
        u, v = x[i] - x[i + 1], x[i + 2] - x[i + 1]
        nu, nv = np.sqrt(u @ u), np.sqrt(v @ v)
        cosine = u @ v / (nu * nv)
        d = 2 * (np.arccos(cosine) - 1.9) * (-1 / np.sqrt(1 - cosine**2) if of_arccos else -1.0)
        du, dv = d * (v / nv - cosine * u / nu) / nu, d * (u / nu - cosine * v / nv) / nv
        g[i] += du
        g[i + 2] += dv
        g[i + 1] -= du + dv
    return g


def mp_bends(x):
    cost = mpf(0)
    for i in range(2):
        u, v = x[i] - x[i + 1], x[i + 2] - x[i + 1]
        cost += (mpm.acos((u @ v) / mpm.sqrt((u @ u) * (v @ v))) - mpf(1.9)) ** 2
    return cost


right("fresh_bends", "gradient", bends, bends_gradient, CHAIN, "Over the sine.", Reference(mp_bends))
wrong("fresh_bends_without_the_sine", "gradient", bends, lambda x: bends_gradient(x, of_arccos=False), CHAIN,
      "1/sin(theta) of the chain rule is left out, the term espresso #5401 is about.",
      Reference(mp_bends))  # fmt: skip

# bodies that attract each other
BODIES = (rng.standard_normal((3, 2)), np.array([1.2, 0.7, 2.0]))


def attraction(x, m):
    energy = 0.0
    for i in range(3):
        for j in range(i + 1, 3):
            d = x[i] - x[j]
            r = np.sqrt(np.dot(d, d) + 0.01)
            energy = energy - m[i] * m[j] / r
    return energy


def attraction_gradient(x, m):
    dx, dm = np.zeros_like(x), np.zeros_like(m)
    for i in range(3):
        for j in range(i + 1, 3):
            d = x[i] - x[j]
            r = np.sqrt(d @ d + 0.01)
            dx[i] += m[i] * m[j] * d / r**3
            dx[j] -= m[i] * m[j] * d / r**3
            dm[i] -= m[j] / r
    return dx, dm


def mp_attraction(x, m):
    gap = [(i, j, x[i] - x[j]) for i in range(3) for j in range(i + 1, 3)]
    return -sum(m[i] * m[j] / mpm.sqrt(d @ d + mpf(0.01)) for i, j, d in gap)


wrong("fresh_attraction_mass_of_one_side", "gradient", attraction, attraction_gradient, BODIES,
      "Of each pair, the first body's mass alone gets its share (homework).", Reference(mp_attraction))  # fmt: skip

# one step of heat in a rod, half of it implicit
ENDS = np.array([[1.0, 0, 0], [-1, 1, 0], [0, -1, 1], [0, 0, -1]])
ROD = (np.array([0.8, 1.3, 0.6, 1.1]), np.array([0.4, 1.2, -0.3]))


def half_implicit(k, u):
    a = ENDS.T @ (k[:, None] * ENDS)
    known = u - 0.15 * (a @ u)
    return np.linalg.solve(np.eye(3) + 0.15 * a, known)


def half_implicit_backward(c, k, u, explicit=1.0):
    a = ENDS.T @ (k[:, None] * ENDS)
    w = np.linalg.solve((np.eye(3) + 0.15 * a).T, c)
    new = half_implicit(k, u)
    return -0.15 * (ENDS @ w) * (ENDS @ (new + explicit * u)), w - 0.15 * (a.T @ w)


def mp_half_implicit(k, u):
    e = mp.lift(ENDS)
    a = e.T @ (k[:, None] * e)
    return mp.solve(mp.lift(np.eye(3)) + mpf(0.15) * a, u - mpf(0.15) * (a @ u))


right("fresh_half_implicit", "vjp", half_implicit, half_implicit_backward, ROD, "On both sides of the system.",
      Reference(mp_half_implicit))  # fmt: skip
wrong("fresh_half_implicit_matrix_alone", "vjp", half_implicit,
      lambda c, *a: half_implicit_backward(c, *a, explicit=0.0), ROD,
      "The conductivities in the right-hand side are forgotten (homework on Crank and Nicolson).",
      Reference(mp_half_implicit))  # fmt: skip

# a truss under tension
NODES = np.array([[0.0, 0.0], [1.1, 0.1], [0.9, 1.2], [0.1, 0.8]])
BARS, REST = np.array([[0, 1], [1, 2], [2, 3], [0, 2]]), np.array([1.0, 1.0, 0.9, 1.4])
TENSION = np.array([0.3, 0.8, 0.1, 0.5])


def truss(x):
    d = x[BARS[:, 1]] - x[BARS[:, 0]]
    strain = (np.sum(d**2, axis=1) - REST**2) / (2 * REST**2)
    energy = 0.5 * 5.0 * strain**2 + TENSION * strain
    return np.sum(REST * energy)


def truss_gradient(x):
    d = x[BARS[:, 1]] - x[BARS[:, 0]]
    force = 5.0 * (np.sum(d**2, axis=1) - REST**2) / (2 * REST**2)
    pull, g = (force / REST)[:, None] * d, np.zeros_like(x)
    np.add.at(g, BARS[:, 1], pull)
    np.add.at(g, BARS[:, 0], -pull)
    return g


def mp_truss(x):
    d, rest = x[BARS[:, 1]] - x[BARS[:, 0]], mp.lift(REST)
    strain = ((d * d).sum(axis=1) - rest**2) / (2 * rest**2)
    return (rest * (5 * strain**2 / 2 + mp.lift(TENSION) * strain)).sum()


wrong("fresh_truss_tension_forgotten", "gradient", truss, truss_gradient, NODES,
      "The normal force lacks the prestress (ONSAS #26).", Reference(mp_truss))  # fmt: skip

# densities that are smoothed, some of them behind obstacles
NEAR = np.maximum(2.0 - np.abs(np.subtract.outer(np.arange(6), np.arange(6))), 0.0)
FREE, DENSITIES = np.array([1.0, 1, 0, 1, 0, 1]), rng.uniform(0.2, 0.9, 6)


def material(x):
    physical = NEAR @ x / NEAR.sum(axis=1)
    return np.sum(FREE * physical**3)


def material_gradient(x, masked_first=True):
    totals = NEAR.sum(axis=1)
    d = 3 * (NEAR @ x / totals) ** 2
    return NEAR.T @ (FREE * d / totals) if masked_first else FREE * (NEAR.T @ (d / totals))


def mp_material(x):
    near = mp.lift(NEAR)
    return (mp.lift(FREE) * (near @ x / near.sum(axis=1)) ** 3).sum()


right("fresh_material", "gradient", material, material_gradient, DENSITIES, "Obstacles first, then the filter.",
      Reference(mp_material))  # fmt: skip
wrong("fresh_material_obstacles_last", "gradient", material, lambda x: material_gradient(x, masked_first=False),
      DENSITIES, "Obstacles are cut out after the filter's transpose, not before (PyTopo3D #31).",
      Reference(mp_material))  # fmt: skip

# a load on bars in a row
LOAD, LEVER, BAR_SHARES = np.array([0.2, -0.3, 1.0]), np.array([0.0, 1.0, 0.4]), np.array([0.9, 0.6, 0.75])
LINKS = np.array([[1.0, 0, 0], [-1, 1, 0], [0, -1, 1]])


def sag(x):
    stiff = LINKS.T @ ((0.1 + 0.9 * x**3)[:, None] * LINKS)
    u = np.linalg.solve(stiff, LOAD)
    return LEVER @ u + 0.3 * np.sum(x**2)


def sag_gradient(x):
    stiff = LINKS.T @ ((0.1 + 0.9 * x**3)[:, None] * LINKS)
    u, adjoint = np.linalg.solve(stiff, LOAD), np.linalg.solve(stiff.T, LEVER)
    return 2.7 * x**2 * (LINKS @ adjoint) * (LINKS @ u) + 0.6 * x


def mp_sag(x):
    links = mp.lift(LINKS)
    stiff = links.T @ ((mpf(0.1) + mpf(0.9) * x**3)[:, None] * links)
    return mp.lift(LEVER) @ mp.solve(stiff, mp.lift(LOAD)) + mpf(0.3) * (x * x).sum()


wrong("fresh_sag_adjoint_sign", "gradient", sag, sag_gradient, BAR_SHARES,
      "The adjoint's minus is forgotten: a stiffer bar would sag more (homework on structures).",
      Reference(mp_sag))  # fmt: skip

# the width of a beam of light
BEAM = (np.array([0.5, 0.8, 1.1]), np.array([1.0, 2.5, -0.7]))


def beam(waist, z):
    rayleigh = np.pi * waist**2 / 1.3
    return waist * np.sqrt(1 + (z / rayleigh) ** 2)


def beam_backward(c, waist, z, spread=1.0):
    rayleigh = np.pi * waist**2 / 1.3
    root = np.sqrt(1 + (z / rayleigh) ** 2)
    return c * (root - spread * 2 * (z / rayleigh) ** 2 / root), c * waist * z / rayleigh**2 / root


def mp_beam(waist, z):
    return waist * mp.sqrt(1 + (z * mpf(1.3) / (mpf(np.pi) * waist**2)) ** 2)


right("fresh_beam", "vjp", beam, beam_backward, BEAM, "A narrow waist spreads.", Reference(mp_beam))
wrong("fresh_beam_range_held", "vjp", beam, lambda c, *a: beam_backward(c, *a, spread=0.0), BEAM,
      "Rayleigh's range is taken for a constant (homework on optics).", Reference(mp_beam))  # fmt: skip
