"""Other values of the options that a function and its derivative both take, and other sizes of their arrays.

With the defaults alone nobody would see a derivative that forgets an option, and at one size none that holds a length
as a number.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import update_wrapper
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example
from gradcheck.conventions.example_shapes import LAYOUTS, D, M, N
from gradcheck.conventions.example_values import Style, numbers, one_hot
from gradcheck.conventions.flagged_functions import FLAG
from gradcheck.conventions.layer_settings import same_outputs
from gradcheck.conventions.offer import Pair
from gradcheck.conventions.source_trees import tree_of

Function = Callable[..., Any]
_NO_NUMBERS = re.compile(r"(?i)\w*(ax[ei]s|dims?|seed|random_state|order)")
"""Names of whole numbers that say which, and not how much."""
_LEAST = 1e-3
"""Size of the smallest default that is changed: what is smaller guards a division."""
_SHARE, _FOR_ZERO = 0.75, 0.25
"""Factor on a default, which keeps within most ranges; what is asked in place of 0.0."""
_REDUCTIONS = ("mean", "sum")
_MOST = 6
"""Maximum number of further settings of one pair."""
_SIZES = {N: N + 2, D: D + 4, M: M + 3}
"""Another length for each of the usual ones."""


Make = Callable[[Function, Function, Example], Pair | None]
"""The pair of a function and its derivative at an example; None where they do not run there."""


def with_further(pair: Pair, f: Function, derivative: Function, example: Example, make: Make) -> tuple[Pair, list[str]]:
    """The pair of these two at this example, with those at other settings and sizes, and what is asked besides."""
    found: list[Pair] = []
    for given in list(_settings(f, derivative, set(example.values)))[:_MOST]:
        if any(set(given) <= set(earlier.options_given) for earlier in found):
            continue
        there = make(_bound(f, given), _bound(derivative, given), example)
        if there is not None and not same_outputs(there.f(*there.inputs), pair.f(*pair.inputs)):
            found.append(replace(there, options_given=given))
    texts = [one.setting for one in found]
    other = of_other_size(example)
    if other is not None and (there := make(f, derivative, other)) is not None:
        found.append(there)
        texts.append(other.shapes)
    return replace(pair, further=tuple(found)), [f"{pair.name}: asked at {text}, too" for text in texts]


def _settings(f: Function, derivative: Function, asked: set[str]) -> Iterator[Mapping[str, Any]]:
    """All numbers changed at once, then each alone where there are several; each flag and each word alone."""
    defaults = {name: value for name, value in _options(f).items() if name in _options(derivative)}
    defaults = {name: value for name, value in defaults.items() if name not in asked}
    changed = {name: other for name, value in defaults.items() if (other := _beside(name, value)) is not None}
    if changed:
        yield changed
    if len(changed) > 1:
        yield from ({name: value} for name, value in changed.items())
    for name, value in defaults.items():
        if isinstance(value, bool) and not FLAG.fullmatch(name):
            yield {name: not value}
        elif isinstance(value, str):
            yield from ({name: word} for word in _words(f, name, value) if word != value)


def _options(function: Function) -> dict[str, Any]:
    """Defaults by the names of the arguments that may be given by name."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return {p.name: p.default for p in named if p.default is not p.empty}


def _beside(name: str, value: Any) -> int | float | None:
    """Another number of the same kind; None for what is no amount."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value + 1 if value > 0 and not _NO_NUMBERS.fullmatch(name) else None
    if not isinstance(value, float) or not np.isfinite(value) or 0 < abs(value) < _LEAST:
        return None
    return _SHARE * value if value else _FOR_ZERO


def _words(function: Function, name: str, value: str) -> list[str]:
    """The words that a function's own code compares an argument with; of a mean and a sum the other one, too."""
    tree = tree_of(inspect.unwrap(function))
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)] if tree is not None else []
    mine = [node for node in compared if isinstance(node.left, ast.Name) and node.left.id == name]
    constants = (part for node in mine for other in node.comparators for part in ast.walk(other))
    found = [c.value for c in constants if isinstance(c, ast.Constant) and isinstance(c.value, str)]
    return list(dict.fromkeys([*found, *(_REDUCTIONS if value in _REDUCTIONS and found else ())]))


def _bound(function: Function, given: Mapping[str, Any]) -> Function:
    """The function with these options, which it takes no longer."""

    def call(*arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named, **given)

    own = update_wrapper(call, function)
    kept = [p for p in inspect.signature(function).parameters.values() if p.name not in given]
    own.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined] # read by inspect.signature
    return own


def of_other_size(example: Example) -> Example | None:
    """The example with more samples, features and outputs; None where its shapes are not of our own choosing."""
    if not example.natural or example.layout.partition(", ")[0] not in {e.name.partition(", ")[0] for e in LAYOUTS}:
        return None
    values = {name: _resized(name, value) for name, value in example.values.items()}
    same = all(np.shape(value) == np.shape(values[name]) for name, value in example.values.items())
    return None if same else replace(example, values=values)


def _resized(name: str, value: Any) -> Any:
    if not isinstance(value, np.ndarray) or not value.ndim:
        return value
    shape = tuple(_SIZES.get(n, n) for n in value.shape)
    if value.dtype.kind != "f":
        return np.resize(value, shape)
    if value.ndim == 2 and set(np.unique(value)) == {0.0, 1.0}:
        columns = bool(np.all(value.sum(axis=0) == 1.0))
        return one_hot(*(shape[::-1] if columns else shape), columns=columns)
    style: Style = "real" if value.min() < 0 else "positive" if value.max() > 1 else "unit"
    return numbers(shape, name, style)
