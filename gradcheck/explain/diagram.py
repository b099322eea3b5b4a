"""A derivation as a diagram: Mermaid and Graphviz text. Nodes show values, edges local derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradcheck.errors import printable
from gradcheck.explain.derivation_parts import Derivation, LocalDerivative, Step
from gradcheck.explain.formula_words import quoted
from gradcheck.explain.tables import number, shown
from gradcheck.problem import LEAVES

MOST_NODES = 200
"""Maximum number of nodes of a diagram, those nearest to the loss; larger diagrams are unreadable."""


@dataclass(frozen=True)
class _Edge:
    source: int
    target: int
    label: str


def mermaid(derivation: Derivation) -> str:
    """A Mermaid flowchart; shared nodes, parameters and the loss have classes of their own."""
    steps, cut = _steps(derivation)
    lines = ["flowchart LR", *([f"    %% {cut}"] if cut else [])]
    for k, step in enumerate(steps):
        first, second = _label(step)
        lines.append(f'    n{k}["{_entities(first)}<br/>{_entities(second)}"]:::{_kind(derivation, step)}')
    for edge in _edges(steps):
        label = f'|"{_entities(edge.label)}"|' if edge.label else ""
        lines.append(f"    n{edge.source} -->{label} n{edge.target}")
    lines += [
        "    classDef node fill:#ffffff,stroke:#555555",
        "    classDef leaf fill:#eeeeee,stroke:#999999",
        "    classDef parameter fill:#dbeafe,stroke:#1d4ed8",
        "    classDef shared fill:#fef3c7,stroke:#b45309,stroke-width:3px",
        "    classDef loss fill:#dcfce7,stroke:#15803d,stroke-width:2px",
    ]
    return "\n".join(lines) + "\n"


def dot(derivation: Derivation) -> str:
    """A Graphviz digraph, with the same colours."""
    colours = {"node": "#ffffff", "leaf": "#eeeeee", "parameter": "#dbeafe", "shared": "#fef3c7", "loss": "#dcfce7"}
    steps, cut = _steps(derivation)
    lines = ["digraph derivation {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled"];']
    lines += [f"  // {cut}"] if cut else []
    for k, step in enumerate(steps):
        kind = _kind(derivation, step)
        label = "\\n".join(map(_escapes, _label(step)))
        bold = ", penwidth=3" if kind == "shared" else ""
        lines.append(f'  n{k} [label="{label}", fillcolor="{colours[kind]}"{bold}];')
    for edge in _edges(steps):
        label = f' [label="{_escapes(edge.label)}"]' if edge.label else ""
        lines.append(f"  n{edge.source} -> n{edge.target}{label};")
    return "\n".join([*lines, "}"]) + "\n"


def _steps(derivation: Derivation) -> tuple[tuple[Step, ...], str]:
    steps = derivation.steps[-MOST_NODES:]
    hidden = len(derivation.steps) - len(steps)
    return steps, f"cut: {hidden} nodes further from the loss are not shown" if hidden else ""


def _label(step: Step) -> tuple[str, str]:
    what = step.op if step.op in LEAVES else f"{step.op}({', '.join(step.arguments)})"
    return printable(f"{step.name} = {shown(step.value)}"), printable(what + (f" {step.shape}" if step.shape else ""))


def _kind(derivation: Derivation, step: Step) -> str:
    if step.name == derivation.loss:
        return "loss"
    if step.uses > 1 and step.op != "constant":
        return "shared"
    if step.op == "parameter":
        return "parameter"
    return "leaf" if step.op in LEAVES else "node"


def _edges(steps: tuple[Step, ...]) -> Iterator[_Edge]:
    ids = {step.name: k for k, step in enumerate(steps)}
    for k, step in enumerate(steps):
        local = {d.slot: d for d in step.locals}
        for slot, argument in enumerate(step.arguments):
            if argument in ids:
                yield _Edge(ids[argument], k, _derivative(local[slot]) if slot in local else "")


def _derivative(local: LocalDerivative) -> str:
    name = f"d{quoted(local.node)}/d{quoted(local.argument)}"
    if local.value is not None:
        return printable(f"{name} = {number(local.value)}")
    return printable(f"{name}: {local.total} entries")


def _entities(text: str) -> str:
    """Text for a quoted Mermaid label, with entity codes for characters that Mermaid or HTML would interpret."""
    return "".join(f"#{ord(c)};" if c in '#"<>&`;\\' else c for c in text)


def _escapes(text: str) -> str:
    """Text for a quoted Graphviz label, with its special characters escaped."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
