"""Epidemics, reactions, light, the Earth's shape and contacts with one mistake each: the fifth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("further nature")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6104)

# an epidemic with a latent time
SEIR = np.array([0.9, 0.3, 0.2])


def latent(p):
    beta, sigma, gamma = p
    s, e, i = 0.95, 0.03, 0.02
    for _ in range(4):
        new = beta * s * i
        s, e, i = s - new, e + new - sigma * e, i + sigma * e - gamma * i
    return i


def latent_gradient(p, out_of_e=1.0, depleted=1.0, both=1.0):
    beta, sigma, gamma = p
    s, e, i = 0.95, 0.03, 0.02
    ds, de, di = np.zeros(3), np.zeros(3), np.zeros(3)
    for _ in range(4):
        new = beta * s * i
        dnew = np.array([s * i, 0, 0]) + beta * (both * ds * i + s * di)
        dout = np.array([0, e, 0]) + sigma * de
        dheal = np.array([0, 0, i]) + gamma * di
        ds, de, di = ds - depleted * dnew, de + dnew - out_of_e * dout, di + dout - dheal
        s, e, i = s - new, e + new - sigma * e, i + sigma * e - gamma * i
    return di


T = retold(latent)
right("further_latent", "gradient", latent, latent_gradient, (SEIR,), "All flows.", T)
wrong("further_latent_exposed_keep", "gradient", latent, lambda p: latent_gradient(p, out_of_e=0.0), (SEIR,),
      "The exposed do not lose what becomes infectious.", T)  # fmt: skip
wrong("further_latent_susceptible_held", "gradient", latent, lambda p: latent_gradient(p, both=0.0), (SEIR,),
      "The susceptible are taken for given where they are infected.", T)  # fmt: skip

# a reaction that heat speeds up
HEAT = (np.array([290.0, 310.0, 335.0]), np.array(45.0))


def arrhenius(t, energy):
    rate = 1e4 * np.exp(-energy / (0.008314 * t))
    return rate / (1 + rate)


def arrhenius_backward(c, t, energy, square=2, saturates=True, gas=0.008314):
    rate = 1e4 * np.exp(-energy / (0.008314 * t))
    d = c * rate / (1 + rate) ** 2 if saturates else c * rate / (1 + rate)
    return d * energy / (gas * t**square), np.array(-np.sum(d / (gas * t)))


T = retold(arrhenius)
right("further_arrhenius", "vjp", arrhenius, arrhenius_backward, HEAT, "E/(R T^2).", T)
wrong("further_arrhenius_heat_once", "vjp", arrhenius, lambda c, *a: arrhenius_backward(c, *a, square=1), HEAT,
      "E/(R T) where E/(R T^2) is due.", T)  # fmt: skip
wrong("further_arrhenius_total_held", "vjp", arrhenius, lambda c, *a: arrhenius_backward(c, *a, saturates=False), HEAT,
      "The denominator 1 + rate is taken for given.", T)  # fmt: skip
wrong("further_arrhenius_gas_constant", "vjp", arrhenius, lambda c, *a: arrhenius_backward(c, *a, gas=0.0083), HEAT,
      "R as 0.0083.", T)  # fmt: skip

# light at a surface
BEAM = (np.array([0.3, 0.7, 1.0]), np.array(1.52))


def reflected(angle, n):
    inside = np.sqrt(1 - (np.sin(angle) / n) ** 2)
    r = (np.cos(angle) - n * inside) / (np.cos(angle) + n * inside)
    return r**2


def reflected_backward(c, angle, n, refracted=1.0, minus=-1.0, squares=2.0):
    cos, sin = np.cos(angle), np.sin(angle)
    inside = np.sqrt(1 - (sin / n) ** 2)
    total = cos + n * inside
    dr = c * squares * (cos - n * inside) / total
    dcos, dm = dr * 2 * n * inside / total**2, -dr * 2 * cos / total**2
    dinside = refracted * dm * n
    dangle = dcos * minus * sin - dinside * sin * cos / n**2 / inside
    return dangle, np.array(np.sum(dm * inside + dinside * sin**2 / n**3 / inside))


T = retold(reflected)
right("further_reflected", "vjp", reflected, reflected_backward, BEAM, "By Snell's law.", T)
wrong("further_reflected_refraction_held", "vjp", reflected, lambda c, *a: reflected_backward(c, *a, refracted=0.0),
      BEAM, "The angle inside is taken for given.", T)  # fmt: skip
wrong("further_reflected_plus_sine", "vjp", reflected, lambda c, *a: reflected_backward(c, *a, minus=1.0), BEAM,
      "cos' = sin.", T)  # fmt: skip
wrong("further_reflected_amplitude_once", "vjp", reflected, lambda c, *a: reflected_backward(c, *a, squares=1.0), BEAM,
      "The 2 of the square is forgotten.", T)  # fmt: skip

# a train of lenses
LENSES = np.array([0.5, -0.8, 0.4])


def train(f):
    ray = np.array([0.1, 0.02])
    for k in range(3):
        lens = (
            np.array([[1.0, 0.0], [-1.0, 0.0]])
            + np.array([[0.0, 0.0], [1.0, 0.0]]) * (1 - 1 / f[k])
            + np.array([[0.0, 0.0], [0.0, 1.0]])
        )
        ray = np.array([[1.0, 0.3], [0.0, 1.0]]) @ (lens @ ray)
    return ray


def train_backward(c, f, turned=True, square=2):
    gap, rays = np.array([[1.0, 0.3], [0.0, 1.0]]), [np.array([0.1, 0.02])]
    for k in range(3):
        rays.append(gap @ np.array([[1.0, 0.0], [-1 / f[k], 1.0]]) @ rays[-1])
    d, df = c, np.zeros(3)
    for k in range(2, -1, -1):
        d = (gap.T if turned else gap) @ d
        df[k] = d[1] * rays[k][0] / f[k] ** square
        d = np.array([[1.0, 0.0], [-1 / f[k], 1.0]]).T @ d
    return df


T = retold(train)
right("further_train", "vjp", train, train_backward, (LENSES,), "Backwards through gaps and lenses.", T)
wrong("further_train_gaps_unturned", "vjp", train, lambda c, f: train_backward(c, f, turned=False), (LENSES,),
      "The gaps' matrix is not transposed.", T)  # fmt: skip
wrong("further_train_power_once", "vjp", train, lambda c, f: train_backward(c, f, square=1), (LENSES,),
      "1/f for 1/f^2.", T)  # fmt: skip

# gravity by latitude
LATITUDES = np.array([0.2, 0.7, 1.1])


def gravity(b):
    s = np.sin(b) ** 2
    return 9.78 * (1 + 0.3 * s) / np.sqrt(1 - 0.2 * s)


def gravity_backward(c, b, root=1.0, inner=True, half=0.5):
    s = np.sin(b) ** 2
    below = 1 - 0.2 * s
    ds = c * 9.78 * (0.3 / np.sqrt(below) + root * half * 0.2 * (1 + 0.3 * s) / below**1.5)
    return ds * (2 * np.sin(b) * np.cos(b) if inner else 2 * np.sin(b))


T = retold(gravity)
right("further_gravity", "vjp", gravity, gravity_backward, (LATITUDES,), "Above and below.", T)
wrong("further_gravity_root_held", "vjp", gravity, lambda c, b: gravity_backward(c, b, root=0.0), (LATITUDES,),
      "The root below is taken for given.", T)  # fmt: skip
wrong("further_gravity_without_cosine", "vjp", gravity, lambda c, b: gravity_backward(c, b, inner=False), (LATITUDES,),
      "2 sin for 2 sin cos.", T)  # fmt: skip
wrong("further_gravity_half_forgotten", "vjp", gravity, lambda c, b: gravity_backward(c, b, half=1.0), (LATITUDES,),
      "The 1/2 of the root is forgotten.", T)  # fmt: skip

# events that excite others
EVENTS, HAWKES = np.array([0.4, 0.9, 1.3, 2.6, 3.1]), np.array([0.6, 0.5, 1.4])


def excited(p):
    mu, alpha, beta = p
    a, total = 0.0, np.log(mu)
    for k in range(1, 5):
        a = np.exp(-beta * (EVENTS[k] - EVENTS[k - 1])) * (1 + a)
        total = total + np.log(mu + alpha * a)
    return total - 4 * mu - alpha / beta * np.sum(1 - np.exp(-beta * (4 - EVENTS)))


def excited_gradient(p, compensated=1.0, recursive=1.0, whole=1.0):
    mu, alpha, beta = p
    a, da, g = 0.0, 0.0, np.array([1 / mu, 0.0, 0.0])
    for k in range(1, 5):
        gap = EVENTS[k] - EVENTS[k - 1]
        e = np.exp(-beta * gap)
        a, da = e * (1 + a), -gap * e * (1 + a) + recursive * e * da
        g = g + np.array([1.0, a, alpha * da]) / (mu + alpha * a)
    rest = 4 - EVENTS
    gone = np.sum(1 - np.exp(-beta * rest))
    slope = -gone / beta**2 + whole * np.sum(rest * np.exp(-beta * rest)) / beta
    return g - compensated * np.array([4.0, gone / beta, alpha * slope])


T = retold(excited)
right("further_excited", "gradient", excited, excited_gradient, (HAWKES,), "With the compensator.", T)
wrong("further_excited_uncompensated", "gradient", excited, lambda p: excited_gradient(p, compensated=0.0), (HAWKES,),
      "The compensator is left out.", T)  # fmt: skip
wrong("further_excited_last_gap", "gradient", excited, lambda p: excited_gradient(p, recursive=0.0), (HAWKES,),
      "The decay over the last gap alone.", T)  # fmt: skip
wrong("further_excited_kernel_held", "gradient", excited, lambda p: excited_gradient(p, whole=0.0), (HAWKES,),
      "The exponential in the compensator is taken for given.", T)  # fmt: skip

# a variogram
LAGS, SEEN, VARIOGRAM = np.array([0.5, 1.5, 2.5, 4.0]), np.array([0.5, 0.9, 1.2, 1.6]), np.array([0.2, 1.1, 3.0])


def variogram(p):
    nugget, sill, reach = p
    u = LAGS / reach
    model = nugget + sill * np.where(u < 1, 1.5 * u - 0.5 * u**3, 1.0)
    return np.sum((model - SEEN) ** 2)


def variogram_gradient(p, ends=True, cube=3.0, twice=2.0):
    nugget, sill, reach = p
    u = LAGS / reach
    shape = np.where(u < 1, 1.5 * u - 0.5 * u**3, 1.0)
    d = twice * (nugget + sill * shape - SEEN)
    slope = 1.5 - 0.5 * cube * u**2
    slope = np.where(u < 1, slope, 0.0) if ends else slope
    return np.array([d.sum(), d @ shape, -np.sum(d * sill * slope * u) / reach])


T = retold(variogram)
right("further_variogram", "gradient", variogram, variogram_gradient, (VARIOGRAM,), "Flat beyond the range.", T)
wrong("further_variogram_beyond_its_range", "gradient", variogram, lambda p: variogram_gradient(p, ends=False),
      (VARIOGRAM,), "The slope goes on beyond the range.", T)  # fmt: skip
wrong("further_variogram_cube_once", "gradient", variogram, lambda p: variogram_gradient(p, cube=1.0), (VARIOGRAM,),
      "The 3 of the cube is forgotten.", T)  # fmt: skip

# likeness of neighbours
WEIGHTS = np.array([[0.0, 1, 0.5, 0], [0.2, 0, 1, 0], [0, 1, 0, 0.7], [0.4, 0, 0, 0]])
REGIONS = np.array([1.2, 0.4, 2.1, -0.6])


def moran(x):
    z = x - np.mean(x)
    return z @ WEIGHTS @ z / np.sum(z**2)


def moran_gradient(x, both=True, below=2.0, centred=True):
    z = x - x.mean()
    s = z @ z
    d = (((WEIGHTS + WEIGHTS.T) if both else 2 * WEIGHTS) @ z - below * z * (z @ WEIGHTS @ z) / s) / s
    return d - d.mean() if centred else d


T = retold(moran)
right("further_moran", "gradient", moran, moran_gradient, (REGIONS,), "Both sides of the weights.", T)
wrong("further_moran_taken_for_symmetric", "gradient", moran, lambda x: moran_gradient(x, both=False), (REGIONS,),
      "2 W z for (W + W^T) z.", T)  # fmt: skip
wrong("further_moran_spread_held", "gradient", moran, lambda x: moran_gradient(x, below=0.0), (REGIONS,),
      "The sum of squares is taken for given.", T)  # fmt: skip
wrong("further_moran_mean_held", "gradient", moran, lambda x: moran_gradient(x, centred=False), (REGIONS,),
      "The mean is taken for given.", T)  # fmt: skip

# spheres that touch
GAPS = (np.array([0.3, -0.2, 0.7, 0.1]), np.array(2.0))


def contact(d, stiffness):
    pressed = np.maximum(d, 0)
    return stiffness * pressed**1.5


def contact_backward(c, d, stiffness, power=1.5, root=True):
    p = np.maximum(d, 0)
    return c * stiffness * power * (np.sqrt(p) if root else p**1.5), np.array(c @ p**1.5)


T = retold(contact)
right("further_contact", "vjp", contact, contact_backward, GAPS, "Hertz's law.", T)
wrong("further_contact_exponent_forgotten", "vjp", contact, lambda c, *a: contact_backward(c, *a, power=1.0), GAPS,
      "The factor 3/2 is forgotten.", T)  # fmt: skip
wrong("further_contact_exponent_kept", "vjp", contact, lambda c, *a: contact_backward(c, *a, root=False), GAPS,
      "The exponent is not lowered.", T)  # fmt: skip

# a field that is flattened at the poles
SATELLITE = np.array([0.9, -0.6, 0.8])


def flattened(x):
    r2 = np.sum(x**2)
    bulge = 0.1 / r2 * (1 - 3 * x[2] ** 2 / r2)
    return (1 + bulge) / np.sqrt(r2)


def flattened_gradient(x, polar=1.0, inner=1.0):
    r2 = x @ x
    r, z2 = np.sqrt(r2), x[2] ** 2
    bulge = 0.1 / r2 * (1 - 3 * z2 / r2)
    dr2 = -0.5 * (1 + bulge) / r**3 + (-bulge / r2 + inner * 0.1 / r2 * 3 * z2 / r2**2) / r
    g = 2 * x * dr2
    g[2] -= polar * 0.1 / r2 * 6 * x[2] / r2 / r
    return g


T = retold(flattened)
right("further_flattened", "gradient", flattened, flattened_gradient, (SATELLITE,), "J2 in full.", T)
wrong("further_flattened_height_held", "gradient", flattened, lambda x: flattened_gradient(x, polar=0.0), (SATELLITE,),
      "z of the bulge is taken for given.", T)  # fmt: skip
wrong("further_flattened_inner_radius_held", "gradient", flattened, lambda x: flattened_gradient(x, inner=0.0),
      (SATELLITE,), "The radius in z^2/r^2 is taken for given.", T)  # fmt: skip

# leaves in the light
LIGHT, LEAF = np.array([0.2, 0.8, 1.6, 3.0]), np.array([0.6, 1.2, 0.7])


def leaf(p):
    slope, most, bend = p
    sum_ = slope * LIGHT + most
    root = np.sqrt(sum_**2 - 4 * bend * slope * most * LIGHT)
    return (sum_ - root) / (2 * bend)


def leaf_backward(c, p, rooted=1.0, below=1.0, half=0.5):
    slope, most, bend = p
    s = slope * LIGHT + most
    root = np.sqrt(s**2 - 4 * bend * slope * most * LIGHT)
    d = c / (2 * bend)
    dq = -rooted * d * half / root
    ds = d + dq * 2 * s
    dslope = ds @ LIGHT - dq @ (4 * bend * most * LIGHT)
    dmost = ds.sum() - dq @ (4 * bend * slope * LIGHT)
    dbend = -dq @ (4 * slope * most * LIGHT) - below * np.sum(d * (s - root)) / bend
    return np.array([dslope, dmost, dbend])


T = retold(leaf)
right("further_leaf", "vjp", leaf, leaf_backward, (LEAF,), "By the root and below.", T)
wrong("further_leaf_root_held", "vjp", leaf, lambda c, p: leaf_backward(c, p, rooted=0.0), (LEAF,),
      "The root is taken for given.", T)  # fmt: skip
wrong("further_leaf_bend_below_held", "vjp", leaf, lambda c, p: leaf_backward(c, p, below=0.0), (LEAF,),
      "The bend in the denominator is taken for given.", T)  # fmt: skip
wrong("further_leaf_half_forgotten", "vjp", leaf, lambda c, p: leaf_backward(c, p, half=1.0), (LEAF,),
      "The 1/2 of the root is forgotten.", T)  # fmt: skip
