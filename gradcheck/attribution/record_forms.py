"""Forms that a part of a record may have: a normaliser, a sum of squares, a mean."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.located_trace import Located
from gradcheck.attribution.pairs import pair_of
from gradcheck.attribution.view import View

MOST_AXES = 4
"""Maximum number of axes of an array whose orders are looked at."""
OPERATIONS = {
    "mul": "product",
    "div": "quotient",
    "sub": "difference",
    "add": "sum",
    "pow": "power",
    "matmul": "matrix product",
    "cumsum": "running sum",
    "gather": "selection",
    "scatter": "sums by index",
    "neg": "minus sign",
}
"""What the primitives of a record are called where there is no line to show."""


def is_call(view: View, slot: int, function: str) -> bool:
    """Whether a node is a certain function of one array."""
    node = view.record.nodes[slot]
    return node.primitive == "unary" and node.attributes["function"] == function


def name_of(view: View, slot: int) -> str:
    """What a node is called where there is no line to show."""
    node = view.record.nodes[slot]
    if turns(view, slot):
        return "transposition"
    return str(node.attributes.get("function") or OPERATIONS.get(node.primitive, node.primitive))


def turns(view: View, slot: int) -> bool:
    """Whether a node has the entries of one array with its axes in another order."""
    node = view.record.nodes[slot]
    if node.primitive != "gather" or len(node.args) != 1:
        return False
    shape = view.record.nodes[node.args[0]].shape
    if len(shape) != len(node.shape) or sum(n > 1 for n in shape) < 2 or sorted(shape) != sorted(node.shape):
        return False
    places = np.arange(math.prod(shape)).reshape(shape)
    orders = [k for k in permutations(range(len(shape))) if list(k) != sorted(k)] if len(shape) <= MOST_AXES else []
    return any(np.array_equal(places.transpose(k), node.attributes["index"]) for k in orders)


def plain(view: View, slot: int) -> int:
    """The node behind gathers of one array."""
    while (node := view.record.nodes[slot]).primitive == "gather" and len(node.args) == 1:
        slot = node.args[0]
    return slot


def entries_of(view: View, slot: int) -> tuple[int, tuple[int, ...] | None]:
    """The node behind gathers of one array, and the places of its entries; None where these are all in order."""
    places: NDArray[Any] | None = None
    while (node := view.record.nodes[slot]).primitive == "gather" and len(node.args) == 1:
        index = np.asarray(node.attributes["index"]).ravel()
        places = index if places is None else index[places]
        slot = node.args[0]
    whole = places is not None and np.array_equal(places, np.arange(math.prod(node.shape)))
    return slot, None if places is None or whole else tuple(places.tolist())


def normaliser(view: View, slot: int, position: int) -> bool:
    """Whether the edge leads from a quotient a / sum(a) to its denominator."""
    node = view.record.nodes[slot]
    if node.primitive != "div" or position != 1:
        return False
    total = view.record.nodes[plain(view, node.args[1])]
    return total.primitive == "sum" and plain(view, total.args[0]) == plain(view, node.args[0])


def elementwise_quotient(view: View, slot: int) -> bool:
    """Whether a quotient's parts are both computed, entry by entry, from one array."""
    node = view.record.nodes[slot]
    if node.primitive != "div" or not all(view.record.nodes[a].varies for a in node.args):
        return False
    return pair_of(view, *sorted(node.args)) is not None


def sum_of_squares(view: View, slot: int) -> bool:
    """Whether a node is a sum of squares, also with an epsilon added, or averaged."""
    node = view.record.nodes[plain(view, slot)]
    if node.primitive in ("add", "div", "mul"):  # with an epsilon, or a mean
        varying = [a for a in node.args if view.record.nodes[a].varies]
        return len(varying) == 1 and sum_of_squares(view, varying[0])
    if node.primitive == "matmul":  # v @ v
        return plain(view, node.args[0]) == plain(view, node.args[1]) and math.prod(node.shape) == 1
    return node.primitive == "sum" and square(view, plain(view, node.args[0]))


def square(view: View, slot: int) -> bool:
    """Whether a node is the square of an array."""
    node = view.record.nodes[slot]
    if node.primitive == "mul":
        return node.args[0] == node.args[1]
    return node.primitive == "pow" and bool(np.all(node.attributes["exponent"] == 2))


def mean_of(view: View, slot: int, what: int) -> bool:
    """Whether a node is the mean, or the sum, of an array."""
    node = view.record.nodes[plain(view, slot)]
    if node.primitive in ("div", "mul"):
        return any(mean_of(view, a, what) for a in node.args if view.record.nodes[a].varies)
    return node.primitive == "sum" and plain(view, node.args[0]) == plain(view, what)


def all_negative_modulus(traced: Located) -> bool:
    """Whether f takes an absolute value of numbers that are all negative: its slope is -1 then, as a minus sign's."""
    nodes, waiting = traced.record.nodes, list(traced.record.outputs)
    reaching = set(waiting)
    while waiting:
        slot = waiting.pop()
        node = nodes[slot]
        if node.primitive == "gather" and len(node.args) == 2 and traced.stacks[slot]:
            kept, turned = node.args
            chosen = np.asarray(node.attributes["index"]) >= math.prod(nodes[kept].shape)
            if nodes[turned].primitive == "neg" and nodes[turned].args[0] == kept and np.all(chosen):
                return True
        waiting += [a for a in node.args if a not in reaching]
        reaching.update(node.args)
    return False
