"""Comparisons: decided, or forked into every outcome."""

from typing import Any

import numpy as np
import pytest

from gradcheck.errors import Unsupported
from gradcheck.tracing import Derivative, explore
from gradcheck.tracing.trace import MARGIN


def judged(function: Any, *inputs: Any, **options: Any) -> Derivative:
    return explore(function, inputs, **options).vjp()


def answers(found: Derivative) -> set[tuple[float, ...]]:
    """The alternatives' first parts, as tuples."""
    return {tuple(np.ravel(parts[0].midpoint).tolist()) for parts in found.alternatives}


def seen(found: Derivative) -> set[tuple[float, ...]]:
    """Those that occur near the point."""
    pairs = zip(found.alternatives, found.occurs, strict=True)
    return {tuple(np.ravel(parts[0].midpoint).tolist()) for parts, occurs in pairs if occurs}


def relu_by_mask(x: Any) -> Any:
    return np.sum(x * (x > 0))


def relu_by_loop(x: Any) -> Any:
    return sum((v if v > 0 else 0.0 * v) for v in x)


RELUS = [
    lambda x: np.sum(np.maximum(x, 0)),
    lambda x: np.sum(np.where(x > 0, x, 0.0)),
    lambda x: np.sum(np.clip(x, 0, None)),
    lambda x: np.sum((np.abs(x) + x) / 2),
    relu_by_mask,
    relu_by_loop,
]


@pytest.mark.parametrize("relu", RELUS)
def test_relu_at_zero_is_a_kink_and_beside_it_is_smooth(relu: Any) -> None:
    found = judged(relu, np.array([0.0, 2.0, -3.0]))
    assert found.smoothness == "kink"
    assert answers(found) == seen(found) == {(0.0, 1.0, 0.0), (1.0, 1.0, 0.0)}
    assert len(found.notes) == 1
    assert "test_fork.py" in found.notes[0]
    for x in (1e-300, -1e-300, 5e-324):
        beside = judged(relu, np.array([x, 2.0, -3.0]))
        assert beside.smoothness == "smooth"
        assert answers(beside) == {(float(x > 0), 1.0, 0.0)}


def test_a_sum_of_absolute_values_has_every_sign_pattern() -> None:
    found = judged(lambda x: np.sum(np.abs(x)), np.zeros(3))
    assert len(answers(found)) == 8
    assert answers(found) == seen(found)


def test_legal_by_local_rules_but_not_nearby() -> None:
    """relu(x) - relu(-x) is x: only the slope 1 occurs, though local rules may give 0 or 2."""
    found = judged(lambda x: np.maximum(x, 0) - np.maximum(-x, 0), np.array(0.0))
    assert found.smoothness == "kink"
    assert answers(found) == {(0.0,), (1.0,), (2.0,)}
    assert seen(found) == {(1.0,)}


def test_equal_comparisons_fall_alike() -> None:
    found = judged(
        lambda x: np.sum(np.where(x > 0, x, 0) - np.where(x <= 0, 0, x) + np.where(np.less(0, x), x, 0)), np.zeros(1)
    )
    assert answers(found) == {(0.0,), (1.0,)}
    found = judged(lambda x: np.sum((2 * x > 0) * x) + np.sum((2 * x > 0) * x), np.zeros(1))
    assert answers(found) == {(0.0,), (2.0,)}  # the same expression, computed twice


def test_maximum_of_ties() -> None:
    found = judged(np.max, np.array([1.0, 3.0, 3.0, 3.0]))
    assert answers(found) == seen(found) == {(0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0)}
    assert judged(np.max, np.array([1.0, 3.0, np.nextafter(3.0, 4.0)])).smoothness == "smooth"


def test_sorting_ties() -> None:
    found = judged(lambda x: np.sort(x) @ np.arange(3.0), np.array([2.0, 1.0, 2.0]))
    assert answers(found) == seen(found) == {(1.0, 0.0, 2.0), (2.0, 0.0, 1.0)}


def test_the_shift_of_a_softmax_is_smooth_whatever_it_takes() -> None:
    def loss(x: Any) -> Any:
        shifted = x - x.max(axis=1, keepdims=True)
        return -np.mean((shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))[:, 0])

    outcomes = explore(loss, (np.zeros((16, 10)),))  # 10^16 outcomes, none of which matters
    found = outcomes.vjp()
    assert (len(outcomes.runs), found.smoothness) == (1, "smooth")
    expected = np.full((16, 10), 0.1 / 16)
    expected[:, 0] -= 1 / 16
    assert np.allclose(found.parts[0].midpoint, expected, rtol=1e-15)


def test_a_tie_that_matters_only_when_a_later_one_falls_otherwise_is_forked_there() -> None:
    """At x = y = z: the larger of x and the smaller of y and z. As it falls first, x wins, and y or z is no matter."""
    found = judged(lambda x: np.maximum(np.minimum(x[1], x[2]), x[0]), np.full(3, 0.5))
    assert answers(found) == {(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)}
    found = judged(lambda x: np.maximum(x[0], np.minimum(x[1], x[2])), np.full(3, 0.5))
    assert answers(found) == {(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)}


def test_a_shift_that_escapes_is_forked() -> None:
    """The same shift, but its value is also returned: then it does matter."""
    found = judged(lambda x: np.log(np.sum(np.exp(x - x.max()))) + 2 * x.max(), np.zeros(2))
    assert answers(found) == {(1.5, 0.5), (0.5, 1.5)}


def test_a_tie_that_one_cotangent_feels_and_another_does_not() -> None:
    outcomes = explore(lambda x: (np.max(x), np.sum(x)), (np.zeros(2),), cotangents=[np.zeros(()), np.ones(())])
    assert len(outcomes.runs) == 1
    assert outcomes.vjp([np.zeros(()), np.ones(())]).smoothness == "smooth"
    assert answers(outcomes.vjp([np.ones(()), np.zeros(())])) == {(1.0, 0.0), (0.0, 1.0)}


def test_a_jump() -> None:
    assert judged(lambda x: np.sum(np.floor(x)), np.array([0.5, 1.0])).smoothness == "jump"
    assert judged(lambda x: np.sum(np.floor(x)), np.array([0.5, 1.25])).smoothness == "smooth"
    assert judged(lambda x: np.sign(x) + x, np.array(0.0)).smoothness == "jump"
    assert judged(lambda x: np.round(x) * 1.0 + x, np.array(0.5)).smoothness == "jump"
    assert judged(lambda x: x * np.sign(x), np.array(0.0)).smoothness == "kink"


def test_equality_forks_too() -> None:
    """x == 0 is a tie at 0: a removable singularity cannot be told from a jump, and is not passed over."""
    assert judged(lambda x: np.where(x == 0, 1.0, np.sin(x) / x), np.array(0.0)).smoothness == "jump"
    found = judged(lambda x: np.where(x == 0, 0.0, x * 3), np.array(0.0))
    assert answers(found) == {(0.0,), (3.0,)}
    assert seen(found) == {(3.0,)}


def test_rounding_decides_how_close_is_too_close() -> None:
    """1 - w.x is 0 in real numbers and 2e-16 in floats: a hinge there is at its kink."""
    w = np.array([0.1, 0.2, 0.3])

    def hinge(x: Any, gap: float) -> Any:
        return np.maximum(1.0 + gap - np.sum(w * x), 0.0)

    x = np.array([1.0, 1.5, 2.0])  # w.x = 1 up to the rounding of w and of the products
    assert judged(lambda x: hinge(x, 0.0), x).smoothness == "kink"
    assert judged(lambda x: hinge(x, 1e-12), x).smoothness == "smooth"
    narrow = x.astype(np.float32)
    assert judged(lambda x: hinge(x, 1e-12), narrow).smoothness == "kink"
    assert judged(lambda x: hinge(x, 1e-3), narrow).smoothness == "smooth"


def test_the_margin_from_both_sides() -> None:
    """(x + 1) - 1 is off by one rounding of 1: thresholds within MARGIN of it fork, others do not."""
    x = np.array(2.0**-30)
    u = 2.0**-53

    def stepped(gap: float) -> Any:
        return lambda x: np.maximum((x + 1.0) - 1.0, 2.0**-30 + gap)

    assert judged(stepped(0.3 * MARGIN * u), x).smoothness == "kink"
    assert judged(stepped(1.1 * MARGIN * u), x).smoothness == "smooth"
    assert judged(stepped(-0.3 * MARGIN * u), x).smoothness == "kink"
    assert judged(stepped(-1.1 * MARGIN * u), x).smoothness == "smooth"


def test_structural_constants_never_fork() -> None:
    def f(x: Any) -> Any:
        zeros = np.zeros_like(x)
        assert not np.any(zeros > 0)
        assert np.all(zeros == 0)
        assert x[0] == x[0]
        return np.sum(np.maximum(zeros, 0.0)) + np.sum(x)

    outcomes = explore(f, (np.array([1.0, 2.0]),))
    assert not outcomes.first.trace.decisions


def test_a_zero_tangent_is_not_structural() -> None:
    """x^2 and 0 * x have no tangent at 0 either, and still are not constants."""
    assert judged(lambda x: np.maximum(x**2, 0.0) * x, np.array(0.0)).smoothness == "smooth"
    outcomes = explore(lambda x: np.where(x * x > 0, 1.0, 2.0), (np.array(0.0),))
    assert outcomes.vjp().smoothness == "jump"


def test_too_many_outcomes() -> None:
    with pytest.raises(Unsupported, match=r"9 comparisons are undecided.*more than 255 outcomes"):
        explore(lambda x: np.sum(np.abs(x)), (np.zeros(9),), most_runs=255)
    assert len(explore(lambda x: np.sum(np.abs(x)), (np.zeros(9),)).runs) == 1  # its ties are taken one at a time
    assert len(explore(lambda x: np.sum(np.abs(x)), (np.zeros(8),)).runs) == 256


def binary_cross_entropy(z: Any) -> Any:
    return np.sum(np.maximum(z, 0) - 0.25 * z + np.log1p(np.exp(-np.abs(z))))


def test_many_ties_that_do_not_feed_one_another_are_changed_one_at_a_time() -> None:
    found = explore(binary_cross_entropy, (np.zeros((5, 4)),))
    assert len(found.runs) == 21
    assert found.vjp().smoothness == "smooth"
    assert np.allclose(found.vjp().parts[0].midpoint, 0.25)


@pytest.mark.parametrize(
    "function",
    [
        lambda z: binary_cross_entropy(z) + 1e-9 * np.sum(np.abs(z[3])),  # some of them matter
        lambda z: np.sum(np.maximum(np.maximum(z, 0) * 1.5, 0)),  # one selection feeds another
        lambda z: np.sum(np.maximum(np.abs(z), z * z)),
        lambda z: np.sum(np.where(z * z > 0, z, 2 * z)),  # between values that depend on the choice alone
    ],
)
def test_many_ties_that_matter_or_feed_one_another_are_too_many(function: Any) -> None:
    with pytest.raises(Unsupported, match="more than 255 outcomes"):
        explore(function, (np.zeros((5, 4)),), most_runs=255)


def test_ties_that_matter_under_another_cotangent_alone() -> None:
    def both(z: Any) -> Any:
        return np.stack([binary_cross_entropy(z), np.sum(np.abs(z))])

    found = explore(both, (np.zeros(12),), cotangents=[np.array([1.0, 0.0])])
    assert found.vjp([np.array([1.0, 0.0])]).smoothness == "smooth"
    with pytest.raises(Unsupported):
        found.vjp([np.array([0.0, 1.0])])


def test_wide_balls_ask_for_more_bits() -> None:
    """200 steps of the logistic map lose 200 bits; the comparison afterwards is decided all the same."""

    def chaos(x: Any) -> Any:
        for _ in range(200):
            x = 4 * x * (1 - x)
        return x

    outcomes = explore(chaos, (np.array(0.375),))
    assert outcomes.bits > 128
    found = outcomes.vjp()
    assert found.parts[0].radius < 1e-10 * abs(found.parts[0].midpoint)


def newton(a: Any) -> Any:
    x = a
    for _ in range(50):
        nearer = 0.5 * (x + a / x)
        if np.abs(nearer - x) < 1e-3:
            return nearer
        x = nearer
    return x


def test_loops_can_be_made_to_run_on() -> None:
    outcomes = explore(newton, (np.array(3.7),))
    longer = outcomes.prolonged(2)
    assert longer is not None
    assert longer.operations > outcomes.operations
    truth = 0.5 / np.sqrt(3.7)
    error = abs(float(outcomes.vjp().parts[0].midpoint) - truth)
    assert abs(float(longer.vjp().parts[0].midpoint) - truth) < 1e-3 * error


def test_a_tie_at_the_end_of_a_loop_is_moot_where_the_loop_is_to_run_on() -> None:
    """Each further iteration is one more outcome, not twice as many: rounding alone decides where the loop ends."""
    calls = 0

    def eccentric(m: Any, e: Any) -> Any:
        nonlocal calls
        calls += 1
        v = m
        for _ in range(20):
            step = (v - e * np.sin(v) - m) / (1 - e * np.cos(v))
            v = v - step
            if np.abs(step) < 1e-15:
                break
        return v

    outcomes = explore(eccentric, (np.array(1.7), np.array(0.4)))
    assert len(outcomes.runs) > 10
    calls = 0
    longer = outcomes.prolonged(3)
    assert longer is not None
    assert len(longer.runs) < len(outcomes.runs)
    assert calls <= len(longer.runs) + 3


def test_loops_that_do_not_end_on_a_comparison() -> None:
    def filtered(x: Any) -> Any:  # the last comparison differs from the others, but ends nothing
        total = 0.0 * x[0]
        for v in x:
            if v > 0:
                total = total + v
        return total

    assert explore(filtered, (np.array([1.0, 2.0, -1.0]),)).prolonged(1) is None
    assert explore(np.sum, (np.array([1.0, 2.0]),)).prolonged(1) is None


def test_branches_that_were_not_selected_may_have_no_derivative() -> None:
    found = judged(lambda x: np.sum(np.where(x > 0, np.sqrt(np.abs(x)), x)), np.array([-4.0, 4.0, -1.0]))
    assert np.array_equal(found.parts[0].midpoint, [1.0, 0.25, 1.0])
    found = judged(lambda x: np.sum(np.where(np.array([True, False]), np.log(x), 3 * x)), np.array([2.0, 0.0]))
    assert np.array_equal(found.parts[0].midpoint, [0.5, 3.0])


def test_an_infinite_derivative_is_not_finite_and_neighbours_show_what_it_could_be() -> None:
    outcomes = explore(lambda x: np.sqrt(np.sum(x * x)), (np.zeros(3),))
    assert not outcomes.vjp().parts[0].finite
    (around,) = outcomes.gradients_around(count=32)
    assert around.shape == (3, 32)
    assert np.allclose(np.sum(np.square(around), axis=0), 1.0)


def test_arctan2_on_its_cut() -> None:
    with pytest.raises(Unsupported, match="branch cut"):
        explore(lambda x: np.arctan2(x, -1.0), (np.array(0.0),))
    assert judged(lambda x: np.arctan2(x, 1.0), np.array(0.0)).parts[0].midpoint == 1.0


def test_a_ball_that_contains_a_pole_asks_for_more_bits() -> None:
    def chaos(x: Any) -> Any:
        for _ in range(150):
            x = 4 * x * (1 - x)
        return 1 / (x - 0.5)

    outcomes = explore(chaos, (np.array(0.375),))
    assert outcomes.bits > 128
    assert outcomes.vjp().parts[0].finite


def test_a_gradient_of_zero_does_not_ask_for_more_bits() -> None:
    """The bias before a batch normalisation: its derivative cancels, so that only a radius is left."""

    def loss(x: Any, bias: Any) -> Any:
        h = x / 3 + bias
        return np.sum(np.tanh((h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + 1e-5)))

    x = np.array([[0.3, 1.0], [0.7, -2.0], [1.9, 0.4]])
    outcomes = explore(loss, (x, np.array([0.1, 0.2])))
    assert outcomes.bits == 128
    bias = outcomes.vjp().parts[1]
    assert np.all(np.abs(bias.midpoint) <= bias.radius)
    assert bias.radius.max() < 1e-30


def test_ties_are_inert_also_where_the_whole_gradient_is_zero() -> None:
    outcomes = explore(lambda x: np.sum(np.exp(x - x.max(1, keepdims=True))) * 0.0 + np.sum(x - x), (np.zeros((9, 4)),))
    assert len(outcomes.runs) == 1

    def total(x: Any) -> Any:
        e = np.exp(x / 3 - (x / 3).max(axis=1, keepdims=True))
        return np.sum(e / e.sum(axis=1, keepdims=True))

    assert len(explore(total, (np.ones((9, 4)),)).runs) == 1
