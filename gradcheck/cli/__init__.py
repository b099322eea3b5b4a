"""The `gradcheck` command. One module per subcommand; this one parses, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gradcheck.cli.help_examples import epilog
from gradcheck.cli.parser import Parser, complaint
from gradcheck.cli.signals import Signals
from gradcheck.cli.terminal import streams
from gradcheck.errors import GradcheckError, Interrupted
from gradcheck.run import exit_code

COMMANDS = {
    "verify": "recognise how an implementation is written, in any of many conventions, and check what it offers",
    "run": "put a backprop engine on trial: suites of cases, cross-checked by independent oracles",
    "explain": "derive a gradient step by step, or say what a finding or a fault means",
    "faults": "grade the harness itself: every known fault, caught or not, named or not; false alarms over correct "
    "engines",
    "baseline": "record the exact gradients of every case in a file, and say what changed since",
    "config": "print every setting in effect here, and where it comes from: environment, pyproject.toml or default",
    "completion": "print a script that lets bash, zsh or fish complete what is typed",
}
"""One line about each command; its module is imported only when the command is used."""

_EPILOG = """exit codes: 0 every case PASS or as its `expect` says; 1 any other FAIL, ERROR or UNDECIDED;
2 usage, configuration, or an invalid suite: nothing ran; 3 harness fault; 5 nothing compared;
129, 130, 143 ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM, with a report of what was finished"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    with streams() as (out, _), Signals() as signals:
        options = _options(sys.argv[1:] if argv is None else argv)
        options.signals, options.delivered = signals, False
        code = _outcome(options)
        with suppress(BrokenPipeError):
            out.flush()
        return 2 if out.gone and not options.delivered and code in (0, 1, 3, 5) else code


def _options(argv: Sequence[str]) -> argparse.Namespace:
    asked = next((word for word in argv if not word.startswith("-")), None)
    parsed: argparse.Namespace = _parser([asked] if asked in COMMANDS else []).parse_args(argv)
    return parsed


def every_parser() -> Parser:
    """The command line's parser, with the arguments of every command."""
    return _parser(COMMANDS)


def _parser(filled: Iterable[str]) -> Parser:
    """The command line's parser; of the commands, only these have their arguments."""
    parser = Parser(
        prog="gradcheck",
        description="Is this gradient right, and if not, which entry, from which node on, and why?",
        epilog=epilog("", _EPILOG),
    )
    parser.add_argument("--version", action="version", version=f"gradcheck {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, about in COMMANDS.items():
        words = epilog(name, _EPILOG)
        command = parser.commands[name] = commands.add_parser(name, help=about, description=about, epilog=words)
        command.add_argument("--traceback", action="store_true", help="show gradcheck's own traceback with an error")
    for name in filled:
        _module(name).arguments(parser.commands[name])
    return parser


def _module(command: str) -> Any:
    return import_module(f"gradcheck.cli.{command}")


def _outcome(options: argparse.Namespace) -> int:
    try:
        return int(_module(options.command).main(options))
    except GradcheckError as wrong:
        if options.traceback:
            traceback.print_exc()
        print(f"gradcheck: {complaint(wrong)}", file=sys.stderr)
        return exit_code.of_error(wrong)
    except BrokenPipeError:
        # The reader (a pager, `head`) closed our output; this is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as wrong:  # users see a traceback only on request: this is a fault of the harness
        if options.traceback:
            traceback.print_exc()
        what = f"{type(wrong).__name__}: {complaint(wrong)}"
        print(f"gradcheck: internal error, please report it (--traceback shows where): {what}", file=sys.stderr)
        return exit_code.of_error(wrong)
    except KeyboardInterrupt as asked:
        print("gradcheck: interrupted", file=sys.stderr)
        return exit_code.of_signal(asked.number if isinstance(asked, Interrupted) else signal.SIGINT)


def _version() -> str:
    try:
        return version("gradcheck")
    except PackageNotFoundError:
        return "(not installed)"
