"""`gradcheck explain SUITE::CASE | GRAPH.json | GC012`: a derivation step by step, or what a finding means."""

from __future__ import annotations

import argparse
import difflib
import re
import sys

from rich.text import Text

from gradcheck.check.explain import derive
from gradcheck.cli.explain_target import entry_of, explained
from gradcheck.cli.terminal import consoles
from gradcheck.errors import InvalidProblem, Unsupported, UsageError
from gradcheck.report.explain import TEXTS, ExplainReport
from gradcheck.verdict.finding import KINDS
from gradcheck.verdict.result import STYLES


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "what",
        metavar="SUITE::CASE | FILE.json | CODE",
        help="a case, a graph or case file, or a finding's code such as GC012",
    )
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="values of inputs and parameters: --at a=1,b=2 or --at W=[[1,2],[3,4]]; repeatable",
    )
    parser.add_argument("--paths", type=int, default=20, metavar="N", help="paths shown per parameter (default 20)")
    parser.add_argument("--entry", metavar="NAME[I,J]", help="show the paths of this entry of a parameter")
    parser.add_argument(
        "--form", choices=("unit", "vector"), help="form of an MLP or NeuronDAG (default: unit if small)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of generated cases, as in a replay line")
    parser.add_argument(
        "--format", choices=("console", *TEXTS), default="console", help="form of the output (default console)"
    )


def main(options: argparse.Namespace) -> int:
    """Explain it; returns the exit code."""
    if re.fullmatch(r"GC\d+", options.what, re.IGNORECASE):
        return _finding(options.what.upper())
    if options.paths < 0:
        raise UsageError(f"--paths takes a number of paths >= 0, got {options.paths}")
    target = explained(options.what, options.at, options.seed)
    entry = entry_of(options.entry, target.case) if options.entry else None
    try:
        derivation = derive(
            target.case,
            address=target.address,
            form=options.form,
            limit=options.paths,
            entry=entry,
            notes=target.notes,
        )
    except (InvalidProblem, Unsupported) as wrong:
        raise type(wrong)(f"{target.address}: {wrong}") from wrong
    if options.format == "console":
        console, _ = consoles()
        console.print(ExplainReport(derivation))
    else:
        sys.stdout.write(TEXTS[options.format](derivation))
    return 0


def _finding(code: str) -> int:
    console, _ = consoles()
    kind = KINDS.get(code)
    if kind is None:
        near = difflib.get_close_matches(code, KINDS, n=3)
        raise UsageError(f"no finding has the code {code!r}; did you mean {', '.join(near) or ', '.join(KINDS)}?")
    console.print(
        Text.assemble((f"{kind.code} ", "bold"), kind.title, " ", (f"({kind.severity})", STYLES[kind.severity]))
    )
    console.print(Text(f"\n  {kind.sentence}\n", style="dim"))
    console.print(Text(kind.help))
    return 0
