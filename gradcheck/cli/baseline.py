"""`gradcheck baseline record|compare|update [SUITE[::CASE] ...]`: keep exact gradients, and say what changed since."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from gradcheck.baseline.changes import FACTOR, FLOOR, Change, Limits, What
from gradcheck.baseline.comparing import Compared, Current, compare
from gradcheck.baseline.document import DEFAULT_PATH, require_writable, write
from gradcheck.baseline.recorded import recorded
from gradcheck.cli import report_files
from gradcheck.cli.baseline_scope import REFERENCE, Asked, asked_for, baseline_at, baseline_path, shown_path, suite_of
from gradcheck.cli.help_examples import epilog
from gradcheck.cli.parser import number
from gradcheck.cli.run import required_ops
from gradcheck.cli.run_flags import replay_options
from gradcheck.cli.terminal import consoles, signs_of_life
from gradcheck.config.effective import Effective, effective
from gradcheck.errors import UsageError, printable
from gradcheck.judge.settings import ALL, Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem.evaluations import counted_evaluations
from gradcheck.problem.reading import is_there
from gradcheck.report.code_place import CodePlace, SubjectCode
from gradcheck.report.console import ConsoleReport
from gradcheck.report.github_commands import command
from gradcheck.report.kinds import Manner, Report
from gradcheck.report.levels import QUIET
from gradcheck.report.progress import Progress
from gradcheck.run import exit_code, runner
from gradcheck.run.events import CaseFinished, CaseStarted, Finished
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.run.suite import shipped
from gradcheck.subject.answer import Subject
from gradcheck.subject.command import opened

ACTIONS = {
    "record": "write the exact gradients of cases that the baseline does not hold yet",
    "compare": "try the cases and say what changed since they were recorded; fail if a gradient did, if accuracy fell "
    "or a case vanished",
    "update": "say what changed, then write it",
}
MOST_NEW = 20
"""New cases that are listed; more are counted."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, about in ACTIONS.items():
        _, _, codes = (parser.epilog or "").rpartition("\n\n")
        words = epilog(f"baseline {name}", codes)
        action = actions.add_parser(name, help=about, description=about, epilog=words)
        _arguments(action, writes=name != "compare", compares=name != "record")


def _arguments(action: argparse.ArgumentParser, *, writes: bool, compares: bool) -> None:
    otherwise = "as set, else those of the baseline" if compares else "as set, else all built-in suites"
    action.add_argument("targets", nargs="*", metavar="SUITE[::CASE]", help=f"suites or cases (default: {otherwise})")
    action.add_argument("--baseline", metavar="FILE", help=f"the baseline (default {DEFAULT_PATH})")
    action.add_argument("--subject", metavar="FILE[:NAME]", help="the engine under test, as in `gradcheck run`")
    action.add_argument(
        "-k", dest="expression", metavar="EXPR", help="only cases whose address or labels fit, as in pytest"
    )
    seed = "the one that was recorded" if compares else "each generated case's own"
    action.add_argument("--seed", metavar="N", help=f"seed of generated cases (default: {seed})")
    action.add_argument("--timeout", type=number, metavar="S", help="seconds per question (default 10)")
    report_files.argument(action)
    action.set_defaults(factor=FACTOR, update=False, dry_run=False)
    if compares:
        action.add_argument(
            "--factor",
            type=number,
            metavar="N",
            help=f"how many times as far off as recorded an answer may be (default {FACTOR:g}); nothing within "
            f"{FLOOR:g} times as many ulps, or half of what honest rounding may cost, fails by it",
        )
    if writes:
        action.add_argument("--dry-run", action="store_true", help="say what would change, and write nothing")
    else:
        action.add_argument("--update", action="store_true", help="the same as `gradcheck baseline update`")


def main(options: argparse.Namespace) -> int:
    """Record, compare or update; returns the exit code."""
    with signs_of_life() as progress, ExitStack() as stack:
        progress.now("reading the suites")
        return _main(options, progress, stack)


def _main(options: argparse.Namespace, progress: Progress, stack: ExitStack) -> int:
    action = "update" if options.update else options.action
    if not 1 <= options.factor < float("inf"):
        raise UsageError(f"--factor must be a number >= 1, got {options.factor:g}")
    flags = {key: getattr(options, key) for key in ("subject", "seed", "timeout", "baseline")}
    settings = effective({**flags, "suites": options.targets or None})
    files = report_files.report_files(options.report or [])
    path = baseline_path(settings)
    baseline = baseline_at(path, action)
    writes = action != "compare" and not options.dry_run
    if writes:
        require_writable(path)
    asked = asked_for(options, settings, action, path, baseline)
    engine = settings["subject"] or str(shipped("reference"))
    subject = stack.enter_context(opened(engine, timeout=settings["timeout"]))
    subject.prepare()
    code_of_subject = SubjectCode.of_run(subject.path, subject.name, getattr(subject, "command", None))
    reports = [file.opened(Manner(code_of_subject, timings=False, verbosity=QUIET)) for file in files]
    for file in reports:
        stack.callback(file.close)
    now, code = _tried(options, settings, asked, subject, progress, reports)
    options.delivered = report_files.closed(reports)
    if now is None:
        _say(f"nothing was compared, and {shown_path(path)} is as it was")
        return code
    outcome = compare(
        asked.was,
        now,
        vanished=asked.vanished,
        limits=Limits(options.factor),
        seed=asked.seed,
        subject=asked.subject,
    )
    with progress.aside():
        for line in _lines(outcome, brief_on_new=action == "record"):
            _say(line)
        if any(file.kind == "github" and file.path is None for file in files):
            for change in outcome.changes:
                if change.fails:
                    print(_annotation(change, path))
        if action == "compare":
            _say(_verdict(outcome, path))
            return exit_code.WRONG if outcome.failed else code
        if writes:
            write(path, asked.baseline.with_part("run", outcome.updated))
        _say(_written(asked, outcome, writes=writes))
    return code


def _tried(
    options: argparse.Namespace,
    settings: Effective,
    asked: Asked,
    subject: Subject,
    progress: Progress,
    reports: Sequence[Report],
) -> tuple[dict[str, Current] | None, int]:
    """Every case with what is recorded of it, and the run's exit code; None where the run did not end in good order."""
    console, _ = consoles()
    report = ConsoleReport(console, timings=False, verbosity=QUIET)
    own = {item.address: address for address, item in asked.cases.items()}
    now: dict[str, Current] = {}
    code, whole = exit_code.NOTHING_COMPARED, True
    events = runner.run(
        list(asked.cases.values()),
        subject,
        graph_oracles(),
        described=settings["subject"] or REFERENCE,
        seed=asked.seed,
        settings=Settings(interest=settings["interest"], max_ulps=settings["max-ulps"], oracles=ALL),
        replay_options=replay_options(settings, settings["subject"]),
        give_up_after=settings["give-up-after"],
        diagnosis=False,
        required=required_ops(settings["require-ops"]),
        dtype=settings["dtype"],
    )
    with counted_evaluations() as counts:
        for event in options.signals.events(events):
            if isinstance(event, CaseStarted):
                counts.taken()
            elif isinstance(event, CaseFinished):
                result = event.result
                if result.address in own:
                    now[own[result.address]] = Current(recorded(result, counts.taken()), as_it_should_be(result))
                else:
                    whole = False  # the subject could not be loaded
            elif isinstance(event, Finished):
                code = event.exit_code
                whole = whole and not event.interrupted and not event.faults
            progress.add(event)
            with progress.aside():
                report.add(event)
                for file in reports:
                    file.add(event)
    return (now if whole else None), code


def _say(line: str) -> None:
    print(printable(line))


def _annotation(change: Change, path: Path) -> str:
    """A change as an annotation of GitHub Actions: on its suite's file, or on the baseline."""
    file = path.parent / suite_of(change.address)
    shown = CodePlace((file if is_there(file) else path).resolve()).shown
    title = f"gradcheck baseline: {change.what}"
    return command("error", {"file": shown, "line": "1", "title": title}, f"{change.address}  {change.text}".rstrip())


def _lines(outcome: Compared, *, brief_on_new: bool) -> Iterator[str]:
    new = 0
    for change in outcome.changes:
        new += change.what is What.NEW
        if change.what is not What.NEW or change.text or (new <= MOST_NEW and not brief_on_new):
            yield change.line


def _verdict(outcome: Compared, path: Path) -> str:
    failing = sum(change.fails for change in outcome.changes)
    changed = f"{failing} change{'s' * (failing != 1)}" if failing else "nothing changed"
    cases = f"{outcome.compared} case{'s' * (outcome.compared != 1)}"
    return f"baseline {shown_path(path)}: {cases} compared, {changed}{_new(outcome)}"


def _new(outcome: Compared) -> str:
    new = sum(change.what is What.NEW for change in outcome.changes)
    return f", {new} new" if new else ""


def _written(asked: Asked, outcome: Compared, *, writes: bool) -> str:
    before, after = asked.was.cases, outcome.updated.cases
    added, removed = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    altered = sum(after[address] is not case for address, case in before.items() if address in after)
    counts = f"{added} added, {altered} changed, {removed} removed, {len(after)} in all"
    return f"baseline {shown_path(asked.path)}: {counts}{'' if writes else '; --dry-run: nothing is written'}"
