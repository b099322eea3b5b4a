"""A pair whose derivative averages over the samples, or leaves out that average, taken as one that does otherwise.

Courses write a network's backward pass so: the loss's gradient is that of each sample (A - Y), and every layer divides
the gradients of its parameters by the number of samples. Each part alone is off by that number; together they are the
gradient of the mean loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import wraps
from typing import Any

import numpy as np

from gradcheck.conventions.offer import Pair
from gradcheck.problem.function import input_names


@dataclass(frozen=True)
class Averaged:
    """What is averaged elsewhere.

    Attributes
    ----------
    blocks: inputs whose gradients are concerned.
    of, axis: the input along whose axis the samples lie.
    here: whether the derivative averages, which f does not; else it does not, and f does.
    """

    blocks: tuple[str, ...]
    of: str
    axis: int
    here: bool

    def header(self) -> dict[str, Any]:
        """As plain data, for a message."""
        return asdict(self)

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> Averaged:
        """The inverse of `header`."""
        return cls(tuple(header["blocks"]), header["of"], header["axis"], header["here"])


def otherwise(pair: Pair, averaged: Averaged) -> Pair:
    """The pair with the average moved to where f has it, at every size and in every reading."""
    if pair.derivative is None:
        return pair
    derivative, names = pair.derivative, input_names(pair.f, len(pair.inputs))

    @wraps(derivative)
    def moved(*arguments: Any) -> Any:
        answer = derivative(*arguments)
        inputs = arguments[-len(names) :]
        samples = np.shape(inputs[names.index(averaged.of)])[averaged.axis]
        factor = float(samples) if averaged.here else 1.0 / samples
        if not isinstance(answer, tuple | list):
            return answer * factor
        return tuple(
            part * factor if name in averaged.blocks and part is not None else part
            for name, part in zip(names, answer, strict=True)
        )

    return replace(
        pair,
        derivative=moved,
        others=tuple(otherwise(other, averaged) for other in pair.others),
        further=tuple(otherwise(other, averaged) for other in pair.further),
    )
