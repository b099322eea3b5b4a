"""`gradcheck.held` outside a check, and the tape that hands held values back."""

import subprocess
import sys

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import Unsupported
from gradcheck.holding import Tape, held, holding


@pytest.mark.parametrize("value", [np.ones(3), 2.0, [1.0, np.zeros(2)], None], ids=["array", "number", "list", "none"])
def test_outside_a_check_it_is_the_very_value(value: object) -> None:
    assert gradcheck.held(value) is value


def test_importing_it_loads_no_numeric_library() -> None:
    script = (
        "import sys\n"
        "from gradcheck import held\n"
        "assert held(2.5) == 2.5\n"
        "print(*sorted(m for m in sys.modules if m.partition('.')[0] in ('numpy', 'scipy', 'flint', 'gradcheck')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["gradcheck", "gradcheck.errors", "gradcheck.holding"]


def test_rules_nest_and_end() -> None:
    with holding(lambda value: ("outer", value)):
        with holding(lambda value: ("inner", value)):
            assert held(1) == ("inner", 1)
        assert held(1) == ("outer", 1)
    assert held(1) == 1


def twice(x: np.ndarray) -> np.ndarray:
    return held(x) + held(held(2 * x))


def test_a_tape_hands_back_what_was_held_in_order() -> None:
    tape = Tape()
    with tape.recording():
        assert twice(np.array([1.0, 2.0])).tolist() == [3.0, 6.0]
    with tape.playing():
        assert twice(np.array([10.0, 20.0])).tolist() == [3.0, 6.0]


def test_what_was_recorded_does_not_change_later() -> None:
    tape, buffer = Tape(), np.array([1.0])
    with tape.recording():
        held(buffer)
    buffer[0] = 5.0
    with tape.playing():
        first = held(buffer)
        assert first.tolist() == [1.0]
        first[0] = 7.0
    with tape.playing():
        assert held(buffer).tolist() == [1.0]


def played(tape: Tape, calls: int) -> None:
    with tape.playing():
        for _ in range(calls):
            held(0.0)


@pytest.mark.parametrize("calls", [1, 3], ids=["fewer", "more"])
def test_another_number_of_calls_is_refused(calls: int) -> None:
    tape = Tape()
    with tape.recording():
        held(1.0)
        held(2.0)
    with pytest.raises(Unsupported, match="held"):
        played(tape, calls)
