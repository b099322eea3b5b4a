"""What a file declares of itself, `OPS` and `DTYPE`, arrives; anything of another form is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck.subject import Declared, InProcessSubject

ENGINE = "def gradients(graph, point): return 1.0, {}\n"


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("", Declared()),
        ("OPS = {'add', 'mul'}\nDTYPE = 'float32'", Declared(frozenset({"add", "mul"}), "float32")),
        ("OPS = ['add']\nDTYPE = 'float64'", Declared(frozenset({"add"}), "float64")),
        ("OPS = {'add': len, 'no such op': None}", Declared(frozenset({"add", "no such op"}))),
        ("OPS = ()", Declared(frozenset())),
        ("OPS = frozenset(str(k) for k in range(400))", Declared(frozenset(map(str, range(400))))),
    ],
)
def test_declarations_arrive(bench: Any, text: str, declared: Declared) -> None:
    assert bench.subject(f"{text}\n{ENGINE}").declared == declared


@pytest.mark.parametrize(
    "text",
    [
        "OPS = 'add'",
        "OPS = 3",
        "OPS = (name for name in ['add'])",
        "OPS = [str(k) for k in range(401)]",
        "OPS = ['add', 3]",
        "OPS = ['x' * 151]",
        "class Odd(list):\n    def __iter__(self): raise KeyError\nOPS = Odd(['add'])",
        "DTYPE = 'float16'",
        "DTYPE = ['float32']",
        "import numpy as np\nDTYPE = np.float32",
        "def __getattr__(name):\n    if name in ('OPS', 'DTYPE'): raise RuntimeError\n    raise AttributeError(name)",
    ],
)
def test_other_forms_are_ignored(bench: Any, text: str) -> None:
    assert bench.subject(f"{text}\n{ENGINE}").declared == Declared()


def test_a_callable_in_this_process_declares_what_it_is_told() -> None:
    assert InProcessSubject(lambda graph, point: (1.0, {})).declared == Declared()
    told = Declared(frozenset({"add"}), "float32")
    assert InProcessSubject(lambda graph, point: (1.0, {}), declared=told).declared == told


def test_a_module_that_raises_when_it_is_looked_at_cannot_be_imported(bench: Any) -> None:
    facts = bench.refused(bench.subject("def __getattr__(name): raise ValueError(name)\n"), "GC001")
    assert facts["type"] == "ValueError"


def test_an_object_in_the_place_of_the_module_cannot_be_imported(bench: Any) -> None:
    child = bench.subject("import sys\nclass Odd:\n    __slots__ = ()\nsys.modules[__name__] = Odd()\n")
    assert bench.refused(child, "GC001")["type"] in ("TypeError", "AttributeError")
