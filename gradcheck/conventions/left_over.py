"""What looks like a derivative, by its name, and no convention explains: it is told, and never passed over."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradcheck.conventions.name_words import words
from gradcheck.conventions.offer import Contents, Miss, Offer, inherits, required_arguments

NAME = "checked"
"""Stands where a miss names its convention: "not checked"."""
_OF = "gradcheck verify FILE:{} --as functions:of=FUNCTION"
_DERIVATIVE = re.compile(
    r"grads?|gradients?|backwards?|back|backprop|backpropagat\w*|[bf]prop|bwd|prime|deriv\w*|der|jac|jacobians?|hessian|vjp|jvp|"
    r"pullback|pushforward|adjoint|nabla"
)
"""Words in the name of what gives a derivative."""
_NEVER = re.compile(
    r"num\w*|check\w*|descent|train\w*|tests?|plot|update\w*|clip\w*|zero|print|eval\w*|approx\w*|estimate\w*|optimi\w*|sgd|"
    r"apply|step|no|set|reset|enable|disable|is|requires|accumulate|history"
)
"""Words in the name of what gives none: checks, training, updates, an engine's own switches."""
_UPSTREAM = re.compile(
    r"d_?(out|y|z|a|l|output)|up_?stream\w*|grad_?out\w*|output_?grad\w*|(is_)?deriv(ative)?|cotangent|out_?grad\w*",
    re.I,
)
"""Names of arguments of what gives a derivative: the upstream gradient, or a flag."""


def left_over(contents: Contents, offers: Sequence[Offer], misses: Sequence[Miss]) -> Iterator[Miss]:
    """A Miss for each class with a backward method, and each function named like a derivative, that nothing speaks of.

    Beside an engine none is told: its ops are asked through it, and the rest are its own tools. A base class is asked
    through its subclasses.
    """
    if any(offer.functions for offer in offers):
        return
    explained = {name for offer in offers for name in (offer.name, *offer.claims)}
    told = {word for miss in misses for word in re.findall(r"\w+", miss.name)} | explained
    for name, kind in contents.classes.items():
        if name in told or any(inherits(o, kind) for o in contents.classes.values() if o is not kind):
            continue
        method = next((m for m in _methods(kind) if is_derivative(m) or _takes_upstream(m, getattr(kind, m))), None)
        if method is not None:
            yield Miss(NAME, name, f"its method {method}{_listed(kind, method)} fits none of the conventions")
    for name, function in contents.functions.items():
        given = required_arguments(function)
        if name in told or not given:
            continue
        why = f"and what it is the derivative of does not follow: name them f and f_grad, or say what it is: {_OF}"
        if is_derivative(name):
            yield Miss(NAME, name, f"{name}({', '.join(given)}) is named like a derivative, {why.format(name)}")
        elif _takes_upstream(name, function):
            yield Miss(NAME, name, f"{name}({', '.join(given)}) takes what a derivative takes, {why.format(name)}")


def _takes_upstream(name: str, function: Callable[..., Any]) -> bool:
    """Whether an argument is an upstream gradient or a flag that asks for a derivative."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return False
    others = any(_NEVER.fullmatch(word) for word in words(name))
    return any(map(_UPSTREAM.fullmatch, names)) and not others


def _methods(kind: type) -> Iterator[str]:
    for base in kind.__mro__[:-1]:
        yield from (name for name, value in vars(base).items() if callable(value) and not name.startswith("_"))


def _listed(kind: type, method: str) -> str:
    return "(" + ", ".join(name for name in required_arguments(getattr(kind, method)) or () if name != "self") + ")"


def is_derivative(name: str) -> bool:
    """Whether a name has a word for a derivative, and none for something else."""
    found = words(name)
    return any(map(_DERIVATIVE.fullmatch, found)) and not any(map(_NEVER.fullmatch, found))
