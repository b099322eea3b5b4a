"""A correct trainer in plain NumPy; the files beside it override one method each, and are wrong by it."""

import numpy as np
from _mlp import Network


class Trainer:
    """Mini-batches, schedules and stopping conditions."""

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

    def loss(self, parameters):
        """On all data."""
        everything = np.arange(self.training.samples)
        whole = self.training.problem(self.training.samples)
        return float(Network(whole, self.training.point(everything, parameters)).gradients()[0])

    def run(self):
        """Every step, until a stopping condition holds."""
        training, until = self.training, self.training.until
        parameters, steps, epochs = dict(training.parameters), [], 0
        while True:
            before = self.loss(parameters)
            for batch in self.batches():
                gradient = self.gradient(batch, parameters)
                norm = np.sqrt(sum(float(np.sum(g**2)) for g in gradient.values()))
                if until.gradient_norm is not None and norm <= until.gradient_norm:
                    return steps
                change = self.update(len(steps), gradient)
                parameters = {name: (w - change[name]).astype(w.dtype) for name, w in parameters.items()}
                steps.append((batch, parameters))
                if len(steps) == training.steps or (until.when and until.when(len(steps), parameters)):
                    return steps
            epochs += 1
            settled = until.loss_change is not None and abs(self.loss(parameters) - before) <= until.loss_change
            if settled or epochs == until.epochs:
                return steps
