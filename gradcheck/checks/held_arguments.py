"""`stop_gradient=`: arguments of f that are held constant on purpose, such as the weights of a target network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from gradcheck.errors import InvalidProblem, shown
from gradcheck.holding import held
from gradcheck.judge.declarations import check_accuracy
from gradcheck.judge.question import Kind, Question
from gradcheck.judge.settings import Settings
from gradcheck.problem.function import Function, in_choice, input_position


def asked(
    kind: Kind,
    f: Callable[..., Any],
    derivative: Callable[..., Any],
    inputs: tuple[Any, ...],
    wrt: Any,
    options: Settings,
) -> tuple[Question, Settings]:
    """The question about a derivative, its f and `meant` with the arguments held that `stop_gradient` names.

    Raises InvalidProblem for an unknown one, where none is left to differentiate by, and UsageError for an accuracy
    below rounding.
    """
    function = Function.of(f, inputs, wrt)
    check_accuracy(function, inputs, options.accuracy)
    stopped = _positions(options.stop_gradient, function.names)
    if not stopped:
        return Question(kind, function, derivative), options
    if not set(function.wrt) - stopped:
        raise InvalidProblem("stop_gradient names every input that is differentiated; nothing is left to check")
    if options.meant is not None:
        options = replace(options, meant=_holding(options.meant, stopped))
    return Question(kind, replace(function, f=_holding(f, stopped)), derivative, stopped), options


def _positions(named: Any, names: tuple[str, ...]) -> frozenset[int]:
    chosen = set()
    for name in in_choice(named):
        at = input_position(name, names)
        if at is None:
            raise InvalidProblem(
                f"stop_gradient names an input by position or name, got {shown(name)}; inputs are {', '.join(names)}"
            )
        chosen.add(at)
    return frozenset(chosen)


def _holding(f: Callable[..., Any], stopped: frozenset[int]) -> Callable[..., Any]:
    """f, holding some of its arguments."""

    @wraps(f)
    def holds(*arguments: Any) -> Any:
        return f(*(held(value) if k in stopped else value for k, value in enumerate(arguments)))

    return holds
