"""Trainings (S3, S4): batches are a random partition, every step is its schedule's update, the end comes when it must.

Each step is judged from the subject's own parameters before it, so that it may shuffle as it likes.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

import gradcheck
from gradcheck.problem import MLP, AdaGrad, Constant, Custom, Decay, Training, Until
from gradcheck.problem.schedules import Schedule

NETWORK = MLP((2, 3, 1), ("tanh", "identity"))


@gradcheck.case
def random_batches() -> Iterator[Training]:
    """S3.b: a random partition into batches, a step per batch, until a stopping condition holds."""
    yield _training(
        "S3.b",
        Constant(0.1),
        "7 samples in batches of 3, 3 and 1; two epochs",
        steps=50,
        until=Until(epochs=2),
        labels=("S3.b",),
    )
    yield _training(
        "S3.b until the loss settles",
        Constant(0.05),
        "ends after an epoch that changes the loss by at most 0.01",
        batch_size=7,
        steps=50,
        until=Until(loss_change=0.01),
        labels=("S3.b",),
    )
    yield _training(
        "S3.b until the gradient is small",
        Constant(0.1),
        "ends before a step whose gradient has norm 0.5 or less",
        batch_size=7,
        steps=50,
        until=Until(gradient_norm=0.5),
        labels=("S3.b",),
    )
    yield _training("S3.b one sample at a time", Constant(0.05), "batches of 1", batch_size=1, labels=("S3.b",))


@gradcheck.case
def schedules() -> Iterator[Training]:
    """S3.c: constant, decay per batch, AdaGrad, and a rule of the user's; a batch's gradient is a sum."""
    for name, schedule, sentence in (
        ("S3.c constant", Constant(0.05), "w -= a g"),
        ("S3.c decay", Decay(0.05, 0.5), "w -= a / (1 + k t) g, t = 0 at the first batch"),
        ("S3.c AdaGrad", AdaGrad(0.1), "G += g^2; w -= a g / (sqrt(G) + eps)"),
        ("S3.c user's own", Custom("clipped", _clipped), "the gradient's entries clipped, the rate as 1/sqrt(1 + t)"),
    ):
        yield _training(name, schedule, sentence, reduction="sum", labels=("S3.c",))
    yield _training(
        "S3.c AdaGrad in float32", AdaGrad(0.1), "in float32", reduction="sum", dtype="float32", labels=("S3.c",)
    )


@gradcheck.case
def averages() -> Iterator[Training]:
    """S4.d: a mini-batch's gradient is the average of its examples' gradients, the smaller last batch's included."""
    yield _training("S4.d", Constant(0.2), "the average over each batch, whatever its size", labels=("S4.d",))
    yield _training(
        "S4.d with L2",
        Constant(0.2),
        "the penalty on the weights, once per batch, and not on the biases",
        mlp=MLP(NETWORK.sizes, NETWORK.activations, l2=0.3),
        labels=("S4.d",),
    )
    classes = MLP((2, 4, 3), ("sigmoid", "identity"), loss="softmax_cross_entropy")
    yield _training("S4.d classes", Decay(0.5, 0.1), "softmax cross-entropy", mlp=classes, labels=("S4.d",))


def _clipped(t, gradients):  # type: ignore[no-untyped-def]  # it travels to the subject as text, and knows only `np`
    return {name: 0.1 / np.sqrt(1.0 + t) * np.clip(g, -0.5, 0.5) for name, g in gradients.items()}


def _training(
    name: str, schedule: Schedule, sentence: str, *, mlp: MLP = NETWORK, batch_size: int = 3, **options: Any
) -> Training:
    """Five steps on seven samples of two decimals."""
    random = np.random.default_rng(20)
    targets = np.round(random.uniform(-1.0, 1.0, (7, mlp.sizes[-1])), 2)
    if mlp.loss == "softmax_cross_entropy":
        targets = np.eye(mlp.sizes[-1])[np.arange(7) % mlp.sizes[-1]]
    return Training(
        name,
        mlp,
        np.round(random.uniform(-1.5, 1.5, (7, mlp.sizes[0])), 2),
        targets,
        {block: np.round(random.uniform(-1.0, 1.0, shape), 2) for block, shape in mlp.parameter_shapes.items()},
        batch_size,
        schedule,
        sentence=sentence,
        seed=1,
        **options,
    )
