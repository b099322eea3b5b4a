"""The wheel: one top-level name, every file that belongs in it, and no need of the checkout once it is installed."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def settings(folder: Path) -> Mapping[str, Any]:
    table: Mapping[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "setuptools"
    ]
    return table


def homes(table: Mapping[str, Any]) -> dict[str, str]:
    """The folder of the checkout that each listed top package lives in: {"reference": "gradcheck/reference", ...}."""
    return {folder: package.replace(".", "/") for package, folder in table["package-dir"].items()}


def expected(files: Iterable[str], homes: Mapping[str, str]) -> dict[str, str]:
    """Where each file of the packages belongs in the wheel."""
    found = {}
    for file in files:
        top, _, rest = file.partition("/")
        if top in homes and rest:
            found[file] = f"{homes[top]}/{rest}"
    return found


def unlisted(files: Iterable[str], table: Mapping[str, Any]) -> set[str]:
    """Packages that are folders but not in the list, or in the list but no folders."""
    folders = {
        str(PurePosixPath(place).parent) for place in expected(files, homes(table)).values() if place.endswith(".py")
    }
    return {folder.replace("/", ".") for folder in folders} ^ set(table["packages"])


@pytest.fixture(scope="module")
def files(export: Path) -> list[str]:
    return sorted(path.relative_to(export).as_posix() for path in export.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def contents(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return sorted(name for name in archive.namelist() if not name.endswith("/"))


def test_gradcheck_is_the_only_top_level_name(contents: list[str], wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in contents}
    (information,) = [top for top in tops if top.endswith(".dist-info")]
    assert tops == {"gradcheck", information}
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{information}/top_level.txt").decode().split() == ["gradcheck"]
        assert "gradcheck = gradcheck.cli:main" in archive.read(f"{information}/entry_points.txt").decode()


def test_listed_packages_are_the_folders(files: list[str], export: Path) -> None:
    assert unlisted(files, settings(export)) == set()


def test_the_wheel_holds_exactly_the_files_of_the_packages(files: list[str], contents: list[str], export: Path) -> None:
    inside = {name for name in contents if name.startswith("gradcheck/")}
    assert set(expected(files, homes(settings(export))).values()) == inside


def test_every_package_is_one(contents: list[str]) -> None:
    folders = {str(PurePosixPath(name).parent) for name in contents if name.endswith(".py")}
    assert {f"{folder}/__init__.py" for folder in folders} <= set(contents)


@pytest.mark.parametrize(
    "name",
    [
        "gradcheck/py.typed",
        "gradcheck/problem/graph.schema.json",
        "gradcheck/report/run-lines.schema.json",
        "gradcheck/report/run.schema.json",
        "gradcheck/explain/explain.schema.json",
        "gradcheck/subject/PROTOCOL.md",
        "gradcheck/reference/dag.py",
        "gradcheck/reference/rules.py",
        "gradcheck/suites/worked_examples.py",
        "gradcheck/suites/random_dags.py",
    ],
)
def test_what_must_not_be_missing(contents: list[str], name: str) -> None:
    assert name in contents


def test_forgotten_packages_and_stale_ones_are_found() -> None:
    table = {"packages": ["a", "a.b", "a.c"], "package-dir": {"a": "a", "a.c": "c"}}
    good = ["a/__init__.py", "a/b/__init__.py", "c/__init__.py", "c/data.json", "docs/x.py", "setup.py"]
    assert unlisted(good, table) == set()
    assert unlisted([*good, "c/d/x.py"], table) == {"a.c.d"}
    assert unlisted([name for name in good if name != "a/b/__init__.py"], table) == {"a.b"}
    assert expected(good, homes(table))["c/data.json"] == "a/c/data.json"
    assert "setup.py" not in expected(good, homes(table))


def imported(sources: Iterable[str]) -> set[str]:
    """Top-level names of the packages that are imported anywhere, Python's own and gradcheck's left out."""
    names: set[str] = set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"gradcheck"}


MODULES = {"python-flint": "flint"}
"""What a package is imported as, where that is not its name."""


def test_dependencies_are_what_is_imported(files: list[str], export: Path) -> None:
    project = tomllib.loads((export / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [re.split("[<>=]", requirement)[0] for requirement in project["dependencies"]]
    shipped = [file for file in expected(files, homes(settings(export))) if file.endswith(".py")]
    plugin = [file for file in shipped if file.startswith("gradcheck/pytest_plugin/")]  # pytest alone loads it
    sources = [(export / file).read_text(encoding="utf-8") for file in shipped if file not in plugin]
    dependencies = {MODULES.get(name, name) for name in needed}
    extra = [re.split("[<>=]", requirement)[0] for requirement in project["optional-dependencies"]["fast"]]
    assert imported(sources) == dependencies | set(extra)
    of_plugin = imported([(export / file).read_text(encoding="utf-8") for file in plugin])
    assert {"pytest"} <= of_plugin <= dependencies | {"pytest", "_pytest"}


def test_imports_are_found_wherever_they_stand() -> None:
    source = (
        "import os, numpy.linalg\nfrom . import a\nfrom gradcheck.x import y\ndef f():\n    from flint import arb\n"
    )
    assert imported([source, "import rich"]) == {"numpy", "flint", "rich"}


def test_a_derivative_is_judged_without_pytest(installed_python: Run, hostile: Path) -> None:
    script = """
import sys
sys.modules["pytest"] = None
import gradcheck
gradcheck.assert_gradient(lambda x: x * x, lambda x: 2 * x, 3.0)
try:
    gradcheck.assert_gradient(lambda x: x * x, lambda x: x, 3.0)
except gradcheck.GradientError:
    print("told apart")
"""
    done = installed_python("-c", script, folder=hostile)
    assert done.stdout.strip() == "told apart", done.stderr


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with a `reference` and a `suites` of its own, which must never be imported."""
    for package in ("reference", "suites"):
        folder = tmp_path / "home" / package
        folder.mkdir(parents=True)
        for module in ("__init__", "dag", "rules", "worked_examples"):
            (folder / f"{module}.py").write_text(f"raise RuntimeError('the wrong {package}')\n", encoding="utf-8")
    return tmp_path / "home"


def test_it_is_the_installed_wheel_that_is_tested(installed_python: Run, installed: Path, hostile: Path) -> None:
    done = installed_python(
        "-c", "import gradcheck, gradcheck.reference as r; print(gradcheck.__file__); print(r.__file__)", folder=hostile
    )
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(installed) for line in done.stdout.splitlines())
    # And the trap would snap.
    assert "the wrong reference" in installed_python("-c", "import reference", folder=hostile).stderr


COMMAND = "import sys; from gradcheck.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize("on_the_path", [False, True])
def test_it_runs_beside_folders_of_the_same_names(
    gradcheck: Run, installed_python: Run, hostile: Path, on_the_path: bool
) -> None:
    run = ("run", "worked_examples", "-k", "S4.b", "--format", "json")
    # With -c Python looks for modules in the current folder first; with a console script it does not.
    done = installed_python("-c", COMMAND, *run, folder=hostile) if on_the_path else gradcheck(*run, folder=hostile)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    assert results
    assert all(row["verdict"] == "PASS" and row["comparisons"] > 0 for row in results)


def test_all_built_in_suites_are_found(gradcheck: Run, hostile: Path) -> None:
    done = gradcheck("run", "--list", folder=hostile)
    assert done.returncode == 0, done.stderr
    suites = {line.partition("::")[0] for line in done.stdout.splitlines()}
    assert {"worked_examples", "random_dags"} <= suites


def test_the_schemas_can_be_read(installed_python: Run, hostile: Path) -> None:
    done = installed_python(
        "-c", "from gradcheck.problem.serialise import schema; print(schema()['$id'])", folder=hostile
    )
    assert done.stdout.strip() == "urn:gradcheck:graph:1", done.stderr


def test_a_copy_of_the_reference_is_judged_like_any_file(gradcheck: Run, installed: Path, hostile: Path) -> None:
    copy = hostile / "copy"
    shutil.copytree(installed / "gradcheck" / "reference", copy, ignore=shutil.ignore_patterns("__pycache__"))
    run = ("run", "worked_examples", "-k", "S1.a", "--format", "json", "--no-diagnosis", "--subject", "copy/dag.py")
    honest = gradcheck(*run, folder=hostile)
    assert honest.returncode == 0, honest.stdout + honest.stderr

    rules = (copy / "rules.py").read_text(encoding="utf-8")
    right = '"mul": Rule(np.multiply, lambda g, v, x, y: (g * y, g * x)),'
    assert rules.count(right) == 1
    (copy / "rules.py").write_text(rules.replace(right, right.replace("g * x)", "g * y)")), encoding="utf-8")
    wrong = gradcheck(*run, folder=hostile)
    assert wrong.returncode == 1, wrong.stdout + wrong.stderr
    codes = {found["code"] for row in json.loads(wrong.stdout)["results"] for found in row["findings"]}
    assert "GC012" in codes

    # The installed reference is untouched by all that.
    assert gradcheck("run", "worked_examples", "-k", "S1.a", folder=hostile).returncode == 0
