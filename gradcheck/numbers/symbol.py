"""Real numbers together with their formulas; `symbols` makes arrays of them.

A `Symbol` is an expression of SymEngine beside a ball that is proven to contain its value at the point. Comparisons
(relu, maximum, where, abs, max) are decided by the balls; where they cannot decide, `Kink` is raised. All numbers of
one calculation share a `Sheet`, which names the leaves, counts the operations and cuts formulas that grow too long.

Numbers enter exactly. Whole numbers and halves are written as such, any other float is a symbol named by its digits
of known value, so that formulas stay readable.
"""

import operator
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from functools import partial
from typing import Any, NoReturn

import numpy as np
import symengine

from gradcheck.errors import GradcheckError, Unsupported
from gradcheck.numbers.flint_balls import FlintBalls

Expression = Any
Decide = Callable[["Symbol", "Symbol"], int]

_LITERAL = 10**6  # whole numbers up to here are written out, larger ones get a symbol like other floats


class Kink(GradcheckError):
    """Raised by a comparison that the point does not decide: a kink, a tie, or too close to one to tell."""


class Sheet:
    """What all symbols of one calculation share: names, definitions and limits.

    Parameters
    ----------
    bits: precision of the balls that decide comparisons. If it is below that of the implementation under test, a
        comparison that rounding could change stays undecided.
    longest: a formula of more operations than this gets a symbol of its own (see `definitions`).
    budget: number of operations after which `Unsupported` is raised.
    decide: a function that decides comparisons instead of balls: the sign of a - b for (a, b).
    dtype: the dtype that arrays of symbols report: that of the floats that they stand for, or object.

    Attributes
    ----------
    known: value of each symbol that stands for a given float; None for a leaf without a value.
    definitions: the formula behind each symbol that stands for one, in an order in which they can be evaluated.
    refusal: why a symbol refused to become a float; kept because user code may catch the error.
    """

    def __init__(
        self,
        *,
        bits: int = 50,
        longest: int = 200,
        budget: int = 30_000,
        decide: Decide | None = None,
        dtype: Any = object,
    ) -> None:
        self.bits, self.longest, self.budget, self.decide = bits, longest, budget, decide
        self.balls: FlintBalls | None = None if decide else FlintBalls()
        self.dtype = np.dtype(dtype)
        self.operations = 0
        self.refusal = ""
        self.known: dict[Expression, float | None] = {}
        self.definitions: dict[Expression, Expression] = {}
        self._names: set[str] = set()
        self._numbers: dict[float | int, Symbol] = {}

    def precision(self) -> AbstractContextManager[None]:
        """A context in which balls have the sheet's precision; every run on the sheet needs it."""
        return (self.balls or FlintBalls()).precision(self.bits)

    def leaf(self, name: str, value: float | None = None, *, varies: bool = True) -> "Symbol":
        """A new symbol of that name (primed until it is unique) for the given float."""
        expression = self._new(name)
        self.known[expression] = value
        ball = self.balls.exact(value) if self.balls is not None and value is not None else None
        return Symbol(self, expression, ball, 1, varies)

    def _new(self, name: str) -> Expression:
        while name in self._names:
            name += "'"
        self._names.add(name)
        return symengine.Symbol(name)

    def number(self, value: Any) -> "Symbol":
        """A constant: exact, and written out if it is short."""
        if isinstance(value, (bool, np.bool_, int, np.integer)):
            value = int(value)
        elif isinstance(value, (float, np.floating)) and np.isfinite(value) and float(value) == value:
            value = float(value)
        else:
            raise Unsupported(f"symbols calculate with finite real numbers, not with {value!r}")
        if value not in self._numbers:
            self._numbers[value] = self._constant(value)
        return self._numbers[value]

    def _constant(self, value: float | int) -> "Symbol":
        ball = self.balls.exact(value) if self.balls is not None else None
        if isinstance(value, int) or (abs(value) <= _LITERAL and 2 * value == int(2 * value)):
            exact = Fraction(value)
            return Symbol(self, symengine.Rational(exact.numerator, exact.denominator), ball, 1, False)
        return self.leaf(repr(value), value, varies=False)

    def lift(self, value: Any) -> "Symbol":
        """`value` itself if it is a Symbol, or the one in an array without axes; else a constant."""
        if not isinstance(value, Symbol) and getattr(value, "ndim", None) == 0:
            value = value.item()
        return value if isinstance(value, Symbol) else self.number(value)

    def make(self, expression: Expression, ball: Any, size: int, varies: bool) -> "Symbol":
        """The result of one operation, under a name of its own where the formula has grown too long."""
        self.operations += 1
        if self.operations > self.budget:
            raise Unsupported(f"its closed form takes more than {self.budget} operations")
        if size > self.longest:
            name = self._new(f"_{len(self.definitions)}")
            self.definitions[name] = expression
            expression, size = name, 1
        return Symbol(self, expression, ball, size, varies)

    def total(self, terms: Sequence["Symbol"]) -> "Symbol":
        """The sum of many terms, in one step: adding one by one would take quadratic time."""
        if len(terms) == 1:
            return terms[0]
        expression = symengine.Add(*(term.expression for term in terms))
        ball = None if self.balls is None else sum((t.ball for t in terms), start=self.balls.zero)
        return self.make(expression, ball, sum(t.size for t in terms) + 1, any(t.varies for t in terms))

    def compare(self, a: "Symbol", b: "Symbol") -> int:
        """The sign of a - b: 1, -1, or 0 where both are the same expression or equal constants.

        Raises Kink where the balls cannot tell.
        """
        if a.expression == b.expression:
            return 0
        if self.decide is not None:
            return self.decide(a, b)
        if a.ball > b.ball:
            return 1
        if a.ball < b.ball:
            return -1
        if not (a.varies or b.varies) and a.ball == b.ball:
            return 0
        raise Kink(f"{a} and {b} are equal or too close to tell")


class Symbol:
    """One real number: its expression, a ball around its value, the formula's size, and whether it may vary.

    `varies` is False for what is built from constants alone. `float(symbol)` raises TypeError: a derivative is never
    dropped in silence.
    """

    __slots__ = ("ball", "expression", "sheet", "size", "varies")
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, sheet: Sheet, expression: Expression, ball: Any, size: int, varies: bool) -> None:
        self.sheet, self.expression, self.ball, self.size, self.varies = sheet, expression, ball, size, varies

    def __repr__(self) -> str:
        return str(self.expression) if self.size <= 40 else f"a formula of {self.size} operations"

    def _with(self, other: Any, operate: Callable[[Any, Any], Any]) -> "Symbol":
        other = self.sheet.lift(other)
        ball = None if self.sheet.balls is None else operate(self.ball, other.ball)
        expression = operate(self.expression, other.expression)
        return self.sheet.make(expression, ball, self.size + other.size + 1, self.varies or other.varies)

    def __add__(self, other: Any) -> "Symbol":
        return self._with(other, operator.add)

    def __radd__(self, other: Any) -> "Symbol":
        return self.sheet.lift(other) + self

    def __sub__(self, other: Any) -> "Symbol":
        return self._with(other, operator.sub)

    def __rsub__(self, other: Any) -> "Symbol":
        return self.sheet.lift(other) - self

    def __mul__(self, other: Any) -> "Symbol":
        return self._with(other, operator.mul)

    def __rmul__(self, other: Any) -> "Symbol":
        return self.sheet.lift(other) * self

    def __truediv__(self, other: Any) -> "Symbol":
        other = self.sheet.lift(other)
        if other.expression == 0:
            raise Unsupported("division by zero")
        return self._with(other, operator.truediv)

    def __rtruediv__(self, other: Any) -> "Symbol":
        return self.sheet.lift(other) / self

    def __pow__(self, other: Any) -> "Symbol":
        other, sheet = self.sheet.lift(other), self.sheet
        if not other.varies and (whole := _whole(sheet, other)) is not None:
            other = sheet.number(whole)  # x ** 2 is defined at x <= 0 too, x ** y is not
        ball = None if sheet.balls is None else sheet.balls.power(self.ball, other.ball)
        size, varies = self.size + other.size + 1, self.varies or other.varies
        return sheet.make(self.expression**other.expression, ball, size, varies)

    def __rpow__(self, other: Any) -> "Symbol":
        return self.sheet.lift(other) ** self

    def __neg__(self) -> "Symbol":
        ball = None if self.sheet.balls is None else -self.ball
        return self.sheet.make(-self.expression, ball, self.size + 1, self.varies)

    def __pos__(self) -> "Symbol":
        return self

    def __abs__(self) -> "Symbol":
        return self if self >= 0 else -self

    def __lt__(self, other: Any) -> bool:
        return self.sheet.compare(self, self.sheet.lift(other)) < 0

    def __le__(self, other: Any) -> bool:
        return self.sheet.compare(self, self.sheet.lift(other)) <= 0

    def __gt__(self, other: Any) -> bool:
        return self.sheet.compare(self, self.sheet.lift(other)) > 0

    def __ge__(self, other: Any) -> bool:
        return self.sheet.compare(self, self.sheet.lift(other)) >= 0

    def __eq__(self, other: object) -> bool:
        return self.sheet.compare(self, self.sheet.lift(other)) == 0

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __bool__(self) -> bool:
        return self != 0

    def __float__(self) -> NoReturn:
        self.sheet.refusal = f"{self!r} is a symbol and cannot become a float without losing its derivative"
        raise TypeError(self.sheet.refusal)

    __int__ = __index__ = __complex__ = __float__

    def call(self, name: str) -> "Symbol":
        """An elementary function of the number, by NumPy's or scipy.special's name."""
        sheet = self.sheet
        ball = None if sheet.balls is None else sheet.balls.functions[name](self.ball)
        function = getattr(symengine, KERNEL_NAMES.get(name, name))
        return sheet.make(function(self.expression), ball, self.size + 1, self.varies)

    def __getattr__(self, name: str) -> Callable[..., "Symbol"]:
        if name not in FUNCTIONS:  # NumPy's loops over objects ask each element for `x.exp()`
            raise AttributeError(name)
        return partial(FUNCTIONS[name], self)


def _whole(sheet: Sheet, symbol: Symbol) -> int | None:
    """The whole number that a constant is known to be, if it is one."""
    if sheet.balls is None or sheet.balls.radius(symbol.ball) > 0:
        return None
    value = sheet.balls.midpoint(symbol.ball)
    whole = value.is_integer() and abs(value) <= _LITERAL and symbol.ball == sheet.balls.exact(value)
    return int(value) if whole else None


KERNEL_NAMES = {f"arc{f}": f"a{f}" for f in ("sin", "cos", "tan", "sinh", "cosh", "tanh")} | {"gammaln": "loggamma"}
"""What SymEngine calls a function of another name in NumPy and scipy.special."""

ELEMENTARY = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc",
    "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "gammaln", "digamma",
)  # fmt: skip
"""Functions of one argument that SymEngine and the balls know; every other one is written in terms of these."""


def _sign(x: Symbol) -> Symbol:
    return x.sheet.number(x.sheet.compare(x, x.sheet.number(0)))


def _log_sum_exp(x: Symbol, y: Symbol) -> Symbol:
    return (x.call("exp") + y.call("exp")).call("log")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: (lambda x, name=name: x.call(name)) for name in ELEMENTARY},
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "true_divide": operator.truediv,
    "power": operator.pow,
    "float_power": operator.pow,
    "negative": operator.neg,
    "positive": operator.pos,
    "absolute": abs,
    "fabs": abs,
    "sign": _sign,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "cbrt": lambda x: _sign(x) * abs(x) ** (x.sheet.number(1) / 3),
    "exp2": lambda x: 2**x,
    "expm1": lambda x: x.call("exp") - 1,
    "log1p": lambda x: (1 + x).call("log"),
    "log2": lambda x: x.call("log") / x.sheet.number(2).call("log"),
    "log10": lambda x: x.call("log") / x.sheet.number(10).call("log"),
    "hypot": lambda x, y: (x**2 + y**2).call("sqrt"),
    "logaddexp": _log_sum_exp,
    "expit": lambda x: 1 / (1 + (-x).call("exp")),
    "log_expit": lambda x: -((1 + (-x).call("exp")).call("log")),
    "xlogy": lambda x, y: x * y.call("log"),
    "psi": lambda x: x.call("digamma"),
    "maximum": lambda x, y: x if x >= y else y,
    "minimum": lambda x, y: x if x <= y else y,
    "fmax": lambda x, y: x if x >= y else y,
    "fmin": lambda x, y: x if x <= y else y,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "conjugate": operator.pos,
    "isfinite": lambda x: True,
    "isnan": lambda x: False,
    "isinf": lambda x: False,
}
"""What each ufunc does to elements, by the ufunc's name."""
