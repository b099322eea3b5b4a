"""Arrays that count: how many element operations a computation takes, without a clock.

    meter = Meter()
    y = f(counted(x, meter))        # f's own NumPy code, unchanged
    meter.operations

One operation is one element of an element-wise result (a comparison or a square root as much as a sum); a product of
(m, k) and (k, n) counts 2 m k n; a reduction counts the elements that it reads. Moving elements about is free. Whatever
leaves the array (`float(x)`, `x.tolist()`) is out of sight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class Meter:
    """Counts operations; shared by all arrays that come from one computation."""

    def __init__(self) -> None:
        self.operations = 0


class Counted(np.ndarray[Any, Any]):
    """An array whose operations are counted; whatever is computed from it is one, too, scalars included."""

    meter: Meter | None

    def __array_finalize__(self, source: Any) -> None:
        self.meter = getattr(source, "meter", None)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        meter = _meter((*inputs, *options.get("out", ())))
        plain = [_plain(value) for value in inputs]
        if "out" in options:
            options["out"] = tuple(_plain(value) for value in options["out"])
        if "where" in options:
            options["where"] = _plain(options["where"])
        answer = getattr(ufunc, method)(*plain, **options)
        meter.operations += _operations(ufunc, method, plain, answer)
        if answer is None:  # `add.at` works in place
            return None
        if isinstance(answer, tuple):
            return tuple(counted(each, meter) for each in answer)
        return counted(answer, meter)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        meter = _meter([*args, *options.values()])
        if function not in _FUNCTIONS:  # what they compute with ufuncs is counted there
            return _counted_parts(super().__array_function__(function, types, args, options), meter)
        plain = [_plain(value) for value in args]
        answer = function(*plain, **{name: _plain(value) for name, value in options.items()})
        meter.operations += _FUNCTIONS[function](plain, answer)
        return _counted_parts(answer, meter)

    def __getitem__(self, key: Any) -> Any:
        picked = super().__getitem__(key)
        return picked if isinstance(picked, np.ndarray) else counted(picked, _meter((self,)))

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[k] for k in range(len(self)))

    def dot(self, other: ArrayLike, out: Any = None) -> Any:
        """As `numpy.dot`."""
        return np.dot(self, other, out=out)

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """As `numpy.cumsum`."""
        return np.cumsum(self, axis=axis, dtype=dtype, out=out)

    def cumprod(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """As `numpy.cumprod`."""
        return np.cumprod(self, axis=axis, dtype=dtype, out=out)


def counted(value: ArrayLike, meter: Meter) -> Counted:
    """`value` as an array that counts; it shares the memory of an array."""
    array = np.asarray(value).view(Counted)
    array.meter = meter
    return array


def _plain(value: Any) -> Any:
    if isinstance(value, Counted):
        return value.view(np.ndarray)
    if isinstance(value, list | tuple):
        return type(value)(_plain(each) for each in value)
    return value


def _counted_parts(answer: Any, meter: Meter) -> Any:
    """Arrays and NumPy's scalars count on, in tuples and lists too; `where` and `concatenate` return bare ones."""
    if isinstance(answer, np.ndarray | np.number):
        return counted(answer, meter)
    if type(answer) in (tuple, list):
        return type(answer)(_counted_parts(each, meter) for each in answer)
    return answer


def _meter(values: Sequence[Any]) -> Meter:
    for value in values:
        if isinstance(value, list | tuple):
            inner = [each for each in value if isinstance(each, Counted)]
            value = inner[0] if inner else None
        if isinstance(value, Counted) and value.meter is not None:
            return value.meter
    return Meter()  # an array that nobody gave a meter, such as one from an unpickling


def _operations(ufunc: np.ufunc, method: str, inputs: Sequence[Any], answer: Any) -> int:
    if ufunc is np.matmul:
        return _product(inputs, answer)
    if method in ("reduce", "accumulate", "reduceat"):
        return np.size(inputs[0])
    if method == "at":
        return np.size(inputs[0][inputs[1]])
    results = answer if isinstance(answer, tuple) else (answer,)
    return sum(np.size(each) for each in results)


def _product(inputs: Sequence[Any], answer: Any) -> int:
    """A multiplication and an addition for each term of each entry: the inner length is the first factor's last."""
    shape = np.shape(inputs[0])
    return 2 * np.size(answer) * (shape[-1] if shape else 1)


def _einsum(inputs: Sequence[Any], answer: Any) -> int:
    """Every combination of index values is a product of its factors and a sum."""
    letters, *factors = inputs
    lengths: dict[str, int] = {}
    for term, factor in zip(str(letters).replace(" ", "").split("->")[0].split(","), factors, strict=False):
        lengths.update(zip(term.replace("...", ""), np.shape(factor)[-len(term.replace("...", "")) :], strict=False))
    return len(factors) * max(math.prod(lengths.values()), np.size(answer))


def _first(inputs: Sequence[Any], answer: Any) -> int:
    return np.size(inputs[0])


def _tensordot(inputs: Sequence[Any], answer: Any) -> int:
    """2 m k n, where (m k) (k n) (m n) is the square of m k n."""
    return 2 * math.isqrt(np.size(inputs[0]) * np.size(inputs[1]) * np.size(answer))


def _result(inputs: Sequence[Any], answer: Any) -> int:
    return np.size(answer)


_FUNCTIONS: Mapping[Any, Callable[[Sequence[Any], Any], int]] = {
    np.dot: _product,
    np.inner: _product,
    np.vdot: _product,
    np.tensordot: _tensordot,
    np.einsum: _einsum,
    np.outer: _result,
    np.kron: _result,
    np.linalg.norm: lambda inputs, _: 2 * np.size(inputs[0]),
    np.convolve: lambda inputs, _: 2 * np.size(inputs[0]) * np.size(inputs[1]),
    np.cumsum: _first,
    np.cumprod: _first,
    np.trace: _first,
}
"""Array functions whose arithmetic no ufunc of theirs would show; all others show it, or only move elements."""
