"""Text without trailing spaces, and with continuation lines indented under the text that they continue."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text


class Trimmed:
    """A renderable without the spaces that pad its lines on the right."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self._inner, options, pad=False):
            yield from _trimmed(line)
            yield Segment.line()


class Hanging:
    """A text whose continuation lines are indented; words longer than a line, such as paths, are never broken."""

    def __init__(self, text: Text, indent: int) -> None:
        self._text = text
        self._indent = indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        words = self._text.split(" ", allow_blank=True)
        line = Text()
        for k, word in enumerate(words):
            fits = line.cell_len + 1 + word.cell_len <= width or word.plain.startswith("::")  # a command to GitHub
            if k and len(line.plain.rstrip()) > self._indent and not fits:
                line.rstrip()
                yield from _whole(line)
                line = Text(" " * self._indent)
                if not word.plain:
                    continue
            elif k:
                line.append(" ")
            line.append_text(word)
        line.rstrip()
        yield from _whole(line)


def _whole(line: Text) -> Iterable[Text]:
    line.no_wrap = True
    line.overflow = "ignore"
    yield line


def _trimmed(line: Iterable[Segment]) -> list[Segment]:
    segments = list(line)
    while segments and not segments[-1].control and not segments[-1].text.rstrip():
        segments.pop()
    if segments and not segments[-1].control:
        last = segments[-1]
        segments[-1] = Segment(last.text.rstrip(), last.style)
    return segments
