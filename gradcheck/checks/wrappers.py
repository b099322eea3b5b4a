"""Parameters that live in an object, as an input of a check."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.errors import InvalidProblem, shown


@dataclass(frozen=True)
class Attributes:
    """An object whose attributes are differentiated: f and the derivative get a copy of it with other values there."""

    owner: Any
    names: tuple[str, ...]

    @property
    def values(self) -> tuple[Any, ...]:
        """The attributes, in order."""
        return tuple(getattr(self.owner, name) for name in self.names)

    def like(self, values: Sequence[Any]) -> Any:
        """A shallow copy of the object with other values."""
        other = copy.copy(self.owner)
        own = vars(other).get("_parameters") if hasattr(other, "__dict__") else None
        if isinstance(own, dict):  # a torch.nn.Module keeps its parameters in a dict, which the copy would share
            vars(other)["_parameters"] = dict(own)
        for name, value in zip(self.names, values, strict=True):
            setattr(other, name, value)
        return other


def wrt_attributes(owner: Any, *names: str) -> Attributes:
    """An input of a check: an object, whose attributes of these names are differentiated.

    f(owner, ...) and the derivative get a shallow copy of the object. The derivative returns a dict of a gradient per
    name, or a tuple in their order.

        check_gradient(loss, gradients, wrt_attributes(model, "W", "b"), X, y)

    Raises InvalidProblem for a name that the object does not have, and for none at all.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(w=np.array([1.0, -2.0]), rate=0.1)
    >>> loss, gradient = lambda m: np.sum(m.w**2), lambda m: {"w": 2 * m.w}
    >>> gradcheck.check_gradient(loss, gradient, gradcheck.wrt_attributes(model, "w")).verdict.value
    'PASS'
    """
    if not names:
        raise InvalidProblem("expected the names of the attributes to differentiate by, got none")
    for name in names:
        if not isinstance(name, str) or not hasattr(owner, name):
            raise InvalidProblem(
                f"expected attributes of {type(owner).__name__}, got {shown(name)}, which it does not have"
            )
    return Attributes(owner, names)
