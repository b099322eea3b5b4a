"""`functions`: a module with functions and their derivatives, told by their names: `f` and `f_grad`, `f_prime` ...

What a derivative returns is told by its arguments and by shapes: the gradient of a number, a slope entry by entry, a
Jacobian, or a VJP or JVP of what it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gradcheck.conventions.derivative_functions import DerivativeFunctions
from gradcheck.conventions.derivative_names import Hint, derivatives
from gradcheck.conventions.example_inputs import arguments, as_example, given, how_to_give
from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.layer_functions import LayerFunctions, Ran
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair
from gradcheck.conventions.slope_arguments import takes_output

NAME = "functions"
ABOUT = (
    "functions and their derivatives by name: f and f_grad, grad_f, df, f_prime, f_vjp, f_jvp, f_jac, loss and gradient"
)
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({"slope": ("input", "output")})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all pairs of the file; a Miss for each that cannot be asked."""
    calls = ForeignCalls(contents.module)
    pairs: list[Pair] = []
    notes: list[str] = []
    claims: set[str] = set()
    for f, derivative, hint in derivatives(contents.helpers, iter(contents.functions)):
        if {f, derivative} <= contents.claimed:
            continue
        found = pair_of(contents, calls, f, derivative, hint, options)
        if isinstance(found, Miss):
            yield found
            continue
        pairs += found[0]
        notes += found[1]
        claims |= {f, derivative}
    if pairs:
        title = ", ".join(dict.fromkeys(pair.shown for pair in pairs))
        yield Offer(NAME, title, claims=frozenset(claims), pairs=tuple(pairs), notes=(*notes, *calls.remarks()))


def pair_of(
    contents: Contents,
    calls: ForeignCalls,
    f: str,
    derivative: str,
    hint: Hint,
    options: Mapping[str, str],
    convention: str = NAME,
) -> tuple[list[Pair], list[str]] | Miss:
    """The pair of two of the file's helpers, and notes; a Miss where they cannot be asked."""
    function, answer = contents.helpers[f], contents.helpers[derivative]
    names, asked = arguments(function), arguments(answer)
    if not names or asked is None:
        return Miss(NAME, derivative, f"{f} takes no inputs, or a signature is not to be had")
    own = given(contents, f, derivative)
    example = None if own is None else as_example(own, names)
    if hint == "vjp" or (hint == "derivative" and len(asked) == len(names) + 1):
        return _vjp(calls, f, function, answer, example)
    slope = (
        options.get("slope")
        or {True: "output", False: "input", None: ""}[takes_output(function, answer, contents.module)]
    )
    functions = DerivativeFunctions(calls, function, answer, hint, slope or "input")
    found = functions.found(example)
    if isinstance(found, str):
        return Miss(NAME, f"{f} and {derivative}", f"{found}; {how_to_give(f, names)}")
    notes = [f"{f}: asked at {found.example.shapes} ({found.example.layout}), {derivative} as {found.what}"]
    pair = functions.pair(f, found)
    if not slope and found.what.startswith("a slope"):
        way = f"--as {convention}:slope=output"
        pair = replace(pair, settles=f"if your code calls {derivative} with the output of {f}: {way}")
        notes.append(
            f"{derivative}: nothing tells whether it takes the input or the output of {f}; it is asked with the input, "
            f"and {way} asks with the output (after FILE:{derivative}, of this one alone)"
        )
    return [pair], notes


def _vjp(
    calls: ForeignCalls, name: str, f: Callable[..., Any], derivative: Callable[..., Any], example: Any
) -> tuple[list[Pair], list[str]] | Miss:
    functions = LayerFunctions(calls, f, derivative)
    ran = functions.ran(functions.examples(example))
    if example is None and not (isinstance(ran, Ran) and ran.fits and not ran.answers_targets):
        other = functions.with_data_for_targets()
        ran = other if isinstance(other, Ran) and other.fits else ran
    if isinstance(ran, str) or ran.call is None or not ran.example.variable:
        why = ran if isinstance(ran, str) else ran.why
        return Miss(NAME, f"{name} and {derivative.__name__}", f"{why}; {how_to_give(name, arguments(f) or [])}")
    pairs = [functions.pair(name, ran)]
    if not ran.fits and example is None and (even := functions.on_squares()) is not None:
        pairs.append(functions.pair(f"{name}, all sizes equal", even))
    return pairs, [f"{name}: asked at {ran.example.shapes} ({ran.example.layout})"]
