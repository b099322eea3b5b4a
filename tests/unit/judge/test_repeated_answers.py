"""GC021 of engines: a second answer may differ from the first by rounding, where terms cancel too, and by no more."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
import pytest

from gradcheck import Case, GraphBuilder
from gradcheck.judge.dispatch import try_any
from gradcheck.oracle import graph_oracles
from gradcheck.subject.inprocess import InProcessSubject


def cancelling() -> Case:
    """0.1 w + 0.2 w - 0.3 w: the gradient is 0 up to the rounding of its terms, and that of 0.3 is not their sum's."""
    build = GraphBuilder()
    w = build.parameter("w")
    terms = [build.mul(w, build.constant(c)) for c in (0.1, 0.2, 0.3)]
    loss = build.sub(build.add(terms[0], terms[1]), terms[2], name="loss")
    return Case("cancelling", build.graph(loss), {"w": 1.0})


def sums(orders: list[list[float]], spoiled: float = 0.0) -> Any:
    """An engine that adds the terms in another order each time; every second answer is `spoiled` besides."""
    turn = cycle(enumerate(orders))

    def gradients(graph: Any, point: Any) -> Any:
        k, terms = next(turn)
        slope = 0.0
        for term in terms:
            slope += term
        return np.asarray(slope * point["w"]), {"w": np.asarray(slope + spoiled * k)}

    return gradients


ORDERS = [[0.1, 0.2, -0.3], [0.1, -0.3, 0.2]]


def test_the_orders_differ_in_more_than_the_last_digits() -> None:
    first, second = (float(np.cumsum(order)[-1]) for order in ORDERS)
    assert first != second
    assert abs(first - second) > 0.1 * max(abs(first), abs(second))


@pytest.mark.parametrize(("spoiled", "repeats"), [(0.0, True), (1e-12, False)], ids=["rounding", "more"])
def test_what_cancels_may_differ_by_rounding(spoiled: float, repeats: bool) -> None:
    subject = InProcessSubject(sums(ORDERS, spoiled))
    result = try_any("cancelling", cancelling(), subject, graph_oracles()).result
    assert ("GC021" not in result.codes) is repeats
    assert result.verdict == ("PASS" if repeats else "FAIL")
