"""What happens to gradients when an engine sweeps twice: its own answers, compared with each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.conventions.value_class import SAMPLE, ValueClass, seeded

NEITHER = (
    "gives neither the same gradients nor twice those of the first: inner nodes keep what the first sweep left in "
    "them, so build the graph anew before each sweep"
)


def remarks(uses: ValueClass, sample: Any) -> Iterator[str]:
    """One sentence on a second graph over the same leaves, and one on a second sweep of the same graph."""
    for what, answers in (
        ("a second graph over the same leaves", _second_graph),
        (f"a second {uses.sweep_text.format('root')} on the same graph", _second_sweep),
    ):
        try:
            yield f"{what} {_relation(*answers(uses, sample))}"
        except Exception as wrong:  # whatever the engine raises on a second sweep
            yield f"{what} raises {type(wrong).__name__}"


def _loss(a: Any, b: Any) -> Any:
    product = a * b
    return product + product


def _second_graph(uses: ValueClass, sample: Any) -> tuple[Any, Any]:
    a, b = (uses.make(sample(value)) for value in SAMPLE)
    answers = []
    for _ in range(2):
        root = uses.ends(_loss(a, b))
        seeded(uses, root)
        uses.sweep(root)
        answers.append(np.array(uses.gradient(a, root), dtype=float))
    return answers[0], answers[1]


def _second_sweep(uses: ValueClass, sample: Any) -> tuple[Any, Any]:
    a, b = (uses.make(sample(value)) for value in SAMPLE)
    root = uses.ends(_loss(a, b))
    answers = []
    for _ in range(2):
        seeded(uses, root)
        uses.sweep(root)
        answers.append(np.array(uses.gradient(a, root), dtype=float))
    return answers[0], answers[1]


def _relation(once: Any, twice: Any) -> str:
    if np.array_equal(once, twice):
        return "gives the same gradients: each sweep starts afresh"
    if np.allclose(2 * once, twice, rtol=1e-6):
        return "adds to the gradients of the first: reset them in between"
    return NEITHER
