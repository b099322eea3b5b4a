"""Faults of arrays: broadcasting not undone, wrong axes, transposes, indexing, softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem.ops import Array, Shape


class BroadcastNotSummed(Backprop):
    """The gradient of one copy instead of the sum over all; along axes that broadcasting added, stretched, or both.

    `copy`: index of that copy.
    """

    def __init__(self, *, added: bool = True, stretched: bool = True, copy: int = 0) -> None:
        self.added, self.stretched, self.copy = added, stretched, copy

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """The right shape, but only one copy's gradient."""
        while self.added and message.ndim > len(shape):
            message = self.copies(message, 0)[0]
        for axis, length in enumerate(shape if self.stretched else ()):
            if length == 1 and message.shape[axis - len(shape)] != 1:
                message = self.copies(message, axis - len(shape))
        return super().unbroadcast(message, shape)

    def copies(self, message: Array, axis: int) -> Array:
        """One of the copies along an axis, which stays with length 1."""
        return np.take(message, [self.copy], axis=axis)


class BroadcastAveraged(BroadcastNotSummed):
    """The mean over the copies instead of their sum."""

    def copies(self, message: Array, axis: int) -> Array:
        """The mean of the copies."""
        return np.asarray(np.mean(message, axis=axis, keepdims=True))


class BroadcastIgnored(Backprop):
    """The message keeps the result's shape, and so does the gradient of a bias."""

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """The message unchanged."""
        return message


class LeadingAxesOnly(Backprop):
    """Axes that broadcasting added are summed, axes of length 1 that it stretched are not."""

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """A (2, 1) array stretched to (2, 3) gets a gradient of shape (2, 3)."""
        return np.asarray(np.sum(message, axis=tuple(range(message.ndim - len(shape)))))


class AllBroadcasts(Backprop):
    """Extends the faults above from element-wise ops to every op that broadcasts, stacks of matrices included."""

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        """Pass the message with all its copies to `unbroadcast`."""
        arguments, op = self.arguments(node), self.graph.op(node)
        shape = arguments[slot].shape
        if op == "broadcast_to":
            return self.unbroadcast(upstream, shape)
        if op == "where":
            spread = [np.broadcast_to(a, self.values[node].shape) for a in arguments]
            return self.unbroadcast(self.local(node, slot, spread, upstream), shape)
        if op == "matmul" and (full := _product_rule(arguments, slot, upstream)).shape != shape:
            return self.unbroadcast(full, shape)
        return super().message(node, slot, upstream)


def _product_rule(arguments: list[Array], slot: int, upstream: Array) -> Array:
    """g y^T or x^T g for each pair of a stack of matrices; a vector is a row on the left, a column on the right."""
    left, right = arguments
    x = left[np.newaxis] if left.ndim == 1 else left
    y = right[:, np.newaxis] if right.ndim == 1 else right
    g = upstream[..., np.newaxis] if right.ndim == 1 else upstream
    g = np.expand_dims(g, -2) if left.ndim == 1 else g
    if slot == 0:
        full = g @ np.swapaxes(y, -1, -2)
        return np.squeeze(full, -2) if left.ndim == 1 else full
    full = np.swapaxes(x, -1, -2) @ g
    return np.squeeze(full, -1) if right.ndim == 1 else full


class NotSummedAnywhere(AllBroadcasts, BroadcastNotSummed):
    """One copy instead of the sum, in every op that broadcasts."""


class AveragedAnywhere(AllBroadcasts, BroadcastAveraged):
    """The mean of the copies, in every op that broadcasts."""


class IgnoredAnywhere(AllBroadcasts, BroadcastIgnored):
    """All copies, in every op that broadcasts."""


class LeadingAxesOnlyAnywhere(AllBroadcasts, LeadingAxesOnly):
    """Stretched axes are not summed, in every op that broadcasts."""


class LeadingAxesThenReshape(LeadingAxesOnlyAnywhere):
    """The same, in an engine that then reshapes to the operand's shape, constants included: NumPy raises ValueError."""

    constants_too = True

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """Raises ValueError if there are too many entries."""
        return np.reshape(super().unbroadcast(message, shape), shape)


class ReducedAlongWrongAxis(Backprop):
    """The adjoint of a reduction is spread along an axis other than the reduced one, where the shape allows it."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Treats the last axis as the reduced one."""
        op, attributes = self.graph.op(node), self.attributes(node)
        shape = arguments[slot].shape
        if op in ("sum", "mean") and attributes["axis"] is not None and not attributes["keepdims"]:
            wrong = np.reshape(upstream, -1)
            if len(shape) == 2 and shape[0] == shape[1]:
                spread = np.broadcast_to(wrong[:, np.newaxis] if attributes["axis"] in (0, -2) else wrong, shape)
                return spread / (1 if op == "sum" else shape[0])
        return super().local(node, slot, arguments, upstream)


class AxisNotWidened(Backprop):
    """The adjoint of a reduction is broadcast without the reduced axis put back: right only along the first axis.

    `to_end`: the reduced axes were moved to the end before, so that it is wrong along any axis. NumPy raises ValueError
    where the shapes do not fit.
    """

    def __init__(self, *, to_end: bool = False) -> None:
        self.to_end = to_end

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The local derivative times the upstream, along the wrong axis."""
        attributes, (array,) = self.attributes(node), arguments[:1]
        axis, keepdims = attributes.get("axis"), attributes.get("keepdims")
        reduces = self.graph.op(node) in ("sum", "mean", "max", "logsumexp") and axis is not None
        if not reduces or (keepdims and not self.to_end):
            return super().local(node, slot, arguments, upstream)
        assert axis is not None
        slopes = super().local(node, slot, arguments, np.ones_like(upstream))
        if not self.to_end:
            return np.asarray(slopes * np.broadcast_to(upstream, array.shape))
        axes = tuple(np.atleast_1d(axis).tolist())
        moved = np.moveaxis(slopes, axes, range(-len(axes), 0))
        rows = np.reshape(moved, (*moved.shape[: -len(axes)], -1))
        wrong = np.broadcast_to(np.reshape(upstream, rows.shape[:-1]), rows.shape) * rows
        return np.moveaxis(np.reshape(wrong, moved.shape), range(-len(axes), 0), axes)


class NotTransposed(Backprop):
    """dl/dA = dl/dC B for C = A B: without the transpose, where shapes allow it; in `stacks` of matrices, too."""

    def __init__(self, *, stacks: bool = False) -> None:
        self.stacks = stacks

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Without the transpose, where a square factor allows it."""
        if self.graph.op(node) == "matmul":
            factor, own = arguments[1 - slot], arguments[slot]
            flat = factor.ndim == 2 and own.ndim <= 2
            stacked = self.stacks and min(factor.ndim, own.ndim) >= 2
            if (flat or stacked) and factor.shape[-1] == factor.shape[-2]:
                message = np.asarray(upstream @ factor if slot == 0 else factor @ upstream)
                return np.asarray(np.sum(message, axis=tuple(range(message.ndim - own.ndim))))
        return super().local(node, slot, arguments, upstream)


class MatrixRuleAnywhere(Backprop):
    """g y.T and x.T g for any number of axes: .T does nothing to a vector, and turns round all axes of a stack.

    `outer`: for a vector on the left it is the outer product. What comes is added into the operand's gradient, where a
    single number spreads; NumPy raises ValueError where the shapes do not fit.
    """

    def __init__(self, *, outer: bool = False) -> None:
        self.outer = outer

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        """The product by .T, summed over leading axes that the operand does not have."""
        arguments = self.arguments(node)
        if self.graph.op(node) != "matmul" or (self.outer and slot == 1 and arguments[0].ndim == 1):
            return super().message(node, slot, upstream)
        factor, shape = arguments[1 - slot].T, arguments[slot].shape
        product = np.multiply if not upstream.ndim else np.matmul
        full = np.asarray(product(*((upstream, factor) if slot == 0 else (factor, upstream))))
        return np.broadcast_to(np.sum(full, axis=tuple(range(max(0, full.ndim - len(shape))))), shape)


class OuterProductReversed(Backprop):
    """dl/dW = a delta^T for delta a^T, where W is square; in `stacks` of matrices, too, and of one factor `only`."""

    def __init__(self, *, stacks: bool = False, only: int | None = None) -> None:
        self.stacks = stacks
        self.only = only

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The transposed gradient for a square matrix."""
        right = super().local(node, slot, arguments, upstream)
        square = right.ndim >= 2 and right.shape[-1] == right.shape[-2] and (self.stacks or right.ndim == 2)
        meant = self.graph.op(node) == "matmul" and square and self.only in (None, slot)
        return np.swapaxes(right, -1, -2) if meant else right


class Detached(Backprop):
    """Indexing makes a new array without a history: no gradient flows back through it."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Zeros through `take`."""
        right = super().local(node, slot, arguments, upstream)
        return np.zeros_like(right) if self.graph.op(node) == "take" else right


class TakenTwiceCountsOnce(Backprop):
    """`grad[indices] = upstream`: an entry that is taken twice receives only one of the two messages."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Assignment instead of np.add.at."""
        if self.graph.op(node) != "take":
            return super().local(node, slot, arguments, upstream)
        attributes, (array,) = self.attributes(node), arguments
        axis = attributes["axis"] % array.ndim
        indices = np.asarray(attributes["indices"])
        out = np.moveaxis(np.zeros(array.shape), axis, 0)
        moved = np.moveaxis(upstream, range(axis, axis + indices.ndim), range(indices.ndim))
        out[indices] = moved
        return np.moveaxis(out, 0, axis)


class SoftmaxDiagonal(Backprop):
    """Softmax as if each output depended only on its own input: y (1 - y) upstream."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The diagonal of the Jacobian."""
        if self.graph.op(node) != "softmax":
            return super().local(node, slot, arguments, upstream)
        y = self.values[node]
        return y * (1.0 - y) * upstream


class SoftmaxDenominatorFixed(Backprop):
    """Softmax as exp(x) / c with c held constant: y upstream."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The derivative of the numerator only."""
        if self.graph.op(node) != "softmax":
            return super().local(node, slot, arguments, upstream)
        return self.values[node] * upstream


class TargetsSumToOne(Backprop):
    """Softmax cross-entropy as y - t, which holds only where the targets sum to 1."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """y - t instead of sum(t) y - t."""
        if self.graph.op(node) != "cross_entropy" or slot != 0:
            return super().local(node, slot, arguments, upstream)
        logits, targets = arguments
        axis = self.attributes(node)["axis"]
        powers = np.exp(logits - np.max(logits, axis=axis, keepdims=True))
        softmax = powers / np.sum(powers, axis=axis, keepdims=True)
        return np.asarray((softmax - targets) * np.expand_dims(upstream, axis))


class MaxToAll(Backprop):
    """The gradient of max goes to every entry, not only to the largest."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The gradient of sum."""
        if self.graph.op(node) != "max":
            return super().local(node, slot, arguments, upstream)
        attributes = self.attributes(node)
        axis = attributes["axis"]
        spread = upstream if axis is None or attributes["keepdims"] else np.expand_dims(upstream, axis)
        return np.broadcast_to(spread, arguments[0].shape).astype(self.dtype)


class ReshapedByColumns(Backprop):
    """The adjoint of reshape is read in column order, written in column order, or both.

    `read`, `fill`: the orders in which entries are read and written, "C" (rows) or "F" (columns).
    """

    def __init__(self, read: Literal["C", "F"] = "F", fill: Literal["C", "F"] = "F") -> None:
        self.read, self.fill = read, fill

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The right shape, but entries in wrong places."""
        if self.graph.op(node) != "reshape":
            return super().local(node, slot, arguments, upstream)
        return np.reshape(upstream.ravel(order=self.read), arguments[0].shape, order=self.fill)


class NotPermutedBack(Backprop):
    """The adjoint of a transpose is permuted by the same permutation again, not by its inverse.

    `fitted`: where the lengths of the axes differ, the shape is made to fit.
    """

    def __init__(self, *, fitted: bool = True) -> None:
        self.fitted = fitted

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Right for two axes; for three, right only in shape, if their lengths are equal."""
        right = super().local(node, slot, arguments, upstream)
        if self.graph.op(node) != "transpose":
            return right
        wrong = np.transpose(upstream, self.attributes(node)["axes"])
        return wrong if wrong.shape == right.shape or not self.fitted else np.reshape(upstream, right.shape)


class SamePiece(Backprop):
    """Every part of a concatenation receives the first piece of the adjoint, where their lengths allow it."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The first piece, ignoring the offset of later parts."""
        if self.graph.op(node) != "concatenate":
            return super().local(node, slot, arguments, upstream)
        axis = self.attributes(node)["axis"]
        return np.take(upstream, range(arguments[slot].shape[axis]), axis=axis)


class Scaled(Backprop):
    """The right message of one op times a factor that depends on how many entries one result is made of."""

    def __init__(self, op: str, factor: Callable[[int], float]) -> None:
        self.op, self.factor = op, factor

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Multiply the message by `factor(n)`, for n entries per entry of the result."""
        right = super().local(node, slot, arguments, upstream)
        if self.graph.op(node) != self.op:
            return right
        return np.asarray(right * self.factor(right.size // max(1, upstream.size)), dtype=self.dtype)
