"""What the cases of one session share: the subject in its child process, the time for diagnosis, and patience.

A case is judged by the runner of `gradcheck run`, alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gradcheck.baseline.recorded import Recorded, recorded
from gradcheck.cli.run import known_failures, required_ops
from gradcheck.cli.run_flags import replay_options
from gradcheck.diagnosis.budget import Budget
from gradcheck.errors import SubjectError
from gradcheck.judge.definition import definition
from gradcheck.judge.entry_points import entry_for
from gradcheck.judge.settings import ALL, Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Cost, Training
from gradcheck.problem.evaluations import counted_evaluations, counting
from gradcheck.pytest_plugin.plugin_settings import PluginSettings, settings_of
from gradcheck.report.code_place import CodePlace, SubjectCode
from gradcheck.report.failure import summary
from gradcheck.report.levels import QUIET
from gradcheck.report.plain_text import PlainText
from gradcheck.run import runner
from gradcheck.run.asking import SILENT
from gradcheck.run.events import CaseFinished, CaseStarted, Diagnosing, Event, Finished, NotOffered, Started
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.run.suite import Addressed, collect, shipped
from gradcheck.subject.command import opened
from gradcheck.subject.process import ChildSubject
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict

WIDTH = 110
"""Columns of a report, as `gradcheck run` has them where no terminal is."""
REFERENCE = "the built-in reference (gradcheck.reference)"


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes
    ----------
    passed: whether it is as it should be.
    skipped: why it was not judged; "" if it was.
    comparisons: number of entries compared.
    headline: verdict and reason in one line; "" if it passed.
    report: the report as `gradcheck run -q` prints it.
    place: where the subject defines what was judged; None if no file does.
    measured: what a baseline holds of the case; None without a result, and where no baseline is kept.
    """

    passed: bool
    skipped: str = ""
    comparisons: int = 0
    headline: str = ""
    report: str = ""
    place: CodePlace | None = None
    measured: Recorded | None = None


class SuiteSession:
    """Judges the cases of a session, one after the other."""

    def __init__(self, settings: PluginSettings) -> None:
        self._values = values = settings.values
        self._seed = settings.seed
        self._required = required_ops(values["require-ops"])
        self._known = known_failures(settings.values)
        self._stack = ExitStack()
        self._subject: ChildSubject | None = None
        self._seconds = float(values["diagnosis-budget"])
        self._silent = self._timeouts = 0

    @property
    def subject(self) -> ChildSubject:
        """The subject, opened at the first call; UsageError if there is none of this address."""
        if self._subject is None:
            address = self._values["subject"] or str(shipped("reference"))
            self._subject = self._stack.enter_context(opened(address, timeout=self._values["timeout"]))
            self._subject.prepare()
        return self._subject

    def cases(self, suite: str, wanted: Sequence[str]) -> list[Addressed]:
        """The cases of a suite, or those that are wanted of it; UsageError or InvalidProblem if it has none of them."""
        targets = [f"{suite}::{name}" for name in wanted] or [suite]
        return collect(targets, seed=self._seed, each=self._known.applied)

    def close(self) -> None:
        """End the subject's process."""
        self._stack.close()

    def outcome(self, item: Addressed) -> Outcome:
        """Judge a case; raises KeyboardInterrupt if it was interrupted."""
        unheard = max(self._silent, self._timeouts)
        if self._values["give-up-after"] and unheard >= self._values["give-up-after"] and item.case.subject is None:
            replay = runner.replay_line(item, self._options())
            given_up = Result(item.address, Verdict.ERROR, (finding("GC017", times=unheard),), replay=replay)
            return self._outcome(item, [Started(1, "", False, None), Finished((given_up,), (), 0.0)])
        events: list[Event] = []
        begun: float | None = None
        measured = None
        with counted_evaluations() if counting() else nullcontext() as counts:
            for event in self._events(item):
                if isinstance(event, Diagnosing) and begun is None:
                    begun = time.monotonic()
                if counts is not None and isinstance(event, CaseStarted):
                    counts.taken()
                if counts is not None and isinstance(event, CaseFinished) and event.result.address == item.address:
                    measured = recorded(event.result, counts.taken())
                events.append(event)
        if begun is not None:
            self._seconds -= time.monotonic() - begun
        return replace(self._outcome(item, events), measured=measured)

    def _events(self, item: Addressed) -> Iterator[Event]:
        values = self._values
        return runner.run(
            [item],
            self.subject,
            graph_oracles(),
            described=values["subject"] or REFERENCE,
            seed=self._seed,
            settings=Settings(interest=values["interest"], max_ulps=values["max-ulps"], oracles=ALL),
            replay_options=self._options(),
            diagnosis=self._seconds > 0,
            budget=Budget(self._seconds if self._seconds > 0 else None),
            required=self._required,
            dtype=values["dtype"],
        )

    def _options(self) -> str:
        """The options of `gradcheck run` that repeat a case as it was judged here."""
        return replay_options(self._values, self._values["subject"])

    def _outcome(self, item: Addressed, events: Sequence[Event]) -> Outcome:
        finished = next(event for event in events if isinstance(event, Finished))
        if finished.signal is not None:
            raise KeyboardInterrupt
        if finished.faults:
            message = finished.faults[0].message
            return Outcome(False, headline=f"HARNESS FAULT: {message}", report=_text(events), place=self._place(item))
        if not finished.results:
            return Outcome(True, skipped=_why_skipped(events))
        result = finished.results[-1]
        codes = SILENT.intersection(result.codes)
        self._silent = self._silent + 1 if codes else 0
        self._timeouts += "GC005" in result.codes
        if as_it_should_be(result):
            return Outcome(True, comparisons=result.comparisons)
        headline = f"{result.verdict}: {summary(result)}"
        report = _text(events) + self._remark()
        return Outcome(False, "", result.comparisons, headline, report, self._place(item, result))

    def _remark(self) -> str:
        """Why there is no diagnosis, where the session's time for it is over."""
        budget = self._values["diagnosis-budget"]
        if self._seconds > 0 or not budget:
            return ""
        return f"\nthe {budget:g} s of this session for the search for causes are spent; the replay line searches anew"

    def _place(self, item: Addressed, result: Result | None = None) -> CodePlace | None:
        """Where the subject defines what answers the case, or the line that the findings name."""
        if item.case.subject is not None:
            home = definition(item.case.subject)
            return CodePlace(Path(home.file), home.line) if home.file else None
        subject = self.subject
        code = SubjectCode.of_run(subject.path, subject.name, getattr(subject, "command", None))
        findings = [] if result is None else [f.to_dict() for f in result.findings]
        return code.place(findings, subject.name or self._entry(item))

    def _entry(self, item: Addressed) -> str:
        """The entry point that answers the case; "" if the subject cannot be loaded."""
        case = item.case.smallest if isinstance(item.case, Cost) else item.case
        if isinstance(case, Training):
            return "train"
        try:
            return entry_for(case, self.subject)
        except SubjectError:
            return ""


def _why_skipped(events: Sequence[Event]) -> str:
    for event in events:
        if isinstance(event, NotOffered):
            return f"not offered: {', '.join(event.ops)} ({event.reason})"
        if isinstance(event, Started) and event.left_out:
            return "; ".join(event.left_out)
    return "not judged"


def _text(events: Sequence[Event]) -> str:
    """What `gradcheck run -q` prints, without colour and times."""
    report = PlainText(timings=False, verbosity=QUIET, width=WIDTH)
    for event in events:
        report.add(event)
    return report.text().rstrip()


SESSION_KEY = pytest.StashKey[SuiteSession]()


def session_of(config: pytest.Config) -> SuiteSession:
    """The session's one judge; its child ends with the session."""
    if SESSION_KEY not in config.stash:
        config.stash[SESSION_KEY] = session = SuiteSession(settings_of(config))
        config.add_cleanup(session.close)
    return config.stash[SESSION_KEY]
