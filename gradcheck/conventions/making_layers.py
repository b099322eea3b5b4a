"""How an instance of a layer's class is made: by the names of what its constructor must be given."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradcheck.conventions.example_inputs import arguments, setting
from gradcheck.conventions.example_shapes import LAYOUTS, SQUARES, D, M, N, role
from gradcheck.conventions.example_values import numbers
from gradcheck.conventions.foreign_calls import ForeignCalls, copied

_SIZES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    (r"(layer_?)?(sizes|dims|layers|dimensions|architecture)|n_units_list|shape_list", ([D, M, 2],)),
    (r"in_?channels?|input_channels|c_in|n?_?channels", (2,)),
    (r"out_?channels?|output_channels|c_out|n_filters|num_filters|filters", (3,)),
    (r"(in|input|image|img|x)_?shape", ((2, N, D), D)),
    (r"(num|n)_?kernels|depth", (3,)),
    (r"in_?\w*|n_in\w*|fan_in|d_in|nin|input\w*|n_?inputs?|num_inputs?", (D,)),
    (
        r"out_?\w*|n_out\w*|fan_out|d_out|nout|output\w*|n_?outputs?|num_outputs?|units|n_units|n_neurons|hidden\w*",
        (M,),
    ),
    (r"kernel\w*|filter_size|k_size|ksize|fh|fw|window\w*|f", (3, 2)),
    (r"num_features|n?_?features|dim\w*|size|d|n|d_model|embed\w*|normalized_shape|n_embd|shape|width", (D, M)),
)
"""Sizes by the names of a constructor's arguments; several are tried in turn."""
_PENALTY = re.compile(r"(\w+_)?l[12](_\w+)?|(\w+_)?weight_?decay|reg|(\w+_)?regulari[sz]\w+|reg_\w+|lambd|lmbda")
"""Names of the weight of a penalty that the backward pass adds and no forward pass has: the loss is where it stands."""
_MOST_TRIED = 24
"""Maximum number of ways in which a constructor is tried."""


def instances(
    kind: type, calls: ForeignCalls, given: Any = None, *, even: bool = False, settings: Mapping[str, Any] | None = None
) -> Iterator[Any]:
    """Instances of a class; with all sizes equal where `even`; `settings`: values of some arguments."""
    names = arguments(kind)
    if names is None:
        return
    ways: Iterator[Mapping[str, Any]] = iter([_given(given, names)]) if given is not None else _ways(names, even)
    for way in itertools.islice(ways, _MOST_TRIED):
        try:
            yield calls(kind, **{name: copied(value) for name, value in {**way, **(settings or {})}.items()})
        except Exception:  # it wants something else
            continue


def _given(given: Any, names: Sequence[str]) -> Mapping[str, Any]:
    values = given if isinstance(given, tuple | list) else (given,)
    return given if isinstance(given, Mapping) else dict(zip(names, values, strict=False))


def _ways(names: Sequence[str], even: bool) -> Iterator[Mapping[str, Any]]:
    if not names:
        yield {}
        return
    seen = []
    for layout in SQUARES if even else LAYOUTS:
        options = [[_even(v) if even else v for v in _values(name, layout.shapes)] for name in names]
        for chosen in itertools.product(*options):
            way = dict(zip(names, chosen, strict=True))
            if (key := repr(way)) not in seen:
                seen.append(key)
                yield way


def _values(name: str, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[Any]:
    """What an argument of this name is tried with: an array in a layout, a size, or a setting."""
    mine = role(name)
    if mine in ("weight", "bias", "scale", "hidden", "entering") and mine in shapes and name not in ("n", "d"):
        yield numbers(shapes[mine], name)
        return
    if _PENALTY.fullmatch(name.lower()):
        yield 0.0
        return
    if (known := setting(name)) is not None and not re.fullmatch(r"kernel_size|size|n|k", name):
        yield known
        return
    sizes = next((sizes for pattern, sizes in _SIZES if re.fullmatch(pattern, name.lower())), None)
    yield from sizes if sizes is not None else (D, None)


def _even(value: Any) -> Any:
    return D if isinstance(value, int) and value == M else value
