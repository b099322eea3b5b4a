"""Makes what lies beside a file readable from the working directory of its process, as where its author runs it."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

MOST = 2_000
"""Maximum number of entries of the folder that are made readable."""


def linked(folder: Path) -> None:
    """Link to every file and folder of `folder` from the working directory, Python files and hidden ones left out.

    What is written there by a relative path that is new stays in the working directory. Where the system makes no
    links, nothing happens: the file says which of its data is missing.
    """
    with suppress(OSError):
        for entry in islice(sorted(folder.iterdir()), MOST):
            if entry.suffix != ".py" and entry.name[:1] not in "._" and not os.path.lexists(entry.name):
                Path(entry.name).symlink_to(entry)
