"""Other settings at which a layer is asked as well: windows that overlap, no padding, another stride, test mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example

_STRIDES, _PADS = ("stride", "strides"), ("pad", "padding")
_POOLS = ("pool_height", "pool_width", "pool_h", "pool_w", "pool_size")
_MODES = ("mode",)
_TRAINS = ("train", "training", "is_training", "train_flg")


@dataclass(frozen=True)
class Setting:
    """An example with other settings.

    Attributes
    ----------
    text: "stride=1 pad=0".
    example: the same inputs, with these settings.
    may_lack: whether a layer may well have no backward pass there, as in test mode.
    """

    text: str
    example: Example
    may_lack: bool = False


def settings_text(example: Example) -> str:
    """The settings of a layer of windows, such as "stride=2 pad=1"; "" for any other."""
    return _text(example, (*_POOLS, *_STRIDES, *_PADS))


def other_settings(example: Example) -> Iterator[Setting]:
    """The same example at other settings, as far as its arguments have such."""
    known = _held(example)
    pools, strides, pads = ([name for name in names if name in known] for names in (_POOLS, _STRIDES, _PADS))
    if pools:
        yield _changed(example, dict.fromkeys(pools, 3) | dict.fromkeys(strides, 1))
    elif strides and pads:
        for stride, pad in ((1, 0), (1, 1)):
            yield _changed(example, dict.fromkeys(strides, stride) | dict.fromkeys(pads, pad))
    for name in (*_MODES, *_TRAINS):
        if name in known:
            yield replace(_changed(example, {name: "test" if name in _MODES else False}), may_lack=True)


def same_outputs(one: Any, other: Any) -> bool:
    """Whether two answers of a forward function hold the same numbers: the setting that differs is not read."""
    first, second = (part if isinstance(part, tuple) else (part,) for part in (one, other))
    return len(first) == len(second) and all(
        np.shape(a) == np.shape(b) and np.array_equal(a, b) for a, b in zip(first, second, strict=True)
    )


def _held(example: Example) -> dict[str, Any]:
    """All settings by name, those inside dictionaries too."""
    found: dict[str, Any] = {}
    for name, value in example.values.items():
        if isinstance(value, Mapping):
            found |= value
        elif isinstance(value, bool | int | str):
            found[name] = value
    return found


def _changed(example: Example, changes: Mapping[str, Any]) -> Setting:
    values = {}
    for name, value in example.values.items():
        if isinstance(value, Mapping):
            values[name] = {key: changes.get(key, held) for key, held in value.items()}
        else:
            values[name] = changes[name] if name in changes and not isinstance(value, np.ndarray) else value
    changed = replace(example, values=values)
    return Setting(_text(changed, tuple(changes)), changed)


def _text(example: Example, names: tuple[str, ...]) -> str:
    held = _held(example)
    return " ".join(f"{name}={held[name]}" for name in names if name in held)
