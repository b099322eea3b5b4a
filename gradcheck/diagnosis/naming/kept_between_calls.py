"""What a subject keeps between calls. It is asked the same sequence of questions twice, each time from a fresh start.

A fault of state gives the same answers as the catalogue's engine on the whole sequence. A subject that answers
differently after the same fresh start draws at random, or reads memory that it never wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np

from gradcheck.diagnosis.naming.answer_match import (
    RIGHT,
    AnyAnswer,
    AskedCase,
    Observed,
    answer_of,
    equal,
    same,
    unlike,
)
from gradcheck.faults.catalogue import CATALOGUE, fault
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case, GraphBuilder
from gradcheck.problem.walks import ancestors
from gradcheck.subject.answer import NATIVE, Answer, Subject
from gradcheck.subject.inprocess import InProcessSubject

LENGTHS = (3, 5, 8)
"""Number of products in each graph of the questions; no two graphs have the same number of nodes."""


POINTS = ((1.25, -0.75), (0.5, 1.5))
ROUND = (0, 0, 1, 0)
"""The points at which each graph is asked about, in order."""


def questions() -> list[Case]:
    """Each graph at one point twice, then at another, then at the first again; one parameter is not used.

    No two graphs have a node's name in common.
    """
    cases = []
    for length in LENGTHS:
        build = GraphBuilder()
        x, w, unused = (f"{name}{length}" for name in ("x", "w", "unused"))
        v, factors = build.parameter(x), [build.parameter(w)]
        build.parameter(unused)
        factors.append(v)
        for k in range(length):
            v = build.mul(v, factors[k % 2], name=f"product{length}.{k}")
        graph = build.graph(v)
        points = [{x: np.asarray(a), w: np.asarray(b), unused: np.asarray(a)} for a, b in POINTS]
        cases += [Case(f"again {length}", graph, points[k]) for k in ROUND]
    return cases


def idle_questions(known: frozenset[str]) -> list[Case]:
    """Arrays of one shape, half of them parameters that the loss does not need: memory is freed and handed out again.

    `known` are the ops that the subject may be asked for.
    """
    cases = []
    for length in (3, 7, 40) if known >= {"mul", "sum"} else ():
        build = GraphBuilder()
        names = [f"x{length}.{k}" for k in range(4)]
        used = [build.parameter(name, (length,)) for name in names]
        idle = [f"idle{length}.{k}" for k in range(4)]
        for name in idle:
            build.parameter(name, (length,))
        product = used[0]
        for x in used[1:]:
            product = product * x
        here = np.linspace(0.3, 1.7, length)
        point = {name: here + k / 3 for k, name in enumerate(names)} | dict.fromkeys(idle, here)
        cases += [Case(f"idle {length}", build.graph(build.sum(product)), point)] * 3
    return cases


def state_fault(subject: Subject, asked: Sequence[Case]) -> tuple[Fault | None, str]:
    """The fault of state that explains a whole sequence of answers, and how; None if none does."""
    first, again = _answers(subject, asked), _answers(subject, asked)
    right = [answer_of(InProcessSubject(RIGHT[NATIVE]()), case) for case in asked]
    if _alike(first, right, asked) and _alike(again, right, asked):
        return None, ""
    if not _alike(first, again, asked) and not _only_unneeded(asked, [*first, *again], [*right, *right]):
        return fault("F75"), "answers otherwise after the same fresh start:"
    for row in CATALOGUE:
        stateful = row.scope == "protocol" and row.family == "state"
        if stateful and _alike(first, _answers(InProcessSubject(row.subject()), asked), asked):
            return row, "gives, to the same questions in the same order, the answers of"
    rounds = [list(zip(asked, first, right, strict=True))[k : k + len(ROUND)] for k in range(0, len(asked), len(ROUND))]
    if all(map(_added_up, rounds)):
        return fault("F70"), "gives twice the gradient where it is asked the same question again:"
    if all(map(_of_the_first_point, rounds)):
        return fault("F72"), "gives at another point the gradient of the first:"
    return None, ""


AskedTwice = tuple[Case, AnyAnswer | None, AnyAnswer | None]
"""A question, the subject's answer and the right one."""


def _added_up(questions_asked: Sequence[AskedTwice]) -> bool:
    """Whether the second answer to a question is twice the first, which is right."""
    (case, first, right), (_, again, _), *_ = questions_asked
    return same(first, right, case.dtype) and _gradients_times(again, 2.0, right, case)


def _of_the_first_point(questions_asked: Sequence[AskedTwice]) -> bool:
    """Whether the gradient at the other point is that of the first point, which was right."""
    (case, first, right), _, (_, elsewhere, due), _ = questions_asked
    moved = same(first, right, case.dtype) and not _gradients_times(due, 1.0, right, case)
    return moved and _gradients_times(elsewhere, 1.0, right, case)


def _gradients_times(answer: AnyAnswer | None, factor: float, right: AnyAnswer | None, case: Case) -> bool:
    if not isinstance(answer, Answer) or not isinstance(right, Answer):
        return False
    scaled = {name: factor * g for name, g in right.gradients.items()}
    return not unlike(answer.gradients, scaled, case.dtype)


def memory(subject: Subject, observed: Sequence[Observed], known: frozenset[str]) -> tuple[Fault | None, str]:
    """F73 for a subject whose wrong numbers, those of `idle_questions` too, come from memory that it never wrote."""
    if unneeded_only([*observed, *(Observed(case, subject, NATIVE) for case in idle_questions(known))]):
        return fault("F73"), "is wrong only in parameters that the loss does not need:"
    return None, ""


def unneeded_only(observed: Sequence[Observed]) -> bool:
    """Whether the loss needs none of the parameters with wrong numbers, and these numbers are no default such as 1."""
    wrong = [one for one in observed if one.wrong]
    return bool(wrong) and _only_unneeded(
        [one.case for one in wrong], [one.theirs for one in wrong], [one.right for one in wrong]
    )


def _only_unneeded(
    asked: Sequence[AskedCase], answers: Sequence[AnyAnswer | None], right: Sequence[AnyAnswer | None]
) -> bool:
    found = set[float]()
    for case, theirs, true in zip(cycle(asked), answers, right, strict=False):
        if not (isinstance(case, Case) and isinstance(theirs, Answer) and isinstance(true, Answer)):
            return False
        graph = case.graph
        needed = {graph.names[i] for i in ancestors(graph, graph.loss)}
        off = unlike(theirs.gradients, true.gradients, case.dtype)
        if not equal(theirs.value, true.value, case.dtype) or off & needed:
            return False
        found |= {float(v) for n in off if n in theirs.gradients for v in theirs.gradients[n].ravel()}
    finite = {v for v in found if np.isfinite(v)}  # NaN everywhere is a default value, too
    return len(finite) > 1 or any(not v.is_integer() for v in finite)


def _answers(subject: Subject, asked: Sequence[Case]) -> list[AnyAnswer | None]:
    subject.close()  # the next question starts a fresh process
    return [answer_of(subject, case) for case in asked]


def _alike(one: Sequence[AnyAnswer | None], other: Sequence[AnyAnswer | None], asked: Sequence[Case]) -> bool:
    return all(same(a, b, case.dtype) for a, b, case in zip(one, other, asked, strict=True))
