"""`gradcheck run [SUITE[::CASE] ...] [--subject FILE[:NAME]]`: put an implementation on trial."""

from __future__ import annotations

import argparse
import random
import shlex
import sys
from pathlib import Path

from gradcheck.check.settings import Settings
from gradcheck.cli.parser import seed_of_flag
from gradcheck.cli.terminal import consoles
from gradcheck.errors import UsageError, printable
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case
from gradcheck.report.console import ConsoleReport
from gradcheck.report.json import JsonReport
from gradcheck.run import runner
from gradcheck.run.afterthought import save
from gradcheck.run.events import Diagnosed, Finished
from gradcheck.run.select import none_fits, select
from gradcheck.run.suite import Addressed, collect, shipped
from gradcheck.subject.process import ChildSubject, subject_path

HELP = "put a backprop engine on trial: suites of cases, cross-checked by independent oracles"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "targets", nargs="*", metavar="SUITE[::CASE]", help="suites or cases (default: all built-in suites)"
    )
    parser.add_argument(
        "--subject", metavar="FILE[:NAME]", help="the engine under test (default: the built-in reference)"
    )
    parser.add_argument(
        "-k", dest="expression", metavar="EXPR", help="only cases whose address or labels fit, as in pytest"
    )
    parser.add_argument(
        "-x", "--fail-fast", action="store_true", help="stop after the first case that is not as it should be"
    )
    parser.add_argument("--seed", metavar="N", help="seed of generated cases: a number, or 'random'")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds per question (default 10)")
    parser.add_argument(
        "--interest", type=float, metavar="R", help="relative error that matters (default 1e-6; 1e-4 in float32)"
    )
    parser.add_argument(
        "--max-ulps", type=float, metavar="N", help="fail gradients that are off by more ulps than this"
    )
    parser.add_argument("--format", choices=("console", "json"), default="console", help="form of the output on stdout")
    parser.add_argument(
        "--report", action="append", default=[], metavar="KIND=PATH", help="write a report file (json=PATH)"
    )
    parser.add_argument(
        "--save-failures",
        metavar="DIR",
        default=".gradcheck/failures",
        help="where failing generated graphs are saved, and replayed from next time ('' for nowhere)",
    )
    parser.add_argument(
        "--no-diagnosis", action="store_true", help="do not look for the smallest counterexample and its cause"
    )
    parser.add_argument("--list", action="store_true", help="list the cases and run nothing")
    parser.add_argument("--no-timings", action="store_true", help="leave out times, so that two runs can be compared")


def main(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    seed = _seed(options.seed)
    files = _report_files(options.report)
    settings = Settings(interest=options.interest, max_ulps=options.max_ulps)
    if not options.timeout > 0:
        raise UsageError(f"--timeout must be a positive number of seconds, got {options.timeout}")
    path, name = (shipped("reference"), None) if options.subject is None else subject_path(options.subject)
    folder = None if options.save_failures == "" else Path(options.save_failures)
    cases = _with_saved(folder, collect(options.targets, seed=seed))
    if options.expression:
        chosen = select(cases, options.expression)
        if not chosen:
            print(f"gradcheck: {none_fits(cases, options.expression)}", file=sys.stderr)
        cases = chosen
    console, progress = consoles()
    if options.list:
        for item in cases:
            line = printable(f"{item.address}  {item.case.sentence}").rstrip()
            console.print(line, markup=False, highlight=False, soft_wrap=not console.is_terminal)
        return 0 if cases else 5
    given = f" --subject {shlex.quote(options.subject)}" if options.subject else ""
    timeout = f" --timeout {options.timeout:g}" if options.timeout != 10.0 else ""
    document = JsonReport()
    screen = ConsoleReport(console, progress, timings=not options.no_timings) if options.format == "console" else None
    code = 5
    with ChildSubject(path, name, timeout=options.timeout) as subject:
        events = runner.run(
            cases,
            subject,
            graph_oracles(),
            described=options.subject or "the built-in reference (gradcheck.reference)",
            self_check=not options.subject and not options.targets,
            seed=seed,
            settings=settings,
            fail_fast=options.fail_fast,
            replay_options=given + timeout,
            diagnosis=not options.no_diagnosis,
        )
        diagnosed = None
        for event in events:
            document.add(event)
            if screen is not None:
                screen.add(event)
            if isinstance(event, Diagnosed):
                diagnosed = event
            if isinstance(event, Finished):
                code = event.exit_code
                if folder is not None and options.subject:
                    save(folder, cases, event.results, diagnosed)
    if options.format == "json":
        sys.stdout.write(document.text())
    for file in files:
        document.write(file)
    return code


def _with_saved(folder: Path | None, cases: list[Addressed]) -> list[Addressed]:
    """The cases, with failures that earlier runs saved before them where any are generated: those are tried first."""
    generated = any(isinstance(a.case, Case) and a.case.seed is not None and not a.named for a in cases)
    files = sorted(folder.glob("*.json")) if generated and folder is not None else []
    return [*collect([str(file) for file in files]), *cases] if files else cases


def _seed(given: str | None) -> int | None:
    return random.SystemRandom().getrandbits(32) if given == "random" else seed_of_flag(given, "or 'random'")


def _report_files(given: list[str]) -> list[Path]:
    files = []
    for text in given:
        kind, equals, path = text.partition("=")
        if kind != "json" or not equals or not path:
            raise UsageError(f"--report takes json=PATH, got {text!r}")
        if not Path(path).resolve().parent.is_dir():
            raise UsageError(f"--report: there is no folder for {path!r}")
        files.append(Path(path))
    return files
