"""Doses, sounds, colours, arms and steps in time with one mistake each: the fourth held-out set."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("unmet bodies")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5502)
mpf, mpm = mp.mpf, mp.mpmath

# a tablet: how much of it is in the blood
HOURS, TABLET = np.array([0.5, 1.5, 4.0, 8.0]), np.array([1.1, 0.25, 2.6])


def tablet(p):
    ka, ke, volume = p
    lead = 5.0 * ka / (volume * (ka - ke))
    return lead * (np.exp(-ke * HOURS) - np.exp(-ka * HOURS))


def tablet_backward(c, p, of_gap=1.0):
    ka, ke, volume = p
    lead, slow, fast = 5.0 * ka / (volume * (ka - ke)), np.exp(-ke * HOURS), np.exp(-ka * HOURS)
    level = lead * (c @ (slow - fast))
    by_ka = level * (1 / ka - of_gap / (ka - ke)) + lead * (c @ (HOURS * fast))
    return np.array([by_ka, level / (ka - ke) - lead * (c @ (HOURS * slow)), -level / volume])


def mp_tablet(p):
    t = mp.lift(HOURS)
    return 5 * p[0] / (p[2] * (p[0] - p[1])) * (mp.exp(-p[1] * t) - mp.exp(-p[0] * t))


right("unmet_tablet", "vjp", tablet, tablet_backward, TABLET, "ka stands three times.", Reference(mp_tablet))
wrong("unmet_tablet_denominator_held", "vjp", tablet, lambda c, p: tablet_backward(c, p, of_gap=0.0), TABLET,
      "ka/(ka - ke) is derived in its numerator alone.", Reference(mp_tablet))  # fmt: skip

# what a saturated organ removes, step by step
ORGAN = (np.array([2.0, 0.7, 4.5]), np.array(1.4), np.array(0.9))


def cleared(level, vmax, km):
    for _ in range(4):
        level = level - 0.3 * vmax * level / (km + level)
    return level


def cleared_backward(c, level, vmax, km, last_alone=False):
    levels = [level]
    for _ in range(4):
        levels.append(levels[-1] - 0.3 * vmax * levels[-1] / (km + levels[-1]))
    d, dv, dk = c, 0.0, 0.0
    for x in reversed(levels[:-1]):
        x = levels[-1] if last_alone else x
        dv = dv - np.sum(d * 0.3 * x / (km + x))
        dk = dk + np.sum(d * 0.3 * vmax * x / (km + x) ** 2)
        d = d * (1 - 0.3 * vmax * km / (km + x) ** 2)
    return d, dv, dk


def mp_cleared(level, vmax, km):
    for _ in range(4):
        level = level - mpf(0.3) * vmax * level / (km + level)
    return level


right("unmet_cleared", "vjp", cleared, cleared_backward, ORGAN, "Each step at its own level.", Reference(mp_cleared))
wrong("unmet_cleared_at_the_last_level", "vjp", cleared, lambda c, *a: cleared_backward(c, *a, last_alone=True), ORGAN,
      "Each step is derived at the level at the end.", Reference(mp_cleared))  # fmt: skip

# response to a dose
DOSES, HILL = np.array([0.3, 1.0, 2.5, 7.0]), np.array([3.0, 1.6, 1.4])


def hill(p):
    top, half, h = p
    share = DOSES**h / (half**h + DOSES**h)
    return top * share


def hill_backward(c, p):
    top, half, h = p
    share = DOSES**h / (half**h + DOSES**h)
    d = c * top * share * (1 - share)
    return np.array([c @ share, -np.sum(d) * h / half, d @ np.log(DOSES)])


def mp_hill(p):
    return p[0] / (1 + mp.exp(p[2] * (mpm.log(p[1]) - mp.log(mp.lift(DOSES)))))


wrong("unmet_hill_half_dose_left_out", "vjp", hill, hill_backward, HILL,
      "By the exponent: log(dose) for log(dose / half).", Reference(mp_hill))  # fmt: skip

# half-lives
AGES, ISOTOPES = np.array([0.4, 1.1, 2.8]), (np.array([2.0, 1.3, 0.8]), np.array([0.9, 1.7, 3.1]))


def decayed(amount, half):
    return amount * 2.0 ** (-AGES / half)


def decayed_backward_short(c, amount, half):
    left = 2.0 ** (-AGES / half)
    return c * left, c * amount * left * 0.693 * AGES / half**2


wrong("unmet_decayed_three_digits", "vjp", decayed, decayed_backward_short, ISOTOPES, "ln 2 as 0.693.",
      Reference(lambda a, h: a * mp.exp(-mpm.log(2) * mp.lift(AGES) / h)))  # fmt: skip

# the mean of levels in decibels
LEVELS = np.array([61.0, 70.5, 66.2, 58.3])


def loud(level):
    power = np.mean(10 ** (level / 10))
    return 10 * np.log10(power)


def loud_gradient(level, base=10.0):
    p = base ** (level / 10)
    return p / p.sum()


def mp_loud(level):
    return 10 * mpm.log(mp.power(mpf(10), level / 10).sum() / 4) / mpm.log(10)


right("unmet_loud", "gradient", loud, loud_gradient, LEVELS, "ln 10 cancels.", Reference(mp_loud))
wrong("unmet_loud_averaged_again", "gradient", loud, lambda x: loud_gradient(x) / len(x), LEVELS,
      "Shares are divided by the number of levels once more.", Reference(mp_loud))  # fmt: skip
wrong("unmet_loud_by_e", "gradient", loud, lambda x: loud_gradient(x, base=np.e), LEVELS,
      "Shares of exp(L/10), not of 10^(L/10).", Reference(mp_loud))  # fmt: skip

# an echo that feeds back
SOUND = (rng.standard_normal(6), np.array(0.6))


def echo(x, a):
    y = x.copy()
    for t in range(2, len(x)):
        y[t] = x[t] + a * y[t - 2]
    return y


def echo_backward(c, x, a, heard=True):
    past, d, da = echo(x, a) if heard else x, c.copy(), 0.0
    for t in range(len(x) - 1, 1, -1):
        da += d[t] * past[t - 2]
        d[t - 2] += a * d[t]
    return d, da


def mp_echo(x, a):
    y = list(x)
    for t in range(2, 6):
        y[t] = x[t] + a * y[t - 2]
    return np.array(y, dtype=object)


right("unmet_echo", "vjp", echo, echo_backward, SOUND, "The gain meets the echo.", Reference(mp_echo))
wrong("unmet_echo_of_the_dry_sound", "vjp", echo, lambda c, *a: echo_backward(c, *a, heard=False), SOUND,
      "The gain meets the sound that came in, not the one that was fed back.", Reference(mp_echo))  # fmt: skip

# the slope of a wave by its spectrum
WAVES, NUMBERS = rng.standard_normal(5), np.array([0.0, 1, 2, -2, -1])


def steep(x):
    return np.fft.ifft(1j * NUMBERS * np.fft.fft(x)).real


def mp_steep(x):
    turns = [
        [sum(-k * mpm.sin(2 * mpm.pi * k * (i - j) / 5) for k in (-2, -1, 1, 2)) / 5 for j in range(5)]
        for i in range(5)
    ]
    return np.array(turns, dtype=object) @ x


right("unmet_steep", "vjp", steep, lambda c, x: -steep(c), WAVES, "Minus itself.", Reference(mp_steep))
wrong("unmet_steep_itself", "vjp", steep, lambda c, x: steep(c), WAVES,
      "Minus is forgotten: the adjoint is taken for the map.", Reference(mp_steep))  # fmt: skip

# colours of a screen
COLOURS = np.array([[0.02, 0.6, 0.3], [0.8, 0.033, 0.5]])
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def screen(rgb):
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ TO_XYZ.T


def screen_backward(c, rgb, matrix=TO_XYZ, limit=0.04045):
    curved = 2.4 * ((rgb + 0.055) / 1.055) ** 1.4 / 1.055
    return (c @ matrix) * np.where(rgb <= limit, 1 / 12.92, curved)


def mp_screen(rgb):
    low = np.vectorize(lambda v: v <= 0.04045)(rgb)
    curved = mp.power((rgb + 0.055) / mpf(1.055), mpf(2.4))
    return np.where(low, rgb / mpf(12.92), curved) @ mp.lift(TO_XYZ).T


right("unmet_screen", "vjp", screen, screen_backward, COLOURS, "Two branches.", Reference(mp_screen))
wrong("unmet_screen_limit_of_the_way_back", "vjp", screen, lambda c, x: screen_backward(c, x, limit=0.0031308), COLOURS,
      "The branches part at the limit that is due for linear light.", Reference(mp_screen))  # fmt: skip
wrong("unmet_screen_matrix_as_in_forward", "vjp", screen, lambda c, x: screen_backward(c, x, matrix=TO_XYZ.T), COLOURS,
      "The matrix is transposed as in the forward.", Reference(mp_screen))  # fmt: skip

# an arm with three joints
JOINTS, ARM = np.array([0.4, -0.9, 1.3]), np.array([1.0, 0.7, 0.5])


def hand(theta):
    heading = np.cumsum(theta)
    return np.stack([ARM @ np.cos(heading), ARM @ np.sin(heading)])


def hand_backward(c, theta, backwards=True):
    heading = np.cumsum(theta)
    d = ARM * (c[1] * np.cos(heading) - c[0] * np.sin(heading))
    return np.cumsum(d[::-1])[::-1] if backwards else np.cumsum(d)


def mp_hand(theta):
    heading, arm = np.cumsum(theta), mp.lift(ARM)
    return np.array([arm @ mp.cos(heading), arm @ mp.sin(heading)], dtype=object)


right("unmet_hand", "vjp", hand, hand_backward, JOINTS, "A joint moves what comes after it.", Reference(mp_hand))
wrong("unmet_hand_joints_before", "vjp", hand, lambda c, x: hand_backward(c, x, backwards=False), JOINTS,
      "A joint moves what comes before it.", Reference(mp_hand))  # fmt: skip

# Heun's step for a pendulum
SWING = (np.array([0.8, -0.3]), np.array(0.25))


def heun(y, drag):
    k1 = np.stack([y[1], -np.sin(y[0]) - drag * y[1]])
    z = y + 0.2 * k1
    k2 = np.stack([z[1], -np.sin(z[0]) - drag * z[1]])
    return y + 0.1 * (k1 + k2)


def heun_jvp(primals, tangents, predictor=1.0):
    (y, drag), (v, b) = primals, tangents
    k1 = np.stack([y[1], -np.sin(y[0]) - drag * y[1]])
    z = y + 0.2 * k1
    j1 = np.stack([v[1], -np.cos(y[0]) * v[0] - drag * v[1] - b * y[1]])
    w = v + predictor * 0.2 * j1
    j2 = np.stack([w[1], -np.cos(z[0]) * w[0] - drag * w[1] - b * z[1]])
    return v + 0.1 * (j1 + j2)


def mp_heun(y, drag):
    def field(s):
        return np.array([s[1], -mpm.sin(s[0]) - drag * s[1]], dtype=object)

    return y + mpf(0.1) * (field(y) + field(y + mpf(0.2) * field(y)))


right("unmet_heun", "jvp", heun, heun_jvp, SWING, "The second slope sees the first.", Reference(mp_heun))
wrong("unmet_heun_predictor_held", "jvp", heun, lambda p, t: heun_jvp(p, t, predictor=0.0), SWING,
      "The second slope's tangent starts from y's own.", Reference(mp_heun))  # fmt: skip
