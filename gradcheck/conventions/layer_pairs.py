"""`layer-pairs`: `NAME_forward(...) -> (out, cache)` and `NAME_backward(dout, cache)`, as in CS231n.

Also `softmax_loss(x, y) -> (loss, dx)`, which answers both at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from gradcheck.conventions.example_inputs import Example, arguments, as_example, given, how_to_give
from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.layer_functions import LayerFunctions, Ran
from gradcheck.conventions.loss_functions import losses
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair

NAME = "layer-pairs"
ABOUT = "NAME_forward(...) -> (out, cache) and NAME_backward(dout, cache); NAME_loss(x, y) -> (loss, dx) (CS231n)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})

_SPELLINGS = (("forward", "backward"), ("fwd", "bwd"), ("fprop", "bprop"), ("forward", "backprop"))
"""How the two functions of a layer are told apart."""


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all layers of the file; a Miss for each that cannot be run."""
    calls = ForeignCalls(contents.module)
    pairs: list[Pair] = []
    notes: list[str] = []
    claims: set[str] = set()
    for name, forward, backward in layers(contents):
        if {forward, backward} <= contents.claimed:
            continue
        found = layer(contents, calls, name, contents.helpers[forward], contents.helpers[backward])
        if isinstance(found, Miss):
            yield found
            continue
        pairs += found[0]
        notes += found[1]
        claims |= {forward, backward}
    for loss in losses(contents, calls):
        if isinstance(loss, Miss):
            yield loss
        else:
            pairs.append(loss)
            claims.add(loss.shown)
    if pairs:
        title = ", ".join(dict.fromkeys(pair.name for pair in pairs))
        yield Offer(NAME, title, claims=frozenset(claims), pairs=tuple(pairs), notes=(*notes, *calls.remarks()))


def layers(contents: Contents) -> Iterator[tuple[str, str, str]]:
    """Name of each layer, of its forward function and of its backward function."""
    for backward in contents.functions:
        for ahead, back in _SPELLINGS:
            forward = backward.replace(back, ahead)
            if back in backward and forward in contents.helpers:
                name = backward.replace(back, "").replace("__", "_").strip("_")
                yield name or "forward and backward", forward, backward
                break


def layer(
    contents: Contents, calls: ForeignCalls, name: str, forward: Callable[..., Any], backward: Callable[..., Any]
) -> tuple[list[Pair], list[str]] | Miss:
    """The pairs of one layer and notes on them; a second pair at equal sizes, if only there it has numbers."""
    names = arguments(forward)
    shown = f"{forward.__name__} and {backward.__name__}"
    if not names:
        return Miss(NAME, shown, "the forward function takes no inputs")
    own = given(contents, name, forward.__name__)
    example: Example | None = None if own is None else as_example(own, names)
    functions = LayerFunctions(calls, forward, backward)
    ran = functions.ran(functions.examples(example))
    if example is None and not (isinstance(ran, Ran) and ran.fits and not ran.answers_targets):
        other = functions.with_data_for_targets()
        ran = other if isinstance(other, Ran) and other.fits else ran
    if isinstance(ran, str):
        return Miss(
            NAME,
            shown,
            f"no inputs were found at which {forward.__name__} runs (last: {ran}); {how_to_give(name, names)}",
        )
    if ran.call is None or not ran.example.variable:
        return Miss(NAME, shown, ran.why or "none of its inputs can be differentiated")
    pairs = [functions.pair(name, ran)]
    if not ran.fits and example is None and (even := functions.on_squares()) is not None:
        pairs.append(functions.pair(f"{name}, all sizes equal", even))
    return pairs, list(remarks(name, ran))


def remarks(name: str, ran: Ran) -> Iterator[str]:
    """Where a layer is asked, and what was settled about it."""
    yield f"{name}: asked at {ran.example.shapes} ({ran.example.layout})"
    if ran.where is not None and ran.where.note:
        yield f"{name}: {ran.where.note}"
    if (other := ran.instead_of) is not None:
        why = other.why or "its gradients have other shapes"
        yield f"{name}: forward also runs at {other.example.shapes} ({other.example.layout}); backward does not: {why}"
