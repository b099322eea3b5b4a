"""`check_adjoint`: the dot test of linear operators, <A x, y> = <x, AH y>, entry by entry and with bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.function_arguments import entrance, require_callable
from gradcheck.checks.functions import check_vjp
from gradcheck.checks.structures import no_curved
from gradcheck.errors import InvalidProblem
from gradcheck.judge.input_structure import projections
from gradcheck.judge.raised import UnreadableAnswer
from gradcheck.judge.user_names import function_name
from gradcheck.judge.what_was_checked import checked_as
from gradcheck.problem.function import as_inputs
from gradcheck.problem.refused_inputs import described
from gradcheck.verdict.conclusion import conclude_again
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result, Verdict

Array = NDArray[Any]
Operator = Callable[[Array], Any]

PROBES = 4
"""Number of pairs of random arguments with which linearity is tried."""
ROOM = 64.0
"""Allowed departure from linearity, in units of roundoff times n times the size of the images added."""


@entrance
def check_adjoint(A: Any, AH: Any = None, x: Any = None, y: Any = None, **options: Any) -> Result:
    """Is `AH` the adjoint (the conjugate transpose) of the linear operator `A`?

    Parameters
    ----------
    A: an array, a scipy.sparse array, a LinearOperator, or a function of one array.
    AH: the same, or None for a LinearOperator that has an adjoint of its own (`rmatvec`).
    x, y: arrays of the shapes that A takes and returns; their values are a point, which for a linear A does not matter.
        May be left out for a matrix or a LinearOperator, which has a shape.
    options: as in `check_vjp`; `structure=` may also name "y", for an A whose images are symmetric, triangular or
        skew, and an AH that is meant for such arrays alone.

    Returns
    -------
    Result: block x holds <e_i, AH y> for a random y, so that every row of AH is judged.

    Raises
    ------
    InvalidProblem: A or AH is no operator, a LinearOperator has no adjoint, y has not the shape of A x, x or y is left
        out for a function.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> backwards = lambda y: np.cumsum(y[::-1])[::-1]
    >>> gradcheck.check_adjoint(np.cumsum, backwards, np.ones(4), np.ones(4)).verdict.value
    'PASS'

    A matrix, with numbers of its own choice; and an operator onto symmetric matrices, whose adjoint reads half of them:

    >>> gradcheck.check_adjoint(np.array([[1.0, 2.0j]]), np.array([[1.0], [-2.0j]])).verdict.value
    'PASS'
    >>> spread = lambda x: np.array([[x[0], x[1]], [x[1], x[2]]])
    >>> gather = lambda y: np.array([y[0, 0], 2 * y[0, 1], y[1, 1]])
    >>> gradcheck.check_adjoint(spread, gather, np.ones(3), np.eye(2), structure={"y": "symmetric"}).verdict.value
    'PASS'
    """
    x, y = _of_shape(A, x, 1, "x"), _of_shape(A, y, 0, "y")
    at, image = (_numbers(value, name) for value, name in ((x, "x"), (y, "y")))
    forward = _operator(A, "A", adjoint=False)
    backward = _operator(A, "A", adjoint=True) if AH is None else _operator(AH, "AH", adjoint=False)
    name = function_name(AH if callable(AH) and not hasattr(AH, "matvec") else backward)
    _shape_of_image(forward, at, image)
    options, keep = _kept(options, image)

    def image_of(x: Any) -> Any:
        return keep(forward(x))

    def adjoint(cotangent: Any, x: Any) -> Any:
        try:
            return backward(keep(cotangent))
        except ValueError as misfit:
            raise _misfit(forward, backward, at, image) or misfit from None

    adjoint.__name__ = adjoint.__qualname__ = name
    result = check_vjp(image_of, adjoint, at, **{"convention": "conjugate", **options})
    if result.verdict is not Verdict.ERROR:
        random = np.random.default_rng(0)
        crooked = [*_crooked("A", forward, at, random), *_crooked("AH", backward, image, random)]
        result = conclude_again(result, crooked)
    about = checked_as("adjoint", A if callable(A) else image_of, AH if callable(AH) else adjoint, [at])
    if not callable(A) or not callable(AH):  # matrices have no names
        about = replace(about, name="AH" if not callable(AH) else about.name, function="A(x)")
    return replace(result, address=f"adjoint {name}", checked=about)


def _kept(options: dict[str, Any], image: Array) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """The options without what is declared of y, and what keeps an array to that."""
    structure = options.get("structure")
    if not isinstance(structure, Mapping) or "y" not in structure:
        return options, lambda y: y
    no_curved({"y": structure["y"]}, "y of check_adjoint")
    keep = projections({"y": structure["y"]}, [image], ["y"], [0])["y"]
    return {**options, "structure": {k: v for k, v in structure.items() if k != "y"}}, keep


def _of_shape(given: Any, value: Any, axis: int, name: str) -> Any:
    """The value, or numbers of the shape that an operator takes (axis 1) or returns (axis 0)."""
    if value is not None:
        return value
    shape = getattr(given, "shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise InvalidProblem("expected an array of the shape that A takes (x) and returns (y), got None", where=name)
    dtype = np.dtype(getattr(given, "dtype", None) or float)
    return np.ones(shape[axis], dtype if dtype.kind in "fc" else float)


def _numbers(value: Any, name: str) -> Array:
    """An array of floats or complex numbers; whole numbers become floats."""
    (array,) = as_inputs((value,))
    array = np.asarray(array)
    if array.dtype.kind not in "fiubc":
        raise InvalidProblem(f"expected an array of numbers, got {described(array)}; give floats", where=name)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)


def _operator(given: Any, who: str, *, adjoint: bool) -> Operator:
    """A function of one array from whatever stands for an operator."""
    if hasattr(given, "matvec"):
        if adjoint:
            _has_adjoint(given)
        method = given.rmatvec if adjoint else given.matvec
        return lambda v: np.asarray(method(np.ravel(v)))
    if hasattr(given, "shape") and hasattr(given, "__matmul__"):
        matrix = given.conj().T if adjoint else given
        return lambda v: matrix @ v
    require_callable(given, who)
    if adjoint:
        raise InvalidProblem("expected an adjoint, got None; only a LinearOperator or a matrix has its own", where="AH")
    function: Operator = given
    return function


def _has_adjoint(given: Any) -> None:
    """Raises InvalidProblem for a LinearOperator without `rmatvec`."""
    try:
        given.rmatvec(np.zeros(given.shape[0], np.dtype(given.dtype or float)))
    except NotImplementedError:
        what = f"the LinearOperator of shape {given.shape} and dtype {given.dtype} has none of its own"
        raise InvalidProblem(f"expected an adjoint, and {what}: give it rmatvec=, or pass AH", where="AH") from None
    except (Exception, SystemExit):  # the check itself reports what it raises
        return


def _shape_of_image(forward: Operator, at: Array, image: Array) -> None:
    try:
        came = np.shape(forward(np.array(at)))
    except (Exception, SystemExit):  # the check itself reports what A raises
        return
    if came != image.shape:
        raise InvalidProblem(f"expected an array of A's output shape {came}, got shape {image.shape}", where="y")


def _misfit(forward: Operator, backward: Operator, at: Array, image: Array) -> UnreadableAnswer | None:
    """What is said of an AH that takes what A takes, and not what A returns; None where it takes neither."""
    if at.shape == image.shape:
        return None
    try:
        own = np.asarray(backward(np.array(at)))
    except (Exception, SystemExit):
        return None
    itself = np.array_equal(own, np.asarray(forward(np.array(at))), equal_nan=True)
    hint = ": it is A itself, not its adjoint" if itself else ""
    takes = f"takes arrays of shape {at.shape} and returns shape {own.shape}, as A may"
    what = f"{takes}; an adjoint takes A's output, of shape {image.shape}, and returns shape {at.shape}{hint}"
    return UnreadableAnswer("GC018", who="AH", what=what)


def _crooked(who: str, operator: Operator, like: Array, random: np.random.Generator) -> list[Finding]:
    """A finding where the operator is not linear: additive, and homogeneous of degree 1."""
    try:
        for _ in range(PROBES):
            a, b = (_drawn(random, like) for _ in range(2))
            for what, whole, parts in (
                ("A(x + z) is not A(x) + A(z)", a + b, ((1.0, a), (1.0, b))),
                ("A(3 x) is not 3 A(x)", 3 * a, ((3.0, a),)),
            ):
                found = _differs(operator, whole, parts)
                if found is not None:
                    entry, distance, allowed = found
                    said = f"{what.replace('A(', f'{who}(')} at entry {list(entry) or 0}"
                    return [finding("GC103", who=who, what=said, distance=distance, allowed=allowed)]
    except (Exception, SystemExit):  # what an operator raises at a point of our choosing is no evidence against it
        return []
    return []


def _drawn(random: np.random.Generator, like: Array) -> Array:
    real = random.standard_normal(like.shape)
    return np.asarray(real + 1j * random.standard_normal(like.shape) if like.dtype.kind == "c" else real, like.dtype)


def _differs(
    operator: Operator, whole: Array, parts: Sequence[tuple[float, Array]]
) -> tuple[tuple[int, ...], float, float] | None:
    left = np.asarray(operator(whole))
    images = [factor * np.asarray(operator(part)) for factor, part in parts]
    sizes = sum(float(np.max(np.abs(image), initial=0.0)) for image in images)
    unit = float(np.finfo(left.dtype if left.dtype.kind in "fc" else np.float64).eps)
    allowed = ROOM * unit * max(whole.size, 1) * sizes
    off = np.abs(left - sum(images))
    if not off.size or not np.all(np.isfinite(off)) or float(np.max(off)) <= allowed:
        return None
    at = tuple(int(k) for k in np.unravel_index(int(np.argmax(off)), off.shape))
    return at, float(off[at]), allowed
