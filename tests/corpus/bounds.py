"""Do the bounds hold? `python tests/corpus/bounds.py [--trials N] [--seed N] [--jobs N]`

A trial is a function at a point along a direction (one entry, or all of them at random). The truth comes from mpmath at
ninety digits: central differences with two steps, whose disagreement is the truth's own error, so that forty digits
hold. It is put beside what every oracle said. It must lie within every *proven* bound: exit code 1 if it once does not.
For *estimated* bounds the rate of violations is printed (goal: 0). The tightness of a bound is bound / true error.

Three sources: a zoo of smooth functions written once for NumPy and for mpmath, at random points of many scales; random
graphs through every graph oracle; and the open half of the corpus, as far as its truths are numeric.
"""

import argparse
import itertools
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from load import load_items, module

from gradcheck.oracle import graph_oracles
from gradcheck.oracle.analysis import analyse
from gradcheck.oracle.complex_step import complex_step_gradient
from gradcheck.oracle.estimate import Aside, Estimates
from gradcheck.oracle.finite_difference import difference_gradient, directional
from gradcheck.problem import OPS, GraphBuilder
from gradcheck.problem.function import Function, Product, lend

truth, zoo = module("truth"), module("zoo")
truth.mpmath.mp.dps = 90  # sixty digits lose twenty to the step and, where values cancel, more
mpf = truth.mpf

TRIALS = 6_000
ENTRIES = 6
"""Entries of a point that are trials; larger points are sampled."""
LARGEST = 400
"""Corpus items with more entries take mpmath too long."""
STEP = mpf(10) ** -20
COARSE, NOTHING = mpf("1e-3"), mpf("1e-30")
"""A truth whose own error exceeds both this share of a bound and this share of itself cannot judge the bound."""


@dataclass
class Tally:
    """What one oracle's bounds came to; plain numbers, so that processes can send it."""

    compared: int = 0
    silent: int = 0
    coarse: int = 0
    ratios: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def add(self, value: float, bound: float, true: Any, doubt: Any, where: str) -> None:
        """Put an oracle's value and bound beside the truth and its own error."""
        if not np.isfinite(bound):
            self.silent += 1
            return
        error = abs(mpf(float(value)) - true)
        if doubt > COARSE * bound and doubt > NOTHING * abs(true):
            self.coarse += 1
            return
        self.compared += 1
        if error > mpf(float(bound)) + doubt:
            self.violations.append(f"{where}: {float(value)!r} +- {bound:.3g}, truth {truth.mpmath.nstr(true, 20)}")
        if error > doubt:
            self.ratios.append(float(min(mpf(float(bound)) / error, mpf(10) ** 300)))

    def merge(self, other: "Tally") -> None:
        """Join the results of another process."""
        self.compared, self.silent, self.coarse = (
            self.compared + other.compared, self.silent + other.silent, self.coarse + other.coarse
        )  # fmt: skip
        self.ratios += other.ratios
        self.violations += other.violations


Tallies = dict[tuple[str, str], Tally]
"""By (oracle and how it was asked, kind)."""


@dataclass
class Point:
    """A function at a point with its twin in mpmath; counts trials and tallies bounds."""

    name: str
    f: Callable[..., Any]
    twin: Callable[..., Any]
    inputs: tuple[Any, ...]
    wrt: tuple[int, ...]
    random: np.random.Generator
    trials: int = 0
    tallies: Tallies = field(default_factory=lambda: defaultdict(Tally))
    size: Any = 1
    """The largest value of f here."""

    def examine(self) -> None:
        """All oracles at this point, along single entries and one random direction."""
        outputs, self.many = Function.of(self.f, self.inputs, self.wrt).value(lend(self.inputs))
        if not all(np.all(np.isfinite(o)) for o in outputs):
            return
        self.lifted = [truth.lift(x) for x in self.inputs]
        self.size = max(map(abs, truth.flat(self.twin(*self.lifted))), default=mpf(0))
        self.cotangents = tuple(np.asarray(self.random.uniform(0.5, 2, o.shape)) for o in outputs)
        self.weights = truth.flat(self.cotangents)
        self.function = Function.of(self.f, self.inputs, self.wrt)
        self._entries()
        self._random_direction([np.shape(o) for o in outputs])

    def _slope(self, tangents: Sequence[Any]) -> tuple[Any, Any]:
        """The derivative of every output number along `tangents`, and how far it may be off."""
        near, far = (self._difference(tangents, h) for h in (STEP, 2 * STEP))
        # Both share the rounding of ninety digits.
        return near, truth.absolute(near - far) + self.size * mpf(10) ** -80 / STEP

    def _difference(self, tangents: Sequence[Any], h: Any) -> Any:
        sides = []
        for step in (h, -h):
            moved = [x if t is None else x + step * t for x, t in zip(self.lifted, tangents, strict=True)]
            sides.append(truth.flat(self.twin(*moved)))
        return (sides[0] - sides[1]) / (2 * h)

    def _entries(self) -> None:
        """Single entries: J^T c by every oracle that answers entry by entry."""
        said = self._gradients()
        places = [(k, i) for k in self.wrt for i in range(np.size(self.inputs[k]))]
        for at in self.random.permutation(len(places))[:ENTRIES].tolist():
            k, i = places[at]
            size = float(np.abs(np.ravel(self.inputs[k])[i])) or 1.0
            unit = np.zeros(np.size(self.inputs[k]), dtype=object)
            unit[i] = mpf(min(size, 1.0))
            tangents = [unit.reshape(np.shape(x)) if n == k else None for n, x in enumerate(self.inputs)]
            slope, doubt = self._slope(tangents)
            true = truth.dot(self.weights, slope) / unit[i]
            off = truth.dot(truth.absolute(self.weights), doubt) / unit[i]
            self.trials += 1
            for who, estimates in said.items():
                estimate = estimates[k]
                if estimate is not None:
                    value, bound = np.ravel(estimate.value)[i], np.ravel(estimate.error)[i]
                    self.tallies[who, str(estimate.kind)].add(value, float(bound), true, off, f"{self.name} entry {i}")

    def _gradients(self) -> dict[str, dict[int, Any]]:
        """Per oracle an estimate (or None) by input."""
        said: dict[str, dict[int, Any]] = {}
        dtype = np.result_type(*(np.asarray(self.inputs[k]).dtype for k in self.wrt))
        exact = analyse(Product(self.function, self.inputs, self.cotangents, None, dtype))
        if not isinstance(exact, Aside):
            said["exact, J^T c"] = dict(zip(self.wrt, exact.estimates.gradients.values(), strict=True))
        cotangent = self.cotangents if self.many else self.cotangents[0]
        found = difference_gradient(self.f, self.inputs, wrt=self.wrt, cotangent=cotangent)
        said["difference_gradient"] = {k: found.gradients[k] for k in self.wrt}
        stepped = complex_step_gradient(self.f, self.inputs, wrt=self.wrt, cotangent=cotangent)
        if not isinstance(stepped, Aside):
            said["complex_step_gradient"] = {k: stepped.gradients[k] for k in self.wrt}
        return said

    def _random_direction(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """One direction in all inputs: J t by the exact oracle and by differences, for every output."""
        tangents: list[Any] = [None] * len(self.inputs)
        for k in self.wrt:
            x = np.asarray(self.inputs[k])
            size = min(1.0, float(np.sqrt(np.mean(np.square(x, dtype=float)))) if x.size else 1.0) or 1.0
            tangents[k] = np.asarray(size * self.random.standard_normal(x.shape), dtype=x.dtype)
        slope, doubt = self._slope([None if t is None else truth.lift(t) for t in tangents])
        self.trials += 1
        given = tuple(tangents[k] for k in self.wrt)
        dtype = np.result_type(*(t.dtype for t in given))
        exact = analyse(Product(self.function, self.inputs, None, given, dtype))
        if not isinstance(exact, Aside):
            values = np.concatenate([np.ravel(e.value) for e in exact.estimates.gradients.values()])
            bounds = np.concatenate([np.ravel(e.error) for e in exact.estimates.gradients.values()])
            self._outputs("exact, J t", "proven", values, bounds, slope, doubt)
        full = [np.zeros(np.shape(x)) if t is None else t for x, t in zip(self.inputs, tangents, strict=True)]
        value, error, _ = directional(self.f, self.inputs, full)
        flat = [np.concatenate([np.ravel(p) for p in (v if self.many else (v,))]) for v in (value, error)]
        self._outputs("directional", "estimated", *flat, slope, doubt)

    def _outputs(self, who: str, kind: str, values: Any, bounds: Any, slope: Any, doubt: Any) -> None:
        for k, (value, bound) in enumerate(zip(values, bounds, strict=True)):
            self.tallies[who, kind].add(value, float(bound), slope[k], doubt[k], f"{self.name} output {k}")


def from_zoo(index: int, seed: int) -> Point:
    """A row of the zoo at a random point."""
    row = zoo.ZOO[index]
    random = np.random.default_rng([seed, index])
    scale = 10.0 ** random.uniform(row.low, row.high)
    inputs = [scale * random.standard_normal(shape) for shape in row.shapes]
    if row.positive:
        inputs = [np.abs(x) + 0.01 * scale for x in inputs]
    f, twin = (partial(row.f, m) for m in (np, truth))
    return Point(f"{row.name} (scale {scale:.2g})", f, twin, tuple(inputs), tuple(range(len(inputs))), random)


def from_corpus(name: str, number: int) -> Point:
    """An open item at one of its points, or (beyond these) near its own."""
    item = _open_items()[name]
    points = (item.inputs, *item.truth.at)
    random = np.random.default_rng([len(name), number])
    inputs = points[number] if number < len(points) else item.inputs
    wrt = tuple(item.options.get("wrt", (k for k, x in enumerate(inputs) if np.asarray(x).dtype.kind == "f")))
    if number >= len(points):
        inputs = tuple(
            np.asarray(x * (1 + 0.05 * random.standard_normal(np.shape(x))), dtype=x.dtype) if k in wrt else x
            for k, x in enumerate(inputs)
        )
    f = item.options.get("meant", item.f)
    return Point(f"{name} #{number}", f, item.truth.value, inputs, wrt, random)


OF_REAL_CONSTANTS = ("gelu_", "rk4", "newton_solve", "gp_")
"""Left out: their truths have constants as real numbers, which f rounds to float64 before it meets its inputs
(sqrt(2 / pi), h / 6, sqrt(3), differences of data points). Forty digits of that are digits of another function."""

WRITTEN_FOR_LABELS = (
    "course",
    "library",
    "everyday science",
    "habits",
    "layer classes",
    "small engines",
    "new",
    "blind",
)
"""Left out for the same reason: the truths of these categories state pi, 0.1 or SELU's constants as real numbers."""


@cache
def _open_items() -> dict[str, Any]:
    """Items that are not held out, whose f has the truth's derivative at unstructured points."""
    return {
        i.name: i
        for i in load_items()
        if not i.held_out
        and not i.door
        and isinstance(i.truth, truth.Reference)
        and not {"structure", "accuracy"} & set(i.options)
        and not i.name.startswith(OF_REAL_CONSTANTS)
        and not i.category.startswith(WRITTEN_FOR_LABELS)
        and sum(np.size(x) for x in i.inputs) <= LARGEST
    }


UNARY = {
    "sin": truth.sin,
    "cos": truth.cos,
    "tanh": truth.tanh,
    "sigmoid": truth.sigmoid,
    "square": lambda x: x * x,
    "softplus": lambda x: truth.log1p(truth.exp(x)),
    "neg": lambda x: -x,
    "cube root of 1 + square": lambda x: truth.power(1 + x * x, mpf(1 / 3)),
}
BINARY = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b}


def graph_trials(seed: int) -> tuple[int, Tallies]:
    """A random graph of scalars; every parameter is a direction, and every oracle for graphs is asked."""
    random = np.random.default_rng([seed, 99])
    names = ["a", "b", "c", "d"]
    at = {name: np.array(random.standard_normal()) for name in names}
    build = GraphBuilder()
    nodes = [build.parameter(name) for name in names]
    program: list[tuple[str, list[int]]] = []
    for _ in range(int(random.integers(4, 14))):
        op = str(random.choice([*UNARY, *BINARY, *BINARY]))
        chosen = [len(nodes) - 1, int(random.integers(len(nodes)))][: 1 if op in UNARY else 2]
        program.append((op, chosen))
        if op in OPS:
            nodes.append(build.apply(op, *(nodes[k] for k in chosen)))
        else:
            nodes.append((1.0 + build.square(nodes[chosen[0]])) ** (1 / 3))
    graph = build.graph(build.sin(nodes[-1]) * nodes[0] + nodes[1] + nodes[2] * nodes[3])

    def twin(*leaves: Any) -> Any:
        values = list(leaves)
        for op, chosen in program:
            values.append((UNARY | BINARY)[op](*(values[k] for k in chosen)))
        return truth.sin(values[-1]) * values[0] + values[1] + values[2] * values[3]

    point = Point(f"graph {seed}", twin, twin, (), (), random)
    point.lifted = [truth.lift(at[name]) for name in names]
    said = [oracle(graph, at) for oracle in graph_oracles()]
    for k, name in enumerate(names):
        slope, doubt = point._slope([truth.lift(np.ones(())) if n == k else None for n in range(len(names))])
        point.trials += 1
        for answer in said:
            if isinstance(answer, Estimates):
                estimate = answer.gradients[name]
                bound = float(estimate.error)
                tally = point.tallies[f"{answer.oracle} (graph)", str(estimate.kind)]
                tally.add(float(estimate.value), bound, slope[0], doubt[0], f"{point.name} d/d{name}")
    return point.trials, point.tallies


Task = tuple[str, Any, int]


def perform(task: Task) -> tuple[int, Tallies, str]:
    """One task in a process of a pool: its trials, its tallies, and what it came from."""
    kind, what, number = task
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if kind == "graphs":
            return *graph_trials(number), kind
        point = from_zoo(what, number) if kind == "zoo" else from_corpus(what, number)
        point.examine()
    return point.trials, dict(point.tallies), kind


def tasks(seed: int) -> Iterator[Task]:
    """The corpus once (each function at its points and at two near them), then zoo and graphs without end."""
    seen: set[int] = set()
    for name, item in _open_items().items():
        if id(item.f) not in seen:
            seen.add(id(item.f))
            yield from (("corpus", name, n) for n in range(len(item.truth.at) + 3))
    for number in itertools.count(10_000 * seed):
        yield from (("zoo", index, number) for index in range(len(zoo.ZOO)))
        yield from (("graphs", None, 10 * number + n) for n in range(10))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    started = time.perf_counter()
    trials: Counter[str] = Counter()
    tallies: Tallies = defaultdict(Tally)
    queue = tasks(options.seed)
    with ProcessPoolExecutor(options.jobs) as pool:
        while trials.total() < options.trials:  # in rounds, so that the trials are the same whatever the number of jobs
            for count, found, source in pool.map(perform, [next(queue) for _ in range(100)], chunksize=5):
                trials[source] += count
                for key, tally in found.items():
                    tallies[key].merge(tally)
    told = ", ".join(f"{count} {source}" for source, count in trials.items())
    print(f"{trials.total()} trials of a function, a point and a direction ({told}); seed {options.seed}, ", end="")
    print(f"{time.perf_counter() - started:.0f} s")
    return report(tallies)


def report(tallies: Tallies) -> int:
    """Print the table and every violation; the exit code."""
    print(f"\n{'oracle':26}{'kind':11}{'bounds':>8}{'silent':>8}{'coarse':>8}{'violated':>10}{'rate':>10}", end="")
    print(f"{'bound/error: median':>21}{'99th pct.':>11}")
    for (who, kind), t in sorted(tallies.items(), key=lambda row: (row[0][1] != "proven", row[0])):
        rate = len(t.violations) / max(t.compared, 1)
        median, high = np.percentile(t.ratios, [50, 99]) if t.ratios else (np.nan, np.nan)
        print(f"{who:26}{kind:11}{t.compared:8}{t.silent:8}{t.coarse:8}{len(t.violations):10}{rate:10.2e}", end="")
        print(f"{median:21.3g}{high:11.3g}")
    print("\nsilent: no bound was given (inf); coarse: the truth's own error is too large to judge the bound")
    broken = 0
    for (who, kind), t in tallies.items():
        broken += len(t.violations) if kind == "proven" else 0
        for text in t.violations[:10]:
            print(f"VIOLATED, {kind}: {who}: {text}")
    proven = sum(t.compared for (_, kind), t in tallies.items() if kind == "proven")
    print(f"\n{proven} proven bounds compared, {broken} violated")
    return int(bool(broken) or not proven)


if __name__ == "__main__":
    sys.exit(main())
