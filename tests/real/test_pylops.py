"""PyLops' operators and their adjoints, each judged entry by entry."""

from typing import Any

import numpy as np
import pytest

from gradcheck import check_adjoint
from real.real_check import RealCheck

pytest.importorskip("pylops", reason="PyLops is not installed (pip install '.[real]')")

import pylops

RANDOM = np.random.default_rng(17)
H = RANDOM.normal(size=3)
H2 = RANDOM.normal(size=(3, 3))
PLACES = np.array([0.3, 2.6, 4.1])
OPERATORS: dict[str, Any] = {
    "FirstDerivative centered": lambda: pylops.FirstDerivative(6, kind="centered", edge=True),
    "FirstDerivative, order 5": lambda: pylops.FirstDerivative(8, kind="centered", order=5),
    "FirstDerivative forward": lambda: pylops.FirstDerivative(6, sampling=0.5, kind="forward"),
    "SecondDerivative": lambda: pylops.SecondDerivative(6, edge=True),
    "Laplacian": lambda: pylops.Laplacian((4, 4), weights=(1.0, 0.5)),
    "Gradient": lambda: pylops.Gradient((3, 4), kind="backward"),
    "FirstDirectionalDerivative": lambda: pylops.FirstDirectionalDerivative((3, 4), np.array([0.6, 0.8])),
    "CausalIntegration trapezoidal": lambda: pylops.CausalIntegration(6, kind="trapezoidal"),
    "CausalIntegration half": lambda: pylops.CausalIntegration(6, kind="half", removefirst=True),
    "Smoothing1D": lambda: pylops.Smoothing1D(3, 6),
    "Symmetrize": lambda: pylops.Symmetrize(4),
    "Pad": lambda: pylops.Pad(5, (2, 1)),
    "Roll": lambda: pylops.Roll(5, shift=2),
    "Restriction": lambda: pylops.Restriction(6, [0, 2, 5]),
    "Sum": lambda: pylops.Sum((3, 4), axis=0),
    "Regression": lambda: pylops.Regression(np.arange(5.0), order=2),
    "Kronecker": lambda: pylops.Kronecker(pylops.MatrixMult(H2), pylops.FirstDerivative(4)),
    "VStack": lambda: pylops.VStack([pylops.FirstDerivative(5), pylops.Smoothing1D(3, 5)]),
    "BlockDiag": lambda: pylops.BlockDiag([pylops.MatrixMult(H2), pylops.CausalIntegration(4)]),
    "Convolve1D": lambda: pylops.signalprocessing.Convolve1D(6, H, offset=1),
    "Convolve2D": lambda: pylops.signalprocessing.Convolve2D((4, 4), H2, offset=(1, 1)),
    "NonStationaryConvolve1D": lambda: pylops.signalprocessing.NonStationaryConvolve1D(
        8, RANDOM.normal(size=(2, 3)), [2, 5]
    ),
    "FFT": lambda: pylops.signalprocessing.FFT(6, real=False),
    "FFT real": lambda: pylops.signalprocessing.FFT(6, real=True, dtype=float),
    "FFT2D": lambda: pylops.signalprocessing.FFT2D((3, 4), dtype=complex),
    "DCT": lambda: pylops.signalprocessing.DCT(6),
    "Interp linear": lambda: pylops.signalprocessing.Interp(6, PLACES, kind="linear")[0],
    "Interp sinc": lambda: pylops.signalprocessing.Interp(6, PLACES, kind="sinc")[0],
    "Interp spline": lambda: pylops.signalprocessing.Interp(6, PLACES, kind="cubic_spline")[0],
    "Bilinear": lambda: pylops.signalprocessing.Bilinear(np.array([[0.3, 1.6], [1.2, 2.7]]), (3, 4)),
    "Shift": lambda: pylops.signalprocessing.Shift(6, 1.3),
    "Sliding1D": lambda: pylops.signalprocessing.Sliding1D(pylops.Smoothing1D(3, 4), 8, 6, 4, 2, tapertype="hanning"),
    "Radon2D": lambda: pylops.signalprocessing.Radon2D(
        np.arange(5.0), np.arange(3.0) - 1, np.array([-0.5, 0.0, 0.5]), engine="numpy"
    ),
    "ChirpRadon2D": lambda: pylops.signalprocessing.ChirpRadon2D(np.arange(5.0), np.arange(3.0) - 1, 0.5),
    "Fredholm1": lambda: pylops.signalprocessing.Fredholm1(RANDOM.normal(size=(2, 3, 4)), nz=1),
    "Real": lambda: pylops.Real(4, dtype=complex),
    "Conj": lambda: pylops.Conj(4, dtype=complex),
    "PoststackLinearModelling": lambda: pylops.avo.poststack.PoststackLinearModelling(H, nt0=6),
}


def numbers(size: int, dtype: Any) -> Any:
    drawn = RANDOM.normal(size=size)
    return drawn + 1j * RANDOM.normal(size=size) if np.dtype(dtype).kind == "c" else drawn


def adjoint(name: str) -> RealCheck:
    operator = OPERATORS[name]()
    rows, columns = operator.shape
    x = numbers(columns, operator.dtype)
    y = numbers(rows, np.asarray(operator.matvec(x)).dtype)
    return RealCheck(name, check_adjoint, (operator, None, x, y))


CHECKS = [adjoint(name) for name in OPERATORS]
DERIVATIVE, CONVOLUTION = OPERATORS["FirstDerivative centered"](), OPERATORS["Convolve1D"]()
PLANTED = [
    RealCheck(
        "FirstDerivative, its negative for its adjoint",
        check_adjoint,
        (DERIVATIVE.matvec, lambda y: -DERIVATIVE.matvec(y), np.ones(6), np.ones(6)),
        expected="FAIL",
    ),
    RealCheck(
        "Convolve1D, itself for its adjoint",
        check_adjoint,
        (CONVOLUTION.matvec, CONVOLUTION.matvec, np.ones(6), np.ones(6)),
        expected="FAIL",
    ),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_verdict(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("check", PLANTED, ids=str)
def test_planted_mistake(check: RealCheck) -> None:
    check.assert_expected()
