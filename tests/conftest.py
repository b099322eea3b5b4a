"""What all tests share. Runs repeat exactly: Hypothesis derives its examples from the tests and keeps no database."""

import gc
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds `gradcheck`, `reference`, `suites` and the README."""
    return Path(__file__).resolve().parent.parent
