"""Drawn networks are valid, and show what networks can be."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem import MLP, OPS, Case, NeuronDAG
from gradcheck.problem.losses import LOSSES
from gradcheck.strategies import Comfort
from gradcheck.strategies.drawn_networks import mlps, networks, neuron_dags


@given(networks())
def test_points_fit_and_keep_away_from_kinks(case: Case) -> None:
    assert isinstance(case.problem, MLP | NeuronDAG)
    case.problem.check_point(case.point)
    values = case.graph.evaluate(case.point)
    for node in case.graph.nodes:
        if node.inputs and (kink := OPS[node.op].kink) is not None:
            assert np.all(kink(*(values[name] for name in node.inputs), **node.attributes) >= 0.05)


@given(mlps(max_layers=2, max_units=3, max_batch=2))
def test_limits_are_kept(case: Case) -> None:
    assert isinstance(case.problem, MLP)
    assert case.problem.layers <= 2
    assert max(case.problem.sizes) <= 3
    assert case.problem.batch <= 2


def drawn(strategy: st.SearchStrategy[Case], count: int = 150) -> list[Any]:
    problems: list[Any] = []

    @settings(max_examples=count, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(case: Case) -> None:
        problems.append(case.problem)

    collect()
    return problems


def test_every_loss_reduction_and_option_is_drawn() -> None:
    problems = drawn(mlps())
    assert {p.loss for p in problems} == set(LOSSES)
    assert {p.reduction for p in problems} == {"mean", "sum"}
    assert {bool(p.l2) for p in problems} == {p.bias for p in problems} == {True, False}
    assert {"relu", "tanh", "identity"} <= {name for p in problems for name in p.activations}


def test_neurons_skip_and_several_feed_the_loss() -> None:
    problems = drawn(neuron_dags())
    assert any(len(p.loss_neurons) > 1 for p in problems)
    fanned = [max(Counter(u for u, _ in p.edges).values()) for p in problems]
    assert sum(n > 1 for n in fanned) >= 30
    feeding_both = [v for p in problems for v in p.loss_neurons if v in {u for u, _ in p.edges}]
    assert feeding_both


def test_networks_shrink_to_one_unit() -> None:
    case = find(mlps(), lambda case: True, settings=settings(database=None))
    assert isinstance(case.problem, MLP)
    assert case.problem.sizes == (1, 1)
    assert case.problem.batch == 1
    neurons = find(neuron_dags(), lambda case: True, settings=settings(database=None))
    assert isinstance(neurons.problem, NeuronDAG)
    assert neurons.problem.edges == (("x1", "v1"),)


def test_kinks_on_request() -> None:
    def at_kink(case: Case) -> bool:
        values = case.graph.evaluate(case.point)
        return any(
            node.op == "relu" and bool(np.any(np.abs(values[node.inputs[0]]) < 0.05)) for node in case.graph.nodes
        )

    assert at_kink(find(mlps(comfort=Comfort(near_kinks=True)), at_kink, settings=settings(database=None)))


@pytest.mark.parametrize("wish", [{"max_layers": 0}, {"max_units": 0}, {"max_batch": -1}])
def test_the_impossible_is_refused(wish: dict[str, int]) -> None:
    with pytest.raises(InvalidProblem, match="at least 1"):
        mlps(**wish)
