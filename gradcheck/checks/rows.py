"""A Jacobian as the gradient of one scalar function, so that each of its entries is an entry of that gradient.

F(X) = sum_i f(X[i])[i], with a copy X[i] of the point per output i, has the gradient dF/dX[i] = J(X[i])[i]: where all
copies are the same point, the gradient is the Jacobian. Entry [i, j, ...] is d f[i] / d x[j, ...].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import update_wrapper
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gradcheck.judge.raised import UnreadableAnswer
from gradcheck.problem.function import laid_out, lend
from gradcheck.problem.refused_inputs import described, parts_of, unreal_answer
from gradcheck.tracing.traced import is_traced

Array = NDArray[Any]

LIKELY = 0.1
"""Relative distance of a difference from a right Jacobian's product; far above what truncation and rounding cost."""


@dataclass(frozen=True)
class Rows:
    """The scalar function of a function's stacked rows.

    Attributes
    ----------
    f, jac: the function, and the Jacobian on trial.
    inputs: the point.
    wrt: positions of the differentiated inputs.
    shapes: of f's outputs.
    adjoint: of a LinearOperator that has an adjoint, whether that is read in place of its products.
    """

    f: Callable[..., Any]
    jac: Callable[..., Any]
    inputs: tuple[Any, ...]
    wrt: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    adjoint: bool = False

    @property
    def count(self) -> int:
        """Number of rows: entries of all outputs."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    @property
    def square(self) -> bool:
        """Whether there is one output and one differentiated input, of as many entries and more than one."""
        sizes = [int(np.size(self.inputs[k])) for k in self.wrt]
        return len(self.shapes) == 1 and sizes == [self.count] and self.count > 1

    def transposed(self) -> Rows:
        """The same with the transpose of each Jacobian on trial; for one output."""

        def turned(*inputs: Any) -> tuple[Array, ...]:
            parts = self._by_input(self.jac(*inputs))
            sizes = [int(np.size(self.inputs[k])) for k in self.wrt]
            flat = [dense(part, self.count).reshape(n, self.count) for part, n in zip(parts, sizes, strict=True)]
            return tuple(np.array(matrix.T) for matrix in flat)

        return replace(self, jac=turned)

    def in_fortran_order(self, *, outputs: bool, inputs: bool) -> Rows:
        """The same with each flattened Jacobian on trial read in Fortran order along one axis, or both; for one output.

        What is not flattened is taken as it is.
        """

        def read(matrix: Any, inner: tuple[int, ...]) -> Any:
            array, (out,) = dense(matrix, int(np.prod(inner))), self.shapes
            if array.shape != (self.count, int(np.prod(inner))):
                return matrix
            rows = np.arange(self.count).reshape(out, order="F" if outputs else "C")
            columns = np.arange(array.shape[1]).reshape(inner, order="F" if inputs else "C")
            return array[np.ix_(rows.ravel(), columns.ravel())]

        def reordered(*inputs: Any) -> tuple[Any, ...]:
            parts = self._by_input(self.jac(*inputs))
            return tuple(read(p, np.shape(self.inputs[k])) for p, k in zip(parts, self.wrt, strict=True))

        return replace(self, jac=update_wrapper(reordered, self.jac))

    def stacked_inputs(self) -> tuple[Any, ...]:
        """The point, with a copy per row of what is differentiated."""
        return tuple(
            np.repeat(np.asarray(x)[None], self.count, axis=0) if k in self.wrt else x
            for k, x in enumerate(self.inputs)
        )

    def scalar(self) -> Callable[..., Any]:
        """F, with f's name and signature; rows of equal numbers are one call of f.

        A difference moves a single entry, so that all rows but one are alike; traced arrays are called row by row.
        """

        def total(*stacked: Any) -> Any:
            known: dict[tuple[bytes, ...], Any] = {}
            parts = []
            for i in range(self.count):
                row = self._row(stacked, i)
                moved = [row[k] for k in self.wrt]
                if any(is_traced(x) or np.asarray(x).dtype.kind not in "fc" for x in moved):
                    parts.append(self._flat(self.f(*row))[i])
                    continue
                key = tuple(np.asarray(x).tobytes() for x in moved)
                if key not in known:
                    known[key] = np.array(self._flat(self.f(*row)))  # f may write its next answer into the same array
                parts.append(known[key][i])
            return sum(parts)

        return update_wrapper(total, self.f)

    def gradient(self) -> Callable[..., Any]:
        """The Jacobian on trial as F's gradient: it is called once where all rows are one point."""

        def rows(*stacked: Any) -> tuple[Array | None, ...]:
            alike = all(np.array_equal(stacked[k], np.repeat(stacked[k][:1], self.count, axis=0)) for k in self.wrt)
            if alike:
                return self.read(self.jac(*self._row(stacked, 0)))
            each = [self.read(self.jac(*self._row(stacked, i))) for i in range(self.count)]
            return tuple(
                np.stack([part[i] for i, part in enumerate(parts)]) if all(p is not None for p in parts) else None
                for parts in zip(*each, strict=True)
            )

        return update_wrapper(rows, self.jac)

    def combined(self) -> Callable[..., Any]:
        """The VJP that the Jacobian on trial makes: cotangent times Jacobian."""

        def vjp(cotangent: Any, *inputs: Any) -> tuple[Array | None, ...]:
            weights = np.concatenate([np.ravel(c) for c in cotangent]) if isinstance(cotangent, tuple) else cotangent
            parts = self.read(self.jac(*inputs))
            return tuple(None if p is None else np.tensordot(np.ravel(weights), p, 1).astype(p.dtype) for p in parts)

        return update_wrapper(vjp, self.jac)

    def likely(self) -> bool:
        """Whether the Jacobian on trial may be right, by a difference of f along one direction."""
        random = np.random.default_rng(29)
        inputs = [np.asarray(x) for x in self.inputs]
        step = float(np.cbrt(np.finfo(np.result_type(*(inputs[k] for k in self.wrt))).eps))
        moves = {k: random.standard_normal(np.shape(inputs[k])) * (np.abs(inputs[k]) + step) for k in self.wrt}

        def value(t: float) -> Array:
            there = [laid_out(x, x + t * moves[k]) if k in moves else x for k, x in enumerate(lend(self.inputs))]
            return np.asarray(self._flat(self.f(*there)), np.float64)

        try:
            with np.errstate(all="ignore"):
                slope = (value(step) - value(-step)) / (2 * step)
                parts = zip(self.read(self.jac(*lend(self.inputs))), moves.values(), strict=True)
                product = sum(np.tensordot(part, move, np.ndim(move)) for part, move in parts if part is not None)
        except (Exception, SystemExit):  # the judge tells what it raises
            return True
        off, size = np.linalg.norm(slope - product), np.linalg.norm(slope) + np.linalg.norm(product)
        return not off > LIKELY * size

    def read(self, answer: Any) -> tuple[Array | None, ...]:
        """One array (rows, *input's shape) per differentiated input. Raises UnreadableAnswer GC019, GC007, GC100."""
        if len(self.shapes) > 1:
            return self._read_blocks(_parts(answer, len(self.shapes)))
        parts = self._by_input(answer)
        if len(parts) != len(self.wrt):
            wanted = f"{len(self.wrt)} Jacobians, one per input" if len(self.wrt) > 1 else "one Jacobian, an array"
            came = parts_of(parts) if isinstance(answer, tuple | list) else described(answer)
            raise UnreadableAnswer("GC019", wanted=wanted, came=came)
        return tuple(
            None if p is None else self._one(p, self.shapes[0], k) for p, k in zip(parts, self.wrt, strict=True)
        )

    def _by_input(self, answer: Any) -> Sequence[Any]:
        """A matrix per differentiated input, from those or from one that has the columns of all of them, in order."""
        sizes = [int(np.size(self.inputs[k])) for k in self.wrt]
        whole = getattr(answer, "shape", None)
        if len(sizes) == 1 or whole not in ((self.count, sum(sizes)), (*self.shapes[0], sum(sizes))):
            return _parts(answer, len(sizes))
        own = dense_adjoint if self.adjoint and has_adjoint(answer) else dense
        matrix = own(answer, sum(sizes)).reshape(self.count, sum(sizes))
        return np.split(matrix, np.cumsum(sizes)[:-1], axis=1)

    def _read_blocks(self, parts: Sequence[Any]) -> tuple[Array | None, ...]:
        """A tuple per output of a Jacobian per input (a bare one for one input)."""
        if len(parts) != len(self.shapes):
            raise UnreadableAnswer("GC019", wanted=f"{len(self.shapes)} tuples, one per output", came=parts_of(parts))
        rows = []
        for part, shape in zip(parts, self.shapes, strict=True):
            own = _parts(part, len(self.wrt))
            if len(own) != len(self.wrt):
                raise UnreadableAnswer("GC019", wanted=f"{len(self.wrt)} Jacobians per output", came=parts_of(own))
            rows.append([self._one(p, shape, k) for p, k in zip(own, self.wrt, strict=True)])
        return tuple(np.concatenate(column) for column in zip(*rows, strict=True))

    def _one(self, answer: Any, out: tuple[int, ...], k: int) -> Array:
        """One Jacobian as (rows, *shape of the input)."""
        own = dense_adjoint if self.adjoint and has_adjoint(answer) else dense
        array = own(answer, int(np.prod(np.shape(self.inputs[k]))))
        inner = np.shape(self.inputs[k])
        rows, columns = int(np.prod(out)), int(np.prod(inner))
        forms = [(*out, *inner), (rows, columns)]
        forms += [(columns,)] if rows == 1 else []
        forms += [(rows,)] if columns == 1 else []
        if array.shape in forms:
            return array.reshape(rows, *inner)
        turned = array.shape in ((*inner, *out), (columns, rows))
        facts = {"wanted": (*out, *inner), "flat": (rows, columns), "out": out, "inner": inner, "came": array.shape}
        hint = ": this is the shape of the transpose" if turned else ""
        raise UnreadableAnswer("GC100", **facts, what="Jacobian", turned=turned, hint=hint)

    def _row(self, stacked: Sequence[Any], i: int) -> list[Any]:
        return [stacked[k][i] if k in self.wrt else x for k, x in enumerate(self.inputs)]

    def _flat(self, value: Any) -> Any:
        if isinstance(value, tuple | list):
            return np.concatenate([np.ravel(np.asarray(v) if np.isscalar(v) else v) for v in value])
        return np.ravel(value)


@dataclass(frozen=True)
class Column:
    """One column of a Jacobian with one output: f along a single entry of one input.

    Attributes
    ----------
    rows: the Jacobian.
    input: the position of the input.
    entry: the index of its entry.
    """

    rows: Rows
    input: int
    entry: tuple[int, ...]

    @property
    def point(self) -> Array:
        """The entry's value, an array of shape ()."""
        return np.asarray(np.asarray(self.rows.inputs[self.input])[self.entry])

    def along(self, value: Any) -> Any:
        """f with another value there."""
        inputs = list(self.rows.inputs)
        there = np.zeros(np.shape(inputs[self.input]), dtype=bool)
        there[self.entry] = True
        inputs[self.input] = np.where(there, value, inputs[self.input])
        return self.rows.f(*inputs)

    def jvp(self) -> Callable[..., Any]:
        """The column of the Jacobian on trial, as a JVP."""

        def product(primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
            inputs = list(self.rows.inputs)
            inputs[self.input] = np.array(inputs[self.input])
            inputs[self.input][self.entry] = primals[0]
            part = self.rows.read(self.rows.jac(*inputs))[self.rows.wrt.index(self.input)]
            assert part is not None  # a column of None has no worst entry
            column = np.moveaxis(part, 0, -1)[self.entry]
            return column.reshape(self.rows.shapes[0]) * tangents[0]

        return update_wrapper(product, self.rows.jac)


def dense(answer: Any, columns: int) -> Array:
    """An array of real numbers from an array, a scipy.sparse array or a LinearOperator of that many columns.

    Raises UnreadableAnswer GC007 for anything else.
    """
    if is_traced(answer):  # as an array of objects, a Jacobian of 400 x 400 would take half a minute
        return cast(Array, answer)
    if hasattr(answer, "toarray"):
        answer = answer.toarray()
    elif hasattr(answer, "matvec") and hasattr(answer, "shape"):
        # Column by column: of a LinearOperator's own functions, some take vectors of one axis alone.
        answer = np.stack([np.ravel(answer.matvec(column)) for column in np.eye(columns)], axis=-1)
    if (came := unreal_answer(answer)) is not None:
        raise UnreadableAnswer("GC007", expected="an array of real numbers", came=came, block=None)
    array = np.asarray(answer)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def has_adjoint(answer: Any) -> bool:
    """Whether an answer is a LinearOperator that multiplies by its adjoint, too, or raises something else there."""
    if hasattr(answer, "toarray") or not (hasattr(answer, "matvec") and hasattr(answer, "rmatvec")):
        return False
    try:
        answer.rmatvec(np.zeros(answer.shape[0]))
    except NotImplementedError:
        return False
    except (Exception, SystemExit):  # it is there, and what it raises is found where it is asked in earnest
        return True
    return True


def dense_adjoint(answer: Any, columns: int) -> Array:
    """The same as `dense` of a LinearOperator, by the products of its adjoint."""
    rows = [np.conj(np.ravel(answer.rmatvec(row))) for row in np.eye(answer.shape[0])]
    return dense(np.stack(rows), columns)


def _parts(answer: Any, count: int) -> Sequence[Any]:
    """The matrices of an answer; a list of numbers is one where a single one is due."""
    return answer if isinstance(answer, tuple | list) and (count > 1 or not _is_matrix(answer)) else (answer,)


def _is_matrix(answer: Any) -> bool:
    """Whether a list is a matrix written out: numbers, or rows of numbers."""
    try:
        return isinstance(answer, list) and np.asarray(answer).dtype.kind in "fiub"
    except ValueError:
        return False
