"""One case on trial: protocol, then contracts, then the forward value, then the gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.judge.allowance import Allowances
from gradcheck.judge.differing_entry import first_apart
from gradcheck.judge.dtype_range import lost_node, within_range
from gradcheck.judge.entry_points import ask
from gradcheck.judge.graph_comparison import compare_answer, in_order, legal_by_local_rules
from gradcheck.judge.graph_estimates import Gathered, gather, gather_needed
from gradcheck.judge.kinks import at_kink
from gradcheck.judge.moved_points import moved_cases
from gradcheck.judge.protocol import no_answer, protocol
from gradcheck.judge.revealed_adjoints import revealed
from gradcheck.judge.settings import NEEDED, Settings
from gradcheck.judge.single_precision import COARSER, short, single_precision
from gradcheck.judge.tried import Tried
from gradcheck.oracle.analysis import Analysis
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case
from gradcheck.problem.evaluations import counting
from gradcheck.subject.answer import Answer, Subject
from gradcheck.verdict.compare import UNIT_ROUNDOFF, Comparison
from gradcheck.verdict.conclusion import About, conclude
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.measurement import Measurement, measurement
from gradcheck.verdict.worst import code_of_wrong, facts_of_open, facts_of_wrong, worst_of

Array = NDArray[Any]


@dataclass(frozen=True)
class Judged:
    """Everything one question to the subject brought to light."""

    case: Case
    findings: tuple[Finding, ...]
    comparisons: tuple[Comparison, ...]
    gathered: Gathered | None
    by_hull: int = 0

    @property
    def compared(self) -> int:
        """Entries of gradients that were decided."""
        return self.by_hull + sum(c.compared for c in self.comparisons[1:])

    @property
    def wrong(self) -> bool:
        """Whether some finding is an error."""
        return any(f.severity in (Severity.ERROR, Severity.FATAL) for f in self.findings)


def try_case(about: About, case: Case, subject: Subject, oracles: Sequence[Oracle], settings: Settings) -> Tried:
    """Put `subject` on trial in one case.

    Raises HarnessFault when proven oracles contradict each other; nothing the subject does raises.
    """
    judged = own = _try(case, subject, oracles, settings)
    if not judged.wrong:
        for moved in moved_cases(case, _zero_blocks(judged), settings.moved_points):
            again = _try(moved, subject, oracles, settings)
            if again.wrong:
                judged = again
                break
    worst = worst_of(judged.comparisons[1:])
    gathered = judged.gathered
    result = conclude(
        about,
        judged.findings,
        decided=judged.compared,
        nothing="the graph has no parameters, or they have no entries",
        comparisons=judged.compared + sum(c.compared for c in judged.comparisons[:1]),
        worst=worst,
        witnesses=gathered.witnesses((worst.block, worst.entry) if worst else None) if gathered else (),
        shows=_shows(case, gathered),
        blocks={c.block: (int(np.sum(c.wrong)), int(c.answer.size)) for c in judged.comparisons[1:]},
        measurement=_measurement(case, own),
        moved_point={} if judged.case is case else {name: value.tolist() for name, value in judged.case.point.items()},
    )
    return Tried(result, judged.case, judged.comparisons)


def _try(case: Case, subject: Subject, oracles: Sequence[Oracle], settings: Settings) -> Judged:
    """Ask once (and once more, to see whether the answer repeats) and judge."""
    try:
        answer = ask(subject, case)
        findings = protocol(case.graph, answer.value, answer.gradients, case.dtype)
        if findings:
            return Judged(case, tuple(findings), (), None)
        again = ask(subject, case)
    except SubjectError as failure:
        return Judged(case, (no_answer(failure),), (), None)
    needed = gather_needed(case, oracles) if settings.oracles == NEEDED and not counting() else None
    gathered = needed or gather(case, oracles)
    compared, limits = compare_answer(case, answer, gathered, settings)
    if needed and any(np.any(c.wrong | c.open) for c in compared):
        gathered = gather(case, oracles)
        compared, limits = compare_answer(case, answer, gathered, settings)
    known = gathered.analysis
    by_hull = 0
    findings = _contracts(answer, again, limits)
    lost: list[Finding] = []
    if any(np.any(c.wrong) for c in compared):
        compared, lost = within_range(case, compared)
        findings += lost
    forward_wrong = bool(np.any(compared[0].wrong))
    if forward_wrong:
        findings.append(_forward(case, compared[0]))
    if known is not None and known.at_kink:
        found, decided = _at_kink(case, answer, known, limits.gradients)
        if found.code == "GC012":
            found, decided = _at_kink(case, answer, known, limits.widened())
        findings.append(found)
        if found.severity is Severity.ERROR and case.dtype == "float64" and all(map(short, answer.gradients.values())):
            coarser = {block: COARSER * allowance for block, allowance in limits.gradients.items()}
            if _at_kink(case, answer, known, coarser)[0].severity is not Severity.ERROR:
                findings.append(finding("GC081"))
        by_hull = _entries(answer) if decided else 0
    elif legal := legal_by_local_rules(case, answer, compared, limits):
        findings.append(legal[0])
        compared, by_hull = compared[:1], _entries(answer) if legal[1] else 0
    else:
        for comparison in compared[1:]:
            if np.any(comparison.wrong) or not (lost or forward_wrong):  # another finding tells why an entry is open
                findings += _about(case, comparison)
        if answer.adjoints and case.misfit is None and not any(c.wrong.any() for c in compared):
            about = revealed(case, answer.adjoints, oracles, known)
            findings += [] if any(f.code == "GC070" for f in about) and lost_node(case) else about
    if (single := single_precision(case.dtype, compared)) is not None:
        findings.append(single)
    return Judged(case, (*findings, *gathered.findings()), tuple(compared), gathered, by_hull)


def _at_kink(case: Case, answer: Answer, known: Analysis, allowance: Mapping[str, Array]) -> tuple[Finding, bool]:
    """Whether an answer at a kink is legal."""
    return at_kink(
        in_order(case, answer),
        known.derivative,
        allowance,
        unit=UNIT_ROUNDOFF[case.dtype],
        local_rules=True,
        loss=case.graph.names[case.graph.loss],
    )


def _entries(answer: Answer) -> int:
    return sum(g.size for g in answer.gradients.values())


def _contracts(answer: Answer, again: Answer, limits: Allowances) -> list[Finding]:
    """What an answer, and the answer to the same question asked again, must keep to besides being right."""
    findings = []
    if answer.mutated:
        findings.append(finding("GC020", who="the subject", what=", ".join(answer.mutated)))
    pairs: dict[str, tuple[Array, Array | None, Array]] = {"the loss value": (answer.value, again.value, limits.loss)}
    pairs |= {
        name: (first, again.gradients.get(name), limits.gradients[name]) for name, first in answer.gradients.items()
    }
    for name, (first, second, rounding) in pairs.items():
        if second is None or second.shape != first.shape or second.dtype != first.dtype:
            findings.append(finding("GC021", block=name, entry="", first=_form(first), second=_form(second)))
        elif apart := first_apart(first, second, _slack(first, rounding)):
            findings.append(finding("GC021", block=name, **apart))
    return findings


def _slack(first: Array, rounding: Array) -> Array:
    """How far two answers may be apart by rounding.

    The order of a sum may follow memory alignment, or that of a set: where its terms cancel, what is left is rounding.
    """
    finite = np.abs(first[np.isfinite(first)]).astype(np.float64)
    slack = 64 * float(np.finfo(first.dtype).eps if first.dtype.kind == "f" else 0.0) * np.max(finite, initial=0.0)
    return np.maximum(slack, np.where(np.isfinite(rounding), rounding, 0.0))


def _form(array: Array | None) -> str:
    return "nothing" if array is None else f"an array of shape {array.shape} and dtype {array.dtype}"


def _forward(case: Case, loss: Comparison) -> Finding:
    worst = loss.worst
    assert worst is not None
    return finding(
        "GC014",
        loss=case.graph.names[case.graph.loss],
        subject=worst.subject,
        truth=worst.truth,
        distance=worst.distance,
        allowed=worst.allowed,
    )


def _about(case: Case, comparison: Comparison) -> list[Finding]:
    """The findings of one block: its worst wrong entry, or its first undecided one."""
    if np.any(comparison.wrong):
        loss = case.graph.names[case.graph.loss]
        return [finding(code_of_wrong(comparison), loss=loss, block=comparison.block, **facts_of_wrong(comparison))]
    if np.any(comparison.open):
        code, facts = facts_of_open(comparison)
        return [finding(code, **facts)]
    return []


def _zero_blocks(judged: Judged) -> list[str]:
    """Blocks whose true gradient is zero at this point, so that passing here means little."""
    if judged.gathered is None:
        return []
    return [b for b, t in judged.gathered.gradients.items() if t.middle.size and np.all(t.known) and not t.middle.any()]


def _measurement(case: Case, own: Judged) -> Measurement | None:
    """What is recorded of the case at its own point."""
    known = own.gathered.gradients if own.gathered is not None else {}
    analysis = own.gathered.analysis if own.gathered is not None else None
    point = [np.asarray(case.point[name]) for name in sorted(case.point)]
    return measurement(known, analysis, own.comparisons[1:], point, case.dtype)


def _shows(case: Case, gathered: Gathered | None) -> Mapping[str, Any]:
    """The truth of small cases, for the report: every scalar parameter's gradient."""
    if gathered is None or len(gathered.gradients) > 6:
        return {}
    loss = case.graph.names[case.graph.loss]
    return {
        f"d{loss}/d{block}": float(truth.middle)
        for block, truth in gathered.gradients.items()
        if truth.middle.ndim == 0 and truth.known
    }
