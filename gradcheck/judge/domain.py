"""Where a function is meant: declared per input, as an interval, a predicate or a strategy that draws from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem, shown
from gradcheck.judge.strategies_of_inputs import is_strategy, points_of
from gradcheck.problem.function import input_position

Array = NDArray[Any]
DRAWN = 6
"""Number of points drawn of a domain that strategies declare."""
Declared = Mapping[int | str, Any]
"""{input: (low, high)}, both included, None for no bound; {input: function of the whole input that says whether}; or
{input: Hypothesis strategy} that draws such inputs."""


@dataclass(frozen=True)
class Domain:
    """Whether inputs lie where f is meant.

    Attributes
    ----------
    tests: by position, whether an input does.
    points: points drawn, where inputs are declared by strategies; f is meant at all of them.
    strategies: positions of those inputs.
    """

    tests: Mapping[int, Callable[[Array], bool]]
    points: tuple[tuple[Any, ...], ...] = ()
    strategies: frozenset[int] = frozenset()

    @classmethod
    def of(cls, declared: Declared, inputs: Sequence[Any], names: Sequence[str], seed: int | None = None) -> Domain:
        """The domain that is declared by name or position; `seed` is for what strategies draw.

        Raises InvalidProblem for an unknown input, for what is none of the three, where the inputs given lie outside,
        and where a strategy draws other shapes than theirs.
        """
        drawn: dict[int, Any] = {}
        tests: dict[int, Callable[[Array], bool]] = {}
        for key, what in declared.items():
            at = input_position(key, names)
            if at is None:
                known = ", ".join(names)
                raise InvalidProblem(f"domain names an input by position or name, got {shown(key)}; inputs are {known}")
            where = f"domain of {names[at]!r}"
            if is_strategy(what):
                drawn[at] = what
                continue
            tests[at] = _test(what, where)
            try:
                inside = tests[at](np.asarray(inputs[at]))
            except (Exception, SystemExit) as wrong:
                why = f"the function raised {type(wrong).__name__} at the input given: {wrong}"
                raise InvalidProblem(why, where=where) from wrong
            if not inside:
                raise InvalidProblem("the input given lies outside", where=where)
        points = points_of(drawn, inputs, names, DRAWN, seed) if drawn else []
        return cls(tests, tuple(points), frozenset(drawn))

    def holds(self, inputs: Sequence[Any]) -> bool:
        """Whether every input lies in its domain; one that a predicate cannot take does not.

        Where a strategy declares an input, only what was drawn is known to.
        """
        if self.strategies and not any(self._same(inputs, point) for point in self.points):
            return False
        try:
            return all(test(np.asarray(inputs[k])) for k, test in self.tests.items())
        except (Exception, SystemExit):  # a predicate of the user's, at a point that it was not written for
            return False

    def _same(self, inputs: Sequence[Any], point: Sequence[Any]) -> bool:
        return all(np.array_equal(inputs[k], point[k]) for k in self.strategies)


def _test(what: Any, where: str) -> Callable[[Array], bool]:
    if callable(what):
        return lambda x: bool(np.all(what(x)))
    pair = isinstance(what, tuple | list) and len(what) == 2
    if not pair or not all(bound is None or _number(bound) for bound in what):
        raise InvalidProblem(
            f"expected an interval (low, high), a function of the input or a Hypothesis strategy, got {shown(what)}",
            where=where,
        )
    low, high = (-np.inf if what[0] is None else what[0]), (np.inf if what[1] is None else what[1])
    if not low < high:
        raise InvalidProblem(f"expected low < high, got ({what[0]}, {what[1]})", where=where)
    return lambda x: bool(np.all((x >= low) & (x <= high)))


def _number(bound: object) -> bool:
    return isinstance(bound, int | float | np.integer | np.floating) and not isinstance(bound, bool) and bound == bound
