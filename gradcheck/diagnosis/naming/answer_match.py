"""Whether two answers agree, and the subject's answer to a case beside the textbook's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.faults.mlps.delta_recursion import DeltaRecursion
from gradcheck.faults.neurons.single_neurons import Neurons
from gradcheck.faults.trainings.descent import Descent
from gradcheck.judge.entry_points import ask, entry_for
from gradcheck.judge.training.step_protocol import wrong_form
from gradcheck.problem import MLP, OPS, Case, NeuronDAG, Training
from gradcheck.subject.answer import NATIVE, Answer, Subject, TrainingAnswer, TrainingStep
from gradcheck.subject.inprocess import InProcessSubject

Array = NDArray[Any]
AskedCase = Case | Training
AnyAnswer = Answer | TrainingAnswer

ROUNDINGS = 4096
"""Maximum difference of two answers that count as the same, in units of roundoff of a block's largest entry."""
RIGHT: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {NATIVE: Backprop, "mlp_gradients": DeltaRecursion, "neuron_gradients": Neurons, "train": Descent}
)
"""The right textbook for each entry point; the faults are bends of it."""


class Observed:
    """The subject's answer to a case, and the textbook's; each is asked for when first used.

    Attributes
    ----------
    case, subject, entry: the question, who answers it, and at which entry point.
    """

    def __init__(self, case: AskedCase, subject: Subject, entry: str) -> None:
        self.case, self.subject, self.entry = case, subject, entry

    @cached_property
    def theirs(self) -> AnyAnswer | None:
        """The subject's answer; None if it has none."""
        return answer_of(self.subject, self.case)

    @cached_property
    def right(self) -> AnyAnswer | None:
        """The textbook's answer."""
        return answer_of(InProcessSubject(RIGHT[self.entry](), entry=self.entry), self.case)

    @cached_property
    def wrong(self) -> bool:
        """Whether the two answers differ."""
        return not same(self.theirs, self.right, self.case.dtype)

    @cached_property
    def samples(self) -> list[Observed]:
        """The same network asked about each sample of its batch alone; empty for any other problem."""
        samples = _single_samples(self.case)
        return [self if each is self.case else Observed(each, self.subject, self.entry) for each in samples]


def _single_samples(case: AskedCase) -> list[AskedCase]:
    if not isinstance(case, Case) or not isinstance(case.problem, MLP | NeuronDAG):
        return []
    problem = case.problem
    if problem.batch == 1:
        return [case]
    alone, batched = replace(problem, batch=1), problem.input_shapes
    points = [{n: x[k : k + 1] if n in batched else x for n, x in case.point.items()} for k in range(problem.batch)]
    return [Case(f"{case.name}, sample {k}", alone, point, dtype=case.dtype) for k, point in enumerate(points)]


def nodes_of(case: AskedCase) -> int:
    """Number of nodes of the case's graph; 0 for a training."""
    return len(case.graph) if isinstance(case, Case) else 0


def entry_of(case: AskedCase, subject: Subject) -> str:
    """The entry point that takes the case."""
    return "train" if isinstance(case, Training) else entry_for(case, subject)


def answer_of(subject: Subject, case: AskedCase) -> AnyAnswer | None:
    """The subject's answer; None where it raises SubjectError."""
    try:
        return subject.train(case) if isinstance(case, Training) else ask(subject, case)
    except SubjectError:
        return None


def steps_of(subject: Subject, training: Training) -> Sequence[TrainingStep]:
    """The subject's steps; none if it has no answer, one of another form, or one with an empty batch."""
    answer = answer_of(subject, training)
    if not isinstance(answer, TrainingAnswer) or wrong_form(training, answer.steps):
        return ()
    return answer.steps if all(len(step.indices) for step in answer.steps) else ()


def at_kink(case: AskedCase) -> bool:
    """Whether some op of the graph is at a kink, where engines may rightly differ."""
    if not isinstance(case, Case):
        return False
    graph, values = case.graph, case.graph.evaluate(case.point)
    for node in graph.nodes:
        kink = OPS[node.op].kink if node.inputs else None
        if kink is not None and not np.all(kink(*(values[a] for a in node.inputs), **node.attributes)):
            return True
    return False


LOUDEST = 0.01
"""Maximum noise, as a share of the largest entry, within which numbers count as equal; beyond it anything would."""


def same(one: AnyAnswer | None, other: AnyAnswer | None, dtype: str, noise: float = 0.0) -> bool:
    """Whether two answers agree in every number, within a few roundings; gradients also within `noise`."""
    if isinstance(one, TrainingAnswer) and isinstance(other, TrainingAnswer):
        pairs = list(zip(one.steps, other.steps, strict=False))
        return len(one.steps) == len(other.steps) and all(
            np.array_equal(a.indices, b.indices) and not unlike(a.parameters, b.parameters, dtype) for a, b in pairs
        )
    if isinstance(one, Answer) and isinstance(other, Answer):
        if not np.all(np.isfinite(one.value)):  # engines may spread NaN backwards in different ways
            return equal(one.value, other.value, dtype)
        return equal(one.value, other.value, dtype) and not unlike(one.gradients, other.gradients, dtype, noise)
    return one is None and other is None


def breaks(answer: AnyAnswer | None, right: AnyAnswer | None) -> bool:
    """Whether there is no answer, or one whose form (adjoints included) differs from the right one's."""
    if not isinstance(right, Answer) or not isinstance(answer, Answer):
        return answer is None and right is not None
    forms = [{b: g.shape for b, g in each.gradients.items()} for each in (answer, right)]
    inner = [{b: a.shape for b, a in each.adjoints.items()} for each in (answer, right) if each.adjoints is not None]
    return forms[0] != forms[1] or any(one != inner[0] for one in inner)


def outside(answer: AnyAnswer | None) -> AnyAnswer | None:
    """The answer without its adjoints."""
    return replace(answer, adjoints=None) if isinstance(answer, Answer) else answer


def unlike(ours: Mapping[str, Array], theirs: Mapping[str, Array], dtype: str, noise: float = 0.0) -> set[str]:
    """The blocks that differ, or that only one of the two has."""
    both = ours.keys() & theirs.keys()
    return {b for b in {*ours, *theirs} if b not in both or not equal(ours[b], theirs[b], dtype, noise)}


def equal(a: Array, b: Array, dtype: str, noise: float = 0.0) -> bool:
    """Whether two arrays agree within `ROUNDINGS` of b's largest entry, and `noise`; the same NaN counts as equal."""
    if a.shape != b.shape:
        return False
    wide = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    a, b = a.astype(wide), b.astype(wide)
    with np.errstate(invalid="ignore"):
        size = np.max(np.abs(b[np.isfinite(b)]), initial=0.0)
        most = ROUNDINGS * float(np.finfo(dtype).eps) * max(size, 1e-3)
        near = np.abs(a - b) <= most + (noise if noise <= LOUDEST * max(size, 1e-3) else 0.0)
    return bool(np.all(near | (a == b) | ((a != a) & (b != b))))
