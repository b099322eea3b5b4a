"""Where an object keeps its parameters, and a copy of it that has others there."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

STORES = ("params", "parameters", "weights", "theta", "model", "p", "W")
"""Names of the attribute that holds a dict of parameters."""
_LISTS = re.compile(r"[WwBb]s?|.*(weight|bias).*|thetas?|params|parameters", re.I)
"""Names of attributes that are lists of parameters, one for each layer."""
_STATE = re.compile(r"v|m|s|h|vel|velocity|mom|momentum|cache|prev|previous|last|old|delta|change|rms|adam|acc", re.I)
"""What is put before or behind a parameter's name for what an optimiser keeps of it."""
LIKE_A_PARAMETER = re.compile(r"[WwbB]_?\d*|.*(weight|bias).*|gamma\d*|beta\d*")
"""Names of attributes that are parameters, whether a gradient of theirs is found or not."""


@dataclass(frozen=True)
class Weights:
    """The parameters of one object.

    Attributes
    ----------
    owner: the object.
    store: the attribute with a dict of them; "" where they are attributes themselves.
    values: the arrays (or numbers) by name.
    places: attribute and position of those that stand in lists, by name ("weights[0]").
    """

    owner: Any
    store: str
    values: Mapping[str, Any]
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each."""
        return {name: np.shape(value) for name, value in self.values.items()}

    def copied(self, others: Mapping[str, Any]) -> Any:
        """A deep copy of the owner in which every reference to a parameter leads to the other of its name.

        Layers that were handed the same arrays get the same others.
        """
        memo = {id(value): others[name] for name, value in self.values.items() if isinstance(value, np.ndarray)}
        made = copy.deepcopy(self.owner, memo)
        holder = getattr(made, self.store) if self.store else vars(made)
        holder.update({name: others[name] for name in self.values if name not in self.places})
        return made

    def held_by(self, owner: Any) -> dict[str, Any]:
        """The parameters that another object of the kind holds now."""
        holder = getattr(owner, self.store) if self.store else vars(owner)
        return {name: self.of(holder, name, self.stem(name)) for name in self.values}

    def of(self, holder: Mapping[str, Any], name: str, spelling: str) -> Any:
        """What `holder` has under a spelling of this parameter's name, in a list where the parameter is in one."""
        return holder[spelling] if name not in self.places else holder[spelling][self.places[name][1]]

    def stem(self, name: str) -> str:
        """The name of the attribute or key that holds this parameter."""
        return self.places[name][0] if name in self.places else name


def in_a_dict(owner: Any) -> Weights | None:
    """Parameters in a dict that is an attribute of the object."""
    for store in STORES:
        held = getattr(owner, store, None)
        if isinstance(held, dict):
            arrays = {name: value for name, value in held.items() if _is_parameter(name, value)}
            if arrays:
                return Weights(owner, store, arrays)
    return None


def in_attributes(owner: Any) -> Weights | None:
    """Parameters that are attributes of the object: arrays of floats, and numbers called like an offset."""
    held = {
        name: value
        for name, value in getattr(owner, "__dict__", {}).items()
        if (isinstance(value, np.ndarray) and value.dtype.kind == "f" and not is_gradient_name(name))
        or (name in ("b", "bias", "intercept") and isinstance(value, int | float) and not isinstance(value, bool))
    }
    held = {name: value for name, value in held.items() if not _is_of_another(name, held)}
    return Weights(owner, "", held) if held else None


def _is_of_another(name: str, held: Mapping[str, Any]) -> bool:
    """Whether an array is an optimiser's, kept for a parameter of its shape: vW1 and W1_cache for W1."""
    return any(
        np.shape(value) == np.shape(held[name])
        and (
            (name.endswith(other) and _STATE.fullmatch(name.removesuffix(other).rstrip("_")))
            or (name.startswith(other) and _STATE.fullmatch(name.removeprefix(other).lstrip("_")))
        )
        for other, value in held.items()
        if other != name
    )


def in_lists(owner: Any) -> Weights | None:
    """Parameters in lists that are attributes of the object, an array for each layer."""
    values, places = {}, {}
    for attribute, held in getattr(owner, "__dict__", {}).items():
        if isinstance(held, list) and _LISTS.fullmatch(attribute) and not is_gradient_name(attribute):
            for k, value in enumerate(held):
                if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                    values[f"{attribute}[{k}]"], places[f"{attribute}[{k}]"] = value, (attribute, k)
    return Weights(owner, "", values, places) if values else None


def is_gradient_name(name: str) -> bool:
    """Whether a name says that it holds a gradient: dW1, d_b, grad_W, W_grad, delta_w."""
    low = name.lower()
    return "grad" in low or low.startswith(("delta", "nabla")) or (name[0] == "d" and len(name) > 1)


def spellings(name: str) -> Iterator[str]:
    """How the gradient of a parameter may be called, the usual names first."""
    yield from (
        name,
        f"d{name}",
        f"grad_{name}",
        f"{name}_grad",
        f"d_{name}",
        f"grad{name}",
        f"dLd{name}",
        f"dL_d{name}",
    )
    yield from (f"nabla_{name}", f"delta_{name}", f"{name}_gradient", f"dJd{name}", f"dJ_d{name}")


def _is_parameter(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, np.ndarray) and value.dtype.kind == "f"
