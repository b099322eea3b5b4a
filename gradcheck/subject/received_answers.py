"""Answers as the parent receives them: it checks every name, count and array.

Names of the problem travel as their positions in it, so that a million adjoints are one array of integers. Only names
that the problem lacks travel as text, and few of them are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import eq
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.problem.graph import Graph
from gradcheck.problem.training import Training
from gradcheck.subject.answer import Answer, Array, Declared, Origin, TrainingAnswer, TrainingStep
from gradcheck.subject.messages import LONGEST_UNKNOWN, MOST_UNKNOWN, checked, checked_error
from gradcheck.subject.trouble import LONGEST
from gradcheck.subject.wire import Malformed

MOST_ORIGINS = 100
"""Maximum number of gradients whose origin is asked for at once."""


class Vocabulary:
    """The names that may appear in an answer to `problem` at `point`."""

    def __init__(self, problem: Any, point: Mapping[str, Any]) -> None:
        self._graph = problem if isinstance(problem, Graph) else None
        self.names: Sequence[str] = problem.names if isinstance(problem, Graph) else list(point)
        self._index = {} if self._graph is not None else {name: i for i, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int | None:
        """Position of a name; None if the problem lacks it."""
        if self._graph is None:
            return self._index.get(name)
        try:
            return self._graph.index(name)
        except (KeyError, ValueError):
            return None


def most_arrays(vocabulary: Vocabulary) -> int:
    """Maximum number of arrays of an answer of the right form."""
    return 2 * len(vocabulary) + 2 * MOST_UNKNOWN + 16


def most_training_arrays(training: Training) -> int:
    """Maximum number of arrays of an answer to `training`, with room for ten times the steps and a few wrong names."""
    return min(2_000_000, (10 * training.steps + 1_000) * (len(training.parameters) + 16))


def answer_to_wire(answer: Answer, vocabulary: Vocabulary) -> tuple[dict[str, Any], list[Array]]:
    """Header and arrays of an answer."""
    arrays: list[Array] = [answer.value]
    header: dict[str, Any] = {"status": "answer", "mutated": _shortened(answer.mutated)}
    if answer.operations is not None:
        header["operations"] = answer.operations
    if answer.tampered:
        header["tampered"] = _shortened(answer.tampered)
    header["gradients"] = _names_to_wire(answer.gradients, vocabulary, arrays, "gradients")
    if answer.adjoints is not None:
        header["adjoints"] = _names_to_wire(answer.adjoints, vocabulary, arrays, "adjoints")
    return header, arrays


def answer_from_wire(
    header: Mapping[str, Any], arrays: list[Array], vocabulary: Vocabulary, *, stdout: str, seconds: float
) -> Answer:
    """The answer; raises Malformed for anything that `answer_to_wire` does not write."""
    checked(header, "answer")
    left = iter(arrays)
    value = _next(left)
    gradients = _names_from_wire(header["gradients"]["unknown"], vocabulary, left)
    adjoints = None
    if "adjoints" in header:
        adjoints = _names_from_wire(header["adjoints"]["unknown"], vocabulary, left)
    if next(left, None) is not None:
        raise Malformed("arrays that the answer does not name")
    mutated, tampered = tuple(header["mutated"]), tuple(header.get("tampered", ()))
    return Answer(value, gradients, adjoints, mutated, stdout, seconds, header.get("operations"), tampered)


def training_to_wire(answer: TrainingAnswer) -> tuple[dict[str, Any], list[Array]]:
    """Header and arrays, parameter by parameter, so that a parameter's history is one run of arrays."""
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
    """The steps; raises Malformed for anything that `training_to_wire` does not write."""
    checked(header, "training")
    names, count = header["names"], header["steps"]
    if len(arrays) != count * (1 + len(names)):
        raise Malformed("steps that its arrays do not make up")
    if len(set(names)) != len(names):
        raise Malformed("one name twice")
    steps = tuple(
        TrainingStep(arrays[i], {name: arrays[(k + 1) * count + i] for k, name in enumerate(names)})
        for i in range(count)
    )
    return TrainingAnswer(steps, tuple(header["mutated"]), stdout, seconds)


def origins_from_wire(header: Mapping[str, Any], blocks: Sequence[str]) -> dict[str, Origin]:
    """The origins of `blocks`; raises Malformed for any other message."""
    checked(header, "origins")
    if any(row[0] >= len(blocks) for row in header["found"]):
        raise Malformed("an origin of what it was not asked about")
    return {blocks[k]: Origin(file, line, function) for k, file, line, function in header["found"]}


def loaded_from_wire(header: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str], Declared]:
    """Entry points, further forms and declarations of a loaded file; raises Malformed for any other message."""
    checked(header, "loaded")
    ops = header["ops"]
    declared = Declared(
        None if ops is None else frozenset(ops),
        header["dtype"],
        header.get("name"),
        header.get("scalars", False),
        header.get("counts", True),
    )
    return frozenset(header["entry_points"]), frozenset(header["forms"]), declared


def error_to_wire(wrong: SubjectError) -> dict[str, Any]:
    """Header of a message about a failure."""
    return {"status": "error", "code": wrong.code, "facts": wrong.facts}


def error_from_wire(header: Mapping[str, Any], do: str) -> SubjectError:
    """The failure of a child that was asked to `do` something.

    Raises Malformed for a code that a child may not give here, and for facts that do not fill the finding's sentence.
    """
    code, facts = checked_error(header, do)
    return SubjectError(code, **{name: _shown(value) for name, value in facts.items()})


def _names_to_wire(
    named: Mapping[str, Array], vocabulary: Vocabulary, arrays: list[Array], what: str
) -> dict[str, Any]:
    if len(named) == len(vocabulary) and all(map(eq, named, vocabulary.names)):
        arrays.append(np.arange(len(named)))  # usually all nodes, in the graph's order
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


def _names_from_wire(unknown: list[str], vocabulary: Vocabulary, left: Any) -> dict[str, Array]:
    places = _next(left)
    if places.dtype != np.int64 or places.ndim != 1:
        raise Malformed("names that are no positions")
    # Compared, not subtracted: a difference of two int64 may overflow.
    if places.size and (places[0] < 0 or places[-1] >= len(vocabulary) or np.any(places[1:] <= places[:-1])):
        raise Malformed("positions that the problem has not")
    every = len(places) == len(vocabulary)
    names = list(vocabulary.names) if every else [vocabulary.names[place] for place in places.tolist()]
    names += unknown
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


def _shown(fact: Any) -> Any:
    """A fact that can be printed and written: of limited length, without lone surrogates."""
    if isinstance(fact, list):
        return [_shown(inner) for inner in fact]
    return fact[: LONGEST + 3].encode("utf-8", "replace").decode() if isinstance(fact, str) else fact
