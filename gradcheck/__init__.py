"""gradcheck: is this gradient right, and if not, which entry, from which node on, and why?

The facade: everything public, imported when first used, so that `import gradcheck` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.checks.adjoint import check_adjoint
    from gradcheck.checks.assertions import (
        assert_adjoint,
        assert_gradient,
        assert_hessian,
        assert_hvp,
        assert_jacobian,
        assert_jvp,
        assert_value_and_gradient,
        assert_vjp,
    )
    from gradcheck.checks.functions import check_gradient, check_jvp, check_vjp
    from gradcheck.checks.hessian import check_hessian, check_hvp
    from gradcheck.checks.in_place import in_place
    from gradcheck.checks.jacobian import check_jacobian
    from gradcheck.checks.value_and_gradient import check_value_and_gradient
    from gradcheck.checks.wrappers import wrt_attributes
    from gradcheck.errors import (
        GradcheckError,
        HarnessFault,
        InvalidProblem,
        SubjectError,
        Unsupported,
        UsageError,
    )
    from gradcheck.holding import held
    from gradcheck.problem import OPS, Case, Graph, GraphBuilder
    from gradcheck.run.suite import case
    from gradcheck.verdict.result import GradientError, Result, Verdict

_PUBLIC = {
    "gradcheck.checks.adjoint": "check_adjoint",
    "gradcheck.checks.assertions": (
        "assert_adjoint assert_gradient assert_hessian assert_hvp "
        "assert_jacobian assert_jvp assert_value_and_gradient assert_vjp"
    ),
    "gradcheck.checks.functions": "check_gradient check_jvp check_vjp",
    "gradcheck.checks.hessian": "check_hessian check_hvp",
    "gradcheck.checks.in_place": "in_place",
    "gradcheck.checks.jacobian": "check_jacobian",
    "gradcheck.checks.value_and_gradient": "check_value_and_gradient",
    "gradcheck.checks.wrappers": "wrt_attributes",
    "gradcheck.errors": "GradcheckError HarnessFault InvalidProblem SubjectError Unsupported UsageError",
    "gradcheck.holding": "held",
    "gradcheck.problem": "Case Graph GraphBuilder OPS",
    "gradcheck.run.suite": "case",
    "gradcheck.verdict.result": "GradientError Result Verdict",
}
"""Public names by the module that defines them."""

_HOMES = {name: module for module, names in _PUBLIC.items() for name in names.split()}

__all__ = [
    "OPS",
    "Case",
    "GradcheckError",
    "GradientError",
    "Graph",
    "GraphBuilder",
    "HarnessFault",
    "InvalidProblem",
    "Result",
    "SubjectError",
    "Unsupported",
    "UsageError",
    "Verdict",
    "assert_adjoint",
    "assert_gradient",
    "assert_hessian",
    "assert_hvp",
    "assert_jacobian",
    "assert_jvp",
    "assert_value_and_gradient",
    "assert_vjp",
    "case",
    "check_adjoint",
    "check_gradient",
    "check_hessian",
    "check_hvp",
    "check_jacobian",
    "check_jvp",
    "check_value_and_gradient",
    "check_vjp",
    "held",
    "in_place",
    "wrt_attributes",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
