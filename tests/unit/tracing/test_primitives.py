"""Every derivative rule, backward and forward, against 40 digits of mpmath."""

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.errors import HarnessFault
from gradcheck.holding import held
from gradcheck.numbers import families
from gradcheck.numbers.arithmetic import UNARY
from gradcheck.numbers.ball import Balls
from gradcheck.numbers.dual import DERIVATIVES, Dual, Duals
from gradcheck.numbers.family_slopes import FAMILY_SLOPES
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing import primitives, sweep
from gradcheck.tracing.fork import explore
from gradcheck.tracing.primitives import PRIMITIVES, SLOPES, Primitive

mp = mpmath.mp

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "exp": (mpmath.exp, (-3.0, 0.0, 2.5)),
    "exp2": (lambda x: mpmath.power(2, x), (-1.5, 0.75)),
    "expm1": (mpmath.expm1, (-20.0, 1e-9, 1.5)),
    "log": (mpmath.log, (1e-8, 0.75, 1e6)),
    "log2": (lambda x: mpmath.log(x, 2), (0.75, 10.0)),
    "log10": (mpmath.log10, (0.75, 10.0)),
    "log1p": (mpmath.log1p, (-0.5, 1e-9, 3.0)),
    "sqrt": (mpmath.sqrt, (1e-4, 2.0)),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), (-2.0, 0.125, 5.0)),
    "sin": (mpmath.sin, (-1.0, 0.0, 100.0)),
    "cos": (mpmath.cos, (-1.0, 0.0, 100.0)),
    "tan": (mpmath.tan, (-1.25, 0.0, 1.5)),
    "arcsin": (mpmath.asin, (-0.9, 0.0, 0.25)),
    "arccos": (mpmath.acos, (-0.9, 0.0, 0.25)),
    "arctan": (mpmath.atan, (-4.0, 0.0, 0.25)),
    "sinh": (mpmath.sinh, (-2.0, 0.0, 1.5)),
    "cosh": (mpmath.cosh, (-2.0, 0.0, 1.5)),
    "tanh": (mpmath.tanh, (-2.0, 0.0, 18.0)),
    "arcsinh": (mpmath.asinh, (-2.0, 0.0, 1.5)),
    "arccosh": (mpmath.acosh, (1.125, 7.0)),
    "arctanh": (mpmath.atanh, (-0.75, 0.0, 0.5)),
    "expit": (lambda x: 1 / (1 + mpmath.exp(-x)), (-40.0, 0.0, 40.0)),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), (-40.0, 0.0, 40.0)),
    "erf": (mpmath.erf, (-1.0, 0.0, 2.0)),
    "erfc": (mpmath.erfc, (-1.0, 0.0, 6.0)),
    "ndtr": (mpmath.ncdf, (-6.0, 0.0, 2.0)),
    "log_ndtr": (lambda x: mpmath.log(mpmath.ncdf(x)), (-6.0, 0.0, 2.0)),
    "gammaln": (lambda x: mpmath.re(mpmath.loggamma(x)), (0.25, 1.5, 30.0)),
    "digamma": (mpmath.digamma, (0.25, 1.5, 30.0)),
    "sinc": (lambda x: mpmath.sincpi(x), (-1.3, 0.0, 0.01, 2.5)),
    "ndtri": (lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1), (0.03, 0.5, 0.9)),
    "erfinv": (mpmath.erfinv, (-0.9, 0.0, 0.3)),
    "erfcinv": (lambda x: mpmath.erfinv(1 - x), (0.1, 1.0, 1.7)),
    "lambertw": (lambda x: mpmath.re(mpmath.lambertw(x)), (-0.3, 0.0, 2.5)),
    "expi": (lambda x: mpmath.re(mpmath.ei(x)), (-1.5, 0.3, 4.0)),
    "exp1": (mpmath.e1, (0.25, 3.0)),
}
FAMILIES: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "jv:0.0": (lambda x: mpmath.besselj(0, x), (0.5, 6.0)),
    "jv:2.5": (lambda x: mpmath.besselj(2.5, x), (0.5, 6.0)),
    "yv:1.0": (lambda x: mpmath.bessely(1, x), (0.5, 6.0)),
    "iv:1.5": (lambda x: mpmath.besseli(1.5, x), (0.5, 6.0)),
    "kv:0.25": (lambda x: mpmath.besselk(0.25, x), (0.5, 6.0)),
    "gammainc:1.0": (lambda x: mpmath.gammainc(1, 0, x, regularized=True), (0.5, 6.0)),
    "gammainc:2.5": (lambda x: mpmath.gammainc(2.5, 0, x, regularized=True), (0.5, 6.0)),
    "gammaincc:0.75": (lambda x: mpmath.gammainc(0.75, x, regularized=True), (0.5, 6.0)),
    "betainc:2.0:3.5": (lambda x: mpmath.betainc(2, 3.5, 0, x, regularized=True), (0.125, 0.75)),
    "betainc:1.0:1.0": (lambda x: mpmath.betainc(1, 1, 0, x, regularized=True), (0.125, 0.75)),
    "polygamma:1.0": (lambda x: mpmath.polygamma(1, x), (0.5, 6.0)),
    "polygamma:2.0": (lambda x: mpmath.polygamma(2, x), (0.5, 6.0)),
    "jv:0.1@1": (lambda x: mpmath.besselj(mpmath.mpf(0.1) + 1, x), (0.5, 6.0)),
    "gammainc:0.1": (lambda x: mpmath.gammainc(mpmath.mpf(0.1), 0, x, regularized=True), (0.5, 6.0)),
    "hyp1f1:0.1:2.3": (lambda x: mpmath.hyp1f1(mpmath.mpf(0.1), mpmath.mpf(2.3), x), (-2.0, 3.0)),
    "hyp2f1:0.1:2.3:0.7": (lambda x: mpmath.hyp2f1(mpmath.mpf(0.1), mpmath.mpf(2.3), mpmath.mpf(0.7), x), (-2.0, 0.5)),
    "ellipk": (mpmath.ellipk, (-2.0, 0.75)),
    "ellipe": (mpmath.ellipe, (-2.0, 0.75)),
    "si": (mpmath.si, (-2.0, 0.75)),
    "ci": (mpmath.ci, (0.5, 6.0)),
    "fresnel_s": (mpmath.fresnels, (-2.0, 0.75)),
    "fresnel_c": (mpmath.fresnelc, (-2.0, 0.75)),
    "dawsn": (lambda x: mpmath.exp(-x * x) * mpmath.erfi(x) * mpmath.sqrt(mpmath.pi) / 2, (-2.0, 0.75)),
    "spence": (lambda x: mpmath.re(mpmath.polylog(2, 1 - x)), (0.5, 6.0)),
}
FUNCTIONS_OF_ONE_ARGUMENT = FUNCTIONS
FUNCTIONS = {**FUNCTIONS, **FAMILIES}
POINTS = [(name, x) for name, (_, points) in FUNCTIONS.items() for x in points]


@pytest.fixture
def balls() -> Iterator[Balls]:
    balls = Balls()
    with balls.scalars.precision(160):
        yield balls


def slope(function: Callable[[Any], Any], x: float) -> Any:
    """f'(x) to 40 digits, by a central difference at 120 digits with a step of 1e-40."""
    with mp.workdps(120):
        h = mpmath.mpf(10) ** -40
        point = mpmath.mpf(x)
        return (function(point + h) - function(point - h)) / (2 * h)


def assert_encloses(balls: Balls, ball: Any, truth: Any, factor: float = 1.0) -> None:
    """The ball contains factor * truth, and is no wider than 1e-30 of it."""
    found = balls.enclosure(ball)
    high = float(found.midpoint)
    with mp.workdps(60):
        truth = factor * truth
        rest = mpmath.mpf(float(balls._rest(ball, high)))
        distance = abs(mpmath.mpf(high) + rest - truth)
        assert distance <= mpmath.mpf(float(balls.radius(ball))) + abs(truth) * mpmath.mpf(10) ** -30
        assert float(balls.radius(ball)) <= 1e-30 * max(1.0, abs(float(truth)))


def test_every_unary_function_is_tested() -> None:
    assert set(FUNCTIONS_OF_ONE_ARGUMENT) == set(UNARY) == set(SLOPES) == set(DERIVATIVES) - {"sinc_slope", "trigamma"}
    assert {name.partition(":")[0] for name in FAMILIES} == set(families.FAMILIES) == set(FAMILY_SLOPES)


@pytest.mark.parametrize(("name", "x"), POINTS)
def test_value(balls: Balls, name: str, x: float) -> None:
    with mp.workdps(60):
        truth = FUNCTIONS[name][0](mpmath.mpf(x))
    assert_encloses(balls, balls.unary(balls.constant(np.array(x)), function=name), truth)


@pytest.mark.parametrize(("name", "x"), [point for point in POINTS if point != ("sinc", 0.0)])
def test_reverse_rule_in_dual_numbers(balls: Balls, name: str, x: float) -> None:
    """The slopes that a reverse sweep needs have slopes themselves: the tangent of 1.5 f'(x) along 1 is 1.5 f''(x)."""
    duals, one = Duals(balls), balls.constant(np.array(1.0))
    point, seed = Dual(balls.constant(np.array(x)), one), Dual(balls.constant(np.array(1.5)), None)
    output = duals.unary(point, function=name)
    (found,) = PRIMITIVES["unary"].vjp(duals, seed, [point], output, {"function": name}, [True])
    with mp.workdps(200):
        h = mpmath.mpf(10) ** -40
        f, at = FUNCTIONS[name][0], mpmath.mpf(x)
        second = (f(at + h) - 2 * f(at) + f(at - h)) / h**2
        second = mpmath.mpf(0) if abs(second) < h else second  # where f is odd about x, or a straight line
    tangent = balls.constant(np.array(0.0)) if found.tangent is None else found.tangent
    assert_encloses(balls, tangent, second, 1.5)


@pytest.mark.parametrize(("name", "x"), POINTS)
def test_reverse_rule(balls: Balls, name: str, x: float) -> None:
    point, seed = balls.constant(np.array(x)), balls.constant(np.array(1.5))
    output = balls.unary(point, function=name)
    (found,) = PRIMITIVES["unary"].vjp(balls, seed, [point], output, {"function": name}, [True])
    assert_encloses(balls, found, slope(FUNCTIONS[name][0], x), 1.5)


@pytest.mark.parametrize(("name", "x"), POINTS)
def test_forward_rule(balls: Balls, name: str, x: float) -> None:
    dual = Dual(balls.constant(np.array(x)), balls.constant(np.array(-2.0)))
    found = Duals(balls).unary(dual, function=name)
    assert_encloses(balls, found.tangent, slope(FUNCTIONS[name][0], x), -2.0)


@pytest.mark.parametrize(("name", "x"), POINTS)
def test_float_value_and_rule(name: str, x: float) -> None:
    """The stochastic arithmetic computes the same functions: without rounding it is accurate to a few units."""
    floats = Floats(np.float64, 0, 1)
    point = floats.constant(np.array(x))
    value = floats.unary(point, function=name)
    with mp.workdps(40):
        assert float(value[0]) == pytest.approx(float(FUNCTIONS[name][0](mpmath.mpf(x))), rel=1e-13, abs=1e-300)
    (found,) = PRIMITIVES["unary"].vjp(floats, floats.constant(np.array(1.0)), [point], value, {"function": name}, [1])
    truth = float(slope(FUNCTIONS[name][0], x))
    # textbook forms such as 1 - tanh^2 lose digits where the function saturates
    assert float(found[0]) == pytest.approx(truth, rel=1e-12, abs=2e-16)


BINARY: dict[str, tuple[Callable[[Any, Any], Any], tuple[tuple[float, float], ...]]] = {
    "add": (lambda a, b: a + b, ((1.5, -2.0),)),
    "sub": (lambda a, b: a - b, ((1.5, -2.0),)),
    "mul": (lambda a, b: a * b, ((1.5, -2.0), (0.0, 3.0))),
    "div": (lambda a, b: a / b, ((1.5, -2.0), (0.0, 3.0))),
    "power": (mpmath.power, ((1.5, -2.25), (0.125, 3.0))),
    "arctan2": (mpmath.atan2, ((1.5, -2.0), (-0.5, -0.25), (0.0, 1.0), (-2.0, 0.0))),
    "hypot": (mpmath.hypot, ((1.5, -2.0), (0.0, 1.0))),
    "logaddexp": (lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)), ((1.5, -2.0), (700.0, 720.0))),
}
PAIRS = [(name, a, b) for name, (_, points) in BINARY.items() for a, b in points]


@pytest.mark.parametrize(("name", "a", "b"), PAIRS)
def test_binary_rules(balls: Balls, name: str, a: float, b: float) -> None:
    function = BINARY[name][0]
    x, y = balls.constant(np.array(a)), balls.constant(np.array(b))
    output = primitives.value(balls, name, [x, y], {})
    with mp.workdps(60):
        assert_encloses(balls, output, function(mpmath.mpf(a), mpmath.mpf(b)))
    of_a = slope(lambda t: function(t, mpmath.mpf(b)), a)
    of_b = slope(lambda t: function(mpmath.mpf(a), t), b)
    seed = balls.constant(np.array(1.5))
    first, second = PRIMITIVES[name].vjp(balls, seed, [x, y], output, {}, [True, True])
    assert_encloses(balls, first, of_a, 1.5)
    assert_encloses(balls, second, of_b, 1.5)
    one, two = balls.constant(np.array(1.0)), balls.constant(np.array(-2.0))
    ahead = primitives.value(Duals(balls), name, [Dual(x, one), Dual(y, two)], {})
    with mp.workdps(60):
        along = of_a - 2 * of_b
    assert_encloses(balls, ahead.tangent, along)


@pytest.mark.parametrize("exponent", [2.0, 3.0, -1.0, 0.5, -2.5, 1.0, 0.0])
@pytest.mark.parametrize("x", [0.75, 4.0])
def test_constant_powers(balls: Balls, exponent: float, x: float) -> None:
    point, at = balls.constant(np.array(x)), {"exponent": np.array(exponent)}
    output = balls.pow(point, **at)
    truth = slope(lambda t: mpmath.power(t, exponent), x)
    (found,) = PRIMITIVES["pow"].vjp(balls, balls.constant(np.array(1.0)), [point], output, at, [True])
    assert_encloses(balls, found, truth)
    ahead = Duals(balls).pow(Dual(point, balls.constant(np.array(1.0))), **at)
    assert_encloses(balls, ahead.tangent, truth)


@pytest.mark.parametrize(("exponent", "expected"), [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0)])
def test_whole_powers_of_zero_and_of_negative_numbers(balls: Balls, exponent: float, expected: float) -> None:
    at = {"exponent": np.array(exponent)}
    for x, truth in ((0.0, expected), (-2.0, exponent * (-2.0) ** (exponent - 1))):
        point = balls.constant(np.array(x))
        seed = balls.constant(np.array(1.0))
        (found,) = PRIMITIVES["pow"].vjp(balls, seed, [point], balls.pow(point, **at), at, [True])
        assert float(balls.midpoint(found)) == truth


def test_outside_the_domain_is_nan(balls: Balls) -> None:
    for name, x in (("log", -1.0), ("sqrt", -1.0), ("arcsin", 2.0), ("arccosh", 0.5), ("log1p", -2.0)):
        assert np.isnan(balls.midpoint(balls.unary(balls.constant(np.array(x)), function=name)))


def test_matrix_product_and_its_rule(balls: Balls) -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4) - 5
    g = np.arange(8.0).reshape(2, 4)
    x, y = balls.constant(a), balls.constant(b)
    output = balls.matmul(x, y)
    assert np.array_equal(balls.midpoint(output), a @ b)
    first, second = PRIMITIVES["matmul"].vjp(balls, balls.constant(g), [x, y], output, {}, [True, True])
    assert np.array_equal(balls.midpoint(first), g @ b.T)
    assert np.array_equal(balls.midpoint(second), a.T @ g)


def test_gather_and_scatter_are_transposes(balls: Balls) -> None:
    index = np.array([[2, 0, -1], [2, 3, 1]])
    x, g = np.array([1.0, 2.0, 4.0, 8.0]), np.array([[1.0, 10.0, 100.0], [1000.0, 0.5, 0.25]])
    gathered = balls.gather(balls.constant(x), index=index, fill=-7.0)
    assert np.array_equal(balls.midpoint(gathered), [[4.0, 1.0, -7.0], [4.0, 8.0, 2.0]])
    scattered = balls.scatter(balls.constant(g), index=index, shape=(4,))
    assert np.array_equal(balls.midpoint(scattered), [10.0, 0.25, 1001.0, 0.5])


def wrong_sine(numbers: Any, g: Any, xs: Any, y: Any, at: Any, needed: Any) -> Any:
    (right,) = primitives._unary(numbers, g, xs, y, at, needed)
    return (numbers.mul(right, numbers.constant(np.array(1 + 2.0**-50))),)


def test_a_corrupted_rule_is_caught_by_the_forward_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = explore(lambda x: np.sum(np.sin(x) * x), (np.array([0.5, 2.0]),))
    outcomes.vjp()
    monkeypatch.setattr(primitives, "PRIMITIVES", {**PRIMITIVES, "unary": Primitive(wrong_sine)})
    monkeypatch.setattr("gradcheck.tracing.sweep.PRIMITIVES", primitives.PRIMITIVES)
    with pytest.raises(HarnessFault, match="contradict each other"):
        explore(lambda x: np.sum(np.sin(x) * x), (np.array([0.5, 2.0]),)).vjp()


def test_no_derivative_passes_a_held_value_and_roundings_do() -> None:
    """f = x * held(x^2): the gradient is x^2. What rounds x^2 by d moves f by x d."""
    outcomes = explore(lambda x: x * held(x * x), (np.array(3.0),))
    (gradient,) = outcomes.vjp().parts
    assert (gradient.midpoint, gradient.radius) == (9.0, 0.0)
    run = outcomes.first
    (square,) = [k for k, node in enumerate(run.trace.record.nodes) if node.args == (0, 0)]
    values, seeds = run.trace.values, {run.outputs[0]: run.trace.balls.constant(np.array(1.0))}
    without = sweep.reverse(run.trace.balls, run.trace.record, values, seeds)
    assert without[square] is None
    everything = sweep.reverse(run.trace.balls, run.trace.record, values, seeds, constants=True)
    assert run.trace.balls.midpoint(everything[square]) == 3.0


@pytest.mark.parametrize("name", sorted(set(PRIMITIVES) - {"unary", "held"}))
def test_every_corrupted_rule_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule off by one part in 10^15 contradicts the forward sweep."""

    def uses(x: Any) -> Any:
        y = np.cumsum(np.hypot(x, x + 3) - x / (x + 4)) + np.arctan2(x, x + 5) + (-x) ** 3 + (x + 2) ** (x + 1)
        z = np.logaddexp(y, x) @ np.outer(x, y)
        out = np.zeros_like(x)
        np.add.at(out, [0, 0, 1], z)
        return np.sum(out[::-1] * x)

    rule = PRIMITIVES[name].vjp

    def corrupted(numbers: Any, *args: Any) -> Any:
        factor = numbers.constant(np.array(1 + 2.0**-50))
        return tuple(None if c is None else numbers.mul(c, factor) for c in rule(numbers, *args))

    x = np.array([0.5, 1.25, 0.75])
    explore(uses, (x,)).vjp()
    bent = {**PRIMITIVES, name: Primitive(corrupted, PRIMITIVES[name].elementwise)}
    monkeypatch.setattr("gradcheck.tracing.sweep.PRIMITIVES", bent)
    with pytest.raises(HarnessFault, match="contradict each other"):
        explore(uses, (x,)).vjp()
