"""The reference's plans beside a compiled tape, NumPy by hand and frameworks: `python tests/benchmarks/engine.py`.

Graphs of scalars: how many times as long as a tape that numba compiles, written here by hand for six ops, a plan takes
with numba, without it, and asked by names; and a tape in plain Python. Networks: how many times as long as tight NumPy,
written here by hand, take the plain recursion, a plan, PyTorch and JAX. Each contender is first shown to agree with the
yardstick to 1e-8. They run in turn, on one thread; a figure is the median of processor time. What is not installed is
left out. Beside them: how much of it the matrix products alone take, by the BLAS of NumPy and of PyTorch. `ROUNDS` may
be given, 5 are usual. Exits 1 where a goal is missed.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import importlib
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from gradcheck.problem import CODES, MLP, Graph
from gradcheck.reference import mlp, mlp_plans, plans

OPS = ("parameter", "add", "sub", "mul", "tanh", "sin", "sigmoid")
SIZES = (100, 1_000, 10_000, 100_000)
WITH, WITHOUT, SHALLOW = 1.3, 15.0, 1.5
"""Goals in units of the compiled tape: with numba, without it, and without it for shallow graphs of 100,000 nodes."""
MILLION_MB = 1_000.0
"""Most memory that a million nodes may take, in megabytes."""
Run = Callable[[], Any]
Contenders = Mapping[str, Run]


# Graphs: kinds of nodes (indices into OPS), first and second arguments; the first nodes are parameters.


def graph_of(kinds: Any, first: Any, second: Any) -> Graph:
    """The graph in which all nodes that nothing uses are added up, in pairs."""
    binary = (kinds >= 1) & (kinds <= 3)
    used = np.zeros(len(kinds), bool)
    used[first[kinds > 0]] = used[second[binary]] = True
    ends = np.flatnonzero(~used)
    while len(ends) > 1:
        half = len(ends) // 2
        made = len(kinds) + np.arange(half)
        kinds = np.r_[kinds, np.ones(half, int)]
        first, second = np.r_[first, ends[:half]], np.r_[second, ends[half : 2 * half]]
        ends = np.r_[made, ends[2 * half :]]
    arity = np.select([kinds == 0, kinds <= 3], [0, 2], 1)
    both = np.column_stack([first, second])[np.column_stack([arity > 0, arity > 1])]
    codes = np.array([CODES[name] for name in OPS])[kinds]
    return Graph.from_arrays(codes, np.r_[0, np.cumsum(arity)], both, loss=int(ends[0]))


def chain(nodes: int) -> Graph:
    """sin(sin(... sin(x)))."""
    before = np.maximum(np.arange(nodes) - 1, 0)
    return graph_of(np.where(np.arange(nodes) > 0, OPS.index("sin"), 0), before, before)


def layered(nodes: int, width: int = 0) -> Graph:
    """As many layers as each is wide; a node's first argument is in the layer before, its second anywhere before it."""
    random, width = np.random.default_rng(0), width or math.isqrt(nodes)
    index = np.arange(nodes // width * width)
    layer = index // width
    kinds = np.where(layer > 0, random.integers(1, len(OPS), len(index)), 0)
    orders = random.permuted(np.tile(np.arange(width), (nodes // width, 1)), axis=1).ravel()
    anywhere = (random.random(len(index)) * layer * width).astype(int)
    return graph_of(kinds, orders + np.maximum(layer - 1, 0) * width, anywhere)


def shallow(nodes: int) -> Graph:
    """Ten layers."""
    return layered(nodes, nodes // 10)


def random_dag(nodes: int) -> Graph:
    """Arguments anywhere before the node; a tenth are parameters."""
    random, index = np.random.default_rng(0), np.arange(nodes)
    kinds = np.where(index >= nodes // 10, random.integers(1, len(OPS), nodes), 0)
    return graph_of(kinds, *((random.random(nodes) * index).astype(int) for _ in range(2)))


def play(kinds: Any, first: Any, second: Any, v: Any, g: Any, x: Any) -> float:
    """A tape: the loss is returned, adjoints are in g. numba compiles it; Python runs it as it stands."""
    n, leaves = len(kinds), len(x)
    for i in range(leaves):
        v[i] = x[i]
    for i in range(leaves, n):
        kind, a = kinds[i], v[first[i]]
        if kind == 1:
            v[i] = a + v[second[i]]
        elif kind == 2:
            v[i] = a - v[second[i]]
        elif kind == 3:
            v[i] = a * v[second[i]]
        elif kind == 4:
            v[i] = math.tanh(a)
        elif kind == 5:
            v[i] = math.sin(a)
        else:
            v[i] = 1.0 / (1.0 + math.exp(-a))
    for i in range(n - 1):
        g[i] = 0.0
    g[n - 1] = 1.0
    for i in range(n - 1, leaves - 1, -1):
        kind, h, a, b = kinds[i], g[i], first[i], second[i]
        if kind == 1:
            g[a] += h
            g[b] += h
        elif kind == 2:
            g[a] += h
            g[b] -= h
        elif kind == 3:
            g[a] += h * v[b]
            g[b] += h * v[a]
        elif kind == 4:
            g[a] += h * (1.0 - v[i] * v[i])
        elif kind == 5:
            g[a] += h * math.cos(v[a])
        else:
            g[a] += h * v[i] * (1.0 - v[i])
    return float(v[n - 1])


def tape(graph: Graph, x: Any, compiled: Callable[..., float] | None) -> Run:
    """A run of `play` on the graph: compiled, with arrays, or in plain Python, with lists."""
    kind_of = np.zeros(max(CODES.values()) + 1, np.int8)
    kind_of[[CODES[name] for name in OPS]] = range(len(OPS))
    starts, arity = graph.offsets[:-1], np.diff(graph.offsets)
    padded = np.r_[graph.inputs, 0, 0]
    arrays = kind_of[graph.codes], padded[starts], padded[starts + np.maximum(arity - 1, 0)]
    leaves = len(graph.parameters)
    if compiled is None:
        lists, v, g = [array.tolist() for array in arrays], [0.0] * len(graph), [0.0] * len(graph)
        return lambda: (play(*lists, v, g, x.tolist()), np.array(g[:leaves]))
    v, g = np.zeros(len(graph)), np.zeros(len(graph))
    return lambda: (compiled(*arrays, v, g, x), g[:leaves].copy())


def plan_run(graph: Graph, x: Any, executor: Any = None) -> Run:
    """A plan that numba has compiled ("compiled"), or as it is made where numba is not installed."""
    plan = plans.Plan(plans.tape_of(graph), executor)
    if executor is None:
        wide = len(plan.tape.rows) >= plans.WIDE * len(plan.tape.runs)
        plan = plans.Plan(plan.tape, "levels" if wide else "straight")
    return lambda: plan.run(x)


def by_names(graph: Graph, x: Any) -> Run:
    point = {graph.names[i]: np.array(value) for i, value in zip(graph.parameters, x, strict=True)}

    def run() -> Any:
        value, grads = plans.gradients(graph, point)[:2]
        return value, np.array(list(grads.values()))

    return run


# Networks.


def by_hand(net: MLP, p: Mapping[str, Any]) -> Any:
    """Tight NumPy for tanh layers and half squared loss: in place where no array is needed again."""
    a = [p["X"]]
    for k in range(1, net.layers + 1):
        z = a[-1] @ p[f"W{k}"].T
        z += p[f"b{k}"]
        a.append(np.tanh(z, out=z) if k < net.layers else z)
    delta = a[-1] - p["T"]
    value = 0.5 * np.vdot(delta, delta) / net.batch
    delta /= net.batch
    grads = {}
    for k in range(net.layers, 0, -1):
        if k < net.layers:
            slope = a[k] * a[k]
            np.subtract(1.0, slope, out=slope)
            delta *= slope
        grads[f"W{k}"] = delta.T * a[k - 1] if net.batch == 1 else delta.T @ a[k - 1]
        grads[f"b{k}"] = delta.sum(axis=0)
        if k > 1:
            delta = delta @ p[f"W{k}"]
    return value, grads


def products(net: MLP, library: Any) -> Run:
    """The matrix products of one run alone, by `library` (NumPy or PyTorch), into arrays that are there."""
    shapes = [(net.batch, n) for n in net.sizes]
    a, bar = ([library.ones(shape, dtype=library.float64) for shape in shapes] for _ in range(2))
    w, grad = (
        [library.ones((n, m), dtype=library.float64) for m, n in zip(net.sizes, net.sizes[1:], strict=False)]
        for _ in range(2)
    )

    def run() -> None:
        for k in range(net.layers):
            library.matmul(a[k], w[k].T, out=a[k + 1])
        for k in reversed(range(net.layers)):
            library.matmul(bar[k + 1].T, a[k], out=grad[k])
            if k:
                library.matmul(bar[k + 1], w[k], out=bar[k])

    return run


def by_torch(net: MLP, p: Mapping[str, Any]) -> Run:
    import torch

    torch.set_num_threads(1)
    t = {name: torch.tensor(value, requires_grad=name not in "XT") for name, value in p.items()}
    names = list(net.parameter_shapes)

    def run() -> Any:
        a = t["X"]
        for k in range(1, net.layers + 1):
            z = torch.nn.functional.linear(a, t[f"W{k}"], t[f"b{k}"])
            a = torch.tanh(z) if k < net.layers else z
        loss = 0.5 * torch.sum((a - t["T"]) ** 2) / net.batch
        return loss.detach().numpy(), dict(zip(names, torch.autograd.grad(loss, [t[n] for n in names]), strict=True))

    return run


def by_jax(net: MLP, p: Mapping[str, Any]) -> Run:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(parameters: Any, x: Any, t: Any) -> Any:
        a = x
        for k in range(1, net.layers + 1):
            z = a @ parameters[f"W{k}"].T + parameters[f"b{k}"]
            a = jnp.tanh(z) if k < net.layers else z
        return 0.5 * jnp.sum((a - t) ** 2) / net.batch

    compiled = jax.jit(jax.value_and_grad(loss))
    x, t = jnp.array(p["X"]), jnp.array(p["T"])
    parameters = {name: jnp.array(p[name]) for name in net.parameter_shapes}
    return lambda: jax.block_until_ready(compiled(parameters, x, t))


def networks() -> list[tuple[str, MLP]]:
    shapes = {"784-128-10": (784, 128, 10), "784-1024-1024-10": (784, 1024, 1024, 10), "20 x 64": (64,) * 21}
    return [
        (f"{name}, batch {batch:,}", MLP(s, ("tanh",) * (len(s) - 2) + ("identity",), batch=batch))
        for name, s in shapes.items()
        for batch in (1, 64, 1_024)
    ]


# Measuring.


def agreeing(contenders: Contenders, yardstick: str) -> None:
    """Fail where one is further from the yardstick than 1e-8 of its largest gradient."""
    value, grads = contenders[yardstick]()
    for name, run in contenders.items():
        its_value, its_grads = run()
        pairs = [(its_grads[k], grads[k]) for k in grads] if isinstance(grads, dict) else [(its_grads, grads)]
        for one, other in [(its_value, value), *pairs]:
            scale = np.max(np.abs(other), initial=0.0)
            assert np.max(np.abs(np.asarray(one) - other), initial=0.0) <= 1e-8 * scale, f"{name} does not agree"


def measured(contenders: Contenders, rounds: int) -> dict[str, float]:
    """Median of processor time in seconds; each is run for 2 ms at least in each round."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            repeats, started = 0, time.process_time()
            while not repeats or time.process_time() - started < 0.002:
                run()
                repeats += 1
            if number:
                times[name].append((time.process_time() - started) / repeats)
    return {name: statistics.median(some) for name, some in times.items()}


def said(met: bool) -> str:
    return "met" if met else "MISSED"


def graphs(rounds: int) -> list[bool]:
    """Print the rows of graphs; whether each goal is met."""
    if find_spec("numba") is None:
        print("no numba: the yardstick of graphs is missing\n")
        return []
    import numba

    compiled = numba.njit(error_model="numpy")(play)
    print(f"{'graph':18}{'tape, us':>10}{'plan':>8}{'no numba':>10}{'by names':>10}{'Python':>9}   goals")
    met, seconds = [], {}
    for make in (chain, layered, random_dag, shallow):
        for nodes in SIZES if make is not shallow else SIZES[-1:]:
            graph = make(nodes)
            x = np.random.default_rng(1).standard_normal(len(graph.parameters))
            contenders = {
                "tape": tape(graph, x, compiled),
                "plan": plan_run(graph, x, "compiled"),
                "no numba": plan_run(graph, x),
                "by names": by_names(graph, x),
                "Python": tape(graph, x, None),
            }
            agreeing(contenders, "tape")
            found = measured(contenders, rounds)
            seconds[make.__name__, nodes] = found["plan"], found["tape"]
            ratio = {name: found[name] / found["tape"] for name in found}
            without = SHALLOW if make is shallow else WITHOUT
            met.append(ratio["plan"] <= WITH and ratio["no numba"] <= without)
            print(
                f"{make.__name__.removesuffix('_dag'):9}{nodes:9,}{1e6 * found['tape']:10.1f}{ratio['plan']:8.2f}"
                f"{ratio['no numba']:10.2f}{ratio['by names']:10.2f}{ratio['Python']:9.1f}"
                f"   {WITH}, {without}: {said(met[-1])}",
                flush=True,
            )
    for kind in ("chain", "layered", "random_dag"):
        both = np.log([seconds[kind, nodes] for nodes in SIZES[1:]])
        slope, tapes = np.polyfit(np.log(SIZES[1:]), both, 1)[0]
        met.append(bool(abs(slope - 1.0) <= 0.05))
        name = kind.removesuffix("_dag")
        print(
            f"{name}, growth from 1,000 nodes on: exponent {slope:.2f} (the tape's: {tapes:.2f})"
            f"   1.00 +- 0.05: {said(met[-1])}"
        )
    return met


def million() -> bool:
    """Print what a million nodes take, in a process of its own; whether the goal is met."""
    done = subprocess.run([sys.executable, __file__, "million"], capture_output=True, text=True, check=True)
    peak, made, run = map(float, done.stdout.split())
    met = peak <= MILLION_MB
    cost = f"peak {peak:.0f} MB, plan {made:.1f} s, run {run:.2f} s"
    print(f"random, 1,000,000, no numba: {cost}   {MILLION_MB:.0f} MB: {said(met)}")
    return met


def one_million() -> None:
    graph = random_dag(1_000_000)
    x = np.random.default_rng(1).standard_normal(len(graph.parameters))
    began = time.process_time()
    run = plan_run(graph, x)
    run()
    made = time.process_time()
    run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    print(peak, made - began, time.process_time() - made)


def layers(rounds: int) -> list[bool]:
    """Print the rows of networks; whether each goal is met."""
    peers = {name: make for name, make in (("torch", by_torch), ("jax", by_jax)) if find_spec(name)}
    heads = "".join(f"{name:>8}" for name in ("mlp.py", "plan", "in place", *peers))
    libraries = {"NumPy": np, **({"torch": importlib.import_module("torch")} if "torch" in peers else {})}
    heads += "".join(f"{'products, ' + name:>17}" for name in libraries)
    print(f"\n{'network':30}{'NumPy, ms':>10}{heads}   goals")
    met = []
    for title, net in networks():
        random = np.random.default_rng(0)
        shapes = {**net.input_shapes, **net.parameter_shapes}
        p = {name: random.standard_normal(shape) / math.sqrt(shape[-1]) for name, shape in shapes.items()}
        plan, out = mlp_plans.MLPPlan(net), {name: np.empty(s) for name, s in net.parameter_shapes.items()}
        contenders: dict[str, Run] = {
            "NumPy": lambda net=net, p=p: by_hand(net, p),
            "mlp.py": lambda net=net, p=p: mlp.mlp_gradients(net, p),
            "plan": lambda plan=plan, p=p: plan.run(p),
            "in place": lambda plan=plan, p=p, out=out: plan.run(p, out),
            **{name: make(net, p) for name, make in peers.items()},
        }
        agreeing(contenders, "NumPy")
        alone = {f"products, {name}": products(net, library) for name, library in libraries.items()}
        found = measured({**contenders, **alone}, rounds)
        ratio = {name: round(found[name] / found["NumPy"], 2) for name in found}
        met.append(ratio["plan"] <= min([1.0, *(ratio[name] for name in peers)]))
        cells = "".join(f"{ratio[name]:{17 if name in alone else 8}.2f}" for name in ratio if name != "NumPy")
        print(f"{title:30}{1e3 * found['NumPy']:10.2f}{cells}   1.0 and peers: {said(met[-1])}", flush=True)
    return met


def main() -> int:
    if sys.argv[1:] == ["million"]:
        one_million()
        return 0
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    met = [*graphs(rounds), million(), *layers(rounds)]
    print(f"{sum(met)} of {len(met)} goals met")
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
