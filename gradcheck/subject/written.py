"""`WrittenSubject`: what somebody wrote for themselves, in a process of its own: looked at, then asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradcheck.conventions.averaged import Averaged
from gradcheck.errors import SubjectError
from gradcheck.subject import description, wire
from gradcheck.subject.description import Seen, SeenOffer
from gradcheck.subject.looking import Source
from gradcheck.subject.messages import checked
from gradcheck.subject.process import ChildSubject


class WrittenSubject(ChildSubject):
    """A source (see `Source`), asked under one of the conventions that it keeps.

    Parameters
    ----------
    source: what is loaded.
    offer: one of `look().offers`; without it there is nothing to ask but `look`.
    limits: timeout, load_timeout, memory, sandbox and largest, as for `ChildSubject`.
    """

    def __init__(self, source: Source, offer: SeenOffer | None = None, **limits: Any) -> None:
        super().__init__(source.path, source.name, **limits)
        self.source = source
        self.offer = offer

    def look(self) -> Seen:
        """What the source offers; SubjectError GC001, GC002, GC005 or GC006 if it cannot be loaded."""
        child = self._start()
        try:
            wish = {"do": "look", **self.source.header()}
            reply, *_ = self._exchange(child, wish, [], 0, self._load_timeout)
            return description.from_wire(checked(reply, "looked"))
        except SubjectError:
            self.close()
            raise
        except wire.Malformed as wrong:
            raise self._violation(child, "loading", str(wrong)) from None

    def slopes(
        self, convention: str, offer: str, pair: int, seconds: float, *, reading: int, averaged: Averaged | None = None
    ) -> list[list[float]]:
        """What a pair answers along lines, see `pair_slopes`; SubjectError where it does not within `seconds`.

        `reading`: number of the sense in which the derivative is meant, 0 for the first; `averaged`: what it is taken
        to leave to other parts of the file.
        """
        child = self._start()
        wish = {"do": "slopes", **self.source.header(), "convention": convention, "offer": offer, "pair": pair}
        wish |= {"reading": reading, "averaged": averaged and averaged.header()}
        reply, *_ = self._exchange(child, wish, [], 0, seconds)
        return [list(row) for row in checked(reply, "slopes")["lines"]]

    def _what(self) -> dict[str, Any]:
        assert self.offer is not None, "a source is asked for gradients under one of its offers"
        return {**self.source.header(), "convention": self.offer.convention, "offer": self.offer.name}

    @staticmethod
    def _existing(path: Path) -> Path:
        return path  # an installed module has a name and no path; `cli` has looked for files
