"""Mistakes named by a derivative's own code: one step that, done otherwise, makes it right; none where none does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from by_path import load

wrong_steps = load(Path(__file__).with_name("wrong_steps.py"))


def causes_of(step: Any, **options: Any) -> list[Any]:
    check = getattr(gradcheck, f"check_{step.check}")
    result = check(step.f, step.derivative, *step.inputs, elsewhere=False, **options)
    assert str(result.verdict) == "FAIL"
    return [f for f in result.findings if f.code == "GC051"]


@pytest.mark.parametrize("what", wrong_steps.WRONG_STEPS)
def test_the_step_is_named_with_its_line(what):
    step = wrong_steps.WRONG_STEPS[what]
    (cause,) = causes_of(step)
    assert cause.facts["kind"] == step.kind
    if not step.line:  # other questions tell it without the code
        return
    assert step.line in cause.facts["own_source"]
    assert cause.facts["own_file"] == wrong_steps.__file__
    line = Path(wrong_steps.__file__).read_text().splitlines()[cause.facts["own_line"] - 1]
    assert line.strip() == cause.facts["own_source"]
    assert f"line {cause.facts['own_line']} of the derivative" in cause.sentence


@pytest.mark.parametrize("what", wrong_steps.NEAR_STEPS)
def test_where_no_one_step_makes_it_right_nothing_is_named(what):
    assert not [c for c in causes_of(wrong_steps.NEAR_STEPS[what]) if "kind" in c.facts or "own_line" in c.facts]


def test_a_factor_that_stands_nowhere_else_is_pointed_at_without_a_kind():
    """Which mistake it is to multiply by it cannot be told from the code: a slope's second time would stand twice."""

    def derivative(c, x, w):
        slope = 1 - np.tanh(x @ w) ** 2
        return (c * slope * np.sqrt(1 + slope)) @ w.T, x.T @ (c * slope)

    inputs = (wrong_steps.X, wrong_steps.W)
    step = wrong_steps.Step("vjp", wrong_steps.opaque(wrong_steps.layer), derivative, inputs, None, "")
    (cause,) = causes_of(step)
    assert "kind" not in cause.facts
    assert "a factor too many" in cause.sentence
    assert "np.sqrt(1 + slope)" in cause.facts["own_source"]


FLAT = {
    "straight through": (np.floor, lambda c, y: c, "slope-forgotten"),
    "a hard tanh's": (np.sign, lambda c, y: c * (np.abs(y) <= 1), "other-slope"),
}
"""Of functions whose slope is 0 whatever makes the answer zero makes it right, which tells nothing of a step."""


@pytest.mark.parametrize("what", FLAT)
def test_where_nothing_is_due_no_step_is_pointed_at(what):
    f, derivative, kind = FLAT[what]
    (cause,) = causes_of(wrong_steps.Step("vjp", f, derivative, (wrong_steps.Y,), None, ""))
    assert cause.facts["kind"] == kind
    assert "own_line" not in cause.facts


EXPOSED = np.array([0.5, 1.0, 2.0, 0.25])


@pytest.mark.parametrize(("weights", "kind"), [(1.0, "mask-scale"), (np.sqrt(EXPOSED), None)])
def test_weights_of_f_that_the_derivative_lacks_are_a_scale_and_other_factors_no_kind(weights, kind):
    def f(b):
        mu = EXPOSED * np.exp(wrong_steps.X @ b)
        return np.sum(mu - 2.0 * np.log(mu))

    def derivative(b):
        return wrong_steps.X.T @ (weights * np.exp(wrong_steps.X @ b) - 2.0)

    causes = causes_of(wrong_steps.Step("gradient", f, derivative, (np.array([0.3, -0.2, 0.6]),), None, ""))
    assert [c.facts.get("kind") for c in causes if "kind" in c.facts] == ([kind] if kind else [])


def test_a_derivative_is_not_changed_by_being_looked_into():
    seen = []

    def derivative(y):
        seen.append(y)
        return np.sin(y) + np.sin(y) * y

    f = wrong_steps.WRONG_STEPS["sine for cosine"].f
    first = gradcheck.check_gradient(f, derivative, wrong_steps.Y, elsewhere=False)
    again = gradcheck.check_gradient(f, derivative, wrong_steps.Y, elsewhere=False)
    assert [f.code for f in first.findings] == [f.code for f in again.findings]
    assert np.array_equal(np.exp(seen[-1]), np.exp(np.asarray(seen[-1])))


TIES = {
    "a maximum counted twice": (
        lambda x: np.max(x), lambda x: (x == x.max()).astype(float), np.array([1.0, 3.0, 3.0, 2.0]), "maximum"
    ),
    "a clip at its bound": (
        lambda x: np.sum(np.clip(x, -1.0, 1.0) ** 2),
        lambda x: np.where(np.abs(x) < 1, 2 * x, np.where(np.abs(x) == 1, -3.0 * x, 0.0)),
        np.array([0.3, 1.0, -0.4, 2.0]), "branch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TIES)
def test_wrong_at_a_tie_alone_is_said_by_the_comparison(what):
    f, derivative, x, kind = TIES[what]
    result = gradcheck.check_gradient(f, derivative, x, elsewhere=False)
    assert str(result.verdict) == "FAIL"
    (cause,) = [found for found in result.findings if found.code == "GC051"]
    assert cause.facts["kind"] == kind
    assert "right beside this point and wrong at it" in cause.sentence


def test_wrong_at_a_tie_and_beside_it_is_no_matter_of_the_tie():
    x = np.array([1.0, 3.0, 3.0, 2.0])
    result = gradcheck.check_gradient(
        lambda x: np.max(x) + np.sum(x**3), lambda x: 2.5 * x**2 + (x == x.max()) / 2, x, elsewhere=False
    )
    assert str(result.verdict) == "FAIL"
    assert not [f for f in result.findings if f.code == "GC051" and f.facts.get("kind") in ("maximum", "branch")]


def test_a_mistake_on_a_path_of_f_is_pointed_at_in_the_derivative_too():
    def f(y):
        kinetic = 0.5 * np.sum(y**2)
        potential = np.sum(np.cos(y))
        return kinetic * potential

    def gradient(y):
        by_kinetic = y * np.sum(np.cos(y))
        by_potential = 0.5 * np.sum(y**2) * np.sin(y)
        return by_kinetic + by_potential

    (cause,) = causes_of(wrong_steps.Step("gradient", f, gradient, (wrong_steps.Y,), None, ""))
    assert cause.facts["kind"] == "path-sign"
    assert cause.facts["source"] == "potential = np.sum(np.cos(y))"
    assert cause.facts["own_source"] == "return by_kinetic + by_potential"
    assert "in the derivative, line" in cause.sentence


def test_a_mistake_that_no_step_holds_is_pointed_at_in_f_alone():
    def f(y):
        kinetic = 0.5 * np.sum(y**2)
        potential = np.sum(np.cos(y))
        return kinetic * potential

    def gradient(y):  # what the potential adds is nowhere
        return y * np.sum(np.cos(y))

    (cause,) = causes_of(wrong_steps.Step("gradient", f, gradient, (wrong_steps.Y,), None, ""))
    assert cause.facts["kind"] == "dropped"
    assert "own_line" not in cause.facts


def gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(0.8 * (x + 0.044715 * x**3)))


def gelu_vjp(c: Any, x: Any) -> Any:
    t = np.tanh(0.8 * (x + 0.044715 * x**3))
    slope = 0.8 * (1 + 0.044715 * x**2)  # 3 times that x**2 is due
    return c * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)


def half_mean(x: Any) -> Any:
    return np.mean(np.cos(x), axis=0) / 2


def half_mean_vjp(c: Any, x: Any) -> Any:
    return -0.5 * c * np.sin(x)


@pytest.mark.parametrize(
    ("f", "vjp", "said", "not_said"),
    [
        (gelu, gelu_vjp, "lacks a factor 3, the exponent in f", "length"),
        (half_mean, half_mean_vjp, "length", "exponent"),
    ],
)
def test_a_factor_is_a_length_where_f_computes_with_no_such_number(f, vjp, said, not_said):
    x = np.array([[0.4, -1.1, 0.9, 1.7], [0.3, 1.2, -0.6, -0.2], [1.4, 0.7, -1.6, 0.5]])
    told = " ".join(str(f.facts["cause"]) for f in gradcheck.check_vjp(f, vjp, x).findings if f.code == "GC051")
    assert said in told
    assert not_said not in told
