"""`-k`: choose cases by words in their addresses and labels, as in pytest: `S1 and not regularised`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gradcheck.errors import UsageError
from gradcheck.run.suite import Addressed


def select(cases: Sequence[Addressed], expression: str) -> list[Addressed]:
    """The cases whose address or labels fit: words are substrings (any case), joined by and, or, not and brackets.

    Raises UsageError for an expression that cannot be read.
    """
    fits = _Parser(expression).parse()
    return [a for a in cases if fits(" ".join((a.address, *a.case.labels)).lower())]


class _Parser:
    """expression := conjunction ("or" conjunction)*; conjunction := factor ("and" factor)*."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = re.findall(r"[()]|[^\s()]+", text)

    def parse(self) -> Callable[[str], bool]:
        fits = self._any()
        if self._tokens:
            raise self._wrong(f"unexpected {self._tokens[0]!r}")
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
            inner = self._one()
            return lambda text: not inner(text)
        if self._take("("):
            inner = self._any()
            if not self._take(")"):
                raise self._wrong("a bracket is not closed")
            return inner
        if not self._tokens or self._tokens[0] in (")", "and", "or"):
            raise self._wrong("a word is missing")
        word = self._tokens.pop(0).lower()
        return lambda text: word in text

    def _take(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            self._tokens.pop(0)
            return True
        return False

    def _wrong(self, why: str) -> UsageError:
        return UsageError(f"-k {self._text!r} cannot be read: {why}")
