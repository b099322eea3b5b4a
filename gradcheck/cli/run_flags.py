"""The flags of `gradcheck run`. None where a flag is not given: then the settings decide (`gradcheck config`)."""

from __future__ import annotations

import argparse

from gradcheck.cli import report_files
from gradcheck.cli.parser import number
from gradcheck.config.effective import Effective
from gradcheck.config.settings_table import SETTINGS
from gradcheck.errors import shell_word


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "targets", nargs="*", metavar="SUITE[::CASE]", help="suites or cases (default: all built-in suites)"
    )
    parser.add_argument(
        "--subject",
        metavar="FILE[:NAME]",
        help='the engine under test, or "cmd:PROGRAM ARGUMENTS" for one in another language '
        "(default: the built-in reference)",
    )
    parser.add_argument(
        "-k", dest="expression", metavar="EXPR", help="only cases whose address or labels fit, as in pytest"
    )
    parser.add_argument("--lf", "--last-failed", action="store_true", help="only cases that failed when last tried")
    parser.add_argument(
        "-x",
        "--fail-fast",
        dest="maxfail",
        action="store_const",
        const=1,
        help="stop after the first case that is not as it should be",
    )
    parser.add_argument(
        "--maxfail", type=int, metavar="N", help="stop after N cases that are not as they should be (default 0: never)"
    )
    parser.add_argument(
        "-j",
        "--jobs",
        metavar="N",
        help="judge in N processes at the same time; 'auto' (default): one per processor, if there are enough cases",
    )
    parser.add_argument("--seed", metavar="N", help="seed of generated cases: a number, or 'random'")
    parser.add_argument("--timeout", type=number, metavar="S", help="seconds per question (default 10)")
    parser.add_argument(
        "--interest", type=number, metavar="R", help="relative error that matters (default 1e-6; 1e-4 in float32)"
    )
    parser.add_argument(
        "--max-ulps", type=number, metavar="N", help="fail gradients that are off by more ulps than this"
    )
    parser.add_argument(
        "--require-ops",
        metavar="OPS",
        help="ops that the engine must offer: names with commas, or 'all'; a case it does not offer is an ERROR then",
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64"),
        help="the dtype that cases are posed in, where they ask for none (default: the file's DTYPE, else float64)",
    )
    parser.add_argument("--format", choices=("console", "json"), default="console", help="form of the output on stdout")
    report_files.argument(parser)
    parser.add_argument(
        "--save-failures",
        metavar="DIR",
        help="where failing generated graphs are saved, a folder for each subject; they are asked first next time",
    )
    parser.add_argument("--no-save", action="store_true", help="save no failing graphs, and ask none that were saved")
    parser.add_argument(
        "--give-up-after",
        type=int,
        metavar="N",
        help="ask no more after N time-outs, or N cases in a row without an answer "
        f"(default {SETTINGS['give-up-after'].default}; 0 for never)",
    )
    parser.add_argument(
        "--diagnosis-budget",
        type=number,
        metavar="S",
        help="seconds for the search for the smallest counterexample and its cause, and for the cause of each case "
        f"(default {SETTINGS['diagnosis-budget'].default:g}; 0 for no search)",
    )
    parser.add_argument(
        "--no-diagnosis", action="store_true", help="do not look for the smallest counterexample and its cause"
    )
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument("-q", "--quiet", action="store_true", help="print failures and one line that sums up")
    detail.add_argument(
        "-v", "--verbose", action="count", default=0, help="print a row per case; -vv: every oracle's number besides"
    )
    parser.add_argument("--durations", type=int, metavar="N", help="print the N cases that took longest (0: all)")
    parser.add_argument("--exit-zero", action="store_true", help="exit with 0 where the exit code would be 1")
    parser.add_argument("--list", action="store_true", help="list the cases and run nothing")
    parser.add_argument("--no-timings", action="store_true", help="leave out times, so that two runs can be compared")


def replay_options(values: Effective, subject: str | None) -> str:
    """The flags by which `gradcheck run` repeats a case as it was judged under these settings, for this subject."""
    given = f" --subject {shell_word(subject)}" if subject else ""
    must = f" --require-ops {','.join(values['require-ops'])}" if values["require-ops"] else ""
    dtype = f" --dtype {values['dtype']}" if values["dtype"] else ""
    numbers = [f" --{key} {values[key]:.12g}" for key in ("interest", "max-ulps") if values[key] is not None]
    return "".join([given, timeout_option(values), must, dtype, *numbers])


def timeout_option(values: Effective) -> str:
    """The flag that gives a subject as much time as it has here; "" where that is what it has anyway."""
    return f" --timeout {values['timeout']:g}" if values["timeout"] != SETTINGS["timeout"].default else ""
