"""The form of a derivative's answer: shapes, dtypes, and the value that a JVP returns beside its tangent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.judge.question import Reply
from gradcheck.problem.function import Product
from gradcheck.verdict.compare import first_entry
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]


def wrong_form(product: Product, reply: Reply) -> list[Finding]:
    """Shapes and dtypes of an answer."""
    found = []
    outputs = product.outputs[0]
    for k, (block, part) in enumerate(zip(product.blocks, reply.parts, strict=True)):
        if part is None:
            continue
        like = np.asarray(product.inputs[product.function.wrt[k]]) if product.tangents is None else outputs[k]
        what = f"the {'gradient' if product.tangents is None else 'tangent'} of {block}"
        if part.shape != like.shape:
            found.append(finding("GC010", what=what, block=block, wanted=like.shape, came=part.shape))
        elif part.dtype.kind == "f" and part.ndim and like.dtype.kind == "f" and part.dtype != like.dtype:
            facts = {"wanted": str(like.dtype), "came": str(part.dtype), "hint": _own_dtype(outputs, part.dtype)}
            found.append(finding("GC011", what=what, block=block, **facts))
    if reply.primal is not None:
        for k, (mine, own) in enumerate(zip(reply.primal, outputs, strict=False)):
            if mine.shape != own.shape:
                found.append(finding("GC010", what=f"the value in output {k}", wanted=own.shape, came=mine.shape))
            elif why := _primal_differs(mine, own, product):
                found.append(why)
    return found


def _own_dtype(outputs: tuple[Array, ...], came: np.dtype[Any]) -> str:
    """What to do where f itself computes in the dtype that came, as JAX does in float32 unless told otherwise."""
    if any(o.dtype != came for o in outputs):
        return ""
    return f": f itself answers in {came} here, so give the check inputs of dtype {came}, or let f compute in theirs"


def _primal_differs(mine: Array, own: Array, product: Product) -> Finding | None:
    """The value that a JVP returns beside its tangent has to be f's."""
    scale = float(np.max(np.abs(own), initial=0.0))
    allowed = 1024 * np.sqrt(max(own.size, 1)) * float(np.finfo(product.dtype).eps) * max(scale, np.finfo(float).tiny)
    with np.errstate(invalid="ignore"):
        off = ~(np.abs(mine.astype(float) - own.astype(float)) <= allowed) & (mine != own)
    if not np.any(off):
        return None
    at = first_entry(off)
    distance = abs(float(mine[at]) - float(own[at]))
    facts = {"subject": float(mine[at]), "truth": float(own[at]), "distance": distance, "allowed": allowed}
    return finding("GC014", loss=f"f{list(at) or ''}", **facts)
