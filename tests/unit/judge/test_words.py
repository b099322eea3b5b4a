"""Sentences about functions, as real subjects cause them: whole, and with the words joined as English joins them."""

import functools
import re
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.judge.user_names import function_name, listed
from gradcheck.verdict.result import Result

X = np.array([0.7, -1.2, 0.4])
M = np.array([[0.3, -0.8, 1.1], [0.9, 0.2, -0.5]])
NUMBER = r"-?[\d.]+(?:e[-+]\d+)?"


def right(c: Any, x: Any) -> Any:
    return c * (1 - np.tanh(x) ** 2)


def sentence(result: Result, code: str) -> str:
    found = [f.sentence for f in result.findings if f.code == code]
    assert len(found) == 1, result
    return found[0]


# -- contracts ---------------------------------------------------------------------------------------------------------


def test_gc020_lists_what_was_changed() -> None:
    def both(c: Any, a: Any, b: Any) -> Any:
        answer = c * b, c * a
        a *= 2.0
        b *= 2.0
        return answer

    result = gradcheck.check_vjp(lambda a, b: a * b, both, X, X + 3)
    assert sentence(result, "GC020") == "the subject changed a and b, which it was only lent"

    def sorts(x: Any) -> Any:
        x.sort()
        return np.sum(x**2)

    result = gradcheck.check_gradient(sorts, lambda x: 2 * x, X)
    assert "GC020" in result.codes
    assert sentence(result, "GC020") == "f changed x, which it was only lent"


def test_gc021_says_both_answers_once() -> None:
    calls = [0]

    def vjp(c: Any, x: Any) -> Any:
        calls[0] += 1
        return right(c, x) * (2.0 if calls[0] % 3 == 0 else 1.0)

    words = rf"asked twice the same question, the answer was {NUMBER} and then {NUMBER} for x\[0\]"
    assert re.fullmatch(words, sentence(gradcheck.check_vjp(np.tanh, vjp, X), "GC021"))


def test_answers_of_two_shapes() -> None:
    calls = [0]

    def vjp(c: Any, x: Any) -> Any:
        calls[0] += 1
        return right(c, x) if calls[0] % 3 else np.zeros(2)

    told = sentence(gradcheck.check_vjp(np.tanh, vjp, X), "GC021")
    assert told == "asked twice the same question, the answer was of shape (3,) and then of shape (2,) for x"


def test_gc022_and_gc024() -> None:
    buffer = np.zeros(3)

    def reused(c: Any, x: Any) -> Any:
        buffer[...] = right(c, x)
        return buffer

    words = rf"what one call returned for x was changed by the next call: {NUMBER} became {NUMBER}"
    assert re.fullmatch(words, sentence(gradcheck.check_vjp(np.tanh, reused, X), "GC022"))

    def draws(c: Any, x: Any) -> Any:
        return right(c, x) + 1e-9 * np.random.standard_normal(x.shape)  # noqa: NPY002 (the mistake)

    told = sentence(gradcheck.check_vjp(np.tanh, draws, X), "GC024")
    assert told == "the derivative gives another answer in another state of NumPy's global generator"


def test_gc023_of_an_exception_and_of_numbers() -> None:
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        kept["y"] = np.tanh(x)
        return kept["y"]

    def grad(x: Any) -> Any:
        return (1 - np.tanh(x) ** 2) * (kept["y"] is not None)

    told = sentence(gradcheck.check_gradient(lambda x: np.sum(f(x)), grad, X), "GC023")
    answers = r"the derivative's answer is the exception KeyError: 'y' \(.*\) at first and an array afterwards"
    assert re.fullmatch(f"asked before f: {answers}", told)
    assert "in grad: return (1 - np.tanh(x) ** 2) * (kept" in told
    told = sentence(gradcheck.check_vjp(f, lambda c, x: c * (1 - np.asarray(kept["y"], dtype=float) ** 2), X), "GC023")
    assert re.fullmatch(
        rf"after f was called at another point: x\[0\] is {NUMBER} at first and {NUMBER} afterwards", told
    )


def test_gc025_expects_a_number() -> None:
    told = sentence(gradcheck.check_vjp(np.tanh, lambda c, x: right(c, x) + 0.5, X), "GC025")
    assert told == "for a cotangent of zero: x[0] is 0.5, expected 0"


def test_gc026_of_numbers() -> None:
    def walks_memory(c: Any, x: Any) -> Any:
        return (c.ravel() * (1 - np.tanh(x.ravel(order="K")) ** 2)).reshape(x.shape)

    told = sentence(gradcheck.check_vjp(np.tanh, walks_memory, M), "GC026")
    words = rf"x\[0, 1\] is {NUMBER} for a contiguous input and {NUMBER} for the same numbers in Fortran order"
    assert re.fullmatch(words, told)


def test_gc026_of_an_exception() -> None:
    def insists_on_writing(c: Any, x: Any) -> Any:
        if not x.flags.writeable:
            raise ValueError("assignment destination is read-only")
        return right(c, x)

    told = sentence(gradcheck.check_vjp(np.tanh, insists_on_writing, M), "GC026")
    assert "and and" not in told
    words = (
        r"the derivative's answer is an array for a contiguous input and the exception ValueError: assignment "
        r"destination is read-only \(.*test_words\.py, line \d+, in insists_on_writing: raise ValueError\(.*\)\) "
        r"for the same numbers in a read-only array"
    )
    assert re.fullmatch(words, told)


def test_gc027_names_both_slots() -> None:
    def filed(c: Any, a: Any, b: Any) -> Any:
        slots = {id(a): 0.0, id(b): 0.0}
        slots[id(a)] = slots[id(a)] + c * b
        slots[id(b)] = slots[id(b)] + c * a
        return slots[id(a)], slots[id(b)]

    result = gradcheck.check_vjp(lambda a, b: a * b, filed, np.array([1.5, -0.5]), np.array([0.25, 2.0]))
    told = sentence(result, "GC027")
    assert re.fullmatch(rf"given one array for a and b, a\[0\] is {NUMBER} instead of {NUMBER}", told)


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [1e-9, 3e-12, 1e-13, 3e-14])
def test_a_difference_can_be_seen_in_the_sentence(off: float) -> None:
    told = sentence(gradcheck.check_gradient(lambda x: 6.0 * x, lambda x: 6.0 + off, 1.0, interest=1e-15), "GC012")
    found = re.search(rf"is ({NUMBER}), but the truth is ({NUMBER}) ", told)
    assert found
    assert found[1] != found[2]


def test_a_jvp_has_tangents_and_no_gradients() -> None:
    told = sentence(gradcheck.check_jvp(np.tanh, lambda p, t: t[0] * 1.0, X), "GC012")
    assert re.match(rf"the tangent of output\[\d\] is {NUMBER}, but the truth is {NUMBER} ", told)
    told = sentence(gradcheck.check_jvp(np.tanh, lambda p, t: t[0] * np.nan, X), "GC013")
    assert told.startswith("the tangent of output[0] is nan, but the truth is finite")


# -- nothing returned --------------------------------------------------------------------------------------------------


def product(a: Any, b: Any) -> Any:
    return np.sum(a * b)


@pytest.mark.parametrize(
    "check",
    [
        lambda: gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: None, X),
        lambda: gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: (None,), X),
        lambda: gradcheck.check_gradient(product, lambda a, b: None, X, X + 1),
        lambda: gradcheck.check_gradient(product, lambda a, b: (None, None), X, X + 1),
        lambda: gradcheck.check_vjp(np.tanh, lambda c, x: None, X),
        lambda: gradcheck.check_jvp(np.tanh, lambda p, t: None, X),
        lambda: gradcheck.check_jvp(lambda x: (np.sin(x), np.cos(x)), lambda p, t: None, X),
    ],
)
def test_none_as_a_whole_asks_for_the_return(check: Any) -> None:
    result = check()
    assert (result.verdict, result.codes[0]) == ("ERROR", "GC019")
    assert "got None: is a `return` missing?" in result.findings[0].sentence


def test_an_f_without_a_return_is_asked_the_same() -> None:
    result = gradcheck.check_gradient(lambda x: None, lambda x: 2 * x, X)
    assert result.findings[0].sentence == "f returned None: is a `return` missing?"


def test_none_still_counts_as_zero() -> None:
    assert gradcheck.check_gradient(lambda a, b: np.sum(a), lambda a, b: (np.ones(3), None), X, X)
    assert gradcheck.check_gradient(lambda x: 0.0 * np.sum(x), lambda x: None, X)
    partly = gradcheck.check_gradient(product, lambda a, b: (b, None), X, X + 1)
    assert (partly.verdict, partly.codes[0]) == ("FAIL", "GC012")


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda a, b: b, "expected 2 gradients, one per input, got one array of shape (3,)"),
        (
            lambda a, b: (b, a, a),
            "expected 2 gradients, one per input, got a tuple of 3: an array of shape (3,) and dtype float64, ",
        ),
        (lambda a, b: {"a": b, "b": a}, "got a dict; return a tuple in the order a, b"),
    ],
)
def test_a_wrong_number_of_gradients(returned: Any, words: str) -> None:
    result = gradcheck.check_gradient(product, returned, X, X + 1)
    assert result.codes == ("GC019",)
    assert words in result.findings[0].sentence


# -- names -------------------------------------------------------------------------------------------------------------


class Layer:
    def backward(self, x: Any) -> Any:
        return 3 * x

    def __call__(self, x: Any) -> Any:
        return 3 * x


def sigmoid_backward(x: Any) -> Any:
    return 3 * x


def test_a_function_goes_by_the_name_its_author_gave_it() -> None:
    def nested(x: Any) -> Any:
        return 3 * x

    assert function_name(sigmoid_backward) == "sigmoid_backward"
    assert function_name(nested) == "nested"
    assert function_name(Layer().backward) == "Layer.backward"
    assert function_name(Layer()) == "Layer"
    assert function_name(functools.partial(functools.partial(sigmoid_backward), 1)) == "sigmoid_backward"
    assert function_name(np.cos) == "cos"
    nameless = lambda x: 3 * x  # noqa: E731 (a lambda is what is tested)
    line = nameless.__code__.co_firstlineno
    assert re.fullmatch(rf"<lambda> \(.*test_words\.py:{line}\)", function_name(nameless))


def test_lists_of_names() -> None:
    assert [listed(n) for n in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_the_first_line_says_which_function_and_which_entry() -> None:
    def odd_backward(x: Any) -> Any:  # no mistake that has a name
        return np.cos(7 * x) + 11

    result = gradcheck.check_gradient(lambda x: np.sum(x**2), odd_backward, np.array([0.0]))
    headline = "odd_backward: the gradient with respect to x[0] is 12, but the truth is 0"
    assert result.headline == headline
    with pytest.raises(gradcheck.GradientError) as caught:
        gradcheck.assert_gradient(lambda x: np.sum(x**2), odd_backward, np.array([0.0]))
    assert str(caught.value).splitlines()[0] == headline
    assert str(caught.value).splitlines()[1].startswith("FAIL  odd_backward  (")
    called = gradcheck.check_gradient(lambda x: np.sum(x**2), Layer(), X)
    assert called.headline == "Layer: the gradient with respect to x is 1.5 times the right one throughout"
