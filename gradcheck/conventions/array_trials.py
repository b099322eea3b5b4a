"""Which ops a class of arrays offers, and in which form: each is tried once, and forward values are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.conventions.array_forms import Way, ways
from gradcheck.conventions.offer import Contents
from gradcheck.conventions.spellings import at_the_door, misfit, refused
from gradcheck.conventions.value_class import ValueClass, seeded
from gradcheck.conventions.value_graphs import beside_plain
from gradcheck.problem import OPS

CLOSE = 1e-4
"""Largest relative distance of a forward value from the op's meaning for both to be the same op, in float32 as well."""

OTHER_KIND = ("is not iterable", "has no len()", "not subscriptable", "be converted to", "must be real number")
"""Parts of what Python says where a function takes lists or single numbers, and not nodes of arrays."""

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Applied:
    """One form of an op: the shapes of its operands, all its attributes, and which operands are constants."""

    op: str
    shapes: Shapes
    attributes: Mapping[str, Any]
    plain: tuple[bool, ...] = ()

    @property
    def constants(self) -> tuple[bool, ...]:
        """Whether each operand is a constant."""
        return self.plain or (False,) * len(self.shapes)

    @property
    def given(self) -> dict[str, Any]:
        """The attributes that are not at their defaults."""
        defaults = OPS[self.op].attributes
        return {k: v for k, v in self.attributes.items() if defaults[k] is ... or defaults[k] != v}

    @property
    def is_extra(self) -> bool:
        """Whether many rules are not made for it: products with vectors, broadcasting, a node as exponent."""
        if self.op == "matmul":
            return any(len(shape) != 2 for shape in self.shapes)
        return self.is_stretched or (self.op == "pow" and not self.constants[1])

    @property
    def is_stretched(self) -> bool:
        """Whether NumPy has to broadcast operands to each other, plain numbers apart."""
        arrays = {shape for plain, shape in zip(self.constants, self.shapes, strict=True) if shape or not plain}
        return (OPS[self.op].elementwise or self.op == "where") and len(arrays) > 1

    @property
    def key(self) -> tuple[Any, ...]:
        """What two applications have in common that are called in the same way.

        A class of matrices alone takes a row beside a matrix, and no array with one axis.
        """
        alike = OPS[self.op].elementwise and not self.attributes
        stretched = tuple(len(shape) for shape in self.shapes) if self.is_stretched else ()
        numbers = tuple(plain and not shape for plain, shape in zip(self.constants, self.shapes, strict=True))
        said = tuple((name, str(getattr(v, "tolist", lambda v=v: v)())) for name, v in self.attributes.items())
        return (self.op, stretched if alike else self.shapes, said, self.constants, numbers)

    def __str__(self) -> str:
        if self.given:
            return f"{self.op} with {', '.join(f'{name}={value}' for name, value in self.given.items())}"
        return f"{self.op} of {' and '.join(f'shape {shape}' for shape in self.shapes)}"


SUMS = ("add", "sub")
"""Ops whose operands are broadcast in every network, by a bias."""


@dataclass(frozen=True)
class Tried:
    """What came of one call: the node and its value where it gave one, or what it raised."""

    way: Way
    value: Any = None
    wrong: BaseException | None = None
    node: Any = None
    operands: tuple[Any, ...] = ()


class Trials:
    """The ways of calling a class's ops, each tried once on leaves of its own and then remembered."""

    def __init__(self, uses: ValueClass, contents: Contents) -> None:
        self._uses = uses
        self._contents = contents
        self._found: dict[Any, Way | None] = {}
        self.right: set[str] = set()
        """Ops of which some form was seen to give the right value."""

    def way(self, form: Applied) -> Way | None:
        """How this form of the op is called; None where the class does not offer it."""
        if form.key not in self._found:
            self._found[form.key] = self._tried(form)
        return self._found[form.key]

    def examples(self) -> Iterator[tuple[Applied, Way | None]]:
        """Every op of the table in each of its examples' forms, with the way of calling it."""
        for op, row in OPS.items():
            for shapes, attributes in row.examples:
                form = Applied(op, shapes, {**row.attributes, **attributes})
                yield form, self.way(form)
            if op == "pow":  # many take an exponent that is a number, and no other
                form = Applied(op, ((2, 3), ()), {}, (False, True))
                yield form, self.way(form)

    def _tried(self, form: Applied) -> Way | None:
        op, attributes = form.op, form.attributes
        values = comfortable(op, form.shapes)
        if not _shows(op, values, attributes):  # the slope of a leaky ReLU shows below 0 alone
            values = [-value for value in values]
        right = np.asarray(OPS[op].value(*values, **attributes))
        broken: list[Tried] = []
        cut: list[Tried] = []
        stuck: list[Tried] = []
        doubtful: list[Tried] = []
        for way in ways(op, attributes, len(values), self._uses.kind, self._contents):
            tried = self._once(way, values, form)
            if tried.wrong is not None:
                broken.append(tried)
            elif tried.value is not None and alike(tried.value, right):
                self.right.add(op)
                if self._is_cut(tried):  # `x.T` may be made for looking at data, beside an op that is recorded
                    cut.append(tried)
                    continue
                if not (form.given or form.is_extra) or (wrong := self._stops(tried)) is None:
                    return tried.way
                refuses = form.is_extra and isinstance(wrong, ValueError | IndexError)
                if not refuses or (form.is_stretched and op in SUMS and self._undoes_broadcasting()):
                    stuck.append(tried)
            elif tried.value is not None and way.sure and (np.shape(tried.value) == right.shape or not attributes):
                doubtful.append(tried)
        bugs = [tried for tried in broken if tried.wrong is not None and is_bug(tried.wrong, attributes)]
        return next((tried.way for tried in (*cut, *stuck, *doubtful, *bugs)), None)

    def _is_cut(self, tried: Tried) -> bool:
        """Whether nothing arrives at any argument when the node is swept."""
        leaves = [operand for operand in tried.operands if isinstance(operand, self._uses.kind)]
        try:
            root = swept(self._uses, tried.node)
            found = [self._uses.gradient(leaf, root) for leaf in leaves]
        except Exception:  # what a sweep raises is told apart below
            return False
        return bool(leaves) and not any(g is not None and np.any(np.asarray(g, dtype=float)) for g in found)

    def _undoes_broadcasting(self) -> bool:
        """Whether a product gives an operand that was broadcast a gradient of its own shape: then sums are meant to."""
        form = Applied("mul", ((2, 3), (3,)), {})
        way = self.way(form)
        if way is None:
            return False
        tried = self._once(way, comfortable("mul", form.shapes), form)
        if tried.node is None or len(tried.operands) != 2:
            return False
        small = tried.operands[1]
        try:
            return bool(np.shape(self._uses.gradient(small, swept(self._uses, tried.node))) == (3,))
        except Exception:  # a product that stops there, too
            return False

    def _stops(self, tried: Tried) -> BaseException | None:
        """What a sweep from this node, or asking it for a gradient, raises: a form may be taken forward alone."""
        try:
            root = swept(self._uses, tried.node)
            for operand in tried.operands:
                if isinstance(operand, self._uses.kind):
                    self._uses.gradient(operand, root)
        except Exception as wrong:  # whatever the subject's rule raises
            return wrong
        return None

    def _once(self, way: Way, values: list[Any], form: Applied) -> Tried:
        tried = Tried(way)
        try:
            made = [
                v if plain else self._uses.make(np.array(v)) for v, plain in zip(values, form.constants, strict=True)
            ]
        except Exception:  # a class may hold no arrays of this shape
            return tried
        for operands in beside_plain(made, self._uses, way.infix, np.array):
            as_it_is = operands is made and any(form.constants)
            try:
                with np.errstate(all="ignore"):
                    came = way.apply(*operands, **form.attributes)
                    if isinstance(came, self._uses.kind):
                        if as_it_is:
                            self._need_numbers(operands, swept(self._uses, came))
                        wrapped = any(form.constants) and not as_it_is
                        kept = replace(way, infix=way.infix and not wrapped)
                        return Tried(kept, self._uses.value(came), node=came, operands=tuple(operands))
            except Exception as wrong:  # whatever the subject's op raises
                tried = Tried(way, wrong=wrong)
        return tried

    def _need_numbers(self, operands: list[Any], root: Any) -> None:
        """Raise TypeError where a node's gradient holds objects: an array beside it took the arithmetic on itself."""
        for operand in operands:
            if (
                isinstance(operand, self._uses.kind)
                and np.asarray(self._uses.gradient(operand, root)).dtype.kind == "O"
            ):
                raise TypeError("a gradient that holds no numbers")


def swept(uses: ValueClass, node: Any) -> Any:
    """The root that was swept, made of this node: an array beside a node may be recorded, and have no gradient."""
    root = uses.ends(node)
    seeded(uses, root)
    uses.sweep(root)
    return root


def comfortable(op: str, shapes: Shapes) -> list[Any]:
    """Comfortable values of the op's arguments, the same in every process."""
    random = np.random.default_rng(len(shapes))
    drawn = [random.uniform(*OPS[op].range_of(k), size=shape) for k, shape in enumerate(shapes)]
    return [value if np.ndim(value) else float(value) for value in drawn]


def _shows(op: str, values: Sequence[Any], attributes: Mapping[str, Any]) -> bool:
    """Whether other numbers for the op's attributes give another value here; so where it has no such attribute."""
    numbers = {name: 2 * value for name, value in attributes.items() if isinstance(value, float)}
    if not numbers:
        return True
    here, there = (OPS[op].value(*values, **{**attributes, **more}) for more in ({}, numbers))
    return not np.allclose(here, there)


def alike(came: Any, right: Any) -> bool:
    """Whether a forward value is that of the op; one of a single entry may keep axes of length 1."""
    value = np.asarray(came)
    if value.shape != right.shape and not (right.shape == () and value.size == 1):
        return False
    return bool(np.allclose(value.reshape(right.shape), right, rtol=CLOSE, atol=CLOSE))


def is_bug(wrong: BaseException, attributes: Mapping[str, Any]) -> bool:
    """Whether an exception shows a mistake in the subject's code, instead of a form that it does not take."""
    if refused(wrong) or misfit(wrong) or at_the_door(wrong) or any(part in str(wrong) for part in OTHER_KIND):
        return False
    return isinstance(wrong, NameError) or not attributes
