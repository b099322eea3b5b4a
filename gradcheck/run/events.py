"""What the runner tells whoever listens; reports are made of these and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradcheck.diagnosis.operands import ParameterRow
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
class NotOffered:
    """A case that the subject does not offer to answer; it has no result.

    Attributes
    ----------
    address: the case's.
    ops: what is not offered, sorted; where a refusal leaves several possible, all of these.
    reason: how that is known: "NotImplementedError", or "not in its OPS" (then it was not asked).
    """

    address: str
    ops: tuple[str, ...]
    reason: str


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

    Attributes
    ----------
    counterexample, case: the smallest graph found on which the subject is wrong, and the result there; where a fault is
        named, one on which that fault gives the subject's answer, or None.
    faults: what explains the subject.
    how: how that is known, a clause that a fault's name follows.
    parameters: the counterexample's parameters, entry by entry, the subject's gradient beside the true one.
    explains: addresses of the failing cases on which a named fault gives the subject's own answer.
    unexplained: addresses of those that were looked at and on which none does. Failing cases that are in neither were
        not looked at: there were too many, or their graphs are too large.
    look_at: one sentence, what to look at; "" where nothing is known.
    ended: why the search ended early; "" where it did not.
    """

    counterexample: Result | None
    case: Case | None
    faults: tuple[Fault, ...]
    how: str = ""
    parameters: tuple[ParameterRow, ...] = ()
    explains: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    look_at: str = ""
    ended: str = ""


@dataclass(frozen=True)
class Finished:
    """The run is over; `signal` is the one that interrupted it, where one did."""

    results: tuple[Result, ...]
    faults: tuple[Faulted, ...]
    seconds: float
    signal: int | None = None
    not_offered: tuple[NotOffered, ...] = ()

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


Event = Started | CaseStarted | CaseFinished | NotOffered | Faulted | Diagnosing | Diagnosed | Finished


def as_it_should_be(result: Result) -> bool:
    """PASS, or exactly what the case's `expect` says."""
    return result.verdict is Verdict.PASS or "GC043" in result.codes
