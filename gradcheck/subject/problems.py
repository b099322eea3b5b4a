"""Problems as messages to the child: flat data for the header, arrays for the payload.

A `Graph` travels as its arrays, however small or large. Every other problem (MLP, NeuronDAG, Training) is a frozen
dataclass of gradcheck.problem made of plain data and arrays. It travels field by field, so a new kind needs no code
here. A user's update schedule travels as its text.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.problem.graph import Graph
from gradcheck.problem.schedules import Custom
from gradcheck.subject.answer import Array

_HOME = "gradcheck.problem"


@dataclass(frozen=True)
class Kind:
    """The encoding of one kind of object: `pack` appends to the arrays, `unpack` takes them by index."""

    made_by: Callable[[Any], bool]
    pack: Callable[[Any, list[Array]], Any]
    unpack: Callable[[Any, list[Array]], Any]


def problem_to_wire(problem: Any, arrays: list[Array]) -> Any:
    """JSON data for `problem`, its arrays appended to `arrays`.

    Raises Unsupported for what cannot leave this process, such as a stopping condition that is a function, and
    InvalidProblem for a schedule without a text.
    """
    if problem is None or type(problem) in (bool, int, str):
        return problem
    for tag, kind in KINDS.items():
        if kind.made_by(problem):
            return {tag: kind.pack(problem, arrays)}
    raise Unsupported(
        f"{type(problem).__module__}.{type(problem).__qualname__} cannot be sent to a child process: only arrays and "
        "plain data can; give the subject in the case itself, so that it runs in this process"
    )


def problem_from_wire(data: Any, arrays: list[Array]) -> Any:
    """The problem that `problem_to_wire` was given; every array is a new copy."""
    if not isinstance(data, dict):
        return data
    ((tag, inner),) = data.items()
    return KINDS[tag].unpack(inner, arrays)


def _graph_to_wire(graph: Graph, arrays: list[Array]) -> dict[str, Any]:
    first = len(arrays)
    constants = list(graph.constants)
    arrays += [graph.codes, graph.offsets, graph.inputs, np.array(constants, dtype=np.int64)]
    arrays += graph.constants.values()
    return {
        "arrays": first,
        "loss": graph.loss,
        "names": list(graph.names) if isinstance(graph.names, tuple) else None,
        "shapes": [[i, graph.shapes[i]] for i in graph.free if graph.shapes[i]],
        "attributes": [[i, problem_to_wire(dict(given), arrays)] for i, given in graph.attributes.items()],
    }


def _graph_from_wire(data: dict[str, Any], arrays: list[Array]) -> Graph:
    first = data["arrays"]
    codes, offsets, inputs, constants = arrays[first : first + 4]
    return Graph(
        codes,
        offsets,
        inputs,
        loss=data["loss"],
        names=data["names"],
        leaf_shapes={i: tuple(shape) for i, shape in data["shapes"]},
        constants=dict(zip(constants.tolist(), arrays[first + 4 :], strict=False)),
        attributes={i: problem_from_wire(given, arrays) for i, given in data["attributes"]},
    )


def _array_to_wire(value: Array | np.generic, arrays: list[Array]) -> int:
    arrays.append(np.asarray(value))
    return len(arrays) - 1


def _fields_to_wire(value: Any, arrays: list[Array]) -> list[Any]:
    given = {f.name: problem_to_wire(getattr(value, f.name), arrays) for f in fields(value) if f.init}
    return [type(value).__module__, type(value).__qualname__, given]


def _fields_from_wire(data: list[Any], arrays: list[Array]) -> Any:
    module, name, given = data
    kind = getattr(importlib.import_module(module), name)
    return kind(**{field: problem_from_wire(value, arrays) for field, value in given.items()})


def _pairs_from_wire(data: list[Any], arrays: list[Array]) -> dict[Any, Any]:
    return {problem_from_wire(k, arrays): problem_from_wire(v, arrays) for k, v in data}


def _is_problem(value: Any) -> bool:
    module = type(value).__module__
    return is_dataclass(value) and (module == _HOME or module.startswith(f"{_HOME}."))


KINDS: Mapping[str, Kind] = {
    "graph": Kind(lambda v: isinstance(v, Graph), _graph_to_wire, _graph_from_wire),
    "schedule": Kind(
        lambda v: isinstance(v, Custom),
        lambda v, _: [v.name, v.source()],
        lambda data, _: Custom.from_source(*data),
    ),
    "fields": Kind(_is_problem, _fields_to_wire, _fields_from_wire),
    "array": Kind(
        lambda v: isinstance(v, np.ndarray | np.generic), _array_to_wire, lambda i, arrays: np.array(arrays[i])
    ),
    "float": Kind(lambda v: isinstance(v, float), lambda v, _: v.hex(), lambda v, _: float.fromhex(v)),
    "tuple": Kind(
        lambda v: isinstance(v, tuple),
        lambda v, arrays: [problem_to_wire(inner, arrays) for inner in v],
        lambda v, arrays: tuple(problem_from_wire(inner, arrays) for inner in v),
    ),
    "list": Kind(
        lambda v: isinstance(v, list),
        lambda v, arrays: [problem_to_wire(inner, arrays) for inner in v],
        lambda v, arrays: [problem_from_wire(inner, arrays) for inner in v],
    ),
    "mapping": Kind(
        lambda v: isinstance(v, dict | MappingProxyType),
        lambda v, arrays: [[problem_to_wire(k, arrays), problem_to_wire(x, arrays)] for k, x in v.items()],
        _pairs_from_wire,
    ),
}
"""Encodings, special kinds before general ones (np.float64 is a float)."""
