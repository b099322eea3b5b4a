"""Every other checker gets its say: items with known answers come out as its own rules have it, by arithmetic.

The defaults that decide, from the checkers' sources: PyTorch accepts 1e-5 + 1e-3 |a| after central differences with
steps of 1e-6; JAX accepts 1e-5 + 1e-5 |a| (2e-3 in float32, 1e-2 in float16), times the number of entries compared,
after steps of 1e-4; HIPS autograd accepts 1e-6, absolute or relative, after steps of 1e-6; SciPy returns the norm of
the error after forward steps of 1.5e-8. Skipped where a checker is not installed (`pip install '.[peers]'`).
"""

import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from by_path import load

peers = load(Path(__file__).with_name("peers.py"))
items, truth = peers.module("item"), peers.module("truth")
SLOW, FAST, JAX, AUTOGRAD, SCIPY = peers.checkers.PEERS


def outcome(peer: str, item: Any) -> str:
    package = peers.checkers.PEERS[peer].package
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install '.[peers]'")
    row = peers.put(peer, item)
    assert row.outcome != "not put" or row.said
    return str(row.outcome)


def named(name: str) -> Any:
    return next(item for item in peers.load_items() if item.name == name)


def made(kind: str, f: Any, derivative: Any, *inputs: Any, label: str = "right") -> Any:
    intent = truth.LabelledByIntent("made for a test")
    return items.Item("made", "test", kind, f, derivative, inputs, label, "", intent)


every_peer = pytest.mark.parametrize("peer", [SLOW, FAST, JAX, AUTOGRAD, SCIPY])


@every_peer
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bias_added", "passed"),
        ("two_outputs", "passed"),
        ("shared_node", "passed"),
        ("two_outputs_second_forgotten", "flagged"),
        ("shared_node_overwritten", "flagged"),
        ("upstream_ignored", "flagged"),
    ],
)
def test_plain_items(peer: str, name: str, expected: str) -> None:
    assert outcome(peer, named(name)) == expected


@pytest.mark.parametrize("peer", [SLOW, FAST, JAX, AUTOGRAD])
@pytest.mark.parametrize(("name", "expected"), [("matmul_jvp", "passed"), ("matmul_jvp_one_term", "flagged")])
def test_items_in_forward_mode(peer: str, name: str, expected: str) -> None:
    assert outcome(peer, named(name)) == expected


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        (SLOW, "slope_error_1e-4"),  # a tenth of the relative tolerance
        (SLOW, "ten_thousand_parameters_1e-5_off"),
        (FAST, "slope_error_1e-4"),
        (JAX, "float32_six_hundred_zero_tangents"),  # tolerance times six hundred: jax #3130
        (AUTOGRAD, "output_1e-12_thousandfold"),  # both sides below 1e-6
        (SCIPY, "output_1e-12_thousandfold"),
        (SCIPY, "output_1e-12_zeroed"),
    ],
)
def test_documented_false_passes(peer: str, name: str) -> None:
    item = named(name)
    assert item.label == "wrong"
    assert outcome(peer, item) == "passed"


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        (SLOW, "relu_at_zero_answers_0"),  # central differences say one half
        (SLOW, "arcsin_at_the_edge"),  # half of the difference is NaN: pytorch #76780
        (FAST, "relu_at_zero_answers_0"),
        (JAX, "float16_square"),  # a step of 1e-4 in half precision: jax PR #39821
        (JAX, "sin1000"),  # truncation: 1000^3 (1e-4)^2 / 6
        (AUTOGRAD, "nanometre_inputs"),  # the step is larger than the inputs
        (SCIPY, "output_1e12"),  # an absolute norm
    ],
)
def test_documented_false_alarms(peer: str, name: str) -> None:
    item = named(name)
    assert item.label == "right"
    assert outcome(peer, item) == "flagged"


class Watched:
    """sum(sin(x) y) and its gradient times a factor; notes what it was called with."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.seen: dict[str, list[tuple[np.ndarray, ...]]] = {"f": [], "gradient": []}

    def f(self, x: Any, y: Any) -> Any:
        self.seen["f"].append((x, y))
        return np.sum(np.sin(x) * y)

    def gradient(self, x: Any, y: Any) -> Any:
        self.seen["gradient"].append((x, y))
        return self.factor * np.cos(x) * y, self.factor * np.sin(x)


@every_peer
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "passed"), (1.01, "flagged")])
def test_function_and_derivative_are_reached_as_numpy_code(peer: str, factor: float, expected: str) -> None:
    watched = Watched(factor)
    inputs = np.array([[0.3, -1.2, 0.8], [2.0, 0.1, -0.4]]), np.array([[1.5, 0.7, -2.0], [0.2, 1.1, 0.6]])
    assert outcome(peer, made("gradient", watched.f, watched.gradient, *inputs)) == expected
    assert len(watched.seen["f"]) >= 3  # the point, and differences around it
    assert watched.seen["gradient"]
    for call in watched.seen["f"] + watched.seen["gradient"]:
        for given, x in zip(call, inputs, strict=True):
            assert isinstance(given, np.ndarray)
            assert given.dtype == x.dtype
            np.testing.assert_allclose(given, x, atol=1e-3)


@pytest.mark.parametrize(
    ("peer", "dtype"), [(SLOW, "float64"), (FAST, "float64"), (JAX, "float32"), (AUTOGRAD, "float64")]
)
def test_the_dtype_is_the_one_that_the_peer_asks_for(peer: str, dtype: str) -> None:
    watched = Watched(1.0)
    inputs = np.array([0.3, -1.2], dtype="float32"), np.array([1.5, 0.7], dtype="float32")
    assert outcome(peer, made("gradient", watched.f, watched.gradient, *inputs)) == "passed"
    assert {x.dtype for calls in watched.seen.values() for call in calls for x in call} == {np.dtype(dtype)}


@pytest.mark.parametrize("peer", [SLOW, FAST, AUTOGRAD])
def test_memory_order_is_kept(peer: str) -> None:
    assert outcome(peer, named("strided_input")) == "passed"
    assert outcome(peer, named("memory_order_walked")) == "flagged"


def test_jax_gets_the_primal_that_a_jvp_answers_with() -> None:
    assert outcome(JAX, named("matmul_jvp_wrong_primal")) == "flagged"


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        (AUTOGRAD, "heron_root"),  # meant=
        (JAX, "memory_order_walked"),
        (SCIPY, "memory_order_walked"),
        (SLOW, "same_array_twice_keyed_by_identity"),
        (SLOW, "bias_broadcast_not_summed"),  # PyTorch sums it
        (SCIPY, "scale_by_a_number_length_one"),  # a vector has no shape to be wrong
        (SCIPY, "matmul_jvp"),
    ],
)
def test_what_cannot_be_put_counts_for_nobody(peer: str, name: str) -> None:
    assert outcome(peer, named(name)) == "not put"


@every_peer
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("burgers_residual_sparse", "no way to ask for: jacobian"),
        ("coil_images", "no way to ask for: adjoint"),
        ("network_in_dicts", "inputs that are no arrays of real numbers"),
        ("matched_filter", "no way to declare convention"),
    ],
)
def test_what_is_behind_other_doors_is_not_put(peer: str, name: str, said: str) -> None:
    with pytest.raises(peers.checkers.NotPutError, match=said):
        peers.checkers.put(peer, named(name))


@pytest.mark.parametrize("peer", [SLOW, SCIPY])
def test_a_shape_that_fits_nowhere_is_flagged(peer: str) -> None:
    x = np.array([0.3, -1.2, 0.8])
    item = made("gradient", lambda x: np.sum(x**2), lambda x: 2 * x[:2], x, label="wrong")
    assert outcome(peer, item) == "flagged"


def test_an_empty_input_is_put_as_pytorch_makes_it() -> None:
    assert outcome(SLOW, named("empty_beside_full")) == "passed"


def rows(*outcomes: tuple[str, str, str]) -> list[Any]:
    return [peers.Row("name", label, fault, outcome, "", 0.5) for label, fault, outcome in outcomes]


def test_the_table_counts_what_was_put() -> None:
    told = rows(
        ("wrong", "contract", "passed"),
        ("wrong", "at the point", "flagged"),
        ("wrong", "at the point", "not put"),
        ("right", "at the point", "flagged"),
        ("right", "at the point", "passed"),
        ("right", "at the point", "undecided"),
    )
    line = " ".join(peers._line(told, "peer").split())
    assert line == "peer 5 1 of 2 (50 %) 1 of 3 (33 %) 1 1 3"
    assert peers._missed([r for r in told if r.fault == "at the point"]) == "0 of 1 (0 %)"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("shared_node_overwritten", "at the point"),
        ("elu_rare_branch", "elsewhere"),
        ("max_pool_ties_all_get_it", "at a kink"),
        ("vjp_returns_its_buffer", "contract"),
    ],
)
def test_what_is_wrong_is_read_off_the_truth(name: str, fault: str) -> None:
    assert peers.fault(named(name)) == fault


@pytest.mark.parametrize(
    ("verdict", "label", "expected"),
    [
        ("PASS", "wrong", "passed"),
        ("FAIL", "right", "flagged"),
        ("ERROR", "wrong", "flagged"),
        ("UNDECIDED", "right", "undecided"),
        ("CRASH", "wrong", "passed"),
        ("CRASH", "right", "flagged"),
    ],
)
def test_a_crash_of_our_own_counts_against_us(
    verdict: str, label: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = made("gradient", np.sum, np.ones_like, np.ones(2), label=label)
    score = sys.modules[peers.judge.__module__].Score("made", "test", label, verdict, "said", 0.0)
    monkeypatch.setattr(peers, "judge", lambda _: score)
    assert peers.put(peers.OURS, item).outcome == expected


def test_a_peer_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(_: Any) -> bool:
        signal.raise_signal(signal.SIGALRM)  # as the alarm does once the limit is reached
        return True

    monkeypatch.setitem(peers.checkers.PEERS, "endless", peers.checkers.Checker("numpy", endless))
    row = peers.put("endless", named("bias_added"))
    assert (row.outcome, row.said) == ("not put", f"took more than {peers.LIMIT} s")
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
