"""The hundred graphs of the built-in suite: the same for a seed, small enough for every oracle, full of structure."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter

import pytest

from gradcheck.problem import Case
from gradcheck.problem.serialise import case_to_dict
from gradcheck.problem.walks import path_count
from gradcheck.strategies.graph_structure import structures
from gradcheck.suites.random_dags import ARRAY_OPS, random_dags

SEEDS = (0, 17, 2**32 - 1)


@pytest.fixture(scope="module", params=SEEDS)
def cases(request: pytest.FixtureRequest) -> list[Case]:
    return list(random_dags(request.param))


def text(cases: list[Case]) -> str:
    return json.dumps([case_to_dict(case) for case in cases])


def test_the_same_seed_gives_the_same_hundred() -> None:
    assert text(list(random_dags(5))) == text(list(random_dags(5)))
    assert text(list(random_dags(5))) != text(list(random_dags(6)))


def test_a_seed_means_the_same_on_every_machine() -> None:
    """If this changes, replay lines printed by earlier versions no longer work: say so in the change log."""
    names = " ".join(case.name for case in random_dags(17))
    assert hashlib.sha256(names.encode()).hexdigest()[:12] == "8c0558270f79"


def test_a_hundred_distinct_cases(cases: list[Case]) -> None:
    assert len(cases) == 100
    assert len({case.name for case in cases}) == 100
    assert len({json.dumps([case_to_dict(c)["graph"], case_to_dict(c)["point"]]) for c in cases}) == 100


def test_every_case_says_what_it_is(cases: list[Case]) -> None:
    for number, case in enumerate(cases):
        assert case.name.endswith(f"-{number:02d}")
        assert case.sentence.endswith(".")
        assert case.seed is not None


def test_small_enough_for_every_oracle(cases: list[Case]) -> None:
    for case in cases:
        assert len(case.graph) <= 12
        assert sum(math.prod(case.graph.shapes[i]) for i in case.graph.parameters) <= 30
        assert path_count(case.graph) < 200_000


def test_structure_is_there_on_purpose(cases: list[Case]) -> None:
    count = Counter(name for case in cases for name in structures(case.graph))
    assert sum(bool(structures(c.graph) & {"diamond", "shared", "fan", "repeated"}) for c in cases) >= 30
    for name, least in {"diamond": 15, "repeated": 10, "left": 10, "dead": 10, "idle": 10, "shuffled": 20}.items():
        assert count[name] >= least, name
    for name in ("deep", "twins", "fan", "broadcast", "arrays", "kinked", "chain"):
        assert count[name] >= 3, name


def test_every_op_any_engine_should_have_is_there(cases: list[Case]) -> None:
    count = Counter(node.op for case in cases for node in case.graph.nodes if node.inputs)
    assert set(count) == set(ARRAY_OPS)
    assert min(count.values()) >= 3
