"""Every check calls what was checked by its own name, whichever other check it is put to the judge as."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

import gradcheck
from gradcheck.verdict.result import Result

X = np.array([0.7, -1.2, 0.4])
A = np.arange(6.0).reshape(2, 3) - 2.2
HERE = Path(__file__).name


def layer(x: Any) -> Any:
    return A @ np.tanh(x)


def jac(x: Any) -> Any:
    return 2 * A / np.cosh(x) ** 2


def cubes(x: Any) -> Any:
    return np.sum(x**3)


def hess(x: Any) -> Any:
    return np.diag(3 * x)


def hvp(x: Any, v: Any) -> Any:
    return 3 * x * v


def both(x: Any) -> Any:
    return np.sum(x**2), 3 * x


def forward(x: Any) -> Any:
    return A @ x


def backward(y: Any) -> Any:
    return 2 * A.T @ y


def of_dict(params: Any) -> Any:
    return np.sum(params["W"] ** 2)


def of_dict_grad(params: Any) -> Any:
    return {"W": 3 * params["W"]}


SHAPE = "x of shape (3,), float64"
CHECKS: dict[str, tuple[Callable[[], Result], str, str, str]] = {
    "jacobian": (
        lambda: gradcheck.check_jacobian(layer, jac, X),
        "jac",
        f"jacobian of layer(x), at {SHAPE}",
        "Jacobian",
    ),
    "hessian": (lambda: gradcheck.check_hessian(cubes, hess, X), "hess", f"hessian of cubes(x), at {SHAPE}", "Hessian"),
    "hvp": (lambda: gradcheck.check_hvp(cubes, hvp, X), "hvp", f"hvp of cubes(x), at {SHAPE}", "product"),
    "value": (
        lambda: gradcheck.check_value_and_gradient(both, X),
        "both",
        f"value and gradient of both(x), at {SHAPE}",
        "gradient",
    ),
    "adjoint": (
        lambda: gradcheck.check_adjoint(forward, backward, X, np.ones(2)),
        "backward",
        f"adjoint of forward(x), at {SHAPE}",
        "adjoint's answer",
    ),
    "dict": (
        lambda: gradcheck.check_gradient(of_dict, of_dict_grad, {"W": X}),
        "of_dict_grad",
        "gradient of of_dict(params['W']), at params['W'] of shape (3,), float64",
        "gradient",
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_title_and_question_are_the_users(name: str) -> None:
    check, derivative, question, word = CHECKS[name]
    result = check()
    text = str(result)
    title, second, mistake = " ".join(text.splitlines()[0].split()), text.splitlines()[1].strip(), result.headline
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    line = 1 + next(k for k, own in enumerate(source) if own.startswith(f"def {derivative}("))
    assert title.startswith(f"FAIL {derivative} (")
    assert title.endswith(f"{HERE}:{line})")
    assert second == question
    told = (f"the {word} ", "consistent with the path")
    assert mistake.startswith(tuple(f"{derivative}: {words}" for words in told))
    assert any(f"mistake   {words}" in text for words in told)


def test_operators_without_names_go_by_the_parameters_of_the_check() -> None:
    for one, other in ((A, 2 * A.T), (aslinearoperator(A), aslinearoperator(2 * A.T))):
        title, second, *_ = str(gradcheck.check_adjoint(one, other, X, np.ones(2))).splitlines()
        assert title.startswith("FAIL  ")
        assert ".py" not in title  # no place of scipy's, and none of gradcheck's
        assert second.endswith(f"(x), at {SHAPE}")


def test_an_f_that_raises_has_the_title_of_the_check() -> None:
    result = gradcheck.check_jacobian(lambda x: x / [], jac, X)
    assert str(result).splitlines()[0].startswith("ERROR  jac  (")
    assert str(result).splitlines()[1] == f"  jacobian of <lambda>(x), at {SHAPE}"


@pytest.mark.parametrize("name", CHECKS)
def test_as_json_it_fits_the_schema(name: str, checkout: Path) -> None:
    schema = json.loads((checkout / "gradcheck" / "report" / "run.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(CHECKS[name][0]().to_json()))
