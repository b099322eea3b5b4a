"""Layers as pairs of functions: what is found, at which inputs, near misses, and what is said about them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from gradcheck.conventions.offer import Miss, Offer, Pair
from gradcheck.conventions.recognition import recognised, wish
from gradcheck.subject.loading import Package
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.function_pairs import judged


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
    result = judged(pair)
    assert result.verdict is Verdict.FAIL
    assert names_of(result) == {"sum-forgotten"}
    assert result.right_blocks == ("x", "beta")


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


LAYER = """
    class Layer:
        def __init__(self, W, b):
            {keep}

        def forward(self, x):
            self.x = x
            return x @ self.W + self.b

        def backward(self, dout):
            {answer}
"""


LOSS = """
    class Loss:
        def forward(self, x, t):
            self.x, self.t = x, t
            p = 1 / (1 + np.exp(-x))
            return -np.mean(t * np.log(p + 1e-7) + (1 - t) * np.log(1 - p + 1e-7))

        def backward(self, dout=1.0):
            return dout * {factor} * (1 / (1 + np.exp(-self.x)) - self.t) / self.t.size
"""


def test_a_guard_inside_a_logarithm_is_left_out_as_the_textbooks_gradient_does(tmp_path: Path) -> None:
    offers, _ = look(tmp_path, LOSS.format(factor=1))
    assert judged(offers[0].pairs[0]).verdict is Verdict.PASS
    assert any("1e-07 is added inside a logarithm alone" in note for note in offers[0].notes)
    assert names_of(judged(pairs_of(tmp_path, LOSS.format(factor=1.001))["Loss"])) == {"constant-cut"}


def test_training_of_another_kind_is_no_engine_of_graphs(tmp_path: Path) -> None:
    offers, _ = look(tmp_path, LOSS.format(factor=1) + "\n    def train(X, y, epochs): raise SystemExit\n")
    assert [offer.convention for offer in offers] == ["layer-classes"]


@pytest.mark.parametrize(
    ("keep", "answer"),
    [
        ("self.W, self.b = W, b", "self.dW, self.db = self.x.T @ dout, dout.sum(axis=0); return dout @ self.W.T"),
        (
            "self.W, self.b, self.grads = W, b, {}",
            "self.grads = {'W': self.x.T @ dout, 'db': dout.sum(axis=0)}; return dout @ self.W.T",
        ),
        (
            "self.W, self.b = W, b",
            "self.W_grad = self.x.T @ dout; self.b_grad = dout.sum(axis=0); return dout @ self.W.T",
        ),
        ("self.W, self.b = W, b", "self.dLdW, self.dLdb = self.x.T @ dout, dout.sum(axis=0); return dout @ self.W.T"),
        ("self.W, self.b = W, b", "return dout @ self.W.T, self.x.T @ dout, dout.sum(axis=0)"),
        (
            "self.W, self.b = W, b; self.params = [self.W, self.b]; self.grads = [0 * W, 0 * b]",
            "self.grads[0][...] = self.x.T @ dout; self.grads[1][...] = dout.sum(axis=0); return dout @ self.W.T",
        ),
    ],
    ids=["attributes", "a dictionary", "grad behind", "dLd", "returned", "lists, arrays held twice"],
)
def test_gradients_of_parameters_are_found_where_layers_keep_them(tmp_path: Path, keep: str, answer: str) -> None:
    pair = pairs_of(tmp_path, LAYER.format(keep=keep, answer=answer))["Layer"]
    assert [np.shape(value) for value in pair.inputs] == [(4, 3), (3, 5), (5,)]
    assert judged(pair).verdict is Verdict.PASS
    wrong = pairs_of(tmp_path, LAYER.format(keep=keep, answer=answer.replace("self.x.T @ dout", "2 * self.x.T @ dout")))
    assert names_of(judged(wrong["Layer"])) == {"factor"}


def test_a_layer_that_adds_up_is_recognised_by_repeated_calls_and_normalised(tmp_path: Path) -> None:
    keep = "self.W, self.b, self.dW, self.db = W, b, 0 * W, 0 * b"
    answer = "self.dW += self.x.T @ dout; self.db += dout.sum(axis=0); return dout @ self.W.T"
    offers, _ = look(tmp_path, LAYER.format(keep=keep, answer=answer))
    assert [judged(pair).verdict for pair in offers[0].pairs] == [Verdict.PASS]
    assert any("add to those of the call before" in note for note in offers[0].notes)


def test_what_a_layer_keeps_from_an_earlier_call_is_found_on_a_used_object(tmp_path: Path) -> None:
    keep = "self.W, self.b, self.dW, self.db = W, b, None, None"
    answer = "self.dW = self.x.T @ dout if self.dW is None else self.dW; self.db = dout.sum(0); return dout @ self.W.T"
    found = pairs_of(tmp_path, LAYER.format(keep=keep, answer=answer))
    assert judged(found["Layer"]).verdict is Verdict.PASS
    used = judged(found["Layer, used before"])
    assert used.verdict is Verdict.FAIL
    assert names_of(used) == {"stale"}
    assert "W is still that of the call before" in " ".join(used.report().split())


def test_an_upstream_gradient_with_a_default_may_be_ignored_by_a_loss_only(tmp_path: Path) -> None:
    text = """
        class Loss:
            def forward(self, x, t):
                self.x, self.t = x, t
                return np.mean((x - t) ** 2)

            def backward(self, dout=1):
                return {factor} * 2 * (self.x - self.t) / self.x.size
    """
    ignoring = pairs_of(tmp_path, text.replace("{factor}", "1"))["Loss"]
    assert (ignoring.kind, judged(ignoring).verdict) == ("gradient", Verdict.PASS)
    partly = pairs_of(tmp_path, text.replace("{factor}", "dout ** 2"))["Loss"]
    assert (partly.kind, judged(partly).verdict) == ("vjp", Verdict.FAIL)


def test_a_class_that_cannot_be_made_is_told_with_how_to_make_it(tmp_path: Path) -> None:
    text = """
        class Layer:
            def __init__(self, blueprint):
                self.plan = blueprint["plan"]

            def forward(self, x):
                return self.plan * x

            def backward(self, dout):
                return self.plan * dout
    """
    _, misses = look(tmp_path, text, "layer-classes")
    assert 'EXAMPLES = {"Layer": {"init": (...), "forward": (...)}}' in misses[0].why
    made = text + '    EXAMPLES = {"Layer": {"init": ({"plan": 3.0},), "forward": (np.array([1.5, 2.5]),)}}\n'
    assert judged(pairs_of(tmp_path, made)["Layer"]).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("class Value:\n def __add__(self, o): pass\n def forward(self): pass\n def backward(self): pass"),
        pytest.param("class Add:\n def forward(ctx, a): return a\n def backward(ctx, d): return d"),
        pytest.param("class Layer:\n def forward(self, x): return x"),
    ],
    ids=["a class of numbers", "an op with a context", "no backward"],
)
def test_classes_of_other_kinds_are_no_layers(tmp_path: Path, text: str) -> None:
    assert look(tmp_path, text, "layer-classes") == ((), ())


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("inputs, targets, learning_rate", "targets"),
        ("labels", "labels"),
        ("inputs, output", "no upstream gradient"),
        ("a, y", "no upstream gradient"),
    ],
)
def test_a_backward_method_without_an_upstream_gradient_is_no_layer_s(
    tmp_path: Path, arguments: str, word: str
) -> None:
    first = arguments.partition(",")[0]
    text = f"""
        class Net:
            def __init__(self):
                self.W = np.ones((3, 3))

            def forward(self, {"inputs" if first != "a" else "x"}):
                self.out = {"inputs" if first != "a" else "x"} @ self.W
                return self.out

            def backward(self, {arguments}):
                self.dW = np.ones((3, 3)) * {first}.size
                return self.out
    """
    offers, misses = look(tmp_path, text, "layer-classes")
    assert not offers
    assert [miss.name for miss in misses] == ["Net"]
    assert word in misses[0].why


@pytest.mark.parametrize("names", ["output, output_error", "error, output", "y, dy", "a, delta_a", "out, grad"])
def test_names_tell_the_upstream_gradient_from_the_output(tmp_path: Path, names: str) -> None:
    out, upstream = sorted(names.split(", "), key=lambda n: n not in ("output", "y", "a", "out"))
    text = f"""
        class Tanh:
            def forward(self, x):
                return np.tanh(x)

            def backward(self, {names}):
                return {upstream} * (1 - {out} ** 2)
    """
    assert judged(pairs_of(tmp_path, text)["Tanh"]).verdict is Verdict.PASS
    wrong = pairs_of(tmp_path, text.replace("** 2", "** 3"))["Tanh"]
    assert judged(wrong).verdict is Verdict.FAIL


def test_what_no_convention_explains_is_told_by_name(tmp_path: Path) -> None:
    text = """
        def affine_forward(x, w): return x @ w, (x, w)
        def affine_backward(dout, cache): return dout @ cache[1].T, cache[0].T @ dout

        def mystery_gradient(blob): return blob.one
        def gradient_descent(w, rate): raise SystemExit("called")

        class Engine:
            def backprop(self, blob, other): raise SystemExit("called")

        class Plotter:
            def draw(self, blob): raise SystemExit("called")
    """
    offers, misses = look(tmp_path, text)
    assert [offer.convention for offer in offers] == ["layer-pairs"]
    assert [(miss.convention, miss.name) for miss in misses] == [
        ("checked", "Engine"),
        ("checked", "mystery_gradient"),
    ]
    assert "backprop(blob, other)" in misses[0].why


@pytest.mark.parametrize("more", ["learn_rate", "lr, lambda_", "learning_rate, weight_decay, momentum"])
def test_rates_and_penalties_of_a_backward_method_are_numbers(tmp_path: Path, more: str) -> None:
    penalty = next((name for name in more.split(", ") if name in ("lambda_", "weight_decay")), "0")
    rate = more.partition(",")[0]
    text = f"""
        class Dense:
            def __init__(self, W):
                self.W = W

            def forward(self, x):
                self.x = x
                return x @ self.W

            def backward(self, dout, {more}):
                dx = dout @ self.W.T
                self.W = self.W - {rate} * (FACTOR * self.x.T @ dout + {penalty} * self.W)
                return dx
    """
    assert judged(pairs_of(tmp_path, text.replace("FACTOR", "1"))["Dense"]).verdict is Verdict.PASS
    assert judged(pairs_of(tmp_path, text.replace("FACTOR", "2"))["Dense"]).verdict is Verdict.FAIL


def test_an_argument_whose_name_tells_nothing_is_never_given_an_input(tmp_path: Path) -> None:
    text = """
        class Dense:
            def forward(self, x):
                return 2 * x

            def backward(self, dout, fudge):
                return 2 * dout * fudge
    """
    offers, (miss,) = look(tmp_path, text, "layer-classes")
    assert not offers
    assert "'fudge'" in miss.why


CONV = """
    def pool_forward(x, pool_param):
        {refusal}
        s = pool_param["stride"]
        return x[..., ::s, ::s] * 1.0, (x, pool_param)

    def pool_backward(dout, cache):
        x, pool_param = cache
        s = pool_param["stride"]
        {answer}
        dx = np.zeros_like(x)
        dx[..., ::s, ::s] = dout
        return dx
"""


@pytest.mark.parametrize(
    ("refusal", "answer", "pairs", "word"),
    [
        ("", "", 3, ""),
        ("if pool_param['stride'] != 2: raise ValueError('tiles only')", "", 1, "forward function refuses it"),
        ("", "assert s == 2, 'tiles only'", 1, "no answer there"),
        ("", "if s != 2: return dout[..., :0]", 2, "not asked with pool_height=2 pool_width=2 stride=3"),
    ],
    ids=["both", "forward refuses", "backward refuses", "backward is wrong"],
)
def test_settings_that_are_refused_are_said_and_those_that_are_wrong_are_asked(
    tmp_path: Path, refusal: str, answer: str, pairs: int, word: str
) -> None:
    offers, _ = look(tmp_path, CONV.format(refusal=refusal, answer=answer))
    assert len(offers[0].pairs) == pairs
    assert any(word in note for note in offers[0].notes)
    assert "stride=2" in offers[0].pairs[0].shown
    verdicts = {judged(pair).verdict for pair in offers[0].pairs}
    assert verdicts == ({Verdict.PASS, Verdict.FAIL} if "return dout" in answer else {Verdict.PASS})


OVERWRITING = """
    def relu_forward(x):
        {ahead}

    def relu_backward(dout, cache):
        {back}
        return dout
"""


@pytest.mark.parametrize(
    ("ahead", "back", "said"),
    [
        ("return np.maximum(x, 0), x", "dout = dout.copy(); dout[cache <= 0] = 0", ""),
        ("return np.maximum(x, 0), x", "dout[cache <= 0] = 0", "relu_backward writes into dout, the upstream gradient"),
        ("x[x < 0] = 0; return x, x.copy()", "dout = dout * (cache > 0)", "relu_forward writes into x, which belongs"),
    ],
)
def test_an_array_of_the_caller_that_is_written_into_is_told(tmp_path: Path, ahead: str, back: str, said: str) -> None:
    offers, _ = look(tmp_path, OVERWRITING.format(ahead=ahead, back=back))
    assert judged(offers[0].pairs[0]).verdict is Verdict.PASS
    assert (len(offers[0].warnings) == 1) is bool(said)
    assert all(said in warning for warning in offers[0].warnings)


def test_a_layer_class_that_writes_into_the_upstream_gradient_is_told(tmp_path: Path) -> None:
    text = """
        class ReLU:
            def forward(self, inputs):
                self.inputs = inputs
                return np.maximum(0, inputs)

            def backward(self, dvalues):
                self.dinputs = dvalues
                self.dinputs[self.inputs <= 0] = 0
    """
    offers, _ = look(tmp_path, text)
    assert judged(offers[0].pairs[0]).verdict is Verdict.PASS
    assert [warning.partition(":")[0] for warning in offers[0].warnings] == [
        "ReLU.backward writes into dvalues, the upstream gradient that it is given"
    ]


@pytest.mark.parametrize(
    ("bias", "kind"),
    [
        ("dout.sum(axis=1, keepdims=True)", "sum-axis"),
        ("dout", "sum-forgotten"),
        ("dout.sum(axis=0, keepdims=True).T", "shape-transposed"),
        ("dout[:0]", "empty-slice"),
    ],
)
def test_a_gradient_of_another_shape_fails_and_the_others_are_compared(tmp_path: Path, bias: str, kind: str) -> None:
    text = AFFINE.format(answer=f"dout @ w.T, 2 * x.T @ dout, {bias}").replace("@ w + b", "@ w + b.reshape(1, -1)")
    found = pairs_of(tmp_path, text + "\n    EXAMPLES = {'affine': (np.ones((4, 3)), np.eye(3, 5), np.ones((1, 5)))}\n")
    result = judged(found["affine"])
    assert (result.verdict, result.right_blocks) == (Verdict.FAIL, ("x",))
    assert kind in names_of(result)
    assert [f.facts["block"] for f in result.findings if f.code == "GC110"] == ["b"]
    assert [f.facts["block"] for f in result.findings if f.code == "GC012"] == ["w"]


def test_a_layer_that_lays_its_samples_out_flat_is_asked_with_more_axes(tmp_path: Path) -> None:
    answer = "dout @ w.T, x.T @ dout, dout.sum(axis=0)"
    assert set(pairs_of(tmp_path, AFFINE.format(answer=answer))) == {"affine"}  # its forward pass takes no more axes
    flat = AFFINE.format(answer=answer).replace("x @ w", "x.reshape(len(x), -1) @ w")
    found = pairs_of(tmp_path, flat.replace("x.T @", "x.reshape(len(x), -1).T @"))
    assert {name: np.shape(pair.inputs[0]) for name, pair in found.items()} == {
        "affine": (4, 3),
        "affine, x of shape (4, 3, 2)": (4, 3, 2),
    }
    result = judged(found["affine, x of shape (4, 3, 2)"])
    assert (result.verdict, names_of(result)) == (Verdict.FAIL, {"shape-laid-out"})


def test_a_class_of_windows_is_asked_at_other_strides_that_its_constructor_takes(tmp_path: Path) -> None:
    text = """
        class Thinned:
            def __init__(self, stride=1):
                self.stride = stride

            def forward(self, x):
                self.x = x
                return 2.0 * x[:, :: self.stride]

            def backward(self, dout):
                dx = np.zeros_like(self.x)
                dx[:, :: self.stride] = 2.0 * dout
                return dx
    """
    found = pairs_of(tmp_path, text)
    assert list(found) == ["Thinned", "Thinned, stride=2", "Thinned, stride=3"]
    assert all(judged(pair).verdict is Verdict.PASS for pair in found.values())


def test_a_cell_of_two_states_gets_two_upstream_gradients(tmp_path: Path) -> None:
    text = """
        class Cell:
            def forward(self, x_t, h_prev, c_prev):
                self.kept = x_t, c_prev
                c_t = x_t * c_prev
                return h_prev + np.tanh(c_t), c_t

            def backward(self, dh_next, dc_next):
                x_t, c_prev = self.kept
                dc = dc_next + dh_next * (1 - np.tanh(x_t * c_prev) ** 2)
                return dc * c_prev, dh_next, dc * x_t
    """
    (pair,) = pairs_of(tmp_path, text).values()
    assert judged(pair).verdict is Verdict.PASS


LETTER = """
    def tanh(x):
        return np.tanh(x)

    def tanh_backward(dout, a):
        return dout * ({slope})
"""


@pytest.mark.parametrize(
    ("slope", "verdict"),
    [
        ("1 - np.tanh(a) ** 2", Verdict.PASS),
        ("1 - a ** 2", Verdict.PASS),
        ("1 - np.tanh(a)", Verdict.FAIL),
        ("1 - a", Verdict.FAIL),
    ],
)
def test_one_letter_is_the_input_s_name_or_the_output_s(tmp_path: Path, slope: str, verdict: Verdict) -> None:
    assert judged(pairs_of(tmp_path, LETTER.format(slope=slope))["tanh"]).verdict is verdict


def test_which_of_the_two_is_meant_can_be_said(tmp_path: Path) -> None:
    text = LETTER.format(slope="1 - a ** 2")
    found = {side: pairs_of(tmp_path, text, f"functions:slope={side}")["tanh"] for side in ("input", "output")}
    assert {side: str(judged(pair).verdict) for side, pair in found.items()} == {"input": "FAIL", "output": "PASS"}


def test_a_backward_function_belongs_to_one_forward_function(tmp_path: Path) -> None:
    text = LETTER.format(slope="1 - np.tanh(a) ** 2") + "\n    def tanh_forward(a):\n        return np.tanh(a)\n"
    offers, _ = look(tmp_path, text)
    assert [offer.convention for offer in offers] == ["layer-pairs"]
    assert judged(offers[0].pairs[0]).verdict is Verdict.PASS


MATMUL = """
    def matmul_forward(a, b):
        return a @ b

    def matmul_backward(dout, a, b):
        return dout @ b.T, {answer}
"""


def test_a_product_of_matrices_need_not_take_vectors(tmp_path: Path) -> None:
    offers, _ = look(tmp_path, MATMUL.format(answer="a.T @ dout"))
    assert judged(offers[0].pairs[0]).verdict is Verdict.PASS
    assert any("backward does not: it raises ValueError" in note for note in offers[0].notes)
    wrong = pairs_of(tmp_path, MATMUL.format(answer="a @ dout"))
    assert judged(wrong["matmul"]).verdict is Verdict.FAIL
