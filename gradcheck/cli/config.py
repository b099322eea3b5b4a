"""`gradcheck config`: every setting in effect here, where it comes from, and which commands read it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from rich.table import Table

from gradcheck.cli.terminal import consoles
from gradcheck.config.effective import Effective, effective
from gradcheck.config.expectation import Expectation
from gradcheck.config.settings_table import SETTINGS
from gradcheck.errors import printable

SCHEMA_VERSION = 1
"""Version of the JSON document."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "--format", choices=("console", "json"), default="console", help="form of the output (default console)"
    )


def main(options: argparse.Namespace) -> int:
    """Print the settings; returns the exit code."""
    found = effective()
    if options.format == "json":
        sys.stdout.write(json.dumps(document(found), indent=2, ensure_ascii=False) + "\n")
        return 0
    console, errors = consoles()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("setting", "value", "from", "read by"):
        table.add_column(heading, overflow="fold")
    for key, row in SETTINGS.items():
        table.add_row(key, _shown(found[key]), printable(_origin(found, key)), ", ".join(row.read_by))
    where = (
        printable(str(found.file)) if found.file is not None else "no pyproject.toml with [tool.gradcheck] from here up"
    )
    console.print(f"file: {where}", markup=False, highlight=False, soft_wrap=True)
    console.print(table, markup=False)
    for remark in found.remarks:
        errors.print(f"gradcheck: {printable(remark)}", markup=False, highlight=False, soft_wrap=True)
    return 0


def document(found: Effective) -> dict[str, Any]:
    """The settings as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "file": None if found.file is None else str(found.file),
        "settings": {
            key: {
                "value": _plain(found[key]),
                "source": found.origins[key].source,
                "place": found.origins[key].place,
                "variable": row.variable,
                "meaning": row.sentence,
                "read_by": list(row.read_by),
            }
            for key, row in SETTINGS.items()
        },
        "remarks": list(found.remarks),
    }


def _origin(found: Effective, key: str) -> str:
    """Short, since the file is named above the table."""
    origin = found.origins[key]
    return origin.place if origin.source == "environment" else origin.source


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, tuple):
        return "\n".join(map(_shown, value))
    if isinstance(value, Expectation):
        return printable(f"{value.case}: {value.verdict} ({value.reason})")
    return f"{value:g}" if isinstance(value, float) else printable(str(value))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(row) for row in value]
    return asdict(value) if isinstance(value, Expectation) else value
