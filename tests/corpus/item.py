"""One labelled entry of the corpus: a function, a derivative that somebody wrote for it, and whether it is right.

Labels rest on the truths of `truth.py`, never on a verdict. Nothing here knows gradcheck.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .truth import Truth

Kind = Literal["gradient", "vjp", "jvp", "jacobian", "hessian", "hvp", "adjoint", "value_and_gradient"]
Label = Literal["right", "wrong"]


@dataclass(frozen=True)
class Item:
    """A function and a derivative in the calling convention that `kind` names.

    - ``gradient``: scalar ``f(*inputs)``; ``derivative(*inputs)`` gives one array per input (bare for one input).
    - ``vjp``: ``derivative(cotangent, *inputs)``; the cotangent is shaped like the output (a tuple if ``f`` returns
      one); answers as above, None for an input that does not matter.
    - ``jvp``: ``derivative(primals, tangents)`` with two tuples gives the output tangent, or (output, tangent).
    - ``jacobian``, ``hessian``: ``derivative(*inputs)`` gives matrices of any make.
    - ``hvp``: ``derivative(*inputs, *vectors)`` gives an array per input.
    - ``adjoint``: `f` and `derivative` are linear operators, the inputs (x, y) have the shapes of what each takes.
    - ``value_and_gradient``: `f` returns both, and `derivative` is `f` again.

    `door`: what `doors.py` calls, with containers, complex arrays and whole numbers among its inputs.
    `rounding` is how many units of roundoff, relative to the larger of an entry and its block's root mean square,
    honest arithmetic may lose here; it serves the test of the labels alone and no checker gets to see it.
    """

    name: str
    category: str
    kind: Kind
    f: Callable[..., Any]
    derivative: Callable[..., Any]
    inputs: tuple[Any, ...]
    label: Label
    why: str
    truth: Truth
    options: Mapping[str, Any] = field(default_factory=dict)
    rounding: float = 1e3
    door: bool = False
    held_out: bool = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.name.encode()).digest()
        object.__setattr__(self, "held_out", bool(digest[0] & 1))


class Category:
    """Collects the items of one file, so that an entry is written as one call under the functions it uses."""

    def __init__(self, name: str, door: bool = False) -> None:
        self.name = name
        self.door = door
        self.items: list[Item] = []

    def right(
        self, name: str, kind: Kind, f: Any, derivative: Any, inputs: Any, why: str, truth: Truth, **rest: Any
    ) -> None:
        """Add an entry whose derivative is right wherever the function has one."""
        self._add(name, kind, f, derivative, inputs, "right", why, truth, rest)

    def wrong(
        self, name: str, kind: Kind, f: Any, derivative: Any, inputs: Any, why: str, truth: Truth, **rest: Any
    ) -> None:
        """Add an entry whose derivative is wrong, at its point or in the way that `truth` demonstrates."""
        self._add(name, kind, f, derivative, inputs, "wrong", why, truth, rest)

    def _add(
        self,
        name: str,
        kind: Kind,
        f: Any,
        derivative: Any,
        inputs: Any,
        label: Label,
        why: str,
        truth: Truth,
        rest: dict[str, Any],
    ) -> None:
        arrays = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
        item = Item(name, self.name, kind, f, derivative, arrays, label, why, truth, door=self.door, **rest)
        self.items.append(item)
