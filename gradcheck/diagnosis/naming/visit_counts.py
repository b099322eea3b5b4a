"""How often a neuron passes its gradient on, from the number of times that each way from a weight to the loss counts.

    dL/dw(u->v) = sum over the ways from v to the loss of  c times the product of weights and slopes along the way

with c = 1 for every way, if each neuron is visited once. Asked at more points than there are ways, the subject gives
linear equations for the c. If an engine visits a neuron of k successors several times, in any order, its gradient
counts between once and k times; in a chain it counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gradcheck.diagnosis.naming.answer_match import AskedCase, Observed
from gradcheck.diagnosis.naming.network_relations import gradients, right_value
from gradcheck.faults.catalogue import fault
from gradcheck.faults.fault import Fault
from gradcheck.faults.neurons.single_neurons import Neurons
from gradcheck.problem import Case, NeuronDAG
from gradcheck.problem.neuron_dag import Edge, target, weight
from gradcheck.problem.ops import Array
from gradcheck.subject.answer import Subject

ENTRY = "neuron_gradients"
MOST_WAYS = 8
"""Maximum number of ways from one weight to the loss that are distinguished."""
SPARE = 4
"""Number of points at which a network is asked about, beyond two for each way."""
MOST_NETWORKS = 12
"""Maximum number of networks on which the subject was wrong that are asked about."""

Way = tuple[str, ...]
"""From a neuron to one that feeds the loss."""


@dataclass(frozen=True)
class Star:
    """x -> v -> w, w feeds `arms` neurons and, if `loss`, the loss. Those feed the loss, or one more neuron if
    `merged`."""

    arms: int
    loss: bool
    merged: bool

    def network(self) -> NeuronDAG:
        """The network; its neurons are not listed in topological order."""
        sigmas = ("tanh", "sin", "sigmoid", "softplus")
        arms = [f"s{k}" for k in range(self.arms)]
        edges = [("x", "v"), ("v", "w"), *(("w", s) for s in arms)]
        neurons = {s: sigmas[k % 4] for k, s in enumerate(arms)} | {"w": "sigmoid", "v": "tanh"}
        if self.merged:
            edges += [(s, "y") for s in arms]
            neurons["y"] = "softplus"
        last = ["y"] if self.merged else arms
        return NeuronDAG(neurons, edges, ["x"], [*last, *(["w"] if self.loss else [])])


STARS = tuple(Star(arms, loss, merged) for arms in (3, 2, 1) for loss in (False, True) for merged in (False, True))


def visited_again(subject: Subject, failing: Sequence[AskedCase]) -> tuple[Fault | None, str]:
    """F130 for a subject that passes gradients on several times, on all networks on which it failed and some more."""
    count = _networks(subject, failing)
    if not count:
        return None, ""
    return fault("F130"), f"passes a neuron's gradient on once for each that it feeds, on {count} networks tried:"


def _networks(subject: Subject, failing: Sequence[AskedCase]) -> int:
    """The number of networks on which that holds; 0 if any contradicts it."""
    as_arms = as_fed = True  # as often as w feeds neurons, or neurons and the loss
    for star in STARS:
        counts = list(counts_of_ways(subject, star.network()).get(("x", "v"), {}).values())
        if not counts or not _whole(counts):
            return 0
        as_arms &= max(counts) == star.arms
        as_fed &= max(counts) == star.arms + star.loss
        if not (as_arms or as_fed):
            return 0
    problems = [c.problem for c in failing if isinstance(c, Case) and isinstance(c.problem, NeuronDAG)]
    for problem in problems[:MOST_NETWORKS]:
        for ways in counts_of_ways(subject, replace(problem, batch=1)).values():
            if not _whole(list(ways.values())) or any(count > _most(problem, way) for way, count in ways.items()):
                return 0
    return len(STARS) + len(problems[:MOST_NETWORKS])


def _whole(counts: Sequence[float]) -> bool:
    return all(count >= 1 and count == int(count) for count in counts)


def _most(network: NeuronDAG, way: Way) -> float:
    """Maximum count of a way, if every neuron on it is visited once per path from it to the loss, or to a dead end."""
    return float(np.prod([max(1, _visits(network, v)) for v in way]))


def _visits(network: NeuronDAG, v: str) -> int:
    after = [w for u, w in network.edges if u == v]
    return (v in network.loss_neurons) + sum(max(1, _visits(network, w)) for w in after)


def counts_of_ways(subject: Subject, network: NeuronDAG) -> dict[Edge, dict[Way, float]]:
    """The count of each way in each weight's gradient; NaN where no count fits; only for weights with few ways."""
    ways = {v: list(_ways(network, v)) for v in network.neurons}
    edges = [(u, v) for u, v in network.edges if 1 <= len(ways[v]) <= MOST_WAYS]
    if not edges:
        return {}
    rows: list[tuple[Observed, Neurons]] = []
    for number in range(2 * max(len(ways[v]) for _, v in edges) + SPARE):
        one = Observed(Case(f"ways, point {number}", network, _point(network, number)), subject, ENTRY)
        if not right_value(one):
            return {}
        textbook = Neurons()
        assert isinstance(one.case, Case)
        textbook(network, one.case.point)
        rows.append((one, textbook))
    found: dict[Edge, dict[Way, float]] = {}
    for u, v in edges:
        products = np.array([[_product(book, u, way) for way in ways[v]] for _, book in rows])
        given = [gradients(one).get(weight(u, v), np.asarray(np.nan)) for one, _ in rows]
        counts = _solved(products, np.array([float(g) if g.shape == () else np.nan for g in given]))
        if counts is not None:
            found[u, v] = dict(zip(ways[v], counts, strict=True))
    return found


def _ways(network: NeuronDAG, v: str) -> Iterator[Way]:
    """Every way from v to the loss; incomplete where there are many."""
    waiting: list[Way] = [(v,)]
    for number, way in enumerate(waiting):  # grows while it is walked
        if number > 64 * MOST_WAYS:
            break
        if way[-1] in network.loss_neurons:
            yield way
        waiting += [(*way, w) for u, w in network.edges if u == way[-1]]


def _product(textbook: Neurons, u: str, way: Way) -> float:
    """The right contribution of one way to dL/dw(u->v)."""
    weights = [float(textbook.point[weight(a, b)]) for a, b in pairwise(way)]
    slopes = [float(textbook.slope(v)[0]) for v in way]
    return float(np.prod([*weights, *slopes]) * textbook.from_loss(way[-1])[0] * textbook.out[u][0])


def _solved(products: Array, given: Array) -> list[float] | None:
    """The counts, rounded where they are whole; NaN where none fit; None where these points do not determine them."""
    size = np.max(np.abs(products), axis=0)
    if not np.all(size > 0) or np.linalg.matrix_rank(products / size, tol=1e-6) < products.shape[1]:
        return None
    if not np.all(np.isfinite(given)):
        return [float("nan")] * products.shape[1]
    counts = np.linalg.lstsq(products / size, given, rcond=None)[0] / size
    off = np.max(np.abs(products @ counts - given)) > 1e-8 * np.max(np.abs(given))
    return [float("nan") if off else float(round(c)) if abs(c - round(c)) < 1e-5 else float(c) for c in counts]


def _point(network: NeuronDAG, number: int) -> Mapping[str, Array]:
    random = np.random.default_rng(number)
    point = {name: random.uniform(-1.5, 1.5, shape) for name, shape in network.parameter_shapes.items()}
    point |= {name: random.uniform(-1.5, 1.5, (1,)) for name in network.inputs}
    return point | {target(v): random.uniform(0.0, 1.0, (1,)) for v in network.loss_neurons}
