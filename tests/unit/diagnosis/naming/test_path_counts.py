"""What the digits of a gradient say of engines that walk graphs in ways of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.branch_counts import several_uses
from gradcheck.diagnosis.naming.path_counts import WIDE, forks, gradient, pair, straight, tally, wide
from gradcheck.faults.correct import forward_mode, recursive, tape
from gradcheck.subject.inprocess import InProcessSubject

KNOWN = frozenset({"add", "mul", "sum"})

VALUES: dict[str, Callable[..., Any]] = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "sum": np.sum}
PULLS: dict[str, Callable[..., Any]] = {
    "add": lambda g, _a, _b: (g, g),
    "mul": lambda g, a, b: (g * b, g * a),
    "sum": lambda g, a: (g * np.ones_like(a),),
}


class Engine:
    """A textbook of this file's own: subclasses make one mistake each."""

    def __call__(self, graph: Any, point: Any) -> Any:
        nodes = [graph.node(i) for i in graph.order.tolist()]
        self.nodes = {n.name: n for n in nodes}
        self.values: dict[str, Any] = {}
        for n in nodes:
            given = [self.values[a] for a in n.inputs]
            leaf = point.get(n.name) if n.value is None else n.value
            self.values[n.name] = VALUES[n.op](*given) if n.inputs else np.asarray(leaf, dtype=float)
        self.bars: dict[str, Any] = {n.name: np.zeros(n.shape) for n in nodes}
        self.loss = graph.names[graph.loss]
        self.bars[self.loss] = np.ones(())
        self.sweep([n.name for n in reversed(nodes)])
        names = [graph.names[i] for i in graph.parameters]
        return self.values[self.loss], {n: np.array(self.bars[n]) for n in names}

    def sweep(self, order: list[str]) -> None:
        for name in order:
            self.visit(name)

    def visit(self, name: str) -> None:
        node = self.nodes[name]
        if node.inputs:
            pulled = PULLS[node.op](self.bars[name], *(self.values[a] for a in node.inputs))
            for argument, message in zip(node.inputs, pulled, strict=True):
                self.receive(argument, message, name)

    def receive(self, argument: str, message: Any, _user: str) -> None:
        self.bars[argument] = self.bars[argument] + message


class LargestAlone(Engine):
    """Of all messages the largest: no order of any walk explains that."""

    def receive(self, argument: str, message: Any, _user: str) -> None:
        self.bars[argument] = np.where(np.abs(message) > np.abs(self.bars[argument]), message, self.bars[argument])


class EachUseForEachWay(Engine):
    """A node is visited when all its users are done, and then once for each way that leads to it."""

    def visit(self, name: str) -> None:
        for _ in range(self.ways(name)):
            super().visit(name)

    def ways(self, name: str) -> int:
        users = [n.name for n in self.nodes.values() for a in n.inputs if a == name]
        return sum(map(self.ways, users)) if users else 1


class FirstComeFirstGone(Engine):
    """Depth first from the loss, each node once, as soon as it is reached."""

    def sweep(self, _order: list[str]) -> None:
        seen, stack = set[str](), [self.loss]
        while stack:
            name = stack.pop()
            if name not in seen:
                seen.add(name)
                self.visit(name)
                stack += self.nodes[name].inputs


class LeavesByValue(Engine):
    """Adjoints are filed under the value of a leaf, constants and parameters alike."""

    def __call__(self, graph: Any, point: Any) -> Any:
        value, grads = super().__call__(graph, point)
        leaves = {n: self.values[n] for n in grads}
        return value, {n: sum(grads[m] for m in grads if np.all(leaves[m] == leaves[n])) for n in grads}


class Halved(Engine):
    """The mean over all uses."""

    def visit(self, name: str) -> None:
        uses = max(1, sum(a == name for n in self.nodes.values() for a in n.inputs))
        self.bars[name] = self.bars[name] / uses
        super().visit(name)

    def __call__(self, graph: Any, point: Any) -> Any:
        value, grads = super().__call__(graph, point)
        return value, grads


class TwiceTheProduct(Engine):
    """Another mistake altogether."""

    def receive(self, argument: str, message: Any, user: str) -> None:
        super().receive(argument, message * (2.0 if self.nodes[user].op == "mul" else 1.0), user)


class TwiceBeyondThree(Engine):
    """Counts double what has more than two users: digits that are no known mistake's."""

    def receive(self, argument: str, message: Any, user: str) -> None:
        uses = sum(a == argument for n in self.nodes.values() for a in n.inputs)
        super().receive(argument, message * (2.0 if uses > 2 else 1.0), user)


class TogetherLost(Engine):
    """From nine users on, one alone."""

    def receive(self, argument: str, message: Any, user: str) -> None:
        uses = sum(a == argument for n in self.nodes.values() for a in n.inputs)
        if uses > 8 and np.any(self.bars[argument]):
            return
        super().receive(argument, message, user)


def asked(engine: Callable[..., Any]) -> InProcessSubject:
    return InProcessSubject(engine, entry="gradients")


@pytest.mark.parametrize(
    ("engine", "code"),
    [
        (LargestAlone, "F19"),
        (TogetherLost, "F19"),
        (EachUseForEachWay, "F02"),
        (FirstComeFirstGone, "F03"),
        (LeavesByValue, "F06"),
        (Halved, "F10"),
    ],
)
def test_mistakes_made_in_ways_of_their_own(engine: type[Engine], code: str) -> None:
    fault, how = several_uses(asked(engine()), KNOWN)
    assert fault is not None
    assert fault.code == code
    assert how


@pytest.mark.parametrize("engine", [Engine(), forward_mode.gradients, recursive.gradients, tape.gradients])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_right_engines_count_each_path_once(engine: Callable[..., Any], shape: tuple[int, ...]) -> None:
    every = [f for inner in (False, True) for f in (*forks(shape, inner), wide(shape, inner))]
    assert {len(f.powers) for f in every} == {2, 3, WIDE}
    assert all(tally(asked(engine), f) == (1.0,) * len(f.powers) for f in every)
    assert several_uses(asked(engine), KNOWN) == (None, "")


@pytest.mark.parametrize("engine", [TwiceTheProduct, TwiceBeyondThree])
def test_other_mistakes_get_none_of_these_names(engine: type[Engine]) -> None:
    assert several_uses(asked(engine()), KNOWN) == (None, "")


def test_nothing_is_said_without_the_ops() -> None:
    assert several_uses(asked(LargestAlone()), frozenset({"add"})) == (None, "")
    fault, how = several_uses(asked(LargestAlone()), frozenset({"add", "mul"}))
    assert fault is not None
    assert "arrays" not in how


def test_digits_by_hand() -> None:
    """x feeds 16 x and 16^2 x: a gradient of 0x110, and 0x120 for one that counts the second twice."""
    fork = next(iter(forks((), inner=False)))
    assert fork.powers == (1, 2)

    def gives(number: float) -> Callable[..., Any]:
        return lambda graph, point: (graph.evaluate(point)[graph.names[graph.loss]], {"x": np.asarray(number)})

    assert tally(asked(gives(0x110)), fork) == (1.0, 1.0)
    assert tally(asked(gives(0x210)), fork) == (1.0, 2.0)
    assert tally(asked(gives(0x010)), fork) == (1.0, 0.0)
    assert tally(asked(gives(0x110 / 2)), fork) == (0.5, 0.5)
    for no_count in (0x111, 0x110 + 0.5, -0x110, np.nan, np.inf, 0x1110):
        assert tally(asked(gives(no_count)), fork) is None
    assert tally(asked(lambda _graph, _point: (np.asarray(1.0), {"x": np.asarray(272.0)})), fork) is None


def test_pairs_and_straight_ways_by_hand() -> None:
    assert gradient(asked(Engine()), straight(())) == {"x": 16.0**5}
    assert gradient(asked(Engine()), pair((3.0, 5.0), ())) == {"a": 256.0, "b": 4096.0}
