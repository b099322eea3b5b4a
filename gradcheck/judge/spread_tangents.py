"""A JVP that takes arrays in place of tuples: jvp(x, y, dx, dy) where jvp((x, y), (dx, dy)) is asked."""

from __future__ import annotations

import inspect
import warnings

import numpy as np

from gradcheck.judge.question import Question
from gradcheck.problem.function import Product, lend
from gradcheck.problem.refused_inputs import unreal_answer
from gradcheck.verdict.finding import Finding, finding


def spread_tangents(question: Question, product: Product) -> list[Finding]:
    """What to say where the derivative answers with f's shape if it is given arrays; [] where it does not."""
    if question.kind != "jvp" or product.tangents is None:
        return []
    names, wrt = product.function.names, product.function.wrt
    shapes = [output.shape for output in product.outputs[0]]
    inputs = lend(product.inputs)
    tangents = [np.array(t) for t in product.tangents]
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = inspect.unwrap(question.derivative)(*inputs, *tangents)
        parts = list(answer) if isinstance(answer, tuple | list) else [answer]
        fits = any([np.shape(p) for p in part] == shapes for part in (parts, parts[-1:]))
        fits = fits and all(unreal_answer(part) is None for part in parts)
    except (Exception, SystemExit):  # it does not take arrays either
        return []
    if not fits:
        return []
    own = ", ".join((*names, *(f"d{names[k]}" for k in wrt)))
    tuples = "({0}{2}), ({1}{2})".format(", ".join(names), ", ".join(f"d{n}" for n in names), "," * (len(names) == 1))
    given = "*xs, *dxs" if len(wrt) == len(names) else f"*xs, {', '.join(f'dxs[{k}]' for k in wrt)}"
    return [finding("GC111", own=own, tuples=tuples, given=given)]
