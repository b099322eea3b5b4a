"""Long chains and sums: right engines must pass however many roundings repeat, and one wrong rule must still fail.

    python tests/benchmarks/chains.py [LONGEST [DTYPE [NAME ...]]]

One line per chain, length and dtype: the verdict and seconds of each right engine, then of the reference with one rule
off by the relative error of the column's name. In float32 errors matter from 1e-4 on, so that 1e-6 in one rule shows on
chains only where it is multiplied up; 1e-3 in the rule of the last op stands for it there. Forward mode takes a pass
for every entry: a sum of 10,000 entries takes it a quarter of an hour.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.faults.correct import forward_mode, recursive, tape
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.reference.dag import gradients as reference
from gradcheck.subject.inprocess import InProcessSubject

ENGINES: dict[str, Callable[..., Any]] = {
    "reference": reference,
    "tape": tape.gradients,
    "recursive": recursive.gradients,
    "forward_mode": forward_mode.gradients,
}
CHAINS = (("add", 0.001), ("add", 0.1), ("mul", 1.000001), ("mul", 0.999))
OFF = {"float64": 1e-6, "float32": 1e-3}


class OneRule(Backprop):
    """The message of one op is off by a relative error."""

    def __init__(self, off: float) -> None:
        self.off = off

    def message(self, node: int, slot: int, upstream: Any) -> Any:
        sent = super().message(node, slot, upstream)
        return sent * (1 + self.off) if self.graph.op(node) == "square" else sent


def chain(op: str, constant: float, length: int, dtype: str) -> Case:
    """The square of x op constant op constant ..., `length` times."""
    build = GraphBuilder()
    h, k = build.parameter("x"), build.constant(constant)
    for _ in range(length):
        h = build.apply(op, h, k)
    return Case("chain", build.graph(build.square(h)), {"x": 0.37}, dtype=dtype)


def one_by_one(entries: int, dtype: str) -> Case:
    """The square of x0 + x1 + x2 + ..., added in this order."""
    build = GraphBuilder()
    h = build.parameter("x0")
    for k in range(1, entries):
        h = h + build.parameter(f"x{k}")
    return Case("sum", build.graph(build.square(h)), {f"x{k}": 0.1 for k in range(entries)}, dtype=dtype)


def told(case: Case, engine: Callable[..., Any]) -> str:
    """Verdict and seconds."""
    started = time.perf_counter()
    verdict = try_and_diagnose("case", case, InProcessSubject(engine), graph_oracles()).verdict
    return f"{verdict} {time.perf_counter() - started:.1f} s"


def main() -> None:
    """Print the table."""
    longest = int(sys.argv[1]) if sys.argv[1:] else 10_000
    lengths = [n for n in (10, 100, 1000, 10_000) if n <= longest]
    for dtype, off in OFF.items():
        if sys.argv[2:] and dtype != sys.argv[2]:
            continue
        cases = [(f"{op} {c:g}", n, chain(op, c, n, dtype)) for op, c in CHAINS for n in lengths]
        cases += [("sum 0.1", n, one_by_one(n, dtype)) for n in lengths]
        for name, length, case in cases:
            if sys.argv[3:] and name not in sys.argv[3:]:
                continue
            seen = [f"{engine} {told(case, ENGINES[engine])}" for engine in ENGINES]
            print(
                dtype, name, length, *seen, f"square off by {off:g}: {told(case, OneRule(off))}", sep="  ", flush=True
            )


if __name__ == "__main__":
    main()
