"""A located record evaluated at one point, beside the answer that came there: what each path contributes to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.altered_sweep import Alter, Edge, Shortcuts, altered_sweep, contributed
from gradcheck.attribution.known import equal
from gradcheck.attribution.located_trace import Located
from gradcheck.attribution.mistake import Mistake
from gradcheck.numbers.stochastic import Floats
from gradcheck.problem.function import Product
from gradcheck.tracing import sweep
from gradcheck.tracing.record import Node

Array = NDArray[Any]
DIRECTIONS = 3
"""Random directions per block by which experiments are screened."""
MOST_DIRECTIONS = 24
"""Maximum number of directions over all blocks."""
MOST_NUMBERS = 4_000_000
"""Maximum number of tangents, entries of the record times directions."""
MOST_OUTPUTS = 64
"""Maximum number of entries of all outputs of a JVP; a sweep carries a cotangent for each."""
SLACK = 4.0
"""Factor on an entry's allowance within which an experiment has to reproduce it; the sweep rounds, too."""
UNITS = 64
"""Units of roundoff of the block's largest entry that are granted besides."""
CANCELS = 1e-13
"""Maximum ratio of an adjoint to the sum of what arrives, in magnitude, that counts as cancelled."""
LONG = 1_000
"""Number of operations from which on a record is long: none of them alone is looked for, only what they do together."""
CLEAR = 1e3
"""Minimum ratio of the discrepancy to what is granted; a smaller one fits too many experiments."""


@dataclass(frozen=True)
class Asked:
    """What was asked at a point, and what came. Arrays are float64, by block, in the order of `product.blocks`.

    Attributes
    ----------
    product: the question to the truth: J^T c of a function.
    answers, truths, rooms: the answer, the right one, and how far from it honest rounding can lead.
    """

    product: Product
    answers: Mapping[str, Array]
    truths: Mapping[str, Array]
    rooms: Mapping[str, Array]


class View:
    """One point: values and adjoints of all nodes in longdouble, and the discrepancy along random directions."""

    def __init__(self, asked: Asked, traced: Located, replaced: Mapping[int, Node] | None = None) -> None:
        self.asked, self.located, self.replaced = asked, traced, replaced or {}
        nodes = [self.replaced.get(slot, node) for slot, node in enumerate(traced.record.nodes)]
        self.record = replace(traced.record, nodes=nodes)
        self.numbers = Floats(np.float64, 0, 1)
        product = asked.product
        inputs = [np.asarray(product.inputs[k]) for k in product.function.wrt]
        with np.errstate(all="ignore"):
            self._inputs = [self.numbers.constant(x) for x in inputs]
            self.values: list[Any] = self.record.forward(self.numbers, self._inputs)
        self.blocks = product.blocks
        self.unit = float(np.finfo(product.dtype).eps) / 2
        self.moved: dict[int, dict[int, list[Any]]] = {}
        """Arguments of a loop's operations with the states of another step, by the distance of the steps."""
        self.slopes: dict[tuple[int, int], list[tuple[Mistake, str, Array]]] = {}
        """Wrong slopes of pairs of arrays, by their nodes."""
        self.tried: dict[Any, dict[str, Array] | None] = {}
        """Gradients under the hypotheses that were tried, by their keys: some are tried for several sets of blocks."""

    @property
    def long(self) -> bool:
        """Whether the record has so many operations that a mistake in a single one of them is not looked for."""
        return len(self.record.nodes) > LONG

    def arrays(self) -> list[Array]:
        """What f computes from its arguments, and these, as float64."""
        nodes = zip(self.record.nodes, self.values, strict=True)
        return [np.asarray(value[..., 0], dtype=float) for node, value in nodes if node.varies]

    @cached_property
    def forward(self) -> bool:
        """Whether J t is asked for. Then a sweep carries a unit cotangent for every entry of the outputs."""
        return self.asked.product.tangents is not None

    @cached_property
    def outputs(self) -> int:
        """The number of entries of all outputs."""
        return sum(int(np.prod(self.record.nodes[slot].shape)) for slot in self.record.outputs)

    @cached_property
    def seeds(self) -> dict[int, Any]:
        """The cotangents by slot."""
        found: dict[int, Any] = {}
        if self.forward:
            start = 0
            for slot in self.record.outputs:
                shape = self.record.nodes[slot].shape
                size = int(np.prod(shape))
                unit = np.eye(self.outputs, dtype=self.numbers.carrier)[start : start + size]
                start += size
                seed = unit.reshape(*shape, self.outputs)
                found[slot] = found[slot] + seed if slot in found else seed
            return found
        assert self.asked.product.cotangents is not None
        for slot, cotangent in zip(self.record.outputs, self.asked.product.cotangents, strict=True):
            shaped = np.reshape(np.asarray(cotangent), self.record.nodes[slot].shape)
            seed = self.numbers.constant(shaped)
            found[slot] = found[slot] + seed if slot in found else seed
        return found

    def gradient(self, alter: Alter | None = None, shortcuts: Shortcuts | None = None) -> dict[str, Array]:
        """The gradient by block, float64, with contributions altered on the way."""
        return {block: array[..., 0] for block, array in self.gradients(1, alter, shortcuts).items()}

    def gradients(
        self, runs: int, alter: Alter | None, shortcuts: Shortcuts | None = None, values: Sequence[Any] | None = None
    ) -> dict[str, Array]:
        """The same for several experiments at once, on a last axis of length `runs`; from other `values` if given."""
        with np.errstate(all="ignore"):
            numbers, known = self.numbers, self.values if values is None else values
            adjoints = altered_sweep(numbers, self.record, known, self.seeds, alter, shortcuts or {})
        if self.forward:
            return self._tangents_of(adjoints)
        found = {}
        for block, slot in zip(self.blocks, self.record.inputs, strict=True):
            shape, adjoint = (*self.record.nodes[slot].shape, runs), adjoints[slot]
            with np.errstate(over="ignore"):  # what is too large for a float is inf, and reproduces nothing
                found[block] = (
                    np.zeros(shape) if adjoint is None else np.broadcast_to(adjoint, shape).astype(np.float64)
                )
        return found

    def _tangents_of(self, adjoints: Sequence[Any | None]) -> dict[str, Array]:
        """J t by block, from the adjoints for unit cotangents; with a last axis of length 1."""
        total = np.zeros(self.outputs)
        for slot, tangent in zip(self.record.inputs, self._given, strict=True):
            if (adjoint := adjoints[slot]) is not None:
                axes = tuple(range(tangent.ndim))
                total = total + np.asarray(np.sum(adjoint * tangent[..., None], axis=axes), dtype=np.float64)
        shapes = [self.record.nodes[slot].shape for slot in self.record.outputs]
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        parts = np.split(total, ends)
        return {b: part.reshape(*shape, 1) for b, part, shape in zip(self.blocks, parts, shapes, strict=True)}

    @property
    def _given(self) -> list[Array]:
        """The tangents that were asked with."""
        assert self.asked.product.tangents is not None
        return [np.asarray(t, dtype=float) for t in self.asked.product.tangents]

    def recomputed(self, constants: Mapping[int, Any]) -> list[Any]:
        """The values of all nodes with other numbers in place of some constants."""
        values: list[Any] = []
        with np.errstate(all="ignore"):
            for slot in range(len(self.record.nodes)):
                given = constants.get(slot)
                values.append(
                    self.record.evaluate(slot, self.numbers, self._inputs, values) if given is None else given
                )
        return values

    @cached_property
    def contributions(self) -> dict[Edge, Any]:
        """What each node sends to each of its arguments, for every edge that anything flows along."""
        found: dict[Edge, Any] = {}

        def note(slot: int, position: int, contribution: Any, adjoint: Any) -> Any:
            found[slot, position] = contribution
            return contribution

        self.gradient(note)
        return found

    @cached_property
    def adjoints(self) -> dict[int, Any]:
        """The adjoint of every node that the outputs depend on."""
        found = dict(self.seeds)
        for (slot, position), contribution in self.contributions.items():
            argument = self.record.nodes[slot].args[position]
            found[argument] = found[argument] + contribution if argument in found else contribution
        return found

    def with_nodes(self, nodes: Mapping[int, Node]) -> View:
        """The same with other nodes in the place of some."""
        return View(self.asked, self.located, {**self.replaced, **nodes})

    @cached_property
    def original(self) -> View:
        """The same with no node replaced."""
        return View(self.asked, self.located) if self.replaced else self

    def without_shifts(self) -> View | None:
        """The same with nodes held constant whose adjoint cancels, such as the maximum that a softmax is shifted by.

        Who writes a derivative by hand leaves them out from the start, and sums over the zeros x - x of all pairs as
        well. None if there are neither.
        """
        whole = View(self.asked, self.located, {s: n for s in range(len(self.record.nodes)) if (n := self._whole(s))})
        if not whole.faithful:
            return None
        held = {}
        for slot, adjoint in whole.adjoints.items():
            arriving, node = whole._arriving[slot], self.record.nodes[slot]
            if (
                node.args
                and slot not in self.seeds
                and np.any(arriving)
                and np.all(np.abs(adjoint) <= CANCELS * arriving)
            ):
                value = np.asarray(self.values[slot][..., 0], dtype=np.float64)
                held[slot] = Node("constant", (), {"value": value}, node.shape, node.dtype, False)
        return View(self.asked, self.located, {**whole.replaced, **held}) if held or whole.replaced else None

    def _whole(self, slot: int) -> Node | None:
        """For a difference whose zeros were put in as constants (x - max(x)): the difference itself, in all entries."""
        node = self.record.nodes[slot]
        if node.primitive != "gather" or len(node.args) != 2:
            return None
        zero, difference = (self.record.nodes[a] for a in node.args)
        if zero.primitive != "constant" or difference.primitive != "sub" or difference.shape != node.shape:
            return None
        if zero.shape != () or zero.attributes["value"] != 0:
            return None
        index = np.arange(1, 1 + int(np.prod(node.shape))).reshape(node.shape)
        if not np.all((node.attributes["index"] == index) | (np.asarray(self.values[node.args[1]][..., 0]) == 0)):
            return None
        return replace(node, attributes={**node.attributes, "index": index})

    @cached_property
    def _arriving(self) -> dict[int, Any]:
        """The sum of the magnitudes of all that a node is sent."""
        found: dict[int, Any] = {slot: np.abs(seed) for slot, seed in self.seeds.items()}
        for slot, adjoint in self.adjoints.items():
            node = self.record.nodes[slot]
            if node.args:
                needed = [self.record.nodes[argument].varies for argument in node.args]
                with np.errstate(all="ignore"):
                    sent = contributed(self.numbers, self.record, self.values, slot, adjoint, needed, magnitudes=True)
                for argument, contribution in zip(node.args, sent, strict=True):
                    if contribution is not None:
                        found[argument] = found.get(argument, 0) + np.abs(contribution)
        return found

    # -- right or not ------------------------------------------------------------------------------------------

    @cached_property
    def wrong(self) -> frozenset[str]:
        """Blocks that are off by clearly more than what is granted."""
        blocks = []
        for block in self.blocks:
            off = np.abs(self.asked.answers[block] - self.asked.truths[block])
            if np.any(off > CLEAR * self.granted(block)):
                blocks.append(block)
        return frozenset(blocks)

    def granted(self, block: str) -> Array:
        """Per entry, how far an experiment may be from the answer that it reproduces."""
        asked = self.asked
        peak = max(float(np.max(np.abs(a[block]), initial=0.0)) for a in (asked.answers, asked.truths))
        return np.asarray(SLACK * asked.rooms[block] + UNITS * self.unit * peak)

    @cached_property
    def faithful(self) -> bool:
        """Whether the record's own gradient is the right one, within what is granted."""
        own = self.gradient()
        return all(equal(own[b], self.asked.truths[b], self.granted(b)) for b in self.blocks)

    def reproduces(self, gradient: Mapping[str, Array], blocks: frozenset[str]) -> bool:
        """Whether an altered gradient is the answer in the given blocks."""
        return all(equal(gradient[b], self.asked.answers[b], self.granted(b)) for b in blocks)

    # -- along directions --------------------------------------------------------------------------------------

    @cached_property
    def directions(self) -> list[tuple[str, Array]]:
        """(block, direction): each moves one block alone."""
        random = np.random.default_rng(4)
        each = max(1, min(DIRECTIONS, MOST_DIRECTIONS // max(1, len(self.blocks))))
        shapes = {b: self.asked.truths[b].shape for b in self.blocks}
        return [(b, random.standard_normal(shapes[b])) for b in self.blocks for _ in range(each)]

    @cached_property
    def discrepancy(self) -> tuple[Array, Array]:
        """<answer - truth, v> for every direction v, and how far rounding can move it."""
        off, room = [], []
        for block, v in self.directions:
            difference = self.asked.answers[block] - self.asked.truths[block]
            off.append(float(np.sum(difference * v)))
            room.append(float(np.sum(self.granted(block) * np.abs(v))))
        return np.array(off), np.array(room)

    def within(self, blocks: frozenset[str]) -> Array:
        """Which directions belong to the given blocks."""
        return np.array([block in blocks for block, _ in self.directions])

    @cached_property
    def tangents(self) -> list[Any | None]:
        """Tangents of all nodes along all directions (the last axis); of a JVP, along the one that is given."""
        if self.forward:
            return self._swept([tangent[..., None].astype(self.numbers.carrier) for tangent in self._given])
        given = []
        for block, slot in zip(self.blocks, self.record.inputs, strict=True):
            tangent = np.zeros((*self.record.nodes[slot].shape, len(self.directions)), dtype=self.numbers.carrier)
            for k, (moved, direction) in enumerate(self.directions):
                if moved == block:
                    tangent[..., k] = direction
            given.append(tangent)
        return self._swept(given)

    @cached_property
    def probes(self) -> list[Any | None]:
        """Tangents of all nodes along several directions, which show what is computed from what entry by entry."""
        if not self.forward:
            return self.tangents
        random = np.random.default_rng(5)
        shapes = [self.record.nodes[slot].shape for slot in self.record.inputs]
        return self._swept([random.standard_normal((*s, DIRECTIONS)).astype(self.numbers.carrier) for s in shapes])

    def _swept(self, given: Sequence[Any]) -> list[Any | None]:
        with np.errstate(all="ignore"):
            return [dual.tangent for dual in sweep.forward(self.numbers, self.record, self._inputs, given)]

    def along(self, argument: int, contribution: Any) -> Array:
        """<change of the answer, v> for every v if `argument` receives `contribution` besides (or instead of 0)."""
        tangent = self.tangents[argument]
        if tangent is None:
            return np.zeros(len(self.directions))
        axes = tuple(range(tangent.ndim - 1))
        with np.errstate(all="ignore"):
            sums = np.asarray((contribution * tangent).sum(axis=axes), dtype=np.float64).reshape(-1)
        return self._weights @ sums if self.forward else sums

    @cached_property
    def _weights(self) -> Array:
        """Of a JVP, the directions over the entries of all outputs, one per row."""
        rows = []
        for moved, direction in self.directions:
            parts = [direction if b == moved else np.zeros_like(self.asked.truths[b]) for b in self.blocks]
            rows.append(np.concatenate([part.ravel() for part in parts]))
        return np.array(rows)

    @property
    def searchable(self) -> bool:
        """Whether experiments can tell anything here."""
        runs = max(len(self.directions), self.outputs if self.forward else 1)
        return bool(
            self.record.entries * runs <= MOST_NUMBERS
            and not (self.forward and self.outputs > MOST_OUTPUTS)
            and all(np.all(np.isfinite(self.asked.answers[b])) for b in self.blocks)
            and self.wrong
            and self.faithful
        )
