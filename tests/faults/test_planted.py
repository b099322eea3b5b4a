"""Single lines broken in right engines: caught, and named for what they are. `planted.py` tries all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from by_path import load
from gradcheck.oracle import graph_oracles
from gradcheck.oracle.estimate import Oracle
from gradcheck.run.events import Diagnosed
from gradcheck.run.selftest import Remembering
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict

planted = load(Path(__file__).with_name("planted.py"))

FAST = {
    ("rules.py", "square without 2"): "F31",
    ("recursive", "last use only"): "F0",
    ("tape", "divisor's sign"): "F35",
    ("forward", "units of 2"): "twice the right gradient",
    ("recursive", "unused parameters missing"): "GC008",
}
"""A row of every way of naming, on a few cases, with the name it gets."""


@pytest.fixture(scope="module")
def oracles() -> tuple[Oracle, ...]:
    return tuple(Remembering(oracle) for oracle in graph_oracles())


def test_there_are_many_and_each_edit_fits_in_one_place(tmp_path: Path) -> None:
    assert sum(row.table != "first" for row in planted.PLANTED) >= 80
    for k, row in enumerate(planted.PLANTED):
        folder = tmp_path / str(k)
        folder.mkdir()
        path = planted.plant(row, folder)
        file = path if row.engine in planted.ENGINES else path.parent / row.engine
        compile(file.read_text(encoding="utf-8"), str(file), "exec")
        assert row.faults or row.ops or row.codes or row.says


@pytest.mark.parametrize(("engine", "what"), FAST)
def test_a_planted_mistake_is_caught_and_named(
    engine: str, what: str, oracles: tuple[Oracle, ...], tmp_path: Path
) -> None:
    (row,) = [p for p in planted.PLANTED if (p.engine, p.what) == (engine, what)]
    random = planted.cases(["random_dags"])[:20]
    items = [*planted.cases(["worked_examples"]), *random]
    outcome = planted.grade(row, items, oracles, tmp_path)
    assert outcome.caught
    assert FAST[engine, what] in outcome.named, outcome.said


def test_an_edit_that_fits_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 places"):
        planted.plant(planted.Planted("", "tape", "nothing", "no such line", ""), tmp_path)


# The grader itself: what is no right name must not count as one.


def wrong(code: str, **facts: Any) -> Result:
    return Result("suite::case", Verdict.FAIL, (finding(code, **facts),))


RULE = wrong("GC050", node="'y'", op="tanh", what="passes a wrong gradient to 'x': its rule is wrong, alone on one op")


def test_the_rule_of_another_op_is_no_right_name() -> None:
    row = planted.Planted("", "tape", "", "", "", ops=("tanh",))
    assert planted.naming(row, [RULE], None) == "rule of tanh"
    assert not planted.naming(planted.Planted("", "tape", "", "", "", faults=("F20",), ops=("tanh",)), [RULE], None)
    assert not planted.naming(planted.Planted("", "tape", "", "", "", ops=("sin",)), [RULE], None)


def test_another_fault_is_no_right_name_and_spoils_the_others() -> None:
    from gradcheck.faults.catalogue import fault

    row = planted.Planted("", "tape", "", "", "", faults=("F20", "F100"), ops=("tanh",))
    for codes, right in ((["F20"], True), (["F01"], False), (["F20", "F21"], False), (["F20", "F100"], True)):
        diagnosed = Diagnosed(None, None, tuple(fault(c) for c in codes))
        assert bool(planted.naming(row, [RULE], diagnosed)) is right


def test_words_must_be_those_of_most_findings() -> None:
    row = planted.Planted("", "tape", "", "", "", says="twice")
    twice, half = wrong("GC051", cause="twice the right gradient"), wrong("GC051", cause="half of it")
    assert planted.naming(row, [twice], None) == "twice"
    assert not planted.naming(row, [twice, half], None)
    assert not planted.naming(row, [], None)
