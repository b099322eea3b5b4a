"""From findings to a verdict: the same for every kind of case."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.verdict.finding import Finding, Severity, finding
from gradcheck.verdict.result import Verdict


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """The verdict that the gravest finding asks for."""
    severities = {f.severity for f in findings}
    if Severity.FATAL in severities:
        return Verdict.ERROR
    if Severity.ERROR in severities:
        return Verdict.FAIL
    return Verdict.UNDECIDED if Severity.OPEN in severities else Verdict.PASS


def as_expected(
    expect: tuple[str, str] | None, findings: list[Finding], verdict: Verdict
) -> tuple[list[Finding], Verdict]:
    """A strict expectation: as expected is noted; anything else is an error, passing included."""
    if expect is None:
        return findings, verdict
    wanted, reason = expect
    if verdict == wanted:
        return [*findings, finding("GC043", verdict=str(verdict), reason=reason)], verdict
    return [*findings, finding("GC042", expected=wanted, reason=reason, verdict=str(verdict))], Verdict.FAIL


def gravest_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, the decisive ones first."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda f: order.index(f.severity)))
