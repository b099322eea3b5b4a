"""What the oracles answer in the course of a training, a batch's gradient at a time, put together for its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gradcheck.judge.graph_estimates import Gathered, gather, put_together
from gradcheck.oracle.estimate import Estimates, Oracle
from gradcheck.problem import Case
from gradcheck.verdict.finding import Finding
from gradcheck.verdict.result import Witness


class TrainingEstimates:
    """Asks every oracle about the gradient of each step's batch, and keeps what they answer."""

    def __init__(self, oracles: Sequence[Oracle]) -> None:
        self._oracles = oracles
        self._steps: list[Gathered] = []

    def gather(self, case: Case, known: Estimates) -> Gathered:
        """What is known about one batch: `known`, from which the steps are computed, and what the others estimate.

        Raises HarnessFault when two proofs do not meet.
        """
        others = gather(case, [oracle for oracle in self._oracles if oracle.name != known.oracle])
        shapes = {block: estimate.value.shape for block, estimate in known.gradients.items()}
        gathered = put_together([known, *others.answers], others.asides, shapes, (), others.analysis)
        self._steps.append(gathered)
        return gathered

    def findings(self) -> list[Finding]:
        """Oracles that stepped aside or were discarded in some step, each finding once."""
        return list({f.sentence: f for gathered in self._steps for f in gathered.findings()}.values())

    def witnesses(self) -> tuple[Witness, ...]:
        """A row per oracle: it agreed if it answered in some step and was discarded in none."""
        rows = [row for gathered in self._steps for row in gathered.witnesses(None)]
        answered = Counter(row.oracle for row in rows if row.state != "aside")
        order = ("discarded", "aside", "agreed")
        found = []
        for name in dict.fromkeys(row.oracle for row in rows):
            own = sorted((r for r in rows if r.oracle == name), key=lambda r: order.index(r.state))
            answers = [row for row in own if row.state != "aside"]
            if not answers:
                found.append(own[0])
                continue
            steps = f"in {answered[name]} of {len(self._steps)} steps"
            worst = answers[0]
            covered = (sum(r.entries for r in answers), sum(r.of for r in answers), sum(r.directions for r in answers))
            found.append(Witness(name, worst.kind, worst.state, steps, None, *covered))
        return tuple(found)
