"""What the property tests share: the smallest graph that Hypothesis finds, and plain text for graphs."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, find, settings
from hypothesis.strategies import SearchStrategy

from gradcheck.problem import Graph

Minimal = Callable[[SearchStrategy[Graph], Callable[[Graph], bool]], str]


@pytest.fixture
def minimal() -> Minimal:
    """`minimal(strategy, condition)`: the graph found and shrunk, as "parameter() add(w1,w1)"."""

    def shrunk(strategy: SearchStrategy[Graph], condition: Callable[[Graph], bool]) -> str:
        exactly = settings(max_examples=2000, database=None, suppress_health_check=list(HealthCheck))
        graph = find(strategy, condition, settings=exactly, random=random.Random(0))
        return " ".join(f"{node.op}({','.join(node.inputs)})" for node in graph.nodes)

    return shrunk
