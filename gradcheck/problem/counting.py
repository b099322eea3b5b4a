"""Arrays that count the element operations of a computation, without a clock.

    meter = Meter()
    y = f(counted(x, meter))        # f's own NumPy code, unchanged
    meter.operations

One operation is one element of an element-wise result (a comparison or a square root as much as a sum); a product of
(m, k) and (k, n) counts 2 m k n; a reduction counts the elements that it reads. Moving elements about is free. Numbers
that leave the array (`float(x)`, `x.tolist()`) are no longer counted.

No attribute of an array leads to the count: code under test can add to it but not set it. `changed` names the parts of
the counting, and of NumPy, that were replaced. Code in the same process can still evade the count in three ways. It can
compute on plain copies of the arrays (`numpy.asarray(x)`), which is seen only if that hides more than `judge.cost`
allows; replace a function for a while and restore it; or find the counter in the interpreter's frames or by the garbage
collector.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from types import GeneratorType
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.problem.untouched import Untouched


class TooManyOperations(BaseException):
    """The limit on operations is exceeded; not an Exception, so that code under test does not catch it by chance."""


class Meter:
    """Counts the operations of all arrays that come from one computation.

    Parameters
    ----------
    most: the operation that exceeds this number raises TooManyOperations, as does every later one.
    """

    def __init__(self, most: int | None = None) -> None:
        add = cast("GeneratorType[int, int, None]", _total())
        next(add)

        def count(operations: int) -> None:
            total = add.send(operations)
            if most is not None and total > most:
                raise TooManyOperations(most)

        self._total = add
        self.most = most
        # An array reaches its meter only by its class, and the class only by the closure of its function.
        parts = {"__slots__": (), "_count": staticmethod(count)}
        self.kind = cast("type[Counted]", _Sealed("Counting", (Counted,), parts))
        self._kind_untouched = Untouched({"Counting": self.kind})

    @property
    def operations(self) -> int:
        """Number of operations counted so far; 0 if the subject has ended the counter, which `changed` reports."""
        return 0 if self._total.gi_frame is None else self._total.send(0)

    @property
    def exceeded(self) -> bool:
        """Whether the limit was exceeded."""
        return self.most is not None and self.operations > self.most

    def changed(self) -> tuple[str, ...]:
        """Names of the counting parts that were replaced, so that the count means nothing; empty if none was."""
        ended = ("the counter",) if self._total.gi_frame is None else ()
        return (*ended, *self._kind_untouched.changed(), *_UNTOUCHED.changed())


def _total() -> Generator[int, int, None]:
    """A number that can only be added to: a generator's variables cannot be assigned from outside."""
    total = 0
    while True:
        total += max(0, (yield total))


class _Sealed(type):
    """A class whose attributes cannot be changed."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise TypeError(f"{cls.__name__}.{name} cannot be set: arrays that count stay as they are")

    def __delattr__(cls, name: str) -> None:
        raise TypeError(f"{cls.__name__}.{name} cannot be deleted: arrays that count stay as they are")


class Counted(np.ndarray[Any, Any], metaclass=_Sealed):
    """An array whose operations are counted; results, scalars included, are counted arrays too."""

    __slots__ = ()

    @staticmethod
    def _count(operations: int) -> None:
        """Add to the count; a class that no meter made counts nothing."""

    def __array_finalize__(self, source: Any) -> None:
        if isinstance(source, Counted) and type(source) is not type(self):
            raise TypeError("an array that counts for one computation cannot count for another")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        kind = _kind(self, (*inputs, *options.get("out", ())))
        plain = [_plain(value) for value in inputs]
        if "out" in options:
            options["out"] = tuple(_plain(value) for value in options["out"])
        if "where" in options:
            options["where"] = _plain(options["where"])
        answer = getattr(ufunc, method)(*plain, **options)
        kind._count(_operations(ufunc, method, plain, answer))
        if answer is None:  # `add.at` works in place
            return None
        if isinstance(answer, tuple):
            return tuple(_as(kind, each) for each in answer)
        return _as(kind, answer)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        kind = _kind(self, [*args, *options.values()])
        if function not in _FUNCTIONS:  # their ufuncs are counted when called
            return _counted_parts(super().__array_function__(function, types, args, options), kind)
        plain = [_plain(value) for value in args]
        answer = function(*plain, **{name: _plain(value) for name, value in options.items()})
        kind._count(_FUNCTIONS[function](plain, answer))
        return _counted_parts(answer, kind)

    def __getitem__(self, key: Any) -> Any:
        picked = super().__getitem__(key)
        return picked if isinstance(picked, np.ndarray) else _as(type(self), picked)

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
    return _as(meter.kind, value)


def _as(kind: type[Counted], value: ArrayLike) -> Counted:
    return np.asarray(value).view(kind)


def _plain(value: Any) -> Any:
    if isinstance(value, Counted):
        return value.view(np.ndarray)
    if isinstance(value, list | tuple):
        return type(value)(_plain(each) for each in value)
    return value


def _counted_parts(answer: Any, kind: type[Counted]) -> Any:
    """Arrays and NumPy's scalars count on, in tuples and lists too; `where` and `concatenate` return bare ones."""
    if isinstance(answer, np.ndarray | np.number):
        return _as(kind, answer)
    if type(answer) in (tuple, list):
        return type(answer)(_counted_parts(each, kind) for each in answer)
    return answer


def _kind(array: Counted, values: Sequence[Any]) -> type[Counted]:
    """The class of all arrays that count among `values`, of which `array` is one; TypeError if there are two."""
    kind = type(array)
    for value in values:
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, Counted) and type(each) is not kind:
                raise TypeError("arrays that count for different computations cannot be mixed")
    return kind


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
"""Array functions whose arithmetic is not done by counted ufuncs; all others use these, or only move elements."""

_UNTOUCHED = Untouched(
    {"numpy": np, "numpy.linalg": np.linalg, "counting": sys.modules[__name__], "Counted": Counted, "Meter": Meter}
)
"""The state when this module was imported, before any code under test was."""
