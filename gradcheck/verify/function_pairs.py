"""A function and its derivative, as a convention found them, put to the check of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gradcheck.checks.functions import check_gradient, check_jvp, check_vjp
from gradcheck.checks.value_and_gradient import check_value_and_gradient
from gradcheck.subject.conventions.offer import Pair
from gradcheck.verdict.result import Result

CHECKS: Mapping[str, Callable[..., Result]] = MappingProxyType(
    {"gradient": check_gradient, "vjp": check_vjp, "jvp": check_jvp}
)

SECONDS = 20.0
"""Maximum of seconds that one pair may take; the point given comes first."""


def judged(pair: Pair) -> Result:
    """The result of the pair's check; errors as for `check_gradient` and its like."""
    options: dict[str, Any] = {"budget": SECONDS, **pair.options}
    if pair.kind == "value_and_gradient":
        return check_value_and_gradient(pair.f, *pair.inputs, **options)
    return CHECKS[pair.kind](pair.f, pair.derivative, *pair.inputs, **options)
