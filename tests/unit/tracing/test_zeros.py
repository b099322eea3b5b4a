"""Zeros that stay: differences of a number with itself, powers of 0, inputs that are 0, and a tail that underflows."""

from typing import Any

import mpmath
import numpy as np
import pytest

import gradcheck
from gradcheck.tracing import explore

B = np.array([[0.3, -1.2], [1.1, 0.4], [-0.7, 0.9]])


def gradient(f: Any, *arguments: Any) -> list[Any]:
    return [part.midpoint for part in explore(f, arguments).vjp().parts]


# -- a number minus itself ---------------------------------------------------------------------------------------------


def all_distances(x: Any) -> Any:
    return np.sum(np.sqrt(np.sum((x[:, None] - x) ** 2, axis=-1)))


def from_each_other(x: Any) -> Any:
    """By hand, pair by pair, and not at all from itself."""
    g = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j:
                g[i] += 2 * (x[i] - x[j]) / np.sqrt(np.sum((x[i] - x[j]) ** 2))
    return g


@pytest.mark.parametrize(
    "f",
    [
        all_distances,
        lambda x: np.sum(np.linalg.norm(x[:, None] - x[None], axis=-1)),
        lambda x: np.sum(np.sum(np.square(x[None, :] - x[:, None]), axis=2) ** 0.5),
        lambda x: sum(np.sqrt((a - b) @ (a - b)) for a in x for b in x if a is not b),
    ],
    ids=["sqrt", "norm", "power", "pairs"],
)
def test_distances_of_points_to_themselves_have_a_slope(f: Any) -> None:
    assert gradient(f, B)[0] == pytest.approx(from_each_other(B), rel=1e-14)


def test_a_gradient_that_is_wrong_there_is_noticed() -> None:
    assert gradcheck.check_gradient(all_distances, from_each_other, B).verdict == "PASS"
    assert gradcheck.check_gradient(all_distances, lambda x: from_each_other(x) / 2, B).verdict == "FAIL"

    def unguarded(x: Any) -> Any:
        d = x[:, None] - x
        with np.errstate(all="ignore"):
            return np.sum(2 * d / np.sqrt(np.sum(d * d, axis=-1))[..., None], axis=1)

    assert "GC013" in gradcheck.check_gradient(all_distances, unguarded, B).codes


def test_two_points_that_happen_to_coincide_still_have_a_kink() -> None:
    """Equal numbers are not one and the same number: between two points at one place there is no slope."""
    twins = np.array([[0.3, -1.2], [0.3, -1.2], [0.7, 0.9]])
    found = gradient(all_distances, twins)[0]
    assert not np.all(np.isfinite(found))
    assert gradcheck.check_gradient(all_distances, lambda x: np.ones_like(x), twins).verdict != "PASS"


# -- a power of a distance that is 0 ----------------------------------------------------------------------------------


ORIGIN = np.zeros(2)
MEETING = np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 0.5]])


def kernel(x: Any) -> Any:
    d = x[:, None] - x
    return np.sum(np.exp(-(np.sqrt(np.sum(d**2, axis=-1)) ** 2)))


def slope_of_kernel(x: Any) -> Any:
    """By the squares themselves: exp(-|d|^2) has the slope -2 d exp(-|d|^2), and each pair occurs twice."""
    d = x[:, None] - x
    return np.sum(-4 * d * np.exp(-np.sum(d**2, axis=-1))[..., None], axis=1)


@pytest.mark.parametrize(
    ("f", "right", "at"),
    [
        (lambda x: np.linalg.norm(x) ** 2, lambda x: 2 * x, ORIGIN),
        (lambda x: np.square(np.linalg.norm(x)), lambda x: 2 * x, ORIGIN),
        (lambda x: np.linalg.norm(x) ** 3, lambda x: 3 * np.linalg.norm(x) * x, ORIGIN),
        (kernel, slope_of_kernel, MEETING),
    ],
    ids=["norm", "square", "cube", "points that meet"],
)
def test_a_power_of_a_distance_has_a_slope_where_it_is_zero(f: Any, right: Any, at: Any) -> None:
    assert gradcheck.check_gradient(f, right, at).verdict == "PASS"
    assert gradcheck.check_gradient(f, lambda x: right(x) + 0.1, at).verdict == "FAIL"


def test_it_has_a_second_slope() -> None:
    """exp(-|x|^2) at 0: minus twice the identity."""

    def f(x: Any) -> Any:
        return np.exp(-(np.linalg.norm(x) ** 2))

    def hessian(x: Any) -> Any:
        return f(x) * (4 * np.outer(x, x) - 2 * np.eye(2))

    assert gradcheck.check_hessian(f, hessian, ORIGIN).verdict == "PASS"
    assert gradcheck.check_hessian(f, lambda x: hessian(x) + 2 * f(x) * np.eye(2), ORIGIN).verdict == "FAIL"


def test_a_root_that_ends_at_zero_keeps_its_end() -> None:
    """sqrt(x)^2 is not defined below 0, and a distance itself has a kink at 0."""
    assert gradcheck.check_gradient(lambda x: np.sqrt(x) ** 2, lambda x: np.ones(()), np.array(0.0)).verdict != "PASS"
    assert gradcheck.check_gradient(np.linalg.norm, lambda x: 2 * np.ones(2), ORIGIN).verdict == "FAIL"


def test_a_choice_beside_such_a_zero_keeps_its_kink() -> None:
    """max(|a|, 1)^2 + |b|^2 at a = (1, 0), b = 0: the slope in a0 is 2 on one side, 0 on the other."""

    def f(x: Any) -> Any:
        return np.sum(np.maximum(np.sqrt(np.sum(x**2, axis=1)), np.array([1.0, -1.0])) ** 2)

    def verdict(slope: float) -> str:
        answer = np.array([[slope, 0.0], [0.0, 0.0]])
        return gradcheck.check_gradient(
            f, lambda x: answer, np.array([[1.0, 0.0], [0.0, 0.0]]), elsewhere=False
        ).verdict

    assert verdict(3.0) != "PASS"
    assert [verdict(slope) for slope in (0.0, 2.0)] in (["PASS"] * 2, ["UNDECIDED"] * 2)


def test_only_the_diagonal_is_constant() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.arange(9.0).reshape(3, 3) * (x[:, None] - x) ** 3)

    x = np.array([0.5, -1.0, 2.0])
    weights = np.arange(9.0).reshape(3, 3)
    slope = 3 * weights * (x[:, None] - x) ** 2
    assert gradient(f, x)[0] == pytest.approx(slope.sum(1) - slope.sum(0))


@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        (lambda x: np.maximum(x, 0) - np.maximum(-x, 0), {0.0, 1.0, 2.0}),
        (lambda x: np.maximum(x, 0) - np.abs(x), {0.0, 1.0, -1.0, 2.0}),
    ],
)
def test_two_selections_that_chose_the_same_number_may_have_chosen_another(f: Any, slopes: set[float]) -> None:
    found = explore(f, (np.array(0.0),)).vjp()
    assert found.smoothness == "kink"
    assert {float(parts[0].midpoint) for parts in found.alternatives} <= slopes
    assert len(found.alternatives) > 1


def test_a_root_of_a_selection_keeps_its_kink() -> None:
    """sqrt(max(x, 0)) has no slope at 0, although the larger of two zeros may be the constant one."""
    found = explore(lambda x: np.sqrt(np.maximum(x, 0.0)), (np.array(0.0),)).vjp()
    assert found.smoothness == "kink" or not np.isfinite(found.parts[0].midpoint)
    assert (
        gradcheck.check_gradient(lambda x: np.sqrt(np.maximum(x, 0.0)), lambda x: 3.0, np.array(0.0)).verdict != "PASS"
    )


# -- powers of zero ----------------------------------------------------------------------------------------------------


def test_a_base_that_is_zero_beside_an_exponent_that_varies() -> None:
    base, exponent = np.array([0.0, 0.0, 2.0]), np.array([2.0, 1.0, 1.5])
    in_base, in_exponent = gradient(lambda x, b: np.sum(x**b), base, exponent)
    assert in_base == pytest.approx([0.0, 1.0, 1.5 * 2**0.5])
    assert in_exponent == pytest.approx([0.0, 0.0, 2**1.5 * np.log(2)])


def test_a_base_of_zero_has_an_infinite_slope_below_the_exponent_one() -> None:
    in_base, _ = gradient(lambda x, b: np.sum(x**b), np.array([0.0]), np.array([0.5]))
    assert not np.isfinite(in_base[0])


def test_a_wrong_slope_at_a_base_of_zero_is_noticed() -> None:
    point = np.array([0.0, 2.0]), np.array([2.0, 1.5])

    def vjp(c: Any, x: Any, b: Any, at_zero: float) -> Any:
        log = np.log(np.where(x > 0, x, 1.0))
        return c * b * x ** (b - 1), c * np.where(x > 0, x**b * log, at_zero)

    assert gradcheck.check_vjp(np.power, lambda c, x, b: vjp(c, x, b, 0.0), *point).verdict == "PASS"
    assert gradcheck.check_vjp(np.power, lambda c, x, b: vjp(c, x, b, 1e-3), *point).verdict == "FAIL"
    assert gradcheck.check_vjp(np.power, lambda c, x, b: vjp(c, x, b, np.nan), *point).verdict == "FAIL"


# -- what rounding may cost at a zero, and where a density underflows --------------------------------------------------


def test_an_input_of_zero_has_no_last_place_to_move_by() -> None:
    """|x|^1.5 is smooth to first order at 0; moved by a subnormal number, the branch |x| = x would be negative."""
    x = np.array([0.0, 1.2, -0.7])
    rounding = explore(lambda x: np.sum(np.abs(x) ** 1.5), (x,)).rounding()
    assert np.all(rounding.input_change[0] < 1e-15)
    assert np.all(rounding.deviation[0] < 1e-14)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "PASS"), (1 + 1e-5, "FAIL")])
def test_the_tail_of_the_normal_distribution(factor: float, verdict: str) -> None:
    special = pytest.importorskip("scipy.special")
    x = np.array([-40.0, 0.3])

    def vjp(c: Any, x: Any) -> Any:
        return factor * c * np.exp(-x * x / 2 - special.log_ndtr(x)) / np.sqrt(2 * np.pi)

    assert gradcheck.check_vjp(special.log_ndtr, vjp, x).verdict == verdict
    with mpmath.workdps(40):
        t = mpmath.mpf(-40)
        truth = mpmath.npdf(t) / mpmath.ncdf(t)
    found = explore(special.log_ndtr, (x,)).vjp([np.ones(2)]).parts[0]
    assert abs(found.midpoint[0] - float(truth)) <= found.radius[0] + 1e-14 * float(truth)
