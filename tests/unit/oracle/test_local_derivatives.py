"""Local derivatives by SymEngine, against mpmath's numerical derivatives in hundreds of digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradcheck.errors import Unsupported
from gradcheck.oracle.closed_form.local_derivatives import local_formulas, local_jacobian, local_vjp
from gradcheck.problem import OPS

MEANINGS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "square": lambda x: x * x,
    "pow": lambda x, y: x**y,
    "sqrt": mp.sqrt,
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": lambda x: mp.log(1 + x),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "relu": lambda x: max(x, mp.mpf(0)),
    "leaky_relu": lambda x: x if x > 0 else mp.mpf(0.01) * x,
    "elu": lambda x: x if x > 0 else mp.exp(x) - 1,
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "abs": abs,
    "minimum": min,
    "maximum": max,
}
"""What the elementwise ops mean, for mpmath."""


def true_derivative(op: str, arguments: tuple[float, ...], slot: int, *, side: int = 0) -> float:
    """d op / d argument, rounded to float64; one-sided where `side` is -1 or 1."""
    with mp.workdps(900):
        orders = tuple(int(k == slot) for k in range(len(arguments)))
        values = tuple(map(mp.mpf, arguments))
        return float(mp.diff(MEANINGS[op], values, orders, direction=side))


def test_every_elementwise_op_has_a_meaning_here() -> None:
    assert set(MEANINGS) == {name for name, row in OPS.items() if row.elementwise}


def points(op: str) -> list[tuple[float, ...]]:
    row, rng = OPS[op], np.random.default_rng(sum(map(ord, op)))
    count = row.arity or 1
    drawn = [tuple(float(rng.uniform(*row.range_of(k))) for k in range(count)) for _ in range(4)]
    return drawn + list(row.special)


@pytest.mark.parametrize("op", MEANINGS)
def test_elementwise_derivatives(op: str) -> None:
    """Correct to the last bits in relative terms, far into saturation; and a wrong truth would not pass."""
    row = OPS[op]
    for arguments in points(op):
        at_kink = row.kink is not None and not row.kink(*map(np.asarray, arguments)) > 0
        for slot in range(len(arguments)):
            (block,) = local_jacobian(op, {}, arguments, slot)
            got = float(block.derivatives.item())
            assert block.kinks.tolist() == [at_kink]
            if at_kink:
                sides = [true_derivative(op, arguments, slot, side=side) for side in (-1, 1)]
                assert any(got == pytest.approx(side) for side in sides)
            else:
                true = true_derivative(op, arguments, slot)
                assert got == pytest.approx(true, rel=4e-16, abs=0)
                assert got != pytest.approx(true * (1 + 1e-15) + 1e-320, rel=4e-16, abs=0)


@pytest.mark.parametrize("op", MEANINGS)
def test_whole_arrays_agree_with_single_entries(op: str) -> None:
    """More lanes than are done one by one: the same numbers, up to rounding, saturation and kinks included."""
    every = points(op)
    columns = [np.array(column) for column in zip(*every, strict=True)]
    tiled = [np.tile(column, 7) for column in columns]
    value = OPS[op].value(*tiled) if op not in ("exp", "sigmoid") else np.zeros(len(tiled[0]))
    for slot in range(len(columns)):
        one_by_one = [local_jacobian(op, {}, arguments, slot)[0].derivatives.item() for arguments in every]
        together = local_vjp(op, {}, tiled, value, 1.0, slot)
        np.testing.assert_allclose(together, np.tile(one_by_one, 7), rtol=1e-14, atol=0)


@pytest.mark.parametrize("op", OPS)
def test_jacobians_of_every_example(op: str) -> None:
    """Dense Jacobians against central differences of the op's NumPy value; entries not mentioned do not matter."""
    row, rng = OPS[op], np.random.default_rng(len(op))
    for shapes, attributes in row.examples:
        arguments = [np.array(rng.uniform(*row.range_of(k), s)) for k, s in enumerate(shapes)]
        value = np.asarray(row.value(*arguments, **attributes))
        for slot, shape in enumerate(shapes):
            dense = np.zeros((value.size, int(np.prod(shape))))
            for block in local_jacobian(op, attributes, arguments, slot):
                for outputs, inputs, derivatives in zip(block.outputs, block.inputs, block.derivatives, strict=True):
                    np.add.at(dense, np.ix_(outputs, inputs), derivatives)
            for column, index in enumerate(np.ndindex(shape)):
                moved = []
                for step in (1e-6, -1e-6):
                    shifted = [a.copy() for a in arguments]
                    shifted[slot][index] += step
                    moved.append(np.asarray(row.value(*shifted, **attributes)).reshape(-1))
                np.testing.assert_allclose(dense[:, column], (moved[0] - moved[1]) / 2e-6, rtol=1e-6, atol=1e-8)
            cotangent = rng.normal(size=value.shape)
            pulled = local_vjp(op, attributes, arguments, value, cotangent, slot)
            np.testing.assert_allclose(pulled, (cotangent.reshape(-1) @ dense).reshape(shape), rtol=1e-12, atol=1e-13)


def test_whole_exponents_at_any_base() -> None:
    base, exponent = [0.0, -2.0, 3.0, 0.0, 0.0], [2.0, 3.0, 2.5, 1.0, 0.0]
    slopes = local_vjp("pow", {}, [base, exponent], np.zeros(5), 1.0, 0)
    np.testing.assert_allclose(slopes, [0.0, 12.0, 2.5 * 3**1.5, 1.0, 0.0], rtol=1e-15)
    many = [np.tile(v, 9) for v in (base, exponent)]
    np.testing.assert_array_equal(local_vjp("pow", {}, many, np.zeros(45), 1.0, 0), np.tile(slopes, 9))


def test_a_large_matrix_product() -> None:
    rng = np.random.default_rng(0)
    a, b, cotangent = rng.normal(size=(8, 64)), rng.normal(size=(64, 10)), rng.normal(size=(8, 10))
    a[0, :5] = 0.0
    np.testing.assert_allclose(local_vjp("matmul", {}, [a, b], a @ b, cotangent, 0), cotangent @ b.T, atol=1e-13)
    np.testing.assert_allclose(local_vjp("matmul", {}, [a, b], a @ b, cotangent, 1), a.T @ cotangent, atol=1e-13)


def test_ties_choose_a_branch_and_say_so() -> None:
    (block,) = local_jacobian("max", {}, [[1.0, 2.0, 2.0]], 0)
    assert block.kinks.tolist() == [True]
    assert sorted(block.derivatives.ravel().tolist()) == [0.0, 0.0, 1.0]
    assert local_vjp("relu", {}, [0.0], 0.0, 1.0, 0) == 0.0


def test_too_many_comparisons_are_refused() -> None:
    assert local_vjp("max", {}, [np.arange(257.0)], 256.0, 1.0, 0)[-1] == 1.0
    with pytest.raises(Unsupported, match="more than 256 comparisons"):
        local_vjp("max", {}, [np.arange(258.0)], 257.0, 1.0, 0)


@pytest.mark.parametrize(
    ("op", "slot", "lines"),
    [
        ("tanh", 0, {"d tanh(x)/dx = 1 - tanh(x)^2"}),
        ("mul", 1, {"d mul(x, y)/dy = x"}),
        ("relu", 0, {"d relu(x)/dx = 1 if x > 0", "d relu(x)/dx = 0 if x < 0"}),
        ("maximum", 1, {"d maximum(x, y)/dy = 0 if x > y", "d maximum(x, y)/dy = 1 if x < y"}),
    ],
)
def test_formulas_as_text(op: str, slot: int, lines: set[str]) -> None:
    shapes = tuple(() for _ in range(OPS[op].arity or 1))
    assert set(local_formulas(op, {}, shapes, slot)) == lines


def test_formulas_of_arrays_show_one_lane() -> None:
    assert local_formulas("sum", {"axis": 0}, ((2, 5),), 0) == ("d sum(x)/dx[0] = 1", "d sum(x)/dx[1] = 1")
    assert len(local_formulas("matmul", {}, ((2, 50), (50, 2)), 0, limit=3)) == 3
