"""Questions to an engine in any language, and its answers, as one JSON object a line. PROTOCOL.md is the specification.

What an engine writes is trusted in nothing: every field is checked when it arrives. A line that is none of the protocol
is `wire.Malformed`; an answer whose content cannot be judged is SubjectError GC007.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, nan
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError, shortened
from gradcheck.problem import Graph
from gradcheck.problem.serialise import graph_to_dict
from gradcheck.subject.answer import DTYPES, LONGEST_OP, MOST_OPS, Answer, Array
from gradcheck.subject.plain_arrays import describe
from gradcheck.subject.trouble import LONGEST
from gradcheck.subject.wire import Malformed

VERSION = 1
"""Version of the protocol."""
LONGEST_NAME = 100
"""Maximum number of characters of the name of an engine."""
DEEPEST = 32
"""Maximum number of dimensions of an array in an answer."""
_EXCERPT = 60
"""Number of characters of a strange line that a message quotes."""
_MOST_DIGITS = 4_000
"""Maximum number of digits of an integer; Python reads no longer ones."""

SPELLED: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(("nan", "-nan", "NaN"), nan),
        **dict.fromkeys(("inf", "Infinity"), inf),
        **dict.fromkeys(("-inf", "-Infinity"), -inf),
    }
)
"""How a string spells what JSON has no number for: as C and Python print it, and as JavaScript does."""

_CLASS = re.compile(r"([A-Za-z_]\w{0,98}(?:Error|Exception)): ?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Greeting:
    """What an engine says of itself: its name, its ops (None: any may be asked), its dtype, and whether it takes
    single numbers alone."""

    name: str | None = None
    ops: frozenset[str] | None = None
    dtype: str | None = None
    scalars: bool = False


# --- questions ------------------------------------------------------------------------------------------------------


def hello() -> bytes:
    """The first line to an engine."""
    return _line({"do": "hello", "gradcheck": VERSION})


def question(number: int, graph: Graph, point: Mapping[str, Array]) -> bytes:
    """The line that asks for the gradients of `graph` at `point`.

    Every node stands after its arguments. Numbers are written so that reading them as double gives the same back.
    """
    dtype = np.result_type(*point.values()) if point else np.dtype(np.float64)
    data = graph_to_dict(graph.in_dtype(dtype))
    data["nodes"] = [data["nodes"][i] for i in graph.order.tolist()]
    values = {name: value.tolist() for name, value in point.items()}
    return _line({"do": "gradients", "id": number, "dtype": str(dtype), "graph": data, "point": values})


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


# --- answers --------------------------------------------------------------------------------------------------------


def fields(line: bytes) -> dict[str, Any]:
    """The JSON object in a line; raises Malformed if it holds none."""
    shown = shortened(line.decode("utf-8", "replace"), _EXCERPT)
    try:
        data = json.loads(line.decode("utf-8"), parse_int=_integer, object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise Malformed(f"a line that is not in UTF-8: {shown!r}") from None
    except (ValueError, RecursionError) as wrong:
        if isinstance(wrong, Malformed):
            raise
        bare = re.search(r"[:\[,] *[-+]?(nan|inf)\b", line.decode("utf-8"), re.IGNORECASE)
        hint = f'; spell {bare[1]} as a string: "{bare[1]}"' if bare else ""
        raise Malformed(f"a line that is no JSON: {shown!r}{hint}") from None
    if not isinstance(data, dict):
        raise Malformed(f"a line that is no JSON object: {shown!r}")
    return data


def greeting(data: Mapping[str, Any]) -> Greeting:
    """What an engine answered to `hello`; raises Malformed for anything else."""
    version = data.get("gradcheck")
    if version is None:
        raise Malformed('an answer to hello without the version of the protocol: "gradcheck": 1')
    if type(version) is not int or version != VERSION:
        raise Malformed(f"version {describe(version)} of the protocol; this gradcheck speaks version {VERSION}")
    for name, value in data.items():
        if name not in _GREETING:
            raise Malformed(f"an answer to hello with an unknown field {name[:40]!r}")
        if not _GREETING[name](value):
            raise Malformed(f"an answer to hello with {name!r} of a wrong form")
    ops = data.get("ops")
    return Greeting(
        data.get("name"), None if ops is None else frozenset(ops), data.get("dtype"), data.get("scalars", False)
    )


def answer(data: Mapping[str, Any], number: int, graph: Graph, dtype: np.dtype[Any]) -> Answer:
    """What an engine answered to question `number`, its arrays in `dtype`.

    Raises
    ------
    Malformed: an answer to another question.
    SubjectError: GC004 it reports an error, or does not offer what was asked; GC007 not of the form.
    """
    if type(data.get("id")) is not int or data["id"] != number:
        raise Malformed(f"an answer whose id is {describe(data.get('id'))} to question {number}")
    if strange := sorted(set(data) - _ANSWER):
        raise _wrong(f"the fields {', '.join(sorted(_ANSWER))}", f"{strange[0][:40]!r}", None)
    for field in ("error", "not_offered"):
        if field in data:
            raise _refusal(field, data[field])
    for field in ("value", "gradients"):
        if field not in data:
            raise _wrong("value and gradients, or error, or not_offered", f"an answer without {field!r}", None)
    return Answer(
        _Arrays(graph, dtype).array(data["value"], "value", ()),
        _Arrays(graph, dtype).named(data["gradients"], "gradients"),
        _Arrays(graph, dtype).named(data["adjoints"], "adjoints") if "adjoints" in data else None,
    )


def _refusal(field: str, said: object) -> SubjectError:
    """GC004 for an engine that gives no answer, and says so."""
    if not isinstance(said, str):
        return _wrong("a text", describe(said), field)
    said = said[:LONGEST].encode("utf-8", "replace").decode()
    if field == "not_offered":
        return not_offered(said)
    found = _CLASS.fullmatch(said)
    kind, message = (found[1], found[2]) if found else ("an error", said)
    return SubjectError("GC004", type=kind, message=message)


def not_offered(what: str) -> SubjectError:
    """GC004 for what an engine does not offer, as if a Python engine had raised NotImplementedError."""
    return SubjectError("GC004", type="NotImplementedError", message=what)


class _Arrays:
    """Reads arrays from nested lists; SubjectError GC007 names what cannot be read."""

    def __init__(self, graph: Graph, dtype: np.dtype[Any]) -> None:
        self._graph, self._dtype = graph, dtype

    def named(self, data: object, what: str) -> dict[str, Array]:
        """Arrays by name."""
        if not isinstance(data, dict):
            raise _wrong("an object of names and numbers", describe(data), what)
        return {name: self.array(value, f"{what}[{name[:40]!r}]", self._shape(name)) for name, value in data.items()}

    def array(self, value: object, what: str, shape: tuple[int, ...] | None) -> Array:
        """One array; `shape` is used where there are no entries, because JSON writes (0, 3) as []."""
        flat: list[float] = []
        found = self._read(value, what, flat, 0)
        if not flat and found and shape is not None and 0 in shape:
            found = shape
        with np.errstate(over="ignore"):
            return np.array(flat, np.float64).reshape(found).astype(self._dtype)

    def _read(self, value: object, what: str, flat: list[float], depth: int) -> tuple[int, ...]:
        """Append the numbers in nested lists to `flat`; their shape."""
        if type(value) is not list:
            flat.append(_number(value, what))
            return ()
        if depth == DEEPEST:
            raise _wrong(f"at most {DEEPEST} dimensions", "deeper lists", what)
        shapes = {self._read(inner, what, flat, depth + 1) for inner in value}
        if len(shapes) > 1:
            raise _wrong("lists of equal lengths", f"parts of shapes {sorted(shapes)[0]} and {sorted(shapes)[1]}", what)
        return (len(value), *(shapes.pop() if shapes else ()))

    def _shape(self, name: str) -> tuple[int, ...] | None:
        try:
            return self._graph.shapes[self._graph.index(name)]
        except (KeyError, ValueError):
            return None


def _number(value: object, what: str) -> float:
    if type(value) is float or type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise _wrong("numbers that a double can hold", "an integer of hundreds of digits", what) from None
    if type(value) is str and value in SPELLED:
        return SPELLED[value]
    hint = ""
    if value is None:
        hint = ' (JSON.stringify writes NaN and Infinity as null; spell them as strings, "nan", "inf", "-inf")'
    elif type(value) is str:
        hint = ' (the only texts for numbers are "nan", "inf" and "-inf")'
    raise _wrong("a number", f"{describe(value) if value is not None else 'null'}{hint}", what)


def _wrong(expected: str, came: str, block: str | None) -> SubjectError:
    return SubjectError("GC007", expected=expected, came=came, block=block)


def _integer(digits: str) -> int | float:
    if digits == "-0":  # so C prints a negative zero
        return -0.0
    if len(digits) > _MOST_DIGITS:
        raise Malformed("an integer of thousands of digits")
    return int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise Malformed("an object that gives one field twice")
    return data


def _name(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= LONGEST_NAME


def _ops(value: object) -> bool:
    return (
        type(value) is list
        and len(value) <= MOST_OPS
        and all(type(op) is str and 0 < len(op) <= LONGEST_OP for op in value)
    )


_GREETING: Mapping[str, Callable[[object], bool]] = MappingProxyType(
    {
        "gradcheck": lambda value: True,
        "name": _name,
        "ops": _ops,
        "dtype": lambda value: type(value) is str and value in DTYPES,
        "scalars": lambda value: type(value) is bool,
    }
)
_ANSWER = frozenset({"id", "value", "gradients", "adjoints", "not_offered", "error"})
