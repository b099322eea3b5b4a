"""Control, vehicles and arms with one mistake each: the fifth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("further control")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6101)

# the cost of a linear feedback
A, B = np.array([[1.0, 0.2], [-0.1, 0.9]]), np.array([[0.0], [0.3]])
START, GAINS = np.array([1.0, -0.5]), np.array([[0.4, 0.7]])


def regulator(k):
    x, cost = START, 0.0
    for _ in range(5):
        u = -k @ x
        cost = cost + x @ x + 0.5 * u @ u
        x = A @ x + B @ u
    return cost


def regulator_gradient(k, own_cost=1.0, carried=1.0, closed=True):
    xs = [START]
    for _ in range(4):
        xs.append((A - B @ k) @ xs[-1])
    later, dk = np.zeros(2), np.zeros_like(k)
    for x in reversed(xs):
        u = -k @ x
        du = own_cost * u + B.T @ later
        dk -= np.outer(du, x)
        later = 2 * x - k.T @ du + carried * A.T @ later if closed else 2 * x + A.T @ later
    return dk


T = retold(regulator)
right("further_regulator", "gradient", regulator, regulator_gradient, (GAINS,), "Costates run backwards.", T)
wrong("further_regulator_effort_free", "gradient", regulator, lambda k: regulator_gradient(k, own_cost=0.0), (GAINS,),
      "The cost of the control itself is left out.", T)  # fmt: skip
wrong("further_regulator_no_costate", "gradient", regulator, lambda k: regulator_gradient(k, carried=0.0), (GAINS,),
      "The costate of the next step does not pass through A.", T)  # fmt: skip
wrong("further_regulator_open_loop", "gradient", regulator, lambda k: regulator_gradient(k, closed=False), (GAINS,),
      "Later controls are taken for given, as if they did not depend on the state.", T)  # fmt: skip

# a step of Riccati's equation
COST_TO_GO = np.array([[2.0, 0.3], [0.3, 1.1]])


def riccati(p):
    gain = (B.T @ p @ A) / (0.5 + B.T @ p @ B)
    return np.eye(2) + A.T @ p @ A - A.T @ p @ B @ gain


def riccati_backward(c, p, closed=True, turned=False):
    s = 0.5 + B.T @ p @ B
    right_gain, left_gain = (B.T @ p @ A) / s, (B.T @ p.T @ A) / s
    left, loop = (A - B @ left_gain, A - B @ right_gain) if closed else (A, A)
    return left @ (c.T if turned else c) @ loop.T


T = retold(riccati)
right("further_riccati", "vjp", riccati, riccati_backward, (COST_TO_GO,), "Through the closed loop.", T)
wrong("further_riccati_without_the_gain", "vjp", riccati, lambda c, p: riccati_backward(c, p, closed=False),
      (COST_TO_GO,), "A where A - B K is due.", T)  # fmt: skip
wrong("further_riccati_cotangent_turned", "vjp", riccati,
      lambda c, p: riccati_backward(c, p, turned=True), (COST_TO_GO,), "The transpose of the answer.", T)  # fmt: skip

# a vehicle that turns (github.com/AtsushiSakai/PythonRobotics/pull/62, karanchawla/GPS_IMU_Kalman_Filter/issues/10)
POSE = np.array([0.3, -0.4, 0.6, 1.3, 0.5])


def turning(s):
    x, y, heading, v, rate = s
    ahead = heading + 0.4 * rate
    radius = v / rate
    return np.array([
        x + radius * (np.sin(ahead) - np.sin(heading)),
        y + radius * (np.cos(heading) - np.cos(ahead)),
        ahead,
        v,
        rate,
    ])  # fmt: skip


def turning_jvp(primals, tangents, ahead_alone=False, plus=1.0, radius_held=False):
    (s,), (d,) = primals, tangents
    _, _, h, v, w = s
    r, a = v / w, h + 0.4 * w
    dr, da = d[3] / w - (0.0 if radius_held else v * d[4] / w**2), d[2] + 0.4 * d[4]
    start = 0.0 if ahead_alone else 1.0
    dx = d[0] + dr * (np.sin(a) - np.sin(h)) + r * (np.cos(a) * da - start * np.cos(h) * d[2])
    dy = d[1] + dr * (np.cos(h) - np.cos(a)) + r * (plus * np.sin(a) * da - np.sin(h) * d[2])
    return np.array([dx, dy, da, d[3], d[4]])


T = retold(turning)
right("further_turning", "jvp", turning, turning_jvp, (POSE,), "All of the Jacobian.", T)
wrong("further_turning_first_heading_held", "jvp", turning, lambda p, t: turning_jvp(p, t, ahead_alone=True), (POSE,),
      "cos(heading) is missing in the row of x, as in a public report.", T)  # fmt: skip
wrong("further_turning_sign_of_the_sine", "jvp", turning, lambda p, t: turning_jvp(p, t, plus=-1.0), (POSE,),
      "-sin where the slope of -cos is due.", T)  # fmt: skip
wrong("further_turning_radius_of_speed_alone", "jvp", turning, lambda p, t: turning_jvp(p, t, radius_held=True),
      (POSE,), "The radius does not follow the rate of turning.", T)  # fmt: skip

# a filter of second order
TONE, TAPS = rng.standard_normal(7), np.array([0.5, 0.3, -0.4, 0.2])


def biquad(x, taps):
    b0, b1, a1, a2 = taps
    y = np.zeros(7)
    for t in range(7):
        y[t] = b0 * x[t]
        if t > 0:
            y[t] += b1 * x[t - 1] - a1 * y[t - 1]
        if t > 1:
            y[t] -= a2 * y[t - 2]
    return y


def biquad_backward(c, x, taps, recursive=True, second=True, sign=-1.0):
    b0, b1, a1, a2 = taps
    y, d, dx, dt = biquad(x, taps), c.copy(), np.zeros(7), np.zeros(4)
    for t in range(6, -1, -1):
        dx[t] += b0 * d[t]
        dt[0] += d[t] * x[t]
        if t > 0:
            dx[t - 1] += b1 * d[t]
            dt[1] += d[t] * x[t - 1]
            dt[2] += sign * d[t] * y[t - 1]
            if recursive:
                d[t - 1] -= a1 * d[t]
        if t > 1:
            dt[3] += sign * d[t] * y[t - 2]
            if recursive and second:
                d[t - 2] -= a2 * d[t]
    return dx, dt


T = retold(biquad)
right("further_biquad", "vjp", biquad, biquad_backward, (TONE, TAPS), "Feedback is run backwards.", T)
wrong("further_biquad_without_recursion", "vjp", biquad, lambda c, *a: biquad_backward(c, *a, recursive=False),
      (TONE, TAPS), "Earlier outputs are taken for given.", T)  # fmt: skip
wrong("further_biquad_one_lag", "vjp", biquad, lambda c, *a: biquad_backward(c, *a, second=False), (TONE, TAPS),
      "Nothing is carried over two samples.", T)  # fmt: skip
wrong("further_biquad_feedback_added", "vjp", biquad, lambda c, *a: biquad_backward(c, *a, sign=1.0), (TONE, TAPS),
      "The feedback's taps as if their terms were added.", T)  # fmt: skip

# an attitude by its rates
ATTITUDE, RATES = np.array([0.8, 0.2, -0.4, 0.4]), np.array([0.5, -0.9, 0.3])


def spun(q, w):
    x, y, z = w
    turn = np.array([[0 * x, -x, -y, -z], [x, 0 * x, z, -y], [y, -z, 0 * x, x], [z, y, -x, 0 * x]])
    moved = q + 0.05 * turn @ q
    return moved / np.sqrt(np.sum(moved**2))


def spun_backward(c, q, w, unit=True, half=0.05, turned=True):
    x, y, z = w
    turn = np.array([[0, -x, -y, -z], [x, 0, z, -y], [y, -z, 0, x], [z, y, -x, 0]])
    m = q + 0.05 * turn @ q
    n = np.sqrt(m @ m)
    d = (c - (m / n) * (c @ m) / n) / n if unit else c / n
    a, i, j, k = q
    by_rate = np.array([[-i, -j, -k], [a, -k, j], [k, a, -i], [-j, i, a]])
    return d + 0.05 * (turn.T if turned else turn) @ d, half * by_rate.T @ d


T = retold(spun)
SPIN = (ATTITUDE, RATES)
right("further_spun", "vjp", spun, spun_backward, SPIN, "Projected and turned.", T)
wrong("further_spun_length_held", "vjp", spun, lambda c, *a: spun_backward(c, *a, unit=False), SPIN,
      "The length is taken for a constant.", T)  # fmt: skip
wrong("further_spun_half_step_forgotten", "vjp", spun, lambda c, *a: spun_backward(c, *a, half=0.1), SPIN,
      "The step for half of it, with respect to the rates.", T)  # fmt: skip
wrong("further_spun_not_turned_back", "vjp", spun, lambda c, *a: spun_backward(c, *a, turned=False), SPIN,
      "The matrix of the rates is not transposed.", T)  # fmt: skip

# a controller with an integral
PID = np.array([0.8, 0.4])


def controlled(k):
    y, total, cost = 0.0, 0.0, 0.0
    for _ in range(6):
        error = 1.0 - y
        total = total + error
        y = 0.9 * y + 0.3 * np.tanh(k[0] * error + k[1] * total)
        cost = cost + error**2
    return cost


def controlled_gradient(k, integral=1.0, slope=True):
    y, total, dy, dtotal, g = 0.0, 0.0, np.zeros(2), np.zeros(2), np.zeros(2)
    for _ in range(6):
        error, de = 1.0 - y, -dy
        total, dtotal = total + error, integral * dtotal + de
        u = np.tanh(k[0] * error + k[1] * total)
        du = np.array([error, total]) + k[0] * de + k[1] * dtotal
        y, dy = 0.9 * y + 0.3 * u, 0.9 * dy + 0.3 * (1 - u**2 if slope else 1.0) * du
        g = g + 2 * error * de
    return g


T = retold(controlled)
right("further_controlled", "gradient", controlled, controlled_gradient, (PID,), "Sensitivities run forwards.", T)
wrong("further_controlled_integral_forgets", "gradient", controlled, lambda k: controlled_gradient(k, integral=0.0),
      (PID,), "The sensitivity of the integral is assigned, not added up.", T)  # fmt: skip
wrong("further_controlled_unlimited", "gradient", controlled, lambda k: controlled_gradient(k, slope=False), (PID,),
      "The limit of the actuator has the slope 1.", T)  # fmt: skip

# a body that tumbles
INERTIA, TUMBLE = np.array([1.0, 2.0, 3.5]), np.array([0.4, -1.1, 0.7])


def tumbling(w):
    momentum = INERTIA * w
    return -np.cross(w, momentum) / INERTIA


def tumbling_backward(c, w, both=True, sign=1.0, inertia=True):
    d = -c / INERTIA if inertia else -c
    m = INERTIA * w
    dw = np.cross(m, d) + sign * INERTIA * np.cross(d, w)
    return dw if both else np.cross(m, d)


def mp_cross(w):
    m = INERTIA * w
    return (
        np.array([-(w[1] * m[2] - w[2] * m[1]), -(w[2] * m[0] - w[0] * m[2]), -(w[0] * m[1] - w[1] * m[0])]) / INERTIA
    )


T = retold(mp_cross)
right("further_tumbling", "vjp", tumbling, tumbling_backward, (TUMBLE,), "Both factors of the cross product.", T)
wrong("further_tumbling_momentum_held", "vjp", tumbling, lambda c, w: tumbling_backward(c, w, both=False), (TUMBLE,),
      "The momentum is taken for given.", T)  # fmt: skip
wrong("further_tumbling_cross_in_order", "vjp", tumbling, lambda c, w: tumbling_backward(c, w, sign=-1.0), (TUMBLE,),
      "The second cross product in the first one's order.", T)  # fmt: skip
wrong("further_tumbling_undivided", "vjp", tumbling, lambda c, w: tumbling_backward(c, w, inertia=False), (TUMBLE,),
      "The cotangent is not divided by the moments of inertia.", T)  # fmt: skip

# an actuator that saturates
VOLTS, LIMIT = rng.standard_normal(4) * 2, np.array(1.5)


def saturated(v, limit):
    return limit * np.tanh(v / limit)


def saturated_backward(c, v, limit, whole=True, inner=True):
    t = np.tanh(v / limit)
    slope = 1 - t**2
    dlimit = c @ t - (c @ (slope * v) / limit if whole else 0.0)
    return c * slope * (1.0 if inner else limit), np.array(dlimit)


T = retold(saturated)
right("further_saturated", "vjp", saturated, saturated_backward, (VOLTS, LIMIT), "By the limit in both places.", T)
wrong("further_saturated_outer_limit", "vjp", saturated, lambda c, *a: saturated_backward(c, *a, whole=False),
      (VOLTS, LIMIT), "The limit inside tanh is taken for given.", T)  # fmt: skip
wrong("further_saturated_inner_slope", "vjp", saturated, lambda c, *a: saturated_backward(c, *a, inner=False),
      (VOLTS, LIMIT), "1/limit of v/limit is forgotten.", T)  # fmt: skip
