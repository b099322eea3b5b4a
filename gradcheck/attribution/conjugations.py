"""Complex products differentiated without a conjugation: the slope is the other factor where its conjugate is due.

A record holds real numbers: (a + i b) z is a Re z - b Im z and a Im z + b Re z. The factor taken without its conjugate
is b with the wrong sign in both slopes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.record_forms import plain
from gradcheck.attribution.view import View

PRODUCTS = ("mul", "matmul")
"""Primitives of two factors, each of which is the other's slope."""
OF_MODULUS = "having the number itself where its conjugate is due, or the reverse"
MOST_GROUPS = 40
"""Maximum number of factors that are tried."""
WORDS = "lacking a conjugation of its other factor, or having one too many"


def missing_conjugations(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """A half of a complex factor with the wrong sign in the slopes of every product that it is in."""
    for words, found in ((WORDS, _halves(view)), (OF_MODULUS, _moduli(view))):
        for edges in list(found)[:MOST_GROUPS]:
            yield Hypothesis(Mistake.CONJUGATE, 1, edges, words, Change(factors=dict.fromkeys(edges, -1.0)))


def _moduli(view: View) -> Iterator[tuple[Edge, ...]]:
    """The edges from a modulus to one half of its number, both of which one instruction made."""
    nodes, stacks = view.record.nodes, view.located.stacks
    for slot, node in enumerate(nodes):
        if node.primitive == "hypot" and stacks[node.args[0]] and stacks[node.args[0]] == stacks[node.args[1]]:
            yield from (((slot, position),) for position in (1, 0) if (slot, position) in view.contributions)


def _halves(view: View) -> Iterator[tuple[Edge, ...]]:
    """Per factor that another one of its shape goes with, the edges to what they both multiply."""
    uses: dict[int, dict[int, list[Edge]]] = defaultdict(lambda: defaultdict(list))
    same = _first_alike(view)
    for slot, position in view.contributions:
        node = view.record.nodes[slot]
        if node.primitive in PRODUCTS and len(node.args) == 2 and same[node.args[0]] != same[node.args[1]]:
            uses[same[node.args[1 - position]]][same[node.args[position]]].append((slot, position))
    together: dict[tuple[object, frozenset[int]], list[int]] = defaultdict(list)
    for factor, targets in uses.items():
        if len(targets) > 1:
            together[view.record.nodes[factor].shape, frozenset(targets)].append(factor)
    for factors in together.values():
        if len(factors) == 2:
            for factor in factors:
                edges = tuple(sorted(edge for edges in uses[factor].values() for edge in edges))
                sites = Counter(view.located.site(slot) for slot, _ in edges)
                if min(sites.values()) > 1:  # a product of complex numbers is one instruction of the user's code
                    yield edges


def _first_alike(view: View) -> list[int]:
    """For every node the first one that is the same operation on the same arguments: this record repeats them."""
    known: dict[object, int] = {}
    first: list[int] = []
    for slot, node in enumerate(view.record.nodes):
        facts = tuple((name, np.shape(value), np.asarray(value).tobytes()) for name, value in node.attributes.items())
        key = (node.primitive, tuple(first[a] for a in node.args), node.shape, facts)
        first.append(slot if node.primitive == "input" else known.setdefault(key, slot))
    return first


def half_of_a_transform(view: View, edge: Edge) -> bool:
    """Whether an edge leads to a real array from the real or the imaginary part of its Fourier transform."""
    slot, position = edge
    nodes, stacks = view.record.nodes, view.located.stacks
    if nodes[slot].primitive != "matmul" or not stacks[slot]:
        return False
    given, waves = nodes[slot].args[position], nodes[slot].args[1 - position]
    for other, node in enumerate(nodes):
        if node.primitive != "matmul" or other == slot or stacks[other] != stacks[slot]:
            continue
        theirs, others = node.args[position], node.args[1 - position]
        same = plain(view, theirs) == plain(view, given) and nodes[waves].shape == nodes[others].shape
        if same and not (nodes[waves].varies or nodes[others].varies):
            squares = np.asarray(view.values[waves] ** 2 + view.values[others] ** 2, dtype=float)
            if np.allclose(squares, squares.ravel()[0], rtol=1e-9, atol=0):
                return True
    return False
