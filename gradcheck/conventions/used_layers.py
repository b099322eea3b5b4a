"""How a layer behaves that was used before: its own answers, compared with each other and with nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.conventions.example_values import numbers
from gradcheck.conventions.layer_objects import Layer

_CLOSE = 1e-9
"""Relative difference of two answers that honest rounding in another order may make."""


@dataclass(frozen=True)
class Reuse:
    """What a second use of one object does.

    Attributes
    ----------
    layer: the layer, known to add up its gradients if it does.
    differs: whether a used object answers otherwise than a fresh one, with the same outputs.
    ignores: whether a loss's backward method ignores an upstream gradient that has a default.
    sentence: what is to be said about it.
    told: what it tells about the mistake, if it differs.
    """

    layer: Layer
    differs: bool = False
    ignores: bool = False
    sentence: str = ""
    told: str = ""


def reuse(layer: Layer) -> Reuse:
    """Forward and backward twice on one object, with other numbers the second time, beside a fresh one."""
    first, second = layer.values(), tuple(_other(v, n) for v, n in zip(layer.values(), layer.names, strict=True))
    try:
        upstream = [np.full(np.shape(part), 0.75) for part in _outputs(layer, first)]
        ignores = _ignores(layer, first)
        used = layer.fresh()
        before = layer.vjp(used, upstream, first)
        fresh = layer.vjp(layer.fresh(), upstream, second)
        wanted, came = _outputs(layer, second), _outputs(layer, second, used)
        used = layer.fresh()
        layer.vjp(used, upstream, first)
        after = layer.vjp(used, upstream, second)
    except Exception as wrong:  # whatever the layer raises on a second use
        return Reuse(layer, sentence=f"a second use of one object raises {type(wrong).__name__}: {wrong}"[:300])
    said = "backward ignores its upstream gradient: the loss itself is asked about" if ignores else ""
    if not all(_same(a, b) for a, b in zip(wanted, came, strict=True)):
        return Reuse(
            layer, ignores=ignores, sentence="its output depends on earlier calls: each call gets a fresh copy"
        )
    if all(_same(a, b) for a, b in zip(fresh, after, strict=True)):
        return Reuse(layer, ignores=ignores, sentence=said)
    count = len(layer.inputs)
    sums = [f + b for f, b in zip(fresh[count:], before[count:], strict=True)]
    plain = all(_same(a, b) for a, b in zip(fresh[:count], after[:count], strict=True))
    if plain and sums and all(_same(a, b) for a, b in zip(sums, after[count:], strict=True)):
        added = "gradients of parameters add to those of the call before: reset them in between"
        return Reuse(replace(layer, adds=True), ignores=ignores, sentence=added)
    told = _told(layer.names, fresh, before, after)
    return Reuse(layer, True, ignores, "one object used twice answers otherwise than a fresh one: both are asked", told)


def same_outputs(one: Layer, other: Layer) -> bool:
    """Whether two layers have the same outputs at their own examples."""
    return all(_same(a, b) for a, b in zip(_outputs(one, one.values()), _outputs(other, other.values()), strict=True))


def _told(names: Sequence[str], fresh: Any, before: Any, after: Any) -> str:
    """Which gradients of a used object differ from those of a fresh one, and how."""
    parts = []
    for name, own, first, second in zip(names, fresh, before, after, strict=True):
        if _same(own, second):
            continue
        how = "is still that of the call before" if _same(first, second) else "depends on the call before"
        how = "is added to that of the call before, which not all are" if _same(own + first, second) else how
        parts.append(f"the gradient with respect to {name} {how}")
    return "on an object that was used before, " + "; ".join(parts)


def _outputs(layer: Layer, arrays: Any, owner: Any = None) -> tuple[Any, ...]:
    owner = layer.fresh() if owner is None else owner
    return layer.ahead(owner, layer.set(owner, [np.array(a) for a in arrays]))[0]


def _ignores(layer: Layer, arrays: Any) -> bool:
    """Whether doubling an upstream gradient changes nothing, of a loss whose backward method can do without one."""
    outputs = _outputs(layer, arrays)
    if layer.outputs != 1 or np.size(outputs[0]) != 1 or not layer.call.optional:
        return False
    once, twice = (layer.vjp(layer.fresh(), [np.full(np.shape(outputs[0]), c)], arrays) for c in (1.0, 2.0))
    return all(np.array_equal(a, b) for a, b in zip(once, twice, strict=True))


def _other(value: Any, name: str) -> Any:
    return numbers(np.shape(value), f"{name} once more", "positive" if np.all(np.asarray(value) > 0) else "real")


def _same(one: Any, other: Any) -> bool:
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=_CLOSE, atol=_CLOSE, equal_nan=True))
