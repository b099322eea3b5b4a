"""Other checkers of gradients, each put to an item with its defaults and in the manner of its own documentation.

An item's f and derivative are opaque NumPy code to them. PyTorch asks for double precision and gets the item as a
`torch.autograd.Function`; JAX has tolerances per dtype and gets it in its own, as a `custom_vjp` (or `custom_jvp`) of
`pure_callback`s, with 64 bits enabled; HIPS autograd gets it as a `primitive` with a `defvjp` and, since its tolerance
is fixed, in double precision; so does SciPy, with the inputs as one vector and an output of many numbers weighted by a
random cotangent. Beyond the defaults goes only what an opaque derivative demands: reverse mode (forward mode for items
of that kind) and first order.

A checker returns or raises what it has to say; each function here returns whether the item passed, or raises what the
checker raised. `NotPutError` is raised where the item cannot be put to it.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .opaque import Opaque

if TYPE_CHECKING:
    from .item import Item

THRESHOLD = 1e-5
"""SciPy's norm above which an item counts as flagged. SciPy gives no verdict; of the powers of ten, this one has the
fewest misses and false alarms together on this corpus."""


class NotPutError(Exception):
    """The item needs what the checker has no word for, or is not at fault by the checker's own conventions."""


def _one_array_each(item: "Item") -> None:
    if len({id(x) for x in item.inputs}) < len(item.inputs):
        raise NotPutError("an array that is given twice becomes two")


def _in_c_order(item: "Item") -> None:
    if not all(x.flags.c_contiguous for x in item.inputs):
        raise NotPutError("inputs lose their order in memory")


def _torch(fast: bool, item: "Item") -> bool:
    import torch

    _one_array_each(item)
    opaque = Opaque(item)

    def numbers(tensors: Sequence[Any]) -> list[Any]:
        return [t.detach().numpy() for t in tensors]

    def tensors(arrays: Sequence[Any]) -> Any:
        made = tuple(torch.from_numpy(np.ascontiguousarray(a).reshape(a.shape)) for a in arrays)
        return made if len(made) > 1 else made[0]

    class Put(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *arguments: Any) -> Any:
            ctx.save_for_backward(*arguments)
            ctx.save_for_forward(*arguments)
            return tensors(opaque.f(*numbers(arguments)))

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            answers = opaque.pullback(numbers(cotangents), numbers(ctx.saved_tensors))
            for answer, x in zip(answers, opaque.arguments, strict=True):
                if answer.shape != x.shape and _expandable(x.shape, answer.shape):
                    raise NotPutError("torch itself sums a gradient of the broadcast shape to that of its input")
            return tensors(answers)

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            return tensors(opaque.pushforward(numbers(ctx.saved_tensors), numbers(tangents))[1])

    def tensor(x: Any) -> Any:
        """In memory of its own, since inputs are moved in place; NumPy's strides of empty arrays are not PyTorch's."""
        made = torch.from_numpy(x.copy(order="K")) if x.size else torch.empty(x.shape, dtype=torch.double)
        return made.requires_grad_()

    torch.manual_seed(0)
    mode = {"check_forward_ad": True, "check_backward_ad": False} if item.kind == "jvp" else {}
    return bool(torch.autograd.gradcheck(Put.apply, tuple(map(tensor, opaque.arguments)), fast_mode=fast, **mode))


def _expandable(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def _jax(item: "Item") -> bool:
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    logging.getLogger("jax").setLevel(logging.CRITICAL)  # it prints what a callback raises; here that is an answer
    _one_array_each(item)
    _in_c_order(item)
    opaque = Opaque(item, double=False)
    count = len(opaque.arguments)

    def like(arrays: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in arrays)

    def numbers(arrays: Sequence[Any]) -> list[Any]:
        return [np.asarray(a) for a in arrays]

    # Defined once, so that JAX compiles each once.
    def run(*arguments: Any) -> Any:
        return opaque.f(*numbers(arguments))

    def pull(*both: Any) -> Any:
        return opaque.pullback(numbers(both[count:]), numbers(both[:count]))

    def push(*both: Any) -> Any:
        return opaque.pushforward(numbers(both[:count]), numbers(both[count:]))

    inputs, outputs = like(opaque.arguments), like(opaque.outputs)

    def value(*arguments: Any) -> Any:
        return jax.pure_callback(run, outputs, *arguments)

    try:
        if item.kind == "jvp":
            put = jax.custom_jvp(value)
            put.defjvp(lambda primals, tangents: jax.pure_callback(push, (outputs, outputs), *primals, *tangents))
            check_grads(put, opaque.arguments, order=1, modes=["fwd"])
        else:
            put = jax.custom_vjp(value)
            put.defvjp(
                lambda *arguments: (value(*arguments), arguments),
                lambda arguments, cotangents: jax.pure_callback(pull, inputs, *arguments, *cotangents),
            )
            check_grads(put, opaque.arguments, order=1, modes=["rev"])
    finally:
        jax.clear_caches()
    return True


def _autograd(item: "Item") -> bool:
    import autograd.numpy  # noqa: F401 (makes arrays known to autograd)
    from autograd.core import defvjp_argnums
    from autograd.extend import defjvp_argnums, primitive
    from autograd.test_util import check_grads

    opaque = Opaque(item)
    single = len(opaque.outputs) == 1

    @primitive  # type: ignore[untyped-decorator] # autograd has no types
    def put(*arguments: Any) -> Any:
        outputs = opaque.f(*arguments)
        return outputs[0] if single else outputs

    def pull(numbers: Sequence[int], _: Any, arguments: Any, __: Any) -> Any:
        def at(cotangent: Any) -> Any:
            answers = opaque.pullback((cotangent,) if single else cotangent, arguments)
            return tuple(answers[k] for k in numbers)

        return at

    def push(numbers: Sequence[int], tangents: Any, _: Any, arguments: Any, __: Any) -> Any:
        given = dict(zip(numbers, tangents, strict=True))
        full = [given.get(k, np.zeros_like(x)) for k, x in enumerate(arguments)]
        answers = opaque.pushforward(arguments, full)[1]
        return answers[0] if single else answers

    np.random.seed(0)  # noqa: NPY002 (autograd draws from it)
    if item.kind == "jvp":
        defjvp_argnums(put, push)
        mode = "fwd"
    else:
        defvjp_argnums(put, pull)
        mode = "rev"
    check_grads(put, tuple(range(len(opaque.arguments))), modes=[mode], order=1)(*opaque.arguments)
    return True


def _scipy(item: "Item") -> bool:
    from scipy.optimize import check_grad

    if item.kind == "jvp":
        raise NotPutError("gradients only")
    _one_array_each(item)
    _in_c_order(item)
    opaque = Opaque(item)
    random = np.random.default_rng(0)
    single = item.kind == "gradient"
    weights = [np.ones(o.shape) if single else random.standard_normal(o.shape) for o in opaque.outputs]
    sizes = np.cumsum([0, *(x.size for x in opaque.arguments)])

    def split(x: Any) -> list[Any]:
        pieces = zip(sizes, sizes[1:], opaque.arguments, strict=False)
        return [x[a:b].reshape(like.shape) for a, b, like in pieces]

    def loss(x: Any) -> float:
        return float(sum(np.sum(w * o) for w, o in zip(weights, opaque.f(*split(x)), strict=True)))

    def gradient(x: Any) -> Any:
        answers = opaque.pullback(weights, split(x))
        if any(g.shape != x.shape and g.size == x.size for g, x in zip(answers, opaque.arguments, strict=True)):
            raise NotPutError("to SciPy the inputs are one vector, so that a shape is no fault")
        return np.concatenate([np.ravel(g) for g in answers])

    return bool(check_grad(loss, gradient, np.concatenate([np.ravel(x) for x in opaque.arguments])) <= THRESHOLD)


class Checker(NamedTuple):
    """A package and how an item is put to its checker."""

    package: str
    check: Callable[["Item"], bool]


PEERS = {
    "torch gradcheck, slow": Checker("torch", partial(_torch, False)),
    "torch gradcheck, fast": Checker("torch", partial(_torch, True)),
    "jax check_grads": Checker("jax", _jax),
    "autograd check_grads": Checker("autograd", _autograd),
    "scipy check_grad": Checker("scipy", _scipy),
}


def put(peer: str, item: "Item") -> bool:
    """Whether the item passes this checker; raises what the checker, f or the derivative raises, or `NotPutError`."""
    if lacking := sorted(set(item.options) - {"wrt"}):
        raise NotPutError(f"no way to declare {', '.join(lacking)}")
    if item.kind not in ("gradient", "vjp", "jvp"):
        raise NotPutError(f"no way to ask for: {item.kind.replace('_', ' ')}")
    if not all(isinstance(x, np.ndarray) and x.dtype.kind in "fiub" for x in item.inputs):
        raise NotPutError("inputs that are no arrays of real numbers")
    return PEERS[peer].check(item)
