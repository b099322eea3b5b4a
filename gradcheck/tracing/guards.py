"""Edges of domains, and comparisons that guard them: clips, floors and tests that keep a logarithm's argument off 0."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.record import Node, Record
from gradcheck.tracing.replay import Replay

GUARD = 1e-3
"""Maximum distance of a constant from 0 or +-1, where domains end, at which a comparison with it may be a guard."""
FAR = 100.0
"""Minimum distance of a guarded value from that edge, in multiples of the constant's; nearer, both sides are meant."""

EDGES: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {
        **{name: lambda x: x for name in ("log", "log2", "log10", "sqrt", "cbrt", "gammaln", "digamma")},
        "log1p": lambda x: 1 + x,
        "tan": np.cos,
        **{name: lambda x: (1 - x) * (1 + x) for name in ("arcsin", "arccos", "arctanh")},
        **{name: lambda x: (1 - x) * x for name in ("ndtri",)},
        "erfinv": lambda x: (1 - x) * (1 + x),
        "erfcinv": lambda x: (2 - x) * x,
        "lambertw": lambda x: x + np.exp(-1.0),
        **{name: lambda x: x for name in ("expi", "exp1")},
        "arccosh": lambda x: x - 1,
    }
)
"""What must not be 0 for the function, or its derivative, to have a value, by function of one argument.

Divisors, the bases of powers that are no whole positive number, and the squared length for an angle come besides.
"""

Comparison = tuple[tuple[int, Array], tuple[int, Array]]
"""Slots and flat positions of both sides."""


def has_edge(node: Node) -> bool:
    """Whether a primitive has points without a value or a derivative."""
    if node.primitive == "pow":
        exponent = node.attributes["exponent"]
        return bool(np.any((exponent < 0) | (exponent != np.floor(exponent))))
    if node.primitive == "unary":
        return node.attributes["function"] in EDGES
    return node.primitive in ("div", "power", "arctan2", "hypot")


def edge_of(slot: int, node: Node, values: Sequence[Array]) -> Array:
    """What must not be 0 in a node that has an edge, an entry per entry and point."""
    arguments = [values[k] for k in node.args]
    if node.primitive == "div":
        return arguments[1]
    if node.primitive == "arctan2":
        return np.asarray(arguments[0] ** 2 + arguments[1] ** 2)
    if node.primitive == "hypot":
        return values[slot]
    return np.asarray(EDGES[node.attributes["function"]](arguments[0])) if node.primitive == "unary" else arguments[0]


def is_guard(record: Record, replay: Replay, one: Comparison) -> bool:
    """Whether a comparison of one entry with a constant protects what is computed from that entry.

    `replay` has the values at the point, on a last axis of length 1.
    """
    (a, i), (b, j) = one
    if record.nodes[a].varies == record.nodes[b].varies:
        return False
    (slot, at), (fixed, where) = ((a, i), (b, j)) if record.nodes[a].varies else ((b, j), (a, i))
    value, limit = float(replay.entries(slot, at)[0, 0]), float(replay.entries(fixed, where)[0, 0])
    kept_off = any(
        0 < abs(limit - edge) <= GUARD and abs(value - edge) >= FAR * abs(limit - edge) for edge in (0.0, 1.0, -1.0)
    )
    return kept_off and any(node.varies and has_edge(node) for node in record.computed_from(slot))
