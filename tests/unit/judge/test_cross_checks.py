"""No oracle stands alone. A corrupt one is a fault, or is discarded and reported; it never makes a wrong verdict."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import gradcheck
from gradcheck.errors import HarnessFault, UsageError
from gradcheck.judge import confirmation, cross_checks, function_differences, function_estimates
from gradcheck.numbers.ball import Enclosure
from gradcheck.oracle.analysis import Analysis
from gradcheck.oracle.estimate import Aside, Estimate
from gradcheck.tracing import derivative
from gradcheck.verdict.result import Result

X = np.array([0.7, -1.2, 0.4])
A = np.array([[2.0, 0.3, -0.1], [0.2, 1.5, 0.4], [-0.3, 0.1, 1.8]])
C = np.array([0.5, -1.5, 2.0])


def small(x: Any) -> Any:
    """Every oracle answers."""
    return np.sin(x) * np.exp(0.5 * x)


def small_jacobian(x: Any) -> Any:
    return np.diag((np.cos(x) + 0.5 * np.sin(x)) * np.exp(0.5 * x))


def solved(x: Any) -> Any:
    """Symbols do not know np.linalg.solve."""
    return np.linalg.solve(A, np.tanh(x))


def solved_jacobian(x: Any) -> Any:
    return np.linalg.inv(A) @ np.diag(1 / np.cosh(x) ** 2)


FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "small": (small, small_jacobian),
    "solved": (solved, solved_jacobian),
}


def check(kind: str, name: str, bend: Callable[[Any], Any], oracles: str = "needed") -> Result:
    """The result for a derivative that is right but for `bend`, which is applied to every answer."""
    options: Any = {"interest": 1e-10, "oracles": oracles}
    f, jacobian = FUNCTIONS[name]
    if kind == "gradient":
        return gradcheck.check_gradient(lambda x: np.sum(C * f(x)), lambda x: bend(jacobian(x).T @ C), X, **options)
    if kind == "vjp":
        return gradcheck.check_vjp(f, lambda c, x: bend(jacobian(x).T @ c), X, **options)
    return gradcheck.check_jvp(f, lambda primals, tangents: bend(jacobian(*primals) @ tangents[0]), X, **options)


# -- corruptions: what a bug does to numbers and their bounds ---------------------------------------------------------


def scaled(value: Any, error: Any) -> tuple[Any, Any]:
    return value * 1.01, error


def turned(value: Any, error: Any) -> tuple[Any, Any]:
    return -value, error


def one_entry(value: Any, error: Any) -> tuple[Any, Any]:
    bent = np.array(value, dtype=float)
    bent.flat[-1] *= 1.001
    return bent, error


def too_sure(value: Any, error: Any) -> tuple[Any, Any]:
    return value * (1 + 1e-9), error * 0


CORRUPTIONS = [scaled, turned, one_entry, too_sure]

Bend = Callable[[Any, Any], tuple[Any, Any]]


def estimate(e: Estimate, bend: Bend) -> Estimate:
    return Estimate(*bend(e.value, e.error), e.kind)


def _exact(patch: pytest.MonkeyPatch, bend: Bend) -> None:
    sound: Any = vars(function_estimates)["analyse"]

    def bent(product: Any, **rest: Any) -> Any:
        said = sound(product, **rest)
        assert isinstance(said, Analysis)
        gradients = {b: estimate(e, bend) for b, e in said.estimates.gradients.items()}
        return replace(said, estimates=replace(said.estimates, gradients=gradients))

    patch.setattr(function_estimates, "analyse", bent)


def _enclosure(sweep: str) -> Callable[[pytest.MonkeyPatch, Bend], None]:
    """A sweep of `exact` answers with other balls, before anything looks at them."""

    def corrupt(patch: pytest.MonkeyPatch, bend: Bend) -> None:
        sound: Any = vars(derivative)[sweep]

        def bent(run: Any, *rest: Any) -> Any:
            balls = run.trace.balls
            parts = []
            for part in sound(run, *rest):
                value, _ = bend(balls.midpoint(part), np.zeros(part.shape))
                parts.append(balls.add(part, balls.constant(np.asarray(value - balls.midpoint(part)))))
            return parts

        patch.setattr(derivative, sweep, bent)

    return corrupt


def _crossing(patch: pytest.MonkeyPatch, bend: Bend) -> None:
    sound: Any = vars(derivative)["_crossing"]

    def bent(*arguments: Any) -> Any:
        crossing = sound(*arguments)
        return replace(crossing, number=Enclosure(*bend(crossing.number.midpoint, crossing.number.radius)))

    patch.setattr(derivative, "_crossing", bent)


def _symbolic(patch: pytest.MonkeyPatch, bend: Bend) -> None:
    sound: Any = vars(cross_checks)["symbolically"]

    def bent(*arguments: Any) -> Any:
        said = sound(*arguments)
        if isinstance(said, Aside):
            return said
        return replace(said, gradients={b: estimate(e, bend) for b, e in said.gradients.items()})

    patch.setattr(cross_checks, "symbolically", bent)


def _complex_step(patch: pytest.MonkeyPatch, bend: Bend) -> None:
    sound: Any = vars(cross_checks)["complex_step_along"]
    one: Any = vars(confirmation)["one_complex_step"]

    def bent(*arguments: Any) -> Any:
        found, runs = sound(*arguments)
        return estimate(found, bend), runs

    patch.setattr(cross_checks, "complex_step_along", bent)
    patch.setattr(confirmation, "one_complex_step", lambda *arguments: float(bend(np.asarray(one(*arguments)), 0.0)[0]))


def _differences(patch: pytest.MonkeyPatch, bend: Bend) -> None:
    sound: Any = vars(cross_checks)["directional"]

    def bent(*arguments: Any, **options: Any) -> Any:
        value, error, info = sound(*arguments, **options)
        return *(float(part) for part in bend(np.asarray(value), np.asarray(error))), info

    patch.setattr(cross_checks, "directional", bent)


PROOFS: dict[str, Callable[[pytest.MonkeyPatch, Bend], None]] = {
    "exact": _exact,
    "reverse sweep": _enclosure("gradients"),
    "forward sweep": _enclosure("tangents_of"),
    "crossing": _crossing,
    "symbolic": _symbolic,
}
ESTIMATES = {"complex_step": _complex_step, "finite_difference": _differences}

KINDS = ("gradient", "vjp", "jvp")
SUBJECTS: list[Callable[[Any], Any]] = [
    lambda g: g,
    lambda g: g * 1.01,
    lambda g: -g,
    lambda g: one_entry(g, None)[0],
    lambda g: g * (1 + 1e-9),
]
"""A right answer, and those that a corrupt oracle would take to be right."""


@pytest.mark.parametrize("bend", CORRUPTIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("oracle", "name"), [(o, n) for o in PROOFS for n in FUNCTIONS if (o, n) != ("symbolic", "solved")]
)
def test_a_corrupt_proof_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, oracle: str, name: str, kind: str, bend: Bend
) -> None:
    PROOFS[oracle](monkeypatch, bend)
    for number, subject in enumerate(SUBJECTS):
        left_out = not number and oracle not in ("exact", "forward sweep" if kind == "jvp" else "reverse sweep")
        if left_out:
            assert check(kind, name, subject).verdict == "PASS"  # a clear PASS does not ask it
        with pytest.raises(HarnessFault, match=r"contradict|do not meet"):
            check(kind, name, subject, "all" if left_out else "needed")


@pytest.mark.parametrize("bend", CORRUPTIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("oracle", ESTIMATES)
def test_a_corrupt_estimate_is_discarded_and_reported(
    monkeypatch: pytest.MonkeyPatch, oracle: str, name: str, kind: str, bend: Bend
) -> None:
    ESTIMATES[oracle](monkeypatch, bend)
    for number, subject in enumerate(SUBJECTS):
        if oracle == "finite_difference" and not number:
            assert "GC041" not in check(kind, name, subject).codes  # a clear PASS does not ask it
        result = check(kind, name, subject, "needed" if number or oracle == "complex_step" else "all")
        assert result.verdict == ("FAIL" if number else "PASS"), result.to_text()
        (reported,) = [f for f in result.findings if f.code == "GC041"]
        assert reported.facts["oracle"] == oracle
        (witness,) = [w for w in result.witnesses if w.oracle == oracle]
        assert witness.state == "discarded"
        assert f"{oracle} one direction, estimated, discarded" in result.to_text(width=300)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_uncorrupted_all_agree(name: str, kind: str) -> None:
    for number, subject in enumerate(SUBJECTS):
        result = check(kind, name, subject)
        assert result.verdict == ("FAIL" if number else "PASS"), result.to_text()
        assert "GC041" not in result.codes


# -- what a result says about who covers what -------------------------------------------------------------------------


def test_a_clear_pass_leaves_oracles_out_and_says_so() -> None:
    result = check("vjp", "small", lambda g: g)
    assert result.verdict == "PASS"
    assert {w.oracle: (w.state, w.reason) for w in result.witnesses if not w.entries} == {
        "complex_step": ("agreed", "1 evaluation in complex128"),
        "symbolic": ("not asked", "a proven bound decided"),
        "exact (forward)": ("not asked", "a proven bound decided"),
        "finite_difference": ("not asked", "a proven bound decided"),
    }
    said = 'not asked: symbolic, exact (forward), finite_difference: a proven bound decided; oracles="all" asks them'
    assert said in result.to_text(width=300)


def repeats_on(g: Any, calls: list[int]) -> Any:
    """Another answer from the twelfth call on: the numbers are right, and the contract is broken."""
    calls.append(0)
    return g if len(calls) < 12 else 2 * g


@pytest.mark.parametrize(
    ("bend", "oracles", "verdict"),
    [
        (lambda g: g, "all", "PASS"),
        (lambda g: 1.01 * g, "needed", "FAIL"),
        (lambda g, calls=[]: repeats_on(g, calls), "needed", "FAIL"),
        (lambda g: np.nan * g, "needed", "FAIL"),
    ],
)
def test_every_oracle_is_asked_otherwise(bend: Callable[[Any], Any], oracles: str, verdict: str) -> None:
    result = check("vjp", "small", bend, oracles)
    assert result.verdict == verdict
    assert [w.oracle for w in result.witnesses if w.state == "agreed"] == [
        "exact",
        "symbolic",
        "exact (forward)",
        "complex_step",
        "finite_difference",
    ]
    assert "not asked" not in result.to_text(width=300)


def test_what_no_complex_step_confirms_is_put_to_every_oracle() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(np.abs(x)))

    result = gradcheck.check_gradient(f, lambda x: np.sign(x) * np.cos(np.abs(x)), X)
    assert result.verdict == "PASS"
    states = {w.oracle: w.state for w in result.witnesses}
    assert (states["symbolic"], states["finite_difference"], states["complex_step"]) == ("agreed", "agreed", "aside")


def test_unknown_choice_of_oracles() -> None:
    with pytest.raises(UsageError, match='oracles must be "needed" or "all", got \'exact\''):
        check("vjp", "small", lambda g: g, "exact")


def test_a_result_says_what_each_oracle_covers() -> None:
    result = check("vjp", "small", lambda g: g, "all")
    covered = {w.oracle: (w.state, w.entries, w.of, w.directions) for w in result.witnesses}
    assert covered == {
        "exact": ("agreed", 3, 3, 0),
        "symbolic": ("agreed", 3, 3, 0),
        "exact (forward)": ("agreed", 0, 0, 1),
        "complex_step": ("agreed", 0, 0, 1),
        "finite_difference": ("agreed", 0, 0, 1),
    }
    assert result.agreed == ("exact", "symbolic")  # one direction does not speak for every entry
    text = result.to_text(width=400)
    assert "oracles (entries): exact 3/3; symbolic 3/3; exact (forward) one direction; complex_step one dir" in text
    assert [w["entries"] for w in result.to_dict()["witnesses"]] == [3, 3, 0, 0, 0]


def test_a_result_says_why_an_oracle_stepped_aside() -> None:
    result = check("jvp", "solved", lambda g: g, "all")
    reasons = {w.oracle: w.reason for w in result.witnesses if w.state == "aside"}
    assert list(reasons) == ["symbolic"]
    assert "solve" in reasons["symbolic"]
    assert "symbolic stepped aside: symbols do not know numpy.solve" in result.to_text(width=300)
    assert "exact (reverse) one direction; " in result.to_text(width=300)


def test_budgets_are_told() -> None:
    x = np.linspace(0.1, 1.0, 1500)
    result = gradcheck.check_gradient(lambda x: np.sum(np.sin(x)), np.cos, x, oracles="all")
    assert result.verdict == "PASS"
    reasons = {w.oracle: w.reason for w in result.witnesses if w.state == "aside"}
    assert "1500 entries, budget" in reasons["symbolic"]

    def long(x: Any) -> Any:
        for _ in range(cross_checks.MOST_ARRAYS):
            x = np.sin(x)
        return x

    def slope(x: Any) -> Any:
        total = 1.0
        for _ in range(cross_checks.MOST_ARRAYS):
            total, x = total * np.cos(x), np.sin(x)
        return total

    result = gradcheck.check_gradient(long, slope, np.array(0.5), oracles="all")
    assert result.verdict == "PASS", result.to_text()
    reasons = {w.oracle: w.reason for w in result.witnesses if w.state == "aside"}
    assert "budget" in reasons["complex_step"]
    assert "budget" in reasons["finite_difference"]


def test_at_a_kink_the_others_step_aside() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(np.abs(x)), np.sign, np.array([0.0, 1.0]))
    assert result.verdict == "PASS"
    assert {w.oracle: w.state for w in result.witnesses} == {"exact": "agreed", "symbolic": "aside"}
    assert result.witnesses[0].entries == 0


# -- where nothing can be traced --------------------------------------------------------------------------------------


def opaque(x: Any) -> Any:
    """cosh and sinh of a matrix, which add up to its exponential, cannot be traced; complex numbers pass through."""
    return np.trace(scipy.linalg.coshm(np.diag(x)) + scipy.linalg.sinhm(np.diag(x)))


def test_complex_step_speaks_beside_differences_where_nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    result = gradcheck.check_gradient(opaque, np.exp, X)
    assert result.verdict == "PASS", result.to_text()
    assert result.agreed == ("finite_difference", "complex_step")
    sound: Any = vars(function_differences)["difference_gradient"]

    def bent(*arguments: Any, **options: Any) -> Any:
        found = sound(*arguments, **options)
        gradients = tuple(None if g is None else estimate(g, scaled) for g in found.gradients)
        return replace(found, gradients=gradients)

    monkeypatch.setattr(function_differences, "difference_gradient", bent)
    for subject in (np.exp, lambda x: 1.01 * np.exp(x)):
        assert gradcheck.check_gradient(opaque, subject, X).verdict == "UNDECIDED"
