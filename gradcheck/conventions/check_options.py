"""What a user can say of the function in a pair, whatever its convention: `--as functions:domain=0..1,accuracy=1e-6`.

These are options of gradcheck's `check_` functions, which take the pair; a convention has no use for them itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gradcheck.conventions.offer import Pair
from gradcheck.errors import UsageError

PAIRS = frozenset(
    {
        "op-classes", "autograd-function", "custom-vjp", "dictionaries", "layer-pairs", "nielsen", "network-loss",
        "loss-classes", "layer-classes", "functions", "function-classes",
    }
)  # fmt: skip
"""Conventions that offer pairs."""


def _bounds(text: str) -> tuple[float | None, float | None]:
    low, dots, high = text.partition("..")
    if not dots or not (low or high):
        raise ValueError
    found = tuple(float(part) if part else None for part in (low, high))
    if not (-math.inf if found[0] is None else found[0]) < (math.inf if found[1] is None else found[1]):
        raise ValueError
    return found[0], found[1]


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise ValueError
    return value


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


OPTIONS: Mapping[str, tuple[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "domain": ("LOW..HIGH for all inputs, one of which may be left out", _bounds),
        "elsewhere": ("yes or no: whether points beside the one given count", _yes),
        "accuracy": ("a number between 0 and 1, how accurately f is computed", _share),
        "interest": ("a number between 0 and 1, the relative error that matters", _share),
    }
)
"""What each takes, and how it is read."""


def read(convention: str, option: str, text: str) -> Any:
    """The value of such an option; UsageError for a text that is none."""
    about, reader = OPTIONS[option]
    try:
        return reader(text)
    except (ValueError, KeyError):
        raise UsageError(f"--as {convention}:{option} takes {about}, got {text!r:.80}") from None


def with_check_options(pair: Pair, convention: str, options: Mapping[str, str]) -> Pair:
    """The pair with those of `options` that its check takes."""
    said = {name: read(convention, name, text) for name, text in options.items() if name in OPTIONS}
    if "domain" in said:
        names = getattr(pair.f, "argument_names", None)
        said["domain"] = dict.fromkeys(names or range(len(pair.inputs)), said["domain"])
    return replace(pair, options={**pair.options, **said}) if said else pair
