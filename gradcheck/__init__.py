"""gradcheck: is this gradient right, and if not, which entry, from which node on, and why?

The facade: everything public, imported when first used, so that `import gradcheck` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.errors import (
        GradcheckError,
        HarnessFault,
        InvalidProblem,
        SubjectError,
        Unsupported,
        UsageError,
    )
    from gradcheck.judge.functions import (
        assert_gradient,
        assert_jvp,
        assert_vjp,
        check_gradient,
        check_jvp,
        check_vjp,
    )
    from gradcheck.problem import OPS, Case, Graph, GraphBuilder
    from gradcheck.run.suite import case
    from gradcheck.verdict.result import GradientError, Result, Verdict

_HOMES = {
    "check_vjp": "gradcheck.judge.functions",
    "check_jvp": "gradcheck.judge.functions",
    "check_gradient": "gradcheck.judge.functions",
    "assert_vjp": "gradcheck.judge.functions",
    "assert_jvp": "gradcheck.judge.functions",
    "assert_gradient": "gradcheck.judge.functions",
    "Case": "gradcheck.problem",
    "Graph": "gradcheck.problem",
    "GraphBuilder": "gradcheck.problem",
    "GradcheckError": "gradcheck.errors",
    "GradientError": "gradcheck.verdict.result",
    "HarnessFault": "gradcheck.errors",
    "InvalidProblem": "gradcheck.errors",
    "OPS": "gradcheck.problem",
    "Result": "gradcheck.verdict.result",
    "SubjectError": "gradcheck.errors",
    "Unsupported": "gradcheck.errors",
    "UsageError": "gradcheck.errors",
    "Verdict": "gradcheck.verdict.result",
    "case": "gradcheck.run.suite",
}

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
    "assert_gradient",
    "assert_jvp",
    "assert_vjp",
    "case",
    "check_gradient",
    "check_jvp",
    "check_vjp",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
