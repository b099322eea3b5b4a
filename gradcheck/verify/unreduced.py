"""Gradients of another shape than their leaf's, which are no errors but wrong gradients.

Those in the shape of a broadcast result have a name: broadcasting was not undone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.look_at import look_at
from gradcheck.faults.catalogue import fault
from gradcheck.problem import Case
from gradcheck.run.events import Diagnosed
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.result import Result, Verdict

BROADCASTING = "broadcasting"
"""The group of these failures."""
SHAPES = "the shape of a gradient"
"""The group of the other failures by a shape."""
IN_PLACE = "non-broadcastable output operand with shape"
"""How NumPy's message begins where an array is too small for what is added to it in place."""
CODE = "F52"
"""The fault of the catalogue."""


def is_unreduced(result: Result) -> bool:
    """Whether what speaks against an answer is that gradients have the shape to which their leaf was broadcast.

    Added in place (`x.grad += g`), they raise what NumPy says of an array that is too small for the sum.
    """
    if _is_too_small(result):
        return True
    found = [f.facts for f in result.findings if f.code == "GC010"]
    return is_of_another_shape(result) and all(_widens(facts["wanted"], facts["came"]) for facts in found)


def is_of_another_shape(result: Result) -> bool:
    """Whether what speaks against an answer is that gradients have other shapes than their leaves."""
    fatal = [f for f in result.findings if f.severity is Severity.FATAL]
    return bool(fatal) and all(f.code == "GC010" and "block" in f.facts for f in fatal)


def as_failure(result: Result) -> Result:
    """The result; FAIL in place of ERROR where gradients have other shapes, or did not fit what they were added to."""
    wrong = result.verdict is Verdict.ERROR and (is_of_another_shape(result) or _is_too_small(result))
    return replace(result, verdict=Verdict.FAIL) if wrong else result


def explained(results: tuple[Result, ...], case: Case | None) -> Diagnosed:
    """What these failures have in common, shown at the first of them."""
    named = (fault(CODE),)
    return Diagnosed(
        results[0],
        case,
        named,
        how="the gradient of a leaf has the shape of what the leaf was broadcast to;",
        explains=tuple(result.address for result in results),
        look_at=look_at(results[0].findings, named, case),
    )


def _is_too_small(result: Result) -> bool:
    """Whether a sum in place was refused, as its result is broadcast."""
    raised = [f.facts for f in result.findings if f.code == "GC004"]
    return bool(raised) and all(str(facts.get("message", "")).startswith(IN_PLACE) for facts in raised)


def _widens(wanted: tuple[int, ...], came: tuple[int, ...]) -> bool:
    try:
        return tuple(wanted) != tuple(came) and np.broadcast_shapes(wanted, came) == tuple(came)
    except ValueError:  # shapes of which neither can be broadcast to the other
        return False
