"""Answers graphs with an engine's own nodes of arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.conventions.array_trials import Applied, Trials, swept
from gradcheck.conventions.spellings import REFLECTED, Spelling, refused
from gradcheck.conventions.value_class import SAMPLE, ValueClass
from gradcheck.conventions.value_graphs import Engine, about_plain
from gradcheck.problem import Graph, Node

ARRAY = "np.array([2., 1.])"
"""How an array beside a node is written."""

NUMBERS = "an operand that holds a single number"
"""What a class of matrices may not take."""

SWEPT_AS_SUM = Spelling(lambda x: x, "{0}")
"""How the sum is written that ends a graph, in a class without one whose sweep begins at an array."""


class ArrayEngine(Engine):
    """The functions of the native form on top of a class of nodes that hold arrays."""

    def __init__(self, uses: ValueClass, trials: Trials, *, sums: bool = True) -> None:
        super().__init__(uses, {}, scalars=False)
        self._trials = trials
        self._sums = sums
        self._held: dict[tuple[int, ...], bool] = {}
        self.words = dict(_words(trials))
        self.whole_numbers = _learns_from_whole_numbers(uses)
        if not self.whole_numbers:
            self.notes = ("an array of ints is a constant: no gradient arrives at it",)
        if not sums:
            self.notes += ("it has no sum: the sweep of an array counts as that of its sum",)
        self._numbers = _sweeps_numbers(uses)

    def _number(self, value: Any) -> Any:
        return np.array(value)

    def _whole(self, value: Any) -> Any:
        exact = np.asarray(value)
        return exact.astype(int) if np.array_equal(exact, np.round(exact)) else np.array(value)

    def _leaves(self, graph: Graph, point: Mapping[str, Any], made: Callable[[Any], Any]) -> dict[str, Any]:
        for i in graph.order.tolist():
            number = graph.op(i) == "constant" and not graph.shapes[i]  # which may stay a number
            if not (graph.arguments(i) or number or self._holds(graph.shapes[i])):
                raise NotImplementedError(f"an array of shape {graph.shapes[i]}" if graph.shapes[i] else NUMBERS)
        return super()._leaves(graph, point, made)

    def _holds(self, shape: tuple[int, ...]) -> bool:
        """Whether the class makes leaves of this shape."""
        if shape not in self._held:
            try:
                self._uses.make(np.full(shape, SAMPLE[0]))
                self._held[shape] = True
            except Exception:  # whatever the constructor raises
                self._held[shape] = False
        return self._held[shape]

    def _swept(self, graph: Graph, leaves: Mapping[str, Any]) -> Any:
        if not self._numbers and any(not graph.shapes[j] for i in range(len(graph)) for j in graph.arguments(i)):
            raise NotImplementedError(NUMBERS)
        for i in graph.order.tolist():  # forms are tried before the graph is built, which may be recorded as a whole
            if graph.arguments(i):
                self._way(graph, graph.node(i))
        return super()._swept(graph, leaves)

    def _ends_as_array(self, graph: Graph) -> bool:
        return not self._sums and graph.op(graph.loss) == "sum"

    def _value(self, graph: Graph, root: Any) -> Any:
        value = super()._value(graph, root)
        return np.sum(value) if self._ends_as_array(graph) else value

    def _revealed(self, graph: Graph, leaves: Mapping[str, Any], nodes: Mapping[str, Any]) -> list[str]:
        names = super()._revealed(graph, leaves, nodes)
        return [name for name in names if graph.index(name) != graph.loss or not self._ends_as_array(graph)]

    def _way(self, graph: Graph, node: Node) -> Spelling:
        if node.op == "sum" and not self._sums:
            if node.index != graph.loss or node.attributes["axis"] is not None or node.attributes["keepdims"]:
                raise NotImplementedError("a sum that is not the loss")
            return SWEPT_AS_SUM
        operands = graph.arguments(node.index)
        shapes = tuple(graph.shapes[j] for j in operands)
        form = Applied(node.op, shapes, node.attributes, tuple(graph.op(j) == "constant" for j in operands))
        way = self._trials.way(form)
        if way is None:
            raise NotImplementedError(str(form))
        return Spelling(way.apply, way.text, way.infix, way.name)

    def _spelling(self, graph: Graph, node: Node) -> tuple[Spelling, Mapping[str, Any]]:
        spelling = self._way(graph, node)
        return spelling, {} if spelling is SWEPT_AS_SUM else node.attributes


def _words(trials: Trials) -> Iterator[tuple[str, str]]:
    """How each form with attributes is written."""
    for form, way in trials.examples():
        if way is not None and form.given:
            yield " ".join(["op", form.op, *sorted(form.given)]), way.text


def _learns_from_whole_numbers(uses: ValueClass) -> bool:
    """Whether a leaf made of ints has a gradient at all after a sweep."""
    try:
        a = uses.make(np.array([[2, 3], [1, 4]]))
        root = swept(uses, a * uses.make(np.full((2, 2), SAMPLE[0])))
        return uses.gradient(a, root) is not None
    except Exception:  # a class may refuse ints in any way
        return False


def sweeps_arrays(uses: ValueClass) -> bool:
    """Whether an array can be swept as it is, so that gradients have the shape of their leaves."""
    for form in (operator.mul, operator.add):
        a, b = (uses.make(np.full((2, 3), value)) for value in SAMPLE)
        try:
            root = form(a, b)
            uses.sweep(root)
            return all(np.shape(uses.gradient(leaf, root)) == (2, 3) for leaf in (a, b))
        except Exception:  # a class without this operator, or for which only single numbers are losses
            continue
    return False


def _sweeps_numbers(uses: ValueClass) -> bool:
    """Whether leaves of a single number can be swept; a class may be made for matrices alone, and break there."""
    for form in (operator.mul, operator.add):
        try:
            a, b = (uses.make(np.array(value)) for value in SAMPLE)
        except Exception:  # it holds none
            return False
        try:
            root = form(a, b)
        except Exception:  # a class without this operator
            continue
        try:
            swept(uses, root)
            return True
        except Exception:  # as it may: what it is made for was swept before
            return False
    return True


def lacking(uses: ValueClass, trials: Trials) -> Iterator[str]:
    """Forms of offered ops that the class does not take, and plain numbers and arrays that it does not combine with."""
    if not _sweeps_numbers(uses):
        yield NUMBERS
    tried = list(trials.examples())
    offered = {form.op: way for form, way in tried if way is not None}
    for form, way in tried:
        if way is None and form.op in offered and form.op not in REFLECTED:
            yield str(form)
    for op in (*REFLECTED, "matmul"):
        if op in offered and offered[op].infix:
            yield from _beside_plain(uses, Spelling(offered[op].apply, offered[op].text), numbers=op in REFLECTED)


def _beside_plain(uses: ValueClass, spelling: Spelling, *, numbers: bool) -> Iterator[str]:
    array = np.array([2.0, 1.0])
    try:
        x = uses.make(np.array(SAMPLE))
    except Exception:  # it holds no array with one axis
        return
    beside: list[tuple[Any, Any, str, str]] = [(x, array, "x", ARRAY), (array, x, ARRAY, "x")]
    if numbers:
        beside += [(x, 2.0, "x", "2"), (2.0, x, "2", "x"), (x, uses.make(np.array(SAMPLE)), "x", "y")]
    for left, right, *texts in beside:
        if (why := _refusal(uses, spelling, left, right)) is not None:
            yield spelling.text.format(*texts) + why


def _refusal(uses: ValueClass, spelling: Spelling, left: Any, right: Any) -> str | None:
    """How a form fails; None where it gives a node that can be swept, or breaks inside the op."""
    try:
        made = spelling.apply(left, right)
        if isinstance(made, uses.kind):
            swept(uses, made)
            return None
    except Exception as wrong:  # what a foreign operator raises says whether it offers the form
        return "" if refused(wrong) or about_plain(wrong, left) else None
    if isinstance(made, np.ndarray) and made.dtype == object:
        return f" (NumPy takes x apart, and gives an array of {uses.kind.__name__} objects)"
    return f" (gives {type(made).__name__}: nothing is recorded)"
