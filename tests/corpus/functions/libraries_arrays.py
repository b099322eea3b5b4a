"""Moving and combining entries in real libraries: padding, gathering, scattering, products over axes, FFT."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("library arrays")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(2203)
X = rng.standard_normal(6)
M = rng.standard_normal((3, 4))


# padding
def pad_vjp(mode, width):
    def vjp(c, x):
        place = np.pad(np.arange(len(x)), width, mode=mode)
        return np.bincount(place, weights=c, minlength=len(x))

    return vjp


def pad_vjp_slices_only(c, x):
    """Inner part and one reflected strip per side, each of width 3, with the right one taken one entry too far out."""
    g = c[3:-3].copy()
    g[1:4] += c[:3][::-1]
    g[-3:] += c[-3:][::-1]
    return g


REFLECT = Reference(lambda x: np.concatenate([x[1:4][::-1], x, x[-4:-1][::-1]]))
right("pad_reflect", "vjp", lambda x: np.pad(x, 3, mode="reflect"), pad_vjp("reflect", 3), X, "bincount.", REFLECT)
wrong(
    "pad_reflect_edge_repeated",
    "vjp",
    lambda x: np.pad(x, 3, mode="reflect"),
    pad_vjp_slices_only,
    X,
    "Reflected about the last entry forward, about the border behind it backward (symmetric mode).",
    REFLECT,
)
WIDE = Reference(lambda x: np.array([x[i] for i in np.pad(np.arange(3), (5, 4), mode="reflect")], dtype=object))
THREE = rng.standard_normal(3)


def pad_vjp_single_bounce(c, x):
    place = np.abs(np.arange(-5, len(x) + 4))
    place = np.where(place >= len(x), 2 * (len(x) - 1) - place, place)
    inside = (place >= 0) & (place < len(x))
    return np.bincount(place[inside], weights=c[inside], minlength=len(x))


right(
    "pad_reflect_more_than_once",
    "vjp",
    lambda x: np.pad(x, (5, 4), mode="reflect"),
    pad_vjp("reflect", (5, 4)),
    THREE,
    "Wider than the array: reflected back and forth.",
    WIDE,
)
wrong(
    "pad_reflect_more_than_once_dropped",
    "vjp",
    lambda x: np.pad(x, (5, 4), mode="reflect"),
    pad_vjp_single_bounce,
    THREE,
    "Entries that bounce twice or more are dropped.",
    WIDE,
)
EDGE = Reference(lambda x: np.concatenate([[x[0]] * 2, x, [x[-1]] * 2]))
right("pad_edge", "vjp", lambda x: np.pad(x, 2, mode="edge"), pad_vjp("edge", 2), X, "Ends collect.", EDGE)
wrong(
    "pad_edge_as_constant",
    "vjp",
    lambda x: np.pad(x, 2, mode="edge"),
    lambda c, x: c[2:-2].copy(),
    X,
    "The slice that undoes a constant padding.",
    EDGE,
)
WRAP = Reference(lambda x: np.concatenate([x[-2:], x, x[:1]]))
right("pad_wrap", "vjp", lambda x: np.pad(x, (2, 1), mode="wrap"), pad_vjp("wrap", (2, 1)), X, "Around.", WRAP)


COLUMNS = Reference(lambda x: np.concatenate([[[mp.mpf(0)] * 4], x, [[mp.mpf(0)] * 4]]))
right(
    "pad_rows_alone",
    "vjp",
    lambda x: np.pad(x, ((1, 1), (0, 0))),
    lambda c, x: c[1 : c.shape[0] - 1, 0 : c.shape[1] - 0],
    M,
    "Widths of 0 counted from the end.",
    COLUMNS,
)
wrong(
    "pad_rows_alone_empty_slice",
    "vjp",
    lambda x: np.pad(x, ((1, 1), (0, 0))),
    lambda c, x: c[1:-1, 0:-0],
    M,
    "HIPS autograd #431: a width of 0 gives the slice 0:-0, an empty gradient.",
    COLUMNS,
)

# gathering and scattering
ORDER = np.array([[2, 0, 2, 1], [1, 1, 2, 2]])


def along_rows(x):
    return np.take_along_axis(x, ORDER, axis=0)


def along_rows_vjp(c, x):
    g = np.zeros_like(x)
    np.add.at(g, (ORDER, np.arange(4)[None, :]), c)
    return g


def along_rows_vjp_put(c, x):
    g = np.zeros_like(x)
    np.put_along_axis(g, ORDER, c, axis=0)
    return g


ALONG = Reference(lambda x: np.array([[x[ORDER[i, j], j] for j in range(4)] for i in range(2)], dtype=object))
right("take_along_axis", "vjp", along_rows, along_rows_vjp, M, "Repeated places add up.", ALONG)
wrong(
    "take_along_axis_put_back",
    "vjp",
    along_rows,
    along_rows_vjp_put,
    M,
    "pytorch #1631: gather's backward overwrites where indices repeat (one column here).",
    ALONG,
)
PLACES = np.array([3, 0, 3, 5])


def index_put(x, v):
    y = x.copy()
    for place, value in zip(PLACES, v, strict=True):
        y[place] = value
    return y


def index_put_vjp(c, x, v):
    gx = c.copy()
    gx[PLACES] = 0.0
    gv = c[PLACES].copy()
    gv[0] = 0.0  # place 3 is written again by the third value
    return gx, gv


def index_put_vjp_all(c, x, v):
    gx = c.copy()
    gx[PLACES] = 0.0
    return gx, c[PLACES]


def mp_index_put(x, v):
    y = x.copy()
    y[3], y[0], y[5] = v[2], v[1], v[3]
    return y


VALUES = rng.standard_normal(4)
PUT = Reference(mp_index_put)
right("index_put_repeated", "vjp", index_put, index_put_vjp, (X, VALUES), "The last write counts.", PUT)
wrong(
    "index_put_repeated_all_paid",
    "vjp",
    index_put,
    index_put_vjp_all,
    (X, VALUES),
    "tensorflow #56961, pytorch #473: overwritten values get the gradient as well.",
    PUT,
)
BUCKETS = np.array([0, 2, 2, 1, 0, 2])


def bucket_means(x):
    return np.array([x[k == BUCKETS].mean() for k in range(3)])


def bucket_means_vjp(c, x):
    return c[BUCKETS] / np.bincount(BUCKETS)[BUCKETS]


MEANS = Reference(lambda x: np.array([(x[0] + x[4]) / 2, x[3], (x[1] + x[2] + x[5]) / 3], dtype=object))
right("scatter_mean", "vjp", bucket_means, bucket_means_vjp, X, "Each bucket by its own count.", MEANS)
wrong(
    "scatter_mean_by_mean_count",
    "vjp",
    bucket_means,
    lambda c, x: c[BUCKETS] / 2,
    X,
    "The average count, 2, for all: right for the bucket that has two.",
    MEANS,
)
right(
    "roll_as_read_only_view",
    "vjp",
    lambda x: np.roll(x, 2),
    lambda c, x: np.broadcast_to(np.roll(c, -2), x.shape),
    X,
    "A read-only result is a result.",
    Reference(lambda x: np.roll(x, 2)),
)
wrong(
    "roll_same_way_back",
    "vjp",
    lambda x: np.roll(x, 2),
    lambda c, x: np.roll(c, 2),
    X,
    "Rolled on instead of back.",
    Reference(lambda x: np.roll(x, 2)),
)
right(
    "flip_as_a_view",
    "vjp",
    lambda x: x[:, ::-1],
    lambda c, x: c[:, ::-1],
    M,
    "Negative strides on both sides.",
    Reference(lambda x: x[:, ::-1]),
)
right(
    "transpose_in_fortran_order",
    "vjp",
    lambda x: np.sin(x).T,
    lambda c, x: np.asfortranarray(c.T * np.cos(x)),
    M,
    "The answer's memory order is its own affair.",
    Reference(lambda x: mp.sin(x).T),
)
STEP_AT = np.array([1, 4])
right(
    "strided_slice",
    "vjp",
    lambda x: x[1::3] ** 2,
    lambda c, x: np.where(np.isin(np.arange(6), STEP_AT), 2 * x * np.repeat(c, 3), 0.0),
    X,
    "Every third entry from the second on.",
    Reference(lambda x: x[1::3] ** 2),
)


def strided_slice_vjp_from_zero(c, x):
    g = np.zeros_like(x)
    g[::3] = 2 * x[1::3] * c
    return g


wrong(
    "strided_slice_offset_lost",
    "vjp",
    lambda x: x[1::3] ** 2,
    strided_slice_vjp_from_zero,
    X,
    "The start of the slice is not undone.",
    Reference(lambda x: x[1::3] ** 2),
)

# interpolation
KNOTS = np.array([0.0, 0.5, 1.5, 2.0, 4.0])


def table(q, y):
    return np.interp(q, KNOTS, y)


def table_vjp(c, q, y, hull=True):
    i = np.clip(np.searchsorted(KNOTS, q, side="right") - 1, 0, 3)
    d = np.diff(KNOTS)[i]
    inside = (q > KNOTS[0]) & (q < KNOTS[-1]) if hull else np.ones(q.shape, bool)
    w = np.clip((q - KNOTS[i]) / d, 0, 1)
    gy = np.zeros_like(y)
    np.add.at(gy, i, c * (1 - w))
    np.add.at(gy, i + 1, c * w)
    return c * np.where(inside, (y[i + 1] - y[i]) / d, 0.0), gy


def mp_table(q, y):
    knots = [mp.mpf(float(k)) for k in KNOTS]
    out = []
    for v in q:
        v = min(max(v, knots[0]), knots[-1])
        i = max(k for k in range(4) if knots[k] <= v)
        w = (v - knots[i]) / (knots[i + 1] - knots[i])
        out.append((1 - w) * y[i] + w * y[i + 1])
    return np.array(out, dtype=object)


QUERIES = (np.array([-0.7, 0.2, 1.9, 3.0, 5.0]), rng.standard_normal(5))
INTERP = Reference(mp_table)
right("numpy_interp_both_arguments", "vjp", table, table_vjp, QUERIES, "Constant beyond the ends.", INTERP)
wrong(
    "numpy_interp_slope_beyond_the_ends",
    "vjp",
    table,
    lambda c, q, y: table_vjp(c, q, y, hull=False),
    QUERIES,
    "np.interp does not extrapolate, its rule here does.",
    INTERP,
)

# products over axes
A, B = rng.standard_normal((2, 3)), rng.standard_normal((3, 2))


def kron_vjp(c, A, B):
    blocks = c.reshape(A.shape[0], B.shape[0], A.shape[1], B.shape[1])
    return np.einsum("ikjl,kl->ij", blocks, B), np.einsum("ikjl,ij->kl", blocks, A)


SQUARE_A, SQUARE_B = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))


def kron_vjp_square(c, A, B):
    blocks = c.reshape(3, 3, 3, 3)
    return np.einsum("ikjl,kl->ij", blocks, B), np.einsum("kijl,ij->kl", blocks, A)


KRON = Reference(lambda A, B: np.kron(A, B))
right("kronecker", "vjp", np.kron, kron_vjp, (A, B), "Blocks by blocks.", KRON)
wrong(
    "kronecker_square_rows_mixed",
    "vjp",
    np.kron,
    kron_vjp_square,
    (SQUARE_A, SQUARE_B),
    "Block row and inner row mixed up in one factor: shapes agree for square matrices.",
    KRON,
)
T, S = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 3, 2))
TENSORDOT = Reference(
    lambda T, S: np.array(
        [[sum(T[i, j, k] * S[k, j, m] for j in range(3) for k in range(4)) for m in range(2)] for i in range(2)],
        dtype=object,
    )
)


def contract(T, S):
    return np.tensordot(T, S, axes=([2, 1], [0, 1]))


def contract_vjp(c, T, S):
    return np.einsum("im,kjm->ijk", c, S), np.einsum("im,ijk->kjm", c, T)


right("tensordot_crossed_axes", "vjp", contract, contract_vjp, (T, S), "Axes listed out of order.", TENSORDOT)
wrong(
    "tensordot_axes_resorted",
    "vjp",
    contract,
    lambda c, T, S: (np.tensordot(c, S, axes=([1], [2])).reshape(T.shape), contract_vjp(c, T, S)[1]),
    (T, S),
    "The contracted axes come back in the second factor's order and are reshaped, not transposed.",
    TENSORDOT,
)
wrong(
    "einsum_repeated_operand_once",
    "vjp",
    lambda x: np.einsum("ij,kj->ik", x, x),
    lambda c, x: c @ x,
    M,
    "The same operand twice: one of its two uses is missing (mxnet #18102 calls einsum's gradients unreliable).",
    Reference(lambda x: x @ x.T),
)
right(
    "einsum_repeated_operand",
    "vjp",
    lambda x: np.einsum("ij,kj->ik", x, x),
    lambda c, x: (c + c.T) @ x,
    M,
    "Both uses.",
    Reference(lambda x: x @ x.T),
)
right(
    "band_of_a_product",
    "vjp",
    lambda A, B: np.diagonal(A @ B, offset=1),
    lambda c, A, B: (np.diag(c, 1) @ B.T, A.T @ np.diag(c, 1)),
    (SQUARE_A, SQUARE_B),
    "A diagonal above the main one.",
    Reference(lambda A, B: np.diagonal(A @ B, offset=1)),
)
wrong(
    "band_of_a_product_other_side",
    "vjp",
    lambda A, B: np.diagonal(A @ B, offset=1),
    lambda c, A, B: (np.diag(c, -1) @ B.T, A.T @ np.diag(c, -1)),
    (SQUARE_A, SQUARE_B),
    "The offset's sign is lost.",
    Reference(lambda A, B: np.diagonal(A @ B, offset=1)),
)


def cross_vjp(c, a, b, sign=1.0):
    return np.cross(b, c), sign * np.cross(c, a)


CROSS = Reference(
    lambda a, b: np.array(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], dtype=object
    )
)
AB = (rng.standard_normal(3), rng.standard_normal(3))
right("cross_product", "vjp", np.cross, cross_vjp, AB, "b x c and c x a.", CROSS)
wrong("cross_product_one_sign", "vjp", np.cross, lambda c, a, b: cross_vjp(c, a, b, -1.0), AB, "a x c.", CROSS)

# real functions through the FFT
SIGNAL = rng.standard_normal(8)


def power_spectrum(x):
    f = np.fft.rfft(x)
    return f.real**2 + f.imag**2


def power_spectrum_vjp(c, x, halve=False):
    f = np.fft.rfft(x) * c
    if halve:
        f[1:-1] /= 2
    n = len(x)
    full = np.zeros(n, complex)
    full[: len(f)] = f
    return 2 * np.fft.fft(np.conj(full)).real


def mp_spectrum(x):
    n = len(x)
    angle = [[2 * mp.mpmath.pi * j * k / n for j in range(n)] for k in range(n // 2 + 1)]
    return np.array(
        [
            sum(v * mp.mpmath.cos(a) for v, a in zip(x, row, strict=True)) ** 2
            + sum(v * mp.mpmath.sin(a) for v, a in zip(x, row, strict=True)) ** 2
            for row in angle
        ],
        dtype=object,
    )


SPECTRUM = Reference(mp_spectrum)
right("rfft_power_spectrum", "vjp", power_spectrum, power_spectrum_vjp, SIGNAL, "The adjoint of rfft.", SPECTRUM)
wrong(
    "rfft_power_spectrum_halved",
    "vjp",
    power_spectrum,
    lambda c, x: power_spectrum_vjp(c, x, halve=True),
    SIGNAL,
    "The halves that belong to irfft's form of the adjoint (locuslab/pytorch_fft #38 asks about them), used with fft.",
    SPECTRUM,
)


def fft_convolution(x, h):
    return np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(h), n=len(x))


def fft_convolution_vjp(c, x, h):
    fc = np.fft.rfft(c)
    n = len(x)
    return np.fft.irfft(fc * np.conj(np.fft.rfft(h)), n=n), np.fft.irfft(fc * np.conj(np.fft.rfft(x)), n=n)


def fft_convolution_vjp_unconjugated(c, x, h):
    fc = np.fft.rfft(c)
    n = len(x)
    return np.fft.irfft(fc * np.fft.rfft(h), n=n), np.fft.irfft(fc * np.conj(np.fft.rfft(x)), n=n)


def mp_circular(x, h):
    n = len(x)
    return np.array([sum(x[j] * h[(i - j) % n] for j in range(n)) for i in range(n)], dtype=object)


FILTERED = (SIGNAL, rng.standard_normal(8))
CIRCULAR = Reference(mp_circular)
right("fft_convolution", "vjp", fft_convolution, fft_convolution_vjp, FILTERED, "Conjugate spectra.", CIRCULAR)
wrong(
    "fft_convolution_unconjugated",
    "vjp",
    fft_convolution,
    fft_convolution_vjp_unconjugated,
    FILTERED,
    "A convolution in place of a correlation for the signal.",
    CIRCULAR,
)
