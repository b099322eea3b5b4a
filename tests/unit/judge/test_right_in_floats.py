"""An answer at another point that floats show to be right gets no proof; a wrong one always meets the proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.judge import elsewhere

X = np.array([0.7, 1.2, 0.4])


def f(x: Any) -> Any:
    return np.sum(np.exp(x) * x)


def slope(x: Any) -> Any:
    return np.exp(x) * (1 + x)


def only_at(where: Callable[[Any], bool], bend: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A derivative that is bent at some points alone."""
    return lambda x: bend(slope(x)) if where(x) else slope(x)


def one_entry(g: Any) -> Any:
    return g + np.array([0.0, 0.0, 0.01]) * g


WHERE: dict[str, Callable[[Any], bool]] = {
    "every sign turned": lambda x: bool(np.all(x < 0)),
    "values eight times as large": lambda x: bool(np.max(x) > 8),
    "values an eighth as large": lambda x: bool(np.max(np.abs(x)) < 0.2),
}


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The points other than the given one at which `exact` was asked."""
    asked: list[Any] = []
    sound: Any = vars(elsewhere)["gather"]

    def gather(product: Any, **rest: Any) -> Any:
        asked.append(product.inputs[0])
        return sound(product, **rest)

    monkeypatch.setattr(elsewhere, "gather", gather)
    return asked


def test_a_right_derivative_is_proven_once(proofs: list[Any]) -> None:
    assert gradcheck.check_gradient(f, slope, X).verdict == "PASS"
    assert proofs == []


@pytest.mark.parametrize("bend", [one_entry, np.negative, np.zeros_like, lambda g: g * np.nan, lambda g: g * 1.002])
@pytest.mark.parametrize("where", WHERE)
def test_a_wrong_one_elsewhere_fails(proofs: list[Any], where: str, bend: Callable[[Any], Any]) -> None:
    result = gradcheck.check_gradient(f, only_at(WHERE[where], bend), X)
    assert result.verdict == "FAIL", result.to_text()
    (found,) = [x for x in result.findings if x.code == "GC028"]
    assert found.facts["where"] == where
    assert proofs


@pytest.mark.parametrize(("off", "codes"), [(1e-4, ("GC028", "GC051")), (1e-5, ("GC049",)), (3e-7, ())])
def test_small_errors_are_what_they_are_to_a_proof(off: float, codes: tuple[str, ...]) -> None:
    """1e-6 matters in float64. What the formula itself is off by from there on is told: as an error, or in a note."""
    bent = only_at(WHERE["every sign turned"], lambda g: g * (1 + off))
    assert gradcheck.check_gradient(f, bent, X).codes == codes


def test_one_that_would_be_excused_by_little_interest_is_still_proven(proofs: list[Any]) -> None:
    """A discrepancy beyond a thousandth of the scale counts whatever the interest is."""
    bent = only_at(WHERE["every sign turned"], lambda g: g * 1.01)
    assert gradcheck.check_gradient(f, bent, X, interest=0.5).verdict == "FAIL"
    assert proofs


def test_a_branch_of_f_is_traced_by_itself(proofs: list[Any]) -> None:
    """Where f takes another branch, the record of the given point is not what it computes, and another one is made.

    An answer that is right there needs no proof; one that is wrong gets it.
    """

    def rectified(x: Any) -> Any:
        return np.sum(np.maximum(x, 0.1 * x) ** 2)

    def right(x: Any) -> Any:
        return np.where(x > 0, 2 * x, 0.02 * x)

    result = gradcheck.check_gradient(rectified, right, X)
    assert (result.verdict, result.branches, result.unreached) == ("PASS", 1, ())
    assert proofs == []
    assert gradcheck.check_gradient(rectified, lambda x: 2 * x, X).verdict == "FAIL"
    assert proofs


def test_forward_mode_too(proofs: list[Any]) -> None:
    def jvp(primals: Any, tangents: Any) -> Any:
        (x,), (t,) = primals, tangents
        return slope(x) * t * (1.01 if np.all(x < 0) else 1.0)

    assert gradcheck.check_jvp(lambda x: np.exp(x) * x, lambda p, t: slope(p[0]) * t[0], X).verdict == "PASS"
    assert proofs == []
    assert gradcheck.check_jvp(lambda x: np.exp(x) * x, jvp, X).verdict == "FAIL"
