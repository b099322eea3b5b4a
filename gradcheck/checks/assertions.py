"""`assert_*`: each check, raising GradientError unless it passes, so that a plain test says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from gradcheck.checks.adjoint import check_adjoint
from gradcheck.checks.functions import check_gradient, check_jvp, check_vjp
from gradcheck.checks.hessian import check_hessian, check_hvp
from gradcheck.checks.jacobian import check_jacobian
from gradcheck.checks.value_and_gradient import check_value_and_gradient
from gradcheck.verdict.result import GradientError, Result

P = ParamSpec("P")


def _asserting(check: Callable[P, Result]) -> Callable[P, None]:
    """A check that returns nothing, and raises GradientError unless it passes."""

    @wraps(check)
    def asserted(*arguments: P.args, **options: P.kwargs) -> None:
        __tracebackhide__ = True  # pytest shows the line of the test
        result = check(*arguments, **options)
        if not result:
            raise GradientError(result) from result.exception

    asserted.__name__ = asserted.__qualname__ = check.__name__.replace("check_", "assert_")
    asserted.__module__ = __name__
    asserted.__annotations__ = {**check.__annotations__, "return": "None"}
    asserted.__doc__ = f"""`{check.__name__}`, raising GradientError (an AssertionError) unless it passes.

    The error carries the result (`.result`), and its first line says which function and which entry; its cause is what
    the code on trial raised, if anything. The arguments are those of `{check.__name__}`.
    """
    return asserted


assert_gradient = _asserting(check_gradient)
assert_vjp = _asserting(check_vjp)
assert_jvp = _asserting(check_jvp)
assert_value_and_gradient = _asserting(check_value_and_gradient)
assert_jacobian = _asserting(check_jacobian)
assert_hessian = _asserting(check_hessian)
assert_hvp = _asserting(check_hvp)
assert_adjoint = _asserting(check_adjoint)
