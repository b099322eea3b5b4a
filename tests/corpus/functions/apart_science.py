"""Arms, orbits, gases, pictures, curves, loans and bets with one mistake each: the ninth held-out set."""

import numpy as np

from ..edited import edited
from ..item import Category
from ..retold import retold

CATEGORY = Category("apart science")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(9302)


# an arm of two links that reaches for something
JOINTS, LINKS = np.array([0.4, -0.9]), np.array([1.1, 0.8])


def two_links(q, size):
    both = q[0] + q[1]
    tip_x = size[0] * np.cos(q[0]) + size[1] * np.cos(both)
    tip_y = size[0] * np.sin(q[0]) + size[1] * np.sin(both)
    return (tip_x - 0.5) ** 2 + (tip_y - 1.0) ** 2 + 0.1 * np.sum(q**2)


def two_links_gradient(q, size):
    both = q[0] + q[1]
    c, s = np.cos([q[0], both]), np.sin([q[0], both])
    dx, dy = 2 * (size @ c - 0.5), 2 * (size @ s - 1.0)
    dfirst = size[0] * (dy * c[0] - dx * s[0])
    dboth = size[1] * (dy * c[1] - dx * s[1])
    return np.array([dfirst + dboth, dboth]) + 0.2 * q, dx * c + dy * s


T = retold(two_links)
right("apart_two_links", "gradient", two_links, two_links_gradient, (JOINTS, LINKS),
      "A reach, and not too much bending.", T)  # fmt: skip
wrong("apart_two_links_first_joint_alone", "gradient", two_links, edited(two_links_gradient,
      ("np.array([dfirst + dboth, dboth])", "np.array([dfirst, dboth])")), (JOINTS, LINKS),
      "The first joint does not turn the second link.", T)  # fmt: skip
wrong("apart_two_links_cosine_plus", "gradient", two_links, edited(two_links_gradient,
      ("dfirst = size[0] * (dy * c[0] - dx * s[0])", "dfirst = size[0] * (dy * c[0] + dx * s[0])")),
      (JOINTS, LINKS), "The minus of the cosine's slope is lost for the first link.", T)  # fmt: skip
wrong("apart_two_links_bending_free", "gradient", two_links, edited(two_links_gradient,
      ("+ 0.2 * q,", ",")), (JOINTS, LINKS), "The cost of bending is forgotten.", T)  # fmt: skip
wrong("apart_two_links_reach_across", "gradient", two_links, edited(two_links_gradient,
      (", dx * c + dy * s", ", dx * c")), (JOINTS, LINKS),
      "The second coordinate is forgotten for the lengths.", T)  # fmt: skip

# places on an ellipse by two steps of Newton's
ELEMENTS, MOMENTS = np.array([1.3, 0.25]), np.array([0.4, 1.7, 2.9])


def ellipse(el, mean):
    e = el[1]
    E = mean
    for _ in range(2):
        E = E - (E - e * np.sin(E) - mean) / (1 - e * np.cos(E))
    return np.stack([el[0] * (np.cos(E) - e), el[0] * np.sqrt(1 - e**2) * np.sin(E)])


def ellipse_backward(c, el, mean):
    a, e = el
    Es = [mean]
    for _ in range(2):
        E = Es[-1]
        Es.append(E - (E - e * np.sin(E) - mean) / (1 - e * np.cos(E)))
    E, root = Es[-1], np.sqrt(1 - e**2)
    da = (c[0] * (np.cos(E) - e) + c[1] * root * np.sin(E)).sum()
    de = (-a * c[0]).sum() - (a * c[1] * np.sin(E)).sum() * e / root
    dE = a * (c[1] * root * np.cos(E) - c[0] * np.sin(E))
    dmean = np.zeros_like(mean)
    for E in Es[-2::-1]:
        miss, slope = E - e * np.sin(E) - mean, 1 - e * np.cos(E)
        dmean += dE / slope
        de += (dE * (np.sin(E) / slope - miss * np.cos(E) / slope**2)).sum()
        dE = dE * miss * e * np.sin(E) / slope**2
    return np.array([da, de]), dmean + dE


T = retold(ellipse)
right("apart_ellipse", "vjp", ellipse, ellipse_backward, (ELEMENTS, MOMENTS),
      "Two rounds of Newton from the mean anomaly.", T)  # fmt: skip
wrong("apart_ellipse_start_held", "vjp", ellipse, edited(ellipse_backward, ("dmean + dE", "dmean")),
      (ELEMENTS, MOMENTS), "The start of the rounds is taken for given.", T)  # fmt: skip
wrong("apart_ellipse_flattening_held", "vjp", ellipse, edited(ellipse_backward,
      ("- (a * c[1] * np.sin(E)).sum() * e / root", "")), (ELEMENTS, MOMENTS),
      "The root does not move with the eccentricity.", T)  # fmt: skip
wrong("apart_ellipse_slope_of_newton_held", "vjp", ellipse, edited(ellipse_backward,
      ("(np.sin(E) / slope - miss * np.cos(E) / slope**2)", "(np.sin(E) / slope)")), (ELEMENTS, MOMENTS),
      "The slope in Newton's step does not move with the eccentricity.", T)  # fmt: skip

# the pressure of a gas that is not ideal
VOLUMES, WARMTH = np.array([1.2, 1.8, 2.6]), np.array([3.0, 3.4, 4.1])


def real_gas(v, t):
    return 0.8 * t / (v - 0.2) - 1.5 / (np.sqrt(t) * v * (v + 0.2))


def real_gas_backward(c, v, t):
    far = np.sqrt(t) * v * (v + 0.2)
    dv = -0.8 * t / (v - 0.2) ** 2 + 1.5 / far**2 * np.sqrt(t) * (2 * v + 0.2)
    dt = 0.8 / (v - 0.2) + 0.75 / (far * t)
    return c * dv, c * dt


T = retold(real_gas)
right("apart_real_gas", "vjp", real_gas, real_gas_backward, (VOLUMES, WARMTH), "Redlich and Kwong's.", T)
wrong("apart_real_gas_attraction_of_the_volume", "vjp", real_gas, edited(real_gas_backward,
      ("+ 1.5 / far**2 * np.sqrt(t) * (2 * v + 0.2)", "")), (VOLUMES, WARMTH),
      "The attraction is taken for given by the volume.", T)  # fmt: skip
wrong("apart_real_gas_attraction_sign", "vjp", real_gas, edited(real_gas_backward,
      ("+ 0.75 / (far * t)", "- 0.75 / (far * t)")), (VOLUMES, WARMTH),
      "The attraction's temperature has the wrong sign.", T)  # fmt: skip
wrong("apart_real_gas_root_halved_twice", "vjp", real_gas, edited(real_gas_backward,
      ("+ 0.75 / (far * t)", "+ 1.5 / (far * t)")), (VOLUMES, WARMTH), "The root's 1/2 is forgotten.", T)  # fmt: skip
wrong("apart_real_gas_crowding_once", "vjp", real_gas, edited(real_gas_backward,
      ("-0.8 * t / (v - 0.2) ** 2", "-0.8 * t / (v - 0.2)")), (VOLUMES, WARMTH),
      "The square of what is left is forgotten.", T)  # fmt: skip

# a flow between two pictures
SLOPE_X, SLOPE_Y, CHANGED = rng.standard_normal((4, 4)), rng.standard_normal((4, 4)), rng.standard_normal((4, 4))
FLOW_X, FLOW_Y = rng.standard_normal((4, 4)), rng.standard_normal((4, 4))


def rough(u):
    down, across = u[1:] - u[:-1], u[:, 1:] - u[:, :-1]
    return np.sum(down**2) + np.sum(across**2)


def flowing_picture(u, v):
    kept = SLOPE_X * u + SLOPE_Y * v + CHANGED
    return np.sum(np.sqrt(kept**2 + 0.04)) + 0.3 * (rough(u) + rough(v))


def roughened(u):
    g = np.zeros_like(u)
    down, across = 2 * (u[1:] - u[:-1]), 2 * (u[:, 1:] - u[:, :-1])
    g[1:] += down
    g[:-1] -= down
    g[:, 1:] += across
    g[:, :-1] -= across
    return 0.3 * g


def flowing_picture_gradient(u, v):
    kept = SLOPE_X * u + SLOPE_Y * v + CHANGED
    dkept = kept / np.sqrt(kept**2 + 0.04)
    return SLOPE_X * dkept + roughened(u), SLOPE_Y * dkept + roughened(v)


T = retold(flowing_picture)
right("apart_flowing_picture", "gradient", flowing_picture, flowing_picture_gradient, (FLOW_X, FLOW_Y),
      "Brightness that stays, and a flow that is smooth.", T)  # fmt: skip
wrong("apart_flowing_picture_slopes_exchanged", "gradient", flowing_picture,
      edited(flowing_picture_gradient, ("SLOPE_Y * dkept", "SLOPE_X * dkept")), (FLOW_X, FLOW_Y),
      "Both flows have the first slope.", T)  # fmt: skip
wrong("apart_flowing_picture_second_flow_rough", "gradient", flowing_picture,
      edited(flowing_picture_gradient, ("dkept + roughened(v)", "dkept")), (FLOW_X, FLOW_Y),
      "The second flow need not be smooth.", T)  # fmt: skip
wrong("apart_flowing_picture_squares_for_roots", "gradient", flowing_picture,
      edited(flowing_picture_gradient, ("dkept = kept / np.sqrt(kept**2 + 0.04)", "dkept = kept")),
      (FLOW_X, FLOW_Y), "The root's denominator is forgotten.", T)  # fmt: skip
wrong("apart_flowing_picture_twice_the_root", "gradient", flowing_picture,
      edited(flowing_picture_gradient,
      ("dkept = kept / np.sqrt(kept**2 + 0.04)", "dkept = 2 * kept / np.sqrt(kept**2 + 0.04)")),
      (FLOW_X, FLOW_Y), "The root's 1/2 is forgotten.", T)  # fmt: skip

# a curve through its control points
HEIGHTS_OF_CURVE, SHARES = rng.standard_normal((6, 2)), np.array([0.2, 0.55, 0.8])
PIECES = np.array([0, 1, 2])


def through_points(p, t):
    a, b, c, d = p[PIECES], p[PIECES + 1], p[PIECES + 2], p[PIECES + 3]
    s = t[:, None]
    return 0.5 * (2 * b + (c - a) * s + (2 * a - 5 * b + 4 * c - d) * s**2 + (3 * b - 3 * c + d - a) * s**3)


def through_points_backward(g, p, t):
    s = t[:, None]
    a, b, c, d = p[PIECES], p[PIECES + 1], p[PIECES + 2], p[PIECES + 3]
    dp = np.zeros_like(p)
    np.add.at(dp, PIECES, 0.5 * g * (-s + 2 * s**2 - s**3))
    np.add.at(dp, PIECES + 1, 0.5 * g * (2 - 5 * s**2 + 3 * s**3))
    np.add.at(dp, PIECES + 2, 0.5 * g * (s + 4 * s**2 - 3 * s**3))
    np.add.at(dp, PIECES + 3, 0.5 * g * (s**3 - s**2))
    speed = 0.5 * (c - a + 2 * (2 * a - 5 * b + 4 * c - d) * s + 3 * (3 * b - 3 * c + d - a) * s**2)
    return dp, (g * speed).sum(axis=1)


T = retold(through_points)
right("apart_through_points", "vjp", through_points, through_points_backward, (HEIGHTS_OF_CURVE, SHARES),
      "Four points, weights in cubes of the share.", T)  # fmt: skip
wrong("apart_through_points_last_point_held", "vjp", through_points, edited(through_points_backward,
      ("np.add.at(dp, PIECES + 3, 0.5 * g * (s**3 - s**2))", "pass")), (HEIGHTS_OF_CURVE, SHARES),
      "The last of four points is taken for given.", T)  # fmt: skip
wrong("apart_through_points_square_once", "vjp", through_points, edited(through_points_backward,
      ("+ 2 * (2 * a - 5 * b", "+ (2 * a - 5 * b")), (HEIGHTS_OF_CURVE, SHARES),
      "The square's 2 is forgotten.", T)  # fmt: skip
wrong("apart_through_points_points_shifted", "vjp", through_points, edited(through_points_backward,
      ("np.add.at(dp, PIECES + 1, 0.5", "np.add.at(dp, PIECES + 2, 0.5"),
      ("np.add.at(dp, PIECES + 2, 0.5 * g * (s +", "np.add.at(dp, PIECES + 1, 0.5 * g * (s +")),
      (HEIGHTS_OF_CURVE, SHARES), "The second and the third point are exchanged.", T)  # fmt: skip

# a blurred row of pixels
NOISY_ROW, BLUR = rng.standard_normal(6), np.array([0.25, 0.5, 0.3])
TAKEN = rng.standard_normal(4)


def cleaned(x, k):
    blurred = k[0] * x[:-2] + k[1] * x[1:-1] + k[2] * x[2:]
    return np.sum((blurred - TAKEN) ** 2) + 0.2 * np.sum(np.sqrt((x[1:] - x[:-1]) ** 2 + 0.01))


def cleaned_gradient(x, k):
    d = 2 * (k[0] * x[:-2] + k[1] * x[1:-1] + k[2] * x[2:] - TAKEN)
    dx = np.zeros_like(x)
    dx[:-2] += k[0] * d
    dx[1:-1] += k[1] * d
    dx[2:] += k[2] * d
    step = x[1:] - x[:-1]
    pull = 0.2 * step / np.sqrt(step**2 + 0.01)
    dx[1:] += pull
    dx[:-1] -= pull
    return dx, np.array([d @ x[:-2], d @ x[1:-1], d @ x[2:]])


T = retold(cleaned)
right("apart_cleaned", "gradient", cleaned, cleaned_gradient, (NOISY_ROW, BLUR),
      "Blurred, compared, and held smooth.", T)  # fmt: skip
wrong("apart_cleaned_kernel_turned", "gradient", cleaned, edited(cleaned_gradient,
      ("dx[:-2] += k[0] * d", "dx[:-2] += k[2] * d"), ("dx[2:] += k[2] * d", "dx[2:] += k[0] * d")),
      (NOISY_ROW, BLUR), "The kernel is turned round on the way back.", T)  # fmt: skip
wrong("apart_cleaned_one_neighbour", "gradient", cleaned, edited(cleaned_gradient,
      ("dx[:-1] -= pull", "pass")), (NOISY_ROW, BLUR), "The pull on the left neighbour is forgotten.", T)  # fmt: skip
wrong("apart_cleaned_kernel_by_one_window", "gradient", cleaned, edited(cleaned_gradient,
      ("d @ x[1:-1], d @ x[2:]])", "d @ x[1:-1], d @ x[1:-1]])")), (NOISY_ROW, BLUR),
      "The last tap is given the middle window.", T)  # fmt: skip
wrong("apart_cleaned_steps_overwrite", "gradient", cleaned, edited(cleaned_gradient,
      ("dx[2:] += k[2] * d", "dx[2:] = k[2] * d")), (NOISY_ROW, BLUR),
      "The last tap's share is put over the others.", T)  # fmt: skip

# loans that are paid back in equal parts
RATES_OF_LOANS, SUMS = np.array([0.4, 0.6, 0.55]), np.array([2.0, 1.0, 3.0])


def paid_back(r, s):
    grown = (1 + r / 12) ** 36
    pay = s * (r / 12) * grown / (grown - 1)
    return np.sum(pay) + 0.5 * np.sum(pay**2)


def paid_back_gradient(r, s):
    grown = (1 + r / 12) ** 36
    part = r / 12 * grown / (grown - 1)
    dpay = 1 + s * part
    dgrown = 3 * (1 + r / 12) ** 35
    dr = grown / (12 * (grown - 1)) - r / 12 * dgrown / (grown - 1) ** 2
    return dpay * s * dr, dpay * part


T = retold(paid_back)
right("apart_paid_back", "gradient", paid_back, paid_back_gradient, (RATES_OF_LOANS, SUMS),
      "Payments by the formula of an annuity.", T)  # fmt: skip
wrong("apart_paid_back_growth_held", "gradient", paid_back, edited(paid_back_gradient,
      ("- r / 12 * dgrown / (grown - 1) ** 2", "")), (RATES_OF_LOANS, SUMS),
      "The growth is taken for given.", T)  # fmt: skip
wrong("apart_paid_back_months_forgotten", "gradient", paid_back, edited(paid_back_gradient,
      ("dgrown = 3 * (1", "dgrown = 36 * (1")), (RATES_OF_LOANS, SUMS), "The inner 1/12 is forgotten.", T)  # fmt: skip
wrong("apart_paid_back_power_kept", "gradient", paid_back, edited(paid_back_gradient,
      ("(1 + r / 12) ** 35", "(1 + r / 12) ** 36")), (RATES_OF_LOANS, SUMS),
      "The exponent is not lowered.", T)  # fmt: skip
wrong("apart_paid_back_squares_of_payments", "gradient", paid_back, edited(paid_back_gradient,
      ("dpay = 1 + s * part", "dpay = 1.0")), (RATES_OF_LOANS, SUMS), "The squares are forgotten.", T)  # fmt: skip

# how much to stake on several outcomes
CHANCES, PAYS = np.array([0.5, 0.3, 0.2]), np.array([[0.8, -1.0, 0.1], [-1.0, 2.0, 0.3], [-0.5, -0.6, 1.5]])
STAKES = np.array([0.15, 0.1, 0.2])


def staked(f):
    left = 1 + PAYS @ f
    return -CHANCES @ np.log(left) + 0.5 * np.sum(f) ** 2 + 0.1 * np.sum(np.exp(-10 * f))


def staked_gradient(f):
    left = 1 + PAYS @ f
    return -PAYS.T @ (CHANCES / left) + f.sum() - np.exp(-10 * f)


T = retold(staked)
right("apart_staked", "gradient", staked, staked_gradient, (STAKES,),
      "Logarithms of what is left, by outcomes, and a cost.", T)  # fmt: skip
wrong("apart_staked_pays_not_turned", "gradient", staked, edited(staked_gradient,
      ("-PAYS.T @ (CHANCES / left)", "-PAYS @ (CHANCES / left)")), (STAKES,),
      "The matrix of pays is not transposed.", T)  # fmt: skip
wrong("apart_staked_squares_one_by_one", "gradient", staked, edited(staked_gradient,
      ("+ f.sum() - np", "+ f - np")), (STAKES,),
      "The square of the sum is taken for the sum of squares.", T)  # fmt: skip
wrong("apart_staked_barrier_inner_slope", "gradient", staked, edited(staked_gradient,
      ("- np.exp(-10 * f)", "- 0.1 * np.exp(-10 * f)")), (STAKES,), "The inner 10 is forgotten.", T)  # fmt: skip
wrong("apart_staked_chances_forgotten", "gradient", staked, edited(staked_gradient,
      ("(CHANCES / left)", "(1 / left)")), (STAKES,), "The chances are forgotten.", T)  # fmt: skip
