"""NumPy functions of complex traced arrays: linear ones part by part, products, Fourier transforms, linear algebra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.complex_traced import (
    COMPLEX_FUNCTIONS,
    COMPLEX_UFUNCS,
    ComplexTraced,
    is_complex,
    of_parts,
    parts,
    trace_of,
)
from gradcheck.tracing.handlers.complex_matrices import embedded, norm_by_singular_values
from gradcheck.tracing.registry import FUNCTIONS, numpy_functions
from gradcheck.tracing.traced import is_traced

LINEAR = (
    "reshape ravel transpose swapaxes moveaxis rollaxis squeeze expand_dims broadcast_to atleast_1d atleast_2d flip "
    "fliplr flipud roll rot90 diag diagonal trace tril triu take take_along_axis repeat tile concatenate stack hstack "
    "vstack dstack column_stack sum mean cumsum nansum delete diff copy split array_split hsplit "
    "vsplit"
)
"""Functions that treat real and imaginary part alike; arguments without complex numbers are passed on as they are."""


def _part_by_part(function: Any) -> Callable[..., Any]:
    def handler(*args: Any, **kwargs: Any) -> Any:
        real = function(*_parts_of(args, 0), **_parts_of(kwargs, 0))
        imag = function(*_parts_of(args, 1), **_parts_of(kwargs, 1))
        if isinstance(real, list | tuple):
            return type(real)(ComplexTraced(a, b) for a, b in zip(real, imag, strict=True))
        return ComplexTraced(real, imag) if is_traced(real) or is_traced(imag) else real + 1j * imag

    return handler


def _parts_of(value: Any, which: int) -> Any:
    """Nested arguments with their real (0) or imaginary (1) parts in place of arrays; other values stay."""
    if isinstance(value, dict):
        return {k: _parts_of(v, which) for k, v in value.items()}
    if isinstance(value, list | tuple) and any(_array(v) or isinstance(v, list | tuple) for v in value):
        return type(value)(_parts_of(v, which) for v in value)
    return parts(value)[which] if _array(value) else value


def _array(value: Any) -> bool:
    """Whether an argument is an array of values, not a shape, an axis or a table of indices."""
    return is_traced(value) or is_complex(value) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


for _function in numpy_functions(LINEAR):
    COMPLEX_FUNCTIONS[_function] = _part_by_part(_function)
for _function in numpy_functions("fftshift ifftshift", np.fft):
    COMPLEX_FUNCTIONS[_function] = _part_by_part(_function)


def _bilinear(function: Any) -> Callable[..., Any]:
    """A function of two arrays that is linear in each."""

    def handler(x: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        def product(a: Any, b: Any) -> Any:
            return function(a, b, *args, **kwargs)

        if not is_complex(x):
            c, d = parts(y)
            return ComplexTraced(product(x, c), product(x, d))
        if not is_complex(y):
            a, b = parts(x)
            return ComplexTraced(product(a, y), product(b, y))
        (a, b), (c, d) = parts(x), parts(y)
        return ComplexTraced(product(a, c) - product(b, d), product(a, d) + product(b, c))

    return handler


for _function in numpy_functions("dot inner outer tensordot kron convolve cross"):
    COMPLEX_FUNCTIONS[_function] = _bilinear(_function)


def _vdot(x: Any, y: Any) -> Any:
    return COMPLEX_FUNCTIONS[np.dot](_conj(_ravel(x)), _ravel(y))


def _ravel(x: Any) -> Any:
    return x.ravel() if type(x) is ComplexTraced or is_traced(x) else np.ravel(x)


def _conj(x: Any) -> Any:
    return x.conj() if type(x) is ComplexTraced else np.conj(x)


def _einsum(subscripts: Any, *operands: Any, **kwargs: Any) -> Any:
    """Linear in each operand: the sum over all choices of real and imaginary parts, with powers of i."""
    kwargs.pop("optimize", None)
    real: Any = 0.0
    imag: Any = 0.0
    choices: list[tuple[int, tuple[Any, ...]]] = [(0, ())]
    for x in operands:
        pair = parts(x) if is_complex(x) else (x,)
        choices = [(turns + k, (*chosen, part)) for turns, chosen in choices for k, part in enumerate(pair)]
    for turns, chosen in choices:
        term = np.einsum(subscripts, *chosen, **kwargs)
        sign = -1 if turns % 4 in (2, 3) else 1
        if turns % 2:
            imag = imag + sign * term
        else:
            real = real + sign * term
    return ComplexTraced(real, imag)


def _prod(x: Any, axis: Any = None, **kwargs: Any) -> Any:
    if axis is None:
        x, axis = x.ravel(), 0
    if kwargs:
        raise Unsupported("np.prod of complex numbers with further arguments cannot be traced")
    moved = COMPLEX_FUNCTIONS[np.moveaxis](x, axis, 0)
    total = moved[0]
    for k in range(1, moved.shape[0]):
        total = total * moved[k]
    return total


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """Both parts, each with its own part of the constants."""
    constants = kwargs.pop("constant_values", None)
    own: list[dict[str, Any]] = [{}, {}]
    if constants is not None:
        if any(is_traced(v) for v in np.asarray(constants, dtype=object).ravel()):
            raise Unsupported("np.pad with traced constant_values")
        own = [{"constant_values": np.real(constants)}, {"constant_values": np.imag(constants)}]
    a, b = parts(array)
    return ComplexTraced(
        *(np.pad(part, pad_width, mode, **kwargs, **more) for part, more in zip((a, b), own, strict=True))
    )


def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    """The weighted sum over the sum of the weights; weights have the shape of the array, or of the axis."""
    if returned:
        raise Unsupported("np.average of complex numbers with returned=True cannot be traced")
    if weights is None:
        return COMPLEX_FUNCTIONS[np.mean](a, axis=axis, keepdims=keepdims)
    if not is_complex(weights):
        real, imag = (np.average(part, axis=axis, weights=weights, keepdims=keepdims) for part in parts(a))
        return ComplexTraced(real, imag)
    raise Unsupported("np.average with complex weights cannot be traced")


def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    """Values may be a number or a list, which `np.concatenate` would not take."""
    arrays = [v if is_complex(v) or is_traced(v) else np.asarray(v) for v in (arr, values)]
    arrays = [_ravel(v) for v in arrays] if axis is None else arrays
    return COMPLEX_FUNCTIONS[np.concatenate](arrays, axis=0 if axis is None else axis)


def _var(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """The variances of both parts, added."""
    a, b = parts(x)
    return np.var(a, axis=axis, ddof=ddof, keepdims=keepdims) + np.var(b, axis=axis, ddof=ddof, keepdims=keepdims)


def _where(condition: Any, *values: Any) -> Any:
    if not values:
        raise Unsupported("np.where of a complex condition cannot be traced")
    (a, b), (c, d) = (parts(v) for v in values)
    return ComplexTraced(np.where(condition, a, c), np.where(condition, b, d))


def _angle(x: Any, deg: bool = False) -> Any:
    real, imag = parts(x)
    angle = np.arctan2(imag, real)
    return angle * (180 / np.pi) if deg else angle


def _zeros_like(x: Any, dtype: Any = None, **_: Any) -> Any:
    return ComplexTraced(np.zeros_like(x.real), np.zeros_like(x.real))


def _ones_like(x: Any, dtype: Any = None, **_: Any) -> Any:
    return ComplexTraced(np.ones_like(x.real), np.zeros_like(x.real))


def _norm(
    x: Any,
    ord: Any = None,  # noqa: A002 (NumPy's name)
    axis: Any = None,
    keepdims: bool = False,
) -> Any:
    if x.ndim == 2 and axis is None and not keepdims and ord in (2, -2, "nuc"):
        return norm_by_singular_values(x, ord)
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and x.ndim > 1):
        raise Unsupported(f"np.linalg.norm of complex numbers with ord={ord!r} cannot be traced")
    return np.sqrt(np.sum(x.real**2 + x.imag**2, axis=axis, keepdims=keepdims))


# -- Fourier transforms ----------------------------------------------------------------------------------------------


def _rotations(trace: Any, n: int, sign: int) -> Any:
    """exp(sign 2 pi i j k / n), exact: pi is 4 arctan 1, and the fractions are divided in the record's own numbers."""
    whole = np.outer(np.arange(n), np.arange(n)) % n
    one = of_parts(trace, np.ones(())).real
    turns: Any = of_parts(trace, 8.0 * whole).real * np.arctan(one) / float(n)
    return ComplexTraced(np.cos(turns), sign * np.sin(turns))


def _transform(x: Any, n: int | None, axis: int, norm: str | None, *, inverse: bool) -> Any:
    """The discrete Fourier transform along one axis, as a matrix product (NumPy's definitions)."""
    trace = trace_of(x)
    assert trace is not None
    z = of_parts(trace, x)
    z = COMPLEX_FUNCTIONS[np.moveaxis](z, axis, -1)
    length = z.shape[-1] if n is None else int(n)
    if length < z.shape[-1]:
        z = z[..., :length]
    elif length > z.shape[-1]:
        padding = [(0, 0)] * (z.ndim - 1) + [(0, length - z.shape[-1])]
        z = COMPLEX_FUNCTIONS[np.pad](z, padding)
    value = z @ _rotations(trace, length, 1 if inverse else -1)
    scaled = {None: inverse, "backward": inverse, "forward": not inverse, "ortho": None}[norm]
    if scaled is None:
        value = value / np.sqrt(float(length))
    elif scaled:
        value = value / float(length)
    return COMPLEX_FUNCTIONS[np.moveaxis](value, -1, axis)


def _fft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    return _transform(a, n, axis, norm, inverse=False)


def _ifft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    return _transform(a, n, axis, norm, inverse=True)


def _rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    value = COMPLEX_FUNCTIONS[np.moveaxis](_transform(a, n, axis, norm, inverse=False), axis, -1)
    return COMPLEX_FUNCTIONS[np.moveaxis](value[..., : value.shape[-1] // 2 + 1], -1, axis)


def _irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """The inverse of rfft: half of a spectrum that is Hermitian; the imaginary part of its ends is not read."""
    trace = trace_of(a)
    assert trace is not None
    z = COMPLEX_FUNCTIONS[np.moveaxis](of_parts(trace, a), axis, -1)
    length = 2 * (z.shape[-1] - 1) if n is None else int(n)
    half = length // 2 + 1
    if z.shape[-1] > half:
        z = z[..., :half]
    elif z.shape[-1] < half:
        z = COMPLEX_FUNCTIONS[np.pad](z, [(0, 0)] * (z.ndim - 1) + [(0, half - z.shape[-1])])
    mirrored = np.arange(length - half, 0, -1)
    real = np.concatenate([z.real, z.real[..., mirrored]], axis=-1)
    keep = np.ones(half)
    keep[0] = 0.0
    if length % 2 == 0:
        keep[-1] = 0.0
    imag = np.concatenate([z.imag * keep, -(z.imag * keep)[..., mirrored]], axis=-1)
    value = _transform(ComplexTraced(real, imag), None, -1, norm, inverse=True).real
    return np.moveaxis(value, -1, axis)


def _over_axes(one: Callable[..., Any]) -> Callable[..., Any]:
    def handler(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
        ndim = np.ndim(a)
        chosen = list(axes) if axes is not None else list(range(ndim))[-(ndim if s is None else len(s)) :]
        value = a
        for k in reversed(range(len(chosen))):
            value = one(value, None if s is None else s[k], chosen[k], norm)
        return value

    return handler


def _over_two(one: Callable[..., Any]) -> Callable[..., Any]:
    over = _over_axes(one)

    def handler(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
        return over(a, s, axes, norm)

    return handler


def _real_over(axes_by_default: Any) -> Callable[..., Any]:
    def handler(a: Any, s: Any = None, axes: Any = axes_by_default, norm: str | None = None) -> Any:
        chosen = list(axes) if axes is not None else list(range(np.ndim(a)))
        value = _rfft(a, None if s is None else s[-1], chosen[-1], norm)
        for k in reversed(range(len(chosen) - 1)):
            value = _fft(value, None if s is None else s[k], chosen[k], norm)
        return value

    return handler


def _inverse_real_over(axes_by_default: Any) -> Callable[..., Any]:
    def handler(a: Any, s: Any = None, axes: Any = axes_by_default, norm: str | None = None) -> Any:
        chosen = list(axes) if axes is not None else list(range(np.ndim(a)))
        value = a
        for k in range(len(chosen) - 1):
            value = _ifft(value, None if s is None else s[k], chosen[k], norm)
        return _irfft(value, None if s is None else s[-1], chosen[-1], norm)

    return handler


_FOURIER: dict[Any, Callable[..., Any]] = {
    np.fft.fft: _fft,
    np.fft.ifft: _ifft,
    np.fft.rfft: _rfft,
    np.fft.irfft: _irfft,
    np.fft.fft2: _over_two(_fft),
    np.fft.ifft2: _over_two(_ifft),
    np.fft.fftn: _over_axes(_fft),
    np.fft.ifftn: _over_axes(_ifft),
    np.fft.rfft2: _real_over((-2, -1)),
    np.fft.rfftn: _real_over(None),
    np.fft.irfft2: _inverse_real_over((-2, -1)),
    np.fft.irfftn: _inverse_real_over(None),
}


def _of_real(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler in the form of `registry.FUNCTIONS`, for real traced arrays."""
    return lambda trace, *args, **kwargs: handler(*args, **kwargs)


for _function, _handler in _FOURIER.items():
    COMPLEX_FUNCTIONS[_function] = _handler
    FUNCTIONS[_function] = _of_real(_handler)


# -- linear algebra --------------------------------------------------------------------------------------------------


def _solve(a: Any, b: Any) -> Any:
    n = np.shape(a)[-1]
    real, imag = parts(b)
    vector = np.ndim(b) == 1
    value = np.linalg.solve(embedded(a), np.concatenate([real, imag], axis=0 if vector else -2))
    return ComplexTraced(value[:n], value[n:]) if vector else ComplexTraced(value[..., :n, :], value[..., n:, :])


def _inv(a: Any) -> Any:
    n = a.shape[-1]
    value = np.linalg.inv(embedded(a))
    return ComplexTraced(value[..., :n, :n], value[..., n:, :n])


def _det(a: Any) -> Any:
    """By elimination without exchanges of rows beyond the largest pivot."""
    if a.ndim > 2:
        pages = [_det(page) for page in a.reshape(-1, *a.shape[-2:])]
        return COMPLEX_FUNCTIONS[np.stack](pages).reshape(a.shape[:-2])
    rest, value = a, None
    for k in range(a.shape[0]):
        column = np.hypot(*(np.abs(part.run.balls.midpoint(part.run.values[part.slot])) for part in parts(rest[:, 0])))
        best = int(np.argmax(column))
        if best:
            order = np.arange(rest.shape[0])
            order[[0, best]] = order[[best, 0]]
            rest = rest[order]
        pivot = -rest[0, 0] if best else rest[0, 0]
        value = pivot if value is None else value * pivot
        if k < a.shape[0] - 1:
            rest = rest[1:, 1:] - (rest[1:, 0:1] / rest[0, 0]) * rest[0:1, 1:]
    return value


COMPLEX_FUNCTIONS |= {
    np.real: lambda x: parts(x)[0],
    np.imag: lambda x: parts(x)[1],
    np.angle: _angle,
    np.vdot: _vdot,
    np.einsum: _einsum,
    np.prod: _prod,
    np.append: _append,
    np.pad: _pad,
    np.average: _average,
    np.var: _var,
    np.std: lambda x, *args, **kwargs: np.sqrt(_var(x, *args, **kwargs)),
    np.where: _where,
    np.zeros_like: _zeros_like,
    np.ones_like: _ones_like,
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size,
    np.iscomplexobj: lambda x: True,
    np.isrealobj: lambda x: False,
    np.linalg.norm: _norm,
    np.linalg.solve: _solve,
    np.linalg.inv: _inv,
    np.linalg.det: _det,
    np.linalg.multi_dot: lambda arrays: _chain(arrays),
}


def _chain(arrays: Any) -> Any:
    value = arrays[0]
    for other in arrays[1:]:
        value = COMPLEX_UFUNCS["matmul"](value, other)
    return value
