"""Loads the corpus from its files, for tests and for scripts alike.

The folder is no installed package: its modules are imported by path under a private name. Functions are imported
afresh at every call, since some of them keep state (that is what is wrong with them).
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .item import Item

PACKAGE = "_gradcheck_corpus"
FOLDER = Path(__file__).resolve().parent


def module(name: str) -> ModuleType:
    """The corpus module `name` (``"item"``, ``"truth"``, ``"functions.kinks"``), under its private name."""
    if PACKAGE not in sys.modules:
        package = ModuleType(PACKAGE)
        package.__path__ = [str(FOLDER)]
        sys.modules[PACKAGE] = package
    return importlib.import_module(f"{PACKAGE}.{name}")


def load_items() -> "tuple[Item, ...]":
    """Every item, in the order of file names and of lines within them, with no state left from an earlier load."""
    items: list[Item] = []
    for path in sorted((FOLDER / "functions").glob("*.py")):
        sys.modules.pop(f"{PACKAGE}.functions.{path.stem}", None)
        items += module(f"functions.{path.stem}").CATEGORY.items
    return tuple(items)
