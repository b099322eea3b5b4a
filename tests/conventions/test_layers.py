"""Layers as pairs of functions: what is found, at which inputs, near misses, and what is said about them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from gradcheck.subject.conventions.offer import Miss, Offer, Pair
from gradcheck.subject.conventions.recognition import recognised, wish
from gradcheck.subject.loading import Package
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.function_pairs import judged

HERE = Path(__file__).parent


def look(folder: Path, text: str, wanted: str | None = None) -> tuple[tuple[Offer, ...], tuple[Miss, ...]]:
    """What a file with this text offers."""
    file = folder / "subject.py"
    file.write_text("import numpy as np\n" + dedent(text))
    found = recognised(Package(file).load(), wanted=wish(wanted))
    return found.offers, found.misses


def pairs_of(folder: Path, text: str, wanted: str | None = None) -> dict[str, Pair]:
    offers, _ = look(folder, text, wanted)
    return {pair.name: pair for offer in offers for pair in offer.pairs}


def names_of(result: Result) -> set[str]:
    return {str(dict(f.facts).get("kind")) for f in result.findings if f.code == "GC051"}


AFFINE = """
    def affine_forward(x, w, b):
        return x @ w + b, (x, w, b)

    def affine_backward(dout, cache):
        x, w, b = cache
        return {answer}
"""


def test_a_layer_is_asked_with_sizes_that_all_differ(tmp_path: Path) -> None:
    pair = pairs_of(tmp_path, AFFINE.format(answer="dout @ w.T, x.T @ dout, dout.sum(axis=0)"))["affine"]
    assert pair.kind == "vjp"
    assert [np.shape(value) for value in pair.inputs] == [(4, 3), (3, 5), (5,)]
    assert judged(pair).verdict is Verdict.PASS


def test_gradients_in_another_order_are_told_by_their_shapes(tmp_path: Path) -> None:
    text = AFFINE.format(answer="x.T @ dout, dout.sum(axis=0), dout @ w.T")
    offers, _ = look(tmp_path, text)
    assert judged(offers[0].pairs[0]).verdict is Verdict.PASS
    assert any("in the order w, b, x" in note for note in offers[0].notes)


def test_gradients_in_a_dictionary_are_found_by_their_keys(tmp_path: Path) -> None:
    answer = '{{"dx": dout @ w.T, "dw": x.T @ dout, "db": dout.sum(axis=0)}}'.replace("{{", "{").replace("}}", "}")
    assert judged(pairs_of(tmp_path, AFFINE.format(answer=answer))["affine"]).verdict is Verdict.PASS


def test_what_fails_on_different_sizes_is_asked_on_equal_ones_as_well(tmp_path: Path) -> None:
    found = pairs_of(tmp_path, AFFINE.format(answer="dout @ w, x.T @ dout, dout.sum(axis=0)"))
    assert judged(found["affine"]).verdict is Verdict.ERROR
    assert names_of(judged(found["affine, all sizes equal"])) == {"product-transposed"}


def test_a_wrong_shape_for_a_batch_is_no_reason_to_ask_about_one_sample(tmp_path: Path) -> None:
    text = """
        def scale_forward(x, gamma, beta):
            return x * gamma + beta, (x, gamma)

        def scale_backward(dout, cache):
            x, gamma = cache
            return dout * gamma, dout * x, dout.sum(axis=0)
    """
    pair = pairs_of(tmp_path, text)["scale"]
    assert np.shape(pair.inputs[0]) == (4, 3)
    assert judged(pair).verdict is Verdict.ERROR


def test_a_target_that_gets_a_gradient_is_an_input_like_the_others(tmp_path: Path) -> None:
    text = """
        def mul_forward(x, y):
            return x * y, (x, y)

        def mul_backward(dout, cache):
            x, y = cache
            return dout * y, 2 * dout * x
    """
    pair = pairs_of(tmp_path, text)["mul"]
    assert len(pair.inputs) == 2
    assert names_of(judged(pair)) == {"factor"}


def test_labels_are_whole_numbers_and_not_differentiated(tmp_path: Path) -> None:
    text = """
        def softmax_loss(x, y):
            p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
            rows = np.arange(len(y))
            g = p.copy()
            g[rows, y] -= 1
            return -np.log(p[rows, y]).mean(), g / len(y)
    """
    pair = pairs_of(tmp_path, text)["softmax_loss"]
    assert (pair.kind, len(pair.inputs)) == ("value_and_gradient", 1)
    assert judged(pair).verdict is Verdict.PASS


def test_a_mask_is_the_same_in_every_call_and_the_settings_are_never_changed(tmp_path: Path) -> None:
    text = """
        def dropout_forward(x, dropout_param):
            assert "seen" not in dropout_param
            dropout_param["seen"] = True
            mask = np.random.rand(*x.shape) < dropout_param["p"]
            return x * mask, mask

        def dropout_backward(dout, cache):
            return dout * cache
    """
    before = np.random.get_state()[1].copy()
    assert judged(pairs_of(tmp_path, text)["dropout"]).verdict is Verdict.PASS
    assert np.array_equal(np.random.get_state()[1], before)


def test_examples_of_the_file_come_first(tmp_path: Path) -> None:
    text = """
        def odd_forward(first, second):
            assert first.shape == (7,)
            return second * first, (first, second)

        def odd_backward(dout, cache):
            return dout * cache[1], (dout * cache[0]).sum()

        EXAMPLES = {"odd": (np.arange(1.0, 8.0), 2.5)}
    """
    pair = pairs_of(tmp_path, text)["odd"]
    assert np.shape(pair.inputs[0]) == (7,)
    assert judged(pair).verdict is Verdict.PASS


def test_without_inputs_at_which_it_runs_the_miss_says_how_to_give_them(tmp_path: Path) -> None:
    text = """
        def odd_forward(blob, thing):
            raise ValueError("needs 17 of them")

        def odd_backward(dout, cache):
            return dout
    """
    offers, misses = look(tmp_path, text)
    assert not offers
    (miss,) = (miss for miss in misses if miss.convention == "layer-pairs")
    assert "needs 17 of them" in miss.why
    assert 'EXAMPLES = {"odd": (blob, thing)}' in miss.why


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("def affine_backward(dout, cache): return dout", id="no forward function"),
        pytest.param("def affine_forward(x): return x, x", id="no backward function"),
        pytest.param("def train_loss(x, y): raise SystemExit('must not be called')", id="training"),
        pytest.param("def softmax_loss(x, y): return np.sum(x)", id="a loss without a gradient"),
    ],
)
def test_what_is_no_layer_is_not_offered(tmp_path: Path, text: str) -> None:
    offers, _ = look(tmp_path, text, "layer-pairs")
    assert not offers


@pytest.mark.parametrize("file", sorted(HERE.glob("layer_*/right_*.py")), ids=lambda file: file.stem)
def test_right_layers_pass(file: Path) -> None:
    found = recognised(Package(file).load())
    pairs = [pair for offer in found.offers for pair in offer.pairs]
    assert pairs
    assert not found.misses
    for pair in pairs:
        result = judged(pair)
        assert result.verdict is Verdict.PASS, result.report()
        assert result.comparisons


@pytest.mark.parametrize("file", sorted(HERE.glob("layer_*/wrong_*.py")), ids=lambda file: file.stem)
def test_wrong_layers_fail(file: Path) -> None:
    found = recognised(Package(file).load())
    verdicts = [judged(pair).verdict for offer in found.offers for pair in offer.pairs]
    assert Verdict.FAIL in verdicts
