"""Answers on their way to the parent, who believes nothing: every name, count and array is checked on arrival.

Names of the problem travel as their positions in it, so that a million adjoints are one array of integers; only names
that the problem has not go as text, and few of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import eq
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.problem.graph import Graph
from gradcheck.subject.answer import DTYPES, LONGEST_OP, MOST_OPS, Answer, Array, Declared, TrainingAnswer, TrainingStep
from gradcheck.subject.trouble import LONGEST
from gradcheck.subject.wire import Malformed

MOST_UNKNOWN, LONGEST_UNKNOWN = 400, 150
"""Most names, and characters of each, in one mapping of an answer that the problem has not."""

CHILD_CODES = frozenset({"GC001", "GC002", "GC003", "GC004", "GC006", "GC007"})
"""What a child may say of itself; that it was too late (GC005) only the parent knows."""


class Vocabulary:
    """The names that an answer to `problem` at `point` has reason to use."""

    def __init__(self, problem: Any, point: Mapping[str, Any]) -> None:
        self._graph = problem if isinstance(problem, Graph) else None
        self.names: Sequence[str] = problem.names if isinstance(problem, Graph) else list(point)
        self._index = {} if self._graph is not None else {name: i for i, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int | None:
        """Position of a name; None if the problem has none such."""
        if self._graph is None:
            return self._index.get(name)
        try:
            return self._graph.index(name)
        except (KeyError, ValueError):
            return None


def most_arrays(vocabulary: Vocabulary) -> int:
    """How many arrays an honest answer can hold."""
    return 2 * len(vocabulary) + 2 * MOST_UNKNOWN + 16


MOST_TRAINING_ARRAYS = 2_000_000


def answer_to_wire(answer: Answer, vocabulary: Vocabulary) -> tuple[dict[str, Any], list[Array]]:
    """Header and arrays of an answer."""
    arrays: list[Array] = [answer.value]
    header: dict[str, Any] = {"status": "answer", "mutated": _shortened(answer.mutated)}
    if answer.operations is not None:
        header["operations"] = answer.operations
    header["gradients"] = _names_to_wire(answer.gradients, vocabulary, arrays, "gradients")
    if answer.adjoints is not None:
        header["adjoints"] = _names_to_wire(answer.adjoints, vocabulary, arrays, "adjoints")
    return header, arrays


def answer_from_wire(
    header: Mapping[str, Any], arrays: list[Array], vocabulary: Vocabulary, *, stdout: str, seconds: float
) -> Answer:
    """The answer; Malformed for anything that `answer_to_wire` would not have written."""
    left = iter(arrays)
    value = _next(left)
    gradients = _names_from_wire(header.get("gradients"), vocabulary, left)
    adjoints = _names_from_wire(header["adjoints"], vocabulary, left) if "adjoints" in header else None
    if next(left, None) is not None:
        raise Malformed("arrays that the answer does not name")
    operations = header.get("operations")
    if operations is not None and not (type(operations) is int and 0 <= operations < 1 << 62):
        raise Malformed("a count that is none")
    return Answer(value, gradients, adjoints, _strings(header.get("mutated")), stdout, seconds, operations)


def training_to_wire(answer: TrainingAnswer) -> tuple[dict[str, Any], list[Array]]:
    """Header and arrays; parameter by parameter, so that a parameter's history is one run of arrays."""
    steps = answer.steps
    names = list(steps[0].parameters) if steps else []
    _few(names, "step 0 parameters")
    header = {"status": "training", "mutated": _shortened(answer.mutated), "steps": len(steps), "names": names}
    arrays = [step.indices for step in steps]
    for name in names:
        arrays += [step.parameters[name] for step in steps]
    return header, arrays


def training_from_wire(
    header: Mapping[str, Any], arrays: list[Array], *, stdout: str, seconds: float
) -> TrainingAnswer:
    """The steps; Malformed for anything that `training_to_wire` would not have written."""
    names, count = _strings(header.get("names")), header.get("steps")
    if type(count) is not int or count < 0 or len(arrays) != count * (1 + len(names)):
        raise Malformed("steps that its arrays do not make up")
    if len(set(names)) != len(names):
        raise Malformed("one name twice")
    steps = tuple(
        TrainingStep(arrays[i], {name: arrays[(k + 1) * count + i] for k, name in enumerate(names)})
        for i in range(count)
    )
    return TrainingAnswer(steps, _strings(header.get("mutated")), stdout, seconds)


def declared_from_wire(header: Mapping[str, Any]) -> Declared:
    """What the file declares of itself; Malformed for what `loading.declarations` would not have let through."""
    ops, dtype = header.get("ops"), header.get("dtype")
    known = ops is None or (
        isinstance(ops, list) and len(ops) <= MOST_OPS and all(isinstance(o, str) and len(o) <= LONGEST_OP for o in ops)
    )
    if not known or not (dtype is None or (isinstance(dtype, str) and dtype in DTYPES)):
        raise Malformed("declarations that are none")
    return Declared(None if ops is None else frozenset(ops), dtype)


def error_to_wire(wrong: SubjectError) -> dict[str, Any]:
    """Header of a failure."""
    return {"status": "error", "code": wrong.code, "facts": wrong.facts}


def error_from_wire(header: Mapping[str, Any]) -> SubjectError:
    """The failure; Malformed for codes that are not a child's to give, and for facts that are no facts."""
    code, facts = header.get("code"), header.get("facts")
    if not isinstance(code, str) or code not in CHILD_CODES or not isinstance(facts, dict) or len(facts) > 16:
        raise Malformed("an error that is none")
    return SubjectError(code, **{str(key)[:40]: _fact(value) for key, value in facts.items()})


def _names_to_wire(
    named: Mapping[str, Array], vocabulary: Vocabulary, arrays: list[Array], what: str
) -> dict[str, Any]:
    if len(named) == len(vocabulary) and all(map(eq, named, vocabulary.names)):
        arrays.append(np.arange(len(named)))  # every node in the graph's order, as a full answer mostly has them
        arrays += named.values()
        return {"unknown": []}
    places = [(vocabulary.index(name), name) for name in named]
    known = sorted((place, name) for place, name in places if place is not None)
    unknown = [name for place, name in places if place is None]
    _few(unknown, what)
    arrays.append(np.array([place for place, _ in known], dtype=np.int64))
    arrays += [named[name] for _, name in known]
    arrays += [named[name] for name in unknown]
    return {"unknown": unknown}


def _few(names: Sequence[str], what: str) -> None:
    if len(names) > MOST_UNKNOWN or any(len(name) > LONGEST_UNKNOWN for name in names):
        raise SubjectError(
            "GC007",
            expected=f"names that the problem has, and at most {MOST_UNKNOWN} others",
            came=f"{len(names):,} others, such as {max(names, key=len)[:LONGEST_UNKNOWN]!r}",
            block=what,
        )


def _shortened(names: Sequence[str]) -> list[str]:
    return [name[:LONGEST_UNKNOWN] for name in names[:MOST_UNKNOWN]]


def _names_from_wire(data: object, vocabulary: Vocabulary, left: Any) -> dict[str, Array]:
    if not isinstance(data, dict):
        raise Malformed("an answer without its names")
    places = _next(left)
    if places.dtype != np.int64 or places.ndim != 1:
        raise Malformed("names that are no positions")
    if places.size and (places[0] < 0 or places[-1] >= len(vocabulary) or np.any(np.diff(places) <= 0)):
        raise Malformed("positions that the problem has not")
    every = len(places) == len(vocabulary)
    names = list(vocabulary.names) if every else [vocabulary.names[place] for place in places.tolist()]
    names += _strings(data.get("unknown"))
    if len(set(names)) != len(names):
        raise Malformed("one name twice")
    named = dict(zip(names, left, strict=False))
    if len(named) < len(names):
        raise Malformed("fewer arrays than names")
    return named


def _next(left: Any) -> Array:
    array = next(left, None)
    if array is None:
        raise Malformed("fewer arrays than names")
    checked: Array = array
    return checked


def _strings(data: object) -> tuple[str, ...]:
    if not isinstance(data, list) or len(data) > MOST_UNKNOWN or not all(isinstance(s, str) for s in data):
        raise Malformed("names that are none")
    return tuple(s[:LONGEST] for s in data)


def _fact(value: object) -> Any:
    if isinstance(value, str):
        return value[: LONGEST + 3]
    if isinstance(value, list):
        return [str(inner)[:LONGEST] for inner in value[:100]]
    if value is None or type(value) in (bool, int, float):
        return value
    raise Malformed("a fact that is none")
