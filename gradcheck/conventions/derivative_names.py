"""Which function of a file is the derivative of which, by their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Literal

from gradcheck.conventions.name_words import without, words

Hint = Literal["derivative", "vjp", "jvp", "jacobian", "hessian", "hvp"]
"""What a name says that a function returns."""

_AROUND: tuple[tuple[str, Hint], ...] = (
    (
        r"(?P<f>\w+?)_?(grad|gradient|prime|derivative|deriv|der|slope|diff|Grad|Gradient|Prime|Derivative|Deriv)s?",
        "derivative",
    ),
    (r"(?P<f>\w+?)_(d|dx|dz|dw|wrt_\w+|gradients)", "derivative"),
    (r"(grad|gradient|gradient_of|derivative|derivative_of|deriv|d|grad_of|der|nabla)_(?P<f>\w+)", "derivative"),
    (r"(compute_|calc_|calculate_|get_)?(grad|gradient|derivative)_?(?P<f>\w+)", "derivative"),
    (r"d(?P<f>[a-zA-Z]\w*?)(_?d[a-z])?", "derivative"),
    (r"(?P<f>\w+?)_(backward|back|bwd|vjp|pullback|adjoint|backprop|bprop|rev|transpose)", "vjp"),
    (r"(backward|bwd|vjp|pullback)_(?P<f>\w+)", "vjp"),
    (r"(?P<f>\w+?)_(jvp|pushforward|fwd_grad|tangent|directional)", "jvp"),
    (r"(?P<f>\w+?)_(jac|jacobian|J)", "jacobian"),
    (r"(jac|jacobian|jacobian_of|J)_(?P<f>\w+)", "jacobian"),
    (r"(?P<f>\w+?)_(hvp|hessp|hess(ian)?_(vec|vector|prod|vector_product|vec_product))", "hvp"),
    (r"hvp_(?P<f>\w+)", "hvp"),
    (r"(?P<f>\w+?)_(hess|hessian|Hessian)", "hessian"),
    (r"(compute_|calc_)?(hess|hessian|hessian_of|d2)_?(?P<f>\w+)", "hessian"),
)
"""How the name of a derivative is made from that of its function."""
_OBJECTIVES = (
    "loss", "cost", "objective", "energy", "f", "func", "fun", "function", "cost_function", "loss_function",
    "compute_cost", "compute_loss", "criterion", "potential", "J", "forward", "error", "log_likelihood", "nll",
    "calculate_cost", "calculate_loss", "get_loss", "get_cost", "objective_function",
)  # fmt: skip
"""Names of functions whose derivative does not hold them."""
_ALONE: tuple[tuple[str, tuple[str, ...], Hint], ...] = (
    (
        r"(compute_|calc_|calculate_|get_)?(grad|gradient|gradients|derivative|d)(_function|_func|_fn)?|fprime|gradf|dfunc|dfdx|df",
        _OBJECTIVES,
        "derivative",
    ),
    (r"backward|backprop|bwd|vjp|backward_pass", ("forward", "fwd", "f", "func", "forward_pass", "loss"), "vjp"),
    (r"jvp", ("f", "func", "forward"), "jvp"),
    (
        r"(compute_|calc_)?(jac|jacobian)",
        ("f", "func", "fun", "residual", "residuals", "model", "forward", "objective", "F", "system"),
        "jacobian",
    ),
    (r"(compute_|calc_)?(hess|hessian|Hessian)(_matrix)?|d2f|ddf|H|f2prime|fprime2", _OBJECTIVES, "hessian"),
    (r"hvp|hessp|hess(ian)?_(vec|vector|prod|vector_product|vec_product)", _OBJECTIVES, "hvp"),
)
"""Names of derivatives that do not hold that of their function, and what their function is called then."""
_LOSSES = frozenset({"cost", "loss", "objective", "energy", "error", "j", "criterion", "likelihood", "penalty"})
"""Words of which one is in the name of a function whose gradient has `gradient` in its place."""
_GRADIENTS = frozenset({"gradient", "derivative", "deriv", "der"})
_FILLERS = frozenset({"compute", "calc", "calculate", "get", "function", "func", "fn", "fun", "of", "value", "the"})
"""Words that say nothing of which function belongs to which gradient."""
NEVER = re.compile(
    r"(?i)\w*(train|main|fit|load|plot|numeric|check|finite|test|descent|optimi[sz]|predict|update|draw)\w*"
)
"""Names of functions that are never called: they train, plot, or differentiate numerically."""


def derivatives(names: Collection[str], candidates: Iterator[str]) -> Iterator[tuple[str, str, Hint]]:
    """(function, derivative, what the derivative's name says) for each derivative among `candidates`."""
    for derivative in candidates:
        if NEVER.fullmatch(derivative):
            continue
        found = next(_functions(derivative, names), None) or next(_losses(derivative, names), None)
        if found is not None:
            yield found[0], derivative, found[1]


def _losses(derivative: str, names: Collection[str]) -> Iterator[tuple[str, Hint]]:
    """`compute_cost_reg` for `compute_gradient_reg`: the same words, but for those of a loss and of a gradient."""
    own = without(derivative, _FILLERS | _LOSSES)
    if not _GRADIENTS & set(own):
        return
    rest = sorted(set(own) - _GRADIENTS)
    for name in names:
        if name != derivative and _LOSSES & set(words(name)) and not NEVER.fullmatch(name):
            theirs = without(name, _FILLERS)
            if not _GRADIENTS & set(theirs) and sorted(set(theirs) - _LOSSES) == rest:
                yield name, "derivative"


def _functions(derivative: str, names: Collection[str]) -> Iterator[tuple[str, Hint]]:
    for pattern, alone, hint in _ALONE:
        if re.fullmatch(pattern, derivative):
            yield from ((name, hint) for name in alone if name in names)
    for pattern, hint in _AROUND:
        match = re.fullmatch(pattern, derivative)
        if match is None:
            continue
        stem = match["f"].strip("_")
        for name in (
            stem,
            stem[:1].lower() + stem[1:],
            f"{stem}_function",
            f"{stem}_fn",
            f"compute_{stem}",
            f"{stem}_loss",
        ):
            if name in names and name != derivative and not NEVER.fullmatch(name):
                yield name, hint
