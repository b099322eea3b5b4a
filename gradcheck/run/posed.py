"""Rounds the cases of a run to the dtype that the subject computes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradcheck.errors import InvalidProblem
from gradcheck.problem import Cost
from gradcheck.run.suite import Addressed, AnyCase

USUAL = "float64"
"""Dtype of a case that asks for none."""
MOST_NAMED = 3
"""Maximum number of left-out cases that a line names."""


def posed(cases: Sequence[Addressed], dtype: str) -> tuple[list[Addressed], list[str]]:
    """The cases in `dtype`, and a line about those that do not exist in it.

    Points, data and constants are rounded before any oracle sees them. A case that asks for float32 or float16 keeps
    its dtype, and so does one with a subject of its own.
    """
    kept: list[Addressed] = []
    left_out: list[str] = []
    for item in cases:
        try:
            kept.append(replace(item, case=_posed(item.case, dtype)))
        except InvalidProblem:
            left_out.append(item.address)
    if not left_out:
        return kept, []
    named = ", ".join(left_out[:MOST_NAMED]) + (", ..." if len(left_out) > MOST_NAMED else "")
    many = f"{len(left_out)} case{'s' * (len(left_out) > 1)} left out"
    return kept, [f"{many}: not possible with numbers rounded to {dtype} ({named})"]


def _posed(case: AnyCase, dtype: str) -> AnyCase:
    if case.subject is not None or dtype == USUAL:
        return case
    if isinstance(case, Cost):
        at = case.at
        return replace(case, at=lambda size: replace(at(size), dtype=dtype)) if case.smallest.dtype == USUAL else case
    return replace(case, dtype=dtype) if case.dtype == USUAL else case
