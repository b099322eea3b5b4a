"""What many ties allow a derivative; `gradcheck.ties` finds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.numbers.arithmetic import Array


@dataclass(frozen=True)
class Sides:
    """What the ties at a point allow a derivative, all parts flattened into m entries.

    Attributes
    ----------
    base: the derivative under the first outcome, (m,).
    columns: its change if one tie falls otherwise, (n, m); empty where ties depend on one another.
    ties: for each column the number of its tie, (n,); shares of the columns of one tie sum to at most 1.
    lower, upper: per entry the least and the largest value of all choices, (m,).
    uniform: derivatives of rules that take one side throughout, (r, m).
    nearby: derivatives at points nearby, (q, m).
    count: how many ties there are.
    """

    base: Array
    columns: Array
    ties: NDArray[np.intp]
    lower: Array
    upper: Array
    uniform: Array
    nearby: Array
    count: int

    @property
    def additive(self) -> bool:
        """Whether the ties contribute independently of one another."""
        return len(self.columns) > 0

    def apart(self) -> list[Array]:
        """Masks of the entries whose ties have no effect on one another's entries, (m,) each."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        if not self.additive:
            return [self.lower < self.upper]
        count, size = len(self.columns), self.base.size
        column, entry = np.nonzero(self.columns)
        names, tie = np.unique(self.ties, return_inverse=True)
        links = coo_matrix((np.ones(len(column)), (tie[column], count + entry)), shape=(count + size,) * 2)
        label = connected_components(links, directed=False)[1]
        found = [label[count:] == label[k] for k in range(len(names))]
        return [found[k] for k in np.unique(label[: len(names)], return_index=True)[1]]

    @property
    def smooth(self) -> bool:
        """Whether no tie has an effect."""
        return bool(np.all(self.lower == self.upper))
