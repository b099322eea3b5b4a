"""What `check_gradient`, `check_vjp` and `check_jvp` have in common at their door."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from gradcheck.checks.endless import refuse_endless
from gradcheck.checks.observed import observed
from gradcheck.errors import GradcheckError, InvalidProblem, SubjectError, UsageError, shown
from gradcheck.judge.protocol import no_answer
from gradcheck.judge.raised import by_user, function_raised, trimmed, while_reading
from gradcheck.problem.refused_inputs import described
from gradcheck.verdict.conclusion import About, conclude
from gradcheck.verdict.result import Result

P = ParamSpec("P")

OF_OTHER_CHECKERS = frozenset(
    {
        "atol",
        "rtol",
        "tol",
        "abs_tol",
        "rel_tol",
        "tolerance",
        "eps",
        "epsilon",
        "delta",
        "h",
        "dx",
        "step",
        "step_size",
    }
    | {"stepsize", "rel_step", "order", "nondet_tol", "fast_mode"}
)
"""Options by which other checkers take a step size or a tolerance."""


def entrance(check: Callable[P, Result]) -> Callable[P, Result]:
    """A check that explains the options it does not have, and whose complaints about a call show the call.

    What the user's code raises where no step of the check expects it is a finding, as everywhere else. A check runs
    without NumPy's warnings of overflow and of nan, whatever the caller's error state is: the verdict speaks of those.
    It puts the caller's state back, and that of NumPy's global generator, which the user's code may seed. Listeners
    hear of its result (`observed`).
    """
    known = inspect.signature(check).parameters
    answering = _answering(check)
    passes_on = any(p.kind is p.VAR_KEYWORD for p in known.values())  # to a check that knows the options

    @wraps(check)
    def checked(*arguments: P.args, **options: P.kwargs) -> Result:
        __tracebackhide__ = True
        generator: Any = np.random.mtrand._rand  # the global generator has no public handle
        state = generator.get_state(legacy=False)
        try:
            for name in options:
                if name not in known and not passes_on:
                    raise UsageError(
                        _no_option(check.__name__, name, [k for k, p in known.items() if p.kind is p.KEYWORD_ONLY])
                    )
            with np.errstate(all="ignore"):
                return observed(answering, arguments, options)
        except (InvalidProblem, UsageError) as wrong:
            raise wrong.with_traceback(None) from wrong.__cause__
        finally:
            generator.set_state(state)

    return checked


def _answering(check: Callable[P, Result]) -> Callable[P, Result]:
    """The check, with a result (GC018) in place of an exception of the user's code."""

    @wraps(check)
    def result(*arguments: P.args, **options: P.kwargs) -> Result:
        __tracebackhide__ = True
        try:
            _arguments(check, arguments, options)
            return check(*arguments, **options)
        except SubjectError as known:
            failure, cause = known, known.__cause__
        except GradcheckError:
            raise
        except (Exception, SystemExit) as wrong:
            if not by_user(wrong) and not while_reading(wrong):
                raise
            failure, cause = function_raised("your code", wrong), trimmed(wrong)
        about = About(check.__name__.removeprefix("check_"))
        return conclude(about, [no_answer(failure)], decided=0, nothing="", exception=cause)

    return result


def _arguments(check: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Raises UsageError for arguments that a check does not take, and for `has_aux` other than True or False.

    Raises InvalidProblem for inputs that hold themselves.
    """
    signature = inspect.signature(check)
    try:
        bound = signature.bind(*arguments, **options)
    except TypeError as wrong:
        taken = [str(p).partition(":")[0] for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
        raise UsageError(f"{check.__name__}({', '.join(taken)}): {wrong}") from None
    if not isinstance(options.get("has_aux", False), bool):
        raise UsageError(f"has_aux must be True or False, got {shown(options['has_aux'])}")
    refuse_endless(bound.arguments.get("inputs", ()))


def _no_option(check: str, name: str, options: list[str]) -> str:
    if name.lower() in OF_OTHER_CHECKERS:
        return (
            f"{check} has no option {name!r}: gradcheck needs no step size and no tolerance, since the truth comes "
            "with a bound and rounding is measured; interest= says which relative error matters (1e-6 by default in "
            "float64), accuracy= how accurately f itself is computed where it approximates something"
        )
    near = difflib.get_close_matches(name, options, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{check} has no option {name!r}; its options are {', '.join(options)}{hint}"


def require_callable(derivative: Any, where: str, *, vectors: bool = False) -> None:
    """Raises InvalidProblem for what cannot be called, and for an operator where a product with `vectors` is due."""
    operator = hasattr(derivative, "matvec")
    if callable(derivative) and not (operator and vectors):
        return
    matrix = operator or hasattr(derivative, "__matmul__")
    if operator and vectors:
        what = f"a function of the inputs and a vector, got {described(derivative)}, which takes a vector alone"
        advice = "; say check_adjoint(A, it) if it is an adjoint, or check_jacobian(f, lambda *inputs: it, ...)"
    else:
        what = f"a function, got {described(derivative)}"
        advice = "; give one that returns it, such as lambda *inputs: it" if matrix else ""
    raise InvalidProblem(f"expected {what}{advice}", where=where)
