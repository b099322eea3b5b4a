"""An item as other checkers get it: functions of its differentiated inputs, all arguments and answers in tuples."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import calls

if TYPE_CHECKING:
    from .item import Item


class Opaque:
    """f, its outputs at the point, and the derivative under test as `pullback` or `pushforward`.

    `double` puts the item in double precision, inputs and answers, for checkers that ask for it; otherwise every array
    keeps its own dtype. Copies keep memory order and stay one array where the item gives the same one twice.
    """

    def __init__(self, item: "Item", double: bool = True) -> None:
        self.item = item
        self.wrt = calls.chosen(item)
        self._double = double
        self._all = self._converted(calls.copies(item.inputs))
        self.arguments = tuple(self._all[k] for k in self.wrt)
        self._many = False
        self.outputs = self.f(*[x.copy(order="K") for x in self.arguments])

    def _converted(self, inputs: Sequence[Any]) -> list[Any]:
        made: dict[int, Any] = {}
        for x in inputs:
            wider = self._double and x.dtype.kind == "f" and x.dtype != float
            made.setdefault(id(x), x.astype(float) if wider else x)
        return [made[id(x)] for x in inputs]

    def _answer(self, value: Any) -> Any:
        array = np.asarray(value)
        return array if array.dtype.kind == "f" and not self._double else np.asarray(array, dtype=float)

    def _full(self, arguments: Sequence[Any], rest: Callable[[Any], Any] = lambda x: x) -> list[Any]:
        given = dict(zip(self.wrt, arguments, strict=True))
        return [given.get(k, rest(x)) for k, x in enumerate(self._all)]

    def _tuple(self, returned: Any) -> tuple[Any, ...]:
        return tuple(map(self._answer, returned if isinstance(returned, tuple) else (returned,)))

    def f(self, *arguments: Any) -> tuple[Any, ...]:
        """f's outputs."""
        returned = self.item.f(*self._full(arguments))
        self._many = isinstance(returned, tuple)
        return self._tuple(returned)

    def pullback(self, cotangents: Sequence[Any], arguments: Sequence[Any]) -> tuple[Any, ...]:
        """J^T c as the item computes it; None counts as zeros, shapes are not looked at."""
        seed = tuple(cotangents) if self._many else cotangents[0]
        answers = calls.pullback(self.item, seed, self._full(arguments))
        chosen = [answers[k] for k in self.wrt]
        if self.item.kind == "gradient":
            upstream = np.ravel(cotangents[0])[0]
            chosen = [g if g is None or upstream == 1 else g * upstream for g in chosen]
        return tuple(
            np.zeros_like(x) if g is None else self._answer(g) for g, x in zip(chosen, self.arguments, strict=True)
        )

    def pushforward(self, arguments: Sequence[Any], tangents: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """(outputs, J t) as the item computes them; f's own outputs where the item answers with the tangent alone."""
        value, answer = calls.pushforward(self.item, self._full(arguments), self._full(tangents, np.zeros_like))
        return self.f(*arguments) if value is None else self._tuple(value), self._tuple(answer)
