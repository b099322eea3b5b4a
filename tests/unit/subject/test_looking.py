"""A file that asks for what is not here, data or a package, is judged by what it defines all the same."""

import json
from pathlib import Path
from textwrap import dedent

import pytest

from gradcheck.errors import SubjectError
from gradcheck.subject.looking import Looked, Source, look

PAIR = """
import numpy as np
def cube(x): return x**3
def cube_grad(x): return 3 * x**2
"""


def looked(folder: Path, text: str) -> Looked:
    file = folder / "mine.py"
    file.write_text(dedent(text))
    return look(Source(str(file)))


def names(found: Looked) -> list[str]:
    return [pair.name for offer in found.recognition.offers for pair in offer.pairs]


@pytest.mark.parametrize(
    "before",
    [
        "import no_such_package\n",
        "import no_such_package.data as d\ndef load(x: d.Frame | None): return d.read(x)\n",
        "from no_such_package.data import mnist\nX, y = mnist.load()\n",
        "import no_such_package\nno_such_package.init()\n",
        "X = open('no such file').read()\nimport no_such_package\n",
        "X = open('no such file').read()\nX = X.split()\n",
    ],
)
def test_what_is_missing_leaves_the_rest(tmp_path: Path, before: str) -> None:
    found = looked(tmp_path, before + PAIR)
    assert names(found) == ["cube"]
    told = {miss.name for miss in found.recognition.misses}
    assert told & {"no_such_package", "line 1", "line 2"}


def test_training_that_fails_leaves_what_is_defined(tmp_path: Path) -> None:
    found = looked(
        tmp_path, f"from __future__ import annotations\n{PAIR}\ncube_grad(none_such)\ndef later(x: Nobody): pass\n"
    )
    assert names(found) == ["cube"]
    (miss,) = (m for m in found.recognition.misses if m.convention == "run")
    assert miss.name == "line 7"
    assert "NameError" in miss.why


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import no_such_package\n", "no_such_package"),
        ("from no_such_package import *\nclass Mine(Layer): pass\n", "no_such_package"),
        ("import no_such_package as n\nclass Mine(n.Layer): pass\n", "no_such_package"),
        ("X = open('no such file')\n", "no such file"),
    ],
)
def test_a_file_with_nothing_else_cannot_be_used(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SubjectError, match=says) as caught:
        looked(tmp_path, text)
    assert caught.value.code == "GC001"


def test_a_package_that_may_be_missing_is_not_stood_in(tmp_path: Path) -> None:
    text = "try:\n    import no_such_package as xp\nexcept ImportError:\n    import numpy as xp\n"
    found = looked(tmp_path, f"{text}def cube(x): return xp.power(x, 3)\ndef cube_grad(x): return 3 * x**2\n")
    assert names(found) == ["cube"]


def test_a_cell_of_imports_goes_on_behind_the_missing_one(tmp_path: Path) -> None:
    cells = ["import no_such_package\nimport numpy as np\n", PAIR.replace("import numpy as np\n", "")]
    file = tmp_path / "mine.ipynb"
    file.write_text(json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]}))
    assert names(look(Source(str(file)))) == ["cube"]
