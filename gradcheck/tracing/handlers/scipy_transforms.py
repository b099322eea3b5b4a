"""scipy.fft, scipy.signal and distances: transforms as NumPy's, cosine transforms, convolutions, filters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.lifting import lift
from gradcheck.tracing.trace import Trace

FOURIER = "fft ifft rfft irfft fft2 ifft2 fftn ifftn rfft2 irfft2 rfftn irfftn fftshift ifftshift"
"""Functions of scipy.fft that are those of numpy.fft."""


def _as_numpy(name: str) -> Callable[..., Any]:
    def handler(trace: Trace, x: Any, *args: Any, overwrite_x: Any = False, workers: Any = None, **rest: Any) -> Any:
        return getattr(np.fft, name)(x, *args, **rest)

    return handler


def _cosine(x: Any, inverse: bool, kind: int, n: Any, axis: int, norm: Any) -> Any:
    if kind not in (2, 3) or n is not None or norm not in (None, "backward", "ortho"):
        raise Unsupported(f"scipy.fft.dct of type {kind} with n={n} and norm={norm!r} is not traced")
    rows = np.moveaxis(x, axis, -1)
    size = rows.shape[-1]
    quarter = np.arctan(lift(x.run, 1.0))  # pi / 4, in the record's own numbers
    table: Any = 2 * np.cos(quarter * (2.0 * np.outer(np.arange(size), 2 * np.arange(size) + 1)) / float(size))
    ortho = norm == "ortho"
    scale: Any = np.where(np.arange(size) == 0, 0.5, 1.0 if not ortho else np.sqrt(lift(x.run, 0.5))) * np.ones(size)
    if (kind == 2) != inverse:  # the second kind
        value = rows @ table.T
        value = value * scale / np.sqrt(lift(x.run, float(size))) if ortho else value
    else:
        weights = scale / np.sqrt(lift(x.run, float(size))) if ortho else np.where(np.arange(size) == 0, 0.5, 1.0)
        value = (rows * weights) @ table
    if inverse and not ortho:
        value = value / (2.0 * size)
    return np.moveaxis(value, -1, axis)


def _cosine_transform(*, inverse: bool) -> Callable[..., Any]:
    """As `scipy.fft.dct` or `idct`, of the second and third kind."""

    def handler(
        trace: Trace, x: Any, kind: int = 2, n: Any = None, axis: int = -1, norm: Any = None, **rest: Any
    ) -> Any:
        return _cosine(lift(trace, x), inverse, rest.get("type", kind), n, axis, norm)

    return handler


def convolve(trace: Trace, in1: Any, in2: Any, mode: str = "full", *_: Any, **rest: Any) -> Any:
    """As `scipy.signal.convolve`, of real arrays of as many axes: shifted copies, added."""
    if rest.get("axes") is not None or rest.get("boundary", "fill") != "fill":
        raise Unsupported("scipy.signal's convolutions are traced over all axes, without a boundary")
    a, b = lift(trace, in1), lift(trace, in2)
    full = tuple(m + n - 1 for m, n in zip(a.shape, b.shape, strict=True))
    large, small = (a, b) if a.size >= b.size else (b, a)
    total: Any = 0.0
    for place in np.ndindex(*small.shape):
        padding = [(p, f - n - p) for p, f, n in zip(place, full, large.shape, strict=True)]
        total = total + small[place] * np.pad(large, padding)
    if mode == "full":
        return total
    wanted = a.shape if mode == "same" else tuple(abs(m - n) + 1 for m, n in zip(a.shape, b.shape, strict=True))
    starts = [(f - w) // 2 for f, w in zip(full, wanted, strict=True)]
    return total[tuple(slice(s, s + w) for s, w in zip(starts, wanted, strict=True))]


def correlate(trace: Trace, in1: Any, in2: Any, mode: str = "full", *args: Any, **rest: Any) -> Any:
    """As `scipy.signal.correlate`, of real arrays."""
    if mode != "full" and np.size(in1) < np.size(in2):
        raise Unsupported("scipy.signal.correlate is traced with the larger array first")
    return convolve(trace, in1, np.flip(in2), mode, *args, **rest)


def correlate2d(trace: Trace, in1: Any, in2: Any, mode: str = "full", *args: Any, **rest: Any) -> Any:
    """As `scipy.signal.correlate2d`, whose middle is another one than that of `correlate` for even lengths."""
    if mode == "same" and any(n % 2 == 0 for n in np.shape(in2)):
        raise Unsupported("scipy.signal.correlate2d of the same shape is traced for odd lengths")
    return correlate(trace, in1, in2, mode, *args, **rest)


def lfilter(trace: Trace, b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """As `scipy.signal.lfilter` from rest: a_0 y_n = sum b_k x_(n-k) - sum a_k y_(n-k)."""
    if zi is not None:
        raise Unsupported("scipy.signal.lfilter is traced from rest only")
    signal: Any = lift(trace, x)
    b, a, rows = np.atleast_1d(lift(trace, b)), np.atleast_1d(lift(trace, a)), np.moveaxis(signal, axis, 0)
    out: list[Any] = []
    for n in range(rows.shape[0]):
        value: Any = sum(b[k] * rows[n - k] for k in range(min(len(b), n + 1)))
        value = value - sum(a[k] * out[n - k] for k in range(1, min(len(a), n + 1)))
        out.append(value / a[0])
    return np.moveaxis(np.stack(out), 0, axis)


def cdist(trace: Trace, xa: Any, xb: Any, metric: Any = "euclidean", **rest: Any) -> Any:
    """As `scipy.spatial.distance.cdist`, of the commonest metrics."""
    off = lift(trace, xa)[:, None, :] - lift(trace, xb)[None, :, :]
    if rest or metric not in _METRICS:
        raise Unsupported(f"scipy.spatial.distance.cdist with metric={metric!r} is not traced")
    return _METRICS[metric](off)


def pdist(trace: Trace, x: Any, metric: Any = "euclidean", **rest: Any) -> Any:
    """As `scipy.spatial.distance.pdist`, of the same metrics."""
    x = lift(trace, x)
    first, second = np.triu_indices(x.shape[0], 1)
    if rest or metric not in _METRICS:
        raise Unsupported(f"scipy.spatial.distance.pdist with metric={metric!r} is not traced")
    return _METRICS[metric](x[first] - x[second])


def squareform(trace: Trace, X: Any, force: str = "no", checks: bool = True) -> Any:
    """As `scipy.spatial.distance.squareform`, whose compiled code would take the objects in an array for numbers."""
    x = lift(trace, X)
    if (x.ndim == 1 and force == "tovector") or (x.ndim == 2 and force == "tomatrix") or x.ndim not in (1, 2):
        raise Unsupported(f"scipy.spatial.distance.squareform of shape {x.shape} with force={force!r} is not traced")
    if x.ndim == 2:
        return x[np.triu_indices(x.shape[0], 1)]
    n = (1 + math.isqrt(1 + 8 * x.shape[0])) // 2
    if n * (n - 1) // 2 != x.shape[0]:
        raise Unsupported(f"scipy.spatial.distance.squareform of {x.shape[0]} distances: no set of points has as many")
    first, second = np.triu_indices(n, 1)
    place = np.zeros((n, n), dtype=np.intp)
    place[first, second] = place[second, first] = 1 + np.arange(x.shape[0])
    return np.concatenate([np.zeros(1), x])[place]


def _crashing(name: str) -> Callable[..., Any]:
    """The refusal of a function whose compiled code ends the process where an array holds objects."""

    def call(trace: Trace, *arguments: Any, **rest: Any) -> Any:
        raise Unsupported(f"{name} is compiled code for plain arrays: it cannot be traced")

    return call


_METRICS: dict[str, Callable[[Any], Any]] = {
    "euclidean": lambda off: np.sqrt(np.sum(off * off, axis=-1)),
    "sqeuclidean": lambda off: np.sum(off * off, axis=-1),
    "cityblock": lambda off: np.sum(np.abs(off), axis=-1),
    "chebyshev": lambda off: np.max(np.abs(off), axis=-1),
}

_COSINE = {"dct": _cosine_transform(inverse=False), "idct": _cosine_transform(inverse=True)}

MODULES: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.fft": {**{name: _as_numpy(name) for name in FOURIER.split()}, **_COSINE},
    "scipy.signal": {
        **dict.fromkeys(("convolve", "fftconvolve", "oaconvolve", "convolve2d"), convolve),
        "correlate": correlate,
        "correlate2d": correlate2d,
        "lfilter": lfilter,
    },
    "scipy.ndimage": {"distance_transform_cdt": _crashing("scipy.ndimage.distance_transform_cdt")},
    "scipy.spatial.distance": {"cdist": cdist, "pdist": pdist, "squareform": squareform},
}
"""Handlers by module and name (see `patched_numpy`)."""
