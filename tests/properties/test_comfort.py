"""The comfortable intervals read off the op table, against what is known of the ops."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.strategies.comfort import Comfort


@pytest.mark.parametrize(
    ("op", "fine", "not_fine"),
    [
        ("log", (0.25, 3.0, 40.0), (-1.0, 0.0, 0.04)),  # the domain ends at 0, with a margin of 0.05
        ("sqrt", (0.25, 400.0), (-1.0, 0.0, 0.04)),
        ("exp", (-3.0, 0.0, 6.0), (7.0, 700.0)),  # exp(7) > 1000
        ("tanh", (-2.0, 0.5, 2.0), (3.5, -20.0)),  # 1 - tanh(3.5)^2 = 0.0036
        ("relu", (-3.0, 0.06, 900.0), (0.0, 0.04, -0.04)),
        ("abs", (-3.0, 0.06), (0.0, 0.049)),
        ("tan", (0.5, -1.2), (np.pi / 2, 1.55)),
        ("square", (0.5, 30.0), (32.0,)),  # 32^2 > 1000
        ("cos", (1.0, 2.0), (0.0, np.pi)),  # flat
        ("elu", (-2.0, 0.5), (-40.0,)),
    ],
)
def test_intervals(op: str, fine: tuple[float, ...], not_fine: tuple[float, ...]) -> None:
    comfort = Comfort()
    assert [v for v in fine if not comfort.unary(op, v, {})] == []
    assert [v for v in not_fine if comfort.unary(op, v, {})] == []


def test_an_array_is_as_comfortable_as_its_worst_entry() -> None:
    assert Comfort().unary("log", np.array([0.5, 2.0]), {})
    assert not Comfort().unary("log", np.array([0.5, -2.0]), {})


def test_requests_widen_the_intervals() -> None:
    assert Comfort(near_kinks=True).unary("relu", 0.0, {})
    assert Comfort(saturated=True).unary("tanh", 40.0, {})


@pytest.mark.parametrize(
    ("op", "left", "right", "constant", "fine"),
    [
        ("div", 1.0, 0.5, (False, False), True),
        ("div", 1.0, 0.0, (False, False), False),
        ("pow", 2.0, 1.5, (False, False), True),
        ("pow", -2.0, 3.0, (False, True), True),  # a whole constant exponent takes any base
        ("pow", -2.0, 3.0, (False, False), False),  # but not one that is differentiated
        ("pow", -2.0, 1.5, (False, True), False),
        ("maximum", 1.0, 1.01, (False, False), False),
        ("maximum", 1.0, 1.2, (False, False), True),
        ("sub", 2.0, 2.0, (False, False), False),  # what is left of a cancellation is no ordinary number
        ("mul", 900.0, 2.0, (False, False), False),
    ],
)
def test_pairs(op: str, left: float, right: float, constant: tuple[bool, bool], fine: bool) -> None:
    assert bool(Comfort().binary(op, np.float64(left), np.float64(right), constant=constant)) is fine
