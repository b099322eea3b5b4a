"""Answers graphs with an engine's own nodes: leaves, ops, the sweep of the loss, and the gradients read back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.array_forms import renamed
from gradcheck.conventions.changed_operands import operand_warnings
from gradcheck.conventions.composed_ops import composed_ops
from gradcheck.conventions.guarded_logs import GuardedLog, guarded_log
from gradcheck.conventions.held_numbers import PLAIN, read
from gradcheck.conventions.in_place_ops import in_place_warnings
from gradcheck.conventions.offer import Contents, Offer
from gradcheck.conventions.other_functions import other_functions
from gradcheck.conventions.repeated_sweeps import NEITHER, remarks
from gradcheck.conventions.spellings import (
    FUNCTIONS,
    OPERATORS,
    REFLECTED,
    Spelling,
    at_the_door,
    misfit,
    numpys,
    refused,
)
from gradcheck.conventions.value_class import SAMPLE, ValueClass, seeded
from gradcheck.problem import LEAVES, OPS, Graph, Node
from gradcheck.problem.walks import ancestors

Gradients = Callable[[Graph, Mapping[str, Any]], tuple[Any, dict[str, Any], dict[str, Any]]]

WHOLE_NUMBERS, AFTER_A_RESET = "with whole numbers", "after a reset"
"""How else the same gradient is asked for: leaves made from ints, and leaves swept before and then reset."""


def engine(convention: str, name: str, uses: ValueClass, contents: Contents) -> Offer:
    """The offer of a class of numbers: its ops are those that a trial did not refuse."""
    ops = dict(spelled_ops(uses, contents, float))
    return offer_of(
        convention,
        name,
        uses,
        contents,
        ops,
        Engine(uses, ops, scalars=True),
        lacking_forms(uses, ops, float),
        float,
    )


def offer_of(
    convention: str,
    name: str,
    uses: ValueClass,
    contents: Contents,
    spelled: Mapping[str, Spelling],
    answers: Engine,
    lacking: Iterable[str],
    sample: Callable[[float], Any],
) -> Offer:
    """The offer of a class of nodes, with what was found in words."""
    repeated = [] if uses.pulled or uses.asks is not None else list(remarks(uses, sample))
    changed = [] if uses.pulled or uses.asks is not None else list(in_place_warnings(uses, sample))
    changed += operand_warnings(uses, spelled, sample)
    dtype = "float32" if contents.names.get("DTYPE") == "float32" else _dtype(uses, sample)
    answers.single = dtype == "float32"
    forms: dict[str, Callable[..., Any]] = {}
    if answers.whole_numbers:
        forms[WHOLE_NUMBERS] = answers.with_whole_numbers
    if uses.reset is not None:
        forms[AFTER_A_RESET] = answers.after_a_reset
    others = dict(other_functions(spelled, uses, sample))
    spelled = {op: spelling for op, spelling in spelled.items() if op not in others}
    answers.guard = guarded_log(spelled.get("log"), spelled.get("add"), uses, sample)
    operators = operators_of(spelled)
    named = ", ".join(sorted(s.name for s in spelled.values() if s.name))
    lacking = tuple(lacking)
    data = _called(uses, uses.data)
    title = f"class {name}: .{data}, .{_called(uses, uses.grad)}, {uses.sweep_text.format('root')}"
    if uses.pulled:
        told = f"root.{uses.seed} = 1, then " if uses.seed else ""
        title = f"class {name}: .{data}, {told}x.{uses.grad}()"
    if uses.asks is not None:
        swept = f"{uses.sweep_text.format('root')}, " if uses.sweep_text else ""
        title = f"class {name}: .{data}, {swept}{uses.asks.text.format('x', root='root')}"
    title += f"; operators {operators}" if operators else ""
    title += f"; functions {named}" if named else ""
    return Offer(
        convention,
        title,
        name=name,
        claims=frozenset(
            {
                name,
                *(known for names in FUNCTIONS.values() for known in names if known in contents.helpers),
                *(() if uses.asks is None else uses.asks.text.split("(")[:1]),
            }
        ),
        functions={"gradients": answers.gradients},
        ops=frozenset(spelled),
        scalars=answers.scalars,
        dtype=dtype,
        forms=forms,
        lacking=lacking,
        notes=(*_how(uses), *answers.notes, *(line for line in repeated if not line.endswith(NEITHER))),
        limits=(*(line for line in repeated if line.endswith(NEITHER)), *others.values()),
        warnings=(*(() if answers.guard is None else (answers.guard.sentence,)), *changed),
        words={
            **_words(uses, spelled, _inside(uses, sample)),
            **_number_words(uses),
            **answers.words,
            **_wrapped(spelled, lacking),
            **composed_ops(uses, spelled, sample),
        },
    )


def operators_of(spelled: Mapping[str, Spelling]) -> str:
    """The operators that a class offers, such as "+ * -"."""
    return " ".join(
        text.replace("{0}", "").replace("{1}", "").strip()
        for op, (_, _, text) in OPERATORS.items()
        if op in spelled and spelled[op].infix
    )


class Engine:
    """The functions of the native form on top of a class of nodes."""

    whole_numbers = True
    """Whether leaves may be made from ints."""
    single = False
    """Whether it computes in float32: what it answers in more digits, as for arrays that it keeps, is rounded."""
    notes: tuple[str, ...] = ()
    """What was found about the class besides, one sentence each."""
    guard: GuardedLog | None = None
    """The constant that its log adds to its argument."""
    words: Mapping[str, str] = MappingProxyType({})
    """How forms of ops with attributes are written, by op and attributes, such as "op sum axis"."""

    def __init__(self, uses: ValueClass, spelled: Mapping[str, Spelling], *, scalars: bool) -> None:
        self._uses = uses
        self._spelled = spelled
        self.scalars = scalars

    def gradients(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """Value, gradients by parameter, and the adjoints of inner nodes where the engine keeps them."""
        return self._swept(graph, self._leaves(graph, point, self._number))

    def with_whole_numbers(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """The same, leaves with whole values made from ints."""
        return self._swept(graph, self._leaves(graph, point, self._whole))

    def after_a_reset(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """The same, on leaves that were swept once before and then reset, as in a training loop."""
        leaves = self._leaves(graph, point, self._number)
        self._swept(graph, leaves)
        assert self._uses.reset is not None, "the form is offered only with a reset"
        for leaf in leaves.values():
            self._uses.reset(leaf)
        return self._swept(graph, leaves)

    def _leaves(self, graph: Graph, point: Mapping[str, Any], made: Callable[[Any], Any]) -> dict[str, Any]:
        leaves = {}
        for i in graph.order.tolist():
            name = graph.names[i]
            if graph.op(i) in ("input", "parameter"):
                if self.scalars and np.ndim(point[name]):
                    raise NotImplementedError("arrays")
                leaves[name] = self._uses.make(made(point[name]))
        return leaves

    def _evaluated(self, graph: Graph, leaves: Mapping[str, Any]) -> dict[str, Any]:
        """Every node by name; the loss is one even where it depends on no leaf."""
        nodes: dict[str, Any] = dict(leaves)
        for i in graph.order.tolist():
            node = graph.node(int(i))
            if node.op == "constant":
                value = np.asarray(node.value)
                nodes[node.name] = float(value) if not value.ndim else value
            elif node.inputs:
                spelling, given = self._spelling(graph, node)
                nodes[node.name] = self._applied(spelling, [nodes[name] for name in node.inputs], given, node.op)
        root = nodes[graph.names[graph.loss]]
        if not isinstance(root, self._uses.kind):
            nodes[graph.names[graph.loss]] = self._uses.make(self._number(root))
        return nodes

    def _swept(self, graph: Graph, leaves: Mapping[str, Any]) -> Any:
        if self._uses.pulled and not self._uses.seed and len(ancestors(graph, graph.loss)) < len(graph):
            raise NotImplementedError("a node that the loss does not need: it would count as a loss itself")
        nodes = self._evaluated(graph, leaves)
        root = nodes[graph.names[graph.loss]]
        try:
            seeded(self._uses, root)
            self._uses.sweep(root)
        except Exception as wrong:
            if graph.arguments(graph.loss):
                raise
            raise NotImplementedError("the sweep of a bare leaf") from wrong
        parameters = [graph.names[i] for i in graph.parameters]
        gradients = {name: self._gradient(graph, name, nodes) for name in parameters}
        value = self._rounded(_of_shape(self._value(graph, root), graph.shapes[graph.loss]))
        if not self._uses.reveals:
            return value, gradients
        inner = self._revealed(graph, leaves, nodes)
        return value, gradients, {**gradients, **{n: self._gradient(graph, n, nodes) for n in inner}}

    def _value(self, graph: Graph, root: Any) -> Any:
        """The value of the loss, which the root holds."""
        return self._uses.value(root)

    def _revealed(self, graph: Graph, leaves: Mapping[str, Any], nodes: Mapping[str, Any]) -> list[str]:
        """The inner nodes whose gradient is read as well."""
        inner = [n for n, node in nodes.items() if n not in leaves and isinstance(node, self._uses.kind)]
        inner = [n for n in inner if not self._is_view(graph, n, nodes)]
        if self._uses.asks is None:
            return inner
        root = nodes[graph.names[graph.loss]]  # it, and what it does not depend on, may not be asked for
        return [n for n in inner if self._uses.asks.tells(root, nodes[n])]

    def _is_view(self, graph: Graph, name: str, nodes: Mapping[str, Any]) -> bool:
        """Whether a node shows the memory of an argument: engines may then keep one gradient for both."""
        index = graph.index(name)
        here = (index, *graph.arguments(index))
        if not any(graph.shapes[i] for i in here):
            return False
        near = [nodes[graph.names[i]] for i in here]
        values = [self._uses.value(node) for node in near if isinstance(node, self._uses.kind)]
        arrays = [value for value in values if isinstance(value, np.ndarray)]
        return any(np.shares_memory(arrays[0], other) for other in arrays[1:]) if arrays else False

    def _spelling(self, graph: Graph, node: Node) -> tuple[Spelling, Mapping[str, Any]]:
        """How a node is written, and the attributes that have to be given."""
        if node.op not in self._spelled:
            raise NotImplementedError(node.op)
        defaults = OPS[node.op].attributes
        return self._spelled[node.op], {k: v for k, v in node.attributes.items() if defaults.get(k, ...) != v}

    def _applied(self, spelling: Spelling, operands: list[Any], given: Mapping[str, Any], op: str) -> Any:
        if op == "log" and self.guard is not None:
            node = isinstance(operands[0], self._uses.kind)
            operands = [self.guard.argument(operands[0] if node else self._uses.make(self._number(operands[0])))]
        ways = list(beside_plain(operands, self._uses, spelling.infix, self._number))
        for way, named in product(ways, renamed(op, given) if self.scalars else (given,)):
            try:
                made = spelling.apply(*way, **named)
            except Exception as wrong:
                if refused(wrong) or (named and misfit(wrong)) or (way is not ways[-1] and about_plain(wrong, way[0])):
                    continue
                raise
            if isinstance(made, self._uses.kind):
                return made
        raise NotImplementedError(op)

    def _gradient(self, graph: Graph, name: str, nodes: Mapping[str, Any]) -> Any:
        node, root, index = nodes[name], nodes[graph.names[graph.loss]], graph.index(name)
        try:
            found = self._uses.gradient(node, root)
        except Exception:  # a root may refuse a leaf that it does not depend on, and a leaf may have nothing to tell
            if index in ancestors(graph, graph.loss):
                raise
            found = None
        value = _of_shape(self._uses.value(node), graph.shapes[index])
        untouched = found is None or (np.ndim(found) == 0 and np.ndim(value) > 0 and not np.any(found))
        return self._rounded(np.zeros(np.shape(value)) if untouched else _of_shape(found, graph.shapes[index]))

    def _rounded(self, found: Any) -> Any:
        """A value or gradient in the engine's precision; whole numbers, as leaves of ints may have, as others."""
        if isinstance(found, np.ndarray | np.generic) and found.dtype.kind in "iu":
            found = found.astype(np.float32 if self.single else float)
        wider = self.single and isinstance(found, np.ndarray | np.generic) and found.dtype == np.float64
        return found.astype(np.float32) if wider else found

    def _number(self, value: Any) -> Any:
        return float(value)

    def _whole(self, value: Any) -> Any:
        return int(value) if float(value).is_integer() else float(value)


def _of_shape(found: Any, shape: tuple[int, ...]) -> Any:
    """A single number without axes, where an engine keeps axes of length 1."""
    return np.reshape(found, ()) if shape == () and np.ndim(found) and np.size(found) == 1 else found


def beside_plain(operands: list[Any], uses: ValueClass, infix: bool, made: Callable[[Any], Any]) -> Iterator[list[Any]]:
    """The operands as they may be given: a number or array beside a node as it is, else as a leaf of `made(value)`."""
    plain = [not isinstance(operand, uses.kind) for operand in operands]
    if not any(plain) or (infix and not all(plain)):
        yield operands
    if any(plain):
        yield [uses.make(made(operand)) if alone else operand for operand, alone in zip(operands, plain, strict=True)]


def about_plain(wrong: BaseException, left: Any) -> bool:
    """Whether an op has no way with a plain operand: it is of another type, or NumPy took the call on itself."""
    return isinstance(wrong, TypeError | AttributeError) or at_the_door(wrong) or isinstance(left, np.ndarray)


def spelled_ops(uses: ValueClass, contents: Contents, sample: Any) -> Iterator[tuple[str, Spelling]]:
    """Each op on numbers that the class offers, with how it is spelled: on a number, a sum or mean shows nothing.

    A spelling that fails by a mistake of the class counts only where no other spelling of the op works.
    """
    for op in (op for op, row in OPS.items() if row.elementwise):
        broken: Spelling | None = None
        for spelling in _spellings(op, uses.kind, contents):
            operands = [uses.make(sample(value)) for value in _arguments(op)]
            try:
                works = isinstance(spelling.apply(*operands), uses.kind)
            except Exception as wrong:
                works = op == "pow" and spelling.infix and _takes(spelling, operands[0], 2.0, uses.kind)
                if not works and not refused(wrong) and not isinstance(wrong, TypeError):
                    broken = broken or spelling
            if works:  # of a power, an exponent that is a number may be all that is taken
                yield op, spelling
                break
        else:
            if broken is not None:
                yield op, broken


def _spellings(op: str, kind: type, contents: Contents) -> Iterator[Spelling]:
    if op in OPERATORS:
        method, apply, text = OPERATORS[op]
        if method in dir(kind):
            yield Spelling(apply, text, infix=True)
    for name in FUNCTIONS.get(op, ()):
        operands = ", ".join(f"{{{k}}}" for k in range(1, OPS[op].arity or 2))
        given = ", ".join(["{0}", *([operands] if operands else [])])
        if callable(getattr(kind, name, None)):
            if isinstance(inspect.getattr_static(kind, name), staticmethod):
                yield Spelling(getattr(kind, name), f"{kind.__name__}.{name}({given})", name=name)
                continue
            yield Spelling(_method(name), f"{{0}}.{name}({operands})", name=name)
        for written, function in (*contents.functions_of(name), *numpys(kind, name)):
            yield Spelling(function, f"{written}({given})", name=written.rpartition(".")[2])
    if op == "abs" and "__abs__" in dir(kind):
        yield Spelling(abs, "abs({0})")


def _method(name: str) -> Callable[..., Any]:
    return lambda node, *more, **given: getattr(node, name)(*more, **given)


def _arguments(op: str) -> tuple[float, ...]:
    return tuple(SAMPLE[k] for k in range(OPS[op].arity or 2))


def _takes(spelling: Spelling, left: Any, right: Any, kind: type) -> bool:
    try:
        return isinstance(spelling.apply(left, right), kind)
    except Exception as wrong:  # what a foreign operator raises says whether it offers the form
        return not refused(wrong)


def lacking_forms(uses: ValueClass, spelled: Mapping[str, Spelling], sample: Any) -> Iterator[str]:
    """Forms with a plain number that the class does not offer."""
    for op in REFLECTED:
        if op not in spelled or not spelled[op].infix:
            continue
        text = spelled[op].text
        x = uses.make(sample(SAMPLE[0]))
        if not _takes(spelled[op], x, 2.0, uses.kind):
            yield text.format("x", "2")
        if not _takes(spelled[op], 2.0, x, uses.kind):
            yield text.format("2", "x")
        if op == "pow" and not _takes(spelled[op], x, uses.make(sample(SAMPLE[1])), uses.kind):
            yield text.format("x", "y")


def _dtype(uses: ValueClass, sample: Any) -> str | None:
    """float32, where values, gradients or constants that float32 cannot hold come back rounded to it."""
    third = sample(1.0 / 3.0)
    held = np.asarray(uses.value(uses.make(third)))
    singles = (_is_single(held, third), _is_single(_slope(uses, third), third), _is_single(_summed(uses, third), third))
    return "float32" if any(singles) else None


def _is_single(found: Any, exact: Any) -> bool:
    found = np.asarray(found)
    return found.dtype == np.float32 or np.array_equal(found.astype(float), np.float32(exact).astype(float))


def _slope(uses: ValueClass, third: Any) -> Any:
    """The gradient of one leaf's product with another that holds a third; of no dtype where none is to be had."""
    try:
        leaf, other = uses.make(np.zeros_like(third) + 1.5 if np.ndim(third) else 1.5), uses.make(third)
        root = uses.ends(leaf * other)
        seeded(uses, root)
        uses.sweep(root)
        return np.asarray(uses.gradient(leaf, root), dtype=None)
    except Exception:  # a product that is not offered, or a sweep that breaks: the trials tell
        return np.zeros(())


def _summed(uses: ValueClass, third: Any) -> Any:
    """The value of a leaf of zeros plus a plain third; of no dtype where that is not offered."""
    try:
        return np.asarray(uses.value(uses.make(np.zeros_like(third) if np.ndim(third) else 0.0) + 1.0 / 3.0))
    except Exception:  # a sum with a plain number that is not offered: the trials tell
        return np.zeros(())


def _how(uses: ValueClass) -> Iterator[str]:
    if uses.pulled:
        told = f"the loss gets .{uses.seed} = 1, and" if uses.seed else "what nobody uses counts as the loss, and"
        yield f"gradients are pulled: {told} each leaf is asked by .{uses.grad}()"
    elif uses.seeds:
        yield f"the sweep does not set the gradient of its root, so .{uses.grad} is set to 1 before it"
    if not uses.reveals:
        yield "inner nodes keep no gradient, so only leaves are compared"
    if uses.reset is None:
        yield "no reset was found, so a fresh graph is made for each question"


def _wrapped(spelled: Mapping[str, Spelling], lacking: Sequence[str]) -> dict[str, str]:
    """The ops that take no plain number on one of their sides, so that a script has to make a leaf of it."""
    infix = {op: spelled[op].text for op in REFLECTED if op in spelled and spelled[op].infix}
    ops = [op for op, text in infix.items() if {text.format("x", "2"), text.format("2", "x")} & set(lacking)]
    return {"wrapped": " ".join(ops)} if ops else {}


def _number_words(uses: ValueClass) -> dict[str, str]:
    """How a number is written for a leaf of a class that takes arrays alone."""
    try:
        uses.make(SAMPLE[0])
    except Exception:  # a foreign class may refuse in any way
        return {"number": "np.array({})"}
    return {}


def _called(uses: ValueClass, name: str) -> str:
    """An attribute, or the call of a method."""
    return f"{name}()" if callable(getattr(uses.kind, name, None)) else name


def _inside(uses: ValueClass, sample: Callable[[float], Any]) -> str:
    """How the numbers of a leaf's gradient are read, with {} for what holds them."""
    try:
        leaf = uses.make(sample(SAMPLE[0]))
        root = uses.ends(leaf * uses.make(sample(SAMPLE[1])))
        seeded(uses, root)
        uses.sweep(root)
        held = read(leaf, uses.grad)
        if isinstance(held, (*PLAIN, uses.kind)):
            return "{}"
        text = f"{{}}.{_called(uses, uses.data)}"
        return f"np.array({text})" if isinstance(read(held, uses.data), list) else text
    except Exception:  # a foreign class, which the trials ask further
        return "{}"


def _words(uses: ValueClass, spelled: Mapping[str, Spelling], inside: str) -> dict[str, str]:
    words = {
        **({"leaf": uses.leaf} if uses.leaf else {}),
        "grad": inside.format(f"{{}}.{_called(uses, uses.grad)}") if uses.asks is None else uses.asks.text,
        "value": f"{{}}.{_called(uses, uses.data)}",
        "sweep": uses.sweep_text,
    }
    if uses.pulled:
        words |= {"grad": f"{{}}.{uses.grad}()", "sweep": f"{{}}.{uses.seed} = 1.0" if uses.seed else ""}
    elif uses.seeds:
        words["sweep"] = f"{{0}}.{uses.grad} = 1; {uses.sweep_text.replace('{}', '{0}')}"
    return words | {f"op {op}": spelling.text for op, spelling in spelled.items() if op not in LEAVES}
