"""How a case is put to a subject: by the entry point made for its kind of problem, else as the graph it lowers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gradcheck.problem import MLP, AdaGrad, Case, Constant, Cost, Custom, Decay, NeuronDAG, Training
from gradcheck.problem.evaluations import derivative_evaluated
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
    derivative_evaluated()
    return subject.ask(problem, case.point, case.dtype, entry, count=count, most=most)


def missing_entry(case: Case | Training | Cost, subject: Subject) -> str | None:
    """The entry point that the subject would need for this case and has not; None where it can be asked."""
    if isinstance(case, Training):
        entry = "train"
    else:
        entry = entry_for(case.smallest if isinstance(case, Cost) else case, subject)
    return None if entry in subject.entry_points() else entry


SCHEDULES = tuple(schedule.__name__ for schedule in (Constant, Decay, AdaGrad, Custom))
PENALTY = "l2"


@dataclass(frozen=True, order=True)
class Use:
    """One thing that a case asks of an entry point.

    An op where it is put as a graph; a nonlinearity, a loss, a penalty or a schedule where it is put as a network or a
    training.
    """

    entry: str
    name: str


def uses(case: Case | Training | Cost, subject: Subject) -> frozenset[Use]:
    """Everything that a subject needs to answer the case; leaves of a graph are counted among its ops."""
    if isinstance(case, Cost):
        return uses(case.smallest, subject)
    if isinstance(case, Training):
        return frozenset(Use("train", name) for name in (type(case.schedule).__name__, *_of_network(case.mlp)))
    entry = entry_for(case, subject)
    if entry == NATIVE:
        return frozenset(Use(entry, kind) for kind in case.graph.kinds)
    assert isinstance(case.problem, MLP | NeuronDAG)  # nothing else has an entry point of its own
    return frozenset(Use(entry, name) for name in _of_network(case.problem))


def _of_network(network: MLP | NeuronDAG) -> set[str]:
    if isinstance(network, NeuronDAG):
        return {*network.neurons.values(), network.loss}
    return {*network.activations, network.loss} | ({PENALTY} if network.l2 else set())
