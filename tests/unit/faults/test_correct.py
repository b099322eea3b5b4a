"""`gradcheck/faults/correct`: three engines that are right, stand alone, and are caught once they are bent."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.cli import main
from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.faults import correct
from gradcheck.oracle import graph_oracles
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import CODES, Case, Graph, GraphBuilder, Training
from gradcheck.run.selftest import Remembering
from gradcheck.run.suite import Addressed, collect
from gradcheck.strategies.graph_strategies import graph_cases
from gradcheck.subject.answer import NATIVE
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.loading import load
from gradcheck.subject.process import ChildSubject

FOLDER = Path(str(correct.__file__)).parent
ENGINES = ("recursive", "tape", "forward_mode")

SLOW = {"costs::S1.g backward", "costs::S1.g layers", "costs::S1.g width", "costs::S2.a cost"}
"""Claims on the cost of backpropagation with many parameters, which forward mode breaks by its nature."""


@pytest.fixture(scope="module")
def items() -> list[Addressed]:
    """Every gradient and cost case of the built-in suites."""
    return [item for item in collect([], seed=1) if not isinstance(item.case, Training)]


@pytest.fixture(scope="module")
def oracles() -> tuple[Oracle, ...]:
    return tuple(Remembering(oracle) for oracle in graph_oracles())


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChildSubject]:
    """Each engine, from a copy of its one file in an empty folder."""
    path = tmp_path_factory.mktemp(request.param) / f"{request.param}.py"
    shutil.copy(FOLDER / path.name, path)
    with ChildSubject(path) as subject:
        yield subject


def in_process(path: Path) -> InProcessSubject:
    return InProcessSubject(load(path).functions[NATIVE])


def test_the_built_in_suites_raise_no_alarm(
    engine: ChildSubject, items: list[Addressed], oracles: tuple[Oracle, ...], request: pytest.FixtureRequest
) -> None:
    results = [try_and_diagnose(item.address, item.case, engine, oracles) for item in items]
    # Which oracle stepped aside (GC040) is no alarm.
    alarms = {r.address: tuple(c for c in r.codes if c != "GC040") for r in results if r.verdict != "PASS"}
    slow = request.node.callspec.params["engine"] == "forward_mode"
    assert alarms == (dict.fromkeys(SLOW, ("GC065",)) if slow else {})
    assert len(results) > 250


@pytest.fixture(scope="module")
def narrow(items: list[Addressed]) -> dict[str, list[tuple[str, Case]]]:
    """Every op, in narrower numbers: the same graphs for all engines, so that oracles are asked once."""
    rules = [i for i in items if i.address.startswith("local_rules::") and " at " not in i.address]
    return {
        dtype: [(i.address, replace(i.case, dtype=dtype)) for i in rules if isinstance(i.case, Case)]
        for dtype in ("float32", "float16")
    }


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_every_op_in_narrower_numbers(
    engine: ChildSubject, narrow: dict[str, list[tuple[str, Case]]], oracles: tuple[Oracle, ...], dtype: str
) -> None:
    alarms = []
    for address, case in narrow[dtype]:
        answer = engine.ask(case.graph, case.point, dtype)
        assert {g.dtype for g in answer.gradients.values()} == {np.dtype(dtype)} == {answer.value.dtype}
        result = try_and_diagnose(address, case, engine, oracles)
        alarms += [(result.address, result.codes)] if result.verdict in ("FAIL", "ERROR") else []
    assert alarms == []
    assert len(narrow[dtype]) > 70


def alarms_over(case: Case) -> list[str]:
    oracles = tuple(Remembering(oracle) for oracle in graph_oracles())
    results = [try_and_diagnose(name, case, subject, oracles) for name, subject in LOADED.items()]
    return [f"{r.address}: {r.verdict} {r.codes}" for r in results if r.verdict in ("FAIL", "ERROR")]


LOADED = {name: in_process(FOLDER / f"{name}.py") for name in ENGINES}


@settings(max_examples=100)
@given(graph_cases(saturated=True))
def test_random_graphs_of_scalars_raise_no_alarm(case: Case) -> None:
    assert alarms_over(case) == []


@settings(max_examples=100)
@given(graph_cases(scalar=False))
def test_random_graphs_of_arrays_raise_no_alarm(case: Case) -> None:
    assert alarms_over(case) == []


@settings(max_examples=50)
@given(st.sampled_from(("float32", "float64")).flatmap(lambda t: graph_cases().map(lambda c: replace(c, dtype=t))))
def test_random_graphs_in_float32_raise_no_alarm(case: Case) -> None:
    assert alarms_over(case) == []


@pytest.mark.parametrize("name", ENGINES)
def test_a_chain_deeper_than_any_stack(name: str) -> None:
    links = 30_001
    codes = np.full(links + 1, CODES["neg"])
    codes[0] = CODES["parameter"]
    graph = Graph.from_arrays(codes, np.r_[0, np.arange(links + 1)], np.arange(links), loss=links)
    answer = LOADED[name].ask(graph, {"v0": np.array(2.5)})
    assert (float(answer.value), float(answer.gradients["v0"])) == (-2.5, -1.0)


@pytest.mark.parametrize("name", ENGINES)
def test_what_the_loss_does_not_need(name: str) -> None:
    build = GraphBuilder()
    w, idle = build.parameter("w", (2,)), build.parameter("idle", (3,))
    build.exp(idle, name="dead")
    answer = LOADED[name].ask(build.graph(build.sum(build.square(w))), {"w": np.array([1.0, -2.0]), "idle": np.ones(3)})
    assert answer.gradients["w"].tolist() == [2.0, -4.0]
    assert answer.gradients["idle"].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", ENGINES)
def test_a_loss_that_is_a_parameter(name: str) -> None:
    build = GraphBuilder()
    answer = LOADED[name].ask(build.graph(build.parameter("w")), {"w": np.array(3.0)})
    assert (float(answer.value), float(answer.gradients["w"])) == (3.0, 1.0)


@pytest.mark.parametrize("name", ENGINES)
def test_it_can_be_named_on_the_command_line_where_it_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(FOLDER / f"{name}.py")
    code = main(["run", "worked_examples", "--subject", path, "--save-failures", "", "--format", "json"])
    assert code == 0, capsys.readouterr().out


BENDS = (
    ("recursive", "message if total is None else total + message", "message"),
    ("recursive", "-g * v / y", "g * v / y"),
    ("recursive", "(1,) * x.ndim)\n    return g if keepdims", "(1,) * x.ndim) * 2.0\n    return g if keepdims"),
    ("tape", "message if self.adjoint is None else self.adjoint + message", "message"),
    ("tape", "        y.receive(-g)\n", "        y.receive(g)\n"),
    ("tape", "x.receive(to_a)", "x.receive(to_a * 2.0)"),
    ("forward_mode", "total = total + part", "total = part"),
    ("forward_mode", '"cos": lambda v, x: times(-np.sin(x))', '"cos": lambda v, x: times(np.sin(x))'),
    ("forward_mode", "np.mean(t, axis=axis, keepdims=keepdims),)", "np.sum(t, axis=axis, keepdims=keepdims),)"),
)
"""Engine, its text, and what a slip of the pen would have made of it."""


@pytest.mark.parametrize(("name", "text", "slip"), BENDS)
def test_a_planted_slip_is_an_alarm(
    name: str, text: str, slip: str, items: list[Addressed], oracles: tuple[Oracle, ...], tmp_path: Path
) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert source.count(text) == 1
    path = tmp_path / f"{name}.py"
    path.write_text(source.replace(text, slip), encoding="utf-8")
    subject = in_process(path)
    suites = ("worked_examples::", "local_rules::")
    cases = [item for item in items if item.address.startswith(suites)]
    results = (try_and_diagnose(item.address, item.case, subject, oracles) for item in cases)
    assert any(result.verdict == "FAIL" for result in results)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_stands_alone(name: str) -> None:
    imported = set()
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            imported.add(str(node.module))
    allowed = {"numpy", "scipy.special", "gradcheck.problem", "gradcheck.problem.ops", "math", "typing"}
    assert imported <= allowed | {"collections.abc"}
