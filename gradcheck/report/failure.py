"""One failure in six lines: case, numbers, mistake, smallest example, where to look, and the command that repeats it.

Numbers of oracles, bounds and codes follow with `-v`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from gradcheck.report.graph_text import formula, values
from gradcheck.report.plain_words import derivative, plainly
from gradcheck.run.events import Diagnosed
from gradcheck.verdict.digits import apart
from gradcheck.verdict.finding import Finding, shown
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verdict.styles import STYLES

LABEL = 10
"""Columns of the labels on the left."""
LONGEST_POINT = 120
"""Maximum number of characters of a point that is written out."""
MOST_NAMES = 4
"""Maximum number of names of blocks, or of cases, in one line."""

GRAVE = (Severity.FATAL, Severity.ERROR, Severity.OPEN)
PLACES = ("GC050", "GC015")
"""Codes of findings that say where to look."""


HINTS = ("GC081",)
"""Codes of findings that suggest what was meant instead."""


@dataclass(frozen=True)
class Failure:
    """A result that is not PASS, with its diagnosis, as lines of text.

    Attributes
    ----------
    result: the failing case.
    diagnosed: the mistake that explains it, and its smallest example; None where none does.
    others: how many more failures the same mistake explains.
    """

    result: Result
    diagnosed: Diagnosed | None = None
    others: int = 0

    def lines(self) -> Iterator[Text]:
        """The lines, without the last one: the command that repeats the case."""
        yield headline(self.result, self.others)
        yield from (_line(label, text) for label, text in self.parts())

    def parts(self) -> Iterator[tuple[str, str]]:
        """Label and text of each line below the first."""
        result = self.result
        yield "error" if result.verdict is Verdict.ERROR else "wrong", _wrong(result)
        if mistake := self.mistake:
            yield "mistake", mistake
        if example := self._example():
            yield "smallest", example
        for hint in (f for f in self.result.findings if f.code in HINTS):
            yield "perhaps", plainly(hint)
        if look := self._look():
            yield "look at", look
        if result.settings:
            yield "settings", ", ".join(f"{k} = {shown(v)}" for k, v in result.settings.items())

    @property
    def mistake(self) -> str:
        """What is done wrong, in one sentence; "" where no name was found."""
        if self.diagnosed is not None and self.diagnosed.faults:
            first, *more = self.diagnosed.faults
            thought = f" ({_lowered(first.misconception.rstrip('.'))})" if first.misconception else ""
            also = f"; or {' or '.join(f.name for f in more)}, which give the same here" if more else ""
            return f"{first.sentence.rstrip('.')}{thought}{also}"
        causes = [f for f in self.result.findings if f.code == "GC051" and self._holds(f)]
        return "; ".join(plainly(f) for f in causes[:2])

    def _holds(self, cause: Finding) -> bool:
        """Whether a relation such as "twice the right gradient" holds at the smallest example, too.

        At one point it may be an accident: sigmoid(0) = 1/2 is twice the slope there.
        """
        relation, found = cause.facts.get("relation"), self.diagnosed
        if not relation or found is None or found.counterexample is None:
            return True
        return any(f.facts.get("relation") == relation for f in found.counterexample.findings)

    def _example(self) -> str:
        found = self.diagnosed
        if found is None or found.case is None or found.counterexample is None:
            return ""
        text = formula(found.case.graph)
        at = values(found.case.point)
        if not text or len(at) > LONGEST_POINT:
            return ""
        return f"{text} at {at}: {numbers(found)}"

    def _look(self) -> str:
        if self.diagnosed is not None and self.diagnosed.look_at:
            look = self.diagnosed.look_at
        else:
            look = next((plainly(f) for f in self.result.findings if f.code in PLACES), "")
        return "; ".join(text for text in (look, self._made_in()) if text)

    def _made_in(self) -> str:
        """The function of the subject's in which the wrong gradient came to be; "" where that is not known."""
        facts = next((f.facts for f in self.result.findings if f.facts.get("own_function")), None)
        if facts is None:
            return ""
        return f"the wrong gradient was made in {facts['own_function']} ({facts['own_file']}, line {facts['own_line']})"


def headline(result: Result, others: int = 0) -> Text:
    """`FAIL  suite::case  what the case is about  (and 3 more with the same mistake)`."""
    text = Text.assemble((f"{result.verdict}", STYLES[result.verdict]), "  ", (shown(result.address), "bold"))
    if result.sentence:
        text.append(f"  {shown(result.sentence)}", style="dim")
    if others:
        text.append(f"  (and {others} more with the same mistake)")
    return text


def first_grave(result: Result) -> Finding | None:
    """The first finding that decides the verdict; None if there is none."""
    return next((f for f in result.findings if f.severity in GRAVE), None)


def summary(result: Result) -> str:
    """One sentence about what is wrong; "" if nothing is."""
    grave = first_grave(result)
    return "" if grave is None else plainly(grave)


def numbers(found: Diagnosed) -> str:
    """`yours df/db = 7, right 9` for the parameters of the smallest example."""
    assert found.counterexample is not None
    assert found.case is not None
    loss = found.case.graph.names[found.case.graph.loss]
    rows = [row for row in found.parameters if row.wrong] + [row for row in found.parameters if not row.wrong]
    texts = []
    for row in rows[:MOST_NAMES]:
        came, right = apart(row.yours, row.right)
        name = derivative(loss, row.name)
        texts.append(f"yours {name} = {came}, right {right}" if row.wrong else f"{name} = {right} is right")
    return "; ".join(texts) or summary(found.counterexample)


def _wrong(result: Result) -> str:
    parts = [summary(result)]
    grave = first_grave(result)
    blocks: Mapping[str, tuple[int, int]] = result.blocks
    if grave is not None and grave.code in ("GC012", "GC013") and blocks:
        count, size = blocks.get(str(grave.facts["block"]), (0, 0))
        if size > 1:
            parts.append(f"{count} of {size} entries of {shown(grave.facts['block'])} are wrong, this one most")
        others = [name for name, (wrong, _) in blocks.items() if wrong and name != grave.facts["block"]]
        if others:
            parts.append(f"wrong, too: {listed(others)}")
        if right := result.right_blocks:
            parts.append(f"right: {listed(right)}")
    if result.moved_point:
        at = values(result.moved_point)
        here = f"at {at}" if len(at) <= LONGEST_POINT else "at a point that --format json shows"
        parts.append(f"this is {here}; nothing is wrong at the case's own point")
    return "; ".join(p for p in parts if p)


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """The first names, and the number of the others."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(shown, names[:most])) + more


def _lowered(sentence: str) -> str:
    """A sentence for use inside another one: `The formula ...` gets a small letter, `S0's ...` does not."""
    return sentence[0].lower() + sentence[1:] if sentence[1:2].islower() or sentence[1:2] == " " else sentence


def _line(label: str, text: str) -> Text:
    return Text.assemble("  ", (f"{label:<{LABEL}}", "bold"), text)
