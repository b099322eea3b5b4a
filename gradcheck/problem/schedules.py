"""Schedules: what an update is made of a gradient, as data (S3). `Custom` holds a rule of the user's own."""

from __future__ import annotations

import builtins
import dis
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.problem.arrays import real_array
from gradcheck.problem.losses import finite
from gradcheck.problem.ops import Array

CHECKED_STEPS = 20
"""Maximum number of steps at which a user's rule is tried before it is used."""


Arrays = Mapping[str, Array]
"""A gradient or the parameters: an array per parameter, by name."""


@dataclass(frozen=True)
class Constant:
    """The update is a g: gradient descent at the constant rate a (S3)."""

    rate: float

    def __post_init__(self) -> None:
        _positive("rate", self.rate)


@dataclass(frozen=True)
class Decay:
    """The update is a / (1 + k t) g; t counts batches, 0 at the first (S3: rates change per batch)."""

    rate: float
    decay: float

    def __post_init__(self) -> None:
        _positive("rate", self.rate)
        _positive("decay", self.decay)


@dataclass(frozen=True)
class AdaGrad:
    """G += g^2, then the update is a g / (sqrt(G) + eps); entry by entry, G = 0 before the first step (S3)."""

    rate: float
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _positive("rate", self.rate)
        _positive("epsilon", self.epsilon)


@dataclass(frozen=True)
class Custom:
    """The user's rule (S3: "a trait that allows a user to determine what rule is used").

    Attributes
    ----------
    name: the name in reports.
    rule: `rule(t, gradients)`, t = 0 at the first batch, gradients an array per parameter by name; returns the update
        to subtract, likewise. A pure function of these, which uses nothing but its arguments and NumPy as `np`, so
        that it can travel to the subject as text.
    """

    name: str
    rule: Callable[[int, Arrays], Arrays]
    text: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not callable(self.rule):
            raise InvalidProblem(f"its rule must be a function, got {self.rule!r}", where=f"schedule {self.name!r}")

    def update(self, t: int, gradients: Arrays) -> dict[str, Array]:
        """The rule's answer; InvalidProblem unless it is a finite array of the right shape for every parameter."""
        where = f"schedule {self.name!r}, step {t}"
        answer = self.rule(t, dict(gradients))
        if not isinstance(answer, Mapping) or set(answer) != set(gradients):
            came = ", ".join(map(str, answer)) if isinstance(answer, Mapping) else type(answer).__name__
            raise InvalidProblem(
                f"it must return an update for each of {', '.join(gradients)}; got {came}", where=where
            )
        for name, gradient in gradients.items():
            try:
                update = real_array(answer[name])
            except ValueError as wrong:
                raise InvalidProblem(f"its update for {name}: {wrong}", where=where) from None
            if update.shape != np.shape(gradient):
                raise InvalidProblem(
                    f"its update for {name} must have shape {np.shape(gradient)}, got {update.shape}", where=where
                )
            if not np.all(np.isfinite(update)):
                raise InvalidProblem(f"its update for {name} is not finite: {update}", where=where)
        return {name: np.asarray(answer[name]) for name in gradients}

    def source(self) -> str:
        """The rule as Python text.

        Raises InvalidProblem for a lambda, for a function whose text cannot be found, and for one that uses names from
        around it, because the text does not contain them.
        """
        if self.text:
            return self.text
        where = f"schedule {self.name!r}"
        try:
            text = textwrap.dedent(inspect.getsource(self.rule))
        except (OSError, TypeError):
            text = ""
        if not text.startswith("def "):
            raise InvalidProblem(
                "its rule must be a function written with `def` in a file, to be sent to a subject", where=where
            )
        if left := sorted(_names_around(self.rule.__code__) - {"np", self.rule.__name__}):
            raise InvalidProblem(
                f"its rule must use nothing but its arguments and NumPy as `np`, to be sent to a subject; "
                f"it uses {', '.join(left)}",
                where=where,
            )
        try:
            self.from_source(self.name, text)
        except Exception as wrong:  # an annotation or a default value that needs a name from around the function
            raise InvalidProblem(
                f"its rule's text does not stand alone, to be sent to a subject: {type(wrong).__name__}: {wrong}",
                where=where,
            ) from wrong
        return text

    def check(self, shapes: Mapping[str, tuple[int, ...]], steps: int) -> None:
        """InvalidProblem unless the rule answers ordinary gradients of these shapes at the first steps."""
        ordinary = np.random.default_rng(0)
        gradients = {name: ordinary.uniform(0.1, 0.9, shape) for name, shape in shapes.items()}
        for t in range(min(steps, CHECKED_STEPS)):
            try:
                self.update(t, {name: value.copy() for name, value in gradients.items()})
            except InvalidProblem:
                raise
            except Exception as wrong:
                raise InvalidProblem(
                    f"its rule raised {type(wrong).__name__}: {wrong}", where=f"schedule {self.name!r}, step {t}"
                ) from wrong

    @classmethod
    def from_source(cls, name: str, text: str) -> Custom:
        """The schedule that `source` was taken from; the text is run, so it must come from a trusted suite."""
        scope: dict[str, Any] = {"np": np}
        exec(compile(text, f"<schedule {name}>", "exec"), scope)
        functions = [value for key, value in scope.items() if key not in ("np", "__builtins__") and callable(value)]
        return cls(name, functions[-1], text)


def _names_around(code: CodeType) -> set[str]:
    """Names that a function takes from the scopes around it, builtins excepted; those of the functions in it, too."""
    found = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= _names_around(inner) - {*code.co_varnames, *code.co_cellvars}
    return {name for name in found if not hasattr(builtins, name)} | set(code.co_freevars)


Schedule = Constant | Decay | AdaGrad | Custom


def _positive(what: str, value: float) -> None:
    finite(f"a schedule's {what}", value, positive=True)
