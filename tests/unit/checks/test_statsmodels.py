"""Scores and Hessians of statsmodels' own models, checked by one line each, and what becomes of wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

import gradcheck

N = 30
RANDOM = np.random.default_rng(3)
X = np.column_stack([np.ones(N), RANDOM.normal(size=(N, 2))])
BETA = np.array([0.3, -0.8, 0.5])
CHOICE = (RANDOM.uniform(size=N) < 1 / (1 + np.exp(-X @ BETA))).astype(float)
COUNTS = RANDOM.poisson(np.exp(X @ BETA)).astype(float)
POSITIVE = RANDOM.gamma(2.0, np.exp(X @ BETA) / 2)

MODELS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "Logit": (sm.Logit(CHOICE, X), BETA, {}),
    "Probit": (sm.Probit(CHOICE, X), BETA, {}),
    "Poisson": (sm.Poisson(COUNTS, X), BETA, {}),
    "NegativeBinomialP": (sm.NegativeBinomialP(COUNTS, X), np.append(BETA, 0.7), {}),
    "gamma GLM": (sm.GLM(POSITIVE, X, family=sm.families.Gamma(sm.families.links.Log())), BETA, {"scale": 0.5}),
}


@pytest.mark.parametrize("name", MODELS)
def test_score(name: str) -> None:
    model, point, options = MODELS[name]
    gradcheck.assert_gradient(model.loglike, model.score, point, kwargs=options)


@pytest.mark.parametrize("name", MODELS)
def test_hessian(name: str) -> None:
    model, point, options = MODELS[name]
    gradcheck.assert_jacobian(model.score, model.hessian, point, kwargs=options)


@pytest.mark.parametrize("name", ["Logit", "Poisson"])
def test_hessian_from_the_likelihood_alone(name: str) -> None:
    model, point, options = MODELS[name]
    gradcheck.assert_hessian(model.loglike, model.hessian, point, kwargs=options, elsewhere=False)


@pytest.mark.parametrize("name", MODELS)
def test_off_by_a_thousandth(name: str) -> None:
    model, point, options = MODELS[name]

    def score(beta: Any, **keywords: Any) -> Any:
        return model.score(beta, **keywords) * np.array([1.0, 1.001, 1.0, 1.0])[: len(beta)]

    def hessian(beta: Any, **keywords: Any) -> Any:
        return model.hessian(beta, **keywords) * np.where(np.eye(len(beta)) > 0, 1.0, 1.001)

    wrong = gradcheck.check_gradient(model.loglike, score, point, kwargs=options, elsewhere=False)
    assert wrong.verdict.value == "FAIL"
    wrong = gradcheck.check_jacobian(model.score, hessian, point, kwargs=options, elsewhere=False)
    assert wrong.verdict.value == "FAIL"


@pytest.mark.filterwarnings("ignore")  # statsmodels' own, about a fit that was stopped after a step
def test_a_hessian_by_another_parameter_than_the_score() -> None:
    """Until it is fitted, NegativeBinomial's score takes the logarithm of alpha, and its Hessian is by alpha itself."""
    model, point = sm.NegativeBinomial(COUNTS, X), np.append(BETA, 0.7)
    assert gradcheck.check_gradient(model.loglike, model.score, point)
    result = gradcheck.check_jacobian(model.score, model.hessian, point)
    assert result.verdict.value == "FAIL"
    assert result.worst is not None
    assert 3 in result.worst.entry  # the last row and column
    model.fit(disp=0, maxiter=1, warn_convergence=False)
    assert gradcheck.check_gradient(model.loglike, model.score, point)
    assert gradcheck.check_jacobian(model.score, model.hessian, point)


def test_a_scale_estimated_anew_at_every_point_is_not_held() -> None:
    """Without a scale, GLM.loglike estimates it from the parameters, and GLM.score differentiates with it held."""
    model, point, _ = MODELS["gamma GLM"]
    assert gradcheck.check_gradient(model.loglike, model.score, point).verdict.value == "FAIL"


def test_the_constant_model_of_counts() -> None:
    """By hand: with a constant alone the Poisson score is sum(y) - n exp(b), and its derivative -n exp(b)."""
    model = sm.Poisson(COUNTS, np.ones(N))
    b = np.array([0.25])
    gradcheck.assert_gradient(model.loglike, lambda b: np.sum(COUNTS) - N * np.exp(b), b)
    gradcheck.assert_hessian(model.loglike, lambda b: -N * np.exp(b)[:, None], b)
