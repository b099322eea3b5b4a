"""Containers, whole numbers, keyword arguments, value and gradient: held back."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors blind forms", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6105)
mpf, mpm = mp.mpf, mp.mpmath


def both(name, label, function, inputs, why, truth, **rest):
    """An item whose function returns value and gradient."""
    label(name, "value_and_gradient", function, function, inputs, why, truth, **rest)


# a list of layers of one shape
LAYERS = [(0.6 * rng.standard_normal((3, 3)), 0.2 * rng.standard_normal(3)) for _ in range(3)]
START = rng.standard_normal(3)


def deep(layers):
    h = START
    for W, b in layers:
        h = np.tanh(W @ h + b)
    return np.sum(h)


def deep_gradient(layers, ordered=True, transposed=True, slope=True):
    states = [START]
    for W, b in layers:
        states.append(np.tanh(W @ states[-1] + b))
    g, result = np.ones(3), []
    for (W, _), before, after in zip(layers[::-1], states[-2::-1], states[:0:-1], strict=True):
        z = g * (1 - after**2) if slope else g * (1 - before**2)
        result.append((np.outer(z, before), z))
        g = (W.T if transposed else W) @ z
    return result[::-1] if ordered else result


def mp_deep(layers):
    h = mp.lift(START)
    for W, b in layers:
        h = mp.tanh(W @ h + b)
    return h.sum()


DEEP = Reference(mp_deep)
right("layers_in_list", "gradient", deep, deep_gradient, (LAYERS,), "A list of pairs.", DEEP)
wrong("layers_in_list_backwards", "gradient", deep, lambda p: deep_gradient(p, ordered=False), (LAYERS,),
      "The gradients in the order in which they were found: last layer first.", DEEP)  # fmt: skip
wrong("layers_in_list_untransposed", "gradient", deep, lambda p: deep_gradient(p, transposed=False), (LAYERS,),
      "W for W^T on the way back.", DEEP)  # fmt: skip
wrong("layers_in_list_slope_before", "gradient", deep, lambda p: deep_gradient(p, slope=False), (LAYERS,),
      "The slope from the layer's input instead of its output.", DEEP)  # fmt: skip


# a star's light curve in a dataclass, with a name in it
@dataclass
class Transit:
    planet: str
    depth: Any
    shape: dict[str, Any]


TRANSIT = Transit("b", np.array(0.3), {"centre": np.array(0.1), "log_width": np.array(-0.6)})
CLOCK = np.linspace(-1.0, 1.0, 6)
FLUX = 1 - 0.25 * np.exp(-((CLOCK / 0.5) ** 2))


def transit(p):
    u = (CLOCK - p.shape["centre"]) * np.exp(-p.shape["log_width"])
    return np.sum((1 - p.depth * np.exp(-(u**2)) - FLUX) ** 2)


def transit_gradient(p, width=True, sign=1.0):
    u = (CLOCK - p.shape["centre"]) * np.exp(-p.shape["log_width"])
    dip = np.exp(-(u**2))
    pull = 2 * (1 - p.depth * dip - FLUX)
    by_u = pull * p.depth * dip * 2 * u
    by_centre = -np.sum(by_u * (np.exp(-p.shape["log_width"]) if width else 1.0))
    shape = {"centre": np.asarray(sign * by_centre), "log_width": np.asarray(-np.sum(by_u * u))}
    return Transit(p.planet, np.asarray(-np.sum(pull * dip)), shape)


def mp_transit(p):
    u = [(mpf(t) - p.shape["centre"]) / mp.exp(p.shape["log_width"]) for t in CLOCK]
    return sum((1 - p.depth * mp.exp(-v * v) - mpf(y)) ** 2 for v, y in zip(u, FLUX, strict=True))


TRANSITS = Reference(mp_transit)
right("transit_in_dataclass", "gradient", transit, transit_gradient, (TRANSIT,), "A name among numbers.", TRANSITS)
wrong("transit_in_dataclass_width", "gradient", transit, lambda p: transit_gradient(p, width=False), (TRANSIT,),
      "1 / width is forgotten by the centre.", TRANSITS)  # fmt: skip
wrong("transit_in_dataclass_centre", "gradient", transit, lambda p: transit_gradient(p, sign=-1.0), (TRANSIT,),
      "By the centre as by the time: the minus sign is lost.", TRANSITS)  # fmt: skip

# softmax with a temperature as keyword
COSTS = np.array([0.4, -1.0, 0.7])
WARM = {"kwargs": {"temperature": 0.6}}


def choice_entropy(x, temperature=1.0):
    p = np.exp(x / temperature)
    p = p / p.sum()
    return -np.sum(p * np.log(p))


def choice_entropy_gradient(x, temperature=1.0):
    p = np.exp(x / temperature)
    p = p / p.sum()
    return -p * (np.log(p) - p @ np.log(p)) / temperature


def choice_entropy_default(x, temperature=1.0):
    return choice_entropy_gradient(x)


def mp_choice_entropy(x, temperature=1.0):
    p = mp.softmax(x / mpf(temperature))
    return -sum(v * mpm.log(v) for v in p)


CHOICE = Reference(mp_choice_entropy)
right("entropy_with_temperature", "gradient", choice_entropy, choice_entropy_gradient, COSTS, "kwargs=.", CHOICE,
      options=WARM)  # fmt: skip
wrong("entropy_with_temperature_outside", "gradient", choice_entropy,
      lambda x, temperature: temperature * choice_entropy_gradient(x, temperature), COSTS,
      "1 / temperature is forgotten.", CHOICE, options=WARM)  # fmt: skip
wrong("entropy_with_temperature_default", "gradient", choice_entropy, choice_entropy_default, COSTS,
      "The temperature is ignored.", CHOICE, options=WARM)  # fmt: skip

# a dose's response: its slope is given as a whole number
HILL = Reference(lambda dose, half, n: dose**n / (half**n + dose**n))


def hill(dose, half, n):
    return dose**n / (half**n + dose**n)


def hill_gradient(dose, half, n, logarithm=True):
    y = hill(dose, half, n)
    by_n = y * (1 - y) * (np.log(dose / half) if logarithm else 1.0)
    return n * y * (1 - y) / dose, -n * y * (1 - y) / half, by_n


right("hill_slope_whole_number", "gradient", hill, hill_gradient, (0.8, 1.3, 2), "By the whole number, too.", HILL)
right("hill_slope_whole_number_none", "gradient", hill, lambda d, h, n: (*hill_gradient(d, h, n)[:2], None),
      (0.8, 1.3, 2), "None for it.", HILL)  # fmt: skip
wrong("hill_slope_whole_number_logarithm", "gradient", hill, lambda d, h, n: hill_gradient(d, h, n, False),
      (0.8, 1.3, 2), "log(dose / half) is missing by the whole number; the floats are right.", HILL)  # fmt: skip

# exponents that are indices in spirit
POWERS = np.array([1, 2, 4])
BASES = np.array([0.7, -1.2, 1.1])
MONOMIALS = Reference(lambda x, k: np.array([v ** int(n) for v, n in zip(x, k, strict=True)], dtype=object))
right("monomials_whole_exponents", "vjp", lambda x, k: x**k, lambda c, x, k: (c * k * x ** (k - 1), None),
      (BASES, POWERS), "None for the exponents.", MONOMIALS)  # fmt: skip
wrong("monomials_whole_exponents_kept", "vjp", lambda x, k: x**k, lambda c, x, k: (c * k * x**k, None),
      (BASES, POWERS), "The exponents are not lowered.", MONOMIALS)  # fmt: skip

# a kernel's matrix by a dict of logarithms, one length per axis
SITES = rng.standard_normal((3, 2))
LOGS = {"variance": np.array(0.3), "lengths": np.array([-0.2, 0.5])}


def kernel(p):
    scaled = SITES / np.exp(p["lengths"])
    gaps = (scaled[:, None] - scaled) ** 2
    return np.exp(p["variance"] - 0.5 * gaps.sum(axis=2))


def kernel_backward(c, p, order=slice(None), chain=True):
    scaled = SITES / np.exp(p["lengths"])
    gaps = (scaled[:, None] - scaled) ** 2
    cK = c * kernel(p)
    by_lengths = np.einsum("ij,ijk->k", cK, gaps)[order]
    if not chain:
        by_lengths = by_lengths / np.exp(p["lengths"])
    return {"variance": np.asarray(np.sum(cK)), "lengths": by_lengths}


def mp_kernel(p):
    x = mp.lift(SITES)
    result = np.empty((3, 3), dtype=object)
    for i in range(3):
        for j in range(3):
            far = sum((x[i, k] - x[j, k]) ** 2 / mpm.exp(2 * p["lengths"][k]) for k in (0, 1))
            result[i, j] = mp.exp(p["variance"]) * mpm.exp(-far / 2)
    return result


KERNEL = Reference(mp_kernel)
right("kernel_lengths_in_dict", "vjp", kernel, kernel_backward, (LOGS,), "By logarithms.", KERNEL)
wrong("kernel_lengths_in_dict_axes", "vjp", kernel, lambda c, p: kernel_backward(c, p, slice(None, None, -1)), (LOGS,),
      "The two axes exchanged.", KERNEL)  # fmt: skip
wrong("kernel_lengths_in_dict_chain_rule", "vjp", kernel, lambda c, p: kernel_backward(c, p, chain=False), (LOGS,),
      "By the lengths, not by their logarithms.", KERNEL)  # fmt: skip


# positions and momenta in, positions and momenta out
class Phase(NamedTuple):
    q: Any
    p: Any


ORBIT = Phase(np.array([1.0, 0.2]), np.array([-0.1, 0.9]))


def kick_and_drift(s):
    p = s.p - 0.2 * s.q / np.sum(s.q**2) ** 1.5
    return Phase(s.q + 0.2 * p, p)


def kick_and_drift_backward(c, s, radial=True):
    r2 = np.sum(s.q**2)
    p_bar = c.p + 0.2 * c.q
    q_bar = c.q - 0.2 * p_bar / r2**1.5
    if radial:
        q_bar = q_bar + 0.6 * (p_bar @ s.q) * s.q / r2**2.5
    return Phase(q_bar, p_bar)


def mp_kick_and_drift(s):
    r2 = s.q[0] ** 2 + s.q[1] ** 2
    p = s.p - mpf(0.2) * s.q / mpm.sqrt(r2) ** 3
    return Phase(s.q + mpf(0.2) * p, p)


KICKS = Reference(mp_kick_and_drift)
right("kick_and_drift", "vjp", kick_and_drift, kick_and_drift_backward, (ORBIT,), "Named tuples both ways.", KICKS)
wrong("kick_and_drift_distance_held", "vjp", kick_and_drift, lambda c, s: kick_and_drift_backward(c, s, False),
      (ORBIT,), "The distance is held.", KICKS)  # fmt: skip

# value and gradient of several inputs
CENTRES, PULLS = rng.standard_normal((3, 2)), np.array([0.5, 1.0, 2.0])


def wells(x, depth, mean=False, own=True):
    d = x - CENTRES
    bowls = np.exp(-np.sum(d * d, axis=1))
    value = -np.sum(depth * bowls)
    by_x = np.sum((depth * bowls)[:, None] * 2 * d, axis=0)
    return value / (3 if mean else 1), (by_x, -bowls if own else -depth * bowls)


WELLS = Reference(
    lambda x, depth: (
        -sum(
            a * mpm.exp(-((x[0] - mpf(c[0])) ** 2) - (x[1] - mpf(c[1])) ** 2)
            for a, c in zip(depth, CENTRES, strict=True)
        )
    )
)
both("wells_value_and_gradients", right, wells, (np.array([0.1, -0.3]), PULLS), "Two inputs.", WELLS)
both("wells_value_and_gradients_depth", wrong, lambda x, d: wells(x, d, own=False), (np.array([0.1, -0.3]), PULLS),
     "What the depth multiplies still holds the depth.", WELLS)  # fmt: skip
MEAN_WELLS = Reference(lambda x, depth: WELLS.value(x, depth) / 3)
both("wells_value_is_a_mean", wrong, lambda x, d: wells(x, d, mean=True), (np.array([0.1, -0.3]), PULLS),
     "The value is a mean, the gradients are of the sum.", MEAN_WELLS)  # fmt: skip

# python floats
GAS = Reference(lambda n, t, v: n * mpf(8.314) * t / (v - n * mpf(0.04)) - mpf(1.4) * n**2 / v**2)


def pressure(n, t, v):
    return n * 8.314 * t / (v - n * 0.04) - 1.4 * n**2 / v**2


def pressure_gradient(n, t, v, volume=True):
    free = v - n * 0.04
    by_n = 8.314 * t / free + (n * 8.314 * t * 0.04 / free**2 if volume else 0.0) - 2.8 * n / v**2
    return by_n, n * 8.314 / free, -n * 8.314 * t / free**2 + 2.8 * n**2 / v**3


right("van_der_waals_floats", "gradient", pressure, pressure_gradient, (1.5, 3.1, 2.2), "Numbers for arrays.", GAS)
wrong("van_der_waals_floats_excluded", "gradient", pressure, lambda n, t, v: pressure_gradient(n, t, v, False),
      (1.5, 3.1, 2.2), "What the amount excludes from the volume is not differentiated.", GAS)  # fmt: skip


# a loss with its predictions beside it
def scored(w, x):
    guess = x @ w
    return np.mean(np.abs(guess - 1.0) ** 1.5), guess


def scored_gradient(w, x, sign=True):
    gap = x @ w - 1.0
    pull = 1.5 * np.sqrt(np.abs(gap)) * (np.sign(gap) if sign else 1.0) / len(x)
    return x.T @ pull, np.outer(pull, w)


SCORED = Reference(lambda w, x: sum(abs(v - 1) ** mpf(1.5) for v in x @ w) / 3)
SCORES = (np.array([0.4, -0.9]), rng.standard_normal((3, 2)))
right("loss_and_predictions", "gradient", scored, scored_gradient, SCORES, "(loss, predictions).", SCORED,
      options={"has_aux": True})  # fmt: skip
wrong("loss_and_predictions_sign", "gradient", scored, lambda w, x: scored_gradient(w, x, False), SCORES,
      "The modulus's sign is forgotten.", SCORED, options={"has_aux": True})  # fmt: skip
