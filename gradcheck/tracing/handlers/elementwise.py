"""Ufuncs of NumPy and scipy.special on traced arrays that are smooth wherever they are defined."""

from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import UNARY
from gradcheck.tracing.handlers.maximum_and_where import where_plain
from gradcheck.tracing.lifting import lift, operand, result
from gradcheck.tracing.registry import METHODS, UFUNCS, ufunc
from gradcheck.tracing.trace import Trace, positions
from gradcheck.tracing.traced import Traced, is_traced


def _register_unary(name: str) -> None:
    def handler(trace: Trace, x: Any) -> Traced:
        return result(trace, "unary", (lift(trace, x),), function=name)

    UFUNCS[name] = handler


def _register_binary(name: str, primitive: str) -> None:
    def handler(trace: Trace, a: Any, b: Any) -> Traced:
        return result(trace, primitive, (lift(trace, a), lift(trace, b)))

    UFUNCS[name] = handler


for _name in UNARY:
    _register_unary(_name)


def _constant_zeros(trace: Trace, x: Traced) -> Any:
    """Which entries of an array that varies are structurally 0."""
    node = trace.record.nodes[x.slot]
    found = np.zeros(x.shape, dtype=bool)
    if node.varies:
        opaque = trace.contested
        for k in np.flatnonzero(trace.balls.midpoint(trace.values[x.slot]) == 0):
            found.flat[k] = trace.record.constant_entry(x.slot, int(k), opaque)
    return found


@ufunc("sqrt")
def _sqrt(trace: Trace, x: Any) -> Any:
    """An entry that is 0 for all inputs (a point's distance to itself) has a root of 0, without a slope."""
    x = lift(trace, x)
    zeros = _constant_zeros(trace, x)
    if not zeros.any():
        return result(trace, "unary", (x,), function="sqrt")
    return where_plain(trace, zeros, 0.0, result(trace, "unary", (where_plain(trace, zeros, 1.0, x),), function="sqrt"))


UFUNCS["psi"] = UFUNCS["digamma"]
UFUNCS["loggamma"] = UFUNCS["gammaln"]
for _name, _primitive in {
    "add": "add",
    "divide": "div",
    "true_divide": "div",
    "hypot": "hypot",
}.items():
    _register_binary(_name, _primitive)


@ufunc("subtract")
def _subtract(trace: Trace, x: Any, y: Any) -> Any:
    """x - y; where both are one and the same number, structurally 0 (the diagonal of x[:, None] - x)."""
    a, b = lift(trace, x), lift(trace, y)
    difference = result(trace, "sub", (a, b))
    record = trace.record
    if not (record.nodes[a.slot].varies and record.roots(a.slot) & record.roots(b.slot)):
        return difference
    i, j = (np.broadcast_to(positions(operand.shape), difference.shape).ravel() for operand in (a, b))
    same, opaque = np.zeros(difference.shape, dtype=bool), trace.contested
    for k in np.flatnonzero(trace.balls.midpoint(trace.values[difference.slot]) == 0):
        left, right = (a.slot, int(i[k])), (b.slot, int(j[k]))
        same.flat[k] = record.origin(*left, opaque) == record.origin(*right, opaque)
    return where_plain(trace, same, 0.0, difference) if same.any() else difference


@ufunc("negative")
def _negative(trace: Trace, x: Any) -> Traced:
    return result(trace, "neg", (lift(trace, x),))


@ufunc("positive", "conjugate")
def _positive(trace: Trace, x: Any) -> Traced:
    x = lift(trace, x)
    return Traced(trace, x.slot, dtype=x.dtype)


@ufunc("square")
def _square(trace: Trace, x: Any) -> Any:
    x = lift(trace, x)
    smooth = _power_of_root(trace, x, 2.0)
    return result(trace, "mul", (x, x)) if smooth is None else smooth


@ufunc("reciprocal")
def _reciprocal(trace: Trace, x: Any) -> Traced:
    return result(trace, "div", (lift(trace, 1.0), lift(trace, x)))


def _power_of_root(trace: Trace, x: Traced, power: float) -> Traced | None:
    """sqrt(u)^p as u^(p / 2) in those entries where u is 0, if x is sqrt(u) and has such entries; None otherwise.

    A squared distance has a slope where it is 0, and the root alone has none. Elsewhere the root keeps its rounding.
    """
    nodes = trace.record.nodes
    node = nodes[x.slot]
    picked = node.args if node.primitive == "gather" else (x.slot,)
    roots = [slot for slot in picked if nodes[slot].attributes.get("function") == "sqrt"]
    if power < 2 or len(roots) != 1 or node.attributes.get("fill", 0.0) not in (0.0, 1.0):
        return None
    if any(slot == x.slot for slot, _ in trace.contested):  # a choice that may go another way stays as it is
        return None
    inside = Traced(trace, nodes[roots[0]].args[0], dtype=x.dtype)
    zeros = trace.balls.midpoint(trace.values[inside.slot]) == 0
    if not np.any(zeros) or not _sums_squares(trace, inside.slot):
        return None

    def raised(base: Traced, exponent: float) -> Traced:
        return result(trace, "pow", (base,), exponent=np.asarray(exponent)) if exponent != 1 else base

    root = result(trace, "unary", (where_plain(trace, zeros, 1.0, inside),), function="sqrt")
    smooth = where_plain(trace, zeros, raised(inside, power / 2), raised(root, power))
    if node.primitive != "gather":
        return smooth
    parts = [smooth if slot == roots[0] else raised(Traced(trace, slot, dtype=x.dtype), power) for slot in picked]
    slots = tuple(part.slot for part in parts)
    at = node.attributes
    return Traced(trace, trace.gather(slots, at["index"], x.dtype, at.get("fill", 0.0)), dtype=x.dtype)


def _sums_squares(trace: Trace, slot: int) -> bool:
    """Whether an array is made of squares, sums of them and constants, so that it is nowhere below 0."""
    waiting, seen = [slot], set[int]()
    while waiting:
        node = trace.record.nodes[waiting.pop()]
        if node.primitive in ("sum", "add", "gather"):
            waiting += [argument for argument in node.args if argument not in seen]
            seen.update(node.args)
        elif node.primitive == "constant":
            if np.any(node.attributes["value"] < 0):
                return False
        elif not (
            (node.primitive == "mul" and node.args[0] == node.args[1])
            or (node.primitive == "pow" and np.all(np.asarray(node.attributes["exponent"]) % 2 == 0))
        ):
            return False
    return True


@ufunc("multiply")
def _multiply(trace: Trace, x: Any, y: Any) -> Any:
    return _square(trace, x) if x is y else result(trace, "mul", (lift(trace, x), lift(trace, y)))


@ufunc("power", "float_power")
def _power(trace: Trace, x: Any, y: Any) -> Any:
    base, exponent = operand(trace, x), lift(trace, y)
    node = trace.record.nodes[exponent.slot]
    if node.primitive != "constant":
        return _power_of_zero(trace, base, exponent)
    powers = np.asarray(node.attributes["value"], dtype=np.float64)
    if powers.size and np.all(powers == powers.flat[0]):
        shape = np.broadcast_shapes(base.shape, powers.shape)
        if shape == base.shape:
            powers = np.array(powers.flat[0])
    if powers.ndim == 0 and powers == 1:
        return _positive(trace, base)
    if np.broadcast_shapes(base.shape, powers.shape) != base.shape:
        base = np.broadcast_to(base, np.broadcast_shapes(base.shape, powers.shape))
    if powers.ndim == 0 and (smooth := _power_of_root(trace, base, float(powers))) is not None:
        return smooth
    steep = (powers > 0) & (powers < 1)
    if steep.any() and (zeros := _constant_zeros(trace, base) & steep).any():
        raised = result(trace, "pow", (where_plain(trace, zeros, 1.0, base),), exponent=powers)
        return where_plain(trace, zeros, 0.0, raised)
    return result(trace, "pow", (base,), exponent=powers)


def _power_of_zero(trace: Trace, base: Traced, exponent: Traced) -> Any:
    """x^y with a varying exponent, where x is an input and 0.

    For y > 1 the power is 0 for all nearby y, and so is its slope; by the formula the slope in y would be 0 log 0. At
    y = 1 the slope in x is 1. A computed 0 keeps the formula, because rounding would have moved it.
    """
    shape = np.broadcast_shapes(base.shape, exponent.shape)
    value, power = trace.values[base.slot], trace.values[exponent.slot]
    given = np.zeros(base.shape, dtype=bool)
    for k in np.flatnonzero((trace.balls.midpoint(value) == 0) & (trace.balls.radius(value) == 0)):
        given.flat[k] = trace.record.nodes[trace.record.origin(base.slot, int(k))[0]].primitive in ("input", "constant")
    if not given.any():
        return result(trace, "power", (base, exponent))
    one = np.broadcast_to(trace.balls.midpoint(power) - 1, shape)
    far = np.broadcast_to(given, shape) & (one > np.broadcast_to(trace.balls.radius(power), shape))
    same = np.broadcast_to(given, shape) & (one == 0)
    elsewhere = result(trace, "power", (where_plain(trace, far | same, 1.0, base), exponent))
    return where_plain(trace, far, 0.0, where_plain(trace, same, base, elsewhere))


@ufunc("arctan2")
def _arctan2(trace: Trace, y: Any, x: Any) -> Traced:
    a, b = lift(trace, y), lift(trace, x)
    i, j = np.broadcast_arrays(positions(a.shape), positions(b.shape))
    _, on_axis = trace.signs((a.slot, i), (trace.constant(0.0), np.zeros_like(i)))
    if np.any(on_axis & (trace.balls.midpoint(trace.values[b.slot]).ravel()[j] <= 0)):
        raise Unsupported("np.arctan2 on its branch cut (y = 0, x <= 0), where the angle jumps by 2 pi")
    return result(trace, "arctan2", (a, b))


@ufunc("logaddexp")
def _logaddexp(trace: Trace, a: Any, b: Any) -> Traced:
    a, b = lift(trace, a), lift(trace, b)
    empty_a, empty_b = (np.isneginf(trace.balls.midpoint(trace.values[x.slot])) for x in (a, b))
    if not (empty_a.any() or empty_b.any()):
        return result(trace, "logaddexp", (a, b))
    # log(0 + e^b) = b: dynamic programmes start from -inf
    inner = result(trace, "logaddexp", (where_plain(trace, empty_a, 0.0, a), where_plain(trace, empty_b, 0.0, b)))
    return where_plain(trace, empty_a, b, where_plain(trace, empty_b, a, inner))


@ufunc("logaddexp2")
def _logaddexp2(trace: Trace, a: Any, b: Any) -> Any:
    a, b = lift(trace, a), lift(trace, b)
    return a + UFUNCS["log2"](trace, 1.0 + UFUNCS["exp2"](trace, b - a))


@ufunc("deg2rad", "radians")
def _deg2rad(trace: Trace, x: Any) -> Any:
    return lift(trace, x) * (np.pi / 180)


@ufunc("rad2deg", "degrees")
def _rad2deg(trace: Trace, x: Any) -> Any:
    return lift(trace, x) * (180 / np.pi)


# -- what can be said about values without asking for a derivative ----------------------------------------------


def _about(name: str) -> None:
    test = getattr(np, name)

    def handler(trace: Trace, x: Any) -> Any:
        x = lift(trace, x)
        return test(trace.balls.midpoint(trace.values[x.slot]))

    UFUNCS[name] = handler


for _name in ("isfinite", "isnan", "isinf"):
    _about(_name)


def _add_at(trace: Trace, target: Any, index: Any, values: Any = 1.0, *, sign: float = 1.0) -> None:
    """`np.add.at`: repeated indices add up."""
    if not is_traced(target):
        raise trace.refuse(
            f"np.add.at would put traced numbers into a plain buffer of dtype {target.dtype}, and their derivative "
            "would be lost; make the buffer with np.zeros_like(x) of a traced x"
        )
    where = np.asarray(np.arange(target.size).reshape(target.shape)[index])
    amounts: Any = np.broadcast_to(operand(trace, values), where.shape)
    added = result(trace, "scatter", (amounts,), index=where, shape=target.shape)
    target[...] = target + added if sign > 0 else target - added


METHODS["add", "at"] = _add_at
METHODS["subtract", "at"] = lambda trace, *args: _add_at(trace, *args, sign=-1.0)
