"""Functions that move entries: the same values as NumPy on floats, and the transpose as derivative."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck.tracing import explore

X = np.arange(1.0, 13.0).reshape(3, 4)

MOVES: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: np.reshape(x, (4, 3)),
    "reshape method, fortran order": lambda x: x.reshape(2, -1, order="F"),
    "ravel": lambda x: x.ravel(),
    "transpose": lambda x: x.T,
    "transpose axes": lambda x: np.transpose(x[None], (2, 0, 1)),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "moveaxis": lambda x: np.moveaxis(x[:, None], 0, 2),
    "squeeze": lambda x: np.squeeze(x[:, None]),
    "expand_dims": lambda x: np.expand_dims(x, (0, 3)),
    "atleast_3d": lambda x: np.atleast_3d(x),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 4)),
    "slices": lambda x: x[1:, ::-2],
    "newaxis and ellipsis": lambda x: x[..., None, 1],
    "entry": lambda x: x[2, 3],
    "fancy, repeated": lambda x: x[[0, 0, 2], [1, 1, 3]],
    "fancy rows": lambda x: x[np.array([[2, 0], [1, 2]])],
    "mask": lambda x: x[X > 4],
    "mask of itself": lambda x: x[x > 4.5],
    "take": lambda x: np.take(x, [3, 0, 3], axis=1),
    "take_along_axis": lambda x: np.take_along_axis(x, np.argsort(-X, axis=1), axis=1),
    "repeat": lambda x: np.repeat(x, [1, 0, 2], axis=0),
    "tile": lambda x: np.tile(x, (2, 3)),
    "roll": lambda x: np.roll(x, (1, -2), axis=(0, 1)),
    "flip": lambda x: np.flip(x, 1),
    "rot90": lambda x: np.rot90(x),
    "diagonal": lambda x: np.diagonal(x, 1),
    "diag of matrix": lambda x: np.diag(x[:, :3]),
    "diag of vector": lambda x: np.diag(x[0], -1),
    "tril": lambda x: np.tril(x, -1),
    "triu": lambda x: np.triu(x),
    "delete": lambda x: np.delete(x, 1, axis=0),
    "insert": lambda x: np.insert(x, 1, x[2], axis=0),
    "append": lambda x: np.append(x, np.ones((3, 1)), axis=1),
    "split": lambda x: tuple(np.split(x, [1, 3], axis=1)),
    "array_split": lambda x: tuple(np.array_split(x, 2)),
    "pad zeros": lambda x: np.pad(x, ((1, 0), (2, 1))),
    "pad constant": lambda x: np.pad(x, 1, constant_values=5.0),
    "pad sides": lambda x: np.pad(x, ((1, 2), (0, 0)), constant_values=((3.0, 4.0), (0.0, 0.0))),
    "pad reflect": lambda x: np.pad(x, 2, mode="reflect"),
    "pad edge": lambda x: np.pad(x, 1, mode="edge"),
    "concatenate": lambda x: np.concatenate([x, np.zeros((1, 4)), x[:2]]),
    "stack": lambda x: np.stack([x, 2 + 0 * X, x], axis=1),
    "hstack": lambda x: np.hstack([x, x]),
    "vstack": lambda x: np.vstack([x[0], x]),
    "column_stack": lambda x: np.column_stack([x[:, 0], x]),
    "block": lambda x: np.block([[x, np.eye(3)], [np.zeros((1, 7))]]),
    "stack of scalars": lambda x: np.stack([x[0, 0], x[2, 1]]),
    "sliding windows": lambda x: sliding_window_view(x, (2, 2)),
    "meshgrid": lambda x: tuple(np.meshgrid(x[0], x[1])),
    "broadcast_arrays": lambda x: tuple(np.broadcast_arrays(x[:, :1], x[:1])),
    "where": lambda x: np.where(X > 5, x, x[0]),
    "select": lambda x: np.select([X < 3, X < 6], [x, 2.0], default=-1.0),
    "compress": lambda x: np.compress([True, False, True], x, axis=0),
    "extract": lambda x: np.extract(X % 2 == 0, x),
    "rows of a loop": lambda x: np.array([row for row in x])[::-1],  # noqa: C416
    "flat": lambda x: np.stack(list(x.flat)),
    "list of lists": lambda x: np.array([[x[0, 0], 1.0], [2.0, x[1, 1]]]),
    "tolist": lambda x: np.array(x.tolist()),
    "empty slice": lambda x: x[:0],
    "copy": lambda x: np.copy(x),
}


@pytest.mark.parametrize("name", MOVES)
def test_values_are_numpys_and_the_derivative_is_the_transpose(name: str) -> None:
    function = MOVES[name]
    plain = function(X)
    parts = plain if isinstance(plain, tuple) else (plain,)
    outcomes = explore(function, (X,))
    assert len(outcomes.values) == len(parts)
    for found, expected in zip(outcomes.values, parts, strict=True):
        assert found.shape == np.shape(expected)
        assert np.array_equal(found.midpoint, np.asarray(expected, dtype=float))
        assert not found.radius.any()
    # The function is affine with entries 0 and 1, so that differences of whole numbers give the matrix exactly.
    random = np.random.default_rng(3)
    cotangents = [random.integers(-4, 5, np.shape(p)).astype(float) for p in parts]
    truth = np.zeros_like(X)
    for place in np.ndindex(*X.shape):
        moved = X.copy()
        moved[place] += 0.25
        other = function(moved)
        others = other if isinstance(other, tuple) else (other,)
        gap = [np.asarray(q, dtype=float) - p for q, p in zip(others, parts, strict=True)]
        truth[place] = sum(np.sum(g * c) for g, c in zip(gap, cotangents, strict=True)) / 0.25
    (gradient,) = outcomes.vjp(cotangents).parts
    assert np.array_equal(gradient.midpoint, truth)
    assert not gradient.radius.any()


def in_place(x: Any) -> Any:
    y = x.copy()
    y[1:] += y[:-1] ** 2
    y[::2] *= 3
    part = y[2:4]  # a view: what is written into it shows in y
    part -= 1
    y[[0, 0]] = y[3]
    y[y > 10] = 0.5
    return y


def view_is_read_late(x: Any) -> Any:
    y = 2 * x
    tail = y[2:]
    y[3] = x[0] * x[1]
    return tail * 1.0


def reshaped_view(x: Any) -> Any:
    y = x + 0
    y.reshape(2, 3)[1, :] = 7 * x[:3]
    y.T[0] = x[5]
    return y


def copies_are_separate(x: Any) -> Any:
    y = x * 1.0
    z = y.copy()
    w = y[[0, 1]]  # fancy indexing copies
    y[:] = 0.0
    w[0] = 5 * x[2]
    return np.concatenate([y, z, w])


def scalars_are_immutable(x: Any) -> Any:
    a = x[0]
    b = a
    a += x[1]
    return np.stack([a, b])


def swapped(x: Any) -> Any:
    y = x.copy()
    y[0], y[1] = y[1], y[0]
    y[1:] = y[:-1]
    return y


def accumulated(x: Any) -> Any:
    total = np.zeros_like(x[:3])
    np.add.at(total, [0, 0, 2], x[:3] * x[3:])
    np.subtract.at(total, 1, x[0])
    return total


def outs(x: Any) -> Any:
    y = np.empty_like(x)
    np.multiply(x, 2.0, out=y)
    np.add(y, x, out=y, where=X.ravel()[:6] > 3)
    return y


def written(x: Any) -> Any:
    y = np.full_like(x, 3.0)
    np.copyto(y, x, where=X.ravel()[:6] > 2)
    np.putmask(y, X.ravel()[:6] > 5, x * 2)
    square = np.zeros_like(np.outer(x[:2], x[:2]))
    np.fill_diagonal(square, x[:2])
    y.fill(x[0])
    return np.concatenate([y, square.ravel()])


BUFFERS = [
    in_place,
    view_is_read_late,
    reshaped_view,
    copies_are_separate,
    scalars_are_immutable,
    swapped,
    accumulated,
    outs,
    written,
]


@pytest.mark.parametrize("function", BUFFERS, ids=lambda f: f.__name__)
def test_memory_behaves_as_numpys(function: Any, agrees: Any) -> None:
    x = np.array([0.5, 1.25, -2.0, 1.75, 3.0, -0.25])
    outcomes = agrees(function, x)
    assert not outcomes.patched
    assert np.allclose(outcomes.values[0].midpoint, function(x), rtol=1e-15, atol=0)


def test_changing_the_input_changes_the_callers_array_but_not_the_derivative() -> None:
    def doubled(x: Any) -> Any:
        x *= 2
        return np.sum(x**2)

    x = np.array([1.0, 3.0])
    outcomes = explore(doubled, (x,))
    assert np.array_equal(x, [1.0, 3.0])  # the trace has its own
    assert np.array_equal(outcomes.vjp().parts[0].midpoint, 8 * x)
