"""Asks a subject about parts of a failed case, and judges what it answers.

Every adjoint of the case is proven at once, so that a right answer costs a question to the subject alone. One that is
not right by that is judged as a case of its own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import HarnessFault, InvalidProblem, SubjectError
from gradcheck.judge.allowance import counted
from gradcheck.judge.graph_comparison import compare_answer, legal_by_local_rules
from gradcheck.judge.graph_estimates import gather, gather_at
from gradcheck.judge.settings import Settings
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case, Graph
from gradcheck.problem.parts import probed
from gradcheck.problem.walks import ancestors
from gradcheck.subject.answer import Answer, Subject
from gradcheck.verdict.compare import Comparison, Truth

Array = NDArray[Any]

BUDGET = 400
"""Maximum number of questions to the subject before the search for one place ends."""


class Parts:
    """A subject's answers about parts of one case, judged; `values` are those of the case's nodes.

    An argument `extra` has the values of names that are a part's alone, or have another value there.
    """

    def __init__(self, case: Case, subject: Subject, oracles: Sequence[Oracle]) -> None:
        self.values = case.graph.evaluate(case.point)
        self._case, self._subject = case, subject
        # One proof is enough to find the place, and the symbolic oracle is the cheapest for small graphs.
        self._oracles = [o for o in oracles if o.name == "symbolic"] or list(oracles)
        self._left = BUDGET

    def value(self, part: Graph) -> Comparison | None:
        """The part's loss, judged; None where the subject or the oracles leave nothing to judge."""
        answer = self._answer(part, {})
        judged = None if answer is None else self._judged(part, {}, answer, ())
        return None if judged is None else judged[0]

    def wrong(self, part: Graph, extra: Mapping[str, Array]) -> list[str] | None:
        """The parameters whose gradient is wrong; None as for `value`."""
        answer = self._answer(part, extra)
        return None if answer is None else self._wrong(part, extra, answer, answer.gradients)

    def adjoint_wrong(self, node: int, part: Graph, extra: Mapping[str, Array]) -> bool | None:
        """Whether the gradient of the case's `node`, a parameter of the part beyond it, is wrong; None as for `value`.

        Before the adjoints were proven at once, an oracle was asked about every part, and every gradient in it was
        compared: 23 ms of processor time a node, now 6.
        """
        answer = self._answer(part, extra)
        if answer is None:
            return None
        name, truth = self._case.graph.names[node], self._adjoints.get(node)
        if truth is not None and _has_form(part, answer) and _right(part, answer.gradients[name], truth, self._dtype):
            return False
        wrong = self._wrong(part, extra, answer, [name])
        return None if wrong is None else bool(wrong)

    def point(self, part: Graph, extra: Mapping[str, Array]) -> dict[str, Array]:
        """The point at which a part is asked about."""
        values = {**self.values, **extra}
        return {part.names[i]: values[part.names[i]] for i in part.free}

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(self._case.dtype)

    @cached_property
    def _adjoints(self) -> dict[int, Truth]:
        """The proven adjoint of every node that has one; {} at a kink, and where the oracle steps aside."""
        graph = self._case.graph
        varying = graph.depends_on_parameters()
        nodes = [i for i in ancestors(graph, graph.loss) if varying[i]]
        longer, probes, zeros = probed(graph, nodes)
        try:
            gathered = gather_at(longer, {**self._case.point, **zeros}, self._oracles[:1])
        except (InvalidProblem, HarnessFault):
            return {}
        known = {i: gathered.gradients[probe] for i, probe in zip(nodes, probes, strict=True)}
        return {i: truth for i, truth in known.items() if np.all(truth.known)}

    def _answer(self, part: Graph, extra: Mapping[str, Array]) -> Answer | None:
        """The subject's answer; None where it has none, or the budget is spent."""
        if self._left <= 0:
            return None
        self._left -= 1
        try:
            return self._subject.ask(part, self.point(part, extra), self._dtype)
        except (InvalidProblem, SubjectError):
            return None

    def _wrong(
        self, part: Graph, extra: Mapping[str, Array], answer: Answer, blocks: Collection[str]
    ) -> list[str] | None:
        judged = self._judged(part, extra, answer, blocks)
        return None if judged is None else [c.block for c in judged[1:] if c.wrong.any()]

    def _judged(
        self, part: Graph, extra: Mapping[str, Array], answer: Answer, blocks: Collection[str]
    ) -> list[Comparison] | None:
        """The loss and some blocks beside the truth, blocks left out that are clearly right.

        A right answer needs one oracle; before an answer counts as wrong, rounding is measured.
        """
        if not _has_form(part, answer):
            return None
        try:
            case = Case("part", part, self.point(part, extra), dtype=self._case.dtype)
            judged = self._compared(case, answer, blocks, self._oracles[:1])
            if len(self._oracles) > 1 and any(c.wrong.any() or not np.all(c.truth.known) for c in judged):
                judged = self._compared(case, answer, blocks, self._oracles)
        except (InvalidProblem, HarnessFault):
            return None
        return judged

    def _compared(
        self, case: Case, answer: Answer, blocks: Collection[str], oracles: Sequence[Oracle]
    ) -> list[Comparison]:
        """The answer beside the truth. What is legal where ties cancel counts as right."""
        gathered = gather(case, oracles)
        given = answer.gradients
        unclear = [b for b in blocks if not _right(case.graph, given[b], gathered.gradients[b], self._dtype)]
        if blocks and not unclear:
            return []
        left = replace(answer, gradients={block: given[block] for block in unclear})
        compared, limits = compare_answer(case, left, gathered, Settings())
        if legal_by_local_rules(case, answer, compared, limits):
            return [compared[0], *(replace(c, wrong=np.zeros_like(c.wrong)) for c in compared[1:])]
        return compared


def _has_form(part: Graph, answer: Answer) -> bool:
    """Whether an answer has a gradient of the right shape for every parameter."""
    given = answer.gradients
    names = [(part.names[i], part.shapes[i]) for i in part.parameters]
    return all(name in given and given[name].shape == shape for name, shape in names)


def _right(part: Graph, given: Array, truth: Truth, dtype: np.dtype[Any]) -> bool:
    """Whether a gradient is within the fewest roundings that the part may take."""
    operations = sum(math.prod(shape) for shape in part.shapes)
    allowance = counted(operations, truth, 0.0, dtype)
    return bool(np.all(np.abs(given.astype(dtype) - truth.middle) + truth.radius <= allowance))
