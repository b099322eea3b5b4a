"""`gradcheck run --report KIND=PATH`: each kind, read by a parser that is not gradcheck's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RUN = ("run", "mine.py", "--subject", "engine.py", "--no-save")


def test_a_failure_in_every_kind(overwrites: Any, reported: Callable[..., Any], at: Callable[..., int]) -> None:
    seen = reported(*RUN)
    line = at(Path("engine.py"), "def gradients(graph, point):")
    said = "df/db is 7, should be 9"
    assert (seen.code, seen.err) == (1, "")

    assert [row["kind"] for row in seen.json] == ["run", "result", "result", "summary"]

    assert (seen.junit.tests, seen.junit.failures, seen.junit.errors, seen.junit.skipped) == (2, 1, 0, 0)
    failed = seen.cases["mine.py::branches"]
    [failure] = failed.result
    assert (failure.type, failure.message) == ("GC012", said)
    assert "the last message overwrites the others" in failure.text
    assert "replay: gradcheck run mine.py::branches --subject engine.py" in failure.text
    assert failed._elem.get("file") == "engine.py"
    assert failed._elem.get("line") == str(line)
    assert seen.cases["mine.py::product"].result == []

    [result] = seen.sarif["results"]
    [rule] = seen.sarif["tool"]["driver"]["rules"]
    assert (result["ruleId"], result["level"], rule["name"]) == ("GC012", "error", "WrongGradient")
    assert " ".join(rule["help"]["text"].partition("\n")[0].split()) in " ".join(
        overwrites("explain", "GC012").out.split()
    )
    assert said in result["message"]["text"]
    assert location(result) == ("engine.py", "%SRCROOT%", line)
    assert seen.sarif["originalUriBaseIds"]["%SRCROOT%"]["uri"] == f"{Path.cwd().as_uri()}/"
    [invocation] = seen.sarif["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, True)

    [annotation] = seen.github
    assert annotation.level == "error"
    assert annotation.properties == {
        "file": "engine.py",
        "line": str(line),
        "title": "gradcheck FAIL mine.py::branches",
    }
    assert annotation.message.splitlines()[1] == f"wrong: {said}; right: a, c"

    assert "| PASS | FAIL |" in seen.markdown
    smallest, replay = seen.code_blocks
    assert smallest.startswith("loss = w1 + w1 at w1 = 3: yours dloss/dw1 = 1, right 2")
    assert overwrites.line(replay.strip()).code == 1
    assert "the last message overwrites the others" in seen.markdown

    assert said in seen.text


def location(result: Any) -> tuple[str, str | None, int]:
    [place] = result["locations"]
    physical = place["physicalLocation"]
    return (
        physical["artifactLocation"]["uri"],
        physical["artifactLocation"].get("uriBaseId"),
        physical["region"]["startLine"],
    )


def test_a_run_that_passes(desk: Any, reported: Callable[..., Any]) -> None:
    seen = reported(*RUN)
    assert (seen.code, seen.err) == (0, "")
    assert (seen.junit.tests, seen.junit.failures, seen.junit.errors, seen.junit.skipped) == (2, 0, 0, 0)
    assert (seen.sarif["results"], seen.sarif["tool"]["driver"]["rules"]) == ([], [])
    assert seen.github == []
    assert "| 2 | 0 | 0 | 0 | 7 |" in seen.markdown
    assert "2 PASS" in seen.text


def test_the_text_is_what_the_screen_shows(overwrites: Any, reported: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    plain = reported(*RUN, "--no-timings")
    assert plain.text == plain.out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("COLUMNS", "60")
    coloured = reported(*RUN, "--no-timings")
    assert "\x1b[" in coloured.out
    assert coloured.text == plain.out


def test_a_fingerprint_stays_when_the_code_moves(overwrites: Any, reported: Callable[..., Any]) -> None:
    quick = (*RUN, "--no-diagnosis")
    [before] = reported(*quick).sarif["results"]
    Path("engine.py").write_text("# a line more\n" + Path("engine.py").read_text())
    [after] = reported(*quick).sarif["results"]
    assert after["partialFingerprints"] == before["partialFingerprints"]
    assert location(after)[2] == location(before)[2] + 1
    overwrites.write("twice.py", Path("mine.py").read_text().replace('"branches"', '"forks"'))
    [other] = reported("run", "twice.py", *quick[2:]).sarif["results"]
    assert other["partialFingerprints"] != before["partialFingerprints"]


def test_failures_of_one_mistake_share_an_annotation(desk: Any, engine: str, reported: Callable[..., Any]) -> None:
    desk.write("engine.py", engine.replace("(2 * a * bar,)", "(a * bar,)"))
    desk.write(
        "squares.py",
        """
        import gradcheck

        @gradcheck.case
        def squares():
            for name, value in (("one", 1.5), ("two", 2.5), ("three", 3.5)):
                build = gradcheck.GraphBuilder()
                graph = build.graph(build.square(build.parameter("w"), name="loss"))
                yield gradcheck.Case(name, graph, {"w": value}, "the slope of a square")
        """,
    )
    seen = reported("run", "squares.py", *RUN[2:])
    assert seen.code == 1
    assert len(seen.sarif["results"]) == seen.junit.failures == 3
    [annotation] = seen.github
    assert "(and 2 more)" in annotation.message
    assert len({result["partialFingerprints"]["gradcheckCase/v1"] for result in seen.sarif["results"]}) == 3


def test_an_expected_failure(overwrites: Any, reported: Callable[..., Any]) -> None:
    suite = Path("mine.py").read_text()
    overwrites.write("mine.py", suite.replace('"gradients add at branches"', '"", expect=("FAIL", "issue | 7")'))
    seen = reported(*RUN)
    assert seen.code == 0
    assert (seen.junit.failures, seen.junit.errors, seen.junit.skipped) == (0, 0, 1)
    [skipped] = seen.cases["mine.py::branches"].result
    assert skipped.message == "as expected: FAIL (issue | 7)"
    [result] = seen.sarif["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "as expected: FAIL (issue | 7)"}]
    assert seen.github == []
    assert "1 of them as expected." in seen.markdown


def test_a_subject_that_does_not_load(desk: Any, reported: Callable[..., Any]) -> None:
    desk.write("engine.py", "import numpy as np\n\nnp.no_such_thing()\n")
    seen = reported(*RUN)
    assert seen.code == 1
    assert seen.junit.errors == 1
    [result] = seen.sarif["results"]
    assert (result["ruleId"], location(result)) == ("GC001", ("engine.py", "%SRCROOT%", 3))
    assert seen.github[0].properties["line"] == "3"


def test_the_line_that_raises(desk: Any, reported: Callable[..., Any]) -> None:
    desk.write(
        "engine.py", "def gradients(graph, point):\n    return helper()\n\ndef helper():\n    raise KeyError(3)\n"
    )
    seen = reported(*RUN, "--no-diagnosis")
    assert seen.code == 1
    assert {(r["ruleId"], location(r)) for r in seen.sarif["results"]} == {("GC004", ("engine.py", "%SRCROOT%", 5))}
    assert len(seen.github) == 1


def test_a_run_that_compares_nothing_is_not_green(desk: Any, reported: Callable[..., Any]) -> None:
    desk.write("engine.py", "OPS = set()\ndef gradients(graph, point):\n    raise AssertionError\n")
    seen = reported(*RUN)
    assert seen.code == 5
    assert seen.junit.errors == 1
    assert seen.junit.skipped == 2
    assert seen.sarif["invocations"][0]["executionSuccessful"] is False
    assert [a.level for a in seen.github] == ["error"]
    for text in (
        seen.github[0].message,
        seen.sarif["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
    ):
        assert "nothing was compared" in text
    assert "**nothing was compared" in seen.markdown


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_files_are_named_from_the_checkout(
    overwrites: Any, reported: Callable[..., Any], monkeypatch: Any, where: str
) -> None:
    inside = where == "inside"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(overwrites.folder.parent if inside else overwrites.folder / "elsewhere"))
    seen = reported(*RUN, "--no-diagnosis")
    name = f"{overwrites.folder.name}/engine.py" if inside else "engine.py"
    assert seen.github[0].properties["file"] == name
    assert location(seen.sarif["results"][0])[0] == name


def test_stdout_after_the_report_for_the_screen(overwrites: Any) -> None:
    ran = overwrites(*RUN, "--no-diagnosis", "--report", "github=-", "--report", "markdown=-")
    assert ran.code == 1
    screen, command, page = ran.out.partition("\n::error ")[0], ran.out.count("\n::error file=engine.py"), ran.out
    assert "1 PASS  1 FAIL" in screen
    assert command == 1
    assert "\n## gradcheck\n" in page


def test_json_on_stdout_stays_alone(overwrites: Any) -> None:
    ran = overwrites(*RUN, "--no-diagnosis", "--format", "json", "--report", "github=out.github")
    assert json.loads(ran.out)["exit_code"] == ran.code == 1
    assert Path("out.github").read_text().startswith("::error file=engine.py")
