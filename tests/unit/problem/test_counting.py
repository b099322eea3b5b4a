"""Arrays that count: every way of computing with them, against counts done by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.problem import counting as module
from gradcheck.problem.counting import Counted, Meter, TooManyOperations, counted

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


def counting() -> tuple[Meter, Any]:
    meter = Meter()
    x = counted(A.copy(), meter)
    _ = x + 1.0
    return meter, x


def test_no_attribute_of_an_array_leads_to_the_count() -> None:
    meter, x = counting()
    names = [name for name in dir(x) if not hasattr(A, name)]
    assert not [name for name in names if "meter" in name or "operations" in name]
    assert not hasattr(x, "__dict__")
    with pytest.raises(AttributeError):
        x.meter.operations = 0
    with pytest.raises(AttributeError):
        x.meter = Meter()
    with pytest.raises(AttributeError):
        meter.operations = 0  # type: ignore[misc]
    assert meter.operations == 6
    assert meter.changed() == ()


def test_what_counts_can_add_and_not_subtract() -> None:
    meter, x = counting()
    type(x)._count(-5)
    assert meter.operations == 6


def test_the_class_of_an_array_that_counts_is_sealed() -> None:
    meter, x = counting()
    for kind in (type(x), Counted):
        for name in ("__array_ufunc__", "_count", "anything"):
            with pytest.raises(TypeError, match="cannot be set"):
                setattr(kind, name, lambda *_: None)
        with pytest.raises(TypeError, match="cannot be deleted"):
            del kind._count
    assert meter.changed() == ()


def forced(x: Any, patch: pytest.MonkeyPatch) -> None:
    type.__setattr__(type(x), "__array_ufunc__", np.ndarray.__array_ufunc__)


def forced_count(x: Any, patch: pytest.MonkeyPatch) -> None:
    type.__setattr__(type(x), "_count", staticmethod(lambda operations: None))


def closed_over(x: Any, patch: pytest.MonkeyPatch) -> None:
    cells = type(x)._count.__closure__
    next(cell for cell in cells if hasattr(cell.cell_contents, "send")).cell_contents = Meter()._total


def code(x: Any, patch: pytest.MonkeyPatch) -> None:
    def uncounted(self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*(np.asarray(value) for value in inputs), **options)

    patch.setattr(Counted.__array_ufunc__, "__code__", uncounted.__code__)


def ended(x: Any, patch: pytest.MonkeyPatch) -> None:
    next(c.cell_contents for c in type(x)._count.__closure__ if hasattr(c.cell_contents, "send")).close()


@pytest.mark.parametrize(
    ("tamper", "name"),
    [
        (forced, "Counting.__array_ufunc__"),
        (forced_count, "Counting._count"),
        (closed_over, "Counting._count"),
        (code, "Counted.__array_ufunc__"),
        (ended, "the counter"),
        (lambda x, patch: patch.setattr(np, "size", lambda value: 0), "numpy.size"),
        (lambda x, patch: patch.setattr(np, "add", lambda a, b: 0.0), "numpy.add"),
        (lambda x, patch: patch.setattr(np.linalg, "norm", len), "numpy.linalg.norm"),
        (lambda x, patch: patch.setattr(module, "_operations", lambda *_: 0), "counting._operations"),
        (lambda x, patch: patch.setitem(module._FUNCTIONS, np.dot, lambda *_: 0), "counting._FUNCTIONS"),
        (lambda x, patch: patch.setattr(Meter, "operations", 0), "Meter.operations"),
    ],
)
def test_what_is_replaced_is_seen(tamper: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    meter, x = counting()
    with monkeypatch.context() as patch:
        tamper(x, patch)
        assert name in meter.changed()
    assert Meter().changed() == ()


def test_an_array_counts_for_one_computation_alone() -> None:
    meter, x = counting()
    other = Meter()
    for view in (
        lambda: x.view(other.kind),
        lambda: np.add(x, counted(A, other)),
        lambda: np.dot(x, counted(B, other)),
    ):
        with pytest.raises(TypeError, match=r"different computations|one computation"):
            view()
    plain = counted(np.asarray(x), other)  # to leave is possible, and is seen by what it hides
    _ = plain * 2.0
    assert (meter.operations, other.operations) == (6, 6)


def test_a_limit_stops_at_the_operation_that_exceeds_it() -> None:
    meter = Meter(12)
    x = counted(A, meter)
    _ = x + x + 1.0
    assert not meter.exceeded
    for _ in range(2):
        with pytest.raises(TooManyOperations):
            _ = x[0, 0] + 1.0
    assert meter.exceeded
    assert not issubclass(TooManyOperations, Exception)
