"""How many random graphs until a fault is first caught: `python tests/benchmarks/first_catch.py [SEEDS]`.

Each fault of graphs is put to graphs from `gradcheck.strategies` drawn one after the other, scalar ones and arrays in
turn, with several seeds. A row per fault gives the quartiles and the most; the last line the median over all.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.fault import Fault
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.settings import Settings
from gradcheck.oracle.exact import exact
from gradcheck.problem import Case
from gradcheck.run.selftest import Remembering
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish
from gradcheck.subject.inprocess import InProcessSubject

SEEDS = 5
MOST = 300
"""Graphs after which a fault counts as not caught."""
GOAL = 20


def drawn(seed: int) -> Iterator[Case]:
    """Random graphs, scalars and arrays in turn."""
    for k in range(MOST):
        wish = Wish.of(
            2, 12, None, scalar=k % 2 == 0, near_kinks=False, saturated=False, integer_points=False, shuffled=True
        )
        graph, point = draw(picker(1_000_000 * seed + k), wish)
        yield Case("drawn", graph, point)


def first_catch(fault: Fault, cases: list[Case], oracle: Remembering) -> int | None:
    """The number, from 1, of the first graph on which the fault shows; None if none does."""
    subject = InProcessSubject(fault.subject(), entry=fault.entry)
    settings = Settings(moved_points=0)
    for number, case in enumerate(cases, 1):
        if try_any("", case, subject, (oracle,), settings).wrong:
            return number
    return None


def main(seeds: int) -> int:
    """Print the table; returns 0 if the median over all faults and seeds is at most the goal and all were caught."""
    faults = [f for f in CATALOGUE if f.scope == "dag" and not f.right and f.code not in UNJUDGED]
    oracle = Remembering(exact)
    decks = [list(drawn(seed)) for seed in range(seeds)]
    everything: list[int] = []
    missed = 0
    print(f"{'fault':5} {'what':38} {'quarter':>8} {'median':>7} {'3/4':>6} {'most':>6}")
    for fault in faults:
        counts = [first_catch(fault, deck, oracle) for deck in decks]
        found = sorted(c if c is not None else MOST + 1 for c in counts)
        missed += sum(c is None for c in counts)
        everything += found
        low, middle, high = statistics.quantiles(found, n=4) if seeds > 1 else (found[0],) * 3
        most = f"> {MOST}" if found[-1] > MOST else str(found[-1])
        print(f"{fault.code:5} {fault.name:38} {low:8.1f} {middle:7.1f} {high:6.1f} {most:>6}", flush=True)
    median = statistics.median(everything)
    print(f"median over {len(faults)} faults and {seeds} seeds: {median:g} graphs; not within {MOST}: {missed}")
    return int(median > GOAL or missed > 0)


UNJUDGED = {"F17", "F52"}
"""Faults that give no answer to judge: one waits for ever, one has the wrong shape."""

if __name__ == "__main__":
    began = time.perf_counter()
    code = main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
    print(f"{time.perf_counter() - began:.0f} s")
    sys.exit(code)
