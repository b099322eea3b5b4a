"""Whether a fault explains every wrong relation between the layers of an MLP.

delta[L] = dC/da[L] sigma'(z[L]),  delta[l] = (W[l+1]^T delta[l+1]) sigma'(z[l]),  dC/dW[l] = delta[l] a[l-1]^T
for a single sample (S3, S4); a batch's gradient is computed from its samples' deltas.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.diagnosis.naming.answer_match import Observed
from gradcheck.diagnosis.naming.network_relations import (
    Deltas,
    Judge,
    Make,
    Relations,
    after_forward,
    gradients,
    right_value,
)
from gradcheck.faults.mlps.delta_recursion import DeltaRecursion
from gradcheck.problem import MLP, Case
from gradcheck.problem.ops import Array

Reading = Callable[[Observed, DeltaRecursion, DeltaRecursion], Deltas | None]
"""The subject's deltas of a single sample; None where its answer does not determine them."""


def layers_explained(make: Make, one: Observed) -> bool:
    """Whether the fault explains all relations of a case: the batch's, and those of each sample asked about alone."""
    if not isinstance(one.case, Case) or not isinstance(one.case.problem, MLP) or not right_value(one):
        return False
    try:
        with np.errstate(all="ignore"):
            return any(_RELATIONS.explain(make, one, reading) for reading in READINGS)
    except ValueError:  # this engine has no answer here: shapes do not fit
        return False


def own_deltas(one: Observed) -> tuple[DeltaRecursion, Deltas] | None:
    """The textbook after its forward pass, and the subject's deltas of a single sample, read from its biases."""
    if not isinstance(one.case, Case) or not isinstance(one.case.problem, MLP) or not right_value(one):
        return None
    right: DeltaRecursion = after_forward(DeltaRecursion(), one)
    delta = _of_biases(one, right, right)
    return None if delta is None else (right, delta)


def _layers(judge: Judge, delta: Deltas, right: DeltaRecursion, bent: DeltaRecursion) -> bool:
    """Whether the recursion is explained."""
    last = right.mlp.layers
    return judge.explained(delta[last], right.top(), bent.top()) and all(
        judge.explained(delta[k - 1], right.down(k, delta[k]), bent.down(k, delta[k])) for k in range(2, last + 1)
    )


def _gradient(engine: DeltaRecursion) -> dict[str, Array]:
    return {name: g for k in range(1, engine.mlp.layers + 1) for name, g in engine.layer(k).items()}


def _of_biases(one: Observed, right: DeltaRecursion, bent: DeltaRecursion) -> Deltas | None:
    """dC/db[l] is delta[l]."""
    given = gradients(one)
    found = {k: given.get(f"b{k}") for k in range(1, right.mlp.layers + 1)}
    fitting = {k: b[np.newaxis] for k, b in found.items() if b is not None and b.shape == right.z[k].shape[1:]}
    return fitting if len(fitting) == len(found) else None


def _of_weights(one: Observed, right: DeltaRecursion, bent: DeltaRecursion) -> Deltas | None:
    """The deltas from dC/dW[l], less the penalty's part, = delta[l] a[l-1]^T; the right delta where a[l-1] is 0."""
    return _of_weights_or(right, one, right, bent)


def _of_weights_or_fault(one: Observed, right: DeltaRecursion, bent: DeltaRecursion) -> Deltas | None:
    """The same, with the fault's delta where a[l-1] is 0."""
    return _of_weights_or(bent, one, right, bent)


def _of_weights_or(known: DeltaRecursion, one: Observed, right: DeltaRecursion, bent: DeltaRecursion) -> Deltas | None:
    given, found, last = gradients(one), Deltas(), right.mlp.layers
    for k in range(last, 0, -1):
        a, w, decay = right.a[k - 1][0], given.get(f"W{k}"), bent.decay(k)
        if w is None or w.shape != right.w[k].shape or w.shape != decay.shape:
            return None
        if np.any(a):
            found[k] = ((w - decay) @ a / (a @ a))[np.newaxis]
        else:
            found[k] = known.top() if k == last else known.down(k + 1, found[k + 1])
    return found


def _of_textbook(one: Observed, right: DeltaRecursion, bent: DeltaRecursion) -> Deltas | None:
    """The right deltas, for answers in which other things are wrong."""
    right.backward()
    return dict(right.delta)


_RELATIONS = Relations(DeltaRecursion, "delta", _gradient, _layers)
READINGS: tuple[Reading, ...] = (_of_biases, _of_weights, _of_weights_or_fault, _of_textbook)
