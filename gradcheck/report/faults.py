"""How the harness did on its own catalogue, as a table and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from gradcheck.run.selftest import Graded
from gradcheck.verdict.result import SCHEMA_VERSION

Alarms = Sequence[tuple[str, int, Sequence[str]]]


def table(graded: Sequence[Graded]) -> Table:
    """A row per fault: what it is, the suites that caught it, its smallest counterexample and what it was called."""
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


def summary(graded: Sequence[Graded], alarms: Alarms) -> Text:
    """One line: caught, named, false alarms."""
    caught, named = sum(g.caught for g in graded), sum(g.named_rightly for g in graded)
    text = Text(f"{caught} of {len(graded)} faults caught, {named} named rightly")
    if alarms:
        wrong = sum(len(w) for _, _, w in alarms)
        text.append(
            f"; {wrong} false alarms over {sum(n for _, n, _ in alarms)} cases of {len(alarms)} correct engines"
        )
    return text


def as_data(graded: Sequence[Graded], alarms: Alarms) -> Mapping[str, Any]:
    """The same as plain data."""
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
        "engines": [{"engine": name, "cases": n, "false_alarms": list(wrong)} for name, n, wrong in alarms],
    }
