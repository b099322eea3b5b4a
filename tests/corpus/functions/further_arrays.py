"""Warps, filters, integrators and matrices with one mistake each: the fifth held-out set."""

import numpy as np

from ..item import Category
from ..retold import retold

CATEGORY = Category("further arrays")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6106)

# pixels between pixels (github.com/pytorch/pytorch/issues/20785)
PICTURE, WHERE = rng.standard_normal((4, 5)), np.array([[-0.3, 0.5], [0.2, -0.7], [0.6, 0.1]])


def sampled(image, at):
    x, y = (at[:, 0] + 1) / 2 * 4, (at[:, 1] + 1) / 2 * 3
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    v, u = y - i, x - j
    top = (1 - u) * image[i, j] + u * image[i, j + 1]
    low = (1 - u) * image[i + 1, j] + u * image[i + 1, j + 1]
    return (1 - v) * top + v * low


def sampled_backward(c, image, at, sizes=(2.0, 1.5), added=True, sign=1.0, swapped=False):
    x, y = (at[:, 0] + 1) / 2 * 4, (at[:, 1] + 1) / 2 * 3
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    v, u = y - i, x - j
    g = np.zeros_like(image)
    for k, weight in (((0, 0), (1 - v) * (1 - u)), ((0, 1), (1 - v) * u), ((1, 0), v * (1 - u)), ((1, 1), v * u)):
        if added:
            np.add.at(g, (i + k[0], j + k[1]), c * weight)
        else:
            g[i + k[0], j + k[1]] = c * weight
    along = (1 - v) * (image[i, j + 1] - image[i, j]) + v * (image[i + 1, j + 1] - image[i + 1, j])
    down = (1 - u) * (image[i + 1, j] - image[i, j]) + u * (image[i + 1, j + 1] - image[i, j + 1])
    parts = [sizes[0] * c * along, sign * sizes[1] * c * down]
    return g, np.stack(parts[::-1] if swapped else parts, axis=1)


def mp_sampled(image, at):
    x, y = (at[:, 0] + 1) / 2 * 4, (at[:, 1] + 1) / 2 * 3
    i, j = y.astype(float).astype(int), x.astype(float).astype(int)
    v, u = y - i, x - j
    return (1 - v) * ((1 - u) * image[i, j] + u * image[i, j + 1]) + v * (
        (1 - u) * image[i + 1, j] + u * image[i + 1, j + 1]
    )


T = retold(mp_sampled)
SAMPLED = (PICTURE, WHERE)
right("further_sampled", "vjp", sampled, sampled_backward, SAMPLED, "With the size of the image.", T)
wrong("further_sampled_without_sizes", "vjp", sampled, lambda c, *a: sampled_backward(c, *a, sizes=(1.0, 1.0)), SAMPLED,
      "Places in pixels where they are given from -1 to 1.", T)  # fmt: skip
wrong("further_sampled_other_corners", "vjp", sampled, lambda c, *a: sampled_backward(c, *a, sizes=(2.5, 2.0)), SAMPLED,
      "n/2 for (n - 1)/2, as if the corners were aligned otherwise.", T)  # fmt: skip
wrong("further_sampled_rows_for_columns", "vjp", sampled, lambda c, *a: sampled_backward(c, *a, swapped=True), SAMPLED,
      "The two coordinates are exchanged.", T)  # fmt: skip

# points seen through a plane
PLANE, CORNERS = np.array([[1.0, 0.2, 0.1], [-0.1, 0.9, 0.3], [0.2, -0.1, 1.2]]), rng.standard_normal((4, 2)) * 0.5


def projected(h, x):
    p = np.concatenate([x, np.ones((4, 1))], axis=1) @ h.T
    return p[:, :2] / p[:, 2:]


def projected_backward(c, h, x, depth=1.0, square=2):
    ext = np.concatenate([x, np.ones((4, 1))], axis=1)
    p = ext @ h.T
    dp = np.concatenate([c / p[:, 2:], -depth * (c * p[:, :2]).sum(axis=1, keepdims=True) / p[:, 2:] ** square], axis=1)
    return dp.T @ ext, (dp @ h)[:, :2]


T = retold(projected)
SEEN = (PLANE, CORNERS)
right("further_projected", "vjp", projected, projected_backward, SEEN, "Depth moves, too.", T)
wrong("further_projected_depth_held", "vjp", projected, lambda c, *a: projected_backward(c, *a, depth=0.0), SEEN,
      "The depth is taken for given.", T)  # fmt: skip
wrong("further_projected_depth_once", "vjp", projected, lambda c, *a: projected_backward(c, *a, square=1), SEEN,
      "1/z for 1/z^2.", T)  # fmt: skip
wrong("further_projected_depth_sign", "vjp", projected, lambda c, *a: projected_backward(c, *a, depth=-1.0), SEEN,
      "The minus of the quotient rule is lost.", T)  # fmt: skip

# a filter that keeps edges
ROW = np.array([0.2, 0.5, 0.4, 1.6, 1.5])
NEAR = np.exp(-0.5 * (np.arange(5)[:, None] - np.arange(5)) ** 2)


def bilateral(x):
    w = NEAR * np.exp(-2 * (x[:, None] - x[None, :]) ** 2)
    return w @ x / np.sum(w, axis=1)


def bilateral_backward(c, x, weights=1.0, below=1.0, both=1.0):
    gap = x[:, None] - x
    w = NEAR * np.exp(-2 * gap**2)
    total = w.sum(axis=1)
    d = c / total
    dw = weights * d[:, None] * (x[None, :] - below * (w @ x / total)[:, None])
    dgap = dw * w * -4 * gap
    return w.T @ d + dgap.sum(axis=1) - both * dgap.sum(axis=0)


T = retold(bilateral)
right("further_bilateral", "vjp", bilateral, bilateral_backward, (ROW,), "Weights depend on the values.", T)
wrong("further_bilateral_weights_held", "vjp", bilateral, lambda c, x: bilateral_backward(c, x, weights=0.0), (ROW,),
      "The weights are taken for given.", T)  # fmt: skip
wrong("further_bilateral_total_held", "vjp", bilateral, lambda c, x: bilateral_backward(c, x, below=0.0), (ROW,),
      "The sum of the weights is taken for given.", T)  # fmt: skip
wrong("further_bilateral_one_of_a_pair", "vjp", bilateral, lambda c, x: bilateral_backward(c, x, both=0.0), (ROW,),
      "The weights move with the first of the two values alone.", T)  # fmt: skip

# a wind on a ring
RING, BLOWN = np.array([0.4, 1.2, -0.3, 0.8, 0.1]), np.array(0.3)


def blown(u, v):
    for _ in range(3):
        u = u - v * (u - np.roll(u, 1))
    return u


def blown_backward(c, u, v, way=-1, steps=3, assigned=False):
    states = [u]
    for _ in range(2):
        states.append(states[-1] - v * (states[-1] - np.roll(states[-1], 1)))
    dv = 0.0
    for s in states[::-1][:steps]:
        part = -c @ (s - np.roll(s, 1))
        dv = part if assigned else dv + part
        c = c - v * (c - np.roll(c, way))
    return c, np.array(dv)


T = retold(blown)
AIR = (RING, BLOWN)
right("further_blown", "vjp", blown, blown_backward, AIR, "Upwind turns into downwind.", T)
wrong("further_blown_same_way", "vjp", blown, lambda c, *a: blown_backward(c, *a, way=1), AIR,
      "The adjoint is rolled the forward's way.", T)  # fmt: skip
wrong("further_blown_assigned", "vjp", blown, lambda c, *a: blown_backward(c, *a, assigned=True), AIR,
      "The wind's gradient is that of the first step, since each step assigns it.", T)  # fmt: skip
wrong("further_blown_one_step_short", "vjp", blown, lambda c, *a: blown_backward(c, *a, steps=2), AIR,
      "The first step is left out.", T)  # fmt: skip

# an oscillator by midpoints
ORBIT = (np.array([0.8, -0.4]), np.array(1.3))


def slope_of(y, mu):
    return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])


def oscillator(y, mu):
    for _ in range(3):
        middle = y + 0.1 * slope_of(y, mu)
        y = y + 0.2 * slope_of(middle, mu)
    return y


def pulled(d, y, mu):
    dy = np.array([-2 * mu * y[0] * y[1] * d[1] - d[1], d[0] + mu * (1 - y[0] ** 2) * d[1]])
    return dy, d[1] * (1 - y[0] ** 2) * y[1]


def oscillator_backward(c, y, mu, inner=1.0, middle_state=True, inner_mu=1.0):
    states = [y]
    for _ in range(2):
        states.append(states[-1] + 0.2 * slope_of(states[-1] + 0.1 * slope_of(states[-1], mu), mu))
    d, dmu = c, 0.0
    for s in reversed(states):
        m = s + 0.1 * slope_of(s, mu) if middle_state else s
        dm, part = pulled(0.2 * d, m, mu)
        ds, first = pulled(0.1 * dm, s, mu)
        d, dmu = d + dm + inner * ds, dmu + part + inner_mu * first
    return d, np.array(dmu)


T = retold(oscillator)
right("further_oscillator", "vjp", oscillator, oscillator_backward, ORBIT, "Through the midpoints.", T)
wrong("further_oscillator_midpoint_shifted_alone", "vjp", oscillator,
      lambda c, *a: oscillator_backward(c, *a, inner=0.0), ORBIT,
      "The slope at the start does not pass on to the state.", T)  # fmt: skip
wrong("further_oscillator_slopes_at_the_start", "vjp", oscillator,
      lambda c, *a: oscillator_backward(c, *a, middle_state=False), ORBIT,
      "The midpoint's slope is derived at the start.", T)  # fmt: skip
wrong("further_oscillator_mu_of_the_middle", "vjp", oscillator,
      lambda c, *a: oscillator_backward(c, *a, inner_mu=0.0), ORBIT,
      "mu in the slope at the start is taken for given.", T)  # fmt: skip

# a mean that starts at nothing
STREAM, FADE = np.array([0.9, -0.2, 1.4, 0.6]), np.array(0.7)


def debiased(x, beta):
    m, out = 0.0 * beta, []
    for t in range(4):
        m = beta * m + (1 - beta) * x[t]
        out.append(m / (1 - beta ** (t + 1)))
    return np.array(out)


def debiased_backward(c, x, beta, corrected=True, by_correction=1.0, mixed=1.0):
    ms = [0.0]
    for t in range(4):
        ms.append(beta * ms[-1] + (1 - beta) * x[t])
    dx, db, dm = np.zeros(4), 0.0, 0.0
    for t in range(3, -1, -1):
        w = 1 - beta ** (t + 1)
        dm = dm + (c[t] / w if corrected else c[t])
        db += by_correction * c[t] * ms[t + 1] / w**2 * (t + 1) * beta**t
        dx[t] = dm * (1 - beta)
        db += dm * (ms[t] - mixed * x[t])
        dm = dm * beta
    return dx, np.array(db)


T = retold(debiased)
MEAN = (STREAM, FADE)
right("further_debiased", "vjp", debiased, debiased_backward, MEAN, "With its correction.", T)
wrong("further_debiased_correction_held", "vjp", debiased,
      lambda c, *a: debiased_backward(c, *a, by_correction=0.0), MEAN, "The correction is held.", T)  # fmt: skip
wrong("further_debiased_uncorrected", "vjp", debiased, lambda c, *a: debiased_backward(c, *a, corrected=False), MEAN,
      "What comes in is not divided by the correction.", T)  # fmt: skip
wrong("further_debiased_new_share_held", "vjp", debiased, lambda c, *a: debiased_backward(c, *a, mixed=0.0), MEAN,
      "beta of the new value's share is taken for given.", T)  # fmt: skip

# channels into pixels
CHANNELS = rng.standard_normal((4, 2, 3))


def shuffled(x):
    return np.tanh(x).reshape(2, 2, 2, 3).transpose(2, 0, 3, 1).reshape(4, 6)


def shuffled_backward(c, x, order=(1, 3, 0, 2), slope=True):
    d = c.reshape(2, 2, 3, 2).transpose(order).reshape(4, 2, 3)
    return d * (1 - np.tanh(x) ** 2) if slope else d


T = retold(shuffled)
right("further_shuffled", "vjp", shuffled, shuffled_backward, (CHANNELS,), "The inverse order of the axes.", T)
wrong("further_shuffled_offsets_exchanged", "vjp", shuffled,
      lambda c, x: shuffled_backward(c, x, order=(3, 1, 0, 2)), (CHANNELS,), "Rows for columns.", T)  # fmt: skip
wrong("further_shuffled_not_squashed", "vjp", shuffled, lambda c, x: shuffled_backward(c, x, slope=False), (CHANNELS,),
      "The slope of tanh is forgotten.", T)  # fmt: skip

# sets that repel
KERNEL = rng.standard_normal((3, 3)) + 3 * np.eye(3)


def repelled(k):
    return np.log(np.linalg.det(np.eye(3) + k)) - np.log(k[0, 0])


def repelled_gradient(k, turned=True, entry=True, shifted=True):
    d = np.linalg.inv(np.eye(3) + k if shifted else k)
    d = d.T.copy() if turned else d.copy()
    d[0, 0] -= 1 / k[0, 0] if entry else 0.0
    return d


T = retold(repelled)
right("further_repelled", "gradient", repelled, repelled_gradient, (KERNEL,), "The inverse, transposed.", T)
wrong("further_repelled_unturned", "gradient", repelled, lambda k: repelled_gradient(k, turned=False), (KERNEL,),
      "The inverse is not transposed.", T)  # fmt: skip
wrong("further_repelled_first_entry", "gradient", repelled, lambda k: repelled_gradient(k, entry=False), (KERNEL,),
      "The logarithm of the entry is left out.", T)  # fmt: skip
wrong("further_repelled_without_identity", "gradient", repelled, lambda k: repelled_gradient(k, shifted=False),
      (KERNEL,), "The inverse of K where that of I + K is due.", T)  # fmt: skip

# steps that grow
STEPS = np.array([0.5, -0.2, 0.9, 0.4, -0.6])


def bumpy(x):
    d = np.diff(x)
    return np.sum(d**2 / (1 + d**2))


def bumpy_gradient(x, both=1.0, sign=1.0, square=2):
    d = np.diff(x)
    dd = 2 * d / (1 + d**2) ** square
    g = np.zeros(5)
    g[1:] += dd
    g[:-1] -= both * sign * dd
    return g


T = retold(bumpy)
right("further_bumpy", "gradient", bumpy, bumpy_gradient, (STEPS,), "Each step has two ends.", T)
wrong("further_bumpy_one_end", "gradient", bumpy, lambda x: bumpy_gradient(x, both=0.0), (STEPS,),
      "The start of a step gets nothing.", T)  # fmt: skip
wrong("further_bumpy_sign", "gradient", bumpy, lambda x: bumpy_gradient(x, sign=-1.0), (STEPS,),
      "The start of a step gets the sign of its end.", T)  # fmt: skip
wrong("further_bumpy_denominator_held", "gradient", bumpy, lambda x: bumpy_gradient(x, square=1), (STEPS,),
      "The denominator is taken for given.", T)  # fmt: skip
