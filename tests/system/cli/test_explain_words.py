"""`explain` with codes, faults, bare names and `--list`; and what stands on a screen of 80 columns."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from gradcheck.explain.tables import shown
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.run.suite import builtin_suites
from gradcheck.verdict.finding_kinds import KINDS


@pytest.fixture
def narrow(shell: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")
    return shell


def test_a_code_is_explained_by_an_example(narrow: Any) -> None:
    ran = narrow("explain", "GC012")
    assert "For example: the gradient of f with respect to b is 7, but the truth is 9 (distance 2," in ran.flat
    assert "{" not in ran.out


FAULTS = {
    "F01": (
        "A node that is used twice gets the gradient of one use only",
        "The thought behind it: `=` for `+=`",
        "For example, on worked_examples::",
        "gradcheck explain worked_examples::",
    ),
    "f21": ("F21", "For example, on"),
    "F130": ("neuron_dags::S2.c", "the gradient of mean with respect to w(x->v) is", "but the truth is"),
    "F144": ("training::", "no partition"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault(narrow: Any, code: str) -> None:
    ran = narrow("explain", code)
    assert ran.code == 0
    for words in FAULTS[code]:
        assert words in ran.flat


def test_a_built_in_case_by_its_name_alone(narrow: Any) -> None:
    assert narrow("explain", "S4.b").out == narrow("explain", "worked_examples::S4.b").out


def test_a_label_of_several_cases_says_of_which(narrow: Any) -> None:
    ran = narrow("explain", "add")
    assert ran.code == 2
    assert re.search(r"'add' is the name or a label of \d+ cases; choose one: \w+::", ran.err)


def test_nothing_to_explain(narrow: Any) -> None:
    ran = narrow("explain")
    assert ran.code == 2
    assert "--list shows" in ran.err


def test_the_list_of_everything(narrow: Any) -> None:
    ran = narrow("explain", "--list")
    assert ran.code == 0
    firsts = {line.split()[0] for line in ran.out.splitlines() if line.startswith("  ") and line.split()}
    assert {*KINDS, *(fault.code for fault in CATALOGUE), *builtin_suites()} <= firsts
    assert all(kind.title in ran.flat for kind in KINDS.values())


SCREENS = (
    *(("explain", what) for what in ("GC012", "GC031", "GC060", "F01", "F130", "--list")),
    *(("explain", f"worked_examples::{name}") for name in ("S4.b", "S1.f", "S0.a")),
    ("explain", "mlps::S1.e"),
    ("explain", "neuron_dags::S2.c"),
    ("run", "worked_examples", "--list"),
    ("--help",),
    ("run", "--help"),
    ("explain", "--help"),
    ("faults", "--help"),
)


@pytest.mark.parametrize("arguments", SCREENS, ids=" ".join)
def test_a_screen_of_80_columns(narrow: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    ran = narrow(*arguments)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    if "run" not in arguments:  # what lists cases to other programs has a line for each
        assert max(map(len, lines)) <= 80
    monkeypatch.setenv("COLUMNS", "1000")
    whole = set(narrow(*arguments).out.split())
    assert [word for word in ran.out.split() if word not in whole and not cut(word, whole)] == []


def cut(word: str, whole: set[str]) -> bool:
    """Whether a word stands for a longer one that does not fit, with the sign of it."""
    return word.endswith("…") and any(other.startswith(word[:-1]) for other in whole)


def test_arrays_of_many_axes_are_not_written_out() -> None:
    assert shown(np.zeros((2,) * 20)) == "1048576 numbers"
    assert shown(np.array([[[[[1.5, 2.0]]]]])) == "1.5, 2"


def test_a_broken_word_would_be_seen(narrow: Any) -> None:
    whole = {"the", "gradient", "of", "f"}
    assert [word for word in ("the", "gradi", "ent", "of") if word not in whole] == ["gradi", "ent"]
    assert cut("gradi…", whole)
    assert not cut("gradi", whole)
