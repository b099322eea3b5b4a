"""What becomes of a broadcast operand, in engines that treat shapes in ways of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.broadcast_probes import COTANGENT, SHAPES, broadcasting
from gradcheck.faults.correct import forward_mode, recursive, tape
from gradcheck.subject.inprocess import InProcessSubject

KNOWN = frozenset({"add", "mul", "sum"})
Undo = Callable[[Any, tuple[int, ...]], Any]


def summed(g: Any, shape: tuple[int, ...]) -> Any:
    """Right: summed over added axes, then over stretched ones."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n < g.shape[k]), keepdims=True)


def engine(undo: Undo) -> InProcessSubject:
    """An engine for sums of products, which undoes broadcasting in its own way, at additions alone."""

    def answer(graph: Any, point: Any) -> Any:
        nodes = [graph.node(i) for i in graph.order.tolist()]
        values: dict[str, Any] = {}
        forward: dict[str, Callable[..., Any]] = {"add": np.add, "mul": np.multiply, "sum": np.sum}
        for n in nodes:
            given = [values[a] for a in n.inputs]
            values[n.name] = forward[n.op](*given) if n.inputs else point[n.name] if n.value is None else n.value
        bars: dict[str, Any] = {n.name: 0.0 for n in nodes} | {graph.names[graph.loss]: np.ones(())}
        for n in reversed(nodes):
            g = bars[n.name]
            for k, a in enumerate(n.inputs):
                if n.op == "add":
                    bars[a] = bars[a] + undo(g, np.shape(values[a]))
                else:
                    bars[a] = bars[a] + (g * values[n.inputs[1 - k]] if n.op == "mul" else g * np.ones_like(values[a]))
        names = [graph.names[i] for i in graph.parameters]
        return values[graph.names[graph.loss]], {n: np.asarray(bars[n]) for n in names}

    return InProcessSubject(answer, entry="gradients")


def middle(g: Any, shape: tuple[int, ...]) -> Any:
    """The copy in the middle."""
    g = g if g.ndim == len(shape) or not shape else g[g.shape[0] // 2]
    return g.ravel()[g.size // 2] if not shape else g[tuple(slice(0, n) for n in shape)]


def averaged(g: Any, shape: tuple[int, ...]) -> Any:
    return summed(g, shape) * np.prod(shape, dtype=int) / g.size


def biases_only(g: Any, shape: tuple[int, ...]) -> Any:
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def doubled(g: Any, shape: tuple[int, ...]) -> Any:
    return summed(g, shape) * (2.0 if g.shape != shape else 1.0)


def scalars_averaged_rows_kept(g: Any, shape: tuple[int, ...]) -> Any:
    return averaged(g, shape) if shape == () else g


@pytest.mark.parametrize(
    ("undo", "code"),
    [(middle, "F50"), (averaged, "F51"), (lambda g, _shape: g, "F52"), (biases_only, "F53")],
)
def test_each_way_of_not_undoing_it(undo: Undo, code: str) -> None:
    fault, how = broadcasting(engine(undo), KNOWN)
    assert fault is not None
    assert fault.code == code
    assert "x + y" in how


@pytest.mark.parametrize("undo", [summed, doubled, scalars_averaged_rows_kept])
def test_no_name_for_the_right_one_nor_for_others(undo: Undo) -> None:
    assert broadcasting(engine(undo), KNOWN) == (None, "")


@pytest.mark.parametrize("right", [forward_mode.gradients, recursive.gradients, tape.gradients])
def test_right_engines(right: Callable[..., Any]) -> None:
    assert broadcasting(InProcessSubject(right, entry="gradients"), KNOWN) == (None, "")


def test_a_rule_that_is_wrong_without_broadcasting_is_another_mistake() -> None:
    assert broadcasting(engine(lambda g, shape: -summed(g, shape)), KNOWN) == (None, "")
    assert broadcasting(engine(middle), frozenset({"add", "sum"})) == (None, "")


def test_the_copies_differ() -> None:
    """Were two entries of the cotangent alike, one copy could pass for another, or for the mean."""
    assert len(np.unique(COTANGENT)) == COTANGENT.size
    assert all(not np.allclose(summed(COTANGENT, s), averaged(COTANGENT, s)) for s in SHAPES)
