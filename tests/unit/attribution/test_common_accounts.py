"""Names that several mistakes would have: no kind where accounts differ, and the one kind where the numbers tell it.

Each function has a derivative with one mistake; beside it stands the same mistake where the name is due, or not due.
"""

from typing import Any

import numpy as np
import pytest

import gradcheck

rng = np.random.default_rng(31)
ROWS, LINKS, CONTROL = rng.standard_normal((4, 3)), rng.uniform(0.2, 1.0, (3, 3)), rng.standard_normal((4, 2))
ONES = np.eye(3)[[0, 2, 1]]


def causes_of(check: str, f: Any, derivative: Any, *inputs: Any) -> list[Any]:
    result = getattr(gradcheck, f"check_{check}")(f, derivative, *inputs, elsewhere=False)
    assert str(result.verdict) == "FAIL"
    assert not [n for n in result.findings if n.code == "GC040" and n.facts["oracle"] == "the search for the cause"]
    return [found for found in result.findings if found.code == "GC051"]


def kinds_of(*asked: Any) -> list[Any]:
    return [found.facts.get("kind") for found in causes_of(*asked)]


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_no_multiple(number):
    x = np.linspace(0.3, 1.7, 8)
    assert kinds_of("gradient", lambda x: np.sum(x**3), lambda x: np.full(8, number), x) == []
    assert kinds_of("gradient", lambda x: np.sum(x**3), lambda x: (1 + x[0]) * 3 * x**2, x) == ["factor"]


def curved(t: Any) -> Any:
    p = CONTROL
    for _ in range(3):
        p = (1 - t) * p[:-1] + t * p[1:]
    return p[0]


def curved_vjp(c: Any, t: Any, *, added: bool = True) -> Any:
    levels, d, dt = [CONTROL], c[None, :], np.zeros(())
    for _ in range(3):
        levels.append((1 - t) * levels[-1][:-1] + t * levels[-1][1:])
    for q in levels[-2::-1]:
        dt = dt * added + np.sum(d * (q[1:] - q[:-1]))
        d = np.concatenate([(1 - t) * d, np.zeros((1, 2))]) + np.concatenate([np.zeros((1, 2)), t * d])
    return dt


def test_a_third_of_one_number_is_a_mean_or_one_turn_of_three():
    (cause,) = causes_of("vjp", curved, lambda c, t: curved_vjp(c, t, added=False), np.array(0.35))
    assert "kind" not in cause.facts
    assert "or one alone of the 3 turns of a loop counts" in cause.sentence


def test_a_third_of_one_number_is_a_mean_where_f_has_no_loop():
    assert kinds_of("gradient", lambda t: np.sum(np.sin(t * ONES[0] + ONES[1] * t**2 + np.ones(3) * t)),
                    lambda t: np.mean(np.cos(t * ONES[0] + ONES[1] * t**2 + t) * (ONES[0] + 2 * t * ONES[1] + 1)),
                    np.array(0.4)) == ["mean-sum"]  # fmt: skip


def smoothed(w: Any) -> Any:
    a = (w + w.T) / 2
    return np.sum(np.exp(a) * ROWS[:3])


def smoothed_gradient(w: Any, *, both: bool = True) -> Any:
    d = np.exp((w + w.T) / 2) * ROWS[:3]
    return (d + d.T) / 2 if both else d


def test_a_transposition_that_is_not_undone_is_one():
    (cause,) = causes_of("gradient", smoothed, lambda w: smoothed_gradient(w, both=False), LINKS)
    assert cause.facts["kind"] == "transposed"
    assert "the transposition in f lacking the transposition back" in cause.sentence
    assert str(gradcheck.check_gradient(smoothed, smoothed_gradient, LINKS).verdict) == "PASS"


def test_two_selections_of_different_entries_are_no_uses_of_the_same():
    def lower_twice(x: Any) -> Any:
        return np.where(np.argsort(np.argsort(x)) == 2, 1.0, 0.0)

    x = np.array([0.3, -1.2, 2.1, 0.9, -0.4, 1.7])
    assert "doubled" not in kinds_of("gradient", np.median, lower_twice, x)


def test_two_uses_of_the_same_entries_may_be_taken_for_one_another():
    assert "doubled" in kinds_of("gradient", lambda x: x @ LINKS @ x, lambda x: 2 * LINKS @ x, ROWS[0])


def test_a_term_that_an_operand_lacks_is_no_output_for_an_input():
    """r (A x + b): the slope by r is A x + b; without b it is no value taken before a function."""

    def f(r: Any, b: Any) -> Any:
        return np.tanh(r) * (LINKS @ np.sin(r) + b)

    def vjp(c: Any, r: Any, b: Any) -> Any:
        inner = LINKS @ np.sin(r)
        whole = inner + b
        return c * (1 - np.tanh(r) ** 2) * inner + np.cos(r) * (LINKS.T @ (c * np.tanh(r))) + 0 * whole, c * np.tanh(r)

    assert "slope-at-output" not in kinds_of("vjp", f, vjp, ROWS[0], ROWS[1])


def test_an_array_for_its_own_square_lacks_a_power():
    def f(x: Any, v: Any) -> Any:
        return x**2 @ v**2

    (kind,) = kinds_of("vjp", f, lambda c, x, v: (2 * x * np.outer(c, v**2), 2 * v * (x.T @ c)), ROWS, ROWS[0])
    assert kind == "power-rule"


def test_an_exponent_of_a_function_without_a_quotient_is_a_powers():
    def f(x: Any) -> Any:
        return np.sum(np.abs(x) ** 3, axis=1) ** (1 / 3)

    def vjp(c: Any, x: Any) -> Any:
        return (c / f(x))[:, None] * np.sign(x) * x**2

    assert kinds_of("vjp", f, vjp, ROWS) in (["power-rule"], [None])


def test_a_constant_that_is_no_factor_is_not_the_one_that_is_missing():
    """3 stands in np.eye(3), on the line that divides by the number of rows."""

    def f(z: Any) -> Any:
        logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        return -np.sum(np.eye(3)[[0, 2, 1]] * logp) / len(z)

    def summed(z: Any) -> Any:
        return np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True) - ONES

    assert kinds_of("gradient", f, summed, ROWS[:3]) == ["mean-sum"]


def test_turns_whose_arrays_have_other_shapes_are_not_taken_for_one_another():
    """A matrix filled entry by entry, and systems solved in a loop: the search ends, whatever it finds."""

    def f(k: Any, u: Any) -> Any:
        a = np.eye(3)
        for i in range(2):
            a[i, i + 1] -= k[i]
            a[i + 1, i] += k[i] ** 2
        for _ in range(2):
            u = np.linalg.solve(a, u)
        return np.sum(u**2)

    causes_of("gradient", f, lambda k, u: (np.array([0.3, 0.1]), u), np.array([0.4, 0.2]), ROWS[0])


def test_a_length_by_a_product_with_itself_is_a_norm():
    def f(v: Any) -> Any:
        size = np.sqrt(v @ v)
        return LINKS @ v / size

    assert kinds_of("vjp", f, lambda c, v: LINKS.T @ c / np.sqrt(v @ v), ROWS[0]) == ["norm"]


def test_what_is_left_out_on_a_line_of_its_own_is_not_overwritten():
    def f(p: Any, q: Any) -> Any:
        above = p[0] * q[0] + p[1] * q[1]
        below = p[0] * 3.0 + p[1] * q[0] ** 2
        return np.log(above / below)

    def vjp(c: Any, p: Any, q: Any) -> Any:
        above, below = p[0] * q[0] + p[1] * q[1], p[0] * 3.0 + p[1] * q[0] ** 2
        return c * q / above, c * (p / above - np.array([2 * p[1] * q[0] / below, 0.0]))

    (cause,) = causes_of("vjp", f, vjp, np.array([0.7, 1.2]), np.array([0.5, 0.8]))
    assert (cause.facts["kind"], cause.facts["source"]) == ("dropped", "below = p[0] * 3.0 + p[1] * q[0] ** 2")


def test_parts_on_one_line_that_overwrite_each_other_are_overwritten():
    def f(x: Any) -> Any:
        return np.stack([np.sin(x[k : k + 3]) for k in range(4)])

    def vjp(c: Any, x: Any) -> Any:
        d = np.zeros_like(x)
        for k in range(4):
            d[k : k + 3] = c[k] * np.cos(x[k : k + 3])
        return d

    assert kinds_of("vjp", f, vjp, np.linspace(0.2, 1.4, 6)) == ["overwritten"]


def turned(angle: Any, seen: Any) -> Any:
    turn = np.stack([np.stack([np.cos(angle), -np.sin(angle)]), np.stack([np.sin(angle), np.cos(angle)])])
    return seen @ turn.T


def test_a_factor_without_its_transposition_is_no_other_array():
    def vjp(c: Any, angle: Any, seen: Any) -> Any:
        s, t = np.sin(angle), np.cos(angle)
        d = c.T @ seen
        return np.array(-s * (d[0, 0] + d[1, 1]) + t * (d[1, 0] - d[0, 1])), c @ np.array([[t, s], [-s, t]])

    assert kinds_of("vjp", turned, vjp, np.array(0.4), CONTROL) == ["product-transposed"]


def test_another_power_of_the_other_factor_is_no_other_layer():
    def f(x: Any, w: Any) -> Any:
        r = np.sqrt(np.sum(x[:, None] ** 2 * LINKS, axis=1) + 1)
        return np.outer(r**3, ONES[0]) @ w

    def vjp(c: Any, x: Any, w: Any) -> Any:
        r = np.sqrt(np.sum(x[:, None] ** 2 * LINKS, axis=1) + 1)
        dr = 3 * r**2 * (c * (ONES[0] @ w))
        return dr / r * x * np.sum(LINKS, axis=1), np.outer(r**2, ONES[0]).T @ c

    assert "slope-at-output" not in kinds_of("vjp", f, vjp, ROWS[0], ROWS[1])


def test_the_slope_of_a_logarithm_of_an_exponential_is_one_forgotten():
    """w - p for p a sigmoid: 1/e for the slope by e = exp(-x) takes back what exp did."""

    def f(x: Any) -> Any:
        p = 1 / (1 + np.exp(-x))
        return np.log(p) * LINKS[0] + np.cumsum(0.3 * (LINKS[1] - p))

    def vjp(c: Any, x: Any) -> Any:
        p = 1 / (1 + np.exp(-x))
        return c * LINKS[0] * (1 - p) - 0.3 * np.cumsum(c[::-1])[::-1]

    assert kinds_of("vjp", f, vjp, ROWS[0]) == ["slope-forgotten"]
