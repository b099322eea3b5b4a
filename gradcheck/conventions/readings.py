"""The two ways in which a derivative may be meant: by the input of its function or by what the function returned, by
what a loss takes or by what the activation before it got. Which one is meant is for the file to tell, or for the user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.conventions.derivative_functions import DerivativeFunctions, Found
from gradcheck.conventions.derivative_names import Hint
from gradcheck.conventions.example_inputs import Example
from gradcheck.conventions.folded_outputs import Folded, composed
from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.further_settings import with_further
from gradcheck.conventions.offer import Pair, Reading
from gradcheck.conventions.slope_arguments import Side, side_reading

LAMBDA = "<lambda>"
"""Name of a function that was not named where it was made."""


@dataclass(frozen=True)
class Asking:
    """A function of a file and its derivative, and how the two are asked.

    Attributes
    ----------
    names: of both, as the file has them.
    further: makes examples for where the names of the arguments lead to none.
    example: the one that the file gives.
    """

    calls: ForeignCalls
    names: tuple[str, str]
    function: Callable[..., Any]
    derivative: Callable[..., Any]
    hint: Hint
    further: Callable[[], Iterable[Example]]
    example: Example | None
    convention: str
    options: Mapping[str, str]

    def pair(self, through: Folded | None, side: Side | None) -> tuple[Pair, list[str]] | str:
        """The pair in the likelier reading, with the other one, and notes; or why it cannot be asked.

        `side` is None where nothing tells, which a slope takes.
        """
        readings = list(self._by_inner(through) if through is not None else self._by_side(side))
        found = [made for made in readings if not isinstance(made, str)]
        if not found:
            return str(readings[0])
        (pair, said), *others = found
        if others and not {"slope", "inner"} & set(self.options):
            pair = replace(pair, others=tuple(other for other, _ in others))
        else:
            pair = replace(pair, reading=None)
        return pair, [*said, *self._remarks(pair)]

    def _remarks(self, pair: Pair) -> list[str]:
        if pair.reading is None:
            return []
        why = pair.reading.because or "nothing in the file tells, so that the other way is tried where this is wrong"
        return [f"{self.names[1]}: asked {pair.reading.words}; {why}"]

    def _by_side(self, side: Side | None) -> Iterator[tuple[Pair, list[str]] | str]:
        wanted = self.options.get("slope")
        output = wanted == "output" if wanted else side is not None and side.output
        first = self._found(self.function, self.derivative, output)
        yield self._made(first, self._reading(output, side))
        if isinstance(first, str) or not first[1].is_slope:
            return
        if (other := self._found(self.function, self.derivative, not output)) and not isinstance(other, str):
            yield self._made(other, self._reading(not output, None))

    def _reading(self, output: bool, side: Side | None) -> Reading:
        word = "output" if output else "input"
        because = "" if side is None else side.because or "its name, its code or what it says of itself tells so"
        return side_reading(word, self.convention, because)

    def _by_inner(self, through: Folded) -> Iterator[tuple[Pair, list[str]] | str]:
        plain = Reading(
            "as the gradient by what the loss takes",
            f"--as {self.convention}:inner=none",
            "take it as the former",
        )
        inner = Reading(
            f"as the gradient by what the {through.kind} before it gets",
            f"--as {self.convention}:inner={through.kind}",
            f"take it as the gradient by the input of the {through.kind}",
        )
        for folded_in in (through.sure, not through.sure):
            f, derivative = (
                composed(one, through, self.function) if folded_in else one for one in (self.function, self.derivative)
            )
            yield self._made(self._found(f, derivative, False), inner if folded_in else plain)

    def _found(
        self, function: Callable[..., Any], derivative: Callable[..., Any], output: bool
    ) -> tuple[DerivativeFunctions, Found] | str:
        side = "output" if output else "input"
        functions = DerivativeFunctions(self.calls, function, derivative, self.hint, side, self.further())
        found = functions.found(self.example)
        return found if isinstance(found, str) else (functions, found)

    def _made(self, found: tuple[DerivativeFunctions, Found] | str, reading: Reading) -> tuple[Pair, list[str]] | str:
        if isinstance(found, str):
            return found
        functions, what = found
        f, derivative = self.names
        note = f"{f}: asked at {what.example.shapes} ({what.example.layout}), {derivative} as {what.what}"
        pair = replace(functions.pair(f, what), reading=reading)

        def make(function: Callable[..., Any], slope: Callable[..., Any], example: Example) -> Pair | None:
            others = functions.of(function, slope)
            there = others.found(example)
            if not isinstance(there, Found) or not there.where.fit or there.what != what.what:
                return None
            return self._with_names(replace(others.pair(f, there), reading=reading))

        pair, more = with_further(pair, functions.f, functions.derivative, what.example, make)
        return self._with_names(pair), [note, *more]

    def _with_names(self, pair: Pair) -> Pair:
        """The pair, its functions called as the file calls them."""
        for one, name in zip((pair.f, pair.derivative), self.names, strict=True):
            if one is not None and one.__name__ == LAMBDA:
                one.__name__ = name
        return replace(pair, shown=_named(pair.shown, self.names))


def _named(shown: str, names: tuple[str, str]) -> str:
    """ "f and df" for "<lambda> and <lambda>"."""
    parts = zip(shown.split(" and "), names, strict=True)
    return " and ".join(name if part == LAMBDA else part for part, name in parts)
