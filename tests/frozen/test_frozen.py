"""What is frozen is what gradcheck says; the quick parts of it (`freeze.py` compares all)."""

from __future__ import annotations

from pathlib import Path

import pytest

from by_path import load

freeze = load(Path(__file__).with_name("freeze.py"))


def without_digests(rows: dict[str, str]) -> dict[str, str]:
    """Digests hold the last digits of floats, which differ between machines."""
    return {address: row.rpartition(" ")[0] for address, row in rows.items()}


@pytest.mark.parametrize(
    ("subject", "suites"),
    [
        ("reference", ("worked_examples", "branches")),
        ("overwrite", ("worked_examples", "branches")),
        ("wrong_forward", ("worked_examples",)),  # an edit
        ("mlp_slope_at_a", ("mlps",)),
    ],
)
def test_runs(subject: str, suites: tuple[str, ...], tmp_path: Path) -> None:
    path = None if subject == "reference" else freeze.subjects(tmp_path)[subject]
    now = without_digests(freeze.run_of(path, *suites))
    before = without_digests(freeze.frozen("runs")[subject])
    assert now
    assert now == {address: before[address] for address in now}


def test_calls() -> None:
    assert freeze.differences(freeze.frozen("calls"), freeze.calls()) == []


def test_every_subject_and_item_is_frozen(tmp_path: Path) -> None:
    assert set(freeze.frozen("runs")) == {"reference", *freeze.subjects(tmp_path)}
    assert len(freeze.frozen("corpus")) > 500


def test_a_difference_is_seen() -> None:
    old = {"a": {"x": "PASS [] 1", "y": "FAIL [GC012] 2"}}
    assert freeze.differences(old, old) == []
    assert freeze.differences(old, {"a": {"x": "PASS [] 1", "y": "FAIL [] 2"}}) == [
        "/a/y: was FAIL [GC012] 2, is FAIL [] 2"
    ]
    assert freeze.differences(old, {"a": {"x": "PASS [] 1"}}) == ["/a/y: was FAIL [GC012] 2, is None"]
    assert freeze.row({"verdict": "PASS", "findings": [], "seconds": 1.0}) == freeze.row(
        {"verdict": "PASS", "findings": [], "seconds": 2.0}
    )
