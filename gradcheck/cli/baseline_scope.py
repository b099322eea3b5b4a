"""What `gradcheck baseline` is asked about: which file, which cases of it, and which of them should have been tried."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck.baseline.document import DEFAULT_PATH, Baseline, Recording, read
from gradcheck.cli.run import known_failures
from gradcheck.config.effective import Effective, drawn
from gradcheck.errors import UsageError
from gradcheck.problem.reading import brief, is_there
from gradcheck.run.select import none_fits, select
from gradcheck.run.suite import Addressed, builtin_suites, collect

REFERENCE = "the built-in reference"


@dataclass(frozen=True)
class Asked:
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
        suite = suite_of(address)
        if suite in map(suite_of, self.there):
            return f"{suite} has no such case any more"
        return "its suite is not run any more" if self.everything else ""


def baseline_path(settings: Effective) -> Path:
    """The baseline's file: as set, else beside the pyproject.toml that has the settings, else here."""
    if settings["baseline"]:
        return Path(settings["baseline"])
    return Path(DEFAULT_PATH) if settings.file is None else Path(os.path.relpath(settings.file.parent / DEFAULT_PATH))


def baseline_at(path: Path, action: str) -> Baseline:
    """What the file holds; nothing where `record` is to write it. UsageError where there is none."""
    if is_there(path):
        return read(path)
    if action == "record":
        return Baseline()
    raise UsageError(f"there is no baseline {shown_path(path)}: `gradcheck baseline record` writes one")


def asked_for(options: argparse.Namespace, settings: Effective, action: str, path: Path, baseline: Baseline) -> Asked:
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
    return Asked(path, baseline, found, there, narrowed, everything, seed, subject)


def _suites_of(was: Recording, folder: Path) -> list[str]:
    """The suites of a baseline that are still there."""
    found = []
    for suite in dict.fromkeys(map(suite_of, was.cases)):
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
    seed = drawn(given)
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


def suite_of(address: str) -> str:
    """The part of an address that names the suite."""
    return address.partition("::")[0]


def shown_path(path: Path) -> str:
    """A path in a message."""
    return brief(str(path))
