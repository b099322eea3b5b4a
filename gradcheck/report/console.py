"""The screen form of a run: each failing case as it fails, one line per suite, and then the cause.

Verbosity -1 (`-q`) prints failures and one summary line; 0 adds one line per suite and the smallest example as a tree;
1 (`-v`) a row per case, and every number, bound and code of the failures; 2 (`-vv`) the same of all cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gradcheck.diagnosis.budget import Spent
from gradcheck.problem import OPS
from gradcheck.report.alike import by_place, by_words, place_of, shown_with
from gradcheck.report.failure import LABEL, Failure, headline, listed, summary
from gradcheck.report.graph_text import tree
from gradcheck.report.levels import ALL, NORMAL, QUIET, ROWS
from gradcheck.report.not_offered import not_offered_line, nothing_answered_line
from gradcheck.report.plain_words import plainly
from gradcheck.report.trimmed import Hanging, Trimmed
from gradcheck.run.events import CaseFinished, CaseJudged, Diagnosed, Event, Faulted, Finished, Started
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.verdict.digits import apart, number
from gradcheck.verdict.finding import shown
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verdict.styles import STYLES

MOST_BLOCKS = 3
"""Maximum number of failures with six lines each, besides the one that shows the mistake."""
MOST_IN_FULL = 10
"""Maximum number of results that `-v` shows with all findings; a wrong engine fails many cases for one reason."""
FEW = 5
"""Maximum number of cases for which the report shows values of right ones, such as df/db = 9."""
LARGEST_DRAWING = 30
"""Maximum number of nodes of a graph that is drawn."""

SHORT = {"finite_difference": "differ.", "path_enumeration": "paths", "complex_step": "complex"}
"""Short forms of oracle names that are too long for a table's cell."""


class ConsoleReport:
    """Receives the events of a run and prints on `console`.

    With `timings=False` two runs of the same cases print the same text.
    """

    def __init__(self, console: Console, *, timings: bool = True, verbosity: int = NORMAL) -> None:
        self._console = console
        self._timings = timings
        self._verbosity = verbosity
        self._diagnosed: Diagnosed | None = None
        self._cases = 0
        self._suite = self._told = ""
        self._results: list[Result] = []
        self._errors: set[str] = set()
        self._notes: list[str] = []
        self._gap = False  # whether the last line is empty

    def add(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Started():
                self._cases = event.cases
                if self._verbosity > QUIET:
                    self._head(event)
            case CaseJudged():
                self._judged_one(event.result)
            case CaseFinished():
                self._finished_one(event.result)
            case Faulted():
                self._print(Text(f"HARNESS FAULT  {shown(event.address)}", style="bold red"))
            case Diagnosed():
                self._diagnosed = event
            case Finished():
                self._end_of_suite()
                self._finish(event)

    def _head(self, event: Started) -> None:
        if event.self_check:
            self._print(Text("self-check: nothing of yours was checked (the built-in suites against", "bold yellow"))
            self._print(Text("the built-in reference; put your own on trial with --subject FILE)", "bold yellow"))
        self._print(Text(f"subject: {shown(event.subject)}"))
        if event.guarantees and self._verbosity >= ROWS:
            states: dict[str, list[str]] = {}
            for name, state in event.guarantees.items():
                states.setdefault(state, []).append(name)
            text = "; ".join(f"{state}: {', '.join(names)}" for state, names in states.items())
            self._print(Text(f"its process: {text}", style="dim"), indent=2)
        for line in event.left_out:
            self._print(Text(shown(line), style="yellow"), indent=2)
        if self._cases > 1 or self._verbosity >= ROWS:
            self._console.print()
            self._gap = True

    def note(self, line: str) -> None:
        """A line for the end of the report, such as where failures are saved."""
        self._notes.append(line)

    # --- while the cases run ------------------------------------------------------------------------------------

    def _finished_one(self, result: Result) -> None:
        if "::" not in result.address:  # the subject could not be loaded, which the end of the report tells
            return
        if result.address != self._told:
            self._judged_one(result)
        self._results.append(result)

    def _judged_one(self, result: Result) -> None:
        """The line of a failing case, before its cause is looked for."""
        suite = result.address.partition("::")[0]
        if suite != self._suite:
            self._end_of_suite()
            self._suite = suite
        self._told = result.address
        if self._cases > 1 and not as_it_should_be(result) and self._is_news(result):
            text = Text.assemble((f"{result.verdict}", STYLES[result.verdict]), "  ", (shown(result.address), "bold"))
            self._print(text.append(f"  {summary(result)}"), indent=6)

    def _is_news(self, result: Result) -> bool:
        """Every FAIL; of errors with equal words only the first, since the others are counted at the end."""
        if result.verdict is not Verdict.ERROR:
            return True
        words = summary(result)
        known = words in self._errors
        self._errors.add(words)
        return not known

    def _end_of_suite(self) -> None:
        results, self._results = self._results, []
        if not results or self._cases == 1 or self._verbosity == QUIET:
            return
        if self._verbosity >= ROWS:
            self._console.print(Trimmed(self._table(self._suite, results)))
            self._console.print()
        else:
            counts = Counter(r.verdict for r in results)
            text = Text(f"{shown(self._suite):<22}")
            for verdict in Verdict:
                if counts[verdict]:
                    text.append(f"  {counts[verdict]:>4} ").append(str(verdict), style=STYLES[verdict])
            self._print(text)

    def _table(self, suite: str, results: Iterable[Result]) -> Table:
        table = Table(title=Text(shown(suite)), title_justify="left", title_style="bold", box=None, pad_edge=False)
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
                Text(shown(result.address.partition("::")[2] or result.address)),
                Text(", ".join(SHORT.get(name, name) for name in result.agreed) or "-"),
                str(result.comparisons),
                "-" if worst is None else f"{worst.ulps:.3g} ulp",
                "-" if worst is None else _percent(worst.share),
            ]
            table.add_row(*row, *([f"{1000 * result.seconds:.0f} ms"] if self._timings else []))
        return table

    # --- at the end ---------------------------------------------------------------------------------------------

    def _finish(self, event: Finished) -> None:
        wrong = [r for r in event.results if not as_it_should_be(r)]
        fails = [r for r in wrong if r.verdict is Verdict.FAIL]
        errors = [r for r in wrong if r.verdict is Verdict.ERROR]
        undecided = [r for r in wrong if r.verdict is Verdict.UNDECIDED]
        if not self._gap and ((wrong and self._cases > 1) or (self._cases == 1 and self._verbosity == NORMAL)):
            self._console.print()
        self._failures(fails, errors)
        self._all_errors(by_words(errors))
        for result in undecided[:MOST_BLOCKS]:
            self._block(Failure(result))
        if more := [r.address for r in undecided[MOST_BLOCKS:]]:
            self._print(Text(f"and {len(more)} more UNDECIDED: {listed(more)}"), indent=4)
        for line in (not_offered_line(event.not_offered), nothing_answered_line(event)):
            if line:
                self._print(Text(shown(line), style="yellow"), indent=2)
        if self._diagnosed is not None and self._diagnosed.ended:
            self._print(Text(self._diagnosed.ended, style="yellow"), indent=2)
        if self._verbosity >= ROWS:
            self._in_full(event.results)
        else:
            self._warnings(event.results)
        for fault in event.faults:
            text = Text(f"{fault.address}: {fault.message}\nNo verdict of this run can be trusted; please report it.")
            self._console.print(Trimmed(Panel(text, title="harness fault", border_style="bold red")))
        if len(event.results) <= FEW and self._verbosity in (NORMAL, ROWS):
            self._right_ones(event.results)
        if wrong and self._verbosity == NORMAL:
            self._print(Text("-v shows every number with its bound; --format json has all of it", style="dim"))
        for line in self._notes:
            self._console.print(Text(line), soft_wrap=True)
        self._print(self._summary(event))

    def _failures(self, fails: Sequence[Result], errors: Sequence[Result]) -> None:
        """The failure that the mistake is shown with, then those that it does not explain."""
        found, rest = self._diagnosed, list(fails)
        if found is not None and (fails or errors):
            explained, unexplained = set(found.explains), set(found.unexplained)
            first = shown_with(found, fails, errors)
            if found.faults:
                rest = [r for r in fails if r.address in unexplained and r is not first]
                others = len(explained - {first.address})
            else:  # without a name, failures at another place are another mistake for all that is known
                same = [r for r in fails if place_of(r) == place_of(first)]
                rest = [r for r in fails if r not in same]
                others = 0
            self._block(Failure(first, found, others))
            if found.case is not None and self._verbosity > QUIET and len(found.case.graph) <= LARGEST_DRAWING:
                self._drawing(found)
            if found.faults and rest:
                verb = "is" if len(rest) == 1 else "are"
                self._print(
                    Text(f"{len(rest)} of {len(fails)} FAIL {verb} not explained by this mistake:", style="yellow")
                )
            if found.faults:
                known = {*explained, *unexplained, first.address}
                left, why = sum(r.address not in known for r in fails), "were not compared with this mistake"
            else:
                left, why = len(fails) - len(rest) - 1, "at the same place"
            if fails and left:
                self._print(Text(f"{left} more FAIL {why}", style="yellow"))
                self._console.print()
        groups = by_place(rest)
        for group in groups[:MOST_BLOCKS]:
            self._block(Failure(group[0]))
            if len(group) > 1:
                self._print(Text(f"and {len(group) - 1} more FAIL at the same place"), indent=4)
                self._console.print()
        if more := [r.address for group in groups[MOST_BLOCKS:] for r in group]:
            self._print(Text(f"and {len(more)} more FAIL: {listed(more)}"), indent=4)

    def _drawing(self, found: Diagnosed) -> None:
        assert found.case is not None

        def remark(name: str) -> str:
            texts = []
            for row in (r for r in found.parameters if r.block == name):
                came, right = apart(row.yours, row.right)
                where = "" if row.name == name else f" {shown(row.name)}"
                parts = f" ({row.equals})" if row.equals else ""
                texts.append(
                    f"yours{where} {came}, right {right}{parts}"
                    if row.wrong
                    else f"{where.strip()} {right} is right".strip()
                )
            return f"gradient: {'; '.join(texts)}" if texts else ""

        self._console.print(Trimmed(Padding(tree(found.case, remark), (0, 0, 1, 2 + LABEL))))

    def _all_errors(self, groups: Sequence[Sequence[Result]]) -> None:
        most = len(groups) if self._verbosity >= ROWS else MOST_BLOCKS
        for group in groups[:most]:
            self._error(group)
        if rest := groups[most:]:
            cases = sum(map(len, rest))
            self._print(Text(f"and {len(rest)} more kinds of errors in {cases} cases; -v shows them all"))
            self._console.print()
        if lacking := sorted({op for group in groups if (op := _unknown_op(group[0]))}):
            ops = (
                f"{listed(lacking)}: an engine that does not have these ops says so by OPS = {{...}} in its file, or by"
            )
            self._print(Text(f"{ops} raising NotImplementedError; then its other ops are judged alone", style="yellow"))
            self._console.print()

    def _error(self, group: Sequence[Result]) -> None:
        """Errors with equal words form one block."""
        if len(group) == 1:
            self._block(Failure(group[0]))
            return
        words = summary(group[0])
        text = Text.assemble(("ERROR", STYLES["ERROR"]), f"  {len(group)} cases: {words}")
        self._print(text, indent=7)
        self._print(Text(f"  {'cases':<{LABEL}}{listed([r.address for r in group])}"), indent=2 + LABEL)
        if replay := next((r.replay for r in group if r.replay), ""):
            self._replay(replay)
        self._console.print()

    def _block(self, failure: Failure) -> None:
        for line in failure.lines():
            self._print(line, indent=2 + LABEL)
        if failure.result.replay:
            self._replay(failure.result.replay)
        self._console.print()

    def _replay(self, command: str) -> None:
        """Printed on one line, however long, so that it can be copied."""
        text = Text.assemble("  ", (f"{'replay':<{LABEL}}", "bold"), (command, "cyan"))
        self._console.print(text, soft_wrap=True)

    def _in_full(self, results: Sequence[Result]) -> None:
        """With -v the failures with everything that is known, with -vv all cases."""
        telling = [r for r in results if self._verbosity >= ALL or r.verdict is not Verdict.PASS or r.warned]
        telling.sort(key=lambda r: list(Verdict).index(r.verdict) if r.verdict is not Verdict.PASS else len(Verdict))
        most = len(telling) if self._verbosity >= ALL else MOST_IN_FULL
        for result in telling[:most]:
            body = result.in_full() if self._verbosity >= ALL else result
            self._console.print(Trimmed(Panel(body, border_style=STYLES[result.verdict], title_align="left")))
        if len(telling) > most:
            self._print(Text(f"and {len(telling) - most} more like these; -vv and --format json have them all"))
        if self._diagnosed is not None:
            self._cause_in_full(self._diagnosed)

    def _cause_in_full(self, found: Diagnosed) -> None:
        if found.counterexample is not None:
            title = "smallest counterexample"
            self._console.print(Trimmed(Panel(found.counterexample, title=title, title_align="left")))
        for fault in found.faults:
            text = Text.assemble(("cause  ", "bold"), f"{found.how} {fault.code}, “{fault.name}”: {fault.sentence}")
            self._print(text, indent=7)
        took = [f"{one.experiment}: {self._took(one)}" for one in found.spent if one.questions]
        if took:
            self._print(Text.assemble(("cost   ", "bold"), "; ".join(took)), indent=7)

    def _took(self, one: Spent) -> str:
        questions = f"{one.questions} question{'s' * (one.questions > 1)}"
        return f"{questions}, {one.seconds:.1f} s" if self._timings else questions

    def _warnings(self, results: Sequence[Result]) -> None:
        for result in results:
            telling = [f for f in result.findings if f.severity is Severity.WARNING and f.code != "GC041"]
            if result.verdict is Verdict.PASS and telling:
                self._print(headline(result), indent=6)
                for finding in telling:
                    self._print(Text(f"  {'warning':<{LABEL}}{plainly(finding)}", style="yellow"), indent=2 + LABEL)

    def _right_ones(self, results: Sequence[Result]) -> None:
        for result in results:
            if not as_it_should_be(result) or not (result.shows or self._cases == 1):
                continue
            self._print(headline(result), indent=6)
            for name, value in result.shows.items():
                text = number(value, 12) if isinstance(value, float) else str(value)
                self._print(Text(f"  {shown(name)} = {text}"), indent=4)

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

    def _print(self, text: Text, indent: int = 0) -> None:
        self._console.print(Hanging(text, indent))
        self._gap = False


def _unknown_op(result: Result) -> str:
    """The op that the subject did not find in a table of its own; "" if it failed in another way."""
    raised = next((f.facts for f in result.findings if f.code == "GC004"), {})
    message = str(raised.get("message", "")).strip("'\"")
    return message if raised.get("type") == "KeyError" and message in OPS else ""


def _percent(share: float) -> str:
    if share == 0:
        return "0 %"
    return f"{100 * share:.2g} %" if share <= 1 else f"{share:.3g} x"
