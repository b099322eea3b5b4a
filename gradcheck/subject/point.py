"""A point for a subject: complete, and rounded to the dtype that the subject computes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from gradcheck.errors import InvalidProblem
from gradcheck.problem.graph import Graph
from gradcheck.subject.answer import Array


def rounded(problem: Any, point: Mapping[str, ArrayLike], dtype: DTypeLike) -> tuple[list[str] | None, list[Array]]:
    """The names of the point's arrays, and the arrays in `dtype`; names are None for the graph's own, in order."""
    if not isinstance(problem, Graph):
        return list(point), [np.asarray(value, dtype=dtype) for value in point.values()]
    names = [problem.names[i] for i in problem.free]
    if set(names) != set(point):
        odd = min(set(names) ^ set(point))
        raise InvalidProblem(
            f"the point gives {'no' if odd in names else 'a'} value to {odd!r}; a point gives one to each of the "
            "graph's inputs and parameters"
        )
    return None, [np.asarray(point[name], dtype=dtype) for name in names]
