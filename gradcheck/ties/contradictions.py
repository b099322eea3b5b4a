"""Outcomes that contradict each other: |min(x, 2) - 2| where min takes x, since x < 2, and | | takes x - 2 as positive.

Ties side by side may be settled by rules that never hold together; each operation has its own. But where one comparison
reads what another tie chose, the choice made says on which side of the tie the number lies, and leaves no other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.sweep import forward
from gradcheck.tracing.trace import UNEQUAL, Decision, Test

DIRECTIONS = 6
"""Directions along which two differences must be multiples of each other to count as the same one."""
NEGLIGIBLE = 1e-12
"""Share of the sizes beyond which two directions of change differ."""


def contradicts_itself(run: Run, task: Task, others: Sequence[Run] = ()) -> bool:
    """Whether a tie of this run takes a side that the choice made for what it reads leaves out, to first order.

    A tie that is met on one side of a branch alone, as the `others` show, reads what the branch decided.
    """
    chosen = [d for k, d in enumerate(run.trace.decisions) if k not in run.inert and _is_order(d)]
    pairs = [(a, b) for b in chosen for a in (*_read_by(run, b, chosen), *_branches_to(run, b, chosen, others))]
    if not pairs:
        return False
    random = np.random.default_rng(task.seed + 8)
    floats = Floats(task.dtype, 0, DIRECTIONS)
    with np.errstate(all="ignore"):
        inputs = [x.astype(floats.carrier)[..., None] for x in task.inputs]
        moves = [random.standard_normal((*x.shape, DIRECTIONS)) for x in task.inputs]
        duals = forward(floats, run.trace.record, inputs, moves)

        def slope(test: Test) -> Array:
            """How fast the side taken is entered, along each direction; negative where it is left."""
            left, right = (_tangent(duals[slot].tangent, position) for slot, position in (test.left, test.right))
            return test.sign * (left - right)

        return any(_opposite(slope(s), slope(t)) for a, b in pairs for s in a.tests for t in b.tests)


def _is_order(decision: Decision) -> bool:
    return all(abs(test.sign) == 1 and test.sign != UNEQUAL for test in decision.tests)


def _read_by(run: Run, reader: Decision, chosen: list[Decision]) -> list[Decision]:
    """The decisions that chose an entry from which what `reader` compares is computed."""
    compared = [entry for test in reader.tests for entry in (test.left, test.right)]
    masks = run.trace.record.read_by(compared)
    others = [d for d in chosen if d is not reader]
    return [d for d in others if any(at in masks and masks[at].ravel()[where] for at, where in d.contested)]


def _branches_to(run: Run, tie: Decision, chosen: list[Decision], others: Sequence[Run]) -> list[Decision]:
    """The branches before a tie on whose other side there is no such tie."""
    decisions = run.trace.decisions
    place = next(k for k, d in enumerate(decisions) if d is tie)
    return [
        branch
        for k, branch in enumerate(decisions[:place])
        if branch.escaped
        and any(branch is d for d in chosen)
        and any(_parts_at(k, run, other) and not _meets(other, k, tie) for other in others)
    ]


def _parts_at(number: int, run: Run, other: Run) -> bool:
    """Whether two runs make the same choices up to a decision, and different ones there."""
    mine, theirs = ([d.choice for d in r.trace.decisions[: number + 1]] for r in (run, other))
    return len(theirs) == len(mine) and theirs[:-1] == mine[:-1] and theirs[-1] != mine[-1]


def _meets(run: Run, after: int, tie: Decision) -> bool:
    return any(d.what == tie.what for d in run.trace.decisions[after + 1 :])


def _tangent(tangent: Array | None, position: int) -> Array:
    if tangent is None:
        return np.zeros(DIRECTIONS)
    return np.broadcast_to(tangent.reshape(-1, tangent.shape[-1])[position], (DIRECTIONS,)).astype(np.float64)


def _opposite(a: Array, b: Array) -> bool:
    """Whether one is a negative multiple of the other; neither is 0."""
    sizes = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not all(np.isfinite(sizes)) or min(sizes) == 0:
        return False
    return bool(np.linalg.norm(a / sizes[0] + b / sizes[1]) <= NEGLIGIBLE)
