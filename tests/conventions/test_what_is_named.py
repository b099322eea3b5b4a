"""What the user names on the command line: one of two functions of a pair, a module that is not there, no notebook."""

from pathlib import Path

import pytest

from gradcheck.conventions.recognition import Wish, recognised
from gradcheck.errors import SubjectError, UsageError
from gradcheck.subject.loading import Package
from gradcheck.subject.looking import Source, look
from gradcheck.verify.target import source

PAIRS = """
import numpy as np
def tanh(x): return np.tanh(x)
def tanh_prime(x): return 1 - np.tanh(x) ** 2
def square(x): return x**2
def square_prime(x): return 2 * x
"""
LAYERS = """
def scale_forward(x, w): return x * w, (x, w)
def scale_backward(dout, cache): return dout * cache[1], (dout * cache[0]).sum(axis=0)
def twice_forward(x): return 2 * x, x
def twice_backward(dout, cache): return 2 * dout
"""


@pytest.mark.parametrize(
    ("text", "only", "names"),
    [
        (PAIRS, "tanh", ["tanh"]),
        (PAIRS, "tanh_prime", ["tanh"]),
        (PAIRS, None, ["tanh", "square"]),
        (LAYERS, "scale_forward", ["scale"]),
        (LAYERS, "scale_backward", ["scale"]),
        (LAYERS, None, ["scale", "twice"]),
    ],
)
def test_either_function_of_a_pair_stands_for_both(
    tmp_path: Path, text: str, only: str | None, names: list[str]
) -> None:
    file = tmp_path / "subject.py"
    file.write_text(text)
    offers = recognised(Package(file).load(), only).offers
    assert [pair.name for offer in offers for pair in offer.pairs] == names


def test_a_module_that_is_not_there_is_no_module_that_lacks_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_engine.py").write_text("")
    with pytest.raises(UsageError, match="no file and no installed module 'my_engin': did you mean my_engine.py"):
        source("my_engin", Wish())
    with pytest.raises(UsageError, match="did you mean numpy"):
        source("numpi.linalg:solve", Wish())
    assert source("numpy.linalg:solve", Wish()).installed


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"a = 3\n", "no JSON"), (b"[1, 2]", "JSON without such a list"), (b"\xff\xfe\x00", "no text in UTF-8")],
)
def test_a_file_that_is_no_notebook_is_called_so(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "homework.ipynb"
    file.write_bytes(content)
    with pytest.raises(
        SubjectError, match=f"this is no notebook.*got {'what is ' if 'JSON w' not in why else ''}{why}"
    ):
        look(Source(str(file), False, None, Wish()))
