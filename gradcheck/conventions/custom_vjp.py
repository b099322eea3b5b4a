"""`custom-vjp`: functions with `jax.custom_vjp` or `jax.custom_jvp`, in double precision.

The derivative is what `jax.vjp` makes of their rules.

The function cannot be traced by gradcheck, so that the truth comes from differences.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.framework_inputs import candidates, is_array, parameters
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair
from gradcheck.conventions.trial_data import finite
from gradcheck.conventions.user_calls import attempt, called

NAME = "custom-vjp"
ABOUT = "functions with jax.custom_vjp and their defvjp(fwd, bwd), or with jax.custom_jvp and their defjvp"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every such function of the file whose arguments can be guessed."""
    if "jax" not in sys.modules:
        if {"jax", "jnp"} & set(contents.names) and importlib.util.find_spec("jax") is None:
            yield Miss(NAME, "", "JAX is not installed here, so that jax.custom_vjp cannot be run")
        return
    jax = sys.modules["jax"]
    for name, function in contents.functions.items():
        if isinstance(function, jax.custom_vjp | jax.custom_jvp):
            yield _looked_at(name, function)


def _looked_at(name: str, function: Any) -> Found:
    if not _rules(function):
        kind = type(function).__name__.removeprefix("custom_")
        return Miss(NAME, name, f"{name}.def{kind} was not called, so that it has no rule of its own")
    found = parameters(function.fun)
    if not found:
        return Miss(NAME, name, "the number of its arguments is open")
    why = f"no arguments were found on which {name} runs"
    for arguments in candidates(found):
        use = Use(function, arguments)
        value, wrong = attempt(partial(use.value, *use.arrays))
        if wrong is None and finite(value if isinstance(value, tuple) else (value,)):
            return _offer(name, function, use, [p.name for p in found])
        why = f"{name} raised {type(wrong).__name__}: {wrong}"[:300] if wrong is not None else why
    return Miss(NAME, name, why)


def _rules(function: Any) -> tuple[Any, ...]:
    """The functions that differentiate it: fwd and bwd, or a jvp; () where none were given."""
    found = [getattr(function, rule, None) for rule in ("fwd", "bwd", "jvp")]
    return tuple(rule for rule in found if callable(rule))


class Use:
    """One function with its arguments: arrays, which may be others in each call, and what stays as it is."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._function = function
        self._arguments = arguments
        self._jax = sys.modules["jax"]
        self.arrays = tuple(value for value in arguments if is_array(value))

    def value(self, *arrays: Any) -> Any:
        """The function's outputs, as arrays of float64."""
        with self._doubles():
            return self._plain(self._function(*self._given(list(map(self._array, arrays)))))

    def vjp(self, cotangent: Any, *arrays: Any) -> Any:
        """What jax.vjp gives for this cotangent. ArithmeticError where fwd gives another value than the function."""
        with self._doubles():
            of_arrays = lambda *own: self._function(*self._given(list(own)))  # noqa: E731 - what jax.vjp takes
            out, pullback = self._jax.vjp(of_arrays, *map(self._array, arrays))
            plain = self._function(*self._given(list(map(self._array, arrays))))
            self._agree(out, plain)
            seeds = self._jax.tree_util.tree_unflatten(
                self._jax.tree_util.tree_structure(out),
                [self._array(c) for c in (cotangent if isinstance(cotangent, tuple | list) else (cotangent,))],
            )
            found = tuple(np.array(g, dtype=float) for g in pullback(seeds))
        return found if len(found) > 1 else found[0]

    def _agree(self, out: Any, plain: Any) -> None:
        leaves = self._jax.tree_util.tree_leaves
        for one, other in zip(leaves(out), leaves(plain), strict=True):
            if not np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True):
                raise ArithmeticError("the first answer of fwd is another value than the function's own")

    def _doubles(self) -> Any:
        enable = getattr(self._jax, "enable_x64", None)
        if enable is None:
            from importlib import import_module

            enable = import_module("jax.experimental").enable_x64
        return enable(True)

    def _array(self, array: Any) -> Any:
        if not isinstance(array, np.ndarray | np.generic | float | int):
            raise TypeError(f"jax takes arrays of floats, not {type(array).__name__}")
        return self._jax.numpy.asarray(np.array(array, dtype=float))

    def _given(self, arrays: list[Any]) -> list[Any]:
        left = iter(arrays)
        return [next(left) if is_array(a) else a for a in self._arguments]

    def _plain(self, outputs: Any) -> Any:
        found = tuple(np.array(out, dtype=float) for out in self._jax.tree_util.tree_leaves(outputs))
        return found if len(found) > 1 else found[0]


def _offer(name: str, function: Any, use: Use, names: list[str]) -> Offer:
    rules = _rules(function)
    called_rules = " and ".join(rule.__name__ for rule in rules)
    arrays = [n for n, value in zip(names, use._arguments, strict=True) if is_array(value)]

    def value(*arrays: Any) -> Any:
        return use.value(*arrays)

    def vjp(cotangent: Any, *arrays: Any) -> Any:
        return use.vjp(cotangent, *arrays)

    pair = Pair(
        name=name,
        kind="vjp",
        f=called(value, function.fun, name, arrays),
        derivative=called(vjp, rules[-1], rules[-1].__name__, ["cotangent", *arrays]),
        inputs=use.arrays,
        shown=f"{name}{',' if len(rules) > 1 else ' and'} {called_rules}",
    )
    shapes = ", ".join(f"{n} {value.shape}" for n, value in zip(arrays, use.arrays, strict=True))
    notes = (
        f"{name} is asked in double precision, at {shapes}",
        "it is JAX's code and cannot be traced: the truth comes from differences, which prove nothing",
    )
    title = f"{name} with jax.{type(function).__name__}: {called_rules}"
    claims = frozenset({name, *(rule.__name__ for rule in rules)})
    return Offer(NAME, title, name=name, claims=claims, pairs=(pair,), notes=notes)
