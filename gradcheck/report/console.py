"""The screen form of a run: a row per case, every result that is not as it should be in full, one summary line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from gradcheck.problem import Case
from gradcheck.run.events import (
    Diagnosed,
    Event,
    Finished,
    Started,
    as_it_should_be,
)
from gradcheck.verdict.result import STYLES, Result, Verdict

MOST_IN_FULL = 10
"""Results that are shown with all their findings; a wrong engine fails in many cases for one reason."""

SHORT = {"finite_difference": "differ.", "path_enumeration": "paths", "complex_step": "complex"}
"""Oracle names that are too long for a table's cell."""


class ConsoleReport:
    """Listens to a run; the report goes to `console`.

    With `timings=False` two runs of the same cases print the same text.
    """

    def __init__(self, console: Console, *, timings: bool = True, verbosity: int = 0) -> None:
        self._console = console
        self._timings = timings
        self._diagnosed: Diagnosed | None = None

    def add(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Started():
                self._head(event)
            case Diagnosed():
                self._diagnosed = event
            case Finished():
                self._finish(event)

    def _head(self, event: Started) -> None:
        if event.self_check:
            self._console.print("[bold yellow]self-check: nothing of yours was checked[/] (the built-in suites against")
            self._console.print("the built-in reference; put your own on trial with --subject FILE)")
        self._console.print(f"subject: {escape(event.subject)}")
        if event.guarantees:
            states: dict[str, list[str]] = {}
            for name, state in event.guarantees.items():
                states.setdefault(state, []).append(name)
            text = "; ".join(f"{state}: {', '.join(names)}" for state, names in states.items())
            self._console.print(f"its process: {escape(text)}", style="dim", highlight=False)
        for line in event.left_out:
            self._console.print(escape(line), style="yellow", highlight=False)
        self._console.print()

    def _finish(self, event: Finished) -> None:
        for suite, results in _by_suite(event.results).items():
            self._console.print(self._table(suite, results))
            self._console.print()
        telling = [r for r in event.results if r.verdict is not Verdict.PASS or r.warned]
        telling.sort(key=lambda r: r.verdict is Verdict.PASS)  # what is only warned of comes last
        for result in telling[:MOST_IN_FULL]:
            self._console.print(Panel(result, border_style=STYLES[result.verdict], title_align="left"))
        if len(telling) > MOST_IN_FULL:
            self._console.print(f"and {len(telling) - MOST_IN_FULL} more like these; --format json has them all")
        if self._diagnosed is not None:
            self._console.print(_diagnosis(self._diagnosed))
        for fault in event.faults:
            text = Text(f"{fault.address}: {fault.message}\nNo verdict of this run can be trusted; please report it.")
            self._console.print(Panel(text, title="harness fault", border_style="bold red"))
        shown = [r for r in event.results if r.shows]
        if len(event.results) <= 5:
            for result in shown:
                if result.verdict is Verdict.PASS:
                    self._console.print(Padding(result, (0, 0, 1, 0)))
        self._console.print(self._summary(event))

    def _table(self, suite: str, results: Iterable[Result]) -> Table:
        table = Table(title=escape(suite), title_justify="left", title_style="bold", box=None, pad_edge=False)
        table.add_column("verdict")
        table.add_column("case", overflow="fold", ratio=1)
        table.add_column("oracles that agreed")
        table.add_column("entries", justify="right")
        table.add_column("worst error", justify="right")
        table.add_column("of allowed", justify="right")
        if self._timings:
            table.add_column("time", justify="right")
        for result in results:
            worst = result.worst
            row: list[RenderableType] = [
                Text(str(result.verdict), style=STYLES[result.verdict]),
                Text(result.address.partition("::")[2] or result.address),
                Text(", ".join(SHORT.get(name, name) for name in result.agreed) or "-"),
                str(result.comparisons),
                "-" if worst is None else f"{worst.ulps:.3g} ulp",
                "-" if worst is None else _percent(worst.share),
            ]
            table.add_row(*row, *([f"{1000 * result.seconds:.0f} ms"] if self._timings else []))
        return table

    def _summary(self, event: Finished) -> Text:
        counts = Counter(r.verdict for r in event.results)
        text = Text()
        for verdict in Verdict:
            if counts[verdict]:
                text.append(f"{counts[verdict]} {verdict}", style=STYLES[verdict]).append("  ")
        known = sum(as_it_should_be(r) and r.verdict is not Verdict.PASS for r in event.results)
        if known:
            text.append(f"({known} as expected)  ")
        if event.faults:
            text.append(f"{len(event.faults)} harness fault{'s' * (len(event.faults) > 1)}  ", style="bold red")
        compared = sum(r.comparisons for r in event.results)
        text.append(f"{compared} entries compared")
        if self._timings:
            text.append(f" in {event.seconds:.1f} s")
        if event.interrupted:
            text.append("; interrupted", style="bold red")
        return text


def _diagnosis(found: Diagnosed) -> Panel:
    """The smallest counterexample, drawn, and the fault that behaves alike."""
    parts: list[RenderableType] = []
    if found.case is not None and found.counterexample is not None:
        parts += [draw(found.case), Text(), found.counterexample]
    for fault in found.faults:
        parts += [Text.assemble(("cause  ", "bold"), f"{found.how} {fault.code}, “{fault.name}”: {fault.sentence}")]
        if fault.misconception:
            parts += [Text(f"       {fault.misconception}", style="dim")]
    if found.ended:
        parts += [Text(found.ended, style="yellow")]
    return Panel(
        Group(*parts),
        title="smallest counterexample" if found.case else "cause",
        title_align="left",
        border_style="cyan",
    )


def draw(case: Case) -> Tree:
    """A small graph as a tree from its loss; a shared node is drawn once and pointed at afterwards."""
    graph, values = case.graph, case.graph.evaluate(case.point)
    drawn: set[str] = set()

    def label(name: str) -> Text:
        node = graph.node(name)
        value = values[name]
        number = f"{float(value):.6g}" if not value.shape else f"shape {value.shape}"
        text = Text.assemble((name, "bold"), f" = {number}  ", (node.op if node.inputs else f"({node.op})", "dim"))
        if name in drawn and node.inputs:
            text.append("  ↑ shared, shown above", style="yellow")
        return text

    top = graph.names[graph.loss]
    tree = Tree(label(top))
    waiting = [(top, tree)]
    while waiting:
        name, branch = waiting.pop(0)
        if name in drawn:
            continue
        drawn.add(name)
        for argument in graph.node(name).inputs:
            waiting.append((argument, branch.add(label(argument))))
    return tree


def _by_suite(results: Iterable[Result]) -> dict[str, list[Result]]:
    suites: dict[str, list[Result]] = {}
    for result in results:
        suites.setdefault(result.address.partition("::")[0], []).append(result)
    return suites


def _percent(share: float) -> str:
    if share == 0:
        return "0 %"
    return f"{100 * share:.2g} %" if share <= 1 else f"{share:.3g} x"
