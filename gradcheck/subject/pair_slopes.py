"""What a pair answers where no judge is in its process: f along lines through its inputs, and its derivative there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.conventions.offer import Pair
from gradcheck.subject.hidden_package import hidden_package

STEP = 2.0**-13
"""The larger of the two distances, to both sides, at which f is asked along a line."""
LINES, FEWEST, SECONDS = 4, 2, 5.0
"""Number of lines; of a slow f, so few are enough after so many seconds."""


def slopes(pair: Pair) -> list[list[float]]:
    """Per line: f(x + h t), f(x - h t), f(x + h t / 2), f(x - h t / 2), each times a cotangent; the derivative's slope.

    A last number is the unit roundoff of f's answers times the size of f. [] where the derivative's form says not to
    which input its parts belong. What f or the derivative raises passes.
    """
    with hidden_package():
        return _slopes(pair)


def _slopes(pair: Pair) -> list[list[float]]:
    measured: list[list[float]] = []
    if pair.kind in ("hessian", "hvp"):  # a second derivative is no slope of f
        return measured
    started = time.monotonic()
    for line in range(LINES):
        rng = np.random.default_rng([20_261_130, line])
        tangent = _drawn(pair.inputs, rng)
        value = _value(pair, pair.inputs)
        moved = [_value(pair, _moved(pair.inputs, tangent, h)) for h in (STEP, -STEP, STEP / 2, -STEP / 2)]
        cotangent = _drawn(value, rng) if pair.kind in ("vjp", "jvp") else _ones(value)
        answer = _derivative(pair, tangent, cotangent)
        try:
            sizes = [_dot(cotangent, one) for one in moved]
            slope = _dot(cotangent, answer) if pair.kind == "jvp" else _paired(answer, tangent)
            measured.append([*sizes, slope, _roundoff(value) * abs(_dot(cotangent, value))])
        except (ValueError, TypeError, KeyError):
            return []
        if len(measured) >= FEWEST and time.monotonic() - started > SECONDS:
            break
    return measured


def _value(pair: Pair, inputs: tuple[Any, ...]) -> Any:
    value = pair.f(*_moved(inputs, inputs, 0.0))
    return value[0] if pair.kind == "value_and_gradient" else value


def _derivative(pair: Pair, tangent: Any, cotangent: Any) -> Any:
    fresh = _moved(pair.inputs, tangent, 0.0)
    if pair.kind == "value_and_gradient":
        return pair.f(*fresh)[1]
    assert pair.derivative is not None, "only a function that answers both has none"
    match pair.kind:
        case "vjp":
            return pair.derivative(cotangent, *fresh)
        case "jvp":
            return pair.derivative(fresh, tangent)
        case _:
            return pair.derivative(*fresh)


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f")


def _drawn(like: Any, rng: np.random.Generator) -> Any:
    """Normal numbers in place of every float, 0 in place of all else."""
    if isinstance(like, Mapping):
        return {key: _drawn(part, rng) for key, part in like.items()}
    if isinstance(like, tuple | list):
        return type(like)([_drawn(part, rng) for part in like])
    if not _is_float(like):
        return 0.0
    drawn = rng.normal(size=np.shape(like))
    return np.asarray(drawn, dtype=np.asarray(like).dtype) if np.ndim(like) else float(drawn)


def _ones(like: Any) -> Any:
    return np.ones(np.shape(like))


def _moved(inputs: Any, tangent: Any, h: float) -> Any:
    """A copy of the inputs, every float moved by h times the tangent."""
    if isinstance(inputs, Mapping):
        return {key: _moved(part, tangent[key], h) for key, part in inputs.items()}
    if isinstance(inputs, tuple | list):
        return type(inputs)([_moved(part, other, h) for part, other in zip(inputs, tangent, strict=True)])
    if not _is_float(inputs):
        return inputs.copy() if isinstance(inputs, np.ndarray) else inputs
    moved = inputs + h * tangent
    return np.asarray(moved, dtype=np.asarray(inputs).dtype) if np.ndim(inputs) else moved


def _paired(answer: Any, tangent: Any) -> float:
    """The sum over all inputs of gradient times tangent; an only input's gradient may come bare."""
    if len(tangent) == 1 and not (isinstance(answer, tuple | list) and len(answer) == 1 and np.ndim(tangent[0]) != 1):
        return _dot(answer, tangent[0])
    if len(answer) != len(tangent):
        raise ValueError("parts are missing, or too many")
    return _dot(answer, tangent)


def _dot(answer: Any, tangent: Any) -> float:
    """The sum of the products; None counts as zero, and so does what an answer lacks."""
    if answer is None:
        return 0.0
    if isinstance(tangent, Mapping):
        return sum(_dot(answer[key], part) for key, part in tangent.items() if key in answer)
    if isinstance(tangent, tuple | list):
        return sum(_dot(part, other) for part, other in zip(answer, tangent, strict=True))
    left, right = np.asarray(answer, dtype=np.float64), np.asarray(tangent, dtype=np.float64)
    if right.ndim == 0 and left.size == 1:
        return float(left.reshape(())) * float(right)
    if left.shape != right.shape:
        raise ValueError("another shape")
    return float(np.vdot(left, right))


def _roundoff(value: Any) -> float:
    """The largest unit roundoff of the arrays in f's answer."""
    dtypes = [np.asarray(part).dtype for part in _parts(value)]
    return max((float(np.finfo(dtype).eps) for dtype in dtypes if dtype.kind == "f"), default=0.0)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, tuple | list):
        for part in value:
            yield from _parts(part)
    else:
        yield value
