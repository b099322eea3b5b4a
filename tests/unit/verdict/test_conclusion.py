"""From findings to a result."""

import pytest

from gradcheck.verdict.conclusion import About, conclude, verdict_of, with_findings
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Verdict

NOTE = finding("GC040", oracle="symbolic", why="too long")
OPEN = finding("GC033", why="nothing to compare")
WRONG = finding("GC065", what="too many operations")
DEAD = finding("GC006", how="signal 9")


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], Verdict.PASS),
        ([NOTE], Verdict.PASS),
        ([NOTE, OPEN], Verdict.UNDECIDED),
        ([OPEN, WRONG], Verdict.FAIL),
        ([WRONG, DEAD], Verdict.ERROR),
    ],
    ids=["nothing", "note", "open", "wrong", "no answer"],
)
def test_the_gravest_finding_decides(findings: list[Finding], verdict: Verdict) -> None:
    assert verdict_of(findings) is verdict
    assert conclude(About("s::c"), findings, decided=3, nothing="").verdict is verdict


def test_nobody_passes_without_a_comparison() -> None:
    result = conclude(About("s::c"), [NOTE], decided=0, nothing="no parameters")
    assert (result.verdict, result.codes) == (Verdict.UNDECIDED, ("GC033", "GC040"))
    assert result.findings[0].facts["why"] == "no parameters"


def test_what_is_wrong_needs_no_comparison() -> None:
    assert conclude(About("s::c"), [WRONG], decided=0, nothing="").codes == ("GC065",)


def test_an_expectation_is_strict() -> None:
    about = About("s::c", expect=("FAIL", "known bug"))
    assert conclude(about, [WRONG], decided=1, nothing="").codes == ("GC065", "GC043")
    passed = conclude(about, [], decided=1, nothing="")
    assert (passed.verdict, passed.codes) == (Verdict.FAIL, ("GC042",))


def test_further_findings_come_in_order_of_their_gravity_and_before_the_expectation() -> None:
    about = About("s::c", expect=("FAIL", "known bug"))
    result = conclude(about, [NOTE, WRONG], decided=1, nothing="")
    more = with_findings(result, [finding("GC051", cause="half of it is missing")])
    assert more.verdict is Verdict.FAIL
    assert more.codes[0] == "GC065"
    assert more.codes.index("GC051") < more.codes.index("GC043")


def test_the_comparisons_may_count_more_than_what_was_decided() -> None:
    assert conclude(About("s::c"), [], decided=2, nothing="", comparisons=3).comparisons == 3
    assert conclude(About("s::c"), [], decided=2, nothing="").comparisons == 2
