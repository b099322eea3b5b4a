"""`gradcheck explain GC012`: what a finding means."""

from __future__ import annotations

import argparse
import difflib

from rich.text import Text

from gradcheck.cli.terminal import consoles
from gradcheck.errors import UsageError
from gradcheck.verdict.finding import KINDS
from gradcheck.verdict.result import STYLES

HELP = "say what a finding means"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("what", metavar="CODE", help="a finding's code, such as GC012")


def main(options: argparse.Namespace) -> int:
    """Explain it; returns the exit code."""
    console, _ = consoles()
    kind = KINDS.get(options.what.upper())
    if kind is None:
        near = difflib.get_close_matches(options.what.upper(), KINDS, n=3)
        raise UsageError(f"nothing known about {options.what!r}; did you mean {', '.join(near) or ', '.join(KINDS)}?")
    console.print(
        Text.assemble((f"{kind.code} ", "bold"), kind.title, " ", (f"({kind.severity})", STYLES[kind.severity]))
    )
    console.print(Text(f"\n  {kind.sentence}\n", style="dim"))
    console.print(Text(kind.help))
    return 0
