"""Networks that are made with their data: `NeuralNetwork(x, y)`, `feedforward()`, and `backprop()`, which takes a step.

The gradient is what a step takes away from the parameters. The parameters are the attributes that a step changes, and
those that are called like parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from inspect import Parameter
from typing import Any

import numpy as np

from gradcheck.conventions.assumed_losses import ASSUMED, alike
from gradcheck.conventions.gradients_held import gradients_by_name, parameters_taken
from gradcheck.conventions.network_methods import BACKWARDS, FORWARDS, LOSSES, Way
from gradcheck.conventions.roles import arguments, role, roles
from gradcheck.conventions.trial_data import INPUTS, OUTPUTS, SAMPLES, normal, targets
from gradcheck.conventions.user_calls import attempt
from gradcheck.conventions.weights_of import LIKE_A_PARAMETER, Weights, in_attributes

_OUTPUT = ("output", "out", "outputs", "y_hat", "yhat", "y_pred", "prediction", "predictions")
"""Names of the attribute in which the outputs are left."""


def takes_its_data(kind: type) -> bool:
    """Whether the constructor takes data and labels, and the passes forward and backward nothing."""
    asked = roles(kind.__init__)  # type: ignore[misc] # asked for its signature alone
    return {"X", "y"} <= set(asked) and _pass(kind, FORWARDS) is not None and _pass(kind, BACKWARDS) is not None


def made(kind: type) -> Iterator[tuple[Any, Any, Any, str]]:
    """Networks with their data and labels, and what the labels are; samples in rows."""
    X = normal((SAMPLES, INPUTS), 1)
    for columns, wanted in ((1, "a column of zeros and ones"), (OUTPUTS, "one-hot rows"), (OUTPUTS, "class numbers")):
        for about, y in ((about, y) for about, y in targets((SAMPLES, columns)) if about == wanted):
            network, wrong = attempt(partial(_of_data, kind, X, y.astype(float)))
            if wrong is None:
                yield network, X, y.astype(float), about


def averages(way: Way, found: Weights, values: Mapping[str, Any], X: Any, y: Any) -> bool:
    """Whether every sample given twice changes no gradient."""
    twice, wrong = attempt(partial(_of_data, type(found.owner), np.tile(X, (2, 1)), np.tile(y, (2, 1))))
    if wrong is not None:
        return False
    owners = (Weights(owner, "", found.values) for owner in (found.owner, twice))
    nets = [held.copied({name: np.array(value) for name, value in values.items()}) for held in owners]
    answers = [attempt(partial(way.gradients, net, X, y)) for net in nets]
    if any(more is not None for _, more in answers):
        return False
    one, two = (answer for answer, _ in answers)
    return all(np.allclose(one[name], two[name]) for name in one)


def stepped(network: Any) -> Weights | None:
    """The attributes that a pass back changes, or that are called like parameters; None where it does not run."""
    found = in_attributes(network)
    if found is None:
        return None
    forward, backward = (_pass(type(network), names) for names in (FORWARDS, BACKWARDS))
    trial = found.copied({name: np.array(value) for name, value in found.values.items()})
    before, wrong = attempt(lambda: (getattr(trial, forward or "")(), dict(found.held_by(trial)))[1])
    kept = {name: np.array(value) for name, value in (before or {}).items()}
    _, more = attempt(lambda: getattr(trial, backward or "")())
    if wrong is not None or more is not None:
        return None
    after = found.held_by(trial)
    moved = {
        name: found.values[name]
        for name, old in kept.items()
        if LIKE_A_PARAMETER.fullmatch(name) or not np.array_equal(old, after[name])
    }
    return Weights(network, "", moved) if moved else None


def own_ways(weights: Weights, assumed: str) -> Iterator[Way]:
    """The ways to ask it: by its own loss without arguments, or by the one that is assumed."""
    kind = type(weights.owner)
    forward, backward = _pass(kind, FORWARDS), _pass(kind, BACKWARDS)
    assert forward is not None, "a network that takes its data"
    assert backward is not None, "a network that takes its data"
    own = _pass(kind, LOSSES) if not assumed else None

    def loss(net: Any, X: Any, y: Any) -> Any:
        returned = getattr(net, forward)()
        if own is not None:
            return getattr(net, own)()
        return alike(ASSUMED[assumed])(_outputs(net, returned, y), y)

    def gradients(net: Any, X: Any, y: Any) -> Mapping[str, Any]:
        getattr(net, forward)()
        before = {name: np.array(value) for name, value in weights.held_by(net).items()}
        answer = getattr(net, backward)()
        taken = parameters_taken(before, weights.held_by(net), 1.0)
        if any(np.any(value) for value in taken.values()):
            return {name: np.asarray(value, dtype=float) for name, value in taken.items()}
        return gradients_by_name(answer, net, weights)

    if own is not None or assumed:
        yield Way(loss, gradients, (own or assumed.replace("-", "_"), backward), updates=True, wide=True)


def _of_data(kind: type, X: Any, y: Any) -> Any:
    return kind(**{p.name: {"X": X, "y": y}.get(role(p.name) or "", _number(p)) for p in _required(kind)})


def _outputs(net: Any, returned: Any, y: Any) -> Any:
    """What the pass forward returned, or left in an attribute."""
    held = [returned, *(getattr(net, name, None) for name in _OUTPUT)]
    own = set(map(id, held))
    held += [v for k, v in vars(net).items() if id(v) not in own and role(k) not in ("X", "y")][::-1]
    return next((value for value in held if value is not None and np.shape(value) == np.shape(y)), None)


def _pass(kind: type, names: tuple[str, ...]) -> str | None:
    """The method of one of these names that needs no arguments."""
    fitting = (name for name in names if callable(getattr(kind, name, None)) and not name.startswith("__"))
    return next((name for name in fitting if not _needs(getattr(kind, name))), None)


def _needs(method: Callable[..., Any]) -> bool:
    return any(p.default is Parameter.empty for p in arguments(method) or ())


def _required(kind: type) -> list[Parameter]:
    own = arguments(kind.__init__) or []  # type: ignore[misc] # asked for its signature alone
    return [p for p in own if p.default is Parameter.empty]


def _number(parameter: Parameter) -> Any:
    """A value for a further argument of the constructor: a rate, else a number of units."""
    return 1.0 if role(parameter.name) == "rate" else INPUTS + 2
