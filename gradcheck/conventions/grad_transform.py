"""`grad-transform`: a function `grad` that makes the gradient of a function, with a namespace like NumPy's (autograd).

A graph is evaluated with that namespace and with operators, and differentiated by `grad`, one parameter at a time, or
by all arguments in turn. Which ops it offers, and how they are written, is found out by trying.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from itertools import islice
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from gradcheck.conventions.applied_transforms import applied_transforms
from gradcheck.conventions.array_forms import Way, ways
from gradcheck.conventions.array_trials import Applied, alike, comfortable, is_bug
from gradcheck.conventions.held_numbers import plain
from gradcheck.conventions.offer import Contents, Found, Miss, Offer
from gradcheck.conventions.spellings import REFLECTED, refused
from gradcheck.problem import OPS, Graph
from gradcheck.problem.ops import Example

NAME = "grad-transform"
ABOUT = "a function grad(f) or gradient(f, x), and functions of NumPy's names (HIPS autograd)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})

TRANSFORMS = ("grad", "gradient", "elementwise_grad")
"""Names of the function that makes a gradient."""
NAMESPACES = ("numpy", "np", "anp")
"""Names in the file under which its own functions of arrays stand, if not in the file itself."""
POINT = 1.25
MOST = 2
"""Maximum number of functions that differentiate others that are tried: one of forward mode, one of reverse mode."""


class Operands:
    """What stands for the class of nodes: operators, indexing and nothing else, so that functions are found first."""

    __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = __neg__ = __matmul__ = __getitem__ = None


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """The first function of the file that makes gradients."""
    for name in TRANSFORMS:
        transform = contents.helpers.get(name)
        if transform is None:
            continue
        why = _refusal(transform)
        if why is not None:
            yield Miss(NAME, name, why)
            continue
        yield _offer(name, transform, contents)
        return
    if contents.claimed.isdisjoint(contents.own_classes) or contents.wanted:  # else the nodes themselves are tried
        for name, applied in islice(applied_transforms(contents), MOST):
            why = _refusal(applied)
            yield Miss(NAME, name, why) if why is not None else _offer(name.partition("(")[0], applied, contents, name)


def _refusal(transform: Callable[..., Any]) -> str | None:
    """Why a function makes no gradients of functions; None where it does."""
    try:
        slope = transform(lambda x: x * x)
        if not callable(slope):
            return "it does not return a function"
        first, second = float(slope(POINT)), float(slope(2 * POINT))
    except Exception as wrong:  # a function of that name may do anything
        return f"{type(wrong).__name__}: {wrong}"[:200]
    return None if np.isfinite([first, second]).all() else "it gives no finite number"


def _offer(name: str, transform: Callable[..., Any], contents: Contents, called: str = "") -> Offer:
    space, where = _namespace(contents)
    own = space is not contents.module
    answers = Transformed(transform, Functions(space) if own else contents)
    offered = {form.op: way for form, way in answers.examples() if way is not None}
    if not own and not any(way.name for way in offered.values()):  # it may differentiate NumPy's functions as they are
        answers = Transformed(transform, contents, Functions(np))
        offered = {form.op: way for form, way in answers.examples() if way is not None}
    lacking = [str(f) for f, way in answers.examples() if way is None and f.op in offered and f.op not in REFLECTED]
    functions = ", ".join(sorted({way.name for way in offered.values() if way.name}))
    where = "NumPy" if answers.patches and functions else where
    refusal = answers.refusal_of_constants()
    called = called or f"{name}(f)"
    limits = () if refusal is None else (f"{called} refuses a loss that does not depend on the argument: {refusal}",)
    title = f"{called}{f', functions of {where}' if where else ''}: {functions or 'operators alone'}"
    forms = {"by argument number": answers.by_argument} if answers.takes_arguments() else {}
    return Offer(
        NAME,
        title,
        name=name,
        claims=frozenset({name}),
        functions={"gradients": answers.gradients},
        ops=frozenset(offered),
        scalars=answers.scalars,
        forms=forms,
        lacking=tuple(lacking),
        limits=limits,
    )


def _namespace(contents: Contents) -> tuple[ModuleType, str]:
    """The module with functions like NumPy's, and its name in the file; the file itself where it has none."""
    for name in NAMESPACES:
        found = contents.names.get(name)
        if isinstance(found, ModuleType) and found.__name__ != "numpy":
            return found, name
    try:
        return import_module(f"{contents.module.__name__}.numpy"), "numpy"
    except ImportError:
        return contents.module, ""


class Transformed:
    """The functions of the native form on top of a function that makes gradients."""

    def __init__(self, transform: Callable[..., Any], space: Contents, further: Contents | None = None) -> None:
        self._transform = transform
        self._space = space
        self._further = further  # NumPy's functions, for a package that takes them as they are
        self._refuses_constants = False
        self.patches = False
        """Whether a function of NumPy itself was seen to be differentiated."""
        self._found: dict[Any, Way | None] = {}
        self.scalars = self.way(Applied("sum", ((2, 3),), dict(OPS["sum"].attributes))) is None

    def gradients(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """Value and gradients, one parameter at a time."""
        self._prepared(graph)
        values = {name: self._number(value) for name, value in point.items()}
        gradients = {}
        for name in (graph.names[i] for i in graph.parameters):
            loss = partial(self._of_one, graph, values, name)
            with warnings.catch_warnings(action="ignore"):  # of a loss that does not depend on it
                gradients[name] = self._transform(loss)(values[name])
        return plain(self._loss(graph, values)), gradients

    def _of_one(self, graph: Graph, values: Mapping[str, Any], name: str, value: Any) -> Any:
        return self._loss(graph, {**values, name: value})

    def by_argument(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """The same, of one function of all parameters, by the number of the argument."""
        self._prepared(graph)
        values = {name: self._number(value) for name, value in point.items()}
        names = [graph.names[i] for i in graph.parameters]

        def loss(*given: Any) -> Any:
            return self._loss(graph, {**values, **dict(zip(names, given, strict=True))})

        given = [values[name] for name in names]
        with warnings.catch_warnings(action="ignore"):
            gradients = {name: self._transform(loss, k)(*given) for k, name in enumerate(names)}
        return plain(self._loss(graph, values)), gradients

    def refusal_of_constants(self) -> str | None:
        """What is raised for a loss that does not depend on its argument; None where it has a gradient."""
        try:
            with warnings.catch_warnings(action="ignore"):
                self._transform(lambda x: 3.0)(POINT)
        except Exception as wrong:  # a foreign function may refuse in any way
            self._refuses_constants = True
            return f"{type(wrong).__name__}: {wrong}"[:200]
        return None

    def takes_arguments(self) -> bool:
        """Whether the argument can be chosen by its number."""
        try:
            return bool(np.isfinite(float(self._transform(lambda x, y: x * y, 1)(POINT, 2 * POINT))))
        except Exception:  # a foreign function may refuse in any way
            return False

    def examples(self) -> Iterator[tuple[Applied, Way | None]]:
        """Every op in each of its examples' forms, single numbers included, with the way of calling it."""
        for op, row in OPS.items():
            single: list[Example] = (
                [(((),) * (row.arity or 1), {})] if row.elementwise and not self._misses(row.attributes) else []
            )
            for shapes, attributes in (*single, *(() if self.scalars else row.examples)):
                form = Applied(op, shapes, {**row.attributes, **attributes})
                yield form, self.way(form)

    def way(self, form: Applied) -> Way | None:
        """How this form is called; None where its gradient is refused."""
        key = (form.key, form.shapes)
        if key not in self._found:
            self._found[key] = self._tried(form)
        return self._found[key]

    @staticmethod
    def _misses(attributes: Mapping[str, Any]) -> bool:
        return any(default is ... for default in attributes.values())

    def _tried(self, form: Applied) -> Way | None:
        values = comfortable(form.op, form.shapes)
        right = np.asarray(OPS[form.op].value(*values, **form.attributes))
        bug: Way | None = None
        for space in filter(None, (self._space, self._further)):
            for way in ways(form.op, form.attributes, len(values), Operands, space):
                try:
                    with np.errstate(all="ignore"):
                        came = plain(way.apply(*values, **form.attributes))
                        if alike(came, right) and self._differentiates(way, values, form, ends=not right.ndim):
                            self.patches = self.patches or (space is self._further and bool(way.name))
                            return way
                except Exception as wrong:  # whatever the foreign op raises
                    own = space is self._space
                    bug = way if own and bug is None and is_bug(wrong, form.attributes) else bug
        return bug

    def _differentiates(self, way: Way, values: list[Any], form: Applied, *, ends: bool) -> bool:
        """Whether a gradient comes out, whatever it is; the op itself is the loss where it `ends`."""

        def loss(first: Any) -> Any:
            out = way.apply(first, *values[1:], **form.attributes)
            space = self._space if self._further is None or "sum" in self._space.helpers else self._further
            return out if ends else space.helpers["sum"](out)

        return self._transform(loss)(values[0]) is not None

    def _prepared(self, graph: Graph) -> None:
        if self._refuses_constants and not _needed(graph).issuperset(graph.parameters):
            raise NotImplementedError("a leaf that the loss does not need")
        for i in graph.order.tolist():
            if graph.arguments(i) and self._way(graph, i) is None:
                raise NotImplementedError(str(self._form(graph, i)))

    def _form(self, graph: Graph, i: int) -> Applied:
        node = graph.node(i)
        return Applied(node.op, tuple(graph.shapes[j] for j in graph.arguments(i)), node.attributes)

    def _way(self, graph: Graph, i: int) -> Way | None:
        return self.way(self._form(graph, i))

    def _loss(self, graph: Graph, values: Mapping[str, Any]) -> Any:
        nodes: dict[str, Any] = dict(values)
        for i in graph.order.tolist():
            node = graph.node(int(i))
            if node.op == "constant":
                nodes[node.name] = self._number(node.value)
            elif node.inputs:
                way = self._way(graph, i)
                assert way is not None, "every node was looked at before"
                try:
                    nodes[node.name] = way.apply(*(nodes[name] for name in node.inputs), **node.attributes)
                except Exception as wrong:  # a form that it does not take, such as a power of two nodes
                    if refused(wrong):
                        raise NotImplementedError(node.op) from wrong
                    raise
        return nodes[graph.names[graph.loss]]

    def _number(self, value: Any) -> Any:
        return float(value) if not np.ndim(value) else np.array(value)


def _needed(graph: Graph) -> set[int]:
    """The nodes that the loss depends on, itself included."""
    found, waiting = set(), [int(graph.loss)]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += map(int, graph.arguments(node))
    return found


class Functions(Contents):
    """A namespace whose functions all count as its own, those that it wraps included."""

    def _own(self, value: object) -> bool:
        return True
