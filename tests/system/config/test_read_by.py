"""Which commands read a setting: what the table says, and what the commands do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcheck.cli import main
from gradcheck.config.effective import Effective, effective
from gradcheck.config.settings_table import SETTINGS
from gradcheck.pytest_plugin.baseline_session import baseline_path
from gradcheck.pytest_plugin.plugin_settings import PluginSettings
from gradcheck.pytest_plugin.suite_session import SuiteSession

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


@gradcheck.case
def drawn(seed):
    build = gradcheck.GraphBuilder()
    graph = build.graph(build.square(build.parameter("a")))
    yield gradcheck.Case("drawn", graph, {"a": float(seed)}, "da = 2 a", subject=gradients, seed=seed)
"""
PAIR = """
import numpy as np


def f(w):
    return np.sum(w * w)


def f_grad(w):
    return w


EXAMPLES = {"f": (np.array([0.5, -1.5]),)}
"""
LINES = {
    "run": ("run", "own.py::square"),
    "baseline": ("baseline", "record", "own.py::square"),
    "explain": ("explain", "own.py::square"),
    "faults": ("faults", "F01", "--no-engines"),
    "verify": ("verify", "pair.py"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite and a wrong pair; what `gradcheck faults` tries is small."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "pair.py").write_text(PAIR, encoding="utf-8")
    monkeypatch.setattr("gradcheck.cli.faults.builtin_suites", lambda: {"own.py": tmp_path / "own.py"})
    monkeypatch.setattr("gradcheck.cli.faults.grade_faults", lambda *_: [])
    return tmp_path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The keys of the settings that were looked up so far."""
    keys: set[str] = set()
    get = Effective.__getitem__

    def looked_up(settings: Effective, key: str) -> Any:
        keys.add(key)
        return get(settings, key)

    monkeypatch.setattr(Effective, "__getitem__", looked_up)
    return keys


def of(reader: str) -> set[str]:
    return {key for key, row in SETTINGS.items() if reader in row.read_by}


@pytest.mark.parametrize("command", [name for name in LINES if name != "verify"])
def test_a_command_reads_what_the_table_says(folder: Path, read: set[str], command: str) -> None:
    assert main(LINES[command]) == 0
    assert read == of(command)


def test_the_plugin_reads_what_the_table_says(folder: Path, read: set[str], pytestconfig: pytest.Config) -> None:
    values = effective(start=folder)
    session = SuiteSession(PluginSettings(values, None, {}))
    for item in session.cases("own.py", ("square",)):
        session.outcome(item)
    session.close()
    baseline_path(pytestconfig, values)
    assert read | {"suites", "seed"} == of("pytest")  # those two are in PluginSettings by themselves


def test_what_verify_reads(folder: Path, read: set[str], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    (folder / "pyproject.toml").write_text('[tool.gradcheck]\nreport = ["text=out.txt"]\ndiagnosis-budget = 0\n')
    monkeypatch.setenv("GRADCHECK_TIMEOUT", "7")
    assert main(LINES["verify"]) == 1
    assert read == of("verify")
    assert "FAIL" in (folder / "out.txt").read_text()
    assert "pair.py --timeout 7 --case" in capsys.readouterr().out
    monkeypatch.setenv("GRADCHECK_TIMEOUT", "0")
    assert main(LINES["verify"]) == 2
    assert "GRADCHECK_TIMEOUT must be a positive number" in capsys.readouterr().err


def test_the_seed_of_explain_comes_from_the_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (folder / "pyproject.toml").write_text("[tool.gradcheck]\nseed = 3\n")
    told = []
    for flags in ((), ("--seed", "5")):
        assert main(("explain", "own.py::drawn", *flags)) == 0
        told.append(capsys.readouterr().out)
    monkeypatch.setenv("GRADCHECK_SEED", "5")
    assert main(("explain", "own.py::drawn")) == 0
    assert capsys.readouterr().out == told[1] != told[0]


def test_the_seed_of_faults_comes_from_the_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []
    monkeypatch.setattr("gradcheck.cli.faults.random_graphs", lambda count, seed: seeds.append(seed) or [])
    monkeypatch.setattr("gradcheck.cli.faults.false_alarms", lambda *_: [])
    (folder / "pyproject.toml").write_text("[tool.gradcheck]\nseed = 3\n")
    for flags in ((), ("--seed", "5")):
        assert main(("faults", "F01", *flags)) == 0
    (folder / "pyproject.toml").unlink()
    assert main(("faults", "F01")) == 0
    assert seeds == [3, 5, 0]


def test_a_replay_line_has_the_limits_that_flags_set(folder: Path, capsys: Any) -> None:
    wrong = SUITE.replace("2 * x}", "2.001 * x}")
    (folder / "own.py").write_text(wrong, encoding="utf-8")
    line = ("run", "own.py::square", "--max-ulps", "64", "--interest", "1e-7", "--no-diagnosis", "--no-save")
    assert main(line) == 1
    assert "gradcheck run own.py::square --interest 1e-07 --max-ulps 64" in " ".join(capsys.readouterr().out.split())
