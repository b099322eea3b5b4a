"""All cases then and now: what changed, what vanished, what is new, and the baseline that would hold it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gradcheck.baseline.changes import Change, Limits, What, changes
from gradcheck.baseline.document import Recording
from gradcheck.baseline.recorded import Recorded


@dataclass(frozen=True)
class Current:
    """A case as it is now.

    Attributes
    ----------
    recorded: what a baseline would hold of it.
    right: whether its result is as it should be; a baseline takes no other.
    """

    recorded: Recorded
    right: bool


@dataclass(frozen=True)
class Compared:
    """The outcome.

    Attributes
    ----------
    changes: a line each, by address.
    compared: how many cases are in the baseline and now.
    updated: the baseline with everything taken over that is right now.
    """

    changes: tuple[Change, ...]
    compared: int
    updated: Recording

    @property
    def failed(self) -> bool:
        """Whether some change fails the comparison."""
        return any(change.fails for change in self.changes)


def compare(
    was: Recording,
    now: Mapping[str, Current],
    *,
    vanished: Callable[[str], str],
    limits: Limits,
    seed: int | None = None,
    subject: str = "",
) -> Compared:
    """Compare a part of a baseline with the cases that were tried just now.

    `vanished` says why an address of the baseline that was not tried should have been, or "" if it was not asked for.
    """
    found: list[Change] = []
    updated = dict(was.cases)
    for address in sorted({*was.cases, *now}):
        current, before = now.get(address), was.cases.get(address)
        if current is None:
            if why := vanished(address):
                found.append(Change(What.VANISHED, address, why))
                del updated[address]
            continue
        if before is None:
            text = "" if current.right else f"{current.recorded.verdict}: a baseline takes what is right alone"
            own = [Change(What.NEW, address, text)]
        else:
            own = changes(address, before, current.recorded, limits, right=current.right)
        found += own
        if own and current.right:
            updated[address] = current.recorded
    both = len(was.cases.keys() & now.keys())
    return Compared(tuple(found), both, Recording(updated, seed, subject))
