"""Kinks of many ties are decided by the sides that each tie allows, taken one at a time. Truth is worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.verdict.result import Result

# -- two ties, one read by the other -----------------------------------------------------------------------------------


def notch(x: Any) -> Any:
    """2 - x left of 2, and 0 right of it: legal at 2 is what lies between -1 and 0."""
    return np.sum(np.abs(np.minimum(x, 2.0) - 2.0))


def notch_of_python_numbers(x: Any) -> Any:
    return abs(min(x, 2.0) - 2.0)


@pytest.mark.parametrize("f", [notch, notch_of_python_numbers])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [(0.0, "PASS"), (-0.5, "PASS"), (-1.0, "PASS"), (0.5, "FAIL"), (1.0, "FAIL"), (-2.0, "FAIL"), (1e-6, "FAIL")],
)
def test_a_choice_that_contradicts_what_it_reads_is_no_side(f: Any, answer: float, expected: str) -> None:
    def grad(x: Any) -> Any:
        return np.where(x < 2, -1.0, np.where(x == 2, answer, 0.0))

    result = gradcheck.check_gradient(f, grad, np.array(2.0))
    assert result.verdict == expected, result.to_text()
    assert result.codes[0] == ("GC045" if expected == "PASS" else "GC012")


def test_many_of_them() -> None:
    at = np.full(10, 2.0)
    for answer, expected in ((0.0, "PASS"), (-1.0, "PASS"), (-0.5, "PASS"), (-2.0, "FAIL"), (2.0, "FAIL")):
        result = gradcheck.check_gradient(notch, _at_two(answer), at)
        assert result.verdict == expected, result.to_text()
    assert gradcheck.check_gradient(notch, _at_two(0.5), at).verdict != "PASS"


def _at_two(answer: float) -> Callable[[Any], Any]:
    return lambda x: np.where(x < 2, -1.0, np.where(x == 2, answer, 0.0))


@pytest.mark.parametrize(("answer", "expected"), [(0.0, "PASS"), (0.9, "PASS"), (1.1, "PASS"), (2.2, "FAIL")])
def test_side_by_side_each_operation_has_a_rule_of_its_own_where_there_is_no_derivative(
    answer: float, expected: str
) -> None:
    """x + |x| / 10 as relu(x) - relu(-x) + |x| / 10: slopes of 0.9 and 1.1, and 0 by relu'(0) = 0, |.|'(0) = 0."""

    def f(x: Any) -> Any:
        return np.maximum(x, 0.0) - np.maximum(-x, 0.0) + 0.1 * np.abs(x)

    result = gradcheck.check_gradient(f, lambda x: np.where(x == 0, answer, 1.0 + 0.1 * np.sign(x)), np.array(0.0))
    assert result.verdict == expected, result.to_text()


# -- bilinear sampling at whole offsets --------------------------------------------------------------------------------

RANDOM = np.random.default_rng(3)
IMAGE = RANDOM.standard_normal((8, 8))
OFFSETS = RANDOM.integers(1, 6, size=(16, 2)).astype(float)
WEIGHTS = RANDOM.standard_normal(16)


def sampled(image: Any, offsets: Any) -> Any:
    """Written for whole arrays."""
    y, x = offsets[:, 0], offsets[:, 1]
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    v, u = y - top, x - left
    above = (1 - u) * image[top, left] + u * image[top, left + 1]
    below = (1 - u) * image[top + 1, left] + u * image[top + 1, left + 1]
    return np.sum(WEIGHTS * ((1 - v) * above + v * below))


def sampled_in_a_loop(image: Any, offsets: Any) -> Any:
    total = 0.0
    for k in range(16):
        y, x = offsets[k, 0], offsets[k, 1]
        top, left = int(np.floor(y)), int(np.floor(x))
        v, u = y - top, x - left
        above = (1 - u) * image[top, left] + u * image[top, left + 1]
        below = (1 - u) * image[top + 1, left] + u * image[top + 1, left + 1]
        total = total + WEIGHTS[k] * ((1 - v) * above + v * below)
    return total


def gradients_of_samples(image: Any, offsets: Any, share: Any = 0.0) -> tuple[Any, Any]:
    """`share` of the slope to the left or above, the rest to the right or below; (16, 2) or a number."""
    by_image, sides = np.zeros_like(image), []
    for edge in (np.floor, lambda z: np.ceil(z) - 1):
        slopes = np.zeros_like(offsets)
        for k, (y, x) in enumerate(offsets):
            top, left = int(edge(y)), int(edge(x))
            v, u = y - top, x - left
            cell = image[top : top + 2, left : left + 2]
            slopes[k] = np.array([1 - u, u]) @ (cell[1] - cell[0]), np.array([1 - v, v]) @ (cell[:, 1] - cell[:, 0])
            if edge is np.floor:
                part = np.outer([1 - v, v], [1 - u, u])
                by_image[top : top + 2, left : left + 2] += WEIGHTS[k] * part
        sides.append(WEIGHTS[:, None] * slopes)
    return by_image, (1 - share) * sides[0] + share * sides[1]


MIXED = np.where(np.arange(32).reshape(16, 2) % 3 == 0, 1.0, np.where(np.arange(32).reshape(16, 2) % 3 == 1, 0.0, 0.3))


@pytest.mark.parametrize("share", [0.0, 1.0, 0.5, MIXED], ids=["right", "left", "half", "each its own"])
def test_bilinear_sampling_at_whole_offsets(share: Any) -> None:
    f = sampled_in_a_loop if share is MIXED else sampled
    result = gradcheck.check_gradient(f, lambda a, b: gradients_of_samples(a, b, share), IMAGE, OFFSETS)
    assert (result.verdict, result.codes[0]) == ("PASS", "GC045"), result.to_text()


@pytest.mark.parametrize(
    ("f", "k", "share"), [(sampled, (0, 0), -0.01), (sampled, (15, 0), 1.01), (sampled_in_a_loop, (7, 1), 1.01)]
)
def test_bilinear_sampling_wrong_in_one_offset(f: Any, k: tuple[int, int], share: float) -> None:
    shares = np.zeros((16, 2))
    shares[k] = share
    result = gradcheck.check_gradient(f, lambda a, b: gradients_of_samples(a, b, shares), IMAGE, OFFSETS)
    assert (result.verdict, result.codes[0]) == ("FAIL", "GC012"), result.to_text()
    assert result.findings[0].facts["block"] == "offsets"
    assert result.findings[0].facts["entry"] == list(k)  # the entry that is wrong, and no other


def test_bilinear_sampling_wrong_in_the_image() -> None:
    def doubled(image: Any, offsets: Any) -> Any:
        by_image, by_offsets = gradients_of_samples(image, offsets)
        return by_image + 1e-6 * (np.arange(64).reshape(8, 8) == 9), by_offsets

    result = gradcheck.check_gradient(sampled, doubled, IMAGE, OFFSETS)
    assert (result.verdict, result.findings[0].facts["entry"]) == ("FAIL", [1, 1]), result.to_text()


# -- a deformable convolution with 162 ties ----------------------------------------------------------------------------

PICTURE, KERNEL = RANDOM.standard_normal((5, 5)), RANDOM.standard_normal((3, 3))
STILL = np.zeros((3, 3, 9, 2))


def deformed(picture: Any, kernel: Any, shifts: Any) -> Any:
    """Half the sum of the squares of a 3 x 3 convolution whose taps are shifted, sampled bilinearly; 0 outside."""
    rows, columns = np.meshgrid(np.arange(3), np.arange(3), indexing="ij")
    out: Any = 0.0
    for tap in range(9):
        i, j = divmod(tap, 3)
        y, x = rows + i + shifts[:, :, tap, 0], columns + j + shifts[:, :, tap, 1]
        top, left = np.floor(y).astype(int), np.floor(x).astype(int)
        v, u = y - top, x - left
        above = (1 - u) * _pixel(picture, top, left) + u * _pixel(picture, top, left + 1)
        below = (1 - u) * _pixel(picture, top + 1, left) + u * _pixel(picture, top + 1, left + 1)
        out = out + kernel[i, j] * ((1 - v) * above + v * below)
    return 0.5 * np.sum(out**2)


def _pixel(picture: Any, row: Any, column: Any) -> Any:
    inside = (row >= 0) & (row < 5) & (column >= 0) & (column < 5)
    return np.where(inside, picture[np.clip(row, 0, 4), np.clip(column, 0, 4)], 0.0)


def gradients_of_deformed(picture: Any, kernel: Any, shifts: Any, left: bool = False) -> tuple[Any, Any, Any]:
    """At shifts of 0, where a sample is its pixel, and its slopes are differences to the next pixel."""
    assert not np.any(shifts)
    wide = np.pad(picture, 1)
    out = np.array([[np.sum(kernel * picture[a : a + 3, b : b + 3]) for b in range(3)] for a in range(3)])
    by_picture, by_kernel, by_shifts = np.zeros((5, 5)), np.zeros((3, 3)), np.zeros((3, 3, 9, 2))
    for a, b, tap in np.ndindex(3, 3, 9):
        i, j = divmod(tap, 3)
        row, column, back = a + i + 1, b + j + 1, int(left)
        by_kernel[i, j] += out[a, b] * picture[a + i, b + j]
        by_picture[a + i, b + j] += out[a, b] * kernel[i, j]
        down = wide[row + 1 - back, column] - wide[row - back, column]
        right = wide[row, column + 1 - back] - wide[row, column - back]
        by_shifts[a, b, tap] = out[a, b] * kernel[i, j] * down, out[a, b] * kernel[i, j] * right
    return by_picture, by_kernel, by_shifts


CALLS = 120
"""Runs of f within which a check at 162 ties is done: 2^8 would be the outcomes of eight of them."""


@pytest.mark.parametrize("left", [False, True])
def test_a_deformable_convolution_with_162_ties(left: bool) -> None:
    calls = 0

    def counted(picture: Any, kernel: Any, shifts: Any) -> Any:
        nonlocal calls
        calls += 1
        return deformed(picture, kernel, shifts)

    def grad(picture: Any, kernel: Any, shifts: Any) -> Any:
        return gradients_of_deformed(picture, kernel, shifts, left)

    result = gradcheck.check_gradient(counted, grad, PICTURE, KERNEL, STILL, elsewhere=False)
    assert (result.verdict, result.codes[0]) == ("PASS", "GC045"), result.to_text()
    assert calls < CALLS


def test_a_deformable_convolution_with_its_coordinates_exchanged() -> None:
    def grad(picture: Any, kernel: Any, shifts: Any) -> Any:
        by_picture, by_kernel, by_shifts = gradients_of_deformed(picture, kernel, shifts)
        return by_picture, by_kernel, by_shifts[..., ::-1]

    result = gradcheck.check_gradient(deformed, grad, PICTURE, KERNEL, STILL, elsewhere=False)
    assert (result.verdict, result.findings[0].facts["block"]) == ("FAIL", "shifts"), result.to_text()


# -- pooling constant regions ------------------------------------------------------------------------------------------

POOLED = RANDOM.standard_normal((4, 4))


def pooled(x: Any) -> Any:
    return np.sum(POOLED * x.reshape(4, 2, 4, 2).max(axis=(1, 3)))


def gradient_of_pooled(x: Any, rule: str) -> Any:
    windows = x.reshape(4, 2, 4, 2).transpose(0, 2, 1, 3).reshape(4, 4, 4)
    ties = (windows == windows.max(axis=-1, keepdims=True)).astype(float)
    if rule == "shared":
        ties /= ties.sum(axis=-1, keepdims=True)
    elif rule != "all":
        last = 3 - np.argmax(ties[..., ::-1], axis=-1)
        ties = np.eye(4)[np.argmax(ties, axis=-1) if rule == "first" else last]
    return (POOLED[..., None] * ties).reshape(4, 4, 2, 2).transpose(0, 2, 1, 3).reshape(8, 8)


@pytest.mark.parametrize(
    ("rule", "expected"), [("first", "PASS"), ("last", "PASS"), ("shared", "PASS"), ("all", "FAIL")]
)
def test_pooling_a_constant_region(rule: str, expected: str) -> None:
    """What goes to all of a window is too much as a whole, although each entry is one that it may have."""
    result = gradcheck.check_gradient(pooled, lambda x: gradient_of_pooled(x, rule), np.ones((8, 8)))
    assert result.verdict == expected, result.to_text()
    if expected == "FAIL":
        assert "taken as a whole" in result.findings[0].sentence
        i, j = result.findings[0].facts["entry"]
        assert result.findings[0].facts["subject"] == POOLED[i // 2, j // 2]


def test_overlapping_windows_of_a_constant_region() -> None:
    """16 windows of 2 x 2 that share entries: each may choose by itself, and what they choose adds up."""
    windows = [(i, j) for i in range(4) for j in range(4)]

    def f(x: Any) -> Any:
        total = 0.0
        for i, j in windows:
            total = total + POOLED[i, j] * np.max(x[i : i + 2, j : j + 2])
        return total

    def grad(x: Any, scale: float = 1.0) -> Any:
        found = np.zeros((5, 5))
        for i, j in windows:
            window = x[i : i + 2, j : j + 2]
            di, dj = divmod(int(np.argmax(window)), 2)
            found[i + di, j + dj] += POOLED[i, j] * scale
        return found

    flat = np.ones((5, 5))
    assert gradcheck.check_gradient(f, grad, flat).verdict == "PASS"
    assert gradcheck.check_gradient(f, lambda x: grad(x, 1.01), flat).verdict == "FAIL"


# -- networks at 0 -----------------------------------------------------------------------------------------------------

FIRST, SECOND, LAST = (RANDOM.standard_normal(shape) for shape in ((60, 6), (40, 60), (40,)))


def step(z: Any, at_zero: float) -> Any:
    return np.where(z > 0, 1.0, np.where(z == 0, at_zero, 0.0))


def rectified(w: Any, b: Any) -> Any:
    """One layer of 20 rectifiers at 10 samples."""
    return np.sum(np.maximum(SAMPLES @ w + b, 0.0) @ OUT)


SAMPLES, OUT = RANDOM.standard_normal((10, 5)), RANDOM.standard_normal(20)


@pytest.mark.parametrize(
    ("at_zero", "error", "expected"),
    [(0.0, 0.0, "PASS"), (1.0, 0.0, "PASS"), (0.5, 0.0, "PASS"), (1.1, 0.0, "FAIL"), (0.0, 30.0, "FAIL")],
)
def test_two_hundred_rectifiers_at_zero(at_zero: float, error: float, expected: str) -> None:
    def grad(w: Any, b: Any) -> Any:
        back = step(SAMPLES @ w + b, at_zero) * OUT
        return SAMPLES.T @ back + error * (np.arange(100).reshape(5, 20) == 30), back.sum(axis=0)

    result = gradcheck.check_gradient(rectified, grad, np.zeros((5, 20)), np.zeros(20))
    assert result.verdict == expected, result.to_text()
    if error:
        assert result.findings[0].facts["entry"] == [1, 10]


def deep(x: Any) -> Any:
    return LAST @ np.maximum(SECOND @ np.maximum(FIRST @ x, 0.0), 0.0)


@pytest.mark.parametrize(
    ("at_zero", "factor", "expected"), [(0.0, 1.0, "PASS"), (1.0, 1.0, "PASS"), (1.0, 1000.0, "FAIL")]
)
def test_layers_of_rectifiers_at_zero(at_zero: float, factor: float, expected: str) -> None:
    """100 ties, 40 of them computed from the others."""

    def grad(x: Any) -> Any:
        z = FIRST @ x
        inner = SECOND.T @ (step(SECOND @ np.maximum(z, 0.0), at_zero) * LAST)
        return FIRST.T @ (step(z, at_zero) * inner) * (factor if not np.any(x) else 1.0)

    result = gradcheck.check_gradient(deep, grad, np.zeros(6))
    assert result.verdict == expected, result.to_text()


def test_a_gradient_that_is_wrong_beside_the_ties_is_found_there() -> None:
    def grad(x: Any) -> Any:
        z = FIRST @ x
        return 2.0 * FIRST.T @ (step(z, 0.0) * (SECOND.T @ (step(SECOND @ np.maximum(z, 0.0), 0.0) * LAST)))

    result = gradcheck.check_gradient(deep, grad, np.zeros(6))  # twice the right one, 0 at 0
    assert (result.verdict, result.codes[0]) == ("FAIL", "GC028"), result.to_text()


# -- where it is not known ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "expected"), [(1.0, "PASS"), (0.0, "UNDECIDED"), (2.0, "UNDECIDED"), (2.1, "FAIL")])
def test_ties_that_cancel_leave_one_derivative(answer: float, expected: str) -> None:
    """x = relu(x) - relu(-x) has the derivative 1; rules of each op's own give from 0 to 2."""

    def f(x: Any) -> Any:
        return np.sum(np.maximum(x, 0.0) - np.maximum(-x, 0.0) + x**2)

    at = np.zeros(10)
    result = gradcheck.check_gradient(f, lambda x: np.where(x == 0, answer, 1.0) + 2 * x, at, elsewhere=False)
    assert result.verdict == expected, result.to_text()


def test_a_jump_at_many_ties_has_no_derivative() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(np.floor(x) * x), np.floor, np.arange(1.0, 13.0))
    assert result.verdict == "UNDECIDED"


@pytest.mark.parametrize(("answer", "expected"), [(0.0, {"PASS", "UNDECIDED"}), (9.0, {"FAIL", "UNDECIDED"})])
def test_branches_that_depend_on_one_another_are_not_called_wrong_or_right(answer: float, expected: set[str]) -> None:
    def f(x: Any) -> Any:
        size = np.sum(np.where(x > 0, x, -x))
        return np.where(size > 0, 3.0 * size, size)

    result = gradcheck.check_gradient(f, lambda x: np.where(x == 0, answer, 3.0 * np.sign(x)), np.zeros(10))
    assert result.verdict in expected, result.to_text()


# -- products ----------------------------------------------------------------------------------------------------------


def _rectifier(x: Any) -> Any:
    return np.maximum(x, 0.0) * np.arange(1.0, 41.0)


@pytest.mark.parametrize(("at_zero", "expected"), [(0.0, "PASS"), (1.0, "PASS"), (0.3, "PASS"), (-0.1, "FAIL")])
def test_products_with_many_ties(at_zero: float, expected: str) -> None:
    def slope(x: Any) -> Any:
        return step(x, at_zero) * np.arange(1.0, 41.0)

    results: list[Result] = [
        gradcheck.check_vjp(_rectifier, lambda c, x: c * slope(x), np.zeros(40)),
        gradcheck.check_jvp(_rectifier, lambda p, t: t[0] * slope(p[0]), np.zeros(40)),
    ]
    assert [r.verdict for r in results] == [expected] * 2, results[1].to_text()
