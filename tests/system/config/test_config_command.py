"""`gradcheck config` prints every setting in effect, and where it comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradcheck.cli import main
from gradcheck.config.settings_table import SETTINGS

TABLE = """
[tool.gradcheck]
timeout = 5
suites = ["mlps", "mine.py"]
expect = [{case = "mine.py::a", verdict = "FAIL", reason = "issue 7"}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings in its file and in the environment."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADCHECK_SEED", "4")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def test_every_setting_with_its_source(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["config"]) == 0
    first, _, *rows = capsys.readouterr().out.splitlines()
    assert first == f"file: {project / 'pyproject.toml'}"
    shown = {words[0]: words[1:] for words in map(str.split, rows)}
    assert set(SETTINGS) <= set(shown)
    assert shown["timeout"] == ["5", "file", "run,", "baseline,", "pytest,", "verify"]
    assert shown["seed"][:2] == ["4", "GRADCHECK_SEED"]
    assert shown["suites"][:2] == ["mlps", "file"]
    assert shown["mine.py"] == []
    assert shown["expect"] == ["mine.py::a:", "FAIL", "(issue", "7)", "file", "run,", "baseline,", "pytest"]
    assert shown["give-up-after"][:2] == ["3", "default"]


def test_as_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["schema_version"] == 1
    assert said["file"] == str(project / "pyproject.toml")
    assert list(said["settings"]) == list(SETTINGS)
    timeout = said["settings"]["timeout"]
    assert (timeout["value"], timeout["source"]) == (5.0, "file")
    assert timeout["read_by"] == ["run", "baseline", "pytest", "verify"]
    assert timeout["place"].endswith("[tool.gradcheck] timeout")
    assert said["settings"]["seed"]["value"] == 4
    assert said["settings"]["expect"]["value"] == [{"case": "mine.py::a", "verdict": "FAIL", "reason": "issue 7"}]


def test_a_misspelt_variable_is_said_on_stderr(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADCHECK_TIMEOT", "4")
    assert main(["config"]) == 0
    assert capsys.readouterr().err == "gradcheck: GRADCHECK_TIMEOT sets nothing; did you mean GRADCHECK_TIMEOUT?\n"


def test_a_wrong_file_ends_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text("[tool.gradcheck]\nsede = 1\n")
    assert main(["config"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(
        f"gradcheck: {project / 'pyproject.toml'}, [tool.gradcheck]: unknown key 'sede'; did you"
    )
