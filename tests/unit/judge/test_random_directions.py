"""Too many entries to prove one by one: directions, the probability of a miss, and group testing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.judge.random_directions import MISS, MOST_WRONG
from gradcheck.verdict.result import Result

ENTRIES = 3_000
RANDOM = np.random.default_rng(4)
POINT = RANDOM.standard_normal(ENTRIES)
WEIGHTS = RANDOM.uniform(0.5, 2.0, ENTRIES)


def opaque(x: Any) -> Any:
    """The numbers by way of their bytes, so that no other number system can follow."""
    return np.frombuffer(x.tobytes())


def loss(x: Any) -> Any:
    y = opaque(x)
    return np.sum(WEIGHTS * np.sin(y)) + 0.1 * np.sum(y[1:] * y[:-1])


def gradient(x: Any) -> Any:
    g = WEIGHTS * np.cos(x)
    g[1:] += 0.1 * x[:-1]
    g[:-1] += 0.1 * x[1:]
    return g


RMS = float(np.sqrt(np.mean(gradient(POINT) ** 2)))


def off_by(errors: dict[int, float]) -> Callable[[Any], Any]:
    """The gradient with errors in units of its root mean square."""

    def wrong(x: Any) -> Any:
        g = gradient(x)
        for position, size in errors.items():
            g[position] += size * RMS
        return g

    return wrong


def named(result: Result) -> list[int]:
    return [f.facts["entry"][0] for f in result.findings if f.code == "GC012" and f.facts["entry"] != ""]


def test_none_wrong_passes_with_a_stated_probability() -> None:
    result = gradcheck.check_gradient(loss, gradient, POINT)
    assert result.verdict == "PASS", result.to_text()
    note = next(f for f in result.findings if f.code == "GC046")
    assert note.facts["entries"] == ENTRIES
    assert note.facts["miss"] <= MISS
    assert note.facts["directions"] >= 2
    assert result.comparisons == ENTRIES


@pytest.mark.parametrize("position", [0, 1, 1499, 1500, ENTRIES - 1])
@pytest.mark.parametrize("size", [3.0, -0.1, 1e-3])
def test_one_wrong_entry_is_named_with_both_values(position: int, size: float) -> None:
    result = gradcheck.check_gradient(loss, off_by({position: size}), POINT)
    assert result.verdict == "FAIL"
    assert named(result) == [position]
    facts = result.findings[0].facts
    assert facts["truth"] == pytest.approx(gradient(POINT)[position], rel=1e-6)
    assert facts["distance"] == pytest.approx(abs(size) * RMS, rel=1e-2)


@pytest.mark.parametrize("errors", [{5: 1.0, 6: -1.0}, {0: 1.0, 2999: 1.0}, {10: 1.0, 700: 1.3, 1900: -0.8}])
def test_several_wrong_entries_are_all_named(errors: dict[int, float]) -> None:
    result = gradcheck.check_gradient(loss, off_by(errors), POINT)
    assert result.verdict == "FAIL"
    assert sorted(named(result)) == sorted(errors)


@pytest.mark.parametrize("factor", [-1.0, 1.01, 0.5])
def test_when_all_are_wrong_some_are_named_and_it_says_so(factor: float) -> None:
    result = gradcheck.check_gradient(loss, lambda x: factor * gradient(x), POINT)
    assert result.verdict == "FAIL"
    entries = named(result)
    assert 1 <= len(entries) <= MOST_WRONG
    for found in (f.facts for f in result.findings if f.code == "GC012"):
        true = gradient(POINT)[found["entry"][0]]
        assert (found["subject"], found["truth"]) == pytest.approx((factor * true, true), rel=1e-4)
    note = next(f for f in result.findings if f.code == "GC047").sentence
    assert "at least" in note or "not all that is wrong" in note


def test_an_entry_whose_slope_needs_small_steps() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(1000 * opaque(x)))

    def grad(x: Any) -> Any:
        g = 1000 * np.cos(1000 * x)
        g[77] += 100.0
        return g

    x = POINT[:600]
    result = gradcheck.check_gradient(f, grad, x)
    assert result.verdict == "FAIL"
    assert named(result) == [77]
    assert result.findings[0].facts["truth"] == pytest.approx(1000 * np.cos(1000 * x[77]), rel=1e-5)


def test_blocks_of_unlike_scale_have_a_like_share() -> None:
    """A small error in a small block would drown beside a block a billion times as large."""

    def f(a: Any, b: Any) -> Any:
        a, b = opaque(a), opaque(b)
        return 1e6 * np.sum(np.sin(a)) + 1e-3 * np.sum(np.cos(b))

    def grad(a: Any, b: Any, error: float = 0.0) -> Any:
        small = -1e-3 * np.sin(b)
        small[7] += error
        return 1e6 * np.cos(a), small

    a, b = POINT[:500], POINT[500:1000]
    assert gradcheck.check_gradient(f, grad, a, b).verdict != "FAIL"
    wrong = gradcheck.check_gradient(f, lambda a, b: grad(a, b, 1e-3), a, b)
    assert wrong.verdict == "FAIL"
    assert (wrong.findings[0].facts["block"], wrong.findings[0].facts["entry"]) == ("b", [7])


def test_vjps_of_many_entries() -> None:
    def f(x: Any) -> Any:
        return np.tanh(opaque(x)[:1000] * 2.0)

    def vjp(c: Any, x: Any) -> Any:
        g = np.zeros_like(x)
        g[:1000] = 2 * c * (1 - np.tanh(2 * x[:1000]) ** 2)
        return g

    x = POINT[:1200]
    assert gradcheck.check_vjp(f, vjp, x).verdict == "PASS"
    swapped = gradcheck.check_vjp(f, lambda c, x: np.roll(vjp(c, x), 1), x)
    assert swapped.verdict == "FAIL"


def test_one_wrong_entry_of_a_million_in_at_most_200_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [0]
    point = np.random.default_rng(0).standard_normal(1_000_000)

    def f(x: Any) -> Any:
        runs[0] += 1
        return np.sum(np.sin(x))

    def grad(x: Any) -> Any:
        g = np.cos(x)
        g[123_456] *= 1.5
        return g

    result = gradcheck.check_gradient(f, grad, point)
    with capsys.disabled():
        print(f" one wrong entry of 10^6: {runs[0]} runs of f", end="")
    assert result.verdict == "FAIL"
    assert named(result) == [123_456]
    assert runs[0] <= 200


def standardised(x: Any) -> Any:
    y = np.frombuffer(np.ascontiguousarray(x).tobytes(), dtype=x.dtype).reshape(x.shape)
    y = y - y.mean()
    return y / np.sqrt(np.mean(y * y) + 1e-5)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "PASS"), (1.00002, "UNDECIDED"), (1.001, "FAIL")])
def test_the_direction_that_confirms_lets_no_errors_cancel(factor: float, verdict: str) -> None:
    """A gradient that is off as a whole has no component along most directions: its own signs show it."""

    def vjp(c: Any, x: Any) -> Any:
        x, c = x.astype(float), c.astype(float)
        y = x - x.mean()
        size = np.sqrt(np.mean(y * y) + 1e-5)
        n = y / size
        return ((c - c.mean() - n * np.mean(c * n)) / size * factor).astype(np.float32)

    for seed in range(12):
        x = np.random.default_rng(seed).standard_normal(24).astype(np.float32)
        result = gradcheck.check_vjp(standardised, vjp, x)
        assert result.verdict == verdict, result.to_text()


def product_of_factors(x: Any, y: Any) -> Any:
    return opaque32(x) @ opaque32(y)


def opaque32(x: Any) -> Any:
    return np.frombuffer(np.ascontiguousarray(x).tobytes(), dtype=x.dtype).reshape(x.shape)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "PASS"), (1.0005, "FAIL")])
def test_many_entries_in_single_precision(factor: float, verdict: str) -> None:
    """The error of interest is the dtype's own; the blocks' scales rest on more than one draw."""

    def vjp(c: Any, x: Any, y: Any) -> Any:
        return np.float32(factor) * (c @ y.T), x.T @ c

    for seed in range(4):
        random = np.random.default_rng(seed)
        x, y = (random.standard_normal(shape).astype(np.float32) for shape in ((40, 60), (60, 30)))
        result = gradcheck.check_vjp(product_of_factors, vjp, x, y)
        assert result.verdict == verdict, result.to_text()
