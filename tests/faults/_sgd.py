"""A correct trainer in plain NumPy; the files beside it override one method each, and are wrong by it."""

import numpy as np
from _mlp import Network


class Trainer:
    """Mini-batches and schedules."""

    def __init__(self, training):
        self.training = training
        self.random = np.random.default_rng(training.seed)
        self.squares = {name: np.zeros_like(w) for name, w in training.parameters.items()}

    def batches(self):
        """The batches of one epoch."""
        order, size = self.random.permutation(self.training.samples), self.training.batch_size
        return [order[start : start + size] for start in range(0, len(order), size)]

    def gradient(self, batch, parameters):
        """Of a batch's loss."""
        return Network(self.training.problem(len(batch)), self.training.point(batch, parameters)).gradients()[1]

    def accumulate(self, name, g):
        """AdaGrad's G."""
        self.squares[name] = self.squares[name] + g**2

    def update(self, t, gradients):
        """What to subtract at step t."""
        rule = self.training.schedule
        if hasattr(rule, "epsilon"):
            for name, g in gradients.items():
                self.accumulate(name, g)
            return {n: rule.rate * g / (np.sqrt(self.squares[n]) + rule.epsilon) for n, g in gradients.items()}
        if hasattr(rule, "update"):
            return rule.update(t, gradients)
        rate = rule.rate / (1.0 + rule.decay * t) if hasattr(rule, "decay") else rule.rate
        return {name: rate * g for name, g in gradients.items()}

    def run(self):
        """Every step."""
        parameters, steps = dict(self.training.parameters), []
        while True:
            for batch in self.batches():
                change = self.update(len(steps), self.gradient(batch, parameters))
                parameters = {name: w - change[name] for name, w in parameters.items()}
                steps.append((batch, parameters))
                if len(steps) == self.training.steps:
                    return steps
