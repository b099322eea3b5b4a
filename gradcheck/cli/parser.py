"""The command line's parser, with error messages that are short and safe to print, and values that commands share."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, NoReturn

from gradcheck.errors import LONGEST, UsageError, printable, shortened
from gradcheck.problem.reading import brief

_MOST_DIGITS = 300
"""Maximum number of digits of a seed; a file of cases can hold as many."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose error messages are short and contain no control codes for terminals."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but the value `--`, as in `--seed=--`, is an error: argparse reads it as an empty list."""
        given = sys.argv[1:] if args is None else list(args)
        options = given[: given.index("--")] if "--" in given else given
        if odd := [arg for arg in options if re.fullmatch(r"-\w--|--[\w-]+=--", arg)]:
            self.error(f"argument {odd[0][:-2].rstrip('=')}: expected a value, got '--'")
        return super().parse_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the usage and one line; exit code 2."""
        super().error(shortened(printable(message), LONGEST // 2))


def complaint(wrong: BaseException) -> str:
    """An exception's message as one line without control codes for terminals."""
    text = " ".join(str(wrong).split("\n"))
    return shortened(printable(text), LONGEST)


def seed_of_flag(given: str | None, otherwise: str = "") -> int | None:
    """The value of `--seed`; UsageError unless it is a whole number >= 0, as NumPy's generators want it."""
    if given is None:
        return None
    digits = given.strip()
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        return int(digits)
    wanted = " ".join([f"a whole number >= 0 of at most {_MOST_DIGITS} digits", *otherwise.split()])
    raise UsageError(f"--seed takes {wanted}, got {brief(given)}")
