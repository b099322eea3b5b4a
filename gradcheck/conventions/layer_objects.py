"""A layer as an object with a forward and a backward method: one run of it, from a fresh copy or on a used one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradcheck.conventions.backward_calls import BackwardCall
from gradcheck.conventions.example_inputs import Example
from gradcheck.conventions.foreign_calls import ForeignCalls, copied, lent
from gradcheck.conventions.held_arrays import Path, read, spelled, write
from gradcheck.conventions.returned_gradients import Places, unfolded


@dataclass(frozen=True)
class Parameter:
    """An array of a layer that it is differentiated by.

    Attributes
    ----------
    paths: where the layer holds it; several where the same array is held twice.
    gradient: where its gradient stands after the backward pass; a position where it is returned, and None where the
        backward pass itself takes a step of size 1 along it.
    """

    paths: tuple[Path, ...]
    gradient: Path | int | None

    @property
    def name(self) -> str:
        """ "W", "params['W1']"."""
        return spelled(self.paths[0])


@dataclass(frozen=True)
class Layer:
    """A layer that runs, and how.

    Attributes
    ----------
    prototype: an instance that has never been used.
    forward, backward: names of the two methods.
    example: values of the forward method's arguments.
    call: how the backward method is called; `steps`: names of its arguments that are a step size; `nothing`: of
        those that are 0, such as the strength of a penalty.
    outputs, keeps: number of outputs of the forward method; whether it also returns a cache.
    where: where the gradients of its inputs stand in what is returned; None where it returns none.
    parameters: its parameters with a gradient.
    adds: whether the gradients of parameters add to those of the call before.
    instead_of: the layer at more natural inputs, where its backward method does not work.
    warnings: arrays of its caller that it writes into, a sentence each.
    misshapen: whether a gradient of a parameter that it returns has another shape than the parameter.
    output, inwards: attributes in which it leaves its output, and the gradient of its input; "" where it returns them.
    """

    calls: ForeignCalls
    prototype: Any
    forward: str
    backward: str
    example: Example
    call: BackwardCall
    outputs: int = 1
    keeps: bool = False
    where: Places | None = None
    parameters: tuple[Parameter, ...] = ()
    adds: bool = False
    steps: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()
    instead_of: Layer | None = None
    output: str = ""
    inwards: str = ""
    warnings: tuple[str, ...] = ()
    misshapen: bool = False

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the differentiable inputs."""
        return () if self.where is None else tuple(self.where.of)

    @property
    def fits(self) -> bool:
        """Whether the backward method ran, and every gradient of an input came with its input's shape."""
        if self.where is None:
            return bool(self.parameters) and not self.example.variable
        return self.where.fit and not self.misshapen

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all that the layer is differentiated by."""
        return (*self.inputs, *(parameter.name for parameter in self.parameters))

    def values(self) -> tuple[Any, ...]:
        """The values of the inputs and parameters at which it is asked."""
        held = [np.array(read(self.prototype, p.paths[0])) for p in self.parameters]
        return (*(self.example.values[name] for name in self.inputs), *held)

    def fresh(self) -> Any:
        """A copy of the layer that has never been used."""
        return deepcopy(self.prototype)

    def set(self, owner: Any, arrays: Sequence[Any]) -> dict[str, Any]:
        """Give `owner` its parameters; the arguments of the forward method."""
        for parameter, value in zip(self.parameters, arrays[len(self.inputs) :], strict=True):
            for path in parameter.paths:
                write(owner, path, value)
        given = dict(zip(self.inputs, arrays, strict=False))
        return {name: lent(given[name]) if name in given else copied(v) for name, v in self.example.values.items()}

    def ahead(self, owner: Any, arguments: Mapping[str, Any]) -> tuple[tuple[Any, ...], Any]:
        """Outputs and cache of one call of the forward method."""
        returned = self.calls(getattr(owner, self.forward), *arguments.values())
        returned = getattr(owner, self.output) if self.output else returned
        if self.keeps:
            return tuple(returned[: self.outputs]), returned[-1]
        return (tuple(returned) if self.outputs > 1 else (returned,)), None

    def back(
        self, owner: Any, cotangents: Sequence[Any], cache: Any, arguments: Mapping[str, Any], outputs: Sequence[Any]
    ) -> Any:
        """What one call of the backward method returns."""
        given = self.call.arguments(cotangents, cache, arguments, outputs)
        given |= dict.fromkeys(self.steps, 1.0) | dict.fromkeys(self.nothing, 0.0)
        returned = self.calls.back(getattr(owner, self.backward), **given)
        return copied(getattr(owner, self.inwards)) if self.inwards else unfolded(returned)

    def f(self, arrays: Sequence[Any]) -> Any:
        """The outputs of a fresh copy."""
        owner = self.fresh()
        outputs, _ = self.ahead(owner, self.set(owner, arrays))
        return outputs[0] if self.outputs == 1 else outputs

    def vjp(self, owner: Any, cotangents: Sequence[Any], arrays: Sequence[Any]) -> tuple[Any, ...]:
        """Gradients of all inputs and parameters, by one forward and one backward call on `owner`."""
        arguments = self.set(owner, [np.array(a) for a in arrays])
        before = [self._stands(owner, p) for p in self.parameters]
        outputs, cache = self.ahead(owner, arguments)
        returned = self.back(owner, [np.array(c) for c in cotangents], cache, arguments, outputs)
        inputs = () if self.where is None else self.where.read(returned)
        found = []
        for parameter, old in zip(self.parameters, before, strict=True):
            mine = self._answer(owner, parameter, returned)
            found.append(old - mine if parameter.gradient is None else mine - old if self.adds else mine)
        return (*inputs, *found)

    def _stands(self, owner: Any, parameter: Parameter) -> Any:
        """A copy of what stands where the gradient will; of the parameter, where a step is taken."""
        if parameter.gradient is None:
            return np.array(read(owner, parameter.paths[0]))
        return np.array(self._answer(owner, parameter, None)) if self.adds else None

    def _answer(self, owner: Any, parameter: Parameter, returned: Any) -> Any:
        if isinstance(parameter.gradient, int):
            return returned[parameter.gradient]
        return copied(read(owner, parameter.gradient or parameter.paths[0]))
