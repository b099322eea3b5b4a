"""Trainings on trial: right and wrong trainers in this process, every tolerance on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.errors import HarnessFault
from gradcheck.judge.settings import Settings
from gradcheck.oracle import Aside, Estimates, Oracle, graph_oracles
from gradcheck.problem import MLP, AdaGrad, Constant, Custom, Decay, Graph, Point, Training, Until
from gradcheck.problem.schedules import CHECKED_STEPS
from gradcheck.subject import InProcessSubject
from gradcheck.verdict.result import Result, Verdict

Arrays = Mapping[str, Any]
Steps = list[tuple[Any, dict[str, Any]]]

X = np.array([[0.5], [-1.25], [2.0], [0.1], [-0.6]])
T = np.array([[0.3], [0.7], [-0.2], [1.1], [0.4]])
START = {"W1": [[0.75]], "b1": [-0.4]}


def training(schedule: Any = None, **options: Any) -> Training:
    """Linear regression on five samples in batches of two, two and one."""
    l2 = options.pop("l2", 0.0)
    given = {"batch_size": 2, "steps": 5, "seed": 3, **options}
    return Training("t", MLP((1, 1), "identity", l2=l2), X, T, START, schedule=schedule or Constant(0.1), **given)


class Trainer:
    """A right trainer for linear regression; each method is where a test puts its mistake."""

    def __init__(self, asked: Training) -> None:
        self.asked, self.random = asked, np.random.default_rng(asked.seed)
        self.history: list[Arrays] = []
        self.parameters = {name: np.array(w) for name, w in asked.parameters.items()}

    def batches(self) -> Sequence[Any]:
        order, size = self.random.permutation(self.asked.samples), self.asked.batch_size
        return [order[k : k + size] for k in range(0, len(order), size)]

    def share(self, batch: Any) -> float:
        return 1.0 / len(batch) if self.asked.reduction == "mean" else 1.0

    def gradient(self, batch: Any) -> dict[str, Any]:
        x, t = self.asked.X[batch], self.asked.T[batch]
        error = x @ self.parameters["W1"].T + self.parameters["b1"] - t
        share, dtype = self.share(batch), self.asked.dtype
        penalty = self.asked.mlp.l2 * self.parameters["W1"]
        gradients = {"W1": share * (error.T @ x) + penalty, "b1": share * np.sum(error, axis=0)}
        return {name: g.astype(dtype) for name, g in gradients.items()}

    def update(self, t: int) -> dict[str, Any]:
        rule, g = self.asked.schedule, self.history[-1]
        if isinstance(rule, AdaGrad):
            squares = {name: sum(past[name] ** 2 for past in self.history) for name in g}
            return {name: rule.rate * g[name] / (np.sqrt(squares[name]) + rule.epsilon) for name in g}
        if isinstance(rule, Custom):
            return rule.update(t, g)
        rate = rule.rate / (1 + rule.decay * t) if isinstance(rule, Decay) else rule.rate
        return {name: rate * value for name, value in g.items()}

    def move(self, w: Any, change: Any) -> Any:
        return (w - change).astype(self.asked.dtype)

    def run(self, count: int | None = None) -> Steps:
        steps: Steps = []
        while True:
            for batch in self.batches():
                if len(steps) == (self.asked.steps if count is None else count):
                    return steps
                self.history.append(self.gradient(batch))
                change = self.update(len(steps))
                self.parameters = {name: self.move(w, change[name]) for name, w in self.parameters.items()}
                steps.append((batch, self.parameters))


def trial(
    asked: Training,
    trainer: Callable[[Training], Any],
    settings: Settings | None = None,
    oracles: Sequence[Oracle] | None = None,
) -> Result:
    subject = InProcessSubject(trainer, entry="train")
    heard = graph_oracles() if oracles is None else oracles
    return try_and_diagnose("s::t", asked, subject, heard, settings, replay="again")


def with_method(name: str, method: Callable[..., Any]) -> Callable[[Training], Steps]:
    """The right trainer with one method replaced."""
    return lambda asked: type("Wrong", (Trainer,), {name: method})(asked).run()


def right(asked: Training) -> Steps:
    return Trainer(asked).run()


def facts(result: Result, code: str) -> list[Mapping[str, Any]]:
    return [f.facts for f in result.findings if f.code == code]


def falling(t, gradients):  # type: ignore[no-untyped-def]
    return {name: g / (2.0 + t) for name, g in gradients.items()}


SCHEDULES = [Constant(0.1), Decay(0.1, 0.5), AdaGrad(0.1), Custom("falling", falling)]


class TestRight:
    @pytest.mark.parametrize("schedule", SCHEDULES)
    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    @pytest.mark.parametrize("reduction", ["mean", "sum"])
    def test_every_schedule_passes(self, schedule: Any, dtype: str, reduction: str) -> None:
        result = trial(training(schedule, dtype=dtype, reduction=reduction), right)
        assert (result.verdict, result.findings) == (Verdict.PASS, ())
        assert result.comparisons == 5 * 2
        assert result.worst is not None
        assert result.worst.share < 0.5

    def test_the_result_carries_the_case(self) -> None:
        result = trial(replace(training(), sentence="said", labels=("S3.b",)), right)
        assert (result.address, result.sentence, result.labels, result.replay) == ("s::t", "said", ("S3.b",), "again")
        assert result.agreed == ("symbolic", "exact", "finite_difference", "path_enumeration")
        assert {w.reason for w in result.witnesses} == {"in 5 of 5 steps"}

    def test_an_expectation_is_strict(self) -> None:
        assert trial(replace(training(), expect=("FAIL", "known")), right).codes == ("GC042",)
        wrong = with_method("move", lambda self, w, change: w + change)
        result = trial(replace(training(), expect=("FAIL", "known")), wrong)
        assert (result.verdict, result.codes[-1]) == (Verdict.FAIL, "GC043")


class Bent:
    """An oracle whose gradients are off by a factor, from the given call on."""

    def __init__(self, oracle: Oracle, factor: float, first: int = 1) -> None:
        self.name, self._oracle, self._factor, self._left = oracle.name, oracle, factor, first

    def __call__(self, graph: Graph, point: Point) -> Estimates | Aside:
        said = self._oracle(graph, point)
        self._left -= 1
        if isinstance(said, Aside) or self._left > 0:
            return said
        bent = {name: replace(e, value=self._factor * e.value) for name, e in said.gradients.items()}
        return replace(said, gradients=bent)


class TestOracles:
    """The truth of the steps is itself on trial: the other oracles cross-check every batch's gradient."""

    @pytest.mark.parametrize("first", [1, 4])
    @pytest.mark.parametrize("name", ["exact", "path_enumeration"])
    def test_a_proof_that_disagrees_is_a_fault_of_the_harness(self, name: str, first: int) -> None:
        bent = [Bent(o, 1 + 1e-9, first) if o.name == name else o for o in graph_oracles()]
        with pytest.raises(HarnessFault, match="do not meet"):
            trial(training(), right, oracles=bent)

    @pytest.mark.parametrize("trainer", [right, lambda asked: [(i, dict(asked.parameters)) for i, _ in right(asked)]])
    def test_an_estimate_that_disagrees_is_discarded_and_said_once(self, trainer: Any) -> None:
        bent = [Bent(o, 1.01, 3) if o.name == "finite_difference" else o for o in graph_oracles()]
        result = trial(training(), trainer, oracles=bent)
        assert result.verdict is (Verdict.PASS if trainer is right else Verdict.FAIL)
        if trainer is right:  # a wrong step ends the trial before the third gradient
            assert {w.oracle: w.state for w in result.witnesses}["finite_difference"] == "discarded"
            assert 1 <= len([f for f in result.findings if f.code == "GC041"]) <= 2  # one per block

    def test_an_oracle_that_steps_aside_says_why(self) -> None:
        def aside(graph: Graph, point: Point) -> Aside:
            return Aside("exact", "not today")

        aside.name = "exact"  # type: ignore[attr-defined]
        result = trial(training(), right, oracles=[aside, *graph_oracles()[2:]])  # type: ignore[list-item]
        assert result.agreed == ("symbolic", "finite_difference", "path_enumeration")
        assert [f.facts["why"] for f in result.findings if f.code == "GC040"] == ["not today"]


class TestInterest:
    def test_samples_that_all_but_cancel_in_one_batch_are_judged_at_the_scale_of_the_others(self) -> None:
        """In float32 the bias's gradient at step 1 is 0.025, a difference of numbers near 1: rounding moves it by 4e-6
        of that scale, more than matters in 0.025 alone.
        """
        asked = training(dtype="float32")
        assert trial(asked, right).verdict is Verdict.PASS
        wrong = with_method(
            "gradient", lambda self, batch: {n: 1.001 * g for n, g in Trainer.gradient(self, batch).items()}
        )
        assert trial(asked, wrong).verdict is Verdict.FAIL


class TestAllowance:
    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_a_step_off_by_less_than_allowed_passes_and_by_more_fails(self, schedule: Any) -> None:
        def off_by(distance: float) -> Result:
            def move(self: Trainer, w: Any, change: Any) -> Any:
                return w - change + (distance if len(self.history) == 4 else 0.0)

            return trial(training(schedule), with_method("move", move))

        first = facts(off_by(1e-6), "GC060")
        assert {row["step"] for row in first} == {4}
        allowed = {row["block"]: row["allowed"] for row in first}
        assert max(allowed.values()) < 1e-12
        assert off_by(0.5 * min(allowed.values())).verdict is Verdict.PASS
        assert {row["block"] for row in facts(off_by(2.0 * max(allowed.values())), "GC060")} == {"W1", "b1"}

    def test_a_wide_allowance_decides_nothing(self) -> None:
        """The bias's gradient, 0.025, is a difference of numbers near 1: in float32 it is known to a few millionths."""

        def off_by(distance: float) -> Result:
            def move(self: Trainer, w: Any, change: Any) -> Any:
                return w - change + np.float32(distance if len(self.history) == 1 else 0.0)

            asked = training(Constant(1.0), dtype="float32")
            return trial(asked, with_method("move", move), Settings(interest=1e-9))

        (allowed,) = (row["allowed"] for row in facts(off_by(1e-2), "GC060") if row["block"] == "b1")
        assert allowed > 20 * 2.0**-24
        result = off_by(0.9 * allowed)
        assert (result.verdict, set(result.codes)) == (Verdict.UNDECIDED, {"GC066"})
        assert result.settings == {"interest": 1e-9}
        assert off_by(0.0).verdict is Verdict.PASS  # right to the last digits, whatever rounding might have cost

    def test_parameters_that_are_not_finite(self) -> None:
        nan = with_method("move", lambda self, w, change: w - change * (np.nan if len(self.history) == 2 else 1.0))
        result = trial(training(), nan)
        assert result.verdict is Verdict.FAIL
        assert [row["step"] for row in facts(result, "GC060")] == [2, 2]


class TestCauses:
    @pytest.mark.parametrize(
        ("method", "mistake", "options", "step", "words"),
        [
            ("share", lambda self, batch: 1.0, {}, 1, "summed; they must be averaged"),
            ("share", lambda self, batch: len(batch) ** -2.0, {}, 1, "1/n is applied twice"),
            ("share", lambda self, batch: 0.5, {}, 3, "divided by the batch size"),
            ("share", lambda self, batch: 0.2, {}, 1, "number of all samples"),
            ("share", lambda self, batch: 1 / len(batch), {"reduction": "sum"}, 1, "averaged; they must be summed"),
            ("share", lambda self, batch: 2.0, {"reduction": "sum", "batch_size": 5}, 1, "twice what it must be"),
            ("move", lambda self, w, change: w + change, {}, 1, "added; it must be subtracted"),
            ("move", lambda self, w, change: w, {}, 1, "did not change"),
            ("move", lambda self, w, change: w + change, {"schedule": AdaGrad(0.1)}, 1, "added"),
            ("gradient", lambda self, b: Trainer.gradient(self, np.arange(5)), {}, 1, "of all samples"),
        ],
    )  # fmt: skip
    def test_factors_signs_and_batches(
        self, method: str, mistake: Callable[..., Any], options: dict[str, Any], step: int, words: str
    ) -> None:
        result = trial(training(**options), with_method(method, mistake))
        assert {row["step"] for row in facts(result, "GC060")} == {step}
        (explained,) = facts(result, "GC051")
        assert words in explained["cause"]

    @pytest.mark.parametrize(
        ("schedule", "mistake", "step", "words"),
        [
            (AdaGrad(0.1), lambda self, t: _last_only(self), 2, "without accumulation"),
            (AdaGrad(0.1), lambda self, t: _constant(self), 1, "G is not used"),
            (AdaGrad(0.1), lambda self, t: _without_root(self), 1, "divides by G, where its root belongs"),
            (Decay(0.1, 0.5), lambda self, t: _constant(self), 2, "the decay is not applied"),
            (Decay(0.1, 0.5), lambda self, t: Trainer.update(self, t + 1), 1, "t counts from 1"),
            (Decay(0.1, 0.5), lambda self, t: Trainer.update(self, t // 3), 2, "the decay is not applied"),
            (Custom("falling", falling), lambda self, t: Trainer.update(self, t + 1), 1, "given t + 1"),
            (Custom("falling", falling), lambda self, t: Trainer.update(self, 0), 2, "still given t = 0"),
        ],
    )
    def test_schedules(self, schedule: Any, mistake: Callable[..., Any], step: int, words: str) -> None:
        result = trial(training(schedule), with_method("update", mistake))
        assert {row["step"] for row in facts(result, "GC060")} == {step}
        (explained,) = facts(result, "GC051")
        assert words in explained["cause"]

    def test_a_rate_that_falls_twice_as_fast_does_not_count_from_1(self) -> None:
        """At the second step t is 2 for 1, as if it counted from 1; at the first it was 0."""
        result = trial(training(Decay(0.1, 0.5)), with_method("update", lambda self, t: Trainer.update(self, 2 * t)))
        assert {row["step"] for row in facts(result, "GC060")} == {2}
        assert not facts(result, "GC051")

    def test_a_penalty_ignored_or_put_on_biases(self) -> None:
        def ignored(self: Trainer, batch: Any) -> dict[str, Any]:
            gradient = Trainer.gradient(self, batch)
            return {**gradient, "W1": gradient["W1"] - 0.3 * self.parameters["W1"]}

        def everywhere(self: Trainer, batch: Any) -> dict[str, Any]:
            gradient = Trainer.gradient(self, batch)
            return {**gradient, "b1": gradient["b1"] + 0.3 * self.parameters["b1"]}

        result = trial(training(l2=0.3), with_method("gradient", ignored))
        assert {row["block"] for row in facts(result, "GC060")} == {"W1"}
        assert "penalty is ignored" in facts(result, "GC051")[0]["cause"]
        result = trial(training(l2=0.3), with_method("gradient", everywhere))
        assert {row["block"] for row in facts(result, "GC060")} == {"b1"}
        assert "on the biases" in facts(result, "GC051")[0]["cause"]

    def test_a_stale_gradient(self) -> None:
        def stale(self: Trainer, batch: Any) -> dict[str, Any]:
            now, self.parameters = self.parameters, getattr(self, "before", self.parameters)
            gradient = Trainer.gradient(self, batch)
            self.before = self.parameters = now  # type: ignore[attr-defined]
            return gradient

        result = trial(training(), with_method("gradient", stale))
        assert {row["step"] for row in facts(result, "GC060")} == {2}
        assert "before the step before" in facts(result, "GC051")[0]["cause"]

    def test_no_cause_is_named_for_a_mistake_that_none_explains(self) -> None:
        result = trial(training(), with_method("move", lambda self, w, change: w - 1.1 * change))
        assert facts(result, "GC060")
        assert not facts(result, "GC051")


def _constant(trainer: Trainer) -> dict[str, Any]:
    return {name: 0.1 * g for name, g in trainer.history[-1].items()}


def _without_root(trainer: Trainer) -> dict[str, Any]:
    squares = {name: sum(past[name] ** 2 for past in trainer.history) for name in trainer.history[-1]}
    return {name: 0.1 * g / (squares[name] + 1e-8) for name, g in trainer.history[-1].items()}


def _last_only(trainer: Trainer) -> dict[str, Any]:
    return {name: 0.1 * g / (np.abs(g) + 1e-8) for name, g in trainer.history[-1].items()}


class TestProtocol:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda i, p: (i, {"W1": p["W1"]}), "GC008"),
            (lambda i, p: (i, {**p, "extra": p["b1"]}), "GC009"),
            (lambda i, p: (i, {**p, "b1": p["b1"][0]}), "GC010"),
            (lambda i, p: (i, {**p, "b1": p["b1"].astype(np.float32)}), "GC011"),
            (lambda i, p: (i.astype(float), p), "GC007"),
            (lambda i, p: (i[:, None], p), "GC007"),
            (lambda i, p: (i + 1, p), "GC007"),
            (lambda i, p: (-i, p), "GC007"),
            (lambda i, p: i, "GC007"),
        ],
    )
    def test_what_cannot_be_judged(self, change: Callable[..., Any], code: str) -> None:
        result = trial(training(), lambda asked: [change(i, p) for i, p in right(asked)])
        assert (result.verdict, result.codes) == (Verdict.ERROR, (code,))
        assert result.comparisons == 0
        assert "step " in result.findings[0].sentence
        assert "gradient" not in result.findings[0].sentence

    def test_a_trainer_that_raises(self) -> None:
        result = trial(training(), lambda asked: 1 / 0)
        assert (result.verdict, result.codes) == (Verdict.ERROR, ("GC004",))

    def test_lists_of_indices_will_do(self) -> None:
        assert trial(training(), lambda asked: [(i.tolist(), p) for i, p in right(asked)])

    def test_data_that_were_changed(self) -> None:
        def changes(asked: Training) -> Steps:
            steps = right(asked)
            asked.X.flags.writeable = True
            asked.X[0] += 1.0
            return steps

        result = trial(training(), changes)
        assert "GC020" in result.codes
        assert result.verdict is Verdict.FAIL

    def test_huge_updates_are_measured_without_overflow(self) -> None:
        start = {"W1": [[1e150]], "b1": [0.0]}
        asked = Training("h", MLP((1, 1), "identity"), [[1.0]], [[0.0]], start, 1, Constant(1e40), steps=1)
        after = {"W1": np.array([[1e150 - 1e190]]), "b1": np.array([-1e190])}
        assert trial(asked, lambda _: [([0], after)]).verdict is Verdict.PASS
        assert trial(asked, lambda _: [([0], {**after, "b1": np.array([-1.000001e190])})]).verdict is Verdict.FAIL

    def test_a_rule_that_fails_later_on_leaves_its_step_undecided(self) -> None:
        def late(t: int, gradients: Any) -> Any:
            return {name: g * (np.nan if t == CHECKED_STEPS else 0.01) for name, g in gradients.items()}

        without_a_look = with_method("update", lambda self, t: late(t, self.history[-1]))
        asked = training(schedule=Custom("late", late), steps=CHECKED_STEPS + 2, subject=without_a_look)
        result = trial(asked, without_a_look)
        assert (result.verdict, result.codes) == (Verdict.UNDECIDED, ("GC066",))
        assert f"step {CHECKED_STEPS + 1} cannot be judged: schedule 'late', step {CHECKED_STEPS}" in str(
            result.findings[0].sentence
        )

    def test_a_kink_leaves_a_step_undecided(self) -> None:
        asked = Training("k", MLP((1, 1), "relu"), X, T, {"W1": [[0.0]], "b1": [0.0]}, 5, Constant(0.1), steps=1)
        result = trial(asked, lambda asked: [(np.arange(5), dict(asked.parameters))])
        assert (result.verdict, result.codes) == (Verdict.UNDECIDED, ("GC066",))


class TestBatches:
    @pytest.mark.parametrize(
        ("batches", "what"),
        [
            ([[0, 1], [2, 0], [4]], "sample 0 is in batch 2"),
            ([[0, 0], [2, 3], [4]], "sample 0 is in batch 1"),
            ([[0, 1], [2, 3]], "batch 3 has 2 samples, not 1"),
            ([[0], [1, 2], [3, 4]], "batch 1 has 1 samples, not 2"),
            ([[0, 1], [2, 3], []], "batch 3 has 0 samples, not 1"),
        ],
    )
    def test_no_partition(self, batches: list[list[int]], what: str) -> None:
        given = [np.array(b, dtype=int) for b in batches]

        def safe(self: Trainer, batch: Any) -> float:
            return 1.0 / max(1, len(batch))

        wrong = type("Wrong", (Trainer,), {"batches": lambda self: given, "share": safe})
        result = trial(training(), lambda asked: wrong(asked).run())
        assert result.verdict is Verdict.FAIL
        assert result.codes == ("GC061",)
        assert what in facts(result, "GC061")[0]["what"]

    def test_the_order_of_the_data_is_a_warning(self) -> None:
        in_order = with_method("batches", lambda self: np.split(np.arange(5), [2, 4]))
        result = trial(training(), in_order)
        assert (result.verdict, result.codes) == (Verdict.PASS, ("GC063",))
        assert facts(result, "GC063")[0]["seeds"] == "3, 4, 5, 6"
        assert facts(result, "GC063")[0]["order"] == [0, 1, 2, 3, 4]

    def test_any_order_that_no_seed_changes_is_a_warning(self) -> None:
        backwards = with_method("batches", lambda self: np.split(np.arange(5)[::-1], [2, 4]))
        result = trial(training(), backwards)
        assert (result.verdict, result.codes) == (Verdict.PASS, ("GC063",))
        assert facts(result, "GC063")[0]["order"] == [4, 3, 2, 1, 0]

    def test_a_partition_that_is_kept_for_all_epochs_is_random(self) -> None:  # S3 repeats its batches
        def kept(self: Trainer) -> Any:
            return np.split(np.random.default_rng(self.asked.seed).permutation(5), [2, 4])

        assert trial(training(steps=6), with_method("batches", kept)).codes == ()

    def test_the_order_of_the_data_by_chance_is_not(self) -> None:
        def lucky(self: Trainer) -> Any:
            return np.split(np.arange(5), [2, 4]) if self.asked.seed == 3 else Trainer.batches(self)

        assert trial(training(), with_method("batches", lucky)).codes == ()

    def test_one_batch_of_everything_has_no_order(self) -> None:
        whole = with_method("batches", lambda self: [np.arange(5)])
        assert trial(training(batch_size=5), whole).codes == ()


def stops_at(count: int) -> Callable[[Training], Steps]:
    return lambda asked: Trainer(asked).run(count)


class TestStopping:
    @pytest.mark.parametrize(
        ("options", "due"),
        [
            ({"steps": 4}, 4),
            ({"steps": 50, "until": Until(epochs=2)}, 6),
            ({"steps": 4, "until": Until(epochs=2)}, 4),
            ({"steps": 50, "until": Until(when=lambda k, p: k >= 3)}, 3),
            # Batches of all samples, so that nothing depends on the shuffle.
            ({"steps": 50, "batch_size": 5, "until": Until(gradient_norm=0.2)}, None),
            ({"steps": 50, "batch_size": 5, "until": Until(loss_change=0.01)}, None),
        ],
    )
    def test_one_step_fewer_or_more_is_wrong(self, options: dict[str, Any], due: int | None) -> None:
        asked = training(**options)
        due = self.by_hand(asked) if due is None else due
        assert 2 < due < 50
        assert trial(asked, stops_at(due)).verdict is Verdict.PASS
        for count in (due - 1, due + 1):
            result = trial(asked, stops_at(count))
            assert (result.verdict, result.codes) == (Verdict.FAIL, ("GC062",))
            assert facts(result, "GC062")[0]["came"] == count
            assert count < due or facts(result, "GC062")[0]["due"] == due

    @staticmethod
    def by_hand(asked: Training) -> int:
        """Gradient descent on all data: the first step before which, or after which, the condition holds."""
        w, b, before = 0.75, -0.4, np.inf
        for k in range(50):
            error = w * X[:, 0] + b - T[:, 0]
            loss, gw, gb = 0.5 * np.mean(error**2), np.mean(error * X[:, 0]), np.mean(error)
            if asked.until.gradient_norm is not None and np.hypot(gw, gb) <= asked.until.gradient_norm:
                return k
            if asked.until.loss_change is not None and abs(loss - before) <= asked.until.loss_change:
                return k
            w, b, before = w - 0.1 * gw, b - 0.1 * gb, loss
        raise AssertionError("it holds within 50 steps")

    def test_a_small_gradient_of_a_batch_that_nobody_saw(self) -> None:
        """The last batch of an epoch is known even if it was never reported."""
        asked = training(until=Until(gradient_norm=1e-9))
        result = trial(asked, stops_at(2))
        assert result.codes == ("GC062",)
        assert "no batch that could come next" in facts(result, "GC062")[0]["why"]

    def test_no_step_at_all(self) -> None:
        assert trial(training(), stops_at(0)).codes == ("GC062",)
        result = trial(training(batch_size=5, until=Until(gradient_norm=1e3)), stops_at(0))
        assert (result.verdict, result.codes) == (Verdict.UNDECIDED, ("GC033",))
