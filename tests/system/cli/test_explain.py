"""`gradcheck explain`: derivations on the screen and as documents, what findings mean, and bad usage."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from gradcheck.verdict.finding_kinds import KINDS

S4B = "worked_examples::S4.b"


def test_the_lecture_s_branches(shell: Any, snapshot: Any) -> None:
    ran = shell("explain", S4B)
    assert (ran.code, ran.err) == (0, "")
    for words in ("x = add(a, b) = 2", "y = add(b, c) = 7", "f = mul(x, y) = 14"):
        assert words in ran.out
    assert re.search(r"df/dx +7 +1 · 7 from f", ran.out)
    assert re.search(r"df/dy +2 +1 · 2 from f", ran.out)
    assert re.search(r"df/db +7 \+ 2 = 9 +7 · 1 from x, 2 · 1 from y", ran.out)
    snapshot("explain-s4b", ran.out)


def test_every_path_along_the_curve(shell: Any, snapshot: Any) -> None:
    ran = shell("explain", "worked_examples::S1.c")
    assert ran.code == 0
    for path in ("t → x → xy → exp → f", "t → y → xy → exp → f", "t → y → f"):
        assert path in ran.out
    snapshot("explain-s1c", ran.out)


def test_the_printed_pseudo_code_is_caught(shell: Any) -> None:
    ran = shell("explain", "neuron_dags::S2.c")
    assert ran.code == 0
    assert "The printed pseudo-code, read literally" in ran.out
    assert "Visited more than once here: u 2 times." in ran.out
    rows = re.findall(r"w\((\S+)\) +(\S+) +(\S+) +wrong", ran.out)
    assert [row[0] for row in rows] == ["x->v"]
    assert float(rows[0][2]) == pytest.approx(2 * float(rows[0][1]), rel=1e-5)


def test_other_neuron_dags_are_spared_the_pseudo_code(shell: Any) -> None:
    assert "pseudo-code" not in shell("explain", "neuron_dags::S2.b").out


@pytest.mark.parametrize("form", ["unit", "vector"])
def test_both_forms_of_a_network(shell: Any, form: str) -> None:
    ran = shell("explain", "mlps::S1.e", "--form", form, "--format", "json")
    data = json.loads(ran.out)
    assert data["form"] == form
    assert (max(len(step["shape"]) for step in data["steps"] if step["op"] == "sigmoid") == 0) is (form == "unit")


def test_markdown(shell: Any, snapshot: Any) -> None:
    snapshot("explain-markdown", shell("explain", S4B, "--format", "markdown").out)


def test_mermaid(shell: Any, snapshot: Any) -> None:
    snapshot("explain-mermaid", shell("explain", S4B, "--format", "mermaid").out)


def test_dot(shell: Any, snapshot: Any) -> None:
    snapshot("explain-dot", shell("explain", S4B, "--format", "dot").out)


def test_json(shell: Any) -> None:
    ran = shell("explain", S4B, "--format", "json")
    data = json.loads(ran.out)
    assert ran.err == ""
    assert data["schema_version"] == 1
    assert {step["name"]: step["value"] for step in data["steps"]} == {"a": -1, "b": 3, "c": 4, "x": 2, "y": 7, "f": 14}
    assert {g["parameter"]: g["value"] for g in data["gradients"]} == {"a": 7, "b": 9, "c": 2}
    [b] = [row for row in data["adjoints"] if row["name"] == "b"]
    assert [(c["user"], c["value"]) for c in b["contributions"]] == [("x", 7), ("y", 2)]
    [paths] = [row for row in data["paths"] if row["parameter"] == "b"]
    assert paths["count"] == 2
    assert [(p["nodes"], p["factors"], p["product"]) for p in paths["paths"]] == [
        (["b", "x", "f"], [1, 7], 7),
        (["b", "y", "f"], [1, 2], 2),
    ]


ADDRESSES = (S4B, "worked_examples::S0.b relu", "neuron_dags::S2.c", "training::S3.b", "costs::S0.a")


@pytest.mark.parametrize("address", ADDRESSES)
def test_json_fits_its_schema(shell: Any, address: str) -> None:
    schema = json.loads(files("gradcheck.explain").joinpath("explain.schema.json").read_text(encoding="utf-8"))
    document = json.loads(shell("explain", address, "--format", "json").out)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert (document["literal"] is not None) is (address == "neuron_dags::S2.c")


def test_a_large_array_is_cut_in_json(shell: Any) -> None:
    nodes = [{"name": "w", "op": "parameter", "shape": [101]}, {"name": "loss", "op": "sum", "inputs": ["w"]}]
    graph = {"schema_version": 1, "nodes": nodes, "loss": "loss"}
    shell.write("large.json", json.dumps({"name": "large", "graph": graph, "point": {"w": [1.0] * 101}}))
    data = json.loads(shell("explain", "large.json", "--format", "json").out)
    assert data["gradients"][0]["value"] == {"shape": [101], "first": [1.0] * 100, "omitted": 1}


def test_paths_beyond_the_limit_are_counted(shell: Any) -> None:
    ran = shell("explain", "worked_examples::S0.a", "--paths", "3")
    assert "… 1 024 paths in all, 1 021 not shown" in ran.out
    assert "… 1 024 paths in all, 1 024 not shown" in shell("explain", "worked_examples::S0.a", "--paths", "0").out


def test_the_paths_of_one_entry(shell: Any) -> None:
    ran = shell("explain", "worked_examples::S1.f", "--entry", "x[2]")
    assert ran.code == 0
    assert "x[2] → z[1] → mul[1] → L   3 · (-0.5) · 1 = -1.5" in ran.out
    assert "W[0,0] →" not in ran.out


def test_another_point(shell: Any) -> None:
    ran = shell("explain", S4B, "--at", "a=1,b=2", "--at", "c=[5]")
    assert ran.code == 2
    ran = shell("explain", S4B, "--at", "a=1,b=2", "--at", "c=5")
    assert "f = 21" in ran.out
    assert "7 + 3 = 10" in ran.out


GRAPH = {
    "schema_version": 1,
    "nodes": [
        {"name": "W", "op": "parameter", "shape": [2, 2]},
        {"name": "x", "op": "input", "shape": [2]},
        {"name": "z", "op": "matmul", "inputs": ["W", "x"]},
        {"name": "loss", "op": "sum", "inputs": ["z"]},
    ],
    "loss": "loss",
}


def test_a_graph_file_says_what_it_needs(shell: Any) -> None:
    shell.write("graph.json", json.dumps(GRAPH))
    ran = shell("explain", "graph.json", "--at", "x=[1,2]")
    assert ran.code == 2
    assert ran.err == (
        "gradcheck: graph.json is a graph without a point; it needs a value for W (shape (2, 2)): --at W=...,x=...\n"
    )
    ran = shell("explain", "graph.json", "--at", "W=[[1, 2], [3, 4]],x=[5, 6]")
    assert ran.code == 0
    assert "loss = 56" in ran.out
    assert re.search(r"dloss/dW +\[\[5, 6\], \[5, 6\]\]", ran.out)


def test_a_case_file(shell: Any) -> None:
    case = {"name": "mine", "graph": GRAPH, "point": {"W": [[1, 2], [3, 4]], "x": [5, 6]}}
    shell.write("case.json", json.dumps(case))
    assert "loss = 56" in shell("explain", "case.json").out
    assert "loss = 100" in shell("explain", "case.json", "--at", "x=[10,10]").out
    shell.write("suite.json", json.dumps({"schema_version": 1, "cases": [case]}))
    assert "loss = 56" in shell("explain", "suite.json::mine").out
    assert "suite.json::mine" in shell("explain", "suite.json").err


def test_names_cannot_break_out(shell: Any) -> None:
    evil = 'a"]; [red]|x`<b>\\'
    graph = {
        "schema_version": 1,
        "nodes": [{"name": evil, "op": "parameter"}, {"name": "loss", "op": "square", "inputs": [evil]}],
        "loss": "loss",
    }
    shell.write("evil.json", json.dumps({"name": "evil", "graph": graph, "point": {evil: 3}}))
    console = shell("explain", "evil.json").out
    assert 'a"]; [red]|x`<b>\\ = 3' in console
    mermaid = shell("explain", "evil.json", "--format", "mermaid").out
    assert mermaid.splitlines()[1] == ('    n0["a#34;]#59; [red]|x#96;#60;b#62;#92; = 3<br/>parameter"]:::parameter')
    dot = shell("explain", "evil.json", "--format", "dot").out
    assert 'n0 [label="a\\"]; [red]|x`<b>\\\\ = 3\\nparameter"' in dot
    markdown = shell("explain", "evil.json", "--format", "markdown").out
    rows = [line for line in markdown.splitlines() if line.startswith("| dloss") and "red" in line]
    assert len(rows) == 3
    assert all("\\|x" in row and "\\<b\\>" in row for row in rows)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3, 4, 5}


def test_trainings_and_costs_are_explained_by_their_gradient(shell: Any) -> None:
    ran = shell("explain", "training::S4.d")
    assert ran.code == 0
    assert "a training; this is the gradient of a first mini-batch" in ran.out
    ran = shell("explain", "costs::S0.a")
    assert ran.code == 0
    assert "smallest problem" in ran.out


@pytest.mark.parametrize("code", ["GC012", "gc012"])
def test_a_finding(shell: Any, snapshot: Any, code: str) -> None:
    ran = shell("explain", code)
    assert ran.code == 0
    snapshot("explain-gc012", ran.out)


def test_every_finding_is_explained(shell: Any) -> None:
    for code, kind in KINDS.items():
        ran = shell("explain", code)
        assert ran.code == 0
        assert kind.title in ran.out


USAGE = {
    "unknown finding": (("GC999",), ("'GC999'", "did you mean")),
    "nothing known": (("qqqq",), ("'qqqq'", "SUITE::CASE", "worked_examples")),
    "near a suite": (("worked_example",), ("did you mean 'worked_examples'?",)),
    "a bare suite": (("worked_examples",), ("name one of its cases", "worked_examples::S0.a")),
    "unknown suite": (("nowhere::S4.b",), ("no suite 'nowhere'",)),
    "unknown case": (("worked_examples::S9",), ("no case 'S9'", "S4.a")),
    "missing file": (("nowhere.json",), ("'nowhere.json'",)),
    "unknown entry": ((S4B, "--entry", "q[0]"), ("no parameter 'q'", "a, b, c")),
    "entry beyond": (("worked_examples::S1.f", "--entry", "W[3,0]"), ("'W' has shape (3, 4)", "[3, 0]")),
    "entry of another rank": (("worked_examples::S1.f", "--entry", "W"), ("'W' has shape (3, 4)",)),
    "at no number": ((S4B, "--at", "b=x"), ("--at", "'b=x'")),
    "at no name": ((S4B, "--at", "3"), ("--at", "'3'")),
    "at not finite": ((S4B, "--at", "b=NaN"), ("--at", "'b=NaN'")),
    "at an unknown name": ((S4B, "--at", "q=1"), ("'q'", "'a', 'b', 'c'")),
    "at outside a domain": (("worked_examples::S1.c", "--at", "t=1e200"), ("--at", "finite")),
    "a form of a graph": ((S4B, "--form", "unit"), ("MLP or NeuronDAG", "graph already")),
    "negative paths": ((S4B, "--paths", "-1"), ("--paths", "-1")),
    "not JSON": (("broken.json",), ("broken.json", "not JSON")),
    "a list": (("list.json",), ("list.json", "JSON object")),
    "a bad graph": (("bad.json",), ("bad.json", "unknown op 'squared'", "node 'loss'")),
    "a suite without a list": (("odd.json",), ("odd.json",)),
}


@pytest.mark.parametrize("name", USAGE)
def test_bad_usage(shell: Any, name: str) -> None:
    shell.write("broken.json", "{")
    shell.write("list.json", "[]")
    shell.write("odd.json", '{"schema_version": 1, "cases": 3}')
    bad = {"schema_version": 1, "nodes": [{"name": "loss", "op": "squared"}], "loss": "loss"}
    shell.write("bad.json", json.dumps(bad))
    arguments, says = USAGE[name]
    ran = shell("explain", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("gradcheck: ")
    assert ran.err.count("\n") == 1
    for words in says:
        assert words in ran.err
