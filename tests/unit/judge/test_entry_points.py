"""Which entry point a case is put to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.judge.dispatch import own_subject
from gradcheck.judge.entry_points import ask, entry_for, missing_entry
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import MLP, Case, Constant, Cost, Forwards, Graph, NeuronDAG, Training
from gradcheck.subject import InProcessSubject
from gradcheck.verdict.result import Verdict

MULTILAYER = MLP((1, 1), "identity")
NEURONS = NeuronDAG({"y": "identity"}, [("x", "y")], inputs=["x"], loss_neurons=["y"])
POINT = {"W1": [[2.0]], "b1": [1.0], "X": [[3.0]], "T": [[4.0]]}


def multilayer() -> Case:
    return Case("m", MULTILAYER, POINT)


def neurons() -> Case:
    return Case("n", NEURONS, {"w(x->y)": 2.0, "x": [3.0], "t(y)": [4.0]})


def vector_form() -> Case:
    return Case("g", MULTILAYER.lower(), POINT)


def training(**options: Any) -> Training:
    return Training("t", MULTILAYER, [[3.0]], [[4.0]], {"W1": [[2.0]], "b1": [1.0]}, 1, Constant(0.1), **options)


def cost() -> Cost:
    return Cost("c", lambda _: multilayer(), (1,), Forwards())


class Asked(InProcessSubject):
    """Notes the kind of problem that its function is given; it has the entry points it is told."""

    def __init__(self, *entries: str) -> None:
        super().__init__(self.answer, entry=entries[0])
        self.entries, self.kinds = entries, list[type]()

    def entry_points(self) -> frozenset[str]:
        return frozenset(self.entries)

    def _require(self, entry: str) -> None:
        assert entry in self.entries

    def answer(self, problem: Any, point: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        self.kinds.append(type(problem))
        return 0.0, {}


@pytest.mark.parametrize(
    ("entries", "case", "entry", "kind"),
    [
        (("gradients",), multilayer, "gradients", Graph),
        (("gradients", "mlp_gradients"), multilayer, "mlp_gradients", MLP),
        (("mlp_gradients",), multilayer, "mlp_gradients", MLP),
        (("gradients", "mlp_gradients"), vector_form, "gradients", Graph),
        (("gradients", "mlp_gradients"), neurons, "gradients", Graph),
        (("gradients", "neuron_gradients"), neurons, "neuron_gradients", NeuronDAG),
    ],
)
def test_the_entry_point_of_the_problems_kind_or_the_graph(
    entries: tuple[str, ...], case: Callable[[], Case], entry: str, kind: type
) -> None:
    subject = Asked(*entries)
    assert entry_for(case(), subject) == entry
    ask(subject, case())
    assert subject.kinds == [kind]


@pytest.mark.parametrize(
    ("entries", "case", "missing"),
    [
        (("train",), multilayer, "gradients"),
        (("train",), cost, "gradients"),
        (("mlp_gradients",), cost, None),
        (("mlp_gradients",), neurons, "gradients"),
        (("gradients",), neurons, None),
        (("gradients",), training, "train"),
        (("train",), training, None),
    ],
)
def test_what_a_subject_would_need(entries: tuple[str, ...], case: Callable[[], Any], missing: str | None) -> None:
    assert missing_entry(case(), Asked(*entries)) == missing


def test_every_kind_of_case_has_its_trial() -> None:
    def gradients(graph: Graph, point: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        error = point["X"] @ point["W1"].T + point["b1"] - point["T"]
        return 0.5 * np.sum(error**2), {"W1": error.T @ point["X"], "b1": error[0]}

    def train(asked: Training) -> list[Any]:
        w, b, steps = asked.parameters["W1"], asked.parameters["b1"], []
        for _ in range(asked.steps):
            error = 3.0 * w + b - 4.0
            w, b = w - 0.1 * 3.0 * error, b - 0.1 * error[0]
            steps.append(([0], {"W1": w, "b1": b}))
        return steps

    subject = InProcessSubject(gradients)
    assert try_and_diagnose("s::m", multilayer(), subject, (symbolic,)).verdict is Verdict.PASS
    assert try_and_diagnose("s::c", cost(), subject, (symbolic,)).shows
    mine = training(subject=train)
    own = own_subject(mine)
    assert own is not None
    assert try_and_diagnose("s::t", mine, own, (symbolic,)).verdict is Verdict.PASS
    assert own_subject(multilayer()) is None
