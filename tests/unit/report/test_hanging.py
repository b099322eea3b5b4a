"""Lines that are broken: no continuation begins with what the log of a CI service obeys."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from gradcheck.report.trimmed import Hanging


@pytest.mark.parametrize("width", range(8, 60))
def test_no_continuation_begins_with_a_command(width: int) -> None:
    console = Console(file=StringIO(), width=width)
    with console.capture() as said:
        console.print(Hanging(Text("some words before it and then ::error file=x::told and more words"), 4))
    lines = said.get().splitlines()
    assert len(lines) > 1
    assert not [line for line in lines if line.lstrip().startswith("::")]
