"""Which options each check takes, those that it passes on to another check included."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from gradcheck.checks.adjoint import check_adjoint
from gradcheck.checks.functions import check_gradient, check_jvp, check_vjp
from gradcheck.checks.hessian import check_hessian, check_hvp
from gradcheck.checks.jacobian import check_jacobian
from gradcheck.checks.value_and_gradient import check_value_and_gradient

ORDERS = frozenset({"order", "vjp2"})
"""Options about a backward pass alone."""


def _own(check: Callable[..., Any]) -> frozenset[str]:
    parameters = inspect.signature(check).parameters.values()
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


_OF_JACOBIANS = (_own(check_gradient) & _own(check_vjp)) | _own(check_jacobian)  # put as one or the other, by its size

OPTIONS: Mapping[str, frozenset[str]] = {
    "gradient": _own(check_gradient),
    "value_and_gradient": _own(check_value_and_gradient) | _own(check_gradient),
    "vjp": _own(check_vjp),
    "jvp": _own(check_jvp),
    "jacobian": _OF_JACOBIANS,
    "hessian": _own(check_hessian) | _OF_JACOBIANS,
    "hvp": _own(check_hvp) | _own(check_jvp),
    "adjoint": _own(check_adjoint) | (_own(check_vjp) - ORDERS),
}
"""The names of the options, by the kind of check: "gradient" is `check_gradient`."""
