"""The losses of the source documents: what each means, in vector form and unit by unit, and which targets it takes.

y is the network's last activation a[L], t the target; each row states the loss C of one sample. Softmax and sigmoid
belong to the loss where it names them, so the last layer's activation is then usually "identity".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.problem.builder import GraphBuilder, Handle
from gradcheck.problem.ops import Array

REDUCTIONS = ("mean", "sum")
"""How the losses of the samples are combined: the average (S1, S3, S4), or S3's variant without 1/N."""


@dataclass(frozen=True)
class Loss:
    """What one loss means.

    Attributes
    ----------
    name: as it is given to a network.
    sentence: its formula and source.
    rows: `rows(build, y, t)`, y and t of shape (batch, n): the losses of all samples, shape (batch,).
    units: `units(build, y, t)`, the scalar units of one sample: its loss, shape ().
    targets: which targets it takes, in words.
    admits: `admits(T)`, T of shape (batch, n): whether each row is such a target, shape (batch,).
    separable: C is a sum over units, each unit's term depending on its own y and t alone.
    """

    name: str
    sentence: str
    rows: Callable[[GraphBuilder, Handle, Handle], Handle]
    units: Callable[[GraphBuilder, Sequence[Handle], Sequence[Handle]], Handle]
    targets: str = "any numbers"
    admits: Callable[[Array], Array] = lambda targets: np.full(len(targets), True)
    separable: bool = True


def total(terms: Sequence[Handle]) -> Handle:
    """The sum of scalar nodes, one `add` after the other; a single term is its own sum."""
    first, *rest = terms
    for term in rest:
        first = first + term
    return first


def _separable(name: str, sentence: str, term: Callable[[GraphBuilder, Handle, Handle], Handle]) -> Loss:
    return Loss(
        name,
        sentence,
        lambda build, y, t: build.sum(term(build, y, t), axis=1),
        lambda build, y, t: total([term(build, one, target) for one, target in zip(y, t, strict=True)]),
    )


def _softmax_units(build: GraphBuilder, y: Sequence[Handle], t: Sequence[Handle]) -> Handle:
    """S1's formulas as they stand, so logits beyond 700 overflow; the vector form does not."""
    powers = [build.exp(z) for z in y]
    normaliser = total(powers)
    return -total([target * build.log(power / normaliser) for power, target in zip(powers, t, strict=True)])


def _logistic(build: GraphBuilder, y: Handle, t: Handle) -> Handle:
    """-log sigma(y) = softplus(-y) and -log(1 - sigma(y)) = softplus(y); no term cancels another."""
    return t * build.softplus(-y) + (1.0 - t) * build.softplus(y)


def _probabilities(targets: Array) -> Array:
    rounding = float(np.finfo(targets.dtype).eps) if targets.dtype.kind == "f" else 0.0
    slack = 1e-5 + targets.shape[1] * rounding  # rows rounded to the dtype still count
    return np.asarray(np.all(targets >= 0, axis=1) & (np.abs(np.sum(targets, axis=1) - 1.0) <= slack))


def _half_squared(build: GraphBuilder, y: Handle, t: Handle) -> Handle:
    return 0.5 * build.square(y - t)


def _squared(build: GraphBuilder, y: Handle, t: Handle) -> Handle:
    return build.square(y - t)


_BINARY = _separable("logistic", "C = -sum_i t_i log sigma(y_i) + (1 - t_i) log(1 - sigma(y_i))", _logistic)

LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        loss.name: loss
        for loss in (
            _separable("half_squared", "C = 1/2 sum_i (y_i - t_i)^2 (S1, S4)", _half_squared),
            _separable("squared", "C = sum_i (y_i - t_i)^2, without the half (S3)", _squared),
            Loss(
                "softmax_cross_entropy",
                "C = -sum_k t_k log softmax(y)_k (S1)",
                lambda build, y, t: build.cross_entropy(y, t, axis=1),
                _softmax_units,
                targets="rows that are probabilities (one-hot rows, say): nothing below 0, each row's sum 1",
                admits=_probabilities,
                separable=False,
            ),
            Loss(
                _BINARY.name,
                _BINARY.sentence,
                _BINARY.rows,
                _BINARY.units,
                targets="numbers from 0 to 1 (0 and 1 for the two classes)",
                admits=lambda targets: np.all((targets >= 0) & (targets <= 1), axis=1),
            ),
        )
    }
)
"""Every loss by name."""


def known(kind: str, name: object, names: Sequence[str], where: str = "") -> None:
    """InvalidProblem unless `name` is one of `names`."""
    if name not in names:
        raise InvalidProblem(f"unknown {kind} {name!r}; known are {', '.join(names)}", where=where)


def whole(what: str, value: object, where: str = "") -> None:
    """InvalidProblem unless `value` is a whole number >= 1."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise InvalidProblem(f"{what} must be a whole number >= 1, got {value!r}", where=where)


def finite(what: str, value: object, where: str = "", *, positive: bool = False) -> None:
    """InvalidProblem unless `value` is a finite number >= 0, or > 0 where it must be `positive`."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (number and 0 <= value < np.inf and not (positive and value == 0)):  # type: ignore[operator] # a number by now
        raise InvalidProblem(f"{what} must be a finite number >{'' if positive else '='} 0, got {value!r}", where=where)


def texts(what: str, values: object, where: str = "") -> tuple[str, ...]:
    """`values` as a tuple of names; InvalidProblem unless it is a sequence of texts (a single text is none)."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidProblem(f"{what} must be a sequence of names, got {values!r}", where=where)
    names = tuple(values)
    if strange := [name for name in names if not isinstance(name, str)]:
        raise InvalidProblem(f"{what} must be names, texts all of them; got {strange[0]!r}", where=where)
    return names


def check_targets(loss: str, targets: Array, where: str) -> None:
    """InvalidProblem, showing the first bad row of `targets` (shape (batch, n)), if they are of the wrong kind."""
    row = LOSSES[loss]
    if bad := np.flatnonzero(~row.admits(targets)).tolist():
        raise InvalidProblem(
            f"the loss {loss!r} takes {row.targets}; row {bad[0]} is {targets[bad[0]].tolist()}", where=where
        )


def reduce(build: GraphBuilder, losses: Sequence[Handle] | Handle, reduction: str, batch: int) -> Handle:
    """The batch's loss from its samples' losses: one node of shape (batch,), or a scalar node per sample."""
    if isinstance(losses, Handle):
        return build.apply(reduction, losses)
    summed = total(losses)
    return summed / float(batch) if reduction == "mean" else summed
