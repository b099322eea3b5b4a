"""A class whose instances carry a value and a gradient: which attributes hold them, and how the sweep is started.

Everything is found by trying: an instance is made, two are added or multiplied, the sweep is run, and attributes are
looked at. No gradient is compared with a right one; what counts is where numbers appear.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import (
    DATA,
    GRADIENTS,
    attributes_of,
    is_new,
    numbers_of,
    plain,
    read,
    seed,
)
from gradcheck.conventions.offer import Contents, Miss, required_arguments
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


@dataclass(frozen=True)
class ValueClass:
    """How one class is used.

    Attributes
    ----------
    kind: the class.
    data, grad: names of its attributes (or methods without arguments).
    make: `make(value)` gives a leaf.
    sweep: `sweep(root)` runs the reverse sweep.
    sweep_text: how that is written, with {} for the root.
    reset: `reset(node)` sets its gradient back; None where the class offers no such thing; reset_text likewise.
    seeds: whether the gradient of the root has to be set to 1 by the caller.
    reveals: whether inner nodes keep their gradients.
    ends: `ends(node)` makes a node that can be swept out of any node, such as its sum where nodes hold arrays.
    seed: name of the attribute that is set to 1, where that is not `grad` itself: then there is no sweep, and `grad` is
        a method of a leaf that asks for its gradient when it is called.
    """

    kind: type
    data: str
    grad: str
    make: partial[Any]
    sweep: Callable[[Any], None]
    sweep_text: str
    reset: Callable[[Any], None] | None
    reset_text: str
    seeds: bool
    reveals: bool
    ends: Callable[[Any], Any]
    seed: str = ""

    @property
    def further(self) -> tuple[str, ...]:
        """Arguments besides the value with which a leaf is made, as they are written."""
        positional, named = self.make.args[1:]
        return (*map(repr, positional), *(f"{name}={value}" for name, value in named.items()))

    def value(self, node: Any) -> Any:
        """The value of a node, as a number or an array."""
        return plain(read(node, self.data))

    def gradient(self, node: Any) -> Any:
        """The gradient of a node after a sweep; None where nothing arrived, or the attribute was never made."""
        found = read(node, self.grad) if hasattr(node, self.grad) else None
        found = read(found, self.data) if isinstance(found, self.kind) else found
        return None if found is None else plain(found)


def itself(node: Any) -> Any:
    """The node: a single number can be swept as it is."""
    return node


def look_at(
    kind: type,
    contents: Contents,
    sample: Callable[[float], Any],
    convention: str,
    ends: Callable[[Any], Any] = itself,
) -> ValueClass | Miss:
    """How `kind` is used as a node of a graph, or why it cannot be; `sample(1.5)` is a value for a leaf."""

    def miss(why: str) -> Miss:
        return Miss(convention, kind.__name__, why)

    if not any(hasattr(kind, name) for name in ("__add__", "__mul__")):
        return miss("it has neither __add__ nor __mul__")
    make = _maker(kind, sample)
    if make is None:
        return miss("no instance can be made from a number alone")
    leaf = make(sample(SAMPLE[0]))
    data = _holding(leaf, sample(SAMPLE[0]))
    if data is None:
        return miss(f"no attribute of {kind.__name__}({SAMPLE[0]}) holds {SAMPLE[0]}")
    sweeps = list(_sweeps(kind, contents, data))
    for fits in (True, False):
        for sweep, text in sweeps:
            for seeds in (False, True):
                if (grad := _where_it_arrives(kind, make, data, sweep, seeds, sample, ends, fits)) is not None:
                    reset, reset_text = _reset(kind, contents)
                    reveals = _reveals(make, sweep, grad, seeds, sample, ends)
                    return ValueClass(kind, data, grad, make, sweep, text, reset, reset_text, seeds, reveals, ends)
    if (pulled := pulls(kind, make, sample, ends)) is not None:
        grad, seed_name = pulled
        return ValueClass(kind, data, grad, make, no_sweep, "", None, "", True, True, ends, seed_name)
    if not sweeps:
        return miss(f"no method or function of the names {', '.join(SWEEPS[:3])} ... runs a reverse sweep")
    return miss("after the reverse sweep no attribute of a leaf holds a number that was not there before")


def _maker(kind: type, sample: Callable[[float], Any]) -> partial[Any] | None:
    """How an instance is made from one value; further required arguments get None, () or what they are named after."""
    given = sample(SAMPLE[0])
    required = required_arguments(kind) or []
    tries: list[tuple[Mapping[str, Any], tuple[Any, ...]]] = [({}, ())]
    if len(required) > 1:
        tries += [({}, (None,) * (len(required) - 1)), ({}, ((),) * (len(required) - 1))]
        tries += [({name: name in ("requires_grad", "grad_enabled") for name in required[1:]}, ())]
    for name in ("diff", "requires_gradient", "track_grad", "autograd", "requires_grad"):
        tries.insert(0, ({name: True}, ()))
    for named, further in tries:
        try:
            instance = kind(given, *further, **named)
        except Exception:
            continue
        if isinstance(instance, kind) and _holding(instance, given) is not None:
            return partial(_instance, kind, further, named)
    return None


def _holding(node: Any, given: Any) -> str | None:
    """The attribute that holds the value that the node was made from."""
    names = list(attributes_of(node))
    names.sort(key=lambda name: (DATA.index(name) if name in DATA else len(DATA), name.startswith("_")))
    methods = [name for name in ("item", "numpy") if callable(getattr(node, name, None))]
    for name in [*names, *methods]:
        try:
            found = plain(read(node, name))
            if np.shape(found) == np.shape(given) and np.array_equal(np.asarray(found, dtype=float), given):
                return name
        except Exception:
            continue
    return None


def _instance(kind: type, further: tuple[Any, ...], named: Mapping[str, Any], value: Any) -> Any:
    return kind(value, *further, **named)


def _sweeps(kind: type, contents: Contents, data: str) -> Iterator[tuple[Callable[[Any], None], str]]:
    """Ways of starting the reverse sweep, as functions of the root, and how each is written."""
    methods = [name for name in SWEEPS if callable(getattr(kind, name, None))]
    methods += [n for n in dir(kind) if "backw" in n.lower() and not n.startswith("_") and n not in methods]
    for name in methods:
        count = len(required_arguments(getattr(kind, name)) or ["self"])
        if count <= 2:
            yield partial(_by_method, name, (1.0,) * (count - 1)), f"{{}}.{name}({'1.0' if count == 2 else ''})"
        if count == 2:
            yield partial(_with_a_node, name, kind, data), f"{{}}.{name}({kind.__name__}(1.0))"
    for name in SWEEPS:
        function = contents.helpers.get(name)
        count = len(required_arguments(function) or ()) if function is not None else 0
        if function is not None and 1 <= count <= 2:
            yield partial(_by_function, function, (1.0,) * (count - 1)), f"{name}({{}}{', 1.0' * (count - 1)})"


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
    make: Callable[[Any], Any],
    data: str,
    sweep: Callable[[Any], None],
    seeds: bool,
    sample: Any,
    ends: Callable[[Any], Any],
    fits: bool,
) -> str | None:
    """The attribute of a leaf in which a number appears when a product and a sum of two leaves are swept.

    `fits`: what appears must have the shape of the leaf's value.
    """
    for form in (operator.mul, operator.add):
        try:
            a, b = (make(sample(value)) for value in SAMPLE)
            root = ends(form(a, b))
            if not isinstance(root, kind):
                continue
            before = numbers_of(a)
            if seeds and not seed(root, 1.0):
                continue
            sweep(root)
            after = numbers_of(a)
        except Exception:
            continue
        new = [
            name
            for name, found in after.items()
            if name != data and found is not None and is_new(before.get(name), found)
            if not fits or np.shape(found) == np.shape(sample(SAMPLE[0]))
        ]
        new.sort(
            key=lambda name: (GRADIENTS.index(name) if name in GRADIENTS else len(GRADIENTS), name.startswith("_"))
        )
        if new:
            return new[0]
    return None


def _reset(kind: type, contents: Contents) -> tuple[Callable[[Any], None] | None, str]:
    """The class's own way of setting the gradient of a node back, if it has one."""
    for name in RESETS:
        if callable(getattr(kind, name, None)) and len(required_arguments(getattr(kind, name)) or ()) == 1:
            return partial(_by_method, name, ()), f"{{}}.{name}()"
        function = contents.helpers.get(name)
        if function is not None and len(required_arguments(function) or ()) == 1:
            return partial(_by_function, function, ()), f"{name}({{}})"
    return None, ""


def _reveals(
    make: Callable[[Any], Any],
    sweep: Callable[[Any], None],
    grad: str,
    seeds: bool,
    sample: Any,
    ends: Callable[[Any], Any],
) -> bool:
    """Whether inner nodes still hold a number that is not 0 after the sweep."""
    try:
        a, b = (make(sample(value)) for value in SAMPLE)
        inner = a * b
        root = ends(inner + a)
        if seeds:
            seed(root, 1.0)
        sweep(root)
        found = read(inner, grad)
        return found is not None and bool(np.any(np.asarray(plain(found), dtype=float) != 0))
    except Exception:  # a foreign class without one of the two operators
        return False


def seeded(uses: ValueClass, root: Any) -> None:
    """Set the root's gradient to 1, where the sweep leaves that to the caller."""
    if uses.seeds:
        name = uses.seed or uses.grad
        old = getattr(root, name)
        setattr(root, name, np.ones_like(old) if isinstance(old, np.ndarray) else 1.0)
