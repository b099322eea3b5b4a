"""A loss and its gradients, returned at once: which part is the loss, and which is the gradient of what.

Told by what is a number and what has the shape of an input; where shapes leave a choice, by the names in the function's
own `return`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.conventions.layer_functions import is_real
from gradcheck.conventions.returned_gradients import Places, places
from gradcheck.conventions.source_trees import is_gradient


@dataclass(frozen=True)
class LossParts:
    """Where the loss and the gradients stand in what a function returns.

    Attributes
    ----------
    value: position of the loss.
    gradients: position of what holds the gradients, or positions of them one by one.
    where: where the gradient of each input stands in these.
    joined: whether these are pieces of the gradient of one flat vector, one after the other.
    order: in which order a piece is laid out in that vector, "C" or "F".
    """

    value: int
    gradients: int | tuple[int, ...]
    where: Places
    joined: bool = False
    order: str = "C"

    def read(self, returned: Sequence[Any]) -> tuple[Any, Any]:
        """The loss, and its gradients in the order of the inputs; an only one stands for itself."""
        value = returned[self.value]
        if isinstance(self.gradients, int):
            found = self.where.read(returned[self.gradients])
        elif self.joined:
            pieces = [np.ravel(returned[k], order="F" if self.order == "F" else "C") for k in self.gradients]
            return value, np.concatenate(pieces)
        else:
            found = self.where.read(tuple(returned[k] for k in self.gradients))
        return value, found[0] if len(self.where.of) == 1 else found


def loss_parts(
    returned: Any, said: Sequence[str], inputs: Mapping[str, Any], arguments: Sequence[str], order: str = "C"
) -> LossParts | str:
    """Which part of `returned` is what, or why that cannot be told.

    Parameters
    ----------
    said: the names in the function's `return`; () where there are none.
    inputs: the arguments that can be differentiated, in order.
    order: in which order the file flattens matrices.
    """
    if not isinstance(returned, tuple | list) or len(returned) < 2:
        return "it returns no loss with a gradient"
    count = len(returned)
    value = next((k for k in (0, count - 1) if np.size(returned[k]) == 1 and is_real(returned[k])), None)
    if value is None:
        return "it returns no loss that is one finite number"
    said = said if len(said) == count else ("",) * count
    rest = [k for k in range(count) if k != value]
    named = [k for k in rest if is_gradient(said[k])]
    rest = named or rest
    if len(rest) == 1:
        held = returned[rest[0]]
        if not _gradients(held):
            return "what it returns beside the loss is no gradient"
        where = places(held, inputs, arguments)
        return where if isinstance(where, str) else LossParts(value, rest[0], where)
    parts = tuple(returned[k] for k in rest)
    if not _gradients(parts):
        return "what it returns beside the loss is no gradient"
    pieces = sum(int(np.size(part)) for part in parts)
    for name, given in inputs.items():
        if np.ndim(given) == 1 and np.size(given) == pieces and len(inputs) <= len(parts) - 1:
            return LossParts(value, tuple(rest), Places({name: None}, True), joined=True, order=order)
    where = places(parts, inputs, arguments, [said[k] for k in rest])
    return where if isinstance(where, str) else LossParts(value, tuple(rest), where)


def _gradients(held: Any) -> bool:
    parts: Sequence[Any] = (held,)
    if isinstance(held, Mapping):
        parts = list(held.values())
    elif isinstance(held, tuple | list):
        parts = held
    return bool(parts) and all(isinstance(p, np.ndarray | np.floating) and is_real(p) for p in parts)
