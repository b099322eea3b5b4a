"""What people hold besides gradients of arrays: how items behind the other doors are called, and their truth.

A door item has one of the kinds of `DOORS`, or containers, complex arrays, whole numbers or keyword arguments among
its inputs. Its truth is a `Reference` in the same containers; every entry of its answer is held against differences in
mpmath, by the real and by the imaginary part of every input number.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

import mpmath
import numpy as np
from mpmath import mpc, mpf

from . import truth

if TYPE_CHECKING:
    from .item import Item

DOORS = ("jacobian", "hessian", "hvp", "adjoint", "value_and_gradient")
STEP = mpf("1e-20")
"""Of first differences at 60 digits, and of second ones at 90."""
DIRECTIONS = 5
Path = tuple[Any, ...]


def put(gradcheck: Any, item: "Item") -> Any:
    """The item put to the check of its kind."""
    check = getattr(gradcheck, f"check_{item.kind}")
    if item.kind == "value_and_gradient":
        return check(item.f, *item.inputs, **item.options)
    return check(item.f, item.derivative, *item.inputs, **item.options)


def children(tree: Any) -> list[tuple[Any, Any]] | None:
    """Names and contents of a container; None for a leaf."""
    if isinstance(tree, dict):
        return list(tree.items())
    if dataclasses.is_dataclass(tree):
        return [(field.name, getattr(tree, field.name)) for field in dataclasses.fields(tree)]
    if isinstance(tree, list | tuple):
        return list(enumerate(tree))
    return None


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf with the way to it."""
    inner = children(tree)
    if inner is None:
        yield path, tree
    else:
        for name, part in inner:
            yield from leaves(part, (*path, name))


def mapped(function: Callable[[Path, Any], Any], tree: Any, path: Path = ()) -> Any:
    """The tree with `function(path, leaf)` for each leaf."""
    inner = children(tree)
    if inner is None:
        return function(path, tree)
    parts = [mapped(function, part, (*path, name)) for name, part in inner]
    if isinstance(tree, dict):
        return dict(zip(tree, parts, strict=True))
    if dataclasses.is_dataclass(tree) or hasattr(tree, "_fields"):
        return type(tree)(*parts)
    return type(tree)(parts)


def copied(tree: Any) -> Any:
    """Arrays copied, everything else as it is."""
    return mapped(lambda _, leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, tree)


def lifted(tree: Any) -> Any:
    """Floats and complex numbers in mpmath; whole numbers, strings and the like as they are."""
    return mapped(lambda _, leaf: truth.lift(leaf) if kind(leaf) in "fc" else leaf, tree)


def kind(leaf: Any) -> str:
    """The letter of the dtype; "-" for what holds no numbers."""
    return np.asarray(leaf).dtype.kind if isinstance(leaf, np.ndarray | np.number | float | int | complex) else "-"


def value(item: "Item", inputs: Sequence[Any]) -> Any:
    """What f returns, without what it returns besides."""
    with np.errstate(all="ignore"):
        given = copied(tuple(inputs))[:1] if item.kind == "adjoint" else copied(tuple(inputs))
        returned = applied(item.f, given[0]) if item.kind == "adjoint" else item.f(*given, **kwargs(item))
    beside = item.options.get("has_aux") or item.kind == "value_and_gradient"
    return returned[0] if beside else returned


def kwargs(item: "Item") -> dict[str, Any]:
    """The keyword arguments of f and its derivative."""
    return dict(item.options.get("kwargs") or {})


def applied(operator: Any, x: Any) -> Any:
    """A x, for a function, a matrix or an operator."""
    return operator(x) if callable(operator) and not hasattr(operator, "matvec") else operator @ x


def reference(item: "Item", *given: Any) -> np.ndarray:
    """All numbers of what f stands for, in mpmath."""
    return truth.flat(numbers(item.truth.value(*given, **kwargs(item))))


def numbers(output: Any) -> Any:
    """The leaves of an output as a tuple."""
    return tuple(leaf for _, leaf in leaves(output)) if children(output) is not None else output


@dataclasses.dataclass(frozen=True)
class Place:
    """One number of the inputs: its leaf, its index in the flattened leaf, and 1 or 1j."""

    leaf: Path
    index: int
    unit: Any


def places(inputs: Sequence[Any], asked: Sequence[Path]) -> list[Place]:
    found = []
    for path, leaf in leaves(tuple(inputs)):
        if path in asked:
            units = (mpf(1), mpc(0, 1)) if kind(leaf) == "c" else (mpf(1),)
            found += [Place(path, k, unit) for k in range(np.size(leaf)) for unit in units]
    return found


def stepped(given: tuple[Any, ...], moves: Sequence[tuple[Place, Any]]) -> tuple[Any, ...]:
    """The inputs in mpmath with some of their numbers moved."""

    def one(path: Path, leaf: Any) -> Any:
        mine = [(place, by) for place, by in moves if place.leaf == path]
        if not mine:
            return leaf
        moved = np.array(leaf if np.asarray(leaf).dtype == object else truth.lift(np.asarray(leaf, float)), object)
        flat = moved.reshape(-1)
        for place, by in mine:
            flat[place.index] = flat[place.index] + by * place.unit
        return flat.reshape(moved.shape)

    return tuple(mapped(one, given))


SLOPES: dict[Any, tuple[Any, np.ndarray]] = {}
"""What items that share truth and inputs share; the inputs are kept, so that no other object gets their identity."""


def slope(item: "Item", inputs: Sequence[Any], moves: Sequence[tuple[Place, Any]]) -> np.ndarray:
    """The derivative of every number of f along the moves."""
    parts = [leaf for _, leaf in leaves(tuple(inputs))]
    key = (
        id(item.truth),
        *map(id, parts),
        repr(kwargs(item)),
        *((p.leaf, p.index, str(p.unit), str(v)) for p, v in moves),
    )
    if key not in SLOPES:
        SLOPES[key] = ((item.truth, parts), _slope(item, inputs, moves))
    return SLOPES[key][1]


def _slope(item: "Item", inputs: Sequence[Any], moves: Sequence[tuple[Place, Any]]) -> np.ndarray:
    given = tuple(lifted(tuple(inputs)))
    given = given[:1] if item.kind == "adjoint" else given
    step = STEP * _reach(inputs)
    there, back = (reference(item, *stepped(given, [(p, by * s) for p, by in moves])) for s in (step, -step))
    return (there - back) / (2 * step)


def _reach(inputs: Sequence[Any]) -> Any:
    sizes = [float(np.max(np.abs(leaf), initial=0)) for _, leaf in leaves(tuple(inputs)) if kind(leaf) in "fc"]
    return mpf(min(1.0, max(sizes, default=1.0)) or 1.0)


def second(item: "Item", inputs: Sequence[Any], one: Place, two: Place) -> Any:
    """The second derivative of f's one number."""
    with mpmath.workdps(90):
        given, h = tuple(lifted(tuple(inputs))), STEP * _reach(inputs)
        corners = [
            (s, t, reference(item, *stepped(given, [(one, s * h), (two, t * h)]))[0]) for s in (1, -1) for t in (1, -1)
        ]
        return sum(s * t * v for s, t, v in corners) / (4 * h * h)


# the answers


def drawn(like: Any, salt: int) -> np.ndarray:
    """Normal numbers of the shape of `like`, complex if it is."""
    rng = np.random.default_rng([np.size(like), salt, 11])
    z = rng.standard_normal(np.shape(like))
    return z + 1j * rng.standard_normal(np.shape(like)) if kind(np.asarray(like)) == "c" else z


def _per_input(item: "Item", inputs: Sequence[Any], answer: Any) -> tuple[Any, ...]:
    """One answer per input, however the derivative wrapped a single one."""
    if len(inputs) == 1 and not (isinstance(answer, tuple) and len(answer) == 1 and not isinstance(inputs[0], tuple)):
        return (answer,)
    return tuple(answer)


def gradients(item: "Item", inputs: Sequence[Any], seed: Any) -> dict[Path, Any]:
    """The answered gradient of every leaf; None where there is none."""
    given = copied(tuple(inputs))
    with np.errstate(all="ignore"):
        if item.kind == "value_and_gradient":
            answer = item.f(*given, **kwargs(item))[1]
        elif item.kind == "adjoint":
            return {(0,): applied(item.derivative, seed)}
        else:
            answer = item.derivative(*(() if item.kind == "gradient" else (seed,)), *given, **kwargs(item))
    found: dict[Path, Any] = {}
    for k, (tree, part) in enumerate(zip(inputs, _per_input(item, inputs, answer), strict=True)):
        _match(tree, part, (k,), found)
    return found


def _match(tree: Any, answer: Any, path: Path, found: dict[Path, Any]) -> None:
    inner = children(tree)
    if inner is None or answer is None:
        for way, _ in leaves(tree, path):
            found[way] = answer
        return
    given = children(answer)
    if given is None or [n for n, _ in given] != [n for n, _ in inner]:
        raise ValueError(f"{path}: another structure")
    for (name, part), (_, mine) in zip(inner, given, strict=True):
        _match(part, mine, (*path, name), found)


def dense(answer: Any) -> np.ndarray:
    """A matrix as an array: dense, sparse or an operator."""
    if hasattr(answer, "toarray"):
        return answer.toarray()
    if hasattr(answer, "matmat"):
        return answer.matmat(np.eye(answer.shape[1]))
    return np.asarray(answer)


# how far off


def misses(item: "Item", inputs: Sequence[Any]) -> Iterator[Any]:
    """(distance to the truth) / (what honest rounding explains), for every entry that is on trial."""
    u = mpf(item.rounding) * roundoff(inputs)
    if item.kind in ("jacobian", "hessian", "hvp"):
        pairs = _matrices(item, inputs)
    elif "structure" in item.options:
        pairs = _along(item, inputs)
    else:
        pairs = _entries(item, inputs)
    for true, got in pairs:
        if got is None or np.shape(got) != np.shape(true) or not np.all(np.isfinite(np.asarray(got, complex))):
            yield mpf("inf")
            continue
        flat = np.ravel(true)
        rms = mpmath.sqrt(sum(abs(t) ** 2 for t in flat) / max(1, len(flat)))
        for t, g in zip(flat, np.ravel(truth.lift(np.asarray(got))), strict=True):
            distance, allowed = abs(g - t), u * max(abs(t), rms)
            yield mpf(0) if distance < mpf("1e-28") else distance / allowed if allowed else mpf("inf")


def roundoff(inputs: Sequence[Any]) -> Any:
    floating = [np.asarray(leaf).dtype for _, leaf in leaves(tuple(inputs)) if kind(leaf) in "fc"] or [np.dtype(float)]
    return mpf(max(float(np.finfo(d).eps) / 2 for d in floating))


def _entries(item: "Item", inputs: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    seed = _seed(item, inputs)
    answers = gradients(item, inputs, seed)
    weights = truth.flat(numbers(seed))
    for path, leaf in leaves(tuple(inputs)):
        if not _asked(item, path, leaf, answers.get(path)):
            continue
        parts = [_weighed(item, weights, slope(item, inputs, [(p, mpf(1))])) for p in places(inputs, [path])]
        true = np.array(parts, dtype=object)
        if kind(leaf) == "c":
            sign = -1 if item.options.get("convention") == "holomorphic" else 1
            true = true[0::2] + np.array([sign * mpc(0, 1) * v for v in true[1::2]], dtype=object)
        got = np.zeros(np.shape(leaf)) if answers[path] is None else answers[path]
        yield true.reshape(np.shape(leaf)), got


def _asked(item: "Item", path: Path, leaf: Any, answer: Any) -> bool:
    if item.kind == "adjoint":
        return path == (0,)
    if "wrt" in item.options and path[0] not in item.options["wrt"]:
        return False
    return kind(leaf) in "fc" or (kind(leaf) in "iu" and answer is not None)


def _seed(item: "Item", inputs: Sequence[Any]) -> Any:
    if item.kind in ("gradient", "value_and_gradient"):
        return np.ones(())
    return mapped(lambda path, leaf: drawn(leaf, crc32(repr(path).encode())), value(item, inputs))


def _weighed(item: "Item", weights: np.ndarray, change: np.ndarray) -> Any:
    """The change of the loss whose gradient by f's output is the cotangent, in the item's convention."""
    holomorphic = item.options.get("convention") == "holomorphic"
    return sum(((w if holomorphic else mpmath.conj(w)) * d for w, d in zip(weights, change, strict=True)), mpf(0)).real


def _along(item: "Item", inputs: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Directions that keep the declared structure."""
    seed = _seed(item, inputs)
    answers, weights = gradients(item, inputs, seed), truth.flat(numbers(seed))
    rng = np.random.default_rng(len(item.name))
    true, got = [], []
    for _ in range(DIRECTIONS):
        tangents = {
            path: tangent(rng.standard_normal(np.shape(leaf)), leaf, _word(item, path))
            for path, leaf in leaves(tuple(inputs))
            if _asked(item, path, leaf, answers.get(path))
        }
        moves = [(p, truth.lift(np.ravel(tangents[p.leaf])[p.index]).item()) for p in places(inputs, list(tangents))]
        true.append(_weighed(item, weights, slope(item, inputs, moves)))
        if any(np.shape(answers[path]) != np.shape(t) for path, t in tangents.items()):
            yield np.zeros(2), None
            return
        got.append(
            sum(truth.dot(np.ravel(truth.lift(answers[p])), np.ravel(truth.lift(t))) for p, t in tangents.items())
        )
    yield np.array(true, dtype=object), np.array(got, dtype=object)


def _word(item: "Item", path: Path) -> str | None:
    return item.options["structure"].get(path[0])


def tangent(d: np.ndarray, x: Any, word: str | None) -> np.ndarray:
    """A direction within the declared set of inputs, to the digits of a float."""
    x = np.asarray(x)
    if word in ("symmetric", "positive-definite"):
        return d + np.swapaxes(d, -1, -2)
    if word == "skew":
        return d - np.swapaxes(d, -1, -2)
    if word == "lower-triangular":
        return np.tril(d)
    if word == "upper-triangular":
        return np.triu(d)
    if word == "orthogonal":
        return x @ (d - np.swapaxes(d, -1, -2))
    if word == "unit":
        return d - np.sum(d * x, axis=-1, keepdims=True) * x / np.sum(x * x, axis=-1, keepdims=True)
    if word == "simplex":
        return d - d.mean(axis=-1, keepdims=True)
    return d


def _matrices(item: "Item", inputs: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    asked = [(k,) for k in item.options.get("wrt", range(len(inputs))) if kind(inputs[k]) in "fc"]
    by = {path: [p for p in places(inputs, [path]) if isinstance(p.unit, mpf)] for path in asked}
    given = copied(tuple(inputs))
    if item.kind == "hvp":
        yield from _products(item, inputs, by)
        return
    with np.errstate(all="ignore"):
        answer = item.derivative(*given, **kwargs(item))
    if item.kind == "jacobian" or item.options.get("of") == "gradient":
        blocks = (answer,) if len(asked) == 1 and not isinstance(answer, tuple) else tuple(answer)
        shape = np.shape(value(item, inputs))
        for path, block in zip(asked, blocks, strict=True):
            columns = np.array([slope(item, inputs, [(p, mpf(1))]) for p in by[path]], dtype=object)
            yield _shaped(columns.T, dense(block), (*shape, *np.shape(inputs[path[0]])))
        return
    rows = ((answer,),) if len(asked) == 1 and not isinstance(answer, tuple) else answer
    for one, row in zip(asked, rows, strict=True):
        for two, block in zip(asked, row, strict=True):
            true = np.array([[second(item, inputs, p, q) for q in by[two]] for p in by[one]], dtype=object)
            yield _shaped(true, dense(block), (*np.shape(inputs[one[0]]), *np.shape(inputs[two[0]])))


def _shaped(true: np.ndarray, got: np.ndarray, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Both as matrices, if the answer has one of the two shapes that a Jacobian may have."""
    return true, got.reshape(true.shape) if got.shape in (true.shape, shape) else None


def _products(item: "Item", inputs: Sequence[Any], by: dict[Path, list[Place]]) -> Iterator[tuple[Any, Any]]:
    vectors = [drawn(x, k) for k, x in enumerate(inputs)]
    with np.errstate(all="ignore"):
        answer = item.derivative(*copied(tuple(inputs)), *vectors, **kwargs(item))
    answers = (answer,) if len(inputs) == 1 and not isinstance(answer, tuple) else tuple(answer)
    everywhere = [p for group in by.values() for p in group]
    weights = {p: mpf(float(np.ravel(vectors[p.leaf[0]])[p.index])) for p in everywhere}
    if item.options.get("of") == "gradient":
        along = slope(item, inputs, [(p, weights[p]) for p in everywhere])
        true = {p: along[k] for k, p in enumerate(everywhere)}
    else:
        true = {p: sum(second(item, inputs, p, q) * weights[q] for q in everywhere) for p in everywhere}
    for path, group in by.items():
        yield np.array([true[p] for p in group], dtype=object).reshape(np.shape(inputs[path[0]])), answers[path[0]]
