"""How a case is put to a subject: by the entry point made for its kind of problem, else as the graph it lowers to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gradcheck.problem import MLP, Case, Cost, NeuronDAG, Training
from gradcheck.subject.answer import NATIVE, Answer, Subject

ENTRIES: Mapping[type, str] = MappingProxyType({MLP: "mlp_gradients", NeuronDAG: "neuron_gradients"})
"""The entry point that takes a problem of this kind as it is; every other problem goes as a graph."""


def entry_for(case: Case, subject: Subject) -> str:
    """The entry point that the case is put to; SubjectError where the subject cannot be loaded."""
    own = ENTRIES.get(type(case.problem), NATIVE)
    return own if own in subject.entry_points() else NATIVE


def ask(subject: Subject, case: Case, *, count: bool = False, most: int | None = None) -> Answer:
    """The subject's answer to the case; with `count` it carries the number of element operations.

    Raises SubjectError where there is no answer to judge; GC065 where operations were counted and exceeded `most`.
    """
    entry = entry_for(case, subject)
    problem: Any = case.graph if entry == NATIVE else case.problem
    return subject.ask(problem, case.point, case.dtype, entry, count=count, most=most)


def missing_entry(case: Case | Training | Cost, subject: Subject) -> str | None:
    """The entry point that the subject would need for this case and has not; None where it can be asked."""
    if isinstance(case, Training):
        entry = "train"
    else:
        entry = entry_for(case.smallest if isinstance(case, Cost) else case, subject)
    return None if entry in subject.entry_points() else entry
