"""Number system whose arrays are slots of a trace: a sweep in it is recorded, and can be swept again.

A reverse sweep over a record in these numbers appends the gradient's own operations to the record, so that the second
derivative is the derivative of those. Griewank & Walther, "Evaluating Derivatives" (2008), section 3.2 and chapter 5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import UNARY, Array, Axes, Shape, broadcast_axes
from gradcheck.numbers.families import named, parsed
from gradcheck.tracing.trace import Trace, positions

_REALS = {"pi": (4.0, "arctan", 1.0), "ln2": (1.0, "log", 2.0), "ln10": (1.0, "log", 10.0)}
"""Irrational constants as (factor, function, argument), exact in every number system."""


class RecordedArithmetic:
    """`arithmetic.Arithmetic` on slots of one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._dtype = np.dtype(np.float64)

    def enter(self, dtype: np.dtype[Any]) -> None:
        """The dtype of the operations that follow."""
        self._dtype = dtype

    def _apply(self, primitive: str, *args: int, **attributes: Any) -> int:
        return self._trace.apply(primitive, args, self._dtype, **attributes)

    def constant(self, value: Array) -> int:
        """A structural constant, in the dtype entered."""
        return self._trace.constant(np.asarray(value))

    def real(self, name: str) -> int:
        """An irrational constant, as a function of whole numbers."""
        factor, function, argument = _REALS[name]
        number = self.unary(self.constant(np.asarray(argument)), function=function)
        return number if factor == 1.0 else self.mul(self.constant(np.asarray(factor)), number)

    def add(self, a: int, b: int) -> int:
        """a + b."""
        return self._apply("add", a, b)

    def sub(self, a: int, b: int) -> int:
        """a - b."""
        return self._apply("sub", a, b)

    def mul(self, a: int, b: int) -> int:
        """a b, entry by entry."""
        return self._apply("mul", a, b)

    def div(self, a: int, b: int) -> int:
        """a / b."""
        return self._apply("div", a, b)

    def neg(self, a: int) -> int:
        """-a."""
        return self._apply("neg", a)

    def unary(self, a: int, *, function: str) -> int:
        """A function of one argument; Unsupported for a slope whose own slope is not known."""
        function = named("polygamma", 1) if function == "trigamma" else function
        if function not in UNARY and parsed(function) is None:
            raise Unsupported(f"the derivative of {function} is not known, so that there is no second derivative here")
        return self._apply("unary", a, function=function)

    def pow(self, a: int, *, exponent: Array) -> int:
        """Constant powers."""
        return self._apply("pow", a, exponent=exponent)

    def power(self, a: int, b: int) -> int:
        """a to the power b."""
        return self._apply("power", a, b)

    def arctan2(self, a: int, b: int) -> int:
        """The angle of (b, a)."""
        return self._apply("arctan2", a, b)

    def hypot(self, a: int, b: int) -> int:
        """sqrt(a^2 + b^2)."""
        return self._apply("hypot", a, b)

    def logaddexp(self, a: int, b: int) -> int:
        """log(exp(a) + exp(b))."""
        return self._apply("logaddexp", a, b)

    def sum(self, a: int, *, axes: Axes) -> int:
        """Sum over axes."""
        return self._apply("sum", a, axes=axes) if axes else a

    def cumsum(self, a: int, *, axis: int, reverse: bool = False) -> int:
        """Running sums."""
        return self._apply("cumsum", a, axis=axis, reverse=reverse)

    def matmul(self, a: int, b: int) -> int:
        """Matrix products."""
        return self._apply("matmul", a, b)

    def swap(self, a: int) -> int:
        """Last two axes exchanged."""
        return self.gather(a, index=np.swapaxes(positions(self.shape(a)), -1, -2))

    def gather(self, *arrays: int, index: Array, fill: float = 0.0) -> int:
        """Entries of the concatenated arrays."""
        return self._trace.gather(arrays, np.asarray(index), self._dtype, fill)

    def scatter(self, a: int, *, index: Array, shape: Shape) -> int:
        """Entries added at positions."""
        return self._apply("scatter", a, index=np.asarray(index, order="C"), shape=tuple(shape))

    def sum_to(self, a: int, shape: Shape) -> int:
        """The transpose of broadcasting."""
        here = self.shape(a)
        if here == tuple(shape):
            return a
        total = self.sum(a, axes=broadcast_axes(here, shape))
        return self.gather(total, index=positions(shape))

    def broadcast(self, a: int, shape: Shape) -> int:
        """Stretched to a shape."""
        return self.gather(a, index=np.array(np.broadcast_to(positions(self.shape(a)), shape)))

    def keep(self, a: int, mask: Array) -> int:
        """Zero where the mask is False."""
        return self.gather(a, index=np.where(mask, positions(self.shape(a)), -1))

    def held(self, a: int) -> int:
        """The same numbers, constant from here on."""
        return self._trace.hold(a)

    def shape(self, a: int) -> Shape:
        """The shape of a node."""
        return self._trace.record.nodes[a].shape
