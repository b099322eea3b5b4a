"""Complex numbers: which of two conventions a complex gradient follows.

For a real L of z = a + i b, the gradient is dL/da + i dL/db ("conjugate": PyTorch, and descent by z - lr g) or
dL/da - i dL/db ("holomorphic": JAX). A VJP's cotangent follows the same convention. A JVP has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from gradcheck.checks.forms import Form
from gradcheck.checks.trees import branch
from gradcheck.errors import UsageError
from gradcheck.tracing.complex_traced import is_complex
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict

Convention = Literal["conjugate", "holomorphic"]
FORMULAS = {"conjugate": "dL/da + i dL/db, as in PyTorch", "holomorphic": "dL/da - i dL/db, as in JAX"}


def known_convention(convention: str | None) -> None:
    """Raises UsageError for a convention that there is not."""
    if convention is not None and convention not in FORMULAS:
        raise UsageError(f"convention must be {_choices()}, got {convention!r}")


def judged(
    form: Form, f: Callable[..., Any], derivative: Callable[..., Any], convention: Convention | None, judge: Any
) -> Result:
    """`judge(form)` under the convention declared, and what is right under the other one.

    Raises UsageError where none was declared and the two differ: the output is complex, so that a cotangent is, or the
    answer has an imaginary part.
    """
    output = _quiet(lambda: _value(form, f)) if form.kind == "vjp" else None  # that of a gradient is one real number
    if form.kind == "jvp" or not any(_holds_complex(value) for value in (*form.inputs, output)):
        result: Result = judge(form)
        return result
    if convention is None:
        if _holds_complex(output) or _imaginary(_quiet(lambda: _answer(form, derivative, output))):
            raise UsageError(f"the gradient is complex, and there are two conventions: say convention={_choices()}")
        convention = "conjugate"
    result = judge(replace(form, holomorphic=convention == "holomorphic"))
    if result.verdict is Verdict.FAIL:
        other = "conjugate" if convention == "holomorphic" else "holomorphic"
        if judge(replace(form, holomorphic=other == "holomorphic")):
            facts = {"declared": convention, "other": other, "formula": FORMULAS[other]}
            result = with_findings(result, [finding("GC107", **facts)])
    return result


def _choices() -> str:
    return " or ".join(f"{name!r} ({formula})" for name, formula in FORMULAS.items())


def _value(form: Form, f: Callable[..., Any]) -> Any:
    value = f(*form.arguments(form.plain_inputs()), **form.keywords)
    return value[0] if form.has_aux else value


def _answer(form: Form, derivative: Callable[..., Any], output: Any) -> Any:
    """What the derivative answers at the point, to a cotangent of ones."""
    arguments = form.arguments(form.plain_inputs())
    cotangents = [np.ones(np.shape(output))] if form.kind == "vjp" else []
    return derivative(*cotangents, *arguments, **form.keywords)


def _holds_complex(value: Any) -> bool:
    if is_complex(value):
        return True
    here = branch(value)
    return here is not None and any(_holds_complex(child) for _, child in here.children)


def _imaginary(answer: Any) -> bool:
    if is_complex(answer):
        return bool(np.any(np.asarray(answer).imag != 0))
    here = branch(answer)
    return here is not None and any(_imaginary(child) for _, child in here.children)


def _quiet(call: Callable[[], Any]) -> Any:
    """What a call returns; None where it raises, which the check itself reports."""
    try:
        with np.errstate(all="ignore"):
            return call()
    except (Exception, SystemExit):
        return None
