"""A file that is written in one step: all of it, or as it was."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path


def written(path: Path, text: str) -> None:
    """Write a file in one step, with the permissions that it had; a device or a pipe is written to as it is.

    Raises OSError; then the file is as it was.
    """
    path = path.resolve()
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        return
    new = beside(path)
    try:
        with new.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, new)
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def beside(path: Path) -> Path:
    """The file beside a report in which it is written."""
    return path.with_name(f".{path.name}.gradcheck")
