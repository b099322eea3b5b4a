"""The two consoles of a command: the report on stdout, progress on stderr."""

from __future__ import annotations

import os
import sys

from rich.console import Console


def consoles() -> tuple[Console, Console]:
    """(stdout, stderr). Colour follows rich (NO_COLOR, FORCE_COLOR, TERM); live displays stay out of CI logs."""
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 110
    out = Console(width=width, highlight=False, soft_wrap=False)
    err = Console(stderr=True, force_interactive=False if os.environ.get("CI") else None)
    return out, err
