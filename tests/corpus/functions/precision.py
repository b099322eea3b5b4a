"""Single and half precision code, and single precision where there should be none."""

import numpy as np

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("precision")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1212)


def single(*shape):
    return rng.standard_normal(shape).astype(np.float32)


X64, X32 = rng.standard_normal(6), single(6)
M32 = single(4, 3)

# all in float32
TANH = Reference(mp.tanh)
right(
    "float32_tanh",
    "vjp",
    np.tanh,
    lambda c, x: c * (1 - np.tanh(x) ** 2),
    X32,
    "pytorch #5351: right in float32, flagged by a float64 tolerance.",
    TANH,
)
wrong(
    "float32_tanh_one_per_mille",
    "vjp",
    np.tanh,
    lambda c, x: c * (1 - np.tanh(x) ** 2) * np.float32(1.001),
    X32,
    "One per mille is far above float32's rounding.",
    TANH,
    rounding=100,
)
right(
    "float32_tanh_answered_in_float64",
    "vjp",
    np.tanh,
    lambda c, x: (c * (1 - np.tanh(x) ** 2)).astype(np.float64),
    X32,
    "A float64 gradient for a float32 input, as NumPy 2 makes it by itself: right numbers, and a warning.",
    TANH,
    rounding=100,
)
SUM = Reference(lambda x: (x * x).sum())
LONG = single(3000)
right(
    "float32_long_sum",
    "gradient",
    lambda x: np.sum(x * x),
    lambda x: 2 * x,
    LONG,
    "chainer #3046: the value's rounding grows with its size, and tolerances do not.",
    SUM,
)
wrong(
    "float32_long_sum_underived",
    "gradient",
    lambda x: np.sum(x * x),
    lambda x: x,
    LONG,
    "The factor two is missing.",
    SUM,
)
NEAR_3E5 = (np.float32(3e5) + 10 * single(8)).astype(np.float32)
PRESSURE = Reference(lambda x: (x**2).sum() / 1000)
right(
    "float32_near_3e5",
    "gradient",
    lambda x: np.sum(x * x) / np.float32(1000),
    lambda x: x / np.float32(500),
    NEAR_3E5,
    "jax-gcm #820: values near 3e5, neighbours 0.03 apart.",
    PRESSURE,
)
wrong(
    "float32_near_3e5_cut",
    "gradient",
    lambda x: np.sum(x * x) / np.float32(1000),
    np.zeros_like,
    NEAR_3E5,
    "jax-gcm #820: cutting the gradient entirely changed nothing in the verdict.",
    PRESSURE,
)


def log_softmax(z):
    s = z - z.max(-1, keepdims=True)
    return s - np.log(np.exp(s).sum(-1, keepdims=True))


def log_softmax_vjp(c, z):
    return c - np.exp(log_softmax(z)) * c.sum(-1, keepdims=True)


LOG_SOFTMAX = Reference(lambda z: mp.log(mp.softmax(z)))
right(
    "float32_log_softmax",
    "vjp",
    log_softmax,
    log_softmax_vjp,
    M32,
    "pytorch #44662: 0.4768 against 0.1667 is the difference's noise.",
    LOG_SOFTMAX,
)
wrong(
    "float32_log_softmax_sum_missing",
    "vjp",
    log_softmax,
    lambda c, z: c - np.exp(log_softmax(z)),
    M32,
    "The cotangent's sum is missing.",
    LOG_SOFTMAX,
)


def conv(x, k):
    return np.correlate(x, k, mode="valid")


CONV = Reference(lambda x, k: np.array([(x[i : i + 3] * k).sum() for i in range(len(x) - 2)], dtype=object))
right(
    "float32_correlation",
    "vjp",
    conv,
    lambda c, x, k: (np.convolve(c, k), np.correlate(x, c, mode="valid")),
    (single(8), single(3)),
    "chainer #8095: -0.01113 against -0.01102.",
    CONV,
)
right(
    "float32_softplus",
    "vjp",
    lambda x: np.logaddexp(np.float32(0), x),
    lambda c, x: c / (1 + np.exp(-x)),
    4 * X32,
    "tensorflow #45849: 7.45e-4 against 7.67e-4.",
    Reference(lambda x: mp.log1p(mp.exp(x))),
)
wrong(
    "float32_softplus_constant",
    "vjp",
    lambda x: np.logaddexp(np.float32(0), x),
    lambda c, x: c * np.float32(0.5) * np.ones_like(x),
    4 * X32,
    "The slope at zero, everywhere.",
    Reference(lambda x: mp.log1p(mp.exp(x))),
)


def mlp(x, W, V):
    return np.sum(np.tanh(x @ W) @ V)


def mlp_gradient(x, W, V, slope=True):
    h = np.tanh(x @ W)
    dz = np.ones((len(x), 1), dtype=x.dtype) @ V.sum(1)[None, :] * (1 - h * h if slope else 1)
    return dz @ W.T, x.T @ dz, np.repeat(h.sum(0)[:, None], V.shape[1], axis=1)


MLP_IN = (single(5, 4), single(4, 3), single(3, 2))
MLP = Reference(lambda x, W, V: (mp.tanh(x @ W) @ V).sum())
right("float32_mlp", "gradient", mlp, mlp_gradient, MLP_IN, "All in float32.", MLP)
wrong(
    "float32_mlp_linear",
    "gradient",
    mlp,
    lambda x, W, V: mlp_gradient(x, W, V, slope=False),
    MLP_IN,
    "The activation's slope is missing.",
    MLP,
)


def norm_rows(x):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(1e-5))


def norm_rows_vjp(c, x):
    inv = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(1e-5))
    return c * inv - x * inv**3 * np.mean(c * x, axis=-1, keepdims=True)


NORM_ROWS = Reference(lambda x: x / mp.sqrt((x * x).mean(axis=-1, keepdims=True) + float(np.float32(1e-5))))
right("float32_rms_norm", "vjp", norm_rows, norm_rows_vjp, M32, "Normalised rows in float32.", NORM_ROWS)


def dot_double(x, w):
    return np.sum(x.astype(np.float64) * w.astype(np.float64)).astype(np.float32)


right(
    "float32_accumulated_in_float64",
    "gradient",
    dot_double,
    lambda x, w: (w.copy(), x.copy()),
    (single(50), single(50)),
    "More precision inside than outside is fine.",
    Reference(lambda x, w: (x * w).sum()),
)
OUTPUTS = single(600)
SINE = Reference(mp.sin)
right(
    "float32_six_hundred_tangents",
    "jvp",
    np.sin,
    lambda p, t: np.cos(p[0]) * t[0],
    OUTPUTS,
    "Many float32 outputs.",
    SINE,
)
wrong(
    "float32_six_hundred_zero_tangents",
    "jvp",
    np.sin,
    lambda _p, t: np.zeros_like(t[0]),
    OUTPUTS,
    "jax #3130: a tolerance that grows with the size lets an all-zero tangent pass.",
    SINE,
)

# float16
HALF = rng.uniform(-1, 1, 5).astype(np.float16)
right(
    "float16_square",
    "vjp",
    lambda x: x * x,
    lambda c, x: 2 * x * c,
    HALF,
    "jax PR #39821: a fixed step rounds away in half precision; so does pytorch PR #115634's.",
    Reference(lambda x: x * x),
    rounding=20,
)
wrong(
    "float16_square_underived",
    "vjp",
    lambda x: x * x,
    lambda c, x: x * c,
    HALF,
    "The factor two is missing.",
    Reference(lambda x: x * x),
    rounding=8,
)
right(
    "float16_weighted_tanh",
    "gradient",
    lambda x: np.sum(np.tanh(x)),
    lambda x: 1 - np.tanh(x) ** 2,
    HALF,
    "Half precision through a sum.",
    Reference(lambda x: mp.tanh(x).sum()),
    rounding=20,
)

# float32 inside float64 code
CUBE = Reference(lambda x: x**3)
SCALED = Reference(lambda x: mp.exp(x) * 0.1)


def cube_vjp_narrow(c, x):
    return (3 * (c * x * x).astype(np.float32)).astype(np.float64)


def cube_vjp_buffer(c, x):
    g = np.zeros(x.shape, dtype=np.float32)
    g += 3 * c * x * x
    return g.astype(np.float64)


wrong("float64_through_float32", "vjp", lambda x: x**3, cube_vjp_narrow, X64, "A cast to float32 and back: 6e-8.", CUBE)
wrong(
    "float64_into_float32_buffer",
    "vjp",
    lambda x: x**3,
    cube_vjp_buffer,
    X64,
    "The gradient's buffer is float32: 6e-8.",
    CUBE,
)
wrong(
    "float64_input_narrowed",
    "vjp",
    np.exp,
    lambda c, x: c * np.exp(x.astype(np.float32)).astype(np.float64),
    5 * X64,
    "The exponential was taken in float32.",
    Reference(mp.exp),
)
wrong(
    "float64_answered_in_float32",
    "vjp",
    lambda x: x**3,
    lambda c, x: (3 * c * x * x).astype(np.float32),
    X64,
    "A float32 gradient for a float64 input.",
    CUBE,
)
wrong(
    "float64_matmul_in_float32",
    "vjp",
    np.matmul,
    lambda c, A, B: ((c.astype(np.float32) @ B.T.astype(np.float32)).astype(float), A.T @ c),
    (rng.standard_normal((3, 4)), rng.standard_normal((4, 2))),
    "One of two products runs in float32, for speed.",
    Reference(lambda A, B: A @ B),
)
right("float64_cube", "vjp", lambda x: x**3, lambda c, x: 3 * c * x * x, X64, "All in float64.", CUBE)
K = rng.standard_normal((5, 5)) + 3 * np.eye(5)
right(
    "explicit_inverse_3e-13_off",
    "vjp",
    np.linalg.solve,
    lambda c, A, b: (-np.outer(np.linalg.inv(A).T @ c, np.linalg.inv(A) @ b), np.linalg.inv(A).T @ c),
    (K, X64[:5]),
    "pytorch #56275: entries that differ by 3.4e-13 fail a random projection.",
    Reference(mp.solve),
)
