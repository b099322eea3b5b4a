"""`gradcheck run [SUITE[::CASE] ...] [--subject FILE[:NAME]]`: judge an implementation."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from gradcheck.cli import report_files
from gradcheck.cli.run_flags import arguments as arguments
from gradcheck.cli.run_flags import replay_options
from gradcheck.cli.terminal import consoles, signs_of_life
from gradcheck.config.effective import Effective, drawn, effective
from gradcheck.config.settings_table import SETTINGS
from gradcheck.diagnosis.budget import Budget
from gradcheck.errors import UsageError, printable
from gradcheck.judge.entry_points import PENALTY, SCHEDULES
from gradcheck.judge.settings import ALL as EVERY_ORACLE
from gradcheck.judge.settings import Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem import LEAVES, OPS
from gradcheck.problem.losses import LOSSES
from gradcheck.problem.mlp import ACTIVATIONS
from gradcheck.report.code_place import SubjectCode
from gradcheck.report.console import ConsoleReport
from gradcheck.report.kinds import Manner
from gradcheck.report.levels import QUIET
from gradcheck.report.progress import Progress
from gradcheck.report.run_json import JsonReport
from gradcheck.run import exit_code, runner
from gradcheck.run.events import Diagnosed, Event, Finished
from gradcheck.run.known_failures import KnownFailures
from gradcheck.run.last_failed import LastFailed
from gradcheck.run.offered import ALL
from gradcheck.run.saved import ahead, folder_of, save
from gradcheck.run.select import none_fits, select
from gradcheck.run.suite import Addressed, collect, shipped
from gradcheck.subject.command import opened
from gradcheck.verdict.finding import shown
from gradcheck.verdict.result import Result

SAVED = SETTINGS["save-failures"].default
"""Where failures are saved unless --save-failures says otherwise."""
LAST_FAILED = "last-failed"
"""The file that --lf reads, in the folder of the subject's saved failures."""


def main(options: argparse.Namespace) -> int:
    """Run the cases; returns the exit code."""
    with signs_of_life() as progress, ExitStack() as stack:
        progress.now("reading the suites")
        return _run(options, progress, stack)


def _run(options: argparse.Namespace, progress: Progress, stack: ExitStack) -> int:
    chosen = effective({**vars(options), "suites": options.targets})
    seed = drawn(chosen["seed"])
    files = report_files.report_files(chosen["report"], screen=options.format == "console")
    settings = Settings(interest=chosen["interest"], max_ulps=chosen["max-ulps"], oracles=EVERY_ORACLE)
    required = required_ops(chosen["require-ops"])
    address, budget = chosen["subject"], chosen["diagnosis-budget"]
    if address is not None and not address.partition(":")[0].strip():
        raise UsageError(f"{chosen.origins['subject']}: expected FILE or FILE:NAME, got {address!r:.100}")
    known = known_failures(chosen)
    engine = address or str(shipped("reference"))
    subject = stack.enter_context(opened(engine, timeout=chosen["timeout"]))
    if not options.list:
        subject.prepare()
    if options.durations is not None and (options.durations < 0 or options.no_timings):
        why = "--no-timings leaves out times" if options.no_timings else f"got {options.durations}"
        raise UsageError(f"--durations takes a number of cases, or 0 for all; {why}")
    folder = last_failed = None
    if chosen["save-failures"] and not options.no_save:
        base = _folder(chosen["save-failures"])
        folder = folder_of(base, subject.path, subject.name) if address else None
        last_failed = LastFailed((folder or base / "reference") / LAST_FAILED)
    cases: Sequence[Addressed] = collect(chosen["suites"], seed=seed, each=known.applied)
    first = ahead(folder, cases) if folder is not None else None
    cases = first.cases if first is not None else cases
    if options.expression:
        fitting = select(cases, options.expression)
        if not fitting:
            print(f"gradcheck: {none_fits(cases, options.expression)}", file=sys.stderr)
        cases = fitting
    lines = [*(first.lines if first is not None else ()), *(last_failed.lines if last_failed is not None else ())]
    if options.lf:
        if last_failed is None:
            raise UsageError("--lf reads what was saved, and --no-save reads nothing; leave one of them out")
        cases, line = last_failed.chosen(cases)
        lines.append(line)
    console, _ = consoles()
    if options.list:
        with progress.aside():
            for item in cases:
                line = printable(f"{item.address}  {item.case.sentence}").rstrip()
                console.print(line, markup=False, highlight=False, soft_wrap=not console.is_terminal)
        return 0 if cases else 5

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
    for line in lines:
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
        replay_options=replay_options(chosen, address),
        give_up_after=chosen["give-up-after"],
        diagnosis=not options.no_diagnosis and budget > 0,
        budget=Budget(budget or None),
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
            code = 0 if options.exit_zero and event.exit_code == exit_code.WRONG else event.exit_code
            for line in last_failed.record(event.results) if last_failed is not None else ():
                last_words(line)
            for line in slowest(event.results, options.durations):
                last_words(line)
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


def slowest(results: Sequence[Result], count: int | None) -> list[str]:
    """Lines about the cases that took longest; none where `count` is None, all cases where it is 0."""
    if count is None:
        return []
    rows = sorted(results, key=lambda result: -result.seconds)[: count or None]
    return ["slowest cases:", *(f"{row.seconds:>9.3f} s  {shown(row.address)}" for row in rows)] if rows else []


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


def _jobs(given: int | str) -> int | None:
    """The number of workers, None where the runner chooses it; 1 where no process can be forked."""
    if given == "auto":
        return None
    return int(given) if hasattr(os, "fork") else 1
