"""Where in the subject's own code a wrong gradient came to be, as facts of the finding about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from gradcheck.errors import SubjectError
from gradcheck.judge.entry_points import entry_for
from gradcheck.judge.tried import Tried
from gradcheck.problem import Graph
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.verdict.finding import Finding

NAMED = ("own_file", "own_line", "own_function")
"""The facts that say where: a file of the subject's, the line of a function's `def`, and its name."""


def made_in(
    subject: Subject,
    problem: Any,
    graph: Graph,
    point: Mapping[str, ArrayLike],
    wrong: Iterable[str],
    dtype: DTypeLike,
    entry: str = NATIVE,
) -> dict[str, Any]:
    """NAMED of the function in which the first of the wrong gradients came to be; {} where that is not known.

    A node that several others use is left out: its gradient is a sum, and the last function that adds to it is not the
    one that is wrong.
    """
    blocks = [block for block in wrong if np.sum(graph.inputs == graph.index(block)) <= 1]
    if not blocks:
        return {}
    try:
        found = subject.origins(problem, point, blocks, dtype, entry)
    except SubjectError:
        return {}
    first = next(iter(found.values()), None)
    return {} if first is None else dict(zip(NAMED, (first.file, first.line, first.function), strict=True))


def with_origin(tried: Tried, subject: Subject) -> list[Finding]:
    """The findings of a result; those about a wrong gradient say in which function it came to be."""
    case, findings = tried.case, list(tried.result.findings)
    wrong = [c.block for c in tried.comparisons[1:] if np.any(c.wrong)]
    about = [f for f in findings if f.facts.get("block") in wrong]
    if case is None or case.subject is not None or not about:
        return findings
    try:
        entry = entry_for(case, subject)
    except SubjectError:
        return findings
    problem: Any = case.graph if entry == NATIVE else case.problem
    facts = made_in(subject, problem, case.graph, case.point, wrong, case.dtype, entry)
    return [replace(f, facts={**f.facts, **facts}) if f in about else f for f in findings]
