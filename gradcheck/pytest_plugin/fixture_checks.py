"""The fixture `gradcheck`: every check as an assertion, under the options of the test's markers and the seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gradcheck.checks import assertions
from gradcheck.pytest_plugin.asked_tests import CURRENT
from gradcheck.pytest_plugin.marker_options import marker_options, of_check
from gradcheck.pytest_plugin.plugin_settings import settings_of


class Checks:
    """What the fixture `gradcheck` is: `gradcheck.vjp(f, vjp, x)` is `gradcheck.assert_vjp(f, vjp, x)`, and so on.

    An option of a call comes before the same one of a marker, and that before the session's seed. Every method raises
    GradientError unless the check passes, and what its `check_*` raises.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __repr__(self) -> str:
        return "<the fixture gradcheck>"  # pytest shows the arguments of a test that fails

    def gradient(self, f: Callable[..., Any], grad: Callable[..., Any], *inputs: Any, **options: Any) -> None:
        """`gradcheck.assert_gradient`."""
        __tracebackhide__ = True
        assertions.assert_gradient(f, grad, *inputs, **self._with("gradient", options))

    def value_and_gradient(self, function: Callable[..., Any], *inputs: Any, **options: Any) -> None:
        """`gradcheck.assert_value_and_gradient`."""
        __tracebackhide__ = True
        assertions.assert_value_and_gradient(function, *inputs, **self._with("value_and_gradient", options))

    def vjp(self, f: Callable[..., Any], vjp: Callable[..., Any], *inputs: Any, **options: Any) -> None:
        """`gradcheck.assert_vjp`."""
        __tracebackhide__ = True
        assertions.assert_vjp(f, vjp, *inputs, **self._with("vjp", options))

    def jvp(self, f: Callable[..., Any], jvp: Callable[..., Any], *inputs: Any, **options: Any) -> None:
        """`gradcheck.assert_jvp`."""
        __tracebackhide__ = True
        assertions.assert_jvp(f, jvp, *inputs, **self._with("jvp", options))

    def jacobian(self, f: Callable[..., Any], jac: Callable[..., Any], *inputs: Any, **options: Any) -> None:
        """`gradcheck.assert_jacobian`."""
        __tracebackhide__ = True
        assertions.assert_jacobian(f, jac, *inputs, **self._with("jacobian", options))

    def hessian(self, f: Callable[..., Any], hess: Callable[..., Any], *inputs: Any, **options: Any) -> None:
        """`gradcheck.assert_hessian`."""
        __tracebackhide__ = True
        assertions.assert_hessian(f, hess, *inputs, **self._with("hessian", options))

    def hvp(self, f: Callable[..., Any], hvp: Callable[..., Any], *inputs: Any, **options: Any) -> None:
        """`gradcheck.assert_hvp`."""
        __tracebackhide__ = True
        assertions.assert_hvp(f, hvp, *inputs, **self._with("hvp", options))

    def adjoint(self, A: Any, AH: Any, x: Any, y: Any, **options: Any) -> None:
        """`gradcheck.assert_adjoint`."""
        __tracebackhide__ = True
        assertions.assert_adjoint(A, AH, x, y, **self._with("adjoint", options))

    def _with(self, kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
        item = self._config.stash.get(CURRENT, None)
        seed = settings_of(self._config).seed
        defaults = {} if seed is None else {"seed": seed}
        marked = {} if item is None else marker_options(item)
        return {**of_check(kind, {**defaults, **marked}), **options}
