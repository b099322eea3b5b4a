"""Re-encodes whatever a subject returns as plain arrays, or refuses it.

An instance of a subclass of `ndarray` may give false information about itself. So only a copy of its memory, as base
class, is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.subject.answer import Array
from gradcheck.subject.trouble import shown_text

LARGEST = 256 << 20
"""Maximum bytes of the arrays of one answer, unless another limit is given."""

_KINDS = "biufc"


class Plain:
    """Reads the parts of one answer, up to `largest` bytes in all; SubjectError GC007 names a part that it refuses."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._left = self._largest = largest

    def arrays(self, returned: Any, what: str) -> dict[str, Array]:
        """A mapping of names to arrays, read from a mapping of names to numbers."""
        if not isinstance(returned, Mapping):
            raise SubjectError("GC007", expected="a mapping of names to arrays", came=describe(returned), block=what)
        with _reading(what):
            items = list(returned.items())
        if unnamed := [name for name, _ in items if not isinstance(name, str)]:
            raise SubjectError("GC007", expected="names that are str", came=describe(unnamed[0]), block=what)
        return {str(name): self.array(value, what, name) for name, value in items}

    def array(self, value: Any, what: str, name: str | None = None) -> Array:
        """An array or number in its own dtype, as a contiguous array in this machine's byte order."""
        base = value if type(value) is np.ndarray else _as_base(value, what, name)
        if base.dtype.kind not in _KINDS:
            raise _refused("an array of numbers", describe(base), what, name)
        self._left -= base.nbytes
        if self._left < 0:
            raise _refused(
                f"arrays of at most {self._largest:,} bytes in all",
                f"{describe(base)}, {base.nbytes:,} bytes",
                what,
                name,
            )
        return np.array(base, dtype=None if base.dtype.isnative else base.dtype.newbyteorder("="), order="C")


def _as_base(value: Any, what: str, name: str | None) -> Array:
    if not isinstance(value, np.ndarray | np.generic | bool | int | float | complex):
        raise _refused("an array or a number", describe(value), what, name)
    with _reading(what):
        base = np.asarray(value)
    if type(base) is not np.ndarray:
        raise _refused("an array of numbers", describe(base), what, name)
    return base


def _refused(expected: str, came: str, what: str, name: str | None) -> SubjectError:
    block = what if name is None else f"{what}[{str(name)!r}]"
    return SubjectError("GC007", expected=expected, came=came, block=block)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Turns an exception from a returned object's own methods into a malformed answer."""
    try:
        yield
    except Exception as wrong:
        raise SubjectError(
            "GC007",
            expected="numbers that can be read",
            came=f"{type(wrong).__name__} while reading: {shown_text(wrong)}",
            block=what,
        ) from None


def describe(value: Any) -> str:
    """A short description of a value, made with as few calls to the object as possible."""
    kind = type(value)
    if kind is np.ndarray:
        return f"an array of shape {value.shape} of {value.dtype}"
    if value is None:
        return "None"
    if kind in (tuple, list):
        inside = ", ".join(type(inner).__name__ for inner in value[:5])
        return f"a {kind.__name__} of {len(value)}" + (f" ({inside})" if inside else "")
    if kind in (str, int, float, bool, complex):
        return f"{kind.__name__} {shown_text(value)[:60]}"
    return f"{'an' if kind.__name__[:1].lower() in 'aeiou' else 'a'} {kind.__name__}"[:200]
