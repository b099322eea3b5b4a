"""Finite differences: truth lies within every bound, wrong derivatives outside, and what has no derivative is seen."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.errors import InvalidProblem, Unsupported
from gradcheck.oracle.complex_step import complex_step_along
from gradcheck.oracle.differences.blackbox import WIDE
from gradcheck.oracle.differences.ladder import RUNGS
from gradcheck.oracle.differences.stencil import DEGREE, POINTS, PROBES, SAFETY, stencil
from gradcheck.oracle.estimate import Aside, Estimates, Kind
from gradcheck.oracle.finite_difference import difference_gradient, directional, finite_difference, ladder
from gradcheck.problem import Graph, GraphBuilder

mp = mpmath.mp.clone()
mp.dps = 40

longdouble_only = pytest.mark.skipif(not WIDE, reason="longdouble is no wider than float64 here")


def slope(f: Callable[[Any], Any], x: float, scale: float | None = None) -> tuple[float, float]:
    """Derivative of f at x and its bound."""
    found = ladder(lambda t: f(x + t), abs(x) or 1.0 if scale is None else scale)
    return float(found.value[0]), float(found.error[0])


def truth(f: Callable[[Any], Any], x: float) -> float:
    """f'(x) by mpmath from 40 digits on, x exactly the float."""
    with mp.workdps(80):
        return float(mp.diff(f, mp.mpf(x), h=mp.mpf(10) ** -30 * (abs(mp.mpf(x)) or 1)))


SMOOTH = {
    "sin": (np.sin, mp.sin, 1.0),
    "exp(30x)": (lambda x: np.exp(30 * x), lambda x: mp.exp(30 * x), 1.0),
    "sin(1000x)": (lambda x: np.sin(1000 * x), lambda x: mp.sin(1000 * x), 1.0),
    "sin(1e5 x)": (lambda x: np.sin(1e5 * x), lambda x: mp.sin(10**5 * x), 0.3),
    "1e12 tanh": (lambda x: 1e12 * np.tanh(x), lambda x: 10**12 * mp.tanh(x), 0.3),
    "1e-12 tanh": (lambda x: 1e-12 * np.tanh(x), lambda x: mp.mpf(1e-12) * mp.tanh(x), 0.3),
    "log at 1e-8": (np.log, mp.log, 1e-8),
    "log at 1e8": (np.log, mp.log, 1e8),
    "sqrt at 1e-12": (np.sqrt, mp.sqrt, 1e-12),
    "1/x": (lambda x: 1 / x, lambda x: 1 / x, -1e-8),
    "pole beside": (lambda x: 1 / (x - 1.001), lambda x: 1 / (x - mp.mpf(1.001)), 1.0),
    "sin at 1e8": (np.sin, mp.sin, 1e8),
    "sigmoid(-40)": (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + mp.exp(-x)), -40.0),
    "tanh(1e6 x)": (lambda x: np.tanh(1e6 * x), lambda x: mp.tanh(10**6 * x), 0.0),
    "softplus(1e6 x)": (lambda x: np.logaddexp(0, 1e6 * x), lambda x: mp.log1p(mp.exp(10**6 * x)), 0.0),
    "x + cos x at 1e-8": (lambda x: x + np.cos(x), lambda x: x + mp.cos(x), 1e-8),
    "cubic": (lambda x: x**3 - 2 * x, lambda x: x**3 - 2 * x, 0.0),
    "bump": (lambda x: np.sin(x) + 1e-2 * x * np.exp(-((1e6 * x) ** 2)), lambda x: mp.sin(x) + mp.mpf(1e-2) * x, 0.0),
    "large values": (lambda x: 1e300 * np.exp(x), lambda x: mp.mpf(1e300) * mp.exp(x), 1.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions(name: str) -> None:
    f, exact, x = SMOOTH[name]
    true = truth(exact, x)
    estimate = difference_gradient(f, [np.array(x)], precision="float64").gradients[0]
    assert estimate is not None
    value, error = float(estimate.value), float(estimate.error)
    assert abs(value - true) <= error
    assert error <= 1e-7 * abs(true)
    assert not abs(value - true * (1 + 1e-6)) <= error


@pytest.mark.parametrize("name", ["sin", "exp(30x)", "1e12 tanh", "cubic"])
def test_bound_is_not_idle(name: str) -> None:
    """Both sides: a derivative off by twice the bound is outside, and the bound is not far above rounding."""
    f, exact, x = SMOOTH[name]
    true = truth(exact, x)
    value, error = slope(f, x)
    assert abs(value - (true + 2 * error)) > error
    assert abs(value - (true - 2 * error)) > error
    assert error <= 1e-9 * abs(true)


def test_few_evaluations_where_the_function_is_well_behaved() -> None:
    assert ladder(lambda t: np.sin(1 + t)).evaluations <= 35


def test_stationary_point_and_constant() -> None:
    for f, x in (
        (np.square, 0.0),
        (lambda x: (x - 0.7) ** 4, 0.7),
        (lambda x: 3.0 + 0 * x, 1.0),
        (lambda x: 0 * x, 0.0),
    ):
        value, error = slope(f, x)
        assert abs(value) <= error <= 1e-12


NOISY = {
    "1e8 + sin": (lambda x: 1e8 + np.sin(x), 1.0, np.cos(1.0)),
    "(1e8 + sin) - 1e8": (lambda x: (1e8 + np.sin(x)) - 1e8, 1.0, np.cos(1.0)),
    "(1e8 + sin) - 1e8 + x": (lambda x: (1e8 + np.sin(x)) - 1e8 + x, 1.0, 1 + np.cos(1.0)),
    "((1e8 + x) - 1e8)**2": (lambda x: ((1e8 + x) - 1e8) ** 2, 0.3, 0.6),
    "float32 inside": (lambda x: np.float64(np.sin(np.float32(x))), 1.0, np.cos(1.0)),
    "(1 - cos x)/x^2": (lambda x: (1 - np.cos(x)) / x**2, 1e-3, -1e-3 / 12),
}


@pytest.mark.parametrize("name", NOISY)
def test_noise_widens_the_bound(name: str) -> None:
    """Tiny steps agree with each other here, and are wrong."""
    f, x, true = NOISY[name]
    value, error = slope(f, x)
    assert abs(value - true) <= error
    assert 1e-12 <= error <= 1e-4
    assert not abs(value - (true + 1e-3)) <= error


@pytest.mark.parametrize("size", [1e-12, 1e-7, 1e-3])
@pytest.mark.parametrize("seed", range(8))
def test_random_noise(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    value, error = slope(lambda x: np.sin(x) + size * rng.standard_normal(), 1.0)
    assert abs(value - np.cos(1.0)) <= error <= 1e4 * size
    assert error > size


@pytest.mark.parametrize(
    ("f", "left", "right"),
    [
        (np.abs, -1, 1),
        (lambda x: np.maximum(x, 0), 0, 1),
        (lambda x: np.maximum(np.sin(x), 2 * x), 1, 2),
        (lambda x: np.exp(x) + 1e-6 * abs(x), 1 - 1e-6, 1 + 1e-6),
        (lambda x: np.where(x > 0, x, 0.01 * x), 0.01, 1),
    ],
)
def test_kink_at_the_point(f: Callable[[Any], Any], left: float, right: float) -> None:
    found = ladder(lambda t: f(np.float64(t)))
    assert found.error[0] == np.inf
    assert found.kink[0]
    assert not found.jump[0]
    assert found.left[0] == pytest.approx(left, abs=1e-8)
    assert found.right[0] == pytest.approx(right, abs=1e-8)


@pytest.mark.parametrize(
    "f", [np.tanh, lambda x: x * abs(x), lambda x: abs(x) ** 1.5, lambda x: np.sqrt(x * x + 1e-12)]
)
def test_no_kink_where_there_is_a_derivative(f: Callable[[Any], Any]) -> None:
    found = ladder(f)
    assert not found.kink[0]
    assert not found.jump[0]
    assert np.isfinite(found.error[0])
    assert np.isnan(found.left[0])


@pytest.mark.parametrize("distance", [0.1, 1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("side", [1, -1])
def test_kink_beside_the_point(distance: float, side: int) -> None:
    """The steps shrink until the kink is outside."""
    f = lambda x: np.maximum(x - side * distance, 0) + 0.5 * x  # noqa: E731
    value, error = slope(f, 0.0)
    true = 0.5 if side > 0 else 1.5
    assert abs(value - true) <= error <= 1e-6
    assert not abs(value - (2 - true)) <= error


@pytest.mark.parametrize("distance", [3e-13, 1e-14])
def test_kink_too_near_to_tell(distance: float) -> None:
    """At x = 1 these kinks are within rounding of the differences: the bound covers it, or says nothing."""
    value, error = slope(lambda x: np.abs(x - 1 - distance), 1.0)
    assert abs(value + 1) <= error


def test_jumps() -> None:
    for f, x in ((np.sign, 0.0), (lambda x: x + (x > 0), 0.0), (np.floor, 2.0)):
        found = ladder(lambda t, f=f, x=x: f(np.float64(x + t)))
        assert found.jump[0]
        assert found.error[0] == np.inf
    beside, error = slope(lambda x: x + (x > 1e-6), 0.0)
    assert abs(beside - 1) <= error <= 1e-9
    flat, error = slope(np.floor, 2.3)
    assert abs(flat) <= error <= 1e-9


def test_infinite_slope_and_endless_oscillation_are_unknown() -> None:
    for f, x in ((np.cbrt, 0.0), (lambda x: np.sqrt(abs(x)), 0.0), (lambda x: np.sin(1e13 * x), 1.0)):
        assert slope(f, x)[1] == np.inf


@pytest.mark.parametrize("x", [1e17, 1e20, 1e30])
def test_waves_between_neighbouring_floats_are_unknown(x: float) -> None:
    """Sampled so coarsely sin looks like noise around a mean slope of about 0."""
    assert slope(np.sin, x)[1] == np.inf


@pytest.mark.parametrize("large", [1e6, 1e8, 1e12, 1e30, 1e300])
def test_an_entry_among_far_larger_ones(large: float) -> None:
    found = difference_gradient(lambda x: 1e4 + np.sum(np.sin(x[1:])) + x[0] / large, [np.array([large, 0.5, 0.0])])
    value, error = found.gradients[0].value[1:], found.gradients[0].error[1:]
    assert np.all(np.abs(value - np.cos([0.5, 0.0])) <= error)
    assert np.all(error < 1e-6)


@pytest.mark.parametrize("x", [-np.inf, 1e308, 1.7e308, -1.7e308, np.nan])
def test_numbers_at_the_end_of_the_range_give_no_warning(x: float) -> None:
    """Where warnings are errors, one of the oracle's own arithmetic would end the check."""
    point = np.array([x, 0.5])
    found = difference_gradient(lambda x: np.sum(np.sin(x[1:])) + np.tanh(x[0]), [point])
    value, error = found.gradients[0].value, found.gradients[0].error
    assert abs(value[1] - np.cos(0.5)) <= error[1]
    assert error[1] < 1e-6 or np.isnan(x)
    assert error[0] == np.inf or np.isfinite(x)
    complex_step_along(lambda x: np.sin(x), [point], {0: np.array([1e300, 1.0])}, np.array([1e300, 1.0]))


def test_domain_edges_shrink_the_steps() -> None:
    for f, x, true in ((np.log, 1e-8, 1e8), (np.sqrt, 1e-6, 500.0), (lambda x: np.log1p(-x), 0.999, -1000.0)):
        value, error = slope(f, x, scale=1.0)
        assert abs(value - true) <= error <= 1e-6 * abs(true)
    assert slope(np.log, -1.0)[1] == np.inf


def test_components_are_judged_one_by_one() -> None:
    found = ladder(lambda t: np.array([[np.sin(t), abs(t)], [1e8 + t, np.exp(50 * t)]]))
    true = [1, np.nan, 1, 50]
    for k in (0, 2, 3):
        assert abs(found.value[k] - true[k]) <= found.error[k] <= 1e-6 * true[k]
    assert found.kink.tolist() == [False, True, False, False]


@longdouble_only
def test_longdouble_narrows_the_bound() -> None:
    found = ladder(lambda t: np.sin(np.longdouble(1) + t), dtype=np.longdouble)
    assert abs(found.value[0] - truth(mp.sin, 1.0)) <= found.error[0] <= 1e-15
    assert slope(np.sin, 1.0)[1] > 1e-15


def test_sums_of_waves_and_exponentials() -> None:
    """Two hundred functions with closed derivatives, amplitudes and frequencies over many scales."""
    rng = np.random.default_rng(20)
    ratios, missed = [], 0
    for _ in range(200):
        a, w, c = rng.standard_normal(4), 10 ** rng.uniform(-1, 2.5, 4), rng.uniform(0, 6, 4)
        x, k = rng.uniform(-2, 2), rng.uniform(-3, 3)
        value, error = slope(lambda x, a=a, w=w, c=c, k=k: a @ np.sin(w * x + c) + np.exp(k * x), x)
        terms = zip(a, w, c, strict=True)
        true = sum(mp.mpf(p) * q * mp.cos(mp.mpf(q) * x + mp.mpf(r)) for p, q, r in terms) + k * mp.exp(mp.mpf(k) * x)
        distance = float(abs(value - true))
        missed += distance > error
        ratios.append(error / max(distance, 1e-300))
    assert missed == 0
    assert np.median(ratios) < 1e3


class TestStencil:
    """The claims of `stencil`, over sweeps."""

    maps = stencil(np.dtype(np.float64))

    def test_exact_for_its_degree_and_no_further(self) -> None:
        t = self.maps.points
        for k in range(DEGREE + 1):
            assert self.maps.slope @ t**k == pytest.approx(float(k == 1), abs=1e-13)
            assert np.abs(self.maps.rest @ t**k).max() < 1e-13
        assert np.abs(self.maps.rest @ t ** (DEGREE + 1)).max() > 1e-4

    def within(self, values: np.ndarray, true: float) -> float:
        """Error of the slope in units of its bound."""
        spread = np.sqrt(np.mean((self.maps.rest @ values) ** 2))
        return float(abs(self.maps.slope @ values - true) / (SAFETY * self.maps.slope_norm * spread))

    def test_what_is_left_over_bounds_the_error(self) -> None:
        t = self.maps.points
        places = np.concatenate([s * np.geomspace(1e-6, 0.999, 400) for s in (1, -1)])
        assert max(self.within(np.maximum(t - c, 0), float(c < 0)) for c in places) < 1
        assert max(self.within(1.0 * (t > c), 0) for c in places if abs(c) < 0.99) < 1
        assert max(self.within(1 / (t - c), -1 / c**2) for c in places * 3 if abs(c) > 0.1) < 1
        assert max(self.within(np.exp(k * t), k) for k in np.linspace(0.5, 60, 200)) < 1
        assert max(self.within(np.sin(k * t + 1), k * np.cos(1)) for k in np.linspace(0.5, 40, 400)) < 1

    def test_no_bound_without_something_left_over(self) -> None:
        """The wrong subject: a polynomial of the stencil's degree whose slope is said to be something else."""
        assert self.within(self.maps.points**3 + 1e-9 * np.abs(self.maps.points), 0.1) > 1


class TestBlackBox:
    """`difference_gradient` and `directional` on functions of arrays."""

    def test_every_entry(self) -> None:
        rng = np.random.default_rng(0)
        w, x = rng.standard_normal((3, 4)), rng.standard_normal(4)
        found = difference_gradient(lambda w, x: np.sum(np.tanh(w @ x)), [w, x])
        inner = 1 - np.tanh(w @ x) ** 2
        for estimate, true in zip(found.gradients, (np.outer(inner, x), w.T @ inner), strict=True):
            assert estimate is not None
            assert estimate.kind is Kind.ESTIMATED
            assert np.all(np.abs(estimate.value - true) <= estimate.error + 1e-15)
            assert np.all(estimate.error <= 1e-8)
            assert not np.any(np.abs(estimate.value - 1.0001 * true - 1e-6) <= estimate.error)
        assert found.evaluations <= 200 * 16
        assert not found.breaks
        loss = float(np.sum(np.tanh(w @ x)))
        assert abs(found.loss.value - loss) <= found.loss.error + 1e-15 <= 1e-12

    def test_choice_of_inputs(self) -> None:
        f = lambda x, k, y: float(np.sum(x) * k[0] * y)  # noqa: E731
        point = [np.array([1.0, 2.0]), np.array([3]), np.array(0.5)]
        found = difference_gradient(f, point)
        assert found.gradients[1] is None
        assert [g is None for g in difference_gradient(f, point, wrt=[2]).gradients] == [True, True, False]
        with pytest.raises(InvalidProblem, match="wrt names input 1"):
            difference_gradient(f, point, wrt=[1])

    def test_cotangents(self) -> None:
        x = np.array([0.3, -0.4])
        found = difference_gradient(np.sin, [x], cotangent=np.array([2.0, -1.0]))
        assert np.all(np.abs(found.gradients[0].value - np.cos(x) * [2, -1]) <= found.gradients[0].error)
        pair = lambda x: (x[0] * x[1], x**2)  # noqa: E731
        found = difference_gradient(pair, [x], cotangent=(np.array(2.0), np.array([1.0, 3.0])))
        assert np.all(np.abs(found.gradients[0].value - [2 * x[1] + 2 * x[0], 2 * x[0] + 6 * x[1]]) <= 1e-13)
        with pytest.raises(InvalidProblem, match="single number"):
            difference_gradient(np.sin, [x])
        with pytest.raises(InvalidProblem, match="output's shape"):
            difference_gradient(np.sin, [x], cotangent=np.ones(3))

    def test_a_function_may_write_into_its_inputs_and_reuse_its_output(self) -> None:
        out = np.zeros(())

        def f(x: np.ndarray) -> np.ndarray:
            x *= x
            out[...] = x.sum().astype(float)
            return out

        x = np.array([1.0, 2.0, 3.0])
        found = difference_gradient(f, [x])
        assert np.all(np.abs(found.gradients[0].value - [2, 4, 6]) <= found.gradients[0].error)
        assert x.tolist() == [1, 2, 3]

    def test_the_same_array_twice_is_two_slots(self) -> None:
        x = np.array(1.5)
        first, second = difference_gradient(lambda a, b: a * b**2, [x, x]).gradients
        assert float(first.value) == pytest.approx(2.25, abs=1e-12)
        assert float(second.value) == pytest.approx(4.5, abs=1e-12)

    def test_runs_that_raise_or_warn_have_no_value(self) -> None:
        def raises(x: np.ndarray) -> Any:
            if x <= 0:
                raise ValueError("negative")
            return x**1.5

        def warns(x: np.ndarray) -> Any:
            return np.where(x > 0, np.sqrt(x), 0.0) + x  # sqrt of a negative number warns, and is not used

        for f, true in ((raises, 1.5e-3), (warns, 1 + 0.5e3)):
            estimate = difference_gradient(f, [np.array(1e-6)], budget=400).gradients[0]
            assert abs(estimate.value - true) <= estimate.error <= 1e-7 * true

    def test_warnings_at_the_point_itself_are_put_up_with(self) -> None:
        sigmoid = lambda x: 1 / (1 + np.exp(-x)) + 0 * x  # noqa: E731
        estimate = difference_gradient(sigmoid, [np.array(-800.0)], precision="float64").gradients[0]
        assert abs(estimate.value) <= 1e-300

    def test_what_raises_at_the_point_is_raised(self) -> None:
        with pytest.raises(ZeroDivisionError):
            difference_gradient(lambda x: 1 / 0, [np.array(1.0)])
        with pytest.raises(Unsupported, match="complex"):
            difference_gradient(lambda x: x, [np.array(1j)])
        with pytest.raises(InvalidProblem, match="real numbers"):
            difference_gradient(lambda x: "three", [np.array(1.0)])
        with pytest.raises(InvalidProblem, match="precision"):
            difference_gradient(lambda x: x, [np.array(1.0)], precision="half")

    def test_breaks_are_named(self) -> None:
        found = difference_gradient(lambda x: np.sum(np.abs(x)) + np.floor(x[2]), [np.array([1.0, 0.0, 3.0])])
        assert [(b.index, b.jump) for b in found.breaks] == [((1,), False), ((2,), True)]
        assert "kink: slope -1 on the left, 1 on the right" in str(found.breaks[0])
        assert np.isinf(found.gradients[0].error).tolist() == [False, True, True]

    def test_budget_leaves_the_rest_unknown(self) -> None:
        estimate = difference_gradient(lambda x: np.sum(np.abs(x)), [np.zeros(3)], budget=100).gradients[0]
        assert np.all(estimate.error == np.inf) or np.all(np.abs(estimate.value) <= estimate.error)
        found = difference_gradient(lambda x: np.sum(x), [np.ones(3)], budget=0)
        assert np.all(found.gradients[0].error == np.inf)

    def test_empty_inputs(self) -> None:
        found = difference_gradient(lambda x: np.sum(x), [np.zeros((0, 3))])
        assert found.gradients[0].value.shape == (0, 3)

    @longdouble_only
    def test_precision(self) -> None:
        x = np.array([1.0, 2.0])
        assert difference_gradient(lambda x: np.sum(np.sin(x)), [x]).precision == "longdouble"
        assert difference_gradient(lambda x: np.sum(np.sin(x)), [x], precision="float64").precision == "float64"
        casts = lambda x: np.sum(np.sin(x.astype(np.float64)))  # noqa: E731
        assert difference_gradient(casts, [x]).precision == "float64"
        with pytest.raises(Unsupported, match="longdouble"):
            difference_gradient(casts, [x], precision="longdouble")
        hidden = lambda x: np.sum(np.sin(x.astype(np.float64))).astype(np.longdouble)  # noqa: E731
        assert difference_gradient(hidden, [x]).precision == "float64"

    @longdouble_only
    def test_longdouble_in_part_is_measured_as_noise(self) -> None:
        f = lambda x: np.sin(x.astype(np.float64)) + x  # noqa: E731
        estimate = difference_gradient(f, [np.array(1.0)], precision="longdouble").gradients[0]
        assert abs(estimate.value - (1 + np.cos(1.0))) <= estimate.error
        assert estimate.error >= 1e-16

    def test_float32_inputs_are_judged_in_more(self) -> None:
        x = np.array([0.1, 0.7], dtype=np.float32)
        estimate = difference_gradient(lambda x: np.sum(np.sin(x)), [x]).gradients[0]
        assert np.all(np.abs(estimate.value - np.cos(x.astype(float))) <= estimate.error)
        assert np.all(estimate.error < 1e-12)

    @pytest.mark.parametrize("answer", [np.float32, np.float64])
    @pytest.mark.parametrize(
        ("f", "slope"), [(np.sin, np.cos), (np.square, lambda x: 2 * x), (np.exp, np.exp)], ids=["sin", "square", "exp"]
    )
    def test_a_function_that_computes_in_float32(self, f: Any, slope: Any, answer: Any) -> None:
        # The bound holds, and 4 digits of 7 are left, whatever dtype the answer has: its rounding is counted once.
        x = np.array([0.3, 1.3, 2.3])
        single = lambda x: answer(np.sum(f(x.astype(np.float32))))  # noqa: E731
        found = difference_gradient(single, [x])
        estimate = found.gradients[0]
        assert np.all(np.abs(estimate.value - slope(x)) <= estimate.error)
        assert np.all(estimate.error < 1e-4 * np.maximum(1, slope(x)))
        assert found.loss.error < 1e-4

    @pytest.mark.parametrize("answer", [np.float32, np.float64])
    def test_a_direction_of_a_function_that_computes_in_float32(self, answer: Any) -> None:
        x = np.array([0.3, 1.3, 2.3])
        value, error, _ = directional(lambda x: np.sin(x.astype(np.float32)).astype(answer), [x], [np.ones(3)])
        assert np.all(np.abs(value - np.cos(x)) <= error)
        assert np.all(error < 1e-4)

    def test_direction(self) -> None:
        rng = np.random.default_rng(1)
        w, x = rng.standard_normal((5, 4)), rng.standard_normal(4)
        u, v = rng.standard_normal((5, 4)), rng.standard_normal(4)
        f = lambda w, x: np.tanh(w @ x)  # noqa: E731
        true = (1 - np.tanh(w @ x) ** 2) * (u @ x + w @ v)
        value, error, info = directional(f, [w, x], [u, v])
        assert value.shape == error.shape == info.noise.shape == (5,)
        assert np.all(np.abs(value - true) <= error + 1e-15)
        assert np.all(error < 1e-9)
        assert not np.any(np.abs(value - true * (1 + 1e-5)) <= error)
        weighed, bound, info = directional(f, [w, x], [u, v], cotangent=np.arange(5.0))
        assert isinstance(weighed, float)
        assert abs(weighed - true @ np.arange(5.0)) <= bound + 1e-15
        assert info.evaluations < 200
        pair, errors, _ = directional(lambda x: (x[0], np.outer(x, x)), [x], [v])
        assert isinstance(pair[0], float)
        assert np.all(np.abs(pair[1] - np.outer(x, v) - np.outer(v, x)) <= errors[1] + 1e-15)
        with pytest.raises(InvalidProblem, match="shapes"):
            directional(f, [w, x], [u])

    def test_direction_through_a_kink(self) -> None:
        _, error, info = directional(lambda x: np.sum(np.abs(x)), [np.array([0.0, 1.0])], [np.array([1.0, 1.0])])
        assert error == np.inf
        assert info.kink
        assert (info.left, info.right) == (pytest.approx(0), pytest.approx(2))


class TestGraphs:
    """The oracle."""

    @staticmethod
    def small() -> Graph:
        build = GraphBuilder()
        w, b, x = build.parameter("w"), build.parameter("b"), build.input("x")
        return build.graph(0.5 * build.square(build.sigmoid(w * x + b)))

    def test_closed_form(self) -> None:
        point = {"w": np.array(0.7), "b": np.array(-0.2), "x": np.array(1.5)}
        found = finite_difference(self.small(), point)
        assert isinstance(found, Estimates)
        assert found.oracle == finite_difference.name == "finite_difference"
        s = 1 / (1 + mp.exp(-(mp.mpf(0.7) * 1.5 + mp.mpf(-0.2))))
        db = s * s * (1 - s)
        assert abs(found.loss.value - s * s / 2) <= found.loss.error <= 1e-13
        for name, true in (("b", db), ("w", db * mp.mpf(1.5))):
            estimate = found.gradients[name]
            assert estimate.kind is Kind.ESTIMATED
            assert abs(mp.mpf(float(estimate.value)) - true) <= estimate.error <= 1e-10
            assert not abs(estimate.value - 2 * float(true)) <= estimate.error
        assert any("evaluations in" in note for note in found.notes)

    def test_arrays_and_scalars_alike(self) -> None:
        build = GraphBuilder()
        w, x = build.parameter("W", (3, 2)), build.input("x", (2,))
        graph = build.graph(build.logsumexp(build.tanh(build.matmul(w, x))))
        point = {"W": np.linspace(-1, 1, 6).reshape(3, 2), "x": np.array([0.5, -1.5])}
        found = finite_difference(graph, point)
        assert isinstance(found, Estimates)
        a = np.tanh(point["W"] @ point["x"])
        true = np.outer(np.exp(a) / np.exp(a).sum() * (1 - a**2), point["x"])
        assert np.all(np.abs(found.gradients["W"].value - true) <= found.gradients["W"].error + 1e-15)
        assert np.all(found.gradients["W"].error < 1e-9)

    def test_float64_where_an_op_has_no_longdouble(self) -> None:
        build = GraphBuilder()
        graph = build.graph(build.gelu(build.parameter("w")))
        found = finite_difference(graph, {"w": np.array(0.8)})
        assert isinstance(found, Estimates)
        true = truth(lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2, 0.8)
        assert abs(found.gradients["w"].value - true) <= found.gradients["w"].error <= 1e-10
        assert "float64" in found.notes[0]

    def test_kink_is_noted(self) -> None:
        build = GraphBuilder()
        graph = build.graph(build.sum(build.relu(build.parameter("w", (2,)))))
        found = finite_difference(graph, {"w": np.array([0.0, 1.0])})
        assert isinstance(found, Estimates)
        assert found.gradients["w"].error.tolist()[0] == np.inf
        assert found.gradients["w"].error.tolist()[1] < 1e-9
        assert any("'w'[0]: kink: slope 0 on the left, 1 on the right" in note for note in found.notes)

    def test_dead_branches_and_domain_edges(self) -> None:
        build = GraphBuilder()
        w, v = build.parameter("w"), build.parameter("v")
        build.exp(v)
        found = finite_difference(build.graph(build.log(w)), {"w": np.array(1e-8), "v": np.array(2.0)})
        assert isinstance(found, Estimates)
        assert abs(found.gradients["w"].value - 1e8) <= found.gradients["w"].error <= 1
        assert abs(found.gradients["v"].value) <= found.gradients["v"].error <= 1e-10

    def test_no_parameters(self) -> None:
        build = GraphBuilder()
        found = finite_difference(build.graph(build.exp(build.input("x"))), {"x": np.array(1.0)})
        assert isinstance(found, Estimates)
        assert not found.gradients

    def test_steps_aside_when_there_are_too_many_entries(self) -> None:
        build = GraphBuilder()
        w, x = build.parameter("W", (200, 200)), build.input("x", (200,))
        graph = build.graph(build.sum(build.matmul(w, x)))
        found = finite_difference(graph, {"W": np.ones((200, 200)), "x": np.ones(200)})
        assert isinstance(found, Aside)
        assert "40 000 entries" in found.reason


EXTREME = [5e-324, 1e-310, 1e-160, 1e154, 1e308, -5e-324, -0.0]


@pytest.mark.parametrize("value", EXTREME)
def test_a_graph_at_an_extreme_value_is_answered(value: float) -> None:
    """Step and scale once underflowed to 0 together, and the ladder never ended."""
    build = GraphBuilder()
    graph = build.graph(0.5 * build.parameter("x"))
    estimates = finite_difference(graph, {"x": np.array(value)})
    assert isinstance(estimates, Estimates)
    found = estimates.gradients["x"]
    assert abs(float(found.value) - 0.5) <= float(found.error) < 1e-12


@pytest.mark.parametrize("value", EXTREME)
def test_a_function_at_an_extreme_value_is_answered(value: float) -> None:
    x = np.array([value, 1.0])
    found = difference_gradient(lambda x: 0.5 * x[0] + x[1], [x]).gradients[0]
    assert found is not None
    assert np.all(np.abs(found.value - [0.5, 1.0]) <= found.error)
    slope, error, _ = directional(lambda x: 0.5 * np.max(x), [np.array([value])], [np.ones(1)])
    assert abs(slope - 0.5) <= error < 1e-12


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 0.0, 1e308, np.inf, np.nan])
def test_a_ladder_has_a_bounded_number_of_rungs(scale: float) -> None:
    """sin(1 / t) is resolved at no scale: the longest ladder."""
    runs = 0

    def torn(t: float) -> float:
        nonlocal runs
        runs += 1
        return float(np.sin(1 / t)) if t else 0.0

    found = ladder(torn, scale)
    assert found.error[0] > 1e3  # of a slope that is nowhere
    assert runs <= 1 + RUNGS * (POINTS + len(PROBES)) + 60 * 8 * RUNGS


def test_roundings_that_repeat_are_in_the_bound() -> None:
    """Every value of x + 0.1 + 0.1 + ... is off by the same roundings: no misfit shows them."""
    build = GraphBuilder()
    h, c = build.parameter("x"), build.constant(0.1)
    for _ in range(1000):
        h = build.add(h, c)
    graph = build.graph(build.square(h))
    found = finite_difference(graph, {"x": np.array(0.37)})
    assert isinstance(found, Estimates)
    assert found.loss is not None
    total = Fraction(0.37) + 1000 * Fraction(0.1)
    for estimate, truth in [(found.loss, total**2), (found.gradients["x"], 2 * total)]:
        assert abs(Fraction(float(estimate.value)) - truth) <= Fraction(float(estimate.error)) + truth / 2**53
