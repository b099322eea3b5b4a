"""One step of `complex_step`, without a bound on its error: enough to confirm a proof, and to decide nothing.

A file of its own, since a check that it confirms needs none of the other oracles' code.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.oracle.estimate import Array
from gradcheck.problem.evaluations import f_evaluated
from gradcheck.problem.time_limit import TimeUp, timed_call
from gradcheck.tracing.kept_state import restoring

STEP = 2.0**-70
"""Imaginary step relative to an entry's scale; its square is far below rounding."""


@restoring
def one_complex_step(
    f: Callable[..., Any], inputs: Sequence[Any], direction: Mapping[int, Array], cotangent: Sequence[Any]
) -> float:
    """The imaginary part of sum(cotangent * f(inputs + ih u)) / h: one run of f, and no bound on its error.

    It can confirm a proof: what does not compute a holomorphic function contradicts it. NaN where f has no value, or no
    complex one. `direction` as `complex_step_along`; `cotangent` has an array per output. Raises nothing of f's.
    """
    moved = list(inputs)
    for k, u in direction.items():
        moved[k] = np.asarray(inputs[k]).astype(np.complex128)  # in the layout given
        moved[k].imag = STEP * u
    try:
        with timed_call(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f_evaluated()
            answer = f(*moved)
        parts = answer if isinstance(answer, (tuple, list)) else (answer,)
        outputs = [np.asarray(part) for part in parts]
        if [o.shape for o in outputs] != [np.shape(c) for c in cotangent]:
            return np.nan
        return complex(sum(np.sum(c * o) for c, o in zip(cotangent, outputs, strict=True))).imag / STEP
    except TimeUp:
        raise
    except (Exception, SystemExit):  # the code does not run in complex numbers, each in a way of its own
        return np.nan
