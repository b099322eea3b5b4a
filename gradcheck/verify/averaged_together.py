"""Parts of one file that are each off by the number of samples, and right together: see `conventions.averaged`.

Only a file that is of one mind is taken so: every layer with parameters averages the gradients of all of them, no
loss's gradient is averaged though the loss is, and there is one of each at least. A layer that averages beside a loss
that does so as well is wrong, and stays wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.conventions.averaged import Averaged
from gradcheck.subject.description import SeenOffer
from gradcheck.verdict.mistakes import CAUSE
from gradcheck.verify.trials import Trial
from gradcheck.verify.verify_events import PairTried, VerifyEvent

KIND = "mean-sum"
"""`Mistake.MEAN_SUM`, whose room the parent of a trial does not import; and the clauses that come with it."""
_HERE = re.compile(r"is 1/(\d+) of the right one, and \1 is the length of axis (\d+) of (\w+): a mean where f sums$")
_LEFT_OUT = re.compile(
    r"is (\d+) times the right one, and \1 is the length of axis (\d+) of (\w+): a sum where f averages$"
)


@dataclass(frozen=True)
class _Blocks:
    """The names of a result's blocks, the wrong ones apart."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]


class Waiting:
    """Events of a verification that wait, from the first failure on that other parts of the file may explain.

    `again` tries a pair once more, as one that leaves an average to other parts. `events` are those that wait.
    """

    def __init__(self, again: Callable[[SeenOffer, PairTried, Averaged], PairTried]) -> None:
        self.events: list[VerifyEvent] = []
        self._again = again
        self._tried: list[tuple[SeenOffer, PairTried]] = []

    def passed(self, event: VerifyEvent, offer: SeenOffer | None = None) -> Iterator[VerifyEvent]:
        """The event, which belongs to an offer if it is a result, unless it has to wait."""
        if isinstance(event, PairTried) and offer is not None:
            self._tried.append((offer, event))
        if self.events or (isinstance(event, PairTried) and _averaged(event.trial) is not None):
            self.events.append(event)
        else:
            yield event

    def decided(self) -> Iterator[VerifyEvent]:
        """Those that waited, tried once more where parts of the file are right together.

        An interrupt leaves in `events` what is not given yet, as it was.
        """
        shares = halves([event.trial for _, event in self._tried]) if self.events else {}
        again = {id(self._tried[k][1]): self._again(*self._tried[k], share) for k, share in shares.items()}
        together = all(event.trial.verdict == "PASS" for event in again.values())
        while self.events:
            event = self.events.pop(0)
            yield again.get(id(event), event) if together else event


def halves(trials: Sequence[Trial]) -> dict[int, Averaged]:
    """What is averaged elsewhere, by the number of the trial; {} unless the whole file is of one mind."""
    found = {number: averaged for number, t in enumerate(trials) if (averaged := _averaged(t)) is not None}
    others = [t for number, t in enumerate(trials) if number not in found]
    both = {averaged.here for averaged in found.values()} == {True, False}
    one_axis = len({averaged.axis for averaged in found.values()}) == 1
    return found if both and one_axis and not any(map(_contradicts, others)) else {}


def _averaged(trial: Trial) -> Averaged | None:
    """What one trial says: a layer whose parameters alone are averaged, or a loss whose one input is not."""
    if trial.verdict != "FAIL" or set(trial.kinds) != {KIND}:
        return None
    blocks, relations = _blocks(trial), [str(f.get("relation", "")) for f in _causes(trial)]
    if len(relations) != 1 or not blocks.wrong:
        return None
    here, left_out = _HERE.match(relations[0]), _LEFT_OUT.match(relations[0])
    if here and trial.pair.kind == "vjp" and blocks.right == (here[3],):
        return Averaged(blocks.wrong, here[3], int(here[2]), here=True)
    if left_out and trial.pair.kind == "gradient" and blocks.wrong == (left_out[3],) and not blocks.right:
        return Averaged(blocks.wrong, left_out[3], int(left_out[2]), here=False)
    return None


def _contradicts(trial: Trial) -> bool:
    """Whether a result shows that the file averages where the losses do: a right loss, or right parameters."""
    blocks = _blocks(trial)
    if trial.pair.kind == "gradient":
        return trial.verdict == "PASS"
    return len(blocks.right) + len(blocks.wrong) > 1


def _blocks(trial: Trial) -> _Blocks:
    rows = trial.document.get("blocks")
    counted = {str(k): row.get("wrong") for k, row in rows.items()} if isinstance(rows, Mapping) else {}
    wrong = tuple(k for k, off in counted.items() if off)
    return _Blocks(tuple(k for k in counted if k not in wrong), wrong)


def _causes(trial: Trial) -> Iterator[Mapping[str, Any]]:
    """The facts of the findings that name a cause; what the child's document holds may be anything."""
    findings = trial.document.get("findings")
    for row in findings if isinstance(findings, list) else []:
        facts = row.get("facts") if isinstance(row, Mapping) else None
        if isinstance(facts, Mapping) and row.get("code") == CAUSE:
            yield facts
