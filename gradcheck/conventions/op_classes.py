"""`op-classes`: each op is a class of its own with its rule, as in minitorch, needle and DeZero.

What an op is called with is found by trying: arrays of several shapes, then numbers. Each op is judged alone, as a VJP.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair, inherits, required_arguments
from gradcheck.conventions.op_calls import Call, arguments_of, with_call, with_context, with_node
from gradcheck.conventions.tensor_value import node_class
from gradcheck.conventions.user_calls import called
from gradcheck.conventions.value_class import ValueClass

NAME = "op-classes"
ABOUT = "a class per op: forward(ctx, ...) and backward(ctx, d) (minitorch), compute and gradient (needle)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})

SHAPES: Mapping[int, tuple[tuple[tuple[int, ...], ...], ...]] = MappingProxyType(
    {
        1: (((2, 3),), ((3,),), ((2, 2, 3),), ((),)),
        2: (((2, 3), (2, 3)), ((2, 3), (3, 2)), ((3,), (3,)), ((2, 3), (3,)), ((), ())),
        3: (((2, 3),) * 3, ((2, 3), (3, 2), (2,)), ((),) * 3),
    }
)
"""Shapes of operands that are tried, by their number."""
RANGES = ((-1.6, 1.6), (0.5, 2.0), (0.2, 0.8))
"""Values of operands that are tried, in turn: logarithms and roots refuse the first."""
SETTINGS: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "scalar": (3, 2.0),
        "power": (3,),
        "exponent": (3,),
        "c": (3.0,),
        "shape": ((2, 2, 3), (3, 2)),
        "axes": ((1,), 1),
        "axis": (1, (1,)),
        "dim": (1, 0),
        "keepdims": (False,),
    }
)
"""Arguments of constructors by name, and the values that are tried."""
AXES = ("axes", "axis", "dim")
"""Those of them that name axes: an op is asked with and without."""
NUMBERS_ONLY = "Scalar"
"""Part of the name of a base class whose ops take single numbers."""


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all op classes of the file, and a Miss for each that cannot be run."""
    uses = node_class(contents)
    pairs: list[Pair] = []
    claims: set[str] = set()
    manners: set[str] = set()
    for name, kind in contents.classes.items():
        if uses is not None and kind is uses.kind:
            continue
        found = list(_of_class(name, kind, contents, uses))
        if found and (missing := _missing(found[0][1])):
            yield Miss(NAME, name, missing)
            continue
        for call, pair in found:
            manners.add(call.manner)
            pairs.append(pair)
        if found:
            claims.add(name)
        elif _written_as_op(kind) and not any(o is not kind and inherits(o, kind) for o in contents.classes.values()):
            yield Miss(NAME, name, "no operands were found at which its forward and backward run")
    if pairs:
        title = f"{' and '.join(sorted(manners))}: {', '.join(pair.name for pair in pairs)}"
        yield Offer(NAME, title, claims=frozenset(claims), pairs=tuple(pairs))


def _missing(pair: Pair) -> str:
    """What the op's backward pass says where it is still to be written; "" where it runs."""
    assert pair.derivative is not None, "an op has a backward pass"
    try:
        pair.derivative(np.ones(np.shape(pair.f(*pair.inputs))), *pair.inputs)
    except NotImplementedError as todo:
        return f"its backward pass is not offered: it raises NotImplementedError: {todo}"[:300]
    except Exception:  # it may be the op's own mistake, which the check will show
        return ""
    return ""


def _written_as_op(kind: type) -> bool:
    return _has_context(kind) or ("compute" in vars(kind) and "gradient" in vars(kind))


def _has_context(kind: type) -> bool:
    """Whether forward and backward are called on the class, with a context."""
    static = all(isinstance(inspect.getattr_static(kind, n, None), staticmethod | classmethod) for n in _TWO)
    forward = vars(kind).get("forward")
    return all(n in vars(kind) for n in _TWO) and (static or (callable(forward) and _first(forward) == "ctx"))


_TWO = ("forward", "backward")


def _first(function: Callable[..., Any]) -> str | None:
    return next(iter(required_arguments(function) or ()), None)


def _of_class(name: str, kind: type, contents: Contents, uses: ValueClass | None) -> Iterator[tuple[Call, Pair]]:
    """The pairs of one class, one for each way of making it."""
    if _has_context(kind):
        forward = kind.forward  # type: ignore[attr-defined]
        bound = inspect.ismethod(forward)
        yield from _first_that_runs(name, kind, with_context(kind, contents), _operands(forward, 0 if bound else 1))
        return
    if "compute" in vars(kind) and "gradient" in vars(kind):
        manner: Callable[..., Iterator[Call]] = partial(with_node, uses=uses)
        counts = _operands(kind.compute, 1)  # type: ignore[attr-defined]
    elif all(n in vars(kind) for n in _TWO) and "__call__" in dir(kind) and uses is not None:
        manner = partial(with_call, uses=uses)
        counts = _operands(kind.forward, 1)  # type: ignore[attr-defined]
    else:
        return
    for several in _settings(kind):
        for given in several:
            shown = f"{name}({arguments_of(given)})" if given else name
            found = list(_first_that_runs(shown, kind, manner(partial(kind, **given)), counts))
            if found:
                yield from found
                break


def _operands(function: Callable[..., Any], own: int) -> tuple[int, ...]:
    """Numbers of operands that are tried, from the signature without its first `own` arguments."""
    parameters = list(inspect.signature(function).parameters.values())
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return (1, 2, 3)
    count = sum(p.default is inspect.Parameter.empty for p in parameters) - own
    return (count,) if count in SHAPES else ()


def _settings(kind: type) -> Iterator[list[dict[str, Any]]]:
    """Ways of making an instance, of each list the first that works: without axes, and with one."""
    required = required_arguments(kind) or []
    if any(n not in SETTINGS for n in required):
        return
    rest = {n: SETTINGS[n][0] for n in required}
    axes = next((n for n in inspect.signature(kind).parameters if n in AXES), None)
    if axes is None or axes not in required:
        yield [{**rest, n: value} for n in required[:1] for value in SETTINGS[n]] or [{}]
    if axes is not None:
        yield [{**rest, axes: value} for value in SETTINGS[axes]]


def _first_that_runs(
    name: str, kind: type, calls: Iterator[Call], counts: tuple[int, ...]
) -> Iterator[tuple[Call, Pair]]:
    """The pair of the first call and operands with gradients of the operands' shapes; else where forward runs."""
    numbers_only = any(NUMBERS_ONLY in base.__name__ for base in kind.__mro__[1:])
    runs: tuple[Call, Pair] | None = None
    for call in calls:
        for shapes in (shapes for count in counts for shapes in SHAPES[count]):
            if numbers_only and any(shapes):
                continue
            for operands in _drawn(shapes):
                value, fits = _tried(call, operands)
                if value is None:
                    continue
                made = (call, _pair(name, kind, call, operands))
                if fits:
                    yield made
                    return
                runs = runs or made
    if runs is not None:
        yield runs


def _drawn(shapes: tuple[tuple[int, ...], ...]) -> Iterator[tuple[Any, ...]]:
    for low, high in RANGES:
        random = np.random.default_rng(len(shapes))
        yield tuple(np.asarray(random.uniform(low, high, size=shape)) for shape in shapes)


def _tried(call: Call, operands: tuple[Any, ...]) -> tuple[Any, bool]:
    """The value, None where forward does not run; and whether the gradients have the operands' shapes."""
    try:
        with np.errstate(all="ignore"):
            value, kept = call.forward(*_given(operands))
            shape = np.shape(value)
            if not np.all(np.isfinite(np.asarray(value, dtype=float))):
                return None, False
    except Exception:  # what a foreign op raises says that it is not called so
        return None, False
    try:
        with np.errstate(all="ignore"):
            back = call.backward(kept, _given((np.ones(shape),))[0])
            fits = all(g is None or np.shape(g) == np.shape(x) for g, x in zip(back, operands, strict=True))
            np.asarray([np.sum(g) for g in back if g is not None], dtype=float)
        return value, fits
    except Exception:  # it may be the op's own mistake, which the check will show
        return value, False


def _given(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arrays without axes as floats, where they are plain arrays."""
    return tuple(float(x) if type(x) is np.ndarray and not x.ndim else x for x in operands)


def _pair(name: str, kind: type, call: Call, operands: tuple[Any, ...]) -> Pair:
    def f(*inputs: Any) -> Any:
        return np.asarray(call.forward(*_given(inputs))[0])

    def vjp(cotangent: Any, *inputs: Any) -> Any:
        _, kept = call.forward(*_given(inputs))
        answers = call.backward(kept, _given((cotangent,))[0])
        back = [np.zeros(np.shape(x)) if g is None else g for g, x in zip(answers, inputs, strict=True)]
        return tuple(back) if len(inputs) > 1 else back[0]

    shown = kind.__name__
    ahead, back = (
        next(n for n in names if hasattr(kind, n)) for names in (("compute", "forward"), ("gradient", "backward"))
    )
    arguments = _argument_names(getattr(kind, ahead), len(operands))
    own = called(f, getattr(kind, ahead), f"{shown}.{ahead}", arguments)
    derivative = called(vjp, getattr(kind, back), f"{shown}.{back}", ["cotangent", *arguments])
    return Pair(name, "vjp", own, derivative, operands, shown=shown)


def _argument_names(forward: Callable[..., Any], count: int) -> list[str]:
    """The names of the operands in the class's own forward, without what comes before them; else x1, x2."""
    required = (required_arguments(forward) or [])[-count:]
    return required if len(required) == count else [f"x{k + 1}" for k in range(count)] if count > 1 else ["x"]
