"""A run as one JSON document, versioned; its JSON Schema is `run.schema.json` beside this file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.problem.serialise import case_to_dict
from gradcheck.run.events import Diagnosed, Event, Finished, NotOffered, Started
from gradcheck.verdict.result import SCHEMA_VERSION, Verdict


class JsonReport:
    """Collects a run; `document` is complete once the run has finished."""

    def __init__(self) -> None:
        self._started: Started | None = None
        self._finished: Finished | None = None
        self._diagnosed: Diagnosed | None = None

    def add(self, event: Event) -> None:
        """Record one event."""
        if isinstance(event, Started):
            self._started = event
        elif isinstance(event, Diagnosed):
            self._diagnosed = event
        elif isinstance(event, Finished):
            self._finished = event

    @property
    def document(self) -> Mapping[str, Any]:
        """The whole run as plain data."""
        assert self._started is not None
        assert self._finished is not None
        results = self._finished.results
        counts = Counter(r.verdict for r in results)
        return {
            "schema_version": SCHEMA_VERSION,
            "subject": self._started.subject,
            "self_check": self._started.self_check,
            "seed": self._started.seed,
            "guarantees": dict(self._started.guarantees),
            "left_out": list(self._started.left_out),
            "not_offered": not_offered_to_list(self._finished.not_offered),
            "summary": counts_to_dict(counts, sum(r.comparisons for r in results)),
            "exit_code": self._finished.exit_code,
            "interrupted": self._finished.interrupted,
            "seconds": round(self._finished.seconds, 3),
            "harness_faults": [{"address": f.address, "message": f.message} for f in self._finished.faults],
            "diagnosis": None if self._diagnosed is None else diagnosis_to_dict(self._diagnosed),
            "results": [r.to_dict() for r in results],
        }

    def text(self) -> str:
        """The document as JSON text."""
        return json.dumps(self.document, indent=1, allow_nan=False) + "\n"


def not_offered_to_list(rows: Sequence[NotOffered]) -> list[Mapping[str, Any]]:
    """The cases that a subject does not offer, as plain data."""
    return [{"address": row.address, "ops": list(row.ops), "reason": row.reason} for row in rows]


def counts_to_dict(counts: Mapping[Any, int], comparisons: int) -> dict[str, int]:
    """How many results have each verdict, and how many entries were decided."""
    return {str(v): counts.get(v, 0) for v in Verdict} | {"comparisons": comparisons}


def diagnosis_to_dict(found: Diagnosed) -> dict[str, Any]:
    """What was found about a subject that failed, as plain data."""
    faults = [{"code": f.code, "name": f.name, "sentence": f.sentence} for f in found.faults]
    return {
        "how": found.how,
        "faults": faults,
        "counterexample": None if found.counterexample is None else found.counterexample.to_dict(),
        "case": None if found.case is None else case_to_dict(found.case),
        "ended": found.ended,
    }
