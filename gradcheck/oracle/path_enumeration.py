"""The oracle `path_enumeration`: the derivative by definition, as a sum over all paths (S0).

    d loss / d w = sum over all paths from w to the loss of the product of the edges' local derivatives

The graph is expanded to scalars, the local derivatives come from SymEngine (see `smallop`), and every path is walked;
none are merged. That is exponential, which is why the paths are counted first, by dynamic programming, and why above
the budget the oracle steps aside.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.flint_balls import FlintBalls
from gradcheck.oracle.enclosure import PRECISIONS, anything, deciding_bits, enclose, proven, tight, zero
from gradcheck.oracle.estimate import Array, Aside, Estimates
from gradcheck.oracle.scalar_graph import Edge, Expansion, Structure
from gradcheck.problem import Graph, Point

BUDGET = 200_000
"""Maximum number of paths that are walked."""

EDGES = 50_000
"""Maximum number of scalar edges of an expanded graph."""

_RETRY = 20_000  # paths that are walked again with more bits when they cancel


class PathEnumeration:
    """Sum over all paths of the products of local derivatives; proven. `error = inf` for entries that meet a kink."""

    name = "path_enumeration"

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget

    def __call__(self, graph: Graph, point: Point) -> Estimates | Aside:
        """Estimate the loss and the gradient for every parameter; steps aside above the budget of paths or edges."""
        try:
            structure = Structure(graph)
            if (edges := structure.edges()) > EDGES and structure.scalar:
                return Aside(self.name, f"expands to {spaced(edges)} scalar edges, budget {spaced(EDGES)}")
            total = sum(int(counts.sum()) for counts in structure.paths().values())
            if total > self.budget:
                return Aside(self.name, f"{spaced(total)} paths, budget {spaced(self.budget)}")
            if edges > EDGES:
                return Aside(self.name, f"expands to {spaced(edges)} scalar edges, budget {spaced(EDGES)}")
            return self._walk(structure, graph.complete(point), deciding_bits(point), total)
        except Unsupported as reason:
            return Aside(self.name, str(reason))

    def _walk(self, structure: Structure, floats: dict[str, Array], deciding: int, total: int) -> Estimates:
        graph, balls = structure.graph, FlintBalls()
        for bits in PRECISIONS[:2]:
            with balls.precision(bits):
                expansion = Expansion(structure, floats, balls, deciding)
                edges = _forward(expansion, balls)
                sums = {
                    i: [_sum(edges, expansion.start[i] + e, expansion.sink, balls) for e in range(_size(graph, i))]
                    for i in graph.parameters
                    if structure.live[i]
                }
            if total > _RETRY or all(tight(balls, ball) for block in sums.values() for ball in block):
                break
        with balls.precision(PRECISIONS[-1]):
            estimates = {
                graph.names[i]: proven(balls, sums[i], graph.shapes[i]) if i in sums else zero(graph.shapes[i])
                for i in graph.parameters
            }
            notes = [f"{spaced(total)} path{'s' * (total != 1)}", *(f"kink at node {k}" for k in expansion.kinks)]
            return Estimates(self.name, proven(balls, [expansion.loss], ()), estimates, tuple(notes))


path_enumeration = PathEnumeration()


def count_paths(graph: Graph) -> int:
    """Number of paths from an entry of a parameter to the loss, in the graph expanded to scalars; exact.

    A repeated argument (x * x) is two edges and so two paths; dead branches count nothing. Raises Unsupported where an
    op expands to too many edges to be counted.
    """
    return sum(int(counts.sum()) for counts in Structure(graph).paths().values())


def path_counts(graph: Graph) -> dict[str, Array]:
    """The same for every entry of every parameter: object arrays of int, by name."""
    counted = Structure(graph).paths()
    nothing = {graph.names[i]: np.full(graph.shapes[i], 0, dtype=object) for i in graph.parameters}
    return nothing | {graph.names[i]: counts for i, counts in counted.items()}


def paths(
    graph: Graph, point: Point, parameter: str, index: tuple[int, ...] = (), limit: int = 100
) -> Iterator[tuple[tuple[str, ...], float]]:
    """The first `limit` paths from one entry of a parameter to the loss, each with its product.

    Yields the names of the nodes on the path, `("w1", "a", "loss")`, with indices where a node is an array
    (`"W[0,2]"`), and the product of the local derivatives, NaN where the path meets a kink. Paths through a local
    derivative of 0 (a dead ReLU) are paths too.
    """
    structure, balls = Structure(graph), FlintBalls()
    node = graph.index(parameter)
    if not structure.live[node]:
        return
    entry = int(np.ravel_multi_index(index, graph.shapes[node])) if index else 0
    with balls.precision(PRECISIONS[0]):
        expansion = Expansion(structure, graph.complete(point), balls, deciding_bits(point))
    names = _vertex_names(expansion)
    trail = [expansion.start[node] + entry]
    products: list[Any] = [balls.exact(1)]
    waiting = [iter(expansion.users[trail[0]])]
    while waiting and limit > 0:
        if trail[-1] == expansion.sink:
            known = all(product is not None for product in products)
            yield tuple(names[v] for v in trail), enclose(balls, products[-1])[0] if known else np.nan
            limit -= 1
            edge = None
        else:
            edge = next(waiting[-1], None)
        if edge is None:
            for stack in (trail, products, waiting):
                stack.pop()
            continue
        vertex, derivative = edge
        before = products[-1]
        with balls.precision(PRECISIONS[0]):
            products.append(None if derivative is None or before is None else before * derivative)
        trail.append(vertex)
        waiting.append(iter(expansion.users[vertex]))


def spaced(number: int) -> str:
    """12 870 000; numbers of more than 24 digits by their magnitude."""
    if number < 10**24:
        return f"{number:_}".replace("_", " ")
    return f"about 10^{int((number.bit_length() - 1) * 0.30102999566398120)}"


def _size(graph: Graph, node: int) -> int:
    return int(np.prod(graph.shapes[node], dtype=np.int64))


def _vertex_names(expansion: Expansion) -> dict[int, str]:
    graph = expansion.structure.graph
    names = {}
    for i in expansion.structure.nodes:
        if expansion.structure.live[i]:
            for e, index in enumerate(np.ndindex(graph.shapes[i])):
                place = f"[{','.join(map(str, index))}]" if index else ""
                names[expansion.start[i] + e] = f"{graph.names[i]}{place}"
    return names


def _forward(expansion: Expansion, balls: FlintBalls) -> list[list[Edge]]:
    """Edges without those that cannot contribute, and with runs of vertices that have one way on made into one edge.

    An edge whose derivative is exactly 0 is no way on: a product with it is 0 (at a kink too, where the derivative is
    bounded).
    """
    graph, structure, sink = expansion.structure.graph, expansion.structure, expansion.sink
    edges: list[list[Edge]] = [[] for _ in expansion.users]
    for i in reversed(structure.nodes):
        if not structure.live[i]:
            continue
        for vertex in range(expansion.start[i], expansion.start[i] + _size(graph, i)):
            for target, derivative in expansion.users[vertex]:
                if derivative is not None and derivative == balls.zero:
                    continue
                if target == sink or len(edges[target]) > 1:
                    edges[vertex].append((target, derivative))
                elif edges[target]:
                    ahead, after = edges[target][0]
                    both = None if derivative is None or after is None else derivative * after
                    edges[vertex].append((ahead, both))
    return edges


def _sum(edges: list[list[Edge]], start: int, sink: int, balls: FlintBalls) -> Any:
    """The sum over all paths from `start` to the loss of their products; `anything` if one of them meets a kink."""
    total = balls.zero
    waiting: list[tuple[int, Any]] = [(start, balls.exact(1))]
    while waiting:
        vertex, product = waiting.pop()
        if vertex == sink:
            total = total + product
            continue
        for target, derivative in edges[vertex]:
            if derivative is None:
                return anything(balls)
            waiting.append((target, product * derivative))
    return total
