"""Inputs for functions of PyTorch or JAX, by the number and the names of their arguments, until one set runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.conventions.roles import role
from gradcheck.conventions.trial_data import HIDDEN, INPUTS, OUTPUTS, SAMPLES, labels, normal

Shape = tuple[int, ...]
ROWS: Shape = (SAMPLES, INPUTS)
SHAPES: dict[int, tuple[tuple[Shape, ...], ...]] = {
    1: ((ROWS,), ((INPUTS,),), ((),), ((2, SAMPLES, INPUTS),)),
    2: (
        (ROWS, ROWS),
        (ROWS, (HIDDEN[0], INPUTS)),
        (ROWS, (INPUTS, HIDDEN[0])),
        (ROWS, (INPUTS,)),
        ((INPUTS,), (INPUTS,)),
        ((), ()),
    ),
    3: (
        (ROWS, (HIDDEN[0], INPUTS), (HIDDEN[0],)),
        (ROWS, (INPUTS, HIDDEN[0]), (HIDDEN[0],)),
        (ROWS, (INPUTS,), (INPUTS,)),
        (ROWS, ROWS, ROWS),
        ((), (), ()),
    ),
}
"""Shapes of the arrays, by how many there are: elementwise, or a product of matrices, with an offset, a scale."""
NUMBERS = (
    "eps",
    "alpha",
    "slope",
    "negative_slope",
    "beta",
    "lambda_",
    "lambd",
    "scale",
    "temperature",
    "tau",
    "delta",
)
"""Names of arguments that are plain numbers."""
AXES = ("dim", "axis")
"""Names of arguments that are an axis."""
NUMBER = 0.3
"""Value of a plain number."""


def parameters(function: Callable[..., Any], *, skip: int = 0) -> list[inspect.Parameter] | None:
    """The arguments that have to be given, the first `skip` left out; None where their number is open."""
    found = list(inspect.signature(function).parameters.values())[skip:]
    if any(p.kind in (p.VAR_POSITIONAL, p.KEYWORD_ONLY) and p.default is p.empty for p in found):
        return None
    return [p for p in found if p.default is p.empty]


def candidates(found: Sequence[inspect.Parameter]) -> Iterator[tuple[Any, ...]]:
    """Arguments to be tried: float arrays, plain numbers and labels; positive arrays after those of both signs."""
    fixed = {k: _fixed(p.name) for k, p in enumerate(found)}
    arrays = [k for k, value in fixed.items() if value is None]
    for positive in (False, True):
        for shapes in SHAPES.get(len(arrays), ()):
            given = dict(fixed)
            for seed, (k, shape) in enumerate(zip(arrays, shapes, strict=True)):
                drawn = normal(shape, 40 + seed)
                given[k] = np.abs(drawn) + 0.5 if positive else np.asarray(drawn)
            yield tuple(given.values())
    if len(arrays) == 2 and role(found[arrays[1]].name) == "y":
        logits = normal((SAMPLES, OUTPUTS), 40)
        yield tuple({**fixed, arrays[0]: logits, arrays[1]: labels(SAMPLES, OUTPUTS)}.values())


def _fixed(name: str) -> Any:
    if name.lower() in NUMBERS:
        return NUMBER
    return 1 if name.lower() in AXES else None


def is_array(value: Any) -> bool:
    """Whether a value is an array of floats, by which can be differentiated."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
