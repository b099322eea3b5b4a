"""Complex numbers: phases, filters, quantum control, spectra, complex linear algebra, by both conventions."""

import numpy as np
from scipy.linalg import expm, expm_frechet

from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("doors complex", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(5103)
mpf, mpm = mp.mpf, mp.mpmath
PYTORCH, JAX = {"convention": "conjugate"}, {"convention": "holomorphic"}


def normal(*shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


# phase retrieval (Wirtinger flow)
MEASURE, INTENSITY = normal(5, 3), np.array([2.0, 0.7, 3.1, 1.4, 0.9])
SIGNAL = normal(3)


def phase_loss(z):
    return np.sum((np.abs(MEASURE @ z) ** 2 - INTENSITY) ** 2)


def phase_gradient(z, factor=4.0):
    field = MEASURE @ z
    return factor * MEASURE.conj().T @ ((np.abs(field) ** 2 - INTENSITY) * field)


def phase_gradient_untransposed(z):
    field = MEASURE @ z
    return 4 * MEASURE.T @ ((np.abs(field) ** 2 - INTENSITY) * field)


def mp_phase(z):
    field = mp.lift(MEASURE) @ z
    return sum((f.real**2 + f.imag**2 - mpf(y)) ** 2 for f, y in zip(field, INTENSITY, strict=True))


PHASE = Reference(mp_phase)
right(
    "fresnel_phase_retrieval", "gradient", phase_loss, phase_gradient, SIGNAL, "As in PyTorch.", PHASE, options=PYTORCH
)
right("fresnel_phase_retrieval_holomorphic", "gradient", phase_loss, lambda z: phase_gradient(z).conj(), SIGNAL,
      "Its conjugate, as in JAX.", PHASE, options=JAX)  # fmt: skip
wrong("fresnel_phase_retrieval_other_convention", "gradient", phase_loss, lambda z: phase_gradient(z).conj(), SIGNAL,
      "JAX's answer where PyTorch's is declared.", PHASE, options=PYTORCH)  # fmt: skip
wrong("fresnel_phase_retrieval_transposed_only", "gradient", phase_loss, phase_gradient_untransposed, SIGNAL,
      "A^T for A^H.", PHASE, options=PYTORCH)  # fmt: skip
wrong("fresnel_phase_retrieval_wirtinger", "gradient", phase_loss, lambda z: phase_gradient(z, 2.0), SIGNAL,
      "Wirtinger's d/d conj(z), half of what descent by a and b needs.", PHASE, options=PYTORCH)  # fmt: skip

# a matched filter's signal to noise by its weights
TEMPLATE, NOISE = normal(3), normal(3, 3)
NOISE = NOISE @ NOISE.conj().T + 2 * np.eye(3)
WEIGHTS = normal(3)


def filter_ratio(w):
    return np.abs(np.vdot(w, TEMPLATE)) ** 2 / np.vdot(w, NOISE @ w).real


def filter_gradient(w, conjugated=True):
    overlap, power = np.vdot(TEMPLATE, w), np.vdot(w, NOISE @ w).real
    top = np.abs(overlap) ** 2
    return 2 * (overlap if conjugated else overlap.conj()) * TEMPLATE / power - 2 * top * (NOISE @ w) / power**2


def filter_gradient_noise_transposed(w):
    overlap, power = np.vdot(TEMPLATE, w), np.vdot(w, NOISE @ w).real
    return 2 * overlap * TEMPLATE / power - 2 * np.abs(overlap) ** 2 * (NOISE.T @ w) / power**2


def mp_filter(w):
    s, R = mp.lift(TEMPLATE), mp.lift(NOISE)
    top = sum(mp.conj(w) * s)
    power = sum(mp.conj(w) * (R @ w)).real
    return (top.real**2 + top.imag**2) / power


FILTER = Reference(mp_filter)
right("matched_filter", "gradient", filter_ratio, filter_gradient, WEIGHTS, "By vdot.", FILTER, options=PYTORCH)
wrong("matched_filter_overlap", "gradient", filter_ratio, lambda w: filter_gradient(w, False), WEIGHTS,
      "<w, s> for <s, w>.", FILTER, options=PYTORCH)  # fmt: skip
wrong("matched_filter_noise_transposed", "gradient", filter_ratio, filter_gradient_noise_transposed, WEIGHTS,
      "R^T for the Hermitian R.", FILTER, options=PYTORCH)  # fmt: skip

# quantum control: the fidelity of a pulse of three steps, by its real amplitudes
SX = np.array([[0, 1], [1, 0]], complex)
SY = np.array([[0, -1j], [1j, 0]])
SZ = np.diag([1.0 + 0j, -1.0])
START, GOAL = np.array([1.0 + 0j, 0]), np.array([0.6, 0.48 + 0.64j])
PULSE = np.array([[0.4, -0.7], [0.9, 0.2], [-0.3, 0.5]])
STEP = 0.6


def hamiltonian(amplitudes):
    return SZ + amplitudes[0] * SX + amplitudes[1] * SY


def fidelity(pulse):
    state = START
    for amplitudes in pulse:
        state = expm(-1j * STEP * hamiltonian(amplitudes)) @ state
    return np.abs(np.vdot(GOAL, state)) ** 2


def fidelity_gradient(pulse, exact=True, conjugated=True, backwards=True):
    """GRAPE: states from the start, the goal from the end, the derivative of each exponential between them."""
    steps = [expm(-1j * STEP * hamiltonian(a)) for a in pulse]
    ahead = [START]
    for U in steps:
        ahead.append(U @ ahead[-1])
    overlap, costate = np.vdot(GOAL, ahead[-1]), GOAL
    result = np.zeros_like(pulse)
    for k in range(len(pulse) - 1, -1, -1):
        for j, control in enumerate((SX, SY)):
            if exact:
                change = expm_frechet(-1j * STEP * hamiltonian(pulse[k]), -1j * STEP * control, compute_expm=False)
                change = change @ ahead[k]
            else:
                change = -1j * STEP * control @ ahead[k + 1]
            factor = overlap.conj() if conjugated else overlap
            result[k, j] = 2 * (factor * np.vdot(costate, change)).real
        costate = (steps[k].conj().T if backwards else steps[k].T) @ costate
    return result


def mp_fidelity(pulse):
    state = mp.lift(START)
    for a in pulse:
        H = mp.lift(SZ) + a[0] * mp.lift(SX) + a[1] * mp.lift(SY)
        state = mp.expm(mpm.mpc(0, -1) * mpf(STEP) * H) @ state
    overlap = sum(mp.conj(mp.lift(GOAL)) * state)
    return overlap.real**2 + overlap.imag**2


FIDELITY = Reference(mp_fidelity)
right("pulse_fidelity", "gradient", fidelity, fidelity_gradient, PULSE, "GRAPE with exact derivatives.", FIDELITY)
wrong("pulse_fidelity_first_order", "gradient", fidelity, lambda p: fidelity_gradient(p, exact=False), PULSE,
      "-i dt H_k U, as if the control commuted with the Hamiltonian.", FIDELITY)  # fmt: skip
wrong("pulse_fidelity_overlap", "gradient", fidelity, lambda p: fidelity_gradient(p, conjugated=False), PULSE,
      "The overlap is not conjugated.", FIDELITY)  # fmt: skip
wrong("pulse_fidelity_costate_transposed", "gradient", fidelity, lambda p: fidelity_gradient(p, backwards=False),
      PULSE, "The goal goes back by U^T for U^H.", FIDELITY)  # fmt: skip

# the exponential of a complex matrix
GENERATOR = 0.4 * normal(3, 3)


def exponential_vjp(c, A, towards=lambda A: A.conj().T):
    return expm_frechet(towards(A), c, compute_expm=False)


EXPONENTIAL = Reference(mp.expm)
right("complex_expm", "vjp", expm, exponential_vjp, GENERATOR, "Frechet's derivative at A^H.", EXPONENTIAL,
      options=PYTORCH)  # fmt: skip
right("complex_expm_holomorphic", "vjp", expm, lambda c, A: exponential_vjp(c, A, np.transpose), GENERATOR,
      "At A^T, as in JAX.", EXPONENTIAL, options=JAX)  # fmt: skip
wrong("complex_expm_transposed_only", "vjp", expm, lambda c, A: exponential_vjp(c, A, np.transpose), GENERATOR,
      "At A^T where A^H belongs.", EXPONENTIAL, options=PYTORCH)  # fmt: skip
wrong("complex_expm_conjugate_only", "vjp", expm, lambda c, A: exponential_vjp(c, A, np.conj), GENERATOR,
      "At conj(A): the transposition is missing.", EXPONENTIAL, options=PYTORCH)  # fmt: skip

# the discrete Fourier transform of a complex vector
WAVE = normal(6)


def mp_fft(x, sign=-1):
    n = len(x)
    root = [mpm.expjpi(mpf(sign * 2 * k) / n) for k in range(n)]
    return np.array([sum(x[m] * root[k * m % n] for m in range(n)) for k in range(n)], dtype=object)


FFT = Reference(mp_fft)
right("fft_backward", "vjp", np.fft.fft, lambda c, x: len(x) * np.fft.ifft(c), WAVE, "n ifft.", FFT, options=PYTORCH)
right("fft_backward_holomorphic", "vjp", np.fft.fft, lambda c, x: np.fft.fft(c), WAVE,
      "F is symmetric: fft again, as in JAX.", FFT, options=JAX)  # fmt: skip
wrong("fft_backward_unscaled", "vjp", np.fft.fft, lambda c, x: np.fft.ifft(c), WAVE, "ifft's 1/n stays.", FFT,
      options=PYTORCH)  # fmt: skip
wrong("fft_backward_forwards", "vjp", np.fft.fft, lambda c, x: np.fft.fft(c), WAVE, "fft for its conjugate.", FFT,
      options=PYTORCH)  # fmt: skip

# a weighted power spectrum of a real signal
RECORD, BANDS = rng.standard_normal(8), np.array([0.2, 1.0, 0.6, 0.3, 0.1])


def band_power(x):
    return np.sum(BANDS * np.abs(np.fft.rfft(x)) ** 2)


def band_power_gradient(x, halved=True, scaled=True):
    weighted = BANDS * np.fft.rfft(x)
    if halved:
        weighted[1:-1] /= 2
    return 2 * (len(x) if scaled else 1) * np.fft.irfft(weighted, len(x))


def mp_band_power(x):
    spectrum = mp_fft(x)[:5]
    return sum(mpf(w) * (s.real**2 + s.imag**2) for w, s in zip(BANDS, spectrum, strict=True))


POWER = Reference(mp_band_power)
right("band_power", "gradient", band_power, band_power_gradient, RECORD, "irfft doubles what is inside.", POWER)
wrong("band_power_two_sided", "gradient", band_power, lambda x: band_power_gradient(x, halved=False), RECORD,
      "One- and two-sided spectra confused: the inner bands count twice.", POWER)  # fmt: skip
wrong("band_power_unscaled", "gradient", band_power, lambda x: band_power_gradient(x, scaled=False), RECORD,
      "irfft's 1/n stays.", POWER)  # fmt: skip


def dtype_of_answer(item):
    """A gradient by a real input that is complex."""
    return np.asarray(item.derivative(*item.inputs)).dtype.kind == "c"


def power_by_complex_ifft(x):
    spectrum = np.fft.fft(x)
    full = np.concatenate([BANDS, BANDS[-2:0:-1]]) / np.array([1, 2, 2, 2, 1, 2, 2, 2])
    return 2 * len(x) * np.fft.ifft(full * spectrum)


wrong("band_power_left_complex", "gradient", band_power, power_by_complex_ifft, RECORD,
      "Right numbers in complex128: ifft without .real.", LabelledByIntent("dtype", shows=dtype_of_answer))  # fmt: skip

# a complex linear system
SYSTEM, LOAD = normal(3, 3) + 2 * np.eye(3), normal(3)


def solve_backward(c, A, b, adjoint=True, conjugated=True):
    x = np.linalg.solve(A, b)
    g = np.linalg.solve(A.conj().T if adjoint else A.T, c)
    return -np.outer(g, x.conj() if conjugated else x), g


SOLVE = Reference(mp.solve)
right("complex_solve", "vjp", np.linalg.solve, solve_backward, (SYSTEM, LOAD), "By A^H.", SOLVE, options=PYTORCH)
wrong("complex_solve_transposed_only", "vjp", np.linalg.solve, lambda c, A, b: solve_backward(c, A, b, adjoint=False),
      (SYSTEM, LOAD), "By A^T.", SOLVE, options=PYTORCH)  # fmt: skip
wrong("complex_solve_solution", "vjp", np.linalg.solve, lambda c, A, b: solve_backward(c, A, b, conjugated=False),
      (SYSTEM, LOAD), "The outer product with x for conj(x).", SOLVE, options=PYTORCH)  # fmt: skip
