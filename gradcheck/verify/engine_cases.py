"""The cases that an engine is asked: built-in ones that it can answer, and graphs drawn from its own ops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcheck.errors import InvalidProblem
from gradcheck.judge.entry_points import ENTRIES
from gradcheck.problem import LEAVES, OPS, Case, Training
from gradcheck.run.suite import Addressed, load_suite
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.graph_structure import SENTENCES, structures
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import REDUCTIONS, Wish
from gradcheck.subject.answer import NATIVE
from gradcheck.subject.description import SeenOffer
from gradcheck.verify.form_cases import form_cases
from gradcheck.verify.rule_cases import rules_without_products

RULES = "local_rules"
SUITES = (RULES, "branches", "worked_examples")
ARRAY_SUITES = ("mlps", "neuron_dags")
NETWORK_SUITES = (*ARRAY_SUITES, "training")
DRAWN = 40
"""Number of random graphs drawn from the ops that an engine offers."""
SEED = 20_261
"""Seed of those graphs, so that everybody's engine is asked the same."""
SIZES = (6, 9, 12, 12)
"""Maximum number of nodes of the drawn graphs, in turn."""
FORM_CASES = 6
"""Number of drawn graphs that are also asked in each further form."""


def engine_cases(offer: SeenOffer, count: int = DRAWN) -> list[Addressed]:
    """Cases in the order in which they are asked: single rules first, so that a wrong rule is seen alone."""
    if NATIVE not in offer.entries:
        return list(_networks(offer))
    forms = [Addressed(f"forms::{case.name}", "forms", case) for case in form_cases()]
    suites = [item for suite in SUITES for item in load_suite(suite)]
    if not offer.scalars:
        suites += [item for suite in ARRAY_SUITES for item in load_suite(suite)]
        rules = [item.case for item in suites if item.suite == RULES and isinstance(item.case, Case)]
        unweighted = rules_without_products(offer.ops or OPS, rules)
        forms += [Addressed(f"forms::{case.name}", "forms", case) for case in unweighted]
    return [item for item in (*suites, *forms, *drawn(offer, count)) if _fits(item, offer)]


def _networks(offer: SeenOffer) -> Iterator[Addressed]:
    """The cases of networks for the entry points that are offered, where none takes graphs."""
    for item in (item for suite in NETWORK_SUITES for item in load_suite(suite)):
        if isinstance(item.case, Training):
            entry: str | None = "train"
        else:
            entry = ENTRIES.get(type(item.case.problem)) if isinstance(item.case, Case) else None
        if entry in offer.entries and item.case.expect is None:
            yield item


def drawn(offer: SeenOffer, count: int = DRAWN) -> Iterator[Addressed]:
    """Random graphs of the offered ops, each at a comfortable point."""
    ops = tuple(op for op in OPS if offer.ops is None or op in offer.ops)
    ops = tuple(op for op in ops if not offer.scalars or OPS[op].elementwise)
    arrays = not offer.scalars and any(op in ops for op in REDUCTIONS)
    if not any(OPS[op].elementwise for op in ops):
        return
    pick = picker(SEED)
    for number in range(count):
        scalar = not arrays or number % 2 == 0
        usable = tuple(op for op in ops if not scalar or OPS[op].elementwise)
        wish = Wish(max_nodes=SIZES[number % len(SIZES)], ops=usable, scalar=scalar, integer_points=number % 5 == 4)
        try:
            graph, point = draw(pick, wish)
            traits = [words for name, words in SENTENCES.items() if name in structures(graph)]
            case = Case(f"graph {number:02d}", graph, point, f"{len(graph)} nodes: {', '.join(traits)}", seed=SEED)
        except InvalidProblem:  # ops of which no graph can be made
            return
        yield Addressed(f"drawn::{case.name}", "drawn", case)


def in_form(form: str, cases: Iterable[Addressed]) -> list[Addressed]:
    """A few of the drawn cases, to be asked in another form."""
    drawn_ones = [item for item in cases if item.suite == "drawn"]
    whole = [item for item in drawn_ones if _is_whole(item)]
    chosen = (whole + drawn_ones)[:FORM_CASES]
    return [Addressed(f"{form}::{item.case.name}", form, item.case) for item in chosen]


def _is_whole(item: Addressed) -> bool:
    assert isinstance(item.case, Case), "drawn cases are graphs"
    return all(float(value).is_integer() for array in item.case.point.values() for value in array.ravel())


def _fits(item: Addressed, offer: SeenOffer) -> bool:
    """Whether the case is a graph of the offered ops, and of single numbers where the engine holds no others."""
    if not isinstance(item.case, Case) or item.case.expect is not None:
        return False
    graph = item.case.graph
    if offer.scalars and any(shape for shape in graph.shapes):
        return False
    return offer.ops is None or all(node.op in offer.ops or node.op in LEAVES for node in graph.nodes)
