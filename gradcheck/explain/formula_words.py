"""SymEngine's local formulas, in the names of a graph's nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.explain.derivation_parts import Array
from gradcheck.oracle.closed_form.lanes import freeze, lanes
from gradcheck.oracle.closed_form.local_derivatives import local_formulas

WIDEST = 12
"""Maximum number of entries that one lane of an op reads, if its formula is written: long sums are unreadable."""

LINES = 4
"""Maximum number of formulas per argument: branches of a scalar op, or the first entries of a lane."""

_GENERIC = re.compile(r"\b(x\d*|y)\b(\[[\d,]*\])?")
_SAFE = re.compile(r"[^\W\d]\w*(\[[^\[\]()]*\]|\([^\[\]()]*\))*|\d+(\.\d+)?")
"""Names that are unambiguous in a formula: w, W[0,1], w(u->v), out(v)[0], 0.5."""


def formulas(
    op: str,
    attributes: Mapping[str, Any],
    shapes: Sequence[tuple[int, ...]],
    slot: int,
    node: str,
    arguments: Sequence[str],
    constants: Mapping[str, Array],
) -> tuple[str, ...]:
    """The local derivatives for one argument as lines such as "df/dx = y"; scalar constants as their values.

    Empty if one lane of the op reads too many entries for a readable formula.
    """
    groups = [g for g in lanes(op, freeze(attributes), tuple(shapes)) if slot in g.slots]
    if not groups or sum(table.shape[1] for table in groups[0].inputs) > WIDEST:
        return ()
    names = ("x", "y")[: len(shapes)] if len(shapes) <= 2 else tuple(f"x{k}" for k in range(len(shapes)))
    shown = {generic: _shown(a, constants) for generic, a in zip(names, arguments, strict=True)}

    def rename(text: str) -> str:
        return _GENERIC.sub(lambda m: shown.get(m[1], m[1]) + (m[2] or ""), text)

    lines: list[str] = []
    for line in local_formulas(op, attributes, tuple(shapes), slot, limit=LINES):
        left, _, right = line.partition(" = ")
        call, _, of = left.removeprefix("d ").rpartition("/d")
        place = call[call.rindex(")") + 1 :]  # set for an op with several outputs: softmax(x)[1]
        lines.append(f"d{quoted(node)}{place}/d{rename(of)} = {rename(right)}")
    return tuple(lines)


def quoted(name: str) -> str:
    """A name for use in a formula: unchanged, or between angular quotes."""
    return name if _SAFE.fullmatch(name) else f"‹{name}›"


def _shown(name: str, constants: Mapping[str, Array]) -> str:
    if name not in constants:
        return quoted(name)
    number = f"{float(constants[name]):.6g}"
    return f"({number})" if number.startswith("-") else number
