"""Value and gradient in one call, containers, whole numbers among floats, keyword arguments, further outputs."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors forms", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5105)
mpf, mpm = mp.mpf, mp.mpmath


def both(name, label, function, inputs, why, truth, **rest):
    """An item whose function returns value and gradient."""
    label(name, "value_and_gradient", function, function, inputs, why, truth, **rest)


# a Gaussian process's marginal likelihood by the logarithms of its parameters
SITES, HEIGHTS = np.linspace(0.0, 2.0, 5), rng.standard_normal(5)
PRIOR = {"log_length": np.array(-0.3), "log_variance": np.array(0.4), "log_noise": np.array(-1.2)}


def kernel_parts(p):
    gaps = (SITES[:, None] - SITES[None]) ** 2
    length, variance, noise = (np.exp(p[k]) for k in ("log_length", "log_variance", "log_noise"))
    smooth = variance * np.exp(-0.5 * gaps / length**2)
    return gaps, length, variance, noise, smooth


def marginal(p):
    *_, noise, smooth = kernel_parts(p)
    K = smooth + noise * np.eye(5)
    return 0.5 * HEIGHTS @ np.linalg.solve(K, HEIGHTS) + 0.5 * np.linalg.slogdet(K)[1]


def marginal_gradient(p, chain=True, half=0.5, determinant=1.0):
    gaps, length, variance, noise, smooth = kernel_parts(p)
    K = smooth + noise * np.eye(5)
    alpha = np.linalg.solve(K, HEIGHTS)
    inner = half * (determinant * np.linalg.inv(K) - np.outer(alpha, alpha))
    chained = {"log_length": length, "log_variance": variance, "log_noise": noise}
    plain = {"log_length": smooth * gaps / length**3, "log_variance": smooth / variance, "log_noise": np.eye(5)}
    return {k: np.asarray(np.sum(inner * plain[k]) * (chained[k] if chain else 1.0)) for k in plain}


def mp_marginal(p):
    x = mp.lift(SITES)
    K = mp.exp(-((x[:, None] - x[None]) ** 2) / (2 * mp.exp(2 * p["log_length"]))) * mp.exp(p["log_variance"])
    K = K + mp.exp(p["log_noise"]) * np.eye(5, dtype=int)
    y = mp.lift(HEIGHTS)
    return (y @ mp.solve(K, y) + mp.log(mp.det(K))) / 2


MARGINAL = Reference(mp_marginal)
both("gaussian_process_by_logarithms", right, lambda p: (marginal(p), marginal_gradient(p)), (PRIOR,),
     "A dict of logarithms.", MARGINAL, rounding=1e4)  # fmt: skip
both("gaussian_process_without_chain_rule", wrong, lambda p: (marginal(p), marginal_gradient(p, chain=False)), (PRIOR,),
     "By the parameters, not by their logarithms.", MARGINAL, rounding=1e4)  # fmt: skip
both("gaussian_process_determinant_lost", wrong, lambda p: (marginal(p), marginal_gradient(p, determinant=0.0)),
     (PRIOR,), "The log-determinant's part is missing.", MARGINAL, rounding=1e4)  # fmt: skip

# a network in nested dicts
DATA, TARGET = rng.standard_normal((4, 3)), rng.standard_normal((4, 1))
NETWORK = {
    "layer1": {"W": 0.5 * rng.standard_normal((3, 2)), "b": 0.1 * rng.standard_normal(2)},
    "layer2": {"W": 0.5 * rng.standard_normal((2, 1)), "b": 0.1 * rng.standard_normal(1)},
}


def network_loss(params):
    h = np.tanh(DATA @ params["layer1"]["W"] + params["layer1"]["b"])
    out = h @ params["layer2"]["W"] + params["layer2"]["b"]
    return np.mean((out - TARGET) ** 2)


def network_gradient(params, bias=np.sum, slope=True):
    h = np.tanh(DATA @ params["layer1"]["W"] + params["layer1"]["b"])
    d = 2 * (h @ params["layer2"]["W"] + params["layer2"]["b"] - TARGET) / 4
    e = d @ params["layer2"]["W"].T
    if slope:
        e = e * (1 - h * h)
    return {
        "layer1": {"W": DATA.T @ e, "b": bias(e, axis=0)},
        "layer2": {"W": h.T @ d, "b": bias(d, axis=0)},
    }


def mp_network(params):
    h = mp.tanh(mp.lift(DATA) @ params["layer1"]["W"] + params["layer1"]["b"])
    gap = h @ params["layer2"]["W"] + params["layer2"]["b"] - mp.lift(TARGET)
    return (gap * gap).sum() / 4


NESTED = Reference(mp_network)
right("network_in_dicts", "gradient", network_loss, network_gradient, (NETWORK,), "Nested dicts.", NESTED)
wrong("network_in_dicts_biases_averaged", "gradient", network_loss, lambda p: network_gradient(p, np.mean), (NETWORK,),
      "The biases' gradients are averaged over the batch again.", NESTED)  # fmt: skip
wrong("network_in_dicts_slope_forgotten", "gradient", network_loss, lambda p: network_gradient(p, slope=False),
      (NETWORK,), "tanh's slope is missing.", NESTED)  # fmt: skip


# the state of an epidemic in a named tuple
class Epidemic(NamedTuple):
    susceptible: Any
    infected: Any
    rates: Any


OUTBREAK = Epidemic(np.array([0.8, 0.6]), np.array([0.1, 0.2]), {"spread": np.array(1.5), "recovery": np.array(0.4)})


def outbreak_step(state):
    new = 0.1 * state.rates["spread"] * state.susceptible * state.infected
    gone = 0.1 * state.rates["recovery"] * state.infected
    return {"S": state.susceptible - new, "I": state.infected + new - gone}


def outbreak_backward(c, state, direction=1.0):
    flow = 0.1 * (c["I"] - c["S"]) * direction
    spread, recovery = state.rates["spread"], state.rates["recovery"]
    return Epidemic(
        c["S"] + flow * spread * state.infected,
        c["I"] + flow * spread * state.susceptible - 0.1 * recovery * c["I"],
        {
            "spread": np.asarray(np.sum(flow * state.susceptible * state.infected)),
            "recovery": np.asarray(-0.1 * np.sum(state.infected * c["I"])),
        },
    )


def mp_outbreak(state):
    spread, recovery = state.rates["spread"], state.rates["recovery"]
    susceptible = state.susceptible - mpf(0.1) * spread * state.susceptible * state.infected
    infected = state.infected + mpf(0.1) * (spread * state.susceptible - recovery) * state.infected
    return {"S": susceptible, "I": infected}


OUTBREAKS = Reference(mp_outbreak)
right("epidemic_in_named_tuple", "vjp", outbreak_step, outbreak_backward, (OUTBREAK,),
      "A named tuple in, a dict out.", OUTBREAKS)  # fmt: skip
wrong("epidemic_in_named_tuple_flow_reversed", "vjp", outbreak_step, lambda c, s: outbreak_backward(c, s, -1.0),
      (OUTBREAK,), "c_S - c_I for c_I - c_S.", OUTBREAKS)  # fmt: skip


# a pendulum in a dataclass
@dataclass
class Pendulum:
    angle: Any
    velocity: Any
    length: Any


SWING = Pendulum(np.array(0.7), np.array(-0.4), np.array(1.3))


def pendulum_energy(p):
    return 0.5 * (p.length * p.velocity) ** 2 + 9.81 * p.length * (1 - np.cos(p.angle))


def pendulum_gradient(p, power=2):
    return Pendulum(
        9.81 * p.length * np.sin(p.angle),
        p.length**power * p.velocity,
        p.length * p.velocity**2 + 9.81 * (1 - np.cos(p.angle)),
    )


ENERGY = Reference(lambda p: (p.length * p.velocity) ** 2 / 2 + mpf(9.81) * p.length * (1 - mp.cos(p.angle)))
right("pendulum_in_dataclass", "gradient", pendulum_energy, pendulum_gradient, (SWING,), "A dataclass.", ENERGY)
wrong("pendulum_in_dataclass_length_once", "gradient", pendulum_energy, lambda p: pendulum_gradient(p, 1), (SWING,),
      "The length belongs to the velocity twice.", ENERGY)  # fmt: skip

# a whole number among floats
SCALED = Reference(lambda a, b: a**2 * b)
right("whole_number_among_floats", "gradient", lambda a, b: a**2 * b, lambda a, b: (2.0 * a * b, float(a**2)), (2, 3.0),
      "The whole number has a gradient.", SCALED)  # fmt: skip
right("whole_number_left_out", "gradient", lambda a, b: a**2 * b, lambda a, b: (None, float(a**2)), (2, 3.0),
      "None for the whole number.", SCALED)  # fmt: skip
wrong("whole_number_among_floats_999", "gradient", lambda a, b: a**2 * b, lambda a, b: (999.0, float(a**2)), (2, 3.0),
      "The whole number's gradient is nonsense.", SCALED)  # fmt: skip
wrong("whole_number_among_floats_exponent", "gradient", lambda a, b: a**2 * b, lambda a, b: (a * b, float(a**2)),
      (2, 3.0), "The exponent does not come down.", SCALED)  # fmt: skip

# points of whole numbers alone
WHOLE = np.array([1, 3, -2])
WHOLE_CUBES = Reference(lambda x: sum(mpf(1) * v**3 for v in x))
right("whole_point", "gradient", lambda x: np.sum(x**3.0), lambda x: 3.0 * x**2, (WHOLE,),
      "All inputs are whole numbers, taken as floats.", WHOLE_CUBES)  # fmt: skip
wrong("whole_point_exponent_kept", "gradient", lambda x: np.sum(x**3.0), lambda x: 3.0 * x**3, (WHOLE,),
      "The exponent is not lowered.", WHOLE_CUBES)  # fmt: skip

# logistic regression for scipy's minimize(jac=True), with keyword arguments
SIGNS = np.array([1.0, -1.0, -1.0, 1.0])
SLOPE = np.array([0.3, -0.8, 0.5])


def logistic(w, ridge=0.0, mean=True, sign=1.0):
    margin = SIGNS * (DATA @ w)
    value = np.mean(np.log1p(np.exp(-margin))) + 0.5 * ridge * w @ w
    pull = -SIGNS / (1 + np.exp(margin))
    return value, (DATA.T @ pull) / (4 if mean else 1) + sign * ridge * w


def mp_logistic(w, ridge=0.0):
    margin = mp.lift(SIGNS) * (mp.lift(DATA) @ w)
    return mp.log(1 + mp.exp(-margin)).sum() / 4 + mpf(ridge) * (w * w).sum() / 2


LOGISTIC, RIDGE = Reference(mp_logistic), {"kwargs": {"ridge": 0.3}}
both("logistic_jac_true", right, logistic, SLOPE, "minimize(jac=True).", LOGISTIC, options=RIDGE)
both("logistic_jac_true_sum", wrong, lambda w, ridge: logistic(w, ridge, mean=False), SLOPE,
     "The value is a mean, the gradient a sum.", LOGISTIC, options=RIDGE)  # fmt: skip
both("logistic_jac_true_ridge_sign", wrong, lambda w, ridge: logistic(w, ridge, sign=-1.0), SLOPE,
     "The ridge pushes outwards.", LOGISTIC, options=RIDGE)  # fmt: skip


# a value with diagnostics beside it
def with_residual(p, x):
    residual = p["a"] * np.exp(p["b"] * x) - np.arange(1.0, 4.0)
    return np.sum(residual**2), {"residual": residual, "name": "fit"}


def with_residual_gradient(p, x, twice=2.0):
    grown = np.exp(p["b"] * x)
    residual = p["a"] * grown - np.arange(1.0, 4.0)
    pull = twice * residual * grown
    return {"a": np.asarray(np.sum(pull)), "b": np.asarray(np.sum(pull * p["a"] * x))}, 2 * residual * grown * (
        p["a"] * p["b"]
    )


CURVE = {"a": np.array(1.2), "b": np.array(0.6)}
FITTED = Reference(lambda p, x: sum((p["a"] * mp.exp(p["b"] * v) - k) ** 2 for k, v in zip((1, 2, 3), x, strict=True)))
right("fit_with_diagnostics", "gradient", with_residual, with_residual_gradient, (CURVE, np.array([0.1, 0.9, 1.4])),
      "(value, aux), a dict and an array.", FITTED, options={"has_aux": True})  # fmt: skip
wrong("fit_with_diagnostics_two_missing", "gradient", with_residual, lambda p, x: with_residual_gradient(p, x, 1.0),
      (CURVE, np.array([0.1, 0.9, 1.4])), "The square's 2 is missing by the parameters, not by x.",
      FITTED, options={"has_aux": True})  # fmt: skip
