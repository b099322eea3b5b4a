"""Further cases for a subject, made of ops it was asked for; they are used where several explanations are left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from gradcheck.diagnosis.naming.answer_match import AskedCase
from gradcheck.diagnosis.naming.lazy_sequence import Kept
from gradcheck.errors import InvalidProblem
from gradcheck.problem import OPS, Case
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.drawn_networks import draw_mlp, draw_neurons
from gradcheck.strategies.pick import Pick, picker
from gradcheck.strategies.wish import REDUCTIONS, Wish
from gradcheck.subject.answer import NATIVE

COUNT = 240
"""Number of cases drawn; the same ones each time."""


def drawn_cases(entry: str, tried: Sequence[AskedCase]) -> Iterator[Case]:
    """Cases for an entry point, each made of forms of nodes that some case tried has; none for trainings.

    Where all cases tried are in one dtype, so are these: an engine of float32 is not asked in float64.
    """
    dtypes = {case.dtype for case in tried if isinstance(case, Case)}
    dtype = dtypes.pop() if len(dtypes) == 1 else "float64"
    for case in _drawn(entry, tried):
        try:
            yield case if case.dtype == dtype else replace(case, dtype=dtype)
        except InvalidProblem:  # its numbers do not fit that dtype
            continue


def _drawn(entry: str, tried: Sequence[AskedCase]) -> Iterator[Case]:
    if entry in _NETWORKS:
        yield from _networks(entry)
    elif entry == NATIVE:
        pick = picker(0)
        known, forms = {op for case in tried for op in ops_of(case)}, {f for case in tried for f in forms_of(case)}
        scalar = tuple(op for op in OPS if op in known and OPS[op].elementwise)
        every = tuple(op for op in OPS if op in known) if known.intersection(REDUCTIONS) else ()
        wishes = [Wish(max_nodes=n, ops=scalar) for n in (4, 8, 12) if scalar]
        wishes += [Wish(max_nodes=n, ops=every, scalar=False) for n in (5, 9) if every]
        branching = tuple(op for op in every if OPS[op].elementwise or op in REDUCTIONS)  # these make long ways
        wishes += [Wish(max_nodes=16, ops=branching, scalar=False)] if every else []
        for number in range(COUNT if wishes else 0):
            try:
                graph, point = draw(pick, wishes[number % len(wishes)])
            except InvalidProblem:
                continue  # these ops alone make no graph of this kind
            case = Case(f"drawn {number}", graph, point)
            if graph.arguments(graph.loss) and forms_of(case) <= forms:
                yield case


_NETWORKS: dict[str, Callable[[Pick], Case]] = {"mlp_gradients": draw_mlp, "neuron_gradients": draw_neurons}


@cache
def _networks(entry: str) -> Kept[Case]:
    """The networks drawn for an entry point; each is made once, when it is first needed."""
    pick = picker(0)
    return Kept(_NETWORKS[entry](pick) for _ in range(COUNT))


def ops_of(case: AskedCase) -> frozenset[str]:
    """Ops of a graph's inner nodes; empty for a training."""
    return case.graph.ops if isinstance(case, Case) else frozenset()


def forms_of(case: AskedCase) -> set[tuple[str, bool, tuple[str, ...]]]:
    """Form in which each op is applied: (op, whether an operand is stretched, attributes that are set).

    A subject may not support a form that it was never asked for, and be wrong there for another reason.
    """
    if not isinstance(case, Case):
        return set()
    graph, found = case.graph, set()
    for i, node in enumerate(graph.nodes):
        if node.inputs:
            stretched = OPS[node.op].elementwise and any(graph.shapes[a] != graph.shapes[i] for a in graph.arguments(i))
            found.add(
                (node.op, stretched, tuple(k for k, v in sorted(node.attributes.items()) if v not in (None, False)))
            )
    return found
