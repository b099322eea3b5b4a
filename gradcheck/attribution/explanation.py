"""One mistake that reproduces a wrong answer."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.attribution.mistake import Mistake


@dataclass(frozen=True)
class Place:
    """A place in the source of the function that is differentiated.

    Attributes
    ----------
    file, line: as Python counts, from 1.
    source: the line's text without its indentation.
    start, end: columns of the operand in `source`, `end` exclusive; equal where no operand is singled out.
    """

    file: str
    line: int
    source: str
    start: int = 0
    end: int = 0

    @property
    def expression(self) -> str:
        """The operand that is singled out, as it is written; the line where none is."""
        return (self.source[self.start : self.end] or self.source).rstrip(",")

    @property
    def unpacks(self) -> bool:
        """Whether it is where an array is assigned to several names: "a, b" of "a, b = x"."""
        rest = self.source[self.end :].lstrip()
        return "," in self.source[self.start : self.end] and rest.startswith("=") and not rest.startswith("==")


@dataclass(frozen=True)
class Explanation:
    """A mistake that turns the right derivative into the answer within every entry's allowance.

    Attributes
    ----------
    mistake: its kind.
    clause: what is wrong, as a clause whose subject is the block: "has the wrong sign throughout".
    block: the block that it explains; "" if all of them.
    place: the place in the function, where the mistake concerns one.
    within: it speaks of a part of what one call computes, or of its slope: what relations say of the whole is simpler.
    vague: another mistake comes to the same, so that there is no kind.
    others: this explanation and that of a contrary kind, one of which the derivative's own code may tell.
    """

    mistake: Mistake
    clause: str
    block: str = ""
    place: Place | None = None
    within: bool = False
    vague: bool = False
    others: tuple[Explanation, ...] = ()

    def of_kind(self, mistake: Mistake | None) -> Explanation:
        """The explanation of a kind that the derivative's own code tells, where there is one; else this one."""
        return next((e for e in self.others if e.mistake is mistake), self)
