"""Number systems that the symbolic oracles may find on a machine."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

import pytest

from gradcheck.numbers.ball import backend
from gradcheck.numbers.symbol import kernel
from gradcheck.oracle.smallop import small_op

KERNELS = {"symengine": "symengine", "sympy": None}
BALLS = {"python-flint": "flint", "mpmath": None}


@pytest.fixture(params=[(k, b) for k in KERNELS for b in BALLS], ids="-".join)
def libraries(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Every test that asks for it runs four times: with each kernel of formulas and each kind of balls."""
    formulas, balls = request.param
    for needed in filter(None, (KERNELS[formulas], BALLS[balls])):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    if formulas == "sympy":
        monkeypatch.setitem(sys.modules, "symengine", None)
    if balls == "mpmath":
        monkeypatch.setitem(sys.modules, "gradcheck.numbers.flint_balls", None)
    caches = (kernel, backend, small_op)
    for cached in caches:
        cached.cache_clear()
    assert kernel().__name__ == formulas
    assert backend().name == balls
    yield request.param
    for cached in caches:
        cached.cache_clear()
