"""Declared structure where more than one gradient counts: second derivatives on a set, and the hint to declare one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.rows import Rows
from gradcheck.errors import InvalidProblem, UsageError
from gradcheck.judge.causes_wanted import verdict_alone
from gradcheck.judge.input_structure import Projection, projections
from gradcheck.judge.settings import check_structure
from gradcheck.judge.structure_hint import APART, structure_cause
from gradcheck.problem.function import Function, input_names
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.result import Result, Verdict

Array = NDArray[Any]
Callee = Callable[..., Any]

CURVED = ("orthogonal", "unit")
"""Declared structures whose changes differ from point to point."""


def no_curved(structure: Any, what: str) -> None:
    """Raises UsageError for a structure that second derivatives do not go with; InvalidProblem for what is none."""
    structure = {} if structure is None else structure
    check_structure(structure)
    curved = [kind for kind in structure.values() if isinstance(kind, str) and kind in CURVED]
    if curved:
        raise UsageError(f"{what} does not go with structure={curved[0]!r}: its changes differ from point to point")


@dataclass(frozen=True)
class Kept:
    """What declared structure sees of a gradient, and of the rows of its Jacobian.

    A gradient with respect to such an input is only determined up to what changes that keep the structure cannot see.

    Attributes
    ----------
    keep: per differentiated input its projection, or None.
    """

    keep: tuple[Projection | None, ...]

    @classmethod
    def of(cls, function: Function, given: Sequence[Any], structure: Mapping[int | str, str] | None) -> Kept:
        """Raises InvalidProblem for a structure that an input does not have."""
        kept = projections(structure or {}, given, function.names, function.wrt)
        return cls(tuple(kept.get(function.names[k]) for k in function.wrt))

    def gradient(self, gradient: Callee) -> Callee:
        """A function whose answers, one per differentiated input, are projected."""
        if not any(self.keep):
            return gradient

        def projected(*arguments: Any) -> Any:
            answer = gradient(*arguments)
            parts = answer if isinstance(answer, tuple | list) and len(self.keep) > 1 else (answer,)
            kept = tuple(p if keep is None else keep(p) for p, keep in zip(parts, self.keep, strict=True))
            return kept if len(kept) > 1 else kept[0]

        return update_wrapper(projected, gradient)

    def rows(self, rows: Rows) -> Callee:
        """The Jacobian of such a gradient with its rows projected: an array per output and input."""
        if not any(self.keep):
            return rows.jac

        def projected(*inputs: Any) -> Any:
            columns = rows.read(rows.jac(*inputs))
            blocks = [
                tuple(None if part is None else _by_output(part[a:b], shape, keep) for part in columns)
                for (a, b), shape, keep in zip(_spans(rows.shapes), rows.shapes, self.keep, strict=True)
            ]
            flat = [block if len(block) > 1 else block[0] for block in blocks]
            return tuple(flat) if len(flat) > 1 else flat[0]

        return update_wrapper(projected, rows.jac)


def _by_output(block: Array, shape: tuple[int, ...], keep: Projection | None) -> Array:
    """Derivatives (outputs, *input) of an output of that shape, projected as that output is."""
    inner = block.shape[1:]
    if keep is not None:
        columns = keep(block.reshape(len(block), -1).T.reshape(-1, *shape))
        block = columns.reshape(len(columns), -1).T
    return np.asarray(block).reshape(*shape, *inner)


def _spans(shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, int]]:
    """Where the rows of each output begin and end."""
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
    return [(int(a), int(b)) for a, b in pairwise(ends)]


def hinted(
    result: Result,
    f: Callee,
    inputs: Sequence[Any],
    options: Mapping[str, Any],
    under: Callable[[dict[str, Any], float], Result],
    *,
    curved: bool,
) -> Result:
    """A result with a cause (GC051) where exactly one structure, which an input has, would make the derivative right.

    `under(options, factor)` judges that derivative times a factor with further options. One that is right under a
    structure at any scale is zero there, and tells nothing.
    """
    hint = any(x.code == "GC051" and "structure" in x.facts for x in result.findings)
    if result.verdict is not Verdict.FAIL or options.get("structure") or hint:
        return result
    names = input_names(f, len(inputs))
    found = []
    kinds = [kind for kind in APART if curved or kind not in CURVED]
    for k, kind in _candidates(inputs, names, kinds):
        declared = {"elsewhere": False, "structure": {k: kind}}
        with verdict_alone():
            if under(declared, 1.0) and not under(declared, 2.0):
                found.append(structure_cause("the derivative", names[k], names, kind))
    return with_findings(result, found) if len(found) == 1 else result


def _candidates(inputs: Sequence[Any], names: Sequence[str], kinds: Sequence[str]) -> list[tuple[int, str]]:
    """Positions of inputs, and structures that they have."""
    found = []
    for k, value in enumerate(inputs):
        for kind in kinds if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size else ():
            try:
                projections({k: kind}, inputs, names, [k])
            except InvalidProblem:
                continue
            found.append((k, kind))
    return found
