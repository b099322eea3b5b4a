"""A class whose instances carry a value and a gradient: which attributes hold them, and how the sweep is started.

Everything is found by trying: an instance is made, two are added or multiplied, the sweep is run, and attributes are
looked at. No gradient is compared with a right one; what counts is where numbers appear.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from gradcheck.conventions.asked_gradients import Asked, asked
from gradcheck.conventions.held_numbers import (
    GRADIENTS,
    PLAIN,
    is_new,
    method_answer,
    numbers_of,
    plain,
    read,
    seed,
)
from gradcheck.conventions.making_nodes import Maker, makers, refusal, refused_flag
from gradcheck.conventions.offer import Contents, Miss, required_arguments
from gradcheck.conventions.other_makers import owners
from gradcheck.conventions.pulled_gradients import no_sweep, pulls

SWEEPS = ("backward", "backprop", "backpropagate", "backward_pass", "back_propagate", "backwards", "reverse")
"""Names of the method or function that runs the reverse sweep."""
RESETS = (
    "zero_grad",
    "zero_gradient",
    "zero_grads",
    "clear_grad",
    "cleargrad",
    "zero_grad_",
    "null_grad",
    "reset_grad",
)
"""Names of the method or function that sets gradients back to zero."""
SAMPLE = (1.5, 2.75)
"""Values of the two operands of the trial."""


def itself(node: Any) -> Any:
    """The node: a single number can be swept as it is."""
    return node


@dataclass(frozen=True)
class ValueClass:
    """How one class is used.

    Attributes
    ----------
    kind: the class of all nodes.
    data, grad: names of its attributes (or methods without arguments).
    make: `make(value)` gives a leaf.
    sweep: `sweep(root)` runs the reverse sweep.
    sweep_text: how that is written, with {} for the root.
    reset: `reset(node)` sets its gradient back; None where the class offers no such thing; reset_text likewise.
    seeds: whether the gradient of the root has to be set to 1 by the caller.
    reveals: whether inner nodes keep their gradients.
    ends: `ends(node)` makes a node that can be swept out of any node, such as its sum where nodes hold arrays.
    seed: name of the attribute that is set to 1 where gradients are pulled, and a root is told by it.
    asks: how the root is asked for the gradient of a leaf, where no attribute of the leaf holds it.
    boxed: whether single numbers are held in lists or arrays of one entry.
    leaf: how a leaf is written, with {} for its value.
    pulled: whether `grad` is a method of a leaf that asks for its gradient when it is called; then there is no sweep.
    """

    kind: type
    data: str
    grad: str
    make: Callable[[Any], Any]
    sweep: Callable[[Any], None]
    sweep_text: str
    reset: Callable[[Any], None] | None = None
    reset_text: str = ""
    seeds: bool = False
    reveals: bool = True
    ends: Callable[[Any], Any] = itself
    seed: str = ""
    asks: Asked | None = None
    boxed: bool = False
    leaf: str = ""
    pulled: bool = False

    def value(self, node: Any) -> Any:
        """The value of a node, as a number or an array."""
        return self._unboxed(plain(read(node, self.data)))

    def gradient(self, node: Any, root: Any) -> Any:
        """The gradient of a node after a sweep of `root`; None where nothing arrived, or the attribute was not made."""
        if self.asks is not None:
            return self._unboxed(self.asks(root, node))
        found = read(node, self.grad) if hasattr(node, self.grad) else None
        nested = isinstance(found, self.kind) or (not isinstance(found, PLAIN) and hasattr(found, self.data))
        found = read(found, self.data) if nested else found
        return None if found is None else self._unboxed(plain(found))

    def _unboxed(self, found: Any) -> Any:
        """An array where a list is held; the number in one of one entry, where the class holds single numbers so."""
        found = np.asarray(found, dtype=float) if isinstance(found, list | tuple) else found
        return np.reshape(found, ()) if self.boxed and np.ndim(found) and np.size(found) == 1 else found


def look_at(
    kind: type,
    contents: Contents,
    sample: Callable[[float], Any],
    convention: str,
    ends: Callable[[Any], Any] = itself,
    made: Sequence[Maker] | None = None,
) -> ValueClass | Miss:
    """How `kind` is used as a node of a graph, or why it cannot be; `sample(1.5)` is a value for a leaf.

    `made`: how leaves are made, where not by calling `kind`.
    """

    def miss(why: str) -> Miss:
        return Miss(convention, kind.__name__, why)

    if not any(hasattr(kind, name) for name in ("__add__", "__mul__")):
        return miss("it has neither __add__ nor __mul__")
    found = list(makers(kind, sample, SAMPLE[0]) if made is None else made)
    if not found:
        return miss(f"no instance can be made from a number alone: {refusal(kind, sample(SAMPLE[0]))}")
    for make in found:
        if (uses := _uses(kind, contents, make, sample, ends)) is not None:
            return uses
    if needing := _sweep_with_arguments(kind, contents):
        return miss(f"{needing} needs arguments of which nothing is known: write a function backward(root) around it")
    if not list(_sweeps(kind, contents, found[0], sample)):
        return miss(f"no method or function of the names {', '.join(SWEEPS[:3])} ... runs a reverse sweep")
    flag = refused_flag(kind, sample(SAMPLE[0])) or _no_number(found[0], sample)
    return miss(flag or "after the reverse sweep no attribute of a leaf holds a number that was not there before")


def _uses(
    kind: type, contents: Contents, make: Maker, sample: Callable[[float], Any], ends: Callable[[Any], Any]
) -> ValueClass | None:
    """How nodes made in this way are used; None where no gradient is found."""
    family = _family(kind, make, sample)
    sweeps = list(_sweeps(kind, contents, make, sample))

    def used(grad: str, sweep: Callable[[Any], None], text: str, **more: Any) -> ValueClass:
        uses = ValueClass(family, make.data, grad, make, sweep, text, ends=ends, boxed=make.boxed, leaf=make.written)
        return replace(uses, **more)

    for fits in (True, False):
        for sweep, text in sweeps:
            for seeds in (False, True):
                grad = _where_it_arrives(family, make, sweep, seeds, sample, ends, fits)
                if grad is not None:
                    reset, reset_text = _reset(kind, contents)
                    uses = used(grad, sweep, text, reset=reset, reset_text=reset_text, seeds=seeds)
                    return replace(uses, reveals=_reveals(uses, sample))
    if not _computes(make, sample, ends):
        return None
    if (pulled := pulls(kind, make, sample, ends)) is not None:
        return used(pulled[0], no_sweep, "", seeds=bool(pulled[1]), seed=pulled[1], pulled=True)
    runs = {no_sweep: "", **dict(sweeps)}
    if (way := asked(family, contents, make, sample, ends, runs)) is not None:
        uses = used("", way[1], runs[way[1]], asks=way[0])
        return replace(uses, reveals=_reveals(uses, sample))
    return None


def _computes(make: Maker, sample: Callable[[float], Any], ends: Callable[[Any], Any]) -> bool:
    """Whether what an operator makes holds another number than its operands; a name of a symbol stays what it is."""
    for form in (operator.mul, operator.add):
        try:
            a, b = (make(sample(value)) for value in SAMPLE)
            root = ends(form(a, b))
            if is_new(plain(read(a, make.data)), plain(read(root, make.data))):
                return True
        except Exception:  # a foreign class without this operator
            continue
    return False


def _no_number(make: Maker, sample: Callable[[float], Any]) -> str:
    """What two leaves' product holds where that is no number, in words; "" where it is one."""
    try:
        made = make(sample(SAMPLE[0])) * make(sample(SAMPLE[1]))
        held = read(made, make.data)
        np.asarray(plain(held), dtype=float)
        return (
            "" if held is not None else f"the product of two leaves holds None in .{make.data}, where its value is due"
        )
    except TypeError:
        return f"the product of two leaves holds {held!r} in .{make.data}, where a number is due"[:200]
    except Exception:  # a foreign class without this operator
        return ""


def _family(kind: type, make: Maker, sample: Callable[[float], Any]) -> type:
    """The class of all nodes: `kind`, or the base that it shares with what its operators make."""
    for form in (operator.mul, operator.add):
        try:
            made = form(*(make(sample(value)) for value in SAMPLE))
        except Exception:  # a foreign class without this operator
            continue
        if any(hasattr(type(made), name) for name in ("__add__", "__mul__")):
            return next((base for base in kind.__mro__[:-1] if isinstance(made, base)), kind)
    return kind


def _sweeps(
    kind: type, contents: Contents, make: Maker, sample: Callable[[float], Any]
) -> Iterator[tuple[Callable[[Any], None], str]]:
    """Ways of starting the reverse sweep, as functions of the root, and how each is written."""
    methods = [name for name in SWEEPS if callable(getattr(kind, name, None))]
    methods += [n for n in dir(kind) if "backw" in n.lower() and not n.startswith("_") and n not in methods]
    for name in methods:
        count = len(required_arguments(getattr(kind, name)) or ["self"])
        if count <= 2:
            yield partial(_by_method, name, (1.0,) * (count - 1)), f"{{}}.{name}({'1.0' if count == 2 else ''})"
        if count == 2:
            yield partial(_with_a_node, name, kind, make.data), f"{{}}.{name}({kind.__name__}(1.0))"
    for name in SWEEPS:
        function = contents.helpers.get(name)
        count = len(required_arguments(function) or ()) if function is not None else 0
        if function is not None and 1 <= count <= 2:
            yield partial(_by_function, function, (1.0,) * (count - 1)), f"{name}({{}}{', 1.0' * (count - 1)})"
    value = sample(SAMPLE[0])
    written = make.written.format(f"np.array({np.asarray(value).tolist()})" if np.ndim(value) else value)
    for function, text in owners(contents, kind, SWEEPS, 1, (partial(make, value), written)):
        yield partial(_by_function, function, ()), f"{text}({{}})"


def _sweep_with_arguments(kind: type, contents: Contents) -> str:
    """The reverse sweep of a class that needs more arguments than an upstream gradient; "" where there is none."""
    for name in SWEEPS:
        method, function = getattr(kind, name, None), contents.helpers.get(name)
        for found, own in ((method, 1), (function, 0)):
            required = (required_arguments(found) or []) if callable(found) else []
            if len(required) > own + (1 if own else 2):
                return f"{name}({', '.join(required[own:])})"
    return ""


def _by_method(name: str, more: tuple[Any, ...], node: Any) -> None:
    getattr(node, name)(*more)


def _with_a_node(name: str, kind: type, data: str, root: Any) -> None:
    """Sweep with an upstream gradient that is a node itself: ones in the shape of the root."""
    ones: Any = np.ones(np.shape(plain(read(root, data))))
    getattr(root, name)(kind(ones if ones.ndim else 1.0))


def _by_function(function: Callable[..., Any], more: tuple[Any, ...], node: Any) -> None:
    function(node, *more)


def _where_it_arrives(
    kind: type,
    make: Maker,
    sweep: Callable[[Any], None],
    seeds: bool,
    sample: Any,
    ends: Callable[[Any], Any],
    fits: bool,
) -> str | None:
    """The attribute of a leaf in which a number appears when a product and a sum of two leaves are swept.

    `fits`: what appears must have the shape of the leaf's value. What was there before is seen at another leaf, since
    to read a property may make what it holds.
    """
    for form in (operator.mul, operator.add):
        try:
            a, b = (make(sample(value)) for value in SAMPLE)
            root = ends(form(a, b))
            if not isinstance(root, kind) or not is_new(plain(read(a, make.data)), plain(read(root, make.data))):
                continue  # what keeps the number of an operand is no value: it may be a name
            before, beside = (numbers_of(make(sample(SAMPLE[0]))) for _ in range(2))
            if seeds and not seed(root, 1.0):
                continue
            sweep(root)
            after = numbers_of(a)
        except Exception:
            continue
        new = [
            name
            for name, found in after.items()
            if name != make.data and found is not None and is_new(before.get(name), found)
            if name in GRADIENTS or name not in beside or not is_new(before.get(name), beside[name])  # no number of it
            if not fits or np.shape(found) == np.shape(sample(SAMPLE[0])) or (make.boxed and np.size(found) == 1)
        ]
        new.sort(
            key=lambda name: (GRADIENTS.index(name) if name in GRADIENTS else len(GRADIENTS), name.startswith("_"))
        )
        if not new or (new[0].startswith("_") and new[0] not in GRADIENTS):
            new = [*_methods_that_tell(a, make(sample(SAMPLE[0]))), *new]
        if new:
            return new[0]
    return None


def _methods_that_tell(swept: Any, fresh: Any) -> Iterator[str]:
    """The methods of a leaf that give a number after a sweep, and another one, or none, before."""
    for name in GRADIENTS:
        try:
            after = method_answer(swept, name)
            if after is not None and np.any(after) and is_new(method_answer(fresh, name), after):
                yield name
        except Exception:  # a foreign method may raise anything
            continue


def _reset(kind: type, contents: Contents) -> tuple[Callable[[Any], None] | None, str]:
    """The class's own way of setting the gradient of a node back, if it has one."""
    for name in RESETS:
        if callable(getattr(kind, name, None)) and len(required_arguments(getattr(kind, name)) or ()) == 1:
            return partial(_by_method, name, ()), f"{{}}.{name}()"
        function = contents.helpers.get(name)
        if function is not None and len(required_arguments(function) or ()) == 1:
            return partial(_by_function, function, ()), f"{name}({{}})"
    return None, ""


def _reveals(uses: ValueClass, sample: Any) -> bool:
    """Whether inner nodes still hold a number that is not 0 after the sweep."""
    try:
        a, b = (uses.make(sample(value)) for value in SAMPLE)
        inner = a * b
        root = uses.ends(inner + a)
        seeded(uses, root)
        uses.sweep(root)
        found = uses.gradient(inner, root)
        return found is not None and bool(np.any(np.asarray(found, dtype=float) != 0))
    except Exception:  # a foreign class without one of the two operators
        return False


def seeded(uses: ValueClass, root: Any) -> None:
    """Set the root's gradient to 1, where the sweep leaves that to the caller."""
    if uses.seeds:
        name = uses.seed or uses.grad
        old = getattr(root, name)
        setattr(root, name, np.ones_like(old) if isinstance(old, np.ndarray) else 1.0)
