"""`autograd-function`: subclasses of `torch.autograd.Function`, in both styles, asked in double precision.

f is `apply` without gradients, and the derivative what PyTorch's own sweep makes of `backward`. f cannot be traced, so
that the truth comes from differences.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.framework_inputs import candidates, is_array, parameters
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair, inherits
from gradcheck.conventions.trial_data import finite
from gradcheck.conventions.user_calls import attempt, called

NAME = "autograd-function"
ABOUT = "subclasses of torch.autograd.Function: forward(ctx, ...) or forward(...) with setup_context, and backward"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every such class of the file whose arguments can be guessed."""
    if getattr(sys.modules.get("torch"), "autograd", None) is None:
        if "torch" in contents.names and importlib.util.find_spec("torch") is None:
            yield Miss(NAME, "", "PyTorch is not installed here, so that torch.autograd.Function cannot be run")
        return
    base = sys.modules["torch"].autograd.Function
    for name, kind in contents.classes.items():
        if inherits(kind, base) and {"forward", "backward"} <= set(vars(kind)):
            yield _looked_at(name, kind, base)


def _looked_at(name: str, kind: Any, base: Any) -> Found:
    separate = kind.setup_context is not base.setup_context
    found = parameters(kind.forward, skip=0 if separate else 1)
    if not found:
        return Miss(NAME, name, "the number of its arguments is open")
    why = f"no arguments were found on which {name}.apply runs"
    for arguments in candidates(found):
        use = Use(kind, arguments)
        outputs, wrong = attempt(partial(use.value, *use.arrays))
        if wrong is None and finite(outputs if isinstance(outputs, tuple) else (outputs,)):
            return _offer(name, kind, use, [p.name for p in found], separate)
        why = f"{name}.apply raised {type(wrong).__name__}: {wrong}"[:300] if wrong is not None else why
    return Miss(NAME, name, why)


class Use:
    """One class with its arguments: arrays, which may be others in each call, and what stays as it is."""

    def __init__(self, kind: Any, arguments: tuple[Any, ...]) -> None:
        self._kind = kind
        self._arguments = arguments
        self._torch = sys.modules["torch"]
        self.arrays = tuple(value for value in arguments if is_array(value))

    def value(self, *arrays: Any) -> Any:
        """The outputs of apply, as arrays of float64."""
        with self._torch.no_grad():
            outputs = self._kind.apply(*self._given([self._tensor(array) for array in arrays]))
        answers = tuple(out.detach().numpy().copy() for out in self._floats(outputs))
        return answers if len(answers) > 1 else answers[0]

    def vjp(self, cotangents: Any, *arrays: Any) -> Any:
        """What PyTorch's sweep gives for these cotangents; None where backward gives None."""
        leaves = [self._tensor(array).requires_grad_() for array in arrays]
        outputs = self._floats(self._kind.apply(*self._given([leaf.clone() for leaf in leaves])))
        several = cotangents if isinstance(cotangents, tuple | list) else (cotangents,)
        seeds = [self._tensor(c).reshape(out.shape) for c, out in zip(several, outputs, strict=True)]
        moving = [(out, seed) for out, seed in zip(outputs, seeds, strict=True) if out.requires_grad]
        if not moving:
            return (None,) * len(leaves) if len(leaves) > 1 else None
        ends, from_above = map(list, zip(*moving, strict=True))
        found = self._torch.autograd.grad(ends, leaves, from_above, allow_unused=True)
        answers = tuple(None if g is None else g.detach().numpy().copy() for g in found)
        return answers if len(answers) > 1 else answers[0]

    def _tensor(self, array: Any) -> Any:
        if not isinstance(array, np.ndarray | np.generic | float | int):
            raise TypeError(f"torch takes arrays of floats, not {type(array).__name__}")
        return self._torch.tensor(np.array(array, dtype=float))

    def _given(self, tensors: list[Any]) -> list[Any]:
        left = iter(tensors)
        torch = self._torch
        return [
            next(left) if is_array(a) else torch.tensor(a) if isinstance(a, np.ndarray) else a for a in self._arguments
        ]

    def _floats(self, outputs: Any) -> list[Any]:
        several = outputs if isinstance(outputs, tuple | list) else (outputs,)
        return [out for out in several if self._torch.is_tensor(out) and out.is_floating_point()]


def _offer(name: str, kind: Any, use: Use, names: list[str], separate: bool) -> Offer:
    arrays = [n for n, value in zip(names, use._arguments, strict=True) if is_array(value)]

    def value(*arrays: Any) -> Any:
        return use.value(*arrays)

    def vjp(cotangent: Any, *arrays: Any) -> Any:
        return use.vjp(cotangent, *arrays)

    pair = Pair(
        name=name,
        kind="vjp",
        f=called(value, kind.forward, f"{name}.apply", arrays),
        derivative=called(vjp, kind.backward, f"{name}.backward", ["cotangent", *arrays]),
        inputs=use.arrays,
        shown=f"{name}.forward and {name}.backward",
    )
    shapes = ", ".join(f"{n} {value.shape}" for n, value in zip(arrays, use.arrays, strict=True))
    notes = (
        f"{name} is asked in double precision, at {shapes}",
        "forward is PyTorch's code and cannot be traced: the truth comes from differences, which prove nothing",
    )
    style = "forward with setup_context" if separate else "forward(ctx, ...)"
    title = f"class {name}(torch.autograd.Function): {style} and backward"
    return Offer(NAME, title, name=name, claims=frozenset({name}), pairs=(pair,), notes=notes)
