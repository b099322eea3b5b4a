"""`intersect`, `judge`, `interest`: what agrees, what does not, and what cannot be told."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.errors import HarnessFault
from gradcheck.oracle.estimate import Estimate, Kind
from gradcheck.verdict.compare import UNIT_ROUNDOFF, Comparison, Truth, interest, intersect, judge, scale

LARGEST = float(np.finfo(np.float64).max)


def proven(value: Any, error: Any = 0.0) -> Estimate:
    return Estimate(np.asarray(value, dtype=float), np.asarray(error, dtype=float), Kind.PROVEN)


def estimated(value: Any, error: Any = 0.0) -> Estimate:
    return Estimate(np.asarray(value, dtype=float), np.asarray(error, dtype=float), Kind.ESTIMATED)


def known(value: Any, error: Any = 0.0) -> Truth:
    return intersect({"proof": proven(value, error)}, np.shape(value))


def judged(
    answer: Any, truth: Truth, allowance: Any = 1e-6, interest_: Any = 1e-3, dtype: str = "float64"
) -> Comparison:
    given_ = np.asarray(answer, dtype=dtype)
    shape = given_.shape
    return judge("w", given_, truth, np.broadcast_to(allowance, shape), np.broadcast_to(interest_, shape))


class TestIntersect:
    def test_bounds_next_to_0_are_told_as_0(self) -> None:
        told = known([0.0, 5e-324, 1.0, 1e-300], [5e-324, 5e-324, 0.0, 0.0]).told.tolist()
        assert told[:2] == [0.0, 0.0]
        assert told[2:] == pytest.approx([1.0, 1e-300], rel=1e-15, abs=0)

    def test_proofs_narrow_each_other(self) -> None:
        truth = intersect({"a": proven([1.0, 5.0], [0.5, 1.0]), "b": proven([1.25, 4.5], [0.5, np.inf])}, (2,))
        assert truth.lower.tolist() == pytest.approx([0.75, 4.0], rel=1e-15)
        assert truth.upper.tolist() == pytest.approx([1.5, 6.0], rel=1e-15)
        assert truth.middle.tolist() == pytest.approx([1.125, 5.0], rel=1e-15)
        assert truth.radius.tolist() == pytest.approx([0.375, 1.0], rel=1e-15)
        assert truth.proven.all()
        assert truth.oracles == ("a", "b")

    def test_proofs_that_just_meet(self) -> None:
        truth = intersect({"a": proven(1.0, 0.5), "b": proven(2.0, 0.5)}, ())
        assert float(truth.middle) == pytest.approx(1.5)

    def test_proofs_apart_are_a_fault_of_the_harness(self) -> None:
        with pytest.raises(HarnessFault) as fault:
            intersect(
                {"a": proven([[1.0, 1.0]], 0.25), "b": proven([[1.0, 2.0]], 0.5), "c": estimated([[1.0, 3.0]])}, (1, 2)
            )
        assert "entry (0, 1)" in str(fault.value)
        assert "a " in str(fault.value)
        assert "b " in str(fault.value)
        assert "+- 0.5" in str(fault.value)

    def test_two_proofs_may_differ_in_the_last_place_only(self) -> None:
        one = 1.0
        intersect({"a": proven(one), "b": proven(np.nextafter(one, 2.0))}, ())
        with pytest.raises(HarnessFault):
            intersect({"a": proven(one), "b": proven(one + 8 * np.spacing(one))}, ())

    def test_a_proof_and_an_oracle_that_cannot_tell(self) -> None:
        truth = intersect({"a": proven(1.0, 0.25), "b": proven(7.0, np.inf)}, ())
        assert float(truth.middle) == 1.0
        assert truth.oracles == ("a",)

    def test_estimates_that_miss_a_proof_are_discarded(self) -> None:
        truth = intersect(
            {
                "good": estimated([1.0, 2.0], 1e-9),
                "bad": estimated([1.0, 2.5], 1e-9),
                "proof": proven([1.0, 2.0], 1e-12),
            },
            (2,),
        )
        assert truth.discarded == (("bad", "proof", (1,)),)
        assert truth.oracles == ("proof", "good")
        assert not truth.disputed.any()
        assert truth.middle.tolist() == pytest.approx([1.0, 2.0], rel=1e-11)

    @pytest.mark.parametrize(
        ("value", "thrown_out"), [(1.5, False), (1.5000001, True), (0.4999999, True), (0.5, False)]
    )
    def test_an_estimate_is_discarded_on_either_side_and_not_before(self, value: float, thrown_out: bool) -> None:
        truth = intersect({"proof": proven(1.0, 0.25), "guess": estimated(value, 0.25)}, ())
        assert bool(truth.discarded) is thrown_out

    def test_the_witness_of_a_discarded_estimate_is_one_that_knew(self) -> None:
        truth = intersect({"blind": proven(0.0, np.inf), "proof": proven(1.0, 0.1), "guess": estimated(9.0, 0.1)}, ())
        assert truth.discarded == (("guess", "proof", ()),)

    def test_a_discarded_estimate_says_nothing_about_other_entries(self) -> None:
        truth = intersect({"proof": proven([1.0, 0.0], [0.0, np.inf]), "guess": estimated([2.0, 7.0], 1e-9)}, (2,))
        assert truth.known.tolist() == [True, False]

    def test_a_proof_is_not_narrowed_by_estimates(self) -> None:
        truth = intersect({"proof": proven(1.0, 0.5), "guess": estimated(1.2, 1e-9)}, ())
        assert float(truth.middle) == 1.0
        assert float(truth.radius) == pytest.approx(0.5)

    def test_two_estimates_that_meet(self) -> None:
        truth = intersect({"a": estimated(1.0, 0.5), "b": estimated(1.25, 0.5)}, ())
        assert not truth.proven
        assert truth.known
        assert float(truth.middle) == pytest.approx(1.125)

    def test_two_estimates_that_do_not_meet_are_a_dispute(self) -> None:
        truth = intersect({"a": estimated([1.0, 1.0], 0.25), "b": estimated([2.0, 1.0], 0.25)}, (2,))
        assert truth.disputed.tolist() == [True, False]
        assert truth.known.tolist() == [False, True]
        assert truth.radius[0] == np.inf
        assert truth.middle[0] == 0.0

    def test_a_proof_settles_a_dispute(self) -> None:
        truth = intersect({"a": estimated(1.0, 0.25), "b": estimated(2.0, 0.25), "proof": proven(1.5, 0.4)}, ())
        assert not truth.disputed
        assert float(truth.middle) == pytest.approx(1.5)

    def test_nobody_knows(self) -> None:
        for estimates in ({}, {"a": Estimate.unknown((2,), Kind.PROVEN)}):
            truth = intersect(estimates, (2,))
            assert not truth.known.any()
            assert truth.radius.tolist() == [np.inf, np.inf]
            assert truth.middle.tolist() == [0.0, 0.0]
            assert truth.oracles == ()

    def test_no_entries(self) -> None:
        truth = intersect({"a": proven(np.zeros((0, 3)))}, (0, 3))
        assert truth.middle.shape == (0, 3)
        assert truth.oracles == ("a",)

    @pytest.mark.parametrize("shape", [(1,), (2, 1), (3,)])
    def test_an_estimate_of_another_shape_is_a_fault(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(HarnessFault, match=r"b estimates an array of shape .*, expected \(2,\)"):
            intersect({"a": proven([1.0, 2.0]), "b": proven(np.ones(shape))}, (2,))

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_a_value_that_is_no_number_is_no_estimate(self, value: float) -> None:
        truth = intersect({"a": proven([value, 1.0], 1e-9)}, (2,))
        assert truth.known.tolist() == [False, True]
        assert intersect({"a": proven(1.0, np.nan)}, ()).known == np.False_

    @pytest.mark.parametrize(
        ("value", "error"), [(LARGEST, 0.0), (0.0, LARGEST / 1.0000001), (-LARGEST, 1e300), (5e-324, 0.0)]
    )
    def test_the_ends_of_the_range_warn_of_nothing(self, value: float, error: float) -> None:
        truth = intersect({"a": proven(value, error)}, ())
        assert truth.lower <= value <= truth.upper
        assert not np.isnan(truth.middle)
        assert not np.isnan(truth.radius)
        if truth.known:
            assert truth.lower <= truth.middle <= truth.upper

    @given(st.floats(-1e300, 1e300), st.floats(0, 1e300), st.floats(-1, 1))
    def test_an_interval_holds_all_that_its_estimate_admits(self, value: float, error: float, part: float) -> None:
        truth = intersect({"a": proven(value, error)}, ())
        assert truth.lower <= value + part * error <= truth.upper
        assert truth.lower <= truth.middle <= truth.upper


class TestJudge:
    @pytest.mark.parametrize(
        ("distance", "wrong"), [(0.0, False), (0.99e-6, False), (1.01e-6, True), (-0.99e-6, False), (-1.01e-6, True)]
    )
    def test_both_sides_of_the_allowance(self, distance: float, wrong: bool) -> None:
        comparison = judged(0.5 + distance, known(0.5), allowance=1e-6)
        assert bool(comparison.wrong) is wrong
        assert not comparison.open
        assert comparison.compared == 1
        assert comparison.worst is not None
        assert comparison.worst.share == pytest.approx(abs(distance) / 1e-6, rel=1e-6, abs=1e-9)

    def test_the_distance_is_to_the_interval_and_not_to_its_middle(self) -> None:
        truth = known(1.0, 0.25)
        assert not judged(1.2500009, truth, allowance=1e-6, interest_=1.0).wrong
        assert judged(1.2500011, truth, allowance=1e-6, interest_=1.0).wrong
        assert not judged(0.8, truth, allowance=0.0, interest_=1.0).wrong

    @pytest.mark.parametrize(("error", "still_open"), [(0.8e-3, False), (1.0e-3, True)])
    def test_both_sides_of_the_interest(self, error: float, still_open: bool) -> None:
        comparison = judged(1.0, known(1.0, error), allowance=1e-4, interest_=1e-3)
        assert bool(comparison.open) is still_open
        assert comparison.compared == (not still_open)
        assert not comparison.wrong

    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    @pytest.mark.parametrize(("roundoffs", "still_open"), [(0, False), (12, False), (20, True)])
    def test_right_to_the_last_digits_whatever_rounding_might_have_cost(
        self, dtype: str, roundoffs: int, still_open: bool
    ) -> None:
        answer = np.asarray(1.0 + roundoffs * float(np.finfo(dtype).eps) / 2, dtype)
        comparison = judge("w", answer, known(1.0, 1e-18), np.full((), np.inf), np.full((), 1e-3))
        assert (bool(comparison.wrong), bool(comparison.open)) == (False, still_open)

    @pytest.mark.parametrize(("off", "still_open"), [(0.0, False), (0.9e-3, False), (1.1e-3, True), (-0.9e-3, False)])
    def test_closer_to_a_proven_truth_than_what_matters_in_float32(self, off: float, still_open: bool) -> None:
        answer, allowance, matters = np.asarray(1.0 + off, np.float32), np.full((), 1e-2), np.full((), 1e-3)
        comparison = judge("w", answer, known(1.0, 1e-14), allowance, matters)
        assert (bool(comparison.wrong), bool(comparison.open)) == (False, still_open)
        if off:  # an estimate is no proof, and in float64 rounding excuses no such error
            guessed = intersect({"guess": estimated(1.0, 1e-14)}, ())
            assert judge("w", answer, guessed, allowance, matters).open
            assert judge("w", np.asarray(1.0 + off), known(1.0, 1e-14), allowance, matters).open

    def test_the_last_digits_count_only_where_the_truth_is_known_to_them(self) -> None:
        comparison = judge("w", np.asarray(1.0), known(1.0, 1e-14), np.full((), 1e-2), np.full((), 1e-3))
        assert comparison.open

    def test_the_last_digits_of_zero_are_subnormal(self) -> None:
        for answer, still_open in ((0.0, False), (1e-300, True)):
            comparison = judge("w", np.asarray(answer), known(0.0), np.full((), np.inf), np.full((), 1e-3))
            assert bool(comparison.open) is still_open

    def test_wrong_comes_before_open(self) -> None:
        # Far outside an interval that is too wide to pass anything is wrong all the same.
        comparison = judged(9.0, known(1.0, 0.5), allowance=1e-6, interest_=1e-3)
        assert comparison.wrong
        assert not comparison.open

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("allowance", [0.0, 1e-6, 1e300, np.inf])
    def test_what_is_not_finite_never_agrees(self, value: float, allowance: float) -> None:
        comparison = judged([1.0, value], known([1.0, 2.0]), allowance=allowance)
        assert comparison.wrong.tolist() == [False, True]
        assert comparison.not_finite.tolist() == [False, True]
        assert not judged(value, intersect({}, ()), allowance=allowance).compared

    @pytest.mark.parametrize("tiny", [1e-30, 1e-300, 5e-324])
    def test_zero_against_tiny(self, tiny: float) -> None:
        # The allowance alone decides what is near 0: no relative error hides in it.
        assert judged(0.0, known(tiny), allowance=0.0, interest_=1.0).wrong == (tiny > 2e-323)
        assert judged(tiny, known(0.0), allowance=0.0, interest_=1.0).wrong == (tiny > 2e-323)
        assert not judged(0.0, known(tiny), allowance=2 * tiny, interest_=1.0).wrong

    @pytest.mark.parametrize("size", [1e-200, 1e-8, 1.0, 1e200])
    def test_an_exact_sign_flip(self, size: float) -> None:
        comparison = judged([size, -size], known([size, size]), allowance=1e-9 * size, interest_=1e-6 * size)
        assert comparison.wrong.tolist() == [False, True]
        assert comparison.worst is not None
        assert comparison.worst.entry == (1,)
        assert comparison.worst.distance == pytest.approx(2 * size)

    @pytest.mark.parametrize(
        ("dtype", "largest", "ulp"),
        [("float32", float(np.finfo(np.float32).max), 2.0**104), ("float16", 65504.0, 32.0)],
    )
    def test_infinity_is_right_where_the_dtype_overflows(self, dtype: str, largest: float, ulp: float) -> None:
        beyond = [4 * largest, -4 * largest]
        right = judged([np.inf, -np.inf], known(beyond), 1e-3 * largest, largest, dtype)
        assert not right.wrong.any()
        assert not right.not_finite.any()
        assert right.worst is not None
        assert right.worst.ulps == 0.0
        assert judged([-np.inf, np.inf], known(beyond), 1e-3 * largest, largest, dtype).wrong.all()
        assert judged([np.nan, np.nan], known(beyond), 1e-3 * largest, largest, dtype).wrong.all()
        # The largest number is not infinity, nor infinity a number that fits.
        assert judged(largest, known(4 * largest), 1e-3 * largest, largest, dtype).wrong
        assert judged(np.inf, known(largest - 2 * ulp), 1e-3 * largest, largest, dtype).wrong

    def test_infinity_in_float64_is_wrong_below_the_very_largest(self) -> None:
        assert judged(np.inf, known(1.7e308), 1e300, 1e302).wrong

    def test_scalars_are_scalars(self) -> None:
        comparison = judged(2.0, known(1.0))
        assert comparison.wrong.shape == ()
        assert comparison.worst is not None
        assert comparison.worst.entry == ()
        assert comparison.worst.subject == 2.0
        assert comparison.worst.truth == 1.0

    def test_no_entries_are_no_comparison(self) -> None:
        comparison = judged(np.zeros((0, 2)), known(np.zeros((0, 2))))
        assert comparison.compared == 0
        assert comparison.worst is None
        assert not comparison.wrong.any()

    def test_nothing_known_is_nothing_compared(self) -> None:
        comparison = judged([1.0, 2.0], intersect({}, (2,)))
        assert comparison.open.all()
        assert not comparison.wrong.any()
        assert comparison.worst is None

    def test_a_dispute_is_open(self) -> None:
        truth = intersect({"a": estimated(1.0, 0.1), "b": estimated(2.0, 0.1)}, ())
        comparison = judged(1.0, truth, interest_=np.inf)
        assert comparison.open
        assert not comparison.wrong

    @pytest.mark.parametrize("allowance", [np.nan, np.inf])
    def test_an_allowance_without_bound_passes_nothing(self, allowance: float) -> None:
        comparison = judged(5.0, known(1.0), allowance=allowance)
        assert comparison.open
        assert comparison.compared == 0

    def test_an_answer_of_another_shape_is_a_fault(self) -> None:
        for answer in (1.0, [1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]]):
            with pytest.raises(HarnessFault, match="w: an answer of shape"):
                judge("w", np.asarray(answer), known([1.0, 2.0]), np.zeros(()), np.ones(()))

    def test_the_worst_entry_is_the_one_furthest_beyond_its_own_allowance(self) -> None:
        truth = known([[1.0, 100.0], [0.0, 1.0]])
        answer = [[1.0, 100.9], [1e-3, 1.0]]
        comparison = judged(answer, truth, allowance=[[1e-6, 1.0], [1e-6, 1e-6]], interest_=10.0)
        assert comparison.worst is not None
        assert comparison.worst.entry == (1, 0)
        assert comparison.worst.block == "w"
        assert comparison.worst.allowed == 1e-6
        assert comparison.worst.share == pytest.approx(1000.0)
        assert comparison.worst.radius == pytest.approx(0.0, abs=1e-320)

    def test_the_worst_entry_is_not_one_that_nobody_knows(self) -> None:
        truth = intersect({"a": proven([1.0, 2.0], [1e-9, np.inf])}, (2,))
        comparison = judged([1.0, 77.0], truth)
        assert comparison.worst is not None
        assert comparison.worst.entry == (0,)
        assert comparison.open.tolist() == [False, True]

    def test_of_entries_without_error_the_worst_is_the_one_off_by_most(self) -> None:
        truth = known([1.0, 1.0, 1.0], 0.25)
        comparison = judged([1.0, 1.2, 0.9], truth, interest_=1.0)
        assert comparison.worst is not None
        assert comparison.worst.entry == (1,)
        assert comparison.worst.share == 0.0

    @pytest.mark.parametrize(("dtype", "ulp"), [("float64", 2.0**-51), ("float32", 2.0**-22), ("float16", 2.0**-9)])
    def test_ulps_are_of_the_largest_true_entry_in_the_subjects_dtype(self, dtype: str, ulp: float) -> None:
        # 3.0 lies between 2 and 4, where one unit in the last place is 2 * eps.
        comparison = judged([3.0, 1.0 + 4 * ulp], known([3.0, 1.0]), allowance=1.0, interest_=2.0, dtype=dtype)
        assert comparison.worst is not None
        assert comparison.worst.entry == (1,)
        assert comparison.worst.ulps == pytest.approx(4.0, rel=1e-3)

    def test_ulps_of_a_zero_gradient_are_counted_by_the_fallback(self) -> None:
        zero = known(0.0)
        comparison = judge("w", np.asarray(2.0**-52), zero, np.asarray(1.0), np.asarray(2.0), fallback=1.0)
        assert comparison.worst is not None
        assert comparison.worst.ulps == pytest.approx(1.0)

    def test_whole_numbers_are_numbers(self) -> None:
        comparison = judge("w", np.array([1, 3]), known([1.0, 2.0]), np.full(2, 1e-6), np.ones(2))
        assert comparison.wrong.tolist() == [False, True]

    @given(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.floats(-1e6, 1e6), st.floats(0, 1e3))
    def test_the_inequality(self, value: float, error: float, answer: float, allowance: float) -> None:
        comparison = judged(answer, known(value, error), allowance, np.inf)
        distance = max(abs(answer - value) - error, 0.0)
        if distance > allowance * (1 + 1e-9) + 1e-9:
            assert comparison.wrong
        if distance < allowance * (1 - 1e-9) - 1e-9:
            assert not comparison.wrong


class TestInterest:
    @pytest.mark.parametrize(("dtype", "share"), [("float64", 1e-6), ("float32", 1e-4), ("float16", 64 * 2.0**-11)])
    def test_by_default_a_millionth_and_more_in_narrow_dtypes(self, dtype: str, share: float) -> None:
        assert interest(known([2.0, -2.0]), dtype, 1.0).tolist() == pytest.approx([2 * share] * 2)

    def test_small_entries_count_by_the_scale_of_their_block(self) -> None:
        # Root mean square of (3, 4, 0, 0): sqrt(25 / 4) = 2.5.
        assert interest(known([3.0, 4.0, 0.0, 0.0]), "float64", 9.0).tolist() == pytest.approx(
            [3e-6, 4e-6, 2.5e-6, 2.5e-6]
        )

    def test_of_a_zero_gradient_the_fallback_counts(self) -> None:
        assert interest(known([0.0, 0.0]), "float64", 5.0).tolist() == pytest.approx([5e-6] * 2)
        assert scale(known([0.0]), 5.0) == 5.0
        assert scale(intersect({}, (2,)), 5.0) == 5.0
        assert scale(known(np.zeros(0)), 5.0) == 5.0

    @pytest.mark.parametrize(("allowance", "expected"), [(1.01e-17, 5e-6), (0.99e-17, 1e-23)])
    def test_a_gradient_that_is_zero_up_to_rounding_counts_as_zero(self, allowance: float, expected: float) -> None:
        matters = interest(known([1e-17]), "float64", 5.0, allowance=np.array([allowance]))
        assert matters.tolist() == pytest.approx([expected])

    @pytest.mark.parametrize(
        ("dtype", "smallest"), [("float64", 2.0**-1022), ("float32", 2.0**-126), ("float16", 2.0**-14)]
    )
    def test_below_the_smallest_normal_number_nothing_matters(self, dtype: str, smallest: float) -> None:
        assert float(interest(known(0.0), dtype, 0.0)) == smallest

    def test_it_can_be_set(self) -> None:
        assert float(interest(known(4.0), "float16", 1.0, relative=0.25)) == 1.0

    @pytest.mark.parametrize("size", [5e-324, 1e-300, 1e300])
    def test_the_scale_neither_overflows_nor_vanishes(self, size: float) -> None:
        assert scale(known([size, size]), 1.0) == pytest.approx(size)

    def test_unknown_entries_have_no_part_in_the_scale(self) -> None:
        truth = intersect({"a": proven([2.0, 1e9], [0.0, np.inf])}, (2,))
        assert scale(truth, 1.0) == pytest.approx(2.0)

    def test_units_of_roundoff(self) -> None:
        assert UNIT_ROUNDOFF == {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11}
