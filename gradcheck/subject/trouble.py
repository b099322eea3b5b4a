"""What went wrong in the subject's own code, in terms of its files: which line raised, and what."""

from __future__ import annotations

import linecache
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from gradcheck.errors import SubjectError, one_line

LONGEST = 2_000
"""Maximum number of characters kept of any text from a subject about itself."""


@dataclass(frozen=True)
class Place:
    """The folder that holds the subject's own files."""

    root: Path

    def owns(self, file: str) -> bool:
        """Whether `file` is one of them; files of an environment inside the folder are not."""
        path = Path(file)
        return path.is_relative_to(self.root) and "site-packages" not in path.relative_to(self.root).parts

    def relative(self, file: str) -> str:
        """The name of `file` in a message."""
        return os.path.relpath(file, self.root) if self.owns(file) else file


@contextmanager
def import_failed(place: Place, file: Path) -> Iterator[None]:
    """Turns what an import raises into GC001 (raised), GC002 (syntax) or GC006 (asked to exit)."""
    try:
        yield
    except SyntaxError as wrong:
        if wrong.filename is not None and not place.owns(wrong.filename):
            raise SubjectError("GC001", **facts(wrong, place)) from None
        raise SubjectError(
            "GC002",
            file=place.relative(wrong.filename or str(file)),
            line=wrong.lineno if type(wrong.lineno) is int else None,  # a file may raise a SyntaxError of its own
            text=shown_text(wrong.text or "").strip()[:200],
            message=shown_text(wrong.msg),
        ) from None
    except SystemExit as leaving:
        raise exits(leaving, "loading", place) from None
    except BaseException as wrong:
        raise SubjectError("GC001", **facts(wrong, place)) from None


@contextmanager
def call_failed(place: Place | None, *, trusted: bool = False) -> Iterator[None]:
    """Turns what a call raises into GC004 (raised) or GC006 (asked to exit).

    In the caller's own process (`trusted`) Ctrl-C is meant for the caller and passes. So does a SubjectError, by which
    a fault of the catalogue reports what its parent process would find.
    """
    try:
        yield
    except SystemExit as leaving:
        raise exits(leaving, "answering", place) from None
    except BaseException as wrong:
        if trusted and isinstance(wrong, KeyboardInterrupt | SubjectError):
            raise
        raise SubjectError("GC004", **facts(wrong, place)) from None


def exits(leaving: SystemExit, phase: str, place: Place | None = None) -> SubjectError:
    """GC006 for `sys.exit`; with the line of the subject's own code that called it, where its `place` is known."""
    status = leaving.code if isinstance(leaving.code, int | None) else shown_text(leaving.code)
    told = {} if place is None else facts(leaving, place)
    where = f" ({told['file']}, line {told['line']})" if "line" in told else ""
    return SubjectError("GC006", how=f"called sys.exit({status if status is not None else ''}){where}", phase=phase)


def is_ours(wrong: SubjectError) -> bool:
    """Whether gradcheck's own code raised it: a SubjectError from the subject must not be trusted."""
    frames = list(traceback.walk_tb(wrong.__traceback__))
    return bool(frames) and frames[-1][0].f_code.co_filename.startswith(str(Path(__file__).parent) + os.sep)


def facts(wrong: BaseException, place: Place | None) -> dict[str, Any]:
    """Type, message, and the innermost line of the subject's own code in the traceback."""
    frames = list(_frames(wrong.__traceback__))
    own = [frame for frame in frames if place is None or place.owns(frame.filename)]
    found: dict[str, Any] = {"type": type(wrong).__name__[:200], "message": one_line(shown_text(wrong))}
    if own:
        last = own[-1]
        found["file"] = place.relative(last.filename) if place is not None else last.filename
        found["line"] = last.lineno
        found["function"] = last.name
        found["text"] = linecache.getline(last.filename, last.lineno or 0).strip()[:200]
        shown = frames[frames.index(own[0]) :]
        found["traceback"] = "".join(traceback.StackSummary.from_list(shown).format())[-LONGEST:]
    return found


def shown_text(thing: object) -> str:
    """`str(thing)` of a foreign object: it may raise, or be very long."""
    try:
        text = str(thing)
    except BaseException as worse:  # whatever a foreign __str__ raises is part of the answer
        return f"(no message: its __str__ raised {type(worse).__name__})"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _frames(trace: TracebackType | None) -> Iterator[traceback.FrameSummary]:
    """Frames of a traceback without those of gradcheck and the import system; a long recursion is cut."""
    kept = traceback.extract_tb(trace, limit=-200)
    here = str(Path(__file__).parent)
    return (f for f in kept if not f.filename.startswith("<frozen") and not f.filename.startswith(here))
