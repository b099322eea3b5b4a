"""Roundings that repeat add up like their number: right engines pass on long chains, and one wrong rule still fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck.checks.functions import check_gradient, check_jvp, check_vjp
from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.faults.correct import forward_mode, recursive, tape
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.judge.allowance import settled
from gradcheck.oracle import Oracle, graph_oracles
from gradcheck.oracle.analysis import Analysis, analyse_graph
from gradcheck.oracle.exact import exact
from gradcheck.problem import Case, GraphBuilder
from gradcheck.reference.dag import gradients as reference
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.tracing import explore, sweep
from gradcheck.verdict.compare import Comparison, Truth, judge
from gradcheck.verdict.result import Result, Verdict

Array = NDArray[Any]

ENGINES: dict[str, Callable[..., Any]] = {
    "reference": reference,
    "tape": tape.gradients,
    "recursive": recursive.gradients,
    "forward_mode": forward_mode.gradients,
}
CHAINS = [("add", 0.001), ("add", 0.1), ("mul", 1.000001), ("mul", 0.999)]


def chain(op: str, constant: float, length: int, dtype: str = "float64") -> Case:
    """f = h^2, h = x op constant op constant ...: its slope carries every rounding of h."""
    build = GraphBuilder()
    h, k = build.parameter("x"), build.constant(constant)
    for _ in range(length):
        h = build.apply(op, h, k)
    return Case("chain", build.graph(build.square(h)), {"x": 0.37}, dtype=dtype)


def one_by_one(entries: int, value: float, dtype: str = "float64") -> Case:
    """f = (x0 + x1 + x2 + ...)^2, added in this order."""
    build = GraphBuilder()
    h = build.parameter("x0")
    for k in range(1, entries):
        h = h + build.parameter(f"x{k}")
    return Case("sum", build.graph(build.square(h)), {f"x{k}": value for k in range(entries)}, dtype=dtype)


def result(case: Case, engine: Callable[..., Any], oracles: Sequence[Oracle] = (exact,)) -> Result:
    return try_and_diagnose("case", case, InProcessSubject(engine), oracles)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("op", "constant"), CHAINS)
@pytest.mark.parametrize("length", [10, 100])
def test_right_engines_pass_on_chains(op: str, constant: float, length: int, dtype: str, engine: str) -> None:
    found = result(chain(op, constant, length, dtype), ENGINES[engine])
    assert (found.verdict, found.codes) == (Verdict.PASS, ())


@pytest.mark.parametrize(
    ("op", "constant", "dtype"),
    [("add", 0.001, "float64"), ("add", 0.1, "float64"), ("add", 0.1, "float32"), ("mul", 1.000001, "float32")],
)
def test_the_reference_passes_on_a_thousand(op: str, constant: float, dtype: str) -> None:
    found = result(chain(op, constant, 1000, dtype), reference, graph_oracles())
    assert found.verdict is Verdict.PASS
    assert set(found.codes) <= {"GC071"}  # more adjoints than are judged


def test_the_reference_passes_on_a_thousand_entries_one_by_one() -> None:
    assert result(one_by_one(1000, 0.1), reference).verdict is Verdict.PASS


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", ENGINES)
def test_right_engines_pass_on_sums_one_by_one(dtype: str, engine: str) -> None:
    assert result(one_by_one(100, 0.1, dtype), ENGINES[engine]).verdict is Verdict.PASS


class OneRule(Backprop):
    """Every message of one op is off by a relative error."""

    def __init__(self, op: str, off: float) -> None:
        self.op, self.off = op, off

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        sent = super().message(node, slot, upstream)
        return sent * (1 + self.off) if self.graph.op(node) == self.op else sent


@pytest.mark.parametrize(("dtype", "off"), [("float64", 1e-6), ("float32", 1e-3)])
@pytest.mark.parametrize(("op", "constant"), CHAINS[::2])
@pytest.mark.parametrize(("wrong", "length"), [("square", 10), ("chain", 10), ("square", 200)])
def test_one_wrong_rule_fails(op: str, constant: float, length: int, wrong: str, dtype: str, off: float) -> None:
    """In float32 a thousand roundings cost up to 6e-5 each way, and errors matter from 1e-4 on: 1e-6 is beyond it."""
    found = result(chain(op, constant, length, dtype), OneRule(op if wrong == "chain" else wrong, off))
    assert (found.verdict, found.codes[0]) == (Verdict.FAIL, "GC012")


def errors_of(case: Case, engine: Callable[..., Any]) -> tuple[float, float, float, float]:
    """Distances of an engine's loss and slope from the truth, and their bounds for roundings that repeat."""
    said = analyse_graph(case.graph, case.point)
    value, grads = engine(case.graph, case.point)[:2]
    assert isinstance(said, Analysis)
    assert said.estimates.loss is not None
    return (
        abs(float(value) - float(said.estimates.loss.value)),
        abs(float(grads["x"]) - float(said.estimates.gradients["x"].value)),
        float(said.repeating_value),
        float(said.repeating(0)),
    )


def test_the_bound_is_the_closed_form_for_equal_additions() -> None:
    """h_n = x + n c: df/dx = 2 h_n is moved by 2 u |h_i| by each addition; plus the square's own message, u |2 h_n|."""
    n, x, c, u = 50, 0.375, 0.125, 2.0**-53
    build = GraphBuilder()
    h, k = build.parameter("x"), build.constant(c)
    for _ in range(n):
        h = build.add(h, k)
    case = Case("chain", build.graph(build.square(h)), {"x": x})
    sums = [x + i * c for i in range(1, n + 1)]
    *_, value, slope = errors_of(case, reference)
    additions = sum(2 * u * s for s in sums)
    message = slope - additions
    assert 0 < message <= 8 * u * 2 * sums[-1]
    assert value == pytest.approx(sum(2 * sums[-1] * u * s for s in sums), rel=0.05)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("op", "constant"), CHAINS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_bound_holds_what_repeats(op: str, constant: float, dtype: str, engine: str) -> None:
    """Errors really made lie within the bound, and see below for how close they come."""
    loss, slope, loss_bound, slope_bound = errors_of(chain(op, constant, 300, dtype), ENGINES[engine])
    assert loss <= loss_bound
    assert slope <= slope_bound


def test_the_bound_is_not_idle() -> None:
    _, slope, _, bound = errors_of(chain("add", 0.1, 1000), reference)
    assert slope > bound / 20


def test_cancelling_errors_do_not_blow_the_bound_up() -> None:
    """Ten layers that normalise: intervals would grow from layer to layer, adjoints do not."""
    build = GraphBuilder()
    h = build.parameter("x", (8,))
    for _ in range(10):
        centred = h - build.mean(h)
        h = build.tanh(centred / build.sqrt(build.mean(build.square(centred)) + 1e-5))
    graph = build.graph(build.sum(h * np.arange(1.0, 9.0)))
    case = Case("norms", graph, {"x": np.array([0.3, -1.2, 0.7, 2.0, -0.4, 1.1, 0.05, -0.9])})
    said = analyse_graph(case.graph, case.point)
    assert isinstance(said, Analysis)
    gradient = said.estimates.gradients["x"].value
    assert np.max(said.repeating(0)) < 1e-11 * np.max(np.abs(gradient))


def test_the_bound_of_jvp_is_that_of_vjp_for_one_number() -> None:
    """<u, J v> of a function of one number to one number is the same program either way."""

    def f(x: Any) -> Any:
        y = x
        for _ in range(40):
            y = y * 1.01
        return y * y

    outcomes = explore(f, (np.float64(0.7),), wrt=(0,), dtype=np.float64)
    back = outcomes.repeating([np.ones(())])[0]
    ahead = outcomes.repeating_jvp([np.ones(())])[0]
    assert back == pytest.approx(ahead, rel=1e-9)
    assert back > 40 * 2.0**-53


def test_functions_have_it_too() -> None:
    """A chain in plain NumPy, forward and in reverse, with derivatives that carry its roundings."""

    def f(x: Any) -> Any:
        for _ in range(600):
            x = x + 0.1
        return x * x

    def vjp(g: Any, x: Any) -> Any:
        for _ in range(600):
            x = x + 0.1
        return g * 2 * x

    x = np.array([0.37])
    assert check_vjp(f, vjp, x).verdict is Verdict.PASS
    assert check_jvp(f, lambda primals, tangents: vjp(tangents[0], primals[0]), x).verdict is Verdict.PASS


def test_many_entries_share_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the work that is worth it the bound is estimated from random signs: it is of the same size."""

    def f(x: Any) -> Any:
        for _ in range(30):
            x = x * 1.01
        return (x * x).sum()

    x = np.linspace(0.5, 1.5, 40)
    outcomes = explore(f, (x,), wrt=(0,), dtype=np.float64)
    each = outcomes.repeating()[0]
    monkeypatch.setattr("gradcheck.tracing.repeated_rounding.MOST_WORK", 0)
    shared = outcomes.repeating()[0]
    assert np.all(shared > each / 2)
    assert np.all(shared < 2 * np.sqrt(each.size) * np.max(each))  # by Minkowski's inequality, and larger entries


def known(value: float, radius: float = 0.0) -> Truth:
    middle = np.array(value)
    no, yes = np.zeros((), bool), np.ones((), bool)
    return Truth(middle - radius, middle + radius, yes, no, (), ("exact",))


def compared(off: float, *, allowed: float, matters: float) -> Comparison:
    return judge("x", np.array(1.0 + off), known(1.0), np.array(allowed), np.array(matters))


@pytest.mark.parametrize(
    ("off", "repeating", "matters", "wrong", "is_open"),
    [
        (0.5e-9, 1e-6, 1e-6, False, False),  # within the allowance: never judged again
        (1e-8, 1e-7, 1e-6, False, False),  # roundings that repeat explain it, and are too small to matter
        (1e-6, 1e-7, 1e-3, True, False),  # beyond even those
        (1e-8, 1e-3, 1e-6, False, False),  # they might hide an error that matters, but the answer has none
        (1e-5, 1e-3, 1e-6, False, True),  # nobody can tell
    ],
)
def test_three_ways_to_settle(off: float, repeating: float, matters: float, *, wrong: bool, is_open: bool) -> None:
    once = compared(off, allowed=1e-9, matters=matters)
    again = settled(once, lambda apart: np.array(repeating))
    assert (bool(again.wrong), bool(again.open)) == (wrong, is_open)


def test_the_bound_is_not_made_where_it_is_not_needed() -> None:
    def never(apart: Any) -> Any:
        raise AssertionError

    once = compared(0.0, allowed=1e-9, matters=1e-6)
    assert settled(once, never) is once
    lost = judge("x", np.array(np.nan), known(1.0), np.array(1e-9), np.array(1e-6))
    assert settled(lost, never) is lost


def test_many_blocks_take_one_sweep_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand parameters of one entry each cost no more sweeps than one parameter of a thousand entries."""
    sweeps, forward = [], sweep.forward

    def counted(*given: Any) -> Any:
        sweeps.append(1)
        return forward(*given)

    monkeypatch.setattr(sweep, "forward", counted)
    case = one_by_one(60, 0.1)
    said = analyse_graph(case.graph, case.point)
    assert isinstance(said, Analysis)
    sweeps.clear()
    assert all(np.all(np.isfinite(said.repeating(k))) for k in range(60))
    assert len(sweeps) == 1


def test_only_entries_that_are_asked_for_are_bounded() -> None:
    """A wrong Jacobian of 1600 entries has 40 wrong ones, and each takes a sweep."""
    x = np.linspace(0.5, 1.5, 40)
    outcomes = explore(lambda x: (x * x * 1.01).sum(), (x,), wrt=(0,), dtype=np.float64)
    every, wanted = outcomes.repeating()[0], np.arange(40) % 7 == 3
    some = outcomes.repeating(None, [wanted])[0]
    assert np.array_equal(some[wanted], every[wanted])
    assert np.all(np.isnan(some[~wanted]))


@pytest.mark.parametrize(("share", "bounds"), [(0.99, 1), (1.01, 0)])
def test_no_bound_is_asked_for_what_no_bound_reaches(share: float, bounds: int) -> None:
    asked = []

    def repeating(apart: Array) -> Array:
        asked.append(apart)
        return np.zeros(())

    once = compared(share * 1e-5, allowed=1e-9, matters=1e-6)
    assert settled(once, repeating, reach=1e4).wrong
    assert len(asked) == bounds


def cubes(x: Any) -> Any:
    return np.sum(x**3)


@pytest.mark.parametrize(("entries", "bounds"), [(10, True), (1000, False)])
def test_a_gradient_that_is_wrong_by_far_needs_no_bounds(
    entries: int, bounds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, bound = [], Analysis.repeating

    def noted(self: Analysis, *of: Any) -> Any:
        asked.append(of)
        return bound(self, *of)

    monkeypatch.setattr(Analysis, "repeating", noted)
    x = np.random.default_rng(3).standard_normal(entries)
    assert check_gradient(cubes, lambda x: 3 * x**2, x).verdict is Verdict.PASS
    asked.clear()
    assert check_gradient(cubes, lambda x: 6 * x**2, x).verdict is Verdict.FAIL
    assert bool(asked) is bounds
    assert check_gradient(cubes, lambda x: 3 * x**2 * (1 + 1e-12), x).verdict is not Verdict.FAIL
