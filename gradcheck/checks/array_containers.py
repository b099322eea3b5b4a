"""Jacobians and second derivatives by containers of arrays: by the arrays in them, as inputs of their own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import update_wrapper
from typing import Any

import numpy as np

from gradcheck.checks.foreign_arrays import as_numbers
from gradcheck.checks.forms import Form, form_of
from gradcheck.checks.given_form import runs
from gradcheck.checks.rows import dense
from gradcheck.checks.trees import Listed, branch, contains_listed, holds_real_arrays, listed
from gradcheck.problem.function import Function, as_inputs, lend

Callee = Callable[..., Any]


@dataclass(frozen=True)
class HeldArrays:
    """The inputs of a check, and the arrays that they hold.

    Attributes
    ----------
    form: how f is called.
    inputs: the arrays.
    wrt: positions of those that are differentiated.
    """

    form: Form
    inputs: tuple[Any, ...]
    wrt: tuple[int, ...]

    @classmethod
    def of(cls, f: Callee, derivative: Callee | None, inputs: Sequence[Any], wrt: Any) -> HeldArrays | None:
        """None where no input is a container of real arrays.

        A list of arrays of one shape is one where f takes it as a list, and `derivative` answers with lists.
        """
        if derivative is not None:
            inputs = _with_lists(f, derivative, inputs)
        if not any(holds_real_arrays(value) for value in inputs):
            return None
        form = form_of("gradient", f, inputs, None)
        if form is None:
            return None
        form = replace(form, wrt=wrt)
        plain = form.plain_inputs()
        return cls(form, plain, Function.of(form.function(f), as_inputs(plain), form.plain_choice(wrt)).wrt)

    def function(self, f: Callee) -> Callee:
        """f as a function of the arrays."""
        return self.form.function(f)

    def gradient(self, derivative: Callee) -> Callee:
        """A function whose answers are built as the inputs are: one part per differentiated array, bare for one."""

        def parts(*arrays: Any) -> Any:
            return _bare(self._parts(derivative(*self.form.arguments(arrays))))

        wrapped = update_wrapper(parts, derivative)
        wrapped.argument_names = self.form.plain_names()  # type: ignore[attr-defined] # read by input_names
        return wrapped

    def hessian(self, hess: Callee) -> Callee:
        """A function whose answers are containers of such containers: a row of blocks per differentiated array."""

        def blocks(*arrays: Any) -> Any:
            answer = hess(*self.form.arguments(arrays))
            sizes = [int(np.size(self.inputs[k])) for k in self.wrt]
            if _is_flat(answer, sizes) and not any(_out_of_order(value) for value in self.form.inputs):
                return answer
            names = self.form.plain_names()
            rows = zip(self.wrt, self._parts(answer), strict=True)
            return _bare([_bare(self._parts(row, f"the block of {names[k]} and ")) for k, row in rows])

        return update_wrapper(blocks, hess)

    def product(self, hvp: Callee) -> Callee:
        """A function of the arrays and as many vectors, which it gets as the inputs are built."""

        def parts(*arrays: Any) -> Any:
            count = len(self.inputs)
            primals, vectors = (self.form.arguments(part) for part in (arrays[:count], arrays[count:]))
            return _bare(self._parts(hvp(*primals, *vectors)))

        return update_wrapper(parts, hvp)

    def options(self, options: Mapping[str, Any], wrap: Callable[[Callee], Callee]) -> dict[str, Any]:
        """What is declared of the inputs, declared of the arrays; what was meant is wrapped as f is."""
        declared = self.form.declared_options(options)
        if callable(declared.get("meant")):
            declared["meant"] = wrap(declared["meant"])
        return declared

    def _parts(self, answer: Any, prefix: str = "") -> list[Any]:
        found = self.form.read(answer, prefix)
        return [found[k] for k in self.wrt]


def in_blocks(hess: Callee, f: Callee, inputs: Sequence[Any], wrt: Any) -> Callee:
    """A Hessian by several inputs in rows of blocks, where it comes as one matrix by all their entries in order."""
    given = as_inputs(inputs)
    chosen = Function.of(f, given, wrt).wrt
    sizes = [int(np.size(given[k])) for k in chosen]
    if len(chosen) < 2:
        return hess

    def blocks(*arrays: Any) -> Any:
        answer = hess(*arrays)
        if not _is_flat(answer, sizes):
            return answer
        cuts = np.cumsum(sizes)[:-1]
        rows = np.split(dense(as_numbers(answer), sum(sizes)), cuts, axis=0)
        return tuple(tuple(np.split(row, cuts, axis=1)) for row in rows)

    return update_wrapper(blocks, hess)


def _with_lists(f: Callee, derivative: Callee, inputs: Sequence[Any]) -> Sequence[Any]:
    """The inputs, their lists of arrays as containers where f and the derivative take them so."""
    found = [listed(value) for value in inputs]
    if not any(contains_listed(value) for value in found) or not runs(f, inputs):
        return inputs
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = derivative(*lend(inputs))
    except (Exception, SystemExit):  # reported when it is asked in earnest
        return inputs
    parts = [answer] if len(inputs) == 1 else answer if isinstance(answer, tuple | list) else []
    return found if all(_in_kind(part, value) for part, value in zip(parts, found, strict=False)) else inputs


def _in_kind(answer: Any, tree: Any) -> bool:
    """Whether an answer has a list wherever a tree has a list of arrays."""
    here, other = branch(tree), branch(listed(answer))
    if isinstance(tree, Listed):
        return other is not None and other.kind in ("list", "tuple") and len(other.children) == len(tree.parts)
    if here is None or other is None:
        return True
    given = dict(other.children)
    return all(_in_kind(given.get(step), child) for step, child in here.children)


def _bare(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else tuple(parts)


def _out_of_order(value: Any) -> bool:
    """Whether a dict in it has keys that are not sorted: JAX flattens them in another order than they are in."""
    if isinstance(value, Mapping):
        keys = [repr(key) for key in value]
        if keys != sorted(keys):
            return True
    here = branch(value)
    return here is not None and any(_out_of_order(child) for _, child in here.children)


def _is_flat(answer: Any, sizes: Sequence[int]) -> bool:
    """Whether an answer is one matrix by all entries."""
    return getattr(answer, "shape", None) == (sum(sizes), sum(sizes))
