"""The report of `gradcheck verify`: what was recognised, what is right, the first thing that is wrong, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from gradcheck.problem import OPS
from gradcheck.report.failure import LABEL, Failure, listed
from gradcheck.report.own_words import shown_script
from gradcheck.report.trimmed import Hanging
from gradcheck.run.events import Diagnosed
from gradcheck.run.exit_code import NOTHING_COMPARED
from gradcheck.subject.description import Seen, SeenOffer
from gradcheck.verdict.finding import shown
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verdict.styles import STYLES
from gradcheck.verify.groups import Group
from gradcheck.verify.trials import Trial
from gradcheck.verify.tried_engine import EngineTrial, EngineTried
from gradcheck.verify.verify_events import Lacking, Offered, PairTried, Recognised, Verified, VerifyEvent

SCALAR_OPS = ("add", "sub", "mul", "div", "neg", "pow", "exp", "log", "tanh", "relu", "sigmoid", "sin", "cos", "sqrt")
"""Ops whose absence is mentioned, though no engine has to have them."""
MOST_LACKING = 12
DTYPE_OPTION = ", or --dtype float32"
"""What sentences on float32 say besides DTYPE, which `verify` reads in the file as well."""


class VerifyText:
    """Prints a verification on `console`, offer by offer.

    `feedback` is one of `levels.FEEDBACK`; `verbose` adds what was found and how it was settled.
    """

    def __init__(self, console: Console, *, feedback: str = "hint", verbose: bool = False) -> None:
        self._console = console
        self._feedback = feedback
        self._verbose = verbose
        self._wrong: list[Trial] = []

    def add(self, event: VerifyEvent) -> None:
        """Show one event."""
        match event:
            case Recognised():
                self.recognised(event.name, event.seen)
            case Offered():
                self.offer(event.offer)
            case Lacking():
                self._print(Text(f"  ERROR  {event.sentence}"))
            case EngineTried():
                self.engine(event.trial)
            case PairTried():
                self.trial(event.trial, event.replay)
            case Verified() if not event.unusable:
                self.end(event)

    def recognised(self, name: str, seen: Seen) -> None:
        """One line per offer, and one for what looks like them and is not checked; with `-v` the reasons."""
        for offer in seen.offers:
            self._print(Text.assemble((shown(name), "bold"), f": {offer.convention}: {shown(offer.title)}"))
        if not self._verbose:
            if missed := list(dict.fromkeys(miss.name for miss in seen.misses if miss.name)):
                self._print(Text(f"  not checked: {listed(missed, MOST_LACKING)} (-v says why)", style="yellow"))
        else:
            for miss in seen.misses:
                what = f"{miss.name}: " if miss.name else ""
                self._print(Text(f"  not {miss.convention}: {shown(what + miss.why)}", style="dim"))

    def offer(self, offer: SeenOffer) -> None:
        """What is not offered, and with `-v` what was settled."""
        if offer.dtype == "float32":
            self._print(Text("  computes in float32, and is judged in float32"))
        if offer.entries and (lacking := _lacking(offer, verbose=self._verbose)):
            self._print(Text(f"  not offered: {lacking}", style="yellow"))
        for limit in offer.limits:
            self._print(Text(f"  limit: {shown(limit)}", style="yellow"))
        for warning in offer.warnings:
            self._print(Text(f"  warning: {shown(warning)}", style="yellow"))
        if self._verbose:
            for note in offer.notes:
                self._print(Text(f"  note: {shown(note)}", style="dim"))

    # --- engines ------------------------------------------------------------------------------------------------

    def engine(self, trial: EngineTrial) -> None:
        """The counts, then each group of failures, then limits and lost accuracy."""
        suites: dict[str, Counter[str]] = {}
        for result in trial.every_result:
            suites.setdefault(result.address.partition("::")[0], Counter())[trial.verdict_of(result)] += 1
        for suite, counts in suites.items():
            text = Text(f"  {shown(suite):<22}")
            for verdict in (*map(str, Verdict), "WARNING"):
                if counts[verdict]:
                    text.append(f"  {counts[verdict]:>4} ").append(verdict, style=STYLES.get(verdict, "yellow"))
            self._print(text)
        if trial.refused:
            forms = sorted({op for row in trial.refused for op in row.ops})
            self._print(
                Text(f"  {len(trial.refused)} graphs not asked: {listed(forms, 6)} not offered", style="yellow")
            )
        for limit in trial.limits:
            self._print(Text(f"  limit: {shown(limit)}", style="yellow"))
        for loss in trial.accuracy:
            self._print(Text(f"  warning: {shown(loss.sentence)}", style="yellow"))
        for fault in trial.faulted:
            self._print(Text(f"  HARNESS FAULT  {shown(fault.address)}: {shown(fault.message)}", style="bold red"))
        if self._feedback == "none":
            return
        if len(trial.wrong) > 1:
            self._print(Text(f"\n{len(trial.wrong)} mistakes, as far as the failures tell; one by one:"))
        for group, found in trial.wrong:
            self._console.print()
            for line in self._group(group, found, trial.offer):
                self._print(line, 2 + LABEL)
            if group.results[0].replay and self._feedback != "category":
                self._replay(group.results[0].replay)

    def _group(self, group: Group, found: Diagnosed | None, offer: SeenOffer) -> Iterator[Text]:
        first = group.results[0]
        others = len(group.results) - 1
        if self._feedback == "category":
            what = _category(group, found)
            yield Text.assemble((str(first.verdict), STYLES[first.verdict]), f"  {len(group.results)} graphs: {what}")
            return
        failure = Failure(first, found, others)
        lines = shown_script(found, offer.words)
        for line in map(without_dtype_option, failure.lines()):
            if lines and line.plain.startswith("  smallest"):
                yield Text.assemble("  ", (f"{'smallest':<{LABEL}}", "bold"), lines[0])
                yield from (Text(f"{'':<{2 + LABEL}}{further}") for further in lines[1:])
                lines = []
            else:
                yield line
        if self._feedback == "full":
            yield from (Text(f"  {line}") for line in first.report(verbose=True).splitlines())

    # --- pairs --------------------------------------------------------------------------------------------------

    def trial(self, trial: Trial, replay: str = "") -> None:
        """One pair: a line where it is right, its report and the command that repeats it where it is not."""
        style = STYLES[Verdict(trial.verdict)]
        line = Text.assemble("  ", (trial.verdict, style), f"  {shown(trial.pair.shown)}")
        if trial.verdict == "PASS":
            self._print(line.append(f"  {trial.entries} entries", style="dim"))
            self._read(trial)
            if self._verbose:
                self._indented(trial.verbose)
        elif self._feedback == "none":
            self._print(line)
        elif self._feedback == "category":
            self._print(line.append(f"  {', '.join(trial.kinds) or ', '.join(sorted(trial.codes))}"))
        elif not self._verbose and self._feedback == "hint" and (first := self._told_before(trial)) is not None:
            self._print(line.append(f"  the same kind of mistake as in {shown(first.pair.shown)} above (-v says more)"))
        else:
            self._wrong.append(trial)
            if trial.verdict == "ERROR":
                self._print(line)
            elif setting := _setting(trial):
                self._print(Text(f"  with {shown(setting)}:"))
            self._indented(trial.verbose if self._verbose or self._feedback == "full" else trial.report)
            self._read(trial)
            if replay:
                self._replay(replay, indent=4)

    def _read(self, trial: Trial) -> None:
        """In which sense a derivative was judged that may be meant in several."""
        if sentence := trial.read:
            self._print(Text(f"    {'read':<{LABEL}}{shown(sentence)}"), 4 + LABEL)

    def _told_before(self, trial: Trial) -> Trial | None:
        """An earlier trial of the same functions, under another setting, that told the same kinds of mistake."""
        same = (t for t in self._wrong if _functions(t) == _functions(trial) and t.verdict == trial.verdict)
        return next((t for t in same if trial.kinds and set(trial.kinds) <= set(t.kinds)), None)

    def _indented(self, report: str) -> None:
        """A report that was laid out in the child, two columns further right."""
        for text in report.splitlines():
            if text.startswith("  more "):  # it names a call, where -v does the same
                text = "  more      every number, bound and code: -v"
            self._console.print(Text(f"  {text}"), soft_wrap=True)

    def end(self, event: Verified) -> None:
        """The last line."""
        counts = event.counts
        if event.exit_code == NOTHING_COMPARED:
            self._console.print(Text(_nothing_compared(event)), soft_wrap=True)
            return
        text = Text("\n")
        for number, verdict in enumerate(v for v in (*map(str, Verdict), "WARNING") if counts.get(v)):
            text.append(", " if number else "").append(f"{counts[verdict]} ").append(
                verdict, STYLES.get(verdict, "yellow")
            )
        text.append(f"  {event.entries} entries compared")
        if event.signal is not None:
            text.append("; interrupted", style="bold red")
        self._print(text)

    def _print(self, text: Text, indent: int = 4) -> None:
        """A line; what goes beyond the width goes on below, indented."""
        self._console.print(Hanging(text, indent))

    def _replay(self, command: str, indent: int = 2) -> None:
        """On one line, however long, so that it can be copied."""
        text = Text.assemble(" " * indent, (f"{'replay':<{LABEL}}", "bold"), (command, "cyan"))
        self._console.print(text, soft_wrap=True)


def without_dtype_option(line: Text) -> Text:
    """A line of a failure without the advice of an option that `run` has and `verify` has not."""
    before, advice, _ = line.plain.partition(DTYPE_OPTION)
    if not advice:
        return line
    first, _, rest = line.divide([len(before), len(before) + len(advice)])
    return first + rest


def _functions(trial: Trial) -> str:
    """Name of the functions of a pair; what follows the comma says under which setting they are asked."""
    return trial.pair.name.partition(", ")[0]


def _setting(trial: Trial) -> str:
    return trial.pair.name.partition(", ")[2]


def _nothing_compared(event: Verified) -> str:
    if event.only and not sum(event.counts.values()):
        return f"nothing was compared: no graph or pair of this file has the address {event.only!r:.200}"
    return "nothing was compared: nothing is known of this file"


def _category(group: Group, found: Diagnosed | None) -> str:
    if found is not None and found.faults:
        return found.faults[0].name
    place = f" in {group.what}" if group.what else ""
    codes: Sequence[Result] = group.results
    forward = any("GC014" in result.codes for result in codes)
    kind = "a wrong forward value" if forward else "a wrong gradient"
    return f"{kind}{place}" if codes[0].verdict is Verdict.FAIL else f"no answer: {group.what}"


def _lacking(offer: SeenOffer, *, verbose: bool = False) -> str:
    """Ops and forms of ops that are not offered, in one line; all of them with `-v`."""
    known = offer.ops if offer.ops is not None else frozenset(OPS)
    ops = [op for op in SCALAR_OPS if op not in known]
    names = [*ops, *offer.lacking]
    return listed(names, len(names) if verbose else MOST_LACKING) if names else ""
