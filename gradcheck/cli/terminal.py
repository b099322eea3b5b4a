"""The two output streams of a command, of any kind: a terminal, a pipe, ASCII only, full, or closed.

The report goes to stdout, progress to stderr. Text that stdout refuses goes to stderr, after a line that says so.
"""

from __future__ import annotations

import codecs
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:  # `gradcheck --help` shows neither
    from rich.console import Console

    from gradcheck.report.progress import Progress

PLAIN = {
    **dict.fromkeys("─━═╌┄┈", "-"),
    **dict.fromkeys("│┃║╎┆┊", "|"),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╔╗╚╝┏┓┗┛┡┩╇", "+"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("–—−", "-"),
    "±": "+-",
    "×": "x",
    "·": "*",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "→": "->",
    "←": "<-",
    "↑": "^",
    "…": "...",
    "∂": "d",
    "Σ": "sum",
    "²": "^2",
    "³": "^3",
    "√": "sqrt",
    "∞": "inf",
    "█": "#",
    "▌": "#",
    "░": ".",
}
"""Replacements for characters that a stream cannot encode; any other becomes a question mark."""
_ERRORS = "gradcheck.plain"
_replaced: set[str] = set()


def _plainly(wrong: UnicodeError) -> tuple[str, int]:
    assert isinstance(wrong, UnicodeEncodeError)
    _replaced.add(wrong.encoding)
    return "".join(PLAIN.get(c, "?") for c in wrong.object[wrong.start : wrong.end]), wrong.end


codecs.register_error(_ERRORS, _plainly)


class Stream:
    """A text stream that does not fail: text that it refuses goes to `instead`, or nowhere.

    The exception is a reader that closed its end: then BrokenPipeError is raised, so that the command can end.

    Attributes
    ----------
    gone: whether neither the stream nor `instead` takes text any more.
    wrote: time of the last output, by `time.monotonic`.
    """

    def __init__(self, stream: TextIO | None, name: str, instead: Stream | None = None) -> None:
        self._stream, self._name, self._instead = stream, name, instead
        self._waiting: list[str] = []  # written, but not flushed yet
        self._failed = False
        self.wrote = time.monotonic()
        if stream is None:
            self._fail("it is closed")
        else:
            with suppress(AttributeError, ValueError):  # not a text layer of Python's own: its encoding stays
                cast(Any, stream).reconfigure(errors=_ERRORS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def gone(self) -> bool:
        """Whether text written here is lost."""
        return self._failed and (self._instead is None or self._instead.gone)

    @property
    def encoding(self) -> str:
        """The encoding of the stream that is written to."""
        return str(getattr(self._stream, "encoding", None) or "utf-8")

    def isatty(self) -> bool:
        """Whether the stream that is written to is a terminal."""
        return self._stream is not None and not self._failed and self._stream.isatty()

    def write(self, text: str) -> int:
        """Write to the stream, or to `instead`."""
        self.wrote = time.monotonic()
        if self._failed:
            if self._instead is not None:
                self._instead.write(text)
            return len(text)
        self._waiting.append(text)
        self._try("write", text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream, or `instead`."""
        if self._failed:
            if self._instead is not None:
                self._instead.flush()
            return
        self._try("flush")
        self._waiting.clear()

    def _try(self, method: str, *arguments: str) -> None:
        try:
            getattr(self._stream, method)(*arguments)
        except BrokenPipeError:
            if self._name == "stdout":
                raise
            self._fail("its reader is gone")
        except (OSError, ValueError) as wrong:  # full, or closed by now
            self._fail(getattr(wrong, "strerror", None) or str(wrong))

    def _fail(self, why: str) -> None:
        self._failed = True
        if self._stream is not None:
            with suppress(OSError, ValueError):  # Python flushes once more at exit: discard that
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self._stream.fileno())
                os.close(null)
        if self._instead is not None:
            notice = f"gradcheck: {self._name} cannot be written ({why}); its text goes to stderr\n"
            self._instead.write(notice + "".join(self._waiting))
            self._instead.flush()
        self._waiting.clear()


@contextmanager
def streams() -> Iterator[tuple[Stream, Stream]]:
    """(stdout, stderr) as streams that do not fail; they replace Python's own."""
    for number in range(3):  # a file or pipe opened later must not get the number of a closed stream
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    before = sys.stdout, sys.stderr
    kept = [(s, s.errors) for s in before if s is not None]
    _replaced.clear()
    err = Stream(before[1], "stderr")
    out = Stream(before[0], "stdout", err)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    try:
        yield out, err
    finally:
        with suppress(BrokenPipeError):
            out.flush()
        if _replaced:
            encodings = ", ".join(sorted(_replaced))
            err.write(
                f"gradcheck: characters that {encodings} has not were replaced; PYTHONIOENCODING=utf-8 keeps them\n"
            )
        err.flush()
        sys.stdout, sys.stderr = before
        for stream, errors in kept:
            with suppress(AttributeError, ValueError):
                cast(Any, stream).reconfigure(errors=errors)


def consoles() -> tuple[Console, Console]:
    """(stdout, stderr). Colour follows rich (NO_COLOR, FORCE_COLOR, TERM); live displays are only for terminals."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 110
    out = Console(width=width, highlight=False, soft_wrap=False)
    err = Console(stderr=True, force_interactive=_live())
    return out, err


def signs_of_life(silence: float | None = None) -> Progress:
    """The progress display on stderr: one rewritten line on a terminal, elsewhere a line after so many seconds."""
    from gradcheck.report.progress import SILENCE, Progress

    out, err = sys.stdout, sys.stderr
    width = shutil.get_terminal_size().columns
    return Progress(
        err,
        live=_live(),
        width=width,
        others=lambda: max(getattr(s, "wrote", 0.0) for s in (out, err)),
        silence=SILENCE if silence is None else silence,
    )


def _live() -> bool:
    """Whether stderr is a terminal that a person may watch; FORCE_COLOR does not make a terminal of a pipe."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
