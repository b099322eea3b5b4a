"""The derivative that follows from a function's record once one thing in it is changed, in several variants at once.

Everything runs in longdouble; the variants are the last axis. A change is made everywhere, or in the slopes alone: what
a derivative written by hand gets wrong is often right in the values that it computes with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numbers.stochastic import Floats
from gradcheck.problem.function import Product
from gradcheck.tracing.primitives import PRIMITIVES
from gradcheck.tracing.record import Node, Record
from gradcheck.tracing.session import Run

Array = NDArray[Any]

MOST_NUMBERS = 4_000_000
"""Maximum number of floats of one evaluation: entries of the record times variants times outputs of a JVP."""
MOST_OUTPUTS = 16
"""Maximum number of output entries of a JVP, each of which takes a reverse sweep."""


@dataclass(frozen=True)
class Edit:
    """One change of a record, in as many variants as its arrays are long.

    Attributes
    ----------
    constants: slot of a constant -> the values that it gets, one per variant.
    reals: name of an irrational constant that slopes need ("pi") -> the values that it gets there.
    divisor: slot of a node whose slope divides -> what is added to the divisor there.
    slopes_alone: the values of all nodes stay as they are.
    """

    constants: Mapping[int, Array]
    reals: Mapping[str, Array]
    divisor: Mapping[int, Array]
    slopes_alone: bool

    @property
    def variants(self) -> int:
        """Their number."""
        return max(len(v) for v in (*self.constants.values(), *self.reals.values(), *self.divisor.values()))


class _Edited(Floats):
    """Floats in which irrational constants have other values, and divisors are shifted while `shift` is set."""

    def __init__(self, dtype: Any, variants: int, reals: Mapping[str, Array]) -> None:
        super().__init__(dtype, 0, variants)
        self.reals = reals
        self.shift: Array | None = None

    def real(self, name: str) -> Array:
        """The value that the edit gives it."""
        return np.asarray(self.reals[name], self.carrier) if name in self.reals else super().real(name)

    def div(self, a: Array, b: Array) -> Array:
        """a / (b + shift)."""
        return super().div(a, b if self.shift is None else b + self.shift)


def edited(run: Run, product: Product, edit: Edit, record: Record | None = None) -> list[Array] | None:
    """Per block, J^T c or J t under the edit, with a last axis of variants; None where that takes too long.

    `record`: a record with further nodes in place of the run's own.
    """
    record = record or run.trace.record
    outputs = sum(o.size for o in product.outputs[0]) if product.tangents is not None else 1
    if record.entries * edit.variants * outputs > MOST_NUMBERS or outputs > MOST_OUTPUTS:
        return None
    floats = _Edited(run.trace.floats.dtype, edit.variants, edit.reals)
    inputs = [np.asarray(product.inputs[k], np.longdouble)[..., None] for k in product.function.wrt]
    with np.errstate(all="ignore"):
        values = _values(record, floats, inputs, {} if edit.slopes_alone else edit.constants)
        if edit.slopes_alone:
            for slot, given in edit.constants.items():
                values[slot] = _constant(record.nodes[slot], given)
        if product.tangents is not None:
            return _jvp(record, floats, values, edit, product)
        assert product.cotangents is not None
        return _vjp(record, floats, values, edit, product.cotangents)


def _values(record: Record, floats: Floats, inputs: Sequence[Array], constants: Mapping[int, Array]) -> list[Array]:
    values: list[Array] = []
    for slot, node in enumerate(record.nodes):
        if slot in constants:
            values.append(_constant(node, constants[slot]))
        else:
            values.append(record.evaluate(slot, floats, inputs, values))
    return values


def _constant(node: Node, given: Array) -> Array:
    return np.broadcast_to(np.asarray(given, np.longdouble), (*node.shape, len(given)))


def _vjp(
    record: Record, floats: _Edited, values: Sequence[Array], edit: Edit, cotangents: Sequence[Array]
) -> list[Array]:
    adjoints: list[Any] = [None] * len(record.nodes)
    for slot, cotangent in zip(record.outputs, cotangents, strict=True):
        seed = floats.constant(np.asarray(cotangent).reshape(record.nodes[slot].shape))
        adjoints[slot] = seed if adjoints[slot] is None else floats.add(adjoints[slot], seed)
    for slot in range(len(record.nodes) - 1, -1, -1):
        node, adjoint = record.nodes[slot], adjoints[slot]
        if adjoint is None or not node.args or not node.varies:
            continue
        primitive = PRIMITIVES[node.primitive]
        needed = [record.nodes[a].varies for a in node.args]
        floats.shift = edit.divisor.get(slot)
        parts = primitive.vjp(floats, adjoint, [values[a] for a in node.args], values[slot], node.attributes, needed)
        floats.shift = None
        for argument, part, wanted in zip(node.args, parts, needed, strict=True):
            if wanted:
                if primitive.elementwise:
                    part = floats.sum_to(part, record.nodes[argument].shape)
                adjoints[argument] = part if adjoints[argument] is None else floats.add(adjoints[argument], part)
    found = []
    for slot in record.inputs:
        shape = (*record.nodes[slot].shape, edit.variants)
        found.append(np.zeros(shape) if adjoints[slot] is None else np.broadcast_to(adjoints[slot], shape))
    return found


def _jvp(record: Record, floats: _Edited, values: Sequence[Array], edit: Edit, product: Product) -> list[Array]:
    """J t, output by output."""
    assert product.tangents is not None
    shapes = [record.nodes[slot].shape for slot in record.outputs]
    found = [np.zeros((*shape, edit.variants), np.longdouble) for shape in shapes]
    for k, shape in enumerate(shapes):
        for index in np.ndindex(shape):
            weights = [np.zeros(s) for s in shapes]
            weights[k][index] = 1.0
            rows = _vjp(record, floats, values, edit, weights)
            terms = [np.asarray(t, np.longdouble)[..., None] * g for t, g in zip(product.tangents, rows, strict=True)]
            found[k][index] = sum(np.sum(t, axis=tuple(range(t.ndim - 1))) for t in terms)
    return found


def with_added(record: Record, slot: int, position: int) -> tuple[Record, int]:
    """A record in which a constant, 0 for now, is added to one argument of a node; and the constant's slot."""
    node = record.nodes[slot]
    argument = record.nodes[node.args[position]]
    zero = Node("constant", (), {"value": np.zeros(())}, (), argument.dtype, False)
    added = Node("add", (node.args[position], slot), {}, argument.shape, argument.dtype, argument.varies)

    def moved(a: int) -> int:
        return a if a < slot else a + 2

    changed = [*node.args]
    changed[position] = slot + 1
    rest = [replace(n, args=tuple(map(moved, n.args))) for n in record.nodes[slot + 1 :]]
    nodes = [*record.nodes[:slot], zero, added, replace(node, args=tuple(changed)), *rest]
    outputs = tuple(map(moved, record.outputs))
    return Record(nodes, record.inputs, outputs, record.entries + 2 * max(1, int(np.prod(argument.shape)))), slot
