"""A run of NumPy code, replayed with one step done otherwise; what cannot be followed counts for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.conventions.user_calls import steady
from gradcheck.rerun.recorded_array import Recorded
from gradcheck.rerun.recording import record
from gradcheck.rerun.replayed_run import Replay
from gradcheck.rerun.steps_tape import MOST_STEPS, TooLongError, user_call

rng = np.random.default_rng(31)
X, W, C = rng.standard_normal((4, 3)), rng.standard_normal((3, 2)), rng.standard_normal((4, 2))


def layer(x: Any, w: Any, c: Any) -> Any:
    h = np.tanh(x @ w)
    d = c * (1 - h**2)
    return d @ w.T, x.T @ d


def filled(x: Any, w: Any, c: Any) -> Any:
    g = np.zeros((3, 2))
    g[0] = c.sum(axis=0)
    g[1:] += w[1:] * 2
    g[g > 5.0] = 0.0
    np.add.at(g, [0, 0], c[:2])
    return x.mean(axis=0), g


def written_through(x: Any, w: Any, c: Any) -> Any:
    g = np.zeros_like(x)
    for row in g:
        row += 1.5
        row *= 2
    return g, w.reshape(-1)[::-1].copy().reshape(3, 2)


def of_lists(x: Any, w: Any, c: Any) -> Any:
    rows = np.array([v * 2 for v in x])
    parts = np.split(np.asarray(w), 3)
    return np.stack(list(rows)), np.concatenate(parts)


RUNS = {f.__name__: f for f in (layer, filled, written_through, of_lists)}


def replayed(run: Any) -> tuple[Replay, list[Any]]:
    arrays = [np.array(a) for a in (X, W, C)]
    return Replay(record(run, arrays, ("x", "w", "c"))), [np.asarray(p) for p in run(*arrays)]


@pytest.mark.parametrize("name", RUNS)
def test_a_replay_gives_what_the_run_gave(name):
    replay, parts = replayed(RUNS[name])
    assert None not in replay.answers
    assert replay.faithful(parts)
    assert not replay.faithful([parts[0], parts[1] + 1e-6])


def test_what_numpy_does_not_hand_on_is_not_followed():
    def through_a_view(x, w, c):
        g = np.zeros_like(x)
        transposed = g.T
        transposed[0] = 7.0  # changes g by a way that is not noted
        return g + 0 * x, w

    replay, parts = replayed(through_a_view)
    assert not replay.faithful(parts)


def test_one_step_otherwise():
    replay, parts = replayed(layer)
    (square,) = [k for k, s in enumerate(replay.steps) if s.name in ("square", "power")]
    answered = replay.answered({square: lambda args, kwargs, value: args[0]})
    h = np.tanh(X @ W)
    assert np.allclose(answered[1], X.T @ (C * (1 - h)), rtol=1e-14)
    assert not np.allclose(answered[1], parts[1])
    assert len(replay.after(frozenset({square}))) == replay.visits < len(replay.steps)


def test_an_edit_of_another_shape_or_that_fails_gives_nothing():
    replay, _ = replayed(layer)
    (first,) = [k for k, s in enumerate(replay.steps) if s.name == "tanh"]
    assert replay.answered({first: lambda args, kwargs, value: np.ones(7)}) is None
    assert replay.answered({first: lambda args, kwargs, value: value[99]}) is None
    assert replay.answered({first: lambda args, kwargs, value: None}) is None


def test_numpy_is_itself_again_whatever_happens():
    before = np.zeros, np.array, np.asarray

    def raising(x, w, c):
        assert np.zeros is not before[0]
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        replayed(raising)
    assert (np.zeros, np.array, np.asarray) == before


def test_arrays_that_the_code_keeps_write_no_more():
    kept = []

    def keeping(x, w, c):
        kept.append(x)
        return x * 2, w

    replay, _ = replayed(keeping)
    steps = len(replay.steps)
    later = np.exp(kept[0]) + kept[0].sum()
    assert not isinstance(later, Recorded)
    assert len(replay.steps) == steps


def test_a_long_run_is_not_recorded():
    def long(x, w, c):
        for _ in range(MOST_STEPS):
            x = x * 1.0
        return x, w

    with pytest.raises(TooLongError):
        replayed(long)


def test_a_step_knows_its_line():
    replay, _ = replayed(layer)
    (step,) = [s for s in replay.steps if s.name == "tanh"]
    code, offset = step.place
    assert code is layer.__code__
    line = list(code.co_positions())[offset // 2][0]
    assert line == layer.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    ("module", "counts"),
    [("students_file", True), ("gradcheck.reference.rules", True), ("gradcheck.conventions.layer_classes", False)],
)
def test_a_call_that_gradcheck_makes_is_no_line_of_the_derivative(module: str, counts: bool) -> None:
    names = {"__name__": module, "user_call": user_call}
    exec("def called():\n    return user_call()", names)
    place = names["called"]()  # type: ignore[operator]
    assert (place is not None) is counts


def test_a_buffer_that_the_package_asks_for_is_no_step_and_one_of_the_user_is() -> None:
    def derivative(x: Any) -> list[Any]:
        with steady():  # reads the state of the random numbers into a buffer
            mine = np.zeros(3)
            mine[1:] = x[1:]
            return [mine]

    steps = record(derivative, [np.array([1.0, 2.0, 4.0])], ["x"]).steps
    assert "zeros" in [step.name for step in steps]
    assert len(steps) < 10
