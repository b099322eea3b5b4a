"""Where a function is defined: the line of its `def`, and none rather than a wrong one."""

from __future__ import annotations

import functools
import importlib.util
import linecache
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.judge.definition import definition
from gradcheck.judge.user_names import function_name

SOURCE = """\
import functools
import numpy as np


def plain(x):
    return 2 * x


def decorator(function):
    @functools.wraps(function)
    def wrapper(*given):
        return function(*given)
    return wrapper


@decorator
@decorator
def decorated(x):
    return 2 * x


@functools.lru_cache
def cached(x):
    return 2 * x


def outer():
    def plain(x):
        return 3 * x
    return plain


nested = outer()


class Layer:
    def backward(self, x):
        return 2 * x

    @classmethod
    def of_class(cls, x):
        return 2 * x

    @staticmethod
    def static(x):
        return 2 * x

    def __call__(self, x):
        return 2 * x


method = Layer().backward
of_class = Layer.of_class
static = Layer.static
callable_object = Layer()
partial = functools.partial(functools.partial(plain), 1)
vectorized = np.vectorize(plain)
nameless = lambda x: 2 * x
pair = (
    lambda x: 3 * x,
    lambda x: 5 * x,
)
first, second = pair


def asserts(x):
    assert x is not None
    return 2 * x
"""

LINES = {
    "plain": "def plain(x):",
    "decorated": "def decorated(x):",
    "cached": "def cached(x):",
    "nested": "    def plain(x):",
    "method": "    def backward(self, x):",
    "of_class": "    def of_class(cls, x):",
    "static": "    def static(x):",
    "callable_object": "    def __call__(self, x):",
    "partial": "def plain(x):",
    "vectorized": "def plain(x):",
    "nameless": "nameless = lambda x: 2 * x",
    "first": "    lambda x: 3 * x,",
    "second": "    lambda x: 5 * x,",
    "asserts": "def asserts(x):",
}

SOURCE_LINES = Path(__file__).read_text(encoding="utf-8").splitlines()
REST = '.line == 1 + SOURCE_LINES.index("    assert definition(lambda x: 2 * x)" + REST)'


def imported(path: Path, source: str) -> Any:
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rewritten(path: Path, source: str) -> None:
    path.write_text(source, encoding="utf-8")
    os.utime(path, (1e9, 1e9))  # whatever the clock's resolution, the time has changed


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    return imported(tmp_path / "model.py", SOURCE)


@pytest.mark.parametrize("name", LINES)
def test_the_line_is_that_of_its_definition(name: str, model: Any) -> None:
    found = definition(getattr(model, name))
    assert found.line is not None
    assert SOURCE.splitlines()[found.line - 1] == LINES[name]
    assert str(found) == f"model.py:{found.line}"


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize(
    "change",
    [lambda s: f"import os\n{s}", lambda s: "x = 1\n" * s.count("\n"), lambda s: "def broken(:\n", lambda s: ""],
    ids=["a line more", "others", "no Python", "empty"],
)
def test_a_file_that_changed_gives_no_line(name: str, model: Any, change: Callable[[str], str], tmp_path: Path) -> None:
    rewritten(tmp_path / "model.py", change(SOURCE))
    found = definition(getattr(model, name))
    assert (found.line, str(found)) == (None, "model.py")


def test_another_lambda_that_came_to_the_same_line_is_not_taken_for_it(model: Any, tmp_path: Path) -> None:
    swapped = SOURCE.replace("lambda x: 3 * x", "lambda x: 7 * x")
    rewritten(tmp_path / "model.py", swapped)
    assert definition(model.first).line is None
    assert definition(model.second).line is not None


def test_another_method_that_came_to_the_same_line_is_not_taken_for_it(model: Any, tmp_path: Path) -> None:
    rewritten(tmp_path / "model.py", SOURCE.replace("class Layer:", "class Other:"))
    assert definition(model.method).line is None
    assert definition(model.plain).line is not None


def test_a_file_that_is_gone_gives_nothing(model: Any, tmp_path: Path) -> None:
    (tmp_path / "model.py").unlink()
    assert str(definition(model.plain)) == ""
    assert function_name(model.nameless) == "<lambda>"


def test_compiled_code_has_no_place() -> None:
    for function in (np.cos, len, functools.partial(np.add, 1), np.linalg.LinAlgError, 3):
        assert str(definition(function)) == ""  # type: ignore[arg-type]


def test_code_from_a_text_has_no_place() -> None:
    names: dict[str, Any] = {}
    exec(compile("def f(x): return x\ng = lambda x: x", "<string>", "exec"), names)
    assert str(definition(names["f"])) == ""
    assert function_name(names["g"]) == "<lambda>"


def test_an_endless_chain_of_wrappers_ends() -> None:
    def f(x: Any) -> Any:
        return x

    f.__wrapped__ = f  # type: ignore[attr-defined]
    assert definition(f).line is not None


def test_functions_of_a_test_module_keep_their_lines_although_pytest_rewrites_it() -> None:
    assert definition(lambda x: 2 * x).line == 1 + SOURCE_LINES.index("    assert definition(lambda x: 2 * x)" + REST)


def test_a_cell_of_a_notebook_is_named_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {}
    name = "<ipython-input-3-0123456789ab>"
    monkeypatch.setitem(linecache.cache, name, (1, None, ["def f(x): return x\n"], name))
    exec(compile("def f(x): return x", name, "exec"), names)
    found = definition(names["f"])
    assert (str(found), found.line) == ("cell 3", None)


def test_a_cell_of_todays_notebooks_is_named_by_what_the_notebook_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {"/tmp/ipykernel_1/42.py": ("Cell", "In[7]")}
    shell = SimpleNamespace(compile=SimpleNamespace(format_code_name=cells.get))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    names: dict[str, Any] = {}
    exec(compile("def f(x): return x", "/tmp/ipykernel_1/42.py", "exec"), names)
    assert str(definition(names["f"])) == "cell 7"
    assert definition(test_compiled_code_has_no_place).line is not None  # its file is no cell


def test_a_file_elsewhere_goes_by_its_name(model: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert str(definition(model.plain)) == "model.py:5"


def test_a_result_says_it_in_title_and_json(model: Any, tmp_path: Path) -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(x**3), model.plain, np.array([0.5, 2.0]))
    assert str(result).splitlines()[0] == "FAIL  plain  (model.py:5)"
    assert result.address == "gradient plain"
    about = result.to_dict()["checked"]
    assert (about["name"], about["place"], about["line"]) == ("plain", "model.py:5", 5)
    assert about["file"] == str(tmp_path / "model.py")
