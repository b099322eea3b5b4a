"""Nested containers of arrays (pytrees), taken apart and put together: dicts, lists, tuples, dataclasses, objects.

A complex array is a container of two real ones; an array of PyTorch or JAX is one of a NumPy array.

A leaf is whatever is no such container. A list or a tuple of numbers alone is an array, as NumPy takes it: a leaf.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.checks.foreign_arrays import as_numbers, foreign
from gradcheck.checks.wrappers import Attributes
from gradcheck.errors import Unsupported
from gradcheck.judge.raised import UnreadableAnswer
from gradcheck.judge.strategies_of_inputs import is_strategy
from gradcheck.problem.refused_inputs import described
from gradcheck.tracing.complex_traced import ComplexTraced, is_complex
from gradcheck.tracing.lifting import contains_traced
from gradcheck.tracing.traced import is_traced

COMPLEX_ARRAY = "complex array"
"""The kind of container that an array of complex numbers is."""
Leaf = tuple[str, Any]
"""A path, such as "['layer2']['b']", and what stands there."""


@dataclass(frozen=True)
class Branch:
    """A container: how to name each child, what it is called in messages, and how to build one like it."""

    kind: str
    children: tuple[Leaf, ...]
    build: Callable[[Sequence[Any]], Any]


def branch(value: Any) -> Branch | None:
    """The container that a value is; None for a leaf."""
    own = foreign(value)
    if own is not None:
        return Branch(f"{own.package} array", (("", own.numbers()),), lambda parts: own.like(parts[0]))
    if is_complex(value) and (array := _as_one_array(value)) is not None:
        children: tuple[Leaf, ...] = ((".real", array.real), (".imag", array.imag))
        return Branch(COMPLEX_ARRAY, children, lambda parts: _complex(parts[0], parts[1], array))
    if isinstance(value, Attributes):
        children = tuple((f".{name}", part) for name, part in zip(value.names, value.values, strict=True))
        return Branch(type(value.owner).__name__, children, value.like)
    if is_sparse(value):
        rows = _by_rows(value)
        return Branch(type(value).__name__, ((".data", rows.data),), lambda parts: _with_data(value, parts[0]))
    if isinstance(value, Listed):
        return _sequence(value.parts)
    if isinstance(value, Mapping):
        keys = list(value)
        children = tuple((f"[{key!r}]", value[key]) for key in keys)
        return Branch("dict", children, lambda parts: _mapping(value, dict(zip(keys, parts, strict=True))))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value) if f.init]
        children = tuple((f".{name}", getattr(value, name)) for name in names)
        return Branch(
            type(value).__name__,
            children,
            lambda parts: dataclasses.replace(value, **dict(zip(names, parts, strict=True))),
        )
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        children = tuple((f".{name}", getattr(value, name)) for name in value._fields)
        return Branch(type(value).__name__, children, lambda parts: type(value)(*parts))
    return None if isinstance(value, tuple | list) and _numbers(value) else _sequence(value)


def _as_one_array(value: Any) -> Any:
    """Complex numbers as one array; None for a list or tuple of arrays of different shapes, which is a container."""
    if type(value) is ComplexTraced:
        return value
    try:
        return np.asarray(value)
    except ValueError:
        return None


@dataclass(frozen=True)
class Listed:
    """A list or a tuple that is a container, although NumPy would read it as one array.

    A matrix of derivatives by such a list, written as a list too, has another order of axes than one by the array.
    """

    parts: Sequence[Any]


def listed(value: Any) -> Any:
    """A value with `Listed` for every list of arrays in it."""
    if isinstance(value, tuple | list) and _holds_arrays(value) and not hasattr(value, "_fields"):
        return Listed(type(value)([listed(part) for part in value]))
    here = None if isinstance(value, Attributes) or not holds_real_arrays(value) else branch(value)
    return value if here is None else here.build([listed(child) for _, child in here.children])


def contains_listed(value: Any) -> bool:
    """Whether there is a `Listed` in a value."""
    here = branch(value)
    return here is not None and (isinstance(value, Listed) or any(contains_listed(part) for _, part in here.children))


def _holds_arrays(value: Any) -> bool:
    """Whether a list holds arrays with axes, or lists of such."""
    return isinstance(value, tuple | list) and any(
        _holds_arrays(part) or ((foreign(part) is not None or isinstance(part, np.ndarray)) and np.ndim(part) > 0)
        for part in value
    )


def _sequence(value: Any) -> Branch | None:
    """A list or a tuple as a container, whatever it holds; None for anything else."""
    if not isinstance(value, tuple | list):
        return None
    children = tuple((f"[{k}]", child) for k, child in enumerate(value))
    kind = type(value)
    return Branch(kind.__name__, children, lambda parts: kind(parts))


def leaves(tree: Any, path: str = "") -> Iterator[Leaf]:
    """All leaves in order, with their paths."""
    here = branch(tree)
    if here is None:
        yield path, tree
        return
    for step, child in here.children:
        yield from leaves(child, path + step)


def rebuilt(tree: Any, parts: Iterator[Any]) -> Any:
    """A tree like `tree`, its leaves taken from `parts` in order."""
    here = branch(tree)
    if here is None:
        return next(parts)
    return here.build([rebuilt(child, parts) for _, child in here.children])


def leaves_like(answer: Any, tree: Any, path: str) -> list[Any]:
    """The parts of an answer, one per leaf of `tree`; None stands for a whole branch of Nones.

    Raises UnreadableAnswer GC104 at the first place where the answer is built otherwise.
    """
    here = branch(tree)
    if here is None:
        return [answer]
    if foreign(tree) is not None:
        return leaves_like(as_numbers(answer), here.children[0][1], path)
    if answer is None:
        return [None for _ in leaves(tree)]
    if isinstance(tree, Attributes):
        return _of_attributes(answer, tree, path)
    if is_complex(tree):
        if contains_traced(answer):
            return [np.real(answer), np.imag(answer)]
        array = np.asarray(answer)
        return [array.real, array.imag] if array.dtype.kind in "fiubc" else [answer, answer]
    if is_sparse(tree):
        return [_at_stored(answer, tree, path)]
    other = branch(answer) or (_sequence(answer) if isinstance(tree, tuple | list | Listed) else None)
    wanted = [step for step, _ in here.children]
    if other is None or (isinstance(answer, Mapping) != isinstance(tree, Mapping)):
        raise UnreadableAnswer("GC104", path=path, wanted=_described(here), came=_name(answer, other))
    given = dict(other.children)
    if isinstance(tree, tuple) and type(answer) in (tuple, list) and len(given) == len(wanted):
        given = dict(zip(wanted, given.values(), strict=True))  # of a named tuple, by position
    if isinstance(tree, Mapping):  # what cannot be differentiated may be left out
        given |= {step: None for step, child in here.children if step not in given and not _floats(child)}
    if set(given) != set(wanted):
        missing = [step for step in wanted if step not in given]
        more = next((f"{path}{step}" for step in given if step not in wanted), "")
        place, came = (path + missing[0], "nothing") if missing else (path, more)
        raise UnreadableAnswer("GC104", path=place, wanted="part of it" if missing else _described(here), came=came)
    found = []
    for step, child in here.children:
        found += leaves_like(given[step], child, path + step)
    return found


def kind_of(leaf: Any) -> str:
    """The kind of a leaf's dtype; "f" for one that is yet to be drawn."""
    if is_strategy(leaf):
        return "f"
    try:
        return np.asarray(leaf).dtype.kind
    except (Exception, SystemExit):  # parts of different lengths, or an object that refuses to become an array
        return "O"


def _floats(tree: Any) -> bool:
    return any(kind_of(leaf) == "f" for _, leaf in leaves(tree))


def conjugated(answer: Any) -> Any:
    """An answer with every complex array in it conjugated."""
    here = _parts(answer)
    if here is None:
        return answer
    if here.kind == COMPLEX_ARRAY:
        return np.conj(answer if contains_traced(answer) else np.asarray(answer))
    return here.build([conjugated(child) for _, child in here.children])


def scaled(answer: Any, factor: float) -> Any:
    """An answer with every array in it multiplied by a number; None stays None."""
    here = _parts(answer)
    if answer is None or here is None or here.kind == COMPLEX_ARRAY:
        return None if answer is None else factor * answer
    return here.build([scaled(child, factor) for _, child in here.children])


def _parts(answer: Any) -> Branch | None:
    """The container that an answer is; of several gradients one, although NumPy would read them as one array."""
    return _sequence(answer) if type(answer) in (tuple, list) else branch(answer)


def holds_real_arrays(value: Any) -> bool:
    """Whether a value is a container, with neither complex nor sparse arrays in it, and no array of a framework."""
    return branch(value) is not None and foreign(value) is None and _real(value)


def _real(value: Any) -> bool:
    here = branch(value)
    if here is None:
        return True
    return not is_complex(value) and not is_sparse(value) and all(_real(child) for _, child in here.children)


def _complex(real: Any, imag: Any, like: Any) -> Any:
    """A complex array of two parts, in the form of `like`; a traced one of traced parts."""
    if contains_traced((real, imag)):
        return ComplexTraced(real, imag)
    whole = np.empty(np.shape(real), like.dtype)
    whole.real, whole.imag = real, imag
    return whole if whole.ndim else whole[()]


def is_sparse(value: Any) -> bool:
    """Whether a value is a scipy.sparse array or matrix, found out without importing SciPy."""
    return any(t.__module__.startswith("scipy.sparse") and hasattr(t, "tocsr") for t in type(value).__mro__)


def _by_rows(value: Any) -> Any:
    """A sparse array row by row, each place stored once and in order; its data is the leaf."""
    rows = value.tocsr().copy()
    rows.sum_duplicates()
    return rows


def _with_data(like: Any, data: Any) -> Any:
    """A sparse array of the format of `like`, which stores the same places, with other numbers in them."""
    if is_traced(data):
        raise Unsupported("scipy.sparse arrays cannot hold traced numbers")
    rows = _by_rows(like)
    rows.data = np.asarray(data)
    return rows.asformat(like.format)


def _at_stored(answer: Any, like: Any, path: str) -> Any:
    """A gradient's entries where the input stores a number, row by row.

    It may be sparse, dense, or an array of these entries in the order of the data of what f was given.
    """
    rows = _by_rows(like)
    if np.ndim(answer) == 1 and np.size(answer) == rows.nnz and like.format in ("csr", "csc", "coo"):
        given = _with_data(like, rows.data)
        given.data = np.asarray(answer)
        return _by_rows(given).data
    if np.shape(answer) != rows.shape:
        raise UnreadableAnswer("GC104", path=path, wanted=f"of shape {rows.shape}", came=f"shape {np.shape(answer)}")
    places = rows.tocoo()
    full = answer.toarray() if is_sparse(answer) else np.asarray(answer)
    return full[places.row, places.col]


def _of_attributes(answer: Any, tree: Attributes, path: str) -> list[Any]:
    """The gradients of an object's attributes: by name, or in their order."""
    if isinstance(answer, Mapping):
        for name in tree.names:
            if name not in answer:
                raise UnreadableAnswer("GC104", path=f"{path}.{name}", wanted="part of it", came="nothing")
        return [answer[name] for name in tree.names]
    parts = answer if isinstance(answer, tuple | list) else (answer,)
    if len(parts) != len(tree.names):
        wanted = f"a dict with {', '.join(tree.names)}, or a tuple in this order"
        raise UnreadableAnswer("GC104", path=path, wanted=wanted, came=f"{len(parts)} parts")
    return list(parts)


def _described(here: Branch) -> str:
    return f"a {here.kind} with {', '.join(step for step, _ in here.children) or 'nothing'}"


def _name(answer: Any, other: Branch | None) -> str:
    if other is not None:
        return _described(other)
    return described(answer)


def _mapping(like: Any, items: dict[Any, Any]) -> Any:
    """A mapping of the same type where that can be made of a dict, else a plain dict."""
    if type(like) is dict:
        return items
    try:
        return type(like)(items)
    except TypeError:
        return items


def _numbers(value: Any) -> bool:
    """Whether a list or tuple stands for one array: numbers alone, or whatever NumPy reads as an array of numbers."""
    if any(foreign(part) is not None for part in value):
        return False
    if _nested_numbers(value):
        return True
    try:
        return np.asarray(value).dtype.kind in "fiub"
    except (Exception, SystemExit):  # unlike shapes, or an object that refuses to become an array
        return False


def _nested_numbers(value: Any) -> bool:
    """Whether there is nothing but numbers, in lists of any length: an uneven one is an array with a mistake."""
    if isinstance(value, list | tuple) and value:
        return all(_nested_numbers(v) for v in value)
    return isinstance(value, int | float | np.number)
