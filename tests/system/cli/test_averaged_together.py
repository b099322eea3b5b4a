"""Layers that average beside a loss that does not: right together, and wrong wherever a file is of two minds."""

from __future__ import annotations

import json

import pytest

RIGHT = """
    import numpy as np


    class Linear:
        def __init__(self, n_in, n_out):
            self.W = np.random.default_rng(0).normal(size=(n_in, n_out)) * 0.1
            self.b = np.zeros((1, n_out))

        def forward(self, A_prev):
            self.A_prev = A_prev
            return A_prev @ self.W + self.b

        def backward(self, dZ):
            m = self.A_prev.shape[0]
            self.dW = self.A_prev.T @ dZ / m
            self.db = np.sum(dZ, axis=0, keepdims=True) / m
            return dZ @ self.W.T


    class Tanh:
        def forward(self, Z):
            self.A = np.tanh(Z)
            return self.A

        def backward(self, dA):
            return dA * (1 - self.A**2)


    class HalfSquares:
        def forward(self, Y_hat, Y):
            self.Y_hat, self.Y = Y_hat, Y
            return np.sum((Y_hat - Y) ** 2) / (2 * Y.shape[0])

        def backward(self):
            return self.Y_hat - self.Y
"""
"""Each part alone is off by the number of samples."""
AVERAGED_LOSS = [("return self.Y_hat - self.Y", "return (self.Y_hat - self.Y) / self.Y.shape[0]")]
SUMMING = [("dZ / m", "dZ"), ("keepdims=True) / m", "keepdims=True)")]
COLUMNS = [
    ("size=(n_in, n_out)", "size=(n_out, n_in)"),
    ("np.zeros((1, n_out))", "np.zeros((n_out, 1))"),
    ("A_prev @ self.W + self.b", "self.W @ A_prev + self.b"),
    ("self.A_prev.shape[0]", "self.A_prev.shape[1]"),
    ("self.A_prev.T @ dZ / m", "dZ @ self.A_prev.T / m"),
    ("axis=0, keepdims", "axis=1, keepdims"),
    ("dZ @ self.W.T", "self.W.T @ dZ"),
    ("(2 * Y.shape[0])", "(2 * Y.shape[1])"),
]
SCALE = """
    class Scale:
        def __init__(self, n):
            self.gamma = np.random.default_rng(1).normal(size=(1, n))

        def forward(self, Z):
            self.Z = Z
            return self.gamma * Z

        def backward(self, dA):
            self.dgamma = np.sum(dA * self.Z, axis=0, keepdims=True)
            return dA * self.gamma
"""
SECOND_LOSS = """
    class Squares:
        def forward(self, Y_hat, Y):
            self.Y_hat, self.Y = Y_hat, Y
            return np.sum((Y_hat - Y) ** 2) / Y.shape[0]

        def backward(self):
            return 2 * (self.Y_hat - self.Y) / self.Y.shape[0]
"""


CUBE = """
    def cube(x):
        return x**3

    def cube_grad(x):
        return 3 * x**2
"""


def edited(*edits: tuple[str, str]) -> str:
    text = RIGHT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


RIGHT_ONES = {
    "rows": RIGHT,
    "columns": edited(*COLUMNS),
    "where everything averages as it computes": edited(*AVERAGED_LOSS, *SUMMING),
}


@pytest.mark.parametrize("name", RIGHT_ONES)
def test_right_together_passes(shell, name: str) -> None:
    shell.write("net.py", RIGHT_ONES[name])
    ran = shell("verify", "net.py")
    assert (ran.code, "3 PASS" in ran.out) == (0, True), ran.out
    assert ("are averaged over axis" in ran.flat) is (name in ("rows", "columns"))


WRONG_ONES = {
    "averaged twice": (edited(*AVERAGED_LOSS), 1),
    "averaged nowhere": (edited(*SUMMING), 1),
    "the biases are not averaged": (edited(("keepdims=True) / m", "keepdims=True)")), 2),
    "another layer sums": (RIGHT + SCALE, 2),
    "another loss averages": (RIGHT + SECOND_LOSS, 2),
    "in the layers and too little in the loss": (
        edited(("return self.Y_hat - self.Y", "return 2 * (self.Y_hat - self.Y)")),
        2,
    ),
    "another mistake besides": (edited(("1 - self.A**2", "1 - self.A")), 1),
}


@pytest.mark.parametrize("name", WRONG_ONES)
def test_a_file_of_two_minds_fails(shell, name: str) -> None:
    text, failures = WRONG_ONES[name]
    shell.write("net.py", text)
    ran = shell("verify", "net.py")
    assert ran.code == 1
    assert f"{failures} FAIL" in ran.out, ran.out


def test_one_part_alone_is_judged_alone(shell) -> None:
    shell.write("net.py", RIGHT)
    assert shell("verify", "net.py", "--case", "Linear").code == 1


def test_the_document_has_the_parts_in_their_places(shell) -> None:
    shell.write("net.py", RIGHT + CUBE)
    ran = shell("verify", "net.py", "--format", "json")
    offers = json.loads(ran.out)["offers"]
    found = {pair["name"]: pair["verdict"] for offer in offers for pair in offer["pairs"]}
    assert found == {"Linear": "PASS", "Tanh": "PASS", "HalfSquares": "PASS", "cube": "PASS"}
    assert [len(offer["pairs"]) for offer in offers] == [3, 1]
    codes = {pair["name"]: [f["code"] for f in pair["result"]["findings"]] for pair in offers[0]["pairs"]}
    assert codes["Linear"] == codes["HalfSquares"] == ["GC119"]


def test_an_interrupt_while_parts_are_tried_again_loses_no_result(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcheck.verify.verification._again", interrupted)
    shell.write("net.py", RIGHT)
    ran = shell("verify", "net.py")
    assert ran.code == 130
    assert "1 PASS, 2 FAIL" in ran.out, ran.out
