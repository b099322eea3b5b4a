"""What each test compared: one that asked for gradcheck, by its marker or its fixture, must have compared something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gradcheck.checks.observed import Observed, listening

if TYPE_CHECKING:
    from gradcheck.baseline.recorded import Recorded

FIXTURE = "gradcheck"
HEARD = pytest.StashKey[list[Observed]]()
"""The checks of the test that runs, in a test's stash."""
CURRENT = pytest.StashKey[pytest.Item]()
"""The test that runs, in the configuration's stash."""
MADE = pytest.StashKey[object]()
"""The fixture's value, in the configuration's stash, once it was asked for."""
IS_CASE = pytest.StashKey[bool]()
"""Set in the stash of a suite's case, which is no test of the user's."""
MEASURED: pytest.StashKey[Recorded | None] = pytest.StashKey()
"""What a baseline holds of a suite's case that was judged, in its stash; None where it has no result."""


@contextmanager
def heard(item: pytest.Item) -> Iterator[None]:
    """While a test runs, from its fixtures' set-up to their end, its checks are kept."""
    checks = item.stash[HEARD] = []
    item.config.stash[CURRENT] = item
    try:
        with listening(checks.append):
            yield
    finally:
        del item.stash[HEARD], item.config.stash[CURRENT]


def forget(item: pytest.Item) -> None:
    """A test begins, maybe once more: what it compared before does not count."""
    if HEARD in item.stash:
        item.stash[HEARD].clear()


def checks_of(item: pytest.Item) -> Sequence[Observed]:
    """The checks that the test has made so far."""
    none: list[Observed] = []
    return item.stash.get(HEARD, none)


def lacking(item: pytest.Item) -> str | None:
    """The sentence about a test that asked for gradcheck and compared nothing; None for any other."""
    if item.stash.get(IS_CASE, False) or any(one.result.comparisons for one in checks_of(item)):
        return None
    if _has_fixture(item):
        return f"this test asked for the fixture {FIXTURE} and compared nothing"
    if item.get_closest_marker(FIXTURE) is not None:
        return f"this test is marked @pytest.mark.{FIXTURE} and compared nothing"
    return None


def _has_fixture(item: pytest.Item) -> bool:
    """Whether the fixture is ours: a project may have one of the same name."""
    made = item.config.stash.get(MADE, None)
    return made is not None and getattr(item, "funcargs", {}).get(FIXTURE) is made
