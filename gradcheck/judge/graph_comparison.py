"""An answer to a question about a graph beside the truth, entry by entry, with what rounding may cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.judge.allowance import Allowances, allowances, settled
from gradcheck.judge.block_comparison import compare_block
from gradcheck.judge.graph_estimates import Gathered
from gradcheck.judge.kinks import by_local_rules
from gradcheck.judge.settings import Settings
from gradcheck.oracle.analysis import NAME as EXACT
from gradcheck.oracle.analysis import Analysis, analyse_graph
from gradcheck.oracle.estimate import Aside
from gradcheck.problem import Case
from gradcheck.subject.answer import Answer
from gradcheck.verdict.compare import UNIT_ROUNDOFF, Comparison, judge
from gradcheck.verdict.finding import Finding

Array = NDArray[Any]


def compare_answer(
    case: Case, answer: Answer, gathered: Gathered, settings: Settings
) -> tuple[list[Comparison], Allowances]:
    """The loss and then every block of an answer of the right form beside the truth; and the allowances used.

    By counting roundings alone nothing is called wrong: a count knows nothing of terms that cancel, or of a sine of a
    large number. So where no oracle measured the roundings, they are measured before anything counts as wrong.
    """
    limits = allowances(case, gathered)
    compared = _compared(case, answer, gathered, limits, settings)
    if gathered.analysis is None and any(np.any(c.wrong) for c in compared):
        analysis = _measured(case, gathered)
        if analysis is not None:
            limits = allowances(case, gathered, analysis)
            compared = _compared(case, answer, gathered, limits, settings)
    return compared, limits


def legal_by_local_rules(
    case: Case, answer: Answer, compared: Sequence[Comparison], limits: Allowances
) -> tuple[Finding, bool] | None:
    """Whether a wrong gradient is what rules of each op's own give where ties cancel; None if not, or it is right."""
    if limits.analysis is None or not any(np.any(c.wrong) for c in compared[1:]):
        return None
    answers, unit = in_order(case, answer), UNIT_ROUNDOFF[case.dtype]
    return by_local_rules(answers, limits.analysis, limits.gradients, unit=unit, local_rules=True)


def in_order(case: Case, answer: Answer) -> dict[str, Array]:
    """The gradients in the order in which the oracles have the parameters."""
    return {case.graph.names[i]: answer.gradients[case.graph.names[i]] for i in case.graph.parameters}


def _measured(case: Case, gathered: Gathered) -> Analysis | None:
    """The analysis of the graph; None where the exact oracle has tried and stepped aside."""
    if any(aside.oracle == EXACT for aside in gathered.asides):
        return None
    found = analyse_graph(case.graph, case.point, crossed=False)  # its truth is not asked for
    return None if isinstance(found, Aside) else found


def _compared(
    case: Case, answer: Answer, gathered: Gathered, limits: Allowances, settings: Settings
) -> list[Comparison]:
    dtype = np.dtype(case.dtype)
    blocks = [
        compare_block(block, given.astype(dtype), gathered.gradients[block], limits, settings, dtype)
        for block, given in answer.gradients.items()
    ]
    return [_loss(case, answer, gathered, limits), *blocks]


def _loss(case: Case, answer: Answer, gathered: Gathered, limits: Allowances) -> Comparison:
    truth = gathered.loss
    near = np.full((), 1e-6) * np.maximum(np.abs(truth.middle), 1.0)
    compared = judge("loss", np.asarray(answer.value, dtype=case.dtype), truth, limits.loss, near)
    return settled(compared, limits.repeating_loss)
