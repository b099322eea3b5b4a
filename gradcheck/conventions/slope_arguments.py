"""Whether a slope such as `sigmoid_prime` is a function of the input or of the output of its function.

`a * (1 - a)` is the slope of the sigmoid where `a` is its output. What tells is what the file itself hands to it, the
docstring, its code, and the name of the argument; never the numbers.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from gradcheck.conventions.example_inputs import arguments
from gradcheck.conventions.flagged_functions import branch_of_flag, sets_flag
from gradcheck.conventions.offer import Reading
from gradcheck.conventions.slope_uses import INPUTS, Use, called, use_of
from gradcheck.conventions.source_trees import tree_of

OUTPUTS = re.compile(
    r"a\d?|out\w*|y|s|sig|fx|f_x|activated\w*|activations?|y_?hat|o|act|\w*_(out|output|activated)|probs?|p|tanh_x|sx|value",
    re.I,
)
"""Names of an argument that is the output."""
_ARITHMETIC = frozenset({
    "where", "ones_like", "zeros_like", "ones", "zeros", "array", "asarray", "multiply", "power", "square", "subtract",
    "add", "divide", "astype", "copy", "float", "int", "maximum", "minimum", "heaviside", "sign", "full_like",
    "reshape", "shape", "len", "range", "abs",
})  # fmt: skip
"""Functions that a slope may call on an output as well as on an input."""
_DOC_OUTPUT = re.compile(
    r"(of|from|by|in terms of|takes|given|expects|assum\w+|is) (the |an |its |already |already-)*(output|activat\w+|"
    r"sigmoid\(|tanh\(|f\(x\))|already (been )?(activated|passed|applied)|(x|z) is (the )?(output|activation|already)",
    re.I,
)


@dataclass(frozen=True)
class Side:
    """Which argument a slope takes, and what of the file says so, in one clause; "" where a name or its code does."""

    output: bool
    because: str = ""


def side_of(
    f: Callable[..., Any], slope: Callable[..., Any], names: tuple[str, str], module: ModuleType
) -> Side | None:
    """Which side of f the slope takes; None where nothing tells. `names` are those by which the file calls the two."""
    if len(arguments(f) or []) > 1:
        return Side(False)
    value, derivative = names
    use = _use(f, module, lambda call: called(call) == value, lambda call: called(call) == derivative)
    mine, own = _first(f), _first(slope)
    by_names = None
    if own is not None and (INPUTS.fullmatch(own) or (OUTPUTS.fullmatch(own) and own != mine)):
        by_names = Side(not INPUTS.fullmatch(own))
    tree = tree_of(slope)
    return _told(slope, use, [] if tree is None else [tree]) or by_names


def side_reading(side: str, convention: str, because: str = "") -> Reading:
    """The reading of a derivative that takes this side of its function, "input" or "output"."""
    return Reading(
        f"as a function of the {side}", f"--as {convention}:slope={side}", f"call it with the {side}", because
    )


def side_of_flag(function: Callable[..., Any], flag: str, module: ModuleType) -> Side | None:
    """The same of a function that gives its derivative where a flag is set."""
    if len(arguments(function) or []) > 2:
        return Side(False)
    name = function.__name__
    use = _use(
        function,
        module,
        lambda call: called(call) == name and not sets_flag(call, flag),
        lambda call: called(call) == name and sets_flag(call, flag),
    )
    return _told(function, use, branch_of_flag(function, flag))


def _told(slope: Callable[..., Any], use: Use | None, code: Sequence[ast.AST]) -> Side | None:
    """What calls tell, then what the docstring says, then what the code of the slope needs, then names in calls."""
    by_calls = None if use is None else Side(use.side == "output", f"the file hands it the {use.side}: {use.call}")
    if use is not None and not use.by_name:
        return by_calls
    if _DOC_OUTPUT.search(inspect.getdoc(slope) or ""):
        return Side(True)
    return Side(False) if computes(code) else by_calls


def _use(
    f: Callable[..., Any],
    module: ModuleType,
    is_value: Callable[[ast.Call], bool],
    is_slope: Callable[[ast.Call], bool],
) -> Use | None:
    """What the file hands to the slope; None for a method of a name that several classes have: who is called?"""
    tree = tree_of(module)
    if tree is not None and inspect.ismethod(f):
        names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        if names.count(f.__func__.__name__) > 1:
            return None
    return use_of(module, is_value, is_slope)


def _first(function: Callable[..., Any]) -> str | None:
    try:
        return next(iter(inspect.signature(function).parameters), None)
    except (TypeError, ValueError):
        return None


def computes(nodes: Sequence[ast.AST]) -> bool:
    """Whether a function such as exp is called: what a slope needs beyond arithmetic it computes from an input."""
    inner = (node for part in nodes for node in ast.walk(part))
    return any(called(node) not in _ARITHMETIC for node in inner if isinstance(node, ast.Call))
