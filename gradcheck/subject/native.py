"""`graph`: gradcheck's own engines, a function `gradients(graph, point)`, and functions for networks beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gradcheck.conventions.offer import Contents, Found, Offer, required_arguments
from gradcheck.subject.answer import ENTRY_POINTS, NATIVE
from gradcheck.subject.loading import declarations

NAME = "graph"
ABOUT = "gradients(graph, point), with or without mlp_gradients, neuron_gradients and train"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """The native entry points of a file with `gradients`, and what it declares."""
    offer = native_offer(NAME, contents)
    if offer is not None and NATIVE in offer.functions:
        yield offer


def native_offer(convention: str, contents: Contents) -> Offer | None:
    """The native entry points of the file; None without one.

    `train` is one where it takes a single argument, or is asked for; others of that name train a network of their own.
    """
    functions = {
        name: function
        for name, function in ((name, contents.functions.get(name)) for name in ENTRY_POINTS)
        if function is not None and (contents.only or name != "train" or len(required_arguments(function) or ()) == 1)
    }
    if not functions:
        return None
    declared = declarations(contents.module)
    return Offer(
        convention,
        ", ".join(functions),
        claims=frozenset(functions),
        functions=functions,
        ops=declared.ops,
        dtype=declared.dtype,
    )
