"""`check_gradient`, `check_vjp`, `check_jvp`: protocol, numbers, precisions, declarations, bad input."""

import json
import re
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import gradcheck
from gradcheck.errors import InvalidProblem, UsageError
from gradcheck.verdict.result import GradientError, Result

X = np.array([0.7, -1.2, 0.4])


def square(x: Any) -> Any:
    return np.sum(x**2)


# -- conventions -------------------------------------------------------------------------------------------------------


def test_a_right_gradient_passes_and_says_who_proved_it() -> None:
    result = gradcheck.check_gradient(square, lambda x: 2 * x, X)
    assert result.verdict == "PASS"
    assert bool(result)
    assert result.comparisons == 3
    assert result.agreed == ("exact",)
    assert gradcheck.check_gradient(square, lambda x: 2 * x, X, oracles="all").agreed == ("exact", "symbolic")


def test_a_wrong_entry_is_named_with_its_truth() -> None:
    result = gradcheck.check_gradient(square, lambda x: 2 * x + np.array([0.0, 0.0, 1e-5]), X)
    assert result.verdict == "FAIL"
    assert not result
    facts = result.findings[0].facts
    assert (result.findings[0].code, facts["block"], facts["entry"]) == ("GC012", "x", [2])
    assert facts["truth"] == pytest.approx(0.8, rel=1e-15)
    assert facts["distance"] == pytest.approx(1e-5, rel=1e-5)
    assert result.worst is not None
    assert result.worst.entry == (2,)


def test_several_inputs_are_told_apart() -> None:
    w, b = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([0.1, 0.2])

    def vjp(c: Any, w: Any, b: Any) -> Any:
        return np.outer(c, [1.0, 2.0]), c * 1.5

    result = gradcheck.check_vjp(lambda w, b: w @ np.array([1.0, 2.0]) + b, vjp, w, b)
    assert result.verdict == "FAIL"
    assert result.findings[0].facts["block"] == "b"


def test_gradients_may_come_as_lists_and_numbers() -> None:
    assert gradcheck.check_gradient(square, lambda x: [2 * v for v in x], X)
    assert gradcheck.check_gradient(lambda x: x**2, lambda x: 2 * x, 3.0)
    assert gradcheck.check_gradient(lambda a, b: a * b, lambda a, b: [b, a], 3.0, -2.0)


def test_none_counts_as_zero() -> None:
    def f(a: Any, b: Any) -> Any:
        return np.sum(a) + 0.0 * np.sum(b)

    assert gradcheck.check_gradient(f, lambda a, b: (np.ones(3), None), X, X)
    result = gradcheck.check_gradient(lambda a, b: np.sum(a * b), lambda a, b: (b, None), X, X + 1)
    assert result.verdict == "FAIL"


def test_a_tuple_of_outputs_has_a_tuple_of_cotangents() -> None:
    def f(x: Any) -> Any:
        return np.sin(x), np.sum(x)

    assert gradcheck.check_vjp(f, lambda c, x: c[0] * np.cos(x) + c[1], X)
    assert gradcheck.check_vjp(f, lambda c, x: c[0] * np.cos(x), X).verdict == "FAIL"


def test_a_jvp_may_return_the_value_which_is_judged_too() -> None:
    def jvp(primals: Any, tangents: Any) -> Any:
        return np.sin(primals[0]), np.cos(primals[0]) * tangents[0]

    assert gradcheck.check_jvp(np.sin, jvp, X)
    assert gradcheck.check_jvp(np.sin, lambda p, t: jvp(p, t)[1], X)
    wrong_value = gradcheck.check_jvp(np.sin, lambda p, t: (np.sin(p[0]) + 1e-9, jvp(p, t)[1]), X)
    assert wrong_value.verdict == "FAIL"
    assert "GC014" in wrong_value.codes
    transposed = gradcheck.check_jvp(lambda x: np.cumsum(x), lambda p, t: np.cumsum(t[0][::-1])[::-1], X)
    assert transposed.verdict == "FAIL"


# -- wrt ---------------------------------------------------------------------------------------------------------------


def scaled(x: Any, k: Any) -> Any:
    return np.sum(x * k)


@pytest.mark.parametrize("wrt", [0, "x", (0,), ["x"], (-2,)])
def test_wrt_by_position_and_name(wrt: Any) -> None:
    def grad(x: Any, k: Any) -> Any:
        return k, np.full(3, np.nan)  # not asked for, not looked at

    assert gradcheck.check_gradient(scaled, grad, X, X + 1, wrt=wrt)
    assert gradcheck.check_gradient(scaled, lambda x, k: (2 * k, x), X, X + 1, wrt=wrt).verdict == "FAIL"


def test_integer_inputs_are_left_out() -> None:
    index = np.array([2, 0])
    assert gradcheck.check_gradient(lambda x, i: np.sum(x[i] ** 2), lambda x, i: (_scattered(x, i), None), X, index)


def _scattered(x: Any, i: Any) -> Any:
    out = np.zeros_like(x)
    np.add.at(out, i, 2 * x[i])
    return out


@pytest.mark.parametrize("wrt", [2, "y", (), (0, 0), ("x", "x"), 1.5, (0, "z")])
def test_a_bad_wrt_is_an_invalid_problem(wrt: Any) -> None:
    with pytest.raises(InvalidProblem):
        gradcheck.check_gradient(scaled, lambda x, k: (k, x), X, X + 1, wrt=wrt)


# -- protocol ----------------------------------------------------------------------------------------------------------


def _raises(x: Any) -> Any:
    raise KeyError("cache")


@pytest.mark.parametrize(
    ("code", "grad"),
    [
        ("GC004", _raises),
        ("GC007", lambda x: None if False else np.array([None, 1, 2])),
        ("GC007", lambda x: "2x"),
        ("GC007", lambda x: 2 * x + 0j),
        ("GC010", lambda x: 2 * x[:2]),
        ("GC010", lambda x: np.sum(2 * x)),
        ("GC010", lambda x: np.stack([2 * x, 2 * x])),
        ("GC011", lambda x: (2 * x).astype(np.float32)),
        ("GC019", lambda x: (2 * x, 2 * x)),
        ("GC019", lambda x: ()),
    ],
)
def test_an_answer_that_cannot_be_judged_is_an_error(code: str, grad: Callable[[Any], Any]) -> None:
    result = gradcheck.check_gradient(square, grad, X)
    assert result.verdict == "ERROR"
    assert result.codes[0] == code


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_wider_answer_is_compared_and_warned_about(dtype: Any) -> None:
    x = X.astype(dtype)
    for factor, verdict in ((2.0, "PASS"), (3.0, "FAIL")):
        result = gradcheck.check_gradient(square, lambda x, factor=factor: factor * x.astype(np.float64), x)
        assert result.verdict == verdict, result.to_text()
        (told,) = [f for f in result.findings if f.code == "GC090"]
        assert (told.facts["wanted"], told.facts["came"]) == (
            f"{np.dtype(dtype)} of shape (3,)",
            "float64 of shape (3,)",
        )
    assert result.warned


def test_a_first_axis_of_length_one_is_compared_and_warned_about() -> None:
    for factor, verdict in ((2.0, "PASS"), (3.0, "FAIL")):
        result = gradcheck.check_gradient(square, lambda x, factor=factor: (factor * x)[None], X)
        assert (result.verdict, "GC090" in result.codes) == (verdict, True), result.to_text()


@pytest.mark.parametrize("x", [X[:, None], X[None], np.array(0.5)])
def test_any_other_axis_more_or_less_is_an_error(x: Any) -> None:
    """An update with such a gradient would turn the parameter into another array."""
    other = {(3, 1): (3,), (1, 3): (3,), (): (1,)}[x.shape]
    result = gradcheck.check_gradient(square, lambda x: np.reshape(2 * x, other), x)
    assert (result.verdict, result.codes) == ("ERROR", ("GC010",)), result.to_text()


def test_a_derivative_that_calls_sys_exit() -> None:
    def leaves(x: Any) -> Any:
        raise SystemExit(0)

    result = gradcheck.check_gradient(square, leaves, X)
    assert (result.verdict, result.codes[0]) == ("ERROR", "GC006")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite(bad: float) -> None:
    result = gradcheck.check_gradient(square, lambda x: np.where(x < 0, bad, 2 * x), X)
    assert result.verdict == "FAIL"
    assert result.codes[0] == "GC013"
    assert json.loads(result.to_json())["verdict"] == "FAIL"


# -- bad input ---------------------------------------------------------------------------------------------------------


class Changing:
    """Its shape changes with every call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return np.sum(x) * np.ones(self.calls)


def _negative(x: Any) -> Any:
    raise ValueError("x must be sorted")


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: None, "None"),
        (lambda x: np.array([x, "a"], dtype=object), "object"),
        (lambda x: "sin", "<U3"),
        (lambda x: x + 1j, "complex"),
        (_negative, "x must be sorted"),
        (lambda x: np.sum(np.exp(1e4 * x)), "inf"),
        (lambda x: np.sum(np.log(x)), "nan"),
        (Changing(), "shape"),
        (lambda x: x, "one number"),
    ],
)
def test_an_f_that_gives_nothing_is_named(f: Callable[..., Any], words: str) -> None:
    result = gradcheck.check_gradient(f, lambda x: 2 * x, X)
    assert result.verdict == "ERROR"
    assert result.codes[0] == "GC018"
    assert words in result.findings[0].sentence
    assert "GC018" in result.to_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, lambda x: 2 * x, X), "function"),
        ((square, 2 * X, X), "function"),
        ((square, lambda: 0), "at least one input"),
        ((square, lambda x: 2 * x, np.array([True, False])), "floating-point"),
        ((square, lambda x: 2 * x, np.array(["a"])), "real numbers"),
        ((square, lambda x: 2 * x, None), "real numbers"),
        ((square, lambda x: 2 * x, X.astype(np.longdouble)), "float64, float32 or float16"),
    ],
)
def test_a_wrong_call_is_an_invalid_problem(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(InvalidProblem, match=words):
        gradcheck.check_gradient(*arguments)


@pytest.mark.parametrize("option", ["interest", "max_ulps"])
def test_a_bad_setting_is_a_usage_error(option: str) -> None:
    bad: Any = {option: -1.0}
    with pytest.raises(UsageError):
        gradcheck.check_gradient(square, lambda x: 2 * x, X, **bad)


def test_empty_inputs_compare_nothing() -> None:
    result = gradcheck.check_gradient(square, lambda x: 2 * x, np.zeros(0))
    assert (result.verdict, result.codes[0]) == ("UNDECIDED", "GC033")
    assert gradcheck.check_gradient(lambda a, b: np.sum(a) + np.sum(b), lambda a, b: (a * 0 + 1, b), X, np.zeros(0))


def test_a_zero_dimensional_input() -> None:
    x = np.array(0.3)
    assert gradcheck.check_gradient(np.sin, np.cos, x)
    assert gradcheck.check_gradient(np.sin, lambda x: np.cos(x) * (1 + 1e-12), x).warned
    assert gradcheck.check_gradient(np.sin, lambda x: np.cos(x) * (1 + 1e-5), x).verdict == "FAIL"


# -- assert_* ----------------------------------------------------------------------------------------------------------


def test_assertions_raise_with_the_result() -> None:
    gradcheck.assert_gradient(square, lambda x: 2 * x, X)
    gradcheck.assert_vjp(np.sin, lambda c, x: c * np.cos(x), X)
    gradcheck.assert_jvp(np.sin, lambda p, t: t[0] * np.cos(p[0]), X)
    calls: tuple[Callable[[], None], ...] = (
        lambda: gradcheck.assert_gradient(square, lambda x: 3 * x, X),
        lambda: gradcheck.assert_vjp(np.sin, lambda c, x: c * np.sin(x), X),
        lambda: gradcheck.assert_jvp(np.sin, lambda p, t: t[0] * np.sin(p[0]), X),
    )
    for call in calls:
        with pytest.raises(GradientError, match=r"^<lambda> \(") as caught:
            call()
        assert isinstance(caught.value, AssertionError)
        assert isinstance(caught.value.result, Result)
        assert caught.value.result.verdict == "FAIL"


def test_an_undecided_result_is_asserted_against_too() -> None:
    with pytest.raises(GradientError) as caught:
        gradcheck.assert_gradient(lambda x: np.floor(np.sum(x)), lambda x: 0 * x, np.array([0.5, 0.5]))
    assert caught.value.result.verdict == "UNDECIDED"


# -- reports -----------------------------------------------------------------------------------------------------------


def _strictly(text: str) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(
    "result",
    [
        gradcheck.check_gradient(square, lambda x: 2 * x, X),
        gradcheck.check_gradient(square, lambda x: 2 * x * np.array([1, np.nan, np.inf]), X),
        gradcheck.check_gradient(lambda x: np.sum(np.exp(1e4 * x)), lambda x: 2 * x, X),
        gradcheck.check_gradient(lambda x: np.floor(np.sum(x)), lambda x: 0 * x, np.array([0.5, 0.5])),
        gradcheck.check_gradient(square, lambda x: 2 * x, X, meant=square, accuracy=np.float64(1e-9), interest=1e-3),
    ],
    ids=["pass", "not finite", "error", "undecided", "settings"],
)
def test_json_is_strict(result: Result) -> None:
    data = _strictly(result.to_json())
    assert data["schema_version"] == 1
    assert data["verdict"] == result.verdict
    assert [f["code"] for f in data["findings"]] == list(result.codes)


def test_settings_that_were_changed_show() -> None:
    result = gradcheck.check_gradient(square, lambda x: 2 * x, X, interest=1e-3, accuracy=1e-8, meant=square)
    assert result.settings == {"interest": 1e-3, "accuracy": 1e-8, "meant": True}
    assert "  settings  interest=0.001, meant=yes, accuracy=1e-08" in str(result).splitlines()


def test_runs_repeat() -> None:
    def vjp(c: Any, x: Any) -> Any:
        return c * np.cos(x) * (1 + 1e-7)

    first, again = (gradcheck.check_vjp(np.sin, vjp, X).findings[0].sentence for _ in range(2))
    assert first == again
    assert gradcheck.check_vjp(np.sin, vjp, X, seed=5).findings[0].sentence != first


# -- precisions: both sides of what rounding explains ------------------------------------------------------------------

PRECISIONS = [(np.float64, 2.0**-53), (np.float32, 2.0**-24), (np.float16, 2.0**-11)]


@pytest.mark.parametrize(("dtype", "unit"), PRECISIONS, ids=["float64", "float32", "float16"])
def test_honest_rounding_passes_and_a_hundred_times_of_it_is_seen(dtype: Any, unit: float) -> None:
    """In float64 it is far below what matters, and a warning; said to matter, it fails as in the others."""
    x = np.array([0.7, -1.2, 0.4], dtype=dtype)

    def f(x: Any) -> Any:
        return np.sin(x) + x

    def vjp(c: Any, x: Any) -> Any:
        return c * (np.cos(x) + x.dtype.type(1))

    def off(c: Any, x: Any) -> Any:
        return (vjp(c, x).astype(np.float64) * (1 + 100 * unit)).astype(dtype)

    assert gradcheck.check_vjp(f, vjp, x).verdict == "PASS"
    strict = (
        gradcheck.check_vjp(f, off, x, interest=10 * unit) if dtype is np.float64 else gradcheck.check_vjp(f, off, x)
    )
    assert strict.verdict == "FAIL"
    if dtype is np.float64:
        result = gradcheck.check_vjp(f, off, x)
        assert (result.verdict, result.codes[0]) == ("PASS", "GC092")


def test_float32_inside_float64_code_is_found() -> None:
    def narrowed(c: Any, x: Any) -> Any:
        return c * np.cos(x.astype(np.float32)).astype(np.float64)

    result = gradcheck.check_vjp(np.sin, narrowed, X)
    assert result.verdict == "FAIL"
    assert result.findings[0].facts["distance"] < 1e-6


def test_an_overflow_of_the_dtype_is_the_right_answer() -> None:
    x = np.array([88.0], dtype=np.float32)  # exp(88) fits float32, 3 exp(88) does not
    f = np.exp
    assert gradcheck.check_vjp(f, lambda c, x: c * np.exp(x), x)


# -- loses accuracy (GC016) versus an error ----------------------------------------------------------------------------

NEAR = np.array([1e-4, 3e-4])
"""1 - cos is about 1e-8 here: eight of sixteen digits cancel."""


def haversine(x: Any) -> Any:
    return 2 * np.sin(x / 2) ** 2 / x


def cancelling(c: Any, x: Any) -> Any:
    return c * (np.sin(x) / x - (1 - np.cos(x)) / x**2)


def true_slope(x: float) -> Any:
    with mpmath.workdps(40):
        t = mpmath.mpf(x)
        return mpmath.sin(t) / t - (1 - mpmath.cos(t)) / t**2


def test_a_right_formula_that_cancels_loses_accuracy() -> None:
    assert any(abs(float(cancelling(1.0, x) - true_slope(x))) > 1e-10 for x in NEAR.tolist())
    result = gradcheck.check_vjp(haversine, cancelling, NEAR)
    assert result.verdict == "PASS", result.to_text()
    assert "GC016" in result.codes


def test_a_wrong_formula_off_by_as_much_is_no_loss_of_accuracy() -> None:
    def wrong(c: Any, x: Any) -> Any:
        return c * (0.5 - x * x / 8) * (1 + 3e-9)

    def right(c: Any, x: Any) -> Any:
        return c * (0.5 - x * x / 8 + x**4 / 144)

    result = gradcheck.check_vjp(haversine, wrong, NEAR)
    assert (result.verdict, result.codes[0]) == ("UNDECIDED", "GC093")
    result = gradcheck.check_vjp(haversine, wrong, NEAR, interest=1e-9)
    assert (result.verdict, result.codes[0]) == ("FAIL", "GC012")
    assert gradcheck.check_vjp(haversine, right, NEAR)


def test_max_ulps_turns_lost_accuracy_into_a_failure() -> None:
    result = gradcheck.check_vjp(haversine, cancelling, NEAR, max_ulps=16)
    assert result.verdict == "FAIL"
    assert result.settings == {"max_ulps": 16}
    assert gradcheck.check_vjp(np.sin, lambda c, x: c * np.cos(x), X, max_ulps=16)


# -- noise: judged against the real-number function --------------------------------------------------------------------


def test_a_large_offset_is_no_noise() -> None:
    def f(x: Any) -> Any:
        return np.sum(1e8 + np.sin(x))

    assert gradcheck.check_gradient(f, np.cos, X)
    assert gradcheck.check_gradient(f, lambda x: np.cos(x) * (1 + 1e-5), X).verdict == "FAIL"
    assert gradcheck.check_gradient(f, lambda x: np.cos(x) * (1 + 1e-9), X).warned


@pytest.mark.parametrize("scale", [1e-12, 1e-8, 1.0, 1e8, 1e12])
@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
def test_scales_do_not_matter(scale: float, size: float) -> None:
    x = size * np.array([0.7, -1.2, 0.4])

    def f(x: Any) -> Any:
        return scale * np.sum(np.sin(x / size))

    def grad(x: Any) -> Any:
        return scale * np.cos(x / size) / size

    assert gradcheck.check_gradient(f, grad, x)
    verdicts = {1e-5: "FAIL", 1e-8: "UNDECIDED", 1e-11: "PASS"}
    assert {e: gradcheck.check_gradient(f, lambda x, e=e: grad(x) * (1 + e), x).verdict for e in verdicts} == verdicts


def test_the_sentence_reads_well() -> None:
    text = gradcheck.check_gradient(square, lambda x: 3 * x, X).to_text(width=200)
    assert re.search(r"the gradient of f with respect to x\(1,\) is -3\.6, but the truth is -2\.4", text) or re.search(
        r"x[\[(]1,?[\])] is -3\.6, but the truth is -2\.4", text
    )
