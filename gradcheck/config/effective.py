"""The settings in effect: flags come before the environment, which comes before the file and the defaults."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gradcheck.config.pyproject import Table, nearest
from gradcheck.config.settings_table import SETTINGS, Setting
from gradcheck.config.value_kinds import Entry, Text, mover
from gradcheck.errors import UsageError, shortened

Source = Literal["flag", "environment", "file", "default"]


@dataclass(frozen=True)
class Origin:
    """Where a value comes from; as a text, what a message calls it: "--seed", "GRADCHECK_SEED"."""

    source: Source
    place: str = ""

    def __str__(self) -> str:
        return self.place or self.source


@dataclass(frozen=True)
class Effective:
    """Every setting; `effective[key]` is its value. Paths are relative to the folder that was asked about.

    Attributes
    ----------
    values: the value of each setting, by its key.
    origins: where each comes from.
    file: the pyproject.toml that has a `[tool.gradcheck]`; None without one.
    of_file: the values of the file, those too that a flag or the environment replaces.
    remarks: sentences about environment variables that look like misspelt ones.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, Origin]
    file: Path | None = None
    of_file: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def given(self, key: str) -> bool:
        """Whether anything other than the default sets it."""
        return self.origins[key].source != "default"


def drawn(seed: int | str | None) -> int | None:
    """The seed that a value of the setting `seed` means: a fresh one for "random", else the value."""
    if not isinstance(seed, str):
        return seed
    import random  # rarely needed

    return random.SystemRandom().getrandbits(32)


def effective(
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    start: Path | None = None,
) -> Effective:
    """The settings in effect in the folder `start`, the working directory by default.

    `flags` are what the command line gives, by key ("max-ulps" or "max_ulps"); None, an empty list and keys that are no
    settings count as not given. `environment` is `os.environ` by default; an empty variable counts as not set.

    Raises
    ------
    UsageError: an unknown key in the file, a value of a wrong type or beyond its range; a file that is no TOML.
    """
    environment = os.environ if environment is None else environment
    start = Path.cwd() if start is None else start.absolute()
    table = nearest(start)
    given = {key.replace("_", "-"): value for key, value in (flags or {}).items()}
    of_file = {} if table is None else _of_file(table, start)
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for key, row in SETTINGS.items():
        flag = given.get(key)
        if flag is not None and flag != [] and flag != ():
            origins[key] = Origin("flag", row.flag)
            values[key] = _read(row, Text(flag) if isinstance(flag, str) else flag, row.flag)
        elif row.variable and (text := environment.get(row.variable)):
            origins[key] = Origin("environment", row.variable)
            values[key] = _read(row, Text(text), row.variable)
        elif table is not None and key in of_file:
            origins[key] = Origin("file", _place(table.path, key))
            values[key] = of_file[key]
        else:
            origins[key], values[key] = Origin("default"), row.default
    return Effective(values, origins, None if table is None else table.path, of_file, _remarks(environment))


def _of_file(table: Table, start: Path) -> dict[str, Any]:
    move = mover(table.path.parent, start)
    found = {}
    for key, value in table.rows.items():
        if key not in SETTINGS:
            near = difflib.get_close_matches(key.replace("_", "-"), SETTINGS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(SETTINGS)}"
            raise UsageError(f"{table.path}, [tool.gradcheck]: unknown key {key!r:.100}; {hint}")
        row = SETTINGS[key]
        found[key] = row.kind.moved(_read(row, value, _place(table.path, key)), move)
    return found


def _place(path: Path, key: str) -> str:
    return f"{path}, [tool.gradcheck] {key}"


def _read(row: Setting, given: object, place: str) -> Any:
    try:
        value = row.kind.read(given)
        if not row.fits(value):
            raise ValueError
    except Entry as wrong:
        raise UsageError(f"{place}, {wrong}") from None
    except ValueError as wrong:
        came = given.text if isinstance(given, Text) else given
        why = f" ({wrong})" if isinstance(given, Text) and row.kind.name.startswith("list") and str(wrong) else ""
        shown = f"{came:g}" if isinstance(came, float) else shortened(repr(came), 100)
        raise UsageError(f"{place} {row.takes}, got {shown}{why}") from None
    return value


def _remarks(environment: Mapping[str, str]) -> tuple[str, ...]:
    known = [row.variable for row in SETTINGS.values() if row.variable]
    strange = sorted(name for name in environment if name.startswith("GRADCHECK_") and name not in known)
    near = {name: difflib.get_close_matches(name, known, n=1, cutoff=0.85) for name in strange}
    return tuple(f"{name} sets nothing; did you mean {most[0]}?" for name, most in near.items() if most)
