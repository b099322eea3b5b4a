"""The facade: what is public, where it lives, and that it is loaded when asked for."""

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gradcheck


def style(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each from A to Z: how ruff sorts `__all__`."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def type_checked() -> set[str]:
    """The names that the facade imports for type checkers."""
    tree = ast.parse(Path(gradcheck.__file__).read_text(encoding="utf-8"))
    (block,) = [n for n in tree.body if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    return {a.asname or a.name for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}


def test_all_is_sorted_and_complete() -> None:
    listed = gradcheck.__all__
    assert list(listed) == sorted(set(listed), key=style)
    assert set(listed) == set(gradcheck._HOMES)
    assert set(listed) == type_checked()


@pytest.mark.parametrize("name", gradcheck.__all__)
def test_a_public_name_is_the_one_of_its_home(name: str) -> None:
    value = getattr(gradcheck, name)
    home = importlib.import_module(gradcheck._HOMES[name])
    assert value is getattr(home, name)
    assert getattr(gradcheck, name) is value
    assert name.isupper() or (value.__doc__ or "").strip()


def documented(docstring: str, section: str) -> list[str]:
    """The names that a section of a docstring explains, in order."""
    found = re.search(rf"^{section}\n-+\n(.*?)(?=\n\n\S|\Z)", inspect.cleandoc(docstring), re.MULTILINE | re.DOTALL)
    lines = found[1].splitlines() if found else []
    return [name for line in lines if re.match(r"\w", line) for name in line.partition(":")[0].split(", ")]


@pytest.mark.parametrize("name", ["Case", "check_gradient"])
def test_parameters_are_explained_in_the_order_of_the_signature(name: str) -> None:
    public = getattr(gradcheck, name)
    assert documented(public.__doc__, "Parameters") == list(inspect.signature(public).parameters)


def test_whatever_the_docstring_of_a_case_explains_it_has() -> None:
    names = {field.name for field in dataclasses.fields(gradcheck.Case)}
    explained = [n for s in ("Parameters", "Attributes") for n in documented(gradcheck.Case.__doc__ or "", s)]
    assert len(explained) == len(set(explained))
    assert set(explained) == names


def test_whatever_the_docstring_of_a_result_explains_it_has_in_order() -> None:
    names = [field.name for field in dataclasses.fields(gradcheck.Result)]
    assert documented(gradcheck.Result.__doc__ or "", "Attributes") == names


def test_nothing_else_is_public() -> None:
    script = (
        "import gradcheck, types\n"
        "for name in gradcheck.__all__: getattr(gradcheck, name)\n"
        "public = {n for n in vars(gradcheck) if not n.startswith('_')}\n"
        "rooms = {n for n in public if isinstance(getattr(gradcheck, n), types.ModuleType)}\n"
        "print(*sorted(public - rooms - set(gradcheck.__all__)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    # What the facade itself is written with.
    assert set(done.stdout.split()) <= {"TYPE_CHECKING", "Any", "annotations", "import_module"}


def test_dir_lists_what_is_public() -> None:
    assert set(gradcheck.__all__) <= set(dir(gradcheck))
    assert dir(gradcheck) == sorted(dir(gradcheck))


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="module 'gradcheck' has no attribute 'chekc_vjp'"):
        _ = gradcheck.chekc_vjp
    with pytest.raises(ImportError):
        from gradcheck import chekc_vjp  # noqa: F401
