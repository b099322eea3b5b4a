"""`layer-pairs`: `NAME_forward(...) -> (out, cache)` and `NAME_backward(dout, cache)`, as in CS231n.

Also `softmax_loss(x, y) -> (loss, dx)`, which answers both at once.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from gradcheck.conventions.example_inputs import Example, as_example, given, how_to_give
from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.layer_functions import LayerFunctions, Ran
from gradcheck.conventions.layer_settings import other_settings, same_outputs, settings_text, with_more_axes
from gradcheck.conventions.loss_functions import losses
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair

NAME = "layer-pairs"
ABOUT = "NAME_forward(...) -> (out, cache) and NAME_backward(dout, cache); NAME_loss(x, y) -> (loss, dx) (CS231n)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({"slope": ("input", "output")})

_SPELLINGS = (("forward", "backward"), ("fwd", "bwd"), ("fprop", "bprop"), ("forward", "backprop"))
"""How the two functions of a layer are told apart."""
_REFUSALS = ("it raises NotImplementedError", "it raises AssertionError")
"""How a backward function says that it is not meant for a setting."""
_VARIANT = re.compile(
    r"_(alt\w*|fast\w*|vec\w*|naive\w*|slow|loops?|simple|simplified|efficient|opt\w*|new|old|im2col|strides?|v?\d+|second)"
)
"""Ends of the name of a second backward function for the same forward function."""


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all layers of the file; a Miss for each that cannot be run."""
    calls = ForeignCalls(contents.module)
    pairs: list[Pair] = []
    notes: list[str] = []
    warnings: list[str] = []
    claims: set[str] = set()
    for name, forward, backward in layers(contents):
        if {forward, backward} <= contents.claimed:
            continue
        functions = LayerFunctions(
            calls, contents.helpers[forward], contents.helpers[backward], NAME, options.get("slope", "")
        )
        found = layer(contents, name, functions)
        if isinstance(found, Miss):
            yield found
            continue
        pairs += found[0]
        notes += found[1]
        warnings += found[2]
        claims |= {forward, backward}
    for loss in losses(contents, calls, NAME) if pairs or contents.wanted else ():  # else they are plain functions
        if isinstance(loss, Miss):
            yield loss
        else:
            pairs.append(loss)
            claims.add(loss.shown)
    if pairs:
        title = ", ".join(dict.fromkeys(pair.name.partition(", ")[0] for pair in pairs))
        notes += calls.remarks()
        known = frozenset(claims)
        yield Offer(NAME, title, claims=known, pairs=tuple(pairs), notes=tuple(notes), warnings=tuple(warnings))


def layers(contents: Contents) -> Iterator[tuple[str, str, str]]:
    """Name of each layer, of its forward function and of its backward function."""
    for backward in contents.functions if contents.only is None else contents.helpers:
        for ahead, back in _SPELLINGS:
            forward = _forward(backward, back, ahead, contents.helpers) if back in backward else None
            if forward is not None and contents.only in (None, forward, backward):
                name = backward.replace(back, "").replace("__", "_").strip("_")
                yield name or "forward and backward", forward, backward
                break


def _forward(backward: str, back: str, ahead: str, known: Container[str]) -> str | None:
    """The forward function of a backward function; that of its layer, for one variant of several."""
    stem, _, variant = backward.partition(back)
    names = [f"{stem}{ahead}{variant}"]
    if _VARIANT.fullmatch(variant):
        names += [f"{stem}{ahead}", f"{stem}{ahead}_naive"]
    return next((name for name in names if name in known), None)


def layer(
    contents: Contents, name: str, functions: LayerFunctions
) -> tuple[list[Pair], list[str], tuple[str, ...]] | Miss:
    """The pairs of one layer, notes and warnings; a second pair at equal sizes, if only there it has numbers."""
    names, shown = functions.names, functions.shown
    forward = shown.partition(" and ")[0]
    if not names:
        return Miss(NAME, shown, "the forward function takes no inputs")
    own = given(contents, name, forward)
    example: Example | None = None if own is None else as_example(own, names)
    ran = functions.ran(functions.examples(example))
    if example is None and not (isinstance(ran, Ran) and ran.fits and not ran.answers_targets):
        other = functions.with_data_for_targets()
        ran = other if isinstance(other, Ran) and other.fits else ran
    if isinstance(ran, str):
        return Miss(
            NAME,
            shown,
            f"no inputs were found at which {forward} runs (last: {ran}); {how_to_give(name, names)}",
        )
    if ran.call is None or not ran.example.variable:
        return Miss(NAME, shown, ran.why or "none of its inputs can be differentiated")
    pairs, notes = [functions.pair(name, ran, settings_text(ran.example))], list(remarks(name, ran))
    if not ran.fits and example is None and (even := functions.on_squares()) is not None:
        pairs.append(functions.pair(f"{name}, all sizes equal", even))
    if ran.fits and example is None:
        others = list(_at_other_settings(functions, name, ran))
        pairs += [found for found in others if isinstance(found, Pair)]
        notes += [found for found in others if isinstance(found, str)]
    return pairs, notes, ran.warnings


def _at_other_settings(functions: LayerFunctions, name: str, ran: Ran) -> Iterator[Pair | str]:
    """The layer at other settings that it reads, and what is to be said of those at which it is not asked.

    A setting that the forward function takes, and its backward function breaks at, is asked: that is a mistake.
    """
    usual = functions.outputs(ran)
    for setting in other_settings(ran.example):
        tried = functions.at(setting.example)
        if isinstance(tried, str):
            yield f"{name}: not asked with {setting.text}: the forward function refuses it ({tried})"
            continue
        if same_outputs(functions.outputs(tried), usual):
            continue
        refused = tried.why.startswith(_REFUSALS) or (setting.may_lack and not tried.fits)
        if tried.call is None or refused:
            why = tried.why or "its gradients have other shapes"
            yield f"{name}: not asked with {setting.text}: the backward function has no answer there ({why})"
            continue
        yield functions.pair(f"{name}, {setting.text}", _placed(tried, ran), setting.text)
    if (more := with_more_axes(ran.example)) is not None:
        deep, flat = functions.at(more[0].example), functions.at(more[1])
        if not isinstance(deep, Ran) or not isinstance(flat, Ran) or deep.call is None or not flat.fits:
            return
        if same_outputs(functions.outputs(deep), functions.outputs(flat)):
            yield functions.pair(f"{name}, {more[0].text}", _placed(deep, ran), more[0].text)


def _placed(tried: Ran, usual: Ran) -> Ran:
    """A run with the places of gradients of the usual one, where its own could not be told."""
    return tried if tried.where is not None else replace(tried, where=usual.where)


def remarks(name: str, ran: Ran) -> Iterator[str]:
    """Where a layer is asked, and what was settled about it."""
    yield f"{name}: asked at {ran.example.shapes} ({ran.example.layout})"
    if ran.where is not None and ran.where.note:
        yield f"{name}: {ran.where.note}"
    if (other := ran.instead_of) is not None:
        why = other.why or "its gradients have other shapes"
        yield f"{name}: forward also runs at {other.example.shapes} ({other.example.layout}); backward does not: {why}"
