"""Gradients of another shape than their input's: wrong ones, beside which the others are compared all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, combinations
from math import prod
from typing import Any

import numpy as np

from gradcheck.conventions.offer import Pair
from gradcheck.verdict.conclusion import gravest_first, verdict_of
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result

Shape = tuple[int, ...]
_MOST_AXES = 4
"""Maximum number of axes of an output of which sums are tried."""


def of_other_shapes(result: Result) -> dict[str, Mapping[str, Any]]:
    """By input, the shapes that keep an answer from being compared; {} where something else does."""
    found = [f for f in result.findings if f.code == "GC010"]
    return {str(f.facts["block"]): f.facts for f in found if "block" in f.facts}


def told_beside_the_rest(pair: Pair, result: Result, check: Callable[..., Result]) -> Result:
    """The result with these gradients as wrong ones; `check(wrt=names)` judges the gradients of other inputs.

    The gradient of a function of one input may be a Jacobian under another name, and stays without a verdict.
    """
    others = of_other_shapes(result)
    names = getattr(pair.f, "argument_names", ())
    if not others or (pair.kind != "vjp" and len(pair.inputs) < 2):
        return result
    rest = [name for name in names if name not in others]
    compared = check(wrt=rest) if rest else replace(result, findings=())
    wrong = list(chain.from_iterable(_findings(pair, block, facts) for block, facts in others.items()))
    counts = {block: (prod(facts["wanted"]), prod(facts["wanted"])) for block, facts in others.items()}
    blocks = {name: {**compared.blocks, **counts}.get(name, (0, 0)) for name in names} if names else counts
    findings = gravest_first([*wrong, *compared.findings])
    checked = result.checked
    return replace(compared, findings=findings, verdict=verdict_of(findings), blocks=blocks, checked=checked)


def _findings(pair: Pair, block: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    wanted, came = tuple(facts["wanted"]), tuple(facts["came"])
    yield finding("GC110", block=block, wanted=wanted, came=came)
    value = pair.f(*(np.array(x) for x in pair.inputs))
    for output in value if isinstance(value, tuple) else (value,):
        if told := _cause(block, wanted, came, np.shape(output)):
            yield finding("GC051", kind=told[0], cause=told[1])
            return


def _cause(block: str, wanted: Shape, came: Shape, output: Shape) -> tuple[str, str] | None:
    """Kind of mistake, and a sentence, where shapes alone tell."""
    if came == wanted[::-1] != wanted:
        return "shape-transposed", f"the gradient with respect to {block} has the shape of its transpose"
    if prod(came) == prod(wanted):
        return "shape-laid-out", (
            f"the gradient with respect to {block} has as many entries as {block}, laid out otherwise: it has to be "
            f"reshaped to {wanted}"
        )
    if 0 in came and 0 not in wanted:
        return "empty-slice", (
            f"the gradient with respect to {block} has no entries: a slice such as [pad:-pad] is empty where pad is 0"
        )
    mine, right = _summed(output, came), _summed(output, wanted)
    if mine is None or right is None:
        return None
    if not mine:
        return "sum-forgotten", (
            f"the gradient with respect to {block} has the shape {output} of the output: the sum over {_axes(right)} "
            f"is missing, along which {block} was repeated"
        )
    return "sum-axis", (
        f"the gradient with respect to {block} has the shape of the output's sum over {_axes(mine)}, "
        f"where {block} has that of a sum over {_axes(right)}"
    )


def _summed(output: Shape, shape: Shape) -> Shape | None:
    """The axes over which a sum of the output has this shape, with or without axes of length 1; None for no such."""
    axes = range(len(output))
    for chosen in chain.from_iterable(combinations(axes, n) for n in range(min(len(output), _MOST_AXES) + 1)):
        kept = tuple(1 if k in chosen else n for k, n in enumerate(output))
        if shape in (kept, tuple(n for k, n in enumerate(output) if k not in chosen)):
            return chosen
    return None


def _axes(axes: Shape) -> str:
    return f"{'axis' if len(axes) == 1 else 'axes'} {' and '.join(map(str, axes))}"
