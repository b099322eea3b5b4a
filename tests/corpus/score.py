"""Score gradcheck on the labelled corpus: `python tests/corpus/score.py [--half HALF] [--held-back] [--jobs N] [NAME]`.

Prints the confusion table (goal: 0 missed, 0 false alarms, UNDECIDED at most 3 %, no category entirely so), the
misjudged and undecided items with their findings, and seconds per case. Exits 1 when an item is missed or flagged.
Items of `pending.py` stand apart from these figures; what it holds back is judged with `--held-back` alone.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from load import load_items, module
from pending import HELD_BACK, PENDING

FLAGGED = ("FAIL", "ERROR")


@dataclass(frozen=True)
class Score:
    name: str
    category: str
    label: str
    verdict: str
    said: str
    seconds: float

    @property
    def outcome(self) -> str:
        if self.verdict == "UNDECIDED":
            return "undecided"
        if self.verdict == "CRASH":
            return "missed" if self.label == "wrong" else "false alarm"
        right = (self.verdict in FLAGGED) == (self.label == "wrong")
        if right:
            return "right"
        return "missed" if self.label == "wrong" else "false alarm"


def judge(item: Any) -> Score:
    """gradcheck's verdict on one item."""
    import gradcheck

    started = time.perf_counter()
    try:
        result = module("doors").put(gradcheck, item)
    except Exception as crash:  # a traceback of gradcheck's own counts against it, whatever the label
        said = f"{type(crash).__name__}: {crash}"
        return Score(item.name, item.category, item.label, "CRASH", said, time.perf_counter() - started)
    said = " | ".join(f"{f.code} {f.sentence}" for f in result.findings[:4])
    return Score(item.name, item.category, item.label, str(result.verdict), said, time.perf_counter() - started)


def judge_named(name: str) -> Score:
    """The same in a process of a pool, which loads the corpus afresh."""
    return judge(_loaded()[name])


@cache
def _loaded() -> dict[str, Any]:
    return {item.name: item for item in load_items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--half", choices=("open", "held-out", "both"), default="both")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--held-back", action="store_true", help="judge what `pending.py` holds back, too")
    options = parser.parse_args()
    items = tuple(i for i in load_items() if options.held_back or i.name not in HELD_BACK)
    if options.half != "both":
        items = tuple(i for i in items if i.held_out == (options.half == "held-out"))
    if options.names:
        items = tuple(i for i in items if i.name in options.names)
    if options.jobs > 1:
        with ProcessPoolExecutor(options.jobs) as pool:
            scores = list(pool.map(judge_named, [i.name for i in items], chunksize=4))
    else:
        scores = [judge(item) for item in items]
    report_pending([s for s in scores if s.name in PENDING])
    return report([s for s in scores if s.name not in PENDING])


def report_pending(scores: list[Score]) -> None:
    """What became of the items that count for nothing yet."""
    for s in scores:
        print(f"pending, {s.outcome}: {s.name} ({s.category}, {s.label}) -> {s.verdict}")
    if scores:
        print(f"{len(scores)} pending, {sum(s.outcome == 'right' for s in scores)} of them judged rightly by now\n")


def report(scores: list[Score]) -> int:
    """Print the tables; the exit code."""
    if not scores:
        return 0
    print(f"{'category':24}{'right':>8}{'missed':>8}{'false alarm':>13}{'undecided':>11}{'s/case':>9}{'slowest':>9}")
    by_category: dict[str, list[Score]] = defaultdict(list)
    for s in scores:
        by_category[s.category].append(s)
    empty = []
    for category, group in [*sorted(by_category.items()), ("all", scores)]:
        n = Counter(s.outcome for s in group)
        mean, slowest = sum(s.seconds for s in group) / len(group), max(s.seconds for s in group)
        counts = f"{n['right']:8}{n['missed']:8}{n['false alarm']:13}{n['undecided']:11}"
        print(f"{category:24}{counts}{mean:9.2f}{slowest:9.2f}")
        if n["undecided"] == len(group):
            empty.append(category)
    for outcome in ("missed", "false alarm", "undecided"):
        for s in scores:
            if s.outcome == outcome:
                print(f"\n{outcome}: {s.name} ({s.category}, {s.label}) -> {s.verdict}\n    {s.said[:400]}")
    n = Counter(s.outcome for s in scores)
    wrong = sum(s.label == "wrong" for s in scores)
    print(f"\n{len(scores)} items, {wrong} wrong and {len(scores) - wrong} right: {n['missed']} missed, ", end="")
    print(f"{n['false alarm']} false alarms, {n['undecided']} undecided ({100 * n['undecided'] / len(scores):.1f} %)")
    if empty:
        print(f"entirely undecided: {', '.join(empty)}")
    return int(bool(n["missed"] or n["false alarm"]))


if __name__ == "__main__":
    sys.exit(main())
