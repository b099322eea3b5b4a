"""x[idx] and x[idx] = value on traced arrays, put on `Traced`: NumPy indexes an array of positions."""

from typing import Any

import numpy as np

from gradcheck.tracing.lifting import lift
from gradcheck.tracing.trace import positions
from gradcheck.tracing.traced import Traced, view_or_copy


def _pick(self: Traced, key: Any) -> Any:
    local = positions(self.shape)
    return view_or_copy(self, local, local[key])


def _assign(self: Traced, key: Any, value: Any) -> None:
    if self.scalar:
        raise TypeError("a NumPy scalar does not support item assignment")
    target = np.asarray(positions(self.shape)[key])
    source = lift(self.run, value)
    slot = source.slot
    shape = source.shape
    while len(shape) > target.ndim and shape[0] == 1:  # NumPy drops leading axes of length 1 here
        shape = shape[1:]
    entries = np.broadcast_to(positions(shape), target.shape)
    storage, memory = self.storage(), self.memory()
    storage.write(memory.ravel()[target.ravel()], slot, entries.ravel())


setattr(Traced, "__getitem__", _pick)  # noqa: B010 (mypy does not let a method be assigned)
setattr(Traced, "__setitem__", _assign)  # noqa: B010
