"""The labels of `functions/doors_*.py` hold: every entry of their answers against differences in mpmath (`doors.py`).

The rule is that of `test_labels.py`: a right item may miss the truth by `rounding` units of roundoff, relative to the
larger of the entry and its block's root mean square; a wrong one must miss it by a hundred times that somewhere, or be
of another shape, or break a contract that its truth's `shows` demonstrates.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpmath import mpf

from by_path import load

corpus = load(Path(__file__).with_name("load.py"))
truth, doors, shows = (corpus.module(name) for name in ("truth", "doors", "shows"))

ITEMS = tuple(item for item in corpus.load_items() if item.door)
BY_NAME = {item.name: item for item in ITEMS}
INTENT = [item.name for item in ITEMS if isinstance(item.truth, truth.LabelledByIntent)]
NUMERIC = [item.name for item in ITEMS if item.name not in INTENT]
RIGHT = [item.name for item in ITEMS if item.label == "right"]
CLEARLY = 100


def worst(item):
    """The largest miss at the item's point and at those of its truth; infinite where the answer has another shape."""
    return max(max(doors.misses(item, inputs), default=mpf(0)) for inputs in (item.inputs, *item.truth.at))


@pytest.mark.parametrize("name", NUMERIC)
def test_numeric_label(name):
    item = BY_NAME[name]
    miss = worst(item)
    if item.label == "right":
        assert miss <= 1, f"{name}: labelled right, misses the truth by {float(miss):.3g} allowances"
    else:
        assert miss >= CLEARLY, f"{name}: labelled wrong, misses the truth by {float(miss):.3g} allowances only"


@pytest.mark.parametrize("name", NUMERIC)
def test_truth_is_a_truth_about_f(name):
    item = BY_NAME[name]
    found = truth.flat(doors.numbers(doors.value(item, item.inputs)))
    given = tuple(doors.lifted(tuple(item.inputs)))
    expected = doors.reference(item, *(given[:1] if item.kind == "adjoint" else given))
    scale = max(map(abs, [*expected, *found]), default=mpf(0))
    assert found.shape == expected.shape
    slack = max(1e3, item.rounding) * doors.roundoff(item.inputs) * scale
    assert all(abs(a - b) <= slack for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("name", INTENT)
def test_label_by_intent(name):
    item = BY_NAME[name]
    assert item.truth.shows(item) == (item.label == "wrong")


def answer(item, inputs):
    """All numbers of an answer, for comparison with another."""
    if item.kind in ("jacobian", "hessian"):
        blocks = item.derivative(*inputs, **doors.kwargs(item))
        return [doors.dense(leaf) for _, leaf in doors.leaves(blocks if isinstance(blocks, tuple) else (blocks,))]
    if item.kind == "hvp":
        vectors = [doors.drawn(x, k) for k, x in enumerate(inputs)]
        return [np.asarray(leaf) for _, leaf in doors.leaves(item.derivative(*inputs, *vectors))]
    with np.errstate(all="ignore"):
        return list(doors.gradients(item, inputs, doors._seed(item, inputs)).values())


@pytest.mark.parametrize("name", RIGHT)
def test_right_items_answer_twice_alike_and_leave_their_inputs(name):
    item = BY_NAME[name]
    inputs = doors.copied(item.inputs)
    before = [np.asarray(leaf).copy() for _, leaf in doors.leaves(inputs) if doors.kind(leaf) != "-"]
    first, again = answer(item, inputs), answer(item, inputs)
    after = [np.asarray(leaf) for _, leaf in doors.leaves(inputs) if doors.kind(leaf) != "-"]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert all((a is None) == (b is None) for a, b in zip(first, again, strict=True))
    assert all(a is None or np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("name", [n for n in RIGHT if BY_NAME[n].kind in ("gradient", "vjp", "value_and_gradient")])
def test_right_gradients_have_the_kind_of_their_inputs(name):
    item = BY_NAME[name]
    found = doors.gradients(item, item.inputs, doors._seed(item, item.inputs))
    for path, leaf in doors.leaves(tuple(item.inputs)):
        if doors.kind(leaf) in "fc" and found[path] is not None:
            assert np.asarray(found[path]).dtype.kind == doors.kind(leaf)
            assert np.shape(found[path]) == np.shape(leaf)


def test_counts_and_names():
    assert len({item.name for item in corpus.load_items()}) == len(corpus.load_items())
    assert {item.kind for item in ITEMS} >= set(doors.DOORS)
    for category in {item.category for item in ITEMS}:
        assert {i.label for i in ITEMS if i.category == category} == {"right", "wrong"}, category


@pytest.mark.parametrize("name", ["fresnel_phase_retrieval", "multinomial_hessian", "burgers_residual_sparse"])
def test_a_flipped_label_is_noticed(name):
    """A right answer bent by ten allowances is no longer right, one bent by a tenth of one still is."""
    item = BY_NAME[name]
    for factor, expected in ((0.1, True), (10.0, False)):
        bent = 1 + factor * item.rounding * float(doors.roundoff(item.inputs))
        twisted = replace(item, derivative=lambda *given, bent=bent: item.derivative(*given) * bent)
        assert (worst(twisted) <= 1) is expected


def test_the_structure_decides_which_directions_count():
    x = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert doors.tangent(np.array([[0.0, 1.0], [3.0, 0.0]]), x, "skew").tolist() == [[0, -2], [2, 0]]
    assert doors.tangent(np.array([3.0, 5.0]), np.array([1.0, 0.0]), "unit").tolist() == [0, 5]
    assert doors.tangent(np.ones((2, 2)), x, "lower-triangular").tolist() == [[1, 0], [1, 1]]
