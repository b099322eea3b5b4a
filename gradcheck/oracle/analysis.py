"""What tracing a function at a point shows of its derivative there: proven estimates, kinks, rounding, other branches.

The function runs in balls; reverse and forward sweeps over the record give proven derivatives. Every comparison that
cannot be decided is explored both ways (`gradcheck.tracing`): where all outcomes have one derivative, that is the one;
at a kink the one-sided derivatives are alternatives; at a jump there is no derivative.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradcheck import routes
from gradcheck.errors import HarnessFault, Unsupported
from gradcheck.numbers import Enclosure
from gradcheck.oracle.estimate import Along, Array, Aside, Estimate, Estimates, Kind
from gradcheck.problem import LEAVES, OPS, Graph, Point
from gradcheck.problem.function import Product, lend
from gradcheck.problem.walks import ancestors
from gradcheck.routes import AddedGuard, Branch, Floating, Key, RecordedDerivatives
from gradcheck.ties import derivative_of
from gradcheck.tracing import MOST_RUNS, Derivative, Outcomes, Rounding, Smoothness, admit, explore
from gradcheck.tracing.session import Run
from gradcheck.tracing.traced import is_traced

NAME = "exact"
"""Name of the oracle whose estimates an analysis makes."""
MOST_ENTRIES = 200_000
"""Maximum number of entries to differentiate by before the function is not traced; more take too long in balls."""
SUM_WEIGHT = 2.0
"""w in min(n, w sqrt(n)) u sum|terms|, the perturbation of a sum of n terms. Ten, times the 8 of the allowance, would
excuse 800 units of roundoff in a float32 sum of a hundred terms; two still covers naive summation many times over."""


@dataclass(frozen=True)
class TracedPoint:
    """A function traced at a point: where else it may be looked at. It holds the record of every run."""

    _outcomes: Outcomes = field(repr=False)

    def branches(self, most: int, known: Collection[Key] = ()) -> Sequence[Branch]:
        """The function's comparisons, guards and `known` ones apart; `most` have a point on their other side."""
        return routes.branches(self._outcomes, most, known)

    def behind_guards(self, most: int) -> list[list[Array]]:
        """Points beyond what guards an operation of the function, at most so many."""
        return routes.behind_guards(self._outcomes, most)

    def goes_on(self, there: TracedPoint) -> bool:
        """Whether the function there, beyond a guard, is the one of this side by another formula."""
        return routes.goes_on(self._outcomes, there._outcomes)

    def leads_to(self, there: TracedPoint) -> bool:
        """Whether the function can be followed from here to there: no singularity on the way, no guard."""
        return routes.leads_to(self._outcomes, there._outcomes)

    def same_formula(self, there: TracedPoint) -> bool:
        """Whether no comparison of the function comes out otherwise there with an effect on its derivative."""
        return routes.same_formula(self._outcomes, there._outcomes)

    def derivative_there(self, product: Product, outputs: Sequence[Array]) -> Floating | None:
        """What is asked of the product, by the record of this point; None where that may not hold at the product's.

        The product is of the same function; its differentiated inputs and its `outputs` have the same shapes.
        """
        found = self.derivatives_there([product])
        return None if found is None else found.at(0, outputs)

    def derivatives_there(self, products: Sequence[Product]) -> RecordedDerivatives | None:
        """The same for products that differ in their differentiated inputs alone, by one sweep."""
        points = [[np.asarray(product.inputs[k]) for k in product.function.wrt] for product in products]
        cotangents, tangents = products[0].cotangents, products[0].tangents
        return routes.derivatives_there(self._outcomes, points, cotangents=cotangents, tangents=tangents)


@dataclass(frozen=True)
class Analysis(TracedPoint):
    """What is known of one derivative at one point from tracing the function.

    Attributes
    ----------
    estimates: proven estimates of the derivative; error inf where a kink leaves no one derivative.
    derivative: smoothness, the alternatives at a kink and which of them occur nearby.
    rounding: what rounding in the subject's dtype can cost, per block; None where that was not measured.
    """

    estimates: Estimates
    derivative: Derivative
    rounding: Rounding | None
    _cotangents: Sequence[Array] | None = field(default=None, repr=False)
    _tangents: Sequence[Array] | None = field(default=None, repr=False)
    _known: list[Array] = field(default_factory=list, repr=False, compare=False)
    """What `repeating` has found so far, per block; NaN where it was not asked."""
    _longer: dict[int, Derivative | None] = field(default_factory=dict, repr=False, compare=False)
    """What `prolonged` has found so far, by the number of iterations."""

    @property
    def other_sweep(self) -> str:
        """The oracle that checks the derivative along one direction: the sweep by which it was not computed."""
        return f"{NAME} (forward)" if self._tangents is None else f"{NAME} (reverse)"

    def crossed(self) -> Analysis | Aside:
        """The same with the other sweep's answer, where it was left out; or why there is none.

        Raises HarnessFault when the two sweeps contradict each other.
        """
        if self.estimates.along or not self.smooth or self._outcomes.crowd:
            return self
        with np.errstate(all="ignore"):
            try:
                crossing = self._outcomes.crossing(self._cotangents, self._tangents)
            except Unsupported as reason:
                return Aside(NAME, str(reason))
        derivative = replace(self.derivative, crossing=crossing)
        along = _along(derivative, list(self.estimates.gradients), self.other_sweep)
        return replace(self, derivative=derivative, estimates=replace(self.estimates, along=along))

    @property
    def smooth(self) -> bool:
        """Whether there is one derivative."""
        return self.derivative.smoothness is Smoothness.SMOOTH

    @property
    def at_kink(self) -> bool:
        """Whether there are several one-sided derivatives."""
        return self.derivative.smoothness is Smoothness.KINK

    @property
    def complete(self) -> bool:
        """Whether every entry is bounded."""
        return all(np.all(np.isfinite(e.error)) for e in self.estimates.gradients.values())

    @property
    def values(self) -> Sequence[Enclosure]:
        """The function's outputs."""
        return self._outcomes.values

    @property
    def run(self) -> Run:
        """The run at the point itself, with its record."""
        return self._outcomes.first

    @property
    def value_spread(self) -> float:
        """The largest deviation of the first output over the stochastic runs."""
        return float(self._outcomes.value_spread[0])

    @property
    def waits(self) -> bool:
        """Whether some loop of the function ends on a comparison."""
        return self._outcomes.waits

    @property
    def near_only(self) -> bool:
        """Whether the record is that of an iteration which converges near the point alone."""
        return self._outcomes.first.trace.near_only

    @property
    def operations(self) -> int:
        """Number of operations on numbers in one run."""
        return self._outcomes.operations

    @property
    def lengths(self) -> frozenset[int]:
        """Lengths, above 1, of the axes of the arrays that the function computes with."""
        return frozenset(n for node in self._outcomes.first.trace.record.nodes for n in node.shape if n > 1)

    @property
    def computed(self) -> tuple[int, int]:
        """How many arrays one run computes, and how many numbers."""
        record = self._outcomes.first.trace.record
        return len(record.nodes), record.entries

    def adjoints(self, nodes: Sequence[int]) -> list[Estimate] | None:
        """The derivative of a graph's loss by each of these nodes, proven by the same record; None if it does not tell.

        It does not where the graph has a tie, and where a node shares its part of the record, as x * y and x * y do.
        """
        trace = self._outcomes.first.trace
        uses = Counter(trace.steps.values())
        slots = [trace.steps.get(i, -1) for i in nodes]
        if self._outcomes.ties or any(uses[slot] != 1 or slot in trace.retaken for slot in slots):
            return None
        with np.errstate(all="ignore"):
            return [proven(part) for part in self._outcomes.adjoints_at(slots)]

    def repeating(self, block: int, wanted: Array | None = None) -> Array:
        """What roundings in the subject's dtype can cost a block's entries at most if they repeat (to first order).

        Found when first asked for, and for the `wanted` entries alone (a mask; all by default), since it takes a sweep
        in dual numbers for each: the others may be NaN. Blocks of one entry, of which there may be thousands, share it.
        """
        if not self._known:
            self._known.extend(np.full(part.midpoint.shape, np.nan) for part in self.derivative.parts)
        bounds = self._known
        missing = np.isnan(bounds[block])
        missing = missing if wanted is None else missing & wanted
        if np.any(missing):
            masks = [missing if k == block else np.full(b.shape, b.size == 1) for k, b in enumerate(bounds)]
            if self._tangents is None:
                found = self._outcomes.repeating(self._cotangents, masks)
            else:
                found = self._outcomes.repeating_jvp(self._tangents, masks)
            for bound, new in zip(bounds, found, strict=True):
                np.copyto(bound, new, where=np.isnan(bound))
        return bounds[block]

    @property
    def repeating_value(self) -> Array:
        """What they can cost the function's value."""
        return np.asarray(self._outcomes.repeating_value)

    def by_local_rules(self) -> Derivative | None:
        """The derivatives among which any mixture is legal if each operation settles ties by a rule of its own.

        None where there is but one. Raises Unsupported where there are too many outcomes.
        """
        if not self._outcomes.ties:
            return None
        with np.errstate(all="ignore"):
            derivative = self._derivative(self._outcomes.by_local_rules())
        return derivative if derivative.smoothness is Smoothness.KINK else None

    def prolonged(self, iterations: int) -> Derivative | None:
        """The derivative of the function with loops that end on a comparison run some iterations longer.

        None where there is no such loop. Raises GradcheckError where the longer run cannot be traced.
        """
        if iterations not in self._longer:  # every block asks
            longer = self._outcomes.prolonged(iterations)
            self._longer[iterations] = None if longer is None else self._derivative(longer)
        return self._longer[iterations]

    def guards(self) -> Sequence[AddedGuard]:
        """Small constants that the function adds to keep an operation off the edge of its domain: log(p + 1e-8).

        Each says which operation it guards, where it is added, and its share of what it is added to, which is the
        relative error, about, of a derivative that ignores it.
        """
        return routes.guards(self._outcomes)

    def at_the_point(self) -> tuple[Enclosure, ...]:
        """The derivative's own formula at the point, per block, which may not be finite (0/0)."""
        return self.derivative.parts

    def nearby(self, *, closest: bool = False) -> Sequence[Array]:
        """Gradients at points nearby, or at the closest ones."""
        return self._outcomes.gradients_around(self._cotangents, closest=closest)

    def _derivative(self, outcomes: Outcomes) -> Derivative:
        return derivative_of(outcomes, self._cotangents, self._tangents)


@dataclass(frozen=True)
class Jump(Aside):
    """The function jumps at the point. It has no derivative there, so that no other oracle is asked."""


def analyse(product: Product, *, most_runs: int = MOST_RUNS, crossed: bool = True) -> Analysis | Aside:
    """J^T c or J t with proven bounds, where ties have at most `most_runs` outcomes; or why not.

    Without `crossed` the other sweep may be left out; `Analysis.crossed` catches up.

    Raises HarnessFault when the reverse and the forward sweep contradict each other.
    """
    outcomes = _outcomes(product, most_runs)
    if isinstance(outcomes, Aside):
        return outcomes
    own, many = product.run_f()  # in the state in which it was traced, which may not be that of its first call
    if reasons := admit(outcomes, own if many else own[0]):
        return Aside(NAME, reasons[0])
    return _analysis(outcomes, product.blocks, None, product.cotangents, product.tangents, crossed=crossed)


def traced_point(product: Product, most_runs: int) -> TracedPoint | None:
    """The product's function traced at its inputs without a proof, in a quarter of the time; None if it cannot be."""
    outcomes = _outcomes(product, most_runs, sharp=False)
    return None if isinstance(outcomes, Aside) else TracedPoint(outcomes)


def _outcomes(product: Product, most_runs: int, *, sharp: bool = True) -> Outcomes | Aside:
    """The product's function traced at its inputs, or why not."""
    function = product.function
    entries = sum(np.size(product.inputs[k]) for k in function.wrt)
    if entries > MOST_ENTRIES:
        return Aside(NAME, f"{entries} entries, budget {MOST_ENTRIES}")
    inputs = lend(product.inputs)
    others = [k for k, x in enumerate(inputs) if k not in function.wrt and np.asarray(x).dtype.kind == "f"]
    asked = function.f, inputs, function.wrt, product.dtype, product.cotangents
    outcomes = _explored(*asked, others, most_runs=most_runs, sharp=sharp)
    if isinstance(outcomes, Aside) and others:  # f may need plain numbers there
        outcomes = _explored(*asked, most_runs=most_runs, sharp=sharp)
    return outcomes


def analyse_graph(graph: Graph, point: Point, *, crossed: bool = True, rounded: bool = True) -> Analysis | Aside:
    """The gradient of a graph's loss with respect to every parameter, and the loss itself; or why not.

    `crossed` as for `analyse`; without `rounded` what rounding can cost is not measured, which takes a third of the
    time.

    The point's arrays have the subject's dtype, whose rounding decides which comparisons are open.
    """
    names = [graph.names[i] for i in graph.parameters]
    if not names:
        return Aside(NAME, "the graph has no parameters")
    given = [np.asarray(point[name]) for name in names]
    if sum(x.size for x in given) > MOST_ENTRIES:
        return Aside(NAME, f"more than {MOST_ENTRIES} entries")
    dtype = np.result_type(*given)
    loss, fixed = _as_function(graph, point)
    inputs = [*(x.astype(np.float64) for x in given), *fixed]
    held = range(len(given), len(inputs))
    outcomes = _explored(loss, inputs, range(len(given)), dtype, None, held)
    if isinstance(outcomes, Aside):
        return outcomes
    return _analysis(outcomes, names, proven(outcomes.values[0]), None, None, crossed=crossed, rounded=rounded)


def _analysis(
    outcomes: Outcomes,
    blocks: Sequence[str],
    loss: Estimate | None,
    cotangents: Sequence[Array] | None,
    tangents: Sequence[Array] | None,
    *,
    crossed: bool = True,
    rounded: bool = True,
) -> Analysis | Aside:
    """The analysis that the runs of the function amount to."""
    with np.errstate(all="ignore"):
        try:
            derivative = derivative_of(outcomes, cotangents, tangents, crossed=crossed)
            rounding = _rounding(outcomes, cotangents, tangents) if rounded else None
        except Unsupported as reason:
            return Aside(NAME, str(reason))
    if derivative.smoothness is Smoothness.JUMP:
        what = "the loss jumps here" if loss is not None else f"the function jumps here ({_shortly(derivative)})"
        return Jump(NAME, what)
    smooth = derivative.smoothness is Smoothness.SMOOTH
    gradients = {}
    for block, part in zip(blocks, derivative.parts, strict=True):
        estimate = proven(part)
        gradients[block] = estimate if smooth else Estimate.unknown(estimate.value.shape, Kind.PROVEN)
    notes = () if smooth else tuple(derivative.notes)
    estimates = Estimates(NAME, loss, gradients, notes)
    found = Analysis(outcomes, estimates, derivative, rounding, cotangents, tangents)
    return replace(found, estimates=replace(estimates, along=_along(derivative, blocks, found.other_sweep)))


def _rounding(outcomes: Outcomes, cotangents: Sequence[Array] | None, tangents: Sequence[Array] | None) -> Rounding:
    return outcomes.rounding(cotangents) if tangents is None else outcomes.rounding_jvp(tangents)


def _shortly(derivative: Derivative) -> str:
    return "; ".join(derivative.notes[:3])


def _along(derivative: Derivative, blocks: Sequence[str], oracle: str) -> tuple[Along, ...]:
    """The number by which the other sweep confirms the derivative, where it is smooth."""
    crossing = derivative.crossing
    if crossing is None or derivative.smoothness is not Smoothness.SMOOTH:
        return ()
    return (Along(oracle, dict(zip(blocks, crossing.directions, strict=True)), proven(crossing.number)),)


def proven(part: Enclosure) -> Estimate:
    """An enclosure as a proven estimate (its radius covers the rounding of the midpoint to float64)."""
    return Estimate(part.midpoint, part.radius, Kind.PROVEN, part.rest, part.narrow)


def _explored(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    wrt: Sequence[int],
    dtype: Any,
    cotangents: Sequence[Array] | None,
    held: Sequence[int] = (),
    *,
    most_runs: int = MOST_RUNS,
    sharp: bool = True,
) -> Outcomes | Aside:
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return explore(
                f,
                inputs,
                wrt=wrt,
                dtype=dtype,
                cotangents=cotangents,
                sum_weight=SUM_WEIGHT,
                held=held,
                most_runs=most_runs,
                sharp=sharp,
            )
    except HarnessFault:
        raise
    except Unsupported as reason:
        return Aside(NAME, str(reason))
    except (Exception, SystemExit) as wrong:  # the user's code met no array of NumPy's: the next oracle takes over
        return Aside(NAME, f"f raised {type(wrong).__name__} on traced arrays: {str(wrong)[:200]}")


def _as_function(graph: Graph, point: Point) -> tuple[Callable[..., Any], list[Array]]:
    """The graph as plain NumPy code, and the arrays that it takes besides its parameters' values.

    The function's arguments are the parameters, in order, then the values of inputs and constants: what is computed of
    those alone must not be rounded either.
    """
    order = ancestors(graph, graph.loss)
    fixed = [i for i in order if graph.op(i) in ("input", "constant")]
    leaves = [*graph.parameters, *fixed]
    values = [graph.constants[i] if i in graph.constants else np.asarray(point[graph.names[i]], float) for i in fixed]
    steps = [
        (i, OPS[graph.op(i)], graph.arguments(i), {**OPS[graph.op(i)].attributes, **graph.attributes.get(i, {})})
        for i in order
        if graph.op(i) not in LEAVES
    ]

    def loss(*arrays: Any) -> Any:
        known = dict(zip(leaves, arrays, strict=True))
        trace = arrays[0].run if is_traced(arrays[0]) else None
        for i, op, arguments, attributes in steps:
            if trace is not None:
                trace.step()
            known[i] = op.value(*(known[j] for j in arguments), **attributes)
        if trace is not None:
            trace.steps = {i: value.slot for i, value in known.items() if is_traced(value)}
        return known[graph.loss]

    return loss, values
