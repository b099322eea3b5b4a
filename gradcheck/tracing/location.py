"""The place in the user's code that is being executed."""

import sys
from pathlib import Path
from types import FrameType

_ROOT = Path(__file__).parents[1]
_PACKAGE = __name__.rpartition(".")[0].rpartition(".")[0]
OWN = (f"{_PACKAGE}.numbers", f"{_PACKAGE}.tracing", f"{_PACKAGE}.checks")
"""Packages whose code never counts as the user's, even when other code of gradcheck is traced."""
_FOLDERS = tuple(str(_ROOT / name.rpartition(".")[2]) for name in OWN)

Site = tuple[str, int, int]
"""File, line and bytecode offset of a call in the user's code."""


def _users_frame() -> FrameType | None:
    """The innermost frame outside NumPy and this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if not frame.f_code.co_filename.startswith(_FOLDERS) and module.partition(".")[0] != "numpy":
            return frame
        frame = frame.f_back
    return None


def user_line() -> str:
    """The user's line for messages, as " (line N of FILE)"; empty if there is none, as where a graph is computed."""
    frame = _users_frame()
    if frame is None or Path(frame.f_code.co_filename).is_relative_to(_ROOT):
        return ""
    return f" (line {frame.f_lineno} of {Path(frame.f_code.co_filename).name})"


def user_site() -> Site:
    """The user's call that is being executed; ("", 0, 0) if there is none."""
    frame = _users_frame()
    return ("", 0, 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno, frame.f_lasti)
