"""`check_jacobian`: is this the matrix of all derivatives of all outputs?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.attribution.mistake import Mistake
from gradcheck.checks.array_containers import HeldArrays
from gradcheck.checks.arriving import in_numpy
from gradcheck.checks.complex_outputs import halves
from gradcheck.checks.forms import bound, taken_keywords
from gradcheck.checks.function_arguments import entrance, require_callable
from gradcheck.checks.functions import Wrt, check_gradient, check_jvp, check_vjp
from gradcheck.checks.given_form import GivenForm
from gradcheck.checks.operators import with_adjoints
from gradcheck.checks.rows import Column, Rows
from gradcheck.errors import InvalidProblem, SubjectError
from gradcheck.judge.causes_wanted import verdict_alone
from gradcheck.judge.elsewhere import CHANCE
from gradcheck.judge.function_value import value_of
from gradcheck.judge.protocol import no_answer
from gradcheck.judge.user_names import function_name
from gradcheck.judge.what_was_checked import checked_as
from gradcheck.problem.function import Function, as_inputs
from gradcheck.verdict.conclusion import About, conclude, with_findings
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result, Verdict

MOST_ROWS = 64
"""Maximum number of outputs before a Jacobian is judged by random combinations of its rows."""
MOST_NUMBERS = 4_096
"""Maximum number of entries of a Jacobian before that."""

TRANSPOSED = "the Jacobian is the transpose of the right one: entry [i, j] is the derivative of output i by input j"

RESHAPED = "the matrix is flattened in Fortran order along {which}: reshape(-1) and reshape(m, n) read in C order"
FORTRAN = {(True, True): "outputs and inputs", (True, False): "outputs", (False, True): "inputs"}


@entrance
def check_jacobian(
    f: Callable[..., Any], jac: Callable[..., Any], *inputs: Any, wrt: Wrt = None, **options: Any
) -> Result:
    """Is `jac(*inputs)` the Jacobian of `f(*inputs)`?

    Every entry is decided, up to `MOST_ROWS` outputs and `MOST_NUMBERS` entries. Beyond, each column is judged by a
    random sum of its entries: a wrong one would be missed only if its error vanished in the rounding of that sum. The
    wrong entry of the worst column is named.

    Parameters
    ----------
    f: returns an array or a number of any shape, or a tuple of them.
    jac: returns an array of shape (*output, *input), or flattened to (outputs, entries); a scipy.sparse array or a
        LinearOperator will do. For several inputs a tuple of them, one per input, or one that has the columns of all of
        them, in order, as `scipy.optimize.curve_fit` takes it; for several outputs a tuple of those.
        For a dict or another container of arrays, such a container of Jacobians.
        A complex output of real inputs is judged as its two halves, the real part first.
    inputs, wrt, options: as in `check_gradient`.

    Returns
    -------
    Result: entry [i, j] of block x is d f[i] / d x[j].

    Raises
    ------
    As `check_gradient`.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> polar = lambda x: np.array([x[0] * np.cos(x[1]), x[0] * np.sin(x[1])])
    >>> def jac(x):
    ...     return np.array([[np.cos(x[1]), -x[0] * np.sin(x[1])], [np.sin(x[1]), x[0] * np.cos(x[1])]])
    >>> gradcheck.check_jacobian(polar, jac, np.array([2.0, 0.5])).verdict.value
    'PASS'

    A sparse Jacobian, and one that is only known by its products with vectors:

    >>> from scipy.sparse import diags
    >>> from scipy.sparse.linalg import LinearOperator
    >>> x = np.array([0.5, -1.0, 2.0])
    >>> gradcheck.check_jacobian(np.sin, lambda x: diags(np.cos(x)), x).verdict.value
    'PASS'
    >>> products = lambda x: LinearOperator((3, 3), matvec=lambda v: np.cos(x) * np.ravel(v), dtype=float)
    >>> gradcheck.check_jacobian(np.sin, products, x).verdict.value
    'PASS'
    """
    require_callable(jac, "the Jacobian to check")
    f, jac, options = without_keywords(f, jac, len(inputs), options)
    f, jac, inputs = in_numpy(f, jac, inputs)
    held = HeldArrays.of(f, jac, inputs, wrt)
    if held is not None:
        inputs, wrt, options = held.inputs, held.wrt, held.options(options, held.function)
        f, jac = held.function(f), held.gradient(jac)
    form = GivenForm.of(f, inputs)
    f, jac = form.function(f), form.derivative("gradient", jac)
    if callable(options.get("meant")):
        options = {**options, "meant": form.function(options["meant"])}
    given = as_inputs(inputs, f)
    f, jac = halves(f, jac, given)
    function = Function.of(f, given, wrt)
    address = f"jacobian {function_name(jac)}"
    about = checked_as("jacobian", f, jac, given)
    try:
        outputs, _ = value_of(function, given, "f")
    except SubjectError as failure:
        facts = {"checked": about, "exception": failure.__cause__}
        return conclude(About(address), [no_answer(failure)], decided=0, nothing="", **facts)
    rows = Rows(f, jac, given, function.wrt, tuple(o.shape for o in outputs))
    if not rows.count:
        raise InvalidProblem("expected at least one output, got none", where="f")
    result = _judged(rows, function, options)
    result = with_adjoints(result, rows, lambda own: _judged(own, function, options))
    return replace(result, address=address, checked=about)


def _judged(rows: Rows, function: Function, options: Mapping[str, Any]) -> Result:
    """Every entry by itself where that is affordable, else each column, and what the matrix is right for."""
    entries = sum(np.size(rows.inputs[k]) for k in function.wrt)
    if rows.count > MOST_ROWS or rows.count * entries > MOST_NUMBERS:
        result = check_vjp(rows.f, rows.combined(), *rows.inputs, wrt=function.wrt, **options)
        note = finding("GC101", what="Jacobian", rows=rows.count, columns=entries, miss=CHANCE)
        return with_findings(_with_entry(result, rows, function), [note])
    result = _by_entries(rows, options)
    if len(rows.shapes) != 1:
        return result
    turned = any(x.code == "GC100" and x.facts["turned"] for x in result.findings)
    wrong = result.verdict is Verdict.FAIL
    if (turned or (wrong and rows.square)) and _right(rows.transposed(), options):
        return _named(result, TRANSPOSED, Mistake.TRANSPOSED)
    for axes, which in FORTRAN.items() if wrong and _flattened(rows) else ():
        outputs, inputs = axes
        if _right(rows.in_fortran_order(outputs=outputs, inputs=inputs), options):
            return _named(result, RESHAPED.format(which=which), Mistake.PERMUTED)
    return result


def _flattened(rows: Rows) -> bool:
    """Whether there is an order in which to flatten: an axis more than one, of outputs or of an input."""
    return any(len(shape) > 1 for shape in (*rows.shapes, *(np.shape(rows.inputs[k]) for k in rows.wrt)))


def _with_entry(result: Result, rows: Rows, function: Function) -> Result:
    """A result by columns, with the wrong entry of its worst column in place of the column's sum."""
    worst = result.worst
    if result.verdict is not Verdict.FAIL or worst is None or len(rows.shapes) != 1:
        return result
    column = Column(rows, function.names.index(worst.block), worst.entry)
    inner = check_jvp(column.along, column.jvp(), column.point, elsewhere=False)
    wrong = next((x for x in inner.findings if x.code == "GC012"), None)
    if wrong is None or inner.worst is None:
        return result
    entry = (*inner.worst.entry, *worst.entry)
    numbers = {key: wrong.facts[key] for key in ("subject", "truth", "distance", "allowed")}

    def named(found: Finding) -> Finding:
        if found.code != "GC012" or found.facts["block"] != worst.block:
            return found
        return finding("GC012", **{**found.facts, **numbers, "entry": list(entry)})

    told = replace(inner.worst, block=worst.block, entry=entry)
    return replace(result, findings=tuple(named(x) for x in result.findings), worst=told)


def _named(result: Result, cause: str, kind: Mistake) -> Result:
    """The result with the name of the mistake, in place of what else its numbers look like."""
    own = tuple(x for x in result.findings if x.code != "GC051")
    return with_findings(replace(result, findings=own), [finding("GC051", cause=cause, kind=kind.value)])


def _right(rows: Rows, options: Mapping[str, Any]) -> bool:
    """Whether an answer that was changed passes: nobody wants to know why it does not."""
    if not rows.likely():
        return False
    with verdict_alone():
        return bool(_by_entries(rows, options))


def _by_entries(rows: Rows, options: Mapping[str, Any]) -> Result:
    """Every entry by itself."""
    if options.get("meant") is not None:
        options = {**options, "meant": replace(rows, f=options["meant"]).scalar()}
    return check_gradient(rows.scalar(), rows.gradient(), *rows.stacked_inputs(), wrt=rows.wrt, **options)


def without_keywords(
    f: Callable[..., Any], derivative: Callable[..., Any], count: int, options: Mapping[str, Any]
) -> tuple[Callable[..., Any], Callable[..., Any], dict[str, Any]]:
    """f and its derivative as functions of arrays alone, and the options without those that this takes care of."""
    rest = dict(options)
    keywords, has_aux = rest.pop("kwargs", None), bool(rest.pop("has_aux", False))
    if not callable(f):
        raise InvalidProblem(f"expected a function of arrays, got {type(f).__name__}", where="f")
    taken_keywords(keywords, f=(f, count), derivative=(derivative, count))
    if callable(rest.get("meant")):
        rest["meant"] = bound(rest["meant"], keywords, has_aux=has_aux, who="meant")
    return bound(f, keywords, has_aux=has_aux), bound(derivative, keywords), rest
