"""Which tests a session of pytest was asked for, and which recorded checks should therefore have been made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NARROWING = ("lf", "last_failed", "stepwise", "ignore", "ignore_glob", "deselect", "pyargs")
"""Options with which a test may be there and not be collected."""


@dataclass
class TestsAskedFor:
    """What is known of the session's tests, by node id.

    Attributes
    ----------
    collected: all that there are, deselected ones too.
    passed: those that ran to their end and passed, so that they made all their checks.
    drawn: tests of Hypothesis that made checks.
    unanswered: cases of suites that ran, and that the subject does not answer.
    """

    __test__ = False  # no test of pytest's

    collected: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    drawn: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)

    def to_dict(self) -> dict[str, list[str]]:
        """As plain data."""
        return {name: sorted(tests) for name, tests in vars(self).items()}

    def add(self, other: Mapping[str, Sequence[str]]) -> None:
        """What another process knows, as its `to_dict` gives it."""
        for name, tests in vars(self).items():
            tests.update(other[name])

    def vanished(self, address: str, config: pytest.Config) -> str:
        """Why a recorded check that was not made should have been; "" if it was not asked for, or its test failed."""
        if address in self.unanswered:
            return "the subject does not answer it any more"
        test = address if address in self.collected else re.sub(r" #[0-9]+\Z", "", address)  # a case has no number
        if test in self.passed:
            return "its test makes fewer checks"
        if test in self.drawn:
            return "its test draws anew each time: Hypothesis runs it"
        if test in self.collected or not _asked_for(test, config):
            return ""
        return "there is no such test any more"


def _asked_for(test: str, config: pytest.Config) -> bool:
    """Whether a test would have been collected if it were there."""
    if any(getattr(config.option, name, None) for name in NARROWING):
        return False
    file, _, name = test.partition("::")
    place = config.rootpath / file
    for argument in config.args:
        path, _, wanted = argument.partition("::")
        folder = Path(config.invocation_params.dir, path)
        if (not wanted and place.is_relative_to(folder)) or (wanted and place == folder and _is_part(name, wanted)):
            return True
    return False


def _is_part(name: str, wanted: str) -> bool:
    """Whether a test belongs to what was asked for: a class, a function, or one of its parametrisations."""
    return name == wanted or name.startswith((f"{wanted}::", f"{wanted}["))
