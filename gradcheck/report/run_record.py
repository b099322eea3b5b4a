"""What a run, or a verification, came to: the one source of the reports that are written at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from signal import Signals
from typing import Any

from gradcheck.report.alike import by_place, by_words, place_of, shown_with
from gradcheck.report.code_place import SubjectCode, of_checked
from gradcheck.report.failure import Failure, summary
from gradcheck.report.not_offered import nothing_answered_line
from gradcheck.report.own_words import shown_script
from gradcheck.report.reported import Mistake, Reported
from gradcheck.run.events import CaseFinished, Diagnosed, Event, Faulted, Finished, NotOffered, Started
from gradcheck.run.exit_code import NOTHING_COMPARED, as_it_should_be
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.trials import Trial
from gradcheck.verify.tried_engine import EngineTrial, EngineTried
from gradcheck.verify.verify_events import Lacking, Offered, PairTried, Recognised, Unusable, Verified, VerifyEvent


@dataclass
class RunRecord:
    """Collects the events of a run or a verification.

    Attributes
    ----------
    command: "run" or "verify".
    subject: what was put on trial, as it was given.
    cases: how many were to be tried; None where that was not known.
    reported: the finished ones, in their order.
    not_offered, faults: cases without a result.
    remarks: what was left out, and limits.
    seconds, exit_code, signal: of the end; before it None.
    """

    code: SubjectCode
    command: str = "run"
    subject: str = ""
    cases: int | None = None
    reported: list[Reported] = field(default_factory=list)
    not_offered: list[NotOffered] = field(default_factory=list)
    faults: list[Faulted] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    exit_code: int | None = None
    signal: int | None = None
    begun: bool = False
    _diagnosed: Diagnosed | None = None
    _trials: list[EngineTrial] = field(default_factory=list)
    _whole: list[str] = field(default_factory=list)  # sentences about the run as a whole
    _part: str = ""  # the class or function that is being tried

    def add(self, event: Event | VerifyEvent) -> None:
        """Record one event."""
        self.begun = True
        match event:
            case Started():
                self.subject, self.cases = event.subject, event.cases
                self.remarks += event.left_out
            case Recognised():
                self.command, self.subject = "verify", event.target
            case Unusable():
                self.command, self.subject = "verify", event.target
                self._unusable(event)
            case Offered():
                self._part = event.offer.name
            case Lacking():
                self.reported.append(Reported(f"--require {event.op}", "ERROR", message=event.sentence))
            case CaseFinished():
                self.reported.append(self._of_result(event.result))
            case PairTried():
                self.reported.append(self._of_trial(event.trial, event.replay))
            case NotOffered():
                self.not_offered.append(event)
            case Faulted():
                self.faults.append(event)
            case Diagnosed():
                self._diagnosed = event
            case EngineTried():
                self._engine(event.trial)
            case Finished():
                self._finished(event)
            case Verified():
                self.seconds, self.exit_code, self.signal = event.seconds, event.exit_code, event.signal

    # --- what the reports ask ---------------------------------------------------------------------------------------

    @property
    def counts(self) -> Counter[str]:
        """How many cases have each verdict."""
        return Counter(case.verdict for case in self.reported)

    @property
    def comparisons(self) -> int:
        """Number of entries that were decided."""
        return sum(case.comparisons for case in self.reported)

    @property
    def interrupted(self) -> str:
        """The name of the signal that ended the run, "" if none did."""
        return "" if self.signal is None else Signals(self.signal).name

    @property
    def troubles(self) -> list[str]:
        """What is wrong with the run as a whole, so that even a run without a failure is none to rely on."""
        found = list(self._whole)
        found += [
            f"harness fault: {f.address}: {f.message}; no verdict of this run can be trusted" for f in self.faults
        ]
        if self.signal is not None:
            of = f" of {self.cases}" if self.cases is not None else ""
            found.append(f"ended by {self.interrupted}: {len(self.reported)}{of} cases were finished")
        elif self.exit_code is None:
            found.append(f"ended early: {len(self.reported)} cases were finished")
        elif self.exit_code == NOTHING_COMPARED and not found:
            found.append("nothing was compared")
        return found

    @property
    def mistakes(self) -> list[Mistake]:
        """The failures, grouped by what seems to be one mistake; those that a name explains first."""
        wrong = [case for case in self.reported if case.is_wrong]
        known = {id(case.result): case for case in wrong}
        found = []
        for trial in self._trials:
            for group, diagnosed in trial.wrong:
                if members := [r for r in group.results if id(r) in known]:
                    found.append(_mistake(members, known, diagnosed, shown_script(diagnosed, trial.offer.words)))
        told = {id(case) for mistake in found for case in (mistake.first, *mistake.others)}
        return [*found, *self._rest([case for case in wrong if id(case) not in told])]

    # --- how it comes about -----------------------------------------------------------------------------------------

    def _rest(self, left: Sequence[Reported]) -> Iterator[Mistake]:
        """The mistakes of failures that no verification has grouped."""
        known = {id(case.result): case for case in left}
        results = [case.result for case in left if case.result is not None]
        fails = [r for r in results if r.verdict is Verdict.FAIL]
        errors = [r for r in results if r.verdict is Verdict.ERROR]
        found = self._diagnosed
        if found is not None and (fails or errors):
            first = shown_with(found, fails, errors)
            alike = [] if found.faults else [r for r in fails if place_of(r) == place_of(first)]
            members = [r for r in results if r is not first and (r in alike or r.address in found.explains)]
            yield _mistake([first, *members], known, found)
            results = [r for r in results if r is not first and r not in members]
        for verdict, groups in (("FAIL", by_place), ("ERROR", by_words), ("UNDECIDED", by_words)):
            for group in groups([r for r in results if r.verdict == verdict]):
                yield _mistake(group, known)
        yield from (Mistake(case, parts=_parts(case)) for case in left if case.result is None)

    def _unusable(self, event: Unusable) -> None:
        if event.finding is None:
            self._whole.append(event.sentence)
            return
        findings = (event.finding.to_dict(),)
        place = self.code.place(findings)
        self.reported.append(Reported(event.target, "ERROR", message=event.sentence, findings=findings, place=place))

    def _of_result(self, result: Result) -> Reported:
        findings = tuple(f.to_dict() for f in result.findings)
        return Reported(
            result.address,
            str(result.verdict),
            as_it_should_be(result),
            result.sentence,
            "" if result.verdict is Verdict.PASS else summary(result),
            findings,
            result.comparisons,
            result.seconds,
            result.replay,
            self.code.place(findings, self._part),
            result,
            part=self._part,
        )

    def _of_trial(self, trial: Trial, replay: str) -> Reported:
        document = trial.document
        findings = [f for f in document.get("findings", ()) if isinstance(f, Mapping)]
        if trial.unanswered is not None:
            findings = [trial.unanswered.to_dict()]
        checked = document.get("checked")
        own = of_checked(checked if isinstance(checked, Mapping) else None)
        place = self.code.place(findings) if own is None or _tells(findings) else own
        seconds = document.get("seconds")
        return Reported(
            trial.pair.name,
            trial.verdict,
            trial.verdict == "PASS",
            trial.pair.shown,
            "" if trial.verdict == "PASS" else trial.headline,
            findings,
            trial.entries,
            seconds if isinstance(seconds, float) else 0.0,
            replay,
            place or own,
            text=trial.report,
            part=self._part,
        )

    def _engine(self, trial: EngineTrial) -> None:
        self._trials.append(trial)
        self.not_offered += trial.refused
        self.remarks += trial.limits
        results = {id(result) for result in trial.every_result}
        lost = {address: loss.sentence for loss in trial.accuracy for address in loss.addresses}
        self.reported = [
            replace(case, verdict="WARNING", message=lost[case.address])
            if id(case.result) in results and case.address in lost
            else case
            for case in self.reported
        ]

    def _finished(self, event: Finished) -> None:
        self.seconds, self.exit_code, self.signal = event.seconds, event.exit_code, event.signal
        order = {result.address: k for k, result in enumerate(event.results)}
        self.reported.sort(key=lambda case: order.get(case.address, len(order)))
        if line := nothing_answered_line(event):
            self._whole.append(line)


def _mistake(
    members: Sequence[Result],
    known: Mapping[int, Reported],
    found: Diagnosed | None = None,
    example: Sequence[str] = (),
) -> Mistake:
    first, *others = members
    parts = tuple(Failure(first, found, len(others)).parts())
    example = example or [text for label, text in parts if label == "smallest"]
    return Mistake(known[id(first)], tuple(known[id(r)] for r in others), parts, tuple(example))


def _parts(case: Reported) -> tuple[tuple[str, str], ...]:
    return () if case.text else (("error" if case.verdict == "ERROR" else "wrong", case.message),)


def _tells(findings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a finding names a line of the derivative's own, which says more than where the derivative begins."""
    return any(finding.get("facts", {}).get("own_line") for finding in findings)
