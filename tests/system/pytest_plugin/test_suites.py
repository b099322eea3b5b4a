"""Suites as tests: which files, which items, judged against which subject, and what is shown of a wrong one."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

WRONG = ("--gradcheck-subject", "wrong.py")
RIGHT = ("--gradcheck-subject", "engine.py")
NO_DIAGNOSIS = "[tool.gradcheck]\ndiagnosis-budget = 0\n"


def test_a_file_named_gradcheck_is_a_suite_and_a_wrong_engine_fails(project: Any, suite: str) -> None:
    project.write({"tests/gradcheck_layers.py": suite})
    done = project.pytest(*WRONG, "-v", "--junit-xml=out.xml")
    done.assert_outcomes(passed=1, failed=1)
    assert done.ret == 1
    done.stdout.fnmatch_lines(
        [
            "gradcheck: subject wrong.py",
            "tests/gradcheck_layers.py::alone PASSED*",
            "tests/gradcheck_layers.py::shared FAILED*",
            "FAIL  tests/gradcheck_layers.py::shared  y is used twice",
            "  wrong     dloss/da is 150, should be 155; wrong, too: b",
            "  replay    gradcheck run tests/gradcheck_layers.py::shared --subject wrong.py",
            "1 FAIL  3 entries compared",
            f"wrong.py:{project.line}: FAIL",
            "FAILED tests/gradcheck_layers.py::shared - FAIL: dloss/da is 150, should be 155",
        ]
    )
    done.stdout.no_fnmatch_line("*Traceback*")
    done.stdout.no_fnmatch_line("*suite_items.py*")
    (failed,) = ElementTree.parse(project.path / "out.xml").iterfind(".//testcase[failure]")
    assert failed.get("name") == "shared"
    failure = failed.find("failure")
    assert failure is not None
    assert failure.get("message") == "FAIL: dloss/da is 150, should be 155"
    assert failed.find("properties/property[@name='gradcheck_comparisons'][@value='3']") is not None


@pytest.mark.parametrize("subject", [RIGHT, ()], ids=["the engine", "the reference"])
def test_a_right_engine_passes(project: Any, suite: str, subject: tuple[str, ...]) -> None:
    project.write({"gradcheck_layers.py": suite})
    done = project.pytest(*subject)
    done.assert_outcomes(passed=2)
    assert done.ret == 0


@pytest.mark.parametrize(
    "how",
    [
        {"pyproject.toml": f'{NO_DIAGNOSIS}suites = ["math/cases.py"]\nsubject = "wrong.py"\n'},
        {
            "pytest.ini": "[pytest]\ngradcheck_suites = math/cases.py\ntestpaths = tests\n",
            "pyproject.toml": f'{NO_DIAGNOSIS}subject = "wrong.py"\n',
        },
    ],
    ids=["pyproject", "ini"],
)
def test_a_listed_suite_is_collected_wherever_it_lies(project: Any, suite: str, how: dict[str, str]) -> None:
    project.write({"math/cases.py": suite, "tests/test_other.py": "def test_it(): pass\n", **how})
    done = project.pytest("-v")
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*math/cases.py::shared FAILED*"])
    only = project.pytest("tests")  # who says what to collect gets that
    only.assert_outcomes(passed=1)


def test_a_case_is_listed_and_a_built_in_suite(project: Any, suite: str) -> None:
    listed = 'suites = ["cases.py::shared", "worked_examples::S4.b"]'
    project.write({"cases.py": suite, "pyproject.toml": f"[tool.gradcheck]\ndiagnosis-budget = 0\n{listed}\n"})
    done = project.pytest(*WRONG, "-v")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines_random(["*cases.py::shared FAILED*", "FAIL  worked_examples::S4.b *"])


def test_a_suite_may_be_json(project: Any, suite: str) -> None:
    from gradcheck.problem.serialise import suite_to_json
    from gradcheck.run.suite import load_suite

    project.write({"cases.py": suite})
    cases: list[Any] = [item.case for item in load_suite(str(project.path / "cases.py"))]
    project.write({"cases.json": suite_to_json(cases), "pytest.ini": "[pytest]\ngradcheck_suites = cases.json\n"})
    done = project.pytest(*WRONG, "cases.json::shared")
    done.assert_outcomes(failed=1)
    assert json.loads((project.path / "cases.json").read_text(encoding="utf-8"))


def test_other_files_of_that_name_are_left_alone(project: Any) -> None:
    project.write(
        {
            "gradcheck_of_others.py": "from torch.autograd import gradcheck\nraise SystemExit(3)\n",
            "test_it.py": "def test_it(): pass\n",
        }
    )
    project.pytest().assert_outcomes(passed=1)


BAD = {
    "gradcheck_raises.py": "import gradcheck\n\n\ndef load():\n    return {}['x']\n\n\nload()\n",
    "gradcheck_no_python.py": "import gradcheck\ndef\n",
    "gradcheck_no_case.py": "import gradcheck\n",
    "gradcheck_twice.py": "import gradcheck\nbuild = gradcheck.GraphBuilder()\na = build.parameter('a')\n"
    "one = gradcheck.Case('one', build.graph(build.square(a)), {'a': 1.0})\n"
    "@gradcheck.case\ndef both():\n    return one, one\n",
}


def test_a_suite_that_cannot_be_collected_is_told_in_a_sentence_and_nothing_runs(project: Any, suite: str) -> None:
    project.write({**BAD, "gradcheck_good.py": suite})
    done = project.pytest(*RIGHT)
    assert done.ret == 2
    done.assert_outcomes(errors=len(BAD))
    done.stdout.fnmatch_lines_random(
        [
            "gradcheck_raises.py, line 5: KeyError: 'x'",
            "*gradcheck_raises.py:8: in <module>",
            "    load()",
            "*gradcheck_raises.py:5: in load",
            "gradcheck_no_python.py, line 2: the suite is no Python: *",
            "gradcheck_no_case.py: no function is decorated @gradcheck.case",
            "gradcheck_twice.py: case 'one': two cases have this name; names must be unique",
        ]
    )
    done.stdout.no_fnmatch_line("*loading.py*")
    done.stdout.no_fnmatch_line("*Traceback*")


def test_what_is_listed_wrongly_is_told_before_anything_is_collected(project: Any, suite: str) -> None:
    project.write({"pyproject.toml": '[tool.gradcheck]\nsuites = ["worked_exampels"]\n', "gradcheck_a.py": suite})
    done = project.pytest()
    assert done.ret == 4
    done.stderr.fnmatch_lines(["ERROR: gradcheck: *suites: no suite 'worked_exampels'*did you mean 'worked_examples'?"])
    project.write({"pyproject.toml": '[tool.gradcheck]\nsubjekt = "engine.py"\n'})
    done = project.pytest()
    assert done.ret == 4
    done.stderr.fnmatch_lines(["ERROR: gradcheck: *unknown key 'subjekt'; did you mean 'subject'?"])


def test_a_misspelt_variable_of_the_environment_is_remarked(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({"test_it.py": "def test_it(): pass\n"})
    monkeypatch.setenv("GRADCHECK_SUBJEKT", "engine.py")
    done = project.pytest()
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["gradcheck: GRADCHECK_SUBJEKT sets nothing; did you mean GRADCHECK_SUBJECT?"])


def test_a_subject_that_is_not_there(project: Any, suite: str) -> None:
    project.write({"gradcheck_a.py": suite})
    done = project.pytest("--gradcheck-subject", "nobodys.py")
    assert done.ret == 2
    done.stdout.fnmatch_lines(["no subject file 'nobodys.py': there is no such file; expected a Python file, *"])


def test_a_subject_that_cannot_be_loaded_fails_the_cases(project: Any, suite: str) -> None:
    project.write({"gradcheck_a.py": suite, "late.py": "raise RuntimeError('not finished')\n"})
    done = project.pytest("--gradcheck-subject", "late.py")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["*not finished*", "late.py:1: ERROR"])


EXPONENTIAL = """

@gradcheck.case
def exponential():
    build = gradcheck.GraphBuilder()
    yield gradcheck.Case("exp", build.graph(build.exp(build.parameter("a"))), {"a": 3.0}, "da = exp a")
"""


def test_a_case_that_the_engine_does_not_offer_is_skipped(project: Any, suite: str) -> None:
    project.write({"gradcheck_a.py": suite + EXPONENTIAL})
    done = project.pytest(*RIGHT, "-rs")
    done.assert_outcomes(passed=2, skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*not offered: exp (not in its OPS)"])
    assert done.ret == 0


def test_a_run_that_compared_nothing_is_no_success(project: Any, suite: str) -> None:
    project.write({"gradcheck_a.py": suite + EXPONENTIAL, "test_it.py": "def test_it(): pass\n"})
    done = project.pytest(*RIGHT, "-k", "exp or test_it")
    done.assert_outcomes(passed=1, skipped=1, deselected=2)
    assert done.ret == 5
    done.stdout.fnmatch_lines(["gradcheck: no entry was compared in 1 case of suites"])


def test_an_op_that_is_required_fails(project: Any, suite: str) -> None:
    settings = '[tool.gradcheck]\ndiagnosis-budget = 0\nrequire-ops = ["exp"]\nsubject = "engine.py"\n'
    project.write({"gradcheck_a.py": suite + EXPONENTIAL, "pyproject.toml": settings})
    project.pytest().assert_outcomes(passed=2, failed=1)


HANGS = "def gradients(graph, point):\n    while True:\n        pass\n"
FIVE = """
import gradcheck


@gradcheck.case
def five():
    for k in range(5):
        build = gradcheck.GraphBuilder()
        yield gradcheck.Case(f"case {k}", build.graph(build.square(build.parameter("a"))), {"a": 1.0 + k})
"""


def test_an_engine_that_hangs_is_given_up(project: Any) -> None:
    settings = '[tool.gradcheck]\ndiagnosis-budget = 0\ntimeout = 0.2\ngive-up-after = 2\nsubject = "hangs.py"\n'
    project.write({"gradcheck_a.py": FIVE, "hangs.py": HANGS, "pyproject.toml": settings})
    done = project.pytest("-q")
    done.assert_outcomes(failed=5)
    given_up = [
        line
        for line in done.outlines
        if line.startswith("FAILED") and "not asked: the subject had given no answer 2 times" in line
    ]
    assert len(given_up) == 3, done.stdout.str()


OWN = """
import gradcheck


def halved(graph, point):
    a = point["a"]
    return a * a, {"a": a}


def made():
    build = gradcheck.GraphBuilder()
    return build.graph(build.square(build.parameter("a")))


@gradcheck.case
def with_a_subject_of_its_own():
    yield gradcheck.Case("own", made(), {"a": 3.0}, subject=halved)


@gradcheck.case
def known_to_be_wrong():
    yield gradcheck.Case("known", made(), {"a": 3.0}, subject=halved, expect=("FAIL", "half of it"))
"""


def test_a_case_with_a_subject_of_its_own_shows_its_line_and_an_expected_failure_passes(project: Any) -> None:
    project.write({"gradcheck_own.py": OWN})
    done = project.pytest(*RIGHT)
    done.assert_outcomes(passed=1, failed=1)
    line = 1 + OWN[: OWN.index("def halved")].count("\n")
    done.stdout.fnmatch_lines([f"gradcheck_own.py:{line}: FAIL"])


def test_the_line_of_a_case_is_that_of_its_function(project: Any, suite: str) -> None:
    project.write({"gradcheck_a.py": suite, "conftest.py": "def pytest_itemcollected(item): print(*item.location)\n"})
    done = project.pytest("--collect-only", "-q", "-s")
    lines = [1 + suite[: suite.index(f"def {name}(")].count("\n") for name in ("alone", "used_twice")]
    assert lines[0] != lines[1]
    # pytest counts from 0
    done.stdout.fnmatch_lines([f"gradcheck_a.py {lines[0] - 1} alone", f"gradcheck_a.py {lines[1] - 1} shared"])


def test_the_cause_of_a_failure_is_looked_for_as_long_as_the_session_has_time(project: Any, suite: str) -> None:
    again = suite.replace('"alone"', '"other"').replace('"shared"', '"again"')
    project.write(
        {
            "gradcheck_a.py": suite,
            "gradcheck_b.py": again,
            "pyproject.toml": "[tool.gradcheck]\ndiagnosis-budget = 0.001\n",
        }
    )
    done = project.pytest(*WRONG)
    done.assert_outcomes(passed=2, failed=2)
    done.stdout.fnmatch_lines(["*0.001 s of this session for the search for causes are spent*"])
    project.write({"pyproject.toml": "[tool.gradcheck]\ndiagnosis-budget = 600\n"})
    done = project.pytest(*WRONG, "gradcheck_a.py")
    done.stdout.fnmatch_lines(["  mistake   A node that is used twice gets the gradient of one use only*"])
