"""Exact relations between a wrong array and the right one; and none where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.attribution.relation import relations

TRUTH = np.array([[1.0, -2.0, 3.5], [0.25, 5.0, -7.0], [2.0, 11.0, -0.5]])
GIVEN = np.array([[0.3, 1.1, -0.7], [2.0, 0.1, 0.9], [-1.3, 0.6, 0.2]])
ROW = np.array([1.0, -2.0, 3.5, 0.25, 5.0, -7.0])


def all_of(answer: Any, truth: Any = TRUTH, **options: Any) -> list[str]:
    room = np.full(truth.shape, 1e-12)
    found = relations(np.asarray(answer, dtype=float), truth, room, **{"sizes": [7], **options})
    return [clause for _, clause in found]


def changed(truth: Any, where: Any, factor: float) -> Any:
    answer = np.array(truth)
    answer[where] *= factor
    return answer


@pytest.mark.parametrize(
    ("answer", "truth", "says"),
    [
        (0 * TRUTH, TRUTH, "is zero throughout"),
        (-TRUTH, TRUTH, "has the wrong sign throughout"),
        (2 * TRUTH, TRUTH, "is twice the right one"),
        (TRUTH / 2, TRUTH, "is half the right one"),
        (7 * TRUTH, TRUTH, "is 7 times the right one, and 7 is a length here"),
        (TRUTH / 7, TRUTH, "is 1/7 of the right one, and 7 is a length here"),
        (0.9 * TRUTH, TRUTH, "is 0.9 times the right one throughout"),
        (TRUTH * (1 + 2e-7), TRUTH, "is 1.0000002 times the right one throughout"),
        (np.abs(TRUTH), TRUTH, "has the right sizes and one sign throughout"),
        (TRUTH.T, TRUTH, "is the transpose of the right one"),
        (TRUTH[::-1], TRUTH, "is the right one in reverse order along axis 0"),
        (ROW[::-1], ROW, "is the right one in reverse order"),
        (np.roll(TRUTH, 1, 1), TRUTH, "is the right one shifted by one place along axis 1"),
        (ROW[[2, 0, 1, 5, 3, 4]], ROW, "has the right numbers in wrong places"),
        (np.broadcast_to(TRUTH.sum(0), (3, 3)), TRUTH, "is the sum of the right one over axis 0, in every place"),
        (np.full(6, ROW.mean()), ROW, "is the mean of the right one over all entries, in every place"),
        (TRUTH + 0.01, TRUTH, "is off by 0.01 in every entry"),
        (TRUTH + 0.1 * GIVEN, TRUTH, "has, too many, a term of 0.1 times the input itself"),
        (TRUTH - 2 * GIVEN, TRUTH, "lacks a term of 2 times the input itself"),
        (changed(TRUTH, 1, 0.0), TRUTH, "is zero in row 1, and right elsewhere"),
        (changed(TRUTH, 2, -1.0), TRUTH, "has the wrong sign in row 2, the last, and is right elsewhere"),
        (changed(TRUTH, (slice(None), 1), 2.0), TRUTH, "is twice the right one in column 1, and right elsewhere"),
        (changed(TRUTH, slice(1, None), 0.5), TRUTH, "is half the right one in all rows but the first"),
        (changed(TRUTH, (1, 2), 1.3), TRUTH, "is wrong in entries [1, 2] alone"),
        (changed(ROW, [0, 3], 1.3), ROW, "is wrong in entries 0, 3 alone"),
        (changed(np.arange(1.0, 13.0), slice(4, 10), 0.0), np.arange(1.0, 13.0), "is zero in entries 4 to 9"),
    ],
)
def test_a_relation_is_found(answer: Any, truth: Any, says: str) -> None:
    found = all_of(answer, truth, given=GIVEN if truth is TRUTH else None)
    assert any(clause.startswith(says) for clause in found), found


def test_another_inputs_gradient_is_found() -> None:
    assert all_of(GIVEN, others={"W": GIVEN, "U": TRUTH + 1}) == [
        "is the gradient with respect to W: two of them are exchanged"
    ]


@pytest.mark.parametrize(
    "answer",
    [
        np.random.default_rng(0).standard_normal((3, 3)),
        2 * TRUTH + 1e-9 * GIVEN,
        np.where(TRUTH > 0, 1.1, 0.9) * TRUTH,
        np.full((3, 3), np.nan),
    ],
)
def test_nothing_is_invented(answer: Any) -> None:
    assert all_of(answer) == []
    assert all_of(answer, TRUTH, given=GIVEN, others={"W": GIVEN}) == []


def test_a_number_alone_has_no_factor_of_its_own_and_no_offset() -> None:
    one = np.array(3.0)
    assert all_of(np.array(4.0), one, given=np.array(0.5)) == []
    assert all_of(np.array(6.0), one) == ["is twice the right one: a factor 2, or a contribution counted twice"]
    assert all_of(np.zeros(0), np.zeros(0)) == []
    assert all_of(np.ones(3), np.zeros(3)) == []


def test_a_relation_holds_up_to_the_tolerance_and_no_further() -> None:
    assert all_of(-TRUTH + 0.9e-12) == ["has the wrong sign throughout"]
    assert "has the wrong sign throughout" not in all_of(-TRUTH + 1.1e-12)
