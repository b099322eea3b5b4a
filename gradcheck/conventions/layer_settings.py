"""Other settings at which a layer is asked as well: windows that overlap, no padding, another stride, test mode.

Besides, inputs with more axes where the forward function lays them out flat.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example
from gradcheck.conventions.example_shapes import role
from gradcheck.conventions.example_values import numbers

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
    may_lack: whether a layer may well have no backward pass there, as in test mode, or where windows do not tile.
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
        yield replace(_changed(example, dict.fromkeys(pools, 2) | dict.fromkeys(strides, 3)), may_lack=True)
    elif strides and pads:
        for stride, pad in ((1, 0), (1, 1), (2, 0), (3, 1)):
            setting = _changed(example, dict.fromkeys(strides, stride) | dict.fromkeys(pads, pad))
            yield replace(setting, may_lack=stride == 3)
    for name in (*_MODES, *_TRAINS):
        if name in known:
            yield replace(_changed(example, {name: "test" if name in _MODES else False}), may_lack=True)


def windows_of(kind: type) -> Iterator[Setting]:
    """Other arguments of the constructor of a layer of windows, as settings whose example holds these alone."""
    try:
        names = inspect.signature(kind).parameters
    except (TypeError, ValueError):
        return
    strides, pads = ([name for name in known if name in names] for known in (_STRIDES, _PADS))
    if strides and pads:
        for stride, pad in ((2, 1), (2, 0), (1, 1), (3, 1)):
            changes = dict.fromkeys(strides, stride) | dict.fromkeys(pads, pad)
            example = Example(changes, ())
            yield Setting(_text(example, tuple(changes)), example, may_lack=stride == 3)
    elif strides:
        for stride in (1, 2, 3):
            example = Example(dict.fromkeys(strides, stride), ())
            yield Setting(_text(example, tuple(strides)), example, may_lack=stride > 1)


def a_further_axis(example: Example) -> Example | None:
    """The example with samples of two axes, the last one of length 1, where there is one input of samples alone."""
    if len(example.variable) != 1 or np.ndim(example.values[example.variable[0]]) != 2:
        return None
    name = example.variable[0]
    return replace(example, values={**example.values, name: example.values[name][:, :, None]})


def with_more_axes(example: Example) -> tuple[Setting, Example] | None:
    """The example with samples of two axes in place of one, and the same with them laid out flat; None for others.

    Whatever else has an axis as long as a sample gets a longer one.
    """
    names = [name for name in example.variable if np.ndim(example.values[name]) == 2]
    name = next((name for name in names if role(name) == "data"), None)
    if name is None or len(example.variable) < 2 or example.layout == "EXAMPLES":
        return None
    count, width = np.shape(example.values[name])
    if count == width:  # then nothing tells an axis of features from one of samples
        return None
    values = dict(example.values)
    for other in example.variable:
        shape = tuple(2 * n if n == width else n for n in np.shape(values[other]))
        values[other] = numbers(shape, other)
    flat = replace(example, values=values)
    deep = replace(example, values={**values, name: values[name].reshape(count, width, 2)})
    return Setting(f"{name} of shape ({count}, {width}, 2)", deep), flat


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
