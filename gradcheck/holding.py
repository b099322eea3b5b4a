"""`held(x)`: marks a value that a derivative treats as a constant on purpose.

Outside a check it returns x. While a check runs f, a rule decides: tracing lets no derivative pass; differences and
complex step record what f held at the point, in the order of its calls, and hand that back at the arguments beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from typing import TypeVar, cast

from gradcheck.errors import Unsupported

Value = TypeVar("Value")
Rule = Callable[[object], object]

_rule: ContextVar[Rule | None] = ContextVar("_rule", default=None)


def held(value: Value) -> Value:
    """`value` itself; during a check of the function that calls it, a constant with respect to all inputs.

    For what is left out of a derivative on purpose: a detached norm, the rounding of a straight-through estimator
    `x + held(np.round(x) - x)`, the answer of a target network. Takes arrays and numbers of any shape and dtype, and
    lists, tuples and dictionaries of them. The calls may stand in loops and inside one another.

    Raises Unsupported, during a check alone, where f holds more or fewer values beside a point than at the point.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> direction = lambda x: np.sum(x) / gradcheck.held(np.linalg.norm(x))
    >>> gradient = lambda x: np.full_like(x, 1 / np.linalg.norm(x))
    >>> gradcheck.check_gradient(direction, gradient, np.array([3.0, 4.0])).verdict.value
    'PASS'
    """
    rule = _rule.get()
    return value if rule is None else cast(Value, rule(value))


@contextmanager
def holding(rule: Rule) -> Iterator[None]:
    """Run a block in which `held(x)` is `rule(x)`."""
    token = _rule.set(rule)
    try:
        yield
    finally:
        _rule.reset(token)


class Tape:
    """What f held in one run, in the order of its calls; `values` are copies."""

    def __init__(self) -> None:
        self.values: list[object] = []

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Run f at a point: what it holds becomes the tape."""
        self.values = []

        def keep(value: object) -> object:
            self.values.append(deepcopy(value))
            return value

        with holding(keep):
            yield

    def playing(self) -> Playing:
        """Run f beside that point: it gets what it held there. Raises Unsupported unless it holds as many values."""
        return Playing(self)


class Playing:
    """A block in which f gets what it held at the point. A class, not a generator: 3 us less for each run of f."""

    __slots__ = ("_asked", "_token", "_values")

    def __init__(self, tape: Tape) -> None:
        self._values, self._asked = tape.values, 0

    def __enter__(self) -> None:
        self._token = _rule.set(self._recall)

    def __exit__(self, failed: object, *_: object) -> None:
        _rule.reset(self._token)
        if failed is None and self._asked < len(self._values):
            raise Unsupported(f"f holds {self._asked} values where it held {len(self._values)} at the point")

    def _recall(self, _: object) -> object:
        self._asked += 1
        if self._asked > len(self._values):
            raise Unsupported(f"f holds more than the {len(self._values)} values that it held at the point")
        return deepcopy(self._values[self._asked - 1])
