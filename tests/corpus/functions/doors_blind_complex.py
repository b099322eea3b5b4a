"""Complex numbers held back: holograms, beams, circuits, spectra, layers, inverses and eigenvectors."""

import numpy as np
from scipy.linalg import expm

from .. import truth as mp
from ..item import Category
from ..truth import LabelledByIntent, Reference

CATEGORY = Category("doors blind complex", door=True)
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(6103)
mpf, mpm, mpc = mp.mpf, mp.mpmath, mp.mpmath.mpc
PYTORCH, JAX = {"convention": "conjugate"}, {"convention": "holomorphic"}


def normal(*shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def mp_fft(x, sign=-1):
    n = len(x)
    return np.array([sum(x[m] * mpm.expjpi(mpf(sign * 2 * k * m) / n) for m in range(n)) for k in range(n)], object)


def squared(z):
    return np.array([mpc(v).real ** 2 + mpc(v).imag ** 2 for v in z], dtype=object)


# ptychography: the amplitudes of a far field behind a probe
PROBE, AMPLITUDES, SPECIMEN = normal(6), rng.uniform(0.5, 4.0, 6), normal(6)


def far_field(z):
    return np.sum((np.abs(np.fft.fft(PROBE * z)) - AMPLITUDES) ** 2)


def far_field_gradient(z, probe=np.conj, scale=6.0, phases=True):
    field = np.fft.fft(PROBE * z)
    size = np.abs(field)
    gap = 2 * (size - AMPLITUDES) * (field / size if phases else 1.0)
    return probe(PROBE) * scale * np.fft.ifft(gap)


def mp_far_field(z):
    intensities = squared(mp_fft(mp.lift(PROBE) * z))
    return sum((mpm.sqrt(v) - mpf(a)) ** 2 for v, a in zip(intensities, AMPLITUDES, strict=True))


FAR = Reference(mp_far_field)
right("hologram_amplitudes", "gradient", far_field, far_field_gradient, SPECIMEN, "n ifft, the probe conjugated.", FAR,
      options=PYTORCH)  # fmt: skip
right("hologram_amplitudes_holomorphic", "gradient", far_field, lambda z: far_field_gradient(z).conj(), SPECIMEN,
      "Its conjugate.", FAR, options=JAX)  # fmt: skip
wrong("hologram_amplitudes_probe", "gradient", far_field, lambda z: far_field_gradient(z, probe=np.asarray), SPECIMEN,
      "The probe is not conjugated.", FAR, options=PYTORCH)  # fmt: skip
wrong("hologram_amplitudes_unscaled", "gradient", far_field, lambda z: far_field_gradient(z, scale=1.0), SPECIMEN,
      "ifft's 1/n stays.", FAR, options=PYTORCH)  # fmt: skip
wrong("hologram_amplitudes_phases", "gradient", far_field, lambda z: far_field_gradient(z, phases=False), SPECIMEN,
      "The field's phases are left out.", FAR, options=PYTORCH)  # fmt: skip
wrong("hologram_amplitudes_conjugate_for_jax", "gradient", far_field, far_field_gradient, SPECIMEN,
      "PyTorch's answer where JAX's is declared.", FAR, options=JAX)  # fmt: skip

# an adaptive beam: power by the angle that it looks at; a real input, complex in between
SNAPSHOTS = normal(4, 9)
RECEIVED = SNAPSHOTS @ SNAPSHOTS.conj().T / 9 + 0.3 * np.eye(4)
LOOK = np.array([0.35])


def capon(angle):
    steering = np.exp(1j * np.pi * np.arange(4) * np.sin(angle[0]))
    return 1 / np.vdot(steering, np.linalg.solve(RECEIVED, steering)).real


def capon_gradient(angle, twice=2.0, inner=True):
    steering = np.exp(1j * np.pi * np.arange(4) * np.sin(angle[0]))
    slope = 1j * np.pi * np.arange(4) * (np.cos(angle[0]) if inner else 1.0) * steering
    filtered = np.linalg.solve(RECEIVED, steering)
    return np.array([-twice * np.vdot(slope, filtered).real / np.vdot(steering, filtered).real ** 2])


def mp_capon(angle):
    a = np.array([mpm.expjpi(k * mpm.sin(angle[0])) for k in range(4)], dtype=object)
    return 1 / sum(mp.conj(a) * mp.solve(mp.lift(RECEIVED), a)).real


CAPON = Reference(mp_capon)
right("capon_beam", "gradient", capon, capon_gradient, LOOK, "2 Re.", CAPON)
wrong("capon_beam_one_side", "gradient", capon, lambda t: capon_gradient(t, 1.0), LOOK,
      "The conjugated half is missing: Re for 2 Re.", CAPON)  # fmt: skip
wrong("capon_beam_sine", "gradient", capon, lambda t: capon_gradient(t, inner=False), LOOK,
      "The sine's slope is forgotten.", CAPON)  # fmt: skip

# the energy of a circuit of two qubits by its angles
X2, Z2, Y2 = np.array([[0, 1], [1, 0]], complex), np.diag([1.0 + 0j, -1]), np.array([[0, -1j], [1j, 0]])
GATES = [np.kron(X2, np.eye(2)), np.kron(Z2, Z2), np.kron(np.eye(2), Y2)]
ENERGY = np.kron(Z2, np.eye(2)) + 0.7 * np.kron(X2, X2) + 0.4 * np.kron(Y2, Z2)
ANGLES = np.array([0.4, -0.8, 1.1])


def circuit(angles):
    state = np.array([1.0 + 0j, 0, 0, 0])
    for angle, gate in zip(angles, GATES, strict=True):
        state = np.cos(angle / 2) * state - 1j * np.sin(angle / 2) * (gate @ state)
    return state


def circuit_energy(angles):
    state = circuit(angles)
    return np.vdot(state, ENERGY @ state).real


def by_shifts(angles, shift=np.pi / 2, factor=0.5):
    steps = shift * np.eye(3)
    return np.array([factor * (circuit_energy(angles + s) - circuit_energy(angles - s)) for s in steps])


def by_costate(angles, part=np.imag):
    """Backwards through the gates: d/dangle = Im <costate, gate state>."""
    state = circuit(angles)
    costate, result = ENERGY @ state, np.zeros(3)
    for k in (2, 1, 0):
        result[k] = part(np.vdot(costate, GATES[k] @ state))
        undo = np.cos(angles[k] / 2) * np.eye(4) + 1j * np.sin(angles[k] / 2) * GATES[k]
        state, costate = undo @ state, undo @ costate
    return result


def mp_circuit(angles):
    state = np.array([mpf(1), mpf(0), mpf(0), mpf(0)], dtype=object)
    for angle, gate in zip(angles, GATES, strict=True):
        state = mp.expm(mpc(0, -1) * angle / 2 * mp.lift(gate)) @ state
    return sum(mp.conj(state) * (mp.lift(ENERGY) @ state)).real


CIRCUIT = Reference(mp_circuit)
right("circuit_energy_by_shifts", "gradient", circuit_energy, by_shifts, ANGLES, "The parameter-shift rule.", CIRCUIT)
right("circuit_energy_by_costate", "gradient", circuit_energy, by_costate, ANGLES, "Backwards.", CIRCUIT)
wrong("circuit_energy_small_shift", "gradient", circuit_energy, lambda a: by_shifts(a, np.pi / 4), ANGLES,
      "Shifts of pi / 4 with the factor that belongs to pi / 2.", CIRCUIT)  # fmt: skip
wrong("circuit_energy_real_part", "gradient", circuit_energy, lambda a: by_costate(a, np.real), ANGLES,
      "The real part where the imaginary one belongs.", CIRCUIT)  # fmt: skip

# the ground state of a Hamiltonian by its real couplings
H0, H1, H2 = (lambda M: M + M.conj().T)(normal(3, 3)), (lambda M: M + M.conj().T)(normal(3, 3)), np.diag([1.0, 0, -1])
COUPLINGS = np.array([0.5, -0.8])


def ground(c):
    return np.linalg.eigvalsh(H0 + c[0] * H1 + c[1] * H2)[0]


def ground_gradient(c, conjugated=True):
    v = np.linalg.eigh(H0 + c[0] * H1 + c[1] * H2)[1][:, 0]
    bra = v.conj() if conjugated else v
    return np.array([(bra @ H @ v).real for H in (H1, H2)])


def mp_ground(c):
    H = mp.lift(H0) + c[0] * mp.lift(H1) + c[1] * mp.lift(H2)
    return min(mpm.eighe(mp.as_matrix(H), eigvals_only=True))


GROUND = Reference(mp_ground)
right("ground_energy", "gradient", ground, ground_gradient, COUPLINGS, "Hellmann and Feynman.", GROUND)
wrong("ground_energy_bra", "gradient", ground, lambda c: ground_gradient(c, False), COUPLINGS,
      "v^T H v for v^H H v.", GROUND)  # fmt: skip

# phases of an interferogram
MEASURED, REFERENCE = normal(4), normal(4)


def phase_gap(z):
    return np.sum(np.angle(z * REFERENCE.conj()) ** 2)


def phase_gap_gradient(z, unit=1j):
    return 2 * np.angle(z * REFERENCE.conj()) * unit * z / np.abs(z) ** 2


PHASES = Reference(lambda z: sum(mpm.arg(v) ** 2 for v in z * mp.conj(mp.lift(REFERENCE))))
right("interferogram_phases", "gradient", phase_gap, phase_gap_gradient, MEASURED, "i z / |z|^2.", PHASES,
      options=PYTORCH)  # fmt: skip
wrong("interferogram_phases_backwards", "gradient", phase_gap, lambda z: phase_gap_gradient(z, -1j), MEASURED,
      "-i z / |z|^2: the phase turned the other way.", PHASES, options=PYTORCH)  # fmt: skip
wrong("interferogram_phases_radial", "gradient", phase_gap, lambda z: phase_gap_gradient(z, 1.0), MEASURED,
      "Along z, where the phase does not change.", PHASES, options=PYTORCH)  # fmt: skip

# a spectrogram of a real signal: windows that overlap
WINDOW, SOUND = np.array([0.3, 0.9, 1.0, 0.6]), rng.standard_normal(8)
STARTS = (0, 2, 4)


def loudness(x):
    return sum(np.sum(np.log(0.5 + np.abs(np.fft.rfft(WINDOW * x[s : s + 4])) ** 2)) for s in STARTS)


def loudness_gradient(x, window=True, added=True):
    result = np.zeros_like(x)
    for s in STARTS:
        S = np.fft.rfft(WINDOW * x[s : s + 4])
        G = 2 * S / (0.5 + np.abs(S) ** 2)
        frame = 4 * np.fft.irfft(np.array([1, 0.5, 1]) * G, 4) * (WINDOW if window else 1.0)
        result[s : s + 4] = frame + (result[s : s + 4] if added else 0.0)
    return result


def mp_loudness(x):
    return sum(mpm.log(mpf(1) / 2 + v) for s in STARTS for v in squared(mp_fft(mp.lift(WINDOW) * x[s : s + 4])[:3]))


LOUDNESS = Reference(mp_loudness)
right("spectrogram_loudness", "gradient", loudness, loudness_gradient, SOUND, "Overlap and add.", LOUDNESS)
wrong("spectrogram_loudness_window", "gradient", loudness, lambda x: loudness_gradient(x, window=False), SOUND,
      "The window is forgotten on the way back.", LOUDNESS)  # fmt: skip
wrong("spectrogram_loudness_assigned", "gradient", loudness, lambda x: loudness_gradient(x, added=False), SOUND,
      "Later frames overwrite earlier ones.", LOUDNESS)  # fmt: skip

# a complex layer whose activation bounds the modulus
ACTIVE = normal(4)


def bounded(z):
    return z / (1 + np.abs(z))


def bounded_backward(c, z, modulus=True):
    r = np.abs(z)
    g = c / (1 + r)
    return g - (c.conj() * z).real * z / (r * (1 + r) ** 2) if modulus else g


BOUNDED = Reference(lambda z: np.array([v / (1 + abs(v)) for v in z], dtype=object))
right("modulus_bounded", "vjp", bounded, bounded_backward, ACTIVE, "Not holomorphic.", BOUNDED, options=PYTORCH)
wrong("modulus_bounded_constant", "vjp", bounded, lambda c, z: bounded_backward(c, z, False), ACTIVE,
      "The modulus is held.", BOUNDED, options=PYTORCH)  # fmt: skip

# a power of complex numbers
CUBE = Reference(lambda z: z * z * z)
right("complex_cube", "vjp", lambda z: z**3, lambda c, z: c * np.conj(3 * z**2), ACTIVE, "Conjugated.", CUBE,
      options=PYTORCH)  # fmt: skip
right("complex_cube_holomorphic", "vjp", lambda z: z**3, lambda c, z: c * 3 * z**2, ACTIVE, "As in JAX.", CUBE,
      options=JAX)  # fmt: skip
wrong("complex_cube_unconjugated", "vjp", lambda z: z**3, lambda c, z: c * 3 * z**2, ACTIVE,
      "The slope is not conjugated.", CUBE, options=PYTORCH)  # fmt: skip

# synthesis of a real signal
HALF = normal(4)
HALF[[0, 3]] = HALF[[0, 3]].real


def synthesis(X):
    return np.fft.irfft(X, 6)


def synthesis_backward(c, X, inner=2.0):
    return np.fft.rfft(c) / 6 * np.array([1, inner, inner, 1])


def mp_synthesis(X):
    full = [mpc(X[0]).real, X[1], X[2], mpc(X[3]).real, mpm.conj(X[2]), mpm.conj(X[1])]
    return np.array([mpc(v).real / 6 for v in mp_fft(np.array(full, dtype=object), 1)], dtype=object)


SYNTHESIS = Reference(mp_synthesis)
right("real_synthesis", "vjp", synthesis, synthesis_backward, HALF, "Inner lines count twice.", SYNTHESIS,
      options=PYTORCH)  # fmt: skip
wrong("real_synthesis_inner_lines", "vjp", synthesis, lambda c, X: synthesis_backward(c, X, 1.0), HALF,
      "rfft(c) / n.", SYNTHESIS, options=PYTORCH)  # fmt: skip

# the inverse, and the logarithm of its determinant's modulus
IMPEDANCE = normal(3, 3) + 2 * np.eye(3)


def inverse_backward(c, A, conjugated=True):
    B = np.linalg.inv(A)
    back = B.conj().T if conjugated else B.T
    return -back @ c @ back


INVERSE = Reference(mp.inverse)
right("complex_inverse", "vjp", np.linalg.inv, inverse_backward, IMPEDANCE, "-B^H c B^H.", INVERSE, options=PYTORCH)
right("complex_inverse_holomorphic", "vjp", np.linalg.inv, lambda c, A: inverse_backward(c, A, False), IMPEDANCE,
      "-B^T c B^T.", INVERSE, options=JAX)  # fmt: skip
wrong("complex_inverse_transposed_only", "vjp", np.linalg.inv, lambda c, A: inverse_backward(c, A, False), IMPEDANCE,
      "-B^T c B^T where B^H belongs.", INVERSE, options=PYTORCH)  # fmt: skip


def log_modulus(A):
    return np.log(np.abs(np.linalg.det(A)))


LOG_MODULUS = Reference(lambda A: mpm.log(abs(mp.det(A))))
right("log_modulus_of_determinant", "gradient", log_modulus, lambda A: np.linalg.inv(A).conj().T, IMPEDANCE, "A^-H.",
      LOG_MODULUS, options=PYTORCH)  # fmt: skip
wrong("log_modulus_of_determinant_transposed_only", "gradient", log_modulus, lambda A: np.linalg.inv(A).T.copy(),
      IMPEDANCE, "A^-T.", LOG_MODULUS, options=PYTORCH)  # fmt: skip

# a driven qubit by its real detuning and drive
DRIVE = np.array([0.6, -0.9])


def excited(p):
    U = expm(-0.7j * (p[0] * Z2 + p[1] * X2))
    return np.abs(U[1, 0]) ** 2


def excited_gradient(p, squared_frequency=True):
    w = np.sqrt(p @ p)
    s, c = np.sin(0.7 * w), np.cos(0.7 * w)
    by_w = 2 * p[1] ** 2 * s * (0.7 * c * w - (s if squared_frequency else 0.0)) / w**3
    return by_w * p / w + np.array([0.0, 2 * p[1] * s**2 / w**2])


def mp_excited(p):
    U = mp.expm(mpc(0, -1) * mpf(0.7) * (p[0] * mp.lift(Z2) + p[1] * mp.lift(X2)))
    return squared([U[1, 0]])[0]


RABI = Reference(mp_excited)
right("rabi_formula", "gradient", excited, excited_gradient, DRIVE, "Rabi's formula for an exponential.", RABI)
wrong("rabi_formula_amplitude", "gradient", excited, lambda p: excited_gradient(p, False), DRIVE,
      "The amplitude's dependence on the frequency is dropped.", RABI)  # fmt: skip

# complex parameters in a dict beside a real one
MODES = {"amplitudes": normal(2), "decay": np.array(0.4)}
HEARD = normal(5)


def ringing(p):
    t = np.arange(5) / 2
    waves = np.exp((2j * np.arange(1, 3)[:, None] - p["decay"]) * t)
    return np.sum(np.abs(p["amplitudes"] @ waves - HEARD) ** 2)


def ringing_gradient(p, conjugated=True):
    t = np.arange(5) / 2
    waves = np.exp((2j * np.arange(1, 3)[:, None] - p["decay"]) * t)
    gap = p["amplitudes"] @ waves - HEARD
    by_decay = 2 * np.vdot(gap, p["amplitudes"] @ (-t * waves)).real
    return {"amplitudes": 2 * (waves.conj() if conjugated else waves) @ gap, "decay": np.asarray(by_decay)}


def mp_ringing(p):
    gaps = [
        sum(p["amplitudes"][k] * mpm.exp((mpc(0, 2 * k + 2) - p["decay"]) * mpf(j) / 2) for k in (0, 1))
        - mpc(HEARD[j].real, HEARD[j].imag)
        for j in range(5)
    ]
    return sum(squared(gaps))


RINGING = Reference(mp_ringing)
right("ringing_modes_in_dict", "gradient", ringing, ringing_gradient, (MODES,), "Complex and real leaves.", RINGING,
      options=PYTORCH)  # fmt: skip
wrong("ringing_modes_in_dict_waves", "gradient", ringing, lambda p: ringing_gradient(p, False), (MODES,),
      "The waves are not conjugated; the real leaf is right.", RINGING, options=PYTORCH)  # fmt: skip


def complex_for_real(item):
    """A gradient by a real input that is complex."""
    return np.asarray(item.derivative(*item.inputs)).dtype.kind == "c"


def filtered_power(x):
    return np.sum(np.fft.ifft(np.fft.fft(TAPS) * np.fft.fft(x)).real ** 2)


def filtered_power_gradient(x):
    return 2 * np.fft.ifft(np.abs(np.fft.fft(TAPS)) ** 2 * np.fft.fft(x))


TAPS = np.array([1.0, -0.5, 0.2, 0, 0, 0, 0, 0])
wrong("filtered_power_left_complex", "gradient", filtered_power, filtered_power_gradient, SOUND,
      "complex128 for a real input, right as the real parts are.",
      LabelledByIntent("dtype", shows=complex_for_real))  # fmt: skip
