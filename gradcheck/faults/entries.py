"""The faults that an entry point can have, each with all bends that make it there.

Most rows of the catalogue belong to one entry point. Networks of neurons share the mistakes in branches and order with
graphs, and others with MLPs; the table below lists the bends for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.fault import Fault, Subject
from gradcheck.faults.neurons import branches as branches
from gradcheck.faults.neurons import neuron_layers as neurons


def _orders(bend: type[branches.ByMessages]) -> tuple[Callable[[], Subject], ...]:
    """The bend in both orders that S2 allows, with the loss's message among the others or apart from them."""
    return tuple(
        partial(bend, order, loss_apart=apart) for order in ("levels", "enumeration") for apart in (False, True)
    )


NEURONS_TOO: Mapping[str, tuple[Callable[[], Subject], ...]] = MappingProxyType(
    {
        "F01": _orders(branches.LastMessage),
        "F04": (partial(branches.ByMessages, "declared"),),
        "F08": _orders(branches.FirstMessage),
        "F10": (branches.MeanMessage, partial(branches.MeanMessage, loss_apart=True)),
        "F100": (neurons.SlopeAtOutput,),
        "F101": (neurons.SlopeOfOutputAtInput,),
        "F104": (neurons.OuterSlopesForgotten, partial(neurons.OuterSlopesForgotten, sinks=True)),
        "F105": (
            neurons.InnerSlopesForgotten,
            partial(neurons.InnerSlopesForgotten, all_too=True),
            neurons.SlopeNotPassedOn,
        ),
        "F107": (neurons.OwnOutput,),
        "F109": (neurons.UpdatedBeforeUse,),
        "F115": tuple(partial(neurons.OneSampleOnly, at, whole=whole) for at in (-1, 0) for whole in (False, True)),
        "F116": (neurons.Summed,),
        "F117": (neurons.AveragedTwice, partial(neurons.AveragedTwice, always=True)),
        "F118": (neurons.AveragedOverOutputs, partial(neurons.AveragedOverOutputs, always=True)),
        "F119": (neurons.HalfForgotten,),
        "F120": (neurons.SignOfError,),
        "F121": (neurons.SigmoidSlopeTwice,),
    }
)
"""Bends for networks of neurons, by the code of a row that belongs to graphs or MLPs."""


def bends_at(entry: str) -> Iterator[tuple[Fault, Callable[[], Subject]]]:
    """Each fault that gives wrong numbers at an entry point, with each of its bends there."""
    for row in CATALOGUE:
        own = row.bends if row.entry == entry and not row.right else ()
        also = NEURONS_TOO.get(row.code, ()) if entry == "neuron_gradients" else ()
        yield from ((row, make) for make in (*own, *also))
