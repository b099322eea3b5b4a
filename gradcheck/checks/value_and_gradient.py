"""`check_value_and_gradient`: one function that returns both, as `scipy.optimize` takes it with jac=True."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import update_wrapper
from typing import Any

from gradcheck.checks.forms import taken_keywords
from gradcheck.checks.function_arguments import entrance, require_callable
from gradcheck.checks.functions import check_gradient
from gradcheck.errors import InvalidProblem
from gradcheck.judge.raised import UnreadableAnswer
from gradcheck.verdict.result import Result


@entrance
def check_value_and_gradient(function: Callable[..., Any], *inputs: Any, **options: Any) -> Result:
    """Does `function(*inputs)` return (value, gradient), and is the gradient that of the value?

    Parameters
    ----------
    function: returns a pair: one number, and what a gradient of `check_gradient` returns.
    inputs, options: as in `check_gradient`.

    Raises
    ------
    As `check_gradient`.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> gradcheck.check_value_and_gradient(lambda x: (np.sum(x**3), 3 * x**2), np.array([1.0, 2.0])).verdict.value
    'PASS'

    What `scipy.optimize.minimize(loss, p, args=(t,), jac=True)` takes, with its further arguments:

    >>> loss = lambda p, t: (np.sum((p * t) ** 2), 2 * p * t**2)
    >>> p, t = np.array([0.5, 2.0]), np.array([1.0, 3.0])
    >>> gradcheck.check_value_and_gradient(loss, p, t, wrt="p").verdict.value
    'PASS'
    """
    require_callable(function, "the function to check")
    taken_keywords(options.get("kwargs"), function=(function, len(inputs)))

    def value(*arrays: Any, **keywords: Any) -> Any:
        both = function(*arrays, **keywords)
        if not isinstance(both, tuple | list) or len(both) != 2:
            raise InvalidProblem(f"expected (value, gradient), got {type(both).__name__}", where="f")
        return both[0]

    def gradient(*arrays: Any, **keywords: Any) -> Any:
        both = function(*arrays, **keywords)
        if not isinstance(both, tuple | list) or len(both) != 2:
            raise UnreadableAnswer("GC019", wanted="(value, gradient)", came=type(both).__name__)
        return both[1]

    result = check_gradient(update_wrapper(value, function), update_wrapper(gradient, function), *inputs, **options)
    about = None if result.checked is None else replace(result.checked, kind="value_and_gradient")
    return replace(result, checked=about)
