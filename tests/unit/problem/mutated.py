"""Valid graph and suite files, bent at random: bytes, tokens, numbers and structure.

Everything follows from an integer, so that a file that breaks the loader can be made again.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def _node(name: str, op: str, *inputs: str, **more: Any) -> Document:
    return {"name": name, "op": op, **({"inputs": list(inputs)} if inputs else {}), **more}


def _case(nodes: list[Document], point: Document, **more: Any) -> Document:
    return {"name": "mine", "graph": {"schema_version": 1, "nodes": nodes, "loss": "loss"}, "point": point, **more}


SEEDS: tuple[Document, ...] = (
    _case([_node("x", "parameter"), _node("loss", "square", "x")], {"x": 3.0}, sentence="d x^2 / dx = 2 x", seed=7),
    _case(
        [
            _node("W", "parameter", shape=[2, 3]),
            _node("x", "input", shape=[3]),
            _node("z", "matmul", "W", "x"),
            _node("h", "leaky_relu", "z", attributes={"slope": 0.1}),
            _node("c", "constant", value=[0.5, -0.25]),
            _node("p", "mul", "h", "c"),
            _node("loss", "sum", "p", attributes={"axis": [0], "keepdims": False}),
        ],
        {"W": [[1, 2, 3], [4, 5, 6.5]], "x": [0.5, -1, 2]},
        dtype="float32",
        labels=["S1.b", "linear"],
    ),
    _case(
        [
            _node("x", "parameter", shape=[3]),
            _node("t", "take", "x", attributes={"indices": [2, 0, 2], "axis": 0}),
            _node("w", "where", "t", "x", attributes={"mask": [True, False, True]}),
            _node("b", "broadcast_to", "w", attributes={"shape": [2, 3]}),
            _node("r", "reshape", "b", attributes={"shape": [3, 2]}),
            _node("u", "transpose", "r", attributes={"axes": [1, 0]}),
            _node("k", "concatenate", "u", "b", attributes={"axis": 0}),
            _node("s", "softmax", "k", attributes={"axis": -1}),
            _node("l", "logsumexp", "s", attributes={"axis": 1, "keepdims": True}),
            _node("loss", "mean", "l"),
        ],
        {"x": [0.5, 1.5, -2.0]},
        expect=["UNDECIDED", "no oracle"],
    ),
    _case(
        [
            _node("a", "parameter"),
            _node("b", "parameter"),
            _node("p", "pow", "a", "b"),
            _node("e", "exp", "p"),
            _node("g", "gelu", "e"),
            _node("d", "div", "g", "a"),
            _node("loss", "log", "d"),
        ],
        {"a": 1.25, "b": 0.5},
        dtype="float16",
    ),
    _case(
        [
            _node("o", "parameter", shape=[0, 3]),
            _node("n", "constant", value=[], shape=[0, 3]),
            _node("m", "mul", "o", "n"),
            _node("f", "reshape", "m", attributes={"shape": [0]}),
            _node("one", "constant", value=[1.0]),
            _node("k", "concatenate", "f", "one"),
            _node("loss", "sum", "k"),
        ],
        {"o": []},
    ),
)
"""A scalar, a layer, every attribute there is, domains, arrays without entries."""

_WRITTEN = [json.dumps(seed) for seed in SEEDS]

_NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, 3, 31, 32, 33, 64, 65, 255, 2**31, 2**53, 2**63, -(2**63), 2**64, 10**9, 10**18, 10**308, 10**309,
    10**400, -(10**400), 0.0, -0.0, 5e-324, 1e-308, 1e308, -1e308, 1e-160, 0.5, float("nan"), float("inf"),
)  # fmt: skip

_OTHERS: tuple[Any, ...] = (
    None, True, False, "", "x", "loss", "\x1b[31m", "\x00", "\ud800", "\u202e", "a" * 5000, "é", "::", [], {}, [[]],
    [[1], [2, 3]], {"a": 1}, ["x"], [1] * 40, [10**9] * 3, [0, 10**30], [1e400], [None], [True], "constant", "matmul",
)  # fmt: skip

_SHAPES = (
    [1] * 32, [1] * 33, [2] * 24, [10**4, 10**4], [10**9], [1, 10**9, 10**9], [0, 10**9, 10**9], [10**400], [2] * 14,
)  # fmt: skip

_TOKENS = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 4301, "1" * 400, "0x10", "{", "}", "[", "]", '"', ",", ":",
    "null", "true", '"\\u0000"', '"\\ud800"', "[" * 2000, '{"a":' * 600, "[" * 40 + "1" + "]" * 40, "\ufeff", "\x00",
    '"name":"x","name":"y"', "//", "1.", "-", "\\", "\n", "1e-400", "18446744073709551616", '"' + "z" * 9000 + '"',
)  # fmt: skip


def text(number: int) -> str:
    """The file of that number: one to three mutations of a valid one."""
    draw = random.Random(number)
    case = json.loads(draw.choice(_WRITTEN))
    document: Document = {"schema_version": 1, "cases": [case]}
    for _ in range(draw.choice((0, 1, 1, 1, 2, 3))):
        draw.choice((_value, _value, _value, _number, _number, _key, _nodes, _nest, _grow))(draw, document)
    made = json.dumps(document)
    for _ in range(draw.choice((0, 0, 0, 0, 1, 2))):
        made = draw.choice((_token, _token, _bytes, _cut))(draw, made)
    return made


def _places(data: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of the document."""
    found: list[tuple[Any, Any]] = []
    waiting = [data]
    for inner in waiting:
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        found += [(inner, key) for key in keys]
        waiting += [inner[key] for key in keys if isinstance(inner[key], dict | list)]
    return found


def _value(draw: random.Random, document: Document) -> None:
    if places := _places(document):
        container, key = draw.choice(places)
        container[key] = copy.deepcopy(draw.choice(_OTHERS + _NUMBERS))


def _number(draw: random.Random, document: Document) -> None:
    places = [(c, k) for c, k in _places(document) if type(c[k]) in (int, float)]
    if places:
        container, key = draw.choice(places)
        container[key] = draw.choice(_NUMBERS)


def _key(draw: random.Random, document: Document) -> None:
    places = [(c, k) for c, k in _places(document) if isinstance(c, dict)]
    if places:
        container, key = draw.choice(places)
        value = container.pop(key)
        if draw.random() < 0.6:
            container[draw.choice(("name", "op", "inputs", "shape", "value", "attributes", "x" * 3000, "\x1b", ""))] = (
                value
            )


def _nodes(draw: random.Random, document: Document) -> None:
    places = [c[k] for c, k in _places(document) if isinstance(c[k], list) and len(c[k]) > 1]
    if places:
        rows = draw.choice(places)
        change: Callable[[], Any] = draw.choice(
            (
                lambda: draw.shuffle(rows),
                lambda: rows.append(copy.deepcopy(draw.choice(rows))),
                lambda: rows.pop(),
                rows.clear,
            )
        )
        change()


def _nest(draw: random.Random, document: Document) -> None:
    if places := _places(document):
        container, key = draw.choice(places)
        for _ in range(draw.choice((1, 2, 31, 33, 63, 70, 400))):
            container[key] = [container[key]]


def _grow(draw: random.Random, document: Document) -> None:
    places = [(c, k) for c, k in _places(document) if k in ("shape", "axes", "indices", "axis")]
    if places:
        container, key = draw.choice(places)
        container[key] = list(draw.choice(_SHAPES))


def _token(draw: random.Random, made: str) -> str:
    spots = [m.span() for m in re.finditer(r'"[^"]*"|[-+.\dea]+|[\[\]{}:,]', made)] or [(0, 0)]
    start, end = draw.choice(spots)
    return made[:start] + draw.choice(_TOKENS) + made[end if draw.random() < 0.7 else start :]


def _bytes(draw: random.Random, made: str) -> str:
    raw = bytearray(made.encode("utf-8", "surrogatepass"))
    for _ in range(draw.choice((1, 2, 8))):
        if raw:
            raw[draw.randrange(len(raw))] = draw.randrange(256)
    return raw.decode("utf-8", "replace")


def _cut(draw: random.Random, made: str) -> str:
    start = draw.randrange(len(made) + 1)
    return made[:start] + made[start + draw.choice((1, 5, 50, 5000)) :]
