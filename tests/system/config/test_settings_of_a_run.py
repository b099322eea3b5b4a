"""`gradcheck run` with settings from the file and the environment, and cases that are known not to pass."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from gradcheck.cli import main
from gradcheck.config.effective import effective
from gradcheck.config.settings_table import SETTINGS
from gradcheck.run.asking import GIVE_UP_AFTER

ENGINE = """
def gradients(graph, point):
    a = point["a"]
    return a**2, {"a": FACTOR * a}
"""

SUITE = """
import gradcheck

@gradcheck.case
def squares():
    for name, at in (("small", 0.5), ("large", 8.0)):
        build = gradcheck.GraphBuilder()
        yield gradcheck.Case(name, build.graph(build.square(build.parameter("a"))), {"a": at}, "", labels=("square",))
"""

KNOWN = '[{case = "mine.py::large", verdict = "VERDICT", reason = "issue 7"}]'


class Project:
    """A folder with a suite, a right engine and one that is wrong by a factor."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capture = folder, capture
        (folder / "mine.py").write_text(dedent(SUITE))
        (folder / "right.py").write_text(ENGINE.replace("FACTOR", "2"))
        (folder / "wrong.py").write_text(ENGINE.replace("FACTOR", "3"))
        (folder / "half.py").write_text(ENGINE.replace("FACTOR", "(2 if a < 1 else 3)"))

    def settings(self, rows: str) -> None:
        """Write the pyproject.toml."""
        (self.folder / "pyproject.toml").write_text(f"[tool.gradcheck]\n{dedent(rows)}\n")

    def __call__(self, *arguments: str) -> tuple[int, Any, str]:
        """The exit code, the document and what stderr says of `gradcheck run`."""
        code = main(["run", "--format", "json", "--no-diagnosis", *arguments])
        said = self._capture.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gradcheck.report.progress.SILENCE", float("inf"))
    return Project(tmp_path, capsys)


def verdicts(document: Any) -> dict[str, str]:
    return {row["address"]: row["verdict"] for row in document["results"]}


def test_the_table_has_the_runners_default() -> None:
    assert SETTINGS["give-up-after"].default == GIVE_UP_AFTER


def test_the_readme_shows_settings_that_are_read(project: Project, checkout: Path) -> None:
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"```toml\n(\[tool\.gradcheck\]\n.*?)```", readme, re.DOTALL)
    (project.folder / "pyproject.toml").write_text(table)
    found = effective({}, {}, project.folder)
    assert (found["suites"], found["subject"]) == (("my_suite.py",), "my_engine.py")
    assert [row.case for row in found["expect"]] == ["my_suite.py::shared"]


def test_suites_and_subject_of_the_file(project: Project) -> None:
    project.settings('suites = ["mine.py"]\nsubject = "wrong.py"')
    code, document, _ = project()
    assert code == 1
    assert verdicts(document) == {"mine.py::small": "FAIL", "mine.py::large": "FAIL"}
    assert document["subject"] == "wrong.py"
    assert document["self_check"] is False
    code, document, _ = project("mine.py::large", "--subject", "right.py")
    assert (code, verdicts(document)) == (0, {"mine.py::large": "PASS"})


def test_the_environment_comes_between(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.settings('suites = ["mine.py"]\nsubject = "wrong.py"')
    monkeypatch.setenv("GRADCHECK_SUBJECT", "right.py")
    assert project()[0] == 0
    assert project("--subject", "wrong.py")[0] == 1


def test_from_a_folder_inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.settings('suites = ["mine.py"]\nsubject = "right.py"\nreport = ["json=out.jsonl"]')
    (project.folder / "inner").mkdir()
    monkeypatch.chdir(project.folder / "inner")
    code, document, _ = project()
    assert (code, list(verdicts(document))) == (0, ["../mine.py::small", "../mine.py::large"])
    assert len((project.folder / "out.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("timeout = 0", "[tool.gradcheck] timeout must be a positive number of seconds"),
        ('subject = ":f"', "[tool.gradcheck] subject: expected FILE or FILE:NAME, got ':f'"),
        ("sede = 1", "unknown key 'sede'; did you mean 'seed'?"),
    ],
)
def test_a_wrong_file_runs_nothing(project: Project, rows: str, says: str) -> None:
    project.settings(rows)
    code, document, err = project("mine.py")
    assert (code, document) == (2, None)
    assert says in err


def test_a_known_failure_is_as_it_should_be(project: Project) -> None:
    project.settings(f'subject = "half.py"\nexpect = {KNOWN.replace("VERDICT", "FAIL")}')
    code, document, _ = project("mine.py")
    assert (code, verdicts(document)) == (0, {"mine.py::small": "PASS", "mine.py::large": "FAIL"})
    assert "as expected: FAIL (issue 7)" in json.dumps(document["results"][1])


@pytest.mark.parametrize(("subject", "verdict"), [("right.py", "FAIL"), ("half.py", "UNDECIDED"), ("half.py", "ERROR")])
def test_anything_else_than_expected_fails(project: Project, subject: str, verdict: str) -> None:
    project.settings(f'subject = "{subject}"\nexpect = {KNOWN.replace("VERDICT", verdict)}')
    code, document, _ = project("mine.py")
    assert code == 1
    assert verdicts(document)["mine.py::large"] == "FAIL"
    assert f"the case was expected to be {verdict} (issue 7), but is" in json.dumps(document["results"])


def test_the_entries_speak_of_the_subject_of_the_file(project: Project) -> None:
    project.settings(f'subject = "half.py"\nexpect = {KNOWN.replace("VERDICT", "FAIL")}')
    assert project("mine.py", "--subject", "right.py")[0] == 0
    project.settings(f"expect = {KNOWN.replace('VERDICT', 'FAIL')}")
    assert project("mine.py", "--subject", "half.py")[0] == 0
    assert project("mine.py", "--subject", "right.py")[0] == 1


def test_an_entry_counts_however_the_suite_is_named(project: Project) -> None:
    project.settings(f'subject = "half.py"\nexpect = {KNOWN.replace("VERDICT", "FAIL")}')
    assert project(str(project.folder / "mine.py"))[0] == 0


def test_an_entry_that_fits_no_case_is_refused(project: Project) -> None:
    project.settings('expect = [{case = "mine.py::lagre", verdict = "FAIL", reason = "issue 7"}]')
    code, document, err = project("mine.py::small", "--subject", "right.py")
    assert (code, document) == (2, None)
    for words in ("[tool.gradcheck] expect: suite 'mine.py' has no case 'lagre'", "did you mean 'large'?", "take the"):
        assert words in err


def test_an_entry_of_a_suite_that_is_gone_is_refused(project: Project) -> None:
    project.settings('expect = [{case = "gone.py::large", verdict = "FAIL", reason = "issue 7"}]')
    code, document, err = project("mine.py", "--subject", "right.py")
    assert (code, document) == (2, None)
    assert "[tool.gradcheck] expect, 'gone.py::large': no suite 'gone.py'" in err


def test_an_entry_of_a_suite_that_is_not_run_is_kept(project: Project) -> None:
    project.settings('expect = [{case = "mlps::no such case", verdict = "FAIL", reason = "issue 7"}]')
    assert project("mine.py", "--subject", "right.py")[0] == 0


def test_a_known_failure_has_to_be_answered(project: Project) -> None:
    (project.folder / "refuses.py").write_text("def gradients(graph, point):\n    raise NotImplementedError\n")
    project.settings(f'subject = "refuses.py"\nexpect = {KNOWN.replace("VERDICT", "FAIL")}')
    code, document, _ = project("mine.py")
    assert code == 5
    assert verdicts(document) == {"mine.py::large": "FAIL"}  # the other case is not offered, and left out


@pytest.mark.parametrize("option", [("-x",), ("--maxfail", "1"), ("--fail-fast",)])
def test_the_first_failure_ends_the_run(project: Project, option: tuple[str, ...]) -> None:
    assert list(verdicts(project("mine.py", "--subject", "wrong.py", *option)[1])) == ["mine.py::small"]


def test_a_number_of_failures_ends_the_run(project: Project) -> None:
    project.settings("maxfail = 2")
    document = project("mine.py", "worked_examples", "--subject", "wrong.py")[1]
    assert list(verdicts(document)) == ["mine.py::small", "mine.py::large"]
    document = project("mine.py::large", "mine.py::small", "--subject", "half.py", "--maxfail", "0")[1]
    assert list(verdicts(document)) == ["mine.py::large", "mine.py::small"]
