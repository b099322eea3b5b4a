"""The point of a counterexample at which mistakes can be told apart by their numbers.

A mistake is held against many others: every rule and every branch fault of the catalogue, and every single message
dropped, doubled or of the wrong sign. The point is taken at which the fewest of them give the subject's answer, and the
most of them differ from each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.judge.entry_points import ask
from gradcheck.problem import Case
from gradcheck.problem.walks import ancestors
from gradcheck.strategies.telling_values import telling_points, with_other_ops, with_own_operands
from gradcheck.subject.answer import Subject

Array = NDArray[Any]
Key = tuple[tuple[str, ...], ...]
"""An answer as text of nine digits, so that two that differ by rounding alone are the same."""

POINTS = 12
"""Points that are compared."""
FEW_POINTS = 3
"""The same for graphs with another op."""
ASKED = 6
"""Points at most at which the subject is asked what it answers."""
LARGEST = 12
"""Nodes of a graph beyond which its values stay as they are: it is not one to be redone by hand."""
MOST_ENTRIES = 40
"""Entries of a point beyond which it stays as well."""
FACTORS = (0.0, 2.0, -1.0)
"""What a single message is multiplied by in a mistake at one edge."""


class OneMessage(Backprop):
    """One message alone is multiplied by a factor: dropped, doubled, or of the wrong sign."""

    def __init__(self, node: int, slot: int, factor: float) -> None:
        self.edge, self.factor = (node, slot), factor

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        """The factor times the right message at that edge, the right message elsewhere."""
        right = super().message(node, slot, upstream)
        return self.factor * right if (node, slot) == self.edge else right


@dataclass(frozen=True)
class _Point:
    case: Case
    hypotheses: tuple[Key, ...]
    accidents: int
    rights: Mapping[str, Array]


def telling(case: Case, subject: Subject, fails: Callable[[Case], bool]) -> Case:
    """The case at the point that tells most mistakes apart, among those at which `fails` holds; itself if none does.

    An op on twice the same leaf gets two, where that fails too; an op is exchanged only where a gradient is always 0.
    """
    if len(case.graph) > LARGEST or sum(math.prod(shape) for shape in case.graph.shapes) > MOST_ENTRIES:
        return case
    apart = with_own_operands(case)  # a - b says more than a - a, unless the mistake needs the one node
    if apart is not None and (best := _best(telling_points(apart, POINTS), subject, fails)) is not None:
        return best
    best = _best(telling_points(case, POINTS), subject, fails)
    if best is not None and not _flat(best):
        return best
    for other in with_other_ops(case):  # x - x has the gradient 0 everywhere; x * x shows the same mistake better
        better = _best(telling_points(other, FEW_POINTS), subject, fails)
        if better is not None and not _flat(better):
            return better
    return best or case


def _best(cases: Sequence[Case], subject: Subject, fails: Callable[[Case], bool]) -> Case | None:
    """Of the cases that fail, the one that tells most mistakes apart."""
    points = [_looked_at(case) for case in cases]
    points.sort(key=lambda p: (-len(set(p.hypotheses)), p.accidents))
    found: list[tuple[int, int, Case]] = []
    for point in points:
        if len(found) == ASKED:
            break
        if not fails(point.case) or (answer := _answered(subject, point.case)) is None:
            continue
        like = sum(one == answer[0] for one in point.hypotheses)
        found.append((like, _mistaken(answer[1], point.rights), point.case))
        if like <= 1 and not found[-1][1]:
            break
    return min(found, key=lambda f: f[:2])[2] if found else None


def _flat(case: Case) -> bool:
    """Whether some parameter that the loss is computed from has the gradient 0 throughout."""
    rights, needed = _key(Backprop(), case)[1], ancestors(case.graph, case.graph.loss)
    names = [case.graph.names[i] for i in case.graph.parameters if i in needed]
    return any(name in rights and not np.any(rights[name]) for name in names)


def hypotheses(case: Case) -> Iterator[tuple[str, Key]]:
    """What every mistake of a branch, an order, a rule or a layout answers, by its name; those that raise say so."""
    graph = case.graph
    for row in CATALOGUE:
        if row.scope == "dag" and not row.right:
            yield row.code, _key(row.subject(), case)[0]
    for node in range(len(graph)):
        for slot in range(len(graph.arguments(node))):
            for factor in FACTORS:
                yield f"{graph.names[node]}/{slot} x {factor:g}", _key(OneMessage(node, slot, factor), case)[0]


def answer_key(value: Array, gradients: Mapping[str, Array]) -> Key:
    """The text of an answer that hypotheses are compared by."""
    return (_digits(value), *(_digits(gradients[name]) for name in sorted(gradients)))


def _looked_at(case: Case) -> _Point:
    said = tuple(key for _, key in hypotheses(case))
    _, rights = _key(Backprop(), case)
    return _Point(case, said, _accidents(case, rights), rights)


def _accidents(case: Case, rights: Mapping[str, Array]) -> int:
    """Numbers of the case that coincide, are 0, 1 or -1, or at least 100: values of nodes, and gradients."""
    known = case.graph.evaluate(case.point)
    groups = ([known[name] for name in case.graph.names], list(rights.values()))
    count = 0
    for group in groups:
        numbers = [f"{abs(float(v)):.9g}" for array in group for v in np.ravel(array)]
        count += len(numbers) - len(set(numbers)) + sum(n in ("0", "1") or float(n) >= 100 for n in numbers)
    own = {f"{abs(float(v)):.9g}" for array in groups[0] for v in np.ravel(array)}
    return count + sum(f"{abs(float(v)):.9g}" in own for array in groups[1] for v in np.ravel(array))


def _mistaken(gradients: Mapping[str, Array], rights: Mapping[str, Array]) -> int:
    """How many wrong gradients equal what is right for another parameter."""
    return sum(
        _digits(given) != _digits(rights[name]) and _digits(given) == _digits(other)
        for name, given in gradients.items()
        for more, other in rights.items()
        if more != name and name in rights
    )


def _answered(subject: Subject, case: Case) -> tuple[Key, Mapping[str, Array]] | None:
    try:
        answer = ask(subject, case)
    except SubjectError:
        return None
    return answer_key(answer.value, answer.gradients), answer.gradients


def _key(engine: Callable[..., Any], case: Case) -> tuple[Key, Mapping[str, Array]]:
    try:
        with np.errstate(all="ignore"):
            value, gradients, *_ = engine(case.graph, {name: value.copy() for name, value in case.point.items()})
        return answer_key(value, gradients), gradients
    except (SubjectError, ArithmeticError, LookupError, TypeError, ValueError) as failure:
        return ((type(failure).__name__,),), {}  # a mistake may raise; that is its answer


def _digits(array: Any) -> tuple[str, ...]:
    return tuple(f"{float(v):.9g}" for v in np.ravel(np.asarray(array)))
