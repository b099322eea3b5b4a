"""`gradcheck faults`: the harness grades itself."""

from __future__ import annotations

import argparse
import json
import sys

from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from gradcheck.cli.terminal import consoles
from gradcheck.errors import UsageError
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.oracle import graph_oracles
from gradcheck.report.faults import as_data, summary, table
from gradcheck.run.selftest import Graded, Remembering, false_alarms, grade_faults
from gradcheck.run.suite import builtin_suites, load_suite

HELP = "grade the harness itself: every known fault, caught or not, named or not; false alarms over correct engines"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("faults", nargs="*", metavar="CODE", help="faults to plant, such as F01 (default: all)")
    parser.add_argument("--format", choices=("console", "json"), default="console", help="form of the output on stdout")
    parser.add_argument("--no-engines", action="store_true", help="leave out the correct engines")


def main(options: argparse.Namespace) -> int:
    """Grade; returns 0 if every fault was caught and no correct engine flagged, else 1."""
    known = {fault.code: fault for fault in CATALOGUE}
    if unknown := [code for code in options.faults if code.upper() not in known]:
        raise UsageError(f"no fault {unknown[0]!r}; the catalogue has {', '.join(known)}")
    chosen = [known[code.upper()] for code in options.faults] or list(CATALOGUE)
    console, progress = consoles()
    suites = {name: load_suite(name) for name in builtin_suites()}
    oracles = [Remembering(oracle) for oracle in graph_oracles()]
    graded: list[Graded] = []
    alarms: list[tuple[str, int, list[str]]] = []
    with Progress(console=progress, transient=True, disable=not progress.is_interactive) as bar:
        task = bar.add_task("faults", total=len(chosen))
        for one in grade_faults(suites, oracles, chosen):
            graded.append(one)
            bar.advance(task)
        if options.format == "console":
            console.print(table(graded))
        if not options.no_engines:
            task = bar.add_task("correct engines", total=None)
            alarms = [(n, tried, [r.address for r in wrong]) for n, tried, wrong in false_alarms(suites, oracles)]
    if options.format == "json":
        sys.stdout.write(json.dumps(as_data(graded, alarms), indent=1) + "\n")
    else:
        if alarms:
            console.print(_engines(alarms))
        console.print(summary(graded, alarms))
    return int(not all(g.caught for g in graded) or any(wrong for _, _, wrong in alarms))


def _engines(alarms: list[tuple[str, int, list[str]]]) -> Table:
    rows = Table(title="correct engines", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("engine", "cases", "false alarms"):
        rows.add_column(column)
    for name, tried, wrong in alarms:
        rows.add_row(Text(name), str(tried), Text(", ".join(wrong) or "0", style="red" if wrong else "green"))
    return rows
