"""Parameters in a dict, W1 b1 W2 b2 ..., for functions that read them there: how many layers, and which way round."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck.conventions.constructing import small_sizes
from gradcheck.conventions.framework_inputs import is_array
from gradcheck.conventions.roles import filled
from gradcheck.conventions.trial_data import HIDDEN, INPUTS, OUTPUTS, SAMPLES, labels, normal, one_hot, weights
from gradcheck.conventions.user_calls import attempt

_INITIALISER = re.compile(r"init|create_(param|weight)|make_(param|weight)|random_(param|weight)", re.I)
"""Names of functions that make parameters."""
LAYER_KEY = re.compile(r"[Wb]\d+")
"""Keys of parameters that the functions may read."""


@dataclass(frozen=True)
class Network:
    """Data and parameters of one network.

    Attributes
    ----------
    X, y: inputs and labels.
    parameters: arrays by key.
    columns: whether samples are columns, as in Coursera's courses.
    """

    X: Any
    y: Any
    parameters: Mapping[str, Any]
    columns: bool


class Read(dict[str, Any]):
    """A dict that notes which of its keys are read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As for any dict."""
        self.read.add(key)
        return super().get(key, default)


def networks(orientation: str | None) -> Iterator[Network]:
    """Networks to be tried, those of Coursera's courses first: three layers before two, one output before several."""
    for columns in (True, False):
        if orientation not in (None, "columns" if columns else "rows"):
            continue
        for outputs in (1, OUTPUTS):
            for depth in (3, 2, 1, 4):
                for flat in (False,) if columns else (False, True):
                    yield network(columns, depth, outputs, flat=flat)


def of_initialiser(helpers: Mapping[str, Callable[..., Any]], orientation: str | None) -> Iterator[Network]:
    """Networks whose keys and shapes are those that a function of the file makes, such as `initialize_parameters`."""
    for name, function in helpers.items():
        if not _INITIALISER.match(name):
            continue
        for columns in (True, False):
            if orientation not in (None, "columns" if columns else "rows"):
                continue
            for outputs in (1, OUTPUTS):
                usual = network(columns, 2, outputs)
                sizes = small_sizes(function, outputs)
                given = filled(function, {"X": usual.X, "y": usual.y}) or (sizes if isinstance(sizes, dict) else None)
                made, wrong = attempt(partial(function, **(given or {})))
                if wrong is None and isinstance(made, Mapping) and all(map(is_array, made.values())) and made:
                    shapes = {str(key): np.shape(value) for key, value in made.items()}
                    yield Network(usual.X, usual.y, weights(shapes), columns)


def network(columns: bool, depth: int, outputs: int, *, flat: bool = False) -> Network:
    """A network of this many layers; offsets are matrices with one column or row, or `flat`."""
    sizes = [INPUTS, *(HIDDEN * 2)[: depth - 1], outputs]
    shapes: dict[str, tuple[int, ...]] = {}
    for k, (before, after) in enumerate(pairwise(sizes), 1):
        shapes[f"W{k}"] = (after, before) if columns else (before, after)
        shapes[f"b{k}"] = (after,) if flat else (after, 1) if columns else (1, after)
    X = normal((SAMPLES, INPUTS), 1)
    y = one_hot(SAMPLES, outputs) if outputs > 1 else labels(SAMPLES, 2).astype(float)[:, None]
    return Network(X.T.copy() if columns else X, y.T.copy() if columns else y, weights(shapes), columns)


def varies(out: Any) -> bool:
    """Whether outputs differ at all: a softmax of one output is 1 everywhere, and tells nothing."""
    return float(np.ptp(np.asarray(out, dtype=float))) > 1e-9
