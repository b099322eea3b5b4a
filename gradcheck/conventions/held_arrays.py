"""Arrays that an object holds, anywhere inside it: where they are, and which of them is the gradient of which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Step = tuple[str, Any]
"""("attribute", name) or ("item", key)."""
Path = tuple[Step, ...]

_DEEPEST = 4
"""Maximum number of steps from an object to an array that it holds."""
_MOST_ITEMS = 50
"""Maximum length of a list or a dictionary that is looked through."""
_CONTAINERS = ("grads", "grad", "gradients", "gradient", "dparams", "param_grads", "d_params", "g", "grad_params")
"""Names of lists and dictionaries of gradients."""
_PARAMETERS = ("params", "parameters", "param", "weights_and_biases", "theta")
"""Names of lists and dictionaries of parameters."""
_ALIKE = (("W", "w", "weight", "weights", "kernel"), ("b", "bias", "biases"), ("gamma", "scale"), ("beta", "shift"))
"""Names that stand for the same parameter."""
_BOXES = ("data", "value", "val", "array", "param", "w", "x", "v")
"""Names of the attribute of a parameter object that holds its numbers."""


def arrays(owner: Any, path: Path = ()) -> Iterator[tuple[Path, np.ndarray[Any, Any]]]:
    """Each floating-point array inside `owner`, with its path."""
    if isinstance(owner, np.ndarray):
        if owner.dtype.kind == "f":
            yield path, owner
    elif len(path) < _DEEPEST:
        for step, inner in _inside(owner):
            yield from arrays(inner, (*path, step))


def read(owner: Any, path: Path) -> Any:
    """What stands at a path; KeyError, AttributeError or IndexError where nothing does."""
    for kind, key in path:
        owner = getattr(owner, key) if kind == "attribute" else owner[key]
    return owner


def write(owner: Any, path: Path, value: Any) -> None:
    """Put `value` at a path; a tuple on the way is made anew."""
    here = read(owner, path[:-1])
    kind, key = path[-1]
    if kind == "attribute":
        setattr(here, key, value)
    elif isinstance(here, tuple):
        write(owner, path[:-1], (*here[:key], value, *here[key + 1 :]))
    else:
        here[key] = value


def spelled(path: Path) -> str:
    """ "W", "params['W1']", "layers[0].W"."""
    text = "".join(f".{key}" if kind == "attribute" else f"[{key!r}]" for kind, key in path)
    return text.removeprefix(".")


def gradient_paths(path: Path) -> Iterator[Path]:
    """Where the gradient of the parameter at `path` may stand, likely places first."""
    before, (kind, name) = path[:-1], path[-1]
    inside = before[-1][1] if before and before[-1][1] in _PARAMETERS else None
    homes = [before] if inside is None else [before[:-1], before]
    if isinstance(name, str):
        if name in _BOXES and before:
            yield from ((*before, ("attribute", found)) for found in ("grad", "g", "gradient", "_grad"))
        for home in homes:
            own = "attribute" if home != before else kind
            yield from ((*home, (own, found)) for found in _spellings(name))
            for container in _CONTAINERS:
                keys = (name, *_spellings(name))
                yield from ((*home, ("attribute", container), ("item", found)) for found in keys)
    elif inside is not None:
        yield from ((*homes[0], ("attribute", container), ("item", name)) for container in _CONTAINERS)
    if not isinstance(name, str) and before and isinstance(before[-1][1], str):  # weights[0] and dweights[0]
        yield from ((*before[:-1], (before[-1][0], found), ("item", name)) for found in _spellings(before[-1][1]))


def _spellings(name: str) -> Iterator[str]:
    alike = next((group for group in _ALIKE if name in group), ())
    match = re.fullmatch(r"([A-Za-z]+?)_?(\d+|[a-z]{1,2})", name)  # W1, W_xh
    stems = dict.fromkeys((name, *alike, *([match[1] + match[2]] if match else [])))
    for stem in stems:
        for form in ("d{}", "d_{}", "grad_{}", "{}_grad", "dLd{}", "dL_d{}", "dL{}", "grad{}", "{}_gradient", "g{}"):
            yield form.format(stem)
        for form in ("gradient_{}", "nabla_{}", "delta_{}", "{}_grads", "{}_g", "grads_{}", "{}grad", "{}Grad"):
            yield form.format(stem)
        yield f"grad{stem[:1].upper()}{stem[1:]}"
        yield f"d{stem[:1].upper()}{stem[1:]}"


def _inside(owner: Any) -> Iterator[tuple[Step, Any]]:
    if isinstance(owner, Mapping):
        yield from ((("item", key), value) for key, value in list(owner.items())[:_MOST_ITEMS])
    elif isinstance(owner, list | tuple):
        yield from ((("item", k), value) for k, value in enumerate(owner[:_MOST_ITEMS]))
    elif not isinstance(owner, type | np.generic | np.random.Generator | np.random.RandomState):
        held = getattr(owner, "__dict__", None)
        if isinstance(held, dict) and not callable(getattr(owner, "__func__", None)):
            yield from ((("attribute", key), value) for key, value in held.items())


def grouped(found: Sequence[tuple[Path, np.ndarray[Any, Any]]]) -> list[list[Path]]:
    """Paths that lead to the same array, together; the shortest first."""
    groups: dict[int, list[Path]] = {}
    for path, array in found:
        groups.setdefault(id(array), []).append(path)
    return [sorted(paths, key=lambda path: (len(path), spelled(path))) for paths in groups.values()]
