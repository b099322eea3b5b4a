"""Choices made by Hypothesis."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import strategies as st

from gradcheck.strategies.drawing import Parts
from gradcheck.strategies.pick import Pick, digits


def chooser(draw: st.DrawFn) -> Pick:
    """Choices that Hypothesis makes, records and shrinks one by one."""
    return lambda n: draw(below(n))


def parts(draw: st.DrawFn) -> Parts:
    """The choices of each part of a drawing from one row of bytes.

    Hypothesis then treats a step as one unit to leave out, repeat or exchange. No drawing runs out of choices, which
    would count as invalid.
    """
    return lambda size: digits(draw(_bytes(size)))


@lru_cache(maxsize=4096)
def below(n: int) -> st.SearchStrategy[int]:
    """Whole numbers from 0 to n - 1, shrinking to 0; made once, because making a strategy costs more than drawing.

    They are sampled, because Hypothesis mutates by exchanging integers, which should not touch counts and sizes.
    """
    return st.sampled_from(range(n))


@lru_cache(maxsize=16)
def _bytes(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)
