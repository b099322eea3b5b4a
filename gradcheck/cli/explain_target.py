"""What `gradcheck explain` is asked about: a case of a suite, or a graph or case in a JSON file, at a point."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem, UsageError, shortened
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.problem import Case, Cost, Graph, Training
from gradcheck.problem.arrays import real_array
from gradcheck.problem.reading import brief, is_there, parsed, read_text
from gradcheck.problem.serialise import case_from_dict, graph_from_dict
from gradcheck.run.suite import Addressed, builtin_suites, collect, load_suite, near_names
from gradcheck.verdict.finding_kinds import KINDS

_LONGEST_NAME = 200
"""Maximum number of characters of a name or label that is looked up in the built-in suites."""


@dataclass(frozen=True)
class Target:
    """A case to explain, its name, and remarks on how it was chosen."""

    case: Case
    address: str
    notes: tuple[str, ...] = ()


def explained(what: str, at: Sequence[str], seed: int | None = None) -> Target:
    """The case that `what` names, at the values of `at`.

    Raises UsageError for something that does not exist or lacks values, InvalidProblem for an invalid file.
    """
    values = _values(at)
    if "::" in what:
        target = _of_suite(what, seed)
    elif is_there(Path(what)) and Path(what).suffix == ".json":
        return _of_file(Path(what), what, values)
    else:
        target = _of_suite(_address(what, seed), seed)
    if not values:
        return target
    return replace(target, case=_moved(target.case, values, target.address))


def entry_of(text: str, case: Case) -> tuple[str, tuple[int, ...]]:
    """ "W[0,1]" as a parameter's name and an index; the whole text where a parameter bears that very name."""
    graph = case.graph
    if text in {graph.names[i] for i in graph.parameters}:
        return text, ()
    found = re.fullmatch(r"(.+)\[\s*(\d{1,12}(?:\s*,\s*\d{1,12})*)\s*\]", text, re.DOTALL)
    if found is None:
        return text, ()
    return found[1], tuple(int(i) for i in found[2].split(","))


def _of_suite(what: str, seed: int | None) -> Target:
    found = collect([what], seed=seed)
    chosen, notes = found[0], []
    case = chosen.case
    if len(found) > 1:
        name = what.partition("::")[2]
        others = ", ".join(a.case.name for a in found[1:6]) + (", ..." if len(found) > 6 else "")
        notes.append(f"{name} is a label of {len(found)} cases; this is the first of them. The others: {others}")
    if isinstance(case, Cost):
        notes.append(f"a claim on cost; this is its smallest problem, of size {case.sizes[0]}")
        case = case.smallest
    elif isinstance(case, Training):
        count = case.batch_size
        notes.append(f"a training; this is the gradient of a first mini-batch, of samples 0 to {count - 1}")
        case = Case(
            case.name,
            case.problem(count),
            case.point(range(count), case.parameters),
            case.sentence,
            case.dtype,
            labels=case.labels,
        )
    return Target(case, chosen.address, tuple(notes))


def _of_file(path: Path, what: str, values: dict[str, Any]) -> Target:
    data = parsed(read_text(path), what)
    if not isinstance(data, dict):
        raise InvalidProblem(f"expected a graph or a case, a JSON object; got {type(data).__name__}", where=what)
    if "cases" in data:
        rows = data["cases"] if isinstance(data["cases"], list) else []
        names = [f"{what}::{shortened(str(row.get('name')), 80)}" for row in rows if isinstance(row, dict)]
        raise UsageError(f"{what} is a suite; name one of its cases: {', '.join(names[:6]) or 'it has none'}")
    try:
        if "graph" in data:
            case = case_from_dict({key: value for key, value in data.items() if key != "schema_version"})
            return Target(_moved(case, values, what) if values else case, what)
        graph = graph_from_dict(data)
    except InvalidProblem as wrong:
        raise wrong.within(what) from None
    return Target(_at_values(graph, path.stem, what, values), what)


def _at_values(graph: Graph, name: str, what: str, values: dict[str, Any]) -> Case:
    wanted = {graph.names[i]: graph.shapes[i] for i in graph.free}
    if missing := [f"{n} (shape {s})" if s else n for n, s in wanted.items() if n not in values]:
        example = ",".join(f"{n}=..." for n in wanted)
        raise UsageError(
            f"{what} is a graph without a point; it needs a value for {', '.join(missing)}: --at {example}"
        )
    try:
        return Case(name if name.isprintable() and "::" not in name else "graph", graph, values)
    except InvalidProblem as wrong:
        raise UsageError(f"--at: {wrong}") from None


def _moved(case: Case, values: dict[str, Any], what: str) -> Case:
    try:
        return case.at({**case.point, **values})
    except InvalidProblem as wrong:
        raise UsageError(f"--at: {what}: {wrong}") from None


def _values(given: Sequence[str]) -> dict[str, Any]:
    """["a=1,b=2", "W=[[1,2],[3,4]]"] as arrays by name."""
    values: dict[str, Any] = {}
    for text in given:
        for part in _parts(text):
            name, equals, number = part.rpartition("=")
            try:
                value = real_array(parsed(number, "--at") if equals else None)
            except ValueError:
                value = np.asarray(np.nan)
            if not name.strip() or not np.all(np.isfinite(value)):
                raise UsageError(f"--at takes NAME=VALUE,... with numbers or lists of numbers, got {brief(part)}")
            values[name.strip()] = value
    return values


def _parts(text: str) -> Iterator[str]:
    """Split at the commas that are in no bracket."""
    depth, start = 0, 0
    for k, character in enumerate(text):
        depth += (character in "[(") - (character in ")]")
        if character == "," and depth == 0:
            yield text[start:k]
            start = k + 1
    yield text[start:]


def _address(what: str, seed: int | None) -> str:
    """The address of the built-in case with the name or label `what`."""
    suites = builtin_suites()
    if what in suites or (is_there(Path(what)) and Path(what).suffix == ".py"):
        names = [a.address for a in load_suite(what, seed=seed)]
        raise UsageError(f"{what} is a suite; name one of its cases: {', '.join(names[:6]) or 'it has none'}, ...")
    if (
        not what.isprintable()
        or len(what) > _LONGEST_NAME
        or is_there(Path(what))
        or Path(what).suffix in (".json", ".py")
    ):
        raise UsageError(_unknown(what, []))  # no case has such a name
    there = collect([], seed=seed)
    found = [a for a in there if a.case.name == what] or [a for a in there if what in a.case.labels]
    if len(found) == 1:
        return found[0].address
    if found:
        addresses = ", ".join(a.address for a in found[:12]) + (", ..." if len(found) > 12 else "")
        raise UsageError(f"{brief(what)} is the name or a label of {len(found)} cases; choose one: {addresses}")
    raise UsageError(_unknown(what, there))


def _unknown(what: str, there: Sequence[Addressed]) -> str:
    suites = builtin_suites()
    codes = [*KINDS, *(fault.code for fault in CATALOGUE)]
    near = near_names(what, [*codes, *suites, *(n for a in there for n in (a.case.name, *a.case.labels))])
    hint = f"did you mean {near}?" if near else f"suites are {', '.join(suites)}"
    wanted = "expected SUITE::CASE, a built-in case's name or label, a JSON file of a graph or case, or a code"
    return f"nothing known about {brief(what)}: {wanted}; {hint}"
