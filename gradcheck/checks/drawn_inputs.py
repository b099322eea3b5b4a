"""Inputs drawn by Hypothesis strategies: many points, and the simplest one that fails.

The strategies declare f's domain: nothing outside of what they draw is tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.checks.given_form import GivenForm
from gradcheck.checks.held_arguments import asked
from gradcheck.errors import InvalidProblem
from gradcheck.judge.function_trial import Examination
from gradcheck.judge.question import Kind
from gradcheck.judge.settings import Settings
from gradcheck.judge.strategies_of_inputs import is_strategy
from gradcheck.judge.time_budget import TimeBudget
from gradcheck.judge.user_names import function_name
from gradcheck.judge.what_was_checked import checked_as
from gradcheck.problem.function import Function, as_inputs
from gradcheck.problem.time_limit import left, spent_at_most
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict

POINTS = 25
"""Points drawn, as long as all pass."""
DRAWS = 200
"""Draws after which a strategy counts as one that never finds a point of f."""


def check_drawn(
    kind: Kind,
    f: Callable[..., Any],
    derivative: Callable[..., Any],
    inputs: Sequence[Any],
    wrt: Any,
    settings: Settings,
) -> Result:
    """Examine the derivative at drawn points; Hypothesis shrinks one that fails."""
    import hypothesis
    from hypothesis import strategies as st

    strategy = st.tuples(*(value if is_strategy(value) else st.just(value) for value in inputs))
    passed: list[Result] = []
    open_ones: list[Result] = []
    refused: Counter[str] = Counter()
    last: list[BaseException | None] = [None]
    time = TimeBudget(settings.budget)
    failing: list[tuple[Result, tuple[Any, ...]]] = []

    def examine(drawn: tuple[Any, ...]) -> None:
        if left() <= 0 and (passed or open_ones or refused):
            time.left_out.append("further points")
            raise _EnoughError
        given, form = as_inputs(drawn), GivenForm.of(f, drawn)
        question, options = asked(kind, form.function(f), form.derivative(kind, derivative), given, wrt, settings)
        result = Examination(question, given, options, elsewhere=False, contracts=len(passed) < 3).result()
        if "GC039" in result.codes and (passed or open_ones):
            time.left_out.append("further points")
            raise _EnoughError
        if "GC018" in result.codes:
            refused[next(x.sentence for x in result.findings if x.code == "GC018")] += 1
            last[0] = result.exception
            if sum(refused.values()) >= DRAWS and not (passed or open_ones):
                raise _EnoughError  # Hypothesis would draw ten times as many
            hypothesis.reject()
        if result.verdict in (Verdict.FAIL, Verdict.ERROR):
            failing.append((result, given))
            raise _WrongHereError
        (passed if result else open_ones).append(result)
        if len(passed) + len(open_ones) >= POINTS:
            raise _EnoughError

    settle = hypothesis.settings(
        max_examples=DRAWS,
        deadline=None,
        database=None,
        derandomize=settings.seed is None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        verbosity=hypothesis.Verbosity.quiet,
    )
    # Keyword arguments of `given` keep working when `examine` is nested.
    test = settle(hypothesis.given(drawn=strategy)(examine))
    if settings.seed is not None:
        test = hypothesis.seed(int(settings.seed))(test)
    try:
        with spent_at_most(time.seconds):
            test()
    except (_WrongHereError, _EnoughError):
        pass
    except hypothesis.errors.Unsatisfiable:
        pass
    except (
        hypothesis.errors.Flaky
    ):  # a derivative that answers otherwise each time fails at one draw and passes at the next
        if not failing:
            raise
    except hypothesis.errors.InvalidArgument as wrong:
        raise InvalidProblem(str(wrong), where="the strategies") from wrong
    if failing:
        result, at = failing[-1]
        where = ", ".join(f"{n} = {_shown(x)}" for n, x in zip(Function.of(f, at, wrt).names, at, strict=True))
        note = finding("GC048", points=f"the simplest point found that fails: {where}")
        return replace(result, findings=(*result.findings, note))
    if not passed and not open_ones:
        tried = sum(refused.values())
        why = "; ".join(f"{text} ({n} times)" for text, n in refused.most_common(3)) or "nothing was drawn"
        nowhere = finding("GC035", tried=tried, why=why)
        asked_about = replace(checked_as(kind, f, derivative, [0.0] * len(inputs)), point="")
        address = f"{kind} {function_name(derivative)}"
        return Result(address, Verdict.UNDECIDED, (nowhere,), checked=asked_about, exception=last[0])
    joined = _joined(passed, open_ones, refused)
    return replace(joined, findings=(*joined.findings, *time.findings()))


def _joined(passed: list[Result], open_ones: list[Result], refused: Mapping[str, int]) -> Result:
    """All points together: UNDECIDED if most of them are, else PASS."""
    decided = len(passed) > len(open_ones)
    shown = (passed or open_ones)[0] if decided else open_ones[0]
    points = f"{len(passed)} points pass, {len(open_ones)} are undecided, {sum(refused.values())} were no points of f"
    results = [*passed, *open_ones]
    return replace(
        shown,
        findings=(*shown.findings, finding("GC048", points=points)),
        comparisons=sum(r.comparisons for r in results),
        seconds=sum(r.seconds for r in results),
    )


class _WrongHereError(Exception):
    """Tells Hypothesis that a point fails, so that it looks for a simpler one."""


class _EnoughError(BaseException):
    """Ends the drawing once enough points have been compared; Hypothesis lets it through."""


def _shown(value: Any) -> str:
    return np.array2string(np.asarray(value), threshold=20, separator=", ").replace("\n", "")
