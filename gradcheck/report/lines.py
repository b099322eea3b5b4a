"""A run as JSON lines, each written and flushed at once, so that finished results survive any later failure.

The first line describes the run, each following one a case, the last sums up. JSON Schema: `run-lines.schema.json`.
Lines of cases are in order; results of several jobs that come before their turn wait in `results_ahead.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from gradcheck.report.results_ahead import ResultsAhead
from gradcheck.report.run_json import counts_to_dict, diagnosis_to_dict, not_offered_to_list
from gradcheck.report.verify_json import mistakes_to_list
from gradcheck.run.events import (
    CaseAhead,
    CaseFinished,
    CaseJudged,
    Diagnosed,
    Event,
    Faulted,
    Finished,
    NotOffered,
    Started,
)
from gradcheck.verdict.finding import plain
from gradcheck.verdict.result import SCHEMA_VERSION, Result, Verdict
from gradcheck.verify.tried_engine import EngineTried
from gradcheck.verify.verify_events import Lacking, PairTried, Recognised, Unusable, Verified, VerifyEvent


class LinesReport:
    """Writes a run, or a verification, to a file as it goes; the file is created at the first event.

    If it cannot be written, `failed` becomes a sentence.

    Attributes
    ----------
    failed: why the rest of the run is not in the file; "" if it is.
    complete: whether the last line is written.
    """

    def __init__(self, path: Path) -> None:
        self.failed = ""
        self.complete = False
        self._path = path
        self._file: TextIO | None = None
        self._ahead = ResultsAhead(path)
        self._counts: Counter[str] = Counter()
        self._comparisons = 0
        self._diagnosed: Diagnosed | None = None
        self._refused: list[NotOffered] = []
        self._warned: list[str] = []
        self._mistakes: list[Mapping[str, Any]] = []
        self._trouble = ""

    def add(self, event: Event | VerifyEvent) -> None:
        """Write what one event adds."""
        match event:
            case Started():
                self._write(
                    "run",
                    {
                        "schema_version": SCHEMA_VERSION,
                        "subject": event.subject,
                        "self_check": event.self_check,
                        "seed": event.seed,
                        "cases": event.cases,
                        "guarantees": dict(event.guarantees),
                        "left_out": list(event.left_out),
                    },
                )
            case Recognised():
                self._begin(event.target)
            case Unusable():
                self._begin(event.target)
                self._trouble = event.sentence
                if event.finding is not None:
                    self._result(Result(event.target, Verdict.ERROR, (event.finding,)).to_dict())
            case Lacking():
                self._result(Result(event.sentence, Verdict.ERROR).to_dict())
            case CaseAhead(result=early) | CaseJudged(result=early):
                if not self.failed:
                    self._ahead.keep(early.address, _line("result", early.to_dict()))
            case CaseFinished():
                self._result(event.result.to_dict())
                if not self.failed:
                    self._ahead.reported(event.result.address)
            case PairTried():
                self._result(_pair(event))
            case EngineTried(trial=trial):
                self._refused += trial.refused
                self._warned += [address for loss in trial.accuracy for address in loss.addresses]
                self._mistakes += mistakes_to_list(trial)
            case Faulted():
                self._write("harness_fault", {"address": event.address, "message": event.message})
            case Diagnosed():
                self._diagnosed = event
            case Finished():
                self._write("summary", self._summary(event, event.not_offered))
                self.complete = not self.failed
                if self.complete:
                    self._ahead.end()
            case Verified():
                more = {"trouble": self._trouble, "warned": self._warned, "mistakes": self._mistakes}
                self._write("summary", {**self._summary(event, self._refused), **more})
                self.complete = not self.failed

    def close(self) -> None:
        """Close the file."""
        try:
            if self._file is not None:
                self._file.close()
        except OSError as wrong:
            self._fail(wrong)

    def _begin(self, target: str) -> None:
        """The first line of a verification; how many cases there are is not known yet."""
        about = {"schema_version": SCHEMA_VERSION, "subject": target, "self_check": False, "seed": None, "cases": None}
        self._write("run", {**about, "guarantees": {}, "left_out": []})

    def _result(self, result: Mapping[str, Any]) -> None:
        self._counts[result["verdict"]] += 1
        self._comparisons += result["comparisons"]
        self._write("result", result)

    def _summary(self, event: Finished | Verified, not_offered: Sequence[NotOffered]) -> Mapping[str, Any]:
        return {
            "not_offered": not_offered_to_list(not_offered),
            "summary": counts_to_dict(self._counts, self._comparisons),
            "exit_code": event.exit_code,
            "interrupted": event.signal is not None,
            "seconds": round(event.seconds, 3),
            "diagnosis": None if self._diagnosed is None else diagnosis_to_dict(self._diagnosed),
        }

    def _write(self, kind: str, data: Mapping[str, Any]) -> None:
        if self.failed:
            return
        try:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8")
                self._ahead.begin()
            self._file.write(_line(kind, data))
            self._file.flush()
        except OSError as wrong:
            self._fail(wrong)

    def _fail(self, wrong: OSError) -> None:
        self.complete = False
        self.failed = self.failed or f"the report {str(self._path)!r} is not complete: {wrong.strerror or wrong}"


def _line(kind: str, data: Mapping[str, Any]) -> str:
    return json.dumps({"kind": kind, **data}, allow_nan=False) + "\n"


def _pair(event: PairTried) -> Mapping[str, Any]:
    """The result of a pair, under the name that `--case` takes; its document comes from the process of the file."""
    trial = event.trial
    findings = () if trial.unanswered is None else (trial.unanswered,)
    known = Result(trial.pair.name, Verdict(trial.verdict), findings, trial.entries, replay=event.replay).to_dict()
    own: Mapping[str, Any] = plain(trial.document)
    fixed = {key: known[key] for key in ("address", "verdict", "comparisons", "replay")}
    return {**known, **own, **fixed}
