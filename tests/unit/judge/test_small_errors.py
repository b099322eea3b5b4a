"""Errors of an exact function's derivative beyond rounding and below what matters: explained, negligible, or open.

Each mistake that is named has a twin that is right, and a twin whose error has the same size and no such explanation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from gradcheck import Result, check_gradient, check_jvp, check_vjp

X = np.array([0.7, -1.3, 2.2, 0.4])
P = np.array([0.2, 0.3, 0.5])
ROOT = np.sqrt(2 / np.pi)


def gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def slope(x: Any, inner: float = ROOT, outer: float = ROOT, cubic: float = 0.044715) -> Any:
    t = np.tanh(inner * (x + cubic * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * outer * (1 + 3 * cubic * x * x)


def loss(x: Any) -> Any:
    return np.sum(gelu(x))


def cause(result: Result) -> dict[str, Any]:
    (told,) = [f for f in result.findings if f.code == "GC051"]
    return {**told.facts, "sentence": told.sentence}


def check(f: Callable[..., Any], answer: Callable[..., Any], x: Any, **options: Any) -> Result:
    return check_gradient(f, answer, x, **options)


# -- below 1e-9 of scale: a warning -----------------------------------------------------------------------------------

ERRORS: dict[str, Callable[[Any], Any]] = {
    "a factor": lambda x: np.ones_like(x),
    "one entry": lambda x: (np.arange(x.size) == 2).astype(float),
    "here and there": lambda x: np.cos(37.0 * np.arange(x.size)),
}


@pytest.mark.parametrize("exponent", range(14, 8, -1))
@pytest.mark.parametrize("kind", ERRORS)
def test_right_to_that_many_digits_passes_with_a_warning(kind: str, exponent: int) -> None:
    def nearly(x: Any) -> Any:
        return slope(x) * (1 + 0.9 * 10.0**-exponent * ERRORS[kind](x))

    result = check(loss, nearly, X)
    assert result.verdict == "PASS", result.to_text()
    told = [f for f in result.findings if f.code == "GC092"]
    if exponent < 14:  # at 1e-14 rounding may cover all of it
        assert f"agrees to {told[0].facts['digits']} digits, and exact arithmetic would give 16" in told[0].sentence
        assert exponent <= int(told[0].facts["digits"]) <= exponent + 1


@pytest.mark.parametrize("exponent", [8, 7])
@pytest.mark.parametrize("kind", ERRORS)
def test_between_is_undecided_and_says_what_settles_it(kind: str, exponent: int) -> None:
    def nearly(x: Any) -> Any:
        return slope(x) * (1 + 0.9 * 10.0**-exponent * ERRORS[kind](x))

    result = check(loss, nearly, X)
    assert result.verdict == "UNDECIDED", result.to_text()
    told = next(f for f in result.findings if f.code == "GC093")
    assert "digits only" in told.sentence
    accuracy, interest = float(told.facts["accuracy"]), float(told.facts["interest"])
    assert check(loss, nearly, X, accuracy=accuracy)
    assert check(loss, nearly, X, interest=interest).verdict == "FAIL"


@pytest.mark.parametrize("kind", ERRORS)
def test_what_matters_fails(kind: str) -> None:
    assert check(loss, lambda x: slope(x) * (1 + 3e-6 * ERRORS[kind](x)), X).verdict == "FAIL"


def test_products_as_well() -> None:
    assert check_vjp(gelu, lambda c, x: c * slope(x) * (1 + 1e-8), X).verdict == "UNDECIDED"
    assert check_vjp(gelu, lambda c, x: c * slope(x) * (1 + 1e-11), X).verdict == "PASS"
    assert check_jvp(gelu, lambda p, t: t[0] * slope(p[0]) * (1 + 1e-8), X).verdict == "UNDECIDED"
    assert check_jvp(gelu, lambda p, t: t[0] * slope(p[0]) * (1 + 1e-11), X).verdict == "PASS"


@pytest.mark.parametrize("lost", [0.0, 0.6])
def test_an_entry_that_is_wrong_in_itself_is_no_warning(lost: float) -> None:
    """The second entry is 1e-11 of the first: small beside it, and all the same wrong."""

    def f(x: Any) -> Any:
        return x[0] ** 2 + 1e-11 * np.sin(x[1])

    result = check(f, lambda x: np.array([2 * x[0], lost * 1e-11 * np.cos(x[1])]), np.array([1.5, 0.4]))
    assert result.verdict == ("FAIL" if lost == 0 else "UNDECIDED"), result.to_text()


def test_said_what_matters_a_smaller_error_is_a_warning() -> None:
    assert check(loss, lambda x: slope(x) * (1 + 1e-8), X, interest=1e-6).verdict == "PASS"
    assert check(loss, lambda x: slope(x) * (1 + 1e-4), X, interest=1e-3).verdict == "PASS"
    assert check(loss, lambda x: slope(x) * (1 + 1e-2), X, interest=1e-3).verdict == "FAIL"


def test_float32_keeps_its_own_measure() -> None:
    """An error of 1e-5 is far beyond float32's rounding here, and no digit of an approximation in it."""
    x = X.astype(np.float32)
    assert check(loss, lambda x: slope(x).astype(np.float32), x)
    assert check(loss, lambda x: (slope(x) * 1.00003).astype(np.float32), x).verdict == "FAIL"


# -- explained: a wrong gradient, named ----------------------------------------------------------------------------


def degrees(x: Any) -> Any:
    return np.sum(np.sin(x * np.pi / 180))


def radians_folded(x: Any) -> Any:
    return np.sum(np.sin(x * (np.pi / 180)))


def scaled_normal(x: Any) -> Any:
    return np.sum(np.exp(-(x**2) / 1.7234))


CUT: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any, str]] = {
    "sqrt(2/pi) as 0.79788, everywhere": (loss, lambda x: slope(x, 0.79788, 0.79788), X, "0.79788"),
    "sqrt(2/pi) as 0.79788456": (loss, lambda x: slope(x, 0.79788456, 0.79788456), X, "0.79788456"),
    "sqrt(2/pi) as 0.797884, in front": (loss, lambda x: slope(x, outer=0.797884), X, "0.797884"),
    "0.044715 as 0.0447": (loss, lambda x: slope(x, cubic=0.0447), X, "0.0447"),
    "pi as 3.14": (degrees, lambda x: np.cos(x * np.pi / 180) * 3.14 / 180, 20 * X, "3.14"),
    "pi as 3.1416": (degrees, lambda x: np.cos(x * np.pi / 180) * 3.1416 / 180, 20 * X, "3.1416"),
    "pi as 3.141593": (degrees, lambda x: np.cos(x * np.pi / 180) * 3.141593 / 180, 20 * X, "3.141593"),
    "pi / 180 folded": (
        radians_folded,
        lambda x: np.cos(x * np.pi / 180) * 3.141593 / 180,
        20 * X,
        "3.141593",
    ),
    "ln 2 as 0.693147": (lambda x: np.sum(np.log2(x)), lambda x: 1 / (x * 0.693147), abs(X), "0.693147"),
    "1 / ln 10 as 0.434294": (lambda x: np.sum(np.log10(x)), lambda x: 0.434294 / x, abs(X), "0.434294"),
    "2 / sqrt(pi) as 1.128379": (
        lambda x: np.sum(special.erf(x)),
        lambda x: 1.128379 * np.exp(-x * x),
        X,
        "1.128379",
    ),
    "1 / sqrt(2 pi) as 0.3989423": (
        lambda x: np.sum(special.ndtr(x)),
        lambda x: 0.3989423 * np.exp(-x * x / 2),
        X,
        "0.3989423",
    ),
    "a constant's inverse": (
        scaled_normal,
        lambda x: -2 * x * 0.580248 * np.exp(-(x**2) * 0.580248),
        X,
        "0.580248",
    ),
}


@pytest.mark.parametrize("name", CUT)
def test_a_constant_cut_after_some_digits(name: str) -> None:
    f, answer, x, written = CUT[name]
    result = check(f, answer, x)
    assert result.verdict == "FAIL", result.to_text()
    told = cause(result)
    assert told["kind"] == "constant-cut", told
    assert told["sentence"].partition(" (line")[0].endswith(f" as {written}")


def test_a_constant_with_all_but_the_last_digits_cannot_be_told_from_an_approximation() -> None:
    result = check(loss, lambda x: slope(x, 0.7978845608, 0.7978845608), X)
    assert (result.verdict, result.codes[0]) == ("PASS", "GC092"), result.to_text()


def test_the_place_is_in_whatever_f_calls() -> None:
    told = cause(check(loss, lambda x: slope(x, cubic=0.0447), X))
    assert told["line"] == gelu.__code__.co_firstlineno + 1
    assert told["source"][told["start"] : told["end"]] == "0.044715"


def straight(x: Any) -> Any:
    s = x * 0.5
    return np.sum(np.sin(s * np.pi / 180))


def test_the_line_and_the_operand() -> None:
    told = cause(check(straight, lambda x: np.cos(x * np.pi / 360) * 3.141593 / 360, 20 * X))
    assert told["source"] == "return np.sum(np.sin(s * np.pi / 180))"
    assert told["source"][told["start"] : told["end"]] == "np.pi"
    assert told["line"] == straight.__code__.co_firstlineno + 2
    assert f"(line {told['line']}: return np.sum" in told["sentence"]


@pytest.mark.parametrize("digits", range(6, 11))
def test_a_random_error_of_the_size_of_a_cut_constant_is_not_called_one(digits: int) -> None:
    random = np.random.default_rng(digits)
    for _ in range(4):
        off = 10.0**-digits * random.uniform(0.2, 1.0)
        result = check(loss, lambda x, off=off: slope(x) * (1 + off), X)
        assert "constant-cut" not in [f.facts.get("kind") for f in result.findings], result.to_text()


PRECISION: dict[str, Callable[..., Any]] = {
    "computed in float32": lambda x: np.cos(x.astype(np.float32)).astype(float) + x,
    "rounded to float32 in the end": lambda x: (np.cos(x) + x).astype(np.float32).astype(float),
    "one factor in float32": lambda x: np.cos(x).astype(np.float32) + x,
    "rounded to float16 in the end": lambda x: (np.cos(x) + x).astype(np.float16).astype(float),
}


@pytest.mark.parametrize("name", PRECISION)
def test_a_narrower_dtype_inside(name: str) -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x) + x**2 / 2)

    result = check(f, PRECISION[name], X)
    assert result.verdict == "FAIL", result.to_text()
    assert cause(result)["kind"] == "precision"
    assert ("float16" if "16" in name else "float32") in cause(result)["sentence"]


def test_a_function_in_float32_is_not_called_narrow() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x.astype(np.float32)))

    result = check(f, lambda x: np.cos(x.astype(np.float32)).astype(float), X)
    assert result.verdict == "PASS", result.to_text()


def with_guard(eps: float) -> Callable[..., Any]:
    return lambda p: -np.sum(np.log(p + eps))


@pytest.mark.parametrize(("eps", "verdict"), [(1e-5, "FAIL"), (1e-8, "UNDECIDED"), (1e-12, "PASS")])
def test_a_guard_of_f_that_the_derivative_ignores_is_named(eps: float, verdict: str) -> None:
    result = check(with_guard(eps), lambda p: -1 / p, P)
    assert result.verdict == verdict, result.to_text()
    assert cause(result)["kind"] == "guard"
    assert f"lacks the {eps:g} that f adds" in cause(result)["sentence"]
    if verdict != "FAIL":
        assert f"lacks the {eps:g} that f adds" in result.findings[0].sentence
    assert check(with_guard(eps), lambda p: -1 / (p + eps), P).verdict == "PASS"


ADDED: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]] = {
    "to the argument of a logarithm": (lambda p: -np.sum(np.log(p)), lambda p: -1 / (p + 1e-8), P),
    "to a norm": (
        lambda x: np.sqrt(np.sum(x * x)),
        lambda x: x / (np.sqrt(np.sum(x * x)) + 1e-8),
        X,
    ),
    "under a root": (
        lambda x: np.sqrt(np.sum(x * x)),
        lambda x: x / np.sqrt(np.sum(x * x) + 1e-7),
        X,
    ),
    "to a divisor": (lambda x: np.sum(1 / x), lambda x: -1 / (x + 1e-9) ** 2, X),
}


@pytest.mark.parametrize("name", ADDED)
def test_a_number_added_in_the_derivative(name: str) -> None:
    f, answer, x = ADDED[name]
    result = check(f, answer, x)
    assert result.verdict == "FAIL", result.to_text()
    assert cause(result)["kind"] == "guard", cause(result)
    assert " added to " in cause(result)["sentence"]


def test_a_penalty_with_a_tiny_weight_that_is_forgotten() -> None:
    result = check(lambda x: np.sum(np.sin(x)) + 0.5e-7 * np.sum(x**2), np.cos, X)
    assert result.verdict == "FAIL", result.to_text()
    assert cause(result)["kind"] == "loss-term"


def test_explained_products() -> None:
    def in_degrees(x: Any) -> Any:
        return np.sin(x * np.pi / 180)

    def wrong(x: Any) -> Any:
        return np.cos(x * np.pi / 180) * 3.141593 / 180

    for result in (
        check_vjp(in_degrees, lambda c, x: c * wrong(x), 20 * X),
        check_jvp(in_degrees, lambda p, t: t[0] * wrong(p[0]), 20 * X),
    ):
        assert result.verdict == "FAIL", result.to_text()
        assert cause(result)["kind"] == "constant-cut"


# -- numbers in sentences -------------------------------------------------------------------------------------------


@given(
    st.floats(-1e6, 1e6).filter(lambda v: abs(v) > 1e-6),
    st.floats(1e-15, 1e-3),
)
@settings(max_examples=200, deadline=None, derandomize=True)
@pytest.mark.parametrize("code", ["GC012", "GC016", "GC034", "GC038", "GC093", "GC092"])
def test_a_sentence_shows_the_difference(code: str, truth: float, share: float) -> None:
    from gradcheck.verdict.examples import EXAMPLES
    from gradcheck.verdict.finding import finding

    subject = truth * (1 + share)
    if subject == truth:
        return
    facts = {**EXAMPLES[code], "subject": subject, "truth": truth, "distance": abs(subject - truth), "allowed": 0.0}
    sentence = finding(code, **facts).sentence
    shown = sentence.split(" is ", 1)[1]
    first = shown.split(",")[0]
    second = shown.split("truth ", 1)[1] if "truth " in shown else shown.split("as written ", 1)[1]
    second = second.removeprefix("is ").split(" ")[0].rstrip(":;,")
    assert float(first) != float(second), sentence
