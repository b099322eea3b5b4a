"""Which fault of the catalogue behaves, on all cases tried, exactly like this subject?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check.asking import ask, entry_for
from gradcheck.errors import SubjectError
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.engine import Backprop
from gradcheck.faults.fault import Fault
from gradcheck.faults.network import DeltaRecursion
from gradcheck.faults.neurons import Neurons
from gradcheck.faults.sgd import Descent
from gradcheck.problem import OPS, Case, Training
from gradcheck.subject.answer import NATIVE, Answer, Subject, TrainingAnswer
from gradcheck.subject.inprocess import InProcessSubject

Array = NDArray[Any]
Tried = Case | Training

MOST_CASES = 16
"""Failing cases, and as many others, on which a fault has to behave like the subject."""
LARGEST = 60
"""Nodes of a graph beyond which a case is not used: the catalogue's engine is a textbook, not a fast one."""
ROUNDINGS = 4096
"""Units of roundoff, of a block's largest entry, within which two answers count as the same."""
RIGHT: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {NATIVE: Backprop, "mlp_gradients": DeltaRecursion, "neuron_gradients": Neurons, "train": Descent}
)
"""The textbook that the faults of an entry point bend, unbent."""


@dataclass(frozen=True)
class Likeness:
    """The faults that gave the subject's very answers, and on how many cases that was so."""

    faults: tuple[Fault, ...] = ()
    cases: int = 0


def alike(subject: Subject, failing: Sequence[Tried], others: Sequence[Tried]) -> Likeness:
    """The faults that give the subject's very answers, wrong ones and right ones, on all cases tried.

    Faults are compared on the cases that their kind of entry point takes; at least one failing case has to be among
    them. An answer that cannot be had counts as no evidence, and neither does a case at a kink, where engines may
    rightly differ. An engine that treats scalars and arrays in two pieces of code may be wrong in one of them alone: if
    it fails on scalars only (or on arrays only) and no fault fits all cases, the other kind is left out.
    """
    found, cases = list[Fault](), 0
    for entry in dict.fromkeys(_entry(case, subject) for case in failing):
        kinds = {_scalar(case) for case in failing if _entry(case, subject) == entry}
        narrower = [[c for c in others if _scalar(c) in kinds]] if len(kinds) == 1 else []
        for passing in (others, *narrower):
            chosen = [*_small(subject, failing, entry), *_small(subject, passing, entry)]
            theirs = [(case, said) for case in chosen if (said := _asked(subject, case)) is not None]
            if not theirs or _same(RIGHT[entry], entry, theirs):  # wrong elsewhere only: that says nothing about how
                break
            fits = [f for f in CATALOGUE if f.entry == entry and not f.right and _same(f.subject, entry, theirs)]
            if fits:
                found += fits
                cases += len(theirs)
                break
    return Likeness(tuple(found), cases)


def _entry(case: Tried, subject: Subject) -> str:
    return "train" if isinstance(case, Training) else entry_for(case, subject)


def _small(subject: Subject, cases: Sequence[Tried], entry: str) -> list[Tried]:
    fit = [c for c in cases if _entry(c, subject) == entry and (entry != NATIVE or _nodes(c) <= LARGEST)]
    return [c for c in sorted(fit, key=_nodes) if not _at_kink(c)][:MOST_CASES]


def _scalar(case: Tried) -> bool:
    return isinstance(case, Case) and not any(case.graph.shapes)


def _at_kink(case: Tried) -> bool:
    if not isinstance(case, Case):
        return False
    graph, values = case.graph, case.graph.evaluate(case.point)
    for node in graph.nodes:
        kink = OPS[node.op].kink if node.inputs else None
        if kink is not None and not np.all(kink(*(values[a] for a in node.inputs), **node.attributes)):
            return True
    return False


def _nodes(case: Tried) -> int:
    return len(case.graph) if isinstance(case, Case) else 0


def _asked(subject: Subject, case: Tried) -> Answer | TrainingAnswer | None:
    try:
        return subject.train(case) if isinstance(case, Training) else ask(subject, case)
    except SubjectError:
        return None


def _same(make: Callable[[], Any], entry: str, answers: Sequence[tuple[Tried, Answer | TrainingAnswer]]) -> bool:
    own = InProcessSubject(make(), entry=entry)
    for case, theirs in answers:
        ours = _asked(own, case)
        if ours is None:
            return False
        if isinstance(theirs, TrainingAnswer) and isinstance(ours, TrainingAnswer):
            pairs = list(zip(ours.steps, theirs.steps, strict=False))
            if len(ours.steps) != len(theirs.steps) or not all(
                np.array_equal(a.indices, b.indices) and _alike(a.parameters, b.parameters, case.dtype)
                for a, b in pairs
            ):
                return False
        elif isinstance(theirs, Answer) and isinstance(ours, Answer):
            same_value = _equal(ours.value, theirs.value, case.dtype)
            if not same_value or not _alike(ours.gradients, theirs.gradients, case.dtype):
                return False
    return True


def _alike(ours: dict[str, Array], theirs: dict[str, Array], dtype: str) -> bool:
    return set(ours) == set(theirs) and all(_equal(ours[b], theirs[b], dtype) for b in theirs)


def _equal(a: Array, b: Array, dtype: str) -> bool:
    if a.shape != b.shape:
        return False
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        size = np.max(np.abs(b[np.isfinite(b)]), initial=0.0)
        near = np.abs(a - b) <= ROUNDINGS * float(np.finfo(dtype).eps) * max(size, 1e-3)
    return bool(np.all(near | (a == b) | ((a != a) & (b != b))))
