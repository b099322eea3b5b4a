"""The comparisons on which loops of the user's code end.

Such a comparison is made at one place of the code, with other answers until the last time. Whether it ends a loop is
seen by a run in which that answer is put off: then it is made once more. It may be one of numbers, or one of arrays of
which the code asks whether all or any entries hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np

from gradcheck.errors import GradcheckError
from gradcheck.tracing.location import Site
from gradcheck.tracing.put_offs import End
from gradcheck.tracing.session import Run

MOST_TRIED = 6
"""Maximum number of places, besides those whose answer changed, for which a further run is made."""
CHANGE = 0.1
"""Maximum change of f, relative to its largest output, by one more turn of a loop that converges."""


class Longer(Protocol):
    """A run in which loops run on as given, by the places where they end."""

    def __call__(self, *, ends: Mapping[Site, End]) -> Run: ...


def loop_ends(first: Run, longer: Longer) -> dict[Site, End]:
    """The places at which loops of a run end, and how, put off by one turn.

    Raises GradcheckError where a run whose loop goes on by one turn cannot be traced.
    """
    found = {}
    for site, end in _changed(first):
        if _made_again(first, longer(ends={site: end}), site):
            found[site] = end
    for _, (site, end) in zip(range(MOST_TRIED), _others(first), strict=False):
        if site in found:
            continue
        try:
            further = longer(ends={site: end})
        except GradcheckError:  # it ended no loop: the code is not meant for the other answer
            continue
        if _made_again(first, further, site) and _converges(first, further):
            found[site] = end
    return found


def _changed(run: Run) -> Iterator[tuple[Site, End]]:
    """Places with one answer until the last time."""
    for site, answers in run.trace.sites.items():
        if len(answers) > 1 and len(set(answers[:-1])) == 1 and answers[-1] != answers[0]:
            yield site, End(answers[-1], 1)


def _others(run: Run) -> Iterator[tuple[Site, End]]:
    """Places of arrays whose entries agreed for the first time at the end; of several loops; and with one answer."""
    for site, states in run.trace.array_sites.items():
        if states[-1] and states[-1] not in states[:-1]:
            yield site, End(states[-1] > 0, 1)
    for several in (True, False):
        for site, answers in run.trace.sites.items():
            loops = answers.count(answers[-1])
            if (1 < loops < len(answers)) if several else len(answers) == 1:
                yield site, End(answers[-1], 1, loops)


def _made_again(first: Run, longer: Run, site: Site) -> bool:
    """Whether the comparison is made more often in the longer run."""
    return any(
        len(after.get(site, ())) > len(before[site])
        for before, after in (
            (first.trace.sites, longer.trace.sites),
            (first.trace.array_sites, longer.trace.array_sites),
        )
        if site in before
    )


def _converges(first: Run, longer: Run) -> bool:
    """Whether one turn more changes the outputs by little, as it does where a loop approximates something."""
    if len(first.outputs) != len(longer.outputs):
        return False
    for before, after in zip(first.outputs, longer.outputs, strict=True):
        a, b = (run.trace.balls.midpoint(run.trace.values[slot]) for run, slot in ((first, before), (longer, after)))
        if a.shape != b.shape or not np.all(np.abs(a - b) <= CHANGE * np.max(np.abs(a), initial=0.0)):
            return False
    return True
