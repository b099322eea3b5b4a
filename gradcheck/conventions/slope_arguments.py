"""Whether a slope such as `sigmoid_prime` is a function of the input or of the output of its function.

`a * (1 - a)` is the slope of the sigmoid where `a` is its output. What tells is the name of the argument, the
docstring, and what the file itself hands to it; never the numbers.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from gradcheck.conventions.example_inputs import arguments
from gradcheck.conventions.flagged_functions import branch_of_flag, sets_flag
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


def takes_output(f: Callable[..., Any], slope: Callable[..., Any], module: ModuleType) -> bool | None:
    """True or False where something tells; None where nothing does."""
    if len(arguments(f) or []) > 1:
        return False
    mine, own = _first(f), _first(slope)
    if _DOC_OUTPUT.search(inspect.getdoc(slope) or ""):
        return True
    if _computes(slope):
        return False
    if own is not None and OUTPUTS.fullmatch(own) and own != mine:
        return True
    value, derivative = f.__name__, slope.__name__
    return _uses(module, lambda call: _called(call) == value, lambda call: _called(call) == derivative)


def _first(function: Callable[..., Any]) -> str | None:
    try:
        return next(iter(inspect.signature(function).parameters), None)
    except (TypeError, ValueError):
        return None


def flag_takes_output(function: Callable[..., Any], flag: str, module: ModuleType) -> bool | None:
    """The same of a function that gives its derivative where a flag is set."""
    if len(arguments(function) or []) > 2:
        return False
    if _DOC_OUTPUT.search(inspect.getdoc(function) or ""):
        return True
    if _compute(branch_of_flag(function, flag)):
        return False
    name = function.__name__
    return _uses(
        module,
        lambda call: _called(call) == name and not sets_flag(call, flag),
        lambda call: _called(call) == name and sets_flag(call, flag),
    )


def _computes(slope: Callable[..., Any]) -> bool:
    tree = tree_of(slope)
    return tree is not None and _compute([tree])


def _compute(nodes: Sequence[ast.AST]) -> bool:
    """Whether a function such as exp is called: what a slope needs beyond arithmetic it computes from an input."""
    inner = (node for part in nodes for node in ast.walk(part))
    return any(_called(node) not in _ARITHMETIC for node in inner if isinstance(node, ast.Call))


def _uses(
    module: ModuleType, is_value: Callable[[ast.Call], bool], is_slope: Callable[[ast.Call], bool]
) -> bool | None:
    """What the file hands to the slope: a variable that holds a value of f, or one that does not; None if neither."""
    tree = tree_of(module)
    if tree is None:
        return None
    outputs = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and is_value(node.value):
            outputs |= {ast.dump(target).replace("Store()", "Load()") for target in node.targets}
    given = [node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and is_slope(node) and node.args]
    if not given:
        return None
    return any(ast.dump(one) in outputs or (isinstance(one, ast.Call) and is_value(one)) for one in given)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
