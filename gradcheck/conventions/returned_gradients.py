"""Which of the gradients that a backward pass returns belongs to which input."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_MOST_ORDERS = 5
"""Maximum number of gradients whose order is looked for by their shapes."""

_OF_INPUT = (
    r"(d[a-z]{{0,4}}_?|d?[a-z]{{0,4}}_?d_?|grads?_?|gradient_?|nabla_?|delta_?){0}|"
    r"{0}_?(grads?|gradient|prime|deriv\w*)"
)
"""How a gradient is named after its input."""


@dataclass(frozen=True)
class Places:
    """Where the gradient of each input stands in what is returned.

    Attributes
    ----------
    of: by the name of the input, a position in a tuple, a key of a dictionary, or None for what is returned itself.
    fit: whether every gradient has its input's shape.
    note: how they were told apart, where it was not by their order.
    """

    of: Mapping[str, Any]
    fit: bool
    note: str = ""

    def read(self, returned: Any) -> tuple[Any, ...]:
        """The gradients, in the order of the inputs."""
        return tuple(returned if place is None else returned[place] for place in self.of.values())


class Unfolded(tuple[Any, ...]):
    """What a backward pass returns, its dictionaries unfolded; `names` has their keys, "" for what was in none."""

    names: tuple[str, ...] = ()


def unfolded(returned: Any) -> Any:
    """A tuple with the gradients in dictionaries beside the others; anything else as it is."""
    if not isinstance(returned, tuple | list) or not any(isinstance(part, Mapping) for part in returned):
        return returned
    rows = [row for part in returned for row in (part.items() if isinstance(part, Mapping) else [("", part)])]
    found = Unfolded(part for _, part in rows)
    found.names = tuple(str(name) for name, _ in rows)
    return found


def names_gradient(said: str, of: str) -> bool:
    """Whether a gradient is named after an input or a parameter: dW1, W1_grad, or W1 itself for W1."""
    return said == of or re.fullmatch(_OF_INPUT.format(re.escape(of.lower())), said.lower()) is not None


def places(
    returned: Any, inputs: Mapping[str, Any], arguments: Sequence[str], said: Sequence[str] = ()
) -> Places | str:
    """Where the gradients of `inputs` stand in `returned`, or why that cannot be told.

    Parameters
    ----------
    inputs: the differentiable ones, in order.
    arguments: all arguments of the forward function; a tuple may hold something for each of them.
    said: the names under which the function itself returns them; () where it gives none.
    """
    if isinstance(returned, Mapping):
        return _by_keys(returned, inputs)
    if not isinstance(returned, tuple | list):
        return _single(returned, inputs)
    names = list(inputs)
    if (told := _by_names(returned, inputs, said)) is not None:
        return told
    if len(returned) == len(names) == 1:
        return _of({names[0]: 0}, returned, inputs)
    if len(returned) == len(names):
        return _in_order(returned, inputs)
    if len(returned) == len(arguments):
        return _of({name: list(arguments).index(name) for name in names}, returned, inputs)
    if len(returned) < len(names):
        return _some(returned, inputs)
    return f"it returns {len(returned)} things for {len(names)} inputs ({', '.join(names)})"


def _by_names(returned: Sequence[Any], inputs: Mapping[str, Any], said: Sequence[str]) -> Places | None:
    """By `dj_dw` and `dj_db`, if every name ends or begins with another input's, and the shapes agree."""
    if len(said) != len(returned) or not said:
        return None
    found: dict[str, int] = {}
    for k, name in enumerate(said):
        mine = [n for n in inputs if name != n and names_gradient(name, n)]
        if len(mine) != 1 or mine[0] in found:
            return None
        found[mine[0]] = k
    ordered = {name: found[name] for name in inputs if name in found}
    where = _of(ordered, returned, inputs)
    plain = list(ordered.values()) == sorted(ordered.values())
    note = "" if plain else f"gradients come in the order {', '.join(found)}, as their names say"
    return Places(where.of, True, note) if where.fit else None


def _by_keys(returned: Mapping[Any, Any], inputs: Mapping[str, Any]) -> Places | str:
    found = {}
    for name in inputs:
        spellings = [f"d{name}", f"d_{name}", f"grad_{name}", f"{name}_grad", name, f"d{name.lower()}"]
        key = next((s for s in spellings if s in returned), None)
        if key is not None:
            found[name] = key
    if not found:
        return f"none of its keys {', '.join(map(str, list(returned)[:6]))} is named after an input"
    return _of(found, returned, inputs)


def _single(returned: Any, inputs: Mapping[str, Any]) -> Places | str:
    """One array: the gradient of the first input of its shape, else of the first."""
    if returned is None:
        return "it returns None"
    names = list(inputs)
    mine = next((name for name in names if np.shape(inputs[name]) == np.shape(returned)), names[0])
    return _of({mine: None}, returned, inputs)


def _in_order(returned: Sequence[Any], inputs: Mapping[str, Any]) -> Places:
    names = list(inputs)
    plain = _of({name: k for k, name in enumerate(names)}, returned, inputs)
    if plain.fit or len(names) > _MOST_ORDERS:
        return plain
    orders = [order for order in itertools.permutations(range(len(names))) if _fits(returned, order, inputs)]
    if len(orders) != 1:
        return plain
    by_name = dict(zip(names, orders[0], strict=True))
    order = ", ".join(sorted(names, key=lambda name: by_name[name]))
    return Places(by_name, True, f"gradients come in the order {order}, as their shapes tell")


def _some(returned: Sequence[Any], inputs: Mapping[str, Any]) -> Places | str:
    """Fewer gradients than inputs: those of the inputs whose shapes they have, in order if that fits."""
    found: dict[str, int] = {}
    for k, part in enumerate(returned):
        mine = next((n for n in inputs if n not in found and np.shape(inputs[n]) == np.shape(part)), None)
        if mine is None:
            return f"it returns {len(returned)} gradients for {len(inputs)} inputs, and one has no input's shape"
        found[mine] = k
    return _of(found, returned, inputs)


def _of(found: Mapping[str, Any], returned: Any, inputs: Mapping[str, Any]) -> Places:
    def part(place: Any) -> Any:
        return returned if place is None else returned[place]

    return Places(found, all(np.shape(part(place)) == np.shape(inputs[name]) for name, place in found.items()))


def _fits(returned: Sequence[Any], order: Sequence[int], inputs: Mapping[str, Any]) -> bool:
    return all(np.shape(returned[k]) == np.shape(inputs[name]) for name, k in zip(inputs, order, strict=True))
