"""An answer that is right beside a tie and wrong at it: which comparison is undecided there, and what that makes it."""

from __future__ import annotations

import ast

from gradcheck.attribution.explanation import Explanation, Place
from gradcheck.attribution.located_trace import Located, Stack
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.source_place import place_of

EXTREMES = frozenset(
    (
        "max",
        "min",
        "amax",
        "amin",
        "nanmax",
        "nanmin",
        "sort",
        "argsort",
        "argmax",
        "argmin",
        "partition",
        "argpartition",
        "ptp",
        "median",
        "percentile",
        "quantile",
        "norm",
        "sorted",
    )
)
"""Functions that choose among the entries of one array."""
STEPS = ("floor", "ceil", "rint", "round", "trunc", "fix", "mod", "remainder", "fmod", "divmod", "int", "astype")
"""Functions that jump."""


def told_by_ties(located: Located) -> Explanation | None:
    """The mistake of an answer outside of what either side of the ties allows; None where they are of two kinds."""
    told = [_of(stack) for stack in dict.fromkeys(located.ties)]
    kinds = {kind for kind, _ in told}
    if len(kinds) != 1 or None in kinds:
        return None
    (kind,) = kinds
    places = [place for _, place in told]
    lines = {None if p is None else (p.file, p.line) for p in places}
    place = places[0] if len(lines) == 1 else None
    assert kind is not None
    return Explanation(kind, _CLAUSES[kind], place=place)


_CLAUSES = {
    Mistake.MAXIMUM: "right beside this point and wrong at it, where entries are tied for the largest or smallest: "
    "they may share the cotangent or one of them may get it",
    Mistake.BRANCH: "right beside this point and wrong at it, where the two sides of a comparison are equal: the "
    "derivative must be that of one side, or between the two",
    Mistake.PLACES: "right beside this point and wrong in places at it, where f steps from one piece to the next",
}


def _of(stack: Stack) -> tuple[Mistake | None, Place | None]:
    place = place_of(stack[-1]) if stack else None
    if place is None:
        return None, None
    name = _called(place)
    if name in EXTREMES:
        return Mistake.MAXIMUM, place
    return (Mistake.PLACES if name in STEPS else Mistake.BRANCH) if name else None, place


def _called(place: Place) -> str:
    """The function that the expression calls, or "compare"; "" for anything else."""
    try:
        expression = ast.parse(place.source[place.start : place.end], mode="eval").body
    except SyntaxError:
        return ""
    if isinstance(expression, ast.Compare | ast.IfExp | ast.BoolOp):
        return "compare"
    if not isinstance(expression, ast.Call):
        return ""
    called = expression.func
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    if name in ("max", "min") and isinstance(called, ast.Name) and len(expression.args) > 1:
        return "compare"
    return name
