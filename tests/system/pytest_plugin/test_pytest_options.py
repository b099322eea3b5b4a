"""The plugin beside pytest's own options: -k, -x, --lf, --sw, -m, -p no:gradcheck, -n, strict configurations."""

from typing import Any

TESTS = """
import gradcheck

from layers import W, affine, affine_backward, b, wrong_backward, x


def test_right():
    gradcheck.assert_vjp(affine, affine_backward, x, W, b)


def test_wrong():
    gradcheck.assert_vjp(affine, wrong_backward, x, W, b)
"""
WRONG = ("--gradcheck-subject", "wrong.py")


def test_selection_and_stopping(project: Any, suite: str) -> None:
    project.write({"gradcheck_a.py": suite, "test_b.py": TESTS})
    first = project.pytest(*WRONG, "-x")
    first.assert_outcomes(passed=1, failed=1)
    assert "stopping after 1 failures" in first.stdout.str()
    project.pytest(*WRONG, "-k", "fan-out").assert_outcomes(failed=1, deselected=3)
    project.pytest(*WRONG, "-m", "gradcheck").assert_outcomes(passed=1, failed=1, deselected=2)
    project.pytest(*WRONG, "gradcheck_a.py::shared").assert_outcomes(failed=1)


def test_last_failures_and_stepwise(project: Any, suite: str) -> None:
    project.write({"gradcheck_a.py": suite, "test_b.py": TESTS})
    project.pytest(*WRONG).assert_outcomes(passed=2, failed=2)
    project.pytest(*WRONG, "--lf").assert_outcomes(failed=2)
    project.pytest("--gradcheck-subject", "engine.py", "--lf").assert_outcomes(passed=1, failed=1)
    project.pytest(*WRONG, "--sw").assert_outcomes(passed=1, failed=1)
    project.pytest("--gradcheck-subject", "engine.py", "--sw").assert_outcomes(passed=2, failed=1, deselected=1)


def test_without_the_plugin(project: Any, suite: str) -> None:
    project.write({"gradcheck_a.py": suite, "test_b.py": TESTS})
    done = project.pytest("-p", "no:gradcheck")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["E *FAIL  wrong_backward  (layers.py:*"])


def test_workers_of_xdist_report_the_same(project: Any, suite: str) -> None:
    listed = (
        '[tool.gradcheck]\ndiagnosis-budget = 0\nsubject = "wrong.py"\nsuites = ["math/cases.py"]\nseed = "random"\n'
    )
    project.write(
        {
            "math/cases.py": suite,
            "tests/test_b.py": TESTS,
            "pyproject.toml": listed,
            "pytest.ini": "[pytest]\ntestpaths = tests\n",
        }
    )
    done = project.pytest("-n2", "--junit-xml=out.xml")
    done.assert_outcomes(passed=2, failed=2)
    done.stdout.fnmatch_lines_random(
        [
            "FAIL  math/cases.py::shared  y is used twice",
            f"wrong.py:{project.line}: FAIL",
            "FAILED math/cases.py::shared - FAIL: dloss/da is 150, should be 155",
            f"FAIL  wrong_backward  (layers.py:{project.wrong_line})",
            "FAILED tests/test_b.py::test_wrong - gradcheck.GradientError: wrong_backward: *",
        ]
    )


DRAWN = """
import gradcheck
import numpy as np


@gradcheck.case
def drawn(seed):
    for k in range(2):
        build = gradcheck.GraphBuilder()
        a = float(np.random.default_rng([seed, k]).normal())
        yield gradcheck.Case(f"drawn {seed} {k}", build.graph(build.square(build.parameter("a"))), {"a": a})
"""


def test_a_random_seed_is_one_for_all_workers(project: Any) -> None:
    project.write({"gradcheck_drawn.py": DRAWN, "pyproject.toml": '[tool.gradcheck]\nseed = "random"\n'})
    done = project.pytest("-n2", "-v")
    done.assert_outcomes(passed=2)  # pytest-xdist refuses workers that collect different tests
    (line,) = [line for line in done.outlines if line.startswith("gradcheck: seed ")]
    assert any(f"drawn {line.rpartition(' ')[2]} 0" in row for row in done.outlines)


def test_a_run_of_workers_that_compared_nothing_is_no_success(project: Any, suite: str) -> None:
    exp = suite.replace("build.square(", "build.exp(")
    project.write({"gradcheck_a.py": exp, "test_it.py": "def test_it(): pass\n"})
    done = project.pytest("-n1", "--gradcheck-subject", "engine.py")
    done.assert_outcomes(passed=1, skipped=2)
    assert done.ret == 5


def test_strict_configurations(project: Any, suite: str) -> None:
    strict = "[pytest]\naddopts = --strict-config --strict-markers\nfilterwarnings = error\nxfail_strict = true\n"
    project.write({"gradcheck_a.py": suite, "test_b.py": TESTS, "pytest.ini": strict})
    done = project.pytest(*WRONG)
    done.assert_outcomes(passed=2, failed=2)
    assert "warning" not in done.stdout.str()
