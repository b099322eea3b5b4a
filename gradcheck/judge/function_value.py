"""f at the point itself: what it raises, or answers instead of finite numbers, becomes a finding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem, SubjectError
from gradcheck.judge.raised import by_user, function_raised, trimmed
from gradcheck.problem.function import Function, lend
from gradcheck.verdict.compare import first_entry

Array = NDArray[Any]


def value_of(function: Function, inputs: Sequence[Any], who: str) -> tuple[tuple[Array, ...], bool]:
    """The outputs of `who` (f, or what was meant by it) as arrays, and whether they came as a tuple.

    Raises SubjectError GC018 for what it raises (its cause), for an answer that is no array of real numbers, and for
    one that is not finite.
    """
    try:
        outputs, many = function.value(lend(inputs))
    except (Exception, SystemExit) as wrong:
        if isinstance(wrong, InvalidProblem) and not by_user(wrong):
            what = wrong.message.replace("expected an array of real numbers, got", "returned")
            missing = ": is a `return` missing?" if what == "returned None" else ""
            later = re.match(r"output [1-9]", wrong.where)
            what = what.partition(";")[0] if later else what
            more = f" as {wrong.where.removesuffix(' of f')}: if it is (value, aux), say has_aux=True" if later else ""
            raise SubjectError("GC018", who=who, what=f"{what}{missing}{more}") from None
        raise function_raised(who, wrong) from trimmed(wrong)
    if not outputs:
        raise SubjectError("GC018", who=who, what="returned nothing, an empty tuple or list")
    for k, output in enumerate(outputs):
        if not np.all(np.isfinite(output)):
            bad = output[~np.isfinite(output)].flat[0]
            what = f"has the value {bad} here" + (f" (output {k})" if many else "") + _not_finite(function, inputs)
            raise SubjectError("GC018", who=who, what=what)
    return outputs, many


def _not_finite(function: Function, inputs: Sequence[Any]) -> str:
    """The first entry of an input that is not finite, in words."""
    for name, value in zip(function.names, map(np.asarray, inputs), strict=True):
        if value.dtype.kind == "f" and not np.all(np.isfinite(value)):
            at = first_entry(~np.isfinite(value))
            return f", where {name}{list(at) or ''} is {float(value[at])}"
    return ""
