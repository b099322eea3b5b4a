"""Kernels of formulas that the symbolic oracles may find on a machine."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

import pytest

from gradcheck.numbers.symbol import kernel
from gradcheck.oracle.smallop import small_op


@pytest.fixture(params=["symengine", "sympy"])
def libraries(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every test that asks for it runs twice: with each kernel of formulas."""
    formulas: str = request.param
    if importlib.util.find_spec(formulas) is None:
        pytest.skip(f"{formulas} is not installed")
    if formulas == "sympy":
        monkeypatch.setitem(sys.modules, "symengine", None)
    for cached in (kernel, small_op):
        cached.cache_clear()
    assert kernel().__name__ == formulas
    yield formulas
    for cached in (kernel, small_op):
        cached.cache_clear()
