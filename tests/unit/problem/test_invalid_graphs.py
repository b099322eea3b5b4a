"""Every way in which a graph or a point can mean nothing, and what the complaint says about it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradcheck.errors import InvalidProblem
from gradcheck.problem import CODES, Graph, GraphBuilder
from gradcheck.problem.serialise import graph_from_json


class Bad(NamedTuple):
    """Something that makes a bad graph, and what its complaint must contain."""

    make: Callable[[], object]
    says: tuple[str, ...]


def arrays(ops: list[str], inputs: list[list[int]], loss: int = -1, **options: Any) -> Graph:
    offsets = np.cumsum([0, *map(len, inputs)])
    flat = [j for row in inputs for j in row]
    return Graph.from_arrays(ops, offsets, flat, loss=loss % len(ops), **options)


def applied(op: str, *shapes: tuple[int, ...], **attributes: Any) -> Graph:
    """`loss = sum(node)`, `node` the op applied to parameters of the given shapes."""
    build = GraphBuilder()
    leaves = [build.parameter(f"p{k}", shape) for k, shape in enumerate(shapes)]
    node = build.apply(op, *leaves, name="node", **attributes)
    return build.graph(build.sum(node, name="loss"))


def used_loss() -> Graph:
    return arrays(["parameter", "exp", "neg"], [[], [0], [1]], loss=1, names=["x", "loss", "after"])


def other_builder() -> Graph:
    build = GraphBuilder()
    return build.graph(build.parameter("x") + GraphBuilder().parameter("foreign"))


STRUCTURE = {
    "no node": Bad(lambda: Graph([], [0], [], loss=0), ("at least one node", "none")),
    "cycle": Bad(
        lambda: arrays(
            ["parameter", "add", "exp", "sin", "neg"],
            [[], [0, 3], [1], [2], [3]],
            names=["x", "a", "b", "c", "loss"],
        ),
        ("no cycles", "a > b > c > a"),
    ),
    "self loop": Bad(
        lambda: arrays(["parameter", "add", "neg"], [[], [0, 1], [1]], names=["x", "a", "loss"]),
        ("no cycles", "a > a"),
    ),
    "cycle off the loss": Bad(
        lambda: arrays(["parameter", "neg", "sin", "cos"], [[], [0], [3], [2]], loss=1, names=["x", "l", "s", "c"]),
        ("no cycles", "s > c > s"),
    ),
    "unknown op": Bad(
        lambda: arrays(["parameter", "sigmoidd"], [[], [0]]), ("unknown op 'sigmoidd'", "did you mean 'sigmoid'?")
    ),
    "unknown op, nothing near": Bad(
        lambda: arrays(["parameter", "conv2d!!"], [[], [0]]), ("unknown op 'conv2d!!'", "known are", "matmul")
    ),
    "unknown op in the builder": Bad(
        lambda: GraphBuilder().apply("mull", 1.0, 2.0, name="m"), ("'mull'", "did you mean 'mul'?", "node 'm'")
    ),
    "unknown op code": Bad(
        lambda: Graph([CODES["parameter"], 99], [0, 0, 1], [0], loss=1), ("unknown op 99", "node 'v1'")
    ),
    "negative op code": Bad(lambda: Graph([1, -1], [0, 0, 1], [0], loss=1), ("unknown op -1", "node 'v1'")),
    "op code beyond 16 bits": Bad(
        lambda: Graph(np.array([1, 65536 + CODES["neg"]]), [0, 0, 1], [0], loss=1), ("must fit int16", "655")
    ),
    "op codes with decimals": Bad(lambda: Graph([1.0, 3.0], [0, 0, 1], [0], loss=1), ("op codes", "whole numbers")),
    "too few arguments": Bad(
        lambda: arrays(["parameter", "mul"], [[], [0]], names=["x", "m"]), ("mul takes 2 arguments, got 1", "node 'm'")
    ),
    "too many arguments": Bad(
        lambda: arrays(["parameter", "exp"], [[], [0, 0]], names=["x", "e"]), ("exp takes 1 argument, got 2",)
    ),
    "an argument to a leaf": Bad(
        lambda: arrays(["parameter", "parameter"], [[], [0]]), ("parameter takes 0 arguments, got 1", "node 'v1'")
    ),
    "nothing to concatenate": Bad(
        lambda: arrays(["parameter", "concatenate"], [[], []]), ("at least 1 argument, got 0",)
    ),
    "an argument that is no node": Bad(
        lambda: arrays(["parameter", "neg"], [[], [7]]), ("argument 7 is no node", "0 to 1", "node 'v1'")
    ),
    "a negative argument": Bad(lambda: arrays(["parameter", "neg"], [[], [-1]]), ("argument -1 is no node",)),
    "offsets too short": Bad(lambda: Graph([1, 7], [0, 0], [0], loss=1), ("offsets must have shape (3,)", "(2,)")),
    "offsets that fall": Bad(lambda: Graph([1, 1, 7], [0, 1, 0, 1], [0], loss=2), ("offsets must rise",)),
    "offsets that stop short": Bad(lambda: Graph([1, 7], [0, 0, 1], [0, 0], loss=1), ("offsets must rise", "2")),
    "offsets with decimals": Bad(lambda: Graph([1, 7], [0, 0, 1.5], [0], loss=1), ("offsets", "whole numbers")),
    "a table of codes": Bad(lambda: Graph([[1], [7]], [0, 0, 1], [0], loss=1), ("in a row", "(2, 1)")),
    "ragged codes": Bad(lambda: Graph([[1], [7, 7]], [0, 0, 1], [0], loss=1), ("in a row",)),  # type: ignore[list-item]
    "duplicate names": Bad(
        lambda: arrays(["parameter", "neg"], [[], [0]], names=["x", "x"]), ("names must be unique", "node 'x'")
    ),
    "too few names": Bad(lambda: arrays(["parameter", "neg"], [[], [0]], names=["x"]), ("expected 2 names", "got 1")),
    "a name that is no text": Bad(
        lambda: arrays(["parameter", "neg"], [[], [0]], names=["x", 3]),  # type: ignore[list-item]
        ("name must be a text", "got 3"),
    ),
    "an empty name": Bad(lambda: arrays(["parameter", "neg"], [[], [0]], names=["x", ""]), ("not empty", "''")),
    "loss is no node": Bad(lambda: Graph([1], [0, 0], [], loss=3), ("index of a node, 0 to 0", "got 3")),
    "loss is no index": Bad(
        lambda: Graph([1], [0, 0], [], loss=0.5),  # type: ignore[arg-type]
        ("index of a node", "got 0.5"),
    ),
    "loss is an array": Bad(
        lambda: arrays(["parameter", "exp"], [[], [0]], leaf_shapes={0: (2, 3)}, names=["x", "e"]),
        ("loss must be a scalar", "shape (2, 3)", "node 'e'"),
    ),
    "loss of one entry is still an array": Bad(
        lambda: arrays(["parameter", "exp"], [[], [0]], leaf_shapes={0: (1,)}), ("loss must be a scalar", "(1,)")
    ),
    "loss has outgoing edges": Bad(used_loss, ("no outgoing edges", "node 'after' uses it", "node 'loss'")),
    "a node of another builder": Bad(other_builder, ("<node 'foreign'>", "another GraphBuilder")),
}

CONSTANTS = {
    "NaN": Bad(lambda: arrays(["constant"], [[]], constants={0: np.nan}, names=["c"]), ("finite, got nan", "node 'c'")),
    "an infinite entry": Bad(lambda: arrays(["constant"], [[]], constants={0: [1.0, -np.inf]}), ("finite", "-inf")),
    "too large for float64": Bad(lambda: arrays(["constant"], [[]], constants={0: 10**400}), ("real numbers", "1000")),
    "text": Bad(lambda: arrays(["constant"], [[]], constants={0: "1.5"}), ("array of real numbers", "'1.5'")),
    "None": Bad(lambda: arrays(["constant"], [[]], constants={0: None}), ("array of real numbers", "None")),
    "ragged": Bad(lambda: arrays(["constant"], [[]], constants={0: [[1], [2, 3]]}), ("array of real numbers",)),
    "complex": Bad(lambda: arrays(["constant"], [[]], constants={0: 1 + 2j}), ("real numbers", "complex128")),
    "without value": Bad(lambda: arrays(["constant"], [[]], names=["c"]), ("only a constant", "node 'c'")),
    "value of an op": Bad(
        lambda: arrays(["parameter", "neg"], [[], [0]], constants={1: 2.0}), ("only a constant, has a value", "'v1'")
    ),
    "value of no node": Bad(lambda: arrays(["parameter"], [[]], constants={5: 2.0}), ("constants", "5", "no node")),
    "of the builder": Bad(lambda: GraphBuilder().constant("two", name="c"), ("real numbers", "'two'", "node 'c'")),
    "of the builder's operators": Bad(lambda: GraphBuilder().parameter("x") + None, ("real numbers", "None")),
    "infinite, of the builder's operators": Bad(lambda: _times(np.inf), ("finite, got inf",)),
}


def _times(factor: float) -> Graph:
    build = GraphBuilder()
    return build.graph(build.parameter("x") * factor)


SHAPES = {
    "broadcasting": Bad(lambda: applied("add", (2, 3), (2,)), ("add", "(2, 3) and (2,)", "broadcast", "node 'node'")),
    "matmul": Bad(lambda: applied("matmul", (2, 3), (2, 3)), ("(2, 3) and (2, 3)", "inner lengths 3 and 2")),
    "matmul of vectors": Bad(lambda: applied("matmul", (2,), (3,)), ("(2,) and (3,)", "inner lengths 2 and 3")),
    "matmul of a scalar": Bad(lambda: applied("matmul", (), (3,)), ("at least one axis", "() and (3,)")),
    "matmul batches": Bad(lambda: applied("matmul", (2, 3, 4), (3, 4, 5)), ("(2,) and (3,)", "broadcast")),
    "cross entropy": Bad(lambda: applied("cross_entropy", (2, 3), (2,)), ("(2, 3)", "(2,)", "same shape")),
    "cross entropy of scalars": Bad(lambda: applied("cross_entropy", (), ()), ("axis -1 does not exist", "()")),
    "concatenate": Bad(lambda: applied("concatenate", (2, 3), (3, 2)), ("(2, 3) and (3, 2)", "along axis 0")),
    "concatenate ranks": Bad(lambda: applied("concatenate", (2,), (2, 1)), ("(2,) and (2, 1)",)),
    "concatenate scalars": Bad(lambda: applied("concatenate", (), ()), ("axis 0 does not exist",)),
    "reshape": Bad(lambda: applied("reshape", (2, 3), shape=(4,)), ("(2, 3) (6 entries) to (4,)",)),
    "reshape to -1": Bad(lambda: applied("reshape", (2, 3), shape=(-1,)), ("whole numbers >= 0", "(-1,)")),
    "reshape to a number": Bad(lambda: applied("reshape", (2, 3), shape=6), ("tuple of whole numbers", "got 6")),
    "reshape to decimals": Bad(lambda: applied("reshape", (2, 3), shape=(6.5,)), ("whole numbers", "6.5")),
    "broadcast_to": Bad(lambda: applied("broadcast_to", (3,), shape=(2,)), ("(3,)", "(2,)")),
    "broadcast_to fewer": Bad(lambda: applied("broadcast_to", (2, 3), shape=(3,)), ("(2, 3) does not broadcast to",)),
    "where": Bad(lambda: applied("where", (3,), (3,), mask=(True, False)), ("(2,)", "(3,)")),
    "an empty reduction": Bad(lambda: applied("max", (0, 3)), ("axis of length 0", "(0, 3)")),
    "a negative length": Bad(lambda: _leaf_graph((-2,)), ("whole numbers >= 0", "(-2,)", "node 'w'")),
    "a length with decimals": Bad(lambda: _leaf_graph((2.5,)), ("whole numbers >= 0", "(2.5,)", "node 'w'")),
    "a bare number": Bad(lambda: _leaf_graph(3), ("tuple of whole numbers", "got 3", "node 'w'")),
    "of no node": Bad(lambda: arrays(["parameter"], [[]], leaf_shapes={4: (2,)}), ("shapes", "4", "no node")),
}


def _leaf_graph(shape: Any) -> Graph:
    build = GraphBuilder()
    return build.graph(build.sum(build.parameter("w", shape)))


ATTRIBUTES = {
    "unknown": Bad(lambda: applied("sum", (2,), axes=0), ("sum has no attribute 'axes'", "axis, keepdims", "'node'")),
    "of an op that takes none": Bad(lambda: applied("exp", (2,), axis=0), ("exp has no attribute 'axis'", "none")),
    "of a leaf": Bad(
        lambda: arrays(["parameter"], [[]], attributes={0: {"shape": (2,)}}), ("parameter has no attribute", "none")
    ),
    "of no node": Bad(lambda: arrays(["parameter"], [[]], attributes={3: {}}), ("attributes", "3", "no node")),
    "missing": Bad(lambda: applied("reshape", (2,)), ("reshape needs the attribute 'shape'", "node 'node'")),
    "missing mask": Bad(lambda: applied("where", (2,), (2,)), ("where needs the attribute 'mask'",)),
    "axis beyond": Bad(lambda: applied("sum", (2, 3), axis=2), ("axis 2 does not exist in shape (2, 3)",)),
    "axis below": Bad(lambda: applied("softmax", (2, 3), axis=-3), ("axis -3 does not exist in shape (2, 3)",)),
    "axis of a scalar": Bad(lambda: applied("mean", (), axis=0), ("axis 0 does not exist in shape ()",)),
    "axis with decimals": Bad(lambda: applied("max", (2,), axis=0.0), ("axis 0.0",)),
    "axis as truth": Bad(lambda: applied("sum", (2, 3), axis=True), ("axis True",)),
    "axis as text": Bad(lambda: applied("sum", (2, 3), axis="rows"), ("axis 'rows' does not exist",)),
    "axis twice": Bad(lambda: applied("sum", (2, 3), axis=(0, -2)), ("(0, -2)", "twice")),
    "keepdims as number": Bad(lambda: applied("sum", (2,), keepdims=1), ("keepdims must be true or false, got 1",)),
    "slope as text": Bad(lambda: applied("leaky_relu", (2,), slope="0.1"), ("slope", "finite number", "'0.1'")),
    "infinite slope": Bad(lambda: applied("leaky_relu", (2,), slope=np.inf), ("slope", "finite number", "inf")),
    "NaN alpha": Bad(lambda: applied("elu", (2,), alpha=np.nan), ("alpha", "finite number", "nan")),
    "no permutation": Bad(lambda: applied("transpose", (2, 3), axes=(0, 0)), ("(0, 0) are no permutation", "(2, 3)")),
    "too few axes": Bad(lambda: applied("transpose", (2, 3), axes=(1,)), ("no permutation",)),
    "index beyond": Bad(lambda: applied("take", (3,), indices=3), ("from 0 to 2", "axis 0", "(3,)")),
    "negative index": Bad(lambda: applied("take", (3,), indices=(0, -1)), ("from 0 to 2",)),
    "index with decimals": Bad(lambda: applied("take", (3,), indices=(0.0,)), ("whole numbers",)),
    "boolean index": Bad(lambda: applied("take", (3,), indices=(True, False, True)), ("whole numbers",)),
    "no index": Bad(lambda: applied("take", (3,), indices=()), ("at least one",)),
    "ragged indices": Bad(lambda: applied("take", (3,), indices=((0,), (1, 2))), ("take",)),
    "mask of numbers": Bad(lambda: applied("where", (2,), (2,), mask=(1.0, 0.0)), ("true and false", "(1.0, 0.0)")),
    "mask of texts": Bad(lambda: applied("where", (2,), (2,), mask=("no", "no")), ("true and false",)),
}


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(bad, id=f"{group}: {name}")
        for group, rows in {
            "structure": STRUCTURE,
            "constant": CONSTANTS,
            "shape": SHAPES,
            "attribute": ATTRIBUTES,
        }.items()
        for name, bad in rows.items()
    ],
)
def test_bad_graph_is_refused(bad: Bad) -> None:
    with pytest.raises(InvalidProblem) as refusal:
        bad.make()
    for words in bad.says:
        assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_good_neighbours_of_bad_graphs_are_accepted() -> None:
    # A validator that refused everything would pass the tests above.
    assert applied("add", (2, 3), (3,)).shapes[2] == (2, 3)
    assert applied("take", (3,), indices=2).shapes[1] == ()
    assert applied("sum", (2, 3), axis=-2).shapes[1] == (3,)
    assert applied("sum", (2, 3), axis=(0, 1), keepdims=True).shapes[1] == (1, 1)
    assert applied("where", (2,), (2,), mask=(True, False)).shapes[2] == (2,)
    assert applied("leaky_relu", (2,), slope=0).node("node").attributes == {"slope": 0}
    assert arrays(["constant"], [[]], constants={0: 1.7976931348623157e308}).shapes[0] == ()
    assert _leaf_graph([2, 1]).shapes[0] == (2, 1)
    assert _times(-np.finfo(np.float64).max).shapes == ((),) * 3
    assert len(arrays(["parameter", "neg"], [[], [0]], names=["x", "y"])) == 2


def product() -> Graph:
    build = GraphBuilder()
    return build.graph(build.sum(build.parameter("w", (2,)) * build.input("x", (2,))))


POINTS = {
    "unknown parameter": Bad(
        lambda: product().complete({"w": [1, 2], "x": [1, 2], "v": 3}), ("'v'", "inputs and parameters are 'w', 'x'")
    ),
    "a value for an inner node": Bad(
        lambda: product().complete({"w": [1, 2], "x": [1, 2], "mul": [1, 2]}), ("'mul'", "'w', 'x'")
    ),
    "missing value": Bad(lambda: product().complete({"w": [1, 2]}), ("no value", "node 'x'")),
    "wrong shape": Bad(
        lambda: product().complete({"w": [1, 2, 3], "x": [1, 2]}), ("must have shape (2,), got (3,)", "node 'w'")
    ),
    "a scalar for an array": Bad(lambda: product().complete({"w": 1.0, "x": [1, 2]}), ("(2,), got ()",)),
    "NaN": Bad(lambda: product().complete({"w": [1, np.nan], "x": [1, 2]}), ("finite", "node 'w'")),
    "infinite": Bad(lambda: product().complete({"w": [1, np.inf], "x": [1, 2]}), ("finite",)),
    "infinite in float16": Bad(
        lambda: product().complete({"w": [1, 65520.0], "x": [1, 2]}, np.float16), ("finite in float16", "node 'w'")
    ),
    "text": Bad(lambda: product().complete({"w": ["1", "2"], "x": [1, 2]}), ("real numbers", "node 'w'")),
    "None": Bad(lambda: product().complete({"w": None, "x": [1, 2]}), ("real numbers, got None",)),
    "complex": Bad(lambda: product().complete({"w": np.array([1j, 2]), "x": [1, 2]}), ("real numbers", "complex128")),
    "ragged": Bad(lambda: product().complete({"w": [[1], [2, 3]], "x": [1, 2]}), ("real numbers",)),
    "no mapping": Bad(lambda: product().complete([1, 2]), ("map names to values", "list")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("bad", POINTS.values(), ids=POINTS)
def test_bad_point_is_refused(bad: Bad) -> None:
    with pytest.raises(InvalidProblem) as refusal:
        bad.make()
    for words in bad.says:
        assert words in str(refusal.value)


def test_points_are_rounded_and_cannot_be_changed() -> None:
    given = np.array([0.1, 65519.0])  # the largest that rounds to a finite float16 is just below 65520
    point = product().complete({"w": given, "x": [True, 2]}, np.float16)
    assert point["w"].dtype == np.float16
    assert point["w"].tolist() == [0.0999755859375, 65504.0]
    assert point["x"].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        point["w"][0] = 5.0
    given[0] = 7.0
    assert point["w"][0] != 7.0


def test_a_graph_without_inputs_says_so() -> None:
    build = GraphBuilder()
    with pytest.raises(InvalidProblem, match="inputs and parameters are none"):
        build.graph(build.constant(2.0)).complete({"w": 1.0})


def test_a_file_names_itself_and_the_node() -> None:
    nodes = '[{"name": "w", "op": "parameter"}, {"name": "e", "op": "expp", "inputs": ["w"]}]'
    text = f'{{"schema_version": 1, "nodes": {nodes}, "loss": "e"}}'
    with pytest.raises(InvalidProblem) as refusal:
        graph_from_json(text, where="my.json")
    assert str(refusal.value).startswith("my.json: node 'e': unknown op 'expp'; did you mean 'exp")
    assert refusal.value.where == "my.json: node 'e'"
