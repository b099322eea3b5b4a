"""Every row of `reference/rules.py` against 450-digit derivatives of the op's definition."""

import numpy as np
import pytest

from gradcheck.problem import OPS
from gradcheck.reference.rules import RULES, Rule, pullback, unbroadcast

LIMIT = 32.0
"""Units roundoff of the summed terms' magnitude: the most that a rule may be off."""

CASES = [
    pytest.param(op.name, shapes, attributes, id=f"{op.name}-{k}")
    for op in OPS.values()
    for k, (shapes, attributes) in enumerate(op.examples)
]
SPECIAL = [
    pytest.param(op.name, special, id=f"{op.name}{special}")
    for op in OPS.values()
    for special in op.special
    if op.name != "gelu"  # see test_gelu_far_out
    and (op.kink is None or np.all(op.kink(*map(np.float64, special)) > 0))
]


def drawn(op, shapes, dtype, seed=7):
    random = np.random.default_rng(seed)
    arguments = [random.uniform(*OPS[op].range_of(k), shape).astype(dtype) for k, shape in enumerate(shapes)]
    return [np.asarray(a) for a in arguments], random


@pytest.fixture
def errors(exact_truth, in_ulps):
    """(error of the value, error of the messages), both in units roundoff."""

    def measure(rule, op, arguments, attributes, cotangent):
        dtype = arguments[0].dtype
        exact = exact_truth(op, arguments, attributes, cotangent)
        value = np.asarray(rule.value(*arguments, **attributes))
        messages = pullback(rule, cotangent, value, arguments, attributes)
        largest = max(np.max(np.abs(a)) for a in arguments)
        if OPS[op].elementwise:
            scale, scales = abs(exact.value), exact.scales
        else:  # terms of one output may cancel honestly
            scale = abs(exact.value) + float(largest)
            scales = [s + np.max(s) for s in exact.scales]
        compared = zip(messages, exact.messages, scales, strict=True)
        return in_ulps(value, exact.value, scale, dtype), max(in_ulps(m, e, s, dtype) for m, e, s in compared)

    return measure


@pytest.fixture
def error_of(errors):
    """The larger of both errors, at a point drawn for the op's example number `k`."""

    def measure(rule, op, k=0, dtype=np.float64):
        shapes, attributes = OPS[op].examples[k]
        arguments, random = drawn(op, shapes, dtype)
        value = np.asarray(rule.value(*arguments, **attributes))
        cotangent = np.asarray(random.normal(size=value.shape).astype(dtype))
        return max(errors(rule, op, arguments, attributes, cotangent))

    return measure


def test_there_is_a_rule_for_every_op_and_none_besides():
    assert set(RULES) == set(OPS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize(("op", "shapes", "attributes"), CASES)
def test_value_and_vjp_are_those_of_the_definition(op, shapes, attributes, dtype, error_of):
    assert error_of(RULES[op], op, OPS[op].examples.index((shapes, attributes)), dtype) <= LIMIT


@pytest.mark.parametrize(("op", "special"), SPECIAL)
def test_special_points(op, special, errors):
    arguments = [np.array(x) for x in special]
    of_value, of_messages = errors(RULES[op], op, arguments, {}, np.array(-1.5))
    assert of_value <= LIMIT
    assert of_messages <= LIMIT


ROWS = [[1e4, 0.0, -1e4], [40.0, 0.0, 3.0], [-800.0, 800.0, 0.5], [0.0, 0.0, -745.0], [1e4, 1e4 - 1, 1e4 - 40]]


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("op", ["softmax", "log_softmax", "logsumexp"])
@pytest.mark.parametrize("cotangent", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, -2.0, 0.5)], ids=str)
def test_saturated_softmax_keeps_relative_accuracy(row, op, cotangent, exact_truth, in_ulps):
    x, g = np.array(row), np.array(cotangent)
    attributes = {"axis": 0}
    if op == "logsumexp":
        g = g.sum()
    exact = exact_truth(op, [x], attributes, g)
    value = np.asarray(RULES[op].value(x, **attributes))
    assert in_ulps(value, exact.value, abs(exact.value), np.float64) <= LIMIT
    (message,) = pullback(RULES[op], np.asarray(g), value, [x], attributes)
    spread = abs(exact.messages[0]) if 0.0 in cotangent else exact.scales[0]  # mixed signs may cancel honestly
    assert in_ulps(message, exact.messages[0], spread, np.float64) <= LIMIT


def test_cross_entropy_of_a_sure_and_right_answer_is_not_rounded_to_zero():
    (to_logits, _) = RULES["cross_entropy"].vjp(np.array(1.0), None, np.array([40.0, 0.0]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(to_logits, [-np.exp(-40.0), np.exp(-40.0)], rtol=1e-15)


@pytest.mark.parametrize(
    ("op", "x", "value", "slope"),
    [
        ("sigmoid", 800.0, 1.0, 0.0),
        ("sigmoid", -800.0, 0.0, 0.0),
        ("sigmoid", 40.0, 1.0, 4.248354255291589e-18),
        ("sigmoid", -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
        ("softplus", 800.0, 800.0, 1.0),
        ("softplus", -800.0, 0.0, 0.0),
        ("softplus", -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
        ("tanh", 20.0, 1.0, 1.6993417021166355e-17),
        ("tanh", -800.0, -1.0, 0.0),
        ("gelu", -40.0, 0.0, 0.0),
        ("gelu", 40.0, 40.0, 1.0),
        ("expm1", -40.0, -1.0, 4.248354255291589e-18),
        ("elu", -40.0, -1.0, 4.248354255291589e-18),
    ],
)
def test_saturation(op, x, value, slope):
    v = np.asarray(RULES[op].value(np.float64(x)))
    (message,) = RULES[op].vjp(np.float64(1.0), v, np.float64(x))
    assert v == pytest.approx(value, rel=1e-14)
    assert message == pytest.approx(slope, rel=1e-14, abs=0.0)


@pytest.mark.parametrize("x", [-30.0, -20.0, -10.0, -5.0, -0.5, 0.0, 0.5, 5.0, 10.0])
def test_gelu_far_out(x, errors):
    of_value, of_slope = errors(RULES["gelu"], "gelu", [np.array(x)], {}, np.array(1.0))
    assert max(of_value, of_slope) <= LIMIT + 2 * x * x  # exp(-x^2 / 2) magnifies the rounding of x^2 that much


@pytest.mark.parametrize(
    ("op", "arguments", "messages"),
    [
        ("relu", (0.0,), (0.0,)),
        ("leaky_relu", (0.0,), (0.01,)),
        ("elu", (0.0,), (1.0,)),
        ("abs", (0.0,), (0.0,)),
        ("maximum", (1.0, 1.0), (0.5, 0.5)),
        ("minimum", (1.0, 1.0), (0.5, 0.5)),
        ("max", ([2.0, 1.0, 2.0],), ([0.5, 0.0, 0.5],)),
        ("pow", (0.0, 0.0), (0.0, 0.0)),
        ("pow", (0.0, 2.0), (0.0, 0.0)),
        ("pow", (-2.0, 3.0), (12.0, 0.0)),
    ],
)
def test_the_choice_at_kinks_and_edges(op, arguments, messages):
    arrays = [np.array(a) for a in arguments]
    v = np.asarray(RULES[op].value(*arrays))
    got = pullback(RULES[op], np.ones(v.shape), v, arrays, {})
    for one, expected in zip(got, messages, strict=True):
        np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 3), (2, 1), (2, 3), (1, 1), (4, 1, 3), (4, 2, 3)])
def test_unbroadcast_is_the_transpose_of_broadcasting(shape):
    message = np.arange(24.0).reshape(4, 2, 3)
    got = unbroadcast(message, shape)
    assert got.shape == shape
    probe = np.arange(1.0, 1 + np.prod(shape, dtype=int)).reshape(shape)
    assert np.sum(got * probe) == np.sum(message * np.broadcast_to(probe, message.shape))


# Wrong rules, which the same measure must reject.


def times(factor):
    return Rule(np.exp, lambda g, v, x: (g * v * factor,))


def overwriting_take(g, v, x, indices, axis=0):
    x_bar = np.zeros_like(x)
    x_bar[np.asarray(indices)] = g
    return (x_bar,)


WRONG = {
    "tanh at its output": ("tanh", 0, lambda g, v, x: (g * (1 - np.tanh(v) ** 2),)),
    "sigmoid at its output": ("sigmoid", 0, lambda g, v, x: (g * x * (1 - x),)),
    "a sign": ("cos", 0, lambda g, v, x: (g * np.sin(x),)),
    "one message of two": ("mul", 0, lambda g, v, x, y: (g * y, g * y)),
    "upstream ignored": ("exp", 0, lambda g, v, x: (v,)),
    "exponent forgotten": ("pow", 0, lambda g, v, x, y: (g * y * x ** (y - 1), 0 * g)),
    "mean without 1/n": ("mean", 1, lambda g, v, x, axis: (np.broadcast_to(g, x.shape),)),
    "softmax by its diagonal": ("softmax", 0, lambda g, v, x: (g * v * (1 - v),)),
    "y - t although the targets do not sum to 1": (
        "cross_entropy",
        1,
        lambda g, v, z, t: (g[:, None] * (RULES["softmax"].value(z) - t), -g[:, None] * RULES["log_softmax"].value(z)),
    ),
    "matmul transposed wrongly": ("matmul", 0, lambda g, v, x, y: (np.ones((2, 1)) * y.sum(1), x.T @ g)),
    "take overwrites": ("take", 0, overwriting_take),
    "reshaped instead of transposed": ("transpose", 0, lambda g, v, x: (g.reshape(x.shape),)),
    "pieces swapped": ("where", 0, lambda g, v, x, y, mask: (g * ~np.array(mask), g * np.array(mask))),
}


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_wrong_rules_are_rejected(wrong, error_of):
    op, example, vjp = WRONG[wrong]
    assert error_of(RULES[op], op, example) <= LIMIT
    assert error_of(Rule(RULES[op].value, vjp), op, example) > LIMIT


def test_the_limit_from_both_sides(error_of):
    unit = np.finfo(np.float64).eps / 2
    assert error_of(times(1 + 0.75 * LIMIT * unit), "exp") <= LIMIT
    assert error_of(times(1 + 1.5 * LIMIT * unit), "exp") > LIMIT


def test_a_wrong_value_is_rejected(error_of):
    assert error_of(Rule(lambda x: np.log(1 + x), RULES["log1p"].vjp), "log1p", 0) <= LIMIT
    assert error_of(Rule(lambda x: np.log(x), RULES["log1p"].vjp), "log", 0) > LIMIT


def test_the_textbook_forms_lose_what_ours_keep(errors):
    x = [np.array(30.0)]
    sigmoid = Rule(RULES["sigmoid"].value, lambda g, v, x: (g * v * (1 - v),))
    tanh = Rule(np.tanh, lambda g, v, x: (g * (1 - v * v),))
    for op, textbook in (("sigmoid", sigmoid), ("tanh", tanh)):
        assert errors(RULES[op], op, x, {}, np.array(1.0))[1] <= LIMIT
        assert errors(textbook, op, x, {}, np.array(1.0))[1] > 1000 * LIMIT
