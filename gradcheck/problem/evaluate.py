"""Points of a graph, and its value there in float64, straight from the op table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem
from gradcheck.problem.arrays import real_array
from gradcheck.problem.ops import LEAVES, OPS, Array, Op
from gradcheck.problem.reading import brief

if TYPE_CHECKING:
    from gradcheck.problem.graph import Graph


def complete(graph: Graph, point: Mapping[str, ArrayLike], dtype: Any = np.float64) -> dict[str, Array]:
    """Check `point` against the graph's inputs and parameters and round it to `dtype`, as `Graph.complete`."""
    wanted = {graph.names[i]: graph.shapes[i] for i in graph.free}
    if not isinstance(point, Mapping):
        raise InvalidProblem(f"a point must map names to values, got {type(point).__name__}")
    if unknown := sorted(set(point) - set(wanted), key=str):
        raise InvalidProblem(
            f"the point gives a value to {brief(unknown[0])}, but the graph's inputs and parameters are "
            f"{', '.join(map(brief, wanted)) or 'none'}"
        )
    values = {}
    for name, shape in wanted.items():
        if name not in point:
            raise InvalidProblem("the point gives it no value", where=f"node {brief(name)}")
        try:
            value = real_array(point[name], dtype)  # values too large for the dtype become inf, which is refused below
        except ValueError as wrong:
            raise InvalidProblem(f"its value in the point: {wrong}", where=f"node {brief(name)}") from None
        if value.shape != shape:
            raise InvalidProblem(f"its value must have shape {shape}, got {value.shape}", where=f"node {brief(name)}")
        if not np.all(np.isfinite(value)):
            raise InvalidProblem(f"its value must be finite in {np.dtype(dtype)}", where=f"node {brief(name)}")
        values[name] = value
    return values


def evaluate(graph: Graph, point: Mapping[str, ArrayLike]) -> list[Array]:
    """Values of all nodes by index, float64; InvalidProblem names a node outside its domain or not finite."""
    free = complete(graph, point)
    varying = graph.depends_on_parameters()
    values: list[Array] = [np.zeros(())] * len(graph)
    with np.errstate(all="ignore"):  # values are checked below, entry by entry
        for i in graph.order.tolist():
            op = graph.op(i)
            if op == "constant":
                values[i] = graph.constants[i]
            elif op in LEAVES:
                values[i] = free[graph.names[i]]
            else:
                row, at = OPS[op], graph.arguments(i)
                arguments = [values[j] for j in at]
                _domain(graph, i, row, arguments, [k for k, j in enumerate(at) if varying[j]])
                values[i] = np.asarray(row.value(*arguments, **{**row.attributes, **graph.attributes.get(i, {})}))
                if not np.all(np.isfinite(values[i])):
                    raise InvalidProblem(
                        f"{op}({_shown(arguments)}) is {_one(values[i])}, and every value must be finite",
                        where=f"node {brief(graph.names[i])}",
                    )
    return values


def _domain(graph: Graph, i: int, row: Op, arguments: list[Array], varying: list[int]) -> None:
    if row.domain is None:
        return
    rules = [row.domain.contains, *(row.domain.varying[k] for k in varying if k in row.domain.varying)]
    if not all(np.all(rule(*arguments)) for rule in rules):
        raise InvalidProblem(
            f"{row.name}({_shown(arguments)}) is outside the op's domain: {row.domain.sentence}",
            where=f"node {brief(graph.names[i])}",
        )


def _shown(arguments: list[Array]) -> str:
    return ", ".join(_one(a) for a in arguments)


def _one(value: Array) -> str:
    if value.ndim > 4:  # NumPy shortens long axes only, and would print all of (2, 2, 2, ...)
        return f"an array of shape {value.shape}"
    return f"{value:.6g}" if value.ndim == 0 else np.array2string(value, precision=6, threshold=8, separator=", ")
