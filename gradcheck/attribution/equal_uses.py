"""Uses of one value that contribute the same, as the two of x in x * x do: a factor of one of them tells no more than
a factor of all.
"""

from __future__ import annotations

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import line_at
from gradcheck.attribution.record_forms import entries_of
from gradcheck.attribution.view import View

ALIKE = 1e-9
"""Relative distance up to which two contributions are the same."""


def with_equals(view: View, hypothesis: Hypothesis) -> Hypothesis:
    """A path with the wrong sign, or left out, as what that comes to where another use contributes the same.

    The wrong sign of one of two is both left out, which takes less; of one of three, it is their mean.
    """
    if hypothesis.factor not in (0.0, -1.0):
        return hypothesis
    equal = [_equals(view, edge) for edge in hypothesis.edges]
    others = [e[0] for e in equal if e]
    if len(others) < len(equal) or set(others) & set(hypothesis.edges) or len(set(others)) < len(others):
        return hypothesis
    if hypothesis.factor == 0.0:
        return hypothesis.again(words=f"{hypothesis.words} for one of two uses of a value that count the same")
    if len(equal) == 1 and len(equal[0]) == 2:
        words = "being the mean of 3 equal contributions, not their sum"
        return hypothesis.again(mistake=Mistake.MEAN_SUM, words=words, edges=(*hypothesis.edges, *equal[0]))
    edges = (*hypothesis.edges, *others)
    words = "being left out for both of two uses of a value that count the same"
    change = Change(factors=dict.fromkeys(edges, 0.0))
    return hypothesis.again(mistake=Mistake.DROPPED, words=words, edges=edges, change=change, factor=0.0)


def _equals(view: View, edge: Edge) -> list[Edge]:
    """The other uses of the edge's value in its line that contribute the same."""
    mine, nodes = view.contributions[edge], view.record.nodes
    value, line = entries_of(view, nodes[edge[0]].args[edge[1]]), line_at(view, edge[0])
    found = []
    for other, contribution in view.contributions.items():
        if other == edge or np.size(contribution) != np.size(mine) or line_at(view, other[0]) != line:
            continue
        if nodes[other[0]].primitive == "gather" or entries_of(view, nodes[other[0]].args[other[1]]) != value:
            continue
        room = ALIKE * float(np.max(np.abs(mine), initial=0.0))
        if np.all(np.abs(np.ravel(contribution) - np.ravel(mine)) <= room):
            found.append(other)
    return found
