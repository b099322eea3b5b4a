"""Removes a folder with any content from a subject: never raises, never recurses, follows no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove `folder` and its content; what the system refuses to remove stays.

    Inner folders are moved up to the top before they are removed, so that depth costs no stack, no open files and no
    path longer than the system allows. Every process in the folder must have ended.
    """
    fresh, progress = count(), True
    while progress:
        progress = False
        for inner in _listed(folder):
            if _is_folder(inner):
                progress |= _emptied(inner, folder, fresh)
                progress |= _done(inner.rmdir)
            else:
                progress |= _done(inner.unlink)
    _done(folder.rmdir)


def _emptied(inner: Path, top: Path, fresh: count[int]) -> bool:
    """Remove the files in `inner` and move its folders to `top`; whether anything could be done."""
    progress = False
    for path in _listed(inner):
        if not _is_folder(path):
            progress |= _done(path.unlink)
            continue
        with suppress(OSError):
            path.chmod(stat.S_IRWXU)  # a folder without write permission cannot be moved
        moved = top / f"moved-{next(fresh)}"
        while os.path.lexists(moved):
            moved = top / f"moved-{next(fresh)}"
        progress |= _done(path.rename, moved)
    return progress


def _listed(folder: Path) -> list[Path]:
    with suppress(OSError):
        folder.chmod(stat.S_IRWXU)
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _done(call: Callable[..., object], *arguments: object) -> bool:
    """Whether the system call succeeded."""
    try:
        call(*arguments)
    except OSError:
        return False
    return True
