"""`assert_*`: each check, raising GradientError unless it passes, so that a plain test says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcheck.checks.adjoint import check_adjoint
from gradcheck.checks.functions import check_gradient, check_jvp, check_vjp
from gradcheck.checks.hessian import check_hessian, check_hvp
from gradcheck.checks.jacobian import check_jacobian
from gradcheck.checks.value_and_gradient import check_value_and_gradient
from gradcheck.verdict.result import GradientError, Result


def assert_gradient(f: Callable[..., Any], grad: Callable[..., Any], *inputs: Any, **options: Any) -> None:
    """`check_gradient`, raising GradientError (an AssertionError that carries the result) unless it passes.

    The error's first line says which function and which entry; its cause is what f or grad raised, if anything.
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    _assert(check_gradient(f, grad, *inputs, **options))


def assert_vjp(f: Callable[..., Any], vjp: Callable[..., Any], *inputs: Any, **options: Any) -> None:
    """`check_vjp`, raising GradientError unless it passes."""
    __tracebackhide__ = True
    _assert(check_vjp(f, vjp, *inputs, **options))


def assert_jvp(f: Callable[..., Any], jvp: Callable[..., Any], *inputs: Any, **options: Any) -> None:
    """`check_jvp`, raising GradientError unless it passes."""
    __tracebackhide__ = True
    _assert(check_jvp(f, jvp, *inputs, **options))


def assert_value_and_gradient(function: Callable[..., Any], *inputs: Any, **options: Any) -> None:
    """`check_value_and_gradient`, raising GradientError unless it passes."""
    __tracebackhide__ = True
    _assert(check_value_and_gradient(function, *inputs, **options))


def assert_jacobian(f: Callable[..., Any], jac: Callable[..., Any], *inputs: Any, **options: Any) -> None:
    """`check_jacobian`, raising GradientError unless it passes."""
    __tracebackhide__ = True
    _assert(check_jacobian(f, jac, *inputs, **options))


def assert_hessian(f: Callable[..., Any], hess: Callable[..., Any], *inputs: Any, **options: Any) -> None:
    """`check_hessian`, raising GradientError unless it passes."""
    __tracebackhide__ = True
    _assert(check_hessian(f, hess, *inputs, **options))


def assert_hvp(f: Callable[..., Any], hvp: Callable[..., Any], *inputs: Any, **options: Any) -> None:
    """`check_hvp`, raising GradientError unless it passes."""
    __tracebackhide__ = True
    _assert(check_hvp(f, hvp, *inputs, **options))


def assert_adjoint(A: Any, AH: Any = None, x: Any = None, y: Any = None, **options: Any) -> None:
    """`check_adjoint`, raising GradientError unless it passes."""
    __tracebackhide__ = True
    _assert(check_adjoint(A, AH, x, y, **options))


def _assert(result: Result) -> None:
    __tracebackhide__ = True
    if not result:
        raise GradientError(result) from result.exception
