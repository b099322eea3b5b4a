"""Small engines and frameworks of courses, wrapped as f and its VJP or gradient."""

import itertools
import math

import numpy as np

from .. import shows
from .. import truth as mp
from ..item import Category
from ..truth import Hull, LabelledByIntent, Reference

CATEGORY = Category("small engines")
right, wrong = CATEGORY.right, CATEGORY.wrong
rng = np.random.default_rng(1986)


# scalars that remember their parents
class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self.children, self.back = data, 0.0, children, lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def back():
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.back = back
        return out

    def tanh(self):
        t = (math.exp(2 * self.data) - 1) / (math.exp(2 * self.data) + 1)
        out = Value(t, (self,))

        def back():
            self.grad += (1 - t**2) * out.grad

        out.back = back
        return out

    def __pow__(self, k):
        out = Value(self.data**k, (self,))

        def back():
            self.grad += k * self.data ** (k - 1) * out.grad

        out.back = back
        return out

    def backward(self, order):
        self.grad = 1.0
        for v in order(self):
            v.back()


def topological(root):
    order, visited = [], set()

    def build(v):
        if id(v) not in visited:
            visited.add(id(v))
            for child in v.children:
                build(child)
            order.append(v)

    build(root)
    return reversed(order)


def breadth_first(root):
    seen, queue = set(), [root]
    while queue:
        v = queue.pop(0)
        if id(v) in seen:
            continue
        seen.add(id(v))
        yield v
        queue.extend(v.children)


def neuron(leaves):
    x1, x2, w1, w2, b = leaves
    n = x1 * w1 + x2 * w2 + b
    o = n.tanh()
    e = o * o + n
    return e**2 * o + w1


def by_engine(order):
    def gradient(x):
        leaves = [Value(float(v)) for v in x]
        neuron(leaves).backward(order)
        return np.array([v.grad for v in leaves])

    return gradient


def neuron_value(x):
    return neuron([Value(float(v)) for v in x]).data


def neuron_arrays(x):
    n = x[0] * x[2] + x[1] * x[3] + x[4]
    o = np.tanh(n)
    return (o * o + n) ** 2 * o + x[2]


def mp_neuron(x):
    n = x[0] * x[2] + x[1] * x[3] + x[4]
    o = mp.tanh(n)
    return (o * o + n) ** 2 * o + x[2]


NEURON = Reference(mp_neuron)
POINT = np.array([2.0, 0.3, -0.4, 1.1, 0.7])
right(
    "engine_scalars_by_math", "gradient", neuron_value, by_engine(topological), POINT,
    "f runs in Python floats alone: nothing but numbers gets through it.", NEURON,
)  # fmt: skip
right("engine_scalars", "gradient", neuron_arrays, by_engine(topological), POINT, "The same f by NumPy.", NEURON)
wrong(
    "engine_scalars_breadth_first", "gradient", neuron_value, by_engine(breadth_first), POINT,
    "Parents in breadth-first order: a shared node passes on before all of its parts have arrived.", NEURON,
)  # fmt: skip


# CMU: W is (out, in), columns of ones carry the bias
def linear_forward(A, W, b):
    iota = np.ones((A.shape[0], 1))
    return A @ W.T + iota @ b.T


def linear_vjp(dLdZ, A, W, b, mean=False):
    N = A.shape[0]
    scale = N if mean else 1
    return dLdZ @ W, dLdZ.T @ A / scale, dLdZ.T @ np.ones((N, 1)) / scale


LINEAR_IN = (rng.standard_normal((4, 3)), rng.standard_normal((2, 3)), rng.standard_normal((2, 1)))
LINEAR = Reference(lambda A, W, b: A @ W.T + b.T)
right("mytorch_linear", "vjp", linear_forward, linear_vjp, LINEAR_IN, "W (out, in), b (out, 1).", LINEAR)
wrong(
    "mytorch_linear_averaged", "vjp", linear_forward, lambda c, *a: linear_vjp(c, *a, mean=True), LINEAR_IN,
    "Divided by N here although the loss has done so already.", LINEAR,
)  # fmt: skip
ONE_ROW = (LINEAR_IN[0][:1], *LINEAR_IN[1:])
wrong(
    "mytorch_linear_averaged_batch_of_one", "vjp", linear_forward, lambda c, *a: linear_vjp(c, *a, mean=True), ONE_ROW,
    "The same on a batch of one, where it cannot be seen.", Reference(LINEAR.value, at=(LINEAR_IN,)),
)  # fmt: skip


# softmax with its Jacobian per row
def softmax(Z):
    E = np.exp(Z - np.max(Z, axis=1)[:, None])
    return E / E.sum(axis=1)[:, None]


def softmax_vjp_jacobian(dLdA, Z, off_diagonal=True):
    A = softmax(Z)
    dLdZ = np.zeros_like(Z)
    for i in range(len(Z)):
        J = np.zeros((Z.shape[1], Z.shape[1]))
        for m in range(Z.shape[1]):
            for n in range(Z.shape[1]):
                if m == n:
                    J[m, n] = A[i, m] * (1 - A[i, m])
                elif off_diagonal:
                    J[m, n] = -A[i, m] * A[i, n]
        dLdZ[i, :] = dLdA[i, :] @ J
    return dLdZ


SOFTMAX, Z = Reference(mp.softmax), rng.standard_normal((3, 4))
right("mytorch_softmax_jacobian", "vjp", softmax, softmax_vjp_jacobian, Z, "One Jacobian per row.", SOFTMAX)
wrong(
    "mytorch_softmax_diagonal", "vjp", softmax, lambda c, Z: softmax_vjp_jacobian(c, Z, off_diagonal=False), Z,
    "The diagonal of the Jacobian only.", SOFTMAX,
)  # fmt: skip


# Coursera: samples are columns, 1/m, probabilities in the cost
A0, YS = rng.standard_normal((3, 5)), np.array([[1.0, 0.0, 1.0, 1.0, 0.0]])
PARAMETERS = (rng.standard_normal((4, 3)), np.zeros((4, 1)), rng.standard_normal((1, 4)), np.zeros((1, 1)))


def propagate(W1, b1, W2, b2):
    A1 = np.tanh(np.dot(W1, A0) + b1)
    return A1, 1 / (1 + np.exp(-(np.dot(W2, A1) + b2)))


def cost(W1, b1, W2, b2):
    m = YS.shape[1]
    _, A2 = propagate(W1, b1, W2, b2)
    logprobs = np.multiply(np.log(A2), YS) + np.multiply((1 - YS), np.log(1 - A2))
    return float(np.squeeze(-(1 / m) * np.sum(logprobs)))


def cost_squeezed(*parameters):
    _, A2 = propagate(*parameters)
    return np.squeeze(-np.mean(YS * np.log(A2) + (1 - YS) * np.log(1 - A2)))


def cost_gradient(W1, b1, W2, b2, keepdims=True, hidden_mean=True):
    m = YS.shape[1]
    A1, A2 = propagate(W1, b1, W2, b2)
    dZ2 = A2 - YS
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.multiply(np.dot(W2.T, dZ2), 1 - np.power(A1, 2))
    dW1 = np.dot(dZ1, A0.T) / (m if hidden_mean else 1)
    db1 = np.sum(dZ1, axis=1, keepdims=keepdims) / m
    return dW1, db1, dW2, db2


def mp_cost(W1, b1, W2, b2):
    z = W2 @ mp.tanh(W1 @ mp.lift(A0) + b1) + b2
    return (mp.log1p(mp.exp(z)) - mp.lift(YS) * z).sum() / 5


COST = Reference(mp_cost)
right("coursera_cost_as_a_float", "gradient", cost, cost_gradient, PARAMETERS, "f answers a Python float.", COST)
right("coursera_cost", "gradient", cost_squeezed, cost_gradient, PARAMETERS, "f answers a 0-d array.", COST)
wrong(
    "coursera_cost_hidden_not_averaged", "gradient", cost,
    lambda *p: cost_gradient(*p, hidden_mean=False), PARAMETERS, "1/m is missing for one of the four.", COST,
)  # fmt: skip
wrong(
    "coursera_cost_bias_lost_its_axis", "gradient", cost_squeezed,
    lambda *p: cost_gradient(*p, keepdims=False), PARAMETERS, "db1 of shape (4,) for b1 of shape (4, 1).",
    LabelledByIntent("an answer is not shaped like its input", shows=shows.wrong_shape),
)  # fmt: skip
SATURATED = (PARAMETERS[0], PARAMETERS[1], PARAMETERS[2], np.array([[-800.0]]))


def stable_cost(W1, b1, W2, b2):
    z = np.dot(W2, np.tanh(np.dot(W1, A0) + b1)) + b2
    return np.mean(np.logaddexp(0, z) - YS * z)


def gradient_by_division(W1, b1, W2, b2):
    A1, A2 = propagate(W1, b1, W2, b2)
    dA2 = -(np.divide(YS, A2) - np.divide(1 - YS, 1 - A2))
    dZ2 = dA2 * A2 * (1 - A2) / YS.shape[1]
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    return dZ1 @ A0.T, dZ1.sum(1, keepdims=True), dZ2 @ A1.T, dZ2.sum(1, keepdims=True)


right(
    "coursera_by_division", "gradient", stable_cost, gradient_by_division, PARAMETERS,
    "dA2 by division and back through the sigmoid: fine where nothing saturates.", COST,
)  # fmt: skip
wrong(
    "coursera_by_division_saturated", "gradient", stable_cost, gradient_by_division, SATURATED,
    "y / a with a = 0: NaN where the gradient is finite.", COST,
)  # fmt: skip


# Nielsen: one sample at a time, zip over weights and biases, cost_derivative
SIZES = [2, 3, 2]
XS, TARGETS = rng.standard_normal((3, 2, 1)), rng.uniform(0, 1, (3, 2, 1))
BIASES, WEIGHTS = [rng.standard_normal((k, 1)) for k in SIZES[1:]], [
    rng.standard_normal((k, j)) for j, k in itertools.pairwise(SIZES)
]  # fmt: skip


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def nielsen_cost(b1, b2, w1, w2):
    total = 0.0
    for x, y in zip(XS, TARGETS, strict=True):
        a = x
        for b, w in zip((b1, b2), (w1, w2), strict=True):
            a = sigmoid(np.dot(w, a) + b)
        total += 0.5 * np.linalg.norm(a - y) ** 2
    return total / len(XS)


def nielsen_gradient(b1, b2, w1, w2, prime_at_activation=False):
    biases, weights = [b1, b2], [w1, w2]
    nabla_b, nabla_w = [np.zeros(b.shape) for b in biases], [np.zeros(w.shape) for w in weights]
    for x, y in zip(XS, TARGETS, strict=True):
        activations, zs = [x], []
        for b, w in zip(biases, weights, strict=True):
            zs.append(np.dot(w, activations[-1]) + b)
            activations.append(sigmoid(zs[-1]))
        delta = (activations[-1] - y) * sigmoid_prime(zs[-1])
        for layer in range(1, 3):
            if layer > 1:
                at = activations[-layer] if prime_at_activation else zs[-layer]
                delta = np.dot(weights[-layer + 1].transpose(), delta) * sigmoid_prime(at)
            nabla_b[-layer] += delta / len(XS)
            nabla_w[-layer] += np.dot(delta, activations[-layer - 1].transpose()) / len(XS)
    return nabla_b + nabla_w


def mp_nielsen(b1, b2, w1, w2):
    errors = [
        mp.sigmoid(w2 @ mp.sigmoid(w1 @ mp.lift(x) + b1) + b2) - mp.lift(y) for x, y in zip(XS, TARGETS, strict=True)
    ]
    return sum((e * e).sum() for e in errors) / 6


NIELSEN = Reference(mp_nielsen)
NIELSEN_IN = (*BIASES, *WEIGHTS)
right("nielsen_network", "gradient", nielsen_cost, nielsen_gradient, NIELSEN_IN, "A list of four answers.", NIELSEN)
wrong(
    "nielsen_network_prime_of_activation", "gradient", nielsen_cost,
    lambda *p: nielsen_gradient(*p, prime_at_activation=True), NIELSEN_IN,
    "sigmoid_prime is taken at the activation in hidden layers.", NIELSEN,
)  # fmt: skip


# fast.ai: (n,) against (n, 1)
TARG, OUT = rng.standard_normal(4), rng.standard_normal((4, 1))
MSE = Reference(lambda out: ((out[:, 0] - mp.lift(TARG)) ** 2).mean())


def mse(out):
    return (np.squeeze(out, -1) - TARG).__pow__(2).mean()


def mse_gradient(out):
    return 2.0 * (out.squeeze() - TARG)[..., None] / out.shape[0]


def mse_gradient_broadcast(out):
    return (2.0 * (out - TARG) / out.shape[0]).mean(axis=1, keepdims=True)


right("fastai_mse_grad", "gradient", mse, mse_gradient, OUT, "squeeze and unsqueeze.", MSE)
wrong(
    "fastai_mse_grad_broadcast", "gradient", mse, mse_gradient_broadcast, OUT,
    "(n, 1) - (n,) became (n, n), and its mean has the right shape.", MSE,
)  # fmt: skip
wrong(
    "fastai_mse_grad_squeezes_a_batch_of_one", "gradient", lambda out: np.mean(np.squeeze(out, -1) ** 2),
    lambda out: 2.0 * np.squeeze(out)[:, None] / len(out), OUT[:1], "squeeze() drops the batch axis, too.",
    LabelledByIntent("the derivative raises on a batch of one", shows=shows.raises),
)  # fmt: skip


# relu that decides by its output, at a kink and not
def relu_net(x, w):
    return np.maximum(0.0, x @ w)


def relu_net_vjp(c, x, w, at_zero=0.0):
    out = relu_net(x, w)
    da = np.array(c, copy=True)
    da[out <= 0] = at_zero * da[out <= 0]
    return da @ w.T, x.T @ da


KINK_IN = (np.array([[1.0, 1.0], [2.0, -1.0]]), np.array([[1.0, 0.5], [-1.0, 1.0]]))
right(
    "relu_net_with_a_unit_at_zero", "gradient", lambda w: np.sum(relu_net(KINK_IN[0], w)),
    lambda w: relu_net_vjp(np.ones((2, 2)), KINK_IN[0], w)[1], KINK_IN[1],
    "x @ w is exactly 0 for one unit of one sample, which counts as dead.",
    LabelledByIntent(
        "two of the four products vanish", (Hull([[2, 1], [-1, 0]], [[3, 3], [0, 1]]),)
    ),
)  # fmt: skip
right(
    "relu_net", "vjp", relu_net, relu_net_vjp, (rng.standard_normal((3, 2)), rng.standard_normal((2, 4))),
    "Masked by the output in a copy.", Reference(lambda x, w: mp.relu(x @ w)),
)  # fmt: skip
wrong(
    "relu_net_leaks_backward", "vjp", relu_net, lambda c, x, w: relu_net_vjp(c, x, w, at_zero=0.01),
    (rng.standard_normal((3, 2)), rng.standard_normal((2, 4))), "A leak of 0.01 in the backward pass alone.",
    Reference(lambda x, w: mp.relu(x @ w)),
)  # fmt: skip
