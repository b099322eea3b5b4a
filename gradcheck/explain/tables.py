"""A derivation as titled tables of text, the same for the console and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.errors import printable
from gradcheck.explain.derivation_parts import Adjoint, Derivation, LocalDerivative, ParameterPaths, Step
from gradcheck.explain.formula_words import quoted
from gradcheck.oracle.path_enumeration import spaced
from gradcheck.problem import LEAVES

MOST_ROWS = 60
"""Maximum number of rows of one table; rows beyond are counted."""

MOST_PARAMETERS = 12
"""Maximum number of parameters whose paths are listed."""

MOST_FACTORS = 8
"""Maximum number of factors of a product that are written out; of a longer one, only the product is."""

LONGEST = 90
"""Maximum number of characters of a formula on one line; JSON contains it in full."""

Row = tuple[str, ...]

MARKS = {
    "shared": "  ◆ shared, used {uses} times",
    "again": "  ↑ shared, shown above",
    "continued": "  ↓ continued below",
}
"""The remark behind a node of the tree."""


@dataclass(frozen=True)
class TreeRow:
    """One line of the tree: the guide that leads to it, the node, what it computes, and a remark."""

    guide: str
    name: str
    text: str
    mark: str


@dataclass(frozen=True)
class Section:
    """A title, lines of prose, a tree or a table, and a closing line about what was cut."""

    title: str
    lines: tuple[str, ...] = ()
    tree: tuple[TreeRow, ...] = ()
    columns: Row = ()
    rows: tuple[Row, ...] = ()
    rest: str = ""


def sections(derivation: Derivation) -> list[Section]:
    """Everything that a derivation shows, in the order of backprop."""
    made = [_forward(derivation), _local(derivation), _paths(derivation), _adjoints(derivation)]
    made.append(_gradients(derivation))
    if derivation.literal is not None:
        made.append(_literal(derivation))
    return [section for section in made if section.lines or section.tree or section.rows or section.rest]


def head(derivation: Derivation) -> tuple[str, str, tuple[str, ...]]:
    """(address, sentence, lines: the loss's value and the form of the graph, then remarks)."""
    form = "" if derivation.form == "graph" else f"   ({derivation.form} form)"
    loss = f"{quoted(derivation.loss)} = {number(derivation.value)}{form}"
    return (
        printable(derivation.address),
        printable(derivation.sentence),
        tuple(map(printable, (loss, *derivation.notes))),
    )


def number(value: float) -> str:
    """Six digits, without a minus before zero."""
    return f"{value + 0.0:.6g}"


def shown(value: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """A number, or an array on one line with its first and last entries."""
    if value.ndim == 0:
        return number(float(value))
    if value.ndim > 4:  # NumPy shortens long axes only, and prints all of (2, 2, 2, ...)
        return f"{value.size} numbers" if value.size > 6 else ", ".join(number(float(v)) for v in value.flat)
    edge = 2 if value.ndim <= 2 else 1
    text = np.array2string(
        value, threshold=6, edgeitems=edge, separator=", ", formatter={"float_kind": lambda v: f"{v + 0.0:.4g}"}
    )
    return " ".join(text.split()).replace("...", "…")


def _forward(derivation: Derivation) -> Section:
    steps = {step.name: step for step in derivation.steps}
    body = [line for line in derivation.tree if line.mark != "rest"]
    rest = next((line.name for line in derivation.tree if line.mark == "rest"), "")
    rows = []
    for guide, line in zip(_guides([line.depth for line in body]), body, strict=True):
        step = steps[line.name]
        constant = step.op == "constant" and not step.shape
        mark = "" if constant else MARKS.get(line.mark, "").format(uses=step.uses)
        name, text = (number(float(step.value)), "") if constant else (step.name, _computes(step, steps))
        rows.append(TreeRow(guide, printable(name), printable(text), mark))
    more = f"… {rest} more nodes; --format json has them" if rest else ""
    return Section("Forward: the graph, from the loss down", tree=tuple(rows), rest=more)


def _computes(step: Step, steps: Mapping[str, Step]) -> str:
    shape = f"  {step.shape}" if step.shape else ""
    if step.op in LEAVES:
        return f" = {shown(step.value)}{shape}  {step.op}"
    arguments = [_argument(name, steps) for name in step.arguments]
    attributes = [f"{key}={value}" for key, value in step.attributes.items()]
    return f" = {step.op}({', '.join([*arguments, *attributes])}) = {shown(step.value)}{shape}"


def _argument(name: str, steps: Mapping[str, Step]) -> str:
    """An argument's name; for a scalar constant its value."""
    step = steps.get(name)
    return number(float(step.value)) if step is not None and step.op == "constant" and not step.shape else name


def _guides(depths: Sequence[int]) -> Iterator[str]:
    """The lines that join a tree's rows, for the depth of each row."""
    open_below: list[set[int]] = []
    waiting: set[int] = set()
    for depth in reversed(depths):  # levels that continue below a row
        waiting = {d for d in waiting if d <= depth}
        open_below.append(set(waiting))
        waiting.add(depth)
    for depth, going_on in zip(depths, reversed(open_below), strict=True):
        if not depth:
            yield ""
            continue
        bars = "".join("│  " if d in going_on else "   " for d in range(1, depth))
        yield bars + ("├─ " if depth in going_on else "└─ ")


def _local(derivation: Derivation) -> Section:
    rows: list[Row] = []
    for step in reversed(derivation.steps):
        for local in step.locals:
            rows += _local_rows(local)
    return _table("Local derivatives, by SymEngine", ("formula", "value"), rows)


def _local_rows(local: LocalDerivative) -> Iterator[Row]:
    name = f"d{quoted(local.node)}/d{quoted(local.argument)}"
    which = f"  (argument {local.slot + 1})" if local.repeated else ""
    kink = "  at a kink" if local.kink else ""
    if local.value is not None:
        value = number(local.value) + kink
    else:
        entries = [f"{_at(name, to, of)} = {number(d)}" for to, of, d in local.entries[:2]]
        rest = f", … {spaced(local.total)} in all" if local.total > 2 else ""
        value = ", ".join(entries) + rest + kink
    first, *others = local.formulas or (name,)
    yield printable(_short(first) + which), printable(value)
    for line in others if local.value is not None or " if " in first else ():
        yield printable(_short(line)), ""


def _at(name: str, to: tuple[int, ...], of: tuple[int, ...]) -> str:
    upper, _, lower = name.partition("/d")
    return f"{upper}{_index(to)}/d{lower}{_index(of)}"


def _index(index: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, index))}]" if index else ""


def _paths(derivation: Derivation) -> Section:
    rows: list[Row] = []
    for block in derivation.paths[:MOST_PARAMETERS]:
        rows += _path_rows(block)
    title = f"Paths to {printable(quoted(derivation.loss))}: the derivative is the sum of their products"
    hidden = len(derivation.paths) - MOST_PARAMETERS
    rest = f"… and {hidden} more parameters; --entry NAME shows the paths of one" if hidden > 0 else ""
    arrays = any(block.index for block in derivation.paths[:MOST_PARAMETERS]) and len(derivation.paths) > 1
    lines = ("of arrays, the first entry; --entry 'NAME[0,1]' chooses another",) if arrays else ()
    return Section(title, lines, columns=("from", "path", "product"), rows=tuple(rows), rest=rest)


def _path_rows(block: ParameterPaths) -> Iterator[Row]:
    for k, path in enumerate(block.paths):
        factors = [bracketed(number(f)) for f in path.factors] if path.factors is not None else []
        product = "kink" if np.isnan(path.product) else number(path.product)
        text = f"{' · '.join(factors)} = {product}" if 1 < len(factors) <= MOST_FACTORS else product
        yield printable(block.entry) if not k else "", printable(" → ".join(path.nodes)), text
    more = block.count - len(block.paths)
    if more:
        whole = f"{spaced(block.count)} path{'s' * (block.count != 1)} in all"
        yield "" if block.paths else printable(block.entry), f"… {whole}, {spaced(more)} not shown", ""
    elif len(block.paths) > 1:
        yield "", "sum", added([path.product for path in block.paths])
    elif not block.paths:
        yield printable(block.entry), "no path", "0"


def added(terms: Sequence[float]) -> str:
    """The sum as text: 7 + 2 = 9."""
    total = number(float(np.sum(terms)))
    return f"{' + '.join(bracketed(number(t)) if k else number(t) for k, t in enumerate(terms))} = {total}"


def bracketed(text: str) -> str:
    """A number in brackets if it is negative, for use in a sum or product."""
    return f"({text})" if text.startswith("-") else text


def _adjoints(derivation: Derivation) -> Section:
    values = {row.name: row for row in derivation.adjoints}
    local = {(d.node, d.slot): d.value for step in derivation.steps for d in step.locals}
    loss = quoted(derivation.loss)
    rows: list[Row] = []
    for row in derivation.adjoints:
        messages = []
        for message in row.contributions:
            upstream, factor = values[message.user].value, local[message.user, message.slot]
            product = ""
            if factor is not None and not upstream.ndim:
                product = f"{number(float(upstream))} · {bracketed(number(factor))} "
            messages.append(f"{product}from {message.user}")
        text = ", ".join(messages) or ("by definition" if row.name == derivation.loss else "nothing uses it")
        rows.append((printable(f"d{loss}/d{quoted(row.name)}"), _summed(row), printable(_short(text))))
    return _table("Backward: adjoints, in reverse topological order", ("adjoint", "value", "passed back"), rows)


def _summed(row: Adjoint) -> str:
    """The sum as text at a branch: 7 + 2 = 9."""
    terms = [message.value for message in row.contributions]
    if len(terms) < 2:
        return shown(row.value)
    if not row.value.ndim:
        return added([float(t) for t in terms[:8]]) if len(terms) <= 8 else f"{len(terms)} terms = {shown(row.value)}"
    return f"{' + '.join(map(shown, terms))} = {shown(row.value)}" if row.value.size <= 3 else shown(row.value)


def _gradients(derivation: Derivation) -> Section:
    rows: list[Row] = []
    for g in derivation.gradients:
        value = "not reached, see above" if g.value is None else shown(g.value)
        count = "" if g.paths is None else spaced(g.paths)
        name = f"d{quoted(derivation.loss)}/d{quoted(g.parameter)}"
        rows.append((printable(name), printable(value), count, printable(_short(g.formula or ""))))
    return _table("Gradients", ("gradient", "value", "paths", "closed form"), rows)


def _literal(derivation: Derivation) -> Section:
    literal = derivation.literal
    assert literal is not None
    often = ", ".join(f"{v} {n} times" for v, n in literal.visits.items() if n > 1)
    lines = (
        'S2 prints "for n = 1, ..., |V| and v in back(v_{n-1})": read literally, that comes to v once for every',
        "vertex that v feeds, and passes the whole in_grad[v] back each time.",
        printable(f"Visited more than once here: {often or 'no neuron'}."),
        f"{literal.wrong} of {len(literal.rows)} weight gradients come out wrong.",
    )
    rows = tuple(
        (printable(w), number(right), number(printed), "" if np.isclose(right, printed, rtol=1e-9, atol=0) else "wrong")
        for w, right, printed in literal.rows
    )
    title = "The printed pseudo-code, read literally"
    return Section(title, lines, columns=("weight", "right", "literal", ""), rows=rows)


def _table(title: str, columns: Row, rows: list[Row]) -> Section:
    hidden = len(rows) - MOST_ROWS
    rest = f"… and {hidden} more; --format json has them" if hidden > 0 else ""
    return Section(title, columns=columns, rows=tuple(rows[:MOST_ROWS]), rest=rest)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
