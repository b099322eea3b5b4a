"""`gradcheck run` as its users see it: what stands on the screen, and the exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

RUN = ("run", "--no-timings")


def test_a_right_engine_passes(desk: Any, snapshot: Any) -> None:
    ran = desk(*RUN, "mine.py", "--subject", "engine.py")
    assert (ran.code, ran.err) == (0, "")
    snapshot("run-passing", ran.out)


def test_the_lecture_shows_9(shell: Any, snapshot: Any) -> None:
    ran = shell(*RUN, "worked_examples", "-k", "S4.b")
    assert ran.code == 0
    assert re.search(r"df/db = 9\b", ran.out)
    snapshot("run-s4b", ran.out)


def test_without_suite_and_subject_it_is_a_self_check(shell: Any, monkeypatch: Any, checkout: Path) -> None:
    suites = {"worked_examples": checkout / "suites" / "worked_examples.py"}
    monkeypatch.setattr("gradcheck.run.suite.builtin_suites", lambda: suites)
    ran = shell(*RUN, "-k", "S4.b")
    assert ran.code == 0
    assert ran.out.startswith("self-check: nothing of yours was checked")


def test_a_user_s_subject_is_no_self_check(desk: Any) -> None:
    assert "self-check" not in desk(*RUN, "mine.py", "--subject", "engine.py").out


def test_a_warning_is_shown_although_the_verdict_stands(shell: Any, checkout: Path) -> None:
    ran = shell(*RUN, "training::S4.d", "--subject", str(checkout / "tests" / "faults" / "sgd_in_order.py"))
    assert ran.code == 0
    assert (
        "warning the samples came in the order [0, 1, 2, 3, 4, 5, 6] in every epoch, with each of the seeds" in ran.flat
    )


def test_a_wrong_engine_fails(desk: Any, engine: str, snapshot: Any) -> None:
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    ran = desk(*RUN, "mine.py", "--subject", "engine.py")
    assert ran.code == 1
    for words in ("df/db is 7, should be 9", "right: a, c", "used twice", "added up", "yours dloss/dw1 = 1, right 2"):
        assert words in ran.flat
    snapshot("run-failing", ran.out)
    more = desk(*RUN, "mine.py", "--subject", "engine.py", "-v", "--no-save", "--no-diagnosis")
    for words in ("GC012", "with respect to b is 7, but the truth is 9", "GC050", "node 'b'", "symbolic"):
        assert words in more.flat
    snapshot("run-failing-v", more.out)


def test_an_entry_of_an_array_is_named(desk: Any, engine: str) -> None:
    desk.write("engine.py", engine.replace("(bar * b, bar * a)", "(bar * b * np.array([1.0, 3.0]), bar * a)"))
    ran = desk(*RUN, "mine.py::product", "--subject", "engine.py")
    assert ran.code == 1
    assert "dloss/dw[1] is 1.5, should be 0.5; 1 of 2 entries of w are wrong" in ran.flat
    assert "look at" in ran.flat


def test_a_wrong_forward_value_names_its_node(desk: Any, engine: str) -> None:
    desk.write("engine.py", engine.replace('"add": lambda a, b: a + b', '"add": lambda a, b: a + b + 1'))
    ran = desk(*RUN, "mine.py::branches", "--subject", "engine.py")
    assert ran.code == 1
    assert "the value of f is 24, should be 14" in ran.flat
    assert "going forward: the value of add is wrong" in ran.flat


def test_the_replay_line_replays_the_failure(desk: Any, engine: str) -> None:
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    first = desk("run", "mine.py", "--subject", "engine.py", "--timeout", "20", "--format", "json", "--no-diagnosis")
    [failed] = [r for r in json.loads(first.out)["results"] if r["verdict"] == "FAIL"]
    assert failed["replay"] == "gradcheck run mine.py::branches --subject engine.py --timeout 20"
    again = desk.line(f"{failed['replay']} --format json --no-diagnosis")
    assert again.code == 1
    [replayed] = json.loads(again.out)["results"]
    for same in ("address", "verdict", "findings", "worst", "witnesses", "replay"):
        assert replayed[same] == failed[same]


GENERATED = """
    import numpy as np

    import gradcheck

    @gradcheck.case
    def drawn(seed):
        build = gradcheck.GraphBuilder()
        w = build.parameter("w")
        graph = build.graph(build.mul(w, w, name="loss"))
        for k, value in enumerate(np.random.default_rng(seed).integers(1, 1000, 3)):
            yield gradcheck.Case(f"square {k}", graph, {"w": float(value)}, "d w^2 / dw = 2 w")
"""


@pytest.mark.parametrize("seed", [(), ("--seed", "17")], ids=["its own seed", "a seed that was given"])
def test_a_generated_failure_replays_by_its_seed(desk: Any, engine: str, seed: tuple[str, ...]) -> None:
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    desk.write("drawn.py", GENERATED)
    asked = ("run", "drawn.py", "--subject", "engine.py", "--format", "json", "--no-diagnosis")
    results = json.loads(desk(*asked, *seed).out)["results"]
    assert [r["verdict"] for r in results] == ["FAIL"] * 3
    assert f"--seed {results[1]['seed']}" in results[1]["replay"]
    [again] = json.loads(desk.line(f"{results[1]['replay']} --format json --no-diagnosis").out)["results"]
    assert again["findings"] == results[1]["findings"]


def test_two_runs_print_the_same(desk: Any, engine: str) -> None:
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    first, second = (desk(*RUN, "mine.py", "--subject", "engine.py", "-v", "--no-save") for _ in range(2))
    assert first == second
    assert " ms" not in first.out
    assert " ms" in desk("run", "mine.py", "--subject", "engine.py", "-v", "--no-diagnosis", "--no-save").out


def test_x_stops_at_the_first_failure(desk: Any, engine: str) -> None:
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = 2 * bar"))
    asked = ("run", "mine.py", "--subject", "engine.py", "--format", "json", "--no-diagnosis")
    everything, stopped = (json.loads(desk(*asked, *more).out) for more in ((), ("-x",)))
    assert [r["verdict"] for r in everything["results"]] == ["FAIL", "FAIL"]
    assert [r["verdict"] for r in stopped["results"]] == ["FAIL"]
    assert stopped["exit_code"] == 1


def test_list_runs_nothing(desk: Any, snapshot: Any) -> None:
    desk.write("engine.py", "raise SystemExit('must not be loaded')\n")
    ran = desk("run", "mine.py", "--subject", "engine.py", "--list")
    assert ran.code == 0
    snapshot("run-list", ran.out)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("branches", ["branches"]),
        ("linear", ["product"]),
        ("not linear", ["branches"]),
        ("BRANCHES or linear", ["branches", "product"]),
        ("mine and not (branches or product)", []),
    ],
)
def test_k_chooses(desk: Any, expression: str, names: list[str]) -> None:
    ran = desk("run", "mine.py", "--list", "-k", expression)
    assert re.findall(r"mine\.py::(\w+)", ran.out) == names


KINK = """
    import gradcheck

    @gradcheck.case
    def kink():
        build = gradcheck.GraphBuilder()
        h = build.parameter("h")
        graph = build.graph(build.relu(h, name="r") * 3.0 + build.square(h))
        return gradcheck.Case("kink", graph, {"h": 0.0}, "relu at its kink", {EXPECT})
"""


def test_at_a_kink_nothing_is_claimed(desk: Any) -> None:
    desk.write("kink.py", KINK.replace("{EXPECT}", ""))
    desk.write("engine.py", "def gradients(graph, point):\n    return 0.0, {'h': 1e3}\n")
    ran = desk(*RUN, "kink.py", "--subject", "engine.py", "--no-diagnosis")
    assert ran.code == 1
    assert "PASS" not in ran.out
    assert "kink" in ran.out


def test_an_expectation_that_holds(desk: Any, engine: str, snapshot: Any) -> None:
    desk.write("engine.py", engine.replace("bars[name] = bars[name] + bar", "bars[name] = bar"))
    expecting = (desk.folder / "mine.py").read_text()
    expecting = expecting.replace('at branches")', 'at branches", expect=("FAIL", "accumulates with ="))')
    desk.write("mine.py", expecting)
    ran = desk(*RUN, "mine.py", "--subject", "engine.py")
    assert ran.code == 0
    assert "(1 as expected)" in ran.out
    snapshot("run-expectation-met", ran.out)


def test_an_expectation_that_holds_no_longer(desk: Any, snapshot: Any) -> None:
    expecting = (desk.folder / "mine.py").read_text()
    expecting = expecting.replace('at branches")', 'at branches", expect=("FAIL", "accumulates with ="))')
    desk.write("mine.py", expecting)
    ran = desk(*RUN, "mine.py", "--subject", "engine.py")
    assert ran.code == 1
    assert "expected to be" in ran.flat
    snapshot("run-expectation-unmet", ran.out)


def test_a_json_suite_runs_like_a_python_one(desk: Any) -> None:
    from gradcheck.problem.serialise import suite_to_json
    from gradcheck.run.suite import collect

    text = suite_to_json([item.case for item in collect(["mine.py"])])
    desk.write("mine.json", text)
    ran = desk("run", "mine.json", "--subject", "engine.py", "--format", "json")
    assert ran.code == 0
    assert [r["address"] for r in json.loads(ran.out)["results"]] == ["mine.json::branches", "mine.json::product"]


def test_another_function_of_the_file(desk: Any, engine: str) -> None:
    desk.write("engine.py", engine.replace("def gradients(", "def mine(") + "\ndef gradients(graph, point): 1 / 0\n")
    assert desk(*RUN, "mine.py", "--subject", "engine.py:mine").code == 0
    assert desk(*RUN, "mine.py", "--subject", "engine.py").code == 1


@pytest.mark.parametrize("command", [(), ("run",), ("explain",)], ids=["gradcheck", "run", "explain"])
def test_help(shell: Any, snapshot: Any, command: tuple[str, ...]) -> None:
    ran = shell(*command, "--help")
    assert ran.code == 0
    assert "exit codes: 0" in ran.out
    # How argparse breaks the usage line differs between versions of Python.
    names = {(): "help", ("run",): "help-run", ("explain",): "help-explain"}
    snapshot(names[command], ran.out.partition("\n\n")[2])


def test_version(shell: Any) -> None:
    from importlib.metadata import version

    assert shell("--version").out == f"gradcheck {version('gradcheck')}\n"


def test_the_readme_s_own_lines(desk: Any) -> None:
    (desk.folder / "engine.py").rename(desk.folder / "my_engine.py")
    assert desk.line("gradcheck run worked_examples::S4.b --subject my_engine.py:gradients").code == 0
    assert desk.line("gradcheck explain worked_examples::S4.b").code == 0
    assert desk.line("gradcheck explain GC012").code == 0
    every = desk.line("gradcheck run worked_examples --subject my_engine.py --format json --no-diagnosis")
    verdicts = {r["address"]: r["verdict"] for r in json.loads(every.out)["results"]}
    assert every.code == 1  # it knows neither sin nor matmul, and says so case by case
    assert verdicts["worked_examples::S4.b"] == "PASS"
    assert verdicts["worked_examples::S0.a"] == "ERROR"
