"""The number of axes that a docstring gives each argument: `- y_pred (N,)`, `x: array of shape (N, D)`.

It says which of the example inputs are meant where a function runs at several.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example

_SHAPE = r"\b{name}\b[^\n()]*\(((?:[\w*/+ -]+,)+[\w*/+ -]*)\)"
"""An argument's name and, on the same line, a tuple of sizes."""


def documented_axes(function: Callable[..., Any], names: Sequence[str]) -> dict[str, int]:
    """The number of axes of each argument whose shape the docstring gives."""
    text = getattr(function, "__doc__", None) or ""
    found = {name: re.search(_SHAPE.format(name=re.escape(name)), text) for name in names}
    return {name: sum(map(bool, map(str.strip, hit[1].split(",")))) for name, hit in found.items() if hit is not None}


def as_documented(function: Callable[..., Any], names: Sequence[str], examples: Iterator[Example]) -> Iterator[Example]:
    """The examples, those first whose arguments have as many axes as the docstring says."""
    axes = documented_axes(function, names)
    if not axes:
        return examples
    found = list(examples)
    fits = [all(np.ndim(e.values.get(name, 0)) == count for name, count in axes.items()) for e in found]
    return chain(
        (e for e, fit in zip(found, fits, strict=True) if fit),
        (e for e, fit in zip(found, fits, strict=True) if not fit),
    )
