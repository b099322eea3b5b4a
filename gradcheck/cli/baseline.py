"""`gradcheck baseline record|compare|update [SUITE[::CASE] ...]`: keep exact gradients, and say what changed since."""

from __future__ import annotations

import argparse
import os
import random
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gradcheck.baseline.changes import FACTOR, FLOOR, Limits, What
from gradcheck.baseline.comparing import Compared, Current, compare
from gradcheck.baseline.document import DEFAULT_PATH, Baseline, Recording, read, require_writable, write
from gradcheck.baseline.recorded import recorded
from gradcheck.cli.parser import number
from gradcheck.cli.run import known_failures
from gradcheck.cli.terminal import consoles, signs_of_life
from gradcheck.config.effective import Effective, effective
from gradcheck.errors import UsageError, printable
from gradcheck.judge.settings import Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem.evaluations import counted_evaluations
from gradcheck.problem.reading import brief, is_there
from gradcheck.report.console import QUIET, ConsoleReport
from gradcheck.report.progress import Progress
from gradcheck.run import exit_code, runner
from gradcheck.run.events import CaseFinished, CaseStarted, Finished
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.run.select import none_fits, select
from gradcheck.run.suite import Addressed, builtin_suites, collect, shipped
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
REFERENCE = "the built-in reference"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, about in ACTIONS.items():
        action = actions.add_parser(name, help=about, description=about, epilog=parser.epilog)
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


@dataclass(frozen=True)
class _Asked:
    """What a call of the command is about.

    Attributes
    ----------
    path, baseline: the file, and what it holds.
    cases: those asked for, by recorded address.
    there: recorded addresses of all cases of the suites that were read.
    narrowed: whether only some cases of a suite were asked for.
    everything: whether no suite was named, so that the baseline holds no other suite.
    seed, subject: of this run.
    """

    path: Path
    baseline: Baseline
    cases: Mapping[str, Addressed]
    there: Collection[str]
    narrowed: bool
    everything: bool
    seed: int | None
    subject: str

    @property
    def was(self) -> Recording:
        """What was recorded of suites."""
        return self.baseline.part("run")

    def vanished(self, address: str) -> str:
        """Why an address of the baseline that has no result should have one; "" if it was not asked for."""
        if address in self.cases:
            return "the subject does not answer it any more"
        if self.narrowed or address in self.there:
            return ""
        suite = _suite(address)
        if suite in map(_suite, self.there):
            return f"{suite} has no such case any more"
        return "its suite is not run any more" if self.everything else ""


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
    path = _path(settings)
    baseline = _baseline(path, action)
    writes = action != "compare" and not options.dry_run
    if writes:
        require_writable(path)
    asked = _asked(options, settings, action, path, baseline)
    engine = settings["subject"] or str(shipped("reference"))
    subject = stack.enter_context(opened(engine, timeout=settings["timeout"]))
    subject.prepare()
    now, code = _tried(options, settings, asked, subject, progress)
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
        if action == "compare":
            _say(_verdict(outcome, path))
            return exit_code.WRONG if outcome.failed else code
        if writes:
            write(path, asked.baseline.with_part("run", outcome.updated))
        _say(_written(asked, outcome, writes=writes))
    return code


def _path(settings: Effective) -> Path:
    """The baseline's file: as set, else beside the pyproject.toml that has the settings, else here."""
    if settings["baseline"]:
        return Path(settings["baseline"])
    return Path(DEFAULT_PATH) if settings.file is None else Path(os.path.relpath(settings.file.parent / DEFAULT_PATH))


def _baseline(path: Path, action: str) -> Baseline:
    if is_there(path):
        return read(path)
    if action == "record":
        return Baseline()
    raise UsageError(f"there is no baseline {shown_path(path)}: `gradcheck baseline record` writes one")


def _asked(options: argparse.Namespace, settings: Effective, action: str, path: Path, baseline: Baseline) -> _Asked:
    """The cases asked for; UsageError where two have one address, or where `record` would overwrite one."""
    was, folder, targets = baseline.part("run"), path.resolve().parent, list(settings["suites"])
    seed = _seed(settings, was, path)
    everything = not options.targets
    if not targets and action != "record":
        targets = _suites_of(was, folder)
        if not targets:
            raise UsageError(f"{shown_path(path)} holds no case of a suite that is there: name the suites")
    cases = collect(targets, seed=seed, each=known_failures(settings).applied)
    chosen = select(cases, options.expression) if options.expression else cases
    if not chosen:
        why = none_fits(cases, options.expression) if options.expression else "there are no cases"
        raise UsageError(f"{why}; nothing was compared")
    there, found = _by_address(cases, folder), _by_address(chosen, folder)
    if action == "record" and (known := [address for address in found if address in was.cases]):
        raise UsageError(
            f"{shown_path(path)} holds {len(known)} of these {len(found)} cases already, {brief(known[0])} among them: "
            "`gradcheck baseline update` says what changed, then writes it"
        )
    narrowed = bool(options.expression) or any("::" in target for target in targets)
    subject = settings["subject"] or REFERENCE
    return _Asked(path, baseline, found, there, narrowed, everything, seed, subject)


def _suites_of(was: Recording, folder: Path) -> list[str]:
    """The suites of a baseline that are still there."""
    found = []
    for suite in dict.fromkeys(map(_suite, was.cases)):
        if is_there(folder / suite):
            found.append(os.path.relpath(folder / suite))
        elif suite in builtin_suites():
            found.append(suite)
    return found


def _seed(settings: Effective, was: Recording, path: Path) -> int | None:
    """The seed of generated cases: that of the baseline, from which a given one must not differ."""
    given = settings["seed"]
    if not settings.given("seed") or given is None:
        return was.seed
    seed = random.SystemRandom().getrandbits(32) if given == "random" else int(given)
    if was.cases and seed != was.seed:
        recorded_with = "without a seed" if was.seed is None else f"with --seed {was.seed}"
        raise UsageError(
            f"{shown_path(path)} was recorded {recorded_with}, and the generated cases of another seed are others: "
            "leave the seed out, or name another file by --baseline"
        )
    return seed


def _by_address(cases: Sequence[Addressed], folder: Path) -> dict[str, Addressed]:
    found: dict[str, Addressed] = {}
    for item in cases:
        address = f"{_from(folder, item.suite)}::{item.case.name}"
        if address in found:
            raise UsageError(f"two cases have the address {brief(address)}: one suite is named by two paths")
        found[address] = item
    return found


def _from(folder: Path, suite: str) -> str:
    """A suite as seen from the baseline's folder, so that it has one address wherever the command is run."""
    if not is_there(Path(suite)):
        return suite
    try:
        return Path(os.path.relpath(Path(suite).resolve(), folder)).as_posix()
    except ValueError:  # on another drive
        return Path(suite).resolve().as_posix()


def _suite(address: str) -> str:
    return address.partition("::")[0]


def _tried(
    options: argparse.Namespace, settings: Effective, asked: _Asked, subject: Subject, progress: Progress
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
        settings=Settings(interest=settings["interest"], max_ulps=settings["max-ulps"]),
        replay_options=_replay_options(settings),
        give_up_after=settings["give-up-after"],
        diagnosis=False,
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
    return (now if whole else None), code


def _replay_options(settings: Effective) -> str:
    given = f" --subject {shlex.quote(settings['subject'])}" if settings["subject"] else ""
    return given + (f" --timeout {settings['timeout']:g}" if settings.given("timeout") else "")


def shown_path(path: Path) -> str:
    """A path in a message."""
    return brief(str(path))


def _say(line: str) -> None:
    print(printable(line))


def _lines(outcome: Compared, *, brief_on_new: bool) -> Iterator[str]:
    new = 0
    for change in outcome.changes:
        new += change.what is What.NEW
        if change.what is not What.NEW or change.text or (new <= MOST_NEW and not brief_on_new):
            yield change.line


def _verdict(outcome: Compared, path: Path) -> str:
    failing = sum(change.fails for change in outcome.changes)
    changed = f"{failing} change{'s' * (failing != 1)}" if failing else "nothing changed"
    return f"baseline {shown_path(path)}: {outcome.compared} cases compared, {changed}{_new(outcome)}"


def _new(outcome: Compared) -> str:
    new = sum(change.what is What.NEW for change in outcome.changes)
    return f", {new} new" if new else ""


def _written(asked: _Asked, outcome: Compared, *, writes: bool) -> str:
    before, after = asked.was.cases, outcome.updated.cases
    added, removed = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    altered = sum(after[address] is not case for address, case in before.items() if address in after)
    counts = f"{added} added, {altered} changed, {removed} removed, {len(after)} in all"
    return f"baseline {shown_path(asked.path)}: {counts}{'' if writes else '; --dry-run: nothing is written'}"
