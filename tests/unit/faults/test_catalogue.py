"""Every row of the catalogue says what it is, and is wrong somewhere; the textbook it bends is right there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.faults.catalogue import CATALOGUE, fault
from gradcheck.faults.fault import SCOPES, Fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.faults.mlps.delta_recursion import DeltaRecursion
from gradcheck.faults.neurons.single_neurons import Neurons
from gradcheck.faults.trainings.descent import Descent
from gradcheck.problem import MLP, AdaGrad, Case, Constant, Decay, Graph, GraphBuilder, NeuronDAG, Training
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.smaller import minimise
from gradcheck.strategies.wish import Wish

RIGHT = {
    "gradients": Backprop,
    "mlp_gradients": DeltaRecursion,
    "neuron_gradients": Neurons,
    "train": Descent,
}


def agree(one: Any, other: Any) -> bool:
    """Whether two answers, or two trainings, say the same to eight digits."""
    if isinstance(one, list) and isinstance(other, list):
        pairs = list(zip(one, other, strict=False))
        return len(one) == len(other) and all(np.array_equal(a[0], b[0]) and same(a[1], b[1]) for a, b in pairs)
    return len(one) >= 2 and bool(np.allclose(one[0], other[0], rtol=1e-8, atol=1e-11)) and same(one[1], other[1])


def same(one: Any, other: Mapping[str, Any]) -> bool:
    return (
        isinstance(one, Mapping)
        and set(one) == set(other)
        and all(np.shape(one[n]) == np.shape(other[n]) for n in other)
        and all(np.allclose(one[n], other[n], rtol=1e-8, atol=1e-11) for n in other)
    )


def drawn_graphs(scalar: bool, count: int) -> Iterator[tuple[Graph, dict[str, Any]]]:
    wish = Wish.of(2, 12, None, scalar=scalar, near_kinks=False, saturated=False, integer_points=False, shuffled=True)
    for seed in range(count):
        yield draw(picker(seed), wish)


def special_graphs() -> Iterator[tuple[Graph, dict[str, Any]]]:
    """What random graphs rarely bring: square matrices, three axes, a reshape by columns."""
    build = GraphBuilder()
    a = build.parameter("a", (2, 2))
    weights = build.constant([[1.0, -2.0], [0.5, 3.0]])
    loss = build.sum(weights * (a @ (a @ a))) + build.sum(build.square(build.sum(a, axis=0)))
    yield build.graph(loss), {"a": np.array([[1.0, 2.0], [-0.5, 0.75]])}
    build = GraphBuilder()
    cube = build.parameter("x", (2, 2, 2))
    turned = build.square(build.transpose(cube, axes=(1, 2, 0)))
    flat = build.reshape(turned, shape=(4, 2)) * build.constant(np.arange(8.0).reshape(4, 2))
    yield build.graph(build.sum(flat)), {"x": np.arange(8.0).reshape(2, 2, 2) / 4 - 0.6}


def networks() -> Iterator[tuple[MLP, dict[str, Any]]]:
    random = np.random.default_rng(5)
    for sizes, activations, loss, l2 in (
        ((2, 3, 2), ("tanh", "sigmoid"), "half_squared", 0.0),
        ((3, 3, 3, 3), ("sigmoid", "tanh", "softplus"), "squared", 0.3),
        ((2, 3, 3), ("sin", "identity"), "softmax_cross_entropy", 0.0),
    ):
        mlp = MLP(sizes, activations, loss=loss, l2=l2, batch=3)
        shapes = {**mlp.parameter_shapes, **mlp.input_shapes}
        point = {name: np.round(random.uniform(-1, 1, shape), 2) for name, shape in shapes.items()}
        if loss == "softmax_cross_entropy":
            point["T"] = np.eye(3)
        yield mlp, point


def neurons() -> Iterator[tuple[NeuronDAG, dict[str, Any]]]:
    """S2.c: x -> v -> u, u -> a -> Loss, u -> Loss."""
    network = NeuronDAG(
        {"v": "tanh", "u": "sigmoid", "a": "tanh"}, [("x", "v"), ("v", "u"), ("u", "a")], ["x"], ["a", "u"], batch=2
    )
    point = {
        "w(x->v)": np.asarray(0.5),
        "w(v->u)": np.asarray(-0.75),
        "w(u->a)": np.asarray(1.25),
        "x": np.array([1.0, -0.5]),
        "t(a)": np.array([0.25, 1.0]),
        "t(u)": np.array([0.0, 0.5]),
    }
    yield network, point


def trainings() -> Iterator[tuple[Training]]:
    random = np.random.default_rng(6)
    for schedule in (Constant(0.1), Decay(0.1, 0.5), AdaGrad(0.1)):
        yield (
            Training(
                "seven samples",
                MLP((2, 2, 1), ("tanh", "identity")),
                X=np.round(random.uniform(-1, 1, (7, 2)), 2),
                T=np.round(random.uniform(-1, 1, (7, 1)), 2),
                parameters={
                    "W1": np.array([[0.5, -0.25], [0.75, 0.1]]),
                    "b1": np.array([0.1, -0.2]),
                    "W2": np.array([[0.3, -0.6]]),
                    "b2": np.array([0.05]),
                },
                batch_size=3,
                schedule=schedule,
                steps=5,
            ),
        )


@pytest.fixture(scope="module")
def problems() -> dict[str, list[tuple[Any, ...]]]:
    graphs = [*special_graphs(), *drawn_graphs(True, 150), *drawn_graphs(False, 150)]
    return {
        "gradients": list(graphs),
        "mlp_gradients": list(networks()),
        "neuron_gradients": list(neurons()),
        "train": list(trainings()),
    }


def copied(problem: tuple[Any, ...]) -> tuple[Any, ...]:
    """With a point of its own, which a fault may spoil."""
    return (problem[0], {n: np.array(v) for n, v in problem[1].items()}) if len(problem) == 2 else problem


def differs(row: Fault, problem: tuple[Any, ...]) -> bool:
    right = RIGHT[row.entry]()(*copied(problem))  # type: ignore[operator]
    handed = copied(problem)
    subject = row.subject()
    try:
        first = subject(*handed)
        again = subject(*copied(problem)) if row.scope == "protocol" else first
    except (SubjectError, ValueError):
        return True
    spoilt = len(problem) == 2 and not all(np.array_equal(handed[1][n], problem[1][n]) for n in problem[1])
    return spoilt or not agree(first, right) or not agree(again, right)


@pytest.mark.parametrize("row", [row for row in CATALOGUE if not row.right], ids=lambda row: row.code)
def test_every_fault_is_wrong_somewhere(row: Fault, problems: dict[str, list[tuple[Any, ...]]]) -> None:
    if row.code == "F72":  # remembers the first point: the same point twice is not enough
        graph, point = next(drawn_graphs(True, 1))
        subject = row.subject()
        subject(graph, point)
        moved = {name: value * 1.1 for name, value in point.items()}
        assert not agree(subject(graph, moved), Backprop()(graph, moved))
        return
    assert any(differs(row, problem) for problem in problems[row.entry])


@pytest.mark.parametrize("entry", RIGHT)
def test_the_textbooks_agree_with_themselves(entry: str, problems: dict[str, list[tuple[Any, ...]]]) -> None:
    unbent = Fault("F00", "unbent", "", "", {v: k for k, v in SCOPES.items()}[entry], "", RIGHT[entry])
    assert not any(differs(unbent, problem) for problem in problems[entry])


@pytest.mark.parametrize("row", [row for row in CATALOGUE if row.right], ids=lambda row: row.code)
def test_right_but_slow(row: Fault) -> None:
    """Right on all small graphs, and twice as many messages with every diamond."""
    for graph, point in drawn_graphs(True, 20):
        assert agree(row.subject()(graph, point), Backprop()(graph, point))
    messages = []
    for depth in (4, 5, 6):
        build = GraphBuilder()
        v = build.parameter("x")
        for _ in range(depth):
            v = v + v
        subject: Any = row.subject()
        count = 0
        receive = subject.receive

        def counted(node: int, message: Any, receive: Any = receive) -> None:
            nonlocal count
            count += 1
            receive(node, message)

        subject.receive = counted
        subject(build.graph(v), {"x": np.asarray(1.0)})
        messages.append(count)
    assert messages == [30, 62, 126]


def test_rows_say_what_they_are() -> None:
    assert len(CATALOGUE) >= 45
    codes = [row.code for row in CATALOGUE]
    assert len(set(codes)) == len(codes)
    assert [int(code[1:]) for code in codes] == sorted(int(code[1:]) for code in codes)
    assert len({row.name for row in CATALOGUE}) == len(CATALOGUE)
    for row in CATALOGUE:
        assert re.fullmatch(r"F\d{2,3}", row.code)
        assert row.scope in SCOPES
        assert row.sentence.endswith(".")
        assert row.misconception
        assert row.family in {"branches", "order", "rule", "shape", "state", "answer", "layer", "schedule"}


def test_a_row_by_its_code() -> None:
    assert fault("F01").name == "overwrites"
    with pytest.raises(KeyError):
        fault("F999")


def test_subjects_do_not_share_state() -> None:
    row = fault("F70")
    graph, point = next(drawn_graphs(True, 1))
    first = row.subject()
    first(graph, point)
    assert agree(row.subject()(graph, point), Backprop()(graph, point))
    assert not agree(first(graph, point), Backprop()(graph, point))


@pytest.mark.parametrize(
    "row",
    [r for r in CATALOGUE if r.family in ("branches", "order") and r.scope == "dag" and not r.right],
    ids=lambda row: row.code,
)
def test_branch_faults_show_on_few_nodes(row: Fault) -> None:
    """Branches lost or doubled show on 3 nodes, faults of what is passed on within 5, a cut after four levels on 6."""
    most = {"F03": 5, "F14": 6}.get(row.code, 3)
    least = 99
    for graph, point in drawn_graphs(True, 60):
        if differs(row, (graph, point)):
            small = minimise(Case("drawn", graph, point), lambda case: differs(row, (case.graph, dict(case.point))))
            least = min(least, len(small.graph))
            if least <= most:
                return
    pytest.fail(f"{row.code}: smallest found has {least} nodes")


def test_worked_numbers() -> None:
    """What six faults answer on graphs small enough to redo by hand."""
    build = GraphBuilder()
    x = build.parameter("x")
    double = build.graph(x + x)
    assert float(fault("F01").subject()(double, {"x": np.asarray(2.0)})[1]["x"]) == 1.0  # the last message alone

    build = GraphBuilder()
    x = build.parameter("x")
    v = build.neg(x)
    twice = build.graph(v + v)  # -2; v stands in the order twice, and passes its 2 on each time
    assert float(fault("F02").subject()(twice, {"x": np.asarray(2.0)})[1]["x"]) == -4.0
    # with every message: first 1, then 1 + 1
    assert float(fault("F18").subject()(twice, {"x": np.asarray(2.0)})[1]["x"]) == -3.0

    build = GraphBuilder()
    tanh = build.graph(build.tanh(build.parameter("x")))
    y = np.tanh(0.5)
    wrong = float(fault("F20").subject()(tanh, {"x": np.asarray(0.5)})[1]["x"])
    assert wrong == pytest.approx(1 - np.tanh(y) ** 2, rel=1e-15)

    build = GraphBuilder()
    x, b = build.parameter("x", (3,)), build.parameter("b")
    total = build.graph(build.sum(x + b))
    answer = fault("F50").subject()(total, {"x": np.ones(3), "b": np.asarray(1.0)})
    assert float(answer[1]["b"]) == 1.0  # one copy of three

    build = GraphBuilder()
    sigmoid = build.graph(build.sigmoid(build.parameter("x")))
    value, found, _ = fault("F42").subject()(sigmoid, {"x": np.asarray(0.5)})
    assert float(value) == pytest.approx((1 + np.tanh(0.5)) / 2, rel=1e-15)
    assert float(found["x"]) == pytest.approx((1 - np.tanh(0.5) ** 2) / 2, rel=1e-15)

    with pytest.raises(SubjectError) as stopped:
        fault("F17").subject()(double, {"x": np.asarray(2.0)})
    assert stopped.value.code == "GC005"
