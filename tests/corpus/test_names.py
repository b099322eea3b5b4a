"""What counts as named rightly, wrongly, and not: each rule with what it must refuse."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from by_path import load

HERE = Path(__file__)
names, causes = (load(HERE.with_name(f"{name}.py")) for name in ("names", "causes"))


def forward(x):
    y = x - x.mean()
    return (y * y).sum()


FIRST = forward.__code__.co_firstlineno
MEAN = causes.Cause(("variance-mean", "dropped"), ("y = x - x.mean()",), ())
STATE = causes.Cause(("contract", "stale"), (), ("GC021", "GC023"))
NAN = causes.Cause(("contract",), (), ("GC012", "GC013"))
NOWHERE = causes.Cause(("sign",), (), ())
AT_MEAN = {"line": FIRST + 1, "source": "y = x - x.mean()"}
CASES = {
    "nothing said": ([], MEAN, "not named"),
    "one of the kinds, without a line": ([("GC051", {"kind": "dropped"})], MEAN, "rightly"),
    "the kind and the line": ([("GC051", {"kind": "variance-mean", **AT_MEAN})], MEAN, "rightly"),
    "the line by its number alone": ([("GC051", {"kind": "dropped", "line": FIRST + 1})], MEAN, "rightly"),
    "the line by its text alone": ([("GC051", {"kind": "dropped", "source": "y = x - x.mean()"})], MEAN, "rightly"),
    "another line": ([("GC051", {"kind": "dropped", "line": FIRST + 2, "source": "return"})], MEAN, "wrongly"),
    "another kind": ([("GC051", {"kind": "sign"})], MEAN, "wrongly"),
    "a right and a wrong kind": ([("GC051", {"kind": k}) for k in ("dropped", "sign")], MEAN, "wrongly"),
    "places are not accepted by themselves": ([("GC051", {"kind": "places"})], MEAN, "wrongly"),
    "a line where the label has none": ([("GC051", {"kind": "sign", "line": 3})], NOWHERE, "rightly"),
    "a cause without a kind": ([("GC051", {"cause": "is odd"})], MEAN, "not named"),
    "a kind at a finding that is no cause": ([("GC012", {"kind": "dropped"})], MEAN, "not named"),
    "the contract's code": ([("GC023", {})], STATE, "rightly"),
    "the contract's code and what follows from it": ([("GC021", {}), ("GC025", {})], STATE, "rightly"),
    "the code of another contract": ([("GC020", {})], STATE, "wrongly"),
    "the number that is wrong names no contract": ([("GC012", {})], STATE, "not named"),
    "a number that the label holds for the contract's own": ([("GC012", {})], NAN, "rightly"),
    "wrong at another point, and no word of the contract": ([("GC028", {})], STATE, "not named"),
    "a kind beside the contract": ([("GC023", {}), ("GC051", {"kind": "stale"})], STATE, "rightly"),
    "a wrong kind beside the contract": ([("GC023", {}), ("GC051", {"kind": "zero"})], STATE, "wrongly"),
    "a contract where none is expected": ([("GC025", {})], MEAN, "not named"),
}


@pytest.mark.parametrize(("said", "expected", "wanted"), CASES.values(), ids=CASES)
def test_outcome(said, expected, wanted):
    findings = [SimpleNamespace(code=code, facts=facts) for code, facts in said]
    assert names.outcome(names.names(findings), expected, forward) == wanted


def test_every_item_belongs_to_a_part():
    parts = names.parts()
    assert set(parts) == {item.name for item in names.load_items()}
    assert set(parts.values()) <= set(names.PARTS)
    assert {"in sample", "held out"} <= set(parts.values())


def test_the_report_counts_and_lists(capsys):
    wrong = names.Name("sign", 4, "y = 2 * x")
    names.report(
        [
            names.Score("a", "in sample", MEAN, "rightly", (names.Name("dropped"),)),
            names.Score("b", "in sample", MEAN, "wrongly", (wrong,)),
            names.Score("c", "held out", NOWHERE, "not named", ()),
        ]
    )
    printed = capsys.readouterr().out
    rows = [line.split()[2:] for line in printed.splitlines() if line.startswith("all kinds")]
    assert rows == [["1", "1", "0", "2"], ["0", "0", "1", "1"], ["1", "1", "1", "3"]]
    assert (
        "named wrongly: b: expected variance-mean or dropped at y = x - x.mean(); named sign (line 4: y = 2 *"
        in printed
    )
    assert "no finding carries a kind" not in printed


def test_the_report_says_when_nothing_carries_a_kind(capsys):
    names.report([names.Score("a", "held out", STATE, "rightly", (names.Name("GC023"),))])
    assert "no finding carries a kind" in capsys.readouterr().out
