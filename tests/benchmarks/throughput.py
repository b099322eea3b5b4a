"""How many random graphs are drawn and checked in a second? `python tests/benchmarks/throughput.py [GRAPHS]`.

Hypothesis draws scalar graphs of up to 12 nodes with their points, and the reference is put on trial on each of them
against one oracle at a time: protocol, contracts (every question is asked twice), forward value and gradients. Time is
the process's own on one core, so that a machine busy with other work changes it little. The share of draws that
Hypothesis had to throw away comes from its own statistics. Beside them, in the same run, the same graphs are checked by
`scipy.optimize.check_grad`: one forward difference per entry, compared with nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
from hypothesis.statistics import collector
from scipy.optimize import check_grad

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case
from gradcheck.run.selftest import correct_engines
from gradcheck.strategies.graph_strategies import graph_cases
from gradcheck.subject.answer import NATIVE
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.loading import load
from gradcheck.verdict.result import Verdict

GRAPHS = 1000
GOAL = 200
"""Graphs a second, drawn and checked against the fastest oracle that is proven."""
INVALID = 0.05
"""Largest share of draws that may be invalid."""


def drawn(count: int, use: Callable[[Case], Any]) -> tuple[float, int, int]:
    """Have Hypothesis draw `count` graphs for `use`: seconds of process time, draws that were used, all draws."""
    settings = hypothesis.settings(
        max_examples=count, phases=[hypothesis.Phase.generate], derandomize=True, database=None, deadline=None
    )
    statistics: list[Any] = []

    def test(case: Case) -> None:
        use(case)

    run = settings(hypothesis.given(graph_cases())(test))
    began = time.process_time()
    with collector.with_value(statistics.append):  # type: ignore[arg-type]
        run()
    seconds = time.process_time() - began
    statuses = [one["status"] for s in statistics for one in s["generate-phase"]["test-cases"]]
    return seconds, statuses.count("valid"), len(statuses)


def by_scipy(gradients: Callable[..., Any]) -> Callable[[Case], float]:
    """The same question put to SciPy, with all parameters as one vector."""

    def check(case: Case) -> float:
        graph = case.graph
        names = [graph.names[i] for i in graph.parameters]
        others = {name: value for name, value in case.point.items() if name not in names}

        def point(x: Any) -> dict[str, Any]:
            return others | dict(zip(names, x, strict=True))

        def f(x: Any) -> float:
            return float(graph.evaluate(point(x))[graph.names[graph.loss]])

        def gradient(x: Any) -> Any:
            answer = gradients(graph, {name: np.asarray(value) for name, value in point(x).items()})[1]
            return np.array([answer[name] for name in names])

        return float(check_grad(f, gradient, np.array([float(case.point[name]) for name in names])))

    return check


def main(count: int) -> int:
    """Print the table; returns 0 if both goals are reached."""
    gradients = load(correct_engines()["reference"]).functions[NATIVE]
    # Without its adjoints, which are judged by an oracle of their own.
    subject = InProcessSubject(lambda graph, point: gradients(graph, point)[:2])
    drawn(
        50, lambda case: [try_and_diagnose("warm", case, subject, (oracle,)) for oracle in graph_oracles()]
    )  # imports, caches
    seconds, valid, every = drawn(count, lambda case: None)
    invalid = 1 - valid / every
    print(
        f"{every} draws by Hypothesis, {every - valid} invalid: {100 * invalid:.1f} % (goal: under {100 * INVALID:.0f})"
    )
    print(f"{'drawn':34} {valid / seconds:7.0f} graphs a second")
    speeds = {}
    for oracle in graph_oracles():
        verdicts: list[Verdict] = []

        def check(case: Case, oracle: Any = oracle, verdicts: list[Verdict] = verdicts) -> None:
            verdicts.append(try_and_diagnose("drawn", case, subject, (oracle,)).verdict)

        seconds, valid, _ = drawn(count, check)
        passed = verdicts.count(Verdict.PASS)
        speeds[oracle.name] = valid / seconds
        print(
            f"{'drawn, checked by ' + oracle.name:34} {valid / seconds:7.0f} graphs a second; {passed} of {valid} PASS"
        )
    seconds, valid, _ = drawn(count, by_scipy(gradients))
    best = max(speeds, key=lambda name: speeds[name])
    ratio = speeds[best] * seconds / valid
    print(f"{'drawn, checked by scipy':34} {valid / seconds:7.0f} graphs a second")
    print(f"{best} is the fastest, at {ratio:.1f} times the speed of scipy (goal: {GOAL} graphs a second)")
    return int(speeds[best] < GOAL or invalid >= INVALID)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else GRAPHS))
