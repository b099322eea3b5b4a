"""scikit-learn's compiled losses, and what it fits: linear models, networks, NCA, t-SNE, Huber's regression."""

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck import check_gradient, check_hessian, check_jacobian, check_value_and_gradient
from real.real_check import RealCheck, planted

pytest.importorskip("sklearn", reason="scikit-learn is not installed (pip install '.[real]')")

from sklearn._loss import loss as losses
from sklearn.linear_model._huber import _huber_loss_and_gradient
from sklearn.linear_model._linear_loss import LinearModelLoss
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.neural_network import MLPClassifier, MLPRegressor

RANDOM = np.random.default_rng(7)
N = 6
RAW = RANDOM.normal(size=N)
RAW3 = RANDOM.normal(size=(N, 3))
REAL = RANDOM.normal(size=N)
POSITIVE = RANDOM.gamma(2.0, size=N)
FRACTION = RANDOM.uniform(0.1, 0.9, size=N)
CLASSES = np.array([0.0, 1.0, 2.0, 1.0, 0.0, 2.0])
WEIGHTS = RANDOM.uniform(0.5, 2.0, size=N)
X = RANDOM.normal(size=(N, 2))
PLACES = RANDOM.normal(size=2 * N)
NEIGHBOURS = _joint_probabilities(
    pairwise_distances(RANDOM.normal(size=(N, 4)), squared=True).astype(np.float32), 2.0, verbose=0
)

LOSSES: dict[str, tuple[Any, Any]] = {
    "HalfSquaredError": (losses.HalfSquaredError(), REAL),
    "AbsoluteError": (losses.AbsoluteError(), REAL),
    "PinballLoss": (losses.PinballLoss(quantile=0.3), REAL),
    "HuberLoss": (losses.HuberLoss(delta=0.9), REAL),
    "HalfPoissonLoss": (losses.HalfPoissonLoss(), POSITIVE),
    "HalfGammaLoss": (losses.HalfGammaLoss(), POSITIVE),
    "HalfTweedieLoss": (losses.HalfTweedieLoss(power=1.5), POSITIVE),
    "HalfTweedieLossIdentity": (losses.HalfTweedieLossIdentity(power=1.7), POSITIVE),
    "HalfBinomialLoss": (losses.HalfBinomialLoss(), FRACTION),
    "ExponentialLoss": (losses.ExponentialLoss(), FRACTION),
    "HalfMultinomialLoss": (losses.HalfMultinomialLoss(n_classes=3), CLASSES),
}
TWICE = [name for name in LOSSES if name not in ("AbsoluteError", "PinballLoss", "HuberLoss")]
"""Those whose Hessian is meant to be that of the loss; the others' is what boosting takes in its place."""


def raw_of(name: str) -> Any:
    """A prediction, before the link, at which the loss is defined."""
    if name == "HalfMultinomialLoss":
        return RAW3
    return np.abs(RAW) + 0.3 if name == "HalfTweedieLossIdentity" else RAW


def total(name: str) -> Any:
    """The sum of the loss over the samples, weighted."""
    loss, y = LOSSES[name]
    return lambda raw: np.sum(loss.loss(y, raw, WEIGHTS))


def slope(name: str) -> Any:
    """The package's gradient of that."""
    loss, y = LOSSES[name]
    return lambda raw: loss.gradient(y, raw, WEIGHTS)


def curvature(name: str) -> Any:
    """The package's second derivatives: of each sample, or of each sample and class, by its own prediction."""
    loss, y = LOSSES[name]
    return lambda raw: np.diag(np.ravel(loss.gradient_hessian(y, raw, WEIGHTS)[1]))


def domain_of(name: str) -> dict[str, Any]:
    """Where the loss is defined."""
    return {"domain": {"raw": (0.0, None)}} if name == "HalfTweedieLossIdentity" else {}


def linear_model(name: str, *, classes: int = 1) -> tuple[LinearModelLoss, Any, Any, Any]:
    """A linear model with that loss: its function object, data, targets and coefficients."""
    loss, y = LOSSES[name]
    size = (classes, 3) if classes > 1 else 3
    return LinearModelLoss(loss, fit_intercept=True), X, y, np.random.default_rng(1).normal(size=size)


def linear_value_and_gradient(name: str, **keywords: Any) -> tuple[Any, Any]:
    model, X, y, coef = linear_model(name, **keywords)
    return lambda coef: model.loss_gradient(coef, X, y, sample_weight=WEIGHTS, l2_reg_strength=0.3), coef


def linear_hessian(name: str) -> tuple[Any, Any, Any]:
    model, X, y, coef = linear_model(name)

    def gradient(coef: Any) -> Any:
        return model.gradient(coef, X, y, sample_weight=WEIGHTS, l2_reg_strength=0.3)

    def hessian(coef: Any) -> Any:
        return model.gradient_hessian(coef, X, y, sample_weight=WEIGHTS, l2_reg_strength=0.3)[1]

    return gradient, hessian, coef


def linear_products() -> tuple[Any, Any, Any]:
    model, X, y, coef = linear_model("HalfMultinomialLoss", classes=3)

    def gradient(coef: Any) -> Any:
        return model.gradient(coef, X, y, sample_weight=WEIGHTS, l2_reg_strength=0.3)

    def product(coef: Any, vector: Any) -> Any:
        times = model.gradient_hessian_product(coef, X, y, sample_weight=WEIGHTS, l2_reg_strength=0.3)[1]
        return times(vector)

    return gradient, product, coef


def network(kind: Any, y: Any, **options: Any) -> tuple[Any, Any]:
    """A network's loss and gradient as a function of all its parameters in one vector, and parameters."""
    model = kind(hidden_layer_sizes=(4,), alpha=0.1, max_iter=1, random_state=0, solver="lbfgs", **options)
    model.fit(X, y)
    target = y.reshape(-1, 1) if y.ndim == 1 else y
    if isinstance(model, MLPClassifier):
        target = model._label_binarizer.transform(y).astype(float)
    parameters = np.random.default_rng(2).normal(size=sum(w.size for w in [*model.coefs_, *model.intercepts_]))
    units = [X.shape[1], 4, model.n_outputs_]

    def loss_and_gradient(parameters: Any) -> Any:
        activations = [X, *(np.empty((N, k)) for k in units[1:])]
        deltas = [np.empty_like(a) for a in activations]
        slopes = [np.empty((i, o)) for i, o in itertools.pairwise(units)]
        biases = [np.empty(k) for k in units[1:]]
        return model._loss_grad_lbfgs(parameters, X, target, None, activations, deltas, slopes, biases)

    return loss_and_gradient, parameters


def embedding(freedom: int) -> tuple[Any, Any]:
    return lambda params: _kl_divergence(params, NEIGHBOURS, freedom, N, 2), PLACES


def components() -> tuple[Any, Any]:
    model = NeighborhoodComponentsAnalysis()
    model.n_iter_ = 1
    same = (CLASSES[:, None] == CLASSES[None, :]).astype(float)
    return lambda A: model._loss_grad_lbfgs(A, X, same), RANDOM.normal(size=4)


def robust(w: Any) -> Any:
    return _huber_loss_and_gradient(w, X, REAL, 1.35, 0.1, WEIGHTS)


def both(name: str, given: tuple[Any, Any], **options: Any) -> RealCheck:
    return RealCheck(name, check_value_and_gradient, given, options)


with pytest.warns(match="failed to converge"):
    NETWORKS = {
        "MLPRegressor tanh": network(MLPRegressor, REAL, activation="tanh"),
        "MLPRegressor relu": network(MLPRegressor, REAL, activation="relu"),
        "MLPRegressor poisson": network(MLPRegressor, POSITIVE, activation="logistic", loss="poisson"),
        "MLPClassifier logistic": network(MLPClassifier, CLASSES, activation="logistic"),
        "MLPClassifier two classes": network(MLPClassifier, (CLASSES > 0).astype(float), activation="tanh"),
    }
CHECKS = [
    *(
        RealCheck(f"{name}.gradient", check_gradient, (total(name), slope(name), raw_of(name)), domain_of(name))
        for name in LOSSES
    ),
    *(
        RealCheck(f"{name} Hessian", check_jacobian, (slope(name), curvature(name), raw_of(name)), domain_of(name))
        for name in TWICE
        if name != "HalfMultinomialLoss"
    ),
    both("LinearModelLoss squared", linear_value_and_gradient("HalfSquaredError")),
    both("LinearModelLoss Poisson", linear_value_and_gradient("HalfPoissonLoss")),
    both("LinearModelLoss logistic", linear_value_and_gradient("HalfBinomialLoss")),
    both("LinearModelLoss multinomial", linear_value_and_gradient("HalfMultinomialLoss", classes=3)),
    RealCheck(
        "LinearModelLoss Hessian logistic", check_hessian, linear_hessian("HalfBinomialLoss"), {"of": "gradient"}
    ),
    RealCheck("LinearModelLoss Hessian Gamma", check_hessian, linear_hessian("HalfGammaLoss"), {"of": "gradient"}),
    both("t-SNE", embedding(1)),
    RealCheck(
        "t-SNE, three degrees of freedom",
        check_value_and_gradient,
        embedding(3),
        expected="FAIL",
        why="the gradient weighs by (1 + d/3) ** -2, the kernel itself, for its derivative's (1 + d/3) ** -1",
    ),
    both("NCA", components()),
    both("Huber regression", (robust, np.array([0.4, -0.7, 0.2, 0.6])), domain={"w": lambda w: w[-1] > 0}),
    *(both(name, given) for name, given in NETWORKS.items()),
]
LOGISTIC = linear_value_and_gradient("HalfBinomialLoss")
PLANTED = [
    RealCheck(
        "Poisson, the mean forgotten",
        check_gradient,
        (total("HalfPoissonLoss"), lambda raw: WEIGHTS * (raw - POSITIVE), RAW),
        expected="FAIL",
    ),
    RealCheck(
        "multinomial, off by a thousandth at one class",
        check_gradient,
        (total("HalfMultinomialLoss"), planted(slope("HalfMultinomialLoss"), [1.0, 1.001, 1.0]), RAW3),
        expected="FAIL",
    ),
    RealCheck(
        "logistic, the penalty on the intercept, too",
        check_value_and_gradient,
        (lambda w: (LOGISTIC[0](w)[0], LOGISTIC[0](w)[1] + np.array([0.0, 0.0, 0.3 * w[2]])), LOGISTIC[1]),
        expected="FAIL",
    ),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_verdict(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("check", PLANTED, ids=str)
def test_planted_mistake(check: RealCheck) -> None:
    check.assert_expected()


def divergence(params: list[Any], freedom: int) -> Any:
    """The Kullback-Leibler divergence as its paper writes it, in forty digits."""
    points = [params[2 * i : 2 * i + 2] for i in range(N)]
    pairs = [(i, j) for i in range(N) for j in range(i + 1, N)]
    squared = [sum((a - b) ** 2 for a, b in zip(points[i], points[j], strict=True)) for i, j in pairs]
    kernel = [(1 + d / freedom) ** (-mpmath.mpf(freedom + 1) / 2) for d in squared]
    whole = 2 * sum(kernel)
    return 2 * sum(
        mpmath.mpf(p) * mpmath.log(mpmath.mpf(p) * whole / k) for p, k in zip(NEIGHBOURS, kernel, strict=True)
    )


@pytest.mark.parametrize(("freedom", "right"), [(1, True), (3, False)])
def test_the_gradient_of_t_sne_is_right_for_one_degree_of_freedom_alone(freedom: int, right: bool) -> None:
    with mpmath.workdps(40):
        at = [mpmath.mpf(float(x)) for x in PLACES]
        truth = [
            float(mpmath.diff(lambda t, k=k: divergence([*at[:k], t, *at[k + 1 :]], freedom), at[k]))
            for k in range(2 * N)
        ]
    value, theirs = _kl_divergence(PLACES, NEIGHBOURS, freedom, N, 2)
    assert value == pytest.approx(float(divergence(at, freedom)), rel=1e-9)
    off = np.max(np.abs(theirs - truth)) / np.max(np.abs(truth))
    assert off < 1e-9 if right else off > 0.05
