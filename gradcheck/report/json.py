"""A run as one JSON document, versioned; its JSON Schema is `run.schema.json` beside this file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradcheck.run.events import Event, Finished, Started
from gradcheck.verdict.result import SCHEMA_VERSION, Verdict


class JsonReport:
    """Collects a run; `document` is complete once the run has finished."""

    def __init__(self) -> None:
        self._started: Started | None = None
        self._finished: Finished | None = None

    def add(self, event: Event) -> None:
        """Take note of one event."""
        if isinstance(event, Started):
            self._started = event
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
            "summary": {str(v): counts[v] for v in Verdict} | {"comparisons": sum(r.comparisons for r in results)},
            "exit_code": self._finished.exit_code,
            "interrupted": self._finished.interrupted,
            "seconds": round(self._finished.seconds, 3),
            "harness_faults": [{"address": f.address, "message": f.message} for f in self._finished.faults],
            "results": [r.to_dict() for r in results],
        }

    def text(self) -> str:
        """The document as JSON text."""
        return json.dumps(self.document, indent=1, allow_nan=False) + "\n"

    def write(self, path: Path) -> None:
        """Write the document to a file."""
        path.write_text(self.text(), encoding="utf-8")
