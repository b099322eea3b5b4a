"""The parts of a derivation: plain data, in the names of the graph's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = tuple[int, ...]


@dataclass(frozen=True)
class LocalDerivative:
    """d node / d argument, for one use of the argument.

    Attributes
    ----------
    node, argument, slot: which use; `repeated` if the node uses the argument more than once (x * x).
    formulas: SymEngine's formulas in the nodes' names, one line per branch and entry.
    entries: the first few (index in the node, index in the argument, derivative); indices () for scalars.
    total: how many entries depend on each other.
    kink: whether the op is at a kink there.
    """

    node: str
    argument: str
    slot: int
    repeated: bool
    formulas: tuple[str, ...]
    entries: tuple[tuple[Index, Index, float], ...]
    total: int
    kink: bool

    @property
    def value(self) -> float | None:
        """The derivative where node and argument are scalars."""
        if len(self.entries) == 1 and not self.entries[0][0] and not self.entries[0][1]:
            return self.entries[0][2]
        return None


@dataclass(frozen=True)
class Step:
    """One node: what it computes, its forward value, and its local derivatives.

    Attributes
    ----------
    name, op, arguments, attributes, shape, value: as in the graph; the value is float64 of that shape.
    uses: how many times nodes on the way to the loss use it; more than 1 is fan-out.
    varies: whether it depends on a parameter.
    locals: one per use of an argument that depends on a parameter.
    """

    name: str
    op: str
    arguments: tuple[str, ...]
    attributes: Mapping[str, Any]
    shape: tuple[int, ...]
    value: Array
    uses: int
    varies: bool
    locals: tuple[LocalDerivative, ...]


@dataclass(frozen=True)
class TreeLine:
    """One line of the graph written as a tree from the loss.

    `mark` is "" for a node with its arguments below, "shared" for one used again further on, "again" for a shared node
    that was shown above, "continued" for one whose arguments follow in a tree of their own, "rest" for what was cut
    (`name` is then the number of nodes).
    """

    depth: int
    name: str
    mark: str = ""


@dataclass(frozen=True)
class Path:
    """One path from a parameter's entry to the loss.

    Attributes
    ----------
    nodes: names, with indices where a node is an array.
    factors: the local derivative of every edge; None where several edges have the same names.
    product: the product of the local derivatives; NaN where the path meets a kink.
    """

    nodes: tuple[str, ...]
    factors: tuple[float, ...] | None
    product: float


@dataclass(frozen=True)
class ParameterPaths:
    """The paths from one entry of a parameter: the first few, and how many there are (exact)."""

    parameter: str
    index: Index
    count: int
    paths: tuple[Path, ...]

    @property
    def entry(self) -> str:
        """The entry's name, such as "W[0,1]"."""
        return f"{self.parameter}[{','.join(map(str, self.index))}]" if self.index else self.parameter


@dataclass(frozen=True)
class Contribution:
    """What one user of a node passes back to it, from its argument `slot`: its adjoint times its local derivative."""

    user: str
    slot: int
    value: Array


@dataclass(frozen=True)
class Adjoint:
    """d loss / d node, of the node's shape: the sum of what its users pass back (none for the loss itself)."""

    name: str
    value: Array
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class Gradient:
    """d loss / d parameter.

    Attributes
    ----------
    parameter, shape: which.
    value: of that shape; None where the derivation was cut before it got there.
    formula: the closed form, where it is short.
    paths: how many paths lead from all its entries to the loss; None where they were not counted.
    """

    parameter: str
    shape: tuple[int, ...]
    value: Array | None
    formula: str | None
    paths: int | None


@dataclass(frozen=True)
class Literal:
    """S2's printed pseudo-code, read literally, beside the truth: (weight, right, literal) per edge."""

    rows: tuple[tuple[str, float, float], ...]
    visits: Mapping[str, int]

    @property
    def wrong(self) -> int:
        """How many weight gradients the literal reading gets wrong."""
        return sum(not np.isclose(right, literal, rtol=1e-9, atol=0.0) for _, right, literal in self.rows)


@dataclass(frozen=True)
class Derivation:
    """A derivative, step by step.

    Attributes
    ----------
    address, sentence: the case.
    form: "graph", or the "unit" or "vector" form of a network.
    loss, value: the loss node and its value.
    steps: nodes in topological order.
    tree: the graph as a tree from the loss.
    paths: per parameter (or entry), paths to the loss.
    adjoints: in reverse topological order, the loss first.
    gradients: per parameter, in the graph's order.
    literal: S2's pseudo-code beside the truth, for its cases.
    notes: what was cut, kinks, nodes without influence.
    """

    address: str
    sentence: str
    form: str
    loss: str
    value: float
    steps: tuple[Step, ...]
    tree: tuple[TreeLine, ...]
    paths: tuple[ParameterPaths, ...]
    adjoints: tuple[Adjoint, ...]
    gradients: tuple[Gradient, ...]
    literal: Literal | None = None
    notes: tuple[str, ...] = ()
