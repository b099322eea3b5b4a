"""Every row of the op table against its textbook definition, entry by entry, in 40 digits."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradcheck.problem import OPS, GraphBuilder

UNIT = 2.0**-53
ULPS = 8
Numbers = Any  # an object array of mpmath numbers
Define = Callable[..., Numbers]


def each(function: Callable[..., Any]) -> Define:
    """An element-wise definition from one of numbers."""

    def define(*arrays: Numbers, **attributes: Any) -> Numbers:
        entries = np.broadcast(*arrays)
        made = [function(*row, **attributes) for row in entries]
        return filled(entries.shape, made)

    return define


def filled(shape: tuple[int, ...], entries: list[Any]) -> Numbers:
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array.reshape(shape)


def along(function: Callable[[list[Any]], Any]) -> Define:
    """A reduction from a definition for one list."""

    def define(x: Numbers, axis: Any = None, keepdims: bool = False) -> Numbers:
        axes = range(x.ndim) if axis is None else [a % x.ndim for a in np.atleast_1d(axis)]
        groups: dict[tuple[int, ...], list[Any]] = {}
        for index in np.ndindex(x.shape):
            kept = tuple(0 if a in axes else i for a, i in enumerate(index))
            groups.setdefault(kept, []).append(x[index])
        shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
        made = filled(shape, [function(groups[index]) for index in np.ndindex(shape)])
        return made if keepdims else made.reshape([n for a, n in enumerate(x.shape) if a not in axes])

    return define


def rows(function: Callable[[list[Any]], list[Any]]) -> Define:
    """A function of whole lists along one axis."""

    def define(x: Numbers, axis: int = -1) -> Numbers:
        moved = np.moveaxis(x, axis, -1)
        made = [e for index in np.ndindex(moved.shape[:-1]) for e in function(list(moved[index]))]
        return np.moveaxis(filled(moved.shape, made), -1, axis)

    return define


def softmax(x: list[Any]) -> list[Any]:
    total = mp.fsum(mp.exp(e) for e in x)
    return [mp.exp(e) / total for e in x]


def cross_entropy(z: Numbers, t: Numbers, axis: int = -1) -> Numbers:
    logs = rows(lambda x: [mp.log(p) for p in softmax(x)])(z, axis)
    return along(lambda x: -mp.fsum(x))(each(lambda a, b: a * b)(t, logs), axis)


def matmul(a: Numbers, b: Numbers) -> Numbers:
    """c[..., i, k] = sum_j a[..., i, j] b[..., j, k]; a vector is a row on the left, a column on the right."""
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left = np.broadcast_to(left, batch + left.shape[-2:])
    right = np.broadcast_to(right, batch + right.shape[-2:])
    shape = (*batch, left.shape[-2], right.shape[-1])
    made = [
        mp.fsum(left[(*at, i, j)] * right[(*at, j, k)] for j in range(left.shape[-1]))
        for *at, i, k in np.ndindex(shape)
    ]
    product = filled(shape, made)
    product = product[..., 0] if b.ndim == 1 else product
    return product[..., 0, :] if a.ndim == 1 and b.ndim > 1 else (product[..., 0] if a.ndim == 1 else product)


def transpose(x: Numbers, axes: Any = None) -> Numbers:
    order = list(range(x.ndim))[::-1] if axes is None else list(axes)
    shape = tuple(x.shape[a] for a in order)
    return filled(shape, [x[tuple(at[order.index(a)] for a in range(x.ndim))] for at in np.ndindex(shape)])


def broadcast_to(x: Numbers, shape: tuple[int, ...]) -> Numbers:
    lost = len(shape) - x.ndim
    return filled(
        shape,
        [x[tuple(0 if n == 1 else i for i, n in zip(at[lost:], x.shape, strict=True))] for at in np.ndindex(shape)],
    )


def concatenate(*parts: Numbers, axis: int = 0) -> Numbers:
    pieces = [np.moveaxis(part, axis, 0) for part in parts]
    length = sum(len(piece) for piece in pieces)
    made = filled((length, *pieces[0].shape[1:]), [e for piece in pieces for e in piece.reshape(-1)])
    return np.moveaxis(made, 0, axis)


def take(x: Numbers, indices: Any, axis: int = 0) -> Numbers:
    index = np.asarray(indices)
    shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
    made = [
        x[(*at[:axis], int(index[at[axis : axis + index.ndim]]), *at[axis + index.ndim :])] for at in np.ndindex(shape)
    ]
    return filled(shape, made)


DEFINITIONS: Mapping[str, Define] = {
    "add": each(lambda x, y: x + y),
    "sub": each(lambda x, y: x - y),
    "mul": each(lambda x, y: x * y),
    "div": each(lambda x, y: x / y),
    "neg": each(lambda x: -x),
    "square": each(lambda x: x * x),
    "pow": each(lambda x, y: mp.power(x, y)),
    "sqrt": each(mp.sqrt),
    "exp": each(mp.exp),
    "expm1": each(lambda x: mp.exp(x) - 1),
    "log": each(mp.log),
    "log1p": each(lambda x: mp.log(1 + x)),
    "sin": each(mp.sin),
    "cos": each(mp.cos),
    "tan": each(lambda x: mp.sin(x) / mp.cos(x)),
    "tanh": each(lambda x: (mp.exp(x) - mp.exp(-x)) / (mp.exp(x) + mp.exp(-x))),
    "sigmoid": each(lambda x: 1 / (1 + mp.exp(-x))),
    "softplus": each(lambda x: mp.log(1 + mp.exp(x))),
    "relu": each(lambda x: x if x > 0 else mp.mpf(0)),
    "leaky_relu": each(lambda x, slope=0.01: x if x > 0 else mp.mpf(slope) * x),
    "elu": each(lambda x, alpha=1.0: x if x > 0 else mp.mpf(alpha) * (mp.exp(x) - 1)),
    "gelu": each(lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2),
    "abs": each(lambda x: x if x > 0 else -x),
    "minimum": each(lambda x, y: x if x < y else y),
    "maximum": each(lambda x, y: x if x > y else y),
    "sum": along(mp.fsum),
    "mean": along(lambda x: mp.fsum(x) / len(x)),
    "max": along(max),
    "logsumexp": along(lambda x: mp.log(mp.fsum(mp.exp(e) for e in x))),
    "softmax": rows(softmax),
    "log_softmax": rows(lambda x: [mp.log(p) for p in softmax(x)]),
    "cross_entropy": cross_entropy,
    "matmul": matmul,
    "transpose": transpose,
    "reshape": lambda x, shape: filled(shape, list(x.reshape(-1))),
    "broadcast_to": broadcast_to,
    "concatenate": concatenate,
    "take": take,
    "where": lambda x, y, mask: each(lambda a, b, m: a if m else b)(x, y, np.asarray(mask)),
}

EXACT = {"neg", "relu", "abs", "minimum", "maximum", "max", "transpose", "reshape", "broadcast_to", "concatenate"}
EXACT |= {"take", "where"}
"""Ops that round nothing."""

SUMS = {"sum", "mean", "matmul", "logsumexp", "log_softmax", "cross_entropy"}
"""Ops whose error is that of their largest term, which may cancel."""


def scale(op: str, arguments: list[Any], exact: Numbers) -> Numbers:
    """What the error of a good float64 value is measured against: the value, or the terms that it is the sum of."""
    size = filled(exact.shape, [abs(e) for e in exact.reshape(-1)])
    largest = max(float(np.max(np.abs(a))) for a in arguments)
    terms, factor = 0.0, 1.0
    if op in EXACT:
        factor = 0.0
    elif op in SUMS:
        terms = arguments[0].size * largest * (largest if op == "matmul" else 1.0) + 1.0
    elif op == "softmax":  # the exponent's rounding error is a relative error of the power
        factor += largest
    elif op == "gelu":  # erfc(z) magnifies a relative error of z by 2 z^2
        factor += largest**2
    return filled(exact.shape, [e * factor + terms for e in size.reshape(-1)])


def agrees(got: Any, exact: Numbers, measure: Numbers, ulps: float = ULPS) -> bool:
    """Whether every entry of `got` is within `ulps` units of roundoff of `measure`; subnormals may be off by one."""
    if np.shape(got) != exact.shape or np.asarray(got).dtype != np.float64:
        return False
    for value, truth, size in zip(
        np.ravel(got), exact.reshape(-1), np.broadcast_to(measure, exact.shape).flat, strict=True
    ):
        if not np.isfinite(value) or abs(mp.mpf(float(value)) - truth) > ulps * UNIT * size + (5e-324 if size else 0):
            return False
    return True


def exactly(array: Any) -> Numbers:
    return filled(np.shape(array), [mp.mpf(float(e)) for e in np.ravel(array)])


def computed(op: str, arguments: list[Any], attributes: Mapping[str, Any]) -> Any:
    with np.errstate(over="ignore"):  # sigmoid(-800) = 1 / (1 + inf) = 0 is the right float64
        return OPS[op].value(*arguments, **attributes)


def trials() -> list[Any]:
    found = []
    for op, row in OPS.items():
        for k, (shapes, attributes) in enumerate(row.examples):
            random = np.random.default_rng([len(found), k])
            arguments = [np.asarray(random.uniform(*row.range_of(n), shape)) for n, shape in enumerate(shapes)]
            label = f"{op}-{'x'.join(map(str, shapes))}-{attributes or ''}".replace(" ", "")
            found.append(pytest.param(op, arguments, attributes, id=label))
        for numbers in row.special:
            found.append(pytest.param(op, [np.asarray(n) for n in numbers], {}, id=f"{op}{numbers}"))
    return found


EXTRA = [
    ("leaky_relu", [np.array([-2.0, 3.0])], {"slope": 0.25}),
    ("elu", [np.array([-2.0, 3.0])], {"alpha": 1.5}),
    ("sum", [np.arange(24.0).reshape(2, 3, 4) - 9.5], {"axis": (0, -1)}),
    ("mean", [np.arange(24.0).reshape(2, 3, 4) - 9.5], {"axis": (1, 2), "keepdims": True}),
    ("max", [np.sin(np.arange(24.0)).reshape(2, 3, 4)], {"axis": (0, 2)}),
    ("logsumexp", [np.arange(24.0).reshape(2, 3, 4)], {"axis": (0, 1)}),
    ("logsumexp", [np.array([1000.0, 1000.0])], {}),
    ("logsumexp", [np.array([-1000.0, -1000.0])], {"keepdims": True}),
    ("softmax", [np.array([1000.0, 999.0, -1000.0])], {}),
    ("log_softmax", [np.array([[0.0], [-800.0]])], {"axis": 0}),
    ("cross_entropy", [np.array([800.0, -800.0]), np.array([0.0, 1.0])], {}),
    ("take", [np.arange(6.0).reshape(2, 3)], {"indices": 2, "axis": -1}),
    ("softplus", [np.array([-745.0, -1e-300, 0.0, 1e300])], {}),
    ("tanh", [np.array([1e-300, 1e-8])], {}),
]


@pytest.mark.parametrize(
    ("op", "arguments", "attributes"),
    [*trials(), *(pytest.param(*row, id=f"extra-{row[0]}-{k}") for k, row in enumerate(EXTRA))],
)
def test_value_is_the_definition(op: str, arguments: list[Any], attributes: Mapping[str, Any]) -> None:
    if op == "take" and attributes.get("axis", 0) < 0:
        definition = lambda x, indices, axis: take(x, indices, axis % x.ndim)  # noqa: E731
    else:
        definition = DEFINITIONS[op]
    with mp.workdps(400):  # tanh(1e-300) and 1 + exp(-800) need their digits
        exact = definition(*map(exactly, arguments), **attributes)
        got = computed(op, arguments, attributes)
        measure = scale(op, arguments, exact)
        assert agrees(got, exact, measure), f"{got} is not {exact}"
        # The other side of the tolerance: an error three times as large as admitted is seen in any entry.
        if op in EXACT:
            wrong = np.nextafter(got, np.inf)
        else:
            wrong = np.asarray(got + 3 * ULPS * UNIT * measure.astype(np.float64) + 1e-323)
        for at in np.ndindex(np.shape(got)):
            spoiled = np.array(got)
            spoiled[at] = wrong[at]
            assert not agrees(spoiled, exact, measure)


def test_every_op_has_a_definition() -> None:
    assert set(DEFINITIONS) == set(OPS)


WRONG: Mapping[str, tuple[str, list[Any], Callable[..., Any]]] = {
    "log1p that cancels": ("log1p", [np.array(1e-12)], lambda x: np.log(1.0 + x)),
    "expm1 that cancels": ("expm1", [np.array(1e-12)], lambda x: np.exp(x) - 1.0),
    "softplus that overflows": ("softplus", [np.array(800.0)], lambda x: np.log(1.0 + np.exp(x))),
    "softplus that vanishes": ("softplus", [np.array(-40.0)], lambda x: np.log(1.0 + np.exp(x))),
    "gelu by tanh": (
        "gelu",
        [np.array(0.7)],
        lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    ),
    "gelu that cancels": ("gelu", [np.array(-10.0)], lambda x: 0.5 * x * (1 + np.tanh(x / np.sqrt(2)))),
    "softmax that overflows": ("softmax", [np.array([800.0, 0.0])], lambda x: np.exp(x) / np.sum(np.exp(x))),
    "mean with n - 1": ("mean", [np.array([1.0, 2.0])], np.sum),
    "sum that keeps a column": ("sum", [np.ones((2, 2))], lambda x: np.sum(x, axis=0)),
    "elu with the slope of leaky_relu": ("elu", [np.array(-1.0)], lambda x: np.where(x > 0, x, 0.01 * x)),
    "matmul that is element-wise": ("matmul", [np.eye(2) + 1, np.eye(2) + 2], np.multiply),
    "matmul that transposes": ("matmul", [np.arange(4.0).reshape(2, 2)] * 2, lambda a, b: a @ b.T),
    "float32": ("exp", [np.array(0.3)], lambda x: np.exp(x, dtype=np.float32)),
}


@pytest.mark.parametrize(("op", "arguments", "value"), WRONG.values(), ids=WRONG)
def test_wrong_values_are_told_from_right_ones(op: str, arguments: list[Any], value: Callable[..., Any]) -> None:
    with mp.workdps(400), np.errstate(all="ignore"):
        exact = DEFINITIONS[op](*map(exactly, arguments))
        measure = scale(op, arguments, exact)
        assert agrees(computed(op, arguments, {}), exact, measure)
        assert not agrees(value(*arguments), exact, measure)


@pytest.mark.parametrize("op", OPS)
def test_examples_and_special_points_lie_in_the_domain(op: str) -> None:
    row = OPS[op]
    assert row.examples
    for shapes, attributes in row.examples:
        assert row.arity is None or len(shapes) == row.arity
        for corner in itertools.product((0, 1), repeat=len(shapes)):
            build = GraphBuilder()
            leaves = [build.parameter(f"p{k}", shape) for k, shape in enumerate(shapes)]
            graph = build.graph(build.sum(build.apply(op, *leaves, **attributes)))
            graph.evaluate(
                {f"p{k}": np.full(s, row.range_of(k)[c]) for k, (s, c) in enumerate(zip(shapes, corner, strict=True))}
            )
    for numbers in row.special:
        assert len(numbers) == row.arity
        build = GraphBuilder()
        graph = build.graph(build.apply(op, *(build.parameter(f"p{k}") for k in range(len(numbers)))))
        graph.evaluate({f"p{k}": n for k, n in enumerate(numbers)})


@pytest.mark.parametrize("op", [op for op, row in OPS.items() if row.elementwise])
def test_elementwise_means_entry_by_entry(op: str) -> None:
    row = OPS[op]
    for shapes, attributes in row.examples:
        random = np.random.default_rng(3)
        arguments = np.broadcast_arrays(*(random.uniform(*row.range_of(k), s) for k, s in enumerate(shapes)))
        whole = row.value(*arguments, **attributes)
        for at in np.ndindex(whole.shape):
            assert float(row.value(*(np.asarray(a[at]) for a in arguments), **attributes)) == pytest.approx(
                float(whole[at]), rel=1e-15
            )
