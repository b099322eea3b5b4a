"""The words of causes: each names its mistake, and is not said of a derivative that is off by something besides."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from by_path import load

WORDED = load(Path(__file__).with_name("worded_causes.py")).WORDED
KINDS = load(Path(__file__).with_name("worded_axes_and_turns.py")).WORDED
KINDS |= load(Path(__file__).with_name("worded_slopes_and_factors.py")).WORDED
IN_GROUPS = load(Path(__file__).with_name("worded_groups_and_windows.py"))
KINDS |= IN_GROUPS.WORDED
RIVALS = load(Path(__file__).with_name("worded_rivals.py"))
KINDS |= RIVALS.WORDED


def causes_of(worded: Any, derivative: Any) -> list[Any]:
    check = getattr(gradcheck, f"check_{worded.check}")
    result = check(worded.f, derivative, *worded.inputs, elsewhere=False)
    assert str(result.verdict) == "FAIL"
    return [f for f in result.findings if f.code == "GC051"]


@pytest.mark.parametrize("what", WORDED)
def test_the_mistake_is_named(what):
    (cause,) = causes_of(WORDED[what], WORDED[what].derivative)
    assert WORDED[what].words in cause.sentence


@pytest.mark.parametrize("what", KINDS)
def test_the_mistake_is_named_with_its_kind(what):
    (cause,) = causes_of(KINDS[what], KINDS[what].derivative)
    assert (cause.facts["kind"], KINDS[what].words in cause.sentence) == (KINDS[what].kind, True)


@pytest.mark.parametrize("what", RIVALS.EITHER)
def test_no_kind_is_named_where_contrary_mistakes_come_to_the_same(what):
    check, f, derivative, inputs = RIVALS.EITHER[what]
    result = getattr(gradcheck, f"check_{check}")(f, derivative, *inputs, elsewhere=False)
    assert str(result.verdict) == "FAIL"
    causes = [f for f in result.findings if f.code == "GC051"]
    assert causes
    assert not [cause for cause in causes if "kind" in cause.facts]


def test_where_arguments_are_unpacked_is_no_line_of_a_mistake():
    unpacked = RIVALS.WORDED["a factor of an argument that is unpacked"]
    (cause,) = causes_of(unpacked, unpacked.derivative)
    assert "line" not in cause.facts


@pytest.mark.parametrize("what", [*list(WORDED)[::2], *list(KINDS)[::3]])
def test_it_is_not_named_where_something_else_is_wrong_besides(what):
    worded = (WORDED | KINDS)[what]

    def off(*given: Any) -> Any:
        answer = worded.derivative(*given)
        parts = answer if isinstance(answer, tuple) else (answer,)
        moved = tuple(p + 1e-2 * np.cos(3 * p + np.arange(np.size(p)).reshape(np.shape(p))) for p in parts)
        return moved if isinstance(answer, tuple) else moved[0]

    assert not [c for c in causes_of(worded, off) if worded.words in c.sentence]


def test_no_operation_inside_a_librarys_algorithm_is_named():
    """The rule of the inverse, for pinv: three of its inner uses of the matrix left out give the same, by accident."""
    a = np.random.default_rng(5).standard_normal((2, 3))

    def inverse_rule(c: Any, a: Any) -> Any:
        p = np.linalg.pinv(a)
        return -p.T @ c @ p.T

    result = gradcheck.check_vjp(np.linalg.pinv, inverse_rule, a, elsewhere=False)
    assert str(result.verdict) == "FAIL"
    assert not [f for f in result.findings if f.facts.get("kind") in ("overwritten", "first-sample")]


def test_two_pairs_of_blocks_that_are_exchanged_are_that_whatever_else_one_pair_may_be():
    f, derivative, inputs = IN_GROUPS.EXCHANGED
    result = gradcheck.check_gradient(f, derivative, *inputs, elsewhere=False)
    assert [c.facts["kind"] for c in result.findings if c.code == "GC051"] == ["exchanged", "exchanged"]


def test_no_path_is_named_where_the_answer_is_not_linear_in_the_cotangent():
    """The term that is free of the cotangent could be had by a division too many, which is not what is wrong."""

    def ratio(x):
        return np.sum(x) / x + x**2

    def divided(c, x):
        return c * (-np.sum(x) / x**2 / c + 2 * x) + np.sum(c / x)

    result = gradcheck.check_vjp(ratio, divided, np.array([0.7, 1.3, 2.1]), elsewhere=False)
    assert "GC025" in {f.code for f in result.findings}
    assert not [c for c in result.findings if c.code == "GC051"]
