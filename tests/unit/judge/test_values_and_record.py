"""An f that keeps something between its calls: no answer that agrees with its values is called wrong by its record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import HarnessFault
from gradcheck.judge import function_trial, values_and_record
from gradcheck.problem.time_limit import TimeUp

X = np.array([0.3, 0.5])


class Solver:
    """s = cos(s / 2) + 0.3 x by iteration, from where the last call ended if `warm`; ds/dx by the implicit rule."""

    def __init__(self, *, warm: bool) -> None:
        self.warm = warm
        self.start: Any = None

    def __call__(self, x: Any) -> Any:
        s = np.ones(len(x)) if self.start is None else self.start
        for _ in range(200):
            following = np.cos(0.5 * s) + 0.3 * x
            done = np.max(np.abs(following - s)) <= 1e-12
            s = following
            if done:
                break
        if self.warm:
            self.start = s
        return s

    def vjp(self, c: Any, x: Any) -> Any:
        return 0.3 * c / (1 + 0.5 * np.sin(0.5 * self(x)))


def test_a_warm_start_is_undecided() -> None:
    """Traced from where it ended it takes one step, whose derivative is another one: that is proven, and no truth."""
    solver = Solver(warm=True)
    result = gradcheck.check_vjp(solver, solver.vjp, X)
    assert result.verdict == "UNDECIDED", result.to_text()
    assert result.codes[0] == "GC117"
    assert "GC051" not in result.codes


def test_the_same_solver_that_begins_anew_passes() -> None:
    solver = Solver(warm=False)
    assert gradcheck.check_vjp(solver, solver.vjp, X).verdict == "PASS"


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("factor", [1.01, 1.1, -1.0])
def test_an_answer_that_agrees_with_neither_fails(warm: bool, factor: float) -> None:
    solver = Solver(warm=warm)
    result = gradcheck.check_vjp(solver, lambda c, x: factor * solver.vjp(c, x), X)
    assert (result.verdict, "GC012" in result.codes) == ("FAIL", True), result.to_text()


def test_differences_that_fast_waves_mislead_acquit_nobody() -> None:
    """1e-9 sin(1e9 x) has the slope cos(1e9 x), which differences over larger steps do not see."""

    def f(x: Any) -> Any:
        return np.sum(x**2) + 1e-9 * np.sum(np.sin(1e9 * x))

    assert gradcheck.check_gradient(f, lambda x: 2 * x + np.cos(1e9 * x), X).verdict == "PASS"
    misled = gradcheck.check_gradient(f, lambda x: 2 * x, X)
    assert misled.verdict == "FAIL", misled.to_text()


def test_a_fault_of_the_harness_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def contradicted(*_: Any, **__: Any) -> Any:
        raise HarnessFault("the sweeps contradict each other")

    monkeypatch.setattr(values_and_record, "analyse", contradicted)
    solver = Solver(warm=True)
    with pytest.raises(HarnessFault):
        gradcheck.check_vjp(solver, solver.vjp, X)


def test_a_wrong_answer_stays_wrong_where_there_is_no_time_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: Any) -> Any:
        raise TimeUp

    monkeypatch.setattr(function_trial, "by_values", late)
    result = gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: 3 * x, X)
    assert result.verdict == "FAIL", result.to_text()
    assert "GC095" in result.codes
