"""The oracle `complex_step`: the derivative of f at x is the imaginary part of f(x + ih) / h.

That is exact but for rounding (Squire and Trapp 1998), *if* the code computes a holomorphic function when its numbers
are complex. Often it does not, and nothing fails: `abs`, `.real` and `.conj` drop the imaginary part. So no answer is
given without evidence. On a circle, f(x + r e^(i phi)) of a holomorphic f has no negative Fourier (Laurent)
coefficients; what it has of them bounds the error of the derivative. And rounding of the real parts, which is the same
at every step h, is made visible by moving the point by a millionth of its size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.oracle.differences.blackbox import BlackBox
from gradcheck.oracle.differences.gradients import Differences, chosen_inputs, cotangent_parts
from gradcheck.oracle.differences.sampling import entry_scales
from gradcheck.oracle.estimate import Array, Aside, Estimate, Kind
from gradcheck.oracle.one_complex_step import STEP
from gradcheck.problem.function import laid_out
from gradcheck.tracing.kept_state import restoring

NAME = "complex_step"

DITHER = 2.0**-20 * np.array([0.0, 0.967, -0.941, 0.713, -0.687, 0.487, -0.461, 0.233, -0.197])
"""Real displacements relative to the scale; over these distances the derivative is a cubic but for rounding."""

RADII = tuple(2.0**-k for k in (4, 8, 13, 18, 24))
"""Radii of the circles tried, relative to the scale."""

CENTRES = (0.5, -0.5)
"""Centres of the circles, relative to the radius: on one around c, |x - c| is constant, and holomorphic to the eye.

With these two, |x - c| has a negative coefficient of at least 0.24 times the radius, wherever c is.
"""

CIRCLE = 16
"""Number of points on a circle. Coefficients of order -6 to -1 are looked at; those of order 10 on add to them."""

ALONE = 64
"""Maximum number of entries that have circles of their own; of more, the entries of an input share two."""

SAFETY = 32.0
"""Bound on the error, in standard errors. Student's t with 5 degrees of freedom needs 10 for a probability of 1e-4."""

_UNIT = 2.0**-53
_SERIES = np.arange(1.0, 10) * (-CENTRES[0]) ** np.arange(9)  # slope at the point, from coefficients about a centre


@restoring
def complex_step_gradient(
    f: Callable[..., Any],
    inputs: Sequence[ArrayLike],
    *,
    wrt: Sequence[int] | None = None,
    cotangent: ArrayLike | tuple[ArrayLike, ...] | None = None,
) -> Differences | Aside:
    """Every entry of the gradient of `f(*inputs)`, or of sum(cotangent * f(*inputs)), as `difference_gradient`.

    Entries for which the code is not seen to be holomorphic have error inf; if that is all of them, or if the code does
    not run in complex numbers as it does in real ones, an Aside says why. `breaks` is empty and `noise` None.

    Raises
    ------
    InvalidProblem, and whatever f raises at the point itself: as `difference_gradient`.
    """
    opened = _open(f, inputs, cotangent)
    if isinstance(opened, Aside):
        return opened
    real, probe, value, size = opened
    chosen = chosen_inputs(real, wrt)
    values, errors = [], []
    with probe.box.watching():
        for block in chosen:
            found, error = _block(probe, block, size)
            values.append(found)
            errors.append(error)
    runs = real.evaluations + probe.box.evaluations
    if probe.refusal and not any(np.isfinite(e).any() for e in errors):
        return Aside(NAME, probe.refusal)
    gradients: list[Estimate | None] = [None] * len(real.inputs)
    for block, found, error in zip(chosen, values, errors, strict=True):
        shape = real.inputs[block].shape
        gradients[block] = Estimate(found.reshape(shape), error.reshape(shape), Kind.ESTIMATED)
    loss = Estimate(np.array(value), np.array(SAFETY * _UNIT * size), Kind.ESTIMATED)
    return Differences(loss, tuple(gradients), (), (None,) * len(gradients), runs, "complex128")


@restoring
def complex_step_along(
    f: Callable[..., Any],
    inputs: Sequence[ArrayLike],
    direction: Unit,
    cotangent: ArrayLike | tuple[ArrayLike, ...] | None = None,
) -> tuple[Estimate, int] | Aside:
    """The derivative of sum(cotangent * f(inputs + t u)) by t at 0, and how often f ran.

    `direction`: by input, u as an array of its shape, which should move entries by about their own size. Everything
    else as `complex_step_gradient`.
    """
    opened = _open(f, inputs, cotangent)
    if isinstance(opened, Aside):
        return opened
    real, probe, _, size = opened
    with probe.box.watching():
        value, error = _tangent(probe, direction)
        if np.isfinite(error):
            slope, doubt = _circle(probe, direction, size)
            error = np.inf if probe.disagree(slope, value, 8 * doubt + error) else error + 8 * doubt
    if not np.isfinite(error):
        return Aside(NAME, probe.refusal)
    found = Estimate(np.array(value), np.array(error + _UNIT * abs(value)), Kind.ESTIMATED)
    return found, real.evaluations + probe.box.evaluations


def _open(
    f: Callable[..., Any], inputs: Sequence[ArrayLike], cotangent: ArrayLike | tuple[ArrayLike, ...] | None
) -> tuple[BlackBox, _Probe, float, float] | Aside:
    """f in real numbers, f in complex ones, its value, and the size of what the value is a sum of; or why not."""
    real = BlackBox(f, inputs)
    weights = cotangent_parts(real, cotangent)
    value = _weighed(real.outputs, weights).real
    size = _size(real.outputs, weights)
    try:
        box = BlackBox(f, inputs, np.complex128)
    except (Exception, SystemExit) as refusal:  # the code does not run in complex numbers, each in a way of its own
        return Aside(NAME, f"the code does not run in complex numbers: {_first_line(refusal)}")
    if reason := _unlike(real, box, weights, value, size):
        return Aside(NAME, reason)
    return real, _Probe(box, weights), value, size


Unit = Mapping[int, Array]
"""A direction: by input, an array of its shape."""


@dataclass
class _Probe:
    """f weighed by the cotangent, at complex displacements of its inputs; `refusal` is the first reason to doubt it."""

    box: BlackBox
    weights: Sequence[Array]
    refusal: str = ""

    def __call__(self, unit: Unit, z: complex) -> complex:
        inputs = list(self.box.inputs)
        for block, u in unit.items():
            inputs[block] = laid_out(inputs[block], inputs[block] + u * z)
        outputs = self.box(inputs)
        return complex(np.nan) if outputs is None else _weighed(outputs, self.weights)

    def doubt(self, reason: str) -> None:
        self.refusal = self.refusal or reason

    def disagree(self, slope: float, expected: float, allowed: float) -> bool:
        """Whether the imaginary part contradicts the circle, which makes both worthless."""
        if np.isfinite(allowed) and not abs(slope - expected) <= allowed:
            self.doubt("the imaginary part disagrees with the function's values on a circle: not holomorphic")
            return True
        return False


def _block(probe: _Probe, block: int, size: float) -> tuple[Array, Array]:
    """Derivatives by the entries of one input and their bounds, flat."""
    x = probe.box.inputs[block]
    scales = entry_scales(x.real)
    flat = scales.ravel()
    value, error = np.zeros(x.size), np.full(x.size, np.inf)
    units = []
    for i in range(x.size):
        unit = np.zeros(x.shape)
        unit.flat[i] = flat[i]
        if x.size <= ALONE:
            units.append(unit)
        value[i], error[i] = _tangent(probe, {block: unit})
    if x.size > ALONE:
        spread = 0.5 + (np.arange(x.size) * np.sqrt([[5.0], [2.0]])) % 1
        units = [(s * flat * (-1.0) ** np.arange(x.size)).reshape(x.shape) for s in spread]
    for i, unit in enumerate(units):
        slope, doubt = _circle(probe, {block: unit}, size)
        mine = slice(i, i + 1) if x.size <= ALONE else slice(None)
        share = np.abs(unit.ravel()[mine])
        expected = float(np.sum(value[mine] * unit.ravel()[mine] / flat[mine]))
        if probe.disagree(slope, expected, 8 * doubt + float(np.sum(error[mine] * share / flat[mine]))):
            doubt = np.inf
        error[mine] += 8 * doubt * flat[mine] / share
    error += _UNIT * np.abs(value)
    return value / flat, error / flat


def _tangent(probe: _Probe, unit: Unit) -> tuple[float, float]:
    """The derivative along `unit` by the imaginary part, and what rounding leaves of it over moved points."""
    slopes = np.array([probe(unit, complex(d, STEP)).imag / STEP for d in DITHER])
    doubled = probe(unit, complex(0, 2 * STEP)).imag / STEP
    if not np.all(np.isfinite(slopes)) or not np.isfinite(doubled):
        probe.doubt("no value, or a warning that the real run does not give, at a complex step")
        return 0.0, np.inf
    basis = np.vander(DITHER / np.abs(DITHER).max(), 4)
    inverse = np.linalg.pinv(basis)
    left = slopes - basis @ (inverse @ slopes)
    with np.errstate(over="ignore"):  # slopes near the square root of the largest float
        noise = float(np.sqrt(left @ left / (len(DITHER) - 4))) + _UNIT * float(np.abs(slopes).max())
    if not np.isfinite(noise):
        probe.doubt("the tangents are too large to tell how far they spread")
        return 0.0, np.inf
    if not abs(doubled - 2 * slopes[0]) <= SAFETY * noise:
        probe.doubt("doubling the direction does not double the tangent")
        return 0.0, np.inf
    return float((inverse @ slopes)[3]), SAFETY * noise


def _circle(probe: _Probe, unit: Unit, size: float) -> tuple[float, float]:
    """The derivative along `unit` from values on a circle, and the negative coefficients there, as slopes.

    The radius is the one with the smallest of these; (0, inf) where they vanish on none.
    """
    best = 0.0, np.inf
    half = [1.0, *np.exp(2j * np.pi * np.arange(1, CIRCLE // 2) / CIRCLE), -1.0]
    for radius in RADII:
        # The upper half is enough (9 runs of f instead of 16). Schwarz's reflection principle: what is holomorphic
        # there, and real on the real axis, is holomorphic on the whole disc with f(conj z) = conj f(z) below it; and
        # the step that the derivative comes of goes up. Values at real points are kept as they come.
        upper = np.array([[probe(unit, radius * (c + z)) for z in half] for c in CENTRES])
        values = np.concatenate([upper, np.conj(upper[:, -2:0:-1])], axis=1)
        if not np.all(np.isfinite(values)):
            continue
        coefficients = np.fft.fft(values - values.mean(axis=1, keepdims=True), axis=1) / CIRCLE
        rounding = _UNIT * max(size, float(np.abs(values).max()))
        negative = max(float(np.abs(coefficients[:, -6:]).max()), rounding / 4)
        first = float((coefficients[0, 1:10] @ _SERIES).real)
        clean = negative <= 2.0**10 * rounding
        if (clean or negative <= 2.0**-10 * abs(first)) and negative / radius < best[1]:
            best = first / radius, negative / radius
        if clean or best[1] < 1e-10 * abs(best[0]):
            break
    if not np.isfinite(best[1]):
        probe.doubt("not holomorphic: negative Laurent coefficients do not vanish (abs, .real, .conj, a comparison)")
    return best


def _unlike(real: BlackBox, box: BlackBox, weights: Sequence[Array], value: float, size: float) -> str:
    """Why the complex run is not the real one, or nothing."""
    if new := [text for text in box.warnings_given if text not in real.warnings_given]:
        return f"a warning that the real run does not give: {new[0]}"
    if [o.shape for o in box.outputs] != [o.shape for o in real.outputs]:
        return "the outputs change their shapes in complex numbers"
    if not any(o.dtype.kind == "c" for o in box.outputs):
        return "the function returns real numbers for complex inputs: imaginary parts are dropped inside"
    again = _weighed(box.outputs, weights)
    if not abs(again - value) <= 2.0**14 * _UNIT * size:
        return f"its value in complex numbers, {again:.17g}, is not its own, {value:.17g}"
    return ""


def _weighed(outputs: Sequence[Array], weights: Sequence[Array]) -> complex:
    return complex(sum(np.sum(w * o) for w, o in zip(weights, outputs, strict=True)))


def _size(outputs: Sequence[Array], weights: Sequence[Array]) -> float:
    return float(sum(np.sum(np.abs(w * o)) for w, o in zip(weights, outputs, strict=True)))


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:160]}" if text else type(error).__name__
