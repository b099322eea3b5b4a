"""Where choices come from. Everything in this room is drawn through one small function, `pick`.

`pick(n)` returns a whole number from 0 to n - 1, and 0 is always the simplest choice: stop, the first op, the
newest node, the plainest number. In `strategies.graphs` Hypothesis makes the choices, and shrinks by smaller numbers
and fewer of them. In `picker` a seeded `random.Random` makes them, the same on every machine and with every version of
Hypothesis: a suite of generated cases needs this, because its addresses must not change.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

Pick = Callable[[int], int]
"""`pick(n)`: a whole number from 0 to n - 1, smaller being simpler."""

T = TypeVar("T")


def one_of(pick: Pick, options: Sequence[T]) -> T:
    """One of the options, the simplest of which comes first.

    A single option is chosen too: the choices after it keep their places when options come or go.
    """
    return options[pick(len(options))]


def one_that(pick: Pick, options: Sequence[T], suits: Callable[[T], bool]) -> T | None:
    """One of the options that suit: the one chosen, else the next that suits; None if none does.

    The choice is made among all options, not only those that suit. So it keeps its meaning when an earlier step is
    shrunk away and other options suit; and few options need to be tested.
    """
    if not options:
        return None
    start = pick(len(options))
    for turn in range(len(options)):
        option = options[(start + turn) % len(options)]
        if suits(option):
            return option
    return None


def digits(numbers: Sequence[int]) -> Pick:
    """Any number of choices from a few large numbers, taken in turn: each gives its last digit first.

    So steps with few and with many choices cost Hypothesis the same, and can replace each other when it shrinks or
    mutates. When the digits run out, all further choices are 0.
    """
    queue = deque(numbers)

    def pick(n: int) -> int:
        rest, digit = divmod(queue.popleft(), n)
        queue.append(rest)
        return digit

    return pick


def picker(seed: int) -> Pick:
    """Choices from a seed; they depend on nothing else.

    Only `Random.random` is used, whose stream Python keeps the same from version to version.
    """
    stream = random.Random(seed).random
    return lambda n: int(stream() * n)
