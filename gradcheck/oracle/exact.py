"""The oracle `exact`: the function runs in balls; reverse and forward sweeps over the record give proven derivatives.

Every comparison that cannot be decided is explored both ways (`gradcheck.numbers`): where all outcomes have one
derivative, that is the one; at a kink the one-sided derivatives come back as alternatives; at a jump there is none.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradcheck.errors import HarnessFault, Unsupported
from gradcheck.numbers import Enclosure
from gradcheck.oracle.estimate import Along, Array, Aside, Estimate, Estimates, Kind
from gradcheck.problem import LEAVES, OPS, Graph, Point
from gradcheck.problem.function import Product, lend
from gradcheck.problem.walks import ancestors
from gradcheck.tracing import MOST_RUNS, Derivative, Outcomes, Rounding, Smoothness, admit, explore

NAME = "exact"
MOST_ENTRIES = 200_000
"""Entries to differentiate by; more of them take too long, ball by ball."""
SUM_WEIGHT = 2.0
"""w in min(n, w sqrt(n)) u sum|terms|, the perturbation of a sum of n terms. Ten, times the 8 of the allowance, would
excuse 800 units of roundoff in a float32 sum of a hundred terms; two still covers naive summation many times over."""


@dataclass(frozen=True)
class Exactly(Estimates):
    """What the exact oracle knows at a point: proven estimates (error inf where a kink leaves no one derivative), and

    Attributes
    ----------
    derivative: smoothness, the alternatives at a kink and which of them occur nearby.
    rounding: what rounding in the subject's dtype can cost, per block.
    outcomes: all runs, for questions about more (loops that run on).
    derive: reads the derivative that was asked for from outcomes.
    repeat: reads from outcomes what roundings that repeat can cost that derivative.
    """

    _: KW_ONLY
    derivative: Derivative
    rounding: Rounding
    outcomes: Outcomes
    derive: Callable[[Outcomes], Derivative]
    repeat: Callable[[Outcomes], tuple[Array, ...]]

    @cached_property
    def repeating(self) -> tuple[Array, ...]:
        """Per block and entry, what roundings in the subject's dtype can cost at most if they repeat (to first order).

        Found when first asked for: it takes a sweep in dual numbers for every entry.
        """
        return self.repeat(self.outcomes)

    def by_local_rules(self) -> Derivative | None:
        """The derivatives among which any mixture is legal if each operation settles ties by a rule of its own.

        None where there is but one. Raises Unsupported where there are too many outcomes.
        """
        if not self.outcomes.ties:
            return None
        with np.errstate(all="ignore"):
            derivative = self.derive(self.outcomes.by_local_rules())
        return derivative if derivative.smoothness is Smoothness.KINK else None


@dataclass(frozen=True)
class Jump(Aside):
    """It stepped aside since the function jumps at the point: there is no derivative that another could find."""


def exactly(product: Product, *, most_runs: int = MOST_RUNS) -> Exactly | Aside:
    """J^T c or J t, proven, if `most_runs` outcomes of undecided comparisons are all there are; or why not.

    Raises HarnessFault when the reverse and the forward sweep contradict each other.
    """
    function = product.function
    entries = sum(np.size(product.inputs[k]) for k in function.wrt)
    if entries > MOST_ENTRIES:
        return Aside(NAME, f"{entries} entries, budget {MOST_ENTRIES}")
    inputs = lend(product.inputs)
    others = [k for k, x in enumerate(inputs) if k not in function.wrt and np.asarray(x).dtype.kind == "f"]
    asked = function.f, inputs, function.wrt, product.dtype, product.cotangents
    outcomes = _explored(*asked, others, most_runs=most_runs)
    if isinstance(outcomes, Aside) and others:  # f may need plain numbers there
        outcomes = _explored(*asked, most_runs=most_runs)
    if isinstance(outcomes, Aside):
        return outcomes
    own, many = product.outputs
    if reasons := admit(outcomes, own if many else own[0]):
        return Aside(NAME, reasons[0])

    def derive(found: Outcomes) -> Derivative:
        return found.vjp(product.cotangents) if product.tangents is None else found.jvp(product.tangents)

    def repeat(found: Outcomes) -> tuple[Array, ...]:
        return (
            found.repeating(product.cotangents) if product.tangents is None else found.repeating_jvp(product.tangents)
        )

    with np.errstate(all="ignore"):
        try:
            derivative = derive(outcomes)
            if product.tangents is None:
                rounding = outcomes.rounding(product.cotangents)
            else:
                rounding = outcomes.rounding_jvp(product.tangents)
        except Unsupported as reason:
            return Aside(NAME, str(reason))
    if derivative.smoothness is Smoothness.JUMP:
        return Jump(NAME, f"the function jumps here ({'; '.join(derivative.notes[:3])})")
    smooth = derivative.smoothness is Smoothness.SMOOTH
    gradients = {}
    for block, part in zip(product.blocks, derivative.parts, strict=True):
        estimate = proven(part)
        gradients[block] = estimate if smooth else Estimate.unknown(estimate.value.shape, Kind.PROVEN)
    notes = tuple(derivative.notes) if not smooth else ()
    across = _across(derivative, product.blocks, "forward" if product.tangents is None else "reverse")
    return Exactly(
        NAME,
        None,
        gradients,
        notes,
        across,
        derivative=derivative,
        rounding=rounding,
        outcomes=outcomes,
        derive=derive,
        repeat=repeat,
    )


def _across(derivative: Derivative, blocks: Sequence[str], sweep: str) -> tuple[Along, ...]:
    """The number by which the other sweep speaks for the derivative, where it is smooth."""
    crossing = derivative.crossing
    if crossing is None or derivative.smoothness is not Smoothness.SMOOTH:
        return ()
    return (Along(f"{NAME} ({sweep})", dict(zip(blocks, crossing.directions, strict=True)), proven(crossing.number)),)


def proven(part: Enclosure) -> Estimate:
    """An enclosure as a proven estimate (its radius covers the rounding of the midpoint to float64)."""
    return Estimate(part.midpoint, part.radius, Kind.PROVEN)


def _explored(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    wrt: Sequence[int],
    dtype: Any,
    cotangents: Sequence[Array] | None,
    held: Sequence[int] = (),
    *,
    most_runs: int = MOST_RUNS,
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
            )
    except HarnessFault:
        raise
    except Unsupported as reason:
        return Aside(NAME, str(reason))
    except Exception as wrong:  # the user's code met an array that is none of NumPy's: the next oracle takes over
        return Aside(NAME, f"f raised {type(wrong).__name__} on traced arrays: {str(wrong)[:200]}")


class Exact:
    """The oracle for graphs: the op table's values, run in balls."""

    name = NAME

    def __call__(self, graph: Graph, point: Point) -> Estimates | Aside:
        """Proven estimates of the loss and of every parameter's gradient; error inf at a kink."""
        names = [graph.names[i] for i in graph.parameters]
        if not names:
            return Aside(NAME, "the graph has no parameters")
        given = [np.asarray(point[name]) for name in names]
        if sum(x.size for x in given) > MOST_ENTRIES:
            return Aside(NAME, f"more than {MOST_ENTRIES} entries")
        # The point comes in the subject's dtype, whose rounding decides which comparisons are open.
        dtype = np.result_type(*given)
        loss, fixed = as_function(graph, point)
        inputs = [*(x.astype(np.float64) for x in given), *fixed]
        held = range(len(given), len(inputs))
        outcomes = _explored(loss, inputs, range(len(given)), dtype, None, held)
        if isinstance(outcomes, Aside):
            return outcomes
        with np.errstate(all="ignore"):
            derivative, rounding = outcomes.vjp(), outcomes.rounding()
        if derivative.smoothness is Smoothness.JUMP:
            return Aside(NAME, "the loss jumps here")
        smooth = derivative.smoothness is Smoothness.SMOOTH
        gradients = {
            name: proven(part) if smooth else Estimate.unknown(part.midpoint.shape, Kind.PROVEN)
            for name, part in zip(names, derivative.parts, strict=True)
        }
        return Exactly(
            NAME,
            proven(outcomes.values[0]),
            gradients,
            () if smooth else tuple(derivative.notes),
            _across(derivative, names, "forward"),
            derivative=derivative,
            rounding=rounding,
            outcomes=outcomes,
            derive=Outcomes.vjp,
            repeat=Outcomes.repeating,
        )


exact = Exact()


def as_function(graph: Graph, point: Point) -> tuple[Callable[..., Any], list[Array]]:
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
        for i, op, arguments, attributes in steps:
            known[i] = op.value(*(known[j] for j in arguments), **attributes)
        return known[graph.loss]

    return loss, values
