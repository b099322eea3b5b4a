"""One bug each in a student's engine, put to the command line: exit 1, the right parameter, node or case named.

Every engine is then freed of its bug by the edit of a single line, and passes: nothing else was wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from by_path import load
from gradcheck.cli import main
from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.oracle import graph_oracles
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Training
from gradcheck.run.selftest import Remembering
from gradcheck.run.suite import Addressed, collect
from gradcheck.subject.process import ChildSubject

edited = load(Path(__file__).with_name("_edited.py"))
Run = Callable[..., tuple[int, dict[str, Any]]]

BUGS = {
    "overwrite": ("bars[a] = message\n", "bars[a] = bars[a] + message\n"),
    "once_per_path": ("        order.append(name)\n", "        order.append(name)\n        seen.add(name)\n"),
    "tanh_at_output": ("g * sech2(v)", "g * sech2(x)"),
    "broadcast_not_summed": ("message.take([0], axis=axis)", "message.sum(axis=axis, keepdims=True)"),
    "wrong_forward": ("BASE = 10.0\n", "BASE = np.e\n"),
    "hangs": ("received[a] = 1\n", "received[a] += 1\n"),
}
"""By engine: the line that is wrong, and what it should say."""


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faulty: Callable[[str], Path]
) -> Run:
    """`gradcheck run ARGUMENT ... --subject FILE --format json --no-diagnosis`: exit code and document."""
    monkeypatch.chdir(tmp_path)  # where failing graphs are saved

    def call(subject: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        code = main(["run", *arguments, "--subject", str(faulty(subject)), "--format", "json", "--no-diagnosis"])
        return code, json.loads(capsys.readouterr().out)

    return call


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {result["address"]: result["verdict"] for result in document["results"]}


def facts(document: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [f["facts"] for result in document["results"] for f in result["findings"] if f["code"] == code]


@pytest.mark.parametrize(
    ("subject", "case", "blocks", "node", "says"),
    [
        ("overwrite", "worked_examples::S4.b", {"b"}, "'b'", "used 2 times"),
        ("overwrite", "worked_examples::S1.b", {"w"}, "'w'", "used 2 times"),
        (
            "once_per_path",
            "worked_examples::S0.a 8 paths",
            {"w"},
            "'b1'",
            "is the first at which a wrong gradient arrives",
        ),
        ("tanh_at_output", "worked_examples::S0.b tanh", {"z"}, "'a'", "its rule is wrong, alone on one op"),
        ("tanh_at_output", "mlps::S3.a", {"W1", "b1"}, "'a1'", "its rule is wrong, alone on one op"),
        ("broadcast_not_summed", "mlps::S4.d", {"b1", "b2"}, "'z2'", "its rule is wrong, alone on one op"),
        ("broadcast_not_summed", "local_rules::add (2, 3) (3,)", {"x2"}, "'y'", "its rule is wrong, alone on one op"),
    ],
)
def test_a_wrong_gradient_names_parameter_and_node(
    run: Run, subject: str, case: str, blocks: set[str], node: str, says: str
) -> None:
    code, document = run(subject, case)
    assert (code, verdicts(document)) == (1, {case: "FAIL"})
    assert {fact["block"] for fact in facts(document, "GC012")} == blocks
    (located,) = facts(document, "GC050")
    assert located["node"] == node
    assert says in located["what"]


@pytest.mark.parametrize(
    ("subject", "case"),
    [
        ("overwrite", "worked_examples::S4.a"),  # no node is used twice
        ("once_per_path", "worked_examples::S4.b"),  # only leaves are
        ("tanh_at_output", "worked_examples::S0.b sigmoid"),
        ("broadcast_not_summed", "worked_examples::S4.a neuron"),  # all of one shape
        ("wrong_forward", "worked_examples::S1.c"),  # no logarithm
        ("hangs", "worked_examples::S4.a"),
    ],
)
def test_where_the_bug_has_no_effect_there_is_nothing_to_find(run: Run, subject: str, case: str) -> None:
    code, document = run(subject, case)
    assert (code, verdicts(document)) == (0, {case: "PASS"})


@pytest.mark.parametrize(("case", "node"), [("local_rules::log", "'y'"), ("local_rules::log at 1e-08", "'y'")])
def test_a_wrong_value_names_the_node_and_does_not_hide_a_wrong_gradient(run: Run, case: str, node: str) -> None:
    code, document = run("wrong_forward", case)
    assert (code, verdicts(document)) == (1, {case: "FAIL"})
    assert facts(document, "GC014")[0]["loss"] in ("loss", "mul")
    assert [(fact["node"], fact["op"]) for fact in facts(document, "GC015")] == [(node, "log")]
    codes = [f["code"] for f in document["results"][0]["findings"]]
    assert codes[0] == "GC014"  # the value comes first, and does not hide that the gradient is wrong as well
    assert "GC012" in codes


def test_a_wrong_value_deep_in_a_graph_names_its_node(run: Run) -> None:
    code, document = run("wrong_forward", "random_dags", "-x", "--seed", "3")
    assert code == 1
    assert list(verdicts(document).values())[-1] == "FAIL"
    assert [fact["op"] for fact in facts(document, "GC015")] == ["log"]


def test_an_endless_loop_names_the_case(run: Run) -> None:
    cases = ("worked_examples::S4.a", "worked_examples::S4.b", "worked_examples::S1.a")
    code, document = run("hangs", *cases, "--timeout", "0.5")
    assert (code, verdicts(document)) == (1, dict(zip(cases, ("PASS", "ERROR", "PASS"), strict=True)))
    (late,) = facts(document, "GC005")
    assert late["seconds"] == 0.5


@pytest.mark.parametrize("subject", [name for name in BUGS if name != "hangs"])
def test_random_graphs_find_it(run: Run, subject: str) -> None:
    code, document = run(subject, "random_dags", "-x", "--seed", "3")
    assert code == 1
    assert list(verdicts(document).values())[-1] == "FAIL"


# Without the bug.


@pytest.fixture(scope="module")
def cases() -> list[Addressed]:
    """Every gradient and cost case of the built-in suites."""
    return [item for item in collect([], seed=3) if not isinstance(item.case, Training)]


@pytest.fixture(scope="module")
def oracles() -> tuple[Oracle, ...]:
    return tuple(Remembering(oracle) for oracle in graph_oracles())


@pytest.mark.parametrize("subject", BUGS)
def test_without_its_one_wrong_line_it_passes_everything(
    subject: str, cases: list[Addressed], oracles: tuple[Oracle, ...], tmp_path: Path, faulty: Callable[[str], Path]
) -> None:
    copy = tmp_path / f"{subject}.py"
    copy.write_text(edited.replaced(faulty(subject).read_text(encoding="utf-8"), *BUGS[subject]), encoding="utf-8")
    # Their rules are the same text, so that one of them is put to every case, and the others to a part.
    asked = cases if subject == "overwrite" else cases[len(subject) % 5 :: 5]
    with ChildSubject(copy) as engine:
        results = [try_and_diagnose(item.address, item.case, engine, oracles) for item in asked]
    assert [(r.address, str(r.verdict), r.codes) for r in results if r.verdict != "PASS"] == []
    assert len(results) > (250 if subject == "overwrite" else 50)


@pytest.mark.parametrize("subject", BUGS)
def test_every_engine_stands_alone(subject: str, faulty: Callable[[str], Path]) -> None:
    text = faulty(subject).read_text(encoding="utf-8")
    imports = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert imports == ["import numpy as np", "from scipy.special import erfc"]


def test_there_is_an_engine_for_every_bug_and_a_bug_in_every_engine() -> None:
    assert set(BUGS) == {"overwrite", *edited.EDITS}


@pytest.mark.parametrize(("old", "places"), [("nowhere", 0), ("a", 2)])
def test_an_edit_that_does_not_fit_in_one_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, places: int
) -> None:
    assert edited.replaced("a b a", "b", "c") == "a c a"
    with pytest.raises(ValueError, match=f"{places} places"):
        edited.replaced("a b a", old, "c")
    monkeypatch.setitem(edited.EDITS, "other", ("Another.", {"no such line": ""}))
    with pytest.raises(ValueError, match="0 places have 'no such line'"):
        edited.engine("other", tmp_path)
