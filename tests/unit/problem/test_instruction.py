"""The number of an open instruction is the same before and after CPython specialises it."""

import sys

from gradcheck.problem.instruction import open_instruction


class Noting:
    def __init__(self) -> None:
        self.seen: list[object] = []

    def __getitem__(self, key: int) -> int:
        frame = sys._getframe(1)
        self.seen.append((open_instruction(frame), frame.f_lasti))
        return key


def test_one_subscription_executed_often_is_one_instruction():
    noting = Noting()
    for k in range(200):
        noting[k]
    assert len({open_one for open_one, _ in noting.seen}) == 1


def test_two_subscriptions_are_two_instructions():
    noting = Noting()
    for k in range(200):
        noting[k] + noting[k + 1]
    assert len({open_one for open_one, _ in noting.seen}) == 2
