"""How tight are the proofs? `python tests/benchmarks/radii.py` prints the largest proven radius of a gradient.

Relative to the gradient's largest entry, for matrix functions of sizes 2 to 12 and condition numbers up to 1e8.
"""

from typing import Any

import numpy as np
import scipy.linalg

from gradcheck.errors import Unsupported
from gradcheck.tracing import explore

FUNCTIONS: dict[str, Any] = {
    "eigh": lambda a: np.linalg.eigh(a)[1][0, 0] * np.linalg.eigh(a)[0][-1],
    "svd": lambda a: np.linalg.svd(a)[0][0, 0] * np.linalg.svd(a)[1][0],
    "cholesky": lambda a: np.sum(np.linalg.cholesky(a)),
    "solve": lambda a: np.sum(np.linalg.solve(a, np.ones(len(a)))),
    "expm": lambda a: np.sum(scipy.linalg.expm(a)),
}


def matrix(n: int, condition: float) -> Any:
    """A symmetric positive definite matrix of that condition number, its eigenvalues spread evenly in logarithms."""
    random = np.random.default_rng(n)
    q = np.linalg.qr(random.standard_normal((n, n)))[0]
    return (q * np.logspace(0, -np.log10(condition), n)) @ q.T


def largest(f: Any, a: Any) -> str:
    try:
        (part,) = explore(f, (a,)).vjp().parts
    except Unsupported as reason:
        return str(reason)[:40]
    return f"{float(np.max(part.radius) / np.max(np.abs(part.midpoint))):.1e}"


def main() -> None:
    print(f"{'':10}{'size':>6}" + "".join(f"{f'cond {c:.0e}':>12}" for c in (1e1, 1e4, 1e8)))
    for name, f in FUNCTIONS.items():
        for n in (2, 4, 8, 12):
            row = "".join(f"{largest(f, matrix(n, c)):>12}" for c in (1e1, 1e4, 1e8))
            print(f"{name:10}{n:>6}{row}", flush=True)


if __name__ == "__main__":
    main()
