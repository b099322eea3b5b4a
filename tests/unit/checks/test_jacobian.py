"""check_jacobian: every entry, in every form in which people write a Jacobian."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import gradcheck
from gradcheck.checks import jacobian
from gradcheck.checks.rows import Rows
from gradcheck.errors import InvalidProblem, UsageError
from gradcheck.judge.elsewhere import CHANCE, drawn

X = np.array([1.3, 0.7, -0.8, 1.9])


def f(x: Any) -> Any:
    return np.array([x[0] * x[1], np.sin(x[2]) * x[3], x.sum() ** 2])


def jac(x: Any) -> Any:
    """Worked out by hand."""
    return np.array(
        [[x[1], x[0], 0, 0], [0, 0, np.cos(x[2]) * x[3], np.sin(x[2])], [2 * x.sum()] * 4],
    )


def bent(entry: tuple[int, int], factor: float) -> Any:
    def wrong(x: Any) -> Any:
        matrix = jac(x)
        matrix[entry] *= factor
        return matrix

    return wrong


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(jac, id="dense"),
        pytest.param(lambda x: jac(x).tolist(), id="rows-of-a-list"),
        pytest.param(lambda x: scipy.sparse.csr_array(jac(x)), id="sparse"),
        pytest.param(lambda x: aslinearoperator(jac(x)), id="linear-operator"),
        pytest.param(lambda x: (jac(x),), id="tuple-of-one"),
    ],
)
def test_forms_of_a_right_jacobian(form: Any) -> None:
    result = gradcheck.check_jacobian(f, form, X)
    assert result.verdict == "PASS"
    assert result.comparisons == 12


@pytest.mark.parametrize("entry", [(0, 0), (1, 2), (2, 3)])
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array, aslinearoperator])
def test_a_wrong_entry_is_named(entry: tuple[int, int], form: Any) -> None:
    wrong = bent(entry, 1.001)
    result = gradcheck.check_jacobian(f, lambda x: form(wrong(x)), X)
    assert result.verdict == "FAIL"
    assert result.worst is not None
    assert result.worst.entry == entry


def test_the_transpose_is_said_to_be_that() -> None:
    result = gradcheck.check_jacobian(f, lambda x: jac(x).T, X)
    assert result.codes == ("GC100", "GC051")
    assert "this is the shape of the transpose" in result.findings[0].sentence


def test_a_square_transpose_is_named() -> None:
    a = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])

    def product(x: Any) -> Any:
        return a @ x * x[0]

    def right(x: Any) -> Any:
        return a * x[0] + np.outer(a @ x, [1.0, 0.0, 0.0])

    assert gradcheck.check_jacobian(product, right, X[:3]).verdict == "PASS"
    result = gradcheck.check_jacobian(product, lambda x: right(x).T, X[:3])
    assert result.verdict == "FAIL"
    assert any(f.code == "GC051" and "transpose" in f.sentence for f in result.findings)


def test_a_shape_that_fits_nothing() -> None:
    result = gradcheck.check_jacobian(f, lambda x: np.zeros((2, 2)), X)
    assert result.codes == ("GC100",)
    assert "(3, 4)" in result.findings[0].sentence
    assert "(2, 2)" in result.findings[0].sentence
    assert "transpose" not in result.findings[0].sentence


@pytest.mark.parametrize("flat", [False, True])
def test_outputs_and_inputs_of_several_axes(flat: bool) -> None:
    b = np.arange(6.0).reshape(2, 3) / 5

    def product(a: Any) -> Any:
        return a @ b  # d (A B)[i, k] / d A[j, l] = [i = j] B[l, k]

    def right(a: Any) -> Any:
        full = np.einsum("ij,lk->ikjl", np.eye(2), b)
        return full.reshape(6, 4) if flat else full

    a = np.array([[1.0, -2.0], [0.5, 3.0]])
    assert gradcheck.check_jacobian(product, right, a).verdict == "PASS"
    assert gradcheck.check_jacobian(product, lambda a: right(a) * 1.01, a).verdict == "FAIL"


def test_several_inputs_and_outputs() -> None:
    def both(x: Any, y: Any) -> Any:
        return x * y, np.sum(x) ** 2

    def right(x: Any, y: Any) -> Any:
        return ((np.diag(y), np.diag(x)), (np.full((1, 2), 2 * np.sum(x)), np.zeros((1, 2))))

    def wrong(x: Any, y: Any) -> Any:
        (a, b), (c, d) = right(x, y)
        return (a, b), (c / 2, d)

    at = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    assert gradcheck.check_jacobian(both, right, *at).verdict == "PASS"
    result = gradcheck.check_jacobian(both, wrong, *at)
    assert result.verdict == "FAIL"
    assert result.worst is not None
    assert result.worst.block == "x"
    assert result.worst.entry[0] == 2


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array, aslinearoperator], ids=lambda f: f.__name__)
def test_one_matrix_with_the_columns_of_several_inputs(form: Any) -> None:
    """As `scipy.optimize.curve_fit` takes it: a column per parameter of f(t, a, b)."""
    t = np.array([0.0, 0.5, 1.0, 2.0])

    def jac(t: Any, a: Any, b: Any) -> Any:
        return np.column_stack([np.exp(-b * t), -a * t * np.exp(-b * t)])

    def check(bend: Any) -> Any:
        own = [t, 1.5, 0.7]
        return gradcheck.check_jacobian(
            lambda t, a, b: a * np.exp(-b * t), lambda *q: form(bend(jac(*q))), *own, wrt=("a", "b")
        )

    assert check(np.asarray).verdict == "PASS"
    assert check(lambda j: j[:, ::-1]).verdict == "FAIL"
    turned = check(np.transpose)
    assert turned.verdict == "ERROR"
    assert "expected 2 Jacobians, one per input, got a" in turned.findings[0].sentence


def test_a_scalar_input_and_a_scalar_output() -> None:
    assert gradcheck.check_jacobian(lambda t: np.array([t, t**2]), lambda t: np.array([1.0, 2 * t]), 3.0)
    assert gradcheck.check_jacobian(lambda x: np.sum(x**2), lambda x: 2 * x, X)
    assert gradcheck.check_jacobian(lambda x: np.sum(x**2), lambda x: x, X).verdict == "FAIL"


def _residual(u: Any) -> Any:
    """u'' + u^3 on a grid, zero at both ends."""
    inner = -2 * u
    inner[1:] += u[:-1]
    inner[:-1] += u[1:]
    return inner + u**3


def _sparse_jacobian(u: Any) -> Any:
    n = len(u)
    return scipy.sparse.diags_array([np.ones(n - 1), -2 + 3 * u**2, np.ones(n - 1)], offsets=[-1, 0, 1])


def test_a_large_sparse_jacobian_is_judged_by_columns() -> None:
    u = np.linspace(-1, 1, 120)
    assert len(u) > jacobian.MOST_ROWS
    result = gradcheck.check_jacobian(_residual, _sparse_jacobian, u)
    assert result.verdict == "PASS"
    (note,) = (found for found in result.findings if found.code == "GC101")
    assert (note.facts["rows"], note.facts["columns"]) == (120, 120)
    assert note.sentence.endswith("errors in several entries of a column cancel with probability at most 3.33e-05")

    def wrong(u: Any) -> Any:
        matrix = _sparse_jacobian(u).tolil()
        matrix[17, 18] = -1.0
        return matrix

    result = gradcheck.check_jacobian(_residual, wrong, u)
    assert result.verdict == "FAIL"
    assert result.worst is not None
    assert result.worst.entry == (17, 18)


def test_each_weight_of_a_columns_sum_is_one_of_thirty_thousand() -> None:
    weights = 1e4 * drawn(np.random.default_rng(1), np.empty(10_000))
    assert weights == pytest.approx(np.round(weights), abs=1e-9)
    assert (np.min(np.abs(weights)) >= 5_000, np.max(np.abs(weights)) <= 20_000) == (True, True)
    assert pytest.approx(1 / (2 * (20_000 - 5_000))) == CHANCE  # the two at the ends have half a chance each
    assert 1_000 < np.sum(weights < -12_500) < 4_000


@pytest.mark.parametrize("size", [jacobian.MOST_ROWS, jacobian.MOST_ROWS + 1])
def test_where_columns_begin(size: int) -> None:
    result = gradcheck.check_jacobian(lambda t: t * np.ones(size), lambda t: np.ones(size), 2.0)
    assert result.verdict == "PASS"
    assert ("GC101" in result.codes) == (size > jacobian.MOST_ROWS)


def test_what_f_and_the_jacobian_raise() -> None:
    def broken(x: Any) -> Any:
        raise ValueError("no such layer")

    result = gradcheck.check_jacobian(broken, jac, X)
    assert result.codes == ("GC018",)
    assert isinstance(result.exception, ValueError)
    result = gradcheck.check_jacobian(f, broken, X)
    assert result.codes[0] == "GC004"
    assert "no such layer" in result.findings[0].sentence


def test_wrong_calls() -> None:
    not_callable: Any = jac(X)
    with pytest.raises(InvalidProblem, match="the Jacobian to check"):
        gradcheck.check_jacobian(f, not_callable, X)
    with pytest.raises(UsageError, match="tol"):
        gradcheck.check_jacobian(f, jac, X, tol=1e-3)
    assert gradcheck.check_jacobian(f, lambda x: {"a": 1}, X).codes == ("GC007",)
    assert gradcheck.check_jacobian(f, lambda x: (jac(x), jac(x)), X).codes == ("GC019",)
    assert gradcheck.check_jacobian(f, lambda x: jac(x) * (1 + 1j), X).codes == ("GC007",)


def test_assertion() -> None:
    gradcheck.assert_jacobian(f, jac, X)
    with pytest.raises(gradcheck.GradientError, match=r"x\[1, 2\]"):
        gradcheck.assert_jacobian(f, bent((1, 2), 2.0), X)


def test_keyword_arguments_and_further_outputs() -> None:
    def f(x: Any, scale: float = 1.0) -> Any:
        return scale * x**2, "aux"

    def jac(x: Any, scale: float = 1.0) -> Any:
        return scale * np.diag(2 * x)

    options: dict[str, Any] = {"kwargs": {"scale": 3.0}, "has_aux": True}
    assert gradcheck.check_jacobian(f, jac, np.array([0.5, 2.0]), **options)
    assert gradcheck.check_jacobian(f, lambda x, scale: jac(x), np.array([0.5, 2.0]), **options).verdict.value == "FAIL"
    with pytest.raises(UsageError, match="kwargs must be a dict"):
        gradcheck.check_jacobian(f, jac, np.array([0.5, 2.0]), kwargs=3)


def test_an_f_that_approximates_is_judged_by_what_is_meant() -> None:
    def series(x: Any) -> Any:
        return x - x**3 / 6

    x = np.array([0.5, 0.25])
    assert gradcheck.check_jacobian(series, lambda x: np.diag(np.cos(x)), x, meant=np.sin)
    assert gradcheck.check_jacobian(series, lambda x: np.diag(1 - x**2 / 2), x, meant=np.sin).verdict.value == "FAIL"


def test_the_transpose_of_a_rectangular_one_is_said_to_be_that_where_its_numbers_are() -> None:
    A = np.arange(6.0).reshape(2, 3)
    for factor, kinds in ((1.0, {"transposed"}), (2.0, set())):
        result = gradcheck.check_jacobian(lambda x: A @ x, lambda x, k=factor: k * A.T, np.ones(3))
        assert result.codes[0] == "GC100"
        assert {f.facts.get("kind") for f in result.findings if f.code == "GC051"} == kinds


def test_of_a_large_one_the_wrong_entry_is_named() -> None:
    n = jacobian.MOST_ROWS + 6
    A = np.random.default_rng(4).standard_normal((n, 5))

    def right(x: Any) -> Any:
        return A / np.cosh(A @ x)[:, None] ** 2

    def wrong(x: Any) -> Any:
        matrix = right(x)
        matrix[41, 3] *= 1.01
        return matrix

    x = np.linspace(-0.3, 0.4, 5)
    assert gradcheck.check_jacobian(lambda x: np.tanh(A @ x), right, x)
    result = gradcheck.check_jacobian(lambda x: np.tanh(A @ x), wrong, x)
    assert result.verdict.value == "FAIL"
    assert result.worst is not None
    assert result.worst.entry == (41, 3)
    assert result.worst.subject == pytest.approx(1.01 * result.worst.truth, rel=1e-12)
    assert "x[41, 3]" in str(result)


def test_a_complex_output_of_real_inputs() -> None:
    w = np.array([0.5, 1.0, 2.0])

    def response(p: Any) -> Any:
        return 1 / (p[0] - w**2 + 1j * p[1] * w)

    def jac(p: Any) -> Any:
        y = response(p)
        return np.stack([-(y**2), -1j * w * y**2], axis=1)

    p = np.array([1.5, 0.3])
    assert gradcheck.check_jacobian(response, jac, p)
    assert gradcheck.check_jacobian(response, lambda p: jac(p).conj(), p).verdict.value == "FAIL"
    assert gradcheck.check_jacobian(response, lambda p: jac(p) * np.array([1.0, 1.001]), p).verdict.value == "FAIL"
    assert gradcheck.check_jacobian(response, lambda p: jac(p).real, p).verdict.value == "FAIL"


def test_rows_at_one_point_are_one_call() -> None:
    """Nine outputs of a function that cannot be traced: a difference moves one row, and the other eight are alike."""
    calls = [0]

    def outer(x: Any) -> Any:
        calls[0] += 1
        return np.outer(x, x) if type(x) is np.ndarray and x.dtype == float else opaque(x)

    def opaque(x: Any) -> Any:
        raise TypeError("floats only")

    rows = Rows(outer, lambda x: x, (np.array([1.0, 2.0, 4.0]),), (0,), ((3, 3),))
    (stacked,) = rows.stacked_inputs()
    assert rows.scalar()(stacked) == (1 + 2 + 4) ** 2
    assert calls[0] == 1
    stacked[5] = [1.0, 3.0, 5.0]  # row 5 is the entry [1, 2]
    assert rows.scalar()(stacked) == (1 + 2 + 4) ** 2 - 2 * 4 + 3 * 5
    assert calls[0] == 3


def test_rows_of_a_function_that_answers_in_one_array() -> None:
    answer = np.zeros(2)

    def double(x: Any) -> Any:
        answer[...] = 2 * x
        return answer

    rows = Rows(double, lambda x: x, (np.array([1.0, 2.0]),), (0,), ((2,),))
    assert rows.scalar()(np.array([[1.0, 2.0], [5.0, 7.0]])) == 2.0 + 14.0
    assert rows.scalar()(np.array([[1.0, 2.0], [1.0, 2.0]])) == 2.0 + 4.0


def test_an_operator_that_takes_vectors_of_one_axis() -> None:
    def jac(x: Any, factor: float = 2.0) -> Any:
        return LinearOperator((2, 2), matvec=lambda v: factor * x * v, dtype=float)

    x = np.array([1.0, 2.0])
    assert gradcheck.check_jacobian(np.square, jac, x).verdict == "PASS"
    assert gradcheck.check_jacobian(np.square, lambda x: jac(x, 3.0), x).verdict == "FAIL"


def test_a_jacobian_given_as_a_gradient_is_told_its_check() -> None:
    result = gradcheck.check_gradient(lambda x: np.outer(x, x)[0], lambda x: np.eye(2), np.array([1.0, 2.0]))
    assert "shape (2,): use check_jacobian" in result.findings[0].sentence


LAYER = {"W": np.array([[1.0, 0.5], [-0.25, 2.0]]), "b": {"v": np.array([0.1, -0.3])}, "name": "first"}


def layer(p: Any, x: Any) -> Any:
    return p["W"] @ x + p["b"]["v"] ** 2


def layer_jacobian(p: Any, x: Any) -> Any:
    return {"W": np.einsum("ij,k->ijk", np.eye(2), x), "b": {"v": np.diag(2 * p["b"]["v"])}, "name": None}, p["W"]


def layer_jacobian_undoubled(p: Any, x: Any) -> Any:
    by_layer, by_x = layer_jacobian(p, x)
    return {**by_layer, "b": {"v": np.diag(p["b"]["v"])}}, by_x


def test_parameters_in_a_dict() -> None:
    x = np.array([0.7, -1.2])
    assert gradcheck.check_jacobian(layer, layer_jacobian, LAYER, x)
    assert gradcheck.check_jacobian(layer, layer_jacobian, LAYER, x, domain={"p": (-9, 9)}, stop_gradient=())
    result = gradcheck.check_jacobian(layer, layer_jacobian_undoubled, LAYER, x)
    assert result.verdict == "FAIL"
    assert result.right_blocks == ("p['W']", "x")
    unlike = gradcheck.check_jacobian(layer, lambda p, x: ({"W": np.zeros((2, 2, 2)), "name": None}, p["W"]), LAYER, x)
    assert unlike.verdict == "ERROR"
    assert "p['b']" in unlike.findings[0].sentence
