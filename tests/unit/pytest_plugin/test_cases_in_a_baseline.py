"""Cases of suites that pytest runs: what is measured of them, and which of them should have been run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gradcheck.config.effective import effective
from gradcheck.problem.evaluations import counted_evaluations
from gradcheck.pytest_plugin.plugin_settings import PluginSettings
from gradcheck.pytest_plugin.suite_session import SuiteSession
from gradcheck.pytest_plugin.tests_asked_for import TestsAskedFor

SUITE = """
import gradcheck


def gradients(graph, point):
    (name, x), = point.items()
    return x * x, {name: 2 * x}


@gradcheck.case
def square():
    build = gradcheck.GraphBuilder()
    graph = build.graph(build.square(build.parameter("a")))
    yield gradcheck.Case("square", graph, {"a": 3.0}, "da = 2 a", subject=gradients)
"""


def test_a_case_is_measured_while_somebody_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(SUITE, encoding="utf-8")
    session = SuiteSession(PluginSettings(effective(start=tmp_path), None, {}))
    try:
        (item,) = session.cases("own.py", ())
        assert session.outcome(item).measured is None
        with counted_evaluations():
            measured = session.outcome(item).measured
    finally:
        session.close()
    assert measured is not None
    assert (measured.verdict, measured.blocks["a"].values) == ("PASS", ("6 +- 0",))  # 2 a at 3
    assert measured.derivative_calls > 0
    assert measured.f_calls is None


def test_which_cases_have_vanished(tmp_path: Path) -> None:
    options: dict[str, Any] = {}
    config: Any = SimpleNamespace(
        rootpath=tmp_path,
        args=[str(tmp_path)],
        option=SimpleNamespace(**options),
        invocation_params=SimpleNamespace(dir=tmp_path),
    )
    asked = TestsAskedFor({"own.py::a", "own.py::b #2", "test_x.py::test"}, {"test_x.py::test"})
    asked.unanswered.add("own.py::a")
    other = TestsAskedFor()
    other.add(asked.to_dict())
    assert other == asked
    for address, why in {
        "own.py::a": "the subject does not answer it any more",
        "own.py::b #2": "",  # collected, and not run
        "own.py::c": "there is no such test any more",
        "test_x.py::test #2": "its test makes fewer checks",
    }.items():
        assert asked.vanished(address, config) == why
