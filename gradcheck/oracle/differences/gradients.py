"""Derivatives of a black box `f(*inputs)`: every entry of its gradient, or one direction, with estimated bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem
from gradcheck.oracle.differences.blackbox import BlackBox, open_box
from gradcheck.oracle.differences.ladder import climb
from gradcheck.oracle.differences.sampling import Along, Entries, Weighing
from gradcheck.oracle.differences.stencil import SAFETY
from gradcheck.oracle.differences.weigh import Slopes
from gradcheck.oracle.differences.window import Centre
from gradcheck.oracle.estimate import Array, Estimate, Kind


@dataclass(frozen=True)
class Break:
    """A point where one component has no derivative: a kink, with its one-sided slopes, or a jump of f itself."""

    block: int
    index: tuple[int, ...]
    jump: bool
    left: float
    right: float

    def __str__(self) -> str:
        if self.jump:
            return "the function jumps here"
        return f"kink: slope {self.left:.6g} on the left, {self.right:.6g} on the right"


@dataclass(frozen=True)
class Differences:
    """Derivatives of a black box by its inputs.

    Attributes
    ----------
    loss: the function's value (weighted by the cotangent), with the size of its noise as error.
    gradients: per input an estimate of its shape, None where it was not asked for.
    breaks: entries (block = input) where there is no derivative.
    noise: per input the standard deviation of the function's noise as its entries move, as far as it was seen.
    evaluations: how often the function ran.
    precision: "float64" or "longdouble".
    """

    loss: Estimate
    gradients: tuple[Estimate | None, ...]
    breaks: tuple[Break, ...]
    noise: tuple[Array | None, ...]
    evaluations: int
    precision: str


@dataclass(frozen=True)
class Directional:
    """What is known of a directional derivative besides its value and bound; arrays have the output's shape.

    Attributes
    ----------
    kink, jump: where there is no derivative along this direction.
    left, right: slopes for t < 0 and t > 0 at a kink, NaN elsewhere.
    noise: standard deviation of the function's noise, as far as it was seen.
    step: half-width of the window that the answer rests on.
    evaluations: how often the function ran.
    precision: "float64" or "longdouble".
    """

    kink: Any
    jump: Any
    left: Any
    right: Any
    noise: Any
    step: Any
    evaluations: int
    precision: str


def difference_gradient(
    f: Callable[..., Any],
    inputs: Sequence[ArrayLike],
    *,
    wrt: Sequence[int] | None = None,
    cotangent: ArrayLike | tuple[ArrayLike, ...] | None = None,
    precision: str = "auto",
    budget: float = np.inf,
) -> Differences:
    """Every entry of the gradient of `f(*inputs)`, or of sum(cotangent * f(*inputs)).

    Parameters
    ----------
    f: black box; gets fresh copies of its inputs, floating ones as float64 or longdouble, others as they are.
    wrt: indices of the inputs to differentiate by; all floating ones by default.
    cotangent: shaped like f's output, a tuple where f returns one; may be left out where f returns a single number.
    precision: "auto" takes longdouble where f really carries it, "float64", or "longdouble".
    budget: runs of f after which no window is begun any more; entries not answered by then have error inf.

    Raises
    ------
    InvalidProblem: f returns more than one number and no cotangent is given, or one of another shape; a bad `wrt`.
    Unsupported: complex inputs; precision "longdouble" where f does not carry it.
    Whatever f raises at the point itself. At other points a run that raises or warns has no value.
    """
    box = open_box(f, inputs, precision)
    chosen = chosen_inputs(box, wrt)
    weigh = Weighing(box, cotangent_parts(box, cotangent))
    entries = Entries(box, chosen, weigh)
    n = len(entries.places)
    with box.watching():
        centre = Centre(entries, np.broadcast_to(weigh.base, (n,)), weigh.magnitude, weigh.coarseness)
        slopes = climb(centre, entries.scales, budget=budget)
    shapes = {b: box.inputs[b].shape for b in chosen}
    values, errors = split(slopes.value, shapes), split(slopes.error, shapes)
    noises = split(slopes.noise, shapes)
    blocks = range(len(box.inputs))
    return Differences(
        loss=loss_estimate(weigh.base[0], slopes, weigh.magnitude, weigh.coarseness * centre.unit),
        gradients=tuple(Estimate(values[b], errors[b], Kind.ESTIMATED) if b in shapes else None for b in blocks),
        breaks=breaks_of(slopes, entries.places, shapes),
        noise=tuple(noises.get(b) for b in blocks),
        evaluations=box.evaluations,
        precision=box.dtype.name if box.dtype == np.float64 else "longdouble",
    )


def directional(
    f: Callable[..., Any],
    inputs: Sequence[ArrayLike],
    direction: Sequence[ArrayLike],
    *,
    cotangent: ArrayLike | tuple[ArrayLike, ...] | None = None,
    precision: str = "auto",
    budget: float = np.inf,
) -> tuple[Any, Any, Directional]:
    """The derivative of `f(x + t u)` by t at 0, a bound of its error, and what else is known.

    Parameters
    ----------
    direction: u, one array per input and shaped like it; that of an input that is not floating is ignored.
    cotangent: as in `difference_gradient`; without it the derivative of every output is given.
    precision, budget: as in `difference_gradient`.

    Returns
    -------
    value, error: floats where f returns a single number or a cotangent is given; else float64 arrays shaped like f's
        output (tuples of arrays where f returns a tuple). The derivative is along u exactly: the rounding of x + t u
        counts as noise of f.

    Raises
    ------
    InvalidProblem: a direction that does not fit the inputs; else as `difference_gradient`.
    """
    box = open_box(f, inputs, precision)
    given = [np.asarray(u, dtype=np.longdouble if box.dtype != np.float64 else np.float64) for u in direction]
    if [u.shape for u in given] != [x.shape for x in box.inputs]:
        raise InvalidProblem(f"the direction must have the inputs' shapes, {_shapes(box.inputs)}, got {_shapes(given)}")
    weigh = None if cotangent is None else Weighing(box, cotangent_parts(box, cotangent))
    along = Along(box, given, weigh)
    with box.watching():
        centre = Centre(along, along.base, along.magnitude, along.coarseness)
        slopes = climb(centre, np.full(len(along.base), along.scale), together=True, budget=budget)

    def shaped(flat: Array) -> Any:
        if weigh is not None:
            return flat[0].item()
        parts = split(flat, {k: o.shape for k, o in enumerate(box.outputs)})
        outputs = tuple(p.item() if not p.ndim else p for p in parts.values())
        return outputs[0] if box.single else outputs

    info = Directional(
        kink=shaped(slopes.kink),
        jump=shaped(slopes.jump),
        left=shaped(slopes.left),
        right=shaped(slopes.right),
        noise=shaped(slopes.noise),
        step=shaped(slopes.step),
        evaluations=box.evaluations,
        precision="float64" if box.dtype == np.float64 else "longdouble",
    )
    return shaped(slopes.value), shaped(slopes.error), info


def loss_estimate(value: Any, slopes: Slopes, magnitude: float, unit: float) -> Estimate:
    """The value itself; its noise is what moving single entries showed."""
    seen = slopes.noise[np.isfinite(slopes.error)]
    noise = max(float(np.median(seen)) if seen.size else 0.0, unit * max(abs(float(value)), magnitude))
    return Estimate(np.array(float(value)), np.array(SAFETY * noise + abs(float(value)) * 2.0**-53), Kind.ESTIMATED)


def breaks_of(
    slopes: Slopes, places: Sequence[tuple[int, int]], shapes: Mapping[int, tuple[int, ...]]
) -> tuple[Break, ...]:
    """Components without a derivative; `places` are their blocks and flat indices."""
    found = []
    for k in np.flatnonzero(slopes.kink | slopes.jump).tolist():
        block, flat = places[k]
        index = tuple(int(i) for i in np.unravel_index(flat, shapes[block])) if shapes[block] else ()
        found.append(Break(block, index, bool(slopes.jump[k]), float(slopes.left[k]), float(slopes.right[k])))
    return tuple(found)


def split(flat: Array, shapes: Mapping[int, tuple[int, ...]]) -> dict[int, Array]:
    """Consecutive pieces of `flat`, by key, in the shapes given."""
    pieces, start = {}, 0
    for key, shape in shapes.items():
        size = int(np.prod(shape))
        pieces[key] = flat[start : start + size].reshape(shape)
        start += size
    return pieces


def chosen_inputs(box: BlackBox, wrt: Sequence[int] | None) -> list[int]:
    """The inputs to differentiate by, in order."""
    floating = [b for b, x in enumerate(box.inputs) if x.dtype.kind == "f"]
    if wrt is None:
        return floating
    if bad := [b for b in wrt if b not in floating]:
        raise InvalidProblem(f"wrt names input {bad[0]}; the floating inputs are {floating}")
    return sorted(set(wrt))


def cotangent_parts(box: BlackBox, cotangent: ArrayLike | tuple[ArrayLike, ...] | None) -> list[Array]:
    """One array per output."""
    if cotangent is None:
        if sum(o.size for o in box.outputs) != 1:
            raise InvalidProblem(
                f"expected a single number from the function, got shapes {_shapes(box.outputs)}; "
                "a cotangent would weight them"
            )
        return [np.ones_like(o, dtype=np.float64) for o in box.outputs]
    parts = [np.asarray(c) for c in (cotangent if isinstance(cotangent, tuple) else (cotangent,))]
    if [c.shape for c in parts] != [o.shape for o in box.outputs]:
        raise InvalidProblem(
            f"the cotangent must have the output's shape, {_shapes(box.outputs)}, got {_shapes(parts)}"
        )
    return parts


def _shapes(arrays: Sequence[Array]) -> str:
    return ", ".join(str(a.shape) for a in arrays) or "none"
