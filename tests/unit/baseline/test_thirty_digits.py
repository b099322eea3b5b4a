"""Numbers with a radius as text: thirty digits, and a radius that covers what they leave out."""

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.baseline.thirty_digits import ball, between, interval

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, st.floats(-1, 1), st.floats(0, 1e300))
def test_the_interval_holds_the_number_and_its_radius(value: float, share: float, radius: float) -> None:
    rest = share * math.ulp(value) / 2
    text = ball((value, rest), radius)
    assert text is not None
    found = interval(text)
    assert found is not None
    exact = Fraction(value) + Fraction(rest)
    assert found[0] <= exact - Fraction(radius)
    assert exact + Fraction(radius) <= found[1]


@given(FINITE, st.floats(-1, 1))
def test_thirty_digits_are_kept(value: float, share: float) -> None:
    rest = share * math.ulp(value) / 2
    found = interval(ball((value, rest), 0.0) or "")
    assert found is not None
    assert found[1] - found[0] <= abs(Fraction(value) + Fraction(rest)) * Fraction(11, 10**30)


def test_e_to_thirty_digits() -> None:
    with mpmath.workdps(50):
        high = float(mpmath.e)
        rest = float(mpmath.e - high)
        text = ball((high, rest), 0.0) or ""
        assert text.startswith(mpmath.nstr(mpmath.e, 30) + " +- ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.0, "7 +- 0"),
        (-0.5, "-0.5 +- 0"),
        (0.0, "0 +- 0"),
        (-0.0, "0 +- 0"),
        (1e22, "10000000000000000000000 +- 0"),
        (2.0**-40, "9.094947017729282379150390625E-13 +- 0"),
    ],
)
def test_short_numbers_are_written_short(value: float, text: str) -> None:
    assert ball((value,), 0.0) == text


@pytest.mark.parametrize(("value", "radius"), [(math.nan, 0.0), (math.inf, 0.0), (1.0, math.inf), (1.0, math.nan)])
def test_what_is_not_known_is_no_text(value: float, radius: float) -> None:
    assert ball((value,), radius) is None
    assert between(value, radius) is None


def test_between() -> None:
    assert between(-1.0, 0.5) == "-1 .. 0.5"
    assert interval("-1 .. 0.5") == (-1, Fraction(1, 2))


@pytest.mark.parametrize("text", ["", "7", "7 +- ", "nan +- 0", "7 +- inf", "1e5 +- 0", "7 +-0", "7 .. ", "9" * 400])
def test_other_texts_are_refused(text: str) -> None:
    assert interval(text) is None


def test_a_huge_exponent_takes_no_time() -> None:
    assert interval("1E+999999999 +- 0") is not None
