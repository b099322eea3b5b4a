"""Exact relations between a wrong array and the right one; and none where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.attribution.known import Known, Relation, lengths_of
from gradcheck.attribution.relation import relations

TRUTH = np.array([[1.0, -2.0, 3.5], [0.25, 5.0, -7.0], [2.0, 11.0, -0.5]])
GIVEN = np.array([[0.3, 1.1, -0.7], [2.0, 0.1, 0.9], [-1.3, 0.6, 0.2]])
ROW = np.array([1.0, -2.0, 3.5, 0.25, 5.0, -7.0])
WIDE = np.array([[1.0, -2.0, 3.5, 9.0], [0.25, 5.0, -7.0, 4.0], [2.0, 11.0, -0.5, 0.125]])
LONG = np.arange(1.0, 13.0)
CUBE = np.arange(1.0, 9.0).reshape(2, 2, 2) ** 1.5
SEVEN = {7: "the length of axis 0 of X"}
WEIGHT = np.array([1.5, -0.75, 1.125, 0.625, -1.75, 0.875])


def found(answer: Any, truth: Any = TRUTH, room: float = 1e-12, **known: Any) -> list[Relation]:
    inputs = {"x": GIVEN} if truth is TRUTH else {}
    about = Known(**{"block": "x", "inputs": inputs, "lengths": SEVEN, **known})
    return list(relations(np.asarray(answer, dtype=float), truth, np.full(truth.shape, room), about))


def all_of(answer: Any, truth: Any = TRUTH, **options: Any) -> list[str]:
    return [relation.clause for relation in found(answer, truth, **options)]


def changed(truth: Any, where: Any, factor: float) -> Any:
    answer = np.array(truth)
    answer[where] *= factor
    return answer


def holding(truth: Any, mask: Any, factor: float = 1.3) -> Any:
    """The truth with the entries of a mask wrong by a factor."""
    return np.where(mask, factor * truth, truth)


FACTORS = {
    "zero": (0 * TRUTH, TRUTH, "is zero throughout"),
    "minus one": (-TRUTH, TRUTH, "has the wrong sign throughout"),
    "two": (2 * TRUTH, TRUTH, "is twice the right one"),
    "one half": (TRUTH / 2, TRUTH, "is half the right one"),
    "n": (7 * TRUTH, TRUTH, "is 7 times the right one, and 7 is the length of axis 0 of X: a sum where f averages"),
    "1/n": (TRUTH / 7, TRUTH, "is 1/7 of the right one, and 7 is the length of axis 0 of X: a mean where f sums"),
    "minus 1/n": (-TRUTH / 7, TRUTH, "is 1/7 of the right one, and 7 is the length of axis 0 of X"),
    "(n-1)/n": (TRUTH * 6 / 7, TRUTH, "is 6/7 times the right one, and 7 is the length of axis 0 of X: n and n - 1"),
    "n/(n-1)": (TRUTH * 7 / 6, TRUTH, "is 7/6 times the right one"),
    "n-1": (TRUTH * 6, TRUTH, "is 6 times the right one, and 7 is the length of axis 0 of X: n and n - 1"),
    "root of (n-1)/n": (TRUTH * (6 / 7) ** 0.5, TRUTH, "is the root of 6/7 times the right one"),
    "root of n": (TRUTH * 7**0.5, TRUTH, "is the root of 7 times the right one"),
    "power of two": (16 * TRUTH, TRUTH, "is 16 times the right one: several factors 2"),
    "a known constant": (TRUTH / np.log(2), TRUTH, "is the right one over ln 2 throughout"),
    "a number": (0.9 * TRUTH, TRUTH, "is 0.9 times the right one throughout"),
    "a constant cut": (
        TRUTH * (1 + 2e-7),
        TRUTH,
        "is 1.0000002 times the right one throughout: a constant is slightly",
    ),
    "one sign": (np.abs(TRUTH), TRUTH, "has the right sizes and one sign throughout"),
}

MOVES = {
    "transposed": (TRUTH.T, TRUTH, "is the transpose of the right one"),
    "reversed": (TRUTH[::-1], TRUTH, "is the right one in reverse order along axis 0"),
    "reversed in one axis": (ROW[::-1], ROW, "is the right one in reverse order"),
    "shifted": (np.roll(TRUTH, 1, 1), TRUTH, "is the right one shifted by one place towards the end along axis 1"),
    "shifted by two": (np.roll(ROW, -2), ROW, "is the right one shifted by 2 places towards the front, round the end"),
    "shifted, with a zero": (
        np.append(ROW[1:], 0),
        ROW,
        "is the right one shifted by one place towards the front, with",
    ),
    "any order": (ROW[[2, 0, 1, 5, 3, 4]], ROW, "has the right numbers in wrong places"),
    "rows": (TRUTH[[2, 0, 1]], TRUTH, "is the right one with its rows in the order 2, 0, 1"),
    "columns": (WIDE[:, [1, 0, 3, 2]], WIDE, "is the right one with its columns in the order 1, 0, 3, 2"),
    "Fortran order": (WIDE.ravel().reshape(WIDE.shape, order="F"), WIDE, "has the right numbers, read row by row"),
    "C order": (WIDE.ravel(order="F").reshape(WIDE.shape), WIDE, "has the right numbers, read column by column"),
    "axes": (CUBE.transpose(2, 0, 1), CUBE, "is the right one with its axes in the order 2, 0, 1"),
    "transposed and negative": (-TRUTH.T, TRUTH, "is the transpose of the right one, and has the wrong sign"),
    "transposed and twice": (2 * TRUTH.T, TRUTH, "is the transpose of the right one, and twice as large"),
    "reversed over n": (ROW[::-1] / 7, ROW, "is the right one in reverse order, and 1/7 of it"),
    "any order and negative": (-ROW[[2, 0, 1, 5, 3, 4]], ROW, "has the right numbers in wrong places, and the wrong"),
}

SUMS = {
    "sum": (np.broadcast_to(TRUTH.sum(0), (3, 3)), TRUTH, "is the sum of the right one over axis 0, in every place"),
    "mean": (np.full(6, ROW.mean()), ROW, "is the mean of the right one over all entries, in every place"),
    "sum of all": (np.full((3, 3), TRUTH.sum()), TRUTH, "is the sum of the right one over all entries, in every place"),
    "first slice": (np.broadcast_to(TRUTH[0], (3, 3)), TRUTH, "has the first slice of the right one along axis 0 in"),
    "last slice": (np.broadcast_to(TRUTH[:, 2:], (3, 3)), TRUTH, "has the last slice of the right one along axis 1 in"),
    "running sum": (np.cumsum(ROW), ROW, "is the running sum of the right one"),
    "running sum back": (np.cumsum(ROW[::-1])[::-1], ROW, "is the running sum of the right one, from the end"),
    "differences": (np.diff(ROW, prepend=0), ROW, "is the differences of the right one: a running sum is missing"),
    "constant": (np.full(6, 0.25), ROW, "is 0.25 in every place, which the right one is not"),
}

TERMS = {
    "a constant": (TRUTH + 0.01, TRUTH, "is too large by 0.01 in every entry"),
    "too many": (TRUTH + 0.1 * GIVEN, TRUTH, "has, too many, a term of 0.1 times x itself"),
    "missing": (TRUTH - 2 * GIVEN, TRUTH, "lacks a term of 2 times x itself"),
    "absolute values": (TRUTH - 0.3 * np.sign(GIVEN), TRUTH, "lacks a term of 0.3 times the sign of x"),
}

ROWS, COLUMNS = np.indices((3, 3))
PLACES = {
    "row zero": (changed(TRUTH, 1, 0.0), TRUTH, "is zero in row 1, and right elsewhere"),
    "row sign": (changed(TRUTH, 2, -1.0), TRUTH, "has the wrong sign in row 2, the last, and is right elsewhere"),
    "column twice": (changed(TRUTH, (slice(None), 1), 2.0), TRUTH, "is twice the right one in column 1, and right"),
    "rows half": (changed(WIDE, slice(2, None), 0.5), WIDE, "is half the right one in row 2, the last"),
    "most rows zero": (changed(TRUTH, slice(1, None), 0.0), TRUTH, "is zero in all rows but the first, and right"),
    "one entry": (changed(TRUTH, (1, 2), 1.3), TRUTH, "is wrong in entry [1, 2] alone"),
    "entries": (changed(ROW, [1, 3], 1.3), ROW, "is wrong in entries 1, 3 alone"),
    "both ends": (changed(ROW, [0, 5], 1.3), ROW, "is wrong in the first and the last of the entries alone"),
    "stretch": (changed(LONG, slice(4, 10), 0.0), LONG, "is zero in entries 4 to 9"),
    "every second": (changed(LONG, slice(1, None, 2), 1.3), LONG, "is wrong in every second of the entries, from 1 on"),
    "diagonal": (holding(TRUTH, ROWS == COLUMNS, 2.0), TRUTH, "is twice the right one in the entries on the diagonal"),
    "above": (holding(TRUTH, ROWS < COLUMNS), TRUTH, "is wrong in the entries above the diagonal alone"),
    "below": (holding(TRUTH, ROWS > COLUMNS, 0.0), TRUTH, "is zero in the entries below the diagonal"),
    "edges": (
        holding(TRUTH, (ROWS != 1) | (COLUMNS != 1), 0.5),
        TRUTH,
        "is half the right one in the entries along the edges",
    ),
    "block": (holding(WIDE, np.indices((3, 4))[0:1].sum(0) < 1) * 1.0, WIDE, "is wrong in row 0, the first alone"),
    "a unit": (changed(ROW, 3, 0.01), ROW, "is 1/100 times the right one in entry 3"),
    "one size": (np.where(ROWS == COLUMNS, 4.0, TRUTH), TRUTH, "is 4 throughout in the entries on the diagonal"),
}

ALL = {f"{group}: {name}": case for group, cases in {
    "factor": FACTORS, "moved": MOVES, "summed": SUMS, "term": TERMS, "places": PLACES,
}.items() for name, case in cases.items()}  # fmt: skip


@pytest.mark.parametrize(("answer", "truth", "says"), ALL.values(), ids=ALL.keys())
def test_a_relation_is_found(answer: Any, truth: Any, says: str) -> None:
    clauses = all_of(answer, truth)
    assert any(clause.startswith(says) for clause in clauses), clauses


@pytest.mark.parametrize(("answer", "truth", "says"), ALL.values(), ids=ALL.keys())
def test_a_near_miss_is_none(answer: Any, truth: Any, says: str) -> None:
    """Nor is the answer off by a part in a million, every entry by another."""
    random = np.random.default_rng(1)
    near = answer * (1 + 1e-6 * random.uniform(0.5, 1, np.shape(answer))) + 1e-6 * random.uniform(0.5, 1, truth.shape)
    assert not any(clause.startswith(says) for clause in all_of(near, truth))


SCALED = {
    "its value": (TRUTH * 0.3, "is t times the right one, with t = 0.3"),
    "over it": (TRUTH / 0.3, "is 1/t times the right one, with t = 0.3"),
    "squared": (TRUTH * 0.09, "is t squared times the right one, with t = 0.3"),
    "one less it": (TRUTH * 0.7, "is 1 - t times the right one, with t = 0.3"),
    "over one less it": (TRUTH / 0.7, "is 1/(1 - t) times the right one, with t = 0.3"),
}


@pytest.mark.parametrize(("answer", "says"), SCALED.values(), ids=SCALED.keys())
def test_a_factor_made_of_an_argument(answer: Any, says: str) -> None:
    assert all_of(answer, inputs={"t": np.array(0.3)})[0].startswith(says)
    assert not any(clause.startswith(says) for clause in all_of(answer, inputs={"t": np.array(0.31)}))


def test_a_factor_of_every_row_is_an_argument() -> None:
    v, mask = np.array([0.5, 2.0, 3.0]), np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]]) * 1.0
    assert "is the right one times v, row by row: v enters once too often" in all_of(
        TRUTH * v[:, None], inputs={"v": v}
    )
    assert "is the right one over v, column by column: a factor v is missing" in all_of(TRUTH / v, inputs={"v": v})
    without = all_of(TRUTH, TRUTH * mask, inputs={"m": mask})
    assert without[:1] == ["is the right one without m, which is zero where nothing may arrive, entry by entry"]
    assert not any("v" in clause for clause in all_of(TRUTH * np.array([0.5, 2.0, 3.1])[:, None], inputs={"v": v}))


def test_another_inputs_gradient_is_found() -> None:
    (one, *_) = found(GIVEN, others={"W": GIVEN, "U": TRUTH + 1}, inputs={})
    assert one.clause == "is the gradient with respect to W: two of them are exchanged"
    assert one.other == "W"
    (turned, *_) = found(WIDE.T, np.arange(12.0).reshape(4, 3), others={"W": WIDE})
    assert turned.clause == "is the gradient with respect to W, transposed: two of them are exchanged"


def test_the_cotangent_itself_added_and_missing() -> None:
    weights = {"the cotangent": WEIGHT}
    assert all_of(WEIGHT, ROW, weights=weights)[0] == "is the cotangent itself: the slope of f is taken for 1"
    assert "is the right one with the cotangent added" in all_of(ROW + WEIGHT, ROW, weights=weights)
    skip = "lacks the cotangent itself: an identity path, such as a skip connection, is missing"
    assert skip in all_of(ROW - WEIGHT, ROW, weights=weights)
    assert not any("cotangent" in clause for clause in all_of(ROW + 1.01 * WEIGHT, ROW, weights=weights))


def test_a_running_sum_the_wrong_way() -> None:
    back = np.cumsum(WEIGHT[::-1])[::-1]
    assert "it must run the other way" in all_of(np.cumsum(WEIGHT), back, weights={"the cotangent": WEIGHT})[0]


def test_an_input_or_the_value_in_place_of_the_slope() -> None:
    x, y = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.4, 7.0])
    about = {"inputs": {"x": x}, "weights": {"the cotangent": WEIGHT[:3]}, "outputs": {"f's value": y}}
    truth = np.array([0.2, 0.3, 0.9])
    assert all_of(WEIGHT[:3] * x, truth, **about)[0] == "is the cotangent times x itself"
    assert "f is taken for its own derivative" in all_of(WEIGHT[:3] * y, truth, **about)[0]
    assert all_of(WEIGHT[:3] * np.sign(x), truth, **about)[0] == "is the cotangent times the sign of x"


CONDITIONS = {
    "its own sign": (holding(TRUTH, GIVEN < 0), "is wrong in the entries where x < 0 alone", {}),
    "beyond 1": (holding(TRUTH, np.abs(GIVEN) > 1, 0.0), "is zero in the entries where |x| > 1, and right", {}),
    "an argument": (holding(TRUTH, GIVEN > 0.5), "is wrong in the entries where x > t alone", {"t": np.array(0.5)}),
    "another's zeros": (
        holding(TRUTH, ROWS == 1),
        "is wrong in the entries where m is 0 alone",
        {"m": (ROWS != 1) * 1.0},
    ),
    "largest": (holding(TRUTH, GIVEN.max(0) == GIVEN), "is wrong in the places where x is largest along axis 0", {}),
    "repeated": (
        holding(TRUTH, ROWS == 2),
        "is wrong in the rows that stand several times in i",
        {"i": np.array([0, 2, 2])},
    ),
}


@pytest.mark.parametrize(("answer", "says", "more"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_wrong_where_an_argument_has_a_property(answer: Any, says: str, more: Any) -> None:
    told = [r for r in found(answer, inputs={"x": GIVEN, **more}) if r.clause.startswith(says)]
    assert told
    assert all(r.by_values for r in told)
    one_more = np.array(answer)
    one_more[np.unravel_index(int(np.argmax(np.isclose(answer, TRUTH))), (3, 3))] *= 1.3
    assert not any(r.clause.startswith(says) for r in found(one_more, inputs={"x": GIVEN, **more}))


ROUNDED = {
    "float32": (np.float32, "is the right one rounded to float32"),
    "float16": (np.float16, "is the right one rounded to float16"),
    "integers": (np.int64, "is the right one cut off to whole numbers"),
}


@pytest.mark.parametrize(("dtype", "says"), ROUNDED.values(), ids=ROUNDED.keys())
def test_an_answer_rounded_to_a_coarser_type(dtype: Any, says: str) -> None:
    truth = TRUTH + 0.3 + GIVEN / 3
    assert all_of(truth.astype(dtype).astype(float), truth)[0].startswith(says)
    assert not any(clause.startswith(says) for clause in all_of(truth.astype(dtype).astype(float) * (1 + 1e-10), truth))


@pytest.mark.parametrize(
    "answer",
    [
        np.random.default_rng(0).standard_normal((3, 3)),
        2 * TRUTH + 1e-9 * GIVEN,
        np.full((3, 3), np.nan),
    ],
)
def test_nothing_is_invented(answer: Any) -> None:
    assert all_of(answer) == []
    assert all_of(answer, others={"W": GIVEN}, inputs={"x": GIVEN, "t": np.array(0.7)}) == []


def test_a_number_alone_has_no_factor_of_its_own_and_no_offset() -> None:
    one = np.array(3.0)
    assert all_of(np.array(4.0), one, inputs={"x": np.array(0.5)}) == []
    assert all_of(np.array(6.0), one) == ["is twice the right one: a factor 2, or a contribution counted twice"]
    assert all_of(np.array(21.0), one)[0].startswith("is 7 times the right one")
    assert all_of(np.array(18.0), one) == []
    assert all_of(np.zeros(0), np.zeros(0)) == []
    assert all_of(np.ones(3), np.zeros(3)) == []


def test_a_relation_holds_up_to_the_tolerance_and_no_further() -> None:
    assert all_of(-TRUTH + 0.9e-12) == ["has the wrong sign throughout"]
    assert "has the wrong sign throughout" not in all_of(-TRUTH + 1.1e-12)


def test_a_relations_number_may_differ_by_rounding_between_points() -> None:
    (one,) = (r for r in found(0.9 * TRUTH) if r.number)
    (again,) = (r for r in found(0.9 * TRUTH * (1 + 1e-13)) if r.number)
    (other,) = (r for r in found(0.9 * TRUTH * (1 + 1e-8)) if r.number)
    assert one.same(again)
    assert not one.same(other)


def test_lengths_are_called_after_their_first_axis() -> None:
    lengths = lengths_of({"b": np.zeros(5), "X": np.zeros((4, 5)), "T": np.zeros((2, 3, 5))})
    assert lengths == {
        4: "the length of axis 0 of X",
        2: "the length of axis 0 of T",
        5: "the length of b",
        3: "the length of axis 1 of T",
        20: "the number of entries of X",
        30: "the number of entries of T",
        6: "the product of the first 2 lengths of T",
        15: "the number of entries of T along its last axes",
    }
