"""Errors at other points: those count that lie where f can be followed to, and no others.

Twins: one derivative, off by the same factor in the same region, which shows at the point given in neither. In one twin
f leads there, and the derivative FAILs; in the other something lies in between, and it PASSes with a note.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.oracle.differences.weigh import weigh

X = np.array([0.4, 1.2, 0.7])
FACTOR = 1.5

Pair = tuple[Callable[[Any], Any], Callable[[Any], Any]]
"""An elementwise function and its derivative."""

OPEN: dict[str, Pair] = {
    "x^2": (lambda x: x * x, lambda x: 2 * x),
    "x^3": (lambda x: x**3, lambda x: 3 * x * x),
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "arctan": (np.arctan, lambda x: 1 / (1 + x * x)),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "softplus": (lambda x: np.log1p(np.exp(x)), lambda x: 1 / (1 + np.exp(-x))),
    "x / (1 + x^2)": (lambda x: x / (1 + x * x), lambda x: (1 - x * x) / (1 + x * x) ** 2),
    "sqrt(1 + x^2)": (lambda x: np.sqrt(1 + x * x), lambda x: x / np.sqrt(1 + x * x)),
    "two parabolas": (lambda x: np.where(x > 0, x * x, x * x / 2), lambda x: np.where(x > 0, 2 * x, x)),
}
"""Functions that lead from X to -X and everywhere else."""

BARRIERS: dict[str, Pair] = {
    "a logarithm": (lambda x: np.log(x * x), lambda x: 2 / x),
    "a quotient": (lambda x: 1 / x, lambda x: -1 / x**2),
    "a root": (lambda x: np.sqrt(x * x), np.sign),
    "arccos": (lambda x: np.arccos(np.cos(x)), lambda x: np.sign(np.sin(x))),
}
"""Functions with a singularity at 0; their sum with another one has it, too."""


def wrong_below_zero(slope: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The derivative, 1.5 times too large where x < 0: the comparison is hidden from the tracer by a plain float."""

    def answer(x: Any) -> Any:
        negative = np.array([float(v) < 0 for v in np.asarray(x).ravel()]).reshape(np.shape(x))
        return slope(x) * np.where(negative, FACTOR, 1.0)

    return answer


def plus(one: Pair, other: Pair) -> Pair:
    return (lambda x: one[0](x) + other[0](x), lambda x: one[1](x) + other[1](x))


@pytest.mark.parametrize("name", OPEN)
def test_an_error_where_f_leads_counts(name: str) -> None:
    f, slope = OPEN[name]
    right = gradcheck.check_gradient(lambda x: np.sum(f(x)), slope, X)
    assert (right.verdict, right.codes) == ("PASS", ()), right.to_text()
    wrong = gradcheck.check_gradient(lambda x: np.sum(f(x)), wrong_below_zero(slope), X)
    assert wrong.verdict == "FAIL", wrong.to_text()
    (told,) = [found for found in wrong.findings if found.code == "GC028"]
    assert min(told.facts["point"]["x"]) < 0
    assert "x = [" in told.sentence


@pytest.mark.parametrize("barrier", BARRIERS)
@pytest.mark.parametrize("name", [name for name in OPEN if name != "two parabolas"])
def test_the_same_error_beyond_a_singularity_does_not(name: str, barrier: str) -> None:
    f, slope = plus(OPEN[name], BARRIERS[barrier])
    result = gradcheck.check_gradient(lambda x: np.sum(f(x)), wrong_below_zero(slope), X)
    assert result.verdict == "PASS", result.to_text()
    assert "GC049" in result.codes
    assert "f cannot be followed there" in next(f for f in result.findings if f.code == "GC049").sentence


# Both sides of an absolute value, and of a distance.

POWERS = {
    "a power": (lambda x: np.abs(x) ** 1.5, lambda x: 1.5 * np.sign(x) * np.sqrt(np.abs(x)), np.abs),
    "a root": (lambda x: np.sqrt(np.abs(x)), lambda x: 0.5 * np.sign(x) / np.sqrt(np.abs(x)), np.abs),
    "a signed root": (
        lambda x: np.sign(x) * np.sqrt(np.abs(x)),
        lambda x: 0.5 / np.sqrt(np.abs(x)),
        lambda x: np.where(x > 0, x, 4 * x),
    ),
    "a choice": (lambda x: np.where(x > 0, x, -x) ** 2.5, lambda x: 2.5 * np.sign(x) * np.abs(x) ** 1.5, np.abs),
    "a distance": (
        lambda x: np.where(np.abs(x) < 9, 0.5 * x * x, 9 * np.abs(x) - 40.5),
        lambda x: np.clip(x, -9, 9),
        lambda x: np.where(np.abs(x) < 9, x, np.abs(x)),
    ),
}
"""f, its derivative, and what the derivative is wrongly asked at."""


@pytest.mark.parametrize("name", POWERS)
def test_the_other_side_of_an_absolute_value(name: str) -> None:
    f, slope, mistaken = POWERS[name]

    x = np.array([0.5, 1.2])
    assert gradcheck.check_gradient(lambda x: np.sum(f(x)), slope, x).verdict == "PASS"
    assert gradcheck.check_gradient(lambda x: np.sum(f(x)), lambda x: slope(mistaken(x)), x).verdict == "FAIL"


@pytest.mark.parametrize("p", [1.5, 2.5, 3.0])
def test_the_other_side_of_an_entry_of_a_norm(p: float) -> None:
    def slope(x: Any) -> Any:
        return np.sign(x) * np.abs(x) ** (p - 1) * np.linalg.norm(x, p) ** (1 - p)

    x = np.array([0.7, 1.3, 0.4])
    assert gradcheck.check_gradient(lambda x: np.linalg.norm(x, p), slope, x).verdict == "PASS"
    assert gradcheck.check_gradient(lambda x: np.linalg.norm(x, p), lambda x: np.abs(slope(x)), x).verdict == "FAIL"


def test_a_root_at_its_singularity_is_no_other_side() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.log(np.abs(x)))

    assert gradcheck.check_gradient(f, lambda x: 1 / np.abs(x), np.array([0.5, 1.2])).verdict == "PASS"


@pytest.mark.parametrize(("step", "verdict"), [(np.trunc, "PASS"), (np.floor, "FAIL"), (np.sign, "FAIL")])
def test_a_ratio_is_moved_by_one_of_its_inputs(step: Any, verdict: str) -> None:
    a, b = np.array([0.3, 2.9, 1.0]), np.array([1.0, 2.5, 1.5])
    result = gradcheck.check_vjp(np.fmod, lambda c, a, b: (c, -c * step(np.trunc(a / b) if step is np.sign else a / b)),
                                 a, b)  # fmt: skip
    assert result.verdict == verdict, result.to_text()


# Guards.


def clipped(bound: float) -> Callable[[Any], Any]:
    def loss(x: Any) -> Any:
        p = np.clip(1 / (1 + np.exp(-x)), bound, 1 - bound)
        return -np.sum(np.log(p))

    return loss


def slope_without_clip(x: Any) -> Any:
    return 1 / (1 + np.exp(-x)) - 1


@pytest.mark.parametrize(("bound", "verdict"), [(1e-7, "PASS"), (0.05, "FAIL")])
def test_a_derivative_may_ignore_a_guard_and_no_branch(bound: float, verdict: str) -> None:
    assert gradcheck.check_gradient(clipped(bound), slope_without_clip, X).verdict == verdict


# Branches of the derivative's own code.


def test_a_clip_of_the_derivative_that_f_does_not_have() -> None:
    wrong = gradcheck.check_gradient(lambda x: np.sum(x * x), lambda x: 2 * np.clip(x, -20, 20), np.array([1.0, 2.0]))
    assert wrong.verdict == "FAIL", wrong.to_text()
    assert "a comparison in the derivative" in wrong.findings[0].sentence
    right = gradcheck.check_gradient(
        lambda x: np.sum(np.where(np.abs(x) < 20, x * x, 40 * np.abs(x) - 400)),
        lambda x: 2 * np.clip(x, -20, 20),
        np.array([1.0, 2.0]),
    )
    assert right.verdict == "PASS", right.to_text()


def test_a_series_for_small_numbers_is_looked_at_beside_zero() -> None:
    def series(x: Any) -> Any:
        return 1 + x if abs(x) < 0.05 else np.exp(x)

    assert gradcheck.check_gradient(np.exp, series, 0.0).verdict == "FAIL"
    assert gradcheck.check_gradient(np.exp, np.exp, 0.0).verdict == "PASS"


# Approximations, right where they are meant.


def kepler(e: Any, M: Any, iterations: int = 60) -> Any:
    E = M
    for _ in range(iterations):
        E = M + e * np.sin(E)
    return E


def kepler_slopes(e: Any, M: Any) -> Any:
    E = kepler(e, M)
    return np.sin(E) / (1 - e * np.cos(E)), 1 / (1 - e * np.cos(E))


def test_an_iteration_that_converges_at_the_point_and_not_elsewhere() -> None:
    right = gradcheck.check_gradient(kepler, kepler_slopes, 0.3, 1.2)
    assert right.verdict == "PASS", right.to_text()
    assert "little by little" in next(f for f in right.findings if f.code == "GC049").sentence


def test_a_forgotten_term_that_vanishes_at_the_point_shows_at_once() -> None:
    """It grows from nothing, too, but is there already beside the point."""
    wrong = gradcheck.check_gradient(lambda x: x + x**4, lambda x: 1.0 + 0 * x, 0.0)
    assert wrong.verdict == "FAIL", wrong.to_text()


# Inputs that f may be meant for alone.

UNIT = X / np.sqrt(X @ X)
A = np.array([0.3, -0.5, 0.9])
ANGLE = 0.7
ROTATION = np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])

FORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Any, Any]] = {
    "a unit vector": (lambda u: A @ u / np.sqrt(u @ u), lambda u: A - u * (A @ u), UNIT, X),
    "probabilities": (
        lambda p: np.sum(np.log(p)) - 3 * np.log(np.sum(p)), lambda p: 1 / p - 3, X / X.sum(), X,
    ),
    "a rotation": (
        lambda R: np.sum(A[:2] @ np.linalg.inv(R)), lambda R: -np.outer(R @ A[:2], R.T @ np.ones(2)),
        ROTATION, 1.5 * ROTATION,
    ),
    "a triangular matrix": (
        lambda L: np.sum(L * L) + L[0, 1] ** 2 * L[0, 0], lambda L: 2 * L, np.array([[1.0, 0.0], [0.5, 2.0]]),
        np.array([[1.0, 0.3], [0.5, 2.0]]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_moved_points_keep_the_form_of_the_one_given(name: str) -> None:
    f, slope, given, other = FORMS[name]
    assert gradcheck.check_gradient(f, slope, given).verdict == "PASS"
    assert gradcheck.check_gradient(f, slope, other).verdict == "FAIL"


@pytest.mark.parametrize("typed", [[0.0, 1.0, 0.0], [0.6, -0.8, 0.0], [0.28, 0.96, 0.0]])
def test_what_people_type_is_no_unit_vector(typed: Any) -> None:
    """The length of (0.6, -0.8) is one by accident; a derivative that is right for such alone is wrong."""
    wrong = gradcheck.check_gradient(FORMS["a unit vector"][0], FORMS["a unit vector"][1], np.array(typed))
    assert wrong.verdict == "FAIL", wrong.to_text()
    norm = gradcheck.check_gradient(lambda x: np.sqrt(np.sum(x * x)), lambda x: x, np.array(typed))
    assert norm.verdict == "FAIL", norm.to_text()


# An f that cannot be traced.


def opaque(x: Any) -> Any:
    return float(np.sum(np.array([complex(float(v)).real ** 2 for v in np.ravel(x)])))


def test_an_f_that_cannot_be_traced_convicts_close_by_alone() -> None:
    far = gradcheck.check_gradient(opaque, wrong_below_zero(lambda x: 2 * x), X)
    assert far.verdict == "PASS", far.to_text()

    def close(x: Any) -> Any:
        return 2 * X + 0 * x

    assert gradcheck.check_gradient(opaque, close, X).verdict == "FAIL"


@pytest.mark.parametrize(("at_zero", "verdict"), [(lambda y: np.log(y), "PASS"), (lambda y: 0.0, "FAIL")])
def test_the_number_that_a_derivative_compares_an_entry_with(at_zero: Any, verdict: str) -> None:
    """x log y has the slope log y at x = 0, too."""
    x, y = np.array([0.3, 0.9]), np.array([3.0, 2.0])

    def grad(x: Any, y: Any) -> Any:
        return np.where(x == 0, at_zero(y), np.log(y)), x / y

    result = gradcheck.check_gradient(lambda x, y: np.sum(x * np.log(y)), grad, x, y)
    assert result.verdict == verdict, result.to_text()


def entry_by_entry(x: Any, at_zero: Any) -> Any:
    slope = np.zeros_like(x)
    for i in range(len(x)):
        slope[i] = at_zero if x[i] == 0 else 1 / (1 + np.exp(-x[i]))
    return slope


def after_none(x: Any, at_zero: Any) -> Any:
    np.any(x[:0] > 0)
    return entry_by_entry(x, at_zero)


COMPARED: dict[str, tuple[Any, Any, Any]] = {
    "in a loop": (
        lambda x: np.sum(np.logaddexp(x, 0)), lambda x: entry_by_entry(x, 0.5), lambda x: entry_by_entry(x, 0.0),
    ),
    "after a comparison of nothing": (
        lambda x: np.sum(np.logaddexp(x, 0)), lambda x: after_none(x, 0.5), lambda x: after_none(x, 0.0),
    ),
    "its size": (
        lambda x: np.sum(x * x), lambda x: np.where(np.abs(x) == 1, 2 * np.sign(x), 2 * x),
        lambda x: np.where(np.abs(x) == 1, 0, 2 * x),
    ),
    "with another entry": (
        lambda x: np.exp(-((x[0] - x[1]) ** 2)) * (x[0] + x[1]),
        lambda x: bell(x, 1.0),
        lambda x: bell(x, 0.0),
    ),
}  # fmt: skip


def bell(x: Any, where_equal: float) -> Any:
    """The gradient of exp(-d^2) (a + b), d = a - b; d = 0 is a case of its own."""
    d, value = x[0] - x[1], np.exp(-((x[0] - x[1]) ** 2))
    if x[0] == x[1]:
        return np.array([where_equal, where_equal])
    slope = 2 * d * value * (x[0] + x[1])
    return np.array([value - slope, value + slope])


@pytest.mark.parametrize("name", COMPARED)
def test_what_a_derivative_compares_an_entry_with(name: str) -> None:
    f, right, wrong = COMPARED[name]
    x = np.array([0.3, 0.9])
    assert gradcheck.check_gradient(f, right, x).verdict == "PASS"
    result = gradcheck.check_gradient(f, wrong, x)
    assert result.verdict == "FAIL", result.to_text()
    assert "compares an entry with" in result.findings[0].facts["where"]


@pytest.mark.parametrize(("at", "verdict"), [(1.0, "PASS"), (2.0, "FAIL")])
def test_an_iteration_recorded_near_a_point_is_asked_close_by_alone(at: float, verdict: str) -> None:
    """The larger eigenvalue of [[c0, 1], [c1, 0]], whose record holds Newton's steps from the ones found here."""
    given = np.array([1.0, 2.0])

    def f(c: Any) -> Any:
        matrix = np.stack([np.stack([c[0], 1.0]), np.stack([c[1], 0.0])])
        return np.max(np.linalg.eigvals(matrix).real)  # NumPy 2.5 answers in complex numbers

    def grad(c: Any) -> Any:
        root = np.sqrt(c[0] ** 2 + 4 * c[1])
        right = np.stack([(1 + c[0] / root) / 2, 1 / root])
        return right if np.array_equal(c, given) else at * right

    result = gradcheck.check_gradient(f, grad, given)
    assert any(w.oracle == "exact" and w.kind == "proven" for w in result.witnesses)
    assert result.verdict == verdict, result.to_text()


def from_memory(x: Any) -> Any:
    """Sum of sines of numbers read from raw memory, so that no tracer follows; it runs in complex numbers."""
    plain = np.asarray(x)
    return np.sum(np.sin(np.frombuffer(plain.tobytes(), dtype=plain.dtype)))


class TestOneEstimateConvictsNowhereElse:
    """Differences that are four times too large, with bounds of 1e-13, as a mistake in them would make them."""

    @pytest.fixture
    def lying(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fourfold(*args: Any) -> Any:
            slopes = weigh(*args)
            return replace(slopes, value=4 * slopes.value)

        monkeypatch.setattr("gradcheck.oracle.differences.ladder.weigh", fourfold)

    @pytest.mark.usefixtures("lying")
    def test_the_complex_step_disagrees(self) -> None:
        result = gradcheck.check_gradient(from_memory, np.cos, X)
        assert result.verdict is gradcheck.Verdict.UNDECIDED
        assert "GC032" in [f.code for f in result.findings]

    def test_the_complex_step_agrees(self) -> None:
        assert gradcheck.check_gradient(from_memory, np.cos, X).verdict is gradcheck.Verdict.PASS

    def test_both_see_what_is_wrong_close_by(self) -> None:
        at_the_point = lambda x: np.where(np.abs(x - X) < 1e-9, np.cos(x), 4 * np.cos(x))  # noqa: E731
        result = gradcheck.check_gradient(from_memory, at_the_point, X)
        assert result.verdict is gradcheck.Verdict.FAIL
        assert "GC028" in [f.code for f in result.findings]
