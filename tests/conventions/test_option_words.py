"""Options that are words: only those that a file offers are asked, as its forward values tell."""

from pathlib import Path
from textwrap import dedent

import pytest

from gradcheck.conventions.offer import Pair
from gradcheck.conventions.recognition import recognised
from gradcheck.subject.loading import Package
from gradcheck.verdict.result import Verdict
from gradcheck.verify.function_pairs import judged

LAYER = """
    import numpy as np

    def sigmoid(Z): return 1 / (1 + np.exp(-Z)), Z
    def relu(Z): return np.maximum(0, Z), Z
    def tanh(Z): return np.tanh(Z), Z

    def linear_activation_forward(A_prev, W, b, activation):
        Z = W @ A_prev + b
        {chosen}
        return A, ((A_prev, W, b), Z)

    def linear_activation_backward(dA, cache, activation):
        (A_prev, W, b), Z = cache
        s, m = 1 / (1 + np.exp(-Z)), A_prev.shape[1]
        slopes = {{"relu": Z > 0, "tanh": {tanh}}}
        dZ = dA * slopes.get(activation, s * (1 - s))
        return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m
    """


def pairs(tmp_path: Path, text: str) -> dict[str, Pair]:
    file = tmp_path / "subject.py"
    file.write_text(dedent(text))
    return {pair.name: pair for offer in recognised(Package(file).load()).offers for pair in offer.pairs}


@pytest.mark.parametrize(
    ("chosen", "offered"),
    [
        ('A, _ = sigmoid(Z) if activation == "sigmoid" else relu(Z)', ["linear relu", "linear sigmoid"]),
        ('A, _ = relu(Z) if activation == "relu" else sigmoid(Z)', ["linear relu", "linear sigmoid"]),
        ("A, _ = relu(Z)", ["linear relu"]),
        ('A, _ = {"relu": relu, "tanh": tanh}[activation](Z)', ["linear relu", "linear tanh"]),
        ('A = relu(Z)[0] if activation == "relu" else 2 * tanh(Z)[0] if activation == "tanh" else Z', None),
    ],
    ids=["relu for any other", "sigmoid for any other", "whatever is asked", "refused", "a wrong tanh"],
)
def test_an_activation_is_asked_where_the_forward_pass_has_it(
    tmp_path: Path, chosen: str, offered: list[str] | None
) -> None:
    found = pairs(tmp_path, LAYER.format(chosen=chosen, tanh="1 - np.tanh(Z) ** 2"))
    assert sorted(found) == (offered or ["linear relu", "linear tanh"])


def test_a_wrong_slope_of_one_that_is_offered_is_found(tmp_path: Path) -> None:
    text = LAYER.format(chosen='A, _ = tanh(Z) if activation == "tanh" else relu(Z)', tanh="1 - np.tanh(Z)")
    found = pairs(tmp_path, text)
    assert sorted(found) == ["linear relu", "linear tanh"]
    assert [judged(found[name]).verdict for name in sorted(found)] == [Verdict.PASS, Verdict.FAIL]
