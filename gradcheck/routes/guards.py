"""Edges of domains, and what guards them: clips, floors, tests and added constants that keep a logarithm off 0."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing.record import Node, Record
from gradcheck.tracing.replay import Replay
from gradcheck.tracing.trace import SMALL

GUARD = SMALL
"""Maximum distance of a constant from 0 or +-1, where domains end, at which a comparison with it may be a guard."""
FAR = 100.0
"""Minimum distance of a guarded value from that edge, in multiples of the constant's; nearer, both sides are meant."""

OVERFLOW = 50.0
"""Minimum bound on what an exponential takes that counts as one against overflow: exp(89) is too large for float32."""

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

EXPONENTIALS = ("exp", "exp2", "expm1", "sinh", "cosh", "expit", "softplus", "tanh")
"""Functions of one argument that overflow, or are computed by one that does."""
AT_ZERO = ("log", "log2", "log10", "sqrt", "cbrt", "gammaln", "digamma")
"""Functions of one argument whose edge is at 0."""

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


def folds(record: Record, compared: Iterable[Comparison]) -> dict[int, Array]:
    """Per root or positive power, which entries it takes from a number that f compares with 0: |x|**1.5, by flat place.

    Both sides of that comparison are meant, and f has the value 0 between them: no edge of its domain.
    """
    takers = [k for k, node in enumerate(record.nodes) if node.varies and has_edge(node) and _continuous(node)]
    if not takers:
        return {}
    zeros = set()
    for (a, i), (b, j) in compared:
        for (slot, at), (fixed, where) in (((a, i), (b, j)), ((b, j), (a, i))):
            if record.nodes[slot].varies and record.nodes[fixed].primitive == "constant":
                limits = np.ravel(record.nodes[fixed].attributes["value"])[np.ravel(where)]
                limits, at = np.broadcast_arrays(limits, np.ravel(at))
                zeros |= {_unsigned(record, slot, int(k)) for k in at[limits == 0]}
    return {k: np.array(_folded(record, record.nodes[k], zeros)) for k in takers if zeros}


def unfolded(record: Record, floats: Floats, inputs: Sequence[Array], folded: Mapping[int, Array]) -> list[Array]:
    """The values of all nodes, where a root or power of a number that `folds` takes its size on both sides of 0.

    The record is of one side: beyond 0 its root is nan, and so is all that is computed of it.
    """
    values: list[Array] = []
    for slot, node in enumerate(record.nodes):
        known = values
        if slot in folded:
            base = node.args[0]
            mask = folded[slot].reshape(record.nodes[base].shape)[..., None]
            known = [*values[:base], np.where(mask, np.abs(values[base]), values[base]), *values[base + 1 :]]
        values.append(record.evaluate(slot, floats, inputs, known))
    return values


def _continuous(node: Node) -> bool:
    """Whether what has an edge at 0 has the value 0 there."""
    if node.primitive == "pow":
        return bool(np.all(node.attributes["exponent"] > 0))
    return node.primitive == "unary" and node.attributes["function"] in ("sqrt", "cbrt")


def _folded(record: Record, node: Node, zeros: set[tuple[int, int]]) -> list[bool]:
    (base, *_) = node.args
    return [_unsigned(record, base, k) in zeros for k in range(int(np.prod(record.nodes[base].shape)))]


def _unsigned(record: Record, slot: int, place: int) -> tuple[int, int]:
    """Where an entry was computed, looking through gathers and changes of sign."""
    slot, place = record.origin(slot, place)
    while record.nodes[slot].primitive == "neg":
        slot, place = record.origin(record.nodes[slot].args[0], place)
    return slot, place


def is_guard(record: Record, replay: Replay, one: Comparison) -> bool:
    """Whether a comparison of one entry with a constant protects what is computed from that entry.

    It does not if it also chooses between two computed numbers, such as a series and a formula: both are meant.
    `replay` has the values at the point, on a last axis of length 1.
    """
    (a, i), (b, j) = one
    if record.nodes[a].varies == record.nodes[b].varies or (a, b) in record.branching:
        return False
    (slot, at), (fixed, where) = ((a, i), (b, j)) if record.nodes[a].varies else ((b, j), (a, i))
    value, limit = float(replay.entries(slot, at)[0, 0]), float(replay.entries(fixed, where)[0, 0])
    if abs(limit) >= OVERFLOW and any(_exponential(record.nodes[k]) for k in _carrying(record, slot)):
        return True
    kept_off = any(
        0 < abs(limit - edge) <= GUARD and abs(value - edge) >= FAR * abs(limit - edge) for edge in (0.0, 1.0, -1.0)
    )
    return kept_off and any(node.varies and has_edge(node) for node in record.computed_from(slot))


@dataclass(frozen=True)
class AddedGuard:
    """A small constant that was added to keep what an operation takes off the edge of its domain: log(p + 1e-8).

    Attributes
    ----------
    constant: what was added, with its sign; the largest, where there are several.
    operation: what it guards: "log", "sqrt", "division" and the like.
    file, line: where it was added; "" and 0 where the code has no place.
    share: the largest share of what it was added to, at the point: so large is the relative error, about, of a
        derivative that ignores it.
    slot: the sum's place in the record.
    """

    constant: float
    operation: str
    file: str
    line: int
    share: float
    slot: int


def added_guards(record: Record, places: Mapping[int, tuple[str, int, int]], replay: Replay) -> list[AddedGuard]:
    """The added constants that guard an operation.

    `places` says where sums with a small constant stand, by slot; `replay` has the values at the point.
    """
    found = []
    for slot, (file, line, _) in places.items():
        node = record.nodes[slot]
        fixed, other = sorted(node.args, key=lambda k: record.nodes[k].varies)
        constant = np.asarray(record.nodes[fixed].attributes["value"], dtype=float).ravel()
        sign = -1.0 if node.primitive == "sub" and fixed == node.args[1] else 1.0
        values = np.abs(np.asarray(replay.catch_up()[other], dtype=float))
        largest = float(np.max(np.abs(constant)))
        if not values.size or float(np.min(values)) < FAR * largest:
            continue
        share = largest / float(np.min(values))
        for operation in dict.fromkeys(_guarded(record, slot)):
            at = float(sign * constant[np.argmax(np.abs(constant))])
            found.append(AddedGuard(at, operation, file, line, share, slot))
    return found


def _carrying(record: Record, slot: int) -> Iterator[int]:
    """The nodes that take a value, or a constant multiple of it."""
    carried = {slot}
    for k in range(slot + 1, len(record.nodes)):
        node = record.nodes[k]
        if not carried.intersection(node.args):
            continue
        if node.primitive in ("gather", "neg") or (node.primitive == "mul" and not _all_vary(record, node)):
            carried.add(k)
        yield k


def _guarded(record: Record, slot: int) -> Iterator[str]:
    """The operations whose edge is where a value is 0."""
    multiples = {slot}
    for k in _carrying(record, slot):
        node = record.nodes[k]
        if node.primitive in ("gather", "neg", "mul"):
            multiples.add(k)
        elif node.primitive == "div" and node.args[1] in multiples:
            yield "division"
        elif node.primitive == "pow" and has_edge(node):
            yield "power"
        elif node.primitive == "unary" and node.attributes["function"] in AT_ZERO:
            yield node.attributes["function"]


def _exponential(node: Node) -> bool:
    """Whether a primitive overflows for large arguments, or is computed by one that does."""
    return node.primitive == "logaddexp" or (node.primitive == "unary" and node.attributes["function"] in EXPONENTIALS)


def _all_vary(record: Record, node: Node) -> bool:
    return all(record.nodes[k].varies for k in node.args)
