"""The faults of the catalogue that behave, on all cases tried, exactly like a subject.

Readings are tried from the strictest to the loosest; the first that some fault meets counts:

everywhere: the fault gives the subject's answers, wrong and right ones, on all cases.
on arrays, on scalars: it gives them on all graphs of that kind, and the subject is right on the other kind. (An engine
    may have separate code for each.)
where wrong: it gives all wrong answers of the subject; the others are right. (One of two pieces of an engine's code may
    be wrong: for one loss, for large graphs.)
by edge: the textbook with the fault, but only at arguments whose rule is wrong when the node is tried alone, gives the
    subject's answers. (Half of a rule may be right.)
by relation: every relation of backprop that is wrong among the subject's own numbers is wrong in the fault's way. (A
    mistake may be made in some layers of a network only, or in an unusual way.)
by form: it gives the subject's numbers, and is wrong where the subject has none or some of a wrong shape.

Where several faults meet a reading, further cases are asked that distinguish them: a name has to be the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from gradcheck.diagnosis.naming.answer_match import (
    AnyAnswer,
    AskedCase,
    Observed,
    answer_of,
    at_kink,
    breaks,
    entry_of,
    nodes_of,
    outside,
    same,
)
from gradcheck.diagnosis.naming.fitted_numbers import fitted
from gradcheck.diagnosis.naming.further_cases import drawn_cases, ops_of
from gradcheck.diagnosis.naming.lazy_sequence import Kept
from gradcheck.diagnosis.naming.mlp_relations import layers_explained
from gradcheck.diagnosis.naming.neuron_relations import neurons_explained
from gradcheck.diagnosis.naming.single_edges import Partly, bends_messages, wrong_edges
from gradcheck.faults.entries import bends_at
from gradcheck.faults.fault import Fault
from gradcheck.problem import OPS, Case
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.subject.inprocess import InProcessSubject

MOST_CASES = 16
"""Maximum number of failing cases, and of other ones, on which a fault has to behave like the subject."""
LARGEST = 60
"""Maximum number of nodes of a graph that is used: the catalogue's engine is a textbook, not a fast one."""
MOST_FURTHER = 450
"""Maximum number of further cases that are searched for such as distinguish faults, or confirm the last one."""
BORNE_OUT = 8
"""Number of further cases, beside all failing ones, on which the last fault left has to hold."""
BESIDE_VARIANTS = 24
"""The same where other faults, made in another way than usual, hold as well."""
ENOUGH = 2
"""Minimum number of wrong answers that a looser reading has to explain."""


@dataclass(frozen=True)
class Likeness:
    """The faults that gave the subject's answers, on how many cases, and in which reading."""

    faults: tuple[Fault, ...] = ()
    cases: int = 0
    reading: str = ""


@dataclass(frozen=True)
class Bend:
    """One way of making a fault; `partly`: only at those edges whose message is wrong when its node is tried alone."""

    fault: Fault
    make: Callable[[], Any]
    partly: bool = False
    entry: str = NATIVE

    def answer_of(self, one: Observed) -> AnyAnswer | None:
        """The answer of a new engine of this kind."""
        return self._answer(one)[0]

    def gives(self, one: Observed) -> bool:
        """Whether this is the subject's answer."""
        ours, noise = self._answer(one)
        return same(one.theirs, ours, one.case.dtype, noise)

    def _answer(self, one: Observed) -> tuple[AnyAnswer | None, float]:
        engine = Partly(self.make(), wrong_edges(one)) if self.partly else self.make()
        ours = answer_of(InProcessSubject(engine, entry=self.entry), one.case)
        return ours, getattr(engine, "noise", 0.0)


Meets = Callable[[Bend, Observed], bool]
"""Whether a bend explains the subject's answer to a case."""


def _everywhere(bend: Bend, one: Observed) -> bool:
    return bend.gives(one)


def _on_arrays(bend: Bend, one: Observed) -> bool:
    return one.entry == NATIVE and (_everywhere(bend, one) if not _of_scalars(one.case) else not one.wrong)


def _on_scalars(bend: Bend, one: Observed) -> bool:
    return one.entry == NATIVE and (_everywhere(bend, one) if _of_scalars(one.case) else not one.wrong)


def _of_scalars(case: AskedCase) -> bool:
    """Whether every node is a scalar, made entry by entry."""
    graph = case.graph if isinstance(case, Case) else None
    return graph is not None and all(s == () for s in graph.shapes) and all(OPS[op].elementwise for op in ops_of(case))


def _where_wrong(bend: Bend, one: Observed) -> bool:
    if not one.wrong and getattr(bend.make(), "throughout", False):
        return _everywhere(bend, one)  # a fault of every layer, or of the whole gradient
    return not one.wrong or one.theirs is None or _everywhere(bend, one)


def _by_relation(bend: Bend, one: Observed) -> bool:
    explained = RELATIONS.get(one.entry)
    return explained is not None and (explained(bend.make, one) or _everywhere(bend, one))


def _by_form(bend: Bend, one: Observed) -> bool:
    """The same numbers; where the subject has none of the right form, neither has such an engine.

    If only the adjoints have a wrong shape, it is enough that the subject is wrong: engines differ in how they go on.
    """
    ours, right = bend.answer_of(one), one.right
    if same(one.theirs, ours, one.case.dtype):
        return True
    if not one.wrong or not breaks(ours, right):
        return False
    return breaks(one.theirs, right) or not breaks(outside(ours), right)


RELATIONS = MappingProxyType({"mlp_gradients": layers_explained, "neuron_gradients": neurons_explained})
"""Functions that compare the answers of an entry point with its own relations."""


READINGS: tuple[tuple[str, Meets, bool], ...] = (
    ("", _everywhere, False),
    ("on graphs of arrays", _on_arrays, False),
    ("on graphs of scalars", _on_scalars, False),
    ("wherever it is wrong", _where_wrong, False),
    ("at every argument that is sent something wrong", _everywhere, True),
    ("in every relation that is wrong among its own numbers", _by_relation, False),
    ("wherever its answer has a form to compare", _by_form, False),
)
"""The clause that reports the reading; whether a bend meets it on a case; whether it is bent at some edges only."""


def alike(subject: Subject, failing: Sequence[AskedCase], others: Sequence[AskedCase]) -> Likeness:
    """The faults that give the subject's answers, wrong ones and right ones, on all cases tried.

    Faults are compared on the cases that their kind of entry point takes; at least one failing case has to be among
    them. A case at a kink, where engines may rightly differ, counts as no evidence.
    """
    found, cases, reading = dict[str, Fault](), 0, ""
    for entry in dict.fromkeys(entry_of(case, subject) for case in failing):
        likeness = _Search(subject, entry, failing, others).result()
        found |= {f.code: f for f in likeness.faults}
        cases += likeness.cases
        reading = reading or likeness.reading
    return Likeness(tuple(found.values()), cases, reading)


def usable(cases: Sequence[AskedCase], entry: str, subject: Subject) -> list[AskedCase]:
    """The cases of an entry point that are small enough, and at no kink; the smallest first."""
    fit = [c for c in cases if entry_of(c, subject) == entry]
    small = [c for c in fit if entry != NATIVE or nodes_of(c) <= LARGEST]
    return [c for c in sorted(small, key=nodes_of) if not at_kink(c)]


class _Search:
    """The search among the faults of one entry point."""

    def __init__(self, subject: Subject, entry: str, failing: Sequence[AskedCase], others: Sequence[AskedCase]) -> None:
        self._entry = entry
        kinds = [usable(failing, entry, subject), usable(others, entry, subject)]
        first = [case for cases in kinds for case in cases[:MOST_CASES]]
        rest = [case for cases in kinds for case in cases[MOST_CASES:]]
        self._first = [Observed(case, subject, entry) for case in first]
        self._owed = len(kinds[0][MOST_CASES:])  # every failing case has to be explained
        drawn = drawn_cases(entry, [*first, *rest])
        further = (case for case in (*rest, *drawn) if not at_kink(case))
        self._further = Kept(Observed(case, subject, entry) for case in islice(further, MOST_FURTHER))

    def result(self) -> Likeness:
        """The faults that meet the strictest reading that any meets."""
        if not any(one.wrong for one in self._first):  # wrong on other cases only: that does not show how
            return Likeness()
        if all(one.theirs is None for one in self._first):
            return Likeness()
        telling = any(map(_telling, self._first))
        made = [*bends_at(self._entry), *fitted(self._entry, self._first)]
        for reading, meets, partly in READINGS:
            if meets is _where_wrong and not telling:
                continue
            bends = [Bend(row, make, partly, self._entry) for row, make in made if not partly or bends_messages(make)]
            if likeness := self._apart(reading, meets, bends):
                return likeness
        return Likeness()

    def _apart(self, reading: str, meets: Meets, bends: Sequence[Bend]) -> Likeness | None:
        """The faults that meet a reading on all cases, and on further cases that might refute them."""
        ordered = sorted(self._first, key=lambda one: not one.wrong)
        left = [bend for bend in bends if all(meets(bend, one) for one in ordered)]
        tried, borne_out, telling = len(ordered), 0, [one for one in ordered if _telling(one)]
        for number, one in enumerate(self._further):
            several = len({bend.fault.code for bend in _usual(left)}) > 1
            enough = BORNE_OUT if len({bend.fault.code for bend in left}) == 1 else BESIDE_VARIANTS
            if not left or (not several and number >= self._owed and borne_out >= enough):
                break
            answers = [bend.answer_of(one) for bend in left]
            if number >= self._owed and all(
                same(a, one.right if not several else answers[0], one.case.dtype) for a in answers
            ):
                continue  # no answer to this case would distinguish anything
            tried += 1
            telling += [one] if _telling(one) else []
            left = [bend for bend in left if meets(bend, one)]
            borne_out += not several and one.wrong  # where the subject is right, a looser reading requires nothing
        if meets is _by_form:  # two wrong forms need not be the same mistake
            left = [bend for bend in left if sum(_everywhere(bend, one) for one in telling) >= ENOUGH]
        left = _usual(left)
        if not left or (reading and len(telling) < ENOUGH):
            return None
        return Likeness(tuple({bend.fault.code: bend.fault for bend in left}.values()), tried, reading)


def _usual(bends: list[Bend]) -> list[Bend]:
    """Those that make a fault in the most usual way: a fault's bends stand in that order.

    Other ways may be the same engine: the message that comes last overwrites the others in the order in which nodes are
    visited, which is the use made first in the order in which they are computed.
    """
    ranks = [next((k for k, make in enumerate(b.fault.bends) if make is b.make), 0) for b in bends]
    return [bend for bend, rank in zip(bends, ranks, strict=True) if rank == min(ranks)]


def _telling(one: Observed) -> bool:
    """Whether there are wrong numbers to explain."""
    return one.wrong and one.theirs is not None
