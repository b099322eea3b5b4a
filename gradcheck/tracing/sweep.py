"""The reverse and the forward sweep over a record, in any number system."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradcheck.numbers.arithmetic import Arithmetic
from gradcheck.numbers.dual import Dual, Duals
from gradcheck.tracing.primitives import PRIMITIVES
from gradcheck.tracing.record import Record


def reverse(
    numbers: Arithmetic,
    record: Record,
    values: Sequence[Any],
    seeds: Mapping[int, Any],
    *,
    masked: bool = False,
    constants: bool = False,
    visit: Callable[[int, int, Any, Any | None], None] | None = None,
) -> list[Any | None]:
    """Adjoints of all nodes, by one pass from the last node to the first.

    Parameters
    ----------
    values: the values of all nodes in `numbers`.
    seeds: slot of an output -> its cotangent, an array of `numbers` with the node's shape.
    masked: keep out contributions to entries that no output depends on. It costs more, and matters only where a
        branch that was not selected has a derivative that is not finite (0 * NaN is NaN).
    constants: return adjoints of structurally constant nodes, too.
    visit: called with (slot, argument, contribution, sum) for every contribution that the node at `slot` sends to its
        argument; the sum of all so far is None for the first.

    Returns
    -------
    One array of the node's shape per node; None where no seed reaches, or the node is structurally constant (unless
    those are asked for).
    """
    adjoints: list[Any | None] = [None] * len(record.nodes)
    for slot, seed in seeds.items():
        adjoints[slot] = seed
    masks = record.influences(tuple(seeds)) if masked else None
    for slot in range(len(record.nodes) - 1, -1, -1):
        node, adjoint = record.nodes[slot], adjoints[slot]
        if adjoint is None or not node.args or not (node.varies or constants):
            continue
        primitive = PRIMITIVES[node.primitive]
        inputs = [values[argument] for argument in node.args]
        needed = [constants or record.nodes[argument].varies for argument in node.args]
        numbers.enter(node.dtype)
        contributions = primitive.vjp(numbers, adjoint, inputs, values[slot], node.attributes, needed)
        for argument, contribution, wanted in zip(node.args, contributions, needed, strict=True):
            if not wanted:
                continue
            if primitive.elementwise:
                if masks is not None and (mask := masks[slot]) is not None:
                    contribution = numbers.keep(contribution, mask)
                contribution = numbers.sum_to(contribution, record.nodes[argument].shape)
            before = adjoints[argument]
            total = contribution if before is None else numbers.add(before, contribution)
            adjoints[argument] = total
            if visit is not None:
                visit(slot, argument, contribution, None if before is None else total)
    return adjoints


def forward(numbers: Arithmetic, record: Record, inputs: Sequence[Any], tangents: Sequence[Any | None]) -> list[Dual]:
    """Values and tangents of all nodes, by one pass from the first node to the last.

    `inputs` and `tangents` are arrays of `numbers`, one per recorded input; None is a tangent of zeros.
    """
    pairs = [Dual(value, tangent) for value, tangent in zip(inputs, tangents, strict=True)]
    values: list[Dual] = record.forward(Duals(numbers), pairs)
    return values
