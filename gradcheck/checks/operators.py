"""Jacobians and Hessians that come as operators: their adjoints are judged by the same truth as their products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from gradcheck.attribution.mistake import Mistake
from gradcheck.checks.rows import Rows, has_adjoint
from gradcheck.problem.function import lend
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict

ADJOINT = "the operator's products (matvec) are right, and those of its adjoint (rmatvec) are not"


def with_adjoints(result: Result, rows: Rows, judge: Callable[[Rows], Result]) -> Result:
    """A result on an operator's products; where those are right, the one on its adjoint if that is not right.

    A note says where an operator has none, so that the products alone were judged.
    """
    if result.verdict is not Verdict.PASS:
        return result
    try:
        found = list(_operators(rows.jac(*lend(rows.inputs))))
    except (Exception, SystemExit):  # it answered before
        return result
    with_one = [has_adjoint(operator) for operator in found]
    if not all(with_one):
        result = with_findings(result, [finding("GC115", what="Jacobian")])
    if not any(with_one):
        return result
    other = judge(replace(rows, adjoint=True))
    if other.verdict is Verdict.PASS:
        return result
    if other.verdict is not Verdict.FAIL:
        return other
    own = tuple(x for x in other.findings if x.code != "GC051")
    mistake = finding("GC051", cause=ADJOINT, kind=Mistake.TRANSPOSED.value)
    return with_findings(replace(other, findings=own), [mistake])


def _operators(answer: Any) -> Iterator[Any]:
    if isinstance(answer, tuple | list):
        for part in answer:
            yield from _operators(part)
    elif hasattr(answer, "matvec") and hasattr(answer, "shape") and not hasattr(answer, "toarray"):
        yield answer
