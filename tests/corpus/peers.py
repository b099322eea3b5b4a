"""The corpus put to other checkers: `python tests/corpus/peers.py [--half HALF] [--only CHECKER] [--details]`

Every peer runs with its own defaults, on double inputs, as each of them asks for (an item about float32 may lose its
fault or its excuse by that); f and the derivative under test are opaque NumPy functions to it. Beyond its defaults goes
only what an opaque derivative demands: reverse mode (forward mode for items of that kind), first order. A peer flags an
item if its check fails or raises. scipy's check_grad returns an absolute norm and no verdict: above 1e-6 counts as
flagged, and an output of many numbers is weighted by a random cotangent. "not put": the item needs what the peer has no
word for (an input on a manifold, a function that is meant), or it took longer than the limit. Peers that are not
installed are listed as such.
"""

import argparse
import logging
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from load import load_items, module
from score import judge

calls = module("calls")

LIMIT = 120
"""Seconds for one item."""
THRESHOLD = 1e-6
"""scipy's norm above which an item counts as flagged."""


class Opaque:
    """An item as NumPy functions of its differentiated inputs in double precision; everything comes in tuples."""

    def __init__(self, item: Any) -> None:
        self.item = item
        self.wrt = calls.chosen(item)
        self._all = [np.array(x, dtype=float) if x.dtype.kind == "f" else x.copy() for x in item.inputs]
        self.arguments = tuple(self._all[k] for k in self.wrt)
        self._many = False
        self.outputs = self.f(*[x.copy() for x in self.arguments])

    def _full(self, arguments: Sequence[Any], rest: Callable[[Any], Any] = lambda x: x) -> list[Any]:
        given = dict(zip(self.wrt, arguments, strict=True))
        return [given.get(k, rest(x)) for k, x in enumerate(self._all)]

    def f(self, *arguments: Any) -> tuple[Any, ...]:
        """f's outputs."""
        returned = self.item.f(*self._full(arguments))
        self._many = isinstance(returned, tuple)
        return tuple(np.asarray(o, dtype=float) for o in (returned if self._many else (returned,)))

    def pullback(self, cotangents: Sequence[Any], arguments: Sequence[Any]) -> tuple[Any, ...]:
        """J^T c as the item computes it; None counts as zeros, shapes are not looked at."""
        seed = tuple(cotangents) if self._many else cotangents[0]
        answers = calls.pullback(self.item, seed, self._full(arguments))
        chosen = [answers[k] for k in self.wrt]
        scale = np.ravel(cotangents[0])[0] if self.item.kind == "gradient" else 1.0
        return tuple(
            np.zeros(x.shape) if g is None else np.asarray(g * scale if scale != 1.0 else g, dtype=float)
            for g, x in zip(chosen, self.arguments, strict=True)
        )

    def pushforward(self, arguments: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
        """J t as the item computes it."""
        directions = self._full(tangents, np.zeros_like)
        _, answer = calls.pushforward(self.item, self._full(arguments), directions)
        return tuple(np.asarray(o, dtype=float) for o in (answer if self._many else (answer,)))


# -- one function per peer: it raises or returns False if it flags the item -------------------------------------------


def torch_check(fast: bool, opaque: Opaque) -> bool:
    import torch

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
            return tensors(opaque.pullback(numbers(cotangents), numbers(ctx.saved_tensors)))

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            return tensors(opaque.pushforward(numbers(ctx.saved_tensors), numbers(tangents)))

    torch.manual_seed(0)
    inputs = tuple(torch.tensor(x, dtype=torch.double, requires_grad=True) for x in opaque.arguments)
    forward = opaque.item.kind == "jvp"
    mode = {"check_forward_ad": True, "check_backward_ad": False} if forward else {}
    return bool(torch.autograd.gradcheck(Put.apply, inputs, fast_mode=fast, **mode))


def jax_check(opaque: Opaque) -> bool:
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    logging.getLogger("jax").setLevel(logging.CRITICAL)  # it prints what a callback raises; here that is an answer

    def like(arrays: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(jax.ShapeDtypeStruct(a.shape, np.float64) for a in arrays)

    def numbers(arrays: Sequence[Any]) -> list[Any]:
        return [np.asarray(a) for a in arrays]

    shapes, count = (like(opaque.outputs), like(opaque.arguments)), len(opaque.arguments)

    def value(*arguments: Any) -> Any:
        return jax.pure_callback(lambda *xs: opaque.f(*numbers(xs)), shapes[0], *arguments)

    if opaque.item.kind == "jvp":
        put = jax.custom_jvp(value)

        def rule(primals: Any, tangents: Any) -> Any:
            def push(*both: Any) -> Any:
                return opaque.pushforward(numbers(both[:count]), numbers(both[count:]))

            return put(*primals), jax.pure_callback(push, shapes[0], *primals, *tangents)

        put.defjvp(rule)
        check_grads(put, opaque.arguments, order=1, modes=["fwd"])
        return True
    put = jax.custom_vjp(value)

    def back(arguments: Any, cotangents: Any) -> Any:
        def pull(*both: Any) -> Any:
            return opaque.pullback(numbers(both[count:]), numbers(both[:count]))

        return jax.pure_callback(pull, shapes[1], *arguments, *cotangents)

    put.defvjp(lambda *arguments: (put(*arguments), arguments), back)
    check_grads(put, opaque.arguments, order=1, modes=["rev"])
    return True


def autograd_check(opaque: Opaque) -> bool:
    from autograd.core import defvjp_argnums
    from autograd.extend import defjvp_argnums, primitive
    from autograd.test_util import check_grads

    single = len(opaque.outputs) == 1

    @primitive  # type: ignore[untyped-decorator]
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
        answers = opaque.pushforward(arguments, full)
        return answers[0] if single else answers

    np.random.seed(0)  # noqa: NPY002 (autograd draws from it)
    if opaque.item.kind == "jvp":
        defjvp_argnums(put, push)
        mode = "fwd"
    else:
        defvjp_argnums(put, pull)
        mode = "rev"
    check_grads(put, tuple(range(len(opaque.arguments))), modes=[mode], order=1)(*opaque.arguments)
    return True


def scipy_check(opaque: Opaque) -> bool:
    from scipy.optimize import check_grad

    random = np.random.default_rng(0)
    single = opaque.item.kind == "gradient"
    weights = [np.ones(o.shape) if single else random.standard_normal(o.shape) for o in opaque.outputs]
    sizes = np.cumsum([0, *(x.size for x in opaque.arguments)])

    def split(x: Any) -> list[Any]:
        pieces = zip(sizes, sizes[1:], opaque.arguments, strict=False)
        return [x[a:b].reshape(like.shape) for a, b, like in pieces]

    def loss(x: Any) -> float:
        return float(sum(np.sum(w * o) for w, o in zip(weights, opaque.f(*split(x)), strict=True)))

    def gradient(x: Any) -> Any:
        return np.concatenate([np.ravel(g) for g in opaque.pullback(weights, split(x))])

    return bool(check_grad(loss, gradient, np.concatenate([np.ravel(x) for x in opaque.arguments])) <= THRESHOLD)


PEERS: dict[str, tuple[str, Callable[[Opaque], bool]]] = {
    "torch gradcheck, slow": ("torch", partial(torch_check, False)),
    "torch gradcheck, fast": ("torch", partial(torch_check, True)),
    "jax check_grads": ("jax", jax_check),
    "autograd check_grads": ("autograd", autograd_check),
    "scipy check_grad": ("scipy", scipy_check),
}
OURS = "gradcheck"


@dataclass(frozen=True)
class Row:
    """What one checker did with one item: "flagged", "passed", "undecided" or "not put"."""

    name: str
    label: str
    outcome: str
    said: str
    seconds: float


def put_all(peer: str, half: str) -> list[Row]:
    """All items to one checker, in a process of its own; items keep state, so it loads them itself."""
    wanted = [i for i in load_items() if half == "both" or i.held_out == (half == "held-out")]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [put(peer, item) for item in wanted]


def put(peer: str, item: Any) -> Row:
    """One item to one checker."""
    started = time.perf_counter()
    if peer == OURS:
        outcomes = {"PASS": "passed", "UNDECIDED": "undecided"}
        score = judge(item)
        return Row(item.name, item.label, outcomes.get(score.verdict, "flagged"), score.said, score.seconds)
    outcome, said = _outcome(PEERS[peer][1], peer, item)
    return Row(item.name, item.label, outcome, said, time.perf_counter() - started)


def _outcome(check: Callable[[Opaque], bool], peer: str, item: Any) -> tuple[str, str]:
    if lacking := set(item.options) - {"wrt"}:
        return "not put", f"no way to declare {', '.join(lacking)}"
    if peer.startswith("scipy") and item.kind == "jvp":
        return "not put", "gradients only"
    try:
        opaque = Opaque(item)
    except Exception as wrong:  # f itself, in double precision
        return "not put", f"f raised {type(wrong).__name__}: {wrong}"
    try:
        with _limited():
            return ("passed" if check(opaque) else "flagged"), ""
    except _TooLongError:
        return "not put", f"took more than {LIMIT} s"
    except Exception as failure:  # how every peer says that it found something, or that the derivative raised
        return "flagged", f"{type(failure).__name__}: {str(failure)[:160]}"


class _TooLongError(BaseException):
    """The time limit of one item."""


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("open", "held-out", "both"), default="open")
    parser.add_argument("--only", action="append", choices=[OURS, *PEERS], help="this checker only")
    parser.add_argument("--details", action="store_true", help="name what was missed, flagged and not put")
    options = parser.parse_args()
    print(f"{'checker':24}{'put':>5}{'missed':>18}{'false alarms':>18}{'undecided':>11}{'not put':>9}{'seconds':>9}")
    told: dict[str, list[Row]] = {}
    for peer in options.only or [OURS, *PEERS]:
        if peer != OURS and find_spec(PEERS[peer][0]) is None:
            print(f"{peer:24}  not installed")
            continue
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            told[peer] = alone.submit(put_all, peer, options.half).result()
        print(_line(peer, told[peer]), flush=True)
    if options.details:
        for peer, rows in told.items():
            for kind, chosen in _kinds(rows).items():
                print(f"\n{peer}: {kind}")
                for row in chosen:
                    print(f"    {row.name}: {' '.join(row.said.split())[:150]}")
    return 0


def _kinds(rows: Sequence[Row]) -> dict[str, list[Row]]:
    return {
        "missed": [r for r in rows if r.label == "wrong" and r.outcome == "passed"],
        "false alarms": [r for r in rows if r.label == "right" and r.outcome == "flagged"],
        "not put": [r for r in rows if r.outcome == "not put"],
    }


def _line(peer: str, rows: Sequence[Row]) -> str:
    count = Counter(r.label for r in rows if r.outcome != "not put")
    kinds = _kinds(rows)
    cells = []
    for kind, label in (("missed", "wrong"), ("false alarms", "right")):
        of = max(count[label], 1)
        cells.append(f"{len(kinds[kind])} of {count[label]} ({100 * len(kinds[kind]) / of:.0f} %)")
    undecided = sum(r.outcome == "undecided" for r in rows)
    seconds = sum(r.seconds for r in rows)
    return (
        f"{peer:24}{count.total():5}{cells[0]:>18}{cells[1]:>18}{undecided:11}{len(kinds['not put']):9}{seconds:9.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
