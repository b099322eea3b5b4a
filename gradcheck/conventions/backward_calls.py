"""How a backward function is called: which of its arguments is the cotangent, which the cache, which an input.

Decided by the names of its arguments and by what the forward function returns, never by what comes out.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.conventions import example_shapes

COTANGENT = re.compile(
    r"d_?(out|y|a|z|h|l|j|loss|x_out|output|next_h|next_c|next_\w+|scores|v|o|s|p|q|u|w_out)\w*|grad\w*|g|upstream\w*|delta\w*|"
    r"\w*_(grad|bar|cotangent|gradient|error|err|delta)|v|ct|cotangent\w*|seed|out_?grad|gout|gy|\w*_?output_?grad\w*|error|err|eta|top_diff|bar|"
    r"d_?c(ell)?(_?(next|t|out|new|state))?",
    re.I,
)
"""Names of an argument that takes the gradient with respect to an output."""
CACHE = re.compile(
    r"\w*cache\w*|ctx|context|saved\w*|mem|memory|residuals?|res|tape|aux|store|stored|intermediates?", re.I
)
"""Names of an argument that takes what the forward pass kept."""
OUTPUT = re.compile(
    r"out|output|outputs|y|a|activation|activated|fx|value|result|s|sig|probs|p|h|z_out|h_t|h_next|next_h", re.I
)
"""Names of an argument that takes the output of the forward pass."""
TARGET = re.compile(
    r"targets?|labels?|y_?(true|train|batch|real|actual|target)|true_?\w*|truth|ground_truth|gt|expected\w*|desired\w*",
    re.I,
)
"""Names of an argument that takes what a network is trained towards."""
_INPUT = re.compile(r"x|inputs?|data|features?|images?|x_?(train|batch)|input_data", re.I)
"""Names of an argument that takes the input of the forward pass."""


@dataclass(frozen=True)
class BackwardCall:
    """What each argument of a backward function is: "cotangent K", "cache", "input NAME" or "output K".

    `optional` says that the cotangent has a default.
    """

    roles: tuple[tuple[str, str], ...]
    optional: bool = False

    @property
    def cotangents(self) -> int:
        """Number of cotangents that it takes."""
        return sum(role.startswith("cotangent") for _, role in self.roles)

    def by_input(self, inputs: Sequence[str]) -> BackwardCall | None:
        """The same call with the input where it has the output, if it takes one of the two by a name of one letter.

        `a` and `y` are names of inputs as well as of outputs, where the forward function calls its input otherwise.
        """
        letters = [name for name, role in self.roles if role == "output 0" and len(name) == 1]
        unused = [name for name in inputs if f"input {name}" not in dict(self.roles).values()]
        if len(letters) != 1 or len(inputs) != 1 or len(unused) != 1:
            return None
        roles = tuple((n, f"input {unused[0]}" if n == letters[0] else role) for n, role in self.roles)
        return replace(self, roles=roles)

    def upstream(self, cotangents: Sequence[Any]) -> dict[str, Any]:
        """The cotangents among the arguments, by name."""
        roles = ((name, role.split()) for name, role in self.roles)
        return {name: cotangents[int(role[1])] for name, role in roles if role[0] == "cotangent"}

    def arguments(
        self, cotangents: Sequence[Any], cache: Any, inputs: Mapping[str, Any], outputs: Sequence[Any]
    ) -> dict[str, Any]:
        """The arguments of one call, by name."""
        given = {}
        for name, role in self.roles:
            kind, _, which = role.partition(" ")
            if kind == "input":
                given[name] = inputs[which]
            elif kind == "cache":
                given[name] = cache
            else:
                given[name] = (cotangents if kind == "cotangent" else outputs)[int(which)]
        return given


def backward_call(
    backward: Callable[..., Any], inputs: Sequence[str], outputs: int, *, keeps: bool
) -> BackwardCall | str:
    """How `backward` is called, or why that cannot be told.

    Parameters
    ----------
    inputs: names of the forward function's arguments.
    outputs: number of outputs of the forward function, without what it keeps.
    keeps: whether the forward function also returns something for the backward pass.
    """
    try:
        parameters = list(inspect.signature(backward).parameters.values())
    except (TypeError, ValueError):
        return "its signature is not to be had"
    named = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    roles: dict[str, str] = {}
    for p in named:
        if keeps and CACHE.fullmatch(p.name) and "cache" not in roles.values():
            roles[p.name] = "cache"
        elif p.name in inputs:
            roles[p.name] = f"input {p.name}"
    cotangents = [p.name for p in named if p.name not in roles and COTANGENT.fullmatch(p.name)][:outputs]
    roles.update({name: f"cotangent {k}" for k, name in enumerate(cotangents)})
    left = [p for p in named if p.name not in roles and p.default is inspect.Parameter.empty]
    if left and keeps and "cache" not in roles.values():
        roles[left.pop().name] = "cache"
    target = next((p.name for p in left if TARGET.fullmatch(p.name) and not cotangents), None)
    if target is not None:
        return f"its argument {target!r} takes targets, and none of the others is named like an upstream gradient"
    first = _unnamed_cotangent([p.name for p in left]) if not cotangents and outputs == 1 else None
    for p in left:
        if p.name == first:
            roles[p.name] = "cotangent 0"
        elif OUTPUT.fullmatch(p.name) and outputs == 1:
            roles[p.name] = "output 0"
        elif (
            p is left[-1]
            and (example_shapes.role(p.name) is not None or _INPUT.fullmatch(p.name))
            and len(unused := [n for n in inputs if f"input {n}" not in roles.values()]) == 1
        ):
            roles[p.name] = f"input {unused[0]}"  # the one input that goes by another name here
        else:
            return f"its argument {p.name!r} is neither an upstream gradient, nor a cache, nor an input of the forward"
    optional = any(p.default is not inspect.Parameter.empty for p in named if p.name in cotangents)
    return BackwardCall(tuple((p.name, roles[p.name]) for p in named if p.name in roles), optional)


def _unnamed_cotangent(left: Sequence[str]) -> str | None:
    """Which of the arguments that are left takes the cotangent, though its name does not say so; None where none can.

    One that is named like an output or an input takes that, unless it is an input's name and the only argument.
    """
    if len(left) == 1:
        return None if OUTPUT.fullmatch(left[0]) else left[0]
    return next((name for name in left if not OUTPUT.fullmatch(name) and not _INPUT.fullmatch(name)), None)
