"""Adjoints that a subject reveals are part of its answer, and judged: dl/dv of any node v.

Every revealed node gets a probe, a parameter of value 0 that is added to it: dl/dv is the gradient with respect to the
probe, so that the oracles answer for all nodes in one question. The nearest wrong node to the loss is named. Constants
get no probe, since an op may rest on their being constant (an exponent that is a whole number).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem, Unsupported
from gradcheck.judge.allowance import allowances, least_measured, measured, settled
from gradcheck.judge.graph_estimates import Gathered, closely, gather, gather_needed
from gradcheck.oracle.analysis import Analysis
from gradcheck.oracle.estimate import Estimate, Oracle
from gradcheck.oracle.exact import exact
from gradcheck.problem import Case, Graph
from gradcheck.problem.parts import probed
from gradcheck.problem.walks import ancestors
from gradcheck.verdict.compare import Comparison, intersect, judge
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.worst import facts_of_wrong

Array = NDArray[Any]

MOST = 1000
"""Maximum number of revealed adjoints that are judged: each makes the question longer by two nodes."""

PROOF = exact.name
"""The oracle that is asked about right adjoints. Before one is called wrong, all are asked, and this one always, since
only its analysis gives what rounding may cost."""


def revealed(
    case: Case, adjoints: Mapping[str, Array], oracles: Sequence[Oracle], known: Analysis | None = None
) -> list[Finding]:
    """Findings about the adjoints of a subject whose gradients are right: of the wrong form, or wrong.

    `known`: the analysis of the case itself, in which most right adjoints are seen to be right; a run of the
    built-in suites takes 13.9 s, and took 15.2 s before it was used.

    Raises HarnessFault when proven oracles contradict each other.
    """
    graph = case.graph
    places = {name: k for k, name in enumerate(graph.names)}
    findings = []
    if unknown := [name for name in adjoints if name not in places]:
        findings.append(finding("GC071", why=f"{', '.join(map(repr, unknown))}: no such node in the graph"))
    given = {places[name]: a for name, a in adjoints.items() if name in places}
    if len(given) > MOST:
        return [*findings, finding("GC071", why=f"{len(given)} nodes, of which at most {MOST} can be")]
    for node, a in given.items():
        if a.shape != graph.shapes[node] or a.dtype.kind not in "fiu":
            came = f"an array of shape {a.shape} of {a.dtype}"
            return [*findings, finding("GC072", node=repr(graph.names[node]), wanted=graph.shapes[node], came=came)]
    if known is not None and _seen_right(case, given, known):
        return findings
    judged = _judge(case, given, [o for o in oracles if o.name == PROOF] or oracles, needed_only=True)
    if any(c.wrong.any() for c in judged.values()):
        judged = _judge(case, given, [*(o for o in oracles if o.name != PROOF), exact])
    for node in reversed(graph.order.tolist()):
        if node in judged and judged[node].wrong.any():
            return [*findings, _wrong(case, node, judged[node], sum(bool(c.wrong.any()) for c in judged.values()))]
    return findings


def _seen_right(case: Case, adjoints: Mapping[int, Array], known: Analysis) -> bool:
    """Whether the case's own analysis shows that every adjoint is right; False where it does not tell."""
    graph = case.graph
    behind = set(ancestors(graph, graph.loss))
    nodes = [i for i in adjoints if graph.op(i) != "constant"]
    if any(np.any(adjoints[i]) for i in nodes if i not in behind):  # the loss does not depend on it
        return False
    nodes = [i for i in nodes if i in behind]
    proofs = known.adjoints(nodes)
    if proofs is None or not all(map(closely, proofs)):
        return False
    unrounded = replace(known, rounding=None)
    one = [proof.value.size == 1 for proof in proofs]
    numbers = [(adjoints[i], proof) for i, proof, lone in zip(nodes, proofs, one, strict=True) if lone]
    if numbers and not _numbers_right(numbers, known.operations, np.dtype(case.dtype)):
        return False
    for i, proof in ((i, proof) for i, proof, lone in zip(nodes, proofs, one, strict=True) if not lone):
        truth = intersect({PROOF: proof}, graph.shapes[i])
        allowance = measured(unrounded, 0, truth, np.dtype(case.dtype))
        compared = judge(
            graph.names[i], adjoints[i].astype(case.dtype), truth, allowance, np.full(truth.middle.shape, np.inf)
        )
        if np.any(compared.wrong | compared.open):
            return False
    return True


def _numbers_right(numbers: Sequence[tuple[Array, Estimate]], operations: int, dtype: np.dtype[Any]) -> bool:
    """Whether the adjoints of nodes of one entry are right, all in one comparison: node by node took ten times as long.

    `numbers`: each adjoint, and its proof.
    """
    given = np.array([float(a.astype(dtype).item()) for a, _ in numbers])
    true = np.array([proof.value.item() for _, proof in numbers])
    error = np.array([proof.error.item() for _, proof in numbers])
    allowance = least_measured(true, np.abs(true), operations, dtype)
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(given - true) - error <= allowance))


def _judge(
    case: Case, adjoints: Mapping[int, Array], oracles: Sequence[Oracle], *, needed_only: bool = False
) -> dict[int, Comparison]:
    """Every revealed adjoint whose truth is known, by node; none at a kink, where there is no one truth.

    Nor where one is wrong and ties cancel, which an engine may settle each by a rule of its own. With `needed_only` no
    rounding is measured where the proof is close, which is enough to call all of them right.
    """
    varying = case.graph.depends_on_parameters()
    nodes = [i for i in adjoints if case.graph.op(i) != "constant"]
    for chosen in (nodes, [i for i in nodes if varying[i]]):  # an input may be one that nothing can be derived by
        graph, probes, zeros = _probed(case.graph, tuple(chosen))
        try:
            asked = Case(case.name, graph, {**case.point, **zeros}, dtype=case.dtype)
        except InvalidProblem:
            continue
        needed = gather_needed(asked, oracles, crossed=False) if needed_only else None
        gathered = needed or gather(asked, oracles)
        if gathered.analysis is not None and not gathered.analysis.smooth:
            return {}
        limits = allowances(asked, gathered)
        judged = {}
        for i, probe in zip(chosen, probes, strict=True):
            given, truth = adjoints[i].astype(case.dtype), gathered.gradients[probe]
            free = np.full(given.shape, np.inf)
            compared = judge(case.graph.names[i], given, truth, limits.gradients[probe], free)
            judged[i] = settled(compared, partial(limits.repeating, probe))
        if any(c.wrong.any() for c in judged.values()) and _ties_matter(gathered):
            return {}
        return judged
    return {}


@lru_cache(maxsize=512)
def _probed(graph: Graph, nodes: tuple[int, ...]) -> tuple[Graph, list[str], dict[str, Array]]:
    """The same graph for the same question, so that an oracle that remembers can answer it from memory."""
    return probed(graph, nodes)


def _ties_matter(gathered: Gathered) -> bool:
    """Whether the rules by which an engine settles ties decide what its adjoints are."""
    analysis = gathered.analysis
    try:
        return analysis is not None and analysis.by_local_rules() is not None
    except Unsupported:  # too many to tell
        return True


def _wrong(case: Case, node: int, comparison: Comparison, count: int) -> Finding:
    names = case.graph.names
    facts = facts_of_wrong(comparison)
    del facts["entries"]
    return finding("GC070", **{**facts, "loss": names[case.graph.loss], "node": repr(names[node]), "wrong": count})
