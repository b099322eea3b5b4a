"""`gradcheck verify FILE[:NAME]`: recognise how an implementation is written, check what it offers, and report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from gradcheck.cli import report_files
from gradcheck.cli.parser import number
from gradcheck.cli.run_flags import timeout_option
from gradcheck.cli.terminal import consoles, signs_of_life
from gradcheck.config.effective import effective
from gradcheck.conventions import check_options
from gradcheck.conventions.recognition import CONVENTIONS, convention, wish
from gradcheck.errors import UsageError, shell_word
from gradcheck.problem import OPS
from gradcheck.report.kinds import Manner, Report
from gradcheck.report.levels import FEEDBACK
from gradcheck.subject.command import CommandSubject
from gradcheck.subject.written import WrittenSubject
from gradcheck.verify.target import looked_at, shown_name, subject_of
from gradcheck.verify.wanted import SECONDS, Wanted

if TYPE_CHECKING:
    from gradcheck.report.progress import Progress
    from gradcheck.verify.verify_events import VerifyEvent

SILENCE = 1.75
"""Seconds without output after which a line says what is being done, where stderr is no terminal."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "target",
        nargs="?",
        metavar="FILE[:NAME]",
        help="a Python file, a notebook, a package's folder or an installed module; NAME: one class or function; "
        '"cmd:PROGRAM ARGUMENTS" for an engine in another language',
    )
    parser.add_argument(
        "--as",
        dest="convention",
        metavar="CONVENTION[:OPTION=VALUE]",
        help="the convention that the file keeps, where more than one fits (--list prints them)",
    )
    parser.add_argument("--list", action="store_true", help="list the conventions and check nothing")
    parser.add_argument(
        "--feedback",
        choices=FEEDBACK,
        default="hint",
        help="how much is told: verdicts alone, kinds of mistakes, where and how they show (default), or every number",
    )
    parser.add_argument(
        "--require", metavar="OPS", default="", help="ops that an engine must offer, with commas between them"
    )
    parser.add_argument("--case", metavar="ADDRESS", help="ask the one graph or pair of this address")
    parser.add_argument("--timeout", type=number, metavar="S", help="seconds per question (default 10)")
    parser.add_argument(
        "--diagnosis-budget",
        type=number,
        metavar="S",
        help=f"seconds for the search for smallest counterexamples and causes (default {SECONDS:g})",
    )
    parser.add_argument("--format", choices=("console", "json"), default="console", help="form of the output on stdout")
    report_files.argument(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="say what was found, what was not, and why")


def main(options: argparse.Namespace) -> int:
    """Verify the file; 0 if everything that was asked is right, 1 if not or if it cannot be used, 5 if nothing was."""
    console, _ = consoles()
    if options.list:
        for name in CONVENTIONS:
            about = convention(name)
            further = "".join(f"\n{'':<20}  :{key}={'|'.join(v) or '...'}" for key, v in about.OPTIONS.items())
            console.print(f"{name:<20}  {about.ABOUT}{further}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"\n{'':<20}  of functions and their derivatives, whatever the convention:", highlight=False)
        for name, (takes, _) in check_options.OPTIONS.items():
            console.print(f"{'':<20}  :{name}=...  {takes}", markup=False, highlight=False, soft_wrap=True)
        return 0
    if options.target is None:
        raise UsageError("expected FILE, or FILE:NAME for one class or function of it (--list prints the conventions)")
    flags = {"timeout": options.timeout, "diagnosis-budget": options.diagnosis_budget, "report": options.report}
    chosen = effective(flags)
    budget = chosen["diagnosis-budget"] if chosen.given("diagnosis-budget") else SECONDS
    required = _required(options.require)
    files = report_files.report_files(chosen["report"], screen=options.format == "console")
    target = looked_at(options.target, wish(options.convention))
    given = f" --as {shell_word(options.convention)}" if options.convention else ""
    wanted = Wanted(
        target,
        options.target,
        f"gradcheck verify {shell_word(options.target)}{given}{timeout_option(chosen)} --case ",
        required,
        options.case,
        chosen["timeout"],
        budget,
    )
    with subject_of(target, timeout=wanted.timeout) as looker, ExitStack() as stack:
        looker.prepare()  # it imports what it needs while this process imports the judge
        progress = stack.enter_context(signs_of_life(SILENCE))
        progress.now(f"reading {shown_name(target)}")
        from gradcheck.report.code_place import SubjectCode  # imported late, as all below

        manner = Manner(SubjectCode.of_verify(target), verbosity=int(options.verbose), feedback=options.feedback)
        reports = [file.opened(manner) for file in files]
        for report in reports:
            stack.callback(report.close)
        return _verify(options, wanted, looker, progress, reports)


def _verify(
    options: argparse.Namespace,
    wanted: Wanted,
    looker: WrittenSubject | CommandSubject,
    progress: Progress,
    reports: Sequence[Report],
) -> int:
    # Imported late: meanwhile the looker's process starts.
    from gradcheck.report.verify_json import VerifyJson
    from gradcheck.report.verify_text import VerifyText
    from gradcheck.verify.verification import verification
    from gradcheck.verify.verify_events import Lacking, Unusable, Verified

    console, _ = consoles()
    on_screen = options.format == "console"
    document = VerifyJson(options.target)
    listeners: list[Callable[[VerifyEvent], None]] = [document.add]
    if on_screen:
        listeners.append(VerifyText(console, feedback=options.feedback, verbose=options.verbose).add)
    listeners += [report.add for report in reports]
    code = 0
    for event in options.signals.events(verification(wanted, progress.now, looker)):
        with progress.aside():
            for listen in listeners:
                listen(event)
            if isinstance(event, Unusable):
                print(f"gradcheck: {event.sentence}", file=sys.stderr)
            elif isinstance(event, Lacking) and not on_screen:
                print(f"  ERROR  {event.sentence}", file=sys.stderr)
            elif isinstance(event, Verified):
                code = event.exit_code
    if not on_screen:
        with progress.aside():
            sys.stdout.write(document.text())
    options.delivered = report_files.closed(reports)
    return code


def _required(given: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    if unknown := [name for name in names if name not in OPS]:
        raise UsageError(f"--require: there is no op {unknown[0]!r:.80}; there are {', '.join(OPS)}")
    return names
