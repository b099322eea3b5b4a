"""Graphs, cases and suites as JSON, readable without Python. The format is `graph.schema.json` beside this file.

    {"schema_version": 1,
     "nodes": [{"name": "x", "op": "parameter", "shape": [2]},
               {"name": "y", "op": "mul", "inputs": ["x", "x"]},
               {"name": "loss", "op": "sum", "inputs": ["y"]}],
     "loss": "loss"}

Numbers are written so that reading them gives the same float64 back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.problem.case import Case
from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import CODES, LEAVES, Shape
from gradcheck.problem.reading import bounded, brief, parsed
from gradcheck.problem.shapes import lengths
from gradcheck.problem.validate import unknown_op

SCHEMA_VERSION = 1


def graph_to_dict(graph: Graph) -> dict[str, Any]:
    """The graph as plain data."""
    nodes = []
    for node in graph.nodes:
        row: dict[str, Any] = {"name": node.name, "op": node.op}
        if node.inputs:
            row["inputs"] = list(node.inputs)
        if node.value is not None:
            row["value"] = node.value.tolist()
        if node.op in LEAVES and node.shape and (node.value is None or not node.value.size):
            row["shape"] = list(node.shape)  # an empty constant needs it: shape (0, 3) is written []
        if node.index in graph.attributes:
            row["attributes"] = {k: _lists(v) for k, v in graph.attributes[node.index].items()}
        nodes.append(row)
    return {"schema_version": SCHEMA_VERSION, "nodes": nodes, "loss": graph.names[graph.loss]}


def graph_from_dict(data: Any) -> Graph:
    """The graph that `graph_to_dict` wrote; InvalidProblem names what is wrong and where."""
    bounded(data)
    return _graph(data)


def _graph(data: Any) -> Graph:
    _version(data, "graph")
    _keys(data, ("schema_version", "nodes", "loss"))
    rows = data.get("nodes")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and {"name", "op"} <= set(row) for row in rows):
        raise InvalidProblem('a graph needs "nodes", a list of objects with "name" and "op"')
    ids = {row["name"]: i for i, row in enumerate(rows) if isinstance(row["name"], str)}
    codes, offsets, inputs = [], [0], []
    constants: dict[int, Any] = {}
    shapes: dict[int, Shape] = {}
    attributes: dict[int, Mapping[str, Any]] = {}
    for i, row in enumerate(rows):
        where = f"node {brief(row['name'])}"
        _keys(row, ("name", "op", "inputs", "shape", "value", "attributes"), where)
        if not isinstance(row["op"], str) or row["op"] not in CODES:
            raise InvalidProblem(unknown_op(row["op"]), where=where)
        codes.append(CODES[row["op"]])
        for name in _typed(row, "inputs", list, "a list of names", (), where):
            if not isinstance(name, str) or name not in ids:
                raise InvalidProblem(f"its argument {brief(name)} is no node of this graph", where=where)
            inputs.append(ids[name])
        offsets.append(len(inputs))
        if "shape" in row:
            if row["op"] not in LEAVES:
                raise InvalidProblem(f"a leaf alone states its shape; that of {row['op']} follows", where=where)
            try:
                shapes[i] = lengths(row["shape"])
            except ValueError as wrong:
                raise InvalidProblem(str(wrong), where=where) from None
        if "value" in row:
            constants[i] = _shaped(_textless(row["value"], "an array of real numbers", where), shapes.get(i))
        if "attributes" in row:
            attributes[i] = _typed(row, "attributes", dict, "an object", {}, where)
            for key, value in attributes[i].items():
                _textless(value, f"numbers, true or false for the attribute {brief(key)}", where)
    if not isinstance(data.get("loss"), str) or data["loss"] not in ids:
        raise InvalidProblem(f"the loss {brief(data.get('loss'))} is no node of this graph")
    graph = Graph(
        codes,
        offsets,
        inputs,
        loss=ids[data["loss"]],
        names=[row["name"] for row in rows],
        leaf_shapes=shapes,
        constants=constants,
        attributes=attributes,
    )
    for i in constants:
        if graph.shapes[i] != shapes.get(i, graph.shapes[i]):
            raise InvalidProblem(
                f"its shape is said to be {shapes[i]}, but its value has shape {graph.shapes[i]}",
                where=f"node {brief(graph.names[i])}",
            )
    return graph


def case_to_dict(case: Case) -> dict[str, Any]:
    """The case as plain data, its problem lowered to a graph; a case's own subject is code and left out."""
    data: dict[str, Any] = {"name": case.name, "sentence": case.sentence, "dtype": case.dtype}
    if case.expect is not None:
        data["expect"] = list(case.expect)
    if case.labels:
        data["labels"] = list(case.labels)
    if case.seed is not None:
        data["seed"] = case.seed
    data["graph"] = graph_to_dict(case.graph)
    data["point"] = {name: np.asarray(value, dtype=np.float64).tolist() for name, value in case.point.items()}
    return data


def case_from_dict(data: Any) -> Case:
    """The case that `case_to_dict` wrote; InvalidProblem names what is wrong and where."""
    bounded(data)
    return _case(data)


def _case(data: Any) -> Case:
    if not isinstance(data, Mapping) or not {"name", "graph", "point"} <= set(data):
        raise InvalidProblem('a case needs "name", "graph" and "point"')
    where = f"case {brief(data['name'])}"
    _keys(data, ("name", "sentence", "dtype", "expect", "labels", "seed", "graph", "point"), where)
    labels = _typed(data, "labels", list, "a list of texts", (), where)
    if not all(isinstance(label, str) for label in labels):
        raise InvalidProblem(f'"labels" must be a list of texts, got {brief(labels)}', where=where)
    try:
        graph = _graph(data["graph"])
    except InvalidProblem as wrong:
        raise wrong.within(where) from None
    point = _typed(data, "point", dict, "an object", {}, where)
    seed = _typed(data, "seed", int, "a whole number", None, where)
    if seed is not None and seed < 0:
        raise InvalidProblem(f'"seed" must be a whole number >= 0, got {brief(seed)}', where=where)
    shapes = {graph.names[i]: graph.shapes[i] for i in graph.free}
    return Case(
        name=data["name"],
        problem=graph,
        point={
            name: _shaped(
                _textless(value, "an array of real numbers", f"{where}: node {brief(name)}"), shapes.get(name)
            )
            for name, value in point.items()
        },
        sentence=_typed(data, "sentence", str, "a text", "", where),
        dtype=_typed(data, "dtype", str, "a text", "float64", where),
        expect=tuple(_typed(data, "expect", list, "a list [verdict, reason]", (), where)) or None,
        labels=tuple(labels),
        seed=seed,
    )


def suite_to_json(cases: Iterable[Case]) -> str:
    """A suite file's text."""
    suite = {"schema_version": SCHEMA_VERSION, "cases": [case_to_dict(case) for case in cases]}
    return json.dumps(suite, indent=1, allow_nan=False) + "\n"


def suite_from_json(text: str, *, where: str = "suite") -> list[Case]:
    """The cases of a suite file; InvalidProblem names file, case and node."""
    data = parsed(text, where)
    try:
        _version(data, "suite")
        _keys(data, ("schema_version", "cases"))
        if not isinstance(data.get("cases"), list):
            raise InvalidProblem('a suite needs "cases", a list')
        return [_case(row) for row in data["cases"]]
    except InvalidProblem as wrong:
        raise wrong.within(where) from None


def graph_to_json(graph: Graph) -> str:
    """A graph file's text."""
    return json.dumps(graph_to_dict(graph), indent=1, allow_nan=False) + "\n"


def graph_from_json(text: str, *, where: str = "graph") -> Graph:
    """The graph of a graph file; InvalidProblem names file and node."""
    data = parsed(text, where)
    try:
        return _graph(data)
    except InvalidProblem as wrong:
        raise wrong.within(where) from None


def schema() -> dict[str, Any]:
    """The published JSON Schema of graph and suite files."""
    text = (Path(__file__).parent / "graph.schema.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def _version(data: Any, what: str) -> None:
    if not isinstance(data, Mapping):
        raise InvalidProblem(f"a {what} must be a JSON object, got {type(data).__name__}")
    if data.get("schema_version") != SCHEMA_VERSION or isinstance(data["schema_version"], bool):
        raise InvalidProblem(
            f'this version reads "schema_version": {SCHEMA_VERSION}, got {brief(data.get("schema_version"))}'
        )


def _keys(data: Mapping[str, Any], known: tuple[str, ...], where: str = "") -> None:
    if unknown := [key for key in data if key not in known]:
        raise InvalidProblem(f"unknown key {brief(unknown[0])}; known are {', '.join(known)}", where=where)


def _typed(data: Mapping[str, Any], key: str, kind: type, wanted: str, default: Any, where: str) -> Any:
    """`data[key]`, which must be `wanted`, or `default` where there is none."""
    if key not in data:
        return default
    if not isinstance(data[key], kind) or isinstance(data[key], bool):
        raise InvalidProblem(f'"{key}" must be {wanted}, got {brief(data[key])}', where=where)
    return data[key]


def _textless(value: Any, wanted: str, where: str) -> Any:
    """`value`, if it holds no text: NumPy would make every entry as long as the longest text."""
    waiting = [value]
    for inner in waiting:  # grows while it is walked
        if isinstance(inner, str | dict):
            raise InvalidProblem(f"expected {wanted}, got {brief(value)}", where=where)
        if isinstance(inner, list):
            waiting += [v for v in inner if type(v) is not float]
    return value


def _shaped(value: Any, shape: Shape | None) -> Any:
    """`value`, reshaped to `shape` if it has no entries, because JSON writes an array of shape (0, 3) as []."""
    return np.zeros(shape) if shape is not None and 0 in shape and _empty(value) else value


def _empty(value: Any) -> bool:
    return isinstance(value, list) and all(_empty(v) for v in value)


def _lists(value: Any) -> Any:
    return [_lists(v) for v in value] if isinstance(value, tuple) else value
