"""Graphs, cases and suites as JSON: there and back, the published schema, and files that are wrong."""

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem import LEAVES, OPS, Case, Graph, GraphBuilder
from gradcheck.problem.serialise import (
    case_from_dict,
    case_to_dict,
    graph_from_dict,
    graph_from_json,
    graph_to_dict,
    graph_to_json,
    schema,
    suite_from_json,
    suite_to_json,
)

Document = dict[str, Any]
SCHEMA = schema()


def valid(document: Any, definition: str | None = None) -> bool:
    part = SCHEMA if definition is None else {**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{definition}"}]}
    return bool(jsonschema.Draft202012Validator(part).is_valid(document))


def rich_graph() -> Graph:
    """One of everything that a graph file can say."""
    build = GraphBuilder()
    w, x = build.parameter("w", (2, 3)), build.input("x", (3,))
    h = build.where(build.tanh(w @ x), 0.5, mask=(True, False))
    parts = build.concatenate(h, build.take(x, indices=(2, 0, 2)), axis=0)
    wide = build.reshape(build.broadcast_to(parts, shape=(1, 5)), shape=(5, 1))
    turned = build.transpose(wide, axes=(1, 0))
    total = build.sum(build.leaky_relu(turned, slope=0.1) + build.constant(np.zeros((1, 5))), axis=(0, 1))
    build.exp(total, name="dead")
    return build.graph(build.neg(total, name="loss"))


def rich_case() -> Case:
    return Case(
        name="everything [red]",
        problem=rich_graph(),
        point={"w": np.arange(6.0).reshape(2, 3) / 8, "x": [1.0, -2.0, 0.1]},
        sentence="one of everything",
        dtype="float32",
        expect=("UNDECIDED", "no oracle"),
        labels=("S0.x", "other"),
        seed=7,
    )


def same_graph(a: Graph, b: Graph) -> None:
    assert a.codes.tolist() == b.codes.tolist()
    assert a.offsets.tolist() == b.offsets.tolist()
    assert a.inputs.tolist() == b.inputs.tolist()
    assert list(a.names) == list(b.names)
    assert list(a.shapes) == list(b.shapes)
    assert a.attributes == b.attributes
    assert a.loss == b.loss
    assert a.constants.keys() == b.constants.keys()
    for i, value in a.constants.items():
        assert value.shape == b.constants[i].shape
        assert value.tobytes() == b.constants[i].tobytes()  # signs of zeros and last bits, too


floats = st.floats(allow_nan=False, allow_infinity=False)


names = st.text(min_size=1, max_size=8).filter(str.isprintable)


@given(floats, st.lists(floats, min_size=2, max_size=2), names)
def test_numbers_and_names_survive(one: float, two: list[float], name: str) -> None:
    build = GraphBuilder()
    x = build.parameter(name, (2,))
    total = build.sum(x * build.constant(two, name=f"{name}'"))
    graph = build.graph(build.mul(total, one, name=f"{name}''"))
    text = graph_to_json(graph)
    same_graph(graph_from_json(text), graph)
    assert graph_to_json(graph_from_json(text)) == text
    assert valid(json.loads(text))


@pytest.mark.parametrize(
    ("op", "shapes", "attributes"),
    [pytest.param(op, *e, id=f"{op}-{k}") for op, row in OPS.items() for k, e in enumerate(row.examples)],
)
def test_every_op_survives_and_fits_the_schema(op: str, shapes: Any, attributes: Any) -> None:
    build = GraphBuilder()
    leaves = [build.parameter(f"p{k}", shape) for k, shape in enumerate(shapes)]
    graph = build.graph(build.sum(build.apply(op, *leaves, **attributes)))
    document = json.loads(graph_to_json(graph))
    assert valid(document)
    assert valid(graph_to_dict(graph))
    same_graph(graph_from_dict(document), graph)


def test_a_rich_graph_survives() -> None:
    graph = rich_graph()
    document = json.loads(graph_to_json(graph))
    assert valid(document)
    assert not valid(document, "suite")
    same_graph(graph_from_dict(document), graph)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (2, 0, 3), (0, 0)], ids=str)
def test_arrays_without_entries_keep_their_shape(shape: tuple[int, ...]) -> None:
    build = GraphBuilder()
    x = build.parameter("x", shape)
    nothing = x * build.constant(np.zeros(shape), name="k")
    graph = build.graph(build.sum(build.concatenate(build.reshape(nothing, shape=(0,)), np.ones(1))))
    case = Case("empty", graph, {"x": np.zeros(shape)})
    again = case_from_dict(json.loads(json.dumps(case_to_dict(case))))
    same_graph(again.graph, graph)
    assert np.shape(again.point["x"]) == shape
    assert valid(case_to_dict(case), "case")


def test_generated_names_are_written_out() -> None:
    graph = Graph.from_arrays(["parameter", "exp"], [0, 0, 1], [0], loss=1)
    assert [node["name"] for node in graph_to_dict(graph)["nodes"]] == ["v0", "v1"]
    same_graph(graph_from_dict(graph_to_dict(graph)), graph)


def test_a_case_survives() -> None:
    case = rich_case()
    document = json.loads(json.dumps(case_to_dict(case)))
    assert valid(document, "case")
    again = case_from_dict(document)
    for name in ("name", "sentence", "dtype", "expect", "labels", "seed"):
        assert getattr(again, name) == getattr(case, name)
    same_graph(again.graph, case.graph)
    for name, value in case.point.items():
        assert again.point[name].dtype == np.float32
        assert again.point[name].tobytes() == value.tobytes()


def test_a_plain_case_says_no_more_than_it_has() -> None:
    build = GraphBuilder()
    case = Case("plain", build.graph(build.exp(build.parameter("x"))), {"x": 0.1})
    assert set(case_to_dict(case)) == {"name", "sentence", "dtype", "graph", "point"}
    assert case_to_dict(case)["point"] == {"x": 0.1}


def test_a_suite_survives() -> None:
    text = suite_to_json([rich_case()])
    assert valid(json.loads(text))
    assert not valid(json.loads(text), "graph")
    (again,) = suite_from_json(text)
    assert suite_to_json([again]) == text
    assert suite_from_json('{"schema_version": 1, "cases": []}') == []


def test_the_schema_is_a_schema_and_knows_every_op() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    kinds = {1: "op_of_one", 2: "op_of_two", None: "op_of_any"}
    for arity, kind in kinds.items():
        expected = {name for name, row in OPS.items() if row.arity == arity}
        assert set(SCHEMA["$defs"][kind]["enum"]) == expected, f"bring {kind} of graph.schema.json up to date"
    assert {*SCHEMA["$defs"]["leaf"]["properties"]["op"]["enum"], "constant"} == set(LEAVES)
    attributes = {name for row in OPS.values() for name in row.attributes}
    assert set(SCHEMA["$defs"]["attributes"]["properties"]) == attributes


def small() -> Document:
    """A suite of one case: loss = sum(w * c)."""
    return {
        "schema_version": 1,
        "cases": [
            {
                "name": "small",
                "sentence": "for changes",
                "dtype": "float64",
                "expect": ["FAIL", "why"],
                "labels": ["L"],
                "seed": 3,
                "graph": {
                    "schema_version": 1,
                    "nodes": [
                        {"name": "w", "op": "parameter", "shape": [2]},
                        {"name": "c", "op": "constant", "value": [1, 2.5]},
                        {"name": "m", "op": "mul", "inputs": ["w", "c"]},
                        {"name": "loss", "op": "sum", "inputs": ["m"], "attributes": {"axis": None}},
                    ],
                    "loss": "loss",
                },
                "point": {"w": [0.5, 1]},
            }
        ],
    }


def put(*path: Any) -> Callable[[Document], None]:
    """A change of the document: the value, last in `path`, is put at the rest of it, from the first case on."""
    *keys, last, value = path

    def change(document: Document) -> None:
        at: Any = document["cases"][0]
        for key in keys:
            at = at[key]
        at[last] = value

    return change


def drop(*path: Any) -> Callable[[Document], None]:
    *keys, last = path

    def change(document: Document) -> None:
        at: Any = document["cases"][0]
        for key in keys:
            at = at[key]
        del at[last]

    return change


def top(key: str, value: Any) -> Callable[[Document], None]:
    return lambda document: document.__setitem__(key, value)


W, C, M, L = (("graph", "nodes", i) for i in range(4))
CHANGES: dict[str, tuple[Callable[[Document], Any], tuple[str, ...]]] = {
    "another version": (top("schema_version", 2), ('"schema_version": 1', "got 2")),
    "a version that is true": (top("schema_version", True), ("got True",)),
    "no version": (lambda d: d.pop("schema_version"), ("got None",)),
    "an unknown key of the suite": (top("case", []), ("unknown key 'case'", "schema_version, cases")),
    "cases that are no list": (top("cases", {}), ('"cases", a list',)),
    "no cases": (lambda d: d.pop("cases"), ('"cases", a list',)),
    "a case that is no object": (lambda d: d["cases"].append(3), ('needs "name", "graph" and "point"',)),
    "a case without a name": (drop("name"), ('needs "name", "graph" and "point"',)),
    "a case without a graph": (drop("graph"), ('needs "name", "graph" and "point"',)),
    "a case without a point": (drop("point"), ('needs "name", "graph" and "point"',)),
    "an unknown key of the case": (put("seeds", 1), ("case 'small'", "unknown key 'seeds'", "seed, graph")),
    "a name that is a number": (put("name", 5), ("a case needs a printable name", "got 5")),
    "an empty name": (put("name", ""), ("a case needs a printable name",)),
    "a name with ::": (put("name", "a::b"), ("without '::'", "'a::b'")),
    "a sentence that is a number": (put("sentence", 5), ('"sentence" must be a text',)),
    "an unknown dtype": (put("dtype", "float128"), ("dtype must be one of float64", "'float128'")),
    "a dtype that is a number": (put("dtype", 64), ('"dtype" must be a text', "64")),
    "an expectation that is a text": (put("expect", "FAIL"), ("[verdict, reason]", "'FAIL'")),
    "an unknown verdict": (put("expect", ["MAYBE", "why"]), ("PASS | FAIL | UNDECIDED | ERROR", "MAYBE")),
    "an expectation without a reason": (put("expect", ["FAIL"]), ("expect must be",)),
    "labels that are a text": (put("labels", "S0"), ('"labels" must be a list',)),
    "a label that is a number": (put("labels", [0]), ('"labels" must be a list of texts',)),
    "a seed that is a text": (put("seed", "3"), ('"seed" must be a whole number',)),
    "a seed that is true": (put("seed", True), ('"seed" must be a whole number',)),
    "a point that is a list": (put("point", [1, 2]), ('"point" must be an object',)),
    "a point of texts": (put("point", "w", "0.5"), ("node 'w'", "real numbers", "'0.5'")),
    "a point of null": (put("point", "w", None), ("node 'w'", "real numbers", "None")),
    "a graph that is a list": (put("graph", []), ("case 'small'", "a graph must be a JSON object", "list")),
    "a graph of another version": (put("graph", "schema_version", 0), ("case 'small'", "got 0")),
    "an unknown key of the graph": (put("graph", "edges", []), ("unknown key 'edges'",)),
    "no nodes": (drop("graph", "nodes"), ('a graph needs "nodes"',)),
    "nodes that are an object": (put("graph", "nodes", {}), ('a graph needs "nodes"',)),
    "an empty list of nodes": (put("graph", "nodes", []), ("no node of this graph",)),
    "a node that is a text": (put("graph", "nodes", 0, "w"), ('objects with "name" and "op"',)),
    "a node without op": (drop(*W, "op"), ('objects with "name" and "op"',)),
    "a node without name": (drop(*W, "name"), ('objects with "name" and "op"',)),
    "a node's name that is a number": (put(*W, "name", 1), ("no node of this graph",)),
    "a node's name that is a list": (put(*W, "name", ["w"]), ("no node of this graph",)),
    "an empty name of a node": (put(*W, "name", ""), ("no node of this graph",)),
    "an unknown key of a node": (put(*M, "input", ["w"]), ("node 'm'", "unknown key 'input'", "inputs")),
    "an unknown op": (put(*M, "op", "mull"), ("node 'm'", "unknown op 'mull'", "did you mean 'mul'?")),
    "an op that is a list": (put(*M, "op", ["mul"]), ("node 'm'", "unknown op ['mul']")),
    "inputs that are a text": (put(*M, "inputs", "wc"), ("node 'm'", '"inputs" must be a list of names', "'wc'")),
    "an input that is a number": (put(*M, "inputs", [0, 1]), ("its argument 0 is no node",)),
    "an input that is a list": (put(*M, "inputs", [["w"], "c"]), ("its argument ['w'] is no node",)),
    "too few inputs": (put(*M, "inputs", ["w"]), ("node 'm'", "mul takes 2 arguments, got 1")),
    "too many inputs": (put(*L, "inputs", ["m", "m"]), ("node 'loss'", "sum takes 1 argument, got 2")),
    "no inputs": (drop(*M, "inputs"), ("node 'm'", "mul takes 2 arguments, got 0")),
    "inputs of a leaf": (put(*W, "inputs", ["c"]), ("node 'w'", "parameter takes 0 arguments, got 1")),
    "a shape that is a number": (put(*W, "shape", 2), ("node 'w'", "tuple of whole numbers >= 0, got 2")),
    "a shape with decimals": (put(*W, "shape", [2.5]), ("node 'w'", "whole numbers >= 0", "2.5")),
    "a negative length": (put(*W, "shape", [-2]), ("node 'w'", "whole numbers >= 0")),
    "a shape of an op": (put(*M, "shape", [2]), ("node 'm'", "a leaf alone states its shape")),
    "a value that is a text": (put(*C, "value", "2"), ("node 'c'", "real numbers", "'2'")),
    "a value that is null": (put(*C, "value", None), ("node 'c'", "real numbers", "None")),
    "a value of objects": (put(*C, "value", [{}, 1]), ("node 'c'", "real numbers")),
    "a constant without value": (drop(*C, "value"), ("node 'c'", "only a constant, has a value")),
    "a value of a parameter": (put(*W, "value", [1, 2]), ("node 'w'", "only a constant, has a value")),
    "attributes that are a list": (put(*L, "attributes", ["axis"]), ("node 'loss'", '"attributes" must be an object')),
    "an unknown attribute": (put(*L, "attributes", {"axes": 0}), ("sum has no attribute 'axes'", "axis, keepdims")),
    "an axis that is a text": (
        put(*L, "attributes", {"axis": "0"}),
        ("node 'loss'", "numbers, true or false for the attribute 'axis', got '0'"),
    ),
    "an axis with decimals": (put(*L, "attributes", {"axis": 0.5}), ("axis 0.5",)),
    "attributes of a leaf": (put(*W, "attributes", {"axis": 0}), ("parameter has no attribute", "none")),
    "a loss that is a number": (put("graph", "loss", 3), ("the loss 3 is no node",)),
    "a loss that is a list": (put("graph", "loss", ["loss"]), ("the loss ['loss'] is no node",)),
    "no loss": (drop("graph", "loss"), ("the loss None is no node",)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_schema_and_reader_refuse_the_same_files(change: str) -> None:
    spoil, says = CHANGES[change]
    document = small()
    assert valid(document)
    assert suite_from_json(json.dumps(document))[0].name == "small"
    spoil(document)
    assert not valid(document)
    with pytest.raises(InvalidProblem) as refusal:
        suite_from_json(json.dumps(document), where="my.json")
    assert str(refusal.value).startswith("my.json: ")
    for words in says:
        assert words in str(refusal.value)


# What the schema cannot know, the reader says.
MEANING: dict[str, tuple[Callable[[Document], Any], tuple[str, ...]]] = {
    "an unknown input": (put(*M, "inputs", ["w", "v"]), ("node 'm'", "its argument 'v' is no node of this graph")),
    "an unknown loss": (put("graph", "loss", "cost"), ("the loss 'cost' is no node of this graph",)),
    "a name twice": (put(*C, "name", "w"), ("its argument 'c' is no node",)),
    "a cycle": (put(*M, "inputs", ["w", "m"]), ("no cycles", "m > m")),
    "a ragged value": (put(*C, "value", [[1], [2, 3]]), ("node 'c'", "real numbers")),
    "a huge value": (put(*C, "value", 10**400), ("node 'c'", "real numbers")),
    "a value of another shape": (put(*C, "shape", [3]), ("node 'c'", "said to be (3,)", "has shape (2,)")),
    "an axis beyond": (put(*L, "attributes", {"axis": 1}), ("axis 1 does not exist in shape (2,)",)),
    "a value missing": (drop("point", "w"), ("case 'small'", "node 'w'", "no value")),
    "a value too many": (put("point", "x", 1), ("'x'", "inputs and parameters are 'w'")),
    "a value of the wrong shape": (put("point", "w", [1, 2, 3]), ("must have shape (2,), got (3,)",)),
    "a name that is not printable": (put("name", "a\nb"), ("printable", r"'a\nb'")),
}


@pytest.mark.parametrize("change", MEANING)
def test_reader_refuses_what_means_nothing(change: str) -> None:
    spoil, says = MEANING[change]
    document = small()
    spoil(document)
    assert valid(document)
    with pytest.raises(InvalidProblem) as refusal:
        suite_from_json(json.dumps(document), where="my.json")
    for words in says:
        assert words in str(refusal.value)


def test_a_node_that_nothing_uses_may_not_share_a_name_either() -> None:
    document = small()["cases"][0]["graph"]
    document["nodes"].append({"name": "w", "op": "input"})
    with pytest.raises(InvalidProblem, match="node 'w': two nodes have this name"):
        graph_from_dict(document)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ('{"schema_version": 1,\n "nodes": [}', "line 2"),
        ("[]", "a graph must be a JSON object, got list"),
        ("[" * 100_000, "nested too deeply"),
        (
            '{"schema_version": 1, "nodes": [{"name": "c", "op": "constant", "value": NaN}], "loss": "c"}',
            "finite, got nan",
        ),
        ('{"schema_version": 1, "nodes": [{"name": "c", "op": "constant", "value": 1e999}], "loss": "c"}', "got inf"),
    ],
    ids=["empty", "syntax", "list", "deep", "NaN", "infinity"],
)
def test_text_that_is_no_graph(text: str, says: str) -> None:
    with pytest.raises(InvalidProblem, match=says) as refusal:
        graph_from_json(text, where="g.json")
    assert refusal.value.where.startswith("g.json")


def test_reading_does_not_change_what_is_read() -> None:
    document = small()
    before = copy.deepcopy(document)
    case_from_dict(document["cases"][0])
    assert document == before
