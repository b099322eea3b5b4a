"""Random programs: the truth, from 60 digits of mpmath, lies within every proven radius."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.tracing import explore

ELEMENTARY: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    (np.sin, mpmath.sin),
    (np.cos, mpmath.cos),
    (np.tanh, mpmath.tanh),
    (np.exp, mpmath.exp),
    (np.arctan, mpmath.atan),
    (np.arcsinh, mpmath.asinh),
)


def program(seed: int) -> Callable[[Any, int], Any]:
    """A function of four numbers in twelve random steps; its second argument chooses NumPy (0) or mpmath (1)."""
    random = np.random.default_rng(seed)
    steps = random.integers(0, 1000, (12, 4)).tolist()

    def run(x: Any, library: int) -> Any:
        values = list(x)
        for kind, i, j, which in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            match kind % 6:
                case 0:
                    new = a + b
                case 1:
                    new = a * b
                case 2:
                    new = a / (b * b + 1.5)
                case 3:
                    new = (a - b) * 0.5
                case _:
                    new = ELEMENTARY[which % len(ELEMENTARY)][library](a * 0.25)
            values.append(new)
        return values[-4] + values[-3] + values[-2] + values[-1]

    return run


@pytest.mark.parametrize("seed", range(60))
def test_the_truth_lies_within_the_radius(seed: int) -> None:
    run = program(seed)
    x = np.random.default_rng(seed + 1000).standard_normal(4)
    outcomes = explore(lambda x: run(x, 0), (x,))
    (part,) = outcomes.vjp().parts
    with mpmath.mp.workdps(60):
        step = mpmath.mpf(10) ** -20
        point = [mpmath.mpf(float(v)) for v in x]
        for k in range(4):
            ahead, behind = list(point), list(point)
            ahead[k] += step
            behind[k] -= step
            truth = (run(ahead, 1) - run(behind, 1)) / (2 * step)
            error = abs(truth - mpmath.mpf(float(part.midpoint[k])))
            assert error <= mpmath.mpf(float(part.radius[k])) + (1 + abs(truth)) * mpmath.mpf(10) ** -32
        assert abs(run(point, 1) - float(outcomes.values[0].midpoint)) <= float(outcomes.values[0].radius)
    assert part.radius.max() <= 2.0**-52 * np.abs(part.midpoint).max()
