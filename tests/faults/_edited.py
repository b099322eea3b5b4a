"""Engines with one mistake each: `overwrite.py`, in which its own mistake is mended and another one is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENGINE = HERE / "overwrite.py"

ADDS_UP = {"                bars[a] = message\n": "                bars[a] = bars[a] + message\n"}
BY_NAME = {
    """\
    nodes = [graph.node(int(i)) for i in graph.order]
    values = forward(nodes, point)
    bars = {node.name: np.zeros(node.shape) for node in nodes}
    bars[graph.names[graph.loss]] = np.ones(())
""": """\
    nodes = {node.name: node for node in graph.nodes}
    loss = graph.names[graph.loss]
    values = forward([graph.node(int(i)) for i in graph.order], point)
    bars = {name: np.zeros(node.shape) for name, node in nodes.items()}
    bars[loss] = np.ones(())
""",
    "            for a, message in messages(node, bars[node.name], values):\n": (
        "            for a, message in messages(nodes[name], bars[name], values):\n"
    ),
}
"""The walk back goes by the names of nodes, in an order of its own."""

EDITS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "once_per_path": (
        "A node is visited once per path to the loss, and passes on all it has received each time.",
        {
            **ADDS_UP,
            **BY_NAME,
            "def gradients(graph, point):\n": '''\
def in_order(nodes, loss):
    """Arguments first, by depth-first search."""
    order, seen = [], set()

    def visit(name):
        if name in seen:
            return
        for a in nodes[name].inputs:
            visit(a)
        order.append(name)

    visit(loss)
    return order


def gradients(graph, point):
''',
            "    for node in reversed(nodes):\n        if node.inputs:\n": (
                "    for name in reversed(in_order(nodes, loss)):\n        if nodes[name].inputs:\n"
            ),
        },
    ),
    "tanh_at_output": (
        "The derivative of tanh is taken at its output: 1 - tanh(tanh(z))^2.",
        {**ADDS_UP, "(g * sech2(x),)": "(g * sech2(v),)"},
    ),
    "broadcast_not_summed": (
        "Of an operand that was broadcast, one copy's cotangent is kept, and the others are not added to it.",
        {
            **ADDS_UP,
            "Add up what broadcasting repeated.": "Back to the operand's shape.",
            "message = message.sum(axis=0)": "message = merge(message, 0)[0]",
            "message = message.sum(axis=axis, keepdims=True)": "message = merge(message, axis)",
            "def forward(nodes, point):\n": """\
def merge(message, axis):
    return message.take([0], axis=axis)


def forward(nodes, point):
""",
        },
    ),
    "wrong_forward": (
        "log is taken to the base 10, and its gradient is that of just this.",
        {
            **ADDS_UP,
            "from scipy.special import erfc\n": "from scipy.special import erfc\n\nBASE = 10.0\n",
            '"log": np.log,': '"log": lambda x: np.log(x) / np.log(BASE),',
            '"log": lambda g, v, x: (g / x,),': '"log": lambda g, v, x: (g / (x * np.log(BASE)),),',
        },
    ),
    "hangs": (
        "A node waits until all who use it have sent something, but the second one to send is not counted.",
        {
            **BY_NAME,
            "    bars = {name: np.zeros(node.shape) for name, node in nodes.items()}\n": """\
    uses = count_uses(nodes, loss)
    received = dict.fromkeys(nodes, 0)
    bars = {name: np.zeros(node.shape) for name, node in nodes.items()}
""",
            "    for node in reversed(nodes):\n        if node.inputs:\n": """\
    queue = [loss]
    while queue:
        name = queue.pop(0)
        if received[name] < uses[name]:
            queue.append(name)  # not yet: look again later
        elif nodes[name].inputs:
""",
            "                bars[a] = message\n": """\
                bars[a] = bars[a] + message
                if not received[a]:
                    queue.append(a)
                received[a] = 1
""",
            "    return answer(graph, values, bars)\n": '''\
    return answer(graph, values, bars)


def count_uses(nodes, loss):
    """How often each node is used on the way to the loss."""
    uses, found = dict.fromkeys(nodes, 0), [loss]
    for name in found:
        for a in nodes[name].inputs:
            uses[a] += 1
            if uses[a] == 1:
                found.append(a)
    return uses
''',
        },
    ),
}
"""By name: the sentence that the file begins with, and each text that is replaced, with what stands there instead."""


def replaced(text: str, old: str, new: str) -> str:
    """The text with `new` for `old`, which must stand in one place."""
    if text.count(old) != 1:
        raise ValueError(f"{text.count(old)} places have {old!r}")
    return text.replace(old, new)


def engine(name: str, folder: Path) -> Path:
    """The file of an engine, self-contained: written into `folder`/tests/faults, unless it stands here."""
    if name not in EDITS:
        return HERE / f"{name}.py"
    sentence, edits = EDITS[name]
    _, _, rest = ENGINE.read_text(encoding="utf-8").partition("\n")
    text = f'"""{sentence}"""\n{rest}'
    for old, new in edits.items():
        text = replaced(text, old, new)
    path = folder / "tests" / "faults" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
