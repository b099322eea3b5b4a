"""Helpers of the tests of number systems."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.tracing import Outcomes, explore


class Differences:
    """Derivatives by extrapolated central differences of the plain function, the yardstick of these tests.

    Error about 1e-10 for functions of unit scale, from h = 1e-4 and a formula of order 4.
    """

    def __init__(self, function: Callable[..., Any], inputs: tuple[Any, ...], weights: list[Any]) -> None:
        self.function = function
        self.inputs = [np.array(x, dtype=np.float64) for x in inputs]
        self.weights = weights

    def value(self, inputs: list[Any]) -> float:
        """The weighted sum of all outputs."""
        answer = self.function(*inputs)
        parts = answer if isinstance(answer, tuple) else (answer,)
        return float(sum(np.sum(np.asarray(p, dtype=float) * w) for p, w in zip(parts, self.weights, strict=True)))

    def along(self, directions: list[Any], h: float = 1e-4) -> float:
        """The derivative along a direction."""

        def at(t: float) -> float:
            return self.value([x + t * d for x, d in zip(self.inputs, directions, strict=True)])

        near, far = at(h) - at(-h), at(2 * h) - at(-2 * h)
        return (8 * near - far) / (12 * h)


@pytest.fixture
def weights() -> Callable[[Outcomes], list[Any]]:
    """Cotangents for the outputs of an exploration: 1 for one scalar, else fixed random numbers."""

    def draw(outcomes: Outcomes) -> list[Any]:
        if outcomes.output_shapes == ((),):
            return [np.ones(())]
        random = np.random.default_rng(7)
        return [random.standard_normal(shape) for shape in outcomes.output_shapes]

    return draw


@pytest.fixture
def agrees(weights: Callable[[Outcomes], list[Any]]) -> Callable[..., Outcomes]:
    """Check an exploration against differences: the value, and the VJP along two random directions."""

    def check(function: Callable[..., Any], *inputs: Any, tolerance: float = 2e-8, **options: Any) -> Outcomes:
        outcomes = explore(function, inputs, **options)
        cotangents = weights(outcomes)
        found = outcomes.vjp(cotangents)
        assert found.smoothness == "smooth", found.notes
        truth = Differences(function, inputs, cotangents)
        exact = sum(float(np.sum(v.midpoint * c)) for v, c in zip(outcomes.values, cotangents, strict=True))
        assert exact == pytest.approx(truth.value(truth.inputs), rel=1e-11, abs=1e-11)
        random = np.random.default_rng(8)
        for _ in range(2):
            directions = [random.standard_normal(x.shape) for x in truth.inputs]
            slope = sum(float(np.sum(p.midpoint * d)) for p, d in zip(found.parts, directions, strict=True))
            assert slope == pytest.approx(truth.along(directions), rel=tolerance, abs=tolerance)
        return outcomes

    return check
