"""The diagonal of a Jacobian taken for all of it, as of a softmax."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradcheck.attribution.altered_sweep import Shortcuts
from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.pairs import between, pair_of, steps
from gradcheck.attribution.path_factors import fits
from gradcheck.attribution.view import Array, View

MOST_ENTRIES = 200
"""Maximum size of an array whose Jacobian's diagonal is computed; it takes a forward sweep per entry."""
MOST_STEPS = 10
"""Maximum number of operations between the arrays."""
MOST_TRIED = 300
"""Maximum number of pairs of arrays."""


def diagonals(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Arrays y(x) of one shape, not entry by entry, whose dependence on other entries was left out."""
    if view.forward:
        return
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    rows: dict[object, list[tuple[int, int, Array]]] = defaultdict(list)
    for x, y in _candidates(view):
        diagonal = diagonal_of(view, x, y)
        if diagonal is None or np.all(np.abs(diagonal - diagonal.flat[0]) <= 1e-12 * np.abs(diagonal.flat[0])):
            continue  # one number throughout is a factor
        adjoint, one, two = view.adjoints[y], view.tangents[x], view.tangents[y]
        if one is None or two is None:
            continue
        axes = tuple(range(one.ndim - 1))
        with np.errstate(all="ignore"):
            change = np.asarray(np.sum(adjoint * (diagonal[..., None] * one - two), axis=axes), dtype=float)
        rows[view.located.stacks[y], y - x].append((x, y, change[chosen]))
        if fits(change[chosen], off, room):
            yield _alone([(x, y)])
    for several in rows.values():  # f is called once for every row of a Jacobian
        if len(several) > 1 and fits(np.sum([change for _, _, change in several], axis=0), off, room):
            yield _alone([(x, y) for x, y, _ in several])


def _alone(nodes: Sequence[tuple[int, int]]) -> Hypothesis:
    words = "having the diagonal of the Jacobian alone: its off-diagonal part is missing"
    edges = tuple((y, 0) for _, y in nodes)
    return Hypothesis(Mistake.SOFTMAX_DIAGONAL, 7, edges, words, Change(shortcuts=_shortcuts(nodes)))


def _shortcuts(nodes: Sequence[tuple[int, int]]) -> Callable[[View], Shortcuts | None]:
    def shortcuts(view: View) -> Shortcuts | None:
        diagonals = [diagonal_of(view, x, y) for x, y in nodes]
        found = {y: (x, d[..., None]) for (x, y), d in zip(nodes, diagonals, strict=True) if d is not None}
        return found if len(found) == len(nodes) else None

    return shortcuts


def _candidates(view: View) -> Iterator[tuple[int, int]]:
    users: dict[int, list[int]] = defaultdict(list)
    for slot, position in view.contributions:
        users[view.record.nodes[slot].args[position]].append(slot)
    tried = 0
    for x in sorted(users):
        shape = view.record.nodes[x].shape
        size = int(np.prod(shape))
        if not shape or not 2 <= size <= MOST_ENTRIES or view.tangents[x] is None:
            continue
        reached, front = {x}, sorted(set(users[x]))
        for _ in range(MOST_STEPS):
            if not front:
                break
            y = front.pop(0)
            reached.add(y)
            front = sorted({*front, *users[y]} - reached)
            if view.record.nodes[y].shape == shape and pair_of(view, x, y) is None:
                if (tried := tried + 1) > MOST_TRIED:
                    return
                yield x, y


def diagonal_of(view: View, x: int, y: int) -> Array | None:
    """dy_k / dx_k for every entry k; None where y depends on the inputs by other ways than x."""
    one, two = view.tangents[x], view.tangents[y]
    if one is None or two is None or y not in view.adjoints or one.shape != two.shape:
        return None
    path = steps(view, x, y)
    through = between(view, x, path, view.values[x], one).tangent
    if through is None or np.any(np.abs(through - two) > 1e-10 * (np.abs(through) + np.abs(two)).max()):
        return None
    size = int(np.prod(one.shape[:-1]))
    unit = np.eye(size, dtype=view.numbers.carrier).reshape(*one.shape[:-1], size)
    jacobian = between(view, x, path, view.values[x], unit).tangent
    if jacobian is None or jacobian.shape[-1] != size:
        return None
    return np.asarray(np.diagonal(jacobian.reshape(size, size)), dtype=float).reshape(one.shape[:-1])
