"""What is asked for when a graph is drawn, checked before drawing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gradcheck.errors import InvalidProblem
from gradcheck.problem.ops import OPS
from gradcheck.problem.validate import unknown_op
from gradcheck.strategies.comfort import Comfort
from gradcheck.strategies.values import leaf_values

REDUCTIONS = ("sum", "mean")
"""The ops that make a loss of an array."""


@dataclass(frozen=True)
class Wish:
    """Limits and features of the graphs to be drawn; the arguments of `strategies.graphs`.

    Raises
    ------
    InvalidProblem: for impossible wishes: no nodes, a minimum above the maximum, an unknown op, no op at all,
        an op that needs arrays in a scalar graph, an array graph without `sum` or `mean` to end in.
    """

    min_nodes: int = 2
    max_nodes: int = 12
    ops: tuple[str, ...] = ()
    scalar: bool = True
    near_kinks: bool = False
    saturated: bool = False
    integer_points: bool = False
    shuffled: bool = True

    def __repr__(self) -> str:
        return f"Wish({self.min_nodes} to {self.max_nodes} nodes, {len(self.ops)} ops, scalar={self.scalar})"

    @classmethod
    def of(
        cls,
        min_nodes: int,
        max_nodes: int,
        ops: Iterable[str] | None,
        *,
        scalar: bool,
        near_kinks: bool,
        saturated: bool,
        integer_points: bool,
        shuffled: bool,
    ) -> Wish:
        """The wish; every suitable op of the table if `ops` is None."""
        for name, count in (("min_nodes", min_nodes), ("max_nodes", max_nodes)):
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                raise InvalidProblem(f"{name} must be a whole number of at least 1, got {count!r}")
        if min_nodes > max_nodes:
            raise InvalidProblem(f"min_nodes must be at most max_nodes, got {min_nodes} and {max_nodes}")
        return cls(
            min_nodes,
            max_nodes,
            _ops(ops, scalar),
            scalar,
            near_kinks,
            saturated,
            integer_points,
            shuffled,
        )

    @cached_property
    def comfort(self) -> Comfort:
        """Which values are comfortable under this wish."""
        return Comfort(self.near_kinks, self.saturated)

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The values that leaves may have."""
        return leaf_values(near_kinks=self.near_kinks, saturated=self.saturated, integers=self.integer_points)

    @cached_property
    def unary(self) -> tuple[str, ...]:
        """The element-wise ops of one argument."""
        return tuple(op for op in self.ops if OPS[op].elementwise and OPS[op].arity == 1)

    @cached_property
    def binary(self) -> tuple[str, ...]:
        """The element-wise ops of two arguments."""
        return tuple(op for op in self.ops if OPS[op].elementwise and OPS[op].arity == 2)

    @cached_property
    def joins(self) -> tuple[str, ...]:
        """The ops that join branches: most often sums and products, as in networks."""
        return (*self.binary, *(op for op in self.binary if op in ("add", "mul")))


def _ops(ops: Iterable[str] | None, scalar: bool) -> tuple[str, ...]:
    if ops is None:
        return tuple(op for op, row in OPS.items() if row.elementwise or not scalar)
    if isinstance(ops, str):
        raise InvalidProblem(f"ops must be a collection of op names, got the string {ops!r}; write [{ops!r}]")
    names = tuple(dict.fromkeys(ops))
    if not names:
        raise InvalidProblem("ops must name at least one op, got none")
    for name in names:
        if name not in OPS:
            raise InvalidProblem(unknown_op(name), where="ops")
        if scalar and not OPS[name].elementwise:
            raise InvalidProblem(f"{name} needs arrays; ask for scalar=False, or leave it out", where="ops")
    if not scalar and not set(names) & set(REDUCTIONS):
        raise InvalidProblem(
            f"graphs of arrays end in a scalar loss, so that ops must name {' or '.join(REDUCTIONS)}", where="ops"
        )
    return tuple(op for op in OPS if op in names)  # in the table's order: a set of names must repeat, too
