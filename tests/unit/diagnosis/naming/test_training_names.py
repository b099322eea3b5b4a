"""Trainers that are written like no other here, each with a mistake: named for what it is, or not at all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.diagnosis.naming.match_catalogue import Likeness
from gradcheck.diagnosis.naming.search import explanation
from gradcheck.diagnosis.naming.training_names import training_fault
from gradcheck.faults.catalogue import fault
from gradcheck.problem import MLP, AdaGrad, Case, Constant, Decay, GraphBuilder, Training, Until
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Verdict

Arrays = dict[str, Any]

X = np.array([[0.5, 1.0], [-1.25, 0.2], [2.0, -0.5], [0.1, 0.9], [-0.6, -1.1], [1.4, 0.3], [-0.3, 0.7]])
T = np.array([[0.3], [0.7], [-0.2], [1.1], [0.4], [-0.9], [0.15]])
START = {"W1": [[0.75, -0.3]], "b1": [-0.4]}


def words(parameter: Any) -> str:
    """A test id that is the same in every process: functions by name."""
    if isinstance(parameter, dict):
        return " ".join(f"{key}={words(value)}" for key, value in parameter.items())
    return getattr(parameter, "__name__", str(parameter))


def training(schedule: Any = None, samples: int = 7, **options: Any) -> Training:
    """Linear regression of two features, in batches of 3, 3 and 1."""
    given = {"batch_size": 3, "steps": 7, "seed": 5, **options}
    network = MLP((2, 1), "identity")
    return Training("t", network, X[:samples], T[:samples], START, schedule=schedule or Constant(0.1), **given)


CONSTANT, SUM = training(), training(reduction="sum")
DECAY, ADAGRAD = training(Decay(0.1, 0.5)), training(AdaGrad(0.2))
SINGLE = training(batch_size=1)
EPOCHS = training(steps=50, until=Until(epochs=2))
NORM = training(steps=60, batch_size=7, until=Until(gradient_norm=0.3))
SETTLED = training(steps=60, batch_size=7, until=Until(loss_change=0.004))
SUITE = (CONSTANT, SUM, DECAY, ADAGRAD, SINGLE, EPOCHS, NORM, SETTLED)


class Loop:
    """A right trainer that changes its parameters in place; each method is where a test puts its mistake."""

    def __init__(self, asked: Training) -> None:
        self.asked, self.random = asked, random.Random(asked.seed)
        self.w = {name: np.array(value) for name, value in asked.parameters.items()}
        self.start = {name: value.copy() for name, value in self.w.items()}
        self.G = {name: np.zeros_like(value) for name, value in self.w.items()}
        self.steps: list[tuple[Any, Arrays]] = []
        self.epoch = 0

    def batches(self) -> Iterator[list[int]]:
        left = list(range(self.asked.samples))
        self.random.shuffle(left)
        while left:
            yield left[: self.asked.batch_size]
            del left[: self.asked.batch_size]

    def place(self) -> Arrays:
        return self.w

    def share(self, n: int) -> float:
        return 1.0 / n if self.asked.reduction == "mean" else 1.0

    def gradient(self, batch: list[int]) -> Arrays:
        w, x = self.place(), self.asked.X[batch]
        error = (x @ w["W1"].T + w["b1"] - self.asked.T[batch]) * self.share(len(batch))
        return {"W1": error.T @ x, "b1": error.sum(axis=0)}

    def t(self) -> int:
        return len(self.steps)

    def scaled(self, name: str, g: Any) -> Any:
        self.G[name] += g * g
        return g / (np.sqrt(self.G[name]) + 1e-8)

    def change(self, name: str, g: Any) -> Any:
        rule = self.asked.schedule
        if isinstance(rule, AdaGrad):
            return rule.rate * self.scaled(name, g)
        return (rule.rate / (1 + rule.decay * self.t()) if isinstance(rule, Decay) else rule.rate) * g  # type: ignore[union-attr] # no custom schedule here

    def move(self, name: str, change: Any) -> None:
        self.w[name] -= change

    def small(self, gradient: Arrays) -> bool:
        bound = self.asked.until.gradient_norm
        return bound is not None and np.sqrt(sum(np.sum(g**2) for g in gradient.values())) <= bound

    def step(self, batch: list[int], gradient: Arrays) -> None:
        for name, g in gradient.items():
            self.move(name, self.change(name, g))
        self.steps.append((np.array(batch), {name: value.copy() for name, value in self.w.items()}))

    def enough(self) -> bool:
        return len(self.steps) == self.asked.steps

    def last_epoch(self) -> bool:
        return self.epoch == self.asked.until.epochs

    def loss(self) -> float:
        error = self.asked.X @ self.w["W1"].T + self.w["b1"] - self.asked.T
        scale = 1.0 / len(error) if self.asked.reduction == "mean" else 1.0
        return float(0.5 * scale * np.sum(error**2))

    def settled(self, before: float, after: float) -> bool:
        bound = self.asked.until.loss_change
        return bound is not None and abs(after - before) <= bound

    def run(self) -> list[tuple[Any, Arrays]]:
        while True:
            before = self.loss()
            for batch in self.batches():
                gradient = self.gradient(batch)
                if self.small(gradient):
                    return self.steps
                self.step(batch, gradient)
                if self.enough():
                    return self.steps
            self.epoch += 1
            if self.last_epoch() or self.settled(before, self.loss()):
                return self.steps


def wrong(**methods: Callable[..., Any]) -> InProcessSubject:
    """The trainer with these methods replaced."""
    return InProcessSubject(lambda asked: type("Wrong", (Loop,), methods)(asked).run(), entry="train")


def judged(subject: InProcessSubject, asked: Sequence[Training]) -> tuple[list[Training], frozenset[str]]:
    """What failed, and the codes."""
    results = [(one, try_and_diagnose("s::t", one, subject, ())) for one in asked]
    codes = frozenset(code for _, result in results if result.verdict is not Verdict.PASS for code in result.codes)
    return [one for one, result in results if result.verdict in (Verdict.FAIL, Verdict.ERROR)], codes


def named(subject: InProcessSubject, asked: Sequence[Training] = SUITE) -> str:
    failing, codes = judged(subject, asked)
    assert failing
    assert codes <= {"GC051", "GC060", "GC061", "GC062", "GC066"}
    found, how = training_fault(subject, failing, codes)
    assert bool(found) is bool(how)
    return found.code if found else ""


def test_without_a_mistake_it_passes() -> None:
    failing, codes = judged(wrong(), SUITE)
    assert not failing
    assert training_fault(wrong(), [], codes) == (None, "")


# Steps.


def up(self: Loop, name: str, change: Any) -> None:
    self.w[name] += change


def up_in_biases(self: Loop, name: str, change: Any) -> None:
    self.w[name] += change if name == "b1" else -change


def up_with_adagrad(self: Loop, name: str, change: Any) -> None:
    self.w[name] += change if isinstance(self.asked.schedule, AdaGrad) else -change


def assigned(self: Loop, name: str, g: Any) -> Any:
    self.G[name][...] = g**2
    return g / (self.G[name] ** 0.5 + 1e-8)


def without_root(self: Loop, name: str, g: Any) -> Any:
    self.G[name] += g * g
    return g / (self.G[name] + 1e-8)


def without_root_in_weights(self: Loop, name: str, g: Any) -> Any:
    return without_root(self, name, g) if name == "W1" else Loop.scaled(self, name, g)


def first_parameters(self: Loop) -> Arrays:
    return self.start


def with_adagrad(right: Any, mistaken: Any) -> Callable[..., Any]:
    """`mistaken` where the schedule is AdaGrad."""
    return lambda self, *a: (mistaken if isinstance(self.asked.schedule, AdaGrad) else right)(self, *a)


def exchanged(self: Loop, n: int) -> float:
    return 1.0 if self.asked.reduction == "mean" else 1.0 / n


@pytest.mark.parametrize(
    ("methods", "row"),
    [
        ({"move": up}, "F146"),
        ({"move": up_in_biases}, "F146"),
        ({"move": up_with_adagrad}, "F146"),
        ({"scaled": assigned}, "F140"),
        ({"scaled": without_root}, "F141"),
        ({"scaled": without_root_in_weights}, "F141"),
        ({"t": lambda self: len(self.steps) + 1}, "F142"),
        ({"t": lambda self: self.epoch}, "F143"),
        ({"place": first_parameters}, "F147"),
        ({"place": with_adagrad(Loop.place, first_parameters)}, "F147"),
        ({"share": exchanged}, "F148"),
        ({"share": lambda self, n: 1.0}, "F148"),
        ({"share": lambda self, n: 1.0 / n}, "F148"),
    ],
    ids=words,
)
def test_wrong_steps_are_named(methods: Any, row: str) -> None:
    assert named(wrong(**methods)) == row


def forgets(self: Loop, name: str, g: Any) -> Any:
    """G starts anew with every epoch."""
    if len(self.steps) % 3 == 0:
        self.G[name][...] = 0.0
    return Loop.scaled(self, name, g)


def sign_only(self: Loop, name: str, g: Any) -> Any:
    return np.sign(g) * np.abs(g) ** 0.25


def earlier(self: Loop) -> Arrays:
    return self.steps[-2][1] if len(self.steps) > 1 else self.start


def of_epoch(self: Loop) -> Arrays:
    begun = len(self.steps) // 3 * 3
    return self.steps[begun - 1][1] if begun else self.start


@pytest.mark.parametrize(
    "methods",
    [
        {"t": lambda self: 0},
        {"t": lambda self: len(self.steps) % 3},
        {"t": lambda self: self.epoch + 1},
        {"t": lambda self: max(0, len(self.steps) - 1)},
        {"scaled": forgets},
        {"scaled": sign_only},
        {"scaled": lambda self, name, g: g},
        {"place": earlier},
        {"place": of_epoch},
        {"share": lambda self, n: 1.0 / 3},
        {"share": lambda self, n: 2.0 * Loop.share(self, n)},
        {"share": lambda self, n: Loop.share(self, n) / n},
        {"gradient": lambda self, batch: Loop.gradient(self, list(range(7)))},
        {"move": lambda self, name, change: None},
        {"move": lambda self, name, change: Loop.move(self, name, -0.9 * change)},
        {"move": lambda self, name, change: (up if len(self.steps) % 3 == 2 else Loop.move)(self, name, change)},
    ],
    ids=words,
)
def test_wrong_steps_of_another_kind_are_not(methods: Any) -> None:
    assert named(wrong(**methods)) == ""


@pytest.mark.parametrize(
    ("methods", "asked"),
    [
        ({"t": lambda self: self.epoch}, training(Decay(0.1, 0.5), steps=3)),  # nothing decays
        ({"t": lambda self: len(self.steps) + 1}, training(Decay(0.1, 0.5), steps=1)),  # another rate
        ({"scaled": assigned}, training(AdaGrad(0.1), steps=2)),  # only the step before is forgotten
        ({"scaled": assigned}, training(AdaGrad(0.1), batch_size=7)),  # forgotten with each epoch
        ({"place": first_parameters}, training(steps=2)),  # the step before's
        ({"place": first_parameters}, training(steps=3)),  # the epoch's
        ({"share": lambda self, n: 1.0}, training(samples=6, batch_size=2)),  # twice the gradient
    ],
    ids=words,
)
def test_where_something_else_gives_the_same_steps_nothing_is_named(methods: Any, asked: Training) -> None:
    assert named(wrong(**methods), [asked]) == ""


# Batches.


def sampled(self: Loop) -> Iterator[list[int]]:
    for start in range(0, self.asked.samples, self.asked.batch_size):
        yield self.random.sample(range(self.asked.samples), min(self.asked.batch_size, self.asked.samples - start))


def chosen(self: Loop) -> Iterator[list[int]]:
    order = self.random.choices(range(self.asked.samples), k=self.asked.samples)
    return (order[k : k + self.asked.batch_size] for k in range(0, len(order), self.asked.batch_size))


def sampled_full(self: Loop) -> Iterator[list[int]]:
    for _ in range(0, self.asked.samples, self.asked.batch_size):
        yield self.random.sample(range(self.asked.samples), self.asked.batch_size)


def chosen_full(self: Loop) -> Iterator[list[int]]:
    for _ in range(0, self.asked.samples, self.asked.batch_size):
        yield self.random.choices(range(self.asked.samples), k=self.asked.batch_size)


def reshuffled(self: Loop) -> Iterator[list[int]]:
    order = list(range(self.asked.samples))
    for k in range(0, len(order), self.asked.batch_size):
        self.random.shuffle(order)
        yield order[k : k + self.asked.batch_size]


def dropped(self: Loop) -> Iterator[list[int]]:
    return (batch for batch in Loop.batches(self) if len(batch) == self.asked.batch_size)


def dropped_of_one_order(self: Loop) -> Iterator[list[int]]:
    self.random.seed(self.asked.seed)
    return dropped(self)


@pytest.mark.parametrize(
    ("batches", "row"),
    [
        (sampled, "F144"),
        (chosen, "F144"),
        (sampled_full, "F144"),
        (chosen_full, "F144"),
        (reshuffled, "F144"),
        (dropped, "F145"),
        (dropped_of_one_order, "F145"),
    ],
)
def test_wrong_batches_are_named(batches: Any, row: str) -> None:
    assert named(wrong(batches=batches)) == row


def order_of(self: Loop) -> list[int]:
    return [i for batch in Loop.batches(self) for i in batch]


def overlapping(self: Loop) -> Iterator[list[int]]:
    """Each batch begins with the last sample of the one before."""
    order, size = order_of(self), self.asked.batch_size
    for place, batch in enumerate(Loop.batches(self)):
        at = place * (size - 1) if size > 1 else 0
        yield (order * 2)[at : at + len(batch)]


def the_same(self: Loop) -> Iterator[list[int]]:
    order = order_of(self)
    return (order[: len(batch)] for batch in Loop.batches(self))


def padded(self: Loop) -> Iterator[list[int]]:
    order, size = order_of(self), self.asked.batch_size
    return ((order + order)[k : k + size] for k in range(0, len(order), size))


def dropped_later(self: Loop) -> Iterator[list[int]]:
    return dropped(self) if self.epoch else Loop.batches(self)


def cut_short(self: Loop) -> Iterator[list[int]]:
    """The last samples of the data are never used."""
    order = list(range(self.asked.samples // self.asked.batch_size * self.asked.batch_size))
    self.random.shuffle(order)
    return (order[k : k + self.asked.batch_size] for k in range(0, len(order), self.asked.batch_size))


def all_but_one(self: Loop) -> Iterator[list[int]]:
    for start in range(0, self.asked.samples, self.asked.batch_size):
        yield self.random.choices(
            range(self.asked.samples - 1), k=min(self.asked.batch_size, self.asked.samples - start)
        )


def second_like_first(self: Loop) -> Iterator[list[int]]:
    """One sample of the first batch comes again in the second."""
    first, *others = Loop.batches(self)
    yield first
    yield from ([first[0], *batch[1:]] for batch in others)


def always_so(self: Loop) -> Iterator[list[int]]:
    """The seed is not used, so that one draw is all that is ever seen."""
    self.random.seed(self.epoch)
    return sampled(self)


def drawn_once(self: Loop) -> list[list[int]]:
    """Samples with repetition, drawn before the first epoch; every epoch shuffles them."""
    if not hasattr(self, "pool"):
        self.pool = self.random.choices(range(self.asked.samples), k=self.asked.samples)
    self.random.shuffle(self.pool)
    return [self.pool[k : k + self.asked.batch_size] for k in range(0, len(self.pool), self.asked.batch_size)]


def carried(self: Loop) -> Iterator[list[int]]:
    """What is left over comes first in the next epoch."""
    left = getattr(self, "left", [])
    order = left + [i for i in order_of(self) if i not in left]
    count = len(order) // self.asked.batch_size * self.asked.batch_size
    self.left = order[count:]  # type: ignore[attr-defined] # a method's own memory
    return (order[k : k + self.asked.batch_size] for k in range(0, count, self.asked.batch_size))


@pytest.mark.parametrize(
    "batches",
    [
        overlapping,
        the_same,
        padded,
        dropped_later,
        cut_short,
        all_but_one,
        second_like_first,
        always_so,
        carried,
        drawn_once,
        lambda self: [order_of(self)],
        lambda self: [[0, 1, 2], [0, 1, 2], [3]],
    ],
)
def test_wrong_batches_of_another_kind_are_not(batches: Any) -> None:
    assert named(wrong(batches=batches), (CONSTANT, SUM, ADAGRAD)) == ""


def test_one_batch_an_epoch_does_not_tell_dropping_from_drawing() -> None:
    asked = training(samples=5, batch_size=3)
    assert named(wrong(batches=dropped), [asked]) == ""


# The end.


def after_the_step(self: Loop, gradient: Arrays) -> bool:
    """The norm of the gradient before is asked: that of the step just made."""
    last, self.last = getattr(self, "last", None), gradient  # type: ignore[attr-defined] # a method's own memory
    return last is not None and Loop.small(self, last)


def settled_before(self: Loop, before: float, after: float) -> bool:
    """The change of the epoch before is asked."""
    last, self.last = getattr(self, "last", None), (before, after)  # type: ignore[attr-defined] # a method's own memory
    return last is not None and Loop.settled(self, *last)


@pytest.mark.parametrize(
    "methods",
    [
        {"enough": lambda self: len(self.steps) > self.asked.steps},
        {"small": after_the_step},
        {"settled": settled_before},
        {"last_epoch": lambda self: self.asked.until.epochs is not None and self.epoch > self.asked.until.epochs},
        {"enough": lambda self: len(self.steps) > self.asked.steps, "small": after_the_step},
    ],
    ids=words,
)
def test_an_end_that_comes_late_is_named(methods: Any) -> None:
    assert named(wrong(**methods)) == "F149"


def largest(factor: float) -> Callable[..., bool]:
    """Another measure of the gradient."""

    def small(self: Loop, gradient: Arrays) -> bool:
        bound = self.asked.until.gradient_norm
        return bound is not None and factor * max(float(np.max(np.abs(g))) for g in gradient.values()) <= bound

    return small


def at_end_of_epoch(self: Loop) -> bool:
    return len(self.steps) >= self.asked.steps and len(self.steps) % 3 == 0


@pytest.mark.parametrize(
    ("methods", "asked"),
    [
        ({"small": lambda self, gradient: False}, [NORM]),
        *(({"small": largest(factor)}, [NORM]) for factor in (0.5, 1.5, 2.0, 4.0)),
        ({"settled": lambda self, before, after: Loop.settled(self, 0.8 * before, 0.8 * after)}, [SETTLED]),
        ({"settled": lambda self, before, after: Loop.settled(self, 1.25 * before, 1.25 * after)}, [SETTLED]),
        ({"last_epoch": lambda self: False}, [training(steps=7, until=Until(epochs=2))]),
        ({"enough": at_end_of_epoch}, [training(steps=5)]),
        ({"enough": lambda self: len(self.steps) == self.asked.steps - 1}, SUITE),
        ({"enough": lambda self: len(self.steps) == self.asked.steps + 2}, SUITE),
        ({"enough": lambda self: len(self.steps) == 8}, SUITE),
    ],
    ids=words,
)
def test_an_end_of_another_kind_is_not(methods: Any, asked: Sequence[Training]) -> None:
    assert named(wrong(**methods), asked) == ""


# Two mistakes at once.


@pytest.mark.parametrize(
    "methods",
    [
        {"move": up, "batches": sampled},
        {"move": up, "enough": lambda self: len(self.steps) > self.asked.steps},
        {"move": up, "scaled": assigned},
        {"move": up, "place": first_parameters},
        {"t": lambda self: len(self.steps) + 1, "share": exchanged},
        {"t": lambda self: len(self.steps) + 1, "scaled": without_root},
        {"batches": dropped, "enough": lambda self: len(self.steps) > self.asked.steps},
        {"batches": sampled, "small": after_the_step, "last_epoch": lambda self: self.epoch == 3},
        {"batches": dropped, "t": lambda self: len(self.steps) + 1},
    ],
    ids=words,
)
def test_of_two_mistakes_none_is_named(methods: Any) -> None:
    assert named(wrong(**methods)) == ""


# Together with what else is known of a subject.


def test_graphs_that_failed_too_are_another_matter() -> None:
    build = GraphBuilder()
    graph = Case("g", build.graph(build.sin(build.parameter("x"))), {"x": 0.5})
    failing, codes = judged(wrong(move=up), [CONSTANT])
    assert training_fault(wrong(move=up), [*failing, graph], codes) == (None, "")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda steps: [],
        lambda steps: [(i + 7, w) for i, w in steps],
        lambda steps: [(i[:0], w) for i, w in steps],
        lambda steps: [(i, {"W1": w["W1"]}) for i, w in steps],
        lambda steps: [(i, {n: v[..., :0] for n, v in w.items()}) for i, w in steps],
    ],
)
@pytest.mark.parametrize(
    "methods", [{"move": up}, {"batches": sampled}, {"enough": lambda self: len(self.steps) > self.asked.steps}]
)
def test_one_that_answers_in_another_form_when_asked_again_is_not_named(methods: Any, spoil: Any) -> None:
    failing, codes = judged(wrong(**methods), [CONSTANT, DECAY])
    assert failing
    spoilt = InProcessSubject(lambda one: spoil(type("Wrong", (Loop,), methods)(one).run()), entry="train")
    assert training_fault(spoilt, failing, codes) == (None, "")


def test_likeness_keeps_its_words_and_must_not_be_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    bent = InProcessSubject(fault("F142").subject(), entry="train")
    failing, codes = judged(bent, [DECAY])
    assert explanation(bent, failing, [], codes).how.startswith("behaves")
    found = explanation(wrong(t=lambda self: len(self.steps) + 1), failing, [], codes)
    assert [f.code for f in found.faults] == ["F142"]
    assert found.how.startswith("makes, in 7 steps of the training that failed")
    monkeypatch.setattr("gradcheck.diagnosis.naming.search.alike", lambda *given: Likeness((fault("F143"),), 1))
    assert explanation(bent, failing, [], codes).faults == ()
