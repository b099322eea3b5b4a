"""Failures in groups of one mistake each: by the op whose rule is wrong, or by the error raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gradcheck.problem import OPS, Case, Graph
from gradcheck.run.suite import Addressed
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.unreduced import BROADCASTING, SHAPES, is_of_another_shape, is_unreduced

USES = "uses of a node"
"""The group of failures where no rule is wrong alone: what arrives from several uses is put together wrongly."""
STRETCHED = "operands that are broadcast"
"""The group of failures of several ops, where operands are stretched and nowhere else."""
PLACES = ("GC050", "GC015")
"""Codes of findings that say which node is wrong, and its op."""
FORWARD = ("GC014", "GC015")
"""Codes of wrong forward values."""
NOT_ASKED, UNANSWERED = "GC017", ("GC005", "GC006")
"""Code of a case that was not asked since others had got no answer, and the codes of those."""
LAST = 10**9
"""Size of the graphs of further cases, the deep ones: any other is a better example."""


@dataclass(frozen=True)
class Group:
    """Failures that seem to have one mistake in common.

    Attributes
    ----------
    what: the op whose rule is wrong, the error that is raised, or "" where no place was found.
    results: the failures, the one with the fewest numbers first.
    """

    what: str
    results: tuple[Result, ...]

    @property
    def is_rule(self) -> bool:
        """Whether one op's rule, or its value, is what is wrong."""
        return self.what in OPS


def is_tree(graph: Graph) -> bool:
    """Whether no node of the graph is used twice, so that only rules can be wrong."""
    users = Counter(name for node in graph.nodes for name in node.inputs)
    return all(count == 1 for count in users.values())


def groups(
    cases: Sequence[Addressed],
    wrong: Sequence[Result],
    made_of: Mapping[str, frozenset[str]] = MappingProxyType({}),
    further: Sequence[Addressed] = (),
) -> list[Group]:
    """The groups, those with wrong forward values first, then wrong gradients, errors, and what is undecided.

    `made_of`: by op, the ops that the subject makes it of. `further`: cases with large graphs, which are no examples.
    """
    ops = {item.address: _ops(item) for item in (*cases, *further)}
    sizes = {item.address: len(item.case.graph) for item in cases if isinstance(item.case, Case)}
    graphs = {item.address: item.case.graph for item in cases if isinstance(item.case, Case)}
    found: dict[tuple[int, str], list[Result]] = {}
    homeless: list[Result] = []
    unasked = [result for result in wrong if NOT_ASKED in result.codes]
    for result in (result for result in wrong if NOT_ASKED not in result.codes):
        key = _key(result)
        if key == (2, BROADCASTING) and result.address in graphs and not _broadcasts(graphs[result.address]):
            key = 2, SHAPES
        if key is None:
            homeless.append(result)
        else:
            found.setdefault(key, []).append(result)
    for result in homeless:
        fitting = [key for key in found if key[1] in ops.get(result.address, frozenset())]
        found.setdefault(fitting[0] if fitting else (1, USES), []).append(result)
    if unasked:
        found.setdefault(max((key for key in found if key[1] in UNANSWERED), default=(3, NOT_ASKED)), []).extend(
            unasked
        )

    def order(r: Result) -> tuple[bool, bool, int, str]:
        return r.verdict is not Verdict.FAIL, NOT_ASKED in r.codes, sizes.get(r.address, LAST), r.address

    ordered = [(key, sorted(results, key=order)) for key, results in found.items()]
    ordered.sort(key=lambda row: (row[0][0], sizes.get(row[1][0].address, LAST)))
    whole = _one_of_stretched([Group(key[1], tuple(results)) for key, results in ordered], graphs)
    return _with_composed(whole, made_of, graphs, order)


def _one_of_stretched(found: list[Group], graphs: Mapping[str, Graph]) -> list[Group]:
    """The groups, those of several ops that fail nowhere but at operands of another shape as one: they share a step."""
    alike = [
        group
        for group in found
        if group.is_rule
        and all(r.address in graphs and _stretches(graphs[r.address], group.what) for r in group.results)
    ]
    if len(alike) < 2:
        return found
    results = sorted((r for group in alike for r in group.results), key=lambda r: (len(graphs[r.address]), r.address))
    merged = Group(STRETCHED, tuple(results))
    return [merged if group is alike[0] else group for group in found if group is alike[0] or group not in alike]


def _with_composed(
    found: list[Group],
    made_of: Mapping[str, frozenset[str]],
    graphs: Mapping[str, Graph],
    order: Callable[[Result], tuple[bool, bool, int, str]],
) -> list[Group]:
    """The groups; a wrong gradient of an op that is made of others is one with their mistake, if they have one.

    That is the wrong rule of one of them, or gradients that are put together wrongly in graphs without the op, too.
    """
    simple = {group.what for group in found if group.is_rule and group.what not in made_of}
    uses = [graphs[r.address].ops for g in found if g.what == USES for r in g.results if r.address in graphs]
    joined: dict[str, list[Result]] = {}
    kept = []
    for group in found:
        of = made_of.get(group.what, frozenset())
        whose = next(iter(sorted(of & simple)), USES if of and any(group.what not in ops for ops in uses) else "")
        if whose and not any(code in result.codes for result in group.results for code in FORWARD):
            joined.setdefault(whose, []).extend(group.results)
        else:
            kept.append(group)
    return [_joined_by(group, joined[group.what], graphs, order) if group.what in joined else group for group in kept]


def _joined_by(
    group: Group,
    more: list[Result],
    graphs: Mapping[str, Graph],
    order: Callable[[Result], tuple[bool, bool, int, str]],
) -> Group:
    """The group with further results, those first whose graphs have the op itself: they are the better examples."""

    def key(r: Result) -> tuple[bool, tuple[bool, bool, int, str]]:
        return group.is_rule and (r.address not in graphs or group.what not in graphs[r.address].ops), order(r)

    return Group(group.what, tuple(sorted((*group.results, *more), key=key)))


def _broadcasts(graph: Graph) -> bool:
    """Whether an op of the graph broadcasts an operand: entry by entry, or a stack of matrices."""
    products = (graph.arguments(i) for i in range(len(graph)) if graph.op(i) == "matmul")
    stacks = any(len({graph.shapes[a][:-2] for a in arguments}) > 1 for arguments in products)
    return stacks or "broadcast_to" in graph.ops or any(_stretches(graph, op) for op in graph.ops)


def _stretches(graph: Graph, op: str) -> bool:
    """Whether a node of this op, which works entry by entry, broadcasts one of its operands."""
    nodes = [i for i in range(len(graph)) if graph.op(i) == op and OPS[op].elementwise]
    return any(graph.shapes[a] != graph.shapes[i] for i in nodes for a in graph.arguments(i))


def _key(result: Result) -> tuple[int, str] | None:
    """Order and name of the group that a failure belongs to by itself; None where it says nothing."""
    if result.verdict is Verdict.UNDECIDED:
        return 4, "undecided"
    if result.verdict is Verdict.ERROR:
        kinds = [str(f.facts.get("type", f.code)) for f in result.findings if f.code.startswith("GC00")]
        return 3, kinds[0] if kinds else "error"
    if is_unreduced(result):
        return 2, BROADCASTING
    if is_of_another_shape(result):
        return 2, SHAPES
    places: list[Mapping[str, object]] = [f.facts for f in result.findings if f.code in PLACES and "op" in f.facts]
    if not places:
        return None
    if any(f.code in ("GC014", "GC015") for f in result.findings):
        return 0, str(places[0]["op"])
    return (2, str(places[0]["op"])) if "rule" in str(places[0].get("what", "")) else (1, USES)


def _ops(item: Addressed) -> frozenset[str]:
    return item.case.graph.ops if isinstance(item.case, Case) else frozenset()
