"""Demonstrations: each makes the calls that exhibit one broken contract and answers whether it saw it.

A wrong item whose mistake is a contract names one of these; every right item must survive all of them.
"""

import copy
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from . import calls

if TYPE_CHECKING:
    from .item import Item


def _same(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


def _close(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> bool:
    return len(a) == len(b) and all(
        x.shape == y.shape and np.allclose(x, y, rtol=0, atol=_slack(x), equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )


def _slack(x: np.ndarray) -> float:
    if not x.size:
        return 0.0
    u = float(np.finfo(x.dtype).eps) if x.dtype.kind == "f" else 0.0
    return 1e3 * u * float(np.max(np.abs(np.nan_to_num(x))))


def _value(item: "Item", inputs: Any) -> tuple[np.ndarray, ...]:
    with np.errstate(all="ignore"):
        return calls.parts(item.f(*inputs))


def _moved(item: "Item") -> tuple[Any, ...]:
    return tuple(x if x.dtype.kind != "f" or 0 in x.strides else _nudged(x) for x in calls.copies(item.inputs))


def _nudged(x: np.ndarray) -> np.ndarray:
    moved = x.copy(order="K")
    moved *= x.dtype.type(1.25)
    return moved


def mutates_inputs(item: "Item") -> bool:
    """`f` or the derivative writes into its inputs."""
    inputs = calls.copies(item.inputs)
    before = copy.deepcopy(inputs)
    _value(item, inputs)
    seen = not _same(inputs, before)
    inputs = calls.copies(item.inputs)
    calls.answer(item, inputs)
    return seen or not _same(inputs, before)


def mutates_cotangent(item: "Item") -> bool:
    """The VJP writes into its cotangent, or the JVP into its tangents."""
    inputs = calls.copies(item.inputs)
    if item.kind == "jvp":
        seeds = tuple(calls.draw(item, x.shape, x.dtype) for x in inputs)
    else:
        seeds = calls.cotangent(item, item.f(*inputs))
        seeds = seeds if isinstance(seeds, tuple) else (seeds,)
    before = copy.deepcopy(seeds)
    if item.kind == "jvp":
        calls.pushforward(item, inputs, seeds)
    elif item.kind == "vjp":
        calls.pullback(item, seeds if len(seeds) > 1 else seeds[0], inputs)
    return not _same(seeds, before)


def result_changes_later(item: "Item") -> bool:
    """A result handed out earlier changes at a later call, of `f` or of the derivative."""
    inputs, other = calls.copies(item.inputs), _moved(item)
    value, first = _value(item, inputs), calls.answer(item, inputs)
    kept = copy.deepcopy((value, first))
    _value(item, other)
    calls.answer(item, other, salt=1)
    return not (_same(value, kept[0]) and _same(first, kept[1]))


def not_repeatable(item: "Item") -> bool:
    """The same call twice gives two answers."""
    inputs = calls.copies(item.inputs)
    values = [copy.deepcopy(_value(item, inputs)) for _ in range(3)]
    answers = [copy.deepcopy(calls.answer(item, inputs)) for _ in range(3)]
    return not all(_same(a, b) for a, b in ((values[0], values[1]), (values[1], values[2]), *pairwise(answers)))


def depends_on_call_order(item: "Item") -> bool:
    """The derivative at one point answers differently, or not at all, after `f` ran at another."""
    inputs, other = calls.copies(item.inputs), _moved(item)
    with np.errstate(all="ignore"):
        seed = calls.cotangent(item, item.f(*inputs))
    first = copy.deepcopy(calls.answer(item, inputs))
    _value(item, other)
    if item.kind == "jvp":
        return not _same(first, calls.answer(item, inputs))
    calls.pullback(item, seed, other)
    _value(item, other)
    return not _same(
        first, tuple(np.asarray(np.empty(0) if g is None else g) for g in calls.pullback(item, seed, inputs))
    )


def touches_global_random_state(item: "Item") -> bool:
    """The answers are others in another state of NumPy's global generator. To seed it is no mistake of a gradient."""
    found = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002 (the global generator is what is looked at)
        inputs = calls.copies(item.inputs)
        found.append((_value(item, inputs), calls.answer(item, inputs)))
    return not all(_close(one, two) for one, two in zip(*found, strict=True))


def not_linear(item: "Item") -> bool:
    """The VJP of 3c is not three times the VJP of c (or that of 0 is not 0)."""
    if item.kind != "vjp":
        return False
    inputs = calls.copies(item.inputs)
    seed = calls.cotangent(item, item.f(*inputs))

    def at(factor: float) -> tuple[np.ndarray, ...]:
        scaled = (
            tuple(s * s.dtype.type(factor) for s in seed) if isinstance(seed, tuple) else seed * seed.dtype.type(factor)
        )
        return tuple(np.asarray(np.empty(0) if g is None else g) for g in calls.pullback(item, scaled, inputs))

    one = copy.deepcopy(at(1))
    tripled = tuple(g * 3 for g in one)
    return not (_close(tripled, at(3)) and _close(tuple(g * 0 for g in one), at(0)))


def layout_matters(item: "Item") -> bool:
    """The same numbers in Fortran order, or as every second entry of a larger array, give another answer."""
    plain = copy.deepcopy(calls.answer(item, calls.copies(item.inputs)))
    fortran = tuple(x.copy(order="F") for x in item.inputs)
    return not all(_close(plain, copy.deepcopy(calls.answer(item, other))) for other in (fortran, _strided(item)))


def _strided(item: "Item") -> tuple[Any, ...]:
    spaced = []
    for x in item.inputs:
        wide = np.zeros((*x.shape, 2), dtype=x.dtype)
        wide[..., 0] = x
        spaced.append(wide[..., 0])
    return tuple(spaced)


def read_only_fails(item: "Item") -> bool:
    """Read-only inputs make `f` or the derivative raise."""
    inputs = calls.copies(item.inputs)
    for x in inputs:
        x.flags.writeable = False
    try:
        _value(item, inputs)
        calls.answer(item, inputs)
    except ValueError:
        return True
    return False


def raises(item: "Item") -> bool:
    """The derivative raises at a point where `f` has a value."""
    try:
        calls.answer(item, calls.copies(item.inputs))
    except Exception:
        return True
    return False


def narrower(dtype: np.dtype, wanted: np.dtype) -> bool:
    """Whether numbers are lost: float64 for float32 is what NumPy 2 gives by itself."""
    return dtype.kind != wanted.kind or dtype.itemsize < wanted.itemsize


def wrong_shape(item: "Item") -> bool:
    """An answer is not shaped like its input, or has a narrower dtype, or there are too many or too few of them."""
    inputs = calls.copies(item.inputs)
    got = calls.pullback(item, calls.cotangent(item, item.f(*inputs)), inputs)
    if len(got) != len(inputs):
        return True
    asked = calls.chosen(item)
    return any(
        g is not None and (np.shape(g) != x.shape or narrower(np.asarray(g).dtype, x.dtype))
        for i, (g, x) in enumerate(zip(got, inputs, strict=True))
        if i in asked
    )


ALL = (
    mutates_inputs, mutates_cotangent, result_changes_later, not_repeatable, depends_on_call_order,
    touches_global_random_state, not_linear, layout_matters, read_only_fails,
)  # fmt: skip
