"""Recurrent cells of Coursera's courses, and the same over time: samples are columns, parameters and gradients dicts.

`rnn_cell_forward(xt, a_prev, parameters) -> (a_next, yt_pred, cache)`, `rnn_cell_backward(da_next, cache) -> dict`,
`lstm_forward(x, a0, parameters)` and their like. The outputs that are asked are those whose gradients the backward
function takes, by the names that the forward function returns. Keys of parameters are read off the source.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any

import numpy as np

from gradcheck.conventions.backward_calls import CACHE
from gradcheck.conventions.layer_functions import is_real, source
from gradcheck.conventions.offer import Pair
from gradcheck.conventions.roles import arguments, role
from gradcheck.conventions.trial_data import normal, weights
from gradcheck.conventions.user_calls import attempt, steady
from gradcheck.conventions.weights_of import spellings

Function = Callable[..., Any]
Shape = tuple[int, ...]
ENTERS, STATE, COLUMNS, STEPS, LEAVES = 2, 4, 5, 3, 6
"""Sizes, all different: features, units of the state, samples, steps in time, outputs."""

_SHAPES: tuple[tuple[str, Shape], ...] = (
    (r"W(ax|xa|xh|hx|x)", (STATE, ENTERS)),
    (r"W(aa|hh|h|a)", (STATE, STATE)),
    (r"W(ya|ay|hy|yh|y)|V", (LEAVES, STATE)),
    (r"W\w", (STATE, STATE + ENTERS)),
    (r"b_?(y|q)", (LEAVES, 1)),
    (r"b\w*", (STATE, 1)),
)
"""Shapes of parameters by their keys."""
_KEY = r"{}\s*(?:\[|\.get\()\s*[\"'](\w+)[\"']\s*[\],)]"
"""How the source reads a key of the dict of this name."""


@dataclass(frozen=True)
class Cell:
    """A cell that runs.

    Attributes
    ----------
    forward, backward: its two functions.
    data: arguments of the forward function besides the parameters, by name.
    parameters: arrays by key; `holder`: the argument that takes them.
    outputs: places of the outputs that are asked in what the forward function returns.
    """

    forward: Function
    backward: Function
    data: Mapping[str, Any]
    parameters: Mapping[str, Any]
    holder: str
    outputs: tuple[int, ...]

    def ahead(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """What the forward function returns."""
        own: dict[str, Any] = {name: np.array(given[name]) for name in self.data}
        own[self.holder] = {key: np.array(given[key]) for key in self.parameters}
        with steady():
            return tuple(self.forward(**own))

    def answers(self, cotangents: Sequence[Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """The gradients by the name of what they belong to; without those that the backward function leaves out."""
        cache = self.ahead(given)[-1]
        with steady():
            returned = self.backward(*(np.array(c) for c in cotangents), cache)
        if not isinstance(returned, Mapping):
            raise TypeError(f"it returns a {type(returned).__name__}, no dict of gradients")
        found = {}
        for name in (*self.data, *self.parameters):
            known = [name, name.removesuffix("t")] if name in self.data else [name]
            spelled = (s for stem in known for s in spellings(stem) if s != stem and s in returned)
            if (key := next(spelled, None)) is not None:
                found[name] = returned[key]
        return found


def cell_pairs(
    layers: Iterator[tuple[str, str, str]], helpers: Mapping[str, Function]
) -> Iterator[tuple[Pair, tuple[str, str], str] | tuple[str, str]]:
    """Pairs with the names of their functions and a note; or the functions of a cell and why it was not asked."""
    for name, forward, backward in layers:
        functions = helpers[forward], helpers[backward]
        asked = [p.name for p in arguments(functions[0]) or ()]
        holder = next((a for a in asked if role(a) == "parameters"), None)
        keys = [] if holder is None else _keys(functions, holder, helpers)
        if holder is None or len(asked) < 2 or not keys or not all(map(_is_data, [a for a in asked if a != holder])):
            continue
        cell = _cell(*functions, asked, holder, keys)
        if isinstance(cell, str):
            yield f"{forward} and {backward}", cell
        else:
            yield _pair(name, cell)


def _is_data(argument: str) -> bool:
    return re.fullmatch(r"x_?t?|[ahcs]_?(prev|0|t_1)|[ahcs]_?init(ial)?", argument) is not None


def _keys(functions: Sequence[Function], holder: str, helpers: Mapping[str, Function]) -> list[str]:
    """Keys that the functions read, and the helpers that they call."""
    texts = [source(function) for function in functions]
    texts += [source(helpers[name]) for name in sorted(set(re.findall(r"\w+", texts[0])) & set(helpers))]
    return list(dict.fromkeys(key for text in texts for key in re.findall(_KEY.format(re.escape(holder)), text)))


def _cell(forward: Function, backward: Function, asked: Sequence[str], holder: str, keys: Sequence[str]) -> Cell | str:
    """The cell, for one step or over time, whichever runs; or why neither does."""
    shapes = {key: next((s for pattern, s in _SHAPES if re.fullmatch(pattern, key)), None) for key in keys}
    if None in shapes.values():
        return f"the shape of {holder}[{next(k for k, s in shapes.items() if s is None)!r}] is not known"
    parameters = weights({key: shape for key, shape in shapes.items() if shape is not None})
    why = ""
    for entering in ((ENTERS, COLUMNS), (ENTERS, COLUMNS, STEPS)):
        data = {
            name: normal(entering if name.startswith("x") else (STATE, COLUMNS), 30 + k)
            for k, name in enumerate(asked)
            if name != holder
        }
        cell = Cell(forward, backward, data, parameters, holder, ())
        returned, wrong = attempt(partial(cell.ahead, {**cell.data, **cell.parameters}))
        if wrong is not None:
            why = why or f"{forward.__name__} raised {type(wrong).__name__}: {wrong}"[:200]
            continue
        places = _outputs(forward, backward, returned)
        if isinstance(places, str):
            return places
        return Cell(forward, backward, data, parameters, holder, places)
    return why


def _outputs(forward: Function, backward: Function, returned: Sequence[Any]) -> tuple[int, ...] | str:
    """Which outputs the backward function takes gradients of: by name where the forward function's return tells."""
    asked = [p.name for p in arguments(backward) or ()]
    if not asked or not CACHE.fullmatch(asked[-1]):
        return f"{backward.__name__} does not take a cache last"
    names = _returned_names(forward)
    stems = [re.sub(r"^(d|grad)_?", "", name) for name in asked[:-1]]
    if len(names) == len(returned) and set(stems) <= set(names):
        places = tuple(map(names.index, stems))
    else:
        places = tuple(range(len(stems)))
    if not places or len(returned) <= max(places) or not all(is_real(returned[k]) for k in places):
        return f"{forward.__name__} does not return what {backward.__name__} takes gradients of"
    return places


def _returned_names(function: Function) -> list[str]:
    """Names in the function's last return statement, "" for a part that is none; [] where it returns one thing."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return []
    last = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)][-1:]
    parts = last[0].elts if last and isinstance(last[0], ast.Tuple) else []
    return [part.id if isinstance(part, ast.Name) else "" for part in parts]


def _pair(name: str, cell: Cell) -> tuple[Pair, tuple[str, str], str] | tuple[str, str]:
    shown = f"{cell.forward.__name__} and {cell.backward.__name__}"
    usual = {**cell.data, **cell.parameters}
    here, _ = attempt(lambda: [cell.ahead(usual)[k] for k in cell.outputs])
    found, wrong = attempt(lambda: cell.answers([np.full(np.shape(o), 0.75) for o in here], usual))
    if wrong is not None:
        return shown, f"{cell.backward.__name__} raised {type(wrong).__name__}: {wrong}"[:300]
    moved = [key for key in cell.parameters if _matters(cell, usual, key, here)]
    wrt = [*(d for d in cell.data if d in found), *(key for key in cell.parameters if key in moved or key in found)]

    def given(arrays: Sequence[Any]) -> dict[str, Any]:
        return {**usual, **dict(zip(wrt, arrays, strict=True))}

    def f(*arrays: Any) -> Any:
        returned = cell.ahead(given(arrays))
        asked = tuple(returned[k] for k in cell.outputs)
        return asked[0] if len(asked) == 1 else asked

    def vjp(cotangent: Any, *arrays: Any) -> Any:
        cotangents = cotangent if len(cell.outputs) > 1 else (cotangent,)
        answers = cell.answers(cotangents, given(arrays))
        return tuple(answers.get(name) for name in wrt)

    own = update_wrapper(f, cell.forward)
    own.argument_names = tuple(wrt)  # type: ignore[attr-defined] # read by input_names
    inputs = tuple(usual[name] for name in wrt)
    pair = Pair(name, "vjp", own, update_wrapper(vjp, cell.backward), inputs, shown=shown)
    asked = ", ".join(f"{n} {np.shape(usual[n])}" for n in wrt)
    left = [d for d in cell.data if d not in found]
    note = f"{name}: samples are columns; asked at {asked}" + (f"; no gradient of {', '.join(left)}" if left else "")
    return pair, (cell.forward.__name__, cell.backward.__name__), note


def _matters(cell: Cell, usual: Mapping[str, Any], key: str, here: Sequence[Any]) -> bool:
    """Whether the outputs that are asked depend on this parameter, as their values tell."""
    there, wrong = attempt(lambda: cell.ahead({**usual, key: usual[key] + 0.25}))
    return wrong is None and not all(np.array_equal(there[k], h) for k, h in zip(cell.outputs, here, strict=True))
