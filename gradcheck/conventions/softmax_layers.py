"""Layers with a softmax, and cross-entropies, that are meant as one: the loss gives p - y, the softmax hands it on.

A softmax whose backward method hands on what it gets is right behind such a loss, and wrong behind any other. What
tells is what the class says, and the code of the file's own losses: whether they divide by the prediction.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions.folded_outputs import Folded, folded, is_cross_entropy
from gradcheck.conventions.layer_functions import source
from gradcheck.conventions.layer_objects import Layer
from gradcheck.conventions.offer import Contents, Pair, Reading
from gradcheck.conventions.source_trees import tree_of

OPTION = ("alone", "combined")
"""What `--as layer-classes:softmax=...` takes."""
_SAYS = re.compile(r"cross.?entropy|combined|fused|\bp\w*\s*-\s*[yt]\w*|logits?\b", re.I)
"""What a class says of itself whose softmax is meant together with the loss."""

_NAMED = re.compile(r"\w*soft_?max", re.I)
"""Names of classes that are a softmax."""


def meant_as_one(layer: Layer, contents: Contents, wanted: str) -> str:
    """Why this layer cannot be checked by itself, in one sentence; "" for one that can."""
    if wanted == "alone" or not _hands_on(layer):
        return ""
    kind = type(layer.prototype)
    losses = list(_losses(contents))
    if wanted != "combined" and not _SAYS.search(source(kind)) and losses and not any(losses):
        return ""  # the file's own loss gives the gradient by the softmax's output
    name = f"{kind.__name__}.{layer.backward}"
    if wanted or any(losses) or _SAYS.search(source(kind)):
        why = "the file means softmax and cross-entropy as one"
    else:
        why = "whether a loss gives it p - y, as softmax and cross-entropy in one do, nothing in the file tells"
    how = "--as layer-classes:softmax=alone checks it by itself"
    return f"{name} hands on what it gets, which is right only where that is the gradient by its input; {why}; {how}"


def with_softmax_before(pair: Pair, layer: Layer, contents: Contents, wanted: str) -> Pair:
    """The pair of a cross-entropy whose gradient may be that by the input of a softmax, with both readings."""
    if pair.kind != "gradient" or len(pair.inputs) != 1 or pair.derivative is None or wanted == "alone":
        return pair
    forward, backward = (getattr(type(layer.prototype), name) for name in (layer.forward, layer.backward))
    through = folded(forward, backward, contents.module)
    derived = wanted != "combined" and any(not hands_on for hands_on in _softmaxes(contents))
    if through is None or through.kind != "softmax" or derived:
        return pair
    plain = Reading(
        "as the gradient by what the loss takes", "--as layer-classes:softmax=alone", "take it as the former"
    )
    inner = Reading(
        "as the gradient by what the softmax before it gets",
        "--as layer-classes:softmax=combined",
        "take it as the gradient by the input of the softmax",
    )
    behind = replace(pair, f=_through(pair.f, through), derivative=_through(pair.derivative, through), reading=inner)
    return behind if wanted == "combined" else replace(pair, reading=plain, others=(behind,))


def _through(function: Callable[..., Any], through: Folded) -> Callable[..., Any]:
    def whole(logits: Any) -> Any:
        return function(through.activation(logits))

    whole.__name__ = whole.__qualname__ = function.__name__
    return whole


def _losses(contents: Contents) -> Iterator[bool]:
    """For each cross-entropy of the file with a backward method, whether its gradient may be p - y."""
    for kind in contents.own_classes.values():
        forward, backward = (getattr(kind, name, None) for name in ("forward", "backward"))
        if callable(forward) and callable(backward) and is_cross_entropy(forward):
            yield folded(forward, backward, contents.module) is not None


def _softmaxes(contents: Contents) -> Iterator[bool]:
    """For each class that is named a softmax and has a backward method, whether that returns what it got."""
    for name, kind in contents.own_classes.items():
        backward = getattr(kind, "backward", None) if _NAMED.fullmatch(name) else None
        if callable(backward) and (tree := tree_of(backward)) is not None:
            given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
            returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
            yield all(isinstance(value, ast.Name) and value.id in given for value in returned)


def _hands_on(layer: Layer) -> bool:
    """Whether rows, or columns, of the output add up to 1, and backward answers with what it is given, twice."""
    if layer.parameters or layer.outputs != 1 or layer.call.cotangents != 1 or len(layer.values()) != 1:
        return False
    (x,) = layer.values()
    try:
        out = layer.f((x,))
        if np.ndim(out) != 2 or not any(np.allclose(np.sum(out, axis=axis), 1.0) for axis in (0, 1)):
            return False
        given = (np.cos(np.arange(out.size)).reshape(out.shape) * scale for scale in (1.0, 3.0))
        return all(np.array_equal(layer.vjp(layer.fresh(), (one,), (x,))[0], one) for one in given)
    except Exception:  # the class's own code, which the check asks further
        return False
