"""What a trial of an engine tells of errors beside mistakes."""

from io import StringIO
from pathlib import Path
from textwrap import dedent

import pytest
from rich.console import Console

from by_path import load

from gradcheck.conventions.offer import Offer
from gradcheck.conventions.recognition import recognised
from gradcheck.diagnosis.budget import Budget
from gradcheck.subject.description import seen
from gradcheck.report.verify_text import VerifyText
from gradcheck.run.events import CaseFinished
from gradcheck.subject.loading import Package
from gradcheck.verdict.result import Verdict
from gradcheck.verify.engine_trial import engine_events
from gradcheck.verify.tried_engine import EngineTrial, EngineTried

ENGINE = """
    import math

    class Value:
        def __init__(self, data, links=()):
            self.data, self.grad, self.links = data, 0.0, links

        def __mul__(self, other):
            other = other if isinstance(other, Value) else Value(other)
            return Value(self.data * other.data, ((self, lambda: other.data), (other, lambda: self.data)))

        def sin(self):
            return Value(math.sin(self.data), ((self, lambda: math.sin(self.data)),))

        def exp(self):
            return Value(math.exp(self.data), ((self, lambda: missing),))

        def backward(self, upstream=1.0):
            self.grad += upstream
            for node, slope in self.links:
                node.backward(upstream * slope())
    """


def offered(folder: Path) -> Offer:
    (folder / "engine.py").write_text(dedent(ENGINE))
    (offer,) = recognised(Package(folder / "engine.py").load()).offers
    return offer


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> EngineTrial:
    offer = offered(tmp_path_factory.mktemp("engine"))
    verified = load(Path(__file__).parent / "verified.py")
    return verified.engine_trial(verified.Formed(offer), seen(offer), drawn=0, budget=Budget(None, 400))


def test_an_error_is_no_example_of_a_mistake_and_a_mistake_is_none_of_an_error(trial: EngineTrial) -> None:
    by_verdict = {group.results[0].verdict: (group, found) for group, found in trial.wrong}
    wrong, raised = by_verdict[Verdict.FAIL], by_verdict[Verdict.ERROR]
    assert (wrong[0].what, raised[0].what) == ("sin", "NameError")
    assert wrong[1] is not None
    assert wrong[1].counterexample is not None and wrong[1].counterexample.verdict is Verdict.FAIL
    assert raised[1] is None or raised[1].counterexample is None or raised[1].counterexample.verdict is Verdict.ERROR


def test_ctrl_c_does_not_hide_the_failures_that_are_known(tmp_path: Path) -> None:
    """Asking had not ended, and no cause was looked for: the group and its first failure are told all the same."""
    offer = offered(tmp_path)
    events = engine_events(load(Path(__file__).parent / "verified.py").Formed(offer), seen(offer), drawn=0)
    failed = next(e.result for e in events if isinstance(e, CaseFinished) and e.result.verdict is Verdict.FAIL)
    last = events.throw(KeyboardInterrupt())
    assert isinstance(last, EngineTried)
    assert last.trial.interrupted is not None
    assert ("sin", None) in [(group.what, found) for group, found in last.trial.wrong]
    screen = StringIO()
    VerifyText(Console(file=screen, width=100)).add(last)
    assert failed.address in screen.getvalue()
