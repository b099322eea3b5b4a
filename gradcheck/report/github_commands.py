"""A run as workflow commands of GitHub Actions: an annotation per mistake, on the line of the user's code.

GitHub shows ten errors and ten warnings of a step, so that failures of one mistake share an annotation.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradcheck.report.reported import Mistake, Reported
from gradcheck.report.run_record import RunRecord
from gradcheck.verdict.finding import shown

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def github(run: RunRecord) -> str:
    """One command per line; "" where nothing is wrong."""
    lines = [_mistake(mistake) for mistake in run.mistakes]
    lines += [_annotation("warning", case, case.message) for case in run.reported if case.verdict == "WARNING"]
    lines += [command("error", {"title": "gradcheck"}, sentence) for sentence in run.troubles]
    return "".join(f"{line}\n" for line in lines)


def _mistake(mistake: Mistake) -> str:
    others = f" (and {len(mistake.others)} more)" if mistake.others else ""
    lines = [f"{mistake.first.address}{others}", *mistake.lines]
    return _annotation("warning" if mistake.first.verdict == "UNDECIDED" else "error", mistake.first, "\n".join(lines))


def _annotation(level: str, case: Reported, message: str) -> str:
    properties = {}
    if case.place is not None:
        properties = {"file": case.place.shown, "line": str(case.place.line or 1)}
    return command(level, {**properties, "title": f"gradcheck {case.verdict} {case.address}"}, message)


def command(level: str, properties: Mapping[str, str], message: str) -> str:
    """One workflow command, with everything escaped that GitHub would read as its end."""
    told = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{level} {told}::{_escaped(message, _DATA)}"


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(c, c) for c in shown(text))
