"""Faults of arrays: broadcasting not undone, wrong axes, transposes, indexing, softmax."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.faults.engine import Backprop
from gradcheck.problem.ops import Array, Shape


class BroadcastNotSummed(Backprop):
    """One copy's gradient for the sum over all copies."""

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """Right in shape: the first copy along each added or stretched axis."""
        while message.ndim > len(shape):
            message = message[0]
        for axis, length in enumerate(shape):
            if length == 1:
                message = np.take(message, [0], axis=axis)
        return message


class BroadcastAveraged(Backprop):
    """The mean over the copies for their sum."""

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """Divided by the number of copies."""
        copies = message.size / max(1, int(np.prod(shape, dtype=np.int64)))
        return super().unbroadcast(message, shape) / copies


class BroadcastIgnored(Backprop):
    """The message keeps the result's shape; so does the gradient of a bias."""

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """As it is."""
        return message


class LeadingAxesOnly(Backprop):
    """Axes that broadcasting added are summed, axes of length 1 that it stretched are not."""

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """A (2, 1) array stretched to (2, 3) gets a gradient of shape (2, 3)."""
        return np.asarray(np.sum(message, axis=tuple(range(message.ndim - len(shape)))))


class ReducedAlongWrongAxis(Backprop):
    """The adjoint of a reduction is spread along another axis than the one reduced, where the shape allows it."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """As if the last axis had been reduced."""
        op, attributes = self.graph.op(node), self.attributes(node)
        shape = arguments[slot].shape
        if op in ("sum", "mean") and attributes["axis"] is not None and not attributes["keepdims"]:
            wrong = np.reshape(upstream, -1)
            if len(shape) == 2 and shape[0] == shape[1]:
                spread = np.broadcast_to(wrong[:, np.newaxis] if attributes["axis"] in (0, -2) else wrong, shape)
                return spread / (1 if op == "sum" else shape[0])
        return super().local(node, slot, arguments, upstream)


class NotTransposed(Backprop):
    """dl/dA = dl/dC B for C = A B: without the transpose, where the shapes let it pass."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Square matrices let it pass, and so does a matrix times a vector."""
        if self.graph.op(node) == "matmul":
            left, right = arguments
            if left.ndim == right.ndim == 2 and len({*left.shape, *right.shape}) == 1:
                return np.asarray(upstream @ right if slot == 0 else left @ upstream)
            if left.ndim == 2 and right.ndim == 1 and slot == 1 and left.shape[0] == left.shape[1]:
                return np.asarray(left @ upstream)
            if left.ndim == 1 and right.ndim == 2 and slot == 0 and right.shape[0] == right.shape[1]:
                return np.asarray(upstream @ right)
        return super().local(node, slot, arguments, upstream)


class OuterProductReversed(Backprop):
    """dl/dW = a delta^T for delta a^T, where W is square."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The gradient of a square matrix comes out transposed."""
        right = super().local(node, slot, arguments, upstream)
        square = right.ndim == 2 and right.shape[0] == right.shape[1]
        return right.T if self.graph.op(node) == "matmul" and square else right


class Detached(Backprop):
    """Indexing makes a new array without a history: nothing flows back through it."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Zeros through `take`."""
        right = super().local(node, slot, arguments, upstream)
        return np.zeros_like(right) if self.graph.op(node) == "take" else right


class TakenTwiceCountsOnce(Backprop):
    """`grad[indices] = upstream`: an entry that is taken twice receives one of the two."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Assignment, where np.add.at belongs."""
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
    """Softmax as if each output depended on its own input alone: y (1 - y) upstream."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The Jacobian's diagonal."""
        if self.graph.op(node) != "softmax":
            return super().local(node, slot, arguments, upstream)
        y = self.values[node]
        return y * (1.0 - y) * upstream


class SoftmaxDenominatorFixed(Backprop):
    """Softmax as exp(x) / c with c held constant: y upstream."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The numerator's derivative."""
        if self.graph.op(node) != "softmax":
            return super().local(node, slot, arguments, upstream)
        return self.values[node] * upstream


class TargetsSumToOne(Backprop):
    """Softmax cross-entropy as y - t, which holds only where the targets sum to 1."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """y - t for sum(t) y - t."""
        if self.graph.op(node) != "cross_entropy" or slot != 0:
            return super().local(node, slot, arguments, upstream)
        logits, targets = arguments
        axis = self.attributes(node)["axis"]
        powers = np.exp(logits - np.max(logits, axis=axis, keepdims=True))
        softmax = powers / np.sum(powers, axis=axis, keepdims=True)
        return np.asarray((softmax - targets) * np.expand_dims(upstream, axis))


class MaxToAll(Backprop):
    """The gradient of max goes to every entry, not to the largest alone."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """As if max were sum."""
        if self.graph.op(node) != "max":
            return super().local(node, slot, arguments, upstream)
        attributes = self.attributes(node)
        axis = attributes["axis"]
        spread = upstream if axis is None or attributes["keepdims"] else np.expand_dims(upstream, axis)
        return np.broadcast_to(spread, arguments[0].shape).astype(self.dtype)


class ReshapedByColumns(Backprop):
    """The adjoint of reshape is read in column order."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Right in shape, entries in other places."""
        if self.graph.op(node) != "reshape":
            return super().local(node, slot, arguments, upstream)
        return np.reshape(upstream, arguments[0].shape, order="F")


class NotPermutedBack(Backprop):
    """The adjoint of a transpose is permuted once more the same way, not back."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """Right for two axes; for three, right in shape where their lengths are equal."""
        right = super().local(node, slot, arguments, upstream)
        if self.graph.op(node) != "transpose":
            return right
        wrong = np.transpose(upstream, self.attributes(node)["axes"])
        return wrong if wrong.shape == right.shape else np.reshape(upstream, right.shape)


class SamePiece(Backprop):
    """Every part of a concatenation receives the first piece of the adjoint, where their lengths allow it."""

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The offset of the later parts is forgotten."""
        if self.graph.op(node) != "concatenate":
            return super().local(node, slot, arguments, upstream)
        axis = self.attributes(node)["axis"]
        return np.take(upstream, range(arguments[slot].shape[axis]), axis=axis)


class Scaled(Backprop):
    """The right message of one op times a factor that depends on how many entries one result is made of."""

    def __init__(self, op: str, factor: Callable[[int], float]) -> None:
        self.op, self.factor = op, factor

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """n entries per result entry."""
        right = super().local(node, slot, arguments, upstream)
        if self.graph.op(node) != self.op:
            return right
        return np.asarray(right * self.factor(right.size // max(1, upstream.size)), dtype=self.dtype)
