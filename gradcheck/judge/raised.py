"""What the user's own code raised: which line of it, and the exception itself, with gradcheck's frames taken out."""

from __future__ import annotations

import linecache
import os
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from gradcheck.errors import SubjectError
from gradcheck.subject.trouble import exits, shown_text

LONGEST = 300
"""Maximum number of characters of an exception's message in a sentence."""
MOST_FRAMES = 20
"""Maximum number of the user's frames that are kept, the innermost ones."""


class UnreadableAnswer(SubjectError):
    """An answer in a form that a check takes, but not built as it has to be."""


TOO_DEEP = (
    "the recursion is too deep for Python's stack: walk the graph in a loop, with a list of what is to be visited, or "
    "call sys.setrecursionlimit with a larger number first"
)
"""What to do about a RecursionError."""
ENDLESS = "a container that holds itself, or is nested too deep to be read"


@contextmanager
def derivative_raised() -> Iterator[None]:
    """Turns what the derivative raises into SubjectError: GC006 for `sys.exit`, GC004 else; its cause is the exception.

    Ctrl-C passes, and so does all else that is no error of the code that raises it (pytest's skip, a cancelled task).
    """
    try:
        yield
    except UnreadableAnswer:  # a check that takes answers in another form says what was wrong with this one
        raise
    except SystemExit as leaving:
        facts = raised(leaving)
        how = f"{exits(leaving, 'answering').facts['how']}{facts['place']}"
        raise SubjectError("GC006", **{**facts, "how": how}) from trimmed(leaving)
    except Exception as wrong:
        if while_reading(wrong):
            raise SubjectError("GC007", expected="arrays of real numbers", came=ENDLESS, block=None) from None
        facts = raised(wrong)
        raise SubjectError("GC004", **facts) from trimmed(wrong)


def function_raised(who: str, wrong: BaseException) -> SubjectError:
    """GC018 for an exception of f, or of what was meant by it; raise it `from trimmed(wrong)`."""
    facts = raised(wrong)
    if isinstance(wrong, SystemExit):
        what = f"{exits(wrong, 'answering').facts['how']}{facts['place']}"
    elif while_reading(wrong):
        what = f"returned {ENDLESS}"
    else:
        what = f"raised {facts['type']}: {facts['message']}{facts['place']}"
    return SubjectError("GC018", who=who, what=what, **facts)


def raised(wrong: BaseException) -> dict[str, Any]:
    """Type and message of an exception, and the innermost line of the user's own that it passed through.

    Lines of gradcheck, of installed packages and of Python's library are nobody's own, unless there are no others.
    """
    message = shown_text(wrong)
    facts: dict[str, Any] = {
        "type": type(wrong).__name__[:200],
        "message": message if len(message) <= LONGEST else f"{message[:LONGEST]}...",
        "place": "",
    }
    if isinstance(wrong, RecursionError):
        facts["message"] = f"{facts['message']}; {TOO_DEEP}"
    stack = [f for f in traceback.extract_tb(wrong.__traceback__, limit=-200) if not is_ours(f.filename)]
    if not stack:
        return facts
    own = [f for f in stack if not installed(f.filename)] or stack[-1:]
    last = own[-1]
    facts["file"] = last.filename
    facts["line"] = last.lineno
    facts["function"] = last.name
    facts["text"] = linecache.getline(last.filename, last.lineno or 0).strip()[:200]
    facts["traceback"] = "".join(traceback.StackSummary.from_list(stack).format())[-2000:]
    facts["frames"] = [_frame(f) for f in own[-MOST_FRAMES:]]
    facts["place"] = place(facts)
    return facts


def _frame(frame: traceback.FrameSummary) -> dict[str, Any]:
    return {
        "file": frame.filename,
        "line": frame.lineno,
        "function": frame.name,
        "text": (frame.line or "")[:200],
    }


def place(facts: dict[str, Any]) -> str:
    """ " (FILE, line 12, in f: SOURCE LINE)", or nothing where no line of the user's was reached."""
    if not facts.get("line"):
        return ""
    within = f", in {facts['function']}" if facts["function"] != "<module>" else ""
    source = f": {facts['text']}" if facts["text"] else ""
    return f" ({shortened(facts['file'])}, line {facts['line']}{within}{source})"


def shortened(file: str) -> str:
    """A file as messages call it: relative to the working directory where it is below that."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


def trimmed(wrong: BaseException) -> BaseException | None:
    """The exception, its traceback beginning in the user's code; None for gradcheck's own, while it read an answer."""
    if while_reading(wrong):
        return None
    trace = wrong.__traceback__
    while trace is not None and is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return wrong.with_traceback(trace)


def by_user(wrong: BaseException) -> bool:
    """Whether an exception passed through code that is neither gradcheck's nor that of an installed package."""
    return any(not (is_ours(f) or installed(f)) for f in _files(wrong.__traceback__))


def while_reading(wrong: BaseException) -> bool:
    """Whether an exception is our own recursion into what the user's code returned."""
    return isinstance(wrong, RecursionError) and all(is_ours(file) for file in _files(wrong.__traceback__))


def _files(trace: TracebackType | None) -> Iterator[str]:
    for frame, _ in traceback.walk_tb(trace):
        yield frame.f_code.co_filename


def is_ours(file: str) -> bool:
    """Whether a file belongs to this package."""
    return file.startswith(_package())


def installed(file: str) -> bool:
    """Whether a file belongs to Python's library or to an installed package."""
    return file.startswith((_library(), "<frozen")) or not _PACKAGES.isdisjoint(Path(file).parts)


@cache
def _package() -> str:
    return f"{Path(__file__).resolve().parents[1]}{os.sep}"


@cache
def _library() -> str:
    return f"{sysconfig.get_paths()['stdlib']}{os.sep}"


_PACKAGES = frozenset({"site-packages", "dist-packages"})
"""Folders that hold what was installed."""
