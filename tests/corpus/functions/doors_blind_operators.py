"""Linear operators held back: filters, transforms, propagation, scans, boundaries, solves."""

from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.linalg import solve_triangular
from scipy.sparse.linalg import LinearOperator

from .. import truth as mp
from ..item import Category
from ..truth import Reference

CATEGORY = Category("doors blind operators", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6104)
mpf, mpm = mp.mpf, mp.mpmath


def normal(*shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


# a LinearOperator with an adjoint of its own
TAPS = normal(3)


def echo(conjugated=True):
    back = TAPS.conj() if conjugated else TAPS
    return LinearOperator(
        (6, 4),
        matvec=lambda x: np.convolve(np.ravel(x), TAPS),
        rmatvec=lambda y: np.convolve(np.ravel(y), back[::-1], "valid"),
        dtype=complex,
    )


def mp_echo(x):
    result = np.full(6, mpf(0), dtype=object)
    for k, tap in enumerate(mp.lift(TAPS)):
        result[k : k + 4] = result[k : k + 4] + tap * x
    return result


ECHO = Reference(mp_echo)
right("echo_operator", "adjoint", echo(), echo().H, (normal(4), normal(6)), "rmatvec, by .H.", ECHO)
wrong("echo_operator_taps", "adjoint", echo(False), echo(False).H, (normal(4), normal(6)),
      "rmatvec does not conjugate the taps.", ECHO)  # fmt: skip

# the inverse Fourier transform
IFFT = Reference(
    lambda x: np.array([sum(x[m] * mpm.expjpi(mpf(2 * k * m) / 5) for m in range(5)) / 5 for k in range(5)], object)
)
right("inverse_fourier", "adjoint", np.fft.ifft, lambda y: np.fft.fft(y) / 5, (normal(5), normal(5)), "fft / n.", IFFT)
wrong("inverse_fourier_inverted", "adjoint", np.fft.ifft, np.fft.fft, (normal(5), normal(5)),
      "The inverse for the adjoint.", IFFT)  # fmt: skip

# free propagation of a wave
KERNEL = np.exp(1j * np.array([0.0, 0.4, 1.6, 3.6, 1.6, 0.4])) * np.array([1, 0.9, 0.7, 0.3, 0.7, 0.9])


def propagate(x, kernel=KERNEL):
    return np.fft.ifft(kernel * np.fft.fft(x))


def mp_propagate(x):
    root = [mpm.expjpi(mpf(2 * k) / 6) for k in range(6)]
    lines = [h * sum(x[m] / root[k * m % 6] for m in range(6)) for k, h in enumerate(mp.lift(KERNEL))]
    return np.array([sum(lines[k] * root[k * m % 6] for k in range(6)) / 6 for m in range(6)], dtype=object)


FRESNEL = Reference(mp_propagate)
right("free_propagation", "adjoint", propagate, lambda y: propagate(y, KERNEL.conj()), (normal(6), normal(6)),
      "Backwards.", FRESNEL)  # fmt: skip
wrong("free_propagation_forwards", "adjoint", propagate, propagate, (normal(6), normal(6)),
      "Forwards again.", FRESNEL)  # fmt: skip
wrong("free_propagation_divided", "adjoint", propagate, lambda y: propagate(y, 1 / KERNEL), (normal(6), normal(6)),
      "The kernel divided by: the inverse, which amplifies.", FRESNEL)  # fmt: skip

# the running integral by trapezia
STEP = 0.25


def integral(x):
    return STEP * np.concatenate([[0.0], np.cumsum((x[1:] + x[:-1]) / 2)])


def integral_adjoint(y, backwards=True):
    tail = np.cumsum(y[:0:-1])[::-1] if backwards else np.cumsum(y[1:])
    result = np.zeros_like(y)
    result[:-1] += tail / 2
    result[1:] += tail / 2
    return STEP * result


def mp_integral(x):
    parts, total = [mpf(0)], mpf(0)
    for a, b in pairwise(x):
        total += (a + b) / 8
        parts.append(total)
    return np.array(parts, dtype=object)


INTEGRAL = Reference(mp_integral)
right("running_integral", "adjoint", integral, integral_adjoint, (rng.standard_normal(5), rng.standard_normal(5)),
      "From the end.", INTEGRAL)  # fmt: skip
wrong("running_integral_from_the_start", "adjoint", integral, lambda y: integral_adjoint(y, False),
      (rng.standard_normal(5), rng.standard_normal(5)), "The sum is not reversed.", INTEGRAL)  # fmt: skip

# Haar's averages and differences, not normalised
HAAR = Reference(lambda x: np.concatenate([(x[0::2] + x[1::2]) / 2, (x[0::2] - x[1::2]) / 2]))


def analyse(x):
    return np.concatenate([(x[0::2] + x[1::2]) / 2, (x[0::2] - x[1::2]) / 2])


def synthesise(y, factor=1.0):
    x = np.zeros(6)
    x[0::2], x[1::2] = factor * (y[:3] + y[3:]), factor * (y[:3] - y[3:])
    return x


right(
    "haar_analysis",
    "adjoint",
    analyse,
    lambda y: synthesise(y, 0.5),
    (rng.standard_normal(6), rng.standard_normal(6)),
    "Halves.",
    HAAR,
)
wrong("haar_analysis_synthesis", "adjoint", analyse, synthesise, (rng.standard_normal(6), rng.standard_normal(6)),
      "The synthesis that inverts it.", HAAR)  # fmt: skip

# a blur that keeps every second value
SOFT = np.array([0.25, 0.5, 0.25])


def thinned(x):
    return np.convolve(x, SOFT, "same")[1::2]


def thinned_adjoint(y, offset=1):
    wide = np.zeros(6)
    wide[offset::2] = y
    return np.convolve(wide, SOFT, "same")


def mp_thinned(x):
    wide = [mpf(0), *x, mpf(0)]
    return np.array([(wide[k] + 2 * wide[k + 1] + wide[k + 2]) / 4 for k in (1, 3, 5)], dtype=object)


THINNED = Reference(mp_thinned)
right("blur_and_thin_out", "adjoint", thinned, thinned_adjoint, (rng.standard_normal(6), rng.standard_normal(3)),
      "Zeros in between.", THINNED)  # fmt: skip
wrong("blur_and_thin_out_offset", "adjoint", thinned, lambda y: thinned_adjoint(y, 0),
      (rng.standard_normal(6), rng.standard_normal(3)), "Every second value, from the other end.", THINNED)  # fmt: skip

# a product from both sides
LEFT, RIGHT = normal(2, 3), normal(3, 4)
SIDES = Reference(lambda x: mp.lift(LEFT) @ x @ mp.lift(RIGHT))
right("product_from_both_sides", "adjoint", lambda x: LEFT @ x @ RIGHT, lambda y: LEFT.conj().T @ y @ RIGHT.conj().T,
      (normal(3, 3), normal(2, 4)), "A^H y B^H.", SIDES)  # fmt: skip
wrong("product_from_both_sides_half", "adjoint", lambda x: LEFT @ x @ RIGHT, lambda y: LEFT.conj().T @ y @ RIGHT.T,
      (normal(3, 3), normal(2, 4)), "A^H y B^T: one of two conjugations.", SIDES)  # fmt: skip

# edges repeated
PADDED = Reference(lambda x: np.array([x[0], x[0], *x, x[-1]], dtype=object))


def repeated(x):
    return np.pad(x, (2, 1), mode="edge")


def gathered(y, edges=True):
    x = y[2:-1].copy()
    if edges:
        x[0] += y[0] + y[1]
        x[-1] += y[-1]
    return x


right("edges_repeated", "adjoint", repeated, gathered, (rng.standard_normal(4), rng.standard_normal(7)),
      "The edges gather.", PADDED)  # fmt: skip
wrong("edges_repeated_cropped", "adjoint", repeated, lambda y: gathered(y, False),
      (rng.standard_normal(4), rng.standard_normal(7)), "Cropped, as for zeros.", PADDED)  # fmt: skip

# rays through a square: rows, columns, one diagonal
RAYS = Reference(lambda x: np.concatenate([x.sum(axis=1), x.sum(axis=0), [x[0, 0] + x[1, 1] + x[2, 2]]]))


def rays(x):
    return np.concatenate([x.sum(axis=1), x.sum(axis=0), [np.trace(x)]])


def back_projection(y, mean=False, axes=True):
    rows, columns = (y[:3], y[3:6]) if axes else (y[3:6], y[:3])
    smear = (rows[:, None] + columns) / (3 if mean else 1)
    return smear + y[6] / (3 if mean else 1) * np.eye(3)


SQUARE, SUMS = rng.standard_normal((3, 3)), rng.standard_normal(7)
right("rays_through_square", "adjoint", rays, back_projection, (SQUARE, SUMS), "Back-projection.", RAYS)
wrong("rays_through_square_mean", "adjoint", rays, lambda y: back_projection(y, True), (SQUARE, SUMS),
      "Smeared evenly: 1/n of what a sum needs.", RAYS)  # fmt: skip
wrong("rays_through_square_axes", "adjoint", rays, lambda y: back_projection(y, axes=False), (SQUARE, SUMS),
      "Rows and columns exchanged.", RAYS)  # fmt: skip

# forward substitution
FACTOR = np.tril(normal(4, 4)) + 2 * np.eye(4)
SUBSTITUTION = Reference(lambda x: mp.solve(mp.lift(FACTOR), x))
right("forward_substitution", "adjoint", lambda x: solve_triangular(FACTOR, x, lower=True),
      lambda y: solve_triangular(FACTOR, y, lower=True, trans="C"), (normal(4), normal(4)), "trans='C'.",
      SUBSTITUTION)  # fmt: skip
wrong("forward_substitution_transposed_only", "adjoint", lambda x: solve_triangular(FACTOR, x, lower=True),
      lambda y: solve_triangular(FACTOR, y, lower=True, trans="T"), (normal(4), normal(4)), "trans='T'.",
      SUBSTITUTION)  # fmt: skip

# a stiffness matrix that is not symmetric
ADVECTION = sparse.diags_array([np.full(4, -1.5), np.full(5, 2.0), np.full(4, -0.5)], offsets=[-1, 0, 1], format="csc")
TRANSPORT = Reference(lambda x: mp.lift(ADVECTION.toarray()) @ x)
right("advection_transposed", "adjoint", ADVECTION, ADVECTION.T, (rng.standard_normal(5), rng.standard_normal(5)),
      "A.T of a real matrix.", TRANSPORT)  # fmt: skip
wrong("advection_taken_for_symmetric", "adjoint", ADVECTION, ADVECTION,
      (rng.standard_normal(5), rng.standard_normal(5)), "A itself.", TRANSPORT)  # fmt: skip
