"""The worked numbers in the reference's docstrings are what its code computes."""

import doctest
from importlib import import_module

import pytest

MODULES = ["dag", "mlp", "neurons", "sgd"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    results = doctest.testmod(import_module(f"gradcheck.reference.{name}"))
    assert results.attempted
    assert not results.failed


def test_a_wrong_number_is_found() -> None:
    source = ">>> 7.0 + 2.0\n7.0\n"
    wrong = doctest.DocTestParser().get_doctest(source, {}, "wrong", None, 0)
    assert doctest.DocTestRunner().run(wrong, out=lambda text: None).failed == 1
