"""`NeuronDAG`: a network as a DAG of neurons, a weight on every edge and a nonlinearity per neuron (S2).

    in(v) = sum over edges u -> v of w(u->v) out(u),    out(v) = sigma_v(in(v))

The Loss is one more vertex, fed by the neurons that it depends on; these may feed other neurons, too. In code each
neuron carries a batch: in(v) and out(v) have shape (batch,), weights have shape ().
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem
from gradcheck.problem.builder import GraphBuilder, Handle
from gradcheck.problem.graph import Graph
from gradcheck.problem.losses import LOSSES, REDUCTIONS, check_targets, known, reduce, texts, total, whole
from gradcheck.problem.mlp import ACTIVATIONS
from gradcheck.problem.ops import Shape

Edge = tuple[str, str]


@dataclass(frozen=True)
class NeuronDAG:
    """A network of single neurons with a loss on a batch.

    Attributes
    ----------
    neurons: the nonlinearity, one of ACTIVATIONS, of every neuron, by the neuron's name; in any order.
    edges: (from, to) pairs, each with a weight of its own; `from` is an input or a neuron, `to` a neuron.
    inputs: names of the vertices that the data enters by; they compute nothing.
    loss_neurons: the neurons that the loss depends on.
    loss: one of LOSSES whose terms belong to single neurons (half_squared, squared, logistic).
    reduction: "mean" or "sum" of the samples' losses.
    batch: number of samples.

    A point gives values to each input (its name, shape (batch,)), to a target per loss neuron ("t(v)", shape (batch,)),
    and to the parameters, a weight of shape () per edge, "w(u->v)".

    Raises
    ------
    InvalidProblem: an unknown activation, loss or reduction; an edge from or to an unknown neuron, into an input, or
        given twice; a neuron without incoming edge; no neuron feeding the loss; a cycle (printed); a batch of 0.
    """

    neurons: Mapping[str, str]
    edges: Sequence[Edge]
    inputs: Sequence[str]
    loss_neurons: Sequence[str]
    loss: str = "half_squared"
    reduction: str = "mean"
    batch: int = 1
    _back: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.neurons, Mapping):
            raise InvalidProblem(f"neurons must map each neuron's name to its nonlinearity, got {self.neurons!r}")
        put(self, "neurons", dict(self.neurons))
        texts("neurons", self.neurons)
        for what in ("inputs", "loss_neurons"):
            put(self, what, texts(what, getattr(self, what)))
        if not isinstance(self.edges, Iterable):
            raise InvalidProblem(f"edges must be a sequence of pairs (from, to), got {self.edges!r}")
        put(self, "edges", tuple(self.edges))
        if bad := [edge for edge in self.edges if not isinstance(edge, tuple | list) or len(edge) != 2]:
            raise InvalidProblem(f"an edge must be a pair (from, to), got {bad[0]!r}")
        put(self, "edges", tuple((str(u), str(v)) for u, v in self.edges))
        back: dict[str, list[str]] = {}
        for u, v in self.edges:
            back.setdefault(v, []).append(u)
        put(self, "_back", back)
        for v, activation in self.neurons.items():
            known("activation", activation, ACTIVATIONS, where=f"neuron {v!r}")
        known("loss", self.loss, tuple(name for name, row in LOSSES.items() if row.separable))
        known("reduction", self.reduction, REDUCTIONS)
        whole("the batch's number of samples", self.batch)
        vertices = dict.fromkeys([*self.inputs, *self.neurons])
        if twice := _repeated([*self.inputs, *self.neurons]):
            raise InvalidProblem("two vertices have this name", where=f"vertex {twice!r}")
        for u, v in self.edges:
            for end in (u, v):
                if end not in vertices:
                    near = difflib.get_close_matches(end, vertices, n=1)
                    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(vertices)}"
                    raise InvalidProblem(f"there is no neuron {end!r}; {hint}", where=f"edge {u}->{v}")
            if v in self.inputs:
                raise InvalidProblem("an input computes nothing, so no edge may lead to it", where=f"edge {u}->{v}")
        if twice := _repeated(f"{u}->{v}" for u, v in self.edges):
            raise InvalidProblem("this edge is given twice", where=f"edge {twice}")
        if not self.loss_neurons:
            raise InvalidProblem("no neuron feeds the loss; name at least one in loss_neurons")
        if strange := [v for v in self.loss_neurons if v not in self.neurons]:
            raise InvalidProblem(f"the loss is fed by {strange[0]!r}, which is no neuron")
        if twice := _repeated(self.loss_neurons):
            raise InvalidProblem(f"the loss is fed by {twice!r} twice")
        if idle := [v for v in self.neurons if not self.back(v)]:
            raise InvalidProblem("no edge leads to it, so it computes nothing", where=f"neuron {idle[0]!r}")
        self.order()

    def back(self, v: str) -> list[str]:
        """S2's back[v]: the vertices with an edge into v, in the order of `edges`."""
        return self._back.get(v, [])

    def order(self) -> list[str]:
        """The neurons, each after all the neurons that feed it; InvalidProblem prints a cycle."""
        missing = {v: {u for u in self.back(v) if u in self.neurons} for v in self.neurons}
        order: list[str] = []
        placed: set[str] = set()
        while ready := [v for v, needs in missing.items() if needs <= placed]:
            order += ready
            placed.update(ready)
            for v in ready:
                del missing[v]
        if missing:
            raise InvalidProblem(f"neurons must not form a cycle, but here {' > '.join(_cycle(missing))}")
        return order

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """Shapes of the weights, one per edge."""
        return {weight(u, v): () for u, v in self.edges}

    @property
    def input_shapes(self) -> dict[str, Shape]:
        """Shapes of the inputs and of the targets."""
        return dict.fromkeys((*self.inputs, *map(target, self.loss_neurons)), (self.batch,))

    def check_point(self, point: Mapping[str, ArrayLike]) -> None:
        """InvalidProblem if the point's shapes do not fit, or its targets are of the wrong kind for the loss."""
        for name, shape in {**self.input_shapes, **self.parameter_shapes}.items():
            if name not in point or np.shape(point[name]) != shape:
                came = f"an array of shape {np.shape(point[name])}" if name in point else "nothing"
                raise InvalidProblem(f"{name} must be an array of shape {shape}, got {came}", where="point")
        for v in self.loss_neurons:
            check_targets(self.loss, np.asarray(point[target(v)])[:, np.newaxis], where=f"point: {target(v)}")

    def lower(self) -> Graph:
        """The graph in vector form: per neuron the nodes "in(v)" and "out(v)", of shape (batch,)."""
        return self._lowered

    @cached_property
    def _lowered(self) -> Graph:
        build, weights, x, t = self._leaves()
        out = self._run(build, weights, x, "")
        y, targets = (_columns(build, [each[v] for v in self.loss_neurons], self.batch) for each in (out, t))
        return build.graph(reduce(build, LOSSES[self.loss].rows(build, y, targets), self.reduction, self.batch))

    def lower_units(self) -> Graph:
        """The graph unit by unit: "in(v)[k]" and "out(v)[k]" are scalars, one per neuron and sample."""
        build, weights, x, t = self._leaves()
        losses = []
        for k in range(self.batch):
            picked = {u: build.take(node, indices=k, name=f"{u}[{k}]") for u, node in x.items()}
            out = self._run(build, weights, picked, f"[{k}]")
            targets = [build.take(t[v], indices=k, name=f"{target(v)}[{k}]") for v in self.loss_neurons]
            losses.append(LOSSES[self.loss].units(build, [out[v] for v in self.loss_neurons], targets))
        return build.graph(reduce(build, losses, self.reduction, self.batch))

    def _leaves(self) -> tuple[GraphBuilder, dict[Edge, Handle], dict[str, Handle], dict[str, Handle]]:
        build = GraphBuilder()
        weights = {(u, v): build.parameter(weight(u, v)) for u, v in self.edges}
        x = {name: build.input(name, (self.batch,)) for name in self.inputs}
        t = {v: build.input(target(v), (self.batch,)) for v in self.loss_neurons}
        return build, weights, x, t

    def _run(
        self, build: GraphBuilder, weights: Mapping[Edge, Handle], x: Mapping[str, Handle], suffix: str
    ) -> dict[str, Handle]:
        """out(v) of every vertex."""
        out = dict(x)
        for v in self.order():
            *terms, last = [(weights[u, v], out[u]) for u in self.back(v)]
            if terms:
                signal = total([w * a for w, a in terms])
                signal = build.add(signal, last[0] * last[1], name=f"in({v}){suffix}")
            else:
                signal = build.mul(*last, name=f"in({v}){suffix}")
            identity = self.neurons[v] == "identity"
            out[v] = signal if identity else build.apply(self.neurons[v], signal, name=f"out({v}){suffix}")
        return out


def weight(u: str, v: str) -> str:
    """The name of the weight on the edge from u to v."""
    return f"w({u}->{v})"


def target(v: str) -> str:
    """The name of the target of loss neuron v."""
    return f"t({v})"


def _columns(build: GraphBuilder, nodes: Sequence[Handle], batch: int) -> Handle:
    """Nodes of shape (batch,) side by side, shape (batch, n): what a loss takes."""
    columns = [build.reshape(node, shape=(batch, 1)) for node in nodes]
    return build.concatenate(*columns, axis=1) if len(columns) > 1 else columns[0]


def _repeated(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _cycle(missing: Mapping[str, set[str]]) -> list[str]:
    """Follow unmet needs until a neuron repeats; written in the direction of the data."""
    path = [next(iter(missing))]
    while True:
        need = next(u for u in missing[path[-1]] if u in missing)
        if need in path:
            return [need, *reversed(path[path.index(need) :])]
        path.append(need)
