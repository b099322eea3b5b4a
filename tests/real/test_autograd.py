"""HIPS autograd's rules for NumPy and SciPy, each as the vector-Jacobian product of the NumPy function itself."""

from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

from gradcheck import check_vjp
from real.real_check import RealCheck

pytest.importorskip("autograd", reason="autograd is not installed (pip install '.[real]')")

import autograd.numpy as anp
import autograd.scipy.special
import autograd.scipy.stats
from autograd import make_vjp

RANDOM = np.random.default_rng(19)
V = RANDOM.normal(size=4)
M = RANDOM.normal(size=(3, 3))
SPD = M @ M.T + 2 * np.eye(3)
B = RANDOM.normal(size=(3, 2))
POSITIVE = np.array([0.4, 1.7, 2.9])
ZERO = np.array([0.7, 0.0, -1.3])


def pulled_back(theirs: Any, wanted: Any = None) -> Any:
    """autograd's own vector-Jacobian product of a function of one array or of several."""

    def vjp(cotangent: Any, *inputs: Any) -> Any:
        pulled = tuple(make_vjp(theirs, k)(*inputs)[0](cotangent) for k in wanted or range(len(inputs)))
        return pulled[0] if len(pulled) == 1 else pulled

    return vjp


def rule(name: str, *inputs: Any, of: Any = None, ours: Any = None, theirs: Any = None, **options: Any) -> RealCheck:
    """The rule of a function of NumPy, given by a lambda of the module, or by `ours` and `theirs`."""
    expected, why = options.pop("expected", "PASS"), options.pop("why", "")
    f, g = (ours, theirs) if of is None else (of(np), of(anp))
    return RealCheck(name, check_vjp, (f, pulled_back(g, options.get("wrt")), *inputs), options, expected, why)


def function(name: str, *inputs: Any, **options: Any) -> RealCheck:
    path = name.split(".")

    def find(module: Any) -> Any:
        for part in path:
            module = getattr(module, part)
        return module

    return rule(name, *inputs, of=find, **options)


def special(name: str, *inputs: Any, first: Any = (), **options: Any) -> RealCheck:
    ours, theirs = getattr(scipy.special, name), getattr(autograd.scipy.special, name)
    return rule(
        f"special.{name}", *inputs, ours=lambda *x: ours(*first, *x), theirs=lambda *x: theirs(*first, *x), **options
    )


def density(distribution: str, method: str, *inputs: Any, **options: Any) -> RealCheck:
    ours = getattr(getattr(scipy.stats, distribution), method)
    theirs = getattr(getattr(autograd.scipy.stats, distribution), method)
    return rule(
        f"stats.{distribution}.{method}", *inputs, ours=lambda *x: ours(*x), theirs=lambda *x: theirs(*x), **options
    )


CHECKS = [
    *(
        function(name, V)
        for name in ("exp", "tanh", "arctan", "sinc", "cumsum", "sort", "prod", "var", "std", "max", "square")
    ),
    *(function(name, POSITIVE) for name in ("log1p", "sqrt", "reciprocal", "log2")),
    function("logaddexp", V, V[::-1].copy()),
    function("arctan2", V, V[::-1].copy()),
    function("power", POSITIVE, V[:3]),
    function("hypot", V, V[::-1].copy()),
    function("kron", M[:2, :2], B),
    function("cross", M, M[::-1].copy()),
    function("trace", M),
    rule("einsum", M, B, of=lambda np: lambda a, b: np.einsum("ij,jk->ik", a, b)),
    rule("tensordot", M, B, of=lambda np: lambda a, b: np.tensordot(a, b, axes=[[0], [0]])),
    rule("where", V, V[::-1].copy(), of=lambda np: lambda a, b: np.where(a > b, a * b, a - b)),
    rule("pad", B, of=lambda np: lambda a: np.pad(a, ((1, 0), (0, 2)), mode="constant")),
    rule("repeat", B, of=lambda np: lambda a: np.repeat(a, 2, axis=1)),
    rule("gradient", V, of=lambda np: lambda a: np.gradient(a)),
    function("linalg.inv", M),
    function("linalg.det", M),
    rule("linalg.slogdet", M, of=lambda np: lambda a: np.linalg.slogdet(a)[1]),
    function("linalg.solve", M, B),
    function("linalg.pinv", B),
    function("linalg.norm", M),
    rule("linalg.norm, nuclear", M, of=lambda np: lambda a: np.linalg.norm(a, "nuc")),
    rule("linalg.norm, order 3", V, of=lambda np: lambda a: np.linalg.norm(a, 3)),
    function("linalg.cholesky", SPD, structure={0: "symmetric"}),
    rule("linalg.eigh", SPD, of=lambda np: lambda a: np.linalg.eigh(a)[0], structure={0: "symmetric"}),
    rule("linalg.svd", B, of=lambda np: lambda a: np.linalg.svd(a, full_matrices=False)[1]),
    rule("fft.fft, its power", V, of=lambda np: lambda a: np.abs(np.fft.fft(a)) ** 2),
    special("gammaln", POSITIVE),
    special("digamma", POSITIVE),
    special("beta", POSITIVE, POSITIVE[::-1].copy()),
    special("betaln", POSITIVE, POSITIVE[::-1].copy()),
    special("betainc", POSITIVE, POSITIVE[::-1].copy(), np.array([0.2, 0.5, 0.7]), wrt=[2]),
    special("gammainc", POSITIVE, POSITIVE[::-1].copy(), wrt=[1]),
    special("jn", POSITIVE, first=(2,)),
    special("yn", POSITIVE, first=(2,)),
    special("ive", POSITIVE, first=(1.5,)),
    special("iv", POSITIVE, first=(1.5,)),
    special("erfinv", np.array([-0.3, 0.6])),
    special("logit", np.array([0.3, 0.6])),
    special("logsumexp", V),
    density("norm", "logpdf", V, V[::-1].copy(), np.abs(V) + 0.5),
    density("norm", "logcdf", V, V[::-1].copy(), np.abs(V) + 0.5),
    density("t", "logpdf", V, np.abs(V) + 1.0, V[::-1].copy(), np.abs(V) + 0.5),
    density("gamma", "logpdf", POSITIVE, POSITIVE[::-1].copy()),
    density("beta", "logpdf", np.array([0.2, 0.5, 0.7]), POSITIVE, POSITIVE[::-1].copy()),
    density("chi2", "logpdf", POSITIVE, np.array([3.0, 2.0, 5.0]), wrt=[0]),
    density("dirichlet", "logpdf", np.array([0.2, 0.5, 0.3]), POSITIVE, wrt=[1]),
    density("multivariate_normal", "logpdf", V[:3], M[0], SPD, structure={2: "symmetric"}),
    density("multivariate_normal", "entropy", V[:3], SPD, structure={1: "symmetric"}, wrt=[1]),
    function("prod", ZERO, expected="FAIL", why="the product divided by each factor is 0/0 where that factor is 0"),
    function("sinc", ZERO, expected="FAIL", why="the derivative divides by x, and is 0/0 at 0"),
]
PLANTED = [
    rule("tanh, that of arctan", V, ours=np.tanh, theirs=anp.arctan, expected="FAIL"),
    rule("linalg.inv, transposed", M, ours=np.linalg.inv, theirs=lambda a: anp.linalg.inv(a).T, expected="FAIL"),
    rule("var, of a sample", V, ours=np.var, theirs=lambda a: anp.var(a, ddof=1), expected="FAIL"),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_verdict(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("check", PLANTED, ids=str)
def test_planted_mistake(check: RealCheck) -> None:
    check.assert_expected()


def test_slopes_at_zero_exist_that_are_divided_by_zero() -> None:
    """By hand: the derivative of a product by a factor is the product of the others, and sinc is even."""
    with np.errstate(all="ignore"):
        products = make_vjp(anp.prod)(ZERO)[0](1.0)
        slopes = make_vjp(anp.sinc)(ZERO)[0](np.ones(3))
    truth = [ZERO[1] * ZERO[2], ZERO[0] * ZERO[2], ZERO[0] * ZERO[1]]
    k = int(np.flatnonzero(ZERO == 0)[0])
    assert truth[k] != 0.0
    assert not np.isfinite(products[k])
    assert (np.sinc(2.0**-10) - np.sinc(-(2.0**-10))) == 0.0
    assert not np.isfinite(slopes[k])
