"""A verification as one JSON document, versioned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gradcheck.subject.description import SeenOffer
from gradcheck.verify.trials import Trial
from gradcheck.verify.tried_engine import EngineTrial, EngineTried
from gradcheck.verify.verify_events import Offered, PairTried, Unusable, Verified, VerifyEvent

SCHEMA_VERSION = 1
"""Version of the JSON document of a verification."""


class VerifyJson:
    """Collects a verification of `target`; `text` is complete once it is over."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._offers: list[dict[str, Any]] = []
        self._offer: SeenOffer | None = None
        self._pairs: list[Trial] = []
        self._trouble = ""
        self._verified: Verified | None = None

    def add(self, event: VerifyEvent) -> None:
        """Record one event."""
        match event:
            case Unusable():
                self._trouble = event.sentence
            case Offered():
                self._end_of_pairs()
                self._offer = event.offer
            case EngineTried():
                self._offers.append({**described(event.trial.offer), **_engine(event.trial)})
            case PairTried():
                self._pairs.append(event.trial)
            case Verified():
                self._end_of_pairs()
                self._verified = event

    def _end_of_pairs(self) -> None:
        if self._offer is not None and self._offer.pairs:
            results = [{"name": t.pair.name, "verdict": t.verdict, "result": dict(t.document)} for t in self._pairs]
            self._offers.append({**described(self._offer), "pairs": results})
        self._pairs, self._offer = [], None

    def text(self) -> str:
        """The document as JSON text."""
        assert self._verified is not None, "the verification is over"
        document = {
            "schema_version": SCHEMA_VERSION,
            "subject": self._target,
            "offers": self._offers,
            "trouble": self._trouble,
            "summary": {**self._verified.counts, "entries": self._verified.entries},
            "exit_code": self._verified.exit_code,
        }
        return json.dumps(document, indent=1) + "\n"


def mistakes_to_list(trial: EngineTrial) -> list[Mapping[str, Any]]:
    """The groups of failures of an engine, as plain data."""
    return [
        {
            "what": group.what,
            "addresses": [r.address for r in group.results],
            "faults": [] if found is None else [fault.code for fault in found.faults],
            "look_at": "" if found is None else found.look_at,
        }
        for group, found in trial.wrong
    ]


def described(offer: SeenOffer) -> dict[str, Any]:
    """An offer as JSON data."""
    return {
        "convention": offer.convention,
        "name": offer.name,
        "title": offer.title,
        "not_offered": list(offer.lacking),
        "notes": list(offer.notes),
        **({"warnings": list(offer.warnings)} if offer.warnings else {}),
    }


def _engine(trial: EngineTrial) -> dict[str, Any]:
    return {
        "results": [{**r.to_dict(), "verdict": trial.verdict_of(r)} for r in trial.every_result],
        "limits": list(trial.limits),
        "warnings": [loss.sentence for loss in trial.accuracy],
        "mistakes": mistakes_to_list(trial),
    }
