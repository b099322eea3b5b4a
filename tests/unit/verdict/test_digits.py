"""Two numbers are shown in as many digits as it takes to see that they differ, and no more."""

from __future__ import annotations

import pytest

from gradcheck.verdict.digits import apart, number


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        (7.0, 9.0, ("7", "9")),
        (1 / 3, 2 / 3, ("0.3333", "0.6667")),
        (6.0, 6.000001, ("6", "6.000001")),
        (6.0, 6.0 + 2**-50, ("6", "6.0000000000000009")),
        (float("nan"), 4.0, ("nan", "4")),
        (-0.0, 1.0, ("0", "1")),
    ],
)
def test_two_numbers_have_as_many_digits_as_it_takes_to_tell_them_apart(
    first: float, second: float, shown: tuple[str, str]
) -> None:
    assert apart(first, second) == shown


def test_equal_numbers_end_the_search() -> None:
    assert apart(2.5, 2.5) == ("2.5", "2.5")


def test_one_number_has_few_digits_and_words_stay_as_they_are() -> None:
    assert [number(2 / 3), number(2 / 3, 2), number(3), number("between 0 and 1")] == [
        "0.6667",
        "0.67",
        "3",
        "between 0 and 1",
    ]
