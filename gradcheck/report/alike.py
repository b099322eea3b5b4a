"""Which failures seem to have one mistake in common."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from gradcheck.report.failure import PLACES, summary
from gradcheck.run.events import Diagnosed
from gradcheck.verdict.result import Result


def shown_with(found: Diagnosed, fails: Sequence[Result], errors: Sequence[Result]) -> Result:
    """The failure that the mistake is shown with: the one with the fewest numbers that it explains."""
    explained, unexplained = set(found.explains), set(found.unexplained)
    alike = place_of(found.counterexample)
    candidates = (
        [r for r in fails if r.address in explained]
        or [r for r in fails if r.address not in unexplained and alike and place_of(r) == alike]
        or [r for r in fails if r.address not in unexplained]
        or list(fails or errors)
    )
    return min(candidates, key=lambda r: r.comparisons)


def place_of(result: Result | None) -> tuple[str, ...]:
    """What a failing case says about its place: codes and ops, "its rule is wrong" or not; () for nothing."""
    found = [f for f in (result.findings if result is not None else ()) if f.code in PLACES]
    return tuple(f"{f.code} {f.facts['op']} {'rule' in str(f.facts.get('what', ''))}" for f in found)


def by_place(results: Sequence[Result]) -> list[list[Result]]:
    """Groups of failures with one place, in the order of their first cases; one of its own for each without a place."""
    groups: dict[object, list[Result]] = {}
    for result in results:
        groups.setdefault(place_of(result) or result.address, []).append(result)
    return list(groups.values())


def by_words(errors: Sequence[Result]) -> list[list[Result]]:
    """Groups of errors with equal words, the largest first."""
    order = sorted(range(len(errors)), key=lambda k: summary(errors[k]))
    groups = [[errors[k] for k in group] for _, group in groupby(order, key=lambda k: summary(errors[k]))]
    return sorted(groups, key=len, reverse=True)
