"""What the runner tells whoever listens; reports are made of these and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradcheck.faults.fault import Fault
from gradcheck.problem import Case
from gradcheck.verdict.result import Result, Verdict


@dataclass(frozen=True)
class Started:
    """The run begins: how many cases, against what, under which guarantees."""

    cases: int
    subject: str
    self_check: bool
    seed: int | None
    guarantees: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseStarted:
    """A case is put to oracles and subject."""

    address: str


@dataclass(frozen=True)
class CaseFinished:
    """A case has a result."""

    result: Result


@dataclass(frozen=True)
class Faulted:
    """The harness contradicted itself on a case."""

    address: str
    message: str


@dataclass(frozen=True)
class Diagnosing:
    """All cases are finished; the subject failed some, and `what` is going on now to say why."""

    what: str


@dataclass(frozen=True)
class Diagnosed:
    """What a subject that fails has in common with a known fault, and the smallest graph on which it is wrong.

    `faults` explain what the subject does; `how` says how that is known, a clause that a fault's name follows. `ended`
    says, in a sentence, why the search did not come to its end; "" where it did.
    """

    counterexample: Result | None
    case: Case | None
    faults: tuple[Fault, ...]
    how: str = ""
    ended: str = ""


@dataclass(frozen=True)
class Finished:
    """The run is over; `signal` is the one that interrupted it, where one did."""

    results: tuple[Result, ...]
    faults: tuple[Faulted, ...]
    seconds: float
    signal: int | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the run was ended before its end."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """0 all as they should be, 1 otherwise, 3 harness fault, 5 nothing compared, 128 + n ended by signal n."""
        if self.signal is not None:
            return 128 + self.signal
        if self.faults:
            return 3
        if not self.results or not sum(r.comparisons for r in self.results):
            return 1 if any(r.verdict is Verdict.ERROR and not as_it_should_be(r) for r in self.results) else 5
        return 0 if all(as_it_should_be(r) for r in self.results) else 1


Event = Started | CaseStarted | CaseFinished | Faulted | Diagnosing | Diagnosed | Finished


def as_it_should_be(result: Result) -> bool:
    """PASS, or exactly what the case's `expect` says."""
    return result.verdict is Verdict.PASS or "GC043" in result.codes
