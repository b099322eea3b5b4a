"""The corpus put to other checkers: `python tests/corpus/peers.py [--half HALF] [--only CHECKER] [--details]`

How each gets an item is said in `checkers.py`. A peer flags an item if its check fails or raises. "not put": the item
needs what the peer has no word for (an input on a manifold, a function that is meant), is not at fault by the peer's
own conventions, or took longer than the limit. Peers that are not installed are listed as such. Exits 1 if gradcheck
itself misses or flags an item.
"""

import argparse
import platform
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from load import load_items, module
from pending import PENDING
from score import judge

checkers, truth = module("checkers"), module("truth")

LIMIT = 120
"""Seconds for one item."""
OURS = "gradcheck"
FAULTS = ("at the point", "elsewhere", "at a kink", "contract")
"""What is wrong with a wrong item: numbers at its point, numbers at other points only (a rare branch, a point where the
gradient is zero), an answer outside the hull at a kink, a broken contract."""


@dataclass(frozen=True)
class Row:
    """What one checker did with one item: "flagged", "passed", "undecided" or "not put"."""

    name: str
    label: str
    fault: str
    outcome: str
    said: str
    seconds: float


PARTS = 2
"""Number of processes in which one checker gets its items, every second one each."""


def put_all(peer: str, half: str, part: int = 0, parts: int = 1, every: int = 1) -> list[Row]:
    """A part of the items to one checker, in a process of its own; items keep state, so it loads them itself."""
    wanted = [i for i in load_items() if half == "both" or i.held_out == (half == "held-out")]
    return [put(peer, item) for item in wanted[::every][part::parts]]


def put(peer: str, item: Any) -> Row:
    """One item to one checker."""
    started = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        outcome, said = _ours(item) if peer == OURS else _theirs(peer, item)
    return Row(item.name, item.label, fault(item), outcome, said, time.perf_counter() - started)


def fault(item: Any) -> str:
    """What is wrong with a wrong item, as its truth tells; one of `FAULTS`."""
    if isinstance(item.truth, truth.LabelledByIntent):
        return "contract" if item.truth.shows else "at a kink"
    return "elsewhere" if item.truth.at else "at the point"


def _ours(item: Any) -> tuple[str, str]:
    score = judge(item)
    outcomes = {"PASS": "passed", "FAIL": "flagged", "ERROR": "flagged", "UNDECIDED": "undecided"}
    crashed = "passed" if item.label == "wrong" else "flagged"  # a traceback of our own counts against us
    return outcomes.get(score.verdict, crashed), score.said


def _theirs(peer: str, item: Any) -> tuple[str, str]:
    try:
        with _limited():
            return ("passed" if checkers.put(peer, item) else "flagged"), ""
    except checkers.NotPutError as reason:
        return "not put", str(reason)
    except _TooLongError:
        return "not put", f"took more than {LIMIT} s"
    except Exception as failure:  # how every peer says that it found something, or that the derivative raised
        return "flagged", f"{type(failure).__name__}: {str(failure)[:160]}"


class _TooLongError(BaseException):
    """The time limit of one item."""


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("open", "held-out", "both"), default="both")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="put one in N of the items")
    parser.add_argument("--only", action="append", choices=[OURS, *checkers.PEERS], help="this checker only")
    parser.add_argument("--details", action="store_true", help="name what was missed, flagged and not put")
    options = parser.parse_args()
    if options.every < 1:
        parser.error("--every takes a whole number of at least 1")
    print(_versions())
    print(f"left out (pending.py), since gradcheck does not judge them rightly yet: {', '.join(sorted(PENDING))}")
    print(f"\n{'checker':24}{'put':>5}{'missed':>18}{'false alarms':>18}{'undecided':>11}{'not put':>9}{'seconds':>9}")
    told: dict[str, list[Row]] = {}
    for peer in options.only or [OURS, *checkers.PEERS]:
        if peer != OURS and find_spec(checkers.PEERS[peer].package) is None:
            print(f"{peer:24}  not installed")
            continue
        with ProcessPoolExecutor(PARTS, mp_context=get_context("spawn")) as apart:
            parts = [apart.submit(put_all, peer, options.half, part, PARTS, options.every) for part in range(PARTS)]
            rows = [row for part in parts for row in part.result()]
        told[peer] = [row for row in rows if row.name not in PENDING]
        print(_line(told[peer], peer), flush=True)
    print("\nwhat is wrong with the items that were missed, of those put")
    print(f"{'checker':24}" + "".join(f"{what:>18}" for what in FAULTS))
    for peer, rows in told.items():
        print(f"{peer:24}" + "".join(f"{_missed([r for r in rows if r.fault == what]):>18}" for what in FAULTS))
    ours = _kinds(told.get(OURS, []))
    wrongly = bool(ours["missed"] or ours["false alarms"])
    if options.details or wrongly:
        _details(told if options.details else {OURS: told[OURS]})
    return int(wrongly)


def _versions() -> str:
    packages = dict.fromkeys([OURS, "numpy", *(peer.package for peer in checkers.PEERS.values())])
    known = [f"{name} {version(name)}" for name in packages if find_spec(name) is not None]
    return ", ".join([f"Python {platform.python_version()}", *known])


def _kinds(rows: Sequence[Row]) -> dict[str, list[Row]]:
    return {
        "missed": [r for r in rows if r.label == "wrong" and r.outcome == "passed"],
        "false alarms": [r for r in rows if r.label == "right" and r.outcome == "flagged"],
        "not put": [r for r in rows if r.outcome == "not put"],
    }


def _share(some: int, label: str, rows: Sequence[Row]) -> str:
    of = sum(r.label == label and r.outcome != "not put" for r in rows)
    return f"{some} of {of} ({100 * some / max(of, 1):.0f} %)"


def _missed(rows: Sequence[Row]) -> str:
    return _share(len(_kinds(rows)["missed"]), "wrong", rows)


def _line(rows: Sequence[Row], peer: str) -> str:
    count, kinds = Counter(r.outcome for r in rows), _kinds(rows)
    alarms = _share(len(kinds["false alarms"]), "right", rows)
    seconds = sum(r.seconds for r in rows)
    counts = f"{count['undecided']:11}{count['not put']:9}{seconds:9.0f}"
    return f"{peer:24}{len(rows) - count['not put']:5}{_missed(rows):>18}{alarms:>18}{counts}"


def _details(told: dict[str, list[Row]]) -> None:
    for peer, rows in told.items():
        for kind, chosen in _kinds(rows).items():
            print(f"\n{peer}: {kind}")
            for row in chosen:
                print(f"    {row.name} ({row.fault}): {' '.join(row.said.split())[:150]}".rstrip(": "))


if __name__ == "__main__":
    sys.exit(main())
