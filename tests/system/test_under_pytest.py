"""What pytest shows of a failed assertion without the plugin: the short summary, the test's line, the user's frames.

`pytest_plugin/` asks the same with it.
"""

import os
import re
import subprocess
import sys

import pytest

TESTS = """
import gradcheck
import numpy as np

X = np.array([0.7, -1.2, 0.4])


def sigmoid(x):
    return np.sum(1 / (1 + np.exp(-x)))


def sigmoid_backward(x):
    y = np.cos(7 * x)
    return y + 11


def broken_backward(x):
    return helper(x)


def helper(x):
    raise LookupError("no such layer")


def test_wrong_number():
    gradcheck.assert_gradient(sigmoid, sigmoid_backward, np.array([0.0]))


def test_raises():
    gradcheck.assert_gradient(sigmoid, broken_backward, X)


def test_f_raises():
    gradcheck.assert_vjp(helper, lambda c, x: c, X)


def test_exits():
    gradcheck.assert_jvp(lambda x: exit(3), lambda p, t: t[0], X)


def test_wrong_call():
    gradcheck.assert_gradient(sigmoid, sigmoid_backward, X, rtol=1e-5)


def test_still_runs():
    gradcheck.assert_gradient(lambda x: np.sum(x**2), lambda x: 2 * x, X)
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("user")
    (folder / "test_mine.py").write_text(TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    # CI: pytest does not cut its summary lines to the terminal's width.
    environment = {**os.environ, "CI": "1", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {k: v for k, v in environment.items() if not k.startswith("PYTEST_")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:gradcheck",
        "test_mine.py",
    ]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def summary(shown: str, test: str) -> str:
    (line,) = [x for x in shown.splitlines() if x.startswith(f"FAILED test_mine.py::{test} ")]
    return line


def section(shown: str, test: str) -> str:
    """What is printed about one failed test."""
    _, _, rest = shown.partition(f"_ {test} _")
    return re.split(r"^_{5,} test_\w+ _{5,}$|^=+ short test summary", rest, flags=re.MULTILINE)[0]


def test_the_summary_names_function_entry_and_both_numbers(shown: str) -> None:
    words = "sigmoid_backward: the gradient with respect to x[0] is 12, but the truth is 0.25"
    expected = f"FAILED test_mine.py::test_wrong_number - gradcheck.GradientError: {words}"
    assert summary(shown, "test_wrong_number") == expected


def test_the_line_of_the_test_is_shown_and_none_of_gradchecks(shown: str) -> None:
    text = section(shown, "test_wrong_number")
    assert ">       gradcheck.assert_gradient(sigmoid, sigmoid_backward, np.array([0.0]))" in text
    assert re.search(r"^E +FAIL  sigmoid_backward  \(test_mine.py:12\)$", text, re.MULTILINE)
    assert re.search(r"^E +gradient of sigmoid\(x\), at x of shape \(1,\), float64$", text, re.MULTILINE)
    assert "GC0" not in text


@pytest.mark.parametrize(
    ("test", "line"), [("test_raises", "return helper(x)"), ("test_f_raises", 'raise LookupError("no such layer")')]
)
def test_the_users_own_traceback_is_shown(shown: str, test: str, line: str) -> None:
    text = section(shown, test)
    assert f">       {line}" in text or f"    {line}" in text
    assert re.search(r'^>       raise LookupError\("no such layer"\)$', text, re.MULTILINE)
    assert re.search(r"^E       LookupError: no such layer$", text, re.MULTILINE)
    assert "The above exception was the direct cause of the following exception:" in text
    assert "raised LookupError: no such layer (test_mine.py, line 22, in helper" in summary(shown, test)


def test_no_frame_of_gradchecks_is_shown(shown: str) -> None:
    assert not re.search(r"^\S*gradcheck/\S+\.py:\d+", shown, re.MULTILINE), shown


def test_an_exit_does_not_end_the_run(shown: str) -> None:
    assert "f called sys.exit(3)" in summary(shown, "test_exits")
    assert "5 failed, 1 passed" in shown


def test_a_wrong_call_shows_its_sentence(shown: str) -> None:
    assert "UsageError: check_gradient has no option 'rtol': " in summary(shown, "test_wrong_call")
    assert ">       gradcheck.assert_gradient(sigmoid, sigmoid_backward, X, rtol=1e-5)" in shown
