"""A function and its derivative, as a convention found them, put to the check of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gradcheck.checks.functions import check_gradient, check_jvp, check_vjp
from gradcheck.checks.hessian import check_hessian, check_hvp
from gradcheck.checks.value_and_gradient import check_value_and_gradient
from gradcheck.conventions.offer import Pair
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.other_shapes import told_beside_the_rest
from gradcheck.verify.own_answers import told
from gradcheck.verify.own_precision import in_own_precision
from gradcheck.verify.pair_settings import wrong_elsewhere
from gradcheck.verify.several_readings import in_its_readings, reading_of
from gradcheck.verify.trials import SECONDS

CHECKS: Mapping[str, Callable[..., Result]] = MappingProxyType(
    {
        "gradient": check_gradient,
        "vjp": check_vjp,
        "jvp": check_jvp,
        "hessian": check_hessian,
        "hvp": check_hvp,
    }
)


def judged(pair: Pair) -> Result:
    """The result of the pair's check; errors as for `check_gradient` and its like."""
    result = in_its_readings(pair, _judged)
    if result.verdict is Verdict.PASS:
        wrong = wrong_elsewhere((pair, *pair.others)[reading_of(result)], _judged)
        result = result if wrong is None else wrong
    # the budget is not the user's choice, and so no setting to be told of
    return replace(result, settings={key: value for key, value in result.settings.items() if key != "budget"})


def _judged(pair: Pair) -> Result:
    pair = in_own_precision(pair)
    options: dict[str, Any] = {"budget": SECONDS, **pair.options}
    if pair.kind == "value_and_gradient":
        return check_value_and_gradient(pair.f, *pair.inputs, **options)
    check = CHECKS[pair.kind]
    result = told_beside_the_rest(pair, check(pair.f, pair.derivative, *pair.inputs, **options), check, **options)
    if result.verdict is not Verdict.FAIL or any(f.code == "GC051" for f in result.findings):
        return result
    known = told(pair)
    return result if known is None else with_findings(result, [finding("GC051", cause=known[1], kind=known[0])])
