"""Whether a fault explains every wrong relation in a network of neurons (S2).

dL/dw(u->v) = dL/din(v) out(u),   dL/din(v) = sigma_v'(in(v)) (what the loss sends + sum of dL/din(w) w(v->w))
for a single sample; a batch's gradient is the sum or mean of its samples' gradients.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.diagnosis.naming.answer_match import Observed
from gradcheck.diagnosis.naming.network_relations import Deltas, Judge, Make, Relations, gradients, right_value
from gradcheck.faults.neurons.single_neurons import Neurons
from gradcheck.problem import Case, NeuronDAG
from gradcheck.problem.neuron_dag import weight
from gradcheck.problem.ops import Array

Reading = Callable[[Observed, Neurons, Neurons], Deltas | None]
"""The subject's dL/din of every neuron, for a single sample; None where its answer does not determine them."""


def neurons_explained(make: Make, one: Observed) -> bool:
    """Whether the fault explains all relations of a case: the batch's, and those of each sample asked about alone."""
    if not isinstance(one.case, Case) or not isinstance(one.case.problem, NeuronDAG) or not right_value(one):
        return False
    with np.errstate(all="ignore"):
        return any(_RELATIONS.explain(make, one, reading) for reading in (_of_weights, _of_textbook))


def _messages(judge: Judge, delta: Deltas, right: Neurons, bent: Neurons) -> bool:
    """Whether the messages into each neuron are explained."""
    return all(judge.explained(delta[v], _expected(right, v), _expected(bent, v)) for v in right.network.neurons)


def _expected(engine: Neurons, v: str) -> Array:
    """The dL/din(v) that the engine computes from v's successors."""
    sent = [engine.count(w) * engine.message(v, w) for u, w in engine.network.edges if u == v]
    return np.asarray(engine.slope(v) * np.sum([engine.from_loss(v), *sent], axis=0))


def _gradient(engine: Neurons) -> dict[str, Array]:
    return {weight(u, v): engine.edge(u, v) for u, v in engine.network.edges}


def _of_weights(one: Observed, right: Neurons, bent: Neurons) -> Deltas | None:
    """The dL/din of each neuron, from its weights' gradients; the fault's own where all out(u) are 0."""
    given, network, found = gradients(one), right.network, Deltas()
    units = _units(bent)
    bent.in_grad = found
    for v in reversed(network.order()):
        ways = [(given.get(weight(u, v)), units[weight(u, v)]) for u in network.back(v)]
        usable = [(float(g), float(unit)) for g, unit in ways if g is not None and g.shape == () and unit]
        if usable:
            found[v] = np.asarray([sum(g * unit for g, unit in usable) / sum(unit * unit for _, unit in usable)])
        else:
            found[v] = _expected(bent, v)
    return found


def _units(bent: Neurons) -> dict[str, Array]:
    """The gradients of all weights, if every dL/din(v) were 1."""
    bent.in_grad = dict.fromkeys(bent.network.neurons, np.ones(1))
    return _gradient(bent)


def _of_textbook(one: Observed, right: Neurons, bent: Neurons) -> Deltas | None:
    """The right dL/din, for answers in which other things are wrong."""
    right.backward()
    return dict(right.in_grad)


_RELATIONS = Relations(Neurons, "in_grad", _gradient, _messages)
