"""The inputs of a check in the form in which f takes them, where they hold arrays of PyTorch or JAX."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import update_wrapper
from itertools import cycle
from typing import Any

import numpy as np

from gradcheck.checks.conventions import Convention
from gradcheck.checks.foreign_arrays import ForeignArray, as_numbers, foreign
from gradcheck.checks.given_form import runs
from gradcheck.checks.trees import branch
from gradcheck.checks.wrappers import Attributes
from gradcheck.problem.function import lend

CONVENTIONS: dict[str, Convention] = {"torch": "conjugate", "jax": "holomorphic"}
"""In which form each package gives the gradient by a complex array."""


def arriving(f: Callable[..., Any], inputs: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[Any, ...]:
    """The inputs with a `ForeignArray` for each array of another package.

    Where f runs on NumPy arrays and not on those, they become NumPy arrays.
    """
    if not any(_holds_foreign(value) for value in inputs):
        return tuple(inputs)

    def given(change: Callable[[ForeignArray], Any]) -> tuple[Any, ...]:
        return tuple(_changed(value, change) for value in inputs)

    def takes(change: Callable[[ForeignArray], Any]) -> bool:
        return runs(lambda *arguments: f(*arguments, **keywords), given(change))

    # f gets copies: it may write into its arguments.
    if not takes(lambda own: own.like(own.numbers().copy())) and takes(lambda own: own.numbers().copy()):
        return given(ForeignArray.numbers)
    wide = takes(lambda own: own.like(_doubled(own.numbers())))
    return given(lambda own: replace(own, own_dtype=not wide))


def in_numpy(
    f: Callable[..., Any], derivative: Callable[..., Any], inputs: Sequence[Any]
) -> tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]:
    """f, a derivative and their inputs, of NumPy arrays; `derivative` takes the inputs once, or again as vectors."""
    inputs = arriving(f, inputs, {})
    owns = [foreign(value) for value in inputs]
    if not any(owns):
        return f, derivative, inputs

    def called(function: Callable[..., Any]) -> Callable[..., Any]:
        def plain(*arrays: Any) -> Any:
            given = zip(cycle(owns), arrays)  # the vectors are as many again
            return as_numbers(function(*(array if own is None else own.like(array) for own, array in given)))

        return update_wrapper(plain, function)

    return called(f), called(derivative), tuple(as_numbers(value) for value in inputs)


def answers_in_tensors(f: Callable[..., Any], inputs: Sequence[Any], keywords: Mapping[str, Any]) -> bool:
    """Whether f takes NumPy arrays and returns PyTorch's tensors, which NumPy may refuse to read."""
    if "torch" not in sys.modules:
        return False
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _holds_foreign(f(*lend(inputs), **keywords))
    except (Exception, SystemExit):  # the check itself reports what f raises
        return False


def convention_of(inputs: Sequence[Any]) -> Convention | None:
    """The convention for complex gradients of the one package whose arrays the inputs hold; None without such."""
    packages = {package for value in inputs for package in _packages(value)}
    return CONVENTIONS[packages.pop()] if len(packages) == 1 else None


def _packages(value: Any) -> set[str]:
    own = foreign(value)
    if own is not None:
        return {own.package}
    here = branch(value)
    return set() if here is None else {package for _, child in here.children for package in _packages(child)}


def _holds_foreign(value: Any) -> bool:
    if foreign(value) is not None:
        return True
    here = None if isinstance(value, Attributes) else branch(value)
    return here is not None and any(_holds_foreign(child) for _, child in here.children)


def _changed(value: Any, change: Callable[[ForeignArray], Any]) -> Any:
    """A tree like `value` with other things in place of its foreign arrays."""
    own = foreign(value)
    if own is not None:
        return change(own)
    here = branch(value) if _holds_foreign(value) else None
    return value if here is None else here.build([_changed(child, change) for _, child in here.children])


def _doubled(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array in double precision, if it has floats."""
    return array.astype({"f": float, "c": complex}.get(array.dtype.kind, array.dtype))
