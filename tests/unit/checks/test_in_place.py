"""Functions that change containers and objects in place, each with its right derivative and a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gradcheck

X = np.array([0.7, -1.2, 2.0])


@dataclass
class Held:
    w: Any


def squares(p: Any) -> None:
    p["w"] *= p["w"]


def step(params: Any, grads: Any) -> None:
    for k in params:
        params[k] -= 0.1 * grads[k]


def model_step(model: Any) -> None:
    model.w *= model.w
    model.steps += 1


def held_squares(p: Any) -> None:
    p.w *= p.w


def model() -> Any:
    made = SimpleNamespace(w=X.copy(), steps=0)
    made.itself = made  # a copy has to end somewhere
    return gradcheck.wrt_attributes(made, "w")


PLACES: list[tuple[Callable[..., Any], Callable[[float], Callable[..., Any]], list[Any]]] = [
    (squares, lambda k: lambda c, p: {"w": k * 2 * p["w"] * c["w"]}, [{"w": X}]),
    (squares, lambda k: lambda c, p: {"w": k * 2 * p["w"] * c["w"]}, [{"w": X, "name": "linear"}]),
    (step, lambda k: lambda c, p, g: (c, {"w": -0.1 * k * c["w"]}), [{"w": X}, {"w": 2 * X}]),
    (held_squares, lambda k: lambda c, p: Held(k * 2 * p.w * c.w), [Held(X)]),
    (model_step, lambda k: lambda c, m: {"w": k * 2 * m.w * c.w}, [model()]),
]


@pytest.mark.parametrize(("f", "vjp", "inputs"), PLACES)
def test_what_is_changed_in_place_is_a_copy(f: Any, vjp: Any, inputs: list[Any]) -> None:
    assert gradcheck.check_vjp(gradcheck.in_place(f), vjp(1.0), *inputs)
    wrong = gradcheck.check_vjp(gradcheck.in_place(f), vjp(1.5), *inputs)
    assert wrong.verdict == "FAIL"
    assert "GC012" in wrong.codes
    assert "GC020" not in wrong.codes


def test_who_changed_a_container_is_said() -> None:
    def changed(p: Any) -> Any:
        squares(p)
        return p["w"]

    result = gradcheck.check_vjp(changed, lambda c, p: {"w": 2 * p["w"] * c}, {"w": X})
    assert "f changed p['w'], which it was only lent" in (told := [x.sentence for x in result.findings])
    assert not any("the subject changed" in sentence for sentence in told)

    def changing(c: Any, p: Any) -> Any:
        answer = {"w": 2 * p["w"] * c["w"]}
        squares(p)
        return answer

    result = gradcheck.check_vjp(gradcheck.in_place(squares), changing, {"w": X})
    assert "the subject changed p['w'], which it was only lent" in [x.sentence for x in result.findings]
