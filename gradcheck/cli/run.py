"""`gradcheck run [SUITE[::CASE] ...] [--subject FILE[:NAME]]`: judge an implementation."""

from __future__ import annotations

import argparse
import difflib
import os
import random
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from gradcheck.cli import report_files
from gradcheck.cli.parser import number
from gradcheck.cli.terminal import consoles, signs_of_life
from gradcheck.config.effective import Effective, effective
from gradcheck.config.settings_table import SETTINGS
from gradcheck.diagnosis.budget import Budget
from gradcheck.errors import UsageError, printable
from gradcheck.judge.entry_points import PENALTY, SCHEDULES
from gradcheck.judge.settings import Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem import LEAVES, OPS
from gradcheck.problem.losses import LOSSES
from gradcheck.problem.mlp import ACTIVATIONS
from gradcheck.report.code_place import SubjectCode
from gradcheck.report.console import QUIET, ConsoleReport
from gradcheck.report.kinds import Manner
from gradcheck.report.progress import Progress
from gradcheck.report.run_json import JsonReport
from gradcheck.run import runner
from gradcheck.run.events import Diagnosed, Event, Finished
from gradcheck.run.known_failures import KnownFailures
from gradcheck.run.offered import ALL
from gradcheck.run.saved import ahead, folder_of, save
from gradcheck.run.select import none_fits, select
from gradcheck.run.suite import Addressed, collect, shipped
from gradcheck.run.workers import processors
from gradcheck.subject.command import opened

SAVED = SETTINGS["save-failures"].default
"""Where failures are saved unless --save-failures says otherwise."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "targets", nargs="*", metavar="SUITE[::CASE]", help="suites or cases (default: all built-in suites)"
    )
    parser.add_argument(
        "--subject",
        metavar="FILE[:NAME]",
        help='the engine under test, or "cmd:PROGRAM ARGUMENTS" for one in another language '
        "(default: the built-in reference)",
    )
    parser.add_argument(
        "-k", dest="expression", metavar="EXPR", help="only cases whose address or labels fit, as in pytest"
    )
    parser.add_argument(
        "-x",
        "--fail-fast",
        dest="maxfail",
        action="store_const",
        const=1,
        help="stop after the first case that is not as it should be",
    )
    parser.add_argument(
        "--maxfail", type=int, metavar="N", help="stop after N cases that are not as they should be (default 0: never)"
    )
    parser.add_argument(
        "-j",
        "--jobs",
        metavar="N",
        help="judge in N processes at the same time; 'auto': one per processor (default 1)",
    )
    parser.add_argument("--seed", metavar="N", help="seed of generated cases: a number, or 'random'")
    parser.add_argument("--timeout", type=number, metavar="S", help="seconds per question (default 10)")
    parser.add_argument(
        "--interest", type=number, metavar="R", help="relative error that matters (default 1e-6; 1e-4 in float32)"
    )
    parser.add_argument(
        "--max-ulps", type=number, metavar="N", help="fail gradients that are off by more ulps than this"
    )
    parser.add_argument(
        "--require-ops",
        metavar="OPS",
        help="ops that the engine must offer: names with commas, or 'all'; a case it does not offer is an ERROR then",
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64"),
        help="the dtype that cases are posed in, where they ask for none (default: the file's DTYPE, else float64)",
    )
    parser.add_argument("--format", choices=("console", "json"), default="console", help="form of the output on stdout")
    report_files.argument(parser)
    parser.add_argument(
        "--save-failures",
        metavar="DIR",
        help="where failing generated graphs are saved, a folder for each subject; they are asked first next time",
    )
    parser.add_argument("--no-save", action="store_true", help="save no failing graphs, and ask none that were saved")
    parser.add_argument(
        "--give-up-after",
        type=int,
        metavar="N",
        help="ask no more after N time-outs, or N cases in a row without an answer "
        f"(default {SETTINGS['give-up-after'].default}; 0 for never)",
    )
    parser.add_argument(
        "--diagnosis-budget",
        type=number,
        metavar="S",
        help="seconds for the search for the smallest counterexample and its cause "
        f"(default {SETTINGS['diagnosis-budget'].default:g}; 0 for no search)",
    )
    parser.add_argument(
        "--no-diagnosis", action="store_true", help="do not look for the smallest counterexample and its cause"
    )
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument("-q", "--quiet", action="store_true", help="print failures and one line that sums up")
    detail.add_argument(
        "-v", "--verbose", action="count", default=0, help="print a row per case; -vv: every oracle's number besides"
    )
    parser.add_argument("--list", action="store_true", help="list the cases and run nothing")
    parser.add_argument("--no-timings", action="store_true", help="leave out times, so that two runs can be compared")


def main(options: argparse.Namespace) -> int:
    """Run the cases; returns the exit code."""
    with signs_of_life() as progress, ExitStack() as stack:
        progress.now("reading the suites")
        return _run(options, progress, stack)


def _run(options: argparse.Namespace, progress: Progress, stack: ExitStack) -> int:
    chosen = effective({**vars(options), "suites": options.targets})
    seed = random.SystemRandom().getrandbits(32) if chosen["seed"] == "random" else chosen["seed"]
    files = report_files.report_files(chosen["report"], screen=options.format == "console")
    settings = Settings(interest=chosen["interest"], max_ulps=chosen["max-ulps"])
    required = required_ops(chosen["require-ops"])
    address, budget = chosen["subject"], chosen["diagnosis-budget"]
    if address is not None and not address.partition(":")[0].strip():
        raise UsageError(f"{chosen.origins['subject']}: expected FILE or FILE:NAME, got {address!r:.100}")
    known = known_failures(chosen)
    engine = address or str(shipped("reference"))
    subject = stack.enter_context(opened(engine, timeout=chosen["timeout"]))
    if not options.list:
        subject.prepare()
    folder = None
    if address and chosen["save-failures"] and not options.no_save:
        folder = folder_of(_folder(chosen["save-failures"]), subject.path, subject.name)
    cases: Sequence[Addressed] = collect(chosen["suites"], seed=seed, each=known.applied)
    first = ahead(folder, cases) if folder is not None else None
    cases = first.cases if first is not None else cases
    if options.expression:
        fitting = select(cases, options.expression)
        if not fitting:
            print(f"gradcheck: {none_fits(cases, options.expression)}", file=sys.stderr)
        cases = fitting
    console, _ = consoles()
    if options.list:
        with progress.aside():
            for item in cases:
                line = printable(f"{item.address}  {item.case.sentence}").rstrip()
                console.print(line, markup=False, highlight=False, soft_wrap=not console.is_terminal)
        return 0 if cases else 5
    given = f" --subject {shlex.quote(address)}" if address else ""
    timeout = f" --timeout {chosen['timeout']:g}" if chosen["timeout"] != SETTINGS["timeout"].default else ""
    must = f" --require-ops {','.join(chosen['require-ops'])}" if required else ""
    dtype = f" --dtype {chosen['dtype']}" if chosen["dtype"] else ""

    def tell(line: str) -> None:
        """Print beside the report if that is for people; never into JSON."""
        with progress.aside():
            if options.format == "console":
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            else:
                print(f"gradcheck: {line}", file=sys.stderr)

    last_words = tell
    document = JsonReport()
    verbosity = QUIET if options.quiet else options.verbose
    code_of_subject = SubjectCode.of_run(subject.path, subject.name, getattr(subject, "command", None))
    manner = Manner(code_of_subject, timings=not options.no_timings, verbosity=verbosity)
    files_written = [file.opened(manner) for file in files]
    for file in files_written:
        stack.callback(file.close)
    listeners: list[Callable[[Event], None]] = [document.add]
    if options.format == "console":
        report = ConsoleReport(console, timings=not options.no_timings, verbosity=verbosity)
        listeners.append(report.add)
        last_words = report.note
    listeners += [file.add for file in files_written]
    for line in first.lines if first is not None else ():
        tell(line)
    saved = {item.address for item in cases}.intersection(first.first if first is not None else ())
    if saved:
        tell(f"asking {len(saved)} saved failure{'s' * (len(saved) > 1)} first")
    events = runner.run(
        cases,
        subject,
        graph_oracles(),
        described=address or "the built-in reference (gradcheck.reference)",
        self_check=not address and not chosen["suites"],
        seed=seed,
        settings=settings,
        maxfail=chosen["maxfail"],
        replay_options=given + timeout + must + dtype,
        give_up_after=chosen["give-up-after"],
        diagnosis=not options.no_diagnosis and budget > 0,
        budget=Budget(budget),
        required=required,
        dtype=chosen["dtype"],
        first=saved,
        jobs=_jobs(chosen["jobs"]),
        another=lambda: opened(engine, timeout=chosen["timeout"]),
    )
    code = 5
    diagnosed = None
    for event in options.signals.events(events):
        if isinstance(event, Diagnosed):
            diagnosed = event
        if isinstance(event, Finished):
            code = event.exit_code
            if folder is not None:  # before the report, whose last line sums up the run
                for line in save(folder, cases, event.results, diagnosed)[1]:
                    last_words(line)
        progress.add(event)
        with progress.aside():
            for listen in listeners:
                listen(event)
    if options.format == "json":
        with progress.aside():
            sys.stdout.write(document.text())
    options.delivered = report_files.closed(files_written)
    return code


def _folder(given: str) -> Path:
    """The folder of --save-failures; UsageError for one other than the default that cannot be made."""
    if given != SAVED:
        try:
            Path(given).mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise UsageError(f"--save-failures: {given!r} cannot be made: {wrong.strerror or wrong}") from wrong
    return Path(given)


def known_failures(chosen: Effective) -> KnownFailures:
    """The `expect` of the settings; none for another subject than the one that the file speaks of."""
    rows = chosen["expect"]
    if chosen.of_file.get("subject", chosen["subject"]) != chosen["subject"]:
        rows = ()
    return KnownFailures({row.case: (row.verdict, row.reason) for row in rows}, str(chosen.origins["expect"]))


def required_ops(given: Sequence[str]) -> frozenset[str]:
    """The names in --require-ops; raises UsageError for one that no case could need."""
    names = frozenset(given)
    known = {ALL, *(set(OPS) - set(LEAVES)), *ACTIVATIONS, *LOSSES, *SCHEDULES, PENALTY}
    if unknown := sorted(names - known):
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "it takes names of ops with commas between them, or 'all'"
        raise UsageError(f"--require-ops: there is no op {unknown[0]!r}; {hint}")
    return names


def _jobs(given: int | str) -> int:
    """The number of workers; 1 where no process can be forked."""
    if not hasattr(os, "fork"):
        return 1
    return processors() if given == "auto" else int(given)
