"""What machines read: JSON on stdout alone, exit codes, report files, colour and width."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import referencing
import referencing.jsonschema

from gradcheck.oracle.estimate import Estimate, Estimates, Kind
from gradcheck.problem import Graph, Point


class Says:
    """An oracle that claims that every derivative is `value`, with a proof."""

    def __init__(self, name: str, value: float) -> None:
        self.name, self._value = name, value

    def __call__(self, graph: Graph, point: Point) -> Estimates:
        claims = {
            graph.names[i]: Estimate(np.full(graph.shapes[i], self._value), np.zeros(graph.shapes[i]), Kind.PROVEN)
            for i in graph.parameters
        }
        return Estimates(self.name, None, claims)


class Interrupts:
    """An oracle during which the user presses Ctrl-C, at the given question."""

    name = "interrupts"

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, graph: Graph, point: Point) -> Estimates:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return Says(self.name, 0.0)(graph, point)


def test_json_is_all_there_is_on_stdout_and_fits_its_schema(desk: Any, engine: str) -> None:
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    ran = desk("run", "mine.py", "--subject", "engine.py", "--format", "json", "--no-save")
    document = json.loads(ran.out)
    schema = json.loads(files("gradcheck.report").joinpath("run.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert ran.err == ""
    assert (ran.code, document["exit_code"]) == (1, 1)
    assert document["schema_version"] == 1
    assert document["summary"]["FAIL"] == 1
    assert document["summary"]["comparisons"] == sum(r["comparisons"] for r in document["results"]) == 7
    [failed] = [r for r in document["results"] if r["verdict"] == "FAIL"]
    assert failed["findings"][0]["facts"] | {"distance": 0, "allowed": 0} == {
        "loss": "f", "block": "b", "entry": "", "subject": 7.0, "truth": 9.0, "distance": 0, "allowed": 0,
        "wrong": 1, "entries": 1,
    }  # fmt: skip


def lines_of(path: str) -> list[Any]:
    """The lines of a report file, each of which fits the schema."""
    folder = files("gradcheck.report")
    whole, single = (
        json.loads(folder.joinpath(f"{name}.schema.json").read_text(encoding="utf-8")) for name in ("run", "run-lines")
    )
    registry = referencing.Registry().with_resources(
        [(whole["$id"], referencing.jsonschema.DRAFT202012.create_resource(whole))]
    )
    validator = jsonschema.Draft202012Validator(single, registry=registry)
    lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    for line in lines:
        validator.validate(line)
        assert not validator.is_valid({**line, "more": 1})
        assert not validator.is_valid({**line, "kind": "case"})
    return lines


def test_a_report_file_holds_what_json_prints(desk: Any, engine: str) -> None:
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    arguments = ("run", "mine.py", "--subject", "engine.py")
    ran = desk(*arguments, "--report", "json=out.json", "--report", "json=again.json", "--format", "json")
    printed = json.loads(ran.out)
    head, *results, summary = lines_of("out.json")
    assert (head.pop("kind"), head.pop("cases")) == ("run", 2)
    assert [r.pop("kind") for r in results] == ["result"] * 2
    assert summary.pop("kind") == "summary"
    assert {**head, **summary, "results": results, "harness_faults": []} == printed
    assert Path("again.json").read_text() == Path("out.json").read_text()


def test_a_report_file_that_cannot_be_written(desk: Any) -> None:
    desk.write("engine.py", "raise SystemExit('must not be loaded')\n")
    ran = desk("run", "mine.py", "--subject", "engine.py", "--report", "json=.")
    assert (ran.code, ran.out) == (2, "")
    assert "--report: '.' cannot be written: Is a directory" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_report_file_that_is_full(desk: Any) -> None:
    ran = desk("run", "mine.py", "--subject", "engine.py", "--report", "json=/dev/full")
    assert ran.code == 0
    assert "2 PASS" in ran.out
    assert ran.err == "gradcheck: the report '/dev/full' is not complete: No space left on device\n"


def test_0_everything_passes(desk: Any) -> None:
    assert desk("run", "mine.py", "--subject", "engine.py").code == 0


def test_1_a_subject_that_exists_and_cannot_be_loaded(desk: Any) -> None:
    desk.write("engine.py", "1 / 0\n")
    assert desk("run", "mine.py", "--subject", "engine.py").code == 1


def test_3_proofs_that_contradict_each_other(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("gradcheck.cli.run.graph_oracles", lambda: (Says("this", 1.0), Says("that", 2.0)))
    ran = desk("run", "--no-timings", "mine.py", "--subject", "engine.py")
    assert ran.code == 3
    for words in ("harness fault", "mine.py::product: the gradient of 'w'", "this", "that", "please report it"):
        assert words in ran.flat
    document = json.loads(desk("run", "mine.py", "--subject", "engine.py", "--format", "json").out)
    assert [f["address"] for f in document["harness_faults"]] == ["mine.py::branches", "mine.py::product"]


def test_3_wins_over_1(desk: Any, monkeypatch: Any) -> None:
    desk.write("engine.py", "def gradients(graph, point):\n    return 0.0, {'w': point['w'], 'b': point['w']}\n")
    monkeypatch.setattr("gradcheck.cli.run.graph_oracles", lambda: (Says("this", 1.0), Says("that", 2.0)))
    assert desk("run", "mine.py", "--subject", "engine.py").code == 1  # no answer, so no oracle is asked
    desk.write("engine.py", "def gradients(graph, point):\n    return 0.0, {'w': point['w']}\n")
    assert desk("run", "mine.py", "--subject", "engine.py").code == 3  # ERROR in one case, a fault in the other


def test_5_nothing_is_compared(desk: Any) -> None:
    ran = desk("run", "mine.py", "--subject", "engine.py", "-k", "nothing")
    assert ran.code == 5
    assert "0 entries compared" in ran.out


def test_130_interrupted_with_what_is_finished(desk: Any, monkeypatch: Any) -> None:
    from gradcheck.oracle import graph_oracles

    oracles = (*graph_oracles(), Interrupts(at=0))
    monkeypatch.setattr("gradcheck.cli.run.graph_oracles", lambda: oracles)
    ran = desk("run", "mine.py", "--subject", "engine.py")
    assert ran.code == 130
    assert "interrupted" in ran.out
    assert "Traceback" not in ran.err

    first = iter([graph_oracles()])

    class Second:
        """Interrupted in the second case."""

        name = "second"

        def __call__(self, graph: Graph, point: Point) -> Estimates:
            if "p" in graph.names:
                raise KeyboardInterrupt
            return next(first)[0](graph, point)  # type: ignore[return-value]

    monkeypatch.setattr("gradcheck.cli.run.graph_oracles", lambda: (Second(),))
    ran = desk("run", "mine.py", "--subject", "engine.py", "--report", "json=out.json", "--format", "json")
    assert ran.code == 130
    assert json.loads(ran.out)["interrupted"] is True
    *_, result, summary = lines_of("out.json")
    assert result["verdict"] == "PASS"
    assert (summary["interrupted"], summary["exit_code"], summary["summary"]["PASS"]) == (True, 130, 1)


def test_130_interrupted_before_anything_ran(desk: Any, monkeypatch: Any) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcheck.cli.run.collect", interrupted)
    ran = desk("run", "mine.py")
    assert (ran.code, ran.out, ran.err) == (130, "", "gradcheck: interrupted\n")


def in_a_process(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CI")}
    command = [sys.executable, "-c", "import sys; from gradcheck.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(
        command, cwd=folder, env=kept | environment, capture_output=True, text=True, check=False, timeout=60
    )


EXPLAIN = ("explain", "worked_examples::S4.b")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
    ids=["a pipe", "FORCE_COLOR", "NO_COLOR wins"],
)
def test_colour(shell: Any, environment: dict[str, str], coloured: bool) -> None:
    ran = in_a_process(shell.folder, *EXPLAIN, TERM="xterm-256color", **environment)
    assert ran.returncode == 0
    assert ("\x1b[3" in ran.stdout or "\x1b[1;3" in ran.stdout) is coloured
    assert ran.stderr == ""


@pytest.mark.parametrize("width", [60, 140])
def test_columns(desk: Any, monkeypatch: Any, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = desk("run", "mine.py", "--subject", "engine.py").out.splitlines()
    assert max(map(len, lines)) <= width


def test_a_reader_that_goes_away_is_no_error(shell: Any) -> None:
    command = f'"{sys.executable}" -c "import sys; from gradcheck.cli import main; sys.exit(main())"'
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} explain worked_examples::S0.a --format json | head -c 10"],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.stderr == ""
