"""`in_hull`: whether a gradient is a mixture of those around a kink, as a whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.verdict.hull import in_hull

TIGHT = 1e-9
SEGMENT = ([0.0, 0.0], [1.0, 1.0])
SQUARE = ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0])
TRIANGLE = ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])


def inside(answer: list[float], corners: tuple[list[float], ...], tolerance: object = TIGHT) -> bool:
    point = np.array(answer)
    return in_hull(point, [np.array(c) for c in corners], np.broadcast_to(np.asarray(tolerance, float), point.shape))


@pytest.mark.parametrize(
    ("corners", "answer", "expected"),
    [
        (SEGMENT, [0.0, 0.0], True),
        (SEGMENT, [1.0, 1.0], True),
        (SEGMENT, [0.3, 0.3], True),
        (SEGMENT, [0.3, 0.4], False),  # each entry is between its bounds; the whole is no mixture
        (SEGMENT, [1.1, 1.1], False),
        (SEGMENT, [-0.1, -0.1], False),
        (SQUARE, [0.3, 0.4], True),
        (SQUARE, [0.0, 1.0], True),
        (SQUARE, [0.5, 1.00001], False),
        (TRIANGLE, [0.25, 0.25], True),
        (TRIANGLE, [0.5, 0.5], True),
        (TRIANGLE, [0.51, 0.51], False),
        (([2.0, 5.0],), [2.0, 5.0], True),
        (([2.0, 5.0],), [2.0, 5.1], False),
        (([2.0, 5.0], [2.0, 7.0]), [2.0, 6.0], True),
        (([2.0, 5.0], [2.0, 7.0]), [2.1, 6.0], False),
    ],
)
def test_mixtures(corners: tuple[list[float], ...], answer: list[float], expected: bool) -> None:
    assert inside(answer, corners) is expected
    assert inside(answer, corners[::-1]) is expected


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_no_mixture(bad: float) -> None:
    assert not inside([0.5, bad], SQUARE, np.inf)


@pytest.mark.parametrize("corners", [SEGMENT, TRIANGLE], ids=["segment", "triangle"])
def test_both_sides_of_the_tolerance(corners: tuple[list[float], ...]) -> None:
    assert inside([-0.99e-3, 0.0], corners, 1e-3)
    assert not inside([-1.01e-3, 0.0], corners, 1e-3)


@pytest.mark.parametrize("corners", [SEGMENT, (*SEGMENT, [0.5, 0.5])], ids=["two", "three"])
def test_each_entry_has_its_own_tolerance(corners: tuple[list[float], ...]) -> None:
    # The first entry leaves lambda = 0.5 alone; the second is off by 0.1 there.
    assert inside([0.5, 0.6], corners, [TIGHT, 0.11])
    assert not inside([0.5, 0.6], corners, [TIGHT, 0.09])


@pytest.mark.parametrize("size", [1e-150, 1.0, 1e150])
def test_the_size_of_the_gradient_does_not_matter(size: float) -> None:
    corners = tuple([size * v for v in corner] for corner in TRIANGLE)
    assert inside([0.25 * size, 0.25 * size], corners, 1e-9 * size)
    assert not inside([0.75 * size, 0.75 * size], corners, 1e-9 * size)


@given(
    st.lists(st.lists(st.integers(-4, 4), min_size=3, max_size=3), min_size=1, max_size=5),
    st.lists(st.integers(0, 8), min_size=5, max_size=5),
)
def test_every_mixture_is_inside_and_what_lies_beyond_all_corners_is_not(
    corners: list[list[int]], weights: list[int]
) -> None:
    points = np.array(corners, dtype=float)
    share = np.array(weights[: len(points)], dtype=float) + 1e-3
    mixture = share @ points / share.sum()
    assert in_hull(mixture, list(points), np.full(3, 1e-6))
    beyond = points[np.argmax(points @ np.ones(3))] + 1e-3
    assert not in_hull(beyond, list(points), np.full(3, 1e-6))
