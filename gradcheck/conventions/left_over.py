"""What looks like a derivative, by its name, and no convention explains: it is told, and never passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gradcheck.conventions.offer import Contents, Miss, Offer, required_arguments

NAME = "checked"
"""Stands where a miss names its convention: "not checked"."""
_DERIVATIVE = re.compile(
    r"grads?|gradients?|backwards?|backprop|backpropagat\w*|[bf]prop|bwd|prime|deriv\w*|der|jac|jacobians?|hessian|vjp|jvp"
)
"""Words in the name of what gives a derivative."""
_NEVER = re.compile(
    r"num\w*|check\w*|descent|train\w*|tests?|plot|update\w*|clip\w*|zero|print|eval\w*|approx\w*|estimate\w*|optimi\w*|sgd|"
    r"apply|step|no|set|reset|enable|disable|is|requires|accumulate|history"
)
"""Words in the name of what gives none: checks, training, updates, an engine's own switches."""


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
        if name in told or any(issubclass(o, kind) for o in contents.classes.values() if o is not kind):
            continue
        method = next((m for m in _methods(kind) if _is_derivative(m)), None)
        if method is not None:
            yield Miss(NAME, name, f"its method {method}{_listed(kind, method)} fits none of the conventions")
    for name, function in contents.functions.items():
        if name not in told and _is_derivative(name) and required_arguments(function):
            given = ", ".join(required_arguments(function) or ())
            why = f"{name}({given}) is named like a derivative, and what it is the derivative of does not follow"
            yield Miss(NAME, name, f"{why}: name them f and f_grad, or write EXAMPLES in the file")


def _methods(kind: type) -> Iterator[str]:
    for base in kind.__mro__[:-1]:
        yield from (name for name, value in vars(base).items() if callable(value) and not name.startswith("_"))


def _listed(kind: type, method: str) -> str:
    return "(" + ", ".join(name for name in required_arguments(getattr(kind, method)) or () if name != "self") + ")"


def _is_derivative(name: str) -> bool:
    """Whether a name has a word for a derivative, and none for something else."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    return any(map(_DERIVATIVE.fullmatch, words)) and not any(map(_NEVER.fullmatch, words))
