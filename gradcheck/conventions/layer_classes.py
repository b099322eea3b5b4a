"""`layer-classes`: classes with forward and backward methods, as in "Deep Learning from Scratch" and CMU's mytorch.

Gradients of parameters stand in attributes (`dW`, `grads`, `grad_W`, `dLdW`, `W.grad`) or are returned; a layer may
take a step itself (`backward(grad, learning_rate)`). Each call is made on a fresh copy of the object; whether a used
object answers in the same way is looked at besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import update_wrapper
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example, arguments, as_example, given, with_one_hot_targets
from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.held_arrays import spelled
from gradcheck.conventions.layer_functions import speaks_of_batches
from gradcheck.conventions.layer_objects import Layer
from gradcheck.conventions.layer_search import LayerSearch
from gradcheck.conventions.layer_settings import a_further_axis, windows_of
from gradcheck.conventions.making_layers import instances
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair, PairKind, inherits
from gradcheck.conventions.softmax_layers import OPTION as SOFTMAX
from gradcheck.conventions.softmax_layers import meant_as_one, with_softmax_before
from gradcheck.conventions.used_layers import Reuse, reuse, same_outputs

NAME = "layer-classes"
ABOUT = "classes with forward(x) and backward(dout), gradients returned and in attributes such as dW or grads"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({"softmax": SOFTMAX})

_FORWARD = ("forward", "__call__", "fprop", "forward_pass", "forward_propagation")
_BACKWARD = ("backward", "bprop", "backprop", "backward_pass", "backward_propagation", "backwards")


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all layers of the file; a Miss for each class that cannot be made or run."""
    calls = ForeignCalls(contents.module)
    pairs: list[Pair] = []
    notes: list[str] = []
    warnings: list[str] = []
    claims: set[str] = set()
    for name, kind in contents.classes.items():
        methods = layer_methods(kind)
        if methods is None or name in contents.claimed:
            continue
        try:
            found = _of_class(contents, calls, name, kind, *methods, options.get("softmax", ""))
        except Exception as wrong:  # the class's own code ran, and may raise anything
            found = Miss(NAME, name, f"looking at it raised {type(wrong).__name__}: {wrong}"[:300])
        if isinstance(found, Miss):
            if found.why.startswith(f"{name}.{methods[1]} hands on"):
                warnings.append(found.why)
            if not any(other is not kind and inherits(other, kind) for other in contents.classes.values()):
                yield found  # a base class is no layer of its own
            continue
        pairs += found[0]
        notes += found[1]
        warnings += found[2]
        claims.add(name)
    if pairs:
        title = ", ".join(dict.fromkeys(pair.shown.partition(", ")[0] for pair in pairs))
        notes += calls.remarks()
        known = frozenset(claims)
        yield Offer(NAME, title, claims=known, pairs=tuple(pairs), notes=tuple(notes), warnings=tuple(warnings))


def layer_methods(kind: type) -> tuple[str, str] | None:
    """Names of the forward and the backward method of a class of layers; None for what is none."""
    if any("__add__" in vars(base) or "__mul__" in vars(base) for base in kind.__mro__[:-1]):
        return None
    forward = next((name for name in _FORWARD if callable(getattr(kind, name, None)) and _own(kind, name)), None)
    backward = next((name for name in _BACKWARD if callable(getattr(kind, name, None))), None)
    if forward is None or backward is None:
        return None
    if isinstance(vars(kind).get(forward), staticmethod) or "ctx" in (arguments(getattr(kind, forward)) or ()):
        return None
    return forward, backward


def _own(kind: type, name: str) -> bool:
    return any(name in vars(base) for base in kind.__mro__[:-1])


def _of_class(
    contents: Contents, calls: ForeignCalls, name: str, kind: type, forward: str, backward: str, softmax: str
) -> tuple[list[Pair], list[str], tuple[str, ...]] | Miss:
    """The pairs of one class, notes on them and warnings."""
    search = LayerSearch(calls, forward, backward)
    own = given(contents, name)
    init, inputs = (own.get("init"), own.get("forward")) if isinstance(own, Mapping) else (None, own)
    best: Layer | None = None
    for instance in instances(kind, calls, init):
        names = arguments(getattr(instance, forward)) or []
        example: Example | None = None if inputs is None else as_example(inputs, names)
        try:
            found = search.layer(instance, example)
        except NotImplementedError:
            continue
        if found is None:
            continue
        if found.fits:
            best = found if best is None or not best.example.natural else replace(found, instead_of=best)
            break
        best = best or found
        squares = instances(kind, calls, init, even=True)
        batches = not search.raised and speaks_of_batches(getattr(kind, forward), getattr(kind, backward))
        if batches or search.on_squares(squares, batches=True) is not None:
            break
    if best is None or not best.names:
        if search.unfit:
            return Miss(NAME, name, search.unfit)
        how = f'EXAMPLES = {{"{name}": {{"init": (...), "forward": (...)}}}}'
        return Miss(NAME, name, f"it was not brought to run (last: {search.last}); give inputs in the file: {how}")
    if why := meant_as_one(best, contents, softmax):
        return Miss(NAME, name, why)
    pairs, notes = _pairs(name, best)
    pairs = [with_softmax_before(each, best, contents, softmax) for each in pairs]
    twin = with_one_hot_targets(best.example)
    other = None if twin is None or not best.fits else search.layer(best.prototype, twin)
    if other is not None and other.fits and same_outputs(best, other):
        pairs.append(pair(f"{name}, one-hot targets", other, reuse(other)))
    if inputs is None and best.fits:
        pairs += _at_other_settings(name, kind, calls, search, best, init)
    if inputs is None and not best.fits:
        even = search.on_squares(instances(kind, calls, init, even=True))
        pairs += [] if even is None else [pair(f"{name}, all sizes equal", even, Reuse(even))]
    return pairs, notes, best.warnings


def _at_other_settings(
    name: str, kind: type, calls: ForeignCalls, search: LayerSearch, usual: Layer, init: Any
) -> Iterator[Pair]:
    """The class at other windows, and with samples of two axes where it lays them out flat."""
    deeper = a_further_axis(usual.example)
    other = None if deeper is None or not usual.parameters else search.layer(usual.prototype, deeper)
    if other is not None and same_outputs(usual, other):
        yield pair(name, other, Reuse(other), about=f"{other.inputs[0]} of shape {np.shape(other.values()[0])}")
    seen = [usual]
    for setting in windows_of(kind):
        for instance in instances(kind, calls, init, settings=setting.example.values):
            other = search.layer(instance, usual.example)
            if other is not None and (other.fits or not (setting.may_lack or search.raised)):
                if not any(same_outputs(one, other) for one in seen):
                    seen.append(other)
                    yield pair(name, other, Reuse(other), about=setting.text)
                break


def _pairs(name: str, layer: Layer) -> tuple[list[Pair], list[str]]:
    sizes = ", ".join(f"{n} {np.shape(v)}" for n, v in zip(layer.names, layer.values(), strict=True))
    notes = [f"{name}: asked at {sizes} ({layer.example.layout})"]
    for parameter in layer.parameters:
        if isinstance(parameter.gradient, tuple):
            notes.append(f"{name}: the gradient of {parameter.name} is read from .{spelled(parameter.gradient)}")
    if layer.instead_of is not None:
        notes.append(f"{name}: forward also runs at {layer.instead_of.example.shapes}, but backward does not")
    again = reuse(layer)
    notes += [f"{name}: {again.sentence}"] if again.sentence else []
    pairs = [pair(name, layer, again)]
    if again.differs:
        pairs.append(pair(f"{name}, used before", again.layer, again, used=True))
    return pairs, notes


def pair(name: str, layer: Layer, again: Reuse, *, used: bool = False, about: str = "") -> Pair:
    """The layer as a function of inputs and parameters, and its VJP or gradient.

    `used`: by one and the same object; `about`: under which setting.
    """
    kept = layer.fresh() if used else None

    def f(*arrays: Any) -> Any:
        return layer.f(arrays)

    def vjp(cotangent: Any, *arrays: Any) -> Any:
        cotangents = cotangent if layer.outputs > 1 else (cotangent,)
        found = layer.vjp(layer.fresh() if kept is None else kept, cotangents, arrays)
        return found[0] if len(found) == 1 else found

    def gradient(*arrays: Any) -> Any:
        return vjp(1.0, *arrays)

    takes = layer.call.cotangents > 0 and not again.ignores
    own = update_wrapper(f, getattr(type(layer.prototype), layer.forward))
    own.argument_names = layer.names  # type: ignore[attr-defined] # read by input_names
    derivative = update_wrapper(vjp if takes else gradient, getattr(type(layer.prototype), layer.backward))
    setting = f", {about}" if about else ""
    shown = f"{type(layer.prototype).__name__}{setting}"
    kind: PairKind = "vjp" if takes else "gradient"
    return Pair(
        f"{name}{setting}",
        kind,
        own,
        derivative,
        layer.values(),
        shown=shown,
        told=again.told if used else "",
        other_luck=layer.calls.other_luck,
    )
