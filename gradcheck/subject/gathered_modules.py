"""A package whose `__init__` defines nothing, seen as one module with what all of its files define."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import ModuleType

from gradcheck.conventions.offer import PARTS, Contents, Miss
from gradcheck.subject.trouble import shown_text

MOST = 60
"""Maximum number of files that are looked at."""
_MATHEMATICS = re.compile(r"func|elem|math|oper|ops$|activation")
"""In the name of a file with functions of mathematics."""
ASIDE = frozenset({"__init__", "__main__", "setup", "conftest", "tests", "test", "examples", "docs"})
"""Names of files and folders that hold no part of what a package offers."""


def gathered(module: ModuleType) -> tuple[ModuleType, list[Miss]]:
    """The module itself if it defines something; else one with the public names of its package's files.

    A file that cannot be imported, and a second class or function of a name that is taken, is a Miss. Of a package that
    defines something, the files with functions of mathematics count as parts of it: users import them by themselves.
    """
    contents = Contents(module)
    folders = list(getattr(module, "__path__", ()))
    if not folders:
        return module, []
    if contents.classes or contents.functions:
        vars(module).setdefault(PARTS, list(_mathematics(module, Path(folders[0]))))
        return module, []
    whole, misses = ModuleType(module.__name__, module.__doc__), []
    for name in islice(_files(Path(folders[0])), MOST):
        try:
            part = import_module(f"{module.__name__}.{name}")
        except (Exception, SystemExit) as wrong:
            misses.append(Miss("import", name, f"importing it raised {type(wrong).__name__}: {shown_text(str(wrong))}"))
            continue
        for key, value in vars(part).items():
            if getattr(value, "__module__", None) != part.__name__ or key.startswith("_"):
                continue
            if vars(whole).setdefault(key, value) is not value:
                misses.append(Miss("import", f"{name}.{key}", "another file has one of this name: name the file"))
        vars(whole).setdefault(PARTS, []).append(part)
    return whole, misses


def _mathematics(module: ModuleType, folder: Path) -> Iterator[ModuleType]:
    """The files of a package that hold functions of mathematics, by their names, as far as they can be imported."""
    for name in islice(_files(folder), MOST):
        if _MATHEMATICS.search(name.rpartition(".")[2].lower()):
            try:
                yield import_module(f"{module.__name__}.{name}")
            except (Exception, SystemExit):  # it may need packages that are not installed
                continue


def _files(folder: Path) -> Iterator[str]:
    """Dotted names of a folder's Python files, those of its folders after them."""
    for path in sorted(folder.glob("*.py")):
        if path.stem.isidentifier() and path.stem not in ASIDE and not path.stem.startswith("test_"):
            yield path.stem
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        if inner.name.isidentifier() and inner.name not in ASIDE and (inner / "__init__.py").is_file():
            yield from (f"{inner.name}.{name}" for name in _files(inner))
