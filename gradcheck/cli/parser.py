"""The command line's parser, with error messages that are short and safe to print, and values that commands share."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from typing import Any, NoReturn

from gradcheck.errors import LONGEST, printable, shortened


class Formatter(argparse.HelpFormatter):
    """Leaves examples as they are, a line each, and wraps other paragraphs."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.split("\n\n")
        return "\n\n".join(
            p if p.startswith("examples:") else super(Formatter, self)._fill_text(p, width, indent) for p in paragraphs
        )


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose error messages are short and contain no control codes for terminals.

    Attributes
    ----------
    commands: the parsers of its subcommands, by name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"formatter_class": Formatter, **kwargs})
        self.commands: dict[str, Parser] = {}

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but the value `--`, as in `--seed=--`, is an error: argparse reads it as an empty list."""
        given = sys.argv[1:] if args is None else list(args)
        options = given[: given.index("--")] if "--" in given else given
        if odd := [arg for arg in options if re.fullmatch(r"-\w--|--[\w-]+=--", arg)]:
            self.error(f"argument {odd[0][:-2].rstrip('=')}: expected a value, got '--'")
        found, unknown = self.parse_known_args(given, namespace)
        if unknown:
            owner = self.commands.get(getattr(found, "command", ""), self)
            option = next((word for word in unknown if word.startswith("-")), None)
            many = f"too many arguments: {' '.join(unknown)}"
            owner.error(f"there is no option {option}{owner.meant(option)}" if option else many)
        return found

    def meant(self, option: str) -> str:
        """A question for the option that may have been meant; "" if none is similar."""
        known = [name for action in self._actions for name in action.option_strings]
        near = difflib.get_close_matches(option.partition("=")[0][:100], known, n=1)
        return f"; did you mean {near[0]}?" if near else ""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and where to read more, in one line each; exit code 2."""
        text = shortened(printable(message), LONGEST // 2)
        self.exit(2, f"{self.prog}: {text}\n{self.prog} --help shows what it takes\n")


def number(text: str) -> float:
    """The type of an option that takes a number; its name stands in argparse's message."""
    return float(text)


def complaint(wrong: BaseException) -> str:
    """An exception's message as one line without control codes for terminals."""
    text = " ".join(str(wrong).split("\n"))
    return shortened(printable(text), LONGEST)
