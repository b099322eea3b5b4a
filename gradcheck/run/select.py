"""`-k`: choose cases by words in their addresses and labels, as in pytest: `S1 and not regularised`."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence

from gradcheck.errors import UsageError, shortened
from gradcheck.run.suite import Addressed

MOST_DEEP = 100
"""Maximum depth of nested brackets and `not`s."""


def select(cases: Sequence[Addressed], expression: str) -> list[Addressed]:
    """The cases whose address or labels fit: words are substrings (any case), joined by and, or, not and brackets.

    Raises UsageError for an expression that cannot be read.
    """
    fits = _Parser(expression).parse()
    return [a for a in cases if fits(" ".join((a.address, *a.case.labels)).lower())]


def none_fits(cases: Sequence[Addressed], expression: str) -> str:
    """The sentence for an expression that matches no case."""
    count = f"{len(cases)} case{'s' * (len(cases) != 1)}"
    return f"no case fits -k {_quoted(expression)}; {count} were looked at (--list shows their addresses)"


class _Parser:
    """expression := conjunction ("or" conjunction)*; conjunction := factor ("and" factor)*."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = deque(re.findall(r"[()]|[^\s()]+", text))
        self._depth = 0

    def parse(self) -> Callable[[str], bool]:
        fits = self._any()
        if self._tokens:
            raise self._wrong(f"unexpected {_quoted(self._tokens[0])}")
        return fits

    def _any(self) -> Callable[[str], bool]:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return lambda text: any(part(text) for part in parts)

    def _all(self) -> Callable[[str], bool]:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return lambda text: all(part(text) for part in parts)

    def _one(self) -> Callable[[str], bool]:
        if self._take("not"):
            self._deeper()
            inner = self._one()
            self._depth -= 1
            return lambda text: not inner(text)
        if self._take("("):
            self._deeper()
            inner = self._any()
            self._depth -= 1
            if not self._take(")"):
                raise self._wrong("a bracket is not closed")
            return inner
        if not self._tokens or self._tokens[0] in (")", "and", "or"):
            raise self._wrong("a word is missing")
        word = self._tokens.popleft().lower()
        return lambda text: word in text

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MOST_DEEP:
            raise self._wrong(f"brackets and nots are nested more than {MOST_DEEP} deep")

    def _take(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            self._tokens.popleft()
            return True
        return False

    def _wrong(self, why: str) -> UsageError:
        takes = "it takes words joined by and, or, not and brackets: 'mlp and not relu'"
        return UsageError(f"-k {_quoted(self._text)} cannot be read: {why}; {takes}")


def _quoted(text: str) -> str:
    return shortened(repr(text), 200)
