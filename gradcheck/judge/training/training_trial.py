"""One training on trial: protocol, batches, every step from the parameters before it, and the end (S3, S4).

The first wrong step ends the trial: what comes after it starts from parameters that are its own, but tells nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from gradcheck.errors import SubjectError, Unsupported
from gradcheck.judge.protocol import no_answer
from gradcheck.judge.settings import Settings
from gradcheck.judge.training.batches import partition, shuffled
from gradcheck.judge.training.step_protocol import wrong_form
from gradcheck.judge.training.stopping import stopping
from gradcheck.judge.training.training_estimates import TrainingEstimates
from gradcheck.judge.training.update_steps import Steps
from gradcheck.judge.tried import Tried, WrongStep
from gradcheck.oracle.estimate import Oracle
from gradcheck.oracle.training_steps import TrainingTruth
from gradcheck.problem import Training
from gradcheck.problem.evaluations import derivative_evaluated
from gradcheck.subject.answer import Subject
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.conclusion import About, conclude
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.worst import worst_of

Array = NDArray[Any]


def try_training(
    about: About, training: Training, subject: Subject, oracles: Sequence[Oracle], settings: Settings
) -> Tried:
    """Put `subject` on trial in one training.

    Raises HarnessFault when proven oracles contradict each other; nothing the subject does raises.
    """
    gathered = TrainingEstimates(oracles)
    findings, judged, wrong_step = _try(training, subject, gathered, settings)
    findings += gathered.findings()
    result = conclude(
        about,
        findings,
        decided=sum(c.compared for c in judged),
        nothing="the training took no step",
        worst=worst_of(judged),
        witnesses=gathered.witnesses(),
    )
    return Tried(result, wrong_step=wrong_step)


def _try(
    training: Training, subject: Subject, gathered: TrainingEstimates, settings: Settings
) -> tuple[list[Finding], list[Comparison], WrongStep | None]:
    try:
        derivative_evaluated()
        answer = subject.train(training)
    except SubjectError as failure:
        return [no_answer(failure)], [], None
    except Unsupported as reason:  # it cannot be sent to a child process
        return [finding("GC033", why=str(reason))], [], None
    if wrong := wrong_form(training, answer.steps):
        return wrong, [], None
    findings = [finding("GC020", who="the subject", what=", ".join(answer.mutated))] if answer.mutated else []
    findings += partition(training, answer.steps)
    truth = TrainingTruth(training)
    steps = Steps(training, truth, gathered, settings)
    before = training.initial
    for step in answer.steps:
        if not len(step.indices):
            break  # no partition, which is a finding already
        if steps.judge(before, step):
            break
        before = step.parameters
    comparisons = steps.settled()
    findings += steps.findings
    if not any(f.severity is Severity.ERROR for f in findings):
        findings += stopping(training, answer.steps, truth)
        findings += shuffled(training, answer.steps, subject)
    return findings, comparisons, steps.wrong_step
