"""One case then and now: which entries of its exact gradients are others, and how much worse the answer is.

A gradient has changed where two intervals are apart by more than NOISE ulps of the block's largest entry. Both are
proven for the numbers that were handed in, but these need not be the same to the last bit on two machines: an array
made with another BLAS or another libm differs in its last digits, and that is no change of a function.

An answer has lost accuracy where it is off by more than `factor` times what it was, counted from `floor` on. The factor
is 4, two bits: less is what another order of a sum costs. The floor is 16 ulps, the last digits of a dtype, within
which the judge calls an answer right whatever its function. Half of what honest rounding may cost is
allowed in any case: a long sum of terms that cancel is off by so much with one BLAS and not with another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np

from gradcheck.baseline.recorded import INFINITE, Block, Recorded
from gradcheck.baseline.thirty_digits import interval

NOISE = 1024
"""Ulps of a block's largest entry by which two exact gradients may differ since their points do."""
FACTOR, FLOOR = 4.0, 16.0
SHOWN = 10
"""Entries of one block that are shown one by one."""


class What(StrEnum):
    """What is different."""

    GRADIENT = "gradient changed"
    ACCURACY = "accuracy fell"
    VANISHED = "case vanished"
    WRONG = "answer wrong"
    NEW = "new case"
    NOTE = "note"


FAILING = frozenset({What.GRADIENT, What.ACCURACY, What.VANISHED, What.WRONG})


@dataclass(frozen=True)
class Change:
    """One line of a comparison: what changed, in which case, and from what to what."""

    what: What
    address: str
    text: str = ""

    @property
    def fails(self) -> bool:
        """Whether the comparison fails by it."""
        return self.what in FAILING

    @property
    def line(self) -> str:
        """As it is printed."""
        return f"{self.what:<17} {self.address}{f'  {self.text}' if self.text else ''}"


@dataclass(frozen=True)
class Limits:
    """How much worse an answer may become: `factor` times as far off as it was, and `floor` ulps in any case."""

    factor: float = FACTOR
    floor: float = FLOOR


def changes(address: str, was: Recorded, now: Recorded, limits: Limits, *, right: bool = True) -> list[Change]:
    """What is different about one case; `right` says whether its result is as it should be now."""
    gradients = [Change(What.GRADIENT, address, text) for text in _gradients(was, now)]
    found = [*gradients]
    if not right:
        why = "the exact gradient is another besides" if gradients else "the exact gradient is as recorded"
        found.append(Change(What.WRONG, address, f"{now.verdict}: {why}; {_was(was)}"))
    else:
        both = was.verdict != "FAIL" != now.verdict
        texts = [text for name in was.blocks if both for text in _accuracy(name, was, now, limits)]
        found += [Change(What.ACCURACY, address, text) for text in texts]
        found += [Change(What.NOTE, address, text) for name in was.blocks for text in _better(name, was, now, limits)]
        if was.verdict != now.verdict:
            found.append(Change(What.NOTE, address, f"verdict {was.verdict} -> {now.verdict}"))
    return found


def _was(was: Recorded) -> str:
    off = [block.ulps for block in was.blocks.values() if block.ulps is not None]
    return f"the answer was off by {_shown(max(off))} ulps when it was recorded" if off else "the answer was right then"


def _gradients(was: Recorded, now: Recorded) -> Iterator[str]:
    """Which numbers are others, a line for each."""
    if not now.blocks:  # nothing was compared: the verdict says why
        return
    where = _where(was, now)
    scale = max((_largest(block) for block in was.blocks.values()), default=Fraction(0))
    for name, block in was.blocks.items():
        other = now.blocks.get(name)
        if other is None:
            yield f"{name}: there is no gradient of it any more"
        elif block.shape != other.shape:
            yield f"{name}: shape {block.shape} -> {other.shape}"
        else:
            yield from _entries(name, block, other, scale, where)
    for name in now.blocks:
        if name not in was.blocks:
            yield f"{name}: its gradient was not there before"


def _where(was: Recorded, now: Recorded) -> str:
    if was.seed != now.seed:
        return f"drawn with seed {now.seed}, then with seed {was.seed}"
    if was.point != now.point:
        return "the point is another, or the function is"
    return "at the same point: the function, or a constant in it, is another"


def _entries(name: str, was: Block, now: Block, scale: Fraction, where: str) -> Iterator[str]:
    if bool(was.sums) != bool(now.sums):
        return  # recorded by another rule
    before, after = (was.sums, now.sums) if was.sums else (was.values, now.values)
    unit = _ulp(was, now) * (_largest(was) or scale)
    pairs = enumerate(zip(before, after, strict=True))
    different = [(k, a, b) for k, (a, b) in pairs if a is not None and b is not None and _apart(a, b, NOISE * unit)]
    if different and was.sums:
        _, a, b = different[0]
        yield f"{name}: some of its {math.prod(was.shape)} entries; a weighted sum of all {_brief(a)} -> {_brief(b)}"
        return
    for n, (k, a, b) in enumerate(different[:SHOWN]):
        at = ", ".join(str(int(i)) for i in np.unravel_index(k, was.shape)) if was.shape else ""
        yield f"{name}{f'[{at}]' if at else ''}: {_brief(a)} -> {_brief(b)}{f'  ({where})' if not n else ''}"
    if len(different) > SHOWN:
        yield f"{name}: {len(different) - SHOWN} more entries"


def _apart(a: str, b: str, slack: Fraction) -> bool:
    one, other = interval(a), interval(b)
    if one is None or other is None:
        return False
    return one[0] - other[1] > slack or other[0] - one[1] > slack if not _kinks(a, b) else _moved(one, other, slack)


def _kinks(a: str, b: str) -> bool:
    return ".." in a or ".." in b


def _moved(one: tuple[Fraction, Fraction], other: tuple[Fraction, Fraction], slack: Fraction) -> bool:
    """Whether an end of what is right at a kink is another."""
    return any(abs(x - y) > slack for x, y in zip(one, other, strict=True))


def _largest(block: Block) -> Fraction:
    ends = [found for text in block.values or block.sums if text is not None and (found := interval(text)) is not None]
    return max((abs(end) for pair in ends for end in pair), default=Fraction(0))


def _ulp(was: Block, now: Block) -> Fraction:
    """The coarser of the two dtypes' relative precision."""
    return max(Fraction(float(_finfo(block.dtype).eps)) for block in (was, now))


def _finfo(dtype: str) -> Any:
    return np.finfo(dtype if dtype in ("float16", "float32", "float64") else "float64")


def _accuracy(name: str, was: Recorded, now: Recorded, limits: Limits) -> Iterator[str]:
    before, after = was.blocks[name].ulps, now.blocks[name].ulps if name in now.blocks else None
    if before is None or after is None:
        return
    if was.blocks[name].dtype != now.blocks[name].dtype:
        yield from _narrower(name, was.blocks[name], now.blocks[name])
        return
    most = max(limits.factor * max(before, limits.floor), (now.blocks[name].allowed or 0.0) / 2)
    if after > most:
        yield f"{name}: off by {_shown(before)} ulps -> {_shown(after)} ulps (at most {_shown(most)})"


def _better(name: str, was: Recorded, now: Recorded, limits: Limits) -> Iterator[str]:
    """What an update would take over, so that a later loss is seen."""
    before, after = was.blocks[name].ulps, now.blocks[name].ulps if name in now.blocks else None
    if before is not None and after is not None and before > limits.factor * max(after, limits.floor):
        yield f"{name}: off by {_shown(before)} ulps -> {_shown(after)} ulps, which is better"


def _narrower(name: str, was: Block, now: Block) -> Iterator[str]:
    if _finfo(now.dtype).eps > _finfo(was.dtype).eps:
        yield f"{name}: {was.dtype} -> {now.dtype}"


def _shown(ulps: float) -> str:
    return INFINITE if math.isinf(ulps) else f"{ulps:.3g}"


def _brief(text: str) -> str:
    """A number without its radius."""
    return text.partition(" +- ")[0]
