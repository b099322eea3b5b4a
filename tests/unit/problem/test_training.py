"""`gradcheck/problem/training.py`: what a training says, and what it refuses."""

import numpy as np
import pytest

from gradcheck.errors import InvalidProblem
from gradcheck.problem.mlp import MLP
from gradcheck.problem.schedules import AdaGrad, Constant, Custom, Decay
from gradcheck.problem.training import Training, Until

DATA = np.arange(8.0).reshape(4, 2)
START = {"W1": np.ones((1, 2)), "b1": np.zeros(1)}


def training(**options):
    given = {"batch_size": 2, "schedule": Constant(0.1), "X": DATA, "T": DATA[:, :1], "parameters": START}
    return Training(**{"name": "t", "mlp": MLP((2, 1), "identity"), **given, **options})


def halving(t, gradients):
    return {name: g / 2 ** (t + 1) for name, g in gradients.items()}


def test_the_problem_of_a_step():
    one = training(reduction="sum", dtype="float32")
    assert one.samples == 4
    assert one.problem(3) == MLP((2, 1), "identity", reduction="sum", batch=3)
    at = one.point([2, 0], one.parameters)
    np.testing.assert_array_equal(at["X"], DATA[[2, 0]])
    np.testing.assert_array_equal(at["T"], DATA[[2, 0], :1])
    assert {value.dtype for value in at.values()} == {np.dtype("f4")}
    one.problem(2).check_point(at)


def test_the_data_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        training().X[0, 0] = 1.0


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"batch_size": 5}, ("batch size must be at most 4, the number of samples; got 5",)),
        ({"batch_size": 0}, ("batch size must be a whole number >= 1, got 0",)),
        ({"steps": 0}, ("steps must be a whole number >= 1, got 0",)),
        ({"dtype": "int"}, ("unknown dtype 'int'",)),
        ({"X": DATA * np.nan}, ("X must be finite",)),
        ({"X": "text"}, ("X: ",)),
        ({"T": DATA}, ("T must be an array of shape (4, 1), got an array of shape (4, 2)",)),
        ({"parameters": {"W1": START["W1"]}}, ("b1 must be", "got nothing")),
        ({"parameters": {**START, "W2": START["W1"]}}, ("no parameter 'W2'; it has W1, b1",)),
        ({"schedule": 0.1}, ("Constant, Decay, AdaGrad or Custom, got 0.1",)),
        ({"X": DATA[:0], "T": DATA[:0, :1]}, ("at least one row, a sample; got shape (0, 2)",)),
        ({"mlp": 3}, ("the network must be an MLP, got 3",)),
        ({"until": 3}, ("until must be an Until, got 3",)),
    ],
)
def test_what_a_training_refuses(options, parts):
    with pytest.raises(InvalidProblem) as caught:
        training(**options)
    for part in ("training 't'", *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(0.0),
        lambda: Constant("0.1"),
        lambda: Decay(0.1, -1.0),
        lambda: Decay(0.1, None),
        lambda: AdaGrad(float("nan")),
        lambda: AdaGrad(0.1, 0.0),
    ],
)
def test_constants_of_schedules_are_positive(make):
    with pytest.raises(InvalidProblem, match="must be a finite number > 0"):
        make()


def test_a_custom_rule_travels_as_text():
    there = Custom.from_source("halving", Custom("halving", halving).source())
    gradients = {"w": np.array([4.0, 8.0])}
    np.testing.assert_array_equal(there.update(1, gradients)["w"], [1.0, 2.0])
    assert there.source() == Custom("halving", halving).source()
    with pytest.raises(InvalidProblem, match="written with `def`"):
        Custom("nameless", lambda t, g: g).source()


RATE = 0.1


def uses_a_name_from_around_it(t, gradients):
    return {name: RATE * g for name, g in gradients.items()}


def returns_nan(t, gradients):
    return {name: g * (np.nan if t == 2 else 1.0) for name, g in gradients.items()}


def returns_too_little(t, gradients):
    return {"W1": gradients["W1"]}


def returns_other_shapes(t, gradients):
    return {name: g[0] for name, g in gradients.items()}


def returns_texts(t, gradients):
    return dict.fromkeys(gradients, "0.1")


def returns_nothing(t, gradients):
    return None


def raises(t, gradients):
    return dict.fromkeys(gradients, gradients["W2"])


def annotated(t, gradients: "dict" = RATE):
    return gradients


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        (returns_nan, ", step 2: its update for W1 is not finite"),
        (returns_too_little, ", step 0: it must return an update for each of W1, b1; got W1"),
        (returns_other_shapes, ", step 0: its update for W1 must have shape (1, 2), got (2,)"),
        (returns_texts, ", step 0: its update for W1: expected an array of real numbers, got '0.1'"),
        (returns_nothing, "got NoneType"),
        (raises, ", step 0: its rule raised KeyError: 'W2'"),
        (uses_a_name_from_around_it, "to be sent to a subject; it uses RATE"),
        (annotated, "does not stand alone, to be sent to a subject: NameError: name 'RATE' is not defined"),
        (lambda t, g: g, "written with `def`"),
        (0.1, "its rule must be a function, got 0.1"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_before_any_subject_sees_it(rule, part):
    with pytest.raises(InvalidProblem) as caught:
        training(schedule=Custom("mine", rule))
    assert "schedule 'mine'" in str(caught.value)
    assert part in str(caught.value)


def test_a_training_with_a_subject_of_its_own_may_have_any_rule():
    training(schedule=Custom("mine", lambda t, g: {name: RATE * value for name, value in g.items()}), subject=print)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"epochs": 0}, "epochs must be a whole number >= 1, got 0"),
        ({"gradient_norm": float("nan")}, "gradient_norm must be a finite number >= 0, got nan"),
        ({"loss_change": -1.0}, "loss_change must be a finite number >= 0, got -1.0"),
        ({"when": True}, "`when` must be a function"),
    ],
)
def test_what_a_stopping_condition_refuses(options, part):
    with pytest.raises(InvalidProblem) as caught:
        Until(**options)
    assert part in str(caught.value)


def test_a_custom_rule_cannot_change_the_gradients_that_it_was_given_away():
    gradients = {"w": np.array(1.0), "v": np.array(2.0)}
    Custom("eats", lambda t, g: {name: g.pop(name) for name in list(g)}).update(0, gradients)
    assert set(gradients) == {"w", "v"}
