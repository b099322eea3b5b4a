"""`gradcheck faults`: the harness tests itself."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from gradcheck.cli.terminal import consoles, signs_of_life
from gradcheck.config.effective import drawn, effective
from gradcheck.errors import UsageError
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case
from gradcheck.problem.reading import brief
from gradcheck.problem.serialise import suite_to_json
from gradcheck.report.faults_table import as_data, engine_table, summary, table
from gradcheck.run.selftest import (
    EngineGrade,
    Graded,
    Remembering,
    correct_engines,
    false_alarms,
    grade_faults,
    random_graphs,
)
from gradcheck.run.suite import builtin_suites, load_suite, near_names

GRAPHS = 200


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("faults", nargs="*", metavar="CODE", help="faults to plant, such as F01 (default: all)")
    parser.add_argument("--format", choices=("console", "json"), default="console", help="form of the output on stdout")
    parser.add_argument("--no-engines", action="store_true", help="leave out the correct engines")
    parser.add_argument(
        "--graphs", type=int, default=GRAPHS, metavar="N", help=f"random graphs for each engine (default {GRAPHS})"
    )
    parser.add_argument("--seed", metavar="N", help="seed of the random graphs: a number, or 'random' (default 0)")
    parser.add_argument("--save", metavar="DIR", help="write the graphs that raised an alarm here, to be replayed")


def main(options: argparse.Namespace) -> int:
    """Test faults and correct engines; returns 0 if every fault was caught and no engine flagged, else 1."""
    known = {fault.code: fault for fault in CATALOGUE}
    if unknown := [code for code in options.faults if code.upper() not in known]:
        near = near_names(unknown[0], known)
        hint = f"did you mean {near}?" if near else "gradcheck explain --list shows them"
        raise UsageError(f"no fault {brief(unknown[0])}; {hint}")
    chosen = [known[code.upper()] for code in options.faults] or list(CATALOGUE)
    if options.graphs < 0:
        raise UsageError(f"--graphs must be a number of graphs, got {options.graphs}")
    seed = drawn(effective({"seed": options.seed})["seed"]) or 0
    console, _ = consoles()
    graded: list[Graded] = []
    engines: list[EngineGrade] = []
    with signs_of_life() as progress:
        progress.now("loading the suites")
        suites = {name: load_suite(name) for name in builtin_suites()}
        oracles = [Remembering(oracle) for oracle in graph_oracles()]
        progress.start("faults", len(chosen))
        for done, fault in enumerate(chosen):
            progress.now(f"{fault.code}, {fault.name}", done=done)
            graded += grade_faults(suites, oracles, [fault])
        if options.format == "console":
            with progress.aside():
                console.print(table(graded))
        if not options.no_engines:
            items = [item for suite in suites.values() for item in suite] + random_graphs(options.graphs, seed)
            progress.start("cases of correct engines", len(correct_engines()) * len(items))
            engines = false_alarms(items, graph_oracles(), progress.step)
    if options.save:
        _save(Path(options.save), engines)
    if options.format == "json":
        sys.stdout.write(json.dumps(as_data(graded, engines), indent=1) + "\n")
    else:
        if engines:
            console.print(engine_table(engines))
        console.print(summary(graded, engines))
    return int(not all(g.caught for g in graded) or any(engine.alarms for engine in engines))


def _save(folder: Path, engines: Sequence[EngineGrade]) -> None:
    """Write each case that raised a false alarm as a suite file."""
    for item in {item.address: item for engine in engines for item in engine.alarms}.values():
        if isinstance(item.case, Case):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{item.case.name.replace(' ', '-')}.json"
            path.write_text(suite_to_json([item.case]), encoding="utf-8")
