"""Somebody's function of arrays, run safely at many points."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem, Unsupported
from gradcheck.holding import Tape
from gradcheck.oracle.differences.stencil import Array
from gradcheck.problem.evaluations import f_evaluated
from gradcheck.problem.time_limit import timed_call

WIDE = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
"""Whether this platform has a longdouble that is wider than float64."""

AGREE = 2.0**-16
"""Maximum distance of f in longdouble from f in float64, relative to its largest output: rounding, amplified."""


class BlackBox:
    """`f(*inputs)` with its inputs in one dtype, fresh copies of them at every call, and its outputs as arrays.

    Floating inputs are converted to `dtype`, all others are passed as they came. f may write into what it is given. A
    run gets what f held (`gradcheck.held`) at the point. One that raises, or gives a floating-point warning that f does
    not give at the point itself, has no value.

    Attributes
    ----------
    inputs: the arrays of the point; never handed out, only copies are.
    outputs: f's outputs at the point, a tuple of arrays.
    single: whether f returns one array (or number) and not a tuple of them.
    evaluations: how often f ran.
    warnings_given: the warnings that f gave at the point.

    Raises
    ------
    InvalidProblem: an output that is no array of real numbers (complex ones are fine where `dtype` is complex).
    Unsupported: complex inputs.
    Whatever f raises at the point itself.
    """

    def __init__(self, f: Callable[..., Any], inputs: Sequence[ArrayLike], dtype: Any = np.float64) -> None:
        self.f, self.dtype, self.evaluations = f, np.dtype(dtype), 0
        self._held = Tape()
        self.inputs = [self._convert(np.asarray(x)) for x in inputs]
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            with self._held.recording():
                answer = self._run(self.inputs)
        self.warnings_given = tuple(str(w.message) for w in given if issubclass(w.category, RuntimeWarning))
        kinds = "fiubc" if self.dtype.kind == "c" else "fiub"
        self.single = not isinstance(answer, (tuple, list))
        self.outputs = self._arrays(answer)
        for k, output in enumerate(self.outputs):
            if output.dtype.kind not in kinds:
                raise InvalidProblem(
                    f"expected real numbers, got dtype {output.dtype}", where=f"output {k} of the function"
                )
        self._shapes = [output.shape for output in self.outputs]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, a floating-point warning of f ends its run, unless f gives one at the point itself.

        What is computed besides, of numbers that may be infinite, gives none.
        """
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if not self.warnings_given:
                warnings.simplefilter("error", RuntimeWarning)
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # a derivative dropped in silence
            yield

    def __call__(self, inputs: Sequence[Array]) -> tuple[Array, ...] | None:
        """f's outputs at other inputs; None where it raised, warned, or changed its shapes. Call within `watching`."""
        try:
            with self._held.playing():
                outputs = self._arrays(self._run(inputs))
        except (Exception, SystemExit):  # whatever a user's function raises beside its point: there is no value there
            return None
        return outputs if [o.shape for o in outputs] == self._shapes else None

    def _run(self, inputs: Sequence[Array]) -> Any:
        self.evaluations += 1
        f_evaluated()
        with timed_call(), np.errstate(all="warn", under="ignore"):  # puts back whatever f makes of it
            return self.f(*(x.copy(order="K") for x in inputs))

    @staticmethod
    def _arrays(answer: Any) -> tuple[Array, ...]:
        parts = answer if isinstance(answer, (tuple, list)) else (answer,)
        return tuple(np.array(part) for part in parts)  # copies: f may reuse its buffers

    def _convert(self, x: Array) -> Array:
        if x.dtype.kind == "c":
            raise Unsupported("complex inputs: differences are taken along real directions only")
        return np.array(x, dtype=self.dtype if x.dtype.kind == "f" else x.dtype, order="K")


def open_box(f: Callable[..., Any], inputs: Sequence[ArrayLike], precision: str) -> BlackBox:
    """A box in longdouble where f really carries it, else in float64.

    Parameters
    ----------
    precision: "auto", "float64" or "longdouble"; the last raises Unsupported where f does not carry it.
    """
    if precision not in ("auto", "float64", "longdouble"):
        raise InvalidProblem(f"precision must be auto, float64 or longdouble, got {precision!r}")
    narrow = BlackBox(f, inputs)
    wide = _wide_box(f, inputs, narrow) if WIDE and precision != "float64" else None
    if wide is None and precision == "longdouble":
        raise Unsupported("the function does not carry longdouble: moves of 2^-60 give no distinct values")
    return wide or narrow


def _wide_box(f: Callable[..., Any], inputs: Sequence[ArrayLike], narrow: BlackBox) -> BlackBox | None:
    """f in longdouble, if its outputs are longdouble, agree with its own, and change as the inputs move by 2^-60."""
    try:
        box = BlackBox(f, inputs, np.longdouble)
    except (Exception, SystemExit):  # f refuses longdouble, in a way of its own
        return None
    for own, other in zip(narrow.outputs, box.outputs, strict=False):
        if own.dtype.kind == "f" and other.dtype != np.longdouble:
            return None
        largest = np.abs(own).max(initial=0)
        if own.shape != other.shape or not np.all(np.abs(own.astype(np.longdouble) - other) <= AGREE * largest):
            return None
    with box.watching():
        values = [box.outputs, *(box(_moved(box.inputs, k)) for k in (-3, -2, -1, 1, 2, 3))]
    distinct = {tuple(o.tobytes() for o in outputs) for outputs in values if outputs is not None}
    return box if len(distinct) >= 4 else None


def _moved(inputs: Sequence[Array], k: int) -> list[Array]:
    """Inputs moved by k times 2^-60 of their size, no two entries alike."""
    moved = []
    for x in inputs:
        if x.dtype == np.longdouble:
            weights = 1 + np.sqrt(np.arange(2.0, x.size + 2)).reshape(x.shape) % 1
            size = np.where(np.isfinite(x), np.where(x == 0, 1, np.abs(x)), 0)
            x = x + k * np.longdouble(2) ** -60 * weights * size
        moved.append(x)
    return moved
