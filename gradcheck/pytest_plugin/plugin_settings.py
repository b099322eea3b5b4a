"""The settings that pytest's plugin works under: `[tool.gradcheck]`, the environment, pytest's own options and ini."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck.config.effective import Effective, drawn, effective
from gradcheck.config.settings_table import SETTINGS
from gradcheck.config.value_kinds import Move, mover
from gradcheck.errors import UsageError
from gradcheck.pytest_plugin.plugin_options import (
    SEED_OF_SESSION,
    SEED_OPTION,
    SUBJECT_OPTION,
    SUITES_INI,
    named_like_suite,
)


@dataclass(frozen=True)
class PluginSettings:
    """What is in effect in one session of pytest.

    Attributes
    ----------
    values: every setting, paths relative to the working directory.
    seed: of generated cases, and of the checks that go through the fixture; None for their own.
    suites: the listed files, each with the names of the cases that are wanted of it, none for all.
    """

    values: Effective
    seed: int | None
    suites: Mapping[Path, tuple[str, ...]]

    def is_suite(self, path: Path) -> bool:
        """Whether pytest is to collect this file as a suite."""
        if path in self.suites:
            return True
        return named_like_suite(path) and _imports_gradcheck(path)


_KEY = pytest.StashKey[PluginSettings]()


def settings_of(config: pytest.Config) -> PluginSettings:
    """The session's settings, read when first asked for.

    Raises UsageError for those that are wrong, and for a listed suite that is not there.
    """
    if _KEY not in config.stash:
        config.stash[_KEY] = _read(config)
    return config.stash[_KEY]


def _read(config: pytest.Config) -> PluginSettings:
    here, root = config.invocation_params.dir, config.rootpath
    start = here if here.is_relative_to(root) else root
    flags = {"seed": config.getoption(SEED_OPTION), "subject": config.getoption(SUBJECT_OPTION)}
    found = effective(flags, start=start)
    if start != here:  # the project lies elsewhere
        values = {key: _from_here(found, key, mover(start, here)) for key in SETTINGS}
        found = replace(found, values=values)
    suites: dict[Path, tuple[str, ...]] = {}
    for text in found["suites"]:
        file, _, case = text.partition("::")
        path = _suite_file(here / file, file, str(found.origins["suites"]))
        cases = suites.get(path, (case,) if case else ())
        suites[path] = tuple(dict.fromkeys((*cases, case))) if cases and case else ()
    for path in config.getini(SUITES_INI):
        suites[_suite_file(path, str(path), f"{SUITES_INI} of {config.inipath}")] = ()
    return PluginSettings(found, _seed(config, found["seed"]), suites)


def _from_here(found: Effective, key: str, move: Move) -> Any:
    return SETTINGS[key].kind.moved(found[key], move) if found.origins[key].source == "file" else found[key]


def _suite_file(path: Path, name: str, place: str) -> Path:
    """The file of a listed suite: the path, else the built-in suite of that name."""
    if path.is_file():
        return path.resolve()
    from gradcheck.run.suite import builtin_suites, near_names  # it imports NumPy

    builtin = builtin_suites()
    if name in builtin:
        return builtin[name]
    near = near_names(name, builtin)
    hint = f"did you mean {near}?" if near else f"the built-in suites are {', '.join(builtin)}"
    raise UsageError(f"{place}: no suite {name!r:.300}: neither a file nor one of the built-in suites; {hint}")


def _seed(config: pytest.Config, given: int | str | None) -> int | None:
    """The session's seed; that of the controller in a worker of pytest-xdist, so that all draw the same cases."""
    worker = getattr(config, "workerinput", None)
    if worker is not None and SEED_OF_SESSION in worker:
        seed: int | None = worker[SEED_OF_SESSION]
        return seed
    return drawn(given)


def _imports_gradcheck(path: Path) -> bool:
    """Whether a file imports gradcheck; true of one that is no Python, so that its suite is not passed over in silence.

    Other packages may call a file of theirs gradcheck_something.py.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name.partition(".")[0] == "gradcheck" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == "gradcheck":
            return True
    return False
