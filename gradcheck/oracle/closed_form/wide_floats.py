"""Formulas in whole NumPy arrays, in extended precision where the machine has it."""

from typing import Any

import numpy as np

from gradcheck.numbers.symbol import ELEMENTARY


class Floats:
    """Numbers for `Program.run`: arrays of one float type.

    It lacks the special functions, which NumPy and SciPy have in float64 only.
    """

    functions: dict[str, Any] = {  # noqa: RUF012 (a constant table)
        name: getattr(np, name) for name in ELEMENTARY if hasattr(np, name)
    }

    def __init__(self, dtype: type[np.floating[Any]] = np.longdouble) -> None:
        self.dtype = dtype
        self.constants = {"pi": lambda: 4 * np.arctan(dtype(1))}

    def exact(self, value: float | int) -> Any:
        """The number itself, if the type holds it."""
        return self.dtype(value)

    def power(self, base: Any, exponent: Any) -> Any:
        """base ** exponent."""
        return np.power(base, exponent)


SPECIAL = frozenset(("erf", "erfc", "gammaln", "digamma", "trigamma"))
"""Operations of a program that Floats cannot do."""
