"""The examples of the docstrings run."""

import doctest
from importlib import import_module

import pytest

CHECKS = ("functions", "jacobian", "hessian", "adjoint", "value_and_gradient", "wrappers", "in_place")
MODULES = ("holding", *(f"checks.{name}" for name in CHECKS))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    results = doctest.testmod(import_module(f"gradcheck.{name}"))
    assert results.attempted > 0
    assert results.failed == 0


def test_a_wrong_example_is_seen() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner().run(wrong, out=lambda text: None).failed == 1
