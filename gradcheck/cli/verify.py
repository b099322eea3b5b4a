"""`gradcheck verify FILE[:NAME]`: recognise how an implementation is written, check what it offers, and report."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gradcheck.cli.parser import number
from gradcheck.cli.terminal import consoles, signs_of_life
from gradcheck.conventions.recognition import CONVENTIONS, convention, wish
from gradcheck.diagnosis.budget import Budget
from gradcheck.errors import SubjectError, UsageError
from gradcheck.problem import OPS
from gradcheck.report.progress import Progress
from gradcheck.report.verify_text import FEEDBACK, VerifyText
from gradcheck.subject.command import Command
from gradcheck.subject.description import SeenOffer
from gradcheck.subject.looking import Source
from gradcheck.verify.advice import ambiguous, nothing_recognised, unusable
from gradcheck.verify.engine_trial import SECONDS, EngineTrial, engine_trial
from gradcheck.verify.target import looked_at, shown_name, subject_of
from gradcheck.verify.trials import MEMORY, Trial, TrialSubject

SCHEMA_VERSION = 1
"""Version of the JSON document of a verification."""


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
    parser.add_argument("--timeout", type=number, default=10.0, metavar="S", help="seconds per question (default 10)")
    parser.add_argument(
        "--diagnosis-budget",
        type=number,
        default=SECONDS,
        metavar="S",
        help=f"seconds for the search for smallest counterexamples and causes (default {SECONDS:g})",
    )
    parser.add_argument("--format", choices=("console", "json"), default="console", help="form of the output on stdout")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what was found, what was not, and why")


def main(options: argparse.Namespace) -> int:
    """Verify the file; 0 if everything that was asked is right, 1 if not or if it cannot be used, 5 if nothing was."""
    console, _ = consoles()
    if options.list:
        for name in CONVENTIONS:
            about = convention(name)
            further = "".join(f"\n{'':<20}  :{key}={'|'.join(v) or '...'}" for key, v in about.OPTIONS.items())
            console.print(f"{name:<20}  {about.ABOUT}{further}", markup=False, highlight=False, soft_wrap=True)
        return 0
    if options.target is None:
        raise UsageError("expected FILE, or FILE:NAME for one class or function of it (--list prints the conventions)")
    if not options.timeout > 0:
        raise UsageError(f"--timeout must be a positive number of seconds, got {options.timeout:g}")
    if not options.diagnosis_budget >= 0:
        raise UsageError(f"--diagnosis-budget must be a number of seconds, got {options.diagnosis_budget:g}")
    required = _required(options.require)
    target = looked_at(options.target, wish(options.convention))
    with signs_of_life() as progress:
        return _Verification(options, target, required, progress).code()


def _required(given: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    if unknown := [name for name in names if name not in OPS]:
        raise UsageError(f"--require: there is no op {unknown[0]!r:.80}; there are {', '.join(OPS)}")
    return names


class _Verification:
    """One run of the command."""

    def __init__(
        self, options: argparse.Namespace, target: Source | Command, required: list[str], progress: Progress
    ) -> None:
        self._options = options
        self._source = target
        self._required = required
        self._progress = progress
        console, _ = consoles()
        self._on_screen = options.format == "console"
        self._text = VerifyText(console, feedback=options.feedback, verbose=options.verbose)
        self._counts: Counter[str] = Counter()
        self._entries = 0
        self._document: list[dict[str, Any]] = []

    def code(self) -> int:
        """Look, try every offer, and sum up."""
        name = shown_name(self._source)
        self._progress.now(f"reading {name}")
        with subject_of(self._source, timeout=self._options.timeout) as subject:
            try:
                seen = subject.look()
            except SubjectError as wrong:
                return self._unusable(unusable(name, wrong, program=isinstance(self._source, Command)))
        if trouble := nothing_recognised(name, seen, self._source.wanted, self._source.name) or ambiguous(
            self._options.target, seen
        ):
            return self._unusable(trouble)
        if self._on_screen:
            with self._progress.aside():
                self._text.recognised(name, seen)
        for offer in seen.offers:
            self._try(offer)
        return self._end()

    def _try(self, offer: SeenOffer) -> None:
        if self._on_screen:
            with self._progress.aside():
                self._text.offer(offer)
        if offer.entries:
            self._engine(offer)
        if offer.pairs:
            self._pairs(offer)

    def _engine(self, offer: SeenOffer) -> None:
        known = offer.ops
        for op in self._required:
            if known is not None and op not in known:
                self._counts["ERROR"] += 1
                self._say(f"  ERROR  {op} is required (--require) and not offered")
        with subject_of(self._source, offer, timeout=self._options.timeout) as subject:
            trial = engine_trial(
                subject,
                offer,
                replay=self._replay(),
                only=self._options.case,
                budget=Budget(self._options.diagnosis_budget),
                now=self._progress.now,
            )
        for result in trial.every_result:
            self._counts[trial.verdict_of(result)] += 1
            self._entries += result.comparisons
        self._counts["HARNESS FAULT"] += len(trial.faulted)
        if self._on_screen:
            with self._progress.aside():
                self._text.engine(trial)
        self._document.append({**_described(offer), **_engine_document(trial)})

    def _pairs(self, offer: SeenOffer) -> None:
        trials: list[Trial] = []
        assert isinstance(self._source, Source), "a command offers no pairs"
        with TrialSubject(self._source, offer, timeout=self._options.timeout, memory=MEMORY) as subject:
            for trial in self._chosen(subject):
                trials.append(trial)
                self._counts[trial.verdict] += 1
                self._entries += trial.entries
                if self._on_screen:
                    with self._progress.aside():
                        self._text.trial(trial)
        results = [{"name": t.pair.name, "verdict": t.verdict, "result": dict(t.document)} for t in trials]
        self._document.append({**_described(offer), "pairs": results})

    def _chosen(self, subject: TrialSubject) -> Iterator[Trial]:
        self._progress.now("the pairs of functions")
        return subject.trials(self._options.case)

    def _replay(self) -> str:
        given = f" --as {shlex.quote(self._options.convention)}" if self._options.convention else ""
        return f"gradcheck verify {shlex.quote(self._options.target)}{given} --case {{}}"

    def _say(self, line: str) -> None:
        with self._progress.aside():
            print(line, file=sys.stdout if self._on_screen else sys.stderr)

    def _unusable(self, sentence: str) -> int:
        with self._progress.aside():
            print(f"gradcheck: {sentence}", file=sys.stderr)
        if not self._on_screen:
            self._write(1, sentence)
        return 1

    def _end(self) -> int:
        counts = self._counts
        if counts["HARNESS FAULT"]:
            code = 3
        elif counts["FAIL"] or counts["ERROR"] or counts["UNDECIDED"]:
            code = 1
        else:
            code = 0 if self._entries else 5
        with self._progress.aside():
            if not self._on_screen:
                self._write(code, "")
            elif code == 5:
                print(self._nothing_compared())
            else:
                self._text.end(counts, self._entries)
        return code

    def _nothing_compared(self) -> str:
        if self._options.case and not sum(self._counts.values()):
            return f"nothing was compared: no graph or pair of this file has the address {self._options.case!r:.200}"
        return "nothing was compared: nothing is known of this file"

    def _write(self, code: int, trouble: str) -> None:
        document = {
            "schema_version": SCHEMA_VERSION,
            "subject": self._options.target,
            "offers": self._document,
            "trouble": trouble,
            "summary": {**self._counts, "entries": self._entries},
            "exit_code": code,
        }
        sys.stdout.write(json.dumps(document, indent=1) + "\n")


def _described(offer: SeenOffer) -> dict[str, Any]:
    return {
        "convention": offer.convention,
        "name": offer.name,
        "title": offer.title,
        "not_offered": list(offer.lacking),
        "notes": list(offer.notes),
    }


def _engine_document(trial: EngineTrial) -> dict[str, Any]:
    return {
        "results": [{**r.to_dict(), "verdict": trial.verdict_of(r)} for r in trial.every_result],
        "limits": list(trial.limits),
        "warnings": [loss.sentence for loss in trial.accuracy],
        "mistakes": [
            {
                "what": group.what,
                "addresses": [r.address for r in group.results],
                "faults": [] if found is None else [fault.code for fault in found.faults],
                "look_at": "" if found is None else found.look_at,
            }
            for group, found in trial.wrong
        ],
    }
