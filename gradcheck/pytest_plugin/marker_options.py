"""The options of `@pytest.mark.gradcheck`: defaults of the checks that a test makes through the fixture."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import pytest

from gradcheck.checks.known_options import OPTIONS
from gradcheck.errors import UsageError

MARKER = "gradcheck"


def marker_options(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """The options of the node's markers; where two give the same one, that of the nearer one.

    Raises UsageError for an option that no check has, and for a value without a name.
    """
    found: dict[str, Any] = {}
    for mark in node.iter_markers(MARKER):
        if mark.args:
            raise UsageError(
                f"@pytest.mark.{MARKER} takes options by name, such as interest=1e-3, got {mark.args[0]!r:.100}"
            )
        for name in mark.kwargs:
            _known(name)
        found = {**mark.kwargs, **found}
    return found


def of_check(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that the check takes."""
    return {name: value for name, value in options.items() if name in OPTIONS[kind]}


def _known(name: str) -> None:
    known = sorted(frozenset().union(*OPTIONS.values()))
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"its options are those of the checks: {', '.join(known)}"
        raise UsageError(f"@pytest.mark.{MARKER} has no option {name!r:.100}; {hint}")
