"""A softmax that hands its gradient on: right behind a loss that gives p - y, wrong behind any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from by_path import load

from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.function_pairs import judged
from gradcheck.verify.trials import OTHERWISE

layers = load(Path(__file__).with_name("test_layers.py"))

SOFTMAX = """
class Softmax:
    {said}

    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, dout):
        return {answer}
"""
LOSS = """
class CrossEntropy:
    def forward(self, pred, y):
        self.pred, self.y = pred, y
        return -np.sum(y * np.log(pred)) / y.shape[0]

    def backward(self):
        return {answer}
"""
FOLDED = "(self.pred - self.y) / self.y.shape[0]"
BY_OUTPUT = "-self.y / self.pred / self.y.shape[0]"
FULL = "self.out * (dout - (dout * self.out).sum(axis=1, keepdims=True))"
ALONE = "layer-classes:softmax=alone"


def results(folder: Path, text: str, wanted: str | None = None) -> dict[str, Result]:
    """The results of all pairs by name."""
    return {name: judged(pair) for name, pair in layers.pairs_of(folder, text, wanted).items()}


def softmax(answer: str, said: str = "pass") -> str:
    return SOFTMAX.format(answer=answer, said=said)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (softmax("dout"), "nothing in the file tells"),
        (softmax("dout", '"""Used with cross-entropy: dout is pred - target."""'), "the file means"),
        (softmax("dout") + LOSS.format(answer=FOLDED), "the file means"),
    ],
)
def test_a_softmax_that_hands_on_is_told_with_what_settles_it(tmp_path: Path, text: str, why: str) -> None:
    offers, misses = layers.look(tmp_path, text)
    (miss,) = (miss for miss in misses if miss.name == "Softmax")
    assert why in miss.why and f"--as {ALONE}" in miss.why
    assert "Softmax" not in {pair.name for offer in offers for pair in offer.pairs}
    assert all(miss.why in offer.warnings for offer in offers)


def test_alone_it_is_wrong(tmp_path: Path) -> None:
    assert results(tmp_path, softmax("dout"), ALONE)["Softmax"].verdict is Verdict.FAIL


def test_behind_a_loss_by_its_output_it_is_wrong(tmp_path: Path) -> None:
    found = results(tmp_path, softmax("dout") + LOSS.format(answer=BY_OUTPUT))
    assert {name: result.verdict for name, result in found.items()} == {
        "Softmax": Verdict.FAIL,
        "CrossEntropy": Verdict.PASS,
    }


def test_p_minus_y_is_right_behind_a_softmax_that_hands_on(tmp_path: Path) -> None:
    (result,) = results(tmp_path, softmax("dout") + LOSS.format(answer=FOLDED)).values()
    assert result.verdict is Verdict.PASS and OTHERWISE in result.codes


def test_p_minus_y_is_wrong_where_the_mean_is_left_out(tmp_path: Path) -> None:
    text = softmax("dout") + LOSS.format(answer="self.pred - self.y")
    assert results(tmp_path, text)["CrossEntropy"].verdict is Verdict.FAIL


def test_p_minus_y_is_wrong_behind_a_softmax_with_a_derivative_of_its_own(tmp_path: Path) -> None:
    found = results(tmp_path, softmax(FULL) + LOSS.format(answer=FOLDED))
    assert found["Softmax"].verdict is Verdict.PASS
    assert found["CrossEntropy"].verdict is Verdict.FAIL
