"""Which fault of the catalogue behaves, on all cases tried, exactly like this subject?

Asked from the strictest reading to the loosest, and the first that some fault meets is taken:

everywhere: it gives the subject's very answers, wrong ones and right ones.
on arrays, on scalars: it gives them on all graphs of that kind; on the other kind the subject is right. (An engine may
    have a piece of code for each.)
where wrong: it gives all of its wrong answers; the others are right. (An engine may be wrong in one of two pieces of
    code: for one loss, for large graphs.)
by edge: the textbook, with the fault at those arguments of those nodes alone whose rule is wrong when it is tried
    alone, gives the subject's very answers. (Half of a rule may be right.)
by relation: every relation of backprop that is wrong among the subject's own numbers is wrong as it has it. (Of
    networks: a mistake may be made in some layers alone, or in some manner of its own.)
by form: it gives the subject's numbers; where the subject has none, or some of a wrong shape, it is wrong as well.

Where several faults meet it, cases are asked that tell them apart: a name is worth something only if no other will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from gradcheck.diagnosis.naming.answer_match import Heard, Said, Tried, at_kink, breaks, entry_of, outside, said, same
from gradcheck.diagnosis.naming.fitted_numbers import fitted
from gradcheck.diagnosis.naming.further_cases import drawn_cases, ops_of
from gradcheck.diagnosis.naming.lazy_sequence import Kept
from gradcheck.diagnosis.naming.mlp_layers import layers_explained
from gradcheck.diagnosis.naming.neuron_relations import neurons_explained
from gradcheck.diagnosis.naming.single_edges import Partly, bends_messages, wrong_edges
from gradcheck.faults.entries import bends_at
from gradcheck.faults.fault import Fault
from gradcheck.problem import OPS, Case
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.subject.inprocess import InProcessSubject

MOST_CASES = 16
"""Failing cases, and as many others, on which a fault has to behave like the subject."""
LARGEST = 60
"""Nodes of a graph beyond which a case is not used: the catalogue's engine is a textbook, not a fast one."""
MOST_FURTHER = 450
"""Further cases looked through for such as tell faults apart, or bear the last one out."""
BORNE_OUT = 8
"""Further cases, beside all that failed, on which the last explanation left has to hold, where it says anything."""
ENOUGH = 2
"""Wrong answers that a looser reading has to explain."""


@dataclass(frozen=True)
class Likeness:
    """The faults that gave the subject's answers, on how many cases that was so, and in what reading."""

    faults: tuple[Fault, ...] = ()
    cases: int = 0
    reading: str = ""


@dataclass(frozen=True)
class Bend:
    """One way of making a fault; `partly`, at those edges alone whose message is wrong on its own."""

    fault: Fault
    make: Callable[[], Any]
    partly: bool = False
    entry: str = NATIVE

    def said(self, one: Heard) -> Said | None:
        """What such an engine says, made afresh."""
        return self._heard(one)[0]

    def gives(self, one: Heard) -> bool:
        """Whether that is what the subject says."""
        ours, noise = self._heard(one)
        return same(one.theirs, ours, one.case.dtype, noise)

    def _heard(self, one: Heard) -> tuple[Said | None, float]:
        engine = Partly(self.make(), wrong_edges(one)) if self.partly else self.make()
        ours = said(InProcessSubject(engine, entry=self.entry), one.case)
        return ours, getattr(engine, "noise", 0.0)


Meets = Callable[[Bend, Heard], bool]
"""Whether a bend explains what was heard."""


def _everywhere(bend: Bend, one: Heard) -> bool:
    return bend.gives(one)


def _on_arrays(bend: Bend, one: Heard) -> bool:
    return one.entry == NATIVE and (_everywhere(bend, one) if not _of_scalars(one.case) else not one.wrong)


def _on_scalars(bend: Bend, one: Heard) -> bool:
    return one.entry == NATIVE and (_everywhere(bend, one) if _of_scalars(one.case) else not one.wrong)


def _of_scalars(case: Tried) -> bool:
    """Whether every node is a scalar, made entry by entry."""
    graph = case.graph if isinstance(case, Case) else None
    return graph is not None and all(s == () for s in graph.shapes) and all(OPS[op].elementwise for op in ops_of(case))


def _where_wrong(bend: Bend, one: Heard) -> bool:
    if not one.wrong and getattr(bend.make(), "throughout", False):
        return _everywhere(bend, one)  # a fault of every layer, or of the whole gradient
    return not one.wrong or one.theirs is None or _everywhere(bend, one)


def _by_relation(bend: Bend, one: Heard) -> bool:
    explained = RELATIONS.get(one.entry)
    return explained is not None and (explained(bend.make, one) or _everywhere(bend, one))


def _by_form(bend: Bend, one: Heard) -> bool:
    """The same numbers; where the subject has none of the right form, neither has such an engine.

    Where its adjoints alone have a wrong shape, what becomes of them is each engine's own affair: the subject is wrong.
    """
    ours, right = bend.said(one), one.right
    if same(one.theirs, ours, one.case.dtype):
        return True
    if not one.wrong or not breaks(ours, right):
        return False
    return breaks(one.theirs, right) or not breaks(outside(ours), right)


RELATIONS = MappingProxyType({"mlp_gradients": layers_explained, "neuron_gradients": neurons_explained})
"""What holds the answers of an entry point against their own relations."""


READINGS: tuple[tuple[str, Meets, bool], ...] = (
    ("", _everywhere, False),
    ("on graphs of arrays", _on_arrays, False),
    ("on graphs of scalars", _on_scalars, False),
    ("wherever it is wrong", _where_wrong, False),
    ("at every argument that is sent something wrong", _everywhere, True),
    ("in every relation that is wrong among its own numbers", _by_relation, False),
    ("wherever its answer has a form to compare", _by_form, False),
)
"""What is said of it; when a bend meets it; whether it is bent at some edges alone."""


def alike(subject: Subject, failing: Sequence[Tried], others: Sequence[Tried]) -> Likeness:
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


def usable(cases: Sequence[Tried], entry: str, subject: Subject) -> list[Tried]:
    """The cases put to an entry point that are small enough, and at no kink; the smallest first."""
    fit = [c for c in cases if entry_of(c, subject) == entry]
    small = [c for c in fit if entry != NATIVE or _nodes(c) <= LARGEST]
    return [c for c in sorted(small, key=_nodes) if not at_kink(c)]


class _Search:
    """The search among the faults of one entry point."""

    def __init__(self, subject: Subject, entry: str, failing: Sequence[Tried], others: Sequence[Tried]) -> None:
        self._entry = entry
        kinds = [usable(failing, entry, subject), usable(others, entry, subject)]
        first = [case for cases in kinds for case in cases[:MOST_CASES]]
        rest = [case for cases in kinds for case in cases[MOST_CASES:]]
        self._heard = [Heard(case, subject, entry) for case in first]
        self._owed = len(kinds[0][MOST_CASES:])  # whatever failed is to be explained, however many those are
        drawn = drawn_cases(entry, [*first, *rest])
        further = (case for case in (*rest, *drawn) if not at_kink(case))
        self._further = Kept(Heard(case, subject, entry) for case in islice(further, MOST_FURTHER))

    def result(self) -> Likeness:
        """The faults that meet the strictest reading that any meets."""
        if not any(one.wrong for one in self._heard):  # wrong elsewhere only: that says nothing about how
            return Likeness()
        if all(one.theirs is None for one in self._heard):
            return Likeness()
        telling = any(map(_telling, self._heard))
        made = [*bends_at(self._entry), *fitted(self._entry, self._heard)]
        for reading, meets, partly in READINGS:
            if meets is _where_wrong and not telling:
                continue
            bends = [Bend(row, make, partly, self._entry) for row, make in made if not partly or bends_messages(make)]
            if likeness := self._apart(reading, meets, bends):
                return likeness
        return Likeness()

    def _apart(self, reading: str, meets: Meets, bends: Sequence[Bend]) -> Likeness | None:
        """The faults that meet a reading on all cases, after further ones were asked that could refute them."""
        ordered = sorted(self._heard, key=lambda one: not one.wrong)
        left = [bend for bend in bends if all(meets(bend, one) for one in ordered)]
        tried, borne_out, telling = len(ordered), 0, [one for one in ordered if _telling(one)]
        for number, one in enumerate(self._further):
            several = len({bend.fault.code for bend in left}) > 1
            if not left or (not several and number >= self._owed and borne_out >= BORNE_OUT):
                break
            answers = [bend.said(one) for bend in left]
            if number >= self._owed and all(
                same(a, one.right if not several else answers[0], one.case.dtype) for a in answers
            ):
                continue  # whatever the subject says, it tells nothing
            tried += 1
            telling += [one] if _telling(one) else []
            left = [bend for bend in left if meets(bend, one)]
            borne_out += not several and one.wrong  # where it is right, a looser reading asks nothing
        if meets is _by_form:  # two wrong forms are not yet one mistake
            left = [bend for bend in left if sum(_everywhere(bend, one) for one in telling) >= ENOUGH]
        if not left or (reading and len(telling) < ENOUGH):
            return None
        return Likeness(tuple({bend.fault.code: bend.fault for bend in left}.values()), tried, reading)


def _telling(one: Heard) -> bool:
    """Whether there are wrong numbers to explain."""
    return one.wrong and one.theirs is not None


def _nodes(case: Tried) -> int:
    return len(case.graph) if isinstance(case, Case) else 0
