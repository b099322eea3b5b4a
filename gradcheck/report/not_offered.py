"""One line about the ops and cases that a subject does not offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gradcheck.run.events import Finished, NotOffered

MOST_NAMED = 12
"""Maximum number of ops that the line names, those of most cases first."""


def not_offered_line(rows: Sequence[NotOffered]) -> str:
    """The number of cases not asked, and their ops, grouped by reason; "" for no rows."""
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
    """The line about a subject that offers none of the cases; "" for any other subject."""
    if not event.not_offered or event.results:
        return ""
    return "nothing was compared: the subject offers none of these cases, so that nothing is known of it"
