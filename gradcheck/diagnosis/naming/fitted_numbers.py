"""Faults that contain a number which no list can foresee; it is computed from the subject's own answers.

The only one is the step's rate, where weights take their step before the message passes through them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.diagnosis.naming.answer_match import Observed
from gradcheck.diagnosis.naming.mlp_relations import own_deltas
from gradcheck.faults.catalogue import fault
from gradcheck.faults.fault import Fault
from gradcheck.faults.mlps.layers import UpdatedBeforeUse

MOST_RATES = 3
"""Maximum number of rates tried, of those that single answers suggest."""


def fitted(entry: str, observed: Sequence[Observed]) -> Iterator[tuple[Fault, Callable[[], Any]]]:
    """Faults, and bends with the numbers that the subject's answers suggest; each is then tried like any other."""
    if entry == "mlp_gradients":
        rates: list[float] = []
        for rate in (rate for one in observed if one.wrong for rate in _rates(one)):
            if not any(np.isclose(rate, known, rtol=1e-6) for known in rates):
                rates.append(rate)
        for rate in rates[:MOST_RATES]:
            yield fault("F109"), partial(UpdatedBeforeUse, rate)


def _rates(one: Observed) -> Iterator[float]:
    """The rates at which stepped weights would turn delta[l] into each wrong delta[l-1].

    This is linear in the rate: delta[l-1] = (right) - rate * (what a step of rate 1 takes away).
    """
    for sample in one.samples:
        found = own_deltas(sample)
        if found is None:
            continue
        right, delta = found
        for k in range(2, right.mlp.layers + 1):
            base = right.down(k, delta[k])
            away = base - _stepped(right, k, delta[k])
            size = float(np.sum(away * away))
            rate = float(np.sum((base - delta[k - 1]) * away)) / size if size else 0.0
            if rate > 0 and np.allclose(base - rate * away, delta[k - 1], rtol=1e-6, atol=1e-9):
                yield rate


def _stepped(right: Any, layer: int, delta: Any) -> Any:
    step = UpdatedBeforeUse(1.0)
    vars(step).update({name: value for name, value in vars(right).items() if name != "w"}, w=dict(right.w))
    return step.down(layer, delta)
