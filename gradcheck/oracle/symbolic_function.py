"""The oracle `symbolic` for functions: their own code writes down its closed form, which SymEngine differentiates.

Nothing of it is shared with `exact` but the library of balls: the code runs on arrays of symbols, not on recorded
arrays, the derivative is `diff` of what comes out, and the comparisons on the way are decided by balls of its own.

The run is admitted only if its values are those of the function. Code that asks for a float, does what symbols cannot,
or stands at a kink, makes the oracle step aside with the reason; so do closed forms above a budget.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.holding import holding
from gradcheck.numbers.ball import Enclosure
from gradcheck.numbers.flint_balls import FlintBalls
from gradcheck.numbers.symbol import Expression, Kink, Sheet, Symbol
from gradcheck.numbers.symbols import Symbols, constants, leaves
from gradcheck.oracle.closed_form.formulas import Formulas
from gradcheck.oracle.enclosure import PRECISIONS, deciding_bits, proven, tight
from gradcheck.oracle.estimate import Array, Aside, Estimates
from gradcheck.problem.evaluations import f_evaluated
from gradcheck.problem.function import Product, lend
from gradcheck.tracing.compiled_code import numbers_only
from gradcheck.tracing.kept_state import restored

NAME = "symbolic"

LONGEST = 60
"""Maximum number of operations in one formula; a longer one is differentiated in pieces. In pieces of 200 the loss of a
network with 100 parameters took 43 ms instead of 23: every term holds the whole inner sum, once per parameter."""

BUDGET = 2_500
"""Maximum number of operations in the closed form of a function: about a tenth of a second."""

MOST_ENTRIES = 400
"""Maximum number of entries to differentiate by, and of entries of outputs."""

ROUNDINGS = 64
"""Minimum number of roundings allowed to the value of f where no enclosure of it is known."""


def symbolically(product: Product, values: Sequence[Enclosure] | None = None) -> Estimates | Aside:
    """J^T c or J t by the closed form, proven; or why not.

    `values`: where f's outputs are proven to lie, if that is known; else f's own values stand in for them.
    """
    entries = sum(np.size(product.inputs[k]) for k in product.function.wrt)
    if entries > MOST_ENTRIES:
        return Aside(NAME, f"{entries} entries, budget {MOST_ENTRIES} (symengine)")
    sheet = Sheet(
        bits=deciding_bits({str(k): product.inputs[k] for k in product.function.wrt}),
        longest=LONGEST,
        budget=BUDGET,
        dtype=product.dtype,
    )
    try:
        with sheet.precision():
            inputs, outputs = _written(product, sheet)
        if reason := _unlike(product, sheet, outputs, values):
            return Aside(NAME, reason)
        return _differentiated(product, sheet, inputs, outputs)
    except Kink as kink:
        return Aside(NAME, f"a kink: {kink}")
    except Unsupported as reason:
        return Aside(NAME, str(reason))


def _written(product: Product, sheet: Sheet) -> tuple[list[Symbols], list[Array]]:
    """The symbols of the differentiated inputs, and the outputs as arrays of Symbol elements."""
    arguments: list[Any] = list(lend(product.inputs))
    given: dict[int, Any] = {}  # an array that is given twice stays two: a derivative belongs to its slot
    for k, x in enumerate(product.inputs):
        array = np.asarray(x)
        if k in product.function.wrt:
            given[k] = leaves(sheet, f"x{k}", array)
            arguments[k] = given[k].copy()  # f may write into what it is given
        elif array.dtype.kind == "f":
            if array.size > sheet.budget:
                raise Unsupported(f"input {product.function.names[k]!r} has {array.size} entries")
            arguments[k] = constants(sheet, array)

    def hold(value: Any) -> Any:
        if not _holds_symbols(value):
            return value
        sheet.refusal = (
            sheet.refusal or "f holds (gradcheck.held) what depends on its inputs: no formula tells its value"
        )
        raise Unsupported(sheet.refusal)

    try:
        f = product.function.f
        with np.errstate(all="ignore"), warnings.catch_warnings(), restored(f), holding(hold), numbers_only(f):
            warnings.simplefilter("ignore")
            f_evaluated()
            returned = f(*arguments)
    except (Kink, Unsupported):
        raise
    except (Exception, SystemExit) as wrong:  # the user's code met an array that is none of NumPy's: others take over
        raise Unsupported(f"f raised {type(wrong).__name__} on symbols: {str(wrong)[:200]}") from None
    if sheet.refusal:  # f caught the error, and went on without the derivative
        raise Unsupported(sheet.refusal)
    shapes = [o.shape for o in product.outputs[0]]
    parts = returned if product.outputs[1] and isinstance(returned, tuple | list) else (returned,)
    outputs = [_elements(sheet, part) for part in parts]
    if [o.shape for o in outputs] != shapes:
        raise Unsupported(f"the outputs have shapes {[o.shape for o in outputs]} in symbols, {shapes} in floats")
    return [given[k] for k in product.function.wrt], outputs


def _holds_symbols(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.ravel().tolist()
    value = list(value.values()) if isinstance(value, dict) else value
    return any(map(_holds_symbols, value)) if isinstance(value, list | tuple) else isinstance(value, Symbols | Symbol)


def _elements(sheet: Sheet, part: Any) -> Array:
    """One output as an object array of Symbols; numbers in it become constants."""
    array = part.data if isinstance(part, Symbols) else np.asarray(part, dtype=object)
    out = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        element: Any = array[index]
        out[index] = sheet.lift(element.item() if isinstance(element, Symbols) else element)
    return out


def _unlike(product: Product, sheet: Sheet, outputs: Sequence[Array], values: Sequence[Enclosure] | None) -> str:
    """Why the run in symbols is not the function itself, or nothing."""
    balls = sheet.balls
    assert balls is not None
    unit = float(np.finfo(product.dtype).eps) / 2
    own_outputs, _ = product.run_f()  # in the state in which it ran in symbols, which may not be that of its first call
    for k, output in enumerate(outputs):
        own = np.asarray(own_outputs[k], dtype=np.float64)
        for index in np.ndindex(output.shape):
            ball = cast(Symbol, output[index]).ball
            middle, radius = balls.midpoint(ball), balls.radius(ball)
            if values is not None:
                there, room = float(values[k].midpoint[index]), float(values[k].radius[index])
            else:
                there, room = float(own[index]), max(ROUNDINGS, sheet.operations) * unit * abs(middle)
            room += radius + 2.0**-52 * abs(middle)
            if not abs(middle - there) <= room:
                return f"its value in symbols, {middle:.17g}, is not the function's, {there:.17g}"
    return ""


def _differentiated(product: Product, sheet: Sheet, inputs: Sequence[Symbols], outputs: Sequence[Array]) -> Estimates:
    wanted = [entry.expression for x in inputs for entry in x.data.ravel()]
    flat = [element for output in outputs for element in output.ravel()]
    with sheet.precision():
        asked = flat if product.cotangents is None else [_weighed(sheet, product.cotangents, flat)]
    known = {symbol: value for symbol, value in sheet.known.items() if value is not None}
    formulas = Formulas(sheet, asked, list(known), wanted)
    balls = FlintBalls()
    found: list[Any] = []
    for bits in PRECISIONS:
        with balls.precision(bits):
            run = formulas.run([balls.exact(value) for value in known.values()], balls)
            if product.tangents is None:
                found = formulas.gradient(run)
            else:
                moves = [balls.exact(float(t)) for tangent in product.tangents for t in np.ravel(tangent)]
                found = [_along(formulas.gradient(run, k), moves) for k in range(len(asked))]
            if all(tight(balls, ball) for ball in found if ball is not None):
                break
    with balls.precision(PRECISIONS[-1]):
        return Estimates(
            NAME, None, _blocks(product, balls, found, inputs, outputs), (f"{sheet.operations} operations",)
        )


def _weighed(sheet: Sheet, cotangents: Sequence[Array], outputs: Sequence[Symbol]) -> Symbol:
    """sum(c * output) over all entries of all outputs."""
    weights = [float(c) for cotangent in cotangents for c in np.ravel(cotangent)]
    terms = [output if w == 1 else sheet.number(w) * output for w, output in zip(weights, outputs, strict=True)]
    return sheet.total(terms) if terms else sheet.number(0)


def _along(gradient: Sequence[Any], moves: Sequence[Any]) -> Any:
    """sum(gradient * moves); None where it is 0 by structure."""
    terms = [g * move for g, move in zip(gradient, moves, strict=True) if g is not None]
    return sum(terms[1:], start=terms[0]) if terms else None


def _blocks(
    product: Product,
    balls: FlintBalls,
    found: Sequence[Expression],
    inputs: Sequence[Symbols],
    outputs: Sequence[Array],
) -> dict[str, Any]:
    shapes = [x.shape for x in inputs] if product.tangents is None else [o.shape for o in outputs]
    blocks, start = {}, 0
    for block, shape in zip(product.blocks, shapes, strict=True):
        size = int(np.prod(shape))
        blocks[block] = proven(balls, found[start : start + size], shape)
        start += size
    return blocks
