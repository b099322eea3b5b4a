"""A layer as two functions: a forward one, and a backward one that gets the cotangent and what was kept."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import update_wrapper
from typing import Any

import numpy as np

from gradcheck.conventions.backward_calls import CACHE, BackwardCall, backward_call
from gradcheck.conventions.example_inputs import Example, arguments, candidates, square
from gradcheck.conventions.foreign_calls import ForeignCalls, copied, lent
from gradcheck.conventions.further_settings import with_further
from gradcheck.conventions.offer import Pair, PairKind
from gradcheck.conventions.overwritten import watched, written_inputs, written_upstream
from gradcheck.conventions.returned_gradients import Places, places
from gradcheck.conventions.slope_arguments import computes, side_reading
from gradcheck.conventions.source_trees import tree_of

_MOST_TRIED = 400
"""Maximum number of example inputs at which a forward function is tried before it counts as one that cannot be run."""
_BATCH = re.compile(r"axis|keepdims|\.sum\(0\)|\.mean\(0\)|shape\[0\]|batch|\bN\b|einsum")
"""What in a source speaks of batches."""


@dataclass(frozen=True)
class Ran:
    """A layer that ran at an example, and what its backward pass did there.

    Attributes
    ----------
    example, outputs, keeps: where; the number of outputs of the forward function; whether it also returned a cache.
    call: how the backward function is called; None where that could not be told.
    where: where its gradients stand; None where it raised, or returned nothing that can be read.
    why: what went wrong with the backward pass, in one clause.
    instead_of: a more natural example, at which the backward pass does not work.
    answers_targets: whether it returns gradients of targets too, so that they are data like the others.
    warnings: arrays of its caller that one of the two functions writes into, a sentence each.
    """

    example: Example
    outputs: int
    keeps: bool
    call: BackwardCall | None = None
    where: Places | None = None
    why: str = ""
    instead_of: Ran | None = None
    answers_targets: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether every gradient came with its input's shape."""
        return self.where is not None and self.where.fit


class LayerFunctions:
    """The two functions of one layer, and where they run."""

    def __init__(
        self,
        calls: ForeignCalls,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        convention: str,
        slope: str = "",
    ) -> None:
        """`slope`: "input" or "output" where the user says which of the two the backward function takes."""
        self._calls = calls
        self._forward = forward
        self._backward = backward
        self._convention = convention
        self._slope = slope
        self.names = arguments(forward) or []
        self.shown = f"{forward.__name__} and {backward.__name__}"

    def ran(self, examples: Iterator[Example]) -> Ran | str:
        """The first example at which both run and the gradients have their inputs' shapes, else where forward runs.

        A layer that runs for a batch is asked about a batch, unless its backward pass works for one sample only and
        nothing in its source speaks of a batch.
        """
        first: Ran | None = None
        last = "no example inputs fit its arguments"
        for k, example in enumerate(examples):
            if k >= _MOST_TRIED:
                break
            tried = self._tried(example)
            if isinstance(tried, str):
                last = tried
                continue
            if tried.fits and (first is None or not first.example.natural):
                return tried
            if tried.fits and first is not None:
                return replace(tried, instead_of=first)
            if tried.call is None:
                return tried
            first = first or tried
            if _is_broken_for_vectors(first):
                continue
            if first.example.natural and (self._for_batches(first) or self.on_squares(batches=True) is not None):
                return first
        if first is not None and _is_broken_for_vectors(first) and (even := self.on_squares()) is not None:
            return replace(even, instead_of=first)
        return first or last

    def _for_batches(self, ran: Ran) -> bool:
        """Whether a layer whose gradients have wrong shapes for a batch is meant for batches, as its source tells."""
        return ran.where is not None and speaks_of_batches(self._forward, self._backward)

    def examples(self, given: Example | None) -> Iterator[Example]:
        """The example that the file gives, else candidates by names and shapes; targets last taken for data."""
        if given is not None:
            yield given
            return
        yield from candidates(self.names)

    def with_data_for_targets(self) -> Ran | str:
        """The same search, where what is named like a target is an input like the others."""
        return self.ran(candidates(self.names, targets_are_data=True))

    def on_squares(self, *, batches: bool = False) -> Ran | None:
        """Where all sizes are equal, if the layer runs there."""
        tried = (self._tried(example) for example in square(self.names, batches=batches))
        return next((ran for ran in tried if isinstance(ran, Ran) and ran.fits), None)

    def at(self, example: Example) -> Ran | str:
        """What both do at one example; a sentence where the forward function does not run there."""
        return self._tried(example)

    def outputs(self, ran: Ran) -> tuple[Any, ...]:
        """The outputs of the forward function where it ran."""
        return self._run({n: copied(v) for n, v in ran.example.values.items()}, ran)[0]

    def pair(self, name: str, ran: Ran, about: str = "") -> Pair:
        """The layer as a function and its VJP (or gradient) of the differentiable inputs; `about`: its settings.

        Where the backward function may be meant to take the input as well as the output, the pair has both readings.
        """
        assert ran.call is not None, "a layer whose backward pass can be called"
        other = ran.call.by_input(self.names)
        if other is None:
            return self._called(name, ran, ran.call, about)
        sides = {"output": ran.call, "input": other}
        likely = computes([tree] if (tree := tree_of(self._backward)) is not None else [])
        order = [self._slope] if self._slope else ["input", "output"] if likely else ["output", "input"]
        first, *others = (
            replace(self._called(name, ran, sides[side], about), reading=side_reading(side, self._convention))
            for side in order
        )
        return replace(first, others=tuple(others)) if others else replace(first, reading=None)

    def _called(self, name: str, ran: Ran, call: BackwardCall, about: str) -> Pair:
        wrt = tuple(ran.where.of) if ran.where is not None else ran.example.variable
        place = ran.where or Places({n: k for k, n in enumerate(wrt)} if len(wrt) > 1 else {wrt[0]: None}, False)

        def values(arrays: Sequence[Any]) -> dict[str, Any]:
            held = {n: copied(v) for n, v in ran.example.values.items() if n not in wrt}
            return {n: held[n] if n in held else lent(arrays[wrt.index(n)]) for n in ran.example.values}

        def f(*arrays: Any) -> Any:
            outputs, _ = self._run(values(arrays), ran)
            return outputs[0] if ran.outputs == 1 else outputs

        def vjp(cotangent: Any, *arrays: Any) -> Any:
            mine = values(arrays)
            outputs, cache = self._run(mine, ran)
            cotangents = cotangent if ran.outputs > 1 else (cotangent,)
            returned = self._swept(call, [np.array(c) for c in cotangents], cache, mine, outputs)
            found = place.read(returned) if _readable(returned, place) else returned
            return found[0] if isinstance(found, tuple) and len(found) == 1 else found

        def gradient(*arrays: Any) -> Any:
            return vjp(None, *arrays)

        takes = call.cotangents > 0
        own = update_wrapper(f, self._forward)
        own.argument_names = wrt  # type: ignore[attr-defined] # read by input_names
        derivative = update_wrapper(vjp if takes else gradient, self._backward)
        shown = f"{self.shown}{', ' if about else ''}{about}"
        inputs = tuple(ran.example.values[n] for n in wrt)
        kind: PairKind = "vjp" if takes else "gradient"
        return Pair(name, kind, own, derivative, inputs, shown=shown, other_luck=self._calls.other_luck)

    def with_further(self, name: str, ran: Ran) -> tuple[Pair, list[str]]:
        """The pair where the layer ran, at further settings, too; and what is to be said of these."""

        def make(forward: Callable[..., Any], backward: Callable[..., Any], example: Example) -> Pair | None:
            others = LayerFunctions(self._calls, forward, backward, self._convention, self._slope)
            there = others.at(example)
            return others.pair(name, there) if isinstance(there, Ran) and there.fits else None

        pair = self.pair(name, ran)
        return with_further(pair, self._forward, self._backward, ran.example, make) if ran.fits else (pair, [])

    def _tried(self, example: Example) -> Ran | str:
        """Both functions at one example; a sentence where the forward function does not run there."""
        mine = {n: copied(v) for n, v in example.values.items()}
        try:
            returned, inputs = watched(lambda: self._calls(self._forward, **mine), mine)
        except Exception as wrong:  # whatever a foreign function raises: these inputs are not for it
            return f"{type(wrong).__name__}: {wrong}"[:200]
        outputs, keeps = split(returned, self._backward, self.names)
        if not outputs or not all(is_real(part) for part in outputs):
            return "it returns no numbers that are finite"
        call = backward_call(self._backward, self.names, len(outputs), keeps=keeps)
        if isinstance(call, str):
            return Ran(example, len(outputs), keeps, why=call)
        if not call.cotangents and np.size(outputs[0]) != 1:
            return Ran(example, len(outputs), keeps, why="it takes no upstream gradient")
        cotangents = [np.ones(np.shape(part)) * 0.75 for part in outputs]
        cache = returned[-1] if keeps else None
        try:
            upstream_ones = call.upstream(cotangents)
            gradients, upstream = watched(lambda: self._swept(call, cotangents, cache, mine, outputs), upstream_ones)
        except Exception as wrong:
            return Ran(example, len(outputs), keeps, call, why=f"it raises {type(wrong).__name__}: {wrong}"[:200])
        where = places(gradients, {n: example.values[n] for n in example.variable}, self.names)
        if isinstance(where, str):
            return Ran(example, len(outputs), keeps, call, why=where)
        answers = answers_targets(gradients, example, self.names)
        own = written_inputs(self._forward.__name__, inputs) + written_upstream(self._backward.__name__, upstream)
        return Ran(example, len(outputs), keeps, call, where, answers_targets=answers, warnings=own)

    def _run(self, values: Mapping[str, Any], ran: Ran) -> tuple[tuple[Any, ...], Any]:
        returned = self._calls(self._forward, **values)
        if not ran.keeps:
            return (tuple(returned) if ran.outputs > 1 else (returned,)), None
        return tuple(returned[: ran.outputs]), returned[-1]

    def _swept(
        self,
        call: BackwardCall,
        cotangents: Sequence[Any],
        cache: Any,
        inputs: Mapping[str, Any],
        outputs: Sequence[Any],
    ) -> Any:
        return self._calls.back(self._backward, **call.arguments(cotangents, cache, inputs, outputs))


def _is_broken_for_vectors(ran: Ran) -> bool:
    """Whether a backward pass raised at vectors, which NumPy's product of matrices takes and its rule need not."""
    return ran.where is None and all(np.ndim(value) < 2 for value in ran.example.values.values())


def split(returned: Any, backward: Callable[..., Any], inputs: Sequence[str]) -> tuple[tuple[Any, ...], bool]:
    """The outputs in what a forward function returned, and whether it also returned something to keep."""
    if not isinstance(returned, tuple | list):
        return (returned,), False
    if len(returned) < 2:
        return tuple(returned), False
    names = arguments(backward) or []
    keeps = any(CACHE.fullmatch(n) for n in names) or isinstance(
        backward_call(backward, inputs, len(returned), keeps=False), str
    )
    return (tuple(returned[:-1]), True) if keeps else (tuple(returned), False)


def speaks_of_batches(*functions: Callable[..., Any]) -> bool:
    """Whether the source of one of the functions says that it is meant for a batch."""
    return any(_BATCH.search(source(function)) for function in functions)


def source(function: Callable[..., Any]) -> str:
    """The source of a function, "" where it is not to be had."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def answers_targets(gradients: Any, example: Example, names: Sequence[str]) -> bool:
    """Whether a tuple with a gradient for each argument holds one for a target."""
    if not isinstance(gradients, tuple | list) or len(gradients) != len(names):
        return False
    return any(gradients[names.index(target)] is not None for target in example.targets)


def is_real(value: Any) -> bool:
    """Whether a value is a number or an array of finite floats."""
    try:
        array = np.asarray(value)
    except Exception:
        return False
    return array.dtype.kind == "f" and array.size > 0 and bool(np.all(np.isfinite(array)))


def _readable(returned: Any, place: Places) -> bool:
    try:
        place.read(returned)
    except (TypeError, IndexError, KeyError):
        return False
    return True
