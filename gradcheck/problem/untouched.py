"""Whether classes and modules are unchanged: none of their functions was replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import CellType, FunctionType, ModuleType
from typing import Any


class Untouched:
    """The parts of classes and modules when this is made, to compare with later.

    A replacement that is undone before the comparison is not seen.

    Parameters
    ----------
    watched: classes and modules, by the name that `changed` calls them. Of a module, only
        callables and tables count, without later additions. Additions to a class count: they can hide what it inherits.
    """

    def __init__(self, watched: Mapping[str, type | ModuleType]) -> None:
        self._watched = dict(watched)
        self._before = dict(self._parts())

    def changed(self) -> tuple[str, ...]:
        """Names of the parts that were replaced, removed or added, such as "numpy.add"."""
        now = dict(self._parts())
        added = [f"{owner}." for owner, thing in self._watched.items() if not isinstance(thing, ModuleType)]
        names = [*self._before, *(n for n in now if n not in self._before and n.startswith(tuple(added)))]
        return tuple(n for n in names if not _same(self._before.get(n, ()), now.get(n, ())))

    def _parts(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        for owner, thing in self._watched.items():
            for name, part in list(vars(thing).items()):
                part = part.__func__ if isinstance(part, staticmethod) else part
                if isinstance(thing, ModuleType) and not (callable(part) or isinstance(part, Mapping)):
                    continue
                if name in ("__builtins__", "__warningregistry__"):
                    continue
                yield f"{owner}.{name}", (part, *_inside(part))


def _inside(part: object) -> tuple[Any, ...]:
    """The code of a Python function, or the entries of a table."""
    if isinstance(part, FunctionType):
        cells = [_content(cell) for cell in part.__closure__ or ()]
        return (part.__code__, part.__defaults__, part.__kwdefaults__, *cells)
    return (*part.keys(), *part.values()) if isinstance(part, Mapping) else ()


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # an empty one
        return None


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether all parts are the same objects, without calling a subject's `__eq__`."""
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
