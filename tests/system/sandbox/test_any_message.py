"""Ten thousand messages that no honest child sends, at the parent's end: an answer or a SubjectError, nothing else.

No process runs: a stand-in for the child answers each question with the frames that an honest child would send, one of
them bent, over a pipe. What is bent, and how, comes from a generator with a fixed seed.
"""

from __future__ import annotations

import json
import os
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from io import FileIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import HarnessFault, SubjectError
from gradcheck.judge.protocol import no_answer, protocol
from gradcheck.problem import MLP, Constant, GraphBuilder, Training
from gradcheck.subject import Answer, ChildSubject, TrainingAnswer, TrainingStep, received_answers, wire
from gradcheck.subject.channel import Channel
from gradcheck.verdict.finding import Finding

MESSAGES = 3_000
Frame = tuple[dict[str, Any], list[Any]]

build = GraphBuilder()
w, x = build.parameter("w", (2,)), build.input("x", (2,))
GRAPH = build.graph(build.sum(build.square(w * x), name="loss"))
POINT = {"w": np.array([1.0, -2.0]), "x": np.array([0.5, 3.0])}
TRAINING = Training("t", MLP((1, 1)), [[3.0]], [[4.0]], {"W1": [[2.0]], "b1": [1.0]}, 1, Constant(0.1), steps=2)

ANSWER = Answer(
    np.array(36.25),
    {"w": np.array([0.5, -36.0]), "odd": np.array(1)},
    {"loss": np.array(1.0), "w": np.zeros((0, 3))},
    ("point['w']",),
    operations=12,
)
STEPS = TrainingAnswer(
    tuple(TrainingStep(np.array([0]), {"W1": np.ones((1, 1)), "b1": np.ones(1)}) for _ in range(2)), ()
)
WHERE = {"file": "engine.py", "line": 3, "function": "gradients", "text": "1 / 0", "traceback": "..."}
ERRORS = {
    "load": (
        SubjectError("GC001", type="ImportError", message="no", **WHERE),
        SubjectError("GC002", file="engine.py", line=2, text="(", message="never closed"),
        SubjectError("GC003", file="engine.py", looked_for=["gradients"], found=["f"], near=[]),
        SubjectError("GC006", how="called sys.exit()", phase="loading"),
    ),
    "ask": (
        SubjectError("GC004", type="ValueError", message="no", **WHERE),
        SubjectError("GC006", how="called sys.exit(2)", phase="answering"),
        SubjectError("GC007", expected="a number", came="None", block=None),
        SubjectError("GC065", operations=10, what="counting was stopped"),
    ),
}
READY: Frame = ({"status": "ready", "held": {"memory": "partial"}}, [])
LOADED: Frame = (
    {
        "status": "loaded",
        "entry_points": ["gradients", "train"],
        "forms": ["after a reset"],
        "ops": ["add"],
        "dtype": "float64",
    },
    [],
)
BEGIN: Frame = ({"status": "begin"}, [])


def honest(do: str) -> Frame:
    if do == "train":
        return received_answers.training_to_wire(STEPS)
    return received_answers.answer_to_wire(ANSWER, received_answers.Vocabulary(GRAPH, POINT))


# --- ways to bend a message ------------------------------------------------------------------------------------------

VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**31,
        2**63,
        10**400,
        0.5,
        1e308,
        float("nan"),
        float("inf"),
        "",
        "GC012",
        "\ud800",
    ),
    *("x" * 5000, [], [None], ["a"], [["<f8", [2], 1]], [0] * 500, {}, {"a": {}}, {"unknown": ["w"]}, {"unknown": []}),
)
RUNS: tuple[Any, ...] = (
    *(["<f8", [0, 10**9, 10**9], 2], ["<f8", [10**9, 10**9], 1], ["<f8", [2**47, 2**47, 2**47], 1]),
    *(["<f8", [0], 10**6], ["<f8", [0], 10**15], ["<f8", [-1, -1], 1], ["<f8", [1] * 33, 1], ["<f8", [0] * 32, 2]),
    *(["|O", [1], 1], ["<M8[s]", [1], 1], ["|V8", [1], 1], ["<U4", [1], 1], ["f8", [1], 1], [["<f8"], [1], 1]),
    *(["<f8", [True], True], ["<f8", 3, 1], ["longdouble", [0, 2**40, 2**40], 1], None, {}, "x", []),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container within plain data and a key in it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in list(inner):
        yield value, key
        yield from places(each)


def bend_field(random: Random, data: dict[str, Any]) -> None:
    container, key = random.choice(list(places(data)))
    how = random.randrange(4)
    if how == 0:
        del container[key]
    elif how == 1 and isinstance(container, dict):
        container[random.choice(("more", "status", "id", "facts", "code", "adjoints", "operations"))] = container[key]
    elif how == 2 and isinstance(container, list):
        container.insert(key, container[key])
    else:
        container[key] = deepcopy(random.choice(VALUES))


def bend_run(random: Random, data: dict[str, Any]) -> None:
    runs = data["arrays"]
    runs[random.randrange(len(runs) + 1) :] = deepcopy(random.choices(RUNS, k=random.randint(1, 3)))


def bend_bytes(random: Random, frame: bytes) -> bytes:
    bent = bytearray(frame)
    for _ in range(random.randint(1, 4)):
        bent[random.randrange(len(bent))] = random.randrange(256)
    return bytes(bent)


def bend_length(random: Random, frame: bytes) -> bytes:
    magic, header, payload = wire.HEAD.unpack(frame[: wire.HEAD.size])
    lengths = (0, 1, header, payload, header + 8, payload + 8, 1 << 20, (1 << 31) - 1)
    head = wire.HEAD.pack(magic, random.choice((header, *lengths)), random.choice((payload, *lengths, 1 << 62)))
    return head + frame[wire.HEAD.size :]


def bend_text(random: Random, frame: bytes) -> bytes:
    """JSON that Python would not write, with lengths that are right."""
    _, length, payload = wire.HEAD.unpack(frame[: wire.HEAD.size])
    start = wire.HEAD.size
    data, body = frame[start : start + length], frame[start + length :]
    odd = random.choice(
        (
            *(b'{"id": NaN}', b"9" * 5000, b"[" * 20_000, b"\xff\xfe", b"", b"null", b"{" * 9, b'"' + b"x" * 900),
            *(b'{"id":1,' + data[1:], data + b" ", data + b"x", b'{"arrays": ' + b"9" * 4400 + b"}"),
            b'{"arrays": [' + b'["<f8", [0], 1],' * 3000 + b'["<f8", [0], 1]]}',
        )
    )
    return wire.HEAD.pack(b"gck1", len(odd), payload) + odd + body


def bend_end(random: Random, frame: bytes) -> bytes:
    return random.choice((frame[: random.randrange(len(frame))], frame * 2, frame + bytes(9), frame[1:]))


OF_DATA: Sequence[Callable[[Random, dict[str, Any]], None]] = (bend_field, bend_field, bend_field, bend_run)
OF_BYTES: Sequence[Callable[[Random, bytes], bytes]] = (bend_bytes, bend_length, bend_text, bend_end)


def bent(random: Random, header: dict[str, Any], arrays: list[Any]) -> bytes:
    """One frame, bent in one or two ways."""
    frame = b"".join(wire.pack(header, arrays))
    if random.random() < 0.6:
        length = wire.HEAD.unpack(frame[: wire.HEAD.size])[1]
        start = wire.HEAD.size
        data, body = json.loads(frame[start : start + length]), frame[start + length :]
        for _ in range(random.randint(1, 2)):
            if "arrays" in data and isinstance(data["arrays"], list):
                random.choice(OF_DATA)(random, data)
        text = json.dumps(data).encode()
        return wire.HEAD.pack(b"gck1", len(text), len(body)) + text + body
    return random.choice(OF_BYTES)(random, frame)


# --- a stand-in for the child ----------------------------------------------------------------------------------------


class Process:
    """What a channel wants of a process: three pipes, and that it lives."""

    def __init__(self) -> None:
        ends = [os.pipe() for _ in range(3)]
        self.stdin, self.stdout, self.stderr = (
            FileIO(end, mode)
            for end, mode in zip((ends[0][1], ends[1][0], ends[2][0]), ("wb", "rb", "rb"), strict=True)
        )
        self.questions, self.answers, self.prints = ends[0][0], ends[1][1], ends[2][1]
        self.written = False

    def poll(self) -> int | None:
        return None

    def hang_up(self) -> None:
        if not self.written:
            os.close(self.answers)
        self.written = True

    def close(self) -> None:
        self.hang_up()
        for end in (self.questions, self.prints):
            os.close(end)
        for pipe in (self.stdin, self.stdout, self.stderr):
            pipe.close()


class StandIn:
    """A child that answers as `reply` says: to what it is asked to do, with its frames."""

    def __init__(self, reply: Callable[[str, int], bytes]) -> None:
        self.loaded, self.answered_for, self._ended = False, 0.0, False
        self.process = Process()
        self.channel = Wired(self.process, reply)

    def is_gone(self) -> bool:
        return False

    def how_it_ended(self) -> dict[str, Any]:
        return {"how": "closed the pipe that answers go through"}

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self.process.close()


class Wired(Channel):
    """The real channel, whose questions are answered at once."""

    def __init__(self, process: Process, reply: Callable[[str, int], bytes]) -> None:
        super().__init__(process)  # type: ignore[arg-type]
        self._stand_in, self._answer, self._last = process, reply, getattr(reply, "target", None)

    def send(self, pieces: Sequence[bytes], until: float) -> None:
        header = json.loads(pieces[1])
        os.write(self._stand_in.answers, self._answer(header["do"], header["id"])[: 60 << 10])  # what a pipe holds
        if header["do"] == self._last:
            self._stand_in.hang_up()


class Bender:
    """Replies of which one is bent: the one to `target`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.target = random.choice(("load", "ask", "ask", "ask", "train", "train"))
        self.which = random.randrange(3)

    def __call__(self, do: str, question: int) -> bytes:
        first, second = self.frames(do)
        if do != self.target:
            return self.plain(question, *first, *second)
        if self.which == 0 and first:
            return bent(self.random, {**first[0][0], "id": question}, []) + self.plain(question, *second)
        header, arrays = second[0]
        return self.plain(question, *first) + bent(self.random, {**header, "id": question}, arrays)

    def plain(self, question: int, *frames: Frame) -> bytes:
        return b"".join(b"".join(wire.pack({**header, "id": question}, arrays)) for header, arrays in frames)

    def frames(self, do: str) -> tuple[list[Frame], list[Frame]]:
        """What an honest child sends first, and then."""
        if do == "limit":
            return [], [READY]
        wrong = self.target == do and self.random.random() < 0.3
        if do == "load":
            return [], [(received_answers.error_to_wire(self.random.choice(ERRORS["load"])), []) if wrong else LOADED]
        if wrong:
            return [BEGIN], [(received_answers.error_to_wire(self.random.choice(ERRORS["ask"])), [])]
        swapped = {"ask": "train", "train": "ask"}[do] if self.random.random() < 0.03 else do
        return [BEGIN], [honest(swapped)]


def ask(subject: ChildSubject, do: str) -> str:
    """One question; the code of the SubjectError that it ended in, or "answer"."""
    try:
        if do == "load":
            assert subject.entry_points()
            return "answer"
        if do == "train":
            subject.train(TRAINING)
            return "answer"
        answer = subject.ask(GRAPH, POINT, count=True, most=10)
    except SubjectError as wrong:
        return wrong.code if wrong.code == "GC065" else reported(no_answer(wrong))
    for finding in protocol(GRAPH, answer.value, answer.gradients, "float64"):
        reported(finding)
    return "answer"


def reported(finding: Finding) -> str:
    """A finding that can be shown, in few words, and written; its code."""
    assert len(finding.sentence) < 10_000
    assert json.dumps(finding.to_dict())
    return finding.code


def outcomes(path: Path, count: int, seed: int) -> Counter[str]:
    """How so many bent messages ended, each in a conversation that begins with it."""
    seen: Counter[str] = Counter()
    with ChildSubject(path, timeout=5.0, load_timeout=5.0, largest=1 << 20) as subject:
        subject._entries = frozenset({"gradients", "train"})
        for number in range(count):
            bender = Bender(Random(f"{seed}:{number}"))
            subject.close()
            child = StandIn(bender)
            child.loaded = bender.target != "load"
            subject._child, subject._broken = child, None  # type: ignore[assignment]
            seen[ask(subject, bender.target)] += 1
    return seen


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    path = tmp_path / "engine.py"
    path.write_text("")
    return path


def test_an_honest_conversation(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in speaks as a child does, so that what is bent below is bent from something right."""
    bender = Bender(Random(0))
    bender.target = "none"
    monkeypatch.setattr("gradcheck.subject.process.Offspring", lambda: StandIn(bender))
    for do in ("ask", "train"):
        with ChildSubject(engine) as subject:
            assert ask(subject, do) == "answer"


def test_thousands_of_bent_messages(engine: Path) -> None:
    seen = outcomes(engine, MESSAGES, 1)
    assert sum(seen.values()) == MESSAGES
    assert seen["GC006"] > MESSAGES / 2, "most of them break the protocol"
    assert set(seen) >= {"answer", "GC001", "GC002", "GC003", "GC004", "GC006", "GC007", "GC065"}


def test_bent_messages_ask_for_little_memory(engine: Path) -> None:
    tracemalloc.start()
    try:
        outcomes(engine, 300, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20


@pytest.mark.parametrize(
    "held", [None, [], {"memory": True}, {"network": "enforced"}, {"memory": "sure"}, {"memory": {}}]
)
def test_a_child_that_reports_no_limits_has_not_started(
    engine: Path, monkeypatch: pytest.MonkeyPatch, held: Any
) -> None:
    """No line of the subject's ran before this message: what is wrong with it is the harness's own."""

    def reply(do: str, question: int) -> bytes:
        return b"".join(wire.pack({"status": "ready", "held": held, "id": question}))

    monkeypatch.setattr("gradcheck.subject.process.Offspring", lambda: StandIn(reply))
    with ChildSubject(engine) as subject, pytest.raises(HarnessFault, match="'held' of a wrong form"):
        subject.entry_points()
