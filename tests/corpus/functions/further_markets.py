"""Prices, curves, power and prices of power with one mistake each: the fifth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("further markets")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6102)

# a smile (github.com/attack68/rateslib/pull/717)
SMILE, STRIKES = np.array([0.3, -0.25, 0.6]), np.array([0.7, 0.9, 1.2])


def smile(p):
    alpha, rho, nu = p
    z = nu / alpha * (1 - STRIKES)
    root = np.sqrt(1 - 2 * rho * z + z**2)
    x = np.log((root + z - rho) / (1 - rho))
    return alpha * z / x


def smile_backward(c, p, by_alpha=True, below=True, root_half=1.0):
    alpha, rho, nu = p
    z = nu / alpha * (1 - STRIKES)
    root = np.sqrt(1 - 2 * rho * z + z**2)
    x = np.log((root + z - rho) / (1 - rho))
    dx_dz = (root_half * (z - rho) / root + 1) / (root + z - rho)
    dz = c * alpha * (1 / x - z / x**2 * dx_dz)
    dx_drho = (-root_half * z / root - 1) / (root + z - rho) + (1 / (1 - rho) if below else 0.0)
    dalpha = c @ (z / x) - (dz @ z / alpha if by_alpha else 0.0)
    return np.array([dalpha, -np.sum(c * alpha * z / x**2 * dx_drho), dz @ z / nu])


T = retold(smile)
right("further_smile", "vjp", smile, smile_backward, (SMILE,), "As in Hagan's formula.", T)
wrong("further_smile_alpha_outside", "vjp", smile, lambda c, p: smile_backward(c, p, by_alpha=False), (SMILE,),
      "z does not follow alpha.", T)  # fmt: skip
wrong("further_smile_rho_above_alone", "vjp", smile, lambda c, p: smile_backward(c, p, below=False), (SMILE,),
      "The rho of the denominator is forgotten.", T)  # fmt: skip
wrong("further_smile_root_doubled", "vjp", smile, lambda c, p: smile_backward(c, p, root_half=2.0), (SMILE,),
      "The 1/2 of the root is forgotten.", T)  # fmt: skip

# a curve of four numbers
TERMS, CURVE = np.array([0.5, 1.0, 3.0, 8.0]), np.array([0.03, -0.02, 0.04, 1.7])


def curve(p):
    level, slope, hump, tau = p
    decay = np.exp(-TERMS / tau)
    loading = (1 - decay) * tau / TERMS
    return level + slope * loading + hump * (loading - decay)


def curve_backward(c, p, humps=True, own_tau=True, square=2):
    _, slope, hump, tau = p
    decay = np.exp(-TERMS / tau)
    loading = (1 - decay) * tau / TERMS
    ddecay = decay * TERMS / tau**square
    dloading = (loading / tau if own_tau else 0.0) - ddecay * tau / TERMS
    dtau = c @ (slope * dloading + hump * dloading - (hump * ddecay if humps else 0.0))
    return np.array([c.sum(), c @ loading, c @ (loading - decay), dtau])


T = retold(curve)
right("further_curve", "vjp", curve, curve_backward, (CURVE,), "By tau in all places.", T)
wrong("further_curve_hump_decay_held", "vjp", curve, lambda c, p: curve_backward(c, p, humps=False), (CURVE,),
      "The decay that is taken off is held constant.", T)  # fmt: skip
wrong("further_curve_tau_inside_alone", "vjp", curve, lambda c, p: curve_backward(c, p, own_tau=False), (CURVE,),
      "The factor tau of the loading is forgotten.", T)  # fmt: skip
wrong("further_curve_tau_once", "vjp", curve, lambda c, p: curve_backward(c, p, square=1), (CURVE,),
      "-T/tau is derived as if by 1/tau once.", T)  # fmt: skip

# the rate of a swap
PERIODS, FORWARDS = np.array([0.5, 0.5, 1.0, 1.0]), np.array([0.02, 0.025, 0.03, 0.028])


def swap(f):
    discount = np.exp(-np.cumsum(f * PERIODS))
    annuity = np.sum(PERIODS * discount)
    return (1 - discount[-1]) / annuity


def swap_gradient(f, annuity_moves=True, backwards=True, lengths=True):
    d = np.exp(-np.cumsum(f * PERIODS))
    annuity = PERIODS @ d
    dd = -((1 - d[-1]) / annuity**2 * PERIODS if annuity_moves else 0.0 * PERIODS)
    dd[-1] -= 1 / annuity
    dlog = -d * dd
    run = np.cumsum(dlog[::-1])[::-1] if backwards else np.cumsum(dlog)
    return run * PERIODS if lengths else run


T = retold(swap)
right("further_swap", "gradient", swap, swap_gradient, (FORWARDS,), "Later factors depend on earlier rates.", T)
wrong("further_swap_annuity_held", "gradient", swap, lambda f: swap_gradient(f, annuity_moves=False), (FORWARDS,),
      "The annuity is taken for given.", T)  # fmt: skip
wrong("further_swap_summed_forwards", "gradient", swap, lambda f: swap_gradient(f, backwards=False), (FORWARDS,),
      "The running sum is not reversed.", T)  # fmt: skip
wrong("further_swap_without_lengths", "gradient", swap, lambda f: swap_gradient(f, lengths=False), (FORWARDS,),
      "The lengths of the periods are left out at the end.", T)  # fmt: skip

# a bond by a mean-reverting rate
VASICEK = np.array([0.6, 0.04, 0.1])


def bond(p):
    k, theta, s = p
    b = (1 - np.exp(-3 * k)) / k
    long = theta - s**2 / (2 * k**2)
    return long * (b - 3) - s**2 * b**2 / (4 * k) - b * 0.03


def bond_gradient(p, last=True, squares=2.0):
    k, theta, s = p
    e = np.exp(-3 * k)
    b = (1 - e) / k
    long = theta - s**2 / (2 * k**2)
    db = 3 * e / k - b / k
    dk = (
        s**2 / k**3 * (b - 3)
        + long * db
        - s**2 * b * db / (2 * k)
        + s**2 * b**2 / (4 * k**2)
        - (0.03 * db if last else 0.0)
    )
    ds = -squares * s * ((b - 3) / (2 * k**2) + b**2 / (4 * k))
    return np.array([dk, b - 3, ds])


T = retold(bond)
right("further_bond", "gradient", bond, bond_gradient, (VASICEK,), "By the speed in five places.", T)
wrong("further_bond_short_rate_term", "gradient", bond, lambda p: bond_gradient(p, last=False), (VASICEK,),
      "B in the term of the short rate is taken for given.", T)  # fmt: skip
wrong("further_bond_square_of_the_spread", "gradient", bond, lambda p: bond_gradient(p, squares=1.0), (VASICEK,),
      "The 2 of the squares is forgotten.", T)  # fmt: skip

# a moment of a stochastic volatility
HESTON = np.array([1.5, -0.4, 0.5])


def moment(p):
    kappa, rho, sigma = p
    beta = kappa - 0.5 * rho * sigma
    d = np.sqrt(beta**2 + 0.25 * sigma**2)
    g = (beta - d) / (beta + d)
    fade = np.exp(-2 * d)
    return (beta - d) / sigma**2 * (1 - fade) / (1 - g * fade)


def moment_gradient(p, share=True, square=True, fading=True):
    kappa, rho, sigma = p
    beta = kappa - 0.5 * rho * sigma
    d = np.sqrt(beta**2 + 0.25 * sigma**2)
    g, fade = (beta - d) / (beta + d), np.exp(-2 * d)
    value = (beta - d) / sigma**2 * (1 - fade) / (1 - g * fade)
    dbeta = np.array([1.0, -0.5 * sigma, -0.5 * rho])
    dd = (beta * dbeta + np.array([0.0, 0.0, 0.25 * sigma])) / d
    dg = 2 * (d * dbeta - beta * dd) / (beta + d) ** 2 if share else 0.0
    dfade = -2 * fade * dd if fading else 0.0
    relative = (dbeta - dd) / (beta - d) - dfade / (1 - fade) + (dg * fade + g * dfade) / (1 - g * fade)
    if square:
        relative = relative - np.array([0.0, 0.0, 2 / sigma])
    return value * relative


T = retold(moment)
right("further_moment", "gradient", moment, moment_gradient, (HESTON,), "By logarithmic derivatives.", T)
wrong("further_moment_ratio_held", "gradient", moment, lambda p: moment_gradient(p, share=False), (HESTON,),
      "g is taken for given.", T)  # fmt: skip
wrong("further_moment_variance_below_held", "gradient", moment, lambda p: moment_gradient(p, square=False), (HESTON,),
      "The sigma^2 of the denominator is taken for given.", T)  # fmt: skip
wrong("further_moment_fading_held", "gradient", moment, lambda p: moment_gradient(p, fading=False), (HESTON,),
      "exp(-d T) is taken for given.", T)  # fmt: skip

# a battery
POWER, LEAK = np.array([0.6, -0.4, 0.3, -0.7, 0.5]), np.array(0.9)
TARIFF = np.array([0.2, 0.5, 0.1, 0.6, 0.3])


def battery(p, eta):
    level, cost = 0.5, 0.0
    for t in range(5):
        flow = eta * p[t] if p[t] > 0 else p[t] / eta
        level = 0.98 * level + flow
        cost = cost + TARIFF[t] * p[t] + (level - 0.5) ** 2
    return cost


def battery_gradient(p, eta, discharge=True, leak=0.98, price=1.0):
    levels = [0.5]
    for t in range(5):
        levels.append(0.98 * levels[-1] + (eta * p[t] if p[t] > 0 else p[t] / eta))
    d, dp, deta = 0.0, price * TARIFF.copy(), 0.0
    for t in range(4, -1, -1):
        d = 2 * (levels[t + 1] - 0.5) + leak * d
        if p[t] > 0:
            dp[t] += d * eta
            deta += d * p[t]
        else:
            dp[t] += d / eta if discharge else d * eta
            deta -= d * p[t] / eta**2 if discharge else 0.0
    return dp, np.array(deta)


T = retold(battery)
CELL = (POWER, LEAK)
right("further_battery", "gradient", battery, battery_gradient, CELL, "Losses both ways.", T)
wrong("further_battery_charging_alone", "gradient", battery, lambda *a: battery_gradient(*a, discharge=False), CELL,
      "Discharging is treated as charging, and its losses as fixed.", T)  # fmt: skip
wrong("further_battery_no_memory", "gradient", battery, lambda *a: battery_gradient(*a, leak=0.0), CELL,
      "The level of one hour does not reach the next.", T)  # fmt: skip
wrong("further_battery_energy_free", "gradient", battery, lambda *a: battery_gradient(*a, price=0.0), CELL,
      "The cost of energy is left out.", T)  # fmt: skip

# losses in a network of lines
ENDS = np.array([[0, 1], [1, 2], [2, 3], [0, 3], [1, 3]])
INCIDENCE = np.zeros((5, 4))
INCIDENCE[np.arange(5), ENDS[:, 0]], INCIDENCE[np.arange(5), ENDS[:, 1]] = 1.0, -1.0
GRID, DEMAND = INCIDENCE[:, 1:], np.array([0.5, -0.8, 0.4])
LINES = np.array([2.0, 1.5, 3.0, 1.0, 2.5])


def losses(b):
    angles = np.linalg.solve(GRID.T @ (b[:, None] * GRID), DEMAND)
    flow = b * (GRID @ angles)
    return np.sum(flow**2 / b)


def losses_gradient(b, solved=True, resistance=True):
    system = GRID.T @ (b[:, None] * GRID)
    drop = GRID @ np.linalg.solve(system, DEMAND)
    flow = b * drop
    dflow = 2 * flow / b
    db = dflow * drop - (flow**2 / b**2 if resistance else 0.0)
    if solved:
        db = db - drop * (GRID @ np.linalg.solve(system, GRID.T @ (dflow * b)))
    return db


T = retold(losses)
right("further_losses", "gradient", losses, losses_gradient, (LINES,), "Angles follow the lines.", T)
wrong("further_losses_angles_held", "gradient", losses, lambda b: losses_gradient(b, solved=False), (LINES,),
      "The angles are taken for given.", T)  # fmt: skip
wrong("further_losses_resistance_held", "gradient", losses, lambda b: losses_gradient(b, resistance=False), (LINES,),
      "The resistance 1/b is taken for given.", T)  # fmt: skip

# growth of a portfolio
RETURNS, TILTS = rng.standard_normal((4, 3)) * 0.1, np.array([0.3, -0.5, 0.8])


def growth(z):
    e = np.exp(z)
    w = e / np.sum(e)
    return np.mean(np.log(1 + RETURNS @ w))


def growth_gradient(z, whole=True, wealth=True, mean=True):
    w = np.exp(z) / np.exp(z).sum()
    d = RETURNS.T @ (1 / (1 + RETURNS @ w) if wealth else np.ones(4))
    d = d / 4 if mean else d
    return w * (d - w @ d) if whole else w * (1 - w) * d


T = retold(growth)
right("further_growth", "gradient", growth, growth_gradient, (TILTS,), "Through the shares.", T)
wrong("further_growth_own_share", "gradient", growth, lambda z: growth_gradient(z, whole=False), (TILTS,),
      "w (1 - w) alone: the other shares are held.", T)  # fmt: skip
wrong("further_growth_as_if_linear", "gradient", growth, lambda z: growth_gradient(z, wealth=False), (TILTS,),
      "The logarithm's slope is forgotten.", T)  # fmt: skip
wrong("further_growth_of_all_days", "gradient", growth, lambda z: growth_gradient(z, mean=False), (TILTS,),
      "The sum over the days for their mean.", T)  # fmt: skip

# a turbine
WIND = (np.array([6.0, 8.5, 11.0]), np.array([1.1, 1.6, 1.9]))


def turbine(v, omega):
    ratio = 20 * omega / v
    share = 0.5 * (116 / ratio - 9) * np.exp(-12 / ratio)
    return share * v**3


def turbine_backward(c, v, omega, ratio_by_wind=True, cube=3, fading=True):
    ratio = 20 * omega / v
    e = np.exp(-12 / ratio)
    share = 0.5 * (116 / ratio - 9) * e
    dratio = c * v**3 * (-58 / ratio**2 * e + (share * 12 / ratio**2 if fading else 0.0))
    dv = c * share * cube * v**2
    return dv - (dratio * ratio / v if ratio_by_wind else 0.0), dratio * 20 / v


T = retold(turbine)
right("further_turbine", "vjp", turbine, turbine_backward, WIND, "The ratio of speeds follows the wind.", T)
wrong("further_turbine_ratio_held", "vjp", turbine, lambda c, *a: turbine_backward(c, *a, ratio_by_wind=False), WIND,
      "The ratio of speeds is fixed in the derivative by the wind.", T)  # fmt: skip
wrong("further_turbine_exponential_held", "vjp", turbine, lambda c, *a: turbine_backward(c, *a, fading=False), WIND,
      "The exponential is taken for given.", T)  # fmt: skip
wrong("further_turbine_square_of_wind", "vjp", turbine, lambda c, *a: turbine_backward(c, *a, cube=2), WIND,
      "2 v^2 for 3 v^2.", T)  # fmt: skip
