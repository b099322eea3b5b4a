"""Suites: Python or JSON files of cases, and their addresses `SUITE::CASE`.

A Python suite holds functions decorated `@gradcheck.case` that return or yield cases. A function with one argument
is given a seed: from the suite's and function's name by default, so that a run repeats everywhere.

    import gradcheck

    @gradcheck.case
    def squares():
        build = gradcheck.GraphBuilder()
        x = build.parameter("x")
        return gradcheck.Case("square", build.graph(build.square(x)), {"x": 3.0}, "dx^2/dx = 2x")
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from gradcheck.errors import InvalidProblem, UsageError
from gradcheck.problem import Case, Cost, Training
from gradcheck.problem.serialise import suite_from_json
from gradcheck.subject.loading import Package

AnyCase = Case | Training | Cost
"""What a suite is made of."""

_MARK = "__gradcheck_case__"
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Addressed:
    """A case and its address; `suite` is what stands before the `::`; `named` if the address itself was asked for."""

    address: str
    suite: str
    case: AnyCase
    named: bool = False


def case(function: Function) -> Function:
    """Mark a function of a suite file as one that returns or yields cases (or lists of them)."""
    setattr(function, _MARK, True)
    return function


def builtin_suites() -> dict[str, Path]:
    """The suites that ship with gradcheck, by name."""
    folder = _builtin_folder()
    python = {p.stem: p for p in sorted(folder.glob("*.py")) if p.stem != "__init__"}
    return {**python, **{f"regressions/{p.stem}": p for p in sorted((folder / "regressions").glob("*.json"))}}


def collect(targets: Sequence[str], *, seed: int | None = None) -> list[Addressed]:
    """The cases that `targets` (`SUITE` or `SUITE::CASE`) name, in order; all built-in suites for none.

    Raises UsageError for a suite or case that does not exist, InvalidProblem for a suite file that is invalid.
    """
    found: list[Addressed] = []
    for target in targets or list(builtin_suites()):
        suite, _, name = target.partition("::")
        cases = load_suite(suite, seed=seed)
        if name:
            chosen = [a for a in cases if a.case.name == name] or [a for a in cases if name in a.case.labels]
            if not chosen:
                raise UsageError(f"suite {suite!r} has no case {name!r}; {_hint(name, [a.case.name for a in cases])}")
            cases = [replace(a, named=True) for a in chosen]
        found += cases
    return list({a.address: a for a in found}.values())


def load_suite(suite: str, *, seed: int | None = None) -> list[Addressed]:
    """All cases of one suite: an existing path, else the name of a built-in one."""
    path = Path(suite)
    builtin = builtin_suites()
    if not path.is_file():
        if suite not in builtin:
            raise UsageError(f"no suite {suite!r}: neither a file nor one of the built-in suites, {', '.join(builtin)}")
        path = builtin[suite]
    if path.suffix == ".json":
        cases: list[AnyCase] = [*suite_from_json(path.read_text(encoding="utf-8"), where=str(path))]
    elif path.suffix == ".py":
        cases = list(_python_cases(path, suite, seed))
    else:
        raise UsageError(f"a suite is a .py or .json file, got {suite!r}")
    names: set[str] = set()
    for c in cases:
        if c.name in names:
            raise InvalidProblem("two cases have this name; names must be unique", where=f"{suite}: case {c.name!r}")
        names.add(c.name)
    return [Addressed(f"{suite}::{c.name}", suite, c) for c in cases]


def seed_of(address: str) -> int:
    """The seed derived from an address: 32 bits of its SHA-256, the same on every machine."""
    return int.from_bytes(hashlib.sha256(address.encode()).digest()[:4], "big")


def _python_cases(path: Path, suite: str, seed: int | None) -> Iterator[AnyCase]:
    module = _load(path)
    functions = [f for f in vars(module).values() if getattr(f, _MARK, False)]
    if not functions:
        raise InvalidProblem("no function is decorated @gradcheck.case", where=str(path))
    for function in functions:
        own = seed if seed is not None else seed_of(f"{Path(suite).stem}::{function.__name__}")
        takes_seed = bool(inspect.signature(function).parameters)
        try:
            made = function(own) if takes_seed else function()
            for row in _flat(made, where=f"{path}: {function.__name__}"):
                if takes_seed and isinstance(row, Case) and row.seed is None:
                    yield replace(row, seed=own)
                else:
                    yield row
        except InvalidProblem as wrong:
            raise wrong.within(f"{path}: {function.__name__}") from wrong
        except Exception as wrong:
            raise _raised(path, wrong) from wrong


def _flat(made: Any, where: str) -> Iterator[AnyCase]:
    if isinstance(made, AnyCase):
        yield made
    elif isinstance(made, Iterable) and not isinstance(made, str | bytes):
        for row in made:
            yield from _flat(row, where)
    else:
        raise InvalidProblem(f"expected cases to be returned or yielded, got {type(made).__name__}", where=where)


def _load(path: Path) -> ModuleType:
    try:
        if path.parent == _builtin_folder():
            return import_module(f"gradcheck.suites.{path.stem}")
        return Package(path.resolve()).load()
    except SyntaxError as wrong:
        raise InvalidProblem(f"the suite is no Python: {wrong.msg}", where=f"{path}, line {wrong.lineno}") from wrong
    except InvalidProblem as wrong:
        raise wrong.within(str(path)) from wrong
    except Exception as wrong:
        raise _raised(path, wrong) from wrong


def _raised(path: Path, wrong: Exception) -> InvalidProblem:
    frames = [f for f in traceback.extract_tb(wrong.__traceback__) if Path(f.filename) == path.resolve()]
    place = f"{path}, line {frames[-1].lineno}" if frames else str(path)
    return InvalidProblem(f"{type(wrong).__name__}: {wrong}", where=place)


def _builtin_folder() -> Path:
    """The folder of the built-in suites: installed as `gradcheck.suites`, wherever that lies."""
    return shipped("suites").parent


def shipped(package: str) -> Path:
    """The `__init__.py` of a package that ships inside gradcheck (`reference`, `suites`), without importing it."""
    spec = find_spec(f"gradcheck.{package}")
    if spec is None or spec.origin is None:
        raise UsageError(
            f"gradcheck.{package} is not installed; install gradcheck with pip, from its checkout or wheel"
        )
    return Path(spec.origin)


def _hint(name: str, names: Sequence[str]) -> str:
    """The names that one may have meant, and some of all there are."""
    lowered = {n.lower(): n for n in names}
    near = [repr(lowered[n]) for n in difflib.get_close_matches(name.lower(), lowered, n=3)]
    there = "it has " + ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"did you mean {' or '.join(near)}? {there}" if near else there
