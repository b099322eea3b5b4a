"""Rules of PyTorch's and JAX's own kinds: what is asked, what is left alone, and what is said without the framework."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from gradcheck.conventions.recognition import Recognition, recognised, wish
from gradcheck.subject.loading import Package
from gradcheck.verify.function_pairs import judged

HERE = Path(__file__).parent


def needs(framework: str) -> pytest.MarkDecorator:
    """Skip, and say so, where the framework is not installed."""
    missing = importlib.util.find_spec(framework) is None
    return pytest.mark.skipif(missing, reason=f"{framework} is not installed")


def looked_at(tmp_path: Path, text: str, wanted: str | None = None) -> Recognition:
    """What a file with this text offers."""
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    return recognised(Package(file).load(), None, wish(wanted))


@pytest.mark.parametrize(
    ("convention", "name", "sentence"),
    [
        ("autograd-function", "torch", "PyTorch is not installed here, so that torch.autograd.Function cannot be run"),
        ("custom-vjp", "jax", "JAX is not installed here, so that jax.custom_vjp cannot be run"),
    ],
)
def test_without_the_framework_one_sentence_says_so(
    convention: str, name: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("mine")
    setattr(module, name, None)
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda wanted: None)
    (miss,) = recognised(module, None, wish(convention)).misses
    assert miss.why == sentence


FUNCTION = """
import torch

class Mine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        ctx.mark_non_differentiable(w > 0)
        return x * w

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return ANSWER
"""


@needs("torch")
@pytest.mark.parametrize(
    ("answer", "verdict"), [("g * w, g * x", "PASS"), ("g * w, None", "FAIL"), ("g * x, g * x", "FAIL")]
)
def test_torch_an_input_without_a_gradient_that_it_has_is_wrong(tmp_path: Path, answer: str, verdict: str) -> None:
    (offer,) = looked_at(tmp_path, FUNCTION.replace("ANSWER", answer)).offers
    assert offer.convention == "autograd-function"
    assert judged(offer.pairs[0]).verdict.value == verdict


@needs("torch")
def test_torch_arguments_that_nothing_fits_are_a_miss(tmp_path: Path) -> None:
    text = FUNCTION.replace("return x * w", "raise ValueError('shapes')")
    (miss,) = looked_at(tmp_path, text, "autograd-function").misses
    assert miss.why == "Mine.apply raised ValueError: shapes"


VJP = """
import jax
import jax.numpy as jnp

@jax.custom_vjp
def mine(x):
    return jnp.sin(x)

def mine_fwd(x):
    return VALUE, x

def mine_bwd(x, g):
    return (g * jnp.cos(x),)

mine.defvjp(mine_fwd, mine_bwd)
"""


@needs("jax")
@pytest.mark.parametrize(("value", "verdict"), [("jnp.sin(x)", "PASS"), ("jnp.cos(x)", "ERROR")])
def test_jax_the_forward_rule_has_to_give_the_function_s_own_value(tmp_path: Path, value: str, verdict: str) -> None:
    found = looked_at(tmp_path, VJP.replace("VALUE", value))
    assert [offer.convention for offer in found.offers] == ["custom-vjp"]
    result = judged(found.offers[0].pairs[0])
    assert result.verdict.value == verdict
    assert ("the first answer of fwd" in result.report()) == (verdict == "ERROR")


@needs("jax")
def test_jax_a_function_without_a_rule_is_a_miss(tmp_path: Path) -> None:
    text = VJP.replace("VALUE", "x").replace("mine.defvjp(mine_fwd, mine_bwd)\n", "")
    (miss,) = looked_at(tmp_path, text, "custom-vjp").misses
    assert miss.why == "mine.defvjp was not called, so that it has no rule of its own"


@needs("jax")
def test_jax_s_precision_outside_the_check_stays(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax")
    usual = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)  # another test in this process may have set it
    try:
        (offer,) = looked_at(tmp_path, VJP.replace("VALUE", "jnp.sin(x)")).offers
        judged(offer.pairs[0])
        assert jax.numpy.asarray(1.0).dtype == "float32"
    finally:
        jax.config.update("jax_enable_x64", usual)
