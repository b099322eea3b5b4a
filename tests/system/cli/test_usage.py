"""Bad usage and invalid suites: exit code 2, one paragraph that says what was expected, what came, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest


def refused(ran: Any, *says: str) -> None:
    """One paragraph on stderr, no traceback, nothing on stdout, exit code 2."""
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("gradcheck: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    for words in says:
        assert words in ran.err


USAGE = {
    "missing subject file": (("mine.py", "--subject", "nowhere.py"), ("no subject file 'nowhere.py'",)),
    "missing subject file with a name": (("mine.py", "--subject", "nowhere.py:f"), ("no subject file 'nowhere.py'",)),
    "unknown suite": (("nowhere",), ("no suite 'nowhere'", "worked_examples")),
    "a suite without a name": (("",), ("expected SUITE or SUITE::CASE, got an empty name",)),
    "one colon too few": (("mine.py:branches",), ("no suite 'mine.py:branches': did you mean 'mine.py::branches'?",)),
    "failures saved nowhere": (
        ("mine.py", "--subject", "engine.py", "--save-failures", "notes.txt/deep"),
        ("--save-failures: 'notes.txt/deep' cannot be made: Not a directory",),
    ),
    "a subject without a name": (("mine.py", "--subject", ""), ("--subject: expected FILE or FILE:NAME, got ''",)),
    "a subject without a file": (("mine.py", "--subject", ":f"), ("--subject: expected FILE or FILE:NAME, got ':f'",)),
    "missing suite file": (("nowhere.py",), ("no suite 'nowhere.py'",)),
    "a suite that is neither": (("notes.txt",), (".py or .json", "notes.txt")),
    "unknown case": (("mine.py::brunches",), ("no case 'brunches'; did you mean 'branches'?", "branches, product")),
    "-k with a bracket open": (("mine.py", "-k", "(a or b"), ("-k '(a or b' cannot be read", "bracket")),
    "-k with a word missing": (("mine.py", "-k", "a and"), ("a word is missing",)),
    "-k with nothing": (("mine.py", "-k", ")"), ("-k ')'",)),
    "seed": (
        ("mine.py", "--seed", "x"),
        ("--seed takes a whole number >= 0 of at most 300 digits or 'random', got 'x'",),
    ),
    "report kind": (
        ("mine.py", "--report", "html=out.html"),
        ("there is no kind 'html' (there are json, junit, sarif, github, markdown, text)",),
    ),
    "nearly a report kind": (("mine.py", "--report", "junt=out.xml"), ("no kind 'junt'; did you mean 'junit'?",)),
    "report without path": (("mine.py", "--report", "json"), ("json=PATH", "got 'json'")),
    "report folder": (("mine.py", "--report", "json=no/where/out.json"), ("no folder", "no/where/out.json")),
    "timeout": (("mine.py", "--timeout", "0"), ("--timeout must be a positive number",)),
    "timeout that is not a number": (("mine.py", "--timeout", "nan"), ("--timeout must be a positive number",)),
    "a number of cases": (("mine.py", "--give-up-after", "-1"), ("--give-up-after must be a number of cases",)),
    "seconds of the search": (("mine.py", "--diagnosis-budget", "-1"), ("--diagnosis-budget must be a number of",)),
    "no seconds of the search": (("mine.py", "--diagnosis-budget", "nan"), ("--diagnosis-budget must be a number",)),
    "interest": (("mine.py", "--interest", "-1"), ("interest must be a positive number",)),
}


@pytest.mark.parametrize("name", USAGE)
def test_bad_usage(desk: Any, name: str) -> None:
    desk.write("notes.txt", "")
    arguments, says = USAGE[name]
    refused(desk("run", *arguments), *says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "gradcheck: the following arguments are required: COMMAND"),
        (("runn",), "gradcheck: argument COMMAND: invalid choice: 'runn'"),
        (("run", "--sbject", "x.py"), "gradcheck run: there is no option --sbject; did you mean --subject?"),
        (("faults", "--colour"), "gradcheck faults: there is no option --colour"),
        (("explain", "S4.b", "S4.c"), "gradcheck explain: too many arguments: S4.c"),
        (("run", "--format", "xml"), "gradcheck run: argument --format: invalid choice: 'xml'"),
        (("run", "--timeout", "soon"), "gradcheck run: argument --timeout: invalid number value: 'soon'"),
        (("run", "-q", "-v"), "gradcheck run: argument -v/--verbose: not allowed with argument -q/--quiet"),
    ],
)
def test_flags_that_argparse_refuses(shell: Any, arguments: tuple[str, ...], says: str) -> None:
    ran = shell(*arguments)
    assert (ran.code, ran.out) == (2, "")
    first, last = ran.err.splitlines()
    assert first.startswith(says)
    assert last == f"{says.partition(':')[0]} --help shows what it takes"


def node(name: str, op: str, *inputs: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "op": op, **({"inputs": list(inputs)} if inputs else {}), **more}


X, LOSS = node("x", "parameter"), node("loss", "square", "x")

BAD_GRAPHS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], tuple[str, ...]]] = {
    "cycle": (
        [X, node("a", "add", "x", "b"), node("b", "neg", "a"), node("loss", "square", "b")],
        {"x": 1},
        ("node 'a'", "a > b > a"),
    ),
    "unknown op": ([X, node("loss", "squared", "x")], {"x": 1}, ("node 'loss'", "unknown op 'squared'", "'square'")),
    "wrong arity": ([X, node("loss", "mul", "x")], {"x": 1}, ("node 'loss'", "mul takes 2 arguments, got 1")),
    "shape mismatch": (
        [
            node("u", "parameter", shape=[2]),
            node("v", "parameter", shape=[3]),
            node("s", "add", "u", "v"),
            node("loss", "sum", "s"),
        ],
        {"u": [1, 2], "v": [1, 2, 3]},
        ("node 's'", "(2,)", "(3,)"),
    ),
    "loss not scalar": (
        [node("x", "parameter", shape=[2]), LOSS],
        {"x": [1, 2]},
        ("node 'loss'", "the loss must be a scalar, got shape (2,)"),
    ),
    "loss with outgoing edges": (
        [X, LOSS, node("after", "neg", "loss")],
        {"x": 1},
        ("node 'loss'", "no outgoing edges, but node 'after' uses it"),
    ),
    "unknown parameter": ([X, LOSS], {"x": 1, "y": 2}, ("'y'", "inputs and parameters are 'x'")),
    "a parameter without a value": ([X, LOSS], {}, ("node 'x'", "no value")),
    "non-finite constant": (
        [X, node("c", "constant", value="inf"), node("loss", "mul", "x", "c")],
        {"x": 1},
        ("node 'c'",),
    ),
    "value outside an op's domain": (
        [X, node("loss", "log", "x")],
        {"x": -1},
        ("node 'loss'", "log(-1) is outside the op's domain: its argument must be > 0"),
    ),
}


@pytest.mark.parametrize("name", BAD_GRAPHS)
def test_bad_graph_in_a_suite(desk: Any, name: str) -> None:
    nodes, point, says = BAD_GRAPHS[name]
    graph = {"schema_version": 1, "nodes": nodes, "loss": "loss"}
    case = {"name": "mine", "graph": graph, "point": point}
    desk.write("bad.json", json.dumps({"schema_version": 1, "cases": [case]}))
    refused(desk("run", "bad.json", "--subject", "engine.py"), "bad.json", "case 'mine'", *says)
    shown = desk("run", "bad.json", "--traceback")
    assert shown.code == 2
    assert "Traceback (most recent call last)" in shown.err
    assert "InvalidProblem" in shown.err


PYTHON = """
    import gradcheck

    @gradcheck.case
    def mine():
        build = gradcheck.GraphBuilder()
        x = build.parameter("x")
        {LINE}
        return gradcheck.Case("mine", build.graph(build.square(x, name="loss")), {POINT})
"""

PYTHON_SUITES = {
    "unknown op": ("build.squared(x)", "{'x': 1}", ("unknown op 'squared'", "'square'")),
    "infinite constant": ("x * float('inf')", "{'x': 1}", ("a constant must be finite, got inf", "node 'inf'")),
    "domain": ("x = build.log(x, name='l')", "{'x': -1}", ("case 'mine'", "node 'l'", "log(-1)", "> 0")),
    "unknown parameter": ("pass", "{'x': 1, 'y': 2}", ("case 'mine'", "'y'", "are 'x'")),
    "it raises": ("1 / 0", "{'x': 1}", ("ZeroDivisionError", "line 8")),
    "no case": ("return 3", "{}", ("expected cases to be returned or yielded, got int",)),
}


@pytest.mark.parametrize("name", PYTHON_SUITES)
def test_bad_python_suite(desk: Any, name: str) -> None:
    line, point, says = PYTHON_SUITES[name]
    if name == "infinite constant":
        line = "x = x * float('inf')"
    desk.write("bad.py", PYTHON.replace("{LINE}", line).replace("{POINT}", point))
    refused(desk("run", "bad.py", "--subject", "engine.py"), "bad.py", *says)
    assert "Traceback" in desk("run", "bad.py", "--subject", "engine.py", "--traceback").err


FILES = {
    "broken.json": ("{", ("broken.json", "not JSON", "line 1")),
    "list.json": ("[]", ("list.json", "must be a JSON object")),
    "old.json": ('{"schema_version": 0, "cases": []}', ("old.json", "schema_version", "0")),
    "key.json": ('{"schema_version": 1, "case": []}', ("key.json", "unknown key 'case'", "cases")),
    "broken.py": ("def f(:\n", ("broken.py, line 1", "no Python")),
    "raises.py": ("import gradcheck\nimport no_such_module\n", ("raises.py, line 2", "no_such_module")),
    "empty.py": ("", ("empty.py", "@gradcheck.case")),
}


@pytest.mark.parametrize("name", FILES)
def test_bad_suite_file(desk: Any, name: str) -> None:
    text, says = FILES[name]
    desk.write(name, text)
    refused(desk("run", name, "--subject", "engine.py"), *says)


def test_two_cases_of_one_name(desk: Any) -> None:
    text = (desk.folder / "mine.py").read_text().replace('Case("product"', 'Case("branches"')
    desk.write("mine.py", text)
    refused(desk("run", "mine.py"), "mine.py", "case 'branches'", "names must be unique")
