"""Trials of the pairs of an offer, each in a child process that is started again after it hung or died."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradcheck.conventions.averaged import Averaged
from gradcheck.errors import SubjectError
from gradcheck.judge.protocol import no_answer
from gradcheck.subject import wire
from gradcheck.subject.description import SeenPair
from gradcheck.subject.messages import checked
from gradcheck.subject.offspring import Offspring
from gradcheck.subject.written import WrittenSubject
from gradcheck.verdict.finding import Finding, shown

SECONDS = 20.0
"""Maximum of seconds that one pair may take; the point given comes first."""
MEMORY = 16 << 30
"""Bytes of address space of the child: PyTorch and JAX reserve far more than they use."""
GRACE = 3.0
"""Factor on the budget of one pair, after which its child is ended."""
SERVICE = "gradcheck.verify.trial_service"
OTHERWISE = "GC113"
"""Code of the note that a derivative may be meant in several ways."""
AVERAGED = "GC119"
"""Code of the warning that parts of a file are right together."""


@dataclass(frozen=True)
class Trial:
    """What came of one pair.

    Attributes
    ----------
    pair: which one.
    verdict: "PASS", "FAIL", "UNDECIDED" or "ERROR".
    codes: of its findings.
    kinds: of mistake, where one was named.
    entries: number of entries compared.
    headline, report, verbose: the report in one line, by default, and in full.
    document: the result as plain data; {} where none came back.
    unanswered: why none came back.
    """

    pair: SeenPair
    verdict: str
    codes: frozenset[str] = frozenset()
    kinds: tuple[str, ...] = ()
    entries: int = 0
    headline: str = ""
    report: str = ""
    verbose: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)
    unanswered: Finding | None = None

    @property
    def read(self) -> str:
        """In which sense a derivative was judged that may be meant in several; "" for another one."""
        return " ".join(str(row.get("sentence", "")) for row in self._notes(OTHERWISE, AVERAGED))

    @property
    def reading(self) -> int:
        """The number of that sense, 0 for the pair's own."""
        facts = next(iter(self._notes(OTHERWISE)), {}).get("facts")
        number = facts.get("number") if isinstance(facts, Mapping) else 0
        return number if isinstance(number, int) else 0

    def _notes(self, *codes: str) -> list[Mapping[str, Any]]:
        """The findings with these codes; what the child's document holds may be anything."""
        findings = self.document.get("findings")
        rows = [row for row in findings if isinstance(row, Mapping)] if isinstance(findings, list) else []
        return [row for row in rows if row.get("code") in codes]


class TrialSubject(WrittenSubject):
    """The child in which the pairs of one offer are judged."""

    def _offspring(self) -> Offspring:
        return Offspring(SERVICE)

    def trials(self, only: str | None = None) -> Iterator[Trial]:
        """One trial after the other; a pair that ends its child, or takes too long, costs its own trial alone.

        `only` is the name of the one pair to be judged.
        """
        assert self.offer is not None, "pairs are part of an offer"
        for number, pair in enumerate(self.offer.pairs):
            if only is not None and pair.name != only:
                continue
            try:
                yield self._trial(number, pair)
            except SubjectError as wrong:
                why = no_answer(wrong)
                yield Trial(
                    pair,
                    "ERROR",
                    frozenset({wrong.code}),
                    headline=why.sentence,
                    report=why.sentence,
                    unanswered=why,
                )

    def again(self, number: int, averaged: Averaged) -> Trial:
        """The trial of one pair by its number, as one that leaves an average to other parts of the file.

        Raises SubjectError where it does not answer.
        """
        assert self.offer is not None, "pairs are part of an offer"
        return self._trial(number, self.offer.pairs[number], averaged)

    def _trial(self, number: int, pair: SeenPair, averaged: Averaged | None = None) -> Trial:
        child = self._start()
        wish = {"do": "judge", **self._what(), "pair": number, "averaged": averaged and averaged.header()}
        try:
            reply, *_ = self._exchange(child, wish, [], 0, GRACE * SECONDS)
            fields = checked(reply, "judged")
            document = json.loads(fields["document"])
            if not isinstance(document, dict):
                raise wire.Malformed("a document that is none")
        except (wire.Malformed, ValueError) as wrong:
            raise self._violation(child, "answering", str(wrong)) from None
        return Trial(
            pair,
            fields["verdict"],
            frozenset(fields["codes"]),
            tuple(fields["kinds"]),
            fields["entries"],
            shown(fields["headline"]),
            shown(fields["report"]),
            shown(fields["verbose"]),
            document,
        )
