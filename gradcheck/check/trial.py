"""One case on trial: protocol, then contracts, then the forward value, then the gradients."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check.allowance import Allowances, allowances
from gradcheck.check.locate import Locator
from gradcheck.check.neighbours import moved_cases
from gradcheck.check.protocol import no_answer, protocol
from gradcheck.check.settings import Settings
from gradcheck.check.truth import Testimony, hear
from gradcheck.errors import SubjectError
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case
from gradcheck.subject.answer import Answer, Subject
from gradcheck.verdict.compare import Comparison, Truth, interest, judge
from gradcheck.verdict.finding import Finding, Severity, finding
from gradcheck.verdict.result import Result, Verdict

Array = NDArray[Any]


@dataclass(frozen=True)
class Trial:
    """Everything one question to the subject brought to light."""

    case: Case
    findings: tuple[Finding, ...]
    comparisons: tuple[Comparison, ...]
    testimony: Testimony | None

    @property
    def wrong(self) -> bool:
        """Whether some finding is an error."""
        return any(f.severity in (Severity.ERROR, Severity.FATAL) for f in self.findings)


def try_case(
    address: str,
    case: Case,
    subject: Subject,
    oracles: Sequence[Oracle],
    settings: Settings | None = None,
    *,
    replay: str = "",
) -> Result:
    """Put `subject` on trial in one case and return the result.

    Raises HarnessFault when proven oracles contradict each other; nothing the subject does raises.
    """
    settings = settings or Settings()
    started = time.perf_counter()
    trial = _try(case, subject, oracles, settings)
    if not trial.wrong:
        for moved in moved_cases(case, _zero_blocks(trial), settings.moved_points):
            again = _try(moved, subject, oracles, settings)
            if again.wrong:
                trial = again
                break
    findings = list(trial.findings)
    if trial.wrong and not any(f.severity is Severity.FATAL for f in findings):
        findings += Locator(trial.case, subject, oracles).findings(trial.comparisons)
    verdict = _verdict(findings)
    if verdict is Verdict.PASS and not sum(c.compared for c in trial.comparisons[1:]):
        findings.append(finding("GC033", why="the graph has no parameters, or they have no entries"))
        verdict = Verdict.UNDECIDED
    if case.expect is not None:
        findings, verdict = _expected(case, findings, verdict)
    gradients = [c.worst for c in trial.comparisons[1:] if c.worst is not None]
    # Of entries that are equally far inside their allowance, the one that is off by the most ulps is the worst.
    worst = max(gradients, key=lambda w: (w.share, w.ulps), default=None)
    testimony = trial.testimony
    order = list(Severity)
    return Result(
        address=address,
        verdict=verdict,
        findings=tuple(sorted(findings, key=lambda f: order.index(f.severity))),
        comparisons=sum(c.compared for c in trial.comparisons),
        worst=worst,
        witnesses=testimony.witnesses((worst.block, worst.entry) if worst else None) if testimony else (),
        sentence=case.sentence,
        labels=case.labels,
        shows=_shows(case, testimony),
        seconds=time.perf_counter() - started,
        seed=case.seed,
        replay=replay,
        settings=settings.changed(),
    )


def _try(case: Case, subject: Subject, oracles: Sequence[Oracle], settings: Settings) -> Trial:
    """Ask once (and once more, to see whether the answer repeats) and judge."""
    try:
        answer = subject.ask(case.problem, case.point, case.dtype)
        findings = protocol(case.graph, answer.value, answer.gradients, case.dtype)
        if findings:
            return Trial(case, tuple(findings), (), None)
        findings = _contracts(case, answer, subject)
    except SubjectError as failure:
        return Trial(case, (no_answer(failure),), (), None)
    testimony = hear(case, oracles)
    limits = allowances(case, testimony)
    compared = [_judge_loss(case, answer, testimony, limits)]
    compared += [_judge_block(case, b, answer, testimony, limits, settings) for b in answer.gradients]
    if np.any(compared[0].wrong):
        findings.append(_forward(case, compared[0]))
    else:
        for comparison in compared[1:]:
            findings += _about(case, comparison)
    return Trial(case, (*findings, *testimony.findings()), tuple(compared), testimony)


def _contracts(case: Case, answer: Answer, subject: Subject) -> list[Finding]:
    findings = []
    if answer.mutated:
        findings.append(finding("GC020", what=", ".join(answer.mutated)))
    again = subject.ask(case.problem, case.point, case.dtype)
    pairs: dict[str, tuple[Array, Array | None]] = {"the loss value": (answer.value, again.value)}
    pairs |= {name: (first, again.gradients.get(name)) for name, first in answer.gradients.items()}
    for name, (first, second) in pairs.items():
        if second is None or second.shape != first.shape or second.dtype != first.dtype:
            findings.append(finding("GC021", block=name, entry="", first=_form(first), second=_form(second)))
        elif not np.array_equal(first, second, equal_nan=True):
            at = tuple(int(i) for i in np.argwhere(~((first == second) | ((first != first) & (second != second))))[0])
            findings.append(
                finding("GC021", block=name, entry=list(at) or "", first=float(first[at]), second=float(second[at]))
            )
    return findings


def _form(array: Array | None) -> str:
    return "nothing" if array is None else f"an array of shape {array.shape} and dtype {array.dtype}"


def _judge_loss(case: Case, answer: Answer, testimony: Testimony, limits: Allowances) -> Comparison:
    truth = testimony.loss
    near = np.full((), 1e-6) * np.maximum(np.abs(truth.middle), 1.0)
    return judge("loss", np.asarray(answer.value, dtype=np.float64), truth, limits.loss, near)


def _judge_block(
    case: Case, block: str, answer: Answer, testimony: Testimony, limits: Allowances, settings: Settings
) -> Comparison:
    truth, given = testimony.gradients[block], answer.gradients[block]
    matters = interest(truth, case.dtype, limits.fallback[block], settings.interest)
    return judge(block, given.astype(case.dtype), truth, limits.gradients[block], matters, limits.fallback[block])


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
    loss, block = case.graph.names[case.graph.loss], comparison.block
    if np.any(comparison.wrong):
        bad = comparison.not_finite if np.any(comparison.not_finite) else comparison.wrong
        excess = np.where(bad, comparison.distance / np.maximum(comparison.allowance, np.finfo(float).tiny), -1.0)
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), excess.shape))
        return [
            finding(
                "GC013" if np.any(comparison.not_finite) else "GC012",
                loss=loss,
                block=block,
                entry=list(at) or "",
                subject=float(comparison.answer[at]),
                truth=float(comparison.truth.middle[at]),
                distance=float(comparison.distance[at]),
                allowed=float(comparison.allowance[at]),
                wrong=int(np.sum(comparison.wrong)),
                entries=int(comparison.answer.size),
            )
        ]
    if np.any(comparison.open):
        at = tuple(int(i) for i in np.argwhere(comparison.open)[0])
        truth: Truth = comparison.truth
        if truth.disputed[at]:
            return [finding("GC032", oracles="the estimated oracles", block=block, entry=list(at) or "")]
        bound = float(truth.radius[at] + comparison.allowance[at])
        return [
            finding("GC031", block=block, entry=list(at) or "", bound=bound, interest=float(comparison.interest[at]))
        ]
    return []


def _zero_blocks(trial: Trial) -> list[str]:
    """Blocks whose true gradient is zero at this point, so that passing here means little."""
    if trial.testimony is None:
        return []
    return [b for b, t in trial.testimony.gradients.items() if t.middle.size and np.all(t.known) and not t.middle.any()]


def _verdict(findings: Sequence[Finding]) -> Verdict:
    severities = {f.severity for f in findings}
    if Severity.FATAL in severities:
        return Verdict.ERROR
    if Severity.ERROR in severities:
        return Verdict.FAIL
    return Verdict.UNDECIDED if Severity.OPEN in severities else Verdict.PASS


def _expected(case: Case, findings: list[Finding], verdict: Verdict) -> tuple[list[Finding], Verdict]:
    """A strict expectation: as expected is noted; anything else is an error, passing included."""
    assert case.expect is not None
    wanted, reason = case.expect
    if verdict == wanted:
        return [*findings, finding("GC043", verdict=str(verdict), reason=reason)], verdict
    return [*findings, finding("GC042", expected=wanted, reason=reason, verdict=str(verdict))], Verdict.FAIL


def _shows(case: Case, testimony: Testimony | None) -> Mapping[str, Any]:
    """The truth of small cases, for the report: every scalar parameter's gradient."""
    if testimony is None or len(testimony.gradients) > 6:
        return {}
    loss = case.graph.names[case.graph.loss]
    return {
        f"d{loss}/d{block}": float(truth.middle)
        for block, truth in testimony.gradients.items()
        if truth.middle.ndim == 0 and truth.known
    }
