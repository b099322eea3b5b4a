"""The array that user code computes with while it is being recorded.

A `Traced` behaves like a float ndarray: ufuncs, array functions, operators, methods, indexing, views and in-place
changes. Nothing in it can be read as a float, since that would drop the derivative: `float(x)` raises `BecameFloat`.
Comparisons return plain truth values (see `trace` on how they are decided). The NumPy functions that it
supports are listed in `registry`; `handlers.methods` adds the operators, and methods that stand for functions.
"""

import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array, Shape
from gradcheck.numbers.asked_dtypes import spare_reference
from gradcheck.tracing.registry import DIVERSIONS, FUNCTIONS, TO_COMPLEX, TRACED_TYPES, unsupported
from gradcheck.tracing.storage import Storage
from gradcheck.tracing.trace import Trace, positions


class Traced:
    """A recorded array: a node of the record, or a view of changeable memory."""

    __slots__ = ("_index", "_seen", "_slot", "_storage", "dtype", "run", "scalar", "shape", "weak")

    __array_priority__ = 1e6
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        trace: Trace,
        slot: int,
        *,
        weak: bool = False,
        scalar: bool | None = None,
        dtype: np.dtype[Any] | None = None,
    ) -> None:
        node = trace.record.nodes[slot]
        self.run = trace
        self.shape: Shape = node.shape
        self.dtype: np.dtype[Any] = dtype or node.dtype
        self.weak = weak  # a Python number, which takes the dtype of the other operand
        self.scalar = node.shape == () if scalar is None else scalar  # as immutable as np.float64
        self._slot = slot
        self._storage: Storage | None = None
        self._index: Array | None = None
        self._seen = 0

    @classmethod
    def view_of(cls, base: "Traced", local: Array) -> "Traced":
        """A view of `base` that shows its entries at flat positions `local`."""
        return cls.in_memory(base, base.memory().ravel()[local])

    @classmethod
    def in_memory(cls, base: "Traced", index: Array) -> "Traced":
        """A view of the storage behind `base` at flat positions `index`."""
        self = cls.__new__(cls)
        self.run, self.dtype, self.shape = base.run, base.dtype, index.shape
        self.weak = self.scalar = False
        self._storage, self._index = base.storage(), index
        self._slot, self._seen = -1, -1
        return self

    @property
    def slot(self) -> int:
        """The node that holds the current value."""
        storage = self._storage
        if storage is not None and storage.version != self._seen:
            self._slot = storage.read(self.memory())
            self._seen = storage.version
        return self._slot

    def storage(self) -> Storage:
        """The memory behind this array, made on first need."""
        if self._storage is None:
            self._storage = Storage(self.run, self._slot)
        return self._storage

    def memory(self) -> Array:
        """Positions in the storage, one per entry."""
        if self._index is None:
            self._index = positions(self.shape)
        return self._index

    if TYPE_CHECKING:  # added by `handlers.indexing` and `handlers.methods`

        def __getitem__(self, key: Any) -> Any: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...

    # -- attributes ------------------------------------------------------------------------------------------------

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """np.ndarray, because user code asks `isinstance(x, np.ndarray)` and expects True."""
        return np.ndarray

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes per entry of a float array of this dtype."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of a float array of this shape and dtype."""
        return self.size * self.dtype.itemsize

    @property
    def flags(self) -> Any:
        """The flags of a float array of this shape and these strides."""
        if self._index is None:
            return np.empty(self.shape, self.dtype).flags
        return as_strided(np.empty(1, self.dtype), self.shape, self.strides).flags

    @property
    def strides(self) -> tuple[int, ...]:
        """The strides of a float array of this shape, in bytes; those of a view are the distances of its entries."""
        index = self._index
        if index is None or not index.size:
            return np.empty(self.shape, self.dtype).strides
        corner = (0,) * index.ndim
        ends = [(*corner[:k], min(1, n - 1), *corner[k + 1 :]) for k, n in enumerate(self.shape)]
        return tuple(int(index[end] - index[corner]) * self.dtype.itemsize for end in ends)

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """The axes reversed; a view."""
        return np.transpose(self)

    @property
    def mT(self) -> Any:  # noqa: N802 (NumPy's name)
        """The last two axes exchanged; a view."""
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> "Traced":
        """The array itself: traced numbers are real."""
        return self

    @property
    def imag(self) -> Array:
        """Plain zeros: traced numbers are real."""
        return np.zeros(self.shape, self.dtype)

    @property
    def flat(self) -> Any:
        """An iterator over the entries in C order."""
        return iter(self.ravel())

    @property
    def varies(self) -> bool:
        """Whether the array depends on an input."""
        return self.run.record.nodes[self.slot].varies

    def constant_value(self) -> Array:
        """The plain value of a structural constant, whose derivative is 0."""
        return self.run.balls.midpoint(self.run.values[self.slot])

    # -- protocols -------------------------------------------------------------------------------------------------

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        for diversion in DIVERSIONS:
            if (answer := diversion(function, args, kwargs)) is not NotImplemented:
                return answer
        handler = FUNCTIONS.get(function)
        if handler is not None:
            out = kwargs.pop("out", None)
            value = handler(self.run, *args, **kwargs)
            return value if out is None else self._written(out[0] if isinstance(out, tuple) else out, value)
        plain = plain_constants((args, kwargs))
        if plain is None:
            raise Unsupported(unsupported(f"np.{function.__name__}"))
        return function(*plain[0], **plain[1])

    def _written(self, target: Any, value: Any) -> Any:
        """The result of a call with out=target."""
        if not is_traced(target):
            raise self.run.refuse(
                "a traced result was to be written into a plain array with out=: its derivative would be lost; make "
                "the buffer with np.zeros_like(x) of a traced x"
            )
        target[...] = value
        return target

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if sys._getframe(1).f_code is as_strided.__code__:  # it would read beyond the memory of what it gets here
            raise self.run.refuse("np.lib.stride_tricks.as_strided of a traced array, called inside a library")
        if not self.varies:
            return self.constant_value().astype(self.dtype if dtype is None else dtype)
        if (dtype is not None and np.dtype(dtype).kind == "O") or (dtype is None and self.run.buffers):
            out = np.empty(self.shape, dtype=object)
            flat = self.ravel()
            for k, where in enumerate(np.ndindex(*self.shape)):
                out[where] = flat[k]
            return out
        spare_reference(dtype)
        raise self.run.refuse(
            "a traced array was made into a plain one (np.asarray, np.array, a float buffer or a function outside "
            "NumPy): its derivative would be lost; compute on the array itself, or use an object buffer"
        )

    def __float__(self) -> float:
        if not self.varies:
            return float(self.constant_value().item())
        raise self.run.refuse(
            "a traced number was made into a float (float(x), the math module, or assignment into a float buffer): "
            "its derivative would be lost; use NumPy's functions and np.zeros_like(x) or object buffers"
        )

    def __complex__(self) -> complex:
        raise self.run.refuse("a traced number was made into a complex number: its derivative would be lost")

    def __index__(self) -> int:
        raise TypeError("only integers can be an index; a traced float is none (use int(x) or x.astype(int))")

    def __int__(self) -> int:
        return int(self.astype(int))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError("the truth value of an array with more than one element is ambiguous")
        return bool(np.all(np.not_equal(self, 0)))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[k] for k in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(np.equal(self, value)))

    def __repr__(self) -> str:
        return f"traced({np.array2string(self.run.balls.midpoint(self.run.values[self.slot]))})"

    def __format__(self, specification: str) -> str:
        if specification and self.size == 1:
            return format(self.run.balls.midpoint(self.run.values[self.slot]).item(), specification)
        return repr(self)

    def __copy__(self) -> "Traced":
        return self.copy()

    def __deepcopy__(self, memo: Any) -> "Traced":
        return self.copy()

    def __round__(self, digits: int | None = None) -> Any:
        return np.rint(self).astype(int).item() if digits is None else np.round(self, digits)

    # -- methods -----------------------------------------------------------------------------------------------------

    def copy(self, order: str = "C") -> "Traced":
        """The same values in memory of their own; `order` has no effect."""
        return Traced(self.run, self.slot, scalar=False, dtype=self.dtype)

    def astype(self, dtype: Any, **_: Any) -> Any:
        """Traced for a float dtype, plain for integers and booleans, object for object; complex for
        a complex one; BecameFloat for any other."""
        target = np.dtype(dtype)
        if target.kind == "f":
            return cast(self, target)
        if target.kind in "iu":
            return np.asarray(np.trunc(self)).astype(target)
        if target.kind == "b":
            return np.not_equal(self, 0)
        if target.kind == "O":
            return self.__array__(object)
        if target.kind == "c" and TO_COMPLEX:
            return TO_COMPLEX[0](self)
        raise self.run.refuse(f"a traced array was made into dtype {target}: its derivative would be lost")

    def item(self, *where: Any) -> Any:
        """One entry, still traced. Without an index the array must have one entry, else ValueError."""
        if not where:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return self.ravel()[0]
        return self[where] if len(where) == self.ndim else self.ravel()[where[0]]

    def tolist(self) -> Any:
        """Nested lists of traced scalars."""
        return [row.tolist() for row in self] if self.shape else self

    def fill(self, value: Any) -> None:
        """Assign one value to every entry."""
        self[...] = value

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """As `ndarray.reshape`."""
        target = shape[0] if len(shape) == 1 else shape
        return np.reshape(self, target, order=order)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Any:
        """As `ndarray.transpose`."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return np.transpose(self, order)

    def flatten(self, order: str = "C") -> Any:
        """A copy with one axis."""
        return np.ravel(self, order=order).copy()  # type: ignore[call-overload]

    def sort(self, axis: int = -1, **kwargs: Any) -> None:
        """Sort in place along an axis."""
        self[...] = np.sort(self, axis=axis, **kwargs)

    def conj(self) -> "Traced":
        """The array itself: traced numbers are real."""
        return self

    def conjugate(self) -> "Traced":
        """The array itself: traced numbers are real."""
        return self

    def view(self, *_: Any) -> "Traced":
        """A view of the whole array; a dtype or type given is ignored."""
        return Traced.view_of(self, positions(self.shape))

    def dot(self, other: Any) -> Any:
        """As `np.dot`."""
        return np.dot(self, other)

    def ravel(self, order: str = "C") -> Any:
        """One axis; a view where NumPy makes one."""
        return np.ravel(self, order=order)  # type: ignore[call-overload]


TRACED_TYPES.add(Traced)


def is_traced(value: Any) -> bool:
    """Whether a value is a `Traced`, which `isinstance` could not tell from an ndarray."""
    return type(value) is Traced


def view_or_copy(base: Traced, local: Array, picked: Any) -> Traced:
    """The result of a structural operation that turned the positions `local` of `base` into `picked`.

    If NumPy made a view of the position array, the same operation makes a view of a float array.
    """
    if isinstance(picked, np.ndarray) and np.may_share_memory(local, picked):
        return Traced.view_of(base, picked)
    slot = base.run.gather((base.slot,), np.asarray(picked), base.dtype)
    return Traced(base.run, slot, dtype=base.dtype, scalar=not isinstance(picked, np.ndarray))


def cast(x: Traced, dtype: np.dtype[Any]) -> Traced:
    """The same numbers, rounding from now on as `dtype` does; the cast's own rounding is the next operation's."""
    if dtype == x.dtype:
        return x.copy() if not x.scalar else x
    x.run.casts.add(dtype)
    return Traced(x.run, x.slot, dtype=dtype, scalar=x.scalar)


def plain_constants(value: Any) -> Any:
    """Nested arguments with structural constants made plain, or None if something in them varies."""
    if is_traced(value):
        return None if value.varies else value.constant_value()
    if type(value) in TRACED_TYPES:  # complex
        return None if value.real.varies or value.imag.varies else np.asarray(value)
    if isinstance(value, list | tuple):
        parts = [plain_constants(v) for v in value]
        lost = any(p is None and v is not None for p, v in zip(parts, value, strict=True))
        return None if lost else type(value)(parts)
    if isinstance(value, dict):
        parts = [plain_constants(v) for v in value.values()]
        lost = any(p is None and v is not None for p, v in zip(parts, value.values(), strict=True))
        return None if lost else dict(zip(value, parts, strict=True))
    if isinstance(value, np.ndarray) and value.dtype == object:
        entries = plain_constants(value.ravel().tolist())
        return value if value.size == 0 or not any(map(is_traced, value.flat)) else _in_shape(entries, value.shape)
    return value


def _in_shape(entries: list[Any] | None, shape: tuple[int, ...]) -> Any:
    return None if entries is None else np.array(entries).reshape(shape)
