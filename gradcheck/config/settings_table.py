"""The table of settings: what `[tool.gradcheck]`, the environment and the flags may set. One row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradcheck.config import value_kinds as kinds
from gradcheck.config.value_kinds import MOST_DIGITS, Kind

MOST_SECONDS = 1_000_000
"""Maximum of `timeout`: eleven days; clocks refuse far longer times."""
JUDGING = ("run", "baseline", "pytest")
"""What judges the cases of suites: commands, and the plugin."""


@dataclass(frozen=True)
class Setting:
    """A row of the table.

    Attributes
    ----------
    key: its name in the file; the flag is `--KEY` (`suites` are the command's arguments).
    kind: what it holds.
    default: its value where nothing sets it.
    takes: the end of the sentence that refuses a value: "must be ...".
    sentence: what it does.
    read_by: the commands that heed it, "pytest" for the plugin.
    fits: whether a value of its kind is within its range.
    """

    key: str
    kind: Kind
    default: Any
    takes: str
    sentence: str
    read_by: tuple[str, ...]
    fits: Callable[[Any], bool] = lambda value: True

    @property
    def variable(self) -> str:
        """The environment variable that sets it; "" where no text can hold it."""
        return f"GRADCHECK_{self.key.upper().replace('-', '_')}" if self.kind.of_text else ""

    @property
    def flag(self) -> str:
        """What a message calls it where the command line gave it."""
        return "SUITE[::CASE]" if self.key == "suites" else f"--{self.key}"


_ROWS = (
    Setting(
        "suites",
        kinds.SUITES,
        (),
        "must be a list of texts, each a suite's path or name, or SUITE::CASE",
        "suites that are run where the command names none; all built-in ones where this is empty",
        JUDGING,
    ),
    Setting(
        "subject",
        kinds.SUBJECT,
        None,
        "must be a text, FILE, FILE:NAME or cmd:PROGRAM ARGUMENTS",
        "the engine under test",
        JUDGING,
    ),
    Setting(
        "seed",
        kinds.SEED,
        None,
        f"takes a whole number >= 0 of at most {MOST_DIGITS} digits or 'random'",
        "seed of generated cases",
        (*JUDGING, "explain", "faults"),
    ),
    Setting(
        "timeout",
        kinds.NUMBER,
        10.0,
        f"must be a positive number of seconds, at most {MOST_SECONDS:,}",
        "seconds per question to the subject",
        (*JUDGING, "verify"),
        lambda value: 0 < value <= MOST_SECONDS,
    ),
    Setting(
        "interest",
        kinds.NUMBER,
        None,
        "must be a positive number",
        "relative error that matters (1e-6, or 1e-4 in float32, unless set)",
        JUDGING,
        kinds.positive,
    ),
    Setting(
        "max-ulps",
        kinds.NUMBER,
        None,
        "must be a positive number",
        "gradients that are off by more ulps than this fail",
        JUDGING,
        kinds.positive,
    ),
    Setting(
        "dtype",
        kinds.CHOICE,
        None,
        "must be 'float32' or 'float64'",
        "the dtype that cases are posed in, where they ask for none",
        JUDGING,
        lambda value: value in ("float32", "float64"),
    ),
    Setting(
        "require-ops",
        kinds.NAMES,
        (),
        "must be a list of names of ops",
        "ops that the engine must offer, or 'all'",
        JUDGING,
    ),
    Setting(
        "report",
        kinds.REPORTS,
        (),
        "must be a list of texts, each KIND=PATH",
        "report files that are written as the run goes",
        ("run", "verify"),
    ),
    Setting(
        "save-failures",
        kinds.PATH,
        ".gradcheck/failures",
        "must be a text, the path of a folder",
        "where failing generated graphs are saved",
        ("run",),
    ),
    Setting(
        "diagnosis-budget",
        kinds.NUMBER,
        10.0,
        "must be a number of seconds",
        "seconds for the search for the cause (10; 12 for `gradcheck verify`, unless set); 0 for no search",
        ("run", "pytest", "verify"),
        lambda value: value >= 0,
    ),
    Setting(
        "give-up-after",
        kinds.WHOLE,
        3,
        "must be a number of cases, or 0 for never",
        "time-outs, or cases in a row without an answer, after which no more is asked",
        JUDGING,
        lambda value: value >= 0,
    ),
    Setting(
        "jobs",
        kinds.JOBS,
        "auto",
        "must be a whole number >= 1, or 'auto'",
        "worker processes that judge cases at the same time; 'auto': one per processor, for at least 8 cases each",
        ("run",),
        lambda value: value == "auto" or value >= 1,
    ),
    Setting(
        "maxfail",
        kinds.WHOLE,
        0,
        "must be a number of cases, or 0 for no limit",
        "the run stops after this number of cases that are not as they should be",
        ("run",),
        lambda value: value >= 0,
    ),
    Setting(
        "baseline",
        kinds.PATH,
        None,
        "must be a text, the path of a file",
        "the file of recorded gradients that `gradcheck baseline` writes and compares with",
        ("baseline", "pytest"),
    ),
    Setting(
        "expect",
        kinds.EXPECTATIONS,
        (),
        "must be a list of tables, each with case, verdict and reason",
        "cases that are known not to pass; strict",
        JUDGING,
    ),
)

SETTINGS: dict[str, Setting] = {row.key: row for row in _ROWS}
"""Every setting, by its key, in the order in which they are shown."""
