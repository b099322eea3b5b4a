"""Findings about causes: what a relation, the record of f or the derivative's own code tells, in words."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from gradcheck.attribution.explanation import Explanation, Place
from gradcheck.attribution.over_blocks import Named
from gradcheck.attribution.own_code import OwnMistake
from gradcheck.attribution.source_place import is_own
from gradcheck.problem.function import Product
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]


def related(named: Named) -> Finding:
    """The finding. One that tells only where the answer is wrong has no kind."""
    kind = {} if named.relation.vague else {"kind": named.relation.mistake.value}
    return finding("GC051", cause=named.sentence, block=named.block, relation=named.clause, **kind)


def by_record(explanation: Explanation, product: Product, own: OwnMistake | None = None) -> Finding:
    """The finding, with the place in f, and the one in the derivative where its own code tells it."""
    facts: dict[str, Any] = {} if explanation.vague else {"kind": explanation.mistake.value}
    cause = explanation.clause
    if explanation.block:
        whose = "the gradient with respect to" if product.tangents is None else "the tangent of"
        cause = f"{whose} {explanation.block} is {cause}"
        facts["block"] = explanation.block
    if (place := explanation.place) is not None and not is_own(place.file):
        facts |= {"file": place.file, "line": place.line, "source": place.source}
        facts |= {"start": place.start, "end": place.end}
    if own is not None and own.place is not None:
        cause += f"; in the derivative, line {own.place.line}, {own.place.expression}, {own.words}"
        facts |= _own_place(own.place)
    return finding("GC051", cause=cause, **facts)


def _own_place(place: Place) -> dict[str, Any]:
    """The facts about a place in the derivative's own code."""
    found = {"own_file": place.file, "own_line": place.line, "own_source": place.source}
    return found | {"own_start": place.start, "own_end": place.end}


def by_own_code(own: OwnMistake) -> Finding:
    """The finding, with the place in the derivative's own code."""
    facts: dict[str, Any] = {} if own.mistake is None else {"kind": own.mistake.value}
    place = own.place
    where = (
        "one step of the derivative's own code"
        if place is None
        else f"line {place.line} of the derivative, {place.expression},"
    )
    if place is not None:
        facts |= _own_place(place)
    return finding("GC051", cause=f"{where} {own.words}: without that it is right", **facts)


def stepped_aside(wrong: BaseException) -> Finding:
    """The note that a search went wrong."""
    return finding("GC040", oracle="the search for the cause", why=f"{type(wrong).__name__}: {str(wrong)[:200]}")
