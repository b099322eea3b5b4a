"""Calls of ufuncs with traced operands: `__call__`, `outer`, `reduce`, `accumulate` and `at`, with out= and where=."""

from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.complex_traced import call_complex, is_complex
from gradcheck.tracing.lifting import lift
from gradcheck.tracing.registry import METHODS, UFUNCS, unsupported
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import is_traced, plain_constants


def call_ufunc(trace: Trace, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A ufunc or one of its methods, with at least one traced operand; Unsupported if no handler is registered."""
    if any(is_complex(x) for x in inputs):
        return call_complex(ufunc, method, inputs, kwargs)
    out = kwargs.pop("out", None)
    where = kwargs.pop("where", True)
    dtype = kwargs.pop("dtype", None)
    for name in ("casting", "order", "subok"):
        kwargs.pop(name, None)
    if method == "__call__":
        handler = UFUNCS.get(ufunc.__name__)
        if handler is None or kwargs:
            plain = plain_constants(inputs)
            if plain is None:
                raise Unsupported(unsupported(f"the ufunc {ufunc.__name__}"))
            result = ufunc(*plain, **kwargs)
        else:
            result = handler(trace, *inputs)
    elif method == "outer":
        left, right = (lift(trace, x) for x in inputs)
        expanded = left[(...,) + (None,) * right.ndim] if right.ndim else left
        result = call_ufunc(trace, ufunc, "__call__", (expanded, right), kwargs)
    else:
        handler = METHODS.get((ufunc.__name__, method))
        if handler is None:
            raise Unsupported(unsupported(f"np.{ufunc.__name__}.{method}"))
        if where is not True:
            kwargs["where"], where = where, True
        result = handler(trace, *inputs, **kwargs)
    if dtype is not None and is_traced(result):
        result = result.astype(dtype)
    if out is None:
        if where is not True:
            raise Unsupported("a ufunc with where= but without out= leaves entries undefined; give it out=")
        return result
    targets = out if isinstance(out, tuple) else (out,)
    results = result if isinstance(result, tuple) else (result,)
    for target, value in zip(targets, results, strict=True):
        store(trace, target, value, where)
    return targets[0] if len(targets) == 1 else targets


def store(trace: Trace, target: Any, value: Any, where: Any = True) -> None:
    """Write a result into `target`, as out= and where= ask."""
    if is_traced(target):
        target[...] = value if where is True else np.where(where, value, target)
    elif target.dtype == object:
        cells = lift(trace, value).ravel()
        for k, place in enumerate(np.ndindex(*target.shape)):
            if where is True or np.broadcast_to(where, target.shape)[place]:
                target[place] = cells[k]
    elif is_traced(value):
        raise trace.refuse(
            f"a traced result was to be written into a plain buffer of dtype {target.dtype}: its derivative would be "
            "lost; make the buffer with np.zeros_like(x) of a traced x"
        )
    else:
        np.copyto(target, value, where=where)
