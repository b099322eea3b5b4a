"""The worst entry of several blocks, and of a wrong one."""

import numpy as np
import pytest

from gradcheck.oracle.estimate import Estimate, Kind
from gradcheck.verdict.compare import Comparison, intersect, judge
from gradcheck.verdict.worst import (
    TINY,
    code_of_wrong,
    facts_of_open,
    facts_of_wrong,
    first_open,
    worst_of,
    worst_wrong,
)


def compared(
    block: str, answer: list[float], truth: list[float], allowance: list[float], error: float = 0.0
) -> Comparison:
    """A block of the answer beside the truth, where an error of 0.1 matters."""
    value = np.array(truth)
    known = intersect({"p": Estimate(value, np.full(value.shape, error), Kind.PROVEN)}, value.shape)
    return judge(block, np.array(answer), known, np.array(allowance), np.full(value.shape, 0.1))


def test_the_worst_of_several_blocks_uses_up_most_of_its_allowance() -> None:
    near = compared("near", [1.01], [1.0], [0.1])
    far = compared("far", [1.08], [1.0], [0.1])
    worst = worst_of([near, far])
    assert worst is not None
    assert worst.block == "far"


def test_of_right_entries_the_one_off_by_more_ulps_is_worse() -> None:
    """Both lie within the interval of the truth, so that neither uses up any allowance."""
    near = compared("near", [1.0], [1.0], [0.01], error=0.05)
    far = compared("far", [1.04], [1.0], [0.01], error=0.05)
    for order in ([near, far], [far, near]):
        worst = worst_of(order)
        assert worst is not None
        assert (worst.block, worst.share) == ("far", 0.0)


def test_nothing_compared_has_no_worst_entry() -> None:
    assert worst_of([]) is None


def test_a_wrong_entry_is_worst_by_its_share_of_the_allowance() -> None:
    """Entry 1 is off by less, and by more allowances: 0.5 / 0.01 against 2 / 1."""
    block = compared("W", [3.0, 1.5, 1.0], [1.0, 1.0, 1.0], [1.0, 0.01, 0.01])
    assert worst_wrong(block) == (1,)
    facts = facts_of_wrong(block)
    assert (facts["entry"], facts["subject"], facts["truth"]) == ([1], 1.5, 1.0)
    assert facts["distance"] == pytest.approx(0.5)
    assert (facts["wrong"], facts["entries"]) == (2, 3)
    assert code_of_wrong(block) == "GC012"


def test_an_entry_that_is_not_finite_is_worse_than_any_number() -> None:
    block = compared("W", [1e300, float("nan")], [1.0, 1.0], [0.01, 0.01])
    assert worst_wrong(block) == (1,)
    assert code_of_wrong(block) == "GC013"


def test_the_floor_decides_among_allowances_below_it() -> None:
    """Divided by their own allowances, the second entry is off by more; by the floor for both, the first is."""
    block = compared("W", [1.0 + 1e-5, 1.0 + 0.9e-5], [1.0, 1.0], [TINY / 2, TINY / 8])
    assert worst_wrong(block) == (0,)
    assert worst_wrong(block, floor=0.0) == (1,)


def test_a_scalar_block_has_no_index() -> None:
    block = compared("b", [2.0], [1.0], [0.1])
    scalar = judge(
        "b",
        np.array(2.0),
        intersect({"p": Estimate(np.array(1.0), np.array(0.0), Kind.PROVEN)}, ()),
        *[np.array(0.1)] * 2,
    )
    assert facts_of_wrong(block)["entry"] == [0]
    assert facts_of_wrong(scalar)["entry"] == ""


def test_the_first_open_entry_is_told_with_what_is_known_and_what_matters() -> None:
    block = compared("W", [1.0, 1.0], [1.0, 1.0], [0.01, 0.2], error=0.05)
    assert first_open(block) == (1,)
    code, facts = facts_of_open(block)
    assert (code, facts["block"], facts["entry"]) == ("GC031", "W", [1])
    assert facts["bound"] == pytest.approx(0.25)
    assert facts["interest"] == pytest.approx(0.1)


def test_an_entry_on_which_estimates_disagree_is_disputed() -> None:
    one, two = (Estimate(np.array([v]), np.array([0.1]), Kind.ESTIMATED) for v in (1.0, 2.0))
    truth = intersect({"one": one, "two": two}, (1,))
    block = judge("W", np.array([1.0]), truth, np.array([0.01]), np.array([0.1]))
    assert facts_of_open(block)[0] == "GC032"
