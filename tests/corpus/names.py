"""How well mistakes are named: `python tests/corpus/names.py [--jobs N] [--only PATTERN] [--half open|blind|all]`.

Puts every wrong item to gradcheck and holds the names that it gives against the labels of `causes_*.py`:

- rightly: a name that the label accepts, none that it does not, and that line of the forward, if both have one;
- wrongly: a name that the label does not accept, or another line;
- not named: neither.

A name is the fact `kind` of a finding GC051, with its facts `line` and `source`. A broken contract is named by the code
of its finding, which counts for items that are labelled so. Prints a table per kind and in sum, and every item that is
named wrongly, apart for the half in sample, for the half held out, and for the files of each later set.
"""

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from causes import Cause, load_causes
from forward import statements
from load import load_items, module
from pending import HELD_BACK

CAUSE = "GC051"
CODES = re.compile(r"GC0[012]\d")
"""Codes of findings that say that something is wrong, and what."""
NUMBERS = ("GC012", "GC015", "GC016", "GC028")
"""Those that say no more than that a number is wrong: they name a contract only where a label says so."""
OUTCOMES = ("rightly", "wrongly", "not named")
APART = (
    "reported blind",
    "reported",
    "names blind",
    "doors blind",
    "doors",
    "new",
    "blind",
    "fresh",
    "unmet",
    "further",
    "later",
    "beyond",
    "unseen",
    "apart",
)
"""Files whose names begin so are parts of their own."""
PARTS = ("in sample", "held out", *APART)


@dataclass(frozen=True)
class Name:
    """A name that was given: a kind, or the code of a broken contract, and a line of the forward (0: none is said)."""

    kind: str
    line: int = 0
    source: str = ""

    def __str__(self) -> str:
        return f"{self.kind} (line {self.line}: {self.source})" if self.line or self.source else self.kind


@dataclass(frozen=True)
class Score:
    """What was named of one item, and what that comes to."""

    item: str
    part: str
    expected: Cause
    outcome: str
    named: tuple[Name, ...]

    def __str__(self) -> str:
        at = f" at {' or '.join(self.expected.places)}" if self.expected.places else ""
        code = f" ({' or '.join(self.expected.codes)})" if self.expected.codes else ""
        said = "; ".join(str(n) for n in self.named if n.kind not in NUMBERS) or "; ".join(map(str, self.named))
        return f"{self.item}: expected {' or '.join(self.expected.kinds)}{code}{at}; named {said}"


def names(findings: Iterable[Any]) -> tuple[Name, ...]:
    """The names that a result's findings give, each once."""
    found: dict[Name, None] = {}
    for f in findings:
        if f.code == CAUSE and "kind" in f.facts:
            line, source = int(f.facts.get("line") or 0), str(f.facts.get("source") or "")
            found[Name(str(f.facts["kind"]), line, source.strip())] = None
        elif CODES.fullmatch(f.code):
            found[Name(f.code)] = None
    return tuple(found)


def outcome(named: Iterable[Name], expected: Cause, f: Any) -> str:
    """Rightly, wrongly or not named. One broken contract breaks others, so that one of the codes expected is enough."""
    kinds = [name for name in named if not CODES.fullmatch(name.kind)]
    codes = {name.kind for name in named if CODES.fullmatch(name.kind)} if expected.codes else set()
    fits = [name.kind in expected.kinds and _at_place(name, expected, f) for name in kinds]
    if codes - set(NUMBERS) or codes.intersection(expected.codes):
        fits.append(not codes.isdisjoint(expected.codes))
    if not fits:
        return "not named"
    return "rightly" if all(fits) else "wrongly"


def _at_place(name: Name, expected: Cause, f: Any) -> bool:
    if not expected.places or not (name.line or name.source):
        return True
    there = [name.source, *(s.text for s in statements(f) if s.first <= name.line <= s.last)]
    return any(place in text for place in expected.places for text in there)


def judge(item: Any) -> tuple[Name, ...]:
    """What gradcheck names of one item."""
    import gradcheck

    try:
        result = module("doors").put(gradcheck, item)
    except Exception as crash:  # score.py reports it as a crash; here nothing is named
        print(f"{item.name}: {type(crash).__name__}: {crash}", file=sys.stderr)
        return ()
    return names(result.findings)


def judge_named(name: str) -> tuple[Name, ...]:
    """The same in a process of a pool, which loads the corpus afresh."""
    return judge(_loaded()[name])


@cache
def _loaded() -> dict[str, Any]:
    return {item.name: item for item in load_items()}


def parts() -> dict[str, str]:
    """To which part each item belongs: the files of `APART` are, and the others are parted by `held_out`."""
    found = {}
    for path in sorted((Path(__file__).resolve().parent / "functions").glob("*.py")):
        for item in module(f"functions.{path.stem}").CATEGORY.items:
            apart = next((part for part in APART if path.stem.replace("_", " ").startswith(part)), None)
            found[item.name] = apart or ("held out" if item.held_out else "in sample")
    return found


def report(scores: list[Score]) -> None:
    """Print a table per part, and what is named wrongly."""
    for part in PARTS:
        if group := [s for s in scores if s.part == part]:
            _table(part, group)
    if len({s.part for s in scores}) > 1:
        _table("all", scores)
    if all(CODES.fullmatch(name.kind) for s in scores for name in s.named):
        print("\nno finding carries a kind: only broken contracts are named")


def _table(part: str, group: list[Score]) -> None:
    by_kind: dict[str, list[Score]] = defaultdict(list)
    for s in group:
        by_kind[s.expected.kinds[0]].append(s)
    print(f"\n{part:22}" + "".join(f"{title:>11}" for title in (*OUTCOMES, "items")))
    for kind, some in [*sorted(by_kind.items()), ("all kinds", group)]:
        n = Counter(s.outcome for s in some)
        print(f"{kind:22}" + "".join(f"{n[title]:11}" for title in OUTCOMES) + f"{len(some):11}")
    n = Counter(s.outcome for s in group)
    print(f"{'per cent':22}" + "".join(f"{100 * n[title] / len(group):11.1f}" for title in OUTCOMES))
    if part != "all":
        for s in group:
            if s.outcome == "wrongly":
                print(f"  named wrongly: {s}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="items whose names fit, as file names do")
    parser.add_argument(
        "--half", choices=("open", "blind", "all"), default="all", help="in sample and new, or the rest"
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--held-back", action="store_true", help="with what `pending.py` holds back")
    parser.add_argument("--unnamed", action="store_true", help="list the items that are not named, too")
    options = parser.parse_args()
    labels, part = load_causes(), parts()
    blind = (
        "held out",
        "blind",
        "doors blind",
        "names blind",
        "reported blind",
        "fresh",
        "unmet",
        "further",
        "later",
        "beyond",
    )
    wanted = {"open": ("in sample", "new", "doors", "reported"), "blind": blind, "all": PARTS}[options.half]
    items = [i for i in load_items() if i.label == "wrong" and i.name in labels and part[i.name] in wanted]
    items = [i for i in items if fnmatch(i.name, options.only) and (options.held_back or i.name not in HELD_BACK)]
    if options.jobs > 1:
        with ProcessPoolExecutor(options.jobs) as pool:
            named = list(pool.map(judge_named, [i.name for i in items], chunksize=4))
    else:
        named = [judge(item) for item in items]
    scores = [
        Score(i.name, part[i.name], labels[i.name], outcome(given, labels[i.name], i.f), given)
        for i, given in zip(items, named, strict=True)
    ]
    report(scores)
    if options.unnamed:
        print(*(f"  not named: {s}" for s in scores if s.outcome == "not named"), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
