"""How the cost of backpropagation grows, in seconds and megabytes: `python tests/benchmarks/growth.py`.

First table: graphs of up to a million nodes through the reference engine. Second table: S0's two ways of computing the
same derivative, side by side, on chains of d diamonds, which have 2^d paths. No assertion hangs on these seconds; the
tests count operations instead.
"""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from gradcheck.problem import CODES, Graph, GraphBuilder
from gradcheck.reference import gradients


def chain(nodes: int) -> Graph:
    """sin(sin(... sin(x))): as many levels as nodes."""
    codes = np.full(nodes, CODES["sin"])
    codes[0] = CODES["parameter"]
    return Graph.from_arrays(codes, np.r_[0, np.arange(nodes)], np.arange(nodes - 1), loss=nodes - 1)


def random_dag(nodes: int, width: int = 1024, seed: int = 0) -> Graph:
    """Layers of random ops; a node's first argument is in the layer before, its second anywhere before that.

    Each node of a layer is the first argument of one node of the next, so every node feeds the loss, which is the sum
    of the last layer, taken in pairs.
    """
    random = np.random.default_rng(seed)
    menu = [CODES[op] for op in ("add", "sub", "mul", "tanh", "sin", "sigmoid")]
    unary = [CODES[op] for op in ("tanh", "sin", "sigmoid")]
    layers = nodes // width
    codes = np.full(layers * width, CODES["parameter"])
    codes[width:] = random.choice(menu, (layers - 1) * width)
    index = np.arange(width, len(codes))
    before = np.array([random.permutation(width) for _ in range(layers - 1)]).ravel() + (index // width - 1) * width
    anywhere = (random.random(len(index)) * (index // width) * width).astype(int)
    arguments = [[]] * width + [
        [a] if code in unary else [a, b]
        for code, a, b in zip(codes[width:].tolist(), before.tolist(), anywhere.tolist(), strict=True)
    ]
    ops, last = codes.tolist(), list(range(len(codes) - width, len(codes)))
    while len(last) > 1:
        pairs = [[a, b] for a, b in zip(last[::2], last[1::2], strict=True)]
        last = list(range(len(ops), len(ops) + len(pairs)))
        ops += [CODES["add"]] * len(pairs)
        arguments += pairs
    offsets = np.cumsum([0, *map(len, arguments)])
    return Graph.from_arrays(ops, offsets, [a for row in arguments for a in row], loss=len(ops) - 1)


def diamonds(depth: int) -> Graph:
    """x -> (sin x, cos x) -> their product -> ...: two paths through each, 2^depth in all."""
    build = GraphBuilder()
    node = build.parameter("x")
    for _ in range(depth):
        node = build.sin(node) * build.cos(node)
    return build.graph(node)


def point(graph: Graph) -> dict[str, Any]:
    values = np.random.default_rng(1).normal(size=len(graph.parameters))
    return {graph.names[i]: np.array(value) for i, value in zip(graph.parameters, values, strict=True)}


def path_expansion(graph: Graph, at: dict[str, Any]) -> tuple[float, int]:
    """dl/dx as the sum over all paths of the product of edge derivatives (S0), and the multiplications it took."""
    values = graph.evaluate(at)
    slopes: list[list[tuple[int, float]]] = [[] for _ in range(len(graph))]
    for node in graph.nodes:
        arguments = [float(values[name]) for name in node.inputs]
        for k, name in enumerate(node.inputs):
            slope = {"sin": np.cos, "cos": lambda x: -np.sin(x), "mul": lambda *_, k=k, a=arguments: a[1 - k]}[node.op]
            slopes[graph.index(name)].append((node.index, float(slope(*arguments))))
    total, multiplications, open_paths = 0.0, 0, [(graph.index("x"), 1.0)]
    while open_paths:
        node_index, product = open_paths.pop()
        if node_index == graph.loss:
            total += product
        for user, slope in slopes[node_index]:
            open_paths.append((user, product * slope))
            multiplications += 1
    return total, multiplications


# Each measurement has a process of its own, whose peak memory is then its own, too.


def run_engine(make: Callable[..., Graph], size: int) -> tuple[int, int, float, float, float]:
    start = time.perf_counter()
    graph = make(size)
    built = time.perf_counter()
    at = point(graph)
    before = time.perf_counter()
    gradients(graph, at)
    return len(graph), len(graph.inputs), built - start, time.perf_counter() - before, _peak()


def run_diamonds(depth: int, expand: bool) -> tuple[float, int, float]:
    graph = diamonds(depth)
    at = {"x": np.array(0.5)}
    start = time.perf_counter()
    if expand:
        slope, multiplications = path_expansion(graph, at)
    else:
        slope, multiplications = float(gradients(graph, at)[1]["x"]), len(graph.inputs)
    return slope, multiplications, time.perf_counter() - start


def _peak() -> float:
    """Peak resident memory of this process in MiB (Linux counts in KiB, macOS in bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    console = Console()
    engine = Table(title="The reference engine, any graph: O(V + E)", title_justify="left")
    for column in ("graph", "nodes", "edges", "build", "gradients", "per node", "peak"):
        engine.add_column(column, justify="left" if column == "graph" else "right", no_wrap=True)
    growth = Table(title="One derivative, two ways: a chain of d diamonds has 2^d paths", title_justify="left")
    for column in ("d", "paths", "expansion: products", "seconds", "backprop: edges", "seconds", "same answer"):
        growth.add_column(column, justify="right")

    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as fresh:
        for make, size in [(chain, 10_000), (chain, 100_000), *((random_dag, 10**k) for k in (4, 5, 6))]:
            nodes, edges, build, seconds, peak = fresh.submit(run_engine, make, size).result()
            engine.add_row(
                make.__name__,
                f"{nodes:,}",
                f"{edges:,}",
                f"{build:.2f} s",
                f"{seconds:.2f} s",
                f"{seconds / nodes * 1e6:.1f} us",
                f"{peak:.0f} MiB",
            )
    console.print(engine)
    for depth in (2, 4, 8, 12, 16, 18, 20, 200, 2000):
        slope, steps, seconds = run_diamonds(depth, expand=False)
        row = [f"{depth}", f"{2**depth:,}" if depth <= 20 else f"2^{depth}"]
        if depth <= 20:
            expanded, multiplications, its_seconds = run_diamonds(depth, expand=True)
            same = "yes" if np.isclose(slope, expanded, rtol=1e-9) else f"NO: {slope!r}, {expanded!r}"
            row += [f"{multiplications:,}", f"{its_seconds:.4f}"]
        else:
            row += ["out of reach", "-"]
            same = "-"
        growth.add_row(*row, f"{steps:,}", f"{seconds:.4f}", same)
    console.print(growth)


if __name__ == "__main__":
    main()
