"""`gradcheck explain SUITE::CASE | GRAPH.json | GC012 | F01`: a derivation, or what a finding or a fault means."""

from __future__ import annotations

import argparse
import ast
import re
import sys

from rich.console import RenderableType

from gradcheck.cli.explain_fault import shown_on
from gradcheck.cli.explain_target import entry_of, explained
from gradcheck.cli.terminal import consoles
from gradcheck.config.effective import drawn, effective
from gradcheck.errors import InvalidProblem, Unsupported, UsageError
from gradcheck.explain.codes import everything, fault_words, finding_words
from gradcheck.explain.derivation import derive
from gradcheck.explain.views import TEXTS, ExplainReport
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.problem.reading import brief
from gradcheck.report.trimmed import Trimmed
from gradcheck.run.suite import builtin_suites, near_names
from gradcheck.verdict.finding_kinds import KINDS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "what",
        nargs="?",
        metavar="WHAT",
        help="SUITE::CASE, a built-in case's name or label such as S4.b, a JSON file of a graph or case, the code of a "
        "finding such as GC012, or the code of a fault such as F01",
    )
    parser.add_argument("--list", action="store_true", help="list all findings, faults and built-in suites")
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
    parser.add_argument("--seed", metavar="N", help="seed of generated cases, as in a replay line; or 'random'")
    parser.add_argument(
        "--format", choices=("console", *TEXTS), default="console", help="form of the output (default console)"
    )


def main(options: argparse.Namespace) -> int:
    """Explain what `options` name; returns the exit code."""
    console, _ = consoles()
    if options.list:
        console.print(Trimmed(everything(KINDS.values(), CATALOGUE, _suites())))
        return 0
    if options.what is None:
        raise UsageError("explain needs a case, a file or a code; --list shows the codes and suites there are")
    if re.fullmatch(r"(GC|F)\d+", options.what, re.IGNORECASE):
        console.print(Trimmed(_words(options.what.upper())))
        return 0
    if options.paths < 0:
        raise UsageError(f"--paths takes a number of paths >= 0, got {options.paths}")
    target = explained(options.what, options.at, drawn(effective({"seed": options.seed})["seed"]))
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
        console.print(Trimmed(ExplainReport(derivation)))
    else:
        sys.stdout.write(TEXTS[options.format](derivation))
    return 0


def _words(code: str) -> RenderableType:
    """The meaning of a code: a finding's or a fault's."""
    if code in KINDS:
        return finding_words(KINDS[code])
    faults = {fault.code: fault for fault in CATALOGUE}
    if code in faults:
        return fault_words(faults[code], shown_on(faults[code]))
    what, known = ("finding", [*KINDS]) if code.startswith("GC") else ("fault", [*faults])
    hint = near_names(code, known)
    raise UsageError(
        f"no {what} has the code {brief(code)}; {f'did you mean {hint}? ' if hint else ''}explain --list shows all"
    )


def _suites() -> dict[str, str]:
    """Each built-in suite with the first line of its docstring."""
    found = {}
    for name, path in builtin_suites().items():
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.suffix == ".py" else None
        found[name] = (words or "").partition("\n")[0]
    return found
