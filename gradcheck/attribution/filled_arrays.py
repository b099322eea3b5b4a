"""Arrays that a loop fills entry by entry and reads again, differentiated as if what was read there were given."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import users_of
from gradcheck.attribution.view import Array, View

FEWEST = 2
"""Minimum number of times that such an array is read; one alone is a path left out."""


def entries_read_again(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """All that is read again of an array left out, but for what is added to an entry and put in its place."""
    edges = [e for e in sorted(view.contributions) if _reads(view, e) and not _put_back(view, e[0])]
    if len(edges) >= FEWEST:
        words = "being left out wherever an entry that was computed before is read again"
        yield Hypothesis(Mistake.TRUNCATED, 3, tuple(edges), words, Change(factors=dict.fromkeys(edges, 0.0)))


def _reads(view: View, edge: Edge) -> bool:
    """Whether an edge leads to what was assigned to an array, from an entry, or a part, of it."""
    slot, position = edge
    node, stored = view.record.nodes[slot], view.located.stored
    read = node.primitive == "gather" and len(node.args) == 1 and slot not in stored
    return read and node.args[position] in stored and node.shape != view.record.nodes[node.args[position]].shape


def _put_back(view: View, slot: int) -> bool:
    """Whether something is added to what is read, and the sum is assigned to the same place."""
    node, waiting = view.record.nodes[slot], [slot]
    entries, shape = np.ravel(node.attributes["index"]), view.record.nodes[node.args[0]].shape
    while waiting:
        value = waiting.pop()
        for user, position in users_of(view, value):
            primitive = view.record.nodes[user].primitive
            if user in view.located.stored:
                if view.record.nodes[user].shape == shape and _holds(view, user, value, entries):
                    return True
            elif primitive == "add" or (primitive == "sub" and position == 0):
                waiting.append(user)
    return False


def _holds(view: View, array: int, value: int, entries: Array) -> bool:
    """Whether some entries of an array are those of a value that was assigned to it."""
    node = view.record.nodes[array]
    k = node.args.index(value)
    sizes = [int(np.prod(view.record.nodes[a].shape)) for a in node.args[: k + 1]]
    index = np.ravel(node.attributes["index"])[entries]
    return bool(np.all((index >= sum(sizes[:k])) & (index < sum(sizes))))
