"""Cases that are known not to pass, stated outside of their suites: the `expect` of a project's settings.

An entry gives its case an `expect`, so that everything else is as with one that the suite itself states: strict, noted
as expected, and a failure once the case passes. An entry that fits no case is an error: it excuses nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gradcheck.errors import UsageError
from gradcheck.problem.reading import brief
from gradcheck.run.suite import Addressed, hint, suite_file


class KnownFailures:
    """What is expected of some cases, by their addresses: (verdict, reason).

    `place` is what messages call the list, such as "pyproject.toml, [tool.gradcheck] expect".

    Raises UsageError for an entry whose suite does not exist.
    """

    def __init__(self, expected: Mapping[str, tuple[str, str]], place: str = "expect") -> None:
        self._place = place
        self._rows: dict[Path, dict[str, tuple[str, str]]] = {}
        for address, row in expected.items():
            suite, _, name = address.partition("::")
            try:
                file = suite_file(suite).resolve()
            except UsageError as wrong:
                raise UsageError(f"{place}, {brief(address)}: {wrong}") from None
            self._rows.setdefault(file, {})[name] = row

    def applied(self, suite: str, cases: Sequence[Addressed]) -> list[Addressed]:
        """All cases of one suite, each with what is expected of it; UsageError for an entry that fits none of them."""
        rows = self._rows.get(suite_file(suite).resolve(), {}) if self._rows else {}
        names = {item.case.name for item in cases}
        for name in rows:
            if name not in names:
                what = f"suite {brief(suite)} has no case {brief(name)}"
                raise UsageError(f"{self._place}: {what}; {hint(name, cases)}; take the entry out, or correct it")
        return [
            replace(item, case=replace(item.case, expect=rows[item.case.name])) if item.case.name in rows else item
            for item in cases
        ]
