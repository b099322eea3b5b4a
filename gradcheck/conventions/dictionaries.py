"""`dictionaries`: functions that pass parameters, caches and gradients in dicts, as in Coursera's courses.

`L_model_forward(X, parameters) -> (AL, caches)`, `compute_cost(AL, Y)`, `L_model_backward(AL, Y, caches) -> grads`,
their like with other names, and `propagate(w, b, X, Y) -> (grads, cost)`. The pair is the cost as a function of the
dict of parameters. Samples are columns, or rows where only those run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.dictionary_layers import layer_pairs
from gradcheck.conventions.dictionary_models import Function, Model, models, suited
from gradcheck.conventions.layer_pairs import layers as named_layers
from gradcheck.conventions.log_guards import Guards, guards
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair
from gradcheck.conventions.parameter_dicts import Network
from gradcheck.conventions.recurrent_cells import cell_pairs
from gradcheck.conventions.roles import arguments, roles
from gradcheck.conventions.trial_data import INPUTS, SAMPLES, labels, normal, weights
from gradcheck.conventions.user_calls import attempt, called, steady

NAME = "dictionaries"
ABOUT = "forward(X, parameters) -> (AL, caches), compute_cost(AL, Y), backward(AL, Y, caches) -> grads (Coursera)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"orientation": ("rows", "columns"), "scale": ("mean", "sum")}
)


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all such functions of the file, and a Miss for a backward pass that cannot be run."""
    known = guards(contents.module)
    pairs: list[Pair] = []
    notes: list[str] = []
    claims: set[str] = set()
    for model in models(contents.functions, contents.helpers, known):
        network, why = suited(model, options.get("orientation"), contents.helpers)
        if network is None:
            yield Miss(NAME, model.backward[0], why)
            continue
        pairs.append(_pair(model, network))
        notes.append(_orientation(model, network))
        claims.update(model.names)
    for pair, names in (*_logistic(contents, known), *_one_number(contents)):
        pairs.append(pair)
        claims.update(names)
    for found in cell_pairs(named_layers(contents), contents.helpers):
        if len(found) == 2:
            yield Miss(NAME, *found)
            continue
        pairs.append(found[0])
        claims.update(found[1])
        notes.append(found[2])
    if not pairs and not _is_coursera(contents):
        return
    for pair, names, note in layer_pairs(contents.helpers, options.get("scale")):
        pairs.append(pair)
        claims.update(names)
        notes += [note] if note and note not in notes else []
    if pairs:
        notes += [f"{c:g} is added inside a logarithm alone; the cost is asked without it" for c in known.constants]
        title = "; ".join(dict.fromkeys(pair.shown for pair in pairs))
        yield Offer(NAME, title, claims=frozenset(claims), pairs=tuple(pairs), notes=tuple(notes))


def _is_coursera(contents: Contents) -> bool:
    """Whether layers are Coursera's rather than CS231n's: they are called so, and their first argument is A."""
    forward = contents.helpers.get("linear_forward") or contents.helpers.get("linear_activation_forward")
    names = [p.name for p in arguments(forward) or ()] if forward is not None else []
    return names[:3] in (["A", "W", "b"], ["A_prev", "W", "b"])


def _pair(model: Model, network: Network) -> Pair:
    def cost(parameters: Any) -> Any:
        return model.loss(network, parameters)

    def gradient(parameters: Any) -> Any:
        return model.gradients(network, parameters)

    *ahead, last = model.names
    first = (model.cost or model.forward)[1]
    return Pair(
        name=last,
        kind="gradient",
        f=called(cost, first, ahead[-1], ["parameters"]),
        derivative=called(gradient, model.backward[1], last, ["parameters"]),
        inputs=(dict(network.parameters),),
        shown=f"{', '.join(ahead)} and {last}",
    )


def _orientation(model: Model, network: Network) -> str:
    return (
        f"{model.backward[0]}: samples are {'columns' if network.columns else 'rows'}, "
        f"{len(network.parameters) // 2} layers, labels of shape {network.y.shape}: these run"
    )


def _logistic(contents: Contents, known: Guards) -> Iterator[tuple[Pair, tuple[str, ...]]]:
    """`propagate(w, b, X, Y) -> (grads, cost)`."""
    for name, function in contents.functions.items():
        names = [p.name for p in arguments(function) or ()]
        if names[:2] != ["w", "b"] or sorted(filter(None, roles(function)[2:4])) != ["X", "y"] or len(names) != 4:
            continue
        X, y = normal((INPUTS, SAMPLES), 1), labels(SAMPLES, 2).astype(float)[None, :]
        w = weights({"w": (INPUTS, 1)})["w"]
        answer, wrong = attempt(partial(function, w, 0.3, X, y))
        parts = answer if wrong is None and isinstance(answer, tuple) and len(answer) == 2 else ()
        order = [isinstance(part, Mapping) for part in parts]
        if sorted(order) == [False, True] and {"dw", "db"} <= set(parts[order.index(True)]):
            yield _propagate(name, function, (X, y), (w, np.array(0.3)), order.index(True), known), (name,)


def _propagate(
    name: str, function: Function, data: tuple[Any, Any], inputs: tuple[Any, Any], place: int, known: Guards
) -> Pair:
    def cost(w: Any, b: Any) -> Any:
        with steady(), known.left_out():
            return function(w, b, *map(np.array, data))[1 - place]

    def gradient(w: Any, b: Any) -> Any:
        with steady():
            grads = function(np.array(w), float(b), *map(np.array, data))[place]
        return grads["dw"], grads["db"]

    f, derivative = called(cost, function, name, "wb"), called(gradient, function, name, "wb")
    return Pair(name, "gradient", f, derivative, inputs, shown=name)


def _one_number(contents: Contents) -> Iterator[tuple[Pair, tuple[str, ...]]]:
    """The warming-up of the gradient checking: `forward_propagation(x, theta)`, `backward_propagation(x, theta)`."""
    forward, backward = (contents.helpers.get(f"{way}_propagation") for way in ("forward", "backward"))
    if forward is None or backward is None:
        return
    if any([p.name for p in arguments(function) or ()] != ["x", "theta"] for function in (forward, backward)):
        return

    def value(theta: Any) -> Any:
        return forward(1.7, theta)

    def gradient(theta: Any) -> Any:
        return backward(1.7, theta)

    _, wrong = attempt(lambda: (float(value(0.6)), float(gradient(0.6))))
    if wrong is None:
        names = ("forward_propagation", "backward_propagation")
        f, derivative = called(value, forward, names[0], ["theta"]), called(gradient, backward, names[1], ["theta"])
        yield Pair(names[1], "gradient", f, derivative, (np.array(0.6),), shown=" and ".join(names)), names
