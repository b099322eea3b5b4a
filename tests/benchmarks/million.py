"""One wrong entry among a million parameters: `python tests/benchmarks/million.py [--entries N]`.

How many runs of f it takes to find it and to name it (goal: at most 200), by the size of the error relative to the root
mean square of the gradient; and what a right gradient of as many entries costs.
"""

import argparse
import sys
import time
from typing import Any

import numpy as np

import gradcheck
from gradcheck.verdict.result import Result

GOAL = 200


class Loss:
    """A smooth loss with weights of many sizes; counts its runs."""

    def __init__(self, entries: int) -> None:
        random = np.random.default_rng(0)
        self.weights = random.uniform(0.5, 2.0, entries)
        self.point = random.standard_normal(entries)
        self.runs = 0

    def __call__(self, x: Any) -> Any:
        self.runs += 1
        return np.sum(self.weights * np.sin(x))

    def gradient(self, x: Any) -> Any:
        return self.weights * np.cos(x)


def check(entries: int, size: float, position: int) -> tuple[Result, int, float]:
    """A gradient that is off by `size` root mean squares in one entry: the result, runs of f, seconds."""
    loss = Loss(entries)
    error = size * float(np.sqrt(np.mean(loss.gradient(loss.point) ** 2)))

    def gradient(x: Any) -> Any:
        answer = loss.gradient(x)
        answer[position] += error
        return answer

    started = time.perf_counter()
    result = gradcheck.check_gradient(loss, gradient, loss.point)
    return result, loss.runs, time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    entries = parser.parse_args().entries
    position = 7 * entries // 11
    print(f"{entries:,} parameters, entry {position:,} wrong\n")
    print(f"{'error / rms':>12}{'verdict':>11}{'located':>9}{'runs of f':>11}{'seconds':>9}")
    met = True
    for size in (10.0, 1.0, 0.1, 1e-2, 1e-3, 0.0):
        result, runs, seconds = check(entries, size, position)
        named = [f.facts["entry"] for f in result.findings if f.code == "GC012"]
        located = "-" if size == 0 else "yes" if named == [[position]] else "no"
        print(f"{size:12g}{result.verdict:>11}{located:>9}{runs:11}{seconds:9.1f}")
        if size >= 0.1:
            met = met and result.verdict == "FAIL" and located == "yes" and runs <= GOAL
    print(f"\ngoal for errors of a tenth and more (found, located, at most {GOAL} runs): {'met' if met else 'MISSED'}")
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
