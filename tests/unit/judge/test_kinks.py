"""Kinks are judged by hulls of whole gradients; jumps and flat pieces are told apart from them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck


def relu(x: Any) -> Any:
    return np.sum(np.maximum(x, 0.0))


def largest(x: Any) -> Any:
    return np.max(x)


def absolute(x: Any) -> Any:
    return np.sum(np.abs(x))


def hinge(x: Any) -> Any:
    return np.sum(np.maximum(1.0 - x, 0.0))


def clipped(x: Any) -> Any:
    return np.sum(np.clip(x, -1.0, 1.0))


def identity_in_two_halves(x: Any) -> Any:
    return np.sum(np.maximum(x, 0.0) - np.maximum(-x, 0.0))


GRADIENTS: dict[Any, Any] = {
    relu: lambda x: (x > 0) * 1.0,
    largest: lambda x: np.eye(len(x))[np.argmax(x)],
    absolute: np.sign,
    hinge: lambda x: -1.0 * (x < 1),
    clipped: lambda x: 1.0 * (np.abs(x) < 1),
    identity_in_two_halves: np.ones_like,
}
"""Right wherever there is one derivative."""


def verdict(f: Callable[..., Any], answer: Any, x: Any) -> tuple[str, tuple[str, ...]]:
    """What is said of `answer` at x, by a derivative that is right everywhere else."""
    here = np.array(x, dtype=float)

    def grad(x: Any) -> Any:
        return np.array(answer, dtype=float) if np.array_equal(x, here) else GRADIENTS[f](x)

    result = gradcheck.check_gradient(f, grad, here)
    return str(result.verdict), result.codes


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize(
    ("f", "low", "high"),
    [(np.abs, -1.0, 1.0), (lambda x: np.maximum(x, 0.0), 0.0, 1.0), (lambda x: np.minimum(2 * x, 5 * x), 5.0, 2.0)],
    ids=["abs", "relu", "min"],
)
def test_between_the_slopes_of_both_sides(f: Any, low: float, high: float, share: float) -> None:
    answer = low + share * (high - low)
    at_zero = gradcheck.check_gradient(f, lambda x: np.where(x == 0, answer, _slope(f, x)), np.array(0.0))
    assert at_zero.verdict == "PASS", at_zero.to_text()
    assert "GC045" in at_zero.codes


def _slope(f: Any, x: Any) -> Any:
    """The derivative away from the kink of these three, which are linear on either side."""
    return f(x) / np.where(x == 0, 1.0, x)


@pytest.mark.parametrize("beyond", [-0.001, 1.001, 5.0, -1.0])
def test_outside_the_hull(beyond: float) -> None:
    found, codes = verdict(relu, [beyond, 1.0], [0.0, 2.0])
    assert found == "FAIL"
    assert codes[0] == "GC012"


def test_the_hull_is_that_of_whole_gradients() -> None:
    """At a tie of max every entry may be anything between 0 and 1, but together they are 1."""
    tie = [2.0, 2.0, 1.0]
    for answer in ([1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0.3, 0.7, 0]):
        found, codes = verdict(largest, answer, tie)
        assert (found, "GC045" in codes) == ("PASS", True)
    for answer in ([1, 1, 0], [0, 0, 0], [0.5, 0.4, 0], [0.5, 0.5, 0.1], [2, -1, 0]):
        assert verdict(largest, answer, tie)[0] == "FAIL"


def test_an_entry_of_five_in_a_sum_of_absolute_values_at_zero() -> None:
    assert verdict(absolute, [0.0, 1.0, -1.0], [0.0, 0.0, 0.0])[0] == "PASS"
    assert verdict(absolute, [0.0, 5.0, 0.0], [0.0, 0.0, 0.0])[0] == "FAIL"


@pytest.mark.parametrize(
    ("f", "x", "legal", "wrong"),
    [
        (hinge, [1.0, 2.0, 0.5], [-0.5, 0.0, -1.0], [0.5, 0.0, -1.0]),
        (clipped, [1.0, 0.3, -2.0], [0.5, 1.0, 0.0], [0.5, 1.0, 1.0]),
        (relu, [-1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
        (absolute, [0.0, -3.0], [0.0, -1.0], [0.0, 1.0]),
    ],
    ids=["hinge", "clip", "relu", "abs"],
)
def test_entries_beside_a_kink_are_still_judged(f: Any, x: Any, legal: Any, wrong: Any) -> None:
    assert verdict(f, legal, x)[0] == "PASS"
    assert verdict(f, wrong, x)[0] == "FAIL"


# -- legal only choice by choice ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected", "code"), [(0.0, "UNDECIDED", "GC030"), (2.0, "UNDECIDED", "GC030"), (3.0, "FAIL", "GC012")]
)
def test_what_only_local_choices_allow_is_undecided(answer: float, expected: str, code: str) -> None:
    """x = relu(x) - relu(-x) has the slope 1 everywhere; autodiff with relu'(0) = 0 answers 0."""
    found, codes = verdict(identity_in_two_halves, [answer, 1.0], [0.0, 2.0])
    assert (found, codes[0]) == (expected, code)


def test_what_holds_nearby_passes_there() -> None:
    assert verdict(identity_in_two_halves, [1.0, 1.0], [0.0, 2.0])[0] == "PASS"


# -- no kink at all ----------------------------------------------------------------------------------------------------


def test_a_tie_that_cancels_is_smooth() -> None:
    def logsumexp(x: Any) -> Any:
        m = np.max(x)
        return m + np.log(np.sum(np.exp(x - m)))

    tie = np.array([0.5, 0.5, -1.0])
    result = gradcheck.check_gradient(logsumexp, lambda x: np.exp(x) / np.sum(np.exp(x)), tie)
    assert result.verdict == "PASS"
    assert "GC045" not in result.codes
    off = gradcheck.check_gradient(logsumexp, lambda x: np.exp(x) / np.sum(np.exp(x)) + 1e-5, tie)
    assert off.verdict == "FAIL"


def test_equal_branches_are_smooth() -> None:
    def smooth(x: Any) -> Any:
        return np.sum(np.where(x > 0, x**2, -(x**3)))

    def grad(x: Any) -> Any:
        return np.where(x > 0, 2 * x, -3 * x**2)

    assert gradcheck.check_gradient(smooth, grad, np.array([0.0, 0.5, -0.5]))
    assert gradcheck.check_gradient(smooth, lambda x: grad(x) + 1e-6 * (x == 0), np.array([0.0, 0.5])).verdict == "FAIL"


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12])
def test_beside_a_kink_there_is_one_derivative(gap: float) -> None:
    point = [gap, -gap, 1.0]
    assert gradcheck.check_gradient(relu, lambda x: (x > 0) * 1.0, np.array(point))
    assert verdict(relu, [0.5, 0.0, 1.0], point)[0] == "FAIL"


# -- jumps and plateaus ------------------------------------------------------------------------------------------------


def test_a_jump_has_no_derivative() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(np.floor(x)), lambda x: 0.0 * x, np.array([1.0, 0.5]))
    assert result.verdict == "UNDECIDED"
    assert result.codes[0] in ("GC030", "GC031")


def test_a_plateau_has_the_derivative_zero() -> None:
    assert gradcheck.check_gradient(lambda x: np.sum(np.floor(x)), lambda x: 0.0 * x, np.array([0.3, 0.5]))
    straight_through = gradcheck.check_gradient(lambda x: np.sum(np.floor(x)), np.ones_like, np.array([0.3, 0.5]))
    assert straight_through.verdict == "FAIL"


def test_a_dead_relu_passes_only_if_it_is_right_elsewhere() -> None:
    dead = np.array([-1.0, -2.0])
    result = gradcheck.check_gradient(relu, lambda x: 0.0 * x, dead)
    assert result.verdict == "FAIL"
    assert result.codes[0] == "GC028"
    assert gradcheck.check_gradient(relu, lambda x: (x > 0) * 1.0, dead)


def test_kinks_of_vjps_and_jvps() -> None:
    def f(x: Any) -> Any:
        return np.maximum(x, 0.0) * np.array([1.0, 10.0])

    x = np.array([0.0, 1.0])
    assert gradcheck.check_vjp(f, lambda c, x: c * np.array([1.0, 10.0]) * (x >= 0), x)
    assert (
        gradcheck.check_vjp(f, lambda c, x: c * np.array([1.0, 10.0]) * (1.5 - 0.5 * (x > 0)) * (x >= 0), x).verdict
        == "FAIL"
    )
    assert gradcheck.check_jvp(f, lambda p, t: t[0] * np.array([1.0, 10.0]) * (p[0] >= 0), x)
    wrong = gradcheck.check_jvp(f, lambda p, t: t[0] * np.array([1.0, 10.0]) * (p[0] >= 0) * -1.0, x)
    assert wrong.verdict == "FAIL"


# -- no formula at the point -------------------------------------------------------------------------------------------


def norm(x: Any) -> Any:
    return np.sqrt(np.sum(x * x))


@pytest.mark.parametrize(("answer", "expected"), [([0.0, 0.0], "PASS"), ([0.5, -0.5], "PASS")])
def test_a_norm_at_zero_has_the_unit_ball_as_its_hull(answer: Any, expected: str) -> None:
    def grad(x: Any) -> Any:
        return x / norm(x) if np.any(x) else np.array(answer)

    assert gradcheck.check_gradient(norm, grad, np.zeros(2)).verdict == expected


@pytest.mark.parametrize(
    ("answer", "verdicts"), [([np.nan, np.nan], {"FAIL"}), ([0.8, 0.8], {"FAIL", "UNDECIDED"}), ([3.0, 3.0], {"FAIL"})]
)
def test_what_no_norm_has_does_not_pass(answer: Any, verdicts: set[str]) -> None:
    def grad(x: Any) -> Any:
        return x / norm(x) if np.any(x) else np.array(answer)

    assert gradcheck.check_gradient(norm, grad, np.zeros(2)).verdict in verdicts


@pytest.mark.parametrize(("at_zero", "expected"), [(0.0, "PASS"), (0.5, "PASS"), (3.0, "FAIL"), (np.nan, "FAIL")])
def test_one_of_several_norms_is_zero(at_zero: float, expected: str) -> None:
    """The gradients nearby are a circle's for one pair and one number for the other."""

    def vjp(c: Any, x: Any, y: Any) -> Any:
        length = np.hypot(x, y)
        safe = np.where(length == 0, 1.0, length)
        return c * np.where(length == 0, at_zero, x / safe), c * y / safe

    assert gradcheck.check_vjp(np.hypot, vjp, np.array([0.0, 3.0]), np.array([0.0, 4.0])).verdict == expected


@pytest.mark.parametrize(("share", "expected"), [(0.5, "PASS"), (1.0, "FAIL"), (0.25, "FAIL")])
def test_shares_of_a_largest_number_that_no_oracle_follows(share: float, expected: str) -> None:
    """Each share lies between the slopes on either side of its entry: together they must be 1."""

    def f(x: Any) -> float:
        return max(float(v) for v in x)

    def grad(x: Any) -> Any:
        largest = x == np.max(x)
        return largest * (share if np.sum(largest) > 1 else 1.0)

    assert gradcheck.check_gradient(f, grad, np.array([1.0, 1.0, 0.2])).verdict == expected


@pytest.mark.parametrize("error", [1e-5, 5e-4, 1e-2])
def test_where_the_limit_is_one_number_nothing_near_it_passes(error: float) -> None:
    """x + sqrt(x^4) has the slope 1 at 0, where the formula is 0/0; slopes at a distance of 1e-3 are 1 +- 2e-3."""

    def f(x: Any) -> Any:
        return x + np.sqrt(x**4)

    assert gradcheck.check_gradient(f, lambda x: 1.0 + 2 * x * np.sign(x) * np.sign(x), np.array(0.0)).verdict != "FAIL"
    wrong = gradcheck.check_gradient(f, lambda x: 1.0 + 2 * x + error * (x == 0), np.array(0.0))
    assert wrong.verdict in ("FAIL", "UNDECIDED")


@pytest.mark.parametrize("gap", [0.0, 1e-15])
def test_at_eigenvalues_that_meet_the_gap_is_told(gap: float) -> None:
    """The vector of an eigenvalue that meets another one has no derivative there."""

    def f(a: Any) -> Any:
        return np.linalg.eigh(a)[1][0, 0] ** 2

    result = gradcheck.check_gradient(f, np.zeros_like, np.diag([1.0, 1.0 + gap, 3.0]), structure={0: "symmetric"})
    assert result.verdict == "UNDECIDED"
    wanted = f"two eigenvalues are {1 + gap - 1:.3g} apart, too close for the derivatives of each to be known"
    assert wanted in " ".join(str(result).split())


@pytest.mark.parametrize("gap", [0.0, 1e-14])
def test_at_singular_values_that_meet_what_they_share_is_decided_and_each_is_not(gap: float) -> None:
    """The sum of two that meet is smooth: its gradient is U1 V1^T, whatever basis of their plane is chosen."""
    turn = np.linalg.qr(np.array([[1.0, 2.0, 0.5], [0.0, 1.0, 1.0], [1.0, -1.0, 2.0]]))[0]
    m = turn @ np.diag([3.0, 1.0 + gap, 1.0]) @ turn[::-1]

    def gradient(weights: Any, m: Any) -> Any:
        u, _, v = np.linalg.svd(m)
        return u @ np.diag(weights) @ v

    def check(weights: Any, factor: float = 1.0) -> Any:
        def f(m: Any) -> Any:
            return np.sum(np.linalg.svd(m, compute_uv=False) * weights)

        return gradcheck.check_gradient(f, lambda m: factor * gradient(weights, m), m, elsewhere=False)

    assert check(np.array([0.0, 1.0, 1.0])).verdict == "PASS"
    assert check(np.array([0.0, 1.0, 1.0]), 1.01).verdict == "FAIL"
    alone = check(np.array([0.0, 1.0, 0.0]))
    assert alone.verdict == "UNDECIDED"
    told = " ".join(str(alone).split())
    assert "apart, too close for the derivatives of each to be known" in told
    assert "jumps" not in told


WEIGHTS = np.array([0.25, 2.0, -1.0, 0.5])


def by_rank(x: Any) -> float:
    """Sorted in Python's own numbers, which no oracle follows: only differences are to be had."""
    return float(WEIGHTS @ np.array(sorted(float(v) for v in x)))


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 3, 2), (3, 2, 1, 0)])
def test_any_order_of_equal_numbers_is_legal_though_no_slope_on_either_side_is(order: tuple[int, ...]) -> None:
    """Along one entry the slopes on either side are the first and the last weight: 0.25 and 0.5, not 2 and not -1."""
    result = gradcheck.check_gradient(by_rank, lambda x: WEIGHTS[list(order)], np.full(4, 1.5), elsewhere=False)
    assert result.verdict != "FAIL"


@pytest.mark.parametrize("wrong", [4.0 * WEIGHTS, WEIGHTS + np.array([0.0, 3.0, 0.0, 0.0])])
def test_what_is_no_weight_is_wrong_where_equal_numbers_are_sorted(wrong: Any) -> None:
    result = gradcheck.check_gradient(by_rank, lambda x: wrong, np.full(4, 1.5), elsewhere=False)
    assert result.verdict == "FAIL"


@pytest.mark.parametrize(
    ("slope", "verdict"), [(1.0, "PASS"), (0.25, "PASS"), (-1.0, "PASS"), (1.2, "FAIL"), (3.0, "FAIL")]
)
def test_an_absolute_value_that_no_oracle_follows(slope: float, verdict: str) -> None:
    def f(x: Any) -> float:
        return abs(float(x)) + 0.5

    assert gradcheck.check_gradient(f, lambda x: slope, np.array(0.0), elsewhere=False).verdict == verdict


def test_at_singular_values_that_meet_the_gap_is_told() -> None:
    """U diag(c) V is a limit of gradients nearby; differences along one entry do not reach it."""

    def vjp(c: Any, m: Any) -> Any:
        u, _, v = np.linalg.svd(m)
        return u @ np.diag(c) @ v

    result = gradcheck.check_vjp(lambda m: np.linalg.svd(m)[1], vjp, np.eye(3))
    assert result.verdict == "UNDECIDED"
    assert "two singular values are 0 apart" in " ".join(str(result).split())


@pytest.mark.parametrize(("answer", "legal"), [((0.5, 0.5), True), ((0.5, 0.4), False), ((0.3, 0.6), False)])
def test_a_mixture_that_misses_along_two_entries_together_does_not_pass(answer: Any, legal: bool) -> None:
    """Where both move as much the larger singular value has slope 1 on either side; most directions allow 0.9 too."""
    result = gradcheck.check_gradient(
        lambda m: np.linalg.svd(m)[1][0], lambda m: np.diag(answer), 2 * np.eye(2), elsewhere=False
    )
    assert (result.verdict == "PASS") is legal
