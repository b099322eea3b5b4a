"""Networks in plain functions: `forward_prop(W1, b1, W2, b2, X)` and `backward_prop(Z1, A1, Z2, A2, W2, X, Y)`.

They are made into a class that holds the parameters, with the two as its methods, so that they are asked like any other
network. The parameters are the arguments of the forward function that are called like parameters.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from functools import update_wrapper
from typing import Any

from gradcheck.conventions.network_methods import BACKWARDS, FORWARDS
from gradcheck.conventions.offer import Contents
from gradcheck.conventions.roles import arguments, roles
from gradcheck.conventions.trial_data import HIDDEN, INPUTS, OUTPUTS, weights
from gradcheck.conventions.weights_of import Weights

_WEIGHT = re.compile(r"(w|weights?)_?\d*", re.I)
_BIAS = re.compile(r"(b|bias|biases)_?\d*", re.I)
Shape = tuple[int, ...]


def made_of_functions(contents: Contents) -> Iterator[list[Weights]]:
    """For each pair of such functions, networks whose parameters lie in all ways that occur."""
    for name in FORWARDS:
        forward = contents.functions.get(name)
        parameters = [] if forward is None else _parameters(forward)
        if forward is None or not parameters or "X" not in roles(forward):
            continue
        for other in BACKWARDS:
            backward = contents.functions.get(other)
            if backward is not None and "y" in roles(backward):
                kind = _network(parameters, forward, backward)
                yield [_with(kind, shapes) for shapes in _shapes(parameters)]


def _parameters(forward: Callable[..., Any]) -> list[str]:
    return [p.name for p in arguments(forward) or () if _WEIGHT.fullmatch(p.name) or _BIAS.fullmatch(p.name)]


def _network(parameters: Sequence[str], forward: Callable[..., Any], backward: Callable[..., Any]) -> type:
    """A class with the two functions as methods, which get the parameters from the object."""
    methods = {function.__name__: _method(parameters, function) for function in (forward, backward)}
    return type(f"{forward.__name__} and {backward.__name__}", (), methods)


def _method(parameters: Sequence[str], function: Callable[..., Any]) -> Callable[..., Any]:
    own = list(inspect.signature(function).parameters.values())
    held = [p.name for p in own if p.name in parameters]

    def method(self: Any, *given: Any, **named: Any) -> Any:
        left = dict(zip((p.name for p in own if p.name not in held), given, strict=False))
        return function(**{name: getattr(self, name) for name in held}, **left, **named)

    wrapped = update_wrapper(method, function)
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wrapped.__signature__ = inspect.Signature([first, *(p for p in own if p.name not in held)])  # type: ignore[attr-defined] # read by inspect.signature
    return wrapped


def _shapes(parameters: Sequence[str]) -> Iterator[dict[str, Shape]]:
    """Shapes of all parameters: matrices (out, in) for samples in columns, or (in, out) for rows; offsets."""
    matrices = [name for name in parameters if _WEIGHT.fullmatch(name)]
    hidden = [HIDDEN[k % len(HIDDEN)] for k in range(len(matrices) - 1)]
    for outputs in (OUTPUTS, 1):
        sizes = [INPUTS, *hidden, outputs]
        for columns, offset in ((True, 2), (False, 2), (False, 1), (True, 1)):
            found: dict[str, Shape] = {}
            for name in parameters:
                k = sum(_WEIGHT.fullmatch(other) is not None for other in found) - (name not in matrices)
                before, after = sizes[max(k, 0)], sizes[max(k, 0) + 1]
                if name in matrices:
                    found[name] = (after, before) if columns else (before, after)
                else:
                    found[name] = (after,) if offset == 1 else (after, 1) if columns else (1, after)
            yield found


def _with(kind: type, shapes: dict[str, Shape]) -> Weights:
    owner = kind()
    vars(owner).update(weights(shapes))
    return Weights(owner, "", dict(vars(owner)))
