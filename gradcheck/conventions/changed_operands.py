"""Operations that change their operand, such as a division that turns the sign of its divisor's own derivative."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import is_new, numbers_of
from gradcheck.conventions.spellings import Spelling
from gradcheck.conventions.value_class import SAMPLE, ValueClass
from gradcheck.problem import OPS

NAMES = ("x", "y", "z")


def operand_warnings(uses: ValueClass, ops: Mapping[str, Spelling], sample: Any) -> Iterator[str]:
    """A sentence for each op after which an operand holds another value or derivative than before."""
    for op, spelling in ops.items():
        for plain in ((), (0,), (1,)) if spelling.infix and OPS[op].arity == 2 else ((),):
            said = _said(uses, spelling, OPS[op].arity or 1, plain, sample)
            if said:
                yield said
                break


def _said(uses: ValueClass, spelling: Spelling, arity: int, plain: tuple[int, ...], sample: Any) -> str:
    """What the op changes, its operands nodes but for the `plain` ones; "" for nothing and where it is not offered."""
    values = (*SAMPLE, SAMPLE[0])[:arity]
    names = ["2" if k in plain else name for k, name in zip(range(arity), NAMES, strict=False)]
    try:
        operands = [2.0 if k in plain else uses.make(sample(value)) for k, value in enumerate(values)]
        before = [_held(uses, operand) for operand in operands]
        spelling.apply(*operands)
        after = [_held(uses, operand) for operand in operands]
        written = spelling.text.format(*names)
    except Exception:  # a form that is not offered
        return ""
    for name, old, new in zip(names, before, after, strict=True):
        for attribute in old:
            if attribute in new and is_new(old[attribute], new[attribute]):
                return (
                    f"{written} changes {name} itself: its .{attribute} {_changes(old[attribute], new[attribute])}, so "
                    f"whatever else uses {name} gets other numbers; let the result be a new object"
                )
    return ""


def _held(uses: ValueClass, operand: Any) -> dict[str, Any]:
    """The value and the derivative or gradient that a node holds."""
    if not isinstance(operand, uses.kind):
        return {}
    return {name: held for name, held in numbers_of(operand).items() if name in (uses.data, uses.grad)}


def _changes(old: Any, new: Any) -> str:
    if np.size(old) == np.size(new) == 1:
        return f"was {float(np.ravel(old)[0]):.4g} and is {float(np.ravel(new)[0]):.4g} afterwards"
    return "is another one afterwards"
