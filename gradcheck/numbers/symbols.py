"""Arrays of formulas: plain NumPy code, run on `Symbols`, gives its own closed form."""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array, object_array
from gradcheck.numbers.asked_dtypes import spare_reference
from gradcheck.numbers.symbol import FUNCTIONS, Sheet, Symbol

_TRUTH_VALUES = frozenset(
    ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isfinite", "isnan", "isinf")
)


def leaves(sheet: Sheet, name: str, values: Array, *, varies: bool = True) -> "Symbols":
    """A new symbol per entry of a float array: `w` for a scalar, `W[0,2]` otherwise."""
    data = np.empty(values.shape, dtype=object)
    for index in np.ndindex(values.shape):
        label = f"{name}[{','.join(map(str, index))}]" if index else name
        data[index] = sheet.leaf(label, float(values[index]), varies=varies)
    return Symbols(sheet, data)


def constants(sheet: Sheet, values: Array) -> "Symbols":
    """An array of the given numbers."""
    data = np.empty(values.shape, dtype=object)
    for index in np.ndindex(values.shape):
        data[index] = sheet.number(values[index].item())
    return Symbols(sheet, data)


class Symbols(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of Symbol elements of one sheet that answers NumPy's functions and methods.

    Structural functions run on the object array inside. Unsupported names a function that neither this class nor the
    elements' own operators support.
    """

    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, sheet: Sheet, data: Array) -> None:
        self.sheet, self.data = sheet, data

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    dtype = property(lambda self: self.sheet.dtype)
    T = property(lambda self: Symbols(self.sheet, self.data.T))
    real = property(lambda self: self)
    flat = property(lambda self: self.data.flat)

    def __repr__(self) -> str:
        return f"Symbols({self.data.tolist()!r})"

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> "Symbols":
        return Symbols(self.sheet, object_array(self.data[index]))

    def __setitem__(self, index: Any, value: Any) -> None:
        value = _plain(value)
        self.data[index] = value[()] if isinstance(value, np.ndarray) and not value.ndim else value

    def __bool__(self) -> bool:
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if dtype is not None and np.dtype(dtype) != object:
            spare_reference(dtype)
            self.sheet.refusal = f"an array of symbols cannot become {np.dtype(dtype)} without losing its derivative"
            raise TypeError(self.sheet.refusal)
        return self.data.copy() if copy else self.data

    def item(self) -> Symbol:
        """The only element."""
        only: Any = self.data.item()
        return self.sheet.lift(only)

    def astype(self, dtype: Any, **_: Any) -> "Symbols":
        """Itself: symbols are real numbers, which a cast to another float type would round."""
        if np.dtype(dtype).kind not in "fO":
            raise Unsupported(f"symbols cannot be cast to {np.dtype(dtype)}")
        return self

    def copy(self, order: str = "C") -> "Symbols":
        """A new array of the same elements."""
        return Symbols(self.sheet, self.data.copy())

    def reshape(self, *shape: Any, **options: Any) -> "Symbols":
        """The same elements in another shape."""
        return Symbols(self.sheet, self.data.reshape(*shape, **options))

    def transpose(self, *axes: Any) -> "Symbols":
        """The same elements with permuted axes."""
        return Symbols(self.sheet, self.data.transpose(*axes))

    def flatten(self) -> "Symbols":
        """The same elements along one axis."""
        return self.reshape(-1)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in _METHODS:
            raise AttributeError(f"arrays of symbols have no attribute {name!r}")
        return partial(getattr(np, name), self)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        name, out = ufunc.__name__, options.pop("out", None)
        inputs = tuple(_plain(i) for i in inputs)
        if method == "__call__" and name == "matmul" and not options:
            result: Any = _matmul(self.sheet, *inputs)
        elif method == "__call__" and name in FUNCTIONS and not options:
            result = np.frompyfunc(partial(_on_elements, self.sheet, FUNCTIONS[name]), ufunc.nin, 1)(*inputs)
            if name in _TRUTH_VALUES:
                return np.asarray(result, dtype=bool)[()]
        elif method == "reduce" and name in _REDUCTIONS:
            result = _REDUCTIONS[name](self.sheet, inputs[0], **{"axis": 0, **options})
        else:
            raise Unsupported(f"symbols do not know numpy.{name}{'' if method == '__call__' else f'.{method}'}")
        if out is None:
            return _wrap(self.sheet, result)
        out[0].data[...] = result
        return out[0]

    def __array_function__(self, function: Callable[..., Any], types: Iterable[type], args: Any, kwargs: Any) -> Any:
        if function in _ARRAY_FUNCTIONS:
            return _ARRAY_FUNCTIONS[function](*args, **kwargs)
        try:
            return _wrap(self.sheet, function(*_plain(args), **_plain(kwargs)))
        except (TypeError, AttributeError) as unknown:
            raise Unsupported(f"symbols do not know numpy.{function.__name__}: {unknown}") from None


_METHODS = frozenset(
    {
        *("all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal", "dot", "max", "mean"),
        *("min", "prod", "ravel", "repeat", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var"),
    }
)


def _on_elements(sheet: Sheet, function: Callable[..., Any], *elements: Any) -> Any:
    return function(*(sheet.lift(e) for e in elements))


def _plain(value: Any) -> Any:
    """Without the wrapper: object arrays instead of Symbols, inside of containers as well."""
    if isinstance(value, Symbols):
        return value.data
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(v) for v in value)
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return value


def _wrap(sheet: Sheet, value: Any) -> Any:
    if isinstance(value, Symbol) or (isinstance(value, np.ndarray) and value.dtype == object):
        return Symbols(sheet, object_array(value))
    if isinstance(value, (list, tuple)):
        return type(value)(_wrap(sheet, v) for v in value)
    return value


def _sum(sheet: Sheet, data: Any, axis: Any = None, keepdims: bool = False) -> Array:
    data = object_array(data)
    axes = [int(a) % data.ndim for a in (range(data.ndim) if axis is None else np.atleast_1d(axis))]
    kept = [a for a in range(data.ndim) if a not in axes]
    shape = [data.shape[a] for a in kept]
    count = math.prod(data.shape[a] for a in axes)
    rows = data.transpose(*kept, *axes).reshape(math.prod(shape), count)
    out = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        out[i] = sheet.total([sheet.lift(e) for e in row]) if count else sheet.number(0)
    return out.reshape([1 if a in axes else n for a, n in enumerate(data.shape)] if keepdims else shape)


def _log_sum(sheet: Sheet, data: Any, **options: Any) -> Array:
    exponentials = np.frompyfunc(lambda x: sheet.lift(x).call("exp"), 1, 1)(object_array(data))
    return object_array(np.frompyfunc(lambda x: x.call("log"), 1, 1)(_sum(sheet, exponentials, **options)))


def _matmul(sheet: Sheet, a: Any, b: Any) -> Array:
    a, b = np.asarray(a, dtype=object), np.asarray(b, dtype=object)
    rows = a[None, :] if a.ndim == 1 else a
    columns = b[:, None] if b.ndim == 1 else b
    lifted = np.frompyfunc(sheet.lift, 1, 1)
    products = lifted(rows)[..., :, :, None] * lifted(columns)[..., None, :, :]
    out = _sum(sheet, products, axis=-2)
    out = out[..., 0, :] if a.ndim == 1 else out
    return object_array(out[..., 0] if b.ndim == 1 else out)


_REDUCTIONS: dict[str, Callable[..., Array]] = {"add": _sum, "logaddexp": _log_sum}


def _np_sum(x: Symbols, axis: Any = None, keepdims: bool = False) -> Symbols:
    return Symbols(x.sheet, _sum(x.sheet, x.data, axis, keepdims))


def _np_mean(x: Symbols, axis: Any = None, keepdims: bool = False) -> Any:
    total = _np_sum(x, axis, keepdims)
    return total / (x.size // max(total.size, 1))


def _np_sinc(x: Symbols) -> Symbols:
    raise Unsupported("the code of numpy.sinc has pi to 53 bits, which no formula means")


_ARRAY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sum: _np_sum,
    np.mean: _np_mean,
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x, axis=None: x.size if axis is None else x.shape[axis],
    np.sinc: _np_sinc,
}
"""Functions that would otherwise go element by element, or lose the wrapper."""
