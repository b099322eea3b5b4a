"""Motion, filters, light, sound, reactions and epidemics with one mistake each: the sixth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("later systems")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(7203)

# a joint with a spring and a damper
JOINT = (np.array([0.8, -0.3]), np.array(2.0), np.array(0.5))


def sprung(state, stiff, damp):
    angle, speed = state
    for _ in range(4):
        torque = -stiff * angle - damp * speed - 3.0 * np.sin(angle)
        speed = speed + 0.1 * torque
        angle = angle + 0.1 * speed
    return angle**2 + 0.1 * speed**2


def sprung_gradient(state, stiff, damp, gravity=1.0, braked=1.0, coupled=1.0):
    states = [tuple(state)]
    for _ in range(4):
        angle, speed = states[-1]
        speed = speed + 0.1 * (-stiff * angle - damp * speed - 3.0 * np.sin(angle))
        states.append((angle + 0.1 * speed, speed))
    da, dv, dk, dd = 2 * states[-1][0], 0.2 * states[-1][1], 0.0, 0.0
    for angle, speed in states[-2::-1]:
        dv = dv + coupled * 0.1 * da
        dt = 0.1 * dv
        dk -= dt * angle
        dd -= dt * speed
        da = da - dt * (stiff + gravity * 3.0 * np.cos(angle))
        dv = dv - braked * dt * damp
    return np.array([da, dv]), np.array(dk), np.array(dd)


T = retold(sprung)
right("later_sprung", "gradient", sprung, sprung_gradient, JOINT, "Step by step, backwards.", T)
wrong("later_sprung_gravity_held", "gradient", sprung, lambda *a: sprung_gradient(*a, gravity=0.0), JOINT,
      "Gravity's torque is taken for given.", T)  # fmt: skip
wrong("later_sprung_damper_sign", "gradient", sprung, lambda *a: sprung_gradient(*a, braked=-1.0), JOINT,
      "The damper pushes on the way back.", T)  # fmt: skip
wrong("later_sprung_speed_held", "gradient", sprung, lambda *a: sprung_gradient(*a, coupled=0.0), JOINT,
      "The new speed moves the angle, too.", T)  # fmt: skip

# a level that is watched through noise
SEEN, NOISES = np.array([0.3, 0.9, 0.4, 1.2]), np.array([-1.0, -0.3])


def watched(y, logs):
    q, r = np.exp(logs[0]), np.exp(logs[1])
    m, p, loss = 0.0, 1.0, 0.0
    for t in range(4):
        p = p + q
        s = p + r
        e = y[t] - m
        loss = loss + 0.5 * (np.log(s) + e * e / s)
        gain = p / s
        m = m + gain * e
        p = (1 - gain) * p
    return loss


def watched_gradient(y, logs, gains=1.0, half=0.5, size=1.0, kept=1.0):
    q, r = np.exp(logs[0]), np.exp(logs[1])
    m, p, rows = 0.0, 1.0, []
    for t in range(4):
        p = p + q
        s, e = p + r, y[t] - m
        rows.append((p, s, e))
        m, p = m + p / s * e, (1 - p / s) * p
    dy, dq, dr, dm, dp = np.zeros(4), 0.0, 0.0, 0.0, 0.0
    for t in range(3, -1, -1):
        p, s, e = rows[t]
        g = p / s
        dg = gains * (dm * e - dp * p)
        dpp = dp * (1 - g) + dg / s
        de = dm * g + 2 * half * e / s
        ds = half * (size / s - e * e / s**2) - dg * p / s**2
        dpp += ds
        dy[t] = de
        dm = kept * dm - de
        dq, dr, dp = dq + dpp, dr + ds, dpp
    return dy, np.array([dq * q, dr * r])


T = retold(watched)
WATCH = (SEEN, NOISES)
right("later_watched", "gradient", watched, watched_gradient, WATCH, "Through mean, spread and gain.", T)
wrong("later_watched_gain_held", "gradient", watched, lambda *a: watched_gradient(*a, gains=0.0), WATCH,
      "The gain is taken for given.", T)  # fmt: skip
wrong("later_watched_without_half", "gradient", watched, lambda *a: watched_gradient(*a, half=1.0), WATCH,
      "The 1/2 of the loss is forgotten.", T)  # fmt: skip
wrong("later_watched_spread_of_the_loss", "gradient", watched, lambda *a: watched_gradient(*a, size=0.0), WATCH,
      "The logarithm of the spread is forgotten.", T)  # fmt: skip
wrong("later_watched_mean_starts_afresh", "gradient", watched, lambda *a: watched_gradient(*a, kept=0.0), WATCH,
      "The mean is kept by what is added to it.", T)  # fmt: skip

# inputs that shall not jump
PUSHES = np.array([0.5, -0.3, 0.8, 0.2])


def eased(u):
    x, cost = 1.0, 0.0
    for t in range(4):
        x = 0.9 * x + 0.4 * u[t]
        cost = cost + x * x
    return cost + 0.3 * np.sum((u[1:] - u[:-1]) ** 2) + 5.0 * x * x


def eased_gradient(u, end=5.0, before=1.0, stays=0.9):
    xs = [1.0]
    for t in range(4):
        xs.append(0.9 * xs[-1] + 0.4 * u[t])
    g, d = np.zeros(4), 2 * end * xs[-1]
    for t in range(3, -1, -1):
        d = d + 2 * xs[t + 1]
        g[t] = 0.4 * d
        d = stays * d
    jump = 0.6 * (u[1:] - u[:-1])
    g[1:] += jump
    g[:-1] -= before * jump
    return g


T = retold(eased)
right("later_eased", "gradient", eased, eased_gradient, (PUSHES,), "State, jumps and the end.", T)
wrong("later_eased_without_the_end", "gradient", eased, lambda u: eased_gradient(u, end=0.0), (PUSHES,),
      "The cost of the last state is forgotten.", T)  # fmt: skip
wrong("later_eased_jumps_of_the_later", "gradient", eased, lambda u: eased_gradient(u, before=0.0), (PUSHES,),
      "The earlier of two inputs gets nothing of the jump.", T)  # fmt: skip
wrong("later_eased_costs_do_not_carry", "gradient", eased, lambda u: eased_gradient(u, stays=0.0), (PUSHES,),
      "A state is taken for given in the next one.", T)  # fmt: skip

# a tone that is bent by another tone
TONE = (np.array(2.0), np.array(0.7), np.array(1.5))
TIMES = np.array([0.0, 0.1, 0.25, 0.45])


def bent(carrier, depth, other):
    inner = depth * np.sin(other * TIMES)
    return np.sin(carrier * TIMES + inner)


def bent_backward(c, carrier, depth, other, inner_slope=True, timed=True, depth_outside=True):
    d = c * np.cos(carrier * TIMES + depth * np.sin(other * TIMES))
    do = d * (depth if depth_outside else 1.0) * (np.cos(other * TIMES) if inner_slope else 1.0) * TIMES
    return (d * (TIMES if timed else 1.0)).sum(), (d * np.sin(other * TIMES)).sum(), do.sum()


T = retold(bent)
right("later_bent", "vjp", bent, bent_backward, TONE, "The chain rule, twice.", T)
wrong("later_bent_inner_cosine", "vjp", bent, lambda c, *a: bent_backward(c, *a, inner_slope=False), TONE,
      "The slope of the inner sine is forgotten.", T)  # fmt: skip
wrong("later_bent_without_time", "vjp", bent, lambda c, *a: bent_backward(c, *a, timed=False), TONE,
      "The factor t of the carrier is forgotten.", T)  # fmt: skip
wrong("later_bent_without_depth", "vjp", bent, lambda c, *a: bent_backward(c, *a, depth_outside=False), TONE,
      "The depth before the inner sine is forgotten.", T)  # fmt: skip

# a filter that lets all tones pass
CLICK, PASSED = np.array([1.0, 0.3, -0.5, 0.2, 0.6]), np.array(0.6)


def let_through(x, g):
    y = []
    for t in range(5):
        old = x[t - 2] + g * y[t - 2] if t >= 2 else 0.0
        y.append(old - g * x[t])
    return np.stack(y)


def let_through_backward(c, x, g, fed_back=1.0, own=1.0, heard=1.0):
    y = let_through(x, g)
    d, dx, dg = np.array(c, dtype=float), np.zeros(5), 0.0
    for t in range(4, -1, -1):
        dx[t] -= g * d[t]
        dg -= own * d[t] * x[t]
        if t >= 2:
            dx[t - 2] += d[t]
            d[t - 2] += fed_back * g * d[t]
            dg += heard * d[t] * y[t - 2]
    return dx, np.array(dg)


T = retold(let_through)
SOUND = (CLICK, PASSED)
right("later_let_through", "vjp", let_through, let_through_backward, SOUND, "Back through the delay.", T)
wrong("later_let_through_not_fed_back", "vjp", let_through, lambda c, *a: let_through_backward(c, *a, fed_back=0.0),
      SOUND, "What is fed back is taken for given.", T)  # fmt: skip
wrong("later_let_through_gain_before", "vjp", let_through, lambda c, *a: let_through_backward(c, *a, own=0.0), SOUND,
      "The gain before the input is taken for given.", T)  # fmt: skip
wrong("later_let_through_gain_behind", "vjp", let_through, lambda c, *a: let_through_backward(c, *a, heard=0.0), SOUND,
      "The gain of what is fed back is taken for given.", T)  # fmt: skip

# how loud each tone is
FRAME = np.array([0.4, -0.9, 0.7, 0.2, -0.3])
WAVES = 2 * np.pi / 5 * np.outer(np.arange(3), np.arange(5))
RISING, FALLING = np.cos(WAVES), np.sin(WAVES)


def loud(x):
    even, odd = RISING @ x, FALLING @ x
    power = (even**2 + odd**2) / 5
    return np.log(power + 0.1)


def loud_backward(c, x, odd_part=1.0, count=5, floor=0.1, two=2.0):
    even, odd = RISING @ x, FALLING @ x
    d = c / ((even**2 + odd**2) / 5 + floor) / count * two
    return RISING.T @ (d * even) + odd_part * FALLING.T @ (d * odd)


T = retold(loud)
right("later_loud", "vjp", loud, loud_backward, (FRAME,), "Both parts of each tone.", T)
wrong("later_loud_even_alone", "vjp", loud, lambda c, x: loud_backward(c, x, odd_part=0.0), (FRAME,),
      "The sines are forgotten.", T)  # fmt: skip
wrong("later_loud_not_over_length", "vjp", loud, lambda c, x: loud_backward(c, x, count=1), (FRAME,),
      "1/n is forgotten.", T)  # fmt: skip
wrong("later_loud_without_floor", "vjp", loud, lambda c, x: loud_backward(c, x, floor=0.0), (FRAME,),
      "The floor below the logarithm is forgotten.", T)  # fmt: skip
wrong("later_loud_without_two", "vjp", loud, lambda c, x: loud_backward(c, x, two=1.0), (FRAME,),
      "The squares' 2 is forgotten.", T)  # fmt: skip

# a beam that widens
WAISTS, FAR = np.array([0.5, 0.8, 1.1]), np.array([0.7, 2.0, 1.4])


def widened(waist, z):
    reach = np.pi * waist**2 / 1.3
    return waist * np.sqrt(1 + (z / reach) ** 2)


def widened_backward(c, waist, z, reach_moves=1.0, root=0.5):
    reach = np.pi * waist**2 / 1.3
    size = np.sqrt(1 + (z / reach) ** 2)
    ds = c * waist * root * 2 * (z / reach) / size
    return c * size - reach_moves * ds * z / reach**2 * np.pi * 2 * waist / 1.3, ds / reach


T = retold(widened)
BEAM = (WAISTS, FAR)
right("later_widened", "vjp", widened, widened_backward, BEAM, "The reach depends on the waist.", T)
wrong("later_widened_reach_held", "vjp", widened, lambda c, *a: widened_backward(c, *a, reach_moves=0.0), BEAM,
      "The reach is taken for given.", T)  # fmt: skip
wrong("later_widened_root_doubled", "vjp", widened, lambda c, *a: widened_backward(c, *a, root=1.0), BEAM,
      "The root's 1/2 is forgotten.", T)  # fmt: skip

# light between two faces of a film
FILM = (np.array([1.3, 1.5, 2.0]), np.array([0.4, 0.25, 0.3]))


def mirrored(n, thick):
    face = ((n - 1) / (n + 1)) ** 2
    phase = 4 * np.pi * n * thick / 0.55
    bright = 2 * face * (1 - np.cos(phase))
    return bright / (1 + face**2 - 2 * face * np.cos(phase))


def mirrored_backward(c, n, thick, index_in_phase=1.0, below=1.0, sine=1.0):
    r = (n - 1) / (n + 1)
    face, phase = r**2, 4 * np.pi * n * thick / 0.55
    bright, total = 2 * face * (1 - np.cos(phase)), 1 + face**2 - 2 * face * np.cos(phase)
    du, dw = c / total, -below * c * bright / total**2
    df = du * 2 * (1 - np.cos(phase)) + dw * (2 * face - 2 * np.cos(phase))
    dp = (du + dw) * 2 * face * sine * np.sin(phase)
    dn = df * 2 * r * 2 / (n + 1) ** 2 + index_in_phase * dp * 4 * np.pi * thick / 0.55
    return dn, dp * 4 * np.pi * n / 0.55


T = retold(mirrored)
right("later_mirrored", "vjp", mirrored, mirrored_backward, FILM, "Face and phase.", T)
wrong("later_mirrored_phase_of_thickness", "vjp", mirrored,
      lambda c, *a: mirrored_backward(c, *a, index_in_phase=0.0), FILM, "The phase's index is held.", T)  # fmt: skip
wrong("later_mirrored_below_held", "vjp", mirrored, lambda c, *a: mirrored_backward(c, *a, below=0.0), FILM,
      "What stands below is taken for given.", T)  # fmt: skip
wrong("later_mirrored_cosines_sign", "vjp", mirrored, lambda c, *a: mirrored_backward(c, *a, sine=-1.0), FILM,
      "The minus of the cosine's slope is lost.", T)  # fmt: skip

# an enzyme that is blocked
ENZYME = (np.array([0.5, 1.2, 2.5]), np.array(0.8), np.array(1.7), np.array(0.6))


def blocked(s, v, k, inhibitor):
    half = k * (1 + inhibitor / 0.4)
    return v * s / (half + s)


def blocked_backward(c, s, v, k, inhibitor, below=1.0, square=2, apparent=True, over=0.4):
    half = k * (1 + inhibitor / 0.4)
    ds = c * v * (1 / (half + s) - below * s / (half + s) ** 2)
    dh = -(c * v * s / (half + s) ** square).sum()
    return ds, (c * s / (half + s)).sum(), dh * ((1 + inhibitor / 0.4) if apparent else 1.0), dh * k / over


T = retold(blocked)
right("later_blocked", "vjp", blocked, blocked_backward, ENZYME, "By the quotient rule.", T)
wrong("later_blocked_below_held", "vjp", blocked, lambda c, *a: blocked_backward(c, *a, below=0.0), ENZYME,
      "What stands below is taken for given.", T)  # fmt: skip
wrong("later_blocked_square", "vjp", blocked, lambda c, *a: blocked_backward(c, *a, square=1), ENZYME,
      "The denominator where its square is due.", T)  # fmt: skip
wrong("later_blocked_not_apparent", "vjp", blocked, lambda c, *a: blocked_backward(c, *a, apparent=False), ENZYME,
      "The factor by which the constant is raised is forgotten.", T)  # fmt: skip
wrong("later_blocked_without_affinity", "vjp", blocked, lambda c, *a: blocked_backward(c, *a, over=1.0), ENZYME,
      "The division by the affinity is forgotten.", T)  # fmt: skip

# one substance becomes another that becomes a third
CHAIN, WHEN = np.array([1.3, 0.5]), np.array([0.3, 0.9, 2.0])


def passed_on(k):
    share = k[0] / (k[1] - k[0])
    return share * (np.exp(-k[0] * WHEN) - np.exp(-k[1] * WHEN))


def passed_on_backward(c, k, share_moves=1.0, timed=True, fall=-1.0):
    a, b = k
    early, late = np.exp(-a * WHEN), np.exp(-b * WHEN)
    ds = share_moves * (c * (early - late)).sum()
    t = WHEN if timed else np.ones(3)
    d = c * a / (b - a)
    da = ds * b / (b - a) ** 2 + fall * (d * t * early).sum()
    return np.array([da, -ds * a / (b - a) ** 2 - fall * (d * t * late).sum()])


T = retold(passed_on)
right("later_passed_on", "vjp", passed_on, passed_on_backward, (CHAIN,), "Share and decay.", T)
wrong("later_passed_on_share_held", "vjp", passed_on, lambda c, k: passed_on_backward(c, k, share_moves=0.0), (CHAIN,),
      "The share is taken for given.", T)  # fmt: skip
wrong("later_passed_on_without_time", "vjp", passed_on, lambda c, k: passed_on_backward(c, k, timed=False), (CHAIN,),
      "The factor t of the exponent is forgotten.", T)  # fmt: skip
wrong("later_passed_on_growing", "vjp", passed_on, lambda c, k: passed_on_backward(c, k, fall=1.0), (CHAIN,),
      "The minus of the exponents is lost.", T)  # fmt: skip

# an epidemic in which some are vaccinated
OUTBREAK = (np.array([0.9, 0.08]), np.array(0.7), np.array(0.05))


def infected(state, beta, pace):
    s, i, total = state[0], state[1], 0.0
    for _ in range(4):
        new = beta * s * i
        s = s - new - pace * s
        i = i + new - 0.3 * i
        total = total + i
    return total


def infected_gradient(state, beta, pace, susceptible=1.0, vaccinated=1.0, added=True, healed=0.3):
    rows, s, i = [], state[0], state[1]
    for _ in range(4):
        rows.append((s, i))
        new = beta * s * i
        s, i = s - new - pace * s, i + new - 0.3 * i
    ds, di, db, dp = 0.0, 0.0, 0.0, 0.0
    for s, i in rows[::-1]:
        di = di + 1
        dn = di - ds
        db = dn * s * i if not added else db + dn * s * i
        dp -= ds * s
        ds, di = ds - vaccinated * pace * ds + susceptible * dn * beta * i, di - healed * di + dn * beta * s
    return np.array([ds, di]), np.array(db), np.array(dp)


T = retold(infected)
right("later_infected", "gradient", infected, infected_gradient, OUTBREAK, "Week by week, backwards.", T)
wrong("later_infected_susceptible_held", "gradient", infected,
      lambda *a: infected_gradient(*a, susceptible=0.0), OUTBREAK, "S in the new infections is held.", T)  # fmt: skip
wrong("later_infected_rate_assigned", "gradient", infected, lambda *a: infected_gradient(*a, added=False), OUTBREAK,
      "Each week assigns the rate's gradient, so that the first alone counts.", T)  # fmt: skip
wrong("later_infected_nobody_heals", "gradient", infected, lambda *a: infected_gradient(*a, healed=0.0), OUTBREAK,
      "That some get well is forgotten on the way back.", T)  # fmt: skip

# ages of a population
BORN, PEOPLE = np.array([[0.1, 1.2, 0.8], [0.6, 0.0, 0.0], [0.0, 0.7, 0.1]]), np.array([1.0, 0.5, 0.3])


def aged(life, people):
    n = people
    for _ in range(3):
        n = life @ n
    return n / np.sum(n)


def aged_backward(c, life, people, share=1.0, turned=True, years=3):
    ns = [people]
    for _ in range(3):
        ns.append(life @ ns[-1])
    total = ns[-1].sum()
    d = c / total - share * (c @ ns[-1]) / total**2
    dl = np.zeros((3, 3))
    for k, n in enumerate(ns[2::-1]):
        dl += np.outer(d, n) if k < years else 0.0
        d = (life.T if turned else life) @ d
    return dl, d


T = retold(aged)
AGES = (BORN, PEOPLE)
right("later_aged", "vjp", aged, aged_backward, AGES, "Three years back.", T)
wrong("later_aged_total_held", "vjp", aged, lambda c, *a: aged_backward(c, *a, share=0.0), AGES,
      "The number of all is taken for given.", T)  # fmt: skip
wrong("later_aged_unturned", "vjp", aged, lambda c, *a: aged_backward(c, *a, turned=False), AGES,
      "The matrix is not transposed.", T)  # fmt: skip
wrong("later_aged_last_year_of_the_matrix", "vjp", aged, lambda c, *a: aged_backward(c, *a, years=1), AGES,
      "The matrix gets the last year's part alone.", T)  # fmt: skip
