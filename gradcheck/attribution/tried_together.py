"""Several hypotheses tried by one reverse sweep: they are the runs on the last axis of its adjoints.

Of small arrays a sweep costs what its operations cost, however many runs they carry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.attribution.altered_sweep import Alter, Shortcuts
from gradcheck.attribution.hypothesis import Change, Hypothesis, outcomes
from gradcheck.attribution.view import View

TOGETHER = 24
"""Maximum number of hypotheses per sweep."""
MOST_NUMBERS = 1_000_000
"""Maximum number of adjoints of a sweep, entries of the record times hypotheses."""


def together(view: View) -> int:
    """How many hypotheses one sweep of a view tries."""
    return 1 if view.forward else max(1, min(TOGETHER, MOST_NUMBERS // max(1, view.record.entries)))


def key_of(hypothesis: Hypothesis) -> tuple[Any, ...]:
    """What `View.tried` knows a hypothesis by."""
    return hypothesis.key, hypothesis.factor


def try_together(view: View, hypotheses: Sequence[Hypothesis]) -> None:
    """Put the gradients under all hypotheses that were not tried yet in `view.tried`."""
    alike: dict[Any, list[tuple[Hypothesis, Shortcuts]]] = defaultdict(list)
    for hypothesis in {key_of(h): h for h in hypotheses if key_of(h) not in view.tried}.values():
        change = hypothesis.change
        if view.forward or change.nodes or change.constants:  # another record, or the runs are a JVP's outputs
            view.tried[key_of(hypothesis)] = outcomes(view, change)
            continue
        shortcuts = {} if change.shortcuts is None else change.shortcuts(view)
        if shortcuts is None:
            view.tried[key_of(hypothesis)] = None
        else:
            alike[frozenset((y, x) for y, (x, _) in shortcuts.items())].append((hypothesis, shortcuts))
    most = together(view)
    for several in alike.values():
        for start in range(0, len(several), most):
            _try(view, several[start : start + most])


def _try(view: View, some: Sequence[tuple[Hypothesis, Shortcuts]]) -> None:
    """Hypotheses whose shortcuts join the same nodes."""
    changes = [hypothesis.change for hypothesis, _ in some]
    shortcuts = {y: (x, _stacked([own[y][1] for _, own in some])) for y, (x, _) in some[0][1].items()}
    found = view.gradients(len(some), _alter(view, changes), shortcuts)
    for k, (hypothesis, _) in enumerate(some):
        view.tried[key_of(hypothesis)] = {block: array[..., k : k + 1] for block, array in found.items()}


def _alter(view: View, changes: Sequence[Change]) -> Alter | None:
    """What contributions become, run by run."""
    edges = {edge for change in changes for edge in (*change.factors, *change.instead)}
    factors = {e: _stacked([change.factors.get(e, 1.0) for change in changes]) for e in edges}

    def alter(slot: int, position: int, contribution: Any, adjoint: Any) -> Any:
        edge = slot, position
        if edge not in edges:
            return contribution
        rules = {k: change.instead[edge] for k, change in enumerate(changes) if edge in change.instead}
        sent = contribution * factors[edge]
        for k, rule in rules.items():
            given = rule(view, adjoint if adjoint.shape[-1] == 1 else adjoint[..., k : k + 1])
            right = given is not None and np.shape(given)[:-1] == np.shape(contribution)[:-1]
            sent[..., k : k + 1] = given if right else np.nan  # which reproduces nothing
        return sent

    return alter if edges else None


def _stacked(arrays: Sequence[Any]) -> Any:
    """Numbers, or arrays whose last axis is 1, one per run on the last axis."""
    if all(np.ndim(a) == 0 for a in arrays):
        return np.array(arrays)
    shaped = np.broadcast_arrays(*(a if np.ndim(a) else np.reshape(a, (1,)) for a in arrays))
    return np.concatenate(shaped, axis=-1)
