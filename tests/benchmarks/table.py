"""One table of what gradcheck's checks and its start cost, with goals: `python tests/benchmarks/table.py [ROUNDS]`.

Every row is a right gradient, put to gradcheck and to each checker of PyTorch that is installed (as
`tests/corpus/checkers.py` puts it), or a start of a Python of its own. Contenders run in turn, `ROUNDS` times each; a
figure is the median of processor time. "own" is what f and its gradient take themselves while gradcheck asks them,
which a check cannot take less than; `phases.py` tells where the rest goes. The last column says whether the goal is
met, on this machine, in this run. A check that does not pass is a missed goal. What the reference engine costs follows
(`engine.py`). Exits 1 where a goal is missed.
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
MAIN_JOB, FAILING = 5.0, 10.0
"""Goals of a run of the built-in suites on the reference, and on an engine with a mistake, in seconds."""


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


class Own:
    """A function of the user's, the number of its runs and the seconds that they take."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.runs, self.seconds = function, 0, 0.0

    def __call__(self, *inputs: Any) -> Any:
        self.runs += 1
        started = time.process_time()
        try:
            return self.function(*inputs)
        finally:
            self.seconds += time.process_time() - started


@dataclass(frozen=True)
class Cost:
    """One check: whether it passed, milliseconds of processor time, those of the user's own code, runs of both."""

    passed: bool
    spent: float
    own: float
    runs: tuple[int, int]


def once(check: Callable[[Any], bool], work: Work) -> Cost:
    """What one check costs."""
    f, gradient = Own(work.f), Own(work.gradient)
    intent = truth.LabelledByIntent("a right gradient")
    item = items.Item(work.name, "cost", "gradient", f, gradient, work.inputs, "right", "", intent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.process_time()
        passed = check(item)
        spent = time.process_time() - started
        return Cost(passed, 1000 * spent, 1000 * (f.seconds + gradient.seconds), (f.runs, gradient.runs))


def row(work: Work, rounds: int) -> bool:
    """Print one row; whether its goal is met."""
    entries = sum(np.size(x) for x in work.inputs)
    rows: dict[str, Callable[[Any], bool]] = {"gradcheck": ours}
    if find_spec("torch") is not None:
        rows |= {name: check for name, check in PEERS.items() if entries <= MOST_SLOW or "slow" not in name}
    seen: dict[str, list[Cost]] = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name, check in rows.items():
            found = once(check, work)
            if number:  # the first one pays for imports and compilations
                seen[name].append(found)
    median = {name: statistics.median(one.spent for one in each) for name, each in seen.items()}
    mine, last = median.pop("gradcheck"), seen["gradcheck"][-1]
    own = statistics.median(one.own for one in seen["gradcheck"])
    peers = [f"{name.removeprefix('torch gradcheck, ')} {spent:.1f}" for name, spent in median.items()]
    met = bool(last.passed and mine <= work.goal)
    said = "met" if met else "MISSED" if last.passed else "NOT PASSED"
    runs = "+".join(map(str, last.runs))
    print(f"{work.name:22}{mine:9.1f}{own:8.1f}{runs:>8}  {', '.join(peers):28}{work.goal:7.0f}  {said}", flush=True)
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
    print(f"{'gradcheck --help':22}{mine:9.1f}{'':16}  {beside:28}{START:5.1f} x  {said}")
    return met


def jobs(rounds: int) -> list[bool]:
    """Print what whole runs take by the wall clock, from the start to the last line; whether the goals are met."""
    wrong = Path(__file__).parent.parent / "faults" / "overwrite.py"
    met = []
    for name, arguments, goal in (
        ("gradcheck run", (), MAIN_JOB),
        ("a failing run", ("--subject", str(wrong)), FAILING),
    ):
        taken = []
        for _ in range(rounds):
            begun = time.perf_counter()
            command = [sys.executable, "-m", "gradcheck", "run", "-q", *arguments]
            done = subprocess.run(command, check=False, capture_output=True)
            taken.append(time.perf_counter() - begun)
            assert done.returncode == int(bool(arguments)), done.stderr.decode()
        spent = statistics.median(taken)
        met.append(spent <= goal)
        said = "met" if met[-1] else "MISSED"
        print(f"{name:22}{1000 * spent:9.0f}{'':16}  {'wall clock, all diagnoses':28}{goal:5.0f} s  {said}", flush=True)
    return met


def main() -> int:
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    print(f"{'work':22}{'ms':>9}{'own':>8}{'f+grad':>8}  {'PyTorch, ms':28}{'goal':>7}")
    met = [start(rounds), *jobs(rounds), *(row(work, rounds) for work in works())]
    print(f"{sum(met)} of {len(met)} goals met\n", flush=True)
    engine = subprocess.run([sys.executable, Path(__file__).with_name("engine.py"), str(rounds)], check=False)
    return int(not all(met) or engine.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
