"""Options that a function and its derivative both take are asked beside their defaults, and arrays in two sizes."""

from pathlib import Path
from textwrap import dedent

import pytest

from gradcheck.conventions.offer import Pair
from gradcheck.conventions.recognition import recognised
from gradcheck.subject.loading import Package
from gradcheck.verdict.result import Verdict
from gradcheck.verify.function_pairs import judged

LEAKY = "def leaky(x, slope=1.0): return np.where(x > 0, x, slope * x)\n"
HUBER = """
def huber(x, delta=1.0):
    return np.where(np.abs(x) < delta, 0.5 * x**2, delta * (np.abs(x) - 0.5 * delta))
"""
ELU = "def elu(x, alpha=1.0): return np.where(x > 0, x, alpha * (np.exp(x) - 1))\n"
RMS = "def rms(x): return np.sqrt(np.mean(x**2))\n"
POWER = "def power(x, n=2): return np.sum(x**n)\n"
MEAN = """
def loss(x, y, reduction="mean"):
    return 0.5 * (np.mean((x - y) ** 2) if reduction == "mean" else np.sum((x - y) ** 2))
"""
FILES: dict[str, tuple[str, str, str]] = {
    "a slope": (
        LEAKY,
        "def leaky_grad(x, slope=1.0): return np.where(x > 0, 1.0, slope)",
        "def leaky_grad(x, slope=1.0): return np.where(x > 0, 1.0, 1.0)",
    ),
    "a width": (
        HUBER,
        "def huber_grad(x, delta=1.0): return np.clip(x, -delta, delta)",
        "def huber_grad(x, delta=1.0): return np.clip(x, -1.0, 1.0)",
    ),
    "given by name alone": (
        ELU.replace("(x, alpha", "(x, *, alpha"),
        "def elu_prime(x, *, alpha=1.0): return np.where(x > 0, 1.0, alpha * np.exp(x))",
        "def elu_prime(x, *, alpha=1.0): return np.where(x > 0, 1.0, np.exp(x))",
    ),
    "beside the output": (
        ELU,
        "def elu_prime(output, alpha=1.0): return np.where(output > 0, 1.0, output + alpha)",
        "def elu_prime(output, alpha=1.0): return np.where(output > 0, 1.0, output + 1.0)",
    ),
    "beside an upstream gradient": (
        ELU,
        "def elu_backward(dout, x, alpha=1.0): return dout * np.where(x > 0, 1.0, alpha * np.exp(x))",
        "def elu_backward(dout, x, alpha=1.0): return dout * np.where(x > 0, 1.0, np.exp(x))",
    ),
    "a whole number": (
        POWER,
        "def power_grad(x, n=2): return n * x ** (n - 1)",
        "def power_grad(x, n=2): return n * x",
    ),
    "a word": (
        MEAN,
        'def loss_grad(x, y, reduction="mean"): return (x - y) / (x.size if reduction == "mean" else 1)',
        'def loss_grad(x, y, reduction="mean"): return (x - y) / x.size',
    ),
    "a length": (
        RMS,
        "def rms_grad(x): return x / (x.size * rms(x))",
        "def rms_grad(x): return x / (12 * rms(x))",
    ),
}  # fmt: skip


def pair(tmp_path: Path, text: str) -> Pair:
    file = tmp_path / "subject.py"
    file.write_text("import numpy as np\n" + dedent(text))
    (offer,) = recognised(Package(file).load()).offers
    return offer.pairs[0]


@pytest.mark.parametrize("name", FILES)
def test_a_derivative_that_forgets_it_is_wrong(tmp_path: Path, name: str) -> None:
    f, _, wrong = FILES[name]
    result = judged(pair(tmp_path, f + wrong))
    assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize("name", FILES)
def test_one_that_reads_it_is_right(tmp_path: Path, name: str) -> None:
    f, right, _ = FILES[name]
    found = pair(tmp_path, f + right)
    assert found.further
    assert judged(found).verdict is Verdict.PASS


def test_the_report_says_with_which_option(tmp_path: Path) -> None:
    f, _, wrong = FILES["a slope"]
    result = judged(pair(tmp_path, f + wrong))
    assert result.checked is not None
    assert result.checked.function == "leaky(x, slope=0.75)"
    assert "GC051" in result.codes


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        ("def f(x, axis=1): return np.sum(x**2)", "def f_grad(x, axis=1): return 2 * x * axis"),
        ("def f(x, eps=1e-8): return np.sum(x**2) + eps", "def f_grad(x, eps=1e-8): return 2 * x * eps / 1e-8"),
        ("def f(x, rate=0.5): return np.sum(x**2)", "def f_grad(x, rate=0.5): return 2 * x * rate / 0.5"),
        ("def f(x, k=2):\n    assert k == 2\n    return np.sum(x**k)", "def f_grad(x, k=2): return 2 * x"),
    ],
    ids=["an axis", "a guard", "not read by f", "refused by f"],
)
def test_what_f_does_not_offer_is_not_asked(tmp_path: Path, f: str, derivative: str) -> None:
    found = pair(tmp_path, f"{f}\n{derivative}\n")
    assert [one.setting for one in found.further] == [""], "another size alone"
    assert judged(found).verdict is Verdict.PASS
