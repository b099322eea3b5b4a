"""The harness tests itself: every fault of the catalogue in every suite, and correct engines in all of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from gradcheck.diagnosis.naming import explanation
from gradcheck.diagnosis.smallest import smallest, smallest_like
from gradcheck.errors import HarnessFault, Unsupported
from gradcheck.faults import correct
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.fault import Fault
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.entry_points import missing_entry
from gradcheck.oracle.estimate import Aside, Estimates, Kind, Oracle
from gradcheck.problem import Case, Cost, Graph, Point, Training
from gradcheck.run.suite import Addressed, shipped
from gradcheck.strategies.assorted import assorted
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.process import ChildSubject
from gradcheck.verdict.result import Verdict

CAUGHT = (Verdict.FAIL, Verdict.ERROR)
MOST_REMEMBERED = 1000
"""Maximum number of answers that each oracle keeps."""
EVIDENCE = 6
"""Maximum number of failing cases collected before a fault's name is searched."""
TELLING: Mapping[str, str] = MappingProxyType(
    {"F17": "GC005", "F74": "GC020", "F76": "GC008", "F77": "GC010", "F78": "GC007", "F79": "GC007", "F144": "GC061"}
)
"""Faults that a finding describes outright, by its code: their name needs no search."""


@dataclass(frozen=True)
class Catch:
    """The first case of a suite in which a fault was caught, and the oracles that agreed there."""

    address: str
    verdict: Verdict
    oracles: tuple[str, ...]


@dataclass(frozen=True)
class Graded:
    """The result of the harness for one fault.

    `catches` has an entry per suite, None if the suite did not catch it (or has no case for it). `named` are the codes
    of the faults that behave the same. `smallest` is the number of nodes of the smallest counterexample, None if none
    was sought. `told` are the codes of the findings in the cases that caught it.
    """

    fault: Fault
    catches: Mapping[str, Catch | None]
    named: tuple[str, ...]
    smallest: int | None
    codes: tuple[str, ...] = ()

    @property
    def caught(self) -> bool:
        """Whether any suite caught it."""
        return any(catch is not None for catch in self.catches.values())

    @property
    def named_rightly(self) -> bool:
        """Whether the diagnosis names this fault only, or names none while a finding describes the fault outright.

        A fault with right numbers needs no name.
        """
        if self.fault.right or self.named == (self.fault.code,):
            return True
        return not self.named and TELLING.get(self.fault.code) in self.codes


@dataclass(frozen=True)
class EngineGrade:
    """Number of cases for a correct engine, those in which it was called wrong, and those left undecided."""

    engine: str
    cases: int
    alarms: tuple[Addressed, ...]
    undecided: tuple[Addressed, ...]


Answer = TypeVar("Answer")


class _Memory(Generic[Answer]):
    """A function of a graph and a point that answers a question asked before from memory.

    It remembers the answers to the last MOST_REMEMBERED questions: an analysis holds the whole record of a run.
    """

    def __init__(self, name: str, ask: Callable[[Graph, Point], Answer]) -> None:
        self._name = name
        self._ask = ask
        self._known: OrderedDict[tuple[int, bytes], tuple[Graph, Answer | Aside]] = OrderedDict()

    def __call__(self, graph: Graph, point: Point) -> Answer | Aside:
        """The answer; an Aside where the function raises Unsupported."""
        key = (id(graph), b"".join(name.encode() + value.tobytes() for name, value in sorted(point.items())))
        if key not in self._known:
            try:
                answer: Answer | Aside = self._ask(graph, point)
            except Unsupported as reason:
                answer = Aside(self._name, str(reason))
            self._known[key] = (graph, answer)  # the graph is kept, so that its id stays its own
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key][1]


class Remembering:
    """An oracle that answers a question asked before from memory: what it answers does not depend on the subject."""

    def __init__(self, oracle: Oracle) -> None:
        self.name = oracle.name
        self.kind: Kind | None = getattr(oracle, "kind", None)
        self._estimate = _Memory(oracle.name, oracle)
        if (whole := getattr(oracle, "analyse", None)) is not None:
            self.analyse = _Memory(oracle.name, whole)

    def __call__(self, graph: Graph, point: Point) -> Estimates | Aside:
        """The oracle's answer."""
        return self._estimate(graph, point)


def grade_faults(
    suites: Mapping[str, Sequence[Addressed]], oracles: Sequence[Oracle], faults: Sequence[Fault] = CATALOGUE
) -> Iterator[Graded]:
    """The grade of each fault, in turn, over every suite."""
    for fault in faults:
        yield _grade(fault, suites, oracles)


def _grade(fault: Fault, suites: Mapping[str, Sequence[Addressed]], oracles: Sequence[Oracle]) -> Graded:
    subject = InProcessSubject(fault.subject(), entry=fault.entry)
    catches: dict[str, Catch | None] = {}
    seen_codes: set[str] = set()
    failing: list[Case | Training] = []
    passing: list[Case | Training] = []
    for name, items in suites.items():
        catches[name] = None
        for item in _for(items, subject):
            result = try_any(item.address, item.case, subject, oracles).result
            case = item.case
            if isinstance(case, Case | Training) and result.verdict is Verdict.PASS and len(passing) < EVIDENCE:
                passing.append(case)
            if result.verdict in CAUGHT:
                catches[name] = catches[name] or Catch(item.address, result.verdict, result.agreed)
                seen_codes |= set(result.codes)
                if isinstance(case, Case | Training) and "GC005" not in seen_codes and len(failing) < EVIDENCE:
                    failing.append(case)
                if "GC005" in seen_codes or result.verdict is Verdict.FAIL:  # after an error, a case that shows numbers
                    break
    found = None
    if fault.entry == NATIVE and not fault.right and "GC005" not in seen_codes:
        found = smallest(subject) or (smallest_like(subject, failing[0]) if failing else None)
    if found is not None:
        failing.append(found)
    named = explanation(subject, failing, passing, frozenset(seen_codes)).faults if failing else ()
    codes = tuple(f.code for f in named)
    return Graded(fault, catches, codes, None if found is None else len(found.graph), tuple(sorted(seen_codes)))


def _for(items: Sequence[Addressed], subject: Subject) -> Iterator[Addressed]:
    """The cases for the entry points that the subject has."""
    for item in items:
        if item.case.subject is None and missing_entry(item.case, subject) is None:
            yield item


def correct_engines() -> dict[str, Path]:
    """The engines in which no case may find a fault: the reference, and three of other architectures."""
    folder = Path(str(correct.__file__)).parent
    engines = {p.stem: p for p in sorted(folder.glob("*.py")) if p.stem != "__init__"}
    return {"reference": shipped("reference"), **engines}


def false_alarms(
    items: Sequence[Addressed], oracles: Sequence[Oracle], tried: Callable[[], object] = lambda: None
) -> list[EngineGrade]:
    """The grade of each correct engine on all cases that it has an entry point for; `tried` is called after every case.

    Estimates for a case are kept for all engines and then dropped: those of thousands of cases would not fit in memory.

    Raises HarnessFault, naming the case, when proven oracles contradict each other.
    """
    with ExitStack() as stack:
        subjects = {name: stack.enter_context(ChildSubject(path)) for name, path in correct_engines().items()}
        verdicts: dict[str, list[tuple[Addressed, Verdict]]] = {name: [] for name in subjects}
        for item in items:
            remembered = [Remembering(oracle) for oracle in oracles]
            for name, subject in subjects.items():
                tried()
                if item.case.subject is not None or missing_entry(item.case, subject) is not None:
                    continue
                if isinstance(item.case, Cost):
                    continue  # forward mode is right, but costs more than these cases allow
                try:
                    verdicts[name].append((item, try_any(item.address, item.case, subject, remembered).result.verdict))
                except HarnessFault as fault:
                    raise HarnessFault(f"{item.address}: {fault}") from fault
    return [
        EngineGrade(
            name,
            len(reached),
            tuple(item for item, verdict in reached if verdict in CAUGHT),
            tuple(item for item, verdict in reached if verdict is Verdict.UNDECIDED),
        )
        for name, reached in verdicts.items()
    ]


def random_graphs(count: int, seed: int) -> list[Addressed]:
    """Graphs of every kind, for the correct engines."""
    return [Addressed(f"assorted::{case.name}", "assorted", case) for case in assorted(count, seed)]
