"""Arrays of balls: every number is a midpoint and a radius that is proven to contain the real result.

An array of balls is an object ndarray, so that NumPy's own broadcasting, indexing and reductions apply. The scalars
come from python-flint (`flint_balls`).
"""

import math
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from gradcheck.numbers.arithmetic import Array, Axes, Shape, broadcast_axes, object_array, segments
from gradcheck.numbers.families import WithFamilies
from gradcheck.numbers.flint_balls import FlintBalls


@dataclass(frozen=True)
class Enclosure:
    """Intervals that are proven to contain real numbers.

    Attributes
    ----------
    midpoint: float64 array (NaN or inf where the value is undefined or leaves float64's range).
    radius: float64 array of the same shape, >= 0 or inf: |true - midpoint| <= radius. It includes the rounding of the
        midpoint to float64, so that it is seldom below 1e-17 of the value.
    rest, narrow: |true - (midpoint + rest)| <= narrow: the value to some 30 digits, in two floats; None if not known.
    """

    midpoint: NDArray[np.float64]
    radius: NDArray[np.float64]
    rest: NDArray[np.float64] | None = None
    narrow: NDArray[np.float64] | None = None

    @property
    def finite(self) -> bool:
        """Whether every entry has a finite midpoint and radius."""
        return bool(np.all(np.isfinite(self.midpoint)) and np.all(np.isfinite(self.radius)))

    @property
    def shape(self) -> Shape:
        """Shape of midpoint and radius."""
        return self.midpoint.shape


class Balls:
    """`arithmetic.Arithmetic` over object arrays of balls."""

    scalars = FlintBalls()
    # Of the class: making these took 50 us, and every trace has its Balls.
    _functions = WithFamilies(
        {name: np.frompyfunc(f, 1, 1) for name, f in scalars.functions.items()},
        lambda family, at: np.frompyfunc(lambda x: family.ball(x, *at), 1, 1),
    )
    # Functions in C where there are some: a frame of Python for each ball took a third of the time of reading them.
    _power = np.frompyfunc(operator.pow, 2, 1)
    _arctan2 = np.frompyfunc(scalars.arctan2, 2, 1)
    _exact = staticmethod(lru_cache(maxsize=4096)(scalars.exact))
    _middle = np.frompyfunc(arb.mid, 1, 1)
    _radius = np.frompyfunc(arb.rad, 1, 1)
    _overlap = np.frompyfunc(scalars.overlap, 2, 1)

    @contextmanager
    def working(self, bits: int) -> Iterator[None]:
        """Work with `bits` bits inside the block, without NumPy's floating-point warnings."""
        with self.scalars.precision(bits), np.errstate(all="ignore"):
            yield

    def enter(self, dtype: np.dtype[Any]) -> None:
        """Balls do not round to any dtype."""

    def constant(self, value: Array) -> Array:
        """Balls of radius 0; integers and floats up to longdouble are exact."""
        value = np.asarray(value)
        out = np.empty(value.size, dtype=object)
        if value.dtype.kind in "biu":
            out[:] = list(map(arb, map(int, value.ravel().tolist())))
        elif value.dtype.itemsize > 8:
            high = value.astype(np.float64)
            low = np.where(np.isfinite(high), value - high, 0).astype(np.float64)
            pairs = zip(high.ravel().tolist(), low.ravel().tolist(), strict=True)
            out[:] = [arb(h) + arb(t) if t else arb(h) for h, t in pairs]
        else:
            out[:] = list(map(arb, value.ravel().tolist()))
        return out.reshape(value.shape)

    def between(self, low: float, high: float) -> Array:
        """A ball, of shape (), that holds every number from `low` to `high`."""
        return object_array(self.scalars.between(low, high))

    def real(self, name: str) -> Array:
        """A ball around one of CONSTANTS."""
        return object_array(self.scalars.constants[name]())

    def add(self, a: Array, b: Array) -> Array:
        """Balls that contain a + b."""
        return object_array(a + b)

    def sub(self, a: Array, b: Array) -> Array:
        """Balls that contain a - b."""
        return object_array(a - b)

    def mul(self, a: Array, b: Array) -> Array:
        """Balls that contain a b."""
        return object_array(a * b)

    def div(self, a: Array, b: Array) -> Array:
        """Balls that contain a / b; not finite where b contains 0."""
        return object_array(a / b)

    def neg(self, a: Array) -> Array:
        """The balls of -a."""
        return object_array(-a)

    def unary(self, a: Array, *, function: str) -> Array:
        """Balls that contain the function's values."""
        return object_array(self._functions[function](a))

    def pow(self, a: Array, *, exponent: Array) -> Array:
        """Balls that contain a to constant powers."""
        if exponent.ndim == 0 and exponent == 2:
            return object_array(a * a)
        if exponent.ndim == 0 and exponent == 1:
            return a
        return object_array(self._power(a, self.constant(exponent)))

    def power(self, a: Array, b: Array) -> Array:
        """Balls that contain a to the power b."""
        return object_array(self._power(a, b))

    def arctan2(self, a: Array, b: Array) -> Array:
        """Balls that contain the angle of (b, a)."""
        return object_array(self._arctan2(a, b))

    def hypot(self, a: Array, b: Array) -> Array:
        """sqrt(a a + b b): balls neither overflow nor underflow, so no scaling is needed."""
        return self.unary(object_array(a * a + b * b), function="sqrt")

    def logaddexp(self, a: Array, b: Array) -> Array:
        """a + softplus(b - a)."""
        return self.add(a, self.unary(object_array(b - a), function="softplus"))

    def sum(self, a: Array, *, axes: Axes) -> Array:
        """Sums over axes; 0 where nothing is added."""
        if not axes:
            return a
        if a.size == 0:
            return self.constant(np.zeros([n for axis, n in enumerate(a.shape) if axis not in axes]))
        return object_array(np.add.reduce(a, axis=axes))

    def cumsum(self, a: Array, *, axis: int, reverse: bool = False) -> Array:
        """Running sums along an axis."""
        if reverse:
            return np.flip(np.add.accumulate(np.flip(a, axis), axis=axis), axis)
        return np.asarray(np.add.accumulate(a, axis=axis))

    def matmul(self, a: Array, b: Array) -> Array:
        """Matrix products, page by page over the leading axes."""
        if a.ndim == 2:
            return self.scalars.matmul(a, b)
        batch, (n, k), m = a.shape[:-2], a.shape[-2:], b.shape[-1]
        pages = zip(a.reshape(-1, n, k), b.reshape(-1, k, m), strict=True)
        out = np.empty((math.prod(batch), n, m), dtype=object)
        for page, (left, right) in enumerate(pages):
            out[page] = self.scalars.matmul(left, right)
        return out.reshape(*batch, n, m)

    def swap(self, a: Array) -> Array:
        """Last two axes exchanged."""
        return np.swapaxes(a, -1, -2)

    def gather(self, *arrays: Array, index: Array, fill: float = 0.0) -> Array:
        """Entries by flat position."""
        # `fill` is the last entry, which is position -1.
        flat = np.concatenate([*(a.ravel() for a in arrays), object_array(self._exact(fill)).reshape(1)])
        return object_array(flat[index])

    def scatter(self, a: Array, *, index: Array, shape: Shape) -> Array:
        """Entries added at flat positions."""
        flat = np.empty(math.prod(shape), dtype=object)
        flat[:] = [self.scalars.zero] * flat.size
        kept = index.ravel() >= 0
        where, values = index.ravel()[kept], a.ravel()[kept]
        order, starts, targets = segments(where)
        if targets.size == where.size:
            flat[where] = values
        elif targets.size:
            flat[targets] = np.add.reduceat(values[order], starts)
        return flat.reshape(shape)

    def sum_to(self, a: Array, shape: Shape) -> Array:
        """Sums over the axes that broadcasting made."""
        if a.shape == shape:
            return a
        return self.sum(a, axes=broadcast_axes(a.shape, shape)).reshape(shape)

    def broadcast(self, a: Array, shape: Shape) -> Array:
        """A read-only view of the larger shape."""
        return np.broadcast_to(a, shape)

    def held(self, a: Array) -> Array:
        """The same numbers."""
        return a

    def keep(self, a: Array, mask: Array) -> Array:
        """a where the mask holds, else the ball 0."""
        return object_array(np.where(mask, a, object_array(self.scalars.zero)))

    def shape(self, a: Array) -> Shape:
        """The array's own shape."""
        return a.shape

    # -- from balls to floats ------------------------------------------------------------------------------------

    def midpoint(self, a: Array) -> NDArray[np.float64]:
        """Midpoints, rounded to float64."""
        with np.errstate(all="ignore"):  # the libraries leave floating-point flags set, which NumPy reports
            return np.asarray(a, dtype=np.float64)

    def radius(self, a: Array, middle: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Upper bounds on the radii (inf for NaN). `middle`: the midpoints, where they are known already."""
        # Conversion may have rounded down by one unit in the last place.
        with np.errstate(all="ignore"):
            radius = np.asarray(self._radius(a), dtype=np.float64) * (1 + 1e-15)
        middle = self.midpoint(a) if middle is None else middle
        return np.asarray(np.where(np.isnan(radius) | np.isnan(middle), np.inf, radius))

    def _rest(self, a: Array, high: Array) -> NDArray[np.float64]:
        """What is left of the midpoints after `high`, rounded to float64."""
        return np.asarray(self._middle(a) - np.asarray(high, dtype=object), dtype=np.float64)

    def longdouble(self, a: Array, middle: NDArray[np.float64] | None = None) -> Array:
        """Midpoints to the precision of np.longdouble. `middle`: those in float64, where they are known already."""
        high = self.midpoint(a) if middle is None else middle
        if np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps:
            return high.astype(np.longdouble)
        finite = np.isfinite(high)
        low = np.zeros_like(high)
        if finite.all():
            low = self._rest(a, high)
        elif finite.any():
            low[finite] = self._rest(a[finite], high[finite])
        return high.astype(np.longdouble) + low

    def enclosure(self, a: Array) -> Enclosure:
        """Float64 midpoints and radii; each interval contains its ball."""
        middle = self.midpoint(a)
        finite = np.isfinite(middle)
        rest = np.zeros_like(middle)
        if finite.all():
            rest = self._rest(a, middle)
        else:
            rest[finite] = self._rest(a[finite], middle[finite])
        own = self.radius(a, middle)
        radius = (own + np.abs(rest)) * (1 + 1e-15)
        # Near the subnormal numbers that factor has no effect, and the rest may have underflowed to 0.
        faint = np.where(radius == 0, (middle != 0) & (np.abs(middle) < 1e-280), radius < 1e-290)
        radius = np.where(faint, radius + 1e-322, radius)
        narrow = np.where(rest == 0, own, (own + np.spacing(np.abs(rest))) * (1 + 1e-15))
        narrow = np.where(faint, radius, narrow)
        return Enclosure(middle, np.where(finite, radius, np.inf), rest, np.where(finite, narrow, np.inf))

    def overlap(self, a: Array, b: Array) -> bool:
        """Whether the balls of every pair have a number in common."""
        return bool(np.all(self._overlap(a, b)))
