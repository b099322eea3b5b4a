"""Stars, rivers, bodies, sounds, colours and arms with one mistake each: the fourth held-out set."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("unmet nature")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5501)
mpf, mpm = mp.mpf, mp.mpmath

# how fast a star moves towards us while a planet goes around it
ANOMALIES, ORBIT = np.array([0.3, 1.7, 2.9, 4.4]), np.array([12.0, 0.35, 0.8])


def velocities(p):
    amplitude, e, w = p
    return amplitude * (np.cos(ANOMALIES + w) + e * np.cos(w))


def velocities_backward(c, p, centre=1.0):
    amplitude, e, w = p
    by_amplitude = c @ (np.cos(ANOMALIES + w) + e * np.cos(w))
    by_w = -amplitude * (c @ (np.sin(ANOMALIES + w) + centre * e * np.sin(w)))
    return np.array([by_amplitude, amplitude * np.cos(w) * c.sum(), by_w])


def mp_velocities(p):
    return p[0] * (mp.cos(mp.lift(ANOMALIES) + p[2]) + p[1] * mpm.cos(p[2]))


right("unmet_velocities", "vjp", velocities, velocities_backward, ORBIT, "Both cosines move.", Reference(mp_velocities))
wrong("unmet_velocities_offset_held", "vjp", velocities, lambda c, p: velocities_backward(c, p, centre=0.0), ORBIT,
      "The angle in e cos(w) is forgotten.", Reference(mp_velocities))  # fmt: skip

# the eccentric anomaly by Newton's method
KEPLER = (np.array([0.4, 1.9, 3.6]), np.array([0.2, 0.55, 0.3]))


def eccentric(mean, e):
    anomaly = mean
    for _ in range(12):
        anomaly = anomaly - (anomaly - e * np.sin(anomaly) - mean) / (1 - e * np.cos(anomaly))
    return anomaly


def eccentric_backward(c, mean, e, sign=-1.0):
    anomaly = eccentric(mean, e)
    d = c / (1 + sign * e * np.cos(anomaly))
    return d, d * np.sin(anomaly)


def mp_eccentric(mean, e):
    anomaly = mean
    for _ in range(12):
        anomaly = anomaly - (anomaly - e * mp.sin(anomaly) - mean) / (1 - e * mp.cos(anomaly))
    return anomaly


right("unmet_eccentric", "vjp", eccentric, eccentric_backward, KEPLER, "The theorem of the implicit function.",
      Reference(mp_eccentric))  # fmt: skip
wrong("unmet_eccentric_slope_plus", "vjp", eccentric, lambda c, *a: eccentric_backward(c, *a, sign=1.0), KEPLER,
      "1 + e cos(E) for 1 - e cos(E).", Reference(mp_eccentric))  # fmt: skip

# brightness of stars
FLUXES, SEEN, ERRORS = np.array([0.9, 2.3, 5.1, 0.4]), np.array([0.3, -1.1, -1.5, 1.2]), np.array([0.1, 0.2, 0.15, 0.3])


def magnitudes_cost(flux):
    m = -2.5 * np.log10(flux)
    z = (m - SEEN) / ERRORS
    return 0.5 * np.sum(z**2)


def magnitudes_cost_gradient(flux, base=10.0):
    z = (-2.5 * np.log10(flux) - SEEN) / ERRORS
    return -2.5 / (np.log(base) * flux) * z / ERRORS


def mp_magnitudes_cost(flux):
    z = (-2.5 * mp.log(flux) / mpm.log(10) - mp.lift(SEEN)) / mp.lift(ERRORS)
    return (z * z).sum() / 2


right("unmet_magnitudes", "gradient", magnitudes_cost, magnitudes_cost_gradient, FLUXES, "Over ln 10.",
      Reference(mp_magnitudes_cost))  # fmt: skip
wrong("unmet_magnitudes_natural_log", "gradient", magnitudes_cost, lambda x: magnitudes_cost_gradient(x, np.e), FLUXES,
      "log10 is derived as if it were ln.", Reference(mp_magnitudes_cost))  # fmt: skip
wrong("unmet_magnitudes_error_once", "gradient", magnitudes_cost, lambda x: magnitudes_cost_gradient(x) * ERRORS,
      FLUXES, "The inner 1/sigma of a residual that was divided by it is forgotten.",
      Reference(mp_magnitudes_cost))  # fmt: skip

# light of a galaxy by the distance from its centre
RADII, GALAXY = np.array([0.4, 1.0, 2.2, 3.7]), np.array([1.5, 1.3, 2.4])


def galaxy(p):
    bright, size, n = p
    u = (RADII / size) ** (1 / n)
    return bright * np.exp(-1.7 * (u - 1))


def galaxy_backward_by_n(c, p):
    bright, size, n = p
    u = (RADII / size) ** (1 / n)
    shape = np.exp(-1.7 * (u - 1))
    d = -1.7 * c * bright * shape
    return np.array([c @ shape, -(d @ u) / (n * size), -(d @ (u * np.log(RADII / size))) / n])


def mp_galaxy(p):
    return p[0] * mp.exp(-1.7 * (mp.exp(mp.log(mp.lift(RADII) / p[1]) / p[2]) - 1))


wrong("unmet_galaxy_index_once", "vjp", galaxy, galaxy_backward_by_n, GALAXY,
      "The slope of 1/n is taken for -1/n, not -1/n^2.", Reference(mp_galaxy))  # fmt: skip

# a cantilever of rectangular section
BEAM_AT, CANTILEVER = np.array([0.3, 0.8, 1.1]), (np.array(0.24), np.array(1.6))


def deflection(h, length):
    inertia = 0.2 * h**3 / 12
    return 0.05 * BEAM_AT**2 * (3 * length - BEAM_AT) / (6 * inertia)


def deflection_backward(c, h, length, order=3):
    inertia = 0.2 * h**3 / 12
    w = 0.05 * BEAM_AT**2 * (3 * length - BEAM_AT) / (6 * inertia)
    return -order * (c @ w) / h, c @ (0.05 * BEAM_AT**2 * 3) / (6 * inertia)


def mp_deflection(h, length):
    x = mp.lift(BEAM_AT)
    return mpf(0.05) * x**2 * (3 * length - x) * 2 / (mpf(0.2) * h**3)


right("unmet_deflection", "vjp", deflection, deflection_backward, CANTILEVER, "The third power of the height.",
      Reference(mp_deflection))  # fmt: skip
wrong("unmet_deflection_square_of_height", "vjp", deflection, lambda c, *a: deflection_backward(c, *a, order=2),
      CANTILEVER, "The height's exponent is taken for 2.", Reference(mp_deflection))  # fmt: skip

# forces of a bar that is turned
STIFF, TURNED = np.array([[3.0, 0.4], [0.4, 0.5]]), (np.array(0.7), np.array([0.9, -0.4]))


def bar_force(theta, u):
    cs, sn = np.cos(theta), np.sin(theta)
    turn = np.array([[cs, sn], [-sn, cs]])
    return turn.T @ (STIFF @ (turn @ u))


def bar_force_backward(c, theta, u, second=1.0):
    cs, sn = np.cos(theta), np.sin(theta)
    turn, slope = np.array([[cs, sn], [-sn, cs]]), np.array([[-sn, cs], [-cs, -sn]])
    by_theta = second * (c @ slope.T @ STIFF @ turn @ u) + c @ turn.T @ STIFF @ slope @ u
    return by_theta, turn.T @ STIFF.T @ turn @ c


def mp_bar_force(theta, u):
    cs, sn = mp.cos(theta), mp.sin(theta)
    turn = np.array([[cs, sn], [-sn, cs]], dtype=object)
    return turn.T @ (mp.lift(STIFF) @ (turn @ u))


right(
    "unmet_bar_force", "vjp", bar_force, bar_force_backward, TURNED, "Turned there and back.", Reference(mp_bar_force)
)
wrong("unmet_bar_force_turned_once", "vjp", bar_force, lambda c, *a: bar_force_backward(c, *a, second=0.0), TURNED,
      "One half of the product rule: the turn back is held.", Reference(mp_bar_force))  # fmt: skip

# how much water a soil keeps
SUCTIONS, SOIL = np.array([0.5, 1.2, 3.0, 6.0]), (np.array(0.6), np.array(1.8))


def retention(a, n):
    m = 1 - 1 / n
    return (1 + (a * SUCTIONS) ** n) ** -m


def retention_backward(c, a, n, of_m=1.0):
    m, p = 1 - 1 / n, (a * SUCTIONS) ** n
    outer = -m * (1 + p) ** (-m - 1)
    by_m = -np.log(1 + p) * (1 + p) ** -m
    return c @ (outer * n * p / a), c @ (outer * p * np.log(a * SUCTIONS) + of_m * by_m / n**2)


def mp_retention(a, n):
    return mp.exp(-(1 - 1 / n) * mp.log(1 + mp.exp(n * mp.log(a * mp.lift(SUCTIONS)))))


right("unmet_retention", "vjp", retention, retention_backward, SOIL, "m goes with n.", Reference(mp_retention))
wrong("unmet_retention_m_held", "vjp", retention, lambda c, *a: retention_backward(c, *a, of_m=0.0), SOIL,
      "m = 1 - 1/n is taken for a constant.", Reference(mp_retention))  # fmt: skip

# a flood that runs down a river
FLOOD = (np.array([1.0, 2.7, 4.1, 2.2, 1.3]), np.array([0.15, 0.35, 0.5]))


def muskingum(inflow, k):
    out = np.zeros_like(inflow)
    out[0] = inflow[0]
    for t in range(len(inflow) - 1):
        out[t + 1] = k[0] * inflow[t + 1] + k[1] * inflow[t] + k[2] * out[t]
    return out


def muskingum_backward(c, inflow, k, forwards=False, shift=0):
    out, d = muskingum(inflow, k), c.copy()
    steps = range(len(inflow) - 1)
    din, dk = np.zeros_like(inflow), np.zeros_like(k)
    for t in steps if forwards else reversed(steps):
        din[t + 1] += k[0] * d[t + 1]
        din[t + shift] += k[1] * d[t + 1]
        d[t] += k[2] * d[t + 1]
        dk += d[t + 1] * np.array([inflow[t + 1], inflow[t], out[t]])
    din[0] += d[0]
    return din, dk


def mp_muskingum(inflow, k):
    out = [inflow[0]]
    for t in range(4):
        out.append(k[0] * inflow[t + 1] + k[1] * inflow[t] + k[2] * out[t])
    return np.array(out, dtype=object)


right("unmet_muskingum", "vjp", muskingum, muskingum_backward, FLOOD, "Backwards in time.", Reference(mp_muskingum))
wrong("unmet_muskingum_forwards", "vjp", muskingum, lambda c, *a: muskingum_backward(c, *a, forwards=True), FLOOD,
      "The adjoint's loop runs forwards in time, so that it reaches one step.", Reference(mp_muskingum))  # fmt: skip
wrong("unmet_muskingum_one_later", "vjp", muskingum, lambda c, *a: muskingum_backward(c, *a, shift=1), FLOOD,
      "The share of the inflow before is put to the inflow after.", Reference(mp_muskingum))  # fmt: skip

# the discharge of a channel
CHANNEL = (np.array([0.8, 1.4]), np.array([3.0, 2.1]))


def manning(depth, width):
    area = depth * width
    radius = area / (width + 2 * depth)
    return area * radius ** (2 / 3) * 0.11 / 0.03


def manning_backward(c, depth, width, wetted=2.0):
    area, wet = depth * width, width + 2 * depth
    q = c * area * (area / wet) ** (2 / 3) * 0.11 / 0.03
    return q * (5 / 3 / depth - 2 / 3 * wetted / wet), q * (5 / 3 / width - 2 / 3 / wet)


def mp_manning(depth, width):
    area = depth * width
    return area * mp.power(area / (width + 2 * depth), mpf(2 / 3)) * mpf(0.11) / mpf(0.03)


wrong("unmet_manning_one_bank", "vjp", manning, lambda c, *a: manning_backward(c, *a, wetted=1.0), CHANNEL,
      "The depth wets two banks, one is counted.", Reference(mp_manning))  # fmt: skip
wrong("unmet_manning_exchanged", "vjp", manning, lambda c, *a: manning_backward(c, *a)[::-1], CHANNEL,
      "Depth and width in the other order.", Reference(mp_manning))  # fmt: skip
