"""`Product`: f runs once for its outputs, and again only where a method says so."""

from typing import Any

import numpy as np
import pytest

from gradcheck.problem.function import Function, Product

X = np.array([1.0, 2.0])


class Counter:
    """f(x) = (x, number of this call), in one buffer that every call writes to."""

    def __init__(self) -> None:
        self.calls = 0
        self.buffer = np.zeros(2)

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        self.buffer[:] = x * self.calls
        return self.buffer, np.float64(self.calls)


def asked(f: Any, *, jvp: bool) -> Product:
    weights = {"cotangents": None, "tangents": (X,)} if jvp else {"cotangents": (X, np.ones(())), "tangents": None}
    return Product(Function(f, (0,), ("x",)), (X,), **weights, dtype=X.dtype)


def test_outputs_are_computed_once_and_kept_whatever_f_does_with_its_buffer() -> None:
    f = Counter()
    product = asked(f, jvp=True)
    assert f.calls == 0
    assert product.blocks == ("output 0", "output 1")
    f(X)
    (first, count), many = product.outputs
    assert (first.tolist(), float(count), many, f.calls) == ([1.0, 2.0], 1.0, True, 2)


def test_the_blocks_of_a_vjp_need_no_run() -> None:
    f = Counter()
    assert asked(f, jvp=False).blocks == ("x",)
    assert f.calls == 0


def test_running_f_runs_it_each_time() -> None:
    f = Counter()
    product = asked(f, jvp=False)
    kept = product.outputs[0][1]
    assert [float(product.run_f()[0][1]) for _ in range(2)] == [2.0, 3.0]
    assert float(kept) == float(product.outputs[0][1]) == 1.0


@pytest.mark.parametrize("jvp", [False, True])
def test_other_weights_are_asked_about_the_same_outputs(jvp: bool) -> None:
    f = Counter()
    product = asked(f, jvp=jvp)
    given = (product.tangents if jvp else product.cotangents) or ()
    other = product.weighed([2 * w for w in given])
    assert other.outputs is product.outputs
    assert f.calls == 1
    weights = (other.tangents if jvp else other.cotangents) or ()
    assert [w.tolist() for w in weights] == [(2 * w).tolist() for w in given]
    assert (other.tangents is None) is not jvp


def test_what_f_raises_is_not_kept() -> None:
    answers = iter([ValueError("not yet"), np.ones(2)])

    def f(x: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    product = asked(f, jvp=True)
    with pytest.raises(ValueError, match="not yet"):
        _ = product.outputs
    assert product.blocks == ("output",)


def test_infinities_of_both_signs_add_up_to_nan_in_silence() -> None:
    """f may be infinite at a point of our choosing; a warning there would be an error in a test."""
    product = Product(Function(lambda x: x, (0,), ("x",)), (X,), (np.ones(2),), None, dtype=X.dtype)
    assert np.isnan(product.scalar([np.array([np.inf, -np.inf])]))
