"""A JVP that takes arrays where two tuples are given is told so; one that fails either way is told what it raised."""

from typing import Any

import numpy as np
import pytest

import gradcheck

X = np.array([0.5, 1.2])


@pytest.mark.parametrize("point", [(X,), (0.5,), (X, X + 1)])
def test_told(point: Any) -> None:
    def jvp(*given: Any) -> Any:
        x, dx = given[0], given[len(given) // 2]
        return 2 * x * dx if len(given) == 2 else 2 * x * given[1] * dx + x**2 * given[3]

    result = gradcheck.check_jvp((lambda x: x**2) if len(point) == 1 else (lambda x, y: x**2 * y), jvp, *point)
    assert (result.verdict, result.codes) == ("ERROR", ("GC111",)), result.to_text()
    assert "lambda xs, dxs: jvp(*xs, *dxs)" in result.findings[0].sentence


def test_what_it_raises_else() -> None:
    def broken(x: Any, dx: Any) -> Any:
        raise KeyError("no")

    assert gradcheck.check_jvp(lambda x: x**2, broken, X).codes == ("GC004",)


def test_tuples_are_right() -> None:
    assert gradcheck.check_jvp(lambda x: x**2, lambda xs, dxs: 2 * xs[0] * dxs[0], X).verdict == "PASS"
