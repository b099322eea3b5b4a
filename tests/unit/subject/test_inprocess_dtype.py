"""What a subject is asked about has one dtype: constants of a graph come in that of the point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.problem import Case, GraphBuilder
from gradcheck.subject.inprocess import InProcessSubject


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_constants_have_the_dtype_of_the_point(dtype: str) -> None:
    build = GraphBuilder()
    case = Case("case", build.graph(build.mul(build.parameter("w"), 0.1)), {"w": 3.0}, dtype=dtype)
    seen: list[Any] = []

    def engine(graph: Any, point: Any) -> Any:
        value = next(node.value for node in graph.nodes if node.op == "constant")
        seen.extend([value.dtype, *(c.dtype for c in graph.constants.values()), (point["w"] * value).dtype])
        assert not value.flags.writeable
        return point["w"] * value, {"w": np.asarray(value)}

    answer = InProcessSubject(engine).ask(case.graph, case.point, dtype)
    assert set(seen) == {np.dtype(dtype)}
    assert answer.mutated == ()
    assert case.graph.constants[next(iter(case.graph.constants))].dtype == np.float64
