"""What mistake explains the numbers? Exact relations, paths, and faults that behave alike; never an invented cause.

In this order: an exact relation between the answer and the truth (a constant factor, a transpose, a permutation); the
sum over all paths without some of them, or with some twice, which it names; the fault of the catalogue that gives the
very same answer here. "Proved by" is said only of what was tried alone (see `locate`); everything here is "consistent
with" the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError
from gradcheck.oracle.path_enumeration import count_paths, paths
from gradcheck.problem import Case
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

MOST_PATHS = 16
"""Paths of one parameter entry among which missing or doubled ones are looked for."""
MOST_CHANGED = 3
"""Paths that may be missing, or counted twice."""


def causes(case: Case, comparisons: Sequence[Comparison]) -> list[Finding]:
    """Findings that explain the wrong blocks of a graph case, at most one per block."""
    found = []
    for comparison in comparisons[1:]:
        if not np.any(comparison.wrong):
            continue
        # One path says more than a factor; several paths are a weaker reading than one factor.
        cause = _paths(case, comparison, 1) or _relation(case, comparison) or _paths(case, comparison, MOST_CHANGED)
        if cause:
            found.append(finding("GC051", cause=f"{comparison.block}: {cause}", block=comparison.block))
    return found


def relation(answer: Array, truth: Array, tolerance: Array, sizes: Mapping[str, int]) -> str:
    """The exact relation that turns `truth` into `answer` within `tolerance`, as a clause; "" if there is none.

    `sizes` names the numbers that a factor may be: {"n": batch size, ...}.
    """
    if not np.all(np.isfinite(answer)) or not np.any(truth):
        return ""
    if not np.any(answer):
        return "the gradient is zero throughout: nothing arrives here"
    for factor, words in _factors(sizes):
        if _equal(answer, factor * truth, tolerance * max(1.0, abs(factor))):
            return words
    square = answer.ndim == 2 and answer.shape[0] == answer.shape[1] > 1
    if square and _equal(answer, truth.T, np.maximum(tolerance, tolerance.T)):
        return "consistent with the transpose of the true gradient: an outer product the wrong way round"
    flat, true = np.sort(answer.ravel()), np.sort(truth.ravel())
    if answer.size > 1 and _equal(flat, true, np.full(flat.shape, float(np.max(tolerance)))):
        return "consistent with a permutation of the true entries: right numbers in wrong places"
    return ""


def _factors(sizes: Mapping[str, int]) -> Iterator[tuple[float, str]]:
    yield -1.0, "consistent with the right gradient times -1: a sign is wrong (the update or a difference turned round)"
    yield 2.0, "consistent with twice the right gradient: a factor 2, or a contribution counted twice"
    yield 0.5, "consistent with half the right gradient: a lost factor 2, or half of the contributions missing"
    for name, n in sizes.items():
        if n > 2:
            yield float(n), f"consistent with {n} times the right gradient: a mean taken for a sum ({name} = {n})"
            yield 1.0 / n, f"consistent with 1/{n} of the right gradient: divided by {name} = {n} once too often"


def _relation(case: Case, comparison: Comparison) -> str:
    truth = comparison.truth
    if not np.all(truth.known):
        return ""
    lengths = {n for i in case.graph.free for n in case.graph.shapes[i] if n > 2}
    sizes = {f"a length of {n}": n for n in sorted(lengths)}
    tolerance = comparison.allowance + truth.radius
    return relation(comparison.answer.astype(np.float64), truth.middle, tolerance, sizes)


def _paths(case: Case, comparison: Comparison, most: int) -> str:
    """The paths whose absence, or double count, gives exactly the wrong entry."""
    at = tuple(int(i) for i in np.argwhere(comparison.wrong)[0])
    try:
        if count_paths(case.graph) > 100_000:
            return ""
        rows = list(paths(case.graph, case.point, comparison.block, at, MOST_PATHS + 1))
    except GradcheckError:
        return ""
    if not 2 <= len(rows) <= MOST_PATHS:
        return ""
    answer, truth = float(comparison.answer[at]), float(comparison.truth.middle[at])
    tolerance = float(comparison.allowance[at] + comparison.truth.radius[at])
    for sign in (-1.0, 1.0):
        for count in range(1, min(most, len(rows) - 1) + 1):
            fits = [
                chosen
                for chosen in combinations(rows, count)
                if abs(truth + sign * sum(float(product) for _, product in chosen) - answer) <= tolerance
                and any(float(product) for _, product in chosen)
            ]
            if fits:
                named = ", ".join(">".join(names) for names, _ in fits[0])
                several = f" (or {len(fits) - 1} other such choices)" if len(fits) > 1 else ""
                share = "missing" if sign < 0 else "counted twice"
                return f"consistent with {named} {share} among all {len(rows)} paths to the loss{several}"
    return ""


def _equal(a: Array, b: Array, tolerance: Array) -> bool:
    return bool(np.all(np.abs(a - b) <= tolerance))
