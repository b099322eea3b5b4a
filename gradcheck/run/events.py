"""The events that the runner yields; reports are made of these only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradcheck.diagnosis.budget import Spent
from gradcheck.diagnosis.operands import ParameterRow
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case
from gradcheck.run import exit_code
from gradcheck.verdict.result import Result


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
    """A case is about to be judged."""

    address: str


@dataclass(frozen=True)
class CaseJudged:
    """A case is wrong; CaseFinished follows, with its cause, which is looked for now. Workers tell of both at once."""

    result: Result


@dataclass(frozen=True)
class CaseFinished:
    """A case has a result."""

    result: Result


@dataclass(frozen=True)
class CaseAhead:
    """A worker has a case's result before its turn: CaseFinished follows in its turn, unless the run ends before."""

    result: Result


@dataclass(frozen=True)
class NotOffered:
    """A case that the subject does not offer to answer. It has no result.

    Attributes
    ----------
    address: the case's address.
    ops: the names not offered, sorted; if a refusal leaves several possible, all of them.
    reason: how that is known: "NotImplementedError"; else it was not asked ("not in its OPS", ...).
    """

    address: str
    ops: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Faulted:
    """The harness contradicted itself on a case: proven oracles disagree."""

    address: str
    message: str


@dataclass(frozen=True)
class Diagnosing:
    """All cases are finished, and the subject failed some; `what` is the current stage of the search for a cause."""

    what: str


@dataclass(frozen=True)
class Diagnosed:
    """The known fault that a failing subject has, and the smallest graph on which it is wrong.

    Attributes
    ----------
    counterexample, case: the smallest graph found on which the subject is wrong, and the result there. If a fault is
        named, the fault gives the subject's answer there, or both are None.
    faults: the faults that explain the subject.
    how: how this is known; a clause that a fault's name follows.
    parameters: the counterexample's parameters, entry by entry, the subject's gradient beside the true one.
    explains: addresses of the failing cases on which a named fault gives the subject's answer.
    unexplained: addresses of those that were tried and on which none does. Failing cases in neither were not tried:
    there     were too many, or their graphs are too large.
    look_at: one sentence, what to look at; "" where nothing is known.
    ended: why the search ended early; "" where it did not.
    spent: what each experiment took.
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
    spent: tuple[Spent, ...] = ()


@dataclass(frozen=True)
class Finished:
    """The run is over; `signal` is the one that interrupted it, None if none did."""

    results: tuple[Result, ...]
    faults: tuple[Faulted, ...]
    seconds: float
    signal: int | None = None
    not_offered: tuple[NotOffered, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Whether a signal ended the run early."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """0 all as they should be, 1 otherwise, 3 harness fault, 5 nothing compared, 128 + n ended by signal n."""
        return exit_code.of_run(self.results, faulted=bool(self.faults), signal=self.signal)


Event = (
    Started
    | CaseStarted
    | CaseAhead
    | CaseJudged
    | CaseFinished
    | NotOffered
    | Faulted
    | Diagnosing
    | Diagnosed
    | Finished
)
