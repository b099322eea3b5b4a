"""Ask every oracle about a derivative of a function at a point, and what rounding may cost there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.judge.allowance import FEWEST, Allowances, euclidean, of_blocks
from gradcheck.judge.confirmation import COMPLEX_STEP, DIFFERENCES, SYMBOLIC, one_step
from gradcheck.judge.graph_estimates import Gathered, put_together
from gradcheck.judge.time_budget import NO_TIME, ORACLE
from gradcheck.oracle.analysis import NAME as EXACT
from gradcheck.oracle.analysis import Analysis, analyse
from gradcheck.oracle.estimate import Along, Aside, Estimates
from gradcheck.problem.function import Product, laid_out, lend
from gradcheck.problem.time_limit import calls_left, in_time, left
from gradcheck.verdict.compare import Truth

Array = NDArray[Any]

DIRECTION_RUNS = 100
"""Number of runs of f for the derivative along one direction, which checks a proof and decides nothing else."""
FEW_RUNS = 8
"""Maximum number of outcomes of ties that are explored at a point of our choosing; a loop that ends on one has many."""


@dataclass(frozen=True)
class Evidence:
    """What is known about a product before any answer is looked at.

    Attributes
    ----------
    gathered: estimates and asides of all oracles; `gathered.gradients` has the truth of each block.
    limits: what honest rounding in the subject's dtype may cost each entry of each block.
    one_sided: per block (left, right) slopes where finite differences found a kink, else None.
    jumps: the function jumps here.
    """

    product: Product
    gathered: Gathered
    limits: Allowances
    one_sided: Mapping[str, tuple[Array, Array]] | None
    jumps: bool

    @property
    def truths(self) -> Mapping[str, Truth]:
        """The truth about each block."""
        return self.gathered.gradients

    @property
    def allowance(self) -> Mapping[str, Array]:
        """The allowance of each block's entries."""
        return self.limits.gradients

    @property
    def fallback(self) -> Mapping[str, float]:
        """The scale of each block, for blocks whose true derivative is zero."""
        return self.limits.fallback

    @property
    def analysis(self) -> Analysis | None:
        """What tracing f tells, kinks included; None where f cannot be traced."""
        return self.limits.analysis


def gather(product: Product, *, cross_checked: bool = True, needed_only: bool = False) -> Evidence:
    """Ask the oracles: `exact` first, then `symbolic`; finite differences per entry where `exact` leaves some open.

    Without `cross_checked`, at a point of our choosing, `exact` answers alone, checked by its own other sweep, and only
    if that takes no long exploring. With `needed_only`, where `exact` has bounded every entry and one complex step
    confirms it, the others are left out; `all_asked` asks them later.

    Raises HarnessFault when proofs contradict each other. Whatever f raises at the point itself passes.
    """
    if not cross_checked:
        return _asked(product, analyse(product, most_runs=FEW_RUNS), cross_checked=False)
    traced = in_time(ORACLE, lambda: analyse(product, crossed=not needed_only), lambda: Aside(EXACT, NO_TIME))
    if needed_only and not isinstance(traced, Aside) and traced.smooth and traced.complete:
        step = in_time(ORACLE, lambda: one_step(product, traced), lambda: None)
        gathered = None if step is None else put_together([traced.estimates], [], _shapes(product), [step])
        if gathered is not None and not gathered.missed:
            other = [] if traced.estimates.along else [traced.other_sweep]
            return _evidence(product, replace(gathered, left_out=(SYMBOLIC, *other, DIFFERENCES)), traced)
    return _all(product, traced)


def all_asked(evidence: Evidence) -> Evidence:
    """The evidence with the answers of the oracles that were left out.

    Raises HarnessFault when proofs contradict each other.
    """
    if not evidence.gathered.left_out or evidence.analysis is None:
        return evidence
    return _all(evidence.product, evidence.analysis)


def _all(product: Product, traced: Analysis | Aside) -> Evidence:
    """The evidence of all oracles, `exact` having answered, but for its other sweep perhaps."""
    found: Analysis | Aside = traced
    if isinstance(traced, Analysis):
        found = in_time(ORACLE, traced.crossed, lambda: Aside(EXACT, NO_TIME))
    return _asked(product, found, cross_checked=True)


def _asked(product: Product, traced: Analysis | Aside, *, cross_checked: bool) -> Evidence:
    """The evidence of all oracles, `exact` having answered."""
    analysis = None if isinstance(traced, Aside) else traced
    answers: list[Estimates | Aside] = [traced if isinstance(traced, Aside) else traced.estimates]
    along: list[Along] = []
    one_sided, jumps = None, False
    if cross_checked:
        # Imported late: a clear PASS needs none of their code.
        from gradcheck.judge.cross_checks import along_one_direction, closed_form, complex_entries
        from gradcheck.judge.function_differences import differenced

        written = in_time(ORACLE, lambda: closed_form(product, traced), lambda: Aside(SYMBOLIC, NO_TIME))
        answers.append(written)
        if analysis is not None and analysis.complete:
            along, stepped_aside = _no_directions()
            if calls_left(ORACLE) >= DIRECTION_RUNS:
                along, stepped_aside = in_time(ORACLE, lambda: along_one_direction(product, analysis), _no_directions)
            answers += stepped_aside
        elif analysis is None or analysis.smooth:  # a formula that is 0/0 (the root of 0)
            other, one_sided, jumps = differenced(product)
            stepped = in_time(ORACLE, lambda: complex_entries(product), lambda: Aside(COMPLEX_STEP, NO_TIME))
            answers += [other, stepped]
        if isinstance(written, Estimates):  # a proof: slopes found by differences are not needed
            one_sided, jumps = None, False
    estimates, asides = [a for a in answers if isinstance(a, Estimates)], [a for a in answers if isinstance(a, Aside)]
    gathered = put_together(estimates, asides, _shapes(product), along)
    return _evidence(product, gathered, analysis, one_sided, jumps=jumps)


def _evidence(
    product: Product,
    gathered: Gathered,
    analysis: Analysis | None,
    one_sided: Mapping[str, tuple[Array, Array]] | None = None,
    *,
    jumps: bool = False,
) -> Evidence:
    """What the oracles know, and what rounding may cost."""
    limits = _limits(product, gathered, analysis)
    if left() > 0:
        product.run_f()  # what f keeps between its calls is of this point again
    return Evidence(product, gathered, limits, one_sided, jumps)


def estimated(product: Product, *, stepped: bool = False) -> Evidence | None:
    """Finite differences alone, where f cannot be traced; None unless they bound every entry and find no kink or jump.

    With `stepped`, `complex_step` is asked as well, and has to agree with them where it answers.
    """
    from gradcheck.judge.function_differences import differenced

    answer, one_sided, jumps = differenced(product)
    if not isinstance(answer, Estimates) or one_sided is not None or jumps:
        return None
    answers = [answer]
    if stepped:
        from gradcheck.judge.cross_checks import complex_entries

        other = complex_entries(product)
        answers += [other] if isinstance(other, Estimates) else []
    gathered = put_together(answers, [], _shapes(product), [])
    if not all(np.all(t.known) for t in gathered.gradients.values()):
        return None
    return Evidence(product, gathered, _limits(product, gathered, None), None, jumps=False)


def _no_directions() -> tuple[list[Along], list[Aside]]:
    """What `along_one_direction` answers where there is no time for it."""
    return [], [Aside(COMPLEX_STEP, NO_TIME), Aside(DIFFERENCES, NO_TIME)]


def _shapes(product: Product) -> dict[str, tuple[int, ...]]:
    if product.tangents is None:
        arrays = [np.asarray(product.inputs[k]) for k in product.function.wrt]
    else:
        arrays = list(product.outputs[0])
    return {block: array.shape for block, array in zip(product.blocks, arrays, strict=True)}


def _fallback(product: Product) -> dict[str, float]:
    """|f| / max(1, |x_b|) per block (for a JVP: |f| of the output itself)."""
    outputs, _ = product.outputs
    with np.errstate(all="ignore"):
        if product.tangents is not None:
            sizes = [float(np.sqrt(np.mean(np.square(o, dtype=float)))) if o.size else 0.0 for o in outputs]
            return dict(zip(product.blocks, sizes, strict=True))
        assert product.cotangents is not None
        size = float(
            np.sqrt(
                sum(np.sum(np.square(c * o, dtype=float)) for c, o in zip(product.cotangents, outputs, strict=True))
            )
        )
        if size == 0:  # f happens to be 0 here, which says nothing about its scale
            size = _size_nearby(product)
        norms = [euclidean(product.inputs[k]) for k in product.function.wrt]
    return {b: size / max(1.0, n) for b, n in zip(product.blocks, norms, strict=True)}


def _size_nearby(product: Product) -> float:
    """|f| at a point nearby, or 0 where f has no value there."""
    random = np.random.default_rng(5)
    inputs = list(lend(product.inputs))
    for k in product.function.wrt:
        x = np.asarray(inputs[k], dtype=float)
        step = 0.1 * (np.abs(x) + (float(np.max(np.abs(x), initial=0.0)) or 1.0))
        inputs[k] = laid_out(inputs[k], x + step * random.uniform(-1, 1, x.shape))
    try:
        value = product.scalar(inputs)
    except (Exception, SystemExit):  # not a point of f
        return 0.0
    return abs(value) if np.isfinite(value) else 0.0


def _limits(product: Product, gathered: Gathered, analysis: Analysis | None) -> Allowances:
    """Per block and entry: measured where the function could be traced, counted otherwise."""
    fallback = _fallback(product)
    dtypes = [_block_dtype(product, k) for k in range(len(gathered.gradients))]
    return Allowances(np.zeros(()), of_blocks(gathered, analysis, fallback, FEWEST, dtypes), fallback, analysis)


def _block_dtype(product: Product, k: int) -> np.dtype[Any]:
    """The dtype in which a block's answer is rounded: its input's or the product's, whichever is narrower."""
    own = np.asarray(product.inputs[product.function.wrt[k]]).dtype if product.tangents is None else product.dtype
    return own if np.finfo(own).eps >= np.finfo(product.dtype).eps else product.dtype
