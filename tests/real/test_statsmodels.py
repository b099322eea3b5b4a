"""statsmodels' links, variance functions and robust norms; its models are in unit/checks/test_statsmodels.py."""

from typing import Any

import numpy as np
import pytest
from statsmodels.genmod.families import links, varfuncs
from statsmodels.robust import norms

from gradcheck import check_vjp
from real.real_check import RealCheck, planted

P = np.array([0.15, 0.4, 0.8])
Z = np.array([-0.7, 0.3, 0.9])
LINKS: dict[str, Any] = {
    "Logit": links.Logit(),
    "Probit": links.Probit(),
    "Cauchy": links.Cauchy(),
    "CLogLog": links.CLogLog(),
    "LogLog": links.LogLog(),
    "Log": links.Log(),
    "LogC": links.LogC(),
    "Power": links.Power(1.5),
    "InversePower": links.InversePower(),
    "InverseSquared": links.InverseSquared(),
    "NegativeBinomial": links.NegativeBinomial(0.8),
}
NEGATIVE_ONLY = ("LogC",)
POSITIVE_ONLY = ("Power", "InversePower", "InverseSquared")
NORMS: dict[str, Any] = {
    "LeastSquares": norms.LeastSquares(),
    "HuberT": norms.HuberT(),
    "RamsayE": norms.RamsayE(),
    "AndrewWave": norms.AndrewWave(),
    "TrimmedMean": norms.TrimmedMean(),
    "Hampel": norms.Hampel(),
    "TukeyBiweight": norms.TukeyBiweight(),
    "TukeyQuartic": norms.TukeyQuartic(),
    "StudentT": norms.StudentT(),
    "MQuantileNorm": norms.MQuantileNorm(0.3, norms.HuberT()),
}
RESIDUALS = np.array([-3.1, -0.6, 0.4, 1.8])


def each(name: str, f: Any, derivative: Any, x: Any, expected: str = "PASS", **options: Any) -> RealCheck:
    """A function applied to each entry, and its derivative."""

    def pulled_back(c: Any, x: Any) -> Any:
        return c * derivative(x)

    return RealCheck(name, check_vjp, (f, pulled_back, x), options, expected)


def arguments(name: str) -> Any:
    """Linear predictors whose mean the link allows."""
    return -np.abs(Z) if name in NEGATIVE_ONLY else np.abs(Z) if name in POSITIVE_ONLY else Z


INSIDE = {"domain": {"p": (1e-9, 1 - 1e-9)}}
CHECKS = [
    *(each(f"{name}.deriv", link, link.deriv, P, **INSIDE) for name, link in LINKS.items()),
    *(each(f"{name}.deriv2", link.deriv, link.deriv2, P, **INSIDE) for name, link in LINKS.items()),
    *(each(f"{name}.inverse_deriv", link.inverse, link.inverse_deriv, arguments(name)) for name, link in LINKS.items()),
    *(
        each(f"{name}.inverse_deriv2", link.inverse_deriv, link.inverse_deriv2, arguments(name))
        for name, link in LINKS.items()
    ),
    each("variance Power", varfuncs.Power(1.5), varfuncs.Power(1.5).deriv, P),
    each("variance Binomial", varfuncs.Binomial(5), varfuncs.Binomial(5).deriv, 5 * P, domain={"mu": (0.0, 5.0)}),
    each(
        "variance NegativeBinomial",
        varfuncs.NegativeBinomial(0.7),
        varfuncs.NegativeBinomial(0.7).deriv,
        P,
        domain={"mu": (0.0, None)},
    ),
    *(each(f"{name}.psi", norm.rho, norm.psi, RESIDUALS) for name, norm in NORMS.items()),
    *(each(f"{name}.psi_deriv", norm.psi, norm.psi_deriv, RESIDUALS) for name, norm in NORMS.items()),
]
PROBIT, TUKEY = LINKS["Probit"], NORMS["TukeyBiweight"]
PLANTED = [
    each("Probit, off by a thousandth", PROBIT, planted(PROBIT.deriv, 1.001), P, expected="FAIL"),
    each("Cauchy, its sign", LINKS["Cauchy"].deriv, planted(LINKS["Cauchy"].deriv2, -1.0), P, expected="FAIL"),
    each("TukeyBiweight, the weights for psi", TUKEY.rho, TUKEY.weights, RESIDUALS, expected="FAIL"),
    each("Binomial without its domain", varfuncs.Binomial(5), varfuncs.Binomial(5).deriv, 5 * P, expected="FAIL"),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_verdict(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("check", PLANTED, ids=str)
def test_planted_mistake(check: RealCheck) -> None:
    check.assert_expected()


def test_the_variance_is_constant_where_the_mean_is_cut_off() -> None:
    """Without a domain the derivative is wrong at means below 0, where the variance is that of a mean of 0."""
    variance = varfuncs.Binomial(5)
    assert variance(np.array([-1.0])) == variance(np.array([-1.5]))
    assert variance.deriv(np.array([-1.0])) == pytest.approx(1.0, abs=1e-12)
