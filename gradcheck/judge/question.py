"""What a user asks about a function: the derivative on trial, how it is called, and how its answers are read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.judge.differing_entry import identical
from gradcheck.judge.raised import derivative_raised
from gradcheck.judge.unseen import asked_unseen
from gradcheck.problem.evaluations import derivative_evaluated
from gradcheck.problem.function import Function, Product, lend
from gradcheck.problem.refused_inputs import parts_of, unreal_answer
from gradcheck.problem.time_limit import check_time

Array = NDArray[Any]
Kind = Literal["gradient", "vjp", "jvp"]

COPIED = 10**8
"""Maximum number of entries of an answer that is copied: a larger one is broadcast, and wrong by its shape alone."""
NOTHING_RETURNED = "None: is a `return` missing?"
"""What a message says of a derivative that gives None and nothing else."""


@dataclass(frozen=True)
class Reply:
    """One answer of the derivative on trial.

    Attributes
    ----------
    parts: an array per block (see `Product.blocks`), None where the derivative returned None.
    primal: f's value, where a JVP returned it as well.
    mutated: names of the arguments that the call changed.
    raw: the very arrays that came back, to see whether they change later.
    refitted: (block, wanted, came) of each gradient that came wider or with a first axis of length 1 more; its part has
        the wanted form.
    """

    parts: tuple[Array | None, ...]
    primal: tuple[Array, ...] | None
    mutated: tuple[str, ...]
    raw: tuple[Any, ...]
    refitted: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Question:
    """A derivative on trial.

    `kind` says how it is called: gradient(*inputs); vjp(cotangent, *inputs); jvp(primals, tangents). `stopped` are the
    positions of the inputs that it holds constant, whose gradients it may leave out.
    """

    kind: Kind
    function: Function
    derivative: Callable[..., Any]
    stopped: frozenset[int] = frozenset()

    def ask(self, product: Product, *, tuple_output: bool, copy: bool = True) -> Reply:
        """Call the derivative on copies of the product's inputs (on the very arrays unless `copy`).

        Raises SubjectError: GC004 it raised (its cause is the exception), GC006 it called sys.exit, GC019 wrong number
        of gradients, GC007 no numbers.
        """
        check_time()
        inputs = lend(product.inputs) if copy else product.inputs
        before = [np.array(x) for x in inputs]
        weights, cotangents = self._weights(product, tuple_output)
        kept = [np.array(w) for w in weights]
        with derivative_raised(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            derivative_evaluated()
            if self.kind == "gradient":
                returned = self.derivative(*inputs)
            elif self.kind == "vjp":
                returned = self.derivative(cotangents, *inputs)
            else:
                returned = self.derivative(tuple(inputs), cotangents)
        mutated = [n for n, x, b in zip(self.function.names, inputs, before, strict=True) if not _same(x, b)]
        mutated += ["the cotangent" if self.kind == "vjp" else "the tangents"] * any(
            not _same(w, k) for w, k in zip(weights, kept, strict=True)
        )
        if self.kind == "jvp":
            parts, primal, raw = self._outputs(returned, product, tuple_output)
        else:
            raw = self._per_input(returned, inputs)
            parts, primal = tuple(None if r is None else _numbers(r) for r in raw), None
            likes = [np.asarray(inputs[k]) for k in self.function.wrt]
            fitted = [None if p is None else _fitted(p, like) for p, like in zip(parts, likes, strict=True)]
            names = [self.function.names[k] for k in self.function.wrt]
            refitted = tuple(
                (name, _form(like), _form(part))
                for name, like, part, now in zip(names, likes, parts, fitted, strict=True)
                if part is not None and now is not part
            )
            return Reply(tuple(fitted), None, tuple(mutated), raw, refitted)
        return Reply(parts, primal, tuple(mutated), raw)

    def asked_unseen(self, product: Product, *, tuple_output: bool) -> Reply | None:
        """The answer in a thread whose stack hides the checker; None where it has none, or is called in a form."""
        inputs = lend(product.inputs)
        _, weights = self._weights(product, tuple_output)
        arguments = {"gradient": inputs, "vjp": (weights, *inputs), "jvp": (inputs, weights)}[self.kind]
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answers = asked_unseen(self.derivative, arguments)
        return (
            replace(self, derivative=lambda *_: answers[0]).ask(product, tuple_output=tuple_output) if answers else None
        )

    @property
    def wanted(self) -> str:
        """What a call has to return, in words."""
        count = len(self.function.names)
        if self.kind == "jvp":
            return "an output tangent"
        return f"{count} gradients, one per input" if count > 1 else "one gradient, an array of its input's shape"

    def _came(self, returned: Any) -> str:
        """What a call returned instead, in words."""
        if returned is None:
            return NOTHING_RETURNED
        if isinstance(returned, tuple | list):
            return parts_of(returned)
        if isinstance(returned, np.ndarray):
            return f"one array of shape {returned.shape}"
        if isinstance(returned, Mapping):
            return f"a {type(returned).__name__}; return a tuple in the order {', '.join(self.function.names)}"
        return f"one {type(returned).__name__}"

    def _weights(self, product: Product, tuple_output: bool) -> tuple[list[Array], Any]:
        """The cotangents or tangents as fresh arrays, and in the form the derivative is given them."""
        if self.kind == "gradient":
            return [], None
        if self.kind == "vjp":
            assert product.cotangents is not None
            arrays = [np.array(c) for c in product.cotangents]
            return arrays, tuple(arrays) if tuple_output else arrays[0]
        assert product.tangents is not None
        given = dict(zip(self.function.wrt, product.tangents, strict=True))
        arrays = [
            np.array(given[k]) if k in given else np.zeros(np.shape(x), dtype=float)
            for k, x in enumerate(product.inputs)
        ]
        return arrays, tuple(arrays)

    def _per_input(self, returned: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """One gradient per differentiated input, however they were packed."""
        count, wrt = len(inputs), self.function.wrt
        going = [k for k in wrt if k not in self.stopped]
        if isinstance(returned, tuple | list) and count == 1 and _shape(returned) == np.shape(inputs[0]):
            return (np.asarray(returned),)  # a gradient written as a list or tuple of numbers
        if isinstance(returned, tuple | list):
            if len(returned) == count:
                return tuple(returned[k] for k in wrt)
            if len(returned) == len(wrt):
                return tuple(returned)
            if len(returned) == len(going):
                return tuple(returned[going.index(k)] if k in going else None for k in wrt)
            raise SubjectError("GC019", wanted=self.wanted, came=self._came(returned))
        if len(wrt) == 1:
            return (returned,)
        if len(going) == 1 and _shape(returned) == np.shape(inputs[going[0]]):
            return tuple(returned if k in going else None for k in wrt)
        stacked = isinstance(returned, np.ndarray) and returned.shape[:1] == (count,)
        if stacked and all(np.shape(x) == returned.shape[1:] for x in inputs):
            return tuple(returned[k] for k in wrt)
        raise SubjectError("GC019", wanted=self.wanted, came=self._came(returned))

    def _outputs(
        self, returned: Any, product: Product, tuple_output: bool
    ) -> tuple[tuple[Array | None, ...], tuple[Array, ...] | None, tuple[Any, ...]]:
        """The output tangents of a JVP, which may come as (output, tangent)."""
        count = len(product.blocks)
        primal: Any = None
        tangent = returned
        if isinstance(returned, tuple | list) and len(returned) == 2:
            both = all(isinstance(r, tuple | list) and len(r) == count for r in returned)
            if (tuple_output and both) or not tuple_output:
                primal, tangent = returned
        raw = tuple(tangent) if tuple_output and isinstance(tangent, tuple | list) else (tangent,)
        if len(raw) != count:
            came = self._came(tangent if len(raw) == 1 else raw)
            raise SubjectError("GC019", wanted=f"{count} output tangents", came=came)
        values = None
        if primal is not None:
            values = tuple(_numbers(p) for p in (primal if tuple_output else (primal,)))
        return tuple(None if r is None else _numbers(r) for r in raw), values, raw


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of an answer that can be read as an array of real numbers."""
    return None if unreal_answer(value) is not None else np.shape(value)


def _numbers(value: Any) -> Array:
    if (came := unreal_answer(value)) is not None:
        raise SubjectError("GC007", expected="an array of real numbers", came=came, block=None)
    array = np.asarray(value)
    return np.array(array) if array.size <= COPIED else array


def _fitted(part: Array, like: Array) -> Array:
    """A gradient in the form of its input, where it has a first axis of length 1 more, or is a wider float, alone.

    An axis too few is another matter: x - g of a column and a row is a matrix.
    """
    if like.ndim and part.shape == (1, *like.shape):
        part = part[0]
    wider = part.dtype.kind == like.dtype.kind == "f" and part.dtype.itemsize > like.dtype.itemsize
    if not (wider and part.ndim and part.shape == like.shape):
        return part
    with np.errstate(over="ignore"):
        return part.astype(like.dtype)


def _form(array: Array) -> str:
    return f"{array.dtype} of shape {array.shape}"


def _same(now: Any, before: Array) -> bool:
    after = np.asarray(now)
    if after.shape != before.shape or after.dtype != before.dtype:
        return False
    return identical(after, before) or np.array_equal(after, before, equal_nan=True)
