"""What may have been meant where a step of a derivative's code does something else: signs, operands, axes, indices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.own_axes import reordered, stretched
from gradcheck.attribution.own_steps import Edit, Steps, numeric, several
from gradcheck.rerun.steps_tape import Ref

Array = NDArray[Any]

NONLINEAR = frozenset(
    (
        "exp",
        "log",
        "sqrt",
        "square",
        "power",
        "tanh",
        "sin",
        "cos",
        "expit",
        "reciprocal",
        "log1p",
        "expm1",
        "absolute",
        "sign",
        "cbrt",
        "arctan",
        "sinh",
        "cosh",
        "maximum",
        "minimum",
        "greater",
        "less",
        "greater_equal",
        "less_equal",
        "where",
        "logaddexp",
    )
)
"""Functions in whose argument a wrong sign or factor makes another function."""
_UNARY: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "sin": {"cos": np.cos},
    "cos": {"sin": np.sin},
    "sinh": {"cosh": np.cosh},
    "cosh": {"sinh": np.sinh},
    "exp": {"expm1": np.expm1},
    "log": {"log1p": np.log1p},
    "tanh": {},
    "sqrt": {},
    "arcsin": {"arccos": np.arccos},
    "arccos": {"arcsin": np.arcsin},
    "expit": {},
    "log1p": {"log": np.log},
}
"""Functions that are taken for one another; each may also be one too many."""
_COMPARISONS = ("greater", "less", "greater_equal", "less_equal")
_POWERS = ("power", "float_power", "square", "sqrt", "cbrt", "norm")
"""Functions in whose result a wrong exponent is one of a power, and none of a quotient's denominator."""
EXPONENT = "has an exponent"
"""How the words about a wrong exponent begin."""
_STRETCHING = ("multiply", "divide", "subtract", "add")
_SUMS = ("sum", "add.reduce", "mean")
_ROUNDING = ("round", "rint", "trunc", "floor", "fix")


def edits_of(steps: Steps) -> list[Edit]:
    """The edits of the steps of one instruction that can be told from the function that it calls."""
    name = steps.name
    found: list[Edit] = list(stretched(steps)) if name in _STRETCHING else []
    if name in _TABLE:
        found += _TABLE[name](steps)
    if name in _UNARY:
        found += _unary(steps)
    if name in _COMPARISONS:
        found += _comparison()
    if name in _SUMS:
        found += _sums(steps)
    if name in _ROUNDING or name == "astype":
        row = (Mistake.PRECISION, 0, "rounds what must keep its digits", lambda a, *rest: np.asarray(a, dtype=float))
        found += several([row])
    return [*found, *_whole(steps)]


def nonlinear(steps: Steps) -> bool:
    """Whether an answer depends on the steps' results otherwise than linearly: their sign is then more than a sign."""
    replay, after = steps.replay, set(steps.replay.after(frozenset(steps.slots)))
    for slot in after - set(steps.slots):
        step = replay.steps[slot]
        used = [isinstance(a, Ref) and a.slot in after for a in step.args[:2]]
        if step.name in NONLINEAR or (len(used) > 1 and used[1] and step.name == "divide"):
            return True
        if step.name in ("multiply", "matmul") and all(used):
            return True
    return False


def _sign(steps: Steps) -> Mistake:
    return Mistake.OTHER_SLOPE if nonlinear(steps) else Mistake.PATH_SIGN


def _subtract(steps: Steps) -> list[Edit]:
    rows = [
        (_sign(steps), 1, "has minus where plus is due", lambda a, b: a + b),
        (_sign(steps), 1, "subtracts the wrong way round", lambda a, b: b - a),
    ]
    if np.ndim(steps.operand(0)) == 0 and steps.operand(0) == 1:
        rows.append((Mistake.OTHER_SLOPE, 2, "lacks a square", lambda a, b: a - b * b))
        rows.append((Mistake.OTHER_SLOPE, 2, "lacks the factor that 1 is subtracted from", lambda a, b: (a - b) * b))
    return several(rows)


def _add(steps: Steps) -> list[Edit]:
    rows = [
        (_sign(steps), 1, "has plus where minus is due", lambda a, b: a - b),
        (_sign(steps), 1, "has plus where minus is due, before the first", lambda a, b: b - a),
    ]
    return several(rows)


def _multiply(steps: Steps) -> list[Edit]:
    rows: list[Any] = []
    for k in (0, 1):
        dropped, kept = steps.operand(k), steps.operand(1 - k)
        if np.ndim(dropped) > np.ndim(kept) or np.size(dropped) == 0:
            continue
        scalar = np.ndim(dropped) == 0
        zero = scalar and dropped == 0
        twice = Mistake.SLOPE_TWICE if _used_twice(steps, k) else None
        kind = Mistake.DROPPED if zero else Mistake.PATH_FACTOR if scalar else twice
        if not scalar and np.all((np.asarray(dropped) == 0) | (np.asarray(dropped) == 1)):
            kind = Mistake.BRANCH
        much = f" {float(dropped):.6g}" if scalar else ""
        words = "is multiplied by zero" if zero else f"has a factor{much} too many"
        rows.append((kind, 2, words, lambda *args, k=k: args[1 - k]))
        words, inverse = "multiplies where it must divide", Mistake.PATH_FACTOR if scalar else Mistake.QUOTIENT
        rows.append((inverse, 2, words, lambda *args, k=k: args[1 - k] / args[k]))
    rows.append((Mistake.OTHER_SLOPE, 3, "has a product where a sum is due", lambda a, b: a + b))
    return several(rows)


def _used_twice(steps: Steps, k: int) -> bool:
    """Whether another product has the same factor, in its value: without it elsewhere it was not applied twice."""
    mine, replay = steps.operand(k), steps.replay
    products = [s for slot, s in enumerate(replay.steps) if s.name == "multiply" and slot not in steps.slots]
    values = [replay.steps[a.slot].value if isinstance(a, Ref) else a for s in products for a in s.args[:2]]
    return any(np.shape(v) == np.shape(mine) and np.array_equal(v, mine) for v in values)


def _divide(steps: Steps) -> list[Edit]:
    below = steps.first.args[1]
    scalar = np.ndim(steps.operand(1)) == 0 and (np.ndim(steps.first.value) != 0 or not isinstance(below, Ref))
    count = scalar and float(steps.operand(1)) > 2 and float(steps.operand(1)).is_integer()
    kind = Mistake.MEAN_SUM if count else Mistake.PATH_FACTOR if scalar else Mistake.QUOTIENT
    made = steps.replay.steps[below.slot] if isinstance(below, Ref) else None
    raised = made is not None and made.name in _POWERS and not (len(made.args) > 1 and made.args[1] == 1)
    powers = Mistake.POWER_RULE if raised else Mistake.QUOTIENT
    rows = [
        (kind, 2, "divides once too often", lambda a, b: a),
        (kind, 2, "divides where it must multiply", lambda a, b: a * b),
        (powers, 2, "lacks the square of the denominator", lambda a, b: a / (b * b)),
        (Mistake.OTHER_SLOPE, 3, "has the denominator for its root", lambda a, b: a / np.sqrt(b)),
    ]
    return several(rows)


def _power(steps: Steps) -> list[Edit]:
    kind = Mistake.QUOTIENT if "divide 1" in steps.users else Mistake.POWER_RULE
    name = steps.name
    if name == "square":
        return several(
            [(kind, 2, "has an exponent one too high", lambda a: a), (kind, 2, "has an exponent one too low", _cube)]
        )
    none = np.ndim(steps.operand(1)) == 0 and steps.operand(1) == 0
    return several(
        [
            (Mistake.SLOPE_FORGOTTEN if none else kind, 2, "has an exponent one too low", lambda a, p: a ** (p + 1)),
            (kind, 2, "has an exponent one too high", lambda a, p: a ** (p - 1)),
            (kind, 3, "has an exponent of the wrong sign", lambda a, p: a ** (-p)),
        ]
    )


def _cube(a: Any) -> Any:
    return a * a * a


def _negative(steps: Steps) -> list[Edit]:
    return several([(_sign(steps), 1, "has a minus sign too many", lambda a: a)])


def _unary(steps: Steps) -> list[Edit]:
    rows: list[Any] = [
        (Mistake.OTHER_SLOPE, 2, f"has {steps.name} where {other} is due", function)
        for other, function in _UNARY[steps.name].items()
    ]
    kind = Mistake.SLOPE_AT_OUTPUT if steps.name in ("tanh", "expit") else Mistake.OTHER_SLOPE
    rows.append((kind, 3, f"takes {steps.name} once too often", lambda a: a))
    return several(rows)


def _comparison() -> list[Edit]:
    return [
        Edit(Mistake.BRANCH, 2, "compares the wrong way round", lambda args, kwargs, value: ~value),
        Edit(Mistake.BRANCH, 3, "stops what must not be stopped", lambda args, kwargs, value: np.ones_like(value)),
        Edit(Mistake.BRANCH, 3, "chooses what must not be chosen", lambda args, kwargs, value: np.zeros_like(value)),
    ]


def _where(steps: Steps) -> list[Edit]:
    if len(steps.first.args) != 3:
        return []
    return several(
        [
            (Mistake.BRANCH, 2, "chooses the wrong one of two", lambda c, a, b: np.where(c, b, a)),
            (Mistake.BRANCH, 3, "has the second of two where the first is always due", lambda c, a, b: a),
            (Mistake.BRANCH, 3, "has the first of two where the second is always due", lambda c, a, b: b),
        ]
    )


def _extreme(steps: Steps) -> list[Edit]:
    other = np.minimum if steps.name == "maximum" else np.maximum
    rows: list[Any] = [(Mistake.MAXIMUM, 2, "takes the wrong one of two", other)]
    rows += [
        (Mistake.GUARD if np.size(steps.operand(1 - k)) == 1 else Mistake.BRANCH, 3, "limits what has no limit", f)
        for k, f in ((0, lambda a, b: a), (1, lambda a, b: b))
    ]
    return several(rows)


def _clip(steps: Steps) -> list[Edit]:
    return several([(Mistake.GUARD, 2, "limits what has no limit", lambda a, *bounds: np.asarray(a))])


def _matmul(steps: Steps) -> list[Edit]:
    kind = Mistake.PRODUCT_TRANSPOSED
    rows: list[Any] = [
        (kind, 1, "lacks a transposition of its first factor, or has one too many", lambda a, b: _turned(a) @ b),
        (kind, 1, "lacks a transposition of its second factor, or has one too many", lambda a, b: a @ _turned(b)),
        (kind, 2, "has its factors in the wrong order", lambda a, b: b @ a),
        (Mistake.PERMUTED, 3, "has one factor the wrong way round", lambda a, b: _reversed(a) @ b),
        (Mistake.PERMUTED, 3, "has one factor the wrong way round", lambda a, b: a @ _reversed(b)),
        (Mistake.POWER_RULE, 3, "lacks the square of its first factor", lambda a, b: (a * a) @ b),
        (Mistake.POWER_RULE, 3, "lacks the square of its second factor", lambda a, b: a @ (b * b)),
    ]
    return several(rows)


def _reversed(a: Any) -> Any:
    if np.ndim(a) != 1:
        raise TypeError("no vector")
    return a[::-1]


def _turned(a: Any) -> Any:
    if np.ndim(a) < 2 or np.shape(a)[-1] != np.shape(a)[-2]:
        raise TypeError("no square matrix")
    return np.swapaxes(a, -1, -2)


def _sums(steps: Steps) -> Iterator[Edit]:
    """Sums over other axes, a mean for a sum and a sum for a mean."""
    shape, result = np.shape(steps.operand(0)), np.shape(steps.first.value)
    mean = steps.name == "mean"
    few = max(1, int(np.prod(shape)) // max(1, int(np.prod(result))))
    if few > 1:
        words = f"averages over {few} where it must add up" if mean else f"adds up {few} where it must average"
        yield Edit(Mistake.MEAN_SUM, 1, words, lambda a, k, v: v * few if mean else v / few)
    kept, is_due = len(result) == len(shape), ("are due", "is due")
    for count in range(1, len(shape) + 1):
        for axes in combinations(range(len(shape)), count):
            left = tuple(1 if k in axes else n for k, n in enumerate(shape) if kept or k not in axes)
            for keep in (False, True) if not kept or _spreads(left, result) else (kept,):
                where = f"axis {axes[0]}" if count == 1 else "axes " + " and ".join(map(str, axes))
                other = partial(_over, np.mean if mean else np.sum, axes, keep)
                words = f"{'averages' if mean else 'adds up'} over the wrong axes, where {where} {is_due[count == 1]}"
                yield Edit(Mistake.BROADCAST, 2, words, other, reshapes=True)


def _over(total: Any, axes: tuple[int, ...], keep: bool, args: Any, kwargs: Any, value: Any) -> Any:
    made = total(args[0], axis=axes, keepdims=keep)
    return np.broadcast_to(made, np.shape(value)) if _spreads(np.shape(made), np.shape(value)) else made


def _first(total: Any, args: Any, kwargs: Any, value: Any) -> Any:
    return total(args[0], axis=0)


def _spreads(shape: tuple[int, ...], over: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, over) == over and int(np.prod(shape)) > 0
    except ValueError:
        return False


def _cumsum(steps: Steps) -> list[Edit]:
    def back(args: Any, kwargs: Any, value: Any) -> Any:
        axis = kwargs.get("axis", args[1] if len(args) > 1 else 0) or 0
        return np.flip(np.cumsum(np.flip(args[0], axis), axis), axis)

    return [
        Edit(Mistake.CUMULATIVE, 1, "runs the wrong way", back),
        Edit(Mistake.CUMULATIVE, 2, "adds up what must stay apart", lambda args, kwargs, value: np.asarray(args[0])),
    ]


def _getitem(steps: Steps) -> Iterator[Edit]:
    key, shape = steps.operand(1), np.shape(steps.operand(0))
    if isinstance(key, int) and len(shape) >= 1:
        for words, total in (("adding them up", np.sum), ("averaging them", np.mean)):
            yield Edit(
                Mistake.FIRST_SAMPLE,
                2,
                f"takes one of {shape[0]} instead of {words}",
                partial(_first, total),
            )
    if isinstance(key, np.ndarray) and key.ndim == 1 and sorted(key.tolist()) == list(range(shape[0])):
        inverse = np.argsort(key)
        yield Edit(Mistake.PERMUTED, 2, "moves by the order, not back by it", lambda a, k, v: a[0][inverse])
    if np.shape(steps.first.value) == shape:
        yield Edit(Mistake.PERMUTED, 2, "moves what must stay in its places", lambda a, k, v: np.asarray(a[0]))
    for axis, part in enumerate(key if isinstance(key, tuple) else (key,)):
        if part is None or part is Ellipsis:
            return
        if isinstance(part, int | slice) and part != slice(None):
            for by, words in ((1, "starts one place too early"), (-1, "starts one place too late")):
                yield Edit(Mistake.PERMUTED, 3, words, partial(_shifted, axis, by))


def _shifted(axis: int, by: int, args: Any, kwargs: Any, value: Any) -> Any:
    """As many entries, some places further along an axis; never beyond its ends."""
    key = args[1] if isinstance(args[1], tuple) else (args[1],)
    places = np.arange(np.shape(args[0])[axis])[key[axis]] + by
    if np.size(places) == 0 or np.min(places) < 0 or np.max(places) >= np.shape(args[0])[axis]:
        raise IndexError("no such place")
    taken = np.take(args[0], places, axis=axis)
    rest = (*key[:axis], slice(None), *key[axis + 1 :]) if np.ndim(places) else (*key[:axis], *key[axis + 1 :])
    return taken[(*rest,)] if rest else taken


def _setitem(steps: Steps) -> Iterator[Edit]:
    def added(args: Any, kwargs: Any, value: Any) -> Any:
        fresh = np.array(args[0])
        np.add.at(fresh, args[1], args[2])
        return fresh

    def accumulated(args: Any, kwargs: Any, value: Any) -> Any:
        fresh = np.array(args[0])
        np.add.at(fresh, args[1], args[2] - fresh[args[1]])
        return fresh

    key = steps.operand(1)
    if not np.any(steps.operand(2)) and np.any(np.asarray(steps.operand(0))[key]):
        if not set(steps.slots) & set(steps.replay.answers):  # else it is the answer that has zeros
            yield Edit(Mistake.DROPPED, 1, "sets to zero what must stay", lambda a, k, v: np.asarray(a[0]))
        return
    repeated = any(
        isinstance(k, np.ndarray) and np.unique(k).size < k.size for k in (key if isinstance(key, tuple) else (key,))
    )
    kind = Mistake.SCATTER if repeated else Mistake.OVERWRITTEN
    yield Edit(kind, 1, "assigns where it must add", added)
    if repeated:
        yield Edit(kind, 1, "loses all but one of several additions to one place", accumulated)


def _moved(steps: Steps) -> list[Edit]:
    kind = Mistake.PERMUTED
    if steps.name == "roll":
        back = Edit(kind, 1, "shifts the wrong way", lambda a, k, v: np.roll(a[0], -np.asarray(a[1]), *a[2:], **k))
        return [back, Edit(kind, 2, "shifts what must stay", lambda a, k, v: np.asarray(a[0]))]
    return [Edit(kind, 1, "turns round what must stay", lambda a, k, v: np.asarray(a[0]))]


def _system(steps: Steps) -> list[Edit]:
    kind, function = Mistake.PRODUCT_TRANSPOSED, steps.first.function
    return [
        Edit(kind, 1, "lacks a transposition of its matrix, or has one too many",
             lambda a, k, v: function(_turned(a[0]), *a[1:], **k)),
    ]  # fmt: skip


def _whole(steps: Steps) -> Iterator[Edit]:
    """The result as a whole, of any function: transposed."""
    value = steps.first.value
    if numeric(value) and np.ndim(value) >= 2 and np.shape(value)[-1] == np.shape(value)[-2] > 1:
        answer = set(steps.slots) & set(steps.replay.answers)
        kind = Mistake.TRANSPOSED if answer else Mistake.PRODUCT_TRANSPOSED
        yield Edit(kind, 3, "lacks a transposition, or has one too many", lambda a, k, v: _turned(v))


_TABLE: Mapping[str, Callable[[Steps], Any]] = {
    "subtract": _subtract,
    "add": _add,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "float_power": _power,
    "square": _power,
    "negative": _negative,
    "where": _where,
    "maximum": _extreme,
    "minimum": _extreme,
    "clip": _clip,
    "matmul": _matmul,
    "dot": _matmul,
    "cumsum": _cumsum,
    "getitem": _getitem,
    "setitem": _setitem,
    "roll": _moved,
    "flip": _moved,
    "reshape": reordered,
    "solve": _system,
    "inv": _system,
}
