"""Hypothesis strategies in place of inputs: how they are recognised, and the points drawn from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem

DRAWS = 200
"""Maximum number of draws from a strategy that rejects some of what it draws."""


def is_strategy(value: Any) -> bool:
    """Whether a value is a Hypothesis strategy, found out without importing Hypothesis for arrays."""
    return any(t.__name__ == "SearchStrategy" and t.__module__.startswith("hypothesis") for t in type(value).__mro__)


def points_of(
    strategies: Mapping[int, Any], inputs: Sequence[Any], names: Sequence[str], count: int, seed: int | None
) -> list[tuple[Any, ...]]:
    """At most `count` points, different from one another, whose inputs in `strategies` are drawn; the others are kept.

    What is drawn gets its input's dtype. The same points come every time, for one `seed`. Raises InvalidProblem where a
    strategy draws another shape than its input's, or nothing at all.
    """
    import hypothesis
    from hypothesis import strategies as st

    found: list[tuple[Any, ...]] = []
    order = sorted(strategies)

    def collect(drawn: tuple[Any, ...]) -> None:
        point = list(inputs)
        for k, value in zip(order, drawn, strict=True):
            point[k] = _fitted(value, np.asarray(inputs[k]), f"domain of {names[k]!r}")
        if not any(all(np.array_equal(a, b) for a, b in zip(point, other, strict=True)) for other in found):
            found.append(tuple(point))
        if len(found) >= count:
            raise _EnoughError

    settle = hypothesis.settings(
        max_examples=DRAWS,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate,),
        verbosity=hypothesis.Verbosity.quiet,
    )
    test = settle(hypothesis.given(drawn=st.tuples(*(strategies[k] for k in order)))(collect))
    if seed is not None:
        test = hypothesis.seed(int(seed))(test)
    try:
        test()
    except _EnoughError:
        pass
    except (hypothesis.errors.Unsatisfiable, hypothesis.errors.InvalidArgument) as wrong:
        where = ", ".join(repr(names[k]) for k in order)
        raise InvalidProblem(f"nothing can be drawn of the strategy: {wrong}", where=f"domain of {where}") from None
    return found


def _fitted(value: Any, like: Any, where: str) -> Any:
    """What was drawn, in the dtype of the input that it stands for."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InvalidProblem(f"the strategy draws {type(value).__name__}, not numbers", where=where)
    if array.shape != like.shape:
        raise InvalidProblem(f"the strategy draws shape {array.shape}, the input given has {like.shape}", where=where)
    return array.astype(like.dtype)


class _EnoughError(BaseException):
    """Ends the drawing; Hypothesis lets it through."""
