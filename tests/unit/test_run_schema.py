"""`run.schema.json`: what a run writes fits it, and what no run would write does not."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import gradcheck
from gradcheck.cli import main
from gradcheck.report.run_json import JsonReport
from gradcheck.run.events import CaseFinished, CaseStarted, Faulted, Finished, NotOffered, Started
from gradcheck.verdict.compare import Worst
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict, Witness

Document = dict[str, Any]
UNDECLARED = NotOffered("a::c", ("sin",), "not in its OPS")


@pytest.fixture(scope="module")
def validator(checkout: Path) -> jsonschema.Draft202012Validator:
    schema = json.loads((checkout / "gradcheck" / "report" / "run.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def rich_result() -> Result:
    return Result(
        address="suite::case",
        verdict=Verdict.FAIL,
        findings=(
            finding("GC013", loss="l", block="w", entry=[0], subject=np.nan, truth=2.0),
            finding("GC040", oracle="path_enumeration", why="too many paths"),
        ),
        comparisons=3,
        worst=Worst("w", (0,), np.nan, 2.0, 1e-16, np.inf, 1e-15, np.inf, np.inf),
        witnesses=(
            Witness("symbolic", "proven", "agreed", "from 2 paths", (2.0, 1e-16)),
            Witness("finite_difference", "estimated", "discarded", "", (2.0, np.inf)),
            Witness("path_enumeration", "", "aside", "too many paths"),
        ),
        sentence="about something",
        labels=("S0.a",),
        shows={"dl/dw": 2.0, "b": np.inf},
        seconds=0.25,
        seed=5,
        replay="gradcheck run suite::case --seed 5",
        settings={"interest": np.inf},
    )


def run_document(*results: Result, faults: tuple[Faulted, ...] = (), **changes: Any) -> Document:
    report = JsonReport()
    report.add(Started(len(results), "engine.py", False, None, {"wall clock": "enforced"}, ("one case: no torch",)))
    for result in results:
        report.add(CaseStarted(result.address))
        report.add(CaseFinished(result))
    report.add(Finished(results, faults, 1.5, **changes))
    document: Document = json.loads(report.text())
    return document


@pytest.mark.parametrize(
    ("document", "exit_code"),
    [
        (run_document(), 5),
        (run_document(Result("a::b", Verdict.PASS, comparisons=2)), 0),
        (run_document(rich_result()), 1),
        (run_document(Result("a::b", Verdict.ERROR, (finding("GC020", who="the subject", what="w"),))), 1),
        (run_document(rich_result(), faults=(Faulted("a::c", "two proofs do not meet"),)), 3),
        (run_document(rich_result(), signal=2), 130),
        (run_document(not_offered=(NotOffered("a::b", ("exp", "sin"), "NotImplementedError"),)), 5),
        (run_document(Result("a::b", Verdict.PASS, comparisons=2), not_offered=(UNDECLARED,)), 0),
    ],
    ids=["nothing", "pass", "fail", "error", "fault", "interrupted", "nothing offered", "not all offered"],
)
def test_runs_fit(validator: jsonschema.Draft202012Validator, document: Document, exit_code: int) -> None:
    validator.validate(document)
    assert document["exit_code"] == exit_code


CHECKS: dict[str, Callable[[], Result]] = {
    "pass": lambda: gradcheck.check_vjp(np.sin, lambda c, x: c * np.cos(x), np.array([0.5])),
    "fail": lambda: gradcheck.check_jvp(np.sin, lambda p, t: t[0], np.array([0.5])),
    "raises": lambda: gradcheck.check_gradient(np.sum, lambda x: x / [], np.array([0.5])),
    "compiled": lambda: gradcheck.check_gradient(np.sum, np.ones_like, np.array([0.5])),
}


@pytest.mark.parametrize("name", CHECKS)
def test_checks_of_functions_fit(validator: jsonschema.Draft202012Validator, name: str) -> None:
    document = json.loads(CHECKS[name]().to_json())
    validator.validate(document)
    assert len(document["blocks"]) == (name != "raises")
    for key, value in (("line", 0), ("line", "41"), ("kind", "curl"), ("more", 1)):
        assert not validator.is_valid({**document, "checked": {**document["checked"], key: value}})


@pytest.mark.parametrize("result", [rich_result(), Result("a::b", Verdict.PASS)], ids=["rich", "bare"])
def test_single_results_fit(validator: jsonschema.Draft202012Validator, result: Result) -> None:
    document = json.loads(result.to_json())
    validator.validate(document)
    for spoiled in (result.to_dict(), {**document, "schema_version": 2}, {**document, "more": 1}):
        assert not validator.is_valid(spoiled)


def test_a_real_run_fits(validator: jsonschema.Draft202012Validator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "worked_examples", "-k", "S4.b", "--format", "json"]) == 0
    printed = capsys.readouterr().out
    document = json.loads(printed)
    validator.validate(document)
    assert document["results"]
    assert all(row["verdict"] == "PASS" and row["comparisons"] > 0 for row in document["results"])


def test_a_real_failure_fits(
    validator: jsonschema.Draft202012Validator, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    engine = tmp_path / "engine.py"
    engine.write_text("def gradients(graph, point):\n    return float('nan'), {}\n", encoding="utf-8")
    code = main(
        [
            "run",
            "worked_examples",
            "-k",
            "S4.b",
            "--format",
            "json",
            "--diagnosis-budget",
            "2",
            "--subject",
            str(engine),
        ]
    )
    document = json.loads(capsys.readouterr().out)
    validator.validate(document)
    assert code == document["exit_code"] == 1
    assert document["summary"]["ERROR"] == len(document["results"])


def change(*path: Any) -> Callable[[Document], None]:
    """Put the last of `path` at the rest of it."""
    *keys, last, value = path

    def apply(document: Document) -> None:
        at: Any = document
        for key in keys:
            at = at[key]
        at[last] = value

    return apply


R = ("results", 0)
SPOILED: dict[str, Callable[[Document], Any]] = {
    "another version": change("schema_version", 2),
    "no version": lambda d: d.pop("schema_version"),
    "an unknown key": change("verdicts", []),
    "no subject": lambda d: d.pop("subject"),
    "an unknown exit code": change("exit_code", 2),
    "a seed that is a text": change("seed", "random"),
    "a summary without ERROR": lambda d: d["summary"].pop("ERROR"),
    "a negative count": change("summary", "PASS", -1),
    "a guarantee that is true": change("guarantees", "network", True),
    "a fault without address": change("harness_faults", [{"message": "m"}]),
    "results that are an object": change("results", {}),
    "an unknown verdict": change(*R, "verdict", "OK"),
    "a verdict in small letters": change(*R, "verdict", "pass"),
    "no address": lambda d: d["results"][0].pop("address"),
    "an unknown key of a result": change(*R, "schema_version", 1),
    "a count that is a text": change(*R, "comparisons", "3"),
    "seconds below 0": change(*R, "seconds", -1),
    "labels that are a text": change(*R, "labels", "S0.a"),
    "a worst entry without truth": lambda d: d["results"][0]["worst"].pop("truth"),
    "a number that is a text": change(*R, "worst", "ulps", "many"),
    "a number that is null": change(*R, "worst", "subject", None),
    "an entry that is a number": change(*R, "worst", "entry", 0),
    "a negative index": change(*R, "worst", "entry", [-1]),
    "a witness without oracle": lambda d: d["results"][0]["witnesses"][0].pop("oracle"),
    "an unknown kind": change(*R, "witnesses", 0, "kind", "guessed"),
    "an unknown state": change(*R, "witnesses", 0, "state", "agrees"),
    "a witness with one number": change(*R, "witnesses", 0, "worst", [1.0]),
    "a code of another form": change(*R, "findings", 0, "code", "GC12"),
    "an unknown severity": change(*R, "findings", 0, "severity", "high"),
    "a finding without sentence": change(*R, "findings", 0, "sentence", ""),
    "facts that are a list": change(*R, "findings", 0, "facts", []),
    "settings that are a list": change(*R, "settings", []),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_documents_are_refused(validator: jsonschema.Draft202012Validator, name: str) -> None:
    document = run_document(rich_result())
    spoiled = copy.deepcopy(document)
    SPOILED[name](spoiled)
    assert validator.is_valid(document)
    assert not validator.is_valid(spoiled)
