"""Every path from a parameter to the loss, with the factor of each edge."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gradcheck.explain.derivation_parts import Index, ParameterPaths, Path
from gradcheck.oracle.closed_form.local_derivatives import local_jacobian
from gradcheck.oracle.path_enumeration import EDGES, path_counts, paths
from gradcheck.oracle.scalar_graph import Structure
from gradcheck.problem import Graph, Point
from gradcheck.problem.walks import ancestors

MOST_FACTORS = 10_000
"""Maximum number of entries of a local Jacobian for which the factors of paths are named."""


def all_paths(graph: Graph, point: Point, *, limit: int, entry: tuple[str, Index] | None) -> tuple[ParameterPaths, ...]:
    """The first `limit` paths of every scalar parameter and of each array's first entry, or those of `entry` alone.

    Counts are exact everywhere; no path is written out where the graph expands to more than EDGES scalar edges.
    """
    counts = path_counts(graph)
    if entry is not None:
        wanted = [entry]
    else:
        sizes = {graph.names[i]: graph.shapes[i] for i in graph.parameters}
        wanted = [(name, (0,) * len(shape)) for name, shape in sizes.items() if 0 not in shape]
    if Structure(graph).edges() > EDGES:
        limit = 0
    factors = _factors(graph, point) if limit else {}
    rows = []
    for name, index in wanted:
        walked = paths(graph, point, name, index, limit) if limit else ()
        found = tuple(Path(nodes, _along(nodes, factors), product) for nodes, product in walked)
        rows.append(ParameterPaths(name, index, int(counts[name][index]), found))
    return tuple(rows)


def _factors(graph: Graph, point: Point) -> dict[tuple[str, str], set[float]]:
    """The local derivatives between entries, by the entries' names; several edges may have the same names."""
    found: dict[tuple[str, str], set[float]] = {}
    values, varies = graph.evaluate(point), graph.depends_on_parameters()
    for i in ancestors(graph, graph.loss):
        given = [values[graph.names[j]] for j in graph.arguments(i)]
        for slot, j in enumerate(graph.arguments(i)):
            if not varies[j]:
                continue
            for block in local_jacobian(graph.op(i), graph.attributes.get(i, {}), given, slot):
                if block.derivatives.size > MOST_FACTORS:
                    continue
                for lane, q, k in np.ndindex(*block.derivatives.shape):
                    of = _vertex(graph, j, int(block.inputs[lane, k]))
                    to = _vertex(graph, i, int(block.outputs[lane, q]))
                    found.setdefault((of, to), set()).add(float(block.derivatives[lane, q, k]))
    return found


def _along(nodes: tuple[str, ...], factors: dict[tuple[str, str], set[float]]) -> tuple[float, ...] | None:
    """The factor of each edge; None unless each is known and unique."""
    sets = [factors.get(pair, set()) for pair in pairwise(nodes)]
    return tuple(next(iter(s)) for s in sets) if all(len(s) == 1 for s in sets) else None


def _vertex(graph: Graph, node: int, entry: int) -> str:
    """The entry's name, as in `paths`."""
    shape = graph.shapes[node]
    place = ",".join(str(int(k)) for k in np.unravel_index(entry, shape)) if shape else ""
    return f"{graph.names[node]}[{place}]" if shape else graph.names[node]
