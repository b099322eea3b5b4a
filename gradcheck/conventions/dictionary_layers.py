"""Coursera's layers: `linear_forward(A, W, b) -> (Z, cache)`, `linear_backward(dZ, cache) -> (dA_prev, dW, db)`.

dA and dZ do not carry the batch's 1/m. dW and db do, or not: their own answers for a doubled batch tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.offer import Pair, required_arguments
from gradcheck.conventions.trial_data import HIDDEN, INPUTS, SAMPLES, normal
from gradcheck.conventions.user_calls import attempt, called

Function = Callable[..., Any]
ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"relu": lambda z: np.maximum(z, 0.0), "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)), "tanh": np.tanh}
)
"""Names of activations, as strings and as functions, and their values."""
_NOBODYS = "no such activation"


def layer_pairs(helpers: Mapping[str, Function], scale: str | None) -> Iterator[tuple[Pair, tuple[str, str], str]]:
    """Pairs of the file, with the names of their two functions and a note."""
    for forward, backward in (("linear_forward", "linear_backward"), ("affine_forward", "affine_backward")):
        if forward in helpers and backward in helpers:
            yield from _linear(helpers, forward, backward, (), scale)
    forward, backward = "linear_activation_forward", "linear_activation_backward"
    if forward in helpers and backward in helpers:
        for activation in _offered(helpers[forward]):
            yield from _linear(helpers, forward, backward, (activation,), scale)
    for name in ACTIVATIONS:
        if name in helpers and f"{name}_backward" in helpers:
            yield from _activation(helpers[name], helpers[f"{name}_backward"], name)


def _offered(ahead: Function) -> list[str]:
    """The activations that a layer takes by name, as its forward values tell.

    A name is taken where it gives what it says, or what neither another name nor one that nobody knows gives:
    `else: relu(Z)` takes "tanh" without offering it.
    """
    A, W, b = _inputs()
    names = (*ACTIVATIONS, _NOBODYS)
    given = {name: attempt(partial(lambda name: np.asarray(ahead(A, W, b, name)[0]), name))[0] for name in names}
    values = {name: value for name, value in given.items() if value is not None}

    def is_meant(name: str) -> bool:
        others = (value for other, value in values.items() if other != name)
        right = ACTIVATIONS[name](W @ A + b)
        return _same(values[name], right) or not any(_same(values[name], other) for other in others)

    return [name for name in ACTIVATIONS if name in values and is_meant(name)]


def _same(one: Any, other: Any) -> bool:
    return bool(np.shape(one) == np.shape(other) and np.allclose(one, other))


def _inputs() -> tuple[Any, Any, Any]:
    return normal((INPUTS, SAMPLES), 11), normal((HIDDEN[0], INPUTS), 12), normal((HIDDEN[0], 1), 13)


def _linear(
    helpers: Mapping[str, Function], forward: str, backward: str, more: tuple[str, ...], scale: str | None
) -> Iterator[tuple[Pair, tuple[str, str], str]]:
    ahead, back = helpers[forward], helpers[backward]
    if required_arguments(ahead) is None or len(required_arguments(ahead) or ()) != 3 + len(more):
        return
    A, W, b = _inputs()

    def value(A: Any, W: Any, b: Any) -> Any:
        return ahead(A, W, b, *more)[0]

    def answers(dZ: Any, A: Any, W: Any, b: Any) -> tuple[Any, Any, Any]:
        dA, dW, db = back(np.array(dZ), ahead(A, W, b, *more)[1], *more)
        return dA, dW, db

    dZ = normal((HIDDEN[0], SAMPLES), 14)
    _, wrong = attempt(lambda: (value(A, W, b), answers(dZ, A, W, b)))
    if wrong is not None:
        return
    mean, note = _scale(answers, (dZ, A, W, b), scale, backward)
    factor = float(SAMPLES) if mean else 1.0

    def vjp(dZ: Any, A: Any, W: Any, b: Any) -> Any:
        dA, dW, db = answers(dZ, A, W, b)
        count = A.shape[1] if mean else factor
        return dA, np.multiply(dW, count), np.multiply(db, count)

    shown = f"{forward} and {backward}" + (f", activation={more[0]}" if more else "")
    name = " ".join(["linear", *more])
    f, derivative = called(value, ahead, forward, "AWb"), called(vjp, back, backward, ["dZ", "A", "W", "b"])
    yield Pair(name, "vjp", f, derivative, (A, W, b), shown=shown), (forward, backward), note


def _scale(answers: Function, given: tuple[Any, ...], scale: str | None, backward: str) -> tuple[bool, str]:
    """Whether dW and db carry 1/m: told by a batch in which every sample stands twice, unless it is said."""
    if scale is not None:
        return scale == "mean", f"dW and db of {backward} are taken to {'carry' if scale == 'mean' else 'lack'} 1/m"
    dZ, A, W, b = given
    once = answers(dZ, A, W, b)[1:]
    twice = answers(np.tile(dZ, 2), np.tile(A, 2), W, b)[1:]
    if all(np.allclose(two, 2 * np.asarray(one)) for one, two in zip(once, twice, strict=True)):
        return False, (
            f"dW and db of {backward} grow with the batch, so they are taken to lack 1/m; "
            "--as dictionaries:scale=mean asks for it"
        )
    return True, f"dW and db of {backward} carry 1/m, and dA_prev does not, as the course has it"


def _activation(ahead: Function, back: Function, name: str) -> Iterator[tuple[Pair, tuple[str, str], str]]:
    Z = normal((HIDDEN[0], SAMPLES), 15)

    def value(Z: Any) -> Any:
        answer = ahead(Z)
        return answer[0] if isinstance(answer, tuple) else answer

    def vjp(dA: Any, Z: Any) -> Any:
        answer = ahead(Z)
        return back(np.array(dA), answer[1] if isinstance(answer, tuple) else Z)

    _, wrong = attempt(lambda: (value(Z), np.shape(vjp(normal(Z.shape, 16), Z))))
    if wrong is None:
        f, derivative = called(value, ahead, name, "Z"), called(vjp, back, f"{name}_backward", ["dA", "Z"])
        shown = f"{name} and {name}_backward"
        yield Pair(name, "vjp", f, derivative, (Z,), shown=shown), (name, f"{name}_backward"), ""
