"""Calls that cannot be meant: one sentence each, of which kind, and no traceback of gradcheck's own."""

import inspect
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

import gradcheck
from gradcheck.checks.function_arguments import OF_OTHER_CHECKERS
from gradcheck.errors import GradcheckError, InvalidProblem, UsageError

X = np.array([0.7, -1.2, 0.4])
PACKAGE = str(Path(gradcheck.__file__).parent)


def square(x: Any) -> Any:
    return np.sum(x**2)


def double(x: Any) -> Any:
    return 2 * x


def refused(kind: type[Exception], *arguments: Any, **options: Any) -> str:
    """The sentence with which a call is refused, checked to be one, and to come from the door."""
    with pytest.raises(kind) as caught:
        gradcheck.check_gradient(*arguments, **options)
    frames = [f for f in traceback.extract_tb(caught.value.__traceback__) if f.filename.startswith(PACKAGE)]
    assert len(frames) == 1
    message = str(caught.value)
    assert 10 < len(message) < 600
    assert "\n" not in message
    return message


# -- options -----------------------------------------------------------------------------------------------------------

ENTRANCES = [
    (gradcheck.check_gradient, (square, double, X)),
    (gradcheck.check_vjp, (np.tanh, lambda c, x: c * (1 - np.tanh(x) ** 2), X)),
    (gradcheck.check_jvp, (np.tanh, lambda p, t: t[0] * (1 - np.tanh(p[0]) ** 2), X)),
    (gradcheck.assert_gradient, (square, double, X)),
]


@pytest.mark.parametrize("option", ["rtol", "atol", "eps", "delta", "tol", "h", "nondet_tol"])
@pytest.mark.parametrize(("check", "arguments"), ENTRANCES, ids=lambda v: getattr(v, "__name__", ""))
def test_a_step_size_or_a_tolerance_is_told_what_there_is_instead(check: Any, arguments: Any, option: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(*arguments, **{option: 1e-5})
    message = str(caught.value)
    assert message.startswith(f"{check.__name__.replace('assert', 'check')} has no option {option!r}: ")
    assert "no step size and no tolerance" in message
    assert "interest= says which relative error matters" in message
    assert "accuracy= how accurately f itself is computed" in message


def test_no_option_of_ours_is_taken_for_another_checkers() -> None:
    for check in (gradcheck.check_gradient, gradcheck.check_vjp, gradcheck.check_jvp):
        # `order` is ours in check_vjp alone, and means what it means elsewhere: how many derivatives are checked
        known = {"order"} if check is gradcheck.check_vjp else set()
        assert OF_OTHER_CHECKERS & set(inspect.signature(check).parameters) == known


def test_another_option_lists_what_there_is() -> None:
    assert refused(UsageError, square, double, X, intrest=1e-3).endswith("; did you mean interest?")
    assert "its options are wrt, structure, meant" in refused(UsageError, square, double, X, colour=3)


def test_options_that_exist_are_taken_and_so_are_keywords() -> None:
    assert gradcheck.check_gradient(square, double, X, interest=1e-3, accuracy=0.0, max_ulps=64, seed=np.int64(3))
    assert list(inspect.signature(gradcheck.check_gradient).parameters)[:3] == ["f", "grad", "inputs"]


@pytest.mark.parametrize("value", ["a", -1, -1e-9, float("nan"), float("inf"), True, [1e-6], 1.0, 2.0, 10**400])
def test_a_bad_accuracy(value: Any) -> None:
    assert "accuracy is the relative error of f itself" in refused(UsageError, square, double, X, accuracy=value)


@pytest.mark.parametrize("option", ["interest", "max_ulps"])
@pytest.mark.parametrize("value", ["a", -1, 0, float("nan"), True, [1e-6], 10**400])
def test_a_bad_interest_or_max_ulps(option: str, value: Any) -> None:
    assert f"{option} must be a positive number" in refused(UsageError, square, double, X, **{option: value})


@pytest.mark.parametrize("value", ["a", -1, 1.5, float("nan"), True, [1]])
@pytest.mark.parametrize("x", [X, st.floats(1, 2)], ids=["array", "strategy"])
def test_a_bad_seed(value: Any, x: Any) -> None:
    assert "seed must be a whole number >= 0" in refused(UsageError, square, double, x, seed=value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("symmetric", "must be a mapping"),
        (["symmetric"], "must be a mapping"),
        (3, "must be a mapping"),
        ({"x": "foo"}, "must be one of symmetric, positive-definite, skew, triangular,"),
        ({"x": ["symmetric"]}, "must be one of symmetric, positive-definite, skew, triangular,"),
        ({0: None}, "must be one of symmetric, positive-definite, skew, triangular,"),
        ({"z": "symmetric"}, "inputs are x"),
        ({None: "symmetric"}, "inputs are x"),
        ({0: "symmetric"}, "shape (3,)"),
    ],
)
def test_a_bad_structure(value: Any, words: str) -> None:
    assert words in refused(InvalidProblem, square, double, X, structure=value)


@pytest.mark.parametrize("value", ["y", 7, 1.5, True, (), object(), b"x", [[0]], float("nan"), {"y": 1}])
def test_a_bad_wrt(value: Any) -> None:
    assert "wrt" in refused(InvalidProblem, square, double, X, wrt=value)


@pytest.mark.parametrize("value", [np.int64(0), np.array([0]), (np.int32(-1),)])
def test_positions_may_be_whole_numbers_of_numpys(value: Any) -> None:
    assert gradcheck.check_gradient(square, double, X, wrt=value)


@pytest.mark.parametrize("value", [3, "f", X])
def test_a_meant_that_is_no_function(value: Any) -> None:
    assert "meant: expected a function" in refused(InvalidProblem, square, double, X, meant=value)


@pytest.mark.parametrize(
    ("meant", "words"),
    [
        (lambda x: 1 / 0, "meant raised ZeroDivisionError: division by zero"),
        (lambda x: None, "meant returned None"),
        (lambda x: x, "meant must return what f returns, shape (), got shape (3,)"),
        (lambda x: (np.sum(x), np.sum(x)), "meant must return what f returns, shape (), got shape () and ()"),
        (lambda x: np.nan * np.sum(x), "meant has the value nan here"),
    ],
)
def test_a_meant_that_gives_nothing_is_named(meant: Any, words: str) -> None:
    result = gradcheck.check_gradient(square, double, X, meant=meant)
    assert (result.verdict, result.codes) == ("ERROR", ("GC018",))
    assert words in result.findings[0].sentence


# -- inputs ------------------------------------------------------------------------------------------------------------


class Refuses:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("the tensor is on a device")


class Frame:
    """Like a table of pandas: no array, but it makes one."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self._values, dtype=dtype)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            [[1.0], [2.0, 3.0]],
            "input 'x': expected an array of real numbers, got a list of rows of lengths 1, 2; make the rows equally",
        ),
        (Refuses(), "got a Refuses that NumPy cannot read (the tensor is on a device); give a NumPy array"),
        (
            np.ma.array([1.0, 2.0], mask=[0, 1]),
            "got a MaskedArray of shape (2,) and dtype float64 with masked entries; give x.compressed()",
        ),
        (np.array([1.0, None]), "got an array of shape (2,) and dtype object; give np.asarray(x, float)"),
        (None, "real numbers, got None; give numbers"),
        ("abc", "real numbers, got a str; give numbers"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "of shape (1,) and dtype datetime64[D]"),
        (st.text(), "real numbers, got a str"),
        (st.floats(3, 2), "the strategies: "),
    ],
    ids=lambda v: type(v).__name__,
)
def test_an_input_that_is_no_array_of_real_numbers(given: Any, words: str) -> None:
    assert words in refused(InvalidProblem, square, double, given)


@pytest.fixture
def matrix() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield np.matrix([[1.0, 2.0], [3.0, 4.0]])


def test_a_matrix_is_refused_since_its_product_is_another(matrix: Any) -> None:
    """f and its gradient are right for np.matrix alone, and f is another function of plain arrays."""
    ones = matrix * 0 + 1

    def f(x: Any) -> Any:
        return np.sum(x * x)

    def grad(x: Any) -> Any:
        return ones * x.T + x.T * ones

    assert "input 'x': expected an array, got an np.matrix of shape (2, 2) and dtype float64" in refused(
        InvalidProblem, f, grad, matrix
    )


@pytest.mark.parametrize("given", [[[1.0, 2.0], [3.0, 4.0]], [X, X], Frame(X), (1.0, 2.0), np.ma.array([1.0, 2.0])])
def test_what_numpy_reads_as_an_array_is_one(given: Any) -> None:
    assert gradcheck.check_gradient(square, double, given)
    assert gradcheck.check_gradient(square, lambda x: 3 * x, given).verdict == "FAIL"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_input_that_is_not_finite_is_named(bad: float) -> None:
    result = gradcheck.check_gradient(square, double, np.array([1.0, bad]))
    assert (result.verdict, result.codes) == ("ERROR", ("GC018",))
    assert result.findings[0].sentence == f"f has the value {bad} here, where x[1] is {bad}"


# -- NumPy's error state, warnings, prints -----------------------------------------------------------------------------


def steep(x: Any) -> Any:
    return np.sum(np.exp(-(x**2) * 1e5))  # underflows, here and in its derivative


def steep_gradient(x: Any) -> Any:
    return -2e5 * x * np.exp(-(x**2) * 1e5)


def test_the_callers_error_state_does_not_matter() -> None:
    with np.errstate(all="raise"):
        assert gradcheck.check_gradient(steep, steep_gradient, X)
        assert gradcheck.check_gradient(square, double, X)
        assert gradcheck.check_gradient(square, lambda x: 3 * x, X).verdict == "FAIL"
        assert set(np.geterr().values()) == {"raise"}


def test_an_error_state_that_f_or_the_derivative_leaves_behind_is_put_back() -> None:
    before = np.geterr()

    def f(x: Any) -> Any:
        value = steep(x)
        np.seterr(all="raise")
        return value

    assert gradcheck.check_gradient(f, steep_gradient, X).verdict == "PASS"
    assert gradcheck.check_gradient(square, lambda x: (np.seterr(all="raise"), 2 * x)[1], X).verdict == "PASS"
    assert np.geterr() == before


def test_warnings_of_the_users_code_are_nobodys_errors() -> None:
    def f(x: Any) -> Any:
        warnings.warn("f is old", DeprecationWarning, stacklevel=1)
        return square(x)

    def grad(x: Any) -> Any:
        warnings.warn("and so is its gradient", stacklevel=1)
        return double(x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gradcheck.check_gradient(f, grad, X).verdict == "PASS"
        assert gradcheck.check_gradient(f, lambda x: 1.5 * grad(x), X).verdict == "FAIL"


def test_what_the_users_code_prints_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    def grad(x: Any) -> Any:
        print("asked")
        return double(x)

    assert gradcheck.check_gradient(square, grad, X)
    assert set(capsys.readouterr().out.split()) == {"asked"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"oracles": np.ones(2)}, "oracles must be"),
        ({"convention": np.ones(2)}, "convention must be"),
        ({"has_aux": []}, "has_aux must be True or False"),
        ({"kwargs": np.ones(2)}, "kwargs must be a dict"),
        ({"stop_gradient": [np.ones(2)]}, "stop_gradient names an input"),
        ({"wrt": sparse.eye_array(2)}, "wrt names an input"),
        ({"wrt": np.array(7)}, "wrt names an input"),
    ],
)
def test_options_that_cannot_be_compared_with_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(GradcheckError, match=words):
        gradcheck.check_gradient(np.sum, np.ones_like, np.ones(2), **options)
    with pytest.raises(UsageError, match="of must be"):
        gradcheck.check_hessian(np.sum, np.ones_like, np.ones(2), of=np.ones(2))


def test_arguments_too_many_or_too_few() -> None:
    with pytest.raises(UsageError, match=r"check_adjoint\(A, AH, x, y, \*\*options\): too many positional arguments"):
        gradcheck.check_adjoint(np.cumsum, np.cumsum, np.ones(2), np.ones(2), np.ones(2))
    with pytest.raises(UsageError, match="missing a required argument: 'grad'"):
        gradcheck.check_gradient(np.sum)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            X.astype(np.longdouble),
            "expected float64, float32 or float16, got an array of shape (3, 3) and dtype",
        ),
        ({"a": np.array([1.0 + 2.0j])}, "real numbers, got a dict; give one of real arrays"),
        (
            sparse.csr_array(np.eye(2)),
            "real numbers, got a csr_array of shape (2, 2) and dtype float64; give x.toarray()",
        ),
        (X + 1j, "real numbers, got an array of shape (3,) and dtype complex128; give its real and its imaginary part"),
    ],
    ids=["longdouble", "dict", "sparse", "complex"],
)
def test_an_input_that_a_jacobian_does_not_take(value: Any, words: str) -> None:
    with pytest.raises(InvalidProblem) as refusal:
        gradcheck.check_jacobian(lambda x: x, lambda x: x, value)
    assert words in str(refusal.value)


def scaled_square(x: Any, scale: Any = 1.0) -> Any:
    return np.sum(scale * x**2)


def scaled_double(x: Any, *, scale: Any = 1.0) -> Any:
    return 2 * scale * x


@pytest.mark.parametrize(
    ("derivative", "keywords", "words"),
    [
        (scaled_double, {"factor": 2}, "f does not take the argument 'factor'; it takes x, scale"),
        (double, {"scale": 2}, "the derivative does not take the argument 'scale'; it takes x"),
        (scaled_double, {"x": 2}, "kwargs names 'x', which f gets as an input already"),
    ],
)
@pytest.mark.parametrize("check", [gradcheck.check_gradient, gradcheck.check_hessian])
def test_keywords_that_are_not_taken_are_told_before_anything_runs(
    check: Any, derivative: Any, keywords: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        check(scaled_square, derivative, X, kwargs=keywords)


def test_keywords_that_are_taken_in_any_way() -> None:
    def passes_on(*given: Any, **keywords: Any) -> Any:
        return scaled_double(*given, **keywords)

    class Loss:
        def __call__(self, x: Any, scale: Any) -> Any:
            return scaled_square(x, scale)

    assert gradcheck.check_gradient(Loss(), passes_on, X, kwargs={"scale": 3.0})
    assert gradcheck.check_gradient(Loss(), passes_on, X, kwargs={"scale": np.array([3.0, 1.0, 2.0])})
    assert gradcheck.check_gradient(Loss(), lambda x, scale: 2 * x, X, kwargs={"scale": 3.0}).verdict == "FAIL"


def test_an_operator_or_a_matrix_in_place_of_a_derivative() -> None:
    operator = LinearOperator((2, 2), matvec=lambda v: 2 * v, dtype=float)
    for check in (gradcheck.check_vjp, gradcheck.check_jvp, gradcheck.check_hvp):
        with pytest.raises(
            InvalidProblem, match=r"of shape \(2, 2\) and dtype float64, which takes a vector alone; say"
        ):
            check(lambda x: 2 * x, operator, X)
    with pytest.raises(
        InvalidProblem, match=r"got an array of shape \(2, 2\) and dtype float64; give one that returns it"
    ):
        gradcheck.check_jacobian(lambda x: 2 * x, 2 * np.eye(2), X)
