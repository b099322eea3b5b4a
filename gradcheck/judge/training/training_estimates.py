"""What the oracles said in the course of a training, a batch's gradient at a time, put together for its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gradcheck.judge.graph_estimates import Testimony, hear, testimony_of
from gradcheck.oracle.estimate import Estimates, Oracle
from gradcheck.problem import Case
from gradcheck.verdict.finding import Finding
from gradcheck.verdict.result import Witness


class Hearings:
    """Hears every oracle about the gradient of each step's batch.

    The one whose balls the steps are computed from answers as `said`; the others cross-check it, each by its own road.
    """

    def __init__(self, oracles: Sequence[Oracle]) -> None:
        self._oracles = oracles
        self._heard: list[Testimony] = []

    def hear(self, case: Case, said: Estimates) -> Testimony:
        """What all know about one batch; raises HarnessFault when two proofs do not meet."""
        others = hear(case, [oracle for oracle in self._oracles if oracle.name != said.oracle])
        shapes = {block: estimate.value.shape for block, estimate in said.gradients.items()}
        testimony = testimony_of([said, *others.answers], others.asides, shapes, ())
        self._heard.append(testimony)
        return testimony

    def findings(self) -> list[Finding]:
        """Oracles that stepped aside or were discarded in some step, each said once."""
        return list({f.sentence: f for testimony in self._heard for f in testimony.findings()}.values())

    def witnesses(self) -> tuple[Witness, ...]:
        """A row per oracle: it agreed if it answered in some step and was discarded in none."""
        rows = [row for testimony in self._heard for row in testimony.witnesses(None)]
        answered = Counter(row.oracle for row in rows if row.state != "aside")
        told = []
        for name in dict.fromkeys(row.oracle for row in rows):
            own = sorted(
                (r for r in rows if r.oracle == name), key=lambda r: ("discarded", "aside", "agreed").index(r.state)
            )
            answers = [row for row in own if row.state != "aside"]
            if answers:
                steps = f"in {answered[name]} of {len(self._heard)} steps"
                worst = answers[0]
                covered = (
                    sum(r.entries for r in answers),
                    sum(r.of for r in answers),
                    sum(r.directions for r in answers),
                )
                told.append(Witness(name, worst.kind, worst.state, steps, None, *covered))
            else:
                told.append(own[0])
        return tuple(told)
