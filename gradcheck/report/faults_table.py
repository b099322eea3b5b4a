"""The harness's grades on its own catalogue, as a table and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from gradcheck.run.selftest import EngineGrade, Graded
from gradcheck.verdict.result import SCHEMA_VERSION


def table(graded: Sequence[Graded]) -> Table:
    """A row per fault: the fault, the suites that caught it, its smallest counterexample and the name it was given."""
    rows = Table(title="faults", title_justify="left", title_style="bold", box=None, pad_edge=False)
    rows.add_column("fault")
    rows.add_column("what it does", ratio=1)
    rows.add_column("first caught by")
    rows.add_column("suites", justify="right")
    rows.add_column("nodes", justify="right")
    rows.add_column("named")
    for one in graded:
        catches = [c for c in one.catches.values() if c is not None]
        named = Text("yes", style="green") if one.named_rightly else Text(" ".join(one.named) or "no", style="yellow")
        rows.add_row(
            one.fault.code,
            Text(one.fault.name),
            Text(catches[0].address if catches else "not caught", style="" if catches else "bold red"),
            f"{len(catches)}",
            "-" if one.smallest is None else str(one.smallest),
            named,
        )
    return rows


def engine_table(engines: Sequence[EngineGrade]) -> Table:
    """A row per correct engine: its cases, those that flagged it, and those that decided nothing."""
    rows = Table(title="correct engines", title_justify="left", title_style="bold", box=None, pad_edge=False)
    rows.add_column("engine")
    rows.add_column("cases", justify="right")
    rows.add_column("false alarms")
    rows.add_column("undecided")
    for one in engines:
        flagged, left = (", ".join(item.address for item in items) for items in (one.alarms, one.undecided))
        alarms = Text(flagged or "0", style="red" if flagged else "green")
        rows.add_row(Text(one.engine), str(one.cases), alarms, Text(left or "0"))
    return rows


def summary(graded: Sequence[Graded], engines: Sequence[EngineGrade]) -> Text:
    """One line: caught, named, false alarms."""
    caught, named = sum(g.caught for g in graded), sum(g.named_rightly for g in graded)
    text = Text(f"{caught} of {len(graded)} faults caught, {named} named rightly")
    if engines:
        wrong, tried = sum(len(e.alarms) for e in engines), sum(e.cases for e in engines)
        text.append(f"; {wrong} false alarms over {tried} cases of {len(engines)} correct engines")
        if left := sum(len(e.undecided) for e in engines):
            text.append(f", {left} undecided")
    return text


def as_data(graded: Sequence[Graded], engines: Sequence[EngineGrade]) -> Mapping[str, Any]:
    """The same grades as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "faults": [
            {
                "code": g.fault.code,
                "name": g.fault.name,
                "sentence": g.fault.sentence,
                "caught": g.caught,
                "named": list(g.named),
                "named_rightly": g.named_rightly,
                "smallest": g.smallest,
                "catches": {
                    suite: None
                    if c is None
                    else {"address": c.address, "verdict": str(c.verdict), "oracles": list(c.oracles)}
                    for suite, c in g.catches.items()
                },
            }
            for g in graded
        ],
        "engines": [
            {
                "engine": e.engine,
                "cases": e.cases,
                "false_alarms": [item.address for item in e.alarms],
                "undecided": [item.address for item in e.undecided],
            }
            for e in engines
        ],
    }
