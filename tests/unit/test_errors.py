"""The exception tree: who is to blame, and what a message says."""

import re
import shlex
import shutil
import subprocess

import numpy as np
import pytest

from gradcheck import errors
from gradcheck.errors import (
    GradcheckError,
    HarnessFault,
    InvalidProblem,
    SubjectError,
    Unsupported,
    UsageError,
    one_line,
    shell_word,
)
from gradcheck.verdict.result import GradientError


@pytest.mark.parametrize("kind", [UsageError, InvalidProblem, SubjectError, Unsupported, HarnessFault])
def test_one_root_catches_everything_else(kind: type[GradcheckError]) -> None:
    assert issubclass(kind, GradcheckError)
    others = {UsageError, InvalidProblem, SubjectError, Unsupported, HarnessFault} - {kind}
    assert not any(issubclass(kind, other) for other in others)


def test_a_wrong_gradient_is_a_failed_assertion_and_no_mistake_of_the_caller() -> None:
    assert issubclass(GradientError, AssertionError)
    assert not issubclass(GradientError, GradcheckError)
    assert issubclass(InvalidProblem, ValueError)


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    real = {n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, GradcheckError)}
    assert drawn == real - {"GradcheckError"}


def test_a_complaint_says_where_from_the_outside_in() -> None:
    wrong = InvalidProblem("is not finite", where="node 'w'")
    assert str(wrong) == "node 'w': is not finite"
    outer = wrong.within("case 'c'").within("suite.json")
    assert str(outer) == "suite.json: case 'c': node 'w': is not finite"
    assert (outer.message, outer.where) == ("is not finite", "suite.json: case 'c': node 'w'")
    assert str(InvalidProblem("means nothing").within("here")) == "here: means nothing"
    assert str(InvalidProblem("means nothing")) == "means nothing"


def test_a_subjects_failure_keeps_its_facts() -> None:
    failure = SubjectError("GC005", seconds=10.0)
    assert failure.code == "GC005"
    assert failure.facts == {"seconds": 10.0}
    assert str(failure) == "seconds=10.0"
    assert str(SubjectError("GC003")) == "GC003"


def test_what_an_exception_says_is_one_line() -> None:
    assert one_line("\nNot equal\n  to 3") == "Not equal to 3"
    with pytest.raises(AttributeError) as raised:
        np.no_such_name  # noqa: B018 - what NumPy says is asked for
    assert one_line(f"it raises {raised.value}").startswith(
        "it raises module 'numpy' has no attribute 'no_such_name': "
    )
    assert one_line("module 'numpy' has no attribute 'float'.\n`np.float` was a deprecated alias") == (
        "module 'numpy' has no attribute 'float': the code is written for another version of NumPy"
    )


@pytest.mark.parametrize("word", ["a.py", "a b.py", "it's; touch x", "$(id)", "{x}", ""])
def test_a_word_of_a_command(word: str) -> None:
    assert shlex.split(shell_word(word)) == [word]


@pytest.mark.parametrize("word", ["a\x1b[31mb.py", "two\nlines.py", "it's\\\t\u202e.py"])
def test_a_word_that_no_terminal_obeys(word: str) -> None:
    assert shell_word(word).isprintable()
    if bash := shutil.which("bash"):
        said = subprocess.run(
            [bash, "-c", f"printf %s {shell_word(word)}"], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
        )
        assert said.stdout.decode() == word
