"""`pytest --gradcheck-baseline=record|compare|update`: checks that tests make, and cases of suites, kept and compared.

The address of a check is the node id of its test and its number there: `test_layers.py::test_dense #2`. That of a
suite's case is its node id, `gradcheck_layers.py::dense`. Workers of pytest-xdist send what they measured to the
controller, which alone reads and writes the file.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gradcheck.baseline.changes import Limits, What
from gradcheck.baseline.comparing import Compared, Current, compare
from gradcheck.baseline.document import DEFAULT_PATH, Baseline, read, recorded_case, require_writable, write
from gradcheck.baseline.recorded import Recorded, recorded
from gradcheck.checks.observed import Observed, listening
from gradcheck.config.effective import Effective
from gradcheck.errors import UsageError, printable
from gradcheck.problem.evaluations import Evaluations, counted_evaluations
from gradcheck.problem.reading import brief, is_there
from gradcheck.pytest_plugin.asked_tests import IS_CASE, MEASURED
from gradcheck.pytest_plugin.plugin_settings import PluginSettings
from gradcheck.pytest_plugin.suite_session import REFERENCE
from gradcheck.pytest_plugin.tests_asked_for import TestsAskedFor

ACTIONS = ("record", "compare", "update")
SENT = "gradcheck_baseline"
"""Where a worker of pytest-xdist puts what it measured."""
ENDS = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
"""How a session ends that was not broken off."""


def baseline_path(config: pytest.Config, settings: Effective) -> Path:
    """The file: as set, else beside the pyproject.toml that has the settings, else in pytest's root folder."""
    if settings["baseline"]:
        return Path(config.invocation_params.dir, settings["baseline"])
    return (settings.file.parent if settings.file is not None else config.rootpath) / DEFAULT_PATH


class BaselineSession:
    """A plugin of one session: it measures every check, and compares or records at the end.

    Raises UsageError or InvalidProblem for a file that cannot be used; nothing has run then.
    """

    def __init__(self, config: pytest.Config, action: str, path: Path, settings: PluginSettings) -> None:
        self._config, self._action, self._path, self._seed = config, action, path, settings.seed
        self._engine = settings.values["subject"] or REFERENCE
        self._is_worker = hasattr(config, "workerinput")
        self._baseline = Baseline() if self._is_worker else _opened(action, path, self._seed)
        self._subject = self._baseline.part("pytest").subject
        self._tests = TestsAskedFor()
        self._now: dict[str, Current] = {}
        self._test: list[Recorded] = []
        self._counts = Evaluations()
        self._lost = ""
        self._lines: list[str] = []

    # -- while tests run -------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Count and listen while a test runs."""
        with counted_evaluations() as self._counts, listening(self._hear):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """A test begins, or begins again."""
        self._test = []
        self._counts.taken()

    def _hear(self, check: Observed) -> None:
        self._test.append(recorded(check.result, self._counts.taken()))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, object]:
        """Keep what a test measured when it has run; a check is as it should be where it or its test passes."""
        report = yield
        if call.when != "call":
            return report
        if item.stash.get(IS_CASE, False):
            self._keep(item, report)
            return report
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            self._tests.drawn.update([item.nodeid] if self._test else [])
            return report
        if report.passed:
            self._tests.passed.add(item.nodeid)
        for number, check in enumerate(self._test, 1):
            right = bool(report.passed) or check.verdict == "PASS"
            self._now[f"{item.nodeid} #{number}"] = Current(check, right)
        return report

    def _keep(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Keep what was measured of a suite's case."""
        measured = item.stash.get(MEASURED, None)
        if measured is not None:
            self._now[item.nodeid] = Current(measured, bool(report.passed))
            self._subject = self._engine
        elif report.skipped:
            self._tests.unanswered.add(item.nodeid)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Remember every test that there is, those too that are deselected later."""
        self._tests.collected.add(item.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a worker of pytest-xdist measured."""
        sent = getattr(node, "workeroutput", {}).get(SENT)
        if sent is None:
            self._lost = "a worker of pytest-xdist was lost with what it had measured"
            return
        self._tests.add(sent["tests"])
        self._subject = sent["subject"] or self._subject
        self._now |= {address: Current(recorded_case(case, address), right) for address, case, right in sent["checks"]}

    # -- at the end ------------------------------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Compare, and write; or send what was measured to the controller."""
        if self._is_worker:
            checks = [(address, current.recorded.to_dict(), current.right) for address, current in self._now.items()]
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]
            output[SENT] = {"tests": self._tests.to_dict(), "checks": checks, "subject": self._subject}
            return
        if self._lost or exitstatus not in ENDS:
            why = self._lost or "the session was broken off"
            self._lines = [f"nothing was compared, and {self._shown} is as it was: {why}"]
            return
        outcome = compare(
            self._baseline.part("pytest"),
            {address: self._judged(address, current) for address, current in self._now.items()},
            vanished=lambda address: self._tests.vanished(address, self._config),
            limits=Limits(),
            seed=self._seed,
            subject=self._subject,
        )
        self._lines = [change.line for change in outcome.changes if self._action != "record" or change.text]
        if self._action != "compare":
            write(self._path, self._baseline.with_part("pytest", outcome.updated))
        elif outcome.failed and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._lines.append(self._summary(outcome))

    def _judged(self, address: str, current: Current) -> Current:
        """A check that passed when it was recorded has to pass: its test may never look at the result."""
        before = self._baseline.part("pytest").cases.get(address)
        fell = before is not None and before.verdict == "PASS" != current.recorded.verdict
        return Current(current.recorded, right=False) if fell and self._action == "compare" else current

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what changed."""
        if self._lines:
            terminalreporter.section("gradcheck baseline")
        for line in self._lines:
            terminalreporter.write_line(printable(line))

    @property
    def _shown(self) -> str:
        path, root = self._path, self._config.rootpath
        return brief(str(path.relative_to(root) if path.is_relative_to(root) else path))

    def _summary(self, outcome: Compared) -> str:
        before, after = self._baseline.part("pytest").cases, outcome.updated.cases
        count = len(self._tests.drawn)
        drawn = f"; {count} test{'s' * (count != 1)} of Hypothesis left out: each run draws anew" if count else ""
        if self._action == "compare":
            failing = sum(change.fails for change in outcome.changes)
            new = sum(change.what is What.NEW for change in outcome.changes)
            changed = f"{failing} change{'s' * (failing != 1)}" if failing else "nothing changed"
            return f"{self._shown}: {outcome.compared} checks compared, {changed}{f', {new} new' * bool(new)}{drawn}"
        added, removed = len(after.keys() - before.keys()), len(before.keys() - after.keys())
        altered = sum(after[address] is not case for address, case in before.items() if address in after)
        return f"{self._shown}: {added} added, {altered} changed, {removed} removed, {len(after)} in all{drawn}"


def _opened(action: str, path: Path, seed: int | None) -> Baseline:
    """What the file holds, once it is sure that it can be used."""
    baseline = read(path) if is_there(path) else Baseline()
    part: Mapping[str, Recorded] = baseline.part("pytest").cases
    shown = brief(str(path))
    if action == "record" and part:
        raise UsageError(
            f"{shown} holds {len(part)} checks already: --gradcheck-baseline=update says what changed, then writes it"
        )
    if action != "record" and not part:
        raise UsageError(f"{shown} holds no checks: pytest --gradcheck-baseline=record writes them")
    if part and baseline.part("pytest").seed != seed:
        recorded_with = baseline.part("pytest").seed
        before = "without a seed" if recorded_with is None else f"with seed {recorded_with}"
        raise UsageError(f"{shown} was recorded {before}, and what is drawn with another seed is other: give the same")
    if action != "compare":
        require_writable(path)
    return baseline
