"""Arrays of PyTorch and JAX reach f and the derivative as such, and what these return is read as NumPy arrays.

Neither package is imported here: who holds such an array has imported it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem

_CLASSES = (("torch", "Tensor"), ("jax", "Array"))


@dataclass(frozen=True)
class ForeignArray:
    """An array of another package than NumPy.

    Attributes
    ----------
    given: the array itself.
    package: "torch" or "jax".
    own_dtype: f runs in the dtype of `given` alone, as a float32 tensor beside float32 weights does.
    """

    given: Any
    package: str
    own_dtype: bool = False

    def numbers(self) -> np.ndarray[Any, Any]:
        """The numbers as a NumPy array, which may share the memory.

        Raises InvalidProblem for numbers that NumPy does not have (bfloat16).
        """
        try:
            if self.package == "torch":
                return np.asarray(self.given.detach().cpu().resolve_conj().resolve_neg().numpy())
            return np.asarray(self.given)
        except (TypeError, RuntimeError) as refusal:
            kind = f"{self.package} array of {self.given.dtype}"
            raise InvalidProblem(f"expected an array that NumPy can read, got a {kind}: {refusal}") from refusal

    def like(self, part: Any) -> Any:
        """Other numbers as an array of this kind, device and demand for gradients; what is no plain array as it is.

        A tensor shares the memory of a writable array, so that a function that changes its input is seen to do so.
        """
        if not isinstance(part, np.ndarray | np.generic | bool | int | float | complex):
            return part  # traced: functions that use methods and operators alone run on it
        array = np.asarray(part)
        if array.dtype == object:
            return part
        if self.own_dtype and array.dtype.kind in "fc":
            array = array.astype(self.numbers().dtype)
        if self.package == "torch":
            return self._tensor(array if array.flags.writeable else array.copy())
        return sys.modules["jax"].numpy.asarray(array)

    def _tensor(self, array: np.ndarray[Any, Any]) -> Any:
        torch = sys.modules["torch"]
        tensor = torch.as_tensor(array, device=self.given.device)
        if isinstance(self.given, torch.nn.Parameter):
            return torch.nn.Parameter(tensor, self.given.requires_grad)
        return tensor.requires_grad_() if self.given.requires_grad and array.dtype.kind in "fc" else tensor


def foreign(value: Any) -> ForeignArray | None:
    """The array of another package that a value is; None for anything else."""
    if isinstance(value, ForeignArray):
        return value
    for package, name in _CLASSES:
        kind = getattr(sys.modules.get(package), name, None)
        if kind is not None and isinstance(value, kind):
            return ForeignArray(value, package)
    return None


def as_numbers(value: Any) -> Any:
    """A NumPy array in place of one of another package, also within a tuple or a list; any other value as it is."""
    if isinstance(value, tuple | list) and any(foreign(part) is not None for part in value):
        return tuple(as_numbers(part) for part in value)
    own = foreign(value)
    return value if own is None else own.numbers()
