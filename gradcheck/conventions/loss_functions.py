"""Functions that return a loss and its gradient at once: `softmax_loss(x, y) -> loss, dx`, `f(w, X, y) -> J, grad`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import update_wrapper
from itertools import islice
from typing import Any

from gradcheck.conventions.documented_shapes import as_documented
from gradcheck.conventions.example_inputs import Example, how_to_give
from gradcheck.conventions.example_sources import asked_arguments, inputs_by_names, inputs_from_file, inputs_of_calls
from gradcheck.conventions.foreign_calls import ForeignCalls, copied, lent
from gradcheck.conventions.global_parameters import examples, held_globals, with_arguments
from gradcheck.conventions.layer_functions import is_real, source
from gradcheck.conventions.offer import Contents, Miss, Pair
from gradcheck.conventions.returned_losses import LossParts, loss_parts
from gradcheck.conventions.source_trees import is_gradient, returned_names

NAMES = re.compile(r"\w*(loss|cost|_and_grad|objective|nll|criterion|cross_entropy|mse|bce)\w*", re.I)
"""Names of functions that are tried as a loss with its gradient."""
_NEVER = re.compile(
    r"\w*(train|fit|main|load|plot|print|check|test|eval_numerical|descent|sgd|optimi[sz]|update)"
    r"\w*|numerical\w*",
    re.I,
)
"""Names of functions that are never called."""
_HALF = re.compile(r"\w*(forward|backward|_prime)\w*", re.I)
"""Names of functions that give one of the two, unless their `return` says otherwise."""
_MOST_TRIED = 500
"""Maximum number of example inputs at which a loss is tried."""


def losses(contents: Contents, calls: ForeignCalls, convention: str) -> Iterator[Pair | Miss]:
    """Every function of the file that returns a number and gradients, as its name or its `return` says.

    One that says so and cannot be asked is a Miss.
    """
    for name, function in contents.functions.items():
        if _NEVER.fullmatch(name) or name in contents.claimed:
            continue
        if (NAMES.fullmatch(name) and not _HALF.fullmatch(name)) or says_both(function):
            found = _of_globals(calls, name, function) or loss(contents, calls, name, function, convention)
            if found is not None:
                yield found


def _of_globals(calls: ForeignCalls, name: str, function: Callable[..., Any]) -> Pair | None:
    """The pair of a loss whose parameters are the file's own arrays; None for any other."""
    said, names = returned_names(function), asked_arguments(function)
    held = held_globals(function, said)
    if not held or not names:
        return None
    asked = with_arguments(function, held)
    for example in examples(names, held):
        try:
            returned = calls(asked, **{n: copied(v) for n, v in example.values.items()})
        except Exception:  # these arguments are not for it
            continue
        parameters = {n: example.values[n] for n in held}
        parts = loss_parts(returned, said, parameters, (*held, *names))
        if isinstance(parts, LossParts) and parts.where.fit:
            return _pair(calls, name, asked, example, parts)
    return None


def says_both(function: Callable[..., Any]) -> bool:
    """Whether a function's `return` names a value first or last, and nothing but gradients besides."""
    said = returned_names(function)
    if len(said) < 2:
        return False
    gradients = [is_gradient(name) for name in said]
    return sum(gradients) == len(said) - 1 and not (gradients[0] and gradients[-1])


def loss(
    contents: Contents, calls: ForeignCalls, name: str, function: Callable[..., Any], convention: str
) -> Pair | Miss | None:
    """The pair of one loss; None for a function that returns no gradient."""
    names = asked_arguments(function)
    if not names:
        return None
    said = returned_names(function)
    order = "F" if re.search(r"order *= *['\"]F", source(function)) else "C"
    own = inputs_from_file(contents, names, name)
    by_names = inputs_by_names(names, inputs_of_calls(contents, function, names))
    examples = [own] if own is not None else as_documented(function, names, by_names)
    ran_without, foreign, why = False, "", "no example inputs fit its arguments"
    first: tuple[Example, LossParts] | None = None
    for example in islice(examples, _MOST_TRIED):
        try:
            returned = calls(function, **{n: copied(v) for n, v in example.values.items()})
        except Exception as wrong:  # these inputs are not for it
            why = f"it raises {type(wrong).__name__}: {wrong}"[:200]
            continue
        parts = loss_parts(returned, said, {n: example.values[n] for n in example.variable}, names, order)
        if isinstance(parts, str):
            why = parts
            ran_without = ran_without or is_real(returned)
            continue
        strangers = [k for k in said if is_gradient(k) and not _of_an_input(k, names)]
        if strangers and not parts.where.fit:
            foreign = f"it returns {', '.join(strangers)}, and none of its inputs is called so"
            continue
        first = first or (example, parts)
        if parts.where.fit:
            return _pair(calls, name, function, example, parts)
    if first is not None:
        return _pair(calls, name, function, *first)
    if own is not None:
        return Miss(convention, name, f"it does not run at the inputs of EXAMPLES; {how_to_give(name, names)}")
    return (
        Miss(convention, name, f"{foreign or why}; {how_to_give(name, names)}")
        if any(map(is_gradient, said)) and not ran_without
        else None
    )


def _of_an_input(said: str, names: Sequence[str]) -> bool:
    """Whether what a gradient's name says beside that it is one belongs to an input, or is nothing."""
    rest = re.sub(r"^(d[Jj]_?d|d_?|grads?_?)|_?(grads?|gradient)$", "", said).strip("_").lower()
    return not rest or any(rest in name.lower() or name.lower() in rest for name in names)


def _pair(calls: ForeignCalls, name: str, function: Callable[..., Any], example: Example, parts: LossParts) -> Pair:
    wrt = tuple(parts.where.of)

    def both(*arrays: Any) -> tuple[Any, Any]:
        values = {n: lent(arrays[wrt.index(n)]) if n in wrt else copied(v) for n, v in example.values.items()}
        return parts.read(calls(function, **values))

    own = update_wrapper(both, function)
    own.argument_names = wrt  # type: ignore[attr-defined] # read by input_names
    inputs = tuple(example.values[n] for n in wrt)
    return Pair(name, "value_and_gradient", own, None, inputs, shown=name)
