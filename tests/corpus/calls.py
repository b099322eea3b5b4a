"""How the test of the labels calls an item: copies in, plain tuples out, whatever the convention."""

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from .item import Item


def chosen(item: "Item") -> tuple[int, ...]:
    """The arguments whose derivative is on trial: `wrt=` or else every float array, but for what is held constant."""
    if "wrt" in item.options:
        return tuple(item.options["wrt"])
    stopped = _held(item)
    return tuple(i for i, x in enumerate(item.inputs) if np.asarray(x).dtype.kind == "f" and i not in stopped)


def _held(item: "Item") -> tuple[int, ...]:
    """The position of the argument that `stop_gradient=` names."""
    name = item.options.get("stop_gradient")
    return (list(inspect.signature(item.f).parameters).index(name),) if name else ()


def copies(inputs: Sequence[Any]) -> tuple[Any, ...]:
    """Copies that keep layout; an array given twice stays one array, overlapping memory stays overlapping."""
    seen: dict[int, Any] = {}
    for x in inputs:
        if id(x) not in seen:
            seen[id(x)] = x if 0 in x.strides and x.size else x.copy(order="K")
    return tuple(seen[id(x)] for x in inputs)


def draw(item: "Item", shape: tuple[int, ...], dtype: Any, salt: int = 0) -> np.ndarray:
    """A normal draw that belongs to the item's name and to `salt`."""
    rng = np.random.default_rng([crc32(item.name.encode()), salt])
    return np.asarray(rng.standard_normal(shape), dtype=dtype)


def parts(output: Any) -> tuple[np.ndarray, ...]:
    """The output as a tuple of arrays."""
    return tuple(np.asarray(p) for p in (output if isinstance(output, tuple) else (output,)))


def cotangent(item: "Item", output: Any, salt: int = 0) -> Any:
    """A cotangent shaped and typed like the output; 1 for a gradient."""
    if item.kind == "gradient":
        return np.ones(())
    drawn = tuple(
        draw(item, p.shape, p.dtype if p.dtype.kind == "f" else float, 100 * salt + i)
        for i, p in enumerate(parts(output))
    )
    return drawn if isinstance(output, tuple) else drawn[0]


def pullback(item: "Item", seed: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The item's gradient or VJP as a tuple with one entry per input (None where the item gives None)."""
    with np.errstate(all="ignore"):
        answer = item.derivative(*inputs) if item.kind == "gradient" else item.derivative(seed, *inputs)
    if len(inputs) == 1 and not (isinstance(answer, tuple | list) and len(answer) == 1):
        answer = (answer,)
    return tuple(answer)


def pushforward(item: "Item", inputs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any | None, Any]:
    """The item's JVP as (output or None, output tangent)."""
    with np.errstate(all="ignore"):
        answer = item.derivative(tuple(inputs), tuple(tangents))
    return answer if isinstance(answer, tuple) else (None, answer)


def answer(item: "Item", inputs: Sequence[Any], salt: int = 0) -> tuple[np.ndarray, ...]:
    """The derivative's whole answer at `inputs`, as arrays, in any convention; None becomes an empty array."""
    if item.kind == "jvp":
        tangents = tuple(draw(item, x.shape, x.dtype, 100 * salt + i) for i, x in enumerate(inputs))
        return parts(pushforward(item, inputs, tangents)[1])
    with np.errstate(all="ignore"):
        seed = cotangent(item, item.f(*copies(inputs)), salt)
    return tuple(np.asarray(np.empty(0) if g is None else g) for g in pullback(item, seed, inputs))
