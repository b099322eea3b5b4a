"""Labels of causes: what is wrong with a wrong item, and which statement of its forward the mistake concerns.

A file `causes_*.py` holds a table ``CAUSES: name -> (kinds, place)``.

- ``kinds`` are acceptable names of the mistake, the most telling one first. Several stand where they say the same about
  the numbers of that item: a path through a norm that is left out is "norm" as well as "dropped", a factor -1 on the
  only path is "sign" as well as "path-sign", and a block that nothing reaches any more is "zero" as well.
- ``place`` is a part of the one statement, of f or of what it calls in its file, that the mistake concerns; "" where
  none is singled out. Statements between which nothing decides are separated by " || ".
- Where the kinds hold "contract", ``place`` holds the codes of findings that say which contract is broken, separated
  by "|": what fails in consequence may be said besides.

A label is the mathematical truth about the derivative as the corpus writes it. It is read from that source, never from
what a checker answers, and it is changed only where it misreads the source. "places", which knows nothing more than
where, is acceptable only where there is nothing more to know.
"""

from dataclasses import dataclass
from pathlib import Path
from runpy import run_path

from kinds import CONTRACT

FOLDER = Path(__file__).resolve().parent
APART = " || "


@dataclass(frozen=True)
class Cause:
    """The label of one item: acceptable kinds, parts of statements of the forward, and codes of broken contracts."""

    kinds: tuple[str, ...]
    places: tuple[str, ...]
    codes: tuple[str, ...]


def tables() -> dict[str, dict[str, tuple[tuple[str, ...], str]]]:
    """The tables as they are written, by the names of their files."""
    return {path.stem: run_path(str(path))["CAUSES"] for path in sorted(FOLDER.glob("causes_*.py"))}


def load_causes() -> dict[str, Cause]:
    """Every label, by the name of its item."""
    return {name: _read(*label) for table in tables().values() for name, label in table.items()}


def _read(kinds: tuple[str, ...], place: str) -> Cause:
    if CONTRACT in kinds:
        return Cause(kinds, (), tuple(place.split("|")))
    return Cause(kinds, tuple(place.split(APART)) if place else (), ())
