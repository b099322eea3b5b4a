"""Ask every oracle about one case, and put together what they know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.errors import HarnessFault, Unsupported
from gradcheck.oracle.analysis import Analysis, analyse_graph
from gradcheck.oracle.estimate import Along, Aside, Estimate, Estimates, Kind, Oracle
from gradcheck.oracle.exact import exact
from gradcheck.problem import Case, Graph, Point
from gradcheck.problem.validate import all_scalar
from gradcheck.verdict.compare import Truth, intersect, misses
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Witness

DIFFERENCED = 8
"""Maximum number of entries of arrays that finite differences move one by one although two proofs have settled every
one: a graph of more is differenced along one direction. That takes a twentieth of the time; a run of the built-in
suites takes 0.9 of what it took."""

CLOSELY = 1e-12
"""Maximum error of a proof that settles an entry, relative to the largest entry of its block."""


NOT_ASKED = "a proven bound decided"
"""Why an oracle is left out."""


@dataclass(frozen=True)
class Gathered:
    """What all oracles answered about one case.

    Attributes
    ----------
    answers: one per oracle that answered.
    asides: one per oracle that stepped aside.
    loss: the truth about the loss value.
    gradients: the truth about each parameter's gradient.
    along: what oracles answered along one direction.
    missed: the oracles among `along` that miss the proven truth, and are discarded.
    analysis: the whole analysis that one of the answers comes of; None where no oracle made one.
    left_out: the oracles that were not asked, since a proof decided without them.
    """

    answers: tuple[Estimates, ...]
    asides: tuple[Aside, ...]
    loss: Truth
    gradients: Mapping[str, Truth]
    along: tuple[Along, ...] = ()
    missed: tuple[str, ...] = ()
    analysis: Analysis | None = None
    left_out: tuple[str, ...] = ()

    def findings(self) -> list[Finding]:
        """Discarded estimates (warnings), oracles that stepped aside and oracles' own remarks (notes)."""
        found = []
        for block, truth in [("the loss", self.loss), *self.gradients.items()]:
            for oracle, proof, entry in truth.discarded:
                found.append(finding("GC041", oracle=oracle, proven=proof, block=block, entry=list(entry) or ""))
        for oracle in self.missed:
            found.append(finding("GC041", oracle=oracle, proven="the truth", block="one random direction", entry=""))
        found += [finding("GC040", oracle=aside.oracle, why=aside.reason) for aside in self.asides]
        return found

    def witnesses(self, worst: tuple[str, tuple[int, ...]] | None) -> tuple[Witness, ...]:
        """Each oracle's part, with its numbers at the (block, entry) `worst`."""
        discarded = {row[0] for truth in (self.loss, *self.gradients.values()) for row in truth.discarded}
        rows = []
        for answer in self.answers:
            estimates = [*answer.gradients.values()]
            at = None
            if worst is not None and worst[0] in answer.gradients:
                estimate = answer.gradients[worst[0]]
                at = (float(estimate.value[worst[1]]), float(estimate.error[worst[1]]))
            kind = str(estimates[0].kind) if estimates else ""
            state = "discarded" if answer.oracle in discarded else "agreed"
            of = sum(e.error.size for e in estimates)
            entries = sum(int(np.sum(np.isfinite(e.error))) for e in estimates)
            rows.append(Witness(answer.oracle, kind, state, "; ".join(answer.notes), at, entries, of))
        for along in self.along:
            state = "discarded" if along.oracle in self.missed else "agreed"
            rows.append(
                Witness(along.oracle, str(along.estimate.kind), state, "; ".join(along.notes), None, directions=1)
            )
        rows += [Witness(aside.oracle, "", "aside", aside.reason) for aside in self.asides]
        rows += [Witness(oracle, "", "not asked", NOT_ASKED) for oracle in self.left_out]
        return tuple(rows)


def gather(case: Case, oracles: Sequence[Oracle]) -> Gathered:
    """Ask all `oracles` about a case.

    Raises HarnessFault when two proven estimates do not meet.
    """
    return gather_at(case.graph, case.point, oracles)


def gather_needed(case: Case, oracles: Sequence[Oracle], *, crossed: bool = True) -> Gathered | None:
    """What `exact` alone knows, if it is among the `oracles` and bounds every entry closely; without rounding's cost.

    An answer that agrees with it is right: proof and answer come of different code. None where more has to be asked.
    `crossed` as for `analyse_graph`; raises HarnessFault when its two sweeps contradict each other.
    """
    if exact not in oracles:
        return None
    analysis = analyse_graph(case.graph, case.point, crossed=crossed, rounded=False)
    if isinstance(analysis, Aside) or not analysis.smooth or not _closely(analysis.estimates):
        return None
    gathered = put_together([analysis.estimates], [], _shapes(case.graph), (), analysis)
    return replace(gathered, left_out=tuple(oracle.name for oracle in oracles if oracle is not exact))


def gather_at(graph: Graph, point: Point, oracles: Sequence[Oracle]) -> Gathered:
    """Ask all `oracles` about a graph at a point."""
    answers: list[Estimates] = []
    asides: list[Aside] = []
    along: list[Along] = []
    analysis: Analysis | None = None
    entries = 0 if all_scalar(graph) else sum(int(np.prod(graph.shapes[i])) for i in graph.parameters)
    for oracle in oracles:
        try:
            in_one = getattr(oracle, "along", None) if entries > DIFFERENCED else None
            if in_one is not None and _settled(answers):
                answer: Estimates | Along | Aside = in_one(graph, point)
            else:
                if (analyse := getattr(oracle, "analyse", None)) is not None:
                    found: Analysis | Aside = analyse(graph, point)
                    analysis = analysis if isinstance(found, Aside) else found
                answer = oracle(graph, point)
        except Unsupported as reason:
            answer = Aside(oracle.name, str(reason))
        if isinstance(answer, Aside):
            asides.append(answer)
        elif isinstance(answer, Along):
            along.append(answer)
        else:
            answers.append(answer)
    return put_together(answers, asides, _shapes(graph), along, analysis)


def _shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {graph.names[i]: graph.shapes[i] for i in graph.parameters}


def _settled(answers: Sequence[Estimates]) -> bool:
    """Whether two proofs bound every entry as closely as a float64 can hold it, nearly."""
    return sum(map(_closely, answers)) > 1


def _closely(answer: Estimates) -> bool:
    """Whether this proves every entry of every gradient as closely as a float64 can hold it, nearly."""
    return all(map(closely, answer.gradients.values()))


def closely(estimate: Estimate) -> bool:
    """Whether this proves every entry of a block as closely as a float64 can hold it, nearly."""
    largest = np.max(np.abs(estimate.value), initial=0.0)
    return estimate.kind is Kind.PROVEN and bool(np.all(estimate.error <= CLOSELY * largest))


def put_together(
    answers: Sequence[Estimates],
    asides: Sequence[Aside],
    shapes: Mapping[str, tuple[int, ...]],
    along: Sequence[Along],
    analysis: Analysis | None = None,
) -> Gathered:
    """Put together what the oracles answered about blocks of the given shapes, and `along` directions in them.

    Raises HarnessFault when two proofs contradict each other.
    """
    losses = {a.oracle: a.loss for a in answers if a.loss is not None}
    gradients = {
        block: _together(f"the gradient of {block!r}", {a.oracle: a.gradients[block] for a in answers}, shape)
        for block, shape in shapes.items()
    }
    everything = (*(a for answer in answers for a in answer.along), *along)
    missed = tuple(a.oracle for a in everything if misses(gradients, a))
    loss = _together("the loss value", losses, ())
    return Gathered(tuple(answers), tuple(asides), loss, gradients, everything, missed, analysis)


def _together(what: str, estimates: Mapping[str, Estimate], shape: tuple[int, ...]) -> Truth:
    try:
        return intersect(estimates, shape)
    except HarnessFault as fault:
        raise HarnessFault(f"{what}: {fault}") from None
