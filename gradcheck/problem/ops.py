"""The op table: what every operation of a graph *means*. It holds no derivative.

One row per op: its value as plain NumPy code, its shape rule, where it is defined, how far its arguments are from
a kink, and points worth trying. Each oracle derives derivatives from `value` by its own method, and the engine under
test has its own rules; if they shared rules, their agreement would prove nothing.

`value` uses only functions that other number systems support too, so the same row runs in float64, in intervals
and in symbols. It is written to be readable and accurate at ordinary points, not to be the fastest form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.problem import shapes as shape_rules

Array = NDArray[Any]
Shape = tuple[int, ...]
Attributes = Mapping[str, Any]
Example = tuple[tuple[Shape, ...], dict[str, Any]]
"""Shapes of the arguments and attributes: one way of applying an op."""

LEAVES = ("input", "parameter", "constant")
"""Kinds of nodes that compute nothing; their codes come before those of the ops."""

_ONE: tuple[Example, ...] = ((((2, 3),), {}),)
_TWO: tuple[Example, ...] = ((((2, 3), (2, 3)), {}), (((2, 3), (3,)), {}), (((), (2, 1)), {}))


@dataclass(frozen=True)
class Domain:
    """Where an op is defined and differentiable up to kinks.

    `contains(*arguments)` is a boolean array. `varying[k]`, where given, must hold besides when argument k depends on
    a parameter: x ** 2 is fine at x = -1, x ** y with a trained y is not.
    """

    sentence: str
    contains: Callable[..., Array]
    varying: Mapping[int, Callable[..., Array]] = field(default_factory=dict)


@dataclass(frozen=True)
class Op:
    """What one op means.

    Attributes
    ----------
    name: the op's name in graphs, JSON and messages.
    arity: number of arguments; None for one or more.
    value: `value(*arguments, **attributes)`, NumPy code over arrays of any number system.
    shape: `shape(*argument_shapes, **attributes)`; raises ValueError with a sentence for a mismatch.
    domain: where the op is defined; None for everywhere.
    attributes: names and default values of the attributes it takes (`...` marks one that must be given).
    kink: `kink(*arguments, **attributes)`: distance of each entry to the nearest kink or tie; None if smooth.
    ranges: a comfortable interval per argument, to draw values from (one range serves all when there is one).
    special: values worth trying, per op one tuple of scalar arguments each.
    examples: shapes and attributes under which the op is to be tried.
    elementwise: each output entry depends on one entry of each (broadcast) argument.
    """

    name: str
    arity: int | None
    value: Callable[..., Any]
    shape: Callable[..., Shape] = shape_rules.elementwise
    domain: Domain | None = None
    attributes: Attributes = field(default_factory=lambda: MappingProxyType({}))
    kink: Callable[..., Array] | None = None
    ranges: tuple[tuple[float, float], ...] = ((-2.0, 2.0),)
    special: tuple[tuple[float, ...], ...] = ()
    examples: tuple[Example, ...] = _ONE
    elementwise: bool = True

    def range_of(self, argument: int) -> tuple[float, float]:
        """The interval to draw values of the given argument from."""
        return self.ranges[min(argument, len(self.ranges) - 1)]


_POSITIVE = Domain("its argument must be > 0", lambda x: x > 0)
_POW = Domain(
    "its base must be > 0, or the exponent a constant whole number (and the base not 0 where it is negative)",
    lambda x, y: (x > 0) | ((y == np.floor(y)) & ((x != 0) | (y >= 0))),
    {1: lambda x, y: x > 0},
)


_logaddexp: Callable[..., Any] = np.logaddexp.reduce  # log of a sum of exponentials that does not overflow


def _erfc(x: Any) -> Any:
    from scipy.special import erfc  # imported late: the child process of a subject rarely needs it

    return erfc(x)


def _sigmoid(x: Any) -> Any:
    from scipy.special import expit  # imported late, too; its slope s (1 - s) loses digits where engines' do

    return expit(x)


def _logsumexp(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    if axis is None:
        total = _logaddexp(np.reshape(x, (-1,)), axis=0)
        return np.reshape(total, (1,) * x.ndim) if keepdims else total
    return _logaddexp(x, axis=axis, keepdims=keepdims)


def _log_softmax(x: Any, axis: int = -1) -> Any:
    return x - _logaddexp(x, axis=axis, keepdims=True)


def _gelu(x: Any) -> Any:
    return 0.5 * x * _erfc(-x / np.sqrt(2.0 + 0.0 * x))  # the root must be a number of x's kind, without rounding


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def _gap(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """Distance of the largest entry to the second largest: 0 is a tie. Of the reduction's shape without `keepdims`."""
    axes = tuple(range(x.ndim)) if axis is None else shape_rules.axes_of(axis)
    last = np.moveaxis(x, axes, range(-len(axes), 0))
    flat = np.reshape(last, (*last.shape[: x.ndim - len(axes)], -1))
    if flat.shape[-1] < 2:
        return np.full(flat.shape[:-1], np.inf)
    top = np.sort(flat, axis=-1)
    return np.asarray(top[..., -1] - top[..., -2])


_AXES: tuple[Example, ...] = (
    (((2, 3),), {}),
    (((2, 3),), {"axis": 0}),
    (((2, 3),), {"axis": 1, "keepdims": True}),
    (((),), {}),
)
_REDUCTION: Attributes = MappingProxyType({"axis": None, "keepdims": False})

_ROWS = (
    # arithmetic
    Op("add", 2, np.add, examples=_TWO),
    Op("sub", 2, np.subtract, examples=_TWO),
    Op("mul", 2, np.multiply, examples=_TWO, special=((0.0, 0.0), (1e8, 1e-8))),
    Op(
        "div",
        2,
        np.true_divide,
        domain=Domain("its divisor must not be 0", lambda x, y: y != 0),
        ranges=((-2.0, 2.0), (0.5, 2.0)),
        special=((0.0, 3.0), (1.0, -1e-8)),
        examples=_TWO,
    ),
    Op("neg", 1, np.negative),
    Op("square", 1, np.square, special=((0.0,),)),
    Op("pow", 2, np.power, domain=_POW, ranges=((0.5, 2.0), (-2.0, 3.0)), special=((1.0, 0.0),), examples=_TWO),
    Op("sqrt", 1, np.sqrt, domain=_POSITIVE, ranges=((0.25, 4.0),), special=((1e-8,), (1e8,))),
    # exponentials and trigonometry
    Op("exp", 1, np.exp, special=((-30.0,), (30.0,))),
    Op("expm1", 1, np.expm1, special=((1e-12,), (-40.0,))),
    Op("log", 1, np.log, domain=_POSITIVE, ranges=((0.25, 4.0),), special=((1e-8,), (1.0,))),
    Op(
        "log1p",
        1,
        np.log1p,
        domain=Domain("its argument must be > -1", lambda x: x > -1),
        ranges=((-0.5, 3.0),),
        special=((1e-12,), (-0.999,)),
    ),
    Op("sin", 1, np.sin, special=((0.0,), (1000.0,))),
    Op("cos", 1, np.cos, special=((0.0,), (1000.0,))),
    Op("tan", 1, np.tan, ranges=((-1.2, 1.2),), special=((1.5,),)),
    # activations
    Op("tanh", 1, np.tanh, special=((0.0,), (20.0,), (-20.0,))),
    Op("sigmoid", 1, _sigmoid, special=((40.0,), (-40.0,), (800.0,), (-800.0,))),
    Op("softplus", 1, lambda x: np.logaddexp(0.0, x), special=((800.0,), (-800.0,), (-40.0,))),
    Op("relu", 1, lambda x: np.maximum(x, 0.0), kink=np.abs, special=((0.0,), (-1.0,))),
    Op(
        "leaky_relu",
        1,
        lambda x, slope=0.01: np.where(x > 0, x, slope * x),
        attributes=MappingProxyType({"slope": 0.01}),
        kink=lambda x, slope=0.01: np.abs(x),
        special=((0.0,),),
        examples=(*_ONE, (((2, 3),), {"slope": 0.25})),
    ),
    Op(
        "elu",
        1,
        _elu,
        attributes=MappingProxyType({"alpha": 1.0}),
        kink=lambda x, alpha=1.0: np.abs(x) if alpha != 1.0 else np.full(np.shape(x), np.inf),
        special=((0.0,), (-40.0,)),
        examples=(*_ONE, (((2, 3),), {"alpha": 0.5})),
    ),
    Op("gelu", 1, _gelu, special=((0.0,), (-10.0,), (10.0,))),
    Op("abs", 1, np.abs, kink=np.abs, special=((0.0,), (-3.0,))),
    Op("minimum", 2, np.minimum, kink=lambda x, y: np.abs(x - y), special=((1.0, 1.0),), examples=_TWO),
    Op("maximum", 2, np.maximum, kink=lambda x, y: np.abs(x - y), special=((1.0, 1.0),), examples=_TWO),
    # reductions
    Op("sum", 1, np.sum, shape_rules.reduction, attributes=_REDUCTION, examples=_AXES, elementwise=False),
    Op("mean", 1, np.mean, shape_rules.reduction, attributes=_REDUCTION, examples=_AXES, elementwise=False),
    Op(
        "max",
        1,
        np.max,
        shape_rules.reduction,
        attributes=_REDUCTION,
        kink=_gap,
        examples=_AXES,
        elementwise=False,
    ),
    Op("logsumexp", 1, _logsumexp, shape_rules.reduction, attributes=_REDUCTION, examples=_AXES, elementwise=False),
    Op(
        "softmax",
        1,
        lambda x, axis=-1: np.exp(_log_softmax(x, axis)),
        shape_rules.along_axis,
        attributes=MappingProxyType({"axis": -1}),
        examples=((((2, 3),), {}), (((2, 3),), {"axis": 0})),
        elementwise=False,
    ),
    Op(
        "log_softmax",
        1,
        _log_softmax,
        shape_rules.along_axis,
        attributes=MappingProxyType({"axis": -1}),
        examples=((((2, 3),), {}), (((2, 3),), {"axis": 0})),
        elementwise=False,
    ),
    Op(
        "cross_entropy",
        2,
        lambda logits, targets, axis=-1: -np.sum(targets * _log_softmax(logits, axis), axis=axis),
        shape_rules.cross_entropy,
        attributes=MappingProxyType({"axis": -1}),
        ranges=((-2.0, 2.0), (0.0, 1.0)),
        examples=((((3,), (3,)), {}), (((2, 3), (2, 3)), {}), (((2, 3), (2, 3)), {"axis": 0})),
        elementwise=False,
    ),
    # linear algebra and structure
    Op(
        "matmul",
        2,
        np.matmul,
        shape_rules.matmul,
        examples=(
            (((2, 3), (3, 2)), {}),
            (((2, 3), (3,)), {}),
            (((3,), (3, 2)), {}),
            (((3,), (3,)), {}),
            (((2, 2, 3), (3, 2)), {}),
            (((2, 3), (2, 3, 2)), {}),
            (((2, 2, 3), (3,)), {}),
        ),
        elementwise=False,
    ),
    Op(
        "transpose",
        1,
        np.transpose,
        shape_rules.transpose,
        attributes=MappingProxyType({"axes": None}),
        examples=((((2, 3),), {}), (((2, 3, 1),), {"axes": (1, 2, 0)})),
        elementwise=False,
    ),
    Op(
        "reshape",
        1,
        lambda x, shape: np.reshape(x, shape),
        shape_rules.reshape,
        attributes=MappingProxyType({"shape": ...}),
        examples=((((2, 3),), {"shape": (3, 2)}), (((),), {"shape": (1, 1)})),
        elementwise=False,
    ),
    Op(
        "broadcast_to",
        1,
        lambda x, shape: np.broadcast_to(x, shape),
        shape_rules.broadcast_to,
        attributes=MappingProxyType({"shape": ...}),
        examples=((((3,),), {"shape": (2, 3)}), (((2, 1),), {"shape": (2, 3)}), (((),), {"shape": (2,)})),
        elementwise=False,
    ),
    Op(
        "concatenate",
        None,
        lambda *parts, axis=0: np.concatenate(parts, axis=axis),
        shape_rules.concatenate,
        attributes=MappingProxyType({"axis": 0}),
        examples=((((2,), (3,)), {}), (((2, 1), (2, 2), (2, 1)), {"axis": 1})),
        elementwise=False,
    ),
    Op(
        "take",
        1,
        lambda x, indices, axis=0: np.take(x, np.asarray(indices), axis=axis),
        shape_rules.take,
        attributes=MappingProxyType({"indices": ..., "axis": 0}),
        examples=(
            (((3,),), {"indices": (2, 0, 2)}),
            (((2, 3),), {"indices": ((0, 2), (2, 2)), "axis": 1}),
            (((3,),), {"indices": 1}),
        ),
        elementwise=False,
    ),
    Op(
        "where",
        2,
        lambda x, y, mask: np.where(np.asarray(mask, dtype=bool), x, y),
        shape_rules.where,
        attributes=MappingProxyType({"mask": ...}),
        examples=(
            (((3,), (3,)), {"mask": (True, False, True)}),
            (((), (3,)), {"mask": ((True, False, True),) * 2}),
        ),
        elementwise=False,
    ),
)

OPS: Mapping[str, Op] = MappingProxyType({row.name: row for row in _ROWS})
"""Every op by name."""

NAMES: tuple[str, ...] = LEAVES + tuple(OPS)
"""Name of each op code: `NAMES[code]`. Codes hold within one process; files use names."""

CODES: Mapping[str, int] = MappingProxyType({name: code for code, name in enumerate(NAMES)})
"""The code of each name."""
