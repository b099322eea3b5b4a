"""What a subject does not offer: ops missing from OPS in its file, and cases that it refuses by NotImplementedError.

A refusal does not say which op it is about. The ops of a refused case that no answered case contains are possible
reasons. If one of them is the only possible reason of another refused case, it explains both. If all ops of a refused
case were answered elsewhere, the refusal is not about an op: the subject raised, and that is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gradcheck.judge.entry_points import Use, uses
from gradcheck.problem import LEAVES, OPS, Cost, Training
from gradcheck.run.events import NotOffered
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.verdict.conclusion import as_expected
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result

REFUSAL = "NotImplementedError"
UNDECLARED = "not in its OPS"
SCALARS = "it takes single numbers alone"
UNCOUNTED = "operations are counted in Python alone"
NO_ANSWER = frozenset({"GC001", "GC002", "GC003", "GC004", "GC005", "GC006", "GC007", "GC017", "GC033", "GC080"})
"""Codes of cases that do not show which ops the subject offers."""
ALL = "all"
MOST_NAMED = 6
"""Maximum number of unknown names that a line shows."""


class Offers:
    """Separates the cases of one run that the subject answers from those that it does not offer.

    A case with an `expect` is never set aside, since it states its own result.
    `required` are the names of ops (or nonlinearities, losses, schedules) that the subject has to offer, or "all".
    With `forms_may_lack` a refusal of an op that is answered elsewhere concerns its form, and is none of an error.
    """

    def __init__(
        self, subject: Subject, required: frozenset[str] = frozenset(), *, forms_may_lack: bool = False
    ) -> None:
        self._subject = subject
        self._required = required
        self._forms_may_lack = forms_may_lack
        self._answered: set[Use] = set()
        self._refused: list[tuple[Addressed, Result]] = []

    def undeclared(self, item: Addressed) -> NotOffered | None:
        """The event for a case that is beyond the subject's declarations, so that it is not asked; None otherwise."""
        if (beyond := self._beyond(item)) and item.case.expect is None and ALL not in self._required:
            return NotOffered(item.address, *beyond)
        lacking = self._lacking(item)
        if not lacking or item.case.expect is not None or self._must(lacking):
            return None
        return NotOffered(item.address, _names(lacking), UNDECLARED)

    def missing(self, item: Addressed) -> Finding | None:
        """The finding for a case that requires an op missing from OPS; None otherwise."""
        lacking = self._lacking(item)
        return finding("GC080", ops=", ".join(_names(lacking))) if lacking else None

    def counts(self, item: Addressed, result: Result) -> bool:
        """Whether this is a result; False for a refusal, which is kept until all cases have been asked."""
        if item.case.subject is not None:
            return True
        if not NO_ANSWER & set(result.codes):
            self._answered |= uses(item.case, self._subject)
        if not self.withholds(item, result):
            return True
        self._refused.append((item, result))
        return False

    def withholds(self, item: Addressed, result: Result) -> bool:
        """Whether this is a refusal, of which nothing is said before all cases have been asked."""
        if item.case.subject is not None or item.case.expect is not None or ALL in self._required:
            return False
        return refuses(result)

    def sorted_out(self) -> Iterator[NotOffered | Result]:
        """Every refusal, in the order of the cases: an op is not offered, or the result is an error."""
        if not self._refused:
            return
        declared = self._declared
        offered = self._answered | {Use(NATIVE, op) for op in (() if declared is None else (*declared, *LEAVES))}
        suspects = [uses(item.case, self._subject) - offered for item, _ in self._refused]
        certain = {next(iter(few)) for few in map(_inner, suspects) if len(few) == 1}
        for (item, result), several in zip(self._refused, suspects, strict=True):
            named = _inner(several) & certain or _inner(several)
            if not several and self._forms_may_lack:
                yield NotOffered(item.address, (_form_of(result),), REFUSAL)
            elif not several:
                yield _form_refused(result)
            elif self._must(named):
                yield result
            else:
                yield NotOffered(item.address, _names(named), REFUSAL)

    def remarks(self) -> list[str]:
        """A line about names in OPS that are no ops; without any valid name OPS is ignored."""
        declared = self._subject.declared.ops or frozenset()
        if not (strange := sorted(declared - OPS.keys())):
            return []
        named = ", ".join(map(repr, strange[:MOST_NAMED])) + (", ..." if len(strange) > MOST_NAMED else "")
        ignored = "" if self._declared else "; as none of its names is, OPS is ignored"
        return [f"OPS in the subject's file has names that are no ops of gradcheck's: {named}{ignored}"]

    @property
    def _declared(self) -> frozenset[str] | None:
        """The ops in the OPS of the subject's file; None without OPS, or if no name in it is an op's."""
        declared = self._subject.declared.ops
        return None if declared is None or (declared and not declared & OPS.keys()) else declared

    def _lacking(self, item: Addressed) -> frozenset[Use]:
        """Ops missing from OPS in the graph that `gradients` would be asked about; OPS does not concern networks."""
        declared = self._declared if item.case.subject is None else None
        if declared is None:
            return frozenset()
        known = declared | set(LEAVES)
        return frozenset(u for u in uses(item.case, self._subject) if u.entry == NATIVE and u.name not in known)

    def _beyond(self, item: Addressed) -> tuple[tuple[str, ...], str] | None:
        """What the case asks besides ops that the subject declares not to offer, and how that is known."""
        if item.case.subject is not None or isinstance(item.case, Training):
            return None
        declared = self._subject.declared
        if isinstance(item.case, Cost):
            return None if declared.counts else (("the counting of operations",), UNCOUNTED)
        return (("a graph of arrays",), SCALARS) if declared.scalars and any(item.case.graph.shapes) else None

    def _must(self, several: frozenset[Use]) -> bool:
        """Whether one of these is required."""
        return ALL in self._required or any(use.name in self._required for use in several)


def as_the_case_expects(item: Addressed, result: Result) -> Result:
    """The result of a case that was not tried, compared with its `expect`."""
    findings, verdict = as_expected(item.case.expect, list(result.findings), result.verdict)
    return replace(result, verdict=verdict, findings=tuple(findings))


def refuses(result: Result) -> bool:
    """Whether the subject offers no answer: it raised NotImplementedError, or was not asked."""
    return any(f.code == "GC080" or (f.code == "GC004" and f.facts.get("type") == REFUSAL) for f in result.findings)


def _form_of(result: Result) -> str:
    """The name of what was refused, as the exception says it."""
    return next((f"a form of {f.facts.get('message')}" for f in result.findings if f.code == "GC004"), "a form")


def _form_refused(result: Result) -> Result:
    """The result, with a finding that the ops are offered but not in this form."""
    return replace(result, findings=tuple(_of_a_form(f) if f.code == "GC004" else f for f in result.findings))


def _of_a_form(refusal: Finding) -> Finding:
    why = "; the subject offers every op of this case elsewhere, but not in this form"
    return replace(refusal, facts={**refusal.facts, "place": f"{refusal.facts['place']}{why}"})


def _inner(several: frozenset[Use]) -> frozenset[Use]:
    """The possible reasons without leaves, which every graph has; leaves only if there is nothing else."""
    return frozenset(u for u in several if u.name not in LEAVES) or several


def _names(several: Iterable[Use]) -> tuple[str, ...]:
    return tuple(sorted(u.name if u.entry == NATIVE else f"{u.name} ({u.entry})" for u in several))
