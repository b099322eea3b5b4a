"""Expressions as straight-line programs: every distinct subexpression is computed once.

An expression of SymEngine is a tree on the outside and a graph within: `v*sin(v)`, repeated 20 times, prints
as a million symbols and has 40 distinct nodes. A `Program` walks it once, remembering each subexpression, and then runs
in any arithmetic (balls of any precision, NumPy arrays) as often as wanted.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from gradcheck.errors import Unsupported
from gradcheck.numbers.symbol import ELEMENTARY, KERNEL_NAMES

Expression = Any


class Numbers(Protocol):
    """What a program needs besides + * / of the values themselves; `FlintBalls` has it."""

    functions: dict[str, Any]
    constants: dict[str, Any]

    def exact(self, value: float | int) -> Any:
        """The number itself, without rounding."""

    def power(self, base: Any, exponent: Any) -> Any:
        """base^exponent."""


_NUMPY_NAMES = {KERNEL_NAMES.get(name, name): name for name in ELEMENTARY}


class Program:
    """Computes expressions in the given leaves.

    `slot(expression)` compiles it and says where in `run`'s answer its value stands. `define(symbol, expression)` makes
    a symbol stand for an expression.
    """

    def __init__(self, leaves: Sequence[Expression]) -> None:
        self._slots: dict[Expression, int] = {leaf: i for i, leaf in enumerate(leaves)}
        self._count = len(leaves)
        self._steps: list[tuple[str, list[int], Any]] = []

    def define(self, symbol: Expression, expression: Expression) -> None:
        """From here on `symbol` means `expression`."""
        self._slots[symbol] = self.slot(expression)

    def slot(self, expression: Expression) -> int:
        """Compile an expression and return the position of its value.

        Raises Unsupported for a function that programs do not know.
        """
        slots = self._slots
        if (known := slots.get(expression)) is not None:
            return known
        waiting = [expression]  # not recursive: formulas may be deeper than Python's stack
        while waiting:
            current = waiting[-1]
            if current not in slots:
                operation, parts, detail = _take_apart(current)
                if missing := [part for part in parts if part not in slots]:
                    waiting.extend(missing)
                    continue
                self._steps.append((operation, [slots[part] for part in parts], detail))
                slots[current] = self._count
                self._count += 1
            waiting.pop()
        return slots[expression]

    def operations(self, slots: Iterable[int]) -> set[str]:
        """Names of the operations that the values in these slots are made by."""
        first = self._count - len(self._steps)
        waiting, seen = list(slots), set[int]()
        while waiting:
            slot = waiting.pop()
            if slot >= first and slot not in seen:
                seen.add(slot)
                waiting.extend(self._steps[slot - first][1])
        return {self._steps[slot - first][0] for slot in seen}

    def run(self, leaves: Sequence[Any], numbers: Numbers) -> list[Any]:
        """Values of the leaves and of every step, by slot."""
        values = list(leaves)
        functions, exact, power = numbers.functions, numbers.exact, numbers.power
        for operation, slots, detail in self._steps:
            if operation == "*":
                value = values[slots[0]]
                for slot in slots[1:]:
                    value = value * values[slot]
            elif operation == "+":
                value = values[slots[0]]
                for slot in slots[1:]:
                    value = value + values[slot]
            elif operation == "whole power":
                base = values[slots[0]]
                value = base * base if detail == 2 else power(base, exact(detail))
            elif operation == "reciprocal":
                value = exact(1) / values[slots[0]]
            elif operation == "power":
                value = power(values[slots[0]], values[slots[1]])
            elif operation == "number":
                value = exact(detail[0]) if detail[1] == 1 else exact(detail[0]) / exact(detail[1])
            elif operation == "constant":
                value = functions["exp"](exact(1)) if detail == "e" else numbers.constants[detail]()
            else:
                value = functions[operation](values[slots[0]])
            values.append(value)
        return values


def _take_apart(expression: Expression) -> tuple[str, Sequence[Expression], Any]:
    """(operation, subexpressions, what else the operation needs)."""
    if expression.is_Add:
        return "+", expression.args, None
    if expression.is_Mul:
        return "*", expression.args, None
    if expression.is_Integer:
        return "number", (), (int(expression), 1)
    if expression.is_Rational:
        return "number", (), (int(expression.p), int(expression.q))
    name = type(expression).__name__
    if expression.is_Pow:
        base, exponent = expression.args
        if type(base).__name__ == "Exp1":  # SymEngine writes exp(x) as a power
            return "exp", (exponent,), None
        if exponent == -1:
            return "reciprocal", (base,), None
        if exponent.is_Integer:
            return "whole power", (base,), int(exponent)
        if exponent.is_Rational and (int(exponent.p), int(exponent.q)) == (1, 2):
            return "sqrt", (base,), None
        return "power", (base, exponent), None
    if name in ("Exp1", "Pi"):
        return "constant", (), {"Exp1": "e", "Pi": "pi"}[name]
    if name == "polygamma" and expression.args[0] in (0, 1):
        return ("digamma", "trigamma")[int(expression.args[0])], (expression.args[1],), None
    if name in _NUMPY_NAMES:
        return _NUMPY_NAMES[name], expression.args, None
    raise Unsupported(f"a formula contains {name}, which gradcheck cannot evaluate")
