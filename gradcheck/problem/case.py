"""`Case`: a problem at a point, with a name and one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem
from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import Array
from gradcheck.problem.reading import brief

DTYPES = ("float64", "float32", "float16")
"""The dtypes a subject may answer in."""

VERDICTS = ("PASS", "FAIL", "UNDECIDED", "ERROR")
"""The verdicts that a case may expect."""


@runtime_checkable
class Lowers(Protocol):
    """What Graph, MLP and NeuronDAG have in common: they lower to a Graph."""

    def lower(self) -> Graph:
        """The same problem as a Graph, with the same names for inputs and parameters."""
        ...


@dataclass(frozen=True)
class Case:
    """A problem at a point.

    Parameters
    ----------
    name: printable, without "::", unique within its suite; the case's address is `SUITE::NAME`.
    problem: Graph, MLP or NeuronDAG.
    point: the value of each input and parameter, by name: finite real numbers as a number, a list or an array, of the
        shape that the problem declares. Kept as read-only arrays of `dtype`, rounded when the case is made.
    sentence: what the case is about, for people.
    dtype: "float64", "float32" or "float16": the dtype that the subject computes in.
    expect: (verdict, reason) where the case is known not to pass, such as ("UNDECIDED", "at a kink"); strict.
    labels: other names that the case answers to, such as the id of a source document's row (`-k S4.b`).
    subject: the case's own subject, a callable `(graph, point) -> (value, grads)` that runs in the caller's process;
        None for the subject of the run.
    seed: the whole number that the case was generated from; None for one written by hand.

    Attributes
    ----------
    graph: what the problem lowers to, its constants rounded to `dtype`.
    largest: the largest magnitude of any node's value at the point, a float without unit.
    misfit: the first node whose value at the point is beyond the range of normal numbers of `dtype`, on either side;
        None where all fit.

    Raises
    ------
    InvalidProblem: a bad name, dtype or expectation, a point that does not fit the problem, a node outside its domain.
    """

    name: str
    problem: Lowers
    point: Mapping[str, Any]
    sentence: str = ""
    dtype: str = "float64"
    expect: tuple[str, str] | None = None
    labels: tuple[str, ...] = ()
    subject: Callable[..., Any] | None = None
    seed: int | None = None
    graph: Graph = field(init=False, repr=False)
    largest: float = field(init=False, repr=False)
    misfit: str | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable() or "::" in self.name:
            raise InvalidProblem(f"a case needs a printable name without '::', got {brief(self.name)}")
        where = f"case {brief(self.name)}"
        if self.dtype not in DTYPES:
            raise InvalidProblem(f"dtype must be one of {', '.join(DTYPES)}, got {brief(self.dtype)}", where=where)
        if self.expect is not None and not (
            isinstance(self.expect, tuple)
            and len(self.expect) == 2
            and self.expect[0] in VERDICTS
            and isinstance(self.expect[1], str)
        ):
            raise InvalidProblem(
                f"expect must be ({' | '.join(VERDICTS)}, reason), got {brief(self.expect)}", where=where
            )
        try:
            graph: object = self.problem.lower() if isinstance(self.problem, Lowers) else None
            if not isinstance(graph, Graph):  # str has a method `lower`, too
                kind = type(self.problem).__name__
                raise InvalidProblem(f"the problem must be a Graph, MLP or NeuronDAG, got {kind}")
            put(self, "graph", graph.rounded(np.dtype(self.dtype)))
            put(self, "point", self.graph.complete(self.point, np.dtype(self.dtype)))
            if hasattr(self.problem, "check_point"):  # targets of a kind that the network's loss can use
                self.problem.check_point(self.point)
            values = self.graph.evaluate(self.point)
            sizes = np.abs(np.concatenate([value.ravel() for value in values.values()]))
            put(self, "largest", float(sizes.max(initial=0.0)))
            put(self, "misfit", _misfit(values, self.dtype) if np.any(_misfits(sizes, self.dtype)) else None)
        except InvalidProblem as wrong:
            raise wrong.within(where) from None

    def at(self, point: Mapping[str, Array], *, name: str | None = None) -> Case:
        """The same problem at another point."""
        return replace(self, point=point, name=name or self.name)


def _misfit(values: Mapping[str, Array], dtype: str) -> str | None:
    """The first node with a value whose magnitude is too large, or too small and not 0."""
    return next((name for name, value in values.items() if np.any(_misfits(np.abs(value), dtype))), None)


def _misfits(sizes: Array, dtype: str) -> NDArray[np.bool_]:
    """Which of these magnitudes are outside the dtype's range of normal numbers, and not 0."""
    range_of = np.finfo(dtype)
    return (sizes > float(range_of.max)) | ((sizes > 0) & (sizes < float(range_of.smallest_normal)))
