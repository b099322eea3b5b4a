"""Complex numbers: both conventions, inputs, outputs and intermediates, against derivatives worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import UsageError
from gradcheck.tracing import explore

RANDOM = np.random.default_rng(11)
Z = RANDOM.standard_normal(4) + 1j * RANDOM.standard_normal(4)
A = RANDOM.standard_normal((3, 4)) + 1j * RANDOM.standard_normal((3, 4))
B = np.abs(RANDOM.standard_normal(3))
M = RANDOM.standard_normal((3, 3)) + 1j * RANDOM.standard_normal((3, 3))
T = np.array([0.3, -1.1, 0.9])


def intensity(z: Any) -> Any:
    """Phase retrieval: sum (|A z|^2 - b)^2."""
    return np.sum((np.abs(A @ z) ** 2 - B) ** 2)


def intensity_gradient(z: Any) -> Any:
    """dL/da + i dL/db = 4 A^H ((|A z|^2 - b) A z)."""
    return 4 * A.conj().T @ ((np.abs(A @ z) ** 2 - B) * (A @ z))


def test_a_gradient_in_its_own_convention() -> None:
    right = gradcheck.check_gradient(intensity, intensity_gradient, Z, convention="conjugate")
    assert right.verdict == "PASS"
    assert right.comparisons == 8
    other = gradcheck.check_gradient(intensity, lambda z: np.conj(intensity_gradient(z)), Z, convention="holomorphic")
    assert other.verdict == "PASS"


@pytest.mark.parametrize("declared", ["conjugate", "holomorphic"])
def test_a_gradient_in_the_other_convention_is_said_to_be_that(declared: Any) -> None:
    def turned(z: Any) -> Any:
        return intensity_gradient(z) if declared == "holomorphic" else np.conj(intensity_gradient(z))

    result = gradcheck.check_gradient(intensity, turned, Z, convention=declared)
    assert result.verdict == "FAIL"
    assert "GC107" in result.codes
    result = gradcheck.check_gradient(intensity, lambda z: 1.1 * turned(z), Z, convention=declared)
    assert result.verdict == "FAIL"
    assert "GC107" not in result.codes


def test_a_convention_is_asked_for_only_where_the_two_differ() -> None:
    with pytest.raises(UsageError, match=r"'conjugate' .*'holomorphic'"):
        gradcheck.check_gradient(intensity, intensity_gradient, Z)
    bad: Any = "torch"
    with pytest.raises(UsageError, match="'torch'"):
        gradcheck.check_gradient(intensity, intensity_gradient, Z, convention=bad)
    assert gradcheck.check_gradient(lambda z: np.sum(z.real**2), lambda z: 2 * z.real, Z)
    assert gradcheck.check_gradient(lambda z: np.sum(z.real**2), lambda z: z.real, Z).verdict == "FAIL"
    assert gradcheck.check_jvp(lambda z: z**2, lambda p, t: 2 * p[0] * t[0], Z)


class TestProducts:
    def test_vjp_of_a_holomorphic_function(self) -> None:
        def square(z: Any) -> Any:
            return z**2

        assert gradcheck.check_vjp(square, lambda c, z: np.conj(2 * z) * c, Z, convention="conjugate")
        assert gradcheck.check_vjp(square, lambda c, z: 2 * z * c, Z, convention="holomorphic")
        result = gradcheck.check_vjp(square, lambda c, z: 2 * z * c, Z, convention="conjugate")
        assert result.verdict == "FAIL"
        assert "GC107" in result.codes
        with pytest.raises(UsageError):
            gradcheck.check_vjp(square, lambda c, z: 2 * z * c, Z)

    def test_a_real_input_and_a_complex_output(self) -> None:
        def turn(x: Any) -> Any:
            return np.exp(1j * x)

        def vjp(c: Any, x: Any) -> Any:
            return np.real(np.conj(1j * np.exp(1j * x)) * c)

        assert gradcheck.check_vjp(turn, vjp, T, convention="conjugate")
        wrong = gradcheck.check_vjp(
            turn, lambda c, x: np.imag(np.conj(1j * np.exp(1j * x)) * c), T, convention="conjugate"
        )
        assert wrong.verdict == "FAIL"

    def test_jvp_of_a_function_that_is_not_holomorphic(self) -> None:
        def size(z: Any) -> Any:
            return z * np.conj(z)

        assert gradcheck.check_jvp(size, lambda p, t: t[0] * np.conj(p[0]) + p[0] * np.conj(t[0]), Z)
        assert gradcheck.check_jvp(size, lambda p, t: 2 * np.conj(p[0]) * t[0], Z).verdict == "FAIL"


def test_a_real_gradient_that_comes_back_complex_names_the_dtype() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x + 0j, T)
    assert result.codes == ("GC007",)
    assert "complex128" in result.findings[0].sentence


def test_what_f_holds_may_be_complex() -> None:
    def f(z: Any) -> Any:
        return np.sum(np.abs(z * gradcheck.held(z)) ** 2)

    z = np.array([0.5 - 1.0j, 2.0 + 0.25j])
    # |z h|^2 for a constant h: the gradient is 2 z |h|^2, half of what it is where h varies along
    options: dict[str, Any] = {"convention": "conjugate"}
    assert gradcheck.check_gradient(f, lambda z: 2 * z * np.abs(z) ** 2, z, **options)
    assert gradcheck.check_gradient(f, lambda z: 4 * z * np.abs(z) ** 2, z, **options).verdict.value == "FAIL"


INNER: dict[str, tuple[Any, Any]] = {
    # a real function of real T with complex numbers inside, and its gradient by hand
    "fft energy": (lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2), lambda x: 6 * x),
    "rfft energy": (
        # each frequency but 0 stands for two: sum |X|^2 = (3 sum x^2 + (sum x)^2) / 2 for n = 3
        lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2),
        lambda x: 3 * x + np.sum(x),
    ),
    "irfft of rfft": (lambda x: np.sum(np.fft.irfft(np.fft.rfft(x), 3) ** 3), lambda x: 3 * x**2),
    "ifft of fft": (lambda x: np.sum(np.fft.ifft(np.fft.fft(x)).real ** 2), lambda x: 2 * x),
    "ortho": (lambda x: np.sum(np.abs(np.fft.fft(x, norm="ortho")) ** 2), lambda x: 2 * x),
    "padded": (lambda x: np.sum(np.abs(np.fft.fft(x, 5)) ** 2), lambda x: 10 * x),
    "angle": (
        lambda x: np.angle(x[0] + 1j * x[1]) + x[2],
        lambda x: np.array([-x[1], x[0], x[0] ** 2 + x[1] ** 2]) / (x[0] ** 2 + x[1] ** 2),
    ),
    "abs": (
        lambda x: np.abs(x[0] + 1j * x[1]) * x[2],
        lambda x: np.array([x[0] * x[2], x[1] * x[2], x[0] ** 2 + x[1] ** 2]) / np.hypot(x[0], x[1]),
    ),
    "exp": (lambda x: np.exp(1j * x).real.sum(), lambda x: -np.sin(x)),
    "log": (lambda x: np.log(2 + 1j * x).imag.sum(), lambda x: 2 / (4 + x**2)),
    "sqrt": (lambda x: (np.sqrt(x + 1j) ** 2).real.sum(), lambda x: np.ones(3)),
    "power": (lambda x: ((x + 1j) ** 3).imag.sum(), lambda x: 6 * x),
    "quotient": (lambda x: (1 / (x + 1j)).imag.sum(), lambda x: 2 * x / (x**2 + 1) ** 2),
    "vdot": (lambda x: np.vdot(x + 2j, x + 2j).real, lambda x: 2 * x),
    "einsum": (lambda x: np.einsum("i,i", x + 2j, np.conj(x + 2j)).real, lambda x: 2 * x),
    "buffer": (None, lambda x: 2 * x * np.array([1.0, 4.0, 9.0])),
    "two-dimensional fft": (
        lambda x: np.sum(np.abs(np.fft.fft2(np.outer(x, [1.0, 2.0]))) ** 2) / 6,
        lambda x: 10 * x,
    ),
    "inverse": (
        lambda x: np.linalg.inv(np.diag(x + 1j)).imag.sum(),
        lambda x: 2 * x / (x**2 + 1) ** 2,
    ),
    "determinant": (
        lambda x: np.linalg.det(np.diag(x + 1j)).imag,
        # (x0 + i)(x1 + i)(x2 + i) has the imaginary part x0 x1 + x0 x2 + x1 x2 - 1
        lambda x: np.sum(x) - x,
    ),
    "astype": (lambda x: (x.astype(complex) * (1 + 2j)).imag @ x, lambda x: 4 * x),
    "norm": (lambda x: np.linalg.norm(x + 1j), lambda x: x / np.sqrt(np.sum(x**2) + 3)),
}


def _buffer(x: Any) -> Any:
    out = np.zeros(3, dtype=complex)
    for k in range(3):
        out[k] = (k + 1) * x[k] * 1j
    return np.sum(np.abs(out) ** 2)


INNER["buffer"] = (_buffer, INNER["buffer"][1])


@pytest.mark.parametrize("name", INNER)
def test_complex_numbers_inside_a_real_function(name: str) -> None:
    f, grad = INNER[name]
    explore(f, (T,))  # it is traced, so that what follows rests on proofs
    assert gradcheck.check_gradient(f, grad, T).verdict == "PASS"
    assert gradcheck.check_gradient(f, lambda x: grad(x) * np.array([1.0, 1.0, 1.00001]), T).verdict == "FAIL"


def test_solving_a_complex_system() -> None:
    def f(x: Any) -> Any:
        return np.linalg.solve(M + 1j * np.diag(x), np.ones(3)).real.sum()

    def grad(x: Any) -> Any:
        m = M + 1j * np.diag(x)
        return np.real(-1j * np.linalg.solve(m.T, np.ones(3)) * np.linalg.solve(m, np.ones(3)))

    def untransposed(x: Any) -> Any:
        m = M + 1j * np.diag(x)
        return np.real(-1j * np.linalg.solve(m, np.ones(3)) * np.linalg.solve(m, np.ones(3)))

    assert gradcheck.check_gradient(f, grad, T)
    assert gradcheck.check_gradient(f, untransposed, T).verdict == "FAIL"


@pytest.mark.parametrize("function", [np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft])
@pytest.mark.parametrize("n", [None, 3, 4, 5, 7])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_transforms_agree_with_numpys(function: Any, n: int | None, norm: Any) -> None:
    x = RANDOM.standard_normal((2, 5)) + (1j * RANDOM.standard_normal((2, 5)) if function is not np.fft.rfft else 0)
    scale = np.array(1.0)

    def both(s: Any) -> Any:
        value = function(x * s, n, 1, norm)
        return value.real, value.imag if np.iscomplexobj(value) else 0 * value

    found = explore(both, (scale,), cotangents=None)
    own = function(x, n, 1, norm)
    assert np.allclose(found.values[0].midpoint, own.real, rtol=1e-13, atol=1e-14)
    assert np.allclose(found.values[1].midpoint, own.imag, rtol=1e-13, atol=1e-14)


def test_what_is_not_traced_says_so() -> None:
    def f(x: Any) -> Any:
        return np.sort_complex(x + 1j).real.sum()

    result = gradcheck.check_gradient(f, lambda x: np.ones(3), T)
    assert result.verdict == "PASS"  # by differences
    assert any("complex numbers" in x.sentence for x in result.findings)


MATRIX = np.array([[1.0 + 2j, 0.5j], [2.0, -1.0 + 0.5j]])
POINT = np.array([0.5 - 1.0j, 2.0 + 0.25j])
CONJUGATIONS: dict[str, tuple[Any, Any]] = {
    # of z -> M z (1 + |z|^2 left out): the right VJP is M^H c, in the convention "conjugate"
    "transpose for conjugate transpose": (lambda c, z: MATRIX.T @ c, "conjugated numbers"),
    "cotangent conjugated": (lambda c, z: MATRIX.conj().T @ c.conj(), "once its cotangent is conjugated"),
    "answer conjugated": (lambda c, z: (MATRIX.conj().T @ c).conj(), "the complex conjugate of the right one"),
}


@pytest.mark.parametrize("name", CONJUGATIONS)
def test_a_conjugation_missing_or_one_too_many_is_named(name: str) -> None:
    vjp, words = CONJUGATIONS[name]
    result = gradcheck.check_vjp(lambda z: MATRIX @ z, vjp, POINT, convention="conjugate")
    (cause,) = (f for f in result.findings if f.code == "GC051")
    assert cause.facts["kind"] == "conjugate"
    assert words in cause.sentence


def test_a_conjugate_of_an_input_is_named() -> None:
    def f(a: Any, z: Any) -> Any:
        return a * z

    def vjp(c: Any, a: Any, z: Any) -> Any:
        return np.conj(z) * c, a * c  # conj(a) c would be right

    result = gradcheck.check_vjp(f, vjp, MATRIX[0], POINT, convention="conjugate")
    (cause,) = (f for f in result.findings if f.code == "GC051")
    assert cause.facts["kind"] == "conjugate"
    assert "conjuga" in cause.sentence


def test_what_is_wrong_beyond_conjugation_is_not_named_one() -> None:
    result = gradcheck.check_vjp(lambda z: MATRIX @ z, lambda c, z: 2 * MATRIX.T @ c, POINT, convention="conjugate")
    assert result.verdict.value == "FAIL"
    assert all(f.facts.get("kind") != "conjugate" for f in result.findings)


def power(z: Any) -> Any:
    return np.sum(np.abs(MATRIX @ z) ** 4)


def power_gradient(z: Any, matrix: Any = None) -> Any:
    """4 M^H (|M z|^2 M z)."""
    matrix = MATRIX.conj().T if matrix is None else matrix
    field = MATRIX @ z
    return 4 * matrix @ (np.abs(field) ** 2 * field)


def test_a_constant_factor_without_its_conjugate_is_named_with_its_line() -> None:
    assert gradcheck.check_gradient(power, power_gradient, POINT, convention="conjugate")
    result = gradcheck.check_gradient(power, lambda z: power_gradient(z, MATRIX.T), POINT, convention="conjugate")
    (cause,) = (f for f in result.findings if f.code == "GC051")
    assert cause.facts["kind"] == "conjugate"
    assert cause.facts["source"] == "return np.sum(np.abs(MATRIX @ z) ** 4)"


def test_wirtingers_half_is_named() -> None:
    result = gradcheck.check_gradient(power, lambda z: power_gradient(z) / 2, POINT, convention="conjugate")
    (cause,) = (f for f in result.findings if f.code == "GC051")
    assert cause.facts["kind"] == "factor"
    assert "Wirtinger" in cause.sentence


def imaginary_part(z: Any) -> Any:
    return np.sum(np.exp(z).imag)


@pytest.mark.parametrize(
    ("gradient", "kind"),
    [(lambda z: 1j * np.exp(z), "conjugate"), (lambda z: -1j * np.conj(np.exp(z)), "sign")],
    ids=["a conjugate inside", "the whole sign"],
)
def test_a_real_part_of_the_wrong_sign_beside_a_right_imaginary_part_is_a_conjugate(gradient: Any, kind: str) -> None:
    result = gradcheck.check_gradient(imaginary_part, gradient, Z, convention="conjugate", elsewhere=False)
    assert str(result.verdict) == "FAIL"
    assert [f.facts.get("kind") for f in result.findings if f.code == "GC051"] == [kind]


@pytest.mark.parametrize("size", [2, 3])
def test_several_complex_inputs_of_unlike_shapes(size: int) -> None:
    """Re(sum(z^2) sum(w)): 2 z sum(w) by z, sum(z^2) by w; their conjugates in the other convention."""
    z, w = np.array([1.0 + 2.0j, 0.5j, -1.0]), np.array([0.5 - 1.0j, 2.0j, 1.0])[:size]

    def f(z: Any, w: Any) -> Any:
        return np.real(np.sum(z**2) * np.sum(w))

    def derivatives(z: Any, w: Any) -> Any:
        return 2 * z * np.sum(w), np.full(w.shape, np.sum(z**2))

    def conjugates(z: Any, w: Any) -> Any:
        return tuple(np.conj(part) for part in derivatives(z, w))

    for convention, right, wrong in (("holomorphic", derivatives, conjugates), ("conjugate", conjugates, derivatives)):
        assert gradcheck.check_gradient(f, right, z, w, convention=convention).verdict == "PASS"
        result = gradcheck.check_gradient(f, wrong, z, w, convention=convention)
        assert result.verdict == "FAIL"
        assert "GC107" in result.codes
