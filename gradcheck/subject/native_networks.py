"""`mlp`: gradcheck's own functions for networks, in a file without an engine of graphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gradcheck.conventions.offer import Contents, Found
from gradcheck.subject.answer import NATIVE
from gradcheck.subject.native import native_offer

NAME = "mlp"
ABOUT = "mlp_gradients(net, point), neuron_gradients(net, point) or train(training), without gradients(graph, point)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """The entry points for networks."""
    offer = native_offer(NAME, contents)
    if offer is not None and NATIVE not in offer.functions:
        yield offer
