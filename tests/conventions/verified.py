"""Verifies files in the folders of conventions, in this process: what `test_*_files.py` and `test_*_engines.py` share."""

import importlib.util
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gradcheck.diagnosis.budget import Budget
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.subject.answer import Declared, Subject
from gradcheck.subject.description import Seen, SeenOffer, seen
from gradcheck.conventions.offer import Offer
from gradcheck.conventions.recognition import CONVENTIONS, recognised
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.loading import Package
from gradcheck.subject.pair_slopes import slopes
from gradcheck.verdict.result import Result
from gradcheck.verify import form_cases
from gradcheck.verify.advice import ambiguous
from gradcheck.verify.engine_trial import engine_events
from gradcheck.verify.tried_engine import EngineTrial, EngineTried
from gradcheck.verify.function_pairs import judged
from gradcheck.verify.second_look import ENOUGH, contradicts
from gradcheck.verify.trials import OTHERWISE

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*_*.py"))
DRAWN = 4
"""Number of random graphs for each engine: enough here, since the single rules and forms are asked in full."""
QUESTIONS = 700
"""Number of questions for the search for causes: a limit on time would make names depend on the machine."""
FRAMEWORKS = {"autograd-function": "torch", "custom-vjp": "jax"}


@dataclass(frozen=True)
class Outcome:
    """What a file came to: verdicts by name, kinds and faults named, and pairs that pass and the second look doubts."""

    verdicts: dict[str, str]
    compared: int
    named: frozenset[str]
    text: str
    doubted: frozenset[str]


class Formed:
    """An engine in this process, with the further forms of its offer."""

    def __init__(self, offer: Offer) -> None:
        declared = Declared(offer.ops, offer.dtype)
        self._forms = {form: InProcessSubject(f, declared=declared) for form, f in offer.forms.items()}
        entry, function = next(iter(offer.functions.items()))
        self._native = InProcessSubject(function, entry=entry, declared=declared)

    def __getattr__(self, name):
        return getattr(self._native, name)

    def ask(self, problem, point, dtype="float64", entry="gradients", **options):
        form = self._forms.get(entry)
        return (form or self._native).ask(problem, point, dtype, "gradients" if form else entry, **options)


FORKS = 12
"""Number of stacked forks here, where nothing ends an engine that walks every path."""


def convention(path: Path) -> str:
    """The convention whose folder the file lies in."""
    return path.parent.name.replace("_", "-")


def verified(path: Path) -> Outcome:
    """Everything that the file offers under its folder's convention, judged in this process."""
    found = recognised(Package(path).load())
    offers = [offer for offer in found.offers if offer.convention == convention(path)]
    assert offers, f"{convention(path)} was not recognised: {found.misses}"
    assert not ambiguous(path.name, Seen(tuple(map(seen, found.offers)), (), ()))
    verdicts: dict[str, str] = {}
    results: list[Result] = []
    named: set[str] = set()
    doubted: set[str] = set()
    words = [" ".join(offer.lacking) for offer in offers]
    for offer in offers:
        for pair in offer.pairs:
            result = judged(pair)
            verdicts[pair.name] = str(result.verdict)
            named.update(str(f.facts["kind"]) for f in result.findings if f.facts.get("kind"))
            named.update(result.codes)
            results.append(result)
            asked = (pair, *pair.others)[next((f.facts["number"] for f in result.findings if f.code == OTHERWISE), 0)]
            if result.verdict == "PASS" and sum(map(contradicts, slopes(asked))) >= ENOUGH:
                doubted.add(pair.name)
            words += [pair.name, pair.shown, str(result)]
        if offer.functions:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # in a child a file's warnings are text on stderr
                trial = _tried(offer)
            for result in trial.every_result:
                verdicts[result.address] = "PASS" if as_it_should_be(result) else trial.verdict_of(result)
            results += trial.every_result
            for group, diagnosed in trial.wrong:
                named.update(fault.code for fault in diagnosed.faults) if diagnosed is not None else None
                named.update(str(f.facts["kind"]) for f in group.results[0].findings if f.facts.get("kind"))
                words += [group.what, *(f.sentence for f in group.results[0].findings)]
                words += [] if diagnosed is None else [diagnosed.look_at]
    return Outcome(verdicts, sum(r.comparisons for r in results), frozenset(named), "\n".join(words), frozenset(doubted))


def engine_trial(subject: Subject, offer: SeenOffer, **options: Any) -> EngineTrial:
    """The trial of an engine; parameters as for `engine_events`."""
    *_, last = engine_events(subject, offer, **options)
    assert isinstance(last, EngineTried), "the trial itself comes last"
    return last.trial


def _tried(offer: Offer) -> EngineTrial:
    usual, form_cases.FORKS = form_cases.FORKS, FORKS
    try:
        return engine_trial(Formed(offer), seen(offer), drawn=DRAWN, budget=Budget(None, QUESTIONS))
    finally:
        form_cases.FORKS = usual


def header(path: Path, key: str) -> list[str]:
    """The values of a line such as `# mistake: dropped, F19`."""
    found = re.search(rf"^# {key}: *(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [] if found is None else [word.strip() for word in found[1].split(",") if word.strip()]


def ident(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def right(path: Path) -> None:
    """Assert that a right file passes, with something compared."""
    _need(path)
    outcome = verified(path)
    assert outcome.compared > 0
    assert not outcome.doubted
    assert {name: v for name, v in outcome.verdicts.items() if v not in ("PASS", "WARNING")} == {}


def wrong(path: Path) -> None:
    """Assert that a wrong file fails, says where, and gets a name that fits."""
    _need(path)
    outcome = verified(path)
    assert {"FAIL", "ERROR"} & set(outcome.verdicts.values()), outcome.verdicts
    for word in header(path, "where"):
        assert word in outcome.text
    kinds = header(path, "mistake")
    assert kinds, f"{path} says no mistake"
    if kinds != ["none"]:
        assert outcome.named & set(kinds), f"named {sorted(outcome.named)}"


def files(prefix: str, *folders: str) -> list[Path]:
    """The files of these folders whose names begin so."""
    return [path for path in FILES if path.parent.name in folders and path.stem.startswith(prefix)]


def _need(path: Path) -> None:
    framework = FRAMEWORKS.get(convention(path))
    if framework is not None and importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
