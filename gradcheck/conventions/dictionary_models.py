"""Functions that together are a network: forward with a cache, cost, backward with a dict of gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from gradcheck.conventions.log_guards import Guards
from gradcheck.conventions.parameter_dicts import LAYER_KEY, Network, Read, networks, of_initialiser, varies
from gradcheck.conventions.roles import arguments, filled, role, roles
from gradcheck.conventions.trial_data import STRENGTH, finite
from gradcheck.conventions.user_calls import attempt, steady
from gradcheck.conventions.weights_of import spellings

Function = Callable[..., Any]
KEPT = 0.75
"""Probability with which dropout keeps a unit."""
FURTHER: Mapping[str, Any] = {"reg": STRENGTH, "keep": KEPT}
"""Values of further arguments, by what they are for."""


@dataclass(frozen=True)
class Model:
    """Three functions of a file: their names, and what they are called with.

    Attributes
    ----------
    forward: parameters and X give (outputs, cache), or (cost, cache) where labels are among its arguments.
    cost: outputs and labels give the loss; None where forward does.
    backward: gives a dict of gradients.
    guards: constants that are left out of the cost.
    """

    forward: tuple[str, Function]
    cost: tuple[str, Function] | None
    backward: tuple[str, Function]
    guards: Guards = field(default_factory=Guards)

    @property
    def names(self) -> list[str]:
        """The functions, in the order in which they are called."""
        return [self.forward[0], *([self.cost[0]] if self.cost else []), self.backward[0]]

    def loss(self, network: Network, parameters: Mapping[str, Any]) -> Any:
        """The cost for these parameters."""
        with steady(), self.guards.left_out():
            return self.passed(network, parameters)["cost"]

    def gradients(self, network: Network, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The gradients of the cost, by the key of the parameter; what is missing is left out."""
        with steady():
            values = self.passed(network, {key: np.array(value) for key, value in parameters.items()})
            answer = called_with(self.backward[1], values)
        answer = answer if isinstance(answer, Mapping) else next(a for a in answer if isinstance(a, Mapping))
        found = {}
        for key in parameters:
            spelled = next((s for s in spellings(key) if s in answer and s != key), key)
            if spelled in answer:
                found[key] = answer[spelled]
        return found

    def passed(self, network: Network, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What the functions are called with, by role, after the pass forward; the cost among it."""
        values = {"X": network.X.copy(), "y": network.y.copy(), "parameters": parameters, **FURTHER}
        answer = called_with(self.forward[1], values)
        parts = answer if isinstance(answer, tuple) else (answer,)
        values |= {"out": self._output(parts[0]), "cache": parts[-1]}
        values["cost"] = parts[0] if self.cost is None else called_with(self.cost[1], values)
        return values

    def _output(self, first: Any) -> Any:
        """The output; where a pass forward returns its cache alone, what the cost calls it, else what came last."""
        if not isinstance(first, Mapping) or not first:
            return first
        asked = [p.name.lower() for p in arguments(self.cost[1]) or () if role(p.name) == "out"] if self.cost else []
        named = (value for key, value in first.items() if str(key).lower() in asked)
        return next(named, list(first.values())[-1])


def called_with(function: Function, values: Mapping[str, Any]) -> Any:
    """The answer of a function whose arguments are told by their names; TypeError where one is not understood."""
    given = filled(function, values)
    if given is None:
        raise TypeError("an argument is not understood")
    return function(**given)


def models(functions: Mapping[str, Function], helpers: Mapping[str, Function], guards: Guards) -> Iterator[Model]:
    """Every backward pass with dicts of the file, with the forward pass and the cost that go with its name."""
    for name, backward in functions.items():
        if not any(word in name.lower() for word in ("backward", "backprop", "back_prop")):
            continue
        if not {"cache"} <= set(roles(backward)) or any(role is None for role in roles(backward)):
            continue
        forward = _named(helpers, ("forward", "feedforward", "feed_forward"), name, "parameters")
        if forward is None:
            continue
        if "y" in roles(forward[1]):
            yield Model(forward, None, (name, backward), guards)
            continue
        cost = _named(helpers, ("cost", "loss"), name, "out")
        if cost is not None:
            yield Model(forward, cost, (name, backward), guards)


def suited(model: Model, orientation: str | None, helpers: Mapping[str, Function]) -> tuple[Network | None, str]:
    """The first network that the functions run on and read all of; or None and why there is none.

    Where they read other keys than W1, b1, ..., the keys are those of the parameters that the file itself makes.
    """
    network, why = _suited(model, networks(orientation))
    if network is None:
        other, _ = _suited(model, of_initialiser(helpers, orientation))
        network = other
    return network, "" if network is not None else why


def _suited(model: Model, tried: Iterator[Network]) -> tuple[Network | None, str]:
    why = "its functions run on no network of the usual kind"
    for network in tried:
        parameters = Read(network.parameters)
        values, wrong = attempt(partial(model.passed, network, parameters))
        if wrong is None and (np.size(values["cost"]) != 1 or not finite([values["cost"]])):
            continue
        if wrong is None and parameters.read != set(network.parameters) and len(parameters.read) > 0:
            continue
        if wrong is None and model.cost is not None and not varies(values["out"]):
            continue
        if wrong is None:
            found, wrong = attempt(partial(model.gradients, network, network.parameters))
            if wrong is None and found:
                return network, ""
        if wrong is not None:
            key = str(wrong.args[0]) if isinstance(wrong, KeyError) and wrong.args else ""
            why = f"{' and '.join(model.names)} raised {type(wrong).__name__}: {wrong}"[:300]
            if key and key not in network.parameters and not LAYER_KEY.fullmatch(key):
                break
    return None, why


def _named(
    helpers: Mapping[str, Function], words: tuple[str, ...], backward: str, needs: str
) -> tuple[str, Function] | None:
    """The function whose name has one of the words, and most of the name of the backward pass besides."""
    rest = set(backward.lower().replace("backward", "").replace("backprop", "").strip("_").split("_"))
    found = [
        (name, function)
        for name, function in helpers.items()
        if any(word in name.lower() for word in words) and needs in roles(function)
    ]

    def likeness(item: tuple[str, Function]) -> int:
        parts = set(item[0].lower().split("_")) - set(words)
        return 2 * len(parts & rest) - len((parts - rest) & {"with", "dropout", "regularization", "n", "l2"})

    return max(found, key=likeness, default=None)
