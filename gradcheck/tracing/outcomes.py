"""What `explore` found: the runs, and the derivatives they agree or disagree on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, partial
from typing import Protocol

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array, Shape
from gradcheck.numbers.ball import Balls, Enclosure
from gradcheck.numbers.stochastic import unit_roundoff
from gradcheck.tracing import derivative
from gradcheck.tracing.derivative import Crossing, probe
from gradcheck.tracing.inert_forks import inert
from gradcheck.tracing.location import Site
from gradcheck.tracing.loop_ends import loop_ends
from gradcheck.tracing.nearby import gradients_around, occurring
from gradcheck.tracing.put_offs import End
from gradcheck.tracing.repeated_rounding import repeating_of_jvp, repeating_of_value, repeating_of_vjp
from gradcheck.tracing.rounding import Rounding, rounding_of_jvp, rounding_of_vjp
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.session import run as trace_once
from gradcheck.tracing.tie_sides import Sides
from gradcheck.tracing.trace import MARGIN

_CHECKED = 4
"""Maximum number of runs whose derivative is checked by the other sweep."""

_INVISIBLE = 1024
"""Maximum step, in units of roundoff of the value, that does not count as a jump."""


class Smoothness(StrEnum):
    """How the outcomes of undecided comparisons differ."""

    SMOOTH = "smooth"
    """One outcome, or all with the same derivative."""
    KINK = "kink"
    """Equal values, different derivatives."""
    JUMP = "jump"
    """Different values."""


@dataclass(frozen=True)
class Derivative:
    """A derivative at a point, under every outcome of the comparisons that are undecided there.

    Attributes
    ----------
    smoothness: see `Smoothness`.
    parts: one `Enclosure` per differentiated argument (VJP) or per output (JVP), under the first outcome: the
        derivative itself where smooth.
    alternatives: the distinct derivatives among all outcomes, each like `parts`; one where smooth.
    occurs: for each alternative, whether some outcome with it was seen at points near this one.
    notes: one sentence per fork ("np.maximum: a tie (line 3 of model.py)").
    crossing: a number that checks `parts` by the other sweep; None if not asked for or not finite.
    members: for each run, the number of its alternative.
    sides: at a kink of too many ties to explore, what each of them allows (`gradcheck.ties` adds it); `alternatives` is
        then the first outcome.
    possible: for each alternative, whether some outcome with it does not contradict itself (`gradcheck.ties` looks).
    own_rules: every tie is one of a selection, which settles it by a rule of its own; none is a branch.
    """

    smoothness: Smoothness
    parts: tuple[Enclosure, ...]
    alternatives: tuple[tuple[Enclosure, ...], ...]
    occurs: tuple[bool, ...]
    notes: tuple[str, ...]
    crossing: Crossing | None = None
    members: tuple[int, ...] = (0,)
    sides: Sides | None = None
    possible: tuple[bool, ...] = (True,)
    own_rules: bool = False

    @property
    def one_sided(self) -> tuple[tuple[Array, ...], ...]:
        """The middles of the alternatives; () where these are not all that the ties allow."""
        if self.sides is not None:
            return ()
        return tuple(tuple(part.midpoint for part in parts) for parts in self.alternatives)


class Again(Protocol):
    """Explores anew: with other cotangents, with loops that run on, or by local rules."""

    def __call__(
        self, cotangents: Sequence[Array] | None, ends: Mapping[Site, End] | None, *, local: bool = False
    ) -> "Outcomes":
        """All runs, of the same function at the same point."""
        ...


@dataclass(frozen=True)
class Outcomes:
    """All runs of one function at one point. Made by `explore`.

    Attributes
    ----------
    task, balls, bits, patched: what was traced and how; `patched` says that np.zeros, float and the like were
        replaced while tracing.
    runs: the first one took every undecided comparison as it falls at the point itself.
    cotangents: those explored with (None: the default ones).
    again: see `Again`.
    apart: each run changes one choice only, among choices that do not influence one another. This shows that none of
        them matters, and nothing else.
    crowd: numbers of the first run's decisions that may matter, if there are too many outcomes to explore.
    """

    task: Task
    balls: Balls
    bits: int
    patched: bool
    runs: tuple[Run, ...]
    cotangents: Sequence[Array] | None
    again: Again
    apart: bool = False
    crowd: tuple[int, ...] = ()

    @property
    def first(self) -> Run:
        """The run at the point itself."""
        return self.runs[0]

    @cached_property
    def values(self) -> tuple[Enclosure, ...]:
        """The outputs, enclosed: the real-number values of the function at the point."""
        return self.first.values

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """One shape per output."""
        return tuple(self.first.trace.record.nodes[slot].shape for slot in self.first.outputs)

    @property
    def is_tuple(self) -> bool:
        """Whether the function returned a tuple or list of arrays rather than one array."""
        return self.first.structure is not None

    @property
    def waits(self) -> bool:
        """Whether some loop ends on a comparison: one that came out alike at least twice before."""
        sites = self.first.trace.sites.values()
        return any(len(a) > 2 and len(set(a[:-1])) == 1 and a[-1] != a[0] for a in sites)

    @property
    def operations(self) -> int:
        """Array operations recorded in the first run."""
        return sum(1 for node in self.first.trace.record.nodes if node.args)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings raised while the function was traced."""
        return tuple(dict.fromkeys(text for run in self.runs for text in run.warnings))

    @cached_property
    def value_spread(self) -> tuple[Array, ...]:
        """Per output, how far stochastic rounding moved it from the exact value (arrays of the outputs' shapes)."""
        return self._spread(self.first)

    def _spread(self, run: Run) -> tuple[Array, ...]:
        spreads = []
        for slot in run.outputs:
            shape = run.trace.record.nodes[slot].shape
            everywhere = np.arange(math.prod(shape))
            exact = self.balls.longdouble(run.trace.values[slot]).reshape(everywhere.shape)
            zero = run.trace.constant(0.0)
            spread = run.replay.spread((slot, everywhere), (zero, np.zeros_like(everywhere)), exact)
            spreads.append(spread.reshape(shape))
        return tuple(spreads)

    @cached_property
    def jumps(self) -> bool:
        """Whether outcomes differ in value by more than rounding."""
        return any(self._differs(run) for run in self.runs[1:])

    def _differs(self, run: Run) -> bool:
        """Whether the values of `run` are not those of the first run."""
        if [v.shape for v in run.values] != [v.shape for v in self.values]:
            return True
        # Steps this small may be rounding. Loops that end on a comparison cause them.
        invisible = _INVISIBLE * unit_roundoff(self.task.dtype)
        spreads = zip(self.value_spread, self._spread(run), strict=True)
        for there, here, (one, two) in zip(run.values, self.values, spreads, strict=True):
            gap = np.abs(there.midpoint - here.midpoint) - there.radius - here.radius
            same = gap <= MARGIN * (one + two) + invisible * np.abs(here.midpoint)
            same |= (there.midpoint == here.midpoint) | (np.isnan(there.midpoint) & np.isnan(here.midpoint))
            if not np.all(same):
                return True
        return False

    @property
    def ties(self) -> bool:
        """Whether some comparison was undecided, even if it cannot matter."""
        return any(run.trace.decisions for run in self.runs)

    def by_local_rules(self) -> "Outcomes":
        """The outcomes if every operation that selects settles its ties by a rule of its own.

        Raises Unsupported if there are too many.
        """
        return self.again(self.cotangents, None, local=True)

    def consistent(self) -> "Outcomes":
        """Without the runs of another value: contradictory selections can mislead comparisons of their results."""
        return replace(self, runs=(self.first, *(run for run in self.runs[1:] if not self._differs(run))))

    @cached_property
    def occurs(self) -> tuple[bool, ...]:
        """For each run, whether its choices all hold at some point near this one."""
        return occurring(self.runs, self.task)

    def prolonged(self, iterations: int) -> "Outcomes | None":
        """The same, with loops that end on a comparison run for `iterations` more iterations.

        Returns None if no loop ended on a comparison of traced numbers (see `loop_ends`).
        """
        with self.balls.working(self.bits):
            ends = loop_ends(self.first, partial(trace_once, self.task, self.balls, (), last=True, patch=self.patched))
        longer = {site: replace(end, turns=iterations) for site, end in ends.items()}
        return self.again(self.cotangents, longer) if ends else None

    # -- derivatives -----------------------------------------------------------------------------------------------

    def vjp(self, cotangents: Sequence[Array] | None = None, *, crossed: bool = True) -> Derivative:
        """J^T u: one part per differentiated argument.

        `cotangents`: one array per output, of its shape; default 1 for a single output of shape (). Without `crossed`,
        the other sweep is left to `crossing` where there is one run.

        Raises HarnessFault if a forward sweep contradicts it.
        """
        if cotangents is None and self.output_shapes != ((),):
            raise ValueError(f"outputs of shapes {self.output_shapes} need cotangents")
        with self.balls.working(self.bits):
            given = probe(self.first, cotangents, 0)
            answers = []
            crossings: list[Crossing | None] = []
            for number, run in enumerate(self.runs):
                if run.inert and not run.inert <= inert(run, given):
                    # A tie matters under this cotangent that did not under the one explored with.
                    return self.again(given, None).vjp(given)
                adjoints, _ = derivative.adjoints_of(run, given)
                gradient = derivative.gradients(run, adjoints)
                if number < _CHECKED and (crossed or len(self.runs) > 1):
                    crossings.append(derivative.cross_check(run, given, gradient, self.task.seed + 1))
                answers.append(gradient)
            return self._judge(answers, crossings)

    def jvp(self, tangents: Sequence[Array | None], *, crossed: bool = True) -> Derivative:
        """J v: one part per output. `tangents`: one array per differentiated argument (None for zeros).

        `crossed` as for `vjp`.

        Raises HarnessFault if the reverse sweep contradicts it.
        """
        with self.balls.working(self.bits):
            answers = [derivative.tangents_of(run, tangents) for run in self.runs]
            crossings = [
                derivative.cross_check_forward(run, tangents, answer, self.task.seed)
                for run, answer in zip(self.runs[:_CHECKED], answers, strict=False)
                if crossed or len(self.runs) > 1
            ]
            return self._judge(answers, crossings)

    def crossing(self, cotangents: Sequence[Array] | None, tangents: Sequence[Array | None] | None) -> Crossing | None:
        """The check by the other sweep of what `vjp` or `jvp` found in the first run.

        Raises HarnessFault if the sweeps contradict each other.
        """
        with self.balls.working(self.bits):
            if tangents is not None:
                found = derivative.tangents_of(self.first, tangents)
                return derivative.cross_check_forward(self.first, tangents, found, self.task.seed)
            given = probe(self.first, cotangents, 0)
            adjoints, _ = derivative.adjoints_of(self.first, given)
            gradient = derivative.gradients(self.first, adjoints)
            return derivative.cross_check(self.first, given, gradient, self.task.seed + 1)

    def _judge(self, answers: Sequence[Sequence[Array]], crossings: Sequence[Crossing | None]) -> Derivative:
        """Decide between smooth, kink and jump."""
        distinct: list[int] = []
        occurs: list[bool] = []
        member: list[int] = []
        for number, answer in enumerate(answers):
            for place, other in enumerate(distinct):
                if all(
                    a.shape == b.shape and self.balls.overlap(a, b) for a, b in zip(answer, answers[other], strict=True)
                ):
                    member.append(place)
                    break
            else:
                member.append(len(distinct))
                distinct.append(number)
        if len(self.runs) > 1 and self.jumps:
            kind = Smoothness.JUMP
        else:
            kind = Smoothness.SMOOTH if len(distinct) == 1 and not self.crowd else Smoothness.KINK
        if self.apart and kind is not Smoothness.SMOOTH:
            raise Unsupported(
                f"more than {len(self.runs)} undecided comparisons, of which some matter: a kink of many sides"
            )
        seen = self.occurs if kind is Smoothness.KINK else (True,) * len(self.runs)
        occurs = [
            any(seen[number] for number, place in enumerate(member) if place == which) for which in range(len(distinct))
        ]
        alternatives = tuple(tuple(self.balls.enclosure(part) for part in answers[k]) for k in distinct)
        notes = dict.fromkeys(
            decision.what for run in self.runs for k, decision in enumerate(run.trace.decisions) if k not in run.inert
        )
        crossing = next(iter(crossings), None)
        return Derivative(
            kind,
            alternatives[0],
            alternatives,
            tuple(occurs),
            tuple(notes),
            crossing,
            members=tuple(member),
            possible=(True,) * len(distinct),
            own_rules=self._selected,
        )

    @property
    def _selected(self) -> bool:
        """Whether every tie that may matter is one of a selection."""
        decisions = [d for run in self.runs for k, d in enumerate(run.trace.decisions) if k not in run.inert]
        return all(d.contested and not d.escaped for d in decisions)

    def adjoints(self, cotangents: Sequence[Array]) -> tuple[Enclosure, ...]:
        """The total adjoint of every output, under the first outcome: its cotangent plus what later outputs add.

        If a function returns intermediate results besides its value, cotangents of zero for them give their adjoints.
        """
        return self.adjoints_at(self.first.outputs, cotangents)

    def adjoints_at(self, slots: Sequence[int], cotangents: Sequence[Array] | None = None) -> tuple[Enclosure, ...]:
        """The total adjoint of every node at these slots, under the first outcome; `cotangents` as for `vjp`."""
        record, balls = self.first.trace.record, self.balls
        with balls.working(self.bits):
            given = probe(self.first, cotangents, 0)
            if all(record.nodes[s].varies for s in slots):
                found, _ = derivative.adjoints_of(self.first, given)
            else:
                found = derivative.adjoints_of_constants_too(self.first, given)
            arrays = [balls.constant(np.zeros(record.nodes[s].shape)) if (a := found[s]) is None else a for s in slots]
            return tuple(map(balls.enclosure, arrays))

    def gradients_around(
        self, cotangents: Sequence[Array] | None = None, count: int = 64, *, closest: bool = False
    ) -> tuple[Array, ...]:
        """J^T u at `count` points near by, in floats: per argument an array of its shape and a last axis of points.

        They show what the derivative could be where it is not finite at the point itself (a norm at 0). With `closest`
        all points lie at the shortest distance, for a derivative that is their limit.
        """
        given = probe(self.first, cotangents, 0)
        return tuple(gradients_around(self.first, self.task, given, count, closest=closest))

    # -- rounding --------------------------------------------------------------------------------------------------

    def rounding(self, cotangents: Sequence[Array] | None = None) -> Rounding:
        """What honest rounding in the subject's dtype can cost the VJP, under the first outcome."""
        with self.balls.working(self.bits):
            return rounding_of_vjp(self.first, probe(self.first, cotangents, 0))

    def rounding_jvp(self, tangents: Sequence[Array | None]) -> Rounding:
        """The same for the JVP."""
        with self.balls.working(self.bits):
            return rounding_of_jvp(self.first, tangents)

    def repeating(
        self, cotangents: Sequence[Array] | None = None, wanted: Sequence[Array] | None = None
    ) -> tuple[Array, ...]:
        """What repeated roundings can cost each entry of the VJP (see `repeated_rounding`), under the first outcome.

        `wanted`: a mask of the entries that are needed, per differentiated argument; the others may be NaN.
        """
        with self.balls.working(self.bits):
            return repeating_of_vjp(self.first, probe(self.first, cotangents, 0), wanted)

    def repeating_jvp(
        self, tangents: Sequence[Array | None], wanted: Sequence[Array] | None = None
    ) -> tuple[Array, ...]:
        """The same for the JVP."""
        with self.balls.working(self.bits):
            return repeating_of_jvp(self.first, tangents, wanted)

    @cached_property
    def repeating_value(self) -> float:
        """The same for the value of a single output of shape ()."""
        with self.balls.working(self.bits):
            return repeating_of_value(self.first, probe(self.first, None, 0))
