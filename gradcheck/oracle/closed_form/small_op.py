"""The formulas of one small op (see `lanes`), written by SymEngine, branch by branch.

The op's value, as the op table states it, runs on one symbol per entry, and SymEngine differentiates the formula that
comes out; nothing here knows a derivative. An op with branches (relu, elu, max) is a tree: at each comparison the run
forks, and only the branches that values ask for are written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.flint_balls import FlintBalls
from gradcheck.numbers.symbol import Expression, Sheet, Symbol
from gradcheck.numbers.symbols import Symbols
from gradcheck.oracle.closed_form.formulas import Formulas
from gradcheck.oracle.closed_form.lanes import Frozen, Shape
from gradcheck.oracle.closed_form.wide_floats import Floats
from gradcheck.problem import OPS

Decisions = tuple[int, ...]

COMPARISONS = 256
"""Maximum number of comparisons in one small op, which has a formula for each: the maximum of 257 entries."""


@dataclass(frozen=True)
class Branch:
    """The op's formulas where certain comparisons come out in a certain way.

    Attributes
    ----------
    formulas: every output, and its derivatives for the wanted arguments' entries.
    constants: numbers that follow the arguments' entries in `Formulas.run`.
    conditions: the comparisons, as text ("x > 0").
    """

    formulas: Formulas
    constants: tuple[float, ...]
    conditions: tuple[str, ...] = ()

    def run(self, entries: Sequence[Any], numbers: Any) -> list[Any]:
        """`Formulas.run` at the given values of the arguments' entries, slot by slot."""
        return self.formulas.run([*entries, *map(numbers.exact, self.constants)], numbers)


@dataclass(frozen=True)
class Fork:
    """A comparison, decided by the sign of `difference`, a Branch with one output."""

    difference: Branch


class _Undecided(Exception):
    """Leaves the op's code at an undecided comparison; caught in this file."""


class SmallOp:
    """A small op with its formulas, remembered.

    Parameters
    ----------
    op, attributes, shapes: as in `Lanes`.
    wanted: per argument, whether to differentiate for it.
    whole: a whole number that the last argument is known to be: x ** 2 has a derivative at x = 0, x ** y has none.
    names: what to call the arguments in formulas.
    """

    def __init__(
        self,
        op: str,
        attributes: Frozen,
        shapes: tuple[Shape, ...],
        wanted: tuple[bool, ...],
        whole: int | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.op, self.attributes, self.shapes, self.wanted, self.whole = op, attributes, shapes, wanted, whole
        self.names = names or ("x", "y")[: len(shapes)] if len(shapes) <= 2 else [f"x{k}" for k in range(len(shapes))]
        self._branches: dict[Decisions, Branch | Fork] = {}

    def branch(self, decisions: Decisions = (), entries: Sequence[Any] | None = None) -> Branch | Fork:
        """What follows after these outcomes (1: greater, -1: less) of the first comparisons.

        With `entries`, floats that are the arguments' entries, everything that these values will ask for is written
        at once.
        """
        if decisions not in self._branches:
            self._write(decisions, entries)
        return self._branches[decisions]

    def branches(self) -> Iterator[Branch]:
        """Every branch, "greater" before "less"."""
        waiting: list[Decisions] = [()]
        while waiting:
            decisions = waiting.pop()
            branch = self.branch(decisions)
            if isinstance(branch, Branch):
                yield branch
            else:
                waiting.extend((*decisions, sign) for sign in (-1, 1))

    def choose(self, entries: Sequence[Any], balls: FlintBalls) -> list[Branch]:
        """The branches that balls around the arguments' entries allow; one, unless the point is at a kink.

        The last one is where every undecided comparison comes out as less.
        """
        found: list[Branch] = []
        waiting: list[Decisions] = [()]
        while waiting:
            decisions = waiting.pop()
            if (branch := self._branches.get(decisions)) is None:
                branch = self.branch(decisions, [balls.midpoint(entry) for entry in entries])
            if isinstance(branch, Branch):
                found.append(branch)
                continue
            difference = branch.difference.formulas.values(branch.difference.run(entries, balls))[0]
            signs = (1,) if difference > 0 else (-1,) if difference < 0 else (-1, 1)
            waiting.extend((*decisions, sign) for sign in signs)
        return found

    def _write(self, decisions: Decisions, entries: Sequence[float] | None) -> None:
        taken, conditions = list[int](), list[str]()
        seen: dict[tuple[Expression, Expression], int] = {}

        def decide(a: Symbol, b: Symbol) -> int:
            pair = (a.expression, b.expression)
            if pair not in seen:  # equal comparisons are decided alike
                place = len(taken)
                if place == COMPARISONS:
                    raise Unsupported(f"{self.op} of {self.shapes} takes more than {COMPARISONS} comparisons")
                known = place < len(decisions)
                sign = decisions[place] if known else self._ask(tuple(taken), sheet, a - b, symbols, entries)
                taken.append(sign)
                seen[pair], seen[pair[::-1]] = sign, -sign
                conditions.append(f"{a} {'>' if sign > 0 else '<'} {b}")
            return seen[pair]

        sheet = Sheet(longest=60, budget=200_000, decide=decide)
        arguments = [_entries(sheet, name, shape) for name, shape in zip(self.names, self.shapes, strict=True)]
        symbols = [[symbol.expression for symbol in argument.data.flat] for argument in arguments]
        if self.whole is not None:
            arguments[-1] = Symbols(sheet, np.array(sheet.number(self.whole), dtype=object))
        try:
            value = OPS[self.op].value(*arguments, **dict(self.attributes))
        except _Undecided:
            return
        outputs = [sheet.lift(element) for element in value.data.flat]
        wanted = [s for block, asked in zip(symbols, self.wanted, strict=True) if asked for s in block]
        self._branches[tuple(taken)] = _branch(sheet, outputs, symbols, wanted, tuple(conditions))

    def _ask(
        self,
        decisions: Decisions,
        sheet: Sheet,
        difference: Symbol,
        symbols: list[list[Expression]],
        entries: Sequence[float] | None,
    ) -> int:
        """Note the comparison as a fork, and follow it as the entries say."""
        fork = Fork(_branch(sheet, [difference], symbols, [], ()))
        self._branches[decisions] = fork
        if entries is None:
            raise _Undecided
        floats = Floats(np.float64)
        with np.errstate(all="ignore"):
            sign = fork.difference.formulas.values(fork.difference.run(entries, floats))[0]
        return 1 if sign > 0 else -1


@lru_cache(maxsize=1024)
def small_op(
    op: str, attributes: Frozen, shapes: tuple[Shape, ...], wanted: tuple[bool, ...], whole: int | None = None
) -> SmallOp:
    """The one SmallOp of these properties, so that its formulas are written once."""
    return SmallOp(op, attributes, shapes, wanted, whole)


def _entries(sheet: Sheet, name: str, shape: Shape) -> Symbols:
    data = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        data[index] = sheet.leaf(f"{name}[{','.join(map(str, index))}]" if index else name)
    return Symbols(sheet, data)


def _branch(
    sheet: Sheet,
    outputs: list[Symbol],
    symbols: list[list[Expression]],
    wanted: list[Expression],
    conditions: tuple[str, ...],
) -> Branch:
    entries = [symbol for block in symbols for symbol in block]
    constants = {symbol: value for symbol, value in sheet.known.items() if value is not None}
    formulas = Formulas(sheet, outputs, [*entries, *constants], wanted)
    return Branch(formulas, tuple(constants.values()), conditions)
