"""Failures of `assert_*` anywhere: our report, the line of the derivative, and none of our frames."""

import re
from typing import Any

import pytest

ASSERTED = """
import unittest

import gradcheck
import numpy as np
import pytest

from layers import W, affine, affine_backward, b, wrong_backward, x


def test_plain():
    gradcheck.assert_vjp(affine, wrong_backward, x, W, b)


def test_right():
    gradcheck.assert_vjp(affine, affine_backward, x, W, b)


class TestLayer:
    @pytest.mark.parametrize("backward", [affine_backward, wrong_backward])
    def test_method(self, backward):
        gradcheck.assert_vjp(affine, backward, x, W, b)


class TestOld(unittest.TestCase):
    def setUp(self):
        self.x = x

    def test_old(self):
        gradcheck.assert_vjp(affine, wrong_backward, self.x, W, b)

    def test_old_right(self):
        gradcheck.assert_vjp(affine, affine_backward, self.x, W, b)


def test_assert_of_a_result():
    assert gradcheck.check_vjp(affine, wrong_backward, x, W, b)


def raises(upstream, x, W, b):
    raise LookupError("no such layer")


def test_raises():
    gradcheck.assert_vjp(affine, raises, x, W, b)
"""
REPORT = (
    "FAIL  wrong_backward  (layers.py:{line})",
    "  vjp of affine(x, W, b), at x of shape (3, 2), W (2, 2), b (2,), float64",
    "  mistake   the gradient with respect to b is 1/3 of the right one*",
)


def section(done: pytest.RunResult, test: str) -> str:
    _, _, rest = done.stdout.str().partition(f"_ {test} _")
    return re.split(r"^_{3,} .* _{3,}$|^=+ short test summary", rest, flags=re.MULTILINE)[0]


def test_the_report_stands_in_place_of_a_traceback(project: Any) -> None:
    project.write({"test_layers.py": ASSERTED})
    done = project.pytest("--junit-xml=out.xml")
    done.assert_outcomes(passed=3, failed=5)
    for test in ("test_plain", "TestLayer.test_method?wrong_backward?", "TestOld.test_old"):
        text = section(done, test.replace("?wrong", "[wrong").replace("?", "]"))
        shown = pytest.LineMatcher(text.split("\n"))
        shown.fnmatch_lines(
            [">*gradcheck.assert_vjp(affine, *", *(line.format(line=project.wrong_line) for line in REPORT)]
        )
        shown.fnmatch_lines([f"layers.py:{project.wrong_line}: GradientError"])
        shown.no_fnmatch_line("E *")
        name = test.replace(".", "::")
        done.stdout.fnmatch_lines([f"FAILED test_layers.py::{name} - gradcheck.GradientError: wrong_backward: *"])
    done.stdout.no_re_match_line(r"\S*gradcheck/\S+\.py:\d+")
    xml = (project.path / "out.xml").read_text(encoding="utf-8")
    assert 'message="gradcheck.GradientError: wrong_backward: the gradient with respect to b is 1/3 of' in xml
    assert "FAIL  wrong_backward  (layers.py:" in xml
    asserted = pytest.LineMatcher(section(done, "test_assert_of_a_result").split("\n"))
    asserted.fnmatch_lines(["*gradcheck: the last check that did not pass*", REPORT[0].format(line=project.wrong_line)])
    raised = pytest.LineMatcher(section(done, "test_raises").split("\n"))
    raised.fnmatch_lines([">*raise LookupError*", "E *LookupError: no such layer", "ERROR  raises  (test_layers.py:*"])


@pytest.mark.parametrize("style", ["short", "native", "line"])
def test_every_style_of_traceback_shows_the_report(project: Any, style: str) -> None:
    project.write({"test_layers.py": ASSERTED})
    done = project.pytest(f"--tb={style}", "-k", "test_plain")
    done.assert_outcomes(failed=1, deselected=7)
    if style == "line":
        done.stdout.fnmatch_lines([f"*layers.py:{project.wrong_line}: gradcheck.GradientError: wrong_backward: *"])
    else:
        done.stdout.fnmatch_lines([line.format(line=project.wrong_line) for line in REPORT])
        done.stdout.fnmatch_lines([f"layers.py:{project.wrong_line}: GradientError"])
    done.stdout.no_re_match_line(r".*gradcheck/checks/.*")


ASYNC = """
import gradcheck as package
import pytest

from layers import W, affine, affine_backward, b, wrong_backward, x


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
async def test_async_right(gradcheck):
    gradcheck.vjp(affine, affine_backward, x, W, b)


@pytest.mark.anyio
async def test_async_wrong(gradcheck):
    gradcheck.vjp(affine, wrong_backward, x, W, b)


@pytest.mark.anyio
async def test_async_asserted():
    package.assert_vjp(affine, wrong_backward, x, W, b)


@pytest.mark.anyio
async def test_async_nothing(gradcheck):
    pass
"""


def test_async_tests_keep_working(project: Any) -> None:
    pytest.importorskip("anyio")
    project.write({"test_async.py": ASYNC})
    done = project.pytest()
    done.assert_outcomes(passed=1, failed=3)
    done.stdout.fnmatch_lines_random(
        [
            "FAILED *::test_async_wrong - gradcheck.GradientError: wrong_backward: *",
            "FAILED *::test_async_asserted - gradcheck.GradientError: wrong_backward: *",
            "FAILED *::test_async_nothing - Failed: this test asked for the fixture gradcheck and compared nothing",
        ]
    )
