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
from gradcheck.problem.ops import CODES, LEAVES
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
        elif node.op in LEAVES and node.shape:
            row["shape"] = list(node.shape)
        if node.index in graph.attributes:
            row["attributes"] = {k: _plain(v) for k, v in graph.attributes[node.index].items()}
        nodes.append(row)
    return {"schema_version": SCHEMA_VERSION, "nodes": nodes, "loss": graph.names[graph.loss]}


def graph_from_dict(data: Any) -> Graph:
    """The graph that `graph_to_dict` wrote; InvalidProblem names what is wrong and where."""
    _version(data, "graph")
    rows = data.get("nodes")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "name" in row and "op" in row for row in rows):
        raise InvalidProblem('a graph needs "nodes", a list of objects with "name" and "op"')
    ids = {row["name"]: i for i, row in enumerate(rows)}
    codes, offsets, inputs = [], [0], []
    constants: dict[int, Any] = {}
    shapes: dict[int, tuple[int, ...]] = {}
    attributes: dict[int, dict[str, Any]] = {}
    for i, row in enumerate(rows):
        where = f"node {row['name']!r}"
        if unknown := sorted(set(row) - {"name", "op", "inputs", "shape", "value", "attributes"}):
            raise InvalidProblem(f"unknown key {unknown[0]!r}", where=where)
        if row["op"] not in CODES:
            raise InvalidProblem(unknown_op(row["op"]), where=where)
        codes.append(CODES[row["op"]])
        for name in row.get("inputs", ()):
            if name not in ids:
                raise InvalidProblem(f"its argument {name!r} is no node of this graph", where=where)
            inputs.append(ids[name])
        offsets.append(len(inputs))
        if "value" in row:
            try:
                constants[i] = np.array(row["value"], dtype=np.float64)
            except (TypeError, ValueError):
                raise InvalidProblem("its value must be a number or nested lists of numbers", where=where) from None
        if "shape" in row:
            shapes[i] = tuple(row["shape"])
        if "attributes" in row:
            attributes[i] = {k: _tuples(v) for k, v in row["attributes"].items()}
    if data.get("loss") not in ids:
        raise InvalidProblem(f"the loss {data.get('loss')!r} is no node of this graph")
    return Graph(
        codes,
        offsets,
        inputs,
        loss=ids[data["loss"]],
        names=[str(row["name"]) for row in rows],
        leaf_shapes=shapes,
        constants=constants,
        attributes=attributes,
    )


def case_to_dict(case: Case) -> dict[str, Any]:
    """The case as plain data, its problem lowered to a graph; a case's own subject is code and stays behind."""
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
    """The case that `case_to_dict` wrote."""
    known = {"name", "sentence", "dtype", "expect", "labels", "seed", "graph", "point"}
    if not isinstance(data, Mapping) or not {"name", "graph", "point"} <= set(data):
        raise InvalidProblem('a case needs "name", "graph" and "point"')
    where = f"case {data['name']!r}"
    if unknown := sorted(set(data) - known):
        raise InvalidProblem(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}", where=where)
    try:
        graph = graph_from_dict(data["graph"])
    except InvalidProblem as wrong:
        raise wrong.within(where) from None
    return Case(
        name=data["name"],
        problem=graph,
        point=data["point"],
        sentence=data.get("sentence", ""),
        dtype=data.get("dtype", "float64"),
        expect=tuple(data["expect"]) if data.get("expect") else None,
        labels=tuple(data.get("labels", ())),
        seed=data.get("seed"),
    )


def suite_to_json(cases: Iterable[Case]) -> str:
    """A suite file's text."""
    suite = {"schema_version": SCHEMA_VERSION, "cases": [case_to_dict(case) for case in cases]}
    return json.dumps(suite, indent=1, allow_nan=False) + "\n"


def suite_from_json(text: str, *, where: str = "suite") -> list[Case]:
    """The cases of a suite file; InvalidProblem names file, case and node."""
    data = _parse(text, where)
    try:
        _version(data, "suite")
        if not isinstance(data.get("cases"), list):
            raise InvalidProblem('a suite needs "cases", a list')
        return [case_from_dict(row) for row in data["cases"]]
    except InvalidProblem as wrong:
        raise wrong.within(where) from None


def graph_to_json(graph: Graph) -> str:
    """A graph file's text."""
    return json.dumps(graph_to_dict(graph), indent=1, allow_nan=False) + "\n"


def graph_from_json(text: str, *, where: str = "graph") -> Graph:
    """The graph of a graph file; InvalidProblem names file and node."""
    try:
        return graph_from_dict(_parse(text, where))
    except InvalidProblem as wrong:
        raise wrong.within(where) from None


def schema() -> dict[str, Any]:
    """The published JSON Schema of graph and suite files."""
    text = (Path(__file__).parent / "graph.schema.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as wrong:
        raise InvalidProblem(f"not JSON: {wrong.msg} at line {wrong.lineno}", where=where) from None


def _version(data: Any, what: str) -> None:
    if not isinstance(data, Mapping):
        raise InvalidProblem(f"a {what} must be a JSON object, got {type(data).__name__}")
    if data.get("schema_version") != SCHEMA_VERSION:
        raise InvalidProblem(
            f'this version reads "schema_version": {SCHEMA_VERSION}, got {data.get("schema_version")!r}'
        )


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value
