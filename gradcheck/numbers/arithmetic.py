"""What every number system offers: one small set of operations on arrays.

A record (see `tracing.record`) is a list of these operations. It can be evaluated, forward or in reverse, on arrays of
balls, of perturbed floats, or of dual numbers over either. The derivative rules in `tracing.primitives` are written
once, for this interface.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
Axes = tuple[int, ...]

UNARY = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
    "expit", "softplus", "erf", "erfc", "ndtr", "log_ndtr", "gammaln", "digamma", "sinc",
    "ndtri", "erfinv", "erfcinv", "lambertw", "expi", "exp1",
)  # fmt: skip
"""Elementwise functions of one argument that a record may contain, by NumPy's or scipy.special's name.

`softplus(x)` is log(1 + exp(x)); `sinc(x)` is sin(pi x) / (pi x), as in NumPy; `lambertw` is the principal branch, for
x > -1/e.
"""

CONSTANTS = ("pi", "ln2", "ln10")
"""Names of the irrational constants that derivatives need."""


class Arithmetic(Protocol):
    """Operations on arrays of one number system; `X` below is that system's array of the record's shape.

    `index` arrays hold flat positions in the concatenation of the flattened arguments; -1 stands for `fill`.
    """

    def enter(self, dtype: np.dtype[Any]) -> None:
        """Announce the dtype of the operations that follow; rounding depends on it."""

    def constant(self, value: Array) -> Any:
        """Exact X of a real NumPy array."""

    def real(self, name: str) -> Any:
        """A 0-d X of one of CONSTANTS."""

    def add(self, a: Any, b: Any) -> Any:
        """a + b, with broadcasting."""

    def sub(self, a: Any, b: Any) -> Any:
        """a - b, with broadcasting."""

    def mul(self, a: Any, b: Any) -> Any:
        """a b entry by entry, with broadcasting."""

    def div(self, a: Any, b: Any) -> Any:
        """a / b, with broadcasting."""

    def neg(self, a: Any) -> Any:
        """-a."""

    def unary(self, a: Any, *, function: str) -> Any:
        """A function of UNARY, or a slope that one of them needs, entry by entry."""

    def pow(self, a: Any, *, exponent: Array) -> Any:
        """a to constant real powers; whole exponents allow any sign of a."""

    def power(self, a: Any, b: Any) -> Any:
        """a to the power b, entry by entry; b may vary."""

    def arctan2(self, a: Any, b: Any) -> Any:
        """The angle of the point with y coordinate a and x coordinate b, in radians."""

    def hypot(self, a: Any, b: Any) -> Any:
        """sqrt(a^2 + b^2)."""

    def logaddexp(self, a: Any, b: Any) -> Any:
        """log(exp(a) + exp(b))."""

    def sum(self, a: Any, *, axes: Axes) -> Any:
        """Sum over `axes` (non-negative, sorted), which disappear."""

    def cumsum(self, a: Any, *, axis: int, reverse: bool = False) -> Any:
        """Running sums along `axis` (non-negative); from the last entry backwards if `reverse`."""

    def matmul(self, a: Any, b: Any) -> Any:
        """(..., n, k) times (..., k, m), leading axes equal."""

    def swap(self, a: Any) -> Any:
        """Last two axes exchanged."""

    def gather(self, *arrays: Any, index: Array, fill: float = 0.0) -> Any:
        """Entries of the concatenated arrays at `index`, in index's shape; `fill` where it is -1."""

    def scatter(self, a: Any, *, index: Array, shape: Shape) -> Any:
        """Zeros of `shape`, a's entries added at flat positions `index` (of a's shape); -1 drops the entry."""

    def sum_to(self, a: Any, shape: Shape) -> Any:
        """The transpose of broadcasting `shape` to a's shape."""

    def broadcast(self, a: Any, shape: Shape) -> Any:
        """a stretched to `shape`, as NumPy broadcasts."""

    def keep(self, a: Any, mask: Array) -> Any:
        """a where mask, exact zero elsewhere, whatever a holds there (NaN too)."""

    def held(self, a: Any) -> Any:
        """a, which counts as a constant for derivatives."""

    def shape(self, a: Any) -> Shape:
        """The record's shape of a."""


def segments(index: Array) -> tuple[Array, Array, Array]:
    """Group equal entries of a flat index array: (order, starts, targets), for `add.reduceat(x[order], starts)`."""
    order = np.argsort(index, kind="stable")
    ordered = index[order]
    first = np.ones(ordered.size, dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    return order, starts, ordered[starts]


def broadcast_axes(shape: Shape, target: Shape) -> Axes:
    """Axes of `shape` that were made by broadcasting `target` to it."""
    extra = len(shape) - len(target)
    return tuple(axis for axis in range(len(shape)) if axis < extra or (target[axis - extra] == 1 and shape[axis] != 1))


def one_less(exponent: Array) -> tuple[Array, NDArray[np.bool_]]:
    """exponent - 1, and where that is exact in floats; for 1/3 it is not.

    Knuth's two-sum finds the rounding error of the subtraction ("The Art of Computer Programming" 2, 4.2.2, theorem B).
    """
    less = np.asarray(exponent - 1)
    back = less - exponent
    return less, np.asarray((exponent - (less - back)) + (-1.0 - back) == 0.0)


def object_array(value: Any) -> Array:
    """An array of objects; NumPy returns results of shape () as the bare object."""
    if isinstance(value, np.ndarray):
        return value
    data = np.empty((), dtype=object)
    data[()] = value
    return data
