"""`Cost`: a claim about the cost of a gradient, in counted element operations, without a clock (S0, S1).

The subject is asked for gradients of growing problems whose arrays count (see `counting`); the claim is about the
counts, so that it does not depend on the machine or its load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gradcheck.errors import InvalidProblem
from gradcheck.problem.case import VERDICTS, Case


@dataclass(frozen=True)
class Forwards:
    """A gradient costs at most `at_most` forward passes, the loss itself included (S1: backward about two).

    The forward pass is the op table's own, counted in the same way.
    """

    at_most: float = 4.0

    def __post_init__(self) -> None:
        if not self.at_most > 1:
            raise InvalidProblem(f"a gradient takes more than 1 forward pass, so at_most cannot be {self.at_most}")


@dataclass(frozen=True)
class Growth:
    """The count grows as a power of a size: from one size to the next the exponent is near `exponent`.

    Attributes
    ----------
    of: what grows, in words ("layers", "nodes and edges").
    exponent: 1 for linear, 2 for quadratic.
    tolerance: how far above `exponent` each measured exponent may lie, log(c2 / c1) / log(x2 / x1).
    measure: x for a case; None for the size itself.
    """

    of: str
    exponent: float
    tolerance: float = 0.25
    measure: Callable[[Case], float] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not (self.exponent > 0 and self.tolerance > 0):
            raise InvalidProblem(
                f"a growth's exponent and tolerance must be > 0, got {self.exponent} and {self.tolerance}"
            )


@dataclass(frozen=True)
class Shortcut:
    """The naive expansion over all paths multiplies exponentially often, and the subject does not (S0).

    From one size to the next the naive count, which is computed without the expansion, must grow at least by `naive`
    per unit of size. The subject's count may grow at most in proportion to nodes and edges, up to `tolerance` in the
    exponent.
    """

    naive: float = 1.9
    tolerance: float = 0.25


Claim = Forwards | Growth | Shortcut


@dataclass(frozen=True)
class Cost:
    """A claim on the cost of gradients.

    Attributes
    ----------
    name: unique within its suite.
    at: `at(size)`, the gradient case of a size. The smallest is first judged as a case of its own, because a wrong
        gradient may be cheap.
    sizes: at least one, ascending; for a Growth or Shortcut at least three.
    claim: Forwards, Growth or Shortcut.
    sentence: what it is about, for people.
    labels: other names it answers to.
    expect: (verdict, reason) where it is known not to pass; strict.

    Raises
    ------
    InvalidProblem: sizes that are too few or not ascending, a bad name or expectation, an unknown kind of claim.
    """

    name: str
    at: Callable[[int], Case]
    sizes: tuple[int, ...]
    claim: Claim
    sentence: str = ""
    labels: tuple[str, ...] = ()
    expect: tuple[str, str] | None = None
    smallest: Case = field(init=False, repr=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable() or "::" in self.name:
            raise InvalidProblem(f"a cost case needs a printable name without '::', got {self.name!r}")
        where = f"cost case {self.name!r}"
        if not isinstance(self.claim, Forwards | Growth | Shortcut):
            raise InvalidProblem(f"the claim must be a Forwards, Growth or Shortcut, got {self.claim!r}", where=where)
        if self.expect is not None and not (
            isinstance(self.expect, tuple) and len(self.expect) == 2 and self.expect[0] in VERDICTS
        ):
            raise InvalidProblem(f"expect must be ({' | '.join(VERDICTS)}, reason), got {self.expect!r}", where=where)
        put(self, "sizes", tuple(self.sizes))
        fewest = 1 if isinstance(self.claim, Forwards) else 3
        if len(self.sizes) < fewest or any(b <= a for a, b in zip(self.sizes, self.sizes[1:], strict=False)):
            raise InvalidProblem(f"sizes must be at least {fewest} and ascend, got {self.sizes}", where=where)
        try:
            put(self, "smallest", self.at(self.sizes[0]))
        except InvalidProblem as wrong:
            raise wrong.within(where) from None
        if not isinstance(self.smallest, Case):
            raise InvalidProblem(f"at(size) must return a Case, got {type(self.smallest).__name__}", where=where)

    @property
    def subject(self) -> Callable[..., object] | None:
        """The subject that its cases bring, or None."""
        return self.smallest.subject
