"""Local derivatives by SymEngine for arrays of floats: d result / d argument of one application of an op.

For whoever needs textbook backprop that owes nothing to the rules under test, and for explanations. The formulas come
from `smallop`. Large arrays are evaluated as whole arrays in extended precision; entries whose formula cancels or
overflows there (1 - tanh(x)^2 at x = 40, exp(x) at x = 2000) are evaluated in balls instead, as are all small arrays.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradcheck.numbers.flint_balls import FlintBalls
from gradcheck.oracle.closed_form.formulas import partial_derivatives
from gradcheck.oracle.closed_form.lanes import Integers, Lanes, Shape, freeze, lanes
from gradcheck.oracle.closed_form.small_op import Branch, Fork, SmallOp, small_op
from gradcheck.oracle.closed_form.wide_floats import SPECIAL, Floats
from gradcheck.oracle.enclosure import PRECISIONS, tight

Array = NDArray[Any]

_FEW = 16  # lanes up to which balls are faster than arrays
_CANCELLED = 1e-9  # float64 and longdouble have to agree to this, or balls compute it


@dataclass(frozen=True)
class Block:
    """Derivatives of some outputs for some entries of one argument, `lanes` times the same pattern.

    Attributes
    ----------
    outputs: flat positions in the result, shape (lanes, q).
    inputs: flat positions in the argument, shape (lanes, k).
    derivatives: d result / d argument, float64, shape (lanes, q, k).
    kinks: lanes at a kink, shape (lanes,); the derivatives there are those of the branch where every tied comparison
        counts as "less" (relu'(0) = 0).
    """

    outputs: Integers
    inputs: Integers
    derivatives: NDArray[np.float64]
    kinks: NDArray[np.bool_]


def local_jacobian(
    op: str, attributes: Mapping[str, Any], arguments: Sequence[ArrayLike], slot: int
) -> tuple[Block, ...]:
    """The Jacobian of `op(*arguments, **attributes)` for `arguments[slot]`; entries not mentioned are 0 by structure.

    Raises Unsupported where the op expands to too many scalar edges.
    """
    arrays = [np.asarray(a, dtype=np.float64) for a in arguments]
    groups = lanes(op, freeze(attributes), tuple(a.shape for a in arrays))
    return tuple(_block(group, arrays, slot) for group in groups if slot in group.slots)


def local_vjp(
    op: str,
    attributes: Mapping[str, Any],
    arguments: Sequence[ArrayLike],
    value: ArrayLike,
    cotangent: ArrayLike,
    slot: int,
) -> NDArray[np.float64]:
    """The cotangent of `arguments[slot]`: the transposed Jacobian times the result's cotangent.

    `value` is the op's result, of the cotangent's shape; SymEngine's formulas are in the arguments and do not use it.
    The answer is float64 and has the argument's shape.

    Raises Unsupported where the op expands to too many scalar edges.
    """
    upstream = np.broadcast_to(np.asarray(cotangent, dtype=np.float64), np.shape(value)).reshape(-1)
    shape = np.shape(arguments[slot])
    out = np.zeros(int(np.prod(shape, dtype=np.int64)))
    for block in local_jacobian(op, attributes, arguments, slot):
        terms = np.einsum("lq,lqk->lk", upstream[block.outputs], block.derivatives)
        out += np.bincount(block.inputs.reshape(-1), terms.reshape(-1), minlength=out.size)
    return out.reshape(shape)


def local_formulas(
    op: str, attributes: Mapping[str, Any], shapes: Sequence[Shape], slot: int, *, limit: int = 6
) -> tuple[str, ...]:
    """The local derivatives for argument `slot` as text, a line per branch and entry, at most `limit` lines.

    `("d tanh(x)/dx = 1 - tanh(x)^2",)`; with branches `("d relu(x)/dx = 1 if x > 0", "d relu(x)/dx = 0 if x < 0")`.
    An op on arrays is shown for one lane: `("d sum(x)/dx[0] = 1", "d sum(x)/dx[1] = 1")`.
    """
    names = ("x", "y") if len(shapes) <= 2 else tuple(f"x{k}" for k in range(len(shapes)))
    lines: list[str] = []
    for group in lanes(op, freeze(attributes), tuple(shapes)):
        if slot in group.slots:
            called = [names[k] for k in group.slots]
            small = SmallOp(group.op, group.attributes, group.shapes, _only(group, slot), names=called)
            for branch in itertools.islice(small.branches(), limit):
                lines.extend(_lines(f"{op}({', '.join(called)})", branch, limit))
            break  # further groups repeat the same
    return tuple(lines[:limit])


def _lines(call: str, branch: Branch, limit: int) -> Iterator[str]:
    outputs, symbols = branch.formulas.outputs, branch.formulas.wanted
    condition = f" if {' and '.join(branch.conditions)}" if branch.conditions else ""
    for place, output in enumerate(outputs[:limit]):
        derivatives = partial_derivatives(output, set(symbols))
        for symbol in symbols[:limit]:
            text = str(derivatives.get(symbol, 0)).replace("**", "^")
            yield f"d {call}{f'[{place}]' if len(outputs) > 1 else ''}/d{symbol} = {text}{condition}"


def _only(group: Lanes, slot: int) -> tuple[bool, ...]:
    return tuple(k == slot for k in group.slots)


def _block(group: Lanes, arrays: list[Array], slot: int) -> Block:
    tables = [arrays[k].reshape(-1)[table] for k, table in zip(group.slots, group.inputs, strict=True)]
    values = np.concatenate(tables, axis=1)
    wanted, inputs = _only(group, slot), group.inputs[group.slots.index(slot)]
    derivatives = np.zeros((len(values), group.outputs.shape[1], inputs.shape[1]))
    kinks = np.zeros(len(values), dtype=bool)
    for whole, rows in _by_exponent(group, values, slot):
        small = small_op(group.op, group.attributes, group.shapes, wanted, whole)
        doubtful = rows if len(rows) <= _FEW else rows[_in_arrays(small, values[rows].T, rows, derivatives)]
        for row in doubtful.tolist():
            derivatives[row], kinks[row] = _in_balls(small, values[row].tolist())
    return Block(group.outputs, inputs, derivatives, kinks)


def _by_exponent(group: Lanes, values: Array, slot: int) -> Iterator[tuple[int | None, Integers]]:
    """Lanes of x ** y, differentiated for x, by the whole number that y is; any others all together."""
    everything = np.arange(len(values))
    if group.op != "pow" or slot != 0:
        yield None, everything
        return
    exponents = values[:, 1]
    whole = exponents == np.floor(exponents)
    for exponent in np.unique(exponents[whole]).tolist():
        yield int(exponent), everything[exponents == exponent]
    if not whole.all():
        yield None, everything[~whole]


def _in_arrays(small: SmallOp, columns: Array, rows: Integers, derivatives: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Fill in the derivatives of the given rows; True for those that balls have to redo, kinks among them."""
    doubtful = np.zeros(len(rows), dtype=bool)
    waiting: list[tuple[tuple[int, ...], Integers]] = [((), np.arange(len(rows)))]
    while waiting:
        decisions, here = waiting.pop()
        branch = small.branch(decisions, columns[:, here[0]].tolist())
        formulas = branch.difference if isinstance(branch, Fork) else branch
        if formulas.formulas.operations & SPECIAL:
            doubtful[here] = True
            continue
        with np.errstate(all="ignore"):  # overflow shows in the result, and balls redo it
            wide, narrow = (_run(formulas, columns[:, here], dtype) for dtype in (np.longdouble, np.float64))
            if isinstance(branch, Fork):
                difference = formulas.formulas.values(wide)[0]
                doubtful[here[~(np.abs(difference) > 0)]] = True
                waiting += [((*decisions, sign), here[sign * difference > 0]) for sign in (1, -1)]
                waiting = [(d, h) for d, h in waiting if len(h)]
                continue
            cancels = formulas.formulas.cancels
            for q in range(derivatives.shape[1]):
                pairs = zip(formulas.formulas.gradient(wide, q), formulas.formulas.gradient(narrow, q), strict=True)
                for k, (long, short) in enumerate(pairs):
                    if long is not None:
                        derivatives[rows[here], q, k] = long
                        good = np.isfinite(long) & (np.abs(long - short) <= _CANCELLED * np.abs(long))
                        good &= (long != 0) if cancels else True
                        doubtful[here[~np.broadcast_to(good, here.shape)]] = True
    return doubtful


def _run(branch: Branch, columns: Array, dtype: type[np.floating[Any]]) -> list[Any]:
    return branch.run(list(columns.astype(dtype)), Floats(dtype))


def _in_balls(small: SmallOp, entries: list[float]) -> tuple[NDArray[np.float64], bool]:
    """One lane's derivatives (q, k), rounded to float64, and whether it is at a kink."""
    balls = FlintBalls()
    for bits in PRECISIONS:
        with balls.precision(bits):
            exact = [balls.exact(entry) for entry in entries]
            branches = [_gradients(branch, exact, balls) for branch in small.choose(exact, balls)]
            if all(ball is None or tight(balls, ball) for row in branches[-1] for ball in row):
                break
    floats = [[[0.0 if d is None else balls.midpoint(d) for d in row] for row in rows] for rows in branches]
    return np.array(floats[-1]), any(rows != floats[-1] for rows in floats)


def _gradients(branch: Branch, entries: list[Any], balls: FlintBalls) -> list[list[Any]]:
    run = branch.run(entries, balls)
    return [branch.formulas.gradient(run, q) for q in range(len(branch.formulas.outputs))]
