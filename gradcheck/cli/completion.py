"""`gradcheck completion bash|zsh|fish`: a script for that shell, made from the parsers of all commands."""

from __future__ import annotations

import argparse
import sys

from gradcheck.cli import shell_scripts
from gradcheck.cli.shell_scripts import Choice, Place

FILES = ("FILE", "FILE[:NAME]", "DIR", "KIND=PATH", "PATH")
"""How options and arguments that take a file call it."""
SUITES = ("SUITE[::CASE]", "WHAT")
"""How arguments that take the name of a suite call it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("shell", choices=tuple(shell_scripts.SCRIPTS), help="the shell that the script is for")


def main(options: argparse.Namespace) -> int:
    """Print the script; returns the exit code."""
    from gradcheck.cli import every_parser  # imported late: it imports this module

    sys.stdout.write(shell_scripts.SCRIPTS[options.shell](places(every_parser())))
    return 0


def places(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> list[Place]:
    """What may stand behind `gradcheck`, and behind each command and action of it."""
    choices: list[Choice] = []
    inner: list[Place] = []
    commands: dict[str, str] = {}
    values: tuple[str, ...] = ()
    files = suites = False
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            about = {row.dest: row.help or "" for row in action._choices_actions}
            for name, below in action.choices.items():
                commands[name] = about.get(name, "")
                inner += places(below, (*words, name))
        elif action.option_strings:
            choices.append(
                Choice(
                    tuple(action.option_strings),
                    (action.help or "").replace("%%", "%"),
                    tuple(map(str, action.choices or ())),
                    action.nargs != 0,
                    action.metavar in FILES,
                )
            )
        else:
            values += tuple(map(str, action.choices or ()))
            suites |= action.metavar in SUITES
            files |= action.metavar in FILES or action.metavar in SUITES
    if suites:
        from gradcheck.run.suite import builtin_suites  # imported late: no other command needs it

        values += tuple(builtin_suites())
    return [Place(words, tuple(choices), commands, values, files), *inner]
