"""Complex numbers: which of two conventions a complex gradient follows.

For a real L of z = a + i b, the gradient is dL/da + i dL/db ("conjugate": PyTorch, and descent by z - lr g) or
dL/da - i dL/db ("holomorphic": JAX). A VJP's cotangent follows the same convention. A JVP has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import update_wrapper
from typing import Any, Literal

import numpy as np

from gradcheck.attribution.mistake import Mistake
from gradcheck.checks.foreign_arrays import foreign
from gradcheck.checks.forms import Form
from gradcheck.checks.trees import COMPLEX_ARRAY, branch, conjugated, scaled
from gradcheck.errors import UsageError, shown
from gradcheck.judge.settings import a_word
from gradcheck.problem.refused_inputs import described
from gradcheck.tracing.complex_traced import is_complex
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result, Verdict

Convention = Literal["conjugate", "holomorphic"]
Judge = Callable[[Form, Callable[..., Any]], Result]
"""Judges a derivative, called in a form."""
CONJUGATED = (
    "the derivative is right for conjugated numbers: a conjugation is missing or one too many, such as a transpose "
    "where the conjugate transpose is due"
)
OTHERWISE = 'or else it follows convention="{other}" ({formula}): declare that'
"""What else may be the case; "declare" is advice, since code alone does not tell which is meant."""
COTANGENT = (
    "the derivative is right once its cotangent is conjugated: a conjugation is missing or one too many on its way in"
)
WIRTINGER = "the gradient is half of the right one: the Wirtinger derivative, d/d conj(z) = (d/da + i d/db) / 2"
ANSWER = "the derivative is the complex conjugate of the right one"
_IMAGINARY = re.compile(r"right one for -(.+)\.imag in place of \1\.imag")
INSIDE = "the derivative's imaginary part is right and its real part has the wrong sign: a conjugate is due inside"
FORMULAS = {"conjugate": "dL/da + i dL/db, as in PyTorch", "holomorphic": "dL/da - i dL/db, as in JAX"}


def known_convention(convention: str | None) -> None:
    """Raises UsageError for a convention that there is not."""
    if convention is not None and not a_word(convention, FORMULAS):
        raise UsageError(f"convention must be {_choices()}, got {shown(convention)}")


def judged(
    form: Form, f: Callable[..., Any], derivative: Callable[..., Any], convention: Convention | None, judge: Judge
) -> Result:
    """`judge(form, derivative)` under the convention declared, and what is right with a conjugation more or less.

    Raises UsageError where none was declared and the two differ: the output is complex, so that a cotangent is, or the
    answer has an imaginary part.
    """
    output = _quiet(lambda: _value(form, f)) if form.kind == "vjp" else None  # that of a gradient is one real number
    if form.kind == "jvp" or not any(_holds_complex(value) for value in (*form.inputs, output)):
        return judge(form, derivative)
    if convention is None:
        if _holds_complex(output) or _imaginary(_quiet(lambda: _answer(form, derivative, output))):
            what = f"the gradient is complex, since {_complex_part(form, output)}"
            raise UsageError(f"{what}; there are two conventions: say convention={_choices()}")
        convention = "conjugate"
    form = replace(form, holomorphic=convention == "holomorphic")
    result = _conjugated_inputs(judge(form, derivative))
    if result.verdict is Verdict.FAIL:
        other = "conjugate" if convention == "holomorphic" else "holomorphic"
        if judge(replace(form, holomorphic=other == "holomorphic"), derivative):
            facts = {"declared": convention, "other": other, "formula": FORMULAS[other]}
            either = OTHERWISE.format(**facts)
            result = named(result, f"{CONJUGATED}; {either}", [finding("GC107", **facts)])
        elif form.kind == "vjp" and _all_complex(form, output):
            result = _by_half(result, form, derivative, judge)
        elif form.kind == "gradient":
            result = _wirtinger(result, form, derivative, judge)
    return _conjugated_inside(result, form, derivative, judge)


def _conjugated_inside(result: Result, form: Form, derivative: Callable[..., Any], judge: Judge) -> Result:
    """Whether a real part with the wrong sign is that of a conjugate: then minus the conjugate of the answer is right.

    As i exp(z) for i conj(exp(z)), where the imaginary part is right and not zero.
    """
    causes = [f.facts for f in result.findings if f.code == "GC051"]
    signs = [c for c in causes if c.get("kind") == Mistake.SIGN.value and str(c.get("block")).endswith(".real")]
    if not signs or len(signs) < len(causes) or not _imaginary(_quiet(lambda: _answer(form, derivative, None))):
        return result

    def turned(*inputs: Any, **keywords: Any) -> Any:
        return scaled(conjugated(derivative(*inputs, **keywords)), -1.0)

    return named(result, INSIDE) if judge(form, update_wrapper(turned, derivative)) else result


def _wirtinger(result: Result, form: Form, derivative: Callable[..., Any], judge: Judge) -> Result:
    """Whether a gradient is right once it is doubled: d/d conj(z) is half of dL/da + i dL/db."""

    def doubled(*inputs: Any, **keywords: Any) -> Any:
        return scaled(derivative(*inputs, **keywords), 2.0)

    if not judge(form, update_wrapper(doubled, derivative)):
        return result
    return named(result, WIRTINGER, kind=Mistake.FACTOR)


def named(result: Result, cause: str, more: Sequence[Finding] = (), kind: Mistake = Mistake.CONJUGATE) -> Result:
    """The result with the name that a mistake has in complex numbers, in place of what its real numbers look like."""
    own = [f for f in result.findings if f.code != "GC051"]
    mistake = finding("GC051", cause=cause, kind=kind.value)
    return with_findings(replace(result, findings=tuple(own)), [mistake, *more])


def _conjugated_inputs(result: Result) -> Result:
    """The result, where an imaginary part with the wrong sign in a formula is said to be a conjugate."""
    for cause in (x for x in result.findings if x.code == "GC051"):
        if found := _IMAGINARY.search(str(cause.facts["cause"])):
            return named(
                result, f"the derivative is the right one for the conjugate of {found[1]} in place of {found[1]}"
            )
    return result


def _by_half(result: Result, form: Form, derivative: Callable[..., Any], judge: Judge) -> Result:
    """What a VJP is right for once its cotangent alone, or its answer alone, is conjugated."""

    def given_conjugate(cotangent: Any, *inputs: Any, **keywords: Any) -> Any:
        return derivative(conjugated(cotangent), *inputs, **keywords)

    def answer_conjugated(cotangent: Any, *inputs: Any, **keywords: Any) -> Any:
        return conjugated(derivative(cotangent, *inputs, **keywords))

    for other, cause in ((given_conjugate, COTANGENT), (answer_conjugated, ANSWER)):
        if judge(form, update_wrapper(other, derivative)):
            return named(result, cause)
    return result


def _choices() -> str:
    return " or ".join(f"{name!r} ({formula})" for name, formula in FORMULAS.items())


def _value(form: Form, f: Callable[..., Any]) -> Any:
    value = f(*form.arguments(form.plain_inputs()), **form.keywords)
    return value[0] if form.has_aux else value


def _answer(form: Form, derivative: Callable[..., Any], output: Any) -> Any:
    """What the derivative answers at the point, to a cotangent of ones."""
    arguments = form.arguments(form.plain_inputs())
    ones, own = np.ones(np.shape(output)), foreign(output)
    cotangents = [ones if own is None else own.like(ones)] if form.kind == "vjp" else []
    return derivative(*cotangents, *arguments, **form.keywords)


def _holds_complex(value: Any) -> bool:
    if is_complex(value):
        return True
    here = branch(value)
    return here is not None and any(_holds_complex(child) for _, child in here.children)


def _complex_part(form: Form, output: Any) -> str:
    """The first complex array that goes into f or comes out of it, in words."""
    named = [leaf for name, value in zip(form.names, form.inputs, strict=True) for leaf in _complex_arrays(value, name)]
    name, array = next(iter(named + list(_complex_arrays(output, "the output"))))
    return f"{name} is {described(np.asarray(array))}"


def _complex_arrays(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    here = branch(value)
    if is_complex(value) and here is not None and here.kind == COMPLEX_ARRAY:
        yield path, value
    elif (own := foreign(value)) is not None:
        yield from _complex_arrays(own.numbers(), path)
    else:
        for step, child in () if here is None else here.children:
            yield from _complex_arrays(child, path + step)


def _all_complex(form: Form, output: Any) -> bool:
    """Whether there are complex numbers on both sides, so that a conjugation of one side alone is another question."""
    return _holds_complex(output) and any(_holds_complex(value) for value in form.inputs)


def _imaginary(answer: Any) -> bool:
    if is_complex(answer) and not isinstance(answer, tuple | list):  # its parts may differ in shape
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
