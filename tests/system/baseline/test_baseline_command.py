"""`gradcheck baseline record`, `compare` and `update`: what they say, what they write, and their exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcheck.cli import main

NAME = "gradcheck-baseline.json"
SUITE = """
import gradcheck


@gradcheck.case
def cases():
    build = gradcheck.GraphBuilder()
    a, b = build.parameter("a"), build.parameter("b")
    y = build.mul(a, b, name="y")
    yield gradcheck.Case("shared", build.graph(build.add(y, build.square(y), name="loss")), {"a": 3.0, "b": 5.0})
    build = gradcheck.GraphBuilder()
    w = build.parameter("w", (2,))
    yield gradcheck.Case("squares", build.graph(build.sum(build.square(w))), {"w": [1.0, -4.0]})


@gradcheck.case
def drawn(seed):
    build = gradcheck.GraphBuilder()
    a = build.parameter("a")
    yield gradcheck.Case("drawn", build.graph(build.square(a)), {"a": float(seed % 1000 + 1)})
"""
ENGINE = """
import numpy as np

DTYPE = "float64"
OPS = {
    "add": (np.add, lambda g, a, b: (g, g)),
    "mul": (np.multiply, lambda g, a, b: (g * b, g * a)),
    "square": (np.square, lambda g, a: (g * 2 * a,)),
    "sin": (np.sin, lambda g, a: (g * np.cos(a),)),
    "sum": (np.sum, lambda g, a: (g * np.ones(np.shape(a), DTYPE),)),
}


def gradients(graph, point):
    nodes = [graph.node(int(i)) for i in graph.order]
    values, arrived = {}, {node.name: np.zeros(node.shape, DTYPE) for node in nodes}
    for node in nodes:
        arguments = [values[name] for name in node.inputs]
        values[node.name] = OPS[node.op][0](*arguments) if node.inputs else point[node.name]
    loss = graph.names[graph.loss]
    arrived[loss] = np.ones((), DTYPE)
    for node in reversed(nodes):
        arguments = [values[name] for name in node.inputs]
        passed = OPS[node.op][1](arrived[node.name], *arguments) if node.inputs else ()
        for name, part in zip(node.inputs, passed):
            arrived[name] = arrived[name] + part
    found = {graph.names[i]: arrived[graph.names[i]] for i in graph.parameters}
    return values[loss], {name: CHANGE for name, g in found.items()}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a suite; the current one."""
    (tmp_path / "suite.py").write_text(SUITE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str], str]]:
    """Run a command: its exit code, the lines on stdout, and stderr."""

    def run(*arguments: str) -> tuple[int, list[str], str]:
        capsys.readouterr()
        try:
            code = main(["baseline", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return run


Run = Callable[..., tuple[int, list[str], str]]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def engine(folder: Path, change: str) -> str:
    (folder / "engine.py").write_text(ENGINE.replace("CHANGE", change))
    return "engine.py"


def cases(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["run"]["cases"]
    return found


def test_record_then_compare(project: Path, run: Run) -> None:
    code, lines, _ = run("record", "suite.py")
    assert (code, lines[-1]) == (0, f"baseline '{NAME}': 3 added, 0 changed, 0 removed, 3 in all")
    held = cases(project / NAME)
    assert list(held) == ["suite.py::drawn", "suite.py::shared", "suite.py::squares"]
    gradients = held["suite.py::shared"]["gradients"]
    # y + y^2 with y = a b: dloss/da = b (1 + 2 y) = 5 * 31, dloss/db = a (1 + 2 y) = 3 * 31
    assert [gradients[name]["values"] for name in "ab"] == [["155 +- 0"], ["93 +- 0"]]
    assert held["suite.py::shared"]["evaluations"] == {"derivative": 2, "f": None}
    assert isinstance(held["suite.py::drawn"]["seed"], int)
    before = (project / NAME).read_bytes()
    code, lines, _ = run("compare")
    assert (code, lines[-1]) == (0, f"baseline '{NAME}': 3 cases compared, nothing changed")
    assert (project / NAME).read_bytes() == before


def test_what_is_written_fits_the_schema(project: Path, run: Run, checkout: Path) -> None:
    run("record", "suite.py")
    schema = json.loads((checkout / "gradcheck" / "baseline" / "baseline.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((project / NAME).read_text(encoding="utf-8")), schema)


def test_recording_twice_gives_the_same_file(project: Path, run: Run) -> None:
    run("record", "suite.py")
    run("record", "suite.py", "--baseline", "again.json")
    assert (project / NAME).read_bytes() == (project / "again.json").read_bytes()


def test_a_changed_gradient_fails_and_is_named(project: Path, run: Run) -> None:
    run("record", "suite.py")
    edit(project / "suite.py", "build.sum(build.square(w))", "build.sum(build.mul(w, build.exp(w)))")
    code, lines, _ = run("compare", "suite.py")
    assert code == 1
    changed = [line for line in lines if line.startswith("gradient changed")]
    # (1 + w) e^w in place of 2 w
    assert changed[0].startswith("gradient changed  suite.py::squares  w[0]: 2 -> 5.43656365691809")
    assert changed[0].endswith("(at the same point: the function, or a constant in it, is another)")
    assert changed[1].startswith("gradient changed  suite.py::squares  w[1]: -8 -> -0.05494691666")
    assert lines[-1] == f"baseline '{NAME}': 3 cases compared, 2 changes"
    assert not any("answer wrong" in line for line in lines)


def test_a_wrong_answer_is_told_apart(project: Path, run: Run) -> None:
    subject = engine(project, "g")
    run("record", "suite.py", "--subject", subject)
    engine(project, "g * 2")
    code, lines, _ = run("compare", "--subject", subject)
    assert code == 1
    wrong = [line for line in lines if line.startswith("answer wrong")]
    assert [line.split()[2] for line in wrong] == ["suite.py::drawn", "suite.py::shared", "suite.py::squares"]
    assert all("FAIL: the exact gradient is as recorded" in line for line in wrong)
    assert not any(line.startswith("gradient changed") for line in lines)


@pytest.mark.parametrize(("share", "code"), [(0.4, 0), (0.7, 1)])
def test_lost_accuracy(project: Path, run: Run, share: float, code: int) -> None:
    """What the judge excuses, of a function that rounding costs much, is a loss beside what was recorded."""
    text = SUITE.replace("build.sum(build.square(w))", "build.sum(build.sin(build.square(w)))")
    (project / "suite.py").write_text(text.replace("[1.0, -4.0]", "[1.0, 100.0]"))
    subject = engine(project, "g")
    assert run("record", "suite.py::squares", "--subject", subject)[0] == 0
    block = cases(project / NAME)["suite.py::squares"]["gradients"]["w"]
    assert block["ulps"] < 64 < block["allowed"] / 2
    engine(project, f"g * (1 + {share * block['allowed']!r} * 2.0**-53)")
    found, lines, _ = run("compare", "suite.py::squares", "--subject", subject)
    assert found == code
    assert [line.startswith("accuracy fell     suite.py::squares  w: off by ") for line in lines[1:-1]] == [True] * code
    assert not any(line.startswith("answer wrong") for line in lines)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_another_order_of_a_sum_is_no_loss(project: Path, run: Run, dtype: str) -> None:
    """What a BLAS may do: a gradient of two thousand terms that cancel, added from the other end."""
    (project / "suite.py").write_text(
        SUITE.replace("build.sum(build.square(w))", "build.sum(build.mul(w, build.input('x', (2000, 2))))").replace(
            '{"w": [1.0, -4.0]}', '{"w": [1.0, -4.0], "x": np.random.default_rng(3).normal(size=(2000, 2))}'
        )
        + "\n\nimport numpy as np\n"
    )
    rule = "lambda g, a, b: (sum((g * b)[::ORDER], np.zeros(2, DTYPE)), g * a)"
    text = ENGINE.replace("lambda g, a, b: (g * b, g * a)", rule).replace("float64", dtype).replace("CHANGE", "g")
    (project / "engine.py").write_text(text.replace("ORDER", "1"))
    code, lines, _ = run("record", "suite.py::squares", "--subject", "engine.py")
    assert code == 0, lines
    (project / "engine.py").write_text(text.replace("ORDER", "-1"))
    code, lines, _ = run("compare", "suite.py::squares", "--subject", "engine.py")
    assert (code, lines[-1]) == (0, f"baseline '{NAME}': 1 case compared, nothing changed")


def test_reports_are_those_of_a_run_and_changes_are_annotated(project: Path, run: Run) -> None:
    run("record", "suite.py")
    edit(project / "suite.py", '"b": 5.0', '"b": 6.0')
    code, lines, _ = run("compare", "--report", "github=-", "--report", "junit=j.xml")
    assert code == 1
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 2
    assert errors[0].startswith("::error file=suite.py,line=1,title=gradcheck baseline%3A gradient changed::suite.py")
    assert (project / "j.xml").read_text().startswith("<?xml")
    refused(run("compare", "--report", "junit=no/such/folder/j.xml"), "--report")


def test_a_vanished_case_fails_and_a_new_one_does_not(project: Path, run: Run) -> None:
    run("record", "suite.py")
    edit(project / "suite.py", '"squares"', '"all squares"')
    code, lines, _ = run("compare")
    assert code == 1
    assert "new case          suite.py::all squares" in lines
    assert "case vanished     suite.py::squares  suite.py has no such case any more" in lines
    assert lines[-1] == f"baseline '{NAME}': 2 cases compared, 1 change, 1 new"


def test_a_vanished_suite(project: Path, run: Run) -> None:
    (project / "other.py").write_text(SUITE)
    run("record", "suite.py", "other.py")
    (project / "other.py").unlink()
    code, lines, _ = run("compare")
    assert code == 1
    assert sum(line.startswith("case vanished     other.py::") for line in lines) == 3
    assert run("compare", "suite.py")[0] == 0  # the other was not asked for


def test_what_was_not_asked_for_has_not_vanished(run: Run) -> None:
    run("record", "suite.py")
    assert run("compare", "suite.py::shared")[0] == 0
    assert run("compare", "-k", "squares")[0] == 0


def test_an_engine_that_no_longer_answers(project: Path, run: Run) -> None:
    subject = engine(project, "g")
    run("record", "suite.py", "--subject", subject)
    edit(project / "engine.py", '    "add"', '    "subtract"')
    code, lines, _ = run("compare", "--subject", subject)
    assert code == 1
    assert "case vanished     suite.py::shared  the subject does not answer it any more" in lines


def test_update_shows_what_it_changes_then_changes_it(project: Path, run: Run) -> None:
    run("record", "suite.py")
    edit(project / "suite.py", '"b": 5.0', '"b": 6.0')
    edit(project / "suite.py", '"squares"', '"all squares"')
    before = (project / NAME).read_bytes()
    code, lines, _ = run("update", "suite.py", "--dry-run")
    assert (code, (project / NAME).read_bytes()) == (0, before)
    assert lines[-1].endswith("1 added, 1 changed, 1 removed, 3 in all; --dry-run: nothing is written")
    code, shown, _ = run("update", "suite.py")
    assert shown[:-1] == lines[:-1]
    assert (code, shown[-1]) == (0, f"baseline '{NAME}': 1 added, 1 changed, 1 removed, 3 in all")
    assert any(line.startswith("gradient changed  suite.py::shared  a: 155 -> 222") for line in shown)
    assert (project / NAME).read_bytes() != before
    assert run("compare")[0] == 0


def test_compare_with_update_is_update(project: Path, run: Run) -> None:
    run("record", "suite.py")
    edit(project / "suite.py", '"b": 5.0', '"b": 6.0')
    assert run("compare", "--update")[0] == 0
    assert run("compare")[0] == 0


def test_only_what_changed_is_written_anew(project: Path, run: Run) -> None:
    run("record", "suite.py")
    before = cases(project / NAME)
    subject = engine(project, "g * (1 + 2.0**-52)")  # an ulp is no change
    assert run("update", "--subject", subject)[0] == 0
    assert cases(project / NAME) == before


def test_a_wrong_case_is_not_recorded(project: Path, run: Run) -> None:
    subject = engine(project, "g * 2 if g.shape else g")
    code, lines, _ = run("record", "suite.py", "--subject", subject)
    assert code == 1
    assert list(cases(project / NAME)) == ["suite.py::drawn", "suite.py::shared"]
    assert "new case          suite.py::squares  FAIL: a baseline takes what is right alone" in lines


def test_an_update_keeps_what_was_recorded_of_a_case_that_is_wrong_now(project: Path, run: Run) -> None:
    run("record", "suite.py")
    before = cases(project / NAME)
    assert run("update", "--subject", engine(project, "g * 2"))[0] == 1
    assert cases(project / NAME) == before


def test_the_recorded_seed_is_used_again(run: Run) -> None:
    run("record", "suite.py", "--seed", "7")
    assert run("compare")[0] == 0
    assert run("compare", "--seed", "7")[0] == 0
    code, _, err = run("compare", "--seed", "8")
    assert code == 2
    assert "recorded with --seed 7" in err


def test_addresses_do_not_depend_on_where_the_command_runs(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("record", str(project / "suite.py"))
    (project / "inner").mkdir()
    monkeypatch.chdir(project / "inner")
    assert run("compare", "../suite.py", "--baseline", f"../{NAME}")[0] == 0
    assert run("compare", "--baseline", f"../{NAME}")[0] == 0
    assert next(iter(cases(project / NAME))) == "suite.py::drawn"


def test_settings_of_the_file(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "pyproject.toml").write_text('[tool.gradcheck]\nsuites = ["suite.py"]\nbaseline = "kept/base.json"\n')
    (project / "kept").mkdir()
    assert run("record")[0] == 0
    assert next(iter(cases(project / "kept" / "base.json"))) == "../suite.py::drawn"
    monkeypatch.chdir(project / "kept")
    assert run("compare")[0] == 0


def test_without_a_setting_the_baseline_lies_beside_the_settings(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pyproject.toml").write_text('[tool.gradcheck]\nsuites = ["suite.py"]\n')
    (project / "inner").mkdir()
    monkeypatch.chdir(project / "inner")
    assert run("record")[0] == 0
    assert (project / NAME).exists()


def test_the_part_of_pytest_is_kept(project: Path, run: Run) -> None:
    part = {"seed": None, "subject": "", "cases": {}}
    (project / NAME).write_text(json.dumps({"schema_version": 1, "pytest": part}))
    assert run("record", "suite.py")[0] == 0
    assert json.loads((project / NAME).read_text())["pytest"] == part


# -- bad input: nothing runs, nothing is overwritten -------------------------------------------------------------------


def refused(result: tuple[int, list[str], str], *words: str) -> None:
    code, lines, err = result
    assert (code, lines) == (2, [])
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_no_baseline(run: Run) -> None:
    refused(run("compare", "suite.py"), NAME, "gradcheck baseline record")
    refused(run("update", "suite.py"), NAME)


def test_record_overwrites_nothing(project: Path, run: Run) -> None:
    run("record", "suite.py::shared")
    before = (project / NAME).read_bytes()
    refused(run("record", "suite.py"), "holds 1 of these 3 cases already", "gradcheck baseline update")
    assert (project / NAME).read_bytes() == before
    assert run("record", "suite.py::squares")[0] == 0
    assert len(cases(project / NAME)) == 2


@pytest.mark.parametrize("action", ["record", "compare", "update"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no json", "not JSON"),
        ('{"schema_version": 0}', "version 0"),
        ('{"schema_version": 1, "run": {"cases": {}, "cases": {}}}', "twice"),
        ('{"schema_version": 1, "run": 5}', "expected an object"),
    ],
)
def test_a_file_that_is_no_baseline(project: Path, run: Run, action: str, text: str, why: str) -> None:
    (project / NAME).write_text(text)
    refused(run(action, "suite.py"), NAME, why)
    assert (project / NAME).read_text() == text


def test_two_cases_of_one_address(project: Path, run: Run) -> None:
    (project / "link.py").symlink_to(project / "suite.py")
    refused(run("record", "suite.py", "link.py"), "two cases have the address", "suite.py::shared")
    assert not (project / NAME).exists()


@pytest.mark.parametrize("path", [".", "no/such/folder/b.json"])
def test_a_path_that_cannot_be_written(run: Run, path: str) -> None:
    code, lines, _ = run("record", "suite.py", "--baseline", path)
    assert (code, lines) == (2, [])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["compare", "--factor", "0.5"], "--factor must be a number >= 1"),
        (["compare", "--factor", "nan"], "--factor must be a number >= 1"),
        (["compare", "--dry-run"], "no option --dry-run"),
        (["record", "--update"], "no option --update"),
        (["keep"], "invalid choice"),
        ([], "ACTION"),
        (["record", "suite.py::no such"], "no such"),
        (["record", "suite.py", "-k", "nothing_fits"], "no case fits"),
    ],
)
def test_wrong_calls(run: Run, arguments: list[str], why: str) -> None:
    refused(run(*arguments), why)


def test_a_subject_that_cannot_be_loaded_changes_nothing(project: Path, run: Run) -> None:
    run("record", "suite.py")
    before = (project / NAME).read_bytes()
    (project / "engine.py").write_text("import no_such_module_anywhere\n")
    code, lines, _ = run("update", "--subject", "engine.py")
    assert code == 1
    assert lines[-1] == f"nothing was compared, and '{NAME}' is as it was"
    assert (project / NAME).read_bytes() == before
