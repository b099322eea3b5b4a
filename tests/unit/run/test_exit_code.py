"""The exit code of a command."""

import pytest

from gradcheck.errors import HarnessFault, UsageError
from gradcheck.run.exit_code import of_error, of_run, of_signal
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict

EXPECTED = (finding("GC043", verdict="FAIL", reason="known"),)


def result(verdict: Verdict, comparisons: int = 1, *, expected: bool = False) -> Result:
    return Result("s::c", verdict, EXPECTED if expected else (), comparisons)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result(Verdict.PASS)], 0),
        ([result(Verdict.FAIL, expected=True)], 0),
        ([result(Verdict.PASS), result(Verdict.FAIL)], 1),
        ([result(Verdict.PASS), result(Verdict.UNDECIDED)], 1),
        ([result(Verdict.ERROR, 0)], 1),
        ([result(Verdict.PASS, 0)], 5),
        ([], 5),
    ],
    ids=["right", "as expected", "wrong", "undecided", "no answer", "nothing compared", "no case"],
)
def test_a_run(results: list[Result], code: int) -> None:
    assert of_run(results, faulted=False, signal=None) == code


def test_a_fault_of_the_harness_and_a_signal_come_first() -> None:
    assert of_run([result(Verdict.PASS)], faulted=True, signal=None) == 3
    assert of_run([result(Verdict.PASS)], faulted=True, signal=2) == 130
    assert of_signal(15) == 143


@pytest.mark.parametrize(("wrong", "code"), [(UsageError("x"), 2), (HarnessFault("x"), 3), (RuntimeError("x"), 3)])
def test_an_error(wrong: Exception, code: int) -> None:
    assert of_error(wrong) == code
