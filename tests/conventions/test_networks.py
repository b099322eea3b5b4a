"""Networks in the manners of courses and books: which convention each file keeps, and what is settled without truth."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from gradcheck.conventions.offer import Miss, Offer, Pair
from gradcheck.conventions.recognition import Recognition, recognised, wish
from gradcheck.subject.loading import Package
from gradcheck.subject.pair_slopes import slopes
from gradcheck.verify.function_pairs import judged
from gradcheck.verify.second_look import ENOUGH, contradicts

HERE = Path(__file__).parent


def looked_at(module: ModuleType, wanted: str | None = None) -> Recognition:
    """What the module offers."""
    return recognised(module, None, wish(wanted))


def written(tmp_path: Path, text: str) -> ModuleType:
    """A file with this text, loaded."""
    file = tmp_path / "mine.py"
    file.write_text("import numpy as np\n" + text, encoding="utf-8")
    return Package(file).load()


def pairs(found: Recognition) -> list[Pair]:
    """All pairs of all offers."""
    return [pair for offer in found.offers for pair in offer.pairs]


LOSS = """
class Net:
    def __init__(self, input_size, hidden_size, output_size):
        self.params = {"W": np.zeros((input_size, output_size)), "b": np.zeros(output_size)}

    def loss(self, X, y):
        out = X @ self.params["W"] + self.params["b"]
        d = out - y
        return 0.5 * np.sum(d**2), {"W": X.T @ d, "b": d.sum(axis=0)}

    def train(self, X, y):
        raise SystemExit("trained")

    fit = main = SGD = train
"""


def test_a_dict_of_parameters_and_a_loss_are_recognised(tmp_path: Path) -> None:
    found = looked_at(written(tmp_path, LOSS))
    assert [(offer.convention, offer.name) for offer in found.offers] == [("network-loss", "Net")]
    assert not found.misses
    (pair,) = pairs(found)
    assert {name: value.shape for name, value in pair.inputs[0].items()} == {"W": (4, 3), "b": (3,)}
    assert pair.shown == "Net.loss"


def test_loss_and_gradient_do_not_depend_on_the_calls_before(tmp_path: Path) -> None:
    (pair,) = pairs(looked_at(written(tmp_path, LOSS)))
    (params,) = pair.inputs
    before = {name: value.copy() for name, value in params.items()}
    first = pair.f(params), pair.derivative(params)  # type: ignore[misc] # a gradient has a derivative
    again = pair.f(params), pair.derivative(params)  # type: ignore[misc]
    assert first[0] == again[0]
    for name in params:
        assert np.array_equal(first[1][name], again[1][name])
        assert np.array_equal(params[name], before[name])


def test_layers_that_share_the_arrays_of_params_get_the_new_ones(tmp_path: Path) -> None:
    text = """
class Layer:
    def __init__(self, W):
        self.W = W

class Net:
    def __init__(self, input_size, output_size):
        self.params = {"W1": np.zeros((input_size, output_size))}
        self.layer = Layer(self.params["W1"])

    def loss(self, x, t):
        return np.sum((x @ self.layer.W - t) ** 2)

    def gradient(self, x, t):
        return {"W1": 2 * x.T @ (x @ self.layer.W - t)}
"""
    (pair,) = pairs(looked_at(written(tmp_path, text)))
    assert pair.f({"W1": np.zeros((4, 3))}) == 5.0  # five one-hot rows
    assert pair.f({"W1": np.ones((4, 3))}) != 5.0


@pytest.mark.parametrize(
    ("shape", "transposed", "note"),
    [("(input_size, output_size)", "x @ W", "rows"), ("(output_size, input_size)", "W @ x", "columns")],
)
def test_orientation_is_what_runs(tmp_path: Path, shape: str, transposed: str, note: str) -> None:
    text = f"""
class Net:
    def __init__(self, input_size, output_size):
        self.W = np.zeros({shape})

    def forward(self, x):
        W = self.W
        return {transposed}

    def loss(self, x, y):
        return np.sum((self.forward(x) - y) ** 2)

    def backward(self, x, y):
        raise ArithmeticError
"""
    found = looked_at(written(tmp_path, text), "network-loss")
    assert [miss.why.partition(" raised ")[2] for miss in found.misses] == ["ArithmeticError: "]
    found = looked_at(
        written(tmp_path, text.replace("raise ArithmeticError", "self.dW = np.zeros_like(self.W)")), "network-loss"
    )
    (offer,) = found.offers
    assert any(f"samples are in {note}" in line for line in offer.notes)


@pytest.mark.parametrize("labels", ["numbers", "one-hot"])
def test_labels_that_both_run_can_be_asked_for(tmp_path: Path, labels: str) -> None:
    text = """
class Net:
    def __init__(self, input_size, output_size):
        self.params = {"W1": np.zeros((input_size, output_size))}

    def loss(self, x, t):
        t = t.argmax(axis=1) if t.ndim == 2 else t
        s = x @ self.params["W1"]
        p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        p[range(5), t] -= 1
        return 1.0, {"W1": x.T @ p / 5}
"""
    (offer,) = looked_at(written(tmp_path, text), f"network-loss:labels={labels}").offers
    wanted = {"numbers": "class numbers", "one-hot": "one-hot rows"}[labels]
    assert any(f"labels are {wanted}" in note for note in offer.notes)


def test_the_gradient_of_a_method_that_updates_is_what_it_takes_away(tmp_path: Path) -> None:
    text = """
class Net:
    def __init__(self, input_size, output_size):
        self.W = np.zeros((input_size, output_size))

    def forward(self, X):
        self.out = X @ self.W
        return self.out

    def loss(self, y, out):
        return np.sum((out - y) ** 2)

    def backward(self, X, y, learning_rate=0.1):
        self.W -= learning_rate * 2 * X.T @ (self.out - y)
"""
    (offer,) = looked_at(written(tmp_path, text)).offers
    assert any("moves the parameters itself" in note for note in offer.notes)
    (pair,) = offer.pairs
    (params,) = pair.inputs
    step = {"W": params["W"] + 1e-6}
    slope = (pair.f(step) - pair.f(params)) / 1e-6
    assert pair.derivative(params)["W"].sum() == pytest.approx(slope, rel=1e-4)  # type: ignore[misc]


def test_a_network_that_cannot_be_made_is_a_miss_that_names_the_argument(tmp_path: Path) -> None:
    found = looked_at(written(tmp_path, LOSS.replace("output_size):", "output_size, mysterious):")))
    assert found.offers == ()
    (miss,) = found.misses
    assert miss == Miss("network-loss", "Net", "what the argument mysterious of Net() is for is not known")


def test_layers_and_losses_are_no_networks(tmp_path: Path) -> None:
    text = """
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T

class SoftmaxWithLoss:
    def forward(self, x, t):
        self.t = t
        return np.sum(x)

    def backward(self, dout=1):
        return self.t
"""
    found = looked_at(written(tmp_path, text), "network-loss")
    assert (found.offers, found.misses) == ((), ())


GUARDED = """
EPS = 1e-8

class Net:
    def __init__(self, input_size, output_size):
        self.params = {"W1": np.zeros((input_size, output_size))}

    def loss(self, x, t, tiny=1e-9):
        small = 1e-10
        y = x @ self.params["W1"]
        return np.log(np.sum(y**2) + 1e-7) + np.log(1 + tiny) + np.log(1 + small) + np.log(1 + EPS)

    def gradient(self, x, t):
        y = x @ self.params["W1"]
        return {"W1": 2 * x.T @ y / (np.sum(y**2)MORE)}
"""


def test_a_constant_inside_a_logarithm_alone_is_left_out_and_noted(tmp_path: Path) -> None:
    module = written(tmp_path, GUARDED.replace("MORE", ""))
    (offer,) = looked_at(module).offers
    assert [note.partition(" ")[0] for note in offer.notes[2:]] == ["1e-10", "1e-09", "1e-08", "1e-07"]
    (pair,) = offer.pairs
    with np.errstate(divide="ignore"):
        assert pair.f({"W1": np.zeros((4, 3))}) == -np.inf
    assert (module.EPS, module.Net.loss.__defaults__) == (1e-8, (1e-9,))


def test_a_constant_that_the_gradient_knows_stays(tmp_path: Path) -> None:
    (offer,) = looked_at(written(tmp_path, GUARDED.replace("MORE", " + 1e-7"))).offers
    assert [note.partition(" ")[0] for note in offer.notes[2:]] == ["1e-10", "1e-09", "1e-08"]
    assert offer.pairs[0].f({"W1": np.zeros((4, 3))}) == pytest.approx(np.log(1e-7))


def test_offers_are_offers() -> None:
    found = looked_at(Package(HERE / "network_loss" / "right_two_layer_net.py").load(), "network-loss")
    assert [type(offer) for offer in found.offers] == [Offer]
    assert [pair.name for pair in pairs(found)] == ["TwoLayerNet", "TwoLayerNet, reg=0.3"]


LINEAR = """
def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)

def linear_backward(dZ, cache):
    A, W, b = cache
    m = A.shape[1]
    return W.T @ dZ, dZ @ A.T DW, dZ.sum(axis=1, keepdims=True) DB
"""


@pytest.mark.parametrize(
    ("dw", "db", "verdict", "note"),
    [
        ("/ m", "/ m", "PASS", "carry 1/m"),
        ("", "", "PASS", "taken to lack 1/m"),
        ("", "/ m", "FAIL", "carry 1/m"),
        ("/ m", "", "FAIL", "carry 1/m"),
    ],
)
def test_a_layer_may_carry_the_mean_or_not_but_not_in_one_gradient_alone(
    tmp_path: Path, dw: str, db: str, verdict: str, note: str
) -> None:
    (offer,) = looked_at(written(tmp_path, LINEAR.replace("DW", dw).replace("DB", db))).offers
    assert (offer.convention, [note in line for line in offer.notes]) == ("dictionaries", [True])
    result = judged(offer.pairs[0])
    assert result.verdict.value == verdict
    kinds = [finding.facts["kind"] for finding in result.findings if finding.code == "GC051"]
    assert kinds == ([] if verdict == "PASS" else ["mean-sum"])


def test_what_a_layer_lacks_can_be_asked_for(tmp_path: Path) -> None:
    module = written(tmp_path, LINEAR.replace("DW", "").replace("DB", ""))
    (offer,) = looked_at(module, "dictionaries:scale=mean").offers
    assert judged(offer.pairs[0]).verdict.value == "FAIL"
    module = written(tmp_path, LINEAR.replace("DW", "/ m").replace("DB", "/ m"))
    (offer,) = looked_at(module, "dictionaries:scale=sum").offers
    assert judged(offer.pairs[0]).verdict.value == "FAIL"


def test_layers_with_another_first_argument_are_left_to_layer_pairs(tmp_path: Path) -> None:
    text = LINEAR.replace("DW", "").replace("DB", "").replace("A, W, b", "x, w, b").replace("W", "w").replace("A", "x")
    assert looked_at(written(tmp_path, text), "dictionaries").offers == ()


def test_what_dictionaries_explain_is_not_judged_as_layers(tmp_path: Path) -> None:
    found = looked_at(Package(HERE / "dictionaries" / "right_l_layers.py").load())
    assert [offer.convention for offer in found.offers] == ["dictionaries"]


MODEL = """
def forward_propagation(X, parameters):
    A = X
    for k in (1, 2):
        A = 1 / (1 + np.exp(-(parameters[f"W{k}"] @ A + parameters[f"b{k}"])))
    return A, A

def compute_cost(A, Y):
    return np.sum(A - Y)

def backward_propagation(X, Y, cache):
    return {}
"""


def test_a_backward_pass_without_gradients_is_a_miss(tmp_path: Path) -> None:
    found = looked_at(written(tmp_path, MODEL), "dictionaries")
    assert found.offers == ()
    assert [miss.name for miss in found.misses] == ["backward_propagation"]


def test_the_number_of_layers_is_what_is_read(tmp_path: Path) -> None:
    text = MODEL.replace("return {}", "return {'dW1': 0.0, 'dW2': 0.0, 'db1': 0.0}")
    (offer,) = looked_at(written(tmp_path, text), "dictionaries").offers
    assert list(offer.pairs[0].inputs[0]) == ["W1", "b1", "W2", "b2"]
    result = judged(offer.pairs[0])
    assert result.verdict.value == "ERROR"  # one of the four is not answered
    assert "b2" in result.report()


def test_a_key_of_another_kind_is_told(tmp_path: Path) -> None:
    text = MODEL.replace('parameters[f"b{k}"]', 'parameters[f"gamma{k}"]')
    (miss,) = looked_at(written(tmp_path, text), "dictionaries").misses
    assert "KeyError: 'gamma1'" in miss.why


NIELSEN = """
class Network:
    def __init__(self, sizes):
        self.biases = [np.zeros((n, 1)) for n in sizes[1:]]
        self.weights = [np.zeros((n, m)) for m, n in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = w @ a + b
        return a

    def backprop(self, x, y):
        activations = [x]
        for b, w in zip(self.biases, self.weights):
            activations.append(w @ activations[-1] + b)
        delta, nabla_b, nabla_w = activations[-1] - y, [], []
        for w, a in zip(self.weights[::-1], activations[-2::-1]):
            nabla_b.insert(0, BIAS)
            nabla_w.insert(0, delta @ a.T SCALE)
            delta = w.T @ delta
        return ANSWER
"""


def network(bias: str = "delta", scale: str = "", answer: str = "nabla_b, nabla_w") -> str:
    """A linear network in Nielsen's manner."""
    return NIELSEN.replace("BIAS", bias).replace("SCALE", scale).replace("ANSWER", answer)


def test_one_example_at_a_time_and_half_squares(tmp_path: Path) -> None:
    (offer,) = looked_at(written(tmp_path, network())).offers
    assert offer.convention == "nielsen"
    assert [pair.name for pair in offer.pairs] == ["Network, one hidden layer", "Network, two hidden layers"]
    assert [judged(pair).verdict.value for pair in offer.pairs] == ["PASS", "PASS"]
    assert any("half the squared distance" in note for note in offer.notes)


@pytest.mark.parametrize(("scale", "word"), [("", "summed"), (" / x.shape[1]", "averaged")], ids=["summed", "averaged"])
def test_a_mini_batch_is_summed_or_averaged_by_its_own_answers(tmp_path: Path, scale: str, word: str) -> None:
    text = network(f"delta.sum(axis=1, keepdims=True){scale}", scale)
    (offer,) = looked_at(written(tmp_path, text)).offers
    assert any(f"several examples are {word}" in note for note in offer.notes)
    assert [judged(pair).verdict.value for pair in offer.pairs] == ["PASS"] * 4


def test_the_order_of_the_two_answers_is_told_by_shapes_or_asked_for(tmp_path: Path) -> None:
    module = written(tmp_path, network(answer="nabla_w, nabla_b"))
    (offer,) = looked_at(module).offers
    assert judged(offer.pairs[0]).verdict.value == "PASS"
    (offer,) = looked_at(module, "nielsen:order=biases").offers
    assert judged(offer.pairs[0]).verdict.value == "FAIL"


def test_a_cost_class_counts_unless_the_book_s_is_asked_for(tmp_path: Path) -> None:
    module = Package(HERE / "nielsen" / "right_network2.py").load()
    (offer,) = looked_at(module, "nielsen:cost=half-squares").offers
    assert judged(offer.pairs[0]).verdict.value == "FAIL"


def test_networks_of_gradcheck_alone_are_a_convention_of_their_own(tmp_path: Path) -> None:
    text = "def mlp_gradients(net, point):\n    pass\n"
    assert [offer.convention for offer in looked_at(written(tmp_path, text)).offers] == ["mlp"]
    text += "def gradients(graph, point):\n    pass\n"
    (offer,) = looked_at(written(tmp_path, text)).offers
    assert (offer.convention, sorted(offer.functions)) == ("graph", ["gradients", "mlp_gradients"])


def test_a_function_that_trains_its_own_network_is_no_entry_point(tmp_path: Path) -> None:
    assert looked_at(written(tmp_path, "def train(X, y, epochs):\n    pass\n")).offers == ()


NO_LOSS = """
class Perceptron:
    def __init__(self, input_size, hidden_size, output_size):
        self.w1, self.b1 = np.random.randn(input_size, hidden_size), np.zeros((1, hidden_size))
        self.w2, self.b2 = np.random.randn(hidden_size, output_size), np.zeros((1, output_size))

    def forward(self, inputs):
        self.hidden = np.tanh(inputs @ self.w1 + self.b1)
        self.output = 1 / (1 + np.exp(-(self.hidden @ self.w2 + self.b2)))
        return self.output

    def backward(self, inputs, targets, learning_rate):
        error = (targets - self.output)SCALE
        delta = errorSLOPE
        hidden = (delta @ self.w2.T) * (1 - self.hidden**2)
        self.w2 += learning_rate * self.hidden.T @ delta
        self.b2 += learning_rate * delta.sum(axis=0, keepdims=True)
        self.w1 += learning_rate * inputs.T @ hidden
        self.b1 += learning_rate * hidden.sum(axis=0, keepdims=True)
"""
SLOPE = " * self.output * (1 - self.output)"


def contradicted(pair: Pair) -> bool:
    """Whether differences of the loss contradict the gradient."""
    return sum(map(contradicts, slopes(pair))) >= ENOUGH


@pytest.mark.parametrize(
    ("scale", "slope", "right"),
    [
        ("", SLOPE, ["half the squared error"]),
        (" * 2 / len(inputs)", SLOPE, ["the squared error"]),
        (" * 2 / targets.size", SLOPE, ["the mean squared error"]),
        ("", "", ["the binary cross-entropy"]),
        ("", " * self.output", []),
        (" * -1", SLOPE, []),
    ],
    ids=["half squares", "mean of squares", "mean over all", "binary cross-entropy", "half of the slope", "uphill"],
)
def test_a_network_without_a_loss_is_right_for_one_that_it_may_have(tmp_path, scale, slope, right) -> None:
    (pair,) = pairs(looked_at(written(tmp_path, NO_LOSS.replace("SCALE", scale).replace("SLOPE", slope))))
    assert pair.shown == "Perceptron.backward"
    found = [one.reading.words for one in (pair, *pair.others) if one.reading and not contradicted(one)]
    assert found == [f"as the gradient of {loss}" for loss in right]


@pytest.mark.parametrize(("slope", "verdict"), [("", "PASS"), (" * self.output", "FAIL")])
def test_of_several_losses_one_has_to_be_the_right_one(tmp_path: Path, slope: str, verdict: str) -> None:
    (pair,) = pairs(looked_at(written(tmp_path, NO_LOSS.replace("SCALE", "").replace("SLOPE", slope))))
    result = judged(pair)
    assert str(result.verdict) == verdict
    (told,) = [f.sentence for f in result.findings if f.code == "GC113"]
    assert ("is right as the gradient of the binary cross-entropy" in told) == (verdict == "PASS")


RATE_HELD = NO_LOSS.replace("SCALE", "").replace("SLOPE", SLOPE).replace("targets, learning_rate", "targets")
HELD = ("output_size):", "output_size):\n        self.lr = 0.01"), ("learning_rate *", "self.lr *")
TRAINED = (
    ("backward(self, inputs, targets)", "train(self, inputs, targets, epochs)"),
    ("error =", "self.forward(inputs)\n        error ="),
)
BY_OUTPUT = (("targets)", "targets, output)"),)
GIVEN = ("return self.output", "return inputs, self.hidden, self.output"), ("targets)", "hidden, output, targets)")


@pytest.mark.parametrize(
    "changes",
    [HELD, (*HELD, *TRAINED), (*HELD, *BY_OUTPUT), (*HELD, *GIVEN), (("learning_rate *", ""), *TRAINED)],
    ids=["a rate that it holds", "training once", "outputs given", "all that forward returns given", "no rate"],
)
@pytest.mark.parametrize(("factor", "verdict"), [("", "PASS"), (" * self.hidden", "FAIL")])
def test_a_step_tells_the_gradient(tmp_path, changes, factor, verdict) -> None:
    text = RATE_HELD.replace("self.w2.T)", f"self.w2.T){factor}")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (pair,) = pairs(looked_at(written(tmp_path, text)))
    assert contradicted(pair) == (verdict == "FAIL")


def test_what_an_optimiser_keeps_is_no_parameter(tmp_path: Path) -> None:
    momentum = (
        "self.lr = 0.01; self.vw1 = np.zeros_like(self.w1)",
        "self.vw1 = 0.9 * self.vw1 + inputs.T @ hidden; self.w1 += self.lr * self.vw1",
    )
    text = RATE_HELD.replace("output_size):", "output_size):\n        LAST").replace("learning_rate *", "self.lr *")
    text = text.replace("self.w1 += self.lr * inputs.T @ hidden", momentum[1]).replace("        LAST\n", "")
    text = text.replace("np.zeros((1, output_size))\n", f"np.zeros((1, output_size))\n        {momentum[0]}\n", 1)
    (pair,) = pairs(looked_at(written(tmp_path, text)))
    assert list(pair.inputs[0]) == ["w1", "b1", "w2", "b2"]
    assert not contradicted(pair)


IN_LISTS = """
class MLP:
    def __init__(self, layers, learning_rate=0.1):
        self.lr, self.weights = learning_rate, [np.ones(s) for s in zip(layers[:-1], layers[1:])]

    def forward(self, X):
        activations = [X]
        for w in self.weights:
            activations.append(np.tanh(activations[-1] @ w))
        return activations

    def backward(self, y, activations):
        delta = (activations[-1] - y) * (1 - activations[-1] ** 2)
        for i in reversed(range(len(self.weights))):
            step = activations[i].T @ delta
            delta = (delta @ self.weights[i].T) * SLOPE
            self.weights[i] -= self.lr * step
"""


@pytest.mark.parametrize(("slope", "wrong"), [("(1 - activations[i] ** 2)", False), ("1.0", True)])
def test_a_forward_pass_that_returns_all_activations(tmp_path: Path, slope: str, wrong: bool) -> None:
    (pair,) = pairs(looked_at(written(tmp_path, IN_LISTS.replace("SLOPE", slope))))
    assert contradicted(pair) == wrong


FUNCTIONS = """
def softmax(Z):
    return np.exp(Z) / np.exp(Z).sum(axis=0)

def forward_prop(W1, b1, W2, b2, X):
    Z1 = W1.dot(X) + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2.dot(A1) + b2
    A2 = softmax(Z2)
    return Z1, A1, Z2, A2

def backward_prop(Z1, A1, A2, W2, X, Y):
    m = X.shape[1]
    dZ2 = A2 - np.eye(3)[Y].T
    dZ1 = W2.T.dot(dZ2)SLOPE
    return dZ1.dot(X.T) / m, dZ1.sum(axis=1, keepdims=True) / m, dZ2.dot(A1.T) / m, BIAS / m
"""


@pytest.mark.parametrize(
    ("slope", "bias", "wrong"),
    [
        (" * (Z1 > 0)", "dZ2.sum(axis=1, keepdims=True)", []),
        ("", "dZ2.sum(axis=1, keepdims=True)", ["W1", "b1"]),
        (" * (Z1 > 0)", "dZ2.sum(axis=0, keepdims=True)", ["b2"]),
    ],
    ids=["right", "slope forgotten", "summed over the wrong axis"],
)
def test_a_network_of_plain_functions(tmp_path: Path, slope: str, bias: str, wrong: list[str]) -> None:
    found = looked_at(written(tmp_path, FUNCTIONS.replace("SLOPE", slope).replace("BIAS", bias)))
    assert not found.misses
    (pair,) = pairs(found)
    assert pair.shown == "backward_prop"
    assert pair.reading is not None and pair.reading.words == "as the gradient of the cross-entropy"
    result = judged(replace(pair, others=()))
    assert [name for name, (bad, _) in result.blocks.items() if bad] == [f"params['{name}']" for name in wrong]


def test_training_that_loops_without_a_number_of_rounds_is_not_called(tmp_path: Path) -> None:
    text = RATE_HELD.replace("learning_rate *", "").replace("def backward", "def train")
    text = text.replace("        error =", "        self.forward(inputs)\n        error =")
    assert (
        looked_at(
            written(tmp_path, text.replace("        error =", "        while True: pass\n        error ="))
        ).offers
        == ()
    )
    assert len(pairs(looked_at(written(tmp_path, text)))) == 1


TRANSPOSED = """
class neuralNetwork:
    def __init__(self, inputnodes, outputnodes, learningrate):
        self.who, self.lr = np.ones((outputnodes, inputnodes)), learningrate

    def query(self, inputs_list):
        return np.tanh(self.who @ np.array(inputs_list, ndmin=2).T)

    def train(self, inputs_list, targets_list):
        outputs = self.query(inputs_list)
        errors = np.array(targets_list, ndmin=2).T - outputs
        self.who += self.lr * (errors * SLOPE) @ np.array(inputs_list, ndmin=2)
"""


@pytest.mark.parametrize(("slope", "wrong"), [("(1 - outputs**2)", False), ("(1 - outputs)", True)])
def test_a_network_that_transposes_what_it_is_given(tmp_path: Path, slope: str, wrong: bool) -> None:
    (pair,) = pairs(looked_at(written(tmp_path, TRANSPOSED.replace("SLOPE", slope))))
    assert contradicted(pair) == wrong


@pytest.mark.parametrize("scale", ["", " / len(inputs)"], ids=["summed", "averaged"])
@pytest.mark.parametrize(
    ("loss", "slope", "factor"),
    [("half-squares", SLOPE, ""), ("squares", SLOPE, " * 2"), ("binary-cross-entropy", "", "")],
)
def test_the_loss_that_is_named_is_differentiated(
    tmp_path: Path, loss: str, slope: str, factor: str, scale: str
) -> None:
    text = NO_LOSS.replace("SCALE", factor + scale)
    (offer,) = looked_at(written(tmp_path, text.replace("SLOPE", slope)), f"network-loss:loss={loss}").offers
    assert [judged(pair).verdict.value for pair in offer.pairs] == ["PASS"]
    wrong = text.replace("SLOPE", "" if slope else SLOPE)
    (offer,) = looked_at(written(tmp_path, wrong), f"network-loss:loss={loss}").offers
    assert [judged(pair).verdict.value for pair in offer.pairs] == ["FAIL"]


LISTS = """
def half_loss(output, target):
    return 0.5 * np.sum((output - target) ** 2)

class Deep:
    def __init__(self, sizes):
        self.W = [np.ones((a, b)) for a, b in zip(sizes[:-1], sizes[1:])]

    def forward(self, X):
        self.seen = [X]
        for W in self.W:
            self.seen.append(self.seen[-1] @ W)
        return self.seen[-1]

    def backward(self, X, y):
        out, grads = self.forward(X), []
        d = out - y
        for k in reversed(range(len(self.W))):
            grads.insert(0, self.seen[k].T @ dFACTOR)
            d = d @ self.W[k].T
        ANSWER
"""


@pytest.mark.parametrize("answer", ["return grads", "self.dW = grads", "self.grads = {'W': grads}"])
def test_gradients_of_parameters_in_lists_are_found(tmp_path: Path, answer: str) -> None:
    text = LISTS.replace("ANSWER", answer)
    (offer,) = looked_at(written(tmp_path, text.replace("FACTOR", ""))).offers
    assert list(offer.pairs[0].inputs[0]) == ["W[0]", "W[1]", "W[2]"]
    assert judged(offer.pairs[0]).verdict.value == "PASS"
    (offer,) = looked_at(written(tmp_path, text.replace("FACTOR", " * (1 + k)"))).offers
    assert judged(offer.pairs[0]).verdict.value == "FAIL"


OF_ITS_DATA = """
class Net:
    def __init__(self, x, y):
        self.x, self.y, self.w = x, y, np.zeros((x.shape[1], 1))

    def feedforward(self):
        self.output = self.x @ self.w

    def backprop(self):
        self.w += self.x.T @ (self.y - self.output){scale}
"""


@pytest.mark.parametrize(("scale", "verdict"), [("", "PASS"), (" * 2", "PASS"), (" * -1", "FAIL")])
def test_a_network_made_with_its_data_is_right_for_one_loss_that_it_may_have(
    tmp_path, scale: str, verdict: str
) -> None:
    (pair,) = pairs(looked_at(written(tmp_path, OF_ITS_DATA.format(scale=scale))))
    assert str(judged(pair).verdict) == verdict


@pytest.mark.parametrize(("scale", "verdict"), [("", "PASS"), (" / len(self.y)", "PASS"), (" * 3", "FAIL")])
def test_a_step_of_a_network_made_with_its_data_is_its_gradient(tmp_path: Path, scale: str, verdict: str) -> None:
    module = written(tmp_path, OF_ITS_DATA.format(scale=scale))
    (pair,) = pairs(looked_at(module, "network-loss:loss=half-squares"))
    result = judged(pair)
    assert (str(result.verdict), result.comparisons) == (verdict, 4)


CELL = """
def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])
    return parameters["Wya"] @ a_next, a_next, (a_next, a_prev, xt, parameters)

def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = (1 - a_next**2) * da_next
    return {answer}
"""


def test_a_cell_is_asked_for_the_output_that_its_backward_pass_names(tmp_path: Path) -> None:
    answer = '{"dWax": dz @ xt.T, "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}'
    (pair,) = pairs(found := looked_at(written(tmp_path, CELL.replace("{answer}", answer))))
    assert pair.f.argument_names == ("Wax", "Waa", "ba")
    assert str(judged(pair).verdict) == "PASS"
    assert any("no gradient of xt, a_prev" in note for note in found.offers[0].notes)


def test_a_cell_whose_gradients_are_no_dict_is_a_miss(tmp_path: Path) -> None:
    found = looked_at(written(tmp_path, CELL.replace("{answer}", "dz")), "dictionaries")
    assert any("no dict of gradients" in miss.why for miss in found.misses)


def test_a_gradient_of_another_shape_in_a_dict_fails_beside_the_others(tmp_path: Path) -> None:
    text = """
class Net:
    def __init__(self, input_size, output_size):
        self.params = {"W": np.zeros((input_size, output_size)), "b": np.zeros(output_size)}

    def loss(self, X, y):
        d = X @ self.params["W"] + self.params["b"] - y
        return 0.5 * np.sum(d**2), {"W": X.T @ d, "b": d}
"""
    (pair,) = pairs(looked_at(written(tmp_path, text)))
    result = judged(pair)
    assert (str(result.verdict), result.right_blocks) == ("FAIL", ("params['W']",))
    assert [f.facts["block"] for f in result.findings if f.code == "GC110"] == ["params['b']"]


def test_a_loss_that_is_no_method_is_called_by_its_own_name(tmp_path: Path) -> None:
    text = """
def squared_loss(out, y):
    return np.sum((out - y) ** 2)

class Net:
    def __init__(self, input_size, output_size):
        self.W = np.zeros((input_size, output_size))

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, out, y):
        self.dW = 2 * self.x.T @ (out - y)
"""
    module = written(tmp_path, text)
    (pair,) = pairs(looked_at(module, "network-loss"))
    assert inspect.unwrap(pair.f) is module.squared_loss
    (pair,) = pairs(looked_at(module, "network-loss:loss=squares"))
    assert inspect.unwrap(pair.f) is pair.f
