"""The command line, run in this process in an empty folder, and snapshots of what it prints.

`GRADCHECK_UPDATE_SNAPSHOTS=1 pytest tests/system/cli` writes the snapshots anew; version control shows what changed.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from gradcheck.cli import main

SNAPSHOTS = Path(__file__).parent / "snapshots"

WIDTH = 100

MASKS = (
    (r"its process: .*?(?=\n\n)", "its process: (what it was held to)"),  # depends on the machine
    (r"(saved .* to \S+-)[0-9a-f]{8}(?=[; ])", r"\1(hash of its path)"),
    (r"± \S+", "± #"),  # bounds are an oracle's business, and tested there
    (r"((?:distance|allowed|wanted at most)[\s│]+)[\d.]+(?:e[+-]?\d+)?", r"\1#"),
    (r"(?<= )[\d.]+(?:e[+-]?\d+)? (%|x)(?= |$)", r"# \1"),
    (r"((?:finite_difference|complex_step) +)[-+\d.e]+", r"\1#"),
)
"""What differs between machines, or is settled in other rooms' tests."""


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def flat(self) -> str:
        """What stands on the screen as one line, without frames."""
        return " ".join(re.sub("[│╭╮╰╯─]", " ", self.out).split())


@dataclass(frozen=True)
class Shell:
    """Runs command lines in `folder`, the current one.

    The diagnosis has a budget that no loaded machine spends, unless the line gives one.
    """

    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ran:
        self.capture.readouterr()
        asks = arguments[:1] in (("run",), ("verify",)) and "--help" not in arguments
        unhurried = ("--diagnosis-budget", "600") if asks else ()
        try:
            code = main([*arguments[:1], *unhurried, *arguments[1:]])
        except SystemExit as end:  # argparse, for --help and for flags it does not know
            code = int(end.code or 0)
        said = self.capture.readouterr()
        return Ran(code, said.out, said.err)

    def line(self, text: str) -> Ran:
        """Run a whole line, such as one that a report prints."""
        program, *arguments = shlex.split(text)
        assert program == "gradcheck"
        return self(*arguments)

    def write(self, name: str, text: str) -> str:
        """A file in the folder; returns its name."""
        (self.folder / name).write_text(dedent(text), encoding="utf-8", errors="surrogateescape")
        return name


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line at a fixed width, without colour, in an empty folder."""
    for name in ("FORCE_COLOR", "CI", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setattr("gradcheck.report.progress.SILENCE", float("inf"))  # a loaded machine may need long
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


ENGINE = """
    import numpy as np

    VALUES = {
        "add": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "square": lambda a: a**2,
        "relu": lambda a: np.maximum(a, 0.0),
        "sum": np.sum,
    }

    VJPS = {
        "add": lambda bar, a, b: (bar, bar),
        "mul": lambda bar, a, b: (bar * b, bar * a),
        "square": lambda bar, a: (2 * a * bar,),
        "relu": lambda bar, a: (bar * (a > 0),),
        "sum": lambda bar, a: (np.broadcast_to(bar, np.shape(a)),),
    }

    def gradients(graph, point):
        nodes = [graph.node(int(i)) for i in graph.order]
        values, bars = {}, {node.name: np.zeros(node.shape) for node in nodes}
        for node in nodes:
            given = [values[name] for name in node.inputs]
            if node.inputs:
                values[node.name] = VALUES[node.op](*given)
            else:
                values[node.name] = point[node.name] if node.value is None else node.value
        loss = graph.names[graph.loss]
        bars[loss] = np.ones(())
        for node in reversed(nodes):
            if node.inputs:
                passed = VJPS[node.op](bars[node.name], *[values[name] for name in node.inputs])
                for name, bar in zip(node.inputs, passed):
                    bars[name] = bars[name] + bar
        return values[loss], {graph.names[i]: np.array(bars[graph.names[i]]) for i in graph.parameters}
"""
"""A student's engine that is right."""

SUITE = """
    import gradcheck

    @gradcheck.case
    def branches():
        build = gradcheck.GraphBuilder()
        a, b, c = (build.parameter(name) for name in "abc")
        x, y = build.add(a, b, name="x"), build.add(b, c, name="y")
        graph = build.graph(build.mul(x, y, name="f"))
        return gradcheck.Case("branches", graph, {"a": -1, "b": 3, "c": 4}, "gradients add at branches")

    @gradcheck.case
    def product():
        build = gradcheck.GraphBuilder()
        w, x = build.parameter("w", (2,)), build.input("x", (2,))
        graph = build.graph(build.sum(build.mul(w, x, name="p"), name="loss"))
        return gradcheck.Case("product", graph, {"w": [1, 2], "x": [4, 0.5]}, "dloss/dw = x", labels=("linear",))
"""
"""A user's suite whose numbers are exact in binary."""


@pytest.fixture
def desk(shell: Shell) -> Shell:
    """The folder with a student's engine, `engine.py`, that is right, and a suite, `mine.py`."""
    shell.write("engine.py", ENGINE)
    shell.write("mine.py", SUITE)
    return shell


@pytest.fixture
def engine() -> str:
    """The text of `engine.py`, to be bent."""
    return dedent(ENGINE)


@pytest.fixture
def snapshot() -> Callable[[str, str], None]:
    """`snapshot(name, text)`: the text, masked, must be what the file of that name holds."""

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / f"{name}.txt"
        now = masked(text)
        if os.environ.get("GRADCHECK_UPDATE_SNAPSHOTS"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(now, encoding="utf-8")
        assert path.exists(), f"no snapshot {name}; GRADCHECK_UPDATE_SNAPSHOTS=1 writes it"
        assert now == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def without_machine() -> Callable[[str], str]:
    """The text without what may differ from machine to machine."""
    return masked


def masked(text: str) -> str:
    """The text without what may differ; where something was masked, columns are not aligned any more."""
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL | re.MULTILINE)
    if "#" in text:
        text = re.sub(r"(?<=[^\s│]) {3,}", "   ", text)
    lines = [line.rstrip() for line in text.splitlines()]
    framed = [f"{line[:-1].rstrip():{WIDTH - 1}}│" if line[:1] == line[-1:] == "│" else line for line in lines]
    return "\n".join(framed).strip("\n") + "\n"
