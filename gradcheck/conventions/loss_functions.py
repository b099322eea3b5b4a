"""Loss functions that return their value and its gradient at once: `softmax_loss(x, y) -> (loss, dx)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example, arguments, as_example, candidates, given, how_to_give
from gradcheck.conventions.foreign_calls import ForeignCalls, copied, lent
from gradcheck.conventions.layer_functions import is_real
from gradcheck.conventions.offer import Contents, Miss, Pair
from gradcheck.conventions.returned_gradients import Places, places

NAMES = re.compile(r"\w*(loss|cost|_and_grad|objective|nll|criterion|cross_entropy|mse|bce)\w*", re.I)
"""Names of functions that are tried as a loss with its gradient."""
_NEVER = re.compile(
    r"\w*(train|fit|main|load|plot|print|check|test|eval_numerical|forward|backward|_prime)\w*|numerical\w*", re.I
)
"""Names of functions that are never called."""
_MOST_TRIED = 150
"""Maximum number of example inputs at which a loss is tried."""


def losses(contents: Contents, calls: ForeignCalls) -> Iterator[Pair | Miss]:
    """Every function of the file that is named like a loss and returns a number and gradients."""
    for name, function in contents.functions.items():
        if NAMES.fullmatch(name) and not _NEVER.fullmatch(name) and name not in contents.claimed:
            found = loss(contents, calls, name, function)
            if found is not None:
                yield found


def loss(contents: Contents, calls: ForeignCalls, name: str, function: Callable[..., Any]) -> Pair | Miss | None:
    """The pair of one loss; None for a function that returns no gradient."""
    names = arguments(function)
    if not names:
        return None
    own = given(contents, name)
    examples = [as_example(own, names)] if own is not None else candidates(names)
    ran_without = False
    for k, example in enumerate(examples):
        if k >= _MOST_TRIED:
            break
        try:
            returned = calls(function, **{n: copied(v) for n, v in example.values.items()})
        except Exception:  # these inputs are not for it
            continue
        if not _value_and_gradient(returned):
            ran_without = ran_without or is_real(returned)
            continue
        where = places(returned[1], {n: example.values[n] for n in example.variable}, names)
        if isinstance(where, Places):
            return _pair(calls, name, function, example, where)
    if ran_without or own is None:
        return None
    return Miss("layer-pairs", name, f"it does not run at the inputs of EXAMPLES; {how_to_give(name, names)}")


def _value_and_gradient(returned: Any) -> bool:
    if not isinstance(returned, tuple | list) or len(returned) != 2 or np.size(returned[0]) != 1:
        return False
    parts: Sequence[Any] = (returned[1],)
    if isinstance(returned[1], Mapping):
        parts = list(returned[1].values())
    elif isinstance(returned[1], tuple | list):
        parts = returned[1]
    return is_real(returned[0]) and all(isinstance(p, np.ndarray | np.floating) and is_real(p) for p in parts)


def _pair(calls: ForeignCalls, name: str, function: Callable[..., Any], example: Example, where: Places) -> Pair:
    wrt = tuple(where.of)

    def both(*arrays: Any) -> tuple[Any, Any]:
        values = {n: lent(arrays[wrt.index(n)]) if n in wrt else copied(v) for n, v in example.values.items()}
        value, gradients = calls(function, **values)
        found = where.read(gradients)
        return value, found[0] if len(wrt) == 1 else found

    own = update_wrapper(both, function)
    own.argument_names = wrt  # type: ignore[attr-defined] # read by input_names
    inputs = tuple(example.values[n] for n in wrt)
    return Pair(name, "value_and_gradient", own, None, inputs, shown=name)
