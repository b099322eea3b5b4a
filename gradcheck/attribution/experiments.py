"""Experiments on a function's record: which edits of it reproduce what an answer is off by. They stop at a limit."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from gradcheck.attribution.discrepancy import Discrepancy
from gradcheck.attribution.edited_record import Array, Edit, edited
from gradcheck.problem.function import Product
from gradcheck.problem.time_limit import check_time
from gradcheck.tracing.record import Record
from gradcheck.tracing.session import Run

MOST_VISITS = 20_000
"""Maximum number of nodes that the experiments of one point visit; each takes some 50 microseconds."""


class Experiments:
    """Edits of one run's record against one discrepancy. For one search only: it counts what it did.

    Attributes
    ----------
    run, product: the record, and the derivative that is asked of it.
    discrepancy: what an edit has to reproduce.
    """

    def __init__(self, run: Run, product: Product, discrepancy: Discrepancy) -> None:
        self.run, self.product, self.discrepancy = run, product, discrepancy
        self._visits = 0

    @cached_property
    def _before(self) -> list[Array] | None:
        return edited(self.run, self.product, Edit({}, {}, {-1: np.zeros(1)}, slopes_alone=False))

    def fits(self, edit: Edit, record: Record | None = None) -> list[int]:
        """The variants of an edit that reproduce the discrepancy; none beyond the limit."""
        self._visits += len(self.run.trace.record.nodes)
        if self._visits > MOST_VISITS or self._before is None:
            return []
        check_time()
        after = edited(self.run, self.product, edit, record)
        return [] if after is None else np.flatnonzero(self.discrepancy.reproduced(self._before, after)).tolist()
