"""An entry of `expect`: a case that is known not to pass, and why."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

VERDICTS = ("FAIL", "UNDECIDED", "ERROR")
"""The verdicts that an entry may state; PASS needs no entry."""
KEYS = ("case", "verdict", "reason")


@dataclass(frozen=True)
class Expectation:
    """A known shortcoming of the subject. It is strict: the run fails where the case has another verdict.

    Attributes
    ----------
    case: the address of the case, `SUITE::CASE`.
    verdict: one of VERDICTS.
    reason: why; one sentence that reports show.
    """

    case: str
    verdict: str
    reason: str


def expectation(row: object) -> Expectation:
    """The entry that a table of TOML means; ValueError says what was expected and what came."""
    if not isinstance(row, dict):
        raise ValueError(f"expected a table with {', '.join(KEYS)}, got {row!r:.100}")
    if unknown := [key for key in row if key not in KEYS]:
        near = difflib.get_close_matches(unknown[0], KEYS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"an entry has {', '.join(KEYS)}"
        raise ValueError(f"unknown key {unknown[0]!r:.100}; {hint}")
    for key in KEYS:
        value = row.get(key)
        if not isinstance(value, str) or not value.strip():
            came = "nothing" if key not in row else f"{value!r:.100}"
            raise ValueError(f"{key} must be a text that is not empty, got {came}")
    suite, _, name = row["case"].partition("::")
    if not suite or not name:
        raise ValueError(f"case must be an address SUITE::CASE, got {row['case']!r:.100}")
    if row["verdict"] not in VERDICTS:
        raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, got {row['verdict']!r:.100}")
    return Expectation(row["case"], row["verdict"], row["reason"])
