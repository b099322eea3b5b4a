"""`--jobs`: several processes judge, and the report is that of one, byte for byte but for times."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ENGINES = {
    "right": lambda text: text,
    "wrong": lambda text: text.replace("bars[name] + bar", "bar"),
    "refuses": lambda text: text.replace('"relu": lambda a: np.maximum(a, 0.0),', ""),
    "dies": lambda text: text.replace("    nodes = [", "    import os\n    os._exit(3)\n    nodes = [", 1),
    "dies at times": lambda text: text.replace(
        "    nodes = [", '    import os\n    "relu" in {n.op for n in graph.nodes} and os._exit(3)\n    nodes = [', 1
    ),
    "broken": lambda text: text + "\n1 / 0\n",
}

SUITE = """
    import gradcheck
    import numpy as np

    def square(graph, point):
        return point["a"] ** 2, {"a": 2.0 * point["a"]}

    @gradcheck.case
    def several():
        for k in range(12):
            build = gradcheck.GraphBuilder()
            a = build.parameter("a")
            loss = (build.add(a, a), build.relu(a), build.mul(a, a), build.square(a))[k % 4]
            own = square if k == 7 else None
            expect = ("FAIL", "known") if k == 9 else None
            yield gradcheck.Case(f"case {k}", build.graph(loss), {"a": 1.0 + k}, subject=own, expect=expect)
"""

TIMES = re.compile(r'"seconds": [0-9.e-]+')


@pytest.fixture
def bench(desk: Any, engine: str) -> Any:
    """The folder with all these engines, and a suite."""
    for name, bend in ENGINES.items():
        (desk.folder / f"{name.replace(' ', '_')}.py").write_text(bend(dedent(engine)))
    desk.write("several.py", SUITE)
    return desk


def reports(bench: Any, *arguments: str) -> tuple[int, str, str, str]:
    """Code, screen, JSON lines without times, and stderr, of one command line."""
    lines = bench.folder / "out.jsonl"
    ran = bench("run", *arguments, "--no-timings", "--no-save", "--report", f"json={lines}")
    return ran.code, ran.out, TIMES.sub("", lines.read_text()), ran.err


@pytest.mark.parametrize("name", ENGINES)
def test_two_jobs_report_what_one_does(bench: Any, name: str) -> None:
    line = ("several.py", "--subject", f"{name.replace(' ', '_')}.py", "-v")
    one, two = reports(bench, *line), reports(bench, *line, "--jobs", "2")
    assert two == one
    assert "several.py" in one[1] or name == "broken"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("wrong", ("-x",)),
        ("wrong", ("--maxfail", "2")),
        ("wrong", ("-k", "7")),
        ("dies at times", ("--give-up-after", "1")),
        ("dies at times", ("--give-up-after", "0")),
        ("refuses", ("--require-ops", "all")),
        ("right", ("--dtype", "float32")),
    ],
)
def test_what_ends_a_run_early_ends_it_at_the_same_case(bench: Any, name: str, options: tuple[str, ...]) -> None:
    line = ("several.py", "--subject", f"{name.replace(' ', '_')}.py", "--no-diagnosis", *options)
    one, three = reports(bench, *line), reports(bench, *line, "-j", "3")
    assert three == one


def test_as_many_as_there_are_processors(bench: Any) -> None:
    line = ("several.py", "--subject", "right.py")
    assert reports(bench, *line, "--jobs", "auto") == reports(bench, *line)


def test_a_seed_and_saved_failures(bench: Any) -> None:
    line = ("random_dags", "-k", "13 or 14", "--subject", "wrong.py", "--seed", "3", "--no-timings", "--no-diagnosis")
    first = [bench("run", *line, "--save-failures", f"kept{jobs}", "--jobs", jobs) for jobs in ("1", "2")]
    assert first[0].out.replace("kept1", "kept2") == first[1].out
    kept = [sorted(path.name for path in (bench.folder / f"kept{jobs}").rglob("*.json")) for jobs in (1, 2)]
    assert kept[0] == kept[1] != []
    again = [bench("run", *line, "--save-failures", f"kept{jobs}", "--jobs", jobs) for jobs in ("1", "2")]
    assert again[0].out.replace("kept1", "kept2") == again[1].out
    assert "asking 1 saved failure first" in again[0].out


def test_the_subjects_are_other_processes(bench: Any) -> None:
    notes = bench.folder / "processes"
    notes.mkdir()
    says = "import os, pathlib\npathlib.Path(FOLDER, f'{os.getpid()} {os.getppid()}').touch()\n"
    text = (bench.folder / "right.py").read_text() + says.replace("FOLDER", repr(str(notes)))
    (bench.folder / "tells.py").write_text(text)
    assert bench("run", "several.py", "--subject", "tells.py", "--jobs", "2").code == 1
    parents = {path.name.split()[1] for path in notes.iterdir()}
    assert len(parents) == 3  # two workers, and this process, which asks what there is


NOTING = """
    import os
    import pathlib

    import gradcheck

    def wrong(graph, point):
        pathlib.Path(f"asked by {os.getpid()}").touch()
        return point["a"] ** 2, {"a": point["a"]}

    @gradcheck.case
    def several():
        for k in range(4):
            build = gradcheck.GraphBuilder()
            graph = build.graph(build.square(build.parameter("a")))
            yield gradcheck.Case(f"case {k}", graph, {"a": 1.0 + k}, subject=wrong)
"""


def test_a_wrong_case_is_judged_by_a_worker_alone(bench: Any) -> None:
    bench.write("noting.py", NOTING)
    assert bench("run", "noting.py", "--subject", "right.py", "--jobs", "2", "--no-diagnosis").code == 1
    judges = {int(path.name.split()[-1]) for path in bench.folder.glob("asked by *")}
    assert judges
    assert os.getpid() not in judges  # else its finding was not sent, and all was done a second time


KILLER = """
    import os
    import signal

    import gradcheck

    def ends_the_judge(graph, point):
        os.kill(os.getpid(), signal.SIGKILL)

    @gradcheck.case
    def several():
        for k in range(6):
            build = gradcheck.GraphBuilder()
            graph = build.graph(build.square(build.parameter("a")))
            yield gradcheck.Case(f"case {k}", graph, {"a": 1.0 + k}, subject=ends_the_judge if k == 2 else None)
"""


def test_a_worker_that_is_killed_costs_one_case(bench: Any) -> None:
    bench.write("killer.py", KILLER)
    ran = bench("run", "killer.py", "--subject", "right.py", "--jobs", "2", "--format", "json")
    document = json.loads(ran.out)
    assert ran.code == 3
    assert [row["address"][-1] for row in document["results"]] == ["0", "1", "3", "4", "5"]
    (fault,) = document["harness_faults"]
    assert fault["address"] == "killer.py::case 2"
    assert "the worker process that judged it was killed by SIGKILL" in fault["message"]


def test_nothing_is_left_behind(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert bench("run", "several.py", "--subject", "wrong.py", "--jobs", "2", "-x").code == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(("value", "came"), [("0", "'0'"), ("many", "'many'"), ("-1", "'-1'")])
def test_a_number_of_jobs_that_cannot_be(bench: Any, value: str, came: str) -> None:
    ran = bench("run", "several.py", f"--jobs={value}")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"gradcheck: --jobs must be a whole number >= 1, or 'auto', got {came}\n"


def test_where_nothing_can_be_forked_one_job_does_all(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    line = ("several.py", "--subject", "right.py")
    one = reports(bench, *line)
    monkeypatch.delattr("os.fork")
    monkeypatch.setattr("gradcheck.run.asking.Workers", None)
    assert reports(bench, *line, "--jobs", "2") == one
