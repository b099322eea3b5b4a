"""Symbols under plain NumPy code: formulas, enclosures, decisions, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import symengine
from scipy import special

from gradcheck.errors import Unsupported
from gradcheck.numbers.symbol import Kink, Sheet
from gradcheck.numbers.symbols import Symbols, leaves

X = np.array([[0.5, -1.25, 2.0], [0.75, 3.0, -0.5]])

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "methods": lambda x: x.reshape(3, 2).T.sum(axis=0) + x.mean(axis=1).max(),
    "log-sum-exp by a shift": lambda x: x.max() + np.log(np.sum(np.exp(x - x.max()))),
    "softmax over an axis": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
    "variance": lambda x: np.var(x, axis=0) + np.std(x, axis=0),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "dot": lambda x: np.dot(x, x.T) + x @ x.T,
    "stack": lambda x: np.concatenate([np.stack([x[0], x[1]]), x[:, ::-1]], axis=0),
    "clip and sign": lambda x: np.clip(x, -1.0, 1.0) * np.sign(x) + np.abs(x),
    "where": lambda x: np.where(x > 0, x, 0.1 * x),
    "sort": lambda x: np.sort(x, axis=1)[:, -1],
    "argmax": lambda x: x[np.arange(2), np.argmax(x, axis=1)],
    "object buffers": lambda x: _loop(x),
    "in place": lambda x: _in_place(x),
    "special functions": lambda x: special.expit(x) + special.erf(x) + special.gammaln(x * x + 1),
    "powers": lambda x: x**2 + 2.0**x + (x * x) ** 0.5 + np.hypot(x, 1.0),
    "logarithms": lambda x: np.log1p(x * x) + np.log2(x * x + 1) + np.log10(x * x + 1) + np.expm1(x),
    "scalars on the left": lambda x: 2 - x + 1 / x - np.float64(3) * x,
    "like": lambda x: np.zeros_like(x) + np.ones_like(x) * x,
    "products": lambda x: np.prod(x, axis=1) + np.cumsum(x, axis=1)[:, 1],
}


def _loop(x: Any) -> Any:
    out = np.empty(2, dtype=object)
    for i in range(2):
        out[i] = x[i, 0] * x[i, 1]
    return np.sum(np.stack([out[0] + x[0, 0], out[1] + x[0, 0]]))


def _in_place(x: Any) -> Any:
    y = x.copy()
    y[0] = y[1] * 2.0
    y += 1.0
    return y


def run(function: Callable[[Any], Any], values: np.ndarray, **options: Any) -> Symbols:
    sheet = Sheet(**options)
    with sheet.precision():
        out = function(leaves(sheet, "x", values))
    assert isinstance(out, Symbols)
    return out


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpy_code_runs_unchanged(name: str) -> None:
    out = run(FUNCTIONS[name], X)
    expected = np.asarray(FUNCTIONS[name](X), dtype=float)
    assert out.shape == expected.shape
    for symbol, value in zip(out.data.flat, expected.flat, strict=True):
        ball = out.sheet.lift(symbol).ball
        assert float(ball.mid()) == pytest.approx(value, rel=1e-12, abs=1e-12)
        assert float(ball.rad()) < 1e-11


def test_the_formula_is_written_down() -> None:
    out = run(lambda x: (x[0] * x[1] + 0.5) ** 2, np.array([2.0, 3.0]))
    a, b = symengine.Symbol("x[0]"), symengine.Symbol("x[1]")
    assert out.item().expression == (a * b + symengine.Rational(1, 2)) ** 2


def test_floats_are_named_by_their_digits() -> None:
    out = run(lambda x: x * 0.1 + 3.0, np.array(2.0))
    assert str(out.item().expression) in ("3 + x*0.1", "3 + 0.1*x")
    assert 0.1 in out.sheet.known.values()


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (np.abs, 0.0),
        (lambda x: np.maximum(x, 1.0), 1.0),
        (lambda x: np.where(x > 0, x, 0 * x), 0.0),
        (lambda x: np.maximum(np.sin(x) ** 2 + np.cos(x) ** 2, 1.0), 0.3),
    ],
)
def test_undecided_comparisons_are_kinks(function: Callable[[Any], Any], at: float) -> None:
    with pytest.raises(Kink):
        run(function, np.array(at))
    run(function, np.array(at + 0.1)) if at != 0.3 else None


def test_equal_formulas_and_constants_are_equal() -> None:
    assert run(lambda x: np.maximum(x, x), np.array(1.0)).item().expression == symengine.Symbol("x")
    assert run(lambda x: np.maximum(x * 0, 0.0) + x, np.array(1.0)).item().expression == symengine.Symbol("x")


def test_no_derivative_is_dropped_in_silence() -> None:
    with pytest.raises(TypeError, match="derivative"):
        run(lambda x: float(x[0, 0]), X)
    with pytest.raises(TypeError, match="derivative"):
        run(lambda x: np.asarray(x, dtype=float), X)
    with pytest.raises(ValueError, match="sequence") as refused:  # NumPy's words for it, with ours as the cause
        run(lambda x: _float_buffer(x), X)
    assert "derivative" in str(refused.value.__cause__)


def _float_buffer(x: Any) -> Any:
    out = np.zeros(2)
    out[0] = x[0, 0]
    return out


def test_the_unknown_is_named() -> None:
    with pytest.raises(Unsupported, match="floor"):
        run(np.floor, X)
    with pytest.raises(Unsupported, match="finite"):
        run(lambda x: x + np.inf, X)
    with pytest.raises(Unsupported, match="zero"):
        run(lambda x: x / 0.0, X)


def test_budget_and_cuts() -> None:
    def many(x: Any) -> Any:
        for _ in range(20):
            x = np.sin(x) * x
        return x

    with pytest.raises(Unsupported, match="39 operations"):
        run(many, np.array(1.0), budget=39)
    whole = run(many, np.array(1.0), budget=40, longest=10**9)
    assert not whole.sheet.definitions
    cut = run(many, np.array(1.0), longest=10)
    assert cut.sheet.definitions
    assert float(cut.item().ball.mid()) == pytest.approx(float(whole.item().ball.mid()), rel=1e-12)
