"""Where the time of a check goes, phase by phase: `python tests/benchmarks/phases.py [ROUNDS]`.

Columns are the workloads of `table.py` at 10 and 1,000 entries, right and with a gradient that is twice the truth.
Rows are phases, in milliseconds of processor time: medians, timers included, which take a few per cent. What runs
inside another phase counts for the outer one (a trace at another point is the search for other points), but the user's
own code, which has a row of its own: no check takes less. Then what a start takes: imports, and a child process until
it is ready.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from table import started, works

import gradcheck
from gradcheck.run.selftest import correct_engines
from gradcheck.subject import ChildSubject

OWN, REST = "f and its gradient themselves", "arguments, conclusion and the rest"
PHASES = {
    "trace": ["gradcheck.oracle.analysis:explore"],
    "is the trace f itself?": ["gradcheck.oracle.analysis:admit"],
    "exact: sweeps in balls": ["gradcheck.oracle.analysis:derivative_of"],
    "rounding": ["gradcheck.oracle.analysis:_rounding", "gradcheck.judge.function_estimates:_limits"],
    "one complex step": ["gradcheck.judge.function_estimates:one_step"],
    "symbolic": ["gradcheck.judge.cross_checks:closed_form"],
    "differences along a direction": ["gradcheck.judge.cross_checks:along_one_direction"],
    "differences by entry": ["gradcheck.judge.function_differences:differenced"],
    "compare": ["gradcheck.judge.function_trial:compare_numbers", "gradcheck.judge.function_trial:clear"],
    "contracts": ["gradcheck.judge.contracts:Contracts.findings"],
    "other points": ["gradcheck.judge.elsewhere:Elsewhere.findings"],
    "diagnosis": ["gradcheck.judge.function_trial:Examination._causes"],
}
"""Functions of each phase, as module:name."""


class Clock:
    """Seconds by phase: of the outermost one that runs, and of the user's own code wherever it runs."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: str | None = None

    def timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time noted."""

        @wraps(function)
        def run(*arguments: Any, **options: Any) -> Any:
            if self._running == OWN or (self._running and phase != OWN):
                return function(*arguments, **options)
            outer, self._running = self._running, phase
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                taken, self._running = time.process_time() - started, outer
                self.seconds[phase] += taken
                if outer:
                    self.seconds[outer] -= taken

        return run


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """Inside, the functions of all phases are timed."""
    kept: list[tuple[Any, str, Any]] = []
    for phase, places in PHASES.items():
        for place in places:
            module, _, path = place.partition(":")
            owner: Any = importlib.import_module(module)
            *outer, name = path.split(".")
            for part in outer:
                owner = getattr(owner, part)
            kept.append((owner, name, getattr(owner, name)))
            setattr(owner, name, clock.timed(phase, getattr(owner, name)))
    try:
        yield
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


def phases(work: Any, wrong: bool) -> dict[str, float]:
    """Milliseconds by phase of one check."""
    clock = Clock()

    def twice(*inputs: Any) -> Any:
        answer = work.gradient(*inputs)
        return tuple(2 * part for part in answer) if isinstance(answer, tuple) else 2 * answer

    f = clock.timed(OWN, work.f)
    gradient = clock.timed(OWN, twice if wrong else work.gradient)
    with watched(clock):
        started = time.process_time()
        result = gradcheck.check_gradient(f, gradient, *work.inputs)
        whole = time.process_time() - started
    assert result.verdict == ("FAIL" if wrong else "PASS"), result.to_text()
    begun = time.process_time()
    result.to_text()
    clock.seconds[REST] = whole - sum(clock.seconds.values())
    clock.seconds["report"] = time.process_time() - begun
    clock.seconds["sum"] = sum(clock.seconds.values())
    return {phase: 1000 * spent for phase, spent in clock.seconds.items()}


def table(columns: Sequence[tuple[str, Any, bool]], rounds: int) -> None:
    """Print a column per workload."""
    found = {
        title: [phases(work, wrong) for _ in range(rounds + 1)][1:]  # the first one pays for imports
        for title, work, wrong in columns
    }
    print(f"{'ms':36}" + "".join(f"{title:>20}" for title in found))
    for phase in (*PHASES, OWN, REST, "report", "sum"):
        cells = [statistics.median(one.get(phase, 0.0) for one in each) for each in found.values()]
        print(f"{phase:36}" + "".join(f"{cell:20.2f}" for cell in cells))
    print()


def child(rounds: int) -> float:
    """Milliseconds of wall clock until a child is ready, its limits set."""
    path, taken = correct_engines()["reference"], []
    for _ in range(rounds):
        begun = time.perf_counter()
        with ChildSubject(path) as subject:
            _ = subject.guarantees
            taken.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken)


def main() -> int:
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    chosen = {work.name.removesuffix(" loss"): work for work in works() if work.name.endswith((", 10", ", 1,000"))}
    for wrong in (False, True):
        print("gradients that are twice the truth" if wrong else "right gradients")
        table([(title, work, wrong) for title, work in chosen.items()], rounds)
    base = started("-c", "pass")
    for what in ("import numpy", "import gradcheck; gradcheck.check_gradient"):
        spent = statistics.median(started("-c", what) - base for _ in range(rounds))
        print(f"{what:48}{spent:8.1f} ms of processor time")
    print(f"{'a child process until it is ready':48}{child(rounds):8.1f} ms of wall clock")
    return 0


if __name__ == "__main__":
    sys.exit(main())
