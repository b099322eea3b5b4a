"""The plugin's names for what can be set, and whether anything is: in most projects nothing is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SEED_OPTION, SUBJECT_OPTION, SUITES_INI = "--gradcheck-seed", "--gradcheck-subject", "gradcheck_suites"
BASELINE_OPTION = "--gradcheck-baseline"
SEED_OF_SESSION = "gradcheck_seed"
"""Where a controller of pytest-xdist hands its seed to the workers."""


def add_options(parser: pytest.Parser) -> None:
    """The plugin's options."""
    group = parser.getgroup("gradcheck", "gradcheck: gradients")
    group.addoption(SEED_OPTION, metavar="N", help="seed of generated cases, and of checks through the fixture")
    group.addoption(SUBJECT_OPTION, metavar="FILE[:NAME]", help="the engine that suites are judged against")
    group.addoption(
        BASELINE_OPTION,
        choices=("record", "compare", "update"),
        help="keep the exact gradients of the checks that tests make and of suites' cases, or say what changed about "
        "them and fail if it did; update says it, then writes it",
    )
    parser.addini(SUITES_INI, "files of cases that are collected as tests", type="paths", default=[])


def named_like_suite(path: Path) -> bool:
    """Whether a file has a name by which suites are found without being listed."""
    return path.suffix == ".py" and path.name.startswith("gradcheck_")


def something_is_set(config: pytest.Config) -> bool:
    """Whether any setting may differ from its default; a pyproject.toml is only searched for the name."""
    return (
        config.getoption(SEED_OPTION) is not None
        or config.getoption(SUBJECT_OPTION) is not None
        or config.getoption(BASELINE_OPTION) is not None
        or bool(config.getini(SUITES_INI))
        or any(name.startswith("GRADCHECK_") for name in os.environ)
        or any(_names_gradcheck(folder / "pyproject.toml") for folder in _folders(config))
    )


def _folders(config: pytest.Config) -> set[Path]:
    here, root = config.invocation_params.dir, config.rootpath
    return {here, root, *here.parents, *root.parents}


def _names_gradcheck(file: Path) -> bool:
    try:
        return b"gradcheck" in file.read_bytes()
    except OSError:
        return False
