"""Ops that an engine does not offer, and engines that compute in float32, from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

SUITE = """
    import gradcheck

    @gradcheck.case
    def chains():
        for ops in (("exp",), ("sin",), ("exp", "sin"), ("tanh", "exp")):
            build = gradcheck.GraphBuilder()
            v = build.parameter("x")
            for op in ops:
                v = build.apply(op, v)
            yield gradcheck.Case(" ".join(ops), build.graph(v), {"x": 0.3})
"""

ENGINE = """
    import numpy as np

    VALUES = {"exp": np.exp, "tanh": np.tanh, "sin": np.sin}
    SLOPES = {"exp": np.exp, "tanh": lambda x: 1 - np.tanh(x) ** 2, "sin": np.cos}

    def gradients(graph, point):
        values, slope = dict(point), np.ones((), point["x"].dtype)
        for node in (graph.node(int(i)) for i in graph.order):
            if node.inputs:
                if node.op not in VALUES:
                    raise NotImplementedError(node.op)
                x = values[node.inputs[0]]
                values[node.name], slope = VALUES[node.op](x), slope * SLOPES[node.op](x)
        return values[graph.names[graph.loss]], {"x": slope}
"""
"""A right engine for chains of three ops."""

NO_SINE = ENGINE.replace(', "sin": np.sin', "")
DECLARED = ENGINE + "\n    OPS = {'exp', 'tanh'}\n"
WRONG = NO_SINE.replace("1 - np.tanh(x) ** 2", "1 - np.tanh(x)")
IN_FLOAT32 = ENGINE.replace(
    "dict(point), np.ones((), point", "{'x': np.float32(point['x'])}, np.ones((), point"
).replace('point["x"].dtype', "np.float32")
DOUBLED = IN_FLOAT32.replace('{"x": slope}', '{"x": np.float64(slope)}')
LINE = "2 cases not asked of it: sin is not offered ({})"


def run(desk: Any, engine: str, *options: str) -> Any:
    desk.write("chains.py", SUITE)
    desk.write("engine.py", engine)
    options = ("--no-timings", "--save-failures", "", *options)
    return desk("run", "chains.py", "--subject", "engine.py", *options)


@pytest.mark.parametrize(("engine", "reason"), [(NO_SINE, "NotImplementedError"), (DECLARED, "not in its OPS")])
class TestNotOffered:
    def test_it_is_one_line_and_no_error(self, desk: Any, engine: str, reason: str) -> None:
        ran = run(desk, engine)
        assert ran.code == 0
        assert LINE.format(reason) in ran.flat
        assert "2 PASS" in ran.out
        assert "ERROR" not in ran.out

    def test_the_document_lists_the_cases(self, desk: Any, engine: str, reason: str) -> None:
        ran = run(desk, engine, "--format", "json")
        document = json.loads(ran.out)
        assert document["exit_code"] == 0
        assert document["not_offered"] == [
            {"address": f"chains.py::{name}", "ops": ["sin"], "reason": reason} for name in ("sin", "exp sin")
        ]
        assert [r["address"] for r in document["results"]] == ["chains.py::exp", "chains.py::tanh exp"]

    @pytest.mark.parametrize("required", ["all", "sin", "exp, sin"])
    def test_a_required_op_is_an_error(self, desk: Any, engine: str, reason: str, required: str) -> None:
        ran = run(desk, engine, "--require-ops", required, "--no-diagnosis", "-v")
        assert ran.code == 1
        assert "not offered (" not in ran.flat
        assert "2 ERROR" in ran.out
        assert ("GC004" if reason == "NotImplementedError" else "GC080") in ran.out
        assert f"--require-ops {required.replace(', ', ',')}" in ran.flat  # one word, so that it can be copied

    def test_another_required_op_changes_nothing(self, desk: Any, engine: str, reason: str) -> None:
        assert run(desk, engine, "--require-ops", "exp,tanh").code == 0


def test_a_wrong_rule_fails_all_the_same(desk: Any) -> None:
    ran = run(desk, WRONG, "--no-diagnosis")
    assert ran.code == 1
    assert LINE.format("NotImplementedError") in ran.flat
    assert "1 FAIL" in ran.out


def test_nothing_offered_is_nothing_compared(desk: Any) -> None:
    ran = run(desk, "def gradients(graph, point):\n    raise NotImplementedError\n")
    assert ran.code == 5
    assert "4 cases not asked of it: exp, sin are not offered (NotImplementedError)" in ran.flat
    assert "nothing was compared: the subject offers none of these cases" in ran.flat


def test_an_unknown_required_op_is_a_usage_error(desk: Any) -> None:
    ran = run(desk, ENGINE, "--require-ops", "exp,sinn")
    assert ran.code == 2
    assert "there is no op 'sinn'; did you mean 'sin'?" in ran.err


class TestFloat32:
    @pytest.mark.parametrize("engine", [IN_FLOAT32 + "\n    DTYPE = 'float32'\n", ENGINE + "\n    DTYPE = 'float32'\n"])
    def test_a_declared_one_passes(self, desk: Any, engine: str) -> None:
        ran = run(desk, engine)
        assert ran.code == 0
        assert "4 PASS" in ran.out

    def test_the_option_does_the_same_and_is_replayed(self, desk: Any) -> None:
        assert run(desk, IN_FLOAT32, "--dtype", "float32", "--no-diagnosis").code == 0
        wrong = run(desk, IN_FLOAT32.replace("np.cos", "np.sin"), "--dtype", "float32", "--no-diagnosis")
        assert wrong.code == 1
        assert "2 FAIL" in wrong.out
        assert "--subject engine.py --dtype float32" in wrong.flat

    def test_a_thousandth_is_wrong_in_float32(self, desk: Any) -> None:
        ran = run(
            desk,
            IN_FLOAT32.replace('"x": slope', '"x": slope * np.float32(1.001)'),
            "--dtype",
            "float32",
            "--no-diagnosis",
        )
        assert ran.code == 1
        assert "4 FAIL" in ran.out

    def test_an_undeclared_one_is_recognised_and_fails(self, desk: Any) -> None:
        ran = run(desk, DOUBLED)
        assert ran.code == 1
        assert "the answer is right to what float32 arithmetic gives (about 7 digits)" in ran.flat
        assert """say DTYPE = "float32" in the subject's file, or --dtype float32""" in ran.flat

    def test_arrays_in_float32_are_told_what_to_say(self, desk: Any) -> None:
        ran = run(desk, IN_FLOAT32.replace('{"x": slope}', '{"x": np.float32(slope)}'), "--no-diagnosis")
        assert ran.code == 1
        assert "must have dtype float64, got float32; if float32 is meant, say DTYPE" in ran.flat
