"""What all tests share. Runs repeat exactly: Hypothesis derives its examples from the tests and keeps no database."""

import gc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from by_path import load

pytest_plugins = ["pytester"]  # pytest takes this from the topmost conftest alone

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")


SLOW = frozenset(Path(__file__).with_name("slow.txt").read_text(encoding="utf-8").split())
"""Modules that take longer than eight seconds: `pytest -m "not slow"` leaves them out."""


THOROUGH = {
    name: int(share[0]) if share else 0
    for name, *share in map(
        str.split, Path(__file__).with_name("thorough.txt").read_text(encoding="utf-8").splitlines()
    )
}
"""Folders, modules or functions that take minutes: `--thorough` runs all, else one test in so many runs, or none.

The row of a function goes before its module's, and that before a folder's; with 1 all of it runs.

The numbers are odd: right and wrong twins often take turns, and one in two would be all of one kind.
"""
if any(share and share % 2 == 0 for share in THOROUGH.values()):
    raise ValueError("tests/thorough.txt: one test in an even number would leave out all twins of one kind")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that runs everything."""
    parser.addoption("--thorough", action="store_true", help="run the modules that tests/thorough.txt lists, too")


def pytest_report_header(config: pytest.Config) -> str:
    """What is left out."""
    if config.getoption("--thorough"):
        return "thorough: every test"
    return "tests/thorough.txt: what it lists is run in part, --thorough runs all of it"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of slow modules; leave out those that take minutes unless they are asked for.

    They are not skipped one by one: under xdist ten thousand skips take half a minute.
    """
    here = Path(__file__).parent
    thorough = config.getoption("--thorough")
    counts: Counter[str] = Counter()
    left_out: list[pytest.Item] = []
    for item in items:
        module = item.path.relative_to(here).as_posix()
        if module in SLOW:
            item.add_marker(pytest.mark.slow)
        function = f"{module}::{getattr(item, 'originalname', item.name)}"
        folders = [f"{folder.as_posix()}/" for folder in Path(module).parents]
        name = next((row for row in (function, module, *folders) if row in THOROUGH), None)
        if name is not None and not thorough:
            counts[name] += 1
            if not THOROUGH[name] or counts[name] % THOROUGH[name]:
                left_out.append(item)
    if left_out:
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds `gradcheck`, `reference`, `suites` and the README."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def faulty(tmp_path: Path) -> Callable[[str], Path]:
    """The file of the engine in `faults/` with the named mistake, which is written first where it is an edit."""
    edited = load(Path(__file__).parent / "faults" / "_edited.py")
    return lambda name: edited.engine(name, tmp_path)
