"""Formulas written on a sheet, and their derivatives by SymEngine's `diff`.

A formula that grew too long was cut: some of its symbols stand for formulas of their own. Each piece is differentiated
symbolically, and the chain rule over the pieces joins them,

    d out / d x = sum over the symbols s of a piece: d out / d s * d s / d x,

in one sweep from the last piece to the first. A formula that was not cut is one piece, and its derivative the closed
form itself.
"""

from collections.abc import Sequence
from typing import Any

import symengine

from gradcheck.numbers.symbol import Expression, Sheet, Symbol
from gradcheck.oracle.closed_form.straight_line import Numbers, Program


class Formulas:
    """Some formulas of a sheet, with what is needed to evaluate them and to differentiate them.

    Parameters
    ----------
    sheet: where they were written.
    outputs: the formulas.
    leaves: the symbols that get values in `run`, in that order.
    wanted: the leaves to differentiate for.
    """

    def __init__(
        self, sheet: Sheet, outputs: Sequence[Symbol], leaves: Sequence[Expression], wanted: Sequence[Expression]
    ) -> None:
        self.outputs = [output.expression for output in outputs]
        self.wanted = list(wanted)
        self._program = Program(leaves)
        self._partials: dict[Expression, list[tuple[Expression, int]]] = {}
        varying = set(wanted)
        self._pieces = _needed(sheet, self.outputs)
        for name in self._pieces:
            piece = sheet.definitions[name]
            self._program.define(name, piece)
            if self._differentiate(name, piece, varying):
                varying.add(name)
        self._slots = [self._program.slot(expression) for expression in self.outputs]
        for expression in self.outputs:
            self._differentiate(expression, expression, varying)

    def _differentiate(self, name: Expression, piece: Expression, varying: set[Expression]) -> bool:
        if name not in self._partials:
            partials = partial_derivatives(piece, varying).items()
            self._partials[name] = [(symbol, self._program.slot(d)) for symbol, d in partials]
        return bool(self._partials[name])

    @property
    def operations(self) -> set[str]:
        """Names of the operations by which the outputs and their derivatives are computed."""
        return self._program.operations([*self._slots, *(slot for _, slot in self._links())])

    @property
    def cancels(self) -> bool:
        """Whether a derivative is a sum of several terms, so that rounding may leave nothing of it."""
        joined = [symbol for symbol, _ in self._links()]
        return len(set(joined)) < len(joined) or "+" in self._program.operations(slot for _, slot in self._links())

    def _links(self) -> list[tuple[Expression, int]]:
        return [link for links in self._partials.values() for link in links]

    def run(self, leaves: Sequence[Any], numbers: Numbers) -> list[Any]:
        """Every value that the formulas and their derivatives consist of; `values` and `gradient` read it."""
        return self._program.run(leaves, numbers)

    def values(self, run: Sequence[Any]) -> list[Any]:
        """The value of each output."""
        return [run[slot] for slot in self._slots]

    def gradient(self, run: Sequence[Any], output: int = 0) -> list[Any]:
        """The derivative of one output for each wanted leaf; None where it is 0 by structure."""
        expression = self.outputs[output]
        adjoints: dict[Expression, Any] = {symbol: run[slot] for symbol, slot in self._partials[expression]}
        for name in reversed(self._pieces):
            if (adjoint := adjoints.get(name)) is not None and name != expression:
                for symbol, slot in self._partials[name]:
                    term = adjoint * run[slot]
                    adjoints[symbol] = adjoints[symbol] + term if symbol in adjoints else term
        return [adjoints.get(leaf) for leaf in self.wanted]


def partial_derivatives(expression: Expression, symbols: set[Expression]) -> dict[Expression, Expression]:
    """The derivative for each of `symbols` that the expression contains; those that are 0 are left out.

    A sum is differentiated term by term, each term for its own symbols only: sums of a thousand terms are common.
    """
    parts: dict[Expression, list[Expression]] = {}
    for term in expression.args if expression.is_Add else (expression,):
        for symbol in term.free_symbols & symbols:
            parts.setdefault(symbol, []).append(term.diff(symbol))
    sums = ((symbol, symengine.Add(*terms) if len(terms) > 1 else terms[0]) for symbol, terms in parts.items())
    return {symbol: derivative for symbol, derivative in sums if derivative != 0}


def _needed(sheet: Sheet, outputs: Sequence[Expression]) -> list[Expression]:
    """The pieces that the outputs rest on, in the order of their definition."""
    needed: set[Expression] = set()
    waiting = list(outputs)
    while waiting:
        for symbol in waiting.pop().free_symbols:
            if symbol in sheet.definitions and symbol not in needed:
                needed.add(symbol)
                waiting.append(sheet.definitions[symbol])
    return [name for name in sheet.definitions if name in needed]
