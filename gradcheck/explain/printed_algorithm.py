"""The pseudo-code printed in S2, transcribed literally. It is wrong, and shown for that reason; no result depends on
it.

    back[v] denotes the set of vertices with an edge into v
    for v_n in back[v_0]: out_grad[v_n] = dL/dout(v_n)
    for n = 1, ..., |V| and v in back(v_{n-1}):
        in_grad[v] = out_grad[v] * sigma_v'(in(v))
        for v_k in back[v]:
            out_grad[v_k] += in_grad[v] * w(v_k -> v)

"v in back(v_{n-1})" reaches v once for every vertex that v feeds, and each time the whole in_grad[v] is passed back,
earlier contributions included. The right algorithm visits each vertex once, after all its successors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from gradcheck.explain.derivation_parts import Array, Literal
from gradcheck.explain.reverse_sweep import sweep
from gradcheck.oracle.closed_form.local_derivatives import local_vjp
from gradcheck.problem import Case, Graph, GraphBuilder, NeuronDAG
from gradcheck.problem.losses import LOSSES, reduce
from gradcheck.problem.neuron_dag import target, weight
from gradcheck.problem.walks import ancestors

LABEL = "S2.c"


def literal_reading(case: Case) -> Literal | None:
    """The literal reading beside the truth, for a NeuronDAG case that illustrates it; None for any other case."""
    network = case.problem
    about_it = LABEL in case.labels or case.name.split(" ")[0] == LABEL
    if not isinstance(network, NeuronDAG) or not about_it:
        return None
    right = _adjoints(case.graph, case.point)
    literal, visits = literal_gradients(network, case.point)
    return Literal(tuple((w, float(right[w]), literal[w]) for w in network.parameter_shapes), visits)


def literal_gradients(network: NeuronDAG, point: Mapping[str, Array]) -> tuple[dict[str, float], dict[str, int]]:
    """(weight gradients by the printed algorithm, number of visits of each neuron).

    dL/dw(v' -> v) = dL/dout(v) sigma_v'(in(v)) out(v') (S2, equations 1 and 2), with the final out_grad.
    """
    out: dict[str, Array] = {u: np.asarray(point[u], dtype=np.float64) for u in network.inputs}
    signal: dict[str, Array] = {}
    values = network.lower().evaluate(point)
    for v in network.neurons:
        signal[v] = values[f"in({v})"]
        out[v] = signal[v] if network.neurons[v] == "identity" else values[f"out({v})"]

    zeros = np.zeros(network.batch)
    in_grad = dict.fromkeys(out, zeros)
    out_grad = dict.fromkeys(out, zeros)
    visits: Counter[str] = Counter()
    # initialize out_grad
    out_grad |= _loss_slopes(network, point, out)
    # for n = 1, ..., |V| and v in back(v_{n-1})
    for v_before in ["Loss", *enumeration(network)]:
        for v in network.loss_neurons if v_before == "Loss" else network.back(v_before):
            if v in network.inputs:
                continue  # inputs have no nonlinearity and no incoming edges
            visits[v] += 1
            in_grad[v] = _through(network, v, signal[v], out[v], out_grad[v])
            for v_k in network.back(v):
                out_grad[v_k] = out_grad[v_k] + in_grad[v] * np.asarray(point[weight(v_k, v)])
    gradients = {}
    for u, v in network.edges:
        final = _through(network, v, signal[v], out[v], out_grad[v])
        gradients[weight(u, v)] = float(np.sum(final * out[u]))
    return gradients, dict(visits)


def enumeration(network: NeuronDAG) -> list[str]:
    """v_1, v_2, ...: the neurons; each is a sink once Loss and the earlier ones are removed."""
    return list(reversed(network.order()))


def _adjoints(graph: Graph, point: Mapping[str, Array]) -> dict[str, Array]:
    """d loss / d node, by name, for everything between a parameter and the loss."""
    rows = sweep(graph, ancestors(graph, graph.loss), graph.evaluate(point))
    return {row.name: row.value for row in rows}


def _loss_slopes(network: NeuronDAG, point: Mapping[str, Array], out: Mapping[str, Array]) -> dict[str, Array]:
    """dL/dout(v) of the neurons that feed the loss directly, for fixed outputs of all others."""
    build = GraphBuilder()
    shape = (network.batch, 1)
    columns = [
        [build.reshape(build.parameter(v, (network.batch,)), shape=shape) for v in network.loss_neurons],
        [build.reshape(build.input(target(v), (network.batch,)), shape=shape) for v in network.loss_neurons],
    ]
    y, t = (build.concatenate(*c, axis=1) for c in columns)
    graph = build.graph(reduce(build, LOSSES[network.loss].rows(build, y, t), network.reduction, network.batch))
    at = {v: out[v] for v in network.loss_neurons} | {target(v): point[target(v)] for v in network.loss_neurons}
    bars = _adjoints(graph, at)
    return {v: bars[v] for v in network.loss_neurons}


def _through(network: NeuronDAG, v: str, signal: Array, out: Array, out_grad: Array) -> Array:
    """out_grad[v] * sigma_v'(in(v))."""
    if network.neurons[v] == "identity":
        return out_grad
    return local_vjp(network.neurons[v], {}, [signal], out, out_grad, 0)
