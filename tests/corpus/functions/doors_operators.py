"""Linear operators and their adjoints: differences, masks, spectra, scans, real and complex."""

import numpy as np
from scipy import sparse

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors operators", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5104)
mpf, mpm = mp.mpf, mp.mpmath


def normal(*shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


# the gradient of an image, and the negative divergence
IMAGE, FIELD = rng.standard_normal((3, 4)), rng.standard_normal((2, 3, 4))


def image_gradient(x):
    g = np.zeros((2, *x.shape))
    g[0, :-1] = x[1:] - x[:-1]
    g[1, :, :-1] = x[:, 1:] - x[:, :-1]
    return g


def negative_divergence(g, sign=1.0, wall=True):
    d = np.zeros(g.shape[1:])
    d[1:] += g[0, :-1]
    d[:-1] -= g[0, :-1]
    d[:, 1:] += g[1, :, :-1]
    d[:, :-1] -= g[1, :, :-1]
    if not wall:  # as if the field went on beyond the walls
        d[-1] -= g[0, -1]
        d[:, -1] -= g[1, :, -1]
    return sign * d


def mp_image_gradient(x):
    zero = mpf(0) * x
    g = np.stack([zero, zero])
    g[0, :-1] = x[1:] - x[:-1]
    g[1, :, :-1] = x[:, 1:] - x[:, :-1]
    return g


DIFFERENCES = Reference(mp_image_gradient)
right("image_gradient", "adjoint", image_gradient, negative_divergence, (IMAGE, FIELD),
      "Total variation's pair.", DIFFERENCES)  # fmt: skip
wrong("image_gradient_divergence", "adjoint", image_gradient, lambda g: negative_divergence(g, -1.0), (IMAGE, FIELD),
      "The divergence, whose negative the adjoint is.", DIFFERENCES)  # fmt: skip
wrong("image_gradient_walls", "adjoint", image_gradient, lambda g: negative_divergence(g, wall=False), (IMAGE, FIELD),
      "The last row and column of the field count.", DIFFERENCES)  # fmt: skip

# magnetic resonance: two coils, a mask of k-space
COILS, KEPT = normal(2, 6), np.array([1.0, 0, 1, 1, 0, 1])
OBJECT, MEASURED = normal(6), normal(2, 6)


def coil_images(x):
    return KEPT * np.fft.fft(COILS * x, axis=-1)


def coil_adjoint(y, conjugated=True, scale=6.0):
    back = scale * np.fft.ifft(KEPT * y, axis=-1)
    return np.sum((COILS.conj() if conjugated else COILS) * back, axis=0)


def mp_coil_images(x):
    rows = []
    for coil in mp.lift(COILS):
        seen = coil * x
        rows.append(
            [
                mpf(kept) * sum(seen[m] * mpm.expjpi(mpf(-2 * k * m) / 6) for m in range(6))
                for k, kept in enumerate(KEPT)
            ]
        )
    return np.array(rows, dtype=object)


SCANNER = Reference(mp_coil_images)
right("coil_images", "adjoint", coil_images, coil_adjoint, (OBJECT, MEASURED), "Sensitivities conjugated.", SCANNER)
wrong("coil_images_sensitivities", "adjoint", coil_images, lambda y: coil_adjoint(y, False), (OBJECT, MEASURED),
      "The coils' sensitivities are not conjugated.", SCANNER)  # fmt: skip
wrong("coil_images_unscaled", "adjoint", coil_images, lambda y: coil_adjoint(y, scale=1.0), (OBJECT, MEASURED),
      "ifft's 1/n stays.", SCANNER)  # fmt: skip

# the spectrum of a real signal
TRACE, LINES = rng.standard_normal(6), normal(4)


def spectrum_adjoint(y, inner=0.5):
    halved = np.concatenate([y[:1], inner * y[1:-1], y[-1:]])
    return 6 * np.fft.irfft(halved, 6)


def mp_spectrum(x):
    return np.array([sum(x[m] * mpm.expjpi(mpf(-2 * k * m) / 6) for m in range(6)) for k in range(4)], dtype=object)


SPECTRUM = Reference(mp_spectrum)
right("real_spectrum", "adjoint", np.fft.rfft, spectrum_adjoint, (TRACE, LINES), "Re <A x, y> = <x, A^H y>.", SPECTRUM)
wrong("real_spectrum_inner_lines", "adjoint", np.fft.rfft, lambda y: spectrum_adjoint(y, 1.0), (TRACE, LINES),
      "n irfft(y), which counts the inner lines twice.", SPECTRUM)  # fmt: skip

# a channel with echoes, full convolution with complex taps
TAPS, SENT, RECEIVED = normal(3), normal(5), normal(7)


def channel(x):
    return np.convolve(x, TAPS)


def mp_channel(x):
    result = np.full(7, mpf(0), dtype=object)
    for k, t in enumerate(mp.lift(TAPS)):
        result[k : k + 5] = result[k : k + 5] + t * x
    return result


CHANNEL = Reference(mp_channel)
right("channel_with_echoes", "adjoint", channel, lambda y: np.correlate(y, TAPS, "valid"), (SENT, RECEIVED),
      "np.correlate conjugates its second argument.", CHANNEL)  # fmt: skip
wrong("channel_with_echoes_taps", "adjoint", channel, lambda y: np.convolve(y, TAPS[::-1], "valid"), (SENT, RECEIVED),
      "The taps are reversed, not conjugated.", CHANNEL)  # fmt: skip
wrong("channel_with_echoes_shifted", "adjoint", channel,
      lambda y: np.convolve(y, TAPS.conj()[::-1], "full")[1:6], (SENT, RECEIVED),
      "The window of the full correlation begins one too early.", CHANNEL)  # fmt: skip

# interpolation of a complex field at scattered points, sparse
WHERE = np.array([0, 2, 2, 4])
WEIGHT = normal(4)
MATRIX = sparse.csr_array((WEIGHT, (np.arange(4), WHERE)), shape=(4, 5)) + sparse.csr_array(
    (1 - WEIGHT, (np.arange(4), (WHERE + 1) % 5)), shape=(4, 5)
)
SCATTERED = Reference(lambda x: mp.lift(MATRIX.toarray()) @ x)
right("scattered_points_sparse", "adjoint", MATRIX, MATRIX.conj().T, (normal(5), normal(4)), "csr, both.", SCATTERED)
wrong("scattered_points_sparse_transposed_only", "adjoint", MATRIX, MATRIX.T, (normal(5), normal(4)),
      "A.T for A.conj().T.", SCATTERED)  # fmt: skip


def spread(y, added=True):
    x = np.zeros(5, complex)
    if added:
        np.add.at(x, WHERE, WEIGHT.conj() * y)
    else:
        x[WHERE] = WEIGHT.conj() * y
    return x


def nearest(x):
    return WEIGHT * x[WHERE]


NEAREST = Reference(lambda x: mp.lift(WEIGHT) * x[WHERE])
right("nearest_points", "adjoint", nearest, spread, (normal(5), normal(4)), "np.add.at.", NEAREST)
wrong("nearest_points_assigned", "adjoint", nearest, lambda y: spread(y, False), (normal(5), normal(4)),
      "Two points on one node: the second overwrites the first.", NEAREST)  # fmt: skip
