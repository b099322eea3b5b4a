"""Functions that approximate something, and how far their derivative may then be from that of what was meant.

A solver stops at its tolerance, a loop when its step is small; the exact derivative of what was meant differs from that
of what is computed by as much. Such a discrepancy is no mistake that could be told from one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from gradcheck.judge.function_estimates import Evidence
from gradcheck.judge.higher_precision import waits
from gradcheck.judge.question import Question
from gradcheck.problem.function import Product
from gradcheck.verdict.compare import Comparison, scale

SOLVERS = ("scipy.optimize", "scipy.integrate", "scipy.sparse.linalg")
"""Packages whose functions stop at a tolerance."""
NO_SOLVERS = ("scipy.sparse.linalg._interface",)
"""Modules of these packages that only call what they are given: LinearOperator."""
FORMULAS = frozenset(
    {"rosen", "rosen_der", "rosen_hess", "rosen_hess_prod", "trapezoid", "cumulative_trapezoid", "simpson"}
    | {"_basic_simpson", "tupleset", "romb"}
)
"""Functions of these packages that are plain sums and products, and stop at no tolerance."""
LOOP = "a loop of f ends on a comparison"
"""Why f approximates something, where that is seen by its own comparisons."""
TINY = 1e-9
"""Maximum relative error of an approximation that is worth a warning only: far below what matters."""
LOOSE = 1e-3
"""Maximum relative error that a solver inside f may leave: the default tolerance of `scipy.integrate.solve_ivp`."""


@dataclass(frozen=True)
class Approximation:
    """That f, or its derivative, approximates something.

    Attributes
    ----------
    why: a clause about it, such as "f calls scipy.integrate".
    level: relative error that this may leave; None for what matters in any case (`interest`).
    """

    why: str
    level: float | None = None


def approximation(
    question: Question, product: Product, evidence: Evidence, comparisons: Sequence[Comparison]
) -> Approximation | None:
    """What makes f or its derivative an approximation, if anything does."""
    if solver := _called(product.run_f):
        return Approximation(f"f calls {solver}", LOOSE)
    if solver := _called(lambda: question.ask(product, tuple_output=product.outputs[1])):
        return Approximation(f"the derivative calls {solver}")
    if evidence.analysis is not None and evidence.analysis.waits:
        return Approximation(LOOP)
    if waits(question, product):
        return Approximation("a loop of the derivative ends on a comparison")
    if not any(np.any(c.truth.proven & c.wrong) for c in comparisons):
        return Approximation("f is known by differences alone")
    return None


def within(comparison: Comparison, evidence: Evidence, level: float | None) -> bool:
    """Whether every wrong entry is off by no more than the level of an approximation."""
    wrong = comparison.wrong
    if np.any(comparison.not_finite):
        return False
    if level is None:
        return bool(np.all(comparison.distance[wrong] <= comparison.interest[wrong]))
    return bool(np.all(comparison.distance[wrong] <= level * sizes(comparison, evidence)[wrong]))


def digits(comparison: Comparison, evidence: Evidence) -> int:
    """Number of digits, relative to the block's scale, to which answer and truth agree."""
    share = comparison.distance[comparison.wrong] / sizes(comparison, evidence)[comparison.wrong]
    return int(max(0.0, -np.log10(max(float(np.max(share, initial=0.0)), 1e-300))))


def sizes(comparison: Comparison, evidence: Evidence) -> Any:
    """The size that a relative error of each entry is relative to: its own, or its block's scale."""
    least = max(scale(comparison.truth, evidence.fallback[comparison.block]), np.finfo(float).tiny)
    return np.maximum(np.abs(comparison.truth.middle), least)


def _called(call: Callable[[], object]) -> str:
    """The first of SOLVERS that a call reaches; "" for none, or under a profiler, whose place is taken."""
    if sys.getprofile() is not None:
        return ""
    found: list[str] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and not found:
            name = str(frame.f_globals.get("__name__", ""))
            if name not in NO_SOLVERS and frame.f_code.co_name not in FORMULAS:
                found.extend(s for s in SOLVERS if name == s or name.startswith(f"{s}."))

    sys.setprofile(watch)
    try:
        call()
    except (Exception, SystemExit):  # it answered before; what it raises now is found elsewhere
        return ""
    finally:
        sys.setprofile(None)
    return found[0] if found else ""
