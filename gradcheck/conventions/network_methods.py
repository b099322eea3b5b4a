"""How a network's class is asked for its loss and its gradients: by which methods, in which order, with what."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from gradcheck.conventions.assumed_losses import ASSUMED, alike
from gradcheck.conventions.gradients_held import NoGradients, gradients_by_name, parameters_taken
from gradcheck.conventions.left_over import is_derivative
from gradcheck.conventions.offer import Contents
from gradcheck.conventions.roles import arguments, filled, role, roles
from gradcheck.conventions.source_trees import returned_names, tree_of
from gradcheck.conventions.weights_of import Weights

FORWARDS = (
    "forward",
    "feedforward",
    "feed_forward",
    "forward_pass",
    "forward_prop",
    "forward_propagation",
    "forward_propogation",
    "forward_propagate",
    "forwardprop",
    "__call__",
    "think",
    "query",
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
    "backward_propogation",
    "backward_propagate",
    "backpropagation",
    "backpropogation",
    "back_propagation",
    "back_propogation",
    "backpropagate",
    "back_propagate",
    "backwards",
)
"""Names of the method that gives the gradients, or stores them; propogation is how many spell it."""
STEPS = ("train_step", "training_step", "train_on_batch", "step", "train", "learn", "fit", "update")
"""Names of the method that takes a step, where no other gives gradients."""
_A_LOSS = re.compile(r"loss|cost|entropy|mse|error|objective")
"""What is in the name of a function or method that gives a loss."""
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
        for back in backwards_of(type(owner)):
            updates = "rate" in roles(getattr(owner, back))
            gradients = _by_method(weights, back, loss, more)
            yield Way(partial(_only, loss), gradients, (name, back), updates)
            if not updates:
                rates = [n for n, v in vars(owner).items() if role(n) == "rate" and isinstance(v, int | float)]
                moved = partial(_moved, weights, gradients, rates)
                yield Way(partial(_only, loss), moved, (name, back), updates=True, wide=not rates)


def backwards_of(kind: type) -> list[str]:
    """The methods that give gradients, or that take a step where there are none of those."""
    found = list(_methods(kind, BACKWARDS))
    return found or [name for name in _methods(kind, STEPS) if _takes_a_step(name, getattr(kind, name))]


def _takes_a_step(name: str, method: Callable[..., Any]) -> bool:
    """Whether a method takes data, labels, and how often to go over them, unless its name or its code says once.

    Beside inputs, `outputs` are labels.
    """
    asked = set(roles(method))
    once = "step" in name or "batch" in name or "epochs" in asked or not _loops(method)
    return "X" in asked and bool({"y", "out"} & asked) and once


def _loops(method: Callable[..., Any]) -> bool:
    tree = tree_of(method)
    return tree is None or any(isinstance(node, ast.For | ast.While) for node in ast.walk(tree))


def forward_of(owner: Any) -> str | None:
    """The method that gives the outputs for given inputs."""
    found = [name for name in _methods(owner, FORWARDS) if filled(getattr(owner, name), {"X": None}, "X") is not None]
    return found[0] if found else None


def outputs(net: Any, X: Any) -> Any:
    """The outputs of a network first, and whatever its forward pass returns besides."""
    passed, place = _passed(net, X)
    return (passed[place], *(part for k, part in enumerate(passed) if k != place))


def _passed(net: Any, X: Any) -> tuple[tuple[Any, ...], int]:
    """What the forward pass returns, and where in it the outputs stand: their name tells, or they come last."""
    name = forward_of(net)
    if name is None:
        raise NotImplementedError("forward")
    method = getattr(net, name)
    answer = method(**(filled(method, {"X": X}, "X") or {}))
    if isinstance(answer, list) and answer and all(isinstance(part, np.ndarray) for part in answer):
        return (answer[-1], answer), 0  # the activations of all layers
    if not isinstance(answer, tuple):
        return (answer,), 0
    called = [k for k, name in enumerate(returned_names(method)[: len(answer)]) if role(name) == "out"]
    if called:
        return answer, called[-1]
    return answer, len(answer) - 1 if len(answer) > 2 and all(isinstance(a, np.ndarray) for a in answer) else 0


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
        for name in dir(type(owner)):
            if name[:1] != "_" and name not in LOSSES and _is_a_loss(name, getattr(owner, name)):
                yield name, _with_outputs(attrgetter(name), more)
        for name, function in contents.helpers.items():
            if _is_a_loss(name, function):
                yield name, _with_outputs(partial(_whatever, function), more)


def _is_a_loss(name: str, function: Any) -> bool:
    """Whether something is called like a loss, takes labels, and is not called like a derivative."""
    if not callable(function) or "y" not in roles(function) or _A_LOSS.search(name.lower()) is None:
        return False
    return not is_derivative(name)


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
        values: dict[str, Any] = {"X": X, "y": y, "rate": RATE, "epochs": 1, **more}
        named: dict[str, Any] = {}
        if back in STEPS:
            values |= {} if "y" in asked else {"out": y}
        elif not back.startswith(("grad", "compute", "get", "calc")):
            if (forward := forward_of(net)) is not None:
                passed, place = _passed(net, X)
                values |= {"out": passed[place], "cache": passed[-1]}
                named = dict(zip(returned_names(getattr(net, forward)), passed, strict=False))
            if "y" not in asked:  # the loss was told, and remembers
                loss(net, X, y)
        before = {label: np.array(value) for label, value in weights.held_by(net).items()}
        answer = method(**_given(method, values, None, named))
        if "rate" in asked:
            return parameters_taken(before, weights.held_by(net), RATE)
        return gradients_by_name(answer, net, weights)

    return gradients


def _moved(
    weights: Weights,
    step: Callable[[Any, Any, Any], Mapping[str, Any]],
    rates: Sequence[str],
    net: Any,
    X: Any,
    y: Any,
) -> Mapping[str, Any]:
    """The gradient by which a step without gradients has moved the parameters, at the rate that the network holds."""
    for name in rates:
        setattr(net, name, RATE)
    before = {label: np.array(value) for label, value in weights.held_by(net).items()}
    try:
        return step(net, X, y)
    except NoGradients:
        taken = parameters_taken(before, weights.held_by(net), RATE if rates else 1.0)
    if not any(np.any(value) for value in taken.values()):
        raise NoGradients("it returns no gradients, and moves no parameters")
    return {name: np.asarray(value, dtype=float) for name, value in taken.items()}


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


def _given(
    function: Callable[..., Any], values: Mapping[str, Any], first: str | None, named: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    found = filled(function, values, first, named)
    if found is None:
        names = ", ".join(p.name for p in arguments(function) or ())
        raise TypeError(f"what the arguments ({names}) are for is not known")
    return found


def _methods(owner: Any, names: tuple[str, ...]) -> Iterator[str]:
    kind = owner if isinstance(owner, type) else type(owner)
    for name in names:
        if name == "__call__" and "__call__" not in dir(kind):
            continue
        if callable(getattr(kind, name, None)):
            yield name
