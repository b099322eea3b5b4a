"""Finds out how a class of layers is used: inputs at which it runs, parameters, and where their gradients appear."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions.backward_calls import BackwardCall, backward_call
from gradcheck.conventions.built_layers import built
from gradcheck.conventions.example_inputs import Example, arguments, candidates, of_widths, square
from gradcheck.conventions.example_shapes import ONE_ROW
from gradcheck.conventions.example_values import numbers
from gradcheck.conventions.foreign_calls import ForeignCalls, copied
from gradcheck.conventions.held_arrays import Path, arrays, gradient_paths, grouped, read, spelled, write
from gradcheck.conventions.layer_functions import answers_targets, is_real, split
from gradcheck.conventions.layer_objects import Layer, Parameter
from gradcheck.conventions.overwritten import watched, written_inputs, written_upstream
from gradcheck.conventions.returned_gradients import Places, Unfolded, names_gradient, places

STEP = re.compile(r"l_?r|(learn(ing)?|l)_?rate|rate|step(_?size)?|eta|alpha", re.I)
"""Names of an argument by which the backward method itself updates the parameters."""
NONE = re.compile(r"lambda?_?|lmbda|lam|reg\w*|l[12]\w*|(weight_?)?decay\w*|momentum|mu|lambda\w*", re.I)
"""Names of an argument that adds something to the gradient or the step, such as a penalty: it is 0."""
OUTPUT = ("output", "out", "outputs", "y", "A", "Z", "a", "z", "activation", "value")
"""Attributes in which a layer leaves its output where it returns nothing."""
INWARDS = ("dinputs", "dinput", "dx", "dX", "dA", "grad_input", "input_grad", "grad_inputs", "din", "d_input", "dZ")
"""Attributes in which a layer leaves the gradient of its input where it returns nothing."""
_WIDEST = 64
"""Maximum number of features that is taken from the shapes of a layer's parameters."""
_MOST_TRIED = 300
"""Maximum number of example inputs at which one instance is tried."""


class LayerSearch:
    """The search for one class."""

    def __init__(self, calls: ForeignCalls, forward: str, backward: str) -> None:
        self._calls = calls
        self._forward = forward
        self._backward = backward
        self.last = "no instance can be made"
        self.unfit = ""  # why the backward method is none of a layer, as its arguments tell
        self.raised = False

    def layer(self, instance: Any, example: Example | None = None) -> Layer | None:
        """The layer at the first inputs at which it runs and every gradient has its shape, else where it runs."""
        names = arguments(getattr(instance, self._forward))
        if not names:
            self.last = f"{self._forward} takes no inputs"
            return None
        examples = iter([example]) if example is not None else candidates(names)
        found = self._first(instance, examples, names)
        if example is None and (found is None or self._wants_targets(found, names)):
            other = self._first(instance, candidates(names, targets_are_data=True), names)
            found = other if other is not None and other.fits else found
        if example is None and (found is None or not found.fits):
            sizes = {size for _, array in arrays(instance) for size in np.shape(array) if 1 < size <= _WIDEST}
            raised = self.last if found is not None and self.raised else ""
            other = self._first(instance, of_widths(names, sorted(sizes)), names)
            if raised and other is not None and other.fits and other.example.layout.startswith(ONE_ROW):
                said = f"{type(instance).__name__} takes one sample at a time: on several, {raised}"
                other = replace(other, warnings=(*other.warnings, said))
            found = other if found is None or (other is not None and other.fits) else found
        return found

    def on_squares(self, made: Iterator[Any], *, batches: bool = False) -> Layer | None:
        """The layer where all sizes are equal, if it works there; `made`: instances of equal sizes."""
        for instance in made:
            names = arguments(getattr(instance, self._forward)) or []
            found = self._first(instance, square(names, batches=batches), names)
            if found is not None and found.fits:
                return found
        return None

    def _first(self, instance: Any, examples: Iterator[Example], names: Sequence[str]) -> Layer | None:
        first: Layer | None = None
        for k, example in enumerate(examples):
            if k >= _MOST_TRIED:
                break
            found = self._tried(instance, example, names)
            if found is None:
                continue
            if found.fits:
                return found
            first = first or found
            if found.where is not None and example.natural and not (self.raised or found.misshapen):
                break
        return first

    def _tried(self, instance: Any, example: Example, names: Sequence[str]) -> Layer | None:
        try:
            prototype = self._prepared(built(self._calls, instance, self._forward, example.values))
            trial = deepcopy(prototype)
            method = getattr(trial, self._backward)
            given = {name: copied(value) for name, value in example.values.items()}
            returned, changed = watched(lambda: self._calls(getattr(trial, self._forward), *given.values()), given)
        except NotImplementedError:  # a base class
            raise
        except Exception as wrong:  # these inputs are not for it
            self.last = f"{type(wrong).__name__}: {wrong}"[:200]
            return None
        output = ""
        if returned is None:
            output = next((name for name in OUTPUT if is_real(getattr(trial, name, None))), "")
            returned = getattr(trial, output) if output else None
        outputs, keeps = split(returned, method, names)
        if not outputs or not all(is_real(part) for part in outputs):
            self.last = f"{self._forward} returns no numbers that are finite"
            return None
        asked = [p for p in inspect.signature(method).parameters if p not in names]
        steps, nothing = (tuple(filter(pattern.fullmatch, asked)) for pattern in (STEP, NONE))
        call = _backward_call(method, names, len(outputs), keeps, (*steps, *nothing))
        if isinstance(call, str):
            self.last = self.unfit = f"{self._backward}: {call}"
            return None
        if not call.cotangents and np.size(outputs[0]) != 1:
            self.last = self.unfit = f"{self._backward} takes no upstream gradient"
            return None
        layer = Layer(
            self._calls, prototype, self._forward, self._backward, example, call, len(outputs), keeps, steps=steps
        )
        said = written_inputs(f"{type(instance).__name__}.{self._forward}", changed)
        layer = replace(layer, output=output, nothing=nothing, warnings=said)
        return self._swept(layer, trial, outputs, returned[-1] if keeps else None, names)

    def _swept(
        self, layer: Layer, trial: Any, outputs: Sequence[Any], cache: Any, names: Sequence[str]
    ) -> Layer | None:
        """The layer with what its backward pass was seen to do; where it raises, with what it has before that."""
        example, self.raised = layer.example, False
        before = {path: array.copy() for path, array in arrays(trial)}
        cotangents = [np.full(np.shape(part), 0.75) for part in outputs]
        try:
            upstream = layer.call.upstream(cotangents)
            given, changed = watched(
                lambda: layer.back(trial, cotangents, cache, dict(example.values), outputs), upstream
            )
        except Exception as wrong:
            self.last = f"{self._backward} raises {type(wrong).__name__}: {wrong}"[:200]
            self.raised = True
            where = Places({name: k for k, name in enumerate(example.variable)}, False)
            return _with(layer, where if where.of else None, tuple(_named_gradients(layer.prototype, trial, None)))
        said = written_upstream(f"{type(trial).__name__}.{self._backward}", changed)
        layer = replace(layer, warnings=(*layer.warnings, *said))
        variable = {n: example.values[n] for n in example.variable}
        parameters = tuple(_named_gradients(layer.prototype, trial, before if layer.steps else None))
        returned = given
        if isinstance(given, tuple | list) and not parameters and len(given) > len(variable):
            returned, parameters = _returned(layer.prototype, given, len(variable))
        if returned is None and len(variable) == 1:
            mine = next((name for name in INWARDS if is_real(getattr(trial, name, None))), "")
            layer, returned = replace(layer, inwards=mine), getattr(trial, mine) if mine else None
        if not variable or returned is None:
            return _with(layer, None, parameters)
        found = places(returned, variable, names)
        first = isinstance(given, tuple | list) and returned is given[0]
        if not all(_has_its_shape(layer.prototype, p, given) for p in parameters):
            layer = replace(layer, misshapen=True)
        return _with(layer, None if isinstance(found, str) else found, parameters, first=first)

    def _wants_targets(self, layer: Layer, names: Sequence[str]) -> bool:
        """Whether the backward method returns a gradient of a target too."""
        if layer.where is None or not layer.example.targets:
            return layer.where is None
        owner = layer.fresh()
        given = {n: copied(v) for n, v in layer.example.values.items()}
        outputs, cache = layer.ahead(owner, given)
        returned = layer.back(owner, [np.ones(np.shape(part)) for part in outputs], cache, given, outputs)
        return answers_targets(returned, layer.example, names)

    def _prepared(self, instance: Any) -> Any:
        """A copy whose arrays of parameters hold numbers that differ: a fresh layer may hold zeros or ones."""
        made = deepcopy(instance)
        for paths in grouped(list(arrays(made))):
            if any(_looks_like_gradient(path) for path in paths) or _is_statistic(paths[0]):
                continue
            value = numbers(np.shape(read(made, paths[0])), spelled(paths[0]))
            for path in paths:
                write(made, path, value)
        return made


def _backward_call(
    method: Any, names: Sequence[str], outputs: int, keeps: bool, steps: Sequence[str]
) -> BackwardCall | str:
    call = backward_call(method, [*names, *steps], outputs, keeps=keeps)
    if isinstance(call, str):
        return call
    return BackwardCall(tuple((name, role) for name, role in call.roles if name not in steps), call.optional)


def _named_gradients(prototype: Any, trial: Any, stepped_from: Any) -> Iterator[Parameter]:
    """Parameters of which a gradient is found by its name; those that a step changed, where steps are taken."""
    for paths in grouped(list(arrays(prototype))):
        if any(_looks_like_gradient(path) for path in paths):
            continue
        if stepped_from is not None:
            old, new = stepped_from.get(paths[0]), read(trial, paths[0])
            if old is not None and np.shape(old) == np.shape(new) and not np.array_equal(old, new):
                yield Parameter(tuple(paths), None)
            continue
        gradient = next((g for path in paths for g in gradient_paths(path) if _holds_numbers(trial, g)), None)
        if gradient is not None:
            yield Parameter(tuple(paths), gradient)


def _returned(prototype: Any, returned: Sequence[Any], inputs: int) -> tuple[Any, tuple[Parameter, ...]]:
    """Gradients of parameters that are returned behind those of the inputs: by names, or in the order of holding."""
    left = [paths for paths in grouped(list(arrays(prototype))) if not _is_statistic(paths[0])]
    said = returned.names if isinstance(returned, Unfolded) else ("",) * len(returned)
    found = []
    for k in range(inputs, len(returned)):
        alike = (p for p in left if np.shape(read(prototype, p[0])) == np.shape(returned[k]))
        named = (p for p in left if said[k] and names_gradient(said[k], _own_name(p[0])))
        mine = next(named if said[k] else alike, None)
        if mine is not None:
            left.remove(mine)
            found.append(Parameter(tuple(mine), k))
    return (returned[0] if inputs == 1 else returned[:inputs]), tuple(found)


def _has_its_shape(prototype: Any, parameter: Parameter, returned: Any) -> bool:
    """Whether a gradient that is returned has the shape of its parameter; of others this is not asked."""
    place = parameter.gradient
    return not isinstance(place, int) or np.shape(returned[place]) == np.shape(read(prototype, parameter.paths[0]))


def _with(layer: Layer, where: Places | None, parameters: tuple[Parameter, ...], *, first: bool = False) -> Layer:
    """The layer with where its gradients stand; `first`: that of its input is the first of what is returned."""
    if where is not None and first and None in where.of.values():
        where = replace(where, of=dict.fromkeys(where.of, 0))
    return replace(layer, where=where, parameters=parameters)


def _holds_numbers(owner: Any, path: Path) -> bool:
    try:
        found = read(owner, path)
    except (AttributeError, KeyError, IndexError, TypeError):
        return False
    return not callable(found) and found is not None and np.asarray(found).dtype.kind == "f"


_GRADIENT = re.compile(
    r"grads?|gradients?|dparams|d[A-Z]\w*|d_?(w|b|x|h|u|v|c)(_?\w{1,3})?|d_?(weights?|bias(es)?|gamma|beta|inputs?)\w*|"
    r"grad_\w+|\w+_grads?|dL\w+"
)
"""Names of attributes that hold gradients from the start: zeros to be added to, or to be overwritten."""


def _looks_like_gradient(path: Path) -> bool:
    return any(_GRADIENT.fullmatch(key) for _, key in path if isinstance(key, str))


def _is_statistic(path: Path) -> bool:
    """Whether an array is a running average, a velocity or the like: set by the layer, and no parameter."""
    return bool(re.search(r"running|moving|momentum|mean|var|mask|cache|veloc|^v_|^m_|eps", _own_name(path), re.I))


def _own_name(path: Path) -> str:
    return next((key for _, key in reversed(path) if isinstance(key, str)), "")
