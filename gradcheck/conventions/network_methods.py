"""How a network's class is asked for its loss and its gradients: by which methods, in which order, with what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from gradcheck.conventions.assumed_losses import ASSUMED, alike
from gradcheck.conventions.gradients_held import gradients_by_name, parameters_taken
from gradcheck.conventions.offer import Contents
from gradcheck.conventions.roles import arguments, filled, roles
from gradcheck.conventions.weights_of import Weights

FORWARDS = (
    "forward",
    "feedforward",
    "feed_forward",
    "forward_pass",
    "forward_prop",
    "forward_propagation",
    "forwardprop",
    "__call__",
    "predict",
)
"""Names of the method that gives the outputs."""
LOSSES = (
    "loss",
    "compute_loss",
    "cost",
    "compute_cost",
    "cost_function",
    "loss_function",
    "calculate_loss",
    "calc_loss",
    "get_loss",
    "loss_fn",
    "objective",
    "criterion",
    "error",
    "forward",
)
"""Names of the method that gives the loss."""
BACKWARDS = (
    "gradient",
    "gradients",
    "compute_gradients",
    "compute_gradient",
    "get_gradients",
    "calculate_gradients",
    "grad",
    "grads",
    "backward",
    "backprop",
    "backward_pass",
    "back_prop",
    "backward_prop",
    "backward_propagation",
    "backpropagation",
    "back_propagation",
    "backpropagate",
    "back_propagate",
    "backwards",
)
"""Names of the method that gives the gradients, or stores them."""
RATE = 2.0**40
"""Learning rate at which parameters move by the gradient alone: what they were is lost in its rounding."""


@dataclass(frozen=True)
class Way:
    """One way to ask a network.

    Attributes
    ----------
    loss: `loss(net, X, y)` is the loss of this network.
    gradients: `gradients(net, X, y)` are its gradients by the names of the parameters.
    names: of the methods that the two ask.
    updates: whether the gradient is what the method takes away from the parameters.
    wide: whether it takes away the gradient itself, at no rate, so that wider numbers have to keep its last digits.
    """

    loss: Callable[[Any, Any, Any], Any]
    gradients: Callable[[Any, Any, Any], Mapping[str, Any]]
    names: tuple[str, str]
    updates: bool = False
    wide: bool = False


def ways(
    weights: Weights, contents: Contents, more: Mapping[str, Any] | None = None, assumed: str = ""
) -> Iterator[Way]:
    """All ways that the names of the methods suggest, the surest first.

    Parameters
    ----------
    more: further arguments, by their roles.
    assumed: the name of one of `assumed_losses` that is to be taken, instead of one of the file's own.
    """
    owner = weights.owner
    more = more or {}
    losses = list(_losses(owner, contents, more)) if not assumed else [_assumed(assumed)]
    for name, loss in losses:
        yield Way(partial(_first, loss), _second(weights, loss), (name, name))
    for name, loss in losses:
        for back in _methods(owner, BACKWARDS):
            updates = "rate" in roles(getattr(owner, back))
            gradients = _by_method(weights, back, loss, more)
            yield Way(partial(_only, loss), gradients, (name, back), updates)


def forward_of(owner: Any) -> str | None:
    """The method that gives the outputs for given inputs."""
    found = [name for name in _methods(owner, FORWARDS) if filled(getattr(owner, name), {"X": None}, "X") is not None]
    return found[0] if found else None


def outputs(net: Any, X: Any) -> Any:
    """The outputs of a network, and whatever its forward pass returns besides."""
    name = forward_of(net)
    if name is None:
        raise NotImplementedError("forward")
    method = getattr(net, name)
    answer = method(**(filled(method, {"X": X}, "X") or {}))
    return answer if isinstance(answer, tuple) else (answer,)


def _losses(
    owner: Any, contents: Contents, more: Mapping[str, Any]
) -> Iterator[tuple[str, Callable[[Any, Any, Any], Any]]]:
    for name in _methods(owner, LOSSES):
        asked = roles(getattr(owner, name))
        if "y" in asked and ("X" in asked or "out" not in asked):
            yield name, _with_inputs(name, more)
        if "y" in asked and "X" not in asked and forward_of(owner) is not None:
            yield name, _with_outputs(attrgetter(name), more)
    if forward_of(owner) is not None:
        for name, function in contents.helpers.items():
            if any(word in name.lower() for word in ("loss", "cost", "entropy", "mse", "error")) and "y" in roles(
                function
            ):
                yield name, _with_outputs(partial(_whatever, function), more)


def _assumed(name: str) -> tuple[str, Callable[[Any, Any, Any], Any]]:
    """A loss that the file does not have, of the first of a network's outputs."""
    of_outputs = alike(ASSUMED[name])

    def loss(net: Any, X: Any, y: Any) -> Any:
        return of_outputs(outputs(net, X)[0], y)

    return name.replace("-", "_"), loss


def _with_inputs(name: str, more: Mapping[str, Any]) -> Callable[[Any, Any, Any], Any]:
    def loss(net: Any, X: Any, y: Any) -> Any:
        method = getattr(net, name)
        return method(**_given(method, {"X": X, "y": y, **more}, "X"))

    return loss


def _with_outputs(find: Callable[[Any], Callable[..., Any]], more: Mapping[str, Any]) -> Callable[[Any, Any, Any], Any]:
    def loss(net: Any, X: Any, y: Any) -> Any:
        out = outputs(net, X)[0]
        function = find(net)
        return function(**_given(function, {"out": out, "y": y, **more}, "out"))

    return loss


def _by_method(
    weights: Weights, back: str, loss: Callable[[Any, Any, Any], Any], more: Mapping[str, Any]
) -> Callable[[Any, Any, Any], Mapping[str, Any]]:
    """The gradients from a method of their own, after whatever pass forward has to come before it."""

    def gradients(net: Any, X: Any, y: Any) -> Mapping[str, Any]:
        method = getattr(net, back)
        asked = roles(method)
        values: dict[str, Any] = {"X": X, "y": y, "rate": RATE, **more}
        if not back.startswith(("grad", "compute", "get", "calc")):
            if forward_of(net) is not None:
                passed = outputs(net, X)
                values |= {"out": passed[0], "cache": passed[-1]}
            if "y" not in asked:  # the loss was told, and remembers
                loss(net, X, y)
        before = {label: np.array(value) for label, value in weights.held_by(net).items()}
        answer = method(**_given(method, values, None))
        if "rate" in asked:
            return parameters_taken(before, weights.held_by(net), RATE)
        return gradients_by_name(answer, net, weights)

    return gradients


def _second(weights: Weights, loss: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Mapping[str, Any]]:
    def gradients(net: Any, X: Any, y: Any) -> Mapping[str, Any]:
        answer = loss(net, X, y)
        if not isinstance(answer, tuple) or len(answer) < 2:
            raise TypeError("the loss comes alone")
        more = answer[1] if len(answer) == 2 else answer[1:]
        return gradients_by_name(more, net, weights)

    return gradients


def _whatever(function: Callable[..., Any], net: Any) -> Callable[..., Any]:
    """The same function for every network."""
    return function


def _first(loss: Callable[[Any, Any, Any], Any], net: Any, X: Any, y: Any) -> Any:
    answer = loss(net, X, y)
    if not isinstance(answer, tuple) or len(answer) < 2:
        raise TypeError("the loss comes alone")
    return answer[0]


def _only(loss: Callable[[Any, Any, Any], Any], net: Any, X: Any, y: Any) -> Any:
    answer = loss(net, X, y)
    return answer[0] if isinstance(answer, tuple) else answer


def _given(function: Callable[..., Any], values: Mapping[str, Any], first: str | None) -> dict[str, Any]:
    found = filled(function, values, first)
    if found is None:
        names = ", ".join(p.name for p in arguments(function) or ())
        raise TypeError(f"what the arguments ({names}) are for is not known")
    return found


def _methods(owner: Any, names: tuple[str, ...]) -> Iterator[str]:
    kind = type(owner)
    for name in names:
        if name == "__call__" and "__call__" not in dir(kind):
            continue
        if callable(getattr(kind, name, None)):
            yield name
