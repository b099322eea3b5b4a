"""Numbers: one answer of a derivative against the evidence, kinks and lost accuracy included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError
from gradcheck.judge.approximate import LOOP, LOOSE, TINY, approximation, digits, within
from gradcheck.judge.block_comparison import compare_block
from gradcheck.judge.function_estimates import Evidence
from gradcheck.judge.higher_precision import FEW_RUNS, exact_answer
from gradcheck.judge.input_structure import Projection, projections
from gradcheck.judge.kinks import at_differenced_kink, at_kink, at_singular_point, by_local_rules
from gradcheck.judge.question import Question, Reply
from gradcheck.judge.settings import Settings
from gradcheck.judge.small_errors import is_small, unexplained
from gradcheck.judge.truncated_loops import shrinks
from gradcheck.judge.values_and_record import keeps_something
from gradcheck.problem.function import Product
from gradcheck.tracing import MOST_RUNS
from gradcheck.verdict.compare import INTEREST, Comparison, Worst, scale
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.hull import in_one_array
from gradcheck.verdict.plain_findings import TOO_CLOSE
from gradcheck.verdict.worst import code_of_wrong, facts_of_open, facts_of_wrong, first_open, named

Array = NDArray[Any]


@dataclass(frozen=True)
class Numbers:
    """What comparing one answer with the truth brought to light."""

    evidence: Evidence
    comparisons: tuple[Comparison, ...]
    findings: tuple[Finding, ...]
    by_hull: int = 0

    @property
    def compared(self) -> int:
        """Entries decided."""
        return sum(c.compared for c in self.comparisons) + self.by_hull

    @property
    def blocks(self) -> dict[str, tuple[int, int]]:
        """Per block, how many entries are found wrong, of how many."""
        errors = [f for f in self.findings if f.severity is Severity.ERROR and "wrong" in f.facts]
        wrong = {str(f.facts["block"]): int(f.facts["wrong"]) for f in errors}
        return {c.block: (wrong.get(c.block, 0), int(c.answer.size)) for c in self.comparisons}

    @property
    def worst(self) -> Worst | None:
        """The entry that the findings name."""
        return named(self.comparisons)


def compare_numbers(
    question: Question,
    product: Product,
    reply: Reply,
    evidence: Evidence,
    settings: Settings,
    *,
    lenient: bool = False,
) -> Numbers:
    """Judge every block; asks again, in wider numbers or with loops that run on, only where an answer is off.

    `lenient` (at a point of our choosing) forgives any discrepancy that is rounding of a right formula.
    """
    answers = _filled(product, reply, evidence)
    if evidence.analysis is not None and evidence.analysis.at_kink:
        return _at_kink(evidence, answers)
    if evidence.analysis is not None and product.tangents is None and not settings.structure:
        around = at_singular_point(answers, evidence.analysis)
        if around is not None:
            return Numbers(evidence, (), (around,), by_hull=sum(a.size for a in answers.values()))
    keep = _structures(product, settings)
    entries = sum(a.size for a in answers.values())
    if product.tangents is None and entries and not evidence.gathered.answers:
        return _by_directions(evidence, answers, settings)
    if evidence.analysis is None and (kinked := _at_differenced_kink(evidence, answers, settings)):
        return kinked
    comparisons = _compared(answers, evidence, settings, keep)
    unproven = evidence.analysis is not None and not evidence.analysis.complete
    unproven = unproven and not any(np.any(c.wrong & c.truth.proven) for c in comparisons)
    # A singular point whose gradients nearby are no single bounded set: hypot(x, y) with one pair at 0.
    if unproven and (kinked := _at_differenced_kink(evidence, answers, settings)):
        return kinked
    findings: list[Finding] = []
    what = "f" if product.tangents is None else "output"
    wrong = [c for c in comparisons if np.any(c.wrong)]
    if wrong and evidence.analysis is not None:
        unit = float(np.finfo(product.dtype).eps) / 2
        legal = by_local_rules(answers, evidence.analysis, evidence.allowance, unit=unit, local_rules=False)
        if legal is not None:
            return Numbers(evidence, (), legal[:1], by_hull=entries if legal[1] else 0)
    small = bool(wrong) and (lenient or all(slight(c, evidence, product) for c in wrong))
    runs = FEW_RUNS if lenient else MOST_RUNS
    wide = exact_answer(question, product, evidence, runs) if small else None
    rough, tiers = None, False
    declared = settings.max_ulps is not None or settings.meant is not None or settings.accuracy is not None
    if wrong and not lenient and not declared and all(within(c, evidence, LOOSE) for c in wrong):
        rough = approximation(question, product, evidence, wrong)
        tiers = rough is None and all(is_small(c, settings) for c in wrong)
    keeps = cache(partial(keeps_something, evidence))  # every block asks
    for k, comparison in enumerate(comparisons):
        if not np.any(comparison.wrong):
            findings += _open(comparison, evidence)
            continue
        own = wide[k] if wide is not None else None
        if own is not None and vanishes(comparison, own):
            findings.append(_loses(comparison, what, settings))
        elif rough is not None and within(comparison, evidence, TINY):
            agree = digits(comparison, evidence)
            findings.append(finding("GC092", **_facts(comparison, what), why=rough.why, digits=agree))
        elif shrinks(comparison, evidence) and not keeps():
            facts = _facts(comparison, what)
            if tiers and within(comparison, evidence, TINY):
                findings.append(finding("GC092", **facts, why=LOOP, digits=digits(comparison, evidence)))
            else:
                findings.append(finding("GC034", **facts))
        elif rough is not None and within(comparison, evidence, rough.level):
            agree = digits(comparison, evidence)
            facts = {**_facts(comparison, what), "why": rough.why, "digits": agree, "accuracy": f"{10.0**-agree:.0e}"}
            findings.append(finding("GC038", **facts))
        elif tiers and is_small(comparison, settings):
            findings.append(unexplained(comparison, evidence, settings, _facts(comparison, what)))
        else:
            findings.append(_wrong(comparison, what))
    proven = sum(int(np.sum(c.truth.proven)) for c in comparisons)
    if not proven and any(f.code == "GC012" for f in findings):
        findings = _confirmed(evidence, answers, comparisons, findings)
    return Numbers(evidence, tuple(comparisons), tuple(findings))


def comparisons_of(product: Product, reply: Reply, evidence: Evidence, settings: Settings) -> tuple[Comparison, ...]:
    """Every block against the truth, and nothing else; () where there is no one derivative, or nothing bounds it."""
    at_kink = evidence.analysis is not None and evidence.analysis.at_kink
    if at_kink or not evidence.gathered.answers:
        return ()
    return tuple(_compared(_filled(product, reply, evidence), evidence, settings, _structures(product, settings)))


def _structures(product: Product, settings: Settings) -> dict[str, Projection]:
    """The projection of each block that has a declared structure."""
    return projections(settings.structure, product.inputs, product.function.names, product.function.wrt)


def _compared(
    answers: Mapping[str, Array], evidence: Evidence, settings: Settings, keep: Mapping[str, Projection]
) -> list[Comparison]:
    """Every block against the truth."""
    dtype = evidence.product.dtype
    return [
        compare_block(b, a, evidence.truths[b], evidence.limits, settings, dtype, keep.get(b))
        for b, a in answers.items()
    ]


def clear(product: Product, reply: Reply, evidence: Evidence, settings: Settings) -> Numbers | None:
    """The comparison of an answer that proofs decide in every entry, and that is right in each; None for any other."""
    comparisons = comparisons_of(product, reply, evidence, settings)
    right = [not np.any(c.wrong | c.open) and np.all(c.truth.proven) for c in comparisons]
    return Numbers(evidence, comparisons, ()) if comparisons and all(right) else None


def _by_directions(evidence: Evidence, answers: dict[str, Array], settings: Settings) -> Numbers:
    """No oracle bounds single entries: random directions, then group testing."""
    from gradcheck.judge.random_directions import Directions  # late, as below: few checks need it

    try:
        directions = Directions(evidence.product, answers, np.random.default_rng(17))
        verified = directions.verify(_share(evidence.product, settings))
    except GradcheckError as reason:
        why = finding(
            "GC031", block="all blocks", entry="", bound=float("inf"), interest=_share(evidence.product, settings)
        )
        return Numbers(evidence, (), (why, finding("GC040", oracle="directions", why=str(reason))))
    entries = sum(a.size for a in answers.values())
    return Numbers(evidence, (), verified.findings, by_hull=entries if verified.decided else 0)


def _share(product: Product, settings: Settings) -> float:
    """The relative error of interest."""
    return INTEREST[product.dtype.name] if settings.interest is None else settings.interest


def _confirmed(
    evidence: Evidence, answers: dict[str, Array], comparisons: Sequence[Comparison], findings: list[Finding]
) -> list[Finding]:
    """A discrepancy that rests on estimates alone has to show along a random direction, too."""
    product = evidence.product
    if product.tangents is None:
        try:
            from gradcheck.judge.random_directions import Directions

            suspected = {c.block: np.nan_to_num(answers[c.block] - c.truth.middle) for c in comparisons}
            agreed = Directions(product, answers, np.random.default_rng(29)).confirm(suspected)
        except GradcheckError:
            agreed = False
        if not agreed:
            blocks = ", ".join(str(f.facts["block"]) for f in findings if f.code == "GC012")
            doubt = finding("GC032", oracles="differences per entry and along a direction", block=blocks, entry="")
            return [doubt, *(f for f in findings if f.code != "GC012")]
    return [*findings, finding("GC047", what="differences per entry and along a random direction")]


def _filled(product: Product, reply: Reply, evidence: Evidence) -> dict[str, Array]:
    """Blocks of the answer in a floating dtype; None counts as zero."""
    filled = {}
    for block, part in zip(product.blocks, reply.parts, strict=True):
        shape = evidence.truths[block].lower.shape
        array = np.zeros(shape, dtype=product.dtype) if part is None else part
        filled[block] = array if array.dtype.kind == "f" else array.astype(np.float64)
    return filled


def _at_kink(evidence: Evidence, answers: dict[str, Array]) -> Numbers:
    """No one derivative: the answer counts if it is a mixture of those that hold nearby."""
    assert evidence.analysis is not None
    unit = float(np.finfo(evidence.product.dtype).eps) / 2
    found, decided = at_kink(answers, evidence.analysis.derivative, evidence.allowance, unit=unit, local_rules=False)
    if found.code == "GC012" and evidence.analysis.waits and "distance" in found.facts:
        found = _of_a_loop(found, evidence, answers)
    return Numbers(evidence, (), (found,), by_hull=sum(a.size for a in answers.values()) if decided else 0)


def _at_differenced_kink(evidence: Evidence, answers: dict[str, Array], settings: Settings) -> Numbers | None:
    """Where differences alone see a kink; None where they see none, or cannot be had along a direction."""
    if evidence.one_sided is None or evidence.jumps or settings.structure:
        return None
    share = _share(evidence.product, settings)
    try:
        found, decided = at_differenced_kink(evidence.product, answers, evidence.one_sided, share)
    except GradcheckError:
        return None
    return Numbers(evidence, (), (found,), by_hull=sum(a.size for a in answers.values()) if decided else 0)


def _of_a_loop(found: Finding, evidence: Evidence, answers: Mapping[str, Array]) -> Finding:
    """The finding about an answer at the last step of a loop: its outcomes differ by what the loop leaves undone.

    An answer that misses all of them by as little as an approximation may is right to so many digits.
    """
    assert evidence.analysis is not None
    parts = (p for one in evidence.analysis.derivative.alternatives for p in one)
    size = max((float(np.max(np.abs(p.midpoint), initial=0.0)) for p in parts), default=0.0)
    flat = in_one_array(answers.values())
    sides = [np.concatenate([p.midpoint.ravel() for p in one]) for one in evidence.analysis.derivative.alternatives]
    off = min(float(np.max(np.abs(flat - side), initial=0.0)) for side in sides)
    if not size or not off <= TINY * size:
        return found
    agree = int(-np.log10(max(off / size, 1e-16)))
    return finding("GC092", **found.facts, why="a loop of f ends on a comparison", digits=agree)


def _open(comparison: Comparison, evidence: Evidence) -> list[Finding]:
    if not np.any(comparison.open):
        return []
    if evidence.jumps:
        close = any(TOO_CLOSE in aside.reason for aside in evidence.gathered.asides)
        bends = "f changes within less than differences can resolve here"
        return [finding("GC030", what=bends if close else "the function jumps here: it has no derivative")]
    if evidence.one_sided is not None:
        at = first_open(comparison)
        left, right = (side[at] for side in evidence.one_sided[comparison.block])
        place = f"{comparison.block}{list(at) or ''}"
        what = f"{place}: the slope is {left:.12g} on the left and {right:.12g} on the right"
        return [finding("GC030", what=what)]
    code, facts = facts_of_open(comparison)
    tangent = {"tangent": True} if code == "GC031" and evidence.product.tangents is not None else {}
    return [finding(code, **facts, **tangent)]


def slight(comparison: Comparison, evidence: Evidence, product: Product, share: float = 0.0) -> bool:
    """Whether all wrong entries are off by less than sqrt(u), or `share`, of the block's scale."""
    if np.any(comparison.not_finite):
        return False
    fallback = evidence.fallback[comparison.block]
    size = np.maximum(np.abs(comparison.truth.middle), max(scale(comparison.truth, fallback), fallback))
    root = max(share, float(np.sqrt(np.finfo(product.dtype).eps / 2)))
    return bool(np.all(comparison.distance[comparison.wrong] <= root * size[comparison.wrong]))


def vanishes(comparison: Comparison, wide: tuple[Array, Array]) -> bool:
    """Whether the subject's own formula, in wider numbers, agrees with the truth: a thousandth of the discrepancy."""
    value, radius = wide
    if value.shape != comparison.distance.shape:
        return False
    with np.errstate(invalid="ignore"):
        off = np.abs(value - comparison.truth.middle) - radius - comparison.truth.radius
    return bool(np.all(off[comparison.wrong] <= 1e-3 * comparison.distance[comparison.wrong]))


def repeats(comparison: Comparison, wide: tuple[Array, Array] | None) -> bool:
    """Whether the subject's own formula, in exact arithmetic, has a discrepancy that matters, at a wrong entry."""
    if wide is None or wide[0].shape != comparison.distance.shape:
        return False
    with np.errstate(invalid="ignore"):
        off = np.abs(wide[0] - comparison.truth.middle) - wide[1] - comparison.truth.radius
        same = (off >= 0.5 * comparison.distance) & (comparison.distance > comparison.interest)
    return bool(np.any(same & comparison.wrong))


def _facts(comparison: Comparison, what: str) -> dict[str, Any]:
    tangent = {"tangent": True} if what == "output" else {}
    return {**tangent, "loss": what, "block": comparison.block, **facts_of_wrong(comparison)}


def _wrong(comparison: Comparison, what: str) -> Finding:
    return finding(code_of_wrong(comparison), **_facts(comparison, what))


def _loses(comparison: Comparison, what: str, settings: Settings) -> Finding:
    facts = _facts(comparison, what)
    if settings.max_ulps is not None:
        return finding("GC012", **facts)
    ratio = facts["distance"] / max(abs(facts["truth"]), np.finfo(float).tiny)
    digits = max(0.0, np.log10(max(ratio, 1e-300)) - np.log10(np.finfo(comparison.answer.dtype).eps))
    return finding("GC016", digits=f"{digits:.1f}", **facts)
