"""The gradient of a scalar function, as a function of arrays that can itself be traced and differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import Unsupported
from gradcheck.judge.raised import UnreadableAnswer
from gradcheck.numbers.ball import Enclosure
from gradcheck.tracing import explore
from gradcheck.tracing.kept_state import Known, remembering
from gradcheck.tracing.lifting import contains_traced, lift
from gradcheck.tracing.recorded_arithmetic import RecordedArithmetic
from gradcheck.tracing.sweep import reverse
from gradcheck.tracing.traced import Traced, is_traced

Array = NDArray[Any]

MOST_REFUSED = 3
"""Number of points at which f cannot be traced, after which it is differenced without another attempt, if it never
could be."""
_ROUNDING = float(np.finfo(np.float64).eps)
MOST_KNOWN = 64
"""Maximum number of points whose gradient is kept: the rows of a Jacobian ask for one point many times."""


class GradientOf:
    """x -> the gradient of f at x with respect to the inputs in `wrt`: a tuple of arrays of their dtypes, bare for one.

    On traced arrays f's record is swept in reverse, and that sweep is recorded: its derivative is the Hessian. On plain
    arrays the numbers are the midpoints of proven ones. An f that cannot be traced is differenced.

    Raises UnreadableAnswer GC018 if f does not return one number.
    """

    argument_names: tuple[str, ...] | None = None
    """Names of the inputs, where they are known (read by `input_names`)."""

    def __init__(self, f: Callable[..., Any], wrt: Sequence[int]) -> None:
        self._f = f
        self._wrt = tuple(wrt)
        self._known: dict[Any, list[Array]] = {}
        self._reached: Known = {}
        self._refused = 0
        self._ever_traced = False

    def __call__(self, *inputs: Any) -> Any:
        """The gradient."""
        traced = next((x for x in inputs if is_traced(x)), None)
        parts = self._plain(inputs) if traced is None else self._recorded(traced.run, inputs)
        return parts[0] if len(parts) == 1 else tuple(parts)

    def _recorded(self, trace: Any, inputs: Sequence[Any]) -> list[Any]:
        own = [_apart(x) if is_traced(x) else x for x in inputs]
        slots = [lift(trace, own[k]).slot for k in self._wrt]
        value = self._f(*own)
        if not contains_traced(value):
            return [np.zeros(np.shape(inputs[k])) for k in self._wrt]
        out = lift(trace, value)
        one_number(out.shape)
        numbers = RecordedArithmetic(trace)
        numbers.enter(out.dtype)
        seeds = {out.slot: numbers.constant(np.ones(out.shape))}
        slots_of_values = range(len(trace.record.nodes))
        made = [len(trace.record.nodes)]

        def visit(slot: int, *_: Any) -> None:
            trace.made_by_sweep(made[0], slot)
            made[0] = len(trace.record.nodes)

        adjoints = reverse(numbers, trace.record, slots_of_values, seeds, masked=True, visit=visit)
        found = []
        for slot in slots:
            adjoint = adjoints[slot] if slot < len(adjoints) else None
            shape = trace.record.nodes[slot].shape
            found.append(Traced(trace, numbers.constant(np.zeros(shape)) if adjoint is None else adjoint, scalar=False))
        return found

    def _plain(self, inputs: Sequence[Any]) -> list[Array]:
        key = tuple((np.shape(x), np.asarray(x).dtype.str, np.asarray(x).tobytes()) for x in inputs)
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._proven(inputs)
        parts = zip(self._known[key], self._wrt, strict=True)
        return [np.array(part, np.asarray(inputs[k]).dtype) for part, k in parts]

    def _proven(self, inputs: Sequence[Any]) -> list[Array]:
        if self._refused >= MOST_REFUSED and not self._ever_traced:
            return self._differenced(inputs)
        try:
            parts = self._parts(inputs, sharp=False)
            if not all(_close(p) for p in parts):
                parts = self._parts(inputs, sharp=True)
        except Unsupported:
            found = self._differenced(inputs)
            self._refused += 1  # after that: complex numbers are refused by both, and say nothing of other points
            return found
        self._ever_traced = True
        found = [
            np.array(p.midpoint, np.float64).reshape(np.shape(inputs[k])) for p, k in zip(parts, self._wrt, strict=True)
        ]
        # 0/0 in the sweep where f itself avoids it: tanh(n) / (n + (n == 0)) for n = |x| has the gradient 0 at x = 0
        return found if all(np.all(np.isfinite(x)) for x in found) else self._differenced(inputs)

    def _parts(self, inputs: Sequence[Any], *, sharp: bool) -> Sequence[Enclosure]:
        """The proven gradient by one sweep: without the other one, and not `sharp`, it takes half the time."""
        with remembering(self._reached):
            outcomes = explore(self._f, inputs, wrt=self._wrt, sharp=sharp)
        one_number(*outcomes.output_shapes)
        (shape,) = outcomes.output_shapes
        with np.errstate(all="ignore"):
            return outcomes.vjp([np.ones(shape)], crossed=False).parts

    def _differenced(self, inputs: Sequence[Any]) -> list[Array]:
        from gradcheck.oracle.finite_difference import difference_gradient  # late: few checks need it

        found = difference_gradient(self._f, inputs, wrt=self._wrt)
        return [np.asarray(g.value) for k in self._wrt if (g := found.gradients[k]) is not None]


def _close(part: Enclosure) -> bool:
    """Whether the midpoint of every entry is the derivative rounded to float64, or far closer than the largest one."""
    size = np.abs(part.midpoint)
    return bool(np.all(part.radius <= _ROUNDING * np.maximum(size, 2.0**-20 * np.max(size, initial=0.0))))


def _apart(x: Traced) -> Traced:
    """The same numbers in memory of their own: a part of a view would be read from the whole, past the view's node."""
    return Traced(x.run, x.slot, weak=x.weak, scalar=x.scalar, dtype=x.dtype)


def one_number(*shapes: tuple[int, ...]) -> None:
    """Raises UnreadableAnswer GC018 for the shapes of an f that does not return one number."""
    if len(shapes) != 1 or int(np.prod(shapes[0])) != 1:
        came = " and ".join(map(str, shapes)) or "nothing"
        what = f"must return one number, got shape {came}; if it is a gradient, say of='gradient'"
        raise UnreadableAnswer("GC018", who="f", what=what)
