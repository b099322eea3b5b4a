"""A hundred random graphs, the same for the same seed, on every machine and with every version of every library.

They are drawn as `gradcheck.strategies` draws them, from choices made by a seed. Structure is there on purpose:
diamonds and deep diamonds, one node as both operands, shared parameters, constants on the left, dead branches, nodes
in shuffled order, broadcasting. Values are short decimals, away from kinks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from gradcheck.problem import Case, Graph
from gradcheck.problem.serialise import graph_to_dict
from gradcheck.problem.walks import path_count
from gradcheck.run.suite import case
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.graph_structure import SENTENCES, structures
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish

COUNT = 100

SCALAR_OPS = (
    *("add", "sub", "mul", "div", "neg", "square", "pow"),
    *("exp", "log", "sin", "cos", "tanh", "sigmoid", "relu"),
)
ARRAY_OPS = (*SCALAR_OPS, "sum", "matmul")
"""The ops that any engine should have."""

PRODUCT_OPS = ("add", "mul", "tanh", "sum", *("matmul",) * 12)
"""The same op several times comes up more often."""

WISHES = (
    Wish(max_nodes=12, ops=SCALAR_OPS),
    Wish(max_nodes=6, ops=SCALAR_OPS),
    Wish(max_nodes=12, ops=SCALAR_OPS),
    Wish(max_nodes=8, ops=ARRAY_OPS, scalar=False),
    Wish(max_nodes=12, ops=SCALAR_OPS, integer_points=True),
    Wish(max_nodes=12, ops=SCALAR_OPS),
    Wish(min_nodes=10, max_nodes=12, ops=SCALAR_OPS),
    Wish(max_nodes=9, ops=PRODUCT_OPS, scalar=False),
    Wish(max_nodes=12, ops=SCALAR_OPS),
    Wish(min_nodes=8, max_nodes=12, ops=SCALAR_OPS),
)
"""What is drawn, in turn."""

MOST_PATHS, MOST_ENTRIES = 200_000, 30
"""Limits under which every oracle answers."""

NOTABLE = ("deep", "diamond", "twins", "repeated", "left", "broadcast", "arrays", "chain")
"""Of the structures present, the first of these gives a case its name ..."""

QUALITIES = ("shared", "dead", "idle", "shuffled")
"""... and the first of these is added to it."""


@case
def random_dags(seed: int) -> Iterator[Case]:
    """COUNT distinct graphs, each at a valid point; names and graphs depend on the seed alone."""
    pick = picker(seed)
    seen: set[str] = set()
    while len(seen) < COUNT:
        number = len(seen)
        graph, point = draw(pick, WISHES[number % len(WISHES)])
        text = json.dumps([graph_to_dict(graph), {name: value.tolist() for name, value in point.items()}])
        if text in seen or not _moderate(graph):
            continue
        seen.add(text)
        present = structures(graph)
        yield Case(
            name=f"{_kind(present)}-{number:02d}",
            problem=graph,
            point=point,
            sentence=_sentence(graph, present),
            seed=seed,
        )


def _moderate(graph: Graph) -> bool:
    """Worth asking (something is computed from a parameter) and small enough for every oracle."""
    entries = sum(math.prod(graph.shapes[i]) for i in graph.parameters)
    computed = bool(graph.arguments(graph.loss))
    return computed and entries <= MOST_ENTRIES and path_count(graph) < MOST_PATHS


def _kind(present: frozenset[str]) -> str:
    named = [next((name for name in names if name in present), None) for names in (NOTABLE, QUALITIES)]
    return "-".join(name for name in named if name) or "plain"


def _sentence(graph: Graph, present: frozenset[str]) -> str:
    traits = [words for name, words in SENTENCES.items() if name in present]
    what = f"{len(graph)} nodes"
    return f"{what}: {', '.join(traits)}." if traits else f"{what}, nothing special."
