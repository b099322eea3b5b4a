"""The events of a verification besides those of a run; its reports are made of these only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gradcheck.run import exit_code
from gradcheck.run.events import CaseFinished, Faulted
from gradcheck.subject.description import Seen, SeenOffer
from gradcheck.verdict.finding import Finding
from gradcheck.verify.trials import Trial
from gradcheck.verify.tried_engine import EngineTried


@dataclass(frozen=True)
class Unusable:
    """Nothing in the file can be verified; `sentence` says why, `finding` where the file itself is at fault."""

    target: str
    sentence: str
    finding: Finding | None = None


@dataclass(frozen=True)
class Recognised:
    """What was recognised in the target, which is `name` for short."""

    target: str
    name: str
    seen: Seen


@dataclass(frozen=True)
class Offered:
    """An offer is about to be tried."""

    offer: SeenOffer


@dataclass(frozen=True)
class Lacking:
    """An op that was required and is not offered."""

    op: str

    @property
    def sentence(self) -> str:
        """What is missing, and who asked for it."""
        return f"{self.op} is required (--require) and not offered"


@dataclass(frozen=True)
class PairTried:
    """A pair of functions has a result; `replay` is the command that repeats it."""

    trial: Trial
    replay: str


@dataclass(frozen=True)
class Verified:
    """The verification is over.

    Attributes
    ----------
    counts: how many results have each verdict; "WARNING" where accuracy alone is lost, "HARNESS FAULT" for faults.
    entries: number of entries compared.
    seconds: time taken.
    signal: the one that ended it early; None if none did.
    unusable: whether nothing could be verified.
    only: the address of the one graph or pair that was asked for; None for all.
    """

    counts: Mapping[str, int]
    entries: int
    seconds: float
    signal: int | None = None
    unusable: bool = False
    only: str | None = None

    @property
    def exit_code(self) -> int:
        """0 all right, 1 otherwise or unusable, 3 harness fault, 5 nothing compared, 128 + n ended by signal n."""
        if self.signal is not None:
            return exit_code.of_signal(self.signal)
        if self.counts.get("HARNESS FAULT"):
            return exit_code.HARNESS_FAULT
        if self.unusable or any(self.counts.get(verdict) for verdict in ("FAIL", "ERROR", "UNDECIDED")):
            return exit_code.WRONG
        return exit_code.AS_EXPECTED if self.entries else exit_code.NOTHING_COMPARED


VerifyEvent = Unusable | Recognised | Offered | Lacking | CaseFinished | Faulted | EngineTried | PairTried | Verified
