"""Rooms of gradcheck look down only and stay light where they must, files import in no circle: read off the imports."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

Sources = Mapping[str, str]

BELOW: dict[str, set[str]] = {
    "errors": set(),
    "config": {"errors"},
    "holding": {"errors"},
    "problem": {"holding"},
    "numbers": {"errors"},
    "tracing": {"numbers", "problem"},
    "ties": {"tracing"},
    "routes": {"tracing"},
    "oracle": {"ties", "routes"},
    "verdict": {"oracle"},
    "rerun": {"problem"},
    "attribution": {"verdict", "rerun"},
    "conventions": {"problem"},
    "subject": {"conventions"},
    "strategies": {"problem"},
    "faults": {"oracle", "subject"},
    "explain": {"verdict", "faults"},
    "judge": {"attribution", "subject"},
    "checks": {"judge"},
    "diagnosis": {"judge", "explain", "strategies"},
    "run": {"diagnosis", "checks"},
    "verify": {"run"},
    "report": {"verify", "explain"},
    "baseline": {"verdict"},
    "cli": {"report", "config", "baseline"},
    "pytest_plugin": {"cli"},
    "__main__": {"cli"},
}
"""Each room and those directly below it; a room may import whatever is below, at any depth."""

SHIPPED = {"reference", "suites"}
"""Packages that ship inside gradcheck and are no part of it: loaded by path, imported by nobody."""

HEAVY = {"sympy", "symengine", "scipy", "hypothesis", "rich", "pytest", "mpmath", "flint"}
LATER = {"sympy", "scipy", "hypothesis", "rich", "pytest"}
LIGHT = {
    "problem": HEAVY,
    "errors": HEAVY | {"numpy"},
    "config": HEAVY | {"numpy"},
    "holding": HEAVY | {"numpy"},
    "numbers": LATER,
    "tracing": LATER,
}
"""What a room must not import before it is needed: a subject's process imports `problem` and nothing else."""

LIMIT = 500
LARGEST = 0.16
"""Share of the package's lines that one room may hold."""
TABLES = {
    "gradcheck/faults/catalogue.py": "a row per fault",
}
"""Longer files, and why."""


def below(room: str) -> set[str]:
    found = set(BELOW[room])
    for lower in BELOW[room]:
        found |= below(lower)
    return found


@cache
def imports(source: str, package: str) -> tuple[tuple[int, str, bool], ...]:
    """Line, dotted name and whether it happens when the module is imported; type-checking imports are left out."""

    def walk(node: ast.AST, at_import: bool) -> Iterator[tuple[int, str, bool]]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.orelse:
                yield from walk(child, at_import)
            return
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            yield from ((node.lineno, f"{base}.{alias.name}", at_import) for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args:
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            first = node.args[0]
            if called in ("import_module", "__import__") and isinstance(first, ast.Constant):
                yield node.lineno, str(first.value), at_import
        inside = at_import and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    return tuple(walk(ast.parse(source), True))


def room_of(path: str) -> str:
    """ "problem" for gradcheck/problem/ops.py, "errors" for gradcheck/errors.py, "" for gradcheck/__init__.py."""
    first = path.removeprefix("gradcheck/").partition("/")[0].removesuffix(".py")
    return "" if first == "__init__" else first


def violations(sources: Sources) -> list[str]:
    """Complaints about imports that look up, at the shipped packages, or at something heavy."""
    complaints = []
    for path, source in sources.items():
        room = room_of(path)
        if room and room not in BELOW:
            complaints.append(f"{path}: {room!r} is no room")
            continue
        package = path.rpartition("/")[0].replace("/", ".")
        for line, name, at_import in imports(source, package):
            top, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if top in SHIPPED or (top == "gradcheck" and other in SHIPPED):
                complaints.append(f"{path}:{line}: imports {name}, which is loaded by path only")
            elif top == "gradcheck" and room and other and other != room and other not in below(room):
                what = f"the higher room {other!r}" if other in BELOW else "the facade"
                complaints.append(f"{path}:{line}: {room!r} imports {name}, of {what}")
            elif top == "gradcheck" and not room and at_import:
                complaints.append(f"{path}:{line}: the facade imports {name} at once")
            elif at_import and top in LIGHT.get(room, set()):
                complaints.append(f"{path}:{line}: {room!r} imports {top} at once")
    return complaints


def module_of(path: str) -> str:
    """ "gradcheck.oracle.exact" for gradcheck/oracle/exact.py, "gradcheck.oracle" for gradcheck/oracle/__init__.py."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def edges(sources: Sources) -> dict[str, set[str]]:
    """The files that each file imports, anywhere in it, by dotted names."""
    modules = {module_of(path) for path in sources}
    found: dict[str, set[str]] = {}
    for path, source in sources.items():
        names = {name for _, name, _ in imports(source, path.rpartition("/")[0].replace("/", "."))}
        imported = {name if name in modules else name.rpartition(".")[0] for name in names}
        found[module_of(path)] = imported & modules
    return found


def circle(sources: Sources) -> list[str]:
    """A circle in the import graph of files, its first file written again at its end; empty if there is none."""
    try:
        TopologicalSorter(edges(sources)).prepare()
    except CycleError as wrong:
        return list(reversed(wrong.args[1]))
    return []


def too_long(sources: Sources) -> list[str]:
    """Files beyond the limit without a reason, and reasons without such a file."""
    lengths = {path: len(source.splitlines()) for path, source in sources.items()}
    complaints = [f"{p} has {n} lines, more than {LIMIT}" for p, n in lengths.items() if n > LIMIT and p not in TABLES]
    return complaints + [f"{p} needs no exception" for p in TABLES if lengths.get(p, 0) <= LIMIT]


@pytest.fixture(scope="module")
def sources(checkout: Path) -> Sources:
    """Every file of gradcheck, by its path in the checkout."""
    return read(checkout, "gradcheck")


def read(checkout: Path, *folders: str) -> Sources:
    paths = [path for folder in folders for path in sorted((checkout / folder).rglob("*.py"))]
    return {path.relative_to(checkout).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_rooms_look_down(sources: Sources) -> None:
    assert violations(sources) == []
    assert len(sources) > 50
    assert {room_of(path) for path in sources} - {""} <= set(BELOW)


def test_contributing_has_every_room(checkout: Path) -> None:
    text = (checkout / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Architecture")[2].partition("\n## ")[0]
    table = "\n".join(line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `"))
    assert {room for room in BELOW if f"`{room}`" not in table} == {"__main__"}
    assert len(section.splitlines()) <= 60


def test_every_import_of_a_room_is_seen(sources: Sources) -> None:
    # A checker that saw nothing would find nothing: these are imports that are known to be there.
    seen = {
        (room_of(path), name.split(".")[1])
        for path, source in sources.items()
        for _, name, _ in imports(source, path.rpartition("/")[0].replace("/", "."))
        if name.startswith("gradcheck.")
    }
    assert {
        ("problem", "errors"),
        ("oracle", "problem"),
        ("judge", "verdict"),
        ("run", "diagnosis"),
        ("cli", "run"),
    } <= seen


PLANTED = {
    "a higher room": (
        "gradcheck/problem/x.py",
        "from gradcheck.oracle.estimate import Estimate",
        "higher room 'oracle'",
    ),
    "a higher room, plainly": ("gradcheck/numbers/x.py", "import gradcheck.oracle.estimate", "higher room 'oracle'"),
    "a room beside": ("gradcheck/numbers/x.py", "from gradcheck.problem import Graph", "higher room 'problem'"),
    "subjects and oracles": ("gradcheck/oracle/x.py", "import gradcheck.subject.answer", "higher room 'subject'"),
    "oracles and subjects": ("gradcheck/subject/x.py", "from gradcheck.oracle import Kind", "higher room 'oracle'"),
    "verdicts and subjects": ("gradcheck/verdict/x.py", "import gradcheck.subject", "higher room 'subject'"),
    "a report from the runner": ("gradcheck/run/x.py", "from gradcheck.report import json", "higher room 'report'"),
    "in a function": ("gradcheck/errors.py", "def f():\n    from gradcheck.verdict import result", "errors.py:2"),
    "relatively": ("gradcheck/oracle/x.py", "from ..judge import graph_trial", "gradcheck.judge.graph_trial"),
    "relatively, from a package": (
        "gradcheck/oracle/a/x.py",
        "from ...judge import cost",
        "gradcheck.judge.cost",
    ),
    "by import_module": ("gradcheck/oracle/x.py", "import_module('gradcheck.run.suite')", "higher room 'run'"),
    "the facade": ("gradcheck/problem/x.py", "from gradcheck import Case", "of the facade"),
    "in an else of TYPE_CHECKING": (
        "gradcheck/errors.py",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import gradcheck.run",
        "errors.py:4",
    ),
    "the reference": ("gradcheck/judge/x.py", "from gradcheck.reference import gradients", "by path only"),
    "the reference of the checkout": ("gradcheck/cli/x.py", "import reference.rules", "by path only"),
    "the suites": ("gradcheck/run/x.py", "def f():\n    import gradcheck.suites", "by path only"),
    "sympy in problem": ("gradcheck/problem/x.py", "import sympy", "imports sympy at once"),
    "scipy in numbers": ("gradcheck/numbers/x.py", "from scipy.special import erfc", "imports scipy at once"),
    "in a class body": ("gradcheck/problem/x.py", "class A:\n    import rich", "imports rich at once"),
    "numpy in errors": ("gradcheck/errors.py", "import numpy as np", "imports numpy at once"),
    "an eager facade": ("gradcheck/__init__.py", "from gradcheck.problem import Graph", "facade imports"),
    "a new room": ("gradcheck/attic/x.py", "", "'attic' is no room"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_violation_is_found(planted: str) -> None:
    path, source, says = PLANTED[planted]
    (complaint,) = violations({path: source})
    assert says in complaint


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "gradcheck/errors.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gradcheck.verdict.result",
        ),
        ("gradcheck/oracle/x.py", "from gradcheck.problem import Graph\nfrom . import estimate\nimport sympy"),
        ("gradcheck/judge/x.py", "from gradcheck.errors import HarnessFault\nfrom gradcheck.numbers import ball"),
        ("gradcheck/problem/x.py", "def f():\n    from scipy.special import erfc"),
        ("gradcheck/subject/x.py", "import gradcheck\nfrom gradcheck.problem import Graph"),
        ("gradcheck/__init__.py", "def __getattr__(name):\n    from gradcheck.run.suite import case"),
    ],
)
def test_what_is_allowed_is_not_complained_about(path: str, source: str) -> None:
    assert violations({path: source}) == []


def test_no_circle_in_the_imports_of_files(sources: Sources) -> None:
    assert circle(sources) == []
    assert sum(map(len, edges(sources).values())) > len(sources)


CIRCLES = {
    "two files": {"a": "from gradcheck.b import B", "b": "import gradcheck.a"},
    "in a function": {"a": "import gradcheck.b", "b": "def f():\n    from gradcheck.a import A"},
    "in a method": {
        "a": "from gradcheck import b",
        "b": "class B:\n    def f(self):\n        from gradcheck.a import A",
    },
    "three files": {"a": "import gradcheck.b", "b": "import gradcheck.c", "c": "import gradcheck.a"},
    "relatively": {"a": "from . import b", "b": "from .a import A"},
    "through a package": {"a": "from gradcheck.room import x", "room/__init__": "from gradcheck.a import A"},
    "inside a room": {"room/a": "from .b import B", "room/b": "from gradcheck.room.a import A"},
    "by import_module": {"a": "import gradcheck.b", "b": "import_module('gradcheck.a')"},
    "itself": {"a": "def f():\n    from gradcheck.a import A"},
    "in an else of TYPE_CHECKING": {
        "a": "import gradcheck.b",
        "b": "if TYPE_CHECKING:\n    pass\nelse:\n    import gradcheck.a",
    },
}


def files(given: Mapping[str, str]) -> Sources:
    return {f"gradcheck/{name}.py": source for name, source in given.items()}


@pytest.mark.parametrize("planted", CIRCLES)
def test_a_planted_circle_is_found(planted: str) -> None:
    found = circle(files(CIRCLES[planted]))
    assert set(found) == {module_of(path) for path in files(CIRCLES[planted])}
    assert found[0] == found[-1]


def test_a_circle_reads_in_the_direction_of_the_imports() -> None:
    found = circle(files(CIRCLES["three files"]))
    assert all(later in edges(files(CIRCLES["three files"]))[now] for now, later in pairwise(found))


@pytest.mark.parametrize(
    "given",
    [
        {"a": "import gradcheck.b", "b": "if TYPE_CHECKING:\n    from gradcheck.a import A"},
        {"a": "import gradcheck.b\nimport gradcheck.c", "b": "import gradcheck.c", "c": ""},
        {"room/a": "from gradcheck.room.b import B", "room/b": "", "room/__init__": "from gradcheck.room.a import A"},
        {"a": "import sympy", "b": "import gradcheck.absent"},
    ],
)
def test_what_is_no_circle_is_not_complained_about(given: Mapping[str, str]) -> None:
    assert circle(files(given)) == []


def test_the_reference_knows_problems_and_nothing_else_of_gradcheck(checkout: Path) -> None:
    rooms = {
        name.split(".")[1] if "." in name else ""
        for path, source in read(checkout, "reference").items()
        for _, name, _ in imports(source, path.rpartition("/")[0])
        if name.partition(".")[0] == "gradcheck"
    }
    assert rooms <= {"problem", "errors"}


def test_files_are_short(checkout: Path) -> None:
    assert too_long(read(checkout, "gradcheck", "reference", "suites")) == []


def crowded(sources: Sources) -> list[str]:
    """Rooms that hold more than LARGEST of the package's lines."""
    lines = Counter[str]()
    for path, source in sources.items():
        lines[room_of(path)] += len(source.splitlines())
    most = LARGEST * sum(lines.values())
    return [f"{room} has {n} lines, more than {most:.0f}" for room, n in lines.items() if n > most]


def twins(sources: Sources) -> list[str]:
    """File names that occur in several folders."""
    names = Counter(Path(path).name for path in sources)
    return [name for name, count in names.items() if count > 1 and name != "__init__.py"]


def test_no_room_is_a_warehouse(sources: Sources) -> None:
    assert crowded(sources) == []


def test_no_file_name_occurs_twice(sources: Sources) -> None:
    assert twins(sources) == []


def test_a_warehouse_and_a_twin_are_found() -> None:
    given = {f"gradcheck/{room}/a.py": "\n" * 15 for room in "uvwxyz"}
    assert crowded({**given, "gradcheck/run/b.py": "\n" * 10}) == []
    assert crowded({**given, "gradcheck/run/b.py": "\n" * 18}) == ["run has 18 lines, more than 17"]
    assert twins(given) == ["a.py"]


def strays(listed: list[str], folder: Path) -> list[str]:
    """The paths that lead to no file of the folder."""
    return [path for path in listed if not (folder / path).is_file()]


def test_slow_modules_exist(checkout: Path) -> None:
    listed = (checkout / "tests" / "slow.txt").read_text(encoding="utf-8").split()
    assert listed
    assert strays(listed, checkout / "tests") == []
    assert strays([*listed, "unit/test_gone.py"], checkout / "tests") == ["unit/test_gone.py"]


def undocumented(sources: Sources) -> list[str]:
    """Public modules, functions, classes and methods without a docstring."""
    found = []
    for path, source in sources.items():
        tree = ast.parse(source)
        nodes: list[tuple[str, ast.AST]] = [(path, tree)]
        while nodes:
            name, node = nodes.pop()
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                continue
            if source.strip() and not ast.get_docstring(node):
                found.append(name)
            if not isinstance(node, ast.FunctionDef):
                named = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
                nodes += [(f"{name}:{n.name}", n) for n in named if not n.name.startswith("_")]
    return found


def test_public_things_have_docstrings(sources: Sources) -> None:
    assert undocumented(sources) == []
    one = '"""A file."""\ndef f(): pass\ndef _g(): pass\nclass C:\n    """A class."""\n    def m(self): pass'
    assert undocumented({"a.py": one, "b.py": ""}) == ["a.py:C:m", "a.py:f"]


def test_a_long_file_is_found() -> None:
    table = dict.fromkeys(TABLES, "\n" * (LIMIT + 1))
    assert too_long({"gradcheck/a.py": "\n" * LIMIT, **table}) == []
    assert too_long({"gradcheck/a.py": "\n" * (LIMIT + 1), **table}) == ["gradcheck/a.py has 501 lines, more than 500"]
    assert too_long(dict.fromkeys(TABLES, "")) == [f"{path} needs no exception" for path in TABLES]


def loaded_by(statement: str) -> set[str]:
    """Top-level packages in a fresh interpreter after `statement`."""
    script = f"import sys\n{statement}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def command(argument: str) -> str:
    """Python that runs the command line in silence."""
    quiet = "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):"
    return f"import contextlib, io\nfrom gradcheck.cli import main\n{quiet}\n    main([{argument!r}])"


PASSES = (
    "import gradcheck, numpy as np\n"
    "check = gradcheck.check_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, np.ones(3))\n"
    "assert check.verdict == 'PASS'"
)
"""A first check of a right derivative: neither what shows a result nor what explains a mistake is needed."""


@pytest.mark.parametrize(
    ("statement", "without"),
    [
        (command("--help"), HEAVY | {"numpy"}),
        (command("--version"), HEAVY | {"numpy"}),
        ("import gradcheck", HEAVY | {"numpy"}),
        ("import gradcheck; dir(gradcheck)", HEAVY | {"numpy"}),
        ("from gradcheck import InvalidProblem", HEAVY | {"numpy"}),
        ("from gradcheck import Graph, GraphBuilder, OPS, Case", HEAVY),
        ("import gradcheck.subject.service", HEAVY),
        (PASSES, HEAVY - {"flint"}),  # the proof computes with it; formulas are not asked for
    ],
)
def test_importing_costs_little(statement: str, without: set[str]) -> None:
    loaded = loaded_by(statement)
    assert "gradcheck" in loaded
    assert loaded & without == set()


@pytest.mark.parametrize(
    ("statement", "rooms"),
    [
        ("import gradcheck.cli.run", {"attribution", "checks", "explain", "rerun", "strategies", "verify"}),
        ("import gradcheck.cli.verify, gradcheck.verify.verification", {"attribution", "checks", "explain", "rerun"}),
        (PASSES, {"diagnosis", "explain", "report", "rerun", "verify"}),
    ],
)
def test_a_command_imports_no_room_of_others(statement: str, rooms: set[str]) -> None:
    """What a run without a failure needs; causes, and reports that nobody asked for, double its start."""
    found = "print(*sorted({name.split('.')[1] for name in sys.modules if name.startswith('gradcheck.')}))"
    done = subprocess.run([sys.executable, "-c", f"import sys\n{statement}\n{found}"], capture_output=True, text=True)
    assert "tracing" in done.stdout.split()
    assert set(done.stdout.split()) & rooms == set()


def test_verify_starts_the_look_before_it_imports_the_judge() -> None:
    """The process that looks at the file starts meanwhile."""
    found = "print(*sorted({name.split('.')[1] for name in sys.modules if name.startswith('gradcheck.')}))"
    code = f"import sys\nimport gradcheck.cli.verify\n{found}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "subject" in done.stdout.split()
    assert set(done.stdout.split()) & {"judge", "oracle", "tracing", "diagnosis"} == set()


def test_what_is_loaded_is_seen() -> None:
    assert {"numpy", "gradcheck"} <= loaded_by("import gradcheck.problem")
    assert "rich" in loaded_by("import gradcheck.verdict.rendering")
    shown = PASSES.replace("assert check.verdict == 'PASS'", "check.to_text()")
    assert "rich" in loaded_by(shown)
    assert "symengine" in loaded_by(PASSES.replace("np.ones(3))", "np.ones(3), oracles='all')"))
