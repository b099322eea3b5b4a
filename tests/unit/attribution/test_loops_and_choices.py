"""Mistakes with loops, choices and broadcasts: named with f's line, and their near misses not."""

from pathlib import Path
from typing import Any

import pytest

import gradcheck
from by_path import load

rows = load(Path(__file__).with_name("loops_and_choices.py"))


def causes_of(check: str, f: Any, derivative: Any, inputs: Any) -> list[Any]:
    result = getattr(gradcheck, f"check_{check}")(f, derivative, *inputs, elsewhere=False)
    assert str(result.verdict) == "FAIL"
    return [found for found in result.findings if found.code == "GC051"]


@pytest.mark.parametrize("what", rows.NAMED)
def test_named(what):
    check, f, derivative, inputs, kind, line = rows.NAMED[what]
    (cause,) = causes_of(check, f, derivative, inputs)
    assert cause.facts["kind"] == kind
    if line:
        assert line in cause.facts["source"]
        assert cause.facts["file"] == rows.__file__


@pytest.mark.parametrize("what", rows.NEAR)
def test_a_near_miss_is_not_named_so(what):
    check, f, derivative, inputs, kind = rows.NEAR[what]
    assert kind not in [cause.facts.get("kind") for cause in causes_of(check, f, derivative, inputs)]
