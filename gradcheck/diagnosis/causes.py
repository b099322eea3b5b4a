"""Which mistake explains the numbers of a wrong gradient: exact relations and missing or doubled paths.

The order is: a single path that is missing or counted twice; an exact relation between the answer and the truth (a
constant factor, a transpose, a permutation); several such paths. These findings fit the numbers and prove nothing;
`place` proves which node is wrong, by trying it alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import equal
from gradcheck.diagnosis.operands import operand_name
from gradcheck.errors import GradcheckError
from gradcheck.oracle.path_enumeration import count_paths, paths
from gradcheck.problem import Case, Graph
from gradcheck.verdict.compare import Comparison, first_entry
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]
Path = tuple[tuple[str, ...], float]
"""Names of the nodes from a parameter's entry to the loss, and the product of the local derivatives."""

MOST_PATHS = 16
"""Maximum number of paths of one parameter entry among which missing or doubled ones are looked for."""
OUTER_PRODUCT = ": an outer product the wrong way round"
"""Why a gradient is transposed, where the graph has a product of matrices."""
MOST_CHANGED = 3
"""Maximum number of paths that may be missing, or counted twice."""
MOST_BLOCKS = 16
"""Maximum number of wrong blocks whose paths are walked; each walk expands the whole graph anew."""


def causes(case: Case, comparisons: Sequence[Comparison]) -> list[Finding]:
    """Findings that explain the wrong blocks of a graph case, at most one per block."""
    found = []
    wrong = [comparison for comparison in comparisons[1:] if np.any(comparison.wrong)]
    for number, comparison in enumerate(wrong):
        rows = _rows(case, comparison) if number < MOST_BLOCKS else []
        # A single path is more specific than a factor; several paths are less specific than one factor.
        cause, related = _paths(case, comparison, rows, 1), ""
        if not cause:
            cause = related = _relation(case, comparison)
        cause = cause or _paths(case, comparison, rows, MOST_CHANGED)
        if cause:
            facts = {"block": comparison.block, "relation": related}
            found.append(finding("GC051", cause=f"{comparison.block}: {cause}", **facts))
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
        if equal(answer, factor * truth, tolerance * max(1.0, abs(factor))):
            return words
    square = answer.ndim == 2 and answer.shape[0] == answer.shape[1] > 1
    if square and equal(answer, truth.T, np.maximum(tolerance, tolerance.T)):
        return f"the transpose of the true gradient{OUTER_PRODUCT}"
    flat, true = np.sort(answer.ravel()), np.sort(truth.ravel())
    if answer.size > 1 and equal(flat, true, np.full(flat.shape, float(np.max(tolerance)))):
        return "a permutation of the true entries: right numbers in wrong places"
    return ""


def _factors(sizes: Mapping[str, int]) -> Iterator[tuple[float, str]]:
    yield -1.0, "the right gradient times -1: a sign is wrong (the update or a difference turned round)"
    yield 2.0, "twice the right gradient: a factor 2, or a contribution counted twice"
    yield 0.5, "half the right gradient: a lost factor 2, or half of the contributions missing"
    for name, n in sizes.items():
        if n > 2:
            yield float(n), f"{n} times the right gradient: a mean taken for a sum over {name}"
            yield 1.0 / n, f"1/{n} of the right gradient: divided by {name} once too often"


def _relation(case: Case, comparison: Comparison) -> str:
    truth = comparison.truth
    if not np.all(truth.known):
        return ""
    lengths = {n for i in case.graph.free for n in case.graph.shapes[i] if n > 2}
    sizes = {f"a length of {n}": n for n in sorted(lengths)}
    tolerance = comparison.allowance + truth.radius
    words = relation(comparison.answer.astype(np.float64), truth.middle, tolerance, sizes)
    return words if "matmul" in case.graph.ops else words.removesuffix(OUTER_PRODUCT)


def _rows(case: Case, comparison: Comparison) -> list[Path]:
    """The paths from the first wrong entry of a block to the loss; none where they are too many to be distinguished."""
    try:
        if count_paths(case.graph) > 100_000:
            return []
        rows = list(paths(case.graph, case.point, comparison.block, _first_wrong(comparison), MOST_PATHS + 1))
    except GradcheckError:
        return []
    return rows if 2 <= len(rows) <= MOST_PATHS else []


def _first_wrong(comparison: Comparison) -> tuple[int, ...]:
    return first_entry(comparison.wrong)


def _paths(case: Case, comparison: Comparison, rows: Sequence[Path], most: int) -> str:
    """A text for the paths whose absence, or double count, gives exactly the wrong entry; "" if there are none."""
    if not rows:
        return ""
    at = _first_wrong(comparison)
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
                return _in_words(case.graph, rows, fits, missing=sign < 0)
    return ""


def _in_words(graph: Graph, rows: Sequence[Path], fits: Sequence[Sequence[Path]], *, missing: bool) -> str:
    """The first choice of paths in words: through which node it comes, or as which operand it enters."""
    texts = {id(row): along(graph, [names for names, _ in rows], at) for at, row in enumerate(rows)}
    chosen = fits[0]
    verb = "missing" if missing else "counted twice"
    others = " (or another choice of paths that gives the same number)" if len(fits) > 1 else ""
    of_all = f"; {len(rows)} paths lead to the loss"
    if len(chosen) > 1:
        paths_of = ", ".join(texts[id(row)] for row in chosen)
        return f"the parts of the gradient along {len(chosen)} paths are {verb}: {paths_of}{others}{of_all}"
    names = chosen[0][0]
    if len(fits) > 1 and all(len(fit) == 1 and fit[0][0] == names for fit in fits):
        return f"one of {len(fits)} equal parts of the gradient is {verb}: {' > '.join(names)}{of_all}"
    rest = [set(row[0]) for row in rows if row is not chosen[0]]
    own = [name for name in names[1:-1] if not any(name in other for other in rest)]
    if own:
        how = f" that comes through {own[0]}"
    elif len(names) == 2 and all(len(other) > 2 for other in rest):
        how = f" that comes from its use in {names[-1]} itself"
    else:
        how = ""
    return f"the part of the gradient{how} is {verb}: {texts[id(chosen[0])]}{others}{of_all}"


def along(graph: Graph, ways: Sequence[tuple[str, ...]], at: int) -> str:
    """A path as text, "b > y > f"; where several have the same nodes, with the operands that distinguish them.

    "x > f as base", "x > f as exponent". Of ways with the same nodes, those by earlier operands come first.
    """
    names, twins = ways[at], [k for k, way in enumerate(ways) if way == ways[at]]
    if len(twins) == 1:
        return " > ".join(names)
    nodes = [_node(graph, name) for name in names]
    slots = [[slot for slot, j in enumerate(graph.arguments(user)) if j == node] for node, user in pairwise(nodes)]
    if math.prod(map(len, slots)) != len(twins):  # an array: several edges of one operand
        return " > ".join(names)
    text, number, left = names[0], twins.index(at), len(twins)
    for name, user, choices in zip(names[1:], nodes[1:], slots, strict=True):
        left //= len(choices)
        place, number = divmod(number, left)
        text += f" > {name}"
        if len(choices) > 1:
            text += f" as {operand_name(graph.op(user), choices[place], len(graph.arguments(user)))}"
    return text


def _node(graph: Graph, name: str) -> int:
    """The node of an entry's name, "W[0,2]"."""
    return graph.index(name if name in graph.names else name.rpartition("[")[0])
