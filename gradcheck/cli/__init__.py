"""The `gradcheck` command. One module per subcommand; this one parses, and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from gradcheck.cli import explain, faults, run
from gradcheck.cli.parser import Parser, complaint
from gradcheck.errors import GradcheckError, HarnessFault

COMMANDS = {"run": run, "explain": explain, "faults": faults}

_EPILOG = """exit codes: 0 every case PASS or as its `expect` says; 1 any other FAIL, ERROR or UNDECIDED;
2 usage, configuration, or an invalid suite: nothing ran; 3 harness fault; 5 nothing compared; 130 interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = Parser(
        prog="gradcheck",
        description="Is this gradient right, and if not, which entry, from which node on, and why?",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"gradcheck {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.HELP, epilog=_EPILOG)
        command.add_argument("--traceback", action="store_true", help="show gradcheck's own traceback with an error")
        module.arguments(command)
    options = parser.parse_args(argv)
    try:
        return int(COMMANDS[options.command].main(options))
    except GradcheckError as wrong:
        if options.traceback:
            traceback.print_exc()
        print(f"gradcheck: {complaint(wrong)}", file=sys.stderr)
        return 3 if isinstance(wrong, HarnessFault) else 2
    except BrokenPipeError:
        # The reader (a pager, `head`) closed our output; that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as wrong:  # a user never sees our traceback unless asked for: this is a fault of the harness
        if options.traceback:
            traceback.print_exc()
        what = f"{type(wrong).__name__}: {complaint(wrong)}"
        print(f"gradcheck: internal error, please report it (--traceback shows where): {what}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("gradcheck: interrupted", file=sys.stderr)
        return 130


def _version() -> str:
    try:
        return version("gradcheck")
    except PackageNotFoundError:
        return "(not installed)"
