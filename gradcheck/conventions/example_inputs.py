"""Example inputs of a function that nobody gave any for: from the file's EXAMPLES, from names, by trying shapes.

A convention goes through the candidates and keeps the first at which the function runs; what makes it run is up to the
convention. A candidate that comes early is more natural.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.conventions import example_shapes
from gradcheck.conventions.example_shapes import LAYOUTS, PARAMETERS, ROWS, SETTINGS, D, Layout, M, N, role
from gradcheck.conventions.example_values import Style, labels, numbers, one_hot
from gradcheck.conventions.offer import Contents

_SEARCHED: tuple[tuple[int, ...], ...] = ((N, D), (D,), (), (N,), (D, M), (M,))
"""Shapes that arguments are tried at whose names tell nothing."""
_MOST_UNKNOWN = 3
"""Maximum number of arguments with such names before no search is made."""
_PROBABILITIES = ("p", "q", "probs", "prob", "y_hat", "yhat", "y_pred", "pred", "out", "output", "predictions")
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Example:
    """Values of a function's arguments.

    Attributes
    ----------
    values: by the name of the argument; arguments that keep their default are left out.
    variable: names of those that hold numbers to differentiate by: no labels, no settings.
    targets: names of those that stand for labels or targets.
    layout: how the shapes lie, in words.
    natural: whether names alone led here, so that a wrong shape of an answer is the function's own.
    """

    values: Mapping[str, Any]
    variable: tuple[str, ...]
    targets: tuple[str, ...] = ()
    layout: str = ""
    natural: bool = True

    @property
    def shapes(self) -> str:
        """ "x of shape (4, 3), w (3, 5)"."""
        parts = [f"{name} {np.shape(self.values[name])}" for name in self.variable]
        return ", ".join(parts).replace(" (", " of shape (", 1)


def candidates(names: Sequence[str], *, targets_are_data: bool = False) -> Iterator[Example]:
    """Examples for arguments of these names, natural ones first."""
    roles = _roles(names, targets_are_data)
    if _UNKNOWN not in roles.values():
        yield from _by_layouts(roles, LAYOUTS)
        return
    for example in _by_layouts(_known(roles), LAYOUTS):
        yield replace(example, natural=False)
    yield from _searched(roles)


def are_known(names: Sequence[str]) -> bool:
    """Whether every name tells what its argument stands for."""
    return _UNKNOWN not in _roles(names, False).values()


def of_widths(names: Sequence[str], widths: Sequence[int]) -> Iterator[Example]:
    """Examples with so many features, in turn."""
    for width in widths:
        yield from _by_layouts(_known(_roles(names, False)), example_shapes.of_width(width))


def square(names: Sequence[str], *, batches: bool = False) -> Iterator[Example]:
    """Examples in which all sizes are equal; of batches only, where that is wanted."""
    layouts = example_shapes.SQUARES
    chosen = layouts[: example_shapes.SQUARE_BATCHES] if batches else layouts
    yield from _by_layouts(_known(_roles(names, False)), chosen)


def given(contents: Contents, *keys: str) -> Any:
    """What the file's EXAMPLES, or its `example_inputs()`, holds under one of `keys`; None if nothing."""
    source = contents.module.__dict__.get("EXAMPLES")
    maker = contents.module.__dict__.get("example_inputs")
    if source is None and callable(maker):
        source = maker()
    if not isinstance(source, Mapping):
        return None
    return next((source[key] for key in keys if key in source), None)


def as_example(values: Any, names: Sequence[str]) -> Example:
    """An example that the file gives: a tuple in the order of the arguments, or a dictionary by their names."""
    if not isinstance(values, Mapping):
        values = dict(zip(names, values if isinstance(values, tuple | list) else (values,), strict=False))
    held = {name: np.array(v, float) if isinstance(v, float) else v for name, v in values.items()}
    variable = tuple(name for name, value in held.items() if _is_variable(value))
    targets = tuple(name for name in variable if role(name) == "target")
    return Example(held, variable, targets, "EXAMPLES")


def with_one_hot_targets(example: Example) -> Example | None:
    """The same example, its labels written as one-hot rows; None where it has no labels."""
    found = [
        n for n in example.targets if np.asarray(example.values[n]).dtype.kind == "i" and np.ndim(example.values[n])
    ]
    scores = next((example.values[n] for n in example.variable if np.ndim(example.values[n]) == 2), None)
    if not found or scores is None or example.layout == "EXAMPLES":
        return None
    classes = np.shape(scores)[1]
    rows = {n: np.eye(classes)[example.values[n]] for n in found if np.max(example.values[n]) < classes}
    return replace(example, values={**example.values, **rows}, layout=f"{example.layout} as one-hot rows")


def how_to_give(key: str, names: Sequence[str]) -> str:
    """How a user gives examples, in one clause."""
    listed = ", ".join(names) + ("," if len(names) == 1 else "")
    return f'give inputs in the file: EXAMPLES = {{"{key}": ({listed})}}'


def arguments(function: Callable[..., Any]) -> list[str] | None:
    """Names of the arguments that a call must give, `self` left out; None where the signature is not to be had."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [p.name for p in parameters if p.kind in kinds and p.default is inspect.Parameter.empty]
    if not wanted and any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return [next(p.name for p in parameters if p.kind is p.VAR_POSITIONAL)]
    return wanted


def _is_variable(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.floating) and np.asarray(value).dtype.kind == "f"


def _roles(names: Sequence[str], targets_are_data: bool) -> dict[str, str]:
    """What each argument stands for: a role, "setting", or "unknown"."""
    found = {}
    for name in names:
        mine = role(name)
        if name in ("b", "c") and "weight" not in {role(n) for n in names} and "a" in names:
            mine = "data"  # a, b: two alike
        if name in ("A", "Q", "M", "H", "P", "S") and {"x", "v"} & set(names):
            mine = "square"
        if mine == "target" and (targets_are_data or len(names) == 1):
            mine = "data"
        if name.strip("_") == "mask" and "target" in {role(n) for n in names}:
            mine = "mask"
        if len(names) > 1 and mine != "prediction" and setting(name) is not None:
            mine = "data" if name == "k" and "q" in names else "setting"
        found[name] = mine or _UNKNOWN
    if len(names) == 1 and found[names[0]] in ("setting", "bias", "scale", "target", "state", "weight"):
        found[names[0]] = "data"
    return found


def _known(roles: Mapping[str, str]) -> dict[str, str]:
    """Roles, with what is unknown taken for data."""
    return {name: "data" if mine == _UNKNOWN else mine for name, mine in roles.items()}


def setting(name: str) -> Any:
    """The value of an argument that is a number, a word, or a dictionary of such; None for what is none of these."""
    return SETTINGS[name] if name in SETTINGS else _settings(name)


def _settings(name: str) -> Any:
    """A dictionary of settings for `conv_param`, `params_dict` and the like."""
    if name in PARAMETERS:
        return dict(PARAMETERS[name])
    if name.lower().endswith(("_param", "_params", "config", "cfg", "hparams", "options")):
        return {key: value for known in PARAMETERS.values() for key, value in known.items()}
    return None


def _by_layouts(roles: Mapping[str, str], layouts: Sequence[Layout]) -> Iterator[Example]:
    wanted = {r for r in roles.values() if r != "setting"}
    for layout in layouts:
        known = set(layout.shapes) | ({"target"} if layout.targets else set())
        if wanted <= known and (not layout.words or "weight" in wanted):
            for style in _styles(roles):
                yield from _in_layout(roles, layout, style)


def _styles(roles: Mapping[str, str]) -> tuple[Style, ...]:
    likely = any(r == "prediction" and name.lower() in _PROBABILITIES for name, r in roles.items())
    return ("unit", "real", "positive") if likely else ("real", "positive", "unit")


def _in_layout(roles: Mapping[str, str], layout: Layout, style: Style) -> Iterator[Example]:
    has_target = "target" in roles.values() and "target" not in layout.shapes
    for kind, shape in layout.targets if has_target else (("none", ()),):
        values = {}
        for name, mine in roles.items():
            if mine == "setting":
                values[name] = setting(name)
            elif mine == "index":
                values[name] = labels(int(np.prod(layout.shapes[mine])), D)
            elif mine == "target" and has_target:
                values[name] = _target(kind, shape, name)
            elif mine == "mask":
                values[name] = labels(int(np.prod(layout.shapes[mine])), D).reshape(layout.shapes[mine]) > 0
            elif mine == "data" and layout.words:
                values[name] = labels(int(np.prod(layout.shapes[mine])), M).reshape(layout.shapes[mine])
            else:
                values[name] = numbers(layout.shapes[mine], name, style if mine in ("data", "prediction") else "real")
        fixed = ("setting", "target", "index", "mask", *(["data"] if layout.words else []))
        variable = tuple(n for n, mine in roles.items() if mine not in fixed)
        targets = tuple(n for n, mine in roles.items() if mine == "target")
        yield Example(values, variable, targets, f"{layout.name}, {kind} targets" if has_target else layout.name)


def _target(kind: str, shape: tuple[int, ...], name: str) -> Any:
    if kind == "real":
        return numbers(shape, name, "unit")
    if kind == "label":
        return 1
    if kind == "labels":
        return labels(*shape)
    if kind == "labels of sequences":
        return labels(int(np.prod(shape[:-1])), shape[-1]).reshape(shape[:-1])
    if kind == "one-hot columns":
        return one_hot(*shape, columns=True)
    if kind == "one-hot":
        return one_hot(*shape)
    return one_hot(1, shape[0])[0].reshape(shape)


def _searched(roles: Mapping[str, str]) -> Iterator[Example]:
    """Arguments with unknown names at every combination of small shapes, the others in rows."""
    unknown = [name for name, mine in roles.items() if mine == _UNKNOWN]
    if len(unknown) > _MOST_UNKNOWN:
        return
    shapes = {**ROWS.shapes}
    for chosen in itertools.product(_SEARCHED, repeat=len(unknown)):
        named = {name: f"{_UNKNOWN} {name}" for name in unknown}
        layout = Layout(
            "shapes found by trying",
            {**shapes, **{named[n]: shape for n, shape in zip(unknown, chosen, strict=True)}},
            ROWS.targets,
        )
        mine = {name: named.get(name, r) for name, r in roles.items()}
        for style in _styles(roles)[:2]:
            for example in _in_layout(mine, layout, style):
                yield replace(example, natural=False)
