"""What a subject does not offer, in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gradcheck.run.events import Finished, NotOffered

MOST_NAMED = 12
"""Ops that the line names; those of most cases come first."""


def not_offered_line(rows: Sequence[NotOffered]) -> str:
    """How many cases were not asked, and for which ops; reasons apart, equal ones together; "" for no rows."""
    clauses = []
    for reason in dict.fromkeys(row.reason for row in rows):
        alike = [row for row in rows if row.reason == reason]
        counts = Counter(op for row in alike for op in row.ops)
        ops = sorted(counts, key=lambda op: (-counts[op], op))
        more = f" and {len(ops) - MOST_NAMED} more" if len(ops) > MOST_NAMED else ""
        are = "is" if len(ops) == 1 else "are"
        cases = f"{len(alike)} case{'s' * (len(alike) > 1)}"
        clauses.append(f"{cases} not asked of it: {', '.join(ops[:MOST_NAMED])}{more} {are} not offered ({reason})")
    return "; ".join(clauses)


def nothing_answered_line(event: Finished) -> str:
    """What to say of a subject that offers none of the cases asked of it; "" for any other."""
    if not event.not_offered or event.results:
        return ""
    return "nothing was compared: the subject offers none of these cases, so that nothing is known of it"
