"""Functions of PyTorch's and JAX's arrays: they reach f and the derivative as such, whichever check it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

NUMBERS = [0.3, -1.2, 0.7]


def tensor(values: Any = NUMBERS, **options: Any) -> Any:
    return torch.tensor(values, dtype=options.pop("dtype", torch.float64), **options)


def array(values: Any = NUMBERS) -> Any:
    return jnp.asarray(values, dtype=jnp.float32)  # what JAX has unless told otherwise


def both_ways(check: Callable[..., Any], f: Any, right: Any, wrong: Any, *inputs: Any, **options: Any) -> Any:
    """The right derivative PASSes and the wrong one FAILs; the result of the wrong one."""
    passed = check(f, right, *inputs, **options)
    assert passed.verdict is Verdict.PASS, passed.to_text()
    failed = check(f, wrong, *inputs, **options)
    assert failed.verdict is Verdict.FAIL, failed.to_text()
    return failed


class TestTensors:
    @pytest.mark.parametrize("needs_gradient", [False, True])
    def test_a_gradient(self, needs_gradient: bool) -> None:
        x = tensor(requires_grad=needs_gradient)
        both_ways(gradcheck.check_gradient, lambda x: torch.exp(x).sum(), torch.exp, lambda x: 1.5 * torch.exp(x), x)

    def test_a_gradient_by_autograd(self) -> None:
        f = lambda x: (torch.sin(x) * x).sum()  # noqa: E731

        def gradient(x: Any) -> Any:
            x = x.detach().requires_grad_()
            return torch.autograd.grad(f(x), x)[0]

        assert gradcheck.check_gradient(f, gradient, tensor()).verdict is Verdict.PASS

    def test_the_backward_of_a_function_class(self) -> None:
        class Cube(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return x**3

            @staticmethod
            def backward(ctx: Any, upstream: Any) -> Any:
                (x,) = ctx.saved_tensors
                return 3 * x**2 * upstream

        def vjp(upstream: Any, x: Any) -> Any:
            x = x.detach().requires_grad_()
            return torch.autograd.grad(Cube.apply(x), x, upstream)[0]

        both_ways(gradcheck.check_vjp, Cube.apply, vjp, lambda u, x: 3 * x * u, tensor())

    def test_two_outputs_and_two_inputs(self) -> None:
        f = lambda x, y: (torch.sin(x) * y, torch.cos(y))  # noqa: E731
        right = lambda u, x, y: (  # noqa: E731
            u[0] * torch.cos(x) * y,
            u[0] * torch.sin(x) - u[1] * torch.sin(y),
        )
        wrong = lambda u, x, y: (u[0] * torch.cos(x) * y, u[0] * torch.sin(x))  # noqa: E731
        failed = both_ways(gradcheck.check_vjp, f, right, wrong, tensor(), tensor([2.0, 0.1, 0.4]))
        assert failed.worst.block == "y"

    def test_a_jvp_and_a_jacobian_and_a_hessian(self) -> None:
        slope = lambda x: torch.sigmoid(x) * (1 - torch.sigmoid(x))  # noqa: E731
        both_ways(
            gradcheck.check_jvp, torch.sigmoid, lambda p, t: t[0] * slope(p[0]), lambda p, t: t[0] * p[0], tensor()
        )
        both_ways(
            gradcheck.check_jacobian, torch.sigmoid, lambda x: torch.diag(slope(x)), lambda x: torch.diag(x), tensor()
        )
        cubes = lambda x: (x**3).sum()  # noqa: E731
        both_ways(gradcheck.check_hessian, cubes, lambda x: torch.diag(6 * x), lambda x: torch.diag(3 * x), tensor())
        both_ways(gradcheck.check_hvp, cubes, lambda x, v: 6 * x * v, lambda x, v: 3 * x * v, tensor())

    def test_float32_weights_beside_the_input(self) -> None:
        weights = torch.tensor([[0.5, -0.3, 0.2], [0.1, 0.4, -0.6]])  # float32: f refuses float64 inputs
        f = lambda x: torch.tanh(weights @ x).sum()  # noqa: E731
        right = lambda x: weights.T @ (1 - torch.tanh(weights @ x) ** 2)  # noqa: E731
        both_ways(gradcheck.check_gradient, f, right, lambda x: 1.01 * right(x), tensor(dtype=torch.float32))

    def test_parameters_in_a_dict(self) -> None:
        p = {"w": tensor(), "b": tensor(0.5)}
        f = lambda p: torch.sin(p["w"]).sum() * p["b"]  # noqa: E731
        right = lambda p: {"w": torch.cos(p["w"]) * p["b"], "b": torch.sin(p["w"]).sum()}  # noqa: E731
        failed = both_ways(gradcheck.check_gradient, f, right, lambda p: {**right(p), "w": torch.cos(p["w"])}, p)
        assert failed.worst.block == "p['w']"

    def test_a_parameter_of_a_module_which_keeps_its_own(self) -> None:
        layer = torch.nn.Linear(3, 2).double()
        before = layer.weight
        x = tensor()
        loss = lambda m: (m(x) ** 2).sum()  # noqa: E731
        right = lambda m: {"weight": 2 * torch.outer(m(x), x)}  # noqa: E731
        wrong = lambda m: {"weight": torch.outer(m(x), x)}  # noqa: E731
        both_ways(gradcheck.check_gradient, loss, right, wrong, gradcheck.wrt_attributes(layer, "weight"))
        assert layer.weight is before

    def test_complex_tensors_have_torchs_convention(self) -> None:
        z = torch.tensor([0.3 + 1j, -0.5 + 0.2j])
        z = z.to(torch.complex128)
        both_ways(gradcheck.check_gradient, lambda z: (z.abs() ** 2).sum(), lambda z: 2 * z, torch.conj, z)

    def test_an_index_stays_a_tensor_of_whole_numbers(self) -> None:
        f = lambda x, i: torch.exp(x)[i].sum()  # noqa: E731
        wrong = lambda x, i: torch.zeros_like(x).index_put_((i,), torch.exp(x)[i])  # noqa: E731
        right = lambda x, i: torch.zeros_like(x).index_put_((i,), torch.exp(x)[i], accumulate=True)  # noqa: E731
        both_ways(gradcheck.check_gradient, f, right, wrong, tensor(), torch.tensor([0, 2, 2]))

    def test_a_function_of_numpy_keeps_its_arrays(self) -> None:
        f, x = lambda x: np.sum(np.exp(np.asarray(x))), tensor(requires_grad=True)  # refuses such a tensor
        assert gradcheck.check_gradient(f, np.exp, x).verdict is Verdict.PASS

    def test_a_function_of_numpy_that_answers_in_tensors(self) -> None:
        f = lambda x: (torch.tensor(x, requires_grad=True) ** 2).sum()  # noqa: E731
        both_ways(gradcheck.check_gradient, f, lambda x: 2 * x, lambda x: x, np.array(NUMBERS))

    def test_a_changed_input_is_seen(self) -> None:
        result = gradcheck.check_gradient(lambda x: torch.exp(x).sum(), lambda x: x.exp_(), tensor())
        assert "GC006" in [f.code for f in result.findings] or "changed" in result.to_text()
        assert result.verdict is Verdict.FAIL

    def test_a_function_that_writes_into_its_argument_does_not_reach_the_users_tensor(self) -> None:
        x = tensor()
        gradcheck.check_gradient(lambda x: x.exp_().sum(), torch.exp, x)
        assert x.tolist() == NUMBERS

    def test_numbers_that_numpy_does_not_have(self) -> None:
        x = torch.ones(2, dtype=torch.bfloat16)
        with pytest.raises(gradcheck.InvalidProblem, match=r"torch array of torch\.bfloat16"):
            gradcheck.check_gradient(lambda x: x.sum(), torch.ones_like, x)


class TestJax:
    def test_a_gradient_that_jax_made(self) -> None:
        f = lambda x: jnp.sum(jnp.sin(x))  # noqa: E731
        both_ways(gradcheck.check_gradient, f, jax.grad(f), jnp.sin, array())

    def test_methods_that_jax_alone_has(self) -> None:
        f = lambda x: jnp.sum(x.at[0].set(2.0) ** 2)  # noqa: E731
        both_ways(gradcheck.check_gradient, f, lambda x: (2 * x).at[0].set(0.0), lambda x: 2 * x, array())

    def test_value_and_gradient(self) -> None:
        both = jax.value_and_grad(lambda x: jnp.sum(x**2))
        assert gradcheck.check_value_and_gradient(both, array()).verdict is Verdict.PASS

    def test_a_jacobian(self) -> None:
        both_ways(gradcheck.check_jacobian, jnp.sin, jax.jacobian(jnp.sin), jax.jacobian(jnp.cos), array())

    def test_a_hessian_by_a_dict(self) -> None:
        def f(p: Any) -> Any:
            return jnp.sum(jnp.tanh(p["w"]) * p["b"][0] ** 2)

        hessian = jax.jit(jax.hessian(f))

        def wrong(p: Any) -> Any:
            h = hessian(p)
            return {**h, "b": [{**h["b"][0], "w": 1.1 * h["b"][0]["w"]}]}

        at = {"w": array(NUMBERS[:2]), "b": [array(0.5)]}
        failed = both_ways(gradcheck.check_hessian, jax.jit(jax.grad(f)), hessian, wrong, at, of="gradient")
        assert failed.right_blocks == ("p['b'][0]",)

    def test_complex_arrays_have_jaxs_convention(self) -> None:
        z = jnp.asarray([0.3 + 1j, -0.5 + 0.2j])
        f = lambda z: jnp.sum(jnp.abs(z) ** 2)  # noqa: E731
        both_ways(gradcheck.check_gradient, f, jax.grad(f), lambda z: 2 * z, z)

    def test_float64_inputs_of_a_function_in_float32_are_told_what_to_do(self) -> None:
        single = lambda x: jnp.asarray(x, dtype=jnp.float32)  # noqa: E731 # whatever jax_enable_x64 says
        f, slope = lambda x: jnp.sum(jnp.sin(single(x))), lambda x: jnp.cos(single(x))
        result = gradcheck.check_gradient(f, slope, np.array(NUMBERS))
        assert result.verdict is Verdict.ERROR
        assert (
            "f itself answers in float32 here, so give the check inputs of dtype float32" in result.findings[0].sentence
        )
