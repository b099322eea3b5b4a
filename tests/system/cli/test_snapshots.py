"""No snapshot outlives its test, and a mask hides no more than it should."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def unused(snapshots: Iterable[str], tests: Iterable[str]) -> set[str]:
    """The snapshots that no test's text names, in full or (for parametrised tests) as `prefix-{name}`."""
    named = {name for text in tests for name in re.findall(r'"([a-z0-9-]+)"', text)}
    prefixes = {prefix for text in tests for prefix in re.findall(r'"([a-z0-9-]+-)\{name\}"', text)}
    return set(snapshots) - named - {f"{prefix}{name}" for prefix in prefixes for name in named}


def test_every_snapshot_is_used() -> None:
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("test_*.py")]
    assert unused((path.stem for path in (FOLDER / "snapshots").iterdir()), texts) == set()


def test_a_snapshot_without_test_is_found() -> None:
    texts = ['snapshot("kept", ran.out)', 'snapshot(f"subject-{name}", ran.out) # "hangs"']
    assert unused(["kept", "subject-hangs", "old", "subject-old"], texts) == {"old", "subject-old"}


def test_a_difference_is_seen(snapshot: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADCHECK_UPDATE_SNAPSHOTS", raising=False)
    text = (FOLDER / "snapshots" / "run-failing-v.txt").read_text(encoding="utf-8")
    snapshot("run-failing-v", text)
    for before, after in (("b is 7", "b is 8"), ("FAIL", "PASS"), ("node 'b'", "node 'c'")):
        assert before in text
        with pytest.raises(AssertionError):
            snapshot("run-failing-v", text.replace(before, after))
    with pytest.raises(AssertionError, match="no snapshot"):
        snapshot("of nothing", text)
