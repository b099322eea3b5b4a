"""What an oracle answers with: per entry a value and how far it can be from the true derivative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gradcheck.problem import Graph, Point

Array = NDArray[Any]


class Kind(StrEnum):
    """How the error bound came about."""

    PROVEN = "proven"
    ESTIMATED = "estimated"


@dataclass(frozen=True)
class Estimate:
    """A derivative with a bound on its error.

    Attributes
    ----------
    value: float64 array of the block's shape.
    error: float64 array of the same shape, >= 0: a bound on |value - true| per entry, the rounding of the true value
        to float64 included; inf where the oracle cannot tell. The value is finite wherever the error is.
    kind: whether the bound is proven or estimated from the data.
    rest, narrow: of a proof in more digits than float64 has: |value + rest - true| <= narrow. None for others.
    """

    value: Array
    error: Array
    kind: Kind
    rest: Array | None = None
    narrow: Array | None = None

    def __post_init__(self) -> None:
        value = np.array(self.value, dtype=np.float64)
        error = np.array(np.broadcast_to(self.error, value.shape), dtype=np.float64)
        unknown = ~np.isfinite(value) | np.isnan(error)
        value[unknown], error[unknown] = 0.0, np.inf
        for name, array in (("value", value), ("error", error)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def unknown(cls, shape: tuple[int, ...], kind: Kind) -> Estimate:
        """An estimate whose error is inf for every entry."""
        return cls(np.zeros(shape), np.full(shape, np.inf), kind)


@dataclass(frozen=True)
class Along:
    """What an oracle knows of the derivative along one direction, where every entry would cost too much.

    Attributes
    ----------
    oracle: the oracle's name.
    direction: per block an array of its shape.
    estimate: of the sum over all blocks of <derivative, direction>, shape ().
    notes: facts for the report.
    """

    oracle: str
    direction: Mapping[str, Array]
    estimate: Estimate
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Estimates:
    """One oracle's answer to one case.

    Attributes
    ----------
    oracle: the oracle's name.
    loss: estimate of the loss value itself, where the oracle has one.
    gradients: an estimate per parameter asked for.
    notes: facts for the report ("from 2 paths"; "kink at node 'h': ...").
    along: what it can say along a direction, by another road than it came to `gradients`.
    """

    oracle: str
    loss: Estimate | None
    gradients: Mapping[str, Estimate]
    notes: tuple[str, ...] = field(default=())
    along: tuple[Along, ...] = field(default=())


@dataclass(frozen=True)
class Aside:
    """An oracle steps aside on this case, and says why in one clause ("12 870 000 paths, budget 200 000")."""

    oracle: str
    reason: str


class Oracle(Protocol):
    """An independent method; it never sees a subject."""

    @property
    def name(self) -> str:
        """Short name, as in reports."""
        ...

    def __call__(self, graph: Graph, point: Point) -> Estimates | Aside:
        """Estimate the loss and the gradient with respect to every parameter of `graph` at `point`."""
        ...
