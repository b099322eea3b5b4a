"""Shape rules say what NumPy does: the same result, or the same refusal."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gradcheck.problem import OPS

Shape = tuple[int, ...]
lengths = st.integers(1, 3)
shapes = st.lists(lengths, max_size=3).map(tuple)
with_axes = st.lists(lengths, min_size=1, max_size=3).map(tuple)


def by_rule(op: str, arguments: tuple[Shape, ...], attributes: Mapping[str, Any]) -> Shape | None:
    try:
        return OPS[op].shape(*arguments, **{**OPS[op].attributes, **attributes})
    except ValueError:
        return None


def by_numpy(op: str, arguments: tuple[Shape, ...], attributes: Mapping[str, Any]) -> Shape | None:
    try:
        return np.shape(OPS[op].value(*(np.ones(shape) for shape in arguments), **attributes))
    except (ValueError, IndexError):  # AxisError is both
        return None


def same(op: str, *arguments: Shape, **attributes: Any) -> None:
    assert by_rule(op, arguments, attributes) == by_numpy(op, arguments, attributes)


@pytest.mark.parametrize(
    ("op", "arguments", "attributes"),
    [pytest.param(op, *given_, id=f"{op}-{k}") for op, row in OPS.items() for k, given_ in enumerate(row.examples)],
)
def test_examples_have_the_shape_that_numpy_gives(
    op: str, arguments: tuple[Shape, ...], attributes: Mapping[str, Any]
) -> None:
    assert by_rule(op, arguments, attributes) is not None
    same(op, *arguments, **attributes)


@pytest.mark.parametrize("op", [op for op, row in OPS.items() if row.elementwise and row.arity == 2])
@given(shapes, shapes)
def test_broadcasting(op: str, left: Shape, right: Shape) -> None:
    same(op, left, right)


@pytest.mark.parametrize("op", ["sum", "mean", "max", "logsumexp"])
@given(with_axes, st.none() | st.integers(-4, 4) | st.lists(st.integers(-3, 3), max_size=3).map(tuple), st.booleans())
@example((2, 3), (0, 0), False)
@example((2, 3), (), True)
def test_reductions(op: str, shape: Shape, axis: Any, keepdims: bool) -> None:
    same(op, shape, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("op", ["softmax", "log_softmax"])
@given(with_axes, st.integers(-4, 4))
def test_along_an_axis(op: str, shape: Shape, axis: int) -> None:
    same(op, shape, axis=axis)


@given(with_axes, st.integers(-4, 4))
def test_cross_entropy_of_equal_shapes(shape: Shape, axis: int) -> None:
    same("cross_entropy", shape, shape, axis=axis)


@given(shapes, shapes)
def test_cross_entropy_does_not_broadcast(logits: Shape, targets: Shape) -> None:
    # NumPy would broadcast; targets of another shape are a mistake far more often than a wish.
    assume(logits != targets)
    assert by_rule("cross_entropy", (logits, targets), {}) is None


@given(shapes, shapes)
@example((3,), (3,))
@example((2, 2, 3), (3,))
@example((3,), (2, 3, 2))
@example((2, 1, 2, 3), (2, 3, 2))
@example((2, 0), (0, 3))
def test_matmul(left: Shape, right: Shape) -> None:
    same("matmul", left, right)


@given(shapes, st.none() | st.lists(st.integers(-3, 2), max_size=3).map(tuple))
@example((2, 3, 1), (1, -1, 0))
def test_transpose(shape: Shape, axes: Any) -> None:
    same("transpose", shape, axes=axes)


@given(shapes, st.lists(st.integers(0, 4), max_size=3).map(tuple))
@example((2, 3), (3, 2))
@example((), (1, 1))
def test_reshape(old: Shape, new: Shape) -> None:
    same("reshape", old, shape=new)


@given(shapes, st.permutations(range(4)), st.data())
def test_reshape_to_a_factorisation(old: Shape, order: list[int], data: st.DataObject) -> None:
    rest = math.prod(old)
    new = []
    while rest > 1:
        factor = data.draw(st.sampled_from([d for d in range(2, rest + 1) if rest % d == 0]))
        new.append(factor)
        rest //= factor
    assert by_rule("reshape", (old,), {"shape": tuple(new)}) == tuple(new)
    same("reshape", old, shape=tuple(new))


@given(shapes, shapes)
@example((2, 1), (2, 3))
def test_broadcast_to(old: Shape, new: Shape) -> None:
    same("broadcast_to", old, shape=new)


@given(st.lists(shapes, min_size=1, max_size=3), st.integers(-3, 3))
@example([(2, 1), (2, 2), (2, 1)], 1)
@example([(2, 1), (2, 2)], -1)
def test_concatenate(parts: list[Shape], axis: int) -> None:
    same("concatenate", *parts, axis=axis)


@given(
    with_axes, st.integers(0, 3) | st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple), st.integers(-3, 3)
)
@example((2, 3), ((0, 2), (2, 2)), 1)
@example((2, 3), 1, -1)
def test_take(shape: Shape, indices: Any, axis: int) -> None:
    same("take", shape, indices=indices, axis=axis)


@given(shapes, shapes, shapes)
def test_where(left: Shape, right: Shape, mask: Shape) -> None:
    same("where", left, right, mask=np.ones(mask, dtype=bool).tolist())


@pytest.mark.parametrize(
    ("op", "shape", "attributes"),
    [
        ("sum", (0,), {}),  # a sum of nothing has no gradient worth checking, a mean or maximum no value
        ("max", (2, 0), {"axis": 1}),
        ("reshape", (2, 3), {"shape": (-1,)}),  # a graph states its shapes
        ("take", (3,), {"indices": -1}),
        ("sum", (), {"axis": 0}),  # for old times' sake, NumPy lets scalars have axes 0 and -1
        ("softmax", (), {}),
        ("take", (), {"indices": 0}),
    ],
)
def test_refusals_that_are_stricter_than_numpy(op: str, shape: Shape, attributes: dict[str, Any]) -> None:
    assert by_rule(op, (shape,), attributes) is None


def test_arrays_without_entries_go_through() -> None:
    assert by_rule("exp", ((0, 3),), {}) == (0, 3)
    assert by_rule("sum", ((0, 3),), {"axis": 1}) == (0,)
    assert by_rule("concatenate", ((0, 3), (2, 3)), {}) == (2, 3)


def test_a_wrong_rule_is_told_from_a_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = OPS["matmul"].shape
    object.__setattr__(OPS["matmul"], "shape", lambda left, right: (*left[:-1], *right[1:]))  # dot, not matmul
    try:
        with pytest.raises(AssertionError):
            same("matmul", (2, 2, 3), (2, 3, 2))
    finally:
        object.__setattr__(OPS["matmul"], "shape", real)
