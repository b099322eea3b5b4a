"""Gradients that the loss is asked for: `z.grad(x)`, `z.d(x)`, `gradients(z)[x]`, `grad(z, [x])`, by any such name.

What counts is that a number of the leaf's shape comes back. It is compared with nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import plain
from gradcheck.conventions.offer import Contents, required_arguments
from gradcheck.conventions.other_makers import owners

ASKED = (
    *("grad", "gradient", "gradients", "get_gradients", "get_grads", "get_gradient", "get_grad", "grads"),
    *("compute_gradients", "compute_gradient", "derivative", "derivatives", "deriv", "partial", "get_derivative"),
    *("d", "der", "wrt", "differentiate", "backward", "backprop", "reverse", "reverse_mode", "jacobian"),
)
"""Names of the method, attribute or function that tells the gradient of a root."""
VALUES = (1.5, 2.75)
"""Values of the two operands of the trial."""


@dataclass(frozen=True)
class Asked:
    """One way of asking a root for the gradient by a leaf.

    Attributes
    ----------
    apply: `apply(root, leaf)`, what the file's own code gives.
    text: how that is written, with {root} for the root and {} for the leaf.
    """

    apply: Callable[[Any, Any], Any]
    text: str

    def __call__(self, root: Any, leaf: Any) -> Any:
        """The gradient as a number or an array; None where the root has none for this leaf."""
        return _number(self.apply(root, leaf), leaf)

    def tells(self, root: Any, node: Any) -> bool:
        """Whether the root has a gradient for this node."""
        try:
            return self(root, node) is not None
        except Exception:  # a root may refuse in any way
            return False


def ways_of_asking(kind: type, contents: Contents) -> Iterator[Asked]:
    """Every way that the names of the class and of the file's functions suggest."""
    for name in ASKED:
        method = getattr(kind, name, None)
        if callable(method):
            count = len(required_arguments(method) or ["self"])
            if count <= 1:
                yield Asked(_mapping_of_method(name), f"{{root}}.{name}()[{{}}]")
            if count <= 2:
                yield Asked(_method(name), f"{{root}}.{name}({{}})")
                yield Asked(_method_of_several(name), f"{{root}}.{name}([{{}}])[0]")
        else:
            yield Asked(_mapping_held(name), f"{{root}}.{name}[{{}}]")
        function = contents.helpers.get(name)
        count = len(required_arguments(function) or ()) if function is not None else 0
        if function is not None and count == 1:
            yield Asked(_mapping_given(function), f"{name}({{root}})[{{}}]")
        if function is not None and 1 <= count <= 2:
            yield Asked(_function(function), f"{name}({{root}}, {{}})")
            yield Asked(_function_of_several(function), f"{name}({{root}}, [{{}}])[0]")
    for function, text in owners(contents, kind, ASKED, 2):
        yield Asked(_function(function), f"{text}({{root}}, {{}})")


def _mappings_held(root: Any, leaf: Any) -> Iterator[Asked]:
    """The mappings by leaves that a root holds under any name, such as `_der` or `jacobian`."""
    for name, held in getattr(root, "__dict__", {}).items():
        if isinstance(held, Mapping) and any(key is leaf for key in held):
            yield Asked(_mapping_held(name), f"{{root}}.{name}[{{}}]")


def asked(
    kind: type,
    contents: Contents,
    make: Callable[[Any], Any],
    sample: Callable[[float], Any],
    ends: Callable[[Any], Any],
    sweeps: Iterable[Callable[[Any], None]],
) -> tuple[Asked, Callable[[Any], None]] | None:
    """The way that gives a number of the leaf's shape, and the sweep to be run before it; None for other classes."""
    sweeps = list(sweeps)
    held: list[Asked] = []
    with suppress(Exception):  # a foreign class without this operator
        a, b = (make(sample(value)) for value in VALUES)
        held += _mappings_held(ends(a * b), a)
    for way in (*ways_of_asking(kind, contents), *held):
        for sweep in sweeps:
            for form in (operator.mul, operator.add):
                try:
                    a, b = (make(sample(value)) for value in VALUES)
                    root = ends(form(a, b))
                    sweep(root)
                    found = [np.asarray(way(root, leaf), dtype=float) for leaf in (a, b)]
                    blind = _answers_alike(way, root, found, make(sample(VALUES[0])))
                except Exception:  # a foreign class without this operator, or whose method does something else
                    continue
                if blind:
                    break
                right_shape = all(answer.shape == np.shape(sample(VALUES[0])) for answer in found)
                if right_shape and all(np.all(np.isfinite(answer)) and np.any(answer) for answer in found):
                    return way, sweep
    return None


def _answers_alike(way: Asked, root: Any, found: list[Any], unrelated: Any) -> bool:
    """Whether a leaf that the root never saw gets the answer of every other: then the root tells its own derivative."""
    try:
        stray = np.asarray(way(root, unrelated), dtype=float)
    except Exception:  # a root may refuse in any way
        return False
    return all(np.array_equal(stray, answer) for answer in found)


def _number(found: Any, leaf: Any) -> Any:
    """The number in an answer: the entry of the leaf in a mapping, the only one of a list, or what a node holds."""
    if isinstance(found, Mapping):
        found = next((value for key, value in found.items() if key is leaf), found.get(id(leaf)))
    if isinstance(found, list | tuple) and len(found) == 1:
        found = found[0]
    return None if found is None else plain(found)


def _need_mapping(found: Any) -> Mapping[Any, Any]:
    if not isinstance(found, Mapping):
        raise TypeError(f"a mapping was expected, not {type(found).__name__}")
    return found


def _mapping_of_method(name: str) -> Callable[[Any, Any], Any]:
    return lambda root, leaf: _need_mapping(getattr(root, name)())


def _mapping_held(name: str) -> Callable[[Any, Any], Any]:
    return lambda root, leaf: _need_mapping(getattr(root, name))


def _mapping_given(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return lambda root, leaf: _need_mapping(function(root))


def _method(name: str) -> Callable[[Any, Any], Any]:
    return lambda root, leaf: getattr(root, name)(leaf)


def _method_of_several(name: str) -> Callable[[Any, Any], Any]:
    return lambda root, leaf: getattr(root, name)([leaf])


def _function(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return lambda root, leaf: function(root, leaf)


def _function_of_several(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return lambda root, leaf: function(root, [leaf])
