"""Each way of giving no answer, or a dishonest one, is a finding of its own, with exit code 1."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

RIGHT = "    value = point['w'] @ point['x']\n    grads = {'w': point['x'].copy()}\n"


class Bad(NamedTuple):
    """A subject's text, the code of the finding, and words of the report."""

    text: str
    code: str
    says: tuple[str, ...]
    verdict: str = "ERROR"


def body(text: str) -> str:
    return f"import numpy as np\n\ndef gradients(graph, point):\n{RIGHT}    {text}\n"


BAD = {
    "syntax-error": Bad("def gradients(graph, point):\n    return (1,\n", "GC002", ("engine.py, line 2", "return (1,")),
    "cannot-be-imported": Bad("import no_such_module\n", "GC001", ("no_such_module", "engine.py, line 1")),
    "no-entry-point": Bad("def gradient(graph, point): ...\n", "GC003", ("gradients", "did you mean gradient?")),
    "empty": Bad("", "GC003", ("no function of its own", "define gradients(graph, point)", "--subject engine.py:NAME")),
    "no-text": Bad("x = 1 \udcff\udcfe\n", "GC002", ("engine.py", "is it a text file in UTF-8?")),
    "raises": Bad(body("raise KeyError('loss')"), "GC004", ("KeyError: 'loss'", "engine.py, line 6, in gradients")),
    "wrong-keys": Bad(body("return value, {'W': grads['w']}"), "GC008", ("no entry for 'w'", "it has 'W'")),
    "unknown-keys": Bad(body("return value, {**grads, 'x': grads['w']}"), "GC009", ("entries for 'x'",)),
    "wrong-shape": Bad(body("return value, {'w': grads['w'][:1]}"), "GC010", ("must have shape (2,), got (1,)",)),
    "wrong-form": Bad(body("return value"), "GC007", ("expected", "got")),
    "nan": Bad(body("return value, {'w': grads['w'] * np.nan}"), "GC013", ("is nan", "should be 4"), "FAIL"),
    "nan-loss": Bad(body("return np.nan, grads"), "GC014", ("the value of loss is nan",), "FAIL"),
    "mutates": Bad(body("point['w'][0] = 9.0; return value, grads"), "GC020", ("changed", "'w'"), "FAIL"),
    "not-repeatable": Bad(
        "import itertools\ncount = itertools.count()\n" + body("return value, {'w': grads['w'] + next(count)}"),
        "GC021",
        ("asked twice",),
        "FAIL",
    ),
    "dies": Bad("import os\n" + body("os._exit(3)"), "GC006", ("ended without an answer",)),
    "hangs": Bad(body("while True: pass"), "GC005", ("within 0.5 s",)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_subject(desk: Any, snapshot: Any, name: str) -> None:
    bad = BAD[name]
    desk.write("engine.py", bad.text)
    limit = ("--timeout", "0.5") if name == "hangs" else ()
    ran = desk(
        "run", "--no-timings", "mine.py::product", "--subject", "engine.py", "--no-diagnosis", "--no-save", *limit
    )
    assert ran.code == 1
    assert "Traceback" not in ran.out + ran.err
    for words in bad.says:
        assert words in ran.flat
    assert bad.verdict in ran.out
    assert bad.code not in ran.out  # codes are for -v
    more = desk("run", "mine.py::product", "--subject", "engine.py", "--no-diagnosis", "--no-save", "-v", *limit)
    assert bad.code in more.out
    if name in ("syntax-error", "raises", "wrong-shape", "hangs", "nan", "mutates", "no-entry-point"):
        snapshot(f"subject-{name}", ran.out)


@pytest.mark.parametrize(
    ("does", "code"),
    [("while True: pass", "GC005"), ("os._exit(1)", "GC006"), ("os.kill(os.getpid(), 11)", "GC006")],
    ids=["hangs", "exits", "crashes"],
)
def test_a_subject_that_always_hangs_or_dies_is_not_asked_in_every_case(desk: Any, does: str, code: str) -> None:
    desk.write("engine.py", f"import os\n\ndef gradients(graph, point):\n    {does}\n")
    desk.write("drawn.py", "import gradcheck\n\n@gradcheck.case\ndef many():\n    for k in range(6):\n        " + MANY)
    ran = desk("run", "drawn.py", "--subject", "engine.py", "--timeout", "0.5", "--format", "json")
    document = json.loads(ran.out)
    codes = [[f["code"] for f in r["findings"]] for r in document["results"]]
    assert ran.code == 1
    assert codes == [[code]] * 3 + [["GC017"]] * 3
    assert document["diagnosis"] is None


MANY = """build = gradcheck.GraphBuilder()
        graph = build.graph(build.square(build.parameter("w")))
        yield gradcheck.Case(f"case {k}", graph, {"w": k})
"""


def test_what_a_subject_prints_stays_off_the_report(desk: Any) -> None:
    desk.write("engine.py", body("print('{\"schema_version\": 1}'); return value, grads"))
    ran = desk("run", "mine.py::product", "--subject", "engine.py", "--format", "json")
    assert ran.code == 0
    assert json.loads(ran.out)["exit_code"] == 0


ONLY_EXP = """
import numpy as np

def gradients(graph, point):
    values, slope = dict(point), np.ones(())
    for node in (graph.node(int(i)) for i in graph.order):
        if node.inputs:
            if node.op != "exp":
                raise NotImplementedError(node.op)
            x = values[node.inputs[0]]
            values[node.name], slope = np.exp(x), slope * x  # should be exp(x)
    return values[graph.names[graph.loss]], {graph.names[i]: slope for i in graph.parameters}
"""

OF_EXP = """
import gradcheck

@gradcheck.case
def exponential():
    build = gradcheck.GraphBuilder()
    return gradcheck.Case("exp", build.graph(build.exp(build.parameter("x"))), {"x": 3.0})
"""


def test_a_mistake_in_exp_alone_is_a_fail_although_its_experiments_overflow(desk: Any) -> None:
    """Six exponentials of one another are beyond all floats: that is no evidence, and takes no verdict along."""
    desk.write("engine.py", ONLY_EXP)
    desk.write("of_exp.py", OF_EXP)
    ran = desk("run", "of_exp.py", "--subject", "engine.py", "--format", "json")
    assert (ran.code, ran.err.count("is inf")) == (1, 0)
    assert [result["verdict"] for result in json.loads(ran.out)["results"]] == ["FAIL"]
