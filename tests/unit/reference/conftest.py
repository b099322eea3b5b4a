"""The truth about every op, in 450-digit arithmetic: definitions from the literature, differentiated numerically.

NumPy moves object arrays of mpmath numbers about (sums, products, axes); mpmath supplies the functions. 450 digits,
because next to sigmoid(800) = 1 - 4e-348 fewer would see no slope at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
import pytest

DIGITS = 450
STEP = mp.mpf(10) ** -40


def each(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*arrays: Any) -> Any:
        return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)

    return apply


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return each(mp.log)(np.sum(each(mp.exp)(x), axis=axis, keepdims=keepdims))


def _log_softmax(x: Any, axis: int = -1) -> Any:
    return x - _logsumexp(x, axis, True)


def _softmax(x: Any, axis: int = -1) -> Any:
    powers = each(mp.exp)(x)
    return powers / np.sum(powers, axis=axis, keepdims=True)


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = np.sum(x, axis=axis, keepdims=keepdims)
    return total / (np.size(x) // np.size(total))


DEFINITIONS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "square": lambda x: x * x,
    "pow": each(lambda x, y: mp.power(x, y)),
    "sqrt": each(mp.sqrt),
    "exp": each(mp.exp),
    "expm1": each(mp.expm1),
    "log": each(mp.log),
    "log1p": each(lambda x: mp.log(1 + x)),
    "sin": each(mp.sin),
    "cos": each(mp.cos),
    "tan": each(mp.tan),
    "tanh": each(mp.tanh),
    "sigmoid": each(lambda x: 1 / (1 + mp.exp(-x))),
    "softplus": each(lambda x: mp.log(1 + mp.exp(x))),
    "relu": each(lambda x: max(x, 0)),
    "leaky_relu": lambda x, slope=0.01: each(lambda e: e if e > 0 else mp.mpf(slope) * e)(x),
    "elu": lambda x, alpha=1.0: each(lambda e: e if e > 0 else mp.mpf(alpha) * mp.expm1(e))(x),
    "gelu": each(lambda x: x * mp.ncdf(x)),
    "abs": each(abs),
    "minimum": each(min),
    "maximum": each(max),
    "sum": np.sum,
    "mean": _mean,
    "max": np.max,
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "cross_entropy": lambda z, t, axis=-1: -np.sum(t * _log_softmax(z, axis), axis=axis),
    "matmul": np.matmul,
    "transpose": np.transpose,
    "reshape": lambda x, shape: np.reshape(x, shape),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "concatenate": lambda *parts, axis=0: np.concatenate(parts, axis=axis),
    "take": lambda x, indices, axis=0: np.take(x, np.asarray(indices), axis=axis),
    "where": lambda x, y, mask: np.where(np.asarray(mask), x, y),
}


@dataclass(frozen=True)
class Truth:
    """The value of an op, its VJP, and per entry the sum of the absolute terms that the VJP adds up."""

    value: Any
    messages: list[Any]
    scales: list[Any]


def _flat(values: Any) -> Any:
    return np.asarray(values, dtype=object).reshape(-1)


def truth(op: str, arguments: list[Any], attributes: dict[str, Any], cotangent: Any) -> Truth:
    """Central differences, whose error is about 1e-80 relative to the third derivative."""
    with mp.workdps(DIGITS):
        exact = [each(lambda e: mp.mpf(float(e)))(a) for a in arguments]
        define = DEFINITIONS[op]
        weights = _flat(each(lambda e: mp.mpf(float(e)))(cotangent))
        messages, scales = [], []
        for k, argument in enumerate(exact):
            message, scale = np.zeros(argument.shape, object), np.zeros(argument.shape, object)
            for entry in np.ndindex(argument.shape):
                ends = []
                for step in (STEP, -STEP):
                    moved = argument.copy()
                    moved[entry] = argument[entry] + step
                    ends.append(_flat(define(*exact[:k], moved, *exact[k + 1 :], **attributes)))
                terms = weights * (ends[0] - ends[1]) / (2 * STEP)
                message[entry], scale[entry] = sum(terms), sum(abs(t) for t in terms)
            messages.append(message)
            scales.append(scale)
        return Truth(np.asarray(define(*exact, **attributes), dtype=object), messages, scales)


def ulps(got: Any, exact: Any, scale: Any, dtype: Any) -> float:
    """Largest |got - exact| in units of roundoff of `scale`; subnormal results may lose their last bits."""
    kind = np.finfo(dtype)
    assert np.shape(got) == np.shape(exact)
    assert np.asarray(got).dtype == dtype
    worst = 0.0
    with mp.workdps(DIGITS):
        for g, e, s in zip(np.ravel(got), _flat(exact), _flat(scale), strict=True):
            if not np.isfinite(g):
                return float("inf")
            allowed = mp.mpf(float(kind.eps)) / 2 * s + 4 * mp.mpf(float(kind.smallest_subnormal))
            worst = max(worst, float(abs(mp.mpf(float(g)) - e) / allowed))
    return worst


@pytest.fixture(scope="session")
def exact_truth() -> Callable[..., Truth]:
    return truth


@pytest.fixture(scope="session")
def in_ulps() -> Callable[..., float]:
    return ulps


def mp_gradient(f: Callable[..., Any], arrays: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """f(**arrays) and its derivative in every entry, in 60 digits, rounded to float64 at the end."""
    with mp.workdps(120):
        exact = {name: each(lambda e: mp.mpf(float(e)))(value) for name, value in arrays.items()}
        gradient = {name: np.zeros(value.shape) for name, value in exact.items()}
        for name, value in exact.items():
            for entry in np.ndindex(value.shape):
                ends = []
                for step in (STEP, -STEP):
                    moved = value.copy()
                    moved[entry] = value[entry] + step
                    ends.append(f(**{**exact, name: moved}))
                gradient[name][entry] = float((ends[0] - ends[1]) / (2 * STEP))
        return float(f(**exact)), gradient


@pytest.fixture(scope="session")
def exact_gradient() -> Callable[..., tuple[float, dict[str, Any]]]:
    return mp_gradient


@pytest.fixture(scope="session")
def define() -> dict[str, Callable[..., Any]]:
    """The ops' definitions on object arrays of mpmath numbers."""
    return {"identity": lambda x: x, **DEFINITIONS}
