"""From balls to estimates: a float64 value per ball, with a proven bound that includes its own rounding."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from gradcheck.numbers.flint_balls import FlintBalls
from gradcheck.oracle.estimate import Array, Estimate, Estimates, Kind
from gradcheck.problem import Graph, Point

PRECISIONS = (128, 512, 2048)
"""Bits tried in turn until the balls are `tight`."""

_RELATIVE = 1e-25  # far below float64's 1e-16, so that the rounding of the value to float64 dominates the bound
_NEGLIGIBLE = 1e-320  # no float64 is nearer to 0 than this matters


def enclose(balls: FlintBalls, ball: Any) -> tuple[float, float]:
    """The float64 next to the ball's midpoint, and a bound on its distance to every point of the ball.

    (0.0, inf) where the ball is not finite or leaves float64's range.
    """
    value = balls.midpoint(ball)
    if not math.isfinite(value):
        return 0.0, math.inf
    if ball == balls.exact(value):
        return value, 0.0
    # Each of the two was rounded to float64, by less than one unit in its last place.
    error = (balls.radius(ball) + abs(balls.rest(ball, value))) * (1 + 1e-15)
    return (value, math.nextafter(error, math.inf)) if math.isfinite(error) else (0.0, math.inf)


def tight(balls: FlintBalls, ball: Any) -> bool:
    """Whether more bits would not make `enclose` any better."""
    radius = balls.radius(ball)
    return radius <= max(_RELATIVE * abs(balls.midpoint(ball)), _NEGLIGIBLE)


def anything(balls: FlintBalls) -> Any:
    """A ball without a bound, which stays one after any operation: a NaN."""
    return balls.exact(1) / balls.zero


def proven(balls: FlintBalls, entries: Iterable[Any], shape: tuple[int, ...]) -> Estimate:
    """An estimate from one ball per entry, in C order; None stands for a derivative that is 0 by structure."""
    rows = [(0.0,) * 4 if ball is None else _in_two_floats(balls, ball) for ball in entries]
    columns: Array = np.array(rows, dtype=np.float64).reshape(-1, 4)
    value, error, rest, narrow = (columns[:, k].reshape(shape) for k in range(4))
    return Estimate(value, error, Kind.PROVEN, rest, narrow)


def _in_two_floats(balls: FlintBalls, ball: Any) -> tuple[float, float, float, float]:
    """What `enclose` gives, what is left of the midpoint after it, and the bound that is left then."""
    value, error = enclose(balls, ball)
    if not math.isfinite(error):
        return 0.0, math.inf, 0.0, math.inf
    if error == 0.0:
        return value, 0.0, 0.0, 0.0
    rest = balls.rest(ball, value)
    return value, error, rest, (balls.radius(ball) + math.ulp(rest)) * (1 + 1e-15)


def zero(shape: tuple[int, ...]) -> Estimate:
    """What is known of a parameter that no path connects to the loss."""
    return Estimate(np.zeros(shape), np.zeros(shape), Kind.PROVEN, np.zeros(shape), np.zeros(shape))


def unknown(oracle: str, graph: Graph, note: str) -> Estimates:
    """Estimates whose error is inf for every entry, and why."""
    blocks = {graph.names[i]: Estimate.unknown(graph.shapes[i], Kind.PROVEN) for i in graph.parameters}
    return Estimates(oracle, None, blocks, (note,))


def deciding_bits(point: Point) -> int:
    """The precision in which comparisons are decided: three bits below that of the point's dtype.

    An implementation in that dtype takes the same branch as the real-number function wherever balls this wide are
    apart. Where they overlap, its rounding alone may choose the branch, and the point counts as a kink.
    """
    dtypes = [np.asarray(value).dtype for value in point.values()]
    return min((int(np.finfo(dtype).nmant) + 1 for dtype in dtypes if dtype.kind == "f"), default=53) - 3
