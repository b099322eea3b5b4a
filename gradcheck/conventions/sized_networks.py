"""Example inputs of a network that is handed its parameters in one flat vector, and the sizes of its layers.

`nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_)`: the sizes are chosen, all
different, and the vector gets the least length at which the function runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example, setting
from gradcheck.conventions.example_shapes import role
from gradcheck.conventions.example_values import numbers
from gradcheck.conventions.name_words import words

_SAMPLES = 7
_LONGEST = 100
"""Maximum length of a parameter vector that is tried."""
_SIZES: Mapping[str, tuple[int, tuple[str, ...]]] = MappingProxyType(
    {
        "hidden": (5, ("hidden", "h", "hid")),
        "classes": (4, ("labels", "label", "classes", "class", "output", "outputs", "out", "y")),
        "inputs": (3, ("input", "inputs", "features", "feature", "x", "in")),
        "rows": (6, ("movies", "movie", "items", "item")),
        "columns": (4, ("users", "user")),
    }
)
"""What a size is the size of: the number that is chosen, and the words that say so."""
_SIZE = frozenset({"size", "num", "n", "dim", "units", "nodes", "neurons"})
_FLAT = frozenset({"params", "parameters", "theta", "weights", "unrolled"})


def sized_networks(names: Sequence[str]) -> Iterator[Example]:
    """Examples, the shortest vector first; none where the names speak of no sizes."""
    sizes: dict[str, int] = {}
    chosen: dict[str, int] = {}
    for name in names:
        if (kind := _kind(name)) is not None:
            sizes[name] = _SIZES[kind][0] + (1 if kind == "hidden" and kind in chosen else 0)
            chosen[kind] = sizes[name]
    flat = [name for name in names if name not in sizes and _FLAT & set(words(name))]
    if len(sizes) < 2 or len(flat) != 1:
        return
    rest = [name for name in names if name not in sizes and name != flat[0]]
    for data in _data(rest, chosen):
        for length in range(1, _LONGEST):
            values = {**sizes, **data, flat[0]: numbers((length,), flat[0])}
            layout = f"{length} parameters, " + ", ".join(f"{name} {size}" for name, size in sizes.items())
            yield Example({name: values[name] for name in names}, (flat[0],), (), layout)


def _kind(name: str) -> str | None:
    found = set(words(name))
    return next((kind for kind, (_, said) in _SIZES.items() if found & set(said)), None) if found & _SIZE else None


def _data(names: Sequence[str], sizes: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Values of the arguments besides parameters and sizes, in each way in which data and labels are given."""
    settings = {name: setting(name) for name in names if setting(name) is not None}
    matrices = [name for name in names if name not in settings]
    if {"rows", "columns"} <= set(sizes):
        shape = (sizes["rows"], sizes["columns"])
        known = np.arange(shape[0] * shape[1]).reshape(shape) % 3 > 0
        yield {**settings, **{n: known.astype(int) if n.lower() == "r" else numbers(shape, n) for n in matrices}}
        return
    if len(matrices) != 2 or not {"inputs", "classes"} <= set(sizes):
        return
    first, second = (0, 1) if role(matrices[0]) != "target" else (1, 0)
    labels = (3 * np.arange(_SAMPLES) + 1) % sizes["classes"]
    for targets in (labels, np.eye(sizes["classes"])[labels], labels[:, None], labels + 1):
        for width in (sizes["inputs"], sizes["inputs"] + 1):
            X = numbers((_SAMPLES, width), matrices[first])
            yield {**settings, matrices[first]: X, matrices[second]: targets}
