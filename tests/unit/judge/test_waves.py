"""Waves of 160 steps in float32: what lies closer to a proven truth than what matters is right, however much rounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck

STEPS, STRENGTH = 160, np.float32(0.4)
START = np.random.default_rng(1).standard_normal(24).astype(np.float32)


def curvature(u: Any) -> Any:
    return np.roll(u, 1) + np.roll(u, -1) - 2 * u


def energy(u: Any) -> Any:
    """The sum of squares after STEPS leapfrog steps from rest."""
    before, now = u, u
    for _ in range(STEPS):
        before, now = now, 2 * now - before + STRENGTH * curvature(now)
    return np.sum(now * now)


def adjoint(u: Any, slip: float = 0.0) -> Any:
    """The steps backwards; `slip`: share by which the curvature is too strong there."""
    before, now = u, u
    for _ in range(STEPS):
        before, now = now, 2 * now - before + STRENGTH * curvature(now)
    of_before, of_now = np.zeros_like(u), 2 * now
    for _ in range(STEPS):
        strength = STRENGTH * np.float32(1 + slip)
        of_before, of_now = -of_now, of_before + 2 * of_now + strength * curvature(of_now)
    return of_before + of_now


def exactly(u: Any) -> Any:
    """The gradient in float64 by the power of the matrix of one step: 2 M^T M u, if M takes the start to the end."""
    identity = np.eye(24)
    bent = np.roll(identity, 1, axis=0) + np.roll(identity, -1, axis=0) - 2 * identity
    single = 2 * identity + float(STRENGTH) * bent
    step = np.block([[np.zeros((24, 24)), identity], [-identity, single]])
    last = np.linalg.matrix_power(step, STEPS)[24:]
    both = last[:, :24] + last[:, 24:]
    return 2 * both.T @ (both @ u.astype(float))


def test_a_right_wave_is_decided() -> None:
    assert float(np.max(np.abs(adjoint(START) - exactly(START)))) < 1e-4 * float(np.std(exactly(START)))
    result = gradcheck.check_gradient(energy, adjoint, START)
    assert result.verdict == "PASS", result.to_text()


@pytest.mark.parametrize("slip", [1e-4, 1e-2])
def test_a_wave_with_another_speed_backwards_fails(slip: float) -> None:
    result = gradcheck.check_gradient(energy, lambda u: adjoint(u, slip), START)
    assert result.verdict == "FAIL", result.to_text()
    assert result.worst is not None
    named = result.findings[[f.code for f in result.findings].index("GC012")].facts
    assert (list(result.worst.entry), result.worst.subject) == (named["entry"], named["subject"])


def test_within_rounding_but_beyond_what_matters_it_is_open_and_says_why() -> None:
    truth = exactly(START)

    def close(u: Any) -> Any:  # off by twice what matters in one entry, less than rounding may cost there
        size = float(np.sqrt(np.mean(truth**2)))
        return (exactly(u) + 2e-4 * size * (np.arange(24) == 12)).astype(np.float32)

    result = gradcheck.check_gradient(energy, close, START, elsewhere=False)
    assert (result.verdict, result.codes[0]) == ("UNDECIDED", "GC031"), result.to_text()
    assert result.findings[0].facts["dtype"] == "float32"
    assert result.worst is not None
    assert list(result.worst.entry) == result.findings[0].facts["entry"] == [12]
    assert "rounding alone may cost" in str(result)
