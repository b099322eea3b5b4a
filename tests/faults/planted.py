"""Mistakes planted by editing a line or a few of right engines: is each caught, and named for what it is?

The catalogue's rows bend one textbook, and diagnosis compares subjects with those rows; so naming is graded here, on
copies of `reference/` and of the engines of `gradcheck/faults/correct/`, which share no code with that textbook.

`python tests/faults/planted.py [TEXT ...]` plants all of them (or those whose table, engine or description has one
of the texts), runs the built-in suites as `gradcheck run` does, and prints a row for each and the totals.
"""

from __future__ import annotations

import runpy
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from _edited import replaced
from gradcheck.oracle import graph_oracles
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Cost
from gradcheck.run import runner
from gradcheck.run.events import Diagnosed, Finished
from gradcheck.run.selftest import Remembering
from gradcheck.run.suite import Addressed, load_suite
from gradcheck.subject.process import ChildSubject
from gradcheck.verdict.result import Result, Verdict

CHECKOUT = Path(__file__).resolve().parent.parent.parent
ENGINES = {
    "recursive": CHECKOUT / "gradcheck" / "faults" / "correct" / "recursive.py",
    "tape": CHECKOUT / "gradcheck" / "faults" / "correct" / "tape.py",
    "forward": CHECKOUT / "gradcheck" / "faults" / "correct" / "forward_mode.py",
}
GENERAL = {"F19": {"F01", "F08", "F09"}, "F02": {"F18"}}
"""A row that says in general what each of these says in particular: right where one of them is."""
SUITES = ("worked_examples", "local_rules", "branches", "random_dags", "mlps", "neuron_dags", "training", "costs")
RANDOM = 40
"""Random graphs each engine is put to."""


@dataclass(frozen=True)
class Planted:
    """One edit of one place.

    Attributes
    ----------
    table: "first" (the diagnosis was tuned on these) or "afresh ..." (written down before it was first put to them).
    engine: a key of ENGINES, or a file of `reference/`.
    what: a few words.
    old, new: the text that occurs once in the file, and what stands there instead.
    faults: codes of the catalogue's rows that it is an instance of.
    ops: ops whose rule (or value) it breaks, for a mistake that no row of the catalogue is.
    codes: findings that name it: a broken contract, an answer of the wrong form.
    says: what a finding about a cause or a place says of it, where those words are the mistake.
    """

    table: str
    engine: str
    what: str
    old: str
    new: str
    faults: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    says: str = ""


def _planted() -> Iterator[Planted]:
    """The rows of `edits/`, in which a mark is a fault's code (F..), a finding's (GC...), an op, or "~words"."""
    for path in sorted((CHECKOUT / "tests" / "faults" / "edits").glob("*.py")):
        for engine, what, old, new, *marks in runpy.run_path(str(path))["ROWS"]:
            faults = tuple(m for m in marks if m[0] == "F")
            codes = tuple(m for m in marks if m[:2] == "GC")
            ops = tuple(m for m in marks if m[0].islower())
            says = "".join(m[1:] for m in marks if m[0] == "~")
            yield Planted(path.stem.replace("_", " "), engine, what, old, new, faults, ops, codes, says)


PLANTED = tuple(_planted())
"""Every planted mistake."""


@dataclass(frozen=True)
class Outcome:
    """What a run said about a planted mistake: `caught`, and `named`, the words that name it rightly ("" for none)."""

    planted: Planted
    caught: bool
    named: str
    said: str


def plant(planted: Planted, folder: Path) -> Path:
    """A copy of the engine with the mistake in it; the path to run."""
    if planted.engine in ENGINES:
        file = path = folder / f"{planted.engine}.py"
        shutil.copy(ENGINES[planted.engine], file)
    else:
        shutil.copytree(CHECKOUT / "reference", folder / "reference", ignore=shutil.ignore_patterns("__pycache__"))
        file, path = folder / "reference" / planted.engine, folder / "reference" / "__init__.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(replaced(text, planted.old, planted.new), encoding="utf-8")
    return path


def cases(suites: Sequence[str] = SUITES) -> list[Addressed]:
    """The cases that planted mistakes are put to."""
    found = []
    for suite in suites:
        some = load_suite(suite)
        found += some[:RANDOM] if suite == "random_dags" else some
    return found


def grade(planted: Planted, items: Sequence[Addressed], oracles: Sequence[Oracle], folder: Path) -> Outcome:
    """Plant, run and read what was said."""
    with ChildSubject(plant(planted, folder)) as subject:
        events = list(runner.run(items, subject, oracles, described=planted.what))
    finished = next(e for e in events if isinstance(e, Finished))
    diagnosed = next((e for e in events if isinstance(e, Diagnosed)), None)
    wrong = [r for r in finished.results if r.verdict in (Verdict.FAIL, Verdict.ERROR)]
    return Outcome(planted, bool(wrong), naming(planted, wrong, diagnosed), described(wrong, diagnosed))


def naming(planted: Planted, wrong: Sequence[Result], diagnosed: Diagnosed | None) -> str:
    """What names the mistake rightly, "" for nothing: a name that is not its own spoils all others.

    Every fault named must be one that the edit is an instance of. Failing a named fault, a finding may say what is
    wrong in so many words: the form of the answer, a broken contract, or `says` in most findings about a cause. Where
    no row of the catalogue is the mistake, every node said to have a wrong rule (or value) must apply one of its ops.
    """
    if diagnosed is not None and diagnosed.faults:
        codes = [f.code for f in diagnosed.faults]
        own = {*planted.faults, *(code for code, special in GENERAL.items() if special & set(planted.faults))}
        return " ".join(codes) if set(codes) <= own else ""
    results = [*wrong, *([diagnosed.counterexample] if diagnosed and diagnosed.counterexample else [])]
    found = [c for r in results for c in r.codes if c in planted.codes]
    if found:
        return found[0]
    places = [f for r in results for f in r.findings if f.code in ("GC050", "GC015")]
    rules = [f for f in places if f.code == "GC015" or "its rule is wrong" in str(f.facts["what"])]
    if rules and planted.ops and not planted.faults:
        return f"rule of {rules[0].facts['op']}" if {f.facts["op"] for f in rules} <= set(planted.ops) else ""
    if planted.says:
        said = [f for r in results for f in r.findings if f.code in ("GC050", "GC051")]
        telling = {f.code for f in said if planted.says in f.sentence}
        rivals = [f for f in said if f.code in telling]
        if rivals and 2 * sum(planted.says in f.sentence for f in rivals) > len(rivals):
            return planted.says
    return ""


def described(wrong: Sequence[Result], diagnosed: Diagnosed | None) -> str:
    """What was said in all, short."""
    counts: dict[str, int] = {}
    for result in wrong:
        for f in result.findings:
            if f.code == "GC040":
                continue
            key = f"{f.code} {f.facts['op']}: {str(f.facts.get('what', 'value'))[-40:]}" if "op" in f.facts else f.code
            counts[key] = counts.get(key, 0) + 1
    causes = [f.sentence for r in wrong for f in r.findings if f.code == "GC051"][:2]
    faults = " ".join(f.code for f in diagnosed.faults) if diagnosed else "no diagnosis"
    size = len(diagnosed.case.graph) if diagnosed and diagnosed.case else "-"
    return f"faults: {faults}; smallest {size}; {counts}; {causes}"


def outcomes(chosen: Sequence[Planted], items: Sequence[Addressed], oracles: Sequence[Oracle]) -> Iterator[Outcome]:
    """Each planted mistake in turn, in a folder of its own."""
    for planted in chosen:
        with tempfile.TemporaryDirectory() as folder:
            yield grade(planted, relevant(planted, items), oracles, Path(folder))


def relevant(planted: Planted, items: Sequence[Addressed]) -> list[Addressed]:
    """The suites that the edited file has to do with: engines for graphs alone are not asked for trainings anyway."""
    own: Mapping[str, tuple[str, ...]] = {
        "mlp.py": ("mlps", "worked_examples"),
        "neurons.py": ("neuron_dags", "worked_examples"),
        "sgd.py": ("training",),
    }
    suites = own.get(planted.engine, ("worked_examples", "local_rules", "branches", "random_dags", "costs"))
    slow = planted.engine == "forward"  # forward mode is right, and costs what backprop was invented to save
    return [item for item in items if item.suite in suites and not (slow and isinstance(item.case, Cost))]


def main(texts: Sequence[str]) -> int:
    """Plant and print; returns 0 if all were caught and at least 95 of 100 named rightly."""
    chosen = [p for p in PLANTED if not texts or any(t in f"{p.table} {p.engine} {p.what}" for t in texts)]
    oracles = [Remembering(oracle) for oracle in graph_oracles()]
    caught = named = 0
    items = cases()
    for outcome in outcomes(chosen, items, oracles):
        caught += outcome.caught
        named += bool(outcome.named)
        planted = outcome.planted
        verdict = "caught" if outcome.caught else "MISSED"
        print(f"{verdict}  {planted.engine:13} {planted.what:27} {outcome.named or 'NOT NAMED'}", flush=True)
        if not outcome.named:
            print(f"        {outcome.said[:1500]}", flush=True)
    print(f"{caught} of {len(chosen)} caught, {named} named rightly")
    return int(caught < len(chosen) or named < 0.95 * len(chosen))


if __name__ == "__main__":
    began = time.perf_counter()
    code = main(sys.argv[1:])
    print(f"{time.perf_counter() - began:.0f} s")
    sys.exit(code)
