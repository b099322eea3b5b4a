"""The conventions of gradcheck itself: `graph`, a function `gradients(graph, point)`, and its like for networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gradcheck.subject.answer import ENTRY_POINTS
from gradcheck.subject.conventions.offer import Contents, Found, Offer, required_arguments
from gradcheck.subject.loading import declarations

NAME = "graph"
ABOUT = "gradients(graph, point), mlp_gradients(net, point), neuron_gradients(net, point) or train(training)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """The native entry points of the file, with what it declares."""
    functions = {name: contents.functions[name] for name in ENTRY_POINTS if name in contents.functions}
    if not contents.only and "train" in functions and len(required_arguments(functions["train"]) or ()) != 1:
        del functions["train"]  # training of another kind, which is never called
    if functions:
        declared = declarations(contents.module)
        title = ", ".join(functions)
        yield Offer(
            NAME, title, claims=frozenset(functions), functions=functions, ops=declared.ops, dtype=declared.dtype
        )
