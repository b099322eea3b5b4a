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

judged = AT_ONCE

class Evil(Exception):
    pass

def f(w):
    global judged
    judged = judged or type(w) is not np.ndarray  # a look at the file calls it with arrays
    return np.sum(w * w)

def f_grad(w):
    if judged:
        raise Evil({EVIL!r})
    return 2 * w

EXAMPLES = {{"f": (np.array([0.5, -1.5]),)}}
"""
"""A pair whose derivative raises when it is judged, or else at once, when it is looked at."""


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
    shell.write("pair.py", PAIR.replace("AT_ONCE", str(not recognised)))
    seen = reported("verify", "pair.py")
    assert seen.code == 1
    harmless(seen)
    assert seen.junit.errors + seen.junit.failures == 1
    assert len(seen.sarif["results"]) == recognised
    assert "\x1b" not in seen.out + seen.err


@pytest.mark.parametrize("width", ["40", "100"])
@pytest.mark.parametrize("command", ["run", "verify", "verify at import"])
def test_a_log_obeys_nothing_but_our_annotations(desk: Any, monkeypatch: Any, command: str, width: str) -> None:
    """The runner of GitHub Actions obeys any line of a log that begins, after spaces, with `::`."""
    monkeypatch.setenv("COLUMNS", width)
    desk.write("evil.py", SUITE)
    desk.write("engine.py", ENGINE)
    at_import = f"\nif {command == 'verify at import'}: raise Evil({EVIL!r})"
    desk.write("pair.py", PAIR.replace("AT_ONCE", "False") + at_import)
    lines = {"run": ("run", "evil.py", "--subject", "engine.py", "--no-save", "--no-diagnosis")}
    ran = desk(*lines.get(command, ("verify", "pair.py")), "--report", "github=-")
    assert ran.code == 1
    obeyed = [line for line in (ran.out + ran.err).splitlines() if line.lstrip().startswith("::")]
    assert len(obeyed) == (3 if command == "run" else 1)
    assert all(line.startswith(("::error file=engine.py,line=", "::error file=pair.py,line=")) for line in obeyed)
