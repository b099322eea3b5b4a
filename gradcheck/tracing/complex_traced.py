"""Complex arrays of a traced function: a pair of real traced arrays, the real and the imaginary part.

Every operation is recorded in real numbers, so that the sweeps, the balls and the rounding are those of real functions.
The NumPy functions that it supports are in `handlers.complex_functions`; `handlers.complex_ufuncs` has the arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array, Shape
from gradcheck.numbers.asked_dtypes import spare_reference
from gradcheck.tracing.lifting import contains_traced, lift
from gradcheck.tracing.registry import DIVERSIONS, TO_COMPLEX, TRACED_TYPES, unsupported
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import Traced, is_traced

COMPLEX_UFUNCS: dict[str, Callable[..., Any]] = {}
"""Name of a ufunc -> handler(*operands), of which some are complex."""
COMPLEX_FUNCTIONS: dict[Any, Callable[..., Any]] = {}
"""A NumPy function -> handler(*args, **kwargs), with the function's own signature."""


class ComplexTraced:
    """A recorded complex array."""

    __slots__ = ("imag", "real", "run")

    __array_priority__ = 2e6
    __hash__ = None  # type: ignore[assignment] # changeable, as an array is

    def __init__(self, real: Any, imag: Any) -> None:
        trace = real.run if is_traced(real) else imag.run
        self.run: Trace = trace
        re: Any = lift(trace, real)
        im: Any = lift(trace, imag)
        if re.shape != im.shape:
            both: Any = np.broadcast_shapes(re.shape, im.shape)
            re, im = (part if part.shape == both else np.broadcast_to(part, both) for part in (re, im))
        self.real: Any = re
        self.imag: Any = im

    @property  # type: ignore[misc] # isinstance asks this of the object
    def __class__(self) -> Any:
        """np.ndarray, because user code asks `isinstance(z, np.ndarray)` and expects True."""
        return np.ndarray

    @property
    def shape(self) -> Shape:
        """The shape."""
        return tuple(self.real.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """complex64 for float32 parts, else complex128."""
        return np.dtype(np.complex64 if self.real.dtype == np.float32 else np.complex128)

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """The axes reversed."""
        return self.transpose()

    @property
    def flat(self) -> Any:
        """An iterator over the entries."""
        return iter(self.ravel())

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return call_complex(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call_function(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if not (self.real.varies or self.imag.varies):
            return np.asarray(self.real.constant_value() + 1j * self.imag.constant_value())
        spare_reference(dtype)
        raise self.run.refuse(
            "a traced complex array was made into a plain one: its derivative would be lost; compute on the array"
        )

    def __complex__(self) -> complex:
        return complex(self.__array__().item())

    def __bool__(self) -> bool:
        return bool(np.all(call_complex(np.not_equal, "__call__", (self, 0), {})))

    def __getitem__(self, key: Any) -> Any:
        return ComplexTraced(self.real[key], self.imag[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        real, imag = parts(value)
        self.real[key] = real
        self.imag[key] = imag

    def __len__(self) -> int:
        return len(self.real)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        return f"traced({self.real!r} + i {self.imag!r})"

    def conj(self) -> Any:
        """The complex conjugate."""
        return ComplexTraced(self.real, -self.imag)

    conjugate = conj

    def copy(self, order: str = "C") -> Any:
        """The same values in memory of their own."""
        return ComplexTraced(self.real.copy(), self.imag.copy())

    def astype(self, dtype: Any, **_: Any) -> Any:
        """Another complex dtype; Unsupported for any other."""
        target = np.dtype(dtype)
        if target.kind != "c":
            raise Unsupported(f"a traced complex array was made into dtype {target}; take its .real or .imag")
        part = np.dtype(f"f{target.itemsize // 2}")
        return ComplexTraced(self.real.astype(part), self.imag.astype(part))

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """As `ndarray.reshape`."""
        return ComplexTraced(self.real.reshape(*shape, order=order), self.imag.reshape(*shape, order=order))

    def transpose(self, *axes: Any) -> Any:
        """As `ndarray.transpose`."""
        return ComplexTraced(self.real.transpose(*axes), self.imag.transpose(*axes))

    def ravel(self, order: str = "C") -> Any:
        """One axis."""
        return ComplexTraced(self.real.ravel(order), self.imag.ravel(order))

    flatten = ravel

    def item(self, *where: Any) -> Any:
        """One entry, still traced."""
        return ComplexTraced(self.real.item(*where), self.imag.item(*where))

    def tolist(self) -> Any:
        """Nested lists of traced scalars."""
        return [row.tolist() for row in self] if self.shape else self

    def dot(self, other: Any) -> Any:
        """As `np.dot`."""
        return call_function(np.dot, (self, other), {})


def is_complex(value: Any) -> bool:
    """Whether a value is complex: a traced one, a plain number, or a plain array."""
    if type(value) is ComplexTraced:
        return True
    if isinstance(value, list | tuple):
        return any(is_complex(v) for v in value)
    if is_traced(value) or isinstance(value, bool | int | float | str | type(None)):
        return False
    return isinstance(value, complex) or (isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "c")


def parts(value: Any) -> tuple[Any, Any]:
    """Real and imaginary part of whatever can be an operand."""
    if type(value) is ComplexTraced:
        return value.real, value.imag
    if is_traced(value):
        return value, np.zeros(value.shape)
    if isinstance(value, list | tuple) and (contains_traced(value) or is_complex(value)):
        both = [parts(v) for v in value]
        return np.stack([a for a, _ in both]), np.stack([b for _, b in both])
    array = np.asarray(value)
    return array.real, np.asarray(array.imag)


def trace_of(values: Any) -> Trace | None:
    """The trace of the first traced array among nested arguments."""
    if type(values) is ComplexTraced or is_traced(values):
        run: Trace = values.run
        return run
    if isinstance(values, list | tuple):
        return next((t for v in values if (t := trace_of(v)) is not None), None)
    if isinstance(values, dict):
        return trace_of(list(values.values()))
    return None


def of_parts(trace: Trace, value: Any) -> ComplexTraced:
    """Any operand as a traced complex array."""
    if type(value) is ComplexTraced:
        return value
    real, imag = parts(value)
    return ComplexTraced(lift(trace, real), lift(trace, imag))


def call_complex(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A ufunc with complex and traced operands; Unsupported if there is no handler."""
    kwargs = {k: v for k, v in kwargs.items() if k not in ("casting", "order", "subok", "dtype")}
    out = kwargs.pop("out", None)
    if method == "reduce" and ufunc in (np.add, np.multiply):
        function = np.sum if ufunc is np.add else np.prod
        return call_function(function, (inputs[0],), {"axis": 0, **kwargs})
    if method == "outer":
        a, b = (x if type(x) is ComplexTraced else np.asarray(x) if not is_traced(x) else x for x in inputs)
        return call_complex(ufunc, "__call__", (a.reshape(*a.shape, *(1,) * b.ndim), b), kwargs)
    handler = COMPLEX_UFUNCS.get(ufunc.__name__)
    if handler is None or method != "__call__" or kwargs:
        raise Unsupported(unsupported(f"np.{ufunc.__name__} of complex numbers"))
    value = handler(*inputs)
    if out is None:
        return value
    target = out[0] if isinstance(out, tuple) else out
    if type(target) is not ComplexTraced and not is_traced(target):
        raise Unsupported("a traced complex result was to be written into a plain array with out=")
    target[...] = value
    return target


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A NumPy function with complex and traced arguments; Unsupported if there is no handler."""
    handler = COMPLEX_FUNCTIONS.get(function)
    if handler is None:
        raise Unsupported(unsupported(f"np.{function.__name__} of complex numbers"))
    return handler(*args, **kwargs)


def _binary(ufunc: Any, *, reflected: bool = False) -> Callable[[ComplexTraced, Any], Any]:
    def operate(self: ComplexTraced, other: Any) -> Any:
        return call_complex(ufunc, "__call__", (other, self) if reflected else (self, other), {})

    return operate


def _in_place(ufunc: Any) -> Callable[[ComplexTraced, Any], Any]:
    def operate(self: ComplexTraced, other: Any) -> Any:
        value = call_complex(ufunc, "__call__", (self, other), {})
        if not self.shape:
            return value
        self[...] = value
        return self

    return operate


def _method(name: str) -> Callable[..., Any]:
    def call(self: ComplexTraced, *args: Any, **kwargs: Any) -> Any:
        return call_function(getattr(np, name), (self, *args), kwargs)

    return call


for _name, _ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "pow": np.power,
    "matmul": np.matmul,
}.items():
    setattr(ComplexTraced, f"__{_name}__", _binary(_ufunc))
    setattr(ComplexTraced, f"__r{_name}__", _binary(_ufunc, reflected=True))
    setattr(ComplexTraced, f"__i{_name}__", _in_place(_ufunc))
for _name, _ufunc in {"eq": np.equal, "ne": np.not_equal}.items():
    setattr(ComplexTraced, f"__{_name}__", _binary(_ufunc))
for _name, _ufunc in {"neg": np.negative, "pos": np.positive, "abs": np.absolute}.items():
    setattr(ComplexTraced, f"__{_name}__", lambda self, ufunc=_ufunc: call_complex(ufunc, "__call__", (self,), {}))
for _name in ("sum", "mean", "cumsum", "prod", "trace", "squeeze", "swapaxes", "diagonal", "take", "repeat"):
    setattr(ComplexTraced, _name, _method(_name))


def from_real(x: Traced) -> ComplexTraced:
    """A real traced array as a complex one."""
    return ComplexTraced(x, np.zeros(x.shape))


def _diverted(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A call of a NumPy function that has complex arguments."""
    if not is_complex(list(args)) and not is_complex(list(kwargs.values())):
        return NotImplemented
    return call_function(function, args, kwargs)


TRACED_TYPES.add(ComplexTraced)
DIVERSIONS.append(_diverted)
TO_COMPLEX.append(from_real)
