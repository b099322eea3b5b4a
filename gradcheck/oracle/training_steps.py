"""The truth about a training: what each step must make of the parameters before it, in 30 digits and more.

The gradient of a batch is the symbolic oracle's closed form, differentiated by SymEngine's `diff` and evaluated in
balls of 128 bits and more; the schedules are written here once more, from S3's formulas:

    constant    w - a g
    decay       w - a / (1 + k t) g                 t = 0 at the first batch
    AdaGrad     G = g_0^2 + ... + g_t^2,    w - a g_t / (sqrt(G) + eps)
    custom      w - rule(t, g)

Every function here maps the history of all gradients to the update, and keeps nothing between steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradcheck.errors import Unsupported
from gradcheck.numbers.ball import Balls
from gradcheck.numbers.flint_balls import FlintBalls
from gradcheck.numbers.symbol import Kink
from gradcheck.oracle.closed_form.formulas import Formulas
from gradcheck.oracle.enclosure import PRECISIONS, proven, tight
from gradcheck.oracle.estimate import Estimate
from gradcheck.oracle.symbolic import closed_form
from gradcheck.problem import AdaGrad, Constant, Custom, Decay, Graph, Point, Training
from gradcheck.problem.schedules import Schedule
from gradcheck.tracing.session import Task, run

Array = NDArray[Any]
BallArrays = Mapping[str, Array]
"""Object arrays of balls, by parameter."""

BITS = PRECISIONS[0]
"""Working precision of the schedules: 38 digits."""


class TrainingTruth:
    """What the steps of one training must be."""

    name = "symbolic"

    def __init__(self, training: Training) -> None:
        self.training = training
        self._balls = FlintBalls()

    def gradient(
        self, indices: ArrayLike, parameters: Mapping[str, ArrayLike], training: Training | None = None
    ) -> BallArrays:
        """The exact gradient of a batch's loss, enclosed; of another `training` where one is given.

        Raises Unsupported at a kink and where the closed form is too long; InvalidProblem where the loss is not finite.
        """
        training = training or self.training
        return gradient_in_balls(_graph(training, len(np.asarray(indices))), training.point(indices, parameters))[1]

    def with_penalised_biases(self, gradient: BallArrays, parameters: Mapping[str, ArrayLike]) -> BallArrays:
        """The gradient that a penalty on the biases, too, would have."""
        with self._balls.precision(BITS):
            penalty = self._balls.exact(self.training.mlp.l2)
            added = {name: penalty * _exact(parameters[name], self._balls) for name in gradient if name[0] == "b"}
            return {name: g + added[name] if name in added else g for name, g in gradient.items()}

    def loss(self, parameters: Mapping[str, ArrayLike]) -> Any:
        """The loss on all data, enclosed; raises as `gradient`."""
        everything = np.arange(self.training.samples)
        graph = _graph(self.training, self.training.samples)
        return gradient_in_balls(graph, self.training.point(everything, parameters))[0]

    def loss_value(self, parameters: Mapping[str, ArrayLike]) -> float:
        """The middle of `loss`."""
        with self._balls.precision(BITS):
            return self._balls.midpoint(self.loss(parameters))

    def after(
        self,
        parameters: Mapping[str, ArrayLike],
        history: Sequence[BallArrays],
        schedule: Schedule | None = None,
        t: int | None = None,
    ) -> dict[str, Estimate]:
        """The parameters after the last step of `history`, given those before it.

        `schedule` and `t` (by default the training's own, and the number of steps before this one) let a caller ask
        what another rule would have made of it.
        """
        return self._after(parameters, self.updates(history, schedule, t))

    def after_without_root(
        self, parameters: Mapping[str, ArrayLike], history: Sequence[BallArrays]
    ) -> dict[str, Estimate]:
        """What AdaGrad would make of it if it divided by G + eps; Unsupported for another schedule."""
        rule, g, balls = self.training.schedule, history[-1], self._balls
        if not isinstance(rule, AdaGrad):
            raise Unsupported(f"the schedule {rule!r} takes no root")
        with balls.precision(BITS):
            rate, epsilon, squares = balls.exact(rule.rate), balls.exact(rule.epsilon), self._squares(history)
            updates = {name: np.asarray(g[name] * rate / (squares[name] + epsilon), dtype=object) for name in g}
        return self._after(parameters, updates)

    @staticmethod
    def _squares(history: Sequence[BallArrays]) -> dict[str, Array]:
        """AdaGrad's G."""
        return {name: np.asarray(sum(past[name] * past[name] for past in history)) for name in history[-1]}

    def _after(self, parameters: Mapping[str, ArrayLike], updates: BallArrays) -> dict[str, Estimate]:
        with self._balls.precision(BITS):
            moved = {name: _exact(parameters[name], self._balls) - update for name, update in updates.items()}
            return {name: proven(self._balls, list(ball.flat), ball.shape) for name, ball in moved.items()}

    def updates(
        self, history: Sequence[BallArrays], schedule: Schedule | None = None, t: int | None = None
    ) -> dict[str, Array]:
        """What the last step of `history` subtracts, in balls."""
        rule = schedule if schedule is not None else self.training.schedule
        t = len(history) - 1 if t is None else t
        balls, g = self._balls, history[-1]
        with balls.precision(BITS):
            if isinstance(rule, Constant):
                return {name: value * balls.exact(rule.rate) for name, value in g.items()}
            if isinstance(rule, Decay):
                rate = balls.exact(rule.rate) / (1 + balls.exact(rule.decay) * t)
                return {name: value * rate for name, value in g.items()}
            if isinstance(rule, AdaGrad):
                root = np.frompyfunc(balls.functions["sqrt"], 1, 1)
                rate, epsilon = balls.exact(rule.rate), balls.exact(rule.epsilon)
                squares = self._squares(history)
                return {name: np.asarray(g[name] * rate / (root(squares[name]) + epsilon), dtype=object) for name in g}
            if isinstance(rule, Custom):
                return _custom(rule, t, g)
        raise Unsupported(f"no truth for the schedule {rule!r}")

    def in_floats(self, history: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
        """The last update in float64, from float64 gradients: for seeing how far it moves when they do."""
        rule, t, g = self.training.schedule, len(history) - 1, history[-1]
        if isinstance(rule, Constant | Decay):
            rate = rule.rate / (1 + rule.decay * t) if isinstance(rule, Decay) else rule.rate
            return {name: value * rate for name, value in g.items()}
        if isinstance(rule, AdaGrad):
            squares = {name: sum(past[name] ** 2 for past in history) for name in g}
            return {name: rule.rate * g[name] / (np.sqrt(squares[name]) + rule.epsilon) for name in g}
        return rule.update(t, g)


def _graph(training: Training, batch: int) -> Graph:
    """The network on a mini-batch; its constants, such as a penalty's factor, in the training's dtype."""
    return training.problem(batch).lower().rounded(np.dtype(training.dtype))


def gradient_in_balls(graph: Graph, point: Point) -> tuple[Any, dict[str, Array]]:
    """The loss, and its gradient as an object array of balls per parameter, in as many bits as 25 digits take.

    Raises Unsupported at a kink and above the symbolic oracle's budget, InvalidProblem for a point outside the graph's
    domain.
    """
    graph.evaluate(point)
    try:
        form = closed_form(graph, point)
    except Kink as kink:
        raise Unsupported(str(kink)) from None
    known = {symbol: value for symbol, value in form.sheet.known.items() if value is not None}
    wanted = [symbol for block in form.entries.values() for symbol in block]
    formulas = Formulas(form.sheet, [form.loss], list(known), wanted)
    balls = FlintBalls()
    loss, gradient = None, list[Any]()
    for bits in PRECISIONS:
        with balls.precision(bits):
            values = formulas.run([balls.exact(value) for value in known.values()], balls)
            loss, gradient = formulas.values(values)[0], formulas.gradient(values)
            if all(tight(balls, ball) for ball in (loss, *gradient) if ball is not None):
                break
    of = dict(zip(wanted, gradient, strict=True))
    blocks = {}
    for i in graph.parameters:
        block = np.full(graph.shapes[i], balls.zero, dtype=object)
        for place, symbol in enumerate(form.entries.get(i, ())):
            block.flat[place] = balls.zero if of[symbol] is None else of[symbol]
        blocks[graph.names[i]] = block
    return loss, blocks


def estimates(gradient: BallArrays) -> dict[str, Estimate]:
    """Balls as float64 values with proven bounds."""
    balls = FlintBalls()
    with balls.precision(BITS):
        return {name: proven(balls, list(block.flat), block.shape) for name, block in gradient.items()}


def _exact(value: ArrayLike, balls: Any) -> Array:
    given = np.asarray(value, dtype=np.float64)
    out = np.empty(given.size, dtype=object)
    out[:] = [balls.exact(v) for v in given.ravel().tolist()]
    return out.reshape(given.shape)


def _custom(rule: Custom, t: int, gradient: BallArrays) -> dict[str, Array]:
    """The user's rule, run unchanged on recorded balls; a gradient goes in as two floats whose sum has 32 digits.

    What the rule computes from t alone is a float, and taken to be meant as it is.
    """
    names, balls = list(gradient), Balls()
    rest = np.frompyfunc(balls.scalars.rest, 2, 1)
    high = [balls.midpoint(gradient[name]) for name in names]
    low = [np.asarray(rest(gradient[n], h), dtype=np.float64) for n, h in zip(names, high, strict=True)]
    shapes: list[tuple[int, ...]] = [h.shape for h in high]

    def whole(*halves: Any) -> Any:
        given = {n: halves[2 * k] + halves[2 * k + 1] for k, n in enumerate(names)}
        answer = rule.rule(t, given)
        return tuple(answer[n] for n in names)

    arguments = tuple(half for pair in zip(high, low, strict=True) for half in pair)
    done = run(Task(whole, arguments, tuple(range(len(arguments))), np.dtype(np.float64)), balls, last=True)
    values = [np.asarray(done.trace.values[slot], dtype=object) for slot in done.outputs]
    return {n: value.reshape(shape) for n, value, shape in zip(names, values, shapes, strict=True)}
