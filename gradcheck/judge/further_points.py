"""A wrong derivative asked at further points: beside the one given, and where the arguments are shuffled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError
from gradcheck.judge.apparent_structure import kept
from gradcheck.judge.asked_otherwise import Spot
from gradcheck.judge.bounded_calls import TooLongError, bounded
from gradcheck.judge.elsewhere import drawn
from gradcheck.judge.function_entries import comparisons_of
from gradcheck.judge.function_estimates import Evidence, estimated, gather
from gradcheck.judge.function_protocol import wrong_form
from gradcheck.judge.question import Question, Reply
from gradcheck.judge.settings import Settings
from gradcheck.problem.function import Product, laid_out
from gradcheck.verdict.compare import Comparison

Array = NDArray[Any]

BESIDE = 0.1
"""Distance of the second point, in root mean squares of each input."""
MOST_RENAMED = 2_000
"""Maximum index for which the numbers of an integer argument are renamed as indices are."""


def spot_of(product: Product, comparisons: Sequence[Comparison], evidence: Evidence) -> Spot:
    """A point with what f does there."""
    if evidence.analysis is None:
        return Spot(product, comparisons, evidence=evidence)
    return Spot(product, comparisons, evidence.analysis.operations, evidence.analysis.lengths, evidence)


@dataclass
class FurtherPoints:
    """Points that a derivative is asked at when first needed; for one point given only, since it keeps them.

    Attributes
    ----------
    question, settings: what is asked, and how it is judged.
    random: for points, cotangents and tangents.
    tuple_output: whether f returns a tuple.
    truth_of: the product whose truth is asked for.
    given: the point that was given.
    """

    question: Question
    settings: Settings
    random: np.random.Generator
    tuple_output: bool
    truth_of: Callable[[Product], Product]
    given: Product
    _asked: dict[str, Spot | None] = field(default_factory=dict)

    def beside(self) -> Spot | None:
        """The point beside the one given, with another cotangent or tangent; None without answer or truth."""
        return self._at("beside", self.product_beside)

    def shuffled(self, k: int) -> Spot | None:
        """The k-th point at which the entries of f's arguments are in other places, and indices are renamed."""
        return self._at(f"shuffled {k}", self._shuffled)

    def ask(self, product: Product) -> Reply | None:
        """The derivative's answer to another question; None where it has none."""
        try:
            reply: Reply = bounded(lambda: self.question.ask(product, tuple_output=self.tuple_output))
        except (GradcheckError, TooLongError):
            return None
        return reply

    def _at(self, name: str, make: Callable[[], Product]) -> Spot | None:
        if name not in self._asked:
            self._asked[name] = self._spot(make())
        return self._asked[name]

    def _spot(self, product: Product) -> Spot | None:
        reply = self.ask(product)
        try:
            if reply is None or wrong_form(product, reply):
                return None
            evidence = gather(self.truth_of(product), cross_checked=False)
            if evidence.analysis is None:
                evidence = estimated(self.truth_of(product)) or evidence
            return spot_of(product, comparisons_of(product, reply, evidence, self.settings), evidence)
        except GradcheckError:
            return None

    def product_beside(self) -> Product:
        """The question at that point."""
        inputs = list(self.given.inputs)
        for k in self.given.function.wrt:
            x = np.asarray(inputs[k])
            size = float(np.sqrt(np.mean(np.square(x, dtype=float)))) if x.size else 0.0
            step = BESIDE * self.random.standard_normal(x.shape)
            one_sign = x.size and (np.all(x > 0) or np.all(x < 0))  # f may be defined for one sign alone
            moved = x * np.exp(step) if one_sign else x + (size or 1.0) * step
            inputs[k] = laid_out(x, kept(x, np.asarray(moved)))
        return self._drawn(replace(self.given, inputs=tuple(inputs)))

    def _shuffled(self) -> Product:
        inputs = []
        for given in self.given.inputs:
            x = np.asarray(given)
            if x.dtype.kind == "f" and x.size > 1:
                moved = self.random.permutation(x.ravel()).reshape(x.shape)
                inputs.append(laid_out(x, kept(x, moved)))
            elif x.dtype.kind in "iu" and x.size > 1 and np.min(x) >= 0 and np.max(x) < MOST_RENAMED:
                inputs.append(np.asarray(self.random.permutation(int(np.max(x)) + 1)[x], dtype=x.dtype))
            else:
                inputs.append(given)
        return self._drawn(replace(self.given, inputs=tuple(inputs)))

    def _drawn(self, moved: Product) -> Product:
        """The product with weights drawn afresh."""
        if moved.tangents is not None:
            return replace(moved, tangents=tuple(drawn(self.random, np.asarray(t)) for t in moved.tangents))
        if self.question.kind == "gradient":
            return moved
        assert moved.cotangents is not None
        return replace(moved, cotangents=tuple(drawn(self.random, np.asarray(c)) for c in moved.cotangents))
