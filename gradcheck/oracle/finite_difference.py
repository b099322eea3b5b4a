"""The oracle `finite_difference`: derivatives of anything that can be evaluated, with a bound estimated from the data.

One method (`gradcheck.oracle.differences`) has four faces: the oracle for graphs; `difference_gradient`, every entry
of the inputs of a black box; `directional`, one direction in them; `ladder`, a function of one variable. It runs a
function about 32 times per entry where that is smooth and exact to rounding, and a few hundred times where kinks,
noise or an odd scale have to be found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gradcheck.oracle.differences.blackbox import WIDE
from gradcheck.oracle.differences.gradients import (
    Break,
    Differences,
    Directional,
    breaks_of,
    difference_gradient,
    directional,
    loss_estimate,
    split,
)
from gradcheck.oracle.differences.graph_values import WORK, GraphValues, thousands
from gradcheck.oracle.differences.ladder import climb, ladder
from gradcheck.oracle.differences.sampling import entry_scales
from gradcheck.oracle.differences.stencil import POINTS, PROBES
from gradcheck.oracle.differences.weigh import Slopes
from gradcheck.oracle.differences.window import Centre
from gradcheck.oracle.estimate import Along, Aside, Estimate, Estimates, Kind
from gradcheck.problem import Graph, Point

__all__ = ["Break", "Differences", "Directional", "difference_gradient", "directional", "finite_difference", "ladder"]

SEED = 29
"""Seed of the direction in which a graph of many entries is differenced."""
RUNS = POINTS + len(PROBES)
"""Number of runs of the function per entry where it is well behaved."""


class FiniteDifference:
    """The oracle: every entry of every parameter of a graph, evaluated with the op table's NumPy values."""

    name = "finite_difference"
    kind = Kind.ESTIMATED

    def __call__(self, graph: Graph, point: Point) -> Estimates | Aside:
        """Estimates of the loss and of all entries; Aside where there are more of them than are cheap."""
        values = GraphValues(graph, point)
        if values.work > WORK:
            return Aside(
                self.name,
                f"{thousands(len(values.places))} entries at {RUNS} runs each of {thousands(len(graph))} nodes: "
                f"{thousands(int(values.work))} array operations to move each once, budget {thousands(int(WORK))}",
            )
        if not np.isfinite(values.loss):
            return Aside(self.name, f"the loss is {values.loss} at the point")
        if WIDE:
            values = _wider(graph, point, values)
        centre = Centre(values, values.base)
        slopes = climb(centre, values.scales)
        shapes = {p: graph.shapes[p] for p in graph.parameters}
        repeats = len(graph) * centre.unit  # roundings of f that are the same at all points show in no misfit
        slopes = replace(slopes, error=np.maximum(slopes.error, repeats * np.abs(slopes.value)))
        found, errors = split(slopes.value, shapes), split(slopes.error, shapes)
        loss = loss_estimate(values.loss, slopes, 0.0, centre.unit)
        return Estimates(
            oracle=self.name,
            loss=replace(loss, error=np.maximum(loss.error, repeats * np.abs(loss.value))),
            gradients={graph.names[p]: Estimate(found[p], errors[p], Kind.ESTIMATED) for p in shapes},
            notes=self._notes(graph, values, slopes, shapes),
        )

    def along(self, graph: Graph, point: Point) -> Along | Aside:
        """The derivative along one random direction, which any wrong entry moves; for the price of one entry."""
        values = GraphValues(graph, point)
        if (work := RUNS * values.work_of_all) > WORK:
            return Aside(
                self.name, f"{thousands(int(work))} array operations for one direction, budget {thousands(int(WORK))}"
            )
        inputs = [np.asarray(point[graph.names[p]], float) for p in graph.parameters]
        random = np.random.default_rng(SEED)
        sizes = entry_scales(np.concatenate([x.ravel() for x in inputs]))
        moves = split(
            sizes * random.uniform(0.5, 1.0, sizes.size) * random.choice([-1.0, 1.0], sizes.size),
            {p: graph.shapes[p] for p in graph.parameters},
        )
        value, error, info = directional(values.at, inputs, list(moves.values()))
        if not np.isfinite(error):
            what = "jumps" if info.jump else "has a kink" if info.kink else "is too noisy to tell"
            return Aside(self.name, f"along one direction the loss {what}")
        direction = {graph.names[p]: move for p, move in moves.items()}
        notes = (f"{thousands(info.evaluations)} evaluations in {info.precision}",)
        return Along(self.name, direction, Estimate(np.asarray(value), np.asarray(error), Kind.ESTIMATED), notes)

    @staticmethod
    def _notes(
        graph: Graph, values: GraphValues, slopes: Slopes, shapes: Mapping[int, tuple[int, ...]]
    ) -> tuple[str, ...]:
        precision = "float64" if values.dtype == np.float64 else "longdouble"
        notes = [f"{thousands(slopes.evaluations)} evaluations in {precision}"]
        for found in breaks_of(slopes, values.places, shapes)[:8]:
            at = f"[{', '.join(map(str, found.index))}]" if found.index else ""
            notes.append(f"parameter {graph.names[found.block]!r}{at}: {found}")
        return tuple(notes)


finite_difference = FiniteDifference()


def _wider(graph: Graph, point: Point, narrow: GraphValues) -> GraphValues:
    """The same in longdouble, where all ops of the graph carry it and it costs little; else `narrow`."""
    if narrow.work > WORK / 4:  # no BLAS and no vector instructions for longdouble
        return narrow
    try:
        wide = GraphValues(graph, point, np.longdouble)
    except TypeError:  # a special function that has no longdouble version
        return narrow
    if np.asarray(wide.loss).dtype != np.longdouble or not wide.places:
        return narrow
    steps = np.array([-3, -2, -1, 1, 2, 3], np.longdouble)[:, None] * np.longdouble(2) ** -60 * wide.scales
    moved = wide(steps, np.arange(len(wide.places)))[1]
    distinct = max(len(np.unique(column)) for column in moved.T)
    return wide if distinct >= 4 else narrow
