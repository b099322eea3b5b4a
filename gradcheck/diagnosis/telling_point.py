"""The point of a counterexample at which different mistakes give different numbers.

Each point is tried with many mistakes: every rule and branch fault of the catalogue, and every single message dropped,
doubled or of the wrong sign. At the point chosen, the fewest mistakes give the subject's answer, and the most give
answers that differ from each other.
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
"""Number of points that are compared."""
FEW_POINTS = 3
"""Number of points that are compared for a graph with another op."""
ASKED = 6
"""Maximum number of points at which the subject is asked."""
LARGEST = 12
"""Maximum number of nodes of a graph whose point is changed; nobody redoes a larger one by hand."""
MOST_ENTRIES = 40
"""Maximum number of entries of a point that is changed."""
FACTORS = (0.0, 2.0, -1.0)
"""Factors by which the mistake at one edge multiplies the message."""


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
    """The case at the failing point that distinguishes most mistakes; `case` itself where `fails` holds at none.

    An op that uses one leaf twice gets two leaves, if that fails too. An op is exchanged only if a gradient is always
    0.
    """
    if len(case.graph) > LARGEST or sum(math.prod(shape) for shape in case.graph.shapes) > MOST_ENTRIES:
        return case
    apart = with_own_operands(case)  # a - b shows more than a - a, unless the mistake needs the repeated node
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
    """The failing case that distinguishes most mistakes."""
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
    """Name and answer of every mistake in a branch, an order, a rule or a layout; an exception counts as an answer."""
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
    answers = tuple(key for _, key in hypotheses(case))
    _, rights = _key(Backprop(), case)
    return _Point(case, answers, _accidents(case, rights), rights)


def _accidents(case: Case, rights: Mapping[str, Array]) -> int:
    """Number of coincidences among node values and gradients: equal numbers, and 0, 1, -1 or at least 100."""
    known = case.graph.evaluate(case.point)
    groups = ([known[name] for name in case.graph.names], list(rights.values()))
    count = 0
    for group in groups:
        numbers = [f"{abs(float(v)):.9g}" for array in group for v in np.ravel(array)]
        count += len(numbers) - len(set(numbers)) + sum(n in ("0", "1") or float(n) >= 100 for n in numbers)
    own = {f"{abs(float(v)):.9g}" for array in groups[0] for v in np.ravel(array)}
    return count + sum(f"{abs(float(v)):.9g}" in own for array in groups[1] for v in np.ravel(array))


def _mistaken(gradients: Mapping[str, Array], rights: Mapping[str, Array]) -> int:
    """Number of wrong gradients that equal the right one of another parameter."""
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
        return ((type(failure).__name__,),), {}  # an exception is this mistake's answer


def _digits(array: Any) -> tuple[str, ...]:
    return tuple(f"{float(v):.9g}" for v in np.ravel(np.asarray(array)))
