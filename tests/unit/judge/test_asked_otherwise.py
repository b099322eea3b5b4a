"""An answer that is the right one to another question is said to be, if it is so at two points and tells something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck

X = np.array([[0.4, -1.2, 0.7], [1.1, 0.3, -0.6], [0.9, 2.0, -0.2], [0.1, -0.8, 1.5]])
W, B = np.array([[0.5, -0.3], [0.2, 0.8], [-0.7, 0.1]]), np.array([0.2, -0.4])
V = np.array([0.7, -1.1, 0.45, 2.3])
SQUARE = np.array([[0.5, -0.3, 0.9], [0.2, 0.8, -1.4], [-0.7, 0.1, 0.6]])


@pytest.fixture(autouse=True)
def _without_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the record of f says of the same mistakes comes before this, and is tested beside it."""
    monkeypatch.setattr("gradcheck.judge.cause_search.CauseSearch.looks_for_a_path", lambda *_: False)


def causes(result: Any) -> list[tuple[str | None, str]]:
    """Kinds and sentences of the names that were given, but for what a step of the derivative's own code tells."""
    assert result.verdict == "FAIL", result.to_text()
    found = [f for f in result.findings if f.code == "GC051"]
    return [(f.facts.get("kind"), str(f.facts["cause"])) for f in found if "of the derivative" not in f.facts["cause"]]


def wave(x: Any) -> Any:
    return np.sin(x + 0.3) * x


def slope(x: Any) -> Any:
    return np.cos(x + 0.3) * x + np.sin(x + 0.3)


def unit(x: Any) -> Any:
    return x / np.linalg.norm(x)


def layer(x: Any, w: Any, b: Any) -> Any:
    return np.tanh(x @ w + b)


def layer_vjp(c: Any, x: Any, w: Any, b: Any, *, summed: Any) -> Any:
    d = c * (1 - layer(x, w, b) ** 2)
    return d @ w.T, x.T @ d, summed(d)


COTANGENTS = {
    "ones": (lambda c, x: slope(x), "cotangent-ignored", "is the one for a cotangent of ones"),
    "squared": (lambda c, x: c * c * slope(x), "cotangent-twice", "is the one for the cotangent squared"),
    "sum": (lambda c, x: c.sum() * slope(x), "cotangent-ignored", "uses only the sum of the cotangent"),
    "mean": (lambda c, x: c.mean() * slope(x), "cotangent-ignored", "uses only the mean of the cotangent"),
    "first entry": (lambda c, x: c[0] * slope(x), "cotangent-ignored", "uses only the first entry of the cotangent"),
    "sign": (lambda c, x: np.sign(c) * slope(x), "cotangent-ignored", "uses only the sign of the cotangent"),
    "size": (lambda c, x: abs(c) * slope(x), "cotangent-ignored", "uses only the size of the cotangent"),
    "length": (lambda c, x: unit(c) * slope(x), None, "is the one for the cotangent scaled to length 1"),
    "clipped": (lambda c, x: np.clip(c, -1, 1) * slope(x), None, "is the one for the cotangent clipped to [-1, 1]"),
    "reversed": (lambda c, x: c[::-1] * slope(x), "permuted", "is the one for the cotangent in reverse order"),
    "added": (lambda c, x: c * slope(x) + c, "cotangent-twice", "is the right one with the cotangent added"),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "says"), COTANGENTS.values(), ids=COTANGENTS.keys())
def test_the_cotangent_is_used_wrongly(wrong: Any, kind: str | None, says: str) -> None:
    ((named, cause),) = causes(gradcheck.check_vjp(wave, wrong, V, seed=3))
    assert named == kind
    assert cause.startswith(f"the gradient with respect to x {says}")


@pytest.mark.parametrize("power", [1.5, 2.5, 3.0])
def test_the_cotangent_to_another_power_has_no_name(power: float) -> None:
    assert causes(gradcheck.check_vjp(wave, lambda c, x: np.abs(c) ** power * slope(x), V)) == []


TANGENTS = {
    "ones": (lambda p, t: slope(p[0]) + p[1], "cotangent-ignored", "is the one for a tangent of ones"),
    "squared": (lambda p, t: slope(p[0]) * t[0] ** 2 + p[1] * t[1] ** 2, "cotangent-twice", "is the one for the"),
    "one of two": (lambda p, t: slope(p[0]) * t[0], "dropped", "is right but for the tangent of y, which is not used"),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "says"), TANGENTS.values(), ids=TANGENTS.keys())
def test_the_tangent_is_used_wrongly(wrong: Any, kind: str, says: str) -> None:
    result = gradcheck.check_jvp(lambda x, y: wave(x) + y * y / 2, wrong, V, V[::-1].copy())
    ((named, cause),) = causes(result)
    assert named == kind
    assert cause.startswith(f"the tangent of output {says}")


def test_the_cotangent_of_one_output_is_not_used() -> None:
    result = gradcheck.check_vjp(lambda x: (wave(x), np.exp(x)), lambda c, x: c[0] * slope(x), V)
    said = "the gradient with respect to x is right but for the cotangent of output 1, which is not used"
    assert causes(result) == [("cotangent-ignored", said)]


SAMPLES = {
    "first row": (lambda d: d[0], "first-sample", "b is that of the first sample alone, of 4"),
    "last row": (lambda d: d[-1], "first-sample", "b is that of the last sample alone, of 4"),
    "n times the first": (lambda d: 4 * d[0], "first-sample", "b is 4 times that of the first sample alone"),
    "mean": (lambda d: d.mean(0), "mean-sum", "b is 1/4 of the right one, and 4 is the length of axis 0 of x"),
}


@pytest.mark.parametrize(("summed", "kind", "says"), SAMPLES.values(), ids=SAMPLES.keys())
def test_a_bias_is_not_summed_over_the_batch(summed: Any, kind: str, says: str) -> None:
    result = gradcheck.check_vjp(layer, lambda c, *given: layer_vjp(c, *given, summed=summed), X, W, B)
    assert causes(result)[0][0] == kind
    assert causes(result)[0][1].startswith(f"the gradient with respect to {says}")


def test_a_bias_summed_over_some_rows_has_no_such_name() -> None:
    result = gradcheck.check_vjp(layer, lambda c, *given: layer_vjp(c, *given, summed=lambda d: d[1:3].sum(0)), X, W, B)
    assert causes(result) == []


def test_broadcasting_undone_over_the_wrong_axis() -> None:
    result = gradcheck.check_vjp(lambda x, b: x + b, lambda c, x, b: (c, c.sum(1)), SQUARE, V[:3])
    assert causes(result)[0][0] == "broadcast"
    assert "the wrong axis is summed over" in causes(result)[0][1]
    result = gradcheck.check_vjp(lambda x, s: x * s, lambda c, x, s: (c * s, (c * x)[:, :1]), X, V[:, None])
    assert causes(result)[0][1].endswith(
        "uses the first of the columns of the cotangent alone, instead of summing over all 3"
    )


def curved(a: Any, b: Any) -> Any:
    return np.sum(np.sin(a @ b))


def its_slopes(a: Any, b: Any) -> Any:
    d = np.cos(a @ b)
    return d @ b.T, a.T @ d


POINTS = {
    "absolute": (lambda x: slope(np.abs(x)), "stale", "is the right one at |x|, not at x"),
    "whole": (lambda x: slope(np.round(x)), "precision", "is the right one at x rounded to whole numbers"),
    "cut": (lambda x: slope(np.trunc(x)), "precision", "is the right one at x cut off to whole numbers"),
    "scaled": (lambda x: slope(unit(x)), "stale", "is the right one at x scaled to length 1"),
    "at the value": (lambda x: slope(wave(x)), "slope-at-output", "is the right one at f's value, not at x"),
    "float32": (lambda x: slope(x.astype("f4").astype(float)), "precision", "is computed in float32 on the way"),
}


@pytest.mark.parametrize(("wrong", "kind", "says"), POINTS.values(), ids=POINTS.keys())
def test_the_gradient_at_another_point(wrong: Any, kind: str, says: str) -> None:
    ((named, cause),) = causes(gradcheck.check_vjp(wave, lambda c, x: c * wrong(x), V))
    assert named == kind
    assert cause.startswith(f"the gradient with respect to x {says}")


@pytest.mark.parametrize("point", [lambda x: 1.1 * x, lambda x: x + 0.1, lambda x: np.floor(2 * x) / 2])
def test_the_gradient_at_a_point_that_nobody_takes_has_no_name(point: Any) -> None:
    assert causes(gradcheck.check_vjp(wave, lambda c, x: c * slope(point(x)), V)) == []


def test_the_gradient_after_a_step() -> None:
    def stepped(a: Any, b: Any) -> Any:
        return its_slopes(a, b)[0], its_slopes(a - 0.1 * its_slopes(a, b)[0], b)[1]

    ((kind, cause),) = causes(gradcheck.check_gradient(curved, stepped, SQUARE, SQUARE[::-1].copy()))
    assert kind == "stale"
    assert cause.startswith("the gradient with respect to b is the right one after the other inputs have made a step")


def test_a_transposition_is_missing() -> None:
    def untransposed(a: Any, b: Any) -> Any:
        return np.cos(a @ b) @ b, its_slopes(a, b)[1]

    result = gradcheck.check_vjp(lambda a, b: a @ b, lambda c, a, b: (c @ b, a.T @ c), SQUARE, SQUARE[::-1].copy())
    assert causes(result)[0][0] == "product-transposed"
    assert "is the right one for b transposed" in causes(result)[0][1]
    assert causes(gradcheck.check_gradient(curved, untransposed, SQUARE, SQUARE[::-1].copy())) == []


LEFT_OUT = {
    "mask": (lambda x, m, t: m, lambda x, m, t: np.cos(x) / t, "mask-scale", "with ones for m: the mask is forgotten"),
    "temperature": (lambda x, m, t: m, lambda x, m, t: m * np.cos(x), "factor", "is t times the right one"),
}


def masked(x: Any, m: Any, t: Any) -> Any:
    return np.sum(m * np.sin(x) / t)


def test_a_mask_and_a_temperature_are_forgotten() -> None:
    mask, t = np.array([1.0, 0.0, 1.0, 1.0]), np.array(0.7)

    def check(wrong: Any) -> Any:
        return causes(gradcheck.check_gradient(masked, wrong, V, mask, t, wrt="x"))

    assert check(lambda x, m, t: (np.cos(x) / t, None, None))[0][0] == "mask-scale"
    assert "is t times the right one" in check(lambda x, m, t: (m * np.cos(x), None, None))[0][1]


def test_the_terms_of_a_penalty_are_left_out() -> None:
    def loss(w: Any, lam: Any) -> Any:
        return np.sum(np.sin(w)) + lam * np.sum(w**4)

    result = gradcheck.check_gradient(loss, lambda w, lam: (np.cos(w), None), V, np.array(0.3), wrt="w")
    assert causes(result)[0] == (
        "loss-term",
        "the gradient with respect to w is the right one for lam = 0: what lam adds is left out",
    )


def test_an_answer_that_is_right_at_many_points_is_right_at_none_in_particular() -> None:
    """The slope of a clip is 1 within its bounds, and so it is at x scaled, at x cut off, at x / 3."""
    result = gradcheck.check_vjp(lambda x: np.clip(x, -1, 1), lambda c, x: np.array(c), V)
    assert all(kind != "stale" for kind, _ in causes(result))


def test_a_function_that_cannot_be_traced_is_named_by_differences() -> None:
    def opaque(x: Any) -> Any:
        return np.array([float(np.sin(float(v))) for v in x]) * float(np.exp(float(x[0])))

    def vjp(c: Any, x: Any) -> Any:
        g = c * np.cos(x) * np.exp(x[0])
        g[0] += np.sum(c * np.sin(x)) * np.exp(x[0])
        return g / 4

    assert "is 1/4 of the right one" in causes(gradcheck.check_vjp(opaque, vjp, V))[0][1]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_a_formula_of_the_value_is_given_the_input() -> None:
    result = gradcheck.check_vjp(sigmoid, lambda c, y: c * y * (1 - y), V)
    said = "the gradient with respect to x takes x where it needs f's value: given that, it is right"
    assert causes(result) == [("slope-at-output", said)]
    assert causes(gradcheck.check_vjp(sigmoid, lambda c, y: c * y * (1.1 - y), V)) == []


def test_a_running_sum_and_another_product_run_the_wrong_way() -> None:
    weights = np.arange(1.0, 5.0)
    ((kind, cause),) = causes(
        gradcheck.check_vjp(lambda x: np.cumsum(x) * weights, lambda c, x: np.cumsum(c) * weights, V)
    )
    assert kind == "cumulative"
    assert "is the Jacobian times the cotangent, where its transpose is due" in cause
    matrix = np.random.default_rng(0).standard_normal((4, 4))
    assert causes(gradcheck.check_vjp(lambda x: matrix @ x, lambda c, x: matrix @ c, V))[0][0] == "product-transposed"
    assert (
        causes(gradcheck.check_jvp(lambda x: matrix @ x, lambda p, t: matrix.T @ t[0], V))[0][0] == "product-transposed"
    )


def test_a_mean_over_what_f_holds_itself() -> None:
    """5 is no length of an argument, but one of the data inside f."""
    data = np.linspace(-1, 2, 15).reshape(5, 3)
    result = gradcheck.check_gradient(
        lambda w: np.mean(np.tanh(data @ w)), lambda w: data.T @ (1 - np.tanh(data @ w) ** 2), X[0]
    )
    assert causes(result)[0][0] == "mean-sum"
    assert causes(result)[0][1].startswith(
        "the gradient with respect to w is 5 times the right one, and 5 is the length of"
    )


def test_where_an_answer_is_wrong_is_no_kind_of_mistake() -> None:
    def vjp(c: Any, x: Any) -> Any:
        g = c * slope(x)
        g[1] = g[1] ** 2 + 0.3
        return g

    (cause,) = (f.facts for f in gradcheck.check_vjp(wave, vjp, V).findings if f.code == "GC051")
    assert cause["cause"] == "the gradient with respect to x is wrong in entry 1 alone"
    assert "kind" not in cause
