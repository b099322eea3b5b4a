"""The harness on trial: one oracle corrupted at a time never makes a wrong verdict."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.cli import main
from gradcheck.errors import HarnessFault
from gradcheck.judge import function_differences
from gradcheck.numbers import Balls, Enclosure, dual
from gradcheck.oracle.estimate import Estimate, Estimates
from gradcheck.oracle.exact import Exact
from gradcheck.oracle.finite_difference import FiniteDifference
from gradcheck.oracle.path_enumeration import PathEnumeration
from gradcheck.oracle.symbolic import Symbolic
from gradcheck.tracing import Rounding, outcomes, primitives

X = np.array([0.7, -1.2, 0.4])


def f(x: Any) -> Any:
    return np.sum(np.sin(x) * np.exp(0.5 * x))


def right(x: Any) -> Any:
    return (np.cos(x) + 0.5 * np.sin(x)) * np.exp(0.5 * x)


def wrong(x: Any) -> Any:
    return right(x) * np.array([1.0, 1.0, 1.0 + 1e-7])


def opaque(x: Any) -> Any:
    """f by way of bytes: no number system follows, and estimates are all there is."""
    return f(np.frombuffer(x.tobytes()))


def slopes(table: Any, name: str, factor: float) -> Any:
    """The table with one derivative off by a factor."""

    def bent(n: Any, *rest: Any) -> Any:
        return n.mul(n.constant(np.array(factor)), table[name](n, *rest))

    return MappingProxyType({**table, name: bent})


# -- check_*: proofs that contradict each other ------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.0 + 2.0**-40])
@pytest.mark.parametrize("subject", [right, wrong], ids=["right", "wrong"])
def test_a_corrupt_reverse_rule_is_a_fault(monkeypatch: pytest.MonkeyPatch, factor: float, subject: Any) -> None:
    monkeypatch.setattr(primitives, "SLOPES", slopes(primitives.SLOPES, "sin", factor))
    with pytest.raises(HarnessFault, match="contradict"):
        gradcheck.check_gradient(f, subject, X)


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.0 + 2.0**-40])
@pytest.mark.parametrize("subject", [right, wrong], ids=["right", "wrong"])
def test_a_corrupt_forward_rule_is_a_fault(monkeypatch: pytest.MonkeyPatch, factor: float, subject: Any) -> None:
    monkeypatch.setattr(dual, "DERIVATIVES", slopes(dual.DERIVATIVES, "sin", factor))
    if subject is right:
        assert gradcheck.check_gradient(f, subject, X).verdict == "PASS"  # which does not ask the forward sweep
    with pytest.raises(HarnessFault, match="contradict"):
        gradcheck.check_gradient(f, subject, X, oracles="all" if subject is right else "needed")


def test_a_corrupt_row_of_products_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def swapped(n: Any, g: Any, xs: Any, y: Any, at: Any, need: Any) -> Any:
        return n.mul(g, xs[0]), n.mul(g, xs[1])

    rows = MappingProxyType({**primitives.PRIMITIVES, "mul": primitives.Primitive(swapped)})
    monkeypatch.setattr("gradcheck.tracing.sweep.PRIMITIVES", rows)
    with pytest.raises(HarnessFault, match="contradict"):
        gradcheck.check_gradient(f, right, X)


# -- check_*: bounds and allowances -----------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.0, 1e6, 1e13, np.inf])
def test_corrupt_radii_make_no_wrong_verdict(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    sound = Balls.enclosure

    def bent(self: Balls, a: Any) -> Enclosure:
        enclosure = sound(self, a)
        return Enclosure(enclosure.midpoint, np.maximum(enclosure.radius, 1e-300) * factor)

    monkeypatch.setattr(Balls, "enclosure", bent)
    assert gradcheck.check_gradient(f, right, X).verdict in ("PASS", "UNDECIDED")
    assert gradcheck.check_gradient(f, wrong, X).verdict in ("FAIL", "UNDECIDED")


@pytest.mark.parametrize("factor", [0.0, 1e9, np.inf, np.nan])
def test_a_corrupt_allowance_makes_no_wrong_verdict(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    sound: Any = vars(outcomes)["rounding_of_vjp"]

    def bent(*arguments: Any) -> Rounding:
        rounding: Rounding = sound(*arguments)
        return replace(rounding, deviation=tuple(d * factor for d in rounding.deviation))

    monkeypatch.setattr(outcomes, "rounding_of_vjp", bent)
    assert gradcheck.check_gradient(f, right, X).verdict in ("PASS", "UNDECIDED")
    assert gradcheck.check_gradient(f, wrong, X).verdict in ("FAIL", "UNDECIDED")


# -- check_*: estimates alone -----------------------------------------------------------------------------------------


def shifted(estimate: Any, factor: float) -> Any:
    return None if estimate is None else Estimate(estimate.value * factor, estimate.error, estimate.kind)


@pytest.mark.parametrize("factor", [1.0 + 1e-4, -1.0, 0.0])
def test_corrupt_differences_per_entry_need_a_second_voice(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    sound: Any = vars(function_differences)["difference_gradient"]

    def bent(*arguments: Any, **options: Any) -> Any:
        found = sound(*arguments, **options)
        return replace(found, gradients=tuple(shifted(g, factor) for g in found.gradients))

    monkeypatch.setattr(function_differences, "difference_gradient", bent)
    result = gradcheck.check_gradient(opaque, right, X)
    assert result.verdict == "UNDECIDED"
    assert "GC032" in result.codes
    assert gradcheck.check_gradient(opaque, lambda x: 1.5 * right(x), X).verdict == "FAIL"


def test_sound_estimates_decide() -> None:
    result = gradcheck.check_gradient(opaque, right, X)
    assert result.verdict == "PASS", result.to_text()
    assert "GC040" in result.codes  # the exact oracle stepped aside, and says so
    off = gradcheck.check_gradient(opaque, lambda x: right(x) * (1 + 1e-5), X)
    assert off.verdict == "FAIL"
    assert "GC047" in off.codes


def test_an_oracle_that_knows_nothing_leaves_it_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    sound: Any = vars(function_differences)["difference_gradient"]

    def silent(*arguments: Any, **options: Any) -> Any:
        found = sound(*arguments, **options)
        unknown = tuple(None if g is None else Estimate.unknown(g.value.shape, g.kind) for g in found.gradients)
        return replace(found, gradients=unknown)

    monkeypatch.setattr(function_differences, "difference_gradient", silent)
    for subject in (right, lambda x: 2 * right(x)):
        result = gradcheck.check_gradient(opaque, subject, X)
        assert result.verdict == "UNDECIDED"
        assert "GC031" in result.codes


# -- gradcheck run -----------------------------------------------------------------------------------------------------

SUITE = """
import gradcheck

@gradcheck.case
def chain():
    build = gradcheck.GraphBuilder()
    a, b = build.parameter("a"), build.parameter("b")
    return gradcheck.Case("chain", build.graph(build.sin(a * b) + build.tanh(a)), {"a": 0.6, "b": -1.1}, "two paths")
"""

ENGINE = """
import numpy as np

def gradients(graph, point):
    a, b = point["a"], point["b"]
    value = np.asarray(np.sin(a * b) + np.tanh(a))
    slope = np.cos(a * b)
    return value, {"a": np.asarray(b * slope + 1 - np.tanh(a) ** 2), "b": np.asarray(FACTOR * a * slope)}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Any]:
    """`run(factor)`: exit code and JSON of a run against an engine whose second gradient is off by a factor."""
    monkeypatch.chdir(tmp_path)

    def go(factor: str) -> tuple[int, Any]:
        (tmp_path / "mine.py").write_text(SUITE, encoding="utf-8")
        (tmp_path / "engine.py").write_text(ENGINE.replace("FACTOR", factor), encoding="utf-8")
        capsys.readouterr()
        code = main(["run", "mine.py", "--subject", "engine.py", "--format", "json"])
        return code, json.loads(capsys.readouterr().out)

    return go


def corrupt(monkeypatch: pytest.MonkeyPatch, oracle: type, factor: float) -> None:
    """Every gradient that the oracle answers is off by a factor; its bounds stay what they were."""
    sound = oracle.__call__

    def bent(self: Any, graph: Any, point: Any) -> Any:
        said = sound(self, graph, point)
        if not isinstance(said, Estimates):
            return said
        return replace(said, gradients={name: shifted(g, factor) for name, g in said.gradients.items()})

    monkeypatch.setattr(oracle, "__call__", bent)


@pytest.mark.parametrize("factor", ["1.0", "1.5"])
@pytest.mark.parametrize("oracle", [Symbolic, Exact, PathEnumeration])
def test_a_corrupt_proof_is_exit_code_3(
    run: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, oracle: type, factor: str
) -> None:
    corrupt(monkeypatch, oracle, 1.0 + 1e-9)
    assert run(factor)[0] == 3


@pytest.mark.parametrize("size", [1e-4, 1.0])
def test_a_corrupt_estimate_is_discarded_and_reported(
    run: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, size: float
) -> None:
    corrupt(monkeypatch, FiniteDifference, 1.0 + size)
    for factor, expected, verdict in (("1.0", 0, "PASS"), ("1.5", 1, "FAIL")):
        code, document = run(factor)
        (case,) = document["results"]
        assert (code, case["verdict"]) == (expected, verdict)
        assert "GC041" in [found["code"] for found in case["findings"]]


def test_uncorrupted_the_same_run_is_clean(run: Callable[[str], Any]) -> None:
    for factor, expected in (("1.0", 0), ("1.5", 1)):
        code, document = run(factor)
        assert code == expected
        assert "GC041" not in [found["code"] for found in document["results"][0]["findings"]]


def test_a_corrupt_rule_is_exit_code_3_too(run: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(primitives, "SLOPES", slopes(primitives.SLOPES, "tanh", 1.0 + 1e-9))
    assert run("1.0")[0] == 3
