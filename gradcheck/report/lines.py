"""A run as JSON lines, each written and flushed at once, so that finished results survive any later failure.

The first line describes the run, each following one a case, the last sums up. JSON Schema: `run-lines.schema.json`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from gradcheck.report.run_json import counts_to_dict, diagnosis_to_dict, not_offered_to_list
from gradcheck.run.events import CaseFinished, Diagnosed, Event, Faulted, Finished, Started
from gradcheck.verdict.result import SCHEMA_VERSION, Verdict


class LinesReport:
    """Writes a run to a file as it goes.

    Raises OSError if the file cannot be opened. If it cannot be written later, `failed` becomes a sentence.

    Attributes
    ----------
    failed: why the rest of the run is not in the file; "" if it is.
    complete: whether the last line is written.
    """

    def __init__(self, path: Path) -> None:
        self.failed = ""
        self.complete = False
        self._path = path
        self._file: TextIO = path.open("w", encoding="utf-8")
        self._counts: Counter[Verdict] = Counter()
        self._comparisons = 0
        self._diagnosed: Diagnosed | None = None

    def add(self, event: Event) -> None:
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
            case CaseFinished():
                self._counts[event.result.verdict] += 1
                self._comparisons += event.result.comparisons
                self._write("result", event.result.to_dict())
            case Faulted():
                self._write("harness_fault", {"address": event.address, "message": event.message})
            case Diagnosed():
                self._diagnosed = event
            case Finished():
                self._write("summary", self._summary(event))
                self.complete = not self.failed

    def close(self) -> None:
        """Close the file."""
        try:
            self._file.close()
        except OSError as wrong:
            self._fail(wrong)

    def _summary(self, event: Finished) -> Mapping[str, Any]:
        return {
            "not_offered": not_offered_to_list(event.not_offered),
            "summary": counts_to_dict(self._counts, self._comparisons),
            "exit_code": event.exit_code,
            "interrupted": event.interrupted,
            "seconds": round(event.seconds, 3),
            "diagnosis": None if self._diagnosed is None else diagnosis_to_dict(self._diagnosed),
        }

    def _write(self, kind: str, data: Mapping[str, Any]) -> None:
        if self.failed:
            return
        try:
            self._file.write(json.dumps({"kind": kind, **data}, allow_nan=False) + "\n")
            self._file.flush()
        except OSError as wrong:
            self._fail(wrong)

    def _fail(self, wrong: OSError) -> None:
        self.complete = False
        self.failed = self.failed or f"the report {str(self._path)!r} is not complete: {wrong.strerror or wrong}"
