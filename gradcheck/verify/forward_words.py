"""What to look at in an engine of forward mode: the derivative that is carried along, since nothing goes backward."""

from __future__ import annotations

from dataclasses import replace

from gradcheck.run.events import Diagnosed

BACKWARD = ("going backward", "that arrives", "arrive at")
"""Parts of sentences that speak of a reverse sweep."""


def in_forward_mode(found: Diagnosed | None) -> Diagnosed | None:
    """The same, its advice in the words of forward mode."""
    if found is None or found.case is None or not any(part in found.look_at for part in BACKWARD):
        return found
    ops = list(dict.fromkeys(node.op for node in found.case.graph.nodes if node.inputs))
    if len(ops) == 1:
        text = (
            f"the derivative that {ops[0]} hands on: its own derivative times the one that its argument carries along"
        )
    else:
        text = f"the derivative that is carried along through {', '.join(ops)}: each op hands on its own"
    return replace(found, look_at=text)
