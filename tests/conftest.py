"""What all tests share. Runs repeat exactly: Hypothesis derives its examples from the tests and keeps no database."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds `gradcheck`, `reference`, `suites` and the README."""
    return Path(__file__).resolve().parent.parent
