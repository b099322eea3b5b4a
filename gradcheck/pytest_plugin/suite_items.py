"""Suites as tests: a file of cases, and an item for each case, `FILE::CASE`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gradcheck.errors import GradcheckError
from gradcheck.pytest_plugin.asked_tests import FIXTURE, IS_CASE, MEASURED
from gradcheck.pytest_plugin.failure_repr import of_collection, shown
from gradcheck.pytest_plugin.plugin_settings import settings_of
from gradcheck.pytest_plugin.suite_session import Outcome, session_of
from gradcheck.pytest_plugin.suite_tally import COMPARISONS
from gradcheck.report.code_place import CodePlace
from gradcheck.run.suite import Addressed, builtin_suites


class SuiteFile(pytest.File):
    """A suite, Python or JSON."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each case, in order; those alone that the settings name, if they name some."""
        session = session_of(self.config)
        session.subject  # noqa: B018 - a subject that is not there is told before anything runs
        suite = _suite_name(self.path, self.config.invocation_params.dir)
        wanted = settings_of(self.config).suites.get(self.path, ())
        for item in session.cases(suite, wanted):
            yield CaseItem.from_parent(self, name=item.case.name, addressed=item)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A suite that cannot be collected: a sentence, and the frames of its own that raised."""
        wrong = excinfo.value
        return of_collection(wrong) if isinstance(wrong, GradcheckError) else super().repr_failure(excinfo)


class CaseItem(pytest.Item):
    """A case, judged against the session's subject."""

    def __init__(self, *, addressed: Addressed, **of_node: Any) -> None:
        super().__init__(**of_node)
        self._addressed = addressed
        self.extra_keyword_matches.update(addressed.case.labels)
        self.add_marker(FIXTURE)
        self.stash[IS_CASE] = True

    def runtest(self) -> None:
        """Judge the case; what is not as it should be raises."""
        outcome = session_of(self.config).outcome(self._addressed)
        self.user_properties.append((COMPARISONS, outcome.comparisons))
        self.stash[MEASURED] = outcome.measured
        if outcome.skipped:
            pytest.skip(outcome.skipped)
        if not outcome.passed:
            raise _NotPassed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report of `gradcheck run -q`, and the place of the derivative."""
        wrong = excinfo.value
        if isinstance(wrong, _NotPassed):
            outcome = wrong.outcome
            place = outcome.place or CodePlace(self.path, self._addressed.line)
            return shown(outcome.report.split("\n"), outcome.headline, str(place.file), place.line or 1)
        if isinstance(wrong, GradcheckError):
            return shown([str(wrong)], f"{type(wrong).__name__}: {wrong}", str(self.path), self._addressed.line or 1)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """The suite's file, the line of the function that made the case (from 0), and the case's name."""
        line = self._addressed.line
        return self.path, None if line is None else line - 1, self.name


class _NotPassed(Exception):
    """A case is not as it should be."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.headline)
        self.outcome = outcome


def _suite_name(path: Path, here: Path) -> str:
    """The suite's part of an address: its path from the working directory, or the name of a built-in one."""
    for name, file in builtin_suites().items():
        if file == path:
            return name
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
