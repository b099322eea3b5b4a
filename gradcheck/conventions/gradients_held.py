"""Where a network's gradients live after it was asked: in what was returned, in a dict, in attributes, in an update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.conventions.weights_of import Weights, spellings

GRADIENT_DICTS = ("grads", "grad", "gradients", "gradient", "dparams", "d_params", "derivatives")
"""Names of the attribute that holds a dict of gradients."""


class NoGradients(TypeError):
    """Nothing that was returned or is held is the gradient of a parameter."""


def gradients_by_name(answer: Any, owner: Any, weights: Weights) -> dict[str, Any]:
    """The gradient of each parameter, out of an answer, or out of the owner where nothing fitting was returned.

    A parameter without one is left out. NoGradients where there is none at all.
    """
    if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], Mapping):  # (loss, grads)
        answer = answer[1]
    places = [answer, *(getattr(owner, name, None) for name in GRADIENT_DICTS), vars(owner)]
    for place in places:
        if isinstance(place, Mapping) and (found := _of_mapping(place, weights, own=place is vars(owner))):
            return found
        if place is answer and isinstance(place, tuple | list) and len(place) == len(weights.values):
            return _in_order(place, weights)
        if place is answer and isinstance(place, tuple | list) and (found := _of_lists(place, weights)):
            return found
    raise NoGradients("no gradients were returned, and none are in its attributes")


def parameters_taken(before: Mapping[str, Any], after: Mapping[str, Any], rate: float) -> dict[str, Any]:
    """The gradient by which a step of this rate has moved the parameters."""
    return {name: (before[name] - np.asarray(after[name])) / rate for name in before}


def _of_mapping(place: Mapping[Any, Any], weights: Weights, *, own: bool) -> dict[str, Any]:
    found = {}
    for name in weights.values:
        for spelling in list(spellings(weights.stem(name)))[1 if own else 0 :]:
            if spelling in place and place[spelling] is not None:
                found[name] = weights.of(place, name, spelling)
                break
    return found


def _of_lists(answer: Sequence[Any], weights: Weights) -> dict[str, Any]:
    """Gradients in lists, one for each list of parameters and as long as that, in the order of the attributes."""
    kept = {attribute: position for position, attribute in enumerate(dict.fromkeys(map(weights.stem, weights.values)))}
    lengths = [sum(weights.stem(name) == attribute for name in weights.values) for attribute in kept]
    if [len(part) if isinstance(part, tuple | list) else 0 for part in answer] != lengths:
        return {}
    return {name: answer[kept[attribute]][k] for name, (attribute, k) in weights.places.items()}


def _in_order(answer: Sequence[Any], weights: Weights) -> dict[str, Any]:
    """A tuple of gradients: in the order of the parameters, unless their shapes say another."""
    names = list(weights.values)
    shapes = weights.shapes
    here = [np.shape(part) for part in answer]
    if here == [shapes[name] for name in names] or sorted(here) != sorted(shapes.values()):
        return dict(zip(names, answer, strict=True))
    left = list(names)
    found = {}
    for part in answer:
        name = next(name for name in left if shapes[name] == np.shape(part))
        left.remove(name)
        found[name] = part
    return {name: found[name] for name in names}
