"""One case then and now: every rule on both of its sides."""

from dataclasses import replace
from typing import Any

import pytest

from gradcheck.baseline.changes import NOISE, SHOWN, Limits, What, changes
from gradcheck.baseline.recorded import Block, Recorded
from gradcheck.baseline.thirty_digits import ball

EPS = 2.0**-52


def block(*values: float | str, ulps: float | None = 0.5, allowed: float | None = 8.0, dtype: str = "float64") -> Block:
    texts = tuple(v if isinstance(v, str) else ball((v,), 0.0) for v in values)
    return Block(dtype, (len(values),), ulps, allowed, True, texts)


def case(*values: float | str, **options: Any) -> Recorded:
    return Recorded("PASS", None, "aa", 2, None, {"w": block(*values, **options)})


def found(was: Recorded, now: Recorded, *, factor: float = 4.0, right: bool = True) -> list[tuple[What, str]]:
    return [(c.what, c.text) for c in changes("s::c", was, now, Limits(factor), right=right)]


def test_the_same_is_no_change() -> None:
    assert found(case(1.0, 2.0), case(1.0, 2.0)) == []


def test_a_changed_entry_is_named_with_both_values() -> None:
    ((what, text),) = found(case(1.0, 7.0), case(1.0, 9.0))
    assert what is What.GRADIENT
    assert text.startswith("w[1]: 7 -> 9  (at the same point")


@pytest.mark.parametrize(("share", "changed"), [(0.9, False), (1.1, True)])
def test_rounding_of_the_point_is_no_change(share: float, changed: bool) -> None:
    away = 8.0 + share * NOISE * 8 * EPS  # 8 is the block's largest entry
    assert bool(found(case(1.0, 8.0), case(1.0, away))) is changed


def test_in_float32_its_own_rounding_counts() -> None:
    away = 8.0 + 8 * 512 * 2.0**-23
    assert found(case(8.0, dtype="float32"), case(away, dtype="float32")) == []
    assert found(case(8.0), case(away))


def test_a_zero_block_is_measured_by_the_others() -> None:
    def two(zero: float) -> Recorded:
        return replace(case(1.0), blocks={"w": block(1.0), "b": block(zero)})

    assert found(two(0.0), two(1e-17)) == []
    assert found(two(0.0), two(1e-9))


def test_radii_are_taken_into_account() -> None:
    assert found(case("1 +- 0.01"), case("1.015 +- 0.01")) == []
    assert found(case("1 +- 0.01"), case("1.025 +- 0.01"))


@pytest.mark.parametrize(
    ("now", "changed"), [("-1 .. 1", False), ("-1 .. 2", True), ("1 .. 1", True), ("1 +- 0", True)]
)
def test_at_a_kink_both_ends_count(now: str, changed: bool) -> None:
    assert bool(found(case("-1 .. 1"), case(now))) is changed


def test_shapes_and_blocks_that_come_and_go() -> None:
    assert found(case(1.0), case(1.0, 2.0)) == [(What.GRADIENT, "w: shape (1,) -> (2,)")]
    gone, new = found(case(1.0), replace(case(1.0), blocks={"v": block(1.0)}))
    assert gone == (What.GRADIENT, "w: there is no gradient of it any more")
    assert new == (What.GRADIENT, "v: its gradient was not there before")


def test_many_entries_are_counted() -> None:
    lines = found(case(*range(1, 41)), case(*range(2, 42)))
    assert len(lines) == SHOWN + 1
    assert lines[-1][1] == f"w: {40 - SHOWN} more entries"


def test_large_blocks() -> None:
    def large(first: str) -> Recorded:
        rest = ("2 +- 0", "3 +- 0", "4 +- 0")
        return Recorded(
            "PASS", None, "aa", 2, None, {"w": Block("float64", (5000,), 1.0, 8.0, True, (), (first, *rest))}
        )

    assert found(large("1 +- 0"), large("1 +- 0")) == []
    ((_, text),) = found(large("1 +- 0"), large("1.5 +- 0"))
    assert text == "w: some of its 5000 entries; a weighted sum of all 1 -> 1.5"


@pytest.mark.parametrize(
    ("before", "after", "factor", "fell"),
    [
        (0.0, 64.0, 4.0, False),  # the floor: 16 ulps, four times
        (0.0, 65.0, 4.0, True),
        (100.0, 400.0, 4.0, False),
        (100.0, 401.0, 4.0, True),
        (100.0, 401.0, 8.0, False),
        (100.0, float("inf"), 4.0, True),
        (float("inf"), float("inf"), 4.0, False),
    ],
)
def test_accuracy(before: float, after: float, factor: float, fell: bool) -> None:
    lines = found(case(1.0, ulps=before), case(1.0, ulps=after), factor=factor)
    assert [what for what, _ in lines] == [What.ACCURACY] * fell


@pytest.mark.parametrize(("after", "fell"), [(499.0, False), (501.0, True)])
def test_half_of_what_honest_rounding_may_cost_is_no_loss(after: float, fell: bool) -> None:
    lines = found(case(1.0, ulps=1.0), case(1.0, ulps=after, allowed=1000.0))
    assert [what for what, _ in lines] == [What.ACCURACY] * fell


def test_fewer_digits_are_a_loss_and_more_are_none() -> None:
    assert [w for w, _ in found(case(1.0), case(1.0, dtype="float32"))] == [What.ACCURACY]
    assert found(case(1.0, dtype="float32"), case(1.0)) == []


def test_a_better_answer_is_a_note() -> None:
    ((what, text),) = found(case(1.0, ulps=500.0), case(1.0, ulps=1.0))
    assert what is What.NOTE
    assert "500 ulps -> 1 ulps" in text


def test_a_wrong_answer_is_told_from_another_function() -> None:
    wrong = replace(case(1.0, ulps=1e15), verdict="FAIL")
    ((what, text),) = found(case(1.0), wrong, right=False)
    assert what is What.WRONG
    assert text.startswith("FAIL: the exact gradient is as recorded")
    both = found(case(2.0), wrong, right=False)
    assert [w for w, _ in both] == [What.GRADIENT, What.WRONG]
    assert "another besides" in both[1][1]


def test_why_a_gradient_is_another() -> None:
    was = case(1.0)
    ((_, same),) = found(was, case(2.0))
    ((_, moved),) = found(was, replace(case(2.0), point="bb"))
    ((_, drawn),) = found(replace(was, seed=3), replace(case(2.0), point="bb", seed=4))
    assert same.endswith("(at the same point: the function, or a constant in it, is another)")
    assert moved.endswith("(the point is another, or the function is)")
    assert drawn.endswith("(drawn with seed 4, then with seed 3)")


def test_without_an_answer_nothing_is_said_of_gradients() -> None:
    silent = replace(case(1.0), verdict="ERROR", blocks={})
    ((what, _),) = found(case(1.0), silent, right=False)
    assert what is What.WRONG
