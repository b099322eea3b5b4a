"""Parameters of a small case: value, the subject's gradient, the true gradient, and what each use contributes.

A gradient is the sum of what arrives along each use. Where the subject's number is the sum of some of these parts, or
of all with one counted twice, the row says so. The parts come from SymEngine's local derivatives, never from the
subject.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem import Case
from gradcheck.problem.walks import users
from gradcheck.verdict.compare import Comparison

Array = NDArray[Any]

MOST_ENTRIES = 6
"""Maximum number of an array's entries that have a row each; of a larger array, the worst entry has the only row."""
MOST_USES = 6
"""Maximum number of uses of a node of which all partial sums are compared with the subject's number."""

OPERANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pow": ("base", "exponent"),
        "div": ("numerator", "denominator"),
        "mul": ("left factor", "right factor"),
        "matmul": ("left factor", "right factor"),
        "cross_entropy": ("logits", "targets"),
        "where": ("value where the mask is true", "value where the mask is false"),
    }
)
"""Names of the operands of an op; those of any other op with two are called left and right."""


@dataclass(frozen=True)
class Use:
    """One use of a node by another.

    Attributes
    ----------
    node, op: the node that uses it, and that node's op.
    operand: what it is there: "base", "right operand".
    contribution: what this use adds to the gradient of the row's entry.
    """

    node: str
    op: str
    operand: str
    contribution: float


@dataclass(frozen=True)
class ParameterRow:
    """One entry of a parameter, or the worst entry of a large one.

    Attributes
    ----------
    name: the entry: "w1", "W[1,0]".
    block: the parameter that it belongs to.
    value: its value at the point.
    yours, right: the subject's gradient and the true one.
    wrong: whether the subject's is wrong.
    used: the node whose uses are listed: the parameter itself, or the first node on its way to the loss with several
        uses; "" where there is none, or nothing is wrong.
    uses: these uses, each with what it adds.
    equals: which parts add up to the subject's number, in words; "" where none do, or more than one choice does.
    """

    name: str
    block: str
    value: float
    yours: float
    right: float
    wrong: bool
    used: str = ""
    uses: tuple[Use, ...] = ()
    equals: str = ""


def parameter_rows(case: Case, comparisons: Sequence[Comparison]) -> tuple[ParameterRow, ...]:
    """A row per entry of every parameter (one per parameter of more than MOST_ENTRIES), in the graph's order.

    `comparisons` hold the loss, then every block, as the judge gives them. Entries of unknown truth have no row.
    """
    blocks = {comparison.block: comparison for comparison in comparisons[1:]}
    names = [case.graph.names[i] for i in case.graph.parameters]
    return tuple(row for name in names if name in blocks for row in _rows(case, blocks[name]))


def made_of_parts(rows: Sequence[ParameterRow]) -> bool:
    """Whether something is wrong, and every wrong number is a wrong combination of the right parts."""
    wrong = [row for row in rows if row.wrong]
    return bool(wrong) and all(row.equals for row in wrong)


def operand_name(op: str, slot: int, count: int) -> str:
    """What argument `slot` of `count` is called: "base", "left operand", "argument", "part 2"."""
    if op in OPERANDS:
        return OPERANDS[op][slot]
    if count == 1:
        return "argument"
    return f"part {slot + 1}" if op == "concatenate" else ("left operand", "right operand")[slot]


def _rows(case: Case, block: Comparison) -> Iterator[ParameterRow]:
    values, truth = np.asarray(case.point[block.block], dtype=np.float64), block.truth
    used, uses = _uses(case, block.block) if np.any(block.wrong) else ("", [])
    equals = _equal_to(block, uses)
    entries = [tuple(map(int, at)) for at in np.ndindex(values.shape)]
    shown = entries if len(entries) <= MOST_ENTRIES else [_worst(block)]
    for at in shown:
        if not truth.known[at]:
            continue
        yield ParameterRow(
            name=f"{block.block}[{','.join(map(str, at))}]" if at else block.block,
            block=block.block,
            value=float(values[at]),
            yours=float(block.answer[at]),
            right=float(truth.told[at]),
            wrong=bool(block.wrong[at]),
            used=used if block.wrong[at] else "",
            uses=tuple(Use(*use, float(part[at])) for use, part in uses) if block.wrong[at] else (),
            equals=equals if block.wrong[at] else "",
        )


def _worst(block: Comparison) -> tuple[int, ...]:
    """The wrong entry furthest from the truth; the entry furthest from it where none is wrong."""
    distance = np.where(np.isnan(block.distance), np.inf, block.distance)
    if np.any(block.wrong):
        distance = np.where(block.wrong, distance, -1.0)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(distance)), distance.shape))


def _uses(case: Case, parameter: str) -> tuple[str, list[tuple[tuple[str, str, str], Array]]]:
    """The first node from the parameter on with several uses, and (node, op, operand) and the part of each use."""
    graph, engine = case.graph, Backprop()
    try:
        engine(graph, {name: np.asarray(value, dtype=np.float64) for name, value in case.point.items()})
        node, way = graph.index(parameter), list[tuple[int, int]]()
        uses = users(graph)
        while len(uses[node]) == 1:
            way.append(uses[node][0])
            node = way[-1][0]
        found = []
        for user, slot in uses[node]:
            part = engine.message(user, slot, engine.adjoints[user])
            for at, argument in reversed(way):
                part = engine.message(at, argument, part)
            op = graph.op(user)
            found.append(((graph.names[user], op, operand_name(op, slot, len(graph.arguments(user)))), part))
    except GradcheckError:  # the op expands to too many scalar edges
        return "", []
    return (graph.names[node], found) if found else ("", [])


def _equal_to(block: Comparison, uses: Sequence[tuple[tuple[str, str, str], Array]]) -> str:
    """The parts that add up to the subject's answer in every entry; "" unless one choice does, up to equal parts."""
    if not 2 <= len(uses) <= MOST_USES or not np.all(block.truth.known):
        return ""
    parts, tolerance = np.array([part for _, part in uses]), block.allowance + block.truth.radius
    slack = tolerance + 1e-12 * np.sum(np.abs(parts), axis=0)

    def gives(weights: Sequence[float]) -> bool:
        return bool(np.all(np.abs(np.tensordot(weights, parts, axes=1) - block.answer) <= slack))

    n = len(uses)
    if gives((0.0,) * n):
        return "0, as if no part arrived"
    kinds = (
        [w for w in product((0, 1), repeat=n) if 0 < sum(w) < n],
        [tuple(2 if k == at else 1 for k in range(n)) for at in range(n)],
        [tuple(-1 if k == at else 1 for k in range(n)) for at in range(n)],
        [(1 / n,) * n],
    )
    for kind in kinds:
        fits = [weights for weights in kind if gives(weights)]
        alike = {tuple(sorted((w, *np.ravel(p)) for w, p in zip(f, parts, strict=True))) for f in fits}
        if len(alike) > 1:
            return ""
        if fits:
            return _in_words(fits, uses)
    return ""


def _in_words(fits: Sequence[Sequence[float]], uses: Sequence[tuple[tuple[str, str, str], Array]]) -> str:
    weights, n = fits[0], len(uses)
    names = [f"as {operand} of {node}" for (node, _, operand), _ in uses]
    if all(w == 1 / n for w in weights):
        return f"the mean of the {n} parts, where their sum belongs"
    if odd := next((w for w in weights if w in (2, -1)), None):
        how = "counted twice" if odd == 2 else "of the wrong sign"
        which = f"one of {len(fits)} equal parts" if len(fits) > 1 else f"the part {names[list(weights).index(odd)]}"
        return f"the sum of all parts, with {which} {how}"
    kept = [name for name, w in zip(names, weights, strict=True) if w]
    if len(fits) > 1:
        return f"{len(kept)} of {n} parts, some of which are equal" if len(kept) > 1 else "one of the equal parts alone"
    if len(kept) == 1:
        return f"the part {kept[0]} alone"
    return f"the parts {' and '.join((', '.join(kept[:-1]), kept[-1]))} alone"
