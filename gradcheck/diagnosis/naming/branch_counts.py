"""What a subject does where a node has several uses, or two nodes have one value; read from counts of paths.

A fault of the catalogue matches a subject only if both walk graphs in the same order. Counts do not depend on the
order: which use counts may change from graph to graph, but not that only one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradcheck.diagnosis.naming.answer_match import RIGHT
from gradcheck.diagnosis.naming.path_counts import BASE, NEEDED, Tally, forks, gradient, pair, straight, tally, wide
from gradcheck.diagnosis.naming.visit_counts import STARS, counts_of_ways
from gradcheck.faults.catalogue import fault
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case, NeuronDAG
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.subject.inprocess import InProcessSubject

Shape = tuple[int, ...]
Read = Sequence[Tally | None]


def several_uses(subject: Subject, known: frozenset[str]) -> tuple[Fault | None, str]:
    """The fault that explains how often each path counts, and how that is known; `known` are ops it may be asked for.

    None where all is right, where a graph without forks is wrong already, or where what it does has no name.
    """
    if not known >= NEEDED:
        return None, ""
    for shape in ((), (3,)) if "sum" in known else ((),):
        if not _right(subject, straight(shape)):
            return None, ""
        kind = " of arrays" if shape else ""
        leaves, inner = ([tally(subject, f) for f in forks(shape, inner)] for inner in (False, True))
        few, many = [*leaves, *inner], [tally(subject, wide(shape, inner)) for inner in (False, True)]
        for code, read in ((_uses(leaves, inner), few), ("F19" if all(map(_one_alone, many)) else "", many)):
            if code:
                wrong = sum(not _fair(t) for t in read)
                return fault(code), f"by the digits of its gradients in {wrong} of {len(read)} graphs{kind}:"
            if not all(map(_fair, read)):
                return None, ""
        if code := _values(subject, shape):
            return fault(code), "is right where two nodes differ in value, and wrong where they have the same:"
    return None, ""


def several_successors(subject: Subject) -> tuple[Fault | None, str]:
    """The same for networks of neurons, from how often each way from a weight to the loss counts.

    The gradient of the weight into a neuron shows what the neuron receives; the weight before it, what it sends.
    """
    networks = [star.network() for star in STARS]
    received, passed = _ways(subject, networks, ("v", "w")), _ways(subject, networks, ("x", "v"))
    every = [*received, *passed]
    if all(map(_fair, every)) or None in every:
        return None, ""
    wrong = f"by how often each way to the loss counts, for {sum(not _fair(t) for t in every)} of {len(every)} weights"
    code = _uses([t for t in received if t is None or len(t) > 1], [t for t in passed if t is None or len(t) > 1])
    if code and code != "F02" and all(_fair(t) for t in every if t is not None and len(t) == 1):  # F02 is F130 here
        return fault(code), f"{wrong}:"
    sorted_ones = [replace(n, neurons={v: n.neurons[v] for v in n.order()}) for n in networks]
    if all(_fair(t) for edge in (("v", "w"), ("x", "v")) for t in _ways(subject, sorted_ones, edge)):
        return fault("F04"), f"{wrong}, and for none if the neurons are declared in topological order:"
    return None, ""


def _ways(subject: Subject, networks: Sequence[NeuronDAG], edge: tuple[str, str]) -> list[Tally | None]:
    """How often each way from the edge to the loss counts in its weight's gradient, in each network."""
    found = list[Tally | None]()
    for network in networks:
        counts = [round(count, 6) for count in counts_of_ways(subject, network).get(edge, {}).values()]
        share = 1.0 / max(1, len(counts))
        found.append(tuple(share if abs(c - share) < 1e-5 else c for c in counts) or None)
    return found


def _uses(leaves: Read, inner: Read) -> str:
    """The fault's code; "" if all paths count once, or nothing fits."""
    counts = [t for t in (*leaves, *inner) if t is not None]
    if len(counts) < len(leaves) + len(inner):
        return ""
    if all(t == (1.0 / len(t),) * len(t) for t in counts):
        return "F10"
    if all(map(_one_alone, counts)):
        return "F19"
    wrong = [t for t in inner if t is not None and not _fair(t)]
    if not all(map(_fair, leaves)) or len(wrong) < 2:
        return ""
    if all(min(t) >= 1.0 for t in wrong):
        return "F02"
    return "F03" if all(max(t) == 1.0 and min(t) == 0.0 for t in wrong) else ""


def _fair(t: Tally | None) -> bool:
    return t is not None and set(t) == {1.0}


def _one_alone(t: Tally | None) -> bool:
    return t is not None and sorted(t) == [0.0] * (len(t) - 1) + [1.0]


def _values(subject: Subject, shape: Shape) -> str:
    """The fault that shows only where two nodes have the same value; "" if none does."""
    apart, alike = (gradient(subject, pair(values, shape)) for values in ((3.0, 5.0), (3.0, 3.0)))
    right = {"a": float(BASE**2), "b": float(BASE**3)}
    if apart != right or alike is None:
        return ""
    if alike == dict.fromkeys(right, sum(right.values())):
        return "F06"
    lost = [k for k in right if alike[k] == 0.0]
    return "F05" if len(lost) == 1 and all(alike[k] == right[k] for k in right if k not in lost) else ""


def _right(subject: Subject, case: Case) -> bool:
    return gradient(subject, case) == gradient(InProcessSubject(RIGHT[NATIVE]()), case)
