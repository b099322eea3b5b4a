"""Choices made by Hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from gradcheck.strategies.drawing import Rest, Unit
from gradcheck.strategies.pick import Pick, digits

T = TypeVar("T")


def chooser(draw: st.DrawFn) -> Pick:
    """Choices that Hypothesis makes, records and shrinks one by one."""
    return lambda n: draw(below(n))


def units(draw: st.DrawFn) -> Unit:
    """Parts of a drawing, each a unit for Hypothesis to leave out, repeat or exchange.

    The rest of a part is drawn as numbers fixed in count, whatever it makes of them. So a unit means something in
    another's place too, and no drawing ends for lack of a number (which would count as invalid).
    """

    def unit(begin: Callable[[Pick], Rest[T]], *, step: bool = True) -> T:
        answer: T = draw(_step(begin)) if step else _run(draw, begin)
        return answer

    return unit


@st.composite
def _step(draw: st.DrawFn, begin: Callable[[Pick], Rest[Any]]) -> Any:
    return _run(draw, begin)


def _run(draw: st.DrawFn, begin: Callable[[Pick], Rest[T]]) -> T:
    size, rest = begin(chooser(draw))
    return rest(digits([draw(_NUMBER) for _ in range(size)]))


_NUMBER = st.integers(0, 255)  # enough for two or three choices; larger numbers take long to shrink


@lru_cache(maxsize=4096)
def below(n: int) -> st.SearchStrategy[int]:
    """Whole numbers from 0 to n - 1, shrinking to 0; made once, since making a strategy costs more than drawing.

    They are sampled, so that Hypothesis, which mutates by exchanging numbers of one kind, leaves counts and sizes
    alone and exchanges steps; drawings that then lack a choice would count as invalid.
    """
    return st.sampled_from(range(n))
