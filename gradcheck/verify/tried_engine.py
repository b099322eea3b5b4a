"""What came of the trial of an engine of graphs."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradcheck.run.events import Diagnosed, Faulted, NotOffered
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.subject.description import SeenOffer
from gradcheck.verdict.result import Result
from gradcheck.verify.accuracy import Loss
from gradcheck.verify.groups import Group


@dataclass
class EngineTrial:
    """An engine's trial while it goes on, and what came of it.

    Attributes
    ----------
    results: of the cases, in their order; forms: of each further form.
    refused: cases that it does not offer, though it offers their ops.
    limits: what stops it that is no wrong gradient, one sentence each.
    accuracy: where its formulas lose digits or overflow.
    wrong: groups of failures, each with what explains it.
    faulted: cases on which gradcheck contradicted itself.
    interrupted: the signal that ended it early; None if none did.
    """

    offer: SeenOffer
    results: list[Result] = field(default_factory=list)
    forms: dict[str, list[Result]] = field(default_factory=dict)
    refused: list[NotOffered] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    accuracy: tuple[Loss, ...] = ()
    wrong: list[tuple[Group, Diagnosed | None]] = field(default_factory=list)
    faulted: list[Faulted] = field(default_factory=list)
    interrupted: int | None = None

    @property
    def every_result(self) -> list[Result]:
        """The results of the cases and of all forms."""
        return [*self.results, *(result for several in self.forms.values() for result in several)]

    @property
    def failures(self) -> list[Result]:
        """The results that are not as they should be, lost digits apart."""
        return [r for r in self.every_result if not as_it_should_be(r) and self.verdict_of(r) != "WARNING"]

    def verdict_of(self, result: Result) -> str:
        """Its verdict; "WARNING" where only accuracy is lost."""
        lost = any(result.address in loss.addresses for loss in self.accuracy)
        return "WARNING" if lost else str(result.verdict)


@dataclass(frozen=True)
class EngineTried:
    """The trial of an engine is over."""

    trial: EngineTrial
