"""Arrays that count: every way of computing with them, against counts done by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.problem.counting import Counted, Meter, counted

A = np.arange(6.0).reshape(2, 3) + 1.0
B = np.arange(12.0).reshape(3, 4)
V = np.array([1.0, -2.0, 3.0])


def add_at(a: Any) -> Any:
    total = a * 0.0  # 6
    np.add.at(total, (np.array([0, 0, 1]), np.array([1, 1, 2])), 1.0)  # 3
    return total


def in_place(a: Any) -> Any:
    a += 1.0
    a *= 2.0
    return a


def loop(a: Any) -> Any:
    total = 0.0
    for row in a:
        for entry in row:
            total = total + entry * entry
    return total


@pytest.mark.parametrize(
    ("function", "operations"),
    [
        (lambda a: a + 1.0, 6),
        (lambda a: 1.0 / a, 6),
        (lambda a: -np.exp(a), 12),
        (lambda a: a > 2.0, 6),
        (lambda a: a[:, :1] + V, 6),  # broadcasting makes entries
        (lambda a: a @ B, 2 * 2 * 3 * 4),
        (lambda a: B.T @ a.T, 2 * 4 * 3 * 2),
        (lambda a: a @ V, 2 * 2 * 3),
        (lambda a: np.dot(a, B), 48),
        (lambda a: a.dot(B), 48),
        (lambda a: np.inner(a, A), 2 * 2 * 3 * 2),
        (lambda a: np.tensordot(a, B, axes=1), 48),
        (lambda a: np.outer(a[0], V), 9),
        (lambda a: np.einsum("ij,jk->ik", a, B), 48),
        (lambda a: np.einsum("ij->j", a), 6),
        (lambda a: np.sum(a), 6),
        (lambda a: a.sum(axis=0), 6),
        (lambda a: np.max(a, axis=1, keepdims=True), 6),
        (lambda a: np.mean(a), 7),  # a sum and a division
        (lambda a: np.kron(a, V), 18),
        (lambda a: np.linalg.norm(a), 12),
        (lambda a: np.cumsum(a, axis=1), 6),
        (lambda a: a.cumsum(), 6),
        (lambda a: np.add.accumulate(a, axis=0), 6),
        (add_at, 9),
        (in_place, 12),
        (loop, 12),
        (lambda a: a[0, 0] * a[1, 1] + 1.0, 2),  # scalars count
        (lambda a: np.where(a > 2.0, a, 0.0) * 2.0, 12),
        (lambda a: np.concatenate([a, a]) * 2.0, 12),
        (lambda a: np.stack([a, a]).reshape(-1)[:3].T.copy() + 1.0, 3),
        (lambda a: np.clip(a, 0.0, 2.0), 6),
        (lambda a: np.zeros_like(a) + 1.0, 6),
        (lambda a: np.divmod(a, 2.0), 12),
        (lambda a: np.asanyarray(a) + 1.0, 6),
        (lambda a: np.take(a, [0, 2], axis=1).reshape(4).transpose(), 0),  # moving is free
    ],
)
def test_operations(function: Callable[[Any], Any], operations: int) -> None:
    meter = Meter()
    plain = function(A.copy())
    answer = function(counted(A.copy(), meter))
    assert meter.operations == operations
    for one, other in zip(np.atleast_1d(answer), np.atleast_1d(plain), strict=True):
        np.testing.assert_array_equal(np.asarray(one), other)


def test_results_count_on() -> None:
    meter = Meter()
    total = np.sum(counted(A, meter) @ B)
    assert isinstance(total, Counted)
    assert total.shape == ()
    before = meter.operations
    assert float(total * 2.0) == 2.0 * float(np.sum(A @ B))
    assert meter.operations == before + 1


def test_what_leaves_the_array_is_out_of_sight() -> None:
    meter = Meter()
    x = counted(A, meter)
    assert sum(v * v for row in x.tolist() for v in row) == 91.0
    assert float(x[0, 0]) + 1.0 == 2.0
    assert np.sum(np.asarray(x)) == 21.0
    assert meter.operations == 0


def test_two_computations_do_not_mix() -> None:
    first, second = Meter(), Meter()
    _ = counted(A, first) + 1.0
    _ = counted(A, second) * counted(A, second)
    assert (first.operations, second.operations) == (6, 6)


def test_a_scalar_cannot_be_iterated() -> None:
    with pytest.raises(TypeError, match="0-d"):
        list(counted(np.float64(1.0), Meter()))
