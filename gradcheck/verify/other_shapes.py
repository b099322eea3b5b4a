"""Gradients of another shape than their input's: wrong ones, beside which the others are compared all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import update_wrapper
from itertools import chain, combinations
from math import prod
from typing import Any

import numpy as np

from gradcheck.checks.trees import leaves, leaves_like, rebuilt
from gradcheck.conventions.offer import Pair
from gradcheck.problem.function import input_names
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


def told_beside_the_rest(pair: Pair, result: Result, check: Callable[..., Result], **options: Any) -> Result:
    """The result with these gradients as wrong ones; the check of the pair's kind judges those of the other inputs.

    The gradient of a function of one array may be a Jacobian under another name, and stays without a verdict.
    """
    others = of_other_shapes(result)
    if not others:
        return result
    plain = _of_plain_arrays(pair)
    if pair.kind != "vjp" and len(plain.inputs) < 2:
        return result
    names = list(input_names(plain.f, len(plain.inputs)))
    if not set(others) <= set(names):
        return result
    rest = [name for name in names if name not in others]
    compared = replace(result, findings=())
    if rest:
        compared = check(plain.f, plain.derivative, *plain.inputs, **{**options, "wrt": rest})
    wrong = list(chain.from_iterable(_findings(plain, block, facts) for block, facts in others.items()))
    counts = {block: (prod(facts["wanted"]), prod(facts["wanted"])) for block, facts in others.items()}
    blocks = {name: {**compared.blocks, **counts}.get(name, (0, 0)) for name in names}
    findings = gravest_first([*wrong, *compared.findings])
    checked = result.checked
    return replace(compared, findings=findings, verdict=verdict_of(findings), blocks=blocks, checked=checked)


def _of_plain_arrays(pair: Pair) -> Pair:
    """The same pair with an input for each array in its containers, called as reports call it."""
    trees = pair.inputs
    named = list(zip(input_names(pair.f, len(trees)), trees, strict=True))
    found = [(f"{name}{path}", leaf) for name, tree in named for path, leaf in leaves(tree)]

    def given(arrays: Sequence[Any]) -> list[Any]:
        parts = iter(arrays)
        return [rebuilt(tree, parts) for tree in trees]

    def f(*arrays: Any) -> Any:
        return pair.f(*given(arrays))

    def derivative(*arguments: Any) -> Any:
        assert pair.derivative is not None, "a pair of two functions"
        ahead = len(arguments) - len(found)
        answer = pair.derivative(*arguments[:ahead], *given(arguments[ahead:]))
        answers = [answer] if len(named) == 1 else answer
        parts = zip(answers, named, strict=True)
        return tuple(leaf for part, (name, tree) in parts for leaf in leaves_like(part, tree, name))

    own = update_wrapper(f, pair.f)
    own.argument_names = tuple(name for name, _ in found)  # type: ignore[attr-defined] # read by input_names
    assert pair.derivative is not None, "a pair of two functions"
    own_derivative = update_wrapper(derivative, pair.derivative)
    return replace(pair, f=own, derivative=own_derivative, inputs=tuple(leaf for _, leaf in found))


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
