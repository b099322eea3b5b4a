"""How an op that is written as a class is called forward and backward, in the manner of its framework.

Each manner gives a `Call` for operands: the values and shapes that come out of it tell whether it was meant so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import plain
from gradcheck.conventions.offer import Contents
from gradcheck.conventions.value_class import ValueClass


@dataclass(frozen=True)
class Call:
    """One manner of calling an op.

    Attributes
    ----------
    forward: `forward(*operands)` gives its value, and what the backward needs.
    backward: `backward(kept, cotangent)` gives one gradient per operand, in a tuple.
    manner: what it is, in words.
    """

    forward: Callable[..., tuple[Any, Any]]
    backward: Callable[[Any, Any], tuple[Any, ...]]
    manner: str


@dataclass
class StandInContext:
    """A context with the names by which minitorch and PyTorch keep values; `single` unpacks one value alone."""

    single: bool = False
    no_grad: bool = False
    kept: tuple[Any, ...] = ()
    needs_input_grad: tuple[bool, ...] = field(default_factory=lambda: (True,) * 8)

    def save_for_backward(self, *values: Any) -> None:
        """Keep values for the backward."""
        self.kept = values

    @property
    def saved_values(self) -> Any:
        """What was kept."""
        return self.kept[0] if self.single and len(self.kept) == 1 else self.kept

    saved_tensors = saved_values


def with_context(kind: Any, contents: Contents) -> Iterator[Call]:
    """Static `forward(ctx, *operands)` and `backward(ctx, cotangent)`."""
    own = [k for n, k in contents.own_classes.items() if hasattr(k, "save_for_backward") and k is not kind]
    makers: list[Callable[[], Any]] = [*own, StandInContext, lambda: StandInContext(single=True)]
    for maker in makers:

        def forward(*operands: Any, maker: Callable[[], Any] = maker) -> tuple[Any, Any]:
            ctx = maker()
            return kind.forward(ctx, *operands), ctx

        yield Call(forward, lambda ctx, c: several(kind.backward(ctx, c)), "forward(ctx, ...) and backward(ctx, d)")


def with_node(make: Callable[[], Any], uses: ValueClass | None) -> Iterator[Call]:
    """`compute(*arrays)` and `gradient(out_grad, node)`, on the file's own nodes or on a stand-in with `inputs`."""
    if uses is not None:
        known = uses

        def pulled(kept: Any, cotangent: Any) -> tuple[Any, ...]:
            op, node = kept
            return values_of(several(op.gradient(known.make(np.array(cotangent)), node)))

        yield Call(_on_nodes(make, known), pulled, "compute(...) and gradient(out_grad, node)")

    def forward(*operands: Any) -> tuple[Any, Any]:
        op = make()
        return op.compute(*operands), (op, SimpleNamespace(inputs=list(operands), op=op))

    def backward(kept: Any, cotangent: Any) -> tuple[Any, ...]:
        return several(kept[0].gradient(cotangent, kept[1]))

    yield Call(forward, backward, "compute(...) and gradient(out_grad, node)")


def with_call(make: Callable[[], Any], uses: ValueClass) -> Iterator[Call]:
    """A function object that is called with nodes, and then `backward(gy)` with an array or a node."""

    forward = _on_nodes(make, uses)

    def with_array(kept: Any, cotangent: Any) -> tuple[Any, ...]:
        return values_of(several(kept[0].backward(cotangent)))

    def with_a_node(kept: Any, cotangent: Any) -> tuple[Any, ...]:
        return values_of(several(kept[0].backward(uses.make(np.array(cotangent)))))

    yield Call(forward, with_array, "forward(x) and backward(gy)")
    yield Call(forward, with_a_node, "forward(x) and backward(gy)")


def _on_nodes(make: Callable[[], Any], uses: ValueClass) -> Callable[..., tuple[Any, Any]]:
    """`forward(*operands)` by a new function object, called with the file's own nodes."""

    def forward(*operands: Any) -> tuple[Any, Any]:
        op = make()
        node = op(*(uses.make(np.array(operand)) for operand in operands))
        return uses.value(node), (op, node)

    return forward


def several(answer: Any) -> tuple[Any, ...]:
    """One gradient per operand."""
    return tuple(answer) if isinstance(answer, tuple | list) else (answer,)


def values_of(answers: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays in nodes."""
    return tuple(None if answer is None else plain(answer) for answer in answers)


def arguments_of(given: Mapping[str, Any]) -> str:
    """Arguments of a constructor as they are written."""
    return ", ".join(f"{name}={value}" for name, value in given.items())
