"""A trainer's steps: have they the form to be judged?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.judge.protocol import protocol
from gradcheck.problem import Training
from gradcheck.subject.answer import TrainingStep
from gradcheck.verdict.finding import Finding, finding


def wrong_form(training: Training, steps: Sequence[TrainingStep]) -> list[Finding]:
    """Keys, shapes and dtypes of every step; its indices are whole numbers that name samples."""
    graph = training.problem(training.samples).lower()
    for k, step in enumerate(steps, 1):
        indices = step.indices
        whole = indices.ndim == 1 and (indices.dtype.kind in "iu" or not indices.size)
        if not whole or np.any(indices < 0) or np.any(indices >= training.samples):
            if whole:
                stray = int(indices[(indices < 0) | (indices >= training.samples)][0])
                came = f"{stray} among them"
            else:
                came = f"an array of shape {indices.shape} of {indices.dtype}"
            expected = f"the indices of the batch's samples, whole numbers from 0 to {training.samples - 1}"
            return [finding("GC007", place=f"step {k}: ", expected=expected, came=came)]
        after = {"mapping": f"step {k}", "entry": f"after step {k} the parameter"}
        if wrong := protocol(graph, np.zeros(()), step.parameters, training.dtype, **after):
            return wrong
    return []
