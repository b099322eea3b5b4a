"""What the user's own f, derivative or `meant` raises: told with its line, and kept as the exception it was."""

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import gradcheck
from gradcheck.errors import HarnessFault, InvalidProblem, SubjectError
from gradcheck.judge.raised import MOST_FRAMES
from gradcheck.verdict.result import GradientError

X = np.array([0.7, -1.2, 0.4])
HERE = Path(__file__).name


def square(x: Any) -> Any:
    return np.sum(x**2)


def double(x: Any) -> Any:
    return 2 * x


def deep(x: Any) -> Any:
    return deeper(x)


def deeper(x: Any) -> Any:
    raise ZeroDivisionError("a step of size zero")  # the line that is told


def in_numpy(x: Any) -> Any:
    return np.linalg.inv(np.zeros((2, 2)))  # the innermost line of one's own


LINES = Path(__file__).read_text(encoding="utf-8").splitlines()


def line_of(text: str) -> int:
    return 1 + next(k for k, line in enumerate(LINES) if text in line)


SITES: list[tuple[str, Callable[[], gradcheck.Result]]] = [
    ("GC018", lambda: gradcheck.check_gradient(deep, double, X)),
    ("GC004", lambda: gradcheck.check_gradient(square, deep, X)),
    ("GC018", lambda: gradcheck.check_gradient(square, double, X, meant=deep)),
    ("GC004", lambda: gradcheck.check_vjp(np.tanh, lambda c, x: deep(x), X)),
    ("GC004", lambda: gradcheck.check_jvp(np.tanh, lambda p, t: deep(p), X)),
]


@pytest.mark.parametrize(("code", "check"), SITES, ids=["f", "gradient", "meant", "vjp", "jvp"])
def test_the_finding_holds_file_line_and_source_of_the_users_innermost_frame(
    code: str, check: Callable[[], gradcheck.Result]
) -> None:
    result = check()
    found = result.findings[0]
    assert (result.verdict, found.code) == ("ERROR", code)
    source = 'raise ZeroDivisionError("a step of size zero")'
    number = line_of(source + "  #")
    assert Path(found.facts["file"]).name == HERE
    assert (found.facts["line"], found.facts["function"]) == (number, "deeper")
    assert found.facts["text"].startswith(source)
    assert f"{HERE}, line {number}, in deeper: {source}" in found.sentence


@pytest.mark.parametrize(("code", "check"), SITES, ids=["f", "gradient", "meant", "vjp", "jvp"])
def test_the_exception_stays_with_the_result_and_its_traceback_begins_in_the_users_code(
    code: str, check: Callable[[], gradcheck.Result]
) -> None:
    exception = check().exception
    assert isinstance(exception, ZeroDivisionError)
    names = [frame.name for frame in traceback.extract_tb(exception.__traceback__)]
    assert names[-2:] == ["deep", "deeper"]
    assert set(names) <= {"deep", "deeper", "<lambda>"}


def test_the_finding_holds_the_users_frames_alone() -> None:
    for _, check in SITES:
        frames = check().findings[0].facts["frames"]
        assert [frame["function"] for frame in frames][-2:] == ["deep", "deeper"]
        assert {Path(frame["file"]).name for frame in frames} == {HERE}
        assert frames[-1]["text"].startswith('raise ZeroDivisionError("a step of size zero")')
    in_numpys = gradcheck.check_gradient(square, in_numpy, X).findings[0].facts["frames"]
    assert [frame["function"] for frame in in_numpys] == ["in_numpy"]


def test_of_an_endless_recursion_the_innermost_frames_are_kept() -> None:
    def endless(x: Any) -> Any:
        return endless(x)

    facts = gradcheck.check_gradient(square, endless, X).findings[0].facts
    assert facts["type"] == "RecursionError"
    assert {frame["function"] for frame in facts["frames"]} == {"endless"}
    assert len(facts["frames"]) == MOST_FRAMES


def test_the_exception_is_no_part_of_json_nor_of_repr() -> None:
    result = gradcheck.check_gradient(deep, double, X)
    assert "exception" not in json.loads(result.to_json())
    assert "exception" not in repr(result)
    assert gradcheck.check_gradient(square, double, X).exception is None
    assert gradcheck.check_gradient(square, lambda x: 3 * x, X).exception is None


def test_a_line_of_ones_own_counts_and_not_numpys() -> None:
    result = gradcheck.check_gradient(square, in_numpy, X)
    assert result.findings[0].facts["line"] == line_of("np.linalg.inv(np.zeros((2, 2)))  #")
    assert isinstance(result.exception, np.linalg.LinAlgError)


def test_a_call_that_does_not_fit_names_no_line_of_gradchecks() -> None:
    for result in (
        gradcheck.check_gradient(square, lambda: 1, X),
        gradcheck.check_gradient(lambda: 1, double, X),
    ):
        assert result.verdict == "ERROR"
        assert "takes 0 positional arguments but 1 was given" in result.findings[0].sentence
        assert ".py" not in result.findings[0].sentence
        assert isinstance(result.exception, TypeError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: gradcheck.assert_gradient(deep, double, X),
        lambda: gradcheck.assert_gradient(square, deep, X),
        lambda: gradcheck.assert_vjp(np.tanh, lambda c, x: deep(x), X),
        lambda: gradcheck.assert_jvp(np.tanh, lambda p, t: deep(p), X),
        lambda: gradcheck.assert_gradient(deep, double, st.floats(1, 2)),
        lambda: gradcheck.assert_gradient(square, deep, st.floats(1, 2)),
    ],
)
def test_an_assertion_has_it_as_its_cause(call: Callable[[], None]) -> None:
    with pytest.raises(GradientError) as caught:
        call()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.__cause__ is caught.value.result.exception


def test_no_cause_where_numbers_are_wrong() -> None:
    with pytest.raises(GradientError) as caught:
        gradcheck.assert_gradient(square, lambda x: 3 * x, X)
    assert caught.value.__cause__ is None


# -- not every exception is an error of the code -----------------------------------------------------------------------


def leaves(x: Any) -> Any:
    raise SystemExit(3)


def interrupted(x: Any) -> Any:
    raise KeyboardInterrupt


def skips(x: Any) -> Any:
    pytest.skip("no GPU here")


def test_sys_exit_becomes_a_finding_and_does_not_end_the_caller() -> None:
    in_f = gradcheck.check_gradient(leaves, double, X)
    assert (in_f.verdict, in_f.codes) == ("ERROR", ("GC018",))
    assert "f called sys.exit(3)" in in_f.findings[0].sentence
    in_grad = gradcheck.check_gradient(square, leaves, X)
    assert (in_grad.verdict, in_grad.codes) == ("ERROR", ("GC006",))
    for result in (in_f, in_grad):
        assert isinstance(result.exception, SystemExit)
        assert f"{HERE}, line {line_of('raise SystemExit(3)')}, in leaves" in result.findings[0].sentence


def test_sys_exit_at_a_point_of_our_choosing_is_no_finding() -> None:
    def f(x: Any) -> Any:
        if x[0] > 1.0:
            raise SystemExit(2)
        return np.sum(x**2)

    assert gradcheck.check_gradient(f, double, X)


@pytest.mark.parametrize(("raising", "kind"), [(interrupted, KeyboardInterrupt), (skips, pytest.skip.Exception)])
def test_what_is_no_error_passes(raising: Callable[..., Any], kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        gradcheck.check_gradient(raising, double, X)
    with pytest.raises(kind):
        gradcheck.check_gradient(square, raising, X)


class SpitefulError(Exception):
    def __str__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize(
    "exception",
    [
        SubjectError("GC999"),
        HarnessFault("two proofs"),
        InvalidProblem("means nothing"),
        SpitefulError(),
        RecursionError("deep"),
        ValueError("x" * 10_000),
    ],
    ids=lambda e: type(e).__name__,
)
def test_whatever_exception_it_is_the_users(exception: Exception) -> None:
    def raises(x: Any) -> Any:
        raise exception

    for code, result in (
        ("GC018", gradcheck.check_gradient(raises, double, X)),
        ("GC004", gradcheck.check_gradient(square, raises, X)),
    ):
        assert (result.verdict, result.codes) == ("ERROR", (code,))
        assert f"raised {type(exception).__name__}" in result.findings[0].sentence
        assert len(result.findings[0].sentence) < 1_000
        assert result.exception is exception


@pytest.mark.parametrize("calls", [3, 6, 12, 15, 20, 21])
def test_an_f_that_raises_at_a_later_call_is_no_traceback(calls: int) -> None:
    left = [calls]

    def f(x: Any) -> Any:
        left[0] -= isinstance(x, np.ndarray)
        if left[0] < 0 and isinstance(x, np.ndarray):
            raise OSError("out of licences")
        return np.tanh(x)

    result = gradcheck.check_vjp(f, lambda c, x: c * (1 - np.tanh(x) ** 2), X)
    assert (result.verdict, result.codes) == ("ERROR", ("GC018",))
    assert "f raised OSError: out of licences" in result.findings[0].sentence
    assert isinstance(result.exception, OSError)


def test_a_derivative_that_raises_at_a_later_call() -> None:
    calls = [0]

    def vjp(c: Any, x: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            raise OSError("third")
        return c * (1 - np.tanh(x) ** 2)

    result = gradcheck.check_vjp(np.tanh, vjp, X)
    assert (result.verdict, result.codes) == ("ERROR", ("GC004",))
    assert isinstance(result.exception, OSError)


def test_an_exception_that_breaks_a_contract_is_kept_too() -> None:
    kept: dict[str, float] = {}

    def f(x: Any) -> Any:
        kept["scale"] = 2.0
        return np.sum(x**2)

    result = gradcheck.check_gradient(f, lambda x: kept["scale"] * x, X)
    assert result.codes[0] == "GC023"
    assert isinstance(result.exception, KeyError)


def test_what_is_no_cause_of_the_first_finding_is_not_kept() -> None:
    def vjp(c: Any, x: Any) -> Any:  # changes its input, which raises besides where the input is read-only
        answer = c * (1 - np.tanh(x) ** 2)
        x *= 2.0
        return answer

    result = gradcheck.check_vjp(np.tanh, vjp, X)
    assert result.codes[0] == "GC020"
    assert result.exception is None
