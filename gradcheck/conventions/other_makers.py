"""Leaves that a function of the file makes, `new_scalar(2.0)`, and objects that own what others do with a loss.

An optimizer may own the reverse sweep (`optimizer.backward(loss)`), an object may be asked for a derivative
(`ad.partial(loss, x)`), and a class may have no constructor that users call. What such things make and take is found
out by trying, and by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from gradcheck.conventions.name_words import words
from gradcheck.conventions.offer import Contents, inherits, required_arguments

Leaf = tuple[Callable[[], Any], str]
"""Makes a leaf, and how that is written."""
MAKING = frozenset({"new", "create", "make", "build", "get", "as", "to"})
"""Words in the name of a function that makes leaves."""
MADE = frozenset(
    {"scal", "scalar", "rscalar", "var", "variable", "tensor", "node", "leaf", "param", "parameter", "value"}
    | {"number", "dual", "input", "array", "vector", "matrix"}
)
"""Words for what it makes; an s at the end does not count."""


def factories(contents: Contents) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Functions of the file that may make a leaf of a value, by their names, and how each is written."""
    written = [*contents.helpers.items(), *contents.static_functions.values()]
    for kind in contents.own_classes.values():
        for name in vars(kind):
            if _makes(name) and (one := _made_alone(kind)) is not None and name not in contents.static_functions:
                written.append((f"{kind.__name__}().{name}", getattr(one, name)))
    for text, function in written:
        if _makes(text.rpartition(".")[2]) and len(required_arguments(function) or ()) == 1:
            yield text, function


def _makes(name: str) -> bool:
    found = [word.rstrip("s") for word in words(name)]
    return bool(set(found) & MADE) and set(found) <= MADE | MAKING | {"a"}


def owners(
    contents: Contents, kind: type, names: tuple[str, ...], count: int, leaf: Leaf | None = None
) -> Iterator[tuple[Callable[..., Any], str]]:
    """Methods of these names of other objects of the file, that take `count` arguments, and how each is written.

    Each call makes the object anew. It may want to be made with a parameter, in a list or a dict: a `leaf`.
    """
    for owner in contents.own_classes.values():
        if inherits(owner, kind) or inherits(kind, owner):
            continue
        for name in names:
            method = getattr(owner, name, None)
            if not callable(method) or len(required_arguments(method) or ()) != count + 1:
                continue
            for text, given in _ways_of_making(leaf):
                if _attempted(owner, given) is not None:
                    yield partial(_of_a_new_one, owner, given, name), f"{owner.__name__}({text}).{name}"
                    break


def _ways_of_making(leaf: Leaf | None) -> Iterator[tuple[str, Callable[[], tuple[Any, ...]]]]:
    yield "", tuple
    if leaf is not None:
        make, written = leaf
        yield f"[{written}]", lambda: ([make()],)
        yield f"dict(w={written})", lambda: ({"w": make()},)


def _attempted(owner: type, given: Callable[[], tuple[Any, ...]]) -> Any:
    try:
        return owner(*given())
    except Exception:  # a foreign class may refuse in any way
        return None


def _made_alone(kind: type) -> Any:
    return _attempted(kind, tuple)


def _of_a_new_one(owner: type, given: Callable[[], tuple[Any, ...]], name: str, *arguments: Any) -> Any:
    return getattr(owner(*given()), name)(*arguments)
