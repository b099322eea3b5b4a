"""Whether a call draws numbers at random, and from where."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.random import bit_generator

DEPENDS, SEEDS = "depends on it", "seeds it"


def touches_global_state(call: Callable[[], Sequence[Any]]) -> str:
    """Whether the call gives another answer in another state of NumPy's global generator, or seeds it; "" for neither.

    Drawing from it without a trace in the answer (a norm estimated inside a library) is nobody's business. The state
    is put back afterwards.
    """
    legacy: Any = np.random.mtrand._rand  # the global generator has no public handle
    kept = legacy.get_state(legacy=False)
    answers, after = [], []
    try:
        for seed in (987_654_321, 123_456_789):  # states that no reseeding of theirs can hit by chance
            legacy.seed(seed)
            before = legacy.get_state(legacy=False)["state"]
            answers.append([None if a is None else np.array(a) for a in call()])
            now = legacy.get_state(legacy=False)["state"]
            if before["pos"] == now["pos"] and np.array_equal(before["key"], now["key"]):
                return ""
            after.append(now["key"])
    except (Exception, SystemExit):  # what a call raises is found elsewhere
        return ""
    finally:
        legacy.set_state(kept)
    same = all((a is None and b is None) or np.array_equal(a, b, equal_nan=True) for a, b in zip(*answers, strict=True))
    if not same:
        return DEPENDS
    return SEEDS if np.array_equal(after[0], after[1]) else ""


def draws(call: Callable[[], object]) -> bool:
    """Whether the call draws from a generator that nothing seeded: NumPy's or Python's global one, or a fresh one.

    One that seeds a global generator leaves it as the call before did.
    """
    legacy: Any = np.random.mtrand._rand
    numpys, pythons = legacy.get_state(legacy=False)["state"], random.getstate()
    entropy = _Counted(bit_generator.randbits)  # type: ignore[attr-defined] # what default_rng() without a seed calls
    bit_generator.randbits = entropy  # type: ignore[attr-defined] # NumPy's stubs leave it out
    try:
        call()
    finally:
        bit_generator.randbits = entropy.function  # type: ignore[attr-defined] # put back
    now = legacy.get_state(legacy=False)["state"]
    moved = now["pos"] != numpys["pos"] or not np.array_equal(now["key"], numpys["key"])
    return bool(entropy.calls) or moved or random.getstate() != pythons


class _Counted:
    """A function, and how often it was called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        return self.function(*arguments, **options)
