"""Stochastic arithmetic: many runs at once in floats, every operation perturbed by a random rounding.

What honest rounding in the subject's dtype can cost is read from the spread of the runs (Vignes, "A stochastic
arithmetic for reliable scientific computation", Math. Comput. Simul. 35 (1993); Parker, "Monte Carlo arithmetic",
1997). The runs of one array are its last axis, so that NumPy broadcasts and reduces the record's own axes as usual,
without a loop over entries. A structural constant has a last axis of length 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numbers.arithmetic import Array, Axes, Shape, broadcast_axes, segments
from gradcheck.numbers.float_functions import float_function

RUNS = 8
"""Number of runs with random rounding."""
SUM_WEIGHT = 10.0
"""Default of `Floats.sum_weight`."""
_POOL = 1 << 16
"""Number of rows of random numbers that are drawn once and reused."""


def unit_roundoff(dtype: Any) -> float:
    """Half the distance from 1 to the next larger number: 2^-53 for float64."""
    return float(np.finfo(dtype).eps) / 2


class Floats:
    """`arithmetic.Arithmetic` over float arrays whose last axis holds the runs.

    The first `rounded` runs round every operation at random. The `plain` runs after them do not; they show the effect
    of moved inputs.

    Parameters
    ----------
    dtype: the subject's dtype. An operation recorded in a narrower dtype rounds to that, in a wider one to this.
    rounded, plain: number of runs of each kind.
    seed: for the perturbations.
    sum_weight: w in min(n, w sqrt(n)) u sum|terms|, the largest perturbation of a sum of n terms in any order.
    """

    def __init__(
        self,
        dtype: Any,
        rounded: int = RUNS,
        plain: int = 0,
        *,
        seed: int = 0,
        sum_weight: float = SUM_WEIGHT,
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.rounded = rounded
        self.runs = rounded + plain
        self.sum_weight = sum_weight
        self.subject_unit = unit_roundoff(dtype)
        # The carrier's own rounding must stay far below the perturbations and the moves of inputs.
        self.carrier: Any = np.float64 if rounded and self.subject_unit > 2.0**-40 else np.longdouble
        pool = _first_pool(seed, self.rounded, plain, self.carrier)
        self._state = pool.state
        self._pool, self._factors = pool.numbers, pool.factors
        self._cursor = 0
        self._entered: np.dtype[Any] | None = None
        self.enter(self.dtype)

    def enter(self, dtype: np.dtype[Any]) -> None:
        """Round the operations that follow as `dtype` does, or as the subject's dtype if that is coarser."""
        if dtype is not self._entered:
            self.unit, self.floor, self.threshold = _limits(dtype, self.dtype)
            self._entered = dtype

    @cached_property
    def _random(self) -> np.random.Generator:
        """Draws what the pool does not hold; made when first needed, since most runs never do (15 us of 26)."""
        random = np.random.default_rng(0)
        random.bit_generator.state = self._state
        return random

    def _piece(self, rows: int) -> slice:
        """The next rows of the pool of uniform numbers in [-1, 1], which is drawn once and reused at new offsets."""
        if rows > len(self._pool):
            self._pool = _drawn(self._random, 2 * rows, self.rounded, self.runs - self.rounded, self.carrier)
            self._factors = {}
            self._cursor = 0
        if self._cursor + rows > len(self._pool):
            self._cursor = int(self._random.integers(0, len(self._pool) - rows + 1))
        start, self._cursor = self._cursor, self._cursor + rows
        return slice(start, self._cursor)

    def _round(self, y: Array, error: Array | None = None) -> Array:
        """y with a random rounding: relative `unit`, or at most `unit` times `error`; plus underflow.

        y is a fresh array, whose rounded runs are overwritten. The plain ones are not even looked at: with a copy, and
        every run multiplied, a Rosenbrock function of 10,000 variables took a third longer.
        """
        if not self.rounded:
            return y
        if y.shape[-1] != self.runs:
            y = np.array(np.broadcast_to(y, (*y.shape[:-1], self.runs)))
        piece = self._piece(y.size // self.runs)
        ours = y[..., : self.rounded]
        # Whether there is anything faint, or not finite, is seen in float64, whose minimum is found ten times faster.
        with np.errstate(over="ignore"):
            near = np.abs(ours.astype(np.float64))
        faint = self._faint(ours, near)
        if error is None:
            factors = self._factors.get(self.unit)
            if factors is None:
                factors = self._factors[self.unit] = 1 + self.unit * self._pool[:, : self.rounded]
            own = factors[piece].reshape(ours.shape)
            rounded = ours * own if faint else np.multiply(ours, own, out=ours)
        else:
            share = error if error.shape[-1] == 1 else error[..., : self.rounded]
            step = (self.unit * self._pool[piece, : self.rounded].reshape(ours.shape)) * share
            if not faint and np.isfinite(near).all():
                ours += step
                return y
            rounded = np.where(np.isfinite(ours), ours + step, ours)
        if faint:
            # Rounding to a subnormal number, or to zero: never by more than the number itself.
            size = np.abs(ours)
            low = np.minimum(self.floor, size) * self._pool[piece, : self.rounded].reshape(ours.shape)
            rounded = np.where((size < self.threshold) & (ours != 0), rounded + low, rounded)
        if rounded is not ours:
            ours[...] = rounded
        return y

    def _faint(self, ours: Array, near: Array) -> bool:
        """Whether some number may be subnormal; an exact zero is none. `near` are their sizes in float64."""
        if not near.size or near.min() > self.threshold:
            return False
        return bool(np.any(ours[near <= self.threshold] != 0))

    def _terms(self, n: int) -> float:
        """How many roundings a sum of n terms suffers, whatever its order."""
        return min(float(n), self.sum_weight * math.sqrt(n))

    # -- leaves ----------------------------------------------------------------------------------------------------

    def constant(self, value: Array) -> Array:
        """The value, the same in all runs (a last axis of length 1)."""
        return np.asarray(value, dtype=self.carrier)[..., None]

    def real(self, name: str) -> Array:
        """One of CONSTANTS to the precision of the carrier."""
        wide = np.longdouble
        value = {"pi": 4 * np.arctan(wide(1)), "ln2": np.log(wide(2)), "ln10": np.log(wide(10))}[name]
        return np.asarray([value], dtype=self.carrier)

    # -- elementwise -----------------------------------------------------------------------------------------------

    def add(self, a: Array, b: Array) -> Array:
        """a + b, rounded at random."""
        return self._round(a + b)

    def sub(self, a: Array, b: Array) -> Array:
        """a - b, rounded at random."""
        return self._round(a - b)

    def mul(self, a: Array, b: Array) -> Array:
        """a b, rounded at random."""
        return self._round(a * b)

    def div(self, a: Array, b: Array) -> Array:
        """a / b, rounded at random."""
        return self._round(a / b)

    def neg(self, a: Array) -> Array:
        """-a, which no float rounds."""
        return -a

    def unary(self, a: Array, *, function: str) -> Array:
        """The function's value, rounded once."""
        return self._round(np.asarray(float_function(function)(a), dtype=self.carrier))

    def pow(self, a: Array, *, exponent: Array) -> Array:
        """a to constant powers, rounded once."""
        if exponent.ndim == 0 and exponent == 2:
            return self._round(a * a)
        if exponent.ndim == 0 and exponent == 1:  # what the slope of x^2 takes; powl is 40 times slower, and exact
            return self._round(np.array(a))
        return self._round(np.power(a, self.constant(exponent)))

    def power(self, a: Array, b: Array) -> Array:
        """a to the power b, rounded once."""
        return self._round(np.power(a, b))

    def arctan2(self, a: Array, b: Array) -> Array:
        """The angle, rounded once."""
        return self._round(np.arctan2(a, b))

    def hypot(self, a: Array, b: Array) -> Array:
        """sqrt(a^2 + b^2), rounded once."""
        return self._round(np.hypot(a, b))

    def logaddexp(self, a: Array, b: Array) -> Array:
        """log(exp(a) + exp(b)), rounded once."""
        return self._round(np.logaddexp(a, b))

    # -- sums ------------------------------------------------------------------------------------------------------

    def sum(self, a: Array, *, axes: Axes) -> Array:
        """Sums, perturbed by what a sum of that many terms can lose in any order."""
        if not axes:
            return a
        total: Array = np.add.reduce(a, axis=axes)
        if not self.rounded:
            return total
        count = math.prod(a.shape[axis] for axis in axes)
        return self._round(total, self._terms(count) * np.add.reduce(np.abs(a), axis=axes))

    def cumsum(self, a: Array, *, axis: int, reverse: bool = False) -> Array:
        """Running sums, each perturbed as a sum of its own length."""
        if reverse:
            return np.flip(self.cumsum(np.flip(a, axis), axis=axis), axis)
        total = np.cumsum(a, axis=axis)
        if not self.rounded:
            return total
        counts = np.array([self._terms(n + 1) for n in range(a.shape[axis])])
        along = counts.reshape([-1 if k == axis else 1 for k in range(a.ndim)])
        return self._round(total, along * np.cumsum(np.abs(a), axis=axis))

    def matmul(self, a: Array, b: Array) -> Array:
        """Matrix products, each entry perturbed as a sum of k products."""
        left, right = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
        product = np.moveaxis(np.matmul(left, right), 0, -1)
        if not self.rounded:
            return np.asarray(product)
        # The bound needs magnitudes only, so one run serves for all, in float64, which BLAS multiplies.
        size = np.abs(left[0].astype(np.float64)) @ np.abs(right[0].astype(np.float64))
        return self._round(product, self._terms(a.shape[-2] + 1) * size[..., None])

    def scatter(self, a: Array, *, index: Array, shape: Shape) -> Array:
        """Entries added at flat positions; a sum of two or more is perturbed."""
        runs = a.shape[-1]
        if _in_order(index, int(np.prod(shape))):
            return a.reshape(*shape, runs).copy()
        kept = index.ravel() >= 0
        where, values = index.ravel()[kept], a.reshape(-1, runs)[kept]
        flat = np.zeros((math.prod(shape), runs), dtype=a.dtype)
        order, starts, targets = segments(where)
        if targets.size == where.size:
            flat[where] = values
        elif targets.size:
            total = np.add.reduceat(values[order], starts)
            if self.rounded:
                counts = np.diff(np.r_[starts, where.size])
                size = np.add.reduceat(np.abs(values[order]), starts)
                many = np.where(counts > 1, np.minimum(counts, self.sum_weight * np.sqrt(counts)), 0)
                total = self._round(total, many[:, None] * size)
                flat = np.zeros((flat.shape[0], total.shape[1]), dtype=flat.dtype)
            flat[targets] = total
        return flat.reshape(*shape, flat.shape[1])

    def sum_to(self, a: Array, shape: Shape) -> Array:
        """Sums over the axes that broadcasting made, perturbed as in `sum`."""
        if a.shape[:-1] == shape:
            return a
        reduced = self.sum(a, axes=broadcast_axes(a.shape[:-1], shape))
        return reduced.reshape(*shape, reduced.shape[-1])

    # -- structure -------------------------------------------------------------------------------------------------

    def swap(self, a: Array) -> Array:
        """The last two of the record's axes exchanged."""
        return np.swapaxes(a, -2, -3)

    def gather(self, *arrays: Array, index: Array, fill: float = 0.0) -> Array:
        """Entries by flat position, in all runs; nothing rounds."""
        runs = max(a.shape[-1] for a in arrays)
        if len(arrays) == 1 and _in_order(index, arrays[0].size // max(1, runs)):
            return arrays[0].reshape(*index.shape, runs).copy()
        pieces = [
            np.broadcast_to(a, (*a.shape[:-1], runs)).reshape(-1, runs) if a.size else np.zeros((0, runs))
            for a in arrays
        ]
        last = np.full((1, runs), fill, dtype=self.carrier)
        return np.asarray(np.concatenate([*pieces, last])[index])

    def broadcast(self, a: Array, shape: Shape) -> Array:
        """A read-only view of the larger shape; the runs stay."""
        return np.broadcast_to(a, (*shape, a.shape[-1]))

    def held(self, a: Array) -> Array:
        """The same numbers."""
        return a

    def keep(self, a: Array, mask: Array) -> Array:
        """a where the mask holds, else 0, in all runs."""
        return np.where(mask[..., None], a, a.dtype.type(0))

    def shape(self, a: Array) -> Shape:
        """The shape without the axis of runs."""
        return a.shape[:-1]


def _in_order(index: Array, size: int) -> bool:
    """Whether flat positions are all of `size` entries in their order: a new shape, and nothing else."""
    flat = index.ravel()
    return flat.size == size and size > 0 and bool(np.array_equal(flat, np.arange(size)))


@dataclass(frozen=True)
class _Pool:
    """Uniform numbers in [-1, 1], the factors 1 + unit * number by unit, and the state of the generator after them."""

    numbers: Array
    factors: dict[float, Array]
    state: Any


@lru_cache(maxsize=8)
def _first_pool(seed: int, rounded: int, plain: int, carrier: Any) -> _Pool:
    """The pool that a seed begins with; shared, because every trace needs it and it takes megabytes."""
    random = np.random.default_rng(seed)
    numbers = _drawn(random, _POOL // max(1, rounded + plain), rounded, plain, carrier)
    return _Pool(numbers, {}, random.bit_generator.state)


def _drawn(random: np.random.Generator, rows: int, rounded: int, plain: int, carrier: Any) -> Array:
    """Rows of the pool: a number for each rounded run, 0 for each plain one; read-only."""
    numbers = np.zeros((rows, rounded + plain), dtype=carrier)
    numbers[:, :rounded] = random.uniform(-1.0, 1.0, (rows, rounded))
    numbers.flags.writeable = False
    return numbers


@cache
def _limits(dtype: np.dtype[Any], subject: np.dtype[Any]) -> tuple[float, float, float]:
    """Unit roundoff, smallest subnormal and smallest normal number of the coarser of two dtypes."""
    coarse = np.finfo(subject)
    if dtype.kind == "f" and np.finfo(dtype).eps > coarse.eps:
        coarse = np.finfo(dtype)
    return float(coarse.eps) / 2, float(coarse.smallest_subnormal), float(coarse.tiny)


def largest(deviations: Sequence[Array]) -> list[NDArray[np.float64]]:
    """Per entry the largest magnitude over the runs, as float64; NaN (a run that broke down) counts as inf."""
    out = []
    for deviation in deviations:
        size = np.max(np.abs(deviation), axis=-1).astype(np.float64)
        out.append(np.where(np.isnan(size), np.inf, size))
    return out
