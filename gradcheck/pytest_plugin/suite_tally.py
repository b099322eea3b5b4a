"""How many entries the suites of a session compared: a run that compared none is no success."""

from __future__ import annotations

import pytest

COMPARISONS = "gradcheck_comparisons"
"""The property of a case's report, in JUnit's XML as well, that says how many entries were compared."""
NOTHING_COMPARED = 5
"""pytest's code for no tests, and that of `gradcheck run` where no entry was compared."""


class SuiteTally:
    """Counts, in the process that reports, what the cases say they compared; pytest-xdist's workers send it there."""

    def __init__(self) -> None:
        self._cases = self._compared = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a case."""
        if report.when == "call":
            found = [value for name, value in report.user_properties if name == COMPARISONS]
            self._cases += len(found)
            self._compared += sum(int(str(value)) for value in found)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """The exit code of a session in which nothing failed and no case was compared."""
        if self._cases and not self._compared and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = NOTHING_COMPARED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say so."""
        if self._cases and not self._compared:
            cases = f"{self._cases} case{'s' * (self._cases > 1)}"
            terminalreporter.write_line(f"gradcheck: no entry was compared in {cases} of suites", yellow=True)
