"""`check_hessian` and `check_hvp`: second derivatives, as first derivatives of the gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import update_wrapper
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.array_containers import HeldArrays, in_blocks
from gradcheck.checks.arriving import in_numpy
from gradcheck.checks.block_names import entry_names, outputs_named, rows_named
from gradcheck.checks.function_arguments import entrance, require_callable
from gradcheck.checks.functions import Wrt, check_jvp
from gradcheck.checks.given_form import GivenForm
from gradcheck.checks.gradient_of import GradientOf, one_number
from gradcheck.checks.jacobian import check_jacobian, without_keywords
from gradcheck.checks.rows import Rows
from gradcheck.checks.structures import Kept, hinted, no_curved
from gradcheck.checks.trees import scaled
from gradcheck.errors import UsageError, shown
from gradcheck.judge.function_value import value_of
from gradcheck.judge.settings import a_word
from gradcheck.judge.user_names import function_name
from gradcheck.judge.what_was_checked import checked_as
from gradcheck.problem.function import Function, as_inputs, input_names, lend
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result, Verdict

Array = NDArray[Any]
Callee = Callable[..., Any]
Of = Literal["function", "gradient"]


@entrance
def check_hessian(
    f: Callable[..., Any],
    hess: Callable[..., Any],
    *inputs: Any,
    of: Of = "function",
    wrt: Wrt = None,
    **options: Any,
) -> Result:
    """Is `hess(*inputs)` the matrix of second derivatives of the scalar function `f(*inputs)`?

    The truth is the derivative of f's gradient: f's record is swept in reverse, and that sweep is swept again.

    Parameters
    ----------
    f: returns one number; with of="gradient" it returns f's gradient, which is then taken to be right.
    hess: returns an array of shape (*input, *input), or flattened to (n, n); scipy.sparse arrays and LinearOperators
        will do. For several inputs a tuple of rows of blocks: hess[a][b] belongs to inputs a and b. For a dict or
        another container of arrays a container of such containers, as jax.hessian returns it: hess["a"]["b"] has the
        shape (*a, *b). Or one (n, n) matrix by all entries in order (of dicts, in which the keys are sorted).
    of: what f is: "function" or "gradient".
    inputs, wrt, options: as in `check_gradient`.

    Returns
    -------
    Result: entry [i, j] of block x is the derivative of the gradient's entry i by x[j].

    Raises
    ------
    As `check_gradient`, and UsageError for another `of`.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> f = lambda x: x[0] ** 2 * x[1]
    >>> hess = lambda x: np.array([[2 * x[1], 2 * x[0]], [2 * x[0], 0.0]])
    >>> gradcheck.check_hessian(f, hess, np.array([3.0, 5.0])).verdict.value
    'PASS'
    >>> gradient = lambda x: np.array([2 * x[0] * x[1], x[0] ** 2])
    >>> gradcheck.check_hessian(gradient, hess, np.array([3.0, 5.0]), of="gradient").verdict.value
    'PASS'
    """
    require_callable(hess, "the Hessian to check")
    f, hess, options = without_keywords(f, hess, len(inputs), options)
    f, hess, inputs = in_numpy(f, hess, inputs)
    f, hess, inputs, wrt, options = _taken_apart(f, hess, inputs, wrt, of, options, HeldArrays.hessian)
    gradient, wrt, options = _gradient(f, inputs, wrt, of, options)
    hess = in_blocks(hess, gradient, inputs, wrt)
    no_curved(options.get("structure"), "check_hessian")

    def under(more: dict[str, Any], factor: float) -> Result:
        return _rows_judged(gradient, _times(hess, factor), inputs, wrt, {**options, **more})

    result = hinted(under({}, 1.0), gradient, inputs, options, under, curved=False)
    function = Function.of(gradient, as_inputs(inputs), wrt)
    shapes = {function.names[k]: np.shape(inputs[k]) for k in function.wrt}
    unsure = result.verdict in (Verdict.FAIL, Verdict.UNDECIDED)
    more = _asymmetry(hess, inputs, function.wrt, shapes) if unsure else []
    result = rows_named(_called_hessian(result), shapes)
    about = checked_as("hessian", f, hess, as_inputs(inputs))
    return replace(with_findings(result, more), address=f"hessian {function_name(hess)}", checked=about)


@entrance
def check_hvp(
    f: Callable[..., Any],
    hvp: Callable[..., Any],
    *inputs: Any,
    of: Of = "function",
    wrt: Wrt = None,
    **options: Any,
) -> Result:
    """Is `hvp(*inputs, *vectors)` the Hessian of f at the inputs times the vectors?

    Parameters
    ----------
    hvp: gets the inputs, then one vector per input, of its shape; returns an array per input (bare for one). Of a
        container of arrays, the vector and the answer are containers like it.
    f, of, inputs, wrt, options: as in `check_hessian`.

    Raises
    ------
    As `check_hessian`.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> hvp = lambda x, v: 12 * x**2 * v
    >>> gradcheck.check_hvp(lambda x: np.sum(x**4), hvp, np.array([1.0, 2.0])).verdict.value
    'PASS'
    """
    require_callable(hvp, "the Hessian-vector product to check", vectors=True)
    f, hvp, options = without_keywords(f, hvp, len(inputs), options)
    f, hvp, inputs = in_numpy(f, hvp, inputs)
    f, hvp, inputs, wrt, options = _taken_apart(f, hvp, inputs, wrt, of, options, HeldArrays.product)
    gradient, wrt, options = _gradient(f, inputs, wrt, of, options)

    no_curved(options.get("structure"), "check_hvp")
    function = Function.of(gradient, as_inputs(inputs), wrt)

    def under(more: dict[str, Any], factor: float) -> Result:
        own = {**options, **more}
        kept = Kept.of(function, as_inputs(inputs), own.get("structure"))

        def product(*arguments: Any) -> Any:
            answer = hvp(*arguments)
            return tuple(answer) if isinstance(answer, list) and len(inputs) > 1 else answer

        projected = _times(kept.gradient(product), factor)

        def along(primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
            return projected(*primals, *tangents)

        along.__name__ = along.__qualname__ = function_name(hvp)
        return check_jvp(kept.gradient(gradient), along, *inputs, wrt=wrt, **_meant_kept(kept, own))

    result = hinted(under({}, 1.0), gradient, inputs, options, under, curved=False)
    result = outputs_named(result, [function.names[k] for k in function.wrt])
    about = checked_as("hvp", f, hvp, as_inputs(inputs))
    return replace(result, address=f"hvp {function_name(hvp)}", checked=about)


def _rows_judged(
    gradient: Callable[..., Any], hess: Callable[..., Any], inputs: Sequence[Any], wrt: Wrt, options: dict[str, Any]
) -> Result:
    """The Jacobian of a gradient, without what declared structure cannot see of its rows."""
    given = as_inputs(inputs)
    if not options.get("structure"):
        return check_jacobian(gradient, hess, *inputs, wrt=wrt, **options)
    function = Function.of(gradient, given, wrt)
    kept = Kept.of(function, given, options["structure"])
    rows = Rows(gradient, hess, given, function.wrt, tuple(np.shape(given[k]) for k in function.wrt))
    own = _meant_kept(kept, options)
    return check_jacobian(kept.gradient(gradient), kept.rows(rows), *inputs, wrt=function.wrt, **own)


def _called_hessian(result: Result) -> Result:
    """The result of the gradient's Jacobian, in whose sentences that is a Hessian."""

    def told(found: Finding) -> Finding:
        if found.code == "GC019":
            return finding("GC019", **{**found.facts, "wanted": found.facts["wanted"].replace("Jacobian", "Hessian")})
        facts = dict(found.facts)
        if facts.get("what") != "Jacobian":
            return found
        if found.code == "GC100" and facts["came"] == facts["inner"]:
            facts["hint"] = ": this is the shape of the gradient"
        return finding(found.code, **{**facts, "what": "Hessian"})

    return replace(result, findings=tuple(told(x) for x in result.findings))


def _meant_kept(kept: Kept, options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "meant": kept.gradient(options["meant"])} if callable(options.get("meant")) else options


def _times(derivative: Callable[..., Any], factor: float) -> Callable[..., Any]:
    if factor == 1.0:
        return derivative
    return update_wrapper(lambda *arguments: scaled(derivative(*arguments), factor), derivative)


def _taken_apart(
    f: Callee,
    second: Callee,
    inputs: tuple[Any, ...],
    wrt: Wrt,
    of: Of,
    options: dict[str, Any],
    read: Callable[[HeldArrays, Callee], Callee],
) -> tuple[Callee, Callee, tuple[Any, ...], Wrt, dict[str, Any]]:
    """The arrays in containers as inputs of their own; `read` makes the derivative on trial one of those."""
    if not a_word(of, ("function", "gradient")):
        raise UsageError(f"of must be 'function' or 'gradient', got {shown(of)}")
    held = HeldArrays.of(f, None if read is HeldArrays.product else second, inputs, wrt)
    if held is None:
        return f, second, inputs, wrt, options
    own = held.function if of == "function" else held.gradient
    return own(f), read(held, second), held.inputs, held.wrt, held.options(options, own)


def _gradient(
    f: Callable[..., Any], inputs: Sequence[Any], wrt: Wrt, of: Of, options: dict[str, Any]
) -> tuple[Callable[..., Any], Wrt, dict[str, Any]]:
    """The gradient of f, which has no names for its inputs, `wrt` without names, and `options` for the gradient."""
    if of == "gradient":
        return f, wrt, options
    form = GivenForm.of(f, inputs)
    f = form.function(f)
    given = as_inputs(inputs, f)
    function = Function.of(f, given, wrt)
    one_number(*(output.shape for output in value_of(function, given, "f")[0]))  # its gradient has fewer words for it
    positions = function.wrt
    if callable(options.get("meant")):
        options = {**options, "meant": GradientOf(form.function(options["meant"]), positions)}
    gradient = GradientOf(f, positions)
    gradient.argument_names = input_names(f, len(inputs))
    return gradient, None if wrt is None else positions, options


def _asymmetry(hess: Callee, inputs: Sequence[Any], wrt: Sequence[int], shapes: Mapping[str, Any]) -> list[Finding]:
    """The largest difference between an entry and its mirror, where it is far beyond rounding."""
    given = as_inputs(inputs)
    rows = Rows(hess, hess, given, tuple(wrt), tuple(shapes.values()))
    try:
        blocks = rows.read(hess(*lend(given)))
        matrix = np.concatenate([np.asarray(block).reshape(rows.count, -1) for block in blocks], axis=1)
    except (Exception, SystemExit):  # it answered before; what it raises now is found elsewhere
        return []
    off = np.abs(matrix - matrix.T)
    room = 1e3 * len(off) * float(np.finfo(matrix.dtype).eps) * float(np.max(np.abs(matrix), initial=0.0))
    if not np.all(np.isfinite(off)) or float(np.max(off, initial=0.0)) <= room:
        return []
    i, j = (int(k) for k in np.unravel_index(int(np.argmax(off)), off.shape))
    names = entry_names(shapes)
    entry, mirror = ([i, j], [j, i]) if len(shapes) == 1 else (f"{names[i]} by {names[j]}", f"{names[j]} by {names[i]}")
    return [finding("GC102", entry=entry, mirror=mirror, first=float(matrix[i, j]), second=float(matrix[j, i]))]
