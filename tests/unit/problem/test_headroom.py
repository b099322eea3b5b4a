"""Room on the stack: user code recurses as deeply as it would alone, and a limit that it sets itself stays."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from gradcheck.problem.headroom import own_stack

LIMIT = 400
"""Frames allowed within these tests, which pytest has used some of."""


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(LIMIT)
    yield
    sys.setrecursionlimit(before)


def down(depth: int) -> int:
    return 0 if depth == 0 else 1 + down(depth - 1)


def test_frames_above_do_not_count() -> None:
    with pytest.raises(RecursionError):
        down(LIMIT - 10)
    with own_stack():
        assert down(LIMIT - 10) == LIMIT - 10


def test_the_limit_itself_holds() -> None:
    with own_stack(), pytest.raises(RecursionError):
        down(LIMIT + 10)
    with own_stack(more=50):
        assert down(LIMIT + 10) == LIMIT + 10


def test_the_limit_is_put_back() -> None:
    with own_stack():
        assert sys.getrecursionlimit() > LIMIT
    assert sys.getrecursionlimit() == LIMIT
    with pytest.raises(ZeroDivisionError), own_stack():
        _ = 1 / 0
    assert sys.getrecursionlimit() == LIMIT


def test_a_limit_that_the_code_sets_stays() -> None:
    with own_stack():
        sys.setrecursionlimit(7_000)
    assert sys.getrecursionlimit() == 7_000
