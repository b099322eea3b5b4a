"""From findings to a result: the same for every kind of case."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.result import Result, Verdict

EXPECTATIONS = ("GC042", "GC043")
"""The findings about what a case's author expects."""


@dataclass(frozen=True)
class About:
    """What a result states of its case, whatever the verdict.

    Attributes
    ----------
    address, sentence, labels, seed, replay, settings: as in `Result`.
    expect: (verdict, reason) that the case's author expects; None for PASS.
    started: when the case was begun, in seconds of `time.perf_counter`.
    """

    address: str
    sentence: str = ""
    labels: tuple[str, ...] = ()
    seed: int | None = None
    replay: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    expect: tuple[str, str] | None = None
    started: float = field(default_factory=time.perf_counter)


def conclude(about: About, findings: Sequence[Finding], *, decided: int, nothing: str, **facts: Any) -> Result:
    """The result of a case.

    Nobody passes without a comparison: `nothing` says why there was none where `decided`, the number of decided
    entries, is 0. `facts` are further fields of the result; `comparisons` is `decided` unless given.
    """
    found = list(findings)
    if verdict_of(found) is Verdict.PASS and not decided:
        found.append(finding("GC033", why=nothing))
    found, verdict = as_expected(about.expect, found, verdict_of(found))
    return Result(
        address=about.address,
        verdict=verdict,
        findings=gravest_first(found),
        sentence=about.sentence,
        labels=about.labels,
        seconds=time.perf_counter() - about.started,
        seed=about.seed,
        replay=about.replay,
        settings=about.settings,
        **{"comparisons": decided, **facts},
    )


def with_findings(result: Result, more: Sequence[Finding]) -> Result:
    """The result with further findings that do not change its verdict; those about an expectation stay last."""
    if not more:
        return result
    own = [f for f in result.findings if f.code not in EXPECTATIONS]
    last = [f for f in result.findings if f.code in EXPECTATIONS]
    return replace(result, findings=gravest_first([*own, *more, *last]))


def conclude_again(result: Result, more: Sequence[Finding]) -> Result:
    """The result with further findings, and the verdict that all of them together ask for."""
    if not more:
        return result
    found = gravest_first([*result.findings, *more])
    return replace(result, findings=found, verdict=verdict_of(found))


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
