"""Which cases were not as they should be when they were last tried, kept in a file for `--lf`.

Each subject has its own file, as it has its own saved failures. Nothing here stops a run: a file that cannot be read or
written gives a line of text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from gradcheck.errors import InvalidProblem
from gradcheck.problem.reading import is_there, parsed, read_text
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.run.suite import Addressed
from gradcheck.verdict.result import Result

SCHEMA_VERSION = 1


class LastFailed:
    """The addresses in `path`.

    Attributes
    ----------
    addresses: what failed last; empty where there is no file.
    lines: text to print, where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.addresses: frozenset[str] = frozenset()
        self.lines: tuple[str, ...] = ()
        if is_there(path):
            try:
                self.addresses = _read(path)
            except InvalidProblem as wrong:
                self.lines = (f"what failed last cannot be read ({wrong}); delete {path}",)

    def chosen(self, cases: Sequence[Addressed]) -> tuple[list[Addressed], str]:
        """The cases that failed last, and a line about them; all cases where none of them did."""
        found = [item for item in cases if item.address in self.addresses]
        if not found:
            return list(cases), "no case of these failed last time: all are tried"
        return found, f"trying the {len(found)} of {len(cases)} cases that failed last time"

    def record(self, results: Iterable[Result]) -> list[str]:
        """Keep what these results say, beside what is known of other cases; lines about what cannot be written."""
        tried = {result.address: as_it_should_be(result) for result in results if "::" in result.address}
        failed = {address for address, right in tried.items() if not right} | (self.addresses - set(tried))
        if failed == self.addresses or (not failed and not is_there(self._path)):
            return []
        text = json.dumps({"schema_version": SCHEMA_VERSION, "failed": sorted(failed)}, indent=1) + "\n"
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._path)
        except OSError as refused:
            with suppress(OSError):
                beside.unlink()
            return [f"what failed cannot be kept for --lf: {refused}; with --no-save it is not tried"]
        return []


def _read(path: Path) -> frozenset[str]:
    data = parsed(read_text(path), str(path))
    version = data.get("schema_version") if isinstance(data, dict) else None
    failed = data.get("failed") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION or not isinstance(failed, list) or not all(isinstance(row, str) for row in failed):
        raise InvalidProblem(f"expected version {SCHEMA_VERSION} with a list of addresses", where=str(path))
    return frozenset(failed)
