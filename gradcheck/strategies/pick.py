"""Where choices come from. Everything in this room is drawn through one small function, `pick`.

`pick(n)` answers with a whole number from 0 to n - 1, and 0 is always the simplest choice: stop, the first op, the
youngest node, the plainest number. Hypothesis answers through `strategies.graphs`, and shrinks by answering with
smaller numbers and fewer of them. A seeded `random.Random` answers through `picker`, the same on every machine and
with every version of Hypothesis, which is what a suite of generated cases needs: its addresses must stay what they are.
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
    """One of the options that suit: the one chosen, else the next that does; None where none does.

    The choice is made among all options and not among those that suit. So it means the same after something earlier
    was shrunk away, although other options may suit then; and few options need to be looked at.
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

    So a step that makes few choices and one that makes many cost Hypothesis the same, and can take each other's
    place when it shrinks or mutates; when the digits run out, what follows is plain.
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
