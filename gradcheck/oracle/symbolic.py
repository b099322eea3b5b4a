"""The oracle `symbolic`: the closed form of the loss, differentiated by SymEngine and evaluated with a proven bound.

The op table's values run on symbols, one per entry of a parameter, which yields the loss as an expression; `diff` of it
for each entry is evaluated in balls of 128 bits and more.

A closed form longer than LONGEST operations is not written out: intermediate results get symbols of their own, each
piece is differentiated by itself, and the chain rule joins the pieces (see `formulas`). Diamonds such as v = v sin(v)
would otherwise double in size at every step.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.flint_balls import FlintBalls
from gradcheck.numbers.symbol import Expression, Kink, Sheet, Symbol
from gradcheck.numbers.symbols import Symbols, constants, leaves
from gradcheck.oracle.closed_form.formulas import Formulas, partial_derivatives
from gradcheck.oracle.enclosure import PRECISIONS, deciding_bits, proven, tight, unknown, zero
from gradcheck.oracle.estimate import Aside, Estimates
from gradcheck.problem import LEAVES, OPS, Graph, Point
from gradcheck.problem.walks import ancestors

LONGEST = 200
"""Maximum number of operations in one formula."""

BUDGET = 30_000
"""Maximum number of operations in the whole closed form: about two seconds."""


class Symbolic:
    """Closed form, `diff`, evaluated; proven. At a kink it answers `error = inf` for everything, and names the node."""

    name = "symbolic"

    def __call__(self, graph: Graph, point: Point) -> Estimates | Aside:
        """Estimate the loss and the gradient for every parameter; steps aside above a budget of operations."""
        try:
            form = closed_form(graph, point)
            known = {symbol: value for symbol, value in form.sheet.known.items() if value is not None}
            wanted = [symbol for block in form.entries.values() for symbol in block]
            formulas = Formulas(form.sheet, [form.loss], list(known), wanted)
        except Kink as kink:
            return unknown(self.name, graph, str(kink))
        except Unsupported as reason:
            return Aside(self.name, str(reason))
        balls = FlintBalls()
        loss, gradient = _evaluate(balls, formulas, list(known.values()))
        of = dict(zip(wanted, gradient, strict=True))
        with balls.precision(PRECISIONS[-1]):
            estimates = {
                graph.names[i]: proven(balls, [of[s] for s in form.entries[i]], graph.shapes[i])
                if i in form.entries
                else zero(graph.shapes[i])
                for i in graph.parameters
            }
            return Estimates(self.name, proven(balls, [loss], ()), estimates)


symbolic = Symbolic()


def _evaluate(balls: FlintBalls, formulas: Formulas, known: list[float]) -> tuple[Any, list[Any]]:
    """Balls around the loss and each derivative (None: 0 by structure), in as many bits as it takes."""
    loss, gradient = None, []
    for bits in PRECISIONS:
        with balls.precision(bits):
            run = formulas.run([balls.exact(value) for value in known], balls)
            loss, gradient = formulas.values(run)[0], formulas.gradient(run)
            if all(tight(balls, ball) for ball in (loss, *gradient) if ball is not None):
                break
    return loss, gradient


@dataclass(frozen=True)
class ClosedForm:
    """A graph's loss, written out.

    Attributes
    ----------
    sheet: where it is written; `sheet.known` holds the value of every leaf.
    loss: the loss.
    entries: per parameter that the loss depends on, by node index, the symbols of its entries in C order.
    """

    sheet: Sheet
    loss: Symbol
    entries: dict[int, list[Expression]]


def closed_form(graph: Graph, point: Point, sheet: Sheet | None = None) -> ClosedForm:
    """Run the op table's values on symbols.

    Raises
    ------
    Kink: naming the node where a comparison is not decided at the point.
    Unsupported: above the budget.
    """
    nodes = ancestors(graph, graph.loss)
    size = sum(math.prod(graph.shapes[i]) for i in nodes)
    sheet = sheet or Sheet(bits=deciding_bits(point), longest=LONGEST, budget=BUDGET)
    if size > sheet.budget:
        raise Unsupported(f"its nodes have {size} entries, budget {sheet.budget}")
    floats = graph.complete(point)
    values: dict[int, Symbols] = {}
    entries: dict[int, list[Expression]] = {}
    with sheet.precision():
        for i in nodes:
            op, name = graph.op(i), graph.names[i]
            if op == "constant":
                values[i] = constants(sheet, graph.constants[i])
            elif op in LEAVES:
                values[i] = leaves(sheet, name, floats[name], varies=op == "parameter")
                if op == "parameter":
                    entries[i] = [symbol.expression for symbol in values[i].data.ravel()]
            else:
                attributes = {**OPS[op].attributes, **graph.attributes.get(i, {})}
                try:
                    values[i] = OPS[op].value(*(values[j] for j in graph.arguments(i)), **attributes)
                except Kink as kink:
                    raise Kink(f"kink at node {name!r} ({op}): {kink}") from None
        return ClosedForm(sheet, values[graph.loss].item(), entries)


def formula(
    graph: Graph, parameter: str, index: tuple[int, ...] = (), *, point: Point | None = None, longest: int = 120
) -> str | None:
    """The closed form of d loss / d parameter[index], written in the names of inputs and parameters.

    None where it takes more than `longest` operations, or where the loss has branches and no `point` (or one at a kink)
    decides them. KeyError or IndexError for an entry that does not exist.
    """
    anywhere = {graph.names[i]: np.zeros(graph.shapes[i]) for i in graph.free}
    node = graph.index(parameter)
    if node not in ancestors(graph, graph.loss):
        return "0"
    sheet = Sheet(longest=longest, budget=20 * longest, decide=None if point is not None else _undecided)
    try:
        form = closed_form(graph, anywhere if point is None else point, sheet)
    except (Kink, Unsupported):
        return None
    if sheet.definitions:
        return None
    symbol = np.array(form.entries[node], dtype=object).reshape(graph.shapes[node])[index]
    derivative = partial_derivatives(form.loss.expression, {symbol}).get(symbol, 0)
    text = str(derivative).replace("**", "^")
    return text if len(text) <= 4 * longest else None


def _undecided(a: Symbol, b: Symbol) -> int:
    raise Kink(f"{a} and {b} have no values to compare")
