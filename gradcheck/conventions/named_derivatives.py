"""`functions`: a module with functions and their derivatives, told by their names: `f` and `f_grad`, `f_prime` ...

What a derivative returns is told by its arguments and by shapes: the gradient of a number, a slope entry by entry, a
Jacobian, or a VJP or JVP of what it is handed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from gradcheck.conventions.derivative_names import Hint, derivatives
from gradcheck.conventions.example_inputs import Example, arguments, as_example, given, how_to_give
from gradcheck.conventions.example_sources import asked_arguments, inputs_of_calls
from gradcheck.conventions.flagged_functions import flagged
from gradcheck.conventions.folded_outputs import OPTION as INNER
from gradcheck.conventions.folded_outputs import folded
from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.layer_functions import LayerFunctions, Ran
from gradcheck.conventions.loss_functions import losses
from gradcheck.conventions.offer import Bound, Contents, Found, Miss, Offer, Pair
from gradcheck.conventions.readings import Asking
from gradcheck.conventions.slope_arguments import Side, side_of, side_of_flag

NAME = "functions"
ABOUT = (
    "functions and derivatives by name: f and f_grad, grad_f, df, f_prime, f_vjp, f_jvp, f_jac, loss and gradient; "
    "f(x, deriv=True); functions that return a loss with its gradients"
)
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({"slope": ("input", "output"), "inner": INNER, "of": ()})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all pairs of the file; a Miss for each that cannot be asked."""
    calls = ForeignCalls(contents.module)
    pairs: list[Pair] = []
    notes: list[str] = []
    claims: set[str] = set()
    for told in _named(contents, options.get("of", "")):
        if isinstance(told, Miss):
            yield told
            continue
        f, derivative, hint = told
        if derivative in contents.claimed:  # it belongs to the function that claimed it, such as NAME_forward
            continue
        found = pair_of(contents, calls, f, derivative, hint, options)
        if isinstance(found, Miss):
            yield found
            continue
        pairs += found[0]
        notes += found[1]
        claims |= {f, derivative}
    for name, parts in flagged(contents):
        slope = f"{name}({parts.flag}=True)"
        both = Bound(contents, {name: parts.value, slope: parts.derivative})
        side = partial(side_of_flag, contents.functions[name], parts.flag, contents.module)
        found = pair_of(both, calls, name, slope, "derivative", options, side=side)
        if isinstance(found, Miss):
            yield replace(found, name=name)
            continue
        pairs += found[0]
        notes += found[1]
        claims.add(name)
    for loss in losses(contents, calls, NAME):
        if isinstance(loss, Miss):
            yield loss
        elif loss.name not in claims:
            pairs.append(loss)
            claims.add(loss.name)
    if pairs:
        title = ", ".join(dict.fromkeys(pair.shown for pair in pairs))
        yield Offer(NAME, title, claims=frozenset(claims), pairs=tuple(pairs), notes=(*notes, *calls.remarks()))


def _named(contents: Contents, of: str) -> Iterator[tuple[str, str, Hint] | Miss]:
    """Function and derivative by their names, or as the user says; and what the derivative's name says."""
    by_names = list(derivatives(contents.helpers, iter(contents.functions)))
    if not by_names and contents.only in contents.helpers:  # the function was named, and not its derivative
        by_names = [told for told in derivatives(contents.helpers, iter(contents.helpers)) if told[0] == contents.only]
    if not of:
        yield from by_names
    elif of not in contents.helpers:
        yield Miss(NAME, of, f"the file has no function of this name, which --as {NAME}:of={of} speaks of")
    elif contents.only is None:
        yield Miss(NAME, of, f"say of which derivative: gradcheck verify FILE:DERIVATIVE --as {NAME}:of={of}")
    else:
        hint: Hint = next((hint for _, _, hint in by_names), "derivative")
        yield from ((of, derivative, hint) for derivative in contents.functions)


def pair_of(
    contents: Contents,
    calls: ForeignCalls,
    f: str,
    derivative: str,
    hint: Hint,
    options: Mapping[str, str],
    convention: str = NAME,
    side: Callable[[], Side | None] | None = None,
) -> tuple[list[Pair], list[str]] | Miss:
    """The pair of two of the file's helpers, and notes; a Miss where they cannot be asked.

    `side()` says which side of f the derivative takes, where that shows otherwise than between functions.
    """
    function, answer = contents.helpers[f], contents.helpers[derivative]
    names, asked = arguments(function), arguments(answer)
    if not names or asked is None:
        return Miss(NAME, derivative, f"{f} takes no inputs, or a signature is not to be had")
    own = given(contents, f, derivative)
    example = None if own is None else as_example(own, names)
    if hint == "hvp" and len(asked) < 2:
        return Miss(NAME, derivative, "it takes no vector")
    takes_another = len(asked) == len(names) + 1 and not set(asked) <= set(inspect.signature(function).parameters)
    if hint == "vjp" or (hint == "derivative" and takes_another):
        return _vjp(LayerFunctions(calls, function, answer, convention, options.get("slope", "")), f, answer, example)
    through = folded(function, answer, contents.module, options.get("inner", "")) if hint == "derivative" else None
    own_names = (f.rpartition(".")[2], derivative.rpartition(".")[2])
    told = side() if side is not None else side_of(function, answer, own_names, contents.module)
    needed = asked_arguments(function, asked) or []
    further = partial(inputs_of_calls, contents, function, needed)
    asking = Asking(calls, (f, derivative), function, answer, hint, further, example, convention, options)
    made = asking.pair(through, told)
    if isinstance(made, str):
        return Miss(NAME, f"{f} and {derivative}", f"{made}; {how_to_give(f, names)}")
    return [made[0]], made[1]


def _vjp(
    functions: LayerFunctions, name: str, derivative: Callable[..., Any], example: Example | None
) -> tuple[list[Pair], list[str]] | Miss:
    ran = functions.ran(functions.examples(example))
    if example is None and not (isinstance(ran, Ran) and ran.fits and not ran.answers_targets):
        other = functions.with_data_for_targets()
        ran = other if isinstance(other, Ran) and other.fits else ran
    if isinstance(ran, str) or ran.call is None or not ran.example.variable:
        why = ran if isinstance(ran, str) else ran.why
        return Miss(NAME, f"{name} and {derivative.__name__}", f"{why}; {how_to_give(name, functions.names)}")

    pair, more = functions.with_further(name, ran)
    pairs = [pair]
    if not ran.fits and example is None and (even := functions.on_squares()) is not None:
        pairs.append(functions.pair(f"{name}, all sizes equal", even))
    return pairs, [f"{name}: asked at {ran.example.shapes} ({ran.example.layout})", *more]
