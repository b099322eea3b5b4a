"""Calls of a file's own functions: random numbers are the same each time, and nothing is left changed.

Small constants that a loss adds inside a logarithm are left out, as the textbook's gradients do (`log_guards`).
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.conventions.log_guards import guards

_OWN_RNG = np.random.default_rng
_SEED = 12
"""Seed of the random numbers that a function may draw, such as a dropout mask."""


def _default_rng(seed: int, given: Any = None) -> np.random.Generator:
    """`np.random.default_rng`, whose seed is ours where none is given."""
    return np.random.Generator(np.random.PCG64(seed)) if given is None else _OWN_RNG(given)


class ForeignCalls:
    """Calls functions of one module."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self.guards = guards(module)
        self._backwards = _SEED

    def __call__(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """`function(*arguments)`, with the random numbers that every call gets."""
        with self._random_numbers(_SEED):
            return function(*arguments, **named)

    def back(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """The same for a backward pass, which must not depend on them."""
        with self._random_numbers(self._backwards):
            return function(*arguments, **named)

    def remarks(self) -> Iterator[str]:
        """What is done to the file's functions, a sentence each."""
        for constant in self.guards.constants:
            yield f"{constant:g} is added inside a logarithm alone; f is asked without it, like its gradient"

    @contextmanager
    def other_luck(self) -> Iterator[None]:
        """Other random numbers for backward passes."""
        self._backwards += 1
        try:
            yield
        finally:
            self._backwards = _SEED

    @contextmanager
    def _random_numbers(self, seed: int) -> Iterator[None]:
        """Seed NumPy's and Python's random numbers; put them and the module's own generators back afterwards."""
        generators = [own for own in vars(self._module).values() if isinstance(own, np.random.Generator)]
        before = [deepcopy(own.bit_generator.state) for own in generators]
        numpys, pythons = np.random.get_state(), random.getstate()
        np.random.seed(seed)
        random.seed(seed)
        own_seeds = np.random.default_rng, time.time_ns, time.time
        default = partial(_default_rng, seed)
        np.random.default_rng, time.time_ns, time.time = default, lambda: seed, lambda: float(seed)
        try:
            with self.guards.left_out(), np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            np.random.default_rng, time.time_ns, time.time = own_seeds
            np.random.set_state(numpys)
            random.setstate(pythons)
            for own, state in zip(generators, before, strict=True):
                own.bit_generator.state = state


def lent(value: Any) -> Any:
    """A copy of an array that a function may change in place; other things as they are."""
    return value.copy(order="K") if type(value) is np.ndarray else value


def copied(value: Any) -> Any:
    """A copy of a setting, container or array, so that a call cannot change the original."""
    return value.copy(order="K") if isinstance(value, np.ndarray) else deepcopy(value)
