"""Does the harness raise alarms over engines that are right? `python tests/benchmarks/false_alarms.py [--graphs N]`.

The reference and the three correct engines of other architectures (`gradcheck/faults/correct`) are put on trial on the
same random graphs, in this process: scalars and arrays, away from kinks and close to them, saturated, whole numbers, in
float64 and in float32. Every verdict but PASS is listed, with what was found; with FAIL or ERROR the exit code is 1.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gradcheck.check.trial import try_case
from gradcheck.errors import HarnessFault
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case
from gradcheck.problem.serialise import suite_to_json
from gradcheck.run.selftest import Remembering, correct_engines
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish
from gradcheck.subject.answer import NATIVE
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.loading import load

KINDS = {
    "scalars": {"scalar": True},
    "arrays": {"scalar": False},
    "scalars near kinks": {"scalar": True, "near_kinks": True},
    "arrays near kinks": {"scalar": False, "near_kinks": True},
    "saturated": {"scalar": True, "saturated": True},
    "whole numbers": {"scalar": False, "integer_points": True},
}
"""What is drawn, in turn; every fourth round is asked in float32."""


def cases(count: int, seed: int) -> Iterator[tuple[str, Case]]:
    """Kind and case, `count` of them."""
    usual = {"ops": None, "near_kinks": False, "saturated": False, "integer_points": False, "shuffled": True}
    wishes = {kind: Wish.of(2, 12, **{**usual, **options}) for kind, options in KINDS.items()}
    pick = picker(seed)
    for number in range(count):
        turn, which = divmod(number, len(KINDS))
        kind = list(KINDS)[which]
        graph, point = draw(pick, wishes[kind])
        yield kind, Case(f"graph {number}", graph, point, dtype="float32" if turn % 4 == 3 else "float64")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=2000, metavar="N", help="graphs for each engine (default 2000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the graphs (default 0)")
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="write what is not PASS as suite files, to be replayed"
    )
    options = parser.parse_args()
    subjects = {name: InProcessSubject(load(path).functions[NATIVE]) for name, path in correct_engines().items()}
    verdicts: Counter[tuple[str, str]] = Counter()
    listed: list[str] = []
    started = time.perf_counter()
    with Progress(console=Console(stderr=True)) as progress:
        for kind, case in progress.track(cases(options.graphs, options.seed), total=options.graphs):
            oracles = tuple(map(Remembering, graph_oracles()))
            for name, subject in subjects.items():
                try:
                    result = try_case(case.name, case, subject, oracles)
                    verdict, said = str(result.verdict), "".join(f"{f.code} {f.sentence}" for f in result.findings[:1])
                except HarnessFault as fault:
                    verdict, said = "harness fault", str(fault)
                verdicts[name, verdict] += 1
                if verdict == "PASS":
                    continue
                listed.append(f"{name}, {case.name} ({kind}, {case.dtype}): {verdict} {said}")
                if options.save:
                    options.save.mkdir(parents=True, exist_ok=True)
                    (options.save / f"{case.name.replace(' ', '-')}.json").write_text(suite_to_json([case]))
    console = Console()
    for line in listed:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    seconds = time.perf_counter() - started
    columns = ("PASS", "FAIL", "ERROR", "UNDECIDED", "harness fault")
    table = Table(title=f"{options.graphs} random graphs each, seed {options.seed}, {seconds:.0f} s")
    for column in ("engine", *columns):
        table.add_column(column, justify="left" if column == "engine" else "right")
    for name in subjects:
        table.add_row(name, *(str(verdicts[name, column]) for column in columns))
    console.print(table)
    return int(any(verdicts[name, bad] for name in subjects for bad in ("FAIL", "ERROR", "harness fault")))


if __name__ == "__main__":
    sys.exit(main())
