"""A number by which a function multiplies or divides, as its source holds it: a length may be the same number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.attribution.constant_place import place_of
from gradcheck.attribution.located_trace import Located
from gradcheck.attribution.source_place import line_of


def constant_in(traced: Located, function: Callable[..., Any], number: float) -> str:
    """Where a function multiplies or divides by a number, as "a constant on line 12 of f"; "" if it does not."""
    nodes = traced.record.nodes
    lines = {
        line_of(site)
        for slot, node in enumerate(nodes)
        if node.primitive in ("mul", "div") and (site := traced.site(slot)) is not None
        for argument in node.args
        if nodes[argument].primitive == "constant"
        and np.all(np.isin(nodes[argument].attributes["value"], (number, 1 / number)))
    }
    place = place_of(function, number, factor=True) if lines else None
    return f"a constant on line {place.line} of f" if place is not None and place.line in lines else ""
