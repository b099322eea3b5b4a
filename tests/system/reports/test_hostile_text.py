"""What a subject or a suite says cannot break out of any kind of report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

EVIL = (
    "a]]>b\n::error file=x.py,line=1::pwned\r\n::stop-commands::word\n```\n# head\n<script>alert(1)</script>"
    " | % %0A::warning::x ``` <failure> &amp; \x00 \x1b[31m \x07 \ud800 \ufffe - [link](javascript:x) ![i](x)"
)
SUITE = f"""
import gradcheck

EVIL = {EVIL!r}

@gradcheck.case
def cases():
    for k, name in enumerate(("one | two", "``` <b> ]]> %0A", "a,b: c %25")):
        build = gradcheck.GraphBuilder()
        graph = build.graph(build.square(build.parameter("w"), name="loss"))
        yield gradcheck.Case(name, graph, {{"w": 1.5 + k}}, EVIL)
"""
ENGINE = f"""
def gradients(graph, point):
    raise ValueError({EVIL!r} + str(point["w"]))
"""
PAIR = f"""
import numpy as np

class Evil(Exception):
    pass

def f(w):
    return np.sum(w * w)

def f_grad(w):
    raise Evil({EVIL!r})

EXAMPLES
"""
EXAMPLES = 'EXAMPLES = {"f": (np.array([0.5, -1.5]),)}'


def harmless(seen: Any) -> None:
    """Nothing of what was said is markup, a command or a control character."""
    assert [a for a in seen.github if "pwned" in a.message]
    assert {a.level for a in seen.github} == {"error"}
    for annotation in seen.github:
        assert set(annotation.properties) <= {"file", "line", "title"}
        assert annotation.properties.get("file", "engine.py") in ("engine.py", "pair.py")
    lines = Path("out.github").read_text().splitlines()
    assert len(lines) == len(seen.github)
    assert all(line.startswith("::error ") for line in lines)

    rendered = MarkdownIt("commonmark").enable("table").render(seen.markdown)
    for tag in ("<script", "<failure", "<h1", "<a ", "<img", "<b>"):
        assert tag not in rendered
    assert "alert(1)" in rendered

    texts = [Path(f"out.{kind}").read_text() for kind in ("junit", "sarif", "github", "markdown", "text")]
    for text in texts:
        assert not [c for c in text if not c.isprintable() and c != "\n"]


def test_in_every_kind_of_a_run(desk: Any, reported: Callable[..., Any]) -> None:
    desk.write("evil.py", SUITE)
    desk.write("engine.py", ENGINE)
    seen = reported("run", "evil.py", "--subject", "engine.py", "--no-save", "--no-diagnosis")
    assert seen.code == 1
    harmless(seen)
    assert seen.junit.errors == len(seen.sarif["results"]) == 3
    told = seen.cases["evil.py::a,b: c %25"].result[0].text
    for part in ("a]]>b", "::error file=x.py,line=1::pwned", "<failure> &amp; \\x00 \\x1b[31m"):
        assert part in told
    assert [a.properties["title"] for a in seen.github if "%25" in a.properties["title"]]
    assert {row["address"] for row in seen.json if row["kind"] == "result"} == {
        f"evil.py::{name}" for name in ("one | two", "``` <b> ]]> %0A", "a,b: c %25")
    }


@pytest.mark.parametrize("recognised", [True, False])
def test_in_every_kind_of_a_verification(shell: Any, reported: Callable[..., Any], recognised: bool) -> None:
    shell.write("pair.py", PAIR.replace("EXAMPLES", EXAMPLES if recognised else ""))
    seen = reported("verify", "pair.py")
    assert seen.code == 1
    harmless(seen)
    assert seen.junit.errors + seen.junit.failures == 1
    assert "\x1b" not in seen.out + seen.err
