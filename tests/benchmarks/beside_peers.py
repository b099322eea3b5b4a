"""What a verdict costs beside other checkers: `python tests/benchmarks/beside_peers.py [PARAMETERS ...]`.

One right gradient of a two-layer network with ever more parameters, put to gradcheck and to each checker that is
installed (as `tests/corpus/checkers.py` puts it): seconds of processor time in this process, runs of f, and the seconds
as a share of gradcheck's. Goal: with 10,000 parameters, gradcheck, which proves every entry, takes no longer than
PyTorch's slow mode, which compares every entry, too. Exits 1 where that is missed.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import gradcheck

sys.path.insert(0, str(Path(__file__).parent.parent / "corpus"))
from load import module

checkers, items, truth = module("checkers"), module("item"), module("truth")
FEATURES, SAMPLES = 24, 8
GOAL, RIVAL = 10_000, "torch gradcheck, slow"


class Network:
    """Mean of (w . tanh(W x + b) - y)^2 over a few samples, and its gradient by hand; counts the runs of the loss."""

    def __init__(self, parameters: int) -> None:
        random = np.random.default_rng(0)
        self.hidden = max(1, parameters // (FEATURES + 2))
        self.data, self.targets = random.standard_normal((SAMPLES, FEATURES)), random.standard_normal(SAMPLES)
        self.point = (
            random.standard_normal((self.hidden, FEATURES)) / 5,
            random.standard_normal(self.hidden) / 5,
            random.standard_normal(self.hidden) / self.hidden,
        )
        self.runs = 0

    def loss(self, W: Any, b: Any, w: Any) -> Any:
        self.runs += 1
        return np.mean((np.tanh(self.data @ W.T + b) @ w - self.targets) ** 2)

    def gradient(self, W: Any, b: Any, w: Any) -> Any:
        hidden = np.tanh(self.data @ W.T + b)
        upstream = 2 * (hidden @ w - self.targets) / SAMPLES
        inner = np.outer(upstream, w) * (1 - hidden**2)
        return inner.T @ self.data, inner.sum(axis=0), hidden.T @ upstream


def ours(item: Any) -> bool:
    return bool(gradcheck.check_gradient(item.f, item.derivative, *item.inputs))


def cost(check: Callable[[Any], bool], parameters: int) -> tuple[bool, float, int]:
    """(passed, seconds of processor time, runs of f) of one check."""
    network = Network(parameters)
    intent = truth.LabelledByIntent("a right gradient")
    item = items.Item("network", "cost", "gradient", network.loss, network.gradient, network.point, "right", "", intent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.process_time()
        passed = check(item)
        return passed, time.process_time() - started, network.runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parameters", type=int, nargs="*", default=[26, 260, 2_600, GOAL])
    sizes = parser.parse_args().parameters
    installed = {name: peer.check for name, peer in checkers.PEERS.items() if find_spec(peer.package) is not None}
    rows = {"gradcheck": ours, **installed}
    for check in rows.values():
        cost(check, 4)  # imports and first compilations are nobody's cost here
    met = True
    print(f"{'parameters':>10}  {'checker':24}{'passed':>7}{'runs of f':>11}{'seconds':>9}{'of gradcheck':>14}")
    for parameters in sizes:
        seconds = {}
        for name, check in rows.items():
            passed, seconds[name], runs = cost(check, parameters)
            share = seconds[name] / seconds["gradcheck"]
            said = "yes" if passed else "no"
            met = met and (passed or name != "gradcheck")
            print(f"{parameters:10,}  {name:24}{said:>7}{runs:11,}{seconds[name]:9.2f}{share:14.2f}", flush=True)
        if parameters >= GOAL and RIVAL in seconds:
            met = met and seconds["gradcheck"] <= seconds[RIVAL]
    print(f"\ngoal (gradcheck passes it, no slower than {RIVAL} with {GOAL:,}): {'met' if met else 'MISSED'}")
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
