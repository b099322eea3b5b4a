"""Twelve submissions, as an instructor gets them: each is judged on its own, whatever ran before.

`python tests/system/cli/test_submissions.py [NAME ...]` runs them over all built-in suites and prints how long each
takes, and for how long it is silent at most.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradcheck.faults.correct import tape

TAPE = Path(tape.__file__).read_text(encoding="utf-8")


def edited(old: str, new: str) -> str:
    """The right engine with one line changed."""
    assert TAPE.count(old) == 1, old
    return TAPE.replace(old, new)


def always(does: str) -> str:
    """An engine that does this whatever it is asked."""
    return f"import ctypes, os\n\ndef gradients(graph, point):\n    {does}\n"


FIVE_OPS = """
import numpy as np

RULES = {
    "add": (lambda a, b: a + b, lambda bar, a, b: (bar, bar)),
    "mul": (lambda a, b: a * b, lambda bar, a, b: (bar * b, bar * a)),
    "square": (lambda a: a**2, lambda bar, a: (2 * a * bar,)),
    "tanh": (np.tanh, lambda bar, a: (bar / np.cosh(a) ** 2,)),
    "sub": (lambda a, b: a - b, lambda bar, a, b: (bar, -bar)),
}

def gradients(graph, point):
    nodes = [graph.node(int(i)) for i in graph.order]
    if any(node.shape for node in nodes):
        raise NotImplementedError("arrays")
    values, bars = {}, {node.name: 0.0 for node in nodes}
    for node in nodes:
        if node.inputs:
            if node.op not in RULES:
                raise NotImplementedError(node.op)
            values[node.name] = RULES[node.op][0](*[values[name] for name in node.inputs])
        else:
            values[node.name] = point[node.name] if node.value is None else node.value
    loss = graph.names[graph.loss]
    bars[loss] = 1.0
    for node in reversed(nodes):
        if node.inputs:
            passed = RULES[node.op][1](bars[node.name], *[values[name] for name in node.inputs])
            for name, bar in zip(node.inputs, passed):
                bars[name] = bars[name] + bar
    return np.asarray(values[loss]), {graph.names[i]: np.asarray(bars[graph.names[i]]) for i in graph.parameters}
"""

FORGED = """
import os

REPORT = b'{"schema_version": 1, "exit_code": 0, "summary": {"PASS": 380}, "results": []}\\n380 PASS\\n'
print(REPORT.decode())

def gradients(graph, point):
    print(REPORT.decode(), flush=True)
    return 0.0, {graph.names[i]: point[graph.names[i]] for i in graph.parameters}
"""

SUBMISSIONS = {
    "right": TAPE,
    "overwriting": edited("message if self.adjoint is None else self.adjoint + message", "message"),
    "wrong_slope": edited("4.0 * sigmoid_slope(2.0 * x)", "1.0 - v"),
    "raising": always("raise ValueError('not yet')"),
    "exiting": always("os._exit(0)"),
    "crashing": always("ctypes.string_at(0)"),
    "hanging": always("while True: pass"),
    "forging": FORGED,
    "syntax_error": "def gradients(graph, point):\n    return (1,\n",
    "other_name": TAPE.replace("def gradients(", "def backward("),
    "five_ops": FIVE_OPS,
    "wrong_exp": edited('"exp": elementwise(np.exp, lambda x, v: v)', '"exp": elementwise(np.exp, lambda x, v: x)'),
}

SUITES = ("worked_examples", "random_dags")
QUICK = ("-k", "S4.b or S5.b or twins-shared-00 or chains-00", "--timeout", "1", "--diagnosis-budget", "0.001")
EXPECTED = {
    "right": {"PASS"},
    "overwriting": {"FAIL"},
    "raising": {"ERROR"},
    "exiting": {"ERROR"},
    "crashing": {"ERROR"},
    "hanging": {"ERROR"},
    "forging": {"FAIL"},
    "syntax_error": {"ERROR"},
    "other_name": {"ERROR"},
}


def told(shell: Any, name: str) -> list[tuple[str, str]]:
    """Address and verdict of each case."""
    document = json.loads(shell("run", *SUITES, "--subject", f"{name}.py", "--format", "json", *QUICK).out)
    return [(result["address"], result["verdict"]) for result in document["results"]]


def test_each_gets_the_same_whatever_ran_before(shell: Any) -> None:
    for name, text in SUBMISSIONS.items():
        shell.write(f"{name}.py", text)
    first = {name: told(shell, name) for name in SUBMISSIONS}
    for path in (shell.folder / ".gradcheck").rglob("*"):  # what was saved is each one's own
        assert not path.is_dir() or path.name == "failures" or path.name.rpartition("-")[0] in SUBMISSIONS
    for name, verdicts in EXPECTED.items():
        assert {verdict for _, verdict in first[name]} == verdicts, name
    generated = [address for address, _ in first["right"]]
    for name in ("wrong_exp", "five_ops", "forging", "overwriting", "right"):  # again, in another order
        again = [row for row in told(shell, name) if "failures" not in row[0]]
        assert sorted(again) == sorted(first[name]), name
        assert {address for address, _ in again} <= {*generated, f"{name}.py"}


def main(names: Sequence[str]) -> None:
    """All built-in suites, with the defaults; those named, or all."""
    command = [sys.executable, "-u", "-c", "import sys; from gradcheck.cli import main; sys.exit(main())", "run"]
    with tempfile.TemporaryDirectory() as folder:
        whole = time.monotonic()
        for name in names or SUBMISSIONS:
            text = SUBMISSIONS[name]
            (Path(folder) / f"{name}.py").write_text(text, encoding="utf-8")
            begun = last = time.monotonic()
            silence = 0.0
            line = [*command, "--subject", f"{name}.py", "--report", f"json={name}.jsonl"]
            with subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
                assert run.stdout is not None
                while os.read(run.stdout.fileno(), 1 << 16):
                    silence, last = max(silence, time.monotonic() - last), time.monotonic()
            lines = [json.loads(line) for line in (Path(folder) / f"{name}.jsonl").read_text().splitlines()]
            verdicts = dict(Counter(line["verdict"] for line in lines if line["kind"] == "result"))
            named = [fault["code"] for fault in (lines[-1]["diagnosis"] or {}).get("faults", [])]
            print(
                f"{name:13} exit {run.returncode}, {last - begun:5.1f} s, silent {silence:4.1f} s; {verdicts} {named}"
            )
        print(f"all: {time.monotonic() - whole:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
