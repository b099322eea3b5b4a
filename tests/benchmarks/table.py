"""One table of what gradcheck's checks and its start cost, with goals: `python tests/benchmarks/table.py [ROUNDS]`.

Every row is a right gradient, put to gradcheck and to each checker of PyTorch that is installed (as
`tests/corpus/checkers.py` puts it), or a start of a Python of its own. Contenders run in turn, `ROUNDS` times each; a
figure is the median of processor time. The last column says whether the goal is met, on this machine, in this run. A
check that does not pass is a missed goal. What the reference engine costs follows (`engine.py`). Exits 1 where a goal
is missed.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from beside_peers import Network, checkers, items, ours, truth

PEERS = {name: peer.check for name, peer in checkers.PEERS.items() if peer.package == "torch"}
MOST_SLOW = 1_000
"""Entries up to which a peer is asked that takes time for every one of them."""
START = 1.2
"""Goal of `gradcheck --help`, in units of `import numpy`."""


@dataclass(frozen=True)
class Work:
    """A function, its gradient and a point; `goal` in milliseconds."""

    name: str
    f: Callable[..., Any]
    gradient: Callable[..., Any]
    inputs: tuple[Any, ...]
    goal: float


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x: Any) -> Any:
    g, d = np.zeros_like(x), x[1:] - x[:-1] ** 2
    g[:-1] = -400 * x[:-1] * d - 2 * (1 - x[:-1])
    g[1:] += 200 * d
    return g


def logsumexp(x: Any) -> Any:
    shift = np.max(x)
    return shift + np.log(np.sum(np.exp(x - shift)))


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def works() -> list[Work]:
    """The workloads, the smallest first."""
    found = []
    for n, goal in ((10, 10.0), (100, 20.0), (1_000, 50.0), (10_000, 200.0)):
        x = np.random.default_rng(1).standard_normal(n)
        network = Network(n)
        found += [
            Work(f"MLP loss, {n:,}", network.loss, network.gradient, network.point, goal),
            Work(f"Rosenbrock, {n:,}", rosenbrock, rosenbrock_gradient, (x,), goal),
            Work(f"log-sum-exp, {n:,}", logsumexp, softmax, (x,), goal),
        ]
    return found


def once(check: Callable[[Any], bool], work: Work) -> tuple[bool, float, int]:
    """(passed, milliseconds of processor time, runs of f)."""
    runs = 0

    def counted(*inputs: Any) -> Any:
        nonlocal runs
        runs += 1
        return work.f(*inputs)

    intent = truth.LabelledByIntent("a right gradient")
    item = items.Item(work.name, "cost", "gradient", counted, work.gradient, work.inputs, "right", "", intent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.process_time()
        passed = check(item)
        return passed, 1000 * (time.process_time() - started), runs


def row(work: Work, rounds: int) -> bool:
    """Print one row; whether its goal is met."""
    entries = sum(np.size(x) for x in work.inputs)
    rows: dict[str, Callable[[Any], bool]] = {"gradcheck": ours}
    if find_spec("torch") is not None:
        rows |= {name: check for name, check in PEERS.items() if entries <= MOST_SLOW or "slow" not in name}
    seen: dict[str, list[tuple[bool, float, int]]] = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name, check in rows.items():
            found = once(check, work)
            if number:  # the first one pays for imports and compilations
                seen[name].append(found)
    mine = statistics.median(spent for _, spent, _ in seen["gradcheck"])
    passed, _, runs = seen["gradcheck"][-1]
    peers = [
        f"{name.removeprefix('torch gradcheck, ')} {statistics.median(spent for _, spent, _ in seen[name]):.1f}"
        for name in list(rows)[1:]
    ]
    met = passed and mine <= work.goal
    said = "met" if met else "MISSED" if passed else "NOT PASSED"
    print(f"{work.name:22}{mine:9.1f}{runs:6}  {', '.join(peers):28}{work.goal:7.0f}  {said}", flush=True)
    return met


def started(*command: str) -> float:
    """Milliseconds of processor time of a Python of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def start(rounds: int) -> bool:
    """Print the row of the start; whether its goal is met."""
    pairs = [(started("-m", "gradcheck", "--help"), started("-c", "import numpy")) for _ in range(rounds + 1)][1:]
    mine, numpys = (statistics.median(side) for side in zip(*pairs, strict=True))
    met = mine <= START * numpys
    said = "met" if met else "MISSED"
    beside = f"import numpy {numpys:.0f}: {mine / numpys:.2f} x"
    print(f"{'gradcheck --help':22}{mine:9.1f}{'':6}  {beside:28}{START:5.1f} x  {said}")
    return met


def main() -> int:
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    print(f"{'work':22}{'ms':>9}{'f':>6}  {'PyTorch, ms':28}{'goal':>7}")
    met = [start(rounds), *(row(work, rounds) for work in works())]
    print(f"{sum(met)} of {len(met)} goals met\n", flush=True)
    engine = subprocess.run([sys.executable, Path(__file__).with_name("engine.py"), str(rounds)], check=False)
    return int(not all(met) or engine.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
