"""Where a function is meant: declared per input, as an interval or as a predicate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem

Array = NDArray[Any]
Declared = Mapping[int | str, tuple[float | None, float | None] | Callable[[Any], Any]]
"""{input: (low, high)}, both included, None for no bound; or {input: function of the whole input that says whether}."""


@dataclass(frozen=True)
class Domain:
    """Tells whether inputs lie where f is meant."""

    tests: Mapping[int, Callable[[Array], bool]]

    @classmethod
    def of(cls, declared: Declared, inputs: Sequence[Any], names: Sequence[str]) -> Domain:
        """The domain that is declared by name or position.

        Raises InvalidProblem for an unknown input, for what is neither an interval nor a function, and where the inputs
        given lie outside.
        """
        tests: dict[int, Callable[[Array], bool]] = {}
        for key, what in declared.items():
            at = names.index(key) if key in names else key
            if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < len(inputs):
                known = ", ".join(names)
                raise InvalidProblem(f"domain names an input by position or name, got {key!r}; inputs are {known}")
            where = f"domain of {names[at]!r}"
            tests[at] = _test(what, where)
            try:
                inside = tests[at](np.asarray(inputs[at]))
            except Exception as wrong:
                why = f"the function raised {type(wrong).__name__} at the input given: {wrong}"
                raise InvalidProblem(why, where=where) from wrong
            if not inside:
                raise InvalidProblem("the input given lies outside", where=where)
        return cls(tests)

    def holds(self, inputs: Sequence[Any]) -> bool:
        """Whether every input lies in its domain; one that a predicate cannot take does not."""
        try:
            return all(test(np.asarray(inputs[k])) for k, test in self.tests.items())
        except Exception:  # a predicate of the user's, at a point that it was not written for
            return False


def _test(what: Any, where: str) -> Callable[[Array], bool]:
    if callable(what):
        return lambda x: bool(np.all(what(x)))
    pair = isinstance(what, tuple | list) and len(what) == 2
    if not pair or not all(bound is None or _number(bound) for bound in what):
        raise InvalidProblem(
            f"expected an interval (low, high) or a function of the input, got {what!r:.100}", where=where
        )
    low, high = (-np.inf if what[0] is None else what[0]), (np.inf if what[1] is None else what[1])
    if not low < high:
        raise InvalidProblem(f"expected low < high, got ({what[0]}, {what[1]})", where=where)
    return lambda x: bool(np.all((x >= low) & (x <= high)))


def _number(bound: object) -> bool:
    return isinstance(bound, int | float | np.integer | np.floating) and not isinstance(bound, bool) and bound == bound
