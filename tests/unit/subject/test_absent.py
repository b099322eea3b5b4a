"""Modules that stand in for packages that are not installed."""

from __future__ import annotations

import importlib
import sys

import pytest

from gradcheck.subject.absent import standing_in


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("past", "past.builtins", "pydot"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)


def test_names_of_python_2_are_those_of_python_3() -> None:
    with standing_in() as finder:
        old = importlib.import_module("past.builtins")
        assert list(old.xrange(3)) == [0, 1, 2]
        assert old.map is map
        with pytest.raises(AttributeError, match=r"nothing stands in for .*frobnicate"):
            _ = old.frobnicate
        assert finder.used == []


def test_what_only_shows_takes_everything_and_is_told() -> None:
    with standing_in() as finder:
        shows = importlib.import_module("pydot")
        assert shows.Dot(1).write_png("x") is not None
        assert finder.used == ["pydot"]
