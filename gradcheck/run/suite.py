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
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from gradcheck.errors import InvalidProblem, UsageError, printable
from gradcheck.judge.definition import definition
from gradcheck.problem import Case, Cost, Training
from gradcheck.problem.reading import brief, is_there, read_text, trouble
from gradcheck.problem.serialise import suite_from_json
from gradcheck.subject.answer import ENTRY_POINTS
from gradcheck.subject.loading import Package
from gradcheck.subject.trouble import shown_text

AnyCase = Case | Training | Cost
"""A case of a suite."""

MOST_CASES = 100_000
"""Maximum number of cases of one suite, so that an endless generator is stopped."""

_MARK = "__gradcheck_case__"
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Addressed:
    """A case and its address.

    Attributes
    ----------
    address, suite: `SUITE::CASE`, and the part before `::`.
    case: the case.
    named: whether the address itself was asked for.
    line: of the function in the suite's file that made the case; None where it is not to be had.
    """

    address: str
    suite: str
    case: AnyCase
    named: bool = False
    line: int | None = None


def case(function: Function) -> Function:
    """Decorator for a function of a suite file that returns or yields cases (or lists of them)."""
    setattr(function, _MARK, True)
    return function


def builtin_suites() -> dict[str, Path]:
    """The suites that ship with gradcheck, by name."""
    folder = _builtin_folder()
    python = {p.stem: p for p in sorted(folder.glob("*.py")) if p.stem != "__init__"}
    return {**python, **{f"regressions/{p.stem}": p for p in sorted((folder / "regressions").glob("*.json"))}}


WholeSuite = Callable[[str, Sequence[Addressed]], Sequence[Addressed]]
"""Changes the cases of a suite, before any of them is chosen by name."""


def collect(
    targets: Sequence[str], *, seed: int | None = None, each: WholeSuite = lambda suite, cases: cases
) -> list[Addressed]:
    """The cases that `targets` (`SUITE` or `SUITE::CASE`) name, in order; all built-in suites for none.

    `each` is applied to every suite as a whole, as it is read.

    Raises UsageError for a suite or case that does not exist, InvalidProblem for a suite file that is invalid.
    """
    found: list[Addressed] = []
    known: dict[Path, str] = {}
    for target in targets or list(builtin_suites()):
        suite, _, name = target.partition("::")
        suite = known.setdefault(suite_file(suite).absolute(), suite)  # ./s.py and s.py are one suite
        cases = each(suite, load_suite(suite, seed=seed))
        if name:
            chosen = [a for a in cases if a.case.name == name] or [a for a in cases if name in a.case.labels]
            if not chosen:
                raise UsageError(f"suite {brief(suite)} has no case {brief(name)}; {hint(name, cases)}")
            cases = [replace(a, named=True) for a in chosen]
        found += cases
    return list({a.address: a for a in found}.values())


def load_suite(suite: str, *, seed: int | None = None) -> list[Addressed]:
    """All cases of one suite: an existing path, else the name of a built-in one.

    A Python suite runs in this process; its output goes to stderr, since stdout holds the report.
    """
    path = suite_file(suite)
    if path.suffix == ".json":
        cases: Iterable[tuple[AnyCase, int | None]] = (
            (c, None) for c in suite_from_json(read_text(path), where=str(path))
        )
    elif path.suffix == ".py":
        cases = _python_cases(path, suite, seed)
    else:
        raise UsageError(f"a suite is a .py or .json file, got {brief(suite)}")
    found: dict[str, tuple[AnyCase, int | None]] = {}
    with redirect_stdout(sys.stderr):
        for c, line in cases:
            if c.name in found:
                where = f"{suite}: case {brief(c.name)}"
                raise InvalidProblem("two cases have this name; names must be unique", where=where)
            found[c.name] = c, line
    return [Addressed(f"{suite}::{name}", suite, c, line=line) for name, (c, line) in found.items()]


def suite_file(suite: str) -> Path:
    """The file that `suite` means."""
    builtin = builtin_suites()
    why = trouble(Path(suite)) if suite else "it has no name"
    if why is None:
        return Path(suite)
    if suite in builtin:
        return builtin[suite]
    if suite and is_there(Path(suite)):
        raise UsageError(f"no suite {brief(suite)}: {why}; a suite is a .py or .json file")
    if not suite:
        raise UsageError("expected SUITE or SUITE::CASE, got an empty name")
    known = f"the built-in suites are {', '.join(builtin)}"
    before, _, after = suite.rpartition(":")
    if after and (before in builtin or trouble(Path(before)) is None):
        raise UsageError(f"no suite {brief(suite)}: did you mean {brief(f'{before}::{after}')}?")
    if near := near_names(suite, builtin):
        known = f"did you mean {near}? {known}"
    raise UsageError(f"no suite {brief(suite)}: neither a file nor one of the built-in suites; {known}")


def seed_of(address: str) -> int:
    """The seed derived from an address: 32 bits of its SHA-256, the same on every machine."""
    return int.from_bytes(hashlib.sha256(address.encode()).digest()[:4], "big")


def _python_cases(path: Path, suite: str, seed: int | None) -> Iterator[tuple[AnyCase, int | None]]:
    """Each case, and the line of the function that made it."""
    module = _load(path)
    functions = {n: f for n, f in vars(module).items() if getattr(f, "__dict__", {}).get(_MARK) is True}
    if not functions:
        raise InvalidProblem(f"no function is decorated @gradcheck.case{_meant(path, module)}", where=str(path))
    for name, function in functions.items():
        name = getattr(function, "__name__", name)
        own = seed if seed is not None else seed_of(f"{Path(suite).stem}::{name}")
        try:
            takes_seed = bool(inspect.signature(function).parameters)
            made = function(own) if takes_seed else function()
            home = definition(function)
            line = home.line if home.file == str(path.resolve()) else None
            for row in _flat(made):
                if takes_seed and isinstance(row, Case) and row.seed is None:
                    yield replace(row, seed=own), line
                else:
                    yield row, line
        except InvalidProblem as wrong:
            raise wrong.within(f"{path}: {name}") from wrong
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as wrong:  # a suite may call sys.exit
            raise _raised(path, wrong) from wrong


def _meant(path: Path, module: ModuleType) -> str:
    """A hint, if the file looks like an engine instead of a suite; "" otherwise."""
    entries = [name for name in ENTRY_POINTS if callable(getattr(module, name, None))]
    return f", but it has the entry point `{entries[0]}`: did you mean --subject {path}?" if entries else ""


def _flat(made: Any) -> Iterator[AnyCase]:
    """The cases in what a function returned: one, or anything that gives cases when iterated, however nested."""
    waiting: list[Iterator[Any]] = [iter((made,))]
    for _ in range(MOST_CASES):
        while waiting and (row := next(waiting[-1], _END)) is _END:
            waiting.pop()
        if not waiting:
            return
        if isinstance(row, AnyCase):
            yield row
        elif isinstance(row, Iterable) and not isinstance(row, str | bytes):
            waiting.append(iter(row))
        else:
            raise InvalidProblem(f"expected cases to be returned or yielded, got {type(row).__name__}")
    raise InvalidProblem(f"it gives more than {MOST_CASES:,} cases; does it ever end?")


_END = object()
MOST_CALLS = 5
"""Calls that are shown of those that led to an exception, the innermost ones."""


def _load(path: Path) -> ModuleType:
    try:
        if path.parent == _builtin_folder():
            return import_module(f"gradcheck.suites.{path.stem}")
        return Package(path.resolve()).load()
    except SyntaxError as wrong:
        place = str(path) if wrong.filename in (None, str(path.resolve())) else f"{path}: {wrong.filename}"
        line = f", line {wrong.lineno}" if wrong.lineno else ""
        raise InvalidProblem(f"the suite is no Python: {wrong.msg}", where=f"{place}{line}") from wrong
    except InvalidProblem as wrong:
        raise wrong.within(str(path)) from wrong
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as wrong:  # a suite may call sys.exit
        raise _raised(path, wrong) from wrong


def _raised(path: Path, wrong: BaseException) -> InvalidProblem:
    frames = [f for f in traceback.extract_tb(wrong.__traceback__) if Path(f.filename) == path.resolve()]
    place = f"{path}, line {frames[-1].lineno}" if frames else str(path)
    if isinstance(wrong, SystemExit):
        status = "" if wrong.code is None else shown_text(wrong.code)
        return InvalidProblem(f"the suite called sys.exit({status}): it must give its cases and go on", where=place)
    return InvalidProblem(f"{type(wrong).__name__}: {shown_text(wrong)}{_calls(wrong)}", where=place)


def _calls(wrong: BaseException) -> str:
    """The user's own calls that led to an exception, as a traceback has them; "" where it is raised without any."""
    from gradcheck.judge.raised import raised  # imported late: few suites raise

    frames = raised(wrong).get("frames", [])[-MOST_CALLS:]
    shown = [f"{Path(frame['file']).name}, line {frame['line']}, in {frame['function']}" for frame in frames]
    return f"; traceback: {' > '.join(shown)}" if len(shown) > 1 else ""


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


def near_names(name: str, names: Iterable[str]) -> str:
    """Names that may have been meant, joined by "or"; "" if none is similar."""
    lowered = {n.lower(): n for n in names}
    wish = name.lower()
    near = [n for n in lowered if _letters(n) == _letters(wish) != ""]
    if len(wish) < 200:  # the comparison takes quadratic time
        near += [n for n in difflib.get_close_matches(wish, lowered, n=3) if n not in near]
    return " or ".join(repr(lowered[n]) for n in near[:3])


def _letters(name: str) -> str:
    """S4b for S4.b, and the like."""
    return "".join(c for c in name if c.isalnum())


def hint(name: str, cases: Sequence[Addressed]) -> str:
    """The names and labels that may have been meant, and some of all existing names."""
    names = [a.case.name for a in cases]
    near = near_names(name, [*names, *(label for a in cases for label in a.case.labels)])
    there = f"it has {', '.join(map(printable, names[:12])) or 'none'}"
    there += f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"did you mean {near}? {there}" if near else there
