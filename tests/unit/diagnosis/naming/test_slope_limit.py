"""Gradients that stop growing, wherever they are cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.slope_limit import clipping
from gradcheck.faults.correct import tape
from gradcheck.subject.inprocess import InProcessSubject

KNOWN = frozenset({"mul"})


def bent(bend: Callable[[float], float]) -> InProcessSubject:
    """The gradient d/2 as a function of the right one."""

    def engine(graph: Any, point: Any) -> Any:
        value, grads, *_ = tape.gradients(graph, point)
        return value, {name: np.asarray(bend(float(g))) for name, g in grads.items()}

    return InProcessSubject(engine, entry="gradients")


@pytest.mark.parametrize(
    "bend",
    [
        lambda g: np.clip(g, -1.0, 1.0),
        lambda g: np.clip(g, -5.0, 5.0),
        lambda g: g if abs(g) <= 0.25 else np.sign(g) * 0.25,
        lambda g: 0.5 * np.clip(2.0 * g, -1.0, 1.0),  # on the way
    ],
)
def test_cut_at_some_size(bend: Callable[[float], float]) -> None:
    fault, how = clipping(bent(bend), KNOWN)
    assert fault is not None
    assert fault.code == "F83"
    assert "never more than" in how


@pytest.mark.parametrize(
    "bend",
    [
        lambda g: g,
        lambda g: 2.0 * g,
        lambda _g: 1.0,  # never right
        lambda g: min(g, 1.0),  # on one side alone
        lambda g: np.clip(g, -2.0, 1.0),
        lambda g: g if abs(g) <= 1.0 else 0.0 * g + np.tanh(g),
        lambda g: g if abs(g) <= 1.0 else np.sqrt(abs(g)) * np.sign(g),
        lambda g: np.nan if abs(g) > 1.0 else g,
    ],
)
def test_not_cut(bend: Callable[[float], float]) -> None:
    assert clipping(bent(bend), KNOWN) == (None, "")


def test_nothing_is_said_without_the_op() -> None:
    assert clipping(bent(lambda g: np.clip(g, -1.0, 1.0)), frozenset({"add"})) == (None, "")
