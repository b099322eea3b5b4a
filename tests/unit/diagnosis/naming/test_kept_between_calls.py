"""What subjects keep from one call to the next, in ways of their own; each in a process of its own."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from gradcheck.diagnosis.naming.answer_match import Observed
from gradcheck.diagnosis.naming.kept_between_calls import idle_questions, questions, state_fault, unneeded_only
from gradcheck.faults.correct import tape
from gradcheck.subject.answer import NATIVE, Answer
from gradcheck.subject.process import ChildSubject

TAPE = Path(tape.__file__).read_text(encoding="utf-8")
RIGHT = """

KEPT = {}
right = gradients

def gradients(graph, point):
    value, grads, *_ = right(graph, point)
    grads = {name: np.array(g) for name, g in grads.items()}
    ANSWER
"""
HONEST = "return value, grads"
BY_NAME = """
        for name, g in grads.items():
            KEPT[name] = KEPT.get(name, 0.0) + g
        return value, {name: np.array(KEPT[name]) for name in grads}
"""
BY_LENGTH = """
        kept = KEPT.setdefault(len(graph), {})
        for name, g in grads.items():
            kept[name] = g = kept.get(name, 0.0) + g
            grads[name] = np.array(g)
        return value, grads
"""
CACHED = """
        return value, KEPT.setdefault(tuple(graph.names), grads)
"""
CACHED_FOR_GOOD = """
        return KEPT.setdefault(tuple(graph.names), (value, grads))
"""
AVERAGED = """
        for name, g in grads.items():
            KEPT.setdefault(name, []).append(g)
        return value, {name: np.mean(KEPT[name], axis=0) for name in grads}
"""
EVERY_THIRD = """
        KEPT["calls"] = KEPT.get("calls", 0) + 1
        return value, {name: g * (2.0 if KEPT["calls"] % 3 == 0 else 1.0) for name, g in grads.items()}
"""
MEMORY = """
        used = {name for node in (graph.node(i) for i in range(len(graph))) for name in node.inputs}
        return value, {name: g if name in used else np.resize(np.arange(0.3, 9.3), g.shape)
                       for name, g in grads.items()}
"""


def subject(folder: Path, answer: str) -> ChildSubject:
    file = folder / "engine.py"
    bent = RIGHT.replace("ANSWER", indent(dedent(answer).strip(), "    ").strip())
    file.write_text(TAPE + bent, encoding="utf-8")
    return ChildSubject(file)


@pytest.mark.parametrize(
    ("answer", "code"), [(BY_NAME, "F70"), (BY_LENGTH, "F70"), (CACHED, "F72"), (CACHED_FOR_GOOD, "F72")]
)
def test_what_is_kept(tmp_path: Path, answer: str, code: str) -> None:
    with subject(tmp_path, answer) as engine:
        fault, how = state_fault(engine, questions())
    assert fault is not None
    assert fault.code == code
    assert how


@pytest.mark.parametrize("answer", [HONEST, AVERAGED, EVERY_THIRD])
def test_no_name_for_the_right_one_nor_for_others(tmp_path: Path, answer: str) -> None:
    with subject(tmp_path, answer) as engine:
        assert state_fault(engine, questions()) == (None, "")


@pytest.mark.parametrize(("answer", "found"), [(MEMORY, True), (HONEST, False), (BY_NAME, False)])
def test_whatever_the_memory_held(tmp_path: Path, answer: str, found: bool) -> None:
    asked = idle_questions(frozenset({"mul", "sum"}))
    assert len(asked) == 9
    with subject(tmp_path, answer) as engine:
        observed = [Observed(case, engine, NATIVE) for case in asked]
        assert all(isinstance(one.theirs, Answer) for one in observed)
        assert unneeded_only(observed) is found
    assert idle_questions(frozenset({"mul"})) == []
