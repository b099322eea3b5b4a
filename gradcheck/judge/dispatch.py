"""The one place that knows which kind of case is tried how."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.judge.cost import try_cost
from gradcheck.judge.graph_trial import try_case
from gradcheck.judge.settings import Settings
from gradcheck.judge.training.training_trial import try_training
from gradcheck.judge.tried import Tried
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case, Cost, Training
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.conclusion import About


def try_any(
    address: str,
    case: Case | Training | Cost,
    subject: Subject,
    oracles: Sequence[Oracle],
    settings: Settings | None = None,
    *,
    replay: str = "",
) -> Tried:
    """Put `subject` on trial in one case of any kind.

    Raises HarnessFault when proven oracles contradict each other; nothing the subject does raises.
    """
    settings = settings or Settings()
    seed = None if isinstance(case, Training) else (case.smallest if isinstance(case, Cost) else case).seed
    about = About(address, case.sentence, case.labels, seed, replay, settings.changed(), case.expect)
    if isinstance(case, Training):
        return try_training(about, case, subject, oracles, settings)
    if isinstance(case, Cost):
        return try_cost(about, case, subject, oracles, settings)
    return try_case(about, case, subject, oracles, settings)


def own_subject(case: Case | Training | Cost) -> InProcessSubject | None:
    """The subject that the case itself carries, in this process."""
    if case.subject is None:
        return None
    return InProcessSubject(case.subject, entry="train" if isinstance(case, Training) else NATIVE)
