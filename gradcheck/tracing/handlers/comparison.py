"""Comparisons of traced numbers: plain truth values, decided or forked."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.lifting import lift
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS
from gradcheck.tracing.trace import MOST_COMPARED, UNEQUAL, Entry, Trace, positions
from gradcheck.tracing.traced import Traced, is_traced

Uses = list[tuple[int, int]]
"""(number of a decision, flat position of the result that it chose)."""

_TRUTH: dict[str, Callable[[Array], Array]] = {
    "less": lambda s: s == -1,
    "less_equal": lambda s: (s == -1) | (s == 0),
    "greater": lambda s: s == 1,
    "greater_equal": lambda s: (s == 1) | (s == 0),
    "equal": lambda s: s == 0,
    "not_equal": lambda s: s != 0,
}
# Signs to try first: at an exact tie they give the same answer as the comparison itself.
_AT_TIE = {"less": 1, "less_equal": -1, "greater": -1, "greater_equal": 1}


def ordered(trace: Trace, a: Traced, b: Traced, at_tie: int, what: str, rule: int = 0) -> tuple[Array, Uses]:
    """Signs of a - b with every undecided one chosen (by a `rule`, see `Trace.rule`), and the decisions used."""
    i, j = np.broadcast_arrays(positions(a.shape), positions(b.shape))
    sign, undecided = trace.signs((a.slot, i), (b.slot, j), rule)
    uses: Uses = []
    flat, left, right = sign.reshape(-1), i.reshape(-1), j.reshape(-1)
    for k in np.flatnonzero(undecided):
        first = int(flat[k]) or at_tie
        flat[k] = trace.order((a.slot, int(left[k])), (b.slot, int(right[k])), first, what, rule)
        uses.append((trace.used, int(k)))
    return flat.reshape(i.shape), uses


def escape(trace: Trace, uses: Uses) -> None:
    """Note that these decisions reached the user's code as truth values or whole numbers."""
    for decision, _ in uses:
        trace.decisions[decision].escaped = True


def contest(trace: Trace, uses: Uses, slot: int, sources: Callable[[int, int], tuple[int, ...]] | None = None) -> None:
    """Note that these decisions only chose between equal values of entries of `slot`.

    `sources(decision, position)`: what each outcome takes the entry from (see `Trace.sources`).
    """
    for decision, position in uses:
        trace.contest(decision, (slot, position), sources(decision, position) if sources is not None else ())


def plain(value: Array) -> Any:
    """A result as NumPy gives it: scalars for 0-d."""
    return value[()] if value.ndim == 0 else value


def _compare(name: str) -> Callable[..., Any]:
    truth = _TRUTH[name]

    def handler(trace: Trace, x: Any, y: Any) -> Any:
        if x is None or y is None or isinstance(x, str) or isinstance(y, str):
            return name == "not_equal"
        a, b = lift(trace, x), lift(trace, y)
        if name in _AT_TIE:
            sign, uses = ordered(trace, a, b, _AT_TIE[name], f"np.{name}")
            escape(trace, uses)
            return _answer(trace, truth(sign), a, b, uses)
        i, j = np.broadcast_arrays(positions(a.shape), positions(b.shape))
        sign, undecided = trace.signs((a.slot, i), (b.slot, j))
        uses = []
        flat, left, right = sign.reshape(-1), i.reshape(-1), j.reshape(-1)
        for k in np.flatnonzero(undecided):
            entries: tuple[Entry, Entry] = (a.slot, int(left[k])), (b.slot, int(right[k]))
            same = trace.equal(*entries, first=flat[k] == 0, what=f"np.{name}")
            uses.append((trace.used, int(k)))
            flat[k] = 0 if same else UNEQUAL
        escape(trace, uses)
        return _answer(trace, truth(flat.reshape(i.shape)), a, b, uses)

    return handler


def _answer(trace: Trace, truth: Array, a: Traced, b: Traced, uses: Uses) -> Any:
    """The truth values of a comparison, which may be changed to keep a loop running."""
    if truth.size == 1 and (a.varies or b.varies):
        return np.full(truth.shape, trace.answered(bool(truth.flat[0]), [d for d, _ in uses]))[()]
    if truth.size and (a.varies or b.varies):
        truth = trace.answered_all(truth, [d for d, _ in uses])
    answer = plain(truth)
    if isinstance(answer, np.ndarray) and len(trace.truths) < MOST_COMPARED:
        trace.truths.append((answer, (a.slot, b.slot)))
    return answer


for _name in _TRUTH:
    UFUNCS[_name] = _compare(_name)


def _logical(name: str) -> Callable[..., Any]:
    operation = getattr(np, name)

    def handler(trace: Trace, *operands: Any) -> Any:
        return operation(*(np.not_equal(x, 0) if is_traced(x) else x for x in operands))

    return handler


for _name in ("logical_and", "logical_or", "logical_xor", "logical_not"):
    UFUNCS[_name] = _logical(_name)


def _truthy(name: str) -> Callable[..., Any]:
    operation = getattr(np, name)

    def handler(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
        return operation(np.not_equal(a, 0), *args, **kwargs)

    return handler


for _name in ("any", "all", "nonzero", "argwhere", "flatnonzero", "count_nonzero"):
    FUNCTIONS[getattr(np, _name)] = _truthy(_name)
