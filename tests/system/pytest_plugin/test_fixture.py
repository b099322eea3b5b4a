"""The fixture `gradcheck` and its marker: a wrong derivative is rejected, options apply, something is compared."""

from typing import Any

CHECKS = """
import numpy as np
import pytest

X = np.array([0.5, -1.0, 2.0])


def cubes(x):
    return np.sum(x**3)


def square(x):
    return x**2


CASES = {
    "gradient": (cubes, lambda x: 3 * x**2, X),
    "value_and_gradient": (lambda x: (cubes(x), 3 * x**2), X),
    "vjp": (square, lambda c, x: 2 * x * c, X),
    "jvp": (square, lambda p, t: 2 * p[0] * t[0], X),
    "jacobian": (square, lambda x: np.diag(2 * x), X),
    "hessian": (cubes, lambda x: np.diag(6 * x), X),
    "hvp": (cubes, lambda x, v: 6 * x * v, X),
    "adjoint": (np.diag(X), np.diag(X), X, X),
}
WRONG = {
    "gradient": (cubes, lambda x: 2 * x**2, X),
    "value_and_gradient": (lambda x: (cubes(x), 2 * x**2), X),
    "vjp": (square, lambda c, x: x * c, X),
    "jvp": (square, lambda p, t: p[0] * t[0], X),
    "jacobian": (square, lambda x: np.diag(x), X),
    "hessian": (cubes, lambda x: np.diag(3 * x), X),
    "hvp": (cubes, lambda x, v: 3 * x * v, X),
    "adjoint": (np.diag(X), np.diag(X + 1), X, X),
}


@pytest.mark.parametrize("kind", CASES)
def test_right(gradcheck, kind):
    assert getattr(gradcheck, kind)(*CASES[kind]) is None


@pytest.mark.parametrize("kind", WRONG)
def test_wrong(gradcheck, kind):
    getattr(gradcheck, kind)(*WRONG[kind])
"""


def test_every_check_is_a_method_that_rejects_a_wrong_derivative(project: Any) -> None:
    project.write({"test_checks.py": CHECKS})
    done = project.pytest("-v")
    done.assert_outcomes(passed=8, failed=8)
    kinds = ("gradient", "value_and_gradient", "vjp", "jvp", "jacobian", "hessian", "hvp", "adjoint")
    done.stdout.fnmatch_lines_random([f"FAILED *::test_wrong?{kind}? - gradcheck.GradientError: *" for kind in kinds])
    done.stdout.no_fnmatch_line("*fixture_checks.py*")


OPTIONS = """
import numpy as np
import pytest

X = np.array([0.5, -1.0, 2.0])


def cubes(x):
    return np.sum(x**3)


def truncated(x):  # off by 1e-5 of the right one
    return 3.00003 * x**2


def far(x):  # right where x is above -2
    return 3 * x**2 * np.where(x < -2, 2.0, 1.0)


@pytest.mark.gradcheck(max_ulps=1e12, domain={"x": (-2.0, None)})
class TestMarked:
    def test_domain(self, gradcheck):
        gradcheck.gradient(cubes, far, X)

    @pytest.mark.gradcheck(domain={"x": (None, None)})
    def test_the_nearer_marker_comes_first(self, gradcheck):
        gradcheck.gradient(cubes, far, X)

    @pytest.mark.gradcheck(domain={"x": (None, None)})
    def test_the_call_comes_before_it(self, gradcheck):
        gradcheck.gradient(cubes, far, X, domain={"x": (-2.0, None)})

    @pytest.mark.gradcheck(of="gradient", convention="conjugate")
    def test_a_check_gets_the_options_that_it_takes(self, gradcheck):
        gradcheck.jvp(lambda x: x**2, lambda p, t: 2 * p[0] * t[0], X)
        gradcheck.hessian(lambda x: 3 * x**2, lambda x: np.diag(6 * x), X)


def test_unmarked(gradcheck):
    gradcheck.gradient(cubes, far, X)


def test_small_error(gradcheck):
    gradcheck.gradient(cubes, truncated, X)
"""


def test_the_markers_options_are_the_checks_defaults(project: Any) -> None:
    project.write({"test_options.py": OPTIONS})
    done = project.pytest("--strict-markers", "-W", "error")
    done.assert_outcomes(passed=3, failed=3)
    done.stdout.fnmatch_lines_random(
        [
            "FAILED *::test_the_nearer_marker_comes_first - *",
            "FAILED *::test_unmarked - *",
            "FAILED *::test_small_error - *",
        ]
    )


MISSPELT = """
import pytest


@pytest.mark.gradcheck({mark})
def test_it(gradcheck):
    raise SystemExit("it ran")
"""


OLD = """
import unittest

import pytest


@pytest.mark.gradcheck(intrest=1)
class TestOld(unittest.TestCase):
    def test_it(self):
        pass
"""


def test_an_unknown_option_of_the_marker_names_the_nearest_and_nothing_runs(project: Any) -> None:
    project.write(
        {
            "test_name.py": MISSPELT.format(mark="intrest=1e-3"),
            "test_no_name.py": MISSPELT.format(mark="1e-3"),
            "test_good.py": "def test_it(): raise SystemExit('it ran')\n",
        }
    )
    done = project.pytest()
    assert done.ret == 2
    done.stdout.fnmatch_lines_random(
        [
            "@pytest.mark.gradcheck has no option 'intrest'; did you mean 'interest'?",
            "@pytest.mark.gradcheck takes options by name, such as interest=1e-3, got 0.001",
        ]
    )
    done.stdout.no_fnmatch_line("*it ran*")
    project.write({"test_old.py": OLD})
    done = project.pytest("test_old.py")
    assert done.ret == 1
    done.stdout.fnmatch_lines(["@pytest.mark.gradcheck has no option 'intrest'; did you mean 'interest'?"])


NOTHING = """
import unittest

import gradcheck as package
import numpy as np
import pytest


def test_asked_and_compared_nothing(gradcheck):
    pass


@pytest.mark.gradcheck
def test_marked_and_compared_nothing():
    pass


@pytest.mark.gradcheck
def test_no_answer_is_nothing_compared():
    package.check_gradient(np.sum, lambda x: None, np.ones(2))


@pytest.mark.gradcheck
def test_marked_and_compared():
    assert package.check_gradient(np.sum, np.ones_like, np.ones(2))


def test_skipped(gradcheck):
    pytest.skip("not today")


def test_its_own_failure(gradcheck):
    assert 1 == 2


@pytest.mark.gradcheck
class TestOld(unittest.TestCase):
    def test_old_nothing(self):
        pass

    def test_old_something(self):
        package.assert_gradient(np.sum, np.ones_like, np.ones(2))

    def test_old_failure(self):
        self.assertEqual(1, 2)


def test_not_asked():
    pass
"""


def test_a_test_that_asked_and_compared_nothing_fails(project: Any) -> None:
    project.write({"test_nothing.py": NOTHING})
    done = project.pytest()
    done.assert_outcomes(passed=3, failed=6, skipped=1)
    asked = "this test asked for the fixture gradcheck and compared nothing"
    marked = "this test is marked @pytest.mark.gradcheck and compared nothing"
    done.stdout.fnmatch_lines_random(
        [
            f"FAILED *test_asked_and_compared_nothing - Failed: {asked}",
            f"FAILED *test_marked_and_compared_nothing - Failed: {marked}",
            f"FAILED *test_no_answer_is_nothing_compared - Failed: {marked}",
            f"FAILED *test_old_nothing - Failed: {marked}",
            "FAILED *test_its_own_failure - assert 1 == 2",
            "FAILED *test_old_failure - AssertionError: 1 != 2",
        ]
    )


FOREIGN = """
import pytest


@pytest.fixture
def gradcheck():
    return "their own"


def test_it(gradcheck):
    assert gradcheck == "their own"
"""

FEW = """
from hypothesis import settings

settings.register_profile("few", max_examples=3, database=None, deadline=None)
settings.load_profile("few")
"""
DRAWN = """
import numpy as np
from hypothesis import given, strategies


@given(strategies.floats(-3, 3))
def test_drawn(gradcheck, x):
    gradcheck.gradient(np.square, lambda x: 2 * x, np.float64(x), elsewhere=False)


@given(strategies.floats(1, 3))
def test_drawn_and_wrong(gradcheck, x):
    gradcheck.gradient(np.square, lambda x: 3 * x, np.float64(x), elsewhere=False)
"""


def test_a_fixture_of_that_name_that_is_the_projects_own_stays_so(project: Any) -> None:
    project.write({"test_theirs.py": FOREIGN})
    project.pytest().assert_outcomes(passed=1)


def test_hypothesis_may_draw_the_inputs(project: Any) -> None:
    project.write({"test_drawn.py": DRAWN, "conftest.py": FEW})
    done = project.pytest()
    done.assert_outcomes(passed=1, failed=1)


SEEDED = """
import gradcheck as package
import numpy as np


def jvp(primals, tangents):
    print("tangent", *tangents[0][:1])
    return 2 * primals[0] * tangents[0]


def test_it(gradcheck):
    gradcheck.jvp(np.square, jvp, np.ones(3), elsewhere=False)
"""
DRAWN_SUITE = """
import gradcheck
import numpy as np


@gradcheck.case
def drawn(seed):
    a = float(np.random.default_rng(seed).normal())
    print("drawn", seed, a)
    build = gradcheck.GraphBuilder()
    yield gradcheck.Case("drawn", build.graph(build.square(build.parameter("a"))), {"a": a})
"""


def test_the_seed_is_that_of_the_fixtures_checks_and_of_generated_cases(project: Any) -> None:
    project.write({"test_it.py": SEEDED, "gradcheck_drawn.py": DRAWN_SUITE})
    printed = {}
    for name, seed in {
        "one": ("--gradcheck-seed=1",),
        "again": ("--gradcheck-seed=1",),
        "two": ("--gradcheck-seed=2",),
        "none": (),
    }.items():
        done = project.pytest("-s", *seed)
        done.assert_outcomes(passed=2)
        printed[name] = [
            line for line in done.outlines + done.errlines if "tangent " in line or line.startswith("drawn ")
        ]
    assert printed["one"] == printed["again"] != printed["two"]
    assert printed["none"] not in (printed["one"], printed["two"])
    assert any(line.startswith("drawn 1 ") for line in printed["one"])
    done = project.pytest("--gradcheck-seed=-1")
    assert done.ret == 4
    done.stderr.fnmatch_lines(["ERROR: gradcheck: *seed takes a whole number >= 0*"])
