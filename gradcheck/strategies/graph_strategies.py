"""Hypothesis strategies for graphs: `graphs`, `graph_cases` and `chains`."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem.case import Case
from gradcheck.problem.graph import Graph
from gradcheck.strategies.chain import draw_chain
from gradcheck.strategies.choosing import chooser, parts
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.wish import Wish


def graphs(
    *,
    min_nodes: int = 2,
    max_nodes: int = 12,
    ops: Iterable[str] | None = None,
    scalar: bool = True,
    near_kinks: bool = False,
    saturated: bool = False,
    integer_points: bool = False,
    shuffled: bool = True,
) -> st.SearchStrategy[Graph]:
    """Graphs with at least one parameter, at least one valid point, and structure that reveals wrong engines.

    Diamonds and deep diamonds, fan-out and fan-in, one node as both operands, the same operation twice with
    different constants, constants on the left, shared weights, dead branches, leaves that the loss does not need,
    and nodes in any order come up often. They shrink towards `w1 + w1`.

    Parameters
    ----------
    min_nodes, max_nodes: limits on the number of nodes, leaves and loss included.
    ops: names of the ops to use; every suitable op of the table by default.
    scalar: all values are scalars; else arrays of up to 12 entries, which broadcast every way round.
    near_kinks, saturated, integer_points: what `graph_cases` says of the point.
    shuffled: nodes may come in any order, users before arguments included.

    Raises
    ------
    InvalidProblem: for impossible limits or ops (no nodes, an unknown op, ...), when called.
    """
    wish = Wish.of(
        min_nodes,
        max_nodes,
        ops,
        scalar=scalar,
        near_kinks=near_kinks,
        saturated=saturated,
        integer_points=integer_points,
        shuffled=shuffled,
    )
    return _graphs(wish)


def graph_cases(
    *,
    min_nodes: int = 2,
    max_nodes: int = 12,
    ops: Iterable[str] | None = None,
    scalar: bool = True,
    near_kinks: bool = False,
    saturated: bool = False,
    integer_points: bool = False,
    shuffled: bool = True,
    name: str = "drawn",
) -> st.SearchStrategy[Case]:
    """A graph as `graphs` draws it, at a valid point, as a Case called `name`.

    The point is built with the graph, never searched for. Its values are short decimals; every node's value lies
    between 1e-3 and 1e3 in magnitude, inside the domains with a margin.

    Parameters
    ----------
    near_kinks: relu, abs, maximum and the like are also asked at and within 1e-3 of their kinks; otherwise they
        are kept 0.05 away.
    saturated: tanh, sigmoid and the like are also asked where they are flat.
    integer_points: leaves have whole values (as float64).

    The other parameters, and what is raised: as in `graphs`.
    """
    wish = Wish.of(
        min_nodes,
        max_nodes,
        ops,
        scalar=scalar,
        near_kinks=near_kinks,
        saturated=saturated,
        integer_points=integer_points,
        shuffled=shuffled,
    )
    return _cases(wish, name)


def chains(*, min_length: int = 1000, max_length: int = 5000, shared: bool = True) -> st.SearchStrategy[Case]:
    """Chains of thousands of nodes, at a valid point, as Cases; they overflow a recursive engine's stack.

    Values and slopes stay between 1e-2 and 1e2 all along, so that the gradient at the far end can be told from 0.

    Parameters
    ----------
    min_length, max_length: number of links.
    shared: some links use one and the same parameter, whose gradient then has thousands of summands.

    Raises
    ------
    InvalidProblem: for lengths below 1 or in the wrong order.
    """
    if not 1 <= min_length <= max_length:
        raise InvalidProblem(
            f"a chain needs 1 <= min_length <= max_length, got min_length={min_length}, max_length={max_length}"
        )
    return _chains(min_length, max_length, shared)


@st.composite
def _graphs(draw_from: st.DrawFn, wish: Wish) -> Graph:
    return draw(chooser(draw_from), wish, parts(draw_from))[0]


@st.composite
def _cases(draw_from: st.DrawFn, wish: Wish, name: str) -> Case:
    graph, point = draw(chooser(draw_from), wish, parts(draw_from))
    return Case(name=name, problem=graph, point=point)


@st.composite
def _chains(draw_from: st.DrawFn, low: int, high: int, shared: bool) -> Case:
    graph, point = draw_chain(chooser(draw_from), low, high, shared=shared)
    return Case(name="chain", problem=graph, point=point, sentence=f"A chain of {len(graph)} nodes.")
